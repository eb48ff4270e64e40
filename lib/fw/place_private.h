/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_PLACE_PRIVATE_H
#define WGQ_FW_PLACE_PRIVATE_H

/* The kernel's definitions give way to libc's only where these come first. */
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "base/err.h"
#include "fw/place.h"

/**
 * struct placer - what a placement works with
 * @rs:		ruleset, as it is before the edits
 * @ifname:	the tunnel
 * @ifindex:	its index or 0
 * @mark:	comment of our rules, owned by the edits
 * @es:		edits
 * @ns:		notes
 * @before:	edit that will be done before these, NULL = none
 * @a:		memory until the end of the placement
 */
struct placer {
	const struct fw_ruleset *rs;
	const char *ifname;
	uint32_t ifindex;
	const char *mark;
	struct fw_edits *es;
	struct place_notes *ns;
	const struct fw_edit *before;
	struct arena a;
};

/** placer_init() - begin; Return: 0 or -ENOMEM */
int placer_init(struct placer *pl, const struct fw_ruleset *rs,
		const char *ifname, uint32_t ifindex, struct fw_edits *es,
		struct place_notes *ns);

/** placer_done() - release its memory; the edits stay */
void placer_done(struct placer *pl);

/** placer_fail() - put -ELOOP or -ENOMEM into words; Return: @err */
int placer_fail(int err, struct wgq_err *e);

/**
 * struct accept - an accept of ours and the flows that need it
 * @what:	words for a note: "forwarded traffic from wg0"; NULL = no note
 * @rule:	its matches and statements, without mark; NFPROTO is put in
 *		front where a table of family inet needs it
 * @want:	for which families: [0] IPv4, [1] IPv6
 * @flow:	its flow in each of them
 * @new_too:	the flow begins with new connections; else it is established
 * @not_in:	base chain that is left out, NULL = none
 */
struct accept {
	const char *what;
	struct fw_rule rule;
	bool want[2];
	struct fw_flow flow[2];
	bool new_too;
	const struct fw_chain *not_in;
};

/** accept_family() - NFPROTO_ number of an index of struct accept */
static inline uint8_t accept_family(int k)
{
	return k ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

/**
 * accept_place() - put an accept into every chain that refuses its flow
 *
 * Return: 0, -ELOOP or -ENOMEM.
 */
int accept_place(struct placer *pl, const struct accept *acc)
	__attribute__((warn_unused_result));

/** match_iface() - add "-i NAME" or "-o NAME"; Return: 0 or -ENOMEM */
int match_iface(struct arena *a, struct fw_rule *r, enum fw_match_kind kind,
		const char *name, bool invert);

/** match_replies() - add "--ctstate RELATED,ESTABLISHED" */
int match_replies(struct arena *a, struct fw_rule *r);

/** match_number() - add a match for one protocol, port or NFPROTO */
int match_number(struct arena *a, struct fw_rule *r, enum fw_match_kind kind,
		 uint16_t number);

/** match_source() - add "-s PREFIX" */
int match_source(struct arena *a, struct fw_rule *r, const struct addr *src);

/** statement() - add a statement without arguments */
int statement(struct arena *a, struct fw_rule *r, enum fw_stmt_kind kind);

/**
 * place_own_table() - NAT and MSS clamping, in table wgq-IF
 *
 * Return: 0 or -ENOMEM.
 */
int place_own_table(struct placer *pl, const struct place_want *w)
	__attribute__((warn_unused_result));

/** is_iptables_table() - do iptables-nft or legacy iptables keep this table? */
bool is_iptables_table(const struct fw_table *t);

#endif
