// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hook/hook.h"

/*
 * What a plain command is made of was all in the line: no word is longer than
 * the text, none holds a byte that the text has not, and the first can be the
 * name of a program.
 */
static void check(const struct hook *h)
{
	size_t i, total = 0;
	const char *p;

	if (h->kind != HOOK_EXEC) {
		if (h->argv || h->argc)
			abort();
		return;
	}
	for (i = 0; i < h->argc; i++) {
		total += strlen(h->argv[i]);
		for (p = h->argv[i]; *p; p++)
			if (!strchr(h->text, *p))
				abort();
	}
	if (!h->argc || h->argv[i] || total > strlen(h->text) || !*h->argv[0] ||
	    strchr(h->argv[0], '='))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf conf = { .ifname = "wg0", .path = "/x/wg0.conf" };
	struct conf_value value = { .line = 1 };
	struct buf script = {};
	struct arena a = {};
	struct hook hook;

	value.s = arena_strndup(&a, (const char *)data, size);
	if (!value.s || hook_parse(value.s, "wg0", &a, &hook))
		abort();
	check(&hook);
	conf.hooks[CONF_PRE_UP] = (struct conf_list){ &value, 1, 1 };
	hook_shell_script(&hook, &conf, CONF_PRE_UP, "wgq", HOOK_BASH, &script);
	if (script.failed)
		abort();
	buf_done(&script);
	arena_done(&a);
	return 0;
}
