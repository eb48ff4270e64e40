// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

/**
 * DOC: how it works
 *
 * genconf N DIR writes DIR/wg0.conf with N peers, the ones of peers.h.  The
 * same N gives the same bytes.
 */

static void put_key(FILE *f, const char *name, uint32_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t key[33] = { 0 };
	char text[45];
	unsigned int i;

	bench_key(n, key);
	for (i = 0; i < 11; i++) {
		const uint8_t *k = key + 3 * i;
		uint32_t bits = (uint32_t)k[0] << 16 | k[1] << 8 | k[2];
		char *t = text + 4 * i;

		t[0] = digits[bits >> 18 & 63];
		t[1] = digits[bits >> 12 & 63];
		t[2] = digits[bits >> 6 & 63];
		t[3] = digits[bits & 63];
	}
	text[43] = '=';
	text[44] = '\0';
	fprintf(f, "%s = %s\n", name, text);
}

static void put_ip(FILE *f, const char *before, uint32_t ip, const char *after)
{
	fprintf(f, "%s%u.%u.%u.%u%s\n", before, ip >> 24, ip >> 16 & 255,
		ip >> 8 & 255, ip & 255, after);
}

int main(int argc, char **argv)
{
	uint32_t n, peers = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	char path[4096];
	FILE *f;

	if (argc != 3 || peers < 1 || peers > BENCH_MAX_PEERS) {
		fprintf(stderr, "usage: genconf N DIR (N <= %d)\n",
			BENCH_MAX_PEERS);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/" BENCH_IFNAME ".conf", argv[2]);
	f = fopen(path, "w");
	if (!f) {
		fprintf(stderr, "genconf: %s: %s\n", path, strerror(errno));
		return 1;
	}
	fprintf(f, "[Interface]\n");
	put_key(f, "PrivateKey", 0);
	fprintf(f, "ListenPort = %d\n", BENCH_PORT);
	put_ip(f, "Address = ", BENCH_ADDRESS, "/32");
	for (n = 1; n <= peers; n++) {
		fprintf(f, "\n[Peer]\n");
		put_key(f, "PublicKey", n);
		put_ip(f, "Endpoint = ", bench_endpoint(n), ":51820");
		put_ip(f, "AllowedIPs = ", bench_route(n), "/32");
	}
	if (fclose(f) != 0) {
		fprintf(stderr, "genconf: %s: %s\n", path, strerror(errno));
		return 1;
	}
	return 0;
}
