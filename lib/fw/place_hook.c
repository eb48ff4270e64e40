// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/explain.h"
#include "fw/place_private.h"

/*
 * struct asked - what the rule of a hook asks for
 * @hook:	FW_FORWARD or FW_INPUT
 * @in:		it names the tunnel as the interface to come in by
 * @out:	likewise to go out by
 * @flow:	what it would accept
 * @src:	the address that it names, for @flow
 * @dst:	likewise
 */
struct asked {
	enum fw_hook hook;
	bool in, out;
	struct fw_flow flow;
	struct addr src, dst;
};

/* Does a rule's interface mean this one, by its name or with a "+"? */
static bool means(const struct fw_match *m, const char *ifname)
{
	const struct fw_iface *i = &m->iface;

	if (m->invert || i->index || !i->name[0])
		return false;
	return i->prefix ? !strncmp(i->name, ifname, strlen(i->name))
			 : !strcmp(i->name, ifname);
}

static void ask_iface(const struct fw_match *m, const struct place_want *w,
		      struct fw_iface_set *set, bool *ret_tunnel)
{
	if (means(m, w->ifname)) {
		*ret_tunnel = true;
		set->name = w->ifname;
		set->index = w->ifindex;
	} else if (!m->invert && !m->iface.prefix && !m->iface.index) {
		set->name = m->iface.name;
	}
}

/* One prefix of addresses narrows the flow; anything else does not. */
static bool ask_addr(const struct fw_match *m, struct addr *ret)
{
	unsigned int i = 0, bits = addr_bits(m->addr.family);

	if (m->invert || m->addr.range)
		return false;
	while (i < bits && m->addr.mask[i / 8] & (0x80 >> i % 8))
		i++;
	ret->family = m->addr.family;
	ret->plen = (uint8_t)i;
	memcpy(ret->b, m->addr.b, addr_bytes(m->addr.family));
	for (; i < bits; i++) {
		if (m->addr.mask[i / 8] & (0x80 >> i % 8))
			return false;
	}
	return true;
}

static void ask_match(const struct fw_match *m, const struct place_want *w,
		      struct asked *q)
{
	struct fw_flow *f = &q->flow;

	if (m->kind == FW_M_IIF) {
		ask_iface(m, w, &f->in, &q->in);
	} else if (m->kind == FW_M_OIF) {
		ask_iface(m, w, &f->out, &q->out);
	} else if (m->kind == FW_M_SADDR && ask_addr(m, &q->src)) {
		f->src = &q->src;
		f->n_src = 1;
	} else if (m->kind == FW_M_DADDR && ask_addr(m, &q->dst)) {
		f->dst = &q->dst;
		f->n_dst = 1;
	} else if (m->invert) {
		return;
	} else if (m->kind == FW_M_L4PROTO && m->range.lo == m->range.hi) {
		f->l4proto = m->range.lo;
	} else if (m->kind == FW_M_SPORT) {
		f->sport = m->range;
	} else if (m->kind == FW_M_DPORT) {
		f->dport = m->range;
	} else if (m->kind == FW_M_CTSTATE && !(m->ct.mask & FW_CT_NEW)) {
		f->ctstate = FW_CT_ESTABLISHED;
		f->syn = false;
	}
}

static bool opens_port(const struct asked *q, const struct place_want *w)
{
	const struct fw_flow *f = &q->flow;

	return q->hook == FW_INPUT && w->port && !f->in.name &&
	       f->l4proto == IPPROTO_UDP && f->dport.lo <= w->port &&
	       f->dport.hi >= w->port;
}

/* Is it an accept for the tunnel?  Then @q says what it asks for. */
static bool asks(const struct fw_edit *ed, const struct place_want *w,
		 struct asked *q)
{
	const struct fw_rule *r = ed->rule;
	size_t i;

	if (ed->kind != FW_E_RULE_ADD || !ed->chain ||
	    strcmp(ed->table, "filter") != 0 || r->n_stmt != 1 ||
	    r->stmt[0].kind != FW_S_ACCEPT)
		return false;
	if (!strcmp(ed->chain, "FORWARD"))
		q->hook = FW_FORWARD;
	else if (!strcmp(ed->chain, "INPUT"))
		q->hook = FW_INPUT;
	else
		return false;
	q->flow = (struct fw_flow){ .family = ed->family,
				    .hook = q->hook,
				    .l4proto = -1,
				    .ctstate = FW_CT_NEW,
				    .syn = true };
	for (i = 0; i < r->n_match; i++)
		ask_match(&r->match[i], w, q);
	return q->in || (q->out && q->hook == FW_FORWARD) || opens_port(q, w);
}

/* The peers' networks are on the tunnel's side, unless the rule names some. */
static int add_nets(struct placer *pl, const struct place_want *w,
		    struct fw_flow *f, bool in, bool out)
{
	int err = 0;

	f->sorted = true;
	if (in && !f->n_src)
		err = fw_prefixes(w->src, w->n_src, f->family, &pl->a, &f->src,
				  &f->n_src);
	if (!err && out && !f->n_dst)
		err = fw_prefixes(w->src, w->n_src, f->family, &pl->a, &f->dst,
				  &f->n_dst);
	return err;
}

static int note_move(struct placer *pl, const struct fw_edit *ed,
		     const struct fw_passage *p, size_t literal)
{
	cleanup(buf_done) struct buf b = {};

	fw_print_chain(p->base, &b);
	buf_adds(&b, ": ");
	fw_rule_print(ed->rule, ed->family, &b);
	buf_addf(&b,
		 " goes to %zu, not to %zu, where it would be dead: "
		 "refused by ",
		 p->at + 1, literal + 1);
	fw_print_culprit(&p->by, &b);
	if (b.failed)
		return -ENOMEM;
	return place_note(pl->ns, "%s", b.p);
}

/*
 * The literal position stands where it takes effect: up to where the flow falls
 * there may be several that do.
 */
static int move_edit(struct placer *pl, const struct asked *q,
		     const struct fw_chain *base, struct fw_edit *ed)
{
	size_t literal = ed->at;
	struct fw_passage p;
	int err;

	if (ed->append || literal > base->n_rule)
		literal = base->n_rule;
	if (!ed->append)
		ed->at = literal;
	err = fw_walk_chain(pl->rs, base, &q->flow, &pl->a, &p);
	if (err || p.fate != FW_REFUSED || literal <= p.at ||
	    literal <= p.falls)
		return err;
	ed->at = p.at;
	ed->append = false;
	return note_move(pl, ed, &p, literal);
}

/* The same accept in other chains, with the rule's own matches. */
static int join_elsewhere(struct placer *pl, const struct asked *q,
			  const struct fw_chain *base, const struct fw_edit *ed)
{
	int k = ed->family == NFPROTO_IPV6;
	struct accept acc = { .what = "the same traffic", .not_in = base };
	size_t i;

	for (i = 0; i < ed->rule->n_match; i++) {
		const struct fw_match *from = &ed->rule->match[i];
		struct fw_match *m;

		if (from->kind == FW_M_COMMENT)
			continue;
		m = fw_match_add(&pl->a, &acc.rule, from->kind);
		if (!m)
			return -ENOMEM;
		*m = *from;
	}
	acc.want[k] = true;
	acc.flow[k] = q->flow;
	acc.new_too = q->flow.ctstate == FW_CT_NEW;
	return accept_place(pl, &acc);
}

/* The way back of what a rule lets through, in every chain. */
static int join_replies(struct placer *pl, const struct asked *q)
{
	int k = q->flow.family == NFPROTO_IPV6;
	struct accept acc = { .what = q->in ? "replies to the tunnel"
					    : "replies from the tunnel" };
	const struct fw_flow *f = &q->flow;
	struct arena *a = &pl->a;

	if (f->out.name &&
	    match_iface(a, &acc.rule, FW_M_IIF, f->out.name, false))
		return -ENOMEM;
	if (f->in.name &&
	    match_iface(a, &acc.rule, FW_M_OIF, f->in.name, false))
		return -ENOMEM;
	if (match_replies(a, &acc.rule))
		return -ENOMEM;
	acc.want[k] = true;
	acc.flow[k] = *f;
	acc.flow[k].in = f->out;
	acc.flow[k].out = f->in;
	acc.flow[k].src = f->dst;
	acc.flow[k].n_src = f->n_dst;
	acc.flow[k].dst = f->src;
	acc.flow[k].n_dst = f->n_src;
	acc.flow[k].sport = f->dport;
	acc.flow[k].dport = f->sport;
	acc.flow[k].ctstate = FW_CT_ESTABLISHED;
	acc.flow[k].syn = false;
	return accept_place(pl, &acc);
}

static int place_asked(struct placer *pl, const struct place_want *w,
		       struct asked *q, struct fw_edit *ed)
{
	const struct fw_chain *base = NULL;
	const struct fw_table *t;
	int err;

	err = add_nets(pl, w, &q->flow, q->in, q->out);
	if (err)
		return err;
	t = fw_table_find(pl->rs, ed->backend, ed->family, ed->table);
	if (t)
		base = fw_chain_find(t, ed->chain);
	if (base && base->base)
		err = move_edit(pl, q, base, ed);
	if (!err)
		err = join_elsewhere(pl, q, base, ed);
	if (!err && q->hook == FW_FORWARD && q->flow.ctstate == FW_CT_NEW)
		err = join_replies(pl, q);
	return err;
}

int place_hook(const struct fw_ruleset *rs, const struct place_want *w,
	       struct fw_edit *ed, struct fw_edits *more,
	       struct place_notes *ns, struct wgq_err *e)
{
	cleanup(placer_done) struct placer pl = {};
	struct asked q = {};
	int err;

	if (!asks(ed, w, &q))
		return 0;
	err = placer_init(&pl, rs, w->ifname, w->ifindex, more, ns);
	if (err)
		return placer_fail(err, e);
	pl.before = ed;
	return placer_fail(place_asked(&pl, w, &q, ed), e);
}
