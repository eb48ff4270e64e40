/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_HOOK_AST_H
#define WGQ_HOOK_AST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

/*
 * What the parser makes of a line and the evaluator carries out.  All of it
 * lives in one arena and is never changed once parsed.
 */

/** enum part_kind - what a piece of a word is */
enum part_kind {
	PART_TEXT,    /* bytes that stand for themselves */
	PART_PARAM,   /* $x, ${x:-y}, $1, $?, $#, $@, $* */
	PART_COMMAND, /* $(...) and backticks */
	PART_ARITH,   /* $((...)) */
	PART_TILDE    /* ~ and ~user */
};

/** enum param_op - what is done to a parameter */
enum param_op {
	PARAM_PLAIN,
	PARAM_DEFAULT,	  /* ${x-y} */
	PARAM_ASSIGN,	  /* ${x=y} */
	PARAM_ALTERNATE,  /* ${x+y} */
	PARAM_LENGTH,	  /* ${#x} */
	PARAM_CUT_PREFIX, /* ${x#y} */
	PARAM_CUT_SUFFIX  /* ${x%y} */
};

struct node;
struct word;

/**
 * struct part - a piece of a word
 * @next:	the piece behind it
 * @kind:	what it is
 * @quoted:	neither split nor taken as a pattern
 * @op:		of a PART_PARAM
 * @colon:	an empty parameter counts as unset
 * @longest:	`##` or `%%`
 * @bare:	$x without braces, which reaches as far as a name does; or an
 *		empty $(), which leaves $? alone
 * @text:	bytes, name of a parameter or of a user
 * @arg:	word of a parameter's operator; expression of a PART_ARITH
 * @list:	of a PART_COMMAND; NULL for nothing to do
 */
struct part {
	struct part *next;
	enum part_kind kind;
	bool quoted;
	enum param_op op;
	bool colon;
	bool longest;
	bool bare;
	const char *text;
	const struct word *arg;
	const struct node *list;
};

/**
 * struct word - a word, or a list of them
 * @next:	the word behind it
 * @parts:	pieces; none for a word that vanishes
 * @literal:	what it is where nothing is to be expanded; else NULL
 */
struct word {
	struct word *next;
	struct part *parts;
	const char *literal;
};

/** enum redir_kind - what a redirection does */
enum redir_kind {
	REDIR_FILE,  /* to or from a file */
	REDIR_DUP,   /* 2>&1 */
	REDIR_STRING /* <<< word */
};

/**
 * struct redir - a redirection
 * @next:	the redirection that is made after it
 * @kind:	what it does
 * @fd:		descriptor that is redirected, 0 to 2
 * @both:	descriptor 2 goes the same way as 1
 * @flags:	of open(2)
 * @from:	descriptor that a REDIR_DUP copies, 0 to 2
 * @target:	file, or text
 * @text:	the target as it was written, for messages
 */
struct redir {
	struct redir *next;
	enum redir_kind kind;
	int fd;
	bool both;
	int flags;
	int from;
	struct word *target;
	const char *text;
};

/** struct assign - NAME=VALUE or NAME+=VALUE before, or as, a command */
struct assign {
	struct assign *next;
	const char *name;
	bool append;
	const struct word *value;
};

/** enum builtin - commands that are carried out without leaving the evaluator
 */
enum builtin {
	BUILTIN_NONE,
	BUILTIN_TRUE,
	BUILTIN_FALSE,
	BUILTIN_ECHO,
	BUILTIN_PRINTF,
	BUILTIN_TEST,
	BUILTIN_BRACKET,
	BUILTIN_EXIT,
	BUILTIN_EXPORT,
	BUILTIN_UNSET,
	BUILTIN_SET,
	BUILTIN_SHIFT,
	BUILTIN_BREAK,
	BUILTIN_CONTINUE
};

/** enum node_kind - what a node of the tree does */
enum node_kind {
	NODE_SIMPLE,   /* words, assignments */
	NODE_LIST,     /* @body one after the other: `;` */
	NODE_AND_OR,   /* @body, each but the first with its @link */
	NODE_PIPELINE, /* @body side by side, or one that is inverted */
	NODE_GROUP,    /* { @body } */
	NODE_SUBSHELL, /* ( @body ) */
	NODE_IF,       /* if @cond then @body else @other */
	NODE_WHILE,    /* while @cond do @body */
	NODE_UNTIL,
	NODE_FOR /* for @name in @words do @body */
};

/** enum link - how a member of a NODE_AND_OR hangs on what is before it */
enum link { LINK_FIRST, LINK_AND, LINK_OR };

/**
 * struct node - a command
 * @next:	the next member of the list, pipeline or such that it is in
 * @kind:	what it does
 * @link:	in a NODE_AND_OR
 * @builtin:	of a NODE_SIMPLE
 * @invert:	NODE_PIPELINE: `!` before it
 * @positional:	NODE_FOR without `in`: over "$@"
 * @name:	NODE_FOR: the variable
 * @assigns:	NODE_SIMPLE: before the words; BUILTIN_EXPORT: its arguments,
 *		where one without a value just exports
 * @words:	NODE_SIMPLE: without those of @assigns; NODE_FOR
 * @redirs:	of this command
 * @cond:	NODE_IF, NODE_WHILE, NODE_UNTIL
 * @body:	see above
 * @other:	NODE_IF: else; NULL for none
 */
struct node {
	struct node *next;
	enum node_kind kind;
	enum link link;
	enum builtin builtin;
	bool invert;
	bool positional;
	const char *name;
	struct assign *assigns;
	struct word *words;
	struct redir *redirs;
	struct node *cond, *body, *other;
};

/** struct hook_script - a line that is understood; @list is NULL for none */
struct hook_script {
	const struct node *list;
};

/** enum keyword - reserved words; the last ones are not understood */
enum keyword {
	KW_NONE,
	KW_IF,
	KW_THEN,
	KW_ELIF,
	KW_ELSE,
	KW_FI,
	KW_WHILE,
	KW_UNTIL,
	KW_FOR,
	KW_DO,
	KW_DONE,
	KW_OPEN,
	KW_CLOSE,
	KW_ESAC,
	KW_BANG,
	KW_CASE,
	KW_SELECT,
	KW_FUNCTION,
	KW_TIME,
	KW_COPROC,
	KW_TEST
};

#define KEYWORDS (KW_TEST + 1)

/** keyword_names - how they are written; there is none for KW_NONE */
extern const char *const keyword_names[KEYWORDS];

/** PARSE_DEPTH - how deeply commands and substitutions may be nested */
#define PARSE_DEPTH 40

/**
 * struct parser - a line that is being read
 * @p:		where it is read
 * @a:		owns the tree
 * @why:	why it is not understood; the first reason counts
 * @no_memory:	the arena gave nothing
 * @depth:	commands and substitutions that are open
 * @loops:	loops that are open in the same shell, for `break`
 */
struct parser {
	const char *p;
	struct arena *a;
	const char *why;
	bool no_memory;
	unsigned int depth;
	unsigned int loops;
};

/** enum word_mode - where a word stands, which says where it ends */
enum word_mode {
	WORD_PLAIN,   /* at a blank or an operator */
	WORD_BRACED,  /* within ${x:-...}: at the brace */
	WORD_DQUOTED, /* likewise, in double quotes */
	WORD_ARITH    /* within $((...)): at the parentheses */
};

/** parse_refuse() - give up, for this reason; returns false */
bool parse_refuse(struct parser *ps, const char *why);

/** parse_alloc() - take zeroed memory for the tree; NULL gives up */
void *parse_alloc(struct parser *ps, size_t size);

/** parse_failed() - did it give up? */
bool parse_failed(const struct parser *ps);

/** parse_list() - commands up to the end of the text or to what ends a list */
struct node *parse_list(struct parser *ps);

/** parse_blanks() - skip blanks, joined lines and a comment */
void parse_blanks(struct parser *ps);

/**
 * lex_word() - read a word
 * @ps:		parser, at its first byte
 * @mode:	where it stands
 *
 * Return: the word, as it was before braces and tildes; NULL when it gave up.
 */
struct word *lex_word(struct parser *ps, enum word_mode mode);

/** lex_is_end() - does @c end a WORD_PLAIN? */
bool lex_is_end(char c);

/** lex_name() - length of the variable name that @s begins with, or 0 */
size_t lex_name(const char *s);

/** word_expand_braces() - {a,b} and {1..3}: one word becomes a list of them */
struct word *word_expand_braces(struct parser *ps, struct word *w);

/**
 * word_finish() - make out tildes and what is literal
 * @ps:		parser
 * @w:		word
 * @value:	it is the value of an assignment: never a pattern, and a tilde
 *		may follow a colon
 */
void word_finish(struct parser *ps, struct word *w, bool value);

/** word_is_pattern() - may files match it, if @s is what stands unquoted? */
bool word_is_pattern(const char *s);

/** name_is_shells() - does it name a builtin, keyword or wg-quick's function?
 */
bool name_is_shells(const char *name);

/** name_builtin() - the builtin of that name, or BUILTIN_NONE */
enum builtin name_builtin(const char *name);

/** name_command_refused() - why a command of this name is not for us, or NULL
 */
const char *name_command_refused(const char *name, struct arena *a);

/**
 * name_variable_refused() - why a variable of this name is not for us, or NULL
 * @name:	its name
 * @set:	it is set, not only looked at
 * @a:		may own the reason
 */
const char *name_variable_refused(const char *name, bool set, struct arena *a);

#endif
