// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define TEXT "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool parse(uint8_t key[KEY_LEN], const char *s)
{
	return key_parse_base64(key, s, strlen(s));
}

static void keys_1_last_but_one_character(void **state)
{
	char text[] = TEXT;
	uint8_t key[KEY_LEN];
	unsigned int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		text[42] = (char)c;
		assert_int_equal(parse(key, text),
				 !!strchr("AEIMQUYcgkosw048", (int)c));
	}
}

static void keys_1_alphabet(void **state)
{
	uint8_t key[KEY_LEN];
	unsigned int c, i;

	(void)state;
	for (i = 0; i < 42; i++)
		for (c = 1; c < 256; c++) {
			char text[] = TEXT;

			text[i] = (char)c;
			assert_int_equal(parse(key, text),
					 !!strchr(alphabet, (int)c));
		}
}

static void keys_1_length_and_end(void **state)
{
	uint8_t key[KEY_LEN], zero[KEY_LEN] = { 0 };
	char text[] = TEXT;

	(void)state;
	assert_true(parse(key, text));
	assert_false(key_parse_base64(key, text, 43));
	assert_false(key_parse_base64(key, TEXT "=", 45));
	assert_false(key_parse_base64(key, "", 0));
	text[43] = 'A';
	assert_false(parse(key, text));
	text[43] = '=';
	text[7] = '*';
	memset(key, 0xff, sizeof(key));
	assert_false(parse(key, text));
	assert_memory_equal(key, zero, sizeof(key));
}

/* Every character decodes to its place in the alphabet, in all positions. */
static void base64_round_trip(void **state)
{
	uint8_t key[KEY_LEN], again[KEY_LEN];
	char text[KEY_BASE64_LEN], hex[KEY_HEX_LEN];
	unsigned int i, round, seed = 1;

	(void)state;
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < KEY_LEN; i++)
			key[i] = (uint8_t)rand_r(&seed);
		key_print_base64(text, key);
		assert_int_equal(strlen(text), KEY_BASE64_LEN - 1);
		assert_true(parse(again, text));
		assert_memory_equal(key, again, KEY_LEN);
		key_print_hex(hex, key);
		assert_int_equal(strlen(hex), KEY_HEX_LEN - 1);
		assert_true(key_parse_hex(again, hex, strlen(hex)));
		assert_memory_equal(key, again, KEY_LEN);
	}
}

static void known_bytes(void **state)
{
	static const char hex[] = "c809f3e5317e9575c9b5ed78b638b7ce530dabe85d"
				  "dab614220241801ddf0669";
	char text[KEY_BASE64_LEN], out[KEY_HEX_LEN];
	uint8_t key[KEY_LEN];
	unsigned int i;

	(void)state;
	assert_true(parse(key, TEXT));
	key_print_hex(out, key);
	assert_string_equal(out, hex);
	key_print_base64(text, key);
	assert_string_equal(text, TEXT);
	memset(key, 0xff, sizeof(key));
	key_print_base64(text, key);
	assert_string_equal(text,
			    "//////////////////////////////////////////8=");
	for (i = 0; i < KEY_LEN; i++)
		key[i] = (uint8_t)i;
	key_print_base64(text, key);
	assert_string_equal(text,
			    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
}

static void hex_digits(void **state)
{
	uint8_t key[KEY_LEN], zero[KEY_LEN] = { 0 };
	char text[KEY_HEX_LEN];
	unsigned int c, i;

	(void)state;
	for (i = 0; i < 64; i += 9)
		for (c = 1; c < 256; c++) {
			memset(text, '0', 64);
			text[64] = '\0';
			text[i] = (char)c;
			assert_int_equal(
				key_parse_hex(key, text, 64),
				!!strchr("0123456789abcdefABCDEF", (int)c));
		}
	memset(text, 'F', 64);
	assert_true(key_parse_hex(key, text, 64));
	assert_int_equal(key[0], 0xff);
	text[63] = 'g';
	assert_false(key_parse_hex(key, text, 64));
	assert_memory_equal(key, zero, sizeof(key));
	assert_false(key_parse_hex(key, text, 62));
	assert_false(key_parse_hex(key, text, 65));
}

static void zero(void **state)
{
	uint8_t key[KEY_LEN] = { 0 };
	unsigned int i;

	(void)state;
	assert_true(key_is_zero(key));
	for (i = 0; i < 8 * KEY_LEN; i++) {
		key[i / 8] = (uint8_t)(1 << i % 8);
		assert_false(key_is_zero(key));
		key[i / 8] = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_1_last_but_one_character),
		cmocka_unit_test(keys_1_alphabet),
		cmocka_unit_test(keys_1_length_and_end),
		cmocka_unit_test(base64_round_trip),
		cmocka_unit_test(known_bytes),
		cmocka_unit_test(hex_digits),
		cmocka_unit_test(zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
