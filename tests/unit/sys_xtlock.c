// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/xtlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib_tmp.h"
#include "sys/stop.h"

static char dir[64], path[PATH_MAX];
static volatile sig_atomic_t stop;

static int setup(void **state)
{
	(void)state;
	tmp_make(dir);
	tmp_path(path, dir, "xtables.lock");
	stop = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmp_remove(dir);
	return 0;
}

/* A holder as iptables is one. */
static int hold(void)
{
	int fd = open(path, O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static void test_take(void **state)
{
	struct wgq_err e = {};
	struct stat st;
	mode_t mask = umask(0);
	int fd = -1, other;

	(void)state;
	assert_int_equal(xtlock_take(path, 1000, NULL, &fd, &e), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	other = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(fd);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	assert_int_equal(stat(path, &st), 0);
}

static void test_wait_is_bounded(void **state)
{
	struct wgq_err e = {};
	int fd = -1, holder = hold();
	int64_t begin = stop_now_ms();

	(void)state;
	assert_int_equal(xtlock_take(path, 100, NULL, &fd, &e), -EAGAIN);
	assert_in_range(stop_now_ms() - begin, 100, 2000);
	assert_non_null(strstr(e.msg, path));
	assert_int_equal(fd, -1);
	close(holder);
}

static void test_waits_for_the_holder(void **state)
{
	struct wgq_err e = {};
	int fd = -1, status, go[2], holder;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		holder = open(path, O_CREAT, 0600);
		flock(holder, LOCK_EX);
		if (write(go[1], "x", 1) != 1)
			_exit(1);
		usleep(60000);
		_exit(0);
	}
	assert_int_equal(read(go[0], &(char){ 0 }, 1), 1);
	assert_int_equal(xtlock_take(path, 10000, NULL, &fd, &e), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fd);
	close(go[0]);
	close(go[1]);
}

static void on_alarm(int sig)
{
	stop = sig;
}

static void test_signal_ends_the_wait(void **state)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 50000 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct wgq_err e = {};
	int fd = -1, holder = hold();

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &sa, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(xtlock_take(path, 60000, &stop, &fd, &e), -EINTR);
	close(holder);
}

static void test_no_directory(void **state)
{
	struct wgq_err e = {};
	int fd = -1;

	(void)state;
	assert_int_equal(xtlock_take("/no/such/dir/lock", 0, NULL, &fd, &e),
			 -ENOENT);
	assert_non_null(strstr(e.msg, "/no/such/dir/lock"));
}

/* A file that is there already will do, as it does for iptables. */
static void read_only(int from, bool there)
{
	struct wgq_err e = {};
	int fd = -1, ret;

	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, "") ||
	    mount("tmpfs", dir, "tmpfs", 0, ""))
		_exit(77);
	if (there)
		close(open(path, O_CREAT | O_WRONLY, 0600));
	if (mount("none", dir, "none", MS_REMOUNT | MS_RDONLY, ""))
		_exit(77);
	ret = xtlock_take(path, 0, NULL, &fd, &e);
	if (write(from, e.msg, strlen(e.msg) + 1) < 0)
		_exit(1);
	_exit(ret == (there ? 0 : -EROFS) ? 0 : 1);
}

static void test_read_only(void **state)
{
	char text[512];
	int fds[2], status;

	(void)state;
	for (int there = 0; there < 2; there++) {
		assert_int_equal(pipe(fds), 0);
		if (fork() == 0)
			read_only(fds[1], there);
		close(fds[1]);
		wait(&status);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
			close(fds[0]);
			print_message("no mounts here\n");
			skip();
		}
		assert_int_equal(status, 0);
		assert_true(read(fds[0], text, sizeof(text)) > 0);
		close(fds[0]);
		if (!there)
			assert_non_null(strstr(text, "read-only"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_take, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait_is_bounded, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_waits_for_the_holder,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_ends_the_wait,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_directory, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
