/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_DNS_FILE_H
#define WGQ_SYS_DNS_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "sys/dns.h"

/**
 * dns_file_add() - put an interface's lines into resolv.conf
 * @env:	the host
 * @ifname:	interface
 * @lines:	`nameserver` and `search` lines, each ended by an LF
 * @e:		filled on failure
 *
 * Return: 0, or -errno with nothing changed.
 */
int dns_file_add(const struct dns_env *env, const char *ifname,
		 const struct buf *lines, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * dns_file_del() - take an interface's lines out of resolv.conf
 * @env:	the host
 * @ifname:	interface; one that has none is no error
 * @e:		filled on failure
 *
 * Return: 0 or -errno; the next call takes up what this one left undone.
 */
int dns_file_del(const struct dns_env *env, const char *ifname,
		 struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * dns_file_lines() - the lines that an interface has in the record
 * @env:	the host
 * @ifname:	interface
 * @ret:	they are appended; nothing for an interface that has none
 * @e:		filled on failure
 *
 * Return: 0 or -errno.
 */
int dns_file_lines(const struct dns_env *env, const char *ifname,
		   struct buf *ret, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
