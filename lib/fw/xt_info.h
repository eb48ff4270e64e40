/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_XT_INFO_H
#define WGQ_FW_XT_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fw/rule.h"

/**
 * DOC: payloads of xt matches and targets
 *
 * A legacy table and the compat expressions of nf_tables carry the same
 * structures: a name, a revision and bytes in host byte order.  Both readers
 * come here to have them said in words of a rule, and both builders to have the
 * words made into bytes again.  An extension, a revision or an option that is
 * not known is kept with its bytes (FW_M_XT, FW_S_XT) and is never an error.
 *
 * One xt match may be several matches of a rule: "tcp" has source ports,
 * destination ports and flags.  Those that stand together make one again.
 */

/**
 * xt_info_read_match() - append what an xt match says to a rule
 * @a:		arena that owns what is appended
 * @r:		rule
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6; with NFPROTO_INET what depends on
 *		the family stays raw
 * @x:		name, revision and info, which is copied; it need not be
 *		aligned, may be longer than the structure and is not trusted
 *
 * Appended are FW_M_CTSTATE or FW_M_CTSTATUS for conntrack and state with
 * nothing else in them, FW_M_ADDRTYPE, FW_M_PORTS, FW_M_MARK, FW_M_CTMARK,
 * FW_M_ICMP, FW_M_LIMIT, FW_M_COMMENT; for tcp and udp FW_M_SPORT, FW_M_DPORT
 * and FW_M_TCP_FLAGS in this order, or FW_M_SPORT with all ports if there is
 * none of them ("-m tcp" alone); else FW_M_XT.
 *
 * xt has other numbers than nf_tables for some connection states: 256 for
 * UNTRACKED.  They come out as those of nf_tables, that is FW_CT_UNTRACKED;
 * XT_CT_DNAT and XT_CT_SNAT, which only xt has, come out as given below.
 *
 * Return: 0 or -ENOMEM.
 */
int xt_info_read_match(struct arena *a, struct fw_rule *r, uint8_t family,
		       const struct fw_raw *x)
	__attribute__((warn_unused_result));

/* Bits of a connection state in struct fw_ct that nf_tables does not have. */
enum { XT_CT_DNAT = 128, XT_CT_SNAT = 256 };

/**
 * xt_info_read_target() - append what an xt target says to a rule
 *
 * As xt_info_read_match().  Appended is one statement: FW_S_REJECT,
 * FW_S_MASQUERADE, FW_S_SNAT, FW_S_DNAT, FW_S_REDIRECT, FW_S_TCPMSS, FW_S_MARK,
 * FW_S_CONNMARK, FW_S_LOG (with its bytes), else FW_S_XT.  The standard and
 * ERROR targets of legacy tables are xt_read()'s.
 *
 * Return: 0 or -ENOMEM.
 */
int xt_info_read_target(struct arena *a, struct fw_rule *r, uint8_t family,
			const struct fw_raw *x)
	__attribute__((warn_unused_result));

/**
 * xt_info_build_match() - make matches of a rule into one xt match
 * @a:		arena that owns the info, and nothing else of @ret
 * @r:		rule; the protocol that it asks for decides between tcp and udp
 * @at:		index of the first of the matches
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @ret:	receives name, revision and info; its length is a multiple of
 *		eight, as both backends want it
 * @ret_n:	receives how many matches, from @at, it stands for: more than
 *		one only for tcp and udp
 *
 * The revisions and bytes are those that iptables 1.8.7 to 1.8.13 choose on the
 * kernels that wgq runs on: conntrack 3, addrtype 1, multiport 1, mark 1,
 * connmark 1, and 0 for the others.
 *
 * Return: 0; -EOPNOTSUPP for a match that is no xt match, as interfaces,
 * addresses, protocols, sets and expressions are not; or -ENOMEM.
 */
int xt_info_build_match(struct arena *a, const struct fw_rule *r, size_t at,
			uint8_t family, struct fw_raw *ret, size_t *ret_n)
	__attribute__((warn_unused_result));

/**
 * xt_info_build_target() - make a statement into an xt target
 *
 * As xt_info_build_match(); MARK 2, CONNMARK 2, DNAT 2, SNAT 0 for IPv4 and 1
 * for IPv6, 0 for the others.
 *
 * Return: 0; -EOPNOTSUPP for a verdict, a jump, an expression, or a REJECT that
 * the family does not have; or -ENOMEM.
 */
int xt_info_build_target(struct arena *a, const struct fw_stmt *s,
			 uint8_t family, struct fw_raw *ret)
	__attribute__((warn_unused_result));

/**
 * xt_info_print_match() - the arguments that iptables -S shows for a raw match
 * @x:		data of an FW_M_XT
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6; others print as IPv4
 * @out:	receives "-m policy --dir in --pol ipsec"; untouched if false
 *
 * Return: true, or false if it is not known how iptables shows it.
 */
bool xt_info_print_match(const struct fw_raw *x, uint8_t family,
			 struct buf *out);

/**
 * xt_info_print_target() - the arguments that iptables -S shows for a target
 * @x:		data of an FW_S_XT or FW_S_LOG
 *
 * As xt_info_print_match(); @out receives "-j LOG --log-prefix x".
 */
bool xt_info_print_target(const struct fw_raw *x, uint8_t family,
			  struct buf *out);

#endif
