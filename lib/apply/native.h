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
 * @in:		standard input; NULL where it is to be read from @in_fd
 * @in_len:	its length
 * @in_fd:	likewise
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
	int in_fd;
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

/**
 * native_read() - read a file that a command names
 * @c:		command
 * @path:	file; "-" and the names of standard input in /dev are that
 * @out:	the content is appended
 *
 * Return: 0 or -errno, -EINTR when a signal asked to stop.
 */
int native_read(const struct native_call *c, const char *path, struct buf *out)
	__attribute__((warn_unused_result));

/**
 * native_skip_sudo() - how many words of sudo stand before a command
 *
 * We are root already, and what sudo does to the environment makes no
 * difference to the commands of hooks.
 *
 * Return: the number, 0 where it is not sudo, or not just a prefix.
 */
size_t native_skip_sudo(const char *const *argv, size_t argc);

/** native_find() - the command of a name or path; Return: it, or NULL */
const struct native *native_find(const char *name);

/** native_sysctl - sysctl of procps: single values, read and written */
extern const struct native native_sysctl;

/** native_filter - text tools: see hook/filter.h */
extern const struct native native_filter;

/** native_wg - wg: set, addconf, setconf, and show of one property */
extern const struct native native_wg;

/** native_sleep - sleep, which a signal ends */
extern const struct native native_sleep;

/** native_iptables - iptables, ip6tables and their -nft and -legacy names */
extern const struct native native_iptables;

/** native_nft - nft */
extern const struct native native_nft;

#endif
