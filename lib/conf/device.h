/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_CONF_DEVICE_H
#define WGQ_CONF_DEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/key.h"

/**
 * DOC: a WireGuard device as data
 *
 * The same structures hold what a conf asks for, what is sent to the kernel
 * or to a userspace implementation, and what is read back from either.  A
 * `has_` flag tells "not mentioned" from "zero", since the two differ in every
 * set operation (contract 3.7).
 */

/**
 * struct wg_allowed_ip - one allowed IP of a peer
 * @addr:	prefix; host bits may be set in what a conf says (AIP-4), never
 *		in what the kernel says
 * @remove:	"-" was written before it: take it off the peer (AIP-5)
 */
struct wg_allowed_ip {
	struct addr addr;
	bool remove;
};

/**
 * struct wg_peer - one peer
 * @public_key:		identity
 * @preshared_key:	valid if @has_preshared_key; zero means none
 * @has_preshared_key:	mentioned in the conf, or set on the device
 * @has_keepalive:	likewise for @keepalive
 * @replace_allowed_ips: the list replaces the device's, rather than adding
 * @keepalive:		persistent keepalive in seconds, 0 = off
 * @host:		endpoint's host part as written, NULL where there is no
 *			endpoint or it was read from a device
 * @port:		endpoint's port part as written, likewise
 * @endpoint:		numeric endpoint; sa_family AF_UNSPEC until resolved
 * @allowed_ips:	array of @n_allowed_ips
 * @last_handshake:	seconds since the epoch, 0 = never (read only)
 * @rx_bytes:		received octets (read only)
 * @tx_bytes:		sent octets (read only)
 * @line:		line of its [Peer] header, 0 for a device's peer
 * @endpoint_line:	line of its Endpoint
 * @allowed_line:	line of its first AllowedIPs
 */
struct wg_peer {
	uint8_t public_key[KEY_LEN];
	uint8_t preshared_key[KEY_LEN];
	bool has_preshared_key;
	bool has_keepalive;
	bool replace_allowed_ips;
	uint16_t keepalive;
	const char *host, *port;
	union sockaddr_inet endpoint;
	struct wg_allowed_ip *allowed_ips;
	size_t n_allowed_ips;
	int64_t last_handshake;
	uint64_t rx_bytes, tx_bytes;
	unsigned int line, endpoint_line, allowed_line;
};

/**
 * struct wg_device - one device
 * @name:		interface name
 * @public_key:		that of @private_key, as the kernel derives it
 * @has_public_key:	it is known already
 * @private_key:	valid if @has_private_key; zero removes it
 * @listen_port:	host byte order, 0 = random
 * @listen_port_name:	ListenPort as written where it is no number, which makes
 *			it the name of a UDP service; NULL otherwise.  A conf
 *			only: whoever resolves it sets @listen_port and leaves
 *			@has_listen_port alone, which is set already
 * @listen_port_line:	line of the last ListenPort, 0 for none
 * @fwmark:		0 = none
 * @peers:		array of @n_peers in the order of the conf or the dump
 */
struct wg_device {
	char name[IF_NAMESIZE];
	uint8_t public_key[KEY_LEN];
	bool has_public_key;
	uint8_t private_key[KEY_LEN];
	bool has_private_key;
	bool has_listen_port;
	bool has_fwmark;
	uint16_t listen_port;
	const char *listen_port_name;
	unsigned int listen_port_line;
	uint32_t fwmark;
	struct wg_peer *peers;
	size_t n_peers;
};

#endif
