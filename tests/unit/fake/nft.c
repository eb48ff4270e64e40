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

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed))
		return -EINVAL;
	name = tb[NFTA_TABLE_NAME];
	if (!name)
		fake_die("a deletion of all tables");
	if (!has_table(nft, family, name))
		return -ENOENT;
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

static int new_chain(struct fake_nft *nft, uint8_t family,
		     const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_CHAIN_TABLE,  NFTA_CHAIN_NAME,
					    NFTA_CHAIN_TYPE,   NFTA_CHAIN_HOOK,
					    NFTA_CHAIN_POLICY, 0 };
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_chain c = { .family = family };

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed) ||
	    !tb[NFTA_CHAIN_NAME])
		return -EINVAL;
	if (!has_table(nft, family, tb[NFTA_CHAIN_TABLE]))
		return -ENOENT;
	if (find_chain(nft, family, tb[NFTA_CHAIN_TABLE], tb[NFTA_CHAIN_NAME]))
		return nlh->nlmsg_flags & NLM_F_EXCL ? -EEXIST : 0;
	if (!tb[NFTA_CHAIN_HOOK] || !is_named(tb[NFTA_CHAIN_TYPE], "filter"))
		return -ENOENT;
	if (parse_hook(tb[NFTA_CHAIN_HOOK], &c))
		return -EINVAL;
	copy_name(c.table, tb[NFTA_CHAIN_TABLE]);
	copy_name(c.name, tb[NFTA_CHAIN_NAME]);
	snprintf(c.type, sizeof(c.type), "filter");
	if (nft->n_chains == FAKE_CHAINS)
		fake_die("too many chains");
	nft->chains[nft->n_chains++] = c;
	return 0;
}

static int check_exprs(const struct nlattr *list)
{
	static const char *const known[] = { "meta", "cmp",	  "payload",
					     "fib",  "immediate", "ct" };
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

static void put_rule(struct fake_nft *nft, struct fake_nft_rule *r)
{
	if (nft->n_rules == FAKE_NFT_RULES)
		fake_die("too many nf_tables rules");
	r->handle = nft->next_handle++;
	nft->rules[nft->n_rules++] = *r;
}

static int new_rule(struct fake_nft *nft, uint8_t family,
		    const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_RULE_TABLE, NFTA_RULE_CHAIN,
					    NFTA_RULE_EXPRESSIONS,
					    NFTA_RULE_USERDATA, 0 };
	const struct nlattr *tb[FAKE_ATTRS], *exprs;
	struct fake_nft_rule r = { .family = family };
	int ret;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed) ||
	    !(nlh->nlmsg_flags & NLM_F_CREATE))
		return -EINVAL;
	if (!has_table(nft, family, tb[NFTA_RULE_TABLE]) ||
	    !find_chain(nft, family, tb[NFTA_RULE_TABLE], tb[NFTA_RULE_CHAIN]))
		return -ENOENT;
	exprs = tb[NFTA_RULE_EXPRESSIONS];
	if (!exprs || mnl_attr_get_payload_len(exprs) > sizeof(r.exprs))
		fake_die("a rule of an unexpected size");
	ret = check_exprs(exprs);
	if (ret)
		return ret;
	copy_name(r.table, tb[NFTA_RULE_TABLE]);
	copy_name(r.chain, tb[NFTA_RULE_CHAIN]);
	r.exprs_len = mnl_attr_get_payload_len(exprs);
	memcpy(r.exprs, mnl_attr_get_payload(exprs), r.exprs_len);
	put_rule(nft, &r);
	return 0;
}

static int del_rule(struct fake_nft *nft, uint8_t family,
		    const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { NFTA_RULE_TABLE, NFTA_RULE_CHAIN,
					    NFTA_RULE_HANDLE, 0 };
	const struct nlattr *tb[FAKE_ATTRS];
	const struct fake_nft_rule *r;
	uint64_t handle;
	size_t i;

	if (fake_parse_msg(nlh, sizeof(struct nfgenmsg), tb, allowed))
		return -EINVAL;
	if (!tb[NFTA_RULE_TABLE] || !tb[NFTA_RULE_CHAIN] ||
	    !tb[NFTA_RULE_HANDLE])
		fake_die("a deletion of more than one rule");
	handle = be64toh(mnl_attr_get_u64(tb[NFTA_RULE_HANDLE]));
	for (i = 0; i < nft->n_rules; i++) {
		r = &nft->rules[i];
		if (r->family == family && r->handle == handle &&
		    is_named(tb[NFTA_RULE_TABLE], r->table) &&
		    is_named(tb[NFTA_RULE_CHAIN], r->chain))
			break;
	}
	if (i == nft->n_rules)
		return -ENOENT;
	nft->n_rules--;
	memmove(nft->rules + i, nft->rules + i + 1,
		(nft->n_rules - i) * sizeof(*nft->rules));
	return 0;
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

int fake_nft_request(struct fake *f, const struct nlmsghdr *nlh)
{
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg) ||
	    !fake_is_dump(nlh))
		return -EINVAL;
	switch (nlh->nlmsg_type) {
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE:
		return dump_tables(f, nlh);
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE:
		return dump_rules(f, nlh);
	}
	return -EINVAL;
}

/* As iptables-nft lays it: the comment is an expression, an xt match. */
void fake_table_add(struct fake *f, uint8_t family, const char *name)
{
	add_table(&f->s->nft, family, name);
}

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
	size_t i;

	for (i = 0; i < nft->n_tables; i++)
		buf_addf(out, "nft %u table %s\n", nft->tables[i].family,
			 nft->tables[i].name);
	for (i = 0; i < nft->n_chains; i++) {
		c = &nft->chains[i];
		buf_addf(out, "nft %u chain %s %s %s hook %u priority %d\n",
			 c->family, c->table, c->name, c->type, c->hook,
			 c->priority);
	}
	for (i = 0; i < nft->n_rules; i++) {
		r = &nft->rules[i];
		buf_addf(out, "nft %u rule %s %s %zu:%08x\n", r->family,
			 r->table, r->chain, r->exprs_len,
			 hash(r->exprs, r->exprs_len));
	}
}
