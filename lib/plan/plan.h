/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_PLAN_PLAN_H
#define WGQ_PLAN_PLAN_H

#include "base/err.h"
#include "conf/conf.h"
#include "plan/snapshot.h"
#include "plan/step.h"

/**
 * DOC: from conf and snapshot to steps
 *
 * `up` is planned in parts, because what comes later can depend on what
 * earlier parts really did:
 *
 *  plan_create()  the link and the PreUp hooks
 *  plan_setup()   keys and peers, addresses
 *  plan_link_up() MTU, from the routes to the endpoints
 *  plan_routes()  DNS, routes, policy routing, anti-spoof, PostUp hooks
 *
 * A conf without PreUp on the kernel's WireGuard leaves nothing to find out:
 * everything is planned before the first change, on a predicted interface.
 * After a PreUp hook, which may do anything, or with a userspace
 * implementation, whose link has addresses of its own, the later parts are
 * planned again on the interface as it was read back.
 *
 * The order of steps is the newest wg-quick's (contract 4.0).
 */

/** enum table_mode - what the Table key asks for (RT-3 to RT-5) */
enum table_mode {
	TABLE_AUTO,   /* main, and policy routing for /0 */
	TABLE_OFF,    /* no routes */
	TABLE_NUMBER, /* all routes into one table, nothing else */
	TABLE_BAD,    /* neither: an error as soon as there is a route */
};

/**
 * struct plan_table - the Table key, resolved
 * @mode:	what it asks for
 * @number:	table of TABLE_NUMBER
 */
struct plan_table {
	enum table_mode mode;
	uint32_t number;
};

/**
 * plan_table() - read the Table key
 * @conf:	conf
 * @names:	content of the rt_tables files (TBL-1), NULL for none
 *
 * `off` and `auto` are compared with their case, as wg-quick does (KEY-1).
 */
struct plan_table plan_table(const struct conf *conf, const char *names);

/**
 * struct plan_needs - which facts of the host a plan will ask for
 * @path_mtu:	the MTU is to be found out
 * @default_route: by index of the family: 0/0 or ::/0 is routed by policy
 * @free_table:	a mark has to be chosen
 */
struct plan_needs {
	bool path_mtu;
	bool default_route[SNAP_FAMILIES];
	bool free_table;
};

/** plan_needs() - tell what to look up in the host before plan_routes() */
struct plan_needs plan_needs(const struct conf *conf,
			     const struct plan_table *table,
			     const struct wg_device *device);

/**
 * plan_create() - plan the link and the PreUp hooks
 * @conf:	conf
 * @userspace:	program to start in place of the kernel's link, or NULL
 * @p:		plan to append to
 *
 * Return: 0 or -ENOMEM.
 */
int plan_create(const struct conf *conf, const char *userspace, struct plan *p)
	__attribute__((warn_unused_result));

/**
 * plan_setup() - plan the device's settings and the addresses
 * @conf:	conf, both layers parsed
 * @host:	facts; without IPv6 its addresses are left out, where wg-quick
 *		gives up on the whole tunnel (contract chapter 10, 38)
 * @p:		plan to append to
 *
 * Return: 0 or -ENOMEM.
 */
int plan_setup(const struct conf *conf, const struct snap_host *host,
	       struct plan *p) __attribute__((warn_unused_result));

/**
 * plan_addresses() - plan the addresses alone, the second half of plan_setup()
 *
 * Return: 0 or -ENOMEM.
 */
int plan_addresses(const struct conf *conf, const struct snap_host *host,
		   struct plan *p) __attribute__((warn_unused_result));

/**
 * plan_hooks() - plan the hooks of a phase
 *
 * Return: 0 or -ENOMEM.
 */
int plan_hooks(const struct conf *conf, enum conf_phase phase, struct plan *p)
	__attribute__((warn_unused_result));

/**
 * plan_mtu() - the MTU that plan_link_up() decides for
 *
 * Without an MTU key it is the smallest path MTU to an endpoint, else that of
 * the IPv4 default route, else 1500, less 80 bytes of overhead (UP-14).
 *
 * Return: the MTU in bytes, as it is told to the kernel; negative where the
 * path is smaller than the overhead.
 */
int plan_mtu(const struct conf *conf, const struct snap_host *host);

/**
 * plan_link_up() - plan the MTU and the link going up (UP-12 to UP-15)
 *
 * Return: 0 or -ENOMEM.
 */
int plan_link_up(const struct conf *conf, const struct snap_host *host,
		 struct plan *p) __attribute__((warn_unused_result));

/**
 * plan_routes() - plan what follows the link going up
 * @conf:	conf
 * @table:	its Table
 * @iface:	the interface, predicted or read back
 * @host:	facts of the host that plan_needs() asked for
 * @p:		plan to append to
 * @e:		filled on refusal
 *
 * Routes are ordered as wg-quick sorts them (RT-1); one that the main table
 * routes out of the same interface already is left out (RT-5).
 *
 * Return: 0, -EINVAL (status 255) for a Table that is none while there is a
 * route to add, -ENOMEM.
 */
int plan_routes(const struct conf *conf, const struct plan_table *table,
		const struct snap_iface *iface, const struct snap_host *host,
		struct plan *p, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * plan_predict() - the interface as it will be, where nothing else meddles
 * @conf:	conf, both layers parsed, endpoints resolved
 * @host:	facts of the host
 * @mtu:	MTU that the link will have
 * @a:		owns the result
 * @ret_iface:	receives the prediction
 *
 * Addresses bring connected routes: IPv4 unless the prefix is all of the
 * address or a zero network, IPv6 always (fib_add_ifaddr() and
 * addrconf_prefix_route() of Linux 6.1 to 6.18).  An MTU below 1280 takes all
 * IPv6 addresses away (UP-16).
 *
 * Return: 0 or -ENOMEM.
 */
int plan_predict(const struct conf *conf, const struct snap_host *host, int mtu,
		 struct arena *a, struct snap_iface *ret_iface)
	__attribute__((warn_unused_result));

/**
 * struct plan_sysctl - a sysctl as it was before `up`
 * @key:	dotted name
 * @old:	value before
 */
struct plan_sysctl {
	const char *key;
	int old;
};

/**
 * struct plan_memory - what only the journal of the `up` knows
 * @src_valid_mark: value to put back, -1 = leave alone
 * @send_redirects: likewise
 * @mark:	fwmark of the policy rules that `up` made, 0 = none
 * @has_suppress: by index of the family: it made a suppress rule
 * @suppress:	its preference, by which it is known once its mark rule is gone
 * @dns:	name servers were announced, whatever the conf says by now
 * @firewall:	rules with the tunnel's mark were put in place
 * @sysctl:	what an `up` that was cut off is to put back, in the order in
 *		which it was changed; a tunnel that was up leaves it (see
 *		plan/forward.h)
 * @n_sysctl:	their number
 */
struct plan_memory {
	int src_valid_mark;
	int send_redirects;
	uint32_t mark;
	bool has_suppress[SNAP_FAMILIES];
	uint32_t suppress[SNAP_FAMILIES];
	bool dns;
	bool firewall;
	struct plan_sysctl *sysctl;
	size_t n_sysctl;
};

/**
 * plan_remember() - note what a step's rule will be known by
 * @memory:	what to note it in
 * @s:		step, of any kind
 */
void plan_remember(struct plan_memory *memory, const struct step *s);

/**
 * plan_down() - plan what `down` does between its PreDown and PostDown hooks
 * @conf:	the conf as it is now (DN-5)
 * @snap:	state of the interface and the rules
 * @memory:	from the journal
 * @p:		plan to append to
 *
 * Takes the tunnel's own rules: {not fwmark N lookup N} and, of the suppress
 * rules, the one that was made with it (RR-4), never another tunnel's; also one
 * whose mark rule a hook or a run that was cut off had taken already.  With
 * them go all rules that look up table N as long as its default route is the
 * tunnel's alone, as wg-quick has it (RR-2).
 * Sysctls are put back only if no other tunnel lives by them.  The link may be
 * gone already, or never have been made, after an `up` or `down` that was cut
 * off.
 *
 * Return: 0 or -ENOMEM.
 */
int plan_down(const struct conf *conf, const struct snap_down *snap,
	      const struct plan_memory *memory, struct plan *p)
	__attribute__((warn_unused_result));

#endif
