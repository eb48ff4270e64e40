// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/uapi/wireguard.h"
#include "lib_netlink.h"
#include "net/wg.h"

/* Bytes as wg 1.0.20210914 sends them, to a kernel that says yes to all. */

#define FAMILY 0x1c

static void key(uint8_t out[KEY_LEN], const char *base64)
{
	assert_true(key_parse_base64(out, base64, strlen(base64)));
}

static struct wg_allowed_ip allowed(const char *s, uint8_t plen)
{
	struct wg_allowed_ip a = { .addr.plen = plen };

	a.addr.family = strchr(s, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(a.addr.family, s, a.addr.b), 1);
	return a;
}

/* The device of the golden bytes. */
struct sample {
	struct wg_device dev;
	struct wg_peer peers[2];
	struct wg_allowed_ip ips[3];
};

static void make_sample(struct sample *s)
{
	*s = (struct sample){ .dev = { .name = "wg0",
				       .has_private_key = true,
				       .has_listen_port = true,
				       .has_fwmark = true,
				       .listen_port = 51820,
				       .fwmark = 0xca6c,
				       .n_peers = 2 } };
	s->dev.peers = s->peers;
	key(s->dev.private_key, "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=");
	s->ips[0] = allowed("10.192.122.3", 32);
	s->ips[1] = allowed("10.192.124.1", 24);
	s->ips[2] = allowed("fd00::", 64);
	key(s->peers[0].public_key,
	    "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=");
	key(s->peers[0].preshared_key,
	    "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=");
	s->peers[0].has_preshared_key = true;
	s->peers[0].has_keepalive = true;
	s->peers[0].keepalive = 25;
	s->peers[0].replace_allowed_ips = true;
	s->peers[0].endpoint.v4.sin_family = AF_INET;
	s->peers[0].endpoint.v4.sin_port = htons(1234);
	inet_pton(AF_INET, "192.95.5.67", &s->peers[0].endpoint.v4.sin_addr);
	s->peers[0].allowed_ips = &s->ips[0];
	s->peers[0].n_allowed_ips = 2;
	key(s->peers[1].public_key,
	    "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=");
	s->peers[1].replace_allowed_ips = true;
	s->peers[1].endpoint.v6.sin6_family = AF_INET6;
	s->peers[1].endpoint.v6.sin6_port = htons(2468);
	inet_pton(AF_INET6, "2607:5300:60:6b0::c05f:543",
		  &s->peers[1].endpoint.v6.sin6_addr);
	s->peers[1].allowed_ips = &s->ips[2];
	s->peers[1].n_allowed_ips = 1;
}

static const char golden_add[] =
	"7c0100001c000500e0aa056b0000000001010000080002007767300024000300"
	"c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669"
	"060006006cca0000080007006cca00002c010880ac00008024000100c5320103"
	"9adba14be71f886da1d8dbe9eebded08cb111b75340078999aa9f03824000200"
	"1690b2870b3d731c16a15e3110bb5f26f8c937ecd05513c84a59515a07a8a551"
	"14000400020004d2c05f05430000000000000000060005001900000008000300"
	"020000003c0009801c0000800600010002000000080002000ac07a0305000300"
	"200000001c0000800600010002000000080002000ac07c010500030018000000"
	"7c000080240001004eb32f4a83f88d842563a448cc181bb2c42a637bf12363e2"
	"fb2ef594e5965d7d200004000a0009a40000000026075300006006b000000000"
	"c05f05430000000008000300020000002c00098028000080060001000a000000"
	"14000200fd0000000000000000000000000000000500030040000000";

static const char golden_replace[] =
	"840100001c000500e0aa056b0000000001010000080002007767300024000300"
	"c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab614220241801ddf0669"
	"060006006cca0000080007006cca000008000500010000002c010880ac000080"
	"24000100c53201039adba14be71f886da1d8dbe9eebded08cb111b7534007899"
	"9aa9f038240002001690b2870b3d731c16a15e3110bb5f26f8c937ecd05513c8"
	"4a59515a07a8a55114000400020004d2c05f0543000000000000000006000500"
	"1900000008000300020000003c0009801c000080060001000200000008000200"
	"0ac07a0305000300200000001c0000800600010002000000080002000ac07c01"
	"05000300180000007c000080240001004eb32f4a83f88d842563a448cc181bb2"
	"c42a637bf12363e2fb2ef594e5965d7d200004000a0009a40000000026075300"
	"006006b000000000c05f05430000000008000300020000002c00098028000080"
	"060001000a00000014000200fd00000000000000000000000000000005000300"
	"40000000";

static void one_message(const struct wg_device *dev, enum wg_mode mode,
			const char *want)
{
	static _Alignas(4) uint8_t buf[WG_MSG_SIZE];
	struct nlmsg m = { .buf = buf, .size = sizeof(buf) };
	struct wg_set s;

	wg_set_begin(&s, FAMILY, dev, mode);
	assert_true(wg_set_next(&s, &m));
	assert_false(m.full);
	assert_messages(m.buf, nlmsg_hdr(&m)->nlmsg_len, want);
	assert_false(wg_set_next(&s, &m));
}

static void test_set(void **state)
{
	struct sample s;

	(void)state;
	make_sample(&s);
	one_message(&s.dev, WG_ADD, golden_add);
	one_message(&s.dev, WG_REPLACE, golden_replace);
}

static void test_set_only_what_is_mentioned(void **state)
{
	struct wg_device dev = { .name = "wg0", .fwmark = 5, .listen_port = 6 };
	struct wg_peer peer = { .keepalive = 7, .preshared_key = { 8 } };
	struct wg_allowed_ip ip = allowed("10.1.0.0", 16);
	NLMSG(m, 64);

	(void)state;
	one_message(&dev, WG_ADD,
		    "1c0000001c000500e0aa056b00000000010100000800020077673000");
	wg_build_fwmark(&m, FAMILY, "wg0", 51820);
	assert_messages(
		m.buf, nlmsg_hdr(&m)->nlmsg_len,
		"240000001c000500e0aa056b0000000001010000080002007767300"
		"0080007006cca0000");
	wg_build_get(&m, FAMILY, "wg0");
	assert_messages(m.buf, nlmsg_hdr(&m)->nlmsg_len,
			"1c0000001c00050300000000000000000001000008000200776730"
			"00");
	/* A "-" allowed IP, no flag to replace, and no list without items. */
	dev.peers = &peer;
	dev.n_peers = 1;
	one_message(&dev, WG_ADD,
		    "480000001c0005000000000000000000010100000800020077673000"
		    "2c000880280000802400010000000000000000000000000000000000"
		    "00000000000000000000000000000000");
	ip.remove = true;
	peer.allowed_ips = &ip;
	peer.n_allowed_ips = 1;
	one_message(&dev, WG_ADD,
		    "700000001c0005000000000000000000010100000800020077673000"
		    "54000880500000802400010000000000000000000000000000000000"
		    "00000000000000000000000000000000"
		    "280009802400008006000100020000000800020"
		    "00a010000050003001000000008000400010000"
		    "00");
}

static uint64_t fnv(uint64_t h, const void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ ((const uint8_t *)p)[i]) * 1099511628211u;
	return h;
}

/* All messages of a device in buffers of @size, their lengths and hash. */
static uint64_t split(const struct wg_device *dev, size_t size, size_t *lens,
		      int *ret_n)
{
	uint64_t h = 14695981039346656037u;
	uint8_t *buf = malloc(size);
	struct nlmsg m = { .buf = buf, .size = size };
	struct wg_set s;
	int n = 0;

	assert_non_null(buf);
	wg_set_begin(&s, FAMILY, dev, WG_ADD);
	while (wg_set_next(&s, &m)) {
		assert_false(m.full);
		nlmsg_hdr(&m)->nlmsg_seq = 0;
		h = fnv(h, buf, nlmsg_hdr(&m)->nlmsg_len);
		if (n < 8)
			lens[n] = nlmsg_hdr(&m)->nlmsg_len;
		n++;
	}
	free(buf);
	*ret_n = n;
	return h;
}

static struct wg_allowed_ip *many_ips(size_t n)
{
	struct wg_allowed_ip *ips = calloc(n, sizeof(*ips));

	assert_non_null(ips);
	for (size_t i = 0; i < n; i++)
		ips[i].addr = (struct addr){ .family = AF_INET,
					     .plen = 24,
					     .b = { 10, (uint8_t)(i >> 8),
						    (uint8_t)i } };
	return ips;
}

/* One peer with 400 allowed IPs, in wg's own size of message. */
static void test_split_allowed_ips(void **state)
{
	struct wg_peer peer = { .replace_allowed_ips = true,
				.n_allowed_ips = 400 };
	struct wg_device dev = { .name = "wg0", .peers = &peer, .n_peers = 1 };
	size_t lens[8];
	int n;

	(void)state;
	key(peer.public_key, "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=");
	peer.endpoint.v4.sin_family = AF_INET;
	peer.endpoint.v4.sin_port = htons(5);
	inet_pton(AF_INET, "1.2.3.4", &peer.endpoint.v4.sin_addr);
	peer.allowed_ips = many_ips(400);
	assert_true(split(&dev, 4096, lens, &n) == 0x27d4e6f79cbaed88u);
	assert_int_equal(n, 3);
	assert_int_equal(lens[0], 4080);
	assert_int_equal(lens[1], 4080);
	assert_int_equal(lens[2], 3296);
	split(&dev, WG_MSG_SIZE, lens, &n);
	assert_int_equal(n, 1);
	free(peer.allowed_ips);
}

/* A hundred peers, likewise; the 51st has its list in the second message. */
static void test_split_peers(void **state)
{
	struct wg_allowed_ip ips[100] = {};
	struct wg_peer peers[100] = {};
	struct wg_device dev = { .name = "wg0",
				 .peers = peers,
				 .n_peers = 100 };
	size_t lens[8];
	int n;

	(void)state;
	for (int i = 0; i < 100; i++) {
		memset(peers[i].public_key, 'k', KEY_LEN);
		peers[i].public_key[0] = (uint8_t)i;
		peers[i].replace_allowed_ips = true;
		peers[i].allowed_ips = &ips[i];
		peers[i].n_allowed_ips = 1;
		ips[i].addr = (struct addr){ .family = AF_INET,
					     .plen = 24,
					     .b = { 10, 0, (uint8_t)i } };
	}
	assert_true(split(&dev, 4096, lens, &n) == 0x685ad1e867ae4e5cu);
	assert_int_equal(n, 2);
	assert_int_equal(lens[0], 4084);
	assert_int_equal(lens[1], 4024);
}

static void test_split_small(void **state)
{
	static _Alignas(4) uint8_t buf[512];
	struct nlmsg m = { .buf = buf };
	struct sample s;
	struct wg_set set;
	int n;

	(void)state;
	make_sample(&s);
	/* Whatever the size: an end, or a full message. */
	for (size_t size = 0; size <= sizeof(buf); size++) {
		m.size = size;
		wg_set_begin(&set, FAMILY, &s.dev, WG_ADD);
		for (n = 0; wg_set_next(&set, &m) && !m.full; n++)
			assert_true(n < 10);
		assert_true(size < 380 || (n == 1 && !m.full));
	}
}

static void same_device(const struct wg_device *a, const struct wg_device *b)
{
	const struct wg_peer *p, *q;

	assert_string_equal(a->name, b->name);
	assert_int_equal(a->has_private_key, b->has_private_key);
	assert_memory_equal(a->private_key, b->private_key, KEY_LEN);
	assert_int_equal(a->listen_port, b->listen_port);
	assert_int_equal(a->fwmark, b->fwmark);
	assert_int_equal(a->n_peers, b->n_peers);
	for (size_t i = 0; i < a->n_peers; i++) {
		p = &a->peers[i];
		q = &b->peers[i];
		assert_memory_equal(p->public_key, q->public_key, KEY_LEN);
		assert_int_equal(p->has_preshared_key, q->has_preshared_key);
		assert_memory_equal(p->preshared_key, q->preshared_key,
				    KEY_LEN);
		assert_int_equal(p->has_keepalive, q->has_keepalive);
		assert_int_equal(p->keepalive, q->keepalive);
		assert_memory_equal(&p->endpoint, &q->endpoint,
				    sizeof(p->endpoint));
		assert_int_equal(p->n_allowed_ips, q->n_allowed_ips);
		for (size_t j = 0; j < p->n_allowed_ips; j++)
			assert_true(addr_eq(&p->allowed_ips[j].addr,
					    &q->allowed_ips[j].addr));
	}
}

/* What is said in SET messages, read as though the kernel said it. */
static void echo(const struct wg_device *dev, size_t size, struct arena *arena,
		 struct wg_device *ret_dev)
{
	uint8_t *buf = malloc(size);
	struct nlmsg m = { .buf = buf, .size = size };
	struct wg_reader r;
	struct wg_set s;

	assert_non_null(buf);
	wg_set_begin(&s, FAMILY, dev, WG_ADD);
	wg_reader_begin(&r, arena, ret_dev);
	while (wg_set_next(&s, &m)) {
		assert_false(m.full);
		buf[NLMSG_HDRLEN] = WG_CMD_GET_DEVICE;
		assert_int_equal(wg_read(&r, nlmsg_hdr(&m)), 0);
	}
	free(buf);
}

static void test_read_merges(void **state)
{
	struct wg_device dev;
	struct arena arena = {};
	struct sample s;

	(void)state;
	make_sample(&s);
	s.peers[1].n_allowed_ips = 1000;
	s.peers[1].allowed_ips = many_ips(1000);
	for (size_t size = 400; size < 8000; size += 317) {
		echo(&s.dev, size, &arena, &dev);
		same_device(&s.dev, &dev);
	}
	free(s.peers[1].allowed_ips);
	arena_done(&arena);
}

/* Attributes that only come from the kernel; no key, no port, no mark. */
static const char reply_readonly[] =
	"e00000001c0002000000000000000000000100000800010003000000"
	"080002007767300006000600000000000800070000000000"
	"ac000880a8000080"
	"2400010001010101010101010101010101010101010101010101010101010101"
	"01010101"
	"24000200000000000000000000000000000000000000000000000000"
	"0000000000000000"
	"14000600a08601000000000001000000000000000c000700"
	"0500000000000000"
	"0c0008000600000000000000"
	"060005000000000008000a0001000000"
	"1c000980180000800600010002000000080002000a000000050003"
	"0008000000";

static void test_read_readonly(void **state)
{
	struct wg_device dev;
	struct arena arena = {};
	struct wg_reader r;
	uint8_t *buf;
	size_t len;

	(void)state;
	buf = hex(reply_readonly, &len);
	((struct nlmsghdr *)buf)->nlmsg_len = len;
	/* The lengths of the nests, to the end of the message. */
	*(uint16_t *)(buf + 52) = (uint16_t)(len - 52);
	*(uint16_t *)(buf + 56) = (uint16_t)(len - 56);
	*(uint16_t *)(buf + len - 32) = 32;
	*(uint16_t *)(buf + len - 28) = 28;
	wg_reader_begin(&r, &arena, &dev);
	assert_int_equal(wg_read(&r, (struct nlmsghdr *)buf), 0);
	assert_false(dev.has_private_key);
	assert_false(dev.has_listen_port);
	assert_false(dev.has_fwmark);
	assert_int_equal(dev.n_peers, 1);
	assert_false(dev.peers[0].has_preshared_key);
	assert_false(dev.peers[0].has_keepalive);
	assert_int_equal(dev.peers[0].last_handshake, 100000);
	assert_int_equal(dev.peers[0].rx_bytes, 5);
	assert_int_equal(dev.peers[0].tx_bytes, 6);
	assert_int_equal(dev.peers[0].endpoint.sa.sa_family, AF_UNSPEC);
	assert_int_equal(dev.peers[0].n_allowed_ips, 1);
	free(buf);
	arena_done(&arena);
}

struct cut {
	int good, bad;
};

static void read_cut(void *ctx, const struct nlmsghdr *nlh)
{
	struct wg_device dev;
	struct arena arena = {};
	struct cut *cut = ctx;
	struct wg_reader r;
	int ret;

	wg_reader_begin(&r, &arena, &dev);
	ret = wg_read(&r, nlh);
	assert_true(ret == 0 || ret == -EBADMSG);
	cut->good += ret == 0;
	cut->bad += ret != 0;
	arena_done(&arena);
}

static void test_read_truncated(void **state)
{
	struct cut cut = {};
	uint8_t *buf;
	size_t len;

	(void)state;
	buf = hex(golden_add, &len);
	buf[NLMSG_HDRLEN] = WG_CMD_GET_DEVICE;
	each_truncation(buf, len, read_cut, &cut);
	assert_true(cut.good > 0);
	assert_true(cut.bad > 0);
	/* The same with every byte in turn set to 0xff. */
	for (size_t i = NLMSG_HDRLEN; i < len; i++) {
		uint8_t was = buf[i];

		buf[i] = 0xff;
		read_cut(&cut, (struct nlmsghdr *)buf);
		buf[i] = was;
	}
	free(buf);
}

/* A kernel with one WireGuard device, which it tells in @n messages. */
struct kernel {
	const struct wg_device *dev;
	bool has_family;
	int error, sets, torn;
	size_t size;
};

static void tell_device(struct fake_nl *f, const struct nlmsghdr *req)
{
	struct kernel *k = f->ctx;
	struct nlmsg m = { .buf = malloc(k->size), .size = k->size };
	struct wg_set s;

	assert_non_null(m.buf);
	wg_set_begin(&s, FAMILY, k->dev, WG_ADD);
	while (wg_set_next(&s, &m)) {
		assert_false(m.full);
		((uint8_t *)m.buf)[NLMSG_HDRLEN] = WG_CMD_GET_DEVICE;
		fake_nl_reply(f, req, FAMILY, NLM_F_MULTI,
			      (uint8_t *)m.buf + NLMSG_HDRLEN,
			      nlmsg_hdr(&m)->nlmsg_len - NLMSG_HDRLEN);
	}
	fake_nl_end(f, req, k->torn-- > 0 ? NLM_F_DUMP_INTR : 0, 0);
	free(m.buf);
}

static void wireguard(struct fake_nl *f, const struct nlmsghdr *req)
{
	const uint8_t family[] = { 1, 2, 0, 0, 6, 0, 1, 0, FAMILY, 0, 0, 0 };
	const struct genlmsghdr *genl = NLMSG_DATA(req);
	struct kernel *k = f->ctx;

	if (req->nlmsg_type == GENL_ID_CTRL && !k->has_family) {
		fake_nl_ack(f, req, -ENOENT, NULL, 0);
	} else if (req->nlmsg_type == GENL_ID_CTRL) {
		assert_messages(req, req->nlmsg_len,
				"240000001000010000000000000000000301000"
				"00e000200776972656775617264000000");
		fake_nl_reply(f, req, GENL_ID_CTRL, 0, family, sizeof(family));
	} else if (k->error) {
		fake_nl_ack(f, req, k->error, NULL, 0);
	} else if (genl->cmd == WG_CMD_GET_DEVICE) {
		tell_device(f, req);
	} else {
		k->sets++;
		fake_nl_ack(f, req, 0, NULL, 0);
	}
}

static void test_family(void **state)
{
	struct kernel k = { .has_family = true };
	struct fake_nl f = { .handle = wireguard, .ctx = &k };
	struct wgq_err e = {};
	uint16_t family = 0;
	struct nl nl;

	(void)state;
	nl_init(&nl, NETLINK_GENERIC, &fake_nl_ops, &f);
	assert_int_equal(wg_family(&nl, &family, &e), 0);
	assert_int_equal(family, FAMILY);
	k.has_family = false;
	assert_int_equal(wg_family(&nl, &family, &e), -EPROTONOSUPPORT);
	assert_string_equal(e.msg, "the kernel has no WireGuard: "
				   "Protocol not supported");
	nl_done(&nl);
	fake_nl_done(&f);
}

static void test_get_device(void **state)
{
	struct kernel k = { .size = 400, .torn = 2 };
	struct fake_nl f = { .handle = wireguard, .ctx = &k };
	struct wg_device dev = { .listen_port = 9 };
	struct arena arena = {};
	struct wgq_err e = {};
	struct sample s;
	uint32_t mark = 0;
	struct nl nl;

	(void)state;
	make_sample(&s);
	s.peers[1].n_allowed_ips = 200;
	s.peers[1].allowed_ips = many_ips(200);
	k.dev = &s.dev;
	nl_init(&nl, NETLINK_GENERIC, &fake_nl_ops, &f);
	assert_int_equal(wg_get_device(&nl, FAMILY, "wg0", &arena, &dev, &e),
			 0);
	same_device(&s.dev, &dev);
	assert_int_equal(f.sends, 3);
	assert_int_equal(wg_get_fwmark(&nl, FAMILY, "wg0", &mark, &e), 0);
	assert_int_equal(mark, 0xca6c);
	assert_int_equal(f.open, 0);
	k.error = -EOPNOTSUPP;
	dev.listen_port = 9;
	assert_int_equal(wg_get_device(&nl, FAMILY, "wg0", &arena, &dev, &e),
			 -EOPNOTSUPP);
	assert_int_equal(dev.listen_port, 9);
	nl_done(&nl);
	arena_done(&arena);
	free(s.peers[1].allowed_ips);
	fake_nl_done(&f);
}

static void test_set_device(void **state)
{
	struct kernel k = {};
	struct fake_nl f = { .handle = wireguard, .ctx = &k };
	struct wgq_err e = {};
	struct sample s;
	struct nl nl;

	(void)state;
	make_sample(&s);
	s.peers[1].n_allowed_ips = 5000;
	s.peers[1].allowed_ips = many_ips(5000);
	nl_init(&nl, NETLINK_GENERIC, &fake_nl_ops, &f);
	assert_int_equal(wg_set_device(&nl, FAMILY, &s.dev, WG_ADD, &e), 0);
	assert_int_equal(k.sets, 3); /* 5000 items of 28 bytes */
	k.error = -ENODEV;
	assert_int_equal(wg_set_device(&nl, FAMILY, &s.dev, WG_ADD, &e),
			 -ENODEV);
	assert_string_equal(e.msg, "No such device");
	nl_done(&nl);
	free(s.peers[1].allowed_ips);
	fake_nl_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_only_what_is_mentioned),
		cmocka_unit_test(test_split_allowed_ips),
		cmocka_unit_test(test_split_peers),
		cmocka_unit_test(test_split_small),
		cmocka_unit_test(test_read_merges),
		cmocka_unit_test(test_read_readonly),
		cmocka_unit_test(test_read_truncated),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_get_device),
		cmocka_unit_test(test_set_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
