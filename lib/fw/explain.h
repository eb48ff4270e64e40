/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_EXPLAIN_H
#define WGQ_FW_EXPLAIN_H

#include "base/buf.h"
#include "fw/walk.h"

/**
 * fw_print_chain() - the name by which a person finds a chain
 * @c:		chain
 * @out:	receives "ip filter FORWARD", with " (legacy)" behind it for a
 *		table of legacy xtables
 */
void fw_print_chain(const struct fw_chain *c, struct buf *out);

/**
 * fw_print_culprit() - what refuses, in words
 * @by:		culprit
 * @out:	receives "rule 7 of FORWARD: -j REJECT, laid by ufw" or
 *		"the policy of FORWARD"
 */
void fw_print_culprit(const struct fw_culprit *by, struct buf *out);

/**
 * fw_explain() - tell a person what a ruleset does with a flow
 * @rs:		ruleset
 * @f:		flow
 * @out:	receives a line for each base chain on the way, lines for what
 *		refuses parts, indented, and a last line with the outcome
 *
 * Return: 0, -ELOOP or -ENOMEM.
 */
int fw_explain(const struct fw_ruleset *rs, const struct fw_flow *f,
	       struct buf *out) __attribute__((warn_unused_result));

/**
 * fw_explain_json() - the same for a program
 * @out:	receives an object without a newline: "outcome" is "passes",
 *		"partly" or "refused"; "chains" has an object for each base
 *		chain with "backend", "family", "table", "chain", "priority",
 *		"fate", "by" where it refuses, and "parts"
 *
 * Return: 0, -ELOOP or -ENOMEM.
 */
int fw_explain_json(const struct fw_ruleset *rs, const struct fw_flow *f,
		    struct buf *out) __attribute__((warn_unused_result));

#endif
