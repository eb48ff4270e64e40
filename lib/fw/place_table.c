// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "fw/place_private.h"

/* Priorities of nf_tables' "srcnat" and "mangle" */
#define PRIORITY_SRCNAT 100
#define PRIORITY_MANGLE (-150)

/* Bits of the TCP header's flags */
#define TCP_SYN 0x02
#define TCP_RST 0x04

/* struct own_chain - a chain of our table as it is to be */
struct own_chain {
	const char *name, *type;
	enum fw_hook hook;
	int32_t priority;
	struct fw_rule **rule;
	size_t n_rule, cap_rule;
};

static struct fw_rule *own_rule(struct arena *a, struct own_chain *c)
{
	struct fw_rule **slot = arena_grow(a, &c->rule, c->n_rule, &c->cap_rule,
					   sizeof(*c->rule));

	if (!slot)
		return NULL;
	*slot = arena_alloc(a, sizeof(**slot));
	if (*slot)
		c->n_rule++;
	return *slot;
}

/*
 * What came in by the tunnel leaves with the address of the interface that it
 * leaves by; whose it is need not be known, since a connection is translated
 * by its first packet, and postrouting knows where that came in (Linux 5.7).
 * Towards the tunnel itself all is masqueraded: its peers know no other source.
 */
static int masquerade(struct placer *pl, struct own_chain *c, const char *to)
{
	struct arena *a = &pl->es->arena;
	struct fw_rule *r = own_rule(a, c);
	bool into = to && !strcmp(to, pl->ifname);

	if (!r)
		return -ENOMEM;
	if (!into && match_iface(a, r, FW_M_IIF, pl->ifname, false))
		return -ENOMEM;
	if (match_iface(a, r, FW_M_OIF, to ? to : pl->ifname, !to))
		return -ENOMEM;
	return statement(a, r, FW_S_MASQUERADE);
}

/*
 * A tunnel's MTU is smaller than that of the hosts behind it, and path MTU
 * discovery is often broken: SYNs are made to fit, in both directions.
 */
static int clamp(struct placer *pl, struct own_chain *c,
		 enum fw_match_kind side)
{
	struct arena *a = &pl->es->arena;
	struct fw_rule *r = own_rule(a, c);
	struct fw_match *m;
	struct fw_stmt *s;

	if (!r || match_iface(a, r, side, pl->ifname, false) ||
	    match_number(a, r, FW_M_L4PROTO, IPPROTO_TCP))
		return -ENOMEM;
	m = fw_match_add(a, r, FW_M_TCP_FLAGS);
	s = fw_stmt_add(a, r, FW_S_TCPMSS);
	if (!m || !s)
		return -ENOMEM;
	m->tcp_flags.mask = TCP_SYN | TCP_RST;
	m->tcp_flags.cmp = TCP_SYN;
	s->tcpmss.clamp = true;
	return 0;
}

static bool same_chain(const struct fw_chain *is, const struct own_chain *want)
{
	size_t i;

	if (!is || !is->base || is->hook != want->hook ||
	    is->priority != want->priority || !is->type ||
	    strcmp(is->type, want->type) != 0 || is->policy != FW_S_ACCEPT ||
	    is->n_rule != want->n_rule)
		return false;
	for (i = 0; i < is->n_rule; i++) {
		if (!fw_rule_eq(is->rule[i], want->rule[i]))
			return false;
	}
	return true;
}

static bool same_table(const struct fw_table *is, const struct own_chain *want,
		       size_t n)
{
	size_t i;

	if (!is || is->n_chain != n || is->dormant)
		return false;
	for (i = 0; i < n; i++) {
		if (!same_chain(fw_chain_find(is, want[i].name), &want[i]))
			return false;
	}
	return true;
}

static int add_chain(struct placer *pl, const char *table,
		     const struct own_chain *c)
{
	struct fw_edit *ed = fw_edit_add(pl->es, FW_E_CHAIN_ADD, FW_NFT,
					 NFPROTO_INET, table, c->name);
	size_t i;

	if (!ed)
		return -ENOMEM;
	ed->base = true;
	ed->type = c->type;
	ed->hook = c->hook;
	ed->priority = c->priority;
	ed->policy = FW_S_ACCEPT;
	for (i = 0; i < c->n_rule; i++) {
		ed = fw_edit_add(pl->es, FW_E_RULE_ADD, FW_NFT, NFPROTO_INET,
				 table, c->name);
		if (!ed)
			return -ENOMEM;
		ed->at = i;
		ed->append = true;
		ed->native = true;
		ed->rule = c->rule[i];
	}
	return 0;
}

static int add_table(struct placer *pl, const char *name,
		     const struct own_chain *v, size_t n)
{
	const struct fw_table *is;
	size_t i;

	is = fw_table_find(pl->rs, FW_NFT, NFPROTO_INET, name);
	if (same_table(is, v, n) || (!is && !n))
		return 0;
	if (is && !fw_edit_add(pl->es, FW_E_TABLE_DEL, FW_NFT, NFPROTO_INET,
			       name, NULL))
		return -ENOMEM;
	if (n && !fw_edit_add(pl->es, FW_E_TABLE_ADD, FW_NFT, NFPROTO_INET,
			      name, NULL))
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (add_chain(pl, name, &v[i]))
			return -ENOMEM;
	}
	return 0;
}

int place_own_table(struct placer *pl, const struct place_want *w)
{
	struct own_chain v[2] = {};
	struct own_chain *nat = &v[1], *mss = &v[0];
	char *name = arena_printf(&pl->es->arena, "wgq-%s", pl->ifname);
	size_t i, n = w->masquerade ? 2 : w->forward ? 1 : 0;

	if (!name)
		return -ENOMEM;
	*mss = (struct own_chain){ .name = "forward",
				   .type = "filter",
				   .hook = FW_FORWARD,
				   .priority = PRIORITY_MANGLE };
	*nat = (struct own_chain){ .name = "postrouting",
				   .type = "nat",
				   .hook = FW_POSTROUTING,
				   .priority = PRIORITY_SRCNAT };
	if (clamp(pl, mss, FW_M_IIF) || clamp(pl, mss, FW_M_OIF))
		return -ENOMEM;
	if (!w->n_masquerade_to && masquerade(pl, nat, NULL))
		return -ENOMEM;
	for (i = 0; i < w->n_masquerade_to; i++) {
		if (masquerade(pl, nat, w->masquerade_to[i]))
			return -ENOMEM;
	}
	return add_table(pl, name, v, n);
}
