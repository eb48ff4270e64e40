/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_APPLY_FIREWALL_H
#define WGQ_APPLY_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"
#include "fw/edit.h"
#include "fw/place.h"
#include "net/firewall.h"

struct run;

/**
 * DOC: the firewall of a run
 *
 * What the directives ask for is decided on the ruleset as it is when the
 * conf is checked, so that what cannot be done is said before the first change.
 * If it is still the same when the step comes, the edits go out as they are;
 * else they are decided anew.
 */

/**
 * struct run_firewall - access to the firewall, and what is decided
 * @xt:		legacy tables
 * @lock:	iptables' lock
 * @lock_fd:	the lock while it is held, else -1
 * @access:	both engines
 * @want:	what the directives ask for
 * @read:	@rs is filled
 * @rs:		ruleset that @es were made against
 * @es:		edits
 * @ns:		notes
 * @told:	notes and commands that were printed already
 */
struct run_firewall {
	struct xtables xt;
	struct firewall_lock lock;
	int lock_fd;
	struct firewall access;
	struct place_want want;
	bool read;
	struct fw_ruleset rs;
	struct fw_edits es;
	struct place_notes ns;
	struct buf told;
};

/** run_firewall_init() - prepare; nothing is opened */
void run_firewall_init(struct run *r);

/** run_firewall_done() - release */
void run_firewall_done(struct run *r);

/**
 * run_firewall_want() - work out what the directives ask for
 * @r:		run; @r->firewall.want is filled
 * @device:	peers: their allowed IPs and endpoints
 * @e:		filled on failure
 *
 * Return: 0, -EINVAL for what cannot be, with the line of the conf, -ENOMEM.
 */
int run_firewall_want(struct run *r, const struct wg_device *device,
		      struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * run_firewall_decide() - read the ruleset and decide the edits
 *
 * Return: 0 or -errno.
 */
int run_firewall_decide(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_firewall_put() - put the rules of the directives in place
 *
 * Prints the notes and the commands, then commits.  Where somebody changed the
 * ruleset meanwhile it is read and decided upon again, ten times at most.
 *
 * Return: 0, -EBUSY where the ruleset never stood still, or another -errno.
 */
int run_firewall_put(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_firewall_clean() - take out every rule that carries the tunnel's mark
 *
 * Return: as run_firewall_put(); nothing to take out is no failure.
 */
int run_firewall_clean(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
