/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_APPLY_JOURNAL_H
#define WGQ_APPLY_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "plan/plan.h"
#include "sys/lock.h"

/**
 * DOC: what survives a kill
 *
 * The kernel is the truth, so the journal holds only what neither the kernel
 * nor the conf can tell: that an `up` or `down` is under way, which link is
 * ours, the mark it chose, sysctls as they were before, and how far the hooks
 * got.  It is written before the first change, in one write into a new file or
 * into one that is renamed over the old, so that a SIGKILL at any point leaves
 * a whole one, or lines of one while nothing has changed; `down` plans from it,
 * from the conf and from the kernel, and removes it when the host is as it was.
 *
 * It is a file of "key value" lines in /run/wgq, named after the network
 * namespace and the interface.  An entry from before a reboot can only exist
 * where /run is no tmpfs; the boot id in it tells, there.
 */

/** JOURNAL_PATH_LEN - room for a path beside the lock's, and its NUL */
#define JOURNAL_PATH_LEN (LOCK_PATH_LEN + 8)

/** enum journal_state - what the interface's last run was doing */
enum journal_state {
	JOURNAL_NONE,  /* there is no journal */
	JOURNAL_UP,    /* `up` was under way */
	JOURNAL_IS_UP, /* `up` ended well */
	JOURNAL_DOWN,  /* `down` was under way */
};

/**
 * struct journal_made - a part of nf_tables that a hook's command made
 * @family:	NFPROTO_
 * @table:	table
 * @chain:	base chain, "" = the table itself
 */
struct journal_made {
	uint8_t family;
	const char *table, *chain;
};

/**
 * struct journal - the content of an interface's journal
 * @path:	its file, "" where there can be none
 * @fd:	the file, open for notes; -1 while it is not there
 * @state:	see enum journal_state
 * @index:	ifindex of the link that `up` made, 0 = none recorded
 * @userspace:	the link is a userspace implementation's
 * @hooks:	by phase: a hook of it was begun
 * @post_down:	PostDown hooks that a `down` which was cut off had finished
 * @memory:	what plan_down() needs
 * @undo:	commands that take back what hooks did in the process, to be
 *		carried out last one first
 * @n_undo:	their number
 * @n_undo_before: before the command under way
 * @made:	what goes once it is empty again
 * @n_made:	their number
 * @arena:	owns the texts
 */
struct journal {
	char path[JOURNAL_PATH_LEN];
	int fd;
	enum journal_state state;
	unsigned int index;
	bool userspace;
	bool hooks[CONF_PHASES];
	unsigned int post_down;
	struct plan_memory memory;
	struct arena arena;
	const char **undo;
	size_t n_undo, cap_undo, n_undo_before;
	struct journal_made *made;
	size_t n_made, cap_made;
	size_t cap_sysctl;
};

/**
 * journal_remember_sysctl() - what a killed `up` would have to put back
 *
 * Return: 0 or -ENOMEM.
 */
int journal_remember_sysctl(struct journal *j, const char *key, int old)
	__attribute__((warn_unused_result));

/**
 * journal_remember_undo() - what would take back a hook's command
 *
 * Return: 0 or -ENOMEM.
 */
int journal_remember_undo(struct journal *j, const char *command)
	__attribute__((warn_unused_result));

/**
 * journal_remember_made() - a table, or with @chain not "" a base chain, that
 * was not there before
 *
 * Return: 0 or -ENOMEM.
 */
int journal_remember_made(struct journal *j, uint8_t family, const char *table,
			  const char *chain)
	__attribute__((warn_unused_result));

/** journal_init() - an empty journal at @path */
void journal_init(struct journal *j, const char *path);

/**
 * journal_read() - read the journal, if there is one
 * @j:		initialised
 * @proc:	"/proc"
 * @e:		filled on failure
 *
 * One that is older than the last boot counts as none.  Keys that are not
 * known are passed over.
 *
 * Return: 0 or -errno.
 */
int journal_read(struct journal *j, const char *proc, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * journal_write() - write the journal in one step
 * @j:		content; one without a path is not written, nor are later notes
 * @proc:	"/proc"
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int journal_write(struct journal *j, const char *proc, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * journal_note() - append a fact to the journal, if it was written
 * @j:		journal
 * @fmt:	one line, without its newline
 *
 * One write to the end of the file: it is there as a whole or not at all.
 *
 * Return: 0 or -errno.
 */
int journal_note(const struct journal *j, struct wgq_err *e, const char *fmt,
		 ...) __attribute__((warn_unused_result, format(printf, 3, 4)));

/** journal_done() - close the journal and leave it where it is */
void journal_done(struct journal *j);

/** journal_remove() - the host is as it was: forget */
void journal_remove(struct journal *j);

#endif
