// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/services.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "sys/file.h"

#define BLANKS " \t\v\f\r\n"
#define SERVICES_MAX ((size_t)4 << 20)

/* struct word - a piece of a text */
struct word {
	const char *s;
	size_t len;
};

static bool word_is(const struct word *w, const char *s)
{
	return strlen(s) == w->len && !memcmp(w->s, s, w->len);
}

/* The next word before @end, an empty one where there is none. */
static struct word next_word(const char **p, const char *end)
{
	struct word w;

	while (*p < end && strchr(BLANKS, **p))
		++*p;
	w.s = *p;
	while (*p < end && !strchr(BLANKS, **p))
		++*p;
	w.len = (size_t)(*p - w.s);
	return w;
}

/* "53/udp" of the wanted protocol? */
static bool port_of(const struct word *w, const char *protocol,
		    uint16_t *ret_port)
{
	unsigned long port = 0;
	struct word proto;
	size_t i;

	for (i = 0; i < w->len && w->s[i] >= '0' && w->s[i] <= '9'; i++) {
		port = port * 10 + (unsigned long)(w->s[i] - '0');
		if (port > UINT16_MAX)
			return false;
	}
	if (!i || i == w->len || w->s[i] != '/')
		return false;
	proto = (struct word){ w->s + i + 1, w->len - i - 1 };
	if (protocol && !word_is(&proto, protocol))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static bool line_port(const char *p, const char *end, const char *name,
		      const char *protocol, uint16_t *ret_port)
{
	struct word word = next_word(&p, end);
	bool match = word_is(&word, name);
	uint16_t port;

	word = next_word(&p, end);
	if (!port_of(&word, protocol, &port))
		return false;
	while (!match) {
		word = next_word(&p, end);
		if (!word.len)
			return false;
		match = word_is(&word, name);
	}
	*ret_port = port;
	return true;
}

bool services_port(const char *text, const char *name, const char *protocol,
		   uint16_t *ret_port)
{
	size_t len;

	if (!*name)
		return false;
	for (;; text += len + 1) {
		len = strcspn(text, "\n");
		if (line_port(text, text + strcspn(text, "#\n"), name, protocol,
			      ret_port))
			return true;
		if (!text[len])
			return false;
	}
}

/* A file with NULs in it is read up to the first. */
static bool file_port(const char *path, const char *name, const char *protocol,
		      uint16_t *ret_port)
{
	cleanup(buf_done) struct buf text = {};
	struct wgq_err ignored = {};

	if (file_read(path, SERVICES_MAX, &text, &ignored) || !text.p)
		return false;
	return services_port(text.p, name, protocol, ret_port);
}

/*
 * glibc reads an unsigned long, keeps the low 32 bits as an int, takes a
 * negative one for a name, and sends the low 16 bits.
 */
int services_parse_port(const char *path, const char *s, uint16_t *ret_port,
			bool *ret_wrapped, struct wgq_err *e)
{
	unsigned long long value;
	uint16_t port;
	char *end;

	errno = 0;
	value = strtoull(s, &end, 10);
	if (*s && !*end && !errno && (uint32_t)value <= INT32_MAX) {
		*ret_wrapped = value > UINT16_MAX;
		*ret_port = (uint16_t)value;
		return 0;
	}
	if (!file_port(path, s, "udp", &port))
		return err_set(e, -EINVAL,
			       "Servname not supported for ai_socktype: `%s'",
			       s);
	*ret_wrapped = false;
	*ret_port = port;
	return 0;
}
