// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/xtables.h"

#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fw/xt.h"
#include "lib_netlink.h"
#include "lib_tmp.h"
#include "lib_xtables.h"

struct scene {
	struct fake_xt f;
	struct xtables x;
	struct fw_ruleset rs;
	struct fw_edits es;
	struct xtables_undo undo;
	struct wgq_err e;
	char dir[64];
};

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	tmp_make(s->dir);
	xtables_init(&s->x, &fake_xt_ops, &s->f, s->dir);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	xtables_done(&s->x);
	assert_int_equal(s->f.open, 0);
	xtables_undo_done(&s->undo);
	fw_edits_done(&s->es);
	fw_ruleset_done(&s->rs);
	fake_xt_done(&s->f);
	tmp_remove(s->dir);
	free(s);
	return 0;
}

static const char *file_of(uint8_t family)
{
	return family == NFPROTO_IPV6 ? "ip6_tables_names" : "ip_tables_names";
}

/* A table that somebody else has brought to life, in names and kernel. */
static struct fake_xt_table *there(struct scene *s, uint8_t family,
				   const char *name, const char *names)
{
	tmp_write(s->dir, file_of(family), 0644, names);
	return fake_xt_make(&s->f, family, name);
}

static struct fw_edit *accept_wg0(struct scene *s, uint8_t family,
				  const char *table, const char *chain)
{
	struct fw_edit *ed = fw_edit_add(&s->es, FW_E_RULE_ADD, FW_LEGACY,
					 family, table, chain);
	struct fw_rule *r = arena_alloc(&s->es.arena, sizeof(*r));

	assert_non_null(ed);
	assert_non_null(r);
	r->match = arena_array(&s->es.arena, 1, sizeof(*r->match));
	r->stmt = arena_array(&s->es.arena, 1, sizeof(*r->stmt));
	r->n_match = r->n_stmt = 1;
	r->match->kind = FW_M_IIF;
	strcpy(r->match->iface.name, "wg0");
	r->stmt->kind = FW_S_ACCEPT;
	ed->rule = r;
	return ed;
}

static void reread(struct scene *s, uint8_t family)
{
	fw_ruleset_done(&s->rs);
	s->rs = (struct fw_ruleset){};
	assert_int_equal(xtables_dump(&s->x, family, &s->rs, &s->e), 0);
}

static int commit(struct scene *s)
{
	return xtables_commit(&s->x, &s->rs, &s->es, &s->undo, &s->e);
}

static void test_looking_makes_nothing(void **state)
{
	struct scene *s = *state;
	bool present = true;

	/* No file is no module, an empty one no table. */
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV4, &present, &s->e),
			 0);
	assert_false(present);
	reread(s, NFPROTO_IPV4);
	tmp_write(s->dir, "ip_tables_names", 0644, "");
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV4, &present, &s->e),
			 0);
	assert_false(present);
	reread(s, NFPROTO_IPV4);
	assert_int_equal(s->f.opens, 0);
	assert_int_equal(s->f.n, 0);
	assert_int_equal(s->rs.n_table, 0);
	/* Nor does a commit of what is nf_tables' alone. */
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD")->backend = FW_NFT;
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->f.opens, 0);
	/* Of each family by itself. */
	tmp_write(s->dir, "ip6_tables_names", 0644, "filter\n");
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV6, &present, &s->e),
			 0);
	assert_true(present);
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV4, &present, &s->e),
			 0);
	assert_false(present);
}

static void test_names_cannot_be_read(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];

	tmp_path(path, s->dir, "ip_tables_names");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(xtables_dump(&s->x, NFPROTO_IPV4, &s->rs, &s->e),
			 -EISDIR);
	assert_non_null(strstr(s->e.msg, path));
}

static void test_dump(void **state)
{
	struct scene *s = *state;
	const struct fw_table *t;

	there(s, NFPROTO_IPV4, "security", "");
	there(s, NFPROTO_IPV4, "filter", "security\nfilter\n");
	reread(s, NFPROTO_IPV4);
	assert_int_equal(s->rs.n_table, 2);
	assert_int_equal(s->f.infos, 2);
	assert_int_equal(s->f.opens, 1);
	t = fw_table_find(&s->rs, FW_LEGACY, NFPROTO_IPV4, "filter");
	assert_non_null(t);
	assert_non_null(t->blob);
	assert_non_null(fw_chain_find(t, "FORWARD"));
	assert_int_equal(fw_chain_find(t, "FORWARD")->policy, FW_S_ACCEPT);
}

static void test_dump_while_it_changes(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	s->f.again = 3;
	reread(s, NFPROTO_IPV4);
	assert_int_equal(s->f.infos, 4);
	s->f.again = INT_MAX;
	assert_int_equal(xtables_dump(&s->x, NFPROTO_IPV4, &s->rs, &s->e),
			 -EBUSY);
	assert_in_range(s->f.infos, 5, 30);
	assert_non_null(strstr(s->e.msg, "filter"));
}

static void test_no_module(void **state)
{
	struct scene *s = *state;

	s->f.missing = true;
	tmp_write(s->dir, "ip6_tables_names", 0644, "filter\n");
	assert_int_equal(xtables_dump(&s->x, NFPROTO_IPV6, &s->rs, &s->e),
			 -EOPNOTSUPP);
	assert_string_equal(s->e.msg, "the kernel has no ip6_tables");
}

static void commit_one(struct scene *s, uint8_t family)
{
	struct fake_xt_table *t = there(s, family, "filter", "filter\n");
	const struct fw_chain *c;
	uint8_t before[4096];
	size_t size;

	/* Packets come between the read and the commit. */
	reread(s, family);
	*fake_xt_counters(t, 1) = (struct xt_counters){ 7, 700 };
	*fake_xt_counters(t, 2) = (struct xt_counters){ 8, 800 };
	size = t->info.size;
	memcpy(before, t->entries, size);
	accept_wg0(s, family, "filter", "FORWARD");
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->f.sets, 1);
	assert_int_equal(t->info.num_entries, 5);
	assert_int_equal(fake_xt_counters(t, 0)->pcnt, 0);
	assert_int_equal(fake_xt_counters(t, 1)->pcnt, 0);
	assert_int_equal(fake_xt_counters(t, 2)->pcnt, 7);
	assert_int_equal(fake_xt_counters(t, 2)->bcnt, 700);
	assert_int_equal(fake_xt_counters(t, 3)->pcnt, 8);
	reread(s, family);
	c = fw_chain_find(s->rs.table[0], "FORWARD");
	assert_int_equal(c->n_rule, 1);
	assert_string_equal(c->rule[0]->match[0].iface.name, "wg0");
	/* And back, with the packets of the time between. */
	fake_xt_counters(t, 0)->pcnt = 3;
	fake_xt_counters(t, 3)->pcnt++;
	assert_int_equal(xtables_revert(&s->x, &s->undo, &s->e), 0);
	assert_int_equal(t->info.size, size);
	assert_int_equal(fake_xt_counters(t, 0)->pcnt, 3);
	assert_int_equal(fake_xt_counters(t, 1)->pcnt, 7);
	assert_int_equal(fake_xt_counters(t, 2)->pcnt, 9);
	fake_xt_counters(t, 0)->pcnt = 0;
	fake_xt_counters(t, 2)->pcnt = 8;
	assert_memory_equal(t->entries, before, size);
}

static void test_commit_v4(void **state)
{
	commit_one(*state, NFPROTO_IPV4);
}

static void test_commit_v6(void **state)
{
	commit_one(*state, NFPROTO_IPV6);
}

/* Flip a policy: as many entries of the same sizes. */
static void flip_policy(struct fake_xt *f)
{
	struct fake_xt_table *t = &f->t[0];

	((struct xt_standard_target *)(t->entries +
				       fake_xt_entry_size(t->family)))
		->verdict = -NF_DROP - 1;
}

static void test_changed_since_read(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	flip_policy(&s->f);
	assert_int_equal(commit(s), -ERESTART);
	assert_int_equal(s->f.sets, 0);
	assert_non_null(strstr(s->e.msg, "filter"));
	/* Read anew it goes. */
	s->e = (struct wgq_err){};
	reread(s, NFPROTO_IPV4);
	assert_int_equal(commit(s), 0);
	assert_int_equal(fw_chain_find(s->rs.table[0], "INPUT")->policy,
			 FW_S_DROP);
}

static void test_changed_at_the_last_moment(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	s->f.fail_at = 1;
	s->f.error = -EAGAIN;
	assert_int_equal(commit(s), -ERESTART);
	assert_int_equal(s->undo.n, 0);
}

static void test_refused(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	s->f.fail_at = 1;
	s->f.error = -EPERM;
	assert_int_equal(commit(s), -EPERM);
	assert_string_equal(s->e.msg, "ip_tables: table filter: "
				      "Operation not permitted");
}

static void two_tables(struct scene *s)
{
	there(s, NFPROTO_IPV4, "filter", "");
	there(s, NFPROTO_IPV4, "security", "filter\nsecurity\n");
	reread(s, NFPROTO_IPV4);
	*fake_xt_counters(&s->f.t[0], 1) = (struct xt_counters){ 7, 700 };
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	accept_wg0(s, NFPROTO_IPV4, "security", "FORWARD");
	accept_wg0(s, NFPROTO_IPV4, "filter", "INPUT");
	s->f.fail_at = 2;
	s->f.error = -ENOMEM;
}

static void test_second_is_refused(void **state)
{
	struct scene *s = *state;
	struct fake_xt_table *t = &s->f.t[0];
	uint8_t before[4096];

	two_tables(s);
	memcpy(before, t->entries, t->info.size);
	assert_int_equal(commit(s), -ENOMEM);
	assert_int_equal(s->f.sets, 3);
	assert_int_equal(t->info.num_entries, 4);
	assert_memory_equal(t->entries, before, t->info.size);
	assert_non_null(strstr(s->e.msg, "table security"));
	assert_null(strstr(s->e.msg, "filter"));
}

static void test_cannot_be_put_back(void **state)
{
	struct scene *s = *state;

	two_tables(s);
	s->f.meddle = flip_policy;
	s->f.meddle_at = 2;
	assert_int_equal(commit(s), -EIO);
	assert_int_equal(s->e.code, -EIO);
	assert_non_null(strstr(s->e.msg, "table security"));
	assert_non_null(strstr(s->e.msg, "filter is left changed"));
	assert_int_equal(s->f.t[0].info.num_entries, 6);
}

/* Somebody else took our table's place before its counters came. */
static void append_policy(struct fake_xt *f)
{
	f->t[0].info.num_entries++;
}

static void test_counters_come_too_late(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	s->f.meddle = append_policy;
	s->f.meddle_at = -1;
	assert_int_equal(commit(s), 0);
}

static void test_table_that_is_not_there(void **state)
{
	struct scene *s = *state;
	struct fw_edit *ed;

	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), -ENOENT);
	assert_int_equal(s->f.opens, 0);
	fw_edits_done(&s->es);
	s->e = (struct wgq_err){};
	assert_non_null(fw_edit_add(&s->es, FW_E_TABLE_ADD, FW_LEGACY,
				    NFPROTO_IPV4, "filter", NULL));
	ed = fw_edit_add(&s->es, FW_E_CHAIN_ADD, FW_LEGACY, NFPROTO_IPV4,
			 "filter", "FORWARD");
	assert_non_null(ed);
	ed->base = true;
	ed->type = "filter";
	ed->hook = FW_FORWARD;
	ed->policy = FW_S_DROP;
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), 0);
	tmp_write(s->dir, "ip_tables_names", 0644, "filter\n");
	reread(s, NFPROTO_IPV4);
	assert_int_equal(fw_chain_find(s->rs.table[0], "FORWARD")->n_rule, 1);
	assert_int_equal(fw_chain_find(s->rs.table[0], "FORWARD")->policy,
			 FW_S_DROP);
}

/* It came to life since the ruleset was read, and has rules already. */
static void test_table_that_came_meanwhile(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), 0);
	fw_edits_done(&s->es);
	fw_ruleset_done(&s->rs);
	s->rs = (struct fw_ruleset){};
	assert_non_null(fw_edit_add(&s->es, FW_E_TABLE_ADD, FW_LEGACY,
				    NFPROTO_IPV4, "filter", NULL));
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), -ERESTART);
}

static char *run(const char *command)
{
	static char out[16384];
	FILE *p = popen(command, "re");
	size_t n;

	assert_non_null(p);
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	pclose(p);
	return out;
}

/* The real kernel and the real program, in a network namespace of our own. */
static void test_live(void **state)
{
	cleanup(free_ptr) char *before = NULL;
	struct scene *s = *state;
	char want[4096];

	if (!own_netns() || *run("iptables-legacy -P FORWARD DROP 2>&1")) {
		print_message("no iptables-legacy in a namespace here\n");
		skip();
	}
	xtables_done(&s->x);
	xtables_init(&s->x, &xtables_kernel_ops, NULL, "/proc/thread-self/net");
	run("iptables-legacy -N SUB; iptables-legacy -A FORWARD -j SUB;"
	    "iptables-legacy -A SUB -m conntrack --ctstate INVALID -j DROP;"
	    "iptables-legacy -A INPUT -i lo -j ACCEPT;"
	    "iptables-legacy -A OUTPUT -j ACCEPT;"
	    "ip link set lo up; ping -c 3 -i 0.01 -W 1 127.0.0.1");
	before = strdup(run("iptables-legacy-save -c | grep -v '^#'"));
	assert_non_null(strstr(before, "[6:504] -A INPUT"));
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD")->append = true;
	accept_wg0(s, NFPROTO_IPV4, "filter", "INPUT")->at = 0;
	assert_int_equal(commit(s), 0);
	snprintf(want, sizeof(want), "%s",
		 run("iptables-legacy-save -c | grep -v '^#' |"
		     "grep -v 'i wg0'"));
	assert_string_equal(want, before);
	assert_string_equal(run("iptables-legacy -S FORWARD"),
			    "-P FORWARD DROP\n-A FORWARD -j SUB\n"
			    "-A FORWARD -i wg0 -j ACCEPT\n");
	assert_string_equal(
		run("iptables-legacy -C FORWARD -i wg0 -j ACCEPT 2>&1"), "");
	assert_int_equal(xtables_revert(&s->x, &s->undo, &s->e), 0);
	assert_string_equal(run("iptables-legacy-save -c | grep -v '^#'"),
			    before);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_looking_makes_nothing),
		TEST(test_names_cannot_be_read),
		TEST(test_dump),
		TEST(test_dump_while_it_changes),
		TEST(test_no_module),
		TEST(test_commit_v4),
		TEST(test_commit_v6),
		TEST(test_changed_since_read),
		TEST(test_changed_at_the_last_moment),
		TEST(test_refused),
		TEST(test_second_is_refused),
		TEST(test_cannot_be_put_back),
		TEST(test_counters_come_too_late),
		TEST(test_table_that_is_not_there),
		TEST(test_table_that_came_meanwhile),
		TEST(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
