// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host.h"
#include "private.h"
#include "sys/file.h"

/* One entry of the tree, below the root. */
struct fake_file {
	char *name;
	mode_t mode;
	struct buf text;
};

/* Calls @visit for each entry below @dir, a directory's own after or before
 * those in it. */
static void walk(const struct fake_host *h, const char *below, bool depth,
		 void (*visit)(const struct fake_host *h, const char *name,
			       const struct stat *st, void *ctx),
		 void *ctx)
{
	char path[PATH_MAX + 64], name[PATH_MAX];
	struct dirent **list;
	struct stat st;
	int i, n;

	snprintf(path, sizeof(path), "%s%s", h->root, below);
	n = scandir(path, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", below, list[i]->d_name);
		snprintf(path, sizeof(path), "%s%s", h->root, name);
		if (strcmp(list[i]->d_name, ".") &&
		    strcmp(list[i]->d_name, "..") && !lstat(path, &st)) {
			if (!depth)
				visit(h, name, &st, ctx);
			if (S_ISDIR(st.st_mode))
				walk(h, name, depth, visit, ctx);
			if (depth)
				visit(h, name, &st, ctx);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void save_one(const struct fake_host *h, const char *name,
		     const struct stat *st, void *ctx)
{
	struct fake_saved *saved = ctx;
	struct wgq_err e = { 0 };
	struct fake_file *file;
	char path[PATH_MAX];

	if (saved->n == saved->cap) {
		saved->cap = saved->cap ? saved->cap * 2 : 64;
		saved->files = realloc(saved->files,
				       saved->cap * sizeof(*saved->files));
		if (!saved->files)
			fake_die("no memory");
	}
	file = &saved->files[saved->n++];
	*file = (struct fake_file){ .name = strdup(name), .mode = st->st_mode };
	snprintf(path, sizeof(path), "%s%s", h->root, name);
	buf_adds(&file->text, "");
	if (S_ISREG(st->st_mode) &&
	    file_read(path, FILE_READ_MAX, &file->text, &e))
		fake_die("cannot read a file");
}

void fake_host_save(const struct fake_host *h, struct fake_saved *ret)
{
	*ret = (struct fake_saved){ .state = malloc(sizeof(*ret->state)) };
	if (!ret->state)
		fake_die("no memory");
	*ret->state = *h->f.s;
	walk(h, "", false, save_one, ret);
}

static void remove_new(const struct fake_host *h, const char *name,
		       const struct stat *st, void *ctx)
{
	const struct fake_saved *saved = ctx;
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < saved->n; i++)
		if (!strcmp(saved->files[i].name, name) &&
		    (saved->files[i].mode & S_IFMT) == (st->st_mode & S_IFMT))
			return;
	snprintf(path, sizeof(path), "%s%s", h->root, name);
	remove(path);
}

static void restore_one(const struct fake_host *h, const struct fake_file *f)
{
	cleanup(buf_done) struct buf now = { 0 };
	cleanup(close_fd) int fd = -1;
	struct wgq_err e = { 0 };
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", h->root, f->name);
	if (!S_ISREG(f->mode) && !S_ISDIR(f->mode))
		fake_die("a host with more than files");
	if (S_ISDIR(f->mode)) {
		mkdir(path, f->mode & 07777);
		return;
	}
	if (!lstat(path, &st) && st.st_mode == f->mode &&
	    !file_read(path, FILE_READ_MAX, &now, &e) &&
	    now.len == f->text.len &&
	    (!now.len || !memcmp(now.p, f->text.p, now.len)))
		return;
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		  f->mode & 07777);
	if (fd < 0 || write(fd, f->text.p, f->text.len) != (ssize_t)f->text.len)
		fake_die("cannot restore a file");
}

void fake_host_restore(struct fake_host *h, const struct fake_saved *saved)
{
	size_t i;

	*h->f.s = *saved->state;
	walk(h, "", true, remove_new, (void *)saved);
	for (i = 0; i < saved->n; i++)
		restore_one(h, &saved->files[i]);
}

void fake_saved_done(struct fake_saved *saved)
{
	size_t i;

	for (i = 0; i < saved->n; i++) {
		free(saved->files[i].name);
		buf_done(&saved->files[i].text);
	}
	free(saved->files);
	free(saved->state);
	*saved = (struct fake_saved){ 0 };
}
