// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "apply/hook.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "fw/ipt.h"
#include "hook/hook.h"
#include "hook/script.h"

struct forwards {
	const struct run *r;
	bool *families;
};

static bool names_tunnel(const struct fw_rule *rule, const char *ifname)
{
	const struct fw_match *m;
	size_t i;

	for (i = 0; i < rule->n_match; i++) {
		m = &rule->match[i];
		if ((m->kind == FW_M_IIF || m->kind == FW_M_OIF) &&
		    !m->invert && !m->iface.prefix &&
		    !strcmp(m->iface.name, ifname))
			return true;
	}
	return false;
}

static bool accepts(const struct fw_rule *rule)
{
	return rule->n_stmt == 1 && rule->stmt[0].kind == FW_S_ACCEPT;
}

bool hook_accepts(const struct ipt_command *cmd, const char *ifname)
{
	size_t i;

	if ((cmd->op != IPT_APPEND && cmd->op != IPT_INSERT) ||
	    strcmp(cmd->table, "filter"))
		return false;
	for (i = 0; i < cmd->n_rule; i++)
		if (accepts(cmd->rule[i]) && names_tunnel(cmd->rule[i], ifname))
			return true;
	return false;
}

/* Words that are computed are not known yet: then nothing is asked for. */
static int seen(void *ctx, const struct hook_command *c)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct ipt_failure failure = { 0 };
	struct forwards *f = ctx;
	enum fw_backend backend;
	struct ipt_command cmd;
	uint8_t family;
	bool fixed;
	size_t i;

	if (!c->name || !ipt_names(c->name, &family, &backend, &fixed))
		return 0;
	for (i = 0; i < c->n; i++)
		if (!c->words[i])
			return 0;
	if (ipt_parse(family, backend, c->words + 1, c->n - 1, &a, &cmd,
		      &failure) == IPT_OK &&
	    !strcmp(cmd.chain, "FORWARD") &&
	    hook_accepts(&cmd, f->r->conf.ifname))
		f->families[snap_family(family)] = true;
	return 0;
}

static int look_at(struct run *r, const char *text, struct forwards *f)
{
	cleanup(arena_done) struct arena a = { 0 };
	const struct hook_script *script;
	const char *why;
	struct hook hook;
	int ret;

	ret = hook_parse(text, r->conf.ifname, &a, &hook);
	if (!ret)
		ret = hook_script_parse(hook.text, &a, &script, &why);
	return ret || !script ? ret : hook_script_commands(script, seen, f);
}

int run_hooks_forward(struct run *r, bool ret[SNAP_FAMILIES], struct wgq_err *e)
{
	static const enum conf_phase phases[] = { CONF_PRE_UP, CONF_POST_UP };
	struct forwards f = { .r = r, .families = ret };
	const struct conf_list *hooks;
	size_t i, j;

	if (r->o->literal || r->o->as_wg_quick ||
	    (r->o->hooks && !strcmp(r->o->hooks, "none")))
		return 0;
	for (i = 0; i < ARRAY_SIZE(phases); i++) {
		hooks = &r->conf.hooks[phases[i]];
		for (j = 0; j < hooks->n; j++)
			if (look_at(r, hooks->v[j].s, &f))
				return err_sys(e, -ENOMEM, "hooks");
	}
	return 0;
}
