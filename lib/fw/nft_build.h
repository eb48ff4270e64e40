/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_BUILD_H
#define WGQ_FW_NFT_BUILD_H

#include "base/buf.h"
#include "base/err.h"
#include "fw/edit.h"

/**
 * nft_build() - make the nf_tables transaction of a list of edits
 * @rs:		ruleset that the edits were made against, before them: handles
 *		and its generation come from it
 * @es:		edits; those of legacy tables are passed over
 * @out:	receives BATCH_BEGIN with the generation, the messages,
 *BATCH_END; sequence numbers count from 0, each message asks for an ACK
 * @e:		filled on failure
 *
 * Rules are written as iptables-nft writes them (1.8.9's order of
 * expressions, which 1.8.7 to 1.8.13 all read), unless the edit is native.  The
 * comment goes into user data, with its NUL.
 *
 * Return: 0, -EOPNOTSUPP for a rule that has no such form, or -ENOMEM.
 */
int nft_build(const struct fw_ruleset *rs, const struct fw_edits *es,
	      struct buf *out, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
