// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "fw/nft_attr.h"
#include "fw/nft_emit.h"

/* Names of interfaces fill their register, but for the beginning of one. */
static int native_iface(struct nft_writer *w, const struct fw_match *m)
{
	bool in = m->kind == FW_M_IIF;
	const struct fw_iface *f = &m->iface;

	if (!f->name[0] && f->prefix && !m->invert)
		return 0;
	if (!f->name[0]) {
		nft_load(w, "meta", in ? NFT_META_IIF : NFT_META_OIF);
		nft_cmp(w, m->invert, &f->index, sizeof(f->index));
		return f->index ? 0 : -EOPNOTSUPP;
	}
	nft_load(w, "meta", in ? NFT_META_IIFNAME : NFT_META_OIFNAME);
	nft_cmp(w, m->invert, f->name,
		f->prefix ? strlen(f->name) : sizeof(f->name));
	return 0;
}

/* The family that a rule asks for, of which @upto matches stand already. */
static uint8_t asked_family(const struct nft_writer *w, size_t upto)
{
	size_t i;

	if (w->family != NFPROTO_INET)
		return w->family;
	for (i = 0; i < upto; i++) {
		const struct fw_match *m = &w->r->match[i];

		if (m->kind == FW_M_NFPROTO && !m->invert)
			return (uint8_t)m->range.lo;
		if (m->kind == FW_M_SADDR || m->kind == FW_M_DADDR)
			return m->addr.family;
	}
	return 0;
}

/* Where an address stands in the packet depends on the family. */
static int native_addr(struct nft_writer *w, size_t at)
{
	const struct fw_match *m = &w->r->match[at];
	uint8_t family = asked_family(w, at);

	if (family && family != m->addr.family)
		return -EOPNOTSUPP;
	if (!family) {
		nft_load(w, "meta", NFT_META_NFPROTO);
		nft_cmp(w, false, &m->addr.family, 1);
	}
	nft_addr(w, m);
	return 0;
}

static void native_ct(struct nft_writer *w, const struct fw_match *m)
{
	const uint32_t none = 0;

	nft_load(w, "ct",
		 m->kind == FW_M_CTSTATE ? NFT_CT_STATE : NFT_CT_STATUS);
	nft_mask(w, &m->ct.mask, NULL, sizeof(m->ct.mask));
	nft_cmp(w, !m->invert, &none, sizeof(none));
}

static int native_icmp(struct nft_writer *w, const struct fw_match *m)
{
	uint8_t both[2] = { m->icmp.type, m->icmp.code[0] };
	bool any_code = m->icmp.code[0] == 0 && m->icmp.code[1] == 255;

	if (!any_code && m->icmp.code[0] != m->icmp.code[1])
		return -EOPNOTSUPP;
	if (m->icmp.type == 0xff)
		return m->invert ? -EOPNOTSUPP : 0;
	nft_load_payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, 0, any_code ? 1 : 2);
	nft_cmp(w, m->invert, both, any_code ? 1 : 2);
	return 0;
}

static int fib_type(struct nft_writer *w, const struct fw_addrtype *t,
		    uint16_t types, bool invert, uint32_t flags)
{
	uint32_t type = (uint32_t)__builtin_ctz(types | 0x10000u);
	size_t expr;

	if (types & (types - 1))
		return -EOPNOTSUPP;
	if (t->limit_in)
		flags |= NFTA_FIB_F_IIF;
	if (t->limit_out)
		flags |= NFTA_FIB_F_OIF;
	expr = nft_expr(w, "fib");
	nft_put_u32(w->out, NFTA_FIB_DREG, NFT_REG_1);
	nft_put_u32(w->out, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nft_put_u32(w->out, NFTA_FIB_FLAGS, flags);
	nft_expr_end(w, expr);
	nft_cmp(w, invert, &type, sizeof(type));
	return 0;
}

static int native_addrtype(struct nft_writer *w, const struct fw_match *m)
{
	const struct fw_addrtype *t = &m->addrtype;
	int err = 0;

	if (t->src)
		err = fib_type(w, t, t->src, t->invert_src, NFTA_FIB_F_SADDR);
	if (t->dst && !err)
		err = fib_type(w, t, t->dst, t->invert_dst, NFTA_FIB_F_DADDR);
	return err;
}

/* xt has no part in tables of family inet. */
static int by_xt(struct nft_writer *w, size_t at, size_t *ret_n)
{
	if (w->family == NFPROTO_INET)
		return -EOPNOTSUPP;
	return nft_xt_match(w, at, ret_n);
}

static int native_match(struct nft_writer *w, size_t at, size_t *ret_n)
{
	const struct fw_match *m = &w->r->match[at];

	*ret_n = 1;
	switch (m->kind) {
	case FW_M_IIF:
	case FW_M_OIF:
		return native_iface(w, m);
	case FW_M_SADDR:
	case FW_M_DADDR:
		return native_addr(w, at);
	case FW_M_NFPROTO:
		nft_byte(w, NFT_META_NFPROTO, m);
		return 0;
	case FW_M_L4PROTO:
		nft_byte(w, NFT_META_L4PROTO, m);
		return 0;
	case FW_M_SPORT:
	case FW_M_DPORT:
		if (m->invert || m->range.lo || m->range.hi != UINT16_MAX)
			nft_port(w, m);
		return 0;
	case FW_M_TCP_FLAGS:
		nft_tcp_flags(w, m);
		return 0;
	case FW_M_ICMP:
		return native_icmp(w, m);
	case FW_M_CTSTATE:
	case FW_M_CTSTATUS:
		native_ct(w, m);
		return 0;
	case FW_M_CTMARK:
	case FW_M_MARK:
		nft_mark(w, m);
		return 0;
	case FW_M_ADDRTYPE:
		return native_addrtype(w, m);
	case FW_M_LIMIT:
		nft_limit(w, m, m->limit.rate, m->limit.unit);
		return 0;
	case FW_M_COMMENT:
		return 0; /* in user data */
	case FW_M_EXPR:
		nft_raw(w, &m->raw);
		return 0;
	case FW_M_SET:
		return -EOPNOTSUPP;
	case FW_M_PORTS:
	case FW_M_XT:
		return by_xt(w, at, ret_n);
	}
	return -EOPNOTSUPP;
}

static int reject_code(enum fw_reject how, uint8_t family)
{
	static const struct {
		enum fw_reject how;
		int8_t v4, v6, inet;
	} codes[] = {
		{ FW_REJECT_NET_UNREACH, ICMP_NET_UNREACH, -1, -1 },
		{ FW_REJECT_HOST_UNREACH, ICMP_HOST_UNREACH, -1,
		  NFT_REJECT_ICMPX_HOST_UNREACH },
		{ FW_REJECT_PROTO_UNREACH, ICMP_PROT_UNREACH, -1, -1 },
		{ FW_REJECT_PORT_UNREACH, ICMP_PORT_UNREACH,
		  ICMP6_DST_UNREACH_NOPORT, NFT_REJECT_ICMPX_PORT_UNREACH },
		{ FW_REJECT_NET_PROHIBITED, ICMP_NET_ANO, -1, -1 },
		{ FW_REJECT_HOST_PROHIBITED, ICMP_HOST_ANO, -1, -1 },
		{ FW_REJECT_ADMIN_PROHIBITED, ICMP_PKT_FILTERED,
		  ICMP6_DST_UNREACH_ADMIN, NFT_REJECT_ICMPX_ADMIN_PROHIBITED },
		{ FW_REJECT_NO_ROUTE, -1, ICMP6_DST_UNREACH_NOROUTE,
		  NFT_REJECT_ICMPX_NO_ROUTE },
		{ FW_REJECT_ADDR_UNREACH, -1, ICMP6_DST_UNREACH_ADDR, -1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i].how != how)
			continue;
		if (family == NFPROTO_INET)
			return codes[i].inet;
		return family == NFPROTO_IPV6 ? codes[i].v6 : codes[i].v4;
	}
	return -1;
}

static int native_reject(struct nft_writer *w, const struct fw_stmt *s)
{
	uint32_t type = w->family == NFPROTO_INET ? NFT_REJECT_ICMPX_UNREACH
						  : NFT_REJECT_ICMP_UNREACH;
	int code = reject_code(s->reject, w->family);
	size_t expr;
	uint8_t byte;

	if (s->reject == FW_REJECT_TCP_RESET) {
		type = NFT_REJECT_TCP_RST;
		code = 0;
	}
	if (code < 0)
		return -EOPNOTSUPP;
	byte = (uint8_t)code;
	expr = nft_expr(w, "reject");
	nft_put_u32(w->out, NFTA_REJECT_TYPE, type);
	nft_put_attr(w->out, NFTA_REJECT_ICMP_CODE, &byte, sizeof(byte));
	nft_expr_end(w, expr);
	return 0;
}

/* Constants for a port or a range; a second register only where it is one. */
static void load_ports(struct nft_writer *w, const struct fw_nat *nat)
{
	uint16_t lo = htons(nat->port.lo), hi = htons(nat->port.hi);

	if (!nat->has_port)
		return;
	nft_constant(w, NFT_REG_3, &lo, sizeof(lo));
	if (lo != hi)
		nft_constant(w, NFT_REG_4, &hi, sizeof(hi));
}

static void put_ports(struct nft_writer *w, const struct fw_nat *nat,
		      unsigned int min, unsigned int max, unsigned int flags)
{
	if (nat->has_port) {
		nft_put_u32(w->out, min, NFT_REG_3);
		nft_put_u32(w->out, max,
			    nat->port.lo == nat->port.hi ? NFT_REG_3
							 : NFT_REG_4);
	}
	if (nat->flags)
		nft_put_u32(w->out, flags, nat->flags);
}

/* masq and redir number their attributes otherwise. */
static void native_masq(struct nft_writer *w, const struct fw_stmt *s)
{
	size_t expr;

	load_ports(w, &s->nat);
	expr = nft_expr(w, "masq");
	put_ports(w, &s->nat, NFTA_MASQ_REG_PROTO_MIN, NFTA_MASQ_REG_PROTO_MAX,
		  NFTA_MASQ_FLAGS);
	nft_expr_end(w, expr);
}

static void native_redir(struct nft_writer *w, const struct fw_stmt *s)
{
	size_t expr;

	load_ports(w, &s->nat);
	expr = nft_expr(w, "redir");
	put_ports(w, &s->nat, NFTA_REDIR_REG_PROTO_MIN,
		  NFTA_REDIR_REG_PROTO_MAX, NFTA_REDIR_FLAGS);
	nft_expr_end(w, expr);
}

static int native_nat(struct nft_writer *w, const struct fw_stmt *s)
{
	const struct fw_nat *nat = &s->nat;
	uint8_t family = asked_family(w, w->r->n_match);
	size_t len = addr_bytes(family), expr;
	bool range = memcmp(nat->addr, nat->addr_to, len) != 0;

	if (!family || (nat->flags & NF_NAT_RANGE_PROTO_OFFSET))
		return -EOPNOTSUPP;
	if (nat->has_addr)
		nft_constant(w, NFT_REG_1, nat->addr, len);
	if (nat->has_addr && range)
		nft_constant(w, NFT_REG_2, nat->addr_to, len);
	load_ports(w, nat);
	expr = nft_expr(w, "nat");
	nft_put_u32(w->out, NFTA_NAT_TYPE,
		    s->kind == FW_S_DNAT ? NFT_NAT_DNAT : NFT_NAT_SNAT);
	nft_put_u32(w->out, NFTA_NAT_FAMILY, family);
	if (nat->has_addr) {
		nft_put_u32(w->out, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
		nft_put_u32(w->out, NFTA_NAT_REG_ADDR_MAX,
			    range ? NFT_REG_2 : NFT_REG_1);
	}
	put_ports(w, nat, NFTA_NAT_REG_PROTO_MIN, NFTA_NAT_REG_PROTO_MAX,
		  NFTA_NAT_FLAGS);
	nft_expr_end(w, expr);
	return 0;
}

static void native_tcpmss(struct nft_writer *w, const struct fw_stmt *s)
{
	const uint8_t maxseg = 2;
	uint16_t mss = htons(s->tcpmss.mss);
	size_t expr;

	if (s->tcpmss.clamp) {
		nft_load(w, "rt", NFT_RT_TCPMSS);
		expr = nft_expr(w, "byteorder");
		nft_put_u32(w->out, NFTA_BYTEORDER_SREG, NFT_REG_1);
		nft_put_u32(w->out, NFTA_BYTEORDER_DREG, NFT_REG_1);
		nft_put_u32(w->out, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
		nft_put_u32(w->out, NFTA_BYTEORDER_LEN, 2);
		nft_put_u32(w->out, NFTA_BYTEORDER_SIZE, 2);
		nft_expr_end(w, expr);
	} else {
		nft_constant(w, NFT_REG_1, &mss, sizeof(mss));
	}
	expr = nft_expr(w, "exthdr");
	nft_put_u32(w->out, NFTA_EXTHDR_SREG, NFT_REG_1);
	nft_put_attr(w->out, NFTA_EXTHDR_TYPE, &maxseg, sizeof(maxseg));
	nft_put_u32(w->out, NFTA_EXTHDR_OFFSET, 2);
	nft_put_u32(w->out, NFTA_EXTHDR_LEN, 2);
	nft_put_u32(w->out, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	nft_expr_end(w, expr);
}

static int native_set_mark(struct nft_writer *w, const struct fw_stmt *s)
{
	const struct fw_set_mark *m = &s->set_mark;
	bool to_ct = s->kind == FW_S_CONNMARK && m->mode != 2;
	bool from_ct = s->kind == FW_S_CONNMARK && m->mode != 1;
	uint32_t keep = ~m->mask;
	size_t expr;

	if (m->mode && (m->mask != UINT32_MAX || m->nfmask != UINT32_MAX))
		return -EOPNOTSUPP;
	if (!m->mode && !keep) {
		nft_constant(w, NFT_REG_1, &m->value, sizeof(m->value));
	} else {
		if (from_ct)
			nft_load(w, "ct", NFT_CT_MARK);
		else
			nft_load(w, "meta", NFT_META_MARK);
		if (!m->mode)
			nft_mask(w, &keep, &m->value, sizeof(keep));
	}
	expr = nft_expr(w, to_ct ? "ct" : "meta");
	nft_put_u32(w->out, to_ct ? NFTA_CT_KEY : NFTA_META_KEY,
		    to_ct ? NFT_CT_MARK : NFT_META_MARK);
	nft_put_u32(w->out, to_ct ? NFTA_CT_SREG : NFTA_META_SREG, NFT_REG_1);
	nft_expr_end(w, expr);
	return 0;
}

static int native_stmt(struct nft_writer *w, const struct fw_stmt *s)
{
	switch (s->kind) {
	case FW_S_ACCEPT:
	case FW_S_DROP:
	case FW_S_RETURN:
	case FW_S_JUMP:
	case FW_S_GOTO:
	case FW_S_QUEUE:
		nft_verdict(w, s);
		return 0;
	case FW_S_REJECT:
		return native_reject(w, s);
	case FW_S_MASQUERADE:
		native_masq(w, s);
		return 0;
	case FW_S_REDIRECT:
		native_redir(w, s);
		return 0;
	case FW_S_SNAT:
	case FW_S_DNAT:
		return native_nat(w, s);
	case FW_S_TCPMSS:
		native_tcpmss(w, s);
		return 0;
	case FW_S_MARK:
	case FW_S_CONNMARK:
		return native_set_mark(w, s);
	case FW_S_EXPR:
		nft_raw(w, &s->raw);
		return 0;
	case FW_S_VMAP:
		return -EOPNOTSUPP;
	case FW_S_LOG:
		if (strcmp(s->raw.name, "log") == 0) {
			nft_raw(w, &s->raw);
			return 0;
		}
		/* fallthrough */
	case FW_S_XT:
		if (w->family != NFPROTO_INET)
			return nft_xt_target(w, s);
		return -EOPNOTSUPP;
	}
	return -EOPNOTSUPP;
}

int nft_native(struct nft_writer *w)
{
	size_t i, n;
	int err = 0;

	for (i = 0; i < w->r->n_match && !err; i += n)
		err = native_match(w, i, &n);
	for (i = 0; i < w->r->n_stmt && !err; i++)
		err = native_stmt(w, &w->r->stmt[i]);
	return err;
}
