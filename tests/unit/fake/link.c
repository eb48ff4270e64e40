// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "private.h"
#include "route.h"

#define IPV6_MIN_MTU 1280

struct fake_link *fake_link_by_index(struct fake *f, int index)
{
	size_t i;

	for (i = 0; i < f->s->n_links; i++)
		if (f->s->links[i].index == index)
			return &f->s->links[i];
	return NULL;
}

struct fake_link *fake_link_find(struct fake *f, const char *name)
{
	struct fake_link *l;
	size_t i;

	for (i = 0; i < f->s->n_links; i++) {
		l = &f->s->links[i];
		if (!strcmp(l->name, name) ||
		    (*l->alt && !strcmp(l->alt, name)))
			return l;
	}
	return NULL;
}

struct fake_link *fake_link_add(struct fake *f, const char *name,
				const char *kind, uint32_t mtu)
{
	struct fake_link *l = &f->s->links[f->s->n_links];

	if (f->s->n_links == FAKE_LINKS)
		fake_die("too many links");
	*l = (struct fake_link){ .index = f->s->next_index++, .mtu = mtu };
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	l->flags = *kind ? IFF_POINTOPOINT | IFF_NOARP : IFF_UP | IFF_BROADCAST;
	f->s->n_links++;
	fake_sysctl_link(f, name, true);
	return l;
}

static void flush_family(struct fake *f, int link, uint8_t family)
{
	FAKE_REMOVE_IF(f->s->addrs, f->s->n_addrs, a,
		       a->link == link && a->addr.family == family);
	FAKE_REMOVE_IF(f->s->routes, f->s->n_routes, r,
		       r->link == link && r->dst.family == family);
}

/* The daemon notices, removes its socket and ends. */
static void tun_gone(const struct fake *f, const char *name)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/run/wireguard/%s.sock", f->root, name);
	unlink(path);
}

static void delete_link(struct fake *f, struct fake_link *l)
{
	int index = l->index;

	fake_sysctl_link(f, l->name, false);
	if (!strcmp(l->kind, "tun"))
		tun_gone(f, l->name);
	flush_family(f, index, AF_INET);
	flush_family(f, index, AF_INET6);
	fake_wg_link_gone(f, index);
	FAKE_REMOVE_IF(f->s->links, f->s->n_links, it, it->index == index);
}

void fake_link_del(struct fake *f, const char *name)
{
	struct fake_link *l = fake_link_find(f, name);

	if (l)
		delete_link(f, l);
}

static bool zero_net(const struct addr *net)
{
	return net->family == AF_INET && net->b[0] == 0;
}

static bool is_loopback(const struct addr *a)
{
	return a->family == AF_INET && a->b[0] == 127;
}

/* Two IPv6 addresses of one prefix share its route. */
static void put_once(struct fake *f, const struct fake_route *r)
{
	const struct fake_route *v;
	size_t i;

	for (i = 0; i < f->s->n_routes; i++) {
		v = &f->s->routes[i];
		if (v->link == r->link && v->table == r->table &&
		    addr_eq(&v->dst, &r->dst) && v->metric == r->metric)
			return;
	}
	fake_put_route(f, r);
}

/*
 * As fib_add_ifaddr() and addrconf_prefix_route(): IPv4 has no connected route
 * for a whole address, a zero network or a secondary; IPv6 has one always.
 */
static void add_connected(struct fake *f, const struct fake_addr *a)
{
	bool v6 = a->addr.family == AF_INET6;
	struct fake_route r = {
		.link = a->link,
		.dst = a->addr,
		.table = RT_TABLE_LOCAL,
		.type = RTN_LOCAL,
		.scope = v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_HOST,
		.protocol = RTPROT_KERNEL,
		.connected = true,
	};

	r.dst.plen = (uint8_t)addr_bits(a->addr.family);
	put_once(f, &r);
	r.dst = addr_masked(&a->addr);
	if (!v6 && (a->secondary || a->addr.plen == 32 || zero_net(&r.dst)))
		return;
	r.table = RT_TABLE_MAIN;
	r.type = RTN_UNICAST;
	r.metric = v6 ? 256 : 0;
	r.scope = v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	put_once(f, &r);
}

static void link_went_up(struct fake *f, struct fake_link *l)
{
	size_t i;

	/* Only the kernel's WireGuard makes no address of its own (UP-6). */
	if (!strcmp(l->kind, "tun") && !f->s->no_ipv6 && l->mtu >= IPV6_MIN_MTU)
		fake_addr_add(f, l->name, "fe80::77/64");
	for (i = 0; i < f->s->n_addrs; i++)
		if (f->s->addrs[i].link == l->index)
			add_connected(f, &f->s->addrs[i]);
	/* wg_open() of Linux 6.1 to 6.18, net.ipv4.conf.all being shared. */
	if (!strcmp(l->kind, "wireguard"))
		fake_sysctl(f, "net/ipv4/conf/all/send_redirects", "0\n");
}

static int set_link(struct fake *f, struct fake_link *l,
		    const struct ifinfomsg *ifi, const struct nlattr *mtu)
{
	bool up = ifi->ifi_change & IFF_UP && ifi->ifi_flags & IFF_UP;
	int ret;

	if (mtu && (int)mnl_attr_get_u32(mtu) < 0)
		return fake_refuse(f, -EINVAL, "mtu less than device minimum");
	if (mtu) {
		l->mtu = mnl_attr_get_u32(mtu);
		if (l->mtu < IPV6_MIN_MTU)
			flush_family(f, l->index, AF_INET6);
	}
	if (!up || l->flags & IFF_UP)
		return 0;
	ret = *l->kind ? fake_wg_link_up(f, l) : 0;
	if (ret)
		return ret;
	link_went_up(f, l);
	l->flags |= IFF_UP;
	return 0;
}

static const char *link_kind(const struct nlattr *info, char kind[16])
{
	const struct nlattr *attr;

	kind[0] = '\0';
	if (info)
		mnl_attr_for_each_nested(attr, info)
			if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
				snprintf(kind, 16, "%.*s",
					 (int)mnl_attr_get_payload_len(attr),
					 (char *)mnl_attr_get_payload(attr));
	return kind;
}

static int new_link(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { IFLA_IFNAME, IFLA_MTU,
					    IFLA_LINKINFO, 0 };
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_link *l = NULL;
	char kind[16];

	if (fake_parse_msg(nlh, sizeof(*ifi), tb, allowed))
		return -EINVAL;
	link_kind(tb[IFLA_LINKINFO], kind);
	if (ifi->ifi_index > 0)
		l = fake_link_by_index(f, ifi->ifi_index);
	else if (tb[IFLA_IFNAME])
		l = fake_link_find(f, mnl_attr_get_str(tb[IFLA_IFNAME]));
	if (l && nlh->nlmsg_flags & NLM_F_EXCL)
		return -EEXIST;
	if (l)
		return set_link(f, l, ifi, tb[IFLA_MTU]);
	if (!(nlh->nlmsg_flags & NLM_F_CREATE))
		return -ENODEV;
	if (!tb[IFLA_IFNAME] || ifi->ifi_index || strcmp(kind, "wireguard") ||
	    !f->s->has_wireguard)
		return fake_refuse(f, -EOPNOTSUPP, "Unknown device type");
	fake_link_add(f, mnl_attr_get_str(tb[IFLA_IFNAME]), kind, 1420);
	return 0;
}

static int del_link(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { IFLA_IFNAME, 0 };
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_link *l;

	if (fake_parse_msg(nlh, sizeof(*ifi), tb, allowed) ||
	    ifi->ifi_index <= 0)
		return -EINVAL;
	l = fake_link_by_index(f, ifi->ifi_index);
	if (!l)
		return -ENODEV;
	if (!*l->kind)
		return -EOPNOTSUPP;
	delete_link(f, l);
	return 0;
}

static void reply_link(struct fake *f, const struct nlmsghdr *req,
		       const struct fake_link *l, bool multi)
{
	const struct ifinfomsg ifi = { .ifi_index = l->index,
				       .ifi_flags = l->flags };
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	char buf[1024];

	nlh = fake_reply(req, buf, RTM_NEWLINK, &ifi, sizeof(ifi));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, l->name);
	mnl_attr_put_u32(nlh, IFLA_MTU, l->mtu);
	if (*l->kind) {
		nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
		mnl_attr_put_strz(nlh, IFLA_INFO_KIND, l->kind);
		mnl_attr_nest_end(nlh, nest);
	}
	if (*l->alt) {
		nest = mnl_attr_nest_start(nlh, IFLA_PROP_LIST);
		mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, l->alt);
		mnl_attr_nest_end(nlh, nest);
	}
	fake_reply_end(f, nlh, multi);
}

static int dump_links(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { IFLA_EXT_MASK, IFLA_LINKINFO, 0 };
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_link *l;
	char kind[16];
	size_t i;

	if (fake_parse_msg(nlh, sizeof(*ifi), tb, allowed) || ifi->ifi_index ||
	    ifi->ifi_flags || ifi->ifi_change)
		return -EINVAL;
	link_kind(tb[IFLA_LINKINFO], kind);
	for (i = 0; i < f->s->n_links; i++) {
		l = &f->s->links[i];
		if (!*kind || !strcmp(l->kind, kind))
			reply_link(f, nlh, l, true);
	}
	return fake_dump_end(f, nlh);
}

static int get_link(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { IFLA_IFNAME, IFLA_ALT_IFNAME,
					    IFLA_EXT_MASK, 0 };
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_link *l;

	if (fake_is_dump(nlh))
		return dump_links(f, nlh);
	if (fake_parse_msg(nlh, sizeof(*ifi), tb, allowed) || ifi->ifi_type ||
	    ifi->ifi_flags || ifi->ifi_change)
		return -EINVAL;
	if (ifi->ifi_index > 0)
		l = fake_link_by_index(f, ifi->ifi_index);
	else if (tb[IFLA_IFNAME])
		l = fake_link_find(f, mnl_attr_get_str(tb[IFLA_IFNAME]));
	else
		return -EINVAL;
	if (!l)
		return -ENODEV;
	reply_link(f, nlh, l, false);
	return 0;
}

/* IPv6 scopes as ipv6_addr_src_scope() orders them. */
static int v6_scope(const struct addr *a)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (!memcmp(a->b, loopback, sizeof(loopback)))
		return 1;
	if (a->b[0] == 0xfe && a->b[1] >> 6 == 2)
		return 2;
	if (a->b[0] == 0xfe && a->b[1] >> 6 == 3)
		return 5;
	return 14;
}

static bool same_subnet(const struct addr *a, const struct addr *b)
{
	return a->plen == b->plen && addr_covers(a, b);
}

/*
 * Where a new address goes among those of its link: as __inet_insert_ifa() and
 * ipv6_link_dev_addr() of Linux 6.1 to 6.18 do it.
 */
static int place_addr(struct fake *f, struct fake_addr *a, size_t *ret_at)
{
	size_t i, end = f->s->n_addrs, at = SIZE_MAX;
	const struct fake_addr *v;

	for (i = 0; i < f->s->n_addrs; i++) {
		v = &f->s->addrs[i];
		if (v->link != a->link || v->addr.family != a->addr.family)
			continue;
		end = i + 1;
		if (at == SIZE_MAX && a->addr.family == AF_INET)
			at = i;
		if (a->addr.family == AF_INET6) {
			if (!memcmp(v->addr.b, a->addr.b, 16))
				return -EEXIST;
			if (at == SIZE_MAX &&
			    v6_scope(&a->addr) >= v6_scope(&v->addr))
				at = i;
			continue;
		}
		if (!v->secondary && a->scope <= v->scope)
			at = i + 1;
		if (!same_subnet(&v->addr, &a->addr))
			continue;
		if (!memcmp(v->addr.b, a->addr.b, 4))
			return -EEXIST;
		if (v->scope != a->scope)
			return fake_refuse(f, -EINVAL, "Invalid scope value");
		a->secondary = true;
	}
	*ret_at = a->secondary || at == SIZE_MAX ? end : at;
	return 0;
}

static int put_addr(struct fake *f, const struct fake_link *l,
		    struct fake_addr *a)
{
	struct fake_state *s = f->s;
	size_t at = 0;
	int ret;

	if (a->addr.family == AF_INET6 && v6_scope(&a->addr) == 2)
		a->scope = RT_SCOPE_LINK;
	ret = place_addr(f, a, &at);
	if (ret)
		return ret;
	if (s->n_addrs == FAKE_ADDRS)
		fake_die("too many addresses");
	memmove(s->addrs + at + 1, s->addrs + at,
		(s->n_addrs - at) * sizeof(*s->addrs));
	s->addrs[at] = *a;
	s->n_addrs++;
	if (l->flags & IFF_UP)
		add_connected(f, a);
	return 0;
}

static int check_v6_link(struct fake *f, const struct fake_link *l)
{
	if (f->s->no_ipv6)
		return fake_refuse(f, -EACCES,
				   "ipv6: IPv6 is disabled on this device");
	return l->mtu < IPV6_MIN_MTU ? -EINVAL : 0;
}

static int new_addr(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { IFA_LOCAL, IFA_ADDRESS, 0 };
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_addr a = { 0 };
	struct fake_link *l;
	size_t len;
	int ret;

	if (fake_parse_msg(nlh, sizeof(*ifa), tb, allowed))
		return -EINVAL;
	len = addr_bytes(ifa->ifa_family);
	if (!tb[IFA_LOCAL] || !tb[IFA_ADDRESS] ||
	    mnl_attr_get_payload_len(tb[IFA_LOCAL]) != len ||
	    mnl_attr_get_payload_len(tb[IFA_ADDRESS]) != len ||
	    memcmp(mnl_attr_get_payload(tb[IFA_LOCAL]),
		   mnl_attr_get_payload(tb[IFA_ADDRESS]), len) ||
	    ifa->ifa_prefixlen > addr_bits(ifa->ifa_family))
		return -EINVAL;
	l = fake_link_by_index(f, (int)ifa->ifa_index);
	if (!l)
		return -ENODEV;
	a.link = l->index;
	a.addr.family = ifa->ifa_family;
	a.addr.plen = ifa->ifa_prefixlen;
	memcpy(a.addr.b, mnl_attr_get_payload(tb[IFA_LOCAL]), len);
	a.scope = ifa->ifa_scope;
	if (is_loopback(&a.addr) != (a.scope == RT_SCOPE_HOST))
		fake_die("an address that ip would send with another scope");
	ret = ifa->ifa_family == AF_INET6 ? check_v6_link(f, l) : 0;
	return ret ? ret : put_addr(f, l, &a);
}

void fake_addr_add(struct fake *f, const char *link, const char *addr)
{
	struct fake_link *l = fake_link_find(f, link);
	struct fake_addr a = { .link = l->index, .addr = fake_prefix(addr) };

	if (put_addr(f, l, &a))
		fake_die("an address that is there already");
}

static void reply_addr(struct fake *f, const struct nlmsghdr *req,
		       const struct fake_addr *a)
{
	const struct ifaddrmsg ifa = {
		.ifa_family = a->addr.family,
		.ifa_prefixlen = a->addr.plen,
		.ifa_flags = a->secondary ? IFA_F_SECONDARY : 0,
		.ifa_scope = a->scope,
		.ifa_index = (unsigned int)a->link,
	};
	size_t len = addr_bytes(a->addr.family);
	struct nlmsghdr *nlh;
	char buf[256];

	nlh = fake_reply(req, buf, RTM_NEWADDR, &ifa, sizeof(ifa));
	mnl_attr_put(nlh, IFA_ADDRESS, len, a->addr.b);
	if (a->addr.family == AF_INET)
		mnl_attr_put(nlh, IFA_LOCAL, len, a->addr.b);
	fake_reply_end(f, nlh, true);
}

static int get_addr(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { 0 };
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_addr *a;
	size_t i;

	if (!fake_is_dump(nlh) ||
	    fake_parse_msg(nlh, sizeof(*ifa), tb, allowed) ||
	    ifa->ifa_prefixlen || ifa->ifa_flags || ifa->ifa_scope)
		return -EINVAL;
	if (ifa->ifa_index && !fake_link_by_index(f, (int)ifa->ifa_index))
		return -ENODEV;
	for (i = 0; i < f->s->n_addrs; i++) {
		a = &f->s->addrs[i];
		if ((!ifa->ifa_index || (int)ifa->ifa_index == a->link) &&
		    (!ifa->ifa_family || ifa->ifa_family == a->addr.family))
			reply_addr(f, nlh, a);
	}
	return fake_dump_end(f, nlh);
}

int fake_route_request(struct fake *f, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
		return new_link(f, nlh);
	case RTM_DELLINK:
		return del_link(f, nlh);
	case RTM_GETLINK:
		return get_link(f, nlh);
	case RTM_NEWADDR:
		return new_addr(f, nlh);
	case RTM_GETADDR:
		return get_addr(f, nlh);
	case RTM_NEWROUTE:
		return fake_new_route(f, nlh);
	case RTM_GETROUTE:
		return fake_get_route(f, nlh);
	case RTM_NEWRULE:
		return fake_new_rule(f, nlh);
	case RTM_DELRULE:
		return fake_del_rule(f, nlh);
	case RTM_GETRULE:
		return fake_get_rule(f, nlh);
	}
	return -EOPNOTSUPP;
}
