// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_place.h"

static void expect_want(const char *ruleset, const struct place_want *w,
			const char *want)
{
	cleanup(buf_done) struct buf got = {}, notes = {};
	struct fw_ruleset rs = {};

	test_ruleset(&rs, ruleset);
	check_placement(&rs, w, true, &got, &notes);
	if (strcmp(got.p ? got.p : "", want))
		fail_msg("%s\n--- gives\n%s--- not\n%s", ruleset,
			 got.p ? got.p : "", want);
	fw_ruleset_done(&rs);
}

static void expect(const char *ruleset, const char *want)
{
	struct place_want w = forward_want();

	expect_want(ruleset, &w, want);
}

#define IP "table nft ip filter\n"
#define ACCEPT IP "chain FORWARD accept\n"
#define DROP IP "chain FORWARD drop\n"
#define CT "-m conntrack --ctstate RELATED,ESTABLISHED "
#define MARKED "-m comment --comment \"wgq:wg0\" -j ACCEPT\n"

static void plain_chains(void **state)
{
	(void)state;
	expect(ACCEPT, "");
	expect(ACCEPT "-A FORWARD -j REJECT",
	       "iptables -I FORWARD -i wg0 " MARKED
	       "iptables -I FORWARD 2 -o wg0 " CT MARKED);
	expect(ACCEPT "-A FORWARD --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
		      "-A FORWARD --ctstate INVALID -j DROP\n"
		      "-A FORWARD -j REJECT",
	       "iptables -I FORWARD 3 -i wg0 " MARKED);
	expect(DROP, "iptables -A FORWARD -i wg0 " MARKED
		     "iptables -A FORWARD -o wg0 " CT MARKED);
	expect("table legacy ip6 filter\nchain FORWARD drop\n",
	       "ip6tables-legacy -A FORWARD -i wg0 " MARKED
	       "ip6tables-legacy -A FORWARD -o wg0 " CT MARKED);
}

static void docker_user(void **state)
{
	(void)state;
	expect(DROP "chain DOCKER-USER\n-A DOCKER-USER -j RETURN\n"
		    "-A FORWARD -j DOCKER-USER",
	       "iptables -I DOCKER-USER -i wg0 " MARKED
	       "iptables -I DOCKER-USER 2 -o wg0 " CT MARKED);
}

/* New connections fall late, established packets early. */
static void established_first(void **state)
{
	(void)state;
	expect(DROP "-A FORWARD --ctstate RELATED,ESTABLISHED -j DROP\n"
		    "-A FORWARD -s 10.0.0.99 -j DROP",
	       "iptables -I FORWARD -i wg0 " CT MARKED
	       "iptables -A FORWARD -i wg0 " MARKED
	       "iptables -I FORWARD 2 -o wg0 " CT MARKED);
}

static void to_interfaces(void **state)
{
	static const char *const to[] = { "eth0" };
	struct place_want w = forward_want();

	(void)state;
	w.forward_to = to;
	w.n_forward_to = 1;
	expect_want(DROP, &w,
		    "iptables -A FORWARD -i wg0 -o eth0 " MARKED
		    "iptables -A FORWARD -i eth0 -o wg0 " CT MARKED);
	expect_want(ACCEPT "-A FORWARD -o docker0 -j DROP\n", &w, "");
}

static void inet_tables(void **state)
{
	(void)state;
	expect("table nft inet f\nchain forward drop\n",
	       "nft add rule inet f forward iifname \"wg0\" counter accept "
	       "comment \"wgq:wg0\"\n"
	       "nft add rule inet f forward oifname \"wg0\" "
	       "ct state established,related counter accept comment \"wgq:wg0\"\n");
}

static void both_engines(void **state)
{
	(void)state;
	expect("table nft ip filter\nchain FORWARD drop\n"
	       "table legacy ip filter\nchain FORWARD accept\n"
	       "-A FORWARD --ctstate NEW -j DROP\n",
	       "iptables -A FORWARD -i wg0 " MARKED
	       "iptables-legacy -I FORWARD -i wg0 " MARKED
	       "iptables -A FORWARD -o wg0 " CT MARKED);
}

static void ports(void **state)
{
	struct place_want w = {
		.ifname = "wg0", .v4 = true, .open_port = true, .port = 51820
	};
	struct addr from[] = { test_addr("192.0.2.7"),
			       test_addr("2001:db8::7") };

	(void)state;
	expect_want(
		IP "chain INPUT accept\n-A INPUT -p tcp --dport 22 -j ACCEPT\n"
		   "-A INPUT -j REJECT",
		&w, "iptables -I INPUT 2 -p udp -m udp --dport 51820 " MARKED);
	w.port_from = from;
	w.n_port_from = 2;
	expect_want(IP "chain INPUT drop\n-A INPUT -i wg0 -j ACCEPT\n", &w,
		    "iptables -A INPUT -s 192.0.2.7/32 -p udp -m udp "
		    "--dport 51820 " MARKED);
	expect_want(IP "chain INPUT drop\n-A INPUT -p udp -j ACCEPT\n", &w, "");
}

static void own_table(void **state)
{
	static const char *const to[] = { "eth0", "wg0" };
	struct place_want w = forward_want();
	cleanup(buf_done) struct buf text = {};
	struct fw_ruleset rs = {};
	struct fw_edits es = {};
	struct place_notes ns = {};
	struct wgq_err e = {};
	const struct fw_table *t;
	const struct fw_chain *c;

	(void)state;
	w.masquerade = true;
	w.masquerade_to = to;
	w.n_masquerade_to = 2;
	assert_int_equal(place_directives(&rs, &w, &es, &ns, &e), 0);
	print_edits(&es, true, &text);
	apply_edits(&rs, &es);
	t = fw_table_find(&rs, FW_NFT, NFPROTO_INET, "wgq-wg0");
	assert_non_null(t);
	c = fw_chain_find(t, "postrouting");
	assert_string_equal(c->type, "nat");
	assert_int_equal(c->hook, FW_POSTROUTING);
	assert_int_equal(c->priority, 100);
	assert_int_equal(c->n_rule, 2);
	assert_non_null(strstr(text.p, "iifname \"wg0\" oifname \"eth0\""));
	assert_non_null(strstr(text.p, "postrouting oifname \"wg0\""));
	assert_int_equal(fw_chain_find(t, "forward")->n_rule, 2);

	fw_edits_done(&es);
	w.n_masquerade_to = 0;
	assert_int_equal(place_directives(&rs, &w, &es, &ns, &e), 0);
	assert_int_equal(es.v[0].kind, FW_E_TABLE_DEL);
	buf_reset(&text);
	print_edits(&es, true, &text);
	assert_non_null(strstr(text.p, "iifname \"wg0\" oifname != \"wg0\""));
	apply_edits(&rs, &es);
	fw_edits_done(&es);
	assert_int_equal(place_directives(&rs, &w, &es, &ns, &e), 0);
	assert_int_equal(es.n, 0);
	fw_edits_done(&es);
	place_notes_done(&ns);
	fw_ruleset_done(&rs);
}

static void expect_note(const char *ruleset, const struct place_want *w,
			const char *want)
{
	cleanup(buf_done) struct buf got = {}, notes = {};
	struct fw_ruleset rs = {};

	test_ruleset(&rs, ruleset);
	check_placement(&rs, w, false, &got, &notes);
	if (!notes.p || !strstr(notes.p, want))
		fail_msg("%s\n--- notes\n%s", ruleset, notes.p);
	assert_true(!got.p || !got.p[0] || !strstr(want, "no rule"));
	fw_ruleset_done(&rs);
}

static void hands_off(void **state)
{
	struct place_want w = forward_want();

	(void)state;
	expect_note("table nft inet firewalld\n"
		    "chain filter_FORWARD accept filter forward 10\n"
		    "-A filter_FORWARD -j REJECT",
		    &w,
		    "no rule of ours can change that: firewall-cmd "
		    "--zone=trusted --add-interface=wg0; ");
	expect_note("table nft inet x owner 77\n"
		    "chain f drop filter forward 0",
		    &w, "(port 77)");
	expect_note(IP "chain FORWARD drop\nchain DOCKER-USER\n"
		       "-A FORWARD -j DOCKER-USER\ntable nft ip raw\n"
		       "chain PREROUTING accept filter prerouting -300\n"
		       "-A PREROUTING -d 172.17.0.2 ! -i docker0 -j DROP",
		    &w, "ip raw PREROUTING: containers' own addresses stay");
	w.open_port = true;
	w.port = 4242;
	expect_note("table nft inet firewalld\n"
		    "chain filter_INPUT accept filter input 10\n"
		    "-A filter_INPUT -j REJECT",
		    &w, "firewall-cmd --add-port=4242/udp;");
}

/* Clean */

static void clean(void **state)
{
	struct fw_ruleset rs = {};
	struct fw_edits es = {};
	struct fw_chain *c;

	(void)state;
	test_ruleset(&rs, ACCEPT "chain X\n"
				 "-A FORWARD --comment wgq:wg0 -j ACCEPT\n"
				 "-A FORWARD --comment wgq:wg01 -j ACCEPT\n"
				 "-A FORWARD -i eth0 -j ACCEPT\n"
				 "-A FORWARD -i wg0 -j ACCEPT\n"
				 "-A X -i wg0 -j ACCEPT\n"
				 "table legacy ip6 filter\nchain FORWARD drop\n"
				 "-A FORWARD -o a --comment wgq:wg0 -j ACCEPT\n"
				 "table nft inet wgq-wg0\nchain c\n"
				 "table nft inet wgq-wg1\nchain c\n"
				 "table nft inet w owner 1\nchain o\n"
				 "-A o --comment wgq:wg0 -j ACCEPT\n");
	c = test_find(&rs, "FORWARD");
	c->rule[2]->comment = "wgq:wg";
	c->rule[3]->comment = "wgq:wg0";
	test_find(&rs, "X")->rule[0]->comment = "wgq:wg0";
	assert_int_equal(place_clean(&rs, "wg0", &es), 0);
	assert_int_equal(es.n, 5);
	apply_edits(&rs, &es);
	assert_int_equal(c->n_rule, 2);
	assert_string_equal(c->rule[1]->comment, "wgq:wg");
	assert_int_equal(test_find(&rs, "X")->n_rule, 0);
	assert_int_equal(test_find(&rs, "o")->n_rule, 1);
	assert_int_equal(rs.table[1]->chain[0]->n_rule, 0);
	assert_null(fw_table_find(&rs, FW_NFT, NFPROTO_INET, "wgq-wg0"));
	assert_non_null(fw_table_find(&rs, FW_NFT, NFPROTO_INET, "wgq-wg1"));
	fw_edits_done(&es);
	fw_ruleset_done(&rs);
}

/* Hooks: "-A FORWARD ..." or "-I FORWARD 2 ..." of iptables */

static void hook_edit(struct fw_ruleset *rs, const char *line,
		      struct fw_edits *es)
{
	char text[256], chain[64];
	struct fw_edit *ed = fw_edit_add(es, FW_E_RULE_ADD, FW_NFT,
					 NFPROTO_IPV4, "filter", NULL);
	int n = 0, at = 1;

	snprintf(text, sizeof(text), "%s", line);
	ed->append = line[1] == 'A';
	if (ed->append)
		assert_int_equal(sscanf(line, "-A %63s %n", chain, &n), 1);
	else
		assert_int_equal(sscanf(line, "-I %63s %d %n", chain, &at, &n),
				 2);
	ed->at = (size_t)at - 1;
	ed->chain = arena_strndup(&es->arena, chain, strlen(chain));
	ed->rule = test_rule(rs, text + n);
}

static void expect_hook(const char *ruleset, const char *line, const char *want,
			const char *more)
{
	cleanup(buf_done) struct buf text = {}, joined = {};
	struct place_want w = forward_want();
	struct fw_edits es = {}, others = {};
	struct fw_ruleset rs = {};
	struct place_notes ns = {};
	struct wgq_err e = {};

	w.port = 51820;
	test_ruleset(&rs, ruleset);
	hook_edit(&rs, line, &es);
	assert_int_equal(place_hook(&rs, &w, &es.v[0], &others, &ns, &e), 0);
	fw_edit_print(&es.v[0], &text);
	print_edits(&others, true, &joined);
	if (strcmp(text.p, want))
		fail_msg("%s: %s gives %s, not %s", ruleset, line, text.p,
			 want);
	if (strcmp(joined.p ? joined.p : "", more))
		fail_msg("%s: %s brings %s, not %s", ruleset, line, joined.p,
			 more);
	apply_edits(&rs, &es);
	apply_edits(&rs, &others);
	fw_edits_done(&es);
	fw_edits_done(&others);
	place_notes_done(&ns);
	fw_ruleset_done(&rs);
}

#define REJECTING                                                     \
	ACCEPT "-A FORWARD --ctstate RELATED,ESTABLISHED -j ACCEPT\n" \
	       "-A FORWARD --ctstate INVALID -j DROP\n"               \
	       "-A FORWARD -j REJECT\n"

static void hooks(void **state)
{
	(void)state;
	expect_hook(REJECTING, "-A FORWARD -i wg0 -j ACCEPT",
		    "iptables -I FORWARD 3 -i wg0 -j ACCEPT", "");
	expect_hook(REJECTING, "-I FORWARD 2 -i wg0 -j ACCEPT",
		    "iptables -I FORWARD 2 -i wg0 -j ACCEPT", "");
	expect_hook(REJECTING, "-I FORWARD 9 -i wg0 -j ACCEPT",
		    "iptables -I FORWARD 3 -i wg0 -j ACCEPT", "");
	expect_hook(ACCEPT, "-I FORWARD 2 -i wg0 -j ACCEPT",
		    "iptables -I FORWARD -i wg0 -j ACCEPT", "");
	expect_hook(ACCEPT, "-A FORWARD -i wg0 -j ACCEPT",
		    "iptables -A FORWARD -i wg0 -j ACCEPT", "");
	expect_hook(ACCEPT "-A FORWARD -j REJECT",
		    "-A FORWARD -i wg+ -j ACCEPT",
		    "iptables -I FORWARD -i wg+ -j ACCEPT",
		    "iptables -I FORWARD 2 -o wg0 " CT MARKED);
	expect_hook(DROP "-A FORWARD -s 10.0.0.9 -j DROP",
		    "-A FORWARD -i wg0 -j ACCEPT",
		    "iptables -A FORWARD -i wg0 -j ACCEPT",
		    "iptables -A FORWARD -o wg0 " CT MARKED);
	expect_hook(DROP "-A FORWARD --limit 1 -j LOG",
		    "-A FORWARD -i wg0 -j ACCEPT",
		    "iptables -A FORWARD -i wg0 -j ACCEPT",
		    "iptables -I FORWARD -o wg0 " CT MARKED);
}

static void hooks_to_the_letter(void **state)
{
	(void)state;
	expect_hook(REJECTING, "-A FORWARD -i eth0 -j ACCEPT",
		    "iptables -A FORWARD -i eth0 -j ACCEPT", "");
	expect_hook(REJECTING, "-A FORWARD -i wg0 -j DROP",
		    "iptables -A FORWARD -i wg0 -j DROP", "");
	expect_hook(REJECTING, "-A FORWARD ! -i wg0 -j ACCEPT",
		    "iptables -A FORWARD ! -i wg0 -j ACCEPT", "");
	expect_hook(REJECTING "chain X", "-A X -i wg0 -j ACCEPT",
		    "iptables -A X -i wg0 -j ACCEPT", "");
	expect_hook(IP "chain INPUT drop\n-A INPUT -j REJECT",
		    "-A INPUT -p udp --dport 53 -j ACCEPT",
		    "iptables -A INPUT -p udp -m udp --dport 53 -j ACCEPT", "");
}

static void hooks_on_input(void **state)
{
	(void)state;
	expect_hook(IP "chain INPUT accept\n-A INPUT -j REJECT",
		    "-A INPUT -p udp --dport 51820 -j ACCEPT",
		    "iptables -I INPUT -p udp -m udp --dport 51820 "
		    "-j ACCEPT",
		    "");
	expect_hook(IP "chain INPUT accept\n-A INPUT -j REJECT",
		    "-A INPUT -i wg0 -p udp --dport 53 -j ACCEPT",
		    "iptables -I INPUT -i wg0 -p udp -m udp --dport 53 "
		    "-j ACCEPT",
		    "");
}

static void hooks_join_elsewhere(void **state)
{
	(void)state;
	expect_hook(ACCEPT "table legacy ip filter\nchain FORWARD drop\n",
		    "-A FORWARD -i wg0 -o eth0 -j ACCEPT",
		    "iptables -A FORWARD -i wg0 -o eth0 -j ACCEPT",
		    "iptables-legacy -A FORWARD -i wg0 -o eth0 " MARKED
		    "iptables-legacy -A FORWARD -i eth0 -o wg0 " CT MARKED);
	expect_hook(ACCEPT "table nft inet f\nchain forward accept\n"
			   "-A forward --ctstate NEW -j DROP\n",
		    "-A FORWARD -i wg0 -j ACCEPT",
		    "iptables -A FORWARD -i wg0 -j ACCEPT",
		    "nft insert rule inet f forward meta nfproto ipv4 "
		    "iifname \"wg0\" counter accept comment \"wgq:wg0\"\n");
	expect_hook(ACCEPT "table legacy ip filter\nchain FORWARD drop\n",
		    "-A FORWARD -o wg0 -j ACCEPT",
		    "iptables -A FORWARD -o wg0 -j ACCEPT",
		    "iptables-legacy -A FORWARD -o wg0 " MARKED
		    "iptables-legacy -A FORWARD -i wg0 " CT MARKED);
}

/* Text for people */

static void explanations(void **state)
{
	cleanup(buf_done) struct buf text = {}, json = {};
	struct fw_flow f = place_flow(NFPROTO_IPV4, "wg0", NULL, FW_CT_NEW);
	struct fw_ruleset rs = {};

	(void)state;
	test_ruleset(&rs, DROP "chain ufw-reject-forward\n"
			       "-A FORWARD -s 10.0.0.9 -j DROP\n"
			       "-A FORWARD -j ufw-reject-forward\n"
			       "-A ufw-reject-forward -j REJECT\n"
			       "table legacy ip filter\nchain FORWARD drop");
	assert_int_equal(fw_explain(&rs, &f, &text), 0);
	assert_string_equal(
		text.p,
		"ip filter FORWARD (legacy): refused by the policy of "
		"FORWARD\n"
		"ip filter FORWARD: refused by rule 1 of ufw-reject-forward: "
		"-j REJECT --reject-with icmp-port-unreachable, laid by ufw\n"
		"  a part is refused by rule 1 of FORWARD: -s 10.0.0.9/32 "
		"-j DROP\n"
		"The traffic is refused.\n");
	assert_int_equal(fw_explain_json(&rs, &f, &json), 0);
	assert_non_null(strstr(json.p, "{\"outcome\":\"refused\",\"chains\":["
				       "{\"backend\":\"legacy\""));
	assert_non_null(strstr(json.p, "\"by\":{\"chain\":\"ufw-reject-forward"
				       "\",\"index\":1,\"rule\":\"-j REJECT"));
	fw_ruleset_done(&rs);
}

/* Random chains */

static const char *pick(const char *const *v, size_t n)
{
	return v[(size_t)rand() % n];
}
#define PICK(...)                                  \
	pick((const char *const[]){ __VA_ARGS__ }, \
	     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void random_rule(struct buf *b, const char *chain, const char *target)
{
	buf_addf(b, "-A %s", chain);
	if (rand() % 3 == 0)
		buf_addf(b, " %s-i %s", PICK("", "! "),
			 PICK("wg0", "eth0", "docker0"));
	if (rand() % 4 == 0)
		buf_addf(b, " -o %s", PICK("wg0", "eth0", "docker0"));
	if (rand() % 5 == 0)
		buf_addf(b, " -p %s", PICK("tcp", "udp", "icmp"));
	if (rand() % 4 == 0)
		buf_addf(b, " --ctstate %s",
			 PICK("NEW", "RELATED,ESTABLISHED", "INVALID"));
	if (rand() % 10 == 0)
		buf_adds(b, " --limit 1");
	buf_addf(b, " -j %s\n", target);
}

static void random_table(struct buf *b, const char *head)
{
	int i;

	buf_addf(b, "%s\nchain A\nchain DOCKER-USER\n", head);
	buf_addf(b, "chain FORWARD %s\nchain INPUT %s\n",
		 PICK("drop", "accept"), PICK("drop", "accept"));
	for (i = rand() % 3; i; i--)
		random_rule(b, "A", PICK("DROP", "RETURN", "ACCEPT"));
	for (i = rand() % 2; i; i--)
		random_rule(b, "DOCKER-USER", PICK("DROP", "RETURN"));
	for (i = rand() % 5; i; i--)
		random_rule(b, "FORWARD",
			    PICK("DROP", "ACCEPT", "A", "REJECT", "DOCKER-USER",
				 "LOG"));
	for (i = rand() % 3; i; i--)
		random_rule(b, "INPUT", PICK("DROP", "ACCEPT", "A"));
}

static void random_placements(void **state)
{
	unsigned int placed = 0;
	int i;

	(void)state;
	for (i = 0; i < 1500; i++) {
		cleanup(buf_done) struct buf b = {}, text = {}, notes = {};
		struct place_want w = forward_want();
		struct fw_ruleset rs = {};

		srand((unsigned int)i);
		w.masquerade = rand() % 2;
		w.open_port = rand() % 2;
		w.port = 51820;
		random_table(&b, "table nft ip filter");
		random_table(&b, "table legacy ip6 filter");
		random_table(&b, "table nft inet mine");
		test_ruleset(&rs, b.p);
		check_placement(&rs, &w, true, &text, &notes);
		placed += text.len > 0;
		fw_ruleset_done(&rs);
	}
	print_message("%u of 1500 rulesets needed accepts\n", placed);
	assert_true(placed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_chains),
		cmocka_unit_test(docker_user),
		cmocka_unit_test(established_first),
		cmocka_unit_test(to_interfaces),
		cmocka_unit_test(inet_tables),
		cmocka_unit_test(both_engines),
		cmocka_unit_test(ports),
		cmocka_unit_test(own_table),
		cmocka_unit_test(hands_off),
		cmocka_unit_test(clean),
		cmocka_unit_test(hooks),
		cmocka_unit_test(hooks_to_the_letter),
		cmocka_unit_test(hooks_on_input),
		cmocka_unit_test(hooks_join_elsewhere),
		cmocka_unit_test(explanations),
		cmocka_unit_test(random_placements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
