// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: how `down` works
 *
 * It is planned from the conf as it is now, from the kernel, and from the
 * journal for what neither can tell.  Nothing of it is undone: a step that
 * fails is reported, and the rest is done all the same.  Only a failing PreDown
 * hook or save ends it before anything was taken down (DN-3).
 *
 * After a run that was killed it finishes the work: an `up` that had not come
 * to its hooks is taken back without hooks, as its rollback would have done;
 * hooks that had begun get their counterparts.
 *
 * An interface that no run of ours took away, but a hook or somebody else, is
 * none any more: that is the error, as it is wg-quick's (DN-1), but only after
 * all has been cleaned up that the interface left and the journal knows.
 */
#include "apply/hook.h"
#include "apply/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static int write_journal(struct run *r, struct wgq_err *e)
{
	char proc[PATH_MAX];

	snprintf(proc, sizeof(proc), "%s/proc", r->host->root);
	return journal_write(&r->journal, proc, e);
}

/* What the plan knows the rules by, so that a second try finds them. */
static void remember_rules(struct run *r, const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		plan_remember(&r->journal.memory, &p->steps[i]);
}

/*
 * Forwarding that was turned on stays on once the tunnel has been up: others
 * may rely on it by now.  An `up` that was cut off is taken back as a whole.
 */
static void leave_forwarding(struct run *r)
{
	struct plan_memory *m = &r->journal.memory;
	size_t i;

	if (r->journal.state != JOURNAL_IS_UP)
		return;
	for (i = 0; i < m->n_sysctl; i++)
		run_say(r, "[!]", "%s stays as it is; it was %d before",
			m->sysctl[i].key, m->sysctl[i].old);
	m->n_sysctl = 0;
}

static int plan(struct run *r, const struct conf *conf,
		const struct snap_link *link, struct plan *p, struct wgq_err *e)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct snap_down snap;
	int ret;

	leave_forwarding(r);
	/* Without a journal the marks in the ruleset are all that can tell. */
	r->journal.memory.firewall |= r->journal.state == JOURNAL_NONE;
	ret = kernel_snap_down(&r->kernel, link, r->journal.memory.mark, &a,
			       &snap, e);
	if (ret)
		return ret;
	snap.src_valid_mark = run_sysctl(r, SYSCTL_SRC_VALID_MARK);
	snap.send_redirects = run_sysctl(r, SYSCTL_SEND_REDIRECTS);
	ret = plan_down(conf, &snap, &r->journal.memory, p);
	if (ret)
		return err_sys(e, ret, "plan");
	if (conf->dns.n || r->journal.memory.dns)
		ret = run_dns(r, e);
	return ret;
}

/*
 * Is the link the one that the journal speaks of?  A link without a recorded
 * index was made by a run that was killed before it could note it, so it is
 * still down.
 */
static bool is_journals(struct run *r, const struct snap_link *link)
{
	if (!link->exists || !kernel_use(&r->kernel, link))
		return false;
	if (r->journal.index)
		return r->journal.index == link->index;
	return r->journal.userspace || !link->up;
}

/*
 * What hooks did within the process is taken back exactly after an `up` that
 * was cut off.  One that ended well has left it to the hooks of `down`.
 */
static int take_back_hooks(struct run *r, struct wgq_err *e)
{
	struct wgq_err why = { 0 };

	if (r->journal.state != JOURNAL_UP)
		r->journal.n_undo = 0;
	/* What is gone already was taken back by a run that was cut off. */
	if (run_undo_edits(r, &why))
		run_say(r, "[!]", "%s", why.msg);
	return run_stopped(r, e);
}

int run_clear(struct run *r, const struct snap_link *link, struct wgq_err *e)
{
	cleanup(plan_done) struct plan p = { 0 };
	struct snap_link ours = *link;
	struct conf nothing = { 0 };
	int ret;

	if (!is_journals(r, link)) {
		ours = (struct snap_link){ 0 };
		r->kernel.ifindex = 0;
	}
	ret = take_back_hooks(r, e);
	if (!ret)
		ret = plan(r, &nothing, &ours, &p, e);
	if (!ret)
		ret = run_steps_all(r, &p, e);
	if (!ret)
		ret = run_unmake_tables(r, e);
	r->kernel.ifindex = 0;
	r->kernel.userspace = false;
	if (!ret)
		journal_remove(&r->journal);
	run_tidy_lock(r, RUN_TABLE_LOCK);
	return ret;
}

static int run_hooks(struct run *r, enum conf_phase phase, size_t skip,
		     struct wgq_err *e)
{
	cleanup(plan_done) struct plan p = { 0 };
	struct progress progress = { .next = 0 };
	size_t i;
	int ret;

	if (plan_hooks(&r->conf, phase, &p))
		return err_sys(e, -ENOMEM, "plan");
	progress.done = calloc(p.n + 1, sizeof(*progress.done));
	if (!progress.done)
		return err_sys(e, -ENOMEM, "plan");
	progress.next = skip < p.n ? skip : p.n;
	for (i = progress.next, ret = 0; i < p.n && !ret; i++) {
		ret = run_steps(r, &p, i + 1, &progress, e);
		if (!ret && phase == CONF_POST_DOWN)
			ret = journal_note(&r->journal, e, "post_down %zu",
					   i + 1);
	}
	free(progress.done);
	return ret;
}

static bool any_up_hook_ran(const struct journal *j)
{
	return j->hooks[CONF_PRE_UP] || j->hooks[CONF_POST_UP];
}

/* The steps between the hooks. */
static int take_down(struct run *r, const struct snap_link *link,
		     struct wgq_err *e)
{
	cleanup(plan_done) struct plan p = { 0 };
	int ret;

	ret = plan(r, &r->conf, link, &p, e);
	if (ret)
		return ret;
	r->journal.state = JOURNAL_DOWN;
	r->journal.index = link->exists ? link->index : 0;
	r->journal.userspace = r->kernel.userspace;
	r->journal.memory.dns |= r->conf.dns.n != 0;
	remember_rules(r, &p);
	ret = write_journal(r, e);
	return ret ? ret : run_steps_all(r, &p, e);
}

static int no_interface(const struct run *r, struct wgq_err *e)
{
	return err_set(e, -ENODEV, "`%s' is not a WireGuard interface",
		       r->conf.ifname);
}

static void forget_link(struct run *r, struct snap_link *link)
{
	*link = (struct snap_link){ 0 };
	r->kernel.ifindex = 0;
	r->kernel.userspace = false;
}

static bool was_cut_off(const struct run *r)
{
	return r->journal.state == JOURNAL_UP ||
	       r->journal.state == JOURNAL_DOWN;
}

/* PreDown hooks and SaveConfig, while the link is there. */
static int prepare(struct run *r, bool hooks, struct snap_link *link,
		   struct wgq_err *e)
{
	int ret = 0;

	if (hooks && r->conf.hooks[CONF_PRE_DOWN].n) {
		ret = run_hooks(r, CONF_PRE_DOWN, 0, e);
		/* They may have deleted it, or put another in its place. */
		if (!ret)
			ret = kernel_link(&r->kernel, link, e);
		if (!ret && !(link->exists && kernel_use(&r->kernel, link)))
			forget_link(r, link);
	}
	if (!ret && r->conf.save_config && link->exists)
		ret = run_save(r, e);
	return ret;
}

static int bring_down(struct run *r, struct snap_link *link, struct wgq_err *e)
{
	bool finish = r->journal.state == JOURNAL_DOWN;
	bool hooks =
		r->journal.state != JOURNAL_UP || any_up_hook_ran(&r->journal);
	bool cut_off = was_cut_off(r), gone;
	struct wgq_err hook_err = { 0 };
	int ret = 0;

	if (link->exists && !finish)
		ret = prepare(r, hooks, link, e);
	if (ret)
		return ret;
	gone = !link->exists && !cut_off;
	if (gone)
		run_say(r, "[!]", "`%s' is gone: cleaning up what it left",
			r->conf.ifname);
	ret = take_back_hooks(r, e);
	if (!ret)
		ret = take_down(r, link, e);
	if (hooks)
		run_hooks(r, CONF_POST_DOWN, r->journal.post_down, &hook_err);
	/* What iptables has brought to life stays after wg-quick. */
	if (!ret && (cut_off || !r->o->as_wg_quick))
		ret = run_unmake_tables(r, e);
	if (!ret)
		run_hand_over(r);
	/* PostDown hooks that a signal cut off are the next run's to finish. */
	if (!ret && hook_err.code != -EINTR)
		journal_remove(&r->journal);
	if (!hook_err.code)
		return !ret && gone ? no_interface(r, e) : ret;
	if (ret) {
		run_say(r, "[!]", "%s", hook_err.msg);
		return ret;
	}
	*e = hook_err;
	return hook_err.code;
}

int apply_down(const struct wgq_opts *o, const struct host *host,
	       struct wgq_err *e)
{
	struct snap_link link;
	struct run r = { 0 };
	bool ours;
	int ret;

	ret = run_load(&r, o, host, e);
	if (!ret && o->hooks && !strcmp(o->hooks, "native"))
		ret = err_set(e, -EINVAL,
			      "down runs all hooks, or with --hooks=none none");
	if (!ret && !host->may_admin())
		ret = err_set(e, -EPERM,
			      "taking an interface down needs root "
			      "or CAP_NET_ADMIN");
	if (!ret)
		ret = run_lock(&r, true, e);
	if (!ret)
		ret = kernel_link(&r.kernel, &link, e);
	if (ret)
		goto out;
	ours = link.exists && kernel_use(&r.kernel, &link);
	if (!ours && r.journal.state == JOURNAL_NONE) {
		ret = no_interface(&r, e);
		goto out;
	}
	if (!ours)
		forget_link(&r, &link);
	if (was_cut_off(&r))
		run_say(&r, "[!]", "finishing what an earlier run left of `%s'",
			r.conf.ifname);
	ret = bring_down(&r, &link, e);
out:
	run_tidy_lock(&r, RUN_TABLE_LOCK);
	run_done(&r);
	return ret;
}

int wgq_down(const struct wgq_opts *o, struct wgq_err *e)
{
	return apply_down(o, &host_real, e);
}
