// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/xtables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fw/xt.h"

#define DUMP_TRIES 10
#define NAMES_MAX 4096

/* Both families have the same requests under names of their own. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo) &&
		       sizeof(struct ipt_replace) ==
			       sizeof(struct ip6t_replace) &&
		       sizeof(struct ipt_get_entries) ==
			       sizeof(struct ip6t_get_entries) &&
		       IPT_BASE_CTL == IP6T_BASE_CTL,
	       "ip_tables and ip6_tables differ");

static int level_of(uint8_t family)
{
	return family == NFPROTO_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

/* Any socket of the family will do, a raw one would need CAP_NET_RAW too. */
static int kernel_open(void *ctx, uint8_t family, int *ret_sock,
		       struct wgq_err *e)
{
	int sock = socket(family == NFPROTO_IPV6 ? AF_INET6 : AF_INET,
			  SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)ctx;
	if (sock < 0)
		return err_sys(e, -errno, "xtables");
	*ret_sock = sock;
	return 0;
}

static int kernel_get(void *ctx, int sock, uint8_t family, int opt, void *data,
		      socklen_t *len)
{
	(void)ctx;
	return getsockopt(sock, level_of(family), opt, data, len) ? -errno : 0;
}

static int kernel_set(void *ctx, int sock, uint8_t family, int opt,
		      const void *data, socklen_t len)
{
	(void)ctx;
	return setsockopt(sock, level_of(family), opt, data, len) ? -errno : 0;
}

static void kernel_close(void *ctx, int sock)
{
	(void)ctx;
	close(sock);
}

const struct xtables_ops xtables_kernel_ops = {
	.open = kernel_open,
	.get = kernel_get,
	.set = kernel_set,
	.close = kernel_close,
};

void xtables_init(struct xtables *x, const struct xtables_ops *ops, void *ctx,
		  const char *proc_net)
{
	*x = (struct xtables){
		.ops = ops, .ctx = ctx, .proc_net = proc_net, .sock = { -1, -1 }
	};
}

void xtables_done(struct xtables *x)
{
	for (size_t i = 0; i < ARRAY_SIZE(x->sock); i++) {
		if (x->sock[i] >= 0)
			x->ops->close(x->ctx, x->sock[i]);
		x->sock[i] = -1;
	}
}

static const char *engine(uint8_t family)
{
	return family == NFPROTO_IPV6 ? "ip6_tables" : "ip_tables";
}

static int sock_of(struct xtables *x, uint8_t family, int *ret_sock,
		   struct wgq_err *e)
{
	int *sock = &x->sock[family == NFPROTO_IPV6];
	int ret = 0;

	if (*sock < 0)
		ret = x->ops->open(x->ctx, family, sock, e);
	*ret_sock = *sock;
	return ret;
}

/* The whole of a small file of /proc; not there is empty. */
static int read_names(struct xtables *x, uint8_t family, char *out, size_t size,
		      struct wgq_err *e)
{
	cleanup(buf_done) struct buf path = {};
	cleanup(close_fd) int fd = -1;
	size_t len = 0;
	ssize_t n;

	buf_addf(&path, "%s/%s_names", x->proc_net, engine(family));
	if (path.failed)
		return err_sys(e, -ENOMEM, "%s", engine(family));
	fd = open(path.p, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return err_sys(e, -errno, "%s", path.p);
	while (fd >= 0 && len < size - 1) {
		n = read(fd, out + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, -errno, "%s", path.p);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	return 0;
}

int xtables_present(struct xtables *x, uint8_t family, bool *ret,
		    struct wgq_err *e)
{
	char names[NAMES_MAX];
	int err = read_names(x, family, names, sizeof(names), e);

	if (err == 0)
		*ret = names[strspn(names, "\n")] != '\0';
	return err;
}

/* Which words of a failure are clear enough by themselves? */
static int explain(struct wgq_err *e, int code, uint8_t family,
		   const char *table)
{
	if (code == -ENOPROTOOPT)
		return err_set(e, -EOPNOTSUPP, "the kernel has no %s",
			       engine(family));
	return err_sys(e, code, "%s: table %s", engine(family), table);
}

static bool set_name(char name[XT_TABLE_MAXNAMELEN], const char *table)
{
	size_t len = strlen(table);

	if (len >= XT_TABLE_MAXNAMELEN)
		return false;
	memset(name, 0, XT_TABLE_MAXNAMELEN);
	memcpy(name, table, len);
	return true;
}

static int get_info(struct xtables *x, uint8_t family, const char *table,
		    struct ipt_getinfo *ret_info, struct wgq_err *e)
{
	socklen_t len = sizeof(*ret_info);
	int sock, ret;

	if (!set_name(ret_info->name, table))
		return explain(e, -ENAMETOOLONG, family, table);
	ret = sock_of(x, family, &sock, e);
	if (ret < 0)
		return ret;
	ret = x->ops->get(x->ctx, sock, family, IPT_SO_GET_INFO, ret_info,
			  &len);
	if (ret == 0 && len != sizeof(*ret_info))
		ret = -EBADMSG;
	return ret < 0 ? explain(e, ret, family, table) : 0;
}

/**
 * struct table - a table as the kernel has it now
 * @mem:	owns the entries
 * @blob:	the table
 */
struct table {
	struct ipt_get_entries *mem;
	struct xt_blob blob;
};

static void free_table(struct table *t)
{
	free(t->mem);
	t->mem = NULL;
}

static int get_entries(struct xtables *x, uint8_t family, const char *table,
		       const struct ipt_getinfo *info, struct table *ret,
		       struct wgq_err *e)
{
	size_t size = sizeof(*ret->mem) + info->size;
	cleanup(free_ptr) struct ipt_get_entries *mem = NULL;
	socklen_t len = (socklen_t)size;
	int sock, err;

	if (size > INT32_MAX)
		return explain(e, -EFBIG, family, table);
	mem = calloc(1, size);
	if (!mem)
		return explain(e, -ENOMEM, family, table);
	memcpy(mem->name, info->name, sizeof(mem->name));
	mem->size = info->size;
	err = sock_of(x, family, &sock, e);
	if (err < 0)
		return err;
	err = x->ops->get(x->ctx, sock, family, IPT_SO_GET_ENTRIES, mem, &len);
	if (err == 0 && (len != size || mem->size != info->size))
		err = -EBADMSG;
	/* The size is another by now. */
	if (err == -EAGAIN)
		return -EAGAIN;
	if (err < 0)
		return explain(e, err, family, table);
	ret->mem = take_ptr(mem);
	ret->blob = (struct xt_blob){
		.valid_hooks = info->valid_hooks,
		.num_entries = info->num_entries,
		.size = info->size,
		.entries = (const uint8_t *)ret->mem->entrytable,
	};
	memcpy(ret->blob.hook_entry, info->hook_entry,
	       sizeof(info->hook_entry));
	memcpy(ret->blob.underflow, info->underflow, sizeof(info->underflow));
	return 0;
}

static int get_table(struct xtables *x, uint8_t family, const char *table,
		     struct table *ret, struct wgq_err *e)
{
	struct ipt_getinfo info = {};
	int err = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && err == -EAGAIN; i++) {
		err = get_info(x, family, table, &info, e);
		if (err == 0)
			err = get_entries(x, family, table, &info, ret, e);
	}
	if (err == -EAGAIN)
		return err_set(e, -EBUSY, "%s: table %s keeps changing",
			       engine(family), table);
	return err;
}

static int dump_table(struct xtables *x, uint8_t family, const char *table,
		      struct fw_ruleset *rs, struct wgq_err *e)
{
	cleanup(free_table) struct table t = {};
	int ret = get_table(x, family, table, &t, e);

	if (ret == 0)
		ret = xt_read(rs, family, table, &t.blob, e);
	return ret;
}

int xtables_dump(struct xtables *x, uint8_t family, struct fw_ruleset *rs,
		 struct wgq_err *e)
{
	char names[NAMES_MAX], *rest = names, *name;
	int ret = read_names(x, family, names, sizeof(names), e);

	while (ret == 0 && (name = strsep(&rest, "\n")))
		if (*name)
			ret = dump_table(x, family, name, rs, e);
	return ret;
}

/**
 * struct xtables_replaced - a table that was replaced
 * @family:	its family
 * @name:	its name
 * @old:	what it was
 * @new:	what it is; hooks and entries without counters
 * @old_counters: counters of @old when it was replaced
 * @counter_to:	for each entry of @old the one of @new that went on with its
 *		counters, or XT_COUNTER_NEW where it went
 */
struct xtables_replaced {
	uint8_t family;
	const char *name;
	struct xt_blob old, new;
	struct xt_counters *old_counters;
	uint32_t *counter_to;
};

void xtables_undo_done(struct xtables_undo *u)
{
	arena_done(&u->arena);
	*u = (struct xtables_undo){};
}

/* Where an entry keeps the offset of the next, and what is not its meaning:
 * from comefrom, which the kernel fills in, to the end of the counters. */
struct entry_layout {
	size_t size, next, comefrom;
};

static const struct entry_layout *layout_of(uint8_t family)
{
	static const struct entry_layout ipv4 = {
		.size = sizeof(struct ipt_entry),
		.next = offsetof(struct ipt_entry, next_offset),
		.comefrom = offsetof(struct ipt_entry, comefrom),
	};
	static const struct entry_layout ipv6 = {
		.size = sizeof(struct ip6t_entry),
		.next = offsetof(struct ip6t_entry, next_offset),
		.comefrom = offsetof(struct ip6t_entry, comefrom),
	};

	return family == NFPROTO_IPV6 ? &ipv6 : &ipv4;
}

/* The same but for counters? */
static bool same_entries(const struct xt_blob *a, const struct xt_blob *b,
			 const struct entry_layout *l)
{
	size_t at;
	const uint8_t *p, *q;
	uint16_t next;

	for (at = 0; at + l->size <= a->size; at += next) {
		p = a->entries + at;
		q = b->entries + at;
		memcpy(&next, p + l->next, sizeof(next));
		if (next < l->size || next > a->size - at ||
		    memcmp(p, q, l->comefrom) != 0 ||
		    memcmp(p + l->size, q + l->size, next - l->size) != 0)
			return false;
	}
	return at == a->size;
}

static bool same_table(const struct xt_blob *a, const struct xt_blob *b,
		       uint8_t family)
{
	return a->valid_hooks == b->valid_hooks &&
	       a->num_entries == b->num_entries && a->size == b->size &&
	       !memcmp(a->hook_entry, b->hook_entry, sizeof(a->hook_entry)) &&
	       !memcmp(a->underflow, b->underflow, sizeof(a->underflow)) &&
	       same_entries(a, b, layout_of(family));
}

static int somebody_else(struct wgq_err *e, uint8_t family, const char *table)
{
	return err_set(e, -ERESTART, "%s: somebody else changed table %s",
		       engine(family), table);
}

/* @old_counters receives those of the table that goes. */
static int set_replace(struct xtables *x, uint8_t family, const char *table,
		       const struct xt_blob *blob,
		       struct xt_counters *old_counters, uint32_t old_entries,
		       struct wgq_err *e)
{
	size_t size = sizeof(struct ipt_replace) + blob->size;
	cleanup(free_ptr) struct ipt_replace *r = calloc(1, size);
	int sock, ret;

	if (!r || !set_name(r->name, table))
		return explain(e, -ENOMEM, family, table);
	r->valid_hooks = blob->valid_hooks;
	r->num_entries = blob->num_entries;
	r->size = blob->size;
	memcpy(r->hook_entry, blob->hook_entry, sizeof(r->hook_entry));
	memcpy(r->underflow, blob->underflow, sizeof(r->underflow));
	r->num_counters = old_entries;
	r->counters = old_counters;
	memcpy(r->entries, blob->entries, blob->size);
	ret = sock_of(x, family, &sock, e);
	if (ret < 0)
		return ret;
	ret = x->ops->set(x->ctx, sock, family, IPT_SO_SET_REPLACE, r,
			  (socklen_t)size);
	if (ret == -EAGAIN)
		return somebody_else(e, family, table);
	return ret < 0 ? explain(e, ret, family, table) : 0;
}

/*
 * A failure is not one of the change, which has been made: the kernel refuses
 * counters where the table has been replaced by another program since, which
 * then has counters of its own.
 */
static void add_counters(struct xtables *x, uint8_t family, const char *table,
			 struct xt_counters_info *c, uint32_t n)
{
	struct wgq_err ignored = {};
	int sock;

	if (!set_name(c->name, table) ||
	    sock_of(x, family, &sock, &ignored) < 0)
		return;
	c->num_counters = n;
	x->ops->set(x->ctx, sock, family, IPT_SO_SET_ADD_COUNTERS, c,
		    (socklen_t)(sizeof(*c) + n * sizeof(c->counters[0])));
}

/* All that can run out of memory comes before the first change. */
static int keep(struct xtables_undo *u, struct xtables_replaced *r,
		const struct xt_replace *to, const struct xt_blob *from,
		struct wgq_err *e)
{
	struct arena *a = &u->arena;
	uint8_t *old = arena_alloc(a, from->size);
	uint8_t *new = arena_alloc(a, to->blob.size);
	uint32_t i;

	r->name = arena_strndup(a, r->name, strlen(r->name));
	r->old_counters =
		arena_array(a, from->num_entries, sizeof(*r->old_counters));
	r->counter_to =
		arena_array(a, from->num_entries, sizeof(*r->counter_to));
	if (!old || !new || !r->name || !r->old_counters || !r->counter_to)
		return err_sys(e, -ENOMEM, "xtables");
	memcpy(old, from->entries, from->size);
	memcpy(new, to->blob.entries, to->blob.size);
	r->old = *from;
	r->old.entries = old;
	r->new = to->blob;
	r->new.entries = new;
	for (i = 0; i < from->num_entries; i++)
		r->counter_to[i] = XT_COUNTER_NEW;
	for (i = 0; i < to->blob.num_entries; i++)
		if (to->counter_from[i] < from->num_entries)
			r->counter_to[to->counter_from[i]] = i;
	return 0;
}

static struct xt_counters_info *new_counters(uint32_t n)
{
	return calloc(1, sizeof(struct xt_counters_info) +
				 n * sizeof(struct xt_counters));
}

static int replace(struct xtables *x, struct xtables_undo *u, uint8_t family,
		   const char *name, const struct xt_replace *to,
		   const struct xt_blob *from, struct wgq_err *e)
{
	cleanup(free_ptr) struct xt_counters_info *c = NULL;
	struct xtables_replaced *r, got = { .family = family, .name = name };
	uint32_t i, n = to->blob.num_entries;
	int ret;

	if (to->old_entries != from->num_entries)
		return explain(e, -EINVAL, family, name);
	ret = keep(u, &got, to, from, e);
	if (ret < 0)
		return ret;
	r = arena_grow(&u->arena, &u->v, u->n, &u->cap, sizeof(*u->v));
	c = new_counters(n);
	if (!r || !c)
		return err_sys(e, -ENOMEM, "xtables");
	ret = set_replace(x, family, name, &to->blob, got.old_counters,
			  from->num_entries, e);
	if (ret < 0)
		return ret;
	*r = got;
	u->n++;
	for (i = 0; i < n; i++)
		if (to->counter_from[i] < from->num_entries)
			c->counters[i] = got.old_counters[to->counter_from[i]];
	add_counters(x, family, name, c, n);
	return 0;
}

static bool is_for(const struct fw_edit *ed, uint8_t family, const char *table)
{
	return ed->backend == FW_LEGACY && ed->family == family &&
	       strcmp(ed->table, table) == 0;
}

/* Has the kernel just made it: policies and the end, and no rule? */
static bool is_fresh(const struct xt_blob *b)
{
	return b->num_entries ==
	       (uint32_t)__builtin_popcount(b->valid_hooks) + 1;
}

/*
 * The edits of one table, without those that the kernel does by itself when it
 * makes one: the table and its built-in chains, but for their policy.
 */
static int trim(const struct fw_edits *es, uint8_t family, const char *table,
		const struct fw_table *t, struct fw_edits *out,
		struct wgq_err *e)
{
	struct fw_edit ed, *copy;

	for (size_t i = 0; i < es->n; i++) {
		ed = es->v[i];
		if (!is_for(&ed, family, table) || ed.kind == FW_E_TABLE_ADD)
			continue;
		if (ed.kind == FW_E_CHAIN_ADD && ed.base &&
		    fw_chain_find(t, ed.chain))
			ed.kind = FW_E_POLICY;
		copy = arena_grow(&out->arena, &out->v, out->n, &out->cap,
				  sizeof(*out->v));
		if (!copy)
			return err_sys(e, -ENOMEM, "xtables");
		*copy = ed;
		out->n++;
	}
	return 0;
}

static int commit_edits(struct xtables *x, const struct fw_ruleset *rs,
			const struct fw_edits *es, uint8_t family,
			const char *name, const struct table *now,
			struct xtables_undo *u, struct wgq_err *e)
{
	const struct fw_table *t = fw_table_find(rs, FW_LEGACY, family, name);
	cleanup(fw_edits_done) struct fw_edits mine = {};
	cleanup(xt_replace_done) struct xt_replace to = {};
	int ret = trim(es, family, name, t, &mine, e);

	if (ret < 0 || mine.n == 0)
		return ret;
	ret = xt_build(rs, family, name, &mine, &to, e);
	if (ret < 0)
		return ret;
	return replace(x, u, family, name, &to, &now->blob, e);
}

/* A table that was not there when the ruleset was read. */
static int commit_new(struct xtables *x, const struct fw_edits *es,
		      uint8_t family, const char *name, const struct table *now,
		      struct xtables_undo *u, struct wgq_err *e)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = {};
	int ret;

	if (!is_fresh(&now->blob))
		return somebody_else(e, family, name);
	ret = xt_read(&rs, family, name, &now->blob, e);
	if (ret == 0)
		ret = commit_edits(x, &rs, es, family, name, now, u, e);
	return ret;
}

static int commit_table(struct xtables *x, const struct fw_ruleset *rs,
			const struct fw_edits *es, const struct fw_edit *first,
			struct xtables_undo *u, struct wgq_err *e)
{
	const uint8_t family = first->family;
	const char *name = first->table;
	const struct fw_table *t = fw_table_find(rs, FW_LEGACY, family, name);
	cleanup(free_table) struct table now = {};
	int ret;

	if (!t && first->kind != FW_E_TABLE_ADD)
		return explain(e, -ENOENT, family, name);
	ret = get_table(x, family, name, &now, e);
	if (ret < 0)
		return ret;
	if (!t)
		return commit_new(x, es, family, name, &now, u, e);
	if (!t->blob || !same_table(t->blob, &now.blob, family))
		return somebody_else(e, family, name);
	return commit_edits(x, rs, es, family, name, &now, u, e);
}

static bool seen_before(const struct fw_edits *es, size_t index)
{
	const struct fw_edit *ed = &es->v[index];

	for (size_t i = 0; i < index; i++)
		if (is_for(&es->v[i], ed->family, ed->table))
			return true;
	return false;
}

int xtables_commit(struct xtables *x, const struct fw_ruleset *rs,
		   const struct fw_edits *es, struct xtables_undo *undo,
		   struct wgq_err *e)
{
	struct wgq_err why = {}, left = {};
	int ret = 0;

	for (size_t i = 0; i < es->n && ret == 0; i++)
		if (es->v[i].backend == FW_LEGACY && !seen_before(es, i))
			ret = commit_table(x, rs, es, &es->v[i], undo, &why);
	if (ret == 0)
		return 0;
	if (xtables_revert(x, undo, &left) < 0)
		ret = err_set(e, -EIO, "%s; %s", why.msg, left.msg);
	else
		err_set(e, ret, "%s", why.msg);
	xtables_undo_done(undo);
	return ret;
}

static int revert(struct xtables *x, const struct xtables_replaced *r,
		  struct wgq_err *e)
{
	cleanup(free_ptr) struct xt_counters_info *c = NULL;
	cleanup(free_ptr) struct xt_counters *got = NULL;
	cleanup(free_table) struct table now = {};
	uint32_t i;
	int ret;

	c = new_counters(r->old.num_entries);
	got = calloc(r->new.num_entries, sizeof(*got));
	if (!c || !got)
		return explain(e, -ENOMEM, r->family, r->name);
	ret = get_table(x, r->family, r->name, &now, e);
	if (ret == 0 && !same_table(&r->new, &now.blob, r->family))
		ret = somebody_else(e, r->family, r->name);
	if (ret == 0)
		ret = set_replace(x, r->family, r->name, &r->old, got,
				  r->new.num_entries, e);
	if (ret < 0)
		return err_ctx(e, "table %s is left changed", r->name);
	for (i = 0; i < r->old.num_entries; i++)
		c->counters[i] = r->counter_to[i] == XT_COUNTER_NEW
					 ? r->old_counters[i]
					 : got[r->counter_to[i]];
	add_counters(x, r->family, r->name, c, r->old.num_entries);
	return 0;
}

int xtables_revert(struct xtables *x, const struct xtables_undo *undo,
		   struct wgq_err *e)
{
	int ret = 0, err;

	for (size_t i = undo->n; i > 0; i--) {
		err = revert(x, &undo->v[i - 1], e);
		if (ret == 0)
			ret = err;
	}
	return ret;
}
