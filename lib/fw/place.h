/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_PLACE_H
#define WGQ_FW_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "fw/edit.h"
#include "fw/walk.h"

/**
 * DOC: effective placement
 *
 * An accept in one base chain does not spare a packet the next, and a refusal
 * in any is final.  So each base chain that refuses the whole of a wanted flow
 * gets an accept of its own, right before the rule or policy that refuses:
 * behind narrower refusals, which the admin meant, and before the catch-all.
 * Where Docker is, the head of DOCKER-USER is the place, which Docker keeps
 * through its own restarts.  Where nothing refuses, nothing is added.
 *
 * Rules of ours carry the mark "wgq:IF" as their comment, and by it
 * place_clean() finds them, whoever saved, restored or renumbered them.
 */

/** PLACE_MARK - what the comment of our rules begins with */
#define PLACE_MARK "wgq:"

/**
 * struct place_want - what a conf's directives ask for
 * @ifname:	the tunnel
 * @ifindex:	its index, 0 = not known yet
 * @v4:		the tunnel carries IPv4
 * @v6:		the tunnel carries IPv6
 * @src:	what may come out of the tunnel: the peers' allowed IPs
 * @n_src:	their number
 * @forward:	accept forwarded traffic from the tunnel and its replies
 * @forward_to:	to these interfaces alone
 * @n_forward_to: their number, 0 = to all
 * @masquerade:	masquerade what leaves; with n_masquerade_to 0 by any interface
 *		but the tunnel
 * @masquerade_to: by these interfaces
 * @n_masquerade_to: their number
 * @open_port:	accept @port on INPUT
 * @port:	ListenPort, host order
 * @port_from:	from these addresses
 * @n_port_from: their number, 0 = from all
 */
struct place_want {
	const char *ifname;
	uint32_t ifindex;
	bool v4, v6;
	const struct addr *src;
	size_t n_src;
	bool forward;
	const char *const *forward_to;
	size_t n_forward_to;
	bool masquerade;
	const char *const *masquerade_to;
	size_t n_masquerade_to;
	bool open_port;
	uint16_t port;
	const struct addr *port_from;
	size_t n_port_from;
};

/**
 * struct place_notes - lines for a person
 * @v:		texts, without "[!] "
 *
 * Where a rule went and what would have refused it; which rule of whose refuses
 * what no rule of ours can change, and what its manager offers.
 */
struct place_notes {
	struct arena arena;
	const char **v;
	size_t n, cap;
};

/** place_note() - add a line; Return: 0 or -ENOMEM */
int place_note(struct place_notes *ns, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** place_notes_done() - release the lines */
void place_notes_done(struct place_notes *ns);

/**
 * place_directives() - decide the edits that give what the directives ask for
 * @rs:		ruleset
 * @w:		what is wanted
 * @es:		receives the edits, made against @rs
 * @ns:		receives the notes
 * @e:		filled on failure
 *
 * Accepts go where the walk says, in every table and backend that refuses;
 * NAT and MSS clamping go into table `wgq-IF` of family inet, by itself.  What
 * is there already, marked and in an effective place, is not added again.  A
 * table with an owner, and firewalld's, are noted and left.
 *
 * Return: 0, -ELOOP, or -ENOMEM.
 */
int place_directives(const struct fw_ruleset *rs, const struct place_want *w,
		     struct fw_edits *es, struct place_notes *ns,
		     struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * place_hook() - give the rule of a hook line a position where it takes effect
 * @rs:		ruleset before the hook's edit
 * @w:		the tunnel: @ifname, @ifindex, @src and @port of it count
 * @ed:		the hook's FW_E_RULE_ADD; @at and @append are changed where the
 *		rule is an accept for the tunnel that would be dead; an @at
 *		beyond the end of the chain stands for the end
 * @more:	receives marked accepts of our own, where another chain or the
 *		other backend refuses the same flow, or its replies
 * @ns:		receives the note
 * @e:		filled on failure
 *
 * Anything but an accept for the tunnel on FORWARD or INPUT stands to the
 * letter.  It is for the tunnel if it names its interface, or on INPUT its UDP
 * port.
 *
 * Return: 0, -ELOOP, or -ENOMEM.
 */
int place_hook(const struct fw_ruleset *rs, const struct place_want *w,
	       struct fw_edit *ed, struct fw_edits *more,
	       struct place_notes *ns, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * place_clean() - decide the edits that take out everything marked
 * @rs:		ruleset
 * @ifname:	the tunnel
 * @es:		receives the edits
 *
 * Rules are found by their comment, in user data or as xt match, in every table
 * of either backend that may be changed; tables `wgq-IF` go whole.
 *
 * Return: 0 or -ENOMEM.
 */
int place_clean(const struct fw_ruleset *rs, const char *ifname,
		struct fw_edits *es) __attribute__((warn_unused_result));

#endif
