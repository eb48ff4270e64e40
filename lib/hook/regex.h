/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_HOOK_REGEX_H
#define WGQ_HOOK_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/**
 * DOC: regular expressions of grep, sed and awk
 *
 * POSIX basic and extended ones with GNU's `\+ \? \| \< \> \b \w \s` and their
 * opposites, over bytes, as in the C locale that hooks run in.  A pattern is
 * compiled for a backtracking machine that visits each pair of instruction and
 * position once, so that its time is bounded by their product; of all matches
 * at the leftmost position the longest wins.  libc's own would cost the static
 * binary 50 KB.
 *
 * Not understood: back references, collating elements, and what POSIX leaves
 * undefined, where implementations differ.
 */

/** REGEX_GROUPS - the match as a whole and \1 to \9 */
#define REGEX_GROUPS 10

/** enum regex_flags - how a pattern is read */
enum regex_flags {
	REGEX_EXTENDED = 1, /* ERE, not BRE */
	REGEX_ICASE = 2,    /* letters match either case */
	REGEX_FIXED = 4,    /* every byte stands for itself */
	REGEX_WORD = 8,	    /* the match is a whole word */
	REGEX_LINE = 16,    /* the match is the whole text */
	REGEX_AWK = 32,	    /* escapes in brackets too; no intervals */
	REGEX_SED = 64	    /* \n and \t */
};

struct regex;

/** struct regex_match - a group's bytes; @start is (size_t)-1 for none */
struct regex_match {
	size_t start, end;
};

/**
 * regex_compile() - read a pattern
 * @s:		pattern
 * @len:	its length
 * @flags:	enum regex_flags
 * @a:		owns the result
 * @ret:	the result, NULL where it is not understood
 * @ret_groups:	number of groups, without the whole; may be NULL
 *
 * Return: 0 or -ENOMEM.
 */
int regex_compile(const char *s, size_t len, unsigned int flags,
		  struct arena *a, const struct regex **ret,
		  unsigned int *ret_groups) __attribute__((warn_unused_result));

/**
 * regex_find() - find the leftmost longest match
 * @re:		pattern
 * @text:	text; its begin and end are those of a line
 * @len:	its length
 * @from:	where the search begins
 * @ret:	receives the match and its groups
 *
 * Return: 1 where there is one, 0 where not, -ENOMEM.
 */
int regex_find(const struct regex *re, const char *text, size_t len,
	       size_t from, struct regex_match ret[REGEX_GROUPS]);

#endif
