// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/hook_class.h"

#include <errno.h>
#include <string.h>

#include "apply/native.h"
#include "hook/script.h"

struct judge {
	struct arena *a;
	struct hook_class *c;
};

static bool all_literal(const struct hook_command *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!c->words[i])
			return false;
	return true;
}

/*
 * Words that are computed are not known before they are.  A native command is
 * then tried, and the program takes its place where it does not take them.
 */
static bool is_native(const struct hook_command *c, const char **why)
{
	const struct native *n = c->name ? native_find(c->name) : NULL;

	return n && (!all_literal(c) || n->takes(c->words, c->n, why));
}

static int add_program(struct judge *j, const struct hook_command *c,
		       const char *why)
{
	struct hook_class *k = j->c;
	struct hook_program *p;
	size_t i;

	for (i = 0; c->name && i < k->n_program; i++)
		if (k->program[i].name &&
		    !strcmp(k->program[i].name, c->name)) {
			k->program[i].needed |= !c->conditional && !c->forgiven;
			return 0;
		}
	p = arena_grow(j->a, &k->program, k->n_program, &k->cap_program,
		       sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->name =
		c->name ? arena_strndup(j->a, c->name, strlen(c->name)) : NULL;
	if (c->name && !p->name)
		return -ENOMEM;
	p->needed = c->name && !c->conditional && !c->forgiven;
	p->why = why;
	k->n_program++;
	return 0;
}

static int seen(void *ctx, const struct hook_command *c)
{
	const char *why = NULL;

	if (c->builtin || is_native(c, &why))
		return 0;
	return add_program(ctx, c, why);
}

static int say_programs(struct hook_class *k, struct arena *a)
{
	struct buf out = { 0 };
	size_t i;

	for (i = 0; i < k->n_program; i++) {
		buf_addf(&out, "%s%s", i ? ", " : "executes ",
			 k->program[i].name ? k->program[i].name
					    : "what it computes");
		if (k->program[i].why)
			buf_addf(&out, " (%s)", k->program[i].why);
	}
	k->why = out.failed ? NULL : arena_strndup(a, out.p, out.len);
	buf_done(&out);
	return k->why ? 0 : -ENOMEM;
}

int hook_classify(const char *text, struct arena *a, struct hook_class *ret)
{
	struct judge j = { .a = a, .c = ret };
	const struct hook_script *script;
	const char *why;
	int err;

	*ret = (struct hook_class){ .way = HOOK_NATIVE, .why = "" };
	err = hook_script_parse(text, a, &script, &why);
	if (err)
		return err;
	if (!script) {
		ret->way = strncmp(why, "syntax error", 12) ? HOOK_BY_SHELL
							    : HOOK_INVALID;
		ret->why = why;
		return 0;
	}
	err = hook_script_commands(script, seen, &j);
	if (err || !ret->n_program)
		return err;
	ret->way = HOOK_EXECUTES;
	return say_programs(ret, a);
}

const char *hook_way_name(enum hook_way way)
{
	switch (way) {
	case HOOK_NATIVE:
		return "native";
	case HOOK_EXECUTES:
		return "exec";
	case HOOK_BY_SHELL:
		return "shell";
	case HOOK_INVALID:
		break;
	}
	return "invalid";
}
