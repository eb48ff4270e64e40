// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply/hook_class.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "hook/hook.h"

static void print_json_text(const char *s, struct buf *out)
{
	buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			buf_addf(out, "\\u%04x", (unsigned char)*s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void print_one(const struct run *r, enum conf_phase phase,
		      unsigned int line, const char *text,
		      const struct hook_class *k, bool first, struct buf *out)
{
	if (!r->o->json) {
		buf_addf(out, "%s:%u: %s: %s%s%s\n    %s\n", r->conf.name, line,
			 conf_phase_name(phase), hook_way_name(k->way),
			 *k->why ? ": " : "", k->why, text);
		return;
	}
	buf_addf(out, "%s{\"phase\": \"%s\", \"line\": %u, \"way\": \"%s\", ",
		 first ? "[\n" : ",\n", conf_phase_name(phase), line,
		 hook_way_name(k->way));
	buf_adds(out, "\"why\": ");
	print_json_text(k->why, out);
	buf_adds(out, ", \"text\": ");
	print_json_text(text, out);
	buf_addc(out, '}');
}

static int print_phase(struct run *r, enum conf_phase phase, size_t *n,
		       struct buf *out)
{
	const struct conf_list *list = &r->conf.hooks[phase];
	struct hook_class k;
	struct hook hook;
	size_t i;
	int ret = 0;

	for (i = 0; i < list->n && !ret; i++) {
		ret = hook_parse(list->v[i].s, r->conf.ifname, &r->arena,
				 &hook);
		if (!ret)
			ret = hook_classify(hook.text, &r->arena, &k);
		if (!ret)
			print_one(r, phase, list->v[i].line, hook.text, &k,
				  !(*n)++, out);
	}
	return ret;
}

int wgq_hooks(const struct wgq_opts *o, struct buf *out, struct wgq_err *e)
{
	struct run r = { 0 };
	size_t i, n = 0;
	int ret;

	ret = run_load(&r, o, &host_real, e);
	for (i = 0; i < CONF_PHASES && !ret; i++)
		if (print_phase(&r, (enum conf_phase)i, &n, out))
			ret = err_sys(e, -ENOMEM, "hooks");
	if (!ret && o->json)
		buf_adds(out, n ? "\n]\n" : "[]\n");
	if (!ret && out->failed)
		ret = err_sys(e, -ENOMEM, "hooks");
	run_done(&r);
	return ret;
}

/* "id TAB kind TAB line", what follows is passed over. */
static int judge_line(char *line, struct buf *out)
{
	cleanup(arena_done) struct arena a = { 0 };
	char *kind = strchr(line, '\t'), *text;
	struct hook_class k;
	struct hook hook;
	int ret;

	text = kind ? strchr(kind + 1, '\t') : NULL;
	if (!text)
		return 0;
	*kind = '\0';
	text++;
	text[strcspn(text, "\t")] = '\0';
	ret = hook_parse(text, "wg0", &a, &hook);
	if (!ret)
		ret = hook_classify(hook.text, &a, &k);
	if (!ret)
		buf_addf(out, "%s\t%s\t%s\n", line, hook_way_name(k.way),
			 k.why);
	return ret;
}

int wgq_judge_hooks(const char *text, size_t len, struct buf *out,
		    struct wgq_err *e)
{
	cleanup(free_ptr) char *copy = strndup(text, len);
	char *rest = copy, *line;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && rest && (line = strsep(&rest, "\n")))
		ret = judge_line(line, out);
	if (!ret && out->failed)
		ret = -ENOMEM;
	return ret ? err_sys(e, ret, "hooks") : 0;
}
