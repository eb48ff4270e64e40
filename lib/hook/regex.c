// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/regex.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A pattern that needs more is for the real program. */
#define MAX_INS 2000
#define MAX_DEPTH 20
#define MAX_REPEAT 255
#define NONE ((size_t)-1)

enum op {
	OP_BYTE, /* the byte x */
	OP_ANY,
	OP_SET,	  /* a byte of the set */
	OP_SPLIT, /* go on at x, or else at y */
	OP_JUMP,  /* go on at x */
	OP_SAVE,  /* the position is bound x */
	OP_BEGIN,
	OP_END,
	OP_EDGE,     /* at an edge of a word */
	OP_INSIDE,   /* not at one */
	OP_WORD,     /* a word begins */
	OP_WORD_END, /* a word ends */
	OP_LIMIT,    /* no word reaches in from before */
	OP_LIMIT_END,
	OP_MATCH
};

/**
 * struct ins - an instruction
 * @op:		enum op
 * @x:		operand; places are relative to this one, so that code can be
 *		moved and copied
 * @y:		second operand
 * @set:	OP_SET: a bit for each byte
 */
struct ins {
	uint8_t op;
	int16_t x, y;
	const uint8_t *set;
};

/**
 * struct regex - a compiled pattern
 * @ins:	code
 * @n:		its length
 * @icase:	bytes are compared in lower case
 */
struct regex {
	struct ins *ins;
	size_t n;
	bool icase;
};

/**
 * struct compiler - a pattern on its way in
 * @p:		rest of it
 * @end:	its end
 * @start:	its start
 * @flags:	enum regex_flags
 * @a:		owns code and sets
 * @re:		code
 * @groups:	groups seen
 * @depth:	groups open
 * @bad:	it is not understood
 * @no_memory:	memory ran out
 */
struct compiler {
	const char *p, *end, *start;
	unsigned int flags;
	struct arena *a;
	struct regex *re;
	unsigned int groups, depth;
	bool bad, no_memory;
};

static bool is_word(unsigned char c)
{
	return c == '_' || (c >= '0' && c <= '9') ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_extended(const struct compiler *c)
{
	return c->flags & REGEX_EXTENDED;
}

static struct ins *emit(struct compiler *c, enum op op, int x)
{
	struct ins *i = &c->re->ins[c->re->n];

	if (c->re->n + 1 >= MAX_INS) {
		c->bad = true;
		return &c->re->ins[0];
	}
	c->re->n++;
	*i = (struct ins){ .op = op, .x = (int16_t)x };
	return i;
}

/* Make room for an instruction before the code from @at on. */
static void insert(struct compiler *c, size_t at, int x, int y)
{
	struct ins *i = c->re->ins;

	emit(c, OP_SPLIT, 0);
	if (c->bad)
		return;
	memmove(&i[at + 1], &i[at], (c->re->n - 1 - at) * sizeof(*i));
	i[at] = (struct ins){ .op = OP_SPLIT,
			      .x = (int16_t)x,
			      .y = (int16_t)y };
}

static void copy(struct compiler *c, size_t at, size_t len)
{
	size_t i;

	for (i = 0; i < len && !c->bad; i++)
		*emit(c, OP_ANY, 0) = c->re->ins[at + i];
}

static uint8_t *new_set(struct compiler *c)
{
	uint8_t *set = arena_alloc(c->a, 32);

	if (!set) {
		c->no_memory = c->bad = true;
		return NULL;
	}
	emit(c, OP_SET, 0)->set = set;
	return set;
}

static void set_add(uint8_t *set, unsigned int b)
{
	set[b / 8] |= (uint8_t)(1 << b % 8);
}

static bool set_has(const uint8_t *set, unsigned char b)
{
	return set[b / 8] & 1 << b % 8;
}

static void set_invert(uint8_t *set)
{
	size_t i;

	for (i = 0; i < 32; i++)
		set[i] = (uint8_t)~set[i];
}

static bool in_class(const char *name, size_t len, unsigned char b)
{
	bool digit = b >= '0' && b <= '9', upper = b >= 'A' && b <= 'Z';
	bool low = b >= 'a' && b <= 'z', graph = b > ' ' && b < 0x7f;

	if (!strncmp(name, "alnum", len))
		return digit || upper || low;
	if (!strncmp(name, "alpha", len))
		return upper || low;
	if (!strncmp(name, "digit", len))
		return digit;
	if (!strncmp(name, "upper", len))
		return upper;
	if (!strncmp(name, "lower", len))
		return low;
	if (!strncmp(name, "space", len))
		return b == ' ' || (b >= '\t' && b <= '\r');
	if (!strncmp(name, "blank", len))
		return b == ' ' || b == '\t';
	if (!strncmp(name, "punct", len))
		return graph && !digit && !upper && !low;
	return !strncmp(name, "print", len) && (graph || b == ' ');
}

/* "[:name:]", behind its first two bytes. */
static bool add_class(struct compiler *c, uint8_t *set)
{
	const char *name = c->p;
	unsigned int b;
	bool any = false;

	if (c->end - name < 7 || name[5] != ':' || name[6] != ']')
		return false;
	for (b = 0; b < 256; b++)
		if (in_class(name, 5, (unsigned char)b)) {
			set_add(set, b);
			any = true;
		}
	c->p += 7;
	return any;
}

/* One byte of a bracket, or -1. */
static int bracket_byte(struct compiler *c)
{
	unsigned char b = (unsigned char)*c->p++;

	if (b == '[' && c->p < c->end && strchr(".=:", *c->p))
		return -1;
	if (b != '\\' || c->p == c->end)
		return b;
	if (c->flags & REGEX_AWK) {
		b = (unsigned char)*c->p++;
		return is_word(b) ? -1 : b;
	}
	return (c->flags & REGEX_SED) && is_word((unsigned char)*c->p) ? -1 : b;
}

static bool add_range(struct compiler *c, uint8_t *set)
{
	int low = bracket_byte(c), high = low;

	if (low >= 0 && c->end - c->p > 1 && c->p[0] == '-' && c->p[1] != ']') {
		c->p++;
		high = bracket_byte(c);
	}
	if (low < 0 || high < low)
		return false;
	for (; low <= high; low++)
		set_add(set, (unsigned int)low);
	return true;
}

static void bracket(struct compiler *c)
{
	uint8_t *set = new_set(c);
	bool negate = c->p < c->end && *c->p == '^';
	const char *first;
	unsigned int b;

	c->p += negate;
	for (first = c->p; !c->bad;) {
		if (c->p == c->end) {
			c->bad = true;
		} else if (*c->p == ']' && c->p > first) {
			c->p++;
			break;
		} else if (c->end - c->p > 1 && c->p[0] == '[' &&
			   c->p[1] == ':') {
			c->p += 2;
			c->bad = !add_class(c, set);
		} else {
			c->bad = !add_range(c, set);
		}
	}
	if (c->bad)
		return;
	for (b = 'a'; b <= 'z' && (c->flags & REGEX_ICASE); b++)
		if (set_has(set, (unsigned char)b) ||
		    set_has(set, (unsigned char)(b - 32))) {
			set_add(set, b);
			set_add(set, b - 32);
		}
	if (negate)
		set_invert(set);
}

/* \w, \s and their opposites. */
static void shorthand(struct compiler *c, char name)
{
	uint8_t *set = new_set(c);
	unsigned int b;

	for (b = 0; b < 256 && set; b++)
		if ((name | 0x20) == 'w'
			    ? is_word((unsigned char)b)
			    : in_class("space", 5, (unsigned char)b))
			set_add(set, b);
	if (set && name < 'a')
		set_invert(set);
}

static void literal(struct compiler *c, char b)
{
	unsigned char u = (unsigned char)b;

	emit(c, OP_BYTE, c->flags & REGEX_ICASE ? lower(u) : u);
}

/* Behind a backslash; true where a repetition may follow. */
static bool escape(struct compiler *c)
{
	static const struct {
		char name;
		uint8_t op;
	} edges[] = {
		{ '<', OP_WORD },   { '>', OP_WORD_END }, { 'b', OP_EDGE },
		{ 'B', OP_INSIDE }, { '`', OP_BEGIN },	  { '\'', OP_END },
	};
	char b = *c->p++;
	size_t i;

	if (c->flags & REGEX_AWK) {
		if (b == 't')
			b = '\t';
		else if (is_word((unsigned char)b) || strchr("<>`'&", b))
			c->bad = true;
		literal(c, b);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(edges); i++)
		if (b == edges[i].name) {
			emit(c, edges[i].op, 0);
			return false;
		}
	if (strchr("wWsS", b))
		shorthand(c, b);
	else if ((c->flags & REGEX_SED) && (b == 'n' || b == 't'))
		literal(c, b == 'n' ? '\n' : '\t');
	else if (!b || is_word((unsigned char)b) ||
		 (!strchr(".[]*^$\\", b) &&
		  !(strchr("(){}|+?", b) ? is_extended(c)
					 : c->flags & REGEX_SED)))
		c->bad = true;
	else
		literal(c, b);
	return true;
}

static void alternatives(struct compiler *c);

static void group(struct compiler *c)
{
	unsigned int n = ++c->groups;

	if (++c->depth > MAX_DEPTH || n >= REGEX_GROUPS) {
		c->bad = true;
		return;
	}
	emit(c, OP_SAVE, (int)(2 * n));
	alternatives(c);
	emit(c, OP_SAVE, (int)(2 * n + 1));
	c->depth--;
	if (!is_extended(c)) {
		if (c->end - c->p < 2)
			c->bad = true;
		else
			c->p += 2;
	} else if (c->p == c->end) {
		c->bad = true;
	} else {
		c->p++;
	}
}

/* Does an operator that BRE writes with a backslash stand here? */
static bool at_operator(const struct compiler *c, char op)
{
	if (is_extended(c))
		return c->p < c->end && *c->p == op;
	return c->end - c->p > 1 && c->p[0] == '\\' && c->p[1] == op;
}

static bool at_end(const struct compiler *c)
{
	return c->p == c->end || at_operator(c, '|') ||
	       (c->depth && at_operator(c, ')'));
}

/* Returns whether a repetition may follow. */
static bool atom(struct compiler *c, bool first)
{
	struct compiler rest = *c;
	char b;

	if (at_operator(c, '(')) {
		c->p += is_extended(c) ? 1 : 2;
		group(c);
		return true;
	}
	b = *c->p++;
	rest.p = c->p;
	if (b == '^' && (is_extended(c) || first)) {
		emit(c, OP_BEGIN, 0);
		return false;
	}
	if (b == '$' && (is_extended(c) || at_end(&rest))) {
		emit(c, OP_END, 0);
		return false;
	}
	if (b == '.') {
		emit(c, OP_ANY, 0);
	} else if (b == '[') {
		bracket(c);
	} else if (b == '\\') {
		c->bad = c->p == c->end;
		return c->bad || escape(c);
	} else {
		if (is_extended(c) && strchr("*+?{)", b) && b)
			c->bad = true;
		literal(c, b);
	}
	return true;
}

static bool number(struct compiler *c, int *ret)
{
	const char *p = c->p;

	for (*ret = 0; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
		if ((*ret = *ret * 10 + (*c->p - '0')) > MAX_REPEAT)
			return false;
	return c->p > p;
}

/* "m}", "m,}" or "m,n}"; @max is -1 for none. */
static bool interval(struct compiler *c, int *min, int *max)
{
	if (!number(c, min))
		return false;
	*max = *min;
	if (c->p < c->end && *c->p == ',') {
		c->p++;
		if (!number(c, max)) {
			if (*max > MAX_REPEAT)
				return false;
			*max = -1;
		}
	}
	if (!at_operator(c, '}') || (*max >= 0 && *max < *min))
		return false;
	c->p += is_extended(c) ? 1 : 2;
	return true;
}

/* Turn the code from @at on into @min to @max times it. */
static void repeat(struct compiler *c, size_t at, int min, int max)
{
	size_t len = c->re->n - at;
	int i;

	if (!max) {
		c->bad = true;
		return;
	}
	for (i = 1; i < min; i++)
		copy(c, at, len);
	if (max < 0 && min) {
		emit(c, OP_SPLIT, -(int)len)->y = 1;
		return;
	}
	if (max < 0) {
		insert(c, at, 1, (int)len + 2);
		emit(c, OP_JUMP, -(int)len - 1);
		return;
	}
	if (!min) {
		insert(c, at, 1, (int)len + 1);
		at++;
		min = 1;
	}
	for (i = min; i < max; i++) {
		emit(c, OP_SPLIT, 1)->y = (int16_t)(len + 1);
		copy(c, at, len);
	}
}

/* Returns whether a repetition stood there. */
static bool repetition(struct compiler *c, size_t at)
{
	int min = 0, max = -1;

	if (c->p < c->end && *c->p == '*') {
		c->p++;
	} else if (at_operator(c, '+')) {
		c->p += is_extended(c) ? 1 : 2;
		min = 1;
	} else if (at_operator(c, '?')) {
		c->p += is_extended(c) ? 1 : 2;
		max = 1;
	} else if (at_operator(c, '{')) {
		c->p += is_extended(c) ? 1 : 2;
		if ((c->flags & REGEX_AWK) || !interval(c, &min, &max))
			c->bad = true;
	} else {
		return false;
	}
	if (!c->bad)
		repeat(c, at, min, max);
	return true;
}

static void branch(struct compiler *c)
{
	bool first = true, may;
	size_t at;

	/* An empty one is undefined but for a whole pattern that is empty. */
	if (at_end(c) && c->end > c->start)
		c->bad = true;
	while (!c->bad && !at_end(c)) {
		at = c->re->n;
		may = atom(c, first);
		first = first && c->p > c->start && !may;
		/* One alone: what several in a row mean differs. */
		if (may && !c->bad && repetition(c, at)) {
			at = c->re->n;
			if (repetition(c, at))
				c->bad = true;
		} else if (!may && c->p < c->end &&
			   (strchr("*", *c->p) || at_operator(c, '+') ||
			    at_operator(c, '?') || at_operator(c, '{'))) {
			c->bad = true;
		}
	}
}

static void alternatives(struct compiler *c)
{
	size_t at = c->re->n, len, jump;

	branch(c);
	if (c->bad || !at_operator(c, '|'))
		return;
	c->p += is_extended(c) ? 1 : 2;
	len = c->re->n - at;
	insert(c, at, 1, (int)len + 2);
	jump = c->re->n;
	emit(c, OP_JUMP, 0);
	alternatives(c);
	if (!c->bad)
		c->re->ins[jump].x = (int16_t)(c->re->n - jump);
}

static void compile(struct compiler *c)
{
	if (c->flags & REGEX_LINE)
		emit(c, OP_BEGIN, 0);
	if (c->flags & REGEX_WORD)
		emit(c, OP_LIMIT, 0);
	emit(c, OP_SAVE, 0);
	if (c->flags & REGEX_FIXED)
		while (c->p < c->end)
			literal(c, *c->p++);
	else
		alternatives(c);
	emit(c, OP_SAVE, 1);
	if (c->flags & REGEX_WORD)
		emit(c, OP_LIMIT_END, 0);
	if (c->flags & REGEX_LINE)
		emit(c, OP_END, 0);
	emit(c, OP_MATCH, 0);
	if (c->p < c->end)
		c->bad = true;
}

int regex_compile(const char *s, size_t len, unsigned int flags,
		  struct arena *a, const struct regex **ret,
		  unsigned int *ret_groups)
{
	cleanup(free_ptr) struct ins *ins = calloc(MAX_INS, sizeof(*ins));
	struct regex *re = arena_alloc(a, sizeof(*re));
	struct compiler c = { .p = s,
			      .start = s,
			      .end = s + len,
			      .flags = flags,
			      .a = a,
			      .re = re };

	*ret = NULL;
	if (!re || !ins)
		return -ENOMEM;
	re->ins = ins;
	re->icase = flags & REGEX_ICASE;
	compile(&c);
	if (c.no_memory)
		return -ENOMEM;
	if (c.bad)
		return 0;
	re->ins = arena_array(a, re->n, sizeof(*ins));
	if (!re->ins)
		return -ENOMEM;
	memcpy(re->ins, ins, re->n * sizeof(*ins));
	*ret = re;
	if (ret_groups)
		*ret_groups = c.groups;
	return 0;
}

/**
 * struct job - what is still to be tried
 * @pc:		instruction; -1 - slot: give a bound its old position back
 * @pos:	position in the text
 */
struct job {
	int pc;
	size_t pos;
};

/**
 * struct machine - a search under way
 * @visited:	a bit for each instruction and position
 * @job:	stack
 * @bound:	bounds of the groups
 */
struct machine {
	const struct regex *re;
	const char *text;
	size_t len;
	uint8_t *visited;
	struct job *job;
	size_t n_job, cap_job;
	size_t bound[2 * REGEX_GROUPS];
	bool no_memory;
};

static void push(struct machine *m, int pc, size_t pos)
{
	size_t cap = m->cap_job ? 2 * m->cap_job : 64;
	struct job *job = m->job;

	if (m->n_job == m->cap_job) {
		job = realloc(m->job, cap * sizeof(*job));
		if (!job) {
			m->no_memory = true;
			return;
		}
		m->job = job;
		m->cap_job = cap;
	}
	m->job[m->n_job++] = (struct job){ pc, pos };
}

static bool is_visited(struct machine *m, int pc, size_t pos)
{
	size_t bit = (size_t)pc * (m->len + 1) + pos;
	bool was = m->visited[bit / 8] & 1 << bit % 8;

	m->visited[bit / 8] |= (uint8_t)(1 << bit % 8);
	return was;
}

/* Does the byte, or what stands between two bytes, match? */
static bool step(const struct machine *m, const struct ins *i, size_t *pos)
{
	const unsigned char *t = (const unsigned char *)m->text + *pos;
	bool end = *pos == m->len;
	bool before = *pos && is_word(t[-1]), after = !end && is_word(*t);

	switch ((enum op)i->op) {
	case OP_BYTE:
		return !end && (m->re->icase ? lower(*t) : *t) == i->x &&
		       ++*pos;
	case OP_ANY:
		return !end && ++*pos;
	case OP_SET:
		return !end && set_has(i->set, *t) && ++*pos;
	case OP_BEGIN:
		return !*pos;
	case OP_END:
		return end;
	case OP_EDGE:
		return before != after;
	case OP_INSIDE:
		return before == after;
	case OP_WORD:
		return !before && after;
	case OP_WORD_END:
		return before && !after;
	case OP_LIMIT:
		return !before;
	case OP_LIMIT_END:
		return !after;
	case OP_SPLIT:
	case OP_JUMP:
	case OP_SAVE:
	case OP_MATCH:
		break;
	}
	return false;
}

/* Follow one thread to its end; returns whether it is a match. */
static bool follow(struct machine *m, int pc, size_t pos)
{
	const struct ins *i;

	while (!is_visited(m, pc, pos)) {
		i = &m->re->ins[pc];
		if (i->op == OP_MATCH) {
			return true;
		} else if (i->op == OP_SPLIT) {
			push(m, pc + i->y, pos);
			pc += i->x;
		} else if (i->op == OP_JUMP) {
			pc += i->x;
		} else if (i->op == OP_SAVE) {
			push(m, -1 - i->x, m->bound[i->x]);
			m->bound[i->x] = pos;
			pc++;
		} else if (step(m, i, &pos)) {
			pc++;
		} else {
			break;
		}
	}
	return false;
}

static bool match_at(struct machine *m, size_t pos,
		     struct regex_match ret[REGEX_GROUPS])
{
	bool found = false;
	struct job j;
	size_t i;

	for (i = 0; i < 2 * REGEX_GROUPS; i++)
		m->bound[i] = NONE;
	m->n_job = 0;
	push(m, 0, pos);
	while (m->n_job && !m->no_memory) {
		j = m->job[--m->n_job];
		if (j.pc < 0) {
			m->bound[-1 - j.pc] = j.pos;
		} else if (follow(m, j.pc, j.pos) &&
			   (!found || m->bound[1] > ret[0].end)) {
			found = true;
			for (i = 0; i < REGEX_GROUPS; i++)
				ret[i] = (struct regex_match){
					m->bound[2 * i], m->bound[2 * i + 1]
				};
			if (ret[0].end == m->len)
				break;
		}
	}
	return found;
}

int regex_find(const struct regex *re, const char *text, size_t len,
	       size_t from, struct regex_match ret[REGEX_GROUPS])
{
	struct machine m = { .re = re, .text = text, .len = len };
	bool found = false;

	m.visited = calloc(re->n * (len + 1) / 8 + 1, 1);
	m.no_memory = !m.visited;
	for (; !m.no_memory && !found && from <= len; from++)
		found = match_at(&m, from, ret);
	free(m.visited);
	free(m.job);
	return m.no_memory ? -ENOMEM : found;
}
