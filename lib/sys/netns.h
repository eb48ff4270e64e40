/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_NETNS_H
#define WGQ_SYS_NETNS_H

#include "base/err.h"

/** NETNS_ID_LEN - room for netns_id() and its NUL */
#define NETNS_ID_LEN 24

/**
 * netns_id() - name the network namespace that we are in
 * @sock:	a socket of that namespace that is open anyway, or -1
 * @proc:	"/proc", needed on kernels before 5.14 only
 * @ret_id:	text of letters and digits, fit for a file name
 * @e:		filled on failure
 *
 * /run is one for all network namespaces of `ip netns exec`, while interface
 * names are not: what is kept there has to carry this text.  It is the
 * namespace's cookie (SO_NETNS_COOKIE, kernel 5.14), which is never given out
 * twice before a reboot, else the inode number of <proc>/self/ns/net.
 *
 * Return: 0 or -errno.
 */
int netns_id(int sock, const char *proc, char ret_id[NETNS_ID_LEN],
	     struct wgq_err *e) __attribute__((warn_unused_result));

#endif
