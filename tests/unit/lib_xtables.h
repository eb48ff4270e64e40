/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_LIB_XTABLES_H
#define WGQ_TESTS_LIB_XTABLES_H

#include <linux/netfilter/x_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/xtables.h"

#define FAKE_XT 4

/** struct fake_xt_info - what IPT_SO_GET_INFO tells */
struct fake_xt_info {
	char name[XT_TABLE_MAXNAMELEN];
	unsigned int valid_hooks;
	unsigned int hook_entry[5], underflow[5];
	unsigned int num_entries, size;
};

/** struct fake_xt_table - a table as it is in the kernel, counters included */
struct fake_xt_table {
	uint8_t family;
	char name[XT_TABLE_MAXNAMELEN];
	struct fake_xt_info info;
	uint8_t *entries;
};

/**
 * struct fake_xt - socket options of a kernel of legacy tables
 * @t:		tables that have been brought to life
 * @opens:	sockets opened
 * @infos:	GET_INFO asked
 * @sets:	SET_REPLACE asked
 * @error:	-errno that SET_REPLACE number @fail_at fails with
 * @meddle:	called before SET_REPLACE number @meddle_at is looked at, or
 *		after it for a negative number
 * @again:	fail this many GET_ENTRIES with EAGAIN
 * @missing:	no such module
 */
struct fake_xt {
	struct fake_xt_table t[FAKE_XT];
	size_t n;
	int opens, open, infos, sets, fail_at, error, meddle_at, again;
	void (*meddle)(struct fake_xt *f);
	bool missing;
};

/** fake_xt_ops - for xtables_init(), with a struct fake_xt as context */
extern const struct xtables_ops fake_xt_ops;

/** fake_xt_make() - a table as it comes to life: policies and the end */
struct fake_xt_table *fake_xt_make(struct fake_xt *f, uint8_t family,
				   const char *name);

/** fake_xt_entry_size() - bytes of an entry without matches and target */
size_t fake_xt_entry_size(uint8_t family);

/** fake_xt_counters() - counters of entry @n, counted from 0 */
struct xt_counters *fake_xt_counters(const struct fake_xt_table *t, size_t n);

/** fake_xt_done() - release its tables */
void fake_xt_done(struct fake_xt *f);

#endif
