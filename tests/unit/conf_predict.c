// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

#include <stdlib.h>

#define I "[Interface]\n"
#define A PEER(PUB_A)
#define B PEER(KEY_B)
#define C PEER(KEY_C)
#define IPS(l) "AllowedIPs = " l "\n"

/* The live peers as `wg show NAME allowed-ips` lists them, keys cut short. */
static void show(struct buf *b, const struct wg_device *d)
{
	char key[KEY_BASE64_LEN], text[ADDR_STRLEN];
	const struct wg_peer *p;
	size_t i, j;

	buf_adds(b, "");
	for (i = 0; i < d->n_peers; i++) {
		p = &d->peers[i];
		key_print_base64(key, p->public_key);
		buf_addf(b, "%.4s:", key);
		for (j = 0; j < p->n_allowed_ips; j++) {
			assert_false(p->allowed_ips[j].remove);
			buf_addf(b, " %s",
				 addr_print(&p->allowed_ips[j].addr, text));
		}
		buf_addc(b, '\n');
	}
}

static const struct {
	const char *clause, *in, *out;
} cases[] = {
	{ "no peers", I, "" },
	{ "no allowed IPs", A B, "HIgo:\nxTIB:\n" },
	{ "AIP-4 masked", A IPS("10.0.0.1/8, fd00::1/64"),
	  "HIgo: 10.0.0.0/8 fd00::/64\n" },
	{ "AIP-7 one peer, one prefix", A IPS("10.5.0.1/16,10.5.0.0/16"),
	  "HIgo: 10.5.0.0/16\n" },
	{ "AIP-7 the last one to list it owns it",
	  A IPS("10.0.0.0/8,10.1.0.0/16") B IPS("10.0.0.1/8"),
	  "HIgo: 10.1.0.0/16\nxTIB: 10.0.0.0/8\n" },
	{ "AIP-7 three peers",
	  A IPS("10.0.0.0/8") B IPS("10.0.0.0/8") C IPS("10.0.0.0/8"),
	  "HIgo:\nxTIB:\nTrMv: 10.0.0.0/8\n" },
	{ "length and family tell prefixes apart",
	  A IPS("0.0.0.0/0,::/0,10.0.0.0/8,10.0.0.0/9,a00::/8"),
	  "HIgo: 0.0.0.0/0 ::/0 10.0.0.0/8 10.0.0.0/9 a00::/8\n" },
	{ "order is that of the last addition",
	  A IPS("10.1.0.0/16,10.2.0.0/16,10.1.0.0/16"),
	  "HIgo: 10.2.0.0/16 10.1.0.0/16\n" },
	{ "DUP-1 the later block replaces",
	  A IPS("10.0.0.0/8") B A IPS("10.2.0.0/16"),
	  "HIgo: 10.2.0.0/16\nxTIB:\n" },
	{ "DUP-1 even without AllowedIPs", A IPS("10.0.0.0/8") A, "HIgo:\n" },
	{ "DUP-1 unless it says +", A IPS("10.0.0.0/8") A IPS("+10.2.0.0/16"),
	  "HIgo: 10.0.0.0/8 10.2.0.0/16\n" },
	{ "DUP-1 the same prefix again",
	  A IPS("10.0.0.0/8,10.1.0.0/16") A IPS("10.0.0.0/8"),
	  "HIgo: 10.0.0.0/8\n" },
	{ "DUP-1 a prefix moves and is not given back",
	  A IPS("10.0.0.0/8") B IPS("10.0.0.0/8") A B, "HIgo:\nxTIB:\n" },
	{ "DUP-1 taken back by a later block",
	  A IPS("10.0.0.0/8") B IPS("10.0.0.0/8") A IPS("10.0.0.0/8"),
	  "HIgo: 10.0.0.0/8\nxTIB:\n" },
	{ "AIP-5 - takes off what is there",
	  A IPS("+10.0.0.0/8,10.1.0.0/16,-10.0.0.0/8"), "HIgo: 10.1.0.0/16\n" },
	{ "AIP-5 - masks too", A IPS("10.0.0.0/8,-10.0.0.1/8"), "HIgo:\n" },
	{ "AIP-5 - then + again", A IPS("10.0.0.0/8,-10.0.0.0/8,10.0.0.0/8"),
	  "HIgo: 10.0.0.0/8\n" },
	{ "AIP-5 - before there is anything", A IPS("-10.0.0.0/8"), "HIgo:\n" },
	{ "AIP-5 - of another's prefix does nothing",
	  A IPS("10.0.0.0/8") B IPS("-10.0.0.0/8"),
	  "HIgo: 10.0.0.0/8\nxTIB:\n" },
	{ "AIP-5 - in a later block of the peer",
	  A IPS("10.0.0.0/8,10.1.0.0/16") B A IPS("-10.0.0.0/8"),
	  "HIgo: 10.1.0.0/16\nxTIB:\n" },
	{ "AIP-5 - does not bring the former owner back",
	  A IPS("10.0.0.0/8") B IPS("10.0.0.0/8,-10.0.0.0/8"),
	  "HIgo:\nxTIB:\n" },
	{ "KEYS-3 own key dropped, and it takes nothing",
	  I "PrivateKey = " KEY_A "\n" B IPS("10.0.0.0/8")
		  A IPS("10.0.0.0/8,10.1.0.0/16"),
	  "xTIB: 10.0.0.0/8\n" },
	{ "KEYS-3 not without a private key", A IPS("10.0.0.0/8"),
	  "HIgo: 10.0.0.0/8\n" },
	{ "KEYS-3 not with one of zeros",
	  I "PrivateKey=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" PEER(
		  "L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q="),
	  "L+V9:\n" },
};

/* What the kernel would derive. */
static void tell_own_key(struct wg_device *dev)
{
	uint8_t priv[KEY_LEN];

	assert_true(key_parse_base64(priv, KEY_A, strlen(KEY_A)));
	dev->has_public_key = dev->has_private_key &&
			      !memcmp(dev->private_key, priv, KEY_LEN);
	if (dev->has_public_key)
		assert_true(key_parse_base64(dev->public_key, PUB_A,
					     strlen(PUB_A)));
}

static void check_case(size_t i)
{
	cleanup(buf_done) struct buf b = { 0 };
	cleanup(arena_done) struct arena a = { 0 };
	struct wg_device live;
	struct loaded l;

	load(&l, cases[i].in);
	if (l.device)
		fail_msg("%s: %s", cases[i].clause, l.findings.p);
	tell_own_key(&l.conf.device);
	assert_int_equal(conf_predict_device(&l.conf.device, &a, &live), 0);
	show(&b, &live);
	if (strcmp(b.p, cases[i].out) != 0)
		fail_msg("%s: got\n%s\nnot\n%s", cases[i].clause, b.p,
			 cases[i].out);
	unload(&l);
}

static void check_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(i);
}

static void dup_1_merges_what_is_mentioned(void **state)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct wg_device live;
	struct loaded l;

	(void)state;
	load(&l,
	     A "Endpoint = h:5\nPresharedKey = " KEY_C "\n"
	       "PersistentKeepalive = 25\n" B
	       "PresharedKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" A
	       "PersistentKeepalive = off\n" IPS("10.2.0.0/16"));
	assert_int_equal(conf_predict_device(&l.conf.device, &a, &live), 0);
	assert_int_equal(live.n_peers, 2);
	assert_string_equal(live.peers[0].host, "h");
	assert_string_equal(live.peers[0].port, "5");
	assert_int_equal(live.peers[0].endpoint_line, 3);
	assert_int_equal(live.peers[0].line, 1);
	assert_int_equal(live.peers[0].allowed_line, 12);
	assert_true(live.peers[0].has_preshared_key);
	assert_false(live.peers[0].has_keepalive);
	assert_int_equal(live.peers[0].keepalive, 0);
	assert_false(live.peers[1].has_preshared_key);
	unload(&l);
}

static void dup_1_takes_a_resolved_endpoint(void **state)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct wg_device live;
	struct loaded l;

	(void)state;
	load(&l, A "Endpoint = 1.2.3.4:5\n" A);
	l.conf.device.peers[0].endpoint.v4.sin_family = AF_INET;
	l.conf.device.peers[0].endpoint.v4.sin_port = 0x1234;
	assert_int_equal(conf_predict_device(&l.conf.device, &a, &live), 0);
	assert_int_equal(live.n_peers, 1);
	assert_int_equal(live.peers[0].endpoint.sa.sa_family, AF_INET);
	assert_int_equal(live.peers[0].endpoint.v4.sin_port, 0x1234);
	unload(&l);
}

static void private_key_is_clamped(void **state)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct wg_device live;
	struct loaded l;

	(void)state;
	load(&l, I "PrivateKey=/////////////////////////////////////////z8=\n"
		   "ListenPort=5\nFwMark=6\n");
	assert_int_equal(l.device, 0);
	assert_int_equal(conf_predict_device(&l.conf.device, &a, &live), 0);
	assert_true(live.has_private_key);
	assert_int_equal(live.private_key[0], 0xf8);
	assert_int_equal(live.private_key[31], 0x7f);
	assert_int_equal(l.conf.device.private_key[0], 0xff);
	assert_int_equal(live.listen_port, 5);
	assert_int_equal(live.fwmark, 6);
	assert_string_equal(live.name, "wg0");
	unload(&l);
	load(&l, I "PrivateKey=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	assert_int_equal(conf_predict_device(&l.conf.device, &a, &live), 0);
	assert_false(live.has_private_key);
	unload(&l);
}

/*
 * The same by the plainest means: a list of owners, walked through for every
 * item, over confs made of few peers and prefixes.
 */
struct model {
	struct {
		struct addr net;
		unsigned int peer, seq;
	} v[256];
	size_t n;
};

static void model_drop(struct model *m, size_t i)
{
	m->v[i] = m->v[--m->n];
}

static void model_item(struct model *m, const struct wg_allowed_ip *ip,
		       unsigned int peer, unsigned int seq)
{
	struct addr net = addr_masked(&ip->addr);
	size_t i;

	for (i = 0; i < m->n && !addr_eq(&m->v[i].net, &net); i++)
		;
	if (ip->remove) {
		if (i < m->n && m->v[i].peer == peer)
			model_drop(m, i);
		return;
	}
	if (i == m->n)
		m->n++;
	m->v[i].net = net;
	m->v[i].peer = peer;
	m->v[i].seq = seq;
}

static unsigned int first_block(const struct wg_device *d, unsigned int i)
{
	unsigned int j;

	for (j = 0; memcmp(d->peers[j].public_key, d->peers[i].public_key,
			   KEY_LEN) != 0;
	     j++)
		;
	return j;
}

static void model_run(struct model *m, const struct wg_device *d)
{
	unsigned int i, j, peer, seq = 0;
	size_t k;

	for (i = 0; i < d->n_peers; i++) {
		peer = first_block(d, i);
		for (k = m->n; d->peers[i].replace_allowed_ips && k--;)
			if (m->v[k].peer == peer)
				model_drop(m, k);
		for (j = 0; j < d->peers[i].n_allowed_ips; j++)
			model_item(m, &d->peers[i].allowed_ips[j], peer, seq++);
	}
}

static void compare(const struct model *m, const struct wg_device *asked,
		    const struct wg_device *live)
{
	unsigned int i, j, at, last, peer, n = 0;
	size_t total = 0;

	for (i = 0; i < asked->n_peers; i++) {
		peer = first_block(asked, i);
		if (peer != i)
			continue;
		last = 0;
		for (j = 0; j < live->peers[n].n_allowed_ips; j++, total++) {
			for (at = 0; at < m->n; at++)
				if (addr_eq(&m->v[at].net,
					    &live->peers[n]
						     .allowed_ips[j]
						     .addr))
					break;
			assert_true(at < m->n);
			assert_int_equal(m->v[at].peer, peer);
			assert_true(!j || m->v[at].seq > last);
			last = m->v[at].seq;
		}
		n++;
	}
	assert_int_equal(n, live->n_peers);
	assert_int_equal(total, m->n);
}

static void random_conf(struct buf *b, unsigned int *seed)
{
	static const char *const peers[] = { A, B, C };
	static const char *const signs[] = { "", "", "", "+", "-" };
	unsigned int i, j, n = rand_r(seed) % 8;

	for (i = 0; i < n; i++) {
		buf_adds(b, peers[rand_r(seed) % 3]);
		for (j = rand_r(seed) % 6; j; j--)
			buf_addf(b,
				 "AllowedIPs = %s10.%u.0.0/16, %sfd0%u::/16"
				 "\n",
				 signs[rand_r(seed) % 5], rand_r(seed) % 4,
				 signs[rand_r(seed) % 5], rand_r(seed) % 3);
	}
	buf_adds(b, "");
}

static void agrees_with_a_plain_model(void **state)
{
	unsigned int round, seed = 1;
	struct wg_device live;
	struct loaded l;

	(void)state;
	for (round = 0; round < 3000; round++) {
		cleanup(arena_done) struct arena a = { 0 };
		cleanup(buf_done) struct buf b = { 0 };
		struct model m = { 0 };

		random_conf(&b, &seed);
		load(&l, b.p);
		assert_int_equal(l.device, 0);
		assert_int_equal(conf_predict_device(&l.conf.device, &a, &live),
				 0);
		model_run(&m, &l.conf.device);
		compare(&m, &l.conf.device, &live);
		unload(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_cases),
		cmocka_unit_test(dup_1_merges_what_is_mentioned),
		cmocka_unit_test(dup_1_takes_a_resolved_endpoint),
		cmocka_unit_test(private_key_is_clamped),
		cmocka_unit_test(agrees_with_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
