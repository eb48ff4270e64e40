// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/eval.h"

#define MAX_DEPTH 64

/* struct arith - an expression on its way */
struct arith {
	struct eval *ev;
	const char *text; /* all of it */
	const char *p;
	const char *token; /* where the last token began */
	const char *why;   /* what is wrong */
	const char *end;   /* a wrong number's, where the message ends too */
	unsigned int depth;
	bool skip; /* the value does not matter: no error of it does */
};

/* enum op - operators of two operands */
enum op {
	OP_NONE,
	OP_OR,
	OP_AND,
	OP_BIT_OR,
	OP_BIT_XOR,
	OP_BIT_AND,
	OP_EQ,
	OP_NE,
	OP_LE,
	OP_GE,
	OP_LEFT,
	OP_RIGHT,
	OP_LT,
	OP_GT,
	OP_ADD,
	OP_SUB,
	OP_POW,
	OP_MUL,
	OP_DIV,
	OP_MOD
};

/* struct known - how an operator is written, longer ones first */
struct known {
	char text[3];
	unsigned char op, level;
};

static const struct known known[] = {
	{ "||", OP_OR, 2 },	{ "&&", OP_AND, 3 },	{ "**", OP_POW, 12 },
	{ "==", OP_EQ, 7 },	{ "!=", OP_NE, 7 },	{ "<=", OP_LE, 8 },
	{ ">=", OP_GE, 8 },	{ "<<", OP_LEFT, 9 },	{ ">>", OP_RIGHT, 9 },
	{ "<", OP_LT, 8 },	{ ">", OP_GT, 8 },	{ "|", OP_BIT_OR, 4 },
	{ "^", OP_BIT_XOR, 5 }, { "&", OP_BIT_AND, 6 }, { "+", OP_ADD, 10 },
	{ "-", OP_SUB, 10 },	{ "*", OP_MUL, 11 },	{ "/", OP_DIV, 11 },
	{ "%", OP_MOD, 11 },
};

static long long fail(struct arith *x, const char *why)
{
	if (!x->why)
		x->why = why;
	return 0;
}

/* The first byte of the next token, which becomes the last one seen. */
static char look(struct arith *x)
{
	while (isspace((unsigned char)*x->p))
		x->p++;
	if (*x->p && !x->why)
		x->token = x->p;
	return x->why ? '\0' : *x->p;
}

static const struct known *operator(struct arith *x)
{
	size_t i;

	if (!look(x))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strncmp(x->p, known[i].text, strlen(known[i].text)))
			return &known[i];
	return NULL;
}

static long long conditional(struct arith *x);

static long long number(struct arith *x)
{
	const char *behind = x->p;
	char *end;
	long long v = (long long)strtoull(x->p, &end, 0);

	while (isalnum((unsigned char)*behind) ||
	       (*behind && strchr("_#@", *behind)))
		behind++;
	/* 09 and 1a are no numbers; what 2#1 is we do not know. */
	if (end != behind) {
		if (!x->why)
			x->end = behind;
		return fail(x, "value too great for base");
	}
	x->p = end;
	return v;
}

static long long variable(struct arith *x, size_t n)
{
	struct arith inner = { .ev = x->ev, .depth = x->depth + 1 };
	const char *value;
	char name[256];
	long long v;

	if (n >= sizeof(name))
		return fail(x, "syntax error: operand expected");
	memcpy(name, x->p, n);
	name[n] = '\0';
	x->p += n;
	value = x->skip ? NULL : var_get(x->ev, name);
	if (!value || !*value)
		return 0;
	if (x->depth > MAX_DEPTH)
		return fail(x, "expression recursion level exceeded");
	inner.text = inner.p = inner.token = value;
	v = conditional(&inner);
	if (look(&inner))
		fail(&inner, "syntax error in expression");
	if (inner.why) {
		x->text = inner.text;
		x->token = inner.token;
		x->end = inner.end;
		return fail(x, inner.why);
	}
	return v;
}

static long long operand(struct arith *x)
{
	char c = look(x);
	size_t n = lex_name(x->p);
	long long v;

	if (x->depth > MAX_DEPTH)
		return fail(x, "expression recursion level exceeded");
	if (c && strchr("!~+-", c)) {
		x->p++;
		x->depth++;
		v = operand(x);
		x->depth--;
		return c == '!'	  ? !v
		       : c == '~' ? ~v
		       : c == '-' ? (long long)-(unsigned long long)v
				  : v;
	}
	if (c == '(') {
		x->p++;
		x->depth++;
		v = conditional(x);
		x->depth--;
		if (look(x) != ')')
			return fail(x, "missing `)'");
		x->p++;
		return v;
	}
	if (isdigit((unsigned char)c))
		return number(x);
	return c && n ? variable(x, n)
		      : fail(x, "syntax error: operand expected");
}

static long long power(long long base, long long exponent)
{
	unsigned long long v = 1, b = (unsigned long long)base;

	for (; exponent > 0; exponent >>= 1, b *= b)
		if (exponent & 1)
			v *= b;
	return (long long)v;
}

static long long divide(struct arith *x, enum op op, long long a, long long b,
			const char *at)
{
	if (b && b != -1)
		return op == OP_DIV ? a / b : a % b;
	if (b)
		return op == OP_DIV ? (long long)-(unsigned long long)a : 0;
	if (x->skip || x->why)
		return 0;
	while (isspace((unsigned char)*at))
		at++;
	x->token = at;
	return fail(x, "division by 0");
}

/* Whatever overflows wraps around. */
static long long apply(struct arith *x, enum op op, long long a, long long b,
		       const char *at)
{
	unsigned long long ua = (unsigned long long)a;
	unsigned long long ub = (unsigned long long)b;

	switch (op) {
	case OP_NONE:
		break;
	case OP_OR:
		return a || b;
	case OP_AND:
		return a && b;
	case OP_BIT_OR:
		return a | b;
	case OP_BIT_XOR:
		return a ^ b;
	case OP_BIT_AND:
		return a & b;
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a != b;
	case OP_LE:
		return a <= b;
	case OP_GE:
		return a >= b;
	case OP_LT:
		return a < b;
	case OP_GT:
		return a > b;
	case OP_LEFT:
		return (long long)(ua << (ub & 63));
	case OP_RIGHT:
		return a >> (ub & 63);
	case OP_ADD:
		return (long long)(ua + ub);
	case OP_SUB:
		return (long long)(ua - ub);
	case OP_MUL:
		return (long long)(ua * ub);
	case OP_POW:
		return b < 0 && !x->skip ? fail(x, "exponent less than 0")
					 : power(a, b);
	case OP_DIV:
	case OP_MOD:
		return divide(x, op, a, b, at);
	}
	return 0;
}

/* Operators of @level and tighter ones, from left to right; ** from right. */
static long long binary(struct arith *x, unsigned int level)
{
	const struct known *k;
	bool skip = x->skip;
	long long v, right;
	const char *at;

	x->depth++;
	v = operand(x);
	while ((k = operator(x)) && k->level >= level) {
		x->p += strlen(k->text);
		at = x->p;
		if ((k->op == OP_AND && !v) || (k->op == OP_OR && v))
			x->skip = true;
		right = binary(x, k->level + (k->op != OP_POW));
		x->skip = skip;
		v = apply(x, (enum op)k->op, v, right, at);
	}
	x->depth--;
	return v;
}

static long long conditional(struct arith *x)
{
	long long v = binary(x, 2), yes, no;
	bool skip = x->skip;

	if (look(x) != '?')
		return v;
	if (x->depth++ > MAX_DEPTH)
		fail(x, "expression recursion level exceeded");
	x->p++;
	x->skip = skip || !v;
	yes = conditional(x);
	if (look(x) != ':')
		fail(x, "`:' expected for conditional expression");
	else
		x->p++;
	x->skip = skip || v;
	no = conditional(x);
	x->skip = skip;
	x->depth--;
	return v ? yes : no;
}

static void complain(const struct arith *x, const struct io *io)
{
	const char *text = x->text + strspn(x->text, " \t\n");
	const char *end = x->end ? x->end : text + strlen(text);

	eval_say(x->ev, io, "%.*s: %s (error token is \"%.*s\")",
		 (int)(end - text), text, x->why, (int)(end - x->token),
		 x->token);
}

bool arith_eval(struct eval *ev, const char *text, const struct io *io,
		long long *ret_value)
{
	struct arith x = { .ev = ev, .text = text, .p = text, .token = text };
	long long v = 0;

	if (look(&x))
		v = conditional(&x);
	if (look(&x))
		fail(&x, "syntax error in expression");
	*ret_value = v;
	if (x.why)
		complain(&x, io);
	return !x.why;
}
