// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/ipt_private.h"

/*
 * What the kernel refuses once iptables has sent it: targets in tables and on
 * hooks that they are not for, matches without their protocol, chains in a
 * circle.  Extensions check this when a rule is added, and for chains of the
 * user's on each hook that their rules can be reached from.
 */

#define HOOK(h) (1U << (h))

#define TO_US (HOOK(FW_INPUT) | HOOK(FW_FORWARD) | HOOK(FW_OUTPUT))
#define LEAVING (HOOK(FW_FORWARD) | HOOK(FW_OUTPUT) | HOOK(FW_POSTROUTING))
#define ARRIVING (HOOK(FW_PREROUTING) | HOOK(FW_INPUT))
#define REDIRECTED (HOOK(FW_PREROUTING) | HOOK(FW_OUTPUT))
#define SOURCED (HOOK(FW_INPUT) | HOOK(FW_POSTROUTING))

/* struct limits - where a target may be */
struct limits {
	const char *table; /* NULL = any */
	uint32_t hooks;
	uint8_t proto; /* that must be asked for, 0 = none */
};

static struct limits limits_of(const struct fw_stmt *s)
{
	struct limits l = { .hooks = ~0U };

	switch (s->kind) {
	case FW_S_REJECT:
		l = (struct limits){ "filter", TO_US, 0 };
		if (s->reject == FW_REJECT_TCP_RESET)
			l.proto = IPPROTO_TCP;
		break;
	case FW_S_MASQUERADE:
		l = (struct limits){ "nat", HOOK(FW_POSTROUTING), 0 };
		break;
	case FW_S_SNAT:
		l = (struct limits){ "nat", SOURCED, 0 };
		break;
	case FW_S_DNAT:
	case FW_S_REDIRECT:
		l = (struct limits){ "nat", REDIRECTED, 0 };
		break;
	case FW_S_TCPMSS:
		l.proto = IPPROTO_TCP;
		if (s->tcpmss.clamp)
			l.hooks = LEAVING;
		break;
	case FW_S_ACCEPT:
	case FW_S_DROP:
	case FW_S_RETURN:
	case FW_S_JUMP:
	case FW_S_GOTO:
	case FW_S_QUEUE:
	case FW_S_VMAP:
	case FW_S_MARK:
	case FW_S_CONNMARK:
	case FW_S_LOG:
	case FW_S_XT:
	case FW_S_EXPR:
		break;
	}
	return l;
}

/* The protocol that a rule asks for, 0 = none, or any but one. */
static uint8_t proto_of(const struct fw_rule *r)
{
	size_t i;

	for (i = 0; i < r->n_match; i++)
		if (r->match[i].kind == FW_M_L4PROTO && !r->match[i].invert)
			return r->match[i].range.lo;
	return 0;
}

/* The kernel counts a limit in 32 bits; nf_tables has one of its own. */
static int refused_limit(const struct fw_limit *l)
{
	uint32_t time = l->rate ? l->unit * 10000 / l->rate : 0;

	return !l->burst || (uint32_t)(time * l->burst) < time ? ERANGE : 0;
}

static bool null_mask(const struct fw_addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->mask, zero, sizeof(zero)) == 0;
}

static int refused_match(const struct fw_match *m, uint8_t proto,
			 uint32_t hooks, enum fw_backend backend)
{
	switch (m->kind) {
	case FW_M_SADDR:
	case FW_M_DADDR:
		return backend == FW_NFT && null_mask(&m->addr) ? EINVAL : 0;
	case FW_M_SPORT:
	case FW_M_DPORT:
		return proto ? 0 : EINVAL;
	case FW_M_ICMP:
		return proto == m->icmp.proto ? 0 : EINVAL;
	case FW_M_ADDRTYPE:
		if ((m->addrtype.limit_in &&
		     hooks & (HOOK(FW_POSTROUTING) | HOOK(FW_OUTPUT))) ||
		    (m->addrtype.limit_out && hooks & ARRIVING))
			return EINVAL;
		return 0;
	case FW_M_LIMIT:
		return backend == FW_NFT ? 0 : refused_limit(&m->limit);
	case FW_M_IIF:
	case FW_M_OIF:
	case FW_M_NFPROTO:
	case FW_M_L4PROTO:
	case FW_M_PORTS:
	case FW_M_TCP_FLAGS:
	case FW_M_CTSTATE:
	case FW_M_CTSTATUS:
	case FW_M_CTMARK:
	case FW_M_MARK:
	case FW_M_COMMENT:
	case FW_M_SET:
	case FW_M_XT:
	case FW_M_EXPR:
		break;
	}
	return 0;
}

/* Without compat, TCPMSS wants to see that the rule asks for SYN. */
static bool asks_for_syn(const struct fw_rule *r)
{
	size_t i;

	for (i = 0; i < r->n_match; i++)
		if (r->match[i].kind == FW_M_TCP_FLAGS && !r->match[i].invert &&
		    r->match[i].tcp_flags.cmp & 0x02)
			return true;
	return false;
}

static int refused_rule(const struct fw_rule *r, const char *table,
			uint32_t hooks, enum fw_backend backend)
{
	uint8_t proto = proto_of(r);
	size_t i;
	int err;

	for (i = 0; i < r->n_match; i++) {
		err = refused_match(&r->match[i], proto, hooks, backend);
		if (err)
			return err;
	}
	for (i = 0; i < r->n_stmt; i++) {
		struct limits l = limits_of(&r->stmt[i]);

		if (r->stmt[i].kind == FW_S_QUEUE && backend == FW_NFT)
			return ENOENT;
		if ((l.table && strcmp(l.table, table) != 0) ||
		    hooks & ~l.hooks || (l.proto && l.proto != proto))
			return EINVAL;
		if (r->stmt[i].kind == FW_S_TCPMSS && backend == FW_LEGACY &&
		    !asks_for_syn(r))
			return EINVAL;
	}
	return 0;
}

/**
 * struct graph - the chains of a table, and one more call
 * @t:		table, NULL = none
 * @from:	chain that gets the new call
 * @to:		chain that is called, NULL = none
 * @state:	of each chain: how the search stands with it
 * @hooks:	of each chain: hooks that packets come to it from
 */
struct graph {
	const struct fw_table *t;
	const char *from, *to;
	uint8_t *state;
	uint32_t *hooks;
};

enum { NEW, OPEN, DONE };

static size_t index_of(const struct fw_table *t, const char *chain)
{
	size_t i;

	for (i = 0; i < t->n_chain; i++)
		if (strcmp(t->chain[i]->name, chain) == 0)
			break;
	return i;
}

static bool visit(struct graph *g, size_t i, uint32_t hook);

static bool visit_called(struct graph *g, const char *chain, uint32_t hook)
{
	size_t i = index_of(g->t, chain);

	return i == g->t->n_chain || visit(g, i, hook);
}

/* Return: false for a circle. */
static bool visit(struct graph *g, size_t i, uint32_t hook)
{
	const struct fw_chain *c = g->t->chain[i];
	size_t j, k;

	if (g->state[i] != NEW)
		return g->state[i] == DONE;
	g->state[i] = OPEN;
	g->hooks[i] |= hook;
	for (j = 0; j < c->n_rule; j++)
		for (k = 0; k < c->rule[j]->n_stmt; k++) {
			const struct fw_stmt *s = &c->rule[j]->stmt[k];

			if ((s->kind == FW_S_JUMP || s->kind == FW_S_GOTO) &&
			    !visit_called(g, s->chain, hook))
				return false;
		}
	if (g->to && strcmp(c->name, g->from) == 0 &&
	    !visit_called(g, g->to, hook))
		return false;
	g->state[i] = DONE;
	return true;
}

/*
 * Go from each base chain to all that packets reach, also from the one that is
 * only now being made; false for a circle.
 */
static bool visit_all(struct graph *g, const char *table)
{
	enum fw_hook hook;
	const char *type;
	int32_t priority;
	size_t i;

	for (i = 0; g->t && i < g->t->n_chain; i++) {
		if (!g->t->chain[i]->base)
			continue;
		memset(g->state, NEW, g->t->n_chain);
		if (!visit(g, i, HOOK(g->t->chain[i]->hook)))
			return false;
	}
	if (!g->to || !g->t || fw_chain_find(g->t, g->from) ||
	    !ipt_builtin(table, g->from, &hook, &priority, &type))
		return true;
	memset(g->state, NEW, g->t->n_chain);
	return visit_called(g, g->to, HOOK(hook));
}

/* A chain that is not there yet is built in. */
static uint32_t hooks_of(const struct graph *g, const char *table,
			 const char *chain)
{
	size_t i = g->t ? index_of(g->t, chain) : 0;
	enum fw_hook hook;
	const char *type;
	int32_t priority;

	if (g->t && i < g->t->n_chain)
		return g->hooks[i];
	if (ipt_builtin(table, chain, &hook, &priority, &type))
		return HOOK(hook);
	return 0;
}

static const char *call_of(const struct fw_rule *r)
{
	if (r->n_stmt &&
	    (r->stmt[0].kind == FW_S_JUMP || r->stmt[0].kind == FW_S_GOTO))
		return r->stmt[0].chain;
	return NULL;
}

/* A call brings packets of new hooks to the rules behind it. */
static int refused_behind(const struct graph *g, const char *table,
			  enum fw_backend backend)
{
	size_t i, j;
	int err;

	for (i = 0; g->to && g->t && i < g->t->n_chain; i++) {
		const struct fw_chain *c = g->t->chain[i];

		for (j = 0; !c->base && j < c->n_rule; j++) {
			err = refused_rule(c->rule[j], table, g->hooks[i],
					   backend);
			if (err)
				return err;
		}
	}
	return 0;
}

int ipt_refusal(const struct ipt_command *cmd, const struct fw_table *t,
		const struct fw_rule *r, struct arena *a)
{
	struct graph g = { .t = t, .from = cmd->chain, .to = call_of(r) };
	size_t n = t ? t->n_chain : 0;
	enum fw_hook hook;
	const char *type;
	int32_t priority;
	int err;

	/* Who calls whom matters little to most rules. */
	if (!g.to &&
	    ipt_builtin(cmd->table, cmd->chain, &hook, &priority, &type))
		return refused_rule(r, cmd->table, HOOK(hook), cmd->backend);
	g.state = arena_array(a, n, sizeof(*g.state));
	g.hooks = arena_array(a, n, sizeof(*g.hooks));
	if (!g.state || !g.hooks)
		return ENOMEM;
	if (g.to && ipt_builtin(cmd->table, g.to, &hook, &priority, &type)) {
		if (cmd->backend == FW_LEGACY)
			return EINVAL;
		/* A chain that the command makes is there when the rule is. */
		return strcmp(g.to, cmd->chain) == 0 ||
				       (t && fw_chain_find(t, g.to))
			       ? EOPNOTSUPP
			       : ENOENT;
	}
	if (!visit_all(&g, cmd->table))
		return cmd->backend == FW_NFT ? EMLINK : ELOOP;
	err = refused_rule(r, cmd->table, hooks_of(&g, cmd->table, cmd->chain),
			   cmd->backend);
	return err ? err : refused_behind(&g, cmd->table, cmd->backend);
}
