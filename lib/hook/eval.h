/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_HOOK_EVAL_H
#define WGQ_HOOK_EVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "hook/ast.h"
#include "hook/script.h"

/**
 * struct var - a variable, as it was last set
 * @next:	what was set before; an older one of the same name is hidden
 * @name:	its name
 * @value:	its value; NULL when it is unset
 * @exported:	commands get it
 *
 * A list that only grows at its head: a subshell ends by going back to the
 * head that it began with.
 */
struct var {
	struct var *next;
	const char *name;
	const char *value;
	bool exported;
};

/** struct io - stdin, stdout, stderr */
struct io {
	struct hook_stream s[3];
};

/**
 * struct shell - what a subshell has of its own
 * @vars:	variables that were set
 * @args:	positional parameters
 * @n_args:	their number
 * @errexit:	`set -e`
 * @pipefail:	`set -o pipefail`
 */
struct shell {
	struct var *vars;
	const char *const *args;
	size_t n_args;
	bool errexit;
	bool pipefail;
};

/**
 * struct eval - an evaluation
 * @world:	what the script finds
 * @ops:	how it touches the world
 * @ctx:	given to @ops
 * @e:		error of the caller
 * @a:		what lasts as long as the evaluation
 * @sh:		the present subshell
 * @status:	$?
 * @substituted: a $(...) ran since this was cleared
 * @leaving:	the present subshell is on its way out
 * @breaks:	loops to leave, or the last of them to go on with
 * @again:	that one goes on
 * @fatal:	negative errno that ends it all
 */
struct eval {
	const struct hook_world *world;
	const struct hook_ops *ops;
	void *ctx;
	struct wgq_err *e;
	struct arena a;
	struct shell sh;
	int status;
	bool substituted;
	bool leaving;
	unsigned int breaks;
	bool again;
	int fatal;
};

/** eval_stopped() - is nothing more to be done in this subshell? */
static inline bool eval_stopped(const struct eval *ev)
{
	return ev->fatal || ev->leaving;
}

/** eval_no_memory() - end it all; returns NULL */
void *eval_no_memory(struct eval *ev);

/** eval_say() - a message on stderr, with the prefix of the evaluator's own */
void eval_say(struct eval *ev, const struct io *io, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * eval_write() - what a builtin prints
 *
 * Return: 0 or a negative errno.
 */
int eval_write(struct eval *ev, const struct hook_stream *to,
	       const struct buf *text);

/**
 * eval_substitute() - run a list in a subshell and collect its stdout
 * @ev:		evaluation
 * @list:	commands; NULL for none
 * @io:		stdin and stderr
 * @out:	stdout, less NULs and final newlines
 */
void eval_substitute(struct eval *ev, const struct node *list,
		     const struct io *io, struct buf *out);

/** var_get() - value of a variable, NULL when it is unset */
const char *var_get(const struct eval *ev, const char *name);

/** var_set() - set it, exported if it was */
void var_set(struct eval *ev, const char *name, const char *value);

/** var_export() - set it, where @value is not NULL, and export it */
void var_export(struct eval *ev, const char *name, const char *value);

/** var_unset() - unset it */
void var_unset(struct eval *ev, const char *name);

/** var_changes() - what commands get other than the world's environment */
const char *const *var_changes(struct eval *ev, struct arena *a);

/** struct fields - words after expansion */
struct fields {
	const char **v;
	size_t n, cap;
};

/**
 * expand_words() - all expansions of a list of words
 * @ev:		evaluation; eval_stopped() tells that it failed
 * @w:		words
 * @io:		what commands in substitutions read from and complain to
 * @a:		owns the result
 * @f:		the fields, with a NULL behind them
 */
void expand_words(struct eval *ev, const struct word *w, const struct io *io,
		  struct arena *a, struct fields *f);

/** expand_text() - the same for one word that is neither split nor a pattern */
const char *expand_text(struct eval *ev, const struct word *w,
			const struct io *io, struct arena *a);

/**
 * arith_eval() - value of an expression
 * @ev:		evaluation, for variables
 * @text:	the expression after expansion
 * @io:		for complaints
 * @ret_value:	its value
 *
 * Return: false where it has none, and what is wrong was said.
 */
bool arith_eval(struct eval *ev, const char *text, const struct io *io,
		long long *ret_value);

/**
 * builtin_run() - carry out a builtin
 * @ev:		evaluation
 * @n:		the command
 * @argv:	its words after expansion, NULL at the end
 * @io:		what it prints to
 *
 * Return: its status.
 */
int builtin_run(struct eval *ev, const struct node *n, const char *const *argv,
		const struct io *io);

/**
 * builtin_test() - test and [
 * @ev:		evaluation
 * @argv:	words, the name first
 * @n:		their number, without the `]`
 * @io:		for complaints
 *
 * Return: its status.
 */
int builtin_test(struct eval *ev, const char *const *argv, size_t n,
		 const struct io *io);

/** builtin_printf() - likewise, of @argv after the name */
int builtin_printf(struct eval *ev, const char *const *argv,
		   const struct io *io);

/**
 * builtin_number() - read a whole decimal number, with blanks around it
 *
 * Return: false where it is none.
 */
bool builtin_number(const char *s, long long *ret);

#endif
