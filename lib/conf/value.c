// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/private.h"

#define CONF_SUFFIX ".conf"

static size_t name_span(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789_=+.-");
}

bool conf_is_name(const char *arg)
{
	size_t len = name_span(arg);

	return len > 0 && len < IF_NAMESIZE && !arg[len];
}

bool conf_parse_path(const char *path, char ifname[IF_NAMESIZE])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t len = strlen(base), suffix = strlen(CONF_SUFFIX);

	if (len <= suffix || len - suffix >= IF_NAMESIZE ||
	    name_span(base) != len || strcmp(base + len - suffix, CONF_SUFFIX))
		return false;
	memcpy(ifname, base, len - suffix);
	ifname[len - suffix] = '\0';
	return true;
}

/*
 * One to four numbers, each with C's base prefixes and all that strtoul()
 * allows (iproute2's inet parser); missing ones are zeros on the right.
 */
static bool parse_v4(const char *s, uint8_t ret[4])
{
	uint8_t b[4] = { 0 };
	unsigned long n;
	unsigned int i;
	char *end;

	for (i = 0; i < 4; i++) {
		n = strtoul(s, &end, 0);
		if (end == s || n > 255)
			return false;
		b[i] = (uint8_t)n;
		if (!*end) {
			memcpy(ret, b, sizeof(b));
			return true;
		}
		if (*end != '.')
			return false;
		s = end + 1;
	}
	return false;
}

static bool parse_mask(const char *s, unsigned int *ret)
{
	uint32_t mask = 0;
	uint8_t b[4];
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 0);
	if (end != s && !*end) {
		*ret = n > UINT8_MAX ? UINT8_MAX : (unsigned int)n;
		return !errno;
	}
	if (!strcmp(s, "default") || !strcmp(s, "any") || !strcmp(s, "all")) {
		*ret = 0;
		return true;
	}
	if (!parse_v4(s, b))
		return false;
	mask = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
	*ret = (unsigned int)__builtin_popcount(mask);
	return *ret == 32 || !(mask << *ret);
}

bool conf_parse_address(const char *s, struct addr *ret_addr)
{
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	struct addr a = { .family = AF_INET };
	unsigned int plen;
	char host[64];

	if (len >= sizeof(host))
		return false;
	memcpy(host, s, len);
	host[len] = '\0';
	if (strchr(host, ':'))
		a.family = AF_INET6;
	plen = addr_bits(a.family);
	/* iproute2 knows `default` only as a whole, and as 0.0.0.0. */
	if (!strcmp(s, "default"))
		plen = 0;
	else if (a.family == AF_INET6 ? inet_pton(AF_INET6, host, a.b) != 1
				      : !parse_v4(host, a.b))
		return false;
	if (slash && !parse_mask(slash + 1, &plen))
		return false;
	if (plen > addr_bits(a.family))
		return false;
	a.plen = (uint8_t)plen;
	*ret_addr = a;
	return true;
}

/**
 * struct table_line - a line of an rt_tables file
 * @id:		its number
 * @name:	its name, not ended by a NUL
 */
struct table_line {
	unsigned int id;
	struct conf_text name;
};

/*
 * "0x" and hex digits or a signed decimal number, blanks or none, a name up to
 * the next blank.  Lines that are otherwise are passed over; so are negative
 * numbers (iproute2 6.1, where a bad line also ends its file).
 */
static bool parse_table_line(struct conf_text t, struct table_line *ret)
{
	bool hex = t.len > 2 && !memcmp(t.s, "0x", 2);
	char number[24] = "";
	char *end;
	size_t n = t.len < sizeof(number) ? t.len : sizeof(number) - 1;

	memcpy(number, t.s, n);
	ret->id = (unsigned int)strtoul(number, &end, hex ? 16 : 10);
	if (end == number || (int)ret->id < 0)
		return false;
	t.s += end - number;
	t.len -= (size_t)(end - number);
	while (t.len && conf_is_space(t.s[0])) {
		t.s++;
		t.len--;
	}
	ret->name = (struct conf_text){ .s = t.s };
	while (ret->name.len < t.len && !conf_is_space(t.s[ret->name.len]))
		ret->name.len++;
	return ret->name.len > 0;
}

static bool same_name(struct conf_text t, const char *s)
{
	return t.len == strlen(s) && !memcmp(t.s, s, t.len);
}

/*
 * iproute2 hashes tables by the low byte of their number and searches from
 * bucket 0 up, in a bucket the last one read first.
 */
static bool find_table(const char *text, const char *names,
		       unsigned int *ret_table)
{
	static const struct {
		unsigned int id;
		const char *name;
	} built_in[] = {
		{ RT_TABLE_DEFAULT, "default" },
		{ RT_TABLE_MAIN, "main" },
		{ RT_TABLE_LOCAL, "local" },
	};
	struct table_line line;
	struct conf_text t;
	unsigned int i, best = 256;

	for (i = 0; i < ARRAY_SIZE(built_in); i++)
		if (!strcmp(text, built_in[i].name))
			best = *ret_table = built_in[i].id;
	while (names && *names) {
		names += strspn(names, " \t");
		t = (struct conf_text){ names, strcspn(names, "\n") };
		names += t.len + (names[t.len] == '\n');
		if (!t.len || t.s[0] == '#' || !parse_table_line(t, &line) ||
		    !same_name(line.name, text) || (line.id & 255) > best)
			continue;
		best = line.id & 255;
		*ret_table = line.id;
	}
	return best < 256;
}

bool conf_parse_table(const char *text, const char *names,
		      unsigned int *ret_table)
{
	unsigned int table = 0;
	unsigned long n;
	char *end;

	if (find_table(text, names, &table)) {
		*ret_table = table;
		return true;
	}
	if (!strcmp(text, "unspec")) {
		*ret_table = RT_TABLE_UNSPEC;
		return true;
	}
	errno = 0;
	n = strtoul(text, &end, 0);
	if (end == text || *end || n > UINT32_MAX || errno)
		return false;
	*ret_table = (unsigned int)n;
	return true;
}
