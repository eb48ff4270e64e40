// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/ipt_private.h"

#define CHAIN_NAME_MAX 29 /* with its NUL: XT_EXTENSION_MAXNAMELEN */

bool ipt_names(const char *name, uint8_t *ret_family,
	       enum fw_backend *ret_backend, bool *ret_fixed)
{
	const char *s = strrchr(name, '/');
	uint8_t family = NFPROTO_IPV4;

	s = s ? s + 1 : name;
	if (strncmp(s, "ip6tables", 9) == 0) {
		family = NFPROTO_IPV6;
		s += 9;
	} else if (strncmp(s, "iptables", 8) == 0) {
		s += 8;
	} else {
		return false;
	}
	if (*s && strcmp(s, "-nft") != 0 && strcmp(s, "-legacy") != 0)
		return false;
	*ret_family = family;
	*ret_backend = strcmp(s, "-legacy") == 0 ? FW_LEGACY : FW_NFT;
	*ret_fixed = *s;
	return true;
}

const char *ipt_program(uint8_t family)
{
	return family == NFPROTO_IPV6 ? "ip6tables" : "iptables";
}

static const char *help(struct arena *a, uint8_t family, const char *text)
{
	const char *prog = ipt_program(family);

	return arena_printf(a,
			    "%s\nTry `%s -h' or '%s --help' for more "
			    "information.",
			    text, prog, prog);
}

static const char *complain(struct arena *a, uint8_t family,
			    enum fw_backend backend, int status,
			    const char *fmt, va_list ap)
{
	const char *prog = ipt_program(family), *s;
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	s = arena_printf(a, "%s v1.8.9 (%s): %s", prog,
			 backend == FW_NFT ? "nf_tables" : "legacy", text);
	if (!s)
		return NULL;
	if (status == 2)
		return help(a, family, s);
	if (status != 3)
		return s;
	return arena_printf(
		a, "%s\nPerhaps %s or your kernel needs to be upgraded.", s,
		prog);
}

const char *ipt_complain(struct arena *a, uint8_t family,
			 enum fw_backend backend, int status, const char *fmt,
			 ...)
{
	const char *s;
	va_list ap;

	va_start(ap, fmt);
	s = complain(a, family, backend, status, fmt, ap);
	va_end(ap);
	return s;
}

static bool give_up(struct ipt_parser *p, enum ipt_result result, int status,
		    const char *text)
{
	p->result = text ? result : IPT_NO_MEMORY;
	*p->why = (struct ipt_failure){ status, text };
	return false;
}

bool ipt_fail(struct ipt_parser *p, int status, const char *fmt, ...)
{
	const char *s;
	va_list ap;

	va_start(ap, fmt);
	s = complain(p->a, p->family, p->backend, status, fmt, ap);
	va_end(ap);
	return give_up(p, IPT_FAILS, status, s);
}

bool ipt_unknown(struct ipt_parser *p, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return give_up(p, IPT_UNKNOWN, 0,
		       arena_strndup(p->a, text, strlen(text)));
}

bool ipt_no_memory(struct ipt_parser *p)
{
	return give_up(p, IPT_NO_MEMORY, 0, NULL);
}

/* Note an option of every rule; -v may come twice. */
static bool option(struct ipt_parser *p, enum ipt_option o, char letter,
		   bool invert)
{
	const uint32_t invertible = IPT_O_SOURCE | IPT_O_DEST | IPT_O_PROTO |
				    IPT_O_IN | IPT_O_OUT | IPT_O_FRAGMENT;

	if (p->options & o)
		return ipt_fail(p, 2, "multiple -%c flags not allowed", letter);
	p->options |= o;
	if (!invert)
		return true;
	if (!(o & invertible))
		return ipt_fail(p, 2, "cannot have ! before -%c", letter);
	p->inverted |= o;
	return true;
}

static bool command(struct ipt_parser *p, char c, bool invert)
{
	if (invert)
		return ipt_fail(p, 2, "unexpected '!' flag");
	if (p->op_char)
		return ipt_fail(p, 2, "Cannot use -%c with -%c", c, p->op_char);
	p->op_char = c;
	return true;
}

static bool rule_number(struct ipt_parser *p)
{
	const char *s = p->w[p->at++];
	uint64_t v;

	if (!ipt_number(s, NULL, &v, 1, INT_MAX))
		return ipt_fail(p, 2, "Invalid rule number `%s'", s);
	p->rulenum = v;
	return true;
}

static bool has_space(const char *s)
{
	for (; *s; s++)
		if (isspace((unsigned char)*s))
			return true;
	return false;
}

static bool long_name(struct ipt_parser *p, const char *s)
{
	return ipt_fail(p, 2,
			"chain name `%s' too long (must be under %d chars)", s,
			CHAIN_NAME_MAX);
}

static bool new_chain(struct ipt_parser *p, const char *s)
{
	if (strlen(s) >= CHAIN_NAME_MAX)
		return long_name(p, s);
	if (*s == '-' || *s == '!')
		return ipt_fail(
			p, 2, "chain name not allowed to start with `%c'", *s);
	if (!*s || ipt_target_find(s) || ipt_target_elsewhere(s))
		return ipt_fail(p, 2,
				"chain name may not clash with target name");
	if (has_space(s))
		return ipt_fail(p, 2, "Invalid chain name `%s'", s);
	return true;
}

static bool second_word(struct ipt_parser *p, char c, const char *needs,
			const char **ret)
{
	if (!ipt_follows(p))
		return ipt_fail(p, 2, "-%c requires %s", c, needs);
	*ret = p->w[p->at++];
	return true;
}

/* Commands on rules and on chains; c is one of their letters. */
static bool command_option(struct ipt_parser *p, char c, bool invert)
{
	if (c == 'N' && !new_chain(p, p->arg))
		return false;
	if (!command(p, c, invert))
		return false;
	if (p->arg)
		p->chain = p->arg;
	switch (c) {
	case 'D':
		p->by_number = ipt_follows(p);
		return !p->by_number || rule_number(p);
	case 'I':
		p->rulenum = 1;
		return !ipt_follows(p) || rule_number(p);
	case 'R':
		if (!ipt_follows(p))
			return ipt_fail(p, 2, "-R requires a rule number");
		return rule_number(p);
	case 'F':
	case 'X':
	case 'Z':
		if (!p->arg && ipt_follows(p))
			p->chain = p->w[p->at++];
		if (c == 'Z' && ipt_follows(p))
			return ipt_unknown(p, "-Z of one rule");
		return true;
	case 'E':
		return second_word(p, c, "old-chain-name and new-chain-name",
				   &p->new_name);
	case 'P':
		return second_word(p, c, "a chain and a policy", &p->policy);
	}
	return true;
}

static bool is_exthdr(uint8_t proto)
{
	return proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_AH || proto == IPPROTO_DSTOPTS;
}

/* The whole word that the argument ends counts, be it "-ptcp" or "-p=tcp". */
static bool protocol_option(struct ipt_parser *p, bool invert)
{
	char *s = arena_strndup(p->a, p->w[p->at - 1], strlen(p->w[p->at - 1])),
	     *q;

	if (!option(p, IPT_O_PROTO, 'p', invert))
		return false;
	if (!s)
		return ipt_no_memory(p);
	for (q = s; *q; q++)
		*q = tolower((unsigned char)*q);
	p->w[p->at - 1] = p->protocol = s;
	if (!ipt_protocol(p, s, &p->proto))
		return false;
	if (!p->proto && invert)
		return ipt_fail(p, 2, "rule would never match protocol");
	/* Legacy entries have a flag for a protocol, be it any. */
	if (p->family == NFPROTO_IPV6 && p->backend == FW_LEGACY && !p->proto)
		return ipt_unknown(p, "protocol %s", s);
	if (p->family == NFPROTO_IPV6 && is_exthdr(p->proto) && !invert)
		return ipt_unknown(p, "protocol %s", s);
	return true;
}

static bool target_name(struct ipt_parser *p, const char *s)
{
	if (!*s)
		return ipt_fail(p, 2, "Invalid target name (too short)");
	if (strlen(s) >= CHAIN_NAME_MAX)
		return ipt_fail(p, 2, "Invalid target name `%s' (%d chars max)",
				s, CHAIN_NAME_MAX - 1);
	if (has_space(s))
		return ipt_fail(p, 2, "Invalid target name `%s'", s);
	p->jump_to = s;
	return true;
}

static bool jump_option(struct ipt_parser *p, bool invert)
{
	const struct ipt_ext *x;

	if (!option(p, IPT_O_JUMP, 'j', invert) ||
	    !target_name(p, p->w[p->at - 1]))
		return false;
	if (ipt_target_elsewhere(p->jump_to))
		return ipt_unknown(p, "target %s", p->jump_to);
	x = ipt_target_find(p->jump_to);
	if (!x)
		return true;
	p->target = ipt_use(p, x);
	return p->target ? true : ipt_no_memory(p);
}

static bool match_named(struct ipt_parser *p, bool invert)
{
	const struct ipt_ext *x;

	if (invert)
		return ipt_fail(p, 2, "unexpected ! flag before --match");
	if (strlen(p->arg) >= CHAIN_NAME_MAX)
		return ipt_fail(p, 2,
				"Invalid match name \"%s\" (%d chars max)",
				p->arg, CHAIN_NAME_MAX - 1);
	x = ipt_match_find(p->family, p->arg);
	if (!x)
		return ipt_unknown(p, "match %s", p->arg);
	return ipt_use_match(p, x) ? true : ipt_no_memory(p);
}

static bool wait_option(struct ipt_parser *p, char c)
{
	const char *s = p->arg;
	char *end;

	if (c == 'W')
		return ipt_unknown(p, "-W");
	if (!s && ipt_follows(p))
		s = p->w[p->at++];
	/* What follows a number is not looked at, as by sscanf(). */
	if (s && (strtol(s, &end, 0), end == s))
		return ipt_fail(p, 2, "wait seconds not numeric");
	return true;
}

static bool interface_option(struct ipt_parser *p, char c, bool invert)
{
	struct fw_iface *i = c == 'i' ? &p->in : &p->out;

	if (!*p->arg)
		return ipt_interface(p, p->arg, i);
	return option(p, c == 'i' ? IPT_O_IN : IPT_O_OUT, c, invert) &&
	       ipt_interface(p, p->w[p->at - 1], i);
}

static bool address_option(struct ipt_parser *p, char c, bool invert)
{
	if (!option(p, c == 's' ? IPT_O_SOURCE : IPT_O_DEST, c, invert))
		return false;
	*(c == 's' ? &p->source : &p->dest) = p->w[p->at - 1];
	return true;
}

static bool other_option(struct ipt_parser *p, char c, bool invert)
{
	switch (c) {
	case 'v':
		if (p->options & IPT_O_VERBOSE)
			return true;
		return option(p, IPT_O_VERBOSE, c, invert);
	case 'n':
		return option(p, IPT_O_NUMERIC, c, invert);
	case 'x':
		return option(p, IPT_O_EXACT, c, invert);
	case '0':
		return option(p, IPT_O_LINES, c, invert);
	case 't':
		if (invert)
			return ipt_fail(p, 2,
					"unexpected ! flag before --table");
		p->table = p->arg;
		return true;
	case 'w':
	case 'W':
		return wait_option(p, c);
	case 'g':
		p->go = true;
		return option(p, IPT_O_JUMP, 'j', invert) &&
		       target_name(p, p->arg);
	case 'f':
		if (p->family == NFPROTO_IPV6)
			return ipt_fail(p, 2,
					"`-f' is not supported in IPv6, use -m "
					"frag instead");
		break;
	case 'M':
		return true;
	}
	return ipt_unknown(p, "option -%c", c);
}

/* "Try ...", without a message of xtables' form before it */
static bool usage(struct ipt_parser *p, const char *text)
{
	return give_up(p, IPT_FAILS, 2, help(p->a, p->family, text));
}

static bool family_option(struct ipt_parser *p, char c)
{
	const char *prog = ipt_program(p->family);

	if ((c == '4') == (p->family == NFPROTO_IPV4))
		return true;
	return give_up(p, IPT_FAILS, 2,
		       arena_printf(p->a,
				    "Try `%s -h' or '%s --help' for more "
				    "information.",
				    prog, prog));
}

static bool plain_word(struct ipt_parser *p, bool *invert)
{
	const char *s;

	if (strcmp(p->arg, "!") != 0) {
		s = arena_printf(p->a, "Bad argument `%s'", p->arg);
		return s ? usage(p, s) : ipt_no_memory(p);
	}
	if (*invert)
		return ipt_fail(p, 2, "multiple consecutive ! not allowed");
	*invert = true;
	p->w[p->at - 1] = "";
	return true;
}

/* The match of a protocol that -p names, or NULL; *ret_unknown: not ours */
static const struct ipt_ext *protocol_match(const struct ipt_parser *p,
					    bool *ret_unknown)
{
	static const char ours[] = " tcp udp icmp ipv6-icmp icmpv6 all ip ";
	const char *s = p->protocol, *at;
	const struct ipt_ext *x;
	uint64_t v;

	if (ipt_number(s, NULL, &v, 0, UINT8_MAX))
		s = v == IPPROTO_TCP	  ? "tcp"
		    : v == IPPROTO_UDP	  ? "udp"
		    : v == IPPROTO_ICMP	  ? "icmp"
		    : v == IPPROTO_ICMPV6 ? "ipv6-icmp"
		    : v == 0		  ? "all"
					  : "other";
	x = ipt_match_find(p->family, s);
	at = strstr(ours, s);
	*ret_unknown = !at || at[-1] != ' ' || at[strlen(s)] != ' ';
	return x;
}

/*
 * An option that nobody has may be one of the protocol's match, which is then
 * loaded, once, and getopt asked again.
 */
static bool load_protocol(struct ipt_parser *p, bool *ret_again)
{
	const struct ipt_ext *x;
	bool unknown, there = false;
	size_t i;

	*ret_again = false;
	if (!p->protocol)
		return true;
	x = protocol_match(p, &unknown);
	if (unknown)
		return ipt_unknown(p, "options of protocol %s", p->protocol);
	for (i = 0; i < p->n_matches; i++)
		there |= p->matches[i]->ext == x;
	if (!x || (there && p->proto_used))
		return true;
	if (!ipt_use_match(p, x))
		return ipt_no_memory(p);
	p->proto_used = true;
	p->at--;
	*ret_again = true;
	return true;
}

static struct ipt_use *taker(const struct ipt_parser *p)
{
	size_t i;

	if (p->opt_use == p->target)
		return p->target;
	for (i = 0; i < p->n_matches; i++)
		if (p->matches[i]->ext == p->opt_use->ext &&
		    !p->matches[i]->completed)
			return p->matches[i];
	return NULL;
}

static bool rest_option(struct ipt_parser *p, int c, bool *invert)
{
	struct ipt_use *u = c == IPT_GET_EXT ? taker(p) : NULL;
	const char *w;
	bool again;

	if (u) {
		if (!ipt_ext_option(p, u, *invert))
			return false;
		*invert = false;
		return true;
	}
	if (!load_protocol(p, &again))
		return false;
	if (again)
		return true;
	w = p->w[p->at - 1];
	if (c == ':')
		return ipt_fail(p, 2, "option \"%s\" requires an argument", w);
	return ipt_fail(p, 2, "unknown option \"%s\"", w);
}

static bool one_option(struct ipt_parser *p, int c, bool *invert)
{
	bool ok;

	if (c == IPT_GET_WORD)
		return plain_word(p, invert);
	if (c == '?' || c == ':' || c == IPT_GET_EXT)
		return rest_option(p, c, invert);
	if (strchr("ACDIRFZNXEP", c))
		ok = command_option(p, c, *invert);
	else if (c == 'p')
		ok = protocol_option(p, *invert);
	else if (c == 's' || c == 'd')
		ok = address_option(p, c, *invert);
	else if (c == 'i' || c == 'o')
		ok = interface_option(p, c, *invert);
	else if (c == 'j')
		ok = jump_option(p, *invert);
	else if (c == 'm')
		ok = match_named(p, *invert);
	else if (c == '4' || c == '6')
		ok = family_option(p, c);
	else
		ok = other_option(p, c, *invert);
	*invert = false;
	return ok;
}

static bool is_rule_command(const struct ipt_parser *p)
{
	return strchr("ACDIR", p->op_char) && !p->by_number;
}

/* Which options a command takes, in the order in which they are checked. */
static bool check_options(struct ipt_parser *p)
{
	static const char flags[] = "nsdpjvxio0cf";
	uint32_t bad = IPT_O_NUMERIC | IPT_O_EXACT | IPT_O_LINES;
	size_t i;

	if (!is_rule_command(p))
		bad = ~(uint32_t)IPT_O_VERBOSE;
	for (i = 0; flags[i]; i++)
		if (p->options & bad & 1U << i)
			return ipt_fail(
				p, 2, "Illegal option `-%c' with this command",
				flags[i]);
	return true;
}

static bool check_addresses(struct ipt_parser *p)
{
	const char *any = "0/0";

	if (p->family == NFPROTO_IPV6)
		any = "::/0";
	if (is_rule_command(p) && !p->source)
		p->source = any;
	if (is_rule_command(p) && !p->dest)
		p->dest = any;
	if (p->source && !ipt_addresses(p, p->source, &p->src))
		return false;
	if (p->dest && !ipt_addresses(p, p->dest, &p->dst))
		return false;
	if ((p->src.n > 1 || p->dst.n > 1) &&
	    p->inverted & (IPT_O_SOURCE | IPT_O_DEST))
		return ipt_fail(p, 2,
				"! not allowed with multiple source or "
				"destination IP addresses");
	if (p->op_char == 'R' && (p->src.n != 1 || p->dst.n != 1))
		return ipt_fail(p, 2,
				"Replacement rule does not specify a unique "
				"address");
	return true;
}

static bool check_interfaces(struct ipt_parser *p)
{
	const char *c = p->chain;
	uint32_t o = 0;

	if (!strchr("ACDIR", p->op_char))
		return true;
	if (strcmp(c, "PREROUTING") == 0 || strcmp(c, "INPUT") == 0)
		o = IPT_O_OUT;
	if (strcmp(c, "POSTROUTING") == 0 || strcmp(c, "OUTPUT") == 0)
		o = IPT_O_IN;
	if (!(p->options & o))
		return true;
	return ipt_fail(p, 2, "Can't use -%c with %s\n",
			o == IPT_O_OUT ? 'o' : 'i', c);
}

static bool check_table(struct ipt_parser *p)
{
	static const char *const names[] = { "filter", "nat", "mangle", "raw",
					     "security" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(p->table, names[i]) == 0)
			return true;
	if (p->backend == FW_NFT)
		return ipt_fail(p, 3, "table '%s' does not exist", p->table);
	return ipt_fail(p, 3,
			"can't initialize %s table `%s': Table does not exist "
			"(do you need to insmod?)",
			ipt_program(p->family), p->table);
}

static bool is_ports(const struct ipt_use *u)
{
	return u->ext->id == IPT_TCP || u->ext->id == IPT_UDP;
}

static bool all_ports(const struct fw_match *m)
{
	return m->range.lo == 0 && m->range.hi == UINT16_MAX;
}

/* Does a port's match say anything, and say it twice? */
static bool check_ports(struct ipt_parser *p, const struct ipt_use *u)
{
	bool tcp = u->ext->id == IPT_TCP, any = u->has[2];
	size_t i;

	for (i = 0; i < 2; i++) {
		any |= u->has[i] && !all_ports(&u->m[i]);
		if (u->has[i] && all_ports(&u->m[i]) && u->m[i].invert)
			return ipt_unknown(p, "no port at all");
	}
	if (any && p->backend == FW_NFT &&
	    p->proto != (tcp ? IPPROTO_TCP : IPPROTO_UDP))
		return ipt_fail(p, 2, "%s match requires '-p %s'",
				tcp ? "TCP" : "UDP", u->ext->name);
	if (p->proto && p->proto != (tcp ? IPPROTO_TCP : IPPROTO_UDP))
		return ipt_unknown(p, "match %s of another protocol",
				   u->ext->name);
	if (p->inverted & IPT_O_PROTO && p->backend == FW_NFT)
		return ipt_unknown(p, "ports of all protocols but one");
	return true;
}

static bool check_all_ports(struct ipt_parser *p)
{
	size_t i, n = 0;

	for (i = 0; i < p->n_matches; i++) {
		if (!is_ports(p->matches[i]))
			continue;
		if (!check_ports(p, p->matches[i]))
			return false;
		n++;
	}
	return n <= 1 || ipt_unknown(p, "two matches of ports");
}

/* What is checked once all words are read, in this order. */
static bool check(struct ipt_parser *p, bool invert)
{
	size_t i;

	if (strcmp(p->table, "nat") == 0 &&
	    ((p->policy && strcmp(p->policy, "DROP") == 0) ||
	     (p->jump_to && strcmp(p->jump_to, "DROP") == 0)))
		return ipt_fail(p, 2,
				"\nThe \"nat\" table is not intended for "
				"filtering, the use of DROP is therefore "
				"inhibited.\n\n");
	for (i = 0; i < p->n_matches; i++)
		if (!ipt_ext_check(p, p->matches[i]))
			return false;
	if (p->target && !ipt_ext_check(p, p->target))
		return false;
	if (p->at < p->n)
		return ipt_fail(p, 2, "unknown arguments found on commandline");
	if (!p->op_char)
		return ipt_fail(p, 2, "no command specified");
	if (invert)
		return ipt_fail(p, 2, "nothing appropriate following !");
	if (!check_addresses(p) || !check_options(p))
		return false;
	if (p->chain && strlen(p->chain) >= CHAIN_NAME_MAX)
		return long_name(p, p->chain);
	if (!check_interfaces(p) || !check_table(p) || !check_all_ports(p))
		return false;
	if (p->options & IPT_O_VERBOSE)
		return ipt_unknown(p, "option -v");
	return true;
}

static bool add_iface(struct ipt_parser *p, struct fw_rule *r,
		      enum fw_match_kind kind, enum ipt_option o,
		      const struct fw_iface *iface)
{
	struct fw_match *m;

	if (!(p->options & o))
		return true;
	m = fw_match_add(p->a, r, kind);
	if (!m)
		return false;
	m->iface = *iface;
	m->invert = p->inverted & o;
	return true;
}

static bool add_addr(struct ipt_parser *p, struct fw_rule *r,
		     enum fw_match_kind kind, enum ipt_option o,
		     const struct fw_addr *addr)
{
	static const uint8_t zero[16];
	struct fw_match *m;

	if (memcmp(addr->mask, zero, sizeof(zero)) == 0 && !(p->inverted & o))
		return true;
	m = fw_match_add(p->a, r, kind);
	if (!m)
		return false;
	m->addr = *addr;
	m->invert = p->inverted & o;
	return true;
}

/*
 * iptables-nft writes "all but the first N ports" as a comparison, and reads it
 * back as the ports behind them.
 */
static void normal_ports(const struct ipt_parser *p, struct fw_match *m)
{
	if (p->backend != FW_NFT || !m->invert || m->range.lo != 0 ||
	    m->range.hi == 0 || m->range.hi == UINT16_MAX)
		return;
	m->invert = false;
	m->range = (struct fw_range){ m->range.hi + 1, UINT16_MAX };
}

/* "-m tcp" with no option is a match as xt_info_read_match() has it. */
static bool add_match(struct ipt_parser *p, struct fw_rule *r,
		      const struct ipt_use *u)
{
	struct fw_match *m;
	bool any = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(u->m); i++) {
		if (!u->has[i] || (is_ports(u) && i < 2 && all_ports(&u->m[i])))
			continue;
		any = true;
		m = fw_match_add(p->a, r, u->m[i].kind);
		if (!m)
			return false;
		*m = u->m[i];
		if (m->kind == FW_M_SPORT || m->kind == FW_M_DPORT)
			normal_ports(p, m);
	}
	if (any || !is_ports(u))
		return true;
	m = fw_match_add(p->a, r, FW_M_SPORT);
	if (!m)
		return false;
	m->range = (struct fw_range){ 0, UINT16_MAX };
	return true;
}

static bool add_target(struct ipt_parser *p, struct fw_rule *r)
{
	struct fw_stmt *s;

	if (!p->jump_to)
		return true;
	s = fw_stmt_add(p->a, r, p->go ? FW_S_GOTO : FW_S_JUMP);
	if (!s)
		return false;
	if (p->target)
		*s = p->target->s;
	else
		s->chain = p->jump_to;
	return true;
}

/* Interface, protocol, addresses: the order in which 1.8.9 writes them. */
static struct fw_rule *make_rule(struct ipt_parser *p,
				 const struct fw_addr *src,
				 const struct fw_addr *dst)
{
	struct fw_rule *r = arena_alloc(p->a, sizeof(*r));
	struct fw_match *m;
	size_t i;

	if (!r || !add_iface(p, r, FW_M_IIF, IPT_O_IN, &p->in) ||
	    !add_iface(p, r, FW_M_OIF, IPT_O_OUT, &p->out))
		return NULL;
	if (p->proto) {
		m = fw_match_add(p->a, r, FW_M_L4PROTO);
		if (!m)
			return NULL;
		m->range = (struct fw_range){ p->proto, p->proto };
		m->invert = p->inverted & IPT_O_PROTO;
	}
	if (!add_addr(p, r, FW_M_SADDR, IPT_O_SOURCE, src) ||
	    !add_addr(p, r, FW_M_DADDR, IPT_O_DEST, dst))
		return NULL;
	for (i = 0; i < p->n_matches; i++)
		if (!add_match(p, r, p->matches[i]))
			return NULL;
	r->legible = true;
	return add_target(p, r) ? r : NULL;
}

static bool make_rules(struct ipt_parser *p, struct ipt_command *ret)
{
	size_t i, j;

	ret->rule = arena_array(p->a, p->src.n * p->dst.n, sizeof(*ret->rule));
	if (!ret->rule)
		return ipt_no_memory(p);
	for (i = 0; i < p->src.n; i++)
		for (j = 0; j < p->dst.n; j++) {
			struct fw_rule *r =
				make_rule(p, &p->src.v[i], &p->dst.v[j]);

			if (!r)
				return ipt_no_memory(p);
			ret->rule[ret->n_rule++] = r;
		}
	return true;
}

static enum ipt_op op_of(char c)
{
	static const char chars[] = "AIRDCPNXEFZ";

	return (enum ipt_op)(strchr(chars, c) - chars);
}

static bool make(struct ipt_parser *p, struct ipt_command *ret)
{
	ret->family = p->family;
	ret->backend = p->backend;
	ret->op = op_of(p->op_char);
	ret->table = p->table;
	ret->chain = p->chain;
	ret->new_name = p->new_name;
	ret->rulenum = p->rulenum;
	if (ret->op == IPT_POLICY) {
		/* FW_S_RETURN: neither, so that the chain is looked at first */
		ret->policy = strcmp(p->policy, "ACCEPT") == 0 ? FW_S_ACCEPT
			      : strcmp(p->policy, "DROP") == 0 ? FW_S_DROP
							       : FW_S_RETURN;
		return true;
	}
	return !is_rule_command(p) || make_rules(p, ret);
}

enum ipt_result ipt_parse(uint8_t family, enum fw_backend backend,
			  const char *const *argv, size_t argc, struct arena *a,
			  struct ipt_command *ret, struct ipt_failure *why)
{
	struct ipt_parser p = { .family = family,
				.backend = backend,
				.a = a,
				.why = why,
				.n = argc + 1,
				.at = 1,
				.table = "filter" };
	struct ipt_command cmd = {};
	bool invert = false;
	int c;

	p.w = arena_array(a, p.n, sizeof(*p.w));
	if (!p.w)
		return IPT_NO_MEMORY;
	p.w[0] = ipt_program(family);
	if (argc)
		memcpy(&p.w[1], argv, argc * sizeof(*argv));
	while ((c = ipt_getopt(&p)) != IPT_GET_END)
		if (!one_option(&p, c, &invert))
			return p.result;
	if (!check(&p, invert) || !make(&p, &cmd))
		return p.result;
	*ret = cmd;
	return IPT_OK;
}
