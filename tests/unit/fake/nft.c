// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "private.h"

static bool is_named(const struct nlattr *attr, const char *name)
{
	return attr && !strcmp(mnl_attr_get_str(attr), name);
}

static void copy_name(char out[32], const struct nlattr *attr)
{
	if (strlen(mnl_attr_get_str(attr)) >= 32)
		fake_die("a long nf_tables name");
	snprintf(out, 32, "%s", mnl_attr_get_str(attr));
}

static bool has_table(const struct fake_nft *nft, uint8_t family,
		      const struct nlattr *name)
{
	size_t i;

	for (i = 0; i < nft->n_tables; i++)
		if (nft->tables[i].family == family &&
		    is_named(name, nft->tables[i].name))
			return true;
	return false;
}

/* 0 where there is such a table and we may change it. */
static int may_change(const struct fake_nft *nft, uint8_t family,
		      const struct nlattr *name)
{
	size_t i;

	for (i = 0; i < nft->n_tables; i++)
		if (nft->tables[i].family == family &&
		    is_named(name, nft->tables[i].name))
			return nft->tables[i].owner ? -EPERM : 0;
	return -ENOENT;
}

static struct fake_chain *find_chain(struct fake_nft *nft, uint8_t family,
				     const struct nlattr *table,
				     const struct nlattr *name)
{
	struct fake_chain *c;
	size_t i;

	for (i = 0; i < nft->n_chains; i++) {
		c = &nft->chains[i];
		if (c->family == family && is_named(table, c->table) &&
		    is_named(name, c->name))
			return c;
	}
	return NULL;
}

static void add_table(struct fake_nft *nft, uint8_t family, const char *name)
{
	struct fake_table *t = &nft->tables[nft->n_tables];

	if (nft->n_tables++ == FAKE_TABLES)
		fake_die("too many tables");
	*t = (struct fake_table){ .family = family };
	snprintf(t->name, sizeof(t->name), "%s", name);
}

static int new_table(struct fake_nft *nft, uint8_t family,
		     const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_TABLE_NAME, NFTA_TABLE_FLAGS,
					    NFTA_TABLE_USERDATA, 0 };
	const struct nlattr *tb[FAKE_ATTRS];
	char name[32];

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed) ||
	    !tb[NFTA_TABLE_NAME])
		return -EINVAL;
	if (has_table(nft, family, tb[NFTA_TABLE_NAME]))
		return nlh->nlmsg_flags & NLM_F_EXCL ? -EEXIST : 0;
	if (tb[NFTA_TABLE_FLAGS] && mnl_attr_get_u32(tb[NFTA_TABLE_FLAGS]))
		return -EOPNOTSUPP;
	copy_name(name, tb[NFTA_TABLE_NAME]);
	add_table(nft, family, name);
	return 0;
}

static int del_table(struct fake_nft *nft, uint8_t family,
		     const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_TABLE_NAME, 0 };
	const struct nlattr *tb[FAKE_ATTRS], *name;
	int ret;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed))
		return -EINVAL;
	name = tb[NFTA_TABLE_NAME];
	if (!name)
		fake_die("a deletion of all tables");
	ret = may_change(nft, family, name);
	if (ret)
		return ret;
	FAKE_REMOVE_IF(nft->rules, nft->n_rules, r,
		       r->family == family && is_named(name, r->table));
	FAKE_REMOVE_IF(nft->chains, nft->n_chains, c,
		       c->family == family && is_named(name, c->table));
	FAKE_REMOVE_IF(nft->tables, nft->n_tables, t,
		       t->family == family && is_named(name, t->name));
	return 0;
}

static int parse_hook(const struct nlattr *nest, struct fake_chain *c)
{
	static const uint16_t allowed[] = { NFTA_HOOK_HOOKNUM,
					    NFTA_HOOK_PRIORITY, 0 };
	const struct nlattr *tb[FAKE_ATTRS];

	if (fake_parse(mnl_attr_get_payload(nest),
		       mnl_attr_get_payload_len(nest), tb, allowed) ||
	    !tb[NFTA_HOOK_HOOKNUM] || !tb[NFTA_HOOK_PRIORITY])
		return -EINVAL;
	c->hook = ntohl(mnl_attr_get_u32(tb[NFTA_HOOK_HOOKNUM]));
	c->priority = (int32_t)ntohl(mnl_attr_get_u32(tb[NFTA_HOOK_PRIORITY]));
	return c->hook > NF_INET_POST_ROUTING ? -EOPNOTSUPP : 0;
}

static int set_policy(struct fake_chain *c, const struct nlattr *policy)
{
	if (!policy)
		return 0;
	if (!*c->type)
		return -EOPNOTSUPP;
	c->policy = ntohl(mnl_attr_get_u32(policy));
	return c->policy > NF_ACCEPT ? -EINVAL : 0;
}

static int set_type(struct fake_chain *c, const struct nlattr **tb)
{
	const char *type;

	if (!tb[NFTA_CHAIN_HOOK])
		return 0;
	type = tb[NFTA_CHAIN_TYPE] ? mnl_attr_get_str(tb[NFTA_CHAIN_TYPE])
				   : "filter";
	if (strcmp(type, "filter") && strcmp(type, "nat") &&
	    strcmp(type, "route"))
		return -ENOENT;
	snprintf(c->type, sizeof(c->type), "%s", type);
	c->policy = NF_ACCEPT;
	return parse_hook(tb[NFTA_CHAIN_HOOK], c) ? -EINVAL : 0;
}

static int new_chain(struct fake_nft *nft, uint8_t family,
		     const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_CHAIN_TABLE,
					    NFTA_CHAIN_NAME,
					    NFTA_CHAIN_TYPE,
					    NFTA_CHAIN_HOOK,
					    NFTA_CHAIN_POLICY,
					    NFTA_CHAIN_COUNTERS,
					    0 };
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_chain c = { .family = family }, *old;
	int ret;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed) ||
	    !tb[NFTA_CHAIN_NAME])
		return -EINVAL;
	ret = may_change(nft, family, tb[NFTA_CHAIN_TABLE]);
	if (ret)
		return ret;
	old = find_chain(nft, family, tb[NFTA_CHAIN_TABLE],
			 tb[NFTA_CHAIN_NAME]);
	if (old)
		return nlh->nlmsg_flags & NLM_F_EXCL
			       ? -EEXIST
			       : set_policy(old, tb[NFTA_CHAIN_POLICY]);
	if (!(nlh->nlmsg_flags & NLM_F_CREATE))
		return -ENOENT;
	ret = set_type(&c, tb);
	if (!ret)
		ret = set_policy(&c, tb[NFTA_CHAIN_POLICY]);
	if (ret)
		return ret;
	copy_name(c.table, tb[NFTA_CHAIN_TABLE]);
	copy_name(c.name, tb[NFTA_CHAIN_NAME]);
	c.handle = nft->next_handle++;
	if (nft->n_chains == FAKE_CHAINS)
		fake_die("too many chains");
	nft->chains[nft->n_chains++] = c;
	return 0;
}

/* Without jumps: rules of the fake kernel have none that it looks at. */
static int del_chain(struct fake_nft *nft, uint8_t family,
		     const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME,
					    0 };
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_chain *c;
	int ret;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed))
		return -EINVAL;
	if (!tb[NFTA_CHAIN_TABLE] || !tb[NFTA_CHAIN_NAME])
		fake_die("a deletion of all chains");
	ret = may_change(nft, family, tb[NFTA_CHAIN_TABLE]);
	if (ret)
		return ret;
	c = find_chain(nft, family, tb[NFTA_CHAIN_TABLE], tb[NFTA_CHAIN_NAME]);
	if (!c)
		return -ENOENT;
	FAKE_REMOVE_IF(nft->rules, nft->n_rules, r,
		       r->family == family &&
			       is_named(tb[NFTA_CHAIN_TABLE], r->table) &&
			       is_named(tb[NFTA_CHAIN_NAME], r->chain));
	nft->n_chains--;
	memmove(nft->chains + (c - nft->chains),
		nft->chains + (c - nft->chains) + 1,
		(nft->n_chains - (size_t)(c - nft->chains)) * sizeof(*c));
	return 0;
}

static int check_exprs(const struct nlattr *list)
{
	static const char *const known[] = {
		"meta",	  "cmp",    "payload", "fib",	  "immediate",
		"ct",	  "match",  "target",  "counter", "bitwise",
		"lookup", "range",  "masq",    "nat",	  "redir",
		"limit",  "exthdr", "rt",      "reject",  "log",
	};
	static const uint16_t allowed[] = { NFTA_EXPR_NAME, NFTA_EXPR_DATA, 0 };
	const struct nlattr *tb[FAKE_ATTRS], *expr;
	size_t i;

	mnl_attr_for_each_nested(expr, list) {
		if (mnl_attr_get_type(expr) != NFTA_LIST_ELEM ||
		    fake_parse(mnl_attr_get_payload(expr),
			       mnl_attr_get_payload_len(expr), tb, allowed) ||
		    !tb[NFTA_EXPR_NAME] || !tb[NFTA_EXPR_DATA])
			return -EINVAL;
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (is_named(tb[NFTA_EXPR_NAME], known[i]))
				break;
		if (i == ARRAY_SIZE(known))
			return -ENOENT;
	}
	return 0;
}

static bool in_chain(const struct fake_nft_rule *r, uint8_t family,
		     const struct nlattr **tb)
{
	return r->family == family && is_named(tb[NFTA_RULE_TABLE], r->table) &&
	       is_named(tb[NFTA_RULE_CHAIN], r->chain);
}

static void put_rule_at(struct fake_nft *nft, size_t at,
			struct fake_nft_rule *r)
{
	if (nft->n_rules == FAKE_NFT_RULES)
		fake_die("too many nf_tables rules");
	r->handle = nft->next_handle++;
	memmove(nft->rules + at + 1, nft->rules + at,
		(nft->n_rules - at) * sizeof(*r));
	nft->rules[at] = *r;
	nft->n_rules++;
}

static void put_rule(struct fake_nft *nft, struct fake_nft_rule *r)
{
	put_rule_at(nft, nft->n_rules, r);
}

static int find_rule(const struct fake_nft *nft, uint8_t family,
		     const struct nlattr **tb, uint16_t attr, size_t *ret)
{
	uint64_t handle = be64toh(mnl_attr_get_u64(tb[attr]));
	size_t i;

	for (i = 0; i < nft->n_rules; i++)
		if (nft->rules[i].handle == handle &&
		    in_chain(&nft->rules[i], family, tb)) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

/* Where in the list of all rules a new one goes. */
static int place_rule(const struct fake_nft *nft, uint8_t family,
		      const struct nlattr **tb, bool append, size_t *ret)
{
	size_t i;
	int err;

	if (tb[NFTA_RULE_POSITION]) {
		err = find_rule(nft, family, tb, NFTA_RULE_POSITION, ret);
		*ret += err == 0 && append;
		return err;
	}
	*ret = nft->n_rules;
	for (i = 0; i < nft->n_rules && !append; i++)
		if (in_chain(&nft->rules[i], family, tb)) {
			*ret = i;
			return 0;
		}
	return 0;
}

static void copy_bytes(uint8_t *out, size_t size, size_t *ret_len,
		       const struct nlattr *attr)
{
	*ret_len = attr ? mnl_attr_get_payload_len(attr) : 0;
	if (*ret_len > size)
		fake_die("a rule of an unexpected size");
	if (*ret_len)
		memcpy(out, mnl_attr_get_payload(attr), *ret_len);
}

static int new_rule(struct fake_nft *nft, uint8_t family,
		    const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = {
		NFTA_RULE_TABLE,    NFTA_RULE_CHAIN,
		NFTA_RULE_HANDLE,   NFTA_RULE_EXPRESSIONS,
		NFTA_RULE_COMPAT,   NFTA_RULE_POSITION,
		NFTA_RULE_USERDATA, 0
	};
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_nft_rule r = { .family = family };
	size_t at = 0;
	int ret;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed))
		return -EINVAL;
	ret = may_change(nft, family, tb[NFTA_RULE_TABLE]);
	if (ret)
		return ret;
	if (!find_chain(nft, family, tb[NFTA_RULE_TABLE], tb[NFTA_RULE_CHAIN]))
		return -ENOENT;
	if (!tb[NFTA_RULE_EXPRESSIONS])
		fake_die("a rule without expressions");
	ret = check_exprs(tb[NFTA_RULE_EXPRESSIONS]);
	if (ret)
		return ret;
	copy_name(r.table, tb[NFTA_RULE_TABLE]);
	copy_name(r.chain, tb[NFTA_RULE_CHAIN]);
	copy_bytes(r.exprs, sizeof(r.exprs), &r.exprs_len,
		   tb[NFTA_RULE_EXPRESSIONS]);
	copy_bytes(r.udata, sizeof(r.udata), &r.udata_len,
		   tb[NFTA_RULE_USERDATA]);
	if (tb[NFTA_RULE_HANDLE]) {
		if (!(nlh->nlmsg_flags & NLM_F_REPLACE))
			return -EOPNOTSUPP;
		ret = find_rule(nft, family, tb, NFTA_RULE_HANDLE, &at);
		if (ret)
			return ret;
		r.handle = nft->rules[at].handle;
		nft->rules[at] = r;
		return 0;
	}
	if (!(nlh->nlmsg_flags & NLM_F_CREATE))
		return -EINVAL;
	ret = place_rule(nft, family, tb, nlh->nlmsg_flags & NLM_F_APPEND, &at);
	if (!ret)
		put_rule_at(nft, at, &r);
	return ret;
}

static int del_rule(struct fake_nft *nft, uint8_t family,
		    const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_RULE_TABLE, NFTA_RULE_CHAIN,
					    NFTA_RULE_HANDLE, 0 };
	const struct nlattr *tb[FAKE_ATTRS];
	size_t at;
	int ret;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed))
		return -EINVAL;
	if (!tb[NFTA_RULE_TABLE] || !tb[NFTA_RULE_CHAIN])
		fake_die("a deletion of more than one chain's rules");
	ret = may_change(nft, family, tb[NFTA_RULE_TABLE]);
	if (ret)
		return ret;
	if (!find_chain(nft, family, tb[NFTA_RULE_TABLE], tb[NFTA_RULE_CHAIN]))
		return -ENOENT;
	if (!tb[NFTA_RULE_HANDLE]) {
		FAKE_REMOVE_IF(nft->rules, nft->n_rules, r,
			       in_chain(r, family, tb));
		return 0;
	}
	ret = find_rule(nft, family, tb, NFTA_RULE_HANDLE, &at);
	if (ret)
		return ret;
	nft->n_rules--;
	memmove(nft->rules + at, nft->rules + at + 1,
		(nft->n_rules - at) * sizeof(*nft->rules));
	return 0;
}

int fake_nft_begin(const struct nlmsghdr *nlh, const struct fake_nft *nft)
{
	static const uint16_t allowed[] = { NFNL_BATCH_GENID, 0 };
	const struct nlattr *tb[FAKE_ATTRS];
	uint32_t generation;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed))
		return -EINVAL;
	if (!tb[NFNL_BATCH_GENID])
		return 0;
	generation = ntohl(mnl_attr_get_u32(tb[NFNL_BATCH_GENID]));
	return generation && generation != nft->generation ? -ERESTART : 0;
}

int fake_nft_message(struct fake *f, const struct nlmsghdr *nlh,
		     struct fake_nft *nft)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	(void)f;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg) ||
	    !(nlh->nlmsg_flags & NLM_F_REQUEST) ||
	    nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
		return -EINVAL;
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		return new_table(nft, nfg->nfgen_family, nlh);
	case NFT_MSG_DELTABLE:
		return del_table(nft, nfg->nfgen_family, nlh);
	case NFT_MSG_NEWCHAIN:
		return new_chain(nft, nfg->nfgen_family, nlh);
	case NFT_MSG_DELCHAIN:
		return del_chain(nft, nfg->nfgen_family, nlh);
	case NFT_MSG_NEWRULE:
		return new_rule(nft, nfg->nfgen_family, nlh);
	case NFT_MSG_DELRULE:
		return del_rule(nft, nfg->nfgen_family, nlh);
	}
	return -EINVAL;
}

static int dump_tables(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_TABLE_NAME, 0 };
	const struct nfgenmsg *asked = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	struct nfgenmsg nfg = { .version = NFNETLINK_V0 };
	const struct fake_table *t;
	struct nlmsghdr *reply;
	char buf[256];
	size_t i;

	if (fake_parse_msg(nlh, sizeof(nfg), tb, allowed))
		return -EINVAL;
	for (i = 0; i < f->s->nft.n_tables; i++) {
		t = &f->s->nft.tables[i];
		if (asked->nfgen_family && asked->nfgen_family != t->family)
			continue;
		nfg.nfgen_family = t->family;
		reply = fake_reply(nlh, buf,
				   NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
				   &nfg, sizeof(nfg));
		mnl_attr_put_strz(reply, NFTA_TABLE_NAME, t->name);
		mnl_attr_put_u32(reply, NFTA_TABLE_FLAGS, 0);
		if (t->owner)
			mnl_attr_put_u32(reply, NFTA_TABLE_OWNER,
					 htonl(t->owner));
		fake_reply_end(f, reply, true);
	}
	return fake_dump_end(f, nlh);
}

static void reply_rule(struct fake *f, const struct nlmsghdr *req,
		       const struct fake_nft_rule *r)
{
	const struct nfgenmsg nfg = { .nfgen_family = r->family };
	char buf[FAKE_NFT_EXPRS + 1024];
	struct nlmsghdr *nlh;

	nlh = fake_reply(req, buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE,
			 &nfg, sizeof(nfg));
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, r->table);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, r->chain);
	mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(r->handle));
	mnl_attr_put(nlh, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, r->exprs_len,
		     r->exprs);
	if (r->udata_len)
		mnl_attr_put(nlh, NFTA_RULE_USERDATA, r->udata_len, r->udata);
	fake_reply_end(f, nlh, true);
}

static int dump_rules(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_RULE_TABLE, NFTA_RULE_CHAIN,
					    0 };
	const struct nfgenmsg *asked = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_nft_rule *r;
	size_t i;

	if (fake_parse_msg(nlh, sizeof(*asked), tb, allowed))
		return -EINVAL;
	for (i = 0; i < f->s->nft.n_rules; i++) {
		r = &f->s->nft.rules[i];
		if ((!asked->nfgen_family ||
		     asked->nfgen_family == r->family) &&
		    (!tb[NFTA_RULE_TABLE] ||
		     is_named(tb[NFTA_RULE_TABLE], r->table)) &&
		    (!tb[NFTA_RULE_CHAIN] ||
		     is_named(tb[NFTA_RULE_CHAIN], r->chain)))
			reply_rule(f, nlh, r);
	}
	return fake_dump_end(f, nlh);
}

/* The beginning of an answer about something in a table. */
static struct nlmsghdr *reply_in(const struct nlmsghdr *req, char *buf,
				 uint16_t type, uint8_t family)
{
	const struct nfgenmsg nfg = { .nfgen_family = family,
				      .version = NFNETLINK_V0 };

	return fake_reply(req, buf, NFNL_SUBSYS_NFTABLES << 8 | type, &nfg,
			  sizeof(nfg));
}

static int dump_chains(struct fake *f, const struct nlmsghdr *req)
{
	const struct fake_chain *c;
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[512];
	size_t i;

	for (i = 0; i < f->s->nft.n_chains; i++) {
		c = &f->s->nft.chains[i];
		nlh = reply_in(req, buf, NFT_MSG_NEWCHAIN, c->family);
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, c->table);
		mnl_attr_put_u64(nlh, NFTA_CHAIN_HANDLE, htobe64(c->handle));
		mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, c->name);
		if (*c->type) {
			nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
			mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM,
					 htonl(c->hook));
			mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY,
					 htonl((uint32_t)c->priority));
			mnl_attr_nest_end(nlh, nest);
			mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY,
					 htonl(c->policy));
			mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, c->type);
		}
		fake_reply_end(f, nlh, true);
	}
	return fake_dump_end(f, req);
}

static int dump_sets(struct fake *f, const struct nlmsghdr *req)
{
	const struct fake_set *set;
	struct nlmsghdr *nlh;
	char buf[512];
	size_t i;

	for (i = 0; i < f->s->nft.n_sets; i++) {
		set = &f->s->nft.sets[i];
		nlh = reply_in(req, buf, NFT_MSG_NEWSET, set->family);
		mnl_attr_put_strz(nlh, NFTA_SET_TABLE, set->table);
		mnl_attr_put_strz(nlh, NFTA_SET_NAME, set->name);
		mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(set->flags));
		mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(41));
		mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(set->key_len));
		fake_reply_end(f, nlh, true);
	}
	return fake_dump_end(f, req);
}

static int dump_elems(struct fake *f, const struct nlmsghdr *req)
{
	static const uint16_t allowed[] = { NFTA_SET_ELEM_LIST_TABLE,
					    NFTA_SET_ELEM_LIST_SET, 0 };
	const struct nfgenmsg *asked = mnl_nlmsg_get_payload(req);
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_set *set = NULL, *s;
	char buf[FAKE_ELEMS + 512];
	struct nlmsghdr *nlh;
	size_t i;

	if (fake_parse_msg(req, sizeof(*asked), tb, allowed))
		return -EINVAL;
	for (i = 0; i < f->s->nft.n_sets; i++) {
		s = &f->s->nft.sets[i];
		if (s->family == asked->nfgen_family &&
		    is_named(tb[NFTA_SET_ELEM_LIST_TABLE], s->table) &&
		    is_named(tb[NFTA_SET_ELEM_LIST_SET], s->name))
			set = s;
	}
	if (!set)
		return -ENOENT;
	nlh = reply_in(req, buf, NFT_MSG_NEWSETELEM, set->family);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, set->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
	mnl_attr_put(nlh, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED,
		     set->elems_len, set->elems);
	fake_reply_end(f, nlh, true);
	return fake_dump_end(f, req);
}

static int get_generation(struct fake *f, const struct nlmsghdr *req)
{
	char buf[128];
	struct nlmsghdr *nlh;

	nlh = reply_in(req, buf, NFT_MSG_NEWGEN, NFPROTO_UNSPEC);
	mnl_attr_put_u32(nlh, NFTA_GEN_ID, htonl(f->s->nft.generation));
	fake_reply_end(f, nlh, false);
	return 0;
}

int fake_nft_request(struct fake *f, const struct nlmsghdr *nlh)
{
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
		return -EINVAL;
	if (nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN))
		return get_generation(f, nlh);
	if (!fake_is_dump(nlh))
		return -EINVAL;
	switch (nlh->nlmsg_type) {
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE:
		return dump_tables(f, nlh);
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN:
		return dump_chains(f, nlh);
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE:
		return dump_rules(f, nlh);
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSET:
		return dump_sets(f, nlh);
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM:
		return dump_elems(f, nlh);
	}
	return -EINVAL;
}

/* A table is made anew at each call, with a chain and a rule. */
void fake_nft_meddle(struct fake *f)
{
	struct fake_nft *nft = &f->s->nft;

	FAKE_REMOVE_IF(nft->rules, nft->n_rules, r,
		       !strcmp(r->table, "meddler"));
	FAKE_REMOVE_IF(nft->chains, nft->n_chains, c,
		       !strcmp(c->table, "meddler"));
	FAKE_REMOVE_IF(nft->tables, nft->n_tables, t,
		       !strcmp(t->name, "meddler"));
	nft->generation++;
	if (nft->generation % 2)
		return;
	add_table(nft, NFPROTO_IPV4, "meddler");
	fake_chain_add(f, NFPROTO_IPV4, "meddler", "c", "", 0, 0, 0);
	fake_nft_rule_add(f, NFPROTO_IPV4, "meddler", "c", NULL, NULL,
			  NF_ACCEPT, NULL);
}

void fake_table_add(struct fake *f, uint8_t family, const char *name)
{
	add_table(&f->s->nft, family, name);
}

void fake_chain_add(struct fake *f, uint8_t family, const char *table,
		    const char *name, const char *type, uint32_t hook,
		    int32_t priority, uint32_t policy)
{
	struct fake_nft *nft = &f->s->nft;
	struct fake_chain *c = &nft->chains[nft->n_chains];

	if (nft->n_chains++ == FAKE_CHAINS)
		fake_die("too many chains");
	*c = (struct fake_chain){ .family = family,
				  .hook = hook,
				  .priority = priority,
				  .policy = policy,
				  .handle = nft->next_handle++ };
	snprintf(c->table, sizeof(c->table), "%s", table);
	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->type, sizeof(c->type), "%s", type);
}

static struct nlattr *begin_expr(struct nlmsghdr *nlh, const char *name,
				 struct nlattr **ret_data)
{
	struct nlattr *expr = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
	*ret_data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	return expr;
}

static void end_expr(struct nlmsghdr *nlh, struct nlattr *expr,
		     struct nlattr *data)
{
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, expr);
}

static void put_iif(struct nlmsghdr *nlh, const char *iif, const char *set)
{
	struct nlattr *expr, *data, *nest;

	expr = begin_expr(nlh, "meta", &data);
	mnl_attr_put_u32(nlh, NFTA_META_KEY, htonl(NFT_META_IIFNAME));
	mnl_attr_put_u32(nlh, NFTA_META_DREG, htonl(NFT_REG_1));
	end_expr(nlh, expr, data);
	expr = begin_expr(nlh, set ? "lookup" : "cmp", &data);
	if (set) {
		mnl_attr_put_strz(nlh, NFTA_LOOKUP_SET, set);
		mnl_attr_put_u32(nlh, NFTA_LOOKUP_SREG, htonl(NFT_REG_1));
	} else {
		mnl_attr_put_u32(nlh, NFTA_CMP_SREG, htonl(NFT_REG_1));
		mnl_attr_put_u32(nlh, NFTA_CMP_OP, htonl(NFT_CMP_EQ));
		nest = mnl_attr_nest_start(nlh, NFTA_CMP_DATA);
		mnl_attr_put(nlh, NFTA_DATA_VALUE, strlen(iif) + 1, iif);
		mnl_attr_nest_end(nlh, nest);
	}
	end_expr(nlh, expr, data);
}

static void put_verdict(struct nlmsghdr *nlh, uint32_t verdict)
{
	struct nlattr *expr, *data, *nest, *inner;

	expr = begin_expr(nlh, "immediate", &data);
	mnl_attr_put_u32(nlh, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
	nest = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	inner = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl(verdict));
	mnl_attr_nest_end(nlh, inner);
	mnl_attr_nest_end(nlh, nest);
	end_expr(nlh, expr, data);
}

uint64_t fake_nft_rule_add(struct fake *f, uint8_t family, const char *table,
			   const char *chain, const char *iif, const char *set,
			   uint32_t verdict, const char *comment)
{
	struct fake_nft_rule r = { .family = family };
	struct nlmsghdr *nlh;
	char buf[1024];

	nlh = mnl_nlmsg_put_header(buf);
	if (iif || set)
		put_iif(nlh, iif, set);
	put_verdict(nlh, verdict);
	r.exprs_len = mnl_nlmsg_get_payload_len(nlh);
	memcpy(r.exprs, mnl_nlmsg_get_payload(nlh), r.exprs_len);
	snprintf(r.table, sizeof(r.table), "%s", table);
	snprintf(r.chain, sizeof(r.chain), "%s", chain);
	if (comment) {
		r.udata_len = strlen(comment) + 3;
		r.udata[1] = (uint8_t)(strlen(comment) + 1);
		memcpy(r.udata + 2, comment, strlen(comment) + 1);
	}
	put_rule(&f->s->nft, &r);
	return r.handle;
}

void fake_set_add(struct fake *f, uint8_t family, const char *table,
		  const char *name, const char *elem)
{
	struct fake_nft *nft = &f->s->nft;
	struct fake_set *set = &nft->sets[nft->n_sets];
	struct nlattr *item, *key;
	struct nlmsghdr *nlh;
	char buf[256], value[16] = { 0 };

	if (nft->n_sets++ == FAKE_SETS)
		fake_die("too many sets");
	*set = (struct fake_set){ .family = family, .key_len = sizeof(value) };
	snprintf(set->table, sizeof(set->table), "%s", table);
	snprintf(set->name, sizeof(set->name), "%s", name);
	snprintf(value, sizeof(value), "%s", elem);
	nlh = mnl_nlmsg_put_header(buf);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof(value), value);
	mnl_attr_nest_end(nlh, key);
	mnl_attr_nest_end(nlh, item);
	set->elems_len = mnl_nlmsg_get_payload_len(nlh);
	memcpy(set->elems, mnl_nlmsg_get_payload(nlh), set->elems_len);
}

/* As iptables-nft lays it: the comment is an expression, an xt match. */
void fake_xt_rule_add(struct fake *f, uint8_t family, const char *table,
		      const char *chain, const char *comment)
{
	struct fake_nft_rule r = { .family = family };
	struct nlattr *expr, *data;
	struct nlmsghdr *nlh;
	char buf[1024], info[256] = { 0 };
	size_t i;

	for (i = 0; i < f->s->nft.n_tables; i++)
		if (f->s->nft.tables[i].family == family &&
		    !strcmp(f->s->nft.tables[i].name, table))
			break;
	if (i == f->s->nft.n_tables)
		add_table(&f->s->nft, family, table);
	for (i = 0; i < f->s->nft.n_chains; i++)
		if (f->s->nft.chains[i].family == family &&
		    !strcmp(f->s->nft.chains[i].table, table) &&
		    !strcmp(f->s->nft.chains[i].name, chain))
			break;
	if (i == f->s->nft.n_chains)
		fake_chain_add(f, family, table, chain, "filter",
			       NF_INET_PRE_ROUTING, -300, NF_ACCEPT);
	nlh = mnl_nlmsg_put_header(buf);
	expr = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "match");
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	snprintf(info, sizeof(info), "%s", comment);
	mnl_attr_put_strz(nlh, NFTA_MATCH_NAME, "comment");
	mnl_attr_put_u32(nlh, NFTA_MATCH_REV, 0);
	mnl_attr_put(nlh, NFTA_MATCH_INFO, sizeof(info), info);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, expr);
	r.exprs_len = mnl_nlmsg_get_payload_len(nlh);
	memcpy(r.exprs, mnl_nlmsg_get_payload(nlh), r.exprs_len);
	snprintf(r.table, sizeof(r.table), "%s", table);
	snprintf(r.chain, sizeof(r.chain), "%s", chain);
	put_rule(&f->s->nft, &r);
}

static uint32_t hash(const uint8_t *p, size_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

void fake_nft_dump(const struct fake *f, struct buf *out)
{
	const struct fake_nft *nft = &f->s->nft;
	const struct fake_nft_rule *r;
	const struct fake_chain *c;
	size_t i, j, place;

	for (i = 0; i < nft->n_tables; i++)
		buf_addf(out, "nft %u table %s\n", nft->tables[i].family,
			 nft->tables[i].name);
	for (i = 0; i < nft->n_chains; i++) {
		c = &nft->chains[i];
		buf_addf(out,
			 "nft %u chain %s %s %s hook %u priority %d policy "
			 "%u\n",
			 c->family, c->table, c->name, c->type, c->hook,
			 c->priority, c->policy);
	}
	for (i = 0; i < nft->n_rules; i++) {
		r = &nft->rules[i];
		for (place = j = 0; j < i; j++)
			place += r->family == nft->rules[j].family &&
				 !strcmp(r->table, nft->rules[j].table) &&
				 !strcmp(r->chain, nft->rules[j].chain);
		buf_addf(out, "nft %u rule %s %s %02zu %zu:%08x\n", r->family,
			 r->table, r->chain, place, r->exprs_len,
			 hash(r->exprs, r->exprs_len));
	}
}
