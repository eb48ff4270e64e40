// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib_netlink.h"
#include "net/rtnl.h"

/* Bytes as iproute2 6.1 sends them for the commands of wg-quick, and as Linux
 * 6.18 answers them. */

static struct addr ip(const char *s, uint8_t plen)
{
	struct addr a = { .family = strchr(s, ':') ? AF_INET6 : AF_INET,
			  .plen = plen };

	assert_int_equal(inet_pton(a.family, s, a.b), 1);
	return a;
}

static void is(const struct nlmsg *m, const char *want)
{
	assert_false(m->full);
	assert_messages(m->buf, nlmsg_hdr(m)->nlmsg_len, want);
}

static void test_build_link(void **state)
{
	NLMSG(m, RTNL_MSG_SIZE);

	(void)state;
	rtnl_build_link_add(&m, "wgx", "wireguard");
	is(&m, "3c0000001000050635aa056b000000000000000000000000000000000000000"
	       "00800030077677800140012000d000100776972656775617264000000");
	rtnl_build_link_up(&m, 3, 1420);
	is(&m, "280000001000050035aa056b000000000000000003000000010000000100000"
	       "0080004008c050000");
	rtnl_build_link_del(&m, 3);
	is(&m, "200000001100050035aa056b000000000000000003000000000000000000000"
	       "0");
	/* iproute2's, but without the filter for virtual functions, which is
	 * what would ask for them. */
	rtnl_build_link_get(&m, "wg0");
	is(&m, "300000001200010035aa056b000000000000000000000000000000000000000"
	       "008001d00080000000800030077673000");
	rtnl_build_link_get_index(&m, 3);
	is(&m, "280000001200010035aa056b000000000000000003000000000000000000000"
	       "008001d0008000000");
	rtnl_build_link_dump(&m, "wireguard");
	is(&m,
	   "3c00000012000103000000000000000000000000000000000000000000000000"
	   "08001d0008000000140012000d000100776972656775617264000000");
	rtnl_build_link_dump(&m, NULL);
	is(&m,
	   "2800000012000103000000000000000000000000000000000000000000000000"
	   "08001d0008000000");
}

static void test_build_addr(void **state)
{
	NLMSG(m, RTNL_MSG_SIZE);
	struct addr a;

	(void)state;
	a = ip("10.9.0.2", 24);
	rtnl_build_addr_add(&m, 3, &a);
	is(&m, "280000001400050635aa056b000000000218000003000000080002000a09000"
	       "2080001000a090002");
	a = ip("127.9.0.2", 24);
	rtnl_build_addr_add(&m, 3, &a);
	is(&m, "280000001400050635aa056b00000000021800fe03000000080002007f09000"
	       "2080001007f090002");
	a = ip("fd00:9::2", 64);
	rtnl_build_addr_add(&m, 3, &a);
	is(&m, "400000001400050635aa056b000000000a4000000300000014000200fd00000"
	       "900000000000000000000000214000100fd0000090000000000000000000000"
	       "02");
	rtnl_build_addr_dump(&m, AF_UNSPEC, 3);
	is(&m, "180000001600010336aa056b000000000000000003000000");
}

static void test_build_route(void **state)
{
	NLMSG(m, RTNL_MSG_SIZE);
	struct addr a;

	(void)state;
	a = ip("10.10.0.0", 16);
	rtnl_build_route_add(&m, &a, 3, 254);
	is(&m, "2c0000001800050635aa056b0000000002100000fe03fd01000000000800010"
	       "00a0a00000800040003000000");
	a = ip("fd01::", 48);
	rtnl_build_route_add(&m, &a, 3, 254);
	is(&m, "380000001800050635aa056b000000000a300000fe030001000000001400010"
	       "0fd0100000000000000000000000000000800040003000000");
	a = ip("0.0.0.0", 0);
	rtnl_build_route_add(&m, &a, 3, 51820);
	is(&m, "340000001800050635aa056b00000000020000000003fd01000000000800010"
	       "00000000008000f006cca00000800040003000000");
	a = ip("::", 0);
	rtnl_build_route_add(&m, &a, 3, 51820);
	is(&m,
	   "400000001800050635aa056b000000000a00000000030001000000001400010"
	   "00000000000000000000000000000000008000f006cca00000800040003000000");
	a = ip("10.10.1.1", 32);
	rtnl_build_route_get(&m, &a);
	is(&m, "240000001a00010035aa056b000000000220000000000000001000000800010"
	       "00a0a0101");
	a = ip("fd01::1", 128);
	rtnl_build_route_get(&m, &a);
	is(&m, "300000001a00010035aa056b000000000a80000000000000000000001400010"
	       "0fd010000000000000000000000000001");
	/* iproute2 sends the unused rest of its buffer too. */
	rtnl_build_route_dump(&m, AF_INET, 254, 3);
	is(&m, "2c0000001a00010335aa056b000000000200000000000000000000000800"
	       "0f00fe0000000800040003000000");
	rtnl_build_route_dump(&m, AF_INET6, 51820, 0);
	is(&m, "240000001a00010335aa056b000000000a00000000000000000000000800"
	       "0f006cca0000");
}

static void test_build_rule(void **state)
{
	const uint32_t priority = 100;
	NLMSG(m, RTNL_MSG_SIZE);

	(void)state;
	rtnl_build_rule_mark_add(&m, AF_INET, 51820, NULL);
	is(&m, "2c0000002000050635aa056b000000000200000000000001020000000800"
	       "0a006cca000008000f006cca0000");
	rtnl_build_rule_mark_add(&m, AF_INET6, 51820, NULL);
	is(&m, "2c0000002000050635aa056b000000000a00000000000001020000000800"
	       "0a006cca000008000f006cca0000");
	rtnl_build_rule_suppress_add(&m, AF_INET, NULL);
	is(&m, "240000002000050635aa056b0000000002000000fe000001000000000800"
	       "0e0000000000");
	rtnl_build_rule_suppress_add(&m, AF_INET6, NULL);
	is(&m, "240000002000050635aa056b000000000a000000fe000001000000000800"
	       "0e0000000000");
	rtnl_build_rule_mark_add(&m, AF_INET, 5, &priority);
	is(&m, "3400000020000506000000000000000002000000050000010200000008000a"
	       "000500000008000f00050000000800060064000000");
	rtnl_build_rule_suppress_add(&m, AF_INET, &priority);
	is(&m, "2c00000020000506000000000000000002000000fe0000010000000008000e"
	       "00000000000800060064000000");
	rtnl_build_rule_mark_del(&m, AF_INET, 51820, 32765);
	is(&m, "3400000021000500000000000000000002000000000000010200000008000a"
	       "006cca000008000f006cca000008000600fd7f0000");
	rtnl_build_rule_suppress_del(&m, AF_INET6, 32764);
	is(&m, "2c0000002100050000000000000000000a000000fe0000010000000008000e"
	       "000000000008000600fc7f0000");
	rtnl_build_rule_table_del(&m, AF_INET, 51820, 32765);
	is(&m, "2c00000021000500000000000000000002000000000000000000000008000f"
	       "006cca000008000600fd7f0000");
	rtnl_build_rule_dump(&m, AF_INET);
	is(&m, "1c0000002200010335aa056b00000000020000000000000000000000");
}

/* The whole of a kernel's message, and all its truncations for good measure. */
static const struct nlmsghdr *message(const char *text, uint8_t **ret_buf)
{
	size_t len;

	*ret_buf = hex(text, &len);
	assert_int_equal(((struct nlmsghdr *)*ret_buf)->nlmsg_len, len);
	return (const struct nlmsghdr *)*ret_buf;
}

static void read_all(void *ctx, const struct nlmsghdr *nlh)
{
	struct rtnl_route route;
	struct rtnl_link link;
	struct rtnl_addr addr;
	struct rtnl_rule rule;
	int *n = ctx;

	*n += rtnl_read_link(nlh, &link) + rtnl_read_addr(nlh, &addr) +
	      rtnl_read_route(nlh, &route) + rtnl_read_rule(nlh, &rule) +
	      rtnl_link_has_name(nlh, "wg0");
}

/* With a master and alternative names. */
static const char link_veth[] =
	"6400000010000000000000000000000000000100030000004310010000000000"
	"0800030077673000080004001805000008000a0007000000"
	"10001200090001007665746800000000"
	"1c003480"
	"08003500616c7430"
	"0e003500616c742d6f6e6531320000"
	"00";

static void test_read_link(void **state)
{
	struct rtnl_link l = {};
	const struct nlmsghdr *nlh;
	uint8_t *buf;

	(void)state;
	nlh = message(link_veth, &buf);
	assert_true(rtnl_read_link(nlh, &l));
	assert_int_equal(l.index, 3);
	assert_string_equal(l.name, "wg0");
	assert_string_equal(l.kind, "veth");
	assert_int_equal(l.flags, 0x11043);
	assert_int_equal(l.mtu, 1304);
	assert_int_equal(l.master, 7);
	assert_true(rtnl_link_has_name(nlh, "wg0"));
	assert_true(rtnl_link_has_name(nlh, "alt0"));
	assert_true(rtnl_link_has_name(nlh, "alt-one12"));
	assert_false(rtnl_link_has_name(nlh, "wg"));
	assert_false(rtnl_link_has_name(nlh, "wg00"));
	assert_false(rtnl_link_has_name(nlh, "alt-one1"));
	free(buf);
}

static void test_read_link_refuses(void **state)
{
	struct rtnl_link l = { .index = 42 };
	uint8_t *buf;

	(void)state;
	/* Another type, no name, a name too long, index 0. */
	assert_false(rtnl_read_link(message("28000000110000000000000000000000"
					    "00000100030000004310010"
					    "0000000000800030077673000",
					    &buf),
				    &l));
	free(buf);
	assert_false(rtnl_read_link(message("20000000100000000000000000000000"
					    "00000100030000004310010"
					    "000000000",
					    &buf),
				    &l));
	free(buf);
	assert_false(rtnl_read_link(
		message("34000000100000000000000000000000"
			"00000100030000004310010"
			"0000000001400030030313233343536373839616263646566",
			&buf),
		&l));
	free(buf);
	assert_false(rtnl_read_link(message("28000000100000000000000000000000"
					    "00000100000000004310010"
					    "0000000000800030077673000",
					    &buf),
				    &l));
	free(buf);
	assert_int_equal(l.index, 42);
}

static void test_read_addr(void **state)
{
	struct rtnl_addr a = {};
	char s[ADDR_STRLEN];
	uint8_t *buf;

	(void)state;
	assert_true(rtnl_read_addr(
		message("4c0000001400220036aa056bb53b0000"
			"021880fe030000000800010"
			"07f090002080002007f090002080003007767300"
			"0080008008000000"
			"014000600ffffffffffffffffbac70200bac70200",
			&buf),
		&a));
	assert_string_equal(addr_print(&a.addr, s), "127.9.0.2/24");
	assert_int_equal(a.index, 3);
	assert_int_equal(a.scope, RT_SCOPE_HOST);
	assert_int_equal(a.flags, IFA_F_PERMANENT);
	assert_false(a.has_peer);
	free(buf);
	assert_true(rtnl_read_addr(
		message("500000001400220036aa056bb53b0000"
			"0a40c0fd030000001400010"
			"0fe80000000000000d04ff8fffef1fb861400060"
			"0fffffffffffffff"
			"fbac70200bac7020008000800c000000005000b0003000000",
			&buf),
		&a));
	assert_string_equal(addr_print(&a.addr, s),
			    "fe80::d04f:f8ff:fef1:fb86/64");
	assert_int_equal(a.scope, RT_SCOPE_LINK);
	free(buf);
	/* Point to point. */
	assert_true(rtnl_read_addr(message("28000000140002000000000000000000"
					   "022080000300000008000100"
					   "0a000002080002000a000001",
					   &buf),
				   &a));
	assert_string_equal(addr_print(&a.addr, s), "10.0.0.1/32");
	assert_true(a.has_peer);
	free(buf);
	/* No address; a prefix too long; a family that is none. */
	assert_false(
		rtnl_read_addr(message("180000001400020000000000000000000220"
				       "800003000000",
				       &buf),
			       &a));
	free(buf);
	assert_false(rtnl_read_addr(message("20000000140002000000000000000000"
					    "022180000300000008000200"
					    "0a000001",
					    &buf),
				    &a));
	free(buf);
	assert_false(rtnl_read_addr(message("20000000140002000000000000000000"
					    "032080000300000008000200"
					    "0a000001",
					    &buf),
				    &a));
	free(buf);
}

static void test_read_route(void **state)
{
	struct rtnl_route r = {};
	char s[ADDR_STRLEN];
	uint8_t *buf;

	(void)state;
	/* "mtu lock 1280", asked for */
	assert_true(rtnl_read_route(
		message("7c0000001800000035aa056bb13b0000"
			"02200000fe0000010002000"
			"008000f00fe000000080001000a4d01010800040"
			"00300000008000700"
			"0a09000214000800080001000400000008000200"
			"000500000800190"
			"00000000024000c0002000000000000000000000"
			"000000000000000000"
			"00000000000000000000000",
			&buf),
		&r));
	assert_string_equal(addr_print(&r.dst, s), "10.77.1.1/32");
	assert_int_equal(r.oif, 3);
	assert_int_equal(r.table, 254);
	assert_int_equal(r.mtu, 1280);
	assert_true(r.mtu_locked);
	assert_int_equal(r.flags, RTM_F_CLONED);
	free(buf);
	assert_true(rtnl_read_route(message("2c0000001800220035aa056bb23b0000"
					    "02000000fc03fd010000000"
					    "008000f006cca00000800040003000000",
					    &buf),
				    &r));
	assert_string_equal(addr_print(&r.dst, s), "0.0.0.0/0");
	assert_int_equal(r.table, 51820);
	assert_int_equal(r.mtu, 0);
	assert_false(r.mtu_locked);
	assert_int_equal(r.protocol, RTPROT_BOOT);
	assert_int_equal(r.scope, RT_SCOPE_LINK);
	assert_int_equal(r.type, RTN_UNICAST);
	free(buf);
	assert_true(rtnl_read_route(
		message("740000001800220035aa056baf3b0000"
			"0a300000fe0300010000000"
			"008000f00fe00000014000100fd0100000000000"
			"00000000000000000"
			"0800060000040000080004000300000024000c00"
			"000000000000000000"
			"0000000000000000000000000000000000000000"
			"000000050014000000"
			"0000",
			&buf),
		&r));
	assert_string_equal(addr_print(&r.dst, s), "fd01::/48");
	assert_int_equal(r.metric, 1024);
	free(buf);
	/* Over two links: RTA_MULTIPATH and no RTA_OIF. */
	assert_true(rtnl_read_route(
		message("48000000180002000000000000000000"
			"02000000fe03000100000000"
			"08000f00fe000000240009001000000003000000"
			"080005000a000001"
			"1000000004000000080005000a000002",
			&buf),
		&r));
	assert_int_equal(r.oif, 0);
	free(buf);
	assert_false(rtnl_read_route(message("1c000000180002000000000000000000"
					     "02210000fe03000100000000",
					     &buf),
				     &r));
	free(buf);
}

static bool rule(const char *text, struct rtnl_rule *ret_rule)
{
	uint8_t *buf;
	bool ret;

	memset(ret_rule, 0, sizeof(*ret_rule));
	ret = rtnl_read_rule(message(text, &buf), ret_rule);
	free(buf);
	return ret;
}

static void test_read_rule(void **state)
{
	struct rtnl_rule r;

	(void)state;
	assert_true(
		rule("4c0000002000020035aa056bb33b000002000000fc000001020000"
		     "0008000f006cca000008000e00ffffffff05001500000000000800"
		     "0600fd7f000008000a006cca000008001000ffffffff",
		     &r));
	assert_int_equal(r.family, AF_INET);
	assert_int_equal(r.action, FR_ACT_TO_TBL);
	assert_true(r.invert);
	assert_int_equal(r.priority, 32765);
	assert_int_equal(r.table, 51820);
	assert_true(r.has_mark);
	assert_int_equal(r.mark, 51820);
	assert_int_equal(r.mask, UINT32_MAX);
	assert_int_equal(r.suppress, -1);
	assert_true(r.plain);
	assert_true(
		rule("3c0000002000020035aa056bb43b00000a000000fe000001000000"
		     "0008000f00fe00000008000e000000000005001500000000000800"
		     "0600fc7f0000",
		     &r));
	assert_int_equal(r.family, AF_INET6);
	assert_false(r.invert);
	assert_false(r.has_mark);
	assert_int_equal(r.suppress, 0);
	assert_int_equal(r.table, 254);
	assert_true(r.plain);
}

/* Whatever else a rule may say makes it somebody else's. */
static void test_read_rule_not_plain(void **state)
{
	static const char *const attrs[] = {
		"080011000a000000", "0800030065746800",
		"080001000a000001", "080002000a000001",
		"0500130001000000", "0c0014000000000000000000",
		"0500160006000000", "080017000a000a00",
		"080018000a000a00", "08000b0001000000",
		"08000d0001000000", "0800040001000000",
		"0500190004000000", "08001000ff000000",
	};
	char text[256];
	struct rtnl_rule r;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		len = 28 + 8 + strlen(attrs[i]) / 2;
		snprintf(text, sizeof(text),
			 "%02zx00000020000200000000000000000002000000fc00000102"
			 "00000008000f006cca0000%s",
			 len, attrs[i]);
		assert_true(rule(text, &r));
		if (r.plain)
			fail_msg("%s is plain", attrs[i]);
	}
	/* "fwmark 0/0xff" says a mask alone. */
	assert_true(r.has_mark);
	/* dst_len, src_len, tos, another action, "detached" */
	assert_true(
		rule("1c00000020000200000000000000000002080000fc00000100000000",
		     &r) &&
		!r.plain);
	assert_true(
		rule("1c00000020000200000000000000000002000800fc00000100000000",
		     &r) &&
		!r.plain);
	assert_true(
		rule("1c00000020000200000000000000000002000010fc00000100000000",
		     &r) &&
		!r.plain);
	assert_true(
		rule("1c00000020000200000000000000000002000000fc00000600000000",
		     &r) &&
		!r.plain);
	assert_true(
		rule("1c00000020000200000000000000000002000000fc00000108000000",
		     &r) &&
		!r.plain);
	assert_true(
		rule("1c00000020000200000000000000000002000000fc00000101000000",
		     &r) &&
		r.plain);
	assert_false(
		rule("1c00000020000200000000000000000003000000fc000001000000"
		     "00",
		     &r));
}

static void test_truncations(void **state)
{
	static const char *const all[] = {
		link_veth,
		"500000001400220036aa056bb53b00000a40c0fd0300000014000100fe80"
		"000000000000d04ff8fffef1fb8614000600ffffffffffffffffbac70200"
		"bac7020008000800c000000005000b0003000000",
		"7c0000001800000035aa056bb13b000002200000fe0000010002000008000"
		"f00fe000000080001000a4d0101080004000300000008000700"
		"0a09000214000800080001000400000008000200000500000800190000000"
		"00024000c000200000000000000000000000000000000000000000000000"
		"000000000000000",
		"4c0000002000020035aa056bb33b000002000000fc000001020000000800"
		"0f006cca000008000e00ffffffff050015000000000008000600fd7f0000"
		"08000a006cca000008001000ffffffff",
	};
	uint8_t *buf;
	size_t len;
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		n = 0;
		buf = hex(all[i], &len);
		each_truncation(buf, len, read_all, &n);
		assert_true(n > 0);
		free(buf);
	}
}

static int talk(struct nl *nl, struct nlmsg *m)
{
	struct wgq_err e = {};

	return nl_talk(nl, m, NULL, NULL, &e);
}

struct live {
	struct rtnl_link link;
	struct rtnl_addr addr;
	struct rtnl_route route;
	struct rtnl_rule rule[8];
	int links, addrs, routes, rules;
};

static int see(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct live *l = ctx;

	(void)e;
	l->links += rtnl_read_link(nlh, &l->link);
	l->addrs += rtnl_read_addr(nlh, &l->addr);
	l->routes += rtnl_read_route(nlh, &l->route);
	assert_in_range(l->rules, 0, 7);
	l->rules += rtnl_read_rule(nlh, &l->rule[l->rules]);
	return 0;
}

static int list(struct nl *nl, struct nlmsg *m, struct live *l)
{
	struct wgq_err e = {};

	memset(l, 0, sizeof(*l));
	return nl_dump(nl, m, see, NULL, l, &e);
}

/* One family's addresses, routes and rules on link @index. */
static void live_family(struct nl *nl, int index, const char *address,
			const char *net, uint8_t plen)
{
	struct addr a = ip(address, plen), n = ip(net, plen), zero = {};
	const uint32_t pref[] = { 9000, 8999 };
	NLMSG(m, RTNL_MSG_SIZE);
	struct live l;

	zero.family = a.family;
	rtnl_build_addr_add(&m, index, &a);
	assert_int_equal(talk(nl, &m), 0);
	rtnl_build_addr_dump(&m, a.family, index);
	assert_int_equal(list(nl, &m, &l), 0);
	assert_true(l.addrs >= 1);
	rtnl_build_route_add(&m, &n, index, 51820);
	assert_int_equal(talk(nl, &m), 0);
	rtnl_build_route_add(&m, &zero, index, 51820);
	assert_int_equal(talk(nl, &m), 0);
	rtnl_build_route_add(&m, &zero, index, 51820);
	assert_int_equal(talk(nl, &m), -EEXIST);
	rtnl_build_route_dump(&m, a.family, 51820, 0);
	assert_int_equal(list(nl, &m, &l), 0);
	assert_int_equal(l.routes, 2);
	assert_int_equal(l.route.table, 51820);
	assert_int_equal(l.route.oif, index);
	rtnl_build_route_dump(&m, a.family, 51821, 0);
	assert_int_equal(list(nl, &m, &l), 0);
	assert_int_equal(l.routes, 0);
	rtnl_build_rule_mark_add(&m, a.family, 51820, &pref[0]);
	assert_int_equal(talk(nl, &m), 0);
	rtnl_build_rule_suppress_add(&m, a.family, &pref[1]);
	assert_int_equal(talk(nl, &m), 0);
	rtnl_build_rule_dump(&m, a.family);
	assert_int_equal(list(nl, &m, &l), 0);
	assert_in_range(l.rules, 4, 5);
	assert_int_equal(l.rule[1].priority, 8999);
	assert_int_equal(l.rule[1].suppress, 0);
	assert_true(l.rule[1].plain);
	assert_int_equal(l.rule[2].mark, 51820);
	assert_true(l.rule[2].invert);
	assert_true(l.rule[2].plain);
	rtnl_build_rule_mark_del(&m, a.family, 51820, pref[0]);
	assert_int_equal(talk(nl, &m), 0);
	rtnl_build_rule_mark_del(&m, a.family, 51820, pref[0]);
	assert_int_equal(talk(nl, &m), -ENOENT);
	rtnl_build_rule_suppress_del(&m, a.family, 8998);
	assert_int_equal(talk(nl, &m), -ENOENT);
	rtnl_build_rule_suppress_del(&m, a.family, pref[1]);
	assert_int_equal(talk(nl, &m), 0);
	rtnl_build_route_get(&m, &a);
	l = (struct live){};
	assert_int_equal(nl_talk(nl, &m, see, &l, &(struct wgq_err){}), 0);
	assert_int_equal(l.routes, 1);
	assert_in_range(l.route.table, 254, 255);
	a.plen = addr_bits(a.family);
	assert_true(addr_eq(&l.route.dst, &a));
}

static void test_live(void **state)
{
	NLMSG(m, RTNL_MSG_SIZE);
	struct wgq_err e = {};
	struct live l = {};
	struct nl nl;
	int index;

	(void)state;
	if (!own_netns()) {
		print_message("net_rtnl: needs root: live test skipped\n");
		skip();
	}
	nl_init(&nl, NETLINK_ROUTE, &nl_kernel_ops, NULL);
	rtnl_build_link_get(&m, "wg0");
	assert_int_equal(nl_talk(&nl, &m, see, &l, &e), -ENODEV);
	rtnl_build_link_add(&m, "wg0", "veth");
	assert_int_equal(talk(&nl, &m), 0);
	assert_int_equal(talk(&nl, &m), -EEXIST);
	rtnl_build_link_get(&m, "wg0");
	assert_int_equal(nl_talk(&nl, &m, see, &l, &e), 0);
	assert_int_equal(l.links, 1);
	assert_string_equal(l.link.name, "wg0");
	assert_string_equal(l.link.kind, "veth");
	rtnl_build_link_up(&m, l.link.index, 1408);
	assert_int_equal(talk(&nl, &m), 0);
	rtnl_build_link_get_index(&m, l.link.index);
	assert_int_equal(nl_talk(&nl, &m, see, &l, &e), 0);
	assert_int_equal(l.link.mtu, 1408);
	assert_true(l.link.flags & IFF_UP);
	live_family(&nl, l.link.index, "10.9.0.2", "10.9.0.0", 24);
	live_family(&nl, l.link.index, "fd09::2", "fd09::", 64);
	rtnl_build_link_dump(&m, "veth");
	index = l.link.index;
	assert_int_equal(list(&nl, &m, &l), 0);
	assert_int_equal(l.links, 2);
	rtnl_build_link_del(&m, index);
	assert_int_equal(talk(&nl, &m), 0);
	assert_int_equal(talk(&nl, &m), -ENODEV);
	nl_done(&nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_link),
		cmocka_unit_test(test_build_addr),
		cmocka_unit_test(test_build_route),
		cmocka_unit_test(test_build_rule),
		cmocka_unit_test(test_read_link),
		cmocka_unit_test(test_read_link_refuses),
		cmocka_unit_test(test_read_addr),
		cmocka_unit_test(test_read_route),
		cmocka_unit_test(test_read_rule),
		cmocka_unit_test(test_read_rule_not_plain),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
