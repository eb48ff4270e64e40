// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "net/kernel.h"
#include "net/rtnl.h"

struct names {
	struct arena *a;
	const char **v;
	size_t n, cap;
};

static int on_link(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct names *names = ctx;
	struct rtnl_link link;
	const char **slot;

	/* A kernel that knows no filter by kind sends all links. */
	if (!rtnl_read_link(nlh, &link) || strcmp(link.kind, "wireguard"))
		return 0;
	slot = arena_grow(names->a, &names->v, names->n, &names->cap,
			  sizeof(*slot));
	if (slot)
		*slot = arena_strndup(names->a, link.name, strlen(link.name));
	if (!slot || !*slot)
		return err_sys(e, -ENOMEM, "dump");
	names->n++;
	return 0;
}

static void restart(void *ctx)
{
	((struct names *)ctx)->n = 0;
}

int kernel_wireguard_links(struct kernel *k, struct arena *a,
			   const char *const **ret_v, size_t *ret_n,
			   struct wgq_err *e)
{
	struct names names = { .a = a };
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	rtnl_build_link_dump(&m, "wireguard");
	ret = nl_dump(&k->route, &m, on_link, restart, &names, e);
	if (ret < 0)
		return ret;
	*ret_v = names.v;
	*ret_n = names.n;
	return 0;
}
