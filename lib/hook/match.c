// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "hook/script.h"

/* One byte of a pattern's bracket, unquoted; moves behind it. */
static unsigned char bracket_byte(const char **p)
{
	if (**p == '\\' && (*p)[1])
		++*p;
	return (unsigned char)*(*p)++;
}

/*
 * From behind `[`: does @c match?  Returns the end of the bracket, or NULL
 * where none closes it, so that the `[` stands for itself.
 */
static const char *match_bracket(const char *p, unsigned char c, bool *match)
{
	bool negate = *p == '!' || *p == '^';
	unsigned char low, high;
	const char *start;

	*match = false;
	p += negate;
	for (start = p; *p && (*p != ']' || p == start);) {
		low = high = bracket_byte(&p);
		if (*p == '-' && p[1] && p[1] != ']') {
			p++;
			high = bracket_byte(&p);
		}
		if (c >= low && c <= high)
			*match = true;
	}
	if (!*p)
		return NULL;
	*match = *match != negate;
	return p + 1;
}

/* Matches one byte of the text; the rest of the pattern, or NULL. */
static const char *match_one(const char *p, unsigned char c)
{
	const char *end;
	bool match;

	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		end = match_bracket(p + 1, c, &match);
		if (end)
			return match ? end : NULL;
	}
	if (*p == '\\' && p[1])
		p++;
	return (unsigned char)*p == c ? p + 1 : NULL;
}

bool hook_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL, *next;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
			continue;
		}
		next = *pattern ? match_one(pattern, (unsigned char)*text)
				: NULL;
		if (next) {
			pattern = next;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}
