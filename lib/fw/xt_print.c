// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/xt_info.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_DSCP.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_NFLOG.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_TEE.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_connlimit.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter/xt_helper.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_length.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_policy.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_socket.h>
#include <linux/netfilter/xt_statistic.h>
#include <linux/netfilter/xt_string.h>
#include <linux/netfilter/xt_tcpmss.h>
#include <linux/netfilter_ipv6/ip6t_rt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Each printer has the bytes of its structure, in memory that is aligned and
 * zero after them, and appends " --option value"; false: it does not know how.
 */
struct info {
	const void *p;
	uint8_t rev, family;
	struct buf *out;
};

static const char * not(bool invert)
{
	return invert ? " !" : "";
}

/* iptables puts quotes around what is more than letters, digits, _ and -. */
static void put_text(struct buf *out, const char *s, size_t size)
{
	size_t i, len = strnlen(s, size);
	bool plain = len > 0;

	for (i = 0; i < len; i++)
		plain &= s[i] == '_' || s[i] == '-' ||
			 (s[i] >= '0' && s[i] <= '9') ||
			 ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z');
	if (plain) {
		buf_add(out, s, len);
		return;
	}
	buf_addc(out, '"');
	for (i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\' || s[i] == '\'')
			buf_addc(out, '\\');
		buf_addc(out, s[i]);
	}
	buf_addc(out, '"');
}

static void put_addr(const struct info *i, const void *addr)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(i->family == NFPROTO_IPV6 ? AF_INET6 : AF_INET, addr, text,
		  sizeof(text));
	buf_adds(i->out, text);
}

/* Leading ones; -1 where others follow. */
static int prefix_of(uint8_t family, const void *mask)
{
	const uint8_t *b = mask;
	int bits = family == NFPROTO_IPV6 ? 128 : 32, n = 0, k;

	while (n < bits && b[n / 8] & (0x80 >> n % 8))
		n++;
	for (k = n; k < bits; k++)
		if (b[k / 8] & (0x80 >> k % 8))
			return -1;
	return n;
}

static void put_net(const struct info *i, const void *addr, const void *mask)
{
	int n = prefix_of(i->family, mask);

	put_addr(i, addr);
	if (n < 0) {
		buf_addc(i->out, '/');
		put_addr(i, mask);
	} else if (n != (i->family == NFPROTO_IPV6 ? 128 : 32)) {
		buf_addf(i->out, "/%d", n);
	}
}

static void put_range(struct buf *out, const char *opt, bool invert,
		      unsigned int lo, unsigned int hi, char between)
{
	buf_addf(out, "%s %s %u", not(invert), opt, lo);
	if (lo != hi)
		buf_addf(out, "%c%u", between, hi);
}

/* One of @n words; there are no more than that. */
static bool put_word(struct buf *out, const char *const *words, size_t n,
		     size_t i)
{
	if (i >= n)
		return false;
	buf_adds(out, words[i]);
	return true;
}

/* Words for the bits of @v from the lowest on, each after a space. */
static void put_flags(struct buf *out, const char *const *words, size_t n,
		      unsigned int v)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v & (1u << i))
			buf_addf(out, " %s", words[i]);
}

/* Also for the targets HL and TTL. */
static bool print_ttl(const struct info *i, const char *name,
		      const char *const *ops, size_t n)
{
	const uint8_t *v = i->p; /* mode and number */

	if (v[0] >= n)
		return false;
	buf_addf(i->out, "%s --%s-%s %u", not(ops[v[0]][0] == '!'), name,
		 ops[v[0]] + (ops[v[0]][0] == '!'), v[1]);
	return true;
}

static const char *const ttl_match[] = { "eq", "!eq", "lt", "gt" };
static const char *const ttl_target[] = { "set", "inc", "dec" };

static bool p_hl(const struct info *i)
{
	return print_ttl(i, "hl", ttl_match, ARRAY_SIZE(ttl_match));
}

static bool p_ttl(const struct info *i)
{
	return print_ttl(i, "ttl", ttl_match, ARRAY_SIZE(ttl_match));
}

static bool p_set_hl(const struct info *i)
{
	return print_ttl(i, "hl", ttl_target, ARRAY_SIZE(ttl_target));
}

static bool p_set_ttl(const struct info *i)
{
	return print_ttl(i, "ttl", ttl_target, ARRAY_SIZE(ttl_target));
}

static bool p_rt(const struct info *i)
{
	const struct ip6t_rt *rt = i->p;

	if (rt->flags & ~(IP6T_RT_TYP | IP6T_RT_SGS | IP6T_RT_LEN))
		return false;
	if (rt->flags & IP6T_RT_TYP)
		buf_addf(i->out, "%s --rt-type %u",
			 not(rt->invflags & IP6T_RT_INV_TYP), rt->rt_type);
	if (rt->segsleft[0] || rt->segsleft[1] != UINT32_MAX)
		put_range(i->out, "--rt-segsleft",
			  rt->invflags & IP6T_RT_INV_SGS, rt->segsleft[0],
			  rt->segsleft[1], ':');
	if (rt->flags & IP6T_RT_LEN)
		buf_addf(i->out, "%s --rt-len %u",
			 not(rt->invflags & IP6T_RT_INV_LEN), rt->hdrlen);
	return true;
}

static bool p_rpfilter(const struct info *i)
{
	static const char *const words[] = { "--loose", "--validmark",
					     "--accept-local", "--invert" };
	const struct xt_rpfilter_info *r = i->p;

	put_flags(i->out, words, ARRAY_SIZE(words), r->flags);
	return true;
}

static bool p_physdev(const struct info *i)
{
	const struct xt_physdev_info *d = i->p;
	uint8_t v = d->bitmask, inv = d->invert;

	if (v & XT_PHYSDEV_OP_ISIN)
		buf_addf(i->out, "%s --physdev-is-in",
			 not(inv & XT_PHYSDEV_OP_ISIN));
	if (v & XT_PHYSDEV_OP_IN)
		buf_addf(i->out, "%s --physdev-in %.*s",
			 not(inv & XT_PHYSDEV_OP_IN), IFNAMSIZ, d->physindev);
	if (v & XT_PHYSDEV_OP_ISOUT)
		buf_addf(i->out, "%s --physdev-is-out",
			 not(inv & XT_PHYSDEV_OP_ISOUT));
	if (v & XT_PHYSDEV_OP_OUT)
		buf_addf(i->out, "%s --physdev-out %.*s",
			 not(inv & XT_PHYSDEV_OP_OUT), IFNAMSIZ, d->physoutdev);
	if (v & XT_PHYSDEV_OP_BRIDGED)
		buf_addf(i->out, "%s --physdev-is-bridged",
			 not(inv & XT_PHYSDEV_OP_BRIDGED));
	return true;
}

static bool print_policy(const struct info *i, const struct xt_policy_elem *el)
{
	struct buf *out = i->out;

	if (el->match.reqid)
		buf_addf(out, "%s --reqid %u", not(el->invert.reqid),
			 el->reqid);
	if (el->match.spi)
		buf_addf(out, "%s --spi 0x%x", not(el->invert.spi),
			 el->spi); /* as iptables, in no byte order */
	if (el->match.proto) {
		buf_addf(out, "%s --proto ", not(el->invert.proto));
		if (el->proto == IPPROTO_ESP || el->proto == IPPROTO_AH)
			buf_adds(out, el->proto == IPPROTO_ESP ? "esp" : "ah");
		else
			buf_addf(out, "%u", el->proto);
	}
	if (el->match.mode) {
		if (el->mode > XT_POLICY_MODE_TUNNEL)
			return false;
		buf_addf(out, "%s --mode %s", not(el->invert.mode),
			 el->mode ? "tunnel" : "transport");
	}
	if (el->match.daddr) {
		buf_addf(out, "%s --tunnel-dst ", not(el->invert.daddr));
		put_net(i, &el->daddr, &el->dmask);
	}
	if (el->match.saddr) {
		buf_addf(out, "%s --tunnel-src ", not(el->invert.saddr));
		put_net(i, &el->saddr, &el->smask);
	}
	return true;
}

static bool p_policy(const struct info *i)
{
	const struct xt_policy_info *p = i->p;
	unsigned int k;

	if (p->len > XT_POLICY_MAX_ELEM)
		return false;
	if (p->flags & (XT_POLICY_MATCH_IN | XT_POLICY_MATCH_OUT))
		buf_addf(i->out, " --dir %s",
			 p->flags & XT_POLICY_MATCH_IN ? "in" : "out");
	buf_addf(i->out, " --pol %s",
		 p->flags & XT_POLICY_MATCH_NONE ? "none" : "ipsec");
	if (p->flags & XT_POLICY_MATCH_STRICT)
		buf_adds(i->out, " --strict");
	for (k = 0; k < p->len; k++) {
		if (k)
			buf_adds(i->out, " --next");
		if (!print_policy(i, &p->pol[k]))
			return false;
	}
	return true;
}

static bool p_mac(const struct info *i)
{
	const struct xt_mac_info *m = i->p;
	const uint8_t *b = m->srcaddr;

	buf_addf(i->out, "%s --mac-source %02x:%02x:%02x:%02x:%02x:%02x",
		 not(m->invert), b[0], b[1], b[2], b[3], b[4], b[5]);
	return true;
}

static bool p_pkttype(const struct info *i)
{
	static const char *const words[] = { "unicast", "broadcast",
					     "multicast" };
	const struct xt_pkttype_info *t = i->p;

	buf_addf(i->out, "%s --pkt-type ", not(t->invert));
	return put_word(i->out, words, ARRAY_SIZE(words), (size_t)t->pkttype);
}

static bool p_helper(const struct info *i)
{
	const struct xt_helper_info *h = i->p;

	buf_addf(i->out, "%s --helper ", not(h->invert));
	put_text(i->out, h->name, sizeof(h->name));
	return true;
}

static bool p_length(const struct info *i)
{
	const struct xt_length_info *l = i->p;

	put_range(i->out, "--length", l->invert, l->min, l->max, ':');
	return true;
}

static bool p_tcpmss(const struct info *i)
{
	const struct xt_tcpmss_match_info *t = i->p;

	put_range(i->out, "--mss", t->invert, t->mss_min, t->mss_max, ':');
	return true;
}

static bool p_owner(const struct info *i)
{
	const struct xt_owner_match_info *o = i->p;

	if (o->match & XT_OWNER_SOCKET)
		buf_addf(i->out, "%s --socket-exists",
			 not(o->invert & XT_OWNER_SOCKET));
	if (o->match & XT_OWNER_UID)
		put_range(i->out, "--uid-owner", o->invert & XT_OWNER_UID,
			  o->uid_min, o->uid_max, '-');
	if (o->match & XT_OWNER_GID)
		put_range(i->out, "--gid-owner", o->invert & XT_OWNER_GID,
			  o->gid_min, o->gid_max, '-');
	if (o->match & XT_OWNER_SUPPL_GROUPS)
		buf_adds(i->out, " --suppl-groups");
	return true;
}

static bool p_iprange(const struct info *i)
{
	const struct xt_iprange_mtinfo *r = i->p;

	if (r->flags & IPRANGE_SRC) {
		buf_addf(i->out, "%s --src-range ",
			 not(r->flags & IPRANGE_SRC_INV));
		put_addr(i, &r->src_min);
		buf_addc(i->out, '-');
		put_addr(i, &r->src_max);
	}
	if (r->flags & IPRANGE_DST) {
		buf_addf(i->out, "%s --dst-range ",
			 not(r->flags & IPRANGE_DST_INV));
		put_addr(i, &r->dst_min);
		buf_addc(i->out, '-');
		put_addr(i, &r->dst_max);
	}
	return true;
}

static bool p_connlimit(const struct info *i)
{
	const struct xt_connlimit_info *c = i->p;
	int n = prefix_of(i->family, &c->mask);

	if (n < 0)
		return false;
	buf_addf(i->out, " --connlimit-%s %u --connlimit-mask %d %s",
		 c->flags & XT_CONNLIMIT_INVERT ? "upto" : "above", c->limit, n,
		 c->flags & XT_CONNLIMIT_DADDR ? "--connlimit-daddr"
					       : "--connlimit-saddr");
	return true;
}

static bool p_statistic(const struct info *i)
{
	const struct xt_statistic_info *s = i->p;
	const char *inv = not(s->flags & XT_STATISTIC_INVERT);

	if (s->mode > XT_STATISTIC_MODE_MAX)
		return false;
	if (s->mode == XT_STATISTIC_MODE_RANDOM)
		buf_addf(i->out, " --mode random%s --probability %.11f", inv,
			 1.0 * s->u.random.probability / 0x80000000u);
	else
		buf_addf(i->out, " --mode nth%s --every %u --packet %u", inv,
			 s->u.nth.every + 1, s->u.nth.packet);
	return true;
}

static bool p_dscp(const struct info *i)
{
	const struct xt_dscp_info *d = i->p;

	buf_addf(i->out, "%s --dscp 0x%02x", not(d->invert), d->dscp);
	return true;
}

static bool p_tos(const struct info *i)
{
	const struct xt_tos_match_info *t = i->p;

	buf_addf(i->out, "%s --tos 0x%02x/0x%02x", not(t->invert), t->tos_value,
		 t->tos_mask);
	return true;
}

static bool p_recent(const struct info *i)
{
	const struct xt_recent_mtinfo_v1 *r = i->p;
	static const char *const what[] = { "--rcheck", "--set", "--update",
					    "--remove" };

	buf_adds(i->out, not(r->invert));
	put_flags(i->out, what, ARRAY_SIZE(what), r->check_set);
	if (r->seconds)
		buf_addf(i->out, " --seconds %u", r->seconds);
	if (r->check_set & XT_RECENT_REAP)
		buf_adds(i->out, " --reap");
	if (r->hit_count)
		buf_addf(i->out, " --hitcount %u", r->hit_count);
	if (r->check_set & XT_RECENT_TTL)
		buf_adds(i->out, " --rttl");
	buf_addf(i->out, " --name %.*s", XT_RECENT_NAME_LEN, r->name);
	if (i->rev == 1) {
		buf_adds(i->out, " --mask ");
		put_addr(i, &r->mask);
	}
	buf_adds(i->out, r->side == XT_RECENT_DEST ? " --rdest" : " --rsource");
	return true;
}

static bool p_socket(const struct info *i)
{
	static const char *const words[] = { "--transparent", "--nowildcard",
					     "--restore-skmark" };
	const struct xt_socket_mtinfo3 *s = i->p;

	put_flags(i->out, words, ARRAY_SIZE(words), i->rev ? s->flags : 0);
	return true;
}

static bool p_sctp(const struct info *i)
{
	const struct xt_sctp_info *s = i->p;

	if (s->flags & XT_SCTP_CHUNK_TYPES)
		return false;
	if (s->flags & XT_SCTP_SRC_PORTS)
		put_range(i->out, "--sport", s->invflags & XT_SCTP_SRC_PORTS,
			  s->spts[0], s->spts[1], ':');
	if (s->flags & XT_SCTP_DEST_PORTS)
		put_range(i->out, "--dport", s->invflags & XT_SCTP_DEST_PORTS,
			  s->dpts[0], s->dpts[1], ':');
	return true;
}

/* Only what no FW_M_LIMIT can say comes here: the rate is not exact. */
static bool p_limit(const struct info *i)
{
	static const struct {
		char name[8];
		uint32_t seconds;
	} units[] = {
		{ "day", 86400 }, { "hour", 3600 }, { "min", 60 }, { "sec", 1 }
	};
	const struct xt_rateinfo *r = i->p;
	uint32_t per;
	size_t k;

	if (!r->avg)
		return false;
	for (k = 1; k < ARRAY_SIZE(units); k++) {
		per = units[k].seconds * XT_LIMIT_SCALE;
		if (r->avg > per || per / r->avg < per % r->avg)
			break;
	}
	buf_addf(i->out, " --limit %u/%s",
		 units[k - 1].seconds * XT_LIMIT_SCALE / r->avg,
		 units[k - 1].name);
	if (r->burst != 5)
		buf_addf(i->out, " --limit-burst %u", r->burst);
	return true;
}

/* Words for the bits of @v, with commas, in the order that iptables has. */
static void put_list(struct buf *out, const char *opt, bool invert,
		     const char *const *words, const uint8_t *bits, size_t n,
		     unsigned int v)
{
	char sep = ' ';
	size_t k;

	buf_addf(out, "%s %s", not(invert), opt);
	for (k = 0; k < n; k++) {
		if (!(v & (1u << bits[k])))
			continue;
		buf_addf(out, "%c%s", sep, words[k]);
		sep = ',';
	}
	if (!v)
		buf_adds(out, " NONE");
}

static void put_ends(const struct info *i, const struct xt_conntrack_mtinfo3 *c,
		     bool ports)
{
	static const char *const ends[] = { "origsrc", "origdst", "replsrc",
					    "repldst" };
	const uint16_t lo[] = { c->origsrc_port, c->origdst_port,
				c->replsrc_port, c->repldst_port };
	const uint16_t hi[] = { c->origsrc_port_high, c->origdst_port_high,
				c->replsrc_port_high, c->repldst_port_high };
	const union nf_inet_addr *addr = &c->origsrc_addr;
	unsigned int k, bit;
	char opt[16];

	for (k = 0; k < ARRAY_SIZE(ends); k++) {
		bit = (ports ? XT_CONNTRACK_ORIGSRC_PORT : XT_CONNTRACK_ORIGSRC)
		      << k;
		if (!(c->match_flags & bit))
			continue;
		snprintf(opt, sizeof(opt), "--ct%s%s", ends[k],
			 ports ? "port" : "");
		if (ports) {
			put_range(i->out, opt, c->invert_flags & bit, lo[k],
				  hi[k], ':');
			continue;
		}
		buf_addf(i->out, "%s %s ", not(c->invert_flags & bit), opt);
		put_net(i, &addr[2 * k], &addr[2 * k + 1]);
	}
}

static bool p_conntrack(const struct info *i)
{
	static const char *const states[] = { "INVALID",   "NEW",
					      "RELATED",   "ESTABLISHED",
					      "UNTRACKED", "SNAT",
					      "DNAT" };
	static const uint8_t state_bits[] = { 0, 3, 2, 1, 8, 6, 7 };
	static const char *const statuses[] = { "EXPECTED", "SEEN_REPLY",
						"ASSURED", "CONFIRMED" };
	static const uint8_t status_bits[] = { 0, 1, 2, 3 };
	const struct xt_conntrack_mtinfo3 *c = i->p;
	unsigned int has = c->match_flags, inv = c->invert_flags;

	if (has & XT_CONNTRACK_STATE)
		put_list(i->out, "--ctstate", inv & XT_CONNTRACK_STATE, states,
			 state_bits, ARRAY_SIZE(states), c->state_mask);
	if (has & XT_CONNTRACK_PROTO)
		buf_addf(i->out, "%s --ctproto %u",
			 not(inv & XT_CONNTRACK_PROTO), c->l4proto);
	put_ends(i, c, false);
	put_ends(i, c, true);
	if (has & XT_CONNTRACK_STATUS)
		put_list(i->out, "--ctstatus", inv & XT_CONNTRACK_STATUS,
			 statuses, status_bits, ARRAY_SIZE(statuses),
			 c->status_mask);
	if (has & XT_CONNTRACK_EXPIRES)
		put_range(i->out, "--ctexpire", inv & XT_CONNTRACK_EXPIRES,
			  c->expires_min, c->expires_max, ':');
	if (has & XT_CONNTRACK_DIRECTION)
		buf_addf(i->out, " --ctdir %s",
			 inv & XT_CONNTRACK_DIRECTION ? "REPLY" : "ORIGINAL");
	return true;
}

static bool p_string(const struct info *i)
{
	const struct xt_string_info *s = i->p;
	bool plain = true;
	uint8_t k;

	if (s->patlen > sizeof(s->pattern))
		return false;
	for (k = 0; k < s->patlen; k++)
		plain &= s->pattern[k] >= ' ' && s->pattern[k] < 127 &&
			 s->pattern[k] != '|';
	buf_addf(i->out, "%s --%s ", not(s->u.v1.flags & XT_STRING_FLAG_INVERT),
		 plain ? "string" : "hex-string");
	if (plain) {
		put_text(i->out, s->pattern, s->patlen);
	} else {
		buf_adds(i->out, "\"|");
		for (k = 0; k < s->patlen; k++)
			buf_addf(i->out, "%02x", (uint8_t)s->pattern[k]);
		buf_adds(i->out, "|\"");
	}
	buf_addf(i->out, " --algo %.*s", (int)sizeof(s->algo), s->algo);
	if (s->from_offset)
		buf_addf(i->out, " --from %u", s->from_offset);
	if (s->to_offset && s->to_offset != UINT16_MAX)
		buf_addf(i->out, " --to %u", s->to_offset);
	if (s->u.v1.flags & XT_STRING_FLAG_IGNORECASE)
		buf_adds(i->out, " --icase");
	return true;
}

static bool p_log(const struct info *i)
{
	static const char *const words[] = { "--log-tcp-sequence",
					     "--log-tcp-options",
					     "--log-ip-options",
					     "--log-uid",
					     "",
					     "--log-macdecode" };
	const struct xt_log_info *l = i->p;

	if (l->prefix[0]) {
		buf_adds(i->out, " --log-prefix ");
		put_text(i->out, l->prefix, sizeof(l->prefix));
	}
	if (l->level != 4)
		buf_addf(i->out, " --log-level %u", l->level);
	put_flags(i->out, words, ARRAY_SIZE(words), l->logflags & XT_LOG_MASK);
	return true;
}

static bool p_nflog(const struct info *i)
{
	const struct xt_nflog_info *l = i->p;

	if (l->prefix[0]) {
		buf_adds(i->out, " --nflog-prefix ");
		put_text(i->out, l->prefix, sizeof(l->prefix));
	}
	if (l->group)
		buf_addf(i->out, " --nflog-group %u", l->group);
	if (l->len)
		buf_addf(i->out, " --nflog-%s %u",
			 l->flags & XT_NFLOG_F_COPY_LEN ? "size" : "range",
			 l->len);
	if (l->threshold)
		buf_addf(i->out, " --nflog-threshold %u", l->threshold);
	return true;
}

static bool p_checksum(const struct info *i)
{
	buf_adds(i->out, " --checksum-fill");
	return true;
}

/* NOTRACK, the target, was made into an option; its name is still shown. */
static bool p_ct(const struct info *i)
{
	const struct xt_ct_target_info_v1 *c = i->p;
	const char *which = "";

	if (c->ct_events || c->exp_events || (i->rev && c->timeout[0]) ||
	    c->flags & XT_CT_NOTRACK_ALIAS)
		return false;
	if (c->flags & XT_CT_NOTRACK)
		buf_adds(i->out, " --notrack");
	if (c->helper[0])
		buf_addf(i->out, " --helper %.*s", (int)sizeof(c->helper),
			 c->helper);
	if (c->flags & XT_CT_ZONE_DIR_ORIG)
		which = "-orig";
	if (c->flags & XT_CT_ZONE_DIR_REPL)
		which = "-reply";
	if (c->flags & XT_CT_ZONE_MARK)
		buf_addf(i->out, " --zone%s mark", which);
	else if (c->zone)
		buf_addf(i->out, " --zone%s %u", which, c->zone);
	return true;
}

static bool p_none(const struct info *i)
{
	(void)i;
	return true;
}

static bool p_set_dscp(const struct info *i)
{
	const struct xt_DSCP_info *d = i->p;

	buf_addf(i->out, " --set-dscp 0x%02x", d->dscp);
	return true;
}

static bool p_set_tos(const struct info *i)
{
	const struct xt_tos_target_info *t = i->p;

	buf_addf(i->out, " --set-tos 0x%02x/0x%02x", t->tos_value, t->tos_mask);
	return true;
}

static bool p_classify(const struct info *i)
{
	const uint32_t *class = i->p;

	buf_addf(i->out, " --set-class %04x:%04x", *class >> 16,
		 *class & 0xffff);
	return true;
}

static bool p_tee(const struct info *i)
{
	const struct xt_tee_tginfo *t = i->p;

	buf_adds(i->out, " --gateway ");
	put_addr(i, &t->gw);
	if (t->oif[0])
		buf_addf(i->out, " --oif %.*s", (int)sizeof(t->oif), t->oif);
	return true;
}

static bool p_nfqueue(const struct info *i)
{
	const struct xt_NFQ_info_v3 *q = i->p;
	unsigned int flags = i->rev == 2 ? q->flags != 0 : q->flags;

	if (i->rev && q->queues_total > 1)
		buf_addf(i->out, " --queue-balance %u:%u", q->queuenum,
			 q->queuenum + q->queues_total - 1);
	else
		buf_addf(i->out, " --queue-num %u", q->queuenum);
	if (i->rev < 2)
		return true;
	if (flags & NFQ_FLAG_BYPASS)
		buf_adds(i->out, " --queue-bypass");
	if (flags & NFQ_FLAG_CPU_FANOUT)
		buf_adds(i->out, " --queue-cpu-fanout");
	return true;
}

static bool p_tproxy(const struct info *i)
{
	const struct xt_tproxy_target_info_v1 *t = i->p;

	buf_addf(i->out, " --on-port %u --on-ip ", ntohs(t->lport));
	put_addr(i, &t->laddr);
	buf_addf(i->out, " --tproxy-mark 0x%x/0x%x", t->mark_value,
		 t->mark_mask);
	return true;
}

/* The range is a network: what differs between its ends is the host part. */
static bool p_netmap(const struct info *i)
{
	const struct nf_nat_ipv4_multi_range_compat *v4 = i->p;
	const struct nf_nat_range *v6 = i->p;
	const uint8_t *lo = (const uint8_t *)&v4->range[0].min_ip;
	const uint8_t *hi = (const uint8_t *)&v4->range[0].max_ip;
	size_t k, n = 4;
	uint8_t mask[16];
	int bits;

	if (i->family == NFPROTO_IPV6) {
		lo = (const uint8_t *)&v6->min_addr;
		hi = (const uint8_t *)&v6->max_addr;
		n = 16;
	}
	for (k = 0; k < n; k++)
		mask[k] = (uint8_t) ~(lo[k] ^ hi[k]);
	bits = prefix_of(i->family, mask);
	buf_adds(i->out, " --to ");
	put_addr(i, lo);
	if (bits >= 0) {
		buf_addf(i->out, "/%d", bits);
	} else {
		buf_addc(i->out, '/');
		put_addr(i, mask);
	}
	return true;
}

/**
 * struct printer - how an extension is shown
 * @name:	of a match, or of a target, which has capitals
 * @lo:		oldest revision that is meant
 * @hi:		newest
 * @len:	bytes that the oldest has at least
 * @print:	prints
 */
struct printer {
	char name[11];
	uint8_t lo, hi;
	uint16_t len;
	bool (*print)(const struct info *i);
};

static const struct printer printers[] = {
	{ "hl", 0, 0, 2, p_hl },
	{ "ttl", 0, 0, 2, p_ttl },
	{ "rt", 0, 0, sizeof(struct ip6t_rt), p_rt },
	{ "rpfilter", 0, 0, 1, p_rpfilter },
	{ "physdev", 0, 0, sizeof(struct xt_physdev_info), p_physdev },
	{ "policy", 0, 0, sizeof(struct xt_policy_info), p_policy },
	{ "mac", 0, 0, sizeof(struct xt_mac_info), p_mac },
	{ "pkttype", 0, 0, sizeof(struct xt_pkttype_info), p_pkttype },
	{ "helper", 0, 0, sizeof(struct xt_helper_info), p_helper },
	{ "length", 0, 0, sizeof(struct xt_length_info), p_length },
	{ "tcpmss", 0, 0, sizeof(struct xt_tcpmss_match_info), p_tcpmss },
	{ "owner", 1, 1, sizeof(struct xt_owner_match_info), p_owner },
	{ "iprange", 1, 1, sizeof(struct xt_iprange_mtinfo), p_iprange },
	{ "connlimit", 1, 1, sizeof(struct xt_connlimit_info), p_connlimit },
	{ "statistic", 0, 0, sizeof(struct xt_statistic_info), p_statistic },
	{ "dscp", 0, 0, sizeof(struct xt_dscp_info), p_dscp },
	{ "tos", 1, 1, sizeof(struct xt_tos_match_info), p_tos },
	{ "recent", 0, 1, sizeof(struct xt_recent_mtinfo), p_recent },
	{ "socket", 0, 3, 0, p_socket },
	{ "sctp", 0, 0, sizeof(struct xt_sctp_info), p_sctp },
	{ "limit", 0, 0, sizeof(struct xt_rateinfo), p_limit },
	{ "conntrack", 3, 3, sizeof(struct xt_conntrack_mtinfo3), p_conntrack },
	{ "string", 1, 1, sizeof(struct xt_string_info), p_string },
	{ "LOG", 0, 0, sizeof(struct xt_log_info), p_log },
	{ "NFLOG", 0, 0, sizeof(struct xt_nflog_info), p_nflog },
	{ "CHECKSUM", 0, 0, 1, p_checksum },
	{ "CT", 0, 2, sizeof(struct xt_ct_target_info), p_ct },
	{ "NOTRACK", 0, 0, 0, p_none },
	{ "TRACE", 0, 0, 0, p_none },
	{ "TTL", 0, 0, 2, p_set_ttl },
	{ "HL", 0, 0, 2, p_set_hl },
	{ "DSCP", 0, 0, 1, p_set_dscp },
	{ "TOS", 1, 1, 2, p_set_tos },
	{ "CLASSIFY", 0, 0, 4, p_classify },
	{ "TEE", 1, 1, sizeof(struct xt_tee_tginfo), p_tee },
	{ "NFQUEUE", 0, 3, 2, p_nfqueue },
	{ "TPROXY", 1, 1, sizeof(struct xt_tproxy_target_info_v1), p_tproxy },
	{ "NETMAP", 0, 0, 20, p_netmap },
};

/* Longer than the longest structure above, so that each has all its bytes. */
#define MAX_INFO 512

static bool print(const struct fw_raw *x, uint8_t family, struct buf *out)
{
	union {
		uint64_t align;
		uint8_t b[MAX_INFO];
	} copy = {};
	struct info i = { &copy, x->rev, family, out };
	const struct printer *p;

	if (x->len > sizeof(copy))
		return false;
	if (x->len)
		memcpy(copy.b, x->data, x->len);
	for (p = printers; p < printers + ARRAY_SIZE(printers); p++)
		if (!strcmp(p->name, x->name) && p->lo <= x->rev &&
		    x->rev <= p->hi)
			return x->len >= p->len && p->print(&i);
	return false;
}

/* Take back what was printed before it turned out not to be known. */
static bool keep_if(bool known, struct buf *out, size_t len)
{
	if (!known && out->p && !out->failed) {
		out->len = len;
		out->p[len] = 0;
	}
	return known;
}

bool xt_info_print_match(const struct fw_raw *x, uint8_t family,
			 struct buf *out)
{
	size_t len = out->len;

	if (!strcmp(x->name, "-f")) {
		if (family != NFPROTO_IPV6)
			buf_adds(out, x->rev ? "! -f" : "-f");
		return family != NFPROTO_IPV6;
	}
	buf_addf(out, "-m %s", x->name);
	return keep_if(print(x, family, out), out, len);
}

bool xt_info_print_target(const struct fw_raw *x, uint8_t family,
			  struct buf *out)
{
	size_t len = out->len;
	uint16_t flags;

	if (!strcmp(x->name, "CT") && x->len >= sizeof(flags)) {
		memcpy(&flags, x->data, sizeof(flags));
		if (flags & XT_CT_NOTRACK_ALIAS) {
			buf_adds(out, "-j NOTRACK");
			return true;
		}
	}
	buf_addf(out, "-j %s", x->name);
	return keep_if(print(x, family, out), out, len);
}
