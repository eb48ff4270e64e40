// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/stop.h"

#define POLL_OLD_KERNEL_MS 20

/* struct child - a running program */
struct child {
	const struct exec *x;
	pid_t pid;
	int pidfd;	 /* -1 before kernel 5.3 */
	int out;	 /* reading end of its stdout, -1 for none */
	int64_t kill_at; /* when to kill it, 0 while it is left alone */
	bool stopped;	 /* the stop signal was passed on */
};

static int input_fd(const struct exec *x)
{
	cleanup(close_fd) int fd = memfd_create("stdin", MFD_CLOEXEC);
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (done < x->input_len) {
		n = write(fd, (const char *)x->input + done,
			  x->input_len - done);
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return take_fd(&fd);
}

/*
 * Descriptors are closed rather than trusted to be CLOEXEC: what a library
 * opened without it must not leak into a hook that stays in the background.
 */
static int spawn_files(posix_spawn_file_actions_t *fa, const struct exec *x,
		       const int fds[3])
{
	int err = 0, i;

	for (i = 0; i < 3 && !err; i++)
		if (fds[i] >= 0)
			err = posix_spawn_file_actions_adddup2(fa, fds[i], i);
	if (!err && fds[2] == EXEC_FD_STDOUT)
		err = posix_spawn_file_actions_adddup2(fa, 1, 2);
	if (!err && x->quiet)
		err = posix_spawn_file_actions_addopen(fa, 2, "/dev/null",
						       O_WRONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(fa, 3);
	return -err;
}

static int spawn_attr(posix_spawnattr_t *attr)
{
	sigset_t set;
	int err;

	/* sigfillset() leaves out two of glibc's, which would be ignored. */
	memset(&set, 0xff, sizeof(set));
	err = posix_spawnattr_setsigdefault(attr, &set);
	sigemptyset(&set);
	if (!err)
		err = posix_spawnattr_setsigmask(attr, &set);
	if (!err)
		err = posix_spawnattr_setflags(
			attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return -err;
}

static int spawn(const struct exec *x, const int fds[3], pid_t *ret_pid)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int err;

	err = -posix_spawn_file_actions_init(&fa);
	if (err)
		return err;
	err = -posix_spawnattr_init(&attr);
	if (err)
		goto files;
	err = spawn_files(&fa, x, fds);
	if (!err)
		err = spawn_attr(&attr);
	if (!err)
		err = -posix_spawn(ret_pid, x->path, &fa, &attr,
				   (char *const *)(uintptr_t)x->argv,
				   (char *const *)(uintptr_t)x->envp);
	posix_spawnattr_destroy(&attr);
files:
	posix_spawn_file_actions_destroy(&fa);
	return err;
}

/* Text and status as a shell would have them. */
static int spawn_failed(const struct exec *x, int err, struct wgq_err *e)
{
	struct stat st;

	if (err == -ENOENT && stat(x->path, &st)) {
		err_sys(e, err, "%s", x->argv[0]);
		err_status(e, 127);
	} else if (err == -ENOENT) {
		err_set(e, err, "%s: its interpreter is missing: %s",
			x->argv[0], strerror(-err));
		err_status(e, 126);
	} else if (err == -EACCES && !stat(x->path, &st) &&
		   S_ISDIR(st.st_mode)) {
		err_sys(e, -EISDIR, "%s", x->argv[0]);
		err_status(e, 126);
	} else {
		err_sys(e, err, "%s", x->argv[0]);
		err_status(e, 126);
	}
	return err;
}

/* Takes what is there; the rest of an output that is full is dropped. */
static void take_output(struct child *c)
{
	char chunk[4096];
	size_t room;
	ssize_t n;

	for (;;) {
		n = read(c->out, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		room = c->x->output_max - c->x->output->len;
		if (c->x->output->len > c->x->output_max)
			room = 0;
		buf_add(c->x->output, chunk,
			(size_t)n < room ? (size_t)n : room);
	}
	close(c->out);
	c->out = -1;
}

static int timeout_of(const struct child *c)
{
	int64_t left = -1;

	if (c->kill_at) {
		left = c->kill_at - stop_now_ms();
		if (left < 0)
			left = 0;
	}
	if (c->pidfd < 0 && (left < 0 || left > POLL_OLD_KERNEL_MS))
		left = POLL_OLD_KERNEL_MS;
	return (int)left;
}

static void pass_on_stop(struct child *c)
{
	c->stopped = true;
	kill(c->pid, *c->x->stop);
	c->kill_at = stop_now_ms() + EXEC_GRACE_MS;
}

/* One wait for something to happen; returns whether the child has ended. */
static bool child_step(struct child *c, int *wstatus)
{
	struct pollfd fds[2] = {
		{ .fd = c->pidfd, .events = POLLIN },
		{ .fd = c->out, .events = POLLIN },
	};
	pid_t pid;
	int n;

	n = stop_poll(fds, 2, timeout_of(c), c->stopped ? NULL : c->x->stop);
	if (n == -EINTR)
		pass_on_stop(c);
	if (c->kill_at && stop_now_ms() >= c->kill_at) {
		kill(c->pid, SIGKILL);
		c->kill_at = 0;
	}
	if (c->out >= 0)
		take_output(c);
	do
		pid = waitpid(c->pid, wstatus, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		*wstatus = 0;
	return pid != 0;
}

static int child_wait(struct child *c)
{
	int wstatus;

	while (!child_step(c, &wstatus))
		;
	if (c->out >= 0)
		take_output(c);
	if (WIFSIGNALED(wstatus))
		return 128 + WTERMSIG(wstatus);
	return WEXITSTATUS(wstatus);
}

static int output_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	/* Only our end: a child's stdout has to block. */
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK)) {
		int err = -errno;

		close(fds[0]);
		close(fds[1]);
		return err;
	}
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

int exec_run(const struct exec *x, int *ret_status, struct wgq_err *e)
{
	cleanup(close_fd) int in = -1, out_write = -1;
	struct child c = { .x = x, .pidfd = -1, .out = -1 };
	int fds[3] = { -1, -1, -1 }, err, status;

	if (x->stop && *x->stop) {
		err_sys(e, -EINTR, "%s", x->argv[0]);
		err_status(e, 128 + *x->stop);
		return -EINTR;
	}
	if (x->input) {
		in = input_fd(x);
		if (in < 0)
			return err_sys(e, in, "%s: stdin", x->argv[0]);
	}
	if (x->output) {
		err = output_pipe(&c.out, &out_write);
		if (err)
			return err_sys(e, err, "%s: stdout", x->argv[0]);
	}
	if (x->fds)
		memcpy(fds, x->fds, sizeof(fds));
	if (in >= 0)
		fds[0] = in;
	if (out_write >= 0)
		fds[1] = out_write;
	err = spawn(x, fds, &c.pid);
	if (err) {
		close_fd(&c.out);
		return spawn_failed(x, err, e);
	}
	if (out_write >= 0)
		close(take_fd(&out_write));
	c.pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
	status = child_wait(&c);
	close_fd(&c.pidfd);
	close_fd(&c.out);
	if (x->output && x->output->failed)
		return err_sys(e, -ENOMEM, "%s: stdout", x->argv[0]);
	*ret_status = status;
	return 0;
}

/* Start member @i; the reading end of its pipe, if any, is the next one's. */
static void start_member(struct child *c, size_t i, size_t n, int *carry,
			 struct wgq_err *why, int *status)
{
	const struct exec *x = c->x;
	int fds[3], pipe_fds[2] = { -1, -1 }, err = 0;

	memcpy(fds, x->fds, sizeof(fds));
	if (i)
		fds[0] = *carry;
	if (i + 1 < n && pipe2(pipe_fds, O_CLOEXEC))
		err = -errno;
	if (i + 1 < n)
		fds[1] = pipe_fds[1];
	if (!err)
		err = spawn(x, fds, &c->pid);
	if (err) {
		spawn_failed(x, err, why);
		*status = why->status;
		c->pid = 0;
	} else {
		c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	}
	close_fd(carry);
	close_fd(&pipe_fds[1]);
	*carry = pipe_fds[0];
}

int exec_pipeline(const struct exec *x, size_t n, int *statuses,
		  struct wgq_err *errs, struct wgq_err *e)
{
	cleanup(free_ptr) struct child *c = calloc(n, sizeof(*c));
	cleanup(close_fd) int carry = -1;
	size_t i;

	if (!c)
		return err_sys(e, -ENOMEM, "%s", x->argv[0]);
	if (x->stop && *x->stop) {
		err_sys(e, -EINTR, "%s", x->argv[0]);
		err_status(e, 128 + *x->stop);
		return -EINTR;
	}
	for (i = 0; i < n; i++) {
		c[i] = (struct child){ .x = &x[i], .pidfd = -1, .out = -1 };
		start_member(&c[i], i, n, &carry, &errs[i], &statuses[i]);
	}
	/*
	 * One after the other: a member that waits for the next one to read
	 * gets on, since all of them run.
	 */
	for (i = n; i-- > 0;) {
		if (!c[i].pid)
			continue;
		statuses[i] = child_wait(&c[i]);
		close_fd(&c[i].pidfd);
	}
	return 0;
}

static bool executable(const char *path, bool *found)
{
	struct stat st;

	if (stat(path, &st) || S_ISDIR(st.st_mode))
		return false;
	*found = true;
	return !faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

/* -EAGAIN: not in this directory */
static int try_dir(const char *dir, size_t len, const char *name,
		   char ret_path[PATH_MAX], bool *found)
{
	char path[PATH_MAX];
	int n;

	if (len > PATH_MAX)
		return -EAGAIN;
	n = snprintf(path, sizeof(path), "%.*s/%s", len ? (int)len : 1,
		     len ? dir : ".", name);
	if (n < 0 || (size_t)n >= sizeof(path) || !executable(path, found))
		return -EAGAIN;
	memcpy(ret_path, path, (size_t)n + 1);
	return 0;
}

static int find(const char *path, const char *name, char ret_path[PATH_MAX])
{
	bool found = false;
	size_t len;

	if (strlen(name) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!*name)
		return -ENOENT;
	if (strchr(name, '/')) {
		memcpy(ret_path, name, strlen(name) + 1);
		if (executable(name, &found))
			return 0;
		return access(name, F_OK) ? -ENOENT : -EACCES;
	}
	for (path = path ? path : EXEC_DEFAULT_PATH;; path += len + 1) {
		len = strcspn(path, ":");
		if (!try_dir(path, len, name, ret_path, &found))
			return 0;
		if (!path[len])
			return found ? -EACCES : -ENOENT;
	}
}

int exec_find(const char *path, const char *name, char ret_path[PATH_MAX],
	      struct wgq_err *e)
{
	char file[PATH_MAX];
	int err = find(path, name, file);

	if (!err) {
		memcpy(ret_path, file, strlen(file) + 1);
		return 0;
	}
	if (err == -ENOENT && !strchr(name, '/'))
		err_set(e, err, "%s: command not found", name);
	else
		err_sys(e, err, "%s", name);
	err_status(e, err == -ENOENT ? 127 : 126);
	return err;
}

bool exec_have(const char *path, const char *name)
{
	char file[PATH_MAX];

	return !find(path, name, file);
}

static size_t count(const char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

/* Sets or replaces; @env has room. */
static void put(const char **env, size_t *n, const char *text)
{
	size_t len = strcspn(text, "="), i;

	for (i = 0; i < *n; i++)
		if (strcspn(env[i], "=") == len && !memcmp(env[i], text, len))
			break;
	env[i] = text;
	if (i == *n)
		++*n;
}

const char *exec_getenv(const char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

const char *const *exec_env(const char *const *env, const char *dir,
			    const char *const *set, struct arena *a)
{
	const char **out =
		arena_array(a, count(env) + count(set) + 3, sizeof(*out));
	const char *path = exec_getenv(env, "PATH");
	size_t n = 0;

	if (!out)
		return NULL;
	for (; env && *env; env++)
		put(out, &n, *env);
	put(out, &n, "LC_ALL=C");
	if (dir) {
		path = arena_printf(a, "PATH=%s:%s", dir,
				    path ? path : EXEC_DEFAULT_PATH);
		if (!path)
			return NULL;
		put(out, &n, path);
	}
	for (; set && *set; set++)
		put(out, &n, *set);
	return out;
}
