// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fake/kernel.h"
#include "lib_netlink.h"

#define FORWARD "filter", "FORWARD"

/**
 * struct scene - a fake kernel, which is the context of its own operations
 * @received:	datagrams so far
 * @torn_at:	the one that is marked as torn, 0 for none
 * @lost_at:	the one in whose place the receive buffer overflows
 */
struct scene {
	struct fake f;
	unsigned int received, torn_at, lost_at;
	struct nl nl;
	struct fw_ruleset rs;
	struct fw_edits es;
	struct wgq_err e;
};

static ssize_t scene_recv(void *ctx, int sock, void *buf, size_t len)
{
	struct scene *s = ctx;
	ssize_t n;

	s->received++;
	if (s->received == s->lost_at)
		return -ENOBUFS;
	n = fake_ops.recv(ctx, sock, buf, len);
	if (s->received == s->torn_at)
		((struct nlmsghdr *)buf)->nlmsg_flags |= NLM_F_DUMP_INTR;
	return n;
}

static struct nl_ops scene_ops;

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	scene_ops = fake_ops;
	scene_ops.recv = scene_recv;
	fake_init(&s->f);
	fake_arm(&s->f, NULL);
	nl_init(&s->nl, NETLINK_NETFILTER, &scene_ops, s);
	fake_table_add(&s->f, NFPROTO_IPV4, "filter");
	fake_chain_add(&s->f, NFPROTO_IPV4, FORWARD, "filter", NF_INET_FORWARD,
		       0, NF_DROP);
	fake_chain_add(&s->f, NFPROTO_IPV4, "filter", "USER", "", 0, 0, 0);
	fake_nft_rule_add(&s->f, NFPROTO_IPV4, FORWARD, "eth0", NULL, NF_DROP,
			  "a comment");
	fake_nft_rule_add(&s->f, NFPROTO_IPV4, FORWARD, NULL, "names",
			  NF_ACCEPT, NULL);
	fake_set_add(&s->f, NFPROTO_IPV4, "filter", "unused", "wg7");
	fake_set_add(&s->f, NFPROTO_IPV4, "filter", "names", "wg8");
	fake_table_add(&s->f, NFPROTO_BRIDGE, "other");
	fake_table_add(&s->f, NFPROTO_INET, "fw");
	fake_chain_add(&s->f, NFPROTO_INET, "fw", "in", "filter",
		       NF_INET_LOCAL_IN, -5, NF_ACCEPT);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	nl_done(&s->nl);
	fw_edits_done(&s->es);
	fw_ruleset_done(&s->rs);
	fake_done(&s->f);
	free(s);
	return 0;
}

static int dump(struct scene *s)
{
	fw_ruleset_done(&s->rs);
	s->rs = (struct fw_ruleset){};
	s->e = (struct wgq_err){};
	return nft_dump(&s->nl, &s->rs, &s->e);
}

static unsigned int requests(const struct scene *s, const char *what)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i <= s->f.c->n; i++)
		n += strcmp(s->f.c->log[i].what, what) == 0;
	return n;
}

static void test_dump(void **state)
{
	struct scene *s = *state;
	const struct fw_table *t;
	const struct fw_chain *c;

	assert_int_equal(dump(s), 0);
	assert_int_equal(s->rs.generation, s->f.s->nft.generation);
	assert_int_equal(s->rs.n_table, 2);
	t = fw_table_find(&s->rs, FW_NFT, NFPROTO_INET, "fw");
	assert_non_null(t);
	assert_int_equal(fw_chain_find(t, "in")->priority, -5);
	t = fw_table_find(&s->rs, FW_NFT, NFPROTO_IPV4, "filter");
	assert_non_null(t);
	assert_false(fw_chain_find(t, "USER")->base);
	c = fw_chain_find(t, "FORWARD");
	assert_int_equal(c->policy, FW_S_DROP);
	assert_int_equal(c->n_rule, 2);
	assert_string_equal(c->rule[0]->comment, "a comment");
	assert_string_equal(c->rule[0]->match[0].iface.name, "eth0");
	/* Elements are read of the set that a rule looks up, and no other. */
	assert_int_equal(requests(s, "GETSETELEM"), 1);
	assert_int_equal(fw_set_find(t, "unused")->n_elem, 0);
	assert_int_equal(c->rule[1]->match[0].kind, FW_M_SET);
	assert_ptr_equal(c->rule[1]->match[0].lookup.set,
			 fw_set_find(t, "names"));
	assert_int_equal(fw_set_find(t, "names")->n_elem, 1);
	assert_string_equal((const char *)fw_set_find(t, "names")->elem[0].key,
			    "wg8");
	assert_int_equal(s->f.c->n, 7);
}

static void test_no_nf_tables(void **state)
{
	const struct fake_plan refuse = { .fail = { 1 }, .error = { -EINVAL } };
	struct scene *s = *state;

	fake_arm(&s->f, &refuse);
	assert_int_equal(dump(s), 0);
	assert_int_equal(s->rs.n_table, 0);
	assert_int_equal(s->rs.generation, 0);
	nl_done(&s->nl);
	s->f.s->has_nft = false;
	assert_int_equal(dump(s), 0);
	assert_int_equal(s->rs.n_table, 0);
	assert_int_equal(s->rs.generation, 0);
}

static void test_refused(void **state)
{
	struct scene *s = *state;

	for (unsigned int i = 1; i <= 7; i++) {
		const struct fake_plan refuse = { .fail = { i },
						  .error = { -EPERM } };

		nl_done(&s->nl);
		fake_arm(&s->f, &refuse);
		assert_int_equal(dump(s), -EPERM);
		assert_int_equal(s->rs.n_table, 0);
		assert_string_equal(s->e.msg,
				    "nf_tables: Operation not permitted");
	}
}

/* Somebody commits right before each request in turn: what is read belongs to
 * one generation all the same. */
static void test_changes_while_read(void **state)
{
	struct scene *s = *state;

	for (unsigned int i = 1; i <= 7; i++) {
		const struct fake_plan plan = { .meddle = { i, i } };
		bool there;

		nl_done(&s->nl);
		fake_arm(&s->f, &plan);
		assert_int_equal(dump(s), 0);
		assert_int_equal(s->rs.generation, s->f.s->nft.generation);
		there = fw_table_find(&s->rs, FW_NFT, NFPROTO_IPV4, "meddler");
		assert_int_equal(there, s->f.s->nft.generation % 2 == 0);
		/* Before the first request it is no change at all. */
		assert_int_equal(s->f.c->n > 7, i > 1);
	}
}

static void test_never_stands_still(void **state)
{
	const struct fake_plan plan = { .meddle = { 1, 500 } };
	struct scene *s = *state;

	fake_arm(&s->f, &plan);
	assert_int_equal(dump(s), -EBUSY);
	assert_string_equal(s->e.msg, "nf_tables: the ruleset keeps changing");
	assert_in_range(s->f.c->n, 20, 80);
	assert_int_equal(s->rs.n_table, 0);
}

static void test_torn(void **state)
{
	struct scene *s = *state;
	unsigned int all;

	assert_int_equal(dump(s), 0);
	all = s->received;
	for (unsigned int i = 1; i <= all; i++) {
		nl_done(&s->nl);
		fake_arm(&s->f, NULL);
		s->received = 0;
		s->torn_at = i;
		assert_int_equal(dump(s), 0);
		assert_int_equal(s->rs.n_table, 2);
		assert_int_equal(
			s->rs.table[0]->n_chain + s->rs.table[1]->n_chain, 3);
		/* The first and last answers are no lists. */
		assert_int_equal(s->f.c->n > 7, i > 1 && i < all);
	}
}

static struct fw_edit *accept_from(struct scene *s, const char *table,
				   const char *chain, const char *iif)
{
	struct fw_edit *ed = fw_edit_add(&s->es, FW_E_RULE_ADD, FW_NFT,
					 NFPROTO_IPV4, table, chain);
	struct fw_rule *r = arena_alloc(&s->es.arena, sizeof(*r));

	assert_non_null(ed);
	assert_non_null(r);
	ed->rule = r;
	assert_non_null(fw_match_add(&s->es.arena, r, FW_M_IIF));
	snprintf(r->match->iface.name, sizeof(r->match->iface.name), "%s", iif);
	assert_non_null(fw_stmt_add(&s->es.arena, r, FW_S_ACCEPT));
	r->comment = "wgq:wg0";
	return ed;
}

static int commit(struct scene *s)
{
	const struct fake_plan plan = s->f.c->plan;

	nl_done(&s->nl);
	fake_arm(&s->f, &plan);
	s->received = 0;
	return nft_commit(&s->nl, &s->rs, &s->es, &s->e);
}

static void test_commit(void **state)
{
	struct scene *s = *state;
	const struct fw_chain *c;

	assert_int_equal(dump(s), 0);
	accept_from(s, FORWARD, "wg0")->at = 1;
	accept_from(s, "filter", "USER", "wg1");
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->f.c->datagrams, 1);
	assert_int_equal(dump(s), 0);
	c = fw_chain_find(s->rs.table[0], "FORWARD");
	assert_int_equal(c->n_rule, 3);
	assert_string_equal(c->rule[1]->match[0].iface.name, "wg0");
	assert_string_equal(c->rule[1]->comment, "wgq:wg0");
	assert_int_equal(fw_chain_find(s->rs.table[0], "USER")->n_rule, 1);
}

static void test_nothing_to_commit(void **state)
{
	struct scene *s = *state;

	assert_int_equal(dump(s), 0);
	assert_int_equal(commit(s), 0);
	accept_from(s, FORWARD, "wg0")->backend = FW_LEGACY;
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->f.c->n, 0);
}

static void test_changed_since_read(void **state)
{
	cleanup(buf_done) struct buf before = {}, after = {};
	struct scene *s = *state;

	assert_int_equal(dump(s), 0);
	s->f.s->nft.generation++;
	fake_dump(&s->f, &before);
	accept_from(s, FORWARD, "wg0");
	assert_int_equal(commit(s), -ERESTART);
	assert_string_equal(s->e.msg,
			    "nf_tables: somebody else changed the ruleset");
	fake_dump(&s->f, &after);
	assert_string_equal(after.p, before.p);
	assert_int_equal(dump(s), 0);
	assert_int_equal(commit(s), 0);
}

static void test_owned(void **state)
{
	struct scene *s = *state;

	s->f.s->nft.tables[0].owner = 4711;
	assert_int_equal(dump(s), 0);
	accept_from(s, FORWARD, "wg0");
	assert_int_equal(commit(s), -EPERM);
	assert_non_null(strstr(s->e.msg, "FORWARD"));
	assert_non_null(strstr(s->e.msg, "Operation not permitted"));
	assert_non_null(strstr(s->e.msg, "another process"));
}

/* Each message of the batch in turn: the error names the edit that it is of,
 * and nothing is changed. */
static void test_which_was_refused(void **state)
{
	static const char *const names[] = { "tun0", "tun1", "tun2" };
	cleanup(buf_done) struct buf before = {}, after = {};
	struct scene *s = *state;

	assert_int_equal(dump(s), 0);
	fake_dump(&s->f, &before);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		accept_from(s, FORWARD, names[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		s->f.c->plan = (struct fake_plan){ .fail = { i + 2 },
						   .error = { -ENOSPC } };
		s->e = (struct wgq_err){};
		assert_int_equal(commit(s), -ENOSPC);
		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			assert_int_equal(!!strstr(s->e.msg, names[j]), i == j);
		assert_non_null(strstr(s->e.msg, "No space left"));
	}
	fake_dump(&s->f, &after);
	assert_string_equal(after.p, before.p);
}

/* Of the batch as a whole. */
static void test_all_refused(void **state)
{
	static const struct {
		int error, result;
		const char *text;
	} t[] = {
		{ -EPERM, -EPERM, "nf_tables: Operation not permitted" },
		{ -EOPNOTSUPP, -EOPNOTSUPP, "the kernel has no nf_tables" },
		{ -ENOMEM, -ENOMEM, "nf_tables: Cannot allocate memory" },
	};
	struct scene *s = *state;

	assert_int_equal(dump(s), 0);
	accept_from(s, FORWARD, "wg0");
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		s->f.c->plan = (struct fake_plan){ .fail = { 1 },
						   .error = { t[i].error } };
		s->e = (struct wgq_err){};
		assert_int_equal(commit(s), t[i].result);
		assert_string_equal(s->e.msg, t[i].text);
	}
	s->e = (struct wgq_err){};
	s->f.s->has_nft = false;
	assert_int_equal(commit(s), -EOPNOTSUPP);
	assert_string_equal(s->e.msg, "the kernel has no nf_tables");
}

static void test_answer_is_lost(void **state)
{
	struct scene *s = *state;

	assert_int_equal(dump(s), 0);
	accept_from(s, FORWARD, "wg0");
	s->lost_at = 1;
	assert_int_equal(commit(s), -ENOBUFS);
	assert_non_null(strstr(s->e.msg, "may have been made"));
	/* Refused by reason of the generation: it is known. */
	assert_int_equal(dump(s), 0);
	s->f.c->plan =
		(struct fake_plan){ .fail = { 2 }, .error = { -ENOSPC } };
	assert_int_equal(commit(s), -ENOBUFS);
	assert_non_null(strstr(s->e.msg, "nothing was changed"));
}

static char *run(const char *command)
{
	static char out[65536];
	FILE *p = popen(command, "re");
	size_t n;

	assert_non_null(p);
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	pclose(p);
	return out;
}

static void go_live(struct scene *s)
{
	if (!own_netns() || *run("nft add table ip filter 2>&1")) {
		print_message("no nf_tables in a namespace here\n");
		skip();
	}
	nl_done(&s->nl);
	nl_init(&s->nl, NETLINK_NETFILTER, &nl_kernel_ops, NULL);
	run("nft add chain ip filter FORWARD '{ type filter hook forward "
	    "priority 0; policy drop; }';"
	    "nft add set ip filter s '{ type ifname; elements = { wg8 }; }';"
	    "nft add rule ip filter FORWARD iifname @s drop;"
	    "nft add rule ip filter FORWARD iifname eth0 accept;"
	    "nft add rule ip filter FORWARD iifname '{ wg1, wg2 }' accept");
}

static void test_live(void **state)
{
	struct scene *s = *state;
	struct fw_edit *ed;
	char before[4096];

	go_live(s);
	snprintf(before, sizeof(before), "%s", run("nft -a list ruleset"));
	assert_int_equal(dump(s), 0);
	assert_int_equal(s->rs.n_table, 1);
	assert_int_equal(s->rs.table[0]->chain[0]->n_rule, 3);
	assert_int_equal(fw_set_find(s->rs.table[0], "s")->n_elem, 1);
	accept_from(s, FORWARD, "wg0")->at = 1;
	assert_int_equal(nft_commit(&s->nl, &s->rs, &s->es, &s->e), 0);
	assert_string_equal(run("iptables-nft -C FORWARD -i wg0 -j ACCEPT -m "
				"comment --comment wgq:wg0 2>&1"),
			    "");
	/* Stale by now. */
	assert_int_equal(nft_commit(&s->nl, &s->rs, &s->es, &s->e), -ERESTART);
	assert_int_equal(dump(s), 0);
	fw_edits_done(&s->es);
	ed = fw_edit_add(&s->es, FW_E_RULE_DEL, FW_NFT, NFPROTO_IPV4, FORWARD);
	ed->at = 1;
	ed->rule = s->rs.table[0]->chain[0]->rule[1];
	assert_string_equal(ed->rule->comment, "wgq:wg0");
	assert_int_equal(nft_commit(&s->nl, &s->rs, &s->es, &s->e), 0);
	assert_string_equal(run("nft -a list ruleset"), before);
}

/* More than a send buffer takes by default, and as many refusals as rules. */
static void test_live_large(void **state)
{
	struct scene *s = *state;
	char name[IFNAMSIZ];

	go_live(s);
	assert_int_equal(dump(s), 0);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "w%d", i);
		accept_from(s, FORWARD, name)->append = true;
	}
	assert_int_equal(nft_commit(&s->nl, &s->rs, &s->es, &s->e), 0);
	assert_int_equal(dump(s), 0);
	assert_int_equal(s->rs.table[0]->chain[0]->n_rule, 10003);
	run("nft flush ruleset; nft add table ip filter;"
	    "nft add chain ip filter OTHER");
	/* As if it were the same ruleset still: each rule lacks its chain. */
	fw_edits_done(&s->es);
	for (int i = 0; i < 10000; i++)
		accept_from(s, FORWARD, "wg0")->append = true;
	s->rs.generation = 0;
	assert_int_equal(nft_commit(&s->nl, &s->rs, &s->es, &s->e), -ENOENT);
	assert_non_null(strstr(s->e.msg, "wg0"));
	assert_non_null(strstr(s->e.msg, "chain: No such file"));
}

/* Commit a rule of our own, as its callers have to do it.  A slow machine may
 * find the other at it all the time. */
static int insist(struct scene *s, const char *name, int *restarts)
{
	int ret;

	for (;;) {
		ret = dump(s);
		if (ret == -EBUSY && ++*restarts < 10000)
			continue;
		if (ret)
			return ret;
		fw_edits_done(&s->es);
		accept_from(s, FORWARD, name)->at =
			fw_chain_find(s->rs.table[0], "FORWARD")->n_rule / 2;
		ret = nft_commit(&s->nl, &s->rs, &s->es, &s->e);
		if (ret != -ERESTART)
			return ret;
		++*restarts;
	}
}

static size_t find_other(const struct fw_chain *c)
{
	for (size_t i = 0; i < c->n_rule; i++)
		if (c->rule[i]->n_match &&
		    !strcmp(c->rule[i]->match[0].iface.name, "other"))
			return i;
	return SIZE_MAX;
}

/* Add a rule, delete it, and so on: as nft does, whatever the generation. */
static int write_once(struct scene *s)
{
	struct fw_chain *c;
	struct fw_edit *ed;
	size_t at;
	int ret = dump(s);

	if (ret)
		return ret == -EBUSY ? 0 : ret;
	c = fw_chain_find(s->rs.table[0], "FORWARD");
	at = find_other(c);
	fw_edits_done(&s->es);
	ed = accept_from(s, FORWARD, "other");
	if (at != SIZE_MAX) {
		ed->kind = FW_E_RULE_DEL;
		ed->at = at;
		ed->rule = c->rule[at];
	}
	s->rs.generation = 0;
	return nft_commit(&s->nl, &s->rs, &s->es, &s->e);
}

static void write_always(struct scene *s)
{
	int ret = 0;

	nl_init(&s->nl, NETLINK_NETFILTER, &nl_kernel_ops, NULL);
	for (int i = 0; i < 20000 && ret == 0; i++) {
		ret = write_once(s);
		usleep(1000);
	}
	_exit(ret ? 1 : 0);
}

/* Each of our rules is in there once in the end. */
static void test_live_concurrent(void **state)
{
	struct scene *s = *state;
	char name[IFNAMSIZ], command[128];
	int restarts = 0, ret = 0;
	pid_t pid;

	go_live(s);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		write_always(s);
	}
	for (int i = 0; i < 200 && ret == 0; i++) {
		snprintf(name, sizeof(name), "mine%d", i);
		ret = insist(s, name, &restarts);
		usleep(500);
	}
	/* It has not failed, and so is still at it. */
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	assert_int_equal(ret, 0);
	print_message("%d restarts\n", restarts);
	for (int i = 0; i < 200; i += 13) {
		snprintf(command, sizeof(command),
			 "nft list ruleset | grep -c '\"mine%d\"'", i);
		assert_string_equal(run(command), "1\n");
	}
	assert_string_equal(run("nft list ruleset | grep -c mine"), "200\n");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dump),
		TEST(test_no_nf_tables),
		TEST(test_refused),
		TEST(test_changes_while_read),
		TEST(test_never_stands_still),
		TEST(test_torn),
		TEST(test_commit),
		TEST(test_nothing_to_commit),
		TEST(test_changed_since_read),
		TEST(test_owned),
		TEST(test_which_was_refused),
		TEST(test_all_refused),
		TEST(test_answer_is_lost),
		TEST(test_live),
		TEST(test_live_large),
		TEST(test_live_concurrent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
