/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_LOCK_H
#define WGQ_SYS_LOCK_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/**
 * DOC: one run at a time for an interface
 *
 * The lock is a flock() on <dir>/<name>.lock, which holds the owner's process
 * id as text.  The last user leaves nothing behind: the owner unlinks the file
 * while it still holds the lock, then tries to remove the directory.  Whoever
 * waited on the unlinked file notices, since the name no longer leads to the
 * inode it locked, and starts over; likewise where the directory vanished
 * between making it and making the file in it.
 */

/** LOCK_PATH_LEN - room for a lock's path and its NUL */
#define LOCK_PATH_LEN 256

/**
 * struct lock - a lock that is held
 * @fd:		the locked file, -1 for none
 * @dir:	its directory
 * @path:	its name
 * @keep_dir:	the directory holds more and will stay: do not even try
 */
struct lock {
	int fd;
	bool keep_dir;
	char dir[LOCK_PATH_LEN];
	char path[LOCK_PATH_LEN];
};

/** LOCK_NONE - a lock that is not held, fit for lock_drop() */
#define LOCK_NONE        \
	(struct lock)    \
	{                \
		.fd = -1 \
	}

/**
 * lock_try() - take a lock unless somebody holds it
 * @dir:	directory of the locks, made by file_mkdir_private() where it
 *		is missing
 * @name:	file name without ".lock", such as netns and interface
 * @ret_lock:	the lock
 * @ret_holder:	set with -EBUSY: process that holds it, 0 when unknown;
 *		may be NULL
 * @e:		filled on failure
 *
 * Return: 0, -EBUSY, -ENAMETOOLONG, or another -errno.
 */
int lock_try(const char *dir, const char *name, struct lock *ret_lock,
	     pid_t *ret_holder, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * lock_take() - take a lock, waiting for its holder
 * @dir:	see lock_try()
 * @name:	see lock_try()
 * @proc:	"/proc"
 * @stop:	ends the wait once non-zero; NULL when nothing is caught
 * @ret_lock:	the lock
 * @e:		filled on failure
 *
 * A holder that is an ancestor of ours will never let go before we end: that
 * is a hook that calls wgq for the interface it belongs to, and an error.
 *
 * Return: 0, -EINTR when stopped, -EDEADLK for an ancestor's lock, or another
 * -errno.
 */
int lock_take(const char *dir, const char *name, const char *proc,
	      const volatile sig_atomic_t *stop, struct lock *ret_lock,
	      struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * lock_is_ancestor() - is @pid one of the parents of @of?
 * @proc:	"/proc"
 * @pid:	process
 * @of:		process whose parents are followed
 *
 * Return: whether it is; no where /proc cannot tell.
 */
bool lock_is_ancestor(const char *proc, pid_t pid, pid_t of);

/** lock_drop() - let go and leave nothing behind; for cleanup() too */
void lock_drop(struct lock *lock);

#endif
