/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_READ_H
#define WGQ_FW_NFT_READ_H

#include <linux/netlink.h>

#include "base/err.h"
#include "fw/ruleset.h"

/**
 * nft_read() - take one message of an nf_tables dump into a ruleset
 * @rs:		ruleset; tables must come before chains, sets before elements
 *		and rules
 * @nlh:	NFT_MSG_NEWTABLE, NEWCHAIN, NEWSET, NEWSETELEM, NEWRULE or
 *NEWGEN, whole (nlmsg_len bytes are there), its content not trusted
 * @e:		filled on failure
 *
 * Families other than ip, ip6 and inet, and other message types, are passed
 * over.  Rules come in the order of their chain.  Registers are followed
 * through meta, payload, ct, bitwise, cmp, range and lookup, so that what
 * iptables, nft and the managers write becomes the same matches; the rest is
 * kept as FW_M_EXPR or FW_S_EXPR.  What the set of a lookup holds is resolved
 * by nft_read_end().
 *
 * Return: 0, -EBADMSG for a message whose lengths do not add up or that names a
 * table or chain that was not dumped, or -ENOMEM.
 */
int nft_read(struct fw_ruleset *rs, const struct nlmsghdr *nlh,
	     struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * nft_read_end() - tie lookups to their sets once everything is there
 *
 * Return: 0 or -ENOMEM.
 */
int nft_read_end(struct fw_ruleset *rs) __attribute__((warn_unused_result));

#endif
