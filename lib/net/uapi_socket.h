/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_UAPI_SOCKET_H
#define WGQ_NET_UAPI_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/device.h"
#include "net/wg.h"

/**
 * DOC: userspace WireGuard over its socket (contract chapter 8)
 *
 * A socket DIR/IF.sock that accepts connections stands for the interface,
 * before any kernel device of that name (B-1).  One connection carries one
 * request; there is no limit to its size.
 */

/** UAPI_DIR - where userspace implementations put their sockets */
#define UAPI_DIR "/var/run/wireguard"

/**
 * uapi_exists() - does a userspace implementation serve the interface? (B-1)
 * @dir:	UAPI_DIR, or another one in tests
 * @ifname:	interface; one with a slash is never served
 *
 * A socket that refuses connections is left over from a dead process, and is
 * removed, as wg does.
 */
bool uapi_exists(const char *dir, const char *ifname);

/**
 * uapi_set_device() - set a device (U-4)
 * @dir:	directory of sockets
 * @dev:	device; endpoints of peers resolved
 * @mode:	how
 * @e:		filled on failure
 *
 * Return: 0, the errno that the implementation gave, -EPROTO when it gave
 * none, or -errno of the connection.
 */
int uapi_set_device(const char *dir, const struct wg_device *dev,
		    enum wg_mode mode, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** uapi_set_fwmark() - set the fwmark alone; else as above */
int uapi_set_fwmark(const char *dir, const char *ifname, uint32_t mark,
		    struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * uapi_get_device() - read a device whole (U-3)
 * @dir:	directory of sockets
 * @ifname:	interface
 * @arena:	receives what the device points to, and keys: wiped by its end
 * @ret_dev:	receives the device
 * @e:		filled on failure
 *
 * Return: as uapi_set_device().
 */
int uapi_get_device(const char *dir, const char *ifname, struct arena *arena,
		    struct wg_device *ret_dev, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** uapi_print_set() - the text of a set request; it holds keys */
void uapi_print_set(const struct wg_device *dev, enum wg_mode mode,
		    struct buf *out);

/**
 * uapi_read() - read the reply to get or set
 * @text:	reply, any bytes
 * @len:	its length
 * @arena:	owns what @ret_dev points to
 * @ret_dev:	receives the device, name left empty; NULL for a set's reply
 *
 * Return: 0, minus the absolute value of the reply's errno (U-5), -EPROTO for
 * a reply that has none or does not parse, -ENOMEM.
 */
int uapi_read(const char *text, size_t len, struct arena *arena,
	      struct wg_device *ret_dev);

#endif
