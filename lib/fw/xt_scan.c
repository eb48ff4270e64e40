// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/xt_scan.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <string.h>

#define N_HOOKS 5

static const char hook_names[N_HOOKS][12] = {
	[NF_INET_PRE_ROUTING] = "PREROUTING",	[NF_INET_LOCAL_IN] = "INPUT",
	[NF_INET_FORWARD] = "FORWARD",		[NF_INET_LOCAL_OUT] = "OUTPUT",
	[NF_INET_POST_ROUTING] = "POSTROUTING",
};

size_t xt_entry_head(uint8_t family)
{
	return family == NFPROTO_IPV6 ? sizeof(struct ip6t_entry)
				      : sizeof(struct ipt_entry);
}

size_t xt_entry_target_at(uint8_t family)
{
	return family == NFPROTO_IPV6
		       ? offsetof(struct ip6t_entry, target_offset)
		       : offsetof(struct ipt_entry, target_offset);
}

size_t xt_entry_counters_at(uint8_t family)
{
	return family == NFPROTO_IPV6 ? offsetof(struct ip6t_entry, counters)
				      : offsetof(struct ipt_entry, counters);
}

const struct xt_entry_target *xt_entry_target(const struct xt_entry *en)
{
	return (const struct xt_entry_target *)(en->p + en->target);
}

enum xt_is xt_entry_is(const struct xt_entry *en, uint32_t off,
		       int32_t *ret_verdict)
{
	const struct xt_entry_target *t = xt_entry_target(en);

	if (!strcmp(t->u.user.name, XT_ERROR_TARGET))
		return XT_IS_ERROR;
	if (strcmp(t->u.user.name, XT_STANDARD_TARGET))
		return XT_IS_OTHER;
	memcpy(ret_verdict, t->data, sizeof(*ret_verdict));
	if (*ret_verdict < 0)
		return XT_IS_VERDICT;
	if ((uint32_t)*ret_verdict == off + en->next)
		return XT_IS_NEXT;
	return XT_IS_JUMP;
}

bool xt_entry_unconditional(const struct xt_entry *en, uint8_t family)
{
	size_t len = family == NFPROTO_IPV6 ? sizeof(struct ip6t_ip6)
					    : sizeof(struct ipt_ip);
	size_t i;

	if (en->target != en->head)
		return false;
	for (i = 0; i < len; i++)
		if (en->p[i])
			return false;
	return true;
}

static bool named(const char *name)
{
	return memchr(name, 0, XT_EXTENSION_MAXNAMELEN);
}

static bool check_matches(const struct xt_entry *en)
{
	const struct xt_entry_match *m;
	uint32_t at, size;

	for (at = en->head; at < en->target; at += size) {
		if (en->target - at < sizeof(*m))
			return false;
		m = (const struct xt_entry_match *)(en->p + at);
		size = m->u.match_size;
		if (size < sizeof(*m) || size > en->target - at ||
		    size != XT_ALIGN(size) || !named(m->u.user.name))
			return false;
	}
	return true;
}

static bool check_target(const struct xt_entry *en)
{
	const struct xt_entry_target *t = xt_entry_target(en);
	uint32_t room = en->next - en->target;

	if (t->u.target_size < sizeof(*t) || t->u.target_size > room ||
	    !named(t->u.user.name))
		return false;
	if (!strcmp(t->u.user.name, XT_STANDARD_TARGET))
		return t->u.target_size >= sizeof(struct xt_standard_target);
	if (!strcmp(t->u.user.name, XT_ERROR_TARGET))
		return t->u.target_size >= sizeof(struct xt_error_target) &&
		       memchr(t->data, 0, XT_FUNCTION_MAXNAMELEN);
	return true;
}

/* Take the entry at @off, if all of it is there. */
static bool take_entry(uint8_t family, const struct xt_blob *b, uint32_t off,
		       struct xt_entry *ret)
{
	size_t head = xt_entry_head(family);
	uint16_t v[2];

	ret->p = b->entries + off;
	ret->head = (uint32_t)head;
	if (b->size - off < head + sizeof(struct xt_entry_target))
		return false;
	memcpy(v, ret->p + xt_entry_target_at(family), sizeof(v));
	ret->target = v[0];
	ret->next = v[1];
	if (ret->target < head || ret->target != XT_ALIGN(ret->target) ||
	    ret->next != XT_ALIGN(ret->next) || ret->next > b->size - off ||
	    ret->next < ret->target + sizeof(struct xt_entry_target))
		return false;
	return check_matches(ret) && check_target(ret);
}

static bool take_entries(uint8_t family, const struct xt_blob *b,
			 struct xt_scan *s)
{
	uint32_t off, i = 0;

	for (off = 0; off < b->size; off += s->entry[i++].next) {
		if (i == s->n_entry ||
		    !take_entry(family, b, off, &s->entry[i]))
			return false;
		s->off[i] = off;
	}
	return i == s->n_entry;
}

/* The chain ends before entry @end; what is before that must be its policy. */
static bool close_chain(uint8_t family, const struct xt_blob *b,
			struct xt_scan *s, uint32_t end)
{
	struct xt_span *c = s->n_chain ? &s->chain[s->n_chain - 1] : NULL;
	const struct xt_entry *foot;
	int32_t verdict = 0;

	if (!c)
		return true;
	if (end <= c->first)
		return false;
	c->n = end - 1 - c->first;
	foot = &s->entry[end - 1];
	if (!xt_entry_unconditional(foot, family) ||
	    xt_entry_is(foot, s->off[end - 1], &verdict) != XT_IS_VERDICT)
		return false;
	if (!c->base)
		return verdict == XT_RETURN;
	return b->underflow[c->hook] == s->off[end - 1] &&
	       (verdict == -NF_ACCEPT - 1 || verdict == -NF_DROP - 1);
}

/* The hook that has its first rule there, or -1. */
static int hook_at(const struct xt_blob *b, uint32_t off)
{
	int h;

	for (h = 0; h < N_HOOKS; h++)
		if ((b->valid_hooks & (1u << h)) && b->hook_entry[h] == off)
			return h;
	return -1;
}

/* 0 or -ENOMEM; 1: entry @i cannot be where it is. */
static int take_chain(struct arena *a, uint8_t family, const struct xt_blob *b,
		      struct xt_scan *s, uint32_t i)
{
	int hook = hook_at(b, s->off[i]);
	int32_t unused;
	bool error =
		xt_entry_is(&s->entry[i], s->off[i], &unused) == XT_IS_ERROR;
	struct xt_span *c;

	if (hook < 0 && !error)
		return s->n_chain ? 0 : 1;
	if ((hook >= 0 && error) || !close_chain(family, b, s, i))
		return 1;
	if (i == s->n_entry - 1)
		return 0;
	c = arena_grow(a, &s->chain, s->n_chain, &s->cap_chain, sizeof(*c));
	if (!c)
		return -ENOMEM;
	s->n_chain++;
	c->base = !error;
	c->first = i + error;
	if (c->base) {
		c->hook = (uint8_t)hook;
		c->name = hook_names[hook];
	} else {
		c->name = (const char *)xt_entry_target(&s->entry[i])->data;
	}
	return 0;
}

static bool check_hooks(const struct xt_blob *b, const struct xt_scan *s)
{
	uint32_t found = 0;
	size_t i;

	for (i = 0; i < s->n_chain; i++) {
		if (!s->chain[i].base)
			continue;
		if (found & (1u << s->chain[i].hook))
			return false;
		found |= 1u << s->chain[i].hook;
	}
	return found == b->valid_hooks;
}

static bool check_jumps(const struct xt_scan *s)
{
	int32_t verdict;
	uint32_t i;

	for (i = 0; i < s->n_entry; i++) {
		switch (xt_entry_is(&s->entry[i], s->off[i], &verdict)) {
		case XT_IS_VERDICT:
			if (verdict < XT_RETURN || verdict == -NF_STOLEN - 1)
				return false;
			break;
		case XT_IS_JUMP:
			if (!xt_scan_jump(s, (uint32_t)verdict))
				return false;
			break;
		case XT_IS_OTHER:
		case XT_IS_NEXT:
		case XT_IS_ERROR:
			break;
		}
	}
	return true;
}

const struct xt_span *xt_scan_jump(const struct xt_scan *s, uint32_t off)
{
	size_t lo = 0, hi = s->n_chain, mid;
	uint32_t at;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		at = s->off[s->chain[mid].first];
		if (at == off)
			return &s->chain[mid];
		if (at < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

int xt_scan(struct arena *a, uint8_t family, const struct xt_blob *b,
	    struct xt_scan *ret, struct wgq_err *e)
{
	struct xt_scan s = { .n_entry = b->num_entries };
	int32_t unused;
	uint32_t i;
	int err = 0;

	/* Fewer bytes than that an entry cannot have: bounds the memory. */
	if (!s.n_entry || s.n_entry > b->size / xt_entry_head(family))
		return err_set(e, -EBADMSG, "legacy table: impossible size");
	s.entry = arena_array(a, s.n_entry, sizeof(*s.entry));
	s.off = arena_array(a, s.n_entry, sizeof(*s.off));
	if (!s.entry || !s.off)
		return err_sys(e, -ENOMEM, "legacy table");
	if (!take_entries(family, b, &s))
		return err_set(e, -EBADMSG, "legacy table: broken entries");
	i = s.n_entry - 1;
	if (xt_entry_is(&s.entry[i], s.off[i], &unused) != XT_IS_ERROR)
		return err_set(e, -EBADMSG, "legacy table: has no end");
	for (i = 0; i < s.n_entry && !err; i++)
		err = take_chain(a, family, b, &s, i);
	if (err < 0)
		return err_sys(e, err, "legacy table");
	if (err || !check_hooks(b, &s))
		return err_set(e, -EBADMSG, "legacy table: broken chains");
	if (!check_jumps(&s))
		return err_set(e, -EBADMSG, "legacy table: broken jumps");
	*ret = s;
	return 0;
}
