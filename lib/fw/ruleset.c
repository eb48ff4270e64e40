// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/ruleset.h"

#include <errno.h>
#include <string.h>

/*
 * Chains and sets are asked for by name at each jump and lookup, and hosts
 * with a proxy for ten thousand services exist: both have an index.
 */

/*
 * struct fw_name - slot of an index
 *
 * An object that was taken out leaves its name behind, so that probing goes on.
 */
struct fw_name {
	const char *name;
	void *object;
};

/* FNV-1a */
static uint32_t hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

/*
 * The slot of @name, or the free one where it would go.  A slot whose object
 * was taken out is not reused for another name, so that probing ends only at a
 * slot that never had one.
 */
static struct fw_name *slot_of(const struct fw_names *ns, const char *name)
{
	size_t mask = ns->n_slot - 1;
	size_t i = hash_name(name) & mask;

	while (ns->slot[i].name && strcmp(ns->slot[i].name, name))
		i = (i + 1) & mask;
	return &ns->slot[i];
}

static int grow_names(struct arena *a, struct fw_names *ns)
{
	struct fw_names bigger = {};
	size_t i;

	bigger.n_slot = ns->n_slot ? ns->n_slot * 2 : 16;
	bigger.slot = arena_array(a, bigger.n_slot, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (i = 0; i < ns->n_slot; i++) {
		if (!ns->slot[i].object)
			continue;
		*slot_of(&bigger, ns->slot[i].name) = ns->slot[i];
		bigger.n_used++;
	}
	*ns = bigger;
	return 0;
}

/* The first of several with one name stays the one that is found. */
static int put_name(struct arena *a, struct fw_names *ns, const char *name,
		    void *object)
{
	struct fw_name *slot;

	if (ns->n_used >= ns->n_slot / 2 && grow_names(a, ns))
		return -ENOMEM;
	slot = slot_of(ns, name);
	if (!slot->name)
		ns->n_used++;
	if (slot->object)
		return 0;
	slot->name = name;
	slot->object = object;
	return 0;
}

static void drop_name(struct fw_names *ns, const char *name, const void *object)
{
	struct fw_name *slot = slot_of(ns, name);

	if (slot->object == object)
		slot->object = NULL;
}

static void *find_name(const struct fw_names *ns, const char *name)
{
	if (!ns->n_slot || !name)
		return NULL;
	return slot_of(ns, name)->object;
}

void fw_ruleset_done(struct fw_ruleset *rs)
{
	arena_done(&rs->arena);
	*rs = (struct fw_ruleset){};
}

struct fw_table *fw_table_add(struct fw_ruleset *rs, enum fw_backend backend,
			      uint8_t family, const char *name)
{
	struct fw_table *t = arena_alloc(&rs->arena, sizeof(*t));
	struct fw_table **slot;

	if (!t)
		return NULL;
	t->backend = backend;
	t->family = family;
	t->name = arena_strndup(&rs->arena, name, strlen(name));
	slot = arena_grow(&rs->arena, &rs->table, rs->n_table, &rs->cap_table,
			  sizeof(*rs->table));
	if (!t->name || !slot)
		return NULL;
	*slot = t;
	rs->n_table++;
	return t;
}

/* Takes pointer @i out of an array of @n. */
static void cut(void *array, size_t i, size_t *n)
{
	void **v = array;

	memmove(v + i, v + i + 1, (*n - i - 1) * sizeof(*v));
	(*n)--;
}

void fw_table_del(struct fw_ruleset *rs, struct fw_table *t)
{
	size_t i;

	for (i = 0; i < rs->n_table; i++) {
		if (rs->table[i] != t)
			continue;
		cut(rs->table, i, &rs->n_table);
		return;
	}
}

struct fw_chain *fw_chain_add(struct fw_ruleset *rs, struct fw_table *t,
			      const char *name)
{
	struct fw_chain *c = arena_alloc(&rs->arena, sizeof(*c));
	struct fw_chain **slot;

	if (!c)
		return NULL;
	c->table = t;
	c->name = arena_strndup(&rs->arena, name, strlen(name));
	slot = arena_grow(&rs->arena, &t->chain, t->n_chain, &t->cap_chain,
			  sizeof(*t->chain));
	if (!c->name || !slot ||
	    put_name(&rs->arena, &t->chain_names, c->name, c))
		return NULL;
	*slot = c;
	t->n_chain++;
	return c;
}

void fw_chain_del(struct fw_chain *c)
{
	struct fw_table *t = c->table;
	size_t i;

	for (i = 0; i < t->n_chain; i++) {
		if (t->chain[i] != c)
			continue;
		drop_name(&t->chain_names, c->name, c);
		cut(t->chain, i, &t->n_chain);
		return;
	}
}

int fw_chain_rename(struct fw_ruleset *rs, struct fw_chain *c, const char *name)
{
	struct fw_table *t = c->table;
	char *copy = arena_strndup(&rs->arena, name, strlen(name));

	if (!copy || put_name(&rs->arena, &t->chain_names, copy, c))
		return -ENOMEM;
	drop_name(&t->chain_names, c->name, c);
	c->name = copy;
	return 0;
}

struct fw_set *fw_set_add(struct fw_ruleset *rs, struct fw_table *t,
			  const char *name)
{
	struct fw_set *s = arena_alloc(&rs->arena, sizeof(*s));
	struct fw_set **slot;

	if (!s)
		return NULL;
	s->name = arena_strndup(&rs->arena, name, strlen(name));
	slot = arena_grow(&rs->arena, &t->set, t->n_set, &t->cap_set,
			  sizeof(*t->set));
	if (!s->name || !slot ||
	    put_name(&rs->arena, &t->set_names, s->name, s))
		return NULL;
	*slot = s;
	t->n_set++;
	return s;
}

struct fw_elem *fw_elem_add(struct fw_ruleset *rs, struct fw_set *s)
{
	struct fw_elem *el = arena_grow(&rs->arena, &s->elem, s->n_elem,
					&s->cap_elem, sizeof(*s->elem));

	if (el)
		s->n_elem++;
	return el;
}

int fw_rule_insert(struct fw_ruleset *rs, struct fw_chain *c, size_t at,
		   struct fw_rule *r)
{
	if (!arena_grow(&rs->arena, &c->rule, c->n_rule, &c->cap_rule,
			sizeof(*c->rule)))
		return -ENOMEM;
	memmove(c->rule + at + 1, c->rule + at,
		(c->n_rule - at) * sizeof(*c->rule));
	c->rule[at] = r;
	c->n_rule++;
	return 0;
}

void fw_rule_remove(struct fw_chain *c, size_t at)
{
	cut(c->rule, at, &c->n_rule);
}

struct fw_table *fw_table_find(const struct fw_ruleset *rs,
			       enum fw_backend backend, uint8_t family,
			       const char *name)
{
	size_t i;

	for (i = 0; i < rs->n_table; i++) {
		struct fw_table *t = rs->table[i];

		if (t->backend == backend && t->family == family &&
		    !strcmp(t->name, name))
			return t;
	}
	return NULL;
}

struct fw_chain *fw_chain_find(const struct fw_table *t, const char *name)
{
	return find_name(&t->chain_names, name);
}

struct fw_set *fw_set_find(const struct fw_table *t, const char *name)
{
	return find_name(&t->set_names, name);
}
