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

static const struct snap_table *find_table(const struct snap_down *snap,
					   uint32_t number)
{
	size_t i;

	for (i = 0; i < snap->n_tables; i++)
		if (snap->tables[i].number == number)
			return &snap->tables[i];
	return NULL;
}

/**
 * struct rules - the rules of the host, and which of them go
 * @conf:	conf
 * @snap:	what there is
 * @memory:	from the journal
 * @p:		plan to append to
 * @partner:	by index of a mark rule: its suppress rule's index
 * @taken:	by index of a suppress rule: it has a mark rule
 * @paired:	by index of the family: a pair of ours was found
 */
struct rules {
	const struct conf *conf;
	const struct snap_down *snap;
	const struct plan_memory *memory;
	struct plan *p;
	size_t *partner;
	bool *taken;
	bool paired[SNAP_FAMILIES];
};

static bool is_auto(const struct conf *conf)
{
	return !conf->table.s || !*conf->table.s ||
	       !strcmp(conf->table.s, "auto");
}

/*
 * Is the table that the rule looks up, which is a mark too, the tunnel's?
 * Normally its device carries the mark and routes a default through it.  A
 * device whose mark was cleared meanwhile, as a reload by syncconf does
 * (SYNC-5), is known by the default route in table N.
 */
static bool is_ours(const struct rules *rules, const struct snap_rule *r)
{
	const struct snap_down *snap = rules->snap;
	const struct snap_table *t = find_table(snap, r->table);
	enum snap_family f = snap_family(r->family);

	/* Another tunnel has the same number, and this family of it. */
	if (t && t->others[f] && !t->ours[f])
		return false;
	if (rules->memory->mark == r->table && !snap->mark_foreign)
		return true;
	if (!is_auto(rules->conf))
		return false;
	if (t && (t->ours[SNAP_V4] || t->ours[SNAP_V6]))
		return true;
	return snap->fwmark == r->table && (snap->default_allowed[SNAP_V4] ||
					    snap->default_allowed[SNAP_V6]);
}

/*
 * A rule by which a hook had something else look up the tunnel's table, often
 * in place of our mark rule.  wg-quick deletes every rule of that table (RR-2),
 * and with the link the table's default route goes: nothing can be meant by it
 * any more.  Tables that every host has are left to the host.
 */
static bool is_useless(const struct rules *rules, const struct snap_rule *r)
{
	const struct snap_table *t = find_table(rules->snap, r->table);

	if (!rules->snap->link.exists || !t ||
	    t->others[snap_family(r->family)])
		return false;
	return (r->table < RT_TABLE_DEFAULT || r->table > RT_TABLE_LOCAL) &&
	       !is_mark_rule(r) && is_ours(rules, r);
}

static int delete_rule(struct plan *p, const struct snap_rule *r,
		       enum rule_what what)
{
	struct step *s = plan_add(p, STEP_RULE_DEL, 0);

	if (!s)
		return -ENOMEM;
	s->rule = (struct step_rule){
		.family = r->family,
		.what = what,
		.mark = what == RULE_SUPPRESS ? 0 : r->table,
		.priority = r->priority,
	};
	return 0;
}

#define NO_PARTNER SIZE_MAX

static bool take_partner(struct rules *rules, size_t mark, size_t at)
{
	if (!is_suppress_rule(&rules->snap->rules[at]) || rules->taken[at])
		return false;
	rules->partner[mark] = at;
	rules->taken[at] = true;
	return true;
}

/*
 * Every tunnel's pair is made of a suppress rule and, further down the list, a
 * mark rule; pairs made one after the other nest.  So each mark rule belongs to
 * the nearest suppress rule above it that no other has claimed.
 */
static void look_above(struct rules *rules, size_t mark)
{
	const struct snap_rule *v = rules->snap->rules;
	size_t i;

	for (i = mark; i-- > 0 && v[i].family == v[mark].family;)
		if (take_partner(rules, mark, i))
			return;
}

/* PRIO-2's wrong order: of equal preference, but in the order they came. */
static void look_below(struct rules *rules, size_t mark)
{
	const struct snap_rule *v = rules->snap->rules;
	size_t i;

	for (i = mark + 1;
	     i < rules->snap->n_rules && v[i].family == v[mark].family &&
	     v[i].priority == v[mark].priority;
	     i++)
		if (take_partner(rules, mark, i))
			return;
}

static int find_pairs(struct rules *rules)
{
	const struct snap_down *snap = rules->snap;
	struct arena *a = &rules->p->arena;
	size_t i;

	rules->partner = arena_array(a, snap->n_rules, sizeof(size_t));
	rules->taken = arena_array(a, snap->n_rules, sizeof(bool));
	if (!rules->partner || !rules->taken)
		return -ENOMEM;
	for (i = 0; i < snap->n_rules; i++) {
		rules->partner[i] = NO_PARTNER;
		if (is_mark_rule(&snap->rules[i]))
			look_above(rules, i);
	}
	for (i = 0; i < snap->n_rules; i++)
		if (is_mark_rule(&snap->rules[i]) &&
		    rules->partner[i] == NO_PARTNER)
			look_below(rules, i);
	return 0;
}

/*
 * A suppress rule of ours that has lost its mark rule to a run that was cut
 * off: no other mark rule claims it, and it is where `up` put it.
 */
static bool is_left_over(const struct rules *rules, size_t i)
{
	const struct snap_rule *r = &rules->snap->rules[i];
	const struct plan_memory *memory = rules->memory;
	enum snap_family f = snap_family(r->family);

	return !rules->taken[i] && memory->has_suppress[f] &&
	       memory->suppress[f] == r->priority && is_suppress_rule(r);
}

static int delete_pair(struct rules *rules, size_t mark)
{
	const struct snap_rule *v = rules->snap->rules;
	size_t partner = rules->partner[mark];
	int ret;

	ret = delete_rule(rules->p, &v[mark], RULE_MARK);
	if (ret || partner == NO_PARTNER)
		return ret;
	rules->paired[snap_family(v[mark].family)] = true;
	return delete_rule(rules->p, &v[partner], RULE_SUPPRESS);
}

/* Does the suppress rule stand right before a rule of our table? */
static bool is_beside_ours(const struct rules *rules, size_t i)
{
	const struct snap_rule *v = rules->snap->rules;

	return i + 1 < rules->snap->n_rules && v[i + 1].family == v[i].family &&
	       is_useless(rules, &v[i + 1]);
}

static size_t find_orphan(const struct rules *rules, enum snap_family f,
			  bool beside_ours)
{
	const struct snap_down *snap = rules->snap;
	const struct snap_rule *r;
	size_t i;

	for (i = 0; i < snap->n_rules; i++) {
		r = &snap->rules[i];
		if (r->family == SNAP_AF[f] && is_suppress_rule(r) &&
		    !rules->taken[i] &&
		    (!beside_ours || is_beside_ours(rules, i)))
			return i;
	}
	return NO_PARTNER;
}

/*
 * A full tunnel that has no pair: a hook took the mark rule away or replaced
 * it, and without a journal nothing tells the suppress rule's preference.  One
 * that no mark rule claims is ours if it stands before a rule of our table, or
 * if there is no other tunnel that it could belong to.
 */
static int delete_orphan(struct rules *rules, enum snap_family f)
{
	const struct snap_down *snap = rules->snap;
	size_t i;

	if (!snap->link.exists || !is_auto(rules->conf) || !snap->fwmark ||
	    !snap->default_allowed[f] || rules->paired[f] ||
	    rules->memory->has_suppress[f])
		return 0;
	i = find_orphan(rules, f, true);
	if (i == NO_PARTNER && !snap->other_wireguard)
		i = find_orphan(rules, f, false);
	if (i == NO_PARTNER)
		return 0;
	return delete_rule(rules->p, &snap->rules[i], RULE_SUPPRESS);
}

/* Tells whether a full tunnel of somebody else stays behind in IPv4. */
static int delete_rules(struct rules *rules, bool *ret_others)
{
	const struct snap_rule *r;
	size_t i;
	int ret;

	*ret_others = false;
	ret = find_pairs(rules);
	for (i = 0; i < rules->snap->n_rules && !ret; i++) {
		r = &rules->snap->rules[i];
		if (is_left_over(rules, i))
			ret = delete_rule(rules->p, r, RULE_SUPPRESS);
		else if (is_useless(rules, r))
			ret = delete_rule(rules->p, r, RULE_TABLE);
		else if (!is_mark_rule(r))
			continue;
		else if (is_ours(rules, r))
			ret = delete_pair(rules, i);
		else
			*ret_others |= r->family == AF_INET;
	}
	for (i = 0; i < SNAP_FAMILIES && !ret; i++)
		ret = delete_orphan(rules, (enum snap_family)i);
	return ret;
}

void plan_remember(struct plan_memory *memory, const struct step *s)
{
	enum snap_family f;

	if (s->kind != STEP_RULE_ADD && s->kind != STEP_RULE_DEL)
		return;
	f = snap_family(s->rule.family);
	switch (s->rule.what) {
	case RULE_MARK:
		memory->mark = s->rule.mark;
		break;
	case RULE_SUPPRESS:
		memory->has_suppress[f] = true;
		memory->suppress[f] = s->rule.priority;
		break;
	case RULE_TABLE:
		break;
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

/* Backwards, so that the value for all comes before those of interfaces. */
static int restore_forwarding(struct plan *p, const struct plan_memory *memory)
{
	size_t i;
	int ret = 0;

	for (i = memory->n_sysctl; i-- > 0 && !ret;)
		ret = restore_sysctl(p, memory->sysctl[i].key, -1,
				     memory->sysctl[i].old);
	return ret;
}

/* Every table of the name, whatever its family (FWR-1). */
static int delete_spoof(const struct snap_down *snap, struct plan *p)
{
	struct step *s;
	unsigned int i;

	for (i = 0; i < NFPROTO_NUMPROTO; i++) {
		if (snap->spoof_tables & 1U << i) {
			s = plan_add(p, STEP_SPOOF_DEL, 0);
			if (!s)
				return -ENOMEM;
			s->spoof.family = (uint8_t)i;
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
	struct rules rules = {
		.conf = conf, .snap = snap, .memory = memory, .p = p
	};
	bool others;
	int ret;

	ret = delete_rules(&rules, &others);
	if (ret)
		return ret;
	if (snap->link.exists && !plan_add(p, STEP_LINK_DEL, 0))
		return -ENOMEM;
	if ((conf->dns.n || memory->dns) && !plan_add(p, STEP_DNS_DEL, 0))
		return -ENOMEM;
	ret = delete_spoof(snap, p);
	if (!ret && memory->firewall && !plan_add(p, STEP_FIREWALL_DEL, 0))
		ret = -ENOMEM;
	if (!ret)
		ret = restore_forwarding(p, memory);
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
