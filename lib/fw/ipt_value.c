// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/ipt_private.h"
#include "fw/proto.h"

bool ipt_number(const char *s, const char **end, uint64_t *ret, uint64_t min,
		uint64_t max)
{
	const char *q = s;
	uint64_t v;
	char *stop;

	while (isspace((unsigned char)*q))
		q++;
	if (*q == '-')
		return false;
	errno = 0;
	v = strtoumax(s, &stop, 0);
	if (stop == s)
		return false;
	if (end)
		*end = stop;
	if (errno == ERANGE || v < min || (max && v > max))
		return false;
	if (ret)
		*ret = v;
	return end || !*stop;
}

bool ipt_protocol(struct ipt_parser *p, const char *s, uint8_t *ret)
{
	uint64_t v;
	int number;

	if (ipt_number(s, NULL, &v, 0, UINT8_MAX)) {
		*ret = v;
		return true;
	}
	number = fw_protocol_number(s);
	if (number >= 0) {
		*ret = (uint8_t)number;
		return true;
	}
	return ipt_fail(p, 2, "unknown protocol \"%s\" specified", s);
}

static const struct {
	const char *name;
	uint16_t port;
	uint8_t protos;
} services[] = {
	{ "ftp-data", 20, 1 },	    { "ftp", 21, 1 },
	{ "ssh", 22, 1 },	    { "telnet", 23, 1 },
	{ "smtp", 25, 1 },	    { "mail", 25, 1 },
	{ "domain", 53, 3 },	    { "bootps", 67, 2 },
	{ "bootpc", 68, 2 },	    { "tftp", 69, 2 },
	{ "http", 80, 1 },	    { "www", 80, 1 },
	{ "kerberos", 88, 3 },	    { "pop3", 110, 1 },
	{ "sunrpc", 111, 3 },	    { "ntp", 123, 2 },
	{ "netbios-ns", 137, 2 },   { "netbios-dgm", 138, 2 },
	{ "netbios-ssn", 139, 1 },  { "imap2", 143, 1 },
	{ "imap", 143, 1 },	    { "snmp", 161, 3 },
	{ "bgp", 179, 1 },	    { "ldap", 389, 3 },
	{ "https", 443, 3 },	    { "microsoft-ds", 445, 1 },
	{ "isakmp", 500, 2 },	    { "syslog", 514, 2 },
	{ "submission", 587, 1 },   { "ldaps", 636, 3 },
	{ "domain-s", 853, 3 },	    { "imaps", 993, 1 },
	{ "pop3s", 995, 1 },	    { "socks", 1080, 1 },
	{ "openvpn", 1194, 3 },	    { "mysql", 3306, 1 },
	{ "ipsec-nat-t", 4500, 2 }, { "mdns", 5353, 2 },
	{ "postgresql", 5432, 1 },
};

int ipt_service(const char *name, enum ipt_service proto)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(services); i++)
		if (services[i].protos & proto &&
		    strcmp(services[i].name, name) == 0)
			return services[i].port;
	return -1;
}

bool ipt_port(struct ipt_parser *p, const char *s, enum ipt_service proto,
	      uint16_t *ret)
{
	uint64_t v;
	int port;

	if (ipt_number(s, NULL, &v, 0, UINT16_MAX)) {
		*ret = v;
		return true;
	}
	port = ipt_service(s, proto);
	if (port >= 0) {
		*ret = port;
		return true;
	}
	if (isalpha((unsigned char)*s))
		return ipt_unknown(p, "service %s", s);
	return ipt_fail(p, 2, "invalid port/service `%s' specified", s);
}

/* Bytes between dots, "10" alone standing for 10.0.0.0; a mask has all four. */
static bool dotted(const char *s, bool mask, uint8_t *ret)
{
	char text[20] = "", *q = text, *dot;
	uint64_t v;
	int i;

	snprintf(text, sizeof(text), "%s", s);
	memset(ret, 0, 4);
	for (i = 0; i < 4; i++) {
		dot = i < 3 ? strchr(q, '.') : NULL;
		if (dot)
			*dot = '\0';
		else if (i < 3 && mask)
			return false;
		if (!ipt_number(q, NULL, &v, 0, UINT8_MAX))
			return false;
		ret[i] = v;
		if (!dot)
			return true;
		q = dot + 1;
	}
	return true;
}

static bool numeric(uint8_t family, const char *s, uint8_t *ret)
{
	if (family == NFPROTO_IPV4)
		return dotted(s, false, ret);
	return inet_pton(AF_INET6, s, ret) == 1;
}

static bool mask(struct ipt_parser *p, const char *s, struct fw_addr *ret)
{
	unsigned int bytes = p->family == NFPROTO_IPV4 ? 4 : 16;
	uint64_t bits;

	if (!s) {
		memset(ret->mask, 0xff, bytes);
		return true;
	}
	if (p->family == NFPROTO_IPV4 ? dotted(s, true, ret->mask)
				      : inet_pton(AF_INET6, s, ret->mask) == 1)
		return true;
	if (!ipt_number(s, NULL, &bits, 0, bytes * 8))
		return ipt_fail(p, 2, "invalid mask `%s' specified", s);
	memset(ret->mask, 0, sizeof(ret->mask));
	memset(ret->mask, 0xff, bits / 8);
	if (bits % 8)
		ret->mask[bits / 8] = 0xff << (8 - bits % 8);
	return true;
}

/* No resolver has an answer to what is made of an address' characters only. */
static bool no_host_name(const char *s)
{
	if (strchr(s, ':'))
		return !strchr(s, '%');
	return !s[strspn(s, "0123456789./")];
}

static bool one_address(struct ipt_parser *p, char *s, struct ipt_addrs *ret)
{
	struct fw_addr *a =
		arena_grow(p->a, &ret->v, ret->n, &ret->cap, sizeof(*ret->v));
	static const uint8_t zero[16];
	char *slash = strrchr(s, '/');
	size_t i;

	if (!a)
		return ipt_no_memory(p);
	if (slash)
		*slash = '\0';
	a->family = p->family;
	if (!mask(p, slash ? slash + 1 : NULL, a))
		return false;
	ret->n++;
	/* Whatever the name, all of its bits are masked out. */
	if (memcmp(a->mask, zero, sizeof(zero)) == 0)
		return true;
	if (!numeric(p->family, s, a->b)) {
		if (no_host_name(s))
			return ipt_fail(p, 2, "host/network `%s' not found", s);
		return ipt_unknown(p, "host name %s", s);
	}
	for (i = 0; i < sizeof(a->b); i++)
		a->b[i] &= a->mask[i];
	return true;
}

bool ipt_addresses(struct ipt_parser *p, const char *s, struct ipt_addrs *ret)
{
	char text[256];
	size_t len;

	for (;; s += len + 1) {
		while (isspace((unsigned char)*s))
			s++;
		len = strcspn(s, ",");
		if (len > sizeof(text) - 1)
			return ipt_fail(p, 2, "Hostname too long");
		memcpy(text, s, len);
		text[len] = '\0';
		if (!one_address(p, text, ret))
			return false;
		if (!s[len])
			return true;
	}
}

bool ipt_interface(struct ipt_parser *p, const char *s, struct fw_iface *ret)
{
	size_t len = strlen(s);

	if (!len)
		return ipt_fail(p, 2,
				"Empty interface is likely to be undesired");
	if (len + 1 > IFNAMSIZ)
		return ipt_fail(p, 2,
				"interface name `%s' must be shorter than "
				"IFNAMSIZ (%d)",
				s, IFNAMSIZ - 1);
	if (strpbrk(s, "/ "))
		return ipt_unknown(p, "interface name %s", s);
	*ret = (struct fw_iface){};
	memcpy(ret->name, s, len);
	if (s[len - 1] == '+') {
		ret->prefix = true;
		ret->name[len - 1] = '\0';
	}
	return true;
}

/* struct icmp_name - a type, or with @code not 0xff one code of it */
struct icmp_name {
	const char *name;
	uint8_t type, code;
};

#define ALL_CODES 0xff

static const struct icmp_name icmp_names[] = {
	{ "any", 0xff, ALL_CODES },
	{ "echo-reply", 0, ALL_CODES },
	{ "pong", 0, ALL_CODES },
	{ "destination-unreachable", 3, ALL_CODES },
	{ "network-unreachable", 3, 0 },
	{ "host-unreachable", 3, 1 },
	{ "protocol-unreachable", 3, 2 },
	{ "port-unreachable", 3, 3 },
	{ "fragmentation-needed", 3, 4 },
	{ "source-route-failed", 3, 5 },
	{ "network-unknown", 3, 6 },
	{ "host-unknown", 3, 7 },
	{ "network-prohibited", 3, 9 },
	{ "host-prohibited", 3, 10 },
	{ "TOS-network-unreachable", 3, 11 },
	{ "TOS-host-unreachable", 3, 12 },
	{ "communication-prohibited", 3, 13 },
	{ "host-precedence-violation", 3, 14 },
	{ "precedence-cutoff", 3, 15 },
	{ "source-quench", 4, ALL_CODES },
	{ "redirect", 5, ALL_CODES },
	{ "network-redirect", 5, 0 },
	{ "host-redirect", 5, 1 },
	{ "TOS-network-redirect", 5, 2 },
	{ "TOS-host-redirect", 5, 3 },
	{ "echo-request", 8, ALL_CODES },
	{ "ping", 8, ALL_CODES },
	{ "router-advertisement", 9, ALL_CODES },
	{ "router-solicitation", 10, ALL_CODES },
	{ "time-exceeded", 11, ALL_CODES },
	{ "ttl-exceeded", 11, ALL_CODES },
	{ "ttl-zero-during-transit", 11, 0 },
	{ "ttl-zero-during-reassembly", 11, 1 },
	{ "parameter-problem", 12, ALL_CODES },
	{ "ip-header-bad", 12, 0 },
	{ "required-option-missing", 12, 1 },
	{ "timestamp-request", 13, ALL_CODES },
	{ "timestamp-reply", 14, ALL_CODES },
	{ "address-mask-request", 17, ALL_CODES },
	{ "address-mask-reply", 18, ALL_CODES },
};

static const struct icmp_name icmp6_names[] = {
	{ "destination-unreachable", 1, ALL_CODES },
	{ "no-route", 1, 0 },
	{ "communication-prohibited", 1, 1 },
	{ "beyond-scope", 1, 2 },
	{ "address-unreachable", 1, 3 },
	{ "port-unreachable", 1, 4 },
	{ "failed-policy", 1, 5 },
	{ "reject-route", 1, 6 },
	{ "packet-too-big", 2, ALL_CODES },
	{ "time-exceeded", 3, ALL_CODES },
	{ "ttl-exceeded", 3, ALL_CODES },
	{ "ttl-zero-during-transit", 3, 0 },
	{ "ttl-zero-during-reassembly", 3, 1 },
	{ "parameter-problem", 4, ALL_CODES },
	{ "bad-header", 4, 0 },
	{ "unknown-header-type", 4, 1 },
	{ "unknown-option", 4, 2 },
	{ "echo-request", 128, ALL_CODES },
	{ "ping", 128, ALL_CODES },
	{ "echo-reply", 129, ALL_CODES },
	{ "pong", 129, ALL_CODES },
	{ "router-solicitation", 133, ALL_CODES },
	{ "router-advertisement", 134, ALL_CODES },
	{ "neighbour-solicitation", 135, ALL_CODES },
	{ "neighbor-solicitation", 135, ALL_CODES },
	{ "neighbour-advertisement", 136, ALL_CODES },
	{ "neighbor-advertisement", 136, ALL_CODES },
	{ "redirect", 137, ALL_CODES },
};

/* "8" or "8:10"; NULL = no number there. */
static const char *icmp_range(const char *s, uint64_t *ret)
{
	const char *end;

	if (!ipt_number(s, &end, &ret[0], 0, UINT8_MAX))
		return NULL;
	ret[1] = ret[0];
	if (*end == ':' && !ipt_number(end + 1, &end, &ret[1], 0, UINT8_MAX))
		return NULL;
	return end;
}

static bool icmp_numbers(struct ipt_parser *p, const char *s, const char *which,
			 struct fw_icmp *ret)
{
	uint64_t type[2], code[2] = { 0, 255 };
	const char *end = icmp_range(s, type);

	if (!end)
		return ipt_fail(p, 2, "Unknown %s type `%s'", which, s);
	if (*end == '/') {
		end = icmp_range(end + 1, code);
		if (!end)
			return ipt_fail(p, 2, "Unknown %s code `%s'", which, s);
	}
	if (*end)
		return ipt_fail(p, 2, "unknown character %c", *end);
	if (type[0] != type[1])
		return ipt_fail(p, 2, "%s type range not supported", which);
	ret->type = type[0];
	ret->code[0] = code[0];
	ret->code[1] = code[1];
	return true;
}

bool ipt_icmp_type(struct ipt_parser *p, const char *s, struct fw_icmp *ret)
{
	bool v6 = p->family == NFPROTO_IPV6;
	const struct icmp_name *v = v6 ? icmp6_names : icmp_names,
			       *found = NULL;
	size_t n = v6 ? ARRAY_SIZE(icmp6_names) : ARRAY_SIZE(icmp_names), i;
	const char *which = v6 ? "ICMPv6" : "ICMP";

	ret->proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	for (i = 0; i < n; i++) {
		if (strncasecmp(v[i].name, s, strlen(s)) != 0)
			continue;
		if (found)
			return ipt_fail(p, 2,
					"Ambiguous %s type `%s': `%s' or `%s'?",
					which, s, found->name, v[i].name);
		found = &v[i];
	}
	if (!found)
		return icmp_numbers(p, s, which, ret);
	ret->type = found->type;
	ret->code[0] = found->code == ALL_CODES ? 0 : found->code;
	ret->code[1] = found->code;
	return true;
}
