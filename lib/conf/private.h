/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_CONF_PRIVATE_H
#define WGQ_CONF_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

/** enum conf_key - every key that a conf may hold */
enum conf_key {
	CONF_KEY_ADDRESS,
	CONF_KEY_DNS,
	CONF_KEY_MTU,
	CONF_KEY_TABLE,
	CONF_KEY_PRE_UP,
	CONF_KEY_POST_UP,
	CONF_KEY_PRE_DOWN,
	CONF_KEY_POST_DOWN,
	CONF_KEY_SAVE_CONFIG,
	CONF_KEY_PRIVATE_KEY,
	CONF_KEY_LISTEN_PORT,
	CONF_KEY_FWMARK,
	CONF_KEY_PUBLIC_KEY,
	CONF_KEY_PRESHARED_KEY,
	CONF_KEY_ENDPOINT,
	CONF_KEY_ALLOWED_IPS,
	CONF_KEY_KEEPALIVE,
	CONF_KEYS
};

/** enum conf_section - the section that a line is in */
enum conf_section {
	CONF_SECTION_NONE,
	CONF_SECTION_INTERFACE,
	CONF_SECTION_PEER,
	CONF_SECTION_LOST
};

/**
 * struct conf_key_info - what is known of a key
 * @name:	canonical spelling; compared without regard to case
 * @section:	section it belongs in
 * @quick:	wg-quick's own, unknown to wg
 * @secret:	its value may be a key and is never shown
 */
struct conf_key_info {
	const char *name;
	enum conf_section section;
	bool quick, secret;
};

extern const struct conf_key_info conf_keys[CONF_KEYS];

/** conf_key_find() - the key of that exact name, CONF_KEYS when unknown */
enum conf_key conf_key_find(const char *s, size_t len);

/** conf_key_prefix() - the longest key that @s begins with, or CONF_KEYS */
enum conf_key conf_key_prefix(const char *s, size_t len);

/**
 * conf_key_near() - the key that was probably meant
 * @section:	keys of this section win where two are as near
 *
 * Return: the key, or CONF_KEYS when none comes near.
 */
enum conf_key conf_key_near(const char *s, size_t len,
			    enum conf_section section);

/**
 * conf_name_distance() - edits between @s, its punctuation aside, and @name
 * @name:	letters and digits alone
 *
 * Return: the number, or any above 3.
 */
unsigned int conf_name_distance(const char *s, size_t len, const char *name);

/** struct conf_text - bytes in a line, not ended by a NUL */
struct conf_text {
	const char *s;
	size_t len;
};

/** conf_is_space() - isspace() of the C locale (LINE-6, WG-2) */
static inline bool conf_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/** struct conf_parts - a line as wg-quick takes it apart (LINE-5 to LINE-7) */
struct conf_parts {
	struct conf_text key, value, raw;
};

/** conf_split() - take a line apart; any blanks around it do not matter */
struct conf_parts conf_split(struct conf_text line);

/** conf_text_is() - equal without regard to case? */
bool conf_text_is(struct conf_text t, const char *s);

/** CONF_QUOTE_LEN - room for what conf_quote() and conf_quote_line() write */
#define CONF_QUOTE_LEN 176

/**
 * conf_quote() - a value, fit to be shown
 * @out:	at least CONF_QUOTE_LEN bytes
 *
 * "(hidden)" where it could be a key or a good part of one; control and
 * non-ASCII bytes as \xNN, long text cut.
 *
 * Return: @out.
 */
char *conf_quote(char *out, const char *s, size_t len);

/** conf_quote_address() - the same for a word of Address */
char *conf_quote_address(char *out, const char *s, size_t len);

/** conf_quote_part() - the first @len bytes of @whole that are judged */
char *conf_quote_part(char *out, const char *s, size_t len, size_t whole);

/**
 * conf_quote_line() - a "Key=value" line without blanks, fit to be shown
 * @out:	at least CONF_QUOTE_LEN bytes
 *
 * As conf_quote(), but the value is hidden too where the name sounds like that
 * of a key.
 *
 * Return: @out.
 */
char *conf_quote_line(char *out, const char *s, size_t len);

/**
 * struct conf_stray - a line that wg does not know
 * @line:	without comment and blanks, as wg looks at it
 * @section:	section it is in
 * @quick_sees:	wg-quick takes that section for [Interface] too
 * @header_line: line of that section's header
 * @number:	line of its own
 */
struct conf_stray {
	struct conf_text line;
	enum conf_section section;
	bool quick_sees;
	unsigned int header_line, number;
};

/** CONF_HINT_LEN - room for a hint */
#define CONF_HINT_LEN 160

/**
 * conf_hint() - what to do about a line that wg does not know
 * @out:	at least CONF_HINT_LEN bytes; ": hint", or "" without one
 *
 * Return: @out.
 */
char *conf_hint(char *out, const struct conf_stray *stray);

/** conf_hint_key() - what is wrong with the text of a key; as conf_hint() */
char *conf_hint_key(char *out, const char *s, size_t len);

/** conf_guess_section() - the section that a misspelt header meant */
enum conf_section conf_guess_section(const char *s, size_t len);

/**
 * struct conf_sink - where the findings of a run go
 * @conf:	owns the texts
 * @report:	receiver, NULL for none
 * @ctx:	its first argument
 * @failed:	an error was found
 * @no_memory:	memory ran out
 */
struct conf_sink {
	struct conf *conf;
	conf_report *report;
	void *ctx;
	bool failed, no_memory;
};

/** conf_error() - report an error at a line; wg-quick exits with @status */
void conf_error(struct conf_sink *sink, unsigned int line, int status,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** conf_warn() - report a warning at a line */
void conf_warn(struct conf_sink *sink, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** conf_result() - -ENOMEM, -EINVAL or 0 */
int conf_result(const struct conf_sink *sink);

/**
 * struct conf_claim - a peer's claim to a prefix, or the end of one
 * @net:	masked prefix
 * @remove:	"-" item
 * @peer:	first block of this public key
 * @block:	block that the item is in
 * @seq:	its place among all items of the device
 */
struct conf_claim {
	struct addr net;
	bool remove;
	unsigned int peer, block, seq;
};

/**
 * struct conf_claims - the claims of a device, those of a prefix together
 * @v:		claims, by prefix and then by @seq
 * @n:		their number
 * @first:	for each block the first block with its public key
 * @start:	for each block the @seq of its first item
 */
struct conf_claims {
	struct conf_claim *v;
	size_t n;
	unsigned int *first, *start;
};

/**
 * conf_claims() - collect and sort the claims of a device
 *
 * Return: 0 or -ENOMEM; conf_claims_done() is due in either case.
 */
int conf_claims(const struct wg_device *dev, struct conf_claims *ret);

/** conf_claims_done() - release; for cleanup() too */
void conf_claims_done(struct conf_claims *c);

/**
 * conf_check_peers() - warn about peers that take from each other
 * @sink:	receives the warnings; its device was parsed without an error
 */
void conf_check_peers(struct conf_sink *sink);

/** conf_is_directive() - is a line one of ours?  @ret: what follows "#wgq" */
bool conf_is_directive(struct conf_text line, struct conf_text *ret);

/** conf_check_directives() - take the values of the directives */
void conf_check_directives(struct conf_sink *sink);

/** conf_check_link() - check Address and MTU, fill in their parsed forms */
void conf_check_link(struct conf_sink *sink);

/** conf_cmp_host() - order addresses by family and bytes, lengths aside */
int conf_cmp_host(const struct addr *a, const struct addr *b);

/** enum conf_port - what a port's text is */
enum conf_port { CONF_PORT_NUMBER, CONF_PORT_NAME, CONF_PORT_BAD };

/**
 * conf_parse_port() - a port as glibc's getaddrinfo() reads it (3.2)
 * @s:		text
 * @ret_port:	the number modulo 65536, if it is one
 * @ret_wrapped: whether it was above 65535
 */
enum conf_port conf_parse_port(const char *s, uint16_t *ret_port,
			       bool *ret_wrapped);

#endif
