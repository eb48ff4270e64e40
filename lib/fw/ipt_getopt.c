// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "fw/ipt_private.h"

/* struct long_opt - a long option of every command and its letter */
struct long_opt {
	const char *name;
	char letter;
	uint8_t has_arg; /* 0 none, 1 needed, 2 only after "=" */
};

static const struct long_opt long_opts[] = {
	{ "append", 'A', 1 },	     { "delete", 'D', 1 },
	{ "check", 'C', 1 },	     { "insert", 'I', 1 },
	{ "replace", 'R', 1 },	     { "list", 'L', 2 },
	{ "list-rules", 'S', 2 },    { "flush", 'F', 2 },
	{ "zero", 'Z', 2 },	     { "new-chain", 'N', 1 },
	{ "delete-chain", 'X', 2 },  { "rename-chain", 'E', 1 },
	{ "policy", 'P', 1 },	     { "source", 's', 1 },
	{ "destination", 'd', 1 },   { "src", 's', 1 },
	{ "dst", 'd', 1 },	     { "protocol", 'p', 1 },
	{ "in-interface", 'i', 1 },  { "jump", 'j', 1 },
	{ "table", 't', 1 },	     { "match", 'm', 1 },
	{ "numeric", 'n', 0 },	     { "out-interface", 'o', 1 },
	{ "verbose", 'v', 0 },	     { "wait", 'w', 2 },
	{ "wait-interval", 'W', 2 }, { "exact", 'x', 0 },
	{ "fragments", 'f', 0 },     { "version", 'V', 0 },
	{ "help", 'h', 2 },	     { "line-numbers", '0', 0 },
	{ "modprobe", 'M', 1 },	     { "set-counters", 'c', 1 },
	{ "goto", 'g', 1 },	     { "ipv4", '4', 0 },
	{ "ipv6", '6', 0 },
};

/* Letters, those with an argument, and those whose argument must be attached */
static const char letters[] = "ACDEFILMNPVXZcdijopstvRSW46bfghmnwx";
static const char with_arg[] = "ACDEIMNPRcdijopstgm";
static const char with_attached[] = "FLXZSWhw";

/* struct found - the best candidate for a long option so far */
struct found {
	int c;
	uint8_t has_arg;
	const struct ipt_opt *opt;
	struct ipt_use *use;
	bool exact, ambiguous;
};

/* Synonyms, which have the same letter or id, are not ambiguous. */
static void candidate(struct found *f, const char *name, const char *w,
		      size_t len, const struct found *new)
{
	if (f->exact || strncmp(name, w, len) != 0)
		return;
	if (strlen(name) == len) {
		*f = *new;
		f->exact = true;
	} else if (!f->c) {
		*f = *new;
	} else if (f->has_arg != new->has_arg || f->c != new->c ||
		   f->use != new->use ||
		   (f->opt && f->opt->id != new->opt->id)) {
		f->ambiguous = true;
	}
}

/* Options of every command come first, then those of the newest extension. */
static void find_long(const struct ipt_parser *p, const char *w, size_t len,
		      struct found *f)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(long_opts); i++) {
		const struct long_opt *l = &long_opts[i];

		if (l->letter == 'f' && p->family == NFPROTO_IPV6)
			continue;
		candidate(f, l->name, w, len,
			  &(struct found){ .c = l->letter,
					   .has_arg = l->has_arg });
	}
	for (i = p->n_lists; i > 0; i--) {
		struct ipt_use *u = p->lists[i - 1];

		for (j = 0; j < u->ext->n_opt; j++)
			candidate(f, u->ext->opt[j].name, w, len,
				  &(struct found){
					  .c = IPT_GET_EXT,
					  .has_arg = u->ext->opt[j].has_arg,
					  .opt = &u->ext->opt[j],
					  .use = u });
	}
}

static int get_long(struct ipt_parser *p, const char *w)
{
	size_t len = strcspn(w, "=");
	struct found f = {};

	find_long(p, w, len, &f);
	p->at++;
	p->next = NULL;
	if (!f.c || (f.ambiguous && !f.exact))
		return '?';
	if (w[len]) {
		if (!f.has_arg)
			return '?';
		p->arg = w + len + 1;
	} else if (f.has_arg == 1) {
		if (p->at == p->n)
			return ':';
		p->arg = p->w[p->at++];
	}
	p->opt = f.opt;
	p->opt_use = f.use;
	return f.c;
}

static int get_short(struct ipt_parser *p)
{
	int c = (unsigned char)*p->next++;

	if (!*p->next)
		p->at++;
	if (!c || !strchr(letters, c))
		return '?';
	if (!strchr(with_arg, c) && !strchr(with_attached, c))
		return c;
	if (*p->next) {
		p->arg = p->next;
		p->at++;
	} else if (strchr(with_arg, c)) {
		if (p->at == p->n)
			c = ':';
		else
			p->arg = p->w[p->at++];
	}
	p->next = NULL;
	return c;
}

int ipt_getopt(struct ipt_parser *p)
{
	const char *w;

	p->arg = NULL;
	if (p->next && *p->next)
		return get_short(p);
	if (p->at == p->n)
		return IPT_GET_END;
	w = p->w[p->at];
	if (strcmp(w, "--") == 0) {
		p->at++;
		return IPT_GET_END;
	}
	if (w[0] != '-' || !w[1]) {
		p->arg = w;
		p->at++;
		return IPT_GET_WORD;
	}
	if (w[1] == '-')
		return get_long(p, w + 2);
	p->next = w + 1;
	return get_short(p);
}

bool ipt_follows(const struct ipt_parser *p)
{
	return p->at < p->n && p->w[p->at][0] != '-' && p->w[p->at][0] != '!';
}
