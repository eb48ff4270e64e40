// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/nft_cmd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The words of a command, in one text.  What was understood can be built, and
 * the places of interfaces are within the expressions.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_done) struct arena a = {};
	cleanup(buf_done) struct buf batch = {};
	struct nft_cmds cs = {};
	const char *text, *why, *argv[1];
	size_t i, j;

	argv[0] = arena_strndup(&a, (const char *)data, size);
	if (!argv[0] ||
	    nft_cmd_parse(argv, 1, &a, &cs, &text, &why) != NFT_CMD_OK)
		return 0;
	for (i = 0; i < cs.n; i++)
		for (j = 0; j < cs.v[i].n_ifref; j++) {
			if (cs.v[i].ifref[j].at + 4 > cs.v[i].len)
				__builtin_trap();
			memset(cs.v[i].expr + cs.v[i].ifref[j].at, 1, 4);
		}
	nft_cmd_build(&cs, 1, &batch);
	if (batch.failed || batch.len % 4)
		__builtin_trap();
	return 0;
}
