// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/xtlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/stop.h"

/* As in lock.c: flock() cannot be waited for along with a flag. */
#define RETRY_MS 20

static int cannot_open(const char *path, int err, struct wgq_err *e)
{
	if (err == -EROFS)
		return err_set(e, err,
			       "%s: cannot be made on a read-only file system; "
			       "XTABLES_LOCKFILE can name another place",
			       path);
	return err_sys(e, err, "%s", path);
}

int xtlock_take(const char *path, int wait_ms,
		const volatile sig_atomic_t *stop, int *ret_fd,
		struct wgq_err *e)
{
	const int64_t end = stop_now_ms() + wait_ms;
	cleanup(close_fd) int fd = -1;
	int ret;

	if (!path)
		path = XTLOCK_PATH;
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return cannot_open(path, -errno, e);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(e, -errno, "%s", path);
		if (stop_now_ms() >= end)
			return err_set(e, -EAGAIN,
				       "%s: another program has held the lock "
				       "of xtables for %d seconds",
				       path, wait_ms / 1000);
		ret = stop_poll(NULL, 0, RETRY_MS, stop);
		if (ret < 0)
			return err_sys(e, ret, "%s: waiting for its holder",
				       path);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}
