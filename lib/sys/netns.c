// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/netns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static bool read_cookie(int sock, uint64_t *ret_cookie)
{
	socklen_t len = sizeof(*ret_cookie);

	return sock >= 0 &&
	       !getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &len);
}

int netns_id(int sock, const char *proc, char ret_id[NETNS_ID_LEN],
	     struct wgq_err *e)
{
	cleanup(close_fd) int own = -1;
	char path[256];
	uint64_t cookie;
	struct stat st;
	bool known;

	known = read_cookie(sock, &cookie);
	if (!known) {
		own = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		known = read_cookie(own, &cookie);
	}
	if (known) {
		snprintf(ret_id, NETNS_ID_LEN, "c%" PRIu64, cookie);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/self/ns/net", proc);
	if (stat(path, &st))
		return err_sys(e, -errno, "%s", path);
	snprintf(ret_id, NETNS_ID_LEN, "i%ju", (uintmax_t)st.st_ino);
	return 0;
}
