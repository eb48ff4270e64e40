/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_PLAN_STEP_H
#define WGQ_PLAN_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"

/**
 * DOC: a plan is data
 *
 * A step says one thing to do to the host: nothing in it is a descriptor, a
 * clock or a decision still to be taken.  One printer serves the `[#]` trace,
 * errors and tests; one function gives each step's inverse, so that undo and
 * the journal follow from the plan and cannot drift from it.
 */

/** enum step_kind - what a step does */
enum step_kind {
	STEP_LINK_ADD,	   /* create the kernel's WireGuard link */
	STEP_USERSPACE,	   /* start the userspace implementation instead */
	STEP_HOOK,	   /* run a hook line of the conf */
	STEP_WG_CONF,	   /* give the device its keys and peers */
	STEP_ADDR_ADD,	   /* add an address */
	STEP_LINK_UP,	   /* set the MTU and bring the link up */
	STEP_DNS_ADD,	   /* announce the name servers */
	STEP_WG_FWMARK,	   /* set the device's fwmark */
	STEP_RULE_ADD,	   /* add a policy rule */
	STEP_RULE_DEL,	   /* delete it */
	STEP_ROUTE_ADD,	   /* add a route */
	STEP_SYSCTL,	   /* write a sysctl */
	STEP_SPOOF_ADD,	   /* add the anti-spoof table of a family */
	STEP_SPOOF_DEL,	   /* delete it */
	STEP_XT_DEL,	   /* delete anti-spoof rules that iptables holds */
	STEP_FIREWALL,	   /* put the rules of the directives in place */
	STEP_FIREWALL_DEL, /* take out every rule with the tunnel's mark */
	STEP_LINK_DEL,	   /* delete the link and all that lives on it */
	STEP_DNS_DEL,	   /* withdraw the name servers */
};

/** enum rule_what - the two rules of a default route by policy (4.8) */
enum rule_what {
	RULE_MARK,     /* not fwmark N lookup N */
	RULE_SUPPRESS, /* lookup main suppress_prefixlength 0 */
	RULE_TABLE,    /* a hook's own that looks up N: only ever deleted */
};

/**
 * struct step_rule - a policy rule
 * @family:	AF_INET or AF_INET6
 * @what:	which one
 * @mark:	N of RULE_MARK, mark and table both; of RULE_TABLE the table
 * @priority:	preference, always said to the kernel
 * @natural:	the kernel would have chosen this preference by itself, so that
 *		the printed command can do without it
 */
struct step_rule {
	uint8_t family;
	enum rule_what what;
	uint32_t mark;
	uint32_t priority;
	bool natural;
};

/**
 * struct step_route - a route out of the interface
 * @dst:	destination prefix
 * @table:	table number
 * @name:	table as the conf wrote it, NULL when it is main by default
 */
struct step_route {
	struct addr dst;
	uint32_t table;
	const char *name;
};

/**
 * struct step_spoof - the anti-spoof firewall of one family (4.9)
 * @family:	AF_INET or AF_INET6, the same as NFPROTO_IPV4 and NFPROTO_IPV6;
 *		any NFPROTO_ in STEP_SPOOF_DEL
 * @mark:	fwmark of the tunnel's own packets
 * @addresses:	addresses of this family that only the tunnel may reach
 * @n_addresses: their number
 */
struct step_spoof {
	uint8_t family;
	uint32_t mark;
	const struct addr *addresses;
	size_t n_addresses;
};

#define SYSCTL_SRC_VALID_MARK "net.ipv4.conf.all.src_valid_mark"
#define SYSCTL_SEND_REDIRECTS "net.ipv4.conf.all.send_redirects"

/**
 * struct step_sysctl - a sysctl to write
 * @key:	dotted name
 * @value:	value to write
 * @old:	value before, for the inverse; -1 = not to be put back
 */
struct step_sysctl {
	const char *key;
	int value;
	int old;
};

/**
 * struct step_link_up - the link going up
 * @mtu:	MTU to set
 * @send_redirects: net.ipv4.conf.all.send_redirects before, which the kernel's
 *		WireGuard switches off when a link goes up (UP-17); -1 = not to
 *		be put back
 */
struct step_link_up {
	int mtu;
	int send_redirects;
};

/**
 * struct step_hook - a hook line
 * @phase:	when it runs
 * @text:	the line, `%i` not yet replaced
 */
struct step_hook {
	enum conf_phase phase;
	const char *text;
};

/**
 * struct step - one thing to do
 * @kind:	which member of the union is valid
 * @line:	line of the conf that asked for it, 0 = none
 */
struct step {
	enum step_kind kind;
	unsigned int line;
	union {
		struct addr addr;
		struct step_link_up link_up;
		uint32_t mark;
		struct step_rule rule;
		struct step_route route;
		struct step_spoof spoof;
		struct step_sysctl sysctl;
		struct step_hook hook;
		const char *program;
	};
};

/**
 * struct plan - steps in the order in which they are to be done
 * @arena:	owns the steps and what they point to
 * @steps:	array of @n
 *
 * What a step points to lives in this arena or in the conf, which the plan
 * must not outlive.
 */
struct plan {
	struct arena arena;
	struct step *steps;
	size_t n, cap;
};

/**
 * plan_add() - append a step
 *
 * Return: the zeroed step, its kind set, or NULL when there is no memory.
 */
struct step *plan_add(struct plan *p, enum step_kind kind, unsigned int line);

/** plan_done() - release a plan */
void plan_done(struct plan *p);

/**
 * struct step_names - what the printed commands call things
 * @ifname:	interface
 * @conf:	path of the conf
 * @dns_add:	command of STEP_DNS_ADD, which the DNS manager decides
 * @dns_del:	likewise of STEP_DNS_DEL
 * @as_wg_quick: print wg-quick's own lines where those cannot be pasted
 */
struct step_names {
	const char *ifname;
	const char *conf;
	const char *dns_add, *dns_del;
	bool as_wg_quick;
};

/**
 * step_print() - print the command that a step amounts to
 * @s:		step
 * @names:	how to call things
 * @out:	receives the command, no newline
 */
void step_print(const struct step *s, const struct step_names *names,
		struct buf *out);

/**
 * step_inverse() - the step that takes another one back
 * @s:		step
 * @ret_inverse: receives the inverse
 *
 * Addresses, routes and the device's settings have none of their own: they
 * go with the link.  The inverse of the link going up puts back the sysctl that
 * the kernel changed.  Nor have hooks: what they did is unknown (RB-2).
 *
 * Return: whether there is one.
 */
bool step_inverse(const struct step *s, struct step *ret_inverse);

#endif
