/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_BASE_BUF_H
#define WGQ_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct buf - growing bytes
 * @p:		the bytes, always followed by a NUL that @len does not count;
 *		NULL while nothing was added
 * @len:	bytes in use
 * @cap:	bytes allocated
 * @failed:	memory ran out: sticky, so that a caller checks once at the end
 *
 * Memory that is outgrown or released is wiped first, since what is printed
 * may be a conf.
 */
struct buf {
	char *p;
	size_t len, cap;
	bool failed;
};

/** buf_add() - append @len bytes */
void buf_add(struct buf *b, const void *data, size_t len);

/** buf_adds() - append a string without its NUL */
void buf_adds(struct buf *b, const char *s);

/** buf_addc() - append a character */
void buf_addc(struct buf *b, char c);

/** buf_addf() - append formatted text */
void buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * buf_room() - have room for more
 * @b:		buffer
 * @more:	bytes that are to fit, besides a NUL
 *
 * For what is read from elsewhere: the caller writes there, not beyond
 * @b->p + @b->cap - 1, and adds to @b->len.
 *
 * Return: the end of the bytes in use, or NULL when memory ran out.
 */
char *buf_room(struct buf *b, size_t more) __attribute__((warn_unused_result));

/** buf_reset() - forget (and wipe) the bytes, keep the memory */
void buf_reset(struct buf *b);

/** buf_done() - wipe and release; @b is fresh afterwards; for cleanup() too */
void buf_done(struct buf *b);

#endif
