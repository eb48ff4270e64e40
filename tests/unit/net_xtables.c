// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/xtables.h"

#include <errno.h>
#include <limits.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fw/xt.h"
#include "lib_netlink.h"
#include "lib_tmp.h"

#define FAKE_XT 4

/* A table as it is in the kernel: entries and their counters. */
struct fake_table {
	uint8_t family;
	char name[XT_TABLE_MAXNAMELEN];
	struct ipt_getinfo info;
	uint8_t *entries;
};

/**
 * struct fake_xt - socket options of a kernel
 * @t:		tables that have been brought to life
 * @opens:	sockets opened
 * @infos:	GET_INFO asked
 * @sets:	SET_REPLACE asked
 * @error:	-errno that SET_REPLACE number @fail_at fails with
 * @meddle:	called before SET_REPLACE number @meddle_at is looked at, or
 *		after it for a negative number
 * @again:	fail this many GET_ENTRIES with EAGAIN
 * @missing:	no such module
 */
struct fake_xt {
	struct fake_table t[FAKE_XT];
	size_t n;
	int opens, open, infos, sets, fail_at, error, meddle_at, again;
	void (*meddle)(struct fake_xt *f);
	bool missing;
};

static size_t entry_size(uint8_t family)
{
	return family == NFPROTO_IPV6 ? sizeof(struct ip6t_entry)
				      : sizeof(struct ipt_entry);
}

/* The members after the header are the same two, just elsewhere. */
static uint16_t *offsets(const struct fake_table *t, size_t at)
{
	return (uint16_t *)(t->entries + at +
			    (t->family == NFPROTO_IPV6
				     ? offsetof(struct ip6t_entry,
						target_offset)
				     : offsetof(struct ipt_entry,
						target_offset)));
}

static struct xt_counters *counters(const struct fake_table *t, size_t at)
{
	return (struct xt_counters *)(t->entries + at + entry_size(t->family) -
				      sizeof(struct xt_counters));
}

static struct xt_counters *counters_of(const struct fake_table *t, size_t n)
{
	size_t at = 0;

	while (n--)
		at += offsets(t, at)[1];
	assert_true(at < t->info.size);
	return counters(t, at);
}

/* What the kernel writes there, so that it differs from what it was given. */
static void set_comefrom(struct fake_table *t)
{
	size_t at, off = t->family == NFPROTO_IPV6
				 ? offsetof(struct ip6t_entry, comefrom)
				 : offsetof(struct ipt_entry, comefrom);

	for (at = 0; at < t->info.size; at += offsets(t, at)[1])
		*(unsigned int *)(t->entries + at + off) = 0xf00d;
}

/* Table filter as it comes to life: three policies and the end. */
static struct fake_table *make_table(struct fake_xt *f, uint8_t family,
				     const char *name)
{
	struct fake_table *t = &f->t[f->n++];
	const size_t size = entry_size(family);
	const size_t step = size + sizeof(struct xt_standard_target);
	struct xt_standard_target *std;
	struct xt_error_target *err;
	size_t at = 0;

	assert_true(f->n <= FAKE_XT);
	*t = (struct fake_table){ .family = family };
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->info.size = (unsigned int)(3 * step + size + sizeof(*err));
	t->info.num_entries = 4;
	t->info.valid_hooks = 1 << NF_INET_LOCAL_IN | 1 << NF_INET_FORWARD |
			      1 << NF_INET_LOCAL_OUT;
	t->entries = calloc(1, t->info.size);
	assert_non_null(t->entries);
	memset(t->info.hook_entry, 0xff, sizeof(t->info.hook_entry));
	memset(t->info.underflow, 0xff, sizeof(t->info.underflow));
	for (int i = NF_INET_LOCAL_IN; i <= NF_INET_LOCAL_OUT; i++) {
		t->info.hook_entry[i] = t->info.underflow[i] = (unsigned int)at;
		offsets(t, at)[0] = (uint16_t)size;
		offsets(t, at)[1] = (uint16_t)step;
		std = (void *)(t->entries + at + size);
		std->target.u.target_size = sizeof(*std);
		std->verdict = -NF_ACCEPT - 1;
		at += step;
	}
	offsets(t, at)[0] = (uint16_t)size;
	offsets(t, at)[1] = (uint16_t)(size + sizeof(*err));
	err = (void *)(t->entries + at + size);
	err->target.u.target_size = sizeof(*err);
	strcpy(err->target.u.user.name, XT_ERROR_TARGET);
	strcpy(err->errorname, XT_ERROR_TARGET);
	set_comefrom(t);
	return t;
}

static struct fake_table *find(struct fake_xt *f, uint8_t family,
			       const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->t[i].family == family && !strcmp(f->t[i].name, name))
			return &f->t[i];
	return NULL;
}

static int xt_open(void *ctx, uint8_t family, int *ret_sock, struct wgq_err *e)
{
	struct fake_xt *f = ctx;

	(void)e;
	f->opens++;
	f->open++;
	*ret_sock = family;
	return 0;
}

static void xt_close(void *ctx, int sock)
{
	(void)sock;
	((struct fake_xt *)ctx)->open--;
}

static int xt_get(void *ctx, int sock, uint8_t family, int opt, void *data,
		  socklen_t *len)
{
	struct ipt_get_entries *get = data;
	struct fake_xt *f = ctx;
	struct fake_table *t;

	assert_int_equal(sock, family);
	if (f->missing)
		return -ENOPROTOOPT;
	/* Both begin with the name.  Asking makes it. */
	t = find(f, family, data);
	if (!t && strcmp(data, "filter") && strcmp(data, "security"))
		return -ENOENT;
	if (!t)
		t = make_table(f, family, data);
	if (opt == IPT_SO_GET_INFO) {
		f->infos++;
		assert_int_equal(*len, sizeof(t->info));
		memcpy(t->info.name, t->name, sizeof(t->name));
		memcpy(data, &t->info, sizeof(t->info));
		return 0;
	}
	assert_int_equal(opt, IPT_SO_GET_ENTRIES);
	if (f->again && f->again--)
		return -EAGAIN;
	if (get->size != t->info.size)
		return -EAGAIN;
	if (*len != sizeof(*get) + get->size)
		return -EINVAL;
	memcpy(get->entrytable, t->entries, t->info.size);
	return 0;
}

static int replace(struct fake_xt *f, struct fake_table *t,
		   const struct ipt_replace *r, socklen_t len)
{
	size_t at, i;

	f->sets++;
	if (f->meddle && f->meddle_at == f->sets)
		f->meddle(f);
	if (f->fail_at == f->sets)
		return f->error;
	assert_int_equal(len, sizeof(*r) + r->size);
	if (r->num_counters != t->info.num_entries)
		return -EAGAIN;
	if (r->valid_hooks != t->info.valid_hooks)
		return -EINVAL;
	for (at = i = 0; at < t->info.size; at += offsets(t, at)[1])
		r->counters[i++] = *counters(t, at);
	free(t->entries);
	t->entries = malloc(r->size);
	assert_non_null(t->entries);
	memcpy(t->entries, r->entries, r->size);
	t->info.size = r->size;
	t->info.num_entries = r->num_entries;
	memcpy(t->info.hook_entry, r->hook_entry, sizeof(r->hook_entry));
	memcpy(t->info.underflow, r->underflow, sizeof(r->underflow));
	for (at = 0; at < t->info.size; at += offsets(t, at)[1])
		*counters(t, at) = (struct xt_counters){ 0 };
	set_comefrom(t);
	if (f->meddle && f->meddle_at == -f->sets)
		f->meddle(f);
	return 0;
}

static int xt_set(void *ctx, int sock, uint8_t family, int opt,
		  const void *data, socklen_t len)
{
	const struct xt_counters_info *c = data;
	struct fake_xt *f = ctx;
	struct fake_table *t = find(f, family, data);
	struct xt_counters *to;

	assert_int_equal(sock, family);
	assert_non_null(t);
	if (opt == IPT_SO_SET_REPLACE)
		return replace(f, t, data, len);
	assert_int_equal(opt, IPT_SO_SET_ADD_COUNTERS);
	assert_int_equal(len,
			 sizeof(*c) + c->num_counters * sizeof(*c->counters));
	if (c->num_counters != t->info.num_entries)
		return -EINVAL;
	for (size_t i = 0; i < c->num_counters; i++) {
		to = counters_of(t, i);
		to->pcnt += c->counters[i].pcnt;
		to->bcnt += c->counters[i].bcnt;
	}
	return 0;
}

static const struct xtables_ops fake_xt_ops = {
	.open = xt_open,
	.get = xt_get,
	.set = xt_set,
	.close = xt_close,
};

struct scene {
	struct fake_xt f;
	struct xtables x;
	struct fw_ruleset rs;
	struct fw_edits es;
	struct xtables_undo undo;
	struct wgq_err e;
	char dir[64];
};

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	tmp_make(s->dir);
	xtables_init(&s->x, &fake_xt_ops, &s->f, s->dir);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	xtables_done(&s->x);
	assert_int_equal(s->f.open, 0);
	xtables_undo_done(&s->undo);
	fw_edits_done(&s->es);
	fw_ruleset_done(&s->rs);
	for (size_t i = 0; i < s->f.n; i++)
		free(s->f.t[i].entries);
	tmp_remove(s->dir);
	free(s);
	return 0;
}

static const char *file_of(uint8_t family)
{
	return family == NFPROTO_IPV6 ? "ip6_tables_names" : "ip_tables_names";
}

/* A table that somebody else has brought to life, in names and kernel. */
static struct fake_table *there(struct scene *s, uint8_t family,
				const char *name, const char *names)
{
	tmp_write(s->dir, file_of(family), 0644, names);
	return make_table(&s->f, family, name);
}

static struct fw_edit *accept_wg0(struct scene *s, uint8_t family,
				  const char *table, const char *chain)
{
	struct fw_edit *ed = fw_edit_add(&s->es, FW_E_RULE_ADD, FW_LEGACY,
					 family, table, chain);
	struct fw_rule *r = arena_alloc(&s->es.arena, sizeof(*r));

	assert_non_null(ed);
	assert_non_null(r);
	r->match = arena_array(&s->es.arena, 1, sizeof(*r->match));
	r->stmt = arena_array(&s->es.arena, 1, sizeof(*r->stmt));
	r->n_match = r->n_stmt = 1;
	r->match->kind = FW_M_IIF;
	strcpy(r->match->iface.name, "wg0");
	r->stmt->kind = FW_S_ACCEPT;
	ed->rule = r;
	return ed;
}

static void reread(struct scene *s, uint8_t family)
{
	fw_ruleset_done(&s->rs);
	s->rs = (struct fw_ruleset){};
	assert_int_equal(xtables_dump(&s->x, family, &s->rs, &s->e), 0);
}

static int commit(struct scene *s)
{
	return xtables_commit(&s->x, &s->rs, &s->es, &s->undo, &s->e);
}

static void test_looking_makes_nothing(void **state)
{
	struct scene *s = *state;
	bool present = true;

	/* No file is no module, an empty one no table. */
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV4, &present, &s->e),
			 0);
	assert_false(present);
	reread(s, NFPROTO_IPV4);
	tmp_write(s->dir, "ip_tables_names", 0644, "");
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV4, &present, &s->e),
			 0);
	assert_false(present);
	reread(s, NFPROTO_IPV4);
	assert_int_equal(s->f.opens, 0);
	assert_int_equal(s->f.n, 0);
	assert_int_equal(s->rs.n_table, 0);
	/* Nor does a commit of what is nf_tables' alone. */
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD")->backend = FW_NFT;
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->f.opens, 0);
	/* Of each family by itself. */
	tmp_write(s->dir, "ip6_tables_names", 0644, "filter\n");
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV6, &present, &s->e),
			 0);
	assert_true(present);
	assert_int_equal(xtables_present(&s->x, NFPROTO_IPV4, &present, &s->e),
			 0);
	assert_false(present);
}

static void test_names_cannot_be_read(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];

	tmp_path(path, s->dir, "ip_tables_names");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(xtables_dump(&s->x, NFPROTO_IPV4, &s->rs, &s->e),
			 -EISDIR);
	assert_non_null(strstr(s->e.msg, path));
}

static void test_dump(void **state)
{
	struct scene *s = *state;
	const struct fw_table *t;

	there(s, NFPROTO_IPV4, "security", "");
	there(s, NFPROTO_IPV4, "filter", "security\nfilter\n");
	reread(s, NFPROTO_IPV4);
	assert_int_equal(s->rs.n_table, 2);
	assert_int_equal(s->f.infos, 2);
	assert_int_equal(s->f.opens, 1);
	t = fw_table_find(&s->rs, FW_LEGACY, NFPROTO_IPV4, "filter");
	assert_non_null(t);
	assert_non_null(t->blob);
	assert_non_null(fw_chain_find(t, "FORWARD"));
	assert_int_equal(fw_chain_find(t, "FORWARD")->policy, FW_S_ACCEPT);
}

static void test_dump_while_it_changes(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	s->f.again = 3;
	reread(s, NFPROTO_IPV4);
	assert_int_equal(s->f.infos, 4);
	s->f.again = INT_MAX;
	assert_int_equal(xtables_dump(&s->x, NFPROTO_IPV4, &s->rs, &s->e),
			 -EBUSY);
	assert_in_range(s->f.infos, 5, 30);
	assert_non_null(strstr(s->e.msg, "filter"));
}

static void test_no_module(void **state)
{
	struct scene *s = *state;

	s->f.missing = true;
	tmp_write(s->dir, "ip6_tables_names", 0644, "filter\n");
	assert_int_equal(xtables_dump(&s->x, NFPROTO_IPV6, &s->rs, &s->e),
			 -EOPNOTSUPP);
	assert_string_equal(s->e.msg, "the kernel has no ip6_tables");
}

static void commit_one(struct scene *s, uint8_t family)
{
	struct fake_table *t = there(s, family, "filter", "filter\n");
	const struct fw_chain *c;
	uint8_t before[4096];
	size_t size;

	/* Packets come between the read and the commit. */
	reread(s, family);
	*counters_of(t, 1) = (struct xt_counters){ 7, 700 };
	*counters_of(t, 2) = (struct xt_counters){ 8, 800 };
	size = t->info.size;
	memcpy(before, t->entries, size);
	accept_wg0(s, family, "filter", "FORWARD");
	assert_int_equal(commit(s), 0);
	assert_int_equal(s->f.sets, 1);
	assert_int_equal(t->info.num_entries, 5);
	assert_int_equal(counters_of(t, 0)->pcnt, 0);
	assert_int_equal(counters_of(t, 1)->pcnt, 0);
	assert_int_equal(counters_of(t, 2)->pcnt, 7);
	assert_int_equal(counters_of(t, 2)->bcnt, 700);
	assert_int_equal(counters_of(t, 3)->pcnt, 8);
	reread(s, family);
	c = fw_chain_find(s->rs.table[0], "FORWARD");
	assert_int_equal(c->n_rule, 1);
	assert_string_equal(c->rule[0]->match[0].iface.name, "wg0");
	/* And back, with the packets of the time between. */
	counters_of(t, 0)->pcnt = 3;
	counters_of(t, 3)->pcnt++;
	assert_int_equal(xtables_revert(&s->x, &s->undo, &s->e), 0);
	assert_int_equal(t->info.size, size);
	assert_int_equal(counters_of(t, 0)->pcnt, 3);
	assert_int_equal(counters_of(t, 1)->pcnt, 7);
	assert_int_equal(counters_of(t, 2)->pcnt, 9);
	counters_of(t, 0)->pcnt = 0;
	counters_of(t, 2)->pcnt = 8;
	assert_memory_equal(t->entries, before, size);
}

static void test_commit_v4(void **state)
{
	commit_one(*state, NFPROTO_IPV4);
}

static void test_commit_v6(void **state)
{
	commit_one(*state, NFPROTO_IPV6);
}

/* Flip a policy: as many entries of the same sizes. */
static void flip_policy(struct fake_xt *f)
{
	struct fake_table *t = &f->t[0];

	((struct xt_standard_target *)(t->entries + entry_size(t->family)))
		->verdict = -NF_DROP - 1;
}

static void test_changed_since_read(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	flip_policy(&s->f);
	assert_int_equal(commit(s), -ERESTART);
	assert_int_equal(s->f.sets, 0);
	assert_non_null(strstr(s->e.msg, "filter"));
	/* Read anew it goes. */
	s->e = (struct wgq_err){};
	reread(s, NFPROTO_IPV4);
	assert_int_equal(commit(s), 0);
	assert_int_equal(fw_chain_find(s->rs.table[0], "INPUT")->policy,
			 FW_S_DROP);
}

static void test_changed_at_the_last_moment(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	s->f.fail_at = 1;
	s->f.error = -EAGAIN;
	assert_int_equal(commit(s), -ERESTART);
	assert_int_equal(s->undo.n, 0);
}

static void test_refused(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	s->f.fail_at = 1;
	s->f.error = -EPERM;
	assert_int_equal(commit(s), -EPERM);
	assert_string_equal(s->e.msg, "ip_tables: table filter: "
				      "Operation not permitted");
}

static void two_tables(struct scene *s)
{
	there(s, NFPROTO_IPV4, "filter", "");
	there(s, NFPROTO_IPV4, "security", "filter\nsecurity\n");
	reread(s, NFPROTO_IPV4);
	*counters_of(&s->f.t[0], 1) = (struct xt_counters){ 7, 700 };
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	accept_wg0(s, NFPROTO_IPV4, "security", "FORWARD");
	accept_wg0(s, NFPROTO_IPV4, "filter", "INPUT");
	s->f.fail_at = 2;
	s->f.error = -ENOMEM;
}

static void test_second_is_refused(void **state)
{
	struct scene *s = *state;
	struct fake_table *t = &s->f.t[0];
	uint8_t before[4096];

	two_tables(s);
	memcpy(before, t->entries, t->info.size);
	assert_int_equal(commit(s), -ENOMEM);
	assert_int_equal(s->f.sets, 3);
	assert_int_equal(t->info.num_entries, 4);
	assert_memory_equal(t->entries, before, t->info.size);
	assert_non_null(strstr(s->e.msg, "table security"));
	assert_null(strstr(s->e.msg, "filter"));
}

static void test_cannot_be_put_back(void **state)
{
	struct scene *s = *state;

	two_tables(s);
	s->f.meddle = flip_policy;
	s->f.meddle_at = 2;
	assert_int_equal(commit(s), -EIO);
	assert_int_equal(s->e.code, -EIO);
	assert_non_null(strstr(s->e.msg, "table security"));
	assert_non_null(strstr(s->e.msg, "filter is left changed"));
	assert_int_equal(s->f.t[0].info.num_entries, 6);
}

/* Somebody else took our table's place before its counters came. */
static void append_policy(struct fake_xt *f)
{
	f->t[0].info.num_entries++;
}

static void test_counters_come_too_late(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	s->f.meddle = append_policy;
	s->f.meddle_at = -1;
	assert_int_equal(commit(s), 0);
}

static void test_table_that_is_not_there(void **state)
{
	struct scene *s = *state;
	struct fw_edit *ed;

	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), -ENOENT);
	assert_int_equal(s->f.opens, 0);
	fw_edits_done(&s->es);
	s->e = (struct wgq_err){};
	assert_non_null(fw_edit_add(&s->es, FW_E_TABLE_ADD, FW_LEGACY,
				    NFPROTO_IPV4, "filter", NULL));
	ed = fw_edit_add(&s->es, FW_E_CHAIN_ADD, FW_LEGACY, NFPROTO_IPV4,
			 "filter", "FORWARD");
	assert_non_null(ed);
	ed->base = true;
	ed->type = "filter";
	ed->hook = FW_FORWARD;
	ed->policy = FW_S_DROP;
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), 0);
	tmp_write(s->dir, "ip_tables_names", 0644, "filter\n");
	reread(s, NFPROTO_IPV4);
	assert_int_equal(fw_chain_find(s->rs.table[0], "FORWARD")->n_rule, 1);
	assert_int_equal(fw_chain_find(s->rs.table[0], "FORWARD")->policy,
			 FW_S_DROP);
}

/* It came to life since the ruleset was read, and has rules already. */
static void test_table_that_came_meanwhile(void **state)
{
	struct scene *s = *state;

	there(s, NFPROTO_IPV4, "filter", "filter\n");
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), 0);
	fw_edits_done(&s->es);
	fw_ruleset_done(&s->rs);
	s->rs = (struct fw_ruleset){};
	assert_non_null(fw_edit_add(&s->es, FW_E_TABLE_ADD, FW_LEGACY,
				    NFPROTO_IPV4, "filter", NULL));
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD");
	assert_int_equal(commit(s), -ERESTART);
}

static char *run(const char *command)
{
	static char out[16384];
	FILE *p = popen(command, "re");
	size_t n;

	assert_non_null(p);
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	pclose(p);
	return out;
}

/* The real kernel and the real program, in a network namespace of our own. */
static void test_live(void **state)
{
	cleanup(free_ptr) char *before = NULL;
	struct scene *s = *state;
	char want[4096];

	if (!own_netns() || *run("iptables-legacy -P FORWARD DROP 2>&1")) {
		print_message("no iptables-legacy in a namespace here\n");
		skip();
	}
	xtables_done(&s->x);
	xtables_init(&s->x, &xtables_kernel_ops, NULL, "/proc/thread-self/net");
	run("iptables-legacy -N SUB; iptables-legacy -A FORWARD -j SUB;"
	    "iptables-legacy -A SUB -m conntrack --ctstate INVALID -j DROP;"
	    "iptables-legacy -A INPUT -i lo -j ACCEPT;"
	    "iptables-legacy -A OUTPUT -j ACCEPT;"
	    "ip link set lo up; ping -c 3 -i 0.01 -W 1 127.0.0.1");
	before = strdup(run("iptables-legacy-save -c | grep -v '^#'"));
	assert_non_null(strstr(before, "[6:504] -A INPUT"));
	reread(s, NFPROTO_IPV4);
	accept_wg0(s, NFPROTO_IPV4, "filter", "FORWARD")->append = true;
	accept_wg0(s, NFPROTO_IPV4, "filter", "INPUT")->at = 0;
	assert_int_equal(commit(s), 0);
	snprintf(want, sizeof(want), "%s",
		 run("iptables-legacy-save -c | grep -v '^#' |"
		     "grep -v 'i wg0'"));
	assert_string_equal(want, before);
	assert_string_equal(run("iptables-legacy -S FORWARD"),
			    "-P FORWARD DROP\n-A FORWARD -j SUB\n"
			    "-A FORWARD -i wg0 -j ACCEPT\n");
	assert_string_equal(
		run("iptables-legacy -C FORWARD -i wg0 -j ACCEPT 2>&1"), "");
	assert_int_equal(xtables_revert(&s->x, &s->undo, &s->e), 0);
	assert_string_equal(run("iptables-legacy-save -c | grep -v '^#'"),
			    before);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_looking_makes_nothing),
		TEST(test_names_cannot_be_read),
		TEST(test_dump),
		TEST(test_dump_while_it_changes),
		TEST(test_no_module),
		TEST(test_commit_v4),
		TEST(test_commit_v6),
		TEST(test_changed_since_read),
		TEST(test_changed_at_the_last_moment),
		TEST(test_refused),
		TEST(test_second_is_refused),
		TEST(test_cannot_be_put_back),
		TEST(test_counters_come_too_late),
		TEST(test_table_that_is_not_there),
		TEST(test_table_that_came_meanwhile),
		TEST(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
