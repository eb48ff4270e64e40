// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <string.h>

#include "apply/hook.h"
#include "apply/native.h"
#include "apply/run.h"
#include "base/addr.h"
#include "base/cleanup.h"
#include "fw/nft_cmd.h"
#include "fw/nft_emit.h"
#include "net/nft.h"

/* How often a ruleset that changes under us is read again. */
#define TRIES 10

#define NAME_LEN 127
#define EXPR_MAX 700

/**
 * struct nft_run - one command under way
 * @c:		its words
 * @cs:		what they mean
 * @a:		owns what @cs points to
 * @text:	the command as nft sees it
 * @rs:		ruleset
 */
struct nft_run {
	const struct native_call *c;
	struct nft_cmds cs;
	struct arena a;
	const char *text;
	struct fw_ruleset rs;
};

static bool takes(const char *const *argv, size_t argc, const char **why)
{
	cleanup(arena_done) struct arena a = { 0 };
	const char *text, *wrong;
	struct nft_cmds cs = { 0 };

	if (nft_cmd_parse(argv + 1, argc - 1, &a, &cs, &text, &wrong) !=
	    NFT_CMD_UNKNOWN)
		return true;
	if (why)
		*why = "nft has words here that only the program knows";
	return false;
}

/* What nft says: the mistake, and the line that it is in. */
static int fail(const struct nft_run *t, const char *what, int *ret_status)
{
	buf_addf(t->c->err, "Error: %s\n%.*s\n", what,
		 (int)strcspn(t->text, "\n"), t->text);
	*ret_status = 1;
	return 0;
}

static struct fw_table *find_table(const struct nft_run *t,
				   const struct nft_cmd *c)
{
	return c->table ? fw_table_find(&t->rs, FW_NFT, c->family, c->table)
			: NULL;
}

static struct fw_chain *find_chain(const struct nft_run *t,
				   const struct nft_cmd *c)
{
	struct fw_table *table = find_table(t, c);

	return table && c->chain ? fw_chain_find(table, c->chain) : NULL;
}

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_INET ? "inet"
	       : family == AF_INET6   ? "ip6"
				      : "ip";
}

/* The index in @chain of the rule that is meant; n_rule: there is none. */
static size_t find_rule(const struct fw_chain *chain, const struct nft_cmd *c)
{
	const struct fw_rule *r;
	size_t i;

	for (i = 0; i < chain->n_rule; i++) {
		r = chain->rule[i];
		if ((c->place == NFT_AT_HANDLE && r->handle == c->number) ||
		    (c->place == NFT_AT_INDEX && i == c->number) ||
		    (c->place == NFT_AT_TAG && r->tag == c->number))
			break;
	}
	return i;
}

/* Undo makes do with what is left. */
static bool is_void(const struct nft_run *t, const struct nft_cmd *c)
{
	const struct fw_table *table = find_table(t, c);
	const struct fw_chain *chain = find_chain(t, c);
	bool there = c->chain ? chain != NULL : table != NULL;

	if (c->place == NFT_AT_TAG)
		return !chain || find_rule(chain, c) == chain->n_rule;
	if (c->gentle && there)
		return chain ? chain->n_rule > 0
			     : table->n_chain || table->n_set;
	return !there && (c->gentle || c->verb == NFT_DO_DESTROY);
}

/*
 * nft's measure of how far apart two names are, which does not look at their
 * first letters.
 */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NAME_LEN + 1], above, corner, n, i, j;

	n = (unsigned int)strlen(b);
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 1; i <= strlen(a); i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= n; j++) {
			above = row[j];
			corner += a[i] != b[j];
			if (above + 1 < corner)
				corner = above + 1;
			if (row[j - 1] + 1 < corner)
				corner = row[j - 1] + 1;
			row[j] = corner;
			corner = above;
		}
	}
	return row[n];
}

/* Is @name nearer to @want than @best, and near enough? 0 = it is @want. */
static bool is_nearer(const char *name, const char *want, unsigned int *best)
{
	size_t a = strlen(name), b = strlen(want), max = a > b ? a : b;
	size_t min = a + b - max,
	       bound = max - min > 1 ? (max + 4) / 3 : max / 3;
	unsigned int d;

	if (!*best || max > NAME_LEN || max < 2)
		return false;
	d = strcmp(name, want) ? distance(name, want) : 0;
	if (d > (bound ? bound : 1) || d >= *best)
		return false;
	*best = d;
	return true;
}

/* A name that could have been meant where there is none as was said. */
static const char *suggest(struct nft_run *t, const struct nft_cmd *c,
			   bool chains)
{
	const struct fw_table *table, *in = NULL;
	const struct fw_chain *chain = NULL;
	unsigned int best = UINT_MAX;
	size_t i, j;

	for (i = 0; i < t->rs.n_table; i++) {
		table = t->rs.table[i];
		if (!chains && is_nearer(table->name, c->table, &best))
			in = table;
		for (j = 0; chains && j < table->n_chain; j++) {
			if (!is_nearer(table->chain[j]->name, c->chain, &best))
				continue;
			in = table;
			chain = table->chain[j];
		}
	}
	if (!in)
		return NULL;
	/* All is well with the names, but for what the rule calls. */
	if (chain && find_table(t, c) &&
	    (find_chain(t, c) || !strcmp(chain->name, c->chain)))
		return NULL;
	if (!find_table(t, c))
		return arena_printf(&t->a,
				    "No such file or directory; did you mean "
				    "table ‘%s’ in family %s?",
				    in->name, family_name(in->family));
	return arena_printf(&t->a,
			    "No such file or directory; did you mean chain "
			    "‘%s’ in table %s ‘%s’?",
			    chain->name, family_name(in->family), in->name);
}

/* nft itself looks for the table of a new chain, also among its statements. */
static bool lacks_table(const struct nft_run *t, const struct nft_cmd *c)
{
	const struct nft_cmd *other;

	if (c->object != NFT_A_CHAIN || c->verb > NFT_DO_CREATE ||
	    find_table(t, c))
		return false;
	for (other = t->cs.v; other < c; other++)
		if (other->object == NFT_A_TABLE &&
		    other->family == c->family &&
		    !strcmp(other->table, c->table))
			return false;
	return true;
}

/* Fill in what a command says in words that the kernel does not have. */
static const char *resolve(struct nft_run *t, struct nft_cmd *c)
{
	const struct fw_chain *chain = find_chain(t, c);
	const char *wrong;
	unsigned int index;
	size_t i, at;

	if (lacks_table(t, c)) {
		wrong = suggest(t, c, false);
		return wrong ? wrong : "No such file or directory";
	}

	for (i = 0; i < c->n_ifref; i++) {
		index = ifname_index(c->ifref[i].name);
		if (!index)
			return "Interface does not exist";
		memcpy(c->expr + c->ifref[i].at, &index, sizeof(index));
	}
	if (c->object != NFT_A_RULE || c->place == NFT_AT_END)
		return NULL;
	at = chain ? find_rule(chain, c) : 0;
	if (t->c->r->undoing && chain && at == chain->n_rule) {
		/* What it stood behind came back under another number. */
		c->place = NFT_AT_END;
		return NULL;
	}
	if (!chain && c->verb != NFT_DO_DELETE)
		return "No such file or directory";
	if (!chain || at == chain->n_rule) {
		/* The kernel has its say: there is none of this number. */
		if (c->place == NFT_AT_INDEX)
			c->number = UINT64_MAX;
		c->place = NFT_AT_HANDLE;
		return NULL;
	}
	c->number = chain->rule[at]->handle;
	c->place = NFT_AT_HANDLE;
	return NULL;
}

/* A command in quotes: the shell has other uses for braces. */
static int note(struct run *r, struct buf *cmd, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };

	buf_addf(&text, "nft '%s'", cmd->failed ? "" : cmd->p);
	text.failed |= cmd->failed;
	if (!cmd->failed && strchr(cmd->p, '\''))
		return 0;
	return run_remember_text(r, &text, e);
}

static int note_edit(struct run *r, const struct fw_edit *ed, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };

	fw_edit_print(ed, &text);
	return run_remember_text(r, &text, e);
}

static int note_chain(struct run *r, const struct fw_chain *c,
		      enum fw_edit_kind kind, struct wgq_err *e)
{
	const struct fw_edit ed = {
		.kind = kind,
		.family = c->table->family,
		.table = c->table->name,
		.chain = c->name,
		.native = true,
		.base = c->base,
		.type = c->type,
		.hook = c->hook,
		.priority = c->priority,
		.policy = c->policy,
	};

	return note_edit(r, &ed, e);
}

/* The rule without its first @head bytes, which are there already. */
static int write_rest(struct nft_writer *w, size_t head)
{
	cleanup(buf_done) struct buf all = { 0 };
	struct nft_writer whole = *w;
	int err;

	whole.out = &all;
	err = nft_native(&whole);
	if (!err && all.len > head)
		buf_add(w->out, all.p + head, all.len - head);
	w->out->failed |= all.failed;
	return err;
}

/* A rule is put back by its expressions, behind @before, NULL = in front. */
static int note_rule(struct nft_run *t, const struct fw_chain *c,
		     const struct fw_rule *rule, const struct fw_rule *before,
		     struct wgq_err *e)
{
	cleanup(buf_done) struct buf cmd = { 0 }, expr = { 0 };
	struct nft_writer w = { &t->a, &expr, rule, c->table->family };
	struct fw_rule conditions = *rule;
	size_t i, head = 0;
	int err = 0;

	/* Where it counts is not known: between conditions and statements. */
	conditions.n_stmt = 0;
	if (rule->counter) {
		w.r = &conditions;
		err = nft_native(&w);
		head = expr.len;
		nft_expr_end(&w, nft_expr(&w, "counter"));
		w.r = rule;
	}
	/* A line of the journal holds so much. */
	if (err || write_rest(&w, head) || !expr.len || expr.len > EXPR_MAX) {
		run_say(t->c->r, "[!]",
			"%s %s: a rule goes that could not be put back",
			c->table->name, c->name);
		return 0;
	}
	buf_addf(&cmd, "%s rule %s %s %s ", before ? "add" : "insert",
		 family_name(c->table->family), c->table->name, c->name);
	if (before)
		buf_addf(&cmd, "handle %llu ",
			 (unsigned long long)before->handle);
	buf_adds(&cmd, "wgq ");
	for (i = 0; i < expr.len; i++)
		buf_addf(&cmd, "%02x", (uint8_t)expr.p[i]);
	if (rule->tag)
		buf_addf(&cmd, " %llx", (unsigned long long)rule->tag);
	if (rule->comment)
		buf_addf(&cmd, " comment \"%s\"", rule->comment);
	cmd.failed |= expr.failed;
	return note(t->c->r, &cmd, e);
}

static int note_rules(struct nft_run *t, const struct fw_chain *c,
		      struct wgq_err *e)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < c->n_rule && !ret; i++)
		ret = note_rule(t, c, c->rule[i], NULL, e);
	return ret;
}

/* What goes with a table; @all: its chains and itself, not the rules alone. */
static int note_table(struct nft_run *t, const struct fw_table *table, bool all,
		      struct wgq_err *e)
{
	const struct fw_edit ed = { .kind = FW_E_TABLE_ADD,
				    .family = table->family,
				    .table = table->name,
				    .native = true };
	int ret = 0;
	size_t i;

	for (i = 0; i < table->n_chain && !ret; i++)
		ret = note_rules(t, table->chain[i], e);
	for (i = table->n_chain; all && i-- > 0 && !ret;)
		ret = note_chain(t->c->r, table->chain[i], FW_E_CHAIN_ADD, e);
	return ret || !all ? ret : note_edit(t->c->r, &ed, e);
}

/* What was not there before goes again: the rule that has the tag, a chain or
 * table while it is empty. */
static int note_removal(struct nft_run *t, struct nft_cmd *c, struct wgq_err *e)
{
	cleanup(buf_done) struct buf cmd = { 0 };

	buf_addf(&cmd, "delete %s %s %s ",
		 c->object == NFT_A_TABLE   ? "table"
		 : c->object == NFT_A_CHAIN ? "chain"
					    : "rule",
		 family_name(c->family), c->table);
	if (c->chain)
		buf_addf(&cmd, "%s ", c->chain);
	buf_adds(&cmd, "wgq");
	if (c->object == NFT_A_RULE) {
		c->tag = (uint64_t)t->rs.generation << 16 |
			 (uint64_t)(c - t->cs.v + 1);
		buf_addf(&cmd, " %llx", (unsigned long long)c->tag);
	}
	return note(t->c->r, &cmd, e);
}

static int note_addition(struct nft_run *t, struct nft_cmd *c,
			 struct wgq_err *e)
{
	const struct fw_chain *chain = find_chain(t, c);

	if (c->object == NFT_A_TABLE && find_table(t, c))
		return 0;
	if (c->object != NFT_A_CHAIN || !chain)
		return note_removal(t, c, e);
	if (!chain->base || !c->has_policy || c->policy == chain->policy)
		return 0;
	return note_chain(t->c->r, chain, FW_E_POLICY, e);
}

static int note_deletion(struct nft_run *t, const struct nft_cmd *c,
			 struct wgq_err *e)
{
	const struct fw_table *table = find_table(t, c);
	const struct fw_chain *chain = find_chain(t, c);
	bool flush = c->verb == NFT_DO_FLUSH;
	size_t i;
	int ret = 0;

	switch (c->object) {
	case NFT_A_RULE:
		i = chain ? find_rule(chain, c) : 0;
		return !chain || i == chain->n_rule
			       ? 0
			       : note_rule(t, chain, chain->rule[i],
					   i ? chain->rule[i - 1] : NULL, e);
	case NFT_A_CHAIN:
		ret = chain ? note_rules(t, chain, e) : 0;
		return ret || !chain || flush
			       ? ret
			       : note_chain(t->c->r, chain, FW_E_CHAIN_ADD, e);
	case NFT_A_TABLE:
		return table ? note_table(t, table, !flush, e) : 0;
	case NFT_A_RULESET:
		break;
	}
	for (i = t->rs.n_table; i-- > 0 && !ret;)
		if (!c->family || t->rs.table[i]->family == c->family)
			ret = note_table(t, t->rs.table[i], true, e);
	return ret;
}

static int remember(struct nft_run *t, struct wgq_err *e)
{
	struct run *r = t->c->r;
	struct nft_cmd *c;
	size_t i;
	int ret = 0;

	r->journal.n_undo_before = r->journal.n_undo;
	for (i = 0; i < t->cs.n && !ret; i++) {
		c = &t->cs.v[i];
		ret = c->verb < NFT_DO_DELETE ? note_addition(t, c, e)
					      : note_deletion(t, c, e);
	}
	return ret;
}

/* Held against the ruleset: what nft would say of it, NULL = nothing. */
static const char *prepare(struct nft_run *t)
{
	const char *wrong = NULL;
	size_t i, n = 0;

	for (i = 0; i < t->cs.n && !wrong; i++) {
		if (is_void(t, &t->cs.v[i]))
			continue;
		t->cs.v[n] = t->cs.v[i];
		wrong = resolve(t, &t->cs.v[n++]);
	}
	t->cs.n = n;
	return wrong;
}

static int once(struct nft_run *t, int *ret_status, struct wgq_err *e)
{
	cleanup(buf_done) struct buf batch = { 0 }, text = { 0 };
	struct run *r = t->c->r;
	struct wgq_err why = { 0 };
	const char *wrong;
	int ret;

	ret = nft_dump(r->firewall.access.nft, &t->rs, e);
	if (ret)
		return ret;
	wrong = prepare(t);
	if (wrong)
		return fail(t, wrong, ret_status);
	*ret_status = 0;
	if (!t->cs.n)
		return 0;
	ret = r->undoing ? 0 : remember(t, e);
	if (ret)
		return ret;
	nft_cmd_build(&t->cs, t->rs.generation, &batch);
	ret = nft_send(r->firewall.access.nft, &batch, &why);
	if (!ret)
		return 0;
	if (!r->undoing)
		run_forget_edits(r);
	if (ret == -ERESTART || ret == -ENOMEM || ret == -EINTR) {
		*e = why;
		return ret;
	}
	wrong = NULL;
	if (ret == -ENOENT && t->cs.n == 1 && t->cs.v->verb != NFT_DO_FLUSH)
		wrong = suggest(t, t->cs.v, t->cs.v->chain);
	if (wrong)
		return fail(t, wrong, ret_status);
	buf_addf(&text, "Could not process rule: %s", strerror(-ret));
	return text.failed ? err_sys(e, -ENOMEM, "nft")
			   : fail(t, text.p, ret_status);
}

static bool is_ours(const struct nft_cmds *cs)
{
	size_t i;

	for (i = 0; i < cs->n; i++)
		if (cs->v[i].gentle || cs->v[i].place == NFT_AT_TAG)
			return true;
	return false;
}

static int try(struct nft_run *t, int *ret_status, struct wgq_err *e)
{
	const struct native_call *c = t->c;
	const char *wrong = NULL;

	t->cs = (struct nft_cmds){ 0 };
	switch (nft_cmd_parse(c->argv + 1, c->argc - 1, &t->a, &t->cs, &t->text,
			      &wrong)) {
	case NFT_CMD_OK:
		if (c->r->undoing || !is_ours(&t->cs))
			return once(t, ret_status, e);
		return fail(t, "syntax error, unexpected string", ret_status);
	case NFT_CMD_FAILS:
		return fail(t, wrong, ret_status);
	case NFT_CMD_UNKNOWN:
		break;
	}
	/* takes() said otherwise, but for memory. */
	return err_sys(e, -ENOMEM, "nft");
}

static int run(const struct native_call *c, int *ret_status, struct wgq_err *e)
{
	struct nft_run t = { .c = c };
	struct wgq_err why = { 0 };
	unsigned int i;
	int ret = -ERESTART;

	for (i = 0; i < TRIES && ret == -ERESTART; i++) {
		why = (struct wgq_err){ 0 };
		ret = run_stopped(c->r, &why);
		if (!ret)
			ret = try(&t, ret_status, &why);
		fw_ruleset_done(&t.rs);
		t.rs = (struct fw_ruleset){ 0 };
		arena_done(&t.a);
		t.a = (struct arena){ 0 };
	}
	if (ret == -ERESTART)
		return err_set(e, -EBUSY,
			       "the firewall's rules changed each time they "
			       "were read: something else is at work on them");
	if (ret)
		*e = why;
	return ret;
}

const struct native native_nft = { .takes = takes, .run = run };
