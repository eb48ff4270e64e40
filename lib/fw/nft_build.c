// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/nft_build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/nft_attr.h"
#include "fw/nft_emit.h"

#define UDATA_COMMENT 0 /* type of a comment in a rule's user data */
#define UDATA_MAX 256	/* more than this the kernel refuses */
#define BATCH_GENID 1	/* attribute of BATCH_BEGIN, Linux 4.12 */

/*
 * Edits say where a rule goes by its index, nf_tables by the handle of another
 * rule, or, where that is new as well, by a number given to it in the same
 * batch.  So each chain is followed through the edits, once to see which new
 * rules others refer to, and then message by message.
 */

/**
 * struct slot - a rule in a chain that is followed
 * @handle:	its handle, of a rule that the kernel has
 * @edit:	number (from 1) of the edit that made it, else 0
 */
struct slot {
	uint64_t handle;
	size_t edit;
};

/**
 * struct trail - a chain that is followed
 * @family:	family of its table
 * @table:	its table
 * @name:	name that the edits have for it by now
 * @old:	name that the kernel has for it until the batch is done
 * @chain:	chain before the edits, NULL = made by them
 * @base:	it is a base chain; the rest is valid then
 * @v:		its rules
 */
struct trail {
	uint8_t family;
	const char *table, *name, *old;
	const struct fw_chain *chain;
	bool base;
	const char *type;
	enum fw_hook hook;
	int32_t priority;
	enum fw_stmt_kind policy;
	struct slot *v;
	size_t n, cap;
};

/**
 * struct batch - a transaction that is being built
 * @rs:		ruleset before it
 * @es:		edits
 * @a:		what is needed while it is
 * @out:	receives messages
 * @seq:	sequence number of the next one
 * @trail:	chains that are followed
 * @named:	for each edit whether its rule needs a number
 * @quiet:	nothing is written yet: it is only found out what @named is
 */
struct batch {
	const struct fw_ruleset *rs;
	const struct fw_edits *es;
	struct arena a;
	struct buf *out;
	uint32_t seq;
	struct trail *trail;
	size_t n_trail, cap_trail;
	bool *named;
	bool quiet;
};

static size_t begin(struct batch *b, unsigned int type, uint8_t family,
		    unsigned int flags)
{
	bool frame = type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;
	struct nlmsghdr nlh = { .nlmsg_seq = b->seq++ };
	struct nfgenmsg nfg = { .nfgen_family = family };
	size_t at = b->out->len;

	nlh.nlmsg_type = (uint16_t)type;
	nlh.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	/* Kernels before 6.10 do not confirm the frame of a batch. */
	if (frame) {
		nfg.res_id = htons(NFNL_SUBSYS_NFTABLES);
	} else {
		nlh.nlmsg_type |= NFNL_SUBSYS_NFTABLES << 8;
		nlh.nlmsg_flags |= NLM_F_ACK;
	}
	buf_add(b->out, &nlh, sizeof(nlh));
	buf_add(b->out, &nfg, sizeof(nfg));
	return at;
}

static void end(struct batch *b, size_t at)
{
	uint32_t len = (uint32_t)(b->out->len - at);

	if (!b->out->failed)
		memcpy(b->out->p + at, &len, sizeof(len));
}

static struct trail *add_trail(struct batch *b, const struct fw_edit *ed)
{
	struct fw_table *t =
		fw_table_find(b->rs, FW_NFT, ed->family, ed->table);
	struct fw_chain *c = t ? fw_chain_find(t, ed->chain) : NULL;
	struct trail *tr = arena_grow(&b->a, &b->trail, b->n_trail,
				      &b->cap_trail, sizeof(*tr));
	size_t i;

	if (!tr)
		return NULL;
	*tr = (struct trail){ .family = ed->family,
			      .table = ed->table,
			      .name = ed->chain,
			      .old = ed->chain };
	b->n_trail++;
	/* A chain that is made anew has nothing of one that went before. */
	if (!c || ed->kind == FW_E_CHAIN_ADD)
		return tr;
	tr->chain = c;
	tr->base = c->base;
	tr->type = c->type;
	tr->hook = c->hook;
	tr->priority = c->priority;
	tr->policy = c->policy;
	tr->v = arena_array(&b->a, c->n_rule + 1, sizeof(*tr->v));
	if (!tr->v)
		return NULL;
	tr->n = c->n_rule;
	tr->cap = c->n_rule + 1;
	for (i = 0; i < c->n_rule; i++)
		tr->v[i].handle = c->rule[i]->handle;
	return tr;
}

static struct trail *trail_of(struct batch *b, const struct fw_edit *ed)
{
	size_t i;

	for (i = 0; i < b->n_trail; i++) {
		struct trail *tr = &b->trail[i];

		if (tr->family == ed->family &&
		    strcmp(tr->table, ed->table) == 0 &&
		    strcmp(tr->name, ed->chain) == 0)
			return tr;
	}
	return add_trail(b, ed);
}

static void drop_trail(struct batch *b, struct trail *tr)
{
	*tr = b->trail[--b->n_trail];
}

static void drop_table(struct batch *b, const struct fw_edit *ed)
{
	size_t i;

	for (i = b->n_trail; i-- > 0;)
		if (b->trail[i].family == ed->family &&
		    strcmp(b->trail[i].table, ed->table) == 0)
			drop_trail(b, &b->trail[i]);
}

static void put_table(struct batch *b, const struct fw_edit *ed)
{
	bool add = ed->kind == FW_E_TABLE_ADD;
	size_t at = begin(b, add ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE,
			  ed->family, add ? NLM_F_CREATE : 0);

	nft_put_str(b->out, NFTA_TABLE_NAME, ed->table);
	end(b, at);
}

static size_t begin_chain(struct batch *b, const struct trail *tr,
			  unsigned int type, unsigned int flags,
			  const char *name)
{
	size_t at = begin(b, type, tr->family, flags);

	nft_put_str(b->out, NFTA_CHAIN_TABLE, tr->table);
	nft_put_str(b->out, NFTA_CHAIN_NAME, name);
	return at;
}

/* The kernel takes new counters or a policy only together with the hook. */
static void put_base(struct batch *b, const struct trail *tr, bool counters)
{
	size_t nest = nft_nest(b->out, NFTA_CHAIN_HOOK);

	nft_put_u32(b->out, NFTA_HOOK_HOOKNUM, tr->hook);
	nft_put_u32(b->out, NFTA_HOOK_PRIORITY, (uint32_t)tr->priority);
	nft_nest_end(b->out, nest);
	nft_put_u32(b->out, NFTA_CHAIN_POLICY,
		    tr->policy == FW_S_DROP ? NF_DROP : NF_ACCEPT);
	if (counters) {
		nest = nft_nest(b->out, NFTA_CHAIN_COUNTERS);
		nft_put_u64(b->out, NFTA_COUNTER_PACKETS, 0);
		nft_put_u64(b->out, NFTA_COUNTER_BYTES, 0);
		nft_nest_end(b->out, nest);
	}
	nft_put_str(b->out, NFTA_CHAIN_TYPE, tr->type);
}

static void chain_add(struct batch *b, struct trail *tr,
		      const struct fw_edit *ed)
{
	size_t at;

	tr->base = ed->base;
	tr->type = ed->type;
	tr->hook = ed->hook;
	tr->priority = ed->priority;
	tr->policy = ed->policy;
	if (b->quiet)
		return;
	at = begin_chain(b, tr, NFT_MSG_NEWCHAIN,
			 ed->base ? NLM_F_CREATE : NLM_F_EXCL, tr->old);
	if (ed->base)
		put_base(b, tr, false);
	end(b, at);
}

static void chain_policy(struct batch *b, struct trail *tr,
			 const struct fw_edit *ed)
{
	size_t at;

	tr->policy = ed->policy;
	if (b->quiet)
		return;
	at = begin_chain(b, tr, NFT_MSG_NEWCHAIN, 0, tr->old);
	put_base(b, tr, true);
	end(b, at);
}

static void chain_del(struct batch *b, struct trail *tr)
{
	if (!b->quiet)
		end(b, begin_chain(b, tr, NFT_MSG_DELCHAIN, NLM_F_NONREC,
				   tr->old));
	drop_trail(b, tr);
}

static int chain_rename(struct batch *b, struct trail *tr,
			const struct fw_edit *ed)
{
	size_t at;

	if (!tr->chain)
		return -EOPNOTSUPP;
	if (!b->quiet) {
		at = begin_chain(b, tr, NFT_MSG_NEWCHAIN, 0, ed->new_name);
		nft_put_u64(b->out, NFTA_CHAIN_HANDLE, tr->chain->handle);
		end(b, at);
	}
	tr->name = ed->new_name;
	return 0;
}

static size_t begin_rule(struct batch *b, const struct trail *tr,
			 unsigned int type, unsigned int flags)
{
	size_t at = begin(b, type, tr->family, flags);

	nft_put_str(b->out, NFTA_RULE_TABLE, tr->table);
	nft_put_str(b->out, NFTA_RULE_CHAIN, tr->old);
	return at;
}

static void chain_flush(struct batch *b, struct trail *tr)
{
	if (!b->quiet)
		end(b, begin_rule(b, tr, NFT_MSG_DELRULE, 0));
	tr->n = 0;
}

static int put_comment(struct batch *b, const char *text)
{
	size_t len = strlen(text) + 1;
	uint8_t udata[UDATA_MAX];

	if (len > sizeof(udata) - 2)
		return -EOPNOTSUPP;
	udata[0] = UDATA_COMMENT;
	udata[1] = (uint8_t)len;
	memcpy(udata + 2, text, len);
	nft_put_attr(b->out, NFTA_RULE_USERDATA, udata, len + 2);
	return 0;
}

/* The protocol of a rule, which some xt extensions want to know. */
static void put_compat(struct batch *b, const struct fw_rule *r)
{
	uint32_t proto = 0, flags = 0;
	size_t nest, i;

	for (i = 0; i < r->n_match; i++) {
		if (r->match[i].kind != FW_M_L4PROTO)
			continue;
		proto = r->match[i].range.lo;
		if (r->match[i].invert)
			flags = NFT_RULE_COMPAT_F_INV;
	}
	nest = nft_nest(b->out, NFTA_RULE_COMPAT);
	nft_put_u32(b->out, NFTA_RULE_COMPAT_PROTO, proto);
	nft_put_u32(b->out, NFTA_RULE_COMPAT_FLAGS, flags);
	nft_nest_end(b->out, nest);
}

static int put_rule(struct batch *b, const struct trail *tr,
		    const struct fw_rule *r, bool native)
{
	struct nft_writer w = { &b->a, b->out, r, tr->family };
	const char *comment = r->comment;
	size_t nest;
	int err;

	/* xt, which iptables' form needs, has no part in these tables. */
	native = native || tr->family == NFPROTO_INET;
	if (native)
		comment = fw_rule_comment(r);
	if (comment) {
		err = put_comment(b, comment);
		if (err)
			return err;
	}
	nest = nft_nest(b->out, NFTA_RULE_EXPRESSIONS);
	err = native ? nft_native(&w) : nft_iptables(&w);
	nft_nest_end(b->out, nest);
	if (!native)
		put_compat(b, r);
	return err;
}

static int put_slot(struct batch *b, struct trail *tr, size_t at, size_t edit)
{
	if (!arena_grow(&b->a, &tr->v, tr->n, &tr->cap, sizeof(*tr->v)))
		return -ENOMEM;
	memmove(tr->v + at + 1, tr->v + at, (tr->n - at) * sizeof(*tr->v));
	tr->v[at] = (struct slot){ .edit = edit };
	tr->n++;
	return 0;
}

static void cut_slot(struct trail *tr, size_t at)
{
	tr->n--;
	memmove(tr->v + at, tr->v + at + 1, (tr->n - at) * sizeof(*tr->v));
}

/* A rule at the end is appended, one elsewhere goes before another. */
static int rule_add(struct batch *b, struct trail *tr, size_t i)
{
	const struct fw_edit *ed = &b->es->v[i];
	size_t at = ed->append || ed->at > tr->n ? tr->n : ed->at, msg;
	struct slot next = at < tr->n ? tr->v[at] : (struct slot){};
	bool tail = at == tr->n, head = !at && !tail;
	int err;

	if (put_slot(b, tr, at, i + 1) < 0)
		return -ENOMEM;
	if (b->quiet) {
		if (next.edit && !head)
			b->named[next.edit - 1] = true;
		return 0;
	}
	msg = begin_rule(b, tr, NFT_MSG_NEWRULE,
			 NLM_F_CREATE | (tail ? NLM_F_APPEND : 0));
	if (next.handle && !head)
		nft_put_u64(b->out, NFTA_RULE_POSITION, next.handle);
	err = put_rule(b, tr, ed->rule, ed->native);
	if (b->named[i])
		nft_put_u32(b->out, NFTA_RULE_ID, (uint32_t)i + 1);
	if (next.edit && !head)
		nft_put_u32(b->out, NFTA_RULE_POSITION_ID, (uint32_t)next.edit);
	end(b, msg);
	return err;
}

static void put_del(struct batch *b, const struct trail *tr, struct slot slot)
{
	size_t msg = begin_rule(b, tr, NFT_MSG_DELRULE, 0);

	if (slot.edit)
		nft_put_u32(b->out, NFTA_RULE_ID, (uint32_t)slot.edit);
	else
		nft_put_u64(b->out, NFTA_RULE_HANDLE, slot.handle);
	end(b, msg);
}

static int rule_del(struct batch *b, struct trail *tr, size_t at)
{
	struct slot slot;

	if (at >= tr->n)
		return -ENOENT;
	slot = tr->v[at];
	cut_slot(tr, at);
	if (b->quiet) {
		if (slot.edit)
			b->named[slot.edit - 1] = true;
		return 0;
	}
	put_del(b, tr, slot);
	return 0;
}

/*
 * A rule in the kernel is replaced by its handle.  Whatever is put before it
 * afterwards goes by the number of the new one, since the handle means a rule
 * that goes away.  One that is new itself has no handle: it makes way.
 */
static int rule_replace(struct batch *b, struct trail *tr, size_t i)
{
	const struct fw_edit *ed = &b->es->v[i];
	struct slot old;
	size_t msg;
	int err;

	if (ed->at >= tr->n)
		return -ENOENT;
	old = tr->v[ed->at];
	if (old.edit) {
		err = rule_add(b, tr, i);
		return err ? err : rule_del(b, tr, ed->at + 1);
	}
	tr->v[ed->at] = (struct slot){ .edit = i + 1 };
	if (b->quiet)
		return 0;
	msg = begin_rule(b, tr, NFT_MSG_NEWRULE, NLM_F_REPLACE | NLM_F_CREATE);
	nft_put_u64(b->out, NFTA_RULE_HANDLE, old.handle);
	err = put_rule(b, tr, ed->rule, ed->native);
	if (b->named[i])
		nft_put_u32(b->out, NFTA_RULE_ID, (uint32_t)i + 1);
	end(b, msg);
	return err;
}

/*
 * Counters start anew when a rule is replaced by itself.  Only those that the
 * kernel has can have counted.
 */
static int chain_zero(struct batch *b, struct trail *tr)
{
	size_t i, j, msg;
	int err = 0;

	if (b->quiet || !tr->chain)
		return 0;
	if (tr->base) {
		msg = begin_chain(b, tr, NFT_MSG_NEWCHAIN, 0, tr->old);
		put_base(b, tr, true);
		end(b, msg);
	}
	for (i = 0; i < tr->chain->n_rule && !err; i++) {
		const struct fw_rule *r = tr->chain->rule[i];

		for (j = 0; j < tr->n && tr->v[j].handle != r->handle; j++)
			;
		if (j == tr->n || (!r->packets && !r->bytes))
			continue;
		if (!r->legible)
			return -EOPNOTSUPP;
		msg = begin_rule(b, tr, NFT_MSG_NEWRULE,
				 NLM_F_REPLACE | NLM_F_CREATE);
		nft_put_u64(b->out, NFTA_RULE_HANDLE, r->handle);
		err = put_rule(b, tr, r, false);
		end(b, msg);
	}
	return err;
}

static int run(struct batch *b, size_t i)
{
	const struct fw_edit *ed = &b->es->v[i];
	struct trail *tr;

	if (ed->kind == FW_E_TABLE_ADD || ed->kind == FW_E_TABLE_DEL) {
		if (!b->quiet)
			put_table(b, ed);
		if (ed->kind == FW_E_TABLE_DEL)
			drop_table(b, ed);
		return 0;
	}
	tr = trail_of(b, ed);
	if (!tr)
		return -ENOMEM;
	switch (ed->kind) {
	case FW_E_CHAIN_ADD:
		chain_add(b, tr, ed);
		return 0;
	case FW_E_CHAIN_DEL:
		chain_del(b, tr);
		return 0;
	case FW_E_CHAIN_RENAME:
		return chain_rename(b, tr, ed);
	case FW_E_CHAIN_FLUSH:
		chain_flush(b, tr);
		return 0;
	case FW_E_CHAIN_ZERO:
		return chain_zero(b, tr);
	case FW_E_POLICY:
		if (!tr->base)
			return -EOPNOTSUPP;
		chain_policy(b, tr, ed);
		return 0;
	case FW_E_RULE_ADD:
		return rule_add(b, tr, i);
	case FW_E_RULE_DEL:
		return rule_del(b, tr, ed->at);
	case FW_E_RULE_REPLACE:
		return rule_replace(b, tr, i);
	case FW_E_TABLE_ADD:
	case FW_E_TABLE_DEL:
		break;
	}
	return -EOPNOTSUPP;
}

static int run_all(struct batch *b, struct wgq_err *e)
{
	size_t i;
	int err;

	b->n_trail = 0;
	for (i = 0; i < b->es->n; i++) {
		const struct fw_edit *ed = &b->es->v[i];

		if (ed->backend != FW_NFT)
			continue;
		err = run(b, i);
		if (!err && b->out->failed)
			err = -ENOMEM;
		if (err)
			return err_sys(e, err, "nf_tables: table %s%s%s",
				       ed->table, ed->chain ? " chain " : "",
				       ed->chain ? ed->chain : "");
	}
	return 0;
}

int nft_build(const struct fw_ruleset *rs, const struct fw_edits *es,
	      struct buf *out, struct wgq_err *e)
{
	struct batch b = { .rs = rs, .es = es, .out = out, .quiet = true };
	size_t at;
	int err;

	b.named = arena_array(&b.a, es->n + 1, sizeof(*b.named));
	if (!b.named) {
		arena_done(&b.a);
		return err_sys(e, -ENOMEM, "nf_tables");
	}
	err = run_all(&b, e);
	if (!err) {
		b.quiet = false;
		at = begin(&b, NFNL_MSG_BATCH_BEGIN, NFPROTO_UNSPEC, 0);
		nft_put_u32(out, BATCH_GENID, rs->generation);
		end(&b, at);
		err = run_all(&b, e);
		end(&b, begin(&b, NFNL_MSG_BATCH_END, NFPROTO_UNSPEC, 0));
	}
	if (!err && out->failed)
		err = err_sys(e, -ENOMEM, "nf_tables");
	arena_done(&b.a);
	return err;
}
