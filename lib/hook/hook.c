// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/hook.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/ast.h"

/* struct lexer - a line on its way to words */
struct lexer {
	const char *p;
	struct arena *a;
	struct buf word;
	const char **argv;
	size_t argc, cap;
};

/* enum lexed - what a step of the lexer came to */
enum lexed {
	LEX_OK,
	LEX_END,
	LEX_SHELL, /* not understood, or not plain */
	LEX_NO_MEMORY
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Bytes that stand for themselves wherever they are in a word.  Left out is
 * all that bash expands, splits or joins on, and all that is no ASCII.
 */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_-./:,+@%=", c));
}

/* Control characters are left to bash, which uses some within words. */
static bool is_quotable(char c)
{
	return c == '\t' || (unsigned char)c >= ' ';
}

/* From behind the opening quote to behind the closing one. */
static enum lexed lex_quoted(struct lexer *l, char quote)
{
	for (; *l->p != quote; l->p++) {
		if (!is_quotable(*l->p) || *l->p == 0x7f)
			return LEX_SHELL;
		if (quote == '"' && strchr("$`\\!", *l->p))
			return LEX_SHELL;
		buf_addc(&l->word, *l->p);
	}
	l->p++;
	return LEX_OK;
}

/* `!` is literal as a whole word that is not the first. */
static bool is_bang(const struct lexer *l)
{
	return l->argc && *l->p == '!' && (is_blank(l->p[1]) || !l->p[1]);
}

static enum lexed lex_plain(struct lexer *l)
{
	enum lexed ret;

	buf_reset(&l->word);
	buf_adds(&l->word, "");
	if (is_bang(l)) {
		buf_addc(&l->word, *l->p++);
		return LEX_OK;
	}
	while (*l->p && !is_blank(*l->p) && *l->p != ';') {
		if (*l->p == '\'' || *l->p == '"') {
			l->p++;
			ret = lex_quoted(l, l->p[-1]);
			if (ret != LEX_OK)
				return ret;
		} else if (is_plain(*l->p)) {
			buf_addc(&l->word, *l->p++);
		} else {
			return LEX_SHELL;
		}
	}
	return LEX_OK;
}

static void skip_blanks(struct lexer *l)
{
	while (is_blank(*l->p))
		l->p++;
}

/* A command may end in one `;`, and a comment may follow. */
static enum lexed lex_end(struct lexer *l)
{
	if (*l->p == ';' && l->argc) {
		l->p++;
		skip_blanks(l);
	}
	/* A comment ends with its line, which may not be that of the text. */
	if (*l->p == '#' && !strchr(l->p, '\n'))
		return LEX_END;
	return *l->p ? LEX_SHELL : LEX_END;
}

static enum lexed lex_step(struct lexer *l)
{
	const char **slot;
	enum lexed ret;

	skip_blanks(l);
	if (!*l->p || *l->p == ';' || *l->p == '#')
		return lex_end(l);
	ret = lex_plain(l);
	if (ret != LEX_OK)
		return ret;
	slot = arena_grow(l->a, &l->argv, l->argc, &l->cap, sizeof(*slot));
	if (!slot || l->word.failed)
		return LEX_NO_MEMORY;
	*slot = arena_strndup(l->a, l->word.p, l->word.len);
	if (!*slot)
		return LEX_NO_MEMORY;
	l->argc++;
	return LEX_OK;
}

/* A name that only a file can have: no assignment, no job, nothing of bash's */
static bool is_program(const char *word)
{
	if (!strchr("_./", *word) && !(*word >= 'a' && *word <= 'z') &&
	    !(*word >= 'A' && *word <= 'Z') && !(*word >= '0' && *word <= '9'))
		return false;
	return *word && !strchr(word, '=') && !name_is_shells(word);
}

static int decide(struct hook *hook, struct arena *a)
{
	struct lexer l = { .p = hook->text, .a = a };
	const char **end;
	enum lexed ret;

	do
		ret = lex_step(&l);
	while (ret == LEX_OK);
	buf_done(&l.word);
	hook->kind = HOOK_SHELL;
	if (ret == LEX_NO_MEMORY)
		return -ENOMEM;
	if (ret == LEX_SHELL)
		return 0;
	if (!l.argc) {
		hook->kind = HOOK_EMPTY;
		return 0;
	}
	if (!is_program(l.argv[0]))
		return 0;
	end = arena_grow(a, &l.argv, l.argc, &l.cap, sizeof(*end));
	if (!end)
		return -ENOMEM;
	*end = NULL;
	hook->kind = HOOK_EXEC;
	hook->argv = l.argv;
	hook->argc = l.argc;
	return 0;
}

static char *substitute(const char *text, const char *ifname, struct arena *a)
{
	cleanup(buf_done) struct buf b = {};
	const char *at;

	buf_adds(&b, "");
	while ((at = strstr(text, "%i"))) {
		buf_add(&b, text, (size_t)(at - text));
		buf_adds(&b, ifname);
		text = at + 2;
	}
	buf_adds(&b, text);
	return b.failed ? NULL : arena_strndup(a, b.p, b.len);
}

int hook_parse(const char *text, const char *ifname, struct arena *a,
	       struct hook *ret_hook)
{
	struct hook hook = { .text = substitute(text, ifname, a) };
	int err;

	if (!hook.text)
		return -ENOMEM;
	err = decide(&hook, a);
	if (!err)
		*ret_hook = hook;
	return err;
}
