/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_BASE_KEY_H
#define WGQ_BASE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_LEN 32	  /* bytes of a private, public or preshared key */
#define KEY_BASE64_LEN 45 /* its base64 text with the final NUL */
#define KEY_HEX_LEN 65	  /* its hexadecimal text with the final NUL */

/**
 * key_parse_base64() - decode a key (contract KEYS-1)
 * @key:	KEY_LEN bytes, wiped when the text is refused
 * @s:		text of exactly @len bytes, no NUL needed
 * @len:	44 for a key that is well formed
 *
 * Runs in constant time for texts of 44 bytes.
 *
 * Return: whether the text is the canonical base64 of 32 bytes.
 */
bool key_parse_base64(uint8_t key[KEY_LEN], const char *s, size_t len);

/** key_print_base64() - encode a key in constant time, with a final NUL */
void key_print_base64(char out[KEY_BASE64_LEN], const uint8_t key[KEY_LEN]);

/**
 * key_parse_hex() - decode the 64 hex digits of the userspace protocol
 *
 * Return: whether @s of @len bytes is 64 hexadecimal digits of either case.
 */
bool key_parse_hex(uint8_t key[KEY_LEN], const char *s, size_t len);

/** key_print_hex() - encode a key as lower-case hex, with a final NUL */
void key_print_hex(char out[KEY_HEX_LEN], const uint8_t key[KEY_LEN]);

/** key_is_zero() - is every byte zero? (constant time) */
bool key_is_zero(const uint8_t key[KEY_LEN]);

#endif
