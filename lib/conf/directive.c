// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "conf/private.h"

#define DIRECTIVE "#wgq"

enum directive { FORWARD, MASQUERADE, OPEN_PORT, DIRECTIVES };

static const char *const names[DIRECTIVES] = {
	[FORWARD] = "Forward",
	[MASQUERADE] = "Masquerade",
	[OPEN_PORT] = "OpenPort",
};

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

bool conf_is_directive(struct conf_text line, struct conf_text *ret)
{
	size_t n = strlen(DIRECTIVE);

	line = trim(line);
	if (line.len < n || memcmp(line.s, DIRECTIVE, n) != 0 ||
	    (line.len > n && !conf_is_space(line.s[n])))
		return false;
	line.s += n;
	line.len -= n;
	*ret = trim(line);
	return true;
}

/* As the kernel's dev_valid_name() has it, and nothing that needs quoting. */
static bool is_ifname(const char *s, size_t len)
{
	size_t i;

	if (!len || len >= IF_NAMESIZE || *s == '-' || *s == '!' ||
	    (len <= 2 && !strncmp(s, "..", len)))
		return false;
	for (i = 0; i < len; i++)
		if (!isgraph((unsigned char)s[i]) || strchr("/:\"'\\*+", s[i]))
			return false;
	return true;
}

int conf_add_directive(struct conf *conf, const char *key, const char *value)
{
	struct conf_list *l = &conf->directives.lines;
	struct conf_value *v;

	v = arena_grow(&conf->arena, &l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->s = arena_printf(&conf->arena, "%s = %s", key,
			    *value ? value : "yes");
	if (!v->s)
		return -ENOMEM;
	l->n++;
	return 0;
}

static int add_interface(struct conf *conf, struct conf_interfaces *list,
			 const char *name, size_t len)
{
	const char **v;
	size_t i;

	if (!is_ifname(name, len))
		return -EINVAL;
	list->on = true;
	for (i = 0; i < list->n; i++)
		if (!strncmp(list->v[i], name, len) && !list->v[i][len])
			return 0;
	v = arena_grow(&conf->arena, &list->v, list->n, &list->cap, sizeof(*v));
	if (v)
		*v = arena_strndup(&conf->arena, name, len);
	if (!v || !*v)
		return -ENOMEM;
	list->n++;
	return 0;
}

/* "yes" and "no" stand alone; a later line says it anew. */
static bool take_word(struct conf_interfaces *list, struct conf_text value,
		      unsigned int line)
{
	bool yes = conf_text_is(value, "yes");

	list->line = line;
	if (!yes && !conf_text_is(value, "no"))
		return false;
	list->on = yes;
	list->n = 0;
	return true;
}

static void take_interfaces(struct conf_sink *sink, enum directive d,
			    struct conf_interfaces *list,
			    struct conf_text value, unsigned int line)
{
	char quoted[CONF_QUOTE_LEN];
	size_t len;
	int ret;

	if (take_word(list, value, line))
		return;
	do {
		len = 0;
		while (len < value.len && value.s[len] != ',' &&
		       !conf_is_space(value.s[len]))
			len++;
		ret = add_interface(sink->conf, list, value.s, len);
		if (ret == -ENOMEM)
			sink->no_memory = true;
		else if (ret)
			conf_error(sink, line, 1,
				   "#wgq %s: `%s' is neither yes nor no nor an "
				   "interface",
				   names[d], conf_quote(quoted, value.s, len));
		value.s += len;
		value.len -= len;
		while (value.len &&
		       (*value.s == ',' || conf_is_space(*value.s))) {
			value.s++;
			value.len--;
		}
	} while (value.len && !sink->no_memory);
}

static void take_open(struct conf_sink *sink, struct conf_text value,
		      unsigned int line)
{
	struct conf_directives *d = &sink->conf->directives;
	char quoted[CONF_QUOTE_LEN];

	d->open_line = line;
	if (conf_text_is(value, "peers"))
		d->open_port = CONF_OPEN_PEERS;
	else if (conf_text_is(value, "any"))
		d->open_port = CONF_OPEN_ANY;
	else if (conf_text_is(value, "no"))
		d->open_port = CONF_OPEN_NO;
	else
		conf_error(sink, line, 1,
			   "#wgq OpenPort: `%s' is neither peers nor any nor "
			   "no",
			   conf_quote(quoted, value.s, value.len));
}

static void unknown(struct conf_sink *sink, struct conf_text key,
		    unsigned int line)
{
	unsigned int i, best = DIRECTIVES, d, least = 4;
	char quoted[CONF_QUOTE_LEN];

	for (i = 0; i < DIRECTIVES; i++) {
		d = conf_name_distance(key.s, key.len, names[i]);
		if (d < least) {
			least = d;
			best = i;
		}
	}
	conf_quote(quoted, key.s, key.len);
	if (best < DIRECTIVES)
		conf_error(sink, line, 1,
			   "there is no directive #wgq %s: did you mean %s?",
			   quoted, names[best]);
	else
		conf_error(
			sink, line, 1,
			"there is no directive #wgq %s: there are %s, %s and "
			"%s",
			quoted, names[FORWARD], names[MASQUERADE],
			names[OPEN_PORT]);
}

static void take(struct conf_sink *sink, const struct conf_value *v)
{
	struct conf_directives *d = &sink->conf->directives;
	struct conf_parts p = conf_split(
		(struct conf_text){ .s = v->s, .len = strlen(v->s) });
	unsigned int k;

	if (!memchr(v->s, '=', strcspn(v->s, "#"))) {
		conf_error(sink, v->line, 1,
			   "a directive is `#wgq KEY = VALUE', with the keys "
			   "%s, %s and %s",
			   names[FORWARD], names[MASQUERADE], names[OPEN_PORT]);
		return;
	}
	for (k = 0; k < DIRECTIVES; k++)
		if (conf_text_is(p.key, names[k]))
			break;
	switch ((enum directive)k) {
	case FORWARD:
		take_interfaces(sink, FORWARD, &d->forward, p.value, v->line);
		break;
	case MASQUERADE:
		take_interfaces(sink, MASQUERADE, &d->masquerade, p.value,
				v->line);
		break;
	case OPEN_PORT:
		take_open(sink, p.value, v->line);
		break;
	case DIRECTIVES:
		unknown(sink, p.key, v->line);
		break;
	}
}

void conf_check_directives(struct conf_sink *sink)
{
	struct conf_directives *d = &sink->conf->directives;
	size_t i;

	d->forward = d->masquerade = (struct conf_interfaces){ 0 };
	d->open_port = CONF_OPEN_NO;
	for (i = 0; i < d->lines.n && !sink->no_memory; i++)
		take(sink, &d->lines.v[i]);
	for (i = 0; i < d->misplaced.n; i++)
		conf_error(sink, d->misplaced.v[i].line, 1,
			   "a #wgq directive belongs in [Interface]");
}
