// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/edit.h"

/*
 * What goes into tables of iptables is told in iptables' words, the rest in
 * nft's.  Our own tables hold few kinds of rules, and only these have words
 * here; others are told in brackets, as fw_rule_print() does.
 */

static const char *const hook_names[] = {
	[FW_PREROUTING] = "prerouting",	  [FW_INPUT] = "input",
	[FW_FORWARD] = "forward",	  [FW_OUTPUT] = "output",
	[FW_POSTROUTING] = "postrouting", [FW_INGRESS] = "ingress",
};

/* Is the edit one of a table that iptables looks after? */
static bool is_iptables(const struct fw_edit *ed)
{
	static const char *const names[] = { "filter", "nat", "mangle", "raw",
					     "security" };
	size_t i;

	if (ed->backend == FW_LEGACY)
		return true;
	if (ed->native || ed->kind == FW_E_TABLE_DEL ||
	    (ed->family != NFPROTO_IPV4 && ed->family != NFPROTO_IPV6))
		return false;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(ed->table, names[i]) == 0)
			return true;
	return false;
}

static const char *policy_name(const struct fw_edit *ed)
{
	return ed->policy == FW_S_DROP ? "DROP" : "ACCEPT";
}

static void ipt_rule(const struct fw_edit *ed, struct buf *out)
{
	if (ed->append)
		buf_addf(out, " -A %s", ed->chain);
	else if (ed->at)
		buf_addf(out, " -I %s %zu", ed->chain, ed->at + 1);
	else
		buf_addf(out, " -I %s", ed->chain);
	buf_addc(out, ' ');
	fw_rule_print(ed->rule, ed->family, out);
}

static void print_ipt(const struct fw_edit *ed, struct buf *out)
{
	buf_addf(out, "%s%s",
		 ed->family == NFPROTO_IPV6 ? "ip6tables" : "iptables",
		 ed->backend == FW_LEGACY ? "-legacy" : "");
	if (strcmp(ed->table, "filter") != 0)
		buf_addf(out, " -t %s", ed->table);
	switch (ed->kind) {
	case FW_E_TABLE_ADD:
		buf_adds(out, " -L");
		break;
	case FW_E_TABLE_DEL:
		buf_adds(out, " -X");
		break;
	case FW_E_CHAIN_ADD:
		if (ed->base)
			buf_addf(out, " -P %s %s", ed->chain, policy_name(ed));
		else
			buf_addf(out, " -N %s", ed->chain);
		break;
	case FW_E_CHAIN_DEL:
		buf_addf(out, " -X %s", ed->chain);
		break;
	case FW_E_CHAIN_RENAME:
		buf_addf(out, " -E %s %s", ed->chain, ed->new_name);
		break;
	case FW_E_CHAIN_FLUSH:
		buf_addf(out, " -F %s", ed->chain);
		break;
	case FW_E_CHAIN_ZERO:
		buf_addf(out, " -Z %s", ed->chain);
		break;
	case FW_E_POLICY:
		buf_addf(out, " -P %s %s", ed->chain, policy_name(ed));
		break;
	case FW_E_RULE_ADD:
		ipt_rule(ed, out);
		break;
	case FW_E_RULE_DEL:
		if (!ed->rule) {
			buf_addf(out, " -D %s %zu", ed->chain, ed->at + 1);
			break;
		}
		buf_addf(out, " -D %s ", ed->chain);
		fw_rule_print(ed->rule, ed->family, out);
		break;
	case FW_E_RULE_REPLACE:
		buf_addf(out, " -R %s %zu ", ed->chain, ed->at + 1);
		fw_rule_print(ed->rule, ed->family, out);
		break;
	}
}

static const char *family_name(uint8_t family)
{
	if (family == NFPROTO_INET)
		return "inet";
	return family == NFPROTO_IPV6 ? "ip6" : "ip";
}

static unsigned int mask_bits(const struct fw_addr *a)
{
	unsigned int n = a->family == NFPROTO_IPV6 ? 128 : 32, i = 0;

	while (i < n && a->mask[i / 8] & 0x80 >> i % 8)
		i++;
	return i;
}

static void nft_addr(const struct fw_match *m, const char * not,
		     struct buf *out)
{
	const struct fw_addr *a = &m->addr;
	unsigned int full = a->family == NFPROTO_IPV6 ? 128 : 32;
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(a->family, a->b, text, sizeof(text));
	buf_addf(out, "%s %s %s%s", family_name(a->family),
		 m->kind == FW_M_SADDR ? "saddr" : "daddr", not, text);
	if (a->range) {
		inet_ntop(a->family, a->b2, text, sizeof(text));
		buf_addf(out, "-%s", text);
	} else if (mask_bits(a) != full) {
		buf_addf(out, "/%u", mask_bits(a));
	}
}

static void nft_iface(const struct fw_match *m, const char * not,
		      struct buf *out)
{
	const char *way = m->kind == FW_M_IIF ? "iif" : "oif";

	if (m->iface.index)
		buf_addf(out, "%s %s%u", way, not, m->iface.index);
	else
		buf_addf(out, "%sname %s\"%s%s\"", way, not, m->iface.name,
			 m->iface.prefix ? "*" : "");
}

static void nft_port(const struct fw_match *m, const char * not,
		     struct buf *out)
{
	buf_addf(out, "th %s %s%u", m->kind == FW_M_SPORT ? "sport" : "dport",
		 not, m->range.lo);
	if (m->range.hi != m->range.lo)
		buf_addf(out, "-%u", m->range.hi);
}

static void nft_states(const struct fw_match *m, const char * not,
		       struct buf *out)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} states[] = { { FW_CT_INVALID, "invalid" },
		       { FW_CT_ESTABLISHED, "established" },
		       { FW_CT_RELATED, "related" },
		       { FW_CT_NEW, "new" },
		       { FW_CT_UNTRACKED, "untracked" } };
	const char *sep = "";
	size_t i;

	buf_addf(out, "ct state %s", not );
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (m->ct.mask & states[i].bit) {
			buf_addf(out, "%s%s", sep, states[i].name);
			sep = ",";
		}
}

static void nft_flags(const struct fw_match *m, const char * not,
		      struct buf *out)
{
	buf_addf(out, "tcp flags & %#x %s %#x", m->tcp_flags.mask,
		 *not ? "!=" : "==", m->tcp_flags.cmp);
}

/* A kind that our own tables have none of is told as iptables would. */
static void told_by_iptables(const struct fw_match *m, uint8_t family,
			     struct buf *out)
{
	struct fw_match copy = *m;
	const struct fw_rule r = { .match = &copy, .n_match = 1 };

	buf_addc(out, '[');
	fw_rule_print(&r, family, out);
	buf_addc(out, ']');
}

static void nft_match(const struct fw_match *m, uint8_t family, struct buf *out)
{
	const char *not = m->invert ? "!= " : "";

	switch (m->kind) {
	case FW_M_IIF:
	case FW_M_OIF:
		nft_iface(m, not, out);
		break;
	case FW_M_SADDR:
	case FW_M_DADDR:
		nft_addr(m, not, out);
		break;
	case FW_M_NFPROTO:
		buf_addf(out, "meta nfproto %s%s", not,
			 m->range.lo == NFPROTO_IPV6 ? "ipv6" : "ipv4");
		break;
	case FW_M_L4PROTO:
		buf_addf(out, "meta l4proto %s%u", not, m->range.lo);
		break;
	case FW_M_SPORT:
	case FW_M_DPORT:
		nft_port(m, not, out);
		break;
	case FW_M_TCP_FLAGS:
		nft_flags(m, not, out);
		break;
	case FW_M_CTSTATE:
		nft_states(m, not, out);
		break;
	case FW_M_PORTS:
	case FW_M_ICMP:
	case FW_M_CTSTATUS:
	case FW_M_CTMARK:
	case FW_M_MARK:
	case FW_M_ADDRTYPE:
	case FW_M_LIMIT:
	case FW_M_COMMENT:
	case FW_M_SET:
	case FW_M_XT:
	case FW_M_EXPR:
		told_by_iptables(m, family, out);
		break;
	}
}

static void nft_stmt(const struct fw_stmt *s, uint8_t family, struct buf *out)
{
	struct fw_stmt copy = *s;
	const struct fw_rule r = { .stmt = &copy, .n_stmt = 1 };

	switch (s->kind) {
	case FW_S_ACCEPT:
		buf_adds(out, "accept");
		return;
	case FW_S_DROP:
		buf_adds(out, "drop");
		return;
	case FW_S_RETURN:
		buf_adds(out, "return");
		return;
	case FW_S_JUMP:
		buf_addf(out, "jump %s", s->chain);
		return;
	case FW_S_GOTO:
		buf_addf(out, "goto %s", s->chain);
		return;
	case FW_S_MASQUERADE:
		buf_adds(out, "masquerade");
		return;
	case FW_S_TCPMSS:
		buf_adds(out, "tcp option maxseg size set ");
		if (s->tcpmss.clamp)
			buf_adds(out, "rt mtu");
		else
			buf_addf(out, "%u", s->tcpmss.mss);
		return;
	case FW_S_QUEUE:
	case FW_S_REJECT:
	case FW_S_VMAP:
	case FW_S_SNAT:
	case FW_S_DNAT:
	case FW_S_REDIRECT:
	case FW_S_MARK:
	case FW_S_CONNMARK:
	case FW_S_LOG:
	case FW_S_XT:
	case FW_S_EXPR:
		break;
	}
	buf_addc(out, '[');
	fw_rule_print(&r, family, out);
	buf_addc(out, ']');
}

static void nft_rule(const struct fw_edit *ed, struct buf *out)
{
	const struct fw_rule *r = ed->rule;
	size_t i;

	for (i = 0; i < r->n_match; i++) {
		buf_addc(out, ' ');
		nft_match(&r->match[i], ed->family, out);
	}
	buf_adds(out, " counter");
	for (i = 0; i < r->n_stmt; i++) {
		buf_addc(out, ' ');
		nft_stmt(&r->stmt[i], ed->family, out);
	}
	if (r->comment)
		buf_addf(out, " comment \"%s\"", r->comment);
}

static void nft_chain(const struct fw_edit *ed, struct buf *out)
{
	buf_addf(out, " %s %s", ed->table, ed->chain);
	if (!ed->base)
		return;
	buf_addf(out, " { type %s hook %s priority %d; policy %s; }", ed->type,
		 hook_names[ed->hook], ed->priority,
		 ed->policy == FW_S_DROP ? "drop" : "accept");
}

/* nft deletes by handle alone, and counts positions from 0. */
static void nft_old_rule(const char *verb, const struct fw_edit *ed,
			 struct buf *out)
{
	buf_addf(out, "%s rule %s %s %s", verb, family_name(ed->family),
		 ed->table, ed->chain);
	if (ed->rule && ed->rule->handle)
		buf_addf(out, " handle %llu",
			 (unsigned long long)ed->rule->handle);
	else
		buf_addf(out, " index %zu", ed->at);
}

static void nft_words(const struct fw_edit *ed, struct buf *out)
{
	const char *family = family_name(ed->family);

	switch (ed->kind) {
	case FW_E_TABLE_ADD:
		buf_addf(out, "add table %s %s", family, ed->table);
		break;
	case FW_E_TABLE_DEL:
		buf_addf(out, "delete table %s %s", family, ed->table);
		break;
	case FW_E_CHAIN_ADD:
		buf_addf(out, "add chain %s", family);
		nft_chain(ed, out);
		break;
	case FW_E_CHAIN_DEL:
		buf_addf(out, "delete chain %s %s %s", family, ed->table,
			 ed->chain);
		break;
	case FW_E_CHAIN_RENAME:
		buf_addf(out, "rename chain %s %s %s %s", family, ed->table,
			 ed->chain, ed->new_name);
		break;
	case FW_E_CHAIN_FLUSH:
		buf_addf(out, "flush chain %s %s %s", family, ed->table,
			 ed->chain);
		break;
	case FW_E_CHAIN_ZERO:
		buf_addf(out, "reset counters in chain %s %s %s", family,
			 ed->table, ed->chain);
		break;
	case FW_E_POLICY:
		buf_addf(out, "add chain %s %s %s { policy %s; }", family,
			 ed->table, ed->chain,
			 ed->policy == FW_S_DROP ? "drop" : "accept");
		break;
	case FW_E_RULE_ADD:
		buf_addf(out, "%s rule %s %s %s", ed->append ? "add" : "insert",
			 family, ed->table, ed->chain);
		if (!ed->append && ed->at)
			buf_addf(out, " index %zu", ed->at);
		nft_rule(ed, out);
		break;
	case FW_E_RULE_DEL:
		nft_old_rule("delete", ed, out);
		break;
	case FW_E_RULE_REPLACE:
		buf_addf(out, "replace rule %s %s %s index %zu", family,
			 ed->table, ed->chain, ed->at);
		nft_rule(ed, out);
		break;
	}
}

/* One argument where a shell would take it apart. */
static void print_nft(const struct fw_edit *ed, struct buf *out)
{
	cleanup(buf_done) struct buf words = { 0 };
	bool quote;

	nft_words(ed, &words);
	buf_adds(&words, "");
	if (words.failed) {
		out->failed = true;
		return;
	}
	quote = strpbrk(words.p, ";&{}<>|*") != NULL;
	buf_adds(out, quote ? "nft '" : "nft ");
	buf_adds(out, words.p);
	if (quote)
		buf_addc(out, '\'');
}

void fw_edit_print(const struct fw_edit *ed, struct buf *out)
{
	if (is_iptables(ed))
		print_ipt(ed, out);
	else
		print_nft(ed, out);
}
