// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "hook/ast.h"

bool word_is_pattern(const char *s)
{
	bool open = false;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '*' || *s == '?' || (*s == ']' && open))
			return true;
		else if (*s == '[')
			open = true;
	}
	return false;
}

static struct part *insert_text(struct parser *ps, struct part *after,
				const char *s, size_t n)
{
	struct part *p = parse_alloc(ps, sizeof(*p));

	if (!p)
		return NULL;
	p->text = arena_strndup(ps->a, s, n);
	if (!p->text)
		ps->no_memory = true;
	p->next = after->next;
	after->next = p;
	return p;
}

/* ~+, ~- and ~1 are directories that only the shell knows. */
static bool is_shells(const char *user)
{
	return *user && !user[strspn(user, "+-0123456789")];
}

/*
 * Makes a tilde of the bytes of @p from @at on, if they are one, and returns
 * the part to go on with.
 */
static struct part *make_tilde(struct parser *ps, struct part *p, size_t at,
			       const char *ends)
{
	const char *text = p->text + at;
	size_t n = strcspn(text, ends);
	struct part *tilde;

	/* A quote or an expansion in the name of the user: no tilde then. */
	if (!text[n] && p->next)
		return p;
	tilde = insert_text(ps, p, text + 1, n - 1);
	if (!tilde || parse_failed(ps) ||
	    !insert_text(ps, tilde, text + n, strlen(text + n)))
		return NULL;
	tilde->kind = PART_TILDE;
	tilde->quoted = true;
	if (is_shells(tilde->text))
		parse_refuse(ps, "uses ~+, ~- or ~1");
	p->text = arena_strndup(ps->a, p->text, at);
	if (!p->text)
		ps->no_memory = true;
	return tilde->next;
}

/* struct tildes - where in a word tildes count */
struct tildes {
	bool first;   /* at the word's beginning still */
	size_t start; /* also there, behind what looks like NAME= */
	bool colons;  /* also behind each colon */
};

/* Makes the first tilde of a part one, and returns the part behind it. */
static struct part *find_tilde(struct parser *ps, struct part *p,
			       const struct tildes *t)
{
	const char *ends = t->colons ? "/:" : "/";
	struct part *rest;
	size_t i;

	for (i = 0; p->text[i]; i++) {
		if (p->text[i] != '~' ||
		    !((t->first && (!i || i == t->start)) ||
		      (t->colons && i && p->text[i - 1] == ':')))
			continue;
		rest = make_tilde(ps, p, i, ends);
		if (rest != p)
			return rest;
	}
	return p->next;
}

/*
 * A tilde counts at the beginning of a word; in the value of an assignment,
 * and in what looks like one, behind `=` and each `:` too.
 */
static void find_tildes(struct parser *ps, struct word *w, bool value)
{
	struct tildes t = { .first = true, .colons = value };
	struct part *p = w->parts;
	size_t n;

	if (p && p->kind == PART_TEXT && !p->quoted && !value) {
		n = lex_name(p->text);
		if (n && p->text[n] == '=') {
			t.start = n + 1;
			t.colons = true;
		}
	}
	for (; p && !parse_failed(ps); t.first = false) {
		if (p->kind == PART_TEXT && !p->quoted)
			p = find_tilde(ps, p, &t);
		else
			p = p->next;
	}
}

static bool add_quoted(struct buf *b, const struct part *p)
{
	const char *s;

	if (p->kind != PART_TEXT)
		return false;
	for (s = p->text; *s; s++) {
		if (p->quoted)
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
	return true;
}

static void unquote(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

void word_finish(struct parser *ps, struct word *w, bool value)
{
	cleanup(buf_done) struct buf b = {};
	const struct part *p;
	char *literal;

	find_tildes(ps, w, value);
	if (parse_failed(ps) || (!w->parts && !value))
		return;
	buf_adds(&b, "");
	for (p = w->parts; p; p = p->next)
		if (!add_quoted(&b, p))
			return;
	if (!value && !b.failed && word_is_pattern(b.p)) {
		if (strstr(b.p, "[[:") || strstr(b.p, "[[.") ||
		    strstr(b.p, "[[="))
			parse_refuse(ps, "uses a class of characters");
		return;
	}
	literal = b.failed ? NULL : arena_strndup(ps->a, b.p, b.len);
	if (!literal) {
		ps->no_memory = true;
		return;
	}
	unquote(literal);
	w->literal = literal;
}
