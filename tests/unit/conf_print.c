// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

#include <arpa/inet.h>
#include <net/if.h>

static void must_parse_key(uint8_t key[KEY_LEN], const char *text)
{
	assert_true(key_parse_base64(key, text, strlen(text)));
}

static struct addr must_parse_addr(const char *text)
{
	struct addr a;

	assert_true(conf_parse_address(text, &a));
	return a;
}

static void st_1_strip(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "\n" },
		{ "[Interface]\nPrivateKey = x\n\n",
		  "[Interface]\nPrivateKey = x\n\n\n" },
		{ " [Interface]\r\n\tMTU=1\n# c\n[Peer] \nMTU=1\nFoo",
		  "[Interface]\r\n# c\n[Peer]\nMTU=1\nFoo\n\n" },
	};
	struct loaded l;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup(buf_done) struct buf b = { 0 };

		load(&l, cases[i].in);
		conf_print_strip(&l.conf, &b);
		assert_string_equal(b.p, cases[i].out);
		unload(&l);
	}
}

static void sc_1_empty_device(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	struct wg_device dev = { 0 };

	(void)state;
	conf_print_device(&dev, &b);
	assert_string_equal(b.p, "[Interface]\n\n");
}

static void fill_device(struct wg_device *dev, struct wg_peer *peers,
			struct wg_allowed_ip *ips)
{
	ips[0].addr = must_parse_addr("10.0.0.0/8");
	ips[1].addr = must_parse_addr("fd00::/64");
	must_parse_key(peers[0].public_key, PUB_A);
	must_parse_key(peers[0].preshared_key, KEY_C);
	peers[0].has_preshared_key = true;
	peers[0].has_keepalive = true;
	peers[0].keepalive = 25;
	peers[0].allowed_ips = ips;
	peers[0].n_allowed_ips = 2;
	peers[0].endpoint.v6.sin6_family = AF_INET6;
	peers[0].endpoint.v6.sin6_port = htons(51820);
	inet_pton(AF_INET6, "fe80::1", &peers[0].endpoint.v6.sin6_addr);
	peers[0].endpoint.v6.sin6_scope_id = if_nametoindex("lo");
	must_parse_key(peers[1].public_key, KEY_B);
	peers[1].has_preshared_key = true;
	peers[1].has_keepalive = true;
	peers[1].endpoint.v4.sin_family = AF_INET;
	peers[1].endpoint.v4.sin_port = htons(5);
	inet_pton(AF_INET, "1.2.3.4", &peers[1].endpoint.v4.sin_addr);
	must_parse_key(dev->private_key, KEY_A);
	dev->has_private_key = true;
	dev->has_listen_port = dev->has_fwmark = true;
	dev->listen_port = 51820;
	dev->fwmark = 0xca6c;
	dev->peers = peers;
	dev->n_peers = 2;
}

#define REST                                                              \
	"ListenPort = 51820\nFwMark = 0xca6c\nPrivateKey = " KEY_A "\n\n" \
	"[Peer]\nPublicKey = " PUB_A "\nPresharedKey = " KEY_C "\n"       \
	"AllowedIPs = 10.0.0.0/8, fd00::/64\n"                            \
	"Endpoint = [fe80::1%lo]:51820\nPersistentKeepalive = 25\n\n"     \
	"[Peer]\nPublicKey = " KEY_B "\nEndpoint = 1.2.3.4:5\n"

static void sc_1_full_device(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	struct wg_allowed_ip ips[2] = { 0 };
	struct wg_peer peers[2] = { 0 };
	struct wg_device dev = { 0 };

	(void)state;
	fill_device(&dev, peers, ips);
	conf_print_device(&dev, &b);
	assert_string_equal(b.p, "[Interface]\n" REST);
}

static void sv_2_everything_in_its_order(void **state)
{
	static const char *const dns[] = { "1.1.1.1", "bad;one", "",
					   "fe80::1%eth0" };
	cleanup(buf_done) struct buf b = { 0 };
	struct wg_allowed_ip ips[2] = { 0 };
	struct wg_peer peers[2] = { 0 };
	struct wg_device dev = { 0 };
	struct addr addrs[2];
	struct conf_live live = { .addresses = addrs,
				  .n_addresses = 2,
				  .dns = dns,
				  .n_dns = 4,
				  .mtu = 1380,
				  .device = &dev };
	struct loaded l;

	(void)state;
	fill_device(&dev, peers, ips);
	addrs[0] = must_parse_addr("10.9.0.2/24");
	addrs[1] = must_parse_addr("fe80::1/64");
	load(&l, "[Interface]\nAddress=1.2.3.4 # lost\nDNS=9.9.9.9,a.net\n"
		 "PostDown=d\nMTU=1400\nPreDown = c # kept\nTable=auto\n"
		 "PostUp=echo %i && echo & two\nPostUp=\nPreUp=a\n"
		 "SaveConfig=true\n");
	conf_print_save(&l.conf, &live, &b);
	assert_string_equal(b.p,
			    "[Interface]\nAddress = 10.9.0.2/24\n"
			    "Address = fe80::1/64\nDNS = 1.1.1.1\n"
			    "DNS = fe80::1%eth0\nMTU = 1380\nTable = auto\n"
			    "SaveConfig = true\nPreUp = a\n"
			    "PostUp = echo %i && echo & two\nPostUp = \n"
			    "PreDown = c # kept\nPostDown = d\n" REST);
	unload(&l);
}

static void sv_2_no_more_than_the_conf_had(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	struct wg_device dev = { 0 };
	struct conf_live live = { .mtu = 1420, .device = &dev };
	struct loaded l;

	(void)state;
	load(&l, "[Interface]\nMTU=\nTable=\nSaveConfig=false\n");
	must_parse_key(dev.private_key, KEY_A);
	dev.has_private_key = true;
	conf_print_save(&l.conf, &live, &b);
	assert_string_equal(b.p, "[Interface]\nPrivateKey = " KEY_A "\n");
	unload(&l);
}

static void sv_2_one_lf_at_the_end(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	struct wg_device dev = { 0 };
	struct conf_live live = { .device = &dev };
	struct loaded l;

	(void)state;
	load(&l, "");
	buf_adds(&b, "\n\n");
	conf_print_save(&l.conf, &live, &b);
	assert_string_equal(b.p, "\n\n[Interface]\n");
	unload(&l);
}

static void a_saved_conf_reads_back(void **state)
{
	static const char text[] =
		"[Interface]\nTable = x = y\nPostUp # = foo\nPostUp#x=bar\n"
		"PreUp\nPreDown = # c\nPostDown =\nMTU=0x500\n";
	cleanup(buf_done) struct buf one = { 0 }, two = { 0 };
	struct wg_device dev = { 0 };
	struct conf_live live = { .mtu = 1280, .device = &dev };
	struct loaded l;

	(void)state;
	load(&l, text);
	conf_print_save(&l.conf, &live, &one);
	unload(&l);
	load(&l, one.p);
	conf_print_save(&l.conf, &live, &two);
	unload(&l);
	assert_string_equal(one.p, "[Interface]\nMTU = 1280\nTable = x = y\n"
				   "PreUp = PreUp\nPostUp = foo\nPostUp = bar\n"
				   "PreDown = # c\nPostDown = \n");
	assert_string_equal(one.p, two.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(st_1_strip),
		cmocka_unit_test(sc_1_empty_device),
		cmocka_unit_test(sc_1_full_device),
		cmocka_unit_test(sv_2_everything_in_its_order),
		cmocka_unit_test(sv_2_no_more_than_the_conf_had),
		cmocka_unit_test(sv_2_one_lf_at_the_end),
		cmocka_unit_test(a_saved_conf_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
