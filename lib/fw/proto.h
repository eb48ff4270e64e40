/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_PROTO_H
#define WGQ_FW_PROTO_H

#include <stdint.h>

/**
 * fw_protocol_name() - what iptables calls a protocol
 *
 * Return: the name that Debian's /etc/protocols has, or NULL.
 */
const char *fw_protocol_name(uint8_t number);

/**
 * fw_protocol_number() - the protocol of a name
 *
 * Return: 0 to 255, 0 for "all", or -1.
 */
int fw_protocol_number(const char *name);

#endif
