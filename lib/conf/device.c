// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "conf/private.h"

/**
 * struct reader - state while the passthrough text is read
 * @line:	the line without comment and blanks (WG-2)
 * @raw:	the same as it is in the passthrough
 * @number:	its line in the file
 * @section:	section that the line is in
 * @guessed:	its header was refused, so only what is certain is reported
 * @quick_sees:	wg-quick takes this section for [Interface]
 * @told:	that it does not was said already
 * @header:	line of the section's header
 * @peer:	current peer; @lost under a header that was refused
 * @lost:	takes what belongs to no peer
 * @keyed:	bit for each peer: it had a PublicKey line
 * @ips:	allowed IPs of all peers: those of a peer follow each other,
 *		since each [Peer] opens a new one
 * @n_ips:	allowed IPs in use
 */
struct reader {
	struct conf_sink sink;
	struct conf *conf;
	struct buf line;
	struct conf_text raw;
	unsigned int number, header;
	enum conf_section section;
	bool guessed, quick_sees, told;
	struct wg_peer *peer, lost;
	unsigned char *keyed;
	struct wg_allowed_ip *ips;
	size_t n_ips;
};

static bool next_line(const struct buf *b, size_t *pos, struct conf_text *line)
{
	const char *lf;

	if (*pos >= b->len)
		return false;
	line->s = b->p + *pos;
	lf = memchr(line->s, '\n', b->len - *pos);
	line->len = lf ? (size_t)(lf - line->s) : b->len - *pos;
	*pos += line->len + 1;
	return true;
}

/* Drop the comment and every blank, wherever it is (WG-2). */
static void squeeze(struct buf *out, struct conf_text t)
{
	size_t i, run = 0;

	buf_reset(out);
	for (i = 0; i < t.len && t.s[i] != '#'; i++) {
		if (!conf_is_space(t.s[i]))
			continue;
		buf_add(out, t.s + run, i - run);
		run = i + 1;
	}
	buf_add(out, t.s + run, i - run);
}

static bool line_is(const struct buf *line, const char *s)
{
	return line->p && !strcasecmp(line->p, s);
}

static bool line_starts(const struct buf *line, const char *s)
{
	return line->p && !strncasecmp(line->p, s, strlen(s));
}

static size_t count_items(const struct buf *line)
{
	const char *p = line->p;
	size_t n = 1;

	while ((p = strchr(p, ','))) {
		p++;
		n++;
	}
	return n;
}

/* Arrays of the exact size: a growing one would need twice as much. */
static bool allocate(struct reader *r)
{
	const struct buf *text = &r->conf->passthrough;
	struct arena *a = &r->conf->arena;
	size_t pos = 0, peers = 0, ips = 0;
	struct conf_text t;

	while (next_line(text, &pos, &t)) {
		while (t.len && conf_is_space(t.s[0])) {
			t.s++;
			t.len--;
		}
		if (!t.len || !strchr("[aA", t.s[0]))
			continue;
		squeeze(&r->line, t);
		if (line_is(&r->line, "[Peer]"))
			peers++;
		else if (line_starts(&r->line, "AllowedIPs="))
			ips += count_items(&r->line);
	}
	r->conf->device.peers = arena_array(a, peers, sizeof(struct wg_peer));
	r->ips = arena_array(a, ips, sizeof(*r->ips));
	r->keyed = calloc(peers / 8 + 1, 1);
	return r->conf->device.peers && r->ips && r->keyed;
}

static void parse_key(struct reader *r, enum conf_key key, const char *value,
		      uint8_t ret_key[KEY_LEN])
{
	char text[CONF_HINT_LEN];
	size_t len = strlen(value);

	if (key_parse_base64(ret_key, value, len))
		return;
	conf_error(&r->sink, r->number, 1,
		   "Key is not the correct length or format: "
		   "`%s=(hidden)'%s",
		   conf_keys[key].name, conf_hint_key(text, value, len));
}

static void parse_private_key(struct reader *r, const char *value)
{
	struct wg_device *dev = &r->conf->device;

	parse_key(r, CONF_KEY_PRIVATE_KEY, value, dev->private_key);
	dev->has_private_key = true;
}

enum conf_port conf_parse_port(const char *s, uint16_t *ret_port,
			       bool *ret_wrapped)
{
	unsigned long n;
	char *end;
	int port;

	/*
	 * glibc takes strtoul()'s result into an int, looks a negative one up
	 * as a name, and cuts the rest to 16 bits.
	 */
	n = strtoul(s, &end, 10);
	port = (int)(unsigned int)n;
	if (end == s || *end || port < 0)
		return s[strspn(s, "+-0123456789")] ? CONF_PORT_NAME
						    : CONF_PORT_BAD;
	*ret_wrapped = n > UINT16_MAX;
	*ret_port = (uint16_t)port;
	return CONF_PORT_NUMBER;
}

static void parse_listen_port(struct reader *r, const char *value)
{
	struct wg_device *dev = &r->conf->device;
	char text[CONF_QUOTE_LEN];
	bool wrapped = false;

	dev->has_listen_port = true;
	dev->listen_port_name = NULL;
	dev->listen_port_line = r->number;
	switch (conf_parse_port(value, &dev->listen_port, &wrapped)) {
	case CONF_PORT_NUMBER:
		break;
	case CONF_PORT_NAME:
		dev->listen_port = 0;
		dev->listen_port_name =
			arena_strndup(&r->conf->arena, value, strlen(value));
		if (!dev->listen_port_name)
			r->sink.no_memory = true;
		return;
	case CONF_PORT_BAD:
		conf_error(&r->sink, r->number, 1,
			   "Servname not supported for ai_socktype: `%s': "
			   "a port is a number from 0 to 65535",
			   conf_quote(text, value, strlen(value)));
		return;
	}
	if (wrapped)
		conf_warn(&r->sink, r->number,
			  "ListenPort %s is beyond 65535 and taken as %u",
			  conf_quote(text, value, strlen(value)),
			  dev->listen_port);
}

/*
 * A number of plain digits, strtoul() being too kind: it takes blanks, signs
 * and a second prefix.
 */
static bool parse_digits(const char *s, unsigned int base, uint64_t max,
			 uint64_t *ret)
{
	uint64_t n = 0;
	unsigned int d;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s >= '0' && *s <= '9')
			d = (unsigned int)(*s - '0');
		else if ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
			d = (unsigned int)((*s | 0x20) - 'a' + 10);
		else
			return false;
		if (d >= base)
			return false;
		n = n * base + d;
		if (n > max)
			return false;
	}
	*ret = n;
	return true;
}

static void parse_fwmark(struct reader *r, const char *value)
{
	struct wg_device *dev = &r->conf->device;
	bool hex = !strncmp(value, "0x", 2);
	char text[CONF_QUOTE_LEN];
	uint64_t n = 0;

	if (strcasecmp(value, "off") != 0 &&
	    !parse_digits(value + (hex ? 2 : 0), hex ? 16 : 10, UINT32_MAX,
			  &n)) {
		conf_error(&r->sink, r->number, 1,
			   "Fwmark is neither 0/off nor 0-0xffffffff: `%s'",
			   conf_quote(text, value, strlen(value)));
		return;
	}
	dev->fwmark = (uint32_t)n;
	dev->has_fwmark = true;
}

static void parse_public_key(struct reader *r, const char *value)
{
	size_t i = (size_t)(r->peer - r->conf->device.peers);

	if (r->peer != &r->lost)
		r->keyed[i / 8] |= (unsigned char)(1 << i % 8);
	parse_key(r, CONF_KEY_PUBLIC_KEY, value, r->peer->public_key);
}

static void parse_preshared_key(struct reader *r, const char *value)
{
	parse_key(r, CONF_KEY_PRESHARED_KEY, value, r->peer->preshared_key);
	r->peer->has_preshared_key = true;
}

static void parse_keepalive(struct reader *r, const char *value)
{
	char text[CONF_QUOTE_LEN];
	uint64_t n = 0;

	if (strcasecmp(value, "off") != 0 &&
	    !parse_digits(value, 10, UINT16_MAX, &n)) {
		conf_error(&r->sink, r->number, 1,
			   "Persistent keepalive interval is neither 0/off nor "
			   "1-65535: `%s'",
			   conf_quote(text, value, strlen(value)));
		return;
	}
	r->peer->keepalive = (uint16_t)n;
	r->peer->has_keepalive = true;
}

/* Only an address has a colon in it, so no resolver can know another host. */
static bool is_host(const char *host)
{
	char addr[INET6_ADDRSTRLEN + 1];
	size_t len = strcspn(host, "%");
	uint8_t bytes[16];

	if (!*host)
		return false;
	if (!strchr(host, ':'))
		return true;
	if (len >= sizeof(addr))
		return false;
	memcpy(addr, host, len);
	addr[len] = '\0';
	return inet_pton(AF_INET6, addr, bytes) == 1;
}

static bool is_v6(const char *s)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET6, s, bytes) == 1;
}

/* Find the end of the host, and where it and the port begin (EP-1). */
static const char *split_endpoint(const char *value, const char **ret_host,
				  const char **ret_port)
{
	const char *end;

	if (value[0] == '[') {
		*ret_host = value + 1;
		end = strchr(value, ']');
		*ret_port = end && end[1] == ':' && end[2] ? end + 2 : NULL;
		return end;
	}
	*ret_host = value;
	end = strrchr(value, ':');
	*ret_port = end && end[1] ? end + 1 : NULL;
	return end;
}

static void keep_endpoint(struct reader *r, const char *host, size_t len,
			  const char *port)
{
	char *copy = arena_alloc(&r->conf->arena, len + strlen(port) + 2);

	if (!copy) {
		r->sink.no_memory = true;
		return;
	}
	memcpy(copy, host, len);
	strcpy(copy + len + 1, port);
	r->peer->host = copy;
	r->peer->port = copy + len + 1;
	r->peer->endpoint_line = r->number;
}

static void parse_endpoint(struct reader *r, const char *value)
{
	const char *host, *port, *end = split_endpoint(value, &host, &port);
	char text[CONF_QUOTE_LEN];

	if (port) {
		keep_endpoint(r, host, (size_t)(end - host), port);
		if (r->sink.no_memory || is_host(r->peer->host))
			return;
	}
	conf_quote(text, value, strlen(value));
	if (!end && value[0] == '[') {
		conf_error(&r->sink, r->number, 1,
			   "Unable to find matching brace of endpoint: `%s'",
			   text);
		return;
	}
	if (!port) {
		conf_error(&r->sink, r->number, 1,
			   "Unable to find port of endpoint: `%s'", text);
		return;
	}
	conf_error(&r->sink, r->number, 1, "Name or service not known: `%s'%s",
		   text,
		   is_v6(value) ? ": an IPv6 endpoint is written [address]:port"
				: "");
}

/* Report what is wrong with an allowed IP; @len without its + or - (AIP-2). */
static bool parse_allowed_ip(struct reader *r, const char *item, size_t len,
			     struct addr *ret)
{
	const char *slash = memchr(item, '/', len);
	size_t host = slash ? (size_t)(slash - item) : len;
	char addr[INET6_ADDRSTRLEN], text[CONF_QUOTE_LEN], mask[24] = "";
	struct addr a = { .family = AF_INET };
	uint64_t plen;

	if (memchr(item, ':', host))
		a.family = AF_INET6;
	if (host < sizeof(addr))
		memcpy(addr, item, host);
	addr[host < sizeof(addr) ? host : 0] = '\0';
	if (inet_pton(a.family, addr, a.b) != 1) {
		conf_error(&r->sink, r->number, 1,
			   "Unable to parse IP address: `%s'",
			   conf_quote_part(text, item, host, len));
		return false;
	}
	plen = addr_bits(a.family);
	if (slash) {
		/* More digits than these are zeros or too many. */
		slash++;
		len -= host + 1;
		while (len > 1 && *slash == '0') {
			slash++;
			len--;
		}
		if (len < sizeof(mask))
			memcpy(mask, slash, len);
		if (!parse_digits(mask, 10, plen, &plen)) {
			conf_error(&r->sink, r->number, 1,
				   "AllowedIP is not in the correct format: "
				   "`%s'",
				   conf_quote(text, item,
					      (size_t)(slash + len - item)));
			return false;
		}
	}
	a.plen = (uint8_t)plen;
	*ret = a;
	return true;
}

static void add_allowed_ip(struct reader *r, const char *item, size_t len)
{
	struct wg_allowed_ip *ip = &r->ips[r->n_ips];
	char text[CONF_QUOTE_LEN];
	struct addr masked;

	if (len && (item[0] == '+' || item[0] == '-')) {
		ip->remove = item[0] == '-';
		r->peer->replace_allowed_ips = false;
		item++;
		len--;
	}
	if (!parse_allowed_ip(r, item, len, &ip->addr)) {
		*ip = (struct wg_allowed_ip){ 0 };
		return;
	}
	masked = addr_masked(&ip->addr);
	if (!addr_eq(&masked, &ip->addr))
		conf_warn(&r->sink, r->number,
			  "AllowedIP has nonzero host part: %s",
			  conf_quote(text, item, len));
	r->n_ips++;
	r->peer->n_allowed_ips++;
}

static void parse_allowed_ips(struct reader *r, const char *value)
{
	const char *comma;

	r->peer->replace_allowed_ips = true;
	if (!r->peer->n_allowed_ips)
		r->peer->allowed_ips = &r->ips[r->n_ips];
	if (!r->peer->allowed_line)
		r->peer->allowed_line = r->number;
	while ((comma = strchr(value, ','))) {
		add_allowed_ip(r, value, (size_t)(comma - value));
		value = comma + 1;
	}
	add_allowed_ip(r, value, strlen(value));
}

static const struct {
	enum conf_key key;
	void (*parse)(struct reader *r, const char *value);
} handlers[] = {
	{ CONF_KEY_PRIVATE_KEY, parse_private_key },
	{ CONF_KEY_LISTEN_PORT, parse_listen_port },
	{ CONF_KEY_FWMARK, parse_fwmark },
	{ CONF_KEY_PUBLIC_KEY, parse_public_key },
	{ CONF_KEY_PRESHARED_KEY, parse_preshared_key },
	{ CONF_KEY_ENDPOINT, parse_endpoint },
	{ CONF_KEY_ALLOWED_IPS, parse_allowed_ips },
	{ CONF_KEY_KEEPALIVE, parse_keepalive },
};

static void enter(struct reader *r, enum conf_section section, bool guessed)
{
	struct wg_device *dev = &r->conf->device;

	r->section = section;
	r->guessed = guessed;
	r->header = r->number;
	r->told = false;
	r->peer = &r->lost;
	if (section == CONF_SECTION_PEER && !guessed) {
		r->peer = &dev->peers[dev->n_peers++];
		r->peer->line = r->number;
		r->peer->replace_allowed_ips = true;
	}
}

static bool take_header(struct reader *r)
{
	if (line_is(&r->line, "[Interface]"))
		enter(r, CONF_SECTION_INTERFACE, false);
	else if (line_is(&r->line, "[Peer]"))
		enter(r, CONF_SECTION_PEER, false);
	else
		return false;
	return true;
}

static bool take_key(struct reader *r)
{
	const struct conf_key_info *k;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		k = &conf_keys[handlers[i].key];
		len = strlen(k->name);
		if (k->section != r->section || !line_starts(&r->line, k->name))
			continue;
		if (r->line.p[len] != '=' || !r->line.p[len + 1])
			continue;
		handlers[i].parse(r, r->line.p + len + 1);
		return true;
	}
	return false;
}

/* Would the line be right under a header that was spelt right? */
static bool is_consequence(struct reader *r)
{
	const struct buf *line = &r->line;
	enum conf_key key = conf_key_find(line->p, strcspn(line->p, "="));

	if (r->section == CONF_SECTION_LOST)
		return true;
	if (key == CONF_KEYS || r->section != CONF_SECTION_INTERFACE ||
	    !conf_keys[key].quick || r->quick_sees)
		return false;
	if (r->guessed || r->told)
		return true;
	r->told = true;
	return false;
}

/* A bracket at either end; a byte order mark may be before it. */
static bool looks_like_header(const struct buf *line)
{
	const char *p = line->p;

	while ((unsigned char)*p > 0x7f)
		p++;
	return *p == '[' ||
	       (line->p[line->len - 1] == ']' && !strchr(line->p, '='));
}

static void refuse_line(struct reader *r)
{
	struct conf_stray stray = {
		.line = { r->line.p, r->line.len },
		.section = r->section,
		.quick_sees = r->quick_sees,
		.header_line = r->header,
		.number = r->number,
	};
	bool header = looks_like_header(&r->line);
	char text[CONF_QUOTE_LEN], hint[CONF_HINT_LEN];

	if (!header && is_consequence(r))
		return;
	conf_error(&r->sink, r->number, 1, "Line unrecognized: `%s'%s",
		   conf_quote_line(text, r->line.p, r->line.len),
		   conf_hint(hint, &stray));
	if (header)
		enter(r, conf_guess_section(r->line.p, r->line.len), true);
}

static void read_line(struct reader *r)
{
	struct conf_parts parts = conf_split(r->raw);

	if (parts.key.len && parts.key.s[0] == '[')
		r->quick_sees = conf_text_is(parts.key, "[Interface]");
	squeeze(&r->line, r->raw);
	if (r->line.failed) {
		r->sink.no_memory = true;
		return;
	}
	if (r->line.len && !take_header(r) && !take_key(r))
		refuse_line(r);
}

/* wg checks this once the whole file was read (WG-7). */
static void check_keyed(struct reader *r)
{
	const struct wg_device *dev = &r->conf->device;
	size_t i;

	for (i = 0; i < dev->n_peers; i++)
		if (!(r->keyed[i / 8] & 1 << i % 8))
			conf_error(&r->sink, dev->peers[i].line, 1,
				   "A peer is missing a public key");
}

static void read_lines(struct reader *r)
{
	struct conf *conf = r->conf;
	size_t pos = 0, i = 0;

	while (next_line(&conf->passthrough, &pos, &r->raw)) {
		r->number = conf->passthrough_line[i++];
		read_line(r);
		if (r->sink.no_memory)
			return;
	}
	check_keyed(r);
	if (!r->sink.failed)
		conf_check_peers(&r->sink);
}

int conf_parse_device(struct conf *conf, conf_report *report, void *ctx)
{
	struct reader r = {
		.sink = { .conf = conf, .report = report, .ctx = ctx },
		.conf = conf,
		.peer = &r.lost,
	};

	memcpy(conf->device.name, conf->ifname, sizeof(conf->device.name));
	if (allocate(&r))
		read_lines(&r);
	else
		r.sink.no_memory = true;
	free(r.keyed);
	buf_done(&r.line);
	explicit_bzero(&r.lost, sizeof(r.lost));
	if (!r.sink.no_memory)
		conf_check_link(&r.sink);
	if (!r.sink.no_memory)
		conf_check_directives(&r.sink);
	return conf_result(&r.sink);
}
