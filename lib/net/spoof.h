/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_SPOOF_H
#define WGQ_NET_SPOOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "net/nl.h"

/**
 * DOC: the anti-spoof firewall of a full tunnel (contract 4.9)
 *
 * Laid as an nf_tables table `wg-quick-IF` of its own, in the shape in which
 * wg-quick lays it, so that either tool takes down what the other brought up.
 * What wg-quick left through iptables is found and removed where iptables
 * means iptables-nft; rules in legacy xtables are not seen from here.
 *
 * "No nf_tables" is told apart from "no table": the former is an error for who
 * wants to add one and nothing at all for who looks for one.
 */

/**
 * struct spoof - the firewall of one family
 * @family:	AF_INET or AF_INET6
 * @ifname:	interface
 * @mark:	fwmark of the tunnel's own packets
 * @addresses:	addresses that only the tunnel may reach; those of another
 *		family are passed over
 * @n_addresses: their number
 */
struct spoof {
	uint8_t family;
	const char *ifname;
	uint32_t mark;
	const struct addr *addresses;
	size_t n_addresses;
};

/**
 * spoof_build_add() - make the batch that lays the firewall
 * @s:		firewall
 * @out:	receives the batch, from BATCH_BEGIN to BATCH_END, its sequence
 *		numbers zero
 *
 * A stale table of the name is replaced in the same transaction, where
 * wg-quick would append to it (FW-2).
 *
 * Return: 0 or -ENOMEM.
 */
int spoof_build_add(const struct spoof *s, struct buf *out)
	__attribute__((warn_unused_result));

/**
 * spoof_build_del() - make the batch that deletes the tables of @families
 * (FWR-1)
 * @out:	receives the batch
 *
 * Each table is added before it is deleted, since deleting one that is gone
 * would be refused.
 *
 * Return: 0 or -ENOMEM.
 */
int spoof_build_del(const char *ifname, uint32_t families, struct buf *out)
	__attribute__((warn_unused_result));

/**
 * spoof_add() - lay the firewall of one family
 * @nl:		socket of NETLINK_NETFILTER
 * @s:		firewall
 * @e:		filled on failure
 *
 * Return: 0, -EOPNOTSUPP where the kernel has no nf_tables or lacks an
 * expression, or -errno; nothing is changed then.
 */
int spoof_add(struct nl *nl, const struct spoof *s, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * spoof_find() - which families have a table wg-quick-IF?
 * @nl:		socket of NETLINK_NETFILTER
 * @ifname:	interface
 * @ret_families: receives a bit 1 << NFPROTO_ for each; NFPROTO_IPV4 and
 *		NFPROTO_IPV6 equal AF_INET and AF_INET6
 * @e:		filled on failure
 *
 * Return: 0 or -errno; a kernel without nf_tables has none.
 */
int spoof_find(struct nl *nl, const char *ifname, uint32_t *ret_families,
	       struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * spoof_del() - delete the tables wg-quick-IF in one transaction (FWR-1)
 * @nl:		socket of NETLINK_NETFILTER
 * @ifname:	interface
 * @families:	as spoof_find() tells them; absent ones do no harm
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int spoof_del(struct nl *nl, const char *ifname, uint32_t families,
	      struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * spoof_find_iptables() - which families have rules of wg-quick's iptables
 * form, as iptables-nft keeps them? (FW-4)
 * @ret_families: a bit for each as in spoof_find()
 *
 * Return: 0 or -errno; a kernel without nf_tables has none.
 */
int spoof_find_iptables(struct nl *nl, const char *ifname,
			uint32_t *ret_families, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * spoof_del_iptables() - delete those rules in one transaction (FWR-2)
 * @families:	in which families
 *
 * Rules that are gone already do no harm.
 *
 * Return: 0 or -errno.
 */
int spoof_del_iptables(struct nl *nl, const char *ifname, uint32_t families,
		       struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * spoof_rule_comment() - the comment of a rule, as iptables would show it
 * @nlh:	NFT_MSG_NEWRULE, any bytes after its header
 * @out:	receives the text with a NUL
 * @size:	bytes of @out; a longer comment is cut
 *
 * iptables-nft keeps it as the xt match "comment"; nft and others keep theirs
 * as user data of type 0, which iptables shows alike.
 *
 * Return: whether the rule has one.
 */
bool spoof_rule_comment(const struct nlmsghdr *nlh, char *out, size_t size);

#endif
