// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib_tmp.h"
#include "sys/services.h"
#include "sys/sysctl.h"
#include "sys/tables.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	tmp_make(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmp_remove(dir);
	return 0;
}

static void check_path(const char *name, const char *want)
{
	char path[PATH_MAX] = "";
	struct wgq_err e = {};

	if (want) {
		assert_int_equal(sysctl_path("/r", name, path, &e), 0);
		assert_string_equal(path, want);
	} else {
		assert_int_equal(sysctl_path("/r", name, path, &e), -EINVAL);
		assert_string_equal(path, "");
	}
}

static void test_sysctl_path(void **state)
{
	(void)state;
	check_path("net.ipv4.ip_forward", "/r/net/ipv4/ip_forward");
	check_path("net/ipv4/ip_forward", "/r/net/ipv4/ip_forward");
	check_path("net/ipv4/conf/eth0.100/rp_filter",
		   "/r/net/ipv4/conf/eth0.100/rp_filter");
	check_path("net.ipv4.conf.eth0/100.rp_filter",
		   "/r/net/ipv4/conf/eth0.100/rp_filter");
	check_path("one", "/r/one");
	check_path("", NULL);
	check_path("net..x", NULL);
	check_path(".net", NULL);
	check_path("/net", NULL);
	check_path("net.", NULL);
	check_path("net/../etc", NULL);
	check_path("net/./x", NULL);
	check_path("net.//.x", NULL);
	check_path("..", NULL);
}

static void test_sysctl_values(void **state)
{
	char value[SYSCTL_VALUE_MAX] = "kept", text[32];
	struct wgq_err e = {};

	(void)state;
	tmp_write(dir, "net/ipv4/x", 0644, "1\n");
	tmp_write(dir, "net/ipv4/two", 0644, "a\tb\nc\n");
	assert_int_equal(sysctl_read(dir, "net.ipv4.x", value, &e), 0);
	assert_string_equal(value, "1");
	assert_int_equal(sysctl_read(dir, "net.ipv4.two", value, &e), 0);
	assert_string_equal(value, "a\tb\nc");
	assert_int_equal(sysctl_write(dir, "net.ipv4.two", "0", &e), 0);
	tmp_read(dir, "net/ipv4/two", text, sizeof(text));
	assert_string_equal(text, "0\n");
	assert_int_equal(sysctl_read(dir, "net.ipv4.no", value, &e), -ENOENT);
	assert_string_equal(value, "a\tb\nc");
	assert_string_equal(e.msg, "net.ipv4.no: No such file or directory");
	e = (struct wgq_err){};
	assert_int_equal(sysctl_write(dir, "net.ipv4.no", "1", &e), -ENOENT);
	assert_null(tmp_read(dir, "net/ipv4/no", text, sizeof(text)));
	/* The kernel's own tree. */
	e = (struct wgq_err){};
	assert_int_equal(sysctl_read(SYSCTL_ROOT, "kernel.ostype", value, &e),
			 0);
	assert_string_equal(value, "Linux");
	assert_int_equal(sysctl_read_own(dir, "net.ipv4.x", value, &e), 0);
	assert_string_equal(value, "1");
	assert_int_equal(sysctl_read_own(dir, "net.ipv4.no", value, &e),
			 -ENOENT);
	e = (struct wgq_err){};
	assert_int_equal(
		sysctl_read_own(SYSCTL_ROOT, "kernel.ostype", value, &e),
		-EACCES);
	assert_string_equal(value, "1");
}

static const char services[] =
	"# comment\n"
	"\n"
	"tcpmux\t\t1/tcp\t# TCP port service multiplexer\n"
	"domain 53/tcp\n"
	"domain 53/udp\n"
	"ssh 22/tcp\n"
	"ntp 123/udp  time-alias nettime # hidden\n"
	"both 7/sctp echo7\n"
	"bad x/udp\n"
	"bad 70000/udp\n"
	"bad 5\n"
	"last 9/udp";

static void check_service(const char *name, const char *protocol, int want)
{
	uint16_t port = 1111;

	assert_int_equal(services_port(services, name, protocol, &port),
			 want >= 0);
	assert_int_equal(port, want >= 0 ? want : 1111);
}

static void test_services(void **state)
{
	(void)state;
	check_service("domain", "udp", 53);
	check_service("ssh", "udp", -1);
	check_service("ssh", "tcp", 22);
	check_service("ssh", NULL, 22);
	check_service("ntp", "udp", 123);
	check_service("nettime", "udp", 123);
	check_service("time-alias", "udp", 123);
	check_service("hidden", "udp", -1);
	check_service("NTP", "udp", -1);
	check_service("nt", "udp", -1);
	check_service("#", "udp", -1);
	check_service("comment", NULL, -1);
	check_service("echo7", NULL, 7);
	check_service("echo7", "sct", -1);
	check_service("bad", "udp", -1);
	check_service("123/udp", "udp", -1);
	check_service("last", "udp", 9);
	check_service("", "udp", -1);
	assert_false(services_port("", "x", NULL, &(uint16_t){ 0 }));
}

static void check_port(const char *s, int want, bool want_wrapped)
{
	char path[PATH_MAX];
	struct wgq_err e = {};
	uint16_t port = 1;
	bool wrapped = true;
	int err;

	err = services_parse_port(tmp_path(path, dir, "services"), s, &port,
				  &wrapped, &e);
	if (want < 0) {
		assert_int_equal(err, -EINVAL);
		assert_non_null(strstr(
			e.msg, "Servname not supported for ai_socktype: `"));
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(port, want);
	assert_int_equal(wrapped, want_wrapped);
}

/* Each tried with glibc 2.36's getaddrinfo(). */
static void test_ports(void **state)
{
	(void)state;
	tmp_write(dir, "services", 0644, services);
	check_port("0", 0, false);
	check_port("51820", 51820, false);
	check_port("+5", 5, false);
	check_port("010", 10, false);
	check_port("65535", 65535, false);
	check_port("65536", 0, true);
	check_port("70000", 4464, true);
	check_port("2147483647", 65535, true);
	check_port("2147483648", -1, false);
	check_port("4294967297", 1, true);
	check_port("18446744073709551616", -1, false);
	check_port("-1", -1, false);
	check_port("-4294967295", 1, true);
	check_port("0x10", -1, false);
	check_port("5_", -1, false);
	check_port("foo", -1, false);
	check_port("ssh", -1, false);
	check_port("ntp", 123, false);
	check_port("", -1, false);
}

static void test_services_missing(void **state)
{
	(void)state;
	check_port("ntp", -1, false);
	check_port("7", 7, false);
}

/* Ours stand in for the C library's: no NSS module is ever loaded. */
static void test_no_nss(void **state)
{
	struct servent s, *r = &s;
	char buf[1024];

	(void)state;
	assert_null(getservbyname("domain", "udp"));
	assert_null(getservbyport(htons(53), "udp"));
	assert_int_equal(
		getservbyname_r("domain", "udp", &s, buf, sizeof(buf), &r),
		ENOENT);
	assert_null(r);
	r = &s;
	assert_int_equal(
		getservbyport_r(htons(53), "udp", &s, buf, sizeof(buf), &r),
		ENOENT);
	assert_null(r);
}

static void check_tables(const char *want)
{
	struct wgq_err e = {};
	struct buf b = {};

	assert_int_equal(tables_read(dir, &b, &e), 0);
	assert_string_equal(b.p ? b.p : "", want);
	buf_done(&b);
}

static void test_tables(void **state)
{
	char path[PATH_MAX];

	(void)state;
	check_tables("");
	tmp_write(dir, "usr/lib/iproute2/rt_tables", 0644, "1 lib\n");
	check_tables("1 lib\n");
	tmp_write(dir, "usr/share/iproute2/rt_tables", 0644, "2 share");
	check_tables("2 share\n");
	tmp_write(dir, "etc/iproute2/rt_tables", 0644, "3 etc");
	check_tables("3 etc\n");
	tmp_write(dir, "usr/share/iproute2/rt_tables.d/a.conf", 0644, "4 a\n");
	tmp_write(dir, "usr/share/iproute2/rt_tables.d/b.conf", 0644, "5 b\n");
	tmp_write(dir, "usr/share/iproute2/rt_tables.d/c.txt", 0644, "6 c\n");
	tmp_write(dir, "etc/iproute2/rt_tables.d/b.conf", 0644, "7 b");
	tmp_write(dir, "etc/iproute2/rt_tables.d/.conf", 0644, "8 x\n");
	tmp_write(dir, "etc/iproute2/rt_tables.d/.x.conf", 0644, "9 x\n");
	check_tables("3 etc\n4 a\n7 b\n");
	assert_int_equal(unlink(tmp_path(path, dir, "etc/iproute2/rt_tables")),
			 0);
	check_tables("2 share\n4 a\n7 b\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sysctl_path),
		TEST(test_sysctl_values),
		cmocka_unit_test(test_services),
		TEST(test_ports),
		TEST(test_services_missing),
		cmocka_unit_test(test_no_nss),
		TEST(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
