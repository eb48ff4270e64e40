// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: how a hook runs
 *
 * hook/script.h evaluates a line that it understands as a whole.  Its commands
 * come here: those in the table of natives are carried out by us, the others
 * are executed, neighbours in a pipeline at the same time.  Between a command
 * of ours and a program the data is kept in memory.
 */
#include "apply/hook.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply/native.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "hook/hook.h"
#include "hook/script.h"

/**
 * struct evaluation - a hook line under way
 * @r:		run
 * @phase:	its phase
 * @a:		memory of the line
 * @carry:	what the last command wrote into the pipe
 * @err:	where native commands write stderr, if not to their stream
 * @literal:	see struct native_call
 */
struct evaluation {
	struct run *r;
	enum conf_phase phase;
	struct arena a;
	struct buf carry;
	struct buf *err;
	bool literal;
};

static const struct native *native_of(const struct hook_call *c)
{
	const struct native *n = native_find(c->argv[0]);

	return n && n->takes(c->argv, c->argc, NULL) ? n : NULL;
}

static int write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -errno;
	}
	return 0;
}

/* Bring what was written into a buffer to where the stream leads. */
static int deliver(struct evaluation *ev, const struct hook_stream *s,
		   const struct buf *text)
{
	switch (s->kind) {
	case HOOK_FD:
		if (s->fd == STDERR_FILENO && ev->err) {
			buf_add(ev->err, text->p, text->len);
			return 0;
		}
		/* A reader that is gone is no failure of the command. */
		write_all(s->fd, text->p, text->len);
		return 0;
	case HOOK_TEXT:
		buf_add(s->out, text->p, text->len);
		return s->out->failed ? -ENOMEM : 0;
	case HOOK_PIPE:
		buf_add(&ev->carry, text->p, text->len);
		return ev->carry.failed ? -ENOMEM : 0;
	}
	return 0;
}

static int run_native(struct evaluation *ev, const struct native *native,
		      const struct hook_call *c, int *ret_status,
		      struct wgq_err *e)
{
	cleanup(buf_done) struct buf in = { 0 }, out = { 0 }, err = { 0 };
	struct native_call call = {
		.r = ev->r,
		.phase = ev->phase,
		.argv = c->argv,
		.argc = c->argc,
		.out = &out,
		.err = &err,
		.literal = ev->literal,
	};
	int ret;

	if (c->io[0].kind == HOOK_TEXT) {
		call.in = c->io[0].text;
		call.in_len = c->io[0].len;
	} else if (c->io[0].kind == HOOK_PIPE) {
		in = ev->carry;
		ev->carry = (struct buf){ 0 };
		call.in = in.p ? in.p : "";
		call.in_len = in.len;
	}
	ret = native->run(&call, ret_status, e);
	if (!ret && (out.failed || err.failed))
		ret = err_sys(e, -ENOMEM, "%s", c->argv[0]);
	if (ret)
		return ret;
	ret = deliver(ev, &c->io[1], &out);
	if (!ret)
		ret = deliver(ev, &c->io[2], &err);
	return ret ? err_sys(e, ret, "%s", c->argv[0]) : 0;
}

static int memory_file(const char *text, size_t len)
{
	cleanup(close_fd) int fd = memfd_create("hook", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write_all(fd, text, len) || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Append all of a file that a program wrote into. */
static int take_file(int fd, struct buf *out)
{
	char block[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, block, sizeof(block), at)) > 0) {
		buf_add(out, block, (size_t)n);
		at += n;
	}
	return n < 0 ? -errno : out->failed ? -ENOMEM : 0;
}

/**
 * struct plumbing - the descriptors of a pipeline of programs
 * @in:		file made for the first one's input, -1 = none
 * @out:	file made for the last one's output
 * @fds:	three for each program
 * @err:	file made for each one's stderr, -1 = none
 */
struct plumbing {
	int in, out;
	int (*fds)[3];
	int *err;
};

static int plumb_input(struct evaluation *ev, const struct hook_stream *s,
		       struct plumbing *p)
{
	const struct buf *carry = &ev->carry;

	if (s->kind == HOOK_FD) {
		p->fds[0][0] = s->fd;
		return 0;
	}
	if (s->kind == HOOK_TEXT)
		p->in = memory_file(s->text, s->len);
	else
		p->in = memory_file(carry->p ? carry->p : "", carry->len);
	buf_reset(&ev->carry);
	p->fds[0][0] = p->in;
	return p->in < 0 ? p->in : 0;
}

static int plumb_output(const struct hook_stream *s, struct plumbing *p,
			size_t last)
{
	if (s->kind == HOOK_FD) {
		p->fds[last][1] = s->fd;
		return 0;
	}
	p->out = memory_file("", 0);
	p->fds[last][1] = p->out;
	return p->out < 0 ? p->out : 0;
}

static bool same_place(const struct hook_stream *a, const struct hook_stream *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == HOOK_PIPE ||
	       (a->kind == HOOK_TEXT && a->out == b->out);
}

static int plumb_errors(const struct hook_call *c, size_t n, struct plumbing *p)
{
	const struct hook_stream *s;
	size_t i;

	for (i = 0; i < n; i++) {
		s = &c[i].io[2];
		if (s->kind == HOOK_FD) {
			p->fds[i][2] = s->fd;
		} else if (s->kind == HOOK_PIPE || same_place(&c[i].io[1], s)) {
			p->fds[i][2] = EXEC_FD_STDOUT;
		} else {
			p->err[i] = memory_file("", 0);
			if (p->err[i] < 0)
				return p->err[i];
			p->fds[i][2] = p->err[i];
		}
	}
	return 0;
}

static int collect(struct evaluation *ev, const struct hook_call *c, size_t n,
		   const struct plumbing *p)
{
	const struct hook_stream *out = &c[n - 1].io[1];
	int ret = 0;
	size_t i;

	if (p->out >= 0)
		ret = take_file(p->out,
				out->kind == HOOK_TEXT ? out->out : &ev->carry);
	for (i = 0; i < n && !ret; i++)
		if (p->err[i] >= 0)
			ret = take_file(p->err[i], c[i].io[2].out);
	return ret;
}

static bool is_change_of(const char *entry, const char *change)
{
	size_t len = strcspn(change, "=");

	return !strncmp(entry, change, len) && entry[len] == '=';
}

/* The environment of a command, with its own changes. */
static const char *const *command_env(struct evaluation *ev,
				      const char *const *changes)
{
	const char *const *base = ev->r->env;
	size_t n = 0, n_changes = 0, i, k;
	const char **env;

	if (!changes || !changes[0])
		return base;
	while (base[n])
		n++;
	while (changes[n_changes])
		n_changes++;
	env = arena_array(&ev->a, n + n_changes + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (i = n = 0; base[i]; i++) {
		for (k = 0; changes[k]; k++)
			if (is_change_of(base[i], changes[k]))
				break;
		if (!changes[k])
			env[n++] = base[i];
	}
	for (k = 0; changes[k]; k++)
		if (strchr(changes[k], '='))
			env[n++] = changes[k];
	return env;
}

/* The phase's hooks did something that only its counterparts can take back. */
static int note_foreign(struct evaluation *ev, struct wgq_err *e)
{
	bool *noted = &ev->r->journal.hooks[ev->phase];

	if (*noted)
		return 0;
	*noted = true;
	return journal_note(&ev->r->journal, e, "hooks %s",
			    conf_phase_name(ev->phase));
}

static const char *search_path(const struct evaluation *ev,
			       const char *const *env)
{
	return env == ev->r->env ? ev->r->search_path
				 : exec_getenv(env, "PATH");
}

static int prepare(struct evaluation *ev, const struct hook_call *c,
		   struct exec *x, int *fds, struct wgq_err *why,
		   struct wgq_err *e)
{
	char path[PATH_MAX];

	x->argv = c->argv;
	x->envp = command_env(ev, c->env);
	x->fds = fds;
	x->stop = ev->r->o->stop;
	if (!x->envp)
		return err_sys(e, -ENOMEM, "%s", c->argv[0]);
	if (exec_find(search_path(ev, x->envp), c->argv[0], path, why))
		/* It is to fail in its place in the pipeline. */
		snprintf(path, sizeof(path), "%s", "/");
	x->path = arena_strndup(&ev->a, path, strlen(path));
	return x->path ? 0 : err_sys(e, -ENOMEM, "%s", c->argv[0]);
}

/* A script without #!: a shell reads such a file itself. */
static int run_script_file(struct evaluation *ev, struct exec *x, size_t argc,
			   int *ret_status, struct wgq_err *e)
{
	const char **argv = arena_array(&ev->a, argc + 2, sizeof(*argv));
	char path[PATH_MAX];
	int ret;

	if (!argv)
		return err_sys(e, -ENOMEM, "hook");
	ret = run_find_shell(ev->r, path, e);
	if (ret)
		return ret;
	argv[0] = path;
	argv[1] = x->path;
	memcpy(&argv[2], &x->argv[1], (argc - 1) * sizeof(*argv));
	x->argv = argv;
	x->path = path;
	return ev->r->host->exec(x, ret_status, e);
}

static int start(struct evaluation *ev, const struct hook_call *c, size_t n,
		 struct exec *x, int *statuses, struct wgq_err *errs,
		 struct wgq_err *e)
{
	int ret;

	if (n > 1)
		return exec_pipeline(x, n, statuses, errs, e);
	if (errs[0].code)
		return 0;
	ret = ev->r->host->exec(x, statuses, &errs[0]);
	if (ret == -ENOEXEC) {
		errs[0] = (struct wgq_err){ 0 };
		ret = run_script_file(ev, x, c->argc, statuses, &errs[0]);
	}
	if (ret == -EINTR)
		*e = errs[0];
	return ret == -EINTR ? ret : 0;
}

static int say_not_started(struct evaluation *ev, const struct hook_call *c,
			   const struct wgq_err *why)
{
	cleanup(buf_done) struct buf text = { 0 };

	buf_addf(&text, "%s: %s\n", ev->r->o->program, why->msg);
	return deliver(ev, &c->io[2], &text);
}

static int run_plumbed(struct evaluation *ev, const struct hook_call *c,
		       size_t n, struct plumbing *p, int *statuses,
		       struct wgq_err *e)
{
	struct exec *x = arena_array(&ev->a, n, sizeof(*x));
	struct wgq_err *found = arena_array(&ev->a, n, sizeof(*found));
	struct wgq_err *errs = arena_array(&ev->a, n, sizeof(*errs));
	int ret = 0;
	size_t i;

	if (!x || !found || !errs)
		return err_sys(e, -ENOMEM, "hook");
	for (i = 0; i < n && !ret; i++)
		ret = prepare(ev, &c[i], &x[i], p->fds[i], &found[i], e);
	if (!ret && n == 1)
		errs[0] = found[0];
	if (!ret)
		ret = start(ev, c, n, x, statuses, errs, e);
	for (i = 0; i < n && !ret; i++) {
		if (found[i].code)
			errs[i] = found[i];
		if (!errs[i].code)
			continue;
		statuses[i] = errs[i].status ? errs[i].status : 126;
		ret = say_not_started(ev, &c[i], &errs[i]);
	}
	return ret;
}

static int run_programs(struct evaluation *ev, const struct hook_call *c,
			size_t n, int *statuses, struct wgq_err *e)
{
	struct plumbing p = { .in = -1, .out = -1 };
	size_t i;
	int ret;

	ret = note_foreign(ev, e);
	if (ret)
		return ret;
	p.fds = arena_array(&ev->a, n, sizeof(*p.fds));
	p.err = arena_array(&ev->a, n, sizeof(*p.err));
	if (!p.fds || !p.err)
		return err_sys(e, -ENOMEM, "hook");
	for (i = 0; i < n; i++) {
		p.fds[i][0] = p.fds[i][1] = -1;
		p.err[i] = -1;
	}
	ret = plumb_input(ev, &c[0].io[0], &p);
	if (!ret)
		ret = plumb_output(&c[n - 1].io[1], &p, n - 1);
	if (!ret)
		ret = plumb_errors(c, n, &p);
	if (ret)
		err_sys(e, ret, "%s", c[0].argv[0]);
	else
		ret = run_plumbed(ev, c, n, &p, statuses, e);
	if (!ret && collect(ev, c, n, &p))
		ret = err_sys(e, -ENOMEM, "%s", c[0].argv[0]);
	close_fd(&p.in);
	close_fd(&p.out);
	for (i = 0; i < n; i++)
		close_fd(&p.err[i]);
	return ret;
}

static int op_run(void *ctx, const struct hook_call *calls, size_t n,
		  int *statuses, struct wgq_err *e)
{
	struct evaluation *ev = ctx;
	const struct native *native;
	size_t i = 0, end;
	int ret;

	while (i < n) {
		native = native_of(&calls[i]);
		for (end = i + 1; !native && end < n; end++)
			if (native_of(&calls[end]))
				break;
		ret = native ? run_native(ev, native, &calls[i], &statuses[i],
					  e)
			     : run_programs(ev, &calls[i], end - i,
					    &statuses[i], e);
		if (!ret)
			ret = run_stopped(ev->r, e);
		if (ret)
			return ret;
		i = end;
	}
	return 0;
}

static void real_path(const struct evaluation *ev, const char *path,
		      char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s%s", *path == '/' ? ev->r->host->root : "",
		 path);
}

static int op_open(void *ctx, const char *path, int flags, int *ret_fd)
{
	char file[PATH_MAX];

	real_path(ctx, path, file);
	*ret_fd = open(file, flags | O_CLOEXEC, 0666);
	return *ret_fd < 0 ? -errno : 0;
}

static void op_close(void *ctx, int fd)
{
	(void)ctx;
	close(fd);
}

static int op_write(void *ctx, int fd, const void *data, size_t len)
{
	(void)ctx;
	return write_all(fd, data, len);
}

static bool op_test(void *ctx, char test, const char *path)
{
	struct stat st;
	char file[PATH_MAX];

	real_path(ctx, path, file);
	if (test == 'h' || test == 'L')
		return !lstat(file, &st) && S_ISLNK(st.st_mode);
	if (test == 'r' || test == 'w' || test == 'x')
		return !faccessat(AT_FDCWD, file,
				  test == 'r'	? R_OK
				  : test == 'w' ? W_OK
						: X_OK,
				  AT_EACCESS);
	if (stat(file, &st))
		return false;
	switch (test) {
	case 'b':
		return S_ISBLK(st.st_mode);
	case 'c':
		return S_ISCHR(st.st_mode);
	case 'd':
		return S_ISDIR(st.st_mode);
	case 'f':
		return S_ISREG(st.st_mode);
	case 'g':
		return st.st_mode & S_ISGID;
	case 'k':
		return st.st_mode & S_ISVTX;
	case 'p':
		return S_ISFIFO(st.st_mode);
	case 's':
		return st.st_size > 0;
	case 'u':
		return st.st_mode & S_ISUID;
	case 'S':
		return S_ISSOCK(st.st_mode);
	default: /* a, e: it is there */
		return true;
	}
}

static int op_poll(void *ctx)
{
	struct evaluation *ev = ctx;

	return ev->r->o->stop && *ev->r->o->stop ? -EINTR : 0;
}

static const char *op_home(void *ctx, const char *user, struct arena *a)
{
	struct evaluation *ev = ctx;

	(void)a;
	return *user ? NULL : exec_getenv(ev->r->env, "HOME");
}

struct paths {
	struct arena *a;
	const char **v;
	size_t n, cap;
};

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Is there anything but quoted and plain characters? Then take off quotes. */
static bool is_pattern(char *s)
{
	char *to = s;
	size_t i;

	for (i = 0; s[i]; i++) {
		if (strchr("*?[", s[i]))
			return true;
		if (s[i] == '\\' && s[i + 1])
			i++;
	}
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = '\0';
	return false;
}

/* A leading dot has to be written, as for any shell. */
static bool may_match(const char *component, const char *name)
{
	return name[0] != '.' || component[component[0] == '\\'] == '.';
}

static int expand(struct evaluation *ev, struct paths *out, const char *dir,
		  const char *pattern);

/* Go on with one name of a directory, or take it where it is the last. */
static int take_name(struct evaluation *ev, struct paths *out, const char *dir,
		     const char *name, const char *rest)
{
	const char **slot;
	char *path = arena_printf(&ev->a, "%s%s", dir, name);

	if (!path)
		return -ENOMEM;
	if (*rest) {
		path = arena_printf(&ev->a, "%s/", path);
		return path ? expand(ev, out, path, rest + 1) : -ENOMEM;
	}
	if (!op_test(ev, 'e', path) && !op_test(ev, 'L', path))
		return 0;
	slot = arena_grow(out->a, &out->v, out->n, &out->cap, sizeof(*slot));
	if (slot)
		*slot = arena_strndup(out->a, path, strlen(path));
	if (!slot || !*slot)
		return -ENOMEM;
	out->n++;
	return 0;
}

static int match_names(struct evaluation *ev, struct paths *out,
		       const char *dir, const char *component, const char *rest)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int ret = 0;
	DIR *d;

	real_path(ev, *dir ? dir : ".", path);
	d = opendir(path);
	while (d && !ret && (entry = readdir(d)))
		if (may_match(component, entry->d_name) &&
		    hook_match(component, entry->d_name))
			ret = take_name(ev, out, dir, entry->d_name, rest);
	if (d)
		closedir(d);
	return ret;
}

static int expand(struct evaluation *ev, struct paths *out, const char *dir,
		  const char *pattern)
{
	size_t len = strcspn(pattern, "/");
	char *component = arena_strndup(&ev->a, pattern, len);

	if (!component)
		return -ENOMEM;
	if (is_pattern(component))
		return match_names(ev, out, dir, component, pattern + len);
	return take_name(ev, out, dir, component, pattern + len);
}

static int op_glob(void *ctx, const char *pattern, struct arena *a,
		   const char *const **ret_paths, size_t *ret_n)
{
	struct paths out = { .a = a };
	int ret = expand(ctx, &out, "", pattern);

	if (ret)
		return ret;
	if (out.n)
		qsort(out.v, out.n, sizeof(*out.v), compare_paths);
	*ret_paths = out.v;
	*ret_n = out.n;
	return 0;
}

static const struct hook_ops ops = {
	.run = op_run,
	.open = op_open,
	.close = op_close,
	.write = op_write,
	.test = op_test,
	.glob = op_glob,
	.home = op_home,
	.poll = op_poll,
};

static int judge(const struct run *r, int status, struct wgq_err *e)
{
	int ret = run_stopped(r, e);

	if (ret || !status)
		return ret;
	err_set(e, -ECANCELED, "exit status %d", status);
	return err_status(e, status);
}

static int evaluate(struct evaluation *ev, const struct hook_script *script,
		    const char *text, int *ret_status, struct wgq_err *e)
{
	struct run *r = ev->r;
	struct hook_world world = { .env = r->env };
	int ret;

	world.prefix = arena_printf(&ev->a, "%s: ", r->o->program);
	if (!world.prefix || hook_world_init(&world, &r->conf, ev->phase,
					     r->o->program, text, &ev->a))
		return err_sys(e, -ENOMEM, "hook");
	ret = hook_script_run(script, &world, &ops, ev, ret_status, e);
	buf_done(&ev->carry);
	return ret;
}

int run_find_shell(struct run *r, char ret_path[PATH_MAX], struct wgq_err *e)
{
	struct wgq_err no_bash = { 0 };

	if (!exec_find(r->search_path, "bash", ret_path, &no_bash))
		return 0;
	return exec_find(r->search_path, "sh", ret_path, e);
}

static int run_shell(struct evaluation *ev, const struct hook *hook,
		     struct wgq_err *e)
{
	cleanup(buf_done) struct buf script = { 0 };
	struct run *r = ev->r;
	struct exec x = { .envp = r->env, .stop = r->o->stop };
	enum hook_shell shell;
	char path[PATH_MAX];
	int status, ret;

	ret = note_foreign(ev, e);
	if (!ret)
		ret = run_find_shell(r, path, e);
	if (ret)
		return ret;
	shell = strcmp(strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
		       "bash")
			? HOOK_SH
			: HOOK_BASH;
	hook_shell_script(hook, &r->conf, ev->phase, r->o->program, shell,
			  &script);
	if (script.failed)
		return err_sys(e, -ENOMEM, "hook");
	x.path = path;
	x.argv = hook_shell_argv(path, script.p, &r->conf, ev->phase,
				 r->o->program, &ev->a);
	if (!x.argv)
		return err_sys(e, -ENOMEM, "hook");
	ret = r->host->exec(&x, &status, e);
	return ret ? ret : judge(r, status, e);
}

int run_hook(struct run *r, const struct step_hook *s, struct wgq_err *e)
{
	struct evaluation ev = {
		.r = r,
		.phase = s->phase,
		.literal = r->o->literal || r->o->as_wg_quick,
	};
	const struct hook_script *script;
	const char *why;
	struct hook hook;
	int status, ret;

	if (r->o->hooks && !strcmp(r->o->hooks, "none")) {
		run_say(r, "[!]", "%s was not run: hooks are switched off",
			conf_phase_name(s->phase));
		return 0;
	}
	if (run_environment(r))
		return err_sys(e, -ENOMEM, "hook");
	ret = hook_parse(s->text, r->conf.ifname, &ev.a, &hook);
	if (!ret)
		ret = hook_script_parse(hook.text, &ev.a, &script, &why);
	if (ret) {
		err_sys(e, ret, "hook");
	} else if (script) {
		ret = evaluate(&ev, script, hook.text, &status, e);
		if (!ret)
			ret = judge(r, status, e);
	} else {
		ret = run_shell(&ev, &hook, e);
	}
	arena_done(&ev.a);
	return ret;
}

int run_hook_text(struct run *r, const char *text, struct wgq_err *e)
{
	cleanup(buf_done) struct buf err = { 0 };
	struct evaluation ev = {
		.r = r, .phase = CONF_POST_DOWN, .err = &err, .literal = true
	};
	const struct hook_script *script;
	const char *why;
	int status = 0, ret;

	if (run_environment(r))
		return err_sys(e, -ENOMEM, "undo");
	ret = hook_script_parse(text, &ev.a, &script, &why);
	if (ret)
		err_sys(e, ret, "undo");
	else if (!script)
		ret = err_set(e, -EINVAL, "%s: %s", text, why);
	else
		ret = evaluate(&ev, script, text, &status, e);
	arena_done(&ev.a);
	if (ret || !status)
		return ret;
	buf_adds(&err, "");
	return err_set(e, -ECANCELED, "%s: %s", text,
		       err.failed ? "failed" : err.p);
}
