// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/xt_entry.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/xt_info.h"
#include "fw/xt_scan.h"

/* Sizes are 16 bits wide; each leaves room for the rest of its entry. */
#define MAX_INFO (UINT16_MAX / 2)

/* The IP header of an entry while it is put together, of either family. */
struct head {
	struct ipt_ip ip; /* all but addresses */
	uint8_t addr[2][16], mask[2][16];
	uint32_t seen; /* bits 1 << enum fw_match_kind */
};

static int take_iface(const struct fw_match *m, char *name, uint8_t *mask)
{
	size_t len = strnlen(m->iface.name, IFNAMSIZ - 1);

	if (m->iface.index)
		return -EOPNOTSUPP;
	memcpy(name, m->iface.name, len);
	/* iptables leaves the + there, and compares it with -D. */
	if (m->iface.prefix && len < IFNAMSIZ - 1)
		name[len] = '+';
	memset(mask, 0xff, m->iface.prefix ? len : len + 1);
	return 0;
}

static int take_addr(const struct fw_match *m, uint8_t family, uint8_t *b,
		     uint8_t *mask)
{
	if (m->addr.range || m->addr.family != family)
		return -EOPNOTSUPP;
	memcpy(b, m->addr.b, 16);
	memcpy(mask, m->addr.mask, 16);
	return 0;
}

static int take_proto(const struct fw_match *m, struct ipt_ip *ip)
{
	if (m->range.lo != m->range.hi)
		return -EOPNOTSUPP;
	ip->proto = m->range.lo;
	return 0;
}

/* 1: not in the header */
static int take_match(const struct fw_match *m, uint8_t family, struct head *h)
{
	uint8_t inv = 0;
	int err = 0;

	switch ((int)m->kind) {
	case FW_M_IIF:
		inv = IPT_INV_VIA_IN;
		err = take_iface(m, h->ip.iniface, h->ip.iniface_mask);
		break;
	case FW_M_OIF:
		inv = IPT_INV_VIA_OUT;
		err = take_iface(m, h->ip.outiface, h->ip.outiface_mask);
		break;
	case FW_M_SADDR:
		inv = IPT_INV_SRCIP;
		err = take_addr(m, family, h->addr[0], h->mask[0]);
		break;
	case FW_M_DADDR:
		inv = IPT_INV_DSTIP;
		err = take_addr(m, family, h->addr[1], h->mask[1]);
		break;
	case FW_M_L4PROTO:
		inv = IPT_INV_PROTO;
		err = take_proto(m, &h->ip);
		break;
	case FW_M_NFPROTO:
		return m->range.lo <= family && family <= m->range.hi &&
				       !m->invert
			       ? 0
			       : -EOPNOTSUPP;
	case FW_M_XT:
		if (strcmp(m->raw.name, "-f") || family == NFPROTO_IPV6)
			return 1;
		h->ip.flags |= IPT_F_FRAG;
		if (m->raw.rev)
			h->ip.invflags |= IPT_INV_FRAG;
		return 0;
	default:
		return 1;
	}
	if (m->invert)
		h->ip.invflags |= inv;
	if (h->seen & (1u << m->kind))
		return -EOPNOTSUPP; /* the header has each of them once */
	h->seen |= 1u << m->kind;
	return err;
}

static void put_head4(const struct head *h, struct buf *out)
{
	struct ipt_entry en = { .ip = h->ip };

	memcpy(&en.ip.src, h->addr[0], 4);
	memcpy(&en.ip.dst, h->addr[1], 4);
	memcpy(&en.ip.smsk, h->mask[0], 4);
	memcpy(&en.ip.dmsk, h->mask[1], 4);
	buf_add(out, &en, sizeof(en));
}

static void put_head6(const struct head *h, struct buf *out)
{
	struct ip6t_entry en = {};
	struct ip6t_ip6 *ip = &en.ipv6;

	memcpy(&ip->src, h->addr[0], 16);
	memcpy(&ip->dst, h->addr[1], 16);
	memcpy(&ip->smsk, h->mask[0], 16);
	memcpy(&ip->dmsk, h->mask[1], 16);
	memcpy(ip->iniface, h->ip.iniface, IFNAMSIZ);
	memcpy(ip->outiface, h->ip.outiface, IFNAMSIZ);
	memcpy(ip->iniface_mask, h->ip.iniface_mask, IFNAMSIZ);
	memcpy(ip->outiface_mask, h->ip.outiface_mask, IFNAMSIZ);
	ip->proto = h->ip.proto;
	if (ip->proto)
		ip->flags |= IP6T_F_PROTO;
	if (h->ip.flags & IPT_F_GOTO)
		ip->flags |= IP6T_F_GOTO;
	ip->invflags = h->ip.invflags;
	buf_add(out, &en, sizeof(en));
}

static void put_head(const struct head *h, uint8_t family, struct buf *out)
{
	if (family == NFPROTO_IPV6)
		put_head6(h, out);
	else
		put_head4(h, out);
}

static void put_match(const struct fw_raw *x, struct buf *out)
{
	struct xt_entry_match m = {};

	m.u.match_size = (uint16_t)(sizeof(m) + x->len);
	snprintf(m.u.user.name, sizeof(m.u.user.name), "%s", x->name);
	m.u.user.revision = x->rev;
	buf_add(out, &m, sizeof(m));
	buf_add(out, x->data, x->len);
}

static void put_target(const struct fw_raw *x, struct buf *out)
{
	struct xt_entry_target t = {};

	t.u.target_size = (uint16_t)(sizeof(t) + x->len);
	snprintf(t.u.user.name, sizeof(t.u.user.name), "%s", x->name);
	t.u.user.revision = x->rev;
	buf_add(out, &t, sizeof(t));
	buf_add(out, x->data, x->len);
}

static void add_verdict(struct buf *out, int32_t verdict)
{
	struct fw_raw x = { XT_STANDARD_TARGET, 0, NULL, 0 };
	uint8_t data[XT_ALIGN(sizeof(verdict))] = {};

	memcpy(data, &verdict, sizeof(verdict));
	x.data = data;
	x.len = sizeof(data);
	put_target(&x, out);
}

static void finish(struct buf *out, uint8_t family, size_t start, size_t target)
{
	uint16_t v[2] = { (uint16_t)(target - start),
			  (uint16_t)(out->len - start) };

	if (!out->failed)
		memcpy(out->p + start + xt_entry_target_at(family), v,
		       sizeof(v));
}

static int add_target(struct arena *a, const struct fw_rule *r, uint8_t family,
		      struct buf *out)
{
	struct fw_raw x;
	int err;

	if (!r->n_stmt) {
		add_verdict(out, 0);
		return 0;
	}
	switch ((int)r->stmt->kind) {
	case FW_S_ACCEPT:
		add_verdict(out, -NF_ACCEPT - 1);
		return 0;
	case FW_S_DROP:
		add_verdict(out, -NF_DROP - 1);
		return 0;
	case FW_S_QUEUE:
		add_verdict(out, -NF_QUEUE - 1);
		return 0;
	case FW_S_RETURN:
		add_verdict(out, XT_RETURN);
		return 0;
	case FW_S_JUMP:
	case FW_S_GOTO:
		add_verdict(out, 0);
		return 0;
	}
	err = xt_info_build_target(a, r->stmt, family, &x);
	if (err)
		return err;
	if (strlen(x.name) >= XT_EXTENSION_MAXNAMELEN || x.len > MAX_INFO)
		return -EOPNOTSUPP;
	put_target(&x, out);
	return 0;
}

static int add_match(struct arena *a, const struct fw_rule *r, size_t at,
		     uint8_t family, struct buf *out, size_t *ret_n)
{
	struct fw_raw x;
	int err = xt_info_build_match(a, r, at, family, &x, ret_n);

	if (err)
		return err;
	if (strlen(x.name) >= XT_EXTENSION_MAXNAMELEN || x.len > MAX_INFO)
		return -EOPNOTSUPP;
	put_match(&x, out);
	return 0;
}

static int add_matches(struct arena *a, const struct fw_rule *r, uint8_t family,
		       struct head *h, struct buf *out)
{
	struct fw_match comment = { .kind = FW_M_COMMENT };
	struct fw_rule one = { .match = &comment, .n_match = 1 };
	size_t i, n;
	int err;

	for (i = 0; i < r->n_match; i += n) {
		n = 1;
		err = take_match(&r->match[i], family, h);
		if (err == 1)
			err = add_match(a, r, i, family, out, &n);
		if (err)
			return err;
	}
	comment.comment = r->comment;
	return r->comment ? add_match(a, &one, 0, family, out, &n) : 0;
}

int xt_entry_build(struct arena *a, uint8_t family, const struct fw_rule *r,
		   struct buf *out)
{
	cleanup(buf_done) struct buf matches = {};
	size_t start = out->len, target;
	struct head h = {};
	int err;

	if (r->n_stmt > 1)
		return -EOPNOTSUPP;
	if (r->n_stmt && r->stmt->kind == FW_S_GOTO)
		h.ip.flags |= IPT_F_GOTO;
	err = add_matches(a, r, family, &h, &matches);
	if (err)
		return err;
	put_head(&h, family, out);
	buf_add(out, matches.p, matches.len);
	target = out->len;
	err = add_target(a, r, family, out);
	if (err)
		return err;
	if (out->failed || matches.failed)
		return -ENOMEM;
	if (out->len - start > UINT16_MAX)
		return -EOPNOTSUPP;
	finish(out, family, start, target);
	return 0;
}

void xt_entry_add_head(struct buf *out, uint8_t family, const char *name)
{
	char data[XT_ALIGN(XT_FUNCTION_MAXNAMELEN)] = {};
	struct fw_raw x = { XT_ERROR_TARGET, 0, (uint8_t *)data, sizeof(data) };
	size_t start = out->len, target = start + xt_entry_head(family);

	snprintf(data, XT_FUNCTION_MAXNAMELEN, "%s", name);
	put_head(&(struct head){}, family, out);
	put_target(&x, out);
	finish(out, family, start, target);
}

void xt_entry_add_return(struct buf *out, uint8_t family)
{
	size_t start = out->len, target = start + xt_entry_head(family);

	put_head(&(struct head){}, family, out);
	add_verdict(out, XT_RETURN);
	finish(out, family, start, target);
}
