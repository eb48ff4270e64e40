// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/edit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/ipt.h"

struct fw_edit *fw_edit_add(struct fw_edits *es, enum fw_edit_kind kind,
			    enum fw_backend backend, uint8_t family,
			    const char *table, const char *chain)
{
	struct fw_edit *ed;

	ed = arena_grow(&es->arena, &es->v, es->n, &es->cap, sizeof(*es->v));
	if (!ed)
		return NULL;
	es->n++;
	ed->kind = kind;
	ed->backend = backend;
	ed->family = family;
	ed->table = table;
	ed->chain = chain;
	return ed;
}

void fw_edits_done(struct fw_edits *es)
{
	arena_done(&es->arena);
	*es = (struct fw_edits){};
}

/* A NULL stays one; false: no memory. */
static bool copy_text(struct arena *a, const char **s)
{
	if (!*s)
		return true;
	*s = arena_strndup(a, *s, strlen(*s));
	return *s;
}

static bool copy_raw(struct arena *a, struct fw_raw *raw)
{
	const uint8_t *from = raw->data;
	uint8_t *to = arena_alloc(a, raw->len);

	if (!to || !copy_text(a, &raw->name))
		return false;
	if (raw->len)
		memcpy(to, from, raw->len);
	raw->data = to;
	return true;
}

/* Sets belong to the table that the rule comes into. */
static bool copy_lookup(struct arena *a, const struct fw_table *t,
			struct fw_lookup *l)
{
	struct fw_key *key = arena_alloc(a, sizeof(*key));

	if (!key || !copy_text(a, &l->name))
		return false;
	*key = *l->key;
	l->key = key;
	l->set = l->name ? fw_set_find(t, l->name) : NULL;
	return true;
}

static bool copy_match(struct arena *a, const struct fw_table *t,
		       struct fw_match *m)
{
	if (m->kind == FW_M_COMMENT)
		return copy_text(a, &m->comment);
	if (m->kind == FW_M_SET)
		return copy_lookup(a, t, &m->lookup);
	if (m->kind == FW_M_XT || m->kind == FW_M_EXPR)
		return copy_raw(a, &m->raw);
	return true;
}

static bool copy_stmt(struct arena *a, const struct fw_table *t,
		      struct fw_stmt *s)
{
	if (s->kind == FW_S_JUMP || s->kind == FW_S_GOTO)
		return copy_text(a, &s->chain);
	if (s->kind == FW_S_VMAP)
		return copy_lookup(a, t, &s->vmap);
	if (s->kind == FW_S_LOG || s->kind == FW_S_XT || s->kind == FW_S_EXPR)
		return copy_raw(a, &s->raw);
	return true;
}

/* Handle and counters are the kernel's to give: they start anew. */
static struct fw_rule *copy_rule(struct arena *a, const struct fw_table *t,
				 const struct fw_rule *from)
{
	struct fw_rule *r = arena_alloc(a, sizeof(*r));
	size_t i;

	if (!r)
		return NULL;
	*r = *from;
	r->handle = 0;
	r->packets = r->bytes = 0;
	r->cap_match = r->n_match;
	r->cap_stmt = r->n_stmt;
	r->match = arena_array(a, r->n_match, sizeof(*r->match));
	r->stmt = arena_array(a, r->n_stmt, sizeof(*r->stmt));
	if (!r->match || !r->stmt || !copy_text(a, &r->comment))
		return NULL;
	for (i = 0; i < r->n_match; i++) {
		r->match[i] = from->match[i];
		if (!copy_match(a, t, &r->match[i]))
			return NULL;
	}
	for (i = 0; i < r->n_stmt; i++) {
		r->stmt[i] = from->stmt[i];
		if (!copy_stmt(a, t, &r->stmt[i]))
			return NULL;
	}
	return r;
}

static bool is_jump(const struct fw_stmt *s)
{
	return s->kind == FW_S_JUMP || s->kind == FW_S_GOTO;
}

static bool elem_jumps(const struct fw_elem *el)
{
	return (el->verdict == FW_S_JUMP || el->verdict == FW_S_GOTO) &&
	       el->chain;
}

/* Calls of a chain by name; with @new_name they are changed to it. */
static size_t calls_in_chain(struct fw_chain *c, const char *name,
			     const char *new_name)
{
	size_t i, j, n = 0;

	for (i = 0; i < c->n_rule; i++)
		for (j = 0; j < c->rule[i]->n_stmt; j++) {
			struct fw_stmt *s = &c->rule[i]->stmt[j];

			if (!is_jump(s) || strcmp(s->chain, name) != 0)
				continue;
			n++;
			if (new_name)
				s->chain = new_name;
		}
	return n;
}

static size_t calls(struct fw_table *t, const char *name, const char *new_name)
{
	size_t i, j, n = 0;

	for (i = 0; i < t->n_chain; i++)
		n += calls_in_chain(t->chain[i], name, new_name);
	for (i = 0; i < t->n_set; i++)
		for (j = 0; j < t->set[i]->n_elem; j++) {
			struct fw_elem *el = &t->set[i]->elem[j];

			if (!elem_jumps(el) || strcmp(el->chain, name) != 0)
				continue;
			n++;
			if (new_name)
				el->chain = new_name;
		}
	return n;
}

static int no_chain(const struct fw_edit *ed, struct wgq_err *e)
{
	return err_sys(e, -ENOENT, "chain %s of table %s", ed->chain,
		       ed->table);
}

static int no_rule(const struct fw_edit *ed, struct wgq_err *e)
{
	return err_sys(e, -ENOENT, "rule %zu of chain %s", ed->at + 1,
		       ed->chain);
}

/* A legacy table has its chains from its beginning. */
static bool legacy_chains(struct fw_ruleset *rs, struct fw_table *t)
{
	static const char *const names[] = { "PREROUTING", "INPUT", "FORWARD",
					     "OUTPUT", "POSTROUTING" };
	struct fw_chain *c;
	enum fw_hook hook;
	const char *type;
	int32_t priority;
	size_t i;

	for (i = 0; t->backend == FW_LEGACY && i < ARRAY_SIZE(names); i++) {
		if (!ipt_builtin(t->name, names[i], &hook, &priority, &type))
			continue;
		c = fw_chain_add(rs, t, names[i]);
		if (!c)
			return false;
		c->base = true;
		c->type = type;
		c->hook = hook;
		c->priority = priority;
		c->policy = FW_S_ACCEPT;
	}
	return true;
}

static int apply_table(struct fw_ruleset *rs, const struct fw_edit *ed,
		       struct fw_table *t, struct wgq_err *e)
{
	if (ed->kind == FW_E_TABLE_DEL) {
		fw_table_del(rs, t);
		return 0;
	}
	/* The kernel takes a table that is there already for granted. */
	if (t)
		return 0;
	t = fw_table_add(rs, ed->backend, ed->family, ed->table);
	if (!t || !legacy_chains(rs, t))
		return err_sys(e, -ENOMEM, "table %s", ed->table);
	return 0;
}

static int chain_add(struct fw_ruleset *rs, struct fw_table *t,
		     const struct fw_edit *ed, struct wgq_err *e)
{
	const char *type = ed->type;
	struct fw_chain *c = fw_chain_find(t, ed->chain);

	/* To add a chain that a legacy table came with sets its policy. */
	if (c && ed->base && ed->backend == FW_LEGACY) {
		c->policy = ed->policy;
		return 0;
	}
	if (c)
		return err_sys(e, -EEXIST, "chain %s of table %s", ed->chain,
			       ed->table);
	c = fw_chain_add(rs, t, ed->chain);
	if (!c || !copy_text(&rs->arena, &type))
		return err_sys(e, -ENOMEM, "chain %s", ed->chain);
	c->base = ed->base;
	if (!ed->base)
		return 0;
	c->type = type;
	c->hook = ed->hook;
	c->priority = ed->priority;
	c->policy = ed->policy;
	return 0;
}

static int chain_del(struct fw_table *t, struct fw_chain *c,
		     const struct fw_edit *ed, struct wgq_err *e)
{
	if (c->n_rule || calls(t, c->name, NULL))
		return err_sys(e, -EBUSY, "chain %s of table %s", ed->chain,
			       ed->table);
	fw_chain_del(c);
	return 0;
}

static int chain_rename(struct fw_ruleset *rs, struct fw_table *t,
			struct fw_chain *c, const struct fw_edit *ed,
			struct wgq_err *e)
{
	const char *name = ed->new_name, *old = c->name;

	if (fw_chain_find(t, name))
		return err_sys(e, -EEXIST, "chain %s of table %s", name,
			       ed->table);
	if (fw_chain_rename(rs, c, name) < 0)
		return err_sys(e, -ENOMEM, "chain %s", ed->new_name);
	calls(t, old, c->name);
	return 0;
}

static void chain_zero(struct fw_chain *c)
{
	size_t i;

	c->packets = c->bytes = 0;
	for (i = 0; i < c->n_rule; i++)
		c->rule[i]->packets = c->rule[i]->bytes = 0;
}

static int rule_put(struct fw_ruleset *rs, struct fw_chain *c,
		    const struct fw_edit *ed, struct wgq_err *e)
{
	bool replace = ed->kind == FW_E_RULE_REPLACE;
	size_t at = ed->append && !replace ? c->n_rule : ed->at, i;
	struct fw_rule *r;

	if (at > c->n_rule || (replace && at == c->n_rule))
		return no_rule(ed, e);
	for (i = 0; i < ed->rule->n_stmt; i++)
		if (is_jump(&ed->rule->stmt[i]) &&
		    !fw_chain_find(c->table, ed->rule->stmt[i].chain))
			return err_sys(e, -ENOENT, "chain %s of table %s",
				       ed->rule->stmt[i].chain, ed->table);
	r = copy_rule(&rs->arena, c->table, ed->rule);
	if (!r)
		return err_sys(e, -ENOMEM, "rule for chain %s", ed->chain);
	if (replace) {
		r->handle = c->rule[at]->handle;
		c->rule[at] = r;
		return 0;
	}
	if (fw_rule_insert(rs, c, at, r) < 0)
		return err_sys(e, -ENOMEM, "rule for chain %s", ed->chain);
	return 0;
}

static int rule_del(struct fw_chain *c, const struct fw_edit *ed,
		    struct wgq_err *e)
{
	if (ed->at >= c->n_rule)
		return no_rule(ed, e);
	fw_rule_remove(c, ed->at);
	return 0;
}

int fw_edit_apply(struct fw_ruleset *rs, const struct fw_edit *ed,
		  struct wgq_err *e)
{
	struct fw_table *t =
		fw_table_find(rs, ed->backend, ed->family, ed->table);
	struct fw_chain *c = NULL;

	if (!t && ed->kind != FW_E_TABLE_ADD)
		return err_sys(e, -ENOENT, "table %s", ed->table);
	if (t && ed->chain) {
		c = fw_chain_find(t, ed->chain);
		if (!c && ed->kind != FW_E_CHAIN_ADD)
			return no_chain(ed, e);
	}
	switch (ed->kind) {
	case FW_E_TABLE_ADD:
	case FW_E_TABLE_DEL:
		return apply_table(rs, ed, t, e);
	case FW_E_CHAIN_ADD:
		return chain_add(rs, t, ed, e);
	case FW_E_CHAIN_DEL:
		return chain_del(t, c, ed, e);
	case FW_E_CHAIN_RENAME:
		return chain_rename(rs, t, c, ed, e);
	case FW_E_CHAIN_FLUSH:
		c->n_rule = 0;
		return 0;
	case FW_E_CHAIN_ZERO:
		chain_zero(c);
		return 0;
	case FW_E_POLICY:
		c->policy = ed->policy;
		return 0;
	case FW_E_RULE_ADD:
	case FW_E_RULE_REPLACE:
		return rule_put(rs, c, ed, e);
	case FW_E_RULE_DEL:
		return rule_del(c, ed, e);
	}
	return err_set(e, -EINVAL, "edit of an unknown kind");
}
