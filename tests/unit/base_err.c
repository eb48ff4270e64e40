// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

static void set_fills_and_returns(void **state)
{
	struct wgq_err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, -EINVAL, "no %s", "way"), -EINVAL);
	assert_int_equal(e.code, -EINVAL);
	assert_int_equal(e.status, 0);
	assert_string_equal(e.msg, "no way");
}

static void first_failure_wins(void **state)
{
	struct wgq_err e = { 0 };

	(void)state;
	err_set(&e, -EINVAL, "first");
	assert_int_equal(err_set(&e, -ENOENT, "second"), -ENOENT);
	assert_int_equal(err_sys(&e, -EPERM, "third"), -EPERM);
	assert_int_equal(e.code, -EINVAL);
	assert_string_equal(e.msg, "first");
}

static void sys_appends_the_text(void **state)
{
	struct wgq_err e = { 0 };

	(void)state;
	assert_int_equal(err_sys(&e, -ENOENT, "open %s", "x"), -ENOENT);
	assert_string_equal(e.msg, "open x: No such file or directory");
}

static void context_goes_before(void **state)
{
	struct wgq_err e = { 0 };

	(void)state;
	err_set(&e, -EINVAL, "bad");
	assert_int_equal(err_ctx(&e, "in %d", 5), -EINVAL);
	assert_int_equal(err_at(&e, "wg0.conf", 7), -EINVAL);
	assert_string_equal(e.msg, "wg0.conf:7: in 5: bad");
	assert_int_equal(err_at(&e, "dir", 0), -EINVAL);
	assert_string_equal(e.msg, "dir: wg0.conf:7: in 5: bad");
}

static void context_needs_a_failure(void **state)
{
	struct wgq_err e = { 0 };

	(void)state;
	assert_int_equal(err_ctx(&e, "x"), 0);
	assert_int_equal(err_at(&e, "x", 1), 0);
	assert_string_equal(e.msg, "");
}

static void status_is_kept(void **state)
{
	struct wgq_err e = { 0 };

	(void)state;
	err_set(&e, -EINVAL, "x");
	assert_int_equal(err_status(&e, 255), -EINVAL);
	assert_int_equal(e.status, 255);
}

/* What does not fit is lost from the end, and never written past it. */
static void long_text_is_cut(void **state)
{
	struct {
		struct wgq_err e;
		char guard[8];
	} s = { 0 };
	char text[2000];
	int i;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(s.guard, "guarded", 8);
	err_set(&s.e, -EINVAL, "%s", text);
	assert_int_equal(strlen(s.e.msg), sizeof(s.e.msg) - 1);
	for (i = 0; i < 5; i++) {
		err_ctx(&s.e, "%d%s", i, text);
		assert_int_equal(s.e.msg[0], '0' + i);
		assert_int_equal(strlen(s.e.msg), sizeof(s.e.msg) - 1);
	}
	assert_string_equal(s.guard, "guarded");
	memset(&s.e, 0, sizeof(s.e));
	err_sys(&s.e, -EPERM, "%s", text);
	assert_int_equal(strlen(s.e.msg), sizeof(s.e.msg) - 1);
	assert_string_equal(s.guard, "guarded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_and_returns),
		cmocka_unit_test(first_failure_wins),
		cmocka_unit_test(sys_appends_the_text),
		cmocka_unit_test(context_goes_before),
		cmocka_unit_test(context_needs_a_failure),
		cmocka_unit_test(status_is_kept),
		cmocka_unit_test(long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
