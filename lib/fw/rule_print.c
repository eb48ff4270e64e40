// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "fw/limit.h"
#include "fw/nft_attr.h"
#include "fw/proto.h"
#include "fw/rule.h"
#include "fw/xt_info.h"

static void print_protocol(unsigned int number, struct buf *out)
{
	const char *name = fw_protocol_name((uint8_t)number);

	if (name)
		buf_adds(out, name);
	else
		buf_addf(out, "%u", number);
}

/* Names of bits that follow one another, "" for a bit without. */
static void print_bits(uint32_t bits, const char *const *name, size_t n,
		       const char *none, struct buf *out)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(bits & (1u << i)) || !name[i])
			continue;
		buf_addf(out, "%s%s", comma, name[i]);
		comma = ",";
	}
	if (!*comma)
		buf_adds(out, none);
}

static const struct fw_match *find(const struct fw_rule *r,
				   enum fw_match_kind kind)
{
	size_t i;

	for (i = 0; i < r->n_match; i++)
		if (r->match[i].kind == kind)
			return &r->match[i];
	return NULL;
}

/* Bits of a netmask that is one prefix, or -1. */
static int prefix_of(const uint8_t *mask, unsigned int bytes)
{
	unsigned int bits = 0, i;

	while (bits < bytes * 8 && (mask[bits / 8] & (0x80 >> bits % 8)))
		bits++;
	for (i = bits; i < bytes * 8; i++)
		if (mask[i / 8] & (0x80 >> i % 8))
			return -1;
	return (int)bits;
}

static void print_ip(uint8_t family, const uint8_t *b, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];

	buf_adds(out, inet_ntop(family == NFPROTO_IPV6 ? AF_INET6 : AF_INET, b,
				text, sizeof(text)));
}

static void print_addr(const struct fw_match *m, struct buf *out)
{
	const struct fw_addr *a = &m->addr;
	const char *side = m->kind == FW_M_SADDR ? "src" : "dst";
	int prefix = prefix_of(a->mask, addr_bytes(a->family));

	if (a->range) {
		buf_addf(out, " -m iprange%s --%s-range ",
			 m->invert ? " !" : "", side);
		print_ip(a->family, a->b, out);
		buf_addc(out, '-');
		print_ip(a->family, a->b2, out);
		return;
	}
	if (!prefix && !m->invert)
		return;
	buf_addf(out, "%s -%c ", m->invert ? " !" : "", *side);
	print_ip(a->family, a->b, out);
	buf_addc(out, '/');
	if (prefix >= 0)
		buf_addf(out, "%d", prefix);
	else
		print_ip(a->family, a->mask, out);
}

static void print_iface(const struct fw_match *m, struct buf *out)
{
	const struct fw_iface *f = &m->iface;
	char side = m->kind == FW_M_IIF ? 'i' : 'o';

	if (f->index && !f->name[0])
		buf_addf(out, " [%s%cif %u]", m->invert ? "! " : "", side,
			 f->index);
	else if (f->name[0] || m->invert)
		buf_addf(out, "%s -%c %s%s", m->invert ? " !" : "", side,
			 f->name, f->prefix ? "+" : "");
}

static void print_one_protocol(const struct fw_match *m, struct buf *out)
{
	const char *not = m->invert ? " !" : "";

	if (m->range.lo != m->range.hi) {
		buf_addf(out, "%s [protocol %u-%u]", not, m->range.lo,
			 m->range.hi);
		return;
	}
	buf_addf(out, "%s -p ", not );
	print_protocol(m->range.lo, out);
}

/* A protocol that the family of the table says is not said again. */
static void print_nfproto(const struct fw_match *m, uint8_t family,
			  struct buf *out)
{
	if (m->range.lo == family && !m->invert)
		return;
	buf_addf(out, "%s [%s]", m->invert ? " !" : "",
		 m->range.lo == NFPROTO_IPV6 ? "IPv6" : "IPv4");
}

/* What iptables shows first, in its order, wherever it stands in the rule. */
static void print_head(const struct fw_rule *r, uint8_t family, struct buf *out)
{
	static const enum fw_match_kind order[] = {
		FW_M_NFPROTO, FW_M_SADDR, FW_M_DADDR,
		FW_M_IIF,     FW_M_OIF,	  FW_M_L4PROTO
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		for (j = 0; j < r->n_match; j++) {
			const struct fw_match *m = &r->match[j];

			if (m->kind != order[i])
				continue;
			if (m->kind == FW_M_NFPROTO)
				print_nfproto(m, family, out);
			else if (m->kind == FW_M_L4PROTO)
				print_one_protocol(m, out);
			else if (m->kind == FW_M_IIF || m->kind == FW_M_OIF)
				print_iface(m, out);
			else
				print_addr(m, out);
		}
	}
}

static bool is_transport(const struct fw_match *m)
{
	return m->kind == FW_M_SPORT || m->kind == FW_M_DPORT ||
	       m->kind == FW_M_TCP_FLAGS;
}

static bool all_ports(struct fw_range v)
{
	return v.lo == 0 && v.hi == UINT16_MAX;
}

static void print_range(struct fw_range v, struct buf *out)
{
	buf_addf(out, "%u", v.lo);
	if (v.hi != v.lo)
		buf_addf(out, ":%u", v.hi);
}

static void print_flags(const struct fw_tcp_flags *f, struct buf *out)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH",
					     "ACK", "URG", "ECE", "CWR" };

	buf_addc(out, ' ');
	print_bits(f->mask, names, ARRAY_SIZE(names), "NONE", out);
	buf_addc(out, ' ');
	print_bits(f->cmp, names, ARRAY_SIZE(names), "NONE", out);
}

/*
 * Ports and flags are one extension to iptables, in an order of its own.  It is
 * printed where the first of them stands.
 */
static void print_transport(const struct fw_rule *r, size_t at, struct buf *out)
{
	static const struct {
		enum fw_match_kind kind;
		const char *option;
	} parts[] = { { FW_M_SPORT, "sport" },
		      { FW_M_DPORT, "dport" },
		      { FW_M_TCP_FLAGS, "tcp-flags" } };
	const struct fw_match *proto = find(r, FW_M_L4PROTO);
	size_t i, j;

	for (i = 0; i < at; i++)
		if (is_transport(&r->match[i]))
			return;
	if (proto && !proto->invert && proto->range.lo == proto->range.hi) {
		buf_adds(out, " -m ");
		print_protocol(proto->range.lo, out);
	} else {
		buf_adds(out, " [any protocol]");
	}
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		for (j = at; j < r->n_match; j++) {
			const struct fw_match *m = &r->match[j];

			if (m->kind != parts[i].kind ||
			    (i < 2 && !m->invert && all_ports(m->range)))
				continue;
			buf_addf(out, "%s --%s", m->invert ? " !" : "",
				 parts[i].option);
			if (m->kind == FW_M_TCP_FLAGS) {
				print_flags(&m->tcp_flags, out);
				continue;
			}
			buf_addc(out, ' ');
			print_range(m->range, out);
		}
	}
}

static void print_ports(const struct fw_match *m, struct buf *out)
{
	static const char *const option[] = {
		[FW_PORTS_SRC] = "sports",
		[FW_PORTS_DST] = "dports",
		[FW_PORTS_EITHER] = "ports",
	};
	size_t i;

	buf_addf(out, " -m multiport%s --%s ", m->invert ? " !" : "",
		 option[m->ports.side]);
	for (i = 0; i < m->ports.n; i++) {
		if (i)
			buf_addc(out, ',');
		print_range(m->ports.v[i], out);
	}
}

static void print_icmp(const struct fw_match *m, struct buf *out)
{
	const struct fw_icmp *i = &m->icmp;
	bool v6 = i->proto == IPPROTO_ICMPV6;

	buf_addf(out, " -m icmp%s%s --icmp%s-type ", v6 ? "6" : "",
		 m->invert ? " !" : "", v6 ? "v6" : "");
	if (i->type == 0xff && !v6) {
		buf_adds(out, "any");
		return;
	}
	buf_addf(out, "%u", i->type);
	if (i->code[0] != 0 || i->code[1] != 255)
		buf_addf(out, "/%u", i->code[0]);
}

/* iptables has INVALID and NEW before the others. */
static void print_ct(const struct fw_match *m, struct buf *out)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} states[] = { { FW_CT_INVALID, "INVALID" },
		       { FW_CT_NEW, "NEW" },
		       { FW_CT_RELATED, "RELATED" },
		       { FW_CT_ESTABLISHED, "ESTABLISHED" },
		       { FW_CT_UNTRACKED, "UNTRACKED" },
		       { XT_CT_SNAT, "SNAT" },
		       { XT_CT_DNAT, "DNAT" } };
	const char *comma = "";
	size_t i;

	buf_addf(out, " -m %s%s --%s ",
		 m->ct.state_match ? "state" : "conntrack",
		 m->invert ? " !" : "",
		 m->ct.state_match ? "state" : "ctstate");
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!(m->ct.mask & states[i].bit))
			continue;
		buf_addf(out, "%s%s", comma, states[i].name);
		comma = ",";
	}
}

static void print_ctstatus(const struct fw_match *m, struct buf *out)
{
	static const char *const names[] = { "EXPECTED",  "SEEN_REPLY",
					     "ASSURED",	  "CONFIRMED",
					     "[SRC_NAT]", "[DST_NAT]" };

	buf_addf(out, " -m conntrack%s --ctstatus ", m->invert ? " !" : "");
	print_bits(m->ct.mask, names, ARRAY_SIZE(names), "NONE", out);
}

static void print_mark(const struct fw_match *m, struct buf *out)
{
	buf_addf(out, " -m %s%s --mark 0x%x",
		 m->kind == FW_M_MARK ? "mark" : "connmark",
		 m->invert ? " !" : "", m->bits.value);
	if (m->bits.mask != UINT32_MAX)
		buf_addf(out, "/0x%x", m->bits.mask);
}

static void print_addrtype(const struct fw_match *m, struct buf *out)
{
	static const char *const names[] = {
		"UNSPEC",   "UNICAST",	 "LOCAL",     "BROADCAST",
		"ANYCAST",  "MULTICAST", "BLACKHOLE", "UNREACHABLE",
		"PROHIBIT", "THROW",	 "NAT",	      "XRESOLVE",
	};
	const struct fw_addrtype *t = &m->addrtype;

	buf_adds(out, " -m addrtype");
	if (t->src) {
		buf_addf(out, "%s --src-type ", t->invert_src ? " !" : "");
		print_bits(t->src, names, ARRAY_SIZE(names), "", out);
	}
	if (t->dst) {
		buf_addf(out, "%s --dst-type ", t->invert_dst ? " !" : "");
		print_bits(t->dst, names, ARRAY_SIZE(names), "", out);
	}
	if (t->limit_in)
		buf_adds(out, " --limit-iface-in");
	if (t->limit_out)
		buf_adds(out, " --limit-iface-out");
}

static void print_limit(const struct fw_match *m, struct buf *out)
{
	const struct fw_limit *l = &m->limit;
	uint64_t rate;
	size_t unit;

	if (l->bytes || m->invert || !fw_limit_fit(l, &rate, &unit)) {
		buf_addf(out, " [limit%s %llu %s/%llus]",
			 m->invert ? " over" : "", (unsigned long long)l->rate,
			 l->bytes ? "bytes" : "packets",
			 (unsigned long long)l->unit);
		return;
	}
	buf_addf(out, " -m limit --limit %llu/%s", (unsigned long long)rate,
		 fw_limit_units[unit].name);
	if (l->burst != 5)
		buf_addf(out, " --limit-burst %u", l->burst);
}

/* Quoted as iptables-restore wants it, and only if it must be. */
static void print_text(const char *s, struct buf *out)
{
	static const char plain[] = "_-0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (*s && !s[strspn(s, plain)]) {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '"');
	for (; *s; s++) {
		if (strchr("\"\\'", *s))
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void print_comment(const char *text, struct buf *out)
{
	buf_adds(out, " -m comment --comment ");
	print_text(text, out);
}

static void print_lookup(const struct fw_lookup *l, struct buf *out)
{
	static const char *const names[] = {
		[FW_F_IIFNAME] = "iifname",  [FW_F_OIFNAME] = "oifname",
		[FW_F_IIF] = "iif",	     [FW_F_OIF] = "oif",
		[FW_F_SADDR] = "saddr",	     [FW_F_DADDR] = "daddr",
		[FW_F_NFPROTO] = "nfproto",  [FW_F_L4PROTO] = "l4proto",
		[FW_F_SPORT] = "sport",	     [FW_F_DPORT] = "dport",
		[FW_F_CTSTATE] = "ct state", [FW_F_CTSTATUS] = "ct status",
		[FW_F_MARK] = "mark",	     [FW_F_CTMARK] = "ct mark",
		[FW_F_OTHER] = "other",
	};
	size_t i;

	for (i = 0; i < l->key->n; i++)
		buf_addf(out, "%s%s", i ? " . " : "",
			 names[l->key->part[i].field]);
}

static void print_xt(const struct fw_match *m, uint8_t family, struct buf *out)
{
	buf_addc(out, ' ');
	if (!xt_info_print_match(&m->raw, family, out))
		buf_addf(out, "[-m %s]", m->raw.name);
}

static void print_expr(const struct fw_match *m, struct buf *out)
{
	if (strcmp(m->raw.name, "fragment") == 0)
		buf_adds(out, " -f");
	else if (strcmp(m->raw.name, "head fragment") == 0)
		buf_adds(out, " ! -f");
	else
		buf_addf(out, " [%s]", m->raw.name);
}

static void print_match(const struct fw_rule *r, size_t at, uint8_t family,
			struct buf *out)
{
	const struct fw_match *m = &r->match[at];

	switch (m->kind) {
	case FW_M_IIF:
	case FW_M_OIF:
	case FW_M_SADDR:
	case FW_M_DADDR:
	case FW_M_NFPROTO:
	case FW_M_L4PROTO:
		return; /* of the head */
	case FW_M_SPORT:
	case FW_M_DPORT:
	case FW_M_TCP_FLAGS:
		print_transport(r, at, out);
		return;
	case FW_M_PORTS:
		print_ports(m, out);
		return;
	case FW_M_ICMP:
		print_icmp(m, out);
		return;
	case FW_M_CTSTATE:
		print_ct(m, out);
		return;
	case FW_M_CTSTATUS:
		print_ctstatus(m, out);
		return;
	case FW_M_CTMARK:
	case FW_M_MARK:
		print_mark(m, out);
		return;
	case FW_M_ADDRTYPE:
		print_addrtype(m, out);
		return;
	case FW_M_LIMIT:
		print_limit(m, out);
		return;
	case FW_M_COMMENT:
		print_comment(m->comment, out);
		return;
	case FW_M_SET:
		buf_addf(out, " [%s", m->invert ? "! " : "");
		print_lookup(&m->lookup, out);
		buf_addf(out, " in @%s]", m->lookup.name);
		return;
	case FW_M_XT:
		print_xt(m, family, out);
		return;
	case FW_M_EXPR:
		print_expr(m, out);
		return;
	}
}

static void print_reject(enum fw_reject how, uint8_t family, struct buf *out)
{
	static const char *const v4[] = {
		[FW_REJECT_NET_UNREACH] = "icmp-net-unreachable",
		[FW_REJECT_HOST_UNREACH] = "icmp-host-unreachable",
		[FW_REJECT_PROTO_UNREACH] = "icmp-proto-unreachable",
		[FW_REJECT_PORT_UNREACH] = "icmp-port-unreachable",
		[FW_REJECT_NET_PROHIBITED] = "icmp-net-prohibited",
		[FW_REJECT_HOST_PROHIBITED] = "icmp-host-prohibited",
		[FW_REJECT_ADMIN_PROHIBITED] = "icmp-admin-prohibited",
		[FW_REJECT_TCP_RESET] = "tcp-reset",
		[FW_REJECT_OTHER] = NULL,
	};
	static const char *const v6[] = {
		[FW_REJECT_PORT_UNREACH] = "icmp6-port-unreachable",
		[FW_REJECT_ADMIN_PROHIBITED] = "icmp6-adm-prohibited",
		[FW_REJECT_TCP_RESET] = "tcp-reset",
		[FW_REJECT_NO_ROUTE] = "icmp6-no-route",
		[FW_REJECT_ADDR_UNREACH] = "icmp6-addr-unreachable",
		[FW_REJECT_POLICY_FAIL] = "icmp6-policy-fail",
		[FW_REJECT_ROUTE] = "icmp6-reject-route",
		[FW_REJECT_OTHER] = NULL,
	};
	const char *name = family == NFPROTO_IPV6 ? v6[how] : v4[how];

	buf_adds(out, " -j REJECT");
	if (name)
		buf_addf(out, " --reject-with %s", name);
	else
		buf_adds(out, " [otherwise]");
}

static void print_nat_flags(const struct fw_nat *nat, struct buf *out)
{
	if (nat->flags & NF_NAT_RANGE_PROTO_RANDOM)
		buf_adds(out, " --random");
	if (nat->flags & NF_NAT_RANGE_PROTO_RANDOM_FULLY)
		buf_adds(out, " --random-fully");
	if (nat->flags & NF_NAT_RANGE_PERSISTENT)
		buf_adds(out, " --persistent");
}

static bool is_ipv6(const struct fw_rule *r, uint8_t family)
{
	const struct fw_match *m = find(r, FW_M_NFPROTO);

	return family == NFPROTO_IPV6 ||
	       (family == NFPROTO_INET && m && m->range.lo == NFPROTO_IPV6);
}

static void print_to(const struct fw_nat *nat, bool v6, struct buf *out)
{
	uint8_t family = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	const char *open = v6 && nat->has_port ? "[" : "";

	buf_adds(out, open);
	if (nat->has_addr)
		print_ip(family, nat->addr, out);
	if (nat->has_addr && memcmp(nat->addr, nat->addr_to, v6 ? 16 : 4)) {
		buf_addc(out, '-');
		print_ip(family, nat->addr_to, out);
	}
	if (*open)
		buf_addc(out, ']');
	if (!nat->has_port)
		return;
	buf_addf(out, ":%u", nat->port.lo);
	if (nat->port.hi != nat->port.lo)
		buf_addf(out, "-%u", nat->port.hi);
	if (nat->flags & NF_NAT_RANGE_PROTO_OFFSET)
		buf_addf(out, "/%u", nat->port_base);
}

static void print_nat(const struct fw_rule *r, const struct fw_stmt *s,
		      uint8_t family, struct buf *out)
{
	bool snat = s->kind == FW_S_SNAT;

	buf_addf(out, " -j %s", snat ? "SNAT" : "DNAT");
	if (s->nat.has_addr || s->nat.has_port) {
		buf_addf(out, " --to-%s ", snat ? "source" : "destination");
		print_to(&s->nat, is_ipv6(r, family), out);
	}
	print_nat_flags(&s->nat, out);
}

static void print_to_ports(const char *target, const struct fw_nat *nat,
			   struct buf *out)
{
	buf_addf(out, " -j %s", target);
	if (nat->has_port) {
		buf_addf(out, " --to-ports %u", nat->port.lo);
		if (nat->port.hi != nat->port.lo)
			buf_addf(out, "-%u", nat->port.hi);
	}
	print_nat_flags(nat, out);
}

static void print_set_mark(const struct fw_stmt *s, struct buf *out)
{
	const struct fw_set_mark *m = &s->set_mark;

	buf_adds(out, s->kind == FW_S_MARK ? " -j MARK" : " -j CONNMARK");
	if (s->kind == FW_S_MARK || !m->mode)
		buf_addf(out, " --set-xmark 0x%x/0x%x", m->value, m->mask);
	else
		buf_addf(out, " --%s-mark --nfmask 0x%x --ctmask 0x%x",
			 m->mode == 1 ? "save" : "restore", m->nfmask, m->mask);
}

/* With a group an nft log is what iptables calls NFLOG. */
static bool print_nflog(const struct fw_raw *raw, struct buf *out)
{
	struct nft_attrs elems, elem, log;
	const char *prefix;

	nft_attrs_read(&elems, raw->data, raw->len);
	nft_attrs_nest(&elem, elems.tb[NFTA_LIST_ELEM]);
	nft_attrs_nest(&log, elem.tb[NFTA_EXPR_DATA]);
	prefix = nft_attr_str(&log, NFTA_LOG_PREFIX);
	if (!log.tb[NFTA_LOG_GROUP] ||
	    mnl_attr_get_payload_len(log.tb[NFTA_LOG_GROUP]) < 2)
		return false;
	buf_adds(out, "-j NFLOG");
	if (prefix && *prefix) {
		buf_adds(out, " --nflog-prefix ");
		print_text(prefix, out);
	}
	buf_addf(out, " --nflog-group %u",
		 ntohs(mnl_attr_get_u16(log.tb[NFTA_LOG_GROUP])));
	if (log.tb[NFTA_LOG_SNAPLEN])
		buf_addf(out, " --nflog-size %u",
			 nft_attr_u32(&log, NFTA_LOG_SNAPLEN));
	if (log.tb[NFTA_LOG_QTHRESHOLD] &&
	    mnl_attr_get_payload_len(log.tb[NFTA_LOG_QTHRESHOLD]) >= 2)
		buf_addf(out, " --nflog-threshold %u",
			 ntohs(mnl_attr_get_u16(log.tb[NFTA_LOG_QTHRESHOLD])));
	return true;
}

static void print_raw_target(const struct fw_stmt *s, uint8_t family,
			     struct buf *out)
{
	buf_addc(out, ' ');
	if (s->kind == FW_S_LOG && strcmp(s->raw.name, "log") == 0) {
		if (!print_nflog(&s->raw, out))
			buf_adds(out, "[log]");
	} else if (!xt_info_print_target(&s->raw, family, out)) {
		buf_addf(out, "[-j %s]", s->raw.name);
	}
}

static void print_stmt(const struct fw_rule *r, const struct fw_stmt *s,
		       uint8_t family, struct buf *out)
{
	switch (s->kind) {
	case FW_S_ACCEPT:
		buf_adds(out, " -j ACCEPT");
		return;
	case FW_S_DROP:
		buf_adds(out, " -j DROP");
		return;
	case FW_S_RETURN:
		buf_adds(out, " -j RETURN");
		return;
	case FW_S_QUEUE:
		buf_adds(out, " -j QUEUE");
		return;
	case FW_S_JUMP:
		buf_addf(out, " -j %s", s->chain);
		return;
	case FW_S_GOTO:
		buf_addf(out, " -g %s", s->chain);
		return;
	case FW_S_REJECT:
		print_reject(s->reject, family, out);
		return;
	case FW_S_VMAP:
		buf_adds(out, " [");
		print_lookup(&s->vmap, out);
		buf_addf(out, " vmap @%s]", s->vmap.name);
		return;
	case FW_S_MASQUERADE:
		print_to_ports("MASQUERADE", &s->nat, out);
		return;
	case FW_S_REDIRECT:
		print_to_ports("REDIRECT", &s->nat, out);
		return;
	case FW_S_SNAT:
	case FW_S_DNAT:
		print_nat(r, s, family, out);
		return;
	case FW_S_TCPMSS:
		buf_adds(out, " -j TCPMSS");
		if (s->tcpmss.clamp)
			buf_adds(out, " --clamp-mss-to-pmtu");
		else
			buf_addf(out, " --set-mss %u", s->tcpmss.mss);
		return;
	case FW_S_MARK:
	case FW_S_CONNMARK:
		print_set_mark(s, out);
		return;
	case FW_S_LOG:
	case FW_S_XT:
		print_raw_target(s, family, out);
		return;
	case FW_S_EXPR:
		buf_addf(out, " [%s]", s->raw.name);
		return;
	}
}

void fw_rule_print(const struct fw_rule *r, uint8_t family, struct buf *out)
{
	struct buf text = { 0 };
	size_t i;

	print_head(r, family, &text);
	for (i = 0; i < r->n_match; i++)
		print_match(r, i, family, &text);
	if (r->comment)
		print_comment(r->comment, &text);
	for (i = 0; i < r->n_stmt; i++)
		print_stmt(r, &r->stmt[i], family, &text);
	/* Every word was put with a space before it. */
	if (text.len)
		buf_add(out, text.p + 1, text.len - 1);
	out->failed |= text.failed;
	buf_done(&text);
}
