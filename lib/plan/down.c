// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/plan.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* "not fwmark N lookup N", whoever's N */
static bool is_mark_rule(const struct snap_rule *r)
{
	return r->plain && r->invert && r->mark && r->mark == r->table &&
	       r->suppress < 0;
}

static bool is_suppress_rule(const struct snap_rule *r)
{
	return r->plain && !r->invert && !r->mark &&
	       r->table == RT_TABLE_MAIN && r->suppress == 0;
}

static bool in_tables(const struct snap_down *snap, uint32_t table)
{
	size_t i;

	for (i = 0; i < snap->n_default_tables; i++)
		if (snap->default_tables[i] == table)
			return true;
	return false;
}

/*
 * Is the mark the tunnel's?  Normally its device carries it and routes a
 * default through it.  A device whose mark was cleared meanwhile, as a reload
 * by syncconf does (SYNC-5), is known by the default route in table N.
 */
static bool is_ours(const struct conf *conf, const struct snap_down *snap,
		    const struct plan_memory *memory, uint32_t mark)
{
	if (memory->mark == mark && !snap->mark_foreign)
		return true;
	if (conf->table.s && *conf->table.s && strcmp(conf->table.s, "auto"))
		return false;
	if (in_tables(snap, mark))
		return true;
	return snap->fwmark == mark && snap->default_allowed;
}

/*
 * struct pairs - which rules belong together
 * @partner:	by index of a mark rule: its suppress rule's index
 * @taken:	by index of a suppress rule: it has a mark rule
 */
struct pairs {
	size_t *partner;
	bool *taken;
};

static int delete_rule(struct plan *p, const struct snap_rule *r,
		       enum rule_what what)
{
	struct step *s = plan_add(p, STEP_RULE_DEL, 0);

	if (!s)
		return -ENOMEM;
	s->rule = (struct step_rule){
		.family = r->family,
		.what = what,
		.mark = r->mark,
		.priority = r->priority,
	};
	return 0;
}

#define NO_PARTNER SIZE_MAX

static bool take_partner(const struct snap_down *snap, struct pairs *pairs,
			 size_t mark, size_t at)
{
	if (!is_suppress_rule(&snap->rules[at]) || pairs->taken[at])
		return false;
	pairs->partner[mark] = at;
	pairs->taken[at] = true;
	return true;
}

/*
 * Every tunnel's pair is made of a suppress rule and, further down the list, a
 * mark rule; pairs made one after the other nest.  So each mark rule belongs to
 * the nearest suppress rule above it that no other has claimed.
 */
static void look_above(const struct snap_down *snap, struct pairs *pairs,
		       size_t mark)
{
	const struct snap_rule *v = snap->rules;
	size_t i;

	for (i = mark; i-- > 0 && v[i].family == v[mark].family;)
		if (take_partner(snap, pairs, mark, i))
			return;
}

/* PRIO-2's wrong order: of equal preference, but in the order they came. */
static void look_below(const struct snap_down *snap, struct pairs *pairs,
		       size_t mark)
{
	const struct snap_rule *v = snap->rules;
	size_t i;

	for (i = mark + 1; i < snap->n_rules && v[i].family == v[mark].family &&
			   v[i].priority == v[mark].priority;
	     i++)
		if (take_partner(snap, pairs, mark, i))
			return;
}

static int find_pairs(const struct snap_down *snap, struct arena *a,
		      struct pairs *pairs)
{
	size_t i;

	pairs->partner = arena_array(a, snap->n_rules, sizeof(size_t));
	pairs->taken = arena_array(a, snap->n_rules, sizeof(bool));
	if (!pairs->partner || !pairs->taken)
		return -ENOMEM;
	for (i = 0; i < snap->n_rules; i++) {
		pairs->partner[i] = NO_PARTNER;
		if (is_mark_rule(&snap->rules[i]))
			look_above(snap, pairs, i);
	}
	for (i = 0; i < snap->n_rules; i++)
		if (is_mark_rule(&snap->rules[i]) &&
		    pairs->partner[i] == NO_PARTNER)
			look_below(snap, pairs, i);
	return 0;
}

/*
 * A suppress rule of ours that has lost its mark rule to a run that was cut
 * off: no other mark rule claims it, and it is where `up` put it.
 */
static bool is_left_over(const struct snap_rule *r, bool taken,
			 const struct plan_memory *memory)
{
	enum snap_family f = snap_family(r->family);

	return !taken && memory->has_suppress[f] &&
	       memory->suppress[f] == r->priority && is_suppress_rule(r);
}

static int delete_pair(struct plan *p, const struct snap_down *snap,
		       const struct pairs *pairs, size_t mark)
{
	size_t partner = pairs->partner[mark];
	int ret;

	ret = delete_rule(p, &snap->rules[mark], RULE_MARK);
	if (ret || partner == NO_PARTNER)
		return ret;
	return delete_rule(p, &snap->rules[partner], RULE_SUPPRESS);
}

/* Tells whether a full tunnel of somebody else stays behind in IPv4. */
static int delete_rules(const struct conf *conf, const struct snap_down *snap,
			const struct plan_memory *memory, struct plan *p,
			bool *ret_others)
{
	const struct snap_rule *r;
	struct pairs pairs;
	size_t i;
	int ret;

	*ret_others = false;
	ret = find_pairs(snap, &p->arena, &pairs);
	for (i = 0; i < snap->n_rules && !ret; i++) {
		r = &snap->rules[i];
		if (is_left_over(r, pairs.taken[i], memory))
			ret = delete_rule(p, r, RULE_SUPPRESS);
		else if (!is_mark_rule(r))
			continue;
		else if (is_ours(conf, snap, memory, r->mark))
			ret = delete_pair(p, snap, &pairs, i);
		else
			*ret_others |= r->family == AF_INET;
	}
	return ret;
}

void plan_remember(struct plan_memory *memory, const struct step *s)
{
	enum snap_family f;

	if (s->kind != STEP_RULE_ADD && s->kind != STEP_RULE_DEL)
		return;
	f = snap_family(s->rule.family);
	if (s->rule.what == RULE_MARK) {
		memory->mark = s->rule.mark;
	} else {
		memory->has_suppress[f] = true;
		memory->suppress[f] = s->rule.priority;
	}
}

static int restore_sysctl(struct plan *p, const char *key, int now, int old)
{
	struct step *s;

	if (old < 0 || now == old)
		return 0;
	s = plan_add(p, STEP_SYSCTL, 0);
	if (!s)
		return -ENOMEM;
	s->sysctl = (struct step_sysctl){ .key = key, .value = old, .old = -1 };
	return 0;
}

/* Every table of the name, whatever its family (FWR-1). */
static int delete_spoof(const struct snap_down *snap, struct plan *p)
{
	struct step *s;
	uint8_t i;

	for (i = 0; i < NFPROTO_NUMPROTO; i++) {
		if (snap->spoof_tables & 1U << i) {
			s = plan_add(p, STEP_SPOOF_DEL, 0);
			if (!s)
				return -ENOMEM;
			s->spoof.family = i;
		}
	}
	for (i = 0; i < SNAP_FAMILIES; i++) {
		if (snap->spoof_iptables[i]) {
			s = plan_add(p, STEP_XT_DEL, 0);
			if (!s)
				return -ENOMEM;
			s->spoof.family = SNAP_AF[i];
		}
	}
	return 0;
}

int plan_down(const struct conf *conf, const struct snap_down *snap,
	      const struct plan_memory *memory, struct plan *p)
{
	bool others;
	int ret;

	ret = delete_rules(conf, snap, memory, p, &others);
	if (ret)
		return ret;
	if (snap->link.exists && !plan_add(p, STEP_LINK_DEL, 0))
		return -ENOMEM;
	if ((conf->dns.n || memory->dns) && !plan_add(p, STEP_DNS_DEL, 0))
		return -ENOMEM;
	ret = delete_spoof(snap, p);
	if (ret)
		return ret;
	if (!others)
		ret = restore_sysctl(p, SYSCTL_SRC_VALID_MARK,
				     snap->src_valid_mark,
				     memory->src_valid_mark);
	if (!ret && !snap->other_wireguard)
		ret = restore_sysctl(p, SYSCTL_SEND_REDIRECTS,
				     snap->send_redirects,
				     memory->send_redirects);
	return ret;
}
