// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "plan/forward.h"

static const struct step_names names = { .ifname = "wg0" };

static void print(const struct plan *p, struct buf *out)
{
	struct step inverse;
	size_t i;

	buf_adds(out, "");
	for (i = 0; i < p->n; i++) {
		step_print(&p->steps[i], &names, out);
		buf_addc(out, '\n');
	}
	buf_adds(out, "undo\n");
	for (i = p->n; i-- > 0;) {
		if (!step_inverse(&p->steps[i], &inverse))
			continue;
		step_print(&inverse, &names, out);
		buf_addc(out, '\n');
	}
}

static void expect(bool v4, bool v6, const struct snap_forward *snap,
		   const char *want)
{
	cleanup(buf_done) struct buf out = { 0 };
	const bool families[SNAP_FAMILIES] = { v4, v6 };
	struct plan p = { 0 };

	assert_int_equal(plan_forward(families, snap, &p), 0);
	print(&p, &out);
	assert_string_equal(out.p, want);
	plan_done(&p);
}

static void both_families(void **state)
{
	static const struct snap_forward off = { 0 };

	(void)state;
	expect(true, true, &off,
	       "sysctl -q net.ipv4.ip_forward=1\n"
	       "sysctl -q net.ipv6.conf.all.forwarding=1\n"
	       "undo\n"
	       "sysctl -q net.ipv6.conf.all.forwarding=0\n"
	       "sysctl -q net.ipv4.ip_forward=0\n");
	expect(true, false, &off,
	       "sysctl -q net.ipv4.ip_forward=1\nundo\n"
	       "sysctl -q net.ipv4.ip_forward=0\n");
	expect(false, true, &off,
	       "sysctl -q net.ipv6.conf.all.forwarding=1\nundo\n"
	       "sysctl -q net.ipv6.conf.all.forwarding=0\n");
}

/* A read-only /proc/sys in a container is no error then. */
static void what_is_right_is_not_written(void **state)
{
	static const char *const ra[] = { "eth0" };
	const struct snap_forward on = {
		.ipv4 = 1, .ipv6 = 1, .ra = ra, .n_ra = 1
	};

	(void)state;
	expect(true, true, &on, "undo\n");
}

/* The value before is not known: it is written, and nothing put back. */
static void unreadable_values(void **state)
{
	const struct snap_forward none = { .ipv4 = -1, .ipv6 = -1 };

	(void)state;
	expect(true, false, &none, "sysctl -q net.ipv4.ip_forward=1\nundo\n");
}

static void uplinks_keep_their_advertisements(void **state)
{
	static const char *const ra[] = { "eth0", "eth0.7" };
	static const char *const routers[] = { "br0" };
	const struct snap_forward snap = {
		.ra = ra, .n_ra = 2, .routers = routers, .n_routers = 1
	};

	(void)state;
	expect(false, true, &snap,
	       "sysctl -q net.ipv6.conf.eth0.accept_ra=2\n"
	       "sysctl -q net/ipv6/conf/eth0.7/accept_ra=2\n"
	       "sysctl -q net.ipv6.conf.br0.forwarding=1\n"
	       "sysctl -q net.ipv6.conf.all.forwarding=1\n"
	       "undo\n"
	       "sysctl -q net.ipv6.conf.all.forwarding=0\n"
	       "sysctl -q net.ipv6.conf.br0.forwarding=1\n"
	       "sysctl -q net/ipv6/conf/eth0.7/accept_ra=1\n"
	       "sysctl -q net.ipv6.conf.eth0.accept_ra=1\n");
}

static void families_of_a_tunnel(void **state)
{
	struct addr four = { .family = AF_INET, .plen = 24 };
	struct wg_allowed_ip six = { .addr = { .family = AF_INET6 } };
	struct wg_peer peer = { .allowed_ips = &six, .n_allowed_ips = 1 };
	struct wg_device device = { .peers = &peer, .n_peers = 1 };
	struct conf conf = { .addresses = &four };
	bool got[SNAP_FAMILIES];

	(void)state;
	conf.address.n = 1;
	plan_families(&conf, &device, got);
	assert_true(got[SNAP_V4] && got[SNAP_V6]);
	device.n_peers = 0;
	plan_families(&conf, &device, got);
	assert_true(got[SNAP_V4] && !got[SNAP_V6]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families),
		cmocka_unit_test(what_is_right_is_not_written),
		cmocka_unit_test(unreadable_values),
		cmocka_unit_test(uplinks_keep_their_advertisements),
		cmocka_unit_test(families_of_a_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
