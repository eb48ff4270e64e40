// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib_tmp.h"
#include "sys/stop.h"

/*
 * A name server in a child process.  The first label says what it answers:
 *
 *  hN, same   one A record, no AAAA      nx      NXDOMAIN
 *  both       127.0.0.1 and ::1          fail    SERVFAIL
 *  six        2001:db8::6 alone          refuse  REFUSED
 *  none       neither                    silent  nothing
 *  later      SERVFAIL until it was asked 8 times
 *  form       FORMERR
 */
struct counters {
	int queries, later, nx;
};

struct pending {
	int64_t due;
	struct sockaddr_in to;
	unsigned char packet[512];
	size_t len;
};

static struct counters *counters;
static char servers[32];
static pid_t server;

static size_t put_record(unsigned char *p, int type, const void *addr)
{
	const unsigned char head[] = { 0xc0, 12, 0, (unsigned char)type,
				       0,    1,	 0, 0,
				       0,    60 };
	size_t len = type == 1 ? 4 : 16;

	memcpy(p, head, sizeof(head));
	p[10] = 0;
	p[11] = (unsigned char)len;
	memcpy(p + 12, addr, len);
	return 12 + len;
}

static size_t put_address(unsigned char *p, const char *label, int type)
{
	static const unsigned char v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 6 };
	static const unsigned char lo6[16] = { [15] = 1 };
	unsigned char v4[4] = { 192, 0, 2, 1 };

	if (!strcmp(label, "both") && type == 28)
		return put_record(p, type, lo6);
	if (!strcmp(label, "six") && type == 28)
		return put_record(p, type, v6);
	if (type != 1 || !strcmp(label, "six") || !strcmp(label, "none"))
		return 0;
	if (!strcmp(label, "both"))
		memcpy(v4, "\x7f\0\0\1", 4);
	else if (label[0] == 'h')
		v4[3] = (unsigned char)atoi(label + 1);
	return put_record(p, type, v4);
}

static int rcode_of(const char *label)
{
	if (!strcmp(label, "nx")) {
		counters->nx++;
		return 3;
	}
	if (!strcmp(label, "later"))
		return ++counters->later > 8 ? 0 : 2;
	if (!strcmp(label, "fail"))
		return 2;
	if (!strcmp(label, "refuse"))
		return 5;
	return !strcmp(label, "form") ? 1 : 0;
}

/* Turns the query into its answer; false for none. */
static bool answer(struct pending *q)
{
	unsigned char *p = q->packet + 12;
	char label[64] = "";
	int type, rcode;
	size_t n;

	memcpy(label, p + 1, *p < 63 ? *p : 63);
	while (*p)
		p += *p + 1;
	type = p[1] << 8 | p[2];
	p += 5;
	counters->queries++;
	if (!strcmp(label, "silent"))
		return false;
	rcode = rcode_of(label);
	n = rcode ? 0 : put_address(p, label, type);
	q->packet[2] = 0x81;
	q->packet[3] = (unsigned char)(0x80 | rcode);
	q->packet[7] = !!n;
	q->packet[9] = q->packet[11] = 0;
	q->len = (size_t)(p - q->packet) + n;
	return true;
}

static void serve(int fd, int delay_ms)
{
	static struct pending queue[1024];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t head = 0, tail = 0;
	struct pending *q;
	socklen_t len;
	int wait = -1;

	for (;;) {
		if (poll(&pfd, 1, wait) < 0)
			_exit(1);
		while (tail - head < 1023) {
			q = &queue[tail % 1024];
			len = sizeof(q->to);
			if (recvfrom(fd, q->packet, 300, MSG_DONTWAIT,
				     (struct sockaddr *)&q->to, &len) < 12)
				break;
			q->due = stop_now_ms() + delay_ms;
			tail += answer(q);
		}
		for (; head < tail; head++) {
			q = &queue[head % 1024];
			if (q->due > stop_now_ms())
				break;
			sendto(fd, q->packet, q->len, 0,
			       (struct sockaddr *)&q->to, sizeof(q->to));
		}
		wait = head < tail ? 5 : -1;
	}
}

static void start_server(int delay_ms)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(servers, sizeof(servers), "127.0.0.1:%d", ntohs(sin.sin_port));
	counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(counters != MAP_FAILED);
	server = fork();
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd, delay_ms);
	}
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	start_server(0);
	return 0;
}

static int setup_slow(void **state)
{
	(void)state;
	start_server(100);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	munmap(counters, sizeof(*counters));
	return 0;
}

/* What the callbacks were given, one a line. */
static char said[4096];

static void say(const char *kind, unsigned int line, const char *text)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s%u %s\n", kind, line, text);
}

static void on_report(void *ctx, const struct conf_finding *f)
{
	assert_ptr_equal(ctx, said);
	say(f->severity == CONF_ERROR ? "error " : "warning ", f->line,
	    f->text);
}

static void on_notify(void *ctx, const char *text)
{
	assert_ptr_equal(ctx, said);
	say("notify ", 0, text);
}

static struct resolve_opts options(void)
{
	said[0] = '\0';
	return (struct resolve_opts){
		.servers = servers,
		.file = "wg0.conf",
		.timeout_ms = 300,
		.tries = 2,
		.first_delay_ms = 20,
		.report = on_report,
		.notify = on_notify,
		.ctx = said,
	};
}

static struct wg_peer peer(const char *host, const char *port)
{
	static unsigned int line;

	line = line % 100 + 1;
	return (struct wg_peer){ .host = host,
				 .port = port,
				 .endpoint_line = line };
}

static void check_endpoint(const struct wg_peer *p, const char *want)
{
	char text[ENDPOINT_STRLEN];

	assert_int_not_equal(p->endpoint.sa.sa_family, AF_UNSPEC);
	assert_string_equal(endpoint_print(&p->endpoint, text), want);
}

static void check_numeric(const char *host, const char *port, const char *want)
{
	struct wg_peer p = peer(host, port);
	struct resolve_opts o = options();
	struct wgq_err e = {};
	int err;

	err = resolve_endpoints(&p, 1, &o, &e);
	if (want) {
		assert_int_equal(err, 0);
		check_endpoint(&p, want);
	} else {
		assert_true(err < 0);
		assert_int_equal(p.endpoint.sa.sa_family, AF_UNSPEC);
	}
}

/* EP-3 and EP-4, as far as host and port are apart already. */
static void test_numeric(void **state)
{
	(void)state;
	check_numeric("1.2.3.4", "5", "1.2.3.4:5");
	check_numeric("127.1", "5", "127.0.0.1:5");
	check_numeric("0x7f000001", "5", "127.0.0.1:5");
	check_numeric("010.0.0.1", "5", "8.0.0.1:5");
	check_numeric("::1", "5", "[::1]:5");
	check_numeric("::ffff:1.2.3.4", "5", "[::ffff:1.2.3.4]:5");
	check_numeric("1.2.3.4", "0", "1.2.3.4:0");
	check_numeric("fe80::1%lo", "5", "[fe80::1%lo]:5");
	check_numeric("fe80::1%nosuch", "5", NULL);
	check_numeric("2001:db8::1%lo", "5", NULL);
	check_numeric("fe80::1%", "5", NULL);
	check_numeric("", "5", NULL);
	check_numeric("1.2.3.4", "", NULL);
	assert_int_equal(counters->queries, 0);
	check_numeric("1.2.3.4", "70000", "1.2.3.4:4464");
	assert_non_null(strstr(said, "warning "));
	assert_non_null(strstr(said, "`70000' is above 65535 and means 4464"));
}

static void test_zone_number(void **state)
{
	union sockaddr_inet ep;

	(void)state;
	assert_int_equal(resolve_numeric("fe80::1%lo", 7, &ep), 0);
	assert_int_equal(ep.v6.sin6_scope_id, if_nametoindex("lo"));
	assert_int_equal(ntohs(ep.v6.sin6_port), 7);
	assert_int_equal(resolve_numeric("2001:db8::1%42", 7, &ep), 0);
	assert_int_equal(ep.v6.sin6_scope_id, 42);
	assert_int_equal(resolve_numeric("::1%4294967296", 7, &ep), -EINVAL);
	assert_int_equal(resolve_numeric("::1%+1", 7, &ep), -EINVAL);
	assert_int_equal(resolve_numeric("1.2.3.4 ", 7, &ep), -ENOENT);
	assert_int_equal(resolve_numeric("a:b", 7, &ep), -ENOENT);
	assert_int_equal(resolve_numeric("2001:db8:", 7, &ep), -ENOENT);
}

static void test_hundred_names_one_round_trip(void **state)
{
	struct wg_peer peers[120];
	char hosts[100][16], want[32];
	struct resolve_opts o = options();
	struct wgq_err e = {};
	int64_t start, took;
	size_t i;

	(void)state;
	o.timeout_ms = 3000;
	for (i = 0; i < 100; i++) {
		snprintf(hosts[i], sizeof(hosts[i]), "h%zu.test", i);
		peers[i] = peer(hosts[i], "51820");
	}
	for (; i < 120; i++)
		peers[i] = peer("same.test", i % 2 ? "1" : "2");
	start = stop_now_ms();
	assert_int_equal(resolve_endpoints(peers, 120, &o, &e), 0);
	took = stop_now_ms() - start;
	for (i = 0; i < 100; i++) {
		snprintf(want, sizeof(want), "192.0.2.%zu:51820", i);
		check_endpoint(&peers[i], want);
	}
	check_endpoint(&peers[118], "192.0.2.1:2");
	check_endpoint(&peers[119], "192.0.2.1:1");
	/* A and AAAA of 101 names, each once. */
	assert_int_equal(counters->queries, 202);
	assert_in_range(took, 100, 999);
	assert_string_equal(said, "");
}

static void check_failure(const char *host, int want, const char *text)
{
	struct wg_peer p = peer(host, "5");
	struct resolve_opts o = options();
	char line[256];
	struct wgq_err e = {};

	assert_int_equal(resolve_endpoints(&p, 1, &o, &e), want);
	assert_int_equal(e.code, want);
	snprintf(line, sizeof(line), "wg0.conf:%u: %s: `%s:5'", p.endpoint_line,
		 text, host);
	assert_string_equal(e.msg, line);
	assert_int_equal(p.endpoint.sa.sa_family, AF_UNSPEC);
	assert_string_equal(said, "");
}

static void test_failures(void **state)
{
	(void)state;
	check_failure("nx.test", -ENOENT, "Name or service not known");
	check_failure("none.test", -ENOENT,
		      "No address associated with hostname");
	check_failure("fail.test", -EAGAIN,
		      "Temporary failure in name resolution");
	check_failure("refuse.test", -EAGAIN,
		      "Temporary failure in name resolution");
	check_failure("silent.test", -EAGAIN,
		      "Temporary failure in name resolution");
	check_failure("form.test", -EPROTO,
		      "Non-recoverable failure in name resolution");
	check_failure("a..test", -ENOENT, "Name or service not known");
}

/* A permanent failure is not asked for again, whatever the retries. */
static void test_permanent_is_not_retried(void **state)
{
	struct wg_peer p[] = { peer("nx.test", "1"), peer("fail.test", "2") };
	struct resolve_opts o = options();
	struct wgq_err e = {};
	char line[256];

	(void)state;
	o.retries = RESOLVE_FOREVER;
	assert_int_equal(resolve_endpoints(p, 2, &o, &e), -ENOENT);
	snprintf(line, sizeof(line),
		 "error %u Temporary failure in name resolution: "
		 "`fail.test:2'\n",
		 p[1].endpoint_line);
	assert_string_equal(said, line);
}

static void test_every_failure_is_reported(void **state)
{
	struct wg_peer p[] = {
		peer("h1.test", "1"), peer("none.test", "2"),
		peer("nx.test", "3"), peer("nx.test", "4"),
		{ .host = NULL },
	};
	struct resolve_opts o = options();
	struct wgq_err e = {};
	char want[512];

	(void)state;
	assert_int_equal(resolve_endpoints(p, 5, &o, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "No address associated with hostname: "
				      "`none.test:2'"));
	snprintf(want, sizeof(want),
		 "error %u Name or service not known: `nx.test:3'\n"
		 "error %u Name or service not known: `nx.test:4'\n",
		 p[2].endpoint_line, p[3].endpoint_line);
	assert_string_equal(said, want);
	check_endpoint(&p[0], "192.0.2.1:1");
	assert_int_equal(p[4].endpoint.sa.sa_family, AF_UNSPEC);
	assert_int_equal(counters->nx, 2);
}

/* What needs no question is refused before any is asked. */
static void test_bad_port_first(void **state)
{
	struct wg_peer p[] = { peer("h1.test", "1"), peer("1.2.3.4", "foo"),
			       peer("fe80::1%nosuch", "5") };
	struct resolve_opts o = options();
	struct wgq_err e = {};

	(void)state;
	o.retries = RESOLVE_FOREVER;
	assert_int_equal(resolve_endpoints(p, 3, &o, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "Servname not supported for ai_socktype: "
				      "`1.2.3.4:foo'"));
	assert_non_null(strstr(said, "Name or service not known: "
				     "`[fe80::1%nosuch]:5'"));
	assert_int_equal(counters->queries, 0);
}

static void test_retries(void **state)
{
	struct wg_peer p[] = { peer("later.test", "5"), peer("h9.test", "6") };
	struct resolve_opts o = options();
	struct wgq_err e = {};

	(void)state;
	o.retries = RESOLVE_FOREVER;
	o.first_delay_ms = 100;
	assert_int_equal(resolve_endpoints(p, 2, &o, &e), 0);
	check_endpoint(&p[0], "192.0.2.1:5");
	check_endpoint(&p[1], "192.0.2.9:6");
	assert_int_equal(
		strncmp(said,
			"notify 0 Temporary failure in name resolution: "
			"`later.test:5'. Trying again in 0.10 seconds...\n",
			strlen("notify 0 Temporary failure in name resolution: "
			       "`later.test:5'. Trying again in 0.10 "
			       "seconds...\n")),
		0);
	assert_null(strstr(said, "h9.test"));
}

static void test_delays(void **state)
{
	struct wg_peer p = peer("fail.test", "5");
	struct resolve_opts o = options();
	struct wgq_err e = {};
	int64_t start = stop_now_ms(), took;

	(void)state;
	o.retries = 3;
	o.first_delay_ms = 100;
	assert_int_equal(resolve_endpoints(&p, 1, &o, &e), -EAGAIN);
	took = stop_now_ms() - start;
	assert_non_null(strstr(said, "in 0.10 seconds...\n"));
	assert_non_null(strstr(said, "in 0.12 seconds...\n"));
	assert_non_null(strstr(said, "in 0.14 seconds...\n"));
	assert_null(strstr(said, "in 0.17 seconds...\n"));
	assert_in_range(took, 100 + 120 + 144, 900);

	o = options();
	o.retries = 1;
	o.first_delay_ms = 0;
	e = (struct wgq_err){};
	assert_int_equal(resolve_endpoints(&p, 1, &o, &e), -EAGAIN);
	assert_non_null(strstr(said, "Trying again in 1.00 seconds...\n"));
}

/* The first by RFC 6724: ::1 before 127.0.0.1 where there is a ::1. */
static void test_families(void **state)
{
	struct sockaddr_in6 lo = { .sin6_family = AF_INET6, .sin6_port = 1 };
	struct wg_peer p[] = { peer("both.test", "1"), peer("six.test", "2") };
	struct resolve_opts o = options();
	struct wgq_err e = {};
	bool v6;
	int fd;

	(void)state;
	lo.sin6_addr.s6_addr[15] = 1;
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	v6 = fd >= 0 && !connect(fd, (struct sockaddr *)&lo, sizeof(lo));
	close(fd);
	assert_int_equal(resolve_endpoints(p, 2, &o, &e), 0);
	check_endpoint(&p[0], v6 ? "[::1]:1" : "127.0.0.1:1");
	check_endpoint(&p[1], "[2001:db8::6]:2");
}

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static void check_stopped(const char *host)
{
	const struct itimerval it = { .it_value = { 0, 150000 } };
	const struct sigaction sa = { .sa_handler = on_signal };
	struct wg_peer p[] = { peer(host, "1"), peer("h7.test", "2") };
	struct resolve_opts o = options();
	struct wgq_err e = {};
	int64_t start = stop_now_ms();

	stop = 0;
	o.stop = &stop;
	o.retries = RESOLVE_FOREVER;
	o.first_delay_ms = 10000;
	o.timeout_ms = 10000;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	assert_int_equal(resolve_endpoints(p, 2, &o, &e), -EINTR);
	assert_int_equal(e.status, 128 + SIGALRM);
	assert_true(stop_now_ms() - start < 2000);
	check_endpoint(&p[1], "192.0.2.7:2");
	signal(SIGALRM, SIG_DFL);
}

static void test_stop(void **state)
{
	(void)state;
	check_stopped("silent.test"); /* while waiting for an answer */
	check_stopped("fail.test");   /* between two rounds */
}

static void test_server_gone(void **state)
{
	struct wg_peer p = peer("h1.test", "5");
	struct resolve_opts o = options();
	struct wgq_err e = {};

	(void)state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	assert_int_equal(resolve_endpoints(&p, 1, &o, &e), -EAGAIN);
	assert_non_null(strstr(e.msg, "Temporary failure in name resolution"));
	start_server(0);
}

/* 0: as expected; 77: no mount namespace to be had */
static int hosts_child(const char *hosts)
{
	struct wg_peer p[] = { peer("file.test", "1"), peer("h3.test", "2") };
	struct resolve_opts o = options();
	char a[ENDPOINT_STRLEN], b[ENDPOINT_STRLEN];
	struct wgq_err e = {};

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount("", "/", "", MS_REC | MS_PRIVATE, NULL) ||
	    mount(hosts, "/etc/hosts", "", MS_BIND, NULL))
		return 77;
	if (resolve_endpoints(p, 2, &o, &e))
		return 1;
	endpoint_print(&p[0].endpoint, a);
	endpoint_print(&p[1].endpoint, b);
	if (strcmp(a, "198.51.100.7:1") || strcmp(b, "192.0.2.3:2"))
		return 2;
	return counters->queries == 2 ? 0 : 3;
}

static void test_hosts_file(void **state)
{
	char dir[64], path[PATH_MAX];
	int status;
	pid_t pid;

	(void)state;
	tmp_make(dir);
	tmp_write(dir, "hosts", 0644,
		  "127.0.0.1 localhost\n198.51.100.7 x file.test # y\n");
	pid = fork();
	if (!pid)
		_exit(hosts_child(tmp_path(path, dir, "hosts")));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	tmp_remove(dir);
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: no mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void check_retries(const char *s, int want)
{
	struct wgq_err e = {};
	int retries = -7;

	if (want != -7) {
		assert_int_equal(resolve_parse_retries(s, &retries, &e), 0);
	} else {
		assert_int_equal(resolve_parse_retries(s, &retries, &e),
				 -EINVAL);
		assert_non_null(strstr(e.msg,
				       "Unable to parse "
				       "WG_ENDPOINT_RESOLUTION_RETRIES: `"));
	}
	assert_int_equal(retries, want);
}

static void test_parse_retries(void **state)
{
	(void)state;
	check_retries(NULL, 15);
	check_retries("", 0);
	check_retries("0", 0);
	check_retries("007", 7);
	check_retries("2147483647", INT_MAX);
	check_retries("infinity", RESOLVE_FOREVER);
	check_retries("2147483648", -7);
	check_retries("99999999999999999999", -7);
	check_retries("abc", -7);
	check_retries("-1", -7);
	check_retries("+1", -7);
	check_retries(" 1", -7);
	check_retries("1 ", -7);
	check_retries("Infinity", -7);
}

static void test_listen_port(void **state)
{
	struct wg_device d = { .listen_port = 9, .listen_port_line = 3 };
	struct resolve_opts o = options();
	char dir[64], path[PATH_MAX];
	struct wgq_err e = {};

	(void)state;
	tmp_make(dir);
	tmp_write(dir, "services", 0644, "vpn 1194/udp\nweb 80/tcp\n");
	o.services = tmp_path(path, dir, "services");
	assert_int_equal(resolve_listen_port(&d, &o, &e), 0);
	assert_int_equal(d.listen_port, 9);
	d.listen_port_name = "vpn";
	assert_int_equal(resolve_listen_port(&d, &o, &e), 0);
	assert_int_equal(d.listen_port, 1194);
	d.listen_port_name = "web";
	assert_int_equal(resolve_listen_port(&d, &o, &e), -EINVAL);
	assert_string_equal(e.msg, "wg0.conf:3: Servname not supported for "
				   "ai_socktype: `web'");
	assert_int_equal(d.listen_port, 1194);
	tmp_remove(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_numeric),
		cmocka_unit_test(test_zone_number),
		cmocka_unit_test_setup_teardown(
			test_hundred_names_one_round_trip, setup_slow,
			teardown),
		TEST(test_failures),
		TEST(test_permanent_is_not_retried),
		TEST(test_every_failure_is_reported),
		TEST(test_bad_port_first),
		TEST(test_retries),
		TEST(test_delays),
		TEST(test_families),
		TEST(test_stop),
		TEST(test_server_gone),
		TEST(test_hosts_file),
		cmocka_unit_test(test_parse_retries),
		cmocka_unit_test(test_listen_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
