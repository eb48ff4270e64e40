/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_FAKE_HOST_H
#define WGQ_TESTS_FAKE_HOST_H

#include <pthread.h>

#include "apply/run.h"
#include "kernel.h"

/**
 * DOC: a host in a temporary directory
 *
 * A directory stands for the root of the file system: confs, resolv.conf,
 * sysctls, lock and journal are real files in it.  The kernel is the fake one.
 * Programs are not run: what was to run is written down.  Programs, sysctls
 * and name servers count as requests along with the kernel's own, and go wrong
 * by the same plan.
 */

/** enum fake_scene - what a host is like before anything happens */
enum fake_scene {
	SCENE_PLAIN,	  /* eth0 with default routes */
	SCENE_OTHER,	  /* and a full tunnel wg1 */
	SCENE_NO_IPV6,	  /* IPv6 is switched off */
	SCENE_LOW_RULES,  /* foreign rules with the lowest preferences */
	SCENE_STRAY_RULE, /* a suppress rule that belongs to nothing */
	SCENE_USERSPACE,  /* no WireGuard in the kernel */
	FAKE_SCENES
};

/**
 * struct fake_host - a host
 * @f:		its kernel
 * @host:	what the apply room sees
 * @root:	the directory
 * @run:	directory of lock and journal in it
 * @uapi:	directory of sockets in it
 * @ran:	programs that were run, one line each
 * @exec_status: exit status of every program
 * @on_exec:	called when a program runs, before it counts as done
 * @pipes:	for the test's own use
 * @uapi_sock:	socket that the thread listens on, 0 for none
 * @uapi_thread: the thread
 * @uapi_path:	name of the socket while it serves no interface
 */
struct fake_host {
	struct fake f;
	struct host host;
	char root[64];
	char run[PATH_MAX], uapi[PATH_MAX], path_env[PATH_MAX];
	char proc_net[PATH_MAX];
	const char *env[3];
	struct buf ran;
	int exec_status;
	void (*on_exec)(struct fake_host *h, const struct exec *x);
	int pipes[4];
	int uapi_sock;
	pthread_t uapi_thread;
	char uapi_path[80];
};

/**
 * struct fake_result - what became of a run
 * @ret:	its return value
 * @e:		its error
 * @said:	messages, in order
 * @n:		requests that it made
 */
struct fake_result {
	int ret;
	struct wgq_err e;
	struct buf said;
	unsigned int n;
};

/** fake_host_init() - make a host */
void fake_host_init(struct fake_host *h, enum fake_scene scene);

/** fake_host_done() - remove it */
void fake_host_done(struct fake_host *h);

/** fake_host_conf() - write etc/wireguard/NAME.conf */
void fake_host_conf(struct fake_host *h, const char *name, const char *text,
		    size_t len);

/** enum fake_verb - what to run */
enum fake_verb { FAKE_UP, FAKE_DOWN };

/**
 * fake_host_run() - run a verb on the host
 * @plan:	what goes wrong, NULL for nothing
 * @ret:	result, to be released with fake_result_done()
 */
void fake_host_run(struct fake_host *h, enum fake_verb verb, const char *name,
		   const struct fake_plan *plan, struct fake_result *ret);

/**
 * fake_host_kill() - run a verb in a process of its own, which is killed
 *
 * Return: whether it was.
 */
bool fake_host_kill(struct fake_host *h, enum fake_verb verb, const char *name,
		    const struct fake_plan *plan);

/** fake_result_done() - release a result, for cleanup() too */
void fake_result_done(struct fake_result *r);

/**
 * fake_host_dump() - print the whole host: kernel and files
 * @run:	with the directory of lock and journal
 */
void fake_host_dump(const struct fake_host *h, bool run, struct buf *out);

/** struct fake_saved - a host as it was, to go back to */
struct fake_saved {
	struct fake_state *state;
	struct fake_file *files;
	size_t n, cap;
};

/** fake_host_save() - remember the host as it is */
void fake_host_save(const struct fake_host *h, struct fake_saved *ret);

/** fake_host_restore() - make it what it was; directories keep their inodes */
void fake_host_restore(struct fake_host *h, const struct fake_saved *saved);

/** fake_saved_done() - release what was remembered */
void fake_saved_done(struct fake_saved *saved);

/**
 * fake_uapi_start() - have something stand in for wireguard-go
 *
 * One thread serves the only interface, for this process and its children.
 * Each of the requests to it counts, like those to the kernel.
 */
void fake_uapi_start(struct fake_host *h);

/** fake_uapi_make() - what wireguard-go does when it starts */
void fake_uapi_make(struct fake_host *h, const char *name);

/** fake_uapi_end() - end the thread, if there is one */
void fake_uapi_end(struct fake_host *h);

#endif
