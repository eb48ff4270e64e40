/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_PLAN_SNAPSHOT_H
#define WGQ_PLAN_SNAPSHOT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "conf/device.h"

/**
 * DOC: what a plan knows of the host
 *
 * The net room fills these structures from the kernel; tests fill them by
 * hand.  A snapshot holds only what some decision needs: a router with a
 * million routes must cost no more than any other host.
 */

/** enum snap_family - index of a family in arrays */
enum snap_family { SNAP_V4, SNAP_V6, SNAP_FAMILIES };

/** snap_family() - the index of AF_INET or AF_INET6 */
static inline enum snap_family snap_family(uint8_t family)
{
	return family == AF_INET6 ? SNAP_V6 : SNAP_V4;
}

/** SNAP_AF - the address family of an index */
static const uint8_t SNAP_AF[SNAP_FAMILIES] = { AF_INET, AF_INET6 };

/**
 * struct snap_link - the interface itself
 * @exists:	there is a link of that name or alternative name
 * @index:	ifindex
 * @kind:	IFLA_INFO_KIND, "" for hardware
 * @up:		IFF_UP is set
 * @mtu:	MTU in bytes
 */
struct snap_link {
	bool exists;
	unsigned int index;
	char kind[16];
	bool up;
	unsigned int mtu;
};

/**
 * struct snap_prefs - head of one family's rule list
 * @n:		rules that exist, counted up to 2
 * @pref:	preferences of the first two in list order
 *
 * All that is needed to know what preference the kernel gives to a new rule
 * (contract PRIO-1).
 */
struct snap_prefs {
	unsigned int n;
	uint32_t pref[2];
};

/**
 * struct snap_forward - what turning forwarding on must know
 * @ipv4:	net.ipv4.ip_forward, -1 if unreadable
 * @ipv6:	net.ipv6.conf.all.forwarding, -1 if unreadable
 * @ra:		interfaces that live by router advertisements while accept_ra
 *		is 1
 * @n_ra:	their number
 * @routers:	interfaces, and "default", whose own forwarding is on while the
 *		value for all is off: an undo would switch it off
 * @n_routers:	their number
 */
struct snap_forward {
	int ipv4, ipv6;
	const char *const *ra;
	size_t n_ra;
	const char *const *routers;
	size_t n_routers;
};

/**
 * struct snap_host - what `up` must know before it plans the routes
 * @path_mtu:	MTU of the path to each endpoint that has a route
 * @n_path_mtu:	their number
 * @default_mtu: MTU of IPv4's first default route in table main, 0 = none
 * @free_table:	first table from 51820 on without a route in either family
 * @prefs:	heads of the rule lists
 * @ipv6_off:	the link has, or will get, no IPv6: the host switched it off
 * @src_valid_mark: net.ipv4.conf.all.src_valid_mark, -1 if unreadable
 * @send_redirects: net.ipv4.conf.all.send_redirects, -1 if unreadable
 * @forward:	for which families forwarding is wanted, by index
 * @forwarding:	what turning it on must know
 */
struct snap_host {
	unsigned int *path_mtu;
	size_t n_path_mtu;
	unsigned int default_mtu;
	uint32_t free_table;
	struct snap_prefs prefs[SNAP_FAMILIES];
	bool ipv6_off;
	int src_valid_mark;
	int send_redirects;
	bool forward[SNAP_FAMILIES];
	struct snap_forward forwarding;
};

/**
 * struct snap_iface - the interface as it will be, or is, once it is up
 * @device:	allowed IPs, endpoints and fwmark
 * @addresses:	addresses of the link
 * @n_addresses: their number
 * @routes:	prefixes that table main routes out of the link
 * @n_routes:	their number
 *
 * Predicted from the conf where nothing else has a hand in it, read back
 * where a hook or a userspace implementation has.
 */
struct snap_iface {
	const struct wg_device *device;
	const struct addr *addresses;
	size_t n_addresses;
	const struct addr *routes;
	size_t n_routes;
};

/**
 * struct snap_rule - a policy rule, as far as wg-quick's kind needs telling
 * @family:	AF_INET or AF_INET6
 * @priority:	preference
 * @table:	table that is looked up
 * @mark:	fwmark, 0 = the rule has none
 * @invert:	"not"
 * @suppress:	suppress_prefixlength, -1 = the rule has none
 * @plain:	no selector beyond the above
 */
struct snap_rule {
	uint8_t family;
	uint32_t priority;
	uint32_t table;
	uint32_t mark;
	bool invert;
	int32_t suppress;
	bool plain;
};

/**
 * struct snap_table - a table that rules look up and that may be the tunnel's
 * @number:	table
 * @ours:	by index of the family: a default route leaves by the interface
 * @others:	likewise, by another one
 */
struct snap_table {
	uint32_t number;
	bool ours[SNAP_FAMILIES];
	bool others[SNAP_FAMILIES];
};

/**
 * struct snap_down - what `down` must know
 * @link:	the interface
 * @fwmark:	fwmark of the device, 0 = none
 * @default_allowed: by index of the family: an allowed IP has prefix length 0
 * @rules:	all rules of both families in list order
 * @n_rules:	their number
 * @tables:	tables that mark rules look up, and those that any rule does and
 *		that have the number of the device's mark or of the journal's
 * @n_tables:	their number
 * @mark_foreign: the table of the journal's mark has a route out of another
 *		interface: the number is somebody else's by now
 * @spoof_tables: a bit 1 << NFPROTO_ for each nf_tables family with a table
 *		wg-quick-IF, which are more than the two that `up` makes
 * @spoof_iptables: a family has iptables rules of wg-quick for IF
 * @other_wireguard: another WireGuard link is up in this namespace
 * @src_valid_mark: net.ipv4.conf.all.src_valid_mark, -1 if unreadable
 * @send_redirects: net.ipv4.conf.all.send_redirects, -1 if unreadable
 */
struct snap_down {
	struct snap_link link;
	uint32_t fwmark;
	bool default_allowed[SNAP_FAMILIES];
	const struct snap_rule *rules;
	size_t n_rules;
	const struct snap_table *tables;
	size_t n_tables;
	bool mark_foreign;
	uint32_t spoof_tables;
	bool spoof_iptables[SNAP_FAMILIES];
	bool other_wireguard;
	int src_valid_mark;
	int send_redirects;
};

#endif
