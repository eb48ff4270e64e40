// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>

#include <linux/netfilter.h>

#include "base/cleanup.h"
#include "fw/ipt.h"

/* struct host - a ruleset in memory and how the last command ended on it */
struct host {
	struct fw_ruleset rs;
	struct arena a;
	enum fw_backend backend;
	enum ipt_result result;
	struct ipt_failure why;
	struct buf told; /* the edits as commands, a line each */
};

static void host_done(struct host *h)
{
	fw_ruleset_done(&h->rs);
	arena_done(&h->a);
	buf_done(&h->told);
}

/* Carry out "iptables ..." of words without quotes, in memory. */
static void run(struct host *h, const char *line)
{
	cleanup(fw_edits_done) struct fw_edits es = {};
	char *s = arena_strndup(&h->a, line, strlen(line)), *w;
	struct ipt_command cmd;
	struct wgq_err e = {};
	const char *v[64];
	uint8_t family;
	enum fw_backend b;
	bool fixed;
	size_t n = 0, i;

	while ((w = strsep(&s, " ")))
		v[n++] = w;
	assert_true(ipt_names(v[0], &family, &b, &fixed));
	h->why = (struct ipt_failure){};
	buf_reset(&h->told);
	h->result = ipt_parse(family, h->backend, &v[1], n - 1, &h->a, &cmd,
			      &h->why);
	if (h->result == IPT_OK)
		h->result = ipt_plan(&cmd, &h->rs, &es, &h->a, &h->why);
	if (h->result != IPT_OK)
		return;
	for (i = 0; i < es.n; i++) {
		fw_edit_print(&es.v[i], &h->told);
		buf_addc(&h->told, '\n');
		assert_int_equal(fw_edit_apply(&h->rs, &es.v[i], &e), 0);
	}
}

static void assert_ok(struct host *h, const char *line)
{
	run(h, line);
	if (h->result != IPT_OK)
		fail_msg("%s: %s", line, h->why.text);
}

static void assert_fails(struct host *h, const char *line, int status,
			 const char *text)
{
	run(h, line);
	assert_int_equal(h->result, IPT_FAILS);
	assert_int_equal(h->why.status, status);
	assert_string_equal(h->why.text, text);
}

/* The rules of chain FORWARD of table filter, or of another. */
static void assert_rules(struct host *h, const char *table, const char *chain,
			 const char *text)
{
	cleanup(buf_done) struct buf b = {};
	struct fw_table *t;
	struct fw_chain *c;
	size_t i;

	t = fw_table_find(&h->rs, h->backend, NFPROTO_IPV4, table);
	assert_non_null(t);
	c = fw_chain_find(t, chain);
	assert_non_null(c);
	for (i = 0; i < c->n_rule; i++) {
		fw_rule_print(c->rule[i], NFPROTO_IPV4, &b);
		buf_addc(&b, '\n');
	}
	assert_string_equal(b.p ? b.p : "", text);
}

#define TRY "\nTry `iptables -h' or 'iptables --help' for more information."

static void names(void **state)
{
	uint8_t family;
	enum fw_backend b;
	bool fixed;

	(void)state;
	assert_true(ipt_names("/sbin/ip6tables-legacy", &family, &b, &fixed));
	assert_int_equal(family, NFPROTO_IPV6);
	assert_int_equal(b, FW_LEGACY);
	assert_true(fixed);
	assert_true(ipt_names("iptables", &family, &b, &fixed));
	assert_false(fixed);
	assert_false(ipt_names("iptables-save", &family, &b, &fixed));
	assert_false(ipt_names("ip", &family, &b, &fixed));
}

static void rules_come_and_go(void **state)
{
	cleanup(host_done) struct host h = {};

	(void)state;
	assert_ok(&h, "iptables -A FORWARD -i wg0 -j ACCEPT");
	assert_string_equal(h.told.p, "iptables -L\n"
				      "iptables -P FORWARD ACCEPT\n"
				      "iptables -A FORWARD -i wg0 -j ACCEPT\n");
	assert_ok(&h, "iptables -I FORWARD 2 -s 10.0.0.9/24,10.1.0.0/16 -p tcp "
		      "--dport 22 -j DROP");
	assert_rules(&h, "filter", "FORWARD",
		     "-i wg0 -j ACCEPT\n"
		     "-s 10.1.0.0/16 -p tcp -m tcp --dport 22 -j DROP\n"
		     "-s 10.0.0.0/24 -p tcp -m tcp --dport 22 -j DROP\n");
	assert_ok(&h, "iptables -C FORWARD -j ACCEPT -i wg0");
	assert_ok(&h, "iptables -D FORWARD -p tcp --destination-port ssh -s "
		      "10.0.0.0/255.255.255.0 --jump DROP");
	assert_ok(&h, "iptables -R FORWARD 2 ! -o eth+ -j RETURN");
	assert_ok(&h, "iptables -D FORWARD 1");
	assert_rules(&h, "filter", "FORWARD", "! -o eth+ -j RETURN\n");
	assert_ok(&h, "iptables -F");
	assert_rules(&h, "filter", "FORWARD", "");
}

static void chains_come_and_go(void **state)
{
	cleanup(host_done) struct host h = {};

	(void)state;
	assert_ok(&h, "iptables -N A");
	assert_ok(&h, "iptables -A FORWARD -j A");
	assert_fails(&h, "iptables -N A", 1, "iptables: Chain already exists.");
	assert_fails(&h, "iptables -X A", 4,
		     "iptables v1.8.9 (nf_tables):  CHAIN_DEL failed (Device "
		     "or resource busy): chain A");
	assert_ok(&h, "iptables -E A B");
	assert_rules(&h, "filter", "FORWARD", "-j B\n");
	assert_fails(&h, "iptables -A B -j B", 4,
		     "iptables v1.8.9 (nf_tables):  RULE_APPEND failed (Too "
		     "many links): rule in chain B");
	assert_ok(&h, "iptables -F FORWARD");
	assert_ok(&h, "iptables -X");
	assert_fails(&h, "iptables -F B", 1,
		     "iptables: No chain/target/match by that name.");
}

static void mistakes(void **state)
{
	static const struct {
		const char *line, *text;
		int status;
	} v[] = {
		{ "iptables -A FORWARD --dport 22",
		  "iptables v1.8.9 (nf_tables): unknown option "
		  "\"--dport\"" TRY,
		  2 },
		{ "iptables -A FORWARD -p tcp --d 22",
		  "iptables v1.8.9 (nf_tables): unknown option \"--d\"" TRY,
		  2 },
		{ "iptables -A FORWARD -s ! 10.0.0.0/8",
		  "Bad argument `10.0.0.0/8'" TRY, 2 },
		{ "iptables -A FORWARD -s 10.0.0.0/a",
		  "iptables v1.8.9 (nf_tables): invalid mask `a' "
		  "specified" TRY,
		  2 },
		{ "iptables -A FORWARD -p tcp --dport 70000",
		  "iptables v1.8.9 (nf_tables): invalid port/service `70000' "
		  "specified" TRY,
		  2 },
		{ "iptables -A INPUT -o wg0",
		  "iptables v1.8.9 (nf_tables): Can't use -o with INPUT\n" TRY,
		  2 },
		{ "iptables -D FORWARD 1 -j ACCEPT",
		  "iptables v1.8.9 (nf_tables): Illegal option `-j' with this "
		  "command" TRY,
		  2 },
		{ "iptables -t foo -F",
		  "iptables v1.8.9 (nf_tables): table 'foo' does not exist\n"
		  "Perhaps iptables or your kernel needs to be upgraded.",
		  3 },
		{ "iptables -A FORWARD -j FOO",
		  "iptables v1.8.9 (nf_tables): Chain 'FOO' does not "
		  "exist" TRY,
		  2 },
		{ "iptables -A FORWARD -j MASQUERADE",
		  "iptables v1.8.9 (nf_tables):  RULE_APPEND failed (Invalid "
		  "argument): rule in chain FORWARD",
		  4 },
		{ "iptables -D FORWARD -j ACCEPT",
		  "iptables: Bad rule (does a matching rule exist in that "
		  "chain?).",
		  1 },
		{ "iptables -I FORWARD 2 -j ACCEPT",
		  "iptables: Index of insertion too big.", 1 },
		{ "iptables -P FOO DROP", "iptables: Bad built-in chain name.",
		  1 },
		{ "iptables -A NOPE -j ACCEPT",
		  "iptables: No chain/target/match by that name.", 1 },
	};
	cleanup(host_done) struct host h = {};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(v); i++)
		assert_fails(&h, v[i].line, v[i].status, v[i].text);
	h.backend = FW_LEGACY;
	assert_fails(&h, "iptables -A FORWARD -j FOO", 2,
		     "iptables v1.8.9 (legacy): Couldn't load target `FOO':No "
		     "such file or directory\n" TRY);
	assert_fails(&h, "iptables -t nat -D POSTROUTING -j MASQUERADE", 1,
		     "iptables: No chain/target/match by that name.");
}

static void the_unknown_is_said_to_be(void **state)
{
	static const char *const v[] = {
		"iptables -L",
		"iptables -A FORWARD -m owner --uid-owner 0",
		"iptables -A FORWARD -s example.net -j ACCEPT",
		"iptables -A FORWARD -p tcp --dport a-service",
		"iptables -A FORWARD -j NFLOG",
		"iptables -v -A FORWARD",
	};
	cleanup(host_done) struct host h = {};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		run(&h, v[i]);
		assert_int_equal(h.result, IPT_UNKNOWN);
		assert_non_null(h.why.text);
	}
}

static void legacy_tables_have_chains(void **state)
{
	cleanup(host_done) struct host h = { .backend = FW_LEGACY };

	(void)state;
	assert_ok(&h, "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE");
	assert_string_equal(h.told.p,
			    "iptables-legacy -t nat -L\n"
			    "iptables-legacy -t nat -A POSTROUTING -o eth0 -j "
			    "MASQUERADE\n");
	assert_rules(&h, "nat", "PREROUTING", "");
	assert_rules(&h, "nat", "POSTROUTING", "-o eth0 -j MASQUERADE\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(rules_come_and_go),
		cmocka_unit_test(chains_come_and_go),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(the_unknown_is_said_to_be),
		cmocka_unit_test(legacy_tables_have_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
