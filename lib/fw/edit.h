/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_EDIT_H
#define WGQ_FW_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "fw/ruleset.h"

/**
 * DOC: a change of a ruleset as data
 *
 * Whatever decides on a change (a directive, a hook line, a clean-up) makes a
 * list of edits against the ruleset that it read.  The same list changes that
 * ruleset in memory, is printed as the commands that it amounts to, and goes to
 * the kernel in one transaction a backend, which fails as a whole where the
 * kernel's ruleset is no longer the one that was read.
 */

/** enum fw_edit_kind - what changes */
enum fw_edit_kind {
	FW_E_TABLE_ADD,
	FW_E_TABLE_DEL,
	FW_E_CHAIN_ADD,
	FW_E_CHAIN_DEL,
	FW_E_CHAIN_RENAME,
	FW_E_CHAIN_FLUSH, /* delete its rules */
	FW_E_CHAIN_ZERO,  /* zero its counters */
	FW_E_POLICY,
	FW_E_RULE_ADD,
	FW_E_RULE_DEL,
	FW_E_RULE_REPLACE,
};

/**
 * struct fw_edit - one change
 * @kind:	what
 * @backend:	where
 * @family:	family of the table
 * @table:	name of the table
 * @chain:	name of the chain, NULL for edits of a table
 * @new_name:	name after FW_E_CHAIN_RENAME
 * @at:		index of the rule within the chain as it is once the edits
 *		before this one are done: where FW_E_RULE_ADD puts it, which one
 *		FW_E_RULE_DEL and FW_E_RULE_REPLACE mean
 * @append:	FW_E_RULE_ADD at the end, whatever @at
 * @rule:	rule to add; with FW_E_RULE_DEL the one that goes
 * @native:	write it with expressions of nf_tables' own: the table is ours
 * @base:	FW_E_CHAIN_ADD: it is a base chain, and the fields below count
 * @type:	"filter", "nat" or "route"
 * @hook:	where it hooks in
 * @priority:	its priority
 * @policy:	FW_E_CHAIN_ADD and FW_E_POLICY: FW_S_ACCEPT or FW_S_DROP
 */
struct fw_edit {
	enum fw_edit_kind kind;
	enum fw_backend backend;
	uint8_t family;
	const char *table, *chain, *new_name;
	size_t at;
	bool append;
	struct fw_rule *rule;
	bool native;
	bool base;
	const char *type;
	enum fw_hook hook;
	int32_t priority;
	enum fw_stmt_kind policy;
};

/**
 * struct fw_edits - a list of edits
 * @arena:	owns the edits and what they point to, but for what is the
 *		ruleset's, which they must not outlive
 */
struct fw_edits {
	struct arena arena;
	struct fw_edit *v;
	size_t n, cap;
};

/** fw_edit_add() - append an edit; Return: it, zeroed, or NULL: no memory */
struct fw_edit *fw_edit_add(struct fw_edits *es, enum fw_edit_kind kind,
			    enum fw_backend backend, uint8_t family,
			    const char *table, const char *chain);

/** fw_edits_done() - release the list */
void fw_edits_done(struct fw_edits *es);

/**
 * fw_edit_apply() - change a ruleset in memory as the kernel would be
 * @rs:		ruleset; new tables, chains and rules are copied into its arena
 * @ed:		edit
 * @e:		filled on failure
 *
 * Return: 0, -ENOENT where table, chain or rule is not there, -EEXIST where it
 * is already, -EBUSY where a chain is jumped to or not empty, or -ENOMEM.
 */
int fw_edit_apply(struct fw_ruleset *rs, const struct fw_edit *ed,
		  struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * fw_edit_print() - the command that an edit amounts to
 * @ed:		edit
 * @out:	receives "iptables -I FORWARD 3 -i wg0 -j ACCEPT", or an nft
 *		command for tables that are not iptables', no newline
 *
 * A rule counts from 1, as iptables does.
 */
void fw_edit_print(const struct fw_edit *ed, struct buf *out);

#endif
