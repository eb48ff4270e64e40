// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib_tmp.h"

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

static const char *at(const char *name)
{
	static char path[PATH_MAX];

	return tmp_path(path, dir, name);
}

static void check_content(const char *name, const char *want)
{
	char got[256];

	assert_non_null(tmp_read(dir, name, got, sizeof(got)));
	assert_string_equal(got, want);
}

static void test_read(void **state)
{
	struct wgq_err e = {};
	struct buf b = {};

	(void)state;
	tmp_write(dir, "f", 0600, "12345");
	buf_adds(&b, "0");
	assert_int_equal(file_read(at("f"), 5, &b, &e), 0);
	assert_string_equal(b.p, "012345");
	assert_int_equal(file_read(at("f"), 4, &b, &e), -EFBIG);
	assert_string_equal(b.p, "012345");
	assert_int_equal(b.len, 6);
	assert_string_equal(strrchr(e.msg, '/'), "/f: File too large");

	e = (struct wgq_err){};
	assert_int_equal(file_read(dir, 5, &b, &e), -EISDIR);
	e = (struct wgq_err){};
	assert_int_equal(file_read(at("none"), 5, &b, &e), -ENOENT);
	assert_int_equal(b.len, 6);
	/* No size is known beforehand. */
	e = (struct wgq_err){};
	assert_int_equal(file_read("/proc/self/status", FILE_READ_MAX, &b, &e),
			 0);
	assert_true(b.len > 100);
	buf_done(&b);
	/* An empty file is no failure. */
	tmp_write(dir, "empty", 0600, "");
	assert_int_equal(file_read(at("empty"), 0, &b, &e), 0);
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

static void test_read_any_bytes(void **state)
{
	static const char bytes[] = "a\0b\xff\n";
	struct wgq_err e = {};
	struct buf b = {};
	int fd;

	(void)state;
	fd = open(at("bin"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	assert_int_equal(file_read(at("bin"), 99, &b, &e), 0);
	assert_int_equal(b.len, sizeof(bytes));
	assert_memory_equal(b.p, bytes, sizeof(bytes));
	buf_done(&b);
}

static void test_write_new(void **state)
{
	struct wgq_err e = {};
	struct stat st;

	(void)state;
	umask(0);
	assert_int_equal(file_write(at("n"), FILE_FOLLOW, 0640, "abc", 3, &e),
			 0);
	check_content("n", "abc");
	assert_int_equal(stat(at("n"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(tmp_count(dir), 1);
}

static void test_write_keeps(void **state)
{
	struct wgq_err e = {};
	struct stat st;
	char value[8];

	(void)state;
	tmp_write(dir, "f", 0604, "a longer old content");
	if (!geteuid())
		assert_int_equal(chown(at("f"), 1234, 4321), 0);
	if (setxattr(at("f"), "user.wgq", "x", 1, 0))
		print_message("no user xattrs here, that part is not tested\n");
	else
		value[0] = '\0';
	assert_int_equal(file_write(at("f"), FILE_FOLLOW, 0600, "new", 3, &e),
			 0);
	check_content("f", "new");
	assert_int_equal(stat(at("f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	if (!geteuid()) {
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 4321);
	}
	if (getxattr(at("f"), "user.wgq", value, sizeof(value)) >= 0)
		assert_int_equal(value[0], 'x');
	assert_int_equal(tmp_count(dir), 1);
}

static void test_write_link(void **state)
{
	struct wgq_err e = {};
	struct stat st;

	(void)state;
	tmp_write(dir, "real/t.txt", 0640, "old");
	assert_int_equal(symlink("real/t.txt", at("l.conf")), 0);
	assert_int_equal(
		file_write(at("l.conf"), FILE_FOLLOW, 0600, "new", 3, &e), 0);
	check_content("real/t.txt", "new");
	assert_int_equal(lstat(at("l.conf"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(at("real/t.txt"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(tmp_count(at("real")), 1);

	assert_int_equal(
		file_write(at("l.conf"), FILE_REPLACE_LINK, 0644, "f", 1, &e),
		0);
	assert_int_equal(lstat(at("l.conf"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0644);
	check_content("real/t.txt", "new");

	assert_int_equal(file_symlink(at("l.conf"), "real/t.txt", &e), 0);
	check_content("l.conf", "new");
	assert_int_equal(tmp_count(dir), 2);
}

static void test_write_fails_clean(void **state)
{
	struct rlimit old, tight;
	struct wgq_err e = {};
	int err;

	(void)state;
	tmp_write(dir, "f", 0600, "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 2;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	err = file_write(at("f"), FILE_FOLLOW, 0600, "new content", 11, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, -EFBIG);
	check_content("f", "old");
	assert_int_equal(tmp_count(dir), 1);

	e = (struct wgq_err){};
	assert_int_equal(file_write(dir, FILE_FOLLOW, 0600, "x", 1, &e),
			 -EISDIR);
	e = (struct wgq_err){};
	assert_int_equal(file_write(at("no/f"), FILE_FOLLOW, 0600, "x", 1, &e),
			 -ENOENT);
	assert_int_equal(tmp_count(dir), 1);
}

static void test_rewrite(void **state)
{
	struct rlimit old, tight;
	struct wgq_err e = {};
	struct stat a, b;
	int err;

	(void)state;
	tmp_write(dir, "f", 0640, "old content");
	assert_int_equal(stat(at("f"), &a), 0);
	assert_int_equal(file_rewrite(at("f"), "new", 3, &e), 0);
	check_content("f", "new");
	assert_int_equal(stat(at("f"), &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 5;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	err = file_rewrite(at("f"), "much too long", 13, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, -EFBIG);
	check_content("f", "new");
	e = (struct wgq_err){};
	assert_int_equal(file_rewrite(at("none"), "x", 1, &e), -ENOENT);
}

static void run_child(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: no namespace to be had\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* 0: as expected; 77: no mount namespace to be had */
static int bind_mount_child(void)
{
	struct wgq_err e = {}, f = {};
	char b[PATH_MAX];

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount("", "/", "", MS_REC | MS_PRIVATE, NULL) ||
	    mount(tmp_path(b, dir, "a"), at("b"), "", MS_BIND, NULL))
		return 77;
	if (file_write(at("b"), FILE_FOLLOW, 0600, "new", 3, &e) != -EBUSY)
		return 1;
	if (file_rewrite(at("b"), "new", 3, &f))
		return 2;
	return 0;
}

static void test_bind_mount(void **state)
{
	(void)state;
	tmp_write(dir, "a", 0600, "source");
	tmp_write(dir, "b", 0600, "covered");
	run_child(bind_mount_child);
	check_content("a", "new");
	check_content("b", "covered");
	assert_int_equal(tmp_count(dir), 2);
}

static void check_access(mode_t file, mode_t parent, bool want)
{
	struct wgq_err e = {};
	bool open = !want;

	assert_int_equal(chmod(at("d/f"), file), 0);
	assert_int_equal(chmod(at("d"), parent), 0);
	assert_int_equal(file_world_access(at("d/f"), &open, &e), 0);
	assert_int_equal(open, want);
}

/* The examples of PERM-3. */
static void test_world_access(void **state)
{
	struct wgq_err e = {};
	bool open;

	(void)state;
	tmp_write(dir, "d/f", 0600, "");
	check_access(0644, 0755, true);
	check_access(0644, 0711, false);
	check_access(0604, 0701, false);
	check_access(0601, 0711, true);
	check_access(0644, 0700, false);
	check_access(0640, 0755, false);
	check_access(0600, 0755, false);
	check_access(0602, 0755, false);
	assert_int_equal(chmod(at("d"), 0700), 0);
	assert_int_equal(file_world_access(at("none"), &open, &e), -ENOENT);
}

/* A file directly in /, in a root directory of our own. */
static int world_access_child(void)
{
	struct wgq_err e = {};
	bool open = true;

	if ((geteuid() && unshare(CLONE_NEWUSER)) || chroot(dir) || chdir("/"))
		return 77;
	if (chmod("/f", 0600) || chmod("/", 0755) ||
	    file_world_access("/f", &open, &e) || open)
		return 1;
	if (chmod("/f", 0644) || file_world_access("/f", &open, &e) || !open)
		return 2;
	if (chmod("/", 0700) || file_world_access("/f", &open, &e) || open)
		return 3;
	return 0;
}

static void test_world_access_root(void **state)
{
	(void)state;
	tmp_write(dir, "f", 0600, "");
	run_child(world_access_child);
}

static void test_mkdir_private(void **state)
{
	struct wgq_err e = {};
	struct stat st;

	(void)state;
	umask(0);
	assert_int_equal(file_mkdir_private(at("p"), &e), 0);
	assert_int_equal(stat(at("p"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(file_mkdir_private(at("p"), &e), 0);
	assert_int_equal(chmod(at("p"), 0770), 0);
	assert_int_equal(file_mkdir_private(at("p"), &e), -EPERM);
	assert_int_equal(chmod(at("p"), 0755), 0);
	e = (struct wgq_err){};
	assert_int_equal(file_mkdir_private(at("p"), &e), 0);
	if (!geteuid()) {
		assert_int_equal(chown(at("p"), 1234, 0), 0);
		assert_int_equal(file_mkdir_private(at("p"), &e), -EPERM);
	}
	assert_int_equal(symlink("p", at("l")), 0);
	e = (struct wgq_err){};
	assert_int_equal(file_mkdir_private(at("l"), &e), -ENOTDIR);
	e = (struct wgq_err){};
	assert_int_equal(file_mkdir_private(at("no/p"), &e), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read),	  TEST(test_read_any_bytes),
		TEST(test_write_new),	  TEST(test_write_keeps),
		TEST(test_write_link),	  TEST(test_write_fails_clean),
		TEST(test_rewrite),	  TEST(test_bind_mount),
		TEST(test_world_access),  TEST(test_world_access_root),
		TEST(test_mkdir_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
