// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/native.h"

#include "fw/ipt.h"

const struct native *native_find(const char *name)
{
	enum fw_backend backend;
	uint8_t family;
	bool fixed;

	if (ipt_names(name, &family, &backend, &fixed))
		return &native_iptables;
	return NULL;
}
