/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_FILE_H
#define WGQ_SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/** FILE_READ_MAX - a sane bound for confs and tables, in bytes */
#define FILE_READ_MAX ((size_t)64 << 20)

/**
 * file_read() - read a whole file, any bytes
 * @path:	file; symlinks are followed
 * @max:	most bytes that are accepted
 * @ret:	the content is appended; wiped by buf_done()
 * @e:		"PATH: reason"
 *
 * Sizes are not trusted, so files of /proc work.  Nothing is appended on
 * failure.
 *
 * Return: 0, -EISDIR for a directory (what that means is for the caller to
 * say, contract PATH-7), -EFBIG beyond @max, -ENOENT and the like.
 */
int file_read(const char *path, size_t max, struct buf *ret, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** enum file_target - what file_write() does about a symlink */
enum file_target {
	FILE_FOLLOW,	  /* replace what it points to, keep the link */
	FILE_REPLACE_LINK /* replace the link itself by a file */
};

/**
 * file_write() - replace a file's content in one step (contract SV-4, SV-5)
 * @path:	file
 * @target:	what a symlink means
 * @mode:	permission bits of a file that was not there before (or of the
 *		file that takes a symlink's place)
 * @data:	new content
 * @len:	its length
 * @e:		"PATH: reason"
 *
 * Writes a temporary file with an unpredictable name beside the target, with
 * the target's mode, owner, ACL and extended attributes, syncs it, renames it
 * over the target and syncs the directory: a reader or a crash sees the old
 * content or the new one.  The temporary file is gone after a failure.
 *
 * Return: 0, or -errno; -EBUSY or -EXDEV where the target is a mount point,
 * which file_rewrite() can handle.
 */
int file_write(const char *path, enum file_target target, mode_t mode,
	       const void *data, size_t len, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * file_rewrite() - replace a file's content in place
 * @path:	existing regular file, such as one that is bind-mounted
 * @data:	new content
 * @len:	its length
 * @e:		"PATH: reason"
 *
 * Not atomic, for where file_write() cannot rename.  When writing fails half
 * way, the old content is put back.
 *
 * Return: 0 or -errno.
 */
int file_rewrite(const char *path, const void *data, size_t len,
		 struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * file_symlink() - make a symlink in one step, in place of what is there
 * @path:	file or symlink that is replaced, or nothing
 * @to:		what the link points to
 * @e:		"PATH: reason"
 *
 * Return: 0 or -errno.
 */
int file_symlink(const char *path, const char *to, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * file_world_access() - may the world reach the conf? (contract PERM-1)
 * @path:	file, absolute and with symlinks resolved
 * @ret_open:	whether the "other" bits of the file and of its directory have
 *		one in common
 * @e:		"PATH: reason"
 *
 * A file directly in / is judged by the bits of / (PERM-4 is not reproduced).
 *
 * Return: 0 or -errno.
 */
int file_world_access(const char *path, bool *ret_open, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * file_mkdir_private() - make sure of a directory that only we can use
 * @path:	directory; its parent has to be there
 * @e:		"PATH: reason"
 *
 * Created with mode 0700.  One that is there already is accepted if it is a
 * directory (no symlink) of the effective user which nobody else can write to.
 *
 * Return: 0, -ENOTDIR, -EPERM for one that is not safe, or another -errno.
 */
int file_mkdir_private(const char *path, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
