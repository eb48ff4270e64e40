// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply/hook.h"
#include "apply/native.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "fw/ipt.h"
#include "fw/place.h"

/* How often a ruleset that changes under us is read again. */
#define TRIES 10

/**
 * struct ipt_run - one command under way
 * @c:		its words
 * @cmd:	what they mean
 * @a:		owns what @cmd points to
 * @rs:		ruleset
 * @es:		edits that the command is
 * @more:	accepts of our own that come along
 * @ns:		notes
 */
struct ipt_run {
	const struct native_call *c;
	struct ipt_command cmd;
	struct arena a;
	struct fw_ruleset rs;
	struct fw_edits es, more;
	struct place_notes ns;
};

static void forget(struct ipt_run *t)
{
	place_notes_done(&t->ns);
	fw_edits_done(&t->more);
	fw_edits_done(&t->es);
	fw_ruleset_done(&t->rs);
}

static bool takes(const char *const *argv, size_t argc, const char **why)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct ipt_failure failure = { 0 };
	enum fw_backend backend;
	struct ipt_command cmd;
	uint8_t family;
	bool fixed;

	if (!ipt_names(argv[0], &family, &backend, &fixed))
		return false;
	switch (ipt_parse(family, backend, argv + 1, argc - 1, &a, &cmd,
			  &failure)) {
	case IPT_OK:
	case IPT_FAILS:
		return true;
	case IPT_UNKNOWN:
	case IPT_NO_MEMORY:
		break;
	}
	if (why)
		*why = "iptables has options here that only the program knows";
	return false;
}

/*
 * Plain iptables is what this host's program is; where there is none, the
 * engine that holds rules, and nf_tables if neither or both do.
 */
static int choose_backend(struct run *r, uint8_t family, const char *name,
			  enum fw_backend *ret, struct wgq_err *e)
{
	cleanup(free_ptr) char *real = NULL;
	struct wgq_err missing = { 0 };
	char path[PATH_MAX];
	bool legacy = false;
	int ret_present;

	if (!exec_find(r->search_path, name, path, &missing))
		real = realpath(path, NULL);
	if (real && strstr(real, "legacy")) {
		*ret = FW_LEGACY;
		return 0;
	}
	*ret = FW_NFT;
	if (real)
		return 0;
	ret_present = xtables_present(&r->firewall.xt, family, &legacy, e);
	if (!ret_present && legacy)
		*ret = FW_LEGACY;
	return ret_present;
}

static void fail(const struct ipt_run *t, const struct ipt_failure *why,
		 int *ret_status)
{
	buf_adds(t->c->err, why->text);
	buf_addc(t->c->err, '\n');
	*ret_status = why->status;
}

/* May the position of a rule give way? What comes down finds its rules. */
static bool gives_way(const struct ipt_run *t)
{
	return !t->c->literal &&
	       (t->c->phase == CONF_PRE_UP || t->c->phase == CONF_POST_UP);
}

/*
 * Where the rule is an accept for the tunnel that would be dead, let it take
 * effect.
 */
static int place(struct ipt_run *t, struct wgq_err *e)
{
	struct run *r = t->c->r;
	const struct place_want *w = &r->firewall.want;
	size_t i;
	int ret = 0;

	if (!gives_way(t))
		return 0;
	if (!w->ifname)
		ret = run_firewall_want(r, &r->conf.device, e);
	for (i = 0; i < t->es.n && !ret; i++)
		if (t->es.v[i].kind == FW_E_RULE_ADD)
			ret = place_hook(&t->rs, w, &t->es.v[i], &t->more,
					 &t->ns, e);
	for (i = 0; i < t->ns.n; i++)
		run_say(r, "[!]", "%s", t->ns.v[i]);
	return ret;
}

/* Edits of our own go in the same commit, behind those of the command. */
static int append_more(struct ipt_run *t, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };
	struct run *r = t->c->r;
	struct fw_edit *slot;
	size_t i;

	for (i = 0; i < t->more.n; i++) {
		slot = fw_edit_add(&t->es, t->more.v[i].kind,
				   t->more.v[i].backend, t->more.v[i].family,
				   t->more.v[i].table, t->more.v[i].chain);
		if (!slot)
			return err_sys(e, -ENOMEM, "firewall");
		*slot = t->more.v[i];
		buf_reset(&text);
		fw_edit_print(slot, &text);
		if (text.failed)
			return err_sys(e, -ENOMEM, "firewall");
		run_say(r, "[#]", "%s", text.p);
	}
	if (!t->more.n || r->journal.memory.firewall)
		return 0;
	r->journal.memory.firewall = true;
	return journal_note(&r->journal, e, "firewall 1");
}

/*
 * The kernel's refusal in iptables' words.  What it refuses is nearly always
 * an extension that it lacks, or that has no business in this table.
 */
static int refused(const struct ipt_run *t, const struct wgq_err *why,
		   int *ret_status)
{
	static const char *const names[] = {
		[IPT_APPEND] = "RULE_APPEND",
		[IPT_INSERT] = "RULE_INSERT",
		[IPT_REPLACE] = "RULE_REPLACE",
		[IPT_DELETE] = "RULE_DELETE",
		[IPT_CHECK] = "RULE_CHECK",
		[IPT_POLICY] = "CHAIN_UPDATE",
		[IPT_NEW_CHAIN] = "CHAIN_USER_ADD",
		[IPT_DELETE_CHAIN] = "CHAIN_USER_DEL",
		[IPT_RENAME_CHAIN] = "CHAIN_RENAME",
		[IPT_FLUSH] = "CHAIN_FLUSH",
		[IPT_ZERO] = "CHAIN_ZERO",
	};
	const char *program =
		t->cmd.family == AF_INET6 ? "ip6tables" : "iptables";

	*ret_status = t->cmd.backend == FW_LEGACY ? 1 : 4;
	if (t->cmd.backend == FW_LEGACY)
		buf_addf(t->c->err, "%s: %s\n", program, why->msg);
	else
		buf_addf(t->c->err,
			 "%s v1.8.9 (nf_tables):  %s failed (%s): %s %s\n",
			 program, names[t->cmd.op], strerror(-why->code),
			 t->cmd.n_rule ? "rule in chain" : "chain",
			 t->cmd.chain ? t->cmd.chain : "");
	return 0;
}

static int commit(struct ipt_run *t, int *ret_status, struct wgq_err *e)
{
	struct run *r = t->c->r;
	struct wgq_err why = { 0 };
	int ret;

	ret = run_remember_edits(r, &t->rs, &t->es, e);
	if (!ret)
		ret = append_more(t, e);
	if (ret)
		return ret;
	ret = firewall_commit(&r->firewall.access, &t->rs, &t->es, &why);
	if (!ret || ret == -ERESTART || ret == -ENOMEM || ret == -EINTR) {
		if (ret)
			*e = why;
		return ret;
	}
	run_forget_edits(r);
	return refused(t, &why, ret_status);
}

/*
 * "-I FORWARD 2" was written for a chain of at least one rule.  On a shorter
 * one an accept for the tunnel goes to the end, where iptables would fail.
 */
static void shorten(struct ipt_run *t)
{
	struct run *r = t->c->r;
	const struct fw_table *table = fw_table_find(
		&t->rs, t->cmd.backend, t->cmd.family, t->cmd.table);
	const struct fw_chain *c = table && t->cmd.chain
					   ? fw_chain_find(table, t->cmd.chain)
					   : NULL;
	size_t n = c ? c->n_rule : 0;

	if (t->cmd.op != IPT_INSERT || t->cmd.rulenum <= n + 1 ||
	    !gives_way(t) || !hook_accepts(&t->cmd, r->conf.ifname))
		return;
	run_say(r, "[!]", "%s has %zu rule%s: number %u is its end",
		t->cmd.chain, n, n == 1 ? "" : "s", t->cmd.rulenum);
	t->cmd.rulenum = (unsigned int)n + 1;
}

static int once(struct ipt_run *t, int *ret_status, struct wgq_err *e)
{
	struct ipt_failure failure = { 0 };
	int ret;

	ret = firewall_read(&t->c->r->firewall.access, &t->rs, e);
	if (ret)
		return ret;
	shorten(t);
	switch (ipt_plan(&t->cmd, &t->rs, &t->es, &t->a, &failure)) {
	case IPT_OK:
		break;
	case IPT_FAILS:
		fail(t, &failure, ret_status);
		return 0;
	case IPT_UNKNOWN:
		return err_set(e, -EOPNOTSUPP,
			       "%s: the table holds what only iptables "
			       "understands",
			       t->cmd.table);
	case IPT_NO_MEMORY:
		return err_sys(e, -ENOMEM, "iptables");
	}
	*ret_status = 0;
	if (!t->es.n)
		return 0;
	ret = place(t, e);
	return ret ? ret : commit(t, ret_status, e);
}

static int repeat(struct ipt_run *t, int *ret_status, struct wgq_err *e)
{
	struct run *r = t->c->r;
	struct wgq_err why;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < TRIES; i++) {
		why = (struct wgq_err){ 0 };
		ret = once(t, ret_status, &why);
		forget(t);
		if (ret != -ERESTART)
			break;
		run_forget_edits(r);
		ret = run_stopped(r, e);
		if (ret)
			return ret;
	}
	if (i == TRIES)
		return err_set(e, -EBUSY,
			       "the firewall's rules changed each time they "
			       "were read: something else is at work on them");
	if (ret)
		*e = why;
	return ret;
}

static int run(const struct native_call *c, int *ret_status, struct wgq_err *e)
{
	struct ipt_run t = { .c = c };
	struct ipt_failure failure = { 0 };
	enum fw_backend backend;
	uint8_t family;
	bool fixed;
	int ret = 0;

	ipt_names(c->argv[0], &family, &backend, &fixed);
	if (!fixed)
		ret = choose_backend(c->r, family, c->argv[0], &backend, e);
	if (ret)
		return ret;
	switch (ipt_parse(family, backend, c->argv + 1, c->argc - 1, &t.a,
			  &t.cmd, &failure)) {
	case IPT_OK:
		ret = repeat(&t, ret_status, e);
		break;
	case IPT_FAILS:
		fail(&t, &failure, ret_status);
		break;
	case IPT_UNKNOWN:
		/* takes() said otherwise. */
		ret = err_set(e, -EINVAL, "%s: %s", c->argv[0], failure.text);
		break;
	case IPT_NO_MEMORY:
		ret = err_sys(e, -ENOMEM, "%s", c->argv[0]);
		break;
	}
	firewall_unlock(&c->r->firewall.access);
	arena_done(&t.a);
	return ret;
}

const struct native native_iptables = { .takes = takes, .run = run };
