// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/nft_cmd.h"

#include <ctype.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/nft_cmd_private.h"

#define NAME_MAX_LEN 127 /* of a table or chain, kept well below the kernel's \
			  */

/* What nft 1.0.6 takes for a keyword wherever a name could stand. */
static const char reserved[] =
	" hook device devices table chain rule set element map flowtable handle"
	" ruleset accept drop continue jump goto return reject counter log"
	" limit quota masquerade snat dnat redirect fib ip ip6 tcp udp icmp"
	" icmpv6 meta ct mark iif iifname oif oifname ether vlan arp inet"
	" netdev bridge add replace update create insert delete get list reset"
	" flush rename import export monitor describe include define redefine"
	" undefine typeof queue th udplite comp ah esp dccp sctp socket osf"
	" tproxy dup fwd synproxy index comment policy position size flow"
	" exthdr rt ipsec numgen jhash symhash cgroup skuid skgid type priority"
	" and or xor lt gt eq ne le ge not interval constant dynamic timeout"
	" gc-interval elements auto-merge iifgroup oifgroup iiftype oiftype"
	" random time hour day secmark rtclassid pkttype cpu ibrname obrname"
	" ibriport obriport nftrace xt dst missing exists frag mh srh hbh all"
	" flags ecn igmp tables chains rules sets maps performance memory"
	" destroy last mptcp egress gre geneve vxlan gretap ";

static bool is_reserved(const char *s)
{
	size_t n = strlen(s);
	const char *p = reserved;

	while ((p = strstr(p, s))) {
		if (p[-1] == ' ' && p[n] == ' ')
			return n > 0;
		p++;
	}
	return false;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_./-:*[]", c));
}

/* One token; NULL where it has no meaning here. */
static const char *lex_one(struct arena *a, const char *p, struct nft_tok *t)
{
	const char *from = p;

	if (is_word_char(*p)) {
		while (is_word_char(*p))
			p++;
		t->kind = 'w';
		t->s = arena_strndup(a, from, (size_t)(p - from));
		return t->s ? p : NULL;
	}
	if (*p == '"') {
		p = strchr(++from, '"');
		if (!p || memchr(from, '\\', (size_t)(p - from)) ||
		    memchr(from, '\n', (size_t)(p - from)))
			return NULL;
		t->kind = 'q';
		t->s = arena_strndup(a, from, (size_t)(p - from));
		return t->s ? p + 1 : NULL;
	}
	if ((*p == '=' || *p == '!') && p[1] == '=') {
		t->kind = *p;
		return p + 2;
	}
	if (!*p || !strchr(";\n{}(),&|^", *p) || (*p == p[1] && *p == '&'))
		return NULL;
	t->kind = *p == '\n' ? 'n' : *p;
	return p + 1;
}

static const struct nft_tok *lex(struct arena *a, const char *p)
{
	struct nft_tok *v = NULL, *t;
	size_t n = 0, cap = 0;

	for (;;) {
		p += strspn(p, " \t");
		t = arena_grow(a, &v, n, &cap, sizeof(*v));
		if (!t)
			return NULL;
		*t = (struct nft_tok){ 0 };
		n++;
		if (!*p)
			return v;
		p = lex_one(a, p, t);
		if (!p)
			return NULL;
	}
}

bool nft_tok_is(struct nft_parser *p, char kind)
{
	if (p->tok->kind != kind)
		return false;
	p->tok++;
	return true;
}

bool nft_words_are(struct nft_parser *p, const char *words)
{
	const struct nft_tok *t = p->tok;
	size_t n;

	for (;; words++, t++) {
		n = strcspn(words, " ");
		if (t->kind != 'w' || strncmp(t->s, words, n) != 0 || t->s[n])
			return false;
		words += n;
		if (!*words)
			break;
	}
	p->tok = t + 1;
	return true;
}

const char *nft_word(struct nft_parser *p)
{
	if (p->tok->kind != 'w') {
		p->bad = true;
		return "";
	}
	return p->tok++->s;
}

const char *nft_name(struct nft_parser *p, size_t max)
{
	const struct nft_tok *t = p->tok;
	bool quoted = t->kind == 'q';
	const char *s;

	if ((t->kind != 'w' && !quoted) || !*t->s || strlen(t->s) > max ||
	    (!quoted && ((!isalpha((unsigned char)*t->s) && *t->s != '_') ||
			 strpbrk(t->s, ":[]") || is_reserved(t->s)))) {
		p->bad = true;
		return "";
	}
	/* A "*" stands for the rest of a name alone. */
	s = strchr(t->s, '*');
	if (s && (s[1] || s == t->s))
		p->bad = true;
	p->tok++;
	return t->s;
}

bool nft_number(const char *s, uint64_t max, uint64_t *ret)
{
	bool hex = s[0] == '0' && (s[1] | 32) == 'x';
	char *end;

	if (!isdigit((unsigned char)*s) ||
	    (s[0] == '0' && isdigit((unsigned char)s[1])))
		return false;
	errno = 0;
	*ret = strtoull(s, &end, hex ? 16 : 10);
	return !errno && !*end && *ret <= max;
}

int nft_symbol(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, " "), list += *list == ' ')
		if (n && strncmp(list, word, n) == 0 && list[n] == '=')
			return atoi(list + n + 1);
	return -1;
}

static int32_t priority_base(struct nft_parser *p)
{
	const char *name = nft_word(p);
	enum fw_hook hook = p->c->hook;
	uint64_t n;
	int base;

	if (*name == '-' && nft_number(name + 1, INT32_MAX, &n))
		return -(int32_t)n;
	if (nft_number(name, INT32_MAX, &n))
		return (int32_t)n;
	/* Offset by 300, since a symbol has no sign. */
	base = nft_symbol("raw=0 mangle=150 dstnat=200 filter=300 "
			  "security=350 srcnat=400 ",
			  name) -
	       300;
	if (base < -300 || (base == -100 && hook != FW_PREROUTING) ||
	    (base == 100 && hook != FW_POSTROUTING))
		p->bad = true;
	return base;
}

/* "0", "-1", "filter", "mangle -1", "filter - 1" and "filter + 10" */
static void parse_priority(struct nft_parser *p)
{
	const char *sign;
	uint64_t n = 0;
	bool named = p->tok->kind == 'w' && isalpha((unsigned char)*p->tok->s);

	p->c->priority = priority_base(p);
	if (!named || p->tok->kind != 'w')
		return;
	sign = nft_word(p);
	if (*sign != '-') {
		p->bad = true;
		return;
	}
	if (!nft_number(sign[1] ? sign + 1 : nft_word(p), 100000, &n))
		p->bad = true;
	p->c->priority -= (int32_t)n;
}

static void parse_hook(struct nft_parser *p)
{
	static const char *const types[] = { "filter", "nat", "route" };
	const char *name = nft_word(p);
	size_t i;
	int hook;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i], name) == 0)
			p->c->type = types[i];
	if (!p->c->type || !nft_words_are(p, "hook")) {
		p->bad = true;
		return;
	}
	hook = nft_symbol("prerouting=0 input=1 forward=2 output=3 "
			  "postrouting=4 ",
			  nft_word(p));
	if (hook < 0 || !nft_words_are(p, "priority")) {
		p->bad = true;
		return;
	}
	p->c->base = true;
	p->c->hook = (enum fw_hook)hook;
	parse_priority(p);
}

static bool end_of_line(struct nft_parser *p)
{
	return nft_tok_is(p, ';') || nft_tok_is(p, 'n');
}

/* Each entry of a block ends in a semicolon or a line break, also the last. */
static void parse_block(struct nft_parser *p)
{
	const char *policy;

	if (!nft_tok_is(p, '{'))
		return;
	while (!p->bad) {
		while (end_of_line(p))
			;
		if (nft_tok_is(p, '}'))
			return;
		if (nft_words_are(p, "type") && !p->c->base) {
			parse_hook(p);
		} else if (nft_words_are(p, "policy") && !p->c->has_policy) {
			policy = nft_word(p);
			p->c->has_policy = true;
			p->c->policy = strcmp(policy, "drop") ? FW_S_ACCEPT
							      : FW_S_DROP;
			if (p->c->policy == FW_S_ACCEPT &&
			    strcmp(policy, "accept") != 0)
				p->bad = true;
		} else {
			p->bad = true;
		}
		if (!end_of_line(p))
			p->bad = true;
	}
}

static uint64_t parse_number(struct nft_parser *p, int base)
{
	const char *s = nft_word(p);
	uint64_t n = 0;
	char *end;

	errno = 0;
	if (base == 10 && !nft_number(s, UINT64_MAX, &n))
		p->bad = true;
	if (base == 16) {
		n = strtoull(s, &end, base);
		p->bad |= !n || errno || *end;
	}
	return n;
}

/* nft deletes a rule by its handle alone, and says so. */
static void parse_deletion(struct nft_parser *p)
{
	const struct nft_tok *t = p->tok;

	if (nft_words_are(p, "handle")) {
		p->c->place = NFT_AT_HANDLE;
		p->c->number = parse_number(p, 10);
		return;
	}
	if (nft_words_are(p, "wgq")) {
		p->c->place = NFT_AT_TAG;
		p->c->number = parse_number(p, 16);
		return;
	}
	p->bad = true;
	if (t->kind == 'w' && is_reserved(t->s))
		p->why = arena_printf(p->a,
				      "syntax error, unexpected %s, expecting "
				      "handle",
				      t->s);
}

static int nibble(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10;
}

/* Expressions as undo has them, and perhaps the tag that the rule had. */
static void parse_hex(struct nft_parser *p)
{
	const char *s = nft_word(p);
	size_t n = strlen(s), i;

	if (n % 8 || strspn(s, "0123456789abcdef") != n) {
		p->bad = true;
		return;
	}
	for (i = 0; i < n; i += 2)
		buf_addc(p->w.out,
			 (char)(nibble(s[i]) << 4 | nibble(s[i + 1])));
	if (p->tok->kind == 'w' && strcmp(p->tok->s, "comment") != 0)
		p->c->tag = parse_number(p, 16);
}

static void parse_addition(struct nft_parser *p)
{
	struct nft_cmd *c = p->c;

	if (nft_words_are(p, "position") || nft_words_are(p, "handle"))
		c->place = NFT_AT_HANDLE;
	else if (nft_words_are(p, "index"))
		c->place = NFT_AT_INDEX;
	if (c->place != NFT_AT_END)
		c->number = parse_number(p, 10);
	p->family = c->family == NFPROTO_INET ? 0 : c->family;
	p->l4 = 0;
	p->w = (struct nft_writer){ p->a, p->w.out, NULL, c->family };
	buf_reset(p->w.out);
	c->first_set = p->cs->n_set + 1;
	if (nft_words_are(p, "wgq"))
		parse_hex(p);
	else
		nft_rule_parse(p);
	if (nft_words_are(p, "comment")) {
		if (p->tok->kind == 'q' && strlen(p->tok->s) < 128)
			c->comment = p->tok++->s;
		else
			c->comment = nft_name(p, 127);
	}
	p->cs->n_set += (uint32_t)c->n_anon;
	c->len = p->w.out->len;
	c->expr = arena_alloc(p->a, c->len + 1);
	if (p->w.out->failed || !c->expr)
		p->bad = true;
	else if (c->len)
		memcpy(c->expr, p->w.out->p, c->len);
}

/* Which verbs go with which objects, as bits. */
static bool suits(const struct nft_cmd *c)
{
	static const uint8_t verbs[] = {
		[NFT_A_TABLE] = 1 << NFT_DO_ADD | 1 << NFT_DO_CREATE |
				1 << NFT_DO_DELETE | 1 << NFT_DO_DESTROY |
				1 << NFT_DO_FLUSH,
		[NFT_A_CHAIN] = 1 << NFT_DO_ADD | 1 << NFT_DO_CREATE |
				1 << NFT_DO_DELETE | 1 << NFT_DO_DESTROY |
				1 << NFT_DO_FLUSH,
		[NFT_A_RULE] = 1 << NFT_DO_ADD | 1 << NFT_DO_INSERT |
			       1 << NFT_DO_DELETE,
		[NFT_A_RULESET] = 1 << NFT_DO_FLUSH,
	};

	return verbs[c->object] >> c->verb & 1;
}

static const char *table_or_chain(struct nft_parser *p)
{
	const char *s = nft_name(p, NAME_MAX_LEN);

	/* A name in quotes may be what no name is. */
	if (p->tok[-1].kind == 'q' || strchr(s, '*'))
		p->bad = true;
	return s;
}

static uint8_t parse_family(struct nft_parser *p, uint8_t none)
{
	if (nft_words_are(p, "inet"))
		return NFPROTO_INET;
	if (nft_words_are(p, "ip6"))
		return NFPROTO_IPV6;
	return nft_words_are(p, "ip") ? NFPROTO_IPV4 : none;
}

static void parse_statement(struct nft_parser *p)
{
	struct nft_cmd *c = p->c;
	int verb = nft_symbol("add=0 create=1 insert=2 delete=3 destroy=4 "
			      "flush=5 ",
			      nft_word(p));
	int object = p->bad ? -1
			    : nft_symbol("table=0 chain=1 rule=2 ruleset=3 ",
					 nft_word(p));

	if (verb < 0 || object < 0) {
		p->bad = true;
		return;
	}
	c->verb = (enum nft_verb)verb;
	c->object = (enum nft_object)object;
	c->family = parse_family(p, object == NFT_A_RULESET ? NFPROTO_UNSPEC
							    : NFPROTO_IPV4);
	if (!suits(c)) {
		p->bad = true;
		return;
	}
	if (c->object != NFT_A_RULESET)
		c->table = table_or_chain(p);
	if (c->object == NFT_A_CHAIN || c->object == NFT_A_RULE)
		c->chain = table_or_chain(p);
	if (p->bad)
		return;
	if (c->object == NFT_A_RULE && c->verb == NFT_DO_DELETE)
		parse_deletion(p);
	else if (c->object == NFT_A_RULE)
		parse_addition(p);
	else if (c->object == NFT_A_CHAIN && c->verb <= NFT_DO_CREATE)
		parse_block(p);
	else if (c->verb == NFT_DO_DELETE)
		c->gentle = nft_words_are(p, "wgq");
}

static void parse_all(struct nft_parser *p)
{
	struct nft_cmds *cs = p->cs;

	while (!p->bad) {
		while (end_of_line(p))
			;
		if (!p->tok->kind)
			break;
		p->c = arena_grow(p->a, &cs->v, cs->n, &cs->cap,
				  sizeof(*cs->v));
		if (!p->c) {
			p->bad = true;
			return;
		}
		cs->n++;
		parse_statement(p);
		if (p->tok->kind && !end_of_line(p))
			p->bad = true;
	}
	/* An index counts rules that other statements may have moved. */
	for (size_t i = 0; cs->n > 1 && i < cs->n; i++)
		if (cs->v[i].place == NFT_AT_INDEX)
			p->bad = true;
}

enum nft_result nft_cmd_parse(const char *const *argv, size_t argc,
			      struct arena *a, struct nft_cmds *ret,
			      const char **ret_text, const char **ret_why)
{
	cleanup(buf_done) struct buf text = { 0 }, expr = { 0 };
	struct nft_parser p = { .a = a, .cs = ret };
	size_t i = 0;

	/* Handles are shown where something is. */
	while (i < argc &&
	       (!strcmp(argv[i], "-a") || !strcmp(argv[i], "--handle")))
		i++;
	for (; i < argc; i++)
		buf_addf(&text, "%s%s", text.len ? " " : "", argv[i]);
	if (text.failed || !text.len)
		return NFT_CMD_UNKNOWN;
	*ret_text = arena_strndup(a, text.p, text.len);
	p.tok = lex(a, text.p);
	p.w.out = &expr;
	if (!p.tok || !*ret_text)
		return NFT_CMD_UNKNOWN;
	parse_all(&p);
	*ret_why = p.why;
	if (p.why)
		return NFT_CMD_FAILS;
	return p.bad || !ret->n ? NFT_CMD_UNKNOWN : NFT_CMD_OK;
}
