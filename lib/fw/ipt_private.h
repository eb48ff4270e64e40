/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_IPT_PRIVATE_H
#define WGQ_FW_IPT_PRIVATE_H

/* Before linux/netfilter.h, which leaves to it what both define. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>

#include "fw/ipt.h"

/**
 * DOC: how arguments are read
 *
 * ipt_getopt.c finds options as getopt_long() does: in order, abbreviated,
 * clustered, with a list of long options that grows as extensions are named.
 * ipt_parse.c has what every rule may have, ipt_ext.c the options of matches
 * and targets, ipt_value.c single values.  ipt_plan.c does what a command says,
 * unless it is refused (ipt_refuse.c).  Each function that returns bool and
 * takes the parser has, where it returns false, put the reason into it.
 */

/** enum ipt_arg - what an option of an extension takes */
enum ipt_arg {
	IPT_ARG_NONE,
	IPT_ARG_STRING,
	IPT_ARG_U16,
	IPT_ARG_U32,
	IPT_ARG_MARK,  /* value[/mask] */
	IPT_ARG_LEVEL, /* of syslog */
	IPT_ARG_PORTS, /* port[:port] */
	IPT_ARG_OTHER, /* the real program knows it, we do not */
};

/* Flags of an option. */
enum { IPT_OPT_INVERT = 1, IPT_OPT_NEEDED = 2 };

/**
 * struct ipt_opt - an option of an extension
 * @name:	without dashes
 * @id:		number within the extension, shared by synonyms
 * @arg:	enum ipt_arg
 * @flags:	IPT_OPT_
 * @has_arg:	an argument follows
 * @excl:	bits 1 << id of those that it does not go with; its own stands
 *		for synonyms
 * @max:	greatest number, or least length of a string
 */
struct ipt_opt {
	const char *name;
	uint8_t id, arg, flags;
	bool has_arg;
	uint16_t excl;
	uint16_t max;
};

/** enum ipt_ext_id - extensions that are known here */
enum ipt_ext_id {
	IPT_TCP,
	IPT_UDP,
	IPT_ICMP,
	IPT_ICMP6,
	IPT_STATE,
	IPT_CONNTRACK,
	IPT_COMMENT,
	IPT_MULTIPORT,
	IPT_ADDRTYPE,
	IPT_MARK,
	IPT_CONNMARK,
	IPT_LIMIT,
	IPT_T_STANDARD,
	IPT_T_REJECT,
	IPT_T_MASQUERADE,
	IPT_T_SNAT,
	IPT_T_DNAT,
	IPT_T_REDIRECT,
	IPT_T_TCPMSS,
	IPT_T_MARK,
	IPT_T_CONNMARK,
	IPT_T_LOG,
};

/**
 * struct ipt_ext - an extension
 * @name:	name
 * @id:		which one
 * @family:	its only family, 0 = both
 * @opt:	options
 * @n_opt:	their number
 */
struct ipt_ext {
	const char *name;
	enum ipt_ext_id id;
	uint8_t family;
	const struct ipt_opt *opt;
	size_t n_opt;
};

/**
 * struct ipt_use - an extension in a command
 * @ext:	which one
 * @given:	bits 1 << id of the options that were given
 * @completed:	named once more since, so that options are for the later one
 * @m:		matches that it makes, in their order
 * @has:	which of @m are meant
 * @s:		statement of a target
 */
struct ipt_use {
	const struct ipt_ext *ext;
	uint32_t given;
	bool completed;
	struct fw_match m[3];
	bool has[3];
	struct fw_stmt s;
};

/* Options of every rule, in the order in which they are checked. */
enum ipt_option {
	IPT_O_NUMERIC = 1,
	IPT_O_SOURCE = 2,
	IPT_O_DEST = 4,
	IPT_O_PROTO = 8,
	IPT_O_JUMP = 16,
	IPT_O_VERBOSE = 32,
	IPT_O_EXACT = 64,
	IPT_O_IN = 128,
	IPT_O_OUT = 256,
	IPT_O_LINES = 512,
	IPT_O_COUNTERS = 1024,
	IPT_O_FRAGMENT = 2048,
};

/* What ipt_getopt() returns beside letters. */
enum { IPT_GET_END = -1, IPT_GET_WORD = 1, IPT_GET_EXT = 256 };

/** struct ipt_addrs - addresses of -s or -d */
struct ipt_addrs {
	struct fw_addr *v;
	size_t n, cap;
};

/**
 * struct ipt_parser - a command that is being parsed
 * @w:		words; [0] stands for the program's name
 * @n:		their number
 * @at:		next word
 * @next:	rest of a cluster of letters, NULL = none
 * @arg:	argument of the option that was found
 * @opt:	IPT_GET_EXT: the option
 * @opt_use:	IPT_GET_EXT: the use whose list it was in
 * @lists:	uses whose options count, oldest first
 * @op_char:	letter of the command, 0 = none yet
 * @by_number:	a number was given to -D or -Z
 * @options:	bits of enum ipt_option
 * @inverted:	likewise, with a "!" before
 * @proto_used:	the protocol's match was loaded for an option
 * @result:	IPT_OK until something fails
 */
struct ipt_parser {
	uint8_t family;
	enum fw_backend backend;
	struct arena *a;
	struct ipt_failure *why;
	enum ipt_result result;

	const char **w;
	size_t n, at;
	const char *next, *arg;
	const struct ipt_opt *opt;
	struct ipt_use *opt_use;
	struct ipt_use **lists;
	size_t n_lists, cap_lists;

	char op_char;
	bool by_number;
	const char *table, *chain, *new_name, *policy;
	unsigned int rulenum;

	uint32_t options, inverted;
	const char *protocol;
	uint8_t proto;
	bool proto_used;
	struct fw_iface in, out;
	const char *source, *dest;
	struct ipt_addrs src, dst;
	const char *jump_to;
	bool go;
	bool waits, wait_interval;
	struct ipt_use **matches;
	size_t n_matches, cap_matches;
	struct ipt_use *target;
};

/** ipt_program() - "iptables" or "ip6tables" */
const char *ipt_program(uint8_t family);

/**
 * ipt_complain() - make the text of xtables' own errors
 * @status:	2 for mistakes in arguments, which adds where help is
 *
 * Return: the text, or NULL: no memory.
 */
const char *ipt_complain(struct arena *a, uint8_t family,
			 enum fw_backend backend, int status, const char *fmt,
			 ...) __attribute__((format(printf, 5, 6)));

/** ipt_fail() - the real program would fail so; Return: false */
bool ipt_fail(struct ipt_parser *p, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** ipt_unknown() - that is not known here; Return: false */
bool ipt_unknown(struct ipt_parser *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** ipt_no_memory() - Return: false */
bool ipt_no_memory(struct ipt_parser *p);

/**
 * ipt_getopt() - find the next option
 *
 * Return: its letter, '?' or ':' as getopt_long() returns them, or IPT_GET_.
 */
int ipt_getopt(struct ipt_parser *p);

/** ipt_follows() - is the next word an argument rather than an option? */
bool ipt_follows(const struct ipt_parser *p);

/**
 * ipt_number() - xtables' reading of a number: decimal, octal or hexadecimal
 * @end:	receives where it ends; NULL = the text must end there
 * @max:	greatest value, 0 = any
 */
bool ipt_number(const char *s, const char **end, uint64_t *ret, uint64_t min,
		uint64_t max);

/** ipt_protocol() - number of a protocol's name or number; or complains */
bool ipt_protocol(struct ipt_parser *p, const char *s, uint8_t *ret);

/** enum ipt_service - protocols that a service must have */
enum ipt_service { IPT_SVC_TCP = 1, IPT_SVC_UDP = 2, IPT_SVC_ANY = 3 };

/** ipt_service() - port of a well-known service; Return: it, or -1 */
int ipt_service(const char *name, enum ipt_service proto);

/** ipt_port() - a port or service as most extensions read it */
bool ipt_port(struct ipt_parser *p, const char *s, enum ipt_service proto,
	      uint16_t *ret);

/** ipt_addresses() - the list of -s or -d */
bool ipt_addresses(struct ipt_parser *p, const char *s, struct ipt_addrs *ret);

/** ipt_interface() - the argument of -i or -o */
bool ipt_interface(struct ipt_parser *p, const char *s, struct fw_iface *ret);

/** ipt_icmp_type() - the argument of --icmp-type or --icmpv6-type */
bool ipt_icmp_type(struct ipt_parser *p, const char *s, struct fw_icmp *ret);

/** ipt_match_find() - a match by name; Return: it, or NULL */
const struct ipt_ext *ipt_match_find(uint8_t family, const char *name);

/** ipt_target_find() - a target by name; Return: it, or NULL */
const struct ipt_ext *ipt_target_find(const char *name);

/** ipt_target_elsewhere() - does the real program have a target like that? */
bool ipt_target_elsewhere(const char *name);

/** ipt_use() - have a match or target; its options count from now on */
struct ipt_use *ipt_use(struct ipt_parser *p, const struct ipt_ext *x);

/** ipt_use_match() - the same for a match, which may be there already */
struct ipt_use *ipt_use_match(struct ipt_parser *p, const struct ipt_ext *x);

/** ipt_ext_option() - take option p->opt of @u */
bool ipt_ext_option(struct ipt_parser *p, struct ipt_use *u, bool invert);

/**
 * ipt_refusal() - why the kernel would not take a rule of a command
 * @t:		table as it is before, NULL = not there
 * @r:		rule
 *
 * Return: 0, or a positive errno.
 */
int ipt_refusal(const struct ipt_command *cmd, const struct fw_table *t,
		const struct fw_rule *r, struct arena *a);

/** ipt_ext_check() - are the options of an extension complete? */
bool ipt_ext_check(struct ipt_parser *p, const struct ipt_use *u);

#endif
