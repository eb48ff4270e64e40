// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lib_netlink.h"
#include "net/rtnl.h"
#include "net/uapi_socket.h"

#define KEY_A "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a"
#define KEY_B "58402e695ba1772b1cc9309755f043251ea77fdcf10fbe63989ceb7e19321376"
#define KEY_C "188515093e952f5f22e865cef3012e72f8b5f0b598ac0309d5dacce3b70fcf52"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static void key(uint8_t out[KEY_LEN], const char *hex_text)
{
	assert_true(key_parse_hex(out, hex_text, strlen(hex_text)));
}

static struct wg_allowed_ip allowed(const char *s, uint8_t plen)
{
	struct wg_allowed_ip a = { .addr.plen = plen };

	a.addr.family = strchr(s, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(a.addr.family, s, a.addr.b), 1);
	return a;
}

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
				       .listen_port = 12912,
				       .fwmark = 0xca6c,
				       .n_peers = 2 } };
	s->dev.peers = s->peers;
	key(s->dev.private_key, KEY_A);
	key(s->peers[0].public_key, KEY_B);
	key(s->peers[0].preshared_key, KEY_C);
	s->peers[0].has_preshared_key = true;
	s->peers[0].has_keepalive = true;
	s->peers[0].keepalive = 111;
	s->peers[0].replace_allowed_ips = true;
	s->peers[0].endpoint.v6.sin6_family = AF_INET6;
	s->peers[0].endpoint.v6.sin6_port = htons(51820);
	inet_pton(AF_INET6, "2607:5300:60:6b0::c05f:543",
		  &s->peers[0].endpoint.v6.sin6_addr);
	s->ips[0] = allowed("192.168.4.4", 32);
	s->ips[1] = allowed("fd00::", 64);
	s->ips[2] = allowed("10.0.0.0", 8);
	s->ips[2].remove = true;
	s->peers[0].allowed_ips = &s->ips[0];
	s->peers[0].n_allowed_ips = 2;
	key(s->peers[1].public_key, KEY_C);
	s->peers[1].endpoint.v4.sin_family = AF_INET;
	s->peers[1].endpoint.v4.sin_port = htons(3233);
	inet_pton(AF_INET, "182.122.22.19", &s->peers[1].endpoint.v4.sin_addr);
	s->peers[1].allowed_ips = &s->ips[2];
	s->peers[1].n_allowed_ips = 1;
}

static void test_print_set(void **state)
{
	struct wg_device empty = { .name = "wg0", .fwmark = 5 };
	struct buf out = {};
	struct sample s;

	(void)state;
	make_sample(&s);
	uapi_print_set(&s.dev, WG_REPLACE, &out);
	assert_string_equal(out.p,
			    "set=1\n"
			    "private_key=" KEY_A "\n"
			    "listen_port=12912\n"
			    "fwmark=51820\n"
			    "replace_peers=true\n"
			    "public_key=" KEY_B "\n"
			    "preshared_key=" KEY_C "\n"
			    "endpoint=[2607:5300:60:6b0::c05f:543]:51820\n"
			    "persistent_keepalive_interval=111\n"
			    "replace_allowed_ips=true\n"
			    "allowed_ip=192.168.4.4/32\n"
			    "allowed_ip=fd00::/64\n"
			    "public_key=" KEY_C "\n"
			    "endpoint=182.122.22.19:3233\n"
			    "allowed_ip=-10.0.0.0/8\n"
			    "\n");
	buf_reset(&out);
	uapi_print_set(&empty, WG_ADD, &out);
	assert_string_equal(out.p, "set=1\n\n");
	buf_done(&out);
}

/* In the manner of wireguard-go, with a key that nobody knows. */
static const char reply[] = "private_key=" KEY_A "\n"
			    "listen_port=12912\n"
			    "fwmark=51820\n"
			    "novelty=yes\n"
			    "public_key=" KEY_B "\n"
			    "preshared_key=" KEY_C "\n"
			    "protocol_version=1\n"
			    "endpoint=[2607:5300:60:6b0::c05f:543%7]:51820\n"
			    "last_handshake_time_sec=1700000000\n"
			    "last_handshake_time_nsec=5\n"
			    "tx_bytes=38333\n"
			    "rx_bytes=18446744073709551615\n"
			    "persistent_keepalive_interval=111\n"
			    "allowed_ip=192.168.4.4/32\n"
			    "allowed_ip=fd00::/64\n"
			    "public_key=" KEY_C "\n"
			    "preshared_key=" ZERO "\n"
			    "endpoint=182.122.22.19:3233\n"
			    "persistent_keepalive_interval=0\n"
			    "errno=0\n"
			    "\n";

static void test_read(void **state)
{
	struct wg_device dev;
	struct arena a = {};
	uint8_t want[KEY_LEN];
	char s[ENDPOINT_STRLEN];

	(void)state;
	assert_int_equal(uapi_read(reply, strlen(reply), &a, &dev), 0);
	key(want, KEY_A);
	assert_true(dev.has_private_key);
	assert_memory_equal(dev.private_key, want, KEY_LEN);
	assert_true(dev.has_listen_port && dev.listen_port == 12912);
	assert_true(dev.has_fwmark && dev.fwmark == 51820);
	assert_int_equal(dev.n_peers, 2);
	key(want, KEY_C);
	assert_true(dev.peers[0].has_preshared_key);
	assert_memory_equal(dev.peers[0].preshared_key, want, KEY_LEN);
	assert_int_equal(dev.peers[0].endpoint.v6.sin6_scope_id, 7);
	dev.peers[0].endpoint.v6.sin6_scope_id = 0;
	assert_string_equal(endpoint_print(&dev.peers[0].endpoint, s),
			    "[2607:5300:60:6b0::c05f:543]:51820");
	assert_int_equal(dev.peers[0].last_handshake, 1700000000);
	assert_int_equal(dev.peers[0].tx_bytes, 38333);
	assert_true(dev.peers[0].rx_bytes == UINT64_MAX);
	assert_int_equal(dev.peers[0].keepalive, 111);
	assert_int_equal(dev.peers[0].n_allowed_ips, 2);
	assert_string_equal(addr_print(&dev.peers[0].allowed_ips[1].addr, s),
			    "fd00::/64");
	assert_false(dev.peers[1].has_preshared_key);
	assert_false(dev.peers[1].has_keepalive);
	assert_string_equal(endpoint_print(&dev.peers[1].endpoint, s),
			    "182.122.22.19:3233");
	assert_int_equal(dev.peers[1].n_allowed_ips, 0);
	arena_done(&a);
}

static int read_text(const char *text)
{
	struct wg_device dev = { .listen_port = 42 };
	struct arena a = {};
	int ret = uapi_read(text, strlen(text), &a, &dev);

	if (ret < 0)
		assert_int_equal(dev.listen_port, 42);
	arena_done(&a);
	return ret;
}

static void test_read_errno(void **state)
{
	(void)state;
	assert_int_equal(read_text("errno=0\n\n"), 0);
	assert_int_equal(read_text("errno=5\n\n"), -EIO);
	assert_int_equal(read_text("errno=-5\n\n"), -EIO);
	assert_int_equal(read_text("errno=0"), -EPROTO);
	assert_int_equal(read_text(""), -EPROTO);
	assert_int_equal(read_text("\n\nerrno=0\n\n"), -EPROTO);
	assert_int_equal(read_text("fwmark=1\n\n"), -EPROTO);
	assert_int_equal(uapi_read("errno=-22\n\n", 11, NULL, NULL), -EINVAL);
	assert_int_equal(uapi_read("junk=x\nerrno=0\n\n", 16, NULL, NULL), 0);
}

static void test_read_refuses(void **state)
{
	static const char *const bad[] = {
		"private_key=" KEY_A "0\n",
		"private_key=\n",
		"listen_port=65536\n",
		"listen_port= 1\n",
		"listen_port=+1\n",
		"listen_port=\n",
		"fwmark=4294967296\n",
		"fwmark=0x1\n",
		"public_key=abc\n",
		"public_key=" KEY_B "\npreshared_key=x\n",
		"public_key=" KEY_B "\nendpoint=1.2.3.4\n",
		"public_key=" KEY_B "\nendpoint=1.2.3:4\n",
		"public_key=" KEY_B "\nendpoint=1.2.3.4:65536\n",
		"public_key=" KEY_B "\nendpoint=::1:5\n",
		"public_key=" KEY_B "\nendpoint=[::1]\n",
		"public_key=" KEY_B "\nendpoint=[1.2.3.4]:5\n",
		"public_key=" KEY_B "\nendpoint=[]:5\n",
		"public_key=" KEY_B "\nendpoint=:5\n",
		"public_key=" KEY_B "\nallowed_ip=1.2.3.4/33\n",
		"public_key=" KEY_B "\nallowed_ip=1.2.3.4/\n",
		"public_key=" KEY_B "\nallowed_ip=::/129\n",
		"public_key=" KEY_B "\nallowed_ip=/8\n",
		"public_key=" KEY_B "\npersistent_keepalive_interval=65536\n",
		"public_key=" KEY_B "\nlast_handshake_time_sec=-1\n",
		"public_key=" KEY_B "\nrx_bytes=18446744073709551616\n",
		"nonsense\n",
		"errno=\n",
		"errno=--1\n",
		"errno=99999999999\n",
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "%serrno=0\n\n", bad[i]);
		if (read_text(text) != -EPROTO)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void test_read_truncated(void **state)
{
	size_t whole = strlen(reply) - 1; /* the empty line is no part of it */
	struct wg_device dev;
	struct arena a = {};
	char *cut;

	(void)state;
	for (size_t n = 0; n <= whole; n++) {
		cut = malloc(n + !n);
		assert_non_null(cut);
		memcpy(cut, reply, n);
		assert_int_equal(uapi_read(cut, n, &a, &dev),
				 n == whole ? 0 : -EPROTO);
		free(cut);
	}
	arena_done(&a);
}

/* A userspace implementation that serves one connection. */
struct server {
	char dir[64];
	int sock;
	const char *answer;
	size_t chunk;
	unsigned int delay_us;
	char *request;
	size_t len;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	size_t left = strlen(s->answer), n;
	const char *p = s->answer;
	cleanup(close_fd) int fd = accept(s->sock, NULL, NULL);
	ssize_t got;

	usleep(s->delay_us);
	while (s->len < 2 || memcmp(s->request + s->len - 2, "\n\n", 2)) {
		s->request = realloc(s->request, s->len + 4096 + 1);
		got = read(fd, s->request + s->len, 4096);
		if (got <= 0)
			return NULL;
		s->len += got;
	}
	s->request[s->len] = '\0';
	for (; left; left -= n, p += n) {
		n = left < s->chunk ? left : s->chunk;
		if (write(fd, p, n) != (ssize_t)n)
			break;
	}
	return NULL;
}

static void listen_at(struct server *s, const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(s->dir, sizeof(s->dir), "/tmp/net_uapi.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.64s/%s.sock", s->dir,
		 name);
	s->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->sock, (struct sockaddr *)&sun, sizeof(sun)),
			 0);
	assert_int_equal(listen(s->sock, 8), 0);
}

/* Signals are for the client alone. */
static void start(struct server *s, const char *answer, size_t chunk)
{
	sigset_t alarm, old;

	*s = (struct server){ .answer = answer,
			      .chunk = chunk,
			      .delay_us = 20000 };
	listen_at(s, "wg0");
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &old);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void tick(int sig)
{
	(void)sig;
}

/* Interrupt every system call that waits, again and again. */
static void set_ticks(suseconds_t us)
{
	const struct sigaction sa = { .sa_handler = tick };
	const struct itimerval timer = { { 0, us }, { 0, us } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void finish(struct server *s)
{
	char path[128];

	close(s->sock);
	free(s->request);
	snprintf(path, sizeof(path), "%s/wg0.sock", s->dir);
	unlink(path);
	rmdir(s->dir);
}

static void test_conversation(void **state)
{
	struct wg_allowed_ip *many = calloc(50000, sizeof(*many));
	struct wg_device dev = {};
	struct wgq_err e = {};
	struct arena a = {};
	struct server s;
	struct sample sample;

	(void)state;
	assert_non_null(many);
	start(&s, reply, 7);
	assert_int_equal(uapi_get_device(s.dir, "wg0", &a, &dev, &e), 0);
	assert_string_equal(dev.name, "wg0");
	assert_int_equal(dev.n_peers, 2);
	pthread_join(s.thread, NULL);
	finish(&s);
	/* A request larger than any socket buffer. */
	make_sample(&sample);
	for (size_t i = 0; i < 50000; i++)
		many[i] = sample.ips[1];
	sample.peers[1].allowed_ips = many;
	sample.peers[1].n_allowed_ips = 50000;
	start(&s, "errno=0\n\n", 100);
	set_ticks(5000);
	assert_int_equal(uapi_set_device(s.dir, &sample.dev, WG_ADD, &e), 0);
	set_ticks(0);
	pthread_join(s.thread, NULL);
	assert_true(s.len > 1000000);
	finish(&s);
	start(&s, "errno=-98\n\n", 100);
	assert_int_equal(uapi_set_fwmark(s.dir, "wg0", 77, &e), -EADDRINUSE);
	assert_string_equal(e.msg, "Address already in use");
	pthread_join(s.thread, NULL);
	assert_string_equal(s.request, "set=1\nfwmark=77\n\n");
	finish(&s);
	start(&s, "", 100);
	e = (struct wgq_err){};
	assert_int_equal(uapi_get_device(s.dir, "wg0", &a, &dev, &e), -EPROTO);
	pthread_join(s.thread, NULL);
	finish(&s);
	arena_done(&a);
	free(many);
}

static void test_exists(void **state)
{
	struct server s = {};
	struct stat st;
	char path[128];
	FILE *f;

	(void)state;
	listen_at(&s, "wg0");
	snprintf(path, sizeof(path), "%s/wg0.sock", s.dir);
	assert_true(uapi_exists(s.dir, "wg0"));
	assert_false(uapi_exists(s.dir, "wg1"));
	assert_false(uapi_exists(s.dir, ""));
	assert_false(uapi_exists("/", s.dir + 1));
	assert_int_equal(stat(path, &st), 0);
	/* Left over from a process that died. */
	close(s.sock);
	assert_false(uapi_exists(s.dir, "wg0"));
	assert_int_equal(stat(path, &st), -1);
	/* A plain file is none, and is left alone. */
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_false(uapi_exists(s.dir, "wg0"));
	assert_int_equal(unlink(path), 0);
	rmdir(s.dir);
}

static bool own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       (mkdir(UAPI_DIR, 0700) == 0 || errno == EEXIST) &&
	       mount("none", UAPI_DIR, "tmpfs", 0, NULL) == 0;
}

static void delete_link(const char *name)
{
	struct wgq_err e = {};
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl nl;

	nl_init(&nl, NETLINK_ROUTE, &nl_kernel_ops, NULL);
	rtnl_build_link_del(&m, (int)if_nametoindex(name));
	assert_int_equal(nl_talk(&nl, &m, NULL, NULL, &e), 0);
	nl_done(&nl);
}

/* What is set in a real implementation is what is read back. */
static void test_live(void **state)
{
	struct wg_device dev = {};
	struct wgq_err e = {};
	struct arena a = {};
	struct sample s;
	char text[ENDPOINT_STRLEN];
	int found = 0;

	(void)state;
	if (system("command -v wireguard-go >/dev/null") != 0 ||
	    access("/dev/net/tun", R_OK) != 0 || !own_netns() ||
	    !own_mounts()) {
		print_message("net_uapi: needs root, /dev/net/tun and "
			      "wireguard-go: skipped\n");
		skip();
	}
	assert_int_equal(system("LOG_LEVEL=silent wireguard-go wg0 "
				">/dev/null 2>&1"),
			 0);
	assert_true(uapi_exists(UAPI_DIR, "wg0"));
	make_sample(&s);
	s.peers[1].n_allowed_ips = 0;
	assert_int_equal(uapi_set_device(UAPI_DIR, &s.dev, WG_REPLACE, &e), 0);
	assert_int_equal(uapi_set_fwmark(UAPI_DIR, "wg0", 99, &e), 0);
	assert_int_equal(uapi_get_device(UAPI_DIR, "wg0", &a, &dev, &e), 0);
	assert_memory_equal(dev.private_key, s.dev.private_key, KEY_LEN);
	assert_int_equal(dev.listen_port, 12912);
	assert_int_equal(dev.fwmark, 99);
	assert_int_equal(dev.n_peers, 2);
	for (size_t i = 0; i < 2; i++) {
		/* In no certain order. */
		if (dev.peers[i].n_allowed_ips != 2)
			continue;
		found++;
		assert_memory_equal(dev.peers[i].public_key,
				    s.peers[0].public_key, KEY_LEN);
		assert_memory_equal(dev.peers[i].preshared_key,
				    s.peers[0].preshared_key, KEY_LEN);
		assert_int_equal(dev.peers[i].keepalive, 111);
		assert_string_equal(
			endpoint_print(&dev.peers[i].endpoint, text),
			"[2607:5300:60:6b0::c05f:543]:51820");
	}
	assert_int_equal(found, 1);
	s.dev.n_peers = 0;
	assert_int_equal(uapi_set_device(UAPI_DIR, &s.dev, WG_REPLACE, &e), 0);
	assert_int_equal(uapi_get_device(UAPI_DIR, "wg0", &a, &dev, &e), 0);
	assert_int_equal(dev.n_peers, 0);
	arena_done(&a);
	delete_link("wg0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print_set),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_errno),
		cmocka_unit_test(test_read_refuses),
		cmocka_unit_test(test_read_truncated),
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
