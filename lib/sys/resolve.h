/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_RESOLVE_H
#define WGQ_SYS_RESOLVE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "conf/device.h"

/**
 * DOC: how endpoints get their addresses
 *
 * Numeric endpoints need no query and are done first.  The distinct names
 * that remain are asked for all at once over one c-ares channel, so that a
 * hundred of them cost one round trip.  Those with a temporary failure are
 * asked again after 1.00, 1.20, 1.44... seconds (contract EP-5, EP-6), the
 * rest keep what they got.  One name that does not exist ends the whole,
 * after every answer of the round is in: each failing name is reported.
 *
 * An unknown service name is a permanent error here, while wg asks for it
 * again and again.
 */

/** RESOLVE_FOREVER - a number of retries that never runs out */
#define RESOLVE_FOREVER (-1)

/**
 * RESOLVE_TIMEOUT_MS - wait for the first answer; with RESOLVE_TRIES and its
 * doubling a round takes 9.8 s at most with one server, where glibc takes
 * twice 5 s, and a lost packet costs less
 */
#define RESOLVE_TIMEOUT_MS 1400

/** RESOLVE_TRIES - how often a server is asked in a round */
#define RESOLVE_TRIES 3

/** RESOLVE_RETRIES - retries where the environment does not say (EP-7) */
#define RESOLVE_RETRIES 15

/**
 * resolve_parse_retries() - WG_ENDPOINT_RESOLUTION_RETRIES (contract EP-7)
 * @s:		value of the variable, NULL when unset
 * @ret_retries: 0 to INT_MAX, or RESOLVE_FOREVER
 * @e:		"Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: `v'"
 *
 * Return: 0 or -EINVAL.
 */
int resolve_parse_retries(const char *s, int *ret_retries, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * struct resolve_opts - how to resolve; a zeroed one has sane defaults but for
 * @retries
 * @retries:	rounds after the first, or RESOLVE_FOREVER
 * @services:	path, NULL for SERVICES_FILE
 * @servers:	"1.2.3.4:53,..." in place of what /etc/resolv.conf names; NULL
 *		for none
 * @timeout_ms:	wait for the first answer of a server, doubled with each try;
 *		0 for RESOLVE_TIMEOUT_MS
 * @tries:	how often a server is asked in a round, 0 for RESOLVE_TRIES
 * @first_delay_ms: delay before the first retry, 0 for 1000
 * @file:	name of the conf for errors
 * @stop:	ends the wait once non-zero; NULL when nothing is caught
 * @report:	receives warnings, and the error of each name but the first,
 *		with the line of the Endpoint; may be NULL
 * @notify:	receives progress lines ("...Trying again in 1.00 seconds...");
 *		may be NULL
 * @ctx:	first argument of both
 */
struct resolve_opts {
	int retries;
	const char *services, *servers;
	int timeout_ms, tries, first_delay_ms;
	const char *file;
	const volatile sig_atomic_t *stop;
	conf_report *report;
	void (*notify)(void *ctx, const char *text);
	void *ctx;
};

/**
 * resolve_endpoints() - fill the endpoints of peers that have a host
 * @peers:	peers; those without @host are left alone.  Endpoints are
 *		filled as they become known, even if another fails
 * @n:		their number
 * @o:		options
 * @e:		the first failure in the order of @peers, as "FILE:LINE: <gai
 *		text>: `host:port'"
 *
 * The first address by the system's order of address selection (RFC 6724) is
 * taken, as wg takes it (EP-2).
 *
 * Return: 0, -ENOENT for a name that does not exist or has no address,
 * -EPROTO for an answer that makes no sense, -EINVAL for a bad port, -EAGAIN
 * when the retries ran out, -EINTR when stopped, -ENOMEM.
 */
int resolve_endpoints(struct wg_peer *peers, size_t n,
		      const struct resolve_opts *o, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * resolve_listen_port() - the port of a ListenPort that is a service's name
 * @dev:	device of a conf; left alone if @listen_port_name is NULL
 * @o:		options
 * @e:		"FILE:LINE: Servname not supported for ai_socktype: `x'"
 *
 * Return: 0 or -EINVAL.
 */
int resolve_listen_port(struct wg_device *dev, const struct resolve_opts *o,
			struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * resolve_numeric() - an endpoint that needs no query (contract EP-3, EP-4)
 * @host:	IPv4 in the forms of inet_aton(), or IPv6 with an optional zone
 * @port:	host byte order
 * @ret_ep:	the endpoint
 *
 * Return: 0, -ENOENT where @host is a name, -EINVAL where it is an address
 * with a zone that is no interface.
 */
int resolve_numeric(const char *host, uint16_t port,
		    union sockaddr_inet *ret_ep)
	__attribute__((warn_unused_result));

#endif
