// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lib_netlink.h"
#include "net/spoof.h"

/* What nft 1.0.6 sends for wg-quick's commands, but that a stale table is
 * deleted and made anew in between. */

#define STALE_V4                                                           \
	"28000000020a01000000000000000000020000001100010077672d717569636b" \
	"2d77673000000000"                                                 \
	"30000000000a01000000000000000000020000001100010077672d717569636b" \
	"2d776730000000000800020000000000"

#define STALE_V6                                                           \
	"28000000020a010000000000000000000a0000001100010077672d717569636b" \
	"2d77673000000000"                                                 \
	"30000000000a010000000000000000000a0000001100010077672d717569636b" \
	"2d776730000000000800020000000000"

static const char golden_v4[] =
	"140000001000010000000000000000000000000a"
	"30000000000a01000100000000000000020000001100010077672d717569636b"
	"2d776730000000000800020000000000" STALE_V4
	"54000000030a01040200000000000000020000001100010077672d717569636b"
	"2d776730000000000b00030070726572617700000b00070066696c7465720000"
	"14000480080001000000000008000200fffffed4"
	"58000000030a01040300000000000000020000001100010077672d717569636b"
	"2d776730000000000e0003007072656d616e676c650000000b00070066696c74"
	"6572000014000480080001000000000008000200ffffff6a"
	"58000000030a01040400000000000000020000001100010077672d717569636b"
	"2d776730000000000f000300706f73746d616e676c6500000b00070066696c74"
	"6572000014000480080001000000000408000200ffffff6a"
	"78010000060a010c0500000000000000020000001100010077672d717569636b"
	"2d776730000000000b0002007072657261770000440104802400018009000100"
	"6d65746100000000140002800800020000000006080001000000000138000180"
	"08000100636d70002c0002800800010000000001080002000000000118000380"
	"1400010077673000000000000000000000000000340001800c0001007061796c"
	"6f61640024000280080001000000000108000200000000010800030000000010"
	"08000400000000042c00018008000100636d7000200002800800010000000001"
	"08000200000000000c000380080001000a090002280001800800010066696200"
	"1c0002800800030000000001080002000000000308000100000000012c000180"
	"08000100636d700020000280080001000000000108000200000000010c000380"
	"0800010002000000300001800e000100696d6d6564696174650000001c000280"
	"0800010000000000100002800c0002800800010000000000"
	"20010000060a010c0600000000000000020000001100010077672d717569636b"
	"2d776730000000000f000200706f73746d616e676c650000e800048024000180"
	"090001006d657461000000001400028008000200000000100800010000000001"
	"2c00018008000100636d70002000028008000100000000010800020000000000"
	"0c000380050001001100000024000180090001006d6574610000000014000280"
	"080002000000000308000100000000012c00018008000100636d700020000280"
	"080001000000000108000200000000000c000380080001006cca000024000180"
	"090001006d657461000000001400028008000200000000030800010000000001"
	"2000018007000100637400001400028008000200000000030800040000000001"
	"d0000000060a010c0700000000000000020000001100010077672d717569636b"
	"2d776730000000000e0002007072656d616e676c650000009800048024000180"
	"090001006d657461000000001400028008000200000000100800010000000001"
	"2c00018008000100636d70002000028008000100000000010800020000000000"
	"0c00038005000100110000002000018007000100637400001400028008000200"
	"00000003080001000000000124000180090001006d6574610000000014000280"
	"08000200000000030800030000000001"
	"140000001100010008000000000000000000000a";

static const char golden_v6[] =
	"140000001000010000000000000000000000000a"
	"30000000000a010001000000000000000a0000001100010077672d717569636b"
	"2d776730000000000800020000000000" STALE_V6
	"54000000030a010402000000000000000a0000001100010077672d717569636b"
	"2d776730000000000b00030070726572617700000b00070066696c7465720000"
	"14000480080001000000000008000200fffffed4"
	"58000000030a010403000000000000000a0000001100010077672d717569636b"
	"2d776730000000000e0003007072656d616e676c650000000b00070066696c74"
	"6572000014000480080001000000000008000200ffffff6a"
	"58000000030a010404000000000000000a0000001100010077672d717569636b"
	"2d776730000000000f000300706f73746d616e676c6500000b00070066696c74"
	"6572000014000480080001000000000408000200ffffff6a"
	"84010000060a010c05000000000000000a0000001100010077672d717569636b"
	"2d776730000000000b0002007072657261770000500104802400018009000100"
	"6d65746100000000140002800800020000000006080001000000000138000180"
	"08000100636d70002c0002800800010000000001080002000000000118000380"
	"1400010077673000000000000000000000000000340001800c0001007061796c"
	"6f61640024000280080001000000000108000200000000010800030000000018"
	"08000400000000103800018008000100636d70002c0002800800010000000001"
	"08000200000000001800038014000100fd000009000000000000000000000002"
	"2800018008000100666962001c00028008000300000000010800020000000003"
	"08000100000000012c00018008000100636d7000200002800800010000000001"
	"08000200000000010c0003800800010002000000300001800e000100696d6d65"
	"64696174650000001c0002800800010000000000100002800c00028008000100"
	"00000000"
	"20010000060a010c06000000000000000a0000001100010077672d717569636b"
	"2d776730000000000f000200706f73746d616e676c650000e800048024000180"
	"090001006d657461000000001400028008000200000000100800010000000001"
	"2c00018008000100636d70002000028008000100000000010800020000000000"
	"0c000380050001001100000024000180090001006d6574610000000014000280"
	"080002000000000308000100000000012c00018008000100636d700020000280"
	"080001000000000108000200000000000c000380080001006cca000024000180"
	"090001006d657461000000001400028008000200000000030800010000000001"
	"2000018007000100637400001400028008000200000000030800040000000001"
	"d0000000060a010c07000000000000000a0000001100010077672d717569636b"
	"2d776730000000000e0002007072656d616e676c650000009800048024000180"
	"090001006d657461000000001400028008000200000000100800010000000001"
	"2c00018008000100636d70002000028008000100000000010800020000000000"
	"0c00038005000100110000002000018007000100637400001400028008000200"
	"00000003080001000000000124000180090001006d6574610000000014000280"
	"08000200000000030800030000000001"
	"140000001100010008000000000000000000000a";

/* A rule of wg-quick's as iptables-restore 1.8.9 leaves it, and as the kernel
 * lists it. */
static const char golden_rule[] =
	"ac020000060a020800000000673e00000200000308000100726177000f000200"
	"505245524f5554494e4700000c00030000000000000000027402040024000100"
	"090001006d657461000000001400020008000200000000060800010000000001"
	"2c00010008000100636d70002000020008000100000000010800020000000001"
	"0c0003000800010077673000340001000c0001007061796c6f61640024000200"
	"0800010000000001080002000000000108000300000000100800040000000004"
	"2c00010008000100636d70002000020008000100000000010800020000000000"
	"0c000300080001000a090002380001000a0001006d6174636800000028000200"
	"0d00010061646472747970650000000008000200000000010c00030004000000"
	"010000002c0101000a0001006d617463680000001c0102000c000100636f6d6d"
	"656e740008000200000000000401030077672d717569636b2838292072756c65"
	"20666f7220776730000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"000000000000000000000000000000002c0001000c000100636f756e74657200"
	"1c0002000c00010000000000000000000c000200000000000000000030000100"
	"0e000100696d6d6564696174650000001c000200080001000000000010000200"
	"0c0002000800010000000000";

static struct addr ip(const char *s)
{
	struct addr a = { .family = strchr(s, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(a.family, s, a.b), 1);
	a.plen = addr_bits(a.family);
	return a;
}

static void test_build_add(void **state)
{
	struct addr addresses[] = { ip("10.9.0.2"), ip("fd00:9::2") };
	struct spoof s = { AF_INET, "wg0", 51820, addresses, 2 };
	struct buf out = {};

	(void)state;
	assert_int_equal(spoof_build_add(&s, &out), 0);
	assert_messages(out.p, out.len, golden_v4);
	buf_done(&out);
	s.family = AF_INET6;
	assert_int_equal(spoof_build_add(&s, &out), 0);
	assert_messages(out.p, out.len, golden_v6);
	buf_done(&out);
}

static void test_build_del(void **state)
{
	struct buf out = {};

	(void)state;
	assert_int_equal(
		spoof_build_del("wg0", 1u << NFPROTO_INET | 1u << NFPROTO_IPV4,
				&out),
		0);
	assert_messages(
		out.p, out.len,
		"140000001000010000000000000000000000000a"
		"30000000000a01000000000000000000010000001100010077672d71"
		"7569636b2d776730000000000800020000000000"
		"28000000020a01000000000000000000010000001100010077672d71"
		"7569636b2d77673000000000"
		"30000000000a01000000000000000000020000001100010077672d71"
		"7569636b2d776730000000000800020000000000"
		"28000000020a01000000000000000000020000001100010077672d71"
		"7569636b2d77673000000000"
		"140000001100010000000000000000000000000a");
	buf_done(&out);
}

static void test_comment(void **state)
{
	char comment[256];
	uint8_t *buf;
	size_t len;

	(void)state;
	buf = hex(golden_rule, &len);
	assert_true(spoof_rule_comment((struct nlmsghdr *)buf, comment,
				       sizeof(comment)));
	assert_string_equal(comment, "wg-quick(8) rule for wg0");
	assert_true(spoof_rule_comment((struct nlmsghdr *)buf, comment, 9));
	assert_string_equal(comment, "wg-quick");
	((struct nlmsghdr *)buf)->nlmsg_type++;
	assert_false(spoof_rule_comment((struct nlmsghdr *)buf, comment, 9));
	free(buf);
	/* User data: one of another type, then the comment, "abc" and a NUL;
	 * then one whose length lies. */
	buf = hex("28000000060a000000000000000000000200000012000700"
		  "01020000"
		  "00046162"
		  "63000105"
		  "00000000",
		  &len);
	assert_true(spoof_rule_comment((struct nlmsghdr *)buf, comment,
				       sizeof(comment)));
	assert_string_equal(comment, "abc");
	free(buf);
	buf = hex("20000000060a000000000000000000000200000009000700"
		  "00046162"
		  "63000000",
		  &len);
	assert_false(spoof_rule_comment((struct nlmsghdr *)buf, comment,
					sizeof(comment)));
	free(buf);
}

static void read_comment(void *ctx, const struct nlmsghdr *nlh)
{
	char comment[64];
	int *n = ctx;

	*n += spoof_rule_comment(nlh, comment, sizeof(comment));
}

static void test_comment_truncated(void **state)
{
	uint8_t *buf;
	size_t len;
	int n = 0;

	(void)state;
	buf = hex(golden_rule, &len);
	each_truncation(buf, len, read_comment, &n);
	assert_true(n > 0);
	free(buf);
}

/* The kernel as it answers without nf_tables, or with less of it. */
static void refuses(struct fake_nl *f, const struct nlmsghdr *req)
{
	const int *error = f->ctx;

	if (f->msgs == 1 || *error == -ENOENT)
		fake_nl_ack(f, req, *error, NULL, 0);
}

static void test_without_nf_tables(void **state)
{
	int error = -EOPNOTSUPP;
	struct fake_nl f = { .handle = refuses, .ctx = &error };
	struct spoof s = { .family = AF_INET, .ifname = "wg0", .mark = 1 };
	uint32_t families = 42;
	struct wgq_err e = {};
	struct nl nl;

	(void)state;
	nl_init(&nl, NETLINK_NETFILTER, &fake_nl_ops, &f);
	assert_int_equal(spoof_add(&nl, &s, &e), -EOPNOTSUPP);
	assert_string_equal(e.msg, "the kernel has no nf_tables");
	nl_done(&nl);
	error = -ENOENT;
	e = (struct wgq_err){};
	assert_int_equal(spoof_add(&nl, &s, &e), -EOPNOTSUPP);
	assert_non_null(strstr(e.msg, "lacks"));
	nl_done(&nl);
	error = -EPERM;
	e = (struct wgq_err){};
	f.msgs = 0;
	assert_int_equal(spoof_add(&nl, &s, &e), -EPERM);
	assert_string_equal(e.msg, "nf_tables: Operation not permitted");
	nl_done(&nl);
	e = (struct wgq_err){};
	f.msgs = 0;
	assert_int_equal(spoof_find(&nl, "wg0", &families, &e), -EPERM);
	assert_int_equal(families, 42);
	nl_done(&nl);
	error = -EINVAL;
	e = (struct wgq_err){};
	f.msgs = 0;
	assert_int_equal(spoof_find(&nl, "wg0", &families, &e), 0);
	assert_int_equal(families, 0);
	nl_done(&nl);
	f.open_error = -EPROTONOSUPPORT;
	families = 42;
	assert_int_equal(spoof_find_iptables(&nl, "wg0", &families, &e), 0);
	assert_int_equal(families, 0);
	assert_int_equal(spoof_add(&nl, &s, &e), -EOPNOTSUPP);
	assert_string_equal(e.msg, "the kernel has no nf_tables");
	nl_done(&nl);
	fake_nl_done(&f);
}

/* A kernel that does not filter by table: every IPv4 list holds the rule. */
static void lists_unfiltered(struct fake_nl *f, const struct nlmsghdr *req)
{
	const struct nfgenmsg *nfg = NLMSG_DATA(req);
	int *deleted = f->ctx;
	uint8_t *rule;
	size_t len;

	switch (req->nlmsg_type & 0xff) {
	case NFT_MSG_GETRULE:
		rule = hex(golden_rule, &len);
		if (nfg->nfgen_family == NFPROTO_IPV4)
			fake_nl_reply(f, req,
				      NFNL_SUBSYS_NFTABLES << 8 |
					      NFT_MSG_NEWRULE,
				      NLM_F_MULTI, rule + NLMSG_HDRLEN,
				      len - NLMSG_HDRLEN);
		fake_nl_end(f, req, 0, 0);
		free(rule);
		break;
	case NFT_MSG_DELRULE:
		assert_messages(req, req->nlmsg_len,
				"38000000080a05000000000000000000020000000800"
				"0100726177000f000200505245524f5554494e470000"
				"0c0003000000000000000002");
		++*deleted;
		fake_nl_ack(f, req, 0, NULL, 0);
		break;
	}
}

static void test_iptables_unfiltered(void **state)
{
	int deleted = 0;
	struct fake_nl f = { .handle = lists_unfiltered, .ctx = &deleted };
	struct wgq_err e = {};
	struct nl nl;

	(void)state;
	nl_init(&nl, NETLINK_NETFILTER, &fake_nl_ops, &f);
	assert_int_equal(spoof_del_iptables(&nl, "wg0", ~0u, &e), 0);
	assert_int_equal(deleted, 1);
	nl_done(&nl);
	fake_nl_done(&f);
}

/* Output of a shell command, which must succeed. */
static char *run(const char *command)
{
	static char out[65536];
	FILE *p = popen(command, "r");
	size_t n;

	assert_non_null(p);
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	if (pclose(p) != 0)
		fail_msg("%s", command);
	return out;
}

static bool has_programs(const char *names)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "for i in %s; do command -v $i >/dev/null || exit 1; done",
		 names);
	return system(command) == 0;
}

static bool live(const char *programs, struct nl *nl)
{
	if (!has_programs(programs) || !own_netns()) {
		print_message("net_spoof: needs root and %s: skipped\n",
			      programs);
		return false;
	}
	nl_init(nl, NETLINK_NETFILTER, &nl_kernel_ops, NULL);
	return true;
}

#define NFT_LINES(pf, daddr)                                         \
	"add table " pf " wg-quick-wg0\n"                            \
	"add chain " pf " wg-quick-wg0 preraw "                      \
	"{ type filter hook prerouting priority -300; }\n"           \
	"add chain " pf " wg-quick-wg0 premangle "                   \
	"{ type filter hook prerouting priority -150; }\n"           \
	"add chain " pf " wg-quick-wg0 postmangle "                  \
	"{ type filter hook postrouting priority -150; }\n"          \
	"add rule " pf " wg-quick-wg0 preraw iifname != \"wg0\" " pf \
	" daddr " daddr " fib saddr type != local drop\n"            \
	"add rule " pf " wg-quick-wg0 postmangle "                   \
	"meta l4proto udp mark 51820 ct mark set mark\n"             \
	"add rule " pf " wg-quick-wg0 premangle "                    \
	"meta l4proto udp meta mark set ct mark\n"

/* The ruleset is the one that wg-quick's own commands make. */
static void test_live_add(void **state)
{
	struct addr addresses[] = { ip("10.9.0.2"), ip("fd00:9::2") };
	struct spoof s = { AF_INET, "wg0", 51820, addresses, 2 };
	uint32_t families = 0;
	struct wgq_err e = {};
	char want[8192];
	struct nl nl;

	(void)state;
	if (!live("nft", &nl))
		skip();
	run("nft -f - <<'E'\n" NFT_LINES("ip", "10.9.0.2")
		    NFT_LINES("ip6", "fd00:9::2") "E\n");
	snprintf(want, sizeof(want), "%s", run("nft list ruleset"));
	assert_non_null(strstr(want, "fib saddr type != local drop"));
	run("nft flush ruleset");
	/* Twice: the second finds a stale table and replaces it. */
	for (int i = 0; i < 2; i++) {
		s.family = AF_INET;
		if (spoof_add(&nl, &s, &e) < 0)
			fail_msg("%s", e.msg);
		s.family = AF_INET6;
		assert_int_equal(spoof_add(&nl, &s, &e), 0);
	}
	assert_string_equal(run("nft list ruleset"), want);
	/* A third family of the name, and names that only look like it. */
	run("nft add table inet wg-quick-wg0; nft add table ip wg-quick-wg;"
	    "nft add table ip wg-quick-wg00");
	assert_int_equal(spoof_find(&nl, "wg0", &families, &e), 0);
	assert_int_equal(families, 1u << NFPROTO_IPV4 | 1u << NFPROTO_IPV6 |
					   1u << NFPROTO_INET);
	assert_int_equal(spoof_del(&nl, "wg0", families, &e), 0);
	assert_string_equal(run("nft list tables"),
			    "table ip wg-quick-wg\ntable ip wg-quick-wg00\n");
	/* What is gone already does no harm. */
	assert_int_equal(spoof_del(&nl, "wg0", families, &e), 0);
	assert_int_equal(spoof_find(&nl, "wg0", &families, &e), 0);
	assert_int_equal(families, 0);
	assert_int_equal(spoof_del(&nl, "wg0", families, &e), 0);
	nl_done(&nl);
}

/* All or nothing: without room for a fib, say, there is no table either. */
static void test_live_refused(void **state)
{
	struct addr address = ip("10.9.0.2");
	struct spoof s = { AF_INET, "wg0", 51820, &address, 1 };
	struct wgq_err e = {};
	struct buf out = {};
	struct nl nl;

	(void)state;
	if (!live("nft", &nl))
		skip();
	assert_int_equal(spoof_build_add(&s, &out), 0);
	/* Spoil the last rule: the register of its meta expression. */
	out.p[out.len - 20 - 1] = 77;
	assert_true(nl_transact(&nl, out.p, out.len, &e) < 0);
	assert_string_equal(run("nft list tables"), "");
	buf_done(&out);
	nl_done(&nl);
}

#define XT_RULES(daddr, tail)                                          \
	"*raw\n-I PREROUTING ! -i wg0 -d " daddr                       \
	" -m addrtype ! --src-type LOCAL -j DROP" tail                 \
	"COMMIT\n*mangle\n-I POSTROUTING -p udp -m mark --mark 51820 " \
	"-j CONNMARK --save-mark" tail                                 \
	"-I PREROUTING -p udp -j CONNMARK --restore-mark" tail "COMMIT\n"

#define TAIL(name) " -m comment --comment \"wg-quick(8) rule for " name "\"\n"

static const char count_rules[] =
	"(iptables-save; ip6tables-save) | grep -c '^-A' || true";

static void test_live_iptables(void **state)
{
	uint32_t families = 0;
	struct wgq_err e = {};
	struct nl nl;

	(void)state;
	if (!live("iptables-nft-restore iptables-nft-save", &nl))
		skip();
	if (!strstr(run("iptables-save -V"), "nf_tables")) {
		print_message("net_spoof: iptables is legacy: skipped\n");
		skip();
	}
	run("iptables-restore -n <<'E'\n" XT_RULES("10.9.0.2", TAIL("wg0"))
		    XT_RULES("10.9.0.2", TAIL("wg00"))
			    XT_RULES("10.9.0.2", TAIL("wg")) "E\n");
	run("ip6tables-restore -n <<'E'\n" XT_RULES("fd00:9::2",
						    TAIL("wg0")) "E\n");
	assert_string_equal(run(count_rules), "12\n");
	assert_int_equal(spoof_find_iptables(&nl, "wg0", &families, &e), 0);
	assert_int_equal(families, 1u << NFPROTO_IPV4 | 1u << NFPROTO_IPV6);
	assert_int_equal(spoof_del_iptables(&nl, "wg0", 1u << NFPROTO_IPV6, &e),
			 0);
	assert_string_equal(run(count_rules), "9\n");
	assert_int_equal(spoof_find_iptables(&nl, "wg0", &families, &e), 0);
	assert_int_equal(families, 1u << NFPROTO_IPV4);
	assert_int_equal(spoof_del_iptables(&nl, "wg0", families, &e), 0);
	assert_string_equal(run(count_rules), "6\n");
	assert_string_equal(run("iptables-save | grep -c 'for wg0\"' || true"),
			    "0\n");
	assert_int_equal(spoof_find_iptables(&nl, "wg0", &families, &e), 0);
	assert_int_equal(families, 0);
	/* Nothing to delete is no failure. */
	assert_int_equal(spoof_del_iptables(&nl, "wg0", ~0u, &e), 0);
	nl_done(&nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_add),
		cmocka_unit_test(test_build_del),
		cmocka_unit_test(test_comment),
		cmocka_unit_test(test_comment_truncated),
		cmocka_unit_test(test_without_nf_tables),
		cmocka_unit_test(test_iptables_unfiltered),
		cmocka_unit_test(test_live_add),
		cmocka_unit_test(test_live_refused),
		cmocka_unit_test(test_live_iptables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
