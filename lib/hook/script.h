/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_HOOK_SCRIPT_H
#define WGQ_HOOK_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"

/**
 * DOC: how a hook line is evaluated without a shell
 *
 * hook_script_parse() reads a line as bash does and either understands all of
 * it or refuses it as a whole, saying why: what runs is never half a line.
 * hook_script_commands() shows the simple commands of what was understood, for
 * whoever wants to know beforehand which programs a line needs.
 * hook_script_run() evaluates it under the rules of wg-quick's shell (contract
 * HOOK-3): errexit, pipefail, extglob, a subshell of its own.  The evaluator
 * keeps variables, statuses and redirections; whatever touches the world goes
 * through struct hook_ops.
 *
 * Not understood, since a line that has it is better given to a shell: jobs in
 * the background, functions, `[[ ]]`, `(( ))`, `case`, arrays, process
 * substitution, here-documents, descriptors above 2, and the builtins that
 * change the shell itself (`cd`, `exec`, `eval`, `source`, `trap`, `read` ...).
 */

struct hook_script;

/**
 * hook_script_parse() - understand a hook line
 * @text:	line after `%i` was replaced (HOOK-1)
 * @a:		owns the script and the reason
 * @ret_script:	the script; NULL where the line is not understood
 * @ret_why:	why it is not, for people: "runs in the background"; NULL where
 *		it is
 *
 * A line with a syntax error is not understood either; its reason begins with
 * "syntax error".
 *
 * Return: 0 or -ENOMEM.
 */
int hook_script_parse(const char *text, struct arena *a,
		      const struct hook_script **ret_script,
		      const char **ret_why) __attribute__((warn_unused_result));

/**
 * struct hook_command - a simple command of a script, as seen before it runs
 * @name:	its name; NULL where that is computed, which it only ever is for
 *		the path of a program
 * @words:	all words, @name's included; NULL for one that is computed,
 *which may become any number of words
 * @n:		their number
 * @builtin:	the evaluator carries it out itself: no program is needed
 * @conditional: whether it runs depends on the success of something else
 * @forgiven:	its failure does not make the hook fail then and there
 */
struct hook_command {
	const char *name;
	const char *const *words;
	size_t n;
	bool builtin;
	bool conditional;
	bool forgiven;
};

/**
 * hook_script_commands() - show every simple command of a script
 * @script:	the script
 * @seen:	called for each in the order of the text, those in substitutions
 *		before the command that they are part of; what it returns other
 *		than 0 ends the walk.  The command is the callback's only while
 *		it runs; the texts are the script's
 * @ctx:	given to @seen
 *
 * Assignments and redirections without a command are not shown.
 *
 * Return: 0, what @seen returned, or -ENOMEM.
 */
int hook_script_commands(const struct hook_script *script,
			 int (*seen)(void *ctx, const struct hook_command *c),
			 void *ctx) __attribute__((warn_unused_result));

/** enum hook_stream_kind - what a command reads from or writes to */
enum hook_stream_kind {
	HOOK_FD,   /* a descriptor: 0 to 2 of wgq, or one from ops->open() */
	HOOK_TEXT, /* input: bytes at hand; output: bytes to collect */
	HOOK_PIPE  /* the neighbour in the same call of ops->run() */
};

/**
 * struct hook_stream - stdin, stdout or stderr of a command
 * @kind:	which of the following counts
 * @fd:		HOOK_FD
 * @text:	HOOK_TEXT of an input, @len bytes
 * @len:	likewise
 * @out:	HOOK_TEXT of an output: append to it.  stdout and stderr may be
 *		the same buffer, and are to be kept in order then
 */
struct hook_stream {
	enum hook_stream_kind kind;
	int fd;
	const char *text;
	size_t len;
	struct buf *out;
};

/**
 * struct hook_call - a program or native command to run, all expanded
 * @argv:	words, NULL at the end
 * @argc:	their number, at least 1
 * @env:	changes to the environment of struct hook_world: "NAME=value",
 *or "NAME" for one that is not to be there; NULL at the end
 * @io:		stdin, stdout, stderr
 *
 * A stderr of kind HOOK_PIPE goes where stdout's pipe goes.
 */
struct hook_call {
	const char *const *argv;
	size_t argc;
	const char *const *env;
	struct hook_stream io[3];
};

/**
 * struct hook_ops - what touches the world
 * @run:	run the @n members of a pipeline, 1 for a plain command, and
 *wait for all; a member that reads HOOK_PIPE is fed by the one before it, by
 *nothing where that writes elsewhere.  Exit statuses as a shell gives them go
 *to @statuses (127 and a message on the member's stderr where there is no such
 *program).  Returns 0, or a negative errno that ends the whole evaluation
 * @open:	open a file for a redirection, @flags as open(2), mode 0666;
 *		0 or a negative errno
 * @close:	close what @open gave
 * @write:	write all bytes to a descriptor, in one piece where possible;
 *		0 or a negative errno
 * @test:	a file test of test(1): one of "abcdefghkprsuwxLS"
 * @glob:	files that match a pattern in which `\` quotes, sorted by bytes,
 *		into @a; none is no error.  0 or -ENOMEM.  hook_match() matches
 *		one component as bash does
 * @home:	home directory of a user, of the caller where @user is empty;
 *		NULL when there is no such user.  @a may own the text
 * @poll:	asked once in each round of a loop; a negative errno ends the
 *		whole evaluation
 */
struct hook_ops {
	int (*run)(void *ctx, const struct hook_call *calls, size_t n,
		   int *statuses, struct wgq_err *e);
	int (*open)(void *ctx, const char *path, int flags, int *ret_fd);
	void (*close)(void *ctx, int fd);
	int (*write)(void *ctx, int fd, const void *data, size_t len);
	bool (*test)(void *ctx, char test, const char *path);
	int (*glob)(void *ctx, const char *pattern, struct arena *a,
		    const char *const **ret_paths, size_t *ret_n);
	const char *(*home)(void *ctx, const char *user, struct arena *a);
	int (*poll)(void *ctx);
};

/** struct hook_var - a shell variable that a script finds set */
struct hook_var {
	const char *name;
	const char *value;
};

/**
 * struct hook_world - what a script finds
 * @env:	environment, NULL at the end; as commands get it too
 * @vars:	variables that are not exported (HOOK-4)
 * @n_vars:	their number
 * @args:	positional parameters from $1 (HOOK-3)
 * @n_args:	their number
 * @self:	$0
 * @prefix:	what messages of the evaluator begin with, such as "wg-quick: "
 */
struct hook_world {
	const char *const *env;
	const struct hook_var *vars;
	size_t n_vars;
	const char *const *args;
	size_t n_args;
	const char *self;
	const char *prefix;
};

/**
 * hook_world_init() - what wg-quick's shell would give to a hook
 * @w:		filled; @env and @prefix are left alone
 * @conf:	conf the hook is from
 * @phase:	phase it runs in
 * @program:	name of the program as messages show it (PROGRAM and $0)
 * @text:	the hook after `%i` was replaced
 * @a:		owns the arrays; texts are shared, not copied
 *
 * Of an array the first element is there, as `$ADDRESSES` would give it.
 *
 * Return: 0 or -ENOMEM.
 */
int hook_world_init(struct hook_world *w, const struct conf *conf,
		    enum conf_phase phase, const char *program,
		    const char *text, struct arena *a)
	__attribute__((warn_unused_result));

/**
 * hook_script_run() - evaluate a script
 * @script:	what hook_script_parse() understood
 * @world:	what it finds
 * @ops:	how it touches the world
 * @ctx:	given to @ops
 * @ret_status:	exit status, 0 to 255
 * @e:		filled when it could not be evaluated to its end
 *
 * Return: 0, whatever the status; -ENOMEM; or what @ops returned to end it.
 */
int hook_script_run(const struct hook_script *script,
		    const struct hook_world *world, const struct hook_ops *ops,
		    void *ctx, int *ret_status, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * hook_match() - does all of @text match a pattern of `*`, `?`, `[...]`?
 * @pattern:	pattern, in which `\` quotes
 * @text:	bytes to match
 */
bool hook_match(const char *pattern, const char *text);

#endif
