// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/nft_build.h"
#include "fw/nft_read.h"

#define DUMP_TRIES 10

/* Header, and names of a table and a set as long as they may be. */
#define MSG_SIZE 576

/**
 * struct reading - a ruleset on its way in
 * @rs:		what there is of it so far
 * @torn:	a list changed while it was read: all of it is void
 */
struct reading {
	struct fw_ruleset *rs;
	bool torn;
};

static int read_one(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct reading *r = ctx;

	return r->torn ? 1 : nft_read(r->rs, nlh, e);
}

/* Nothing can be taken out of a ruleset again: it is read from the start. */
static void tear(void *ctx)
{
	struct reading *r = ctx;

	r->torn = true;
}

static void build(struct nlmsg *m, uint16_t type, uint8_t family)
{
	const struct nfgenmsg nfg = { .nfgen_family = family,
				      .version = NFNETLINK_V0 };

	nlmsg_begin(m, NFNL_SUBSYS_NFTABLES << 8 | type, 0, &nfg, sizeof(nfg));
}

static int dump(struct nl *nl, struct nlmsg *m, struct reading *r,
		struct wgq_err *e)
{
	struct wgq_err why = {};
	int ret = nl_dump(nl, m, read_one, tear, r, &why);

	if (r->torn)
		return -EAGAIN;
	return ret < 0 ? err_set(e, ret, "nf_tables: %s", why.msg) : 0;
}

static int dump_lists(struct nl *nl, struct reading *r, struct wgq_err *e)
{
	static const uint16_t lists[] = { NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN,
					  NFT_MSG_GETSET, NFT_MSG_GETRULE };
	NLMSG(m, MSG_SIZE);
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists) && ret == 0; i++) {
		build(&m, lists[i], NFPROTO_UNSPEC);
		ret = dump(nl, &m, r, e);
	}
	return ret;
}

static int dump_elements(struct nl *nl, const struct fw_table *t,
			 const struct fw_set *set, struct reading *r,
			 struct wgq_err *e)
{
	NLMSG(m, MSG_SIZE);

	build(&m, NFT_MSG_GETSETELEM, t->family);
	nlmsg_put_str(&m, NFTA_SET_ELEM_LIST_TABLE, t->name);
	nlmsg_put_str(&m, NFTA_SET_ELEM_LIST_SET, set->name);
	return dump(nl, &m, r, e);
}

/* Which sets of @t does the rule look up? */
static void mark_sets(const struct fw_table *t, const struct fw_rule *r,
		      bool *used)
{
	const char *name;
	size_t i, j;

	for (i = 0; i < r->n_match + r->n_stmt; i++) {
		name = NULL;
		if (i < r->n_match && r->match[i].kind == FW_M_SET)
			name = r->match[i].lookup.name;
		else if (i >= r->n_match &&
			 r->stmt[i - r->n_match].kind == FW_S_VMAP)
			name = r->stmt[i - r->n_match].vmap.name;
		for (j = 0; name && j < t->n_set; j++)
			if (!used[j] && strcmp(t->set[j]->name, name) == 0)
				used[j] = true;
	}
}

static int dump_sets(struct nl *nl, const struct fw_table *t, struct reading *r,
		     struct wgq_err *e)
{
	cleanup(free_ptr) bool *used = NULL;
	size_t i, j;
	int ret = 0;

	if (!t->n_set)
		return 0;
	used = calloc(t->n_set, sizeof(*used));
	if (!used)
		return err_sys(e, -ENOMEM, "nf_tables");
	for (i = 0; i < t->n_chain; i++)
		for (j = 0; j < t->chain[i]->n_rule; j++)
			mark_sets(t, t->chain[i]->rule[j], used);
	for (i = 0; i < t->n_set && ret == 0; i++)
		if (used[i])
			ret = dump_elements(nl, t, t->set[i], r, e);
	return ret;
}

static int read_all(struct nl *nl, struct reading *r, struct wgq_err *e)
{
	int ret = dump_lists(nl, r, e);

	for (size_t i = 0; i < r->rs->n_table && ret == 0; i++)
		ret = dump_sets(nl, r->rs->table[i], r, e);
	if (ret == 0 && nft_read_end(r->rs) < 0)
		ret = err_sys(e, -ENOMEM, "nf_tables");
	return ret;
}

static int read_generation(void *ctx, const struct nlmsghdr *nlh,
			   struct wgq_err *e)
{
	const struct nlattr *attr;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
		return 0;
	nlmsg_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_GEN_ID ||
		    mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		*(uint32_t *)ctx = ntohl(mnl_attr_get_u32(attr));
		return 0;
	}
	return err_set(e, -EBADMSG, "no generation");
}

static int get_generation(struct nl *nl, uint32_t *ret_gen, struct wgq_err *e)
{
	struct wgq_err why = {};
	NLMSG(m, MSG_SIZE);
	int ret;

	build(&m, NFT_MSG_GETGEN, NFPROTO_UNSPEC);
	ret = nl_talk(nl, &m, read_generation, ret_gen, &why);
	return ret < 0 ? err_set(e, ret, "nf_tables: %s", why.msg) : 0;
}

/*
 * A list that is read after a change may speak of what an earlier list did not
 * have: a failure counts only if the generation has stood still.
 */
static int dump_once(struct nl *nl, uint32_t before, struct fw_ruleset *rs,
		     struct wgq_err *e)
{
	struct reading r = { .rs = rs };
	struct wgq_err why = {};
	uint32_t after = 0;
	int ret, err;

	rs->generation = before;
	ret = read_all(nl, &r, &why);
	if (ret == -EAGAIN || ret == -ENOMEM)
		return ret == -EAGAIN ? ret : err_set(e, ret, "%s", why.msg);
	err = get_generation(nl, &after, &why);
	if (err == 0 && after != before)
		return -EAGAIN;
	if (ret == 0)
		ret = err;
	return ret < 0 ? err_set(e, ret, "%s", why.msg) : 0;
}

/* The socket cannot be opened without nfnetlink; without nf_tables a request is
 * refused with EINVAL, a batch with EOPNOTSUPP. */
static bool no_nf_tables(int ret)
{
	return ret == -EPROTONOSUPPORT || ret == -EINVAL || ret == -EOPNOTSUPP;
}

int nft_dump(struct nl *nl, struct fw_ruleset *rs, struct wgq_err *e)
{
	struct fw_ruleset got = {};
	struct wgq_err why = {};
	uint32_t before = 0;
	int ret;

	ret = get_generation(nl, &before, &why);
	if (no_nf_tables(ret))
		return 0;
	if (ret < 0)
		return err_set(e, ret, "%s", why.msg);
	for (int i = 0; i < DUMP_TRIES; i++) {
		ret = i ? get_generation(nl, &before, e) : 0;
		if (ret == 0)
			ret = dump_once(nl, before, &got, e);
		if (ret == 0) {
			*rs = got;
			return 0;
		}
		fw_ruleset_done(&got);
		got = (struct fw_ruleset){};
		if (ret != -EAGAIN)
			return ret;
	}
	return err_set(e, -EBUSY, "nf_tables: the ruleset keeps changing");
}

static size_t count_messages(const struct buf *batch)
{
	const struct nlmsghdr *nlh = (const void *)batch->p;
	int left = (int)batch->len;
	size_t n = 0;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		n++;
	return n;
}

/* Are the messages of the first @n edits enough to reach message @index? */
static bool reaches(const struct fw_ruleset *rs, const struct fw_edits *es,
		    size_t n, size_t index)
{
	cleanup(buf_done) struct buf batch = {};
	struct fw_edits first = *es;
	struct wgq_err ignored = {};

	first.n = n;
	return nft_build(rs, &first, &batch, &ignored) == 0 &&
	       count_messages(&batch) > index + 1;
}

/*
 * An edit may take several messages.  Which edit a message is of is asked for
 * only when one was refused, and answered by building again.
 */
static const struct fw_edit *edit_of(const struct fw_ruleset *rs,
				     const struct fw_edits *es, size_t index)
{
	size_t lo = 0, hi = es->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (reaches(rs, es, mid, index))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo > 0 && lo <= es->n ? &es->v[lo - 1] : NULL;
}

static bool is_owned(const struct fw_ruleset *rs, const struct fw_edit *ed)
{
	const struct fw_table *t =
		fw_table_find(rs, FW_NFT, ed->family, ed->table);

	return t && t->owner;
}

/* Message 0 stands for the whole of the transaction. */
static int explain(const struct fw_ruleset *rs, const struct fw_edits *es,
		   size_t index, const struct wgq_err *why, struct wgq_err *e)
{
	cleanup(buf_done) struct buf command = {};
	const struct fw_edit *ed;

	if (index == 0 && why->code == -ERESTART)
		return err_set(e, -ERESTART,
			       "nf_tables: somebody else changed the ruleset");
	if (index == 0 && no_nf_tables(why->code))
		return err_set(e, -EOPNOTSUPP, "the kernel has no nf_tables");
	ed = index ? edit_of(rs, es, index) : NULL;
	if (!ed)
		return err_set(e, why->code, "nf_tables: %s", why->msg);
	fw_edit_print(ed, &command);
	return err_set(e, why->code, "%s: %s%s", command.p ? command.p : "",
		       why->msg,
		       why->code == -EPERM && is_owned(rs, ed)
			       ? ": the table belongs to another process"
			       : "");
}

/* The answer was lost.  Nothing was changed if the generation stood still. */
static int lost(struct nl *nl, const struct fw_ruleset *rs,
		const struct wgq_err *why, struct wgq_err *e)
{
	struct wgq_err ignored = {};
	uint32_t now = 0;

	if (get_generation(nl, &now, &ignored) == 0 && now == rs->generation)
		return err_set(e, why->code, "%s; nothing was changed",
			       why->msg);
	return err_set(e, why->code, "%s; the change may have been made",
		       why->msg);
}

static bool has_nft(const struct fw_edits *es)
{
	for (size_t i = 0; i < es->n; i++)
		if (es->v[i].backend == FW_NFT)
			return true;
	return false;
}

int nft_commit(struct nl *nl, const struct fw_ruleset *rs,
	       const struct fw_edits *es, struct wgq_err *e)
{
	cleanup(buf_done) struct buf batch = {};
	struct wgq_err why = {};
	size_t failed = SIZE_MAX;
	int ret;

	if (!has_nft(es))
		return 0;
	ret = nft_build(rs, es, &batch, e);
	if (ret < 0 || count_messages(&batch) < 3)
		return ret;
	ret = nl_transact_at(nl, batch.p, batch.len, &failed, &why);
	if (ret == 0)
		return 0;
	if (failed != SIZE_MAX)
		return explain(rs, es, failed, &why, e);
	if (ret == -EPROTONOSUPPORT)
		return err_set(e, -EOPNOTSUPP, "the kernel has no nf_tables");
	if (ret == -ENOBUFS || ret == -ETIMEDOUT)
		return lost(nl, rs, &why, e);
	return err_set(e, ret, "nf_tables: %s", why.msg);
}
