// SPDX-License-Identifier: GPL-2.0-or-later
#include <net/if.h>

#include "fw/xt.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <string.h>

#include "fw/xt_info.h"
#include "fw/xt_scan.h"

/**
 * struct head - what an entry asks of the IP header, of either family
 */
struct head {
	uint8_t src[16], dst[16], smsk[16], dmsk[16];
	const char *in, *out;
	const uint8_t *in_mask, *out_mask;
	uint16_t proto;
	bool go_to;
	uint8_t other; /* flags that are not told apart further */
	uint8_t inv;   /* IPT_INV_ flags, which are IP6T_INV_, too */
};

static void take_head4(const struct ipt_ip *ip, struct head *ret)
{
	*ret = (struct head){
		.in = ip->iniface,
		.out = ip->outiface,
		.in_mask = ip->iniface_mask,
		.out_mask = ip->outiface_mask,
		.proto = ip->proto,
		.go_to = ip->flags & IPT_F_GOTO,
		.other = ip->flags & ~IPT_F_GOTO,
		.inv = ip->invflags,
	};
	memcpy(ret->src, &ip->src, 4);
	memcpy(ret->dst, &ip->dst, 4);
	memcpy(ret->smsk, &ip->smsk, 4);
	memcpy(ret->dmsk, &ip->dmsk, 4);
}

static void take_head6(const struct ip6t_ip6 *ip, struct head *ret)
{
	*ret = (struct head){
		.in = ip->iniface,
		.out = ip->outiface,
		.in_mask = ip->iniface_mask,
		.out_mask = ip->outiface_mask,
		.proto = ip->flags & IP6T_F_PROTO ? ip->proto : 0,
		.go_to = ip->flags & IP6T_F_GOTO,
		.other = ip->flags & ~(IP6T_F_GOTO | IP6T_F_PROTO),
		.inv = ip->invflags,
	};
	memcpy(ret->src, &ip->src, 16);
	memcpy(ret->dst, &ip->dst, 16);
	memcpy(ret->smsk, &ip->smsk, 16);
	memcpy(ret->dmsk, &ip->dmsk, 16);
}

static int add_iface(struct arena *a, struct fw_rule *r,
		     enum fw_match_kind kind, const char *name,
		     const uint8_t *mask, bool invert)
{
	struct fw_match *m;
	size_t n = 0, len = strnlen(name, IFNAMSIZ);

	while (n < IFNAMSIZ && mask[n])
		n++;
	if (!len && !n && !invert)
		return 0;
	m = fw_match_add(a, r, kind);
	if (!m)
		return -ENOMEM;
	m->invert = invert;
	/* A mask that covers the NUL asks for the whole name. */
	m->iface.prefix = n <= len && n < IFNAMSIZ;
	if (n > len)
		n = len;
	memcpy(m->iface.name, name, n < IFNAMSIZ ? n : IFNAMSIZ - 1);
	return 0;
}

static int add_addr(struct arena *a, struct fw_rule *r, uint8_t family,
		    enum fw_match_kind kind, const uint8_t *b,
		    const uint8_t *mask, bool invert)
{
	static const uint8_t zero[16];
	struct fw_match *m;
	size_t i;

	if (!memcmp(mask, zero, 16) && !memcmp(b, zero, 16) && !invert)
		return 0;
	m = fw_match_add(a, r, kind);
	if (!m)
		return -ENOMEM;
	m->invert = invert;
	m->addr.family = family;
	memcpy(m->addr.mask, mask, 16);
	for (i = 0; i < 16; i++)
		m->addr.b[i] = b[i] & mask[i];
	return 0;
}

static int add_head(struct arena *a, struct fw_rule *r, uint8_t family,
		    const struct head *h)
{
	struct fw_raw frag = { "-f", !!(h->inv & IPT_INV_FRAG), NULL, 0 };
	struct fw_match *m;

	if (add_addr(a, r, family, FW_M_SADDR, h->src, h->smsk,
		     h->inv & IPT_INV_SRCIP) ||
	    add_addr(a, r, family, FW_M_DADDR, h->dst, h->dmsk,
		     h->inv & IPT_INV_DSTIP) ||
	    add_iface(a, r, FW_M_IIF, h->in, h->in_mask,
		      h->inv & IPT_INV_VIA_IN) ||
	    add_iface(a, r, FW_M_OIF, h->out, h->out_mask,
		      h->inv & IPT_INV_VIA_OUT))
		return -ENOMEM;
	if (h->proto) {
		m = fw_match_add(a, r, FW_M_L4PROTO);
		if (!m)
			return -ENOMEM;
		m->invert = h->inv & XT_INV_PROTO;
		m->range = (struct fw_range){ h->proto, h->proto };
	}
	return h->other ? xt_info_read_match(a, r, family, &frag) : 0;
}

static int add_matches(struct arena *a, struct fw_rule *r, uint8_t family,
		       const struct xt_entry *en)
{
	const struct xt_entry_match *m;
	uint32_t at = en->head;
	struct fw_raw x;
	int err = 0;

	for (; at < en->target && !err; at += m->u.match_size) {
		m = (const struct xt_entry_match *)(en->p + at);
		x = (struct fw_raw){ m->u.user.name, m->u.user.revision,
				     m->data, m->u.match_size - sizeof(*m) };
		err = xt_info_read_match(a, r, family, &x);
	}
	return err;
}

static enum fw_stmt_kind verdict_kind(int32_t verdict)
{
	switch (verdict) {
	case -NF_ACCEPT - 1:
		return FW_S_ACCEPT;
	case -NF_DROP - 1:
		return FW_S_DROP;
	case -NF_QUEUE - 1:
		return FW_S_QUEUE;
	}
	return FW_S_RETURN;
}

static int add_target(struct arena *a, struct fw_rule *r, uint8_t family,
		      const struct xt_scan *s, uint32_t i, bool go_to)
{
	const struct xt_entry_target *t = xt_entry_target(&s->entry[i]);
	struct fw_raw x = { t->u.user.name, t->u.user.revision, t->data,
			    t->u.target_size - sizeof(*t) };
	struct fw_stmt *st;
	int32_t verdict;

	switch (xt_entry_is(&s->entry[i], s->off[i], &verdict)) {
	case XT_IS_VERDICT:
		return fw_stmt_add(a, r, verdict_kind(verdict)) ? 0 : -ENOMEM;
	case XT_IS_JUMP:
		st = fw_stmt_add(a, r, go_to ? FW_S_GOTO : FW_S_JUMP);
		if (!st)
			return -ENOMEM;
		st->chain = xt_scan_jump(s, (uint32_t)verdict)->name;
		return 0;
	case XT_IS_OTHER:
		return xt_info_read_target(a, r, family, &x);
	case XT_IS_NEXT:
	case XT_IS_ERROR:
		break;
	}
	return 0;
}

static struct xt_counters counters_of(uint8_t family, const struct xt_entry *en)
{
	struct xt_counters c;

	memcpy(&c, en->p + xt_entry_counters_at(family), sizeof(c));
	return c;
}

static int read_rule(struct fw_ruleset *rs, struct fw_chain *c, uint8_t family,
		     const struct xt_scan *s, uint32_t i)
{
	struct arena *a = &rs->arena;
	struct fw_rule *r = arena_alloc(a, sizeof(*r));
	const struct xt_entry *en = &s->entry[i];
	struct xt_counters count = counters_of(family, en);
	struct head h;

	if (!r)
		return -ENOMEM;
	r->handle = s->off[i];
	r->packets = count.pcnt;
	r->bytes = count.bcnt;
	r->legible = true;
	if (family == NFPROTO_IPV6)
		take_head6((const struct ip6t_ip6 *)en->p, &h);
	else
		take_head4((const struct ipt_ip *)en->p, &h);
	if (add_head(a, r, family, &h) || add_matches(a, r, family, en) ||
	    add_target(a, r, family, s, i, h.go_to))
		return -ENOMEM;
	return fw_rule_insert(rs, c, c->n_rule, r);
}

/* Where the kernel hooks the chains of each table in. */
static int32_t priority_of(const char *table, uint8_t hook)
{
	if (!strcmp(table, "raw"))
		return NF_IP_PRI_RAW;
	if (!strcmp(table, "mangle"))
		return NF_IP_PRI_MANGLE;
	if (!strcmp(table, "security"))
		return NF_IP_PRI_SECURITY;
	if (strcmp(table, "nat"))
		return NF_IP_PRI_FILTER;
	return hook == NF_INET_PRE_ROUTING || hook == NF_INET_LOCAL_OUT
		       ? NF_IP_PRI_NAT_DST
		       : NF_IP_PRI_NAT_SRC;
}

static void read_base(struct fw_chain *c, uint8_t family, const char *table,
		      const struct xt_scan *s, const struct xt_span *span)
{
	const struct xt_entry *foot = &s->entry[span->first + span->n];
	struct xt_counters count = counters_of(family, foot);
	int32_t verdict = 0;

	xt_entry_is(foot, s->off[span->first + span->n], &verdict);
	c->base = true;
	c->hook = (enum fw_hook)span->hook;
	c->priority = priority_of(table, span->hook);
	c->policy = verdict_kind(verdict);
	c->packets = count.pcnt;
	c->bytes = count.bcnt;
	c->type = "filter";
	if (!strcmp(table, "nat"))
		c->type = "nat";
	if (!strcmp(table, "mangle") && span->hook == NF_INET_LOCAL_OUT)
		c->type = "route";
}

static int read_chain(struct fw_ruleset *rs, struct fw_table *t,
		      const struct xt_scan *s, const struct xt_span *span)
{
	struct fw_chain *c = fw_chain_add(rs, t, span->name);
	uint32_t i;
	int err = 0;

	if (!c)
		return -ENOMEM;
	if (span->base)
		read_base(c, t->family, t->name, s, span);
	for (i = 0; i < span->n && !err; i++)
		err = read_rule(rs, c, t->family, s, span->first + i);
	return err;
}

int xt_read(struct fw_ruleset *rs, uint8_t family, const char *name,
	    const struct xt_blob *blob, struct wgq_err *e)
{
	struct xt_blob *b = arena_alloc(&rs->arena, sizeof(*b));
	uint8_t *entries = arena_alloc(&rs->arena, blob->size);
	struct fw_table *t;
	struct xt_scan s;
	size_t i;
	int err;

	if (!b || !entries)
		return err_sys(e, -ENOMEM, "legacy table %s", name);
	if (blob->size)
		memcpy(entries, blob->entries, blob->size);
	*b = *blob;
	b->entries = entries;
	err = xt_scan(&rs->arena, family, b, &s, e);
	if (err)
		return err;
	t = fw_table_add(rs, FW_LEGACY, family, name);
	err = t ? 0 : -ENOMEM;
	if (t)
		t->blob = b;
	for (i = 0; i < s.n_chain && !err; i++)
		err = read_chain(rs, t, &s, &s.chain[i]);
	return err ? err_sys(e, err, "legacy table %s", name) : 0;
}
