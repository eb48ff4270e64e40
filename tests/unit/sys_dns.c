// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/dns.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lib_tmp.h"

static char dir[64], state_dir[PATH_MAX], bin[PATH_MAX];
static char said[1024];
static struct dns_env env;

static const char *const envp[] = { "PATH=/usr/bin:/bin", NULL };

static void on_notify(void *ctx, const char *text)
{
	assert_ptr_equal(ctx, said);
	strcat(said, text);
	strcat(said, "\n");
}

static int setup(void **state)
{
	(void)state;
	tmp_make(dir);
	tmp_path(state_dir, dir, "run");
	tmp_path(bin, dir, "bin");
	tmp_write(dir, "etc/hosts", 0644, "");
	said[0] = '\0';
	env = (struct dns_env){
		.root = dir,
		.state = state_dir,
		.path = bin,
		.envp = envp,
		.notify = on_notify,
		.ctx = said,
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmp_remove(dir);
	return 0;
}

static const struct dns_servers two = {
	.server = (const char *const[]){ "1.1.1.1", "2606:4700::1111" },
	.n_server = 2,
	.search = (const char *const[]){ "example.net", "b.test" },
	.n_search = 2,
};

static const struct dns_servers one = {
	.server = (const char *const[]){ "9.9.9.9" },
	.n_server = 1,
};

static struct dns choose(void)
{
	struct wgq_err e = {};
	struct dns dns;

	assert_int_equal(dns_choose(&env, &dns, &e), 0);
	return dns;
}

static void add(const char *ifname, const struct dns_servers *s)
{
	struct dns dns = choose();
	struct wgq_err e = {};

	if (dns_add(&dns, ifname, s, &e))
		fail_msg("%s", e.msg);
}

static void del(const char *ifname)
{
	struct dns dns = choose();
	struct wgq_err e = {};

	if (dns_del(&dns, ifname, &e))
		fail_msg("%s", e.msg);
}

static void check_list(const char *ifname, const char *want)
{
	struct dns dns = choose();
	struct wgq_err e = {};
	struct buf b = {};

	assert_int_equal(dns_list(&dns, ifname, &b, &e), 0);
	assert_string_equal(b.p ? b.p : "", want);
	buf_done(&b);
}

/* A resolvconf that writes down what it is given. */
#define RECORDER                                                         \
	"#!/bin/sh\n"                                                    \
	"d=${0%/*}/..\n"                                                 \
	"printf '%s|' \"$0\" \"$@\" | sed 's,.*/bin/,,' >>$d/log\n"      \
	"echo >>$d/log\n"                                                \
	"case $1 in\n"                                                   \
	"-a) cat >>$d/log ;;\n"                                          \
	"-l) [ $2 = tun.gone ] && exit 1\n"                              \
	"    printf '# x\\nnameserver 1.1.1.1\\nsearch a\\n'\n"          \
	"    printf 'nameserver fe80::1%%eth0\\nnameserver 1.1.1.1 x\\n" \
	"nameserver 9.9.9.9' ;;\n"                                       \
	"esac\n"                                                         \
	"[ ! -e $d/fail ] || exit 4\n"

static void check_log(const char *want)
{
	char log[1024], path[PATH_MAX];

	assert_non_null(tmp_read(dir, "log", log, sizeof(log)));
	assert_string_equal(log, want);
	unlink(tmp_path(path, dir, "log"));
}

static void test_resolvconf(void **state)
{
	struct wgq_err e = {};
	struct buf b = {};
	struct dns dns;

	(void)state;
	tmp_write(dir, "bin/resolvconf", 0755, RECORDER);
	dns = choose();
	assert_false(dns_edits_file(&dns));
	assert_int_equal(dns_add(&dns, "wg0", &two, &e), 0);
	check_log("resolvconf|-a|wg0|-m|0|-x|\n"
		  "nameserver 1.1.1.1\nnameserver 2606:4700::1111\n"
		  "search example.net b.test\n");
	assert_int_equal(dns_add(&dns, "wg0", &one, &e), 0);
	check_log("resolvconf|-a|wg0|-m|0|-x|\nnameserver 9.9.9.9\n");
	assert_int_equal(dns_del(&dns, "wg0", &e), 0);
	check_log("resolvconf|-d|wg0|-f|\n");
	dns_print_add(&dns, "wg0", &two, &b);
	assert_string_equal(b.p, "resolvconf -a wg0 -m 0 -x");
	buf_reset(&b);
	dns_print_del(&dns, "wg0", &b);
	assert_string_equal(b.p, "resolvconf -d wg0 -f");
	buf_done(&b);

	tmp_write(dir, "fail", 0644, "");
	assert_int_equal(dns_add(&dns, "wg0", &one, &e), -EPROTO);
	assert_int_equal(e.status, 4);
	e = (struct wgq_err){};
	assert_int_equal(dns_del(&dns, "wg0", &e), -EPROTO);
	assert_int_equal(e.status, 4);
	assert_int_equal(tmp_count(state_dir), -1);
}

static void check_prefix(const char *order, const char *want)
{
	tmp_write(dir, "etc/resolvconf/interface-order", 0644, order);
	assert_string_equal(choose().prefix, want);
}

/* UP-19 */
static void test_prefix(void **state)
{
	char path[PATH_MAX], to[PATH_MAX];

	(void)state;
	tmp_write(dir, "bin/resolvconf", 0755, RECORDER);
	check_prefix("# order\nlo.inet6\nx y*\ntun*\ntap*\n", "tun.");
	check_prefix("  tap* \t\n", "tap.");
	check_prefix("lo\n", "");
	check_prefix("a*b\n*\n@*\n", "");
	check_prefix("tun*", "");
	check_prefix("", "");
	check_prefix("eth-1*\n", "eth-1.");
	check_prefix("tun*\n", "tun.");
	add("wg0", &one);
	check_log("resolvconf|-a|tun.wg0|-m|0|-x|\nnameserver 9.9.9.9\n");

	/* A symlink is another's resolvconf under Debian's name. */
	assert_int_equal(rename(tmp_path(path, dir, "bin/resolvconf"),
				tmp_path(to, dir, "bin/other")),
			 0);
	assert_int_equal(symlink("other", path), 0);
	assert_string_equal(choose().prefix, "");
	add("wg0", &one);
	check_log("resolvconf|-a|wg0|-m|0|-x|\nnameserver 9.9.9.9\n");
}

static void test_list(void **state)
{
	(void)state;
	tmp_write(dir, "bin/resolvconf", 0755, RECORDER);
	tmp_write(dir, "etc/resolvconf/interface-order", 0644, "tun*\n");
	check_list("wg0", "1.1.1.1\nfe80::1%eth0\n9.9.9.9\n");
	check_log("resolvconf|-l|tun.wg0|\n");
	check_list("gone", "");
	tmp_write(dir, "etc/resolvconf/run/interface/tun.gone", 0644,
		  "nameserver 5.5.5.5\n");
	check_list("gone", "5.5.5.5\n");
}

static void check_resolv(const char *want)
{
	char got[1024];

	if (!want) {
		assert_null(tmp_read(dir, "etc/resolv.conf", got, 1024));
		return;
	}
	assert_non_null(tmp_read(dir, "etc/resolv.conf", got, 1024));
	assert_string_equal(got, want);
}

#define HEAD(ifname)                \
	"# Name servers of " ifname \
	", set by wgq.  What was here before comes back with its end.\n"
#define TWO                                                \
	"nameserver 1.1.1.1\nnameserver 2606:4700::1111\n" \
	"search example.net b.test\n"
#define ONE "nameserver 9.9.9.9\n"

static const char original[] = "# mine\nnameserver 10.0.0.1\noptions ndots:2\n"
			       "optionsx\noptions\trotate";

#define OPTIONS "options ndots:2\noptions\trotate\n"

static const char *resolv(void)
{
	static char path[PATH_MAX];

	return tmp_path(path, dir, "etc/resolv.conf");
}

static void test_edit(void **state)
{
	struct dns dns = choose();
	struct stat st;
	struct buf b = {};

	(void)state;
	assert_true(dns_edits_file(&dns));
	tmp_write(dir, "etc/resolv.conf", 0640, original);
	if (!geteuid())
		assert_int_equal(chown(resolv(), 12, 34), 0);
	add("wg0", &two);
	check_resolv(HEAD("wg0") OPTIONS TWO);
	check_list("wg0", "1.1.1.1\n2606:4700::1111\n");
	check_list("wg1", "");
	/* Nothing but the record stays while it is in force. */
	assert_int_equal(tmp_count(state_dir), 1);
	del("wg0");
	check_resolv(original);
	assert_int_equal(stat(resolv(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	if (!geteuid())
		assert_true(st.st_uid == 12 && st.st_gid == 34);
	assert_int_equal(tmp_count(state_dir), -1);
	del("wg0");
	check_resolv(original);
	assert_int_equal(tmp_count(state_dir), -1);
	assert_string_equal(said, "");

	dns_print_add(&dns, "wg0", &two, &b);
	assert_non_null(strstr(b.p, "printf '%s\\n' 'nameserver 1.1.1.1' "
				    "'nameserver 2606:4700::1111' "
				    "'search example.net b.test' > "));
	buf_reset(&b);
	dns_print_add(&dns, "wg0", &one, &b);
	assert_non_null(strstr(b.p, "printf '%s\\n' 'nameserver 9.9.9.9' > "));
	buf_done(&b);
}

static void test_edit_none_before(void **state)
{
	struct stat st;

	(void)state;
	add("wg0", &one);
	check_resolv(HEAD("wg0") ONE);
	assert_int_equal(stat(resolv(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	del("wg0");
	check_resolv(NULL);
	assert_int_equal(tmp_count(state_dir), -1);
}

static void test_edit_symlink(void **state)
{
	char target[64], stub[128];
	struct stat st;
	ssize_t n;

	(void)state;
	tmp_write(dir, "stub", 0644, original);
	assert_int_equal(symlink("../stub", resolv()), 0);
	add("wg0", &one);
	check_resolv(HEAD("wg0") OPTIONS ONE);
	assert_int_equal(lstat(resolv(), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_non_null(tmp_read(dir, "stub", stub, sizeof(stub)));
	assert_string_equal(stub, original);
	del("wg0");
	n = readlink(resolv(), target, sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	assert_string_equal(target, "../stub");
	assert_int_equal(tmp_count(state_dir), -1);
}

static void test_edit_dangling_symlink(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(symlink("/nowhere/stub", resolv()), 0);
	add("wg0", &one);
	check_resolv(HEAD("wg0") ONE);
	del("wg0");
	assert_int_equal(lstat(resolv(), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	check_resolv(NULL);
}

/* The newest is in force; whatever the order of the ends, so is the original
 * at last. */
static void test_stack(void **state)
{
	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	add("wga", &two);
	add("wgb", &one);
	check_resolv(HEAD("wgb") OPTIONS ONE);
	check_list("wga", "1.1.1.1\n2606:4700::1111\n");
	del("wga");
	check_resolv(HEAD("wgb") OPTIONS ONE);
	del("wgb");
	check_resolv(original);

	add("wga", &two);
	add("wgb", &one);
	del("wgb");
	check_resolv(HEAD("wga") OPTIONS TWO);
	add("wgc", &one);
	add("wga", &one); /* again: it becomes the newest */
	check_resolv(HEAD("wga") OPTIONS ONE);
	del("wga");
	check_resolv(HEAD("wgc") OPTIONS ONE);
	del("wga");
	check_resolv(HEAD("wgc") OPTIONS ONE);
	del("wgc");
	check_resolv(original);
	assert_int_equal(tmp_count(state_dir), -1);
	assert_string_equal(said, "");
}

static void test_third_party(void **state)
{
	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	add("wg0", &one);
	tmp_write(dir, "etc/resolv.conf", 0644, "theirs\n");
	del("wg0");
	check_resolv("theirs\n");
	assert_non_null(strstr(said, "was changed by another program: "
				     "it stays as it is"));
	assert_int_equal(tmp_count(state_dir), -1);

	/* One that comes in between two tunnels is the next original. */
	add("wg0", &one);
	tmp_write(dir, "etc/resolv.conf", 0644, "other\n");
	said[0] = '\0';
	add("wg1", &two);
	assert_non_null(strstr(said, "kept as the one to restore"));
	check_resolv(HEAD("wg1") TWO);
	del("wg0");
	check_resolv(HEAD("wg1") TWO);
	del("wg1");
	check_resolv("other\n");

	/* Removed or made a link by another: likewise. */
	add("wg0", &one);
	assert_int_equal(unlink(resolv()), 0);
	del("wg0");
	check_resolv(NULL);
	add("wg0", &one);
	assert_int_equal(unlink(resolv()), 0);
	assert_int_equal(symlink("hosts", resolv()), 0);
	del("wg0");
	check_resolv("");
	assert_int_equal(tmp_count(state_dir), -1);
}

/* A resolvconf that came later does not keep the original from its place. */
static void test_manager_changes(void **state)
{
	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	add("wg0", &one);
	tmp_write(dir, "bin/resolvconf", 0755, RECORDER);
	del("wg0");
	check_resolv(original);
	check_log("resolvconf|-d|wg0|-f|\n");
}

/* The one file of the state directory, and its content. */
static void read_record(char name[PATH_MAX], char *text, size_t size)
{
	cleanup(buf_done) struct buf cmd = {};
	FILE *f;

	buf_addf(&cmd, "ls %s", state_dir);
	f = popen(cmd.p, "r");
	assert_non_null(f);
	assert_non_null(fgets(name, PATH_MAX, f));
	pclose(f);
	name[strcspn(name, "\n")] = '\0';
	assert_non_null(tmp_read(state_dir, name, text, size));
}

/*
 * Cut off between the record and the file: the record says one thing, the file
 * is still the one before.
 */
static void test_crash(void **state)
{
	static char first[4096], both[4096];
	char name[PATH_MAX], file[1024];

	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	add("wg0", &one);
	read_record(name, first, sizeof(first));

	/* The first add never got to the file. */
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	del("wg0");
	check_resolv(original);
	assert_int_equal(tmp_count(state_dir), -1);

	/* The same, but the run is repeated. */
	tmp_write(dir, "run/x", 0600, "");
	tmp_write(state_dir, name, 0600, first);
	chmod(state_dir, 0700);
	add("wg0", &one);
	check_resolv(HEAD("wg0") OPTIONS ONE);

	/* The second add never got to the file. */
	tmp_read(dir, "etc/resolv.conf", file, sizeof(file));
	add("wg1", &two);
	read_record(name, both, sizeof(both));
	tmp_write(dir, "etc/resolv.conf", 0644, file);
	del("wg1");
	check_resolv(HEAD("wg0") OPTIONS ONE);
	assert_string_equal(said, "");
	del("wg0");
	check_resolv(original);
}

/* The last del wrote its record and got no further. */
static void test_crash_while_restoring(void **state)
{
	static char text[4096];
	char name[PATH_MAX], *entry;

	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	add("wg0", &one);
	read_record(name, text, sizeof(text));
	entry = strstr(text, "/wg0 1 ");
	assert_non_null(entry);
	while (entry[-1] != '\n')
		entry--;
	*entry = '\0';
	tmp_write(state_dir, name, 0600, text);
	/* Whoever comes next finishes it. */
	del("another");
	check_resolv(original);
	assert_int_equal(tmp_count(state_dir), -1);
}

static void test_damaged_record(void **state)
{
	static char text[4096], cut[4096];
	struct dns dns = choose();
	struct wgq_err e = {};
	char name[PATH_MAX];
	size_t i;

	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	add("wg0", &one);
	read_record(name, text, sizeof(text));
	for (i = 0; i < strlen(text); i++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)i, text);
		/* A whole record without its entries is one to finish. */
		if (i && cut[i - 1] == '\n' && !strstr(cut, "/wg0 1 ") &&
		    strstr(cut, "\nafter "))
			continue;
		tmp_write(state_dir, name, 0600, cut);
		e = (struct wgq_err){};
		assert_int_equal(dns_del(&dns, "wg0", &e), -EBADMSG);
		assert_int_equal(dns_add(&dns, "wg0", &one, &e), -EBADMSG);
		check_resolv(HEAD("wg0") OPTIONS ONE);
	}
	assert_non_null(strstr(e.msg, "damaged"));
	tmp_write(state_dir, name, 0600, text);
	del("wg0");
	check_resolv(original);
}

static void run_child(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: no mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static bool own_mounts(void)
{
	return !unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS
				  : CLONE_NEWNS) &&
	       !mount("", "/", "", MS_REC | MS_PRIVATE, NULL);
}

/* As in a container: the file is a mount of its own and /etc is read-only. */
static int bind_child(void)
{
	char src[PATH_MAX], etc[PATH_MAX], got[1024];
	struct dns dns = choose();
	struct wgq_err e = {};

	tmp_path(etc, dir, "etc");
	if (!own_mounts() || mount(etc, etc, "", MS_BIND, NULL) ||
	    mount("", etc, "", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) ||
	    mount(tmp_path(src, dir, "source"), resolv(), "", MS_BIND, NULL))
		return 77;
	if (dns_add(&dns, "wg0", &one, &e))
		return 1;
	tmp_read(dir, "source", got, sizeof(got));
	if (strcmp(got, HEAD("wg0") OPTIONS ONE))
		return 2;
	if (dns_del(&dns, "wg0", &e))
		return 3;
	tmp_read(dir, "source", got, sizeof(got));
	if (strcmp(got, original))
		return 4;
	return tmp_count(state_dir) == -1 ? 0 : 5;
}

static void test_bind_mount(void **state)
{
	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, "covered\n");
	tmp_write(dir, "source", 0644, original);
	run_child(bind_child);
	check_resolv("covered\n");
}

static int read_only_child(void)
{
	struct dns dns = choose();
	struct wgq_err e = {};
	char etc[PATH_MAX];

	tmp_path(etc, dir, "etc");
	if (!own_mounts() || mount(etc, etc, "", MS_BIND, NULL) ||
	    mount("", etc, "", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL))
		return 77;
	if (dns_add(&dns, "wg0", &one, &e) != -EROFS)
		return 1;
	if (!strstr(e.msg, "/etc/resolv.conf: Read-only file system"))
		return 2;
	/* What could not be done leaves no record. */
	return tmp_count(state_dir) == -1 ? 0 : 3;
}

static void test_read_only(void **state)
{
	(void)state;
	tmp_write(dir, "etc/resolv.conf", 0644, original);
	run_child(read_only_child);
	check_resolv(original);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_resolvconf),
		TEST(test_prefix),
		TEST(test_list),
		TEST(test_edit),
		TEST(test_edit_none_before),
		TEST(test_edit_symlink),
		TEST(test_edit_dangling_symlink),
		TEST(test_stack),
		TEST(test_third_party),
		TEST(test_manager_changes),
		TEST(test_crash),
		TEST(test_crash_while_restoring),
		TEST(test_damaged_record),
		TEST(test_bind_mount),
		TEST(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
