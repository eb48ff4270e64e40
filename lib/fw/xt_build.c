// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/xt.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/xt_entry.h"
#include "fw/xt_scan.h"

struct part;

/**
 * struct item - a rule of a table that is being put together
 * @old:	index of its entry in the old table, XT_COUNTER_NEW for a new
 * one
 * @at:		where a new one is in the bytes of new entries
 * @len:	bytes
 * @jump:	chain that it jumps to, NULL = none
 * @next:	it has no target: its verdict is the entry after it
 * @ends:	no packet gets past it
 * @zero:	its counters start anew
 */
struct item {
	uint32_t old;
	size_t at;
	uint32_t len;
	struct part *jump;
	bool next, ends, zero;
};

/**
 * struct part - a chain of such a table
 * @name:	name
 * @base:	hooked in at @hook
 * @head:	index of its head in the old table, or XT_COUNTER_NEW for one
 *		that has to be made; none if @base
 * @foot:	likewise of its policy
 * @policy:	new policy as verdict, 0 = the old one
 * @zero:	the counters of its policy start anew
 * @v:		rules
 * @start:	offset that its first rule will have
 * @caller:	search for loops: the chain that led here
 * @pos:	search for loops: rules of it that are done
 * @on_way:	search for loops: it is between a hook and where we are
 */
struct part {
	const char *name;
	bool base;
	uint8_t hook;
	uint32_t head, foot;
	int32_t policy;
	bool zero;
	struct item *v;
	size_t n, cap;
	uint32_t start;
	struct part *caller;
	size_t pos;
	bool on_way;
};

/**
 * struct job - a table that is being put together
 * @old:	the old table
 * @scan:	the old table, cut up
 * @part:	chains: those of hooks, then those of users by name, as iptables
 *		keeps them
 * @fresh:	new entries
 */
struct job {
	struct arena arena;
	uint8_t family;
	const char *table;
	const struct xt_blob *old;
	struct xt_scan scan;
	struct part **part;
	size_t n_part, cap_part;
	struct buf fresh;
};

static void job_done(struct job *j)
{
	buf_done(&j->fresh);
	arena_done(&j->arena);
}

static int out_of_memory(struct wgq_err *e)
{
	return err_sys(e, -ENOMEM, "legacy table");
}

static struct part *find_part(const struct job *j, const char *name)
{
	size_t i;

	for (i = 0; i < j->n_part; i++)
		if (!strcmp(j->part[i]->name, name))
			return j->part[i];
	return NULL;
}

static struct part *add_part(struct job *j, const char *name, size_t at)
{
	struct part *p = arena_alloc(&j->arena, sizeof(*p));

	if (!p || !arena_grow(&j->arena, &j->part, j->n_part, &j->cap_part,
			      sizeof(*j->part)))
		return NULL;
	memmove(&j->part[at + 1], &j->part[at],
		(j->n_part - at) * sizeof(*j->part));
	j->part[at] = p;
	j->n_part++;
	p->name = name;
	p->head = p->foot = XT_COUNTER_NEW;
	return p;
}

/* Where iptables would put a user chain of that name. */
static size_t place_of(const struct job *j, const char *name)
{
	size_t i = 0;

	while (i < j->n_part &&
	       (j->part[i]->base || strcmp(j->part[i]->name, name) < 0))
		i++;
	return i;
}

static struct item *add_item(struct job *j, struct part *p, size_t at)
{
	if (!arena_grow(&j->arena, &p->v, p->n, &p->cap, sizeof(*p->v)))
		return NULL;
	memmove(&p->v[at + 1], &p->v[at], (p->n - at) * sizeof(*p->v));
	p->n++;
	p->v[at] = (struct item){ .old = XT_COUNTER_NEW };
	return &p->v[at];
}

/* Chains are there already, in the order of the scan. */
static int take_rules(struct job *j, size_t i)
{
	const struct xt_span *to, *span = &j->scan.chain[i];
	uint32_t k = span->first;
	const struct xt_entry *en;
	enum xt_is is;
	struct item *it;
	int32_t verdict;

	for (; k < span->first + span->n; k++) {
		en = &j->scan.entry[k];
		it = add_item(j, j->part[i], j->part[i]->n);
		if (!it)
			return -ENOMEM;
		it->old = k;
		it->len = en->next;
		is = xt_entry_is(en, j->scan.off[k], &verdict);
		it->next = is == XT_IS_NEXT;
		it->ends = is == XT_IS_VERDICT &&
			   xt_entry_unconditional(en, j->family);
		if (is != XT_IS_JUMP)
			continue;
		to = xt_scan_jump(&j->scan, (uint32_t)verdict);
		it->jump = j->part[to - j->scan.chain];
	}
	return 0;
}

static int take_table(struct job *j, struct wgq_err *e)
{
	const struct xt_span *span;
	struct part *p;
	size_t i;
	int err;

	err = xt_scan(&j->arena, j->family, j->old, &j->scan, e);
	if (err)
		return err;
	for (i = 0; i < j->scan.n_chain; i++) {
		span = &j->scan.chain[i];
		p = add_part(j, span->name, i);
		if (!p)
			return out_of_memory(e);
		p->base = span->base;
		p->hook = span->hook;
		p->foot = span->first + span->n;
		if (!p->base)
			p->head = span->first - 1;
	}
	for (i = 0; i < j->scan.n_chain; i++)
		if (take_rules(j, i))
			return out_of_memory(e);
	return 0;
}

static int fill_item(struct job *j, struct item *it, const struct fw_rule *r,
		     struct wgq_err *e)
{
	enum fw_stmt_kind kind = r->n_stmt ? r->stmt->kind : FW_S_EXPR;
	int err;

	it->at = j->fresh.len;
	it->next = !r->n_stmt;
	it->ends = !r->n_match && !r->comment &&
		   (kind == FW_S_ACCEPT || kind == FW_S_DROP ||
		    kind == FW_S_RETURN || kind == FW_S_QUEUE);
	if (kind == FW_S_JUMP || kind == FW_S_GOTO) {
		it->jump = find_part(j, r->stmt->chain);
		if (!it->jump)
			return err_sys(e, -ENOENT, "chain %s", r->stmt->chain);
	}
	err = xt_entry_build(&j->arena, j->family, r, &j->fresh);
	if (err)
		return err_sys(e, err, "rule for legacy table %s", j->table);
	it->len = (uint32_t)(j->fresh.len - it->at);
	return 0;
}

static int no_rule(const struct fw_edit *ed, struct wgq_err *e)
{
	return err_sys(e, -ENOENT, "rule %zu of chain %s", ed->at + 1,
		       ed->chain);
}

static int edit_rule(struct job *j, const struct fw_edit *ed, struct part *p,
		     struct wgq_err *e)
{
	size_t at = ed->at;
	struct item *it;

	if (ed->kind == FW_E_RULE_ADD) {
		if (ed->append)
			at = p->n;
		if (at > p->n)
			return no_rule(ed, e);
		it = add_item(j, p, at);
		return it ? fill_item(j, it, ed->rule, e) : out_of_memory(e);
	}
	if (at >= p->n)
		return no_rule(ed, e);
	it = &p->v[at];
	*it = (struct item){ .old = XT_COUNTER_NEW };
	if (ed->kind == FW_E_RULE_REPLACE)
		return fill_item(j, it, ed->rule, e);
	p->n--;
	memmove(it, it + 1, (p->n - at) * sizeof(*it));
	return 0;
}

static bool is_called(const struct job *j, const struct part *p)
{
	size_t i, k;

	for (i = 0; i < j->n_part; i++)
		for (k = 0; k < j->part[i]->n; k++)
			if (j->part[i]->v[k].jump == p)
				return true;
	return false;
}

static void drop_part(struct job *j, const struct part *p)
{
	size_t i = 0;

	while (j->part[i] != p)
		i++;
	j->n_part--;
	memmove(&j->part[i], &j->part[i + 1],
		(j->n_part - i) * sizeof(*j->part));
}

static int new_chain(struct job *j, const char *name, struct wgq_err *e)
{
	if (find_part(j, name))
		return err_sys(e, -EEXIST, "chain %s", name);
	if (!*name || strlen(name) >= XT_FUNCTION_MAXNAMELEN)
		return err_sys(e, -EOPNOTSUPP, "chain %s", name);
	return add_part(j, name, place_of(j, name)) ? 0 : out_of_memory(e);
}

static int delete_chain(struct job *j, struct part *p, struct wgq_err *e)
{
	if (p->base || p->n || is_called(j, p))
		return err_sys(e, -EBUSY, "chain %s", p->name);
	drop_part(j, p);
	return 0;
}

static int rename_chain(struct job *j, struct part *p, const char *name,
			struct wgq_err *e)
{
	size_t at;

	if (p->base)
		return err_sys(e, -EBUSY, "chain %s", p->name);
	if (find_part(j, name))
		return err_sys(e, -EEXIST, "chain %s", name);
	if (!*name || strlen(name) >= XT_FUNCTION_MAXNAMELEN)
		return err_sys(e, -EOPNOTSUPP, "chain %s", name);
	drop_part(j, p);
	p->name = name;
	p->head = XT_COUNTER_NEW;
	at = place_of(j, name);
	memmove(&j->part[at + 1], &j->part[at],
		(j->n_part - at) * sizeof(*j->part));
	j->part[at] = p;
	j->n_part++;
	return 0;
}

static void zero_chain(struct part *p)
{
	size_t i;

	p->zero = true;
	for (i = 0; i < p->n; i++)
		p->v[i].zero = true;
}

static int set_policy(struct part *p, enum fw_stmt_kind policy,
		      struct wgq_err *e)
{
	if (!p->base)
		return err_sys(e, -EOPNOTSUPP, "policy of chain %s", p->name);
	p->policy = policy == FW_S_DROP ? -NF_DROP - 1 : -NF_ACCEPT - 1;
	p->zero = true; /* as iptables does */
	return 0;
}

static int edit(struct job *j, const struct fw_edit *ed, struct wgq_err *e)
{
	const char *chain = ed->chain ? ed->chain : "";
	const char *new_name = ed->new_name ? ed->new_name : "";
	struct part *p = find_part(j, chain);

	if (ed->kind == FW_E_CHAIN_ADD)
		return new_chain(j, chain, e);
	if (ed->kind == FW_E_TABLE_ADD)
		return 0;
	if (ed->kind == FW_E_TABLE_DEL)
		return err_sys(e, -EOPNOTSUPP, "legacy table %s", j->table);
	if (!p)
		return err_sys(e, -ENOENT, "chain %s of legacy table %s", chain,
			       j->table);
	switch (ed->kind) {
	case FW_E_CHAIN_DEL:
		return delete_chain(j, p, e);
	case FW_E_CHAIN_RENAME:
		return rename_chain(j, p, new_name, e);
	case FW_E_CHAIN_FLUSH:
		p->n = 0;
		return 0;
	case FW_E_CHAIN_ZERO:
		zero_chain(p);
		return 0;
	case FW_E_POLICY:
		return set_policy(p, ed->policy, e);
	case FW_E_RULE_ADD:
	case FW_E_RULE_DEL:
	case FW_E_RULE_REPLACE:
		return edit_rule(j, ed, p, e);
	case FW_E_TABLE_ADD:
	case FW_E_TABLE_DEL:
	case FW_E_CHAIN_ADD:
		break;
	}
	return 0;
}

/*
 * The kernel follows the jumps from each hook, up to where no packet goes on,
 * and refuses the table where it comes to a chain that it is in already.  So a
 * circle that no hook leads to is allowed.
 */
static bool leads_in_circle(struct part *p)
{
	struct part *to;

	p->on_way = true;
	while (p) {
		to = NULL;
		while (p->pos < p->n && !to) {
			to = p->v[p->pos].jump;
			p->pos = p->v[p->pos].ends ? p->n : p->pos + 1;
		}
		if (!to) {
			p->on_way = false;
			p = p->caller;
		} else if (to->on_way) {
			return true;
		} else if (!to->pos) {
			to->caller = p;
			to->on_way = true;
			p = to;
		}
	}
	return false;
}

static int check_circles(struct job *j, struct wgq_err *e)
{
	size_t i;

	for (i = 0; i < j->n_part; i++)
		if (j->part[i]->base && !j->part[i]->pos &&
		    leads_in_circle(j->part[i]))
			return err_sys(e, -ELOOP, "chains of legacy table %s",
				       j->table);
	return 0;
}

/**
 * struct sink - a table on its way out
 * @ret:	table
 * @n:		entries so far
 */
struct sink {
	struct xt_replace *ret;
	uint32_t n;
};

static void note_entry(struct sink *s, uint32_t from)
{
	s->ret->counter_from[s->n++] = from;
}

static void put_old(const struct job *j, struct buf *out, uint32_t i)
{
	buf_add(out, j->scan.entry[i].p, j->scan.entry[i].next);
}

/* Set the verdict of the entry that starts at @start. */
static void set_verdict(const struct job *j, struct buf *out, size_t start,
			int32_t verdict)
{
	uint16_t target;
	char *p = out->p + start;

	if (out->failed)
		return;
	memcpy(&target, p + xt_entry_target_at(j->family), sizeof(target));
	memcpy(p + target + sizeof(struct xt_entry_target), &verdict,
	       sizeof(verdict));
}

static void put_item(const struct job *j, struct sink *s, const struct item *it)
{
	struct buf *out = &s->ret->bytes;
	size_t start = out->len;

	if (it->old == XT_COUNTER_NEW)
		buf_add(out, j->fresh.p + it->at, it->len);
	else
		put_old(j, out, it->old);
	if (it->jump)
		set_verdict(j, out, start, (int32_t)it->jump->start);
	if (it->next)
		set_verdict(j, out, start, (int32_t)out->len);
	note_entry(s, it->zero ? XT_COUNTER_NEW : it->old);
}

static void put_head(const struct job *j, struct sink *s, const struct part *p)
{
	struct buf *out = &s->ret->bytes;

	if (p->base)
		return;
	if (p->head == XT_COUNTER_NEW)
		xt_entry_add_head(out, j->family, p->name);
	else
		put_old(j, out, p->head);
	note_entry(s, p->head);
}

static void put_foot(const struct job *j, struct sink *s, const struct part *p)
{
	struct buf *out = &s->ret->bytes;
	size_t start = out->len;

	if (p->foot == XT_COUNTER_NEW)
		xt_entry_add_return(out, j->family);
	else
		put_old(j, out, p->foot);
	if (p->policy)
		set_verdict(j, out, start, p->policy);
	note_entry(s, p->zero ? XT_COUNTER_NEW : p->foot);
}

static uint32_t head_size(const struct job *j, const struct part *p)
{
	if (p->base)
		return 0;
	if (p->head != XT_COUNTER_NEW)
		return j->scan.entry[p->head].next;
	return (uint32_t)(xt_entry_head(j->family) +
			  XT_ALIGN(sizeof(struct xt_error_target)));
}

static uint32_t foot_size(const struct job *j, const struct part *p)
{
	if (p->foot != XT_COUNTER_NEW)
		return j->scan.entry[p->foot].next;
	return (uint32_t)(xt_entry_head(j->family) +
			  XT_ALIGN(sizeof(struct xt_standard_target)));
}

/* Say where each chain will begin; Return: number of entries. */
static uint32_t lay_out(struct job *j, uint64_t *ret_size)
{
	uint64_t size = 0;
	uint32_t n = 0, last = j->scan.n_entry - 1;
	struct part *p;
	size_t i, k;

	for (i = 0; i < j->n_part; i++) {
		p = j->part[i];
		size += head_size(j, p);
		p->start = (uint32_t)size;
		for (k = 0; k < p->n; k++)
			size += p->v[k].len;
		size += foot_size(j, p);
		n += (uint32_t)p->n + 1 + !p->base;
	}
	*ret_size = size + j->scan.entry[last].next;
	return n + 1;
}

static void put_parts(const struct job *j, struct sink *s)
{
	struct xt_blob *b = &s->ret->blob;
	const struct part *p;
	size_t i, k;

	for (i = 0; i < j->n_part; i++) {
		p = j->part[i];
		put_head(j, s, p);
		if (p->base)
			b->hook_entry[p->hook] = p->start;
		for (k = 0; k < p->n; k++)
			put_item(j, s, &p->v[k]);
		if (p->base)
			b->underflow[p->hook] = (uint32_t)s->ret->bytes.len;
		put_foot(j, s, p);
	}
	put_old(j, &s->ret->bytes, j->scan.n_entry - 1);
	note_entry(s, j->scan.n_entry - 1);
}

static int put_table(struct job *j, struct xt_replace *ret, struct wgq_err *e)
{
	struct xt_replace r = { .blob = *j->old,
				.old_entries = j->scan.n_entry };
	struct sink s = { .ret = &r };
	uint64_t size;

	r.blob.num_entries = lay_out(j, &size);
	if (size > INT32_MAX)
		return err_sys(e, -EOPNOTSUPP, "legacy table %s", j->table);
	r.counter_from = calloc(r.blob.num_entries, sizeof(*r.counter_from));
	if (!r.counter_from)
		return out_of_memory(e);
	put_parts(j, &s);
	if (r.bytes.failed) {
		xt_replace_done(&r);
		return out_of_memory(e);
	}
	r.blob.size = (uint32_t)r.bytes.len;
	r.blob.entries = (const uint8_t *)r.bytes.p;
	*ret = r;
	return 0;
}

int xt_build(const struct fw_ruleset *rs, uint8_t family, const char *name,
	     const struct fw_edits *es, struct xt_replace *ret,
	     struct wgq_err *e)
{
	const struct fw_table *t = fw_table_find(rs, FW_LEGACY, family, name);
	cleanup(job_done) struct job j = { .family = family, .table = name };
	const struct fw_edit *ed;
	size_t i;
	int err;

	if (!t || !t->blob)
		return err_sys(e, -ENOENT, "legacy table %s", name);
	j.old = t->blob;
	err = take_table(&j, e);
	for (i = 0; i < es->n && !err; i++) {
		ed = &es->v[i];
		if (ed->backend == FW_LEGACY && ed->family == family &&
		    !strcmp(ed->table, name))
			err = edit(&j, ed, e);
	}
	if (!err)
		err = check_circles(&j, e);
	return err ? err : put_table(&j, ret, e);
}

void xt_replace_done(struct xt_replace *r)
{
	free(r->counter_from);
	buf_done(&r->bytes);
	*r = (struct xt_replace){};
}
