// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/filter_private.h"

#define MAX_RULES 8
#define MAX_TESTS 4
#define MAX_STATEMENTS 8
#define MAX_VALUES 16

enum value_kind { FIELD, FIELD_BACK, RECORDS, FIELDS, STRING, NUMBER };

/**
 * struct value - `$n`, `$(NF-n)`, `NR`, `NF`, a string or a number
 * @comma:	a comma stands before it
 */
struct value {
	enum value_kind kind;
	bool comma;
	long n;
	struct filter_text s;
};

enum relation { TRUTH, MATCHES, EQ, NE, LE, GE, LT, GT };

/** struct test - part of a pattern; /re/ stands for `$0 ~ /re/` */
struct test {
	bool negate;
	enum relation relation;
	struct value a, b;
	const struct regex *re;
};

enum statement_kind { PRINT, EXIT, NEXT };

struct statement {
	enum statement_kind kind;
	struct value value[MAX_VALUES];
	size_t n;
};

/**
 * struct rule - a pattern and its action
 * @any:	one test is enough
 */
struct rule {
	struct test test[MAX_TESTS];
	size_t n_test;
	bool any;
	struct statement statement[MAX_STATEMENTS];
	size_t n;
};

struct awk {
	struct rule rule[MAX_RULES];
	size_t n;
};

/* Where the parser is; NULL once it does not understand. */
struct cursor {
	struct filtering *f;
	const char *p;
};

static void blanks(struct cursor *c)
{
	while (c->p && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
}

static void breaks(struct cursor *c)
{
	while (c->p && *c->p && strchr(" \t\n;", *c->p))
		c->p++;
}

/* Take an operator where it stands. */
static bool operator(struct cursor *c, const char *op)
{
	size_t len = strlen(op);

	blanks(c);
	if (!c->p || strncmp(c->p, op, len))
		return false;
	c->p += len;
	return true;
}

static bool is_name(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

static bool word(struct cursor *c, const char *name)
{
	const char *before = c->p;

	if (!operator(c, name))
		return false;
	if (!is_name(*c->p))
		return true;
	c->p = before;
	return false;
}

static bool number(struct cursor *c, long *ret)
{
	size_t len = c->p ? strspn(c->p, "0123456789") : 0;

	*ret = filter_number(c->p, len);
	if (*ret < 0 || is_name(c->p[len]) || c->p[len] == '.')
		return false;
	c->p += len;
	return true;
}

static bool string(struct cursor *c, struct value *v)
{
	char *s = arena_alloc(c->f->a, strlen(c->p));
	size_t n = 0;

	if (!s) {
		c->f->fatal = -ENOMEM;
		return false;
	}
	for (c->p++; *c->p && *c->p != '"'; c->p++) {
		if (*c->p == '\n')
			return false;
		if (*c->p == '\\') {
			c->p++;
			if (!*c->p || !strchr("nt\"\\", *c->p))
				return false;
			s[n++] = *c->p == 'n'	? '\n'
				 : *c->p == 't' ? '\t'
						: *c->p;
		} else {
			s[n++] = *c->p;
		}
	}
	if (*c->p++ != '"')
		return false;
	*v = (struct value){ .kind = STRING, .s = { s, n } };
	return true;
}

static bool field(struct cursor *c, struct value *v)
{
	c->p++;
	*v = (struct value){ .kind = FIELD };
	if (*c->p >= '0' && *c->p <= '9')
		return number(c, &v->n);
	v->kind = FIELD_BACK;
	if (*c->p != '(')
		return word(c, "NF");
	c->p++;
	if (!word(c, "NF"))
		return false;
	if (operator(c, "-")) {
		blanks(c);
		if (!number(c, &v->n))
			return false;
	}
	return operator(c, ")");
}

/* Leaves the cursor where it was if no value stands there. */
static bool value(struct cursor *c, struct value *v)
{
	const char *before;
	bool is;

	blanks(c);
	before = c->p;
	*v = (struct value){ .kind = NUMBER };
	if (!c->p)
		return false;
	if (*c->p == '$')
		is = field(c, v);
	else if (*c->p == '"')
		is = string(c, v);
	else if (word(c, "NR"))
		is = (v->kind = RECORDS);
	else if (word(c, "NF"))
		is = (v->kind = FIELDS);
	else
		is = number(c, &v->n);
	if (!is)
		c->p = before;
	return is;
}

/* "/re/" */
static const struct regex *pattern(struct cursor *c)
{
	const char *start = ++c->p;
	size_t len;

	for (; *c->p && *c->p != '/' && *c->p != '\n'; c->p++)
		if (*c->p == '\\' && c->p[1])
			c->p++;
	if (*c->p != '/')
		return NULL;
	len = (size_t)(c->p++ - start);
	/* An empty one is none to some. */
	return len ? filter_regex(c->f, start, len, REGEX_EXTENDED | REGEX_AWK,
				  NULL)
		   : NULL;
}

static bool test(struct cursor *c, struct test *t)
{
	static const struct {
		const char *text;
		enum relation relation;
	} relations[] = {
		{ "!~", MATCHES }, { "~", MATCHES }, { "==", EQ }, { "!=", NE },
		{ "<=", LE },	   { ">=", GE },     { "<", LT },  { ">", GT },
	};
	size_t i;

	*t = (struct test){ .a = { .kind = FIELD } };
	blanks(c);
	if (*c->p == '/' || (*c->p == '!' && c->p[1] == '/')) {
		t->negate = *c->p == '!';
		c->p += t->negate;
		t->relation = MATCHES;
		t->re = pattern(c);
		return t->re;
	}
	if (!value(c, &t->a))
		return false;
	for (i = 0; i < ARRAY_SIZE(relations); i++)
		if (operator(c, relations[i].text))
			break;
	if (i == ARRAY_SIZE(relations))
		return true;
	t->relation = relations[i].relation;
	t->negate = !i;
	blanks(c);
	if (t->relation != MATCHES)
		return value(c, &t->b);
	if (*c->p != '/')
		return false;
	t->re = pattern(c);
	return t->re;
}

static bool tests(struct cursor *c, struct rule *r)
{
	bool all = false;

	while (r->n_test < MAX_TESTS && test(c, &r->test[r->n_test])) {
		r->n_test++;
		if (operator(c, "&&"))
			all = true;
		else if (operator(c, "||"))
			r->any = true;
		else
			return !all || !r->any;
	}
	return false;
}

static bool values(struct cursor *c, struct statement *s)
{
	bool comma = false;

	while (s->n < MAX_VALUES && value(c, &s->value[s->n])) {
		s->value[s->n++].comma = comma;
		comma = operator(c, ",");
	}
	return !comma && s->n < MAX_VALUES;
}

static bool action(struct cursor *c, struct rule *r)
{
	struct statement *s;

	for (breaks(c); *c->p != '}'; breaks(c)) {
		if (r->n == MAX_STATEMENTS)
			return false;
		s = &r->statement[r->n++];
		if (word(c, "print")) {
			if (!values(c, s))
				return false;
		} else if (word(c, "exit")) {
			s->kind = EXIT;
		} else if (word(c, "next")) {
			s->kind = NEXT;
		} else {
			return false;
		}
		blanks(c);
		if (!*c->p || !strchr(";\n}", *c->p))
			return false;
	}
	c->p++;
	return r->n;
}

static bool rule(struct cursor *c, struct rule *r)
{
	if (*c->p != '{' && !tests(c, r))
		return false;
	if (operator(c, "{"))
		return action(c, r);
	r->n = 1;
	return !*c->p || *c->p == '\n' || *c->p == ';';
}

bool filter_awk_parse(struct filtering *f)
{
	struct cursor c = { .f = f, .p = f->argv[f->arg++] };

	f->awk = arena_alloc(f->a, sizeof(*f->awk));
	if (!f->awk) {
		f->fatal = -ENOMEM;
		return false;
	}
	for (breaks(&c); *c.p; breaks(&c))
		if (f->awk->n == MAX_RULES ||
		    !rule(&c, &f->awk->rule[f->awk->n++]))
			return false;
	return f->awk->n;
}

/**
 * struct record - a line and its fields
 * @number:	its number
 * @line:	the line
 * @field:	its fields
 * @n:		their number
 */
struct record {
	long number;
	struct filter_text line;
	struct filter_text *field;
	size_t n, cap;
	char text[24];
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void split(struct filtering *f, struct record *r)
{
	bool blank = !f->text || *f->text == ' ';
	const char *p = r->line.s, *end = p + r->line.len, *start;
	struct filter_text *slot;

	r->n = 0;
	while (r->line.len) {
		while (blank && p < end && is_blank(*p))
			p++;
		if (blank && p == end)
			return;
		for (start = p; p < end; p++)
			if (blank ? is_blank(*p) : *p == *f->text)
				break;
		slot = arena_grow(f->a, &r->field, r->n, &r->cap,
				  sizeof(*slot));
		if (!slot) {
			f->fatal = -ENOMEM;
			return;
		}
		*slot = (struct filter_text){ start, (size_t)(p - start) };
		r->n++;
		if (p++ == end)
			return;
	}
}

static struct filter_text text_of(struct filtering *f, struct record *r,
				  const struct value *v)
{
	long n = v->n;

	switch (v->kind) {
	case STRING:
		return v->s;
	case FIELD_BACK:
		n = (long)r->n - n;
		/* fall through */
	case FIELD:
		if (n < 0) {
			f->done = true;
			f->status = 2;
			buf_addf(f->err,
				 "%s: run time error: negative field index "
				 "$%ld\n",
				 f->f->name, n);
		}
		return !n ? r->line
		       : n > 0 && (size_t)n <= r->n
			       ? r->field[n - 1]
			       : (struct filter_text){ "", 0 };
	case RECORDS:
		n = r->number;
		break;
	case FIELDS:
		n = (long)r->n;
		break;
	case NUMBER:
		break;
	}
	return (struct filter_text){
		r->text, (size_t)snprintf(r->text, sizeof(r->text), "%ld", n)
	};
}

/* What looks like a number and did not come as a string is one. */
static bool number_of(const struct value *v, struct filter_text t, double *ret)
{
	*ret = 0;
	while (t.len && is_blank(*t.s)) {
		t.s++;
		t.len--;
	}
	while (t.len && is_blank(t.s[t.len - 1]))
		t.len--;
	if (t.len && *t.s == '+') {
		t.s++;
		t.len--;
	}
	return v->kind != STRING && t.len &&
	       strchr("0123456789", t.s[t.len - 1]) &&
	       filter_decimal(t, ret) == t.len;
}

static bool truth(const struct value *v, struct filter_text t)
{
	double d;

	return number_of(v, t, &d) ? d < 0 || d > 0 : t.len > 0;
}

static int compare(const struct value *va, const struct value *vb,
		   struct filter_text a, struct filter_text b)
{
	double x, y;
	int order;

	if (number_of(va, a, &x) && number_of(vb, b, &y))
		return (x > y) - (x < y);
	order = memcmp(a.s, b.s, a.len < b.len ? a.len : b.len);
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool relates(enum relation relation, int order)
{
	switch (relation) {
	case EQ:
		return !order;
	case NE:
		return order;
	case LE:
		return order <= 0;
	case GE:
		return order >= 0;
	case LT:
		return order < 0;
	case GT:
		return order > 0;
	case TRUTH:
	case MATCHES:
		break;
	}
	return false;
}

static bool holds(struct filtering *f, struct record *r, const struct test *t)
{
	struct regex_match m[REGEX_GROUPS];
	struct filter_text a = text_of(f, r, &t->a), b;
	char copy[sizeof(r->text)];

	if (t->relation == MATCHES)
		return filter_find_re(f, t->re, a, 0, m) != t->negate;
	if (t->relation == TRUTH)
		return truth(&t->a, a);
	if (a.s == r->text) {
		memcpy(copy, a.s, sizeof(copy));
		a.s = copy;
	}
	b = text_of(f, r, &t->b);
	return relates(t->relation, compare(&t->a, &t->b, a, b));
}

static bool applies(struct filtering *f, struct record *r,
		    const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_test; i++)
		if (holds(f, r, &rule->test[i]) == rule->any)
			return rule->any;
	return !rule->n_test || !rule->any;
}

static void print(struct filtering *f, struct record *r,
		  const struct statement *s)
{
	struct filter_text t;
	size_t i;

	if (!s->n)
		buf_add(f->out, r->line.s, r->line.len);
	for (i = 0; i < s->n && !f->done; i++) {
		t = text_of(f, r, &s->value[i]);
		if (f->done)
			return;
		if (s->value[i].comma)
			buf_addc(f->out, ' ');
		buf_add(f->out, t.s, t.len);
	}
	buf_addc(f->out, '\n');
}

static void do_record(struct filtering *f, struct record *r)
{
	const struct rule *rule;
	size_t i, k;

	for (i = 0; i < f->awk->n && !f->done; i++) {
		rule = &f->awk->rule[i];
		if (!applies(f, r, rule))
			continue;
		for (k = 0; k < rule->n && !f->done; k++) {
			if (rule->statement[k].kind == NEXT)
				return;
			if (rule->statement[k].kind == EXIT)
				f->done = true;
			else
				print(f, r, &rule->statement[k]);
		}
	}
}

void filter_awk_run(struct filtering *f, const char *file, struct filter_text t)
{
	struct record r = { 0 };

	(void)file;
	while (!f->done && !f->fatal && filter_line(&t, &r.line)) {
		r.number++;
		split(f, &r);
		if (!f->fatal)
			do_record(f, &r);
	}
}
