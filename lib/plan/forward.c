// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/forward.h"

#include <errno.h>
#include <string.h>

void plan_families(const struct conf *conf, const struct wg_device *device,
		   bool ret[SNAP_FAMILIES])
{
	const struct wg_peer *peer;
	size_t i, j;

	ret[SNAP_V4] = ret[SNAP_V6] = false;
	for (i = 0; i < conf->address.n; i++)
		ret[snap_family(conf->addresses[i].family)] = true;
	for (i = 0; i < device->n_peers; i++) {
		peer = &device->peers[i];
		for (j = 0; j < peer->n_allowed_ips; j++)
			ret[snap_family(peer->allowed_ips[j].addr.family)] =
				true;
	}
}

static int add_sysctl(struct plan *p, const char *key, int value, int old)
{
	struct step *s;

	if (!key)
		return -ENOMEM;
	s = plan_add(p, STEP_SYSCTL, 0);
	if (!s)
		return -ENOMEM;
	s->sysctl = (struct step_sysctl){
		.key = key,
		.value = value,
		.old = old,
	};
	return 0;
}

/* A dot in an interface's name would count as a separator (sysctl(8)). */
static const char *interface_key(struct plan *p, const char *ifname,
				 const char *what)
{
	return arena_printf(&p->arena,
			    strchr(ifname, '.') ? "net/ipv6/conf/%s/%s"
						: "net.ipv6.conf.%s.%s",
			    ifname, what);
}

/*
 * An undo goes backwards: the value for all, which resets every interface,
 * before those that had one of their own.
 */
static int forward_ipv6(const struct snap_forward *snap, struct plan *p)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < snap->n_ra && !ret; i++)
		ret = add_sysctl(p, interface_key(p, snap->ra[i], "accept_ra"),
				 2, 1);
	for (i = 0; i < snap->n_routers && !ret; i++)
		ret = add_sysctl(
			p, interface_key(p, snap->routers[i], "forwarding"), 1,
			1);
	return ret ? ret : add_sysctl(p, SYSCTL_IPV6_FORWARD, 1, snap->ipv6);
}

int plan_forward(const bool families[SNAP_FAMILIES],
		 const struct snap_forward *snap, struct plan *p)
{
	int ret = 0;

	if (families[SNAP_V4] && snap->ipv4 != 1)
		ret = add_sysctl(p, SYSCTL_IPV4_FORWARD, 1, snap->ipv4);
	if (!ret && families[SNAP_V6] && snap->ipv6 != 1)
		ret = forward_ipv6(snap, p);
	return ret;
}
