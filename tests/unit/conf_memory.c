// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

#include <stdlib.h>

/*
 * Memory runs out at every place in turn: what is returned then says so, or
 * the result is whole all the same (qsort() does without).
 */
#if defined(__SANITIZE_ADDRESS__)
#define CANNOT_FAIL 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CANNOT_FAIL 1
#endif
#endif

/* Allocations until one fails; negative for none. */
static volatile long left = -1;

#ifndef CANNOT_FAIL
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);

static bool fails(void)
{
	return left >= 0 && left-- == 0;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}
#endif

static const char head[] =
	"[Interface]\nAddress=10.0.0.1/24,10.0.0.1/32\nDNS=1.1.1.1,a\nMTU=01400"
	"\nTable=5\nPreUp=a\nPostUp=b\nPrivateKey=" KEY_A
	"\nListenPort=ntp\nFwMark=5\n";

static const char tail[] = PEER(PUB_A) "AllowedIPs=10.0.0.1/8\n" PEER(
	KEY_B) "AllowedIPs=10.0.0.0/8\nEndpoint=a:5\n" PEER(KEY_B);

/* Values and texts fill several chunks of the arena. */
static void write_conf(struct buf *text)
{
	unsigned int i;

	buf_adds(text, head);
	for (i = 0; i < 400; i++)
		buf_addf(text, "Address=10.1.%u.%u\nPostUp=echo %u\n", i / 250,
			 i % 250, i);
	buf_adds(text, tail);
	for (i = 0; i < 100; i++)
		buf_addf(text,
			 "[Peer]\nPublicKey=" KEY_C
			 "\nEndpoint=h%u:1\nAllowedIPs=10.%u.0.1/16\n",
			 i, i);
	/* A NUL makes a copy of it all. */
	buf_addc(text, '\0');
}

static void count(void *ctx, const struct conf_finding *f)
{
	(void)f;
	++*(unsigned int *)ctx;
}

static int run(const struct buf *text, struct buf *out, unsigned int *findings)
{
	cleanup(conf_done) struct conf conf = { .name = "x" };
	cleanup(arena_done) struct arena a = { 0 };
	struct wg_device live = { 0 };
	struct conf_live save = { .device = &live };
	int ret;

	ret = conf_parse(&conf, text->p, text->len, count, findings);
	if (!ret)
		ret = conf_parse_device(&conf, count, findings);
	if (!ret)
		ret = conf_predict_device(&conf.device, &a, &live);
	if (ret)
		return ret;
	conf_print_strip(&conf, out);
	conf_print_save(&conf, &save, out);
	conf_print_device(&live, out);
	return out->failed ? -ENOMEM : 0;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

/* A sanitizer and valgrind put their own malloc() in the place of this one. */
static bool can_fail(void)
{
	void *volatile p;

	left = 0;
	p = malloc(1);
	left = -1;
	if (!p)
		return true;
	free(p);
	return false;
}

static void memory_runs_out_anywhere(void **state)
{
	cleanup(buf_done) struct buf text = { 0 }, whole = { 0 };
	unsigned int findings = 0, some, failures = 0;
	long i;
	int ret;

	(void)state;
	if (!can_fail()) {
		print_message("malloc() is not this test's own here\n");
		skip();
	}
	write_conf(&text);
	assert_int_equal(run(&text, &whole, &findings), 0);
	assert_true(findings > 100);
	for (i = 0;; i++) {
		cleanup(buf_done) struct buf out = { 0 };
		bool spent;

		some = 0;
		left = i;
		ret = run(&text, &out, &some);
		spent = left < 0;
		left = -1;
		assert_true(ret == 0 || ret == -ENOMEM);
		if (!ret)
			assert_true(same(&out, &whole) && some == findings);
		failures += ret != 0;
		if (!spent)
			break;
	}
	assert_true(failures > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
