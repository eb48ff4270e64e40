// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chunks double, so that a large ruleset takes few; what is left of the last
 * one is never touched. */
#define CHUNK_MIN 1024
#define CHUNK_DOUBLED_TO 65536

struct arena_chunk {
	struct arena_chunk *prev;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

static struct arena_chunk *chunk_new(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->last;
	size_t least = CHUNK_MIN;

	if (c && c->size >= CHUNK_MIN)
		least = c->size < CHUNK_DOUBLED_TO / 2 ? c->size * 2
						       : CHUNK_DOUBLED_TO;
	if (size < least)
		size = least;
	if (size > SIZE_MAX - sizeof(*c))
		return NULL;
	c = malloc(sizeof(*c) + size);
	if (!c)
		return NULL;
	c->used = 0;
	c->size = size;
	c->prev = a->last;
	a->last = c;
	return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_chunk *c = a->last;
	void *p;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!c || c->size - c->used < size) {
		c = chunk_new(a, size);
		if (!c)
			return NULL;
	}
	p = c->data + c->used;
	c->used += size;
	/* Here, not for the whole chunk: most of a chunk is never touched. */
	return memset(p, 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return NULL;
	return arena_alloc(a, n * size);
}

void *arena_grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size)
{
	void **array = v;
	size_t want;
	void *p;

	if (n < *cap)
		return (char *)*array + n * size;
	want = *cap ? *cap * 2 : 4;
	p = arena_array(a, want, size);
	if (!p)
		return NULL;
	if (n)
		memcpy(p, *array, n * size);
	*array = p;
	*cap = want;
	return (char *)p + n * size;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX)
		return NULL;
	p = arena_alloc(a, n + 1);
	if (!p)
		return NULL;
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	p = arena_alloc(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_done(struct arena *a)
{
	struct arena_chunk *c, *prev;

	for (c = a->last; c; c = prev) {
		prev = c->prev;
		explicit_bzero(c->data, c->used);
		free(c);
	}
	a->last = NULL;
}
