/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_NFT_H
#define WGQ_NET_NFT_H

#include "base/err.h"
#include "fw/edit.h"
#include "fw/ruleset.h"
#include "net/nl.h"

/**
 * nft_dump() - read the whole of nf_tables as it was at one moment
 * @nl:		socket of NETLINK_NETFILTER
 * @rs:		receives the tables of families ip, ip6 and inet; a fresh
 *		ruleset, which stays so on failure
 * @e:		filled on failure
 *
 * The kernel counts the commits to its ruleset (Linux 3.18).  The lists are
 * read one after the other, so they belong together only if that count is the
 * same before and after, and none of them was torn: else all is read again, ten
 * times at most.  Elements are read of those sets alone that a rule looks up.
 *
 * A kernel without nf_tables has no tables and generation 0, which no kernel
 * with nf_tables has.
 *
 * Return: 0, -EBUSY when the ruleset never stood still, -EPERM without
 * CAP_NET_ADMIN, -EBADMSG for an answer that does not add up, or -errno.
 */
int nft_dump(struct nl *nl, struct fw_ruleset *rs, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * nft_commit() - carry out the edits of nf_tables in one transaction
 * @nl:		socket of NETLINK_NETFILTER
 * @rs:		ruleset that they were made against, as nft_dump() gave it
 * @es:		edits; those of legacy tables are passed over
 * @e:		filled on failure with the command that the kernel refused, and
 *		with its words
 *
 * All or nothing, and nothing where anybody has committed anything since @rs
 * was read: the handles that the edits go by may mean other rules by now.
 *
 * Return: 0; -ERESTART where the ruleset has changed, to be read and decided
 * about anew; -EOPNOTSUPP where the kernel has no nf_tables or a rule no form
 * in it; -EPERM for the table of another; or another -errno.  On any failure
 * nothing was changed, but for -ENOBUFS and -ETIMEDOUT, where the answer was
 * lost: then the text says whether it is known.
 */
int nft_commit(struct nl *nl, const struct fw_ruleset *rs,
	       const struct fw_edits *es, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
