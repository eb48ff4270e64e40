// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "hook/filter_private.h"

#define MAX_COMMANDS 16

enum address_kind { ALWAYS, LINE, LAST, PATTERN };

struct address {
	enum address_kind kind;
	long line;
	const struct regex *re;
};

/**
 * struct command - a command of a script
 * @at:		lines it is for
 * @to:		end of a range, ALWAYS = none; a line or the last
 * @negate:	for all other lines
 * @name:	p, d, q or s
 * @re:		s: pattern
 * @with:	replacement, as it stands
 * @print:	flag p
 * @all:	flag g
 * @nth:	the match to begin with
 */
struct command {
	struct address at, to;
	bool negate;
	char name;
	const struct regex *re;
	struct filter_text with;
	bool print, all;
	long nth;
};

struct sed {
	struct command command[MAX_COMMANDS];
	size_t n;
};

/**
 * struct cycle - the line under way
 * @number:	its number
 * @last:	it is the last one
 * @lf:		a newline ends it
 * @text:	pattern space
 */
struct cycle {
	long number;
	bool last, lf;
	struct buf text;
};

static unsigned int flags(const struct filtering *f)
{
	return REGEX_SED |
	       (filter_has(f, 'E') || filter_has(f, 'r') ? REGEX_EXTENDED : 0);
}

/*
 * Text up to an unquoted delimiter, which is passed.  A quoted one may mean
 * something else to the pattern, but for the slash.
 */
static bool delimited(const char **p, char delim, struct filter_text *ret)
{
	const char *s = *p;

	for (ret->s = s; *s && *s != delim && *s != '\n'; s++)
		if (*s == '\\' &&
		    (!*++s || *s == '\n' || (*s == delim && delim != '/')))
			return false;
	if (*s != delim)
		return false;
	ret->len = (size_t)(s - ret->s);
	*p = s + 1;
	return true;
}

static const struct regex *pattern(struct filtering *f, struct filter_text t,
				   bool icase, unsigned int *ret_groups)
{
	/* An empty one stands for the last one used. */
	return t.len ? filter_regex(f, t.s, t.len,
				    flags(f) | (icase ? REGEX_ICASE : 0),
				    ret_groups)
		     : NULL;
}

static bool address(struct filtering *f, const char **p, struct address *a)
{
	size_t len = strspn(*p, "0123456789");
	struct filter_text t;

	*a = (struct address){ .kind = ALWAYS };
	if (len) {
		a->kind = LINE;
		a->line = filter_number(*p, len);
		*p += len;
		return a->line > 0;
	}
	if (**p == '$') {
		a->kind = LAST;
		++*p;
	} else if (**p == '/') {
		++*p;
		a->kind = PATTERN;
		a->re = delimited(p, '/', &t) ? pattern(f, t, false, NULL)
					      : NULL;
		return a->re;
	}
	return true;
}

/* Only groups that are there, and no escapes that GNU sed has of its own. */
static bool check_replacement(struct filter_text t, unsigned int groups)
{
	size_t i;

	for (i = 0; i < t.len; i++) {
		if (t.s[i] != '\\')
			continue;
		i++;
		if (t.s[i] >= '0' && t.s[i] <= '9') {
			if ((unsigned int)(t.s[i] - '0') > groups)
				return false;
		} else if (t.s[i] != 'n' && t.s[i] != 't' &&
			   ((t.s[i] | 0x20) >= 'a' && (t.s[i] | 0x20) <= 'z')) {
			return false;
		}
	}
	return true;
}

static bool substitute(struct filtering *f, const char **p, struct command *c)
{
	char delim = *(*p)++;
	struct filter_text re;
	unsigned int groups;
	bool icase = false;
	size_t len;

	if (!delim || delim == '\\' || delim == '\n' ||
	    !delimited(p, delim, &re) || !delimited(p, delim, &c->with))
		return false;
	c->nth = 1;
	for (;; ++*p) {
		len = strspn(*p, "0123456789");
		if (len) {
			c->nth = filter_number(*p, len);
			*p += len;
		}
		if (**p == 'g')
			c->all = true;
		else if (**p == 'p')
			c->print = true;
		else if ((**p | 0x20) == 'i')
			icase = true;
		else
			break;
	}
	c->re = pattern(f, re, icase, &groups);
	return c->re && c->nth > 0 && check_replacement(c->with, groups);
}

static void blanks(const char **p)
{
	*p += strspn(*p, " \t");
}

static bool command(struct filtering *f, const char **p, struct command *c)
{
	if (!address(f, p, &c->at))
		return false;
	if (**p == ',') {
		++*p;
		if (c->at.kind != LINE || !address(f, p, &c->to) ||
		    c->to.kind == ALWAYS || c->to.kind == PATTERN)
			return false;
	}
	blanks(p);
	if (**p == '!') {
		c->negate = true;
		++*p;
		blanks(p);
	}
	c->name = *(*p)++;
	if (c->name == 's' ? !substitute(f, p, c)
			   : !c->name || !strchr("pdq", c->name))
		return false;
	if (c->name == 'q' && c->to.kind != ALWAYS)
		return false;
	blanks(p);
	return !**p || **p == ';' || **p == '\n';
}

bool filter_sed_parse(struct filtering *f, const char *script)
{
	const char *p = script;
	struct sed *sed = f->sed = arena_alloc(f->a, sizeof(*sed));

	if (!sed) {
		f->fatal = -ENOMEM;
		return false;
	}
	for (;;) {
		p += strspn(p, " \t\n;");
		if (!*p)
			return sed->n;
		if (sed->n == MAX_COMMANDS ||
		    !command(f, &p, &sed->command[sed->n++]))
			return false;
	}
}

static bool is_at(struct filtering *f, const struct address *a,
		  const struct cycle *y)
{
	struct regex_match m[REGEX_GROUPS];

	switch (a->kind) {
	case ALWAYS:
		return true;
	case LINE:
		return y->number == a->line;
	case LAST:
		return y->last;
	case PATTERN:
		return filter_find_re(
			f, a->re,
			(struct filter_text){ y->text.p, y->text.len }, 0, m);
	}
	return false;
}

/* A range of one line where its end comes first. */
static bool applies(struct filtering *f, const struct command *c,
		    const struct cycle *y)
{
	bool in;

	if (c->to.kind == ALWAYS)
		in = is_at(f, &c->at, y);
	else
		in = y->number >= c->at.line &&
		     (c->to.kind == LAST || y->number <= c->to.line ||
		      y->number == c->at.line);
	return in != c->negate;
}

static void add_replacement(const struct command *c, const struct buf *text,
			    const struct regex_match m[REGEX_GROUPS],
			    struct buf *out)
{
	const char *p = c->with.s, *end = p + c->with.len;
	const struct regex_match *g;
	bool quoted;

	for (; p < end; p++) {
		g = NULL;
		quoted = *p == '\\';
		p += quoted;
		if (quoted && *p >= '0' && *p <= '9')
			g = &m[*p - '0'];
		else if (!quoted && *p == '&')
			g = &m[0];
		else
			buf_addc(out, quoted && *p == 'n'   ? '\n'
				      : quoted && *p == 't' ? '\t'
							    : *p);
		if (g && g->start != (size_t)-1)
			buf_add(out, text->p + g->start, g->end - g->start);
	}
}

static bool replace(struct filtering *f, const struct command *c,
		    struct buf *text)
{
	struct filter_text t = { text->p, text->len };
	struct regex_match m[REGEX_GROUPS];
	size_t from = 0, copied = 0, last = (size_t)-1;
	struct buf out = { 0 };
	long n = 0;

	while (from <= t.len && filter_find_re(f, c->re, t, from, m)) {
		from = m[0].end + (m[0].end == m[0].start);
		/* Nothing right behind a match is none. */
		if (m[0].end == m[0].start && m[0].start == last)
			continue;
		last = m[0].end;
		if (++n < c->nth)
			continue;
		buf_add(&out, t.s + copied, m[0].start - copied);
		add_replacement(c, text, m, &out);
		copied = m[0].end;
		if (!c->all)
			break;
	}
	if (n < c->nth) {
		buf_done(&out);
		return false;
	}
	buf_add(&out, t.s + copied, t.len - copied);
	buf_adds(&out, "");
	if (out.failed)
		f->fatal = -ENOMEM;
	buf_done(text);
	*text = out;
	return true;
}

/* A newline that the last line lacks comes only if more follows. */
static void print(struct filtering *f, const struct cycle *y, bool *owed)
{
	if (*owed)
		buf_addc(f->out, '\n');
	buf_add(f->out, y->text.p, y->text.len);
	if (y->lf)
		buf_addc(f->out, '\n');
	*owed = !y->lf;
}

static void do_cycle(struct filtering *f, struct cycle *y, bool *owed)
{
	const struct command *c;
	size_t i;

	for (i = 0; i < f->sed->n && !f->fatal; i++) {
		c = &f->sed->command[i];
		if (!applies(f, c, y))
			continue;
		if (c->name == 'd')
			return;
		if (c->name == 'q') {
			f->done = true;
			break;
		}
		if (c->name == 'p' ||
		    (c->name == 's' && replace(f, c, &y->text) && c->print))
			print(f, y, owed);
	}
	if (!filter_has(f, 'n'))
		print(f, y, owed);
}

void filter_sed_run(struct filtering *f, const char *file, struct filter_text t)
{
	struct cycle y = { 0 };
	struct filter_text line;
	bool owed = false;

	(void)file;
	while (!f->done && !f->fatal && filter_line(&t, &line)) {
		y.number++;
		y.last = !t.len;
		y.lf = line.s[line.len] == '\n';
		buf_reset(&y.text);
		buf_add(&y.text, line.s, line.len);
		if (y.text.failed)
			f->fatal = -ENOMEM;
		else
			do_cycle(f, &y, &owed);
	}
	buf_done(&y.text);
}
