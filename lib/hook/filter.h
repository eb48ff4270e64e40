/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_HOOK_FILTER_H
#define WGQ_HOOK_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

/**
 * DOC: the text tools that hooks pipe into
 *
 * cat, grep, sed, awk, cut, head, tail, tr, sort, uniq and wc, as far as hooks
 * use them: each reads its words in full or does not take them, and then does
 * to bytes in memory what the program of GNU or Debian does in the C locale.
 */

struct filter;

/** filter_find() - the filter of a name or path; Return: it, or NULL */
const struct filter *filter_find(const char *name);

/**
 * struct filter_io - what a filter touches
 * @read:	append a whole file to @out, standard input where @path is "-";
 *		0, or a negative errno that becomes the program's message, but
 *		for -ENOMEM and -EINTR, which end the filter
 * @ctx:	given to @read
 * @out:	receives standard output
 * @err:	receives standard error
 */
struct filter_io {
	int (*read)(void *ctx, const char *path, struct buf *out);
	void *ctx;
	struct buf *out, *err;
};

/**
 * filter_takes() - are the words understood?
 * @f:		filter of argv[0]
 * @argv:	words, NULL at the end
 * @argc:	their number
 */
bool filter_takes(const struct filter *f, const char *const *argv, size_t argc);

/**
 * filter_run() - carry out words that are understood
 * @f:		filter of argv[0]
 * @argv:	words, NULL at the end
 * @argc:	their number
 * @io:		input and outputs
 * @ret_status:	exit status
 *
 * Return: 0, -ENOMEM, -EINTR, or -EINVAL for words that are not understood.
 */
int filter_run(const struct filter *f, const char *const *argv, size_t argc,
	       const struct filter_io *io, int *ret_status)
	__attribute__((warn_unused_result));

#endif
