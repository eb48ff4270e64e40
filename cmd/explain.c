// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd.h"

int cmd_explain(struct wgq_opts *o, int argc, char **argv)
{
	cleanup(buf_done) struct buf out = { 0 };
	struct wgq_err e = { 0 };
	int ret, status;

	if (!cmd_target(o, "explain", argc, argv, &status))
		return status;
	ret = wgq_explain(o, &out, &e);
	if (!ret &&
	    (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout)))
		ret = err_sys(&e, -EIO, "standard output");
	return cmd_end(o, ret, &e);
}
