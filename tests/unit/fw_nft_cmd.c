// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"
#include "fw/nft_attr.h"
#include "fw/nft_cmd.h"
#include "fw/nft_expr.h"
#include "fw/nft_read.h"

static enum nft_result parse(struct arena *a, const char *text,
			     struct nft_cmds *cs, const char **why)
{
	const char *as_nft, *argv[1] = { text };

	*cs = (struct nft_cmds){ 0 };
	return nft_cmd_parse(argv, 1, a, cs, &as_nft, why);
}

static void says_no_more_than_it_knows(void **state)
{
	static const struct {
		const char *text;
		enum nft_result result;
	} texts[] = {
		{ "add table ip t", NFT_CMD_OK },
		{ "add table t", NFT_CMD_OK },
		{ "add table ip mark", NFT_CMD_UNKNOWN },
		{ "add table bridge t", NFT_CMD_UNKNOWN },
		{ "list ruleset", NFT_CMD_UNKNOWN },
		{ "-e add table t", NFT_CMD_UNKNOWN },
		{ "add chain t c { type nat hook input priority 0; }",
		  NFT_CMD_OK },
		{ "add chain t c { type nat hook input priority 0 }",
		  NFT_CMD_UNKNOWN },
		{ "add chain t c { type nat hook input priority srcnat; }",
		  NFT_CMD_UNKNOWN },
		{ "add rule t c accept", NFT_CMD_OK },
		{ "add rule t c", NFT_CMD_UNKNOWN },
		{ "add rule t c accept drop", NFT_CMD_UNKNOWN },
		{ "add rule t c tcp dport 80 udp dport 80", NFT_CMD_UNKNOWN },
		{ "add rule t c ip6 saddr fd00::1", NFT_CMD_UNKNOWN },
		{ "add rule inet t c ip6 saddr fd00::1", NFT_CMD_OK },
		{ "add rule inet t c dnat to 10.0.0.1", NFT_CMD_UNKNOWN },
		{ "add rule t c ip saddr 10.0.0.0/33", NFT_CMD_UNKNOWN },
		{ "add rule t c tcp dport 9-8", NFT_CMD_UNKNOWN },
		{ "add rule t c tcp dport { 1, 2-3 }", NFT_CMD_UNKNOWN },
		{ "add rule t c tcp dport { 1, 3-4 }", NFT_CMD_OK },
		{ "add rule t c dnat to 10.0.0.1:80", NFT_CMD_UNKNOWN },
		{ "add rule t c iifname \"a\\\"b\"", NFT_CMD_UNKNOWN },
		{ "delete rule t c handle 5", NFT_CMD_OK },
		{ "delete rule t c iifname wg0", NFT_CMD_FAILS },
		{ "delete rule t c wg0", NFT_CMD_UNKNOWN },
		{ "add table t; foo", NFT_CMD_UNKNOWN },
		{ "", NFT_CMD_UNKNOWN },
	};
	cleanup(arena_done) struct arena a = { 0 };
	struct nft_cmds cs;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (parse(&a, texts[i].text, &cs, &why) != texts[i].result)
			fail_msg("%s", texts[i].text);
	parse(&a, "delete rule t c iifname wg0", &cs, &why);
	assert_string_equal(
		why, "syntax error, unexpected iifname, expecting handle");
}

static void reads_statements(void **state)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct nft_cmds cs;
	const char *why;

	(void)state;
	assert_int_equal(
		parse(&a,
		      "add table inet t;\nadd chain inet t c { type nat hook "
		      "postrouting priority srcnat - 1; policy drop; } ; "
		      "insert rule inet t c index 3 oif lo accept",
		      &cs, &why),
		NFT_CMD_UNKNOWN);
	assert_int_equal(
		parse(&a,
		      "add table inet t;\nadd chain inet t c { type nat hook "
		      "postrouting priority srcnat - 1; policy drop; } ; "
		      "insert rule inet t c handle 3 oif lo accept",
		      &cs, &why),
		NFT_CMD_OK);
	assert_int_equal(cs.n, 3);
	assert_int_equal(cs.v[0].family, NFPROTO_INET);
	assert_true(cs.v[1].base && cs.v[1].has_policy);
	assert_int_equal(cs.v[1].hook, FW_POSTROUTING);
	assert_int_equal(cs.v[1].priority, 99);
	assert_int_equal(cs.v[1].policy, FW_S_DROP);
	assert_int_equal(cs.v[2].verb, NFT_DO_INSERT);
	assert_int_equal(cs.v[2].place, NFT_AT_HANDLE);
	assert_int_equal(cs.v[2].number, 3);
	assert_int_equal(cs.v[2].n_ifref, 1);
	assert_string_equal(cs.v[2].ifref[0].name, "lo");
}

/* What is written is read again as what it says. */
static void writes_what_it_reads(void **state)
{
	static const char *const texts[][2] = {
		{ "iifname \"wg*\" accept", "-i wg+ -j ACCEPT" },
		{ "ip saddr 10.0.0.0/23 drop", "-s 10.0.0.0/23 -j DROP" },
		{ "ip daddr != 10.0.0.0/8 return",
		  "! -d 10.0.0.0/8 -j RETURN" },
		{ "ct state established,related accept",
		  "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT" },
		{ "oifname eth0 masquerade random",
		  "-o eth0 -j MASQUERADE --random" },
		{ "snat to 10.0.0.1-10.0.0.3",
		  "-j SNAT --to-source 10.0.0.1-10.0.0.3" },
		{ "mark and 0xff == 5 jump x", "-m mark --mark 0x5/0xff -j x" },
		{ "tcp flags syn / syn,rst tcp option maxseg size set rt mtu",
		  "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS "
		  "--clamp-mss-to-pmtu" },
		{ "tcp dport 80 dnat to 10.0.0.1:8080",
		  "-p tcp -m tcp --dport 80 -j DNAT --to-destination "
		  "10.0.0.1:8080" },
		{ "meta mark set mark and 0xff00 or 3",
		  "-j MARK --set-xmark 0x3/0xffff00ff" },
		{ "fib daddr type local drop",
		  "-m addrtype --dst-type LOCAL -j DROP" },
		{ "reject with icmp host-prohibited",
		  "-j REJECT --reject-with icmp-host-prohibited" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup(arena_done) struct arena a = { 0 };
		cleanup(buf_done) struct buf nest = { 0 }, out = { 0 };
		struct fw_table t = { .family = NFPROTO_IPV4 };
		struct fw_rule r = { 0 };
		struct nft_cmds cs;
		const char *why;
		size_t at;

		assert_int_equal(
			parse(&a,
			      arena_printf(&a, "add rule t c %s", texts[i][0]),
			      &cs, &why),
			NFT_CMD_OK);
		at = nft_nest(&nest, NFTA_RULE_EXPRESSIONS);
		buf_add(&nest, cs.v[0].expr, cs.v[0].len);
		nft_nest_end(&nest, at);
		assert_int_equal(
			nft_expr_read(&a, &t, (const void *)nest.p, &r), 0);
		fw_rule_print(&r, NFPROTO_IPV4, &out);
		assert_string_equal(out.p, texts[i][1]);
	}
}

/* The messages of a transaction, read as if the kernel had them. */
static void builds_a_transaction(void **state)
{
	cleanup(arena_done) struct arena a = { 0 };
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(buf_done) struct buf out = { 0 };
	const struct nlmsghdr *nlh;
	const struct fw_chain *c;
	struct wgq_err e = { 0 };
	struct nft_cmds cs;
	const char *why;
	int left;

	(void)state;
	assert_int_equal(
		parse(&a,
		      "add table t; add chain t c { type filter hook input "
		      "priority 5; policy drop; }; add rule t c tcp dport { 2, "
		      "5-9 } accept comment \"x y\"",
		      &cs, &why),
		NFT_CMD_OK);
	cs.v[2].tag = 0x1234567890;
	nft_cmd_build(&cs, 7, &out);
	assert_false(out.failed);
	left = (int)out.len;
	for (nlh = (const void *)out.p; mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		if (NFNL_SUBSYS_ID(nlh->nlmsg_type) == NFNL_SUBSYS_NFTABLES)
			assert_int_equal(nft_read(&rs, nlh, &e), 0);
	assert_int_equal(left, 0);
	assert_int_equal(nft_read_end(&rs), 0);
	c = fw_chain_find(rs.table[0], "c");
	assert_non_null(c);
	assert_int_equal(c->policy, FW_S_DROP);
	assert_int_equal(c->priority, 5);
	assert_int_equal(c->n_rule, 1);
	assert_string_equal(c->rule[0]->comment, "x y");
	assert_int_equal(c->rule[0]->tag, 0x1234567890);
	assert_int_equal(rs.table[0]->n_set, 1);
	assert_int_equal(rs.table[0]->set[0]->n_elem, 2);
	assert_memory_equal(rs.table[0]->set[0]->elem[1].key_end, "\0\11", 2);
}

/* What undo writes down comes out as the same bytes. */
static void takes_back_expressions(void **state)
{
	cleanup(arena_done) struct arena a = { 0 };
	cleanup(buf_done) struct buf hex = { 0 };
	struct nft_cmds cs, again;
	const char *why;
	size_t i;

	(void)state;
	assert_int_equal(parse(&a, "add rule t c counter drop", &cs, &why),
			 NFT_CMD_OK);
	buf_adds(&hex, "insert rule t c wgq ");
	for (i = 0; i < cs.v[0].len; i++)
		buf_addf(&hex, "%02x", cs.v[0].expr[i]);
	buf_adds(&hex, " 5f comment \"a\"");
	assert_int_equal(parse(&a, hex.p, &again, &why), NFT_CMD_OK);
	assert_int_equal(again.v[0].len, cs.v[0].len);
	assert_memory_equal(again.v[0].expr, cs.v[0].expr, cs.v[0].len);
	assert_int_equal(again.v[0].tag, 0x5f);
	assert_string_equal(again.v[0].comment, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_no_more_than_it_knows),
		cmocka_unit_test(reads_statements),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(builds_a_transaction),
		cmocka_unit_test(takes_back_expressions),
	};

	return cmocka_run_group_tests_name("fw_nft_cmd", tests, NULL, NULL);
}
