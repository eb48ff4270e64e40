// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/private.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * DOC: what a message may quote
 *
 * Messages end up in journals and bug reports, so no key may be in them, nor
 * enough of one to find the rest by trying.  A key has 44 characters of base64
 * or 64 of hexadecimal, and it may stand anywhere: in the wrong section, behind
 * a misspelt name or none, too long, or with a quote or an invisible character
 * in it.  The rules below hide too much rather than too little; the line number
 * tells the user where to look.
 */

/* Longest run of such characters that no part of a key explains. */
#define RUN_MIXED 20 /* with a capital: 1 in 30000 parts of a key has none */
#define RUN_HEX 32
#define RUN_ANY 40
#define HEX_TOTAL 40 /* hex digits with colons: more than [v6]:port has */

static bool is_key_char(char c)
{
	return isalnum((unsigned char)c) || memchr("+/=-_", c, 5);
}

/* What may get between the characters of a key unnoticed. */
static bool is_transparent(char c)
{
	return (unsigned char)c >= 0x7f || (unsigned char)c < 0x20 ||
	       memchr(" \"'`\\", c, 5);
}

static bool may_be_key(const char *s, size_t len)
{
	size_t run = 0, hex = 0, hex_total = 0;
	bool capital = false;

	for (; len; s++, len--) {
		if (is_transparent(*s))
			continue;
		if (isxdigit((unsigned char)*s))
			hex_total++;
		else if (*s != ':')
			hex_total = 0;
		if (!is_key_char(*s)) {
			run = hex = 0;
			capital = false;
			continue;
		}
		run++;
		hex = isxdigit((unsigned char)*s) ? hex + 1 : 0;
		capital |= isupper((unsigned char)*s) != 0;
		if (run >= RUN_ANY || hex >= RUN_HEX ||
		    hex_total >= HEX_TOTAL || (run >= RUN_MIXED && capital))
			return true;
	}
	return false;
}

/* Names with one of these in them hold a secret, however they are spelt. */
static bool sounds_secret(const char *s, size_t len)
{
	static const char *const sounds[] = { "key", "priv", "presh", "psk",
					      "secret" };
	char folded[64];
	size_t n = 0, i;

	for (i = 0; i < len && n < sizeof(folded) - 1; i++)
		if (isalpha((unsigned char)s[i]))
			folded[n++] = (char)tolower((unsigned char)s[i]);
	folded[n] = '\0';
	for (i = 0; i < ARRAY_SIZE(sounds); i++)
		if (strstr(folded, sounds[i]))
			return true;
	return conf_name_distance(s, len, "PrivateKey") <= 3 ||
	       conf_name_distance(s, len, "PresharedKey") <= 3;
}

static void put(char *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(char *out, const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + used, CONF_QUOTE_LEN - used, fmt, ap);
	va_end(ap);
}

/* Room is left for what may follow: "=(hidden)" or "...". */
static void put_escaped(char *out, const char *s, size_t len)
{
	size_t i, used = strlen(out);

	for (i = 0; i < len; i++) {
		if (used > CONF_QUOTE_LEN - 20) {
			put(out, "...");
			return;
		}
		if (s[i] < 0x20 || s[i] > 0x7e) {
			put(out, "\\x%02x", (unsigned char)s[i]);
			used += 4;
		} else {
			out[used++] = s[i];
			out[used] = '\0';
		}
	}
}

char *conf_quote(char *out, const char *s, size_t len)
{
	out[0] = '\0';
	if (may_be_key(s, len))
		put(out, "(hidden)");
	else
		put_escaped(out, s, len);
	return out;
}

/* Blanks cut an Address into words, so a piece of a key may be short there. */
#define ADDRESS_PIECE 8

char *conf_quote_address(char *out, const char *s, size_t len)
{
	out[0] = '\0';
	if (len >= ADDRESS_PIECE && !memchr(s, '.', len) &&
	    !memchr(s, ':', len))
		put(out, "(hidden)");
	else
		conf_quote(out, s, len);
	return out;
}

char *conf_quote_part(char *out, const char *s, size_t len, size_t whole)
{
	out[0] = '\0';
	if (may_be_key(s, whole))
		put(out, "(hidden)");
	else
		put_escaped(out, s, len);
	return out;
}

static bool is_word(const char *s, size_t len)
{
	while (len && (isalpha((unsigned char)*s) || memchr("-_[]", *s, 4))) {
		s++;
		len--;
	}
	return !len;
}

/*
 * A key without a name before it has its own beginning taken for the name: the
 * `=` that ends a key ends that.  Digits and signs tell the two apart.
 */
#define NAME_PIECE 8

static bool may_show_name(const char *s, size_t len, bool secret)
{
	if (is_word(s, len) ? !secret || len <= 16 : len < NAME_PIECE)
		return true;
	return conf_key_near(s, len, CONF_SECTION_NONE) != CONF_KEYS;
}

char *conf_quote_line(char *out, const char *s, size_t len)
{
	enum conf_key key = conf_key_prefix(s, len);
	size_t name = 0, rest;
	bool secret;

	out[0] = '\0';
	if (key != CONF_KEYS) {
		name = strlen(conf_keys[key].name);
		secret = conf_keys[key].secret;
	} else {
		while (name < len && s[name] != '=' && s[name] != ':')
			name++;
		secret = sounds_secret(s, name);
		if (may_be_key(s, name) || ((secret || name < len) &&
					    !may_show_name(s, name, secret))) {
			put(out, "(hidden)");
			return out;
		}
	}
	rest = len - name;
	if (rest > 1 && (secret || may_be_key(s + name, rest))) {
		put_escaped(out, s, name);
		put(out, "%s(hidden)", s[name] == '=' ? "=" : "");
	} else {
		put_escaped(out, s, len);
	}
	return out;
}
