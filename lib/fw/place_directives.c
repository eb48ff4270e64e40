// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/explain.h"
#include "fw/place_private.h"

/* struct nets - the tunnel's networks of each family */
struct nets {
	const struct addr *v[2];
	size_t n[2];
};

static int find_nets(struct placer *pl, const struct place_want *w,
		     struct nets *ret)
{
	int k, err = 0;

	for (k = 0; k < 2 && !err; k++)
		err = fw_prefixes(w->src, w->n_src, accept_family(k), &pl->a,
				  &ret->v[k], &ret->n[k]);
	return err;
}

static struct fw_flow tunnel_flow(const struct placer *pl,
				  const struct nets *nets, int k, bool from)
{
	struct fw_flow f = { .family = accept_family(k),
			     .hook = FW_FORWARD,
			     .sorted = true,
			     .l4proto = -1,
			     .ctstate = from ? FW_CT_NEW : FW_CT_ESTABLISHED,
			     .syn = from };

	*(from ? &f.in : &f.out) =
		(struct fw_iface_set){ .name = pl->ifname,
				       .index = pl->ifindex };
	*(from ? &f.src : &f.dst) = nets->v[k];
	*(from ? &f.n_src : &f.n_dst) = nets->n[k];
	return f;
}

/* What comes out of the tunnel, or the replies to it; @to NULL = anywhere */
static int forward(struct placer *pl, const struct place_want *w,
		   const struct nets *nets, const char *to, bool from)
{
	enum fw_match_kind near = from ? FW_M_IIF : FW_M_OIF;
	enum fw_match_kind far = from ? FW_M_OIF : FW_M_IIF;
	struct accept acc = { .want = { w->v4, w->v6 }, .new_too = from };
	struct arena *a = &pl->a;
	int k;

	acc.what =
		arena_printf(a, "%s %s%s%s",
			     from ? "traffic from" : "replies to", pl->ifname,
			     !to    ? ""
			     : from ? " to "
				    : " from ",
			     to ? to : "");
	if (!acc.what)
		return -ENOMEM;
	if ((!from && to && match_iface(a, &acc.rule, far, to, false)) ||
	    match_iface(a, &acc.rule, near, pl->ifname, false) ||
	    (from && to && match_iface(a, &acc.rule, far, to, false)) ||
	    (!from && match_replies(a, &acc.rule)))
		return -ENOMEM;
	for (k = 0; k < 2; k++) {
		acc.flow[k] = tunnel_flow(pl, nets, k, from);
		if (from)
			acc.flow[k].out.name = to;
		else
			acc.flow[k].in.name = to;
	}
	return accept_place(pl, &acc);
}

/* ListenPort, for those that send from @from, NULL = anybody */
static int open_port(struct placer *pl, const struct place_want *w,
		     const struct addr *from)
{
	struct accept acc = { .new_too = true };
	struct arena *a = &pl->a;
	int k;

	acc.what = arena_printf(a, "UDP port %u", w->port);
	if (!acc.what || match_number(a, &acc.rule, FW_M_L4PROTO, IPPROTO_UDP))
		return -ENOMEM;
	if (from && match_source(a, &acc.rule, from))
		return -ENOMEM;
	if (match_number(a, &acc.rule, FW_M_DPORT, w->port))
		return -ENOMEM;
	for (k = 0; k < 2; k++) {
		acc.want[k] = !from || from->family == accept_family(k);
		acc.flow[k] = (struct fw_flow){
			.family = accept_family(k),
			.hook = FW_INPUT,
			.in.not = pl->ifname,
			.src = from,
			.n_src = from ? 1 : 0,
			.l4proto = IPPROTO_UDP,
			.dport = { w->port, w->port },
			.ctstate = FW_CT_NEW,
		};
	}
	return accept_place(pl, &acc);
}

/* "-d ADDRESS ! -i BRIDGE -j DROP", as Docker 28 protects a container */
static bool protects_container(const struct fw_culprit *by)
{
	bool dst = false, not_in = false;
	size_t i;

	for (i = 0; by->rule && i < by->rule->n_match; i++) {
		const struct fw_match *m = &by->rule->match[i];

		dst |= m->kind == FW_M_DADDR && !m->invert;
		not_in |= m->kind == FW_M_IIF && m->invert;
	}
	return dst && not_in;
}

static int note_containers(struct placer *pl, const struct fw_passage *p)
{
	const struct fw_culprit *first = NULL;
	cleanup(buf_done) struct buf b = {};
	size_t i, n = 0;

	for (i = 0; i < p->n_part; i++) {
		if (!protects_container(&p->part[i]) &&
		    fw_manager_of(p->part[i].chain) != FW_BY_DOCKER)
			continue;
		if (!n++)
			first = &p->part[i];
	}
	if (!n)
		return 0;
	fw_print_chain(p->base, &b);
	buf_addf(&b,
		 ": containers' own addresses stay closed to %s (%zu "
		 "rule%s, the first: ",
		 pl->ifname, n, n > 1 ? "s" : "");
	fw_print_culprit(first, &b);
	buf_addf(&b, "); published ports are open; dockerd %s opens the rest",
		 p->base->hook == FW_FORWARD ? "--bridge-accept-fwmark=MARK"
					     : "--allow-direct-routing");
	if (b.failed)
		return -ENOMEM;
	return place_note(pl->ns, "%s", b.p);
}

static int note_early_refusal(struct placer *pl, const struct fw_passage *p)
{
	cleanup(buf_done) struct buf b = {};

	fw_print_chain(p->base, &b);
	buf_addf(&b, ": traffic from %s is refused before it is routed by ",
		 pl->ifname);
	fw_print_culprit(&p->by, &b);
	if (b.failed)
		return -ENOMEM;
	return place_note(pl->ns, "%s", b.p);
}

/*
 * What falls before it is routed, or in the tables of Docker's nftables
 * backend, is out of reach of an accept in FORWARD.  It is left to those who
 * wrote it, and told.
 */
static int note_out_of_reach(struct placer *pl, const struct place_want *w,
			     const struct fw_flow *f)
{
	struct fw_way way;
	size_t i;
	int err;

	err = fw_walk(pl->rs, f, &pl->a, &way);
	for (i = 0; !err && i < way.n_passage; i++) {
		const struct fw_passage *p = &way.passage[i];

		if (f->hook == FW_PREROUTING && p->fate == FW_REFUSED)
			err = note_early_refusal(pl, p);
		else if (!w->n_forward_to &&
			 (f->hook == FW_PREROUTING ||
			  fw_manager_of(p->base) == FW_BY_DOCKER))
			err = note_containers(pl, p);
	}
	return err;
}

static int tell_what_stays(struct placer *pl, const struct place_want *w,
			   const struct nets *nets)
{
	int k, err = 0;

	for (k = 0; k < 2 && !err; k++) {
		struct fw_flow f = tunnel_flow(pl, nets, k, true);

		if (!(k ? w->v6 : w->v4))
			continue;
		err = note_out_of_reach(pl, w, &f);
		f.hook = FW_PREROUTING;
		if (!err)
			err = note_out_of_reach(pl, w, &f);
	}
	return err;
}

static int forward_all(struct placer *pl, const struct place_want *w)
{
	struct nets nets = {};
	size_t i, n = w->n_forward_to ? w->n_forward_to : 1;
	int err = find_nets(pl, w, &nets);

	for (i = 0; i < n && !err; i++) {
		const char *to = w->n_forward_to ? w->forward_to[i] : NULL;

		err = forward(pl, w, &nets, to, true);
		if (!err)
			err = forward(pl, w, &nets, to, false);
	}
	return err ? err : tell_what_stays(pl, w, &nets);
}

static int open_ports(struct placer *pl, const struct place_want *w)
{
	size_t i;
	int err = 0;

	if (!w->n_port_from)
		return open_port(pl, w, NULL);
	for (i = 0; i < w->n_port_from && !err; i++)
		err = open_port(pl, w, &w->port_from[i]);
	return err;
}

int place_directives(const struct fw_ruleset *rs, const struct place_want *w,
		     struct fw_edits *es, struct place_notes *ns,
		     struct wgq_err *e)
{
	cleanup(placer_done) struct placer pl = {};
	int err;

	err = placer_init(&pl, rs, w->ifname, w->ifindex, es, ns);
	if (!err && w->forward)
		err = forward_all(&pl, w);
	if (!err && w->open_port)
		err = open_ports(&pl, w);
	if (!err)
		err = place_own_table(&pl, w);
	return placer_fail(err, e);
}
