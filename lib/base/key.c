// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/key.h"

#include <string.h>

/*
 * Base64 without tables and branches on key bits: each range of the alphabet
 * contributes through a mask, so that neither cache nor branch predictor
 * learns anything of the key.
 */
static unsigned int in_range(int c, int lo, int hi)
{
	return (unsigned int)(((lo - 1 - c) & (c - hi - 1)) >> 31);
}

static int decode_char(int c)
{
	unsigned int v = 0;

	v |= in_range(c, 'A', 'Z') & (unsigned int)(c - 'A' + 1);
	v |= in_range(c, 'a', 'z') & (unsigned int)(c - 'a' + 27);
	v |= in_range(c, '0', '9') & (unsigned int)(c - '0' + 53);
	v |= in_range(c, '+', '+') & 63;
	v |= in_range(c, '/', '/') & 64;
	return (int)v - 1;
}

static char encode_char(unsigned int v)
{
	int c = (int)v;
	unsigned int r = 0;

	r |= in_range(c, 0, 25) & (unsigned int)(c + 'A');
	r |= in_range(c, 26, 51) & (unsigned int)(c - 26 + 'a');
	r |= in_range(c, 52, 61) & (unsigned int)(c - 52 + '0');
	r |= in_range(c, 62, 62) & '+';
	r |= in_range(c, 63, 63) & '/';
	return (char)r;
}

bool key_parse_base64(uint8_t key[KEY_LEN], const char *s, size_t len)
{
	unsigned int acc = 0, bits = 0, out = 0;
	int bad, v;
	size_t i;

	if (len != KEY_BASE64_LEN - 1 || s[len - 1] != '=')
		return false;
	bad = 0;
	for (i = 0; i < len - 1; i++) {
		v = decode_char((unsigned char)s[i]);
		bad |= v;
		acc = acc << 6 | ((unsigned int)v & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			key[out++] = (uint8_t)(acc >> bits);
		}
	}
	/* A refused character made `bad` negative; leftover bits must be 0. */
	bad = (bad < 0) | ((acc & 3) != 0);
	if (bad)
		explicit_bzero(key, KEY_LEN);
	return !bad;
}

void key_print_base64(char out[KEY_BASE64_LEN], const uint8_t key[KEY_LEN])
{
	unsigned int acc = 0, bits = 0, n = 0, i;

	for (i = 0; i < KEY_LEN; i++) {
		acc = acc << 8 | key[i];
		bits += 8;
		while (bits >= 6) {
			bits -= 6;
			out[n++] = encode_char(acc >> bits & 63);
		}
	}
	out[n++] = encode_char(acc << (6 - bits) & 63);
	out[n++] = '=';
	out[n] = '\0';
}

static int decode_hex(int c)
{
	unsigned int v = 0;

	v |= in_range(c, '0', '9') & (unsigned int)(c - '0' + 1);
	v |= in_range(c, 'a', 'f') & (unsigned int)(c - 'a' + 11);
	v |= in_range(c, 'A', 'F') & (unsigned int)(c - 'A' + 11);
	return (int)v - 1;
}

bool key_parse_hex(uint8_t key[KEY_LEN], const char *s, size_t len)
{
	int bad = 0, hi, lo;
	size_t i;

	if (len != KEY_HEX_LEN - 1)
		return false;
	for (i = 0; i < KEY_LEN; i++) {
		hi = decode_hex((unsigned char)s[2 * i]);
		lo = decode_hex((unsigned char)s[2 * i + 1]);
		bad |= hi | lo;
		key[i] = (uint8_t)(((unsigned int)hi & 15) << 4 |
				   ((unsigned int)lo & 15));
	}
	if (bad < 0)
		explicit_bzero(key, KEY_LEN);
	return bad >= 0;
}

void key_print_hex(char out[KEY_HEX_LEN], const uint8_t key[KEY_LEN])
{
	unsigned int i, nibble;

	for (i = 0; i < 2 * KEY_LEN; i++) {
		nibble = key[i / 2] >> (i % 2 ? 0 : 4) & 15;
		out[i] = (char)(nibble + '0' +
				(in_range((int)nibble, 10, 15) & 39));
	}
	out[i] = '\0';
}

bool key_is_zero(const uint8_t key[KEY_LEN])
{
	unsigned int i;
	uint8_t any = 0;

	for (i = 0; i < KEY_LEN; i++)
		any |= key[i];
	return !any;
}
