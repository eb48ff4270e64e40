// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apply/hook_class.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "wgq.h"

static const struct {
	const char *text, *way, *why;
} cases[] = {
	{ "", "native", "" },
	{ "# nothing", "native", "" },
	{ "iptables -A FORWARD -i wg0 -j ACCEPT", "native", "" },
	{ "iptables -A FORWARD -i wg0 -j ACCEPT; ip6tables -t nat -A "
	  "POSTROUTING -o eth0 -j MASQUERADE",
	  "native", "" },
	{ "/usr/sbin/iptables-legacy -F || true", "native", "" },
	{ "X=eth0; iptables -A FORWARD -o $X -j ACCEPT", "native", "" },
	{ "systemctl restart x", "exec", "executes systemctl" },
	{ "a; b; a", "exec", "executes a, b" },
	{ "iptables -L", "exec",
	  "executes iptables (iptables has options here that only the program "
	  "knows)" },
	{ "[[ -f x ]] && a", "shell", NULL },
	{ "a &", "shell", NULL },
	{ "echo 'x", "invalid", NULL },
};

static void ways(void **state)
{
	struct hook_class k;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup(arena_done) struct arena a = { 0 };

		assert_int_equal(hook_classify(cases[i].text, &a, &k), 0);
		if (strcmp(hook_way_name(k.way), cases[i].way) ||
		    (cases[i].why && strcmp(k.why, cases[i].why)))
			fail_msg("%s: %s, %s", cases[i].text,
				 hook_way_name(k.way), k.why);
	}
}

/* What only may run, or may fail, is not needed. */
static void needed_programs(void **state)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct hook_class k;

	(void)state;
	assert_int_equal(hook_classify("a; b || true; c && d", &a, &k), 0);
	assert_int_equal(k.n_program, 4);
	assert_true(k.program[0].needed);
	assert_false(k.program[1].needed);
	assert_false(k.program[3].needed);
}

static void lines_of_a_corpus(void **state)
{
	static const char in[] = "1\tPostUp\tiptables -F\tsource\t7\n"
				 "no tabs\n"
				 "2\tPostUp\tfoo %i\n";
	cleanup(buf_done) struct buf out = { 0 };
	struct wgq_err e = { 0 };

	(void)state;
	assert_int_equal(wgq_judge_hooks(in, strlen(in), &out, &e), 0);
	assert_string_equal(out.p, "1\tnative\t\n2\texec\texecutes foo\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways),
		cmocka_unit_test(needed_programs),
		cmocka_unit_test(lines_of_a_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
