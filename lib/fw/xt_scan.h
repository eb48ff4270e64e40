/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_XT_SCAN_H
#define WGQ_FW_XT_SCAN_H

#include <linux/netfilter/x_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "fw/xt.h"

/**
 * struct xt_entry - where the parts of an entry are
 * @p:		its bytes, aligned: struct ipt_entry or ip6t_entry
 * @head:	bytes of that structure; matches come after it
 * @target:	offset of the target in @p
 * @next:	bytes of the whole entry
 */
struct xt_entry {
	const uint8_t *p;
	uint32_t head, target, next;
};

/** xt_entry_head() - bytes of an entry before its matches */
size_t xt_entry_head(uint8_t family);

/** xt_entry_target_at() - where an entry has its u16 target_offset */
size_t xt_entry_target_at(uint8_t family);

/** xt_entry_counters_at() - where an entry has its struct xt_counters */
size_t xt_entry_counters_at(uint8_t family);

/** xt_entry_target() - the target of an entry */
const struct xt_entry_target *xt_entry_target(const struct xt_entry *en);

/** enum xt_is - what a target is to the layout of a table */
enum xt_is {
	XT_IS_OTHER,   /* an extension */
	XT_IS_VERDICT, /* a verdict, as negative number */
	XT_IS_JUMP,    /* a jump or goto, as offset of the first rule */
	XT_IS_NEXT,    /* a rule without target: goes on with the next entry */
	XT_IS_ERROR,   /* head of a chain, or the end of the table */
};

/**
 * xt_entry_is() - what is the target of an entry?
 * @off:	offset of the entry
 * @ret_verdict: receives verdict or offset
 */
enum xt_is xt_entry_is(const struct xt_entry *en, uint32_t off,
		       int32_t *ret_verdict);

/** xt_entry_unconditional() - does it hold for every packet? */
bool xt_entry_unconditional(const struct xt_entry *en, uint8_t family);

/**
 * struct xt_span - the entries of one chain
 * @name:	name
 * @base:	hooked in at @hook
 * @hook:	NF_INET_ number
 * @first:	index of the entry of the first rule; that of the policy or
 *		final RETURN if there is none.  A user chain has its head
 *before.
 * @n:		number of rules; entry @first + @n is the policy
 */
struct xt_span {
	const char *name;
	bool base;
	uint8_t hook;
	uint32_t first, n;
};

/**
 * struct xt_scan - a table cut up into entries and chains
 * @entry:	entries
 * @off:	their offsets
 * @n_entry:	their number, with the last one that ends the table
 * @chain:	chains, in the order of their entries
 * @n_chain:	their number
 */
struct xt_scan {
	struct xt_entry *entry;
	uint32_t *off;
	uint32_t n_entry;
	struct xt_span *chain;
	size_t n_chain, cap_chain;
};

/**
 * xt_scan() - cut up a table and check all its lengths and offsets
 * @a:		arena that owns what @ret points to
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @b:		table; @ret points into its entries, which have to be aligned
 *		to eight bytes
 *
 * Afterwards each entry, match and target lies within the table, each chain
 * ends in a policy, and each jump leads to the first rule of a chain.
 *
 * Return: 0, -EBADMSG, or -ENOMEM.
 */
int xt_scan(struct arena *a, uint8_t family, const struct xt_blob *b,
	    struct xt_scan *ret, struct wgq_err *e);

/** xt_scan_jump() - the chain whose first rule is at an offset, NULL = none */
const struct xt_span *xt_scan_jump(const struct xt_scan *s, uint32_t off);

#endif
