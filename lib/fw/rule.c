// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/rule.h"

#include <string.h>

struct fw_match *fw_match_add(struct arena *a, struct fw_rule *r,
			      enum fw_match_kind kind)
{
	struct fw_match *m =
		arena_grow(a, &r->match, r->n_match, &r->cap_match, sizeof(*m));

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	r->n_match++;
	return m;
}

struct fw_stmt *fw_stmt_add(struct arena *a, struct fw_rule *r,
			    enum fw_stmt_kind kind)
{
	struct fw_stmt *s =
		arena_grow(a, &r->stmt, r->n_stmt, &r->cap_stmt, sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	r->n_stmt++;
	return s;
}

const char *fw_rule_comment(const struct fw_rule *r)
{
	size_t i;

	if (r->comment)
		return r->comment;
	for (i = 0; i < r->n_match; i++)
		if (r->match[i].kind == FW_M_COMMENT)
			return r->match[i].comment;
	return NULL;
}

static bool iface_eq(const struct fw_iface *a, const struct fw_iface *b)
{
	if (a->name[0] && b->name[0])
		return a->prefix == b->prefix && strcmp(a->name, b->name) == 0;
	return a->index == b->index && a->prefix == b->prefix &&
	       a->name[0] == b->name[0];
}

static bool addr_same(const struct fw_addr *a, const struct fw_addr *b)
{
	return a->family == b->family && a->range == b->range &&
	       memcmp(a->b, b->b, sizeof(a->b)) == 0 &&
	       memcmp(a->mask, b->mask, sizeof(a->mask)) == 0 &&
	       (!a->range || memcmp(a->b2, b->b2, sizeof(a->b2)) == 0);
}

static bool range_eq(struct fw_range a, struct fw_range b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static bool ports_eq(const struct fw_ports *a, const struct fw_ports *b)
{
	size_t i;

	if (a->side != b->side || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (!range_eq(a->v[i], b->v[i]))
			return false;
	return true;
}

static bool addrtype_eq(const struct fw_addrtype *a,
			const struct fw_addrtype *b)
{
	return a->src == b->src && a->dst == b->dst &&
	       a->invert_src == b->invert_src &&
	       a->invert_dst == b->invert_dst && a->limit_in == b->limit_in &&
	       a->limit_out == b->limit_out;
}

/* As rates: five in a second are three hundred in a minute. */
static bool limit_eq(const struct fw_limit *a, const struct fw_limit *b)
{
	return a->rate * b->unit == b->rate * a->unit && a->burst == b->burst &&
	       a->bytes == b->bytes;
}

static bool lookup_eq(const struct fw_lookup *a, const struct fw_lookup *b)
{
	size_t i;

	if (strcmp(a->name, b->name) != 0 || a->key->n != b->key->n)
		return false;
	for (i = 0; i < a->key->n; i++)
		if (a->key->part[i].field != b->key->part[i].field ||
		    a->key->part[i].len != b->key->part[i].len ||
		    memcmp(a->key->part[i].mask, b->key->part[i].mask,
			   sizeof(a->key->part[i].mask)) != 0)
			return false;
	return true;
}

static bool raw_eq(const struct fw_raw *a, const struct fw_raw *b)
{
	return strcmp(a->name, b->name) == 0 && a->rev == b->rev &&
	       a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool match_eq(const struct fw_match *a, const struct fw_match *b)
{
	if (a->kind != b->kind || a->invert != b->invert)
		return false;
	switch (a->kind) {
	case FW_M_IIF:
	case FW_M_OIF:
		return iface_eq(&a->iface, &b->iface);
	case FW_M_SADDR:
	case FW_M_DADDR:
		return addr_same(&a->addr, &b->addr);
	case FW_M_NFPROTO:
	case FW_M_L4PROTO:
	case FW_M_SPORT:
	case FW_M_DPORT:
		return range_eq(a->range, b->range);
	case FW_M_PORTS:
		return ports_eq(&a->ports, &b->ports);
	case FW_M_TCP_FLAGS:
		return a->tcp_flags.mask == b->tcp_flags.mask &&
		       a->tcp_flags.cmp == b->tcp_flags.cmp;
	case FW_M_ICMP:
		return memcmp(&a->icmp, &b->icmp, sizeof(a->icmp)) == 0;
	case FW_M_CTSTATE:
	case FW_M_CTSTATUS:
		return a->ct.mask == b->ct.mask &&
		       a->ct.state_match == b->ct.state_match;
	case FW_M_CTMARK:
	case FW_M_MARK:
		return a->bits.value == b->bits.value &&
		       a->bits.mask == b->bits.mask;
	case FW_M_ADDRTYPE:
		return addrtype_eq(&a->addrtype, &b->addrtype);
	case FW_M_LIMIT:
		return limit_eq(&a->limit, &b->limit);
	case FW_M_COMMENT:
		return strcmp(a->comment, b->comment) == 0;
	case FW_M_SET:
		return lookup_eq(&a->lookup, &b->lookup);
	case FW_M_XT:
	case FW_M_EXPR:
		return raw_eq(&a->raw, &b->raw);
	}
	return false;
}

static bool nat_eq(const struct fw_nat *a, const struct fw_nat *b)
{
	return a->has_addr == b->has_addr && a->has_port == b->has_port &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0 &&
	       memcmp(a->addr_to, b->addr_to, sizeof(a->addr_to)) == 0 &&
	       range_eq(a->port, b->port) && a->port_base == b->port_base &&
	       a->flags == b->flags;
}

static bool stmt_eq(const struct fw_stmt *a, const struct fw_stmt *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case FW_S_ACCEPT:
	case FW_S_DROP:
	case FW_S_RETURN:
	case FW_S_QUEUE:
		return true;
	case FW_S_JUMP:
	case FW_S_GOTO:
		return strcmp(a->chain, b->chain) == 0;
	case FW_S_REJECT:
		return a->reject == b->reject;
	case FW_S_VMAP:
		return lookup_eq(&a->vmap, &b->vmap);
	case FW_S_MASQUERADE:
	case FW_S_SNAT:
	case FW_S_DNAT:
	case FW_S_REDIRECT:
		return nat_eq(&a->nat, &b->nat);
	case FW_S_TCPMSS:
		return a->tcpmss.clamp == b->tcpmss.clamp &&
		       a->tcpmss.mss == b->tcpmss.mss;
	case FW_S_MARK:
	case FW_S_CONNMARK:
		return a->set_mark.value == b->set_mark.value &&
		       a->set_mark.mask == b->set_mark.mask &&
		       a->set_mark.mode == b->set_mark.mode &&
		       a->set_mark.nfmask == b->set_mark.nfmask;
	case FW_S_LOG:
	case FW_S_XT:
	case FW_S_EXPR:
		return raw_eq(&a->raw, &b->raw);
	}
	return false;
}

static bool any_addr(const struct fw_addr *a)
{
	static const uint8_t none[16];

	return !a->range && memcmp(a->mask, none, sizeof(none)) == 0;
}

static bool is_addr(const struct fw_match *m)
{
	return m->kind == FW_M_SADDR || m->kind == FW_M_DADDR;
}

/* "-s 0/0" and "-i +" ask for nothing, nor does a family, if an address does
 * that is of it: nft writes it before an address, in tables of family inet. */
static bool asks_nothing(const struct fw_rule *r, const struct fw_match *m)
{
	size_t i;

	if (m->invert)
		return false;
	if (m->kind == FW_M_IIF || m->kind == FW_M_OIF)
		return m->iface.prefix && !m->iface.name[0];
	if (is_addr(m))
		return any_addr(&m->addr);
	if (m->kind != FW_M_NFPROTO)
		return false;
	for (i = 0; i < r->n_match; i++)
		if (is_addr(&r->match[i]) && !any_addr(&r->match[i].addr) &&
		    r->match[i].addr.family == m->range.lo)
			return true;
	return false;
}

/* Compared wherever they stand: what iptables keeps in the rule itself, and of
 * the several matches that one extension makes. */
static bool is_unordered(const struct fw_match *m)
{
	return m->kind <= FW_M_DPORT || m->kind == FW_M_TCP_FLAGS;
}

static size_t count_of(const struct fw_rule *r, const struct fw_match *m)
{
	size_t i, n = 0;

	for (i = 0; i < r->n_match; i++)
		n += match_eq(&r->match[i], m);
	return n;
}

static size_t count_unordered(const struct fw_rule *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->n_match; i++)
		n += is_unordered(&r->match[i]) &&
		     !asks_nothing(r, &r->match[i]);
	return n;
}

static bool unordered_eq(const struct fw_rule *a, const struct fw_rule *b)
{
	size_t i;

	if (count_unordered(a) != count_unordered(b))
		return false;
	for (i = 0; i < a->n_match; i++) {
		const struct fw_match *m = &a->match[i];

		if (is_unordered(m) && !asks_nothing(a, m) &&
		    count_of(a, m) != count_of(b, m))
			return false;
	}
	return true;
}

/* The next match from @i on that has its place in the order, or NULL. */
static const struct fw_match *next_ordered(const struct fw_rule *r, size_t *i)
{
	const struct fw_match *m;

	while (*i < r->n_match) {
		m = &r->match[(*i)++];
		if (!is_unordered(m) && m->kind != FW_M_COMMENT)
			return m;
	}
	return NULL;
}

static bool ordered_eq(const struct fw_rule *a, const struct fw_rule *b)
{
	const struct fw_match *m, *n;
	size_t i = 0, j = 0;

	for (;;) {
		m = next_ordered(a, &i);
		n = next_ordered(b, &j);
		if (!m || !n)
			return m == n;
		if (!match_eq(m, n))
			return false;
	}
}

static bool comment_eq(const struct fw_rule *a, const struct fw_rule *b)
{
	const char *x = fw_rule_comment(a), *y = fw_rule_comment(b);

	return x && y ? strcmp(x, y) == 0 : x == y;
}

bool fw_rule_eq(const struct fw_rule *a, const struct fw_rule *b)
{
	size_t i;

	if (a->n_stmt != b->n_stmt || !comment_eq(a, b))
		return false;
	for (i = 0; i < a->n_stmt; i++)
		if (!stmt_eq(&a->stmt[i], &b->stmt[i]))
			return false;
	return unordered_eq(a, b) && ordered_eq(a, b);
}
