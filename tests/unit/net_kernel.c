// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fake/kernel.h"
#include "lib_tmp.h"
#include "net/kernel.h"

struct scene {
	struct fake f;
	struct kernel k;
	struct arena a;
	struct wgq_err e;
	struct conf conf;
};

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	fake_init(&s->f);
	fake_arm(&s->f, NULL);
	fake_link_add(&s->f, "eth0", "", 1500);
	kernel_init(&s->k, &fake_ops, &s->f, "wg0", "/no/such/directory");
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	kernel_done(&s->k);
	arena_done(&s->a);
	fake_done(&s->f);
	free(s);
	return 0;
}

static struct addr prefix(const char *text)
{
	struct addr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	char host[64];
	char *slash;

	snprintf(host, sizeof(host), "%s", text);
	slash = strchr(host, '/');
	assert_non_null(slash);
	*slash = '\0';
	a.plen = (uint8_t)atoi(slash + 1);
	assert_int_equal(inet_pton(a.family, host, a.b), 1);
	return a;
}

static void use_wg0(struct scene *s, bool up)
{
	struct snap_link link;
	struct fake_link *l = fake_link_add(&s->f, "wg0", "wireguard", 1420);

	if (up)
		l->flags |= IFF_UP;
	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_true(kernel_use(&s->k, &link));
}

static void test_link(void **state)
{
	struct scene *s = *state;
	struct snap_link link;
	struct fake_link *l;

	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_false(link.exists);
	assert_int_equal(s->e.code, 0);
	l = fake_link_add(&s->f, "wg0", "wireguard", 1380);
	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_true(link.exists);
	assert_int_equal(link.index, l->index);
	assert_string_equal(link.kind, "wireguard");
	assert_int_equal(link.mtu, 1380);
	assert_false(link.up);
	l->flags |= IFF_UP;
	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_true(link.up);
	assert_true(kernel_use(&s->k, &link));
	assert_false(s->k.userspace);
	assert_int_equal(s->k.ifindex, l->index);
}

static int listen_at(const char *dir, const char *ifname)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s.sock", dir, ifname);
	assert_int_equal(bind(sock, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(sock, 1), 0);
	return sock;
}

/* A socket of the name may serve an interface of another namespace. */
static void test_use(void **state)
{
	struct scene *s = *state;
	struct snap_link kernels = { .exists = true,
				     .index = 3,
				     .kind = "wireguard" };
	struct snap_link tun = { .exists = true, .index = 4, .kind = "tun" };
	char dir[64];
	int sock;

	tmp_make(dir);
	s->k.uapi = dir;
	assert_false(kernel_use(&s->k, &tun));
	sock = listen_at(dir, "wg0");
	assert_true(kernel_use(&s->k, &kernels));
	assert_false(s->k.userspace);
	assert_int_equal(s->k.ifindex, 3);
	assert_true(kernel_use(&s->k, &tun));
	assert_true(s->k.userspace);
	assert_int_equal(s->k.ifindex, 4);
	close(sock);
	tmp_remove(dir);
}

/* UP-1: the name may be another link's second one. */
static void test_alternative_name(void **state)
{
	struct scene *s = *state;
	struct snap_link link;

	strcpy(fake_link_find(&s->f, "eth0")->alt, "wg0");
	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_true(link.exists);
	assert_string_equal(link.kind, "");
	assert_false(kernel_use(&s->k, &link));
}

static void test_refused_link(void **state)
{
	struct fake_plan p = { .fail = { 1 }, .error = { -EPERM } };
	struct scene *s = *state;
	struct snap_link link;

	fake_arm(&s->f, &p);
	assert_int_equal(kernel_link(&s->k, &link, &s->e), -EPERM);
	assert_string_equal(s->e.msg, "Operation not permitted");
}

static void test_has_wireguard(void **state)
{
	struct scene *s = *state;
	bool has = false;
	unsigned int n;

	assert_int_equal(kernel_has_wireguard(&s->k, &has, &s->e), 0);
	assert_true(has);
	n = s->f.c->n;
	assert_int_equal(kernel_has_wireguard(&s->k, &has, &s->e), 0);
	/* Once asked, known. */
	assert_int_equal(s->f.c->n, n);
	s->f.s->has_wireguard = false;
	s->k.wg_family = 0;
	assert_int_equal(kernel_has_wireguard(&s->k, &has, &s->e), 0);
	assert_false(has);
	assert_int_equal(s->e.code, 0);
}

static void test_add_and_delete_link(void **state)
{
	const struct step add = { .kind = STEP_LINK_ADD };
	const struct step del = { .kind = STEP_LINK_DEL };
	struct scene *s = *state;
	struct snap_link link;
	bool done = false;
	size_t failed = 9;

	assert_int_equal(
		kernel_run(&s->k, &s->conf, &add, 1, &done, &failed, &s->e), 0);
	assert_true(done);
	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_true(link.exists);
	assert_string_equal(link.kind, "wireguard");
	/* Exclusively: another one is refused, and is not done. */
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &add, 1, &done, &failed, &s->e),
		-EEXIST);
	assert_false(done);
	assert_int_equal(failed, 0);
	/* Without an index the name tells which. */
	s->e = (struct wgq_err){ 0 };
	assert_int_equal(s->k.ifindex, 0);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &del, 1, &done, &failed, &s->e), 0);
	assert_null(fake_link_find(&s->f, "wg0"));
	s->k.ifindex = 0;
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &del, 1, &done, &failed, &s->e),
		-ENODEV);
}

/* An index that is another link's by now is not followed to that link. */
static void test_delete_by_index(void **state)
{
	const struct step del = { .kind = STEP_LINK_DEL };
	struct scene *s = *state;
	bool done;
	size_t failed;

	use_wg0(s, false);
	fake_link_del(&s->f, "wg0");
	fake_link_add(&s->f, "wg0", "wireguard", 1420);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &del, 1, &done, &failed, &s->e),
		-ENODEV);
	assert_non_null(fake_link_find(&s->f, "wg0"));
}

static struct step route_step(unsigned int i)
{
	struct step step = {
		.kind = STEP_ROUTE_ADD,
		.route = { .dst = { .family = AF_INET, .plen = 24 },
			   .table = 254 },
	};

	step.route.dst.b[0] = 10;
	step.route.dst.b[1] = (uint8_t)(i >> 8);
	step.route.dst.b[2] = (uint8_t)i;
	return step;
}

static size_t count_routes(const struct scene *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->f.s->n_routes; i++)
		n += s->f.s->routes[i].link == (int)s->k.ifindex;
	return n;
}

#define N_ROUTES 600

/* Many steps in few datagrams. */
static void test_many_routes(void **state)
{
	struct scene *s = *state;
	struct step *v = calloc(N_ROUTES, sizeof(*v));
	bool done[N_ROUTES] = { false };
	size_t failed;
	unsigned int i, before;

	use_wg0(s, true);
	for (i = 0; i < N_ROUTES; i++)
		v[i] = route_step(i);
	before = s->f.c->datagrams;
	assert_int_equal(
		kernel_run(&s->k, &s->conf, v, N_ROUTES, done, &failed, &s->e),
		0);
	for (i = 0; i < N_ROUTES; i++)
		assert_true(done[i]);
	assert_int_equal(count_routes(s), N_ROUTES);
	assert_true(s->f.c->datagrams - before <= 3);
	free(v);
}

/*
 * What was on its way with a step that is refused takes effect all the same,
 * and is told to be done; what was refused is not, and the first one counts.
 */
static void test_refused_among_many(void **state)
{
	struct scene *s = *state;
	struct step *v = calloc(N_ROUTES, sizeof(*v));
	bool done[N_ROUTES];
	struct fake_plan p = { .fail = { 6, 11 }, .error = { -EBUSY, -EPERM } };
	size_t failed = 0, n = 0;
	unsigned int i;

	use_wg0(s, true);
	for (i = 0; i < N_ROUTES; i++)
		v[i] = route_step(i);
	kernel_done(&s->k);
	fake_arm(&s->f, &p);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, v, N_ROUTES, done, &failed, &s->e),
		-EBUSY);
	assert_string_equal(s->e.msg, strerror(EBUSY));
	assert_int_equal(failed, 5);
	for (i = 0; i < N_ROUTES; i++)
		n += done[i];
	assert_int_equal(n, count_routes(s));
	assert_false(done[5]);
	assert_false(done[10]);
	assert_true(done[4] && done[6] && done[9] && done[11]);
	/* Later datagrams were not sent. */
	assert_false(done[N_ROUTES - 1]);
	assert_int_equal(s->f.c->datagrams, 1);
	free(v);
}

/* The kernel's own words, and the errno. */
static void test_words_of_the_kernel(void **state)
{
	struct scene *s = *state;
	struct step step = route_step(1);
	bool done;
	size_t failed;

	use_wg0(s, false);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		-ENETDOWN);
	assert_string_equal(s->e.msg, "Device for nexthop is not up: "
				      "Network is down");
	assert_false(done);
}

static void test_rules(void **state)
{
	struct step v[2] = {
		{ .kind = STEP_RULE_ADD,
		  .rule = { .family = AF_INET6,
			    .what = RULE_MARK,
			    .mark = 51820,
			    .priority = 32765 } },
		{ .kind = STEP_RULE_ADD,
		  .rule = { .family = AF_INET6,
			    .what = RULE_SUPPRESS,
			    .mark = 51820,
			    .priority = 32764 } },
	};
	struct scene *s = *state;
	struct snap_down down;
	struct snap_link none = { 0 };
	bool done[2];
	size_t failed, i, found = 0;

	assert_int_equal(
		kernel_run(&s->k, &s->conf, v, 2, done, &failed, &s->e), 0);
	assert_int_equal(kernel_snap_down(&s->k, &none, 0, &s->a, &down, &s->e),
			 0);
	for (i = 0; i < down.n_rules; i++) {
		const struct snap_rule *r = &down.rules[i];

		assert_true(r->plain);
		if (r->family != AF_INET6 || r->priority == 0 ||
		    r->priority == 32766)
			continue;
		found++;
		assert_int_equal(r->invert, r->priority == 32765);
		assert_int_equal(r->mark, r->invert ? 51820 : 0);
		assert_int_equal(r->table, r->invert ? 51820 : 254);
		assert_int_equal(r->suppress, r->invert ? -1 : 0);
	}
	assert_int_equal(found, 2);
	assert_int_equal(down.n_rules, 7);
	v[0].kind = v[1].kind = STEP_RULE_DEL;
	assert_int_equal(
		kernel_run(&s->k, &s->conf, v, 2, done, &failed, &s->e), 0);
	assert_int_equal(s->f.s->n_rules, 5);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, v, 1, done, &failed, &s->e),
		-ENOENT);
}

/* A rule with any other selector is nobody's kind of rule. */
static void test_foreign_rules(void **state)
{
	const struct fake_rule rules[] = {
		{ .family = AF_INET,
		  .action = 1,
		  .priority = 5,
		  .table = 254,
		  .suppress = 0,
		  .iif = "eth0" },
		{ .family = AF_INET,
		  .action = 1,
		  .priority = 6,
		  .table = 7,
		  .mark = 7,
		  .mask = 0xff,
		  .invert = true,
		  .suppress = -1 },
		{ .family = AF_INET,
		  .action = 7,
		  .priority = 8,
		  .suppress = -1 },
	};
	struct scene *s = *state;
	struct snap_link none = { 0 };
	struct snap_down down;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		fake_rule_add(&s->f, &rules[i]);
	assert_int_equal(kernel_snap_down(&s->k, &none, 0, &s->a, &down, &s->e),
			 0);
	for (i = 0; i < down.n_rules; i++)
		if (down.rules[i].priority >= 5 && down.rules[i].priority <= 8)
			assert_false(down.rules[i].plain);
}

static struct wg_peer peer_at(const char *endpoint)
{
	struct wg_peer p = { 0 };
	char host[64];

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(endpoint, " "),
		 endpoint);
	p.endpoint.v4.sin_port = htons((uint16_t)atoi(strchr(endpoint, ' ')));
	if (strchr(host, ':')) {
		p.endpoint.v6.sin6_family = AF_INET6;
		assert_int_equal(
			inet_pton(AF_INET6, host, &p.endpoint.v6.sin6_addr), 1);
	} else {
		p.endpoint.v4.sin_family = AF_INET;
		assert_int_equal(
			inet_pton(AF_INET, host, &p.endpoint.v4.sin_addr), 1);
	}
	return p;
}

static void snap(struct scene *s, const struct plan_needs *needs,
		 const struct wg_device *device, struct snap_host *host)
{
	assert_int_equal(
		kernel_snap_host(&s->k, needs, device, &s->a, host, &s->e), 0);
}

/* UP-14: each way once, its own MTU before its link's, none for no way. */
static void test_path_mtus(void **state)
{
	const struct plan_needs needs = { .path_mtu = true };
	struct scene *s = *state;
	struct wg_peer peers[] = {
		peer_at("192.0.2.1 1"),
		peer_at("198.51.100.1 1"),
		peer_at("192.0.2.1 2"),
		peer_at("203.0.113.1 1"),
		peer_at("2001:db8::1 1"),
		peer_at("2001:db8:1::1 1"),
		{ .endpoint.sa.sa_family = AF_UNSPEC },
	};
	struct wg_device device = { .peers = peers,
				    .n_peers = ARRAY_SIZE(peers) };
	struct snap_host host;
	unsigned int sum = 0;
	size_t i;

	fake_link_add(&s->f, "eth1", "", 9000);
	fake_route_add(&s->f, "eth0", "192.0.2.0/24", 254);
	fake_route_add(&s->f, "eth0", "198.51.100.0/24", 254)->mtu = 1300;
	fake_route_add(&s->f, "eth0", "203.0.113.0/24", 254)->type = 7;
	fake_route_add(&s->f, "eth1", "2001:db8::/48", 254);
	snap(s, &needs, &device, &host);
	assert_int_equal(host.n_path_mtu, 3);
	for (i = 0; i < host.n_path_mtu; i++)
		sum += host.path_mtu[i];
	assert_int_equal(sum, 1500 + 1300 + 9000);
	assert_int_equal(host.default_mtu, 0);
}

/* A zone says which link, so that a lookup without it says nothing. */
static void test_zone(void **state)
{
	const struct plan_needs needs = { .path_mtu = true };
	struct scene *s = *state;
	struct wg_peer peer = peer_at("fe80::1 1");
	struct wg_device device = { .peers = &peer, .n_peers = 1 };
	struct snap_host host;

	peer.endpoint.v6.sin6_scope_id = 2;
	fake_route_add(&s->f, "eth0", "fe80::/64", 254);
	snap(s, &needs, &device, &host);
	assert_int_equal(host.n_path_mtu, 0);
}

static void test_default_mtu(void **state)
{
	const struct plan_needs needs = { .path_mtu = true };
	const struct wg_device device = { 0 };
	struct scene *s = *state;
	struct snap_host host;

	snap(s, &needs, &device, &host);
	assert_int_equal(host.default_mtu, 0);
	fake_route_add(&s->f, "eth0", "10.0.0.0/8", 254);
	fake_route_add(&s->f, "eth0", "0.0.0.0/1", 254)->mtu = 900;
	snap(s, &needs, &device, &host);
	assert_int_equal(host.default_mtu, 0);
	fake_route_add(&s->f, "eth0", "0.0.0.0/0", 254)->metric = 0;
	snap(s, &needs, &device, &host);
	assert_int_equal(host.default_mtu, 1500);
	fake_route_add(&s->f, "eth0", "0.0.0.0/0", 253)->mtu = 800;
	snap(s, &needs, &device, &host);
	assert_int_equal(host.default_mtu, 1500);
}

/* 4.8: the first number from 51820 that is free in both families. */
static void test_free_table(void **state)
{
	const struct plan_needs needs = { .free_table = true };
	const struct wg_device device = { 0 };
	struct scene *s = *state;
	struct snap_host host;

	snap(s, &needs, &device, &host);
	assert_int_equal(host.free_table, 51820);
	fake_route_add(&s->f, "eth0", "::/0", 51820);
	fake_route_add(&s->f, "eth0", "10.0.0.0/8", 51821);
	fake_route_add(&s->f, "eth0", "10.0.0.0/8", 51823);
	snap(s, &needs, &device, &host);
	assert_int_equal(host.free_table, 51822);
}

static void test_heads_of_rules(void **state)
{
	const struct plan_needs needs = { .default_route = { true, false } };
	const struct fake_rule r = { .family = AF_INET,
				     .action = 1,
				     .priority = 100,
				     .table = 9,
				     .suppress = -1 };
	const struct wg_device device = { 0 };
	struct scene *s = *state;
	struct snap_host host;

	snap(s, &needs, &device, &host);
	assert_int_equal(host.prefs[SNAP_V4].n, 2);
	assert_int_equal(host.prefs[SNAP_V4].pref[0], 0);
	assert_int_equal(host.prefs[SNAP_V4].pref[1], 32766);
	assert_int_equal(host.prefs[SNAP_V6].n, 0);
	fake_rule_add(&s->f, &r);
	snap(s, &needs, &device, &host);
	assert_int_equal(host.prefs[SNAP_V4].pref[1], 100);
}

/* Nothing is asked for that nobody needs. */
static void test_no_needs(void **state)
{
	const struct plan_needs needs = { 0 };
	const struct wg_device device = { 0 };
	struct scene *s = *state;
	struct snap_host host;

	snap(s, &needs, &device, &host);
	assert_int_equal(s->f.c->n, 0);
}

static void test_device_round_trip(void **state)
{
	const struct step step = { .kind = STEP_WG_CONF };
	struct wg_allowed_ip ips[7] = { 0 };
	struct scene *s = *state;
	struct wg_peer peers[5];
	struct wg_device back;
	bool done;
	size_t failed, i;

	use_wg0(s, false);
	for (i = 0; i < ARRAY_SIZE(ips); i++) {
		ips[i].addr =
			i % 2 ? prefix("fd00::/64") : prefix("10.0.0.0/24");
		ips[i].addr.b[i % 2 ? 7 : 2] = (uint8_t)(i + 1);
	}
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		peers[i] = peer_at(i % 2 ? "2001:db8::7 1" : "192.0.2.7 1");
		peers[i].public_key[0] = (uint8_t)(i + 1);
		peers[i].replace_allowed_ips = true;
		peers[i].has_keepalive = i == 2;
		peers[i].keepalive = i == 2 ? 25 : 0;
	}
	peers[3].allowed_ips = ips;
	peers[3].n_allowed_ips = ARRAY_SIZE(ips);
	s->conf.device = (struct wg_device){ .name = "wg0",
					     .has_fwmark = true,
					     .fwmark = 77,
					     .peers = peers,
					     .n_peers = ARRAY_SIZE(peers) };
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
	assert_true(done);
	assert_int_equal(kernel_device(&s->k, &s->a, &back, &s->e), 0);
	assert_int_equal(back.fwmark, 77);
	assert_int_equal(back.n_peers, ARRAY_SIZE(peers));
	for (i = 0; i < back.n_peers; i++) {
		assert_memory_equal(back.peers[i].public_key,
				    peers[i].public_key, KEY_LEN);
		assert_memory_equal(&back.peers[i].endpoint, &peers[i].endpoint,
				    sizeof(peers[i].endpoint));
		assert_int_equal(back.peers[i].keepalive, peers[i].keepalive);
		assert_int_equal(back.peers[i].n_allowed_ips,
				 peers[i].n_allowed_ips);
	}
	for (i = 0; i < ARRAY_SIZE(ips); i++)
		assert_true(addr_eq(&back.peers[3].allowed_ips[i].addr,
				    &ips[i].addr));
}

static void test_interface(void **state)
{
	struct scene *s = *state;
	struct snap_iface iface;

	use_wg0(s, true);
	fake_addr_add(&s->f, "wg0", "fd00::2/64");
	fake_addr_add(&s->f, "wg0", "10.9.0.2/24");
	fake_addr_add(&s->f, "eth0", "10.9.0.3/24");
	assert_int_equal(kernel_snap_iface(&s->k, &s->a, &iface, &s->e), 0);
	assert_int_equal(iface.n_addresses, 2);
	assert_int_equal(iface.addresses[0].family, AF_INET);
	assert_int_equal(iface.addresses[1].family, AF_INET6);
	/* Of table main alone, and of this link alone. */
	assert_int_equal(iface.n_routes, 2);
	assert_int_equal(iface.routes[0].plen, 24);
	assert_int_equal(iface.routes[1].plen, 64);
}

/* What tells that a tunnel is one with policy routing. */
static void test_down_facts(void **state)
{
	const struct fake_rule rule = { .family = AF_INET,
					.action = 1,
					.priority = 32765,
					.table = 51820,
					.mark = 51820,
					.mask = UINT32_MAX,
					.invert = true,
					.suppress = -1 };
	struct scene *s = *state;
	struct snap_link link;
	struct snap_down down;

	use_wg0(s, true);
	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_int_equal(kernel_snap_down(&s->k, &link, 0, &s->a, &down, &s->e),
			 0);
	assert_int_equal(down.fwmark, 0);
	assert_int_equal(down.n_tables, 0);
	assert_false(down.other_wireguard);
	assert_int_equal(down.spoof_tables, 0);
	fake_rule_add(&s->f, &rule);
	fake_route_add(&s->f, "wg0", "0.0.0.0/0", 51820);
	fake_link_find(&s->f, "wg0")->fwmark = 51820;
	fake_link_add(&s->f, "wg9", "wireguard", 1420);
	assert_int_equal(
		kernel_snap_down(&s->k, &link, 51820, &s->a, &down, &s->e), 0);
	assert_int_equal(down.fwmark, 51820);
	assert_int_equal(down.n_tables, 1);
	assert_int_equal(down.tables[0].number, 51820);
	assert_true(down.tables[0].ours[SNAP_V4]);
	assert_false(down.tables[0].ours[SNAP_V6]);
	assert_false(down.tables[0].others[SNAP_V4]);
	assert_false(down.mark_foreign);
	/* One that is down needs nothing of the host. */
	assert_false(down.other_wireguard);
	fake_link_find(&s->f, "wg9")->flags |= IFF_UP;
	fake_route_add(&s->f, "wg9", "10.0.0.0/8", 51820);
	assert_int_equal(
		kernel_snap_down(&s->k, &link, 51820, &s->a, &down, &s->e), 0);
	assert_true(down.other_wireguard);
	assert_true(down.mark_foreign);
	assert_false(down.tables[0].others[SNAP_V4]);
}

/* The table of the device's mark counts though no mark rule looks it up. */
static void test_rule_of_a_hook(void **state)
{
	const struct fake_rule rules[] = {
		{ .family = AF_INET,
		  .action = 1,
		  .priority = 32765,
		  .table = 51820,
		  .mark = 0xffff,
		  .mask = UINT32_MAX,
		  .suppress = -1 },
		{ .family = AF_INET6,
		  .action = 1,
		  .priority = 7,
		  .table = 51821,
		  .suppress = -1 },
	};
	struct wg_allowed_ip ip = { .addr = prefix("::/0") };
	struct wg_peer peer = { .public_key = { 1 },
				.allowed_ips = &ip,
				.n_allowed_ips = 1 };
	struct step step = { .kind = STEP_WG_CONF };
	struct scene *s = *state;
	struct snap_link link;
	struct snap_down down;
	size_t failed, i;
	bool done;

	use_wg0(s, true);
	s->conf.device = (struct wg_device){ .name = "wg0",
					     .has_fwmark = true,
					     .fwmark = 51820,
					     .peers = &peer,
					     .n_peers = 1 };
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		fake_rule_add(&s->f, &rules[i]);
	fake_route_add(&s->f, "eth0", "::/0", 51820)->type = RTN_UNREACHABLE;
	fake_route_add(&s->f, "wg0", "::/0", 51820);
	fake_route_add(&s->f, "eth0", "0.0.0.0/0", 51820);
	assert_int_equal(kernel_link(&s->k, &link, &s->e), 0);
	assert_int_equal(kernel_snap_down(&s->k, &link, 0, &s->a, &down, &s->e),
			 0);
	assert_false(down.default_allowed[SNAP_V4]);
	assert_true(down.default_allowed[SNAP_V6]);
	assert_int_equal(down.n_tables, 1);
	assert_int_equal(down.tables[0].number, 51820);
	assert_false(down.tables[0].ours[SNAP_V4]);
	assert_true(down.tables[0].others[SNAP_V4]);
	assert_true(down.tables[0].ours[SNAP_V6]);
	assert_false(down.tables[0].others[SNAP_V6]);
	step = (struct step){ .kind = STEP_RULE_DEL,
			      .rule = { .family = AF_INET,
					.what = RULE_TABLE,
					.mark = 51820,
					.priority = 32765 } };
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
	for (i = 0; i < s->f.s->n_rules; i++)
		assert_int_not_equal(s->f.s->rules[i].table, 51820);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		-ENOENT);
}

/* FW-4: what iptables holds is told apart by its comment and deleted. */
static void test_iptables_rules(void **state)
{
	struct step step = { .kind = STEP_XT_DEL,
			     .spoof = { .family = AF_INET } };
	struct snap_link none = { 0 };
	struct scene *s = *state;
	struct snap_down down;
	bool done;
	size_t failed;

	fake_xt_rule_add(&s->f, AF_INET, "raw", "PREROUTING",
			 "wg-quick(8) rule for wg0");
	fake_xt_rule_add(&s->f, AF_INET, "raw", "PREROUTING",
			 "wg-quick(8) rule for wg01");
	fake_xt_rule_add(&s->f, AF_INET, "mangle", "POSTROUTING",
			 "wg-quick(8) rule for wg0");
	fake_xt_rule_add(&s->f, AF_INET6, "filter", "INPUT",
			 "wg-quick(8) rule for wg0");
	assert_int_equal(kernel_snap_down(&s->k, &none, 0, &s->a, &down, &s->e),
			 0);
	assert_true(down.spoof_iptables[SNAP_V4]);
	assert_false(down.spoof_iptables[SNAP_V6]);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
	assert_int_equal(s->f.s->nft.n_rules, 2);
	/* Gone already: nothing to do. */
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
}

static void test_spoof(void **state)
{
	const struct addr addresses[] = { prefix("10.9.0.2/24"),
					  prefix("10.8.0.2/24") };
	struct step step = {
		.kind = STEP_SPOOF_ADD,
		.spoof = { .family = AF_INET,
			   .mark = 51820,
			   .addresses = addresses,
			   .n_addresses = ARRAY_SIZE(addresses) },
	};
	struct snap_link none = { 0 };
	struct scene *s = *state;
	struct snap_down down;
	bool done;
	size_t failed;

	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
	/* A stale one is replaced, not added to (FW-2). */
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
	assert_int_equal(s->f.s->nft.n_tables, 1);
	assert_int_equal(s->f.s->nft.n_chains, 3);
	assert_int_equal(s->f.s->nft.n_rules, 4);
	assert_int_equal(kernel_snap_down(&s->k, &none, 0, &s->a, &down, &s->e),
			 0);
	assert_int_equal(down.spoof_tables, 1 << NFPROTO_IPV4);
	step.kind = STEP_SPOOF_DEL;
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		0);
	assert_int_equal(s->f.s->nft.n_tables, 0);
}

/* FWR-1: tables of the name go whatever their family. */
static void test_spoof_of_any_family(void **state)
{
	static const uint8_t families[] = { NFPROTO_INET, NFPROTO_BRIDGE,
					    NFPROTO_IPV6 };
	struct step step = { .kind = STEP_SPOOF_DEL };
	struct snap_link none = { 0 };
	struct scene *s = *state;
	struct snap_down down;
	size_t failed, i;
	bool done;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		fake_table_add(&s->f, families[i], "wg-quick-wg0");
	fake_table_add(&s->f, NFPROTO_INET, "wg-quick-wg01");
	assert_int_equal(kernel_snap_down(&s->k, &none, 0, &s->a, &down, &s->e),
			 0);
	assert_int_equal(down.spoof_tables, 1 << NFPROTO_INET |
						    1 << NFPROTO_BRIDGE |
						    1 << NFPROTO_IPV6);
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		step.spoof.family = families[i];
		assert_int_equal(kernel_run(&s->k, &s->conf, &step, 1, &done,
					    &failed, &s->e),
				 0);
	}
	assert_int_equal(s->f.s->nft.n_tables, 1);
	assert_string_equal(s->f.s->nft.tables[0].name, "wg-quick-wg01");
}

static void test_no_nf_tables(void **state)
{
	struct step step = { .kind = STEP_SPOOF_ADD,
			     .spoof = { .family = AF_INET } };
	struct snap_link none = { 0 };
	struct scene *s = *state;
	struct snap_down down;
	bool done;
	size_t failed;

	s->f.s->has_nft = false;
	assert_int_equal(kernel_snap_down(&s->k, &none, 0, &s->a, &down, &s->e),
			 0);
	assert_int_equal(down.spoof_tables, 0);
	assert_int_equal(
		kernel_run(&s->k, &s->conf, &step, 1, &done, &failed, &s->e),
		-EOPNOTSUPP);
	assert_false(done);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_link),
		TEST(test_use),
		TEST(test_alternative_name),
		TEST(test_refused_link),
		TEST(test_has_wireguard),
		TEST(test_add_and_delete_link),
		TEST(test_delete_by_index),
		TEST(test_many_routes),
		TEST(test_refused_among_many),
		TEST(test_words_of_the_kernel),
		TEST(test_rules),
		TEST(test_foreign_rules),
		TEST(test_path_mtus),
		TEST(test_zone),
		TEST(test_default_mtu),
		TEST(test_free_table),
		TEST(test_heads_of_rules),
		TEST(test_no_needs),
		TEST(test_device_round_trip),
		TEST(test_interface),
		TEST(test_down_facts),
		TEST(test_rule_of_a_hook),
		TEST(test_iptables_rules),
		TEST(test_spoof),
		TEST(test_spoof_of_any_family),
		TEST(test_no_nf_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
