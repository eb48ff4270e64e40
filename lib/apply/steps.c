// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/hook.h"
#include "apply/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "sys/sysctl.h"

/* Exit status that wg-quick ends with when such a step is refused (EXIT-2):
 * ip gives 2 for the kernel's refusals, wg, nft and sysctl 1.
 */
static int refusal_status(enum step_kind kind)
{
	switch (kind) {
	case STEP_ADDR_ADD:
	case STEP_LINK_UP:
	case STEP_RULE_ADD:
	case STEP_RULE_DEL:
	case STEP_ROUTE_ADD:
	case STEP_LINK_DEL:
		return 2;
	case STEP_LINK_ADD:
	case STEP_USERSPACE:
	case STEP_HOOK:
	case STEP_WG_CONF:
	case STEP_DNS_ADD:
	case STEP_WG_FWMARK:
	case STEP_SYSCTL:
	case STEP_SPOOF_ADD:
	case STEP_SPOOF_DEL:
	case STEP_XT_DEL:
	case STEP_FIREWALL:
	case STEP_FIREWALL_DEL:
	case STEP_DNS_DEL:
		return 1;
	}
	return 1;
}

static void trace(const struct run *r, const struct step *v, size_t n)
{
	cleanup(buf_done) struct buf out = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		/* Its commands are known once it has looked at the rules. */
		if (v[i].kind == STEP_FIREWALL ||
		    v[i].kind == STEP_FIREWALL_DEL)
			continue;
		buf_adds(&out, "[#] ");
		step_print(&v[i], &r->names, &out);
		buf_addc(&out, '\n');
	}
	if (out.len && !out.failed && r->o->message)
		r->o->message(r->o->ctx, out.p, out.len);
}

static int explain(const struct run *r, const struct step *s, struct wgq_err *e)
{
	cleanup(buf_done) struct buf command = { 0 };

	if (!e->status)
		err_status(e, refusal_status(s->kind));
	step_print(s, &r->names, &command);
	if (!command.failed)
		err_ctx(e, command.len < 200 ? "%s" : "%.77s...", command.p);
	if (s->line)
		err_at(e, r->conf.name, s->line);
	return e->code;
}

static int execute(struct run *r, const char *path, const char *const *argv,
		   int *ret_status, struct wgq_err *e)
{
	struct exec x = {
		.path = path,
		.argv = argv,
		.envp = r->env,
		.stop = r->o->stop,
	};

	return r->host->exec(&x, ret_status, e);
}

static int judge(const struct run *r, int status, struct wgq_err *e)
{
	int ret = run_stopped(r, e);

	if (ret || !status)
		return ret;
	err_set(e, -ECANCELED, "exit status %d", status);
	return err_status(e, status);
}

static int start_userspace(struct run *r, const char *program,
			   struct wgq_err *e)
{
	const char *argv[] = { program, r->conf.ifname, NULL };
	char path[PATH_MAX];
	int status, ret;

	if (run_environment(r))
		return err_sys(e, -ENOMEM, "%s", program);
	ret = exec_find(r->search_path, program, path, e);
	if (!ret)
		ret = execute(r, path, argv, &status, e);
	/* A signal meanwhile ends the run, but what was made is to be undone */
	return ret || !status ? ret : judge(r, status, e);
}

/*
 * Look up the link that was just made.  From here on a link of the name is
 * ours only if it has this index.  A failure comes after the step took effect,
 * so that the step is undone.
 */
static int adopt_link(struct run *r, struct wgq_err *e)
{
	struct snap_link link;
	int ret;

	ret = kernel_link(&r->kernel, &link, e);
	if (ret)
		return ret;
	if (!link.exists || !kernel_use(&r->kernel, &link))
		return err_set(e, -ENODEV, "no interface %s was left behind",
			       r->conf.ifname);
	r->journal.index = link.index;
	return journal_note(&r->journal, e, "index %u", link.index);
}

static bool makes_link(enum step_kind kind)
{
	return kind == STEP_LINK_ADD || kind == STEP_USERSPACE;
}

static int write_sysctl(struct run *r, const struct step_sysctl *s,
			struct wgq_err *e)
{
	char now[SYSCTL_VALUE_MAX], value[16];
	struct wgq_err unread = { 0 };

	snprintf(value, sizeof(value), "%d", s->value);
	if (!sysctl_read(r->sysctls, s->key, now, &unread) &&
	    !strcmp(now, value))
		return 0;
	return r->host->sysctl_write(r->sysctls, s->key, value, e);
}

int run_dns_servers(struct run *r, struct dns_servers *ret)
{
	const struct conf_list *lists[] = { &r->conf.dns, &r->conf.dns_search };
	const char **texts[2];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		texts[i] = arena_array(&r->arena, lists[i]->n, sizeof(char *));
		if (!texts[i])
			return -ENOMEM;
		for (j = 0; j < lists[i]->n; j++)
			texts[i][j] = lists[i]->v[j].s;
	}
	*ret = (struct dns_servers){
		.server = texts[0],
		.n_server = lists[0]->n,
		.search = texts[1],
		.n_search = lists[1]->n,
	};
	return 0;
}

static int add_dns(struct run *r, struct wgq_err *e)
{
	struct dns_servers servers;
	int ret = run_dns_servers(r, &servers);

	if (ret)
		return err_sys(e, ret, "dns");
	return r->host->dns_add(r->dns, r->conf.ifname, &servers, e);
}

static int run_one(struct run *r, const struct step *s, struct wgq_err *e)
{
	switch (s->kind) {
	case STEP_HOOK:
		return run_hook(r, &s->hook, e);
	case STEP_USERSPACE:
		return start_userspace(r, s->program, e);
	case STEP_SYSCTL:
		return write_sysctl(r, &s->sysctl, e);
	case STEP_DNS_ADD:
		return add_dns(r, e);
	case STEP_DNS_DEL:
		return r->host->dns_del(r->dns, r->conf.ifname, e);
	case STEP_FIREWALL:
		return run_firewall_put(r, e);
	case STEP_FIREWALL_DEL:
		return run_firewall_clean(r, e);
	case STEP_LINK_ADD:
	case STEP_WG_CONF:
	case STEP_ADDR_ADD:
	case STEP_LINK_UP:
	case STEP_WG_FWMARK:
	case STEP_RULE_ADD:
	case STEP_RULE_DEL:
	case STEP_ROUTE_ADD:
	case STEP_SPOOF_ADD:
	case STEP_SPOOF_DEL:
	case STEP_XT_DEL:
	case STEP_LINK_DEL:
		break;
	}
	return 0;
}

/*
 * Do the first of @v, and with it those that follow which the kernel takes
 * together with it.
 */
static int run_some(struct run *r, const struct step *v, size_t n, bool *done,
		    size_t *ret_tried, struct wgq_err *e)
{
	size_t together = 1, failed = 0;
	int ret;

	if (kernel_does(v[0].kind))
		while (together < n &&
		       kernel_joins(v[together - 1].kind, v[together].kind))
			together++;
	*ret_tried = together;
	trace(r, v, together);
	if (!kernel_does(v[0].kind)) {
		ret = run_one(r, v, e);
		done[0] = !ret;
	} else {
		ret = kernel_run(&r->kernel, &r->conf, v, together, done,
				 &failed, e);
	}
	if (!ret && makes_link(v[0].kind))
		ret = adopt_link(r, e);
	return ret ? explain(r, &v[failed], e) : 0;
}

int run_steps(struct run *r, const struct plan *p, size_t end,
	      struct progress *progress, struct wgq_err *e)
{
	size_t tried;
	int ret;

	while (progress->next < end) {
		ret = run_stopped(r, e);
		if (ret)
			return ret;
		ret = run_some(r, p->steps + progress->next,
			       end - progress->next,
			       progress->done + progress->next, &tried, e);
		progress->next += tried;
		if (ret)
			return ret;
	}
	return 0;
}

static bool is_gone(int code)
{
	return code == -ENOENT || code == -ENODEV || code == -ESRCH ||
	       code == -EADDRNOTAVAIL;
}

static int run_tolerant(struct run *r, const struct step *s, struct wgq_err *e)
{
	struct wgq_err why = { 0 };
	bool done = false;
	size_t tried;

	/* The signal that we may be undoing for must not end this as well. */
	r->dns_env.stop = NULL;
	if (!run_some(r, s, 1, &done, &tried, &why) || is_gone(why.code))
		return 0;
	if (s->kind == STEP_DNS_DEL && why.code == -EPROTO) {
		/* resolvconf's own complaint is no reason to fail (DN-3). */
		run_say(r, "[!]", "%s", why.msg);
		return 0;
	}
	if (!e->code)
		*e = why;
	else
		run_say(r, "[!]", "%s", why.msg);
	return why.code;
}

int run_steps_all(struct run *r, const struct plan *p, struct wgq_err *e)
{
	int ret = 0, one;
	size_t i;

	for (i = 0; i < p->n; i++) {
		one = run_tolerant(r, &p->steps[i], e);
		if (!ret)
			ret = one;
	}
	return ret;
}

void run_undo(struct run *r, const struct plan *p,
	      const struct progress *progress, struct wgq_err *e)
{
	unsigned int failed = 0;
	struct step inverse;
	struct wgq_err why;
	size_t i, len;

	why = (struct wgq_err){ 0 };
	if (run_undo_edits(r, &why)) {
		failed++;
		run_say(r, "[!]", "%s", why.msg);
	}
	for (i = progress->next; i-- > 0;) {
		if (!progress->done[i] || !step_inverse(&p->steps[i], &inverse))
			continue;
		why = (struct wgq_err){ 0 };
		if (!run_tolerant(r, &inverse, &why))
			continue;
		failed++;
		run_say(r, "[!]", "%s", why.msg);
	}
	why = (struct wgq_err){ 0 };
	if (run_unmake_tables(r, &why)) {
		failed++;
		run_say(r, "[!]", "%s", why.msg);
	}
	if (!failed) {
		journal_remove(&r->journal);
		return;
	}
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len,
		 "; %u step%s could not be undone: `%s down %s' tries again",
		 failed, failed > 1 ? "s" : "", r->o->program, r->o->target);
}
