// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_xtables.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

_Static_assert(sizeof(struct fake_xt_info) == sizeof(struct ipt_getinfo),
	       "the same members");

size_t fake_xt_entry_size(uint8_t family)
{
	return family == NFPROTO_IPV6 ? sizeof(struct ip6t_entry)
				      : sizeof(struct ipt_entry);
}

/* The members after the header are the same two, just elsewhere. */
static uint16_t *offsets(const struct fake_xt_table *t, size_t at)
{
	return (uint16_t *)(t->entries + at +
			    (t->family == NFPROTO_IPV6
				     ? offsetof(struct ip6t_entry,
						target_offset)
				     : offsetof(struct ipt_entry,
						target_offset)));
}

static struct xt_counters *counters(const struct fake_xt_table *t, size_t at)
{
	return (struct xt_counters *)(t->entries + at +
				      fake_xt_entry_size(t->family) -
				      sizeof(struct xt_counters));
}

struct xt_counters *fake_xt_counters(const struct fake_xt_table *t, size_t n)
{
	size_t at = 0;

	while (n--)
		at += offsets(t, at)[1];
	assert_true(at < t->info.size);
	return counters(t, at);
}

/* What the kernel writes there, so that it differs from what it was given. */
static void set_comefrom(struct fake_xt_table *t)
{
	size_t at, off = t->family == NFPROTO_IPV6
				 ? offsetof(struct ip6t_entry, comefrom)
				 : offsetof(struct ipt_entry, comefrom);

	for (at = 0; at < t->info.size; at += offsets(t, at)[1])
		*(unsigned int *)(t->entries + at + off) = 0xf00d;
}

/* Table filter as it comes to life: three policies and the end. */
struct fake_xt_table *fake_xt_make(struct fake_xt *f, uint8_t family,
				   const char *name)
{
	struct fake_xt_table *t = &f->t[f->n++];
	const size_t size = fake_xt_entry_size(family);
	const size_t step = size + sizeof(struct xt_standard_target);
	struct xt_standard_target *std;
	struct xt_error_target *err;
	size_t at = 0;

	assert_true(f->n <= FAKE_XT);
	*t = (struct fake_xt_table){ .family = family };
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

static struct fake_xt_table *find(struct fake_xt *f, uint8_t family,
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
	struct fake_xt_table *t;

	assert_int_equal(sock, family);
	if (f->missing)
		return -ENOPROTOOPT;
	/* Both begin with the name.  Asking makes it. */
	t = find(f, family, data);
	if (!t && strcmp(data, "filter") && strcmp(data, "security"))
		return -ENOENT;
	if (!t)
		t = fake_xt_make(f, family, data);
	if (opt == IPT_SO_GET_INFO) {
		f->infos++;
		assert_int_equal(*len, sizeof(struct ipt_getinfo));
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

static int replace(struct fake_xt *f, struct fake_xt_table *t,
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
	struct fake_xt_table *t = find(f, family, data);
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
		to = fake_xt_counters(t, i);
		to->pcnt += c->counters[i].pcnt;
		to->bcnt += c->counters[i].bcnt;
	}
	return 0;
}

const struct xtables_ops fake_xt_ops = {
	.open = xt_open,
	.get = xt_get,
	.set = xt_set,
	.close = xt_close,
};

void fake_xt_done(struct fake_xt *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->t[i].entries);
	f->n = 0;
}
