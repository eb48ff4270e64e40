/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_XTABLES_H
#define WGQ_NET_XTABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"
#include "fw/edit.h"
#include "fw/ruleset.h"

/**
 * DOC: legacy xtables in the kernel
 *
 * A table is read and replaced as a whole through socket options.  To ask for
 * one makes the kernel create it and hook it in, after which every call of
 * iptables-nft warns of it.  So only what /proc/net/ip_tables_names and
 * ip6_tables_names name is ever asked for; there a table stands once somebody
 * has used it in this network namespace.  An edit FW_E_TABLE_ADD alone brings
 * one to life.
 *
 * When a table is replaced the kernel checks no more than that the number of
 * its entries is still the same.  Programs of iptables-legacy keep each other
 * out by a lock on a file; the caller has to hold it (sys/xtlock.h) from the
 * read to the commit.  Since not everybody takes it, the table is compared
 * with what was read right before it is replaced.
 */

/**
 * struct xtables_ops - what a socket for socket options can do
 * @open:	open a socket of NFPROTO_IPV4 or NFPROTO_IPV6; -errno with @e
 *		filled
 * @get:	getsockopt() at the family's level; 0 or -errno
 * @set:	setsockopt() likewise
 * @close:	close a socket
 *
 * The seam at which tests put a kernel of their own.
 */
struct xtables_ops {
	int (*open)(void *ctx, uint8_t family, int *ret_sock,
		    struct wgq_err *e);
	int (*get)(void *ctx, int sock, uint8_t family, int opt, void *data,
		   socklen_t *len);
	int (*set)(void *ctx, int sock, uint8_t family, int opt,
		   const void *data, socklen_t len);
	void (*close)(void *ctx, int sock);
};

/** xtables_kernel_ops - the real kernel; its context is unused */
extern const struct xtables_ops xtables_kernel_ops;

/**
 * struct xtables - access to the legacy tables of both families
 * @ops:	what it does its work by
 * @ctx:	context of @ops
 * @proc_net:	"/proc/net"
 * @sock:	sockets of IPv4 and IPv6, -1 until the first use
 */
struct xtables {
	const struct xtables_ops *ops;
	void *ctx;
	const char *proc_net;
	int sock[2];
};

/** xtables_init() - prepare; nothing is opened yet */
void xtables_init(struct xtables *x, const struct xtables_ops *ops, void *ctx,
		  const char *proc_net);

/** xtables_done() - close the sockets; for cleanup() too */
void xtables_done(struct xtables *x);

/**
 * xtables_present() - is there any legacy table in this network namespace?
 * @x:		tables
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @ret:	the answer, which brings none to life
 * @e:		filled on failure
 *
 * Return: 0 or -errno; no such file is no table.
 */
int xtables_present(struct xtables *x, uint8_t family, bool *ret,
		    struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * xtables_dump() - read all legacy tables of a family that there are
 * @x:		tables
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @rs:		ruleset; tables are added to it
 * @e:		filled on failure
 *
 * Return: 0, -EBUSY for a table that never stood still, -EPERM without
 * CAP_NET_ADMIN, or -errno.
 */
int xtables_dump(struct xtables *x, uint8_t family, struct fw_ruleset *rs,
		 struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * struct xtables_undo - how to take a commit back
 * @arena:	owns it
 * @v:		tables that were replaced, in that order
 * @n:		their number
 */
struct xtables_undo {
	struct arena arena;
	struct xtables_replaced *v;
	size_t n, cap;
};

/** xtables_undo_done() - release it */
void xtables_undo_done(struct xtables_undo *u);

/**
 * xtables_commit() - carry out the edits of legacy tables
 * @x:		tables
 * @rs:		ruleset that they were made against, as xtables_dump() gave it
 * @es:		edits; those of nf_tables are passed over
 * @undo:	receives how to take it back; fresh
 * @e:		filled on failure
 *
 * One table after the other, each by itself atomic: packets meet the old or the
 * new one.  Where one is refused those before it are put back.  Entries that no
 * edit touches keep their bytes and their counters.  A table that
 * FW_E_TABLE_ADD brought to life stays, empty, whatever fails.
 *
 * Return: 0; -ERESTART where a table is not the one that was read, to be read
 * and decided about anew; -EOPNOTSUPP where the kernel has no legacy tables of
 * this kind or a rule no form in them; -EIO where what was done before the
 * failure could not be put back; or another -errno.
 */
int xtables_commit(struct xtables *x, const struct fw_ruleset *rs,
		   const struct fw_edits *es, struct xtables_undo *undo,
		   struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * xtables_revert() - put the tables of a commit back as they were
 *
 * Last one first, byte by byte, counters included.  A table that somebody else
 * has changed since is left alone, and is the error.
 *
 * Return: 0 or the first failure; the others are put back all the same.
 */
int xtables_revert(struct xtables *x, const struct xtables_undo *undo,
		   struct wgq_err *e) __attribute__((warn_unused_result));

#endif
