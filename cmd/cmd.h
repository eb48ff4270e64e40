/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_CMD_H
#define WGQ_CMD_H

#include "wgq.h"

/** enum option_value - does an option take a value? */
enum option_value { VALUE_NONE, VALUE_OPTIONAL, VALUE_REQUIRED };

/**
 * struct verb_option - an option of a verb
 * @name:	as it is typed, without its dashes
 * @value:	whether a value follows it, by `=`, or as the next word where it
 *		is required
 * @value_name:	what the value is, for the usage
 * @summary:	what it does, for the usage
 * @offset:	of the `const char *` of struct wgq_opts that takes the value;
 *		of the `bool` where there is none
 */
struct verb_option {
	const char *name;
	enum option_value value;
	const char *value_name;
	const char *summary;
	size_t offset;
};

/**
 * struct verb - a verb of the command line
 * @name:	as it is typed
 * @args:	what follows it, for the usage
 * @summary:	what it does, for the usage
 * @run:	does it: @argv[0] is the verb; returns the exit status
 * @wg_quick:	wg-quick has it too
 * @no_target:	it can do without a target
 * @options:	its options besides --help, ended by one without a name; or NULL
 *
 * Help, the manual and the completions are checked against this table.
 */
struct verb {
	const char *name;
	const char *args;
	const char *summary;
	int (*run)(struct wgq_opts *o, int argc, char **argv);
	bool wg_quick;
	bool no_target;
	const struct verb_option *options;
};

/** verbs - all of them, ended by one without a name */
extern const struct verb verbs[];

int cmd_up(struct wgq_opts *o, int argc, char **argv);
int cmd_down(struct wgq_opts *o, int argc, char **argv);
int cmd_save(struct wgq_opts *o, int argc, char **argv);
int cmd_strip(struct wgq_opts *o, int argc, char **argv);
int cmd_hooks(struct wgq_opts *o, int argc, char **argv);
int cmd_explain(struct wgq_opts *o, int argc, char **argv);

/**
 * cmd_target() - take the options and the one argument of a verb
 * @o:		receives them
 * @verb:	name of the verb
 * @argc:	words of the verb and what follows it
 * @argv:	the words
 * @ret_status:	exit status if there is nothing left to do
 *
 * Called as wg-quick, nothing is taken for an option (CLI-3).
 *
 * Return: whether to go on.
 */
bool cmd_target(struct wgq_opts *o, const char *verb, int argc, char **argv,
		int *ret_status);

/**
 * cmd_end() - print the error of a run, if any
 *
 * Return: the exit status.  A run that a signal ended dies by that signal
 * here, so that a shell or systemd sees what happened.
 */
int cmd_end(const struct wgq_opts *o, int ret, const struct wgq_err *e);

#endif
