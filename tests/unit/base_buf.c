// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void adds_in_every_way(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_adds(&b, "ab");
	buf_addc(&b, 'c');
	buf_add(&b, "d\0e", 3);
	buf_addf(&b, "-%d", 42);
	assert_int_equal(b.len, 9);
	assert_memory_equal(b.p, "abcd\0e-42", 10);
	assert_false(b.failed);
	buf_done(&b);
	assert_null(b.p);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, 0);
}

static void adding_nothing_makes_a_string(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add(&b, NULL, 0);
	assert_string_equal(b.p, "");
	buf_done(&b);
}

static void grows_and_keeps(void **state)
{
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 100000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 100000);
	assert_true(b.cap > b.len);
	for (i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	assert_int_equal(b.p[b.len], '\0');
	buf_done(&b);
}

static void formats_around_the_capacity(void **state)
{
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 240; i < 280; i++) {
		buf_addf(&b, "%*d", (int)i, 7);
		assert_int_equal(b.len, i);
		assert_int_equal(b.p[i - 1], '7');
		assert_int_equal(b.p[i], '\0');
		buf_done(&b);
	}
}

static void reset_wipes_and_keeps_memory(void **state)
{
	struct buf b = { 0 };
	char *p;

	(void)state;
	buf_reset(&b);
	buf_adds(&b, "secret");
	p = b.p;
	buf_reset(&b);
	assert_ptr_equal(b.p, p);
	assert_int_equal(b.len, 0);
	assert_memory_equal(p, "\0\0\0\0\0\0", 6);
	buf_done(&b);
}

static void failure_is_sticky(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_adds(&b, "ab");
	buf_add(&b, "x", SIZE_MAX / 2);
	assert_true(b.failed);
	buf_adds(&b, "cd");
	buf_addc(&b, 'e');
	buf_addf(&b, "f");
	assert_string_equal(b.p, "ab");
	assert_int_equal(b.len, 2);
	buf_done(&b);
	assert_false(b.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_in_every_way),
		cmocka_unit_test(adding_nothing_makes_a_string),
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(formats_around_the_capacity),
		cmocka_unit_test(reset_wipes_and_keeps_memory),
		cmocka_unit_test(failure_is_sticky),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
