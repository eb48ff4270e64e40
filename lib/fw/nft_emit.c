// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/nft_emit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "fw/limit.h"
#include "fw/nft_attr.h"
#include "fw/xt_info.h"

/* Both halves of an expression's frame, one in the other. */
size_t nft_expr(struct nft_writer *w, const char *name)
{
	size_t elem = nft_nest(w->out, NFTA_LIST_ELEM);

	nft_put_str(w->out, NFTA_EXPR_NAME, name);
	nft_nest(w->out, NFTA_EXPR_DATA);
	return elem;
}

void nft_expr_end(struct nft_writer *w, size_t expr)
{
	const struct nlattr *name;

	if (w->out->failed)
		return;
	name = (const void *)(w->out->p + expr + MNL_ATTR_HDRLEN);
	nft_nest_end(w->out, expr + MNL_ATTR_HDRLEN + MNL_ALIGN(name->nla_len));
	nft_nest_end(w->out, expr);
}

/* meta and rt have their key in 2, ct too. */
void nft_load(struct nft_writer *w, const char *name, uint32_t key)
{
	size_t expr = nft_expr(w, name);

	nft_put_u32(w->out, NFTA_META_KEY, key);
	nft_put_u32(w->out, NFTA_META_DREG, NFT_REG_1);
	nft_expr_end(w, expr);
}

void nft_load_payload(struct nft_writer *w, uint32_t base, uint32_t off,
		      uint32_t len)
{
	size_t expr = nft_expr(w, "payload");

	nft_put_u32(w->out, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nft_put_u32(w->out, NFTA_PAYLOAD_BASE, base);
	nft_put_u32(w->out, NFTA_PAYLOAD_OFFSET, off);
	nft_put_u32(w->out, NFTA_PAYLOAD_LEN, len);
	nft_expr_end(w, expr);
}

static void put_data(struct nft_writer *w, unsigned int type, const void *data,
		     size_t len)
{
	size_t nest = nft_nest(w->out, type);

	nft_put_attr(w->out, NFTA_DATA_VALUE, data, len);
	nft_nest_end(w->out, nest);
}

void nft_mask(struct nft_writer *w, const void *mask, const void *flip,
	      size_t len)
{
	static const uint8_t none[16];
	size_t expr = nft_expr(w, "bitwise");

	nft_put_u32(w->out, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_put_u32(w->out, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_put_u32(w->out, NFTA_BITWISE_LEN, (uint32_t)len);
	put_data(w, NFTA_BITWISE_MASK, mask, len);
	put_data(w, NFTA_BITWISE_XOR, flip ? flip : none, len);
	nft_expr_end(w, expr);
}

static void cmp(struct nft_writer *w, uint32_t op, const void *data, size_t len)
{
	size_t expr = nft_expr(w, "cmp");

	nft_put_u32(w->out, NFTA_CMP_SREG, NFT_REG_1);
	nft_put_u32(w->out, NFTA_CMP_OP, op);
	put_data(w, NFTA_CMP_DATA, data, len);
	nft_expr_end(w, expr);
}

void nft_cmp(struct nft_writer *w, bool invert, const void *data, size_t len)
{
	cmp(w, invert ? NFT_CMP_NEQ : NFT_CMP_EQ, data, len);
}

static void cmp_range(struct nft_writer *w, bool invert, const void *lo,
		      const void *hi, size_t len)
{
	size_t expr = nft_expr(w, "range");

	nft_put_u32(w->out, NFTA_RANGE_SREG, NFT_REG_1);
	nft_put_u32(w->out, NFTA_RANGE_OP,
		    invert ? NFT_RANGE_NEQ : NFT_RANGE_EQ);
	put_data(w, NFTA_RANGE_FROM_DATA, lo, len);
	put_data(w, NFTA_RANGE_TO_DATA, hi, len);
	nft_expr_end(w, expr);
}

void nft_constant(struct nft_writer *w, uint32_t reg, const void *data,
		  size_t len)
{
	size_t expr = nft_expr(w, "immediate");

	nft_put_u32(w->out, NFTA_IMMEDIATE_DREG, reg);
	put_data(w, NFTA_IMMEDIATE_DATA, data, len);
	nft_expr_end(w, expr);
}

void nft_xt(struct nft_writer *w, const char *name, const struct fw_raw *x)
{
	size_t expr = nft_expr(w, name);

	nft_put_str(w->out, NFTA_MATCH_NAME, x->name);
	nft_put_u32(w->out, NFTA_MATCH_REV, x->rev);
	nft_put_attr(w->out, NFTA_MATCH_INFO, x->data, x->len);
	nft_expr_end(w, expr);
}

void nft_limit(struct nft_writer *w, const struct fw_match *m, uint64_t rate,
	       uint64_t unit)
{
	size_t expr = nft_expr(w, "limit");

	nft_put_u64(w->out, NFTA_LIMIT_RATE, rate);
	nft_put_u64(w->out, NFTA_LIMIT_UNIT, unit);
	nft_put_u32(w->out, NFTA_LIMIT_BURST, m->limit.burst);
	nft_put_u32(w->out, NFTA_LIMIT_TYPE,
		    m->limit.bytes ? NFT_LIMIT_PKT_BYTES : NFT_LIMIT_PKTS);
	nft_put_u32(w->out, NFTA_LIMIT_FLAGS, m->invert ? NFT_LIMIT_F_INV : 0);
	nft_expr_end(w, expr);
}

/* Bytes that a prefix of whole bytes has, or 0: it has others. */
static uint32_t whole_bytes(const struct fw_addr *a)
{
	uint32_t all = addr_bytes(a->family), n = 0, i;

	while (n < all && a->mask[n] == 0xff)
		n++;
	for (i = n; i < all; i++)
		if (a->mask[i])
			return 0;
	return n;
}

void nft_addr(struct nft_writer *w, const struct fw_match *m)
{
	const struct fw_addr *a = &m->addr;
	bool v6 = a->family == NFPROTO_IPV6;
	uint32_t len = addr_bytes(a->family), off = v6 ? 8 : 12, short_len;

	if (m->kind == FW_M_DADDR)
		off += len;
	if (a->range) {
		nft_load_payload(w, NFT_PAYLOAD_NETWORK_HEADER, off, len);
		cmp_range(w, m->invert, a->b, a->b2, len);
		return;
	}
	short_len = whole_bytes(a);
	nft_load_payload(w, NFT_PAYLOAD_NETWORK_HEADER, off,
			 short_len ? short_len : len);
	if (!short_len)
		nft_mask(w, a->mask, NULL, len);
	nft_cmp(w, m->invert, a->b, short_len ? short_len : len);
}

void nft_port(struct nft_writer *w, const struct fw_match *m)
{
	uint16_t lo = htons(m->range.lo), hi = htons(m->range.hi);

	nft_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER,
			 m->kind == FW_M_SPORT ? 0 : 2, sizeof(lo));
	if (lo == hi)
		nft_cmp(w, m->invert, &lo, sizeof(lo));
	else if (!lo)
		cmp(w, m->invert ? NFT_CMP_GT : NFT_CMP_LTE, &hi, sizeof(hi));
	else
		cmp_range(w, m->invert, &lo, &hi, sizeof(lo));
}

void nft_tcp_flags(struct nft_writer *w, const struct fw_match *m)
{
	nft_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	nft_mask(w, &m->tcp_flags.mask, NULL, 1);
	nft_cmp(w, m->invert, &m->tcp_flags.cmp, 1);
}

void nft_mark(struct nft_writer *w, const struct fw_match *m)
{
	if (m->kind == FW_M_MARK)
		nft_load(w, "meta", NFT_META_MARK);
	else
		nft_load(w, "ct", NFT_CT_MARK);
	if (m->bits.mask != UINT32_MAX)
		nft_mask(w, &m->bits.mask, NULL, sizeof(m->bits.mask));
	nft_cmp(w, m->invert, &m->bits.value, sizeof(m->bits.value));
}

void nft_byte(struct nft_writer *w, uint32_t key, const struct fw_match *m)
{
	uint8_t lo = (uint8_t)m->range.lo, hi = (uint8_t)m->range.hi;

	nft_load(w, "meta", key);
	if (lo == hi)
		nft_cmp(w, m->invert, &lo, sizeof(lo));
	else
		cmp_range(w, m->invert, &lo, &hi, sizeof(lo));
}

void nft_raw(struct nft_writer *w, const struct fw_raw *raw)
{
	buf_add(w->out, raw->data, raw->len);
}

int nft_xt_match(struct nft_writer *w, size_t at, size_t *ret_n)
{
	struct fw_raw x;
	int err = xt_info_build_match(w->a, w->r, at, w->family, &x, ret_n);

	if (!err)
		nft_xt(w, "match", &x);
	return err;
}

int nft_xt_target(struct nft_writer *w, const struct fw_stmt *s)
{
	struct fw_raw x;
	int err = xt_info_build_target(w->a, s, w->family, &x);

	if (!err)
		nft_xt(w, "target", &x);
	return err;
}

bool nft_verdict(struct nft_writer *w, const struct fw_stmt *s)
{
	static const struct {
		enum fw_stmt_kind kind;
		int code;
	} codes[] = { { FW_S_ACCEPT, NF_ACCEPT },  { FW_S_DROP, NF_DROP },
		      { FW_S_RETURN, NFT_RETURN }, { FW_S_JUMP, NFT_JUMP },
		      { FW_S_GOTO, NFT_GOTO },	   { FW_S_QUEUE, NF_QUEUE } };
	size_t expr, data, verdict, i;

	for (i = 0; codes[i].kind != s->kind; i++)
		if (i == ARRAY_SIZE(codes) - 1)
			return false;
	expr = nft_expr(w, "immediate");
	nft_put_u32(w->out, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nft_nest(w->out, NFTA_IMMEDIATE_DATA);
	verdict = nft_nest(w->out, NFTA_DATA_VERDICT);
	nft_put_u32(w->out, NFTA_VERDICT_CODE, (uint32_t)codes[i].code);
	if (s->kind == FW_S_JUMP || s->kind == FW_S_GOTO)
		nft_put_str(w->out, NFTA_VERDICT_CHAIN, s->chain);
	nft_nest_end(w->out, verdict);
	nft_nest_end(w->out, data);
	nft_expr_end(w, expr);
	return true;
}

static int iptables_iface(struct nft_writer *w, const struct fw_match *m)
{
	const struct fw_iface *f = &m->iface;

	/* 1.8.9 loads the name for "-i +" and compares nothing. */
	if (f->index && !f->name[0])
		return -EOPNOTSUPP;
	nft_load(w, "meta",
		 m->kind == FW_M_IIF ? NFT_META_IIFNAME : NFT_META_OIFNAME);
	if (f->name[0] || !f->prefix)
		nft_cmp(w, m->invert, f->name, strlen(f->name) + !f->prefix);
	return 0;
}

static bool any_addr(const struct fw_addr *a)
{
	static const uint8_t none[16];

	return !a->range && memcmp(a->mask, none, sizeof(none)) == 0;
}

/* Interfaces, protocol, addresses: in this order, whatever the rule's. */
static int iptables_head(struct nft_writer *w)
{
	static const enum fw_match_kind order[] = { FW_M_IIF, FW_M_OIF,
						    FW_M_L4PROTO, FW_M_SADDR,
						    FW_M_DADDR };
	size_t i, j;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		for (j = 0; j < w->r->n_match && !err; j++) {
			const struct fw_match *m = &w->r->match[j];

			if (m->kind != order[i])
				continue;
			if (m->kind == FW_M_IIF || m->kind == FW_M_OIF)
				err = iptables_iface(w, m);
			else if (m->kind == FW_M_L4PROTO)
				nft_byte(w, NFT_META_L4PROTO, m);
			else if (m->addr.family != w->family || m->addr.range)
				err = -EOPNOTSUPP;
			else if (m->invert || !any_addr(&m->addr))
				nft_addr(w, m);
		}
	}
	return err;
}

/* Is the rule for TCP or UDP?  iptables has expressions for these alone. */
static bool plain_ports(const struct fw_rule *r)
{
	size_t i;

	for (i = 0; i < r->n_match; i++)
		if (r->match[i].kind == FW_M_L4PROTO && !r->match[i].invert)
			return r->match[i].range.lo == IPPROTO_TCP ||
			       r->match[i].range.lo == IPPROTO_UDP;
	return false;
}

static bool is_transport(const struct fw_match *m)
{
	return m->kind == FW_M_SPORT || m->kind == FW_M_DPORT ||
	       m->kind == FW_M_TCP_FLAGS;
}

static bool all_ports(const struct fw_match *m)
{
	return m->kind != FW_M_TCP_FLAGS && !m->invert && !m->range.lo &&
	       m->range.hi == UINT16_MAX;
}

/* What stands together is one extension: flags come first.  "-m tcp" alone
 * has no expression, and is xt. */
static int iptables_transport(struct nft_writer *w, size_t at, size_t *ret_n)
{
	static const enum fw_match_kind order[] = { FW_M_TCP_FLAGS, FW_M_SPORT,
						    FW_M_DPORT };
	const struct fw_match *m = &w->r->match[at];
	size_t n = 1, i, j;

	while (at + n < w->r->n_match && is_transport(&m[n]))
		n++;
	*ret_n = n;
	if (!plain_ports(w->r) || (n == 1 && all_ports(m)))
		return nft_xt_match(w, at, ret_n);
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		for (j = 0; j < n; j++) {
			if (m[j].kind != order[i] || all_ports(&m[j]))
				continue;
			if (m[j].kind == FW_M_TCP_FLAGS)
				nft_tcp_flags(w, &m[j]);
			else
				nft_port(w, &m[j]);
		}
	}
	return 0;
}

static int iptables_limit(struct nft_writer *w, const struct fw_match *m)
{
	uint64_t rate;
	size_t unit;

	if (m->invert || m->limit.bytes ||
	    !fw_limit_fit(&m->limit, &rate, &unit))
		return -EOPNOTSUPP;
	nft_limit(w, m, rate, fw_limit_units[unit].seconds);
	return 0;
}

static int iptables_match(struct nft_writer *w, size_t at, size_t *ret_n)
{
	const struct fw_match *m = &w->r->match[at];

	*ret_n = 1;
	switch (m->kind) {
	case FW_M_IIF:
	case FW_M_OIF:
	case FW_M_SADDR:
	case FW_M_DADDR:
	case FW_M_L4PROTO:
		return 0; /* of the head */
	case FW_M_NFPROTO:
		return m->range.lo == w->family && !m->invert ? 0 : -EOPNOTSUPP;
	case FW_M_SPORT:
	case FW_M_DPORT:
	case FW_M_TCP_FLAGS:
		return iptables_transport(w, at, ret_n);
	case FW_M_MARK:
		nft_mark(w, m);
		return 0;
	case FW_M_LIMIT:
		return iptables_limit(w, m);
	case FW_M_EXPR:
		nft_raw(w, &m->raw);
		return 0;
	case FW_M_SET:
		return -EOPNOTSUPP;
	case FW_M_PORTS:
	case FW_M_ICMP:
	case FW_M_CTSTATE:
	case FW_M_CTSTATUS:
	case FW_M_CTMARK:
	case FW_M_ADDRTYPE:
	case FW_M_COMMENT:
	case FW_M_XT:
		return nft_xt_match(w, at, ret_n);
	}
	return -EOPNOTSUPP;
}

static void counter(struct nft_writer *w)
{
	size_t expr = nft_expr(w, "counter");

	nft_put_u64(w->out, NFTA_COUNTER_BYTES, 0);
	nft_put_u64(w->out, NFTA_COUNTER_PACKETS, 0);
	nft_expr_end(w, expr);
}

int nft_iptables(struct nft_writer *w)
{
	int err = iptables_head(w);
	size_t i, n;

	for (i = 0; i < w->r->n_match && !err; i += n)
		err = iptables_match(w, i, &n);
	counter(w);
	for (i = 0; i < w->r->n_stmt && !err; i++) {
		const struct fw_stmt *s = &w->r->stmt[i];

		if (s->kind == FW_S_EXPR ||
		    (s->kind == FW_S_LOG && strcmp(s->raw.name, "log") == 0))
			nft_raw(w, &s->raw);
		else if (!nft_verdict(w, s))
			err = nft_xt_target(w, s);
	}
	return err;
}
