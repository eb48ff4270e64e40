// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/file.h"
#include "sys/stop.h"

/*
 * flock() cannot be waited for along with a flag that a signal sets without
 * missing the signal, so a busy lock is tried again at this pace.
 */
#define RETRY_MS 20

/* A file that was removed on NFS keeps a link, so it is not the links alone. */
static bool is_at(int fd, const char *path, struct stat *ret)
{
	struct stat st;

	return !fstat(fd, ret) && !stat(path, &st) &&
	       ret->st_dev == st.st_dev && ret->st_ino == st.st_ino;
}

/* The directory may go between the two calls: its last user removes it. */
static int open_lock(const struct lock *l, struct wgq_err *e)
{
	int fd, err;

	for (;;) {
		err = file_mkdir_private(l->dir, e);
		if (err)
			return err;
		fd = open(l->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			  0600);
		if (fd >= 0)
			return fd;
		if (errno != ENOENT)
			return err_sys(e, -errno, "%s", l->path);
	}
}

static pid_t holder_of(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

static int write_pid(const struct lock *l, const struct stat *st,
		     struct wgq_err *e)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if ((st->st_size && ftruncate(l->fd, 0)) ||
	    pwrite(l->fd, text, (size_t)n, 0) != n)
		return err_sys(e, errno ? -errno : -EIO, "%s", l->path);
	return 0;
}

static int set_paths(struct lock *l, const char *dir, const char *name,
		     struct wgq_err *e)
{
	int a = snprintf(l->dir, sizeof(l->dir), "%s", dir);
	int b = snprintf(l->path, sizeof(l->path), "%s/%s.lock", dir, name);

	if (a < 0 || b < 0 || (size_t)a >= sizeof(l->dir) ||
	    (size_t)b >= sizeof(l->path))
		return err_sys(e, -ENAMETOOLONG, "%s/%s.lock", dir, name);
	return 0;
}

int lock_try(const char *dir, const char *name, struct lock *ret_lock,
	     pid_t *ret_holder, struct wgq_err *e)
{
	struct lock l = LOCK_NONE;
	struct stat st;
	int err = set_paths(&l, dir, name, e);

	if (err)
		return err;
	for (;;) {
		l.fd = open_lock(&l, e);
		if (l.fd < 0)
			return l.fd;
		if (flock(l.fd, LOCK_EX | LOCK_NB)) {
			err = -errno;
			if (ret_holder)
				*ret_holder = holder_of(l.fd);
			close(l.fd);
			if (err == -EWOULDBLOCK)
				return err_set(e, -EBUSY,
					       "%s: another run is in progress",
					       name);
			return err_sys(e, err, "%s", l.path);
		}
		if (is_at(l.fd, l.path, &st))
			break;
		/* Its last holder removed it after we opened it. */
		close(l.fd);
	}
	err = write_pid(&l, &st, e);
	if (err) {
		lock_drop(&l);
		return err;
	}
	*ret_lock = l;
	return 0;
}

int lock_take(const char *dir, const char *name, const char *proc,
	      const volatile sig_atomic_t *stop, struct lock *ret_lock,
	      struct wgq_err *e)
{
	struct wgq_err busy;
	pid_t holder;
	int err;

	for (;;) {
		busy = (struct wgq_err){};
		holder = 0;
		err = lock_try(dir, name, ret_lock, &holder, &busy);
		if (!err)
			return 0;
		if (err != -EBUSY)
			return err_set(e, err, "%s", busy.msg);
		if (holder > 0 && lock_is_ancestor(proc, holder, getpid()))
			return err_set(e, -EDEADLK,
				       "%s: called from a hook of its own",
				       name);
		err = stop_poll(NULL, 0, RETRY_MS, stop);
		if (err < 0)
			return err_sys(e, err, "%s: waiting for another run",
				       name);
	}
}

/* The command in field 2 may hold blanks and parentheses. */
static pid_t parent_of(const char *proc, pid_t pid)
{
	cleanup(buf_done) struct buf stat = {};
	struct wgq_err ignored = {};
	char path[PATH_MAX];
	char *p;

	snprintf(path, sizeof(path), "%s/%ld/stat", proc, (long)pid);
	if (file_read(path, 4096, &stat, &ignored) || !stat.p)
		return 0;
	p = strrchr(stat.p, ')');
	/* ") S 123 ...": the state is one letter. */
	if (!p || p[1] != ' ' || !p[2] || p[3] != ' ')
		return 0;
	return (pid_t)strtol(p + 4, NULL, 10);
}

bool lock_is_ancestor(const char *proc, pid_t pid, pid_t of)
{
	/* Bounded, since a process can get a new parent while we look. */
	int depth = 1024;

	while (depth-- && of > 1) {
		of = parent_of(proc, of);
		if (of == pid)
			return pid > 0;
	}
	return false;
}

void lock_drop(struct lock *lock)
{
	struct stat st;

	if (lock->fd < 0)
		return;
	/* Whoever removes it holds it, but for somebody who tidies by hand. */
	if (!fstat(lock->fd, &st) && st.st_nlink)
		unlink(lock->path);
	if (!lock->keep_dir)
		rmdir(lock->dir);
	close(take_fd(&lock->fd));
}
