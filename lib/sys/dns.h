/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_DNS_H
#define WGQ_SYS_DNS_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "sys/exec.h"

/**
 * DOC: who manages the host's name servers
 *
 * Where a `resolvconf` is on PATH it is run exactly as wg-quick runs it
 * (contract 4.6, DN-4), whichever of the three programs of that name it is.
 * Where there is none, wg-quick fails; here <root>/etc/resolv.conf is edited.
 *
 * The edit keeps a record in the state directory before it touches the file:
 * the original (content, mode and owner, a symlink's target, or that there was
 * none) and a stack of one entry an interface, the newest of which is in
 * force.  Each change first writes the record and then makes the file what
 * the record says, so that a run which was cut off in between can be taken up
 * by the next.  When the last entry goes, the original comes back.  A file
 * that is not what we last wrote belongs to somebody else by now: it stays,
 * and the record is dropped.
 */

/**
 * struct dns_env - the host as DNS managers see it
 * @root:	prefix of /etc, "" but in tests
 * @state:	our state directory (/run/wgq); made where it is missing,
 *		removed when it is empty again
 * @path:	PATH that resolvconf is searched on
 * @envp:	environment of resolvconf, as exec_env() gives it
 * @stop:	see struct exec
 * @notify:	receives what the user should know; may be NULL
 * @ctx:	first argument of @notify
 *
 * Must outlive a struct dns made from it.
 */
struct dns_env {
	const char *root;
	const char *state;
	const char *path;
	const char *const *envp;
	const volatile sig_atomic_t *stop;
	void (*notify)(void *ctx, const char *text);
	void *ctx;
};

struct dns_ops;

/**
 * struct dns - the manager that was chosen
 * @ops:	what it does
 * @env:	the host
 * @program:	path of resolvconf, empty where the file is edited
 * @prefix:	put before the interface's name, such as "tun." (UP-19)
 */
struct dns {
	const struct dns_ops *ops;
	const struct dns_env *env;
	char program[PATH_MAX];
	char prefix[64];
};

/**
 * struct dns_servers - what a conf asks for
 * @server:	name servers in order
 * @n_server:	their number, never 0 (DNS-3)
 * @search:	search domains in order
 * @n_search:	their number
 */
struct dns_servers {
	const char *const *server;
	size_t n_server;
	const char *const *search;
	size_t n_search;
};

/**
 * dns_choose() - decide who manages name servers
 * @env:	the host
 * @ret_dns:	the manager; uses @env as long as it lives
 * @e:		filled on failure
 *
 * Looks only; changes nothing.
 *
 * Return: 0 or -errno.
 */
int dns_choose(const struct dns_env *env, struct dns *ret_dns,
	       struct wgq_err *e) __attribute__((warn_unused_result));

/** dns_edits_file() - is resolv.conf edited, for want of a resolvconf? */
bool dns_edits_file(const struct dns *dns);

/**
 * dns_print_add() - the command line that dns_add() amounts to
 * @dns:	manager
 * @ifname:	interface
 * @servers:	what to set
 * @out:	receives it, for the trace (UP-18)
 */
void dns_print_add(const struct dns *dns, const char *ifname,
		   const struct dns_servers *servers, struct buf *out);

/** dns_print_del() - the command line that dns_del() amounts to (DN-4) */
void dns_print_del(const struct dns *dns, const char *ifname, struct buf *out);

/**
 * dns_add() - put an interface's name servers in force (UP-18)
 * @dns:	manager
 * @ifname:	interface
 * @servers:	what to set; an interface that has some already gets these
 *		instead
 * @e:		filled on failure; with the status of resolvconf where that
 *		failed
 *
 * Return: 0, -EROFS for an /etc that cannot be written, -EPROTO where
 * resolvconf failed, or another -errno.
 */
int dns_add(const struct dns *dns, const char *ifname,
	    const struct dns_servers *servers, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * dns_del() - take an interface's name servers out again (DN-4)
 * @dns:	manager
 * @ifname:	interface
 * @e:		as in dns_add()
 *
 * An edited resolv.conf is put back whichever manager was chosen now, since a
 * resolvconf may have been installed in between.  An interface that has none
 * is no error where the file is edited.
 *
 * Return: see dns_add().
 */
int dns_del(const struct dns *dns, const char *ifname, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * dns_list() - the name servers that the manager holds for an interface
 * (SV-2 item 3)
 * @dns:	manager
 * @ifname:	interface
 * @ret:	each one is appended with an LF
 * @e:		filled on failure
 *
 * `resolvconf -l`, or where that fails the file that Debian's resolvconf
 * keeps; none where neither can tell.
 *
 * Return: 0 or -errno.
 */
int dns_list(const struct dns *dns, const char *ifname, struct buf *ret,
	     struct wgq_err *e) __attribute__((warn_unused_result));

#endif
