// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/kernel.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net/rtnl.h"
#include "net/spoof.h"
#include "net/uapi_socket.h"
#include "net/wg.h"

void kernel_init(struct kernel *k, const struct nl_ops *ops, void *ctx,
		 const char *ifname, const char *uapi)
{
	*k = (struct kernel){ .ifname = ifname, .uapi = uapi };
	nl_init(&k->route, NETLINK_ROUTE, ops, ctx);
	nl_init(&k->generic, NETLINK_GENERIC, ops, ctx);
	nl_init(&k->nft, NETLINK_NETFILTER, ops, ctx);
}

void kernel_done(struct kernel *k)
{
	if (!k->ifname)
		return;
	nl_done(&k->route);
	nl_done(&k->generic);
	nl_done(&k->nft);
}

bool kernel_may_admin(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[0].effective & (1U << CAP_NET_ADMIN);
}

int kernel_has_wireguard(struct kernel *k, bool *ret_has, struct wgq_err *e)
{
	struct wgq_err why = { 0 };
	int ret;

	if (!k->wg_family) {
		ret = wg_family(&k->generic, &k->wg_family, &why);
		if (ret && ret != -EPROTONOSUPPORT)
			return err_set(e, ret, "%s", why.msg);
	}
	*ret_has = k->wg_family != 0;
	return 0;
}

static int run_link_add(struct kernel *k, struct wgq_err *e)
{
	NLMSG(m, RTNL_MSG_SIZE);

	rtnl_build_link_add(&m, k->ifname, "wireguard");
	return nl_talk(&k->route, &m, NULL, NULL, e);
}

/* The index of a link that was made but could not be looked up then. */
static int find_index(struct kernel *k, struct wgq_err *e)
{
	struct snap_link link;
	int ret;

	ret = kernel_link(k, &link, e);
	if (ret)
		return ret;
	if (!link.exists)
		return err_sys(e, -ENODEV, "%s", k->ifname);
	k->ifindex = link.index;
	return 0;
}

/* The TUN device's daemon notices its end and then removes its socket. */
static void await_socket_gone(const struct kernel *k)
{
	int tries;

	for (tries = 0; tries < 100 && uapi_exists(k->uapi, k->ifname); tries++)
		usleep(10000);
}

static int run_link_del(struct kernel *k, struct wgq_err *e)
{
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	ret = k->ifindex ? 0 : find_index(k, e);
	if (ret)
		return ret;
	rtnl_build_link_del(&m, (int)k->ifindex);
	ret = nl_talk(&k->route, &m, NULL, NULL, e);
	if (!ret && k->userspace)
		await_socket_gone(k);
	return ret;
}

static int need_wireguard(struct kernel *k, struct wgq_err *e)
{
	bool has = false;
	int ret = kernel_has_wireguard(k, &has, e);

	if (ret || has)
		return ret;
	return err_set(e, -EPROTONOSUPPORT, "the kernel has no WireGuard");
}

static int run_wg_conf(struct kernel *k, const struct conf *conf,
		       struct wgq_err *e)
{
	int ret;

	if (k->userspace)
		return uapi_set_device(k->uapi, &conf->device, WG_ADD, e);
	ret = need_wireguard(k, e);
	return ret ? ret
		   : wg_set_device(&k->generic, k->wg_family, &conf->device,
				   WG_ADD, e);
}

static int run_fwmark(struct kernel *k, uint32_t mark, struct wgq_err *e)
{
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	if (k->userspace)
		return uapi_set_fwmark(k->uapi, k->ifname, mark, e);
	ret = need_wireguard(k, e);
	if (ret)
		return ret;
	wg_build_fwmark(&m, k->wg_family, k->ifname, mark);
	return nl_talk(&k->generic, &m, NULL, NULL, e);
}

static int run_spoof_add(struct kernel *k, const struct step_spoof *s,
			 struct wgq_err *e)
{
	struct spoof spoof = {
		.family = s->family,
		.ifname = k->ifname,
		.mark = s->mark,
		.addresses = s->addresses,
		.n_addresses = s->n_addresses,
	};

	return spoof_add(&k->nft, &spoof, e);
}

static void build_rule_add(struct nlmsg *m, const struct step_rule *r)
{
	if (r->what == RULE_MARK)
		rtnl_build_rule_mark_add(m, r->family, r->mark, &r->priority);
	else
		rtnl_build_rule_suppress_add(m, r->family, &r->priority);
}

static void build_rule_del(struct nlmsg *m, const struct step_rule *r)
{
	switch (r->what) {
	case RULE_MARK:
		rtnl_build_rule_mark_del(m, r->family, r->mark, r->priority);
		break;
	case RULE_SUPPRESS:
		rtnl_build_rule_suppress_del(m, r->family, r->priority);
		break;
	case RULE_TABLE:
		rtnl_build_rule_table_del(m, r->family, r->mark, r->priority);
		break;
	}
}

/* The rtnetlink steps, each of which is one message. */
static bool build_rtnl(const struct kernel *k, const struct step *s,
		       struct nlmsg *m)
{
	int index = (int)k->ifindex;

	switch (s->kind) {
	case STEP_ADDR_ADD:
		rtnl_build_addr_add(m, index, &s->addr);
		return true;
	case STEP_LINK_UP:
		rtnl_build_link_up(m, index, (uint32_t)s->link_up.mtu);
		return true;
	case STEP_ROUTE_ADD:
		rtnl_build_route_add(m, &s->route.dst, index, s->route.table);
		return true;
	case STEP_RULE_ADD:
		build_rule_add(m, &s->rule);
		return true;
	case STEP_RULE_DEL:
		build_rule_del(m, &s->rule);
		return true;
	case STEP_LINK_ADD:
	case STEP_USERSPACE:
	case STEP_HOOK:
	case STEP_WG_CONF:
	case STEP_DNS_ADD:
	case STEP_WG_FWMARK:
	case STEP_SYSCTL:
	case STEP_SPOOF_ADD:
	case STEP_SPOOF_DEL:
	case STEP_XT_DEL:
	case STEP_FIREWALL:
	case STEP_FIREWALL_DEL:
	case STEP_LINK_DEL:
	case STEP_DNS_DEL:
		return false;
	}
	return false;
}

struct refusals {
	bool *done;
	size_t first;
	struct wgq_err why;
};

static int on_refused(void *ctx, size_t index, const struct wgq_err *why)
{
	struct refusals *r = ctx;

	r->done[index] = false;
	if (!r->why.code) {
		r->first = index;
		r->why = *why;
	}
	return why->code;
}

static int run_rtnl(struct kernel *k, const struct step *v, size_t n,
		    bool *done, size_t *ret_failed, struct wgq_err *e)
{
	static const struct nl_batch_ops ops = { .refused = on_refused };
	struct refusals refusals = { .done = done };
	struct nl_batch b;
	NLMSG(m, RTNL_MSG_SIZE);
	int ret = 0;
	size_t i;

	memset(done, true, n * sizeof(*done));
	nl_batch_begin(&b, &k->route, &ops, &refusals);
	for (i = 0; i < n && !ret; i++) {
		build_rtnl(k, &v[i], &m);
		ret = nl_batch_add(&b, &m, e);
	}
	if (!ret)
		ret = nl_batch_flush(&b, e);
	for (i = b.done; i < n; i++)
		done[i] = false;
	if (ret) {
		*ret_failed = refusals.why.code ? refusals.first : b.done;
		if (*ret_failed >= n)
			*ret_failed = n - 1;
	}
	if (refusals.why.code) {
		*e = refusals.why;
		ret = refusals.why.code;
	}
	nl_batch_done(&b);
	return ret;
}

static int run_single(struct kernel *k, const struct conf *conf,
		      const struct step *s, struct wgq_err *e)
{
	switch (s->kind) {
	case STEP_LINK_ADD:
		return run_link_add(k, e);
	case STEP_LINK_DEL:
		return run_link_del(k, e);
	case STEP_WG_CONF:
		return run_wg_conf(k, conf, e);
	case STEP_WG_FWMARK:
		return run_fwmark(k, s->mark, e);
	case STEP_SPOOF_ADD:
		return run_spoof_add(k, &s->spoof, e);
	case STEP_SPOOF_DEL:
		return spoof_del(&k->nft, k->ifname, 1U << s->spoof.family, e);
	case STEP_XT_DEL:
		return spoof_del_iptables(&k->nft, k->ifname,
					  1U << s->spoof.family, e);
	case STEP_ADDR_ADD:
	case STEP_LINK_UP:
	case STEP_ROUTE_ADD:
	case STEP_RULE_ADD:
	case STEP_RULE_DEL:
	case STEP_USERSPACE:
	case STEP_HOOK:
	case STEP_DNS_ADD:
	case STEP_SYSCTL:
	case STEP_DNS_DEL:
	case STEP_FIREWALL:
	case STEP_FIREWALL_DEL:
		break;
	}
	return err_set(e, -EINVAL, "not a step for the kernel");
}

bool kernel_does(enum step_kind kind)
{
	switch (kind) {
	case STEP_LINK_ADD:
	case STEP_LINK_DEL:
	case STEP_WG_CONF:
	case STEP_WG_FWMARK:
	case STEP_SPOOF_ADD:
	case STEP_SPOOF_DEL:
	case STEP_XT_DEL:
	case STEP_ADDR_ADD:
	case STEP_LINK_UP:
	case STEP_ROUTE_ADD:
	case STEP_RULE_ADD:
	case STEP_RULE_DEL:
		return true;
	case STEP_USERSPACE:
	case STEP_HOOK:
	case STEP_DNS_ADD:
	case STEP_SYSCTL:
	case STEP_DNS_DEL:
	case STEP_FIREWALL:
	case STEP_FIREWALL_DEL:
		return false;
	}
	return false;
}

static bool is_pipelined(enum step_kind kind)
{
	return kind == STEP_ADDR_ADD || kind == STEP_LINK_UP ||
	       kind == STEP_RULE_ADD || kind == STEP_ROUTE_ADD;
}

bool kernel_joins(enum step_kind before, enum step_kind kind)
{
	return is_pipelined(before) && is_pipelined(kind);
}

int kernel_run(struct kernel *k, const struct conf *conf, const struct step *v,
	       size_t n, bool *done, size_t *ret_failed, struct wgq_err *e)
{
	NLMSG(probe, RTNL_MSG_SIZE);
	size_t i;
	int ret;

	if (build_rtnl(k, &v[0], &probe))
		return run_rtnl(k, v, n, done, ret_failed, e);
	for (i = 0; i < n; i++) {
		ret = run_single(k, conf, &v[i], e);
		done[i] = !ret;
		if (ret) {
			*ret_failed = i;
			return ret;
		}
	}
	return 0;
}
