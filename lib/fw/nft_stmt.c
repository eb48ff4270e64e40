// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "fw/nft_priv.h"

#define TCPOPT_MAXSEG 2

static uint32_t host32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* A constant of @len bytes in a register, or NULL. */
static const uint8_t *constant(struct nft_reader *rd, struct nft_attrs *at,
			       unsigned int type, size_t len)
{
	const struct nft_val *v;

	if (!at->tb[type])
		return NULL;
	v = nft_get(rd, nft_attr_u32(at, type));
	if (!v || v->from != NFT_FROM_DATA || v->len < len)
		return NULL;
	return v->data;
}

static void set_mark(struct nft_reader *rd, enum fw_stmt_kind kind,
		     uint8_t mode, uint32_t value, uint32_t mask)
{
	struct fw_stmt *s = nft_stmt(rd, kind);

	if (!s)
		return;
	s->set_mark.value = value;
	s->set_mark.mask = mask;
	s->set_mark.mode = mode;
	if (mode)
		s->set_mark.nfmask = UINT32_MAX;
}

/*
 * A mark is set to a constant, to itself with some bits changed, or to the
 * other mark: mode 1 saves into the connection, 2 restores from it.
 */
static bool read_mark(struct nft_reader *rd, const struct nft_val *v, bool ct)
{
	enum fw_stmt_kind kind = ct ? FW_S_CONNMARK : FW_S_MARK;
	bool from_ct = v->from == NFT_FROM_CT && v->key == NFT_CT_MARK;
	bool from_meta = v->from == NFT_FROM_META && v->key == NFT_META_MARK;

	if (v->len != 4)
		return false;
	if (v->from == NFT_FROM_DATA)
		set_mark(rd, kind, 0, host32(v->data), UINT32_MAX);
	else if (ct ? from_ct : from_meta)
		set_mark(rd, kind, 0, host32(v->xor), ~host32(v->mask));
	else if ((ct ? from_meta : from_ct) && !v->masked)
		set_mark(rd, FW_S_CONNMARK, ct ? 1 : 2, 0, UINT32_MAX);
	else
		return false;
	return true;
}

void nft_read_meta_set(struct nft_reader *rd, struct nft_attrs *at)
{
	const struct nft_val *v = nft_get(rd, nft_attr_u32(at, NFTA_META_SREG));

	rd->r->legible = false;
	if (nft_attr_u32(at, NFTA_META_KEY) != NFT_META_MARK || !v ||
	    !read_mark(rd, v, false))
		nft_keep_stmt(rd, FW_S_EXPR, v);
}

void nft_read_ct_set(struct nft_reader *rd, struct nft_attrs *at)
{
	const struct nft_val *v = nft_get(rd, nft_attr_u32(at, NFTA_CT_SREG));

	if (nft_attr_u32(at, NFTA_CT_KEY) != NFT_CT_MARK || !v ||
	    !read_mark(rd, v, true))
		nft_keep_stmt(rd, FW_S_EXPR, v);
}

static uint8_t attr_u8(struct nft_attrs *at, unsigned int type)
{
	const struct nlattr *a = at->tb[type];

	if (!a || !mnl_attr_get_payload_len(a))
		return 0;
	return mnl_attr_get_u8(a);
}

/* "tcp option maxseg size set", to the path MTU or to a number. */
void nft_read_exthdr_set(struct nft_reader *rd, struct nft_attrs *at)
{
	const struct nft_val *v = NULL;
	struct fw_stmt *s;
	bool clamp;

	if (at->tb[NFTA_EXTHDR_SREG])
		v = nft_get(rd, nft_attr_u32(at, NFTA_EXTHDR_SREG));
	clamp = v && v->from == NFT_FROM_RT && v->key == NFT_RT_TCPMSS;
	if (nft_attr_u32(at, NFTA_EXTHDR_OP) != NFT_EXTHDR_OP_TCPOPT ||
	    attr_u8(at, NFTA_EXTHDR_TYPE) != TCPOPT_MAXSEG ||
	    nft_attr_u32(at, NFTA_EXTHDR_OFFSET) != 2 ||
	    nft_attr_u32(at, NFTA_EXTHDR_LEN) != 2 || !v ||
	    (!clamp && (v->from != NFT_FROM_DATA || v->len < 2))) {
		nft_keep_stmt(rd, FW_S_EXPR, v);
		return;
	}
	s = nft_stmt(rd, FW_S_TCPMSS);
	if (!s)
		return;
	s->tcpmss.clamp = clamp;
	if (!clamp)
		s->tcpmss.mss = (uint16_t)(v->data[0] << 8 | v->data[1]);
}

/* false: an address or a port comes from a map, or from the packet. */
static bool read_range(struct nft_reader *rd, struct nft_attrs *at,
		       unsigned int lo, unsigned int hi, size_t len,
		       const uint8_t **ret_lo, const uint8_t **ret_hi)
{
	*ret_lo = *ret_hi = NULL;
	if (!at->tb[lo])
		return true;
	*ret_lo = constant(rd, at, lo, len);
	*ret_hi = at->tb[hi] ? constant(rd, at, hi, len) : *ret_lo;
	return *ret_lo && *ret_hi;
}

static void nat_ports(struct fw_nat *nat, const uint8_t *lo, const uint8_t *hi)
{
	if (!lo)
		return;
	nat->has_port = true;
	nat->port.lo = (uint16_t)(lo[0] << 8 | lo[1]);
	nat->port.hi = (uint16_t)(hi[0] << 8 | hi[1]);
}

static uint32_t nat_flags(uint32_t flags)
{
	return flags &
	       ~(uint32_t)(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED);
}

void nft_read_nat(struct nft_reader *rd, struct nft_attrs *at)
{
	bool dnat = nft_attr_u32(at, NFTA_NAT_TYPE) == NFT_NAT_DNAT;
	uint32_t family = nft_attr_u32(at, NFTA_NAT_FAMILY);
	size_t len = family == NFPROTO_IPV6 ? 16 : 4;
	const uint8_t *lo, *hi, *port_lo, *port_hi;
	struct fw_stmt *s;
	bool said;

	rd->r->legible = false;
	said = read_range(rd, at, NFTA_NAT_REG_ADDR_MIN, NFTA_NAT_REG_ADDR_MAX,
			  len, &lo, &hi);
	said = read_range(rd, at, NFTA_NAT_REG_PROTO_MIN,
			  NFTA_NAT_REG_PROTO_MAX, 2, &port_lo, &port_hi) &&
	       said;
	/* Networks are not what an xt target can map to. */
	if (!said || (nft_attr_u32(at, NFTA_NAT_FLAGS) & NF_NAT_RANGE_NETMAP)) {
		nft_keep_stmt(rd, FW_S_EXPR, NULL);
		return;
	}
	s = nft_stmt(rd, dnat ? FW_S_DNAT : FW_S_SNAT);
	if (!s)
		return;
	s->nat.flags = nat_flags(nft_attr_u32(at, NFTA_NAT_FLAGS));
	nat_ports(&s->nat, port_lo, port_hi);
	if (!lo)
		return;
	s->nat.has_addr = true;
	memcpy(s->nat.addr, lo, len);
	memcpy(s->nat.addr_to, hi, len);
}

static void to_ports(struct nft_reader *rd, struct nft_attrs *at,
		     enum fw_stmt_kind kind, unsigned int lo, unsigned int hi,
		     unsigned int flags)
{
	const uint8_t *port_lo, *port_hi;
	struct fw_stmt *s;

	rd->r->legible = false;
	if (!read_range(rd, at, lo, hi, 2, &port_lo, &port_hi)) {
		nft_keep_stmt(rd, FW_S_EXPR, NULL);
		return;
	}
	s = nft_stmt(rd, kind);
	if (!s)
		return;
	s->nat.flags = nat_flags(nft_attr_u32(at, flags));
	nat_ports(&s->nat, port_lo, port_hi);
}

void nft_read_masq(struct nft_reader *rd, struct nft_attrs *at)
{
	to_ports(rd, at, FW_S_MASQUERADE, NFTA_MASQ_REG_PROTO_MIN,
		 NFTA_MASQ_REG_PROTO_MAX, NFTA_MASQ_FLAGS);
}

void nft_read_redir(struct nft_reader *rd, struct nft_attrs *at)
{
	to_ports(rd, at, FW_S_REDIRECT, NFTA_REDIR_REG_PROTO_MIN,
		 NFTA_REDIR_REG_PROTO_MAX, NFTA_REDIR_FLAGS);
}

static enum fw_reject icmp_code(uint8_t code)
{
	switch (code) {
	case ICMP_NET_UNREACH:
		return FW_REJECT_NET_UNREACH;
	case ICMP_HOST_UNREACH:
		return FW_REJECT_HOST_UNREACH;
	case ICMP_PROT_UNREACH:
		return FW_REJECT_PROTO_UNREACH;
	case ICMP_PORT_UNREACH:
		return FW_REJECT_PORT_UNREACH;
	case ICMP_NET_ANO:
		return FW_REJECT_NET_PROHIBITED;
	case ICMP_HOST_ANO:
		return FW_REJECT_HOST_PROHIBITED;
	case ICMP_PKT_FILTERED:
		return FW_REJECT_ADMIN_PROHIBITED;
	}
	return FW_REJECT_OTHER;
}

static enum fw_reject icmp6_code(uint8_t code)
{
	switch (code) {
	case ICMP6_DST_UNREACH_NOROUTE:
		return FW_REJECT_NO_ROUTE;
	case ICMP6_DST_UNREACH_ADMIN:
		return FW_REJECT_ADMIN_PROHIBITED;
	case ICMP6_DST_UNREACH_ADDR:
		return FW_REJECT_ADDR_UNREACH;
	case ICMP6_DST_UNREACH_NOPORT:
		return FW_REJECT_PORT_UNREACH;
	case 5: /* policy of the source address, RFC 4443 */
		return FW_REJECT_POLICY_FAIL;
	case 6: /* a route that rejects */
		return FW_REJECT_ROUTE;
	}
	return FW_REJECT_OTHER;
}

static enum fw_reject icmpx_code(uint8_t code)
{
	switch (code) {
	case NFT_REJECT_ICMPX_NO_ROUTE:
		return FW_REJECT_NO_ROUTE;
	case NFT_REJECT_ICMPX_PORT_UNREACH:
		return FW_REJECT_PORT_UNREACH;
	case NFT_REJECT_ICMPX_HOST_UNREACH:
		return FW_REJECT_HOST_UNREACH;
	case NFT_REJECT_ICMPX_ADMIN_PROHIBITED:
		return FW_REJECT_ADMIN_PROHIBITED;
	}
	return FW_REJECT_OTHER;
}

/* In a table of family inet the same type is ICMP's or ICMPv6's, as a match
 * before it asks for. */
static bool is_ipv6(const struct nft_reader *rd)
{
	const struct fw_match *m;
	size_t i;

	if (rd->t->family != NFPROTO_INET)
		return rd->t->family == NFPROTO_IPV6;
	for (i = 0; i < rd->r->n_match; i++) {
		m = &rd->r->match[i];
		if (m->kind == FW_M_NFPROTO && !m->invert)
			return m->range.lo == NFPROTO_IPV6;
	}
	return false;
}

void nft_read_reject(struct nft_reader *rd, struct nft_attrs *at)
{
	uint32_t type = nft_attr_u32(at, NFTA_REJECT_TYPE);
	uint8_t code = attr_u8(at, NFTA_REJECT_ICMP_CODE);
	struct fw_stmt *s = nft_stmt(rd, FW_S_REJECT);

	rd->r->legible = false;
	if (!s)
		return;
	s->reject = FW_REJECT_OTHER;
	if (type == NFT_REJECT_TCP_RST)
		s->reject = FW_REJECT_TCP_RESET;
	else if (type == NFT_REJECT_ICMPX_UNREACH)
		s->reject = icmpx_code(code);
	else if (type == NFT_REJECT_ICMP_UNREACH)
		s->reject = is_ipv6(rd) ? icmp6_code(code) : icmp_code(code);
}

/* iptables writes its target NFLOG as an expression with a group. */
void nft_read_log(struct nft_reader *rd, struct nft_attrs *at)
{
	bool legible = rd->r->legible;

	nft_keep_stmt(rd, FW_S_LOG, NULL);
	if (at->tb[NFTA_LOG_GROUP])
		rd->r->legible = legible;
}
