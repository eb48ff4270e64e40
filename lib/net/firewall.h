/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_FIREWALL_H
#define WGQ_NET_FIREWALL_H

#include <stdbool.h>

#include "base/err.h"
#include "fw/edit.h"
#include "fw/ruleset.h"
#include "net/nl.h"
#include "net/xtables.h"

/**
 * DOC: both engines as one
 *
 * A packet meets the chains of nf_tables and of legacy xtables alike, so both
 * are read into one ruleset and changed by one list of edits:
 *
 *	do {
 *		firewall_read(fw, &rs, e)
 *		... decide: edits against rs ...
 *		ret = firewall_commit(fw, &rs, &es, e)
 *	} while (ret == -ERESTART, some times);
 *	firewall_unlock(fw);
 *
 * What is guaranteed: nf_tables' part is one transaction, refused if anybody
 * has committed anything since the read; each legacy table is replaced as a
 * whole.  The legacy tables go first, since they can be put back to the byte,
 * and nf_tables last, since a refused transaction leaves nothing.  So after a
 * failure everything is as it was, unless a program that does not take
 * iptables' lock changed the same legacy table in between (then the error says
 * so).  Between the two parts packets may meet one without the other, and a
 * kill there leaves the legacy part: rules that carry our mark are found again
 * by it.
 *
 * iptables' lock is a file, which is not this room's; struct firewall_lock is
 * how to get at it (sys/xtlock.h).  It is taken where there are legacy tables
 * or an edit makes one, and never else, so that a host without them needs no
 * writable /run.
 */

/**
 * struct firewall_lock - the lock of iptables-legacy
 * @take:	take it; 0 or -errno with @e filled
 * @drop:	let go
 * @ctx:	first argument of both
 */
struct firewall_lock {
	int (*take)(void *ctx, struct wgq_err *e);
	void (*drop)(void *ctx);
	void *ctx;
};

/**
 * struct firewall - access to both engines
 * @nft:	socket of NETLINK_NETFILTER, the caller's
 * @xt:		legacy tables, the caller's
 * @lock:	iptables' lock; NULL where the caller holds it
 * @locked:	it was taken through @lock
 */
struct firewall {
	struct nl *nft;
	struct xtables *xt;
	const struct firewall_lock *lock;
	bool locked;
};

/**
 * firewall_read() - read all tables of both engines and families
 * @fw:		firewall
 * @rs:		receives them; a fresh ruleset, which stays so on failure
 * @e:		filled on failure
 *
 * Where there are legacy tables the lock is taken and kept, also on failure.
 *
 * Return: 0 or -errno, as nft_dump() and xtables_dump().
 */
int firewall_read(struct firewall *fw, struct fw_ruleset *rs, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * firewall_commit() - carry out edits of both engines
 * @fw:		firewall
 * @rs:		ruleset that they were made against, as read
 * @es:		edits; none is nothing to do
 * @e:		filled on failure
 *
 * Return: 0; -ERESTART where the ruleset is not the one that was read: read it
 * and decide anew; or another -errno, as nft_commit() and xtables_commit().
 */
int firewall_commit(struct firewall *fw, const struct fw_ruleset *rs,
		    const struct fw_edits *es, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** firewall_unlock() - let go of the lock if it was taken */
void firewall_unlock(struct firewall *fw);

#endif
