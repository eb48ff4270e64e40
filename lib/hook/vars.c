// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "hook/eval.h"

static const char *environment(const struct eval *ev, const char *name)
{
	const char *const *e = ev->world->env;
	size_t n = strlen(name);

	for (; e && *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

static const struct var *find(const struct eval *ev, const char *name)
{
	const struct var *v;

	for (v = ev->sh.vars; v; v = v->next)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

const char *var_get(const struct eval *ev, const char *name)
{
	const struct var *v = find(ev, name);

	return v ? v->value : environment(ev, name);
}

static void push(struct eval *ev, const char *name, const char *value,
		 bool exported)
{
	struct var *v = arena_alloc(&ev->a, sizeof(*v));
	char *copy = NULL, *own = arena_strndup(&ev->a, name, strlen(name));

	if (value)
		copy = arena_strndup(&ev->a, value, strlen(value));
	if (!v || !own || (value && !copy)) {
		eval_no_memory(ev);
		return;
	}
	*v = (struct var){ .next = ev->sh.vars,
			   .name = own,
			   .value = copy,
			   .exported = exported };
	ev->sh.vars = v;
}

void var_set(struct eval *ev, const char *name, const char *value)
{
	const struct var *v = find(ev, name);

	push(ev, name, value, v ? v->exported : environment(ev, name) != NULL);
}

void var_export(struct eval *ev, const char *name, const char *value)
{
	push(ev, name, value ? value : var_get(ev, name), true);
}

void var_unset(struct eval *ev, const char *name)
{
	push(ev, name, NULL, false);
}

static const char *change(struct eval *ev, const struct var *v, struct arena *a)
{
	const char *now = environment(ev, v->name);

	if (v->exported && v->value) {
		if (now && !strcmp(now, v->value))
			return NULL;
		now = arena_printf(a, "%s=%s", v->name, v->value);
	} else if (!now) {
		return NULL;
	} else {
		now = v->name;
	}
	return now ? now : eval_no_memory(ev);
}

const char *const *var_changes(struct eval *ev, struct arena *a)
{
	const char **v, *text;
	const struct var *var;
	size_t n = 0;

	for (var = ev->sh.vars; var; var = var->next)
		n++;
	v = arena_array(a, n + 1, sizeof(*v));
	if (!v)
		return eval_no_memory(ev);
	n = 0;
	for (var = ev->sh.vars; var; var = var->next) {
		if (find(ev, var->name) != var)
			continue;
		text = change(ev, var, a);
		if (text)
			v[n++] = text;
	}
	return v;
}
