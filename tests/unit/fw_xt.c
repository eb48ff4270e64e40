// SPDX-License-Identifier: GPL-2.0-or-later
#include <net/if.h>

#include "fw/xt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define V4 NFPROTO_IPV4
#define V6 NFPROTO_IPV6

static size_t head_of(uint8_t family)
{
	return family == V6 ? sizeof(struct ip6t_entry)
			    : sizeof(struct ipt_entry);
}

/* A rule that accepts everything. */
static void add_accept(struct buf *b, uint8_t family)
{
	union {
		struct ipt_entry v4;
		struct ip6t_entry v6;
	} en = {};
	struct xt_standard_target t = {
		.target.u.target_size = XT_ALIGN(sizeof(t)),
		.verdict = -NF_ACCEPT - 1,
	};
	static const uint8_t pad[XT_ALIGN(sizeof(t)) - sizeof(t)];
	uint16_t head = (uint16_t)head_of(family);

	if (family == V6) {
		en.v6.target_offset = head;
		en.v6.next_offset = (uint16_t)(head + XT_ALIGN(sizeof(t)));
	} else {
		en.v4.target_offset = head;
		en.v4.next_offset = (uint16_t)(head + XT_ALIGN(sizeof(t)));
	}
	buf_add(b, &en, head);
	buf_add(b, &t, sizeof(t));
	buf_add(b, pad, sizeof(pad));
}

static void add_error(struct buf *b, uint8_t family)
{
	union {
		struct ipt_entry v4;
		struct ip6t_entry v6;
	} en = {};
	uint8_t t[XT_ALIGN(sizeof(struct xt_error_target))] = {};
	struct xt_error_target e = {
		.target.u.user = { sizeof(t), "ERROR", 0 },
		.errorname = "ERROR",
	};
	uint16_t head = (uint16_t)head_of(family);

	memcpy(t, &e, sizeof(e));
	if (family == V6) {
		en.v6.target_offset = head;
		en.v6.next_offset = (uint16_t)(head + sizeof(t));
	} else {
		en.v4.target_offset = head;
		en.v4.next_offset = (uint16_t)(head + sizeof(t));
	}
	buf_add(b, &en, head);
	buf_add(b, t, sizeof(t));
}

/* A filter table as the kernel creates it. */
static void fresh_table(uint8_t family, struct buf *b, struct xt_blob *ret)
{
	uint32_t hook, one;

	*ret = (struct xt_blob){ .valid_hooks = 0xe, .num_entries = 4 };
	memset(ret->hook_entry, 0xff, sizeof(ret->hook_entry));
	memset(ret->underflow, 0xff, sizeof(ret->underflow));
	for (hook = NF_INET_LOCAL_IN; hook <= NF_INET_LOCAL_OUT; hook++)
		add_accept(b, family);
	one = (uint32_t)b->len / 3;
	for (hook = NF_INET_LOCAL_IN; hook <= NF_INET_LOCAL_OUT; hook++)
		ret->hook_entry[hook] = ret->underflow[hook] =
			(hook - NF_INET_LOCAL_IN) * one;
	add_error(b, family);
	ret->size = (uint32_t)b->len;
	ret->entries = (const uint8_t *)b->p;
}

/* What a test works on: a table and the edits that it is to get. */
struct bench {
	struct fw_ruleset rs;
	struct fw_edits es;
	uint8_t family;
};

static void bench_init(struct bench *b, uint8_t family)
{
	cleanup(buf_done) struct buf bytes = {};
	struct wgq_err e = {};
	struct xt_blob blob;

	*b = (struct bench){ .family = family };
	fresh_table(family, &bytes, &blob);
	assert_int_equal(xt_read(&b->rs, family, "filter", &blob, &e), 0);
}

static void bench_done(struct bench *b)
{
	fw_edits_done(&b->es);
	fw_ruleset_done(&b->rs);
}

static struct fw_edit *do_edit(struct bench *b, enum fw_edit_kind kind,
			       const char *chain)
{
	struct fw_edit *ed = fw_edit_add(&b->es, kind, FW_LEGACY, b->family,
					 "filter", chain);

	assert_non_null(ed);
	return ed;
}

static struct fw_rule *do_append(struct bench *b, const char *chain)
{
	struct fw_edit *ed = do_edit(b, FW_E_RULE_ADD, chain);

	ed->append = true;
	ed->rule = arena_alloc(&b->es.arena, sizeof(*ed->rule));
	assert_non_null(ed->rule);
	return ed->rule;
}

static struct fw_stmt *do_stmt(struct bench *b, struct fw_rule *r,
			       enum fw_stmt_kind kind)
{
	struct fw_stmt *s = fw_stmt_add(&b->es.arena, r, kind);

	assert_non_null(s);
	return s;
}

static struct fw_match *do_match(struct bench *b, struct fw_rule *r,
				 enum fw_match_kind kind)
{
	struct fw_match *m = fw_match_add(&b->es.arena, r, kind);

	assert_non_null(m);
	return m;
}

static void do_jump(struct bench *b, const char *from, const char *to)
{
	do_stmt(b, do_append(b, from), FW_S_JUMP)->chain = to;
}

/* Carry the edits out and read what came of them; @map: counters. */
static void carry_out(struct bench *b, const char *map)
{
	struct xt_replace r;
	struct fw_ruleset after = {};
	cleanup(buf_done) struct buf got = {};
	struct wgq_err e = {};
	uint32_t i;

	assert_int_equal(xt_build(&b->rs, b->family, "filter", &b->es, &r, &e),
			 0);
	for (i = 0; i < r.blob.num_entries; i++)
		if (r.counter_from[i] == XT_COUNTER_NEW)
			buf_adds(&got, "- ");
		else
			buf_addf(&got, "%u ", r.counter_from[i]);
	if (map)
		assert_string_equal(got.p, map);
	assert_int_equal(xt_read(&after, b->family, "filter", &r.blob, &e), 0);
	xt_replace_done(&r);
	fw_ruleset_done(&b->rs);
	fw_edits_done(&b->es);
	b->rs = after;
}

static void refuse(struct bench *b, int code)
{
	struct xt_replace r;
	struct wgq_err e = {};

	assert_int_equal(xt_build(&b->rs, b->family, "filter", &b->es, &r, &e),
			 code);
	assert_int_equal(e.code, code);
	fw_edits_done(&b->es);
}

static const struct fw_chain *chain(const struct bench *b, const char *name)
{
	const struct fw_table *t =
		fw_table_find(&b->rs, FW_LEGACY, b->family, "filter");

	assert_non_null(t);
	return fw_chain_find(t, name);
}

static void reads_a_fresh_table(void **state)
{
	static const char *const names[] = { "INPUT", "FORWARD", "OUTPUT" };
	struct bench b;
	size_t i;

	(void)state;
	bench_init(&b, V4);
	for (i = 0; i < 3; i++) {
		const struct fw_chain *c = chain(&b, names[i]);

		assert_non_null(c);
		assert_true(c->base);
		assert_int_equal(c->hook, FW_INPUT + i);
		assert_int_equal(c->policy, FW_S_ACCEPT);
		assert_int_equal(c->priority, 0);
		assert_string_equal(c->type, "filter");
		assert_int_equal(c->n_rule, 0);
	}
	carry_out(&b, "0 1 2 3 ");
	bench_done(&b);
}

static void keeps_and_renews_counters(void **state)
{
	struct fw_edit *ed;
	struct bench b;

	(void)state;
	bench_init(&b, V6);
	do_edit(&b, FW_E_CHAIN_ADD, "b");
	do_stmt(&b, do_append(&b, "b"), FW_S_ACCEPT);
	do_stmt(&b, do_append(&b, "FORWARD"), FW_S_DROP);
	do_stmt(&b, do_append(&b, "FORWARD"), FW_S_ACCEPT);
	carry_out(&b, "0 - - 1 2 - - - 3 ");
	do_edit(&b, FW_E_CHAIN_ADD, "a");
	do_edit(&b, FW_E_RULE_DEL, "FORWARD")->at = 0;
	ed = do_edit(&b, FW_E_RULE_ADD, "FORWARD");
	ed->at = 1;
	ed->rule = arena_alloc(&b.es.arena, sizeof(*ed->rule));
	carry_out(&b, "0 2 - 3 4 - - 5 6 7 8 ");
	do_edit(&b, FW_E_CHAIN_ZERO, "FORWARD");
	do_edit(&b, FW_E_CHAIN_FLUSH, "b");
	carry_out(&b, "0 - - - 4 5 6 7 9 10 ");
	ed = do_edit(&b, FW_E_POLICY, "INPUT");
	ed->policy = FW_S_DROP;
	do_edit(&b, FW_E_CHAIN_RENAME, "a")->new_name = "c";
	carry_out(&b, "- 1 2 3 4 7 8 - 6 9 ");
	assert_int_equal(chain(&b, "INPUT")->policy, FW_S_DROP);
	assert_null(chain(&b, "a"));
	assert_non_null(chain(&b, "c"));
	assert_int_equal(chain(&b, "FORWARD")->rule[1]->n_stmt, 0);
	bench_done(&b);
}

static void moves_jumps_with_their_chains(void **state)
{
	const struct fw_chain *c;
	struct bench b;
	struct fw_edit *ed;

	(void)state;
	bench_init(&b, V4);
	do_edit(&b, FW_E_CHAIN_ADD, "m");
	do_edit(&b, FW_E_CHAIN_ADD, "z");
	do_jump(&b, "FORWARD", "z");
	do_jump(&b, "m", "z");
	do_stmt(&b, do_append(&b, "INPUT"), FW_S_GOTO)->chain = "m";
	carry_out(&b, NULL);
	do_edit(&b, FW_E_CHAIN_ADD, "n");
	do_edit(&b, FW_E_CHAIN_RENAME, "z")->new_name = "a";
	ed = do_edit(&b, FW_E_RULE_ADD, "INPUT");
	ed->rule = arena_alloc(&b.es.arena, sizeof(*ed->rule));
	do_stmt(&b, ed->rule, FW_S_JUMP)->chain = "n";
	carry_out(&b, NULL);
	c = chain(&b, "INPUT");
	assert_int_equal(c->n_rule, 2);
	assert_string_equal(c->rule[0]->stmt->chain, "n");
	assert_int_equal(c->rule[1]->stmt->kind, FW_S_GOTO);
	assert_string_equal(c->rule[1]->stmt->chain, "m");
	assert_string_equal(chain(&b, "FORWARD")->rule[0]->stmt->chain, "a");
	assert_string_equal(chain(&b, "m")->rule[0]->stmt->chain, "a");
	assert_string_equal(c->table->chain[3]->name, "a");
	assert_string_equal(c->table->chain[5]->name, "n");
	bench_done(&b);
}

static void refuses_what_cannot_be(void **state)
{
	struct fw_rule *r;
	struct bench b;

	(void)state;
	bench_init(&b, V4);
	do_edit(&b, FW_E_CHAIN_ADD, "FORWARD");
	refuse(&b, -EEXIST);
	do_edit(&b, FW_E_CHAIN_DEL, "FORWARD");
	refuse(&b, -EBUSY);
	do_edit(&b, FW_E_CHAIN_FLUSH, "x");
	refuse(&b, -ENOENT);
	do_edit(&b, FW_E_RULE_DEL, "FORWARD");
	refuse(&b, -ENOENT);
	do_jump(&b, "FORWARD", "x");
	refuse(&b, -ENOENT);
	do_edit(&b, FW_E_TABLE_DEL, NULL);
	refuse(&b, -EOPNOTSUPP);
	do_edit(&b, FW_E_CHAIN_ADD, "x");
	do_jump(&b, "FORWARD", "x");
	carry_out(&b, NULL);
	do_edit(&b, FW_E_CHAIN_DEL, "x");
	refuse(&b, -EBUSY);
	do_edit(&b, FW_E_CHAIN_ADD, "a chain of some thirty letters");
	refuse(&b, -EOPNOTSUPP);
	do_edit(&b, FW_E_CHAIN_RENAME, "x")->new_name = "INPUT";
	refuse(&b, -EEXIST);
	r = do_append(&b, "FORWARD");
	do_match(&b, r, FW_M_IIF)->iface.index = 3;
	refuse(&b, -EOPNOTSUPP);
	r = do_append(&b, "FORWARD");
	do_match(&b, r, FW_M_SET);
	refuse(&b, -EOPNOTSUPP);
	r = do_append(&b, "FORWARD");
	do_match(&b, r, FW_M_SPORT);
	refuse(&b, -EOPNOTSUPP);
	r = do_append(&b, "FORWARD");
	do_match(&b, r, FW_M_SADDR)->addr.family = V6;
	refuse(&b, -EOPNOTSUPP);
	r = do_append(&b, "FORWARD");
	do_stmt(&b, r, FW_S_MARK);
	do_stmt(&b, r, FW_S_ACCEPT);
	refuse(&b, -EOPNOTSUPP);
	r = do_append(&b, "FORWARD");
	do_stmt(&b, r, FW_S_REJECT)->reject = FW_REJECT_NO_ROUTE;
	refuse(&b, -EOPNOTSUPP);
	bench_done(&b);
}

static void refuses_circles_that_are_reached(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, V4);
	do_edit(&b, FW_E_CHAIN_ADD, "a");
	do_edit(&b, FW_E_CHAIN_ADD, "b");
	do_edit(&b, FW_E_CHAIN_ADD, "c");
	do_jump(&b, "a", "b");
	do_jump(&b, "a", "b");
	do_jump(&b, "b", "c");
	do_jump(&b, "INPUT", "a");
	do_jump(&b, "INPUT", "c");
	do_jump(&b, "FORWARD", "c");
	carry_out(&b, NULL);
	do_jump(&b, "c", "a");
	refuse(&b, -ELOOP);
	do_jump(&b, "c", "c");
	refuse(&b, -ELOOP);
	do_jump(&b, "c", "INPUT");
	refuse(&b, -ELOOP);
	/* Where no packet comes, or none goes on, there may be one. */
	do_stmt(&b, do_append(&b, "c"), FW_S_RETURN);
	do_jump(&b, "c", "a");
	do_edit(&b, FW_E_CHAIN_ADD, "d");
	do_jump(&b, "d", "d");
	carry_out(&b, NULL);
	bench_done(&b);
}

static void writes_our_comment_as_a_match(void **state)
{
	const struct fw_rule *got;
	struct fw_rule *r;
	struct bench b;

	(void)state;
	bench_init(&b, V4);
	r = do_append(&b, "FORWARD");
	r->comment = "wgq:wg0";
	strcpy(do_match(&b, r, FW_M_IIF)->iface.name, "wg0");
	do_stmt(&b, r, FW_S_ACCEPT);
	carry_out(&b, NULL);
	got = chain(&b, "FORWARD")->rule[0];
	assert_null(got->comment);
	assert_string_equal(fw_rule_comment(got), "wgq:wg0");
	assert_int_equal(got->n_match, 2);
	assert_string_equal(got->match[0].iface.name, "wg0");
	assert_false(got->match[0].iface.prefix);
	assert_true(got->legible);
	bench_done(&b);
}

/* Bytes of a table one after the other set to some value. */
static void survives_any_byte(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct bench b;
	struct xt_blob blob;
	cleanup(free_ptr) uint8_t *bytes = NULL;
	unsigned int refused = 0, taken = 0;
	size_t i, k;

	(void)state;
	bench_init(&b, V4);
	do_edit(&b, FW_E_CHAIN_ADD, "a");
	do_jump(&b, "FORWARD", "a");
	carry_out(&b, NULL);
	blob = *chain(&b, "a")->table->blob;
	bytes = malloc(blob.size);
	assert_non_null(bytes);
	memcpy(bytes, blob.entries, blob.size);
	blob.entries = bytes;
	for (i = 0; i < blob.size; i++) {
		uint8_t was = bytes[i];

		for (k = 0; k < ARRAY_SIZE(values); k++) {
			struct fw_ruleset rs = {};
			struct wgq_err e = {};
			int err;

			bytes[i] = values[k];
			err = xt_read(&rs, V4, "filter", &blob, &e);
			assert_true(err == 0 || err == -EBADMSG);
			refused += err != 0;
			taken += err == 0;
			fw_ruleset_done(&rs);
		}
		bytes[i] = was;
	}
	assert_true(refused > 100);
	assert_true(taken > 100);
	for (; blob.size; blob.size--) {
		struct fw_ruleset rs = {};
		struct wgq_err e = {};

		if (blob.size != chain(&b, "a")->table->blob->size)
			assert_int_equal(xt_read(&rs, V4, "filter", &blob, &e),
					 -EBADMSG);
		fw_ruleset_done(&rs);
	}
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_fresh_table),
		cmocka_unit_test(keeps_and_renews_counters),
		cmocka_unit_test(moves_jumps_with_their_chains),
		cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(refuses_circles_that_are_reached),
		cmocka_unit_test(writes_our_comment_as_a_match),
		cmocka_unit_test(survives_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
