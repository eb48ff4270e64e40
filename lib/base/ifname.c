// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * if_nametoindex() and its inverse share an object file in glibc with the list
 * of all interfaces, 8 KB of a static binary.
 */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"

static bool ask(unsigned long request, struct ifreq *ifr)
{
	cleanup(close_fd) int fd = -1;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && !ioctl(fd, request, ifr);
}

unsigned int ifname_index(const char *name)
{
	size_t len = strlen(name);
	struct ifreq ifr = { 0 };

	if (len >= IF_NAMESIZE)
		return 0;
	memcpy(ifr.ifr_name, name, len);
	return ask(SIOCGIFINDEX, &ifr) ? (unsigned int)ifr.ifr_ifindex : 0;
}

char *ifname_of(unsigned int index, char *out)
{
	struct ifreq ifr = { .ifr_ifindex = (int)index };

	if (!ask(SIOCGIFNAME, &ifr))
		return NULL;
	memcpy(out, ifr.ifr_name, IF_NAMESIZE);
	out[IF_NAMESIZE - 1] = '\0';
	return out;
}
