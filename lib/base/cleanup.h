/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_BASE_CLEANUP_H
#define WGQ_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Scope-bound release: `cleanup(close_fd) int fd = -1;` closes on every way
 * out of the block.  A value that outlives the block leaves it through
 * take_fd() or take_ptr(), which disarm the release.
 */
#define cleanup(f) __attribute__((cleanup(f)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) take_v = (p); \
		(p) = NULL;                 \
		take_v;                     \
	})

#endif
