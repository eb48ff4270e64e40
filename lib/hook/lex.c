// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/ast.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

/* struct builder - a word in the making; bytes gather before they are a part */
struct builder {
	struct parser *ps;
	struct part *first, *last;
	struct buf text;
	bool quoted;
	bool dollar; /* there is a lone one, unquoted */
};

static void flush(struct builder *b)
{
	struct part *p;

	if (!b->text.p)
		return;
	p = parse_alloc(b->ps, sizeof(*p));
	if (!p)
		return;
	p->quoted = b->quoted;
	p->text = arena_strndup(b->ps->a, b->text.p, b->text.len);
	if (!p->text || b->text.failed)
		b->ps->no_memory = true;
	buf_done(&b->text);
	if (b->last)
		b->last->next = p;
	else
		b->first = p;
	b->last = p;
}

/* Adding no bytes makes a part all the same: "" is a word. */
static void add(struct builder *b, const char *s, size_t n, bool quoted)
{
	if (b->quoted != quoted)
		flush(b);
	b->quoted = quoted;
	buf_add(&b->text, s, n);
	if (!n)
		buf_adds(&b->text, "");
}

static struct part *add_part(struct builder *b, enum part_kind kind,
			     bool quoted)
{
	struct part *p = parse_alloc(b->ps, sizeof(*p));

	flush(b);
	if (!p)
		return NULL;
	p->kind = kind;
	p->quoted = quoted;
	if (b->last)
		b->last->next = p;
	else
		b->first = p;
	b->last = p;
	return p;
}

bool lex_is_end(char c)
{
	return !c || strchr(" \t\n;&|()<>", c);
}

size_t lex_name(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

static bool enter(struct parser *ps)
{
	return ps->depth++ < PARSE_DEPTH ||
	       parse_refuse(ps, "is nested too deeply");
}

static const struct node *substituted(struct parser *ps)
{
	unsigned int loops = ps->loops;
	struct node *list = NULL;

	ps->loops = 0;
	if (enter(ps))
		list = parse_list(ps);
	ps->depth--;
	ps->loops = loops;
	/* `$(<file)` is a way of its own to read a file. */
	if (list && list->kind == NODE_SIMPLE && !list->words && !list->assigns)
		parse_refuse(ps, "uses $(<file)");
	return list;
}

/* From behind `$(`. */
static bool lex_command(struct builder *b, bool quoted)
{
	struct parser *ps = b->ps;
	struct part *p = add_part(b, PART_COMMAND, quoted);

	if (!p)
		return false;
	p->bare = *ps->p == ')';
	p->list = substituted(ps);
	if (parse_failed(ps))
		return false;
	if (*ps->p != ')')
		return parse_refuse(ps, "syntax error: $( is not closed");
	ps->p++;
	return true;
}

/* What stands between backticks, less the backslashes that quote in there. */
static bool unquote_backticks(struct parser *ps, bool quoted, struct buf *out)
{
	for (; *ps->p != '`'; ps->p++) {
		if (!*ps->p)
			return parse_refuse(ps,
					    "syntax error: ` is not closed");
		if (*ps->p == '\\' && ps->p[1] &&
		    strchr(quoted ? "$`\\\"" : "$`\\", ps->p[1]))
			ps->p++;
		buf_addc(out, *ps->p);
	}
	ps->p++;
	return true;
}

/* From behind the backtick. */
static bool lex_backticks(struct builder *b, bool quoted)
{
	cleanup(buf_done) struct buf text = {};
	struct part *p = add_part(b, PART_COMMAND, quoted);
	struct parser *ps = b->ps;
	const char *behind;

	if (!p || !unquote_backticks(ps, quoted, &text))
		return false;
	behind = ps->p;
	ps->p = arena_strndup(ps->a, text.p ? text.p : "", text.len);
	if (!ps->p || text.failed) {
		ps->p = behind;
		ps->no_memory = true;
		return false;
	}
	p->bare = !text.len;
	p->list = substituted(ps);
	if (*ps->p)
		parse_refuse(ps, "syntax error within backticks");
	ps->p = behind;
	return !parse_failed(ps);
}

/* Variables of an expression need no dollar. */
static bool check_names(struct parser *ps, const struct part *p)
{
	const char *s, *name;
	size_t n;

	for (; p; p = p->next) {
		for (s = p->kind == PART_TEXT ? p->text : ""; *s; s += n + !n) {
			n = strspn(s, "0123456789");
			n = n ? n : lex_name(s);
			name = n ? arena_strndup(ps->a, s, n) : "";
			if (!name)
				ps->no_memory = true;
			else if (name_variable_refused(name, false, ps->a))
				return parse_refuse(ps, "does odd arithmetic");
		}
	}
	return !ps->no_memory;
}

/* From behind `$((`. */
static bool lex_arith(struct builder *b, bool quoted)
{
	struct part *p = add_part(b, PART_ARITH, quoted);
	struct parser *ps = b->ps;

	if (!p)
		return false;
	p->arg = lex_word(ps, WORD_ARITH);
	if (!p->arg || !check_names(ps, p->arg->parts))
		return false;
	if (ps->p[0] != ')' || ps->p[1] != ')')
		return parse_refuse(ps, "has an odd $((");
	ps->p += 2;
	return true;
}

/* The operator of ${x...} and whether a word follows it. */
static bool lex_operator(struct parser *ps, struct part *p)
{
	const char *op = ps->p;

	if (*op == ':') {
		p->colon = true;
		op++;
	}
	if (*op == '-')
		p->op = PARAM_DEFAULT;
	else if (*op == '=')
		p->op = PARAM_ASSIGN;
	else if (*op == '+')
		p->op = PARAM_ALTERNATE;
	else if (*op == '#' && !p->colon)
		p->op = PARAM_CUT_PREFIX;
	else if (*op == '%' && !p->colon)
		p->op = PARAM_CUT_SUFFIX;
	else
		return parse_refuse(ps, "uses an odd ${...}");
	if ((*op == '#' || *op == '%') && op[1] == *op) {
		p->longest = true;
		op++;
	}
	ps->p = op + 1;
	return true;
}

static bool is_cut(enum param_op op)
{
	return op == PARAM_CUT_PREFIX || op == PARAM_CUT_SUFFIX;
}

static bool lex_param_name(struct parser *ps, struct part *p, size_t n)
{
	bool set = p->op == PARAM_ASSIGN;

	p->text = arena_strndup(ps->a, ps->p, n);
	if (!p->text) {
		ps->no_memory = true;
		return false;
	}
	ps->p += n;
	if (lex_name(p->text) && name_variable_refused(p->text, set, ps->a))
		return parse_refuse(ps,
				    name_variable_refused(p->text, set, ps->a));
	return true;
}

/* Length of the parameter in ${...}: a name, a number, `@`, `*`, `#` or `?`. */
static size_t braced_name(const char *s)
{
	size_t n = lex_name(s);

	if (n)
		return n;
	while (isdigit((unsigned char)s[n]))
		n++;
	if (n)
		return n < 5 ? n : 0;
	return *s && strchr("@*#?", *s) ? 1 : 0;
}

/* What a parameter's word must not hold. */
static bool check_arg(struct parser *ps, const struct part *p, bool pattern)
{
	for (; p; p = p->next) {
		if (p->kind == PART_PARAM && strchr("@*", *p->text))
			return parse_refuse(ps, "uses $@ within ${...}");
		if (pattern && p->kind == PART_TEXT &&
		    (strstr(p->text, "[:") || strstr(p->text, "[.") ||
		     strstr(p->text, "[=")))
			return parse_refuse(ps, "uses a class of characters");
	}
	return true;
}

/* From behind `${`. */
static bool lex_braced(struct builder *b, bool quoted)
{
	struct part *p = add_part(b, PART_PARAM, quoted);
	struct parser *ps = b->ps;
	size_t n;

	if (!p)
		return false;
	if (*ps->p == '#' && ps->p[1] != '}') {
		p->op = PARAM_LENGTH;
		ps->p++;
		if (!lex_name(ps->p) && !isdigit((unsigned char)*ps->p))
			return parse_refuse(ps, "uses an odd ${...}");
	}
	n = braced_name(ps->p);
	if (!n)
		return parse_refuse(ps, "uses an odd ${...}");
	if (!lex_param_name(ps, p, n))
		return false;
	if (*ps->p == '}') {
		ps->p++;
		return true;
	}
	if (p->op == PARAM_LENGTH || strchr("@*#?", *p->text))
		return parse_refuse(ps, "uses an odd ${...}");
	if (!lex_operator(ps, p))
		return false;
	if (p->op == PARAM_ASSIGN &&
	    (!lex_name(p->text) || name_variable_refused(p->text, true, ps->a)))
		return parse_refuse(ps, "uses an odd ${...=}");
	if (!enter(ps))
		return false;
	p->arg = lex_word(ps, quoted && !is_cut(p->op) ? WORD_DQUOTED
						       : WORD_BRACED);
	ps->depth--;
	if (!p->arg || !check_arg(ps, p->arg->parts, is_cut(p->op)))
		return false;
	if (*ps->p != '}')
		return parse_refuse(ps, "syntax error: ${ is not closed");
	ps->p++;
	return true;
}

static bool lex_plain_param(struct builder *b, size_t n, bool quoted)
{
	struct part *p = add_part(b, PART_PARAM, quoted);

	if (!p)
		return false;
	p->bare = !quoted && lex_name(b->ps->p);
	return lex_param_name(b->ps, p, n);
}

/* At a `$`. */
static bool lex_dollar(struct builder *b, bool quoted)
{
	struct parser *ps = b->ps;
	char c = *++ps->p;

	if (lex_name(ps->p))
		return lex_plain_param(b, lex_name(ps->p), quoted);
	if (c && (isdigit((unsigned char)c) || strchr("@*#?", c)))
		return lex_plain_param(b, 1, quoted);
	if (c == '{') {
		ps->p++;
		return lex_braced(b, quoted);
	}
	if (c == '(' && ps->p[1] == '(') {
		ps->p += 2;
		return lex_arith(b, quoted);
	}
	if (c == '(') {
		ps->p++;
		return lex_command(b, quoted);
	}
	if (c && strchr("$!-[", c))
		return parse_refuse(ps, "uses $$, $!, $- or $[");
	if (!quoted && (c == '\'' || c == '"'))
		return parse_refuse(ps, "uses $'...' or $\"...\"");
	b->dollar |= !quoted;
	add(b, "$", 1, quoted);
	return true;
}

/* Where there is a lone dollar, bash forgets to split what else expands. */
static bool check_dollar(const struct builder *b)
{
	const struct part *p;

	for (p = b->dollar ? b->first : NULL; p; p = p->next)
		if (p->kind != PART_TEXT)
			return parse_refuse(b->ps, "has a lone dollar");
	return true;
}

/*
 * Control characters are left to bash, which uses some within words.  Bytes
 * above 0x7f are letters to it, as LC_ALL is C.
 */
static bool is_readable(char c)
{
	return c == '\t' || c == '\n' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static bool lex_byte(struct builder *b, bool quoted)
{
	if (!is_readable(*b->ps->p))
		return parse_refuse(b->ps, "holds a control character");
	add(b, b->ps->p++, 1, quoted);
	return true;
}

/* What a backslash in double quotes quotes. */
static bool lex_dquoted_backslash(struct builder *b)
{
	struct parser *ps = b->ps;

	if (ps->p[1] == '\n') {
		ps->p += 2;
		return true;
	}
	if (ps->p[1] && strchr("$`\"\\", ps->p[1]))
		ps->p++;
	return lex_byte(b, true);
}

/* From behind the opening double quote to behind the closing one. */
static bool lex_dquoted(struct builder *b)
{
	struct parser *ps = b->ps;
	bool ok = true;

	/* `"$@"` of nothing is no word, so that it must not begin with "". */
	if (*ps->p == '"')
		add(b, "", 0, true);
	while (ok && *ps->p != '"') {
		if (!*ps->p)
			return parse_refuse(ps,
					    "syntax error: \" is not closed");
		if (*ps->p == '$') {
			ok = lex_dollar(b, true);
		} else if (*ps->p == '`') {
			ps->p++;
			ok = lex_backticks(b, true);
		} else if (*ps->p == '\\') {
			ok = lex_dquoted_backslash(b);
		} else {
			ok = lex_byte(b, true);
		}
	}
	ps->p++;
	return ok;
}

static bool lex_squoted(struct builder *b)
{
	struct parser *ps = b->ps;

	add(b, "", 0, true);
	while (*ps->p != '\'') {
		if (!*ps->p)
			return parse_refuse(ps,
					    "syntax error: ' is not closed");
		if (!lex_byte(b, true))
			return false;
	}
	ps->p++;
	return true;
}

/* A backslash at the very end stands for itself, as eval has it. */
static bool lex_backslash(struct builder *b)
{
	struct parser *ps = b->ps;

	if (ps->p[1] == '\n') {
		ps->p += 2;
		return true;
	}
	if (ps->p[1])
		ps->p++;
	return lex_byte(b, true);
}

static bool is_extglob(const char *p)
{
	return p[1] == '(' && strchr("?*+@!", *p);
}

/* Outside of quotes. */
static bool lex_bare(struct builder *b, enum word_mode mode)
{
	struct parser *ps = b->ps;

	switch (*ps->p) {
	case '\'':
		ps->p++;
		return lex_squoted(b);
	case '"':
		ps->p++;
		return lex_dquoted(b);
	case '\\':
		return lex_backslash(b);
	case '$':
		return lex_dollar(b, false);
	case '`':
		ps->p++;
		return lex_backticks(b, false);
	}
	if (is_extglob(ps->p))
		return parse_refuse(ps, "uses an extended pattern");
	if (mode == WORD_BRACED && (*ps->p == '{' || *ps->p == '~'))
		return parse_refuse(ps, "uses an odd ${...}");
	return lex_byte(b, false);
}

/* Within ${x:-...} in double quotes, or in $((...)), which is alike. */
static bool lex_as_quoted(struct builder *b)
{
	struct parser *ps = b->ps;

	if (*ps->p == '$')
		return lex_dollar(b, true);
	if (strchr("'\"\\`", *ps->p))
		return parse_refuse(ps, "uses quotes in ${...} or $((...))");
	return lex_byte(b, true);
}

/* Assignments of arithmetic change variables, which the evaluator does not. */
static bool lex_arith_byte(struct builder *b, unsigned int *depth)
{
	const char *p = b->ps->p;

	if (*p == '(')
		++*depth;
	else if (*p == ')')
		--*depth;
	if ((*p == '=' && p[1] != '=' && !strchr("=!<>", p[-1])) ||
	    (p[0] == p[1] && (*p == '+' || *p == '-')) ||
	    (p[0] == p[1] && (*p == '<' || *p == '>') && p[2] == '=') ||
	    (!isalnum((unsigned char)*p) &&
	     !strchr("_ \t\n+-*/%<>=!&|^~?:()$", *p)))
		return parse_refuse(b->ps, "does odd arithmetic");
	return lex_as_quoted(b);
}

static bool at_end(const struct parser *ps, enum word_mode mode,
		   unsigned int depth)
{
	if (!*ps->p)
		return true;
	switch (mode) {
	case WORD_PLAIN:
		return lex_is_end(*ps->p);
	case WORD_BRACED:
	case WORD_DQUOTED:
		return *ps->p == '}';
	case WORD_ARITH:
		return *ps->p == ')' && !depth;
	}
	return true;
}

struct word *lex_word(struct parser *ps, enum word_mode mode)
{
	struct builder b = { .ps = ps };
	unsigned int depth = 0;
	struct word *w = parse_alloc(ps, sizeof(*w));
	bool ok = w != NULL;

	while (ok && !at_end(ps, mode, depth)) {
		if (mode == WORD_DQUOTED)
			ok = lex_as_quoted(&b);
		else if (mode == WORD_ARITH)
			ok = lex_arith_byte(&b, &depth);
		else
			ok = lex_bare(&b, mode);
	}
	flush(&b);
	buf_done(&b.text);
	if (!ok || !check_dollar(&b) || parse_failed(ps))
		return NULL;
	w->parts = b.first;
	return w;
}
