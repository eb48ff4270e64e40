/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_RTNL_H
#define WGQ_NET_RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "net/nl.h"

/**
 * DOC: rtnetlink as data
 *
 * Builders fill a message in the caller's buffer, in the very form in which
 * iproute2 sends it for wg-quick.  Readers turn one message of the kernel into
 * a small struct and survive any bytes: what is malformed or too short reads
 * as "not such a message".  Nothing here touches a socket.
 */

/** RTNL_MSG_SIZE - room for any message of this file */
#define RTNL_MSG_SIZE 256

/** rtnl_attr_names - for struct nl's @names */
extern const struct nl_attr_names rtnl_attr_names[];

/**
 * struct rtnl_link - a link
 * @index:	ifindex
 * @name:	IFLA_IFNAME
 * @kind:	IFLA_INFO_KIND, "" for hardware
 * @flags:	IFF_ flags
 * @mtu:	MTU in bytes, 0 if the kernel did not say
 * @master:	ifindex of the link that it is enslaved to, 0 = none
 */
struct rtnl_link {
	int index;
	char name[IF_NAMESIZE];
	char kind[16];
	unsigned int flags;
	uint32_t mtu;
	int master;
};

/**
 * struct rtnl_addr - an address of a link
 * @index:	ifindex
 * @addr:	IFA_LOCAL, else IFA_ADDRESS, with the prefix length
 * @has_peer:	point to point: the prefix is the other side's, whose address
 *		differs from @addr
 * @scope:	RT_SCOPE_
 * @flags:	IFA_F_ flags
 */
struct rtnl_addr {
	int index;
	struct addr addr;
	bool has_peer;
	uint8_t scope;
	uint32_t flags;
};

/**
 * struct rtnl_route - a route, or the answer for one destination
 * @dst:	destination prefix; the family's zero prefix for a default route
 * @table:	table
 * @type:	RTN_
 * @protocol:	RTPROT_
 * @scope:	RT_SCOPE_
 * @flags:	RTM_F_ and RTNH_F_ flags
 * @oif:	ifindex of the output link, 0 for none, which includes routes
 *		over several links
 * @metric:	RTA_PRIORITY, 0 for none
 * @mtu:	MTU metric, 0 for none
 * @mtu_locked:	"mtu lock"
 */
struct rtnl_route {
	struct addr dst;
	uint32_t table;
	uint8_t type;
	uint8_t protocol;
	uint8_t scope;
	uint32_t flags;
	int oif;
	uint32_t metric;
	uint32_t mtu;
	bool mtu_locked;
};

/**
 * struct rtnl_rule - a policy rule
 * @family:	AF_INET or AF_INET6
 * @action:	FR_ACT_
 * @invert:	"not"
 * @priority:	preference
 * @table:	table that is looked up
 * @has_mark:	has a fwmark selector
 * @mark:	its value
 * @mask:	its mask, 0xffffffff where the kernel did not say
 * @suppress:	suppress_prefixlength, -1 = none
 * @plain:	looks up a table and has nothing but the above: no other
 *		selector, no mask but the full one, no other suppressor, no flag
 *		and no attribute that is unknown here
 */
struct rtnl_rule {
	uint8_t family;
	uint8_t action;
	bool invert;
	uint32_t priority;
	uint32_t table;
	bool has_mark;
	uint32_t mark, mask;
	int32_t suppress;
	bool plain;
};

/**
 * rtnl_build_link_get() - ask for the link of a name or alternative name
 * (UP-1); -ENODEV means that the name is free
 * @name:	1 to 15 characters
 *
 * IFLA_IFNAME finds alternative names too, in every kernel that has them
 * (Linux 5.5).
 */
void rtnl_build_link_get(struct nlmsg *m, const char *name);

/** rtnl_build_link_get_index() - ask for the link of an ifindex */
void rtnl_build_link_get_index(struct nlmsg *m, int index);

/**
 * rtnl_build_link_dump() - ask for all links
 * @kind:	only those of this kind, NULL for all; a kernel that knows no
 *		filter sends all, so the reader's caller compares too
 */
void rtnl_build_link_dump(struct nlmsg *m, const char *kind);

/**
 * rtnl_build_link_add() - create a link (UP-2)
 * @name:	1 to 15 characters
 * @kind:	such as "wireguard"
 */
void rtnl_build_link_add(struct nlmsg *m, const char *name, const char *kind);

/** rtnl_build_link_up() - set the MTU and bring the link up (UP-12) */
void rtnl_build_link_up(struct nlmsg *m, int index, uint32_t mtu);

/** rtnl_build_link_del() - delete a link (DN-10) */
void rtnl_build_link_del(struct nlmsg *m, int index);

/** rtnl_build_addr_add() - add an address (UP-9) */
void rtnl_build_addr_add(struct nlmsg *m, int index, const struct addr *a);

/**
 * rtnl_build_addr_dump() - ask for addresses
 * @family:	AF_INET, AF_INET6 or AF_UNSPEC for both
 * @index:	of this link alone, 0 for all; kernels before 4.20 ignore it, so
 *		the caller compares too
 */
void rtnl_build_addr_dump(struct nlmsg *m, uint8_t family, int index);

/**
 * rtnl_build_route_add() - add a route out of a link (RT-6)
 * @dst:	destination; host bits must be zero
 * @oif:	ifindex
 * @table:	table
 */
void rtnl_build_route_add(struct nlmsg *m, const struct addr *dst, int oif,
			  uint32_t table);

/** rtnl_build_route_get() - ask how to reach a host (UP-14 b) */
void rtnl_build_route_get(struct nlmsg *m, const struct addr *dst);

/**
 * rtnl_build_route_dump() - ask for routes (RT-7)
 * @family:	AF_INET or AF_INET6
 * @table:	of this table alone, 0 for all
 * @oif:	out of this link alone, 0 for all; kernels before 4.20 ignore
 *		both filters, so the caller compares too
 */
void rtnl_build_route_dump(struct nlmsg *m, uint8_t family, uint32_t table,
			   int oif);

/**
 * rtnl_build_rule_mark_add() - add "not fwmark N lookup N" (4.8 step 3)
 * @family:	AF_INET or AF_INET6
 * @mark:	mark and table
 * @priority:	preference; NULL lets the kernel choose
 */
void rtnl_build_rule_mark_add(struct nlmsg *m, uint8_t family, uint32_t mark,
			      const uint32_t *priority);

/** rtnl_build_rule_suppress_add() - add the suppress rule (4.8 step 4) */
void rtnl_build_rule_suppress_add(struct nlmsg *m, uint8_t family,
				  const uint32_t *priority);

/**
 * rtnl_build_rule_mark_del() - delete exactly that mark rule
 * @priority:	its preference
 *
 * Everything that a rule can be told apart by is sent, since the kernel
 * deletes the first rule that matches what is said (RR-3).
 */
void rtnl_build_rule_mark_del(struct nlmsg *m, uint8_t family, uint32_t mark,
			      uint32_t priority);

/** rtnl_build_rule_suppress_del() - delete exactly that suppress rule */
void rtnl_build_rule_suppress_del(struct nlmsg *m, uint8_t family,
				  uint32_t priority);

/**
 * rtnl_build_rule_table_del() - delete the first rule of that preference that
 * looks up @table, whatever else it says (RR-2)
 */
void rtnl_build_rule_table_del(struct nlmsg *m, uint8_t family, uint32_t table,
			       uint32_t priority);

/** rtnl_build_rule_dump() - ask for the rules of AF_INET or AF_INET6 */
void rtnl_build_rule_dump(struct nlmsg *m, uint8_t family);

/**
 * rtnl_read_link() - read RTM_NEWLINK
 *
 * Return: whether @nlh is one and is well formed.
 */
bool rtnl_read_link(const struct nlmsghdr *nlh, struct rtnl_link *ret_link);

/** rtnl_link_has_name() - is @name the name or an alternative name of it? */
bool rtnl_link_has_name(const struct nlmsghdr *nlh, const char *name);

/** rtnl_read_addr() - read RTM_NEWADDR of IPv4 or IPv6; as above */
bool rtnl_read_addr(const struct nlmsghdr *nlh, struct rtnl_addr *ret_addr);

/** rtnl_read_route() - read RTM_NEWROUTE of IPv4 or IPv6; as above */
bool rtnl_read_route(const struct nlmsghdr *nlh, struct rtnl_route *ret_route);

/** rtnl_read_rule() - read RTM_NEWRULE of IPv4 or IPv6; as above */
bool rtnl_read_rule(const struct nlmsghdr *nlh, struct rtnl_rule *ret_rule);

#endif
