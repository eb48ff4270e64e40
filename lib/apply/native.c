// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/native.h"

#include <string.h>

#include "fw/ipt.h"

const struct native *native_find(const char *name)
{
	enum fw_backend backend;
	uint8_t family;
	const char *base = strrchr(name, '/');
	bool fixed;

	if (ipt_names(name, &family, &backend, &fixed))
		return &native_iptables;
	if (!strcmp(base ? base + 1 : name, "nft"))
		return &native_nft;
	if (!strcmp(base ? base + 1 : name, "sysctl"))
		return &native_sysctl;
	return NULL;
}
