// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/lock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib_tmp.h"
#include "sys/netns.h"
#include "sys/stop.h"

static char dir[64], locks[PATH_MAX];
static volatile sig_atomic_t stop;

static int setup(void **state)
{
	(void)state;
	tmp_make(dir);
	tmp_path(locks, dir, "locks");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmp_remove(dir);
	return 0;
}

static void test_take_and_drop(void **state)
{
	struct lock l = LOCK_NONE, m = LOCK_NONE;
	struct wgq_err e = {};
	char text[32];
	struct stat st;

	(void)state;
	assert_int_equal(lock_take(locks, "c1-wg0", "/proc", NULL, &l, &e), 0);
	assert_int_equal(stat(locks, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_non_null(tmp_read(locks, "c1-wg0.lock", text, sizeof(text)));
	assert_int_equal(atoi(text), getpid());
	/* Another name is another lock, and keeps the directory. */
	assert_int_equal(lock_take(locks, "c1-wg1", "/proc", NULL, &m, &e), 0);
	lock_drop(&l);
	assert_int_equal(l.fd, -1);
	assert_int_equal(tmp_count(locks), 1);
	lock_drop(&m);
	assert_int_equal(tmp_count(dir), 0);
	lock_drop(&m);
	assert_int_equal(e.code, 0);
}

static void test_busy(void **state)
{
	struct lock l = LOCK_NONE, m = LOCK_NONE;
	struct wgq_err e = {};
	pid_t holder = -1;

	(void)state;
	assert_int_equal(lock_try(locks, "a", &l, NULL, &e), 0);
	assert_int_equal(lock_try(locks, "a", &m, &holder, &e), -EBUSY);
	assert_int_equal(holder, getpid());
	assert_int_equal(m.fd, -1);
	lock_drop(&l);
	e = (struct wgq_err){};
	assert_int_equal(lock_try(locks, "a", &m, NULL, &e), 0);
	lock_drop(&m);
	assert_int_equal(tmp_count(dir), 0);
}

static void test_unsafe_dir(void **state)
{
	struct lock l = LOCK_NONE;
	struct wgq_err e = {};

	(void)state;
	assert_int_equal(mkdir(locks, 0700), 0);
	assert_int_equal(chmod(locks, 0777), 0);
	assert_int_equal(lock_try(locks, "a", &l, NULL, &e), -EPERM);
	assert_int_equal(l.fd, -1);
}

/* What a hook does that calls wgq for its own interface. */
static void test_ancestor(void **state)
{
	struct lock l = LOCK_NONE, m = LOCK_NONE;
	struct wgq_err e = {};
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(lock_take(locks, "wg0", "/proc", NULL, &l, &e), 0);
	pid = fork();
	if (!pid) {
		pid = fork();
		if (!pid) {
			int err =
				lock_take(locks, "wg0", "/proc", NULL, &m, &e);

			_exit(err == -EDEADLK && e.code == -EDEADLK ? 0 : 1);
		}
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	lock_drop(&l);

	assert_true(lock_is_ancestor("/proc", getppid(), getpid()));
	assert_true(lock_is_ancestor("/proc", 1, getppid()) || getppid() <= 1);
	assert_false(lock_is_ancestor("/proc", getpid(), getpid()));
	assert_false(lock_is_ancestor("/proc", getpid(), getppid()));
	assert_false(lock_is_ancestor("/nowhere", 1, getpid()));
	assert_false(lock_is_ancestor("/proc", 0, getpid()));
}

/* The command's name is the process's own choice. */
static void test_ancestor_odd_names(void **state)
{
	(void)state;
	tmp_write(dir, "7/stat", 0600, "7 (a) b (c) R 5 7 7 0\n");
	tmp_write(dir, "5/stat", 0600, "5 () S 3 1) R 9\n");
	tmp_write(dir, "8/stat", 0600, "8 (x) S 8 0\n");
	assert_true(lock_is_ancestor(dir, 5, 7));
	assert_false(lock_is_ancestor(dir, 3, 7));
	assert_true(lock_is_ancestor(dir, 9, 7));
	/* A loop ends. */
	assert_false(lock_is_ancestor(dir, 4, 8));
}

static void on_signal(int sig)
{
	stop = sig;
}

/* A sibling holds it: we wait until stopped, and get it once it is free. */
static void test_wait(void **state)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	const struct itimerval it = { .it_value = { 0, 200000 } };
	struct lock l = LOCK_NONE;
	struct wgq_err e = {};
	int64_t start;
	int p[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (!pid) {
		if (lock_take(locks, "x", "/proc", NULL, &l, &e))
			_exit(1);
		if (write(p[1], "x", 1) != 1)
			_exit(2);
		usleep(800000);
		lock_drop(&l);
		_exit(0);
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	start = stop_now_ms();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	assert_int_equal(lock_take(locks, "x", "/proc", &stop, &l, &e), -EINTR);
	assert_true(stop_now_ms() - start < 600);
	assert_int_equal(l.fd, -1);

	stop = 0;
	e = (struct wgq_err){};
	assert_int_equal(lock_take(locks, "x", "/proc", &stop, &l, &e), 0);
	assert_true(stop_now_ms() - start >= 600);
	lock_drop(&l);
	waitpid(pid, NULL, 0);
	assert_int_equal(tmp_count(dir), 0);
	close(p[0]);
	close(p[1]);
	signal(SIGALRM, SIG_DFL);
}

/*
 * Many runs that come and go: never two at once, and nothing is left.  The
 * counter would lose a step if two were in; the directory's coming and going
 * is what goes wrong most easily.
 */
static int contend(const char *counter)
{
	struct lock l = LOCK_NONE;
	struct wgq_err e = {};
	char text[32];
	int i, n;

	for (i = 0; i < 40; i++) {
		if (lock_take(locks, "x", "/proc", NULL, &l, &e)) {
			fprintf(stderr, "%s\n", e.msg);
			return 1;
		}
		n = tmp_read(dir, counter, text, sizeof(text)) ? atoi(text) : 0;
		if (i % 4 == 0)
			usleep(500);
		snprintf(text, sizeof(text), "%d", n + 1);
		tmp_write(dir, counter, 0600, text);
		lock_drop(&l);
	}
	return 0;
}

static void test_contention(void **state)
{
	char text[32];
	int i, status;
	pid_t pid;

	(void)state;
	for (i = 0; i < 4; i++) {
		pid = fork();
		if (!pid)
			_exit(contend("count"));
		assert_true(pid > 0);
	}
	for (i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_non_null(tmp_read(dir, "count", text, sizeof(text)));
	assert_int_equal(atoi(text), 160);
	assert_int_equal(tmp_count(dir), 1);
}

static void test_netns_id(void **state)
{
	char a[NETNS_ID_LEN], b[NETNS_ID_LEN];
	struct wgq_err e = {};
	size_t i;
	int sock;

	(void)state;
	assert_int_equal(netns_id(-1, "/proc", a, &e), 0);
	assert_int_equal(netns_id(-1, "/nowhere", b, &e),
			 a[0] == 'c' ? 0 : -ENOENT);
	if (a[0] == 'c')
		assert_string_equal(a, b);
	/* By another's socket, and by one that is none. */
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(netns_id(sock, "/proc", b, &e), 0);
	assert_string_equal(a, b);
	close(sock);
	assert_int_equal(netns_id(sock, "/proc", b, &e), 0);
	assert_string_equal(a, b);
	assert_true(strlen(a) > 1);
	for (i = 1; a[i]; i++)
		assert_in_range(a[i], '0', '9');
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_take_and_drop),      TEST(test_busy),
		TEST(test_unsafe_dir),	       TEST(test_ancestor),
		TEST(test_ancestor_odd_names), TEST(test_wait),
		TEST(test_contention),	       cmocka_unit_test(test_netns_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
