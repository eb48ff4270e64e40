// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "hook/ast.h"
#include "hook/script.h"

/* struct walk - how a script is walked through */
struct walk {
	int (*seen)(void *ctx, const struct hook_command *c);
	void *ctx;
};

/* struct place - what is known of where a command stands */
struct place {
	bool conditional;
	bool forgiven;
};

static int walk_node(const struct walk *w, const struct node *n,
		     struct place at);

static int walk_word(const struct walk *w, const struct word *word,
		     struct place at);

static int walk_parts(const struct walk *w, const struct part *p,
		      struct place at)
{
	int ret = 0;

	/* errexit is off within a substitution. */
	at.forgiven = true;
	for (; p && !ret; p = p->next) {
		if (p->list)
			ret = walk_node(w, p->list, at);
		if (p->arg && !ret)
			ret = walk_word(w, p->arg, at);
	}
	return ret;
}

static int walk_word(const struct walk *w, const struct word *word,
		     struct place at)
{
	int ret = 0;

	for (; word && !ret; word = word->next)
		ret = walk_parts(w, word->parts, at);
	return ret;
}

static int walk_redirs(const struct walk *w, const struct redir *r,
		       struct place at)
{
	int ret = 0;

	for (; r && !ret; r = r->next)
		ret = walk_word(w, r->target, at);
	return ret;
}

static int show(const struct walk *w, const struct node *n, struct place at)
{
	struct hook_command c = { .name = n->words->literal,
				  .builtin = n->builtin != BUILTIN_NONE,
				  .conditional = at.conditional,
				  .forgiven = at.forgiven };
	const struct word *word;
	struct arena a = {};
	const char **words;
	int ret = -ENOMEM;

	for (word = n->words; word; word = word->next)
		c.n++;
	words = arena_array(&a, c.n, sizeof(*words));
	if (words) {
		c.n = 0;
		for (word = n->words; word; word = word->next)
			words[c.n++] = word->literal;
		c.words = words;
		ret = w->seen(w->ctx, &c);
	}
	arena_done(&a);
	return ret;
}

static int walk_simple(const struct walk *w, const struct node *n,
		       struct place at)
{
	const struct assign *as;
	int ret;

	ret = walk_word(w, n->words, at);
	for (as = n->assigns; as && !ret; as = as->next)
		ret = walk_word(w, as->value, at);
	return n->words && !ret ? show(w, n, at) : ret;
}

/* Each but the first hangs on the others, and each but the last is forgiven. */
static int walk_and_or(const struct walk *w, const struct node *n,
		       struct place at)
{
	const struct node *m;
	struct place inner;
	int ret = 0;

	for (m = n->body; m && !ret; m = m->next) {
		inner.conditional = at.conditional || m != n->body;
		inner.forgiven = at.forgiven || m->next;
		ret = walk_node(w, m, inner);
	}
	return ret;
}

static int walk_all(const struct walk *w, const struct node *n, struct place at)
{
	int ret = 0;

	for (; n && !ret; n = n->next)
		ret = walk_node(w, n, at);
	return ret;
}

static int walk_branches(const struct walk *w, const struct node *n,
			 struct place at)
{
	const struct place cond = { at.conditional, true };
	int ret = n->cond ? walk_node(w, n->cond, cond) : 0;

	if (!ret)
		ret = walk_word(w, n->words, at);
	at.conditional = true;
	if (!ret)
		ret = walk_node(w, n->body, at);
	return n->other && !ret ? walk_node(w, n->other, at) : ret;
}

static int walk_inner(const struct walk *w, const struct node *n,
		      struct place at)
{
	switch (n->kind) {
	case NODE_SIMPLE:
		return walk_simple(w, n, at);
	case NODE_AND_OR:
		return walk_and_or(w, n, at);
	case NODE_PIPELINE:
		at.forgiven |= n->invert;
		return walk_all(w, n->body, at);
	case NODE_LIST:
		return walk_all(w, n->body, at);
	case NODE_GROUP:
	case NODE_SUBSHELL:
		return walk_node(w, n->body, at);
	case NODE_IF:
	case NODE_WHILE:
	case NODE_UNTIL:
	case NODE_FOR:
		return walk_branches(w, n, at);
	}
	return 0;
}

static int walk_node(const struct walk *w, const struct node *n,
		     struct place at)
{
	int ret = walk_redirs(w, n->redirs, at);

	return ret ? ret : walk_inner(w, n, at);
}

int hook_script_commands(const struct hook_script *script,
			 int (*seen)(void *ctx, const struct hook_command *c),
			 void *ctx)
{
	const struct walk w = { .seen = seen, .ctx = ctx };
	const struct place at = {};

	return script->list ? walk_node(&w, script->list, at) : 0;
}
