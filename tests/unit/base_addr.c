// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static struct addr make(const char *text, unsigned int plen)
{
	struct addr a = { .plen = (uint8_t)plen };

	a.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(a.family, text, a.b), 1);
	return a;
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(addr_bits(AF_INET), 32);
	assert_int_equal(addr_bits(AF_INET6), 128);
	assert_int_equal(addr_bytes(AF_INET), 4);
	assert_int_equal(addr_bytes(AF_INET6), 16);
}

static void masking(void **state)
{
	static const struct {
		const char *in;
		unsigned int plen;
		const char *out;
	} cases[] = {
		{ "255.255.255.255", 0, "0.0.0.0" },
		{ "255.255.255.255", 1, "128.0.0.0" },
		{ "255.255.255.255", 7, "254.0.0.0" },
		{ "255.255.255.255", 8, "255.0.0.0" },
		{ "255.255.255.255", 9, "255.128.0.0" },
		{ "255.255.255.255", 31, "255.255.255.254" },
		{ "255.255.255.255", 32, "255.255.255.255" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, "::" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65,
		  "ffff:ffff:ffff:ffff:8000::" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 127,
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
		{ "fd00::1", 128, "fd00::1" },
	};
	struct addr in, out, m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		in = make(cases[i].in, cases[i].plen);
		out = make(cases[i].out, cases[i].plen);
		m = addr_masked(&in);
		assert_memory_equal(&m, &out, sizeof(m));
		assert_true(addr_eq(&m, &out));
	}
}

static void equality(void **state)
{
	struct addr a = make("10.0.0.0", 8), b = make("10.0.0.0", 9);
	struct addr c = make("a00::", 8), d = make("10.0.0.1", 8);

	(void)state;
	assert_true(addr_eq(&a, &a));
	assert_false(addr_eq(&a, &b));
	assert_false(addr_eq(&a, &c));
	assert_false(addr_eq(&a, &d));
}

static void covering(void **state)
{
	static const struct {
		const char *net;
		unsigned int net_len;
		const char *a;
		unsigned int a_len;
		bool covers;
	} cases[] = {
		{ "10.0.0.0", 8, "10.1.2.3", 32, true },
		{ "10.0.0.0", 8, "10.0.0.0", 8, true },
		{ "10.9.9.9", 8, "10.1.0.0", 16, true },
		{ "10.0.0.0", 8, "11.0.0.0", 32, false },
		{ "10.1.0.0", 16, "10.0.0.0", 8, false },
		{ "0.0.0.0", 0, "255.255.255.255", 32, true },
		{ "0.0.0.0", 0, "::1", 128, false },
		{ "::", 0, "0.0.0.0", 32, false },
		{ "fd00::", 8, "fdff::1", 128, true },
		{ "fd00::", 127, "fd00::1", 128, true },
		{ "fd00::", 127, "fd00::2", 128, false },
	};
	struct addr net, a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		net = make(cases[i].net, cases[i].net_len);
		a = make(cases[i].a, cases[i].a_len);
		if (addr_covers(&net, &a) != cases[i].covers)
			fail_msg("%s/%u and %s", cases[i].net, cases[i].net_len,
				 cases[i].a);
	}
}

static void printing(void **state)
{
	struct addr a = make("10.0.0.1", 8), b = make("fd00:0:0::1", 128);
	struct addr c =
		make("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 128);
	char out[ADDR_STRLEN];

	(void)state;
	assert_ptr_equal(addr_print(&a, out), out);
	assert_string_equal(out, "10.0.0.1/8");
	assert_string_equal(addr_print_host(&a, out), "10.0.0.1");
	assert_string_equal(addr_print(&b, out), "fd00::1/128");
	assert_string_equal(addr_print(&c, out),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void endpoints(void **state)
{
	union sockaddr_inet ep = { 0 };
	char out[ENDPOINT_STRLEN];
	struct addr a;

	(void)state;
	ep.v4.sin_family = AF_INET;
	ep.v4.sin_port = htons(51820);
	inet_pton(AF_INET, "1.2.3.4", &ep.v4.sin_addr);
	assert_string_equal(endpoint_print(&ep, out), "1.2.3.4:51820");
	a = endpoint_addr(&ep);
	assert_string_equal(addr_print(&a, out), "1.2.3.4/32");
	memset(&ep, 0, sizeof(ep));
	ep.v6.sin6_family = AF_INET6;
	ep.v6.sin6_port = htons(65535);
	inet_pton(AF_INET6, "fe80::1", &ep.v6.sin6_addr);
	assert_string_equal(endpoint_print(&ep, out), "[fe80::1]:65535");
	ep.v6.sin6_scope_id = if_nametoindex("lo");
	assert_string_equal(endpoint_print(&ep, out), "[fe80::1%lo]:65535");
	ep.v6.sin6_scope_id = 4294967295U;
	assert_string_equal(endpoint_print(&ep, out),
			    "[fe80::1%4294967295]:65535");
	a = endpoint_addr(&ep);
	assert_string_equal(addr_print(&a, out), "fe80::1/128");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths),   cmocka_unit_test(masking),
		cmocka_unit_test(equality), cmocka_unit_test(covering),
		cmocka_unit_test(printing), cmocka_unit_test(endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
