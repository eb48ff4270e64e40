// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "net/rtnl.h"
#include "net/spoof.h"
#include "net/uapi_socket.h"
#include "net/wg.h"

/*
 * Any bytes as one message, given to every reader, and as a userspace
 * implementation's reply.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

static bool is_prefix(const struct addr *a)
{
	return (a->family == AF_INET || a->family == AF_INET6) &&
	       a->plen <= addr_bits(a->family);
}

static void check_rtnl(const struct nlmsghdr *nlh)
{
	struct rtnl_route route;
	struct rtnl_link link;
	struct rtnl_addr addr;
	struct rtnl_rule rule;

	if (rtnl_read_link(nlh, &link)) {
		must(memchr(link.name, '\0', sizeof(link.name)));
		must(memchr(link.kind, '\0', sizeof(link.kind)));
		must(link.index > 0 && rtnl_link_has_name(nlh, link.name));
	}
	if (rtnl_read_addr(nlh, &addr))
		must(is_prefix(&addr.addr));
	if (rtnl_read_route(nlh, &route))
		must(is_prefix(&route.dst));
	if (rtnl_read_rule(nlh, &rule) && rule.plain)
		must(rule.mask == UINT32_MAX);
}

static void check_device(const struct wg_device *dev)
{
	must(memchr(dev->name, '\0', sizeof(dev->name)));
	for (size_t i = 0; i < dev->n_peers; i++)
		for (size_t j = 0; j < dev->peers[i].n_allowed_ips; j++)
			must(is_prefix(&dev->peers[i].allowed_ips[j].addr));
}

static void check_wg(const struct nlmsghdr *nlh)
{
	struct arena arena = { 0 };
	struct wg_device dev;
	struct wg_reader r;

	wg_reader_begin(&r, &arena, &dev);
	/* Twice: the second goes on where the first ended. */
	if (wg_read(&r, nlh) == 0 && wg_read(&r, nlh) == 0)
		check_device(&dev);
	arena_done(&arena);
}

static void check_uapi(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct wg_device dev = { .name = "" };

	if (uapi_read((const char *)data, size, &arena, &dev) == 0)
		check_device(&dev);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh;
	char comment[32];

	check_uapi(data, size);
	if (size < NLMSG_HDRLEN)
		return 0;
	nlh = malloc(size);
	if (!nlh)
		return 0;
	memcpy(nlh, data, size);
	nlh->nlmsg_len = size;
	check_rtnl(nlh);
	check_wg(nlh);
	if (spoof_rule_comment(nlh, comment, sizeof(comment)))
		must(memchr(comment, '\0', sizeof(comment)));
	free(nlh);
	return 0;
}
