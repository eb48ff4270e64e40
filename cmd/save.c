// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_save(struct wgq_opts *o, int argc, char **argv)
{
	struct wgq_err e = { 0 };
	int status;

	if (!cmd_target(o, "save", argc, argv, &status))
		return status;
	return cmd_end(o, wgq_save(o, &e), &e);
}
