/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_RULE_H
#define WGQ_FW_RULE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/**
 * DOC: a firewall rule as data
 *
 * A rule is a list of matches, all of which a packet must pass, and a list of
 * statements that then happen to it.  The same form serves a rule that was read
 * from nf_tables, one from legacy xtables, one that iptables arguments spell,
 * and one that is about to be written: it says what a rule means, not which of
 * them wrote it.  What is not understood is kept with its bytes, as FW_M_XT,
 * FW_M_EXPR, FW_S_XT or FW_S_EXPR: it may or may not match, and is never lost.
 *
 * Families are the NFPROTO_ numbers, of which NFPROTO_IPV4 and NFPROTO_IPV6
 * equal AF_INET and AF_INET6.
 */

/** enum fw_match_kind - what a match looks at */
enum fw_match_kind {
	FW_M_IIF,	/* name or index of the interface it came in by */
	FW_M_OIF,	/* likewise, goes out by */
	FW_M_SADDR,	/* source address */
	FW_M_DADDR,	/* destination address */
	FW_M_NFPROTO,	/* IPv4 or IPv6, in a table of family inet */
	FW_M_L4PROTO,	/* transport protocol */
	FW_M_SPORT,	/* source port */
	FW_M_DPORT,	/* destination port */
	FW_M_PORTS,	/* xt multiport */
	FW_M_TCP_FLAGS, /* flags of the TCP header */
	FW_M_ICMP,	/* type and code of ICMP or ICMPv6 */
	FW_M_CTSTATE,	/* connection state */
	FW_M_CTSTATUS,	/* connection status */
	FW_M_CTMARK,	/* mark of the connection */
	FW_M_MARK,	/* mark of the packet */
	FW_M_ADDRTYPE,	/* xt addrtype: local, broadcast, ... */
	FW_M_LIMIT,	/* rate limit: lets some packets pass */
	FW_M_COMMENT,	/* xt comment: matches always */
	FW_M_SET,	/* lookup in a set */
	FW_M_XT,	/* another xt match, by name */
	FW_M_EXPR,	/* another nf_tables expression, by name */
};

/* Connection states, bits as in xt_conntrack and in nft's ct state. */
enum fw_ctstate {
	FW_CT_INVALID = 1,
	FW_CT_ESTABLISHED = 2,
	FW_CT_RELATED = 4,
	FW_CT_NEW = 8,
	FW_CT_UNTRACKED = 64,
};

/**
 * struct fw_iface - an interface in a match
 * @name:	name, "" where only @index is known
 * @prefix:	@name is the beginning of a name ("wg+", "wg*")
 * @index:	ifindex, 0 = by name
 */
struct fw_iface {
	char name[IFNAMSIZ];
	bool prefix;
	uint32_t index;
};

/**
 * struct fw_addr - addresses in a match
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6
 * @range:	@b to @b2 instead of @b under @mask
 * @b:		address in network byte order, bits outside of @mask zero
 * @mask:	netmask, not always contiguous
 * @b2:		last address of a range
 */
struct fw_addr {
	uint8_t family;
	bool range;
	uint8_t b[16], mask[16], b2[16];
};

/** struct fw_range - numbers from @lo to @hi, both included, host order */
struct fw_range {
	uint16_t lo, hi;
};

/** enum fw_port_side - which port multiport looks at */
enum fw_port_side { FW_PORTS_SRC, FW_PORTS_DST, FW_PORTS_EITHER };

/** struct fw_ports - xt multiport: the port is in one of @n ranges */
struct fw_ports {
	enum fw_port_side side;
	uint8_t n;
	struct fw_range v[15];
};

/** struct fw_bits - (value & @mask) == @value, host order */
struct fw_bits {
	uint32_t value, mask;
};

/** struct fw_tcp_flags - (flags & @mask) == @cmp */
struct fw_tcp_flags {
	uint8_t mask, cmp;
};

/**
 * struct fw_icmp - ICMP type and code
 * @proto:	IPPROTO_ICMP or IPPROTO_ICMPV6
 * @type:	type; 0xff with IPPROTO_ICMP is "any" to iptables
 * @code:	range of codes, 0 to 255 = all
 */
struct fw_icmp {
	uint8_t proto, type;
	uint8_t code[2];
};

/**
 * struct fw_ct - connection states or statuses
 * @mask:	one of these bits
 * @state_match: written with "-m state", not "-m conntrack --ctstate"
 */
struct fw_ct {
	uint32_t mask;
	bool state_match;
};

/** struct fw_addrtype - xt addrtype rev 1, bits as 1 << RTN_ */
struct fw_addrtype {
	uint16_t src, dst;
	bool invert_src, invert_dst;
	bool limit_in, limit_out;
};

/** struct fw_limit - @rate packets (or bytes) in @unit seconds, @burst more */
struct fw_limit {
	uint64_t rate, unit;
	uint32_t burst;
	bool bytes;
};

/** enum fw_field - what a part of a set's key holds */
enum fw_field {
	FW_F_IIFNAME,
	FW_F_OIFNAME,
	FW_F_IIF,
	FW_F_OIF,
	FW_F_SADDR,
	FW_F_DADDR,
	FW_F_NFPROTO,
	FW_F_L4PROTO,
	FW_F_SPORT,
	FW_F_DPORT,
	FW_F_CTSTATE,
	FW_F_CTSTATUS,
	FW_F_MARK,
	FW_F_CTMARK,
	FW_F_OTHER, /* anything else: unknown value */
};

/**
 * struct fw_key - the key that a lookup gives to a set
 * @n:		parts of a concatenation, one for a plain key
 * @part:	what each part holds, how many bytes, and the netmask it is
 *		looked at under (all ones where there is none)
 *
 * In a concatenation each part starts at a multiple of four bytes.
 */
struct fw_key {
	uint8_t n;
	struct {
		enum fw_field field;
		uint8_t len;
		uint8_t mask[16];
	} part[6];
};

struct fw_set;

/**
 * struct fw_lookup - @key is in @set; @set is NULL where it was not dumped
 *
 * A key is larger than all else in a match, and few matches have one: hence the
 * pointer, which is never NULL.
 */
struct fw_lookup {
	const struct fw_key *key;
	const char *name;
	const struct fw_set *set;
};

/**
 * struct fw_raw - a match or statement that only its owner understands
 * @name:	of the xt extension or of the expression
 * @rev:	revision of an xt extension
 * @data:	its info, or the attributes of the expression
 * @len:	bytes of @data
 */
struct fw_raw {
	const char *name;
	uint8_t rev;
	const uint8_t *data;
	size_t len;
};

/**
 * struct fw_match - one condition
 * @kind:	which member of the union is valid
 * @invert:	the opposite
 */
struct fw_match {
	enum fw_match_kind kind;
	bool invert;
	union {
		struct fw_iface iface;
		struct fw_addr addr;
		struct fw_range range; /* L4PROTO, NFPROTO, SPORT, DPORT */
		struct fw_ports ports;
		struct fw_tcp_flags tcp_flags;
		struct fw_icmp icmp;
		struct fw_ct ct;
		struct fw_bits bits; /* MARK, CTMARK */
		struct fw_addrtype addrtype;
		struct fw_limit limit;
		const char *comment;
		struct fw_lookup lookup;
		struct fw_raw raw;
	};
};

/** enum fw_stmt_kind - what a rule does to a packet */
enum fw_stmt_kind {
	FW_S_ACCEPT,
	FW_S_DROP,
	FW_S_RETURN,
	FW_S_JUMP,
	FW_S_GOTO,
	FW_S_QUEUE,
	FW_S_REJECT,
	FW_S_VMAP, /* the verdict that a map has for the packet */
	FW_S_MASQUERADE,
	FW_S_SNAT,
	FW_S_DNAT,
	FW_S_REDIRECT,
	FW_S_TCPMSS,
	FW_S_MARK,
	FW_S_CONNMARK,
	FW_S_LOG,
	FW_S_XT,   /* another xt target, by name */
	FW_S_EXPR, /* another nf_tables statement, by name */
};

/** enum fw_reject - how REJECT answers; what iptables calls it */
enum fw_reject {
	FW_REJECT_NET_UNREACH,
	FW_REJECT_HOST_UNREACH,
	FW_REJECT_PROTO_UNREACH,
	FW_REJECT_PORT_UNREACH,
	FW_REJECT_NET_PROHIBITED,
	FW_REJECT_HOST_PROHIBITED,
	FW_REJECT_ADMIN_PROHIBITED,
	FW_REJECT_TCP_RESET,
	FW_REJECT_NO_ROUTE,
	FW_REJECT_ADDR_UNREACH,
	FW_REJECT_POLICY_FAIL,
	FW_REJECT_ROUTE,
	FW_REJECT_OTHER,
};

/**
 * struct fw_nat - what NAT makes of an address
 * @has_addr:	@addr to @addr_to replace the address
 * @has_port:	@port replaces the port
 * @flags:	NF_NAT_RANGE_ flags beyond those two (random, persistent, ...)
 */
struct fw_nat {
	bool has_addr, has_port;
	uint8_t addr[16], addr_to[16];
	struct fw_range port;
	uint16_t port_base; /* NF_NAT_RANGE_PROTO_OFFSET */
	uint32_t flags;
};

/** struct fw_tcpmss - @clamp to the path MTU, or set to @mss */
struct fw_tcpmss {
	bool clamp;
	uint16_t mss;
};

/**
 * struct fw_set_mark - MARK and CONNMARK
 * @value:	bits to set
 * @mask:	bits to clear first (xt's meaning: mark = (mark & ~mask) ^
 * value)
 * @mode:	CONNMARK's mode: 0 set, 1 save, 2 restore
 * @nfmask:	CONNMARK's mask of the packet's mark
 */
struct fw_set_mark {
	uint32_t value, mask;
	uint8_t mode;
	uint32_t nfmask;
};

/** struct fw_stmt - one statement; @kind says which member is valid */
struct fw_stmt {
	enum fw_stmt_kind kind;
	union {
		const char *chain; /* JUMP, GOTO */
		enum fw_reject reject;
		struct fw_lookup vmap;
		struct fw_nat nat;
		struct fw_tcpmss tcpmss;
		struct fw_set_mark set_mark;
		struct fw_raw raw; /* LOG, XT and EXPR */
	};
};

/**
 * struct fw_rule - a rule
 * @handle:	nf_tables' handle, or the entry's offset in a legacy blob;
 *		0 in a rule that is not in the kernel
 * @match:	conditions, in the order in which they are asked
 * @stmt:	statements; empty = counts only
 * @comment:	comment in the rule's user data, NULL = none.  An xt comment
 *		is a match instead.
 * @packets:	counter
 * @bytes:	counter
 * @legible:	iptables reads this rule as it is meant
 */
struct fw_rule {
	uint64_t handle;
	struct fw_match *match;
	size_t n_match, cap_match;
	struct fw_stmt *stmt;
	size_t n_stmt, cap_stmt;
	const char *comment;
	uint64_t packets, bytes;
	bool legible;
};

/** fw_match_add() - append a match; Return: it, zeroed, or NULL: no memory */
struct fw_match *fw_match_add(struct arena *a, struct fw_rule *r,
			      enum fw_match_kind kind);

/** fw_stmt_add() - append a statement; Return: it, zeroed, or NULL */
struct fw_stmt *fw_stmt_add(struct arena *a, struct fw_rule *r,
			    enum fw_stmt_kind kind);

/**
 * fw_rule_comment() - the comment of a rule, in whichever form it has one
 *
 * nf_tables keeps it in user data; a save and restore by iptables turns that
 * into an xt match.
 *
 * Return: the text, or NULL.
 */
const char *fw_rule_comment(const struct fw_rule *r);

/**
 * fw_rule_eq() - are two rules the same to iptables -C and -D?
 *
 * Interfaces, addresses and protocol are compared as sets, extensions in their
 * order, a comment in either form; counters and handles do not count.
 */
bool fw_rule_eq(const struct fw_rule *a, const struct fw_rule *b);

/**
 * fw_rule_print() - the arguments that iptables -S shows for a rule
 * @r:		rule
 * @family:	NFPROTO_IPV4 or NFPROTO_IPV6; NFPROTO_INET prints either
 * @out:	receives "-i wg0 -j ACCEPT", without "-A CHAIN"
 *
 * What iptables has no words for is printed in brackets, so that it can be
 * told to a person but never mistaken for arguments.
 */
void fw_rule_print(const struct fw_rule *r, uint8_t family, struct buf *out);

#endif
