// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "hook/eval.h"

/* struct test - words of a test on their way */
struct test {
	struct eval *ev;
	const struct io *io;
	const char *name;
	const char *const *v;
	size_t n, at;
	bool failed;
};

/* enum op - operators of two operands */
enum op {
	OP_NONE,
	OP_EQUAL,
	OP_DIFFERENT,
	OP_BEFORE,
	OP_BEHIND,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE
};

static const struct {
	const char *text;
	enum op op;
} ops[] = {
	{ "=", OP_EQUAL },  { "==", OP_EQUAL }, { "!=", OP_DIFFERENT },
	{ "<", OP_BEFORE }, { ">", OP_BEHIND }, { "-eq", OP_EQ },
	{ "-ne", OP_NE },   { "-lt", OP_LT },	{ "-le", OP_LE },
	{ "-gt", OP_GT },   { "-ge", OP_GE },
};

static enum op binary_op(const char *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i].text, s))
			return ops[i].op;
	return OP_NONE;
}

static bool is_unary(const char *s)
{
	return s[0] == '-' && s[1] && !s[2] &&
	       strchr("abcdefgGhkLnNoOprRsStuvwxz", s[1]);
}

static bool is(const char *s, const char *what)
{
	return !strcmp(s, what);
}

/* @what is about a word, where there is one. */
static bool fail(struct test *t, const char *word, const char *what)
{
	if (!t->failed && word)
		eval_say(t->ev, t->io, "%s: %s: %s", t->name, word, what);
	else if (!t->failed)
		eval_say(t->ev, t->io, "%s: %s", t->name, what);
	t->failed = true;
	return false;
}

static bool unary(struct test *t, const char *op, const char *arg)
{
	if (op[1] == 'n')
		return *arg;
	if (op[1] == 'z')
		return !*arg;
	/* The others that bash has were refused when it was parsed. */
	return strchr("abcdefghkprsuwxLS", op[1]) &&
	       t->ev->ops->test(t->ev->ctx, op[1], arg);
}

static bool numeric(struct test *t, enum op op, const char *a, const char *b)
{
	long long x, y;

	if (!builtin_number(a, &x))
		return fail(t, a, "integer expression expected");
	if (!builtin_number(b, &y))
		return fail(t, b, "integer expression expected");
	switch (op) {
	case OP_EQ:
		return x == y;
	case OP_NE:
		return x != y;
	case OP_LT:
		return x < y;
	case OP_LE:
		return x <= y;
	case OP_GT:
		return x > y;
	case OP_GE:
		return x >= y;
	case OP_NONE:
	case OP_EQUAL:
	case OP_DIFFERENT:
	case OP_BEFORE:
	case OP_BEHIND:
		break;
	}
	return false;
}

static bool binary(struct test *t, const char *a, const char *text,
		   const char *b)
{
	enum op op = binary_op(text);

	if (op == OP_EQUAL)
		return !strcmp(a, b);
	if (op == OP_DIFFERENT)
		return strcmp(a, b) != 0;
	if (op == OP_BEFORE)
		return strcmp(a, b) < 0;
	if (op == OP_BEHIND)
		return strcmp(a, b) > 0;
	return numeric(t, op, a, b);
}

/* Up to four words mean what POSIX says they do, whatever they look like. */
static bool two(struct test *t, const char *const *v)
{
	if (is(v[0], "!"))
		return !*v[1];
	if (is_unary(v[0]))
		return unary(t, v[0], v[1]);
	return fail(t, v[0], "unary operator expected");
}

static bool three(struct test *t, const char *const *v)
{
	if (binary_op(v[1]) != OP_NONE)
		return binary(t, v[0], v[1], v[2]);
	if (is(v[1], "-a"))
		return *v[0] && *v[2];
	if (is(v[1], "-o"))
		return *v[0] || *v[2];
	if (is(v[0], "!"))
		return !two(t, v + 1);
	if (is(v[0], "(") && is(v[2], ")"))
		return *v[1];
	return fail(t, v[1], "binary operator expected");
}

static bool expression(struct test *t);

static bool primary(struct test *t)
{
	const char *const *v = t->v + t->at;
	size_t left = t->n - t->at;
	bool r;

	if (!left)
		return fail(t, NULL, "argument expected");
	if (is(v[0], "!")) {
		t->at++;
		r = !primary(t);
		return r;
	}
	if (is(v[0], "(")) {
		t->at++;
		r = expression(t);
		if (t->at == t->n)
			return fail(t, NULL, "`)' expected");
		if (!is(t->v[t->at], ")"))
			return fail(t, NULL, "`)' expected");
		t->at++;
		return r;
	}
	if (left >= 3 && binary_op(v[1]) != OP_NONE) {
		t->at += 3;
		return binary(t, v[0], v[1], v[2]);
	}
	if (is_unary(v[0]) && left > 1) {
		t->at += 2;
		return unary(t, v[0], v[1]);
	}
	t->at++;
	return *v[0];
}

static bool conjunction(struct test *t)
{
	bool r = primary(t);

	while (!t->failed && t->at < t->n && is(t->v[t->at], "-a")) {
		t->at++;
		r = primary(t) && r;
	}
	return r;
}

static bool expression(struct test *t)
{
	bool r = conjunction(t);

	while (!t->failed && t->at < t->n && is(t->v[t->at], "-o")) {
		t->at++;
		r = conjunction(t) || r;
	}
	return r;
}

static bool evaluate(struct test *t)
{
	const char *const *v = t->v;
	bool r;

	switch (t->n) {
	case 0:
		return false;
	case 1:
		return *v[0];
	case 2:
		return two(t, v);
	case 3:
		return three(t, v);
	case 4:
		if (is(v[0], "!"))
			return !three(t, v + 1);
		if (is(v[0], "(") && is(v[3], ")"))
			return two(t, v + 1);
		break;
	}
	r = expression(t);
	if (!t->failed && t->at < t->n)
		return fail(t, NULL, "too many arguments");
	return r;
}

int builtin_test(struct eval *ev, const char *const *argv, size_t n,
		 const struct io *io)
{
	struct test t = {
		.ev = ev, .io = io, .name = argv[0], .v = argv + 1, .n = n - 1
	};
	bool r = evaluate(&t);

	return t.failed ? 2 : !r;
}
