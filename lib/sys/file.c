// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

/* struct target - what file_write() is to replace, and by what */
struct target {
	char dir[PATH_MAX];
	char base[NAME_MAX + 1];
	char temp[32];
	int dirfd;
	int old; /* open file whose xattrs are kept, or -1 */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Most files are read in two calls, the second of which finds the end. */
#define READ_FIRST 1023

static int read_fd(int fd, size_t max, struct buf *ret)
{
	const size_t start = ret->len;
	size_t want = READ_FIRST;
	int err = 0;
	char *room;
	ssize_t n;

	for (;;) {
		room = buf_room(ret, want);
		if (!room) {
			err = -ENOMEM;
			break;
		}
		n = read(fd, room, ret->cap - ret->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		ret->len += (size_t)n;
		want = 1;
		if (ret->len - start > max) {
			err = -EFBIG;
			break;
		}
	}
	if (err && ret->p) {
		explicit_bzero(ret->p + start, ret->len - start);
		ret->len = start;
	}
	if (ret->p)
		ret->p[ret->len] = '\0';
	return err;
}

int file_read(const char *path, size_t max, struct buf *ret, struct wgq_err *e)
{
	cleanup(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err;

	if (fd < 0)
		return err_sys(e, -errno, "%s", path);
	err = read_fd(fd, max, ret);
	if (err)
		return err_sys(e, err, "%s", path);
	return 0;
}

static int write_all(int fd, const void *data, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pwrite(fd, (const char *)data + done, len - done,
			   (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static int split(struct target *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (strlen(base) >= sizeof(t->base) || len >= sizeof(t->dir))
		return -ENAMETOOLONG;
	if (!*base)
		return -EISDIR;
	memcpy(t->base, base, strlen(base) + 1);
	memcpy(t->dir, path, len);
	t->dir[len] = '\0';
	if (!len)
		memcpy(t->dir, slash ? "/" : ".", 2);
	return 0;
}

/* What is there keeps its owner and mode; a link that is replaced does not. */
static int look_at_old(struct target *t)
{
	struct stat st;

	if (fstatat(t->dirfd, t->base, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode))
		return 0;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	t->mode = st.st_mode & 07777;
	t->uid = st.st_uid;
	t->gid = st.st_gid;
	t->old = openat(t->dirfd, t->base,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return 0;
}

static int target_open(struct target *t, const char *path,
		       enum file_target target)
{
	char real[PATH_MAX];
	struct stat st;
	int err;

	if (target == FILE_FOLLOW && !lstat(path, &st)) {
		if (!realpath(path, real))
			return -errno;
		path = real;
	}
	err = split(t, path);
	if (err)
		return err;
	t->dirfd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dirfd < 0)
		return -errno;
	return look_at_old(t);
}

static int temp_name(struct target *t)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return -errno;
	snprintf(t->temp, sizeof(t->temp), ".wgq-%016" PRIx64, r);
	return 0;
}

static int temp_create(struct target *t)
{
	int fd, err;

	do {
		err = temp_name(t);
		if (err)
			return err;
		fd = openat(t->dirfd, t->temp,
			    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	} while (fd < 0 && errno == EEXIST);
	return fd < 0 ? -errno : fd;
}

/*
 * ACLs and labels are worth keeping but no reason to fail: a file system may
 * have none, and a label may be beyond our rights.
 */
static void copy_xattrs(int from, int to)
{
	char names[4096], value[4096], *p;
	ssize_t n = flistxattr(from, names, sizeof(names));
	ssize_t len;

	for (p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		len = fgetxattr(from, p, value, sizeof(value));
		if (len < 0 || fsetxattr(to, p, value, (size_t)len, 0))
			continue;
	}
}

static int temp_fill(const struct target *t, int fd, const void *data,
		     size_t len)
{
	struct stat st;
	int err = write_all(fd, data, len);

	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	if ((st.st_uid != t->uid || st.st_gid != t->gid) &&
	    fchown(fd, t->uid, t->gid))
		return -errno;
	if (fchmod(fd, t->mode))
		return -errno;
	if (t->old >= 0)
		copy_xattrs(t->old, fd);
	return fsync(fd) ? -errno : 0;
}

static int replace(struct target *t, const void *data, size_t len)
{
	cleanup(close_fd) int fd = temp_create(t);
	int err;

	if (fd < 0)
		return fd;
	err = temp_fill(t, fd, data, len);
	if (!err && renameat(t->dirfd, t->temp, t->dirfd, t->base))
		err = -errno;
	if (err) {
		unlinkat(t->dirfd, t->temp, 0);
		return err;
	}
	/* The new content is in place; some file systems cannot sync this. */
	fsync(t->dirfd);
	return 0;
}

int file_write(const char *path, enum file_target target, mode_t mode,
	       const void *data, size_t len, struct wgq_err *e)
{
	struct target t = {
		.dirfd = -1,
		.old = -1,
		.mode = mode,
		.uid = geteuid(),
		.gid = getegid(),
	};
	int err = target_open(&t, path, target);

	if (!err)
		err = replace(&t, data, len);
	close_fd(&t.old);
	close_fd(&t.dirfd);
	if (err)
		return err_sys(e, err, "%s", path);
	return 0;
}

static int replace_by_link(struct target *t, const char *to)
{
	int err = temp_name(t);

	if (!err && symlinkat(to, t->dirfd, t->temp))
		return -errno;
	if (!err && renameat(t->dirfd, t->temp, t->dirfd, t->base)) {
		err = -errno;
		unlinkat(t->dirfd, t->temp, 0);
	}
	return err;
}

int file_symlink(const char *path, const char *to, struct wgq_err *e)
{
	struct target t = { .dirfd = -1, .old = -1 };
	int err = target_open(&t, path, FILE_REPLACE_LINK);

	if (!err)
		err = replace_by_link(&t, to);
	if (!err)
		fsync(t.dirfd);
	close_fd(&t.old);
	close_fd(&t.dirfd);
	if (err)
		return err_sys(e, err, "%s", path);
	return 0;
}

static int overwrite(int fd, const void *data, size_t len)
{
	int err = write_all(fd, data, len);

	if (err)
		return err;
	if (ftruncate(fd, (off_t)len) || fsync(fd))
		return -errno;
	return 0;
}

int file_rewrite(const char *path, const void *data, size_t len,
		 struct wgq_err *e)
{
	cleanup(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	cleanup(buf_done) struct buf old = {};
	struct stat st;
	int err;

	if (fd < 0)
		return err_sys(e, -errno, "%s", path);
	if (fstat(fd, &st))
		return err_sys(e, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_sys(e, -EINVAL, "%s", path);
	err = read_fd(fd, FILE_READ_MAX, &old);
	if (err)
		return err_sys(e, err, "%s", path);
	err = overwrite(fd, data, len);
	if (!err)
		return 0;
	err_sys(e, err, "%s", path);
	if (overwrite(fd, old.p, old.len))
		err_ctx(e, "the old content could not be put back");
	return err;
}

int file_world_access(const char *path, bool *ret_open, struct wgq_err *e)
{
	const char *slash = strrchr(path, '/');
	struct stat file, dir;
	char parent[PATH_MAX];

	if (!slash)
		return err_set(e, -EINVAL, "%s: not an absolute path", path);
	if (stat(path, &file))
		return err_sys(e, -errno, "%s", path);
	snprintf(parent, sizeof(parent), "%.*s",
		 slash == path ? 1 : (int)(slash - path), path);
	if (stat(parent, &dir))
		return err_sys(e, -errno, "%s", parent);
	*ret_open = file.st_mode & dir.st_mode & 7;
	return 0;
}

int file_mkdir_private(const char *path, struct wgq_err *e)
{
	struct stat st;

	/* Again where it was removed between the two calls. */
	do {
		if (!mkdir(path, 0700))
			return 0;
		if (errno != EEXIST)
			return err_sys(e, -errno, "%s", path);
	} while (lstat(path, &st) && errno == ENOENT);
	if (!S_ISDIR(st.st_mode))
		return err_sys(e, -ENOTDIR, "%s", path);
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return err_set(e, -EPERM,
			       "%s: must belong to us and be writable by "
			       "nobody else",
			       path);
	return 0;
}
