// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "hook/ast.h"

const char *const keyword_names[KEYWORDS] = {
	[KW_IF] = "if",
	[KW_THEN] = "then",
	[KW_ELIF] = "elif",
	[KW_ELSE] = "else",
	[KW_FI] = "fi",
	[KW_WHILE] = "while",
	[KW_UNTIL] = "until",
	[KW_FOR] = "for",
	[KW_DO] = "do",
	[KW_DONE] = "done",
	[KW_OPEN] = "{",
	[KW_CLOSE] = "}",
	[KW_ESAC] = "esac",
	[KW_BANG] = "!",
	[KW_CASE] = "case",
	[KW_SELECT] = "select",
	[KW_FUNCTION] = "function",
	[KW_TIME] = "time",
	[KW_COPROC] = "coproc",
	[KW_TEST] = "[[",
};

/* struct known - a builtin that the evaluator has */
struct known {
	const char *name;
	enum builtin builtin;
};

static const struct known known[] = {
	{ "true", BUILTIN_TRUE },	  { ":", BUILTIN_TRUE },
	{ "false", BUILTIN_FALSE },	  { "echo", BUILTIN_ECHO },
	{ "printf", BUILTIN_PRINTF },	  { "test", BUILTIN_TEST },
	{ "[", BUILTIN_BRACKET },	  { "exit", BUILTIN_EXIT },
	{ "return", BUILTIN_EXIT },	  { "export", BUILTIN_EXPORT },
	{ "unset", BUILTIN_UNSET },	  { "set", BUILTIN_SET },
	{ "shift", BUILTIN_SHIFT },	  { "break", BUILTIN_BREAK },
	{ "continue", BUILTIN_CONTINUE },
};

/* Builtins of bash 5.2 that change the shell or that only it can do. */
static const char *const other_builtins[] = {
	".",	  "alias",   "bg",	"bind",	     "builtin",	 "caller",
	"cd",	  "command", "compgen", "complete",  "compopt",	 "declare",
	"dirs",	  "disown",  "enable",	"eval",	     "exec",	 "fc",
	"fg",	  "getopts", "hash",	"help",	     "history",	 "jobs",
	"kill",	  "let",     "local",	"logout",    "mapfile",	 "popd",
	"pushd",  "pwd",     "read",	"readarray", "readonly", "shopt",
	"source", "suspend", "times",	"trap",	     "type",	 "typeset",
	"ulimit", "umask",   "unalias", "wait",
};

/* Functions of wg-quick, which a hook can call (HOOK-4). */
static const char *const functions[] = {
	"cmd",		 "die",	       "parse_options",
	"read_bool",	 "auto_su",    "add_if",
	"del_if",	 "add_addr",   "set_mtu_up",
	"set_dns",	 "unset_dns",  "resolvconf_iface_prefix",
	"add_route",	 "get_fwmark", "remove_firewall",
	"add_default",	 "set_config", "save_config",
	"execute_hooks", "cmd_usage",  "cmd_up",
	"cmd_down",	 "cmd_save",   "cmd_strip",
};

/* Variables that bash makes up, or whose change changes bash. */
static const char *const magic[] = {
	"_",	    "BASH",	     "BASHOPTS",     "BASHPID",
	"DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID",
	"FUNCNAME", "GROUPS",	     "HISTCMD",	     "HOSTNAME",
	"HOSTTYPE", "IFS",	     "LINENO",	     "MACHTYPE",
	"OLDPWD",   "OPTARG",	     "OPTERR",	     "OPTIND",
	"OSTYPE",   "PIPESTATUS",    "PPID",	     "PS4",
	"PWD",	    "RANDOM",	     "REPLY",	     "SECONDS",
	"SHELL",    "SHELLOPTS",     "SHLVL",	     "SRANDOM",
	"TERM",	    "UID",	     "COLUMNS",	     "LINES",
};

static const char *const fixed[] = {
	"CDPATH",     "ENV",
	"EXECIGNORE", "FUNCNEST",
	"GLOBIGNORE", "IGNOREEOF",
	"INPUTRC",    "LANG",
	"PATH",	      "POSIXLY_CORRECT",
	"PS1",	      "PS2",
	"PS3",	      "PS0",
	"TMOUT",      "TMPDIR",
	"TIMEFORMAT", "auto_resume",
	"histchars",  "CHILD_MAX",
	"TZ",
};

static bool is_in(const char *const *v, size_t n, const char *s)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(v[i], s))
			return true;
	return false;
}

enum builtin name_builtin(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].builtin;
	return BUILTIN_NONE;
}

bool name_is_shells(const char *name)
{
	return name_builtin(name) != BUILTIN_NONE ||
	       is_in(keyword_names + 1, KEYWORDS - 1, name) ||
	       is_in(other_builtins, ARRAY_SIZE(other_builtins), name) ||
	       is_in(functions, ARRAY_SIZE(functions), name);
}

static const char *reason(struct arena *a, const char *what, const char *name)
{
	const char *why = arena_printf(a, "%s %s", what, name);

	return why ? why : what;
}

const char *name_command_refused(const char *name, struct arena *a)
{
	if (is_in(other_builtins, ARRAY_SIZE(other_builtins), name))
		return reason(a, "uses the builtin", name);
	if (is_in(functions, ARRAY_SIZE(functions), name))
		return reason(a, "calls wg-quick's function", name);
	/* A job of the shell, which has none. */
	if (*name == '%')
		return "names a job";
	return NULL;
}

const char *name_variable_refused(const char *name, bool set, struct arena *a)
{
	if (is_in(magic, ARRAY_SIZE(magic), name) ||
	    !strncmp(name, "BASH_", 5) || !strncmp(name, "COMP_", 5))
		return reason(a, "uses the shell's own variable", name);
	if (set && (is_in(fixed, ARRAY_SIZE(fixed), name) ||
		    !strncmp(name, "LC_", 3) || !strncmp(name, "HIST", 4)))
		return reason(a, "sets", name);
	return NULL;
}
