// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/eval.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * What "ignore" means below: the command is one whose failure errexit does not
 * count (a condition, the left of && and ||, behind `!`), and so is all that it
 * consists of, subshells too.
 */
static void eval_node(struct eval *ev, const struct node *n,
		      const struct io *io, bool ignore);

void *eval_no_memory(struct eval *ev)
{
	if (!ev->fatal)
		ev->fatal = err_set(ev->e, -ENOMEM, "out of memory");
	return NULL;
}

static void end_all(struct eval *ev, int err)
{
	if (!ev->fatal)
		ev->fatal = err_set(ev->e, err, "%s", strerror(-err));
}

int eval_write(struct eval *ev, const struct hook_stream *to,
	       const struct buf *text)
{
	if (text->failed) {
		eval_no_memory(ev);
		return -ENOMEM;
	}
	if (!text->len)
		return 0;
	if (to->kind == HOOK_FD)
		return ev->ops->write(ev->ctx, to->fd, text->p, text->len);
	buf_add(to->out, text->p, text->len);
	return 0;
}

void eval_say(struct eval *ev, const struct io *io, const char *fmt, ...)
{
	cleanup(buf_done) struct buf b = {};
	char text[1024];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_adds(&b, ev->world->prefix);
	buf_adds(&b, ret > 0 ? text : "");
	buf_addc(&b, '\n');
	/* There is nowhere to complain that complaining failed. */
	(void)eval_write(ev, &io->s[2], &b);
}

/* After a command: errexit ends the subshell where nobody looks at it. */
static void check_status(struct eval *ev, bool ignore)
{
	if (ev->status && ev->sh.errexit && !ignore)
		ev->leaving = true;
}

static void subshell(struct eval *ev, const struct node *n, const struct io *io,
		     bool ignore)
{
	const struct shell before = ev->sh;

	eval_node(ev, n, io, ignore);
	ev->sh = before;
	ev->leaving = false;
	ev->breaks = 0;
}

/*
 * Final newlines go, and so do NULs, which no value can hold; true where there
 * were some.
 */
static bool trim(struct buf *b)
{
	size_t i, n = 0;
	bool nul;

	for (i = 0; i < b->len; i++)
		if (b->p[i])
			b->p[n++] = b->p[i];
	nul = n < b->len;
	while (n && b->p[n - 1] == '\n')
		n--;
	if (b->p)
		b->p[n] = '\0';
	b->len = n;
	return nul;
}

void eval_substitute(struct eval *ev, const struct node *list,
		     const struct io *io, struct buf *out)
{
	const struct shell before = ev->sh;
	struct io inner = *io;

	inner.s[1] = (struct hook_stream){ .kind = HOOK_TEXT, .out = out };
	/* bash without inherit_errexit */
	ev->sh.errexit = false;
	if (list)
		subshell(ev, list, &inner, false);
	else
		ev->status = 0;
	ev->sh = before;
	ev->substituted = true;
	if (out->failed)
		eval_no_memory(ev);
	if (trim(out))
		eval_say(ev, io,
			 "warning: command substitution: ignored null "
			 "byte in input");
}

/* struct opened - files of a command's redirections, and what was typed */
struct opened {
	int *fds;
	size_t n, cap;
};

static void close_files(struct eval *ev, struct opened *o)
{
	while (o->n)
		ev->ops->close(ev->ctx, o->fds[--o->n]);
}

static bool open_file(struct eval *ev, const struct redir *r, const char *path,
		      struct io *io, struct arena *a, struct opened *o)
{
	int *slot = arena_grow(a, &o->fds, o->n, &o->cap, sizeof(*slot));
	int fd, err;

	if (!slot) {
		eval_no_memory(ev);
		return false;
	}
	err = ev->ops->open(ev->ctx, path, r->flags, &fd);
	if (err) {
		eval_say(ev, io, "%s: %s", path, strerror(-err));
		return false;
	}
	*slot = fd;
	o->n++;
	io->s[r->fd] = (struct hook_stream){ .kind = HOOK_FD, .fd = fd };
	if (r->both)
		io->s[2] = io->s[1];
	return true;
}

static bool redirect_file(struct eval *ev, const struct redir *r, struct io *io,
			  struct arena *a, struct opened *o)
{
	struct fields f = {};

	expand_words(ev, r->target, io, a, &f);
	if (eval_stopped(ev))
		return false;
	if (f.n == 1)
		return open_file(ev, r, f.v[0], io, a, o);
	eval_say(ev, io, "%s: ambiguous redirect", r->text);
	return false;
}

static bool redirect_string(struct eval *ev, const struct redir *r,
			    struct io *io, struct arena *a)
{
	const char *text = expand_text(ev, r->target, io, a);
	char *line;

	if (eval_stopped(ev))
		return false;
	line = arena_printf(a, "%s\n", text);
	if (!line) {
		eval_no_memory(ev);
		return false;
	}
	io->s[0] = (struct hook_stream){ .kind = HOOK_TEXT,
					 .text = line,
					 .len = strlen(line) };
	return true;
}

/* Changes @io as the redirections say; false where one fails. */
static bool redirect(struct eval *ev, const struct redir *r, struct io *io,
		     struct arena *a, struct opened *o)
{
	bool ok = true;

	for (; ok && r; r = r->next) {
		switch (r->kind) {
		case REDIR_FILE:
			ok = redirect_file(ev, r, io, a, o);
			break;
		case REDIR_STRING:
			ok = redirect_string(ev, r, io, a);
			break;
		case REDIR_DUP:
			io->s[r->fd] = io->s[r->from];
			break;
		}
	}
	return ok;
}

/* The value of an assignment; NULL where there is none to make. */
static const char *assigned(struct eval *ev, const struct assign *as,
			    const struct io *io, struct arena *a)
{
	const char *value, *old;

	value = expand_text(ev, as->value, io, a);
	if (eval_stopped(ev))
		return NULL;
	old = as->append ? var_get(ev, as->name) : NULL;
	if (!old)
		return value;
	value = arena_printf(a, "%s%s", old, value);
	return value ? value : eval_no_memory(ev);
}

static void assign_all(struct eval *ev, const struct node *n,
		       const struct io *io, struct arena *a, bool export)
{
	const struct assign *as;
	const char *value;

	for (as = n->assigns; as; as = as->next) {
		value = assigned(ev, as, io, a);
		if (eval_stopped(ev))
			return;
		if (export)
			var_export(ev, as->name, value);
		else
			var_set(ev, as->name, value);
	}
}

/* The arguments of export are all expanded before any of them is set. */
static const char **export_values(struct eval *ev, const struct node *n,
				  const struct io *io, struct arena *a)
{
	const struct assign *as;
	const char **v;
	size_t i = 0;

	for (as = n->assigns; as; as = as->next)
		i++;
	v = arena_array(a, i, sizeof(*v));
	if (!v)
		return eval_no_memory(ev);
	for (i = 0, as = n->assigns; as && !eval_stopped(ev); as = as->next)
		v[i++] = as->value ? assigned(ev, as, io, a) : NULL;
	return v;
}

static void export_all(struct eval *ev, const struct node *n,
		       const char *const *values)
{
	const struct assign *as;

	for (as = n->assigns; as; as = as->next)
		var_export(ev, as->name, *values++);
}

static bool redirects_stdin(const struct redir *r)
{
	while (r && r->fd)
		r = r->next;
	return r;
}

/*
 * No words are left: assignments and redirections are all there is.  The
 * status is that of a substitution, if there was one; but to redirect stdin
 * bash starts a child of its own, which succeeds.
 */
static void nothing(struct eval *ev, const struct node *n, const struct io *io,
		    struct arena *a)
{
	struct opened o = {};
	struct io inner = *io;
	bool ok;

	assign_all(ev, n, io, a, false);
	if (eval_stopped(ev))
		return;
	ok = redirect(ev, n->redirs, &inner, a, &o);
	close_files(ev, &o);
	if (eval_stopped(ev))
		return;
	if (!ok)
		ev->status = 1;
	else if (!ev->substituted || redirects_stdin(n->redirs))
		ev->status = 0;
}

static void run_calls(struct eval *ev, const struct hook_call *calls, size_t n,
		      int *statuses)
{
	int err = ev->ops->run(ev->ctx, calls, n, statuses, ev->e);

	if (err)
		end_all(ev, err);
}

/*
 * struct prepared - a simple command up to where it is run
 *
 * Variables set before it last as long as it does.
 */
struct prepared {
	struct arena a;
	struct opened opened;
	struct fields f;
	const char **exported; /* values of the arguments of export */
	struct io io;
	struct hook_call call;
	struct shell before;
};

/* The order is that of bash: words, what is set before them, redirections. */
static bool prepare(struct eval *ev, const struct node *n, const struct io *io,
		    struct prepared *p)
{
	struct shell assigned;
	bool ok;

	ev->substituted = false;
	p->io = *io;
	expand_words(ev, n->words, io, &p->a, &p->f);
	p->before = ev->sh;
	if (eval_stopped(ev) || !p->f.n)
		return false;
	if (n->builtin == BUILTIN_EXPORT)
		p->exported = export_values(ev, n, io, &p->a);
	else
		assign_all(ev, n, io, &p->a, true);
	if (eval_stopped(ev))
		return false;
	/* Redirections do not see what is set for the command. */
	assigned = ev->sh;
	ev->sh = p->before;
	ok = redirect(ev, n->redirs, &p->io, &p->a, &p->opened);
	ev->sh = assigned;
	if (!ok)
		ev->status = 1;
	return ok;
}

static void unprepare(struct eval *ev, struct prepared *p)
{
	close_files(ev, &p->opened);
	arena_done(&p->a);
}

static void fill_call(struct eval *ev, struct prepared *p)
{
	p->call.argv = p->f.v;
	p->call.argc = p->f.n;
	p->call.env = var_changes(ev, &p->a);
	memcpy(p->call.io, p->io.s, sizeof(p->call.io));
}

static void simple(struct eval *ev, const struct node *n, const struct io *io)
{
	/* What export, unset and such do stays. */
	bool stays = n->builtin >= BUILTIN_EXIT;
	struct prepared p = {};
	int status = 0;

	if (!prepare(ev, n, io, &p)) {
		if (!p.f.n && !eval_stopped(ev))
			nothing(ev, n, io, &p.a);
		if (p.f.n)
			ev->sh = p.before;
		unprepare(ev, &p);
		return;
	}
	if (n->builtin) {
		if (n->builtin == BUILTIN_EXPORT)
			export_all(ev, n, p.exported);
		if (!eval_stopped(ev))
			ev->status = builtin_run(ev, n, p.f.v, &p.io);
	} else {
		fill_call(ev, &p);
		if (!ev->fatal)
			run_calls(ev, &p.call, 1, &status);
		ev->status = status;
	}
	if (!stays)
		ev->sh = p.before;
	unprepare(ev, &p);
}

/*
 * Pipelines.  Programs that stand side by side are run together, by one call.
 * What else there is (builtins, groups, loops) is evaluated when its turn
 * comes; bytes between such a member and its neighbours are kept in buffers.
 */
#define TOGETHER 16

/* struct side - members of a pipeline that are run together */
struct side {
	struct prepared p[TOGETHER];
	struct hook_call calls[TOGETHER];
	int status[TOGETHER];
	size_t n;
};

static bool is_program(const struct node *n)
{
	return n->kind == NODE_SIMPLE && n->words && !n->builtin;
}

static struct hook_stream to_text(struct buf *b)
{
	return (struct hook_stream){ .kind = HOOK_TEXT, .out = b };
}

static struct hook_stream from_text(const struct buf *b)
{
	return (struct hook_stream){ .kind = HOOK_TEXT,
				     .text = b->p ? b->p : "",
				     .len = b->len };
}

/* struct pipe - a pipeline as it is carried out */
struct pipe {
	const struct io *io;
	struct buf text[2]; /* between the member before and the next one */
	unsigned int turn;
	bool first;
	int status; /* $? that the members begin with */
	int last_status, fail_status;
};

/* What the next members read, and what the last of them writes to. */
static struct io member_io(struct pipe *pp, bool last)
{
	struct io io = *pp->io;

	if (!pp->first)
		io.s[0] = from_text(&pp->text[pp->turn]);
	pp->turn = !pp->turn;
	buf_reset(&pp->text[pp->turn]);
	if (!last)
		io.s[1] = to_text(&pp->text[pp->turn]);
	pp->first = false;
	return io;
}

static void member_status(struct pipe *pp, int status)
{
	pp->last_status = status;
	if (status)
		pp->fail_status = status;
}

/* How many members from @n on are programs that can be run together? */
static size_t count_programs(const struct node *n)
{
	size_t k = 0;

	for (; n && is_program(n) && k < TOGETHER; n = n->next)
		k++;
	return k;
}

/*
 * Prepares the members from @n on, and returns how many of them to run.  One
 * that cannot be run ends the row; it has failed and prints nothing.
 */
static size_t prepare_side(struct eval *ev, const struct node *n, size_t k,
			   const struct io *io, struct side *s)
{
	const struct hook_stream piped = { .kind = HOOK_PIPE };
	const struct shell before = ev->sh;
	int status = ev->status;
	struct io member;
	bool ok = true;

	for (; ok && s->n < k; n = n->next, s->n++) {
		member = *io;
		if (s->n)
			member.s[0] = piped;
		if (s->n + 1 < k)
			member.s[1] = piped;
		ev->status = status;
		ok = prepare(ev, n, &member, &s->p[s->n]);
		if (ok)
			fill_call(ev, &s->p[s->n]);
		else
			s->status[s->n] = ev->status;
		ev->sh = before;
		ev->leaving = false;
		s->calls[s->n] = s->p[s->n].call;
	}
	return ok ? s->n : s->n - 1;
}

/* Runs members from @n on; returns the one behind them. */
static const struct node *run_side(struct eval *ev, const struct node *n,
				   struct pipe *pp)
{
	size_t k = count_programs(n), runs, i;
	const struct node *behind = n;
	struct side s = {};
	struct buf lost = {};
	struct io io;

	for (i = 0; i < k; i++)
		behind = behind->next;
	io = member_io(pp, !behind);
	runs = prepare_side(ev, n, k, &io, &s);
	/* Nobody reads what the one before a failed member prints. */
	if (runs < s.n && runs && s.calls[runs - 1].io[1].kind == HOOK_PIPE)
		s.calls[runs - 1].io[1] = to_text(&lost);
	if (runs && !ev->fatal)
		run_calls(ev, s.calls, runs, s.status);
	for (i = 0; i < s.n; i++) {
		member_status(pp, s.status[i]);
		unprepare(ev, &s.p[i]);
	}
	buf_done(&lost);
	for (behind = n; s.n; s.n--)
		behind = behind->next;
	return behind;
}

static void pipeline(struct eval *ev, const struct node *n, const struct io *io,
		     bool ignore)
{
	struct pipe pp = { .io = io, .first = true, .status = ev->status };
	const struct node *m = n->body;
	struct io member;

	if (!m->next) {
		eval_node(ev, m, io, ignore || n->invert);
	} else {
		while (m && !ev->fatal) {
			ev->status = pp.status;
			if (is_program(m)) {
				m = run_side(ev, m, &pp);
				continue;
			}
			member = member_io(&pp, !m->next);
			subshell(ev, m, &member, ignore || n->invert);
			member_status(&pp, ev->status);
			m = m->next;
		}
		ev->status = ev->sh.pipefail ? pp.fail_status : pp.last_status;
	}
	buf_done(&pp.text[0]);
	buf_done(&pp.text[1]);
	if (eval_stopped(ev))
		return;
	if (n->invert)
		ev->status = !ev->status;
	else if (n->body->next)
		check_status(ev, ignore);
}

static void and_or(struct eval *ev, const struct node *n, const struct io *io,
		   bool ignore)
{
	const struct node *m;

	for (m = n->body; m && !eval_stopped(ev) && !ev->breaks; m = m->next) {
		if (m->link == LINK_AND && ev->status)
			continue;
		if (m->link == LINK_OR && !ev->status)
			continue;
		eval_node(ev, m, io, ignore || m->next);
	}
}

static void list(struct eval *ev, const struct node *n, const struct io *io,
		 bool ignore)
{
	for (; n && !eval_stopped(ev) && !ev->breaks; n = n->next)
		eval_node(ev, n, io, ignore);
}

/* After a round of a loop: does it end here? */
static bool leaves_loop(struct eval *ev)
{
	int err = ev->fatal ? 0 : ev->ops->poll(ev->ctx);

	if (err)
		end_all(ev, err);
	if (eval_stopped(ev))
		return true;
	if (!ev->breaks)
		return false;
	if (--ev->breaks || !ev->again)
		return true;
	ev->again = false;
	return false;
}

static void while_loop(struct eval *ev, const struct node *n,
		       const struct io *io, bool ignore)
{
	bool want = n->kind == NODE_WHILE;
	int status = 0;

	for (;;) {
		eval_node(ev, n->cond, io, true);
		if (!eval_stopped(ev) && !ev->breaks) {
			if (!ev->status != want)
				break;
			eval_node(ev, n->body, io, ignore);
		}
		status = ev->status;
		if (leaves_loop(ev))
			break;
	}
	if (!eval_stopped(ev))
		ev->status = status;
}

static void for_loop(struct eval *ev, const struct node *n, const struct io *io,
		     bool ignore)
{
	struct arena a = {};
	struct fields f = {};
	size_t i;

	if (n->positional) {
		f.v = (const char **)ev->sh.args;
		f.n = ev->sh.n_args;
	} else {
		expand_words(ev, n->words, io, &a, &f);
	}
	if (!f.n && !eval_stopped(ev))
		ev->status = 0;
	for (i = 0; i < f.n && !eval_stopped(ev); i++) {
		var_set(ev, n->name, f.v[i]);
		if (!ev->fatal)
			eval_node(ev, n->body, io, ignore);
		if (leaves_loop(ev))
			break;
	}
	arena_done(&a);
}

static void conditional(struct eval *ev, const struct node *n,
			const struct io *io, bool ignore)
{
	eval_node(ev, n->cond, io, true);
	if (eval_stopped(ev) || ev->breaks)
		return;
	if (!ev->status)
		eval_node(ev, n->body, io, ignore);
	else if (n->other)
		eval_node(ev, n->other, io, ignore);
	else
		ev->status = 0;
}

static void compound(struct eval *ev, const struct node *n, const struct io *io,
		     bool ignore)
{
	switch (n->kind) {
	case NODE_SIMPLE:
		simple(ev, n, io);
		check_status(ev, ignore);
		break;
	case NODE_LIST:
		list(ev, n->body, io, ignore);
		break;
	case NODE_AND_OR:
		and_or(ev, n, io, ignore);
		break;
	case NODE_PIPELINE:
		pipeline(ev, n, io, ignore);
		break;
	case NODE_GROUP:
		list(ev, n->body, io, ignore);
		break;
	case NODE_SUBSHELL:
		subshell(ev, n->body, io, ignore);
		check_status(ev, ignore);
		break;
	case NODE_IF:
		conditional(ev, n, io, ignore);
		break;
	case NODE_WHILE:
	case NODE_UNTIL:
		while_loop(ev, n, io, ignore);
		break;
	case NODE_FOR:
		for_loop(ev, n, io, ignore);
		break;
	}
}

static void eval_node(struct eval *ev, const struct node *n,
		      const struct io *io, bool ignore)
{
	struct opened o = {};
	struct io inner = *io;
	struct arena a = {};

	if (eval_stopped(ev))
		return;
	if (n->kind == NODE_SIMPLE || !n->redirs) {
		compound(ev, n, io, ignore);
		return;
	}
	if (redirect(ev, n->redirs, &inner, &a, &o)) {
		compound(ev, n, &inner, ignore);
	} else if (!eval_stopped(ev)) {
		ev->status = 1;
		check_status(ev, ignore);
	}
	close_files(ev, &o);
	arena_done(&a);
}

/* A variable that the environment has too stays exported. */
static void set_world(struct eval *ev)
{
	const struct hook_world *w = ev->world;
	size_t i;

	ev->sh.args = w->args;
	ev->sh.n_args = w->n_args;
	for (i = 0; i < w->n_vars; i++)
		var_set(ev, w->vars[i].name, w->vars[i].value);
}

int hook_script_run(const struct hook_script *script,
		    const struct hook_world *world, const struct hook_ops *ops,
		    void *ctx, int *ret_status, struct wgq_err *e)
{
	struct eval ev = { .world = world, .ops = ops, .ctx = ctx, .e = e };
	struct io io = {};
	int i;

	ev.sh.errexit = ev.sh.pipefail = true;
	for (i = 0; i < 3; i++)
		io.s[i] = (struct hook_stream){ .kind = HOOK_FD, .fd = i };
	set_world(&ev);
	if (script->list)
		eval_node(&ev, script->list, &io, false);
	arena_done(&ev.a);
	if (!ev.fatal)
		*ret_status = ev.status;
	return ev.fatal;
}
