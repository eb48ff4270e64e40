// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "fw/ipt_private.h"
#include "fw/xt_info.h"

#define BIT(n) (1U << (n))

/* An option without and one with an argument, in a table. */
#define FLAG(n, i, x)                                              \
	{                                                          \
		.name = n, .id = i, .arg = IPT_ARG_NONE, .excl = x \
	}
#define WITH(n, i, a, f, x, m)                                             \
	{                                                                  \
		.name = n, .id = i, .arg = a, .flags = f, .has_arg = true, \
		.excl = x, .max = m                                        \
	}
/* An option that the real program knows, so that abbreviations agree. */
#define OTHER(n, i)                                                       \
	{                                                                 \
		.name = n, .id = i, .arg = IPT_ARG_OTHER, .has_arg = true \
	}

enum { O_SPORT, O_DPORT, O_SYN, O_FLAGS, O_TCP_OPTION };

static const struct ipt_opt tcp_opts[] = {
	WITH("source-port", O_SPORT, IPT_ARG_STRING, 0, 0, 0),
	WITH("sport", O_SPORT, IPT_ARG_STRING, 0, 0, 0),
	WITH("destination-port", O_DPORT, IPT_ARG_STRING, 0, 0, 0),
	WITH("dport", O_DPORT, IPT_ARG_STRING, 0, 0, 0),
	FLAG("syn", O_SYN, 0),
	WITH("tcp-flags", O_FLAGS, IPT_ARG_STRING, 0, 0, 0),
	WITH("tcp-option", O_TCP_OPTION, IPT_ARG_STRING, 0, 0, 0),
};

static const struct ipt_opt udp_opts[] = {
	WITH("source-port", O_SPORT, IPT_ARG_PORTS, IPT_OPT_INVERT, 0, 0),
	WITH("sport", O_SPORT, IPT_ARG_PORTS, IPT_OPT_INVERT, 0, 0),
	WITH("destination-port", O_DPORT, IPT_ARG_PORTS, IPT_OPT_INVERT, 0, 0),
	WITH("dport", O_DPORT, IPT_ARG_PORTS, IPT_OPT_INVERT, 0, 0),
};

static const struct ipt_opt icmp_opts[] = {
	WITH("icmp-type", 0, IPT_ARG_STRING, IPT_OPT_INVERT | IPT_OPT_NEEDED, 0,
	     0),
};

static const struct ipt_opt icmp6_opts[] = {
	WITH("icmpv6-type", 0, IPT_ARG_STRING, IPT_OPT_INVERT | IPT_OPT_NEEDED,
	     0, 0),
};

static const struct ipt_opt state_opts[] = {
	WITH("state", 0, IPT_ARG_STRING, IPT_OPT_INVERT | IPT_OPT_NEEDED, 0, 0),
};

enum { O_CTSTATE, O_CTSTATUS, O_CTOTHER };

static const struct ipt_opt conntrack_opts[] = {
	WITH("ctstate", O_CTSTATE, IPT_ARG_STRING, IPT_OPT_INVERT, 0, 0),
	OTHER("ctproto", O_CTOTHER),
	OTHER("ctorigsrc", O_CTOTHER + 1),
	OTHER("ctorigdst", O_CTOTHER + 2),
	OTHER("ctreplsrc", O_CTOTHER + 3),
	OTHER("ctrepldst", O_CTOTHER + 4),
	WITH("ctstatus", O_CTSTATUS, IPT_ARG_STRING, IPT_OPT_INVERT, 0, 0),
	OTHER("ctexpire", O_CTOTHER + 5),
	OTHER("ctorigsrcport", O_CTOTHER + 6),
	OTHER("ctorigdstport", O_CTOTHER + 7),
	OTHER("ctreplsrcport", O_CTOTHER + 8),
	OTHER("ctrepldstport", O_CTOTHER + 9),
	OTHER("ctdir", O_CTOTHER + 10),
};

static const struct ipt_opt comment_opts[] = {
	WITH("comment", 0, IPT_ARG_STRING, IPT_OPT_NEEDED, 0, 0),
};

enum { O_SPORTS, O_DPORTS, O_PORTS };

#define ANY_PORTS (BIT(O_SPORTS) | BIT(O_DPORTS) | BIT(O_PORTS))

static const struct ipt_opt multiport_opts[] = {
	WITH("source-ports", O_SPORTS, IPT_ARG_STRING, IPT_OPT_INVERT,
	     ANY_PORTS, 0),
	WITH("sports", O_SPORTS, IPT_ARG_STRING, IPT_OPT_INVERT, ANY_PORTS, 0),
	WITH("destination-ports", O_DPORTS, IPT_ARG_STRING, IPT_OPT_INVERT,
	     ANY_PORTS, 0),
	WITH("dports", O_DPORTS, IPT_ARG_STRING, IPT_OPT_INVERT, ANY_PORTS, 0),
	WITH("ports", O_PORTS, IPT_ARG_STRING, IPT_OPT_INVERT, ANY_PORTS, 0),
};

enum { O_SRC_TYPE, O_DST_TYPE, O_LIMIT_IN, O_LIMIT_OUT };

static const struct ipt_opt addrtype_opts[] = {
	WITH("src-type", O_SRC_TYPE, IPT_ARG_STRING, IPT_OPT_INVERT, 0, 0),
	WITH("dst-type", O_DST_TYPE, IPT_ARG_STRING, IPT_OPT_INVERT, 0, 0),
	FLAG("limit-iface-in", O_LIMIT_IN, BIT(O_LIMIT_OUT)),
	FLAG("limit-iface-out", O_LIMIT_OUT, BIT(O_LIMIT_IN)),
};

static const struct ipt_opt mark_match_opts[] = {
	WITH("mark", 0, IPT_ARG_MARK, IPT_OPT_INVERT | IPT_OPT_NEEDED, 0, 0),
};

enum { O_LIMIT, O_BURST };

static const struct ipt_opt limit_opts[] = {
	WITH("limit", O_LIMIT, IPT_ARG_STRING, 0, 0, 0),
	WITH("limit-burst", O_BURST, IPT_ARG_U32, 0, 0, 10000),
};

static const struct ipt_opt reject_opts[] = {
	WITH("reject-with", 0, IPT_ARG_STRING, 0, 0, 0),
};

enum { O_TO, O_RANDOM, O_FULLY, O_PERSISTENT };

static const struct ipt_opt masquerade_opts[] = {
	WITH("to-ports", O_TO, IPT_ARG_STRING, 0, 0, 0),
	FLAG("random", O_RANDOM, 0),
	FLAG("random-fully", O_FULLY, 0),
};

static const struct ipt_opt snat_opts[] = {
	WITH("to-source", O_TO, IPT_ARG_STRING, IPT_OPT_NEEDED, 0, 0),
	FLAG("random", O_RANDOM, 0),
	FLAG("random-fully", O_FULLY, 0),
	FLAG("persistent", O_PERSISTENT, 0),
};

static const struct ipt_opt dnat_opts[] = {
	WITH("to-destination", O_TO, IPT_ARG_STRING, IPT_OPT_NEEDED, 0, 0),
	FLAG("random", O_RANDOM, 0),
	FLAG("persistent", O_PERSISTENT, 0),
};

static const struct ipt_opt redirect_opts[] = {
	WITH("to-ports", O_TO, IPT_ARG_STRING, 0, 0, 0),
	FLAG("random", O_RANDOM, 0),
};

enum { O_SET_MSS, O_CLAMP };

static const struct ipt_opt tcpmss_opts[] = {
	WITH("set-mss", O_SET_MSS, IPT_ARG_U16, 0, 0, 0),
	FLAG("clamp-mss-to-pmtu", O_CLAMP, 0),
};

enum {
	O_SET_XMARK,
	O_SET_MARK,
	O_AND,
	O_OR,
	O_XOR,
	O_SAVE,
	O_RESTORE,
	O_SHIFT,
	O_SHIFT2,
	O_CTMASK,
	O_NFMASK,
	O_MASK,
};

#define MARK_OPS                                                       \
	(BIT(O_SET_XMARK) | BIT(O_SET_MARK) | BIT(O_AND) | BIT(O_OR) | \
	 BIT(O_XOR) | BIT(O_SAVE) | BIT(O_RESTORE))

static const struct ipt_opt mark_opts[] = {
	WITH("set-xmark", O_SET_XMARK, IPT_ARG_MARK, 0, MARK_OPS, 0),
	WITH("set-mark", O_SET_MARK, IPT_ARG_MARK, 0, MARK_OPS, 0),
	WITH("and-mark", O_AND, IPT_ARG_U32, 0, MARK_OPS, 0),
	WITH("or-mark", O_OR, IPT_ARG_U32, 0, MARK_OPS, 0),
	WITH("xor-mark", O_XOR, IPT_ARG_U32, 0, MARK_OPS, 0),
};

static const struct ipt_opt connmark_opts[] = {
	WITH("set-xmark", O_SET_XMARK, IPT_ARG_MARK, 0, MARK_OPS, 0),
	WITH("set-mark", O_SET_MARK, IPT_ARG_MARK, 0, MARK_OPS, 0),
	WITH("and-mark", O_AND, IPT_ARG_U32, 0, MARK_OPS, 0),
	WITH("or-mark", O_OR, IPT_ARG_U32, 0, MARK_OPS, 0),
	WITH("xor-mark", O_XOR, IPT_ARG_U32, 0, MARK_OPS, 0),
	FLAG("save-mark", O_SAVE, MARK_OPS),
	FLAG("restore-mark", O_RESTORE, MARK_OPS),
	OTHER("left-shift-mark", O_SHIFT),
	OTHER("right-shift-mark", O_SHIFT2),
	WITH("ctmask", O_CTMASK, IPT_ARG_U32, 0, BIT(O_MASK), 0),
	WITH("nfmask", O_NFMASK, IPT_ARG_U32, 0, BIT(O_MASK), 0),
	WITH("mask", O_MASK, IPT_ARG_U32, 0, BIT(O_CTMASK) | BIT(O_NFMASK), 0),
};

/* The first five are numbered as bits of the log's flags. */
enum {
	O_LOG_SEQ,
	O_LOG_TCP,
	O_LOG_IP,
	O_LOG_UID,
	O_LOG_MAC = 5,
	O_LOG_LEVEL,
	O_LOG_PREFIX
};

static const struct ipt_opt log_opts[] = {
	WITH("log-level", O_LOG_LEVEL, IPT_ARG_LEVEL, 0, 0, 0),
	WITH("log-prefix", O_LOG_PREFIX, IPT_ARG_STRING, 0, 0, 1),
	FLAG("log-tcp-sequence", O_LOG_SEQ, 0),
	FLAG("log-tcp-options", O_LOG_TCP, 0),
	FLAG("log-ip-options", O_LOG_IP, 0),
	FLAG("log-uid", O_LOG_UID, 0),
	FLAG("log-macdecode", O_LOG_MAC, 0),
};

#define OPTS(v) v, ARRAY_SIZE(v)

static const struct ipt_ext matches[] = {
	{ "tcp", IPT_TCP, 0, OPTS(tcp_opts) },
	{ "udp", IPT_UDP, 0, OPTS(udp_opts) },
	{ "icmp", IPT_ICMP, NFPROTO_IPV4, OPTS(icmp_opts) },
	{ "icmp6", IPT_ICMP6, NFPROTO_IPV6, OPTS(icmp6_opts) },
	{ "state", IPT_STATE, 0, OPTS(state_opts) },
	{ "conntrack", IPT_CONNTRACK, 0, OPTS(conntrack_opts) },
	{ "comment", IPT_COMMENT, 0, OPTS(comment_opts) },
	{ "multiport", IPT_MULTIPORT, 0, OPTS(multiport_opts) },
	{ "addrtype", IPT_ADDRTYPE, 0, OPTS(addrtype_opts) },
	{ "mark", IPT_MARK, 0, OPTS(mark_match_opts) },
	{ "connmark", IPT_CONNMARK, 0, OPTS(mark_match_opts) },
	{ "limit", IPT_LIMIT, 0, OPTS(limit_opts) },
};

static const struct ipt_ext targets[] = {
	{ "ACCEPT", IPT_T_STANDARD, 0, NULL, 0 },
	{ "DROP", IPT_T_STANDARD, 0, NULL, 0 },
	{ "RETURN", IPT_T_STANDARD, 0, NULL, 0 },
	{ "QUEUE", IPT_T_STANDARD, 0, NULL, 0 },
	{ "REJECT", IPT_T_REJECT, 0, OPTS(reject_opts) },
	{ "MASQUERADE", IPT_T_MASQUERADE, 0, OPTS(masquerade_opts) },
	{ "SNAT", IPT_T_SNAT, 0, OPTS(snat_opts) },
	{ "DNAT", IPT_T_DNAT, 0, OPTS(dnat_opts) },
	{ "REDIRECT", IPT_T_REDIRECT, 0, OPTS(redirect_opts) },
	{ "TCPMSS", IPT_T_TCPMSS, 0, OPTS(tcpmss_opts) },
	{ "MARK", IPT_T_MARK, 0, OPTS(mark_opts) },
	{ "CONNMARK", IPT_T_CONNMARK, 0, OPTS(connmark_opts) },
	{ "LOG", IPT_T_LOG, 0, OPTS(log_opts) },
};

/* Statements of the standard targets, in the order of the table above. */
static const enum fw_stmt_kind standard[] = { FW_S_ACCEPT, FW_S_DROP,
					      FW_S_RETURN, FW_S_QUEUE };

static const char elsewhere[] =
	" AUDIT CHECKSUM CLASSIFY CLUSTERIP CONNSECMARK CT DNPT DSCP ECN HL "
	"HMARK IDLETIMER LED NETMAP NFLOG NFQUEUE NOTRACK RATEEST SECMARK SET "
	"SNPT SYNPROXY TCPOPTSTRIP TEE TOS TPROXY TRACE TTL ULOG standard ";

bool ipt_target_elsewhere(const char *name)
{
	const char *s = elsewhere;
	size_t len = strlen(name);

	while (len && (s = strstr(s, name))) {
		if (s[-1] == ' ' && s[len] == ' ')
			return true;
		s += len;
	}
	return false;
}

const struct ipt_ext *ipt_match_find(uint8_t family, const char *name)
{
	size_t i;

	if (strcmp(name, "icmpv6") == 0 || strcmp(name, "ipv6-icmp") == 0)
		name = "icmp6";
	for (i = 0; i < ARRAY_SIZE(matches); i++)
		if (strcmp(matches[i].name, name) == 0 &&
		    (!matches[i].family || matches[i].family == family))
			return &matches[i];
	return NULL;
}

const struct ipt_ext *ipt_target_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	return NULL;
}

/* What an extension says before any of its options. */
static void defaults(struct ipt_use *u)
{
	switch (u->ext->id) {
	case IPT_LIMIT:
		u->m[0].kind = FW_M_LIMIT;
		u->m[0].limit = (struct fw_limit){ .rate = 3,
						   .unit = 3600,
						   .burst = 5 };
		u->has[0] = true;
		break;
	case IPT_T_STANDARD:
		u->s.kind = standard[u->ext - targets];
		break;
	case IPT_T_REJECT:
		u->s.kind = FW_S_REJECT;
		u->s.reject = FW_REJECT_PORT_UNREACH;
		break;
	case IPT_T_MASQUERADE:
		u->s.kind = FW_S_MASQUERADE;
		break;
	case IPT_T_SNAT:
		u->s.kind = FW_S_SNAT;
		break;
	case IPT_T_DNAT:
		u->s.kind = FW_S_DNAT;
		break;
	case IPT_T_REDIRECT:
		u->s.kind = FW_S_REDIRECT;
		break;
	case IPT_T_TCPMSS:
		u->s.kind = FW_S_TCPMSS;
		break;
	case IPT_T_MARK:
		u->s.kind = FW_S_MARK;
		break;
	case IPT_T_CONNMARK:
		u->s.kind = FW_S_CONNMARK;
		u->s.set_mark.mask = u->s.set_mark.nfmask = UINT32_MAX;
		break;
	case IPT_T_LOG:
		u->s.kind = FW_S_LOG;
		break;
	case IPT_TCP:
	case IPT_UDP:
	case IPT_ICMP:
	case IPT_ICMP6:
	case IPT_STATE:
	case IPT_CONNTRACK:
	case IPT_COMMENT:
	case IPT_MULTIPORT:
	case IPT_ADDRTYPE:
	case IPT_MARK:
	case IPT_CONNMARK:
		break;
	}
}

/* struct log_info - as the kernel's struct xt_log_info */
struct log_info {
	uint8_t level, flags;
	char prefix[30];
};

#define LEVEL_WARNING 4

static bool log_defaults(struct ipt_parser *p, struct ipt_use *u)
{
	struct log_info *info = arena_alloc(p->a, sizeof(*info));

	if (!info)
		return false;
	info->level = LEVEL_WARNING;
	u->s.raw = (struct fw_raw){ .name = "LOG",
				    .data = (const uint8_t *)info,
				    .len = sizeof(*info) };
	return true;
}

static struct ipt_use *use(struct ipt_parser *p, const struct ipt_ext *x,
			   bool list)
{
	struct ipt_use *u = arena_alloc(p->a, sizeof(*u)), **l;

	if (!u)
		return NULL;
	u->ext = x;
	defaults(u);
	if (x->id == IPT_T_LOG && !log_defaults(p, u))
		return NULL;
	if (!list)
		return u;
	l = arena_grow(p->a, &p->lists, p->n_lists, &p->cap_lists, sizeof(*l));
	if (!l)
		return NULL;
	*l = u;
	p->n_lists++;
	return u;
}

struct ipt_use *ipt_use(struct ipt_parser *p, const struct ipt_ext *x)
{
	return use(p, x, true);
}

struct ipt_use *ipt_use_match(struct ipt_parser *p, const struct ipt_ext *x)
{
	struct ipt_use *u, **m;
	bool again = false;
	size_t i;

	for (i = 0; i < p->n_matches; i++)
		if (p->matches[i]->ext == x)
			again = p->matches[i]->completed = true;
	u = use(p, x, !again);
	m = arena_grow(p->a, &p->matches, p->n_matches, &p->cap_matches,
		       sizeof(*m));
	if (!u || !m)
		return NULL;
	*m = u;
	p->n_matches++;
	return u;
}

/* struct value - what the argument of an option says */
struct value {
	uint32_t number, mask;
	struct fw_range ports;
};

static struct fw_match *have(struct ipt_use *u, unsigned int i,
			     enum fw_match_kind kind, bool invert)
{
	u->has[i] = true;
	u->m[i].kind = kind;
	u->m[i].invert = invert;
	return &u->m[i];
}

static bool parse_mark(struct ipt_parser *p, const struct ipt_use *u,
		       const struct ipt_opt *o, struct value *ret)
{
	const char *end = NULL;
	uint64_t v, m = UINT32_MAX;

	if (!ipt_number(p->arg, &end, &v, 0, UINT32_MAX) ||
	    (*end == '/' && !ipt_number(end + 1, &end, &m, 0, UINT32_MAX)))
		return ipt_fail(p, 2,
				"%s: bad integer value for option \"--%s\", or "
				"out of range.\n",
				u->ext->name, o->name);
	if (*end)
		return ipt_fail(p, 2,
				"%s: trailing garbage after value for option "
				"\"--%s\".\n",
				u->ext->name, o->name);
	ret->number = v;
	ret->mask = m;
	return true;
}

static bool parse_level(struct ipt_parser *p, struct value *ret)
{
	static const struct {
		const char *name;
		uint8_t level;
	} levels[] = { { "alert", 1 },	{ "crit", 2 },	{ "debug", 7 },
		       { "emerg", 0 },	{ "error", 3 }, { "info", 6 },
		       { "notice", 5 }, { "panic", 0 }, { "warning", 4 } };
	uint64_t v;
	size_t i;

	if (ipt_number(p->arg, NULL, &v, 0, 7)) {
		ret->number = v;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(levels[i].name, p->arg) == 0) {
			ret->number = levels[i].level;
			return true;
		}
	return ipt_fail(p, 2, "log level \"%s\" unknown\n", p->arg);
}

/* As getaddrinfo() reads a service: decimal, and wrapped to 16 bits. */
static bool resolved_port(struct ipt_parser *p, const char *s, uint16_t *ret)
{
	int port = ipt_service(s, IPT_SVC_ANY);
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*s && *s != '-' && !*end) {
		*ret = v;
		return true;
	}
	if (port >= 0) {
		*ret = port;
		return true;
	}
	if (isalpha((unsigned char)*s))
		return ipt_unknown(p, "service %s", s);
	return ipt_fail(p, 2, "Port \"%s\" does not resolve to anything.\n", s);
}

static bool parse_ports(struct ipt_parser *p, const struct ipt_use *u,
			const struct ipt_opt *o, struct value *ret)
{
	char *s = arena_strndup(p->a, p->arg, strlen(p->arg)), *part;
	uint16_t v[2] = { 0, UINT16_MAX };
	unsigned int n = 0;

	if (!s)
		return ipt_no_memory(p);
	while ((part = strsep(&s, ":"))) {
		if (n == 2)
			return ipt_fail(p, 2,
					"%s: Too many components for option "
					"\"--%s\" (max: %d)\n",
					u->ext->name, o->name, 2);
		if (*part && !resolved_port(p, part, &v[n]))
			return false;
		n++;
	}
	ret->ports = (struct fw_range){ v[0], n == 1 ? v[0] : v[1] };
	return true;
}

static bool parse_uint(struct ipt_parser *p, const struct ipt_use *u,
		       const struct ipt_opt *o, struct value *ret)
{
	uint64_t max = o->max ? o->max : UINT32_MAX, v;

	/* What is left of 65535 bytes behind an IP header. */
	if (o->arg == IPT_ARG_U16)
		max = UINT16_MAX - (p->family == NFPROTO_IPV6 ? 40 : 20);
	if (!ipt_number(p->arg, NULL, &v, 0, max))
		return ipt_fail(p, 2,
				"%s: bad value for option \"--%s\", or out of "
				"range (%d-%llu).\n",
				u->ext->name, o->name, 0,
				(unsigned long long)max);
	ret->number = v;
	return true;
}

/* What all extensions but tcp have in common. */
static bool parse_arg(struct ipt_parser *p, struct ipt_use *u,
		      const struct ipt_opt *o, bool invert, struct value *ret)
{
	if (u->given & BIT(o->id))
		return ipt_fail(p, 2,
				"%s: option \"--%s\" can only be used once.\n",
				u->ext->name, o->name);
	if (invert && !(o->flags & IPT_OPT_INVERT))
		return ipt_fail(p, 2,
				"%s: option \"--%s\" cannot be inverted.\n",
				u->ext->name, o->name);
	u->given |= BIT(o->id);
	switch ((enum ipt_arg)o->arg) {
	case IPT_ARG_NONE:
		return true;
	case IPT_ARG_STRING:
		if (strlen(p->arg) >= o->max)
			return true;
		return ipt_fail(p, 2,
				"Argument must have a minimum length of %u "
				"characters\n",
				o->max);
	case IPT_ARG_U16:
	case IPT_ARG_U32:
		return parse_uint(p, u, o, ret);
	case IPT_ARG_MARK:
		return parse_mark(p, u, o, ret);
	case IPT_ARG_LEVEL:
		return parse_level(p, ret);
	case IPT_ARG_PORTS:
		return parse_ports(p, u, o, ret);
	case IPT_ARG_OTHER:
		break;
	}
	return ipt_unknown(p, "option --%s", o->name);
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
static bool tcp_option(struct ipt_parser *p, struct ipt_use *u,
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

/* struct reject_name - a type, abbreviated as you like, and its alias */
struct reject_name {
	const char *name, *alias;
	enum fw_reject type;
};

static const struct reject_name rejects[] = {
	{ "icmp-net-unreachable", "net-unreach", FW_REJECT_NET_UNREACH },
	{ "icmp-host-unreachable", "host-unreach", FW_REJECT_HOST_UNREACH },
	{ "icmp-proto-unreachable", "proto-unreach", FW_REJECT_PROTO_UNREACH },
	{ "icmp-port-unreachable", "port-unreach", FW_REJECT_PORT_UNREACH },
	{ "icmp-net-prohibited", "net-prohib", FW_REJECT_NET_PROHIBITED },
	{ "icmp-host-prohibited", "host-prohib", FW_REJECT_HOST_PROHIBITED },
	{ "tcp-reset", "tcp-rst", FW_REJECT_TCP_RESET },
	{ "icmp-admin-prohibited", "admin-prohib", FW_REJECT_ADMIN_PROHIBITED },
};

static const struct reject_name rejects6[] = {
	{ "icmp6-no-route", "no-route", FW_REJECT_NO_ROUTE },
	{ "icmp6-adm-prohibited", "adm-prohibited",
	  FW_REJECT_ADMIN_PROHIBITED },
	{ "icmp6-addr-unreachable", "addr-unreach", FW_REJECT_ADDR_UNREACH },
	{ "icmp6-port-unreachable", "port-unreach", FW_REJECT_PORT_UNREACH },
	{ "tcp-reset", "tcp-reset", FW_REJECT_TCP_RESET },
	{ "icmp6-policy-fail", "policy-fail", FW_REJECT_POLICY_FAIL },
	{ "icmp6-reject-route", "reject-route", FW_REJECT_ROUTE },
};

static bool reject_option(struct ipt_parser *p, struct ipt_use *u)
{
	bool v6 = p->family == NFPROTO_IPV6;
	const struct reject_name *v = v6 ? rejects6 : rejects;
	size_t n = v6 ? ARRAY_SIZE(rejects6) : ARRAY_SIZE(rejects), i;
	size_t len = strlen(p->arg);

	for (i = 0; i < n; i++)
		if (strncasecmp(v[i].name, p->arg, len) == 0 ||
		    strncasecmp(v[i].alias, p->arg, len) == 0) {
			u->s.reject = v[i].type;
			return true;
		}
	if (strncasecmp(p->arg, "echo", 4) == 0)
		return ipt_unknown(p, "--reject-with %s", p->arg);
	return ipt_fail(p, 2, "unknown reject type \"%s\"", p->arg);
}

/* The port that a shifted range begins with. */
static bool nat_base(struct ipt_parser *p, const char *s, struct fw_nat *nat)
{
	int port = ipt_service(s, IPT_SVC_ANY);
	const char *end;
	uint64_t v;

	if (ipt_number(s, &end, &v, 1, UINT16_MAX))
		nat->port_base = v;
	else if (port >= 0)
		nat->port_base = port;
	else if (isalpha((unsigned char)*s))
		return ipt_unknown(p, "service %s", s);
	else
		return ipt_fail(p, 2, "Port `%s' not valid", s);
	nat->flags |= NF_NAT_RANGE_PROTO_OFFSET;
	/* The others have no room for it. */
	if (p->target->ext->id != IPT_T_DNAT)
		nat->port_base = 0;
	return true;
}

static bool nat_range(struct ipt_parser *p, const char *s, struct fw_nat *nat)
{
	const char *end;
	uint64_t v;

	if (!ipt_number(s, &end, &v, 0, UINT16_MAX))
		return ipt_fail(p, 2, "Port `%s' not valid", s);
	if (v < nat->port.lo)
		return ipt_fail(p, 2, "Port range `%s' funky", s);
	nat->port.hi = v;
	if (*end == '/')
		return nat_base(p, end + 1, nat);
	if (*end)
		return ipt_fail(p, 2, "Garbage after port range: `%s'", end);
	return true;
}

static bool nat_ports(struct ipt_parser *p, const char *s, struct fw_nat *nat)
{
	const char *end = "";
	uint64_t v;
	int port;

	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP &&
	    p->proto != IPPROTO_SCTP && p->proto != IPPROTO_DCCP &&
	    p->proto != IPPROTO_ICMP)
		return ipt_fail(p, 2,
				"Need TCP, UDP, SCTP or DCCP with port "
				"specification");
	nat->has_port = true;
	if (!ipt_number(s, &end, &v, 0, UINT16_MAX)) {
		port = ipt_service(s, IPT_SVC_ANY);
		if (port < 0 && isalpha((unsigned char)*s))
			return ipt_unknown(p, "service %s", s);
		if (port < 0)
			return ipt_fail(p, 2, "Port `%s' not valid", s);
		v = port;
		end = "";
	}
	nat->port.lo = nat->port.hi = v;
	if (*end == '-')
		return nat_range(p, end + 1, nat);
	if (*end == ':')
		return ipt_fail(p, 2, "Invalid port:port syntax - use dash");
	if (*end)
		return ipt_fail(p, 2, "Garbage after port value: `%s'", end);
	return true;
}

static bool nat_address(struct ipt_parser *p, const char *s, uint8_t *ret)
{
	if (inet_pton(p->family, s, ret) == 1)
		return true;
	return ipt_fail(p, 2, "Bad IP address \"%s\"", s);
}

/* [address[-address]][:port[-port[/port]]], an IPv6 address in brackets */
static bool nat_to(struct ipt_parser *p, struct fw_nat *nat)
{
	char *s = arena_strndup(p->a, p->arg, strlen(p->arg)), *start, *end;
	char *colon, *dash;

	if (!s)
		return ipt_no_memory(p);
	start = strchr(s, '[');
	if (start) {
		end = strchr(++start, ']');
		if (!end || p->family == NFPROTO_IPV4)
			return ipt_fail(p, 2, "Invalid address format");
		*end = '\0';
		colon = strchr(end + 1, ':');
	} else {
		start = s;
		colon = strchr(s, ':');
		if (colon && strchr(colon + 1, ':'))
			colon = NULL;
	}
	if (colon) {
		if (!nat_ports(p, colon + 1, nat))
			return false;
		if (colon == s || colon == s + 2)
			return true;
		*colon = '\0';
	}
	nat->has_addr = true;
	dash = strchr(start, '-');
	if (dash && (!colon || dash < colon))
		*dash = '\0';
	else
		dash = NULL;
	if (!nat_address(p, start, nat->addr))
		return false;
	return nat_address(p, dash ? dash + 1 : start, nat->addr_to);
}

static bool nat_option(struct ipt_parser *p, struct ipt_use *u,
		       const struct ipt_opt *o)
{
	struct fw_nat *nat = &u->s.nat;

	switch (o->id) {
	case O_RANDOM:
		nat->flags |= NF_NAT_RANGE_PROTO_RANDOM;
		return true;
	case O_FULLY:
		nat->flags |= NF_NAT_RANGE_PROTO_RANDOM_FULLY;
		return true;
	case O_PERSISTENT:
		nat->flags |= NF_NAT_RANGE_PERSISTENT;
		return true;
	}
	if (u->ext->id == IPT_T_SNAT || u->ext->id == IPT_T_DNAT)
		return nat_to(p, nat);
	return nat_ports(p, p->arg, nat);
}

static void mark_option(struct ipt_use *u, const struct ipt_opt *o,
			const struct value *v)
{
	struct fw_set_mark *m = &u->s.set_mark;

	switch (o->id) {
	case O_SET_XMARK:
		m->value = v->number;
		m->mask = v->mask;
		break;
	case O_SET_MARK:
		m->value = v->number;
		m->mask = v->number | v->mask;
		break;
	case O_AND:
		m->value = 0;
		m->mask = ~v->number;
		break;
	case O_OR:
		m->value = m->mask = v->number;
		break;
	case O_XOR:
		m->value = v->number;
		m->mask = 0;
		break;
	case O_SAVE:
		m->mode = 1;
		break;
	case O_RESTORE:
		m->mode = 2;
		break;
	case O_CTMASK:
		m->mask = v->number;
		break;
	case O_NFMASK:
		m->nfmask = v->number;
		break;
	case O_MASK:
		m->mask = m->nfmask = v->number;
		break;
	}
}

static bool log_option(struct ipt_parser *p, struct ipt_use *u,
		       const struct ipt_opt *o, uint32_t number)
{
	struct log_info *info = (struct log_info *)u->s.raw.data;

	if (o->id == O_LOG_LEVEL) {
		info->level = number;
	} else if (o->id == O_LOG_PREFIX) {
		if (strchr(p->arg, '\n'))
			return ipt_fail(p, 2,
					"Newlines not allowed in --log-prefix");
		strncpy(info->prefix, p->arg, sizeof(info->prefix) - 1);
	} else {
		info->flags |= BIT(o->id);
	}
	return true;
}

static bool comment_option(struct ipt_parser *p, struct ipt_use *u)
{
	struct fw_match *m = have(u, 0, FW_M_COMMENT, false);

	m->comment = arena_strndup(p->a, p->arg, strnlen(p->arg, 255));
	return m->comment ? true : ipt_no_memory(p);
}

static bool match_option(struct ipt_parser *p, struct ipt_use *u,
			 const struct ipt_opt *o, bool invert,
			 const struct value *v)
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

static bool target_option(struct ipt_parser *p, struct ipt_use *u,
			  const struct ipt_opt *o, const struct value *v)
{
	switch (u->ext->id) {
	case IPT_T_REJECT:
		return reject_option(p, u);
	case IPT_T_MASQUERADE:
	case IPT_T_SNAT:
	case IPT_T_DNAT:
	case IPT_T_REDIRECT:
		return nat_option(p, u, o);
	case IPT_T_TCPMSS:
		u->s.tcpmss = (struct fw_tcpmss){ .clamp = o->id == O_CLAMP,
						  .mss = v->number };
		return true;
	case IPT_T_MARK:
	case IPT_T_CONNMARK:
		mark_option(u, o, v);
		return true;
	case IPT_T_LOG:
		return log_option(p, u, o, v->number);
	case IPT_TCP:
	case IPT_UDP:
	case IPT_ICMP:
	case IPT_ICMP6:
	case IPT_STATE:
	case IPT_CONNTRACK:
	case IPT_COMMENT:
	case IPT_MULTIPORT:
	case IPT_ADDRTYPE:
	case IPT_MARK:
	case IPT_CONNMARK:
	case IPT_LIMIT:
	case IPT_T_STANDARD:
		break;
	}
	return true;
}

/* Synonyms are told of by the name that comes first in the table. */
static const struct ipt_opt *first_name(const struct ipt_ext *x, uint8_t id)
{
	size_t i;

	for (i = 0; i < x->n_opt; i++)
		if (x->opt[i].id == id)
			return &x->opt[i];
	return NULL;
}

bool ipt_ext_option(struct ipt_parser *p, struct ipt_use *u, bool invert)
{
	const struct ipt_opt *o = first_name(u->ext, p->opt->id);
	struct value v = {};

	if (u->ext->id == IPT_TCP)
		return tcp_option(p, u, o, invert);
	if (!parse_arg(p, u, o, invert, &v))
		return false;
	if (u == p->target)
		return target_option(p, u, o, &v);
	return match_option(p, u, o, invert, &v);
}

/* What an extension checks by itself, before its table of options is. */
static const char *incomplete(const struct ipt_use *u)
{
	switch (u->ext->id) {
	case IPT_CONNTRACK:
		return u->given ? NULL
				: "conntrack: At least one option is required";
	case IPT_MULTIPORT:
		return u->given ? NULL : "multiport expection an option";
	case IPT_ADDRTYPE:
		return u->given & (BIT(O_SRC_TYPE) | BIT(O_DST_TYPE))
			       ? NULL
			       : "addrtype: you must specify --src-type or "
				 "--dst-type";
	case IPT_T_TCPMSS:
		return u->given ? NULL
				: "TCPMSS target: At least one parameter is "
				  "required";
	case IPT_T_MARK:
		return u->given ? NULL
				: "MARK: One of the --set-xmark, "
				  "--{and,or,xor,set}-mark options is required";
	case IPT_T_CONNMARK:
		return u->given & MARK_OPS
			       ? NULL
			       : "CONNMARK target: No operation specified";
	case IPT_T_REDIRECT:
		return u->s.nat.flags & NF_NAT_RANGE_PROTO_OFFSET
			       ? "Shifted portmap ranges not supported with this "
				 "kernel"
			       : NULL;
	case IPT_TCP:
	case IPT_UDP:
	case IPT_ICMP:
	case IPT_ICMP6:
	case IPT_STATE:
	case IPT_COMMENT:
	case IPT_MARK:
	case IPT_CONNMARK:
	case IPT_LIMIT:
	case IPT_T_STANDARD:
	case IPT_T_REJECT:
	case IPT_T_MASQUERADE:
	case IPT_T_SNAT:
	case IPT_T_DNAT:
	case IPT_T_LOG:
		break;
	}
	return NULL;
}

bool ipt_ext_check(struct ipt_parser *p, const struct ipt_use *u)
{
	const struct ipt_ext *x = u->ext;
	const char *text = incomplete(u);
	size_t i;
	uint8_t id;

	if (text)
		return ipt_fail(p, 2, "%s", text);
	for (i = 0; x->id != IPT_TCP && i < x->n_opt; i++) {
		const struct ipt_opt *o = &x->opt[i];

		if (o->flags & IPT_OPT_NEEDED && !(u->given & BIT(o->id)))
			return ipt_fail(p, 2,
					"%s: option \"--%s\" must be "
					"specified\n",
					x->name, o->name);
		for (id = 0; u->given & BIT(o->id) && id < 16; id++)
			if (id != o->id && o->excl & u->given & BIT(id))
				return ipt_fail(
					p, 2,
					"%s: option \"--%s\" cannot be used "
					"together with \"--%s\".\n",
					x->name, o->name,
					first_name(x, id)->name);
	}
	return true;
}
