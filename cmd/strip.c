// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd.h"

static int write_all(const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(STDOUT_FILENO, p, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -errno;
	}
	return 0;
}

int cmd_strip(struct wgq_opts *o, int argc, char **argv)
{
	cleanup(buf_done) struct buf out = { 0 };
	struct wgq_err e = { 0 };
	int ret, status;

	if (!cmd_target(o, "strip", argc, argv, &status))
		return status;
	ret = wgq_strip(o, &out, &e);
	/* Not through stdio, whose buffer would keep the keys. */
	if (!ret)
		ret = write_all(out.p, out.len);
	if (ret && !e.code)
		err_sys(&e, ret, "standard output");
	return cmd_end(o, ret, &e);
}
