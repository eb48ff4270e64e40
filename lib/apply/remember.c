// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: how the rules of hooks are taken back
 *
 * Before a native command changes the firewall, the commands that take the
 * change back are noted, in the words of iptables: they stand in the journal as
 * text, and are carried out as text, so that an `up` that fails and a `down`
 * after one that was killed do the same.  An `up` that ended well leaves the
 * rules to the PostDown hooks.
 *
 * Tables and base chains that a command brought to life are noted, too; once
 * they are empty again they go.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "apply/hook.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "fw/ipt.h"

static int note(struct run *r, const struct fw_edit *inverse, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };
	int ret;

	fw_edit_print(inverse, &text);
	if (text.failed)
		return err_sys(e, -ENOMEM, "journal");
	ret = journal_remember_undo(&r->journal, text.p);
	return ret ? err_sys(e, ret, "journal")
		   : journal_note(&r->journal, e, "undo %s", text.p);
}

static const struct fw_chain *find(const struct fw_ruleset *rs,
				   const struct fw_edit *ed)
{
	const struct fw_table *t =
		fw_table_find(rs, ed->backend, ed->family, ed->table);

	return t && ed->chain ? fw_chain_find(t, ed->chain) : NULL;
}

/* The rules of a chain that is to be emptied, put back last one first. */
static int note_rules(struct run *r, const struct fw_chain *c,
		      const struct fw_edit *ed, struct wgq_err *e)
{
	struct fw_edit inverse = *ed;
	size_t i;
	int ret = 0;

	inverse.kind = FW_E_RULE_ADD;
	inverse.append = false;
	inverse.at = 0;
	for (i = 0; c && i < c->n_rule && !ret; i++) {
		inverse.rule = c->rule[i];
		ret = note(r, &inverse, e);
	}
	return ret;
}

static int note_made(struct run *r, const struct fw_edit *ed, struct wgq_err *e)
{
	const char *chain = ed->chain ? ed->chain : "";
	int ret;

	/* The kernel keeps a legacy table that it has made. */
	if (ed->backend == FW_LEGACY)
		return 0;
	ret = journal_remember_made(&r->journal, ed->family, ed->table, chain);
	return ret ? err_sys(e, ret, "journal")
		   : journal_note(&r->journal, e, "made %u %s %s", ed->family,
				  ed->table, chain);
}

static int note_inverse(struct run *r, const struct fw_ruleset *rs,
			const struct fw_edit *ed, struct wgq_err *e)
{
	const struct fw_chain *c = find(rs, ed);
	struct fw_edit inverse = *ed;

	switch (ed->kind) {
	case FW_E_TABLE_ADD:
		return note_made(r, ed, e);
	case FW_E_CHAIN_ADD:
		if (ed->base)
			return note_made(r, ed, e);
		inverse.kind = FW_E_CHAIN_DEL;
		return note(r, &inverse, e);
	case FW_E_CHAIN_DEL:
		inverse.kind = FW_E_CHAIN_ADD;
		return note(r, &inverse, e);
	case FW_E_CHAIN_RENAME:
		inverse.chain = ed->new_name;
		inverse.new_name = ed->chain;
		return note(r, &inverse, e);
	case FW_E_CHAIN_FLUSH:
		return note_rules(r, c, ed, e);
	case FW_E_POLICY:
		inverse.policy = c && c->base ? c->policy : FW_S_ACCEPT;
		return inverse.policy == ed->policy ? 0 : note(r, &inverse, e);
	case FW_E_RULE_ADD:
		inverse.kind = FW_E_RULE_DEL;
		return note(r, &inverse, e);
	case FW_E_RULE_DEL:
		inverse.kind = FW_E_RULE_ADD;
		inverse.append = false;
		if (c && ed->at < c->n_rule)
			inverse.rule = c->rule[ed->at];
		return inverse.rule ? note(r, &inverse, e) : 0;
	case FW_E_RULE_REPLACE:
		if (c && ed->at < c->n_rule)
			inverse.rule = c->rule[ed->at];
		return note(r, &inverse, e);
	case FW_E_TABLE_DEL:
	case FW_E_CHAIN_ZERO:
		break;
	}
	return 0;
}

/* Is it a rule of our own, which is taken out by its mark? */
static bool is_marked(const struct fw_edit *ed)
{
	const char *comment = ed->rule ? fw_rule_comment(ed->rule) : NULL;

	return comment && !strncmp(comment, PLACE_MARK, strlen(PLACE_MARK));
}

int run_remember_edits(struct run *r, const struct fw_ruleset *rs,
		       const struct fw_edits *es, struct wgq_err *e)
{
	size_t i;
	int ret = 0;

	if (r->undoing)
		return 0;
	r->journal.n_undo_before = r->journal.n_undo;
	for (i = 0; i < es->n && !ret; i++)
		if (!is_marked(&es->v[i]))
			ret = note_inverse(r, rs, &es->v[i], e);
	return ret;
}

void run_forget_edits(struct run *r)
{
	/* In the file they stay: what is not there cannot be taken back. */
	if (!r->undoing)
		r->journal.n_undo = r->journal.n_undo_before;
}

int run_undo_edits(struct run *r, struct wgq_err *e)
{
	struct journal *j = &r->journal;
	int ret = 0, one;

	r->undoing = true;
	while (j->n_undo) {
		one = run_hook_text(r, j->undo[--j->n_undo], e);
		if (!ret)
			ret = one;
	}
	r->undoing = false;
	return ret;
}

/* As it was born. */
static bool is_bare(const struct fw_chain *c)
{
	return c->base && !c->n_rule && c->policy == FW_S_ACCEPT;
}

static bool is_bare_table(const struct fw_table *t)
{
	size_t i;

	for (i = 0; i < t->n_chain; i++)
		if (!is_bare(t->chain[i]))
			return false;
	return !t->n_set && !t->owner;
}

static bool add_removal(const struct journal_made *made,
			const struct fw_ruleset *rs, struct fw_edits *es)
{
	const struct fw_table *t =
		fw_table_find(rs, FW_NFT, made->family, made->table);
	const struct fw_chain *c;

	if (!t)
		return true;
	if (!*made->chain)
		return !is_bare_table(t) ||
		       fw_edit_add(es, FW_E_TABLE_DEL, FW_NFT, t->family,
				   t->name, NULL);
	c = fw_chain_find(t, made->chain);
	return !c || !is_bare(c) ||
	       fw_edit_add(es, FW_E_CHAIN_DEL, FW_NFT, t->family, t->name,
			   c->name);
}

/* A table before its chains: they go with it. */
static int find_bare(const struct run *r, const struct fw_ruleset *rs,
		     struct fw_edits *es)
{
	const struct journal *j = &r->journal;
	size_t i, k;

	for (i = 0; i < j->n_made; i++) {
		for (k = 0; k < es->n; k++)
			if (es->v[k].family == j->made[i].family &&
			    es->v[k].kind == FW_E_TABLE_DEL &&
			    !strcmp(es->v[k].table, j->made[i].table))
				break;
		if (k == es->n && !add_removal(&j->made[i], rs, es))
			return -ENOMEM;
	}
	return 0;
}

int run_unmake_tables(struct run *r, struct wgq_err *e)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(fw_edits_done) struct fw_edits es = { 0 };
	struct run_firewall *f = &r->firewall;
	int ret;

	if (!r->journal.n_made)
		return 0;
	ret = firewall_read(&f->access, &rs, e);
	if (!ret && find_bare(r, &rs, &es))
		ret = err_sys(e, -ENOMEM, "firewall");
	if (!ret && es.n)
		ret = firewall_commit(&f->access, &rs, &es, e);
	firewall_unlock(&f->access);
	/* Somebody else is using it at this moment: then it is not empty. */
	if (ret == -ERESTART) {
		*e = (struct wgq_err){ 0 };
		ret = 0;
	}
	return ret;
}
