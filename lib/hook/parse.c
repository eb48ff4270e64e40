// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/ast.h"
#include "hook/script.h"

bool parse_refuse(struct parser *ps, const char *why)
{
	if (!ps->why)
		ps->why = why;
	return false;
}

bool parse_failed(const struct parser *ps)
{
	return ps->why || ps->no_memory;
}

void *parse_alloc(struct parser *ps, size_t size)
{
	void *p = arena_alloc(ps->a, size);

	if (!p)
		ps->no_memory = true;
	return p;
}

static bool refuse_named(struct parser *ps, const char *what, const char *name,
			 size_t len)
{
	const char *why =
		arena_printf(ps->a, "%s `%.*s'", what, (int)len, name);

	return parse_refuse(ps, why ? why : what);
}

static bool refuse_token(struct parser *ps)
{
	size_t n = strcspn(ps->p, " \t\n");

	if (!*ps->p)
		return parse_refuse(ps, "syntax error: the end is missing");
	return refuse_named(ps, "syntax error near", ps->p, n < 20 ? n : 20);
}

void parse_blanks(struct parser *ps)
{
	while (*ps->p == ' ' || *ps->p == '\t' ||
	       (ps->p[0] == '\\' && ps->p[1] == '\n'))
		ps->p += 1 + (*ps->p == '\\');
	if (*ps->p == '#')
		ps->p += strcspn(ps->p, "\n");
}

static void skip_newlines(struct parser *ps)
{
	parse_blanks(ps);
	while (*ps->p == '\n') {
		ps->p++;
		parse_blanks(ps);
	}
}

/* The reserved word at hand, where one would count as such. */
static enum keyword peek(struct parser *ps)
{
	size_t i, n;

	parse_blanks(ps);
	for (i = 1; i < KEYWORDS; i++) {
		n = strlen(keyword_names[i]);
		if (strncmp(ps->p, keyword_names[i], n) ||
		    !lex_is_end(ps->p[n]))
			continue;
		/* `!(` begins a pattern, as extglob is on. */
		if (i == KW_BANG && ps->p[n] == '(')
			continue;
		return (enum keyword)i;
	}
	return KW_NONE;
}

static void take(struct parser *ps, enum keyword kw)
{
	ps->p += strlen(keyword_names[kw]);
}

static bool expect(struct parser *ps, enum keyword kw)
{
	if (parse_failed(ps))
		return false;
	if (peek(ps) != kw)
		return refuse_token(ps);
	take(ps, kw);
	return true;
}

static struct node *new_node(struct parser *ps, enum node_kind kind)
{
	struct node *n = parse_alloc(ps, sizeof(*n));

	if (n)
		n->kind = kind;
	return n;
}

/* Commands that a keyword or parenthesis ends, of which there must be one. */
static struct node *block(struct parser *ps)
{
	struct node *n = parse_list(ps);

	if (!n)
		refuse_token(ps);
	return n;
}

/* Is there a redirection, with or without a number before it? */
static bool at_redir(const struct parser *ps)
{
	const char *p = ps->p;

	if (p[0] == '&' && p[1] == '>')
		return true;
	while (isdigit((unsigned char)*p))
		p++;
	return *p == '<' || *p == '>';
}

static struct word *redir_word(struct parser *ps, struct redir *r)
{
	const char *start;
	struct word *w;

	parse_blanks(ps);
	if (lex_is_end(*ps->p)) {
		if (strchr("<>", *ps->p) && ps->p[0] && ps->p[1] == '(')
			parse_refuse(ps, "uses a process substitution");
		refuse_token(ps);
		return NULL;
	}
	start = ps->p;
	w = word_expand_braces(ps, lex_word(ps, WORD_PLAIN));
	if (w && w->next)
		parse_refuse(ps, "redirects to several words");
	r->text = arena_strndup(ps->a, start, (size_t)(ps->p - start));
	if (!r->text)
		ps->no_memory = true;
	return parse_failed(ps) ? NULL : w;
}

/* Files that bash does not just open. */
static bool is_special_file(const char *path)
{
	return !strncmp(path, "/dev/tcp/", 9) ||
	       !strncmp(path, "/dev/udp/", 9) ||
	       !strncmp(path, "/dev/fd/", 8) || !strcmp(path, "/dev/stdin") ||
	       !strcmp(path, "/dev/stdout") || !strcmp(path, "/dev/stderr");
}

static bool redir_file(struct parser *ps, struct redir *r, int flags)
{
	r->kind = REDIR_FILE;
	r->flags = flags;
	r->target = redir_word(ps, r);
	if (!r->target)
		return false;
	word_finish(ps, r->target, false);
	if (r->target->literal && is_special_file(r->target->literal))
		return parse_refuse(ps, "redirects to a special file");
	return true;
}

/* Behind `>&` or `<&`. */
static bool redir_dup(struct parser *ps, struct redir *r, bool numbered)
{
	char c = *ps->p;

	r->kind = REDIR_DUP;
	if (c >= '0' && c <= '2' && lex_is_end(ps->p[1])) {
		r->from = c - '0';
		ps->p++;
		/* Else it would be read and written at once. */
		if ((r->fd == 0) != (r->from == 0))
			return parse_refuse(ps, "mixes input and output");
		return true;
	}
	parse_blanks(ps);
	c = *ps->p;
	if (isdigit((unsigned char)c) || c == '-' || c == '$' || c == '`' ||
	    c == '"' || c == '\'' || c == '\\' || !r->fd || numbered)
		return parse_refuse(ps, "copies or closes a descriptor");
	r->both = true;
	return redir_file(ps, r, O_WRONLY | O_CREAT | O_TRUNC);
}

static bool redir_output(struct parser *ps, struct redir *r, bool numbered)
{
	if (ps->p[0] == '>' && ps->p[1] == '(')
		return parse_refuse(ps, "uses a process substitution");
	if (*ps->p == '&') {
		ps->p++;
		return redir_dup(ps, r, numbered);
	}
	if (*ps->p == '>') {
		ps->p++;
		return redir_file(ps, r, O_WRONLY | O_CREAT | O_APPEND);
	}
	if (*ps->p == '|')
		ps->p++;
	return redir_file(ps, r, O_WRONLY | O_CREAT | O_TRUNC);
}

static bool redir_input(struct parser *ps, struct redir *r)
{
	if (!strncmp(ps->p, "<<", 2)) {
		ps->p += 2;
		r->kind = REDIR_STRING;
		r->target = redir_word(ps, r);
		if (r->target)
			word_finish(ps, r->target, false);
		return r->target != NULL;
	}
	if (*ps->p == '<')
		return parse_refuse(ps, "uses a here-document");
	if (*ps->p == '>')
		return parse_refuse(ps, "opens a file for both ways");
	if (*ps->p == '&') {
		ps->p++;
		return redir_dup(ps, r, true);
	}
	return redir_file(ps, r, O_RDONLY);
}

/* &>file and &>>file */
static bool redir_both(struct parser *ps, struct redir *r)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC;

	ps->p += 2;
	if (*ps->p == '>') {
		ps->p++;
		flags = O_WRONLY | O_CREAT | O_APPEND;
	} else if (*ps->p == '&' || *ps->p == '|') {
		return refuse_token(ps);
	}
	r->fd = 1;
	r->both = true;
	return redir_file(ps, r, flags);
}

static bool redir_one(struct parser *ps, struct redir *r)
{
	bool numbered = isdigit((unsigned char)*ps->p);
	bool out;

	if (ps->p[0] == '&')
		return redir_both(ps, r);
	r->fd = *ps->p - '0';
	if (numbered && (r->fd > 2 || isdigit((unsigned char)ps->p[1])))
		return parse_refuse(ps, "uses descriptors above 2");
	ps->p += numbered;
	out = *ps->p == '>';
	if (ps->p[1] == '(')
		return parse_refuse(ps, "uses a process substitution");
	ps->p++;
	if (!numbered)
		r->fd = out;
	if (out != (r->fd > 0))
		return parse_refuse(ps, "mixes input and output");
	return out ? redir_output(ps, r, numbered) : redir_input(ps, r);
}

static bool redirection(struct parser *ps, struct redir ***last)
{
	struct redir *r = parse_alloc(ps, sizeof(*r));

	if (!r || !redir_one(ps, r))
		return false;
	**last = r;
	*last = &r->next;
	return true;
}

static bool redirections(struct parser *ps, struct node *n)
{
	struct redir **last = &n->redirs;

	while (*last)
		last = &(*last)->next;
	for (parse_blanks(ps); at_redir(ps); parse_blanks(ps))
		if (!redirection(ps, &last))
			return false;
	return true;
}

/* What `NAME=` or `NAME+=` the text at hand begins with takes, or 0. */
static size_t assignment_length(const char *s)
{
	size_t n = lex_name(s);

	if (!n)
		return 0;
	if (s[n] == '+' && s[n + 1] == '=')
		return n + 2;
	return s[n] == '=' ? n + 1 : 0;
}

static bool assignment(struct parser *ps, struct assign ***last, size_t n)
{
	struct assign *as = parse_alloc(ps, sizeof(*as));
	size_t name = lex_name(ps->p);
	struct word *value;

	if (!as)
		return false;
	as->append = ps->p[name] == '+';
	as->name = arena_strndup(ps->a, ps->p, name);
	ps->p += n;
	if (!as->name) {
		ps->no_memory = true;
		return false;
	}
	if (name_variable_refused(as->name, true, ps->a))
		return parse_refuse(
			ps, name_variable_refused(as->name, true, ps->a));
	if (*ps->p == '(')
		return parse_refuse(ps, "sets an array");
	value = lex_word(ps, WORD_PLAIN);
	if (!value)
		return false;
	word_finish(ps, value, true);
	as->value = value;
	**last = as;
	*last = &as->next;
	return true;
}

/* An argument of export: a name, or an assignment that is made like one. */
static bool export_argument(struct parser *ps, struct assign ***last)
{
	size_t n = assignment_length(ps->p), name = lex_name(ps->p);
	struct assign *as;

	/* Braces would be expanded before it is known for what it is. */
	if (n)
		return !strchr(ps->p, '{')
			       ? assignment(ps, last, n)
			       : parse_refuse(ps, "exports with braces");
	if (!name || !lex_is_end(ps->p[name]))
		return parse_refuse(ps, "exports what is no plain name");
	as = parse_alloc(ps, sizeof(*as));
	if (!as)
		return false;
	as->name = arena_strndup(ps->a, ps->p, name);
	ps->p += name;
	if (!as->name)
		ps->no_memory = true;
	**last = as;
	*last = &as->next;
	return !parse_failed(ps);
}

static bool plain_word(struct parser *ps, struct word ***last)
{
	struct word *w;

	w = word_expand_braces(ps, lex_word(ps, WORD_PLAIN));
	if (!w)
		return false;
	**last = w;
	for (; w; w = w->next) {
		word_finish(ps, w, false);
		*last = &w->next;
	}
	return !parse_failed(ps);
}

/* Reserved words count at the first place only; blanks were skipped. */
static bool at_word(const struct parser *ps)
{
	return !lex_is_end(*ps->p);
}

static bool has_slash(const struct word *w)
{
	const struct part *p;

	for (p = w->parts; p; p = p->next)
		if (p->kind == PART_TEXT && strchr(p->text, '/'))
			return true;
	return false;
}

static bool literal_words(const struct word *w)
{
	for (; w; w = w->next)
		if (!w->literal)
			return false;
	return true;
}

/* File tests that need more than one file, or that tell of the shell. */
static bool test_is_odd(const struct word *w)
{
	static const char *const odd[] = { "-nt", "-ot", "-ef", "-t", "-v",
					   "-R",  "-G",	 "-N",	"-O" };
	const char *s = w->literal;
	size_t i;

	for (i = 0; s && i < ARRAY_SIZE(odd); i++)
		if (!strcmp(s, odd[i]))
			return true;
	/* `-o` is an operator between two, and an odd test before one. */
	return false;
}

static bool check_test(struct parser *ps, const struct word *w)
{
	size_t n = 0;

	for (; w; w = w->next, n++)
		if (test_is_odd(w) ||
		    (n == 1 && w->literal && !strcmp(w->literal, "-o")))
			return parse_refuse(ps, "uses an odd test");
	return true;
}

static bool is_number(const char *s)
{
	return *s && strlen(s) < 10 && strspn(s, "0123456789") == strlen(s);
}

/* exit, shift, break, continue: nothing, a number, or a word to expand. */
static bool check_number(struct parser *ps, const struct node *n)
{
	const struct word *w = n->words->next;

	if (!w)
		return true;
	if (w->next || (w->literal && !is_number(w->literal)) ||
	    (!w->literal && n->builtin != BUILTIN_EXIT))
		return parse_refuse(ps, "gives an odd number to a builtin");
	return true;
}

static bool check_loop(struct parser *ps, const struct node *n)
{
	const struct word *w = n->words->next;

	if (!ps->loops)
		return parse_refuse(ps, "breaks out of no loop");
	if (w && (!w->literal || strlen(w->literal) > 1 || *w->literal < '1' ||
		  (unsigned int)(*w->literal - '0') > ps->loops))
		return parse_refuse(ps, "breaks out of odd loops");
	return true;
}

static bool check_set(struct parser *ps, const struct word *w)
{
	for (w = w->next; w; w = w->next) {
		if (!w->literal)
			return parse_refuse(ps, "uses an odd set");
		if (!strcmp(w->literal, "-e") || !strcmp(w->literal, "+e"))
			continue;
		if (strcmp(w->literal, "-o") && strcmp(w->literal, "+o"))
			return parse_refuse(ps, "uses an odd set");
		w = w->next;
		if (!w || !w->literal ||
		    (strcmp(w->literal, "pipefail") &&
		     strcmp(w->literal, "errexit")))
			return parse_refuse(ps, "uses an odd set");
	}
	return true;
}

static bool check_unset(struct parser *ps, const struct word *w)
{
	for (w = w->next; w; w = w->next)
		if (!w->literal || !lex_name(w->literal) ||
		    w->literal[lex_name(w->literal)] ||
		    name_variable_refused(w->literal, true, ps->a))
			return parse_refuse(ps, "uses an odd unset");
	return true;
}

/* Directives that are understood: %%, %s, %c and integers. */
static bool check_printf(struct parser *ps, const struct word *w)
{
	const char *s;

	w = w->next;
	if (w && w->literal && !strcmp(w->literal, "--"))
		w = w->next;
	if (!w || !w->literal || *w->literal == '-')
		return parse_refuse(ps, "uses an odd printf");
	for (s = w->literal; (s = strpbrk(s, "%\\")); s++) {
		if (*s == '%') {
			s += 1 + strspn(s + 1, "-+ #0");
			s += strspn(s, "0123456789");
			if (*s == '.')
				s += 1 + strspn(s + 1, "0123456789");
			if (!*s || !strchr("%sdiuxXoc", *s))
				return parse_refuse(ps, "uses an odd printf");
		} else if (!*++s || !strchr("abefnrtv\\\"'?01234567x", *s)) {
			return parse_refuse(ps, "uses an odd printf");
		}
	}
	return true;
}

static bool check_builtin(struct parser *ps, const struct node *n)
{
	switch (n->builtin) {
	case BUILTIN_NONE:
	case BUILTIN_TRUE:
	case BUILTIN_FALSE:
	case BUILTIN_ECHO:
		return true;
	case BUILTIN_EXPORT:
		return n->assigns || parse_refuse(ps, "lists what is exported");
	case BUILTIN_PRINTF:
		return check_printf(ps, n->words);
	case BUILTIN_TEST:
	case BUILTIN_BRACKET:
		return check_test(ps, n->words);
	case BUILTIN_BREAK:
	case BUILTIN_CONTINUE:
		return check_loop(ps, n) && check_number(ps, n);
	case BUILTIN_EXIT:
	case BUILTIN_SHIFT:
		return check_number(ps, n);
	case BUILTIN_UNSET:
		return check_unset(ps, n->words);
	case BUILTIN_SET:
		return literal_words(n->words) && n->words->next
			       ? check_set(ps, n->words)
			       : parse_refuse(ps, "uses an odd set");
	}
	return false;
}

/* Is there a substitution of a command in one of these words? */
static bool runs_command(const struct word *w)
{
	const struct part *p;

	for (; w; w = w->next)
		for (p = w->parts; p; p = p->next)
			if (p->kind == PART_COMMAND || runs_command(p->arg))
				return true;
	return false;
}

/*
 * What bash gives to commands in the value of a second assignment is no rule
 * that one could follow.
 */
static bool check_assigns(struct parser *ps, const struct assign *as)
{
	for (as = as ? as->next : NULL; as; as = as->next)
		if (runs_command(as->value))
			return parse_refuse(ps, "sets several variables for a "
						"command");
	return true;
}

/* Without a command, bash may or may not take the status from in there. */
static bool check_redirs(struct parser *ps, const struct redir *r)
{
	for (; r; r = r->next)
		if (runs_command(r->target))
			return parse_refuse(ps, "redirects no command to what "
						"a command says");
	return true;
}

/* A computed name must be a path: else it may be anything of the shell's. */
static bool check_name(struct parser *ps, struct node *n)
{
	const char *name = n->words->literal;
	const char *why;

	if (!name)
		return has_slash(n->words) ||
		       parse_refuse(ps, "computes the name of a command");
	why = name_command_refused(name, ps->a);
	if (why)
		return parse_refuse(ps, why);
	n->builtin = name_builtin(name);
	/* What is set before these may stay set. */
	if (n->builtin >= BUILTIN_EXIT && n->assigns)
		return parse_refuse(ps, "sets a variable for a builtin");
	return true;
}

static bool simple_words(struct parser *ps, struct node *n)
{
	struct redir **redir = &n->redirs;
	struct assign **assign = &n->assigns;
	struct word **word = &n->words;
	bool ok = true, first;
	size_t len;

	for (parse_blanks(ps); ok; parse_blanks(ps)) {
		if (at_redir(ps)) {
			ok = redirection(ps, &redir);
			continue;
		}
		if (!at_word(ps))
			return true;
		first = !n->words;
		len = first ? assignment_length(ps->p) : 0;
		if (len)
			ok = assignment(ps, &assign, len);
		else if (n->builtin == BUILTIN_EXPORT)
			ok = export_argument(ps, &assign);
		else
			ok = plain_word(ps, &word);
		if (ok && first && n->words)
			ok = check_name(ps, n);
	}
	return false;
}

static struct node *simple(struct parser *ps)
{
	struct node *n = new_node(ps, NODE_SIMPLE);

	if (!n || !simple_words(ps, n))
		return NULL;
	if (*ps->p == '(') {
		parse_refuse(ps, n->words && !n->words->next
					 ? "defines a function"
					 : "syntax error near `('");
		return NULL;
	}
	if (!n->words && !n->assigns && !n->redirs) {
		refuse_token(ps);
		return NULL;
	}
	if (!n->words)
		return check_redirs(ps, n->redirs) ? n : NULL;
	if (n->builtin != BUILTIN_EXPORT && !check_assigns(ps, n->assigns))
		return NULL;
	return check_builtin(ps, n) ? n : NULL;
}

static struct node *parse_if(struct parser *ps)
{
	struct node *n = new_node(ps, NODE_IF);
	enum keyword kw;

	if (!n)
		return NULL;
	n->cond = block(ps);
	if (!expect(ps, KW_THEN))
		return NULL;
	n->body = block(ps);
	if (parse_failed(ps))
		return NULL;
	kw = peek(ps);
	if (kw == KW_ELIF) {
		/* The `fi` is that of the inner one. */
		take(ps, kw);
		if (ps->depth++ >= PARSE_DEPTH)
			parse_refuse(ps, "is nested too deeply");
		else
			n->other = parse_if(ps);
		ps->depth--;
		return n;
	}
	if (kw == KW_ELSE) {
		take(ps, kw);
		n->other = block(ps);
	}
	return expect(ps, KW_FI) ? n : NULL;
}

static bool loop_body(struct parser *ps, struct node *n)
{
	if (!expect(ps, KW_DO))
		return false;
	n->body = block(ps);
	return expect(ps, KW_DONE);
}

static struct node *parse_while(struct parser *ps, enum node_kind kind)
{
	struct node *n = new_node(ps, kind);
	bool ok;

	if (!n)
		return NULL;
	ps->loops++;
	n->cond = block(ps);
	ok = loop_body(ps, n);
	ps->loops--;
	return ok ? n : NULL;
}

/* Behind the name: `in WORDS`, or nothing, and what ends it. */
static bool for_words(struct parser *ps, struct node *n)
{
	struct word **last = &n->words;

	skip_newlines(ps);
	n->positional = strncmp(ps->p, "in", 2) || !lex_is_end(ps->p[2]);
	if (!n->positional) {
		ps->p += 2;
		for (parse_blanks(ps); at_word(ps); parse_blanks(ps))
			if (!plain_word(ps, &last))
				return false;
		if (*ps->p != ';' && *ps->p != '\n')
			return refuse_token(ps);
	}
	if (*ps->p == ';')
		ps->p++;
	skip_newlines(ps);
	return true;
}

static struct node *parse_for(struct parser *ps)
{
	struct node *n = new_node(ps, NODE_FOR);
	size_t len;
	bool ok;

	parse_blanks(ps);
	len = lex_name(ps->p);
	if (!n || !len || !lex_is_end(ps->p[len])) {
		parse_refuse(ps, "has an odd for");
		return NULL;
	}
	n->name = arena_strndup(ps->a, ps->p, len);
	ps->p += len;
	if (!n->name) {
		ps->no_memory = true;
		return NULL;
	}
	if (name_variable_refused(n->name, true, ps->a))
		parse_refuse(ps, "has an odd for");
	if (parse_failed(ps) || !for_words(ps, n))
		return NULL;
	ps->loops++;
	ok = loop_body(ps, n);
	ps->loops--;
	return ok ? n : NULL;
}

static struct node *parse_group(struct parser *ps)
{
	struct node *n = new_node(ps, NODE_GROUP);

	if (!n)
		return NULL;
	n->body = block(ps);
	return expect(ps, KW_CLOSE) ? n : NULL;
}

static struct node *parse_subshell(struct parser *ps)
{
	struct node *n = new_node(ps, NODE_SUBSHELL);
	unsigned int loops = ps->loops;

	ps->p++;
	if (*ps->p == '(') {
		parse_refuse(ps, "uses (( ))");
		return NULL;
	}
	if (!n)
		return NULL;
	ps->loops = 0;
	n->body = block(ps);
	ps->loops = loops;
	if (parse_failed(ps))
		return NULL;
	/* bash takes the `!` for the subshell's, and errexit counts within. */
	if (n->body->kind == NODE_PIPELINE && n->body->invert &&
	    (n->body->body->next || n->body->body->kind != NODE_SIMPLE))
		parse_refuse(ps, "inverts all of a subshell");
	if (*ps->p != ')') {
		refuse_token(ps);
		return NULL;
	}
	ps->p++;
	return n;
}

static struct node *keyword_command(struct parser *ps, enum keyword kw)
{
	take(ps, kw);
	switch (kw) {
	case KW_IF:
		return parse_if(ps);
	case KW_WHILE:
		return parse_while(ps, NODE_WHILE);
	case KW_UNTIL:
		return parse_while(ps, NODE_UNTIL);
	case KW_FOR:
		return parse_for(ps);
	case KW_OPEN:
		return parse_group(ps);
	case KW_CASE:
	case KW_SELECT:
	case KW_FUNCTION:
	case KW_TIME:
	case KW_COPROC:
	case KW_TEST:
		refuse_named(ps, "uses", keyword_names[kw],
			     strlen(keyword_names[kw]));
		return NULL;
	case KW_NONE:
	case KW_THEN:
	case KW_ELIF:
	case KW_ELSE:
	case KW_FI:
	case KW_DO:
	case KW_DONE:
	case KW_CLOSE:
	case KW_ESAC:
	case KW_BANG:
		break;
	}
	ps->p -= strlen(keyword_names[kw]);
	refuse_token(ps);
	return NULL;
}

static struct node *command_deep(struct parser *ps)
{
	enum keyword kw = peek(ps);
	const struct redir *r;
	struct node *n;

	if (kw == KW_NONE && *ps->p != '(')
		return simple(ps);
	n = kw == KW_NONE ? parse_subshell(ps) : keyword_command(ps, kw);
	if (!n || parse_failed(ps) || !redirections(ps, n))
		return NULL;
	for (r = n->redirs; r; r = r->next)
		if (r->kind == REDIR_STRING)
			parse_refuse(ps, "feeds a text to a group or loop");
	if (!lex_is_end(*ps->p) || *ps->p == '(') {
		refuse_token(ps);
		return NULL;
	}
	return n;
}

static struct node *command(struct parser *ps)
{
	struct node *n = NULL;

	if (ps->depth++ < PARSE_DEPTH)
		n = command_deep(ps);
	else
		parse_refuse(ps, "is nested too deeply");
	ps->depth--;
	return parse_failed(ps) ? NULL : n;
}

/* `|&` sends stderr along, after the redirections of the command itself. */
static bool pipe_both(struct parser *ps, struct node *n)
{
	struct redir *r = parse_alloc(ps, sizeof(*r));
	struct redir **last = &n->redirs;

	if (!r)
		return false;
	*r = (struct redir){ .kind = REDIR_DUP, .fd = 2, .from = 1 };
	while (*last)
		last = &(*last)->next;
	*last = r;
	return true;
}

/* Is a pipeline's next member there? Takes the operator. */
static bool take_pipe(struct parser *ps, struct node *before)
{
	parse_blanks(ps);
	if (ps->p[0] != '|' || ps->p[1] == '|')
		return false;
	ps->p++;
	if (*ps->p == '&') {
		ps->p++;
		if (!pipe_both(ps, before))
			return false;
	}
	skip_newlines(ps);
	return true;
}

/*
 * A member that reads from another must not be a group, whose commands would
 * share what there is to read; nor may commands run while it is expanded.
 */
static void check_reader(struct parser *ps, const struct node *n)
{
	const struct assign *as;
	const struct redir *r;
	bool runs = runs_command(n->words);

	if (n->kind != NODE_SIMPLE)
		parse_refuse(ps, "pipes into a group or loop");
	for (as = n->assigns; as; as = as->next)
		runs |= as->value && runs_command(as->value);
	for (r = n->redirs; r; r = r->next)
		runs |= runs_command(r->target);
	if (runs)
		parse_refuse(ps, "runs a command for the reader of a pipe");
}

static struct node *pipeline(struct parser *ps)
{
	struct node *first, *n, *p;
	unsigned int loops = ps->loops;
	bool invert = false, bang = false;

	for (; peek(ps) == KW_BANG; bang = true) {
		take(ps, KW_BANG);
		invert = !invert;
	}
	first = command(ps);
	for (n = first; n && take_pipe(ps, n); n = n->next) {
		if (peek(ps) == KW_BANG)
			refuse_token(ps);
		ps->loops = 0;
		n->next = command(ps);
		ps->loops = loops;
		if (n->next)
			check_reader(ps, n->next);
	}
	if (!first || parse_failed(ps))
		return NULL;
	if (!first->next && !bang)
		return first;
	for (n = first; first->next && n; n = n->next)
		if (n->kind == NODE_SIMPLE && !n->words)
			parse_refuse(ps, "pipes to or from no command");
	/* bash does not invert the failure of the redirection. */
	if (bang && first->redirs && first->kind != NODE_SIMPLE)
		parse_refuse(ps, "inverts a group with a redirection");
	p = new_node(ps, NODE_PIPELINE);
	if (p) {
		p->invert = invert;
		p->body = first;
	}
	return p;
}

/* The operator that another pipeline hangs on; LINK_FIRST for none. */
static enum link take_link(struct parser *ps)
{
	enum link link = LINK_FIRST;

	parse_blanks(ps);
	if (ps->p[0] == '&' && ps->p[1] == '&')
		link = LINK_AND;
	else if (ps->p[0] == '|' && ps->p[1] == '|')
		link = LINK_OR;
	if (link != LINK_FIRST) {
		ps->p += 2;
		skip_newlines(ps);
	}
	return link;
}

static struct node *and_or(struct parser *ps)
{
	struct node *first = pipeline(ps), *n, *list;
	enum link link;

	for (n = first; n && (link = take_link(ps)) != LINK_FIRST;
	     n = n->next) {
		n->next = pipeline(ps);
		if (n->next)
			n->next->link = link;
	}
	if (!first || parse_failed(ps) || !first->next)
		return parse_failed(ps) ? NULL : first;
	list = new_node(ps, NODE_AND_OR);
	if (list)
		list->body = first;
	return list;
}

/* May a list go on here, or does what is here belong to what it is in? */
static bool at_list_end(struct parser *ps)
{
	skip_newlines(ps);
	switch (peek(ps)) {
	case KW_THEN:
	case KW_ELIF:
	case KW_ELSE:
	case KW_FI:
	case KW_DO:
	case KW_DONE:
	case KW_CLOSE:
	case KW_ESAC:
		return true;
	case KW_NONE:
	case KW_IF:
	case KW_WHILE:
	case KW_UNTIL:
	case KW_FOR:
	case KW_OPEN:
	case KW_BANG:
	case KW_CASE:
	case KW_SELECT:
	case KW_FUNCTION:
	case KW_TIME:
	case KW_COPROC:
	case KW_TEST:
		break;
	}
	return !*ps->p || *ps->p == ')';
}

/* What ends a command of a list; true where another may follow. */
static bool take_separator(struct parser *ps)
{
	parse_blanks(ps);
	if (*ps->p == '&')
		return parse_refuse(ps, "runs in the background");
	if (*ps->p == ';') {
		ps->p++;
		if (*ps->p == ';' || *ps->p == '&')
			return refuse_token(ps);
		return true;
	}
	if (*ps->p == '\n')
		return true;
	return *ps->p && *ps->p != ')' ? refuse_token(ps) : false;
}

struct node *parse_list(struct parser *ps)
{
	struct node *first = NULL, **last = &first, *list;

	while (!parse_failed(ps) && !at_list_end(ps)) {
		*last = and_or(ps);
		if (!*last || parse_failed(ps))
			return NULL;
		last = &(*last)->next;
		if (!take_separator(ps))
			break;
	}
	if (parse_failed(ps))
		return NULL;
	if (!first || !first->next)
		return first;
	list = new_node(ps, NODE_LIST);
	if (list)
		list->body = first;
	return list;
}

int hook_script_parse(const char *text, struct arena *a,
		      const struct hook_script **ret_script,
		      const char **ret_why)
{
	struct parser ps = { .p = text, .a = a };
	struct hook_script *s = parse_alloc(&ps, sizeof(*s));

	if (s)
		s->list = parse_list(&ps);
	if (!parse_failed(&ps) && *ps.p)
		refuse_token(&ps);
	if (ps.no_memory)
		return -ENOMEM;
	*ret_script = ps.why ? NULL : s;
	*ret_why = ps.why;
	return 0;
}
