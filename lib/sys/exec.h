/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_EXEC_H
#define WGQ_SYS_EXEC_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/**
 * DOC: how programs are run
 *
 * No shell stands in between: a program gets exactly the words it is given,
 * its own environment, and descriptors 0 to 2.  The child starts with default
 * signal dispositions and an empty mask, since what wgq catches or blocks is
 * its own affair.  While it runs, a signal that wgq caught is passed on once;
 * a child that ignores it for EXEC_GRACE_MS is killed, so that undoing the run
 * never waits for ever.
 */

/** EXEC_FD_STDOUT - as stderr of a program: where its stdout goes */
#define EXEC_FD_STDOUT (-2)

/** EXEC_GRACE_MS - time that a child has to end after a forwarded signal */
#define EXEC_GRACE_MS 5000

/**
 * struct exec - a program to run
 * @path:	file to execute, as exec_find() gives it
 * @argv:	words, NULL at the end; @argv[0] is the name it sees
 * @envp:	environment, as exec_env() gives it, NULL at the end
 * @input:	bytes for stdin; NULL leaves stdin as it is
 * @input_len:	their number; 0 with @input set gives an empty stdin
 * @output:	receives stdout; NULL leaves stdout as it is
 * @output_max:	most bytes taken into @output; what exceeds is read and dropped
 * @quiet:	stderr goes to /dev/null
 * @fds:	descriptors that become stdin, stdout and stderr, -1 = as it is;
 *		NULL leaves all three.  They stay the caller's
 * @stop:	signal number that a handler installed without SA_RESTART
 *		stored, 0 while there is none; NULL when nothing is caught
 */
struct exec {
	const char *path;
	const char *const *argv;
	const char *const *envp;
	const void *input;
	size_t input_len;
	struct buf *output;
	size_t output_max;
	bool quiet;
	const int *fds;
	const volatile sig_atomic_t *stop;
};

/**
 * exec_run() - run a program and wait for it
 * @x:		what to run
 * @ret_status:	exit status as a shell gives it: 0 to 255, or 128 plus the
 *		number of the signal that killed it
 * @e:		filled when the program could not be run
 *
 * A program that was started is no failure of this call, whatever it exits
 * with.  One that could not be started sets the status of @e as a shell would:
 * 127 where the file is not there, 126 where it cannot be executed.
 *
 * Descriptors above 2 are closed in the child, marked or not.  Once the child
 * ended, its output is taken as complete, even if a process that it left
 * behind keeps the pipe open.
 *
 * Return: 0; -EINTR where @stop was set before the program was started, so
 * that undoing a run has to pass another @stop; -ENOEXEC for a text file
 * without `#!`, which a shell would read itself; or another -errno of what
 * kept the program from starting.
 */
int exec_run(const struct exec *x, int *ret_status, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * exec_pipeline() - run programs at the same time, each one's stdout the stdin
 * of the next
 * @x:		programs; the @fds of the first say where the input comes from,
 *		those of the last where the output goes, those of all where
 *		stderr goes, EXEC_FD_STDOUT being where stdout goes; @input,
 *@output and
 *		@quiet are not for here
 * @n:		their number, at least 1
 * @statuses:	exit statuses as exec_run() gives them; one that could not be
 *		started has 126 or 127 and leaves the others running
 * @errs:	@n errors, each filled where a program could not be started
 * @e:		filled on failure
 *
 * Return: 0 when all have ended; -EINTR where @stop was set before, or another
 * -errno that kept the pipeline from being set up.
 */
int exec_pipeline(const struct exec *x, size_t n, int *statuses,
		  struct wgq_err *errs, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * exec_find() - search a program as execvp() and shells do
 * @path:	value of PATH; NULL for EXEC_DEFAULT_PATH.  An empty element
 *		is the current directory
 * @name:	program; one with a slash is taken as it is
 * @ret_path:	receives the file
 * @e:		"NAME: command not found" with status 127 (contract UP-20), or
 *		"NAME: Permission denied" with status 126
 *
 * Directories and files without an execute bit are passed over.
 *
 * Return: 0, -ENOENT, -EACCES where only non-executable files have the name,
 * -ENAMETOOLONG.
 */
int exec_find(const char *path, const char *name, char ret_path[PATH_MAX],
	      struct wgq_err *e) __attribute__((warn_unused_result));

/** exec_have() - would exec_find() find @name? */
bool exec_have(const char *path, const char *name);

/** EXEC_DEFAULT_PATH - what bash takes where PATH is not set */
#define EXEC_DEFAULT_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * exec_env() - environment of a child (contract ENV-1, ENV-2)
 * @env:	the caller's environment, NULL at the end
 * @dir:	directory put before PATH; NULL leaves PATH alone
 * @set:	more "NAME=value" texts, NULL at the end; NULL for none
 * @a:		owns the result; @env's texts are shared, not copied
 *
 * LC_ALL=C is always set.  Where PATH is not set, EXEC_DEFAULT_PATH follows
 * @dir.  Each name occurs once; @set wins.
 *
 * Return: the environment, NULL at the end; NULL when there is no memory.
 */
const char *const *exec_env(const char *const *env, const char *dir,
			    const char *const *set, struct arena *a);

/**
 * exec_getenv() - value of a variable of an environment
 *
 * Return: the text after "NAME=", NULL when the variable is not there.
 */
const char *exec_getenv(const char *const *env, const char *name);

#endif
