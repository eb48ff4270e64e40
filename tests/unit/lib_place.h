/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_LIB_PLACE_H
#define WGQ_TESTS_LIB_PLACE_H

#include "lib_ruleset.h"

#include "fw/explain.h"
#include "fw/place.h"

/* A tunnel of two peers, the second with a network behind it */
static const struct addr place_src[] = {
	{ AF_INET, 32, { 10, 0, 0, 2 } },
	{ AF_INET, 24, { 10, 0, 1, 0 } },
	{ AF_INET6, 64, { 0xfd, 0, 0, 0x10 } },
};

static inline struct place_want forward_want(void)
{
	return (struct place_want){ .ifname = "wg0",
				    .v4 = true,
				    .v6 = true,
				    .src = place_src,
				    .n_src = 3,
				    .forward = true };
}

static inline void dump_chain(const struct fw_chain *c, struct buf *out)
{
	size_t i;

	fw_print_chain(c, out);
	if (c->base)
		buf_addf(out, " policy %d priority %d", c->policy,
			 (int)c->priority);
	buf_addc(out, '\n');
	for (i = 0; i < c->n_rule; i++) {
		fw_rule_print(c->rule[i], c->table->family, out);
		buf_addf(out, " # %s\n",
			 c->rule[i]->comment ? c->rule[i]->comment : "");
	}
}

static inline void dump_ruleset(const struct fw_ruleset *rs, struct buf *out)
{
	size_t i, j;

	for (i = 0; i < rs->n_table; i++) {
		buf_addf(out, "table %s\n", rs->table[i]->name);
		for (j = 0; j < rs->table[i]->n_chain; j++)
			dump_chain(rs->table[i]->chain[j], out);
	}
}

static inline void apply_edits(struct fw_ruleset *rs, struct fw_edits *es)
{
	struct wgq_err e = {};
	size_t i;

	for (i = 0; i < es->n; i++) {
		if (fw_edit_apply(rs, &es->v[i], &e))
			fail_msg("edit %zu: %s", i, e.msg);
	}
}

/* Edits of the table of our own are left out unless they are wanted. */
static inline void print_edits(const struct fw_edits *es, bool own,
			       struct buf *out)
{
	size_t i;

	buf_adds(out, "");
	for (i = 0; i < es->n; i++) {
		if (!own && !strncmp(es->v[i].table, "wgq-", 4))
			continue;
		fw_edit_print(&es->v[i], out);
		buf_addc(out, '\n');
	}
}

/* Is the flow refused by any chain? */
static inline bool is_refused(const struct fw_ruleset *rs,
			      const struct fw_flow *f)
{
	struct arena a = {};
	struct fw_way way;
	bool refused = false;
	size_t i;

	assert_int_equal(fw_walk(rs, f, &a, &way), 0);
	for (i = 0; i < way.n_passage; i++)
		refused |= way.passage[i].fate == FW_REFUSED;
	arena_done(&a);
	return refused;
}

static inline struct fw_flow place_flow(int family, const char *in,
					const char *out, uint32_t state)
{
	return (struct fw_flow){ .family = (uint8_t)family,
				 .hook = FW_FORWARD,
				 .in.name = in,
				 .out.name = out,
				 .l4proto = -1,
				 .ctstate = state,
				 .syn = state == FW_CT_NEW };
}

/* What others meet: fate and parts, chain by chain. */
static inline void strangers(const struct fw_ruleset *rs, struct buf *out)
{
	static const char *const ways[][2] = {
		{ "eth0", "eth1" },    { "eth0", "docker0" },
		{ "docker0", "eth0" }, { "eth0", "wg0" },
		{ "wg1", "eth0" },     { "virbr0", "eth0" },
		{ "podman0", "eth0" },
	};
	size_t i, k, s, h;

	for (i = 0; i < ARRAY_SIZE(ways) * 8; i++) {
		struct arena a = {};
		struct fw_flow f;
		struct fw_way way;

		k = i / 8;
		s = i % 2;
		h = i / 4 % 2;
		f = place_flow(i / 2 % 2 ? NFPROTO_IPV6 : NFPROTO_IPV4,
			       ways[k][0], ways[k][1],
			       s ? FW_CT_NEW : FW_CT_ESTABLISHED);
		if (!s && !strcmp(ways[k][1], "wg0"))
			continue;
		f.hook = h ? FW_INPUT : FW_FORWARD;
		assert_int_equal(fw_walk(rs, &f, &a, &way), 0);
		for (size_t j = 0; j < way.n_passage; j++) {
			if (!strncmp(way.passage[j].base->table->name, "wgq-",
				     4))
				continue;
			fw_print_chain(way.passage[j].base, out);
			buf_addf(out, " %zu: %d %zu\n", i, way.passage[j].fate,
				 way.passage[j].n_part);
		}
		arena_done(&a);
	}
}

/*
 * Place, and see that it is effective, complete, not to be seen by others and
 * taken back by a clean.  @text gets the edits, @notes what was noted.
 */
static inline void check_placement(struct fw_ruleset *rs,
				   const struct place_want *w, bool effective,
				   struct buf *text, struct buf *notes)
{
	cleanup(buf_done) struct buf before = {}, after = {}, others = {},
				     others_after = {};
	struct place_notes ns = {};
	struct fw_edits es = {}, again = {}, clean = {};
	struct wgq_err e = {};
	size_t i;

	dump_ruleset(rs, &before);
	strangers(rs, &others);
	assert_int_equal(place_directives(rs, w, &es, &ns, &e), 0);
	print_edits(&es, false, text);
	for (i = 0; i < ns.n; i++)
		buf_addf(notes, "%s\n", ns.v[i]);
	apply_edits(rs, &es);
	for (i = 0; i < 4 && effective && w->forward; i++) {
		struct fw_flow f =
			place_flow(i % 2 ? NFPROTO_IPV6 : NFPROTO_IPV4,
				   i < 2 ? "wg0" : NULL, i < 2 ? NULL : "wg0",
				   i < 2 ? FW_CT_NEW : FW_CT_ESTABLISHED);

		if (i < 2)
			f.out.name = w->n_forward_to ? w->forward_to[0] : NULL;
		else
			f.in.name = w->n_forward_to ? w->forward_to[0] : NULL;
		if ((i % 2 ? w->v6 : w->v4) && is_refused(rs, &f))
			fail_msg("flow %zu is refused after %s", i,
				 text->p ? text->p : "nothing");
	}
	assert_int_equal(place_directives(rs, w, &again, &ns, &e), 0);
	if (again.n) {
		cleanup(buf_done) struct buf more = {};

		print_edits(&again, true, &more);
		fail_msg("after %s a second placement does %s", text->p,
			 more.p);
	}
	strangers(rs, &others_after);
	if (others.len)
		assert_string_equal(others.p, others_after.p);
	assert_int_equal(place_clean(rs, w->ifname, &clean), 0);
	assert_int_equal(clean.n == 0, es.n == 0);
	apply_edits(rs, &clean);
	dump_ruleset(rs, &after);
	if (before.len)
		assert_string_equal(before.p, after.p);
	fw_edits_done(&es);
	fw_edits_done(&again);
	fw_edits_done(&clean);
	place_notes_done(&ns);
}

#endif
