/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_XT_H
#define WGQ_FW_XT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "fw/edit.h"

/**
 * DOC: tables of legacy xtables
 *
 * The kernel hands out a table as one blob of entries and takes back a whole
 * one (IPT_SO_GET_ENTRIES, IPT_SO_SET_REPLACE).  Here blobs become chains and
 * rules and back; an edit makes a new blob, and with it the map that carries
 * the counters of the rules that stay over to their new places.
 */

/**
 * struct xt_blob - a table as the kernel has it
 * @valid_hooks: bits 1 << NF_INET_
 * @hook_entry:	offset of each hook's first entry
 * @underflow:	offset of each hook's policy
 * @num_entries: entries
 * @size:	bytes of @entries
 * @entries:	struct ipt_entry or ip6t_entry, one behind the other
 */
struct xt_blob {
	uint32_t valid_hooks;
	uint32_t hook_entry[5], underflow[5];
	uint32_t num_entries, size;
	const uint8_t *entries;
};

/**
 * xt_read() - take a legacy table into a ruleset
 * @rs:		ruleset; gets a copy of the blob
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @name:	table
 * @blob:	as IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES gave it, not trusted
 * @e:		filled on failure
 *
 * Return: 0, -EBADMSG for a blob whose offsets do not add up, or -ENOMEM.
 */
int xt_read(struct fw_ruleset *rs, uint8_t family, const char *name,
	    const struct xt_blob *blob, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** XT_COUNTER_NEW - in a map of counters: an entry that starts at zero */
#define XT_COUNTER_NEW UINT32_MAX

/**
 * struct xt_replace - a table to give to the kernel
 * @blob:	the new table; @entries points into @bytes
 * @old_entries: entries of the table that it replaces (num_counters)
 * @counter_from: for each new entry the index of the old one whose counters it
 *		keeps, or XT_COUNTER_NEW
 * @bytes:	owns the entries
 */
struct xt_replace {
	struct xt_blob blob;
	uint32_t old_entries;
	uint32_t *counter_from;
	struct buf bytes;
};

/**
 * xt_build() - make the new blob of a legacy table
 * @rs:		ruleset before the edits
 * @family:	family of the table
 * @name:	table
 * @es:		edits; those of other tables are passed over
 * @ret:	receives the table, to be released by xt_replace_done()
 * @e:		filled on failure
 *
 * Entries that no edit touches are copied byte by byte, so that what is not
 * understood stays as it is.  FW_E_TABLE_ADD is not for here: asking for a
 * table makes the kernel create it.
 *
 * Return: 0, -ENOENT, -EBUSY, -ELOOP for chains that would jump in a circle,
 * -EOPNOTSUPP for a rule that has no such form, or -ENOMEM.
 */
int xt_build(const struct fw_ruleset *rs, uint8_t family, const char *name,
	     const struct fw_edits *es, struct xt_replace *ret,
	     struct wgq_err *e) __attribute__((warn_unused_result));

/** xt_replace_done() - release it */
void xt_replace_done(struct xt_replace *r);

#endif
