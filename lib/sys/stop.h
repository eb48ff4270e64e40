/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_STOP_H
#define WGQ_SYS_STOP_H

#include <poll.h>
#include <signal.h>
#include <stdint.h>

/** stop_now_ms() - milliseconds of a clock that never goes back */
int64_t stop_now_ms(void);

/**
 * stop_poll() - ppoll() that cannot miss the stop flag
 * @fds:	descriptors, NULL for none
 * @n:		their number
 * @timeout_ms:	longest wait, -1 for none
 * @stop:	flag that a handler installed without SA_RESTART sets; NULL
 *		when nothing is caught
 *
 * Signals are held back between the look at the flag and the wait, so that a
 * signal either is seen by the look or ends the wait.
 *
 * Return: number of descriptors that are ready, 0 on time-out or where a
 * signal came in between, -EINTR once @stop is set, or another -errno.
 */
int stop_poll(struct pollfd *fds, nfds_t n, int timeout_ms,
	      const volatile sig_atomic_t *stop)
	__attribute__((warn_unused_result));

#endif
