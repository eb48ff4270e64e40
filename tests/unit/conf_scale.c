// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

/*
 * Bounds are far more than an idle machine needs, so that a busy one passes,
 * also with sanitizers, and far below what a quadratic loop takes.
 */
#define SECONDS 30.0

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must_be_quick(const struct buf *text, int want)
{
	cleanup(arena_done) struct arena a = { 0 };
	cleanup(buf_done) struct buf out = { 0 };
	struct wg_device live;
	struct loaded l;
	double start = now(), took;

	assert_false(text->failed);
	load_n(&l, text->p, text->len);
	assert_int_equal(l.device, want);
	assert_int_equal(conf_predict_device(&l.conf.device, &a, &live), 0);
	conf_print_device(&live, &out);
	took = now() - start;
	if (took > SECONDS)
		fail_msg("took %.2f s", took);
	unload(&l);
}

static void add_peer(struct buf *b, unsigned int i, unsigned int key)
{
	char text[KEY_BASE64_LEN];
	uint8_t bytes[KEY_LEN] = { 0 };

	memcpy(bytes, &key, sizeof(key));
	key_print_base64(text, bytes);
	buf_addf(b, "[Peer]\nPublicKey = %s\nAllowedIPs = 10.%u.%u.%u/32\n",
		 text, i >> 16, i >> 8 & 255, i & 255);
}

static void many_peers(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		add_peer(&b, i, i);
	must_be_quick(&b, 0);
}

static void one_peer_many_times(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		add_peer(&b, 0, 7);
	must_be_quick(&b, 0);
}

static void one_prefix_on_many_peers(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		add_peer(&b, 0, i);
	must_be_quick(&b, 0);
}

static void many_allowed_ips(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	unsigned int i;

	(void)state;
	buf_adds(&b, PEER(PUB_A) "AllowedIPs = ::/0");
	for (i = 0; i < 100000; i++)
		buf_addf(&b, ",%u.%u.%u.%u", i >> 24, i >> 16 & 255,
			 i >> 8 & 255, i & 255);
	must_be_quick(&b, 0);
}

static void many_addresses(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	unsigned int i;

	(void)state;
	buf_adds(&b, "[Interface]\nAddress =");
	for (i = 0; i < 100000; i++)
		buf_addf(&b, " 10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
	must_be_quick(&b, 0);
	for (i = 0; i < 100000; i++)
		buf_adds(&b, " 10.0.0.0/8");
	must_be_quick(&b, -EINVAL);
}

static void long_lines(void **state)
{
	static const char *const heads[] = {
		"[Interface]\nPostUp = ",
		"[Interface]\nTable = ",
		"[Interface]\n",
		"[Peer]\nAllowedIPs = ",
		"[",
		"# ",
		"=",
		"",
	};
	static const char fill[] = " \t,=#x";
	static char block[1 << 18];
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(heads); i++)
		for (j = 0; j < sizeof(fill) - 1; j++) {
			cleanup(buf_done) struct buf b = { 0 };
			struct loaded l;
			double start;

			buf_adds(&b, heads[i]);
			memset(block, fill[j], sizeof(block));
			buf_add(&b, block, sizeof(block));
			buf_adds(&b, "x");
			start = now();
			load_n(&l, b.p, b.len);
			if (now() - start > SECONDS)
				fail_msg("%s%c", heads[i], fill[j]);
			unload(&l);
		}
}

static void many_mistakes(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		buf_addf(&b, "Adress%u = x\n", i % 10);
	must_be_quick(&b, -EINVAL);
}

static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* 10000 peers and the rest of `up` share 32 MiB. */
static void a_small_peer_is_small(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	const unsigned int n = 10000;
	struct conf c = { .name = "x" };
	unsigned int i;
	size_t before;

	(void)state;
	for (i = 0; i < n; i++) {
		add_peer(&b, i, i);
		buf_addf(&b, "Endpoint = 1.2.3.4:%u\n", i);
	}
	before = in_use();
	if (!before) {
		print_message("this malloc() does not say what is in use\n");
		buf_done(&b);
		skip();
	}
	assert_int_equal(conf_parse(&c, b.p, b.len, NULL, NULL), 0);
	assert_int_equal(conf_parse_device(&c, NULL, NULL), 0);
	assert_true(in_use() - before - c.passthrough.cap < n * 250);
	conf_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_peers),
		cmocka_unit_test(one_peer_many_times),
		cmocka_unit_test(one_prefix_on_many_peers),
		cmocka_unit_test(many_allowed_ips),
		cmocka_unit_test(many_addresses),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(many_mistakes),
		cmocka_unit_test(a_small_peer_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
