// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#include <linux/netfilter.h>

#include "base/cleanup.h"
#include "fw/ipt.h"

#define MAX_WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Carry a command out on a ruleset, and tell of it. */
static void carry_out(const struct ipt_command *cmd, struct fw_ruleset *rs,
		      struct arena *a)
{
	cleanup(fw_edits_done) struct fw_edits es = {};
	cleanup(buf_done) struct buf b = {};
	struct ipt_failure why = {};
	struct wgq_err e = {};
	size_t i;

	if (ipt_plan(cmd, rs, &es, a, &why) != IPT_OK)
		return;
	for (i = 0; i < es.n; i++) {
		fw_edit_print(&es.v[i], &b);
		if (fw_edit_apply(rs, &es.v[i], &e) < 0)
			__builtin_trap();
	}
}

/*
 * The first byte says which program; then words, separated by spaces or NULs,
 * and commands, separated by newlines.  What is planned can be applied.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = {};
	cleanup(arena_done) struct arena a = {};
	uint8_t family;
	enum fw_backend backend;
	char *text, *line, *word;

	if (!size)
		return 0;
	family = data[0] & 1 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	backend = data[0] & 2 ? FW_LEGACY : FW_NFT;
	text = arena_strndup(&a, (const char *)data + 1, size - 1);
	if (!text)
		return 0;
	for (size_t i = 0; i + 1 < size; i++)
		if (!text[i])
			text[i] = ' ';
	while ((line = strsep(&text, "\n"))) {
		const char *w[MAX_WORDS];
		struct ipt_failure why = {};
		struct ipt_command cmd = {};
		size_t n = 0;

		while (n < MAX_WORDS && (word = strsep(&line, " ")))
			w[n++] = word;
		if (ipt_parse(family, backend, w, n, &a, &cmd, &why) == IPT_OK)
			carry_out(&cmd, &rs, &a);
	}
	return 0;
}
