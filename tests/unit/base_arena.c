// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>
#include <string.h>

static int all_zero(const unsigned char *p, size_t n)
{
	while (n && !*p) {
		p++;
		n--;
	}
	return !n;
}

static void memory_is_zero_aligned_and_apart(void **state)
{
	struct arena a = { 0 };
	unsigned char *p[200];
	size_t i, size;

	(void)state;
	for (i = 0; i < 200; i++) {
		size = i * 37 % 9000;
		p[i] = arena_alloc(&a, size);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % alignof(max_align_t), 0);
		assert_true(all_zero(p[i], size));
		memset(p[i], (int)i + 1, size);
	}
	for (i = 0; i < 200; i++) {
		size = i * 37 % 9000;
		assert_true(!size ||
			    (p[i][0] == (unsigned char)(i + 1) &&
			     p[i][size - 1] == (unsigned char)(i + 1)));
	}
	arena_done(&a);
	assert_null(a.last);
}

static void impossible_sizes_are_refused(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 40));
	assert_null(arena_array(&a, SIZE_MAX / 2, 3));
	assert_null(arena_strndup(&a, "x", SIZE_MAX));
	assert_non_null(arena_array(&a, 0, 8));
	assert_non_null(arena_array(&a, SIZE_MAX, 0));
	arena_done(&a);
}

static void growing_keeps_what_was_there(void **state)
{
	struct arena a = { 0 };
	unsigned int *v = NULL, *last;
	size_t n, cap = 0;

	(void)state;
	for (n = 0; n < 1000; n++) {
		last = arena_grow(&a, &v, n, &cap, sizeof(*v));
		assert_ptr_equal(last, v + n);
		assert_int_equal(*last, 0);
		*last = (unsigned int)n * 3;
	}
	for (n = 0; n < 1000; n++)
		assert_int_equal(v[n], n * 3);
	assert_true(cap >= 1000 && cap < 2048);
	arena_done(&a);
}

static void text(void **state)
{
	struct arena a = { 0 };
	char *s;

	(void)state;
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(&a, "", 0), "");
	assert_string_equal(arena_printf(&a, "%d-%s", 5, "x"), "5-x");
	s = arena_printf(&a, "%20000d", 7);
	assert_int_equal(strlen(s), 20000);
	assert_int_equal(s[19999], '7');
	arena_done(&a);
}

static void usable_after_done(void **state)
{
	struct arena a = { 0 };

	(void)state;
	arena_done(&a);
	assert_non_null(arena_alloc(&a, 10));
	arena_done(&a);
	assert_non_null(arena_alloc(&a, 10));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_aligned_and_apart),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(growing_keeps_what_was_there),
		cmocka_unit_test(text),
		cmocka_unit_test(usable_after_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
