// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apply/native.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "hook/filter.h"
#include "sys/file.h"
#include "sys/stop.h"

/* As long as a program would read, which may be for ever. */
static int read_input(const struct native_call *c, struct buf *out)
{
	struct pollfd p = { .fd = c->in_fd, .events = POLLIN };
	char *room;
	ssize_t n;
	int ret;

	if (c->in) {
		buf_add(out, c->in, c->in_len);
		return out->failed ? -ENOMEM : 0;
	}
	for (;;) {
		ret = stop_poll(&p, 1, -1, c->r->o->stop);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		room = buf_room(out, 4096);
		if (!room)
			return -ENOMEM;
		n = read(c->in_fd, room, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		out->len += (size_t)n;
		out->p[out->len] = '\0';
		if (!n)
			return 0;
	}
}

int native_read(const struct native_call *c, const char *path, struct buf *out)
{
	static const char *const input[] = { "-", "/dev/stdin", "/dev/fd/0" };
	struct wgq_err e = { 0 };
	char file[PATH_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(input); i++)
		if (!strcmp(path, input[i]))
			return read_input(c, out);
	snprintf(file, sizeof(file), "%s%s",
		 *path == '/' ? c->r->host->root : "", path);
	return file_read(file, FILE_READ_MAX, out, &e);
}

/* What /proc says of the one that reads it is to be about the program. */
static bool asks_for_itself(const char *const *argv, size_t argc)
{
	size_t i;

	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], "/proc/self/", 11))
			return true;
	return false;
}

static bool filter_row_takes(const char *const *argv, size_t argc,
			     const char **why)
{
	if (filter_takes(filter_find(argv[0]), argv, argc) &&
	    !asks_for_itself(argv, argc))
		return true;
	if (why)
		*why = "has words here that only the program knows";
	return false;
}

static int read_for(void *ctx, const char *path, struct buf *out)
{
	return native_read(ctx, path, out);
}

static int run_filter(const struct native_call *c, int *ret_status,
		      struct wgq_err *e)
{
	struct native_call copy = *c;
	struct filter_io io = {
		.read = read_for, .ctx = &copy, .out = c->out, .err = c->err
	};
	int ret = filter_run(filter_find(c->argv[0]), c->argv, c->argc, &io,
			     ret_status);

	return ret ? err_sys(e, ret, "%s", c->argv[0]) : 0;
}

const struct native native_filter = { .takes = filter_row_takes,
				      .run = run_filter };

/* "1", "0.5", "2m"; up to a day, in milliseconds. */
static bool parse_duration(const char *s, int *ret_ms)
{
	static const char units[] = "smhd";
	static const int ms[] = { 1000, 60000, 3600000, 86400000 };
	size_t len = strspn(s, "0123456789");
	unsigned long n = 0, part = 0, scale = 1;
	const char *unit;
	size_t i;

	if (!len || len > 6)
		return false;
	for (i = 0; i < len; i++)
		n = n * 10 + (unsigned long)(s[i] - '0');
	s += len;
	if (*s == '.') {
		len = strspn(++s, "0123456789");
		if (!len || len > 3)
			return false;
		for (i = 0; i < len; i++, scale *= 10)
			part = part * 10 + (unsigned long)(s[i] - '0');
		s += len;
	}
	unit = strchr(units, *s ? *s : 's');
	if (!unit || (*s && s[1]))
		return false;
	n = n * (unsigned long)ms[unit - units] +
	    part * (unsigned long)ms[unit - units] / scale;
	*ret_ms = (int)n;
	return n <= 86400000;
}

static bool sleep_takes(const char *const *argv, size_t argc, const char **why)
{
	int ms;

	if (argc == 2 && parse_duration(argv[1], &ms))
		return true;
	if (why)
		*why = "sleep has words here that only the program knows";
	return false;
}

static int run_sleep(const struct native_call *c, int *ret_status,
		     struct wgq_err *e)
{
	int64_t left, end;
	int ms = 0, ret;

	parse_duration(c->argv[1], &ms);
	end = stop_now_ms() + ms;
	while ((left = end - stop_now_ms()) > 0) {
		ret = stop_poll(NULL, 0, (int)left, c->r->o->stop);
		if (ret == -EINTR)
			return run_stopped(c->r, e);
		if (ret < 0)
			return err_sys(e, ret, "sleep");
	}
	*ret_status = 0;
	return 0;
}

const struct native native_sleep = { .takes = sleep_takes, .run = run_sleep };
