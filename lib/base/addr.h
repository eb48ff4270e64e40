/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_BASE_ADDR_H
#define WGQ_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct addr - an IPv4 or IPv6 address with a prefix length
 * @family:	AF_INET or AF_INET6; AF_UNSPEC for none
 * @plen:	prefix length in bits, 0 to 32 or 128
 * @b:		the address in network byte order, the first 4 or 16 bytes used,
 *		the rest zero
 */
struct addr {
	uint8_t family;
	uint8_t plen;
	uint8_t b[16];
};

/** ADDR_STRLEN - room for addr_print() with its prefix length and NUL */
#define ADDR_STRLEN (INET6_ADDRSTRLEN + 4)

/** union sockaddr_inet - an endpoint; ports and addresses in network order */
union sockaddr_inet {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/** ENDPOINT_STRLEN - room for endpoint_print(): [v6%zone]:port and NUL */
#define ENDPOINT_STRLEN (ADDR_STRLEN + 16 + 9)

/** addr_bits() - width of an address of @family in bits (32 or 128) */
static inline unsigned int addr_bits(uint8_t family)
{
	return family == AF_INET6 ? 128 : 32;
}

/** addr_bytes() - width of an address of @family in bytes (4 or 16) */
static inline unsigned int addr_bytes(uint8_t family)
{
	return addr_bits(family) / 8;
}

/** addr_eq() - same family, address and prefix length? */
bool addr_eq(const struct addr *a, const struct addr *b);

/** addr_covers() - does the prefix @net hold every address of prefix @a? */
bool addr_covers(const struct addr *net, const struct addr *a);

/** addr_masked() - @a with the bits beyond its prefix length cleared */
struct addr addr_masked(const struct addr *a);

/**
 * addr_print() - write "address/plen" as iproute2 and wg do
 * @out:	at least ADDR_STRLEN bytes
 *
 * Return: @out.
 */
char *addr_print(const struct addr *a, char *out);

/** addr_print_host() - write the address without a prefix length; see above */
char *addr_print_host(const struct addr *a, char *out);

/**
 * ifname_index() - ifindex of a link by its name
 *
 * Return: the index, 0 where there is no such link.
 */
unsigned int ifname_index(const char *name);

/**
 * ifname_of() - name of a link by its ifindex
 * @out:	at least IF_NAMESIZE bytes
 *
 * Return: @out, or NULL where there is no such link.
 */
char *ifname_of(unsigned int index, char *out);

/** endpoint_addr() - the address of an endpoint, as a host prefix */
struct addr endpoint_addr(const union sockaddr_inet *ep);

/**
 * endpoint_print() - write "1.2.3.4:5" or "[v6%zone]:5" as wg does
 * @out:	at least ENDPOINT_STRLEN bytes
 *
 * The zone is printed as its interface's name, or as a number where the
 * interface is gone.
 *
 * Return: @out.
 */
char *endpoint_print(const union sockaddr_inet *ep, char *out);

#endif
