// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/kernel.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl.h"
#include "net/spoof.h"
#include "net/uapi_socket.h"
#include "net/wg.h"

/* First table that wg-quick tries for a default route by policy (4.8). */
#define FIRST_TABLE 51820

/* A kernel without IPv6 refuses its family: then there is nothing of it. */
static bool no_family(int code)
{
	return code == -EAFNOSUPPORT || code == -EOPNOTSUPP;
}

/* A dump of one family, which is empty where the kernel lacks the family. */
static int dump_family(struct kernel *k, struct nlmsg *m, nl_reply *reply,
		       nl_restart *restart, void *ctx, struct wgq_err *e)
{
	struct wgq_err why = { 0 };
	int ret = nl_dump(&k->route, m, reply, restart, ctx, &why);

	if (ret < 0 && !no_family(ret))
		return err_set(e, ret, "%s", why.msg);
	return 0;
}

struct find_link {
	const char *name;
	struct snap_link *link;
};

static int on_link(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct find_link *f = ctx;
	struct rtnl_link link;

	(void)e;
	if (!rtnl_read_link(nlh, &link))
		return 0;
	if (f->name && !rtnl_link_has_name(nlh, f->name))
		return 0;
	*f->link = (struct snap_link){
		.exists = true,
		.index = (unsigned int)link.index,
		.up = link.flags & IFF_UP,
		.mtu = link.mtu,
	};
	memcpy(f->link->kind, link.kind, sizeof(link.kind));
	return 0;
}

static int get_link(struct kernel *k, struct nlmsg *m, struct find_link *f,
		    struct wgq_err *e)
{
	struct wgq_err why = { 0 };
	int ret;

	*f->link = (struct snap_link){ 0 };
	ret = nl_talk(&k->route, m, on_link, f, &why);
	if (ret == -ENODEV || ret == -ENXIO)
		return 0;
	return ret ? err_set(e, ret, "%s", why.msg) : 0;
}

int kernel_link(struct kernel *k, struct snap_link *ret_link, struct wgq_err *e)
{
	struct find_link f = { .name = k->ifname, .link = ret_link };
	NLMSG(m, RTNL_MSG_SIZE);

	rtnl_build_link_get(&m, k->ifname);
	return get_link(k, &m, &f, e);
}

bool kernel_use(struct kernel *k, const struct snap_link *link)
{
	bool in_kernel = !strcmp(link->kind, "wireguard");

	k->ifindex = link->index;
	k->userspace = !in_kernel && uapi_exists(k->uapi, k->ifname);
	return in_kernel || k->userspace;
}

int kernel_device(struct kernel *k, struct arena *a, struct wg_device *ret_dev,
		  struct wgq_err *e)
{
	bool has = false;
	int ret;

	if (k->userspace)
		return uapi_get_device(k->uapi, k->ifname, a, ret_dev, e);
	ret = kernel_has_wireguard(k, &has, e);
	if (ret)
		return ret;
	if (!has)
		return err_set(e, -EPROTONOSUPPORT,
			       "the kernel has no WireGuard");
	return wg_get_device(&k->generic, k->wg_family, k->ifname, a, ret_dev,
			     e);
}

int kernel_own_key(struct kernel *k, uint8_t ret_key[KEY_LEN], bool *ret_has,
		   struct wgq_err *e)
{
	bool has = false;
	int ret;

	ret = kernel_has_wireguard(k, &has, e);
	if (ret)
		return ret;
	if (!has)
		return err_set(e, -EPROTONOSUPPORT,
			       "the kernel has no WireGuard");
	return wg_get_public_key(&k->generic, k->wg_family, k->ifname, ret_key,
				 ret_has, e);
}

/* A growing list of prefixes, filled by a dump. */
struct addr_list {
	struct arena *a;
	struct addr *v;
	size_t n, cap;
	int index;
};

static void restart_list(void *ctx)
{
	((struct addr_list *)ctx)->n = 0;
}

static int add_to_list(struct addr_list *l, const struct addr *addr,
		       struct wgq_err *e)
{
	struct addr *slot;

	slot = arena_grow(l->a, &l->v, l->n, &l->cap, sizeof(*slot));
	if (!slot)
		return err_sys(e, -ENOMEM, "dump");
	*slot = *addr;
	l->n++;
	return 0;
}

static int on_addr(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct addr_list *l = ctx;
	struct rtnl_addr addr;

	if (!rtnl_read_addr(nlh, &addr) || addr.index != l->index)
		return 0;
	return add_to_list(l, &addr.addr, e);
}

int kernel_addresses(struct kernel *k, struct arena *a, struct addr **ret_v,
		     size_t *ret_n, struct wgq_err *e)
{
	struct addr_list all = { .a = a, .index = (int)k->ifindex };
	struct addr_list one;
	NLMSG(m, RTNL_MSG_SIZE);
	size_t i, j;
	int ret;

	for (i = 0; i < SNAP_FAMILIES; i++) {
		one = (struct addr_list){ .a = a, .index = (int)k->ifindex };
		rtnl_build_addr_dump(&m, SNAP_AF[i], (int)k->ifindex);
		ret = dump_family(k, &m, on_addr, restart_list, &one, e);
		if (ret)
			return ret;
		for (j = 0; j < one.n; j++) {
			ret = add_to_list(&all, &one.v[j], e);
			if (ret)
				return ret;
		}
	}
	*ret_v = all.v;
	*ret_n = all.n;
	return 0;
}

static int on_route_of_link(void *ctx, const struct nlmsghdr *nlh,
			    struct wgq_err *e)
{
	struct addr_list *l = ctx;
	struct rtnl_route route;

	if (!rtnl_read_route(nlh, &route) || route.oif != l->index ||
	    route.table != RT_TABLE_MAIN)
		return 0;
	return add_to_list(l, &route.dst, e);
}

static int main_routes(struct kernel *k, struct arena *a,
		       struct snap_iface *iface, struct wgq_err *e)
{
	struct addr_list all = { .a = a, .index = (int)k->ifindex };
	NLMSG(m, RTNL_MSG_SIZE);
	struct addr_list one;
	size_t i, j;
	int ret;

	for (i = 0; i < SNAP_FAMILIES; i++) {
		one = (struct addr_list){ .a = a, .index = (int)k->ifindex };
		rtnl_build_route_dump(&m, SNAP_AF[i], RT_TABLE_MAIN,
				      (int)k->ifindex);
		ret = dump_family(k, &m, on_route_of_link, restart_list, &one,
				  e);
		if (ret)
			return ret;
		for (j = 0; j < one.n; j++) {
			ret = add_to_list(&all, &one.v[j], e);
			if (ret)
				return ret;
		}
	}
	iface->routes = all.v;
	iface->n_routes = all.n;
	return 0;
}

int kernel_snap_iface(struct kernel *k, struct arena *a,
		      struct snap_iface *ret_iface, struct wgq_err *e)
{
	struct snap_iface iface = { 0 };
	struct wg_device *device;
	struct addr *addresses;
	int ret;

	device = arena_alloc(a, sizeof(*device));
	if (!device)
		return err_sys(e, -ENOMEM, "snapshot");
	ret = kernel_device(k, a, device, e);
	if (!ret)
		ret = kernel_addresses(k, a, &addresses, &iface.n_addresses, e);
	if (!ret)
		ret = main_routes(k, a, &iface, e);
	if (ret)
		return ret;
	iface.device = device;
	iface.addresses = addresses;
	*ret_iface = iface;
	return 0;
}

/* The way to one endpoint. */
struct path {
	int oif;
	unsigned int mtu;
};

static int on_path(void *ctx, size_t index, const struct nlmsghdr *nlh,
		   struct wgq_err *e)
{
	struct path *paths = ctx;
	struct rtnl_route route;

	(void)e;
	if (!rtnl_read_route(nlh, &route))
		return 0;
	paths[index].oif = route.oif;
	paths[index].mtu = route.mtu;
	return 0;
}

/* No way to an endpoint: it has no say in the MTU (UP-14 b). */
static int on_no_path(void *ctx, size_t index, const struct wgq_err *why)
{
	(void)ctx;
	(void)index;
	(void)why;
	return 0;
}

static int compare_addr(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

/* The distinct endpoints; those with a zone are passed over (UP-14 a). */
static int endpoints(const struct wg_device *device, struct arena *a,
		     struct addr **ret_v, size_t *ret_n)
{
	const union sockaddr_inet *ep;
	size_t i, n = 0, kept = 0;
	struct addr *v;

	v = arena_array(a, device->n_peers, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (i = 0; i < device->n_peers; i++) {
		ep = &device->peers[i].endpoint;
		if (ep->sa.sa_family == AF_INET ||
		    (ep->sa.sa_family == AF_INET6 && !ep->v6.sin6_scope_id))
			v[n++] = endpoint_addr(ep);
	}
	qsort(v, n, sizeof(*v), compare_addr);
	for (i = 0; i < n; i++)
		if (!kept || compare_addr(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	*ret_v = v;
	*ret_n = kept;
	return 0;
}

static int link_mtu(struct kernel *k, int index, unsigned int *ret_mtu,
		    struct wgq_err *e)
{
	struct snap_link link;
	struct find_link f = { .link = &link };
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	rtnl_build_link_get_index(&m, index);
	ret = get_link(k, &m, &f, e);
	if (!ret)
		*ret_mtu = link.mtu;
	return ret;
}

/* Give paths without an MTU of their own that of their link, each asked once.
 */
static int fill_link_mtus(struct kernel *k, struct path *paths, size_t n,
			  struct wgq_err *e)
{
	unsigned int mtu;
	size_t i, j;
	int ret;

	for (i = 0; i < n; i++) {
		if (paths[i].mtu || !paths[i].oif)
			continue;
		for (j = 0; j < i && paths[j].oif != paths[i].oif; j++)
			;
		ret = link_mtu(k, paths[i].oif, &mtu, e);
		if (ret)
			return ret;
		for (j = i; j < n; j++)
			if (!paths[j].mtu && paths[j].oif == paths[i].oif)
				paths[j].mtu = mtu;
		/* A link that is gone leaves its paths without a say. */
		if (!mtu)
			paths[i].oif = 0;
	}
	return 0;
}

static int path_mtus(struct kernel *k, const struct wg_device *device,
		     struct arena *a, struct snap_host *host, struct wgq_err *e)
{
	static const struct nl_batch_ops ops = { .refused = on_no_path,
						 .reply = on_path,
						 .questions = true };
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl_batch b;
	struct path *paths;
	struct addr *v;
	size_t i, n;
	int ret;

	ret = endpoints(device, a, &v, &n);
	if (ret)
		return err_sys(e, ret, "endpoints");
	paths = arena_array(a, n, sizeof(*paths));
	host->path_mtu = arena_array(a, n, sizeof(*host->path_mtu));
	if (!paths || !host->path_mtu)
		return err_sys(e, -ENOMEM, "endpoints");
	nl_batch_begin(&b, &k->route, &ops, paths);
	for (i = 0; i < n && !ret; i++) {
		rtnl_build_route_get(&m, &v[i]);
		ret = nl_batch_add(&b, &m, e);
	}
	if (!ret)
		ret = nl_batch_flush(&b, e);
	nl_batch_done(&b);
	if (!ret)
		ret = fill_link_mtus(k, paths, n, e);
	for (i = 0; i < n && !ret; i++)
		if (paths[i].mtu)
			host->path_mtu[host->n_path_mtu++] = paths[i].mtu;
	return ret;
}

/*
 * The kernel lists a table by destination, 0.0.0.0 first, and routes of one
 * destination by metric (fib_table_dump() of Linux 4.x to 6.18): the first
 * entries tell, and the rest of a router's table is not asked for.
 */
static int on_default(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	static const uint8_t zero[16];
	struct path *path = ctx;
	struct rtnl_route route;

	(void)e;
	if (!rtnl_read_route(nlh, &route) || route.table != RT_TABLE_MAIN)
		return 0;
	if (memcmp(route.dst.b, zero, sizeof(zero)))
		return 1;
	if (route.dst.plen)
		return 0;
	path->oif = route.oif;
	path->mtu = route.mtu;
	return 1;
}

static int default_mtu(struct kernel *k, unsigned int *ret_mtu,
		       struct wgq_err *e)
{
	struct path path = { 0 };
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	rtnl_build_route_dump(&m, AF_INET, RT_TABLE_MAIN, 0);
	ret = nl_dump(&k->route, &m, on_default, NULL, &path, e);
	if (ret < 0)
		return ret;
	ret = fill_link_mtus(k, &path, 1, e);
	if (!ret)
		*ret_mtu = path.mtu;
	return ret;
}

struct table_use {
	uint32_t table;
	uint8_t family;
	bool used;
};

static int on_table_route(void *ctx, const struct nlmsghdr *nlh,
			  struct wgq_err *e)
{
	struct table_use *use = ctx;
	struct rtnl_route route;

	(void)e;
	if (!rtnl_read_route(nlh, &route) || route.table != use->table ||
	    route.dst.family != use->family)
		return 0;
	use->used = true;
	return 1;
}

static int free_table(struct kernel *k, uint32_t *ret_table, struct wgq_err *e)
{
	struct table_use use = { .table = FIRST_TABLE };
	NLMSG(m, RTNL_MSG_SIZE);
	size_t i;
	int ret;

	do {
		use.used = false;
		for (i = 0; i < SNAP_FAMILIES && !use.used; i++) {
			use.family = SNAP_AF[i];
			rtnl_build_route_dump(&m, use.family, use.table, 0);
			ret = dump_family(k, &m, on_table_route, NULL, &use, e);
			if (ret)
				return ret;
		}
	} while (use.used && ++use.table);
	*ret_table = use.table;
	return 0;
}

struct rule_head {
	uint8_t family;
	struct snap_prefs *prefs;
};

static int on_head_rule(void *ctx, const struct nlmsghdr *nlh,
			struct wgq_err *e)
{
	struct rule_head *head = ctx;
	struct rtnl_rule rule;

	(void)e;
	if (!rtnl_read_rule(nlh, &rule) || rule.family != head->family)
		return 0;
	head->prefs->pref[head->prefs->n++] = rule.priority;
	return head->prefs->n == 2;
}

static void restart_head(void *ctx)
{
	((struct rule_head *)ctx)->prefs->n = 0;
}

static int rule_head(struct kernel *k, uint8_t family, struct snap_prefs *prefs,
		     struct wgq_err *e)
{
	struct rule_head head = { .family = family, .prefs = prefs };
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	rtnl_build_rule_dump(&m, family);
	ret = dump_family(k, &m, on_head_rule, restart_head, &head, e);
	if (ret)
		return ret;
	return 0;
}

int kernel_snap_host(struct kernel *k, const struct plan_needs *needs,
		     const struct wg_device *device, struct arena *a,
		     struct snap_host *ret_host, struct wgq_err *e)
{
	struct snap_host host = { 0 };
	int ret = 0;
	size_t i;

	if (needs->path_mtu)
		ret = path_mtus(k, device, a, &host, e);
	if (!ret && needs->path_mtu && !host.n_path_mtu)
		ret = default_mtu(k, &host.default_mtu, e);
	if (!ret && needs->free_table)
		ret = free_table(k, &host.free_table, e);
	for (i = 0; i < SNAP_FAMILIES && !ret; i++)
		if (needs->default_route[i])
			ret = rule_head(k, SNAP_AF[i], &host.prefs[i], e);
	if (!ret)
		*ret_host = host;
	return ret;
}

struct rule_list {
	struct arena *a;
	uint8_t family;
	struct snap_rule *v;
	size_t n, cap, start;
};

static int on_rule(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct rule_list *l = ctx;
	struct snap_rule *slot;
	struct rtnl_rule rule;

	if (!rtnl_read_rule(nlh, &rule) || rule.family != l->family)
		return 0;
	slot = arena_grow(l->a, &l->v, l->n, &l->cap, sizeof(*slot));
	if (!slot)
		return err_sys(e, -ENOMEM, "rules");
	*slot = (struct snap_rule){
		.family = rule.family,
		.priority = rule.priority,
		.table = rule.table,
		.mark = rule.has_mark ? rule.mark : 0,
		.invert = rule.invert,
		.suppress = rule.suppress,
		.plain = rule.plain && rule.action == FR_ACT_TO_TBL &&
			 (!rule.has_mark || rule.mask == UINT32_MAX),
	};
	l->n++;
	return 0;
}

static void restart_rules(void *ctx)
{
	struct rule_list *l = ctx;

	l->n = l->start;
}

static int all_rules(struct kernel *k, struct rule_list *l, struct wgq_err *e)
{
	NLMSG(m, RTNL_MSG_SIZE);
	size_t i;
	int ret;

	for (i = 0; i < SNAP_FAMILIES; i++) {
		l->family = SNAP_AF[i];
		l->start = l->n;
		rtnl_build_rule_dump(&m, l->family);
		ret = dump_family(k, &m, on_rule, restart_rules, l, e);
		if (ret)
			return ret;
	}
	return 0;
}

/* Who a table's default routes, or any route of it, leave by. */
struct table_exit {
	struct snap_table table;
	int index;
	bool by_others;
};

static int on_exit_route(void *ctx, const struct nlmsghdr *nlh,
			 struct wgq_err *e)
{
	struct table_exit *x = ctx;
	struct rtnl_route route;
	bool by_us;
	size_t f;

	(void)e;
	if (!rtnl_read_route(nlh, &route) || route.table != x->table.number)
		return 0;
	f = snap_family(route.dst.family);
	by_us = route.oif && route.oif == x->index;
	x->by_others |= !by_us;
	/* One over several links has no single one; a blackhole is nobody's. */
	if (!route.dst.plen && route.type == RTN_UNICAST) {
		x->table.ours[f] |= by_us;
		x->table.others[f] |= !by_us;
	}
	return x->table.ours[f] && x->table.others[f];
}

static int table_exit(struct kernel *k, struct table_exit *x, struct wgq_err *e)
{
	NLMSG(m, RTNL_MSG_SIZE);
	size_t i;
	int ret;

	x->index = (int)k->ifindex;
	for (i = 0; i < SNAP_FAMILIES; i++) {
		rtnl_build_route_dump(&m, SNAP_AF[i], x->table.number, 0);
		ret = dump_family(k, &m, on_exit_route, NULL, x, e);
		if (ret)
			return ret;
	}
	return 0;
}

static bool may_be_ours(const struct snap_rule *r, uint32_t fwmark,
			uint32_t mark)
{
	if (!r->table)
		return false;
	return r->table == fwmark || r->table == mark ||
	       (r->invert && r->table == r->mark);
}

static bool has_table(const struct snap_down *down, uint32_t number)
{
	size_t i;

	for (i = 0; i < down->n_tables; i++)
		if (down->tables[i].number == number)
			return true;
	return false;
}

/* The tables that may be the tunnel's; @mark is the journal's. */
static int tables(struct kernel *k, struct arena *a,
		  const struct rule_list *rules, uint32_t mark,
		  struct snap_down *down, struct wgq_err *e)
{
	const struct snap_rule *r;
	struct snap_table *v;
	struct table_exit x;
	size_t i;
	int ret;

	v = arena_array(a, rules->n, sizeof(*v));
	if (!v)
		return err_sys(e, -ENOMEM, "rules");
	down->tables = v;
	for (i = 0; i < rules->n; i++) {
		r = &rules->v[i];
		if (!may_be_ours(r, down->fwmark, mark) ||
		    has_table(down, r->table))
			continue;
		x = (struct table_exit){ .table.number = r->table };
		ret = table_exit(k, &x, e);
		if (ret)
			return ret;
		v[down->n_tables++] = x.table;
	}
	return 0;
}

static void default_allowed(const struct wg_device *device,
			    bool ret_families[SNAP_FAMILIES])
{
	const struct addr *a;
	size_t i, j;

	for (i = 0; i < device->n_peers; i++) {
		for (j = 0; j < device->peers[i].n_allowed_ips; j++) {
			a = &device->peers[i].allowed_ips[j].addr;
			if (!a->plen)
				ret_families[snap_family(a->family)] = true;
		}
	}
}

/* Is there any rule that a full tunnel of this mark would have? */
static bool mark_is_used(const struct rule_list *rules, uint32_t mark)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (rules->v[i].table == mark || rules->v[i].suppress == 0)
			return true;
	return false;
}

/* The peers are read only where a rule may be the tunnel's. */
static int device_facts(struct kernel *k, struct arena *a,
			const struct rule_list *rules, struct snap_down *down,
			struct wgq_err *e)
{
	struct wg_device device = { 0 };
	bool has = false;
	int ret;

	if (!k->userspace) {
		ret = kernel_has_wireguard(k, &has, e);
		if (ret || !has)
			return ret;
		ret = wg_get_fwmark(&k->generic, k->wg_family, k->ifname,
				    &down->fwmark, e);
		if (ret || !down->fwmark || !mark_is_used(rules, down->fwmark))
			return ret;
	}
	ret = kernel_device(k, a, &device, e);
	if (ret)
		return ret;
	down->fwmark = device.fwmark;
	default_allowed(&device, down->default_allowed);
	return 0;
}

static int spoof_facts(struct kernel *k, struct snap_down *down,
		       struct wgq_err *e)
{
	uint32_t rules;
	size_t i;
	int ret;

	ret = spoof_find(&k->nft, k->ifname, &down->spoof_tables, e);
	if (!ret)
		ret = spoof_find_iptables(&k->nft, k->ifname, &rules, e);
	for (i = 0; i < SNAP_FAMILIES && !ret; i++)
		down->spoof_iptables[i] = rules & 1U << SNAP_AF[i];
	return ret;
}

struct other_links {
	int index;
	bool found;
};

static int on_other_link(void *ctx, const struct nlmsghdr *nlh,
			 struct wgq_err *e)
{
	struct other_links *o = ctx;
	struct rtnl_link link;

	(void)e;
	if (!rtnl_read_link(nlh, &link) || link.index == o->index ||
	    strcmp(link.kind, "wireguard") || !(link.flags & IFF_UP))
		return 0;
	o->found = true;
	return 1;
}

static int other_wireguard(struct kernel *k, bool *ret_found, struct wgq_err *e)
{
	struct other_links o = { .index = (int)k->ifindex };
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	rtnl_build_link_dump(&m, "wireguard");
	ret = nl_dump(&k->route, &m, on_other_link, NULL, &o, e);
	*ret_found = o.found;
	return ret < 0 ? ret : 0;
}

int kernel_snap_down(struct kernel *k, const struct snap_link *link,
		     uint32_t mark, struct arena *a, struct snap_down *ret_down,
		     struct wgq_err *e)
{
	struct snap_down down = { .link = *link };
	struct table_exit x = { .table.number = mark };
	struct rule_list rules = { .a = a };
	int ret;

	ret = all_rules(k, &rules, e);
	if (!ret && link->exists)
		ret = device_facts(k, a, &rules, &down, e);
	if (!ret && link->exists)
		ret = tables(k, a, &rules, mark, &down, e);
	if (!ret && mark)
		ret = table_exit(k, &x, e);
	if (!ret)
		ret = spoof_facts(k, &down, e);
	if (!ret)
		ret = other_wireguard(k, &down.other_wireguard, e);
	if (ret)
		return ret;
	down.mark_foreign = x.by_others;
	down.rules = rules.v;
	down.n_rules = rules.n;
	*ret_down = down;
	return 0;
}
