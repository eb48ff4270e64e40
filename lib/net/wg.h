/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_WG_H
#define WGQ_NET_WG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "conf/device.h"
#include "net/nl.h"

/**
 * DOC: the kernel's WireGuard over generic netlink (contract chapter 7)
 *
 * A device goes out in as few messages as its peers allow: their list is one
 * attribute, whose length has 16 bits.  wg sends pages of 4096 bytes, which
 * is fifteen times as many system calls and acks.  Messages are made one at a
 * time, so that a hundred thousand peers need no more memory than one.
 */

/** WG_MSG_SIZE - size of a SET message's buffer, below what a nest can hold */
#define WG_MSG_SIZE (60 * 1024)

/**
 * wg_family() - look up the generic netlink family
 * @nl:		socket of NETLINK_GENERIC
 * @ret_family:	receives the nlmsg_type of WireGuard messages
 * @e:		filled on failure
 *
 * The lookup makes the kernel load the module.
 *
 * Return: 0, -EPROTONOSUPPORT where the kernel has no WireGuard, or -errno.
 */
int wg_family(struct nl *nl, uint16_t *ret_family, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** enum wg_mode - how a device is set (contract 3.7) */
enum wg_mode {
	WG_ADD,	    /* what is mentioned, keeping other peers: addconf */
	WG_REPLACE, /* the same, dropping all other peers */
};

/**
 * struct wg_set - a device on its way into messages
 * @dev:	device
 * @family:	from wg_family()
 * @mode:	how to set
 * @peer:	next peer
 * @allowed:	next allowed IP of it; above 0 while a peer is continued
 * @first:	nothing was made yet
 * @continued:	@peer was begun in an earlier message
 */
struct wg_set {
	const struct wg_device *dev;
	uint16_t family;
	enum wg_mode mode;
	size_t peer;
	size_t allowed;
	bool first;
	bool continued;
};

/** wg_set_begin() - begin to turn @dev into messages; nothing is copied */
void wg_set_begin(struct wg_set *s, uint16_t family,
		  const struct wg_device *dev, enum wg_mode mode);

/**
 * wg_set_next() - make the next message (contract 7.1)
 * @s:		state
 * @m:		buffer of at most 65535 bytes, WG_MSG_SIZE being best; it
 *		receives key material, which the caller wipes
 *
 * Peer attributes come in wg's order.  A peer that does not fit goes whole
 * into the next message; a list of allowed IPs that does not fit is continued
 * there under the public key alone, without the flag that would replace what
 * the first part said.  A buffer too small for one peer is left full.
 *
 * Return: whether there was a message to make.
 */
bool wg_set_next(struct wg_set *s, struct nlmsg *m);

/**
 * wg_set_device() - set a device
 * @nl:		socket of NETLINK_GENERIC
 * @family:	from wg_family()
 * @dev:	device; endpoints of peers resolved
 * @mode:	how
 * @e:		filled on failure
 *
 * Not atomic: what was sent before a refusal stays (NL-3).
 *
 * Return: 0, -EINVAL also where a "-" allowed IP meets a kernel before 6.16
 * (NL-2), or another -errno of NL-1.
 */
int wg_set_device(struct nl *nl, uint16_t family, const struct wg_device *dev,
		  enum wg_mode mode, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** wg_build_fwmark() - set a device's fwmark alone; 0 removes it */
void wg_build_fwmark(struct nlmsg *m, uint16_t family, const char *ifname,
		     uint32_t mark);

/** wg_build_get() - ask for a device; a dump (contract 7.2) */
void wg_build_get(struct nlmsg *m, uint16_t family, const char *ifname);

/**
 * struct wg_reader - a device on its way out of messages
 * @arena:	owns the peers
 * @dev:	device so far
 * @cap_peers:	capacity of its array of peers
 * @cap_allowed: capacity of the last peer's array of allowed IPs
 */
struct wg_reader {
	struct arena *arena;
	struct wg_device *dev;
	size_t cap_peers;
	size_t cap_allowed;
};

/** wg_reader_begin() - begin to read into @dev, which is cleared */
void wg_reader_begin(struct wg_reader *r, struct arena *arena,
		     struct wg_device *dev);

/**
 * wg_read() - read one message of a device's dump
 * @r:		state
 * @nlh:	message, any bytes after its header
 *
 * A peer whose key is that of the last peer before it continues that one.
 * Zero preshared keys are none (NL-5).
 *
 * Return: 0, -EBADMSG for what is no such message, or -ENOMEM.
 */
int wg_read(struct wg_reader *r, const struct nlmsghdr *nlh);

/**
 * wg_get_device() - read a device whole
 * @nl:		socket of NETLINK_GENERIC
 * @family:	from wg_family()
 * @ifname:	interface
 * @arena:	receives what the device points to, and keys: wiped by its end
 * @ret_dev:	receives the device
 * @e:		filled on failure
 *
 * Return: 0, -ENODEV, -EOPNOTSUPP for a link of another kind, or -errno.
 */
int wg_get_device(struct nl *nl, uint16_t family, const char *ifname,
		  struct arena *arena, struct wg_device *ret_dev,
		  struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * wg_get_public_key() - read the key that the kernel derived, at a cost that
 * does not grow with its peers
 * @ret_key:	receives the key
 * @ret_has:	receives whether the device has one
 *
 * Return: as wg_get_device().
 */
int wg_get_public_key(struct nl *nl, uint16_t family, const char *ifname,
		      uint8_t ret_key[KEY_LEN], bool *ret_has,
		      struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * wg_get_fwmark() - read a device's fwmark, at a cost that does not grow with
 * its peers
 * @ret_mark:	receives the fwmark, 0 = none
 *
 * Return: as wg_get_device().
 */
int wg_get_fwmark(struct nl *nl, uint16_t family, const char *ifname,
		  uint32_t *ret_mark, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
