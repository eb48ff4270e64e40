/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdint.h>

/**
 * DOC: the peers that are measured
 *
 * floor.c sends and genconf.c writes down the same peers, so that the kernel
 * has the same work with both: a key that any 32 bytes make, an endpoint of
 * its own in 198.18.0.0/15 and one route of its own in 10.0.0.0/8.
 */

#define BENCH_IFNAME "wg0"
#define BENCH_PORT 51820
#define BENCH_MTU 1420
/* Outside the peers' routes and with a mask that covers none of them. */
#define BENCH_ADDRESS 0x0aff0001u
#define BENCH_MAX_PEERS 100000

/** bench_key() - key number @n, 0 for the private one; 32 bytes to @key */
static inline void bench_key(uint32_t n, uint8_t key[32])
{
	uint64_t state = 0x9e3779b97f4a7c15u * (n + 1);
	unsigned int i;

	for (i = 0; i < 32; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		key[i] = state >> 32;
	}
	if (n == 0) {
		key[0] &= 248;
		key[31] = (key[31] & 127) | 64;
	}
}

/** bench_endpoint() - address of peer @n (from 1), host byte order */
static inline uint32_t bench_endpoint(uint32_t n)
{
	return 0xc6120000u + n;
}

/** bench_route() - the /32 of peer @n (from 1), host byte order */
static inline uint32_t bench_route(uint32_t n)
{
	return 0x0a000000u + n;
}

#endif
