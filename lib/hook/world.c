// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/cleanup.h"
#include "hook/script.h"

/* Names of wg-quick's arrays of hooks, by phase. */
static const char *const phase_array[] = {
	[CONF_PRE_UP] = "PRE_UP",
	[CONF_POST_UP] = "POST_UP",
	[CONF_PRE_DOWN] = "PRE_DOWN",
	[CONF_POST_DOWN] = "POST_DOWN",
};

#define MAX_VARS 16

static void set(struct hook_var *v, struct hook_world *w, const char *name,
		const char *value)
{
	v[w->n_vars++] = (struct hook_var){ name, value ? value : "" };
}

/* An empty array has no first element: the variable counts as unset. */
static void set_array(struct hook_var *v, struct hook_world *w,
		      const char *name, const struct conf_list *list)
{
	if (list->n)
		set(v, w, name, list->v[0].s);
}

int hook_world_init(struct hook_world *w, const struct conf *conf,
		    enum conf_phase phase, const char *program,
		    const char *text, struct arena *a)
{
	const struct conf_list *hooks = &conf->hooks[phase];
	struct hook_var *v = arena_array(a, MAX_VARS, sizeof(*v));
	const char **args = arena_array(a, hooks->n, sizeof(*args));
	size_t i;

	if (!v || !args)
		return -ENOMEM;
	w->n_vars = 0;
	set(v, w, "PROGRAM", program);
	set(v, w, "INTERFACE", conf->ifname);
	set(v, w, "CONFIG_FILE", conf->path);
	set(v, w, "MTU", conf->mtu.s);
	set(v, w, "TABLE", conf->table.s);
	set(v, w, "SAVE_CONFIG", conf->save_config ? "1" : "0");
	set(v, w, "hook", text);
	set_array(v, w, "ADDRESSES", &conf->address);
	set_array(v, w, "DNS", &conf->dns);
	set_array(v, w, "DNS_SEARCH", &conf->dns_search);
	for (i = 0; i < CONF_PHASES; i++)
		set_array(v, w, phase_array[i], &conf->hooks[i]);
	for (i = 0; i < hooks->n; i++)
		args[i] = hooks->v[i].s;
	w->vars = v;
	w->args = args;
	w->n_args = hooks->n;
	w->self = program;
	return 0;
}
