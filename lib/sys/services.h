/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_SERVICES_H
#define WGQ_SYS_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/** SERVICES_FILE - where service names are, but in tests */
#define SERVICES_FILE "/etc/services"

/**
 * services_port() - port of a service name
 * @text:	content of /etc/services: `name port/protocol alias...`, `#`
 *		starts a comment
 * @name:	name or alias, compared with regard to case as glibc does
 * @protocol:	"udp" or "tcp"; NULL takes the first line of any
 * @ret_port:	host byte order
 *
 * Return: whether the name is there.
 */
bool services_port(const char *text, const char *name, const char *protocol,
		   uint16_t *ret_port);

/**
 * services_parse_port() - a UDP port as glibc's getaddrinfo() reads it
 * (contract 3.2 ListenPort, EP-3)
 * @path:	SERVICES_FILE, read only if @s is not a number
 * @s:		decimal digits with an optional `+`, or the name of a UDP
 *		service
 * @ret_port:	host byte order
 * @ret_wrapped: whether the number was above 65535 and taken modulo 65536,
 *		which deserves a warning
 * @e:		"Servname not supported for ai_socktype: `x'" where it is
 *		neither
 *
 * Return: 0 or -EINVAL.
 */
int services_parse_port(const char *path, const char *s, uint16_t *ret_port,
			bool *ret_wrapped, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
