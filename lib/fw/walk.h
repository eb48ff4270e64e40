/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_WALK_H
#define WGQ_FW_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "fw/ruleset.h"

/**
 * DOC: the walk
 *
 * A flow is a set of packets: those that come in by one interface, say, from
 * some networks, to anywhere.  The walk takes it through a base chain as the
 * kernel would take each packet.  A match holds for all of the flow, for none,
 * or for some; so a rule refuses the whole flow, or a part, or nothing.  What
 * is not understood holds for some.  Rules that let a part through do not end
 * the walk: the rest goes on.
 */

/**
 * struct fw_iface_set - interfaces of a flow
 * @name:	the one interface, NULL = any but @not
 * @index:	its ifindex, 0 = unknown
 * @not:	with @name NULL: this one is not meant; NULL = all are
 */
struct fw_iface_set {
	const char *name;
	uint32_t index;
	const char * not ;
};

/** FW_L4_REST - any transport protocol but TCP and UDP */
#define FW_L4_REST 256

/**
 * struct fw_flow - unicast packets that belong together
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @hook:	FW_FORWARD, FW_INPUT, ...
 * @in:		interfaces it comes in by
 * @out:	interfaces it goes out by
 * @src:	prefixes of @family that sources are in
 * @n_src:	their number, 0 = any address
 * @dst:	likewise of destinations
 * @n_dst:	their number, 0 = any address
 * @sorted:	@src and @dst are as fw_prefixes() makes them; with thousands
 *		of peers that saves asking each of them for each rule
 * @l4proto:	transport protocol, -1 = any, FW_L4_REST = neither TCP nor UDP
 * @sport:	source ports; 0 to 65535 = any
 * @dport:	destination ports
 * @ctstate:	its FW_CT_ bit
 * @syn:	TCP packets of it are SYNs (a new connection)
 */
struct fw_flow {
	uint8_t family;
	enum fw_hook hook;
	struct fw_iface_set in, out;
	const struct addr *src, *dst;
	size_t n_src, n_dst;
	bool sorted;
	int l4proto;
	struct fw_range sport, dport;
	uint32_t ctstate;
	bool syn;
};

/**
 * fw_prefixes() - put prefixes of one family in order for a flow
 * @in:		prefixes of any family
 * @n:		their number
 * @family:	those of which family are wanted
 * @a:		owns the result
 * @ret:	receives them, by address, none within another
 * @ret_n:	receives their number; 0 also where they are all addresses
 *
 * Return: 0 or -ENOMEM.
 */
int fw_prefixes(const struct addr *in, size_t n, uint8_t family,
		struct arena *a, const struct addr **ret, size_t *ret_n)
	__attribute__((warn_unused_result));

/** enum fw_holds - for how much of a flow a match holds */
enum fw_holds { FW_HOLDS_NONE, FW_HOLDS_SOME, FW_HOLDS_ALL };

/** fw_match_holds() - for how much of a flow does a match hold? */
enum fw_holds fw_match_holds(const struct fw_match *m, const struct fw_flow *f);

/** fw_lookup_fits() - is the set of a lookup there, and its key long enough? */
bool fw_lookup_fits(const struct fw_lookup *l);

/**
 * fw_elem_holds() - for how much of a flow is an element the one looked up?
 *
 * A catchall element is asked for by itself: all that is in no other one.
 */
enum fw_holds fw_elem_holds(const struct fw_key *key, const struct fw_elem *el,
			    const struct fw_flow *f);

/** enum fw_fate - what a base chain does with a flow */
enum fw_fate {
	FW_PASSES,  /* nothing of it is refused */
	FW_PARTLY,  /* some of it is refused */
	FW_REFUSED, /* what no rule accepts is refused, all of it */
};

/**
 * struct fw_culprit - a rule or policy that refuses
 * @chain:	chain of the rule
 * @rule:	rule, NULL = the policy of the base chain
 * @index:	index of @rule in @chain
 * @top:	index, in the base chain, of the rule that led there; n_rule for
 *		the policy
 * @all:	it refuses all that came to it, not just a part
 */
struct fw_culprit {
	const struct fw_chain *chain;
	const struct fw_rule *rule;
	size_t index;
	size_t top;
	bool all;
};

/**
 * struct fw_passage - a flow's way through one base chain
 * @base:	base chain
 * @fate:	what becomes of the flow
 * @at:		FW_REFUSED: index in @base before which an accept saves the flow
 *		and lets every narrower refusal before it stand
 * @falls:	FW_REFUSED: index at which the first of the protocols that
 *		count has fallen; from @at to it an accept is of use, too
 * @by:		what refuses there
 * @part:	refusals of parts, in the order in which packets meet them
 * @n_part:	their number
 * @accepts:	the rule that accepts all of it, NULL = policy or parts
 * @accepts_in:	its chain
 * @docker_user: chain DOCKER-USER that the flow goes through on its way
 *		to @at, NULL = none
 * @docker_at:	index in @docker_user before which an accept does the same
 */
struct fw_passage {
	const struct fw_chain *base;
	enum fw_fate fate;
	size_t at, falls;
	struct fw_culprit by;
	struct fw_culprit *part;
	size_t n_part, cap_part;
	const struct fw_rule *accepts;
	const struct fw_chain *accepts_in;
	const struct fw_chain *docker_user;
	size_t docker_at;
};

/**
 * struct fw_way - a flow's way through all base chains of its hook
 * @passage:	in the order in which packets meet the chains: by priority,
 *		legacy tables where their hooks stand
 */
struct fw_way {
	struct fw_passage *passage;
	size_t n_passage, cap_passage;
};

/**
 * fw_walk_chain() - take a flow through one base chain
 * @rs:		ruleset
 * @base:	base chain
 * @f:		flow
 * @a:		owns what @ret points to
 * @ret:	receives the passage
 *
 * A flow of any protocol is walked for TCP, for UDP and for the rest.  It
 * counts as refused when TCP and UDP are; then @at is where the last of these
 * falls, moved up over the rules right before it that reject one protocol each
 * and ask for nothing else, which belong to the same catch-all; and over those
 * that log what is about to be refused, which would be a lie then.
 *
 * Return: 0, -ELOOP for jumps in a circle (which the kernel refuses to load),
 * or -ENOMEM.
 */
int fw_walk_chain(const struct fw_ruleset *rs, const struct fw_chain *base,
		  const struct fw_flow *f, struct arena *a,
		  struct fw_passage *ret) __attribute__((warn_unused_result));

/** fw_chain_sees() - do packets of a flow meet this base chain's rules? */
bool fw_chain_sees(const struct fw_chain *c, const struct fw_flow *f);

/**
 * fw_walk() - take a flow through every base chain of its hook
 *
 * NAT chains are left out: they translate, and let everything pass that they
 * do not drop by a rule.
 *
 * Return: as fw_walk_chain().
 */
int fw_walk(const struct fw_ruleset *rs, const struct fw_flow *f,
	    struct arena *a, struct fw_way *ret)
	__attribute__((warn_unused_result));

#endif
