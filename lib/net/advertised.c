// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/kernel.h"
#include "net/rtnl.h"

struct links {
	struct arena *a;
	int *v;
	size_t n, cap;
};

static int add(struct links *l, int index, struct wgq_err *e)
{
	size_t i;
	int *slot;

	if (index <= 0)
		return 0;
	for (i = 0; i < l->n; i++)
		if (l->v[i] == index)
			return 0;
	slot = arena_grow(l->a, &l->v, l->n, &l->cap, sizeof(*slot));
	if (!slot)
		return err_sys(e, -ENOMEM, "dump");
	*slot = index;
	l->n++;
	return 0;
}

static int on_route(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct rtnl_route route;

	if (!rtnl_read_route(nlh, &route) || route.protocol != RTPROT_RA)
		return 0;
	return add(ctx, route.oif, e);
}

/* One that the kernel made from an advertised prefix has a lifetime. */
static int on_addr(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct rtnl_addr addr;

	if (!rtnl_read_addr(nlh, &addr) || addr.addr.family != AF_INET6 ||
	    addr.scope != RT_SCOPE_UNIVERSE || addr.flags & IFA_F_PERMANENT)
		return 0;
	return add(ctx, addr.index, e);
}

struct name {
	struct arena *a;
	const char *name;
};

static int on_link(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct name *n = ctx;
	struct rtnl_link link;

	if (!rtnl_read_link(nlh, &link))
		return 0;
	n->name = arena_strndup(n->a, link.name,
				strnlen(link.name, sizeof(link.name)));
	return n->name ? 0 : err_sys(e, -ENOMEM, "dump");
}

static int name_links(struct kernel *k, const struct links *l,
		      const char *const **ret_v, size_t *ret_n,
		      struct wgq_err *e)
{
	const char **v = arena_array(l->a, l->n, sizeof(*v));
	struct name name = { .a = l->a };
	struct wgq_err why = { 0 };
	NLMSG(m, RTNL_MSG_SIZE);
	size_t i, n = 0;
	int ret;

	if (!v)
		return err_sys(e, -ENOMEM, "dump");
	for (i = 0; i < l->n; i++) {
		name.name = NULL;
		rtnl_build_link_get_index(&m, l->v[i]);
		ret = nl_talk(&k->route, &m, on_link, &name, &why);
		if (ret == -ENODEV)
			continue;
		if (ret)
			return err_set(e, ret, "%s", why.msg);
		if (name.name)
			v[n++] = name.name;
	}
	*ret_v = v;
	*ret_n = n;
	return 0;
}

/* The kernel filters by protocol, so that a full table costs nothing. */
static void build_routes(struct nlmsg *m)
{
	const struct rtmsg rtm = { .rtm_family = AF_INET6,
				   .rtm_protocol = RTPROT_RA };

	nlmsg_begin(m, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
}

/* A link found twice counts once: a dump begun again needs no reset. */
static int find_links(struct kernel *k, struct links *links, struct wgq_err *e)
{
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	build_routes(&m);
	ret = nl_dump(&k->route, &m, on_route, NULL, links, e);
	if (ret < 0)
		return ret;
	rtnl_build_addr_dump(&m, AF_INET6, 0);
	return nl_dump(&k->route, &m, on_addr, NULL, links, e);
}

int kernel_advertised(struct kernel *k, struct arena *a,
		      const char *const **ret_v, size_t *ret_n,
		      struct wgq_err *e)
{
	struct links links = { .a = a };
	struct wgq_err why = { 0 };
	int ret = find_links(k, &links, &why);

	if (ret == -EAFNOSUPPORT || ret == -EOPNOTSUPP) {
		/* A kernel without IPv6. */
		*ret_n = 0;
		return 0;
	}
	if (ret < 0)
		return err_set(e, ret, "%s", why.msg);
	return name_links(k, &links, ret_v, ret_n, e);
}
