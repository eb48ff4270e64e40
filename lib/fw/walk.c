// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/walk.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * DOC: how it works
 *
 * What becomes of all packets of a flow that enter a chain depends on the chain
 * alone, not on who jumped there: some leave it by the way, being accepted,
 * refused or returned, and the rest ends in one of these three ways.  So each
 * chain is looked at once in a walk (struct memo), however many jumps lead to
 * it.  A jump that only a part of the flow takes refuses at most that part.
 *
 * The flow is not narrowed on its way: behind "-s 10.0.0.0/24 -j ACCEPT" it is
 * still asked for 10.0.0.0/24.  That can only make a part of what is nothing,
 * which no placement depends on.
 */

/* The kernel's nf_tables allows 16; a legacy table may have some more. */
#define MAX_DEPTH 256

/* enum rest - what becomes of those that nothing on the way diverted */
enum rest { REST_BACK, REST_ACCEPTED, REST_REFUSED };

/*
 * struct end - what becomes of a flow in a chain
 *
 * leaks: some came back to the caller, too; left: some left the base chain for
 * its policy so.  affected: some were accepted, refused or marked.  refuses:
 * some were refused.  logs: some were logged.
 */
struct end {
	enum rest rest;
	bool leaks, left, affected, refuses, logs;
	struct fw_culprit by;
	const struct fw_rule *accepts;
	const struct fw_chain *accepts_in;
	const struct fw_chain *docker_user;
};

struct memo {
	const struct fw_chain *chain;
	bool active, listed;
	struct end end;
};

/*
 * struct walk - one flow of one protocol through one base chain
 *
 * top: rule of the base chain that it is at.  dry: what is asked again adds
 * nothing to the parts.  protocols: it came by a rule that asks for one, so
 * that flows of others may fare otherwise.
 */
struct walk {
	const struct fw_flow *f;
	const struct fw_chain *base;
	size_t top;
	unsigned int depth;
	bool dry, protocols;
	struct memo **slot;
	size_t n_slot, n_used;
	struct arena scratch;
	struct fw_culprit *part;
	size_t n_part, cap_part;
	struct end end;
	size_t at;
};

/* struct step - a rule of a chain that a flow is at */
struct step {
	const struct fw_chain *chain;
	size_t index;
	struct end *end;
	bool done;
};

static void walk_done(struct walk *w)
{
	arena_done(&w->scratch);
}

/* Chains looked at */

static struct memo **memo_slot(struct memo **slot, size_t n_slot,
			       const struct fw_chain *c)
{
	size_t i = ((uintptr_t)c >> 4) * 2654435761u;

	for (i &= n_slot - 1; slot[i] && slot[i]->chain != c;
	     i = (i + 1) & (n_slot - 1))
		;
	return &slot[i];
}

static int memo_grow(struct walk *w)
{
	size_t i, n = w->n_slot ? w->n_slot * 2 : 32;
	struct memo **slot = arena_array(&w->scratch, n, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	for (i = 0; i < w->n_slot; i++) {
		if (w->slot[i])
			*memo_slot(slot, n, w->slot[i]->chain) = w->slot[i];
	}
	w->slot = slot;
	w->n_slot = n;
	return 0;
}

/* Return: the memo of a chain, a new one with @ret_new, or NULL: no memory */
static struct memo *memo_get(struct walk *w, const struct fw_chain *c,
			     bool *ret_new)
{
	struct memo **slot;

	*ret_new = false;
	if (w->n_used >= w->n_slot / 2 && memo_grow(w))
		return NULL;
	slot = memo_slot(w->slot, w->n_slot, c);
	if (*slot)
		return *slot;
	*slot = arena_alloc(&w->scratch, sizeof(**slot));
	if (!*slot)
		return NULL;
	(*slot)->chain = c;
	w->n_used++;
	*ret_new = true;
	return *slot;
}

static int add_part(struct walk *w, const struct fw_culprit *by)
{
	struct fw_culprit *part;

	if (w->dry)
		return 0;
	part = arena_grow(&w->scratch, &w->part, w->n_part, &w->cap_part,
			  sizeof(*part));
	if (!part)
		return -ENOMEM;
	*part = *by;
	part->top = w->top;
	w->n_part++;
	return 0;
}

/* The rest of a chain's packets, refused by @by, are but a part of the flow. */
static int add_rest(struct walk *w, const struct fw_culprit *by)
{
	bool is_new;
	struct memo *m = memo_get(w, by->chain, &is_new);

	if (!m)
		return -ENOMEM;
	if (m->listed)
		return 0;
	m->listed = !w->dry;
	return add_part(w, by);
}

/* Verdicts */

static int look_at(struct walk *w, const struct fw_chain *c, struct end *ret)
	__attribute__((warn_unused_result));

static void accepted(struct step *s, enum fw_holds h)
{
	s->end->affected = true;
	if (h != FW_HOLDS_ALL)
		return;
	s->end->rest = REST_ACCEPTED;
	s->end->accepts = s->chain->rule[s->index];
	s->end->accepts_in = s->chain;
	s->done = true;
}

static int refused(struct walk *w, struct step *s, enum fw_holds h)
{
	struct fw_culprit by = { .chain = s->chain,
				 .rule = s->chain->rule[s->index],
				 .index = s->index,
				 .all = h == FW_HOLDS_ALL };

	s->end->affected = true;
	s->end->refuses = true;
	if (h != FW_HOLDS_ALL)
		return add_part(w, &by);
	s->end->rest = REST_REFUSED;
	s->end->by = by;
	s->done = true;
	return 0;
}

static void note_docker(struct step *s, const struct fw_chain *to,
			const struct end *there)
{
	if (s->end->docker_user || s->end->leaks || s->end->left)
		return;
	if (!strcmp(to->name, "DOCKER-USER"))
		s->end->docker_user = to;
	else
		s->end->docker_user = there->docker_user;
}

/* Some of the flow go where the rest of them is refused. */
static int enter_some(struct walk *w, struct step *s, const struct end *there,
		      bool come_back)
{
	if (!come_back && (there->rest == REST_BACK || there->leaks))
		s->end->leaks = true;
	return there->rest == REST_REFUSED ? add_rest(w, &there->by) : 0;
}

static void end_there(struct step *s, const struct end *there)
{
	s->end->rest = there->rest;
	s->end->by = there->by;
	s->end->accepts = there->accepts;
	s->end->accepts_in = there->accepts_in;
	s->done = true;
}

/* A jump comes back to the next rule, a goto to whoever called this chain. */
static int enter(struct walk *w, struct step *s, enum fw_holds h,
		 const char *name, bool jump)
{
	const struct fw_chain *to = fw_chain_find(s->chain->table, name);
	struct end there;
	int err;

	if (!to)
		return 0;
	err = look_at(w, to, &there);
	if (err)
		return err;
	s->end->affected |= there.affected;
	s->end->refuses |= there.refuses;
	s->end->logs |= there.logs;
	if (h != FW_HOLDS_ALL)
		return enter_some(w, s, &there, jump);
	note_docker(s, to, &there);
	if (!jump) {
		s->end->leaks |= there.leaks;
		end_there(s, &there);
		return 0;
	}
	if (there.rest == REST_BACK)
		return 0;
	if (there.leaks)
		return enter_some(w, s, &there, true);
	end_there(s, &there);
	return 0;
}

static int verdict(struct walk *w, struct step *s, enum fw_holds h,
		   enum fw_stmt_kind kind, const char *chain)
{
	switch (kind) {
	case FW_S_ACCEPT:
	case FW_S_QUEUE:
	case FW_S_MASQUERADE:
	case FW_S_SNAT:
	case FW_S_DNAT:
	case FW_S_REDIRECT:
		accepted(s, h);
		return 0;
	case FW_S_DROP:
	case FW_S_REJECT:
		return refused(w, s, h);
	case FW_S_RETURN:
		s->done = h == FW_HOLDS_ALL;
		s->end->leaks |= !s->done;
		return 0;
	case FW_S_JUMP:
	case FW_S_GOTO:
		return enter(w, s, h, chain, kind == FW_S_JUMP);
	case FW_S_LOG:
		s->end->logs = true;
		return 0;
	case FW_S_TCPMSS:
	case FW_S_MARK:
	case FW_S_CONNMARK:
	case FW_S_XT:
	case FW_S_EXPR:
		s->end->affected = true;
		return 0;
	case FW_S_VMAP:
		break;
	}
	return 0;
}

static enum fw_holds least(enum fw_holds a, enum fw_holds b)
{
	return a < b ? a : b;
}

static bool key_has_protocol(const struct fw_key *key)
{
	size_t i;

	for (i = 0; i < key->n; i++) {
		enum fw_field field = key->part[i].field;

		if (field == FW_F_L4PROTO || field == FW_F_SPORT ||
		    field == FW_F_DPORT)
			return true;
	}
	return false;
}

static bool asks_protocol(const struct fw_match *m)
{
	switch (m->kind) {
	case FW_M_L4PROTO:
	case FW_M_SPORT:
	case FW_M_DPORT:
	case FW_M_PORTS:
	case FW_M_TCP_FLAGS:
	case FW_M_ICMP:
		return true;
	case FW_M_SET:
		return key_has_protocol(m->lookup.key);
	case FW_M_IIF:
	case FW_M_OIF:
	case FW_M_SADDR:
	case FW_M_DADDR:
	case FW_M_NFPROTO:
	case FW_M_CTSTATE:
	case FW_M_CTSTATUS:
	case FW_M_CTMARK:
	case FW_M_MARK:
	case FW_M_ADDRTYPE:
	case FW_M_LIMIT:
	case FW_M_COMMENT:
	case FW_M_XT:
	case FW_M_EXPR:
		break;
	}
	return false;
}

/*
 * A packet is in one element at most.  What is in none goes on, or has the
 * verdict of the catchall element.
 */
static int vmap(struct walk *w, struct step *s, enum fw_holds h,
		const struct fw_lookup *l)
{
	const struct fw_elem *rest = NULL;
	enum fw_holds in_none = FW_HOLDS_ALL;
	bool known = fw_lookup_fits(l) && !l->set->dynamic;
	size_t i;

	w->protocols |= key_has_protocol(l->key);
	for (i = 0; l->set && i < l->set->n_elem; i++) {
		const struct fw_elem *el = &l->set->elem[i];
		enum fw_holds one = FW_HOLDS_SOME;
		int err;

		if (el->catchall) {
			rest = el;
			continue;
		}
		if (known)
			one = fw_elem_holds(l->key, el, w->f);
		if (one == FW_HOLDS_NONE)
			continue;
		err = verdict(w, s, least(h, one), el->verdict, el->chain);
		if (err || one == FW_HOLDS_ALL)
			return err;
		in_none = FW_HOLDS_SOME;
	}
	if (!rest)
		return 0;
	return verdict(w, s, least(h, known ? in_none : FW_HOLDS_SOME),
		       rest->verdict, rest->chain);
}

static enum fw_holds rule_holds(struct walk *w, const struct fw_rule *r)
{
	enum fw_holds h = FW_HOLDS_ALL;
	size_t i;

	for (i = 0; i < r->n_match && h != FW_HOLDS_NONE; i++) {
		h = least(h, fw_match_holds(&r->match[i], w->f));
		w->protocols |= asks_protocol(&r->match[i]);
	}
	return h;
}

static int take_rule(struct walk *w, struct step *s)
{
	const struct fw_rule *r = s->chain->rule[s->index];
	enum fw_holds h = rule_holds(w, r);
	size_t i;
	int err = 0;

	if (h == FW_HOLDS_NONE)
		return 0;
	for (i = 0; i < r->n_stmt && !s->done && !err; i++) {
		const struct fw_stmt *st = &r->stmt[i];

		if (st->kind == FW_S_VMAP)
			err = vmap(w, s, h, &st->vmap);
		else if (st->kind == FW_S_JUMP || st->kind == FW_S_GOTO)
			err = verdict(w, s, h, st->kind, st->chain);
		else
			err = verdict(w, s, h, st->kind, NULL);
	}
	return err;
}

static int look_at(struct walk *w, const struct fw_chain *c, struct end *ret)
{
	bool is_new;
	struct memo *m = memo_get(w, c, &is_new);
	struct step s = { .chain = c };
	int err;

	if (!m)
		return -ENOMEM;
	if (m->active || w->depth >= MAX_DEPTH)
		return -ELOOP;
	s.end = &m->end;
	if (is_new) {
		m->active = true;
		w->depth++;
		for (; s.index < c->n_rule && !s.done; s.index++) {
			err = take_rule(w, &s);
			if (err)
				return err;
		}
		w->depth--;
		m->active = false;
	}
	*ret = m->end;
	return 0;
}

/* The base chain */

/* Who leaves the base chain by rule @index before its end meets the policy. */
static int leak_to_policy(struct walk *w, size_t index)
{
	struct fw_culprit by = { .chain = w->base, .index = index };

	w->end.leaks = false;
	w->end.left = true;
	w->end.affected = true;
	if (w->base->policy != FW_S_DROP)
		return 0;
	w->end.refuses = true;
	return add_part(w, &by);
}

static void meet_policy(struct walk *w, size_t index)
{
	if (w->base->policy != FW_S_DROP) {
		w->end.rest = REST_ACCEPTED;
		return;
	}
	w->end.rest = REST_REFUSED;
	w->end.by = (struct fw_culprit){ .chain = w->base,
					 .index = index,
					 .all = true };
}

static int take_flow(struct walk *w)
{
	struct step s = { .chain = w->base, .end = &w->end };
	size_t i = 0;

	while (i < w->base->n_rule && !s.done) {
		int err;

		s.index = w->top = i;
		err = take_rule(w, &s);
		if (!err && w->end.leaks)
			err = leak_to_policy(w, i);
		if (err)
			return err;
		if (!s.done)
			i++;
	}
	if (w->end.rest == REST_BACK)
		meet_policy(w, i);
	w->end.by.top = w->at = i;
	return 0;
}

/* What rule @index of @c does to the flow, asked for a second time */
static int ask_again(struct walk *w, const struct fw_chain *c, size_t index,
		     struct end *ret, bool *ret_done)
{
	struct end end = {};
	struct step s = { .chain = c, .index = index, .end = &end };
	int err;

	w->dry = true;
	err = take_rule(w, &s);
	w->dry = false;
	*ret = end;
	*ret_done = s.done;
	return err;
}

/* Several protocols */

/*
 * struct walks - a flow of any protocol: TCP, UDP and the rest
 * @n:		1 for a flow of one protocol, else 3
 * @n_count:	how many of them, from the first, decide over the whole
 */
struct walks {
	struct fw_flow f[3];
	struct walk w[3];
	size_t n, n_count;
};

static void walks_init(struct walks *ws, const struct fw_chain *base,
		       const struct fw_flow *f)
{
	static const int protos[] = { IPPROTO_TCP, IPPROTO_UDP, FW_L4_REST };
	size_t i;

	ws->n = f->l4proto < 0 ? 3 : 1;
	ws->n_count = f->l4proto < 0 ? 2 : 1;
	for (i = 0; i < ws->n; i++) {
		ws->f[i] = *f;
		if (f->l4proto < 0)
			ws->f[i].l4proto = protos[i];
		ws->w[i].f = &ws->f[i];
		ws->w[i].base = base;
	}
}

static void walks_done(struct walks *ws)
{
	size_t i;

	for (i = 0; i < ws->n; i++)
		walk_done(&ws->w[i]);
}

/* Is it "-p PROTO -j REJECT", asking for nothing else? */
static bool rejects_protocol(const struct fw_rule *r)
{
	bool proto = false;
	size_t i;

	for (i = 0; i < r->n_match; i++) {
		if (r->match[i].kind == FW_M_L4PROTO && !r->match[i].invert)
			proto = true;
		else if (r->match[i].kind != FW_M_COMMENT)
			return false;
	}
	for (i = 0; proto && i < r->n_stmt; i++) {
		if (r->stmt[i].kind == FW_S_DROP ||
		    r->stmt[i].kind == FW_S_REJECT)
			return true;
	}
	return false;
}

/*
 * Does rule @i of the base chain belong to the catch-all that follows it?  It
 * refuses one of the protocols; or it logs, and what it would log is not going
 * to be refused any more.  A rule without effect is neither, but does not keep
 * those before it from belonging (@ret_goes_on).
 */
static int belongs(struct walks *ws, size_t i, bool *ret_belongs,
		   bool *ret_goes_on)
{
	bool refuses = rejects_protocol(ws->w[0].base->rule[i]);
	bool logs = false, affects = false;
	size_t k;

	for (k = 0; k < ws->n_count; k++) {
		struct walk *w = &ws->w[k];
		struct end end;
		bool done;
		int err = ask_again(w, w->base, i, &end, &done);

		if (err)
			return err;
		if (done && end.rest == REST_REFUSED) {
			refuses = true;
			continue;
		}
		logs |= end.logs;
		affects |= end.affected || end.leaks || done;
	}
	*ret_belongs = !affects && (refuses || logs);
	*ret_goes_on = !affects;
	return 0;
}

static int move_up(struct walks *ws, size_t *at)
{
	bool yes, goes_on = true;
	size_t i = *at;

	while (i && goes_on) {
		int err = belongs(ws, --i, &yes, &goes_on);

		if (err)
			return err;
		if (yes)
			*at = i;
	}
	return 0;
}

/* Behind refusals of parts, before the first that leave DOCKER-USER. */
static int place_in_docker(struct walks *ws, const struct fw_chain *c,
			   size_t *ret_at)
{
	size_t i, k;

	*ret_at = 0;
	for (i = 0; i < c->n_rule; i++) {
		bool refuses = false;

		for (k = 0; k < ws->n_count; k++) {
			struct end end;
			bool done;
			int err = ask_again(&ws->w[k], c, i, &end, &done);

			if (err || done || end.leaks)
				return err;
			refuses |= end.refuses;
		}
		if (refuses)
			*ret_at = i + 1;
	}
	return 0;
}

/*
 * struct merged - the parts of all protocols as one list
 * @seen:	hash table of the rules that are in it: what refuses parts of
 *		several protocols is told once
 */
struct merged {
	struct fw_passage *p;
	struct arena *a;
	const void **seen;
	size_t n_seen;
};

static int merge_part(struct merged *m, const struct fw_culprit *part,
		      const void *key)
{
	size_t i = ((uintptr_t)key >> 4) * 2654435761u;
	struct fw_culprit *c;

	for (i &= m->n_seen - 1; m->seen[i]; i = (i + 1) & (m->n_seen - 1)) {
		if (m->seen[i] == key)
			return 0;
	}
	m->seen[i] = key;
	c = arena_grow(m->a, &m->p->part, m->p->n_part, &m->p->cap_part,
		       sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = *part;
	m->p->n_part++;
	return 0;
}

/* The policy may refuse several parts, which the rule that left tells apart. */
static int merge_top(struct merged *m, struct walk *w, size_t *i, size_t top)
{
	const void *left = w->base;
	int err = 0;

	if (top < w->base->n_rule)
		left = w->base->rule[top];
	for (; *i < w->n_part && w->part[*i].top == top && !err; (*i)++) {
		const struct fw_culprit *part = &w->part[*i];

		err = merge_part(m, part, part->rule ? part->rule : left);
	}
	return err;
}

/*
 * By the rule of the base chain that leads there; below one rule those of the
 * first protocol come first, then what only others meet.
 */
static int merge_parts(struct walks *ws, struct fw_passage *p, struct arena *a)
{
	struct merged m = { .p = p, .a = a, .n_seen = 16 };
	size_t at[3] = {}, top, k, n = 0;
	int err = 0;

	for (k = 0; k < ws->n; k++)
		n += ws->w[k].n_part;
	while (m.n_seen < 2 * n)
		m.n_seen *= 2;
	m.seen = arena_array(&ws->w[0].scratch, m.n_seen, sizeof(*m.seen));
	if (!m.seen)
		return -ENOMEM;
	while (n && !err) {
		top = SIZE_MAX;
		n = 0;
		for (k = 0; k < ws->n; k++) {
			struct walk *w = &ws->w[k];

			n += w->n_part - at[k];
			if (at[k] < w->n_part && w->part[at[k]].top < top)
				top = w->part[at[k]].top;
		}
		for (k = 0; k < ws->n && !err; k++)
			err = merge_top(&m, &ws->w[k], &at[k], top);
	}
	return err;
}

static bool same_culprit(const struct fw_culprit *a, const struct fw_culprit *b)
{
	return a->chain == b->chain && a->rule == b->rule;
}

/*
 * What refuses one protocol whole refuses a part of a flow of any; but for what
 * refuses the whole, @by.
 */
static int parts_of_protocols(struct walks *ws, const struct fw_culprit *by)
{
	size_t k;
	int err = 0;

	for (k = 0; k < ws->n && !err; k++) {
		struct walk *w = &ws->w[k];

		w->top = w->at;
		if (w->end.rest == REST_REFUSED &&
		    !(by && same_culprit(&w->end.by, by)))
			err = add_part(w, &w->end.by);
	}
	return err;
}

/* The protocol that falls last, of those that count; NULL where one does not */
static const struct walk *last_to_fall(const struct walks *ws)
{
	const struct walk *last = &ws->w[0];
	size_t k;

	for (k = 0; k < ws->n_count; k++) {
		if (ws->w[k].end.rest != REST_REFUSED)
			return NULL;
		if (ws->w[k].at > last->at)
			last = &ws->w[k];
	}
	return last;
}

static int merge_refused(struct walks *ws, const struct walk *last,
			 struct fw_passage *p)
{
	size_t k;
	int err;

	p->fate = FW_REFUSED;
	p->by = last->end.by;
	p->at = p->falls = last->at;
	p->docker_user = last->end.docker_user;
	for (k = 0; k < ws->n_count; k++) {
		if (ws->w[k].at < p->falls)
			p->falls = ws->w[k].at;
		if (ws->w[k].end.docker_user != p->docker_user)
			p->docker_user = NULL;
	}
	err = move_up(ws, &p->at);
	if (err || !p->docker_user)
		return err;
	return place_in_docker(ws, p->docker_user, &p->docker_at);
}

static void merge_accepts(const struct walks *ws, struct fw_passage *p)
{
	size_t k;

	p->accepts = ws->w[0].end.accepts;
	p->accepts_in = ws->w[0].end.accepts_in;
	for (k = 1; k < ws->n; k++) {
		if (ws->w[k].end.accepts != p->accepts)
			p->accepts = NULL;
	}
	if (!p->accepts)
		p->accepts_in = NULL;
}

static int merge(struct walks *ws, struct fw_passage *p, struct arena *a)
{
	const struct walk *last = last_to_fall(ws);
	int err;

	err = parts_of_protocols(ws, last ? &last->end.by : NULL);
	if (!err)
		err = merge_parts(ws, p, a);
	if (err)
		return err;
	if (last)
		return merge_refused(ws, last, p);
	p->fate = p->n_part ? FW_PARTLY : FW_PASSES;
	merge_accepts(ws, p);
	return 0;
}

int fw_walk_chain(const struct fw_ruleset *rs, const struct fw_chain *base,
		  const struct fw_flow *f, struct arena *a,
		  struct fw_passage *ret)
{
	cleanup(walks_done) struct walks ws = {};
	struct fw_passage p = { .base = base };
	size_t k;
	int err;

	(void)rs;
	walks_init(&ws, base, f);
	for (k = 0; k < ws.n; k++) {
		err = take_flow(&ws.w[k]);
		if (err)
			return err;
		if (!ws.w[k].protocols)
			ws.n = ws.n_count = 1;
	}
	err = merge(&ws, &p, a);
	if (!err)
		*ret = p;
	return err;
}

/* All base chains */

bool fw_chain_sees(const struct fw_chain *c, const struct fw_flow *f)
{
	const struct fw_table *t = c->table;

	return c->base && c->hook == f->hook && !t->dormant &&
	       (t->family == f->family || t->family == NFPROTO_INET) &&
	       !(c->type && !strcmp(c->type, "nat"));
}

/* The kernel puts a chain before those of the same priority (Linux 4.14). */
static void put_in_order(struct fw_way *way, const struct fw_passage *p)
{
	size_t i = way->n_passage++;

	while (i && way->passage[i - 1].base->priority >= p->base->priority) {
		way->passage[i] = way->passage[i - 1];
		i--;
	}
	way->passage[i] = *p;
}

int fw_walk(const struct fw_ruleset *rs, const struct fw_flow *f,
	    struct arena *a, struct fw_way *ret)
{
	struct fw_way way = {};
	size_t i, j;

	for (i = 0; i < rs->n_table; i++) {
		const struct fw_table *t = rs->table[i];

		for (j = 0; j < t->n_chain; j++) {
			struct fw_passage p;
			int err;

			if (!fw_chain_sees(t->chain[j], f))
				continue;
			err = fw_walk_chain(rs, t->chain[j], f, a, &p);
			if (err)
				return err;
			if (!arena_grow(a, &way.passage, way.n_passage,
					&way.cap_passage, sizeof(p)))
				return -ENOMEM;
			put_in_order(&way, &p);
		}
	}
	*ret = way;
	return 0;
}
