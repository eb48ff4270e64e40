/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_SYSCTL_H
#define WGQ_SYS_SYSCTL_H

#include <stddef.h>

#include "base/err.h"

/** SYSCTL_ROOT - where the values are, but in tests */
#define SYSCTL_ROOT "/proc/sys"

/** SYSCTL_VALUE_MAX - room for a value and its NUL; longer ones are -E2BIG */
#define SYSCTL_VALUE_MAX 256

/** SYSCTL_PATH_MAX - room for a value's path and its NUL */
#define SYSCTL_PATH_MAX 512

/**
 * sysctl_path() - file of a value, by the rule of sysctl(8)
 * @root:	SYSCTL_ROOT
 * @name:	the first dot or slash decides: with a dot, dots separate and a
 *		slash stands for a dot within a word (net.ipv4.conf.eth0/1.x);
 *		with a slash, slashes separate and dots stand for themselves
 * @ret_path:	receives the path
 * @e:		filled on failure
 *
 * Return: 0, -EINVAL for an empty name, an empty word, `.` or `..` as a word,
 * -ENAMETOOLONG.
 */
int sysctl_path(const char *root, const char *name,
		char ret_path[SYSCTL_PATH_MAX], struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * sysctl_read() - read a value
 * @root:	SYSCTL_ROOT
 * @name:	see sysctl_path()
 * @ret_value:	the text without its final newline
 * @e:		"NAME: reason"
 *
 * Return: 0, -ENOENT where there is no such value, or another -errno.
 */
int sysctl_read(const char *root, const char *name,
		char ret_value[SYSCTL_VALUE_MAX], struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * sysctl_read_own() - read a value that we could write as well
 * @root:	SYSCTL_ROOT
 * @name:	see sysctl_path()
 * @ret_value:	the text without its final newline
 * @e:		"NAME: reason"
 *
 * Return: 0, or -errno as of sysctl_read() or sysctl_may_write().
 */
int sysctl_read_own(const char *root, const char *name,
		    char ret_value[SYSCTL_VALUE_MAX], struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * sysctl_may_write() - could a value be written?
 * @root:	SYSCTL_ROOT
 * @name:	see sysctl_path()
 * @e:		"NAME: reason"
 *
 * Return: 0, -EROFS where /proc/sys is read-only, or another -errno.
 */
int sysctl_may_write(const char *root, const char *name, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * sysctl_write() - write a value; a newline is added
 * @root:	SYSCTL_ROOT
 * @name:	see sysctl_path()
 * @value:	text
 * @e:		"NAME: reason"
 *
 * The value goes out in one write, since the kernel takes each write as a
 * whole value.
 *
 * Return: 0, -EROFS where /proc/sys is read-only (as in containers), -EACCES
 * or -EPERM where we may not, -ENOENT, -EINVAL from the kernel, and so on.
 */
int sysctl_write(const char *root, const char *name, const char *value,
		 struct wgq_err *e) __attribute__((warn_unused_result));

#endif
