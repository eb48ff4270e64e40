/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_XT_ENTRY_H
#define WGQ_FW_XT_ENTRY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fw/rule.h"

/**
 * xt_entry_build() - make the entry of a rule
 * @a:		arena for what is needed on the way
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @r:		rule
 * @out:	receives the entry, as iptables-legacy would write it; a jump, a
 *		goto, and a rule without target have verdict 0, which depends on
 *		where the entry will be.  Rubbish may stay there on failure.
 *
 * Return: 0, -EOPNOTSUPP for a rule that has no such form, or -ENOMEM.
 */
int xt_entry_build(struct arena *a, uint8_t family, const struct fw_rule *r,
		   struct buf *out);

/** xt_entry_add_head() - append the entry that a user chain begins with */
void xt_entry_add_head(struct buf *out, uint8_t family, const char *name);

/** xt_entry_add_return() - append the entry that a user chain ends with */
void xt_entry_add_return(struct buf *out, uint8_t family);

#endif
