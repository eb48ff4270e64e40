// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/plan.h"

#include <errno.h>
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

/*
 * Every tunnel's pair is made of a suppress rule and, further down the list, a
 * mark rule; pairs made one after the other nest.  So each mark rule belongs to
 * the nearest suppress rule above it that no other has claimed; where there is
 * none (PRIO-2's wrong order), to the first free one below.
 */
static const struct snap_rule *find_partner(const struct snap_down *snap,
					    size_t at)
{
	const struct snap_rule *v = snap->rules;
	size_t i, open = 0;

	for (i = at; i-- > 0;) {
		if (v[i].family != v[at].family)
			break;
		if (is_mark_rule(&v[i]))
			open++;
		else if (is_suppress_rule(&v[i]) && !open--)
			return &v[i];
	}
	for (i = at + 1; i < snap->n_rules; i++) {
		if (v[i].family != v[at].family || is_mark_rule(&v[i]))
			break;
		if (is_suppress_rule(&v[i]))
			return &v[i];
	}
	return NULL;
}

/* Returns whether a full tunnel of somebody else stays behind in IPv4. */
static int delete_rules(const struct conf *conf, const struct snap_down *snap,
			const struct plan_memory *memory, struct plan *p,
			bool *ret_others)
{
	const struct snap_rule *r, *partner;
	size_t i;
	int ret;

	*ret_others = false;
	for (i = 0; i < snap->n_rules; i++) {
		r = &snap->rules[i];
		if (!is_mark_rule(r))
			continue;
		if (!is_ours(conf, snap, memory, r->mark)) {
			*ret_others |= r->family == AF_INET;
			continue;
		}
		ret = delete_rule(p, r, RULE_MARK);
		if (ret)
			return ret;
		partner = find_partner(snap, i);
		ret = partner ? delete_rule(p, partner, RULE_SUPPRESS) : 0;
		if (ret)
			return ret;
	}
	return 0;
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

static int delete_spoof(const struct snap_down *snap, struct plan *p)
{
	struct step *s;
	size_t i;

	for (i = 0; i < SNAP_FAMILIES; i++) {
		if (snap->spoof[i]) {
			s = plan_add(p, STEP_SPOOF_DEL, 0);
			if (!s)
				return -ENOMEM;
			s->spoof.family = SNAP_AF[i];
		}
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
