// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: how `up` works
 *
 * check   read the conf whole, look at the host, resolve names, plan: nothing
 *         has changed yet, and whatever cannot work is said here
 * note    write the journal, so that a kill from here on can be cleaned up
 * do      run the steps; a refusal or a signal takes the finished ones back
 *
 * Where PreUp hooks or a userspace implementation have a hand in the
 * interface, the plan is made in stages, each on what the stage before it left
 * (see plan/plan.h); the check then plans with what can be foreseen, so that
 * mistakes of the conf are still found before the first change.
 */
#include "apply/hook.h"
#include "apply/hook_class.h"
#include "apply/run.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/hook.h"
#include "plan/forward.h"
#include "sys/file.h"
#include "sys/resolve.h"
#include "sys/sysctl.h"
#include "sys/tables.h"

struct up {
	struct run r;
	struct plan plan;
	struct progress progress;
	struct plan_table table;
	struct snap_host host;
	const char *userspace;
	bool staged;
	struct lock table_lock;
};

static bool has_hooks(const struct conf *conf)
{
	size_t i, n = 0;

	for (i = 0; i < CONF_PHASES; i++)
		n += conf->hooks[i].n;
	return n != 0;
}

/* Say where a hook that @e tells of is. */
static int at_hook(const struct run *r, unsigned int line, int status,
		   struct wgq_err *e)
{
	err_at(e, r->conf.name, line);
	return err_status(e, status);
}

/*
 * Programs that a PreUp hook may bring, by installing or mounting something,
 * are not looked for before it has run.
 */
static int check_programs(struct run *r, enum conf_phase phase,
			  unsigned int line, const struct hook_class *k,
			  struct wgq_err *e)
{
	size_t i;

	if (phase == CONF_PRE_DOWN || phase == CONF_POST_DOWN ||
	    (phase == CONF_POST_UP && r->conf.hooks[CONF_PRE_UP].n))
		return 0;
	for (i = 0; i < k->n_program; i++) {
		if (!k->program[i].needed ||
		    exec_have(r->search_path, k->program[i].name))
			continue;
		err_set(e, -ENOENT, "%s: %s: command not found",
			conf_phase_name(phase), k->program[i].name);
		return at_hook(r, line, 127, e);
	}
	return 0;
}

static int check_hook(struct run *r, enum conf_phase phase,
		      const struct conf_value *v, struct wgq_err *e)
{
	bool native_only = r->o->hooks && !strcmp(r->o->hooks, "native");
	struct hook_class k;
	struct hook hook;

	if (hook_parse(v->s, r->conf.ifname, &r->arena, &hook) ||
	    hook_classify(hook.text, &r->arena, &k))
		return err_sys(e, -ENOMEM, "hooks");
	if (native_only && k.way != HOOK_NATIVE) {
		err_set(e, -EPERM, "%s is not native: %s",
			conf_phase_name(phase), k.why);
		return at_hook(r, v->line, 1, e);
	}
	if ((k.way == HOOK_BY_SHELL || k.way == HOOK_INVALID) &&
	    !exec_have(r->search_path, "bash") &&
	    !exec_have(r->search_path, "sh")) {
		err_set(e, -ENOENT,
			"%s needs a shell (%s), and there is neither bash nor "
			"sh",
			conf_phase_name(phase), k.why);
		return at_hook(r, v->line, 127, e);
	}
	return check_programs(r, phase, v->line, &k, e);
}

static int check_hooks(struct up *u, struct wgq_err *e)
{
	struct run *r = &u->r;
	const struct conf_list *list;
	size_t i, j;
	int ret = 0;

	if (r->o->hooks && !strcmp(r->o->hooks, "none"))
		return 0;
	if (run_environment(r))
		return err_sys(e, -ENOMEM, "hooks");
	for (i = 0; i < CONF_PHASES; i++) {
		list = &r->conf.hooks[i];
		for (j = 0; j < list->n && !ret; j++)
			ret = check_hook(r, (enum conf_phase)i, &list->v[j], e);
	}
	return ret;
}

static int already_exists(const struct run *r, struct wgq_err *e)
{
	return err_set(e, -EEXIST, "`%s' already exists", r->conf.ifname);
}

/*
 * Take the lock and make sure that the name is free (UP-1).  Where the link is
 * there and somebody holds the lock, it is being brought up or in use: there
 * is no point in waiting for hooks that may run for long.  Where nobody does,
 * a journal tells whether it is what a killed run left.
 */
static int claim(struct run *r, struct wgq_err *e)
{
	struct wgq_err busy = { 0 };
	struct snap_link link;
	int ret;

	ret = kernel_link(&r->kernel, &link, e);
	if (ret)
		return ret;
	ret = run_lock(r, !link.exists, &busy);
	if (ret == -EBUSY)
		return already_exists(r, e);
	if (ret)
		return err_set(e, ret, "%s", busy.msg);
	if (r->journal.state != JOURNAL_NONE)
		ret = kernel_link(&r->kernel, &link, e);
	if (ret)
		return ret;
	if (r->journal.state == JOURNAL_UP ||
	    r->journal.state == JOURNAL_DOWN ||
	    (r->journal.state == JOURNAL_IS_UP && !link.exists)) {
		run_say(r, "[!]",
			"clearing away what an earlier run left of "
			"`%s'",
			r->conf.ifname);
		ret = run_clear(r, &link, e);
		if (!ret)
			ret = kernel_link(&r->kernel, &link, e);
	}
	return !ret && link.exists ? already_exists(r, e) : ret;
}

/* UP-3: the program named in the environment, where the kernel cannot. */
static int choose_userspace(struct up *u, struct wgq_err *e)
{
	struct run *r = &u->r;
	const char *program;
	bool has;
	int ret;

	ret = kernel_has_wireguard(&r->kernel, &has, e);
	if (ret || has)
		return ret;
	program = run_getenv(r, "WG_QUICK_USERSPACE_IMPLEMENTATION");
	if (!program || !*program)
		program = "wireguard-go";
	if (run_environment(r))
		return err_sys(e, -ENOMEM, "%s", program);
	if (!exec_have(r->search_path, program))
		return err_set(e, -EPROTONOSUPPORT,
			       "the kernel has no "
			       "WireGuard (is its module missing?), and there "
			       "is no %s to take its place",
			       program);
	run_say(r, "[!]",
		"Missing WireGuard kernel module. Falling back to "
		"slow userspace implementation.");
	u->userspace = program;
	return 0;
}

static void on_notify(void *ctx, const char *text)
{
	const struct run *r = ctx;

	if (r->o->message) {
		r->o->message(r->o->ctx, text, strlen(text));
		r->o->message(r->o->ctx, "\n", 1);
	}
}

static void on_resolve_finding(void *ctx, const struct conf_finding *f)
{
	const struct run *r = ctx;
	char prefix[64];

	if (f->severity == CONF_WARNING)
		snprintf(prefix, sizeof(prefix), "Warning:");
	else
		snprintf(prefix, sizeof(prefix), "%.60s:", r->o->program);
	run_say(r, prefix, "%s:%u: %s", r->conf.name, f->line, f->text);
}

static int resolve(struct run *r, struct wgq_err *e)
{
	struct resolve_opts o = {
		.file = r->conf.name,
		.stop = r->o->stop,
		.report = on_resolve_finding,
		.notify = on_notify,
		.ctx = r,
	};
	const struct wg_device *device = &r->conf.device;
	bool any = false;
	size_t i;
	int ret;

	for (i = 0; i < device->n_peers; i++)
		any |= device->peers[i].host != NULL;
	if (any) {
		ret = resolve_parse_retries(
			run_getenv(r, "WG_ENDPOINT_RESOLUTION_RETRIES"),
			&o.retries, e);
		if (ret)
			return ret;
	}
	o.services = arena_printf(&r->arena, "%s/etc/services", r->host->root);
	if (!o.services)
		return err_sys(e, -ENOMEM, "services");
	ret = resolve_listen_port(&r->conf.device, &o, e);
	return ret || !any ? ret
			   : resolve_endpoints(r->conf.device.peers,
					       device->n_peers, &o, e);
}

/*
 * No IPv6 in the kernel, or switched off for the link or for links to come.
 * Where /proc is not there to ask, the kernel's own refusal has to do.
 */
static bool ipv6_is_off(const struct run *r)
{
	char name[64];
	int value;

	snprintf(name, sizeof(name), "net/ipv6/conf/%s/disable_ipv6",
		 r->kernel.ifindex ? r->conf.ifname : "default");
	value = run_sysctl(r, name);
	if (value >= 0)
		return value != 0;
	return run_sysctl(r, "net.ipv6.conf.all.disable_ipv6") < 0 &&
	       run_sysctl(r, "net.ipv4.conf.all.forwarding") >= 0;
}

static bool uses_ipv6(const struct conf *conf, const struct wg_device *device)
{
	const struct wg_peer *peer;
	size_t i, j;

	for (i = 0; i < conf->address.n; i++)
		if (conf->addresses[i].family == AF_INET6)
			return true;
	for (i = 0; i < device->n_peers; i++) {
		peer = &device->peers[i];
		for (j = 0; j < peer->n_allowed_ips; j++)
			if (peer->allowed_ips[j].addr.family == AF_INET6)
				return true;
	}
	return false;
}

static void say_no_ipv6(const struct run *r)
{
	char text[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < r->conf.address.n; i++)
		if (r->conf.addresses[i].family == AF_INET6)
			run_say(r, "[!]",
				"%s:%u: IPv6 is switched off on this "
				"host: leaving out %s",
				r->conf.name, r->conf.address.v[i].line,
				addr_print(&r->conf.addresses[i], text));
}

/* -1 also where it could not be put back: the kernel changes it regardless. */
static int old_send_redirects(const struct run *r)
{
	char value[SYSCTL_VALUE_MAX];
	struct wgq_err e = { 0 };

	if (sysctl_read_own(r->sysctls, SYSCTL_SEND_REDIRECTS, value, &e))
		return -1;
	return (int)strtol(value, NULL, 10);
}

/* A read-only /proc/sys, as in a container, is found before any change. */
static int check_sysctls(const struct up *u, struct wgq_err *e)
{
	const struct step *s;
	size_t i;
	int ret;

	for (i = 0; i < u->plan.n; i++) {
		s = &u->plan.steps[i];
		if (s->kind != STEP_SYSCTL)
			continue;
		ret = sysctl_may_write(u->r.sysctls, s->sysctl.key, e);
		if (ret)
			return err_ctx(e, "sysctl -q %s=%d", s->sysctl.key,
				       s->sysctl.value);
	}
	return 0;
}

/* Interfaces that would lose their uplink when the kernel turns a router. */
static int find_advertised(struct up *u, struct arena *a, struct wgq_err *e)
{
	struct snap_forward *f = &u->host.forwarding;
	const char *const *all, **v;
	char key[64];
	size_t i, n = 0, n_all = 0;
	int ret;

	ret = kernel_advertised(&u->r.kernel, a, &all, &n_all, e);
	if (ret)
		return ret;
	v = arena_array(a, n_all, sizeof(*v));
	if (!v)
		return err_sys(e, -ENOMEM, "forwarding");
	for (i = 0; i < n_all; i++) {
		snprintf(key, sizeof(key), "net/ipv6/conf/%s/accept_ra",
			 all[i]);
		if (run_sysctl(&u->r, key) == 1)
			v[n++] = all[i];
	}
	f->ra = v;
	f->n_ra = n;
	return 0;
}

static int is_router(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "all") != 0;
}

static int find_routers(struct up *u, struct arena *a, struct wgq_err *e)
{
	struct snap_forward *f = &u->host.forwarding;
	char path[PATH_MAX], key[320];
	struct dirent **entry = NULL;
	const char **v;
	int i, n;

	snprintf(path, sizeof(path), "%s%s/net/ipv6/conf", u->r.host->root,
		 SYSCTL_ROOT);
	n = scandir(path, &entry, is_router, NULL);
	v = arena_array(a, n > 0 ? (size_t)n : 0, sizeof(*v));
	for (i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "net/ipv6/conf/%s/forwarding",
			 entry[i]->d_name);
		if (v && run_sysctl(&u->r, key) == 1) {
			v[f->n_routers] = arena_strndup(
				a, entry[i]->d_name, strlen(entry[i]->d_name));
			if (v[f->n_routers])
				f->n_routers++;
			else
				v = NULL;
		}
		free(entry[i]);
	}
	free(entry);
	f->routers = v;
	return v ? 0 : err_sys(e, -ENOMEM, "forwarding");
}

/* What turning forwarding on has to know, where it is wanted at all. */
static int snap_forwarding(struct up *u, const struct wg_device *device,
			   struct arena *a, struct wgq_err *e)
{
	struct run *r = &u->r;
	bool *families = u->host.forward;
	struct snap_forward *f = &u->host.forwarding;
	int ret = 0;

	if (r->conf.directives.forward.on)
		plan_families(&r->conf, device, families);
	ret = run_hooks_forward(r, families, e);
	if (ret)
		return ret;
	families[SNAP_V6] &= !u->host.ipv6_off;
	if (families[SNAP_V4])
		f->ipv4 = run_sysctl(r, SYSCTL_IPV4_FORWARD);
	if (!families[SNAP_V6])
		return 0;
	f->ipv6 = run_sysctl(r, SYSCTL_IPV6_FORWARD);
	if (f->ipv6 == 1)
		return 0;
	ret = find_advertised(u, a, e);
	return ret ? ret : find_routers(u, a, e);
}

static int snap_host(struct up *u, const struct wg_device *device,
		     struct arena *a, struct wgq_err *e)
{
	struct run *r = &u->r;
	struct plan_needs needs = plan_needs(&r->conf, &u->table, device);
	int ret;

	if (needs.free_table && u->table_lock.fd < 0 && r->lock.fd >= 0) {
		ret = run_take_lock(r, RUN_TABLE_LOCK, true, &u->table_lock, e);
		if (ret)
			return ret;
	}
	ret = kernel_snap_host(&r->kernel, &needs, device, a, &u->host, e);
	u->host.ipv6_off = uses_ipv6(&r->conf, device) && ipv6_is_off(r);
	u->host.src_valid_mark = needs.default_route[SNAP_V4]
					 ? run_sysctl(r, SYSCTL_SRC_VALID_MARK)
					 : -1;
	u->host.send_redirects = u->userspace ? -1 : old_send_redirects(r);
	return ret ? ret : snap_forwarding(u, device, a, e);
}

/* Of the forwarding sysctls only an `up` that is cut off needs the old ones. */
static int remember_sysctl(struct journal *j, const struct step_sysctl *s)
{
	if (!strcmp(s->key, SYSCTL_SRC_VALID_MARK)) {
		j->memory.src_valid_mark = s->old;
		return 0;
	}
	return s->old < 0 ? 0 : journal_remember_sysctl(j, s->key, s->old);
}

/* What plan_down() cannot see in the kernel once things have gone wrong. */
static int remember(struct up *u)
{
	struct journal *j = &u->r.journal;
	const struct step *s;
	int ret = 0;
	size_t i;

	j->memory.n_sysctl = 0;
	j->memory.dns = u->r.conf.dns.n != 0;
	j->userspace = u->userspace != NULL;
	for (i = 0; i < u->plan.n && !ret; i++) {
		s = &u->plan.steps[i];
		plan_remember(&j->memory, s);
		if (s->kind == STEP_SYSCTL)
			ret = remember_sysctl(j, &s->sysctl);
		else if (s->kind == STEP_FIREWALL)
			j->memory.firewall = true;
		else if (s->kind == STEP_LINK_UP)
			j->memory.send_redirects = s->link_up.send_redirects;
	}
	return ret;
}

static int note(struct up *u, struct wgq_err *e)
{
	return journal_write(&u->r.journal, u->r.proc, e);
}

/* After planning, so that nothing can run out of memory while changing. */
static int make_progress(struct up *u, struct wgq_err *e)
{
	bool *done = realloc(u->progress.done, u->plan.n * sizeof(*done) + 1);

	if (!done)
		return err_sys(e, -ENOMEM, "plan");
	memset(done + u->progress.next, false, u->plan.n - u->progress.next);
	u->progress.done = done;
	return 0;
}

static int plan_whole(struct up *u, struct arena *a, struct wgq_err *e)
{
	struct conf *conf = &u->r.conf;
	struct snap_iface iface;
	int ret;

	ret = snap_host(u, &conf->device, a, e);
	if (ret)
		return ret;
	ret = plan_create(conf, u->userspace, &u->plan);
	if (!ret)
		ret = plan_setup(conf, &u->host, &u->plan);
	if (!ret)
		ret = plan_link_up(conf, &u->host, &u->plan);
	if (!ret)
		ret = plan_predict(conf, &u->host, plan_mtu(conf, &u->host), a,
				   &iface);
	if (ret)
		return err_sys(e, ret, "plan");
	return plan_routes(conf, &u->table, &iface, &u->host, &u->plan, e);
}

static bool names_table(const struct conf *conf)
{
	const char *s = conf->table.s;

	return s && *s && strcmp(s, "off") && strcmp(s, "auto");
}

static int check(struct up *u, struct wgq_err *e)
{
	struct run *r = &u->r;
	int ret;

	if (!r->host->may_admin())
		return err_set(e, -EPERM,
			       "bringing an interface up needs "
			       "root or CAP_NET_ADMIN");
	ret = run_parse_device(r, e);
	if (!ret && names_table(&r->conf))
		ret = tables_read(r->host->root, &r->rt_tables, e);
	if (ret)
		return ret;
	u->table = plan_table(&r->conf, r->rt_tables.p);
	ret = claim(r, e);
	if (!ret)
		ret = choose_userspace(u, e);
	if (!ret && r->conf.dns.n)
		ret = run_dns(r, e);
	if (!ret && has_hooks(&r->conf))
		ret = check_hooks(u, e);
	u->staged = u->userspace || r->conf.hooks[CONF_PRE_UP].n;
	if (!ret && !r->conf.hooks[CONF_PRE_UP].n)
		ret = resolve(r, e);
	return ret;
}

static size_t first_post_up(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->steps[i].kind == STEP_HOOK &&
		    p->steps[i].hook.phase == CONF_POST_UP)
			break;
	return i;
}

static size_t after_wg_conf(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->steps[i].kind == STEP_WG_CONF)
			return i + 1;
	return 0;
}

static int settle(struct up *u, struct wgq_err *e)
{
	int ret;

	if (remember(u))
		return err_sys(e, -ENOMEM, "journal");
	ret = make_progress(u, e);
	return ret ? ret : note(u, e);
}

/* Plan again what follows the device's settings, on the device as it is. */
static int plan_again(struct up *u, struct wgq_err *e)
{
	struct conf *conf = &u->r.conf;
	struct snap_iface iface;
	int ret;

	u->plan.n = u->progress.next;
	ret = plan_predict(conf, &u->host, plan_mtu(conf, &u->host),
			   &u->r.arena, &iface);
	if (ret)
		return err_sys(e, ret, "plan");
	ret = snap_host(u, iface.device, &u->r.arena, e);
	if (ret)
		return ret;
	ret = plan_addresses(conf, &u->host, &u->plan);
	if (!ret)
		ret = plan_link_up(conf, &u->host, &u->plan);
	if (ret)
		return err_sys(e, ret, "plan");
	ret = plan_routes(conf, &u->table, &iface, &u->host, &u->plan, e);
	return ret ? ret : settle(u, e);
}

/*
 * KEYS-3: the kernel leaves out a peer that has the interface's own key, and
 * with it go its routes.  It is asked for that key, since deriving it here
 * would take a library and most of the time of a small `up'.
 */
static int leave_out_self(struct up *u, struct wgq_err *e)
{
	struct run *r = &u->r;
	struct wg_device *device = &r->conf.device;
	bool found = false;
	size_t i;
	int ret;

	if (!device->has_private_key || !device->n_peers)
		return 0;
	ret = kernel_own_key(&r->kernel, device->public_key,
			     &device->has_public_key, e);
	for (i = 0; !ret && device->has_public_key && i < device->n_peers;
	     i++) {
		if (memcmp(device->peers[i].public_key, device->public_key,
			   KEY_LEN) != 0)
			continue;
		found = true;
		run_say(r, "[!]",
			"%s:%u: this peer has the interface's own key and is "
			"left out",
			r->conf.name, device->peers[i].line);
	}
	return ret || !found ? ret : plan_again(u, e);
}

/* Run what is planned so far; tables are settled when PostUp hooks begin. */
static int run_planned(struct up *u, struct wgq_err *e)
{
	int ret;

	ret = settle(u, e);
	if (!ret && !u->staged) {
		ret = run_steps(&u->r, &u->plan, after_wg_conf(&u->plan),
				&u->progress, e);
		if (!ret)
			ret = leave_out_self(u, e);
	}
	if (!ret)
		ret = run_steps(&u->r, &u->plan, first_post_up(&u->plan),
				&u->progress, e);
	if (ret || u->progress.next == u->plan.n)
		return ret;
	lock_drop(&u->table_lock);
	return run_steps(&u->r, &u->plan, u->plan.n, &u->progress, e);
}

static int run_staged(struct up *u, struct arena *a, struct wgq_err *e)
{
	struct conf *conf = &u->r.conf;
	struct snap_iface iface;
	int ret;

	ret = plan_create(conf, u->userspace, &u->plan);
	ret = ret ? err_sys(e, ret, "plan") : run_planned(u, e);
	if (!ret && conf->hooks[CONF_PRE_UP].n)
		ret = resolve(&u->r, e);
	if (!ret)
		ret = snap_host(u, &conf->device, a, e);
	if (ret)
		return ret;
	ret = plan_setup(conf, &u->host, &u->plan);
	ret = ret ? err_sys(e, ret, "plan") : run_planned(u, e);
	if (!ret)
		ret = kernel_snap_iface(&u->r.kernel, a, &iface, e);
	if (!ret)
		ret = snap_host(u, iface.device, a, e);
	if (ret)
		return ret;
	ret = plan_link_up(conf, &u->host, &u->plan);
	ret = ret ? err_sys(e, ret, "plan") : run_planned(u, e);
	if (!ret)
		ret = kernel_snap_iface(&u->r.kernel, a, &iface, e);
	if (!ret && conf->hooks[CONF_PRE_UP].n && conf_wants_firewall(conf))
		ret = run_firewall_want(&u->r, iface.device, e);
	if (!ret)
		ret = plan_routes(conf, &u->table, &iface, &u->host, &u->plan,
				  e);
	return ret ? ret : run_planned(u, e);
}

static void forget_plan(struct up *u)
{
	plan_done(&u->plan);
	u->progress.next = 0;
}

static void say_hooks_stay(const struct up *u)
{
	size_t i;

	for (i = 0; i < CONF_PHASES; i++)
		if (u->r.journal.hooks[i])
			run_say(&u->r, "[!]",
				"what the %s hooks did is not "
				"undone",
				conf_phase_name((enum conf_phase)i));
}

/*
 * Decide where the rules go before anything changes.  What was decided stands
 * if the ruleset is the same when its step comes; iptables' lock is not held
 * that long, since hooks may want it.  PreUp hooks come first where there are
 * any: they may name peers, and let endpoints be resolved.
 */
static int check_firewall(struct up *u, struct wgq_err *e)
{
	struct run *r = &u->r;
	int ret;

	if (!conf_wants_firewall(&r->conf) || r->conf.hooks[CONF_PRE_UP].n)
		return 0;
	ret = run_firewall_want(r, &r->conf.device, e);
	if (!ret)
		ret = run_firewall_decide(r, e);
	firewall_unlock(&r->firewall.access);
	return ret;
}

static int bring_up(struct up *u, struct wgq_err *e)
{
	cleanup(arena_done) struct arena a = { 0 };
	int ret;

	ret = plan_whole(u, &a, e);
	if (!ret)
		ret = check_sysctls(u, e);
	if (!ret)
		ret = check_firewall(u, e);
	if (!ret)
		ret = run_stopped(&u->r, e);
	if (ret)
		return ret;
	if (u->host.ipv6_off)
		say_no_ipv6(&u->r);
	u->r.journal.state = JOURNAL_UP;
	if (u->staged) {
		forget_plan(u);
		ret = run_staged(u, &a, e);
	} else {
		ret = run_planned(u, e);
	}
	if (!ret)
		ret = journal_note(&u->r.journal, e, "state is-up");
	if (ret) {
		say_hooks_stay(u);
		run_undo(&u->r, &u->plan, &u->progress, e);
	}
	return ret;
}

static int add_options(struct run *r, struct wgq_err *e)
{
	const struct wgq_opts *o = r->o;
	int ret = 0;

	if (o->forward)
		ret = conf_add_directive(&r->conf, "Forward", o->forward);
	if (!ret && o->masquerade)
		ret = conf_add_directive(&r->conf, "Masquerade", o->masquerade);
	if (!ret && o->open_port)
		ret = conf_add_directive(&r->conf, "OpenPort", o->open_port);
	return ret ? err_sys(e, ret, "options") : 0;
}

int apply_up(const struct wgq_opts *o, const struct host *host,
	     struct wgq_err *e)
{
	struct up u = { .table_lock = LOCK_NONE };
	int ret;

	ret = run_load(&u.r, o, host, e);
	if (!ret)
		ret = add_options(&u.r, e);
	if (!ret)
		ret = check(&u, e);
	if (!ret)
		ret = bring_up(&u, e);
	lock_drop(&u.table_lock);
	plan_done(&u.plan);
	free(u.progress.done);
	run_done(&u.r);
	return ret;
}

int wgq_up(const struct wgq_opts *o, struct wgq_err *e)
{
	return apply_up(o, &host_real, e);
}
