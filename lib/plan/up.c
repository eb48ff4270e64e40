// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/plan.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/forward.h"

/* Bytes that WireGuard adds to a packet in the worst case, IPv6 outside:
 * 40 IPv6 + 8 UDP + 16 header + 16 tag.
 */
#define WG_OVERHEAD 80

#define MTU_UNKNOWN 1500

static bool is_unset(const struct conf_value *v)
{
	return !v->s || !*v->s;
}

struct plan_table plan_table(const struct conf *conf, const char *names)
{
	struct plan_table t = { .mode = TABLE_AUTO, .number = RT_TABLE_MAIN };
	unsigned int number;

	if (is_unset(&conf->table) || !strcmp(conf->table.s, "auto"))
		return t;
	if (!strcmp(conf->table.s, "off")) {
		t.mode = TABLE_OFF;
	} else if (conf_parse_table(conf->table.s, names, &number)) {
		t.mode = TABLE_NUMBER;
		/* The kernel takes table 0 for main (TBL-1). */
		t.number = number ? number : RT_TABLE_MAIN;
	} else {
		t.mode = TABLE_BAD;
	}
	return t;
}

struct plan_needs plan_needs(const struct conf *conf,
			     const struct plan_table *table,
			     const struct wg_device *device)
{
	struct plan_needs needs = { .path_mtu = is_unset(&conf->mtu) };
	const struct wg_peer *peer;
	const struct addr *a;
	size_t i, j;

	if (table->mode != TABLE_AUTO)
		return needs;
	for (i = 0; i < device->n_peers; i++) {
		peer = &device->peers[i];
		for (j = 0; j < peer->n_allowed_ips; j++) {
			a = &peer->allowed_ips[j].addr;
			if (!a->plen)
				needs.default_route[snap_family(a->family)] =
					true;
		}
	}
	needs.free_table = !device->fwmark && (needs.default_route[SNAP_V4] ||
					       needs.default_route[SNAP_V6]);
	return needs;
}

int plan_hooks(const struct conf *conf, enum conf_phase phase, struct plan *p)
{
	const struct conf_list *hooks = &conf->hooks[phase];
	struct step *s;
	size_t i;

	for (i = 0; i < hooks->n; i++) {
		s = plan_add(p, STEP_HOOK, hooks->v[i].line);
		if (!s)
			return -ENOMEM;
		s->hook.phase = phase;
		s->hook.text = hooks->v[i].s;
	}
	return 0;
}

int plan_create(const struct conf *conf, const char *userspace, struct plan *p)
{
	struct step *s;

	s = plan_add(p, userspace ? STEP_USERSPACE : STEP_LINK_ADD, 0);
	if (!s)
		return -ENOMEM;
	if (userspace)
		s->program = userspace;
	return plan_hooks(conf, CONF_PRE_UP, p);
}

int plan_addresses(const struct conf *conf, const struct snap_host *host,
		   struct plan *p)
{
	struct step *s;
	size_t i;

	for (i = 0; i < conf->address.n; i++) {
		if (host->ipv6_off && conf->addresses[i].family == AF_INET6)
			continue;
		s = plan_add(p, STEP_ADDR_ADD, conf->address.v[i].line);
		if (!s)
			return -ENOMEM;
		s->addr = conf->addresses[i];
	}
	return 0;
}

int plan_setup(const struct conf *conf, const struct snap_host *host,
	       struct plan *p)
{
	if (!plan_add(p, STEP_WG_CONF, 0))
		return -ENOMEM;
	return plan_addresses(conf, host, p);
}

int plan_mtu(const struct conf *conf, const struct snap_host *host)
{
	unsigned int mtu = 0;
	size_t i;

	if (!is_unset(&conf->mtu))
		return conf->mtu_value;
	for (i = 0; i < host->n_path_mtu; i++)
		if (!mtu || host->path_mtu[i] < mtu)
			mtu = host->path_mtu[i];
	if (!mtu)
		mtu = host->default_mtu;
	if (!mtu || mtu >= INT32_MAX)
		mtu = MTU_UNKNOWN;
	return (int)mtu - WG_OVERHEAD;
}

int plan_link_up(const struct conf *conf, const struct snap_host *host,
		 struct plan *p)
{
	struct step *s = plan_add(p, STEP_LINK_UP, conf->mtu.line);

	if (!s)
		return -ENOMEM;
	s->link_up.mtu = plan_mtu(conf, host);
	s->link_up.send_redirects =
		host->send_redirects > 0 ? host->send_redirects : -1;
	return 0;
}

/* A route to add, with its text for wg-quick's way of sorting. */
struct candidate {
	struct addr dst;
	unsigned int line;
	char text[ADDR_STRLEN];
};

/* RT-1: longest prefix first, ties by text from the highest byte order down. */
static int compare_candidates(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;

	if (a->dst.plen != b->dst.plen)
		return a->dst.plen < b->dst.plen ? 1 : -1;
	return strcmp(b->text, a->text);
}

static int collect(const struct wg_device *device, const struct snap_host *host,
		   struct arena *scratch, struct candidate **ret_v,
		   size_t *ret_n)
{
	const struct wg_peer *peer;
	struct candidate *v;
	size_t i, j, n = 0;

	for (i = 0; i < device->n_peers; i++)
		n += device->peers[i].n_allowed_ips;
	v = arena_array(scratch, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (i = 0, n = 0; i < device->n_peers; i++) {
		peer = &device->peers[i];
		for (j = 0; j < peer->n_allowed_ips; j++) {
			v[n].dst = peer->allowed_ips[j].addr;
			if (host->ipv6_off && v[n].dst.family == AF_INET6)
				continue;
			v[n].line = peer->allowed_line;
			addr_print(&v[n].dst, v[n].text);
			n++;
		}
	}
	qsort(v, n, sizeof(*v), compare_candidates);
	*ret_v = v;
	*ret_n = n;
	return 0;
}

/*
 * What the kernel would choose for a rule without a preference (PRIO-1): one
 * less than the second rule of the list, 0 where there is none or it has 0.
 */
static uint32_t natural_pref(const struct snap_prefs *h)
{
	return h->n > 1 && h->pref[1] ? h->pref[1] - 1 : 0;
}

/* Rules of equal preference keep the order in which they came. */
static void note_pref(struct snap_prefs *h, uint32_t pref)
{
	if (!h->n || pref < h->pref[0]) {
		h->pref[1] = h->pref[0];
		h->pref[0] = pref;
	} else if (h->n == 1 || pref < h->pref[1]) {
		h->pref[1] = pref;
	}
	if (h->n < 2)
		h->n++;
}

static int add_rule(struct plan *p, uint8_t family, enum rule_what what,
		    uint32_t mark, uint32_t priority, bool natural)
{
	struct step *s = plan_add(p, STEP_RULE_ADD, 0);

	if (!s)
		return -ENOMEM;
	s->rule = (struct step_rule){
		.family = family,
		.what = what,
		.mark = mark,
		.priority = priority,
		.natural = natural,
	};
	return 0;
}

/*
 * The suppress rule has to come first in the list, else main's specific routes
 * are never asked.  The kernel's own choices do that, unless the list starts
 * with foreign rules at the very top, where both would get the same preference
 * in the wrong order (PRIO-2).
 */
static int add_rules(struct plan *p, uint8_t family, uint32_t mark,
		     const struct snap_prefs *head)
{
	uint32_t mark_pref, suppress_pref;
	struct snap_prefs h = *head;
	int ret;

	mark_pref = natural_pref(&h);
	note_pref(&h, mark_pref);
	suppress_pref = natural_pref(&h);
	if (suppress_pref < mark_pref) {
		ret = add_rule(p, family, RULE_MARK, mark, mark_pref, true);
		return ret ? ret
			   : add_rule(p, family, RULE_SUPPRESS, mark,
				      suppress_pref, true);
	}
	suppress_pref = mark_pref ? mark_pref - 1 : 0;
	ret = add_rule(p, family, RULE_SUPPRESS, mark, suppress_pref, false);
	return ret ? ret
		   : add_rule(p, family, RULE_MARK, mark, mark_pref, false);
}

static int add_spoof(struct plan *p, const struct snap_iface *iface,
		     uint8_t family, uint32_t mark)
{
	struct step *s = plan_add(p, STEP_SPOOF_ADD, 0);
	struct addr *list;
	size_t i, n = 0;

	if (!s)
		return -ENOMEM;
	list = arena_array(&p->arena, iface->n_addresses, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (i = 0; i < iface->n_addresses; i++)
		if (iface->addresses[i].family == family)
			list[n++] = iface->addresses[i];
	s->spoof = (struct step_spoof){
		.family = family,
		.mark = mark,
		.addresses = list,
		.n_addresses = n,
	};
	return 0;
}

static int add_src_valid_mark(struct plan *p, const struct snap_host *host)
{
	struct step *s;

	if (host->src_valid_mark == 1)
		return 0;
	s = plan_add(p, STEP_SYSCTL, 0);
	if (!s)
		return -ENOMEM;
	s->sysctl = (struct step_sysctl){
		.key = SYSCTL_SRC_VALID_MARK,
		.value = 1,
		.old = host->src_valid_mark,
	};
	return 0;
}

static int add_route(struct plan *p, const struct candidate *c, uint32_t table,
		     const char *name)
{
	struct step *s = plan_add(p, STEP_ROUTE_ADD, c->line);

	if (!s)
		return -ENOMEM;
	s->route = (struct step_route){
		.dst = c->dst,
		.table = table,
		.name = name,
	};
	return 0;
}

/* 4.8: a default route by policy, so that marked packets pass it by. */
static int add_default(struct plan *p, const struct candidate *c,
		       const struct snap_iface *iface,
		       const struct snap_host *host, uint32_t *mark)
{
	uint8_t family = c->dst.family;
	const char *name;
	struct step *s;
	int ret;

	if (!*mark) {
		*mark = host->free_table;
		s = plan_add(p, STEP_WG_FWMARK, 0);
		if (!s)
			return -ENOMEM;
		s->mark = *mark;
	}
	name = arena_printf(&p->arena, "%u", *mark);
	if (!name)
		return -ENOMEM;
	ret = add_rules(p, family, *mark, &host->prefs[snap_family(family)]);
	if (!ret)
		ret = add_route(p, c, *mark, name);
	if (!ret && family == AF_INET)
		ret = add_src_valid_mark(p, host);
	return ret ? ret : add_spoof(p, iface, family, *mark);
}

static bool is_covered(const struct snap_iface *iface, const struct addr *a)
{
	size_t i;

	for (i = 0; i < iface->n_routes; i++)
		if (addr_covers(&iface->routes[i], a))
			return true;
	return false;
}

static int add_routes(const struct conf *conf, const struct plan_table *table,
		      const struct snap_iface *iface,
		      const struct snap_host *host, const struct candidate *v,
		      size_t n, struct plan *p)
{
	uint32_t mark = iface->device->fwmark;
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = 0;
		if (table->mode == TABLE_NUMBER)
			ret = add_route(p, &v[i], table->number, conf->table.s);
		else if (!v[i].dst.plen)
			ret = add_default(p, &v[i], iface, host, &mark);
		else if (!is_covered(iface, &v[i].dst))
			ret = add_route(p, &v[i], table->number, NULL);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Rules before the switch: what is refused is refused all the time.  Both stand
 * when the PostUp hooks begin.
 */
static int add_forwarding(const struct conf *conf, const struct snap_host *host,
			  struct plan *p)
{
	if (conf_wants_firewall(conf) && !plan_add(p, STEP_FIREWALL, 0))
		return -ENOMEM;
	return plan_forward(host->forward, &host->forwarding, p);
}

int plan_routes(const struct conf *conf, const struct plan_table *table,
		const struct snap_iface *iface, const struct snap_host *host,
		struct plan *p, struct wgq_err *e)
{
	struct arena scratch = { 0 };
	struct candidate *v = NULL;
	size_t n = 0;
	int ret = 0;

	if (conf->dns.n && !plan_add(p, STEP_DNS_ADD, conf->dns.v[0].line))
		return err_sys(e, -ENOMEM, "plan");
	if (table->mode != TABLE_OFF)
		ret = collect(iface->device, host, &scratch, &v, &n);
	if (!ret && table->mode == TABLE_BAD && n) {
		err_set(e, -EINVAL,
			"\"%s\" is not a routing table: want off, "
			"auto, a number or a name of rt_tables",
			conf->table.s);
		err_at(e, conf->name, conf->table.line);
		ret = err_status(e, 255);
	} else if (!ret && table->mode != TABLE_OFF) {
		ret = add_routes(conf, table, iface, host, v, n, p);
	}
	arena_done(&scratch);
	if (!ret)
		ret = add_forwarding(conf, host, p);
	if (!ret)
		ret = plan_hooks(conf, CONF_POST_UP, p);
	return ret ? err_sys(e, ret, "plan") : 0;
}
