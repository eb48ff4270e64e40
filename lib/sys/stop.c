// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/stop.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

int64_t stop_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int stop_poll(struct pollfd *fds, nfds_t n, int timeout_ms,
	      const volatile sig_atomic_t *stop)
{
	struct timespec ts = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L,
	};
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	if (stop && *stop) {
		ret = -EINTR;
	} else {
		ret = ppoll(fds, n, timeout_ms < 0 ? NULL : &ts, &old);
		if (ret < 0)
			ret = -errno;
		if (ret == -EINTR && !(stop && *stop))
			ret = 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}
