// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/private.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define QUICK(n)                                                            \
	{                                                                   \
		.name = n, .section = CONF_SECTION_INTERFACE, .quick = true \
	}
#define IFACE(n, s)                                                       \
	{                                                                 \
		.name = n, .section = CONF_SECTION_INTERFACE, .secret = s \
	}
#define PEER(n, s)                                                   \
	{                                                            \
		.name = n, .section = CONF_SECTION_PEER, .secret = s \
	}

/* A PublicKey is secret, since a private key lands there by mistake. */
const struct conf_key_info conf_keys[CONF_KEYS] = {
	[CONF_KEY_ADDRESS] = QUICK("Address"),
	[CONF_KEY_DNS] = QUICK("DNS"),
	[CONF_KEY_MTU] = QUICK("MTU"),
	[CONF_KEY_TABLE] = QUICK("Table"),
	[CONF_KEY_PRE_UP] = QUICK("PreUp"),
	[CONF_KEY_POST_UP] = QUICK("PostUp"),
	[CONF_KEY_PRE_DOWN] = QUICK("PreDown"),
	[CONF_KEY_POST_DOWN] = QUICK("PostDown"),
	[CONF_KEY_SAVE_CONFIG] = QUICK("SaveConfig"),
	[CONF_KEY_PRIVATE_KEY] = IFACE("PrivateKey", true),
	[CONF_KEY_LISTEN_PORT] = IFACE("ListenPort", false),
	[CONF_KEY_FWMARK] = IFACE("FwMark", false),
	[CONF_KEY_PUBLIC_KEY] = PEER("PublicKey", true),
	[CONF_KEY_PRESHARED_KEY] = PEER("PresharedKey", true),
	[CONF_KEY_ENDPOINT] = PEER("Endpoint", false),
	[CONF_KEY_ALLOWED_IPS] = PEER("AllowedIPs", false),
	[CONF_KEY_KEEPALIVE] = PEER("PersistentKeepalive", false),
};

bool conf_text_is(struct conf_text t, const char *s)
{
	return t.len == strlen(s) && !strncasecmp(t.s, s, t.len);
}

enum conf_key conf_key_find(const char *s, size_t len)
{
	struct conf_text t = { .s = s, .len = len };
	unsigned int k;

	for (k = 0; k < CONF_KEYS; k++)
		if (conf_text_is(t, conf_keys[k].name))
			break;
	return (enum conf_key)k;
}

enum conf_key conf_key_prefix(const char *s, size_t len)
{
	enum conf_key best = CONF_KEYS;
	size_t n, longest = 0;
	unsigned int k;

	for (k = 0; k < CONF_KEYS; k++) {
		n = strlen(conf_keys[k].name);
		if (n > longest && n <= len &&
		    !strncasecmp(s, conf_keys[k].name, n)) {
			longest = n;
			best = (enum conf_key)k;
		}
	}
	return best;
}

/* Names longer than any key are never near one. */
#define NAME_MAX_LEN 32

static size_t fold(char out[NAME_MAX_LEN + 1], const char *s, size_t len)
{
	size_t n = 0;

	for (; len && n <= NAME_MAX_LEN; s++, len--)
		if (isalnum((unsigned char)*s))
			out[n++] = (char)tolower((unsigned char)*s);
	return n;
}

static unsigned int min2(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * Insertions, deletions, changes and swaps of neighbours count 1 each.  @a is
 * folded, @b a name of ours, which needs only its case folded.
 */
static unsigned int distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned int row[3][NAME_MAX_LEN + 1], *cur, *prev, *prev2, change;
	size_t i, j;
	char c, last = 0;

	for (j = 0; j <= m; j++)
		row[0][j] = (unsigned int)j;
	for (i = 1; i <= n; i++) {
		cur = row[i % 3];
		prev = row[(i + 2) % 3];
		prev2 = row[(i + 1) % 3];
		cur[0] = (unsigned int)i;
		for (j = 1; j <= m; j++, last = c) {
			c = (char)tolower((unsigned char)b[j - 1]);
			change = prev[j - 1] + (a[i - 1] != c);
			cur[j] = min2(min2(prev[j], cur[j - 1]) + 1, change);
			if (i > 1 && j > 1 && a[i - 1] == last && a[i - 2] == c)
				cur[j] = min2(cur[j], prev2[j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

/* Names that differ too much in length are not worth the matrix. */
static unsigned int near(const char *folded, size_t n, const char *name)
{
	size_t m = strlen(name);

	if (n > NAME_MAX_LEN || n > m + 3 || m > n + 3)
		return NAME_MAX_LEN;
	return distance(folded, n, name, m);
}

unsigned int conf_name_distance(const char *s, size_t len, const char *name)
{
	char folded[NAME_MAX_LEN + 1];

	return near(folded, fold(folded, s, len), name);
}

/* strcasestr() of glibc weighs more than all of this room's tables. */
static bool has_part(const char *s, const char *part)
{
	size_t n = strlen(part), len = strlen(s);

	for (; len >= n; s++, len--)
		if (!strncasecmp(s, part, n))
			return true;
	return false;
}

/* "Addr", "Keepalive", "IPAddress": a part of the name, or more than it. */
static bool contains(const char *folded, size_t n, const char *name)
{
	if (n < 4)
		return false;
	return has_part(name, folded) ||
	       (strlen(name) >= 5 && has_part(folded, name));
}

enum conf_key conf_key_near(const char *s, size_t len,
			    enum conf_section section)
{
	unsigned int k, d, allowed, score, best_score = 100;
	enum conf_key best = CONF_KEYS;
	char folded[NAME_MAX_LEN + 2];
	size_t n = fold(folded, s, len);

	if (n > NAME_MAX_LEN)
		return CONF_KEYS;
	folded[n] = '\0';
	for (k = 0; k < CONF_KEYS; k++) {
		d = near(folded, n, conf_keys[k].name);
		allowed = strlen(conf_keys[k].name) < 5 ? 1 : 2;
		if (d > allowed) {
			if (!contains(folded, n, conf_keys[k].name))
				continue;
			d = 3;
		}
		score = 2 * d + (conf_keys[k].section != section);
		if (score < best_score) {
			best_score = score;
			best = (enum conf_key)k;
		}
	}
	return best;
}
