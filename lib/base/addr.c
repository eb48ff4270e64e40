// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->plen == b->plen &&
	       !memcmp(a->b, b->b, addr_bytes(a->family));
}

bool addr_covers(const struct addr *net, const struct addr *a)
{
	struct addr cut = *a;

	if (net->family != a->family || net->plen > a->plen)
		return false;
	cut.plen = net->plen;
	cut = addr_masked(&cut);
	return !memcmp(addr_masked(net).b, cut.b, addr_bytes(a->family));
}

struct addr addr_masked(const struct addr *a)
{
	struct addr m = *a;
	unsigned int i, bits;

	for (i = 0; i < sizeof(m.b); i++) {
		bits = a->plen > i * 8 ? a->plen - i * 8 : 0;
		if (bits < 8)
			m.b[i] &= (uint8_t)(0xff00 >> bits);
	}
	return m;
}

static char *put_byte(char *out, unsigned int n)
{
	if (n >= 100)
		*out++ = (char)('0' + n / 100);
	if (n >= 10)
		*out++ = (char)('0' + n / 10 % 10);
	*out++ = (char)('0' + n % 10);
	*out = '\0';
	return out;
}

char *addr_print_host(const struct addr *a, char *out)
{
	char *p = out;
	size_t i;

	/* A line is printed for each route: thousands, without printf(). */
	if (a->family == AF_INET) {
		for (i = 0; i < 4; i++) {
			if (i)
				*p++ = '.';
			p = put_byte(p, a->b[i]);
		}
		return out;
	}
	if (!inet_ntop(a->family, a->b, out, INET6_ADDRSTRLEN))
		strcpy(out, "?");
	return out;
}

char *addr_print(const struct addr *a, char *out)
{
	char *end = strchr(addr_print_host(a, out), '\0');

	*end++ = '/';
	put_byte(end, a->plen);
	return out;
}

struct addr endpoint_addr(const union sockaddr_inet *ep)
{
	struct addr a = { .family = (uint8_t)ep->sa.sa_family };

	a.plen = (uint8_t)addr_bits(a.family);
	if (a.family == AF_INET6)
		memcpy(a.b, &ep->v6.sin6_addr, 16);
	else
		memcpy(a.b, &ep->v4.sin_addr, 4);
	return a;
}

char *endpoint_print(const union sockaddr_inet *ep, char *out)
{
	char host[ADDR_STRLEN], zone[IF_NAMESIZE + 1] = "";
	struct addr a = endpoint_addr(ep);

	addr_print_host(&a, host);
	if (a.family == AF_INET) {
		snprintf(out, ENDPOINT_STRLEN, "%s:%u", host,
			 ntohs(ep->v4.sin_port));
		return out;
	}
	if (ep->v6.sin6_scope_id) {
		zone[0] = '%';
		if (!ifname_of(ep->v6.sin6_scope_id, zone + 1))
			snprintf(zone + 1, IF_NAMESIZE, "%u",
				 ep->v6.sin6_scope_id);
	}
	snprintf(out, ENDPOINT_STRLEN, "[%s%s]:%u", host, zone,
		 ntohs(ep->v6.sin6_port));
	return out;
}
