// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Words are between slashes by now; one of dots alone would leave the root. */
static bool words_ok(const char *p)
{
	size_t len;

	for (;; p += len + 1) {
		len = strcspn(p, "/");
		if (!len || (len == 1 && p[0] == '.') ||
		    (len == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		if (!p[len])
			return true;
	}
}

int sysctl_path(const char *root, const char *name,
		char ret_path[SYSCTL_PATH_MAX], struct wgq_err *e)
{
	const char *first = strpbrk(name, "./");
	char path[SYSCTL_PATH_MAX];
	char *p;
	int n;

	n = snprintf(path, sizeof(path), "%s/%s", root, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_sys(e, -ENAMETOOLONG, "%s", name);
	p = path + strlen(root) + 1;
	if (first && *first == '.')
		for (char *q = p; *q; q++)
			*q = *q == '.' ? '/' : *q == '/' ? '.' : *q;
	if (!words_ok(p))
		return err_sys(e, -EINVAL, "%s", name);
	memcpy(ret_path, path, (size_t)n + 1);
	return 0;
}

static int read_value(const char *root, const char *name, int flags,
		      char ret_value[SYSCTL_VALUE_MAX], struct wgq_err *e)
{
	cleanup(close_fd) int fd = -1;
	char value[SYSCTL_VALUE_MAX + 1];
	char path[SYSCTL_PATH_MAX];
	size_t len = 0;
	ssize_t n;
	int err;

	err = sysctl_path(root, name, path, e);
	if (err)
		return err;
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, -errno, "%s", name);
	/* The kernel gives a value whole or cut to what is asked for. */
	n = read(fd, value, sizeof(value));
	if (n < 0)
		return err_sys(e, -errno, "%s", name);
	len = (size_t)n;
	if (len && value[len - 1] == '\n')
		len--;
	if (len >= SYSCTL_VALUE_MAX)
		return err_sys(e, -E2BIG, "%s", name);
	memcpy(ret_value, value, len);
	ret_value[len] = '\0';
	return 0;
}

int sysctl_read(const char *root, const char *name,
		char ret_value[SYSCTL_VALUE_MAX], struct wgq_err *e)
{
	return read_value(root, name, O_RDONLY, ret_value, e);
}

int sysctl_read_own(const char *root, const char *name,
		    char ret_value[SYSCTL_VALUE_MAX], struct wgq_err *e)
{
	return read_value(root, name, O_RDWR, ret_value, e);
}

int sysctl_may_write(const char *root, const char *name, struct wgq_err *e)
{
	char path[SYSCTL_PATH_MAX];
	int err;

	err = sysctl_path(root, name, path, e);
	if (err)
		return err;
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS))
		return err_sys(e, -errno, "%s", name);
	return 0;
}

int sysctl_write(const char *root, const char *name, const char *value,
		 struct wgq_err *e)
{
	cleanup(close_fd) int fd = -1;
	char line[SYSCTL_VALUE_MAX + 1];
	char path[SYSCTL_PATH_MAX];
	int err, n;

	err = sysctl_path(root, name, path, e);
	if (err)
		return err;
	n = snprintf(line, sizeof(line), "%s\n", value);
	if (n < 0 || (size_t)n >= sizeof(line))
		return err_sys(e, -E2BIG, "%s", name);
	/* No O_CREAT: a name that is not there is an error, not a file. */
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, -errno, "%s", name);
	/*
	 * One write is the whole value, whatever the kernel says of its length:
	 * net.ipv6.conf.all.forwarding, when it changes, says 1.
	 */
	if (write(fd, line, (size_t)n) < 0)
		return err_sys(e, -errno, "%s", name);
	return 0;
}
