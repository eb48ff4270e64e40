// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fw/proto.h"
#include "fw/rule.h"

static struct arena arena;

static int done(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static struct fw_match *match(struct fw_rule *r, enum fw_match_kind kind)
{
	struct fw_match *m = fw_match_add(&arena, r, kind);

	assert_non_null(m);
	return m;
}

static void iface(struct fw_rule *r, enum fw_match_kind kind, const char *name)
{
	strcpy(match(r, kind)->iface.name, name);
}

static void number(struct fw_rule *r, enum fw_match_kind kind, uint16_t n)
{
	struct fw_match *m = match(r, kind);

	m->range.lo = m->range.hi = n;
}

static void addr(struct fw_rule *r, enum fw_match_kind kind, size_t bytes)
{
	struct fw_match *m = match(r, kind);

	m->addr.family = NFPROTO_IPV4;
	memset(m->addr.mask, 0xff, bytes);
	memset(m->addr.b, 10, bytes);
}

static void stmt(struct fw_rule *r, enum fw_stmt_kind kind)
{
	assert_non_null(fw_stmt_add(&arena, r, kind));
}

static void expect_text(const struct fw_rule *r, uint8_t family,
			const char *want)
{
	cleanup(buf_done) struct buf got = { 0 };

	fw_rule_print(r, family, &got);
	assert_string_equal(got.p ? got.p : "", want);
}

static void order(void **state)
{
	struct fw_rule a = { 0 }, b = { 0 };

	(void)state;
	number(&a, FW_M_L4PROTO, IPPROTO_TCP);
	iface(&a, FW_M_IIF, "wg0");
	addr(&a, FW_M_SADDR, 4);
	number(&a, FW_M_DPORT, 80);
	addr(&b, FW_M_SADDR, 4);
	iface(&b, FW_M_IIF, "wg0");
	number(&b, FW_M_L4PROTO, IPPROTO_TCP);
	number(&b, FW_M_DPORT, 80);
	assert_true(fw_rule_eq(&a, &b));
	expect_text(&a, NFPROTO_IPV4,
		    "-s 10.10.10.10/32 -i wg0 -p tcp -m tcp --dport 80");

	/* Extensions have their order. */
	match(&a, FW_M_MARK)->bits.value = 1;
	match(&a, FW_M_CTSTATE)->ct.mask = FW_CT_NEW;
	match(&b, FW_M_CTSTATE)->ct.mask = FW_CT_NEW;
	assert_false(fw_rule_eq(&a, &b));
	match(&b, FW_M_MARK)->bits.value = 1;
	assert_false(fw_rule_eq(&a, &b));
}

static void nothing_asked(void **state)
{
	struct fw_rule a = { 0 }, b = { 0 };

	(void)state;
	stmt(&a, FW_S_ACCEPT);
	addr(&b, FW_M_SADDR, 0);
	match(&b, FW_M_IIF)->iface.prefix = true;
	stmt(&b, FW_S_ACCEPT);
	assert_true(fw_rule_eq(&a, &b));
	expect_text(&b, NFPROTO_IPV4, "-j ACCEPT");

	/* The family is said by the address, but not by its opposite. */
	addr(&a, FW_M_DADDR, 2);
	addr(&b, FW_M_DADDR, 2);
	number(&b, FW_M_NFPROTO, NFPROTO_IPV4);
	assert_true(fw_rule_eq(&a, &b));
	b.match[b.n_match - 1].invert = true;
	assert_false(fw_rule_eq(&a, &b));
}

static void comment(void **state)
{
	struct fw_rule a = { .comment = "it's \"so\"" }, b = { 0 };

	(void)state;
	assert_null(fw_rule_comment(&b));
	assert_false(fw_rule_eq(&a, &b));
	match(&b, FW_M_COMMENT)->comment = "it's \"so\"";
	assert_string_equal(fw_rule_comment(&b), a.comment);
	assert_true(fw_rule_eq(&a, &b));
	expect_text(&a, NFPROTO_IPV4,
		    "-m comment --comment \"it\\'s \\\"so\\\"\"");
	a.comment = "plain_word-1";
	expect_text(&a, NFPROTO_IPV4, "-m comment --comment plain_word-1");
	a.comment = "";
	expect_text(&a, NFPROTO_IPV4, "-m comment --comment \"\"");
}

static void counters_do_not_count(void **state)
{
	struct fw_rule a = { .handle = 3, .packets = 9 }, b = { .bytes = 7 };

	(void)state;
	stmt(&a, FW_S_DROP);
	stmt(&b, FW_S_DROP);
	assert_true(fw_rule_eq(&a, &b));
	b.stmt[0].kind = FW_S_RETURN;
	assert_false(fw_rule_eq(&a, &b));
	b.stmt[0].kind = a.stmt[0].kind = FW_S_JUMP;
	a.stmt[0].chain = "x";
	b.stmt[0].chain = "y";
	assert_false(fw_rule_eq(&a, &b));
}

static void in_brackets(void **state)
{
	struct fw_rule r = { 0 };

	(void)state;
	match(&r, FW_M_IIF)->iface.index = 7;
	match(&r, FW_M_EXPR)->raw.name = "socket";
	match(&r, FW_M_NFPROTO)->range.lo = NFPROTO_IPV6;
	stmt(&r, FW_S_ACCEPT);
	expect_text(&r, NFPROTO_INET, "[IPv6] [iif 7] [socket] -j ACCEPT");
}

static void limits(void **state)
{
	static const struct {
		uint64_t rate, unit;
		const char *text;
	} v[] = {
		{ 5, 60, "-m limit --limit 5/min" },
		{ 300, 3600, "-m limit --limit 5/min" },
		{ 1, 86400, "-m limit --limit 1/day" },
		{ 10000, 1, "-m limit --limit 10000/sec" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct fw_rule r = { 0 };
		struct fw_match *m = match(&r, FW_M_LIMIT);

		m->limit.rate = v[i].rate;
		m->limit.unit = v[i].unit;
		m->limit.burst = 5;
		expect_text(&r, NFPROTO_IPV4, v[i].text);
	}
}

static void protocols(void **state)
{
	(void)state;
	assert_string_equal(fw_protocol_name(IPPROTO_ICMPV6), "ipv6-icmp");
	assert_string_equal(fw_protocol_name(4), "ipencap");
	assert_null(fw_protocol_name(200));
	assert_int_equal(fw_protocol_number("icmpv6"), IPPROTO_ICMPV6);
	assert_int_equal(fw_protocol_number("all"), 0);
	assert_int_equal(fw_protocol_number("TCP"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(nothing_asked),
		cmocka_unit_test(comment),
		cmocka_unit_test(counters_do_not_count),
		cmocka_unit_test(in_brackets),
		cmocka_unit_test(limits),
		cmocka_unit_test(protocols),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
