// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/hook.h"

#include <string.h>

/* Names of wg-quick's arrays of hooks, by phase. */
static const char *const phase_array[] = {
	[CONF_PRE_UP] = "PRE_UP",
	[CONF_POST_UP] = "POST_UP",
	[CONF_PRE_DOWN] = "PRE_DOWN",
	[CONF_POST_DOWN] = "POST_DOWN",
};

/*
 * The functions of wg-quick that a hook can sensibly call (HOOK-4).  Those
 * that build the tunnel are left out: here it is not the shell that does.
 */
static const char functions[] =
	"cmd() { printf '[#] %s\\n' \"$*\" >&2; \"$@\"; }\n"
	"die() { printf '%s: %s\\n' \"$PROGRAM\" \"$*\" >&2; exit 1; }\n"
	"get_fwmark() {\n"
	"\tset -- \"$1\" \"$(wg show \"$INTERFACE\" fwmark)\" || return 1\n"
	"\tcase \"$2\" in ''|off) return 1 ;; esac\n"
	"\teval \"$1=\\$((\\$2))\"\n"
	"}\n";

static void quote(struct buf *out, const char *s)
{
	buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '\'');
}

static void assign(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s=", name);
	quote(out, value ? value : "");
	buf_addc(out, '\n');
}

static void assign_array(struct buf *out, const char *name,
			 const struct conf_list *list)
{
	size_t i;

	buf_addf(out, "%s=(", name);
	for (i = 0; i < list->n; i++) {
		buf_addc(out, ' ');
		quote(out, list->v[i].s);
	}
	buf_adds(out, " )\n");
}

static void assign_arrays(struct buf *out, const struct conf *conf)
{
	size_t i;

	assign_array(out, "ADDRESSES", &conf->address);
	assign_array(out, "DNS", &conf->dns);
	assign_array(out, "DNS_SEARCH", &conf->dns_search);
	for (i = 0; i < CONF_PHASES; i++)
		assign_array(out, phase_array[i], &conf->hooks[i]);
}

/*
 * The line is given to eval in a subshell within a function, as wg-quick does,
 * so that a syntax error, `exit`, `return`, `local` and errexit do the same.
 */
void hook_shell_script(const struct hook *hook, const struct conf *conf,
		       enum conf_phase phase, const char *program,
		       enum hook_shell shell, struct buf *out)
{
	(void)phase;
	if (shell == HOOK_BASH)
		buf_adds(out, "set -e -o pipefail\nshopt -s extglob\n");
	else
		buf_adds(out, "set -e\n"
			      "if (set -o pipefail) 2>/dev/null; then "
			      "set -o pipefail; fi\n");
	assign(out, "PROGRAM", program);
	assign(out, "INTERFACE", conf->ifname);
	assign(out, "CONFIG_FILE", conf->path);
	assign(out, "MTU", conf->mtu.s);
	assign(out, "TABLE", conf->table.s);
	assign(out, "SAVE_CONFIG", conf->save_config ? "1" : "0");
	if (shell == HOOK_BASH)
		assign_arrays(out, conf);
	buf_adds(out, functions);
	assign(out, "hook", hook->text);
	buf_adds(out, "execute_hooks() { (eval \"$hook\"); }\n"
		      "execute_hooks \"$@\"\n");
}

const char *const *hook_shell_argv(const char *shell_path, const char *script,
				   const struct conf *conf,
				   enum conf_phase phase, const char *program,
				   struct arena *a)
{
	const struct conf_list *hooks = &conf->hooks[phase];
	const char **argv = arena_array(a, hooks->n + 5, sizeof(*argv));
	size_t i;

	if (!argv)
		return NULL;
	argv[0] = shell_path;
	argv[1] = "-c";
	argv[2] = script;
	argv[3] = program;
	for (i = 0; i < hooks->n; i++)
		argv[4 + i] = hooks->v[i].s;
	return argv;
}
