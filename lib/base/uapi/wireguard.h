/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_BASE_UAPI_WIREGUARD_H
#define WGQ_BASE_UAPI_WIREGUARD_H

/*
 * Numbers of the kernel's WireGuard generic netlink family (contract chapter
 * 7).  Kept here so that a build needs no kernel headers newer than the
 * allowed IPs' flags of Linux 6.16.
 */

#define WG_GENL_NAME "wireguard"
#define WG_GENL_VERSION 1

enum wg_cmd {
	WG_CMD_GET_DEVICE = 0,
	WG_CMD_SET_DEVICE = 1,
};

enum wgdevice_attribute {
	WGDEVICE_A_IFINDEX = 1,
	WGDEVICE_A_IFNAME = 2,
	WGDEVICE_A_PRIVATE_KEY = 3,
	WGDEVICE_A_PUBLIC_KEY = 4,
	WGDEVICE_A_FLAGS = 5,
	WGDEVICE_A_LISTEN_PORT = 6,
	WGDEVICE_A_FWMARK = 7,
	WGDEVICE_A_PEERS = 8,
	WGDEVICE_A_COUNT,
};

#define WGDEVICE_F_REPLACE_PEERS 1u

enum wgpeer_attribute {
	WGPEER_A_PUBLIC_KEY = 1,
	WGPEER_A_PRESHARED_KEY = 2,
	WGPEER_A_FLAGS = 3,
	WGPEER_A_ENDPOINT = 4,
	WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL = 5,
	WGPEER_A_LAST_HANDSHAKE_TIME = 6,
	WGPEER_A_RX_BYTES = 7,
	WGPEER_A_TX_BYTES = 8,
	WGPEER_A_ALLOWEDIPS = 9,
	WGPEER_A_PROTOCOL_VERSION = 10,
	WGPEER_A_COUNT,
};

#define WGPEER_F_REMOVE_ME 1u
#define WGPEER_F_REPLACE_ALLOWEDIPS 2u
#define WGPEER_F_UPDATE_ONLY 4u

enum wgallowedip_attribute {
	WGALLOWEDIP_A_FAMILY = 1,
	WGALLOWEDIP_A_IPADDR = 2,
	WGALLOWEDIP_A_CIDR_MASK = 3,
	WGALLOWEDIP_A_FLAGS = 4,
	WGALLOWEDIP_A_COUNT,
};

#define WGALLOWEDIP_F_REMOVE_ME 1u

#endif
