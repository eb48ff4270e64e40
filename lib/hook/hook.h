/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_HOOK_HOOK_H
#define WGQ_HOOK_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"

/**
 * DOC: how a hook line is carried out
 *
 * wg-quick evaluates a hook by bash within itself (contract 4.10).  Here a
 * line is first looked at: one plain command needs no shell and is executed
 * directly; nearly all else is evaluated by script.h; what that refuses goes to
 * bash, or to sh where there is none.  A line counts as plain only when every
 * byte of it is understood: words, quotes that hold nothing to expand, one `;`
 * at the end, a comment behind it.  Every doubt goes to the shell, which is
 * never wrong.  What a shell gets is a program that
 * sets up what wg-quick's own shell would have around the line.
 */

/** enum hook_kind - what it takes to carry out a hook */
enum hook_kind {
	HOOK_EMPTY, /* nothing but blanks or a comment: succeeds */
	HOOK_EXEC,  /* one plain command */
	HOOK_SHELL  /* the whole text, by a shell */
};

/*
 * A HOOK_EXEC whose program turns out to be a text file without `#!` (-ENOEXEC)
 * is one for the shell after all: bash would read the file itself.
 */

/**
 * struct hook - a hook line, ready to be carried out
 * @kind:	what it takes
 * @text:	the line after `%i` was replaced, as the trace shows it
 * @argv:	words of a HOOK_EXEC, NULL at the end; NULL otherwise
 * @argc:	their number
 */
struct hook {
	enum hook_kind kind;
	const char *text;
	const char **argv;
	size_t argc;
};

/**
 * hook_parse() - replace `%i` (HOOK-1) and decide what a hook takes
 * @text:	value of the hook line
 * @ifname:	interface name
 * @a:		owns what @ret_hook points to
 * @ret_hook:	the hook
 *
 * Return: 0 or -ENOMEM.
 */
int hook_parse(const char *text, const char *ifname, struct arena *a,
	       struct hook *ret_hook) __attribute__((warn_unused_result));

/** enum hook_shell - which shell carries out a HOOK_SHELL */
enum hook_shell { HOOK_BASH, HOOK_SH };

/**
 * hook_shell_script() - the program to give to `bash -c` or `sh -c`
 * @hook:	the hook
 * @conf:	conf it is from, for the variables that wg-quick's shell has
 *		(HOOK-4); WG_CONFIG is left out, as it holds the private key
 * @phase:	phase the hook runs in
 * @program:	name of the program as messages show it (PROGRAM)
 * @shell:	shell it is for; sh has no arrays and no extglob
 * @out:	receives the program
 *
 * The shell's arguments after the program are: @program as $0, then the
 * phase's hooks (HOOK-3), as hook_shell_argv() lays them out.
 */
void hook_shell_script(const struct hook *hook, const struct conf *conf,
		       enum conf_phase phase, const char *program,
		       enum hook_shell shell, struct buf *out);

/**
 * hook_shell_argv() - the words to run a HOOK_SHELL with
 * @shell_path:	the shell, becomes the first word
 * @script:	what hook_shell_script() printed
 * @conf:	conf the hook is from
 * @phase:	phase the hook runs in
 * @program:	name of the program as messages show it
 * @a:		owns the array; the texts are shared, not copied
 *
 * Return: the words, NULL at the end; NULL when there is no memory.
 */
const char *const *hook_shell_argv(const char *shell_path, const char *script,
				   const struct conf *conf,
				   enum conf_phase phase, const char *program,
				   struct arena *a);

#endif
