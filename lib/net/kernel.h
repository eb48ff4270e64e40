/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_KERNEL_H
#define WGQ_NET_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"
#include "net/nl.h"
#include "plan/plan.h"

/**
 * DOC: one interface as seen and changed through the kernel
 *
 * struct kernel knows the sockets and the interface's index.  Its two halves
 * are snapshot.c, which reads what a plan has to know, and kernel.c, which
 * carries out the steps of a plan.  The device's own settings go through the
 * kernel's WireGuard or through the socket of a userspace implementation,
 * whichever the interface lives in.
 */

/**
 * struct kernel - access to one interface
 * @route:	rtnetlink
 * @generic:	generic netlink
 * @nft:	nf_tables
 * @wg_family:	id of WireGuard's generic netlink family, 0 = not asked yet
 * @ifname:	interface
 * @ifindex:	its index, 0 while there is none
 * @uapi:	directory of the userspace implementations' sockets
 * @userspace:	the device is reached through its socket there
 */
struct kernel {
	struct nl route, generic, nft;
	uint16_t wg_family;
	const char *ifname;
	unsigned int ifindex;
	const char *uapi;
	bool userspace;
};

/** kernel_init() - prepare; sockets are opened when they are first needed */
void kernel_init(struct kernel *k, const struct nl_ops *ops, void *ctx,
		 const char *ifname, const char *uapi);

/** kernel_done() - close the sockets */
void kernel_done(struct kernel *k);

/** kernel_may_admin() - have we CAP_NET_ADMIN? */
bool kernel_may_admin(void);

/**
 * kernel_has_wireguard() - can the kernel make WireGuard links?
 * @k:		kernel
 * @ret_has:	the answer; asking loads the module
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int kernel_has_wireguard(struct kernel *k, bool *ret_has, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * kernel_link() - look the interface up by name or alternative name (UP-1)
 * @k:		kernel
 * @ret_link:	what was found; `exists` is false where there is nothing
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int kernel_link(struct kernel *k, struct snap_link *ret_link, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * kernel_use() - take a link for the interface that steps act on
 * @k:		kernel
 * @link:	the interface
 *
 * Finds out whether the device lives in a userspace implementation.  A link of
 * the kernel's own kind does not, whatever sockets there are: these are found
 * by name alone, and another network namespace may have an interface of that
 * name (B-2).
 *
 * Return: whether it is a WireGuard interface (DN-1).
 */
bool kernel_use(struct kernel *k, const struct snap_link *link);

/**
 * kernel_device() - read the device back, keys and all (7.2, U-3)
 * @k:		kernel
 * @a:		owns the peers
 * @ret_dev:	the device
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int kernel_device(struct kernel *k, struct arena *a, struct wg_device *ret_dev,
		  struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * kernel_own_key() - the public key that the kernel derived for the device
 * @k:		kernel; the device is the kernel's own
 * @ret_key:	receives the key
 * @ret_has:	receives whether there is one
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int kernel_own_key(struct kernel *k, uint8_t ret_key[KEY_LEN], bool *ret_has,
		   struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * kernel_addresses() - addresses of the interface, IPv4 first
 *
 * Return: 0 or -errno.
 */
int kernel_addresses(struct kernel *k, struct arena *a, struct addr **ret_v,
		     size_t *ret_n, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * kernel_snap_host() - what `up` has to know of the host
 * @k:		kernel
 * @needs:	what the plan will ask for; the rest is not looked up
 * @device:	its endpoints are those whose path MTU counts
 * @a:		owns the result
 * @ret_host:	all but the sysctls, which are not the kernel room's
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int kernel_snap_host(struct kernel *k, const struct plan_needs *needs,
		     const struct wg_device *device, struct arena *a,
		     struct snap_host *ret_host, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * kernel_snap_iface() - the interface as it is: device, addresses, routes
 *
 * Return: 0 or -errno.
 */
int kernel_snap_iface(struct kernel *k, struct arena *a,
		      struct snap_iface *ret_iface, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * kernel_advertised() - links that live by IPv6 router advertisements
 * @k:		kernel
 * @a:		owns the names
 * @ret_v:	names of links with a route that the kernel took from an
 *		advertisement, or with an address that has a lifetime
 * @ret_n:	their number
 * @e:		filled on failure
 *
 * Return: 0 or -errno; a kernel without IPv6 has none.
 */
int kernel_advertised(struct kernel *k, struct arena *a,
		      const char *const **ret_v, size_t *ret_n,
		      struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * kernel_wireguard_links() - names of all links of the kernel's WireGuard
 * @k:		kernel
 * @a:		owns the names
 * @ret_v:	receives the names
 * @ret_n:	their number
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int kernel_wireguard_links(struct kernel *k, struct arena *a,
			   const char *const **ret_v, size_t *ret_n,
			   struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * kernel_snap_down() - what `down` has to know
 * @k:		kernel
 * @link:	the interface; `exists` is false when it is gone
 * @mark:	mark that the journal remembers, 0 = none
 * @a:		owns the result
 * @ret_down:	all but the sysctls
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int kernel_snap_down(struct kernel *k, const struct snap_link *link,
		     uint32_t mark, struct arena *a, struct snap_down *ret_down,
		     struct wgq_err *e) __attribute__((warn_unused_result));

/** kernel_does() - is the step one that kernel_run() carries out? */
bool kernel_does(enum step_kind kind);

/**
 * kernel_joins() - can a step go to the kernel together with the one before?
 *
 * Addresses, rules, routes and the link going up are one message each, which
 * the kernel takes in order from one datagram.
 */
bool kernel_joins(enum step_kind before, enum step_kind kind);

/**
 * kernel_run() - carry out steps of one kind, or that join each other
 * @k:		kernel
 * @conf:	conf, for STEP_WG_CONF
 * @v:		steps
 * @n:		their number
 * @done:	one flag a step, set for those that took effect, also after a
 *		failure: messages that were on their way cannot be called back
 * @ret_failed:	index of the step that failed first
 * @e:		filled on failure with the kernel's reason
 *
 * STEP_LINK_ADD leaves it to the caller to look the new link up and
 * kernel_use() it; STEP_LINK_DEL without an index goes by the name.
 *
 * Return: 0 or -errno.
 */
int kernel_run(struct kernel *k, const struct conf *conf, const struct step *v,
	       size_t n, bool *done, size_t *ret_failed, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
