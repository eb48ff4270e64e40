// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/spoof.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "fw/nft_attr.h"
#include "fw/nft_emit.h"

#define TABLE_LEN (sizeof("wg-quick-") + IF_NAMESIZE)
#define COMMENT_LEN 256 /* of the xt match "comment" */
#define UDATA_COMMENT 0 /* type of a comment in a rule's user data */
#define DEL_TRIES 3

/**
 * struct batch - an nf_tables batch under construction
 * @out:	the messages so far
 * @msg:	where the message being made begins
 * @family:	family of the tables
 * @table:	name of the table
 * @rule:	the rule being made
 * @nest:	its list of expressions
 */
struct batch {
	struct buf *out;
	size_t msg;
	uint8_t family;
	char table[TABLE_LEN];
	struct nft_writer rule;
	size_t nest;
};

static void table_name(char out[TABLE_LEN], const char *ifname)
{
	snprintf(out, TABLE_LEN, "wg-quick-%s", ifname);
}

static void begin_msg(struct batch *b, uint16_t type, uint8_t family,
		      uint16_t flags, uint16_t res_id)
{
	const struct nlmsghdr nlh = {
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	const struct nfgenmsg nfg = {
		.nfgen_family = family,
		.version = NFNETLINK_V0,
		.res_id = htons(res_id),
	};

	b->msg = b->out->len;
	buf_add(b->out, &nlh, sizeof(nlh));
	buf_add(b->out, &nfg, sizeof(nfg));
}

static void end_msg(struct batch *b)
{
	struct nlmsghdr *nlh;

	if (b->out->failed)
		return;
	nlh = (void *)(b->out->p + b->msg);
	nlh->nlmsg_len = (uint32_t)(b->out->len - b->msg);
}

static void begin_nft(struct batch *b, uint16_t type, uint16_t flags)
{
	begin_msg(b, NFNL_SUBSYS_NFTABLES << 8 | type, b->family, flags, 0);
}

static void add_begin(struct batch *b)
{
	begin_msg(b, NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
	end_msg(b);
}

static int add_end(struct batch *b)
{
	begin_msg(b, NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
	end_msg(b);
	return b->out->failed ? -ENOMEM : 0;
}

static void add_table(struct batch *b, uint16_t type)
{
	begin_nft(b, type, 0);
	nft_put_str(b->out, NFTA_TABLE_NAME, b->table);
	if (type == NFT_MSG_NEWTABLE)
		nft_put_u32(b->out, NFTA_TABLE_FLAGS, 0);
	end_msg(b);
}

/* nft puts the type before the hook. */
static void add_chain(struct batch *b, const char *name, uint32_t hook,
		      int32_t priority)
{
	size_t nest;

	begin_nft(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	nft_put_str(b->out, NFTA_CHAIN_TABLE, b->table);
	nft_put_str(b->out, NFTA_CHAIN_NAME, name);
	nft_put_str(b->out, NFTA_CHAIN_TYPE, "filter");
	nest = nft_nest(b->out, NFTA_CHAIN_HOOK);
	nft_put_u32(b->out, NFTA_HOOK_HOOKNUM, hook);
	nft_put_u32(b->out, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nft_nest_end(b->out, nest);
	end_msg(b);
}

static struct nft_writer *begin_rule(struct batch *b, const char *chain)
{
	begin_nft(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nft_put_str(b->out, NFTA_RULE_TABLE, b->table);
	nft_put_str(b->out, NFTA_RULE_CHAIN, chain);
	b->nest = nft_nest(b->out, NFTA_RULE_EXPRESSIONS);
	b->rule = (struct nft_writer){ .out = b->out, .family = b->family };
	return &b->rule;
}

static void end_rule(struct batch *b)
{
	nft_nest_end(b->out, b->nest);
	end_msg(b);
}

static void store_mark(struct nft_writer *w, const char *name, uint32_t key,
		       unsigned int sreg)
{
	size_t expr = nft_expr(w, name);

	nft_put_u32(w->out, NFTA_META_KEY, key);
	nft_put_u32(w->out, sreg, NFT_REG_1);
	nft_expr_end(w, expr);
}

/* The destination address in the header of @family. */
static void load_daddr(struct nft_writer *w, uint8_t family)
{
	nft_load_payload(w, NFT_PAYLOAD_NETWORK_HEADER,
			 family == AF_INET ? 16 : 24, addr_bytes(family));
}

static void load_saddr_type(struct nft_writer *w)
{
	size_t expr = nft_expr(w, "fib");

	nft_put_u32(w->out, NFTA_FIB_FLAGS, NFTA_FIB_F_SADDR);
	nft_put_u32(w->out, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nft_put_u32(w->out, NFTA_FIB_DREG, NFT_REG_1);
	nft_expr_end(w, expr);
}

static void match_udp(struct nft_writer *w)
{
	const uint8_t udp = IPPROTO_UDP;

	nft_load(w, "meta", NFT_META_L4PROTO);
	nft_cmp(w, false, &udp, sizeof(udp));
}

/* Not in by the tunnel, yet to an address of its, and not from here: drop. */
static void add_preraw(struct batch *b, const char *ifname,
		       const struct addr *a)
{
	const struct fw_stmt drop = { .kind = FW_S_DROP };
	struct nft_writer *w = begin_rule(b, "preraw");
	const uint32_t local = RTN_LOCAL;
	char name[IF_NAMESIZE] = {};

	snprintf(name, sizeof(name), "%s", ifname);
	nft_load(w, "meta", NFT_META_IIFNAME);
	nft_cmp(w, true, name, sizeof(name));
	load_daddr(w, a->family);
	nft_cmp(w, false, a->b, addr_bytes(a->family));
	load_saddr_type(w);
	nft_cmp(w, true, &local, sizeof(local));
	nft_verdict(w, &drop);
	end_rule(b);
}

/* What the tunnel sends leaves its mark on the connection... */
static void add_postmangle(struct batch *b, uint32_t mark)
{
	struct nft_writer *w = begin_rule(b, "postmangle");

	match_udp(w);
	nft_load(w, "meta", NFT_META_MARK);
	nft_cmp(w, false, &mark, sizeof(mark));
	nft_load(w, "meta", NFT_META_MARK);
	store_mark(w, "ct", NFT_CT_MARK, NFTA_CT_SREG);
	end_rule(b);
}

/* ...from which the answer takes it, so that reverse path checks agree. */
static void add_premangle(struct batch *b)
{
	struct nft_writer *w = begin_rule(b, "premangle");
	size_t expr;

	match_udp(w);
	expr = nft_expr(w, "ct");
	nft_put_u32(w->out, NFTA_CT_KEY, NFT_CT_MARK);
	nft_put_u32(w->out, NFTA_CT_DREG, NFT_REG_1);
	nft_expr_end(w, expr);
	store_mark(w, "meta", NFT_META_MARK, NFTA_META_SREG);
	end_rule(b);
}

int spoof_build_add(const struct spoof *s, struct buf *out)
{
	struct batch b = { .out = out, .family = s->family };

	table_name(b.table, s->ifname);
	add_begin(&b);
	add_table(&b, NFT_MSG_NEWTABLE);
	add_table(&b, NFT_MSG_DELTABLE);
	add_table(&b, NFT_MSG_NEWTABLE);
	add_chain(&b, "preraw", NF_INET_PRE_ROUTING, -300);
	add_chain(&b, "premangle", NF_INET_PRE_ROUTING, -150);
	add_chain(&b, "postmangle", NF_INET_POST_ROUTING, -150);
	for (size_t i = 0; i < s->n_addresses; i++)
		if (s->addresses[i].family == s->family)
			add_preraw(&b, s->ifname, &s->addresses[i]);
	add_postmangle(&b, s->mark);
	add_premangle(&b);
	return add_end(&b);
}

int spoof_build_del(const char *ifname, uint32_t families, struct buf *out)
{
	struct batch b = { .out = out };

	table_name(b.table, ifname);
	add_begin(&b);
	for (b.family = 0; b.family < 32; b.family++) {
		if (!(families & 1u << b.family))
			continue;
		add_table(&b, NFT_MSG_NEWTABLE);
		add_table(&b, NFT_MSG_DELTABLE);
	}
	return add_end(&b);
}

/* Does the failure say that there is no nf_tables at all?  The socket cannot
 * be opened without nfnetlink; without nf_tables a batch is refused with
 * EOPNOTSUPP and any other request with EINVAL. */
static bool no_nf_tables(int ret, int refusal)
{
	return ret == -EPROTONOSUPPORT || ret == refusal;
}

int spoof_add(struct nl *nl, const struct spoof *s, struct wgq_err *e)
{
	cleanup(buf_done) struct buf batch = {};
	struct wgq_err why = {};
	int ret;

	if (spoof_build_add(s, &batch) < 0)
		return err_sys(e, -ENOMEM, "nf_tables");
	ret = nl_transact(nl, batch.p, batch.len, &why);
	if (no_nf_tables(ret, -EOPNOTSUPP))
		return err_set(e, -EOPNOTSUPP, "the kernel has no nf_tables");
	if (ret == -ENOENT)
		return err_set(e, -EOPNOTSUPP,
			       "nf_tables of this kernel lacks a chain type or "
			       "one of meta, cmp, payload, fib, immediate, ct");
	if (ret < 0)
		return err_set(e, ret, "nf_tables: %s", why.msg);
	return 0;
}

static void build_list(struct nlmsg *m, uint16_t type, uint8_t family)
{
	const struct nfgenmsg nfg = { .nfgen_family = family,
				      .version = NFNETLINK_V0 };

	nlmsg_begin(m, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP, &nfg,
		    sizeof(nfg));
}

/* Is @nlh such a message, with its fixed header? */
static bool is_nft(const struct nlmsghdr *nlh, uint16_t type)
{
	return nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
	       nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof(struct nfgenmsg);
}

static uint8_t family_of(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	return nfg->nfgen_family;
}

static bool is_str(const struct nlattr *attr, const char *s)
{
	size_t len = mnl_attr_get_payload_len(attr), want = strlen(s);
	const char *p = mnl_attr_get_payload(attr);

	return strnlen(p, len) == want && memcmp(p, s, want) == 0;
}

struct find_table {
	char name[TABLE_LEN];
	uint32_t families;
};

static int find_table(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct find_table *f = ctx;
	const struct nlattr *attr;

	(void)e;
	if (!is_nft(nlh, NFT_MSG_NEWTABLE) || family_of(nlh) >= 32)
		return 0;
	nlmsg_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME &&
		    is_str(attr, f->name))
			f->families |= 1u << family_of(nlh);
	return 0;
}

static void forget_tables(void *ctx)
{
	struct find_table *f = ctx;

	f->families = 0;
}

int spoof_find(struct nl *nl, const char *ifname, uint32_t *ret_families,
	       struct wgq_err *e)
{
	struct find_table f = {};
	struct wgq_err why = {};
	NLMSG(m, 32);
	int ret;

	table_name(f.name, ifname);
	build_list(&m, NFT_MSG_GETTABLE, NFPROTO_UNSPEC);
	ret = nl_dump(nl, &m, find_table, forget_tables, &f, &why);
	if (ret < 0 && !no_nf_tables(ret, -EINVAL))
		return err_set(e, ret, "nf_tables: %s", why.msg);
	*ret_families = f.families;
	return 0;
}

int spoof_del(struct nl *nl, const char *ifname, uint32_t families,
	      struct wgq_err *e)
{
	cleanup(buf_done) struct buf batch = {};
	struct wgq_err why = {};
	int ret;

	if (!families)
		return 0;
	if (spoof_build_del(ifname, families, &batch) < 0)
		return err_sys(e, -ENOMEM, "nf_tables");
	ret = nl_transact(nl, batch.p, batch.len, &why);
	return ret < 0 ? err_set(e, ret, "nf_tables: %s", why.msg) : 0;
}

/* User data is a list of {type, length, value}, a byte each for the first
 * two. */
static bool udata_comment(const struct nlattr *attr, char *out, size_t size)
{
	size_t left = mnl_attr_get_payload_len(attr), len;
	const uint8_t *p = mnl_attr_get_payload(attr);

	while (left >= 2 && p[1] <= left - 2) {
		len = p[1];
		if (p[0] == UDATA_COMMENT) {
			snprintf(out, size, "%.*s", (int)len,
				 (const char *)p + 2);
			return true;
		}
		p += 2 + len;
		left -= 2 + len;
	}
	return false;
}

static const struct nlattr *child(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

/* Is the expression the xt match "comment", and what does it say? */
static bool match_comment(const struct nlattr *expr, char *out, size_t size)
{
	const struct nlattr *name = child(expr, NFTA_EXPR_NAME);
	const struct nlattr *data = child(expr, NFTA_EXPR_DATA), *info;

	if (!name || !is_str(name, "match") || !data)
		return false;
	name = child(data, NFTA_MATCH_NAME);
	info = child(data, NFTA_MATCH_INFO);
	if (!name || !is_str(name, "comment") || !info)
		return false;
	snprintf(out, size, "%.*s", (int)mnl_attr_get_payload_len(info),
		 (const char *)mnl_attr_get_payload(info));
	return true;
}

bool spoof_rule_comment(const struct nlmsghdr *nlh, char *out, size_t size)
{
	const struct nlattr *attr, *expr;

	if (!is_nft(nlh, NFT_MSG_NEWRULE))
		return false;
	nlmsg_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_RULE_USERDATA &&
		    udata_comment(attr, out, size))
			return true;
		if (mnl_attr_get_type(attr) != NFTA_RULE_EXPRESSIONS)
			continue;
		mnl_attr_for_each_nested(expr, attr)
			if (match_comment(expr, out, size))
				return true;
	}
	return false;
}

/**
 * struct old_rule - a rule of wg-quick's iptables form
 * @family:	NFPROTO_
 * @table:	its table
 * @chain:	its chain
 * @handle:	what it is deleted by
 */
struct old_rule {
	uint8_t family;
	const char *table, *chain;
	uint64_t handle;
};

struct find_rules {
	struct arena arena;
	char comment[COMMENT_LEN];
	const char *table;
	struct old_rule *rules;
	size_t n, cap;
	size_t n_before; /* found before the dump at hand */
};

static char *copy_str(struct arena *a, const struct nlattr *attr)
{
	const char *s = mnl_attr_get_payload(attr);

	return arena_strndup(a, s, strnlen(s, mnl_attr_get_payload_len(attr)));
}

static int find_rule(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	const struct nlattr *attr, *chain = NULL, *handle = NULL;
	struct find_rules *f = ctx;
	char comment[COMMENT_LEN];
	bool in_table = false;
	struct old_rule *r;

	if (!spoof_rule_comment(nlh, comment, sizeof(comment)) ||
	    strcmp(comment, f->comment) != 0)
		return 0;
	nlmsg_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_RULE_TABLE)
			in_table = is_str(attr, f->table);
		if (mnl_attr_get_type(attr) == NFTA_RULE_CHAIN)
			chain = attr;
		if (mnl_attr_get_type(attr) == NFTA_RULE_HANDLE &&
		    mnl_attr_validate(attr, MNL_TYPE_U64) >= 0)
			handle = attr;
	}
	if (!in_table || !chain || !handle)
		return 0;
	r = arena_grow(&f->arena, &f->rules, f->n, &f->cap, sizeof(*r));
	if (!r)
		return err_sys(e, -ENOMEM, "nf_tables");
	r->family = family_of(nlh);
	r->table = f->table;
	r->chain = copy_str(&f->arena, chain);
	r->handle = be64toh(mnl_attr_get_u64(handle));
	if (!r->chain)
		return err_sys(e, -ENOMEM, "nf_tables");
	f->n++;
	return 0;
}

static void forget_rules(void *ctx)
{
	struct find_rules *f = ctx;

	f->n = f->n_before;
}

/* wg-quick's rules live in two tables: a host's thousands of others, in table
 * filter, need not be read. */
static int find_rules(struct nl *nl, const char *ifname, struct find_rules *f,
		      struct wgq_err *e)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	static const char *const tables[] = { "raw", "mangle" };
	struct wgq_err why = {};
	NLMSG(m, 64);
	int ret;

	snprintf(f->comment, sizeof(f->comment), "wg-quick(8) rule for %s",
		 ifname);
	for (size_t i = 0; i < ARRAY_SIZE(families) * ARRAY_SIZE(tables); i++) {
		f->table = tables[i % ARRAY_SIZE(tables)];
		f->n_before = f->n;
		build_list(&m, NFT_MSG_GETRULE,
			   families[i / ARRAY_SIZE(tables)]);
		nlmsg_put_str(&m, NFTA_RULE_TABLE, f->table);
		ret = nl_dump(nl, &m, find_rule, forget_rules, f, &why);
		if (ret < 0 && no_nf_tables(ret, -EINVAL))
			return 0;
		if (ret < 0)
			return err_set(e, ret, "nf_tables: %s", why.msg);
	}
	return 0;
}

int spoof_find_iptables(struct nl *nl, const char *ifname,
			uint32_t *ret_families, struct wgq_err *e)
{
	struct find_rules f = {};
	uint32_t families = 0;
	int ret;

	ret = find_rules(nl, ifname, &f, e);
	for (size_t i = 0; i < f.n; i++)
		families |= 1u << f.rules[i].family;
	arena_done(&f.arena);
	if (ret == 0)
		*ret_families = families;
	return ret;
}

static void delete_rule(struct batch *b, const struct old_rule *old)
{
	b->family = old->family;
	begin_nft(b, NFT_MSG_DELRULE, 0);
	nft_put_str(b->out, NFTA_RULE_TABLE, old->table);
	nft_put_str(b->out, NFTA_RULE_CHAIN, old->chain);
	nft_put_u64(b->out, NFTA_RULE_HANDLE, old->handle);
	end_msg(b);
}

static int del_rules(struct nl *nl, const struct find_rules *f,
		     uint32_t families, struct wgq_err *e)
{
	cleanup(buf_done) struct buf batch = {};
	struct batch b = { .out = &batch };
	size_t n = 0;

	add_begin(&b);
	for (size_t i = 0; i < f->n; i++) {
		if (!(families & 1u << f->rules[i].family))
			continue;
		delete_rule(&b, &f->rules[i]);
		n++;
	}
	if (add_end(&b) < 0)
		return err_sys(e, -ENOMEM, "nf_tables");
	return n ? nl_transact(nl, batch.p, batch.len, e) : 0;
}

int spoof_del_iptables(struct nl *nl, const char *ifname, uint32_t families,
		       struct wgq_err *e)
{
	struct wgq_err why = {};
	struct find_rules f;
	int ret = -ENOENT;

	/* A rule that goes between the list and the batch fails the latter. */
	for (int i = 0; ret == -ENOENT && i < DEL_TRIES; i++) {
		f = (struct find_rules){};
		why = (struct wgq_err){};
		ret = find_rules(nl, ifname, &f, &why);
		if (ret == 0)
			ret = del_rules(nl, &f, families, &why);
		arena_done(&f.arena);
	}
	return ret < 0 ? err_set(e, ret, "%s", why.msg) : 0;
}
