/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_APPLY_HOOK_H
#define WGQ_APPLY_HOOK_H

#include <limits.h>

#include "base/err.h"
#include "plan/snapshot.h"
#include "plan/step.h"

struct run;
struct fw_edits;
struct ipt_command;
struct fw_ruleset;

/**
 * run_hook() - carry out a hook line
 * @r:		run
 * @s:		hook
 * @e:		filled on failure, its status the hook's
 *
 * In the process where the whole line is understood; else by bash, or sh.
 *
 * Return: 0 or -errno, -ECANCELED when the hook itself failed.
 */
int run_hook(struct run *r, const struct step_hook *s, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_hooks_forward() - for which families do hooks ask for forwarding?
 * @r:		run, its hooks not yet begun
 * @ret:	set, by index of the family, where a PreUp or PostUp hook
 *accepts on FORWARD what comes in or goes out by the tunnel
 * @e:		filled on failure
 *
 * Where hooks stand to the letter they ask for nothing else.
 *
 * Return: 0 or -errno.
 */
int run_hooks_forward(struct run *r, bool ret[SNAP_FAMILIES], struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * hook_accepts() - does a command add an accept that names the tunnel?
 * @cmd:	command
 * @ifname:	the tunnel
 */
bool hook_accepts(const struct ipt_command *cmd, const char *ifname);

/**
 * run_find_shell() - the shell for what is truly shell: bash, else sh
 *
 * Return: 0, or -ENOENT or the like with @e filled as for a missing command.
 */
int run_find_shell(struct run *r, char ret_path[PATH_MAX], struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_hook_text() - carry out a command of our own as a hook would be
 *
 * It stands where it says, to the letter, and what it says on stderr is the
 * error.
 *
 * Return: 0 or -errno.
 */
int run_hook_text(struct run *r, const char *text, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_remember_edits() - note what takes edits back, before they are made
 * @r:		run
 * @rs:		ruleset before them
 * @es:		edits of a hook's command
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int run_remember_edits(struct run *r, const struct fw_ruleset *rs,
		       const struct fw_edits *es, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** run_forget_edits() - the edits just remembered were not made */
void run_forget_edits(struct run *r);

/**
 * run_undo_edits() - take back what hooks did in the process, last one first
 *
 * Return: 0, or the first failure; the rest is done all the same.
 */
int run_undo_edits(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_unmake_tables() - remove tables and base chains that hooks brought to
 * life, where they are empty again
 *
 * Return: 0 or -errno.
 */
int run_unmake_tables(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
