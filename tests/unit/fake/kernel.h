/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_FAKE_KERNEL_H
#define WGQ_TESTS_FAKE_KERNEL_H

#include <limits.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/key.h"
#include "net/nl.h"

/**
 * DOC: a kernel in memory
 *
 * Behind struct nl_ops stands a small Linux that takes requests apart by
 * itself, refuses what Linux 6.1 to 6.18 refuses with the errno that those
 * give, and keeps what was asked for: links, addresses, routes, rules,
 * WireGuard devices and nf_tables.  fake_dump() prints all of it, so that a
 * test can hold the state after against the state before.
 *
 * Every message counts as a request, and so does every other effect that
 * goes through fake_begin() and fake_end().  A test can have request N fail,
 * have a stop flag set after it, or have the process killed right before or
 * right after it took effect.  The state has no pointers and lies in shared
 * memory: a child of fork() can change it and be killed, and the parent sees
 * what was done until then.
 */

#define FAKE_LINKS 16
#define FAKE_ADDRS 64
#define FAKE_ROUTES 1024
#define FAKE_RULES 64
#define FAKE_PEERS 64
#define FAKE_ALLOWED 512
#define FAKE_TABLES 16
#define FAKE_CHAINS 32
#define FAKE_NFT_RULES 64
#define FAKE_NFT_EXPRS 1024
#define FAKE_SETS 8
#define FAKE_ELEMS 512
#define FAKE_LOG 1024
#define FAKE_SOCKS 8

/** FAKE_WG_FAMILY - id of WireGuard's generic netlink family */
#define FAKE_WG_FAMILY 31

struct fake_link {
	int index;
	char name[IF_NAMESIZE];
	char alt[IF_NAMESIZE];
	char kind[16];
	unsigned int flags;
	uint32_t mtu;
	uint8_t private_key[KEY_LEN];
	bool has_key;
	uint16_t port;
	uint32_t fwmark;
};

struct fake_addr {
	int link;
	struct addr addr;
	uint8_t scope;
	bool secondary;
};

/* A route; @connected: the kernel made it for an address. */
struct fake_route {
	int link;
	struct addr dst;
	uint32_t table, metric, mtu;
	uint8_t type, scope, protocol;
	bool connected;
};

struct fake_rule {
	uint8_t family, action;
	bool invert;
	uint32_t priority, table, mark, mask, flags;
	int32_t suppress;
	char iif[IF_NAMESIZE];
};

struct fake_peer {
	int link;
	uint8_t key[KEY_LEN];
	uint8_t psk[KEY_LEN];
	union sockaddr_inet endpoint;
	uint16_t keepalive;
};

/* One allowed IP, in the order of addition. */
struct fake_allowed {
	int link;
	uint8_t key[KEY_LEN];
	struct addr addr;
};

struct fake_table {
	uint8_t family;
	char name[32];
	uint32_t owner;
};

/* A chain; @type is empty where it is no base chain. */
struct fake_chain {
	uint8_t family;
	char table[32], name[32], type[16];
	uint32_t hook, policy;
	int32_t priority;
	uint64_t handle;
};

/* A set; @elems are the attributes of NFTA_SET_ELEM_LIST_ELEMENTS. */
struct fake_set {
	uint8_t family;
	char table[32], name[32];
	uint32_t flags, key_len;
	uint8_t elems[FAKE_ELEMS];
	size_t elems_len;
};

struct fake_nft_rule {
	uint8_t family;
	char table[32], chain[32];
	uint64_t handle;
	uint8_t exprs[FAKE_NFT_EXPRS];
	size_t exprs_len;
	uint8_t udata[256];
	size_t udata_len;
};

struct fake_nft {
	struct fake_table tables[FAKE_TABLES];
	struct fake_chain chains[FAKE_CHAINS];
	struct fake_nft_rule rules[FAKE_NFT_RULES];
	struct fake_set sets[FAKE_SETS];
	size_t n_tables, n_chains, n_rules, n_sets;
	uint64_t next_handle;
	uint32_t generation;
};

/**
 * struct fake_state - all that outlives a process
 * @has_wireguard: the module is there
 * @has_nft:	nf_tables is there
 * @no_ipv6:	IPv6 is switched off on every link
 */
struct fake_state {
	struct fake_link links[FAKE_LINKS];
	struct fake_addr addrs[FAKE_ADDRS];
	struct fake_route routes[FAKE_ROUTES];
	struct fake_rule rules[FAKE_RULES];
	struct fake_peer peers[FAKE_PEERS];
	struct fake_allowed allowed[FAKE_ALLOWED];
	size_t n_links, n_addrs, n_routes, n_rules, n_peers, n_allowed;
	struct fake_nft nft;
	int next_index;
	bool has_wireguard, has_nft, no_ipv6;
};

/**
 * struct fake_request - one request, as it was counted
 * @what:	"NEWLINK" and the like
 * @change:	it was to change something
 * @datagram:	number of the datagram that it came in
 * @trace:	what struct fake's @trace held then
 */
struct fake_request {
	char what[24];
	bool change;
	unsigned int datagram;
	size_t trace;
};

/** enum fake_kill - when to be killed */
enum fake_kill {
	FAKE_LIVE,
	FAKE_KILL_BEFORE,
	FAKE_KILL_AFTER,
};

#define FAKE_FAULTS 4

/**
 * struct fake_plan - what is to go wrong; requests count from 1, 0 is none
 * @fail:	requests to refuse before they take effect
 * @error:	negative errno of each
 * @stop_after:	request after which @stop is set
 * @kill_at:	request at which the process is killed
 * @kill:	before or after it
 * @meddle:	requests right before which somebody else commits a change to
 *		nf_tables, from the first to the last
 */
struct fake_plan {
	unsigned int fail[FAKE_FAULTS];
	int error[FAKE_FAULTS];
	unsigned int stop_after;
	unsigned int kill_at;
	enum fake_kill kill;
	unsigned int meddle[2];
};

struct fake_sock {
	bool open;
	int protocol;
	struct buf queue;
	size_t at;
};

/**
 * struct fake_control - the course of a run
 * @plan:	what is to go wrong
 * @pid:	the process that is killed
 * @stop:	flag for wgq's @stop
 * @n:		requests so far
 * @datagrams:	datagrams so far
 * @trace:	for the test's own use, noted in @log with each request
 * @log:	the requests
 */
struct fake_control {
	struct fake_plan plan;
	pid_t pid;
	volatile sig_atomic_t stop;
	unsigned int n, datagrams;
	size_t trace;
	struct fake_request log[FAKE_LOG];
};

/**
 * struct fake - a fake kernel and this process's sockets to it
 * @s:		the state, shared with children
 * @c:		the course of the run, shared too
 * @root:	directory that stands for /, "" for none: the kernel keeps its
 *		sysctls in there
 * @text:	the kernel's words for the refusal at hand
 */
struct fake {
	struct fake_state *s;
	struct fake_control *c;
	char root[PATH_MAX];
	const char *text;
	struct buf out;
	unsigned int out_entries;
	struct fake_sock socks[FAKE_SOCKS];
};

/** fake_ops - for nl_init(); the context is a struct fake */
extern const struct nl_ops fake_ops;

/** fake_init() - a kernel with the rules of a fresh one, and no links */
void fake_init(struct fake *f);

/** fake_done() - release it */
void fake_done(struct fake *f);

/** fake_arm() - forget requests and sockets, and plan what goes wrong next */
void fake_arm(struct fake *f, const struct fake_plan *plan);

/**
 * fake_begin() - count a request
 * @what:	short name
 * @change:	it is to change something
 *
 * Return: 0 to carry it out and call fake_end(), or the negative errno that
 * was planned for it; FAKE_KILLED in another process than the one to be killed.
 */
int fake_begin(struct fake *f, const char *what, bool change);

/** FAKE_KILLED - from fake_begin(): the process is being killed, do nothing */
#define FAKE_KILLED INT_MIN

/** fake_end() - a request took effect */
void fake_end(struct fake *f);

/** fake_dump() - print the state, one sorted line for each thing in it */
void fake_dump(const struct fake *f, struct buf *out);

/** fake_link_add() - make a link; kind "" for hardware, which comes up */
struct fake_link *fake_link_add(struct fake *f, const char *name,
				const char *kind, uint32_t mtu);

/** fake_link_find() - find a link by name, NULL where there is none */
struct fake_link *fake_link_find(struct fake *f, const char *name);

/** fake_link_del() - delete a link and all that lives on it */
void fake_link_del(struct fake *f, const char *name);

/** fake_addr_add() - add "address/plen" to a link */
void fake_addr_add(struct fake *f, const char *link, const char *addr);

/** fake_route_add() - add a route of table @table out of a link */
struct fake_route *fake_route_add(struct fake *f, const char *link,
				  const char *dst, uint32_t table);

/** fake_rule_add() - add a rule; @r's family and priority place it */
void fake_rule_add(struct fake *f, const struct fake_rule *r);

/** fake_table_add() - add an empty table of nf_tables; family NFPROTO_ */
void fake_table_add(struct fake *f, uint8_t family, const char *name);

/**
 * fake_chain_add() - add a chain of nf_tables
 * @type:	"filter", "nat" or "route"; "" for no base chain
 * @hook:	NF_INET_ number
 * @policy:	NF_ACCEPT or NF_DROP
 */
void fake_chain_add(struct fake *f, uint8_t family, const char *table,
		    const char *name, const char *type, uint32_t hook,
		    int32_t priority, uint32_t policy);

/**
 * fake_nft_rule_add() - append a rule with an accept or drop
 * @iif:	interface it is for, in iptables' form; NULL for all
 * @set:	set that this is looked up in instead of compared, or NULL
 * @verdict:	NF_ACCEPT or NF_DROP
 * @comment:	comment in its user data, or NULL
 *
 * Return: its handle.
 */
uint64_t fake_nft_rule_add(struct fake *f, uint8_t family, const char *table,
			   const char *chain, const char *iif, const char *set,
			   uint32_t verdict, const char *comment);

/** fake_set_add() - add a set of interface names with one element */
void fake_set_add(struct fake *f, uint8_t family, const char *table,
		  const char *name, const char *elem);

/**
 * fake_xt_rule_add() - add a rule of iptables-nft that has a comment
 * @family:	AF_INET or AF_INET6
 * @table:	"raw" or "mangle", made where it is missing
 * @comment:	for the xt match "comment"
 */
void fake_xt_rule_add(struct fake *f, uint8_t family, const char *table,
		      const char *chain, const char *comment);

#endif
