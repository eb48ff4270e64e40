// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/ipt_ext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

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

static const struct ipt_opt addrtype_opts[] = {
	WITH("src-type", O_SRC_TYPE, IPT_ARG_STRING, IPT_OPT_INVERT, 0, 0),
	WITH("dst-type", O_DST_TYPE, IPT_ARG_STRING, IPT_OPT_INVERT, 0, 0),
	FLAG("limit-iface-in", O_LIMIT_IN, BIT(O_LIMIT_OUT)),
	FLAG("limit-iface-out", O_LIMIT_OUT, BIT(O_LIMIT_IN)),
};

static const struct ipt_opt mark_match_opts[] = {
	WITH("mark", 0, IPT_ARG_MARK, IPT_OPT_INVERT | IPT_OPT_NEEDED, 0, 0),
};

static const struct ipt_opt limit_opts[] = {
	WITH("limit", O_LIMIT, IPT_ARG_STRING, 0, 0, 0),
	WITH("limit-burst", O_BURST, IPT_ARG_U32, 0, 0, 10000),
};

static const struct ipt_opt reject_opts[] = {
	WITH("reject-with", 0, IPT_ARG_STRING, 0, 0, 0),
};

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

static const struct ipt_opt tcpmss_opts[] = {
	WITH("set-mss", O_SET_MSS, IPT_ARG_U16, 0, 0, 0),
	FLAG("clamp-mss-to-pmtu", O_CLAMP, 0),
};

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

static struct ipt_use *use(struct ipt_parser *p, const struct ipt_ext *x,
			   bool list)
{
	struct ipt_use *u = arena_alloc(p->a, sizeof(*u)), **l;

	if (!u)
		return NULL;
	u->ext = x;
	defaults(u);
	if (x->id == IPT_T_LOG && !ipt_log_defaults(p, u))
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

static bool parse_mark(struct ipt_parser *p, const struct ipt_use *u,
		       const struct ipt_opt *o, struct ipt_value *ret)
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

static bool parse_level(struct ipt_parser *p, struct ipt_value *ret)
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
			const struct ipt_opt *o, struct ipt_value *ret)
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
		       const struct ipt_opt *o, struct ipt_value *ret)
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
		      const struct ipt_opt *o, bool invert,
		      struct ipt_value *ret)
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
	struct ipt_value v = {};

	if (u->ext->id == IPT_TCP)
		return ipt_tcp_option(p, u, o, invert);
	if (!parse_arg(p, u, o, invert, &v))
		return false;
	if (u == p->target)
		return ipt_target_option(p, u, o, &v);
	return ipt_match_option(p, u, o, invert, &v);
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
			       ? "Shifted portmap ranges not supported with "
				 "this kernel"
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
