// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "fw/limit.h"
#include "fw/nft_attr.h"
#include "fw/nft_cmd_private.h"

/* Types of values, by the numbers that nft gives them. */
enum {
	T_NFPROTO = 2,
	T_NUMBER = 4,
	T_ADDR4 = 7,
	T_ADDR6 = 8,
	T_PROTO = 12,
	T_PORT = 13,
	T_ICMP = 14,
	T_FLAGS = 15,
	T_MARK = 19,
	T_IFINDEX = 20,
	T_UID = 24,
	T_GID = 25,
	T_STATE = 26,
	T_STATUS = 28,
	T_ICMP6 = 29,
	T_ADDRTYPE = 38,
	T_IFNAME = 41,
};

/* Where values come from. */
enum { META, META_LONG, CT, NETWORK, TRANSPORT, FIB };

/**
 * struct selector - what a match looks at
 * @words:	how nft calls it; META without "meta", META_LONG with it alone
 * @from:	where it comes from
 * @key:	which one, or offset in the header, or flags of FIB
 * @len:	bytes
 * @type:	of its values
 * @family:	it is in packets of this family alone, 0 = of both
 * @l4:		it is in packets of this transport protocol alone, 0 = of all
 */
struct selector {
	char words[15];
	uint8_t from, key, len, type, family, l4;
};

#define V4 NFPROTO_IPV4
#define V6 NFPROTO_IPV6

static const struct selector selectors[] = {
	{ "iifname", META, NFT_META_IIFNAME, 16, T_IFNAME, 0, 0 },
	{ "oifname", META, NFT_META_OIFNAME, 16, T_IFNAME, 0, 0 },
	{ "iif", META, NFT_META_IIF, 4, T_IFINDEX, 0, 0 },
	{ "oif", META, NFT_META_OIF, 4, T_IFINDEX, 0, 0 },
	{ "mark", META, NFT_META_MARK, 4, T_MARK, 0, 0 },
	{ "skuid", META, NFT_META_SKUID, 4, T_UID, 0, 0 },
	{ "skgid", META, NFT_META_SKGID, 4, T_GID, 0, 0 },
	{ "cgroup", META, NFT_META_CGROUP, 4, T_NUMBER, 0, 0 },
	{ "l4proto", META_LONG, NFT_META_L4PROTO, 1, T_PROTO, 0, 0 },
	{ "nfproto", META_LONG, NFT_META_NFPROTO, 1, T_NFPROTO, 0, 0 },
	{ "ct state", CT, NFT_CT_STATE, 4, T_STATE, 0, 0 },
	{ "ct status", CT, NFT_CT_STATUS, 4, T_STATUS, 0, 0 },
	{ "ct mark", CT, NFT_CT_MARK, 4, T_MARK, 0, 0 },
	{ "ip saddr", NETWORK, 12, 4, T_ADDR4, V4, 0 },
	{ "ip daddr", NETWORK, 16, 4, T_ADDR4, V4, 0 },
	{ "ip protocol", NETWORK, 9, 1, T_PROTO, V4, 0 },
	{ "ip6 saddr", NETWORK, 8, 16, T_ADDR6, V6, 0 },
	{ "ip6 daddr", NETWORK, 24, 16, T_ADDR6, V6, 0 },
	{ "ip6 nexthdr", NETWORK, 6, 1, T_PROTO, V6, 0 },
	{ "tcp sport", TRANSPORT, 0, 2, T_PORT, 0, IPPROTO_TCP },
	{ "tcp dport", TRANSPORT, 2, 2, T_PORT, 0, IPPROTO_TCP },
	{ "tcp flags", TRANSPORT, 13, 1, T_FLAGS, 0, IPPROTO_TCP },
	{ "udp sport", TRANSPORT, 0, 2, T_PORT, 0, IPPROTO_UDP },
	{ "udp dport", TRANSPORT, 2, 2, T_PORT, 0, IPPROTO_UDP },
	{ "th sport", TRANSPORT, 0, 2, T_PORT, 0, 0 },
	{ "th dport", TRANSPORT, 2, 2, T_PORT, 0, 0 },
	{ "icmp type", TRANSPORT, 0, 1, T_ICMP, V4, IPPROTO_ICMP },
	{ "icmpv6 type", TRANSPORT, 0, 1, T_ICMP6, V6, IPPROTO_ICMPV6 },
	{ "fib saddr type", FIB, NFTA_FIB_F_SADDR, 4, T_ADDRTYPE, 0, 0 },
	{ "fib daddr type", FIB, NFTA_FIB_F_DADDR, 4, T_ADDRTYPE, 0, 0 },
};

static const struct {
	uint8_t type;
	const char *list;
} symbols[] = {
	{ T_NFPROTO, "ipv4=2 ipv6=10 " },
	{ T_PROTO, "icmp=1 igmp=2 tcp=6 udp=17 ipv6-icmp=58 icmpv6=58 gre=47 "
		   "esp=50 ah=51 sctp=132 " },
	{ T_ICMP, "echo-reply=0 destination-unreachable=3 redirect=5 "
		  "echo-request=8 router-advertisement=9 time-exceeded=11 "
		  "parameter-problem=12 " },
	{ T_ICMP6, "destination-unreachable=1 packet-too-big=2 "
		   "time-exceeded=3 parameter-problem=4 echo-request=128 "
		   "echo-reply=129 nd-router-solicit=133 nd-router-advert=134 "
		   "nd-neighbor-solicit=135 nd-neighbor-advert=136 "
		   "nd-redirect=137 " },
	{ T_FLAGS, "fin=1 syn=2 rst=4 psh=8 ack=16 urg=32 ecn=64 cwr=128 " },
	{ T_STATE, "invalid=1 established=2 related=4 new=8 untracked=64 " },
	{ T_STATUS, "expected=1 seen-reply=2 assured=4 confirmed=8 snat=16 "
		    "dnat=32 dying=512 " },
	{ T_ADDRTYPE, "unspec=0 unicast=1 local=2 broadcast=3 anycast=4 "
		      "multicast=5 blackhole=6 unreachable=7 prohibit=8 " },
	{ T_UID, "root=0 " },
	{ T_GID, "root=0 " },
};

/**
 * struct operand - the right side of a comparison
 * @lo:		value, or the first of a range
 * @hi:		the last one
 * @len:	bytes to compare, fewer than the selector's for the beginning of
 *		a name or address
 * @prefix:	bits of an address that count, -1 = all
 * @range:	it is one
 * @name:	interface whose index it is
 */
struct operand {
	uint8_t lo[16], hi[16];
	uint8_t len;
	int prefix;
	bool range;
	const char *name;
};

static bool is_bits(const struct selector *s)
{
	return s->type == T_FLAGS || s->type == T_STATE || s->type == T_STATUS;
}

/* Bytes of a number as the packet or register has them. */
static void put_value(const struct selector *s, uint32_t v, uint8_t *to)
{
	const uint8_t byte = (uint8_t)v;
	const uint16_t port = htons((uint16_t)v);

	if (s->len == 1)
		memcpy(to, &byte, 1);
	else if (s->len == 2)
		memcpy(to, &port, 2);
	else
		memcpy(to, &v, 4);
}

static bool scalar(const struct selector *s, const char *word, uint8_t *to)
{
	uint64_t n, max = s->len == 1 ? 0xff : s->len == 2 ? 0xffff : ~0u;
	int v = -1;
	size_t i;

	if (s->type == T_ADDR4 || s->type == T_ADDR6)
		return inet_pton(s->family == V4 ? AF_INET : AF_INET6, word,
				 to) == 1;
	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		if (symbols[i].type == s->type)
			v = nft_symbol(symbols[i].list, word);
	if (v >= 0)
		n = (uint64_t)v;
	else if (s->type == T_STATE || s->type == T_STATUS ||
		 s->type == T_ADDRTYPE || s->type == T_NFPROTO ||
		 !nft_number(word, max, &n))
		return false;
	put_value(s, (uint32_t)n, to);
	return true;
}

/* The ends of a prefix, whose bits behind it are zeros and ones. */
static void span(struct operand *o)
{
	int i;

	for (i = o->prefix; i < o->len * 8; i++) {
		o->lo[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
		o->hi[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
}

static void interface(struct nft_parser *p, const struct selector *s,
		      struct operand *o)
{
	const char *name = nft_name(p, 15);
	size_t len = strlen(name);
	bool star = len && name[len - 1] == '*';

	memcpy(o->lo, name, len < sizeof(o->lo) ? len : 0);
	if (star)
		o->lo[len - 1] = 0;
	if (star)
		o->len = (uint8_t)(len - 1);
	if (s->type == T_IFINDEX) {
		memset(o->lo, 0, sizeof(o->lo));
		o->name = name;
		p->bad |= star;
	}
}

static void operand(struct nft_parser *p, const struct selector *s,
		    struct operand *o)
{
	const char *word;
	char *sep, *text;
	uint64_t n;
	bool addr = s->type == T_ADDR4 || s->type == T_ADDR6;

	*o = (struct operand){ .len = s->len, .prefix = -1 };
	if (s->type == T_IFNAME || s->type == T_IFINDEX) {
		interface(p, s, o);
		return;
	}
	word = nft_word(p);
	text = arena_strndup(p->a, word, strlen(word));
	if (!text) {
		p->bad = true;
		return;
	}
	sep = strpbrk(text, addr ? "-/" : s->type == T_PORT ? "-" : "");
	if (sep && *sep == '/') {
		*sep = 0;
		p->bad |= !nft_number(sep + 1, s->len * 8u, &n);
		o->prefix = p->bad ? 0 : (int)n;
	} else if (sep) {
		*sep = 0;
		o->range = true;
		p->bad |= !scalar(s, sep + 1, o->hi);
	}
	p->bad |= !scalar(s, text, o->lo);
	if (!o->range)
		memcpy(o->hi, o->lo, sizeof(o->hi));
	if (o->prefix >= 0)
		span(o);
	if (memcmp(o->lo, o->hi, s->len) > 0)
		p->bad = true;
}

/* "syn", "syn,ack" or "(syn|ack)" */
static uint32_t bits(struct nft_parser *p, const struct selector *s, char sep)
{
	uint8_t one[4] = { 0 };
	uint32_t all = 0, v;
	bool paren = sep == '|' && nft_tok_is(p, '(');

	do {
		p->bad |= !scalar(s, nft_word(p), one);
		memcpy(&v, one, 4);
		all |= v;
	} while (!p->bad && nft_tok_is(p, sep));
	if (paren && !nft_tok_is(p, ')'))
		p->bad = true;
	return all;
}

static void load(struct nft_parser *p, const struct selector *s, uint8_t len)
{
	size_t expr;

	switch (s->from) {
	case NETWORK:
		nft_load_payload(&p->w, NFT_PAYLOAD_NETWORK_HEADER, s->key,
				 len);
		return;
	case TRANSPORT:
		nft_load_payload(&p->w, NFT_PAYLOAD_TRANSPORT_HEADER, s->key,
				 len);
		return;
	case FIB:
		expr = nft_expr(&p->w, "fib");
		nft_put_u32(p->w.out, NFTA_FIB_DREG, NFT_REG_1);
		nft_put_u32(p->w.out, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
		nft_put_u32(p->w.out, NFTA_FIB_FLAGS, s->key);
		nft_expr_end(&p->w, expr);
		return;
	}
	nft_load(&p->w, s->from == CT ? "ct" : "meta", s->key);
}

static void need_byte(struct nft_parser *p, uint32_t key, uint8_t *known,
		      uint8_t want)
{
	if (!want || *known == want)
		return;
	if (*known) {
		p->bad = true;
		return;
	}
	nft_load(&p->w, "meta", key);
	nft_cmp(&p->w, false, &want, 1);
	*known = want;
}

static void need_family(struct nft_parser *p, uint8_t family)
{
	need_byte(p, NFT_META_NFPROTO, &p->family, family);
}

static void need_l4(struct nft_parser *p, uint8_t proto)
{
	need_byte(p, NFT_META_L4PROTO, &p->l4, proto);
}

/* What a comparison tells about the packet. */
static void learn(struct nft_parser *p, const struct selector *s, uint8_t v)
{
	uint8_t *known = s->type == T_PROTO	? &p->l4
			 : s->type == T_NFPROTO ? &p->family
						: NULL;

	if (!known)
		return;
	if (*known && *known != v)
		p->bad = true;
	*known = v;
}

static void compare(struct nft_parser *p, const struct selector *s,
		    const struct operand *o, bool invert)
{
	uint8_t mask[16] = { 0 };
	struct nft_ifref *ref;
	int i;

	if (o->range) {
		load(p, s, o->len);
		if (invert) {
			nft_cmp_range(&p->w, true, o->lo, o->hi, o->len);
			return;
		}
		nft_cmp_op(&p->w, NFT_CMP_GTE, o->lo, o->len);
		nft_cmp_op(&p->w, NFT_CMP_LTE, o->hi, o->len);
		return;
	}
	if (o->prefix > 0 && o->prefix % 8 == 0) {
		load(p, s, (uint8_t)(o->prefix / 8));
		nft_cmp(&p->w, invert, o->lo, (size_t)o->prefix / 8);
		return;
	}
	load(p, s, s->len);
	for (i = 0; i < o->prefix; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	if (o->prefix >= 0)
		nft_mask(&p->w, mask, NULL, o->len);
	nft_cmp(&p->w, invert, o->lo, o->len);
	if (!invert)
		learn(p, s, o->lo[0]);
	if (!o->name)
		return;
	ref = arena_grow(p->a, &p->c->ifref, p->c->n_ifref, &p->c->cap_ifref,
			 sizeof(*ref));
	if (!ref) {
		p->bad = true;
		return;
	}
	p->c->n_ifref++;
	/* The value is what comes last. */
	*ref = (struct nft_ifref){ o->name, p->w.out->len - 4 };
}

static bool next_key(uint8_t *key, size_t len)
{
	while (len-- > 0)
		if (++key[len])
			return true;
	return false;
}

static int operand_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct operand *)0)->lo));
}

/* Elements as the kernel takes them; of ranges both ends, the second open. */
static void add_elems(struct nft_parser *p, const struct selector *s,
		      struct nft_anon *set, struct operand *v, size_t n)
{
	static const uint8_t none[16];
	uint8_t *to = arena_array(p->a, 2 * n + 1, s->len + 1u);
	uint8_t after[16];
	size_t i;

	if (!to) {
		p->bad = true;
		return;
	}
	set->elem = to;
	if (set->interval && memcmp(v[0].lo, none, s->len) != 0) {
		to[s->len] = 1;
		to += s->len + 1;
	}
	for (i = 0; i < n; i++) {
		memcpy(to, v[i].lo, s->len);
		to += s->len + 1;
		memcpy(after, v[i].hi, s->len);
		if (!set->interval || !next_key(after, s->len))
			continue;
		/* What touches or overlaps would have to be merged. */
		if (i + 1 < n && memcmp(after, v[i + 1].lo, s->len) >= 0)
			p->bad = true;
		memcpy(to, after, s->len);
		to[s->len] = 1;
		to += s->len + 1;
	}
	set->n = (size_t)(to - set->elem) / (s->len + 1u);
}

static void look_up(struct nft_parser *p, const struct selector *s,
		    struct operand *v, size_t n, bool invert)
{
	struct nft_anon *set = arena_grow(p->a, &p->c->anon, p->c->n_anon,
					  &p->c->cap_anon, sizeof(*set));
	size_t i, expr;

	if (!set) {
		p->bad = true;
		return;
	}
	*set = (struct nft_anon){ .type = s->type, .len = s->len };
	set->host = s->type == T_IFNAME || (s->len == 4 && s->type != T_ADDR4);
	for (i = 0; i < n; i++) {
		set->interval |= v[i].range || v[i].prefix >= 0;
		/* Neither beginnings of names nor what is not yet known. */
		if ((v[i].prefix < 0 && v[i].len != s->len) || v[i].name)
			p->bad = true;
	}
	qsort(v, n, sizeof(*v), operand_order);
	for (i = 1; i < n; i++)
		if (!operand_order(&v[i - 1], &v[i]))
			p->bad = true;
	add_elems(p, s, set, v, n);
	load(p, s, s->len);
	expr = nft_expr(&p->w, "lookup");
	nft_put_u32(p->w.out, NFTA_LOOKUP_SREG, NFT_REG_1);
	nft_put_str(p->w.out, NFTA_LOOKUP_SET, "__set%d");
	nft_put_u32(p->w.out, NFTA_LOOKUP_SET_ID,
		    p->c->first_set + (uint32_t)p->c->n_anon++);
	if (invert)
		nft_put_u32(p->w.out, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	nft_expr_end(&p->w, expr);
}

static void skip_lines(struct nft_parser *p)
{
	while (nft_tok_is(p, 'n'))
		;
}

static void test_bits(struct nft_parser *p, const struct selector *s,
		      uint32_t mask, uint32_t value, bool invert)
{
	load(p, s, s->len);
	nft_mask(&p->w, &mask, NULL, s->len);
	nft_cmp(&p->w, invert, &value, s->len);
}

/* After "{".  A set of one is its element. */
static void braces(struct nft_parser *p, const struct selector *s, bool invert,
		   bool plain)
{
	struct operand *v = NULL, *o;
	size_t n = 0, cap = 0;
	uint32_t mask;

	do {
		skip_lines(p);
		if (n && p->tok->kind == '}')
			break;
		o = arena_grow(p->a, &v, n, &cap, sizeof(*v));
		if (!o) {
			p->bad = true;
			return;
		}
		n++;
		operand(p, s, o);
		skip_lines(p);
	} while (!p->bad && nft_tok_is(p, ','));
	if (p->bad || !nft_tok_is(p, '}')) {
		p->bad = true;
	} else if (n > 1) {
		look_up(p, s, v, n, invert);
	} else if (is_bits(s) && plain) {
		memcpy(&mask, v->lo, 4);
		test_bits(p, s, mask, 0, true);
	} else {
		compare(p, s, v, invert);
	}
}

/* Bits that one may have: any of them, all of a mask, or just these. */
static void match_bits(struct nft_parser *p, const struct selector *s,
		       bool plain, bool invert)
{
	uint32_t value = bits(p, s, ','), mask;

	if (s->type == T_FLAGS && nft_words_are(p, "/")) {
		mask = bits(p, s, ',');
		test_bits(p, s, mask, value, invert);
		return;
	}
	if (plain) {
		test_bits(p, s, value, 0, true);
		return;
	}
	load(p, s, s->len);
	nft_cmp(&p->w, invert, &value, s->len);
}

/* "and MASK == VALUE" of marks and flags */
static void match_masked(struct nft_parser *p, const struct selector *s)
{
	uint8_t word[4] = { 0 };
	uint32_t mask, value;
	bool invert;

	if (s->type == T_FLAGS) {
		mask = bits(p, s, '|');
	} else {
		p->bad |= s->type != T_MARK || !scalar(s, nft_word(p), word);
		memcpy(&mask, word, 4);
	}
	invert = p->tok->kind == '!';
	if (!nft_tok_is(p, '=') && !nft_tok_is(p, '!'))
		p->bad = true;
	if (s->type == T_FLAGS) {
		value = bits(p, s, '|');
	} else {
		p->bad |= !scalar(s, nft_word(p), word);
		memcpy(&value, word, 4);
	}
	test_bits(p, s, mask, value, invert);
}

static void match(struct nft_parser *p, const struct selector *s)
{
	bool plain, invert;
	struct operand o;

	/* Where there is but one family, nft asks for none. */
	if (s->type == T_NFPROTO && p->c->family != NFPROTO_INET)
		p->bad = true;
	need_family(p, s->family);
	need_l4(p, s->l4);
	if (nft_tok_is(p, '&') || nft_words_are(p, "and")) {
		match_masked(p, s);
		return;
	}
	invert = p->tok->kind == '!';
	plain = !nft_tok_is(p, '=') && !nft_tok_is(p, '!');
	if (nft_tok_is(p, '{')) {
		braces(p, s, invert, plain);
	} else if (is_bits(s)) {
		match_bits(p, s, plain, invert);
	} else {
		operand(p, s, &o);
		compare(p, s, &o, invert);
	}
}

static const struct selector *find_selector(struct nft_parser *p)
{
	const struct nft_tok *from = p->tok;
	bool meta = nft_words_are(p, "meta");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(selectors); i++) {
		const struct selector *s = &selectors[i];

		if ((meta && s->from > META_LONG) ||
		    (!meta && s->from == META_LONG))
			continue;
		if (nft_words_are(p, s->words))
			return s;
	}
	p->tok = from;
	return NULL;
}

/* "counter", perhaps with what it begins with */
static void counter(struct nft_parser *p)
{
	uint64_t packets = 0, bytes = 0;
	size_t expr = nft_expr(&p->w, "counter");

	if (nft_words_are(p, "packets"))
		p->bad |= !nft_number(nft_word(p), UINT64_MAX, &packets) ||
			  !nft_words_are(p, "bytes") ||
			  !nft_number(nft_word(p), UINT64_MAX, &bytes);
	nft_put_u64(p->w.out, NFTA_COUNTER_BYTES, bytes);
	nft_put_u64(p->w.out, NFTA_COUNTER_PACKETS, packets);
	nft_expr_end(&p->w, expr);
}

static void log_packet(struct nft_parser *p)
{
	size_t expr = nft_expr(&p->w, "log");
	int level;

	if (nft_words_are(p, "prefix")) {
		if (p->tok->kind != 'q' || strlen(p->tok->s) > 127)
			p->bad = true;
		else
			nft_put_str(p->w.out, NFTA_LOG_PREFIX, p->tok++->s);
	}
	if (nft_words_are(p, "level")) {
		level = nft_symbol("emerg=0 alert=1 crit=2 err=3 warn=4 "
				   "notice=5 info=6 debug=7 ",
				   nft_word(p));
		p->bad |= level < 0;
		nft_put_u32(p->w.out, NFTA_LOG_LEVEL, (uint32_t)level);
	}
	nft_expr_end(&p->w, expr);
}

/* "rate [over] 5/minute [burst 5 packets]" */
static void limit(struct nft_parser *p)
{
	struct fw_match m = { .limit.burst = 5 };
	const char *word;
	char *slash, *text;
	uint64_t rate, burst;
	int unit;

	p->bad |= !nft_words_are(p, "rate");
	m.invert = nft_words_are(p, "over");
	word = nft_word(p);
	text = arena_strndup(p->a, word, strlen(word));
	slash = text ? strchr(text, '/') : NULL;
	if (!slash) {
		p->bad = true;
		return;
	}
	*slash = 0;
	unit = nft_symbol("second=1 minute=60 hour=3600 day=86400 week=604800 ",
			  slash + 1);
	p->bad |= unit < 0 || !nft_number(text, UINT32_MAX, &rate) || !rate;
	if (nft_words_are(p, "burst")) {
		p->bad |= !nft_number(nft_word(p), UINT32_MAX, &burst) ||
			  !nft_words_are(p, "packets");
		m.limit.burst = (uint32_t)burst;
	}
	if (!p->bad)
		nft_limit(&p->w, &m, rate, (uint64_t)unit);
}

static void reject(struct nft_parser *p)
{
	static const struct {
		char name[8];
		uint8_t type, family;
		const char *codes;
	} kinds[] = {
		{ "icmp", NFT_REJECT_ICMP_UNREACH, V4,
		  "net-unreachable=0 host-unreachable=1 prot-unreachable=2 "
		  "port-unreachable=3 net-prohibited=9 host-prohibited=10 "
		  "admin-prohibited=13 " },
		{ "icmpv6", NFT_REJECT_ICMP_UNREACH, V6,
		  "no-route=0 admin-prohibited=1 addr-unreachable=3 "
		  "port-unreachable=4 policy-fail=5 reject-route=6 " },
		{ "icmpx", NFT_REJECT_ICMPX_UNREACH, 0,
		  "no-route=0 port-unreachable=1 host-unreachable=2 "
		  "admin-prohibited=3 " },
	};
	uint32_t type =
		p->family ? NFT_REJECT_ICMP_UNREACH : NFT_REJECT_ICMPX_UNREACH;
	int code = p->family == V4 ? 3 : p->family == V6 ? 4 : 1;
	bool with = nft_words_are(p, "with"), found = !with;
	uint8_t byte;
	size_t expr, i;

	if (with && nft_words_are(p, "tcp reset")) {
		need_l4(p, IPPROTO_TCP);
		type = NFT_REJECT_TCP_RST;
		code = 0;
		found = true;
	}
	for (i = 0; !found && i < ARRAY_SIZE(kinds); i++) {
		if (!nft_words_are(p, kinds[i].name))
			continue;
		nft_words_are(p, "type");
		need_family(p, kinds[i].family);
		type = kinds[i].type;
		code = nft_symbol(kinds[i].codes, nft_word(p));
		found = kinds[i].family || p->c->family == NFPROTO_INET;
	}
	p->bad |= !found || code < 0;
	byte = (uint8_t)code;
	expr = nft_expr(&p->w, "reject");
	nft_put_u32(p->w.out, NFTA_REJECT_TYPE, type);
	nft_put_attr(p->w.out, NFTA_REJECT_ICMP_CODE, &byte, 1);
	nft_expr_end(&p->w, expr);
}

/**
 * struct target - where NAT goes to
 * @addr:	addresses, one or from and to; "" = none
 * @port:	ports, likewise
 */
struct target {
	char *addr[2], *port[2];
};

static void halves(char *text, char *ret[2])
{
	ret[0] = text;
	ret[1] = strchr(text, '-');
	if (ret[1])
		*ret[1]++ = 0;
}

/* "A", "A-B", "A:P", "[A]:P", ":P", "P-Q" where @ports_alone */
static void target(struct nft_parser *p, bool ports_alone, struct target *t)
{
	const char *word = nft_word(p);
	char *text = arena_strndup(p->a, word, strlen(word)), *port = NULL;

	*t = (struct target){ 0 };
	if (!text) {
		p->bad = true;
		return;
	}
	if (ports_alone) {
		halves(text + (*text == ':'), t->port);
		return;
	}
	if (*text == '[' && (port = strchr(text, ']'))) {
		*port++ = 0;
		text++;
		p->bad |= *port && *port != ':';
	} else if (strchr(text, '.')) {
		port = strchr(text, ':');
	}
	if (port && *port) {
		*port++ = 0;
		halves(port, t->port);
	}
	halves(text, t->addr);
}

/* Constants for both ends; Return: how many registers from @reg they take. */
static uint32_t load_ends(struct nft_parser *p, const struct selector *s,
			  char *const end[2], uint32_t reg)
{
	uint8_t v[2][16] = { 0 };
	uint32_t n;

	for (n = 0; n < 2 && end[n]; n++) {
		p->bad |= !scalar(s, end[n], v[n]);
		nft_constant(&p->w, reg + n, v[n], s->len);
	}
	if (n == 2 && memcmp(v[0], v[1], s->len) > 0)
		p->bad = true;
	return n;
}

static uint32_t nat_flags(struct nft_parser *p)
{
	uint32_t flags = 0;
	int one;

	if (p->tok->kind != 'w' || !nft_symbol("comment=0 ", p->tok->s))
		return 0;
	do {
		one = nft_symbol("random=4 persistent=8 fully-random=16 ",
				 nft_word(p));
		p->bad |= one < 0;
		flags |= (uint32_t)one;
	} while (!p->bad && nft_tok_is(p, ','));
	return flags;
}

static void put_ends(struct nft_parser *p, uint32_t n, uint32_t reg,
		     unsigned int type)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		nft_put_u32(p->w.out, type + i, reg + i);
}

static void nat(struct nft_parser *p, const char *name, uint32_t type)
{
	static const struct selector addrs[] = {
		{ "", 0, 0, 4, T_ADDR4, V4, 0 },
		{ "", 0, 0, 16, T_ADDR6, V6, 0 },
	};
	static const struct selector port = { "", 0, 0, 2, T_PORT, 0, 0 };
	bool full = *name == 'n', masq = *name == 'm';
	unsigned int regs =
		masq ? NFTA_MASQ_REG_PROTO_MIN : NFTA_REDIR_REG_PROTO_MIN;
	uint8_t family = p->family;
	uint32_t n_addr = 0, n_port = 0, flags;
	struct target t;
	size_t expr;

	if (full && p->c->family == NFPROTO_INET) {
		if (nft_words_are(p, "ip"))
			family = V4;
		else if (nft_words_are(p, "ip6"))
			family = V6;
		p->bad |= !family || (p->family && family != p->family);
	}
	if (nft_words_are(p, "to") || full) {
		target(p, !full, &t);
		if (p->bad)
			return;
		n_addr = load_ends(p, &addrs[family == V6], t.addr, NFT_REG_1);
		n_port = load_ends(p, &port, t.port, NFT_REG_1 + n_addr);
		p->bad |= n_port && !p->l4;
	}
	flags = nat_flags(p) | (n_port ? NF_NAT_RANGE_PROTO_SPECIFIED : 0);
	expr = nft_expr(&p->w, name);
	if (full) {
		nft_put_u32(p->w.out, NFTA_NAT_TYPE, type);
		nft_put_u32(p->w.out, NFTA_NAT_FAMILY, family);
		put_ends(p, n_addr, NFT_REG_1, NFTA_NAT_REG_ADDR_MIN);
		regs = NFTA_NAT_REG_PROTO_MIN;
	}
	put_ends(p, n_port, NFT_REG_1 + n_addr, regs);
	if (flags)
		nft_put_u32(p->w.out,
			    full   ? NFTA_NAT_FLAGS
			    : masq ? NFTA_MASQ_FLAGS
				   : NFTA_REDIR_FLAGS,
			    flags);
	nft_expr_end(&p->w, expr);
}

static void tcp_option(struct nft_parser *p)
{
	const uint8_t maxseg = 2;
	uint64_t mss;
	uint16_t be;
	size_t expr;

	if (nft_words_are(p, "rt mtu")) {
		nft_load(&p->w, "rt", NFT_RT_TCPMSS);
		expr = nft_expr(&p->w, "byteorder");
		nft_put_u32(p->w.out, NFTA_BYTEORDER_SREG, NFT_REG_1);
		nft_put_u32(p->w.out, NFTA_BYTEORDER_DREG, NFT_REG_1);
		nft_put_u32(p->w.out, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
		nft_put_u32(p->w.out, NFTA_BYTEORDER_LEN, 2);
		nft_put_u32(p->w.out, NFTA_BYTEORDER_SIZE, 2);
		nft_expr_end(&p->w, expr);
	} else {
		p->bad |= !nft_number(nft_word(p), UINT16_MAX, &mss);
		be = htons((uint16_t)mss);
		nft_constant(&p->w, NFT_REG_1, &be, sizeof(be));
	}
	expr = nft_expr(&p->w, "exthdr");
	nft_put_u32(p->w.out, NFTA_EXTHDR_SREG, NFT_REG_1);
	nft_put_attr(p->w.out, NFTA_EXTHDR_TYPE, &maxseg, sizeof(maxseg));
	nft_put_u32(p->w.out, NFTA_EXTHDR_OFFSET, 2);
	nft_put_u32(p->w.out, NFTA_EXTHDR_LEN, 2);
	nft_put_u32(p->w.out, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	nft_expr_end(&p->w, expr);
}

/* "and", "xor" and "or" bind less and less: 1, 2, 3; 0 = none of them */
static int bit_operator(struct nft_parser *p)
{
	static const char signs[] = "&^|";
	int i;

	for (i = 0; i < 3; i++)
		if (nft_tok_is(p, signs[i]))
			return i + 1;
	return nft_words_are(p, "and")	 ? 1
	       : nft_words_are(p, "xor") ? 2
	       : nft_words_are(p, "or")	 ? 3
					 : 0;
}

/* "set 5", "set ct mark", "set mark and 0xff or 1" */
static void set_mark(struct nft_parser *p, bool ct)
{
	uint32_t mask = ~0u, flip = 0, v;
	bool from_ct = nft_words_are(p, "ct mark");
	int op, last = 0;
	uint64_t n;
	size_t expr;

	if (from_ct || nft_words_are(p, "meta mark") ||
	    nft_words_are(p, "mark")) {
		nft_load(&p->w, from_ct ? "ct" : "meta",
			 from_ct ? NFT_CT_MARK : NFT_META_MARK);
		while (!p->bad && (op = bit_operator(p))) {
			p->bad |= op < last ||
				  !nft_number(nft_word(p), UINT32_MAX, &n);
			v = p->bad ? 0 : (uint32_t)n;
			last = op;
			if (op != 2)
				mask &= op == 1 ? v : ~v;
			flip = op == 1	 ? flip & v
			       : op == 2 ? flip ^ v
					 : flip | v;
		}
		if (last)
			nft_mask(&p->w, &mask, &flip, 4);
	} else {
		p->bad |= !nft_number(nft_word(p), UINT32_MAX, &n);
		v = (uint32_t)n;
		nft_constant(&p->w, NFT_REG_1, &v, 4);
	}
	/* Both number their attributes alike, but for the source. */
	expr = nft_expr(&p->w, ct ? "ct" : "meta");
	nft_put_u32(p->w.out, ct ? NFTA_CT_KEY : NFTA_META_KEY,
		    ct ? NFT_CT_MARK : NFT_META_MARK);
	nft_put_u32(p->w.out, ct ? NFTA_CT_SREG : NFTA_META_SREG, NFT_REG_1);
	nft_expr_end(&p->w, expr);
}

static bool verdict(struct nft_parser *p)
{
	int kind = p->tok->kind == 'w'
			   ? nft_symbol("accept=0 drop=1 return=2 jump=3 "
					"goto=4 ",
					p->tok->s)
			   : -1;
	struct fw_stmt s = { 0 };

	if (kind < 0)
		return false;
	p->tok++;
	s.kind = (enum fw_stmt_kind)kind;
	if (s.kind == FW_S_JUMP || s.kind == FW_S_GOTO) {
		s.chain = nft_name(p, 127);
		p->bad |= p->tok[-1].kind != 'w';
	}
	if (!p->bad)
		nft_verdict(&p->w, &s);
	return true;
}

/* What ends the rule; false: none of it */
static bool terminal(struct nft_parser *p)
{
	if (verdict(p))
		return true;
	if (nft_words_are(p, "reject"))
		reject(p);
	else if (nft_words_are(p, "masquerade"))
		nat(p, "masq", 0);
	else if (nft_words_are(p, "redirect"))
		nat(p, "redir", 0);
	else if (nft_words_are(p, "snat"))
		nat(p, "nat", NFT_NAT_SNAT);
	else if (nft_words_are(p, "dnat"))
		nat(p, "nat", NFT_NAT_DNAT);
	else
		return false;
	return true;
}

static void statement(struct nft_parser *p)
{
	const struct selector *s;

	if (nft_words_are(p, "counter"))
		counter(p);
	else if (nft_words_are(p, "log"))
		log_packet(p);
	else if (nft_words_are(p, "limit"))
		limit(p);
	else if (nft_words_are(p, "tcp option maxseg size set"))
		tcp_option(p);
	else if (nft_words_are(p, "meta mark set") ||
		 nft_words_are(p, "mark set"))
		set_mark(p, false);
	else if (nft_words_are(p, "ct mark set"))
		set_mark(p, true);
	else if ((s = find_selector(p)))
		match(p, s);
	else
		p->bad = true;
}

void nft_rule_parse(struct nft_parser *p)
{
	const struct nft_tok *from = p->tok;

	while (!p->bad && p->tok->kind == 'w' &&
	       (p->tok == from || strcmp(p->tok->s, "comment") != 0)) {
		if (terminal(p))
			break;
		statement(p);
	}
	p->bad |= p->tok == from;
}
