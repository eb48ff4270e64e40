// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/eval.h"

/* struct field - a word after splitting, and the pattern that it may be */
struct field {
	const char *text, *pattern;
};

/* struct found - the fields of some words */
struct found {
	struct field *v;
	size_t n, cap;
};

/*
 * struct expansion - words on their way to fields
 *
 * Each byte goes into @text and, behind a backslash if it is quoted, into
 * @pattern, which is looked at when an unquoted `*`, `?` or `[` came by.
 */
struct expansion {
	struct eval *ev;
	const struct io *io;
	struct arena *a;
	struct found *found; /* NULL: all is one text, nothing is split */
	struct buf text, pattern;
	bool started; /* there is a field, empty as it may be */
	bool special; /* something in it may make it a pattern */
};

static void put(struct expansion *x, char c, bool quoted)
{
	x->started = true;
	buf_addc(&x->text, c);
	if (quoted || c == '\\')
		buf_addc(&x->pattern, '\\');
	buf_addc(&x->pattern, c);
	if (!quoted && strchr("*?[", c))
		x->special = true;
}

static void end_field(struct expansion *x)
{
	struct found *f = x->found;
	struct field *slot;

	if (x->started) {
		slot = arena_grow(x->a, &f->v, f->n, &f->cap, sizeof(*slot));
		if (slot) {
			slot->text = arena_strndup(
				x->a, x->text.p ? x->text.p : "", x->text.len);
			if (x->special)
				slot->pattern = arena_strndup(
					x->a, x->pattern.p, x->pattern.len);
			f->n++;
		}
		if (!slot || !slot->text || (x->special && !slot->pattern))
			eval_no_memory(x->ev);
	}
	if (x->text.failed || x->pattern.failed)
		eval_no_memory(x->ev);
	buf_reset(&x->text);
	buf_reset(&x->pattern);
	x->started = x->special = false;
}

/* IFS is what it is at the start, since no script that sets it is understood */
static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The result of an expansion, which is split unless it is quoted. */
static void add_value(struct expansion *x, const char *s, bool quoted)
{
	if (quoted)
		x->started = true;
	for (; *s; s++) {
		if (x->found && !quoted && is_separator(*s))
			end_field(x);
		else
			put(x, *s, quoted);
	}
}

static void add_number(struct expansion *x, long long v, bool quoted)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", v);
	add_value(x, text, quoted);
}

/* $@ and $* */
static void add_args(struct expansion *x, const struct part *p)
{
	const struct shell *sh = &x->ev->sh;
	bool joined = !x->found || (*p->text == '*' && p->quoted);
	size_t i;

	if (*p->text == '*' && p->quoted)
		x->started = true;
	for (i = 0; i < sh->n_args; i++) {
		if (i && joined)
			put(x, ' ', true);
		else if (i)
			end_field(x);
		add_value(x, sh->args[i], p->quoted);
	}
}

static const char *param_value(struct eval *ev, const char *name,
			       char number[24])
{
	unsigned long i;

	if (*name == '?') {
		snprintf(number, 24, "%d", ev->status);
		return number;
	}
	if (*name == '#') {
		snprintf(number, 24, "%zu", ev->sh.n_args);
		return number;
	}
	if (*name < '0' || *name > '9')
		return var_get(ev, name);
	i = strtoul(name, NULL, 10);
	if (!i)
		return ev->world->self;
	return i <= ev->sh.n_args ? ev->sh.args[i - 1] : NULL;
}

static void expand_parts(struct expansion *x, const struct part *p,
			 bool in_param);

/* A word as one text, or as the pattern that it makes. */
static const char *as_one(struct eval *ev, const struct word *w,
			  const struct io *io, struct arena *a, bool pattern)
{
	struct expansion x = { .ev = ev, .io = io, .a = a };
	const struct buf *b = pattern ? &x.pattern : &x.text;
	const char *ret;

	expand_parts(&x, w->parts, false);
	ret = arena_strndup(a, b->p ? b->p : "", b->len);
	if (!ret || b->failed)
		ret = eval_no_memory(ev);
	buf_done(&x.text);
	buf_done(&x.pattern);
	return ret ? ret : "";
}

const char *expand_text(struct eval *ev, const struct word *w,
			const struct io *io, struct arena *a)
{
	return w->literal ? w->literal : as_one(ev, w, io, a, false);
}

static void cut_suffix(struct expansion *x, const struct part *p,
		       const char *value, const char *pattern)
{
	size_t len = strlen(value), i, at;

	for (i = 0; i <= len; i++) {
		at = p->longest ? i : len - i;
		if (!hook_match(pattern, value + at))
			continue;
		value = arena_strndup(x->a, value, at);
		break;
	}
	if (value)
		add_value(x, value, p->quoted);
	else
		eval_no_memory(x->ev);
}

static void cut_prefix(struct expansion *x, const struct part *p,
		       const char *value, const char *pattern)
{
	size_t len = strlen(value), i, at;
	char *copy = arena_strndup(x->a, value, len);
	char kept;

	if (!copy) {
		eval_no_memory(x->ev);
		return;
	}
	for (i = 0; i <= len; i++) {
		at = p->longest ? len - i : i;
		kept = copy[at];
		copy[at] = '\0';
		if (hook_match(pattern, copy)) {
			value += at;
			break;
		}
		copy[at] = kept;
	}
	add_value(x, value, p->quoted);
}

static void assign_default(struct expansion *x, const struct part *p)
{
	const char *text = as_one(x->ev, p->arg, x->io, x->a, false);

	if (eval_stopped(x->ev))
		return;
	var_set(x->ev, p->text, text);
	add_value(x, text, p->quoted);
}

static void expand_param(struct expansion *x, const struct part *p)
{
	char number[24];
	const char *value, *pattern;
	bool null;

	if (*p->text == '@' || *p->text == '*') {
		add_args(x, p);
		return;
	}
	value = param_value(x->ev, p->text, number);
	null = !value || (p->colon && !*value);
	x->started |= p->quoted;
	switch (p->op) {
	case PARAM_PLAIN:
		add_value(x, value ? value : "", p->quoted);
		break;
	case PARAM_DEFAULT:
		if (null)
			expand_parts(x, p->arg->parts, true);
		else
			add_value(x, value, p->quoted);
		break;
	case PARAM_ASSIGN:
		if (null)
			assign_default(x, p);
		else
			add_value(x, value, p->quoted);
		break;
	case PARAM_ALTERNATE:
		if (!null)
			expand_parts(x, p->arg->parts, true);
		break;
	case PARAM_LENGTH:
		add_number(x, value ? (long long)strlen(value) : 0, p->quoted);
		break;
	case PARAM_CUT_PREFIX:
	case PARAM_CUT_SUFFIX:
		value = value ? value : "";
		pattern = as_one(x->ev, p->arg, x->io, x->a, true);
		if (p->op == PARAM_CUT_PREFIX)
			cut_prefix(x, p, value, pattern);
		else
			cut_suffix(x, p, value, pattern);
		break;
	}
}

static void expand_command(struct expansion *x, const struct part *p)
{
	cleanup(buf_done) struct buf out = {};

	if (p->bare)
		return;
	eval_substitute(x->ev, p->list, x->io, &out);
	if (!x->ev->fatal)
		add_value(x, out.p ? out.p : "", p->quoted);
}

/* A wrong expression ends the shell, as bash has it. */
static void expand_arith(struct expansion *x, const struct part *p)
{
	const char *text = as_one(x->ev, p->arg, x->io, x->a, false);
	long long v;

	if (eval_stopped(x->ev))
		return;
	if (arith_eval(x->ev, text, x->io, &v)) {
		add_number(x, v, p->quoted);
		return;
	}
	x->ev->status = 1;
	x->ev->leaving = true;
}

static void expand_tilde(struct expansion *x, const struct part *p)
{
	const char *home = *p->text ? NULL : var_get(x->ev, "HOME");

	if (!home)
		home = x->ev->ops->home(x->ev->ctx, p->text, x->a);
	if (!home) {
		put(x, '~', true);
		home = p->text;
	}
	add_value(x, home, true);
}

static void expand_parts(struct expansion *x, const struct part *p,
			 bool in_param)
{
	const char *s;

	for (; p && !eval_stopped(x->ev); p = p->next) {
		switch (p->kind) {
		case PART_TEXT:
			x->started |= p->quoted;
			if (in_param)
				add_value(x, p->text, p->quoted);
			for (s = in_param ? "" : p->text; *s; s++)
				put(x, *s, p->quoted);
			break;
		case PART_PARAM:
			expand_param(x, p);
			break;
		case PART_COMMAND:
			x->started |= p->quoted;
			expand_command(x, p);
			break;
		case PART_ARITH:
			expand_arith(x, p);
			break;
		case PART_TILDE:
			expand_tilde(x, p);
			break;
		}
	}
}

static void add_word(struct eval *ev, struct fields *f, const char *s,
		     struct arena *a)
{
	const char **slot = arena_grow(a, &f->v, f->n, &f->cap, sizeof(*slot));

	if (!slot) {
		eval_no_memory(ev);
		return;
	}
	*slot = s;
	f->n++;
}

/* A field, or the files that match it. */
static void add_files(struct eval *ev, struct fields *f,
		      const struct field *field, struct arena *a)
{
	const char *const *paths;
	size_t n = 0, i;

	if (field->pattern && word_is_pattern(field->pattern) &&
	    ev->ops->glob(ev->ctx, field->pattern, a, &paths, &n))
		eval_no_memory(ev);
	if (!n)
		add_word(ev, f, field->text, a);
	for (i = 0; i < n && !ev->fatal; i++)
		add_word(ev, f, paths[i], a);
}

/* Files are looked for when all is expanded, which may have made some. */
void expand_words(struct eval *ev, const struct word *w, const struct io *io,
		  struct arena *a, struct fields *f)
{
	struct found found = {};
	struct expansion x = { .ev = ev, .io = io, .a = a, .found = &found };
	size_t i;

	for (; w && !eval_stopped(ev); w = w->next) {
		if (w->literal)
			add_value(&x, w->literal, true);
		else
			expand_parts(&x, w->parts, false);
		end_field(&x);
	}
	buf_done(&x.text);
	buf_done(&x.pattern);
	for (i = 0; i < found.n && !eval_stopped(ev); i++)
		add_files(ev, f, &found.v[i], a);
	if (!arena_grow(a, &f->v, f->n, &f->cap, sizeof(*f->v)))
		eval_no_memory(ev);
}
