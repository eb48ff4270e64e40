// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/xt_info.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_TCPMSS.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <netinet/in.h>
#include <string.h>

/* What a reader says of an info that its words do not cover: keep the bytes. */
#define KEEP 1

/* Revisions that the kernel no longer has, and its headers neither. */
struct mark_info0 {
	unsigned long mark, mask;
	uint8_t invert;
};

struct mark_target1 {
	unsigned long mark;
	uint8_t mode; /* 0 set, 1 and, 2 or */
};

/*
 * xt has SNAT where nf_tables has "untracked", and "untracked" where XT_CT_SNAT
 * is: exchanging the two goes either way.
 */
static uint32_t swap_states(uint32_t m)
{
	uint32_t same = m & ~(uint32_t)(XT_CT_SNAT | FW_CT_UNTRACKED);

	if (m & XT_CT_SNAT)
		same |= FW_CT_UNTRACKED;
	if (m & FW_CT_UNTRACKED)
		same |= XT_CT_SNAT;
	return same;
}

static int read_conntrack(struct arena *a, struct fw_rule *r, uint8_t family,
			  const struct fw_raw *x)
{
	struct xt_conntrack_mtinfo3 i;
	struct fw_match *m;
	uint32_t state, status;
	bool alias;

	(void)family;
	/* The revisions are the same up to the two masks. */
	memcpy(&i, x->data, offsetof(struct xt_conntrack_mtinfo2, status_mask));
	if (x->rev == 1) {
		state = x->data[offsetof(struct xt_conntrack_mtinfo1,
					 state_mask)];
		status = x->data[offsetof(struct xt_conntrack_mtinfo1,
					  status_mask)];
	} else {
		memcpy(&i.status_mask,
		       x->data + offsetof(struct xt_conntrack_mtinfo2,
					  status_mask),
		       sizeof(i.status_mask));
		state = i.state_mask;
		status = i.status_mask;
	}
	alias = i.match_flags & XT_CONNTRACK_STATE_ALIAS;
	i.match_flags &= ~XT_CONNTRACK_STATE_ALIAS;
	if (i.match_flags != XT_CONNTRACK_STATE &&
	    i.match_flags != XT_CONNTRACK_STATUS)
		return KEEP;
	if (i.match_flags == XT_CONNTRACK_STATUS && alias)
		return KEEP;
	m = fw_match_add(a, r,
			 i.match_flags == XT_CONNTRACK_STATE ? FW_M_CTSTATE
							     : FW_M_CTSTATUS);
	if (!m)
		return -ENOMEM;
	m->invert = i.invert_flags & i.match_flags;
	m->ct.mask = m->kind == FW_M_CTSTATE ? swap_states(state) : status;
	m->ct.state_match = alias;
	return 0;
}

static int read_state(struct arena *a, struct fw_rule *r, uint8_t family,
		      const struct fw_raw *x)
{
	struct xt_state_info i;
	struct fw_match *m;

	(void)family;
	memcpy(&i, x->data, sizeof(i));
	m = fw_match_add(a, r, FW_M_CTSTATE);
	if (!m)
		return -ENOMEM;
	m->ct.mask = i.statemask; /* here UNTRACKED is 64, too */
	m->ct.state_match = true;
	return 0;
}

static int read_comment(struct arena *a, struct fw_rule *r, uint8_t family,
			const struct fw_raw *x)
{
	struct fw_match *m = fw_match_add(a, r, FW_M_COMMENT);
	const char *s = (const char *)x->data;

	(void)family;
	if (!m)
		return -ENOMEM;
	m->comment = arena_strndup(a, s, strnlen(s, x->len));
	return m->comment ? 0 : -ENOMEM;
}

static int read_addrtype(struct arena *a, struct fw_rule *r, uint8_t family,
			 const struct fw_raw *x)
{
	struct xt_addrtype_info_v1 v1;
	struct xt_addrtype_info v0;
	struct fw_match *m = fw_match_add(a, r, FW_M_ADDRTYPE);

	(void)family;
	if (!m)
		return -ENOMEM;
	if (x->rev == 0) {
		memcpy(&v0, x->data, sizeof(v0));
		v1.source = v0.source;
		v1.dest = v0.dest;
		v1.flags = (v0.invert_source ? XT_ADDRTYPE_INVERT_SOURCE : 0) |
			   (v0.invert_dest ? XT_ADDRTYPE_INVERT_DEST : 0);
	} else {
		memcpy(&v1, x->data, sizeof(v1));
	}
	m->addrtype.src = v1.source;
	m->addrtype.dst = v1.dest;
	m->addrtype.invert_src = v1.flags & XT_ADDRTYPE_INVERT_SOURCE;
	m->addrtype.invert_dst = v1.flags & XT_ADDRTYPE_INVERT_DEST;
	m->addrtype.limit_in = v1.flags & XT_ADDRTYPE_LIMIT_IFACE_IN;
	m->addrtype.limit_out = v1.flags & XT_ADDRTYPE_LIMIT_IFACE_OUT;
	return 0;
}

static int read_multiport(struct arena *a, struct fw_rule *r, uint8_t family,
			  const struct fw_raw *x)
{
	struct xt_multiport_v1 i = {};
	struct fw_match *m;
	struct fw_range *v;
	unsigned int k;

	(void)family;
	memcpy(&i, x->data, x->rev ? sizeof(i) : sizeof(struct xt_multiport));
	if (i.flags > XT_MULTIPORT_EITHER || i.count > XT_MULTI_PORTS)
		return KEEP;
	if (i.count && i.pflags[i.count - 1])
		return KEEP;
	m = fw_match_add(a, r, FW_M_PORTS);
	if (!m)
		return -ENOMEM;
	m->invert = i.invert;
	m->ports.side = (enum fw_port_side)i.flags;
	for (k = 0; k < i.count; k++) {
		v = &m->ports.v[m->ports.n++];
		v->lo = i.ports[k];
		if (i.pflags[k])
			k++;
		v->hi = i.ports[k];
	}
	return 0;
}

static int read_mark(struct arena *a, struct fw_rule *r, uint8_t family,
		     const struct fw_raw *x)
{
	struct xt_connmark_mtinfo1 i; /* that of mark is the same */
	struct mark_info0 old;
	struct fw_match *m;

	(void)family;
	if (x->rev == 0) {
		memcpy(&old, x->data, sizeof(old));
		i.mark = (uint32_t)old.mark;
		i.mask = (uint32_t)old.mask;
		i.invert = old.invert;
	} else {
		memcpy(&i, x->data, sizeof(i));
	}
	m = fw_match_add(a, r, x->name[0] == 'm' ? FW_M_MARK : FW_M_CTMARK);
	if (!m)
		return -ENOMEM;
	m->invert = i.invert;
	m->bits = (struct fw_bits){ i.mark, i.mask };
	return 0;
}

static int add_ports(struct arena *a, struct fw_rule *r,
		     enum fw_match_kind kind, const uint16_t *p, bool invert)
{
	struct fw_match *m;

	m = fw_match_add(a, r, kind);
	if (!m)
		return -ENOMEM;
	m->invert = invert;
	m->range = (struct fw_range){ p[0], p[1] };
	return 0;
}

static bool all_ports(const uint16_t *p, bool invert)
{
	return !invert && p[0] == 0 && p[1] == UINT16_MAX;
}

/* With struct xt_udp the fields that only xt_tcp has are zero. */
static int read_tcpudp(struct arena *a, struct fw_rule *r,
		       const struct xt_tcp *i)
{
	bool inv_s = i->invflags & XT_TCP_INV_SRCPT;
	bool inv_d = i->invflags & XT_TCP_INV_DSTPT;
	bool inv_f = i->invflags & XT_TCP_INV_FLAGS;
	bool dst = !all_ports(i->dpts, inv_d);
	bool flags = i->flg_mask || inv_f;
	struct fw_match *m;
	int err = 0;

	if (!all_ports(i->spts, inv_s) || (!dst && !flags))
		err = add_ports(a, r, FW_M_SPORT, i->spts, inv_s);
	if (!err && dst)
		err = add_ports(a, r, FW_M_DPORT, i->dpts, inv_d);
	if (err || !flags)
		return err;
	m = fw_match_add(a, r, FW_M_TCP_FLAGS);
	if (!m)
		return -ENOMEM;
	m->invert = inv_f;
	m->tcp_flags = (struct fw_tcp_flags){ i->flg_mask, i->flg_cmp };
	return 0;
}

static int read_tcp(struct arena *a, struct fw_rule *r, uint8_t family,
		    const struct fw_raw *x)
{
	struct xt_tcp i;

	(void)family;
	memcpy(&i, x->data, sizeof(i));
	if (i.option || (i.invflags & ~(XT_TCP_INV_SRCPT | XT_TCP_INV_DSTPT |
					XT_TCP_INV_FLAGS)))
		return KEEP;
	return read_tcpudp(a, r, &i);
}

static int read_udp(struct arena *a, struct fw_rule *r, uint8_t family,
		    const struct fw_raw *x)
{
	struct xt_tcp i = {};
	struct xt_udp u;

	(void)family;
	memcpy(&u, x->data, sizeof(u));
	if (u.invflags & ~XT_UDP_INV_MASK)
		return KEEP;
	memcpy(i.spts, u.spts, sizeof(i.spts));
	memcpy(i.dpts, u.dpts, sizeof(i.dpts));
	i.invflags = u.invflags;
	return read_tcpudp(a, r, &i);
}

static int read_icmp(struct arena *a, struct fw_rule *r, uint8_t family,
		     const struct fw_raw *x)
{
	struct ipt_icmp i; /* that of ICMPv6 is the same */
	struct fw_match *m;

	(void)family;
	memcpy(&i, x->data, sizeof(i));
	m = fw_match_add(a, r, FW_M_ICMP);
	if (!m)
		return -ENOMEM;
	m->invert = i.invflags & IPT_ICMP_INV;
	m->icmp.proto = x->name[4] ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	m->icmp.type = i.type;
	memcpy(m->icmp.code, i.code, sizeof(i.code));
	return 0;
}

/* Slowest first: iptables shows the first that is exact enough. */
static const uint32_t units[] = { 86400, 3600, 60, 1 };

/*
 * The kernel has the time between two packets, rounded.  How iptables makes a
 * rate of it decides what was meant; where the way back leads elsewhere it
 * stays as it is.
 */
static int read_limit(struct arena *a, struct fw_rule *r, uint8_t family,
		      const struct fw_raw *x)
{
	uint32_t v[2], per = 0;
	struct fw_match *m;
	size_t i;

	(void)family;
	memcpy(v, x->data, sizeof(v)); /* avg and burst */
	if (!v[0])
		return KEEP;
	for (i = 1; i < 4; i++) {
		per = units[i] * XT_LIMIT_SCALE;
		if (v[0] > per || per / v[0] < per % v[0])
			break;
	}
	per = units[i - 1] * XT_LIMIT_SCALE;
	if (!(per / v[0]) || per / (per / v[0]) != v[0])
		return KEEP;
	m = fw_match_add(a, r, FW_M_LIMIT);
	if (!m)
		return -ENOMEM;
	m->limit.rate = per / v[0];
	m->limit.unit = units[i - 1];
	m->limit.burst = v[1];
	return 0;
}

static int read_reject(struct arena *a, struct fw_rule *r, uint8_t family,
		       const struct fw_raw *x);
static int read_nat(struct arena *a, struct fw_rule *r, uint8_t family,
		    const struct fw_raw *x);
static int read_tcpmss(struct arena *a, struct fw_rule *r, uint8_t family,
		       const struct fw_raw *x);
static int read_set_mark(struct arena *a, struct fw_rule *r, uint8_t family,
			 const struct fw_raw *x);
static int read_connmark(struct arena *a, struct fw_rule *r, uint8_t family,
			 const struct fw_raw *x);

/**
 * struct ext - an extension whose info can be said in words
 * @name:	name of a match, or of a target (in capitals)
 * @rev:	revision
 * @len:	bytes that @read looks at
 * @read:	appends; 0, KEEP or -ENOMEM
 */
struct ext {
	char name[12];
	uint8_t rev, len;
	int (*read)(struct arena *a, struct fw_rule *r, uint8_t family,
		    const struct fw_raw *x);
};

#define NAT_COMPAT sizeof(struct nf_nat_ipv4_multi_range_compat)

static const struct ext exts[] = {
	{ "conntrack", 3, sizeof(struct xt_conntrack_mtinfo3), read_conntrack },
	{ "conntrack", 2, sizeof(struct xt_conntrack_mtinfo2), read_conntrack },
	{ "conntrack", 1, sizeof(struct xt_conntrack_mtinfo1), read_conntrack },
	{ "state", 0, sizeof(struct xt_state_info), read_state },
	{ "comment", 0, 1, read_comment },
	{ "addrtype", 1, sizeof(struct xt_addrtype_info_v1), read_addrtype },
	{ "addrtype", 0, sizeof(struct xt_addrtype_info), read_addrtype },
	{ "multiport", 1, sizeof(struct xt_multiport_v1), read_multiport },
	{ "multiport", 0, sizeof(struct xt_multiport), read_multiport },
	{ "mark", 1, sizeof(struct xt_connmark_mtinfo1), read_mark },
	{ "mark", 0, sizeof(struct mark_info0), read_mark },
	{ "connmark", 1, sizeof(struct xt_connmark_mtinfo1), read_mark },
	{ "connmark", 0, sizeof(struct mark_info0), read_mark },
	{ "tcp", 0, sizeof(struct xt_tcp), read_tcp },
	{ "udp", 0, sizeof(struct xt_udp), read_udp },
	{ "udplite", 0, sizeof(struct xt_udp), read_udp },
	{ "icmp", 0, sizeof(struct ipt_icmp), read_icmp },
	{ "icmp6", 0, sizeof(struct ipt_icmp), read_icmp },
	{ "limit", 0, sizeof(struct xt_rateinfo), read_limit },
	{ "REJECT", 0, sizeof(struct ipt_reject_info), read_reject },
	{ "MASQUERADE", 0, NAT_COMPAT, read_nat },
	{ "REDIRECT", 0, NAT_COMPAT, read_nat },
	{ "SNAT", 0, NAT_COMPAT, read_nat },
	{ "SNAT", 1, sizeof(struct nf_nat_range), read_nat },
	{ "SNAT", 2, sizeof(struct nf_nat_range2), read_nat },
	{ "DNAT", 0, NAT_COMPAT, read_nat },
	{ "DNAT", 1, sizeof(struct nf_nat_range), read_nat },
	{ "DNAT", 2, sizeof(struct nf_nat_range2), read_nat },
	{ "TCPMSS", 0, sizeof(struct xt_tcpmss_info), read_tcpmss },
	{ "MARK", 0, sizeof(unsigned long), read_set_mark },
	{ "MARK", 1, sizeof(struct mark_target1), read_set_mark },
	{ "MARK", 2, sizeof(struct xt_mark_tginfo2), read_set_mark },
	{ "CONNMARK", 1, sizeof(struct xt_connmark_tginfo1), read_connmark },
	{ "CONNMARK", 2, sizeof(struct xt_connmark_tginfo2), read_connmark },
};

static int read_ext(struct arena *a, struct fw_rule *r, uint8_t family,
		    const struct fw_raw *x)
{
	const struct ext *e;

	for (e = exts; e < exts + sizeof(exts) / sizeof(*exts); e++)
		if (e->rev == x->rev && !strcmp(e->name, x->name))
			return x->len < e->len ? KEEP
					       : e->read(a, r, family, x);
	return KEEP;
}

/* Keep the bytes of an info, and zeros up to a multiple of eight. */
static int keep(struct arena *a, const struct fw_raw *x, struct fw_raw *ret)
{
	size_t len = XT_ALIGN(x->len);
	uint8_t *data = arena_alloc(a, len);
	char *name = arena_strndup(a, x->name, strlen(x->name));

	if (!data || !name)
		return -ENOMEM;
	if (x->len)
		memcpy(data, x->data, x->len);
	*ret = (struct fw_raw){ name, x->rev, data, len };
	return 0;
}

int xt_info_read_match(struct arena *a, struct fw_rule *r, uint8_t family,
		       const struct fw_raw *x)
{
	struct fw_match *m;
	int ret = read_ext(a, r, family, x);

	if (ret != KEEP)
		return ret;
	m = fw_match_add(a, r, FW_M_XT);
	return m ? keep(a, x, &m->raw) : -ENOMEM;
}

static const uint8_t rejects4[] = {
	[IPT_ICMP_NET_UNREACHABLE] = FW_REJECT_NET_UNREACH,
	[IPT_ICMP_HOST_UNREACHABLE] = FW_REJECT_HOST_UNREACH,
	[IPT_ICMP_PROT_UNREACHABLE] = FW_REJECT_PROTO_UNREACH,
	[IPT_ICMP_PORT_UNREACHABLE] = FW_REJECT_PORT_UNREACH,
	[IPT_ICMP_ECHOREPLY] = FW_REJECT_OTHER,
	[IPT_ICMP_NET_PROHIBITED] = FW_REJECT_NET_PROHIBITED,
	[IPT_ICMP_HOST_PROHIBITED] = FW_REJECT_HOST_PROHIBITED,
	[IPT_TCP_RESET] = FW_REJECT_TCP_RESET,
	[IPT_ICMP_ADMIN_PROHIBITED] = FW_REJECT_ADMIN_PROHIBITED,
};

static const uint8_t rejects6[] = {
	[IP6T_ICMP6_NO_ROUTE] = FW_REJECT_NO_ROUTE,
	[IP6T_ICMP6_ADM_PROHIBITED] = FW_REJECT_ADMIN_PROHIBITED,
	[IP6T_ICMP6_NOT_NEIGHBOUR] = FW_REJECT_OTHER,
	[IP6T_ICMP6_ADDR_UNREACH] = FW_REJECT_ADDR_UNREACH,
	[IP6T_ICMP6_PORT_UNREACH] = FW_REJECT_PORT_UNREACH,
	[IP6T_ICMP6_ECHOREPLY] = FW_REJECT_OTHER,
	[IP6T_TCP_RESET] = FW_REJECT_TCP_RESET,
	[IP6T_ICMP6_POLICY_FAIL] = FW_REJECT_POLICY_FAIL,
	[IP6T_ICMP6_REJECT_ROUTE] = FW_REJECT_ROUTE,
};

static const uint8_t *rejects(uint8_t family, size_t *n)
{
	*n = family == NFPROTO_IPV6 ? sizeof(rejects6) : sizeof(rejects4);
	return family == NFPROTO_IPV6 ? rejects6 : rejects4;
}

static int read_reject(struct arena *a, struct fw_rule *r, uint8_t family,
		       const struct fw_raw *x)
{
	const uint8_t *v;
	struct fw_stmt *s;
	uint32_t with;
	size_t n;

	memcpy(&with, x->data, sizeof(with));
	s = fw_stmt_add(a, r, FW_S_REJECT);
	if (!s)
		return -ENOMEM;
	v = rejects(family, &n);
	s->reject = FW_REJECT_OTHER;
	if (with < n && (family == NFPROTO_IPV4 || family == NFPROTO_IPV6))
		s->reject = (enum fw_reject)v[with];
	return 0;
}

/* The one layout that all NAT infos are read into and made of. */
static int nat_range(const struct fw_raw *x, uint8_t family, size_t len,
		     struct nf_nat_range2 *ret)
{
	struct nf_nat_ipv4_multi_range_compat v4;
	const struct nf_nat_ipv4_range *g = v4.range;

	*ret = (struct nf_nat_range2){};
	if (len != NAT_COMPAT) {
		memcpy(ret, x->data, len);
		return 0;
	}
	if (family != NFPROTO_IPV4)
		return KEEP;
	memcpy(&v4, x->data, sizeof(v4));
	if (v4.rangesize != 1)
		return KEEP;
	ret->flags = g->flags;
	ret->min_addr.ip = g->min_ip;
	ret->max_addr.ip = g->max_ip;
	ret->min_proto = g->min;
	ret->max_proto = g->max;
	return 0;
}

static enum fw_stmt_kind nat_kind(const char *name)
{
	if (name[0] == 'M')
		return FW_S_MASQUERADE;
	if (name[0] == 'R')
		return FW_S_REDIRECT;
	return name[0] == 'S' ? FW_S_SNAT : FW_S_DNAT;
}

/* MASQUERADE and REDIRECT have a longer info of the same revision for IPv6. */
static size_t nat_len(enum fw_stmt_kind kind, uint8_t rev, uint8_t family)
{
	if (rev == 2)
		return sizeof(struct nf_nat_range2);
	if (rev == 1)
		return sizeof(struct nf_nat_range);
	return family == NFPROTO_IPV6 && kind != FW_S_SNAT && kind != FW_S_DNAT
		       ? sizeof(struct nf_nat_range)
		       : NAT_COMPAT;
}

static int read_nat(struct arena *a, struct fw_rule *r, uint8_t family,
		    const struct fw_raw *x)
{
	enum fw_stmt_kind kind = nat_kind(x->name);
	size_t len = nat_len(kind, x->rev, family);
	struct nf_nat_range2 g;
	struct fw_stmt *s;

	if (family != NFPROTO_IPV4 && family != NFPROTO_IPV6)
		return KEEP;
	if (x->len < len || nat_range(x, family, len, &g))
		return KEEP;
	s = fw_stmt_add(a, r, kind);
	if (!s)
		return -ENOMEM;
	s->nat.has_addr = g.flags & NF_NAT_RANGE_MAP_IPS;
	s->nat.has_port = g.flags & NF_NAT_RANGE_PROTO_SPECIFIED;
	s->nat.flags = g.flags & ~(uint32_t)(NF_NAT_RANGE_MAP_IPS |
					     NF_NAT_RANGE_PROTO_SPECIFIED);
	memcpy(s->nat.addr, &g.min_addr, sizeof(s->nat.addr));
	memcpy(s->nat.addr_to, &g.max_addr, sizeof(s->nat.addr_to));
	s->nat.port.lo = ntohs(g.min_proto.all);
	s->nat.port.hi = ntohs(g.max_proto.all);
	s->nat.port_base = ntohs(g.base_proto.all);
	return 0;
}

static int read_tcpmss(struct arena *a, struct fw_rule *r, uint8_t family,
		       const struct fw_raw *x)
{
	struct xt_tcpmss_info i;
	struct fw_stmt *s = fw_stmt_add(a, r, FW_S_TCPMSS);

	(void)family;
	if (!s)
		return -ENOMEM;
	memcpy(&i, x->data, sizeof(i));
	s->tcpmss.clamp = i.mss == XT_TCPMSS_CLAMP_PMTU;
	s->tcpmss.mss = s->tcpmss.clamp ? 0 : i.mss;
	return 0;
}

/* Revision 2 says everything by mark = (mark & ~mask) ^ value. */
static int read_set_mark(struct arena *a, struct fw_rule *r, uint8_t family,
			 const struct fw_raw *x)
{
	struct xt_mark_tginfo2 i;
	struct mark_target1 old = {};
	struct fw_stmt *s;
	uint32_t v;

	(void)family;
	if (x->rev == 2) {
		memcpy(&i, x->data, sizeof(i));
	} else {
		memcpy(&old, x->data, x->rev ? sizeof(old) : sizeof(old.mark));
		v = (uint32_t)old.mark;
		if (old.mode > 2)
			return KEEP;
		i.mark = old.mode == 1 ? 0 : v;
		i.mask = old.mode == 0 ? UINT32_MAX : old.mode == 1 ? ~v : v;
	}
	s = fw_stmt_add(a, r, FW_S_MARK);
	if (!s)
		return -ENOMEM;
	s->set_mark.value = i.mark;
	s->set_mark.mask = i.mask;
	return 0;
}

static int read_connmark(struct arena *a, struct fw_rule *r, uint8_t family,
			 const struct fw_raw *x)
{
	struct xt_connmark_tginfo2 i = {};
	struct fw_stmt *s;

	(void)family;
	if (x->rev == 2) {
		memcpy(&i, x->data, sizeof(i));
	} else {
		memcpy(&i, x->data, offsetof(struct xt_connmark_tginfo1, mode));
		i.mode = x->data[offsetof(struct xt_connmark_tginfo1, mode)];
	}
	if (i.shift_bits || i.mode > XT_CONNMARK_RESTORE)
		return KEEP;
	s = fw_stmt_add(a, r, FW_S_CONNMARK);
	if (!s)
		return -ENOMEM;
	s->set_mark =
		(struct fw_set_mark){ i.ctmark, i.ctmask, i.mode, i.nfmask };
	return 0;
}

int xt_info_read_target(struct arena *a, struct fw_rule *r, uint8_t family,
			const struct fw_raw *x)
{
	struct fw_stmt *s;
	int ret = read_ext(a, r, family, x);

	if (ret != KEEP)
		return ret;
	s = fw_stmt_add(a, r, strcmp(x->name, "LOG") ? FW_S_XT : FW_S_LOG);
	return s ? keep(a, x, &s->raw) : -ENOMEM;
}

/* Make an info of @len bytes; what it points to is @a's. */
static int give(struct arena *a, const char *name, uint8_t rev,
		const void *data, size_t len, struct fw_raw *ret)
{
	uint8_t *to = arena_alloc(a, XT_ALIGN(len));

	if (!to)
		return -ENOMEM;
	memcpy(to, data, len);
	*ret = (struct fw_raw){ name, rev, to, XT_ALIGN(len) };
	return 0;
}

static int build_conntrack(struct arena *a, const struct fw_match *m,
			   struct fw_raw *ret)
{
	struct xt_conntrack_mtinfo3 i = {};

	if (m->kind == FW_M_CTSTATE) {
		i.match_flags = XT_CONNTRACK_STATE;
		i.state_mask = (uint16_t)swap_states(m->ct.mask);
	} else {
		i.match_flags = XT_CONNTRACK_STATUS;
		i.status_mask = (uint16_t)m->ct.mask;
	}
	if (m->ct.mask > UINT16_MAX)
		return -EOPNOTSUPP;
	if (m->invert)
		i.invert_flags = i.match_flags;
	if (m->ct.state_match)
		i.match_flags |= XT_CONNTRACK_STATE_ALIAS;
	return give(a, "conntrack", 3, &i, sizeof(i), ret);
}

static int build_addrtype(struct arena *a, const struct fw_addrtype *t,
			  struct fw_raw *ret)
{
	struct xt_addrtype_info_v1 i = { .source = t->src, .dest = t->dst };

	i.flags = (t->invert_src ? XT_ADDRTYPE_INVERT_SOURCE : 0) |
		  (t->invert_dst ? XT_ADDRTYPE_INVERT_DEST : 0) |
		  (t->limit_in ? XT_ADDRTYPE_LIMIT_IFACE_IN : 0) |
		  (t->limit_out ? XT_ADDRTYPE_LIMIT_IFACE_OUT : 0);
	return give(a, "addrtype", 1, &i, sizeof(i), ret);
}

static int build_multiport(struct arena *a, const struct fw_match *m,
			   struct fw_raw *ret)
{
	struct xt_multiport_v1 i = { .invert = m->invert };
	const struct fw_range *v = m->ports.v;

	i.flags = (uint8_t)m->ports.side;
	for (; v < m->ports.v + m->ports.n; v++) {
		if (i.count + (v->lo != v->hi) >= XT_MULTI_PORTS)
			return -EOPNOTSUPP;
		i.ports[i.count] = v->lo;
		i.pflags[i.count++] = v->lo != v->hi;
		if (v->lo != v->hi)
			i.ports[i.count++] = v->hi;
	}
	return give(a, "multiport", 1, &i, sizeof(i), ret);
}

static int build_mark(struct arena *a, const struct fw_match *m,
		      struct fw_raw *ret)
{
	struct xt_connmark_mtinfo1 i;

	memset(&i, 0, sizeof(i)); /* the padding, too, here and below */
	i.mark = m->bits.value;
	i.mask = m->bits.mask;
	i.invert = m->invert;
	return give(a, m->kind == FW_M_MARK ? "mark" : "connmark", 1, &i,
		    sizeof(i), ret);
}

static int build_icmp(struct arena *a, const struct fw_match *m,
		      struct fw_raw *ret)
{
	struct ipt_icmp i = { m->icmp.type,
			      { m->icmp.code[0], m->icmp.code[1] },
			      m->invert ? IPT_ICMP_INV : 0 };

	return give(a, m->icmp.proto == IPPROTO_ICMPV6 ? "icmp6" : "icmp", 0,
		    &i, sizeof(i), ret);
}

static int build_limit(struct arena *a, const struct fw_match *m,
		       struct fw_raw *ret)
{
	struct xt_rateinfo i = { .burst = m->limit.burst };
	uint64_t avg;

	if (m->invert || m->limit.bytes || !m->limit.rate ||
	    m->limit.unit > UINT32_MAX)
		return -EOPNOTSUPP;
	avg = XT_LIMIT_SCALE * m->limit.unit / m->limit.rate;
	if (!avg || avg > UINT32_MAX)
		return -EOPNOTSUPP;
	i.avg = (uint32_t)avg;
	return give(a, "limit", 0, &i, sizeof(i), ret);
}

static int build_comment(struct arena *a, const char *text, struct fw_raw *ret)
{
	struct xt_comment_info i = {};

	if (strlen(text) >= sizeof(i.comment))
		return -EOPNOTSUPP;
	strcpy(i.comment, text);
	return give(a, "comment", 0, &i, sizeof(i), ret);
}

static int protocol_of(const struct fw_rule *r)
{
	size_t i;

	for (i = 0; i < r->n_match; i++)
		if (r->match[i].kind == FW_M_L4PROTO && !r->match[i].invert &&
		    r->match[i].range.lo == r->match[i].range.hi)
			return r->match[i].range.lo;
	return -1;
}

/* Take one more match into @i, if its place there is still free. */
static bool take_tcp(const struct fw_match *m, struct xt_tcp *i, uint8_t *seen)
{
	uint8_t bit;

	switch ((int)m->kind) {
	case FW_M_SPORT:
		bit = XT_TCP_INV_SRCPT;
		break;
	case FW_M_DPORT:
		bit = XT_TCP_INV_DSTPT;
		break;
	case FW_M_TCP_FLAGS:
		bit = XT_TCP_INV_FLAGS;
		break;
	default:
		return false;
	}
	if (*seen & bit)
		return false;
	*seen |= bit;
	if (m->invert)
		i->invflags |= bit;
	if (bit == XT_TCP_INV_FLAGS) {
		i->flg_mask = m->tcp_flags.mask;
		i->flg_cmp = m->tcp_flags.cmp;
	} else {
		uint16_t *p = bit == XT_TCP_INV_SRCPT ? i->spts : i->dpts;

		p[0] = m->range.lo;
		p[1] = m->range.hi;
	}
	return true;
}

static int build_tcpudp(struct arena *a, const struct fw_rule *r, size_t at,
			struct fw_raw *ret, size_t *ret_n)
{
	struct xt_tcp i = { .spts = { 0, UINT16_MAX },
			    .dpts = { 0, UINT16_MAX } };
	struct xt_udp u;
	int proto = protocol_of(r);
	uint8_t seen = 0;
	size_t n = 0;

	memset(&u, 0, sizeof(u));
	while (at + n < r->n_match && take_tcp(&r->match[at + n], &i, &seen))
		n++;
	*ret_n = n;
	if (proto == IPPROTO_TCP)
		return give(a, "tcp", 0, &i, sizeof(i), ret);
	if ((proto != IPPROTO_UDP && proto != IPPROTO_UDPLITE) ||
	    (seen & XT_TCP_INV_FLAGS))
		return -EOPNOTSUPP;
	memcpy(u.spts, i.spts, sizeof(u.spts));
	memcpy(u.dpts, i.dpts, sizeof(u.dpts));
	u.invflags = i.invflags;
	return give(a, proto == IPPROTO_UDP ? "udp" : "udplite", 0, &u,
		    sizeof(u), ret);
}

int xt_info_build_match(struct arena *a, const struct fw_rule *r, size_t at,
			uint8_t family, struct fw_raw *ret, size_t *ret_n)
{
	const struct fw_match *m = &r->match[at];

	(void)family;
	*ret_n = 1;
	switch (m->kind) {
	case FW_M_SPORT:
	case FW_M_DPORT:
	case FW_M_TCP_FLAGS:
		return build_tcpudp(a, r, at, ret, ret_n);
	case FW_M_PORTS:
		return build_multiport(a, m, ret);
	case FW_M_ICMP:
		return build_icmp(a, m, ret);
	case FW_M_CTSTATE:
	case FW_M_CTSTATUS:
		return build_conntrack(a, m, ret);
	case FW_M_CTMARK:
	case FW_M_MARK:
		return build_mark(a, m, ret);
	case FW_M_ADDRTYPE:
		return build_addrtype(a, &m->addrtype, ret);
	case FW_M_LIMIT:
		return build_limit(a, m, ret);
	case FW_M_COMMENT:
		return build_comment(a, m->comment, ret);
	case FW_M_XT:
		return give(a, m->raw.name, m->raw.rev, m->raw.data, m->raw.len,
			    ret);
	case FW_M_IIF:
	case FW_M_OIF:
	case FW_M_SADDR:
	case FW_M_DADDR:
	case FW_M_NFPROTO:
	case FW_M_L4PROTO:
	case FW_M_SET:
	case FW_M_EXPR:
		break;
	}
	return -EOPNOTSUPP;
}

static int build_reject(struct arena *a, enum fw_reject how, uint8_t family,
			struct fw_raw *ret)
{
	const uint8_t *v;
	uint32_t with;
	size_t n;

	if (how == FW_REJECT_OTHER)
		return -EOPNOTSUPP;
	v = rejects(family, &n);
	for (with = 0; with < n; with++)
		if (v[with] == how)
			return give(a, "REJECT", 0, &with, sizeof(with), ret);
	return -EOPNOTSUPP;
}

static int build_nat(struct arena *a, const struct fw_stmt *s, uint8_t family,
		     const char *name, uint8_t rev, struct fw_raw *ret)
{
	struct nf_nat_ipv4_multi_range_compat v4 = { .rangesize = 1 };
	struct nf_nat_range2 g;
	size_t len = nat_len(s->kind, rev, family);

	memset(&g, 0, sizeof(g));
	g.flags = s->nat.flags | (s->nat.has_addr ? NF_NAT_RANGE_MAP_IPS : 0) |
		  (s->nat.has_port ? NF_NAT_RANGE_PROTO_SPECIFIED : 0);
	memcpy(&g.min_addr, s->nat.addr, sizeof(g.min_addr));
	memcpy(&g.max_addr, s->nat.addr_to, sizeof(g.max_addr));
	g.min_proto.all = htons(s->nat.port.lo);
	g.max_proto.all = htons(s->nat.port.hi);
	g.base_proto.all = htons(s->nat.port_base);
	if (len != NAT_COMPAT)
		return give(a, name, rev, &g, len, ret);
	v4.range[0] = (struct nf_nat_ipv4_range){ g.flags, g.min_addr.ip,
						  g.max_addr.ip, g.min_proto,
						  g.max_proto };
	return give(a, name, rev, &v4, sizeof(v4), ret);
}

static int build_tcpmss(struct arena *a, const struct fw_tcpmss *t,
			struct fw_raw *ret)
{
	struct xt_tcpmss_info i;

	i.mss = t->clamp ? XT_TCPMSS_CLAMP_PMTU : t->mss;
	return give(a, "TCPMSS", 0, &i, sizeof(i), ret);
}

static int build_set_mark(struct arena *a, const struct fw_stmt *s,
			  struct fw_raw *ret)
{
	const struct fw_set_mark *m = &s->set_mark;
	struct xt_mark_tginfo2 i = { m->value, m->mask };
	struct xt_connmark_tginfo2 c;

	memset(&c, 0, sizeof(c));
	c.ctmark = m->value;
	c.ctmask = m->mask;
	c.nfmask = m->nfmask;
	c.mode = m->mode;
	if (s->kind == FW_S_MARK)
		return give(a, "MARK", 2, &i, sizeof(i), ret);
	return give(a, "CONNMARK", 2, &c, sizeof(c), ret);
}

int xt_info_build_target(struct arena *a, const struct fw_stmt *s,
			 uint8_t family, struct fw_raw *ret)
{
	switch (s->kind) {
	case FW_S_REJECT:
		return build_reject(a, s->reject, family, ret);
	case FW_S_MASQUERADE:
		return build_nat(a, s, family, "MASQUERADE", 0, ret);
	case FW_S_SNAT:
		return build_nat(a, s, family, "SNAT", family == NFPROTO_IPV6,
				 ret);
	case FW_S_DNAT:
		return build_nat(a, s, family, "DNAT", 2, ret);
	case FW_S_REDIRECT:
		return build_nat(a, s, family, "REDIRECT", 0, ret);
	case FW_S_TCPMSS:
		return build_tcpmss(a, &s->tcpmss, ret);
	case FW_S_MARK:
	case FW_S_CONNMARK:
		return build_set_mark(a, s, ret);
	case FW_S_LOG:
	case FW_S_XT:
		return give(a, s->raw.name, s->raw.rev, s->raw.data, s->raw.len,
			    ret);
	case FW_S_ACCEPT:
	case FW_S_DROP:
	case FW_S_RETURN:
	case FW_S_JUMP:
	case FW_S_GOTO:
	case FW_S_QUEUE:
	case FW_S_VMAP:
	case FW_S_EXPR:
		break;
	}
	return -EOPNOTSUPP;
}
