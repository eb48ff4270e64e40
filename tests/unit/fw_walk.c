// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_ruleset.h"

#include <time.h>

/* What becomes of new connections from wg0 in the first base chain named. */
struct walked {
	struct fw_ruleset rs;
	struct arena a;
	struct fw_passage p;
	int err;
};

static const struct addr tunnel_nets[] = {
	{ AF_INET, 24, { 10, 0, 0, 0 } },
	{ AF_INET, 24, { 10, 0, 1, 0 } },
};

static struct fw_flow from_tunnel(void)
{
	return (struct fw_flow){
		.family = NFPROTO_IPV4,
		.hook = FW_FORWARD,
		.in.name = "wg0",
		.src = tunnel_nets,
		.n_src = 2,
		.l4proto = -1,
		.ctstate = FW_CT_NEW,
		.syn = true,
	};
}

static struct fw_flow to_tunnel(void)
{
	return (struct fw_flow){
		.family = NFPROTO_IPV4,
		.hook = FW_FORWARD,
		.out.name = "wg0",
		.dst = tunnel_nets,
		.n_dst = 2,
		.l4proto = -1,
		.ctstate = FW_CT_ESTABLISHED,
	};
}

static void walked_done(struct walked *w)
{
	fw_ruleset_done(&w->rs);
	arena_done(&w->a);
}

static void walk_text(struct walked *w, const char *text, const char *chain,
		      const struct fw_flow *f)
{
	test_ruleset(&w->rs, text);
	w->err = fw_walk_chain(&w->rs, test_find(&w->rs, chain), f, &w->a,
			       &w->p);
}

/* "pass", "part", or the place: "3" or "3/DOCKER-USER+1" */
static void expect_flow(const char *text, const struct fw_flow *f,
			const char *want)
{
	cleanup(walked_done) struct walked w = {};
	const char *chain = f->hook == FW_INPUT ? "INPUT" : "FORWARD";
	char got[64] = "";

	walk_text(&w, text, chain, f);
	assert_int_equal(w.err, 0);
	if (w.p.fate == FW_PASSES)
		snprintf(got, sizeof(got), "pass");
	else if (w.p.fate == FW_PARTLY)
		snprintf(got, sizeof(got), "part %zu", w.p.n_part);
	else if (w.p.docker_user)
		snprintf(got, sizeof(got), "%zu/%s+%zu", w.p.at,
			 w.p.docker_user->name, w.p.docker_at);
	else
		snprintf(got, sizeof(got), "%zu", w.p.at);
	if (strcmp(got, want))
		fail_msg("%s\ngives %s, not %s", text, got, want);
}

static void expect(const char *text, const char *want)
{
	struct fw_flow f = from_tunnel();

	expect_flow(text, &f, want);
}

#define IP "table nft ip filter\n"
#define ACCEPT IP "chain FORWARD accept\n"
#define DROP IP "chain FORWARD drop\n"

static void policies(void **state)
{
	(void)state;
	expect(ACCEPT, "pass");
	expect(DROP, "0");
	expect(DROP "-A FORWARD -i wg0 -j ACCEPT", "pass");
	expect(DROP "-A FORWARD -i eth0 -j ACCEPT", "1");
	expect(DROP "-A FORWARD -i wg+ -j ACCEPT", "pass");
	expect(DROP "-A FORWARD -i wg -j ACCEPT", "1");
	expect(DROP "-A FORWARD ! -i wg0 -j ACCEPT", "1");
	expect(DROP "-A FORWARD ! -i eth0 -j ACCEPT", "pass");
	expect(DROP "-A FORWARD -i + -j ACCEPT", "pass");
	expect(DROP "-A FORWARD -o lo -j ACCEPT", "1");
	expect(DROP "-A FORWARD ! -o lo -j ACCEPT", "pass");
}

static void catch_all(void **state)
{
	(void)state;
	expect(ACCEPT "-A FORWARD -j REJECT", "0");
	expect(ACCEPT "-A FORWARD --ctstate INVALID -j DROP\n"
		      "-A FORWARD -s 10.0.0.66 -j DROP\n"
		      "-A FORWARD -j REJECT",
	       "2");
	expect(ACCEPT "-A FORWARD --ctstate NEW -j DROP", "0");
	expect(ACCEPT "-A FORWARD -i eth0 -j REJECT", "pass");
	expect(ACCEPT "-A FORWARD -o eth0 -j REJECT", "part 1");
	expect(ACCEPT "-A FORWARD --limit 1 -j REJECT", "part 1");
	expect(ACCEPT "-A FORWARD --mark 1 -j REJECT", "part 1");
	expect(ACCEPT "-A FORWARD --comment x -j REJECT", "0");
	expect(ACCEPT "-A FORWARD -j QUEUE\n-A FORWARD -j REJECT", "pass");
}

static void addresses(void **state)
{
	(void)state;
	expect(ACCEPT "-A FORWARD -s 10.0.0.0/8 -j DROP", "0");
	expect(ACCEPT "-A FORWARD -s 10.0.0.0/24 -j DROP", "part 1");
	expect(ACCEPT "-A FORWARD -s 10.0.2.0/24 -j DROP", "pass");
	expect(ACCEPT "-A FORWARD ! -s 10.0.2.0/24 -j DROP", "0");
	expect(ACCEPT "-A FORWARD ! -s 10.0.0.0/23 -j DROP", "pass");
	expect(ACCEPT "-A FORWARD -d 10.0.0.0/8 -j DROP", "part 1");
	expect(ACCEPT "-A FORWARD -s 0.0.0.0/0 -j DROP", "0");
	expect(ACCEPT "-A FORWARD -d 0.0.0.0/0 -j DROP", "0");
}

static void address_types(void **state)
{
	struct fw_flow f = from_tunnel();

	(void)state;
	expect(ACCEPT "-A FORWARD --dst-type LOCAL -j DROP", "pass");
	expect(ACCEPT "-A FORWARD ! --dst-type LOCAL -j DROP", "0");
	f.hook = FW_INPUT;
	expect_flow(IP "chain INPUT accept\nchain ufw-not-local\n"
		       "-A ufw-not-local --dst-type LOCAL -j RETURN\n"
		       "-A ufw-not-local -j DROP\n"
		       "-A INPUT -j ufw-not-local",
		    &f, "pass");
	expect_flow(IP "chain INPUT accept\n"
		       "-A INPUT ! --dst-type LOCAL -j DROP",
		    &f, "pass");
}

static void jumps(void **state)
{
	(void)state;
	expect(ACCEPT "chain X\n-A X -j DROP\n-A FORWARD -j X", "0");
	expect(ACCEPT "chain X\n-A X -j RETURN\n-A X -j DROP\n"
		      "-A FORWARD -j X",
	       "pass");
	expect(ACCEPT "chain X\n-A X -s 10.0.0.1 -j RETURN\n-A X -j DROP\n"
		      "-A FORWARD -j X",
	       "part 1");
	expect(ACCEPT "chain X\n-A X -s 10.0.0.1 -j ACCEPT\n-A X -j DROP\n"
		      "-A FORWARD --ctstate INVALID -j DROP\n-A FORWARD -j X",
	       "1");
	expect(ACCEPT "chain X\n-A X -j DROP\n-A FORWARD -o eth0 -j X",
	       "part 1");
	expect(ACCEPT "chain X\nchain Y\n-A X -j Y\n-A Y -p tcp -j DROP\n"
		      "-A Y -j REJECT\n-A FORWARD -j X",
	       "0");
	expect(DROP "chain X\n-A X -i wg0 -j ACCEPT\n-A FORWARD -j X", "pass");
	expect(DROP "chain X\n-A X -i wg0 -j ACCEPT\n-A FORWARD -o e -j X",
	       "1");
	expect(DROP "-A FORWARD -j NOWHERE", "1");
}

static void gotos(void **state)
{
	(void)state;
	expect(ACCEPT "chain X\n-A FORWARD -g X\n-A FORWARD -j DROP", "pass");
	expect(DROP "chain X\n-A FORWARD -g X\n-A FORWARD -j ACCEPT", "0");
	expect(ACCEPT "chain X\nchain Y\n-A X -g Y\n-A X -j ACCEPT\n"
		      "-A FORWARD -j X\n-A FORWARD -j DROP",
	       "1");
	expect(ACCEPT "chain X\nchain Y\n-A X -o a -g Y\n-A X -j DROP\n"
		      "-A FORWARD -j X",
	       "part 1");
	expect(DROP "-A FORWARD -j RETURN\n-A FORWARD -j ACCEPT", "0");
	expect(DROP "-A FORWARD -o a -j RETURN\n-A FORWARD -j ACCEPT",
	       "part 1");
	expect(ACCEPT "-A FORWARD -j RETURN\n-A FORWARD -j DROP", "pass");
}

static void loops(void **state)
{
	cleanup(walked_done) struct walked w = {};
	struct fw_flow f = from_tunnel();

	(void)state;
	walk_text(&w,
		  ACCEPT "chain X\nchain Y\n-A FORWARD -j X\n"
			 "-A X -o a -j Y\n-A Y -j X",
		  "FORWARD", &f);
	assert_int_equal(w.err, -ELOOP);
}

static void protocols(void **state)
{
	(void)state;
	expect(ACCEPT "-A FORWARD -p tcp -j REJECT", "part 1");
	expect(ACCEPT "-A FORWARD -p icmp -j REJECT", "part 1");
	expect(ACCEPT "-A FORWARD -p tcp -j REJECT\n-A FORWARD -p udp -j DROP",
	       "0");
	expect(ACCEPT "-A FORWARD -s 10.0.0.9 -j DROP\n"
		      "-A FORWARD -p icmp -j REJECT\n"
		      "-A FORWARD -p tcp -j REJECT\n"
		      "-A FORWARD -p udp -j REJECT\n-A FORWARD -j REJECT",
	       "1");
	expect(DROP "-A FORWARD -p tcp -j REJECT", "0");
	expect(ACCEPT "-A FORWARD -p tcp --dport 25 -j DROP\n"
		      "-A FORWARD -j REJECT",
	       "1");
	expect(DROP "-A FORWARD -p tcp -j ACCEPT", "part 1");
	expect(DROP "-A FORWARD -p icmp -j ACCEPT", "1");
	expect(DROP "-A FORWARD ! -p tcp -j ACCEPT", "part 1");
	expect(ACCEPT "-A FORWARD -p tcp ! --flags 2 -j DROP", "pass");
	expect(ACCEPT "-A FORWARD -p tcp --flags 2 -j DROP", "part 1");
	expect(ACCEPT "-A FORWARD -p tcp -i wg0 -j DROP\n"
		      "-A FORWARD -s 10.0.0.1 -j DROP\n-A FORWARD -j DROP",
	       "2");
}

static void logs(void **state)
{
	(void)state;
	expect(DROP "-A FORWARD --ctstate INVALID -j DROP\n"
		    "-A FORWARD -s 10.0.0.1 -j LOG\n"
		    "-A FORWARD -s 10.0.0.1 -j DROP\n"
		    "-A FORWARD --limit 3 -j LOG",
	       "3");
	expect(DROP "chain L\n-A L --limit 3 -j LOG\nchain E\n"
		    "-A FORWARD -o x -j ACCEPT\n-A FORWARD -j L\n"
		    "-A FORWARD -j E",
	       "1");
	expect(DROP "chain E\n-A FORWARD -j E", "1");
	expect(DROP "-A FORWARD -j LOG\n-A FORWARD -j MARK", "2");
}

#define DOCKER "chain DOCKER-USER\nchain D\n-A FORWARD -j DOCKER-USER\n"

static void docker(void **state)
{
	(void)state;
	expect(DROP DOCKER, "1/DOCKER-USER+0");
	expect(DROP DOCKER "-A DOCKER-USER -j RETURN", "1/DOCKER-USER+0");
	expect(DROP DOCKER "-A DOCKER-USER -s 10.0.0.6 -j DROP\n"
			   "-A DOCKER-USER -j RETURN\n"
			   "-A DOCKER-USER -s 10.0.0.7 -j DROP",
	       "1/DOCKER-USER+1");
	expect(DROP DOCKER "-A DOCKER-USER -s 10.0.0.6 -j DROP\n"
			   "-A DOCKER-USER -i wg0 -j REJECT",
	       "0/DOCKER-USER+1");
	expect(DROP DOCKER "-A DOCKER-USER -s 10.0.0.6 -j RETURN\n"
			   "-A DOCKER-USER -s 10.0.0.7 -j DROP\n",
	       "1/DOCKER-USER+0");
	expect(ACCEPT DOCKER "-A FORWARD -o docker0 -j DROP", "part 1");
	expect(DROP "chain DOCKER-USER\nchain W\n-A W -j DOCKER-USER\n"
		    "-A FORWARD -j W\n-A FORWARD -j REJECT",
	       "1/DOCKER-USER+0");
	expect(DROP "chain DOCKER-USER\n-A FORWARD -i eth0 -j DOCKER-USER",
	       "1");
	expect(DROP "chain DOCKER-USER\n-A FORWARD -j DROP\n"
		    "-A FORWARD -j DOCKER-USER",
	       "0");
}

static void replies(void **state)
{
	struct fw_flow f = to_tunnel();

	(void)state;
	expect_flow(DROP "-A FORWARD -i wg0 -j ACCEPT", &f, "1");
	expect_flow(DROP "-A FORWARD --ctstate RELATED,ESTABLISHED -j ACCEPT",
		    &f, "pass");
	expect_flow(DROP "-A FORWARD ! -o wg0 -j ACCEPT", &f, "1");
	expect_flow(ACCEPT "-A FORWARD -d 10.0.0.0/16 -j DROP", &f, "0");
	expect_flow(ACCEPT "-A FORWARD -o wg0 --ctstate NEW -j DROP", &f,
		    "pass");
}

static void interfaces_by_index(void **state)
{
	struct fw_flow f = from_tunnel();

	(void)state;
	expect_flow(ACCEPT "-A FORWARD --iif 7 -j DROP", &f, "part 1");
	f.in.index = 7;
	expect_flow(ACCEPT "-A FORWARD --iif 7 -j DROP", &f, "0");
	expect_flow(ACCEPT "-A FORWARD --iif 8 -j DROP", &f, "pass");
	f.in = (struct fw_iface_set){ .not = "wg0" };
	expect_flow(ACCEPT "-A FORWARD -i wg0 -j DROP", &f, "pass");
	expect_flow(ACCEPT "-A FORWARD -i eth0 -j DROP", &f, "part 1");
	expect_flow(ACCEPT "-A FORWARD ! -i wg0 -j DROP", &f, "0");
}

/* Sets and maps */

static struct fw_set *add_set(struct fw_ruleset *rs, struct fw_table *t,
			      const char *name, uint32_t key_len)
{
	struct fw_set *s = fw_set_add(rs, t, name);

	s->key_len = key_len;
	return s;
}

static void add_elem(struct fw_ruleset *rs, struct fw_set *s, const void *key,
		     const void *end, enum fw_stmt_kind verdict,
		     const char *chain)
{
	struct fw_elem *el = fw_elem_add(rs, s);
	uint8_t *k = arena_alloc(&rs->arena, s->key_len);
	uint8_t *e = arena_alloc(&rs->arena, s->key_len);

	memcpy(k, key, s->key_len);
	memcpy(e, end ? end : key, s->key_len);
	el->key = k;
	el->key_end = e;
	el->verdict = verdict;
	el->chain = chain;
}

static struct fw_lookup lookup(struct fw_ruleset *rs, struct fw_set *s,
			       size_t n, const enum fw_field *fields,
			       const uint8_t *lens)
{
	struct fw_key *key = arena_alloc(&rs->arena, sizeof(*key));
	struct fw_lookup l = { .key = key, .name = s->name, .set = s };
	size_t i;

	assert_non_null(key);
	key->n = (uint8_t)n;
	for (i = 0; i < n; i++) {
		key->part[i].field = fields[i];
		key->part[i].len = lens[i];
		memset(key->part[i].mask, 0xff, 16);
	}
	return l;
}

/* Docker's nftables backend: "iifname vmap { docker0: jump, ... }" */
static void vmap_of_names(void **state)
{
	static const enum fw_field field = FW_F_IIFNAME;
	static const uint8_t len = 16;
	cleanup(walked_done) struct walked w = {};
	struct fw_flow f = from_tunnel();
	char docker0[16] = "docker0", wg0[16] = "wg0";
	struct fw_rule *r;
	struct fw_set *s;

	(void)state;
	test_ruleset(&w.rs, ACCEPT "chain X\n-A X -j DROP");
	s = add_set(&w.rs, w.rs.table[0], "m", 16);
	s->verdicts = true;
	add_elem(&w.rs, s, docker0, NULL, FW_S_JUMP, "X");
	r = arena_alloc(&w.rs.arena, sizeof(*r));
	fw_stmt_add(&w.rs.arena, r, FW_S_VMAP)->vmap =
		lookup(&w.rs, s, 1, &field, &len);
	assert_int_equal(
		fw_rule_insert(&w.rs, test_find(&w.rs, "FORWARD"), 0, r), 0);
	walk_text(&w, "", "FORWARD", &f);
	assert_int_equal(w.p.fate, FW_PASSES);

	f.in = (struct fw_iface_set){};
	walk_text(&w, "", "FORWARD", &f);
	assert_int_equal(w.p.fate, FW_PARTLY);

	f = from_tunnel();
	add_elem(&w.rs, s, wg0, NULL, FW_S_JUMP, "X");
	walk_text(&w, "", "FORWARD", &f);
	assert_int_equal(w.p.fate, FW_REFUSED);
	assert_string_equal(w.p.by.chain->name, "X");
	assert_int_equal(w.p.at, 0);

	s->n_elem = 1;
	add_elem(&w.rs, s, docker0, NULL, FW_S_DROP, NULL);
	s->elem[1].catchall = true;
	walk_text(&w, "", "FORWARD", &f);
	assert_int_equal(w.p.fate, FW_REFUSED);
}

struct concat_key {
	char iif[16];
	uint8_t dst[4];
	uint8_t proto, pad[3];
};

static enum fw_holds ask_concat(const struct concat_key *from,
				const struct concat_key *to, int l4proto,
				const struct addr *dst)
{
	static const enum fw_field fields[] = { FW_F_IIFNAME, FW_F_DADDR,
						FW_F_L4PROTO };
	static const uint8_t lens[] = { 16, 4, 1 };
	struct fw_ruleset rs = {};
	struct fw_table *t = fw_table_add(&rs, FW_NFT, NFPROTO_IPV4, "t");
	struct fw_set *s = add_set(&rs, t, "s", sizeof(*from));
	struct fw_flow f = from_tunnel();
	struct fw_match m = { .kind = FW_M_SET };
	enum fw_holds h;

	add_elem(&rs, s, from, to, FW_S_ACCEPT, NULL);
	m.lookup = lookup(&rs, s, 3, fields, lens);
	f.l4proto = l4proto;
	f.dst = dst;
	f.n_dst = dst ? 1 : 0;
	h = fw_match_holds(&m, &f);
	fw_ruleset_done(&rs);
	return h;
}

static void concatenations(void **state)
{
	struct concat_key from = { "wg0", { 192, 0, 2, 0 }, 6, {} };
	struct concat_key to = { "wg0", { 192, 0, 2, 255 }, 6, {} };
	struct addr in = test_addr("192.0.2.16/28");
	struct addr over = test_addr("192.0.0.0/16");
	struct addr out = test_addr("192.0.3.0/24");

	(void)state;
	assert_int_equal(ask_concat(&from, &to, 6, &in), FW_HOLDS_ALL);
	assert_int_equal(ask_concat(&from, &to, 6, &over), FW_HOLDS_SOME);
	assert_int_equal(ask_concat(&from, &to, 6, NULL), FW_HOLDS_SOME);
	assert_int_equal(ask_concat(&from, &to, 6, &out), FW_HOLDS_NONE);
	assert_int_equal(ask_concat(&from, &to, 17, &in), FW_HOLDS_NONE);
	assert_int_equal(ask_concat(&from, &to, -1, &in), FW_HOLDS_SOME);
	strcpy(from.iif, "eth0");
	strcpy(to.iif, "eth0");
	assert_int_equal(ask_concat(&from, &to, 6, NULL), FW_HOLDS_NONE);
}

static void sets(void **state)
{
	static const enum fw_field field = FW_F_SADDR;
	static const uint8_t len = 4;
	static const uint8_t v[][4] = { { 10, 0, 0, 0 },
					{ 10, 0, 0, 255 },
					{ 10, 0, 1, 0 },
					{ 10, 0, 1, 255 } };
	struct fw_flow f = from_tunnel();
	struct fw_ruleset rs = {};
	struct fw_table *t = fw_table_add(&rs, FW_NFT, NFPROTO_IPV4, "t");
	struct fw_set *s = add_set(&rs, t, "s", 4);
	struct fw_match m = { .kind = FW_M_SET };

	(void)state;
	m.lookup = lookup(&rs, s, 1, &field, &len);
	assert_int_equal(fw_match_holds(&m, &f), FW_HOLDS_NONE);
	add_elem(&rs, s, v[0], v[1], FW_S_ACCEPT, NULL);
	assert_int_equal(fw_match_holds(&m, &f), FW_HOLDS_SOME);
	add_elem(&rs, s, v[2], v[3], FW_S_ACCEPT, NULL);
	assert_int_equal(fw_match_holds(&m, &f), FW_HOLDS_ALL);
	m.invert = true;
	assert_int_equal(fw_match_holds(&m, &f), FW_HOLDS_NONE);
	s->dynamic = true;
	assert_int_equal(fw_match_holds(&m, &f), FW_HOLDS_SOME);
	m.lookup.set = NULL;
	assert_int_equal(fw_match_holds(&m, &f), FW_HOLDS_SOME);
	fw_ruleset_done(&rs);
}

/* All tables of a hook */

static void order_of_chains(void **state)
{
	struct fw_ruleset rs = {};
	struct fw_flow f = from_tunnel();
	struct fw_way way;
	struct arena a = {};

	(void)state;
	test_ruleset(&rs, "table nft inet late\n"
			  "chain c drop filter forward 10\n"
			  "table nft ip6 filter\nchain FORWARD drop\n"
			  "table nft ip nat\nchain n drop nat forward 0\n"
			  "table nft inet off dormant\n"
			  "chain d drop filter forward 0\n"
			  "table legacy ip filter\nchain FORWARD accept\n"
			  "table nft ip early\n"
			  "chain e drop filter forward -300\n");
	assert_int_equal(fw_walk(&rs, &f, &a, &way), 0);
	assert_int_equal(way.n_passage, 3);
	assert_string_equal(way.passage[0].base->name, "e");
	assert_int_equal(way.passage[1].base->table->backend, FW_LEGACY);
	assert_string_equal(way.passage[2].base->name, "c");
	fw_ruleset_done(&rs);
	arena_done(&a);
}

static void families_of_inet(void **state)
{
	struct fw_flow f = from_tunnel();

	(void)state;
	expect_flow("table nft inet filter\nchain FORWARD accept\n"
		    "-A FORWARD --nfproto 6 -j DROP\n",
		    &f, "pass");
	expect_flow("table nft inet filter\nchain FORWARD accept\n"
		    "-A FORWARD --nfproto 4 -j DROP\n",
		    &f, "0");
	expect_flow("table nft inet filter\nchain FORWARD accept\n"
		    "-A FORWARD ! -s fd00::/8 -j DROP\n",
		    &f, "pass");
}

/* Each chain jumps twice to the next: 2^40 ways through 40 chains. */
static void trees_of_jumps(void **state)
{
	cleanup(walked_done) struct walked w = {};
	cleanup(buf_done) struct buf b = {};
	struct fw_flow f = from_tunnel();
	int i;

	(void)state;
	buf_adds(&b, ACCEPT "chain c40\n-A c40 -o eth0 -j DROP\n");
	for (i = 39; i >= 0; i--)
		buf_addf(&b, "chain c%d\n-A c%d -j c%d\n-A c%d -j c%d\n", i, i,
			 i + 1, i, i + 1);
	buf_adds(&b, "-A FORWARD -j c0\n");
	walk_text(&w, b.p, "FORWARD", &f);
	assert_int_equal(w.err, 0);
	assert_int_equal(w.p.fate, FW_PARTLY);
	assert_int_equal(w.p.n_part, 1);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void many_rules(void **state)
{
	cleanup(walked_done) struct walked w = {};
	cleanup(buf_done) struct buf b = {};
	struct addr *peers = calloc(4000, sizeof(*peers));
	struct fw_flow f = from_tunnel();
	double start, took;
	int i;

	(void)state;
	buf_adds(&b, DROP);
	for (i = 0; i < 10000; i++)
		buf_addf(&b, "chain c%d\n-A c%d -s 10.%d.%d.5 -j ACCEPT\n", i,
			 i, i / 250, i % 250);
	for (i = 0; i < 10000; i++)
		buf_addf(
			&b,
			"-A FORWARD ! -i eth7 -o veth%d -d 10.9.0.0/16 -j c%d\n"
			"-A FORWARD -s 10.9.%d.1 -p tcp --dport 80 -j DROP\n",
			i, i, i % 250);
	for (i = 0; i < 4000; i++)
		peers[i] = (struct addr){ AF_INET,
					  32,
					  { 10, 64, i / 250, i % 250 } };
	assert_int_equal(
		fw_prefixes(peers, 4000, AF_INET, &w.a, &f.src, &f.n_src), 0);
	f.sorted = true;
	test_ruleset(&w.rs, b.p);
	start = now_ms();
	walk_text(&w, "", "FORWARD", &f);
	took = now_ms() - start;
	print_message("30000 rules, 10000 chains, 4000 peers: %.1f ms\n", took);
	assert_int_equal(w.p.fate, FW_REFUSED);
	assert_int_equal(w.p.at, 20000);
	assert_true(took < 5000);
	free(peers);
}

static void prefixes(void **state)
{
	struct addr in[] = { test_addr("10.0.1.0/24"), test_addr("fd00::/64"),
			     test_addr("10.0.0.7/16"), test_addr("9.0.0.0/8"),
			     test_addr("10.1.0.1/32") };
	struct addr any[] = { test_addr("10.0.1.0/24"),
			      test_addr("0.0.0.0/0") };
	const struct addr *v;
	struct arena a = {};
	size_t n;

	(void)state;
	assert_int_equal(fw_prefixes(in, 5, AF_INET, &a, &v, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(v[0].b[0], 9);
	assert_int_equal(v[1].plen, 16);
	assert_int_equal(v[1].b[3], 0);
	assert_int_equal(v[2].b[1], 1);
	assert_int_equal(fw_prefixes(any, 2, AF_INET, &a, &v, &n), 0);
	assert_int_equal(n, 0);
	arena_done(&a);
}

static void names(void **state)
{
	struct fw_ruleset rs = {};
	struct fw_table *t = fw_table_add(&rs, FW_NFT, NFPROTO_IPV4, "t");
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_non_null(fw_chain_add(&rs, t, name));
	}
	for (i = 0; i < 1000; i += 2) {
		snprintf(name, sizeof(name), "c%d", i);
		fw_chain_del(fw_chain_find(t, name));
		assert_null(fw_chain_find(t, name));
	}
	assert_int_equal(t->n_chain, 500);
	assert_int_equal(fw_chain_rename(&rs, fw_chain_find(t, "c1"), "new"),
			 0);
	assert_null(fw_chain_find(t, "c1"));
	assert_non_null(fw_chain_find(t, "new"));
	for (i = 3; i < 1000; i += 2) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_string_equal(fw_chain_find(t, name)->name, name);
	}
	fw_ruleset_done(&rs);
}

static const char *manager(const char *table, const char *chain)
{
	struct fw_table t = { .name = table };
	struct fw_chain c = { .table = &t, .name = chain };

	return fw_manager_name(fw_manager_of(&c));
}

static void managers(void **state)
{
	(void)state;
	assert_string_equal(manager("filter", "FORWARD"), "");
	assert_string_equal(manager("filter", "DOCKER"), "Docker");
	assert_string_equal(manager("filter", "DOCKERS"), "");
	assert_string_equal(manager("filter", "ufw6-user-input"), "ufw");
	assert_string_equal(manager("firewalld", "filter_FORWARD"),
			    "firewalld");
	assert_string_equal(manager("filter", "FWDI_public"), "firewalld");
	assert_string_equal(manager("filter", "KUBE-FORWARD"), "Kubernetes");
	assert_string_equal(manager("docker-bridges", "x"), "Docker");
	assert_string_equal(manager("wgq-wg0", "forward"), "wgq");
}

/* Random rulesets against packets */

struct packet {
	const char *in, *out, *src, *dst;
	int proto, dport;
	uint32_t ctstate;
};

static bool is_one_of(const struct fw_iface *i, const char *name)
{
	return i->prefix ? !strncmp(name, i->name, strlen(i->name))
			 : !strcmp(name, i->name);
}

static bool has_addr(const struct fw_addr *m, const char *text)
{
	struct addr a = test_addr(text);
	size_t i;

	for (i = 0; i < 4; i++) {
		if ((a.b[i] & m->mask[i]) != m->b[i])
			return false;
	}
	return true;
}

static bool packet_matches(const struct fw_match *m, const struct packet *p)
{
	bool yes = false;

	switch ((int)m->kind) {
	case FW_M_IIF:
		yes = is_one_of(&m->iface, p->in);
		break;
	case FW_M_OIF:
		yes = is_one_of(&m->iface, p->out);
		break;
	case FW_M_SADDR:
		yes = has_addr(&m->addr, p->src);
		break;
	case FW_M_DADDR:
		yes = has_addr(&m->addr, p->dst);
		break;
	case FW_M_L4PROTO:
		yes = p->proto == m->range.lo;
		break;
	case FW_M_DPORT:
		yes = p->dport >= m->range.lo && p->dport <= m->range.hi;
		break;
	case FW_M_CTSTATE:
		yes = p->ctstate & m->ct.mask;
		break;
	case FW_M_LIMIT:
		yes = rand() & 1;
		break;
	default:
		fail();
	}
	return yes != m->invert;
}

/*
 * struct fall - where a packet fell
 * @by_rule:	a rule decided, not the policy
 * @top:	rule of the base chain that it was at
 */
struct fall {
	bool refused, by_rule;
	size_t top;
};

enum way_out { ON, BACK, ACCEPTED, REFUSED };

static enum way_out send_through(const struct fw_chain *c,
				 const struct packet *p, size_t *at,
				 size_t limit)
{
	size_t i, j;

	for (i = 0; i < c->n_rule; i++) {
		const struct fw_rule *r = c->rule[i];
		const struct fw_chain *to;
		enum way_out out;
		bool all = true;

		if (at)
			*at = i;
		if (at && i == limit)
			return ACCEPTED;
		for (j = 0; j < r->n_match; j++)
			all = all && packet_matches(&r->match[j], p);
		if (!all || !r->n_stmt)
			continue;
		switch ((int)r->stmt[0].kind) {
		case FW_S_ACCEPT:
			return ACCEPTED;
		case FW_S_DROP:
			return REFUSED;
		case FW_S_RETURN:
			return BACK;
		case FW_S_JUMP:
		case FW_S_GOTO:
			to = fw_chain_find(c->table, r->stmt[0].chain);
			out = send_through(to, p, NULL, 0);
			if (out == ACCEPTED || out == REFUSED)
				return out;
			if (r->stmt[0].kind == FW_S_GOTO)
				return BACK;
			break;
		}
	}
	if (at)
		*at = c->n_rule;
	return at && limit == c->n_rule ? ACCEPTED : BACK;
}

static struct fall send_packet(const struct fw_chain *base,
			       const struct packet *p, size_t limit)
{
	struct fall f = {};
	enum way_out out = send_through(base, p, &f.top, limit);

	f.by_rule = out != BACK;
	f.refused =
		out == REFUSED || (out == BACK && base->policy == FW_S_DROP);
	return f;
}

static const char *pick(const char *const *v, size_t n)
{
	return v[(size_t)rand() % n];
}
#define PICK(...)                                  \
	pick((const char *const[]){ __VA_ARGS__ }, \
	     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void random_rule(struct buf *b, const char *chain, int depth)
{
	buf_addf(b, "-A %s", chain);
	if (rand() % 4 == 0)
		buf_addf(b, " %s-i %s", PICK("", "", "! "),
			 PICK("wg0", "eth0", "wg+", "docker0"));
	if (rand() % 5 == 0)
		buf_addf(b, " %s-o %s", PICK("", "", "! "),
			 PICK("wg0", "eth0", "docker0"));
	if (rand() % 5 == 0)
		buf_addf(b, " %s-s %s", PICK("", "! "),
			 PICK("10.0.0.0/24", "10.0.0.2", "10.0.0.0/8",
			      "192.0.2.0/24"));
	if (rand() % 6 == 0)
		buf_addf(b, " %s-d %s", PICK("", "! "),
			 PICK("192.0.2.0/24", "172.17.0.2"));
	if (rand() % 5 == 0) {
		buf_addf(b, " -p %s", PICK("tcp", "udp"));
		if (rand() % 2)
			buf_addf(b, " --dport %s", PICK("80", "1:79", "443"));
	} else if (rand() % 10 == 0) {
		buf_adds(b, " -p icmp");
	}
	if (rand() % 6 == 0)
		buf_addf(b, " %s--ctstate %s", PICK("", "! "),
			 PICK("NEW", "RELATED,ESTABLISHED", "INVALID"));
	if (rand() % 10 == 0)
		buf_adds(b, " --limit 1");
	if (depth < 4 && rand() % 3 == 0)
		buf_addf(b, " -%s c%d", PICK("j", "j", "j", "g"),
			 depth + rand() % (4 - depth));
	else
		buf_addf(b, " -j %s",
			 PICK("ACCEPT", "DROP", "DROP", "RETURN", "LOG"));
	buf_addc(b, '\n');
}

static void random_ruleset(struct buf *b)
{
	int i, j;

	buf_addf(b, IP "chain FORWARD %s\n", PICK("drop", "accept"));
	for (i = 3; i >= 0; i--) {
		char name[8];

		snprintf(name, sizeof(name), "c%d", i);
		buf_addf(b, "chain %s\n", name);
		for (j = rand() % 4; j; j--)
			random_rule(b, name, i + 1);
	}
	for (j = rand() % 6; j; j--)
		random_rule(b, "FORWARD", 0);
}

/* Every packet of the flow wg0 -> anywhere that these values make */
static bool next_packet(struct packet *p, unsigned int n)
{
	static const char *const outs[] = { "eth0", "docker0", "wg0" };
	static const char *const srcs[] = { "10.0.0.2", "10.0.0.77",
					    "10.0.1.5" };
	static const char *const dsts[] = { "192.0.2.9", "172.17.0.2",
					    "203.0.113.1" };
	static const int protos[] = { 6, 17, 1 };
	static const int ports[] = { 80, 22, 443, 9999 };

	*p = (struct packet){ .in = "wg0",
			      .out = outs[n % 3],
			      .src = srcs[n / 3 % 3],
			      .dst = dsts[n / 9 % 3],
			      .proto = protos[n / 27 % 3],
			      .dport = ports[n / 81 % 4],
			      .ctstate = FW_CT_NEW };
	return n < 324;
}

static bool has_return(const struct fw_ruleset *rs)
{
	const struct fw_table *t = rs->table[0];
	size_t i, j;

	for (i = 0; i < t->n_chain; i++) {
		for (j = 0; j < t->chain[i]->n_rule; j++) {
			const struct fw_rule *r = t->chain[i]->rule[j];

			if (r->stmt[0].kind == FW_S_RETURN ||
			    r->stmt[0].kind == FW_S_GOTO)
				return true;
		}
	}
	return false;
}

struct tally {
	unsigned int fates[3], certain;
};

/* What the walk says is true of every packet. */
static void check_ruleset(const char *text, struct tally *tally)
{
	cleanup(walked_done) struct walked w = {};
	struct fw_flow f = from_tunnel();
	unsigned int n, refused = 0, counted = 0;
	const struct fw_chain *base;
	bool same = true, one_top = true;
	size_t top = SIZE_MAX;
	struct packet p;

	walk_text(&w, text, "FORWARD", &f);
	assert_int_equal(w.err, 0);
	base = w.p.base;
	tally->fates[w.p.fate]++;
	for (n = 0; next_packet(&p, n); n++) {
		struct fall now = send_packet(base, &p, SIZE_MAX);

		if (w.p.fate == FW_PASSES && now.refused)
			fail_msg("%s passes, but a packet does not", text);
		if (p.proto == 1)
			continue;
		counted++;
		refused += now.refused;
		one_top = one_top && (top == SIZE_MAX || top == now.top);
		top = now.top;
		if (w.p.fate != FW_REFUSED)
			continue;
		if (!now.refused && !now.by_rule && !has_return(&w.rs))
			fail_msg("%s refuses, but by policy one passes", text);
		now = send_packet(base, &p, w.p.at);
		same = !now.refused || now.top < w.p.at;
		if (!same)
			fail_msg("%s: accept at %zu is too late", text, w.p.at);
	}
	if (refused == counted && one_top)
		tally->certain++;
	if (w.p.fate == FW_PASSES && refused)
		fail_msg("%s", text);
	if (w.p.fate == FW_REFUSED && w.p.at < base->n_rule &&
	    !strstr(text, "LOG") && !strstr(text, "-p ") &&
	    w.p.by.top != w.p.at)
		fail_msg("%s: %zu is not where it falls", text, w.p.at);
}

static void random_rulesets(void **state)
{
	struct tally tally = {};
	int i;

	(void)state;
	for (i = 0; i < 4000; i++) {
		cleanup(buf_done) struct buf b = {};

		srand((unsigned int)i);
		random_ruleset(&b);
		check_ruleset(b.p, &tally);
	}
	print_message("%u pass, %u partly, %u refused; %u certainly\n",
		      tally.fates[0], tally.fates[1], tally.fates[2],
		      tally.certain);
	assert_true(tally.fates[0] > 200 && tally.fates[2] > 500);
	assert_true(tally.certain <= tally.fates[2] + tally.fates[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies),
		cmocka_unit_test(catch_all),
		cmocka_unit_test(addresses),
		cmocka_unit_test(address_types),
		cmocka_unit_test(jumps),
		cmocka_unit_test(gotos),
		cmocka_unit_test(loops),
		cmocka_unit_test(protocols),
		cmocka_unit_test(logs),
		cmocka_unit_test(docker),
		cmocka_unit_test(replies),
		cmocka_unit_test(interfaces_by_index),
		cmocka_unit_test(vmap_of_names),
		cmocka_unit_test(concatenations),
		cmocka_unit_test(sets),
		cmocka_unit_test(order_of_chains),
		cmocka_unit_test(families_of_inet),
		cmocka_unit_test(trees_of_jumps),
		cmocka_unit_test(many_rules),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(names),
		cmocka_unit_test(managers),
		cmocka_unit_test(random_rulesets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
