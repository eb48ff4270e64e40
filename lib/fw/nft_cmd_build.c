// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/nft_attr.h"
#include "fw/nft_cmd.h"
#include "fw/nft_priv.h"

#define BATCH_GENID 1 /* attribute of BATCH_BEGIN, Linux 4.12 */

/* Of a set's user data: in which order its keys are. */
#define UDATA_KEY_ORDER 0
#define ORDER_HOST 1
#define ORDER_NETWORK 2

static size_t begin(struct buf *out, unsigned int type, uint8_t family,
		    unsigned int flags)
{
	bool frame = type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;
	struct nlmsghdr nlh = { .nlmsg_type = (uint16_t)type };
	struct nfgenmsg nfg = { .nfgen_family = family };
	size_t at = out->len;

	nlh.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	if (frame)
		nfg.res_id = htons(NFNL_SUBSYS_NFTABLES);
	else
		nlh.nlmsg_type |= NFNL_SUBSYS_NFTABLES << 8;
	buf_add(out, &nlh, sizeof(nlh));
	buf_add(out, &nfg, sizeof(nfg));
	return at;
}

static void end(struct buf *out, size_t at)
{
	uint32_t len = (uint32_t)(out->len - at);

	if (!out->failed)
		memcpy(out->p + at, &len, sizeof(len));
}

static unsigned int flags_of(const struct nft_cmd *c)
{
	switch (c->verb) {
	case NFT_DO_ADD:
		return NLM_F_CREATE |
		       (c->object == NFT_A_RULE ? NLM_F_APPEND : 0u);
	case NFT_DO_INSERT:
		return NLM_F_CREATE;
	case NFT_DO_CREATE:
		return NLM_F_CREATE | NLM_F_EXCL;
	case NFT_DO_DELETE:
		return c->gentle ? NLM_F_NONREC : 0;
	case NFT_DO_DESTROY:
	case NFT_DO_FLUSH:
		break;
	}
	return 0;
}

static void put_names(const struct nft_cmd *c, struct buf *out)
{
	/* Numbered alike for tables, chains, sets and rules. */
	if (c->table)
		nft_put_str(out, NFTA_TABLE_NAME, c->table);
	if (!c->chain)
		return;
	if (c->object == NFT_A_CHAIN && c->verb != NFT_DO_FLUSH)
		nft_put_str(out, NFTA_CHAIN_NAME, c->chain);
	else
		nft_put_str(out, NFTA_RULE_CHAIN, c->chain);
}

static void put_chain(const struct nft_cmd *c, struct buf *out)
{
	size_t nest;

	if (c->base) {
		nft_put_str(out, NFTA_CHAIN_TYPE, c->type);
		nest = nft_nest(out, NFTA_CHAIN_HOOK);
		nft_put_u32(out, NFTA_HOOK_HOOKNUM, c->hook);
		nft_put_u32(out, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
		nft_nest_end(out, nest);
	}
	if (c->has_policy)
		nft_put_u32(out, NFTA_CHAIN_POLICY,
			    c->policy == FW_S_DROP ? NF_DROP : NF_ACCEPT);
}

static void put_rule(const struct nft_cmd *c, struct buf *out)
{
	uint8_t udata[256], n = 0, len;
	size_t nest = nft_nest(out, NFTA_RULE_EXPRESSIONS);

	buf_add(out, c->expr, c->len);
	nft_nest_end(out, nest);
	if (c->place == NFT_AT_HANDLE)
		nft_put_u64(out, NFTA_RULE_POSITION, c->number);
	if (c->comment) {
		len = (uint8_t)(strlen(c->comment) + 1);
		udata[n++] = NFT_UDATA_COMMENT;
		udata[n++] = len;
		memcpy(udata + n, c->comment, len);
		n = (uint8_t)(n + len);
	}
	if (c->tag) {
		udata[n++] = NFT_UDATA_TAG;
		udata[n++] = sizeof(c->tag);
		memcpy(udata + n, &c->tag, sizeof(c->tag));
		n = (uint8_t)(n + sizeof(c->tag));
	}
	if (n)
		nft_put_attr(out, NFTA_RULE_USERDATA, udata, n);
}

static void put_elems(const struct nft_anon *s, struct buf *out)
{
	size_t list = nft_nest(out, NFTA_SET_ELEM_LIST_ELEMENTS), i, elem, key;
	const uint8_t *p = s->elem;

	for (i = 0; i < s->n; i++, p += s->len + 1) {
		elem = nft_nest(out, NFTA_LIST_ELEM);
		if (p[s->len])
			nft_put_u32(out, NFTA_SET_ELEM_FLAGS,
				    NFT_SET_ELEM_INTERVAL_END);
		key = nft_nest(out, NFTA_SET_ELEM_KEY);
		nft_put_attr(out, NFTA_DATA_VALUE, p, s->len);
		nft_nest_end(out, key);
		nft_nest_end(out, elem);
	}
	nft_nest_end(out, list);
}

/* A set and its elements, before the rule that looks it up. */
static void put_set(const struct nft_cmd *c, size_t i, struct buf *out)
{
	const struct nft_anon *s = &c->anon[i];
	const uint32_t order[2] = { 0, s->host ? ORDER_HOST : ORDER_NETWORK };
	uint8_t udata[6] = { UDATA_KEY_ORDER, 4 };
	size_t at = begin(out, NFT_MSG_NEWSET, c->family, NLM_F_CREATE);
	uint32_t id = c->first_set + (uint32_t)i;
	size_t desc;

	memcpy(udata + 2, &order[1], 4);
	nft_put_str(out, NFTA_SET_TABLE, c->table);
	nft_put_str(out, NFTA_SET_NAME, "__set%d");
	nft_put_u32(out, NFTA_SET_FLAGS,
		    NFT_SET_ANONYMOUS | NFT_SET_CONSTANT |
			    (s->interval ? NFT_SET_INTERVAL : 0u));
	nft_put_u32(out, NFTA_SET_KEY_TYPE, s->type);
	nft_put_u32(out, NFTA_SET_KEY_LEN, s->len);
	nft_put_u32(out, NFTA_SET_ID, id);
	desc = nft_nest(out, NFTA_SET_DESC);
	nft_put_u32(out, NFTA_SET_DESC_SIZE, (uint32_t)s->n);
	nft_nest_end(out, desc);
	nft_put_attr(out, NFTA_SET_USERDATA, udata, sizeof(udata));
	end(out, at);
	at = begin(out, NFT_MSG_NEWSETELEM, c->family, NLM_F_CREATE);
	nft_put_str(out, NFTA_SET_ELEM_LIST_TABLE, c->table);
	nft_put_str(out, NFTA_SET_ELEM_LIST_SET, "__set%d");
	nft_put_u32(out, NFTA_SET_ELEM_LIST_SET_ID, id);
	put_elems(s, out);
	end(out, at);
}

static void put_cmd(const struct nft_cmd *c, struct buf *out)
{
	static const uint16_t types[][2] = {
		[NFT_A_TABLE] = { NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE },
		[NFT_A_CHAIN] = { NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN },
		[NFT_A_RULE] = { NFT_MSG_NEWRULE, NFT_MSG_DELRULE },
		[NFT_A_RULESET] = { 0, NFT_MSG_DELTABLE },
	};
	bool del = c->verb >= NFT_DO_DELETE;
	uint16_t type = types[c->object][del];
	size_t at, i;

	/* What is emptied but stays loses its rules. */
	if (c->verb == NFT_DO_FLUSH && c->object != NFT_A_RULESET)
		type = NFT_MSG_DELRULE;
	for (i = 0; i < c->n_anon; i++)
		put_set(c, i, out);
	at = begin(out, type, c->family, flags_of(c));
	put_names(c, out);
	if (c->object == NFT_A_CHAIN && !del)
		put_chain(c, out);
	else if (c->object == NFT_A_RULE && !del)
		put_rule(c, out);
	else if (c->object == NFT_A_RULE)
		nft_put_u64(out, NFTA_RULE_HANDLE, c->number);
	end(out, at);
}

void nft_cmd_build(const struct nft_cmds *cs, uint32_t generation,
		   struct buf *out)
{
	size_t at = begin(out, NFNL_MSG_BATCH_BEGIN, NFPROTO_UNSPEC, 0), i;

	nft_put_u32(out, BATCH_GENID, generation);
	end(out, at);
	for (i = 0; i < cs->n; i++)
		put_cmd(&cs->v[i], out);
	end(out, begin(out, NFNL_MSG_BATCH_END, NFPROTO_UNSPEC, 0));
}
