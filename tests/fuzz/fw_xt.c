// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/xt.h"

#include <linux/netfilter.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Any bytes as a legacy table: thirteen words, family, number of entries, hooks
 * and their offsets, then the entries.  What can be read is printed, built
 * again without an edit, which changes no byte, and with edits, after which it
 * can be read again.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

#define HEAD (4 * 13)

static void print_all(const struct fw_table *t)
{
	cleanup(buf_done) struct buf out = {};
	size_t i, k;

	for (i = 0; i < t->n_chain; i++)
		for (k = 0; k < t->chain[i]->n_rule; k++)
			fw_rule_print(t->chain[i]->rule[k], t->family, &out);
	must(!out.failed);
}

static int read_table(struct fw_ruleset *rs, uint8_t family,
		      const struct xt_blob *b)
{
	struct wgq_err e = {};

	return xt_read(rs, family, "filter", b, &e);
}

static struct fw_edit *edit(struct fw_edits *es, const struct fw_table *t,
			    enum fw_edit_kind kind, const char *chain)
{
	struct fw_edit *ed =
		fw_edit_add(es, kind, FW_LEGACY, t->family, "filter", chain);

	must(ed);
	return ed;
}

/* Every rule once more, behind itself, and the first of each chain deleted. */
static void add_edits(struct fw_edits *es, const struct fw_table *t)
{
	const struct fw_chain *c;
	size_t i, k;

	for (i = 0; i < t->n_chain; i++) {
		c = t->chain[i];
		if (fw_chain_find(t, c->name) != c)
			continue;
		for (k = c->n_rule; k-- > 0;) {
			struct fw_edit *ed =
				edit(es, t, FW_E_RULE_ADD, c->name);

			ed->at = k + 1;
			ed->rule = c->rule[k];
		}
		if (c->n_rule)
			edit(es, t, FW_E_RULE_DEL, c->name);
	}
}

static void build(const struct fw_ruleset *rs, const struct fw_edits *es,
		  const struct xt_blob *was)
{
	uint8_t family = rs->table[0]->family;
	struct fw_ruleset again = {};
	struct xt_replace r;
	struct wgq_err e = {};

	if (xt_build(rs, family, "filter", es, &r, &e))
		return;
	if (!es->n) {
		must(r.blob.size == was->size);
		must(!memcmp(r.blob.entries, was->entries, was->size));
		must(!memcmp(r.blob.underflow, was->underflow,
			     sizeof(was->underflow)));
	}
	must(!read_table(&again, family, &r.blob));
	must(again.table[0]->n_chain == rs->table[0]->n_chain);
	fw_ruleset_done(&again);
	xt_replace_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_ruleset rs = {};
	struct fw_edits none = {}, es = {};
	struct xt_blob b = {};
	uint32_t v[13];
	uint8_t family;

	if (size < HEAD)
		return 0;
	memcpy(v, data, HEAD);
	family = v[0] & 1 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	b.num_entries = v[1];
	b.valid_hooks = v[2];
	memcpy(b.hook_entry, v + 3, sizeof(b.hook_entry));
	memcpy(b.underflow, v + 8, sizeof(b.underflow));
	b.size = (uint32_t)(size - HEAD);
	b.entries = data + HEAD;
	if (!read_table(&rs, family, &b)) {
		print_all(rs.table[0]);
		build(&rs, &none, &b);
		add_edits(&es, rs.table[0]);
		build(&rs, &es, &b);
	}
	fw_edits_done(&es);
	fw_ruleset_done(&rs);
	return 0;
}
