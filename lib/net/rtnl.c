// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/rtnl.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/cleanup.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

static const char *const link_names[] = {
	[IFLA_IFNAME] = "IFLA_IFNAME",
	[IFLA_MTU] = "IFLA_MTU",
	[IFLA_LINKINFO] = "IFLA_LINKINFO",
	[IFLA_EXT_MASK] = "IFLA_EXT_MASK",
};

static const char *const addr_names[] = {
	[IFA_ADDRESS] = "IFA_ADDRESS",
	[IFA_LOCAL] = "IFA_LOCAL",
};

static const char *const route_names[] = {
	[RTA_DST] = "RTA_DST",
	[RTA_OIF] = "RTA_OIF",
	[RTA_TABLE] = "RTA_TABLE",
};

static const char *const rule_names[] = {
	[FRA_PRIORITY] = "FRA_PRIORITY",
	[FRA_FWMARK] = "FRA_FWMARK",
	[FRA_SUPPRESS_PREFIXLEN] = "FRA_SUPPRESS_PREFIXLEN",
	[FRA_TABLE] = "FRA_TABLE",
};

#define NAMES(type, hdr, names)                                    \
	{                                                          \
		type, sizeof(struct hdr), names, ARRAY_SIZE(names) \
	}

const struct nl_attr_names rtnl_attr_names[] = {
	NAMES(RTM_NEWLINK, ifinfomsg, link_names),
	NAMES(RTM_DELLINK, ifinfomsg, link_names),
	NAMES(RTM_GETLINK, ifinfomsg, link_names),
	NAMES(RTM_NEWADDR, ifaddrmsg, addr_names),
	NAMES(RTM_NEWROUTE, rtmsg, route_names),
	NAMES(RTM_GETROUTE, rtmsg, route_names),
	NAMES(RTM_NEWRULE, fib_rule_hdr, rule_names),
	NAMES(RTM_DELRULE, fib_rule_hdr, rule_names),
	{},
};

#define CREATE (NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)

static void begin_link(struct nlmsg *m, uint16_t type, uint16_t flags,
		       int index)
{
	const struct ifinfomsg ifi = { .ifi_index = index };

	nlmsg_begin(m, type, flags, &ifi, sizeof(ifi));
}

/* Counters are most of what a link's answer holds. */
static void skip_stats(struct nlmsg *m)
{
	nlmsg_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

/* The kernel takes the kind with or without NUL; iproute2 sends it without. */
static void put_kind(struct nlmsg *m, const char *kind)
{
	size_t nest = nlmsg_nest(m, IFLA_LINKINFO);

	nlmsg_put(m, IFLA_INFO_KIND, kind, strlen(kind));
	nlmsg_nest_end(m, nest);
}

void rtnl_build_link_get(struct nlmsg *m, const char *name)
{
	begin_link(m, RTM_GETLINK, 0, 0);
	skip_stats(m);
	nlmsg_put_str(m, IFLA_IFNAME, name);
}

void rtnl_build_link_get_index(struct nlmsg *m, int index)
{
	begin_link(m, RTM_GETLINK, 0, index);
	skip_stats(m);
}

void rtnl_build_link_dump(struct nlmsg *m, const char *kind)
{
	begin_link(m, RTM_GETLINK, NLM_F_DUMP, 0);
	skip_stats(m);
	if (kind)
		put_kind(m, kind);
}

void rtnl_build_link_add(struct nlmsg *m, const char *name, const char *kind)
{
	begin_link(m, RTM_NEWLINK, CREATE, 0);
	nlmsg_put_str(m, IFLA_IFNAME, name);
	put_kind(m, kind);
}

void rtnl_build_link_up(struct nlmsg *m, int index, uint32_t mtu)
{
	const struct ifinfomsg ifi = { .ifi_index = index,
				       .ifi_flags = IFF_UP,
				       .ifi_change = IFF_UP };

	nlmsg_begin(m, RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));
	nlmsg_put_u32(m, IFLA_MTU, mtu);
}

void rtnl_build_link_del(struct nlmsg *m, int index)
{
	begin_link(m, RTM_DELLINK, NLM_F_ACK, index);
}

void rtnl_build_addr_add(struct nlmsg *m, int index, const struct addr *a)
{
	struct ifaddrmsg ifa = { .ifa_family = a->family,
				 .ifa_prefixlen = a->plen,
				 .ifa_scope = RT_SCOPE_UNIVERSE,
				 .ifa_index = index };

	if (a->family == AF_INET && a->b[0] == 127)
		ifa.ifa_scope = RT_SCOPE_HOST;
	nlmsg_begin(m, RTM_NEWADDR, CREATE, &ifa, sizeof(ifa));
	nlmsg_put(m, IFA_LOCAL, a->b, addr_bytes(a->family));
	nlmsg_put(m, IFA_ADDRESS, a->b, addr_bytes(a->family));
}

void rtnl_build_addr_dump(struct nlmsg *m, uint8_t family, int index)
{
	const struct ifaddrmsg ifa = { .ifa_family = family,
				       .ifa_index = index };

	nlmsg_begin(m, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
}

void rtnl_build_route_add(struct nlmsg *m, const struct addr *dst, int oif,
			  uint32_t table)
{
	const struct rtmsg rtm = {
		.rtm_family = dst->family,
		.rtm_dst_len = dst->plen,
		.rtm_table = table <= UINT8_MAX ? table : RT_TABLE_UNSPEC,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = dst->family == AF_INET ? RT_SCOPE_LINK
						    : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};

	nlmsg_begin(m, RTM_NEWROUTE, CREATE, &rtm, sizeof(rtm));
	nlmsg_put(m, RTA_DST, dst->b, addr_bytes(dst->family));
	if (table > UINT8_MAX)
		nlmsg_put_u32(m, RTA_TABLE, table);
	nlmsg_put_u32(m, RTA_OIF, oif);
}

/* IPv6 names the table unasked and, with strict checks, refuses the flag. */
void rtnl_build_route_get(struct nlmsg *m, const struct addr *dst)
{
	const struct rtmsg rtm = {
		.rtm_family = dst->family,
		.rtm_dst_len = addr_bits(dst->family),
		.rtm_flags = dst->family == AF_INET ? RTM_F_LOOKUP_TABLE : 0,
	};

	nlmsg_begin(m, RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	nlmsg_put(m, RTA_DST, dst->b, addr_bytes(dst->family));
}

void rtnl_build_route_dump(struct nlmsg *m, uint8_t family, uint32_t table,
			   int oif)
{
	const struct rtmsg rtm = { .rtm_family = family };

	nlmsg_begin(m, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	if (table)
		nlmsg_put_u32(m, RTA_TABLE, table);
	if (oif)
		nlmsg_put_u32(m, RTA_OIF, oif);
}

static void build_mark(struct nlmsg *m, uint16_t type, uint16_t flags,
		       uint8_t family, uint32_t mark, const uint32_t *priority)
{
	const struct fib_rule_hdr frh = {
		.family = family,
		.table = mark <= UINT8_MAX ? mark : RT_TABLE_UNSPEC,
		.action = FR_ACT_TO_TBL,
		.flags = FIB_RULE_INVERT,
	};

	nlmsg_begin(m, type, flags, &frh, sizeof(frh));
	nlmsg_put_u32(m, FRA_FWMARK, mark);
	nlmsg_put_u32(m, FRA_TABLE, mark);
	if (priority)
		nlmsg_put_u32(m, FRA_PRIORITY, *priority);
}

static void build_suppress(struct nlmsg *m, uint16_t type, uint16_t flags,
			   uint8_t family, const uint32_t *priority)
{
	const struct fib_rule_hdr frh = { .family = family,
					  .table = RT_TABLE_MAIN,
					  .action = FR_ACT_TO_TBL };

	nlmsg_begin(m, type, flags, &frh, sizeof(frh));
	nlmsg_put_u32(m, FRA_SUPPRESS_PREFIXLEN, 0);
	if (priority)
		nlmsg_put_u32(m, FRA_PRIORITY, *priority);
}

void rtnl_build_rule_mark_add(struct nlmsg *m, uint8_t family, uint32_t mark,
			      const uint32_t *priority)
{
	build_mark(m, RTM_NEWRULE, CREATE, family, mark, priority);
}

void rtnl_build_rule_suppress_add(struct nlmsg *m, uint8_t family,
				  const uint32_t *priority)
{
	build_suppress(m, RTM_NEWRULE, CREATE, family, priority);
}

void rtnl_build_rule_mark_del(struct nlmsg *m, uint8_t family, uint32_t mark,
			      uint32_t priority)
{
	build_mark(m, RTM_DELRULE, NLM_F_ACK, family, mark, &priority);
}

void rtnl_build_rule_suppress_del(struct nlmsg *m, uint8_t family,
				  uint32_t priority)
{
	build_suppress(m, RTM_DELRULE, NLM_F_ACK, family, &priority);
}

void rtnl_build_rule_table_del(struct nlmsg *m, uint8_t family, uint32_t table,
			       uint32_t priority)
{
	const struct fib_rule_hdr frh = { .family = family };

	nlmsg_begin(m, RTM_DELRULE, NLM_F_ACK, &frh, sizeof(frh));
	nlmsg_put_u32(m, FRA_TABLE, table);
	nlmsg_put_u32(m, FRA_PRIORITY, priority);
}

void rtnl_build_rule_dump(struct nlmsg *m, uint8_t family)
{
	const struct fib_rule_hdr frh = { .family = family };

	nlmsg_begin(m, RTM_GETRULE, NLM_F_DUMP, &frh, sizeof(frh));
}

/* Is @nlh of this type, with a whole fixed header of @len bytes? */
static bool is_msg(const struct nlmsghdr *nlh, uint16_t type, size_t len)
{
	return nlh->nlmsg_type == type && nlh->nlmsg_len >= NLMSG_HDRLEN &&
	       mnl_nlmsg_get_payload_len(nlh) >= MNL_ALIGN(len);
}

static bool get(const struct nlattr *attr, void *v, size_t len)
{
	if (mnl_attr_get_payload_len(attr) < len)
		return false;
	memcpy(v, mnl_attr_get_payload(attr), len);
	return true;
}

/* A string with its NUL, not empty, that fits @size bytes. */
static bool get_str(const struct nlattr *attr, char *out, size_t size)
{
	size_t len = mnl_attr_get_payload_len(attr);
	const char *s = mnl_attr_get_payload(attr);

	len = strnlen(s, len);
	if (len == 0 || len >= size)
		return false;
	memset(out, 0, size);
	memcpy(out, s, len);
	return true;
}

static void read_linkinfo(const struct nlattr *nest, struct rtnl_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			get_str(attr, link->kind, sizeof(link->kind));
}

bool rtnl_read_link(const struct nlmsghdr *nlh, struct rtnl_link *ret_link)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct rtnl_link link = {};
	const struct nlattr *attr;

	if (!is_msg(nlh, RTM_NEWLINK, sizeof(*ifi)))
		return false;
	link.index = ifi->ifi_index;
	link.flags = ifi->ifi_flags;
	nlmsg_for_each(attr, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			get_str(attr, link.name, sizeof(link.name));
			break;
		case IFLA_MTU:
			get(attr, &link.mtu, sizeof(link.mtu));
			break;
		case IFLA_MASTER:
			get(attr, &link.master, sizeof(link.master));
			break;
		case IFLA_LINKINFO:
			read_linkinfo(attr, &link);
			break;
		}
	}
	if (link.index <= 0 || !link.name[0])
		return false;
	*ret_link = link;
	return true;
}

static bool is_str(const struct nlattr *attr, const char *s)
{
	size_t len = mnl_attr_get_payload_len(attr), want = strlen(s);
	const char *p = mnl_attr_get_payload(attr);

	return strnlen(p, len) == want && memcmp(p, s, want) == 0;
}

bool rtnl_link_has_name(const struct nlmsghdr *nlh, const char *name)
{
	const struct nlattr *attr, *alt;

	if (!is_msg(nlh, RTM_NEWLINK, sizeof(struct ifinfomsg)))
		return false;
	nlmsg_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    is_str(attr, name))
			return true;
		if (mnl_attr_get_type(attr) != IFLA_PROP_LIST)
			continue;
		mnl_attr_for_each_nested(alt, attr)
			if (mnl_attr_get_type(alt) == IFLA_ALT_IFNAME &&
			    is_str(alt, name))
				return true;
	}
	return false;
}

/* IPv4 or IPv6 with a prefix length that the family has? */
static bool is_prefix(uint8_t family, uint8_t plen)
{
	return (family == AF_INET || family == AF_INET6) &&
	       plen <= addr_bits(family);
}

bool rtnl_read_addr(const struct nlmsghdr *nlh, struct rtnl_addr *ret_addr)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	bool has_local = false, has_address = false;
	uint8_t local[16] = {}, address[16] = {};
	const struct nlattr *attr;
	struct rtnl_addr a = {};
	size_t len;

	if (!is_msg(nlh, RTM_NEWADDR, sizeof(*ifa)) ||
	    !is_prefix(ifa->ifa_family, ifa->ifa_prefixlen))
		return false;
	len = addr_bytes(ifa->ifa_family);
	a.index = ifa->ifa_index;
	a.scope = ifa->ifa_scope;
	a.flags = ifa->ifa_flags;
	nlmsg_for_each(attr, nlh, sizeof(*ifa)) {
		switch (mnl_attr_get_type(attr)) {
		case IFA_LOCAL:
			has_local = get(attr, local, len);
			break;
		case IFA_ADDRESS:
			has_address = get(attr, address, len);
			break;
		case IFA_FLAGS:
			get(attr, &a.flags, sizeof(a.flags));
			break;
		}
	}
	if (!has_local && !has_address)
		return false;
	a.addr.family = ifa->ifa_family;
	a.addr.plen = ifa->ifa_prefixlen;
	memcpy(a.addr.b, has_local ? local : address, len);
	a.has_peer = has_local && has_address && memcmp(local, address, len);
	*ret_addr = a;
	return true;
}

static void read_metrics(const struct nlattr *nest, struct rtnl_route *r)
{
	const struct nlattr *attr;
	uint32_t lock = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == RTAX_MTU)
			get(attr, &r->mtu, sizeof(r->mtu));
		if (mnl_attr_get_type(attr) == RTAX_LOCK)
			get(attr, &lock, sizeof(lock));
	}
	r->mtu_locked = lock & (1u << RTAX_MTU);
}

bool rtnl_read_route(const struct nlmsghdr *nlh, struct rtnl_route *ret_route)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct rtnl_route r = {};

	if (!is_msg(nlh, RTM_NEWROUTE, sizeof(*rtm)) ||
	    !is_prefix(rtm->rtm_family, rtm->rtm_dst_len))
		return false;
	r.dst.family = rtm->rtm_family;
	r.dst.plen = rtm->rtm_dst_len;
	r.table = rtm->rtm_table;
	r.type = rtm->rtm_type;
	r.protocol = rtm->rtm_protocol;
	r.scope = rtm->rtm_scope;
	r.flags = rtm->rtm_flags;
	nlmsg_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			get(attr, r.dst.b, addr_bytes(r.dst.family));
			break;
		case RTA_OIF:
			get(attr, &r.oif, sizeof(r.oif));
			break;
		case RTA_PRIORITY:
			get(attr, &r.metric, sizeof(r.metric));
			break;
		case RTA_TABLE:
			get(attr, &r.table, sizeof(r.table));
			break;
		case RTA_METRICS:
			read_metrics(attr, &r);
			break;
		}
	}
	*ret_route = r;
	return true;
}

/* One attribute of a rule; whether it leaves the rule plain. */
static bool read_rule_attr(const struct nlattr *attr, struct rtnl_rule *r)
{
	switch (mnl_attr_get_type(attr)) {
	case FRA_PRIORITY:
		return get(attr, &r->priority, sizeof(r->priority));
	case FRA_TABLE:
		return get(attr, &r->table, sizeof(r->table));
	case FRA_FWMARK:
		r->has_mark = get(attr, &r->mark, sizeof(r->mark));
		return r->has_mark;
	case FRA_FWMASK:
		return get(attr, &r->mask, sizeof(r->mask)) &&
		       r->mask == UINT32_MAX;
	case FRA_SUPPRESS_PREFIXLEN:
		return get(attr, &r->suppress, sizeof(r->suppress));
	case FRA_PAD:
	case FRA_PROTOCOL:
		return true;
	default:
		return false;
	}
}

bool rtnl_read_rule(const struct nlmsghdr *nlh, struct rtnl_rule *ret_rule)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	struct rtnl_rule r = { .suppress = -1, .mask = UINT32_MAX };
	const struct nlattr *attr;

	if (!is_msg(nlh, RTM_NEWRULE, sizeof(*frh)) ||
	    !is_prefix(frh->family, frh->dst_len))
		return false;
	r.family = frh->family;
	r.action = frh->action;
	r.invert = frh->flags & FIB_RULE_INVERT;
	r.table = frh->table;
	r.plain = frh->action == FR_ACT_TO_TBL && !frh->dst_len &&
		  !frh->src_len && !frh->tos &&
		  !(frh->flags & ~(FIB_RULE_INVERT | FIB_RULE_PERMANENT));
	nlmsg_for_each(attr, nlh, sizeof(*frh))
		if (!read_rule_attr(attr, &r))
			r.plain = false;
	/* "fwmark 0/0xff" comes with a mask alone. */
	if (r.mask != UINT32_MAX && r.mask)
		r.has_mark = true;
	*ret_rule = r;
	return true;
}
