// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/firewall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apply/run.h"
#include "base/cleanup.h"
#include "plan/forward.h"
#include "sys/xtlock.h"

/* How often a ruleset that changes under us is read again. */
#define TRIES 10

/* Longest wait for a program that holds iptables' lock. */
#define LOCK_WAIT_MS 20000

static int take_lock(void *ctx, struct wgq_err *e)
{
	struct run *r = ctx;

	return xtlock_take(run_getenv(r, "XTABLES_LOCKFILE"), LOCK_WAIT_MS,
			   r->o->stop, &r->firewall.lock_fd, e);
}

static void drop_lock(void *ctx)
{
	struct run *r = ctx;

	if (r->firewall.lock_fd >= 0)
		close(r->firewall.lock_fd);
	r->firewall.lock_fd = -1;
}

void run_firewall_init(struct run *r)
{
	struct run_firewall *f = &r->firewall;

	f->lock_fd = -1;
	f->lock = (struct firewall_lock){
		.take = take_lock,
		.drop = drop_lock,
		.ctx = r,
	};
	xtables_init(&f->xt, r->host->xtables, r->host->xtables_ctx,
		     r->host->proc_net);
	f->access = (struct firewall){
		.nft = &r->kernel.nft,
		.xt = &f->xt,
		.lock = &f->lock,
	};
}

static void forget(struct run_firewall *f)
{
	place_notes_done(&f->ns);
	fw_edits_done(&f->es);
	fw_ruleset_done(&f->rs);
	f->read = false;
}

void run_firewall_done(struct run *r)
{
	struct run_firewall *f = &r->firewall;

	if (!f->xt.ops)
		return;
	forget(f);
	firewall_unlock(&f->access);
	xtables_done(&f->xt);
	buf_done(&f->told);
}

static int collect_sources(struct run *r, const struct wg_device *device,
			   struct place_want *w)
{
	const struct wg_peer *peer;
	struct addr *v;
	size_t i, j, n = 0;

	for (i = 0; i < device->n_peers; i++)
		n += device->peers[i].n_allowed_ips;
	v = arena_array(&r->arena, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (i = 0, n = 0; i < device->n_peers; i++) {
		peer = &device->peers[i];
		for (j = 0; j < peer->n_allowed_ips; j++)
			if (!peer->allowed_ips[j].remove)
				v[n++] =
					addr_masked(&peer->allowed_ips[j].addr);
	}
	w->src = v;
	w->n_src = n;
	return 0;
}

/*
 * A peer without an endpoint, such as a laptop on the road, has no address that
 * a rule could name.
 */
static int collect_endpoints(struct run *r, const struct wg_device *device,
			     struct place_want *w, struct wgq_err *e)
{
	const struct wg_peer *peer;
	struct addr *v = arena_array(&r->arena, device->n_peers, sizeof(*v));
	size_t i, n = 0;

	if (!v)
		return err_sys(e, -ENOMEM, "OpenPort");
	for (i = 0; i < device->n_peers; i++) {
		peer = &device->peers[i];
		if (peer->endpoint.sa.sa_family != AF_UNSPEC)
			v[n++] = endpoint_addr(&peer->endpoint);
		else
			run_say(r, "[!]",
				"%s:%u: OpenPort = peers lets this peer in "
				"only if something else does: it has no "
				"Endpoint",
				r->conf.name, peer->line);
	}
	w->port_from = v;
	w->n_port_from = n;
	w->open_port = n != 0;
	return 0;
}

static int want_port(struct run *r, const struct wg_device *device,
		     struct place_want *w, struct wgq_err *e)
{
	const struct conf_directives *d = &r->conf.directives;

	if (d->open_port == CONF_OPEN_NO)
		return 0;
	if (!w->port) {
		err_set(e, -EINVAL,
			"OpenPort wants a ListenPort: without one the port is "
			"another each time");
		if (d->open_line)
			err_at(e, r->conf.name, d->open_line);
		return e->code;
	}
	w->open_port = true;
	return d->open_port == CONF_OPEN_PEERS
		       ? collect_endpoints(r, device, w, e)
		       : 0;
}

int run_firewall_want(struct run *r, const struct wg_device *device,
		      struct wgq_err *e)
{
	const struct conf_directives *d = &r->conf.directives;
	struct place_want *w = &r->firewall.want;
	bool families[SNAP_FAMILIES];
	int ret;

	plan_families(&r->conf, device, families);
	*w = (struct place_want){
		.ifname = r->conf.ifname,
		.v4 = families[SNAP_V4],
		.v6 = families[SNAP_V6],
		.forward = d->forward.on,
		.forward_to = d->forward.v,
		.n_forward_to = d->forward.n,
		.masquerade = d->masquerade.on,
		.masquerade_to = d->masquerade.v,
		.n_masquerade_to = d->masquerade.n,
		.port = device->listen_port,
	};
	ret = collect_sources(r, device, w);
	return ret ? err_sys(e, ret, "firewall") : want_port(r, device, w, e);
}

int run_firewall_decide(struct run *r, struct wgq_err *e)
{
	struct run_firewall *f = &r->firewall;
	int ret;

	forget(f);
	ret = firewall_read(&f->access, &f->rs, e);
	if (ret)
		return ret;
	f->read = true;
	return place_directives(&f->rs, &f->want, &f->es, &f->ns, e);
}

/* What was printed before a retry is printed again only if it changed. */
static int tell(struct run *r, const struct place_notes *ns,
		const struct fw_edits *es, struct wgq_err *e)
{
	cleanup(buf_done) struct buf out = { 0 };
	struct run_firewall *f = &r->firewall;
	size_t i;

	for (i = 0; i < ns->n; i++)
		buf_addf(&out, "[!] %s\n", ns->v[i]);
	for (i = 0; i < es->n; i++) {
		buf_adds(&out, "[#] ");
		fw_edit_print(&es->v[i], &out);
		buf_addc(&out, '\n');
	}
	if (out.failed)
		return err_sys(e, -ENOMEM, "firewall");
	if (!out.len || (f->told.p && !strcmp(f->told.p, out.p)))
		return 0;
	buf_reset(&f->told);
	buf_add(&f->told, out.p, out.len);
	if (r->o->message)
		r->o->message(r->o->ctx, out.p, out.len);
	return 0;
}

static int never_still(struct wgq_err *e)
{
	return err_set(e, -EBUSY,
		       "the firewall's rules changed each time they were "
		       "read: something else is at work on them");
}

int run_firewall_put(struct run *r, struct wgq_err *e)
{
	struct run_firewall *f = &r->firewall;
	struct wgq_err why;
	unsigned int i;
	int ret;

	buf_reset(&f->told);
	for (i = 0; i < TRIES; i++) {
		ret = f->read ? 0 : run_firewall_decide(r, e);
		if (!ret)
			ret = tell(r, &f->ns, &f->es, e);
		if (ret)
			break;
		why = (struct wgq_err){ 0 };
		ret = firewall_commit(&f->access, &f->rs, &f->es, &why);
		f->read = false;
		if (ret != -ERESTART) {
			if (ret)
				*e = why;
			break;
		}
		ret = run_stopped(r, e);
		if (ret)
			break;
	}
	forget(f);
	firewall_unlock(&f->access);
	return i == TRIES ? never_still(e) : ret;
}

static int clean_once(struct run *r, struct wgq_err *e)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = { 0 };
	cleanup(fw_edits_done) struct fw_edits es = { 0 };
	struct run_firewall *f = &r->firewall;
	struct place_notes none = { 0 };
	int ret;

	ret = firewall_read(&f->access, &rs, e);
	if (ret)
		return ret;
	ret = place_clean(&rs, r->conf.ifname, &es);
	if (ret)
		return err_sys(e, ret, "firewall");
	if (!es.n)
		return 0;
	ret = tell(r, &none, &es, e);
	return ret ? ret : firewall_commit(&f->access, &rs, &es, e);
}

int run_firewall_clean(struct run *r, struct wgq_err *e)
{
	struct run_firewall *f = &r->firewall;
	struct wgq_err why;
	unsigned int i;
	int ret = 0;

	buf_reset(&f->told);
	for (i = 0; i < TRIES; i++) {
		why = (struct wgq_err){ 0 };
		ret = clean_once(r, &why);
		if (ret != -ERESTART)
			break;
	}
	firewall_unlock(&f->access);
	if (i == TRIES)
		return never_still(e);
	if (ret)
		*e = why;
	return ret;
}
