// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/nft_expr.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/nft_priv.h"
#include "fw/xt_info.h"

/* Room on the stack for the matches and statements of an ordinary rule. */
#define SCRATCH 24

int nft_slot(uint32_t reg)
{
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return (int)(reg - NFT_REG_1) * (NFT_SLOTS / 4);
	if (reg >= NFT_REG32_00 && reg < NFT_REG32_00 + NFT_SLOTS)
		return (int)(reg - NFT_REG32_00);
	return -1;
}

static size_t slots_of(uint32_t len)
{
	return len <= 4 ? 1 : (len + 3) / 4;
}

struct nft_val *nft_get(struct nft_reader *rd, uint32_t reg)
{
	int slot = nft_slot(reg);
	struct nft_val *v;

	if (slot < 0)
		return NULL;
	v = &rd->reg[slot];
	if (v->from == NFT_FROM_NOWHERE)
		return NULL;
	v->used = true;
	return v;
}

/* A load ends the rule for a packet that lacks what it loads, used or not. */
static bool may_break(const struct nft_val *v)
{
	switch (v->from) {
	case NFT_FROM_NOWHERE:
	case NFT_FROM_META:
	case NFT_FROM_FIB:
	case NFT_FROM_RT:
	case NFT_FROM_DATA:
		return false;
	case NFT_FROM_CT:
		return v->key != NFT_CT_STATE;
	case NFT_FROM_PAYLOAD:
	case NFT_FROM_OTHER:
		return true;
	}
	return true;
}

static void copy_exprs(struct nft_reader *rd, struct fw_raw *raw,
		       const char *name, const struct nlattr *first,
		       const struct nlattr *last)
{
	size_t len = (size_t)((const char *)last - (const char *)first) +
		     last->nla_len;
	uint8_t *copy = arena_alloc(rd->a, MNL_ALIGN(len));

	raw->name = arena_strndup(rd->a, name, strlen(name));
	if (!copy || !raw->name) {
		rd->err = -ENOMEM;
		return;
	}
	memcpy(copy, first, len);
	raw->data = copy;
	raw->len = MNL_ALIGN(len);
}

static void keep_unused(struct nft_reader *rd, struct nft_val *v)
{
	struct fw_match *m;

	if (v->used || !may_break(v))
		return;
	rd->r->legible = false;
	m = nft_match(rd, FW_M_EXPR);
	if (m)
		copy_exprs(rd, &m->raw, v->name, v->first, v->last);
}

struct nft_val *nft_put(struct nft_reader *rd, uint32_t reg, uint32_t len,
			enum nft_source from)
{
	int slot = nft_slot(reg);
	size_t n = slots_of(len), i, end;

	if (slot < 0 || (size_t)slot + n > NFT_SLOTS) {
		rd->err = -EBADMSG;
		return NULL;
	}
	for (i = 0; i < (size_t)slot + n; i++) {
		struct nft_val *old = &rd->reg[i];

		end = i + slots_of(old->len);
		if (old->from == NFT_FROM_NOWHERE || end <= (size_t)slot)
			continue;
		keep_unused(rd, old);
		old->from = NFT_FROM_NOWHERE;
	}
	rd->reg[slot] = (struct nft_val){
		.from = from,
		.len = len,
		.name = rd->name,
		.first = rd->elem,
		.last = rd->elem,
	};
	memset(rd->reg[slot].mask, 0xff, NFT_VALUE_MAX);
	return &rd->reg[slot];
}

struct fw_match *nft_match(struct nft_reader *rd, enum fw_match_kind kind)
{
	struct fw_match *m = fw_match_add(rd->a, rd->r, kind);

	if (!m)
		rd->err = -ENOMEM;
	return m;
}

struct fw_stmt *nft_stmt(struct nft_reader *rd, enum fw_stmt_kind kind)
{
	struct fw_stmt *s = fw_stmt_add(rd->a, rd->r, kind);

	if (!s)
		rd->err = -ENOMEM;
	return s;
}

void nft_keep(struct nft_reader *rd, const struct nft_val *v)
{
	struct fw_match *m = nft_match(rd, FW_M_EXPR);

	rd->r->legible = false;
	if (m)
		copy_exprs(rd, &m->raw, v ? v->name : rd->name,
			   v ? v->first : rd->elem, rd->elem);
}

void nft_keep_stmt(struct nft_reader *rd, enum fw_stmt_kind kind,
		   const struct nft_val *v)
{
	struct fw_stmt *s = nft_stmt(rd, kind);

	rd->r->legible = false;
	if (s)
		copy_exprs(rd, &s->raw, rd->name, v ? v->first : rd->elem,
			   rd->elem);
}

static void read_payload(struct nft_reader *rd, struct nft_attrs *at)
{
	uint32_t len = nft_attr_u32(at, NFTA_PAYLOAD_LEN);
	struct nft_val *v;

	if (at->tb[NFTA_PAYLOAD_SREG]) {
		nft_keep_stmt(rd, FW_S_EXPR,
			      nft_get(rd, nft_attr_u32(at, NFTA_PAYLOAD_SREG)));
		return;
	}
	v = nft_put(rd, nft_attr_u32(at, NFTA_PAYLOAD_DREG), len,
		    NFT_FROM_PAYLOAD);
	if (!v)
		return;
	v->key = nft_attr_u32(at, NFTA_PAYLOAD_BASE);
	v->off = nft_attr_u32(at, NFTA_PAYLOAD_OFFSET);
}

/* Bytes of what a key of meta or ct loads; 16 stands for "at most". */
static uint32_t meta_len(uint32_t key)
{
	switch (key) {
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
	case NFT_META_BRI_IIFNAME:
	case NFT_META_BRI_OIFNAME:
	case NFT_META_IIFKIND:
	case NFT_META_OIFKIND:
		return IFNAMSIZ;
	case NFT_META_NFPROTO:
	case NFT_META_L4PROTO:
		return 1;
	case NFT_META_PROTOCOL:
		return 2;
	default:
		return 4;
	}
}

static void read_meta(struct nft_reader *rd, struct nft_attrs *at)
{
	uint32_t key = nft_attr_u32(at, NFTA_META_KEY);
	struct nft_val *v;

	if (at->tb[NFTA_META_SREG]) {
		nft_read_meta_set(rd, at);
		return;
	}
	v = nft_put(rd, nft_attr_u32(at, NFTA_META_DREG), meta_len(key),
		    NFT_FROM_META);
	if (v)
		v->key = key;
}

static void read_ct(struct nft_reader *rd, struct nft_attrs *at)
{
	uint32_t key = nft_attr_u32(at, NFTA_CT_KEY);
	bool small = key == NFT_CT_STATE || key == NFT_CT_STATUS ||
		     key == NFT_CT_MARK;
	struct nft_val *v;

	rd->r->legible = false;
	if (at->tb[NFTA_CT_SREG]) {
		nft_read_ct_set(rd, at);
		return;
	}
	v = nft_put(rd, nft_attr_u32(at, NFTA_CT_DREG), small ? 4 : 1,
		    small ? NFT_FROM_CT : NFT_FROM_OTHER);
	if (v)
		v->key = key;
}

static void read_fib(struct nft_reader *rd, struct nft_attrs *at)
{
	struct nft_val *v =
		nft_put(rd, nft_attr_u32(at, NFTA_FIB_DREG), 4, NFT_FROM_FIB);

	rd->r->legible = false;
	if (!v)
		return;
	v->key = nft_attr_u32(at, NFTA_FIB_RESULT);
	v->flags = nft_attr_u32(at, NFTA_FIB_FLAGS);
}

static void read_rt(struct nft_reader *rd, struct nft_attrs *at)
{
	struct nft_val *v =
		nft_put(rd, nft_attr_u32(at, NFTA_RT_DREG), 4, NFT_FROM_RT);

	rd->r->legible = false;
	if (v)
		v->key = nft_attr_u32(at, NFTA_RT_KEY);
}

static void read_exthdr(struct nft_reader *rd, struct nft_attrs *at)
{
	rd->r->legible = false;
	if (!at->tb[NFTA_EXTHDR_DREG])
		nft_read_exthdr_set(rd, at);
	else
		nft_put(rd, nft_attr_u32(at, NFTA_EXTHDR_DREG),
			nft_attr_u32(at, NFTA_EXTHDR_LEN), NFT_FROM_OTHER);
}

/* Expressions that load what has no words, by where they name the register. */
static void read_load_1(struct nft_reader *rd, struct nft_attrs *at)
{
	rd->r->legible = false;
	nft_put(rd, nft_attr_u32(at, 1), 4, NFT_FROM_OTHER);
}

static void read_load_2(struct nft_reader *rd, struct nft_attrs *at)
{
	rd->r->legible = false;
	nft_put(rd, nft_attr_u32(at, 2), 4, NFT_FROM_OTHER);
}

/* Values that come out of another: @from is what they are known as. */
static struct nft_val *derive(struct nft_reader *rd, uint32_t dreg,
			      const struct nft_val *src, uint32_t len,
			      enum nft_source from)
{
	struct nft_val copy = src ? *src : (struct nft_val){};
	struct nft_val *v = nft_put(rd, dreg, len, from);

	if (!v || !src)
		return v;
	copy.from = from;
	copy.len = len;
	copy.last = rd->elem;
	copy.match = 0;
	copy.used = false;
	*v = copy;
	return v;
}

static void read_bitwise(struct nft_reader *rd, struct nft_attrs *at)
{
	const struct nft_val *src =
		nft_get(rd, nft_attr_u32(at, NFTA_BITWISE_SREG));
	uint32_t len = nft_attr_u32(at, NFTA_BITWISE_LEN);
	size_t n_mask, n_xor, i;
	const uint8_t *mask = nft_attr_data(at, NFTA_BITWISE_MASK, &n_mask);
	const uint8_t *flip = nft_attr_data(at, NFTA_BITWISE_XOR, &n_xor);
	enum nft_source from = src ? src->from : NFT_FROM_OTHER;
	struct nft_val *v;

	if (nft_attr_u32(at, NFTA_BITWISE_OP) != NFT_BITWISE_BOOL || !src ||
	    src->from == NFT_FROM_DATA || len > NFT_VALUE_MAX ||
	    len > src->len || n_mask != len || n_xor != len)
		from = NFT_FROM_OTHER;
	v = derive(rd, nft_attr_u32(at, NFTA_BITWISE_DREG), src, len, from);
	if (!v || from == NFT_FROM_OTHER)
		return;
	v->masked = true;
	for (i = 0; i < len; i++) {
		v->mask[i] &= mask[i];
		v->xor [i] = (v->xor [i] & mask[i]) ^ flip[i];
	}
}

/* Only of the MTU of a route does anybody need to know that it was turned. */
static void read_byteorder(struct nft_reader *rd, struct nft_attrs *at)
{
	const struct nft_val *src =
		nft_get(rd, nft_attr_u32(at, NFTA_BYTEORDER_SREG));

	rd->r->legible = false;
	derive(rd, nft_attr_u32(at, NFTA_BYTEORDER_DREG), src,
	       nft_attr_u32(at, NFTA_BYTEORDER_LEN),
	       src && src->from == NFT_FROM_RT ? NFT_FROM_RT : NFT_FROM_OTHER);
}

int nft_verdict_read(struct arena *a, const struct nlattr *data,
		     enum fw_stmt_kind *ret_kind, const char **ret_chain)
{
	struct nft_attrs at, verdict;
	const char *chain;
	int32_t code;

	*ret_chain = NULL;
	nft_attrs_nest(&at, data);
	nft_attrs_nest(&verdict, at.tb[NFTA_DATA_VERDICT]);
	code = (int32_t)nft_attr_u32(&verdict, NFTA_VERDICT_CODE);
	chain = nft_attr_str(&verdict, NFTA_VERDICT_CHAIN);
	if (at.bad || verdict.bad || !verdict.tb[NFTA_VERDICT_CODE])
		return -EBADMSG;
	switch (code) {
	case NFT_CONTINUE:
	case NFT_BREAK:
		*ret_kind = FW_S_EXPR;
		return 0;
	case NFT_RETURN:
		*ret_kind = FW_S_RETURN;
		return 0;
	case NFT_JUMP:
	case NFT_GOTO:
		*ret_kind = code == NFT_JUMP ? FW_S_JUMP : FW_S_GOTO;
		if (!chain)
			return -EBADMSG;
		*ret_chain = arena_strndup(a, chain, strlen(chain));
		return *ret_chain ? 0 : -ENOMEM;
	}
	/* A verdict to queue has the queue's number in its upper half. */
	switch ((uint32_t)code & NF_VERDICT_MASK) {
	case NF_ACCEPT:
		*ret_kind = FW_S_ACCEPT;
		return 0;
	case NF_QUEUE:
		*ret_kind = FW_S_QUEUE;
		return 0;
	case NF_DROP:
		*ret_kind = FW_S_DROP;
		return 0;
	}
	return -EBADMSG;
}

static void read_immediate(struct nft_reader *rd, struct nft_attrs *at)
{
	uint32_t dreg = nft_attr_u32(at, NFTA_IMMEDIATE_DREG);
	enum fw_stmt_kind kind;
	const uint8_t *data;
	const char *chain;
	struct nft_val *v;
	struct fw_stmt *s;
	size_t len;

	if (dreg == NFT_REG_VERDICT) {
		rd->err = nft_verdict_read(rd->a, at->tb[NFTA_IMMEDIATE_DATA],
					   &kind, &chain);
		if (rd->err || kind == FW_S_EXPR)
			return;
		s = nft_stmt(rd, kind);
		if (s)
			s->chain = chain;
		return;
	}
	data = nft_attr_data(at, NFTA_IMMEDIATE_DATA, &len);
	if (len > NFT_VALUE_MAX) {
		rd->err = -EBADMSG;
		return;
	}
	v = nft_put(rd, dreg, (uint32_t)len, NFT_FROM_DATA);
	if (v)
		v->data = data;
}

static void read_counter(struct nft_reader *rd, struct nft_attrs *at)
{
	rd->r->packets += nft_attr_u64(at, NFTA_COUNTER_PACKETS);
	rd->r->bytes += nft_attr_u64(at, NFTA_COUNTER_BYTES);
}

static void read_limit(struct nft_reader *rd, struct nft_attrs *at)
{
	struct fw_match *m = nft_match(rd, FW_M_LIMIT);
	uint32_t flags = nft_attr_u32(at, NFTA_LIMIT_FLAGS);

	if (!m)
		return;
	m->invert = flags & NFT_LIMIT_F_INV;
	m->limit.rate = nft_attr_u64(at, NFTA_LIMIT_RATE);
	m->limit.unit = nft_attr_u64(at, NFTA_LIMIT_UNIT);
	m->limit.burst = nft_attr_u32(at, NFTA_LIMIT_BURST);
	m->limit.bytes =
		nft_attr_u32(at, NFTA_LIMIT_TYPE) == NFT_LIMIT_PKT_BYTES;
	if (m->invert || m->limit.bytes)
		rd->r->legible = false;
}

static struct fw_raw xt_raw(struct nft_attrs *at)
{
	struct fw_raw x = { .name = nft_attr_str(at, NFTA_MATCH_NAME) };
	const struct nlattr *info = at->tb[NFTA_MATCH_INFO];

	x.rev = (uint8_t)nft_attr_u32(at, NFTA_MATCH_REV);
	if (info) {
		x.data = mnl_attr_get_payload(info);
		x.len = mnl_attr_get_payload_len(info);
	}
	if (!x.name || !info)
		at->bad = true;
	return x;
}

/* Matches and targets have the same attributes. */
static void read_xt_match(struct nft_reader *rd, struct nft_attrs *at)
{
	struct fw_raw x = xt_raw(at);

	if (!at->bad)
		rd->err = xt_info_read_match(rd->a, rd->r, rd->t->family, &x);
}

static void read_xt_target(struct nft_reader *rd, struct nft_attrs *at)
{
	struct fw_raw x = xt_raw(at);

	if (!at->bad)
		rd->err = xt_info_read_target(rd->a, rd->r, rd->t->family, &x);
}

static void read_queue(struct nft_reader *rd, struct nft_attrs *at)
{
	(void)at;
	rd->r->legible = false;
	nft_stmt(rd, FW_S_QUEUE);
}

/* A counter lets everything on, a quota or a limit not. */
static void read_objref(struct nft_reader *rd, struct nft_attrs *at)
{
	uint32_t type = nft_attr_u32(at, NFTA_OBJREF_IMM_TYPE);

	if (type == NFT_OBJECT_COUNTER || type == NFT_OBJECT_CT_HELPER ||
	    type == NFT_OBJECT_CT_TIMEOUT || type == NFT_OBJECT_SECMARK)
		nft_keep_stmt(rd, FW_S_EXPR, NULL);
	else
		nft_keep(rd, NULL);
}

static void read_stmt(struct nft_reader *rd, struct nft_attrs *at)
{
	(void)at;
	nft_keep_stmt(rd, FW_S_EXPR, NULL);
}

static void read_quiet(struct nft_reader *rd, struct nft_attrs *at)
{
	(void)at;
	nft_keep(rd, NULL);
}

/* What is not even known by name may have written any register. */
static void read_unknown(struct nft_reader *rd)
{
	size_t i;

	nft_keep(rd, NULL);
	for (i = 0; i < NFT_SLOTS; i++)
		rd->reg[i].from = NFT_FROM_NOWHERE;
}

static const struct {
	const char *name;
	void (*read)(struct nft_reader *rd, struct nft_attrs *at);
} readers[] = {
	{ "meta", read_meta },
	{ "cmp", nft_read_cmp },
	{ "counter", read_counter },
	{ "immediate", read_immediate },
	{ "payload", read_payload },
	{ "match", read_xt_match },
	{ "target", read_xt_target },
	{ "bitwise", read_bitwise },
	{ "ct", read_ct },
	{ "lookup", nft_read_lookup },
	{ "range", nft_read_range },
	{ "limit", read_limit },
	{ "reject", nft_read_reject },
	{ "masq", nft_read_masq },
	{ "nat", nft_read_nat },
	{ "redir", nft_read_redir },
	{ "log", nft_read_log },
	{ "fib", read_fib },
	{ "rt", read_rt },
	{ "exthdr", read_exthdr },
	{ "byteorder", read_byteorder },
	{ "queue", read_queue },
	{ "objref", read_objref },
	{ "socket", read_load_2 },
	{ "numgen", read_load_1 },
	{ "hash", read_load_2 },
	{ "xfrm", read_load_1 },
	{ "tunnel", read_load_2 },
	{ "osf", read_load_1 },
	{ "notrack", read_stmt },
	{ "synproxy", read_stmt },
	{ "flow_offload", read_stmt },
	{ "dup", read_stmt },
	{ "fwd", read_stmt },
	{ "tproxy", read_stmt },
	{ "last", read_stmt },
	{ "dynset", read_quiet },
	{ "quota", read_quiet },
	{ "connlimit", read_quiet },
};

static void read_one(struct nft_reader *rd, const struct nlattr *elem)
{
	struct nft_attrs at, data;
	size_t i;

	nft_attrs_nest(&at, elem);
	rd->elem = elem;
	rd->name = nft_attr_str(&at, NFTA_EXPR_NAME);
	nft_attrs_nest(&data, at.tb[NFTA_EXPR_DATA]);
	if (!rd->name || at.bad || data.bad) {
		rd->err = -EBADMSG;
		return;
	}
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		if (strcmp(readers[i].name, rd->name) != 0)
			continue;
		rd->name = readers[i].name;
		readers[i].read(rd, &data);
		if (data.bad && !rd->err)
			rd->err = -EBADMSG;
		return;
	}
	read_unknown(rd);
}

/* iptables has room for one interface, address or protocol of each side, and
 * takes the last where there are several; it has room for one target, too. */
static bool is_single(const struct fw_rule *r)
{
	unsigned int seen = 0, bit;
	size_t i;

	for (i = 0; i < r->n_match; i++) {
		if (r->match[i].kind > FW_M_L4PROTO)
			continue;
		bit = 1u << r->match[i].kind;
		if (seen & bit)
			return false;
		seen |= bit;
	}
	return r->n_stmt <= 1;
}

/* Takes a rule out of the scratch arrays, with no room to spare. */
static int settle(struct nft_reader *rd)
{
	struct fw_rule *r = rd->r;
	struct fw_match *m = arena_array(rd->a, r->n_match, sizeof(*m));
	struct fw_stmt *s = arena_array(rd->a, r->n_stmt, sizeof(*s));

	if (!m || !s)
		return -ENOMEM;
	if (r->n_match)
		memcpy(m, r->match, r->n_match * sizeof(*m));
	if (r->n_stmt)
		memcpy(s, r->stmt, r->n_stmt * sizeof(*s));
	r->match = m;
	r->stmt = s;
	r->cap_match = r->n_match;
	r->cap_stmt = r->n_stmt;
	return 0;
}

int nft_expr_read(struct arena *a, const struct fw_table *t,
		  const struct nlattr *exprs, struct fw_rule *r)
{
	struct nft_reader rd = { .a = a, .t = t, .r = r };
	struct fw_match match[SCRATCH];
	struct fw_stmt stmt[SCRATCH];
	const struct nlattr *elem;
	size_t i;

	r->match = match;
	r->cap_match = SCRATCH;
	r->stmt = stmt;
	r->cap_stmt = SCRATCH;
	r->legible = t->family != NFPROTO_INET;
	if (exprs) {
		mnl_attr_for_each_nested(elem, exprs) {
			read_one(&rd, elem);
			if (rd.err)
				break;
		}
	}
	for (i = 0; i < NFT_SLOTS && !rd.err; i++)
		if (rd.reg[i].from != NFT_FROM_NOWHERE)
			keep_unused(&rd, &rd.reg[i]);
	if (r->legible)
		r->legible = is_single(r);
	return rd.err ? rd.err : settle(&rd);
}
