// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/place.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/place_private.h"

int place_note(struct place_notes *ns, const char *fmt, ...)
{
	char text[1024];
	const char **slot;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	slot = arena_grow(&ns->arena, &ns->v, ns->n, &ns->cap, sizeof(*ns->v));
	if (!slot)
		return -ENOMEM;
	*slot = arena_strndup(&ns->arena, text, strlen(text));
	if (!*slot)
		return -ENOMEM;
	ns->n++;
	return 0;
}

void place_notes_done(struct place_notes *ns)
{
	arena_done(&ns->arena);
	*ns = (struct place_notes){};
}

int placer_init(struct placer *pl, const struct fw_ruleset *rs,
		const char *ifname, uint32_t ifindex, struct fw_edits *es,
		struct place_notes *ns)
{
	*pl = (struct placer){
		.rs = rs,
		.ifname = ifname,
		.ifindex = ifindex,
		.mark = arena_printf(&es->arena, PLACE_MARK "%s", ifname),
		.es = es,
		.ns = ns,
	};
	return pl->mark ? 0 : -ENOMEM;
}

void placer_done(struct placer *pl)
{
	arena_done(&pl->a);
}

int placer_fail(int err, struct wgq_err *e)
{
	if (err == -ELOOP)
		return err_set(e, err, "chains jump in a circle");
	return err ? err_sys(e, err, "placing firewall rules") : 0;
}

bool is_iptables_table(const struct fw_table *t)
{
	static const char *const names[] = { "filter", "nat", "mangle", "raw",
					     "security" };
	size_t i;

	if (t->backend == FW_LEGACY)
		return true;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (t->family != NFPROTO_INET && !strcmp(t->name, names[i]))
			return true;
	}
	return false;
}

/* Parts of rules */

int match_iface(struct arena *a, struct fw_rule *r, enum fw_match_kind kind,
		const char *name, bool invert)
{
	struct fw_match *m = fw_match_add(a, r, kind);

	if (!m)
		return -ENOMEM;
	m->invert = invert;
	memcpy(m->iface.name, name, strnlen(name, IFNAMSIZ - 1));
	return 0;
}

int match_replies(struct arena *a, struct fw_rule *r)
{
	struct fw_match *m = fw_match_add(a, r, FW_M_CTSTATE);

	if (!m)
		return -ENOMEM;
	m->ct.mask = FW_CT_RELATED | FW_CT_ESTABLISHED;
	return 0;
}

int match_number(struct arena *a, struct fw_rule *r, enum fw_match_kind kind,
		 uint16_t number)
{
	struct fw_match *m = fw_match_add(a, r, kind);

	if (!m)
		return -ENOMEM;
	m->range.lo = m->range.hi = number;
	return 0;
}

int match_source(struct arena *a, struct fw_rule *r, const struct addr *src)
{
	struct fw_match *m = fw_match_add(a, r, FW_M_SADDR);
	struct addr masked = addr_masked(src);
	unsigned int i;

	if (!m)
		return -ENOMEM;
	m->addr.family = src->family;
	memcpy(m->addr.b, masked.b, sizeof(masked.b));
	for (i = 0; i < src->plen; i++)
		m->addr.mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return 0;
}

int statement(struct arena *a, struct fw_rule *r, enum fw_stmt_kind kind)
{
	return fw_stmt_add(a, r, kind) ? 0 : -ENOMEM;
}

/* Clean */

/* Either form may be there: user data, or a match after save and restore. */
static bool is_marked(const struct fw_rule *r, const char *mark)
{
	size_t i;

	if (r->comment && !strcmp(r->comment, mark))
		return true;
	for (i = 0; i < r->n_match; i++) {
		if (r->match[i].kind == FW_M_COMMENT &&
		    !strcmp(r->match[i].comment, mark))
			return true;
	}
	return false;
}

/* From the end, so that each index is still true when its turn comes. */
static int clean_chain(const struct fw_chain *c, const char *mark,
		       struct fw_edits *es)
{
	const struct fw_table *t = c->table;
	size_t i;

	for (i = c->n_rule; i--;) {
		struct fw_edit *ed;

		if (!is_marked(c->rule[i], mark))
			continue;
		ed = fw_edit_add(es, FW_E_RULE_DEL, t->backend, t->family,
				 t->name, c->name);
		if (!ed)
			return -ENOMEM;
		ed->at = i;
		ed->rule = c->rule[i];
	}
	return 0;
}

int place_clean(const struct fw_ruleset *rs, const char *ifname,
		struct fw_edits *es)
{
	const char *mark = arena_printf(&es->arena, PLACE_MARK "%s", ifname);
	const char *own = arena_printf(&es->arena, "wgq-%s", ifname);
	size_t i, j;

	if (!mark || !own)
		return -ENOMEM;
	for (i = 0; i < rs->n_table; i++) {
		const struct fw_table *t = rs->table[i];

		if (t->owner)
			continue;
		if (t->backend == FW_NFT && !strcmp(t->name, own)) {
			if (!fw_edit_add(es, FW_E_TABLE_DEL, t->backend,
					 t->family, t->name, NULL))
				return -ENOMEM;
			continue;
		}
		for (j = 0; j < t->n_chain; j++) {
			if (clean_chain(t->chain[j], mark, es))
				return -ENOMEM;
		}
	}
	return 0;
}
