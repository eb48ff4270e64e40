// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/tables.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/file.h"

#define TABLES_MAX ((size_t)4 << 20)

/* Distributions' own directories, the one that wins first. */
static const char *const usr_dirs[] = {
	"/usr/share/iproute2",
	"/usr/lib/iproute2",
};

static bool add_file(const char *path, struct buf *ret)
{
	const size_t start = ret->len;
	struct wgq_err ignored = {};

	if (file_read(path, TABLES_MAX, ret, &ignored))
		return false;
	if (ret->len > start && ret->p[ret->len - 1] != '\n')
		buf_addc(ret, '\n');
	return true;
}

static int is_conf(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 5 && d->d_name[0] != '.' &&
	       !strcmp(d->d_name + len - 5, ".conf");
}

/* By bytes: alphasort() would ask the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Files that @over has too are left to it; NULL for none. */
static void add_dir(const char *dir, const char *over, struct buf *ret)
{
	struct dirent **names;
	char path[PATH_MAX];
	int i, len, n = scandir(dir, &names, is_conf, by_name);

	for (i = 0; i < n; i++) {
		len = snprintf(path, sizeof(path), "%s/%s", over ? over : "",
			       names[i]->d_name);
		if (len > 0 && (size_t)len < sizeof(path) &&
		    !(over && !access(path, F_OK))) {
			len = snprintf(path, sizeof(path), "%s/%s", dir,
				       names[i]->d_name);
			if (len > 0 && (size_t)len < sizeof(path))
				add_file(path, ret);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int tables_read(const char *root, struct buf *ret, struct wgq_err *e)
{
	char etc[PATH_MAX], usr[PATH_MAX], path[PATH_MAX + 16];
	size_t i;

	snprintf(etc, sizeof(etc), "%s/etc/iproute2/rt_tables", root);
	if (!add_file(etc, ret)) {
		for (i = 0; i < ARRAY_SIZE(usr_dirs); i++) {
			snprintf(path, sizeof(path), "%s%s/rt_tables", root,
				 usr_dirs[i]);
			if (add_file(path, ret))
				break;
		}
	}
	snprintf(etc, sizeof(etc), "%s/etc/iproute2/rt_tables.d", root);
	for (i = 0; i < ARRAY_SIZE(usr_dirs); i++) {
		snprintf(usr, sizeof(usr), "%s%s/rt_tables.d", root,
			 usr_dirs[i]);
		add_dir(usr, etc, ret);
	}
	add_dir(etc, NULL, ret);
	return ret->failed ? err_sys(e, -ENOMEM, "rt_tables") : 0;
}
