// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/private.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool hint(char *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool hint(char *out, const char *fmt, ...)
{
	va_list ap;

	memcpy(out, ": ", 2);
	va_start(ap, fmt);
	vsnprintf(out + 2, CONF_HINT_LEN - 2, fmt, ap);
	va_end(ap);
	return true;
}

static bool starts(struct conf_text t, const char *s)
{
	return t.len >= strlen(s) && !memcmp(t.s, s, strlen(s));
}

static const char *section_name(enum conf_section section)
{
	return section == CONF_SECTION_PEER ? "[Peer]" : "[Interface]";
}

static bool begins(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && conf_text_is((struct conf_text){ s, n }, with);
}

enum conf_section conf_guess_section(const char *s, size_t len)
{
	if (begins(s, len, "[Interface]"))
		return CONF_SECTION_INTERFACE;
	if (begins(s, len, "[Peer]"))
		return CONF_SECTION_PEER;
	if (conf_name_distance(s, len, "Interface") <= 2)
		return CONF_SECTION_INTERFACE;
	if (conf_name_distance(s, len, "Peer") <= 1)
		return CONF_SECTION_PEER;
	return CONF_SECTION_LOST;
}

static bool hint_file(char *out, const struct conf_stray *st)
{
	if (st->number != 1)
		return false;
	if (starts(st->line, "\xef\xbb\xbf"))
		return hint(out, "a byte order mark is before it: "
				 "save the file without one");
	if (starts(st->line, "\xff\xfe") || starts(st->line, "\xfe\xff"))
		return hint(out, "this is UTF-16: save the file as UTF-8");
	return false;
}

static bool hint_header(char *out, const struct conf_stray *st)
{
	enum conf_section guess;

	if (!starts(st->line, "[") &&
	    (!st->line.len || st->line.s[st->line.len - 1] != ']'))
		return false;
	guess = conf_guess_section(st->line.s, st->line.len);
	if (begins(st->line.s, st->line.len, section_name(guess)))
		return hint(out, "nothing may follow %s on its line",
			    section_name(guess));
	if (guess != CONF_SECTION_LOST)
		return hint(out, "did you mean %s?", section_name(guess));
	return hint(out, "the sections are [Interface] and [Peer]");
}

/* A name that is spelt right, in a place where it does not count. */
static bool hint_known(char *out, const struct conf_stray *st,
		       enum conf_key key, bool has_value)
{
	const struct conf_key_info *k = &conf_keys[key];

	if (!has_value && !k->quick)
		return hint(out, key == CONF_KEY_ALLOWED_IPS
					 ? "leave the line out for none"
					 : "it has no value");
	if (st->section == CONF_SECTION_NONE)
		return hint(out, "it is before any section, %s belongs in %s",
			    k->name, section_name(k->section));
	if (st->section != k->section)
		return hint(out, "%s belongs in %s", k->name,
			    section_name(k->section));
	/* wg takes its own keys here, so what is left is wg-quick's. */
	if (!st->quick_sees)
		return hint(out,
			    "wg-quick knows a section only as [Interface]"
			    ", see line %u",
			    st->header_line);
	return hint(out, "wg-quick knows %s only without blanks in it",
		    k->name);
}

static bool hint_name(char *out, const struct conf_stray *st)
{
	struct conf_text l = st->line;
	const char *eq = memchr(l.s, '=', l.len);
	size_t len = eq ? (size_t)(eq - l.s) : l.len;
	enum conf_key key = conf_key_find(l.s, len);

	if (key != CONF_KEYS)
		return hint_known(out, st, key, eq && len + 1 < l.len);
	key = conf_key_prefix(l.s, l.len);
	if (key != CONF_KEYS) {
		len = strlen(conf_keys[key].name);
		if (l.s[len] == ':' || !eq || eq == l.s + l.len - 1)
			return hint(out, "there is no `=' after %s",
				    conf_keys[key].name);
		len = (size_t)(eq - l.s);
	}
	key = conf_key_near(l.s, len, st->section);
	if (key == CONF_KEYS)
		return false;
	return hint(out, "did you mean %s?", conf_keys[key].name);
}

char *conf_hint(char *out, const struct conf_stray *st)
{
	out[0] = '\0';
	if (hint_file(out, st) || hint_header(out, st))
		return out;
	if (starts(st->line, ";") || starts(st->line, "//"))
		hint(out, "comments start with `#'");
	else
		hint_name(out, st);
	return out;
}

static bool all_hex(const char *s, size_t len)
{
	while (len && isxdigit((unsigned char)*s)) {
		s++;
		len--;
	}
	return !len;
}

static bool is_base64(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/';
}

static void hint_key_length(char *out, const char *s, size_t len)
{
	const size_t want = KEY_BASE64_LEN - 1;

	if (len == KEY_HEX_LEN - 1 && all_hex(s, len))
		hint(out, "it is hexadecimal, wg wants base64");
	else if (len > 2 && strchr("\"'", s[0]) && s[len - 1] == s[0])
		hint(out, "leave the quotes out");
	else if (len == want - 1 && s[len - 1] != '=')
		hint(out, "43 characters, one too short: the `=' at its end "
			  "is missing");
	else if (len < want)
		hint(out, "%zu characters, %s", len,
		     len == want - 1 ? "one too short" : "44 are needed");
	else
		hint(out, "%zu characters, %s", len,
		     len == want + 1 ? "one too long" : "44 are needed");
}

char *conf_hint_key(char *out, const char *s, size_t len)
{
	size_t i = 0;

	if (len != KEY_BASE64_LEN - 1) {
		hint_key_length(out, s, len);
		return out;
	}
	while (i < len - 1 && is_base64(s[i]))
		i++;
	if (i < len - 1 && (s[i] == '-' || s[i] == '_'))
		hint(out, "it is URL-safe base64, with - and _ for + and /");
	else if (i < len - 1)
		hint(out, "it has a character that is not base64");
	else if (s[i] != '=')
		hint(out, "the `=' at its end is missing");
	else
		hint(out, "no key ends so, it is mistyped or cut");
	return out;
}
