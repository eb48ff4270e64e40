/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_EXPR_H
#define WGQ_FW_NFT_EXPR_H

#include <linux/netlink.h>
#include <stdint.h>

#include "base/arena.h"
#include "fw/ruleset.h"

/**
 * nft_expr_read() - make the expressions of a rule into matches and statements
 * @a:		owns what @r gets
 * @t:		table that the rule is in
 * @exprs:	NFTA_RULE_EXPRESSIONS; NULL = none
 * @r:		receives matches, statements, counters and legible
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int nft_expr_read(struct arena *a, const struct fw_table *t,
		  const struct nlattr *exprs, struct fw_rule *r)
	__attribute__((warn_unused_result));

/**
 * nft_verdict_read() - say a verdict in words of a rule
 * @a:		owns the name of a chain
 * @data:	nest that holds NFTA_DATA_VERDICT
 * @ret_kind:	receives FW_S_ACCEPT to FW_S_QUEUE, or FW_S_EXPR for "continue",
 *		which decides nothing
 * @ret_chain:	receives the chain of a jump or goto, else NULL
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int nft_verdict_read(struct arena *a, const struct nlattr *data,
		     enum fw_stmt_kind *ret_kind, const char **ret_chain)
	__attribute__((warn_unused_result));

#endif
