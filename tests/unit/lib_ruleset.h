/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_LIB_RULESET_H
#define WGQ_TESTS_LIB_RULESET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"
#include "fw/edit.h"
#include "fw/walk.h"

/*
 * Rulesets in text, so that a test shows the chain as a person knows it:
 *
 *	table nft ip filter [owner 5] [dormant]
 *	chain FORWARD drop [filter forward 0]
 *	chain OTHER
 *	-A FORWARD -i wg0 -j OTHER
 *
 * The words after -A are a part of iptables', with --nfproto and --iif INDEX
 * besides, read without asking whether they go together.
 */

static inline struct addr test_addr(const char *s)
{
	char text[64];
	struct addr a = {};
	char *slash;

	snprintf(text, sizeof(text), "%s", s);
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	a.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	a.plen = slash ? (uint8_t)atoi(slash) : addr_bits(a.family);
	assert_int_equal(inet_pton(a.family, text, a.b), 1);
	return a;
}

static inline void test_mask(struct fw_addr *m, const struct addr *a)
{
	unsigned int i;

	m->family = a->family;
	memcpy(m->b, a->b, sizeof(m->b));
	for (i = 0; i < a->plen; i++)
		m->mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (i = 0; i < 16; i++)
		m->b[i] &= m->mask[i];
}

static inline uint32_t test_ctstates(const char *s)
{
	uint32_t mask = 0;

	mask |= strstr(s, "NEW") ? FW_CT_NEW : 0;
	mask |= strstr(s, "RELATED") ? FW_CT_RELATED : 0;
	mask |= strstr(s, "ESTABLISHED") ? FW_CT_ESTABLISHED : 0;
	mask |= strstr(s, "INVALID") ? FW_CT_INVALID : 0;
	return mask;
}

static inline uint16_t test_proto(const char *s)
{
	if (!strcmp(s, "tcp"))
		return IPPROTO_TCP;
	if (!strcmp(s, "udp"))
		return IPPROTO_UDP;
	if (!strcmp(s, "icmp"))
		return IPPROTO_ICMP;
	return (uint16_t)atoi(s);
}

static inline struct fw_range test_range(const char *s)
{
	const char *colon = strchr(s, ':');
	struct fw_range r;

	r.lo = (uint16_t)atoi(s);
	r.hi = colon ? (uint16_t)atoi(colon + 1) : r.lo;
	return r;
}

static inline struct fw_iface test_iface(const char *s)
{
	struct fw_iface i = {};
	size_t n = strlen(s);

	i.prefix = n && s[n - 1] == '+';
	memcpy(i.name, s, i.prefix ? n - 1 : n);
	return i;
}

static inline void test_match(struct fw_ruleset *rs, struct fw_rule *r,
			      bool invert, const char *what, const char *v)
{
	struct arena *a = &rs->arena;
	struct fw_match *m = NULL;

	if (!strcmp(what, "-i") || !strcmp(what, "-o")) {
		m = fw_match_add(a, r, what[1] == 'i' ? FW_M_IIF : FW_M_OIF);
		m->iface = test_iface(v);
	} else if (!strcmp(what, "--iif")) {
		m = fw_match_add(a, r, FW_M_IIF);
		m->iface.index = (uint32_t)atoi(v);
	} else if (!strcmp(what, "-s") || !strcmp(what, "-d")) {
		struct addr addr = test_addr(v);

		m = fw_match_add(a, r,
				 what[1] == 's' ? FW_M_SADDR : FW_M_DADDR);
		test_mask(&m->addr, &addr);
	} else if (!strcmp(what, "-p")) {
		m = fw_match_add(a, r, FW_M_L4PROTO);
		m->range.lo = m->range.hi = test_proto(v);
	} else if (!strcmp(what, "--nfproto")) {
		m = fw_match_add(a, r, FW_M_NFPROTO);
		m->range.lo = m->range.hi =
			atoi(v) == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	} else if (!strcmp(what, "--sport") || !strcmp(what, "--dport")) {
		m = fw_match_add(a, r,
				 what[2] == 's' ? FW_M_SPORT : FW_M_DPORT);
		m->range = test_range(v);
	} else if (!strcmp(what, "--ctstate")) {
		m = fw_match_add(a, r, FW_M_CTSTATE);
		m->ct.mask = test_ctstates(v);
	} else if (!strcmp(what, "--limit")) {
		m = fw_match_add(a, r, FW_M_LIMIT);
	} else if (!strcmp(what, "--mark")) {
		m = fw_match_add(a, r, FW_M_MARK);
		m->bits.value = m->bits.mask = (uint32_t)atoi(v);
	} else if (!strcmp(what, "--comment")) {
		m = fw_match_add(a, r, FW_M_COMMENT);
		m->comment = arena_strndup(a, v, strlen(v));
	} else if (!strcmp(what, "--dst-type")) {
		m = fw_match_add(a, r, FW_M_ADDRTYPE);
		m->addrtype.dst = 1u
				  << (!strcmp(v, "LOCAL")     ? RTN_LOCAL
				      : !strcmp(v, "UNICAST") ? RTN_UNICAST
							      : RTN_BROADCAST);
	} else if (!strcmp(what, "--flags")) {
		m = fw_match_add(a, r, FW_M_TCP_FLAGS);
		m->tcp_flags.mask = 0x17;
		m->tcp_flags.cmp = (uint8_t)atoi(v);
	} else {
		fail_msg("unknown match %s", what);
	}
	m->invert = invert;
}

static inline void test_target(struct fw_ruleset *rs, struct fw_rule *r,
			       bool go_to, const char *v)
{
	static const struct {
		const char *name;
		enum fw_stmt_kind kind;
	} kinds[] = {
		{ "ACCEPT", FW_S_ACCEPT }, { "DROP", FW_S_DROP },
		{ "REJECT", FW_S_REJECT }, { "RETURN", FW_S_RETURN },
		{ "LOG", FW_S_LOG },	   { "MARK", FW_S_MARK },
		{ "QUEUE", FW_S_QUEUE },
	};
	struct fw_stmt *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, v))
			continue;
		s = fw_stmt_add(&rs->arena, r, kinds[i].kind);
		if (s->kind == FW_S_REJECT)
			s->reject = FW_REJECT_PORT_UNREACH;
		if (s->kind == FW_S_LOG)
			s->raw.name = "LOG";
		return;
	}
	s = fw_stmt_add(&rs->arena, r, go_to ? FW_S_GOTO : FW_S_JUMP);
	s->chain = arena_strndup(&rs->arena, v, strlen(v));
}

/* Words after "-A CHAIN"; @line is cut up. */
static inline struct fw_rule *test_rule(struct fw_ruleset *rs, char *line)
{
	struct fw_rule *r = arena_alloc(&rs->arena, sizeof(*r));
	char *save = NULL, *word;

	r->legible = true;
	for (word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		bool invert = !strcmp(word, "!");
		char *v;

		if (invert)
			word = strtok_r(NULL, " ", &save);
		v = strtok_r(NULL, " ", &save);
		assert_non_null(v);
		if (!strcmp(word, "-j") || !strcmp(word, "-g"))
			test_target(rs, r, word[1] == 'g', v);
		else
			test_match(rs, r, invert, word, v);
	}
	return r;
}

static inline struct fw_table *test_table(struct fw_ruleset *rs, char *line)
{
	char backend[16], family[16], name[64], extra[32] = "";
	struct fw_table *t;

	assert_true(sscanf(line, "table %15s %15s %63s %31[^\n]", backend,
			   family, name, extra) >= 3);
	t = fw_table_add(rs, !strcmp(backend, "nft") ? FW_NFT : FW_LEGACY,
			 !strcmp(family, "ip")	  ? NFPROTO_IPV4
			 : !strcmp(family, "ip6") ? NFPROTO_IPV6
						  : NFPROTO_INET,
			 name);
	sscanf(extra, "owner %u", &t->owner);
	t->dormant = !strcmp(extra, "dormant");
	return t;
}

static inline struct fw_chain *test_chain(struct fw_ruleset *rs,
					  struct fw_table *t, char *line)
{
	static const char *const hooks[] = { "prerouting", "input", "forward",
					     "output", "postrouting" };
	char name[64], policy[16] = "", type[16] = "filter", hook[16] = "";
	int priority = 0;
	struct fw_chain *c;
	unsigned int i;

	sscanf(line, "chain %63s %15s %15s %15s %d", name, policy, type, hook,
	       &priority);
	c = fw_chain_add(rs, t, name);
	if (!policy[0])
		return c;
	c->base = true;
	c->policy = !strcmp(policy, "drop") ? FW_S_DROP : FW_S_ACCEPT;
	c->type = arena_strndup(&rs->arena, type, strlen(type));
	c->priority = priority;
	for (i = 0; i < 5; i++) {
		if (!strcasecmp(hook[0] ? hook : name, hooks[i]))
			c->hook = (enum fw_hook)i;
	}
	return c;
}

/* Append what @text says to a ruleset. */
static inline void test_ruleset(struct fw_ruleset *rs, const char *text)
{
	cleanup(free_ptr) char *copy = strdup(text);
	char *save = NULL, *line;
	struct fw_table *t = NULL;

	for (line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[64];
		struct fw_chain *c;
		int n = 0;

		if (!strncmp(line, "table ", 6)) {
			t = test_table(rs, line);
		} else if (!strncmp(line, "chain ", 6)) {
			test_chain(rs, t, line);
		} else {
			assert_int_equal(sscanf(line, "-A %63s %n", name, &n),
					 1);
			c = fw_chain_find(t, name);
			assert_non_null(c);
			assert_int_equal(
				fw_rule_insert(rs, c, c->n_rule,
					       test_rule(rs, line + n)),
				0);
		}
	}
}

static inline struct fw_chain *test_find(const struct fw_ruleset *rs,
					 const char *chain)
{
	size_t i;

	for (i = 0; i < rs->n_table; i++) {
		struct fw_chain *c = fw_chain_find(rs->table[i], chain);

		if (c)
			return c;
	}
	fail_msg("no chain %s", chain);
	return NULL;
}

#endif
