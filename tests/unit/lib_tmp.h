/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_LIB_TMP_H
#define WGQ_TESTS_LIB_TMP_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

/** tmp_make() - a fresh directory; fails the test where there is none */
void tmp_make(char dir[64]);

/** tmp_remove() - remove a directory and all in it */
void tmp_remove(const char *dir);

/** tmp_path() - "DIR/NAME" in @out, which is also returned */
const char *tmp_path(char out[PATH_MAX], const char *dir, const char *name);

/** tmp_write() - make DIR/NAME with this content and mode, and its parents */
void tmp_write(const char *dir, const char *name, mode_t mode,
	       const char *content);

/**
 * tmp_read() - content of DIR/NAME
 * @out:	receives it, cut to @size - 1 bytes
 *
 * Return: @out, or NULL where the file is not there.
 */
char *tmp_read(const char *dir, const char *name, char *out, size_t size);

/** tmp_count() - number of entries in a directory, -1 where it is not there */
int tmp_count(const char *dir);

#endif
