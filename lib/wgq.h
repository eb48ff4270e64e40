/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_H
#define WGQ_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * struct wgq_flow - packets that wgq_explain() is asked about
 * @in:		interface they come in by, NULL = any
 * @out:	interface they go out by, NULL = any
 * @src:	source address or prefix, NULL = any
 * @dst:	destination address or prefix, NULL = any
 * @proto:	"tcp", "udp", "icmp", or a number; NULL = any
 * @port:	destination port, NULL = any
 * @reply:	they are replies, not new connections
 * @local:	they are for this host, and not forwarded
 */
struct wgq_flow {
	const char *in, *out, *src, *dst, *proto, *port;
	bool reply, local;
};

/**
 * struct wgq_opts - one run of a verb
 * @program:	name that messages start with, the last part of argv[0]
 * @as_wg_quick: we were called as wg-quick, and speak as it does
 * @target:	CONFIG_FILE or INTERFACE (contract PATH-1 to PATH-8)
 * @forward:	as the directive Forward (wgq.conf(5)), "" for yes; NULL = what
 *		the conf says
 * @masquerade:	as the directive Masquerade, likewise
 * @open_port:	as the directive OpenPort, NULL likewise
 * @literal:	let the rules of hooks stand where they say, to the letter
 * @hooks:	which hooks run: "all", "native" for those alone that are
 *carried out in the process, or "none"; NULL = all
 * @json:	answer in JSON, where there is one
 * @tsv:	unused here
 * @explain:	what wgq_explain() is asked, unused by the others
 * @self:	path of the program, whose directory goes before PATH for hooks
 *		and helpers (ENV-2); NULL asks /proc, when there is a need
 * @env:	the caller's environment, NULL at the end
 * @stop:	signal number stored by a handler that was installed without
 *		SA_RESTART, 0 while there is none: what was begun is undone
 * @message:	receives whole lines for stderr: the `[#]` trace, warnings and
 *		notices; not the final error, which is left in struct wgq_err
 * @ctx:	first argument of @message
 */
struct wgq_opts {
	const char *program;
	bool as_wg_quick;
	const char *target;
	const char *forward, *masquerade, *open_port;
	bool literal;
	const char *hooks;
	bool json, tsv;
	struct wgq_flow explain;
	const char *self;
	const char *const *env;
	const volatile sig_atomic_t *stop;
	void (*message)(void *ctx, const char *text, size_t len);
	void *ctx;
};

/**
 * wgq_up() - bring an interface up, or leave the host as it was
 * @o:		options
 * @e:		filled on failure; its status is the exit status that wg-quick
 *		would have given
 *
 * Everything is read and checked before the first change.  After a failure or
 * a signal each finished step is taken back; hooks that ran cannot be.
 *
 * Return: 0, -EINTR when a signal ended it, or another -errno.
 */
int wgq_up(const struct wgq_opts *o, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * wgq_down() - take an interface down, as far as possible
 * @o:		options
 * @e:		filled with the first failure
 *
 * Also clears away what an `up` or `down` that was killed left behind.
 *
 * Return: 0 or -errno.
 */
int wgq_down(const struct wgq_opts *o, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * wgq_save() - write the live state of an interface into its conf (SV-1)
 *
 * Return: 0 or -errno.
 */
int wgq_save(const struct wgq_opts *o, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * wgq_strip() - print the part of a conf that is for wg (ST-1)
 * @o:		options
 * @out:	receives the text; it may hold keys
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int wgq_strip(const struct wgq_opts *o, struct buf *out, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * wgq_explain() - tell which rules let a flow through or refuse it
 * @o:		options; without @o->explain's flow those of the tunnel
 *		@o->target, or of all tunnels where that is NULL
 * @out:	receives the answer
 * @e:		filled on failure
 *
 * Changes nothing, and brings no legacy table to life.
 *
 * Return: 0 or -errno.
 */
int wgq_explain(const struct wgq_opts *o, struct buf *out, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * wgq_hooks() - tell how each hook of a conf will run
 * @o:		options
 * @out:	receives two lines a hook, or JSON
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int wgq_hooks(const struct wgq_opts *o, struct buf *out, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * wgq_judge_hooks() - the same for lines that are in no conf
 * @text:	lines "id TAB kind TAB hook", what follows is passed over
 * @len:	its length
 * @out:	receives "id TAB native|exec|shell|invalid TAB why" for each
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int wgq_judge_hooks(const char *text, size_t len, struct buf *out,
		    struct wgq_err *e) __attribute__((warn_unused_result));

#endif
