// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/plan.h"

#include <errno.h>
#include <string.h>

#define IPV6_MIN_MTU 1280

/* Scopes as far as the kernel's address lists are ordered by them. */
static int v4_scope(const struct addr *a)
{
	return a->b[0] == 127 ? 1 : 0;
}

static int v6_scope(const struct addr *a)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (!memcmp(a->b, loopback, sizeof(loopback)))
		return 1;
	if (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80)
		return 2;
	if (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0)
		return 5;
	return 14;
}

static bool same_subnet(const struct addr *a, const struct addr *b)
{
	return a->plen == b->plen && addr_covers(a, b);
}

static void insert_at(struct addr *v, size_t n, size_t pos,
		      const struct addr *a)
{
	memmove(v + pos + 1, v + pos, (n - pos) * sizeof(*v));
	v[pos] = *a;
}

/*
 * IPv4 keeps the first address of each subnet in the front part of the list
 * and further ones of the same subnet, the secondaries, behind it in the order
 * in which they came (__inet_insert_ifa() of Linux 6.1 to 6.18).
 */
static void insert_v4(struct addr *v, size_t n, size_t *n_primary,
		      const struct addr *a)
{
	size_t i, last = 0;

	for (i = 0; i < *n_primary; i++) {
		if (same_subnet(&v[i], a)) {
			insert_at(v, n, n, a);
			return;
		}
		if (v4_scope(a) <= v4_scope(&v[i]))
			last = i + 1;
	}
	insert_at(v, n, last, a);
	(*n_primary)++;
}

/* IPv6 sorts by scope, widest first, and the newest of a scope comes first
 * (ipv6_link_dev_addr()).
 */
static void insert_v6(struct addr *v, size_t n, const struct addr *a)
{
	size_t i = 0;

	while (i < n && v6_scope(a) < v6_scope(&v[i]))
		i++;
	insert_at(v, n, i, a);
}

static bool connected_route(const struct addr *a, bool secondary)
{
	if (a->family == AF_INET6)
		return true;
	return !secondary && a->plen < 32 && addr_masked(a).b[0] != 0;
}

static void predict_addresses(const struct conf *conf, bool v6,
			      struct addr *v4_list, size_t *n_v4,
			      size_t *n_primary, struct addr *v6_list,
			      size_t *n_v6)
{
	const struct addr *a;
	size_t i;

	for (i = 0; i < conf->address.n; i++) {
		a = &conf->addresses[i];
		if (a->family == AF_INET)
			insert_v4(v4_list, (*n_v4)++, n_primary, a);
		else if (v6)
			insert_v6(v6_list, (*n_v6)++, a);
	}
}

int plan_predict(const struct conf *conf, const struct snap_host *host, int mtu,
		 struct arena *a, struct snap_iface *ret_iface)
{
	size_t n = conf->address.n, n4 = 0, n6 = 0, n_primary = 0, n_routes = 0;
	bool v6 = !host->ipv6_off && mtu >= IPV6_MIN_MTU;
	struct addr *list, *list6, *routes;
	struct wg_device *live;
	size_t i;
	int ret;

	list = arena_array(a, n, sizeof(*list));
	list6 = arena_array(a, n, sizeof(*list6));
	routes = arena_array(a, n, sizeof(*routes));
	live = arena_alloc(a, sizeof(*live));
	if (!list || !list6 || !routes || !live)
		return -ENOMEM;
	ret = conf_predict_device(&conf->device, a, live);
	if (ret)
		return ret;
	predict_addresses(conf, v6, list, &n4, &n_primary, list6, &n6);
	memcpy(list + n4, list6, n6 * sizeof(*list));
	for (i = 0; i < n4 + n6; i++)
		if (connected_route(&list[i], i >= n_primary && i < n4))
			routes[n_routes++] = addr_masked(&list[i]);
	*ret_iface = (struct snap_iface){
		.device = live,
		.addresses = list,
		.n_addresses = n4 + n6,
		.routes = routes,
		.n_routes = n_routes,
	};
	return 0;
}
