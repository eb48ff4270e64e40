// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fw/nft_read.h"

/*
 * Rulesets as managers really make them: each dump of nf_tables is read and
 * told again, and must be what iptables-save said at the same moment.
 */

/**
 * struct tally - what was compared
 * @dumps:	dumps that were read
 * @rules:	rules in them
 * @lines:	lines of rules in files of iptables-save
 * @differ:	lines that came out otherwise
 */
struct tally {
	size_t dumps, rules, lines, differ;
};

static const char *shared(void)
{
	const char *s = getenv("WGQ_SHARED");

	return s ? s : "../shared";
}

/* NULL where there is no such file. */
static char *slurp(const char *path, size_t *ret_len)
{
	cleanup(close_file) FILE *f = fopen(path, "re");
	struct stat st;
	char *p;

	if (!f)
		return NULL;
	assert_int_equal(fstat(fileno(f), &st), 0);
	p = malloc((size_t)st.st_size + 1);
	assert_non_null(p);
	*ret_len = fread(p, 1, (size_t)st.st_size, f);
	assert_int_equal(*ret_len, st.st_size);
	p[*ret_len] = 0;
	return p;
}

static bool load(const char *dir, struct fw_ruleset *rs)
{
	cleanup(free_ptr) char *path = NULL, *dump = NULL;
	struct wgq_err e = { 0 };
	struct nlmsghdr *nlh;
	size_t len;
	int left;

	assert_true(asprintf(&path, "%s/nfnetlink-dump.bin", dir) > 0);
	dump = slurp(path, &len);
	if (!dump)
		return false;
	nlh = (struct nlmsghdr *)dump;
	for (left = (int)len; mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		if (nft_read(rs, nlh, &e) < 0)
			fail_msg("%s: %s", dir, e.msg);
	assert_int_equal(left, 0);
	assert_int_equal(nft_read_end(rs), 0);
	return true;
}

static size_t count_rules(const struct fw_ruleset *rs)
{
	size_t n = 0, i, j;

	for (i = 0; i < rs->n_table; i++)
		for (j = 0; j < rs->table[i]->n_chain; j++)
			n += rs->table[i]->chain[j]->n_rule;
	return n;
}

/* One "-A CHAIN RULE" against the next rule of the chain. */
static void compare_line(const char *dir, const struct fw_ruleset *rs,
			 uint8_t family, const char *table, char *line,
			 size_t *at, struct tally *tally)
{
	cleanup(buf_done) struct buf text = { 0 };
	char *chain = line + 3, *words = strchr(chain, ' ');
	const struct fw_table *t = fw_table_find(rs, FW_NFT, family, table);
	const struct fw_chain *c;

	if (words)
		*words++ = 0;
	else
		words = chain + strlen(chain);
	assert_non_null(t);
	c = fw_chain_find(t, chain);
	assert_non_null(c);
	assert_true(*at < c->n_rule);
	fw_rule_print(c->rule[*at], family, &text);
	(*at)++;
	tally->lines++;
	if (strcmp(text.p ? text.p : "", words) == 0 &&
	    c->rule[*at - 1]->legible)
		return;
	tally->differ++;
	print_message("%s %s\n  iptables: %s\n  here:     %s%s\n", dir, chain,
		      words, text.p, c->rule[*at - 1]->legible ? "" : " (no)");
}

/* Rules of one chain stand together in what iptables-save writes. */
static void compare(const char *dir, const struct fw_ruleset *rs,
		    uint8_t family, const char *file, struct tally *tally)
{
	cleanup(free_ptr) char *path = NULL, *text = NULL;
	char table[32] = "", chain[64] = "", *line, *save = NULL, *name;
	size_t len, at = 0;

	assert_true(asprintf(&path, "%s/%s", dir, file) > 0);
	text = slurp(path, &len);
	if (!text)
		return;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (*line == '*')
			snprintf(table, sizeof(table), "%s", line + 1);
		if (strncmp(line, "-A ", 3) != 0)
			continue;
		name = strndup(line + 3, strcspn(line + 3, " "));
		if (strcmp(name, chain) != 0)
			at = 0;
		snprintf(chain, sizeof(chain), "%s", name);
		free(name);
		compare_line(dir, rs, family, table, line, &at, tally);
	}
}

static void test_fixtures(void **state)
{
	cleanup(free_ptr) char *root = NULL;
	struct tally tally = { 0 };
	struct dirent *d;
	DIR *dir;

	(void)state;
	assert_true(asprintf(&root, "%s/firewalls", shared()) > 0);
	dir = opendir(root);
	if (!dir) {
		print_message("no %s: not compared\n", root);
		skip();
	}
	while ((d = readdir(dir))) {
		cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
		cleanup(free_ptr) char *path = NULL;

		assert_true(asprintf(&path, "%s/%s", root, d->d_name) > 0);
		if (*d->d_name == '.' || !load(path, &rs))
			continue;
		tally.dumps++;
		tally.rules += count_rules(&rs);
		compare(path, &rs, NFPROTO_IPV4, "iptables-save.txt", &tally);
		compare(path, &rs, NFPROTO_IPV6, "ip6tables-save.txt", &tally);
	}
	closedir(dir);
	print_message("%zu dumps, %zu rules, %zu lines of iptables, "
		      "%zu differ\n",
		      tally.dumps, tally.rules, tally.lines, tally.differ);
	assert_true(tally.dumps > 0 && tally.lines > 0);
	assert_int_equal(tally.differ, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
