// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd.h"

static int read_all(FILE *f, struct buf *out)
{
	char block[4096];
	size_t n;

	while ((n = fread(block, 1, sizeof(block), f)))
		buf_add(out, block, n);
	if (out->failed)
		return -ENOMEM;
	return ferror(f) ? -EIO : 0;
}

static int judge(struct buf *out, struct wgq_err *e)
{
	cleanup(buf_done) struct buf in = { 0 };
	int ret = read_all(stdin, &in);

	if (ret)
		return err_sys(e, ret, "standard input");
	return wgq_judge_hooks(in.p ? in.p : "", in.len, out, e);
}

int cmd_hooks(struct wgq_opts *o, int argc, char **argv)
{
	cleanup(buf_done) struct buf out = { 0 };
	struct wgq_err e = { 0 };
	int ret, status;

	if (!cmd_target(o, "hooks", argc, argv, &status))
		return status;
	if (!o->tsv && !o->target) {
		fprintf(stderr, "%s: hooks: want one CONFIG_FILE | INTERFACE\n",
			o->program);
		return 1;
	}
	ret = o->tsv ? judge(&out, &e) : wgq_hooks(o, &out, &e);
	if (!ret && out.len &&
	    (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout)))
		ret = err_sys(&e, -EIO, "standard output");
	return cmd_end(o, ret, &e);
}
