// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/dns_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/netns.h"

#define RESOLV_MAX ((size_t)1 << 20)
#define RECORD_MAX ((size_t)16 << 20)
#define MAGIC "wgq-dns 1\n"

/* enum kind - what stands at the path of resolv.conf */
enum kind { KIND_NONE, KIND_FILE, KIND_LINK };

/* struct state - what stands there: a file's content or a link's target */
struct state {
	enum kind kind;
	const char *p;
	size_t len;
};

/* struct entry - the lines of one interface */
struct entry {
	const char *owner; /* network namespace and interface */
	const char *p;
	size_t len;
};

/*
 * struct record - what the state file holds
 * @original:	what was there before the first entry, restored after the last
 * @options:	its option lines, which every version of ours keeps
 * @before:	what was there before the last change of ours
 * @after:	what that change makes of it; either may be what is there now
 */
struct record {
	struct state original, options, before, after;
	struct entry *entries;
	size_t n, cap;
};

/* struct edit - one call, under the lock */
struct edit {
	const struct dns_env *env;
	struct arena arena;
	struct lock lock;
	struct record rec;
	struct state now;
	bool have_record;
	bool mounted; /* the file is a mount point of its own */
	char owner[NETNS_ID_LEN + 64];
	char path[PATH_MAX]; /* of resolv.conf */
	char file[PATH_MAX]; /* of the record */
};

static bool state_eq(const struct state *a, const struct state *b)
{
	return a->kind == b->kind && a->len == b->len &&
	       (!a->len || !memcmp(a->p, b->p, a->len));
}

static int state_copy(struct edit *x, enum kind kind, const char *p, size_t len,
		      struct state *ret)
{
	*ret = (struct state){ kind, arena_strndup(&x->arena, p ? p : "", len),
			       len };
	return ret->p ? 0 : -ENOMEM;
}

static int look(struct edit *x, struct state *ret, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = {};
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;
	int err;

	if (lstat(x->path, &st)) {
		if (errno != ENOENT)
			return err_sys(e, -errno, "%s", x->path);
		*ret = (struct state){ KIND_NONE, "", 0 };
		return 0;
	}
	if (S_ISLNK(st.st_mode)) {
		n = readlink(x->path, target, sizeof(target));
		if (n < 0)
			return err_sys(e, -errno, "%s", x->path);
		err = state_copy(x, KIND_LINK, target, (size_t)n, ret);
		return err ? err_sys(e, err, "%s", x->path) : 0;
	}
	err = file_read(x->path, RESOLV_MAX, &text, e);
	if (err)
		return err;
	err = state_copy(x, KIND_FILE, text.p, text.len, ret);
	return err ? err_sys(e, err, "%s", x->path) : 0;
}

static void put_state(struct buf *b, const char *name, const struct state *s)
{
	buf_addf(b, "%s %d %zu\n", name, (int)s->kind, s->len);
	buf_add(b, s->p, s->len);
	buf_addc(b, '\n');
}

static int save_record(struct edit *x, struct wgq_err *e)
{
	cleanup(buf_done) struct buf b = {};
	size_t i;

	buf_adds(&b, MAGIC);
	put_state(&b, "original", &x->rec.original);
	put_state(&b, "options", &x->rec.options);
	put_state(&b, "before", &x->rec.before);
	put_state(&b, "after", &x->rec.after);
	for (i = 0; i < x->rec.n; i++) {
		const struct state s = { KIND_FILE, x->rec.entries[i].p,
					 x->rec.entries[i].len };

		put_state(&b, x->rec.entries[i].owner, &s);
	}
	if (b.failed)
		return err_sys(e, -ENOMEM, "%s", x->file);
	return file_write(x->file, FILE_REPLACE_LINK, 0600, b.p, b.len, e);
}

static int drop_record(struct edit *x, struct wgq_err *e)
{
	x->have_record = false;
	x->rec = (struct record){};
	if (unlink(x->file) && errno != ENOENT)
		return err_sys(e, -errno, "%s", x->file);
	return 0;
}

/* One "NAME KIND LEN\n" and its bytes; false at the end or where damaged. */
static bool get_state(struct edit *x, const char **p, const char *end,
		      char name[128], struct state *ret)
{
	size_t n = strcspn(*p, " \n");
	unsigned long kind, len;
	char *after;

	if (!n || n >= 128 || (*p)[n] != ' ')
		return false;
	memcpy(name, *p, n);
	name[n] = '\0';
	kind = strtoul(*p + n, &after, 10);
	len = strtoul(after, &after, 10);
	if (*after != '\n' || kind > KIND_LINK)
		return false;
	*p = after + 1;
	if (len >= (size_t)(end - *p) || (*p)[len] != '\n' ||
	    state_copy(x, (enum kind)kind, *p, len, ret))
		return false;
	*p += len + 1;
	return true;
}

static bool add_entry(struct edit *x, const char *owner, const char *p,
		      size_t len)
{
	struct entry *entry = arena_grow(&x->arena, &x->rec.entries, x->rec.n,
					 &x->rec.cap, sizeof(*entry));

	if (!entry)
		return false;
	*entry = (struct entry){
		arena_strndup(&x->arena, owner, strlen(owner)),
		arena_strndup(&x->arena, p, len),
		len,
	};
	if (!entry->owner || !entry->p)
		return false;
	x->rec.n++;
	return true;
}

static bool parse_record(struct edit *x, const char *p, const char *end)
{
	struct state *const fixed[] = { &x->rec.original, &x->rec.options,
					&x->rec.before, &x->rec.after };
	struct state s;
	char name[128];
	size_t i;

	if ((size_t)(end - p) < strlen(MAGIC) ||
	    memcmp(p, MAGIC, strlen(MAGIC)))
		return false;
	p += strlen(MAGIC);
	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (!get_state(x, &p, end, name, fixed[i]))
			return false;
	while (p < end)
		if (!get_state(x, &p, end, name, &s) ||
		    !add_entry(x, name, s.p, s.len))
			return false;
	return true;
}

static int load_record(struct edit *x, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = {};
	struct wgq_err bad = {};
	int err = file_read(x->file, RECORD_MAX, &text, &bad);

	if (err == -ENOENT)
		return 0;
	if (err)
		return err_set(e, err, "%s", bad.msg);
	if (!text.p || !parse_record(x, text.p, text.p + text.len))
		return err_set(e, -EBADMSG,
			       "%s: damaged; see to %s and remove it", x->file,
			       x->path);
	x->have_record = true;
	return 0;
}

/*
 * A mount point cannot be renamed over and is a file of its own, as in
 * containers and under `ip netns exec`; before kernel 5.8 nothing tells, and
 * only the failing rename will.
 */
static bool is_mount_point(const char *path)
{
	struct statx stx;

	return !statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) &&
	       stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT &&
	       stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* The record belongs to one resolv.conf, of which the host may have several. */
static int set_paths(struct edit *x, const char *ifname, struct wgq_err *e)
{
	char netns[NETNS_ID_LEN];
	char etc[PATH_MAX];
	struct stat st;
	int n, err;

	err = netns_id(-1, "/proc", netns, e);
	if (err)
		return err;
	snprintf(x->owner, sizeof(x->owner), "%s/%s", netns, ifname);
	n = snprintf(etc, sizeof(etc), "%s/etc", x->env->root);
	if (n < 0 || (size_t)n + sizeof("/resolv.conf") > sizeof(etc))
		return err_sys(e, -ENAMETOOLONG, "%s", x->env->root);
	snprintf(x->path, sizeof(x->path), "%.*s/resolv.conf", n, etc);
	x->mounted = is_mount_point(x->path);
	if (stat(x->mounted ? x->path : etc, &st))
		return err_sys(e, -errno, "%s", x->mounted ? x->path : etc);
	n = snprintf(x->file, sizeof(x->file), "%s/dns-%jx-%ju", x->env->state,
		     (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	if (n < 0 || (size_t)n >= sizeof(x->file))
		return err_sys(e, -ENAMETOOLONG, "%s", x->env->state);
	return 0;
}

static int write_file(const struct edit *x, const struct state *s,
		      struct wgq_err *e)
{
	struct wgq_err first = {}, second = {};
	int err;

	if (x->mounted)
		return file_rewrite(x->path, s->p, s->len, e);
	err = file_write(x->path, FILE_REPLACE_LINK, 0644, s->p, s->len,
			 &first);
	if (!err)
		return 0;
	if ((err == -EBUSY || err == -EXDEV || err == -EROFS) &&
	    x->now.kind == KIND_FILE &&
	    !file_rewrite(x->path, s->p, s->len, &second))
		return 0;
	return err_set(e, err, "%s", first.msg);
}

/* Makes resolv.conf what @s says, unless it is so already. */
static int put_in_force(struct edit *x, const struct state *s,
			struct wgq_err *e)
{
	int err = 0;

	if (state_eq(s, &x->now))
		return 0;
	switch (s->kind) {
	case KIND_NONE:
		if (unlink(x->path) && errno != ENOENT)
			err = err_sys(e, -errno, "%s", x->path);
		break;
	case KIND_FILE:
		err = write_file(x, s, e);
		break;
	case KIND_LINK:
		err = file_symlink(x->path, s->p, e);
		break;
	}
	if (!err)
		x->now = *s;
	return err;
}

static bool is_ours(const struct edit *x)
{
	return state_eq(&x->now, &x->rec.before) ||
	       state_eq(&x->now, &x->rec.after);
}

static void notify(const struct edit *x, const char *what)
{
	cleanup(buf_done) struct buf b = {};

	if (!x->env->notify)
		return;
	buf_addf(&b, "%s was changed by another program: %s", x->path, what);
	if (!b.failed)
		x->env->notify(x->env->ctx, b.p);
}

/* Ends a restore that was cut off: no entry is left but the record is. */
static int finish_restore(struct edit *x, struct wgq_err *e)
{
	int err = 0;

	if (!x->have_record || x->rec.n)
		return 0;
	if (is_ours(x))
		err = put_in_force(x, &x->rec.original, e);
	return err ? err : drop_record(x, e);
}

static void edit_done(struct edit *x)
{
	lock_drop(&x->lock);
	arena_done(&x->arena);
}

static int edit_start(struct edit *x, const char *ifname, struct wgq_err *e)
{
	int err = set_paths(x, ifname, e);

	if (!err)
		err = lock_take(x->env->state, "dns", "/proc", x->env->stop,
				&x->lock, e);
	if (!err)
		err = look(x, &x->now, e);
	if (!err)
		err = load_record(x, e);
	if (!err)
		err = finish_restore(x, e);
	return err;
}

static struct entry *find_entry(const struct edit *x)
{
	size_t i;

	for (i = 0; i < x->rec.n; i++)
		if (!strcmp(x->rec.entries[i].owner, x->owner))
			return &x->rec.entries[i];
	return NULL;
}

static void remove_entry(struct edit *x, struct entry *entry)
{
	size_t i = (size_t)(entry - x->rec.entries);

	x->rec.n--;
	memmove(entry, entry + 1, (x->rec.n - i) * sizeof(*entry));
}

/* Timeouts and the like are the admin's, whoever the servers are. */
static int take_options(struct edit *x, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = {}, options = {};
	struct wgq_err ignored = {};
	const char *p, *end;
	size_t len;

	if (!file_read(x->path, RESOLV_MAX, &text, &ignored) && text.p) {
		end = text.p + text.len;
		for (p = text.p; p < end; p += len + 1) {
			len = strcspn(p, "\n");
			if (!strncmp(p, "options", 7) &&
			    (p[7] == ' ' || p[7] == '\t')) {
				buf_add(&options, p, len);
				buf_addc(&options, '\n');
			}
		}
	}
	if (options.failed ||
	    state_copy(x, KIND_FILE, options.p, options.len, &x->rec.options))
		return err_sys(e, -ENOMEM, "%s", x->path);
	return 0;
}

/* What resolv.conf has to be for the entries there are. */
static int set_after(struct edit *x, struct wgq_err *e)
{
	cleanup(buf_done) struct buf b = {};
	const struct entry *top;

	x->rec.before = x->now;
	if (!x->rec.n) {
		x->rec.after = x->rec.original;
		return 0;
	}
	top = &x->rec.entries[x->rec.n - 1];
	buf_addf(&b,
		 "# Name servers of %s, set by wgq.  What was here before "
		 "comes back with its end.\n",
		 strchr(top->owner, '/') + 1);
	buf_add(&b, x->rec.options.p, x->rec.options.len);
	buf_add(&b, top->p, top->len);
	if (b.failed || state_copy(x, KIND_FILE, b.p, b.len, &x->rec.after))
		return err_sys(e, -ENOMEM, "%s", x->path);
	return 0;
}

/* The record first, then the file: a cut in between can be told from it. */
static int commit(struct edit *x, struct wgq_err *e)
{
	int err = set_after(x, e);

	if (!err)
		err = save_record(x, e);
	if (!err)
		err = put_in_force(x, &x->rec.after, e);
	return err;
}

/* Puts the record back as it was before a change that failed. */
static void take_back(struct edit *x, const struct record *old, bool had)
{
	struct wgq_err ignored = {};
	int err;

	x->rec = *old;
	err = had ? save_record(x, &ignored) : drop_record(x, &ignored);
	/* Whatever stays behind, is_ours() can tell what it is about. */
	(void)err;
}

static int add_locked(struct edit *x, const struct buf *lines,
		      struct wgq_err *e)
{
	struct record old;
	struct entry *own;
	bool had;
	int err;

	if (x->have_record && !is_ours(x)) {
		notify(x, "it is kept as the one to restore");
		err = drop_record(x, e);
		if (err)
			return err;
	}
	had = x->have_record;
	old = x->rec;
	/* The changes below must not reach the old entries. */
	x->rec.entries = arena_array(&x->arena, old.n + 1, sizeof(*own));
	if (!x->rec.entries)
		return err_sys(e, -ENOMEM, "%s", x->path);
	if (old.n)
		memcpy(x->rec.entries, old.entries, old.n * sizeof(*own));
	x->rec.cap = old.n + 1;
	if (!had) {
		x->rec.original = x->now;
		err = take_options(x, e);
		if (err)
			return err;
	}
	own = find_entry(x);
	if (own)
		remove_entry(x, own);
	if (!add_entry(x, x->owner, lines->p, lines->len))
		return err_sys(e, -ENOMEM, "%s", x->path);
	err = commit(x, e);
	if (err)
		take_back(x, &old, had);
	return err;
}

int dns_file_add(const struct dns_env *env, const char *ifname,
		 const struct buf *lines, struct wgq_err *e)
{
	struct edit x = { .env = env, .lock = LOCK_NONE };
	int err = edit_start(&x, ifname, e);

	if (!err)
		err = add_locked(&x, lines, e);
	edit_done(&x);
	return err;
}

static int del_locked(struct edit *x, struct wgq_err *e)
{
	struct entry *own = x->have_record ? find_entry(x) : NULL;
	int err;

	if (!own)
		return 0;
	if (!is_ours(x)) {
		notify(x, "it stays as it is");
		return drop_record(x, e);
	}
	remove_entry(x, own);
	err = commit(x, e);
	if (!err && !x->rec.n)
		err = drop_record(x, e);
	return err;
}

int dns_file_del(const struct dns_env *env, const char *ifname,
		 struct wgq_err *e)
{
	struct edit x = { .env = env, .lock = LOCK_NONE };
	int err;

	/* Nothing to lock where no record can be. */
	if (access(env->state, F_OK))
		return 0;
	err = edit_start(&x, ifname, e);
	if (!err)
		err = del_locked(&x, e);
	edit_done(&x);
	return err;
}

int dns_file_lines(const struct dns_env *env, const char *ifname,
		   struct buf *ret, struct wgq_err *e)
{
	struct edit x = { .env = env, .lock = LOCK_NONE };
	struct entry *own;
	int err;

	err = set_paths(&x, ifname, e);
	if (!err)
		err = load_record(&x, e);
	own = err ? NULL : find_entry(&x);
	if (own)
		buf_add(ret, own->p, own->len);
	edit_done(&x);
	return err;
}
