// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_up(struct wgq_opts *o, int argc, char **argv)
{
	struct wgq_err e = { 0 };
	int status;

	if (!cmd_target(o, "up", argc, argv, &status))
		return status;
	return cmd_end(o, wgq_up(o, &e), &e);
}
