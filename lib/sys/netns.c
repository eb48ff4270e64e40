// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/netns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

int netns_id(const char *proc, char ret_id[NETNS_ID_LEN], struct wgq_err *e)
{
	cleanup(close_fd) int fd = -1;
	socklen_t len = sizeof(uint64_t);
	char path[256];
	uint64_t cookie;
	struct stat st;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len)) {
		snprintf(ret_id, NETNS_ID_LEN, "c%" PRIu64, cookie);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/self/ns/net", proc);
	if (stat(path, &st))
		return err_sys(e, -errno, "%s", path);
	snprintf(ret_id, NETNS_ID_LEN, "i%ju", (uintmax_t)st.st_ino);
	return 0;
}
