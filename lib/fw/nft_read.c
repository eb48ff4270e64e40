// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/nft_read.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "fw/nft_expr.h"
#include "fw/nft_priv.h"

#define UDATA_COMMENT 0 /* type of a comment in a rule's user data */
#define KEY_MAX 64	/* bytes of the longest key: all registers */

/* Everything but a table belongs to one: the attribute is the same for all. */
#define IN_TABLE 1

static int bad(struct wgq_err *e, const char *what)
{
	return err_set(e, -EBADMSG, "nf_tables: malformed %s", what);
}

static int no_memory(struct wgq_err *e)
{
	return err_sys(e, -ENOMEM, "nf_tables");
}

static struct fw_table *table_of(const struct fw_ruleset *rs, uint8_t family,
				 struct nft_attrs *at)
{
	const char *name = nft_attr_str(at, IN_TABLE);

	return name ? fw_table_find(rs, FW_NFT, family, name) : NULL;
}

static int read_table(struct fw_ruleset *rs, uint8_t family,
		      struct nft_attrs *at, struct wgq_err *e)
{
	const char *name = nft_attr_str(at, NFTA_TABLE_NAME);
	uint32_t flags = nft_attr_u32(at, NFTA_TABLE_FLAGS);
	uint32_t owner = nft_attr_u32(at, NFTA_TABLE_OWNER);
	struct fw_table *t;

	if (!name || at->bad)
		return bad(e, "table");
	t = fw_table_add(rs, FW_NFT, family, name);
	if (!t)
		return no_memory(e);
	t->dormant = flags & NFT_TABLE_F_DORMANT;
	t->owner = owner;
	return 0;
}

static int read_base(struct fw_ruleset *rs, struct fw_chain *c,
		     struct nft_attrs *at)
{
	const char *type = nft_attr_str(at, NFTA_CHAIN_TYPE);
	struct nft_attrs hook, counters;

	nft_attrs_nest(&hook, at->tb[NFTA_CHAIN_HOOK]);
	nft_attrs_nest(&counters, at->tb[NFTA_CHAIN_COUNTERS]);
	c->base = true;
	c->hook = (enum fw_hook)nft_attr_u32(&hook, NFTA_HOOK_HOOKNUM);
	c->priority = (int32_t)nft_attr_u32(&hook, NFTA_HOOK_PRIORITY);
	c->policy = FW_S_ACCEPT;
	if (at->tb[NFTA_CHAIN_POLICY] &&
	    nft_attr_u32(at, NFTA_CHAIN_POLICY) == NF_DROP)
		c->policy = FW_S_DROP;
	c->packets = nft_attr_u64(&counters, NFTA_COUNTER_PACKETS);
	c->bytes = nft_attr_u64(&counters, NFTA_COUNTER_BYTES);
	at->bad |= hook.bad || counters.bad || c->hook > FW_INGRESS;
	if (!type)
		type = "filter";
	c->type = arena_strndup(&rs->arena, type, strlen(type));
	return c->type ? 0 : -ENOMEM;
}

static int read_chain(struct fw_ruleset *rs, uint8_t family,
		      struct nft_attrs *at, struct wgq_err *e)
{
	struct fw_table *t = table_of(rs, family, at);
	const char *name = nft_attr_str(at, NFTA_CHAIN_NAME);
	struct fw_chain *c;

	if (!t || !name || at->bad)
		return bad(e, "chain");
	c = fw_chain_add(rs, t, name);
	if (!c)
		return no_memory(e);
	c->handle = nft_attr_u64(at, NFTA_CHAIN_HANDLE);
	if (at->tb[NFTA_CHAIN_HOOK] && read_base(rs, c, at) < 0)
		return no_memory(e);
	return at->bad ? bad(e, "chain") : 0;
}

static int read_set(struct fw_ruleset *rs, uint8_t family, struct nft_attrs *at,
		    struct wgq_err *e)
{
	struct fw_table *t = table_of(rs, family, at);
	const char *name = nft_attr_str(at, NFTA_SET_NAME);
	uint32_t flags = nft_attr_u32(at, NFTA_SET_FLAGS);
	uint32_t data = nft_attr_u32(at, NFTA_SET_DATA_TYPE);
	uint32_t key_len = nft_attr_u32(at, NFTA_SET_KEY_LEN);
	struct fw_set *s;

	if (!t || !name || at->bad || key_len > KEY_MAX)
		return bad(e, "set");
	s = fw_set_add(rs, t, name);
	if (!s)
		return no_memory(e);
	s->key_len = key_len;
	s->verdicts = (flags & NFT_SET_MAP) && data == NFT_DATA_VERDICT;
	s->dynamic = flags & (NFT_SET_EVAL | NFT_SET_TIMEOUT);
	/* Of a concatenation each element says both ends itself. */
	s->interval = (flags & NFT_SET_INTERVAL) && !(flags & NFT_SET_CONCAT);
	return at->bad ? bad(e, "set") : 0;
}

/* A key, copied and filled up with zeros to the length that the set says. */
static int read_key(struct fw_ruleset *rs, const struct fw_set *s,
		    struct nft_attrs *at, unsigned int type,
		    const uint8_t **ret)
{
	size_t len;
	const uint8_t *data = nft_attr_data(at, type, &len);
	uint8_t *copy;

	*ret = NULL;
	if (!len)
		return 0;
	if (len > s->key_len)
		return -EBADMSG;
	copy = arena_alloc(&rs->arena, s->key_len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	*ret = copy;
	return 0;
}

/*
 * In an interval set an element is the beginning of a range or, with a flag,
 * the first key behind one.  Until all are there a beginning has no key_end and
 * an end no key; pair_elems() puts them together.
 */
static int fill_elem(struct fw_ruleset *rs, const struct fw_set *s,
		     struct fw_elem *el, struct nft_attrs *at)
{
	uint32_t flags = nft_attr_u32(at, NFTA_SET_ELEM_FLAGS);
	bool end = flags & NFT_SET_ELEM_INTERVAL_END;
	int err;

	el->catchall = flags & NFT_SET_ELEM_CATCHALL;
	err = read_key(rs, s, at, NFTA_SET_ELEM_KEY, &el->key);
	if (!err)
		err = read_key(rs, s, at, NFTA_SET_ELEM_KEY_END, &el->key_end);
	if (!err && s->verdicts && !end)
		err = nft_verdict_read(&rs->arena, at->tb[NFTA_SET_ELEM_DATA],
				       &el->verdict, &el->chain);
	if (err)
		return err;
	if (el->catchall) {
		el->key = el->key_end = NULL;
		return 0;
	}
	if (!el->key)
		return -EBADMSG;
	if (!s->interval && !el->key_end) {
		el->key_end = el->key;
	} else if (s->interval && end) {
		el->key_end = el->key;
		el->key = NULL;
	}
	return 0;
}

static int read_elems(struct fw_ruleset *rs, uint8_t family,
		      struct nft_attrs *at, struct wgq_err *e)
{
	const struct nlattr *list = at->tb[NFTA_SET_ELEM_LIST_ELEMENTS];
	const char *name = nft_attr_str(at, NFTA_SET_ELEM_LIST_SET);
	struct fw_table *t = table_of(rs, family, at);
	struct fw_set *s = t && name ? fw_set_find(t, name) : NULL;
	const struct nlattr *one;
	struct nft_attrs elem;
	struct fw_elem *el;
	int err;

	if (!s || at->bad)
		return bad(e, "set element");
	if (!list)
		return 0;
	mnl_attr_for_each_nested(one, list) {
		nft_attrs_nest(&elem, one);
		el = fw_elem_add(rs, s);
		if (!el)
			return no_memory(e);
		err = fill_elem(rs, s, el, &elem);
		if (err == -ENOMEM)
			return no_memory(e);
		if (err || elem.bad)
			return bad(e, "set element");
	}
	return 0;
}

/* User data are types, lengths and values of a byte, a byte and some. */
static int read_comment(struct fw_ruleset *rs, struct fw_rule *r,
			const struct nlattr *udata)
{
	const uint8_t *p = mnl_attr_get_payload(udata);
	size_t len = mnl_attr_get_payload_len(udata);

	while (len >= 2 && len - 2 >= p[1]) {
		if (p[0] == UDATA_COMMENT && p[1] && !p[2 + p[1] - 1]) {
			r->comment =
				arena_strndup(&rs->arena, (const char *)p + 2,
					      strlen((const char *)p + 2));
			return r->comment ? 0 : -ENOMEM;
		}
		len -= 2u + p[1];
		p += 2 + p[1];
	}
	return 0;
}

static int read_rule(struct fw_ruleset *rs, uint8_t family,
		     struct nft_attrs *at, struct wgq_err *e)
{
	struct fw_table *t = table_of(rs, family, at);
	const char *name = nft_attr_str(at, NFTA_RULE_CHAIN);
	struct fw_chain *c = t && name ? fw_chain_find(t, name) : NULL;
	struct fw_rule *r;
	int err;

	if (!c || at->bad)
		return bad(e, "rule");
	r = arena_alloc(&rs->arena, sizeof(*r));
	if (!r)
		return no_memory(e);
	r->handle = nft_attr_u64(at, NFTA_RULE_HANDLE);
	err = nft_expr_read(&rs->arena, t, at->tb[NFTA_RULE_EXPRESSIONS], r);
	if (!err && at->tb[NFTA_RULE_USERDATA])
		err = read_comment(rs, r, at->tb[NFTA_RULE_USERDATA]);
	if (!err)
		err = fw_rule_insert(rs, c, c->n_rule, r);
	if (err == -ENOMEM)
		return no_memory(e);
	return err || at->bad ? bad(e, "rule") : 0;
}

int nft_read(struct fw_ruleset *rs, const struct nlmsghdr *nlh,
	     struct wgq_err *e)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	unsigned int type = NFNL_MSG_TYPE(nlh->nlmsg_type);
	struct nft_attrs at;

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return 0;
	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*nfg))
		return bad(e, "message");
	nft_attrs_read(&at, nfg + 1,
		       nlh->nlmsg_len - MNL_NLMSG_HDRLEN - sizeof(*nfg));
	if (at.bad)
		return bad(e, "message");
	if (type == NFT_MSG_NEWGEN) {
		rs->generation = nft_attr_u32(&at, NFTA_GEN_ID);
		return at.bad ? bad(e, "generation") : 0;
	}
	if (nfg->nfgen_family != NFPROTO_IPV4 &&
	    nfg->nfgen_family != NFPROTO_IPV6 &&
	    nfg->nfgen_family != NFPROTO_INET)
		return 0;
	switch (type) {
	case NFT_MSG_NEWTABLE:
		return read_table(rs, nfg->nfgen_family, &at, e);
	case NFT_MSG_NEWCHAIN:
		return read_chain(rs, nfg->nfgen_family, &at, e);
	case NFT_MSG_NEWSET:
		return read_set(rs, nfg->nfgen_family, &at, e);
	case NFT_MSG_NEWSETELEM:
		return read_elems(rs, nfg->nfgen_family, &at, e);
	case NFT_MSG_NEWRULE:
		return read_rule(rs, nfg->nfgen_family, &at, e);
	}
	return 0;
}

/* By key, an end before a beginning with the same; catch-alls come last. */
static int elem_order(const void *a, const void *b, void *len)
{
	const struct fw_elem *x = a, *y = b;
	const uint8_t *k = x->key ? x->key : x->key_end;
	const uint8_t *l = y->key ? y->key : y->key_end;
	int order;

	if (!k || !l)
		return !k - !l;
	order = memcmp(k, l, *(uint32_t *)len);
	if (order)
		return order;
	return (x->key != NULL) - (y->key != NULL);
}

/* The key before @key, which is not the first one. */
static uint8_t *key_before(struct arena *a, const uint8_t *key, uint32_t len)
{
	uint8_t *p = arena_alloc(a, len);

	if (!p)
		return NULL;
	memcpy(p, key, len);
	while (len-- > 0 && p[len]-- == 0)
		;
	return p;
}

static bool is_end(const struct fw_elem *el)
{
	return !el->key && el->key_end;
}

/*
 * A range ends before the next element, be that an end or, where ranges are
 * adjacent and the end was left out, a beginning; the last may have no end.
 */
static int pair_elems(struct fw_ruleset *rs, struct fw_set *s)
{
	size_t i, n = 0;
	uint8_t *all;

	if (s->n_elem)
		qsort_r(s->elem, s->n_elem, sizeof(*s->elem), elem_order,
			&s->key_len);
	for (i = 0; i < s->n_elem; i++) {
		struct fw_elem *el = &s->elem[i], *next = el + 1;
		const uint8_t *behind = NULL;

		if (is_end(el))
			continue;
		if (el->catchall || el->key_end) {
			s->elem[n++] = *el;
			continue;
		}
		if (i + 1 < s->n_elem)
			behind = next->key ? next->key : next->key_end;
		if (behind && memcmp(behind, el->key, s->key_len) == 0) {
			el->key_end = el->key;
		} else if (behind) {
			el->key_end =
				key_before(&rs->arena, behind, s->key_len);
		} else {
			all = arena_alloc(&rs->arena, s->key_len);
			if (all)
				memset(all, 0xff, s->key_len);
			el->key_end = all;
		}
		if (!el->key_end)
			return -ENOMEM;
		s->elem[n++] = *el;
	}
	s->n_elem = n;
	return 0;
}

static void tie(const struct fw_table *t, struct fw_lookup *l)
{
	if (!l->set)
		l->set = fw_set_find(t, l->name);
}

static void tie_rule(const struct fw_table *t, struct fw_rule *r)
{
	size_t i;

	for (i = 0; i < r->n_match; i++)
		if (r->match[i].kind == FW_M_SET)
			tie(t, &r->match[i].lookup);
	for (i = 0; i < r->n_stmt; i++)
		if (r->stmt[i].kind == FW_S_VMAP)
			tie(t, &r->stmt[i].vmap);
}

int nft_read_end(struct fw_ruleset *rs)
{
	size_t i, j, k;

	for (i = 0; i < rs->n_table; i++) {
		struct fw_table *t = rs->table[i];

		if (t->backend != FW_NFT)
			continue;
		for (j = 0; j < t->n_set; j++) {
			if (t->set[j]->interval && pair_elems(rs, t->set[j]))
				return -ENOMEM;
		}
		for (j = 0; j < t->n_chain; j++)
			for (k = 0; k < t->chain[j]->n_rule; k++)
				tie_rule(t, t->chain[j]->rule[k]);
	}
	return 0;
}
