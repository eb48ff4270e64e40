// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/explain.h"

#include <errno.h>
#include <linux/netfilter.h>

#include "base/cleanup.h"

static const char *family_name(const struct fw_table *t)
{
	if (t->family == NFPROTO_IPV4)
		return "ip";
	return t->family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static const char *fate_name(enum fw_fate fate)
{
	switch (fate) {
	case FW_PASSES:
		return "passes";
	case FW_PARTLY:
		return "partly";
	case FW_REFUSED:
		return "refused";
	}
	return "";
}

void fw_print_chain(const struct fw_chain *c, struct buf *out)
{
	buf_addf(out, "%s %s %s%s", family_name(c->table), c->table->name,
		 c->name, c->table->backend == FW_LEGACY ? " (legacy)" : "");
}

void fw_print_culprit(const struct fw_culprit *by, struct buf *out)
{
	enum fw_manager m = fw_manager_of(by->chain);

	if (!by->rule) {
		buf_addf(out, "the policy of %s", by->chain->name);
		return;
	}
	buf_addf(out, "rule %zu of %s: ", by->index + 1, by->chain->name);
	fw_rule_print(by->rule, by->chain->table->family, out);
	if (m != FW_BY_NOBODY)
		buf_addf(out, ", laid by %s", fw_manager_name(m));
}

static void print_passage(const struct fw_passage *p, struct buf *out)
{
	size_t i;

	fw_print_chain(p->base, out);
	switch (p->fate) {
	case FW_PASSES:
		buf_adds(out, ": passes\n");
		break;
	case FW_PARTLY:
		buf_adds(out, ": passes, but for a part\n");
		break;
	case FW_REFUSED:
		buf_adds(out, ": refused by ");
		fw_print_culprit(&p->by, out);
		buf_addc(out, '\n');
		break;
	}
	for (i = 0; i < p->n_part; i++) {
		buf_adds(out, "  a part is refused by ");
		fw_print_culprit(&p->part[i], out);
		buf_addc(out, '\n');
	}
}

static enum fw_fate outcome(const struct fw_way *way)
{
	enum fw_fate worst = FW_PASSES;
	size_t i;

	for (i = 0; i < way->n_passage; i++) {
		if (way->passage[i].fate > worst)
			worst = way->passage[i].fate;
	}
	return worst;
}

int fw_explain(const struct fw_ruleset *rs, const struct fw_flow *f,
	       struct buf *out)
{
	cleanup(arena_done) struct arena a = {};
	struct fw_way way;
	size_t i;
	int err;

	err = fw_walk(rs, f, &a, &way);
	if (err)
		return err;
	for (i = 0; i < way.n_passage; i++)
		print_passage(&way.passage[i], out);
	switch (outcome(&way)) {
	case FW_PASSES:
		buf_adds(out, "The traffic passes.\n");
		break;
	case FW_PARTLY:
		buf_adds(out, "The traffic passes, but for parts of it.\n");
		break;
	case FW_REFUSED:
		buf_adds(out, "The traffic is refused.\n");
		break;
	}
	return out->failed ? -ENOMEM : 0;
}

/* Names of chains and comments are anybody's bytes. */
static void json_text(const char *s, struct buf *out)
{
	buf_addc(out, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			buf_addf(out, "\\u%04x", c);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void json_member(const char *name, const char *value, struct buf *out)
{
	buf_addf(out, "\"%s\":", name);
	json_text(value, out);
	buf_addc(out, ',');
}

static void json_culprit(const struct fw_culprit *by, struct buf *out)
{
	cleanup(buf_done) struct buf rule = {};

	buf_addc(out, '{');
	json_member("chain", by->chain->name, out);
	if (by->rule) {
		fw_rule_print(by->rule, by->chain->table->family, &rule);
		buf_addf(out, "\"index\":%zu,", by->index + 1);
		json_member("rule", rule.p ? rule.p : "", out);
		out->failed |= rule.failed;
	}
	buf_adds(out, "\"manager\":");
	json_text(fw_manager_name(fw_manager_of(by->chain)), out);
	buf_addc(out, '}');
}

static void json_passage(const struct fw_passage *p, struct buf *out)
{
	const struct fw_table *t = p->base->table;
	size_t i;

	buf_addc(out, '{');
	json_member("backend", t->backend == FW_NFT ? "nf_tables" : "legacy",
		    out);
	json_member("family", family_name(t), out);
	json_member("table", t->name, out);
	json_member("chain", p->base->name, out);
	buf_addf(out, "\"priority\":%d,", (int)p->base->priority);
	json_member("fate", fate_name(p->fate), out);
	if (p->fate == FW_REFUSED) {
		buf_adds(out, "\"by\":");
		json_culprit(&p->by, out);
		buf_addc(out, ',');
	}
	buf_adds(out, "\"parts\":[");
	for (i = 0; i < p->n_part; i++) {
		if (i)
			buf_addc(out, ',');
		json_culprit(&p->part[i], out);
	}
	buf_adds(out, "]}");
}

int fw_explain_json(const struct fw_ruleset *rs, const struct fw_flow *f,
		    struct buf *out)
{
	cleanup(arena_done) struct arena a = {};
	struct fw_way way;
	size_t i;
	int err;

	err = fw_walk(rs, f, &a, &way);
	if (err)
		return err;
	buf_addc(out, '{');
	json_member("outcome", fate_name(outcome(&way)), out);
	buf_adds(out, "\"chains\":[");
	for (i = 0; i < way.n_passage; i++) {
		if (i)
			buf_addc(out, ',');
		json_passage(&way.passage[i], out);
	}
	buf_adds(out, "]}");
	return out->failed ? -ENOMEM : 0;
}
