// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/explain.h"
#include "fw/place_private.h"

/*
 * struct spot - where an accept would save a flow
 * @p:		the walk that found it
 * @c:		chain: the base chain, or DOCKER-USER
 * @at:		index in it
 */
struct spot {
	struct fw_passage p;
	const struct fw_chain *c;
	size_t at;
};

/* What a chain's manager offers where a rule of ours is of no use */

static bool is_firewalld(const struct fw_table *t)
{
	return t->backend == FW_NFT && !strcmp(t->name, "firewalld");
}

static void offer_firewalld(const struct accept *acc, const struct placer *pl,
			    struct buf *out)
{
	const struct fw_flow *f = &acc->flow[!acc->want[0]];

	if (f->hook == FW_INPUT && f->l4proto == IPPROTO_UDP)
		buf_addf(out,
			 "firewall-cmd --add-port=%u/udp; "
			 "firewall-cmd --permanent --add-port=%u/udp",
			 f->dport.lo, f->dport.lo);
	else
		buf_addf(out,
			 "firewall-cmd --zone=trusted --add-interface=%s; "
			 "firewall-cmd --permanent --zone=trusted "
			 "--add-interface=%s",
			 pl->ifname, pl->ifname);
}

/*
 * A table with an owner refuses changes by others; firewalld's without one, and
 * those of Docker and kube-proxy, are made anew by their managers at any time.
 * Return: whether the table is not for us; @out receives what to do then.
 */
static bool hands_off(const struct accept *acc, const struct placer *pl,
		      const struct fw_table *t, struct buf *out)
{
	if (is_firewalld(t)) {
		offer_firewalld(acc, pl, out);
		return true;
	}
	if (t->owner) {
		buf_addf(out,
			 "the program that owns the table (port %u) "
			 "has to accept it",
			 t->owner);
		return true;
	}
	if (t->backend == FW_NFT && !strcmp(t->name, "docker-bridges")) {
		buf_adds(out,
			 "dockerd --bridge-accept-fwmark=MARK, or networks "
			 "with gateway_mode routed, open it");
		return true;
	}
	if (t->backend == FW_NFT && !strncmp(t->name, "kube-", 5)) {
		buf_adds(out, "kube-proxy makes this table anew");
		return true;
	}
	return false;
}

static int note_refusal(struct placer *pl, const struct accept *acc,
			const struct fw_culprit *by, const char *offer)
{
	cleanup(buf_done) struct buf b = {};

	if (!acc->what)
		return 0;
	fw_print_chain(by->chain, &b);
	buf_addf(&b, " refuses %s, by ", acc->what);
	fw_print_culprit(by, &b);
	buf_addf(&b, "; no rule of ours can change that: %s", offer);
	if (b.failed)
		return -ENOMEM;
	return place_note(pl->ns, "%s", b.p);
}

static int note_place(struct placer *pl, const struct accept *acc,
		      const struct spot *s, size_t at)
{
	cleanup(buf_done) struct buf b = {};

	if (!acc->what)
		return 0;
	fw_print_chain(s->c, &b);
	buf_addf(&b, ": accept for %s at %zu, else refused by ", acc->what,
		 at + 1);
	fw_print_culprit(&s->p.by, &b);
	if (s->c->base && fw_manager_of(s->p.by.chain) == FW_BY_FIREWALLD)
		buf_adds(&b, ", whose reload takes the accept away");
	if (b.failed)
		return -ENOMEM;
	return place_note(pl->ns, "%s", b.p);
}

/* Rules */

static bool adds_to(const struct fw_edit *ed, const struct fw_chain *c)
{
	const struct fw_table *t = c->table;

	return ed->kind == FW_E_RULE_ADD && ed->backend == t->backend &&
	       ed->family == t->family && !strcmp(ed->table, t->name) &&
	       ed->chain && !strcmp(ed->chain, c->name);
}

/* Where @at is by now, behind the edits that come first. */
static size_t shifted(const struct placer *pl, const struct fw_chain *c,
		      size_t at)
{
	const struct fw_edits *es = pl->es;
	const struct fw_edit *before = pl->before;
	size_t i;

	if (before && adds_to(before, c) &&
	    (before->append ? c->n_rule : before->at) <= at)
		at++;
	for (i = 0; i < es->n; i++) {
		if (adds_to(&es->v[i], c) && es->v[i].at <= at)
			at++;
	}
	return at;
}

static int copy_matches(struct arena *a, struct fw_rule *r,
			const struct fw_rule *from)
{
	size_t i;

	for (i = 0; i < from->n_match; i++) {
		struct fw_match *m = fw_match_add(a, r, from->match[i].kind);

		if (!m)
			return -ENOMEM;
		*m = from->match[i];
	}
	return 0;
}

static bool asks_for_state(const struct fw_rule *r)
{
	size_t i;

	for (i = 0; i < r->n_match; i++) {
		if (r->match[i].kind == FW_M_CTSTATE)
			return true;
	}
	return false;
}

/* Put the mark where the backend keeps comments. */
static int mark_rule(struct placer *pl, struct fw_rule *r,
		     enum fw_backend backend)
{
	struct fw_match *m;

	if (backend == FW_NFT) {
		r->comment = pl->mark;
		return 0;
	}
	m = fw_match_add(&pl->es->arena, r, FW_M_COMMENT);
	if (!m)
		return -ENOMEM;
	m->comment = pl->mark;
	return 0;
}

/* @family: the one that the rule is for in a table of both, 0 = both */
static struct fw_rule *make_rule(struct placer *pl, const struct accept *acc,
				 const struct fw_table *t, uint8_t family,
				 bool established)
{
	struct arena *a = &pl->es->arena;
	struct fw_rule *r = arena_alloc(a, sizeof(*r));

	if (!r)
		return NULL;
	r->legible = true;
	if (family && t->family == NFPROTO_INET &&
	    match_number(a, r, FW_M_NFPROTO, family))
		return NULL;
	if (copy_matches(a, r, &acc->rule))
		return NULL;
	if (established && !asks_for_state(r) && match_replies(a, r))
		return NULL;
	if (mark_rule(pl, r, t->backend) || statement(a, r, FW_S_ACCEPT))
		return NULL;
	return r;
}

static int add_accept(struct placer *pl, const struct accept *acc,
		      const struct spot *s, uint8_t family, bool established)
{
	const struct fw_table *t = s->c->table;
	size_t at = shifted(pl, s->c, s->at);
	struct fw_edit *ed;

	ed = fw_edit_add(pl->es, FW_E_RULE_ADD, t->backend, t->family, t->name,
			 s->c->name);
	if (!ed)
		return -ENOMEM;
	ed->at = at;
	ed->append = s->at == s->c->n_rule;
	ed->native = !is_iptables_table(t);
	ed->rule = make_rule(pl, acc, t, family, established);
	if (!ed->rule)
		return -ENOMEM;
	return established && acc->new_too ? 0 : note_place(pl, acc, s, at);
}

/* Chains */

/* Return: 1 and the spot where it is refused, 0, or -errno */
static int find_spot(struct placer *pl, const struct fw_chain *base,
		     const struct fw_flow *f, struct spot *ret)
{
	int err;

	if (!fw_chain_sees(base, f))
		return 0;
	err = fw_walk_chain(pl->rs, base, f, &pl->a, &ret->p);
	if (err || ret->p.fate != FW_REFUSED)
		return err;
	ret->c = base;
	ret->at = ret->p.at;
	if (ret->p.docker_user) {
		ret->c = ret->p.docker_user;
		ret->at = ret->p.docker_at;
	}
	return 1;
}

static bool same_spot(const struct spot *a, const struct spot *b)
{
	return a->c == b->c && a->at == b->at;
}

/*
 * Both families in one rule where both are refused at one place.  What is
 * established needs a rule of its own only where it falls before what is new.
 */
static int place_spots(struct placer *pl, const struct accept *acc,
		       const struct spot *s, const bool *refused,
		       bool established)
{
	int k, err = 0;

	if (refused[0] && refused[1] && same_spot(&s[0], &s[1]))
		return add_accept(pl, acc, &s[0], 0, established);
	for (k = 0; k < 2 && !err; k++) {
		if (refused[k])
			err = add_accept(pl, acc, &s[k], accept_family(k),
					 established);
	}
	return err;
}

static int place_in(struct placer *pl, const struct accept *acc,
		    const struct fw_chain *base)
{
	cleanup(buf_done) struct buf offer = {};
	struct spot fresh[2] = {}, old[2] = {};
	bool need_new[2] = {}, need_old[2] = {};
	int k, err;

	for (k = 0; k < 2; k++) {
		struct fw_flow f = acc->flow[k];

		if (!acc->want[k])
			continue;
		err = acc->new_too ? find_spot(pl, base, &f, &fresh[k]) : 0;
		if (err < 0)
			return err;
		need_new[k] = err;
		f.ctstate = FW_CT_ESTABLISHED;
		f.syn = false;
		err = find_spot(pl, base, &f, &old[k]);
		if (err < 0)
			return err;
		need_old[k] = err && !(need_new[k] && fresh[k].c == old[k].c &&
				       fresh[k].at <= old[k].at);
	}
	if (!need_new[0] && !need_new[1] && !need_old[0] && !need_old[1])
		return 0;
	k = need_new[0] || need_old[0] ? 0 : 1;
	if (hands_off(acc, pl, base->table, &offer))
		return note_refusal(pl, acc,
				    need_new[k] ? &fresh[k].p.by : &old[k].p.by,
				    offer.p ? offer.p : "");
	err = place_spots(pl, acc, old, need_old, true);
	if (!err)
		err = place_spots(pl, acc, fresh, need_new, false);
	return err;
}

int accept_place(struct placer *pl, const struct accept *acc)
{
	size_t i, j;

	for (i = 0; i < pl->rs->n_table; i++) {
		const struct fw_table *t = pl->rs->table[i];

		for (j = 0; j < t->n_chain; j++) {
			int err;

			if (!t->chain[j]->base || t->chain[j] == acc->not_in)
				continue;
			err = place_in(pl, acc, t->chain[j]);
			if (err)
				return err;
		}
	}
	return 0;
}
