// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "fw/ipt_ext.h"
#include "fw/xt_info.h"

static struct fw_match *have(struct ipt_use *u, unsigned int i,
			     enum fw_match_kind kind, bool invert)
{
	u->has[i] = true;
	u->m[i].kind = kind;
	u->m[i].invert = invert;
	return &u->m[i];
}

static bool tcp_ports(struct ipt_parser *p, struct fw_range *ret)
{
	const char *colon = strchr(p->arg, ':');
	char *s;

	if (!colon) {
		if (!ipt_port(p, p->arg, IPT_SVC_TCP, &ret->lo))
			return false;
		ret->hi = ret->lo;
		return true;
	}
	s = arena_strndup(p->a, p->arg, colon - p->arg);
	if (!s)
		return ipt_no_memory(p);
	*ret = (struct fw_range){ 0, UINT16_MAX };
	if (*s && !ipt_port(p, s, IPT_SVC_TCP, &ret->lo))
		return false;
	if (colon[1] && !ipt_port(p, colon + 1, IPT_SVC_TCP, &ret->hi))
		return false;
	if (ret->lo > ret->hi)
		return ipt_fail(p, 2, "invalid portrange (min > max)");
	return true;
}

static bool tcp_flags(struct ipt_parser *p, const char *s, uint8_t *ret)
{
	static const struct {
		const char *name;
		uint8_t bits;
	} flags[] = { { "FIN", 0x01 }, { "SYN", 0x02 }, { "RST", 0x04 },
		      { "PSH", 0x08 }, { "ACK", 0x10 }, { "URG", 0x20 },
		      { "ALL", 0x3f }, { "NONE", 0 } };
	size_t len, i;

	for (*ret = 0; *s; s += len) {
		s += strspn(s, ",");
		len = strcspn(s, ",");
		for (i = 0; len && i < ARRAY_SIZE(flags); i++)
			if (strlen(flags[i].name) == len &&
			    strncasecmp(flags[i].name, s, len) == 0)
				break;
		if (i == ARRAY_SIZE(flags))
			return ipt_fail(p, 2, "Unknown TCP flag `%.*s'",
					(int)len, s);
		if (len)
			*ret |= flags[i].bits;
	}
	return true;
}

static bool tcp_flags_option(struct ipt_parser *p, struct ipt_use *u,
			     const struct ipt_opt *o, bool invert)
{
	struct fw_tcp_flags f = { 0x17, 0x02 };

	if (u->given & (BIT(O_SYN) | BIT(O_FLAGS)))
		return ipt_fail(p, 2,
				"Only one of `--syn' or `--tcp-flags'  "
				"allowed");
	if (o->id == O_FLAGS) {
		if (!ipt_follows(p))
			return ipt_fail(p, 2, "--tcp-flags requires two args.");
		if (!tcp_flags(p, p->arg, &f.mask) ||
		    !tcp_flags(p, p->w[p->at++], &f.cmp))
			return false;
	}
	u->given |= BIT(o->id);
	if (!f.mask && (f.cmp || invert))
		return ipt_unknown(p, "flags under no mask");
	if (f.mask)
		have(u, 2, FW_M_TCP_FLAGS, invert)->tcp_flags = f;
	return true;
}

/* tcp has its own parser and its own words. */
bool ipt_tcp_option(struct ipt_parser *p, struct ipt_use *u,
		    const struct ipt_opt *o, bool invert)
{
	struct fw_range r;

	if (o->id == O_TCP_OPTION)
		return ipt_unknown(p, "option --%s", o->name);
	if (o->id != O_SPORT && o->id != O_DPORT)
		return tcp_flags_option(p, u, o, invert);
	if (u->given & BIT(o->id))
		return ipt_fail(p, 2, "Only one `--%s-port' allowed",
				o->id == O_SPORT ? "source" : "destination");
	if (!tcp_ports(p, &r))
		return false;
	have(u, o->id, o->id == O_SPORT ? FW_M_SPORT : FW_M_DPORT, invert)
		->range = r;
	u->given |= BIT(o->id);
	return true;
}

/* struct word - a word of a list and its bits; abbreviated words will do */
struct word {
	const char *name;
	uint32_t bits;
};

static const struct word states[] = {
	{ "INVALID", FW_CT_INVALID },
	{ "NEW", FW_CT_NEW },
	{ "ESTABLISHED", FW_CT_ESTABLISHED },
	{ "RELATED", FW_CT_RELATED },
	{ "UNTRACKED", FW_CT_UNTRACKED },
	{ "SNAT", XT_CT_SNAT },
	{ "DNAT", XT_CT_DNAT },
};

/* Bits of enum ip_conntrack_status. */
static const struct word statuses[] = {
	{ "NONE", 0 },	  { "EXPECTED", 1 },  { "SEEN_REPLY", 2 },
	{ "ASSURED", 4 }, { "CONFIRMED", 8 },
};

static const struct word addrtypes[] = {
	{ "UNSPEC", 1 },	 { "UNICAST", 1 << 1 },
	{ "LOCAL", 1 << 2 },	 { "BROADCAST", 1 << 3 },
	{ "ANYCAST", 1 << 4 },	 { "MULTICAST", 1 << 5 },
	{ "BLACKHOLE", 1 << 6 }, { "UNREACHABLE", 1 << 7 },
	{ "PROHIBIT", 1 << 8 },	 { "THROW", 1 << 9 },
	{ "NAT", 1 << 10 },	 { "XRESOLVE", 1 << 11 },
};

/* Returns where the list is bad, or NULL. */
static const char *words(const char *s, const struct word *v, size_t n,
			 uint32_t *ret)
{
	size_t len, i;

	for (*ret = 0;; s += len + 1) {
		len = strcspn(s, ",");
		for (i = 0; i < n; i++)
			if (strncasecmp(s, v[i].name, len) == 0)
				break;
		if (!len || i == n)
			return s;
		*ret |= v[i].bits;
		if (!s[len])
			return NULL;
	}
}

static bool state_option(struct ipt_parser *p, struct ipt_use *u, bool invert)
{
	uint32_t mask = 0;
	/* "-m state" does not know of translation. */
	const char *bad = words(p->arg, states, ARRAY_SIZE(states) - 2, &mask);

	if (bad && !*bad)
		return ipt_fail(p, 2,
				"\"--state\" requires a list of states with no "
				"spaces, e.g. ESTABLISHED,RELATED");
	if (bad)
		return ipt_fail(p, 2, "Bad state \"%s\"", bad);
	have(u, 0, FW_M_CTSTATE, invert)->ct =
		(struct fw_ct){ .mask = mask, .state_match = true };
	return true;
}

static bool conntrack_option(struct ipt_parser *p, struct ipt_use *u,
			     const struct ipt_opt *o, bool invert)
{
	bool state = o->id == O_CTSTATE;
	uint32_t mask = 0;
	const char *bad;

	if (state)
		bad = words(p->arg, states, ARRAY_SIZE(states), &mask);
	else
		bad = words(p->arg, statuses, ARRAY_SIZE(statuses), &mask);
	if (bad)
		return ipt_fail(p, 2, "Bad %s \"%s\"", o->name, bad);
	have(u, !state, state ? FW_M_CTSTATE : FW_M_CTSTATUS, invert)->ct.mask =
		mask;
	if (u->has[0] && u->has[1])
		return ipt_unknown(p, "--ctstate with --ctstatus");
	return true;
}

static bool addrtype_option(struct ipt_parser *p, struct ipt_use *u,
			    const struct ipt_opt *o, bool invert)
{
	struct fw_addrtype *t = &have(u, 0, FW_M_ADDRTYPE, false)->addrtype;
	bool src = o->id == O_SRC_TYPE;
	uint32_t mask = 0;
	const char *bad;

	if (o->id == O_LIMIT_IN)
		t->limit_in = true;
	if (o->id == O_LIMIT_OUT)
		t->limit_out = true;
	if (o->arg == IPT_ARG_NONE)
		return true;
	bad = words(p->arg, addrtypes, ARRAY_SIZE(addrtypes), &mask);
	if (bad && strchr(bad, ','))
		return ipt_fail(p, 2, "addrtype: bad type `%s'", bad);
	if (bad)
		return ipt_fail(p, 2, "addrtype: bad type \"%s\"", bad);
	*(src ? &t->src : &t->dst) = mask;
	*(src ? &t->invert_src : &t->invert_dst) = invert;
	return true;
}

static bool multiport_proto(struct ipt_parser *p, enum ipt_service *ret)
{
	const char *only = "multiport only works with TCP, UDP, UDPLITE, SCTP "
			   "and DCCP";

	if (p->inverted & IPT_O_PROTO)
		return ipt_fail(p, 2, "%s", only);
	switch (p->proto) {
	case 0:
		return ipt_fail(p, 2,
				"multiport needs `-p tcp', `-p udp', `-p "
				"udplite', `-p sctp' or `-p dccp'");
	case IPPROTO_TCP:
		*ret = IPT_SVC_TCP;
		return true;
	case IPPROTO_UDP:
		*ret = IPT_SVC_UDP;
		return true;
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		*ret = 0;
		return true;
	}
	return ipt_fail(p, 2, "%s", only);
}

/* A range takes two of the fifteen places that xt multiport has. */
static bool multiport_option(struct ipt_parser *p, struct ipt_use *u,
			     const struct ipt_opt *o, bool invert)
{
	struct fw_ports *ports = &have(u, 0, FW_M_PORTS, invert)->ports;
	enum ipt_service svc = 0;
	unsigned int places = 0;
	char *s, *next, *range;

	ports->side = o->id == O_SPORTS	  ? FW_PORTS_SRC
		      : o->id == O_DPORTS ? FW_PORTS_DST
					  : FW_PORTS_EITHER;
	s = arena_strndup(p->a, p->arg, strlen(p->arg));
	if (!s)
		return ipt_no_memory(p);
	if (!multiport_proto(p, &svc))
		return false;
	for (; s && places < 15; s = next) {
		struct fw_range *r = &ports->v[ports->n++];

		next = strchr(s, ',');
		if (next)
			*next++ = '\0';
		range = strchr(s, ':');
		if (range) {
			*range++ = '\0';
			if (places == 14)
				return ipt_fail(p, 2,
						"too many ports specified");
		}
		if (!ipt_port(p, s, svc, &r->lo))
			return false;
		r->hi = r->lo;
		places += range ? 2 : 1;
		if (range && !ipt_port(p, range, svc, &r->hi))
			return false;
		if (range && r->lo >= r->hi)
			return ipt_fail(p, 2, "invalid portrange specified");
	}
	if (s)
		return ipt_fail(p, 2, "too many ports specified");
	return true;
}

/* The kernel keeps the time of a packet, in 1/10000 s, and shows this back. */
static void normal_limit(uint32_t time, struct fw_limit *ret)
{
	static const uint32_t units[] = { 86400, 3600, 60, 1 };
	size_t i;

	for (i = 1; i < ARRAY_SIZE(units); i++) {
		uint32_t all = units[i] * 10000;

		if (time > all || all / time < all % time)
			break;
	}
	ret->unit = units[i - 1];
	ret->rate = units[i - 1] * 10000 / time;
}

static bool limit_option(struct ipt_parser *p, struct ipt_use *u,
			 const struct ipt_opt *o, uint32_t number)
{
	static const struct word units[] = { { "second", 1 },
					     { "minute", 60 },
					     { "hour", 3600 },
					     { "day", 86400 } };
	const char *slash = strchr(p->arg, '/');
	uint32_t unit = 1, rate = strtol(p->arg, NULL, 10), time;

	if (o->id == O_BURST) {
		/* nf_tables takes none for its default. */
		if (!number && p->backend == FW_NFT)
			number = 5;
		u->m[0].limit.burst = number;
		return true;
	}
	if ((slash && (strchr(slash + 1, ',') ||
		       words(slash + 1, units, ARRAY_SIZE(units), &unit))) ||
	    !rate)
		return ipt_fail(p, 2, "bad rate \"%s\"'", p->arg);
	time = 10000 * unit / rate;
	if (!time)
		return ipt_fail(p, 2, "Rate too fast \"%s\"", p->arg);
	normal_limit(time, &u->m[0].limit);
	return true;
}

static bool comment_option(struct ipt_parser *p, struct ipt_use *u)
{
	struct fw_match *m = have(u, 0, FW_M_COMMENT, false);

	m->comment = arena_strndup(p->a, p->arg, strnlen(p->arg, 255));
	return m->comment ? true : ipt_no_memory(p);
}

bool ipt_match_option(struct ipt_parser *p, struct ipt_use *u,
		      const struct ipt_opt *o, bool invert,
		      const struct ipt_value *v)
{
	struct fw_match *m;

	switch (u->ext->id) {
	case IPT_UDP:
		m = have(u, o->id, o->id == O_SPORT ? FW_M_SPORT : FW_M_DPORT,
			 invert);
		m->range = v->ports;
		return true;
	case IPT_ICMP:
	case IPT_ICMP6:
		return ipt_icmp_type(p, p->arg,
				     &have(u, 0, FW_M_ICMP, invert)->icmp);
	case IPT_STATE:
		return state_option(p, u, invert);
	case IPT_CONNTRACK:
		return conntrack_option(p, u, o, invert);
	case IPT_COMMENT:
		return comment_option(p, u);
	case IPT_MULTIPORT:
		return multiport_option(p, u, o, invert);
	case IPT_ADDRTYPE:
		return addrtype_option(p, u, o, invert);
	case IPT_MARK:
	case IPT_CONNMARK:
		m = have(u, 0, u->ext->id == IPT_MARK ? FW_M_MARK : FW_M_CTMARK,
			 invert);
		m->bits = (struct fw_bits){ v->number, v->mask };
		return true;
	case IPT_LIMIT:
		return limit_option(p, u, o, v->number);
	case IPT_TCP:
	case IPT_T_STANDARD:
	case IPT_T_REJECT:
	case IPT_T_MASQUERADE:
	case IPT_T_SNAT:
	case IPT_T_DNAT:
	case IPT_T_REDIRECT:
	case IPT_T_TCPMSS:
	case IPT_T_MARK:
	case IPT_T_CONNMARK:
	case IPT_T_LOG:
		break;
	}
	return true;
}
