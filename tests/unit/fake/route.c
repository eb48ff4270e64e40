// SPDX-License-Identifier: GPL-2.0-or-later
#include "route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct addr fake_prefix(const char *text)
{
	struct addr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	char host[INET6_ADDRSTRLEN + 4];
	char *slash;

	snprintf(host, sizeof(host), "%s", text);
	slash = strchr(host, '/');
	if (!slash)
		fake_die("no prefix length");
	*slash = '\0';
	a.plen = (uint8_t)atoi(slash + 1);
	if (inet_pton(a.family, host, a.b) != 1)
		fake_die("no address");
	return a;
}

/* Lists of the kernel go by table, prefix and metric, zero prefixes first. */
static int compare_routes(const struct fake_route *a,
			  const struct fake_route *b)
{
	int d;

	if (a->dst.family != b->dst.family)
		return a->dst.family < b->dst.family ? -1 : 1;
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	d = memcmp(a->dst.b, b->dst.b, sizeof(a->dst.b));
	if (d)
		return d;
	if (a->dst.plen != b->dst.plen)
		return a->dst.plen > b->dst.plen ? -1 : 1;
	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	return 0;
}

void fake_put_route(struct fake *f, const struct fake_route *r)
{
	struct fake_state *s = f->s;
	size_t i = 0;

	if (s->n_routes == FAKE_ROUTES)
		fake_die("too many routes");
	while (i < s->n_routes && compare_routes(&s->routes[i], r) <= 0)
		i++;
	memmove(s->routes + i + 1, s->routes + i,
		(s->n_routes - i) * sizeof(*s->routes));
	s->routes[i] = *r;
	s->n_routes++;
}

struct fake_route *fake_route_add(struct fake *f, const char *link,
				  const char *dst, uint32_t table)
{
	struct fake_route r = {
		.link = fake_link_find(f, link)->index,
		.dst = fake_prefix(dst),
		.table = table,
		.type = RTN_UNICAST,
		.protocol = RTPROT_BOOT,
	};
	size_t i;

	if (r.dst.family == AF_INET6)
		r.metric = 1024;
	fake_put_route(f, &r);
	for (i = 0; compare_routes(&f->s->routes[i], &r); i++)
		;
	return &f->s->routes[i];
}

static bool get_addr(const struct nlattr *attr, struct addr *a)
{
	size_t len = addr_bytes(a->family);

	if (!attr)
		return a->plen == 0;
	if (mnl_attr_get_payload_len(attr) != len)
		return false;
	memcpy(a->b, mnl_attr_get_payload(attr), len);
	return true;
}

static uint32_t get_table(uint8_t in_header, const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : in_header;
}

static int check_route(struct fake *f, const struct fake_route *r)
{
	const struct fake_link *l = fake_link_by_index(f, r->link);
	const struct addr masked = addr_masked(&r->dst);
	size_t i;

	if (memcmp(masked.b, r->dst.b, sizeof(masked.b)))
		return fake_refuse(f, -EINVAL,
				   "Invalid prefix for given prefix length");
	if (!l)
		return -ENODEV;
	if (!(l->flags & IFF_UP))
		return fake_refuse(f, -ENETDOWN,
				   "Device for nexthop is not up");
	if (r->dst.family == AF_INET6 && f->s->no_ipv6)
		return fake_refuse(f, -EACCES,
				   "IPv6 is disabled on nexthop device");
	if (r->dst.family == AF_INET6 && l->mtu < 1280)
		return -ENODEV;
	for (i = 0; i < f->s->n_routes; i++)
		if (!compare_routes(&f->s->routes[i], r))
			return -EEXIST;
	return 0;
}

int fake_new_route(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { RTA_DST, RTA_OIF, RTA_TABLE, 0 };
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const uint16_t want = NLM_F_CREATE | NLM_F_EXCL;
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_route r = { 0 };
	int ret;

	if (fake_parse_msg(nlh, sizeof(*rtm), tb, allowed) || !tb[RTA_OIF])
		return -EINVAL;
	r.dst.family = rtm->rtm_family;
	r.dst.plen = rtm->rtm_dst_len;
	r.link = (int)mnl_attr_get_u32(tb[RTA_OIF]);
	r.table = get_table(rtm->rtm_table, tb[RTA_TABLE]);
	r.type = rtm->rtm_type;
	r.scope = rtm->rtm_scope;
	r.protocol = rtm->rtm_protocol;
	r.metric = r.dst.family == AF_INET6 ? 1024 : 0;
	if (!get_addr(tb[RTA_DST], &r.dst) ||
	    r.dst.plen > addr_bits(r.dst.family) || !r.table)
		return -EINVAL;
	if ((nlh->nlmsg_flags & want) != want || r.type != RTN_UNICAST)
		fake_die("a route that ip would send otherwise");
	ret = check_route(f, &r);
	if (!ret)
		fake_put_route(f, &r);
	return ret;
}

static void reply_route(struct fake *f, const struct nlmsghdr *req,
			const struct fake_route *r, const struct addr *dst,
			bool multi)
{
	const struct rtmsg rtm = {
		.rtm_family = dst->family,
		.rtm_dst_len = dst->plen,
		.rtm_table =
			r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT,
		.rtm_protocol = r->protocol,
		.rtm_scope = r->scope,
		.rtm_type = r->type,
		.rtm_flags = multi ? 0 : RTM_F_CLONED,
	};
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[256];

	nlh = fake_reply(req, buf, RTM_NEWROUTE, &rtm, sizeof(rtm));
	mnl_attr_put_u32(nlh, RTA_TABLE, r->table);
	if (dst->plen)
		mnl_attr_put(nlh, RTA_DST, addr_bytes(dst->family), dst->b);
	if (r->link)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)r->link);
	if (r->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric);
	if (r->mtu) {
		nest = mnl_attr_nest_start(nlh, RTA_METRICS);
		mnl_attr_put_u32(nlh, RTAX_MTU, r->mtu);
		mnl_attr_nest_end(nlh, nest);
	}
	fake_reply_end(f, nlh, multi);
}

/* As with NETLINK_GET_STRICT_CHK: ENOENT for a table that is not there. */
static int dump_routes(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { RTA_TABLE, RTA_OIF, 0 };
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_route *r;
	uint32_t table;
	bool found = false;
	int oif = 0;
	size_t i;

	if (fake_parse_msg(nlh, sizeof(*rtm), tb, allowed) ||
	    rtm->rtm_dst_len || rtm->rtm_src_len || rtm->rtm_tos ||
	    rtm->rtm_scope || rtm->rtm_type || rtm->rtm_flags)
		return -EINVAL;
	table = get_table(rtm->rtm_table, tb[RTA_TABLE]);
	if (tb[RTA_OIF])
		oif = (int)mnl_attr_get_u32(tb[RTA_OIF]);
	if (tb[RTA_OIF] && !fake_link_by_index(f, oif))
		return -ENODEV;
	for (i = 0; i < f->s->n_routes; i++) {
		r = &f->s->routes[i];
		if (r->dst.family != rtm->rtm_family ||
		    (table && r->table != table))
			continue;
		found = true;
		if (!oif || r->link == oif)
			reply_route(f, nlh, r, &r->dst, true);
	}
	if (table > 255 && !found)
		return fake_refuse(f, -ENOENT, "FIB table does not exist");
	return fake_dump_end(f, nlh);
}

static const struct fake_route *
lookup_table(const struct fake *f, uint32_t table, const struct addr *a)
{
	const struct fake_route *r, *best = NULL;
	size_t i;

	for (i = 0; i < f->s->n_routes; i++) {
		r = &f->s->routes[i];
		if (r->table == table && addr_covers(&r->dst, a) &&
		    (!best || r->dst.plen > best->dst.plen))
			best = r;
	}
	return best;
}

/* The way of a packet from here that has no mark. */
static const struct fake_route *lookup(const struct fake *f,
				       const struct addr *a)
{
	const struct fake_route *r;
	const struct fake_rule *rule;
	bool match;
	size_t i;

	for (i = 0; i < f->s->n_rules; i++) {
		rule = &f->s->rules[i];
		match = !*rule->iif && (rule->mark & rule->mask) == 0;
		if (rule->family != a->family ||
		    rule->action != FR_ACT_TO_TBL || match == rule->invert)
			continue;
		r = lookup_table(f, rule->table, a);
		if (r && (int)r->dst.plen > rule->suppress)
			return r;
	}
	return NULL;
}

int fake_get_route(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { RTA_DST, 0 };
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_route *r;
	struct addr a = { 0 };

	if (fake_is_dump(nlh))
		return dump_routes(f, nlh);
	if (fake_parse_msg(nlh, sizeof(*rtm), tb, allowed) || !tb[RTA_DST] ||
	    rtm->rtm_dst_len != addr_bits(rtm->rtm_family) ||
	    rtm->rtm_src_len || rtm->rtm_tos || rtm->rtm_table ||
	    rtm->rtm_protocol || rtm->rtm_scope || rtm->rtm_type ||
	    rtm->rtm_flags & ~(unsigned int)RTM_F_LOOKUP_TABLE)
		return -EINVAL;
	a.family = rtm->rtm_family;
	a.plen = rtm->rtm_dst_len;
	if (!get_addr(tb[RTA_DST], &a))
		return -EINVAL;
	r = lookup(f, &a);
	if (!r)
		return -ENETUNREACH;
	if (r->type == RTN_UNREACHABLE)
		return -EHOSTUNREACH;
	reply_route(f, nlh, r, &a, false);
	return 0;
}

void fake_rule_add(struct fake *f, const struct fake_rule *r)
{
	struct fake_state *s = f->s;
	size_t i = 0;

	if (s->n_rules == FAKE_RULES)
		fake_die("too many rules");
	while (i < s->n_rules && (s->rules[i].family < r->family ||
				  (s->rules[i].family == r->family &&
				   s->rules[i].priority <= r->priority)))
		i++;
	memmove(s->rules + i + 1, s->rules + i,
		(s->n_rules - i) * sizeof(*s->rules));
	s->rules[i] = *r;
	s->n_rules++;
}

/* fib_default_rule_pref(): one before the second rule of the list. */
static uint32_t default_priority(const struct fake *f, uint8_t family)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < f->s->n_rules; i++) {
		if (f->s->rules[i].family != family || n++ == 0)
			continue;
		return f->s->rules[i].priority ? f->s->rules[i].priority - 1
					       : 0;
	}
	return 0;
}

/* As fib_nl2rule(); the mask of a mark is all ones unless it is said. */
static int parse_rule(const struct nlmsghdr *nlh, struct fake_rule *r,
		      bool *ret_has_priority)
{
	static const uint16_t allowed[] = {
		FRA_PRIORITY,		FRA_FWMARK, FRA_FWMASK, FRA_TABLE,
		FRA_SUPPRESS_PREFIXLEN, 0
	};
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];

	if (fake_parse_msg(nlh, sizeof(*frh), tb, allowed) || frh->dst_len ||
	    frh->src_len || frh->tos ||
	    frh->flags & ~(unsigned int)FIB_RULE_INVERT)
		return -EINVAL;
	*r = (struct fake_rule){
		.family = frh->family,
		.action = frh->action,
		.invert = frh->flags & FIB_RULE_INVERT,
		.table = get_table(frh->table, tb[FRA_TABLE]),
		.suppress = -1,
	};
	*ret_has_priority = tb[FRA_PRIORITY];
	if (tb[FRA_PRIORITY])
		r->priority = mnl_attr_get_u32(tb[FRA_PRIORITY]);
	if (tb[FRA_FWMARK]) {
		r->mark = mnl_attr_get_u32(tb[FRA_FWMARK]);
		r->mask = UINT32_MAX;
	}
	if (tb[FRA_FWMASK])
		r->mask = mnl_attr_get_u32(tb[FRA_FWMASK]);
	if (tb[FRA_SUPPRESS_PREFIXLEN])
		r->suppress =
			(int32_t)mnl_attr_get_u32(tb[FRA_SUPPRESS_PREFIXLEN]);
	return 0;
}

/* As rule_exists(), which does not look at "not". */
static bool rule_exists(const struct fake *f, const struct fake_rule *r)
{
	const struct fake_rule *v;
	size_t i;

	for (i = 0; i < f->s->n_rules; i++) {
		v = &f->s->rules[i];
		if (v->family == r->family && v->action == r->action &&
		    v->table == r->table && v->priority == r->priority &&
		    v->mark == r->mark && v->mask == r->mask &&
		    v->suppress == r->suppress && !strcmp(v->iif, r->iif))
			return true;
	}
	return false;
}

int fake_new_rule(struct fake *f, const struct nlmsghdr *nlh)
{
	struct fake_rule r;
	bool has_priority;
	int ret;

	ret = parse_rule(nlh, &r, &has_priority);
	if (ret)
		return ret;
	if (r.action != FR_ACT_TO_TBL || !r.table)
		return fake_refuse(f, -EINVAL, "Invalid table");
	if (!has_priority)
		r.priority = default_priority(f, r.family);
	if (nlh->nlmsg_flags & NLM_F_EXCL && rule_exists(f, &r))
		return -EEXIST;
	fake_rule_add(f, &r);
	return 0;
}

/* As rule_find() for a deletion: what is not said does not count. */
static bool rule_meant(const struct fake_rule *v, const struct fake_rule *r,
		       bool has_priority)
{
	return v->family == r->family &&
	       (!r->action || v->action == r->action) &&
	       (!r->table || v->table == r->table) &&
	       (!has_priority || v->priority == r->priority) &&
	       (!r->mark || v->mark == r->mark) &&
	       (!r->mask || v->mask == r->mask) &&
	       (r->suppress == -1 || v->suppress == r->suppress);
}

int fake_del_rule(struct fake *f, const struct nlmsghdr *nlh)
{
	struct fake_state *s = f->s;
	struct fake_rule r;
	bool has_priority;
	size_t i;
	int ret;

	ret = parse_rule(nlh, &r, &has_priority);
	if (ret)
		return ret;
	for (i = 0; i < s->n_rules; i++)
		if (rule_meant(&s->rules[i], &r, has_priority))
			break;
	if (i == s->n_rules)
		return -ENOENT;
	s->n_rules--;
	memmove(s->rules + i, s->rules + i + 1,
		(s->n_rules - i) * sizeof(*s->rules));
	return 0;
}

static void reply_rule(struct fake *f, const struct nlmsghdr *req,
		       const struct fake_rule *r)
{
	const struct fib_rule_hdr frh = {
		.family = r->family,
		.action = r->action,
		.table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT,
		.flags = r->invert ? FIB_RULE_INVERT : 0,
	};
	struct nlmsghdr *nlh;
	char buf[256];

	nlh = fake_reply(req, buf, RTM_NEWRULE, &frh, sizeof(frh));
	mnl_attr_put_u32(nlh, FRA_TABLE, r->table);
	mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, (uint32_t)r->suppress);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, RTPROT_UNSPEC);
	if (r->priority)
		mnl_attr_put_u32(nlh, FRA_PRIORITY, r->priority);
	if (r->mark)
		mnl_attr_put_u32(nlh, FRA_FWMARK, r->mark);
	if (r->mark || r->mask)
		mnl_attr_put_u32(nlh, FRA_FWMASK, r->mask);
	if (*r->iif)
		mnl_attr_put_strz(nlh, FRA_IIFNAME, r->iif);
	fake_reply_end(f, nlh, true);
}

int fake_get_rule(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { 0 };
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	size_t i;

	if (!fake_is_dump(nlh))
		return -EOPNOTSUPP;
	if (fake_parse_msg(nlh, sizeof(*frh), tb, allowed) || frh->dst_len ||
	    frh->src_len || frh->tos || frh->table || frh->action || frh->flags)
		return -EINVAL;
	for (i = 0; i < f->s->n_rules; i++)
		if (f->s->rules[i].family == frh->family)
			reply_rule(f, nlh, &f->s->rules[i]);
	return fake_dump_end(f, nlh);
}
