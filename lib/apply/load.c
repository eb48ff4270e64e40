// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/nl.h"
#include "sys/file.h"
#include "sys/sysctl.h"
#include "sys/tables.h"

const struct host host_real = {
	.nl = &nl_kernel_ops,
	.root = "",
	.run = "/run/wgq",
	.uapi = "/var/run/wireguard",
	.xtables = &xtables_kernel_ops,
	.proc_net = "/proc/net",
	.exec = exec_run,
	.sysctl_write = sysctl_write,
	.dns_add = dns_add,
	.dns_del = dns_del,
	.may_admin = kernel_may_admin,
};

static void say(const struct run *r, const struct buf *line)
{
	if (!line->failed && r->o->message)
		r->o->message(r->o->ctx, line->p, line->len);
}

void run_say(const struct run *r, const char *prefix, const char *fmt, ...)
{
	cleanup(buf_done) struct buf line = { 0 };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_addf(&line, "%s %s\n", prefix, text);
	say(r, &line);
}

int run_stopped(const struct run *r, struct wgq_err *e)
{
	if (!r->o->stop || !*r->o->stop)
		return 0;
	return err_set(e, -EINTR, "stopped by signal: %s",
		       strsignal(*r->o->stop));
}

const char *run_getenv(const struct run *r, const char *name)
{
	return exec_getenv(r->o->env, name);
}

/*
 * PATH-1 and PATH-2.  Where wg-quick would only say that
 * /etc/wireguard/wg0.conf.conf does not exist, a wg0.conf in the current
 * directory is what was meant.
 */
static const char *find_conf(struct run *r)
{
	const char *arg = r->o->target;
	size_t len = strlen(arg);
	char *path;

	if (!conf_is_name(arg))
		return arg;
	path = arena_printf(&r->arena, "%s/etc/wireguard/%s.conf",
			    r->host->root, arg);
	if (!path || r->o->as_wg_quick || !access(path, F_OK))
		return path;
	if (len > 5 && !strcmp(arg + len - 5, ".conf") && !access(arg, F_OK))
		return arg;
	return path;
}

/*
 * What a layer finds, to be told in the order of the file.  A conf with one
 * mistake gives one line, the error of the run.
 */
struct found {
	struct conf_finding f;
	size_t order;
};

struct findings {
	struct run *r;
	struct found *v;
	size_t n, cap;
	size_t errors;
	int status;
};

/* wg-quick meets wg's errors first (1), then addresses (2), then the MTU. */
static int earlier_status(int a, int b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

static void on_finding(void *ctx, const struct conf_finding *f)
{
	struct findings *fs = ctx;
	struct arena *a = &fs->r->arena;
	struct found *slot;

	if (f->severity == CONF_ERROR) {
		fs->errors++;
		fs->status = earlier_status(fs->status, f->status);
	}
	slot = arena_grow(a, &fs->v, fs->n, &fs->cap, sizeof(*slot));
	if (!slot)
		return;
	*slot = (struct found){ .f = *f, .order = fs->n };
	slot->f.text = arena_strndup(a, f->text, strlen(f->text));
	if (slot->f.text)
		fs->n++;
}

static int compare_findings(const void *va, const void *vb)
{
	const struct found *a = va, *b = vb;

	if (a->f.line != b->f.line)
		return a->f.line < b->f.line ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* What has no line came from the command line (conf_add_directive()). */
static void finding_place(const struct run *r, unsigned int line,
			  char place[PATH_MAX + 16])
{
	if (line)
		snprintf(place, PATH_MAX + 16, "%s:%u", r->conf.name, line);
	else
		snprintf(place, PATH_MAX + 16, "option");
}

static int tell_findings(struct findings *fs, int ret, struct wgq_err *e)
{
	const struct run *r = fs->r;
	const struct conf_finding *f;
	char prefix[80], place[PATH_MAX + 16];
	size_t i;

	if (ret == -ENOMEM)
		return err_sys(e, ret, "%s", r->conf.name);
	if (fs->n)
		qsort(fs->v, fs->n, sizeof(*fs->v), compare_findings);
	snprintf(prefix, sizeof(prefix), "%.70s:", r->o->program);
	for (i = 0; i < fs->n; i++) {
		f = &fs->v[i].f;
		finding_place(r, f->line, place);
		if (f->severity == CONF_ERROR && fs->errors == 1)
			err_set(e, -EINVAL, "%s: %s", place, f->text);
		else
			run_say(r,
				f->severity == CONF_ERROR ? prefix : "Warning:",
				"%s: %s", place, f->text);
	}
	if (fs->errors > 1)
		err_set(e, -EINVAL, "%s: %zu mistakes, nothing was changed",
			r->conf.name, fs->errors);
	err_status(e, fs->status);
	return ret;
}

int run_parse_device(struct run *r, struct wgq_err *e)
{
	struct findings fs = { .r = r };
	int ret = conf_parse_device(&r->conf, on_finding, &fs);

	return tell_findings(&fs, ret, e);
}

/* ENV-2: a wg or ip beside us wins. */
static const char *own_directory(struct run *r, char self[PATH_MAX])
{
	const char *path = r->o->self;
	char *slash;
	ssize_t len;

	if (path) {
		snprintf(self, PATH_MAX, "%s", path);
	} else {
		len = readlink("/proc/self/exe", self, PATH_MAX - 1);
		self[len > 0 ? len : 0] = '\0';
	}
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return self;
}

int run_environment(struct run *r)
{
	char self[PATH_MAX];

	if (r->env)
		return 0;
	r->env = exec_env(r->o->env, own_directory(r, self), NULL, &r->arena);
	if (!r->env)
		return -ENOMEM;
	r->search_path = exec_getenv(r->env, "PATH");
	return 0;
}

static void dns_notify(void *ctx, const char *text)
{
	run_say(ctx, "[!]", "%s", text);
}

static int read_conf(struct run *r, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };
	struct findings fs = { .r = r };
	struct wgq_err why = { 0 };
	bool open = false;
	int ret;

	ret = file_world_access(r->conf.path, &open, e);
	if (ret)
		return ret;
	if (open)
		run_say(r, "Warning:", "`%s' is world accessible",
			r->conf.path);
	ret = file_read(r->conf.path, FILE_READ_MAX, &text, &why);
	if (ret == -EISDIR)
		/* PATH-7: as empty as bash finds it. */
		run_say(r, "Warning:", "%s", why.msg);
	else if (ret)
		return err_set(e, ret, "%s", why.msg);
	ret = conf_parse(&r->conf, text.p ? text.p : "", text.len, on_finding,
			 &fs);
	memcpy(r->conf.device.name, r->conf.ifname, IF_NAMESIZE);
	return tell_findings(&fs, ret, e);
}

int run_init(struct run *r, const struct wgq_opts *o, const struct host *host,
	     struct wgq_err *e)
{
	r->o = o;
	r->host = host;
	r->lock = LOCK_NONE;
	journal_init(&r->journal, "");
	kernel_init(&r->kernel, host->nl, host->nl_ctx, r->conf.ifname,
		    host->uapi);
	run_firewall_init(r);
	r->proc = arena_printf(&r->arena, "%s/proc", host->root);
	r->sysctls = arena_printf(&r->arena, "%s%s", host->root, SYSCTL_ROOT);
	return r->proc && r->sysctls ? 0 : err_sys(e, -ENOMEM, "start");
}

int run_load(struct run *r, const struct wgq_opts *o, const struct host *host,
	     struct wgq_err *e)
{
	cleanup(free_ptr) char *real = NULL;
	const char *path;
	int ret;

	ret = run_init(r, o, host, e);
	if (ret)
		return ret;
	if (o->hooks && strcmp(o->hooks, "all") && strcmp(o->hooks, "native") &&
	    strcmp(o->hooks, "none"))
		return err_set(e, -EINVAL,
			       "--hooks: `%s' is neither all nor native nor "
			       "none",
			       o->hooks);
	path = find_conf(r);
	if (!path)
		return err_sys(e, -ENOMEM, "%s", o->target);
	real = realpath(path, NULL);
	if (!real && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, -ENOENT, "`%s' does not exist", path);
	if (!conf_parse_path(path, r->conf.ifname))
		return err_set(e, -EINVAL,
			       "The config file must be a valid "
			       "interface name, followed by .conf");
	if (!real)
		return err_sys(e, -errno, "%s", path);
	r->conf.name = path;
	r->conf.path = arena_strndup(&r->arena, real, strlen(real));
	if (!r->conf.path)
		return err_sys(e, -ENOMEM, "%s", path);
	r->names = (struct step_names){
		.ifname = r->conf.ifname,
		.conf = path,
		.as_wg_quick = o->as_wg_quick,
	};
	return read_conf(r, e);
}

int run_dns(struct run *r, struct wgq_err *e)
{
	cleanup(buf_done) struct buf add = { 0 };
	cleanup(buf_done) struct buf del = { 0 };
	struct dns_servers servers;
	struct dns *dns;
	int ret;

	if (r->dns)
		return 0;
	if (run_environment(r))
		return err_sys(e, -ENOMEM, "dns");
	r->dns_env = (struct dns_env){
		.root = r->host->root,
		.state = r->host->run,
		.path = r->search_path,
		.envp = r->env,
		.stop = r->o->stop,
		.notify = dns_notify,
		.ctx = r,
	};
	dns = arena_alloc(&r->arena, sizeof(*dns));
	if (!dns)
		return err_sys(e, -ENOMEM, "dns");
	ret = dns_choose(&r->dns_env, dns, e);
	if (ret)
		return ret;
	r->dns = dns;
	ret = run_dns_servers(r, &servers);
	if (ret)
		return err_sys(e, ret, "dns");
	dns_print_add(r->dns, r->conf.ifname, &servers, &add);
	dns_print_del(r->dns, r->conf.ifname, &del);
	if (add.failed || del.failed)
		return err_sys(e, -ENOMEM, "dns");
	r->names.dns_add = arena_strndup(&r->arena, add.p, add.len);
	r->names.dns_del = arena_strndup(&r->arena, del.p, del.len);
	if (!r->names.dns_add || !r->names.dns_del)
		return err_sys(e, -ENOMEM, "dns");
	return 0;
}

int run_sysctl(const struct run *r, const char *name)
{
	char value[SYSCTL_VALUE_MAX];
	struct wgq_err e = { 0 };

	if (sysctl_read(r->sysctls, name, value, &e))
		return -1;
	return (int)strtol(value, NULL, 10);
}

/* Names carry the namespace, since /run is shared between them. */
static int scoped_name(struct run *r, const char *name, char *out, size_t size,
		       struct wgq_err *e)
{
	int ret = 0;

	if (!r->netns[0])
		ret = netns_id(r->kernel.route.sock, r->proc, r->netns, e);
	if (!ret)
		snprintf(out, size, "%s-%s", r->netns, name);
	return ret;
}

int run_take_lock(struct run *r, const char *name, bool wait,
		  struct lock *ret_lock, struct wgq_err *e)
{
	char scoped[NETNS_ID_LEN + 32];
	pid_t holder = 0;
	int ret;

	ret = scoped_name(r, name, scoped, sizeof(scoped), e);
	if (ret)
		return ret;
	if (wait) {
		ret = lock_try(r->host->run, scoped, ret_lock, &holder, e);
		if (ret != -EBUSY)
			return ret;
		*e = (struct wgq_err){ 0 };
		if (holder && !lock_is_ancestor(r->proc, holder, getpid()))
			run_say(r, "[!]",
				"waiting for process %d, which is at "
				"work on %s",
				(int)holder, name);
		return lock_take(r->host->run, scoped, r->proc, r->o->stop,
				 ret_lock, e);
	}
	return lock_try(r->host->run, scoped, ret_lock, NULL, e);
}

void run_tidy_lock(struct run *r, const char *name)
{
	char scoped[NETNS_ID_LEN + 32], path[LOCK_PATH_LEN];
	struct lock lock = LOCK_NONE;
	struct wgq_err e = { 0 };

	if (scoped_name(r, name, scoped, sizeof(scoped), &e))
		return;
	snprintf(path, sizeof(path), "%s/%s.lock", r->host->run, scoped);
	if (!access(path, F_OK) &&
	    !lock_try(r->host->run, scoped, &lock, NULL, &e))
		lock_drop(&lock);
}

int run_lock(struct run *r, bool wait, struct wgq_err *e)
{
	char scoped[NETNS_ID_LEN + 32], path[JOURNAL_PATH_LEN];
	struct wgq_err why = { 0 };
	int ret;

	ret = run_take_lock(r, r->conf.ifname, wait, &r->lock, &why);
	if (ret == -EROFS || ret == -ENOENT) {
		run_say(r, "[!]",
			"%s: going on without a journal, so that "
			"nothing can be undone after a crash",
			why.msg);
		return 0;
	}
	if (ret)
		return err_set(e, ret, "%s", why.msg);
	ret = scoped_name(r, r->conf.ifname, scoped, sizeof(scoped), e);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/%s.journal", r->host->run, scoped);
	journal_init(&r->journal, path);
	return journal_read(&r->journal, r->proc, e);
}

void run_done(struct run *r)
{
	run_firewall_done(r);
	kernel_done(&r->kernel);
	conf_done(&r->conf);
	r->lock.keep_dir = r->journal.fd >= 0;
	journal_done(&r->journal);
	arena_done(&r->journal.arena);
	buf_done(&r->rt_tables);
	lock_drop(&r->lock);
	arena_done(&r->arena);
}
