/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_XTLOCK_H
#define WGQ_SYS_XTLOCK_H

#include <signal.h>

#include "base/err.h"

/** XTLOCK_PATH - where iptables has its lock unless XTABLES_LOCKFILE says */
#define XTLOCK_PATH "/run/xtables.lock"

/**
 * xtlock_take() - take the lock that programs of iptables-legacy take
 * @path:	value of XTABLES_LOCKFILE, or NULL for XTLOCK_PATH
 * @wait_ms:	longest wait for a holder, in milliseconds
 * @stop:	ends the wait once non-zero; NULL when nothing is caught
 * @ret_fd:	the descriptor that holds it; closing it lets go
 * @e:		filled on failure
 *
 * An exclusive flock(), as iptables 1.8 takes it even to list; the file is made
 * with mode 0600 where it is missing and never removed, since others wait on
 * it.  iptables without -w does not wait itself but fails (status 4): the lock
 * is to be held briefly.
 *
 * Return: 0, -EAGAIN when the time was over, -EINTR when stopped, or -errno
 * where the file cannot be made.
 */
int xtlock_take(const char *path, int wait_ms,
		const volatile sig_atomic_t *stop, int *ret_fd,
		struct wgq_err *e) __attribute__((warn_unused_result));

#endif
