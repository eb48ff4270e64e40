// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/conf.h"

#include <errno.h>
#include <string.h>

#include "conf/private.h"

const char *conf_phase_name(enum conf_phase phase)
{
	switch (phase) {
	case CONF_PRE_UP:
		return "PreUp";
	case CONF_POST_UP:
		return "PostUp";
	case CONF_PRE_DOWN:
		return "PreDown";
	case CONF_POST_DOWN:
		return "PostDown";
	case CONF_PHASES:
		break;
	}
	return NULL;
}

static struct conf_text trim(struct conf_text t)
{
	while (t.len && conf_is_space(t.s[0])) {
		t.s++;
		t.len--;
	}
	while (t.len && conf_is_space(t.s[t.len - 1]))
		t.len--;
	return t;
}

/* The whole of @t where there is no `=` in it (LINE-6). */
static struct conf_text after_equals(struct conf_text t)
{
	const char *eq = memchr(t.s, '=', t.len);

	if (eq) {
		t.len -= (size_t)(eq + 1 - t.s);
		t.s = eq + 1;
	}
	return trim(t);
}

struct conf_parts conf_split(struct conf_text line)
{
	const char *hash = memchr(line.s, '#', line.len), *eq;
	struct conf_text stripped = line, key;

	if (hash)
		stripped.len = (size_t)(hash - line.s);
	key = stripped;
	eq = memchr(stripped.s, '=', stripped.len);
	if (eq)
		key.len = (size_t)(eq - stripped.s);
	return (struct conf_parts){ .key = trim(key),
				    .value = after_equals(stripped),
				    .raw = after_equals(line) };
}

struct quick {
	struct conf_sink sink;
	struct conf *conf;
	unsigned int line;
	bool interface;
};

static void list_add(struct quick *q, struct conf_list *list,
		     struct conf_text t)
{
	struct arena *a = &q->conf->arena;
	struct conf_value *v;

	v = arena_grow(a, &list->v, list->n, &list->cap, sizeof(*v));
	if (v)
		v->s = arena_strndup(a, t.s, t.len);
	if (!v || !v->s) {
		q->sink.no_memory = true;
		return;
	}
	v->line = q->line;
	list->n++;
}

static void set_value(struct quick *q, struct conf_value *v, struct conf_text t)
{
	v->s = arena_strndup(&q->conf->arena, t.s, t.len);
	v->line = q->line;
	if (!v->s)
		q->sink.no_memory = true;
}

static bool is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t';
}

/* Take the next word off @t; one of no length ends it. */
static struct conf_text next_word(struct conf_text *t)
{
	struct conf_text w;

	while (t->len && is_separator(t->s[0])) {
		t->s++;
		t->len--;
	}
	w = (struct conf_text){ .s = t->s };
	while (t->len && !is_separator(t->s[0])) {
		t->s++;
		t->len--;
		w.len++;
	}
	return w;
}

static void add_addresses(struct quick *q, struct conf_text value)
{
	struct conf_text w;

	while ((w = next_word(&value)).len)
		list_add(q, &q->conf->address, w);
}

/* A name server by DNS-1: digits and dots, or a colon somewhere. */
static bool is_server(struct conf_text w)
{
	size_t i;

	if (memchr(w.s, ':', w.len))
		return true;
	for (i = 0; i < w.len; i++)
		if (w.s[i] != '.' && (w.s[i] < '0' || w.s[i] > '9'))
			return false;
	return true;
}

static void add_dns(struct quick *q, struct conf_text value)
{
	struct conf *conf = q->conf;
	struct conf_text w;

	while ((w = next_word(&value)).len)
		list_add(q, is_server(w) ? &conf->dns : &conf->dns_search, w);
}

static void set_save(struct quick *q, struct conf_text value)
{
	char quoted[CONF_QUOTE_LEN];

	if (conf_text_is(value, "true"))
		q->conf->save_config = true;
	else if (conf_text_is(value, "false"))
		q->conf->save_config = false;
	else
		conf_error(&q->sink, q->line, 1,
			   "`%s' is neither true nor false",
			   conf_quote(quoted, value.s, value.len));
}

/* Take a key of wg-quick; false leaves the line to wg (KEY-2). */
static bool take_key(struct quick *q, const struct conf_parts *p)
{
	struct conf_list *hooks = q->conf->hooks;

	switch (conf_key_find(p->key.s, p->key.len)) {
	case CONF_KEY_ADDRESS:
		add_addresses(q, p->value);
		return true;
	case CONF_KEY_DNS:
		add_dns(q, p->value);
		return true;
	case CONF_KEY_MTU:
		set_value(q, &q->conf->mtu, p->value);
		return true;
	case CONF_KEY_TABLE:
		set_value(q, &q->conf->table, p->value);
		return true;
	case CONF_KEY_PRE_UP:
		list_add(q, &hooks[CONF_PRE_UP], p->raw);
		return true;
	case CONF_KEY_POST_UP:
		list_add(q, &hooks[CONF_POST_UP], p->raw);
		return true;
	case CONF_KEY_PRE_DOWN:
		list_add(q, &hooks[CONF_PRE_DOWN], p->raw);
		return true;
	case CONF_KEY_POST_DOWN:
		list_add(q, &hooks[CONF_POST_DOWN], p->raw);
		return true;
	case CONF_KEY_SAVE_CONFIG:
		set_save(q, p->value);
		return true;
	case CONF_KEY_PRIVATE_KEY:
	case CONF_KEY_LISTEN_PORT:
	case CONF_KEY_FWMARK:
	case CONF_KEY_PUBLIC_KEY:
	case CONF_KEY_PRESHARED_KEY:
	case CONF_KEY_ENDPOINT:
	case CONF_KEY_ALLOWED_IPS:
	case CONF_KEY_KEEPALIVE:
	case CONF_KEYS:
		break;
	}
	return false;
}

/* Only space and tab come off the ends of what wg gets (LINE-3). */
static struct conf_text trim_line(struct conf_text t)
{
	while (t.len && (t.s[0] == ' ' || t.s[0] == '\t')) {
		t.s++;
		t.len--;
	}
	while (t.len && (t.s[t.len - 1] == ' ' || t.s[t.len - 1] == '\t'))
		t.len--;
	return t;
}

static void parse_line(struct quick *q, struct conf_text line)
{
	struct conf *conf = q->conf;
	struct conf_text directive;
	struct conf_parts p;

	line = trim_line(line);
	p = conf_split(line);
	if (p.key.len && p.key.s[0] == '[')
		q->interface = conf_text_is(p.key, "[Interface]");
	if (q->interface && take_key(q, &p))
		return;
	if (conf_is_directive(line, &directive))
		list_add(q,
			 q->interface ? &conf->directives.lines
				      : &conf->directives.misplaced,
			 directive);
	buf_add(&conf->passthrough, line.s, line.len);
	buf_addc(&conf->passthrough, '\n');
	conf->passthrough_line[conf->n_passthrough++] = q->line;
}

static const char *without_nuls(struct arena *a, const char *text, size_t *len)
{
	char *copy = arena_alloc(a, *len);
	size_t i, n = 0;

	if (!copy)
		return NULL;
	for (i = 0; i < *len; i++)
		if (text[i])
			copy[n++] = text[i];
	*len = n;
	return copy;
}

static size_t count_lines(const char *text, size_t len)
{
	const char *end = text + len;
	size_t n = 1;

	while (len && (text = memchr(text, '\n', (size_t)(end - text)))) {
		text++;
		n++;
	}
	return n;
}

int conf_parse(struct conf *conf, const char *text, size_t len,
	       conf_report *report, void *ctx)
{
	struct quick q = {
		.sink = { .conf = conf, .report = report, .ctx = ctx },
		.conf = conf,
	};
	struct conf_text line;
	const char *lf;

	if (len && memchr(text, '\0', len))
		text = without_nuls(&conf->arena, text, &len);
	if (len && !text)
		return -ENOMEM;
	conf->cap_passthrough = count_lines(text, len);
	conf->passthrough_line =
		arena_array(&conf->arena, conf->cap_passthrough,
			    sizeof(*conf->passthrough_line));
	if (!conf->passthrough_line)
		return -ENOMEM;
	while (len) {
		lf = memchr(text, '\n', len);
		line.s = text;
		line.len = lf ? (size_t)(lf - text) : len;
		q.line++;
		/* What follows the last LF counts unless it is blank. */
		if (lf || trim_line(line).len)
			parse_line(&q, line);
		text += line.len + (lf != NULL);
		len -= line.len + (lf != NULL);
	}
	if (conf->passthrough.failed)
		return -ENOMEM;
	return conf_result(&q.sink);
}

void conf_done(struct conf *conf)
{
	explicit_bzero(conf->device.private_key, KEY_LEN);
	buf_done(&conf->passthrough);
	arena_done(&conf->arena);
	*conf = (struct conf){ 0 };
}
