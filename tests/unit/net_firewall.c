// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/kernel.h"
#include "lib_tmp.h"
#include "lib_xtables.h"

/**
 * struct scene - both engines on fake kernels, and the lock
 * @taken:	times that the lock was taken
 * @held:	it is held now
 * @lock_error:	-errno that taking it fails with
 */
struct scene {
	struct fake_xt xt_kernel;
	struct fake nft_kernel;
	struct xtables xt;
	struct nl nft;
	struct firewall_lock lock;
	struct firewall fw;
	struct fw_ruleset rs;
	struct fw_edits es;
	struct wgq_err e;
	int taken, held, lock_error;
	char dir[64];
};

static int take(void *ctx, struct wgq_err *e)
{
	struct scene *s = ctx;

	if (s->lock_error)
		return err_set(e, s->lock_error, "no lock");
	s->taken++;
	s->held++;
	return 0;
}

static void drop(void *ctx)
{
	((struct scene *)ctx)->held--;
}

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	tmp_make(s->dir);
	fake_init(&s->nft_kernel);
	fake_arm(&s->nft_kernel, NULL);
	fake_table_add(&s->nft_kernel, NFPROTO_IPV4, "filter");
	fake_chain_add(&s->nft_kernel, NFPROTO_IPV4, "filter", "FORWARD",
		       "filter", NF_INET_FORWARD, 0, NF_DROP);
	xtables_init(&s->xt, &fake_xt_ops, &s->xt_kernel, s->dir);
	nl_init(&s->nft, NETLINK_NETFILTER, &fake_ops, &s->nft_kernel);
	s->lock =
		(struct firewall_lock){ .take = take, .drop = drop, .ctx = s };
	s->fw = (struct firewall){ .nft = &s->nft,
				   .xt = &s->xt,
				   .lock = &s->lock };
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	firewall_unlock(&s->fw);
	assert_int_equal(s->held, 0);
	xtables_done(&s->xt);
	nl_done(&s->nft);
	fw_edits_done(&s->es);
	fw_ruleset_done(&s->rs);
	fake_xt_done(&s->xt_kernel);
	fake_done(&s->nft_kernel);
	tmp_remove(s->dir);
	free(s);
	return 0;
}

static struct fake_xt_table *make_legacy(struct scene *s)
{
	tmp_write(s->dir, "ip6_tables_names", 0644, "filter\n");
	return fake_xt_make(&s->xt_kernel, NFPROTO_IPV6, "filter");
}

static void accept_wg0(struct scene *s, enum fw_backend backend, uint8_t family)
{
	struct fw_edit *ed = fw_edit_add(&s->es, FW_E_RULE_ADD, backend, family,
					 "filter", "FORWARD");

	assert_non_null(ed);
	ed->rule = arena_alloc(&s->es.arena, sizeof(*ed->rule));
	assert_non_null(ed->rule);
	strcpy(fw_match_add(&s->es.arena, ed->rule, FW_M_IIF)->iface.name,
	       "wg0");
	assert_non_null(fw_stmt_add(&s->es.arena, ed->rule, FW_S_ACCEPT));
}

static void both_edits(struct scene *s)
{
	/* In this order, which is not that of the commit. */
	accept_wg0(s, FW_NFT, NFPROTO_IPV4);
	accept_wg0(s, FW_LEGACY, NFPROTO_IPV6);
}

static int commit(struct scene *s)
{
	return firewall_commit(&s->fw, &s->rs, &s->es, &s->e);
}

static size_t rules(const struct scene *s)
{
	return s->nft_kernel.s->nft.n_rules;
}

static void test_read_without_legacy(void **state)
{
	struct scene *s = *state;

	s->lock_error = -EROFS;
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	assert_int_equal(s->rs.n_table, 1);
	assert_int_equal(s->rs.table[0]->backend, FW_NFT);
	accept_wg0(s, FW_NFT, NFPROTO_IPV4);
	assert_int_equal(commit(s), 0);
	assert_int_equal(rules(s), 1);
	assert_int_equal(s->taken, 0);
	assert_int_equal(s->xt_kernel.opens, 0);
}

static void test_read_both(void **state)
{
	struct scene *s = *state;

	make_legacy(s);
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	assert_int_equal(s->rs.n_table, 2);
	assert_non_null(fw_table_find(&s->rs, FW_NFT, NFPROTO_IPV4, "filter"));
	assert_non_null(
		fw_table_find(&s->rs, FW_LEGACY, NFPROTO_IPV6, "filter"));
	assert_int_equal(s->held, 1);
	/* Once, however often it is read. */
	fw_ruleset_done(&s->rs);
	s->rs = (struct fw_ruleset){};
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	assert_int_equal(s->taken, 1);
	firewall_unlock(&s->fw);
	assert_int_equal(s->held, 0);
	firewall_unlock(&s->fw);
	assert_int_equal(s->held, 0);
}

static void test_no_lock(void **state)
{
	struct scene *s = *state;

	make_legacy(s);
	s->lock_error = -EROFS;
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), -EROFS);
	assert_string_equal(s->e.msg, "no lock");
	assert_int_equal(s->rs.n_table, 0);
	assert_int_equal(s->xt_kernel.infos, 0);
	/* A caller that holds it needs none. */
	s->fw.lock = NULL;
	s->e = (struct wgq_err){};
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	assert_int_equal(s->rs.n_table, 2);
}

static void test_read_fails(void **state)
{
	struct scene *s = *state;

	make_legacy(s);
	s->xt_kernel.missing = true;
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), -EOPNOTSUPP);
	assert_int_equal(s->rs.n_table, 0);
	assert_null(s->rs.arena.last);
}

static void test_commit_both(void **state)
{
	struct scene *s = *state;
	struct fake_xt_table *t = make_legacy(s);

	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	both_edits(s);
	assert_int_equal(commit(s), 0);
	assert_int_equal(rules(s), 1);
	assert_int_equal(t->info.num_entries, 5);
	assert_int_equal(s->held, 1);
}

static void test_nothing_to_commit(void **state)
{
	struct scene *s = *state;
	unsigned int n;

	make_legacy(s);
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	n = s->nft_kernel.c->n;
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->nft_kernel.c->n, n);
	assert_int_equal(s->xt_kernel.sets, 0);
}

/* The legacy table has been replaced when nf_tables refuses. */
static void test_nf_tables_refuses(void **state)
{
	struct scene *s = *state;
	struct fake_xt_table *t = make_legacy(s);
	uint8_t before[4096];

	fake_xt_counters(t, 1)->pcnt = 5;
	memcpy(before, t->entries, t->info.size);
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	both_edits(s);
	s->nft_kernel.s->nft.generation++;
	assert_int_equal(commit(s), -ERESTART);
	assert_int_equal(s->e.code, -ERESTART);
	assert_int_equal(rules(s), 0);
	assert_int_equal(s->xt_kernel.sets, 2);
	assert_int_equal(t->info.num_entries, 4);
	assert_memory_equal(t->entries, before, t->info.size);
}

static void change_hooks(struct fake_xt *f)
{
	f->t[0].info.valid_hooks |= 1;
}

static void test_legacy_cannot_be_put_back(void **state)
{
	struct scene *s = *state;

	make_legacy(s);
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	both_edits(s);
	s->nft_kernel.s->nft.generation++;
	s->xt_kernel.meddle = change_hooks;
	s->xt_kernel.meddle_at = -1;
	assert_int_equal(commit(s), -EIO);
	assert_non_null(strstr(s->e.msg, "somebody else changed the ruleset"));
	assert_non_null(strstr(s->e.msg, "filter is left changed"));
}

/* Then nf_tables is not even asked. */
static void test_legacy_refuses(void **state)
{
	struct scene *s = *state;
	unsigned int n;

	make_legacy(s);
	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	both_edits(s);
	n = s->nft_kernel.c->n;
	s->xt_kernel.fail_at = 1;
	s->xt_kernel.error = -EINVAL;
	assert_int_equal(commit(s), -EINVAL);
	assert_int_equal(s->nft_kernel.c->n, n);
	assert_int_equal(rules(s), 0);
}

/* The lock is taken for a table that the edits bring to life. */
static void test_first_legacy_table(void **state)
{
	struct scene *s = *state;

	assert_int_equal(firewall_read(&s->fw, &s->rs, &s->e), 0);
	assert_int_equal(s->taken, 0);
	assert_non_null(fw_edit_add(&s->es, FW_E_TABLE_ADD, FW_LEGACY,
				    NFPROTO_IPV4, "filter", NULL));
	accept_wg0(s, FW_LEGACY, NFPROTO_IPV4);
	s->lock_error = -EROFS;
	assert_int_equal(commit(s), -EROFS);
	assert_int_equal(s->xt_kernel.opens, 0);
	s->lock_error = 0;
	s->e = (struct wgq_err){};
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->held, 1);
	assert_int_equal(s->xt_kernel.t[0].info.num_entries, 5);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_without_legacy),
		TEST(test_read_both),
		TEST(test_no_lock),
		TEST(test_read_fails),
		TEST(test_commit_both),
		TEST(test_nothing_to_commit),
		TEST(test_nf_tables_refuses),
		TEST(test_legacy_cannot_be_put_back),
		TEST(test_legacy_refuses),
		TEST(test_first_legacy_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
