// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/ast.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Words that one word may become, and bytes that they may have together. */
#define MAX_WORDS 256
#define MAX_ATOMS 65536

/* struct atom - an unquoted byte, or a part that braces cannot cut */
struct atom {
	char c;
	struct part *part;
};

/* struct atoms - a word, or an alternative of it */
struct atoms {
	struct atoms *next;
	struct atom *v;
	size_t n;
};

/* struct braces - the expansion of one word */
struct braces {
	struct parser *ps;
	size_t words, atoms;
};

static struct atoms *take(struct braces *b, size_t n)
{
	struct atoms *s = parse_alloc(b->ps, sizeof(*s));

	b->atoms += n;
	if (++b->words > 4 * MAX_WORDS || b->atoms > MAX_ATOMS)
		parse_refuse(b->ps, "expands braces to too much");
	if (!s || parse_failed(b->ps))
		return NULL;
	s->v = arena_array(b->ps->a, n, sizeof(*s->v));
	s->n = n;
	if (s->v)
		return s;
	b->ps->no_memory = true;
	return NULL;
}

static void append(struct atoms *to, const struct atoms *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		to->v[to->n++] = s->v[i];
}

static struct atoms *join(struct braces *b, const struct atoms *x,
			  const struct atoms *y, const struct atoms *z)
{
	struct atoms *s = take(b, x->n + y->n + z->n);

	if (!s)
		return NULL;
	s->n = 0;
	append(s, x);
	append(s, y);
	append(s, z);
	return s;
}

/* The brace that closes the one at @at; @n where there is none. */
static size_t closing(const struct atom *v, size_t n, size_t at, bool *comma)
{
	size_t depth = 0;

	*comma = false;
	for (; at < n; at++) {
		if (v[at].c == '{')
			depth++;
		else if (v[at].c == ',' && depth == 1)
			*comma = true;
		else if (v[at].c == '}' && !--depth)
			return at;
	}
	return n;
}

/* Range of {X..Y} or {X..Y..Z} as text; false where it is none. */
static bool range_text(const struct atom *v, size_t n, char text[64])
{
	size_t i;

	if (n > 63)
		return false;
	for (i = 0; i < n; i++) {
		if (v[i].part)
			return false;
		text[i] = v[i].c;
	}
	text[n] = '\0';
	return strstr(text, "..") != NULL;
}

static struct atoms *from_text(struct braces *b, const char *text)
{
	struct atoms *s = take(b, strlen(text));
	size_t i;

	for (i = 0; s && i < s->n; i++)
		s->v[i].c = text[i];
	return s;
}

static bool is_padded(const char *s)
{
	s += *s == '-';
	return s[0] == '0' && isdigit((unsigned char)s[1]);
}

/* struct range - {first..last..step} */
struct range {
	long first, last, step;
	int width;
	bool letters;
};

static bool read_number(const char **s, long *ret)
{
	char *end;

	if (!isdigit((unsigned char)(*s)[**s == '-']))
		return false;
	*ret = strtol(*s, &end, 10);
	*s = end;
	return *ret > -1000000000 && *ret < 1000000000;
}

static bool read_range(const char *s, struct range *r)
{
	const char *first = s, *second;

	*r = (struct range){ .step = 1 };
	if (islower((unsigned char)s[0]) && !strncmp(s + 1, "..", 2) &&
	    islower((unsigned char)s[3])) {
		r->letters = true;
		r->first = s[0];
		r->last = s[3];
		s += 4;
	} else {
		if (!read_number(&s, &r->first) || strncmp(s, "..", 2))
			return false;
		s += 2;
		second = s;
		if (!read_number(&s, &r->last))
			return false;
		if (is_padded(first) || is_padded(second)) {
			r->width = (int)(second - 2 - first);
			if (s - second > r->width)
				r->width = (int)(s - second);
		}
	}
	if (!*s)
		return true;
	if (strncmp(s, "..", 2))
		return false;
	s += 2;
	return read_number(&s, &r->step) && !*s;
}

/* The alternatives of a range. */
static struct atoms *range(struct braces *b, const char *text)
{
	struct atoms *first = NULL, **last = &first;
	struct range r;
	char item[32];
	long i;

	if (!read_range(text, &r)) {
		parse_refuse(b->ps, "has an odd range in braces");
		return NULL;
	}
	r.step = labs(r.step) + !r.step;
	if (labs(r.last - r.first) / r.step >= MAX_WORDS) {
		parse_refuse(b->ps, "expands braces to too much");
		return NULL;
	}
	for (i = r.first; r.first <= r.last ? i <= r.last : i >= r.last;
	     i += r.first <= r.last ? r.step : -r.step) {
		if (r.letters)
			snprintf(item, sizeof(item), "%c", (char)i);
		else
			snprintf(item, sizeof(item), "%0*ld", r.width, i);
		*last = from_text(b, item);
		if (!*last)
			return NULL;
		last = &(*last)->next;
	}
	return first;
}

static struct atoms *expand(struct braces *b, const struct atoms *s);

/* The alternatives between the commas, each expanded itself. */
static struct atoms *alternatives(struct braces *b, const struct atom *v,
				  size_t n)
{
	struct atoms *first = NULL, **last = &first;
	size_t start = 0, depth = 0, i;

	for (i = 0; i <= n; i++) {
		if (i < n && v[i].c == '{')
			depth++;
		else if (i < n && v[i].c == '}' && depth)
			depth--;
		if (i < n && (depth || v[i].c != ','))
			continue;
		*last = expand(b,
			       &(struct atoms){ .v = (struct atom *)v + start,
						.n = i - start });
		if (!*last)
			return NULL;
		while (*last)
			last = &(*last)->next;
		start = i + 1;
	}
	return first;
}

static struct atoms *product(struct braces *b, const struct atoms *before,
			     const struct atoms *middle,
			     const struct atoms *after)
{
	struct atoms *first = NULL, **last = &first;
	const struct atoms *m, *z;

	for (m = middle; m; m = m->next) {
		for (z = after; z; z = z->next) {
			*last = join(b, before, m, z);
			if (!*last)
				return NULL;
			last = &(*last)->next;
		}
	}
	return first;
}

static bool has_comma(const struct atoms *s, size_t from)
{
	while (from < s->n && s->v[from].c != ',')
		from++;
	return from < s->n;
}

static struct atoms *expand_deep(struct braces *b, const struct atoms *s)
{
	struct atoms before = { .v = s->v }, after, *middle, *tail;
	const struct atoms none = {};
	char text[64];
	bool comma;
	size_t i, end;

	for (i = 0; i < s->n; i++) {
		if (s->v[i].c != '{')
			continue;
		end = closing(s->v, s->n, i, &comma);
		if (end == s->n)
			continue;
		if (!comma && !range_text(s->v + i + 1, end - i - 1, text)) {
			/* bash takes {a}b,c} for one pair of braces. */
			if (has_comma(s, end))
				parse_refuse(b->ps, "has odd braces");
			continue;
		}
		middle = comma ? alternatives(b, s->v + i + 1, end - i - 1)
			       : range(b, text);
		if (!middle)
			return NULL;
		before.n = i;
		after = (struct atoms){ .v = s->v + end + 1,
					.n = s->n - end - 1 };
		tail = expand(b, &after);
		return tail ? product(b, &before, middle, tail) : NULL;
	}
	return join(b, s, &none, &none);
}

static struct atoms *expand(struct braces *b, const struct atoms *s)
{
	struct atoms *ret = NULL;

	if (b->ps->depth++ < PARSE_DEPTH)
		ret = expand_deep(b, s);
	else
		parse_refuse(b->ps, "is nested too deeply");
	b->ps->depth--;
	return ret;
}

static struct atoms *to_atoms(struct braces *b, const struct word *w)
{
	struct atoms *s;
	struct part *p;
	const char *c;
	size_t n = 0;

	for (p = w->parts; p; p = p->next)
		n += p->kind == PART_TEXT && !p->quoted ? strlen(p->text) : 1;
	s = take(b, n);
	if (!s)
		return NULL;
	n = 0;
	for (p = w->parts; p; p = p->next) {
		if (p->kind != PART_TEXT || p->quoted) {
			s->v[n++].part = p;
			continue;
		}
		for (c = p->text; *c; c++)
			s->v[n++].c = *c;
	}
	return s;
}

static struct part *text_part(struct parser *ps, const struct atom *v, size_t n)
{
	struct part *p = parse_alloc(ps, sizeof(*p));
	char *text = arena_alloc(ps->a, n + 1);
	size_t i;

	if (!p || !text) {
		ps->no_memory = true;
		return NULL;
	}
	for (i = 0; i < n; i++)
		text[i] = v[i].c;
	p->text = text;
	return p;
}

/* Parts may be in several words by now: each gets a copy. */
static struct word *from_atoms(struct parser *ps, const struct atoms *s)
{
	struct word *w = parse_alloc(ps, sizeof(*w));
	struct part *p, **last;
	size_t i, n;

	if (!w)
		return NULL;
	last = &w->parts;
	for (i = 0; i < s->n; i += n) {
		for (n = 0; i + n < s->n && !s->v[i + n].part; n++)
			;
		p = n ? text_part(ps, s->v + i, n)
		      : parse_alloc(ps, sizeof(*p));
		if (!p)
			return NULL;
		if (!n) {
			*p = *s->v[i].part;
			p->next = NULL;
			n = 1;
		}
		*last = p;
		last = &p->next;
	}
	return w;
}

/* Is there an opening brace, and what would make it matter? */
static bool is_braced(struct parser *ps, const struct word *w)
{
	bool open = false, inner = false, bare = false, tilde = false;
	const struct part *p;

	for (p = w->parts; p; p = p->next) {
		bare |= p->bare;
		if (p->kind != PART_TEXT || p->quoted)
			continue;
		tilde |= strchr(p->text, '~') && strpbrk(p->text, "=:");
		open |= strchr(p->text, '{') != NULL;
		inner |= strchr(p->text, ',') || strstr(p->text, "..");
	}
	/* As braces come first, $x{a,b} is $xa $xb, and {$x,y}z is $xz yz. */
	if (open && inner && bare)
		parse_refuse(ps, "mixes braces and variables");
	/* What looks like an assignment then is none, nor ends a tilde there.
	 */
	if (open && inner && tilde)
		parse_refuse(ps, "mixes braces and tildes");
	return open && inner;
}

struct word *word_expand_braces(struct parser *ps, struct word *w)
{
	struct word *first = NULL, **last = &first;
	struct braces b = { .ps = ps };
	struct atoms *s;

	if (!w || !is_braced(ps, w))
		return w;
	s = to_atoms(&b, w);
	s = s ? expand(&b, s) : NULL;
	for (; s && !parse_failed(ps); s = s->next) {
		*last = from_atoms(ps, s);
		if (!*last)
			return NULL;
		last = &(*last)->next;
	}
	return parse_failed(ps) ? NULL : first;
}
