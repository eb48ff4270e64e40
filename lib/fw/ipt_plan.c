// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/ipt_private.h"

/* struct builtin - a chain that iptables makes by itself */
struct builtin {
	const char *table, *chain, *type;
	enum fw_hook hook;
	int priority;
};

static const struct builtin builtins[] = {
	{ "filter", "INPUT", "filter", FW_INPUT, 0 },
	{ "filter", "FORWARD", "filter", FW_FORWARD, 0 },
	{ "filter", "OUTPUT", "filter", FW_OUTPUT, 0 },
	{ "nat", "PREROUTING", "nat", FW_PREROUTING, -100 },
	{ "nat", "INPUT", "nat", FW_INPUT, 100 },
	{ "nat", "OUTPUT", "nat", FW_OUTPUT, -100 },
	{ "nat", "POSTROUTING", "nat", FW_POSTROUTING, 100 },
	{ "mangle", "PREROUTING", "filter", FW_PREROUTING, -150 },
	{ "mangle", "INPUT", "filter", FW_INPUT, -150 },
	{ "mangle", "FORWARD", "filter", FW_FORWARD, -150 },
	{ "mangle", "OUTPUT", "route", FW_OUTPUT, -150 },
	{ "mangle", "POSTROUTING", "filter", FW_POSTROUTING, -150 },
	{ "raw", "PREROUTING", "filter", FW_PREROUTING, -300 },
	{ "raw", "OUTPUT", "filter", FW_OUTPUT, -300 },
	{ "security", "INPUT", "filter", FW_INPUT, 150 },
	{ "security", "FORWARD", "filter", FW_FORWARD, 150 },
	{ "security", "OUTPUT", "filter", FW_OUTPUT, 150 },
};

static const struct builtin *builtin(const char *table, const char *chain)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(builtins); i++)
		if (strcmp(builtins[i].table, table) == 0 &&
		    strcmp(builtins[i].chain, chain) == 0)
			return &builtins[i];
	return NULL;
}

bool ipt_builtin(const char *table, const char *chain, enum fw_hook *ret_hook,
		 int32_t *ret_priority, const char **ret_type)
{
	const struct builtin *b = builtin(table, chain);

	if (!b)
		return false;
	*ret_hook = b->hook;
	*ret_priority = b->priority;
	*ret_type = b->type;
	return true;
}

/**
 * struct plan - a command being planned
 * @t:		its table, NULL = not there
 * @c:		its chain, NULL = none was named, or it is not there
 * @made:	the edits make the chain, which is empty
 */
struct plan {
	const struct ipt_command *cmd;
	const struct fw_ruleset *rs;
	struct fw_edits *es;
	struct arena *a;
	struct ipt_failure *why;
	const struct fw_table *t;
	const struct fw_chain *c;
	bool made;
};

static enum ipt_result fails(struct plan *p, int status, const char *text)
{
	if (!text)
		return IPT_NO_MEMORY;
	*p->why = (struct ipt_failure){ status, text };
	return IPT_FAILS;
}

static bool nft(const struct plan *p)
{
	return p->cmd->backend == FW_NFT;
}

/* Is there a target that is no verdict? */
static bool names_target(const struct ipt_command *cmd)
{
	if (!cmd->n_rule || !cmd->rule[0]->n_stmt)
		return false;
	switch (cmd->rule[0]->stmt[0].kind) {
	case FW_S_ACCEPT:
	case FW_S_DROP:
	case FW_S_RETURN:
	case FW_S_QUEUE:
		return false;
	case FW_S_JUMP:
	case FW_S_GOTO:
	case FW_S_REJECT:
	case FW_S_VMAP:
	case FW_S_MASQUERADE:
	case FW_S_SNAT:
	case FW_S_DNAT:
	case FW_S_REDIRECT:
	case FW_S_TCPMSS:
	case FW_S_MARK:
	case FW_S_CONNMARK:
	case FW_S_LOG:
	case FW_S_XT:
	case FW_S_EXPR:
		break;
	}
	return true;
}

/* How both programs end when an errno is all that they know. */
static enum ipt_result refused(struct plan *p, const char *text)
{
	return fails(p, 1,
		     arena_printf(p->a, "%s: %s", ipt_program(p->cmd->family),
				  text));
}

static enum ipt_result no_chain(struct plan *p)
{
	return refused(p, "No chain/target/match by that name.");
}

/*
 * No rule is like that.  The legacy program has lost sight of what it was doing
 * when it looked whether the target is a chain.
 */
static enum ipt_result bad_rule(struct plan *p)
{
	bool chain = p->c || builtin(p->cmd->table, p->cmd->chain);

	if (!nft(p) && chain && names_target(p->cmd))
		return no_chain(p);
	return refused(p, "Bad rule (does a matching rule exist in that "
			  "chain?).");
}

/* How the kernel's refusal of a transaction is told. */
static enum ipt_result kernel_refuses(struct plan *p, const char *what, int err,
				      const char *object, const char *chain)
{
	if (!nft(p) && err == EINVAL)
		return refused(p, "Invalid argument. Run `dmesg' for more "
				  "information.");
	if (!nft(p))
		return refused(p, arena_printf(p->a, "%s.", strerror(err)));
	return fails(p, 4,
		     ipt_complain(p->a, p->cmd->family, FW_NFT, 4,
				  " %s failed (%s): %s%s", what, strerror(err),
				  object, chain));
}

static struct fw_edit *edit(struct plan *p, enum fw_edit_kind kind,
			    const char *chain)
{
	const struct ipt_command *cmd = p->cmd;

	return fw_edit_add(p->es, kind, cmd->backend, cmd->family, cmd->table,
			   chain);
}

static const struct fw_chain *find(const struct plan *p, const char *chain)
{
	return p->t ? fw_chain_find(p->t, chain) : NULL;
}

/* A legacy table comes with its chains, one of nf_tables without any. */
static bool make_table(struct plan *p)
{
	return p->t || edit(p, FW_E_TABLE_ADD, NULL);
}

/* Have table and chain, as far as iptables makes them by itself. */
static bool make_chain(struct plan *p)
{
	const struct builtin *b = builtin(p->cmd->table, p->cmd->chain);
	struct fw_edit *ed;

	if (!make_table(p))
		return false;
	if (p->c || !b)
		return true;
	p->made = true;
	if (!nft(p))
		return true;
	ed = edit(p, FW_E_CHAIN_ADD, p->cmd->chain);
	if (!ed)
		return false;
	ed->base = true;
	ed->type = b->type;
	ed->hook = b->hook;
	ed->priority = b->priority;
	ed->policy = FW_S_ACCEPT;
	return true;
}

static bool chain_exists(const struct plan *p, const char *chain)
{
	return builtin(p->cmd->table, chain) || find(p, chain);
}

/* The chain that the command's rules jump to, or NULL. */
static const char *jump_target(const struct ipt_command *cmd, bool *ret_goto)
{
	const struct fw_stmt *s;

	if (!cmd->n_rule || !cmd->rule[0]->n_stmt)
		return NULL;
	s = cmd->rule[0]->stmt;
	*ret_goto = s->kind == FW_S_GOTO;
	return s->kind == FW_S_JUMP || s->kind == FW_S_GOTO ? s->chain : NULL;
}

static enum ipt_result check_jump(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	bool go = false;
	const char *to = jump_target(cmd, &go);

	if (!to || chain_exists(p, to))
		return IPT_OK;
	if (nft(p))
		return fails(p, 2,
			     ipt_complain(p->a, cmd->family, cmd->backend, 2,
					  "Chain '%s' does not exist", to));
	if (go)
		return fails(p, 2,
			     ipt_complain(p->a, cmd->family, cmd->backend, 2,
					  "goto '%s' is not a chain", to));
	return fails(p, 2,
		     ipt_complain(p->a, cmd->family, cmd->backend, 2,
				  "Couldn't load target `%s':%s\n", to,
				  strerror(ENOENT)));
}

static size_t n_rule(const struct plan *p)
{
	return p->c ? p->c->n_rule : 0;
}

static enum ipt_result check_rules(struct plan *p, const char *what)
{
	const struct ipt_command *cmd = p->cmd;
	int err = 0;
	size_t i;

	for (i = 0; i < cmd->n_rule && !err; i++)
		err = ipt_refusal(cmd, p->t, cmd->rule[i], p->a);
	if (err == ENOMEM)
		return IPT_NO_MEMORY;
	if (err)
		return kernel_refuses(p, what, err, "rule in chain ",
				      cmd->chain);
	return IPT_OK;
}

static enum ipt_result plan_add(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	bool append = cmd->op == IPT_APPEND;
	enum ipt_result r;
	struct fw_edit *ed;
	size_t i;

	if (!p->c && !builtin(cmd->table, cmd->chain))
		return no_chain(p);
	if (!append && cmd->rulenum - 1 > n_rule(p))
		return refused(p, "Index of insertion too big.");
	/* To insert behind the last rule is to append. */
	r = check_rules(
		p, append || (cmd->rulenum > 1 && cmd->rulenum - 1 == n_rule(p))
			   ? "RULE_APPEND"
			   : "RULE_INSERT");
	if (r != IPT_OK)
		return r;
	if (!make_chain(p))
		return IPT_NO_MEMORY;
	for (i = 0; i < cmd->n_rule; i++) {
		ed = edit(p, FW_E_RULE_ADD, cmd->chain);
		if (!ed)
			return IPT_NO_MEMORY;
		ed->append = append;
		ed->at = append ? n_rule(p) + i : cmd->rulenum - 1;
		ed->rule = cmd->rule[i];
	}
	return IPT_OK;
}

static enum ipt_result plan_replace(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	enum ipt_result r;
	struct fw_edit *ed;

	if (!p->c && (nft(p) || !builtin(cmd->table, cmd->chain)))
		return no_chain(p);
	if (cmd->rulenum > n_rule(p))
		return refused(p, "Index of replacement too big.");
	r = check_rules(p, "RULE_REPLACE");
	if (r != IPT_OK)
		return r;
	ed = edit(p, FW_E_RULE_REPLACE, cmd->chain);
	if (!ed)
		return IPT_NO_MEMORY;
	ed->at = cmd->rulenum - 1;
	ed->rule = cmd->rule[0];
	return IPT_OK;
}

static enum ipt_result plan_delete_number(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	struct fw_edit *ed;

	if (!p->c && (nft(p) || !builtin(cmd->table, cmd->chain)))
		return no_chain(p);
	if (cmd->rulenum > n_rule(p))
		return refused(p, "Index of deletion too big.");
	ed = edit(p, FW_E_RULE_DEL, cmd->chain);
	if (!ed)
		return IPT_NO_MEMORY;
	ed->at = cmd->rulenum - 1;
	ed->rule = p->c->rule[ed->at];
	return IPT_OK;
}

/* The first rule like this one that was not taken before; n_rule = none. */
static size_t find_rule(const struct plan *p, const struct fw_rule *r,
			const bool *taken)
{
	size_t i;

	for (i = 0; i < n_rule(p); i++)
		if (!taken[i] && fw_rule_eq(p->c->rule[i], r))
			break;
	return i;
}

static enum ipt_result plan_delete(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	bool *taken = arena_array(p->a, n_rule(p), sizeof(*taken)), go;
	const char *to = jump_target(cmd, &go);
	struct fw_edit *ed;
	size_t i, j, at, before;

	if (!taken)
		return IPT_NO_MEMORY;
	/* iptables-legacy looks at the target before it compares. */
	if (!nft(p) && to && builtin(cmd->table, to) &&
	    chain_exists(p, cmd->chain))
		return kernel_refuses(p, "", EINVAL, "", "");
	for (i = 0; i < cmd->n_rule; i++) {
		at = find_rule(p, cmd->rule[i], taken);
		if (at == n_rule(p))
			return bad_rule(p);
		if (cmd->op == IPT_CHECK)
			continue;
		for (j = before = 0; j < at; j++)
			before += taken[j];
		taken[at] = true;
		ed = edit(p, FW_E_RULE_DEL, cmd->chain);
		if (!ed)
			return IPT_NO_MEMORY;
		ed->at = at - before;
		ed->rule = p->c->rule[at];
	}
	return IPT_OK;
}

static enum ipt_result plan_policy(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	bool bad = cmd->policy == FW_S_RETURN;
	struct fw_edit *ed;

	if (bad && (nft(p) || builtin(cmd->table, cmd->chain)))
		return refused(p, "Bad policy name. Run `dmesg' for more "
				  "information.");
	if (!builtin(cmd->table, cmd->chain))
		return refused(p, "Bad built-in chain name.");
	if (!make_chain(p))
		return IPT_NO_MEMORY;
	ed = edit(p, FW_E_POLICY, cmd->chain);
	if (!ed)
		return IPT_NO_MEMORY;
	ed->policy = cmd->policy;
	return IPT_OK;
}

static enum ipt_result plan_new_chain(struct plan *p)
{
	const char *chain = p->cmd->chain;

	if (chain_exists(p, chain))
		return refused(p, "Chain already exists.");
	if (!make_table(p) || !edit(p, FW_E_CHAIN_ADD, chain))
		return IPT_NO_MEMORY;
	return IPT_OK;
}

static bool is_called(const struct plan *p, const char *chain)
{
	size_t i, j, k;

	for (i = 0; i < p->t->n_chain; i++)
		for (j = 0; j < p->t->chain[i]->n_rule; j++) {
			const struct fw_rule *r = p->t->chain[i]->rule[j];

			for (k = 0; k < r->n_stmt; k++)
				if ((r->stmt[k].kind == FW_S_JUMP ||
				     r->stmt[k].kind == FW_S_GOTO) &&
				    strcmp(r->stmt[k].chain, chain) == 0)
					return true;
		}
	return false;
}

static bool is_builtin(const struct plan *p, const struct fw_chain *c)
{
	return c->base || builtin(p->cmd->table, c->name);
}

/* Why a user's chain cannot go, or 0. */
static int keeps(const struct plan *p, const struct fw_chain *c)
{
	if (is_called(p, c->name))
		return nft(p) ? EBUSY : EMLINK;
	if (c->n_rule)
		return nft(p) ? EBUSY : ENOTEMPTY;
	return 0;
}

static enum ipt_result plan_delete_chain(struct plan *p)
{
	const struct fw_chain *c = p->c;
	const char *chain = p->cmd->chain;
	int err;

	if (!nft(p) && builtin(p->cmd->table, chain))
		return kernel_refuses(p, "", EINVAL, "", "");
	if (!c)
		return no_chain(p);
	if (is_builtin(p, c) && c->policy != FW_S_ACCEPT)
		return refused(p, "Directory not empty.");
	err = keeps(p, c);
	if (err)
		return kernel_refuses(p, "CHAIN_DEL", err, "chain ", chain);
	return edit(p, FW_E_CHAIN_DEL, chain) ? IPT_OK : IPT_NO_MEMORY;
}

/* All chains of the user's; nf_tables' own go, too, where they do nothing. */
static enum ipt_result plan_delete_chains(struct plan *p)
{
	int err = 0, last = 0;
	size_t i;

	for (i = 0; p->t && i < p->t->n_chain; i++) {
		const struct fw_chain *c = p->t->chain[i];

		if (is_builtin(p, c) &&
		    (!nft(p) || c->n_rule || c->policy != FW_S_ACCEPT))
			continue;
		err = keeps(p, c);
		if (err && nft(p))
			return kernel_refuses(p, "CHAIN_DEL", err, "chain ",
					      c->name);
		if (err)
			last = err;
		else if (!edit(p, FW_E_CHAIN_DEL, c->name))
			return IPT_NO_MEMORY;
	}
	return last ? kernel_refuses(p, "", last, "", "") : IPT_OK;
}

static enum ipt_result plan_rename(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	struct fw_edit *ed;

	if (chain_exists(p, cmd->new_name))
		return refused(p, "File exists.");
	if (!p->c || (!nft(p) && builtin(cmd->table, cmd->chain)))
		return no_chain(p);
	if (is_builtin(p, p->c)) {
		p->why->text = "renaming a built-in chain";
		return IPT_UNKNOWN;
	}
	ed = edit(p, FW_E_CHAIN_RENAME, cmd->chain);
	if (!ed)
		return IPT_NO_MEMORY;
	ed->new_name = cmd->new_name;
	return IPT_OK;
}

static enum ipt_result plan_flush(struct plan *p)
{
	const struct ipt_command *cmd = p->cmd;
	enum fw_edit_kind kind =
		cmd->op == IPT_FLUSH ? FW_E_CHAIN_FLUSH : FW_E_CHAIN_ZERO;
	bool makes = !nft(p) || cmd->op == IPT_FLUSH;
	size_t i;

	if (!cmd->chain) {
		for (i = 0; p->t && i < p->t->n_chain; i++)
			if (!edit(p, kind, p->t->chain[i]->name))
				return IPT_NO_MEMORY;
		return IPT_OK;
	}
	if (!p->c && (!makes || !builtin(cmd->table, cmd->chain)))
		return no_chain(p);
	if (!make_chain(p) || !edit(p, kind, cmd->chain))
		return IPT_NO_MEMORY;
	return IPT_OK;
}

static enum ipt_result plan_op(struct plan *p)
{
	switch (p->cmd->op) {
	case IPT_APPEND:
	case IPT_INSERT:
		return plan_add(p);
	case IPT_REPLACE:
		return plan_replace(p);
	case IPT_DELETE:
		if (!p->cmd->n_rule)
			return plan_delete_number(p);
		return plan_delete(p);
	case IPT_CHECK:
		return plan_delete(p);
	case IPT_POLICY:
		return plan_policy(p);
	case IPT_NEW_CHAIN:
		return plan_new_chain(p);
	case IPT_DELETE_CHAIN:
		return p->cmd->chain ? plan_delete_chain(p)
				     : plan_delete_chains(p);
	case IPT_RENAME_CHAIN:
		return plan_rename(p);
	case IPT_FLUSH:
	case IPT_ZERO:
		return plan_flush(p);
	}
	return IPT_UNKNOWN;
}

enum ipt_result ipt_plan(const struct ipt_command *cmd,
			 const struct fw_ruleset *rs, struct fw_edits *es,
			 struct arena *a, struct ipt_failure *why)
{
	struct plan p = { .cmd = cmd, .rs = rs, .es = es, .a = a, .why = why };
	size_t before = es->n;
	enum ipt_result r;

	p.t = fw_table_find(rs, cmd->backend, cmd->family, cmd->table);
	if (cmd->chain)
		p.c = find(&p, cmd->chain);
	r = check_jump(&p);
	if (r == IPT_OK)
		r = plan_op(&p);
	if (r != IPT_OK)
		es->n = before;
	return r;
}
