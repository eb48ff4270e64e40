// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_down(struct wgq_opts *o, int argc, char **argv)
{
	struct wgq_err e = { 0 };
	int status;

	if (!cmd_target(o, "down", argc, argv, &status))
		return status;
	return cmd_end(o, wgq_down(o, &e), &e);
}
