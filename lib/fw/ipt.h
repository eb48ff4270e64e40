/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_IPT_H
#define WGQ_FW_IPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "fw/edit.h"

/**
 * DOC: iptables arguments
 *
 * The words of an iptables or ip6tables command become a struct ipt_command,
 * and that, held against a ruleset, becomes edits.  Exit status and the first
 * line on stderr are the real program's (1.8.9, nf_tables or legacy as the name
 * says).  What is not known here is said to be unknown, so that the caller can
 * execute the real program instead.
 */

/** enum ipt_op - what a command does */
enum ipt_op {
	IPT_APPEND,
	IPT_INSERT,
	IPT_REPLACE,
	IPT_DELETE,
	IPT_CHECK,
	IPT_POLICY,
	IPT_NEW_CHAIN,
	IPT_DELETE_CHAIN,
	IPT_RENAME_CHAIN,
	IPT_FLUSH,
	IPT_ZERO,
};

/**
 * struct ipt_command - a parsed command
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @backend:	engine it is for
 * @op:		what it does
 * @table:	table, "filter" by default
 * @chain:	chain, NULL = all of the table
 * @new_name:	IPT_RENAME_CHAIN
 * @rulenum:	position counted from 1, 0 = none was given
 * @rule:	rules: one, or the product of several -s and -d addresses
 * @n_rule:	their number; 0 where the operation takes none
 * @policy:	IPT_POLICY
 */
struct ipt_command {
	uint8_t family;
	enum fw_backend backend;
	enum ipt_op op;
	const char *table, *chain, *new_name;
	unsigned int rulenum;
	struct fw_rule **rule;
	size_t n_rule;
	enum fw_stmt_kind policy;
};

/**
 * struct ipt_failure - how the real program would fail
 * @status:	exit status: 1, 2, 3 or 4
 * @text:	what it writes on stderr, its first line as it stands, lines
 *		separated by newlines, without the last one
 */
struct ipt_failure {
	int status;
	const char *text;
};

/** enum ipt_result - what came of a command */
enum ipt_result {
	IPT_OK,
	IPT_FAILS,   /* the real program would fail: see struct ipt_failure */
	IPT_UNKNOWN, /* not known here: execute the real program */
	IPT_NO_MEMORY,
};

/**
 * ipt_names() - is a word the name of one of these programs?
 * @name:	"iptables", "/sbin/ip6tables-legacy", ...
 * @ret_family:	receives NFPROTO_IPV4 or NFPROTO_IPV6
 * @ret_backend: receives the engine that the name says
 * @ret_fixed:	receives whether the name says one at all
 */
bool ipt_names(const char *name, uint8_t *ret_family,
	       enum fw_backend *ret_backend, bool *ret_fixed);

/**
 * ipt_parse() - parse the words of a command
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @backend:	engine it will go to; some messages differ
 * @argv:	words after the program's name
 * @argc:	their number
 * @a:		owns the result
 * @ret:	the command
 * @why:	filled with IPT_FAILS, and with the reason in @text (status 0)
 *		for IPT_UNKNOWN
 *
 * Return: a result; pure, so host names and missing modules are IPT_UNKNOWN.
 */
enum ipt_result ipt_parse(uint8_t family, enum fw_backend backend,
			  const char *const *argv, size_t argc, struct arena *a,
			  struct ipt_command *ret, struct ipt_failure *why);

/**
 * ipt_plan() - what a command changes in a ruleset
 * @cmd:	command
 * @rs:		ruleset; a table or chain of iptables that is not there counts
 *		as empty with policy ACCEPT, and the edits create it
 * @es:		receives the edits
 * @a:		owns what @why points to
 * @why:	filled with IPT_FAILS
 *
 * Return: a result; IPT_OK without edits for a check that succeeds.
 */
enum ipt_result ipt_plan(const struct ipt_command *cmd,
			 const struct fw_ruleset *rs, struct fw_edits *es,
			 struct arena *a, struct ipt_failure *why);

/**
 * ipt_builtin() - hook, priority and type of a built-in chain
 * @table:	"filter", "nat", "mangle", "raw" or "security"
 * @chain:	"INPUT", ...
 *
 * Return: whether iptables has such a chain.
 */
bool ipt_builtin(const char *table, const char *chain, enum fw_hook *ret_hook,
		 int32_t *ret_priority, const char **ret_type);

#endif
