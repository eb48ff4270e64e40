// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fw/nft_build.h"
#include "fw/nft_read.h"

/*
 * Against a real kernel, in a network namespace of its own, and against the
 * iptables-nft and nft of this machine: what they write is read, written again
 * and must be the same to the kernel and to them.
 */

static struct mnl_socket *sock;
static bool is_189; /* this machine's iptables is 1.8.9 */

/* Sends whole messages and hands every answer to @cb until the last one. */
static int talk(const void *data, size_t len, uint32_t last,
		int (*cb)(const struct nlmsghdr *nlh, void *ctx), void *ctx)
{
	static char buf[1 << 17];
	const struct nlmsghdr *nlh;
	const struct nlmsgerr *ack;
	bool more = true;
	ssize_t n;
	int left, err = 0;

	assert_true(mnl_socket_sendto(sock, data, len) == (ssize_t)len);
	while (more) {
		n = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		assert_true(n > 0);
		left = (int)n;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type == NLMSG_DONE) {
				more = false;
			} else if (nlh->nlmsg_type == NLMSG_ERROR) {
				ack = mnl_nlmsg_get_payload(nlh);
				if (ack->error && !err)
					err = ack->error;
				if (nlh->nlmsg_seq == last || ack->error)
					more = false;
			} else if (cb) {
				err = cb(nlh, ctx);
			}
		}
	}
	/* A transaction that failed may have more to say of it. */
	if (err)
		while (recv(mnl_socket_get_fd(sock), buf, sizeof(buf),
			    MSG_DONTWAIT) > 0)
			;
	return err;
}

static void ask(uint16_t type, uint16_t flags, uint8_t family,
		const char *table, const char *set,
		int (*cb)(const struct nlmsghdr *nlh, void *ctx), void *ctx)
{
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 7;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	if (table)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	if (set)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	assert_int_equal(talk(buf, nlh->nlmsg_len, 7, cb, ctx), 0);
}

static int take(const struct nlmsghdr *nlh, void *ctx)
{
	struct wgq_err e = { 0 };
	int err = nft_read(ctx, nlh, &e);

	if (err)
		print_message("%s\n", e.msg);
	return err;
}

/* All there is, as the program itself will ask for it. */
static void dump(struct fw_ruleset *rs)
{
	size_t i, j;

	fw_ruleset_done(rs);
	ask(NFT_MSG_GETGEN, NLM_F_ACK, 0, NULL, NULL, take, rs);
	ask(NFT_MSG_GETTABLE, NLM_F_DUMP, 0, NULL, NULL, take, rs);
	ask(NFT_MSG_GETCHAIN, NLM_F_DUMP, 0, NULL, NULL, take, rs);
	ask(NFT_MSG_GETSET, NLM_F_DUMP, 0, NULL, NULL, take, rs);
	for (i = 0; i < rs->n_table; i++)
		for (j = 0; j < rs->table[i]->n_set; j++)
			ask(NFT_MSG_GETSETELEM, NLM_F_DUMP,
			    rs->table[i]->family, rs->table[i]->name,
			    rs->table[i]->set[j]->name, take, rs);
	ask(NFT_MSG_GETRULE, NLM_F_DUMP, 0, NULL, NULL, take, rs);
	assert_int_equal(nft_read_end(rs), 0);
}

static int commit(const struct fw_ruleset *rs, const struct fw_edits *es)
{
	cleanup(buf_done) struct buf batch = { 0 };
	struct wgq_err e = { 0 };
	const struct nlmsghdr *nlh;
	uint32_t last = 0;
	int left, err;

	err = nft_build(rs, es, &batch, &e);
	if (err)
		return err;
	nlh = (void *)batch.p;
	left = (int)batch.len;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (nlh->nlmsg_flags & NLM_F_ACK)
			last = nlh->nlmsg_seq;
	assert_int_equal(left, 0);
	return talk(batch.p, batch.len, last, NULL, NULL);
}

__attribute__((format(printf, 1, 2))) static int run(const char *fmt, ...)
{
	cleanup(free_ptr) char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&line, fmt, ap) > 0);
	va_end(ap);
	return system(line);
}

static void output(const char *line, struct buf *out)
{
	char part[4096];
	FILE *f = popen(line, "re");
	size_t n;

	assert_non_null(f);
	while ((n = fread(part, 1, sizeof(part), f)))
		buf_add(out, part, n);
	pclose(f);
	buf_addc(out, '\n');
}

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	sock = mnl_socket_open(NETLINK_NETFILTER);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		sock = NULL;
		return 0;
	}
	return 0;
}

static void need_kernel(void)
{
	if (sock && run("iptables-nft -V >/dev/null 2>&1 &&"
			" nft flush ruleset >/dev/null 2>&1") == 0) {
		is_189 = run("iptables-nft -V | grep -qF v1.8.9") == 0;
		return;
	}
	print_message("no namespace, nf_tables, iptables-nft or nft here\n");
	skip();
}

/* struct exprs - the expressions of rules of one chain, as the kernel has them
 */
struct exprs {
	const char *chain;
	struct buf bytes;
};

static int take_exprs(const struct nlmsghdr *nlh, void *ctx)
{
	struct exprs *x = ctx;
	const struct nlattr *a, *exprs = NULL;
	const char *chain = NULL;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_RULE_CHAIN)
			chain = mnl_attr_get_str(a);
		if (mnl_attr_get_type(a) == NFTA_RULE_EXPRESSIONS)
			exprs = a;
	}
	if (chain && exprs && strcmp(chain, x->chain) == 0)
		buf_add(&x->bytes, mnl_attr_get_payload(exprs),
			mnl_attr_get_payload_len(exprs));
	return 0;
}

static const char *const words[] = {
	"-i wg0 -j ACCEPT",
	"-o wg+ -j ACCEPT",
	"! -i abcdefghijklmno ! -o eth0 -j DROP",
	"-p tcp -j ACCEPT",
	"! -p udp",
	"-p udp -m udp --sport 1:5 ! --dport 7 -j RETURN",
	"-p tcp -m tcp --dport :1023 --syn -j ACCEPT",
	"-p tcp -m tcp ! --sport 10:20 --dport 7 ! --tcp-flags SYN,ACK SYN",
	"-p tcp -m tcp",
	"-p udp -m udp --dport 7:",
	"-p tcp -m multiport --dports 22,80:90 -j ACCEPT",
	"-m mark --mark 7 -j ACCEPT",
	"-m mark ! --mark 4/0xc -j ACCEPT",
	"-m connmark --mark 4/0xc -j ACCEPT",
	"-m limit --limit 5/min -j ACCEPT",
	"-m limit --limit 3/sec --limit-burst 9 -j ACCEPT",
	"-m limit --limit 7/hour -j ACCEPT",
	"-m limit --limit 10000/sec -j ACCEPT",
	"-m conntrack --ctstate NEW,ESTABLISHED,DNAT -j ACCEPT",
	"-m conntrack ! --ctstate INVALID,UNTRACKED -j ACCEPT",
	"-m conntrack --ctstatus ASSURED -j ACCEPT",
	"-m state --state RELATED -j ACCEPT",
	"-m comment --comment \"it's \\\"two\\\" words\" -i wg0 -j ACCEPT",
	"-m addrtype ! --src-type LOCAL --dst-type LOCAL,BROADCAST",
	"-m addrtype --src-type LOCAL --limit-iface-in",
	"-j REJECT",
	"-p tcp -j REJECT --reject-with tcp-reset",
	"-i wg0 -m policy --dir in --pol ipsec -g other",
	"-m physdev --physdev-is-bridged -j other",
	"-j LOG --log-prefix \"a b\" --log-level 7 --log-uid",
	"-j NFLOG --nflog-group 3 --nflog-prefix x",
	"-m conntrack --ctstate NEW -m limit --limit 4/sec -p icmp -i wg0",
};

static const char *const words4[] = {
	"-s 10.0.0.0/8 -d 10.0.0.2",
	"-s 10.0.0.0/23 ! -d 10.9.0.0/255.255.0.255 -j DROP",
	"-s 0.0.0.0/0 -i wg0",
	"-f -j DROP",
	"! -f",
	"-p icmp -m icmp --icmp-type 3/4 -j ACCEPT",
	"-p icmp -m icmp ! --icmp-type 8 -j ACCEPT",
	"-j REJECT --reject-with icmp-admin-prohibited",
	"-s 10.0.0.1 -i wg0 -o eth0 -p udp -m udp --dport 3 -j ACCEPT",
};

static const char *const words6[] = {
	"-s fd00::/8 -d fd00::2",
	"-s fd00::/61 ! -d ::1 -j DROP",
	"-p icmpv6 -m icmp6 --icmpv6-type 128 -j ACCEPT",
	"-j REJECT --reject-with icmp6-adm-prohibited",
	"-s fd00::1 -i wg0 -o eth0 -p udp -m udp --dport 3 -j ACCEPT",
};

/* With tables that they are for */
static const char *const words_nat[] = {
	"nat|-o eth0 -j MASQUERADE",
	"nat|-p udp -j MASQUERADE --to-ports 1024-65535 --random",
	"nat|-j MASQUERADE --random-fully",
	"mangle|-p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu",
	"mangle|-p tcp -m tcp --syn -j TCPMSS --set-mss 1380",
	"mangle|-j MARK --set-xmark 0x30/0xff",
	"mangle|-j MARK --set-mark 7",
	"mangle|-j CONNMARK --save-mark",
	"mangle|-j CONNMARK --restore-mark --mask 0xff",
	"mangle|-j CONNMARK --set-mark 3/7",
	"mangle|-m ttl --ttl-gt 3",
	"raw|-j NOTRACK",
};

static const char *const words_nat4[] = {
	"nat|-j SNAT --to-source 192.0.2.1-192.0.2.9 --persistent",
	"nat|-p tcp -j SNAT --to-source 192.0.2.1:5-7",
	"nat|-p tcp -m tcp --dport 8 -j REDIRECT --to-ports 80",
	"nat|-p tcp -m tcp --dport 8 -j DNAT --to-destination 10.0.0.2:80",
	"nat|-j DNAT --to-destination 10.0.0.2-10.0.0.9 --random",
};

static const char *const words_nat6[] = {
	"nat|-j SNAT --to-source 2001:db8::1",
	"nat|-p tcp -j DNAT --to-destination [fd00::2]:80",
};

static struct fw_edit *edit(struct fw_edits *es, enum fw_edit_kind kind,
			    uint8_t family, const char *table,
			    const char *chain)
{
	struct fw_edit *ed =
		fw_edit_add(es, kind, FW_NFT, family, table, chain);

	assert_non_null(ed);
	return ed;
}

/*
 * A rule that iptables has put into chain "theirs" is read and written into
 * chain "ours": the kernel must have the same expressions for both, and
 * iptables must show both alike, and as fw_rule_print() does.
 */
static void check_words(uint8_t family, const char *table, const char *w)
{
	const char *tool = family == NFPROTO_IPV6 ? "ip6tables" : "iptables";
	cleanup(buf_done) struct buf theirs = { 0 }, ours = { 0 }, told = { 0 };
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(fw_edits_done) struct fw_edits es = { 0 };
	struct exprs x = { "theirs", { 0 } }, y = { "ours", { 0 } };
	cleanup(free_ptr) char *line = NULL;
	struct fw_chain *c;
	struct fw_edit *ed;

	assert_int_equal(run("nft flush ruleset"), 0);
	assert_int_equal(run("%s-nft -t %s -N theirs && %s-nft -t %s -N other"
			     " && %s-nft -t %s -N ours",
			     tool, table, tool, table, tool, table),
			 0);
	if (run("%s-nft -t %s -A theirs %s 2>/dev/null", tool, table, w)) {
		print_message("%s does not take: %s\n", tool, w);
		return;
	}
	dump(&rs);
	c = fw_chain_find(fw_table_find(&rs, FW_NFT, family, table), "theirs");
	assert_int_equal(c->n_rule, 1);
	assert_true(c->rule[0]->legible);
	ed = edit(&es, FW_E_RULE_ADD, family, table, "ours");
	ed->rule = c->rule[0];
	ed->append = true;
	if (commit(&rs, &es))
		fail_msg("the kernel refuses %s", w);
	ask(NFT_MSG_GETRULE, NLM_F_DUMP, family, NULL, NULL, take_exprs, &x);
	ask(NFT_MSG_GETRULE, NLM_F_DUMP, family, NULL, NULL, take_exprs, &y);
	/* Other versions have other orders of the same expressions. */
	if (is_189 && (x.bytes.len != y.bytes.len ||
		       memcmp(x.bytes.p, y.bytes.p, x.bytes.len) != 0))
		fail_msg("other expressions for %s", w);
	assert_true(asprintf(&line, "%s-nft -t %s -S theirs | sed 1d", tool,
			     table) > 0);
	output(line, &theirs);
	memcpy(strstr(line, "theirs"), "ours  ", 6);
	output(line, &ours);
	assert_string_equal(theirs.p + strlen("-A theirs"),
			    ours.p + strlen("-A ours"));
	buf_adds(&told, "-A ours ");
	fw_rule_print(c->rule[0], family, &told);
	buf_adds(&told, "\n\n");
	assert_string_equal(told.p, ours.p);
	buf_done(&x.bytes);
	buf_done(&y.bytes);
}

static void check_list(const char *const *list, size_t n, uint8_t family)
{
	char table[16];
	const char *bar;
	size_t i;

	for (i = 0; i < n; i++) {
		bar = *list[i] == '-' || *list[i] == '!' ? NULL
							 : strchr(list[i], '|');
		snprintf(table, sizeof(table), "%.*s",
			 bar ? (int)(bar - list[i]) : 6,
			 bar ? list[i] : "filter");
		check_words(family, table, bar ? bar + 1 : list[i]);
	}
}

static void test_words(void **state)
{
	(void)state;
	need_kernel();
	check_list(words, ARRAY_SIZE(words), NFPROTO_IPV4);
	check_list(words4, ARRAY_SIZE(words4), NFPROTO_IPV4);
	check_list(words_nat, ARRAY_SIZE(words_nat), NFPROTO_IPV4);
	check_list(words_nat4, ARRAY_SIZE(words_nat4), NFPROTO_IPV4);
	check_list(words, ARRAY_SIZE(words), NFPROTO_IPV6);
	check_list(words6, ARRAY_SIZE(words6), NFPROTO_IPV6);
	check_list(words_nat, ARRAY_SIZE(words_nat), NFPROTO_IPV6);
	check_list(words_nat6, ARRAY_SIZE(words_nat6), NFPROTO_IPV6);
}

/*
 * Rules in nft's own words: what is read of them, written natively, must be
 * what is read of that again.
 */
static const char *const native[] = {
	"inet|iifname \"wg0\" oifname != \"wg*\" masquerade",
	"inet|iifname \"wg0\" ip saddr 10.0.0.0/8 ip daddr != 10.1.2.0/23 accept",
	"inet|ip6 saddr fd00::/8 ip6 daddr fd00::1-fd00::9 drop",
	"inet|tcp flags syn / syn,rst tcp option maxseg size set rt mtu",
	"inet|tcp flags syn tcp option maxseg size set 1380",
	"inet|ct state established,related accept",
	"inet|ct state != invalid ct status dnat counter accept",
	"inet|meta mark 3 ct mark and 7 == 1 meta mark set 9",
	"inet|meta mark set ct mark",
	"inet|ct mark set meta mark",
	"inet|meta mark set mark and 0xf xor 3",
	"inet|fib daddr type local accept",
	"inet|fib saddr . iif type != unicast drop",
	"inet|udp dport 5-9 udp sport != 7 reject",
	"inet|tcp dport 1 reject with tcp reset",
	"inet|reject with icmpx type admin-prohibited",
	"ip|reject with icmp type host-prohibited",
	"ip6|reject with icmpv6 type no-route",
	"ip|icmp type echo-request accept",
	"ip|icmp type 3 icmp code 4 accept",
	"inet|icmpv6 type 128 return",
	"inet|limit rate 5/minute burst 9 packets accept",
	"inet|limit rate over 5 kbytes/second drop",
	"ip|dnat to 10.0.0.2:80",
	"inet|meta nfproto ipv4 dnat ip to 10.0.0.2-10.0.0.9 random",
	"ip6|snat to fd00::1",
	"inet|tcp dport 8 redirect to :80",
	"inet|meta l4proto udp masquerade to :1024-65535 random",
	"inet|counter jump other",
	"inet|goto other",
	"inet|accept comment \"a b\"",
	"inet|meta nfproto ipv6 meta l4proto != 6 drop",
	"inet|iif 1 oif != 1 accept",
	"inet|ip ttl 3 meta length 5 log prefix \"x\" accept",
	"inet|numgen random mod 2 0 meta cpu 1 tcp option sack-perm exists",
	"inet|meta priority set 3 notrack",
};

static const struct fw_chain *only(const struct fw_ruleset *rs,
				   const char *chain)
{
	const struct fw_chain *c;
	size_t i;

	for (i = 0; i < rs->n_table; i++) {
		c = fw_chain_find(rs->table[i], chain);
		if (c)
			return c;
	}
	return NULL;
}

static void check_native(const char *family, const char *w)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(fw_edits_done) struct fw_edits es = { 0 };
	cleanup(buf_done) struct buf a = { 0 }, b = { 0 };
	const struct fw_chain *c;
	struct fw_edit *ed;

	assert_int_equal(run("nft flush ruleset; nft 'table %s t {"
			     " chain other { }; chain ours { };"
			     " chain theirs { }; }'",
			     family),
			 0);
	if (run("nft 'add rule %s t theirs %s' 2>/dev/null", family, w)) {
		print_message("nft does not take: %s\n", w);
		return;
	}
	dump(&rs);
	c = only(&rs, "theirs");
	assert_int_equal(c->n_rule, 1);
	ed = edit(&es, FW_E_RULE_ADD, c->table->family, "t", "ours");
	ed->rule = c->rule[0];
	ed->native = true;
	if (commit(&rs, &es))
		fail_msg("the kernel refuses %s", w);
	fw_rule_print(c->rule[0], c->table->family, &a);
	dump(&rs);
	assert_true(fw_rule_eq(only(&rs, "theirs")->rule[0],
			       only(&rs, "ours")->rule[0]));
	fw_rule_print(only(&rs, "ours")->rule[0], NFPROTO_INET, &b);
	buf_reset(&a);
	fw_rule_print(only(&rs, "theirs")->rule[0], NFPROTO_INET, &a);
	assert_string_equal(a.p, b.p);
}

static void test_native(void **state)
{
	const char *bar;
	char family[8];
	size_t i;

	(void)state;
	need_kernel();
	for (i = 0; i < ARRAY_SIZE(native); i++) {
		bar = strchr(native[i], '|');
		snprintf(family, sizeof(family), "%.*s", (int)(bar - native[i]),
			 native[i]);
		check_native(family, bar + 1);
	}
}

/* A rule that can be told from others by its mark. */
static struct fw_rule *numbered(struct fw_edits *es, uint32_t n)
{
	struct fw_rule *r = arena_alloc(&es->arena, sizeof(*r));
	struct fw_match *m;

	assert_non_null(r);
	m = fw_match_add(&es->arena, r, FW_M_MARK);
	assert_non_null(m);
	m->bits.value = n;
	m->bits.mask = UINT32_MAX;
	return r;
}

static void random_edit(struct fw_ruleset *model, struct fw_edits *es,
			uint32_t n)
{
	char name[2] = { "abc"[random() % 3], 0 };
	struct fw_table *t = fw_table_find(model, FW_NFT, NFPROTO_IPV4, "t");
	const struct fw_chain *c = fw_chain_find(t, name);
	unsigned int what = (unsigned int)random() % 10;
	char *chain = arena_strndup(&es->arena, name, 1);
	struct fw_edit *ed;

	assert_non_null(c);
	if (what < 6 || !c->n_rule) {
		ed = edit(es, FW_E_RULE_ADD, NFPROTO_IPV4, "t", chain);
		ed->append = random() % 4 == 0;
		ed->at = (size_t)random() % (c->n_rule + 1);
		ed->rule = numbered(es, n);
	} else if (what < 8) {
		ed = edit(es, FW_E_RULE_DEL, NFPROTO_IPV4, "t", chain);
		ed->at = (size_t)random() % c->n_rule;
	} else if (what < 9 || random() % 4) {
		ed = edit(es, FW_E_RULE_REPLACE, NFPROTO_IPV4, "t", chain);
		ed->at = (size_t)random() % c->n_rule;
		ed->rule = numbered(es, n);
	} else {
		edit(es, FW_E_CHAIN_FLUSH, NFPROTO_IPV4, "t", chain);
	}
}

static void print_chain(const struct fw_ruleset *rs, const char *name,
			struct buf *out)
{
	const struct fw_chain *c = only(rs, name);
	size_t i;

	assert_non_null(c);
	for (i = 0; i < c->n_rule; i++) {
		buf_addf(out, "%s ", name);
		fw_rule_print(c->rule[i], NFPROTO_IPV4, out);
		buf_addc(out, '\n');
	}
}

static void print_all(const struct fw_ruleset *rs, struct buf *out)
{
	buf_reset(out);
	print_chain(rs, "a", out);
	print_chain(rs, "b", out);
	print_chain(rs, "c", out);
	buf_addc(out, '\n');
}

/* Many edits in one transaction leave what they leave in memory. */
static void test_edits(void **state)
{
	cleanup(buf_done) struct buf model = { 0 }, kernel = { 0 };
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	struct wgq_err e = { 0 };
	uint32_t n = 0;
	size_t i, j;

	(void)state;
	need_kernel();
	assert_int_equal(run("nft 'table ip t { chain a { }; chain b { };"
			     " chain c { }; }'"),
			 0);
	srandom(1);
	for (i = 0; i < 60; i++) {
		cleanup(fw_ruleset_done) struct fw_ruleset memory = { 0 };
		cleanup(fw_edits_done) struct fw_edits es = { 0 };
		size_t todo = 1 + (size_t)random() % 12;

		dump(&rs);
		dump(&memory);
		for (j = 0; j < todo; j++) {
			random_edit(&memory, &es, ++n);
			assert_int_equal(
				fw_edit_apply(&memory, &es.v[es.n - 1], &e), 0);
		}
		assert_int_equal(commit(&rs, &es), 0);
		dump(&rs);
		print_all(&memory, &model);
		print_all(&rs, &kernel);
		assert_string_equal(model.p, kernel.p);
	}
}

/* Tables and chains come and go; somebody else's change stops all of it. */
static void test_objects(void **state)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(fw_edits_done) struct fw_edits es = { 0 }, gone = { 0 };
	const struct fw_chain *c;
	struct fw_edit *ed;

	(void)state;
	need_kernel();
	dump(&rs);
	edit(&es, FW_E_TABLE_ADD, NFPROTO_IPV4, "filter", NULL);
	ed = edit(&es, FW_E_CHAIN_ADD, NFPROTO_IPV4, "filter", "FORWARD");
	ed->base = true;
	ed->type = "filter";
	ed->hook = FW_FORWARD;
	ed->policy = FW_S_ACCEPT;
	edit(&es, FW_E_POLICY, NFPROTO_IPV4, "filter", "FORWARD")->policy =
		FW_S_DROP;
	edit(&es, FW_E_CHAIN_ADD, NFPROTO_IPV4, "filter", "X");
	ed = edit(&es, FW_E_RULE_ADD, NFPROTO_IPV4, "filter", "X");
	ed->rule = numbered(&es, 1);
	assert_int_equal(commit(&rs, &es), 0);
	assert_int_equal(run("iptables-nft -S | tr '\\n' '|' | grep -qxF -- '"
			     "-P INPUT ACCEPT|-P FORWARD DROP|-P OUTPUT ACCEPT|"
			     "-N X|-A X -m mark --mark 0x1|'"),
			 0);
	/* The ruleset that was read is no longer the one that is there. */
	assert_int_equal(commit(&rs, &es), -ERESTART);

	dump(&rs);
	c = only(&rs, "FORWARD");
	assert_int_equal(c->hook, FW_FORWARD);
	assert_int_equal(c->policy, FW_S_DROP);
	edit(&gone, FW_E_CHAIN_RENAME, NFPROTO_IPV4, "filter", "X")->new_name =
		"Y";
	edit(&gone, FW_E_CHAIN_FLUSH, NFPROTO_IPV4, "filter", "Y");
	assert_int_equal(commit(&rs, &gone), 0);
	assert_int_equal(run("iptables-nft -S Y | grep -qx -- '-N Y'"), 0);

	fw_edits_done(&gone);
	dump(&rs);
	edit(&gone, FW_E_CHAIN_DEL, NFPROTO_IPV4, "filter", "Y");
	edit(&gone, FW_E_TABLE_DEL, NFPROTO_IPV4, "filter", NULL);
	assert_int_equal(commit(&rs, &gone), 0);
	dump(&rs);
	assert_null(fw_table_find(&rs, FW_NFT, NFPROTO_IPV4, "filter"));
}

static void test_zero(void **state)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(fw_edits_done) struct fw_edits es = { 0 };
	const struct fw_chain *c;
	uint64_t handle;

	(void)state;
	need_kernel();
	assert_int_equal(
		run("iptables-nft -A FORWARD -i wg0 -c 3 4 -m comment"
		    " --comment x -j ACCEPT && iptables-nft -A FORWARD -c 5 6"),
		0);
	dump(&rs);
	c = only(&rs, "FORWARD");
	assert_int_equal(c->n_rule, 2);
	assert_int_equal(c->rule[0]->packets, 3);
	assert_int_equal(c->rule[1]->bytes, 6);
	handle = c->rule[0]->handle;
	edit(&es, FW_E_CHAIN_ZERO, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(&rs, &es), 0);
	dump(&rs);
	c = only(&rs, "FORWARD");
	assert_int_equal(c->n_rule, 2);
	assert_true(c->rule[0]->handle >= handle);
	assert_int_equal(c->rule[0]->packets + c->rule[1]->packets, 0);
	assert_string_equal(fw_rule_comment(c->rule[0]), "x");
}

static const struct fw_lookup *lookup_of(const struct fw_ruleset *rs, size_t at)
{
	const struct fw_rule *r = only(rs, "x")->rule[at];

	if (r->n_stmt && r->stmt[0].kind == FW_S_VMAP)
		return &r->stmt[0].vmap;
	assert_true(r->n_match >= 1);
	assert_int_equal(r->match[r->n_match - 1].kind, FW_M_SET);
	return &r->match[r->n_match - 1].lookup;
}

/* Sets as nft makes them: plain, of ranges, concatenated, with verdicts. */
static void test_sets(void **state)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	const struct fw_lookup *l;
	const struct fw_elem *el;
	size_t i;

	(void)state;
	need_kernel();
	assert_int_equal(
		run("nft 'table inet t {\n chain y { }\n chain z { }\n"
		    " map m { type ipv4_addr . inet_service : verdict\n"
		    " flags interval\n elements = {"
		    " 10.0.0.0/8 . 5-9 : goto y, 11.9.0.1 . 7 : drop }\n }\n"
		    " chain x {\n"
		    " iifname { \"wg0\", \"eth0\" } accept\n"
		    " ip saddr { 10.0.0.0/8, 11.0.0.0/8, 13.0.0.1,"
		    " 240.0.0.0/4 } accept\n"
		    " iifname . oifname vmap { \"a\" . \"b\" : accept,"
		    " \"b\" . \"a\" : jump z }\n"
		    " ip saddr vmap { 10.0.0.0/9 : accept,"
		    " 10.128.0.0/9 : drop, 12.0.0.0/8 : continue }\n"
		    " ip daddr . tcp dport vmap @m\n"
		    " ct state vmap { established : accept, invalid : drop }\n"
		    " iifname != { \"wg*\", \"x\" } drop\n"
		    " }\n }'"),
		0);
	dump(&rs);

	l = lookup_of(&rs, 0);
	assert_int_equal(l->key->n, 1);
	assert_int_equal(l->key->part[0].field, FW_F_IIFNAME);
	assert_int_equal(l->key->part[0].len, IFNAMSIZ);
	assert_int_equal(l->set->n_elem, 2);
	for (i = 0; i < 2; i++)
		assert_true(!strcmp((const char *)l->set->elem[i].key, "wg0") ||
			    !strcmp((const char *)l->set->elem[i].key, "eth0"));

	/* Adjacent ranges may be one, the last has no end. */
	l = lookup_of(&rs, 1);
	assert_int_equal(l->key->part[0].field, FW_F_SADDR);
	el = l->set->elem;
	assert_memory_equal(el[0].key, "\x0a\0\0\0", 4);
	el = &l->set->elem[l->set->n_elem - 2];
	assert_memory_equal(el->key, "\x0d\0\0\1", 4);
	assert_memory_equal(el->key_end, "\x0d\0\0\1", 4);
	assert_memory_equal(el[1].key, "\xf0\0\0\0", 4);
	assert_memory_equal(el[1].key_end, "\xff\xff\xff\xff", 4);
	assert_memory_equal(l->set->elem[l->set->n_elem - 3].key_end,
			    "\x0b\xff\xff\xff", 4);

	l = lookup_of(&rs, 2);
	assert_int_equal(l->key->n, 2);
	assert_int_equal(l->key->part[1].field, FW_F_OIFNAME);
	assert_true(l->set->verdicts);
	assert_int_equal(l->set->n_elem, 2);
	for (i = 0; i < 2; i++) {
		el = &l->set->elem[i];
		if (*el->key == 'a') {
			assert_int_equal(el->verdict, FW_S_ACCEPT);
			continue;
		}
		assert_int_equal(el->verdict, FW_S_JUMP);
		assert_string_equal(el->chain, "z");
	}

	l = lookup_of(&rs, 3);
	assert_int_equal(l->set->n_elem, 3);
	el = l->set->elem;
	assert_memory_equal(el[0].key_end, "\x0a\x7f\xff\xff", 4);
	assert_int_equal(el[0].verdict, FW_S_ACCEPT);
	assert_memory_equal(el[1].key, "\x0a\x80\0\0", 4);
	assert_memory_equal(el[1].key_end, "\x0a\xff\xff\xff", 4);
	assert_int_equal(el[1].verdict, FW_S_DROP);
	assert_int_equal(el[2].verdict, FW_S_EXPR);

	l = lookup_of(&rs, 4);
	assert_string_equal(l->name, "m");
	assert_int_equal(l->key->n, 2);
	assert_int_equal(l->key->part[0].field, FW_F_DADDR);
	assert_int_equal(l->key->part[1].field, FW_F_DPORT);
	assert_int_equal(l->set->n_elem, 2);
	for (i = 0; i < 2; i++) {
		el = &l->set->elem[i];
		if (el->verdict == FW_S_DROP)
			continue;
		assert_string_equal(el->chain, "y");
		assert_memory_equal(el->key, "\x0a\0\0\0\0\5", 6);
		assert_memory_equal(el->key_end, "\x0a\xff\xff\xff\0\x09", 6);
	}

	l = lookup_of(&rs, 5);
	assert_int_equal(l->key->part[0].field, FW_F_CTSTATE);
	l = lookup_of(&rs, 6);
	assert_true(only(&rs, "x")->rule[6]->match[0].invert);
	assert_int_equal(l->set->n_elem, 2);
	assert_memory_equal(l->set->elem[0].key, "wg\0\0", 4);
	assert_memory_equal(l->set->elem[0].key_end, "wg\xff\xff", 4);
	assert_memory_equal(l->set->elem[1].key_end, "x\0\0", 3);
}

/* struct seen - a foreign rule and whether iptables 1.8.9 reads it as meant */
static const struct seen {
	const char *rule;
	bool legible;
} foreign[] = {
	{ "iifname \"wg0\" accept", true },
	{ "counter iifname \"wg*\" accept", true },
	{ "ip saddr 1.2.3.4 ip daddr 5.6.7.8 accept", true },
	{ "ip protocol tcp accept", true },
	{ "tcp dport 5 accept", true },
	{ "tcp sport 1 tcp dport 2 accept", true },
	{ "tcp dport > 5 accept", true },
	{ "tcp flags syn accept", true },
	{ "icmp type 3 icmp code 4 accept", true },
	{ "meta mark and 0xf == 1 accept", true },
	{ "meta protocol ip accept", true },
	{ "limit rate 5/minute burst 7 packets accept", true },
	{ "log group 3", true },
	{ "counter accept comment \"hi there\"", true },
	{ "ip saddr 1.2.3.4-1.2.3.9 accept", false },
	{ "sctp dport 5 accept", false },
	{ "th dport 5 accept", false },
	{ "ip version 4 accept", false },
	{ "iifname { \"wg0\", \"wg1\" } accept", false },
	{ "ct state established accept", false },
	{ "ct mark 1 accept", false },
	{ "reject", false },
	{ "log", false },
	{ "log group 3 accept", false },
	{ "iifname \"wg0\" iifname \"wg1\" accept", false },
	{ "ip saddr 1.2.3.4 ip saddr 1.2.3.5 accept", false },
	{ "meta mark 1-10 accept", false },
	{ "limit rate over 5/minute accept", false },
	{ "meta length 5 accept", false },
	{ "meta mark set 3", false },
	{ "quota 5 bytes accept", false },
	{ "fib daddr type local accept", false },
};

static void test_legible(void **state)
{
	size_t i;

	(void)state;
	need_kernel();
	for (i = 0; i < ARRAY_SIZE(foreign); i++) {
		cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
		cleanup(buf_done) struct buf told = { 0 }, seen = { 0 };

		run("nft flush ruleset; iptables-nft -N X");
		if (run("nft 'add rule ip filter X %s' 2>/dev/null",
			foreign[i].rule)) {
			print_message("nft does not take: %s\n",
				      foreign[i].rule);
			continue;
		}
		dump(&rs);
		if (only(&rs, "X")->rule[0]->legible != foreign[i].legible)
			fail_msg("legible? %s", foreign[i].rule);
		output("iptables-nft -S X 2>&1 | sed 1d", &seen);
		buf_adds(&told, "-A X ");
		fw_rule_print(only(&rs, "X")->rule[0], NFPROTO_IPV4, &told);
		buf_adds(&told, "\n\n");
		if (!is_189)
			continue;
		if (foreign[i].legible)
			assert_string_equal(told.p, seen.p);
		else
			assert_string_not_equal(told.p, seen.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	cmocka_unit_test(test_native),
		cmocka_unit_test(test_edits),	cmocka_unit_test(test_objects),
		cmocka_unit_test(test_zero),	cmocka_unit_test(test_sets),
		cmocka_unit_test(test_legible),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
