// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "fw/nft_priv.h"

#define ANY 0

/* Fields of the network header; ports and the like depend on the protocol. */
static const struct {
	uint8_t family, off, len;
	int field;
} net_fields[] = {
	{ NFPROTO_IPV4, 12, 4, FW_F_SADDR },
	{ NFPROTO_IPV4, 16, 4, FW_F_DADDR },
	{ NFPROTO_IPV4, 9, 1, FW_F_L4PROTO },
	{ NFPROTO_IPV6, 8, 16, FW_F_SADDR },
	{ NFPROTO_IPV6, 24, 16, FW_F_DADDR },
	{ NFPROTO_IPV6, 6, 1, FW_F_L4PROTO },
	{ NFPROTO_IPV4, 6, 2, NFT_F_FRAGMENT },
	{ ANY, 0, 1, NFT_F_VERSION },
};

/* The one value that earlier matches leave for a field, or -1. */
static int known(const struct nft_reader *rd, enum fw_match_kind kind)
{
	const struct fw_match *m;
	size_t i;

	for (i = rd->r->n_match; i-- > 0;) {
		m = &rd->r->match[i];
		if (m->kind == kind && !m->invert && m->range.lo == m->range.hi)
			return m->range.lo;
	}
	return -1;
}

static int family_of(const struct nft_reader *rd)
{
	if (rd->t->family != NFPROTO_INET)
		return rd->t->family;
	return known(rd, FW_M_NFPROTO);
}

static int net_field(const struct nft_reader *rd, unsigned int off,
		     unsigned int *len)
{
	int family = family_of(rd);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(net_fields); i++) {
		if (net_fields[i].off != off ||
		    (net_fields[i].family != ANY &&
		     net_fields[i].family != family))
			continue;
		*len = net_fields[i].len;
		return net_fields[i].field;
	}
	return NFT_F_NONE;
}

static bool has_ports(int l4proto)
{
	return l4proto == IPPROTO_TCP || l4proto == IPPROTO_UDP ||
	       l4proto == IPPROTO_SCTP || l4proto == IPPROTO_DCCP ||
	       l4proto == IPPROTO_UDPLITE;
}

static int transport_field(const struct nft_reader *rd, unsigned int off,
			   unsigned int *len)
{
	int l4proto = known(rd, FW_M_L4PROTO);

	*len = 1;
	if (l4proto == IPPROTO_ICMP || l4proto == IPPROTO_ICMPV6) {
		if (off > 1)
			return NFT_F_NONE;
		return off ? NFT_F_ICMP_CODE : NFT_F_ICMP_TYPE;
	}
	if (off == 13 && l4proto == IPPROTO_TCP)
		return NFT_F_TCP_FLAGS;
	/* "th dport" in nft may go with a set of protocols. */
	if ((off != 0 && off != 2) || (l4proto >= 0 && !has_ports(l4proto)))
		return NFT_F_NONE;
	*len = 2;
	return off ? FW_F_DPORT : FW_F_SPORT;
}

static int meta_field(uint32_t key)
{
	switch (key) {
	case NFT_META_IIFNAME:
		return FW_F_IIFNAME;
	case NFT_META_OIFNAME:
		return FW_F_OIFNAME;
	case NFT_META_IIF:
		return FW_F_IIF;
	case NFT_META_OIF:
		return FW_F_OIF;
	case NFT_META_NFPROTO:
		return FW_F_NFPROTO;
	case NFT_META_L4PROTO:
		return FW_F_L4PROTO;
	case NFT_META_PROTOCOL:
		return NFT_F_ETHER;
	case NFT_META_MARK:
		return FW_F_MARK;
	}
	return NFT_F_NONE;
}

static int ct_field(uint32_t key)
{
	if (key == NFT_CT_STATE)
		return FW_F_CTSTATE;
	return key == NFT_CT_STATUS ? FW_F_CTSTATUS : FW_F_CTMARK;
}

static int one_field(const struct nft_val *v)
{
	switch (v->from) {
	case NFT_FROM_META:
		return meta_field(v->key);
	case NFT_FROM_CT:
		return ct_field(v->key);
	case NFT_FROM_FIB:
		return v->key == NFT_FIB_RESULT_ADDRTYPE ? NFT_F_FIB_TYPE
							 : NFT_F_NONE;
	case NFT_FROM_NOWHERE:
	case NFT_FROM_PAYLOAD:
	case NFT_FROM_RT:
	case NFT_FROM_DATA:
	case NFT_FROM_OTHER:
		break;
	}
	return NFT_F_NONE;
}

size_t nft_pieces(const struct nft_reader *rd, const struct nft_val *v,
		  size_t len, struct nft_piece out[NFT_PIECES])
{
	unsigned int pos = 0, full;
	size_t n = 0;
	int field;

	if (v->from != NFT_FROM_PAYLOAD) {
		out[0] = (struct nft_piece){ one_field(v), 0,
					     (unsigned int)len };
		return out[0].field != NFT_F_NONE;
	}
	while (pos < len) {
		field = NFT_F_NONE;
		full = 0;
		if (v->key == NFT_PAYLOAD_NETWORK_HEADER)
			field = net_field(rd, v->off + pos, &full);
		else if (v->key == NFT_PAYLOAD_TRANSPORT_HEADER)
			field = transport_field(rd, v->off + pos, &full);
		if (field == NFT_F_NONE || n == NFT_PIECES)
			return 0;
		out[n].field = field;
		out[n].pos = pos;
		out[n].len = full;
		if (pos + full > len)
			out[n].len = (unsigned int)len - pos;
		/* A part is enough only of an address. */
		if (out[n].len < full && field != FW_F_SADDR &&
		    field != FW_F_DADDR)
			return 0;
		pos += out[n].len;
		n++;
	}
	return n;
}

/**
 * struct test - a comparison of one field
 * @field:	enum fw_field or NFT_F_
 * @invert:	the opposite
 * @value:	what it is compared with
 * @mask:	under this
 * @len:	bytes of the two
 * @v:		value that the field is in
 */
struct test {
	int field;
	bool invert;
	const uint8_t *value, *mask;
	unsigned int len;
	const struct nft_val *v;
};

static bool full_mask(const struct test *t)
{
	unsigned int i;

	for (i = 0; i < t->len; i++)
		if (t->mask[i] != 0xff)
			return false;
	return true;
}

static uint32_t host32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static struct fw_match *add(struct nft_reader *rd, const struct test *t,
			    enum fw_match_kind kind)
{
	struct fw_match *m = nft_match(rd, kind);

	if (m)
		m->invert = t->invert;
	return m;
}

/* iptables leaves out the NUL for "wg+", nft fills up with them. */
static bool test_ifname(struct nft_reader *rd, const struct test *t)
{
	size_t n = strnlen((const char *)t->value, t->len);
	struct fw_match *m;

	if (!n || n >= IFNAMSIZ || t->len > IFNAMSIZ || !full_mask(t))
		return false;
	m = add(rd, t, t->field == FW_F_IIFNAME ? FW_M_IIF : FW_M_OIF);
	if (!m)
		return true;
	memcpy(m->iface.name, t->value, n);
	m->iface.prefix = n == t->len;
	return true;
}

static bool test_ifindex(struct nft_reader *rd, const struct test *t)
{
	struct fw_match *m;

	if (t->len != 4 || !full_mask(t))
		return false;
	m = add(rd, t, t->field == FW_F_IIF ? FW_M_IIF : FW_M_OIF);
	if (m)
		m->iface.index = host32(t->value);
	return true;
}

static bool test_addr(struct nft_reader *rd, const struct test *t)
{
	struct fw_match *m;
	unsigned int i;

	m = add(rd, t, t->field == FW_F_SADDR ? FW_M_SADDR : FW_M_DADDR);
	if (!m)
		return true;
	m->addr.family = (uint8_t)family_of(rd);
	for (i = 0; i < t->len; i++) {
		m->addr.mask[i] = t->mask[i];
		m->addr.b[i] = t->value[i] & t->mask[i];
	}
	return true;
}

static bool test_number(struct nft_reader *rd, const struct test *t,
			enum fw_match_kind kind, uint16_t value)
{
	struct fw_match *m;

	if (!full_mask(t))
		return false;
	m = add(rd, t, kind);
	if (m)
		m->range.lo = m->range.hi = value;
	return true;
}

/* What a packet's protocol is says its table, and nothing more. */
static bool test_nfproto(struct nft_reader *rd, const struct test *t,
			 uint8_t family)
{
	struct fw_match *m;

	if (!family)
		return false;
	if (!t->invert && family == rd->t->family)
		return true;
	m = add(rd, t, FW_M_NFPROTO);
	if (m)
		m->range.lo = m->range.hi = family;
	return true;
}

static bool test_version(struct nft_reader *rd, const struct test *t)
{
	uint8_t family = 0;

	rd->r->legible = false;
	if (t->mask[0] != 0xf0)
		return false;
	if (t->value[0] == 0x40)
		family = NFPROTO_IPV4;
	else if (t->value[0] == 0x60)
		family = NFPROTO_IPV6;
	return test_nfproto(rd, t, family);
}

static bool test_ether(struct nft_reader *rd, const struct test *t)
{
	uint8_t family = 0;

	if (t->len != 2 || !full_mask(t))
		return false;
	if (be16(t->value) == ETH_P_IP)
		family = NFPROTO_IPV4;
	else if (be16(t->value) == ETH_P_IPV6)
		family = NFPROTO_IPV6;
	return test_nfproto(rd, t, family);
}

static bool test_icmp(struct nft_reader *rd, const struct test *t)
{
	struct fw_match *m;

	if (!full_mask(t))
		return false;
	if (t->field == NFT_F_ICMP_TYPE) {
		m = add(rd, t, FW_M_ICMP);
		if (!m)
			return true;
		m->icmp.proto = (uint8_t)known(rd, FW_M_L4PROTO);
		m->icmp.type = t->value[0];
		m->icmp.code[1] = 255;
		return true;
	}
	/* A code has no meaning but with the type that is asked before it. */
	if (!rd->r->n_match || t->invert)
		return false;
	m = &rd->r->match[rd->r->n_match - 1];
	if (m->kind != FW_M_ICMP || m->invert || m->icmp.code[0] ||
	    m->icmp.code[1] != 255)
		return false;
	m->icmp.code[0] = m->icmp.code[1] = t->value[0];
	return true;
}

static bool test_tcp_flags(struct nft_reader *rd, const struct test *t)
{
	struct fw_match *m = add(rd, t, FW_M_TCP_FLAGS);

	if (!m)
		return true;
	m->tcp_flags.mask = t->mask[0];
	m->tcp_flags.cmp = t->value[0];
	return true;
}

static bool test_mark(struct nft_reader *rd, const struct test *t)
{
	uint32_t value = host32(t->value), mask = host32(t->mask);
	struct fw_match *m;

	if (t->len != 4 || (value & ~mask))
		return false;
	m = add(rd, t, t->field == FW_F_MARK ? FW_M_MARK : FW_M_CTMARK);
	if (!m)
		return true;
	m->bits.value = value;
	m->bits.mask = mask;
	return true;
}

/*
 * "& mask != 0" asks for one of the bits.  A connection has one state only, so
 * that a state can be asked for without a mask.
 */
static bool test_ct(struct nft_reader *rd, const struct test *t)
{
	uint32_t value = host32(t->value), mask = host32(t->mask);
	bool state = t->field == FW_F_CTSTATE, invert = t->invert;
	struct fw_match *m;

	if (t->len != 4)
		return false;
	if (!value && mask != UINT32_MAX)
		invert = !invert;
	else if (value && value == mask && !(value & (value - 1)))
		; /* a single bit that is set */
	else if (state && mask == UINT32_MAX && value && !(value & (value - 1)))
		mask = value;
	else
		return false;
	m = add(rd, t, state ? FW_M_CTSTATE : FW_M_CTSTATUS);
	if (!m)
		return true;
	m->invert = invert;
	m->ct.mask = mask;
	return true;
}

static bool test_fib_type(struct nft_reader *rd, const struct test *t)
{
	uint32_t type = host32(t->value), flags = t->v->flags, side = flags & 3;
	struct fw_match *m;

	if (t->len != 4 || !full_mask(t) || type > 15 ||
	    (side != NFTA_FIB_F_SADDR && side != NFTA_FIB_F_DADDR) ||
	    (flags & ~(uint32_t)(side | NFTA_FIB_F_IIF | NFTA_FIB_F_OIF)))
		return false;
	m = nft_match(rd, FW_M_ADDRTYPE);
	if (!m)
		return true;
	if (side == NFTA_FIB_F_SADDR) {
		m->addrtype.src = (uint16_t)(1 << type);
		m->addrtype.invert_src = t->invert;
	} else {
		m->addrtype.dst = (uint16_t)(1 << type);
		m->addrtype.invert_dst = t->invert;
	}
	m->addrtype.limit_in = flags & NFTA_FIB_F_IIF;
	m->addrtype.limit_out = flags & NFTA_FIB_F_OIF;
	return true;
}

/* Every IPv4 packet but the first of a datagram; iptables says "-f". */
static bool test_fragment(struct nft_reader *rd, const struct test *t)
{
	bool legible = rd->r->legible;
	size_t n = rd->r->n_match;

	if (be16(t->mask) != 0x1fff || be16(t->value))
		return false;
	nft_keep(rd, t->v);
	rd->r->legible = legible;
	if (rd->r->n_match == n)
		return true;
	rd->r->match[n].raw.name = t->invert ? "fragment" : "head fragment";
	return true;
}

/* false: it cannot be said, and nothing was added. */
static bool test_field(struct nft_reader *rd, const struct test *t)
{
	switch (t->field) {
	case FW_F_IIFNAME:
	case FW_F_OIFNAME:
		return test_ifname(rd, t);
	case FW_F_IIF:
	case FW_F_OIF:
		return test_ifindex(rd, t);
	case FW_F_SADDR:
	case FW_F_DADDR:
		return test_addr(rd, t);
	case FW_F_NFPROTO:
		return full_mask(t) && test_nfproto(rd, t, t->value[0]);
	case FW_F_L4PROTO:
		return test_number(rd, t, FW_M_L4PROTO, t->value[0]);
	case FW_F_SPORT:
		return test_number(rd, t, FW_M_SPORT, be16(t->value));
	case FW_F_DPORT:
		return test_number(rd, t, FW_M_DPORT, be16(t->value));
	case FW_F_MARK:
	case FW_F_CTMARK:
		return test_mark(rd, t);
	case FW_F_CTSTATE:
	case FW_F_CTSTATUS:
		return test_ct(rd, t);
	case NFT_F_ETHER:
		return test_ether(rd, t);
	case NFT_F_VERSION:
		return test_version(rd, t);
	case NFT_F_FRAGMENT:
		return test_fragment(rd, t);
	case NFT_F_TCP_FLAGS:
		return test_tcp_flags(rd, t);
	case NFT_F_ICMP_TYPE:
	case NFT_F_ICMP_CODE:
		return test_icmp(rd, t);
	case NFT_F_FIB_TYPE:
		return test_fib_type(rd, t);
	}
	return false;
}

/* iptables looks for ports in TCP and UDP only, and its IPv6 protocol is that
 * behind all extension headers. */
static void check_legible(struct nft_reader *rd, const struct nft_val *v,
			  int field)
{
	int l4proto;

	if (field == FW_F_SPORT || field == FW_F_DPORT) {
		l4proto = known(rd, FW_M_L4PROTO);
		if (l4proto != IPPROTO_TCP && l4proto != IPPROTO_UDP)
			rd->r->legible = false;
	}
	if (field == FW_F_L4PROTO && v->from == NFT_FROM_PAYLOAD &&
	    rd->t->family == NFPROTO_IPV6)
		rd->r->legible = false;
}

static bool compare_equal(struct nft_reader *rd, struct nft_val *v, bool invert,
			  const uint8_t *data, size_t len)
{
	struct nft_piece piece[NFT_PIECES];
	size_t n = nft_pieces(rd, v, len, piece), before = rd->r->n_match, i;
	uint8_t value[NFT_VALUE_MAX];
	struct test t;

	if (!n || (invert && n > 1))
		return false;
	for (i = 0; i < len; i++)
		value[i] = data[i] ^ v->xor [i];
	for (i = 0; i < n; i++) {
		t.field = piece[i].field;
		t.invert = invert;
		t.value = value + piece[i].pos;
		t.mask = v->mask + piece[i].pos;
		t.len = piece[i].len;
		t.v = v;
		if (!test_field(rd, &t)) {
			rd->r->n_match = before;
			return false;
		}
		check_legible(rd, v, t.field);
	}
	return true;
}

static enum fw_match_kind range_kind(int field)
{
	switch (field) {
	case FW_F_SADDR:
		return FW_M_SADDR;
	case FW_F_DADDR:
		return FW_M_DADDR;
	case FW_F_L4PROTO:
		return FW_M_L4PROTO;
	case FW_F_SPORT:
		return FW_M_SPORT;
	case FW_F_DPORT:
		return FW_M_DPORT;
	}
	return FW_M_EXPR;
}

static bool is_addr(enum fw_match_kind kind)
{
	return kind == FW_M_SADDR || kind == FW_M_DADDR;
}

/* Two comparisons of one value, ">= lo" and "<= hi", are one range. */
static void narrow(struct fw_match *m, const uint8_t *lo, const uint8_t *hi,
		   size_t len)
{
	uint16_t l, h;

	if (is_addr(m->kind)) {
		if (memcmp(lo, m->addr.b, len) > 0)
			memcpy(m->addr.b, lo, len);
		if (memcmp(hi, m->addr.b2, len) < 0)
			memcpy(m->addr.b2, hi, len);
		return;
	}
	l = len == 2 ? be16(lo) : lo[0];
	h = len == 2 ? be16(hi) : hi[0];
	if (l > m->range.lo)
		m->range.lo = l;
	if (h < m->range.hi)
		m->range.hi = h;
}

static bool compare_range(struct nft_reader *rd, struct nft_val *v, bool invert,
			  const uint8_t *lo, const uint8_t *hi, size_t len)
{
	struct nft_piece piece[NFT_PIECES];
	size_t n = nft_pieces(rd, v, len, piece), full;
	enum fw_match_kind kind;
	struct fw_match *m;

	if (n != 1 || v->masked)
		return false;
	kind = range_kind(piece[0].field);
	full = is_addr(kind) ? addr_bytes((uint8_t)family_of(rd)) : len;
	if (kind == FW_M_EXPR || len != full)
		return false;
	if (kind != FW_M_SPORT && kind != FW_M_DPORT)
		rd->r->legible = false;
	check_legible(rd, v, piece[0].field);
	if (!invert && v->match && v->match == rd->r->n_match) {
		narrow(&rd->r->match[v->match - 1], lo, hi, len);
		return true;
	}
	m = nft_match(rd, kind);
	if (!m)
		return true;
	m->invert = invert;
	if (is_addr(kind)) {
		m->addr.family = (uint8_t)family_of(rd);
		m->addr.range = true;
		memset(m->addr.b2, 0xff, len);
		memset(m->addr.mask, 0xff, len);
	} else {
		m->range.hi = len == 2 ? UINT16_MAX : UINT8_MAX;
	}
	narrow(m, lo, hi, len);
	v->match = invert ? 0 : rd->r->n_match;
	return true;
}

/* Adds @by (1 or -1) to a number in network order; false: it wraps. */
static bool step(uint8_t *p, size_t len, int by)
{
	while (len-- > 0) {
		p[len] = (uint8_t)(p[len] + by);
		if (p[len] != (by > 0 ? 0x00 : 0xff))
			return true;
	}
	return false;
}

static bool compare_order(struct nft_reader *rd, struct nft_val *v, uint32_t op,
			  const uint8_t *data, size_t len)
{
	uint8_t lo[NFT_VALUE_MAX] = { 0 }, hi[NFT_VALUE_MAX];
	bool above = op == NFT_CMP_GT || op == NFT_CMP_GTE;

	memset(hi, 0xff, sizeof(hi));
	memcpy(above ? lo : hi, data, len);
	if (op == NFT_CMP_GT && !step(lo, len, 1))
		return false;
	if (op == NFT_CMP_LT && !step(hi, len, -1))
		return false;
	return compare_range(rd, v, false, lo, hi, len);
}

void nft_read_cmp(struct nft_reader *rd, struct nft_attrs *at)
{
	struct nft_val *v = nft_get(rd, nft_attr_u32(at, NFTA_CMP_SREG));
	uint32_t op = nft_attr_u32(at, NFTA_CMP_OP);
	bool said = false;
	const uint8_t *data;
	size_t len;

	data = nft_attr_data(at, NFTA_CMP_DATA, &len);
	if (v && len && len <= v->len && len <= NFT_VALUE_MAX) {
		if (op == NFT_CMP_EQ || op == NFT_CMP_NEQ)
			said = compare_equal(rd, v, op == NFT_CMP_NEQ, data,
					     len);
		else
			said = compare_order(rd, v, op, data, len);
	}
	if (!said && !rd->err)
		nft_keep(rd, v);
}

void nft_read_range(struct nft_reader *rd, struct nft_attrs *at)
{
	struct nft_val *v = nft_get(rd, nft_attr_u32(at, NFTA_RANGE_SREG));
	bool invert = nft_attr_u32(at, NFTA_RANGE_OP) == NFT_RANGE_NEQ;
	const uint8_t *lo, *hi;
	size_t n_lo, n_hi;
	bool said = false;

	lo = nft_attr_data(at, NFTA_RANGE_FROM_DATA, &n_lo);
	hi = nft_attr_data(at, NFTA_RANGE_TO_DATA, &n_hi);
	if (v && n_lo && n_lo == n_hi && n_lo <= v->len &&
	    n_lo <= NFT_VALUE_MAX)
		said = compare_range(rd, v, invert, lo, hi, n_lo);
	if (!said && !rd->err)
		nft_keep(rd, v);
}

static bool flips(const struct nft_val *v)
{
	size_t i;

	for (i = 0; i < NFT_VALUE_MAX; i++)
		if (v->xor [i])
			return true;
	return false;
}

static bool add_part(struct fw_key *key, int field, uint32_t len,
		     const uint8_t *mask)
{
	if (key->n == ARRAY_SIZE(key->part))
		return false;
	if (field < 0 || field > FW_F_OTHER)
		field = FW_F_OTHER;
	key->part[key->n].field = (enum fw_field)field;
	key->part[key->n].len = (uint8_t)len;
	memcpy(key->part[key->n].mask, mask,
	       len < NFT_VALUE_MAX ? len : NFT_VALUE_MAX);
	key->n++;
	return true;
}

static bool add_val(const struct nft_reader *rd, const struct nft_val *v,
		    struct fw_key *key)
{
	struct nft_piece piece[NFT_PIECES];
	size_t n = 0, i;

	if (v->len > UINT8_MAX)
		return false;
	if (v->len <= NFT_VALUE_MAX && !flips(v))
		n = nft_pieces(rd, v, v->len, piece);
	for (i = 0; i < n; i++) {
		/* Within a value fields follow without a gap. */
		if (n > 1 && piece[i].pos % 4)
			n = 0;
	}
	if (!n)
		return add_part(key, FW_F_OTHER, v->len, v->mask);
	for (i = 0; i < n; i++)
		if (!add_part(key, piece[i].field, piece[i].len,
			      v->mask + piece[i].pos))
			return false;
	return true;
}

/*
 * The key begins at @sreg and is as long as the set says; where the set was not
 * dumped, as long as there are values that nothing has looked at yet.
 */
static struct fw_key key_of(struct nft_reader *rd, uint32_t sreg,
			    const struct fw_set *set)
{
	uint32_t want = set ? set->key_len : NFT_SLOTS * 4, have = 0;
	struct fw_key key = {}, unknown = { .n = 1 };
	int slot = nft_slot(sreg);

	unknown.part[0].field = FW_F_OTHER;
	unknown.part[0].len = set && want <= UINT8_MAX ? (uint8_t)want : 0;
	memset(unknown.part[0].mask, 0xff, sizeof(unknown.part[0].mask));
	while (slot >= 0 && slot < NFT_SLOTS && have < want) {
		struct nft_val *v = &rd->reg[slot];
		uint32_t len = (v->len + 3) & ~3u;

		if (v->from == NFT_FROM_NOWHERE || !len ||
		    (!set && v->used && key.n))
			break;
		v->used = true;
		if (!add_val(rd, v, &key))
			return unknown;
		have += len;
		slot += (int)(len / 4);
	}
	return !key.n || (set && have < want) ? unknown : key;
}

void nft_read_lookup(struct nft_reader *rd, struct nft_attrs *at)
{
	uint32_t sreg = nft_attr_u32(at, NFTA_LOOKUP_SREG);
	uint32_t flags = nft_attr_u32(at, NFTA_LOOKUP_FLAGS);
	const char *name = nft_attr_str(at, NFTA_LOOKUP_SET);
	bool map = at->tb[NFTA_LOOKUP_DREG];
	uint32_t dreg = nft_attr_u32(at, NFTA_LOOKUP_DREG);
	struct fw_lookup l = { 0 };
	struct fw_key *key;
	struct fw_match *m;
	struct nft_val *v;
	struct fw_stmt *s;

	rd->r->legible = false;
	if (!name) {
		rd->err = -EBADMSG;
		return;
	}
	l.set = fw_set_find(rd->t, name);
	l.name = arena_strndup(rd->a, name, strlen(name));
	key = arena_alloc(rd->a, sizeof(*key));
	if (!l.name || !key) {
		rd->err = -ENOMEM;
		return;
	}
	*key = key_of(rd, sreg, l.set);
	l.key = key;
	if (map && dreg == NFT_REG_VERDICT) {
		s = nft_stmt(rd, FW_S_VMAP);
		if (s)
			s->vmap = l;
		return;
	}
	m = nft_match(rd, FW_M_SET);
	if (!m)
		return;
	m->invert = flags & NFT_LOOKUP_F_INV;
	m->lookup = l;
	if (!map)
		return;
	v = nft_put(rd, dreg, 4, NFT_FROM_OTHER);
	if (v)
		v->used = true; /* it is the match that may not hold */
}
