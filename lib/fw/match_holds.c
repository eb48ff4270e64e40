// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/walk.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* The flags of a TCP header that are known of a SYN: all but ECE and CWR. */
#define TCP_KNOWN 0x3f
#define TCP_SYN 0x02

/* Connection states that a packet has one of; the rest of a mask is status. */
#define CT_STATES                                                        \
	(FW_CT_INVALID | FW_CT_ESTABLISHED | FW_CT_RELATED | FW_CT_NEW | \
	 FW_CT_UNTRACKED)

static enum fw_holds certain(bool yes)
{
	return yes ? FW_HOLDS_ALL : FW_HOLDS_NONE;
}

static enum fw_holds opposite(enum fw_holds h)
{
	switch (h) {
	case FW_HOLDS_NONE:
		return FW_HOLDS_ALL;
	case FW_HOLDS_SOME:
		return FW_HOLDS_SOME;
	case FW_HOLDS_ALL:
		return FW_HOLDS_NONE;
	}
	return FW_HOLDS_SOME;
}

/* What is true of one part of the flow and of another. */
static enum fw_holds both(enum fw_holds a, enum fw_holds b)
{
	return a == b ? a : FW_HOLDS_SOME;
}

/* How much of @have is within @want? */
static enum fw_holds range_holds(struct fw_range want, struct fw_range have)
{
	if (have.lo >= want.lo && have.hi <= want.hi)
		return FW_HOLDS_ALL;
	if (have.hi < want.lo || have.lo > want.hi)
		return FW_HOLDS_NONE;
	return FW_HOLDS_SOME;
}

/* Interfaces */

/*
 * On some hooks a packet has no interface on that side yet, or no longer; its
 * name is then empty and its index zero.  Nothing is forwarded from or to lo.
 */
static bool no_iface(const struct fw_flow *f, bool in)
{
	if (in)
		return f->hook == FW_OUTPUT;
	return f->hook == FW_INPUT || f->hook == FW_PREROUTING;
}

static bool never_iface(const struct fw_flow *f, const struct fw_iface_set *s,
			const char *name)
{
	if (s->not &&!strcmp(s->not, name))
		return true;
	return f->hook == FW_FORWARD && !strcmp(name, "lo");
}

static enum fw_holds iface_holds(const struct fw_iface *i,
				 const struct fw_flow *f, bool in)
{
	const struct fw_iface_set *s = in ? &f->in : &f->out;
	const char *name = no_iface(f, in) ? "" : s->name;

	if (i->prefix && !i->name[0])
		return FW_HOLDS_ALL;
	if (no_iface(f, in))
		return FW_HOLDS_NONE;
	if (i->index && name)
		return s->index ? certain(i->index == s->index) : FW_HOLDS_SOME;
	if (i->index)
		return FW_HOLDS_SOME;
	if (name && i->prefix)
		return certain(!strncmp(name, i->name, strlen(i->name)));
	if (name)
		return certain(!strcmp(name, i->name));
	if (!i->prefix && never_iface(f, s, i->name))
		return FW_HOLDS_NONE;
	return FW_HOLDS_SOME;
}

/* Addresses */

/* First and last address of a prefix. */
static void span(const struct addr *a, uint8_t *lo, uint8_t *hi)
{
	unsigned int n = addr_bytes(a->family), i = a->plen / 8;
	uint8_t mask = (uint8_t)(0xff << (8 - a->plen % 8));

	memcpy(lo, a->b, n);
	memcpy(hi, a->b, n);
	if (i >= n)
		return;
	lo[i] &= mask;
	hi[i] |= (uint8_t)~mask;
	memset(lo + i + 1, 0, n - i - 1);
	memset(hi + i + 1, 0xff, n - i - 1);
}

static enum fw_holds prefix_in(const struct addr *a, const uint8_t *from,
			       const uint8_t *to)
{
	size_t n = addr_bytes(a->family);
	uint8_t lo[16], hi[16];

	span(a, lo, hi);
	if (memcmp(lo, from, n) >= 0 && memcmp(hi, to, n) <= 0)
		return FW_HOLDS_ALL;
	if (memcmp(hi, from, n) < 0 || memcmp(lo, to, n) > 0)
		return FW_HOLDS_NONE;
	return FW_HOLDS_SOME;
}

/*
 * Is any address of the sorted prefixes between @from and @to?  If so, one is
 * in the last prefix that begins at or before @to, as none is in another.
 */
static bool touches(const struct addr *v, size_t n, const uint8_t *from,
		    const uint8_t *to)
{
	size_t len = addr_bytes(v[0].family), lo = 0, hi = n;
	uint8_t first[16], last[16];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(v[mid].b, to, len) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	span(&v[lo - 1], first, last);
	return memcmp(last, from, len) >= 0;
}

static bool all_bytes(const uint8_t *b, size_t n, uint8_t value)
{
	while (n && b[n - 1] == value)
		n--;
	return !n;
}

/* How much of the flow's prefixes is between @from and @to? */
static enum fw_holds between(const struct addr *v, size_t n, bool sorted,
			     const uint8_t *from, const uint8_t *to, size_t len)
{
	enum fw_holds h;
	size_t i;

	if (all_bytes(from, len, 0) && all_bytes(to, len, 0xff))
		return FW_HOLDS_ALL;
	if (!n)
		return FW_HOLDS_SOME;
	h = prefix_in(&v[0], from, to);
	if (n > 1)
		h = both(h, prefix_in(&v[n - 1], from, to));
	if (sorted && h == FW_HOLDS_NONE && n > 1)
		return touches(v, n, from, to) ? FW_HOLDS_SOME : FW_HOLDS_NONE;
	if (sorted)
		return h;
	for (i = 1; i + 1 < n && h != FW_HOLDS_SOME; i++)
		h = both(h, prefix_in(&v[i], from, to));
	return h;
}

static bool contiguous(const uint8_t *mask, size_t n)
{
	size_t i = 0;

	while (i < n && mask[i] == 0xff)
		i++;
	if (i < n && (uint8_t)(mask[i] | (mask[i] - 1)) != 0xff && mask[i])
		return false;
	return i >= n || all_bytes(mask + i + 1, n - i - 1, 0);
}

/* A netmask with holes: (address & mask) == b */
static enum fw_holds prefix_masked(const struct addr *a,
				   const struct fw_addr *want)
{
	size_t i, n = addr_bytes(a->family);
	enum fw_holds h = FW_HOLDS_ALL;
	uint8_t lo[16], hi[16];

	span(a, lo, hi);
	for (i = 0; i < n; i++) {
		uint8_t fixed = (uint8_t) ~(lo[i] ^ hi[i]);

		if ((lo[i] ^ want->b[i]) & fixed & want->mask[i])
			return FW_HOLDS_NONE;
		if (want->mask[i] & (uint8_t)~fixed)
			h = FW_HOLDS_SOME;
	}
	return h;
}

static enum fw_holds addr_holds(const struct fw_addr *want,
				const struct fw_flow *f, bool src)
{
	const struct addr *v = src ? f->src : f->dst;
	size_t n = src ? f->n_src : f->n_dst;
	size_t i, len = addr_bytes(f->family);
	enum fw_holds h;
	uint8_t to[16];

	if (want->range)
		return between(v, n, f->sorted, want->b, want->b2, len);
	if (contiguous(want->mask, len)) {
		for (i = 0; i < len; i++)
			to[i] = want->b[i] | (uint8_t)~want->mask[i];
		return between(v, n, f->sorted, want->b, to, len);
	}
	if (!n)
		return FW_HOLDS_SOME;
	h = prefix_masked(&v[0], want);
	for (i = 1; i < n && h != FW_HOLDS_SOME; i++)
		h = both(h, prefix_masked(&v[i], want));
	return h;
}

/* Transport */

static enum fw_holds proto_holds(struct fw_range want, int l4proto)
{
	int lo = want.lo, hi = want.hi > 255 ? 255 : want.hi;

	if (lo == 0 && hi == 255)
		return FW_HOLDS_ALL;
	if (l4proto < 0)
		return FW_HOLDS_SOME;
	if (l4proto != FW_L4_REST)
		return certain(l4proto >= lo && l4proto <= hi);
	if (lo == hi && (lo == IPPROTO_TCP || lo == IPPROTO_UDP))
		return FW_HOLDS_NONE;
	return FW_HOLDS_SOME;
}

/* Fragments aside, TCP and UDP alone are known to have these ports. */
static enum fw_holds port_holds(struct fw_range want, struct fw_range have,
				int l4proto)
{
	if (!have.lo && !have.hi)
		have.hi = UINT16_MAX;
	if (l4proto == IPPROTO_TCP || l4proto == IPPROTO_UDP)
		return range_holds(want, have);
	return FW_HOLDS_SOME;
}

static enum fw_holds any_port(const struct fw_ports *p, struct fw_range have,
			      int l4proto)
{
	enum fw_holds h = FW_HOLDS_NONE;
	size_t i;

	for (i = 0; i < p->n && h != FW_HOLDS_ALL; i++) {
		enum fw_holds one = port_holds(p->v[i], have, l4proto);

		if (one > h)
			h = one;
	}
	return h;
}

static enum fw_holds ports_holds(const struct fw_ports *p,
				 const struct fw_flow *f)
{
	enum fw_holds src = any_port(p, f->sport, f->l4proto);
	enum fw_holds dst = any_port(p, f->dport, f->l4proto);

	switch (p->side) {
	case FW_PORTS_SRC:
		return src;
	case FW_PORTS_DST:
		return dst;
	case FW_PORTS_EITHER:
		return src > dst ? src : dst;
	}
	return FW_HOLDS_SOME;
}

static enum fw_holds tcp_flags_hold(const struct fw_tcp_flags *want,
				    const struct fw_flow *f)
{
	if (!want->mask)
		return certain(!want->cmp);
	if (!f->syn)
		return FW_HOLDS_SOME;
	if ((TCP_SYN ^ want->cmp) & want->mask & TCP_KNOWN)
		return FW_HOLDS_NONE;
	return want->mask & ~TCP_KNOWN ? FW_HOLDS_SOME : FW_HOLDS_ALL;
}

static enum fw_holds icmp_holds(const struct fw_icmp *want,
				const struct fw_flow *f)
{
	if (f->l4proto != want->proto)
		return FW_HOLDS_SOME;
	return want->proto == IPPROTO_ICMP && want->type == 0xff
		       ? FW_HOLDS_ALL
		       : FW_HOLDS_SOME;
}

/* Connections and routing */

static enum fw_holds ctstate_holds(uint32_t mask, uint32_t have)
{
	if (!have)
		return FW_HOLDS_SOME;
	if ((have & mask) == have)
		return FW_HOLDS_ALL;
	if (have & mask)
		return FW_HOLDS_SOME;
	return mask & ~(uint32_t)CT_STATES ? FW_HOLDS_SOME : FW_HOLDS_NONE;
}

/*
 * Where a packet goes to tells the type of its destination: it is forwarded
 * because that is not local, and came to INPUT because it is.  Of a source
 * nothing is known.
 */
static enum fw_holds addrtype_holds(const struct fw_addrtype *want,
				    const struct fw_flow *f)
{
	bool local = want->dst & (1u << RTN_LOCAL);
	enum fw_holds h = FW_HOLDS_SOME;

	if (!want->dst)
		return FW_HOLDS_SOME;
	if (f->hook == FW_FORWARD)
		h = certain(want->dst & (1u << RTN_UNICAST));
	else if (f->hook == FW_INPUT)
		h = certain(local);
	if (want->limit_in || want->limit_out)
		h = h == FW_HOLDS_NONE ? h : FW_HOLDS_SOME;
	if (want->invert_dst)
		h = opposite(h);
	return want->src && h == FW_HOLDS_ALL ? FW_HOLDS_SOME : h;
}

/* Sets */

/* Is a part's key the same in the packet and in the set: no mask on it? */
static bool unmasked(const uint8_t *mask, size_t len)
{
	return all_bytes(mask, len, 0xff) || all_bytes(mask, len, 0);
}

static enum fw_holds number_part(const uint8_t *from, const uint8_t *to,
				 uint32_t have)
{
	if (memcmp(from, to, sizeof(have)))
		return FW_HOLDS_SOME;
	return certain(!memcmp(from, &have, sizeof(have)));
}

static enum fw_holds name_part(const uint8_t *from, const uint8_t *to,
			       size_t len, const struct fw_flow *f, bool in)
{
	const struct fw_iface_set *s = in ? &f->in : &f->out;
	char have[IFNAMSIZ] = "", key[IFNAMSIZ + 1] = "";

	if (len > IFNAMSIZ)
		return FW_HOLDS_SOME;
	if (all_bytes(from, len, 0) && all_bytes(to, len, 0xff))
		return FW_HOLDS_ALL;
	if (!s->name && !no_iface(f, in)) {
		memcpy(key, from, len);
		if (!memcmp(from, to, len) && never_iface(f, s, key))
			return FW_HOLDS_NONE;
		return FW_HOLDS_SOME;
	}
	if (!no_iface(f, in))
		memcpy(have, s->name, strnlen(s->name, IFNAMSIZ - 1));
	return certain(memcmp(have, from, len) >= 0 &&
		       memcmp(have, to, len) <= 0);
}

static enum fw_holds index_part(const uint8_t *from, const uint8_t *to,
				size_t len, const struct fw_flow *f, bool in)
{
	const struct fw_iface_set *s = in ? &f->in : &f->out;

	if (no_iface(f, in))
		return len == 4 ? number_part(from, to, 0) : FW_HOLDS_SOME;
	if (len != 4 || !s->name || !s->index)
		return FW_HOLDS_SOME;
	return number_part(from, to, s->index);
}

static enum fw_holds addr_part(const uint8_t *from, const uint8_t *to,
			       size_t len, const uint8_t *mask,
			       const struct fw_flow *f, bool src)
{
	const struct addr *v = src ? f->src : f->dst;
	size_t n = src ? f->n_src : f->n_dst;

	if (len != addr_bytes(f->family))
		return FW_HOLDS_NONE;
	if (!unmasked(mask, len))
		return FW_HOLDS_SOME;
	return between(v, n, f->sorted, from, to, len);
}

static enum fw_holds port_part(const uint8_t *from, const uint8_t *to,
			       size_t len, struct fw_range have, int l4proto)
{
	struct fw_range want;

	if (len != 2)
		return FW_HOLDS_SOME;
	want.lo = (uint16_t)(from[0] << 8 | from[1]);
	want.hi = (uint16_t)(to[0] << 8 | to[1]);
	return port_holds(want, have, l4proto);
}

static enum fw_holds part_holds(const struct fw_key *key, size_t i,
				const uint8_t *from, const uint8_t *to,
				const struct fw_flow *f)
{
	const uint8_t *mask = key->part[i].mask;
	enum fw_field field = key->part[i].field;
	size_t len = key->part[i].len;

	if (field == FW_F_SADDR || field == FW_F_DADDR)
		return addr_part(from, to, len, mask, f, field == FW_F_SADDR);
	if (!unmasked(mask, len))
		return FW_HOLDS_SOME;
	switch (field) {
	case FW_F_IIFNAME:
	case FW_F_OIFNAME:
		return name_part(from, to, len, f, field == FW_F_IIFNAME);
	case FW_F_IIF:
	case FW_F_OIF:
		return index_part(from, to, len, f, field == FW_F_IIF);
	case FW_F_NFPROTO:
		return certain(f->family >= *from && f->family <= *to);
	case FW_F_L4PROTO:
		return proto_holds((struct fw_range){ *from, *to }, f->l4proto);
	case FW_F_SPORT:
		return port_part(from, to, len, f->sport, f->l4proto);
	case FW_F_DPORT:
		return port_part(from, to, len, f->dport, f->l4proto);
	case FW_F_CTSTATE:
		return len == 4 && f->ctstate
			       ? number_part(from, to, f->ctstate)
			       : FW_HOLDS_SOME;
	case FW_F_SADDR:
	case FW_F_DADDR:
	case FW_F_CTSTATUS:
	case FW_F_MARK:
	case FW_F_CTMARK:
	case FW_F_OTHER:
		break;
	}
	return FW_HOLDS_SOME;
}

enum fw_holds fw_elem_holds(const struct fw_key *key, const struct fw_elem *el,
			    const struct fw_flow *f)
{
	enum fw_holds h = FW_HOLDS_ALL;
	size_t i, off = 0;

	if (!key->n || !el->key)
		return FW_HOLDS_SOME;
	for (i = 0; i < key->n && h != FW_HOLDS_NONE; i++) {
		const uint8_t *to = el->key_end ? el->key_end : el->key;
		enum fw_holds one =
			part_holds(key, i, el->key + off, to + off, f);

		if (one < h)
			h = one;
		off += (key->part[i].len + 3u) & ~3u;
	}
	return h;
}

bool fw_lookup_fits(const struct fw_lookup *l)
{
	size_t i, len = 0;

	for (i = 0; i < l->key->n; i++) {
		len = (len + 3u) & ~(size_t)3u;
		len += l->key->part[i].len;
	}
	return l->set && l->key->n && len <= l->set->key_len;
}

static enum fw_holds lookup_holds(const struct fw_lookup *l,
				  const struct fw_flow *f)
{
	enum fw_holds h = FW_HOLDS_NONE;
	size_t i;

	if (!fw_lookup_fits(l))
		return FW_HOLDS_SOME;
	for (i = 0; i < l->set->n_elem && h != FW_HOLDS_ALL; i++) {
		const struct fw_elem *el = &l->set->elem[i];
		enum fw_holds one = el->catchall ? FW_HOLDS_ALL
						 : fw_elem_holds(l->key, el, f);

		if (one > h)
			h = one;
	}
	return l->set->dynamic ? FW_HOLDS_SOME : h;
}

/* More comparisons than this are not worth an ALL in place of a SOME. */
#define WORTH_COMPARING 65536

/* A lookup of one address: each of the flow's prefixes may be in its own. */
static enum fw_holds set_holds(const struct fw_lookup *l,
			       const struct fw_flow *f)
{
	enum fw_holds h = lookup_holds(l, f);
	bool src = l->key->n == 1 && l->key->part[0].field == FW_F_SADDR;
	bool dst = l->key->n == 1 && l->key->part[0].field == FW_F_DADDR;
	struct fw_flow one = *f;
	size_t i, n = src ? f->n_src : dst ? f->n_dst : 0;

	if (h != FW_HOLDS_SOME || n < 2 || !fw_lookup_fits(l) ||
	    n > WORTH_COMPARING / (l->set->n_elem + 1) || l->set->dynamic)
		return h;
	*(src ? &one.n_src : &one.n_dst) = 1;
	for (i = 0; i < n; i++) {
		*(src ? &one.src : &one.dst) = &(src ? f->src : f->dst)[i];
		if (lookup_holds(l, &one) != FW_HOLDS_ALL)
			return FW_HOLDS_SOME;
	}
	return FW_HOLDS_ALL;
}

/*
 * A match that needs a header which the flow has not is false either way: it is
 * not the value that differs.
 */
static bool has_no_such(const struct fw_match *m, const struct fw_flow *f)
{
	if (m->kind == FW_M_SADDR || m->kind == FW_M_DADDR)
		return m->addr.family != f->family;
	if (f->l4proto < 0)
		return false;
	if (m->kind == FW_M_TCP_FLAGS)
		return f->l4proto != IPPROTO_TCP;
	if (m->kind == FW_M_ICMP)
		return f->l4proto != FW_L4_REST && f->l4proto != m->icmp.proto;
	return false;
}

static enum fw_holds plain_holds(const struct fw_match *m,
				 const struct fw_flow *f)
{
	switch (m->kind) {
	case FW_M_IIF:
		return iface_holds(&m->iface, f, true);
	case FW_M_OIF:
		return iface_holds(&m->iface, f, false);
	case FW_M_SADDR:
		return addr_holds(&m->addr, f, true);
	case FW_M_DADDR:
		return addr_holds(&m->addr, f, false);
	case FW_M_NFPROTO:
		return certain(f->family >= m->range.lo &&
			       f->family <= m->range.hi);
	case FW_M_L4PROTO:
		return proto_holds(m->range, f->l4proto);
	case FW_M_SPORT:
		return port_holds(m->range, f->sport, f->l4proto);
	case FW_M_DPORT:
		return port_holds(m->range, f->dport, f->l4proto);
	case FW_M_PORTS:
		return ports_holds(&m->ports, f);
	case FW_M_TCP_FLAGS:
		return f->l4proto == IPPROTO_TCP
			       ? tcp_flags_hold(&m->tcp_flags, f)
			       : FW_HOLDS_SOME;
	case FW_M_ICMP:
		return icmp_holds(&m->icmp, f);
	case FW_M_CTSTATE:
		return ctstate_holds(m->ct.mask, f->ctstate);
	case FW_M_ADDRTYPE:
		return addrtype_holds(&m->addrtype, f);
	case FW_M_COMMENT:
		return FW_HOLDS_ALL;
	case FW_M_SET:
		return set_holds(&m->lookup, f);
	case FW_M_CTSTATUS:
	case FW_M_CTMARK:
	case FW_M_MARK:
	case FW_M_LIMIT:
	case FW_M_XT:
	case FW_M_EXPR:
		break;
	}
	return FW_HOLDS_SOME;
}

enum fw_holds fw_match_holds(const struct fw_match *m, const struct fw_flow *f)
{
	enum fw_holds h;

	if (has_no_such(m, f))
		return FW_HOLDS_NONE;
	h = plain_holds(m, f);
	return m->invert ? opposite(h) : h;
}

static int by_address(const void *x, const void *y)
{
	const struct addr *a = x, *b = y;
	int d = memcmp(a->b, b->b, sizeof(a->b));

	return d ? d : (int)a->plen - (int)b->plen;
}

int fw_prefixes(const struct addr *in, size_t n, uint8_t family,
		struct arena *a, const struct addr **ret, size_t *ret_n)
{
	struct addr *v = arena_array(a, n, sizeof(*v));
	size_t i, found = 0, kept = 0;

	if (!v)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (in[i].family == family)
			v[found++] = addr_masked(&in[i]);
	}
	if (found)
		qsort(v, found, sizeof(*v), by_address);
	for (i = 0; i < found; i++) {
		if (!kept || !addr_covers(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	}
	*ret = v;
	*ret_n = kept && !v[0].plen ? 0 : kept;
	return 0;
}
