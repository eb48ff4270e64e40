// SPDX-License-Identifier: GPL-2.0-or-later
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/nft_build.h"
#include "fw/nft_read.h"

/*
 * Any bytes as a dump of nf_tables: what of it is read is told, compared with
 * itself, and written again into a chain of ours, in either form.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

static void add(struct fw_edits *es, const struct fw_chain *c, size_t i)
{
	struct fw_edit *ed =
		fw_edit_add(es, FW_E_RULE_ADD, FW_NFT, c->table->family,
			    c->table->name, c->name);

	must(ed);
	ed->rule = c->rule[i];
	ed->at = i;
	ed->native = i & 1;
}

static void check_message(const struct nlmsghdr *nlh)
{
	if (mnl_nlmsg_get_payload_len(nlh) > 8)
		must(mnl_attr_ok(mnl_nlmsg_get_payload_offset(nlh, 4),
				 (int)mnl_nlmsg_get_payload_len(nlh) - 4));
}

static void check_build(const struct fw_ruleset *rs, const struct fw_chain *c)
{
	cleanup(fw_edits_done) struct fw_edits es = { 0 };
	cleanup(buf_done) struct buf out = { 0 };
	const struct nlmsghdr *nlh;
	struct wgq_err e = { 0 };
	size_t i;
	int left;

	for (i = 0; i < c->n_rule && i < 16; i++)
		add(&es, c, i);
	fw_edit_add(&es, FW_E_CHAIN_ZERO, FW_NFT, c->table->family,
		    c->table->name, c->name);
	if (nft_build(rs, &es, &out, &e) < 0) {
		must(e.code);
		return;
	}
	nlh = (void *)out.p;
	left = (int)out.len;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		check_message(nlh);
	must(left == 0);
}

static void check_chain(const struct fw_ruleset *rs, const struct fw_chain *c)
{
	size_t i;

	for (i = 0; i < c->n_rule; i++) {
		cleanup(buf_done) struct buf text = { 0 };

		fw_rule_print(c->rule[i], c->table->family, &text);
		must(fw_rule_eq(c->rule[i], c->rule[i]));
	}
	check_build(rs, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(free_ptr) void *copy = malloc(size + 1);
	struct wgq_err e = { 0 };
	struct nlmsghdr *nlh = copy;
	int left = (int)size, err = 0;
	size_t i, j;

	must(copy);
	memcpy(copy, data, size);
	/* libmnl alone would take a length of 2 GiB for a negative one. */
	while (!err && mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= size) {
		err = nft_read(&rs, nlh, &e);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	must(err == e.code);
	must(nft_read_end(&rs) == 0);
	for (i = 0; i < rs.n_table; i++)
		for (j = 0; j < rs.table[i]->n_chain; j++)
			check_chain(&rs, rs.table[i]->chain[j]);
	return 0;
}
