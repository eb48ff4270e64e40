// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "fw/ipt_ext.h"

/* struct log_info - as the kernel's struct xt_log_info */
struct log_info {
	uint8_t level, flags;
	char prefix[30];
};

#define LEVEL_WARNING 4

bool ipt_log_defaults(struct ipt_parser *p, struct ipt_use *u)
{
	struct log_info *info = arena_alloc(p->a, sizeof(*info));

	if (!info)
		return false;
	info->level = LEVEL_WARNING;
	u->s.raw = (struct fw_raw){ .name = "LOG",
				    .data = (const uint8_t *)info,
				    .len = sizeof(*info) };
	return true;
}

/* struct reject_name - a type, abbreviated as you like, and its alias */
struct reject_name {
	const char *name, *alias;
	enum fw_reject type;
};

static const struct reject_name rejects[] = {
	{ "icmp-net-unreachable", "net-unreach", FW_REJECT_NET_UNREACH },
	{ "icmp-host-unreachable", "host-unreach", FW_REJECT_HOST_UNREACH },
	{ "icmp-proto-unreachable", "proto-unreach", FW_REJECT_PROTO_UNREACH },
	{ "icmp-port-unreachable", "port-unreach", FW_REJECT_PORT_UNREACH },
	{ "icmp-net-prohibited", "net-prohib", FW_REJECT_NET_PROHIBITED },
	{ "icmp-host-prohibited", "host-prohib", FW_REJECT_HOST_PROHIBITED },
	{ "tcp-reset", "tcp-rst", FW_REJECT_TCP_RESET },
	{ "icmp-admin-prohibited", "admin-prohib", FW_REJECT_ADMIN_PROHIBITED },
};

static const struct reject_name rejects6[] = {
	{ "icmp6-no-route", "no-route", FW_REJECT_NO_ROUTE },
	{ "icmp6-adm-prohibited", "adm-prohibited",
	  FW_REJECT_ADMIN_PROHIBITED },
	{ "icmp6-addr-unreachable", "addr-unreach", FW_REJECT_ADDR_UNREACH },
	{ "icmp6-port-unreachable", "port-unreach", FW_REJECT_PORT_UNREACH },
	{ "tcp-reset", "tcp-reset", FW_REJECT_TCP_RESET },
	{ "icmp6-policy-fail", "policy-fail", FW_REJECT_POLICY_FAIL },
	{ "icmp6-reject-route", "reject-route", FW_REJECT_ROUTE },
};

static bool reject_option(struct ipt_parser *p, struct ipt_use *u)
{
	bool v6 = p->family == NFPROTO_IPV6;
	const struct reject_name *v = v6 ? rejects6 : rejects;
	size_t n = v6 ? ARRAY_SIZE(rejects6) : ARRAY_SIZE(rejects), i;
	size_t len = strlen(p->arg);

	for (i = 0; i < n; i++)
		if (strncasecmp(v[i].name, p->arg, len) == 0 ||
		    strncasecmp(v[i].alias, p->arg, len) == 0) {
			u->s.reject = v[i].type;
			return true;
		}
	if (strncasecmp(p->arg, "echo", 4) == 0)
		return ipt_unknown(p, "--reject-with %s", p->arg);
	return ipt_fail(p, 2, "unknown reject type \"%s\"", p->arg);
}

/* The port that a shifted range begins with. */
static bool nat_base(struct ipt_parser *p, const char *s, struct fw_nat *nat)
{
	int port = ipt_service(s, IPT_SVC_ANY);
	const char *end;
	uint64_t v;

	if (ipt_number(s, &end, &v, 1, UINT16_MAX))
		nat->port_base = v;
	else if (port >= 0)
		nat->port_base = port;
	else if (isalpha((unsigned char)*s))
		return ipt_unknown(p, "service %s", s);
	else
		return ipt_fail(p, 2, "Port `%s' not valid", s);
	nat->flags |= NF_NAT_RANGE_PROTO_OFFSET;
	/* The others have no room for it. */
	if (p->target->ext->id != IPT_T_DNAT)
		nat->port_base = 0;
	return true;
}

static bool nat_range(struct ipt_parser *p, const char *s, struct fw_nat *nat)
{
	const char *end;
	uint64_t v;

	if (!ipt_number(s, &end, &v, 0, UINT16_MAX))
		return ipt_fail(p, 2, "Port `%s' not valid", s);
	if (v < nat->port.lo)
		return ipt_fail(p, 2, "Port range `%s' funky", s);
	nat->port.hi = v;
	if (*end == '/')
		return nat_base(p, end + 1, nat);
	if (*end)
		return ipt_fail(p, 2, "Garbage after port range: `%s'", end);
	return true;
}

static bool nat_ports(struct ipt_parser *p, const char *s, struct fw_nat *nat)
{
	const char *end = "";
	uint64_t v;
	int port;

	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP &&
	    p->proto != IPPROTO_SCTP && p->proto != IPPROTO_DCCP &&
	    p->proto != IPPROTO_ICMP)
		return ipt_fail(p, 2,
				"Need TCP, UDP, SCTP or DCCP with port "
				"specification");
	nat->has_port = true;
	if (!ipt_number(s, &end, &v, 0, UINT16_MAX)) {
		port = ipt_service(s, IPT_SVC_ANY);
		if (port < 0 && isalpha((unsigned char)*s))
			return ipt_unknown(p, "service %s", s);
		if (port < 0)
			return ipt_fail(p, 2, "Port `%s' not valid", s);
		v = port;
		end = "";
	}
	nat->port.lo = nat->port.hi = v;
	if (*end == '-')
		return nat_range(p, end + 1, nat);
	if (*end == ':')
		return ipt_fail(p, 2, "Invalid port:port syntax - use dash");
	if (*end)
		return ipt_fail(p, 2, "Garbage after port value: `%s'", end);
	return true;
}

static bool nat_address(struct ipt_parser *p, const char *s, uint8_t *ret)
{
	if (inet_pton(p->family, s, ret) == 1)
		return true;
	return ipt_fail(p, 2, "Bad IP address \"%s\"", s);
}

/* [address[-address]][:port[-port[/port]]], an IPv6 address in brackets */
static bool nat_to(struct ipt_parser *p, struct fw_nat *nat)
{
	char *s = arena_strndup(p->a, p->arg, strlen(p->arg)), *start, *end;
	char *colon, *dash;

	if (!s)
		return ipt_no_memory(p);
	start = strchr(s, '[');
	if (start) {
		end = strchr(++start, ']');
		if (!end || p->family == NFPROTO_IPV4)
			return ipt_fail(p, 2, "Invalid address format");
		*end = '\0';
		colon = strchr(end + 1, ':');
	} else {
		start = s;
		colon = strchr(s, ':');
		if (colon && strchr(colon + 1, ':'))
			colon = NULL;
	}
	if (colon) {
		if (!nat_ports(p, colon + 1, nat))
			return false;
		if (colon == s || colon == s + 2)
			return true;
		*colon = '\0';
	}
	nat->has_addr = true;
	dash = strchr(start, '-');
	if (dash && (!colon || dash < colon))
		*dash = '\0';
	else
		dash = NULL;
	if (!nat_address(p, start, nat->addr))
		return false;
	return nat_address(p, dash ? dash + 1 : start, nat->addr_to);
}

static bool nat_option(struct ipt_parser *p, struct ipt_use *u,
		       const struct ipt_opt *o)
{
	struct fw_nat *nat = &u->s.nat;

	switch (o->id) {
	case O_RANDOM:
		nat->flags |= NF_NAT_RANGE_PROTO_RANDOM;
		return true;
	case O_FULLY:
		nat->flags |= NF_NAT_RANGE_PROTO_RANDOM_FULLY;
		return true;
	case O_PERSISTENT:
		nat->flags |= NF_NAT_RANGE_PERSISTENT;
		return true;
	}
	if (u->ext->id == IPT_T_SNAT || u->ext->id == IPT_T_DNAT)
		return nat_to(p, nat);
	return nat_ports(p, p->arg, nat);
}

static void mark_option(struct ipt_use *u, const struct ipt_opt *o,
			const struct ipt_value *v)
{
	struct fw_set_mark *m = &u->s.set_mark;

	switch (o->id) {
	case O_SET_XMARK:
		m->value = v->number;
		m->mask = v->mask;
		break;
	case O_SET_MARK:
		m->value = v->number;
		m->mask = v->number | v->mask;
		break;
	case O_AND:
		m->value = 0;
		m->mask = ~v->number;
		break;
	case O_OR:
		m->value = m->mask = v->number;
		break;
	case O_XOR:
		m->value = v->number;
		m->mask = 0;
		break;
	case O_SAVE:
		m->mode = 1;
		break;
	case O_RESTORE:
		m->mode = 2;
		break;
	case O_CTMASK:
		m->mask = v->number;
		break;
	case O_NFMASK:
		m->nfmask = v->number;
		break;
	case O_MASK:
		m->mask = m->nfmask = v->number;
		break;
	}
}

static bool log_option(struct ipt_parser *p, struct ipt_use *u,
		       const struct ipt_opt *o, uint32_t number)
{
	struct log_info *info = (struct log_info *)u->s.raw.data;

	if (o->id == O_LOG_LEVEL) {
		info->level = number;
	} else if (o->id == O_LOG_PREFIX) {
		if (strchr(p->arg, '\n'))
			return ipt_fail(p, 2,
					"Newlines not allowed in --log-prefix");
		snprintf(info->prefix, sizeof(info->prefix), "%s", p->arg);
	} else {
		info->flags |= BIT(o->id);
	}
	return true;
}

bool ipt_target_option(struct ipt_parser *p, struct ipt_use *u,
		       const struct ipt_opt *o, const struct ipt_value *v)
{
	switch (u->ext->id) {
	case IPT_T_REJECT:
		return reject_option(p, u);
	case IPT_T_MASQUERADE:
	case IPT_T_SNAT:
	case IPT_T_DNAT:
	case IPT_T_REDIRECT:
		return nat_option(p, u, o);
	case IPT_T_TCPMSS:
		u->s.tcpmss = (struct fw_tcpmss){ .clamp = o->id == O_CLAMP,
						  .mss = v->number };
		return true;
	case IPT_T_MARK:
	case IPT_T_CONNMARK:
		mark_option(u, o, v);
		return true;
	case IPT_T_LOG:
		return log_option(p, u, o, v->number);
	case IPT_TCP:
	case IPT_UDP:
	case IPT_ICMP:
	case IPT_ICMP6:
	case IPT_STATE:
	case IPT_CONNTRACK:
	case IPT_COMMENT:
	case IPT_MULTIPORT:
	case IPT_ADDRTYPE:
	case IPT_MARK:
	case IPT_CONNMARK:
	case IPT_LIMIT:
	case IPT_T_STANDARD:
		break;
	}
	return true;
}
