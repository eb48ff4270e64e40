// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/private.h"

int conf_cmp_host(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

static int cmp_index(const void *x, const void *y, void *ctx)
{
	const unsigned int *i = x, *j = y;
	const struct addr *a = ctx;
	int d = conf_cmp_host(&a[*i], &a[*j]);

	return d ? d : (*i > *j) - (*i < *j);
}

/* Linux drops a v4 address of zeros unseen, so it never clashes. */
static bool can_clash(const struct addr *a)
{
	static const struct addr none;

	return a->family != AF_UNSPEC &&
	       (a->family != AF_INET || memcmp(a->b, none.b, 4));
}

/*
 * @order is a run of one host.  Of those with the same prefix length the first
 * is named, else the first of all.
 */
static void find_clashes(const struct addr *a, const unsigned int *order,
			 size_t n, unsigned int *clash)
{
	unsigned int first[129] = { 0 }, plen;
	size_t i;

	if (!can_clash(&a[order[0]]))
		return;
	for (i = 0; i < n; i++) {
		plen = a[order[i]].plen;
		if (first[plen])
			clash[order[i]] = first[plen];
		else if (i)
			clash[order[i]] = order[0] + 1;
		if (!first[plen])
			first[plen] = order[i] + 1;
	}
}

/* For each address an earlier one of the same host plus 1, or 0. */
static unsigned int *address_clashes(const struct addr *a, size_t n)
{
	unsigned int *clash = calloc(n + 1, sizeof(*clash));
	cleanup(free_ptr) unsigned int *order = calloc(n + 1, sizeof(*order));
	size_t i, run = 0;

	if (!clash || !order) {
		free(clash);
		return NULL;
	}
	for (i = 0; i < n; i++)
		order[i] = (unsigned int)i;
	qsort_r(order, n, sizeof(*order), cmp_index, (void *)a);
	for (i = 1; i <= n; i++) {
		if (i < n && !conf_cmp_host(&a[order[run]], &a[order[i]]))
			continue;
		find_clashes(a, order + run, i - run, clash);
		run = i;
	}
	return clash;
}

/* What the kernel refuses whatever the interface has. */
static const char *never_assigned(const struct addr *a)
{
	static const uint8_t zeros[16];

	if (a->family != AF_INET6)
		return NULL;
	if (!memcmp(a->b, zeros, sizeof(zeros)))
		return "ipv6: Invalid address";
	if (a->b[0] == 0xff)
		return "ipv6: Cannot assign a multicast address";
	return NULL;
}

/* Octal, hex, short and dotted forms mean what few people expect. */
static bool is_plain(const char *s, const struct addr *a)
{
	char host[ADDR_STRLEN];
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);

	addr_print_host(a, host);
	if (a->family == AF_INET &&
	    (strlen(host) != len || strncmp(s, host, len) != 0))
		return false;
	if (!slash || strchr(slash, '.'))
		return true;
	return isdigit((unsigned char)slash[1]) &&
	       (slash[1] != '0' || !slash[2]);
}

/*
 * The kernel refuses an IPv6 address that the interface has with any prefix
 * length, an IPv4 address only with the same (ADDR-4).
 */
static void report_clash(struct conf_sink *sink, size_t i, size_t other,
			 const char *text)
{
	const struct conf_value *v = sink->conf->address.v;
	const struct addr *a = sink->conf->addresses;

	if (a[i].family == AF_INET && a[i].plen != a[other].plen)
		conf_warn(sink, v[i].line,
			  "%s is an address of line %u with another prefix "
			  "length",
			  text, v[other].line);
	else
		conf_error(sink, v[i].line, 2,
			   "File exists: %s was listed before, in line %u",
			   text, v[other].line);
}

static void check_address(struct conf_sink *sink, size_t i,
			  const unsigned int *clash)
{
	const struct conf_value *v = &sink->conf->address.v[i];
	const struct addr *a = &sink->conf->addresses[i];
	const char *never = never_assigned(a);
	char text[CONF_QUOTE_LEN], out[ADDR_STRLEN];

	if (a->family != AF_UNSPEC && !never && !clash[i] && is_plain(v->s, a))
		return;
	conf_quote_address(text, v->s, strlen(v->s));
	if (a->family == AF_UNSPEC)
		conf_error(sink, v->line, 1,
			   "%s prefix is expected rather than \"%s\"",
			   strchr(v->s, ':') ? "inet6" : "inet", text);
	else if (never)
		conf_error(sink, v->line, 2, "%s: %s", never, text);
	else if (clash[i])
		report_clash(sink, i, clash[i] - 1, text);
	else
		conf_warn(sink, v->line, "Address %s is taken as %s", text,
			  addr_print(a, out));
}

static void check_addresses(struct conf_sink *sink)
{
	struct conf *conf = sink->conf;
	cleanup(free_ptr) unsigned int *clash = NULL;
	size_t i, n = conf->address.n;

	conf->addresses = arena_array(&conf->arena, n, sizeof(struct addr));
	if (!conf->addresses) {
		sink->no_memory = true;
		return;
	}
	for (i = 0; i < n; i++)
		conf_parse_address(conf->address.v[i].s, &conf->addresses[i]);
	clash = address_clashes(conf->addresses, n);
	if (!clash) {
		sink->no_memory = true;
		return;
	}
	for (i = 0; i < n; i++)
		check_address(sink, i, clash);
}

/* An int with C's base prefixes, the whole text (MTU-1). */
static bool parse_int(const char *s, int *ret)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 0);
	if (end == s || *end || errno || n < INT_MIN || n > INT_MAX)
		return false;
	*ret = (int)n;
	return true;
}

static void check_mtu(struct conf_sink *sink)
{
	struct conf_value *mtu = &sink->conf->mtu;
	int *value = &sink->conf->mtu_value;
	char text[CONF_QUOTE_LEN];

	if (!mtu->s || !mtu->s[0])
		return;
	conf_quote(text, mtu->s, strlen(mtu->s));
	if (!parse_int(mtu->s, value))
		conf_error(sink, mtu->line, 255,
			   "argument \"%s\" is wrong: Invalid \"mtu\" value",
			   text);
	else if (*value < 0)
		conf_error(sink, mtu->line, 2,
			   "mtu less than device minimum: %s", text);
	else if (mtu->s[0] == '0' && isdigit((unsigned char)mtu->s[1]))
		conf_warn(sink, mtu->line, "MTU %s is octal and taken as %d",
			  text, *value);
}

void conf_check_link(struct conf_sink *sink)
{
	check_addresses(sink);
	check_mtu(sink);
}
