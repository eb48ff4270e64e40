/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_APPLY_NATIVE_H
#define WGQ_APPLY_NATIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"

struct run;

/**
 * DOC: commands of hooks that are carried out in the process
 *
 * Each is a row of a table: whether it takes given words, and how it does what
 * they say.  What it writes and its exit status are the real program's.  Words
 * that it does not take go to the real program, as a whole and before anything
 * was done.
 */

/**
 * struct native_call - one command
 * @r:		run it is part of
 * @phase:	phase of the hook
 * @argv:	words, NULL at the end
 * @argc:	their number, at least 1
 * @in:		standard input; NULL where it is not at hand
 * @in_len:	its length
 * @out:	receives standard output
 * @err:	receives standard error; may be @out
 * @literal:	rules stand where the words say
 */
struct native_call {
	struct run *r;
	enum conf_phase phase;
	const char *const *argv;
	size_t argc;
	const char *in;
	size_t in_len;
	struct buf *out, *err;
	bool literal;
};

/**
 * struct native - a command
 * @takes:	would it carry these words out? Pure; the reason where it does
 *		not goes to @why, if that is not NULL, for people
 * @run:	does it; 0 and an exit status, or a negative errno that ends the
 *		hook
 */
struct native {
	bool (*takes)(const char *const *argv, size_t argc, const char **why);
	int (*run)(const struct native_call *c, int *ret_status,
		   struct wgq_err *e);
};

/** native_find() - the command of a name or path; Return: it, or NULL */
const struct native *native_find(const char *name);

/** native_iptables - iptables, ip6tables and their -nft and -legacy names */
extern const struct native native_iptables;

#endif
