/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_BASE_ARENA_H
#define WGQ_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

/**
 * struct arena - memory that is given back all at once
 * @last:	newest chunk; NULL in a fresh arena (`struct arena a = {};`)
 *
 * A conf, a snapshot and a plan each own one.  Pointers into an arena are
 * valid until arena_done() and are never freed alone.
 */
struct arena {
	struct arena_chunk *last;
};

/**
 * arena_alloc() - take zeroed memory, aligned for any type
 * @a:		arena
 * @size:	bytes; 0 gives a valid pointer to nothing
 *
 * Return: the memory, or NULL when there is none left.
 */
void *arena_alloc(struct arena *a, size_t size);

/**
 * arena_array() - take zeroed memory for @n elements of @size bytes
 *
 * Return: the memory, or NULL on overflow or when there is none left.
 */
void *arena_array(struct arena *a, size_t n, size_t size);

/**
 * arena_grow() - make room for one more element of a growing array
 * @a:		arena
 * @v:		address of the array pointer, replaced when the array moves
 * @n:		elements in use
 * @cap:	address of the capacity in elements, 0 for a fresh array
 * @size:	bytes of an element
 *
 * The old array stays in the arena; doubling bounds what that wastes.
 *
 * Return: the element at index @n, zeroed, or NULL when there is no memory.
 */
void *arena_grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size);

/**
 * arena_strndup() - copy @n bytes and end them with a NUL
 *
 * Return: the copy, or NULL when there is no memory.
 */
char *arena_strndup(struct arena *a, const char *s, size_t n);

/**
 * arena_printf() - format into the arena
 *
 * Return: the text, or NULL when there is no memory.
 */
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * arena_done() - wipe and release everything; @a is fresh afterwards
 *
 * The wipe is unconditional: confs hold private keys.
 */
void arena_done(struct arena *a);

#endif
