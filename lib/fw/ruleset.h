/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_RULESET_H
#define WGQ_FW_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "fw/rule.h"

/**
 * DOC: a ruleset as data
 *
 * All that decides over packets on a host: the tables of nf_tables (families
 * ip, ip6 and inet) and those of legacy xtables, each with its chains in the
 * kernel's order.  A ruleset owns an arena and has no descriptor: it is read
 * by nft_read.h and xt_read.h from bytes, asked by walk.h, and changed in
 * memory by edit.h exactly as the kernel would be changed by the same edits.
 */

/** enum fw_backend - which of the kernel's two engines */
enum fw_backend { FW_NFT, FW_LEGACY };

/** enum fw_hook - where a base chain hooks in; NF_INET_ numbers */
enum fw_hook {
	FW_PREROUTING,
	FW_INPUT,
	FW_FORWARD,
	FW_OUTPUT,
	FW_POSTROUTING,
	FW_INGRESS,
};

/**
 * struct fw_elem - element of a set or map
 * @key:	first key, in the byte order of the packet or register
 * @key_end:	last key of an interval, equal to @key where there is none
 * @catchall:	stands for all that is in no other element
 * @verdict:	what a verdict map says: FW_S_ACCEPT to FW_S_QUEUE; FW_S_EXPR
 *		for "continue"
 * @chain:	target of a jump or goto
 */
struct fw_elem {
	const uint8_t *key, *key_end;
	bool catchall;
	enum fw_stmt_kind verdict;
	const char *chain;
};

/**
 * struct fw_set - a set or map
 * @name:	name
 * @id:		id within a batch, 0 in the kernel
 * @key_len:	bytes of a key
 * @verdicts:	it is a verdict map
 * @dynamic:	packets may change it while we look
 * @interval:	of its elements nf_tables has the ends one by one
 * @elem:	elements, intervals already paired
 */
struct fw_set {
	const char *name;
	uint32_t id;
	uint32_t key_len;
	bool verdicts, dynamic, interval;
	struct fw_elem *elem;
	size_t n_elem, cap_elem;
};

struct fw_table;

/**
 * struct fw_names - index of chains or sets by name
 * @slot:	hash table with linear probing
 * @n_slot:	power of two, 0 while empty
 * @n_used:	slots with a name
 */
struct fw_names {
	struct fw_name *slot;
	size_t n_slot, n_used;
};

/**
 * struct fw_chain - a chain
 * @table:	where it is
 * @name:	name
 * @base:	hooked in; the fields to @policy are valid only then
 * @type:	"filter", "nat" or "route"
 * @hook:	where
 * @priority:	order among the base chains of a hook
 * @policy:	FW_S_ACCEPT or FW_S_DROP
 * @packets:	counter of the policy
 * @bytes:	counter of the policy
 * @handle:	nf_tables' handle
 * @rule:	rules in order
 */
struct fw_chain {
	struct fw_table *table;
	const char *name;
	bool base;
	const char *type;
	enum fw_hook hook;
	int32_t priority;
	enum fw_stmt_kind policy;
	uint64_t packets, bytes;
	uint64_t handle;
	struct fw_rule **rule;
	size_t n_rule, cap_rule;
};

/**
 * struct fw_table - a table
 * @backend:	nf_tables or legacy
 * @family:	NFPROTO_IPV4, NFPROTO_IPV6 or NFPROTO_INET
 * @name:	name
 * @dormant:	switched off: its base chains see no packet
 * @owner:	port id of the socket that owns it, 0 = nobody: only the owner
 *		may change it (Linux 5.12)
 * @chain:	chains; only the functions below change what is in it
 * @set:	sets, likewise
 * @blob:	a legacy table as the kernel gave it, for the edit that follows
 */
struct fw_table {
	enum fw_backend backend;
	uint8_t family;
	const char *name;
	bool dormant;
	uint32_t owner;
	struct fw_chain **chain;
	size_t n_chain, cap_chain;
	struct fw_set **set;
	size_t n_set, cap_set;
	struct fw_names chain_names, set_names;
	const struct xt_blob *blob;
};

/**
 * struct fw_ruleset - everything
 * @arena:	owns it
 * @generation:	nf_tables' generation that this was read at
 * @table:	tables
 */
struct fw_ruleset {
	struct arena arena;
	uint32_t generation;
	struct fw_table **table;
	size_t n_table, cap_table;
};

/** fw_ruleset_done() - release a ruleset */
void fw_ruleset_done(struct fw_ruleset *rs);

/**
 * fw_table_add() - append a table, with a copy of its name
 *
 * Return: it, or NULL: no memory.
 */
struct fw_table *fw_table_add(struct fw_ruleset *rs, enum fw_backend backend,
			      uint8_t family, const char *name);

/** fw_table_del() - take out a table with all that it holds */
void fw_table_del(struct fw_ruleset *rs, struct fw_table *t);

/**
 * fw_chain_add() - append a chain, with a copy of its name
 *
 * Return: it, or NULL: no memory.
 */
struct fw_chain *fw_chain_add(struct fw_ruleset *rs, struct fw_table *t,
			      const char *name);

/** fw_chain_del() - take out a chain; jumps to it are the caller's business */
void fw_chain_del(struct fw_chain *c);

/**
 * fw_chain_rename() - give a chain another name, which is copied
 *
 * Jumps to it are the caller's business.
 *
 * Return: 0 or -ENOMEM.
 */
int fw_chain_rename(struct fw_ruleset *rs, struct fw_chain *c, const char *name)
	__attribute__((warn_unused_result));

/**
 * fw_set_add() - append a set, with a copy of its name
 *
 * Return: it, or NULL: no memory.
 */
struct fw_set *fw_set_add(struct fw_ruleset *rs, struct fw_table *t,
			  const char *name);

/**
 * fw_elem_add() - append an element to a set
 *
 * Return: it, zeroed, or NULL: no memory.
 */
struct fw_elem *fw_elem_add(struct fw_ruleset *rs, struct fw_set *s);

/**
 * fw_rule_insert() - put a rule into a chain
 * @at:		index it will have; n_rule = at the end
 *
 * Return: 0 or -ENOMEM.
 */
int fw_rule_insert(struct fw_ruleset *rs, struct fw_chain *c, size_t at,
		   struct fw_rule *r) __attribute__((warn_unused_result));

/** fw_rule_remove() - take the rule at index @at out of a chain */
void fw_rule_remove(struct fw_chain *c, size_t at);

/** fw_table_find() - a table by name; Return: it, or NULL */
struct fw_table *fw_table_find(const struct fw_ruleset *rs,
			       enum fw_backend backend, uint8_t family,
			       const char *name);

/** fw_chain_find() - a chain by name; Return: it, or NULL */
struct fw_chain *fw_chain_find(const struct fw_table *t, const char *name);

/** fw_set_find() - a set by name; Return: it, or NULL */
struct fw_set *fw_set_find(const struct fw_table *t, const char *name);

/** enum fw_manager - who lays rules on a host, as far as it can be told */
enum fw_manager {
	FW_BY_NOBODY, /* unknown, or written by hand */
	FW_BY_WGQ,
	FW_BY_DOCKER,
	FW_BY_UFW,
	FW_BY_FIREWALLD,
	FW_BY_LIBVIRT,
	FW_BY_NETAVARK, /* Podman */
	FW_BY_KUBE,	/* kube-proxy, k3s, flannel, kube-router, Calico */
	FW_BY_INCUS,	/* and LXD */
	FW_BY_TAILSCALE,
	FW_BY_FAIL2BAN,
};

/**
 * fw_manager_of() - whose is a chain?
 *
 * Told by the names that managers give to their tables and chains; FORWARD and
 * its like are nobody's, whoever set their policy.
 */
enum fw_manager fw_manager_of(const struct fw_chain *c);

/** fw_manager_name() - "Docker", "ufw", ...; "" for FW_BY_NOBODY */
const char *fw_manager_name(enum fw_manager m);

#endif
