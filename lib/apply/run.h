/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_APPLY_RUN_H
#define WGQ_APPLY_RUN_H

#include <limits.h>

#include "apply/firewall.h"
#include "apply/journal.h"
#include "conf/conf.h"
#include "net/kernel.h"
#include "plan/plan.h"
#include "sys/dns.h"
#include "sys/exec.h"
#include "sys/lock.h"
#include "sys/netns.h"
#include "wgq.h"

/**
 * struct host - everything outside the process that a run can touch
 * @nl:		netlink, or a test's fake kernel
 * @nl_ctx:	first argument of the calls of @nl
 * @root:	prefix of /etc, /proc and the like, "" but in tests
 * @run:	directory of lock and journal
 * @uapi:	directory of the userspace implementations' sockets
 * @xtables:	legacy xtables, or a test's
 * @xtables_ctx: first argument of the calls of @xtables
 * @proc_net:	"/proc/net"
 * @exec:	runs a program: exec_run(), or a test's
 * @sysctl_write: writes a sysctl: sysctl_write(), or a test's
 * @dns_add:	dns_add(), or a test's
 * @dns_del:	dns_del(), or a test's
 * @may_admin:	kernel_may_admin(), or a test's, which needs no capability
 */
struct host {
	const struct nl_ops *nl;
	void *nl_ctx;
	const char *root, *run, *uapi;
	const struct xtables_ops *xtables;
	void *xtables_ctx;
	const char *proc_net;
	int (*exec)(const struct exec *x, int *ret_status, struct wgq_err *e);
	int (*sysctl_write)(const char *root, const char *name,
			    const char *value, struct wgq_err *e);
	int (*dns_add)(const struct dns *dns, const char *ifname,
		       const struct dns_servers *servers, struct wgq_err *e);
	int (*dns_del)(const struct dns *dns, const char *ifname,
		       struct wgq_err *e);
	bool (*may_admin)(void);
};

/** host_real - the machine we run on */
extern const struct host host_real;

/**
 * struct run - one run of a verb on one interface
 * @o:		what was asked for
 * @host:	what may be touched
 * @arena:	owns what the run keeps besides conf and plan
 * @proc:	/proc of the host
 * @sysctls:	SYSCTL_ROOT of the host
 * @conf:	the conf
 * @rt_tables:	names of routing tables
 * @env:	environment of hooks and helpers, see run_environment()
 * @search_path: PATH of hooks and helpers, likewise
 * @kernel:	netlink sockets and the interface's index
 * @dns_env:	see struct dns_env
 * @dns:	DNS manager, NULL until it is chosen
 * @names:	how printed commands call things
 * @netns:	see netns_id(), empty until it is needed
 * @lock:	the interface's lock
 * @journal:	the interface's journal
 * @firewall:	access to the firewall
 * @undoing:	what hooks did is being taken back: it is not remembered
 */
struct run {
	const struct wgq_opts *o;
	const struct host *host;
	struct arena arena;
	const char *proc, *sysctls;
	struct conf conf;
	struct buf rt_tables;
	const char *const *env;
	const char *search_path;
	struct kernel kernel;
	struct dns_env dns_env;
	struct dns *dns;
	struct step_names names;
	char netns[NETNS_ID_LEN];
	struct lock lock;
	struct journal journal;
	struct run_firewall firewall;
	bool undoing;
};

/**
 * run_init() - prepare a run that has no conf
 * @r:		zeroed run
 * @o:		options
 * @host:	host
 * @e:		filled on failure
 *
 * run_done() is due in every case.
 *
 * Return: 0 or -ENOMEM.
 */
int run_init(struct run *r, const struct wgq_opts *o, const struct host *host,
	     struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * run_load() - find, read and parse the conf of a run
 * @r:		zeroed run
 * @o:		options
 * @host:	host
 * @e:		filled on failure
 *
 * Prints wg-quick's warning about confs that are world accessible (PERM-1).
 * run_done() is due in every case.
 *
 * Return: 0 or -errno.
 */
int run_load(struct run *r, const struct wgq_opts *o, const struct host *host,
	     struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * run_parse_device() - read wg's part of the conf, reporting every mistake
 *
 * Return: 0 or -errno; a single mistake is left in @e, several go out as
 * messages in the order of the file.
 */
int run_parse_device(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_take_lock() - take a lock of this network namespace
 * @r:		run
 * @name:	what is locked; an interface's name or another word
 * @wait:	wait for its holder
 * @ret_lock:	the lock
 * @e:		filled on failure
 *
 * Return: 0, -EBUSY when somebody holds it and @wait is false, or -errno.
 */
int run_take_lock(struct run *r, const char *name, bool wait,
		  struct lock *ret_lock, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** RUN_TABLE_LOCK - held while a free routing table is looked for and taken */
#define RUN_TABLE_LOCK "tables"

/**
 * run_tidy_lock() - remove a lock's file that a killed run has left
 * @r:		run
 * @name:	see run_take_lock(); one that is held stays
 */
void run_tidy_lock(struct run *r, const char *name);

/**
 * run_lock() - take the interface's lock and read its journal
 * @r:		run
 * @wait:	wait for its holder
 * @e:		filled on failure
 *
 * A /run that is missing or read-only, as in a bare container, is no failure:
 * the run goes on without a journal, says so, and relies on the kernel's own
 * exclusive creation of the link.
 *
 * Return: 0, -EBUSY when somebody holds it and @wait is false, or -errno.
 */
int run_lock(struct run *r, bool wait, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** run_done() - release everything, wiping keys */
void run_done(struct run *r);

/** run_say() - send one line to stderr: "PREFIX text" */
void run_say(const struct run *r, const char *prefix, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** run_stopped() - did a signal ask to stop? Fills @e, returns -EINTR or 0 */
int run_stopped(const struct run *r, struct wgq_err *e);

/**
 * run_environment() - make the environment of hooks and helpers, once
 *
 * Most runs start no program and can do without.
 *
 * Return: 0 or -ENOMEM.
 */
int run_environment(struct run *r) __attribute__((warn_unused_result));

/**
 * run_dns() - choose the DNS manager, once
 *
 * Return: 0 or -errno.
 */
int run_dns(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_dns_servers() - what the conf asks of the DNS manager
 *
 * Return: 0 or -ENOMEM.
 */
int run_dns_servers(struct run *r, struct dns_servers *ret)
	__attribute__((warn_unused_result));

/**
 * run_sysctl() - read a sysctl that holds a number
 *
 * Return: its value, -1 where it cannot be read.
 */
int run_sysctl(const struct run *r, const char *name);

/**
 * run_getenv() - a variable of the caller's environment
 *
 * Return: its value or NULL.
 */
const char *run_getenv(const struct run *r, const char *name);

/**
 * struct progress - which steps of a plan are done
 * @done:	one flag a step
 * @next:	index of the first step not yet tried
 */
struct progress {
	bool *done;
	size_t next;
};

/**
 * run_steps() - do steps of a plan in order, up to the first failure
 * @r:		run
 * @p:		plan
 * @end:	index after the last step to do
 * @progress:	where to start, and what was done
 * @e:		filled on failure, with the line of the conf
 *
 * Prints each step's command before doing it.  Steps of one kind go to the
 * kernel together.  Stops at a signal.
 *
 * Return: 0 or -errno of the first failure.
 */
int run_steps(struct run *r, const struct plan *p, size_t end,
	      struct progress *progress, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_steps_all() - do every step of a plan, whatever fails
 *
 * For undoing and for `down`.  What is gone already counts as done.
 *
 * Return: 0, or -errno of the first failure, which fills @e.
 */
int run_steps_all(struct run *r, const struct plan *p, struct wgq_err *e);

/**
 * run_undo() - take back what a plan did
 * @r:		run
 * @p:		plan
 * @progress:	what was done
 * @e:		filled by the failure that is being undone; how many inverses
 *		failed is added to its text
 */
void run_undo(struct run *r, const struct plan *p,
	      const struct progress *progress, struct wgq_err *e);

/**
 * run_save() - write the live state into the conf (SV-1 to SV-5)
 *
 * Return: 0 or -errno.
 */
int run_save(struct run *r, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_clear() - take back what a killed `up` or `down` left, by the journal
 * @r:		run that holds the lock
 * @link:	the interface; a link that is not the journal's is left alone
 * @e:		filled on failure
 *
 * Runs no hooks.
 *
 * Return: 0 or -errno.
 */
int run_clear(struct run *r, const struct snap_link *link, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * run_hand_over() - let another tunnel put back what this one could not
 *
 * A sysctl that `up` changed stays changed while another tunnel lives by it.
 * What it was before goes into that tunnel's journal, so that the last of them
 * puts it back.  Where wg-quick brought up the others, nobody will.
 */
void run_hand_over(struct run *r);

/** apply_explain() - wgq_explain() on a given host */
int apply_explain(const struct wgq_opts *o, const struct host *host,
		  struct buf *out, struct wgq_err *e);

/** apply_up() - wgq_up() on a given host */
int apply_up(const struct wgq_opts *o, const struct host *host,
	     struct wgq_err *e);

/** apply_down() - wgq_down() on a given host */
int apply_down(const struct wgq_opts *o, const struct host *host,
	       struct wgq_err *e);

#endif
