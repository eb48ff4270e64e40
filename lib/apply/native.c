// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/native.h"

#include <string.h>

#include "base/cleanup.h"
#include "fw/ipt.h"
#include "hook/filter.h"

size_t native_skip_sudo(const char *const *argv, size_t argc)
{
	const char *base = argv[0] ? strrchr(argv[0], '/') : NULL;
	size_t i = 1;

	if (!argv[0] || strcmp(base ? base + 1 : argv[0], "sudo") != 0)
		return 0;
	while (i < argc && argv[i] && argv[i][0] == '-')
		if (!argv[i][1] || argv[i][strspn(argv[i] + 1, "nEH") + 1] ||
		    ++i == argc)
			return 0;
	/* "NAME=value" would be a variable. */
	return i < argc && argv[i] && *argv[i] && !strchr(argv[i], '=') ? i : 0;
}

const struct native *native_find(const char *name)
{
	static const struct {
		const char *name;
		const struct native *native;
	} natives[] = {
		{ "nft", &native_nft },
		{ "sysctl", &native_sysctl },
		{ "sleep", &native_sleep },
		{ "wg", &native_wg },
	};
	const char *base = strrchr(name, '/');
	enum fw_backend backend;
	uint8_t family;
	bool fixed;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(natives); i++)
		if (!strcmp(base ? base + 1 : name, natives[i].name))
			return natives[i].native;
	if (ipt_names(name, &family, &backend, &fixed))
		return &native_iptables;
	return filter_find(name) ? &native_filter : NULL;
}
