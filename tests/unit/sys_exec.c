// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib_tmp.h"
#include "sys/stop.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static void catch (int sig)
{
	const struct sigaction sa = { .sa_handler = on_signal };

	stop = 0;
	assert_int_equal(sigaction(sig, &sa, NULL), 0);
}

static void alarm_in_ms(int ms)
{
	const struct itimerval it = {
		.it_value = { ms / 1000, ms % 1000 * 1000 },
	};

	setitimer(ITIMER_REAL, &it, NULL);
}

static int sh(const char *script, struct buf *out, const char *in,
	      const volatile sig_atomic_t *flag)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const char *const envp[] = { "PATH=/usr/bin:/bin", "X=y z", NULL };
	const struct exec x = {
		.path = "/bin/sh",
		.argv = argv,
		.envp = envp,
		.input = in,
		.input_len = in ? strlen(in) : 0,
		.output = out,
		.output_max = 100000,
		.stop = flag,
	};
	struct wgq_err e = {};
	int status = -1;

	assert_int_equal(exec_run(&x, &status, &e), 0);
	assert_int_equal(e.code, 0);
	return status;
}

static void test_status(void **state)
{
	(void)state;
	assert_int_equal(sh("exit 0", NULL, NULL, NULL), 0);
	assert_int_equal(sh("exit 7", NULL, NULL, NULL), 7);
	assert_int_equal(sh("exit 255", NULL, NULL, NULL), 255);
	assert_int_equal(sh("kill -9 $$", NULL, NULL, NULL), 137);
	assert_int_equal(sh("kill -TERM $$", NULL, NULL, NULL), 143);
}

static void check_output(const char *script, const char *in, const char *want)
{
	struct buf out = {};

	assert_int_equal(sh(script, &out, in, NULL), 0);
	assert_string_equal(out.p ? out.p : "", want);
	buf_done(&out);
}

static void test_streams(void **state)
{
	(void)state;
	check_output("cat", "a\nb", "a\nb");
	check_output("cat", "", "");
	check_output("echo \"$X\"; echo err >/dev/null", NULL, "y z\n");
	/* Nothing of ours is in the environment. */
	check_output("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort", NULL,
		     "PATH=/usr/bin:/bin\nX=y z\n");
}

static void test_big_streams(void **state)
{
	char *in = malloc(70000);
	struct buf out = {};

	(void)state;
	memset(in, 'x', 69999);
	in[69999] = '\0';
	assert_int_equal(sh("cat; cat </dev/null", &out, in, NULL), 0);
	assert_int_equal(out.len, 69999);
	buf_done(&out);
	/* Beyond output_max it is dropped, and the child does not block. */
	assert_int_equal(sh("cat; head -c 300000 /dev/zero", &out, in, NULL),
			 0);
	assert_int_equal(out.len, 100000);
	buf_done(&out);
	free(in);
}

static void test_leftover_keeps_pipe(void **state)
{
	int64_t start = stop_now_ms();
	struct buf out = {};

	(void)state;
	assert_int_equal(sh("echo a; sleep 3 &", &out, NULL, NULL), 0);
	assert_string_equal(out.p, "a\n");
	assert_true(stop_now_ms() - start < 2500);
	buf_done(&out);
}

static void test_descriptors_closed(void **state)
{
	int fd = dup(1); /* without FD_CLOEXEC */
	struct buf out = {};

	(void)state;
	assert_true(fd > 2);
	assert_int_equal(
		sh("ls /proc/self/fd | tr '\\n' ' '", &out, NULL, NULL), 0);
	/* 3 is ls's own. */
	assert_string_equal(out.p, "0 1 2 3 ");
	buf_done(&out);
	close(fd);
}

static void test_signals_reset(void **state)
{
	struct buf out = {};
	sigset_t set, old;

	(void)state;
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	assert_int_equal(sh("grep -E '^Sig(Blk|Ign)' /proc/self/status | "
			    "tr -d '0\\t\\n'",
			    &out, NULL, NULL),
			 0);
	assert_string_equal(out.p, "SigBlk:SigIgn:");
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
	buf_done(&out);
}

static void test_stop_is_passed_on(void **state)
{
	int64_t start = stop_now_ms();

	(void)state;
	catch (SIGALRM);
	alarm_in_ms(200);
	assert_int_equal(sh("exec sleep 20", NULL, NULL, &stop), 128 + SIGALRM);
	assert_true(stop_now_ms() - start < 5000);

	/* Once, and what the child makes of it counts. */
	catch (SIGALRM);
	alarm_in_ms(200);
	assert_int_equal(sh("n=0; trap 'n=$((n+1))' ALRM; sleep 0.6; sleep 0.4;"
			    " exit $n",
			    NULL, NULL, &stop),
			 1);
	signal(SIGALRM, SIG_DFL);
}

static void test_stubborn_is_killed(void **state)
{
	int64_t start = stop_now_ms(), took;

	(void)state;
	catch (SIGALRM);
	alarm_in_ms(100);
	assert_int_equal(sh("trap '' ALRM; exec sleep 30", NULL, NULL, &stop),
			 137);
	took = stop_now_ms() - start;
	assert_in_range(took, EXEC_GRACE_MS, EXEC_GRACE_MS + 3000);
	signal(SIGALRM, SIG_DFL);
}

static void test_stop_before_start(void **state)
{
	const char *const argv[] = { "true", NULL };
	const char *const envp[] = { NULL };
	volatile sig_atomic_t flag = SIGTERM;
	const struct exec x = {
		.path = "/bin/true",
		.argv = argv,
		.envp = envp,
		.stop = &flag,
	};
	struct wgq_err e = {};
	int status = -1;

	(void)state;
	assert_int_equal(exec_run(&x, &status, &e), -EINTR);
	assert_int_equal(status, -1);
	assert_int_equal(e.status, 143);
}

static void check_no_start(const char *path, int err, int want_status)
{
	const char *const argv[] = { path, NULL };
	const char *const envp[] = { NULL };
	const struct exec x = { .path = path, .argv = argv, .envp = envp };
	struct wgq_err e = {};
	int status = -1;

	assert_int_equal(exec_run(&x, &status, &e), err);
	assert_int_equal(status, -1);
	assert_int_equal(e.status, want_status);
	assert_non_null(strstr(e.msg, path));
}

static void test_no_start(void **state)
{
	const char *preload = getenv("LD_PRELOAD");
	char dir[64], path[PATH_MAX];

	(void)state;
	/* The child does not share memory there, so no error comes back. */
	if (preload && strstr(preload, "vgpreload")) {
		print_message("SKIPPED: valgrind's vfork() is a fork()\n");
		skip();
	}
	tmp_make(dir);
	check_no_start(tmp_path(path, dir, "missing"), -ENOENT, 127);
	check_no_start(dir, -EACCES, 126);
	tmp_write(dir, "plain", 0644, "x");
	check_no_start(tmp_path(path, dir, "plain"), -EACCES, 126);
	tmp_write(dir, "bang", 0755, "#!/no/such/interpreter\n");
	check_no_start(tmp_path(path, dir, "bang"), -ENOENT, 126);
	tmp_write(dir, "text", 0755, "echo hi\n");
	check_no_start(tmp_path(path, dir, "text"), -ENOEXEC, 126);
	tmp_remove(dir);
}

static void test_find(void **state)
{
	char dir[64], a[PATH_MAX], want[PATH_MAX], got[PATH_MAX] = "kept";
	char path[PATH_MAX * 3];
	struct wgq_err e = {};

	(void)state;
	tmp_make(dir);
	tmp_write(dir, "a/tool", 0644, "");
	tmp_write(dir, "b/tool", 0755, "");
	tmp_write(dir, "c/tool/x", 0755, "");
	tmp_write(dir, "d/tool", 0755, "");
	snprintf(path, sizeof(path), "/nowhere:%s/a:%s/c:%s/b:%s/d", dir, dir,
		 dir, dir);
	assert_int_equal(exec_find(path, "tool", got, &e), 0);
	assert_string_equal(got, tmp_path(want, dir, "b/tool"));
	assert_true(exec_have(path, "tool"));

	assert_int_equal(exec_find(tmp_path(a, dir, "a"), "tool", got, &e),
			 -EACCES);
	assert_int_equal(e.status, 126);
	e = (struct wgq_err){};
	assert_int_equal(exec_find(path, "nothing", got, &e), -ENOENT);
	assert_int_equal(e.status, 127);
	assert_string_equal(e.msg, "nothing: command not found");
	assert_string_equal(got, want);
	e = (struct wgq_err){};
	assert_int_equal(exec_find(path, "", got, &e), -ENOENT);
	assert_false(exec_have("", "tool"));
	assert_true(exec_have(NULL, "sh"));
	assert_true(exec_have("/x", "/bin/sh"));
	assert_false(exec_have("/bin", "/bin/nothing-like-this"));

	/* An empty element is the current directory. */
	tmp_path(a, dir, "d");
	assert_int_equal(chdir(a), 0);
	e = (struct wgq_err){};
	assert_int_equal(exec_find("/nowhere:", "tool", got, &e), 0);
	assert_string_equal(got, "./tool");
	assert_int_equal(chdir("/"), 0);
	tmp_remove(dir);
}

#define PIPE_MAX 3

/* Run shell scripts as a pipeline, its ends in files of memory. */
static void pipeline(const char *const *scripts, size_t n, const char *in,
		     int *statuses, char *out, size_t size)
{
	static const char *const envp[] = { "PATH=/usr/bin:/bin", NULL };
	int fds[3] = { memfd_create("in", 0), memfd_create("out", 0), -1 };
	const char *argv[PIPE_MAX][4] = { { 0 } };
	struct exec x[PIPE_MAX] = { { 0 } };
	struct wgq_err errs[PIPE_MAX] = { 0 }, e = { 0 };
	ssize_t got;
	size_t i;

	fds[2] = EXEC_FD_STDOUT;
	assert_int_equal(write(fds[0], in, strlen(in)), strlen(in));
	lseek(fds[0], 0, SEEK_SET);
	for (i = 0; i < n; i++) {
		argv[i][0] = "sh";
		argv[i][1] = "-c";
		argv[i][2] = scripts[i];
		x[i].path = scripts[i] ? "/bin/sh" : "/nowhere/at-all";
		x[i].argv = argv[i];
		x[i].envp = envp;
		x[i].fds = fds;
	}
	assert_int_equal(exec_pipeline(x, n, statuses, errs, &e), 0);
	for (i = 0; i < n; i++)
		assert_int_equal(errs[i].code, scripts[i] ? 0 : -ENOENT);
	got = pread(fds[1], out, size - 1, 0);
	assert_true(got >= 0);
	out[got] = '\0';
	close(fds[0]);
	close(fds[1]);
}

static void test_pipeline(void **state)
{
	static const char *const plain[] = { "cat; exit 3", "tr a-z A-Z",
					     "cat; echo err >&2; exit 5" };
	static const char *const endless[] = { "while echo y; do :; done",
					       "head -n 2" };
	static const char *const missing[] = { "echo lost", NULL,
					       "cat; echo x" };
	int statuses[PIPE_MAX];
	char out[256];

	(void)state;
	pipeline(plain, 3, "abc\n", statuses, out, sizeof(out));
	assert_string_equal(out, "ABC\nerr\n");
	assert_int_equal(statuses[0], 3);
	assert_int_equal(statuses[1], 0);
	assert_int_equal(statuses[2], 5);
	pipeline(endless, 2, "", statuses, out, sizeof(out));
	assert_string_equal(out, "y\ny\n");
	assert_int_equal(statuses[1], 0);
	pipeline(missing, 3, "", statuses, out, sizeof(out));
	assert_string_equal(out, "x\n");
	assert_int_equal(statuses[1], 127);
	assert_int_equal(statuses[2], 0);
	pipeline(plain, 1, "alone", statuses, out, sizeof(out));
	assert_string_equal(out, "alone");
	assert_int_equal(statuses[0], 3);
}

static size_t env_len(const char *const *env)
{
	size_t n = 0;

	while (env[n])
		n++;
	return n;
}

static void test_env(void **state)
{
	const char *const in[] = { "A=1", "PATH=/x:/y", "LC_ALL=de_DE",
				   "B=2", "A=3",	NULL };
	const char *const set[] = { "B=4", "NEW=5", NULL };
	const char *const *env;
	struct arena a = {};

	(void)state;
	env = exec_env(in, "/opt/wgq", set, &a);
	assert_string_equal(exec_getenv(env, "PATH"), "/opt/wgq:/x:/y");
	assert_string_equal(exec_getenv(env, "LC_ALL"), "C");
	assert_string_equal(exec_getenv(env, "B"), "4");
	assert_string_equal(exec_getenv(env, "NEW"), "5");
	assert_string_equal(exec_getenv(env, "A"), "3");
	assert_null(exec_getenv(env, "PAT"));
	assert_int_equal(env_len(env), 5);

	env = exec_env(in, NULL, NULL, &a);
	assert_string_equal(exec_getenv(env, "PATH"), "/x:/y");
	env = exec_env(NULL, "/d", NULL, &a);
	assert_string_equal(exec_getenv(env, "PATH"), "/d:" EXEC_DEFAULT_PATH);
	assert_int_equal(env_len(env), 2);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_big_streams),
		cmocka_unit_test(test_leftover_keeps_pipe),
		cmocka_unit_test(test_descriptors_closed),
		cmocka_unit_test(test_signals_reset),
		cmocka_unit_test(test_stop_is_passed_on),
		cmocka_unit_test(test_stubborn_is_killed),
		cmocka_unit_test(test_stop_before_start),
		cmocka_unit_test(test_no_start),
		cmocka_unit_test(test_pipeline),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
