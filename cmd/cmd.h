/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_CMD_H
#define WGQ_CMD_H

#include "wgq.h"

/**
 * struct verb - a verb of the command line
 * @name:	as it is typed
 * @args:	what follows it, for the usage
 * @summary:	what it does, for the usage
 * @run:	does it: @argv[0] is the verb; returns the exit status
 * @wg_quick:	wg-quick has it too
 *
 * Help, the manual and the completions are checked against this table.
 */
struct verb {
	const char *name;
	const char *args;
	const char *summary;
	int (*run)(struct wgq_opts *o, int argc, char **argv);
	bool wg_quick;
};

/** verbs - all of them, ended by one without a name */
extern const struct verb verbs[];

int cmd_up(struct wgq_opts *o, int argc, char **argv);
int cmd_down(struct wgq_opts *o, int argc, char **argv);
int cmd_save(struct wgq_opts *o, int argc, char **argv);
int cmd_strip(struct wgq_opts *o, int argc, char **argv);

/**
 * cmd_target() - take the one argument of a verb, or its --help
 * @o:		receives the target
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
