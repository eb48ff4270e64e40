// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/nl.h"
#include "net/rtnl.h"

/*
 * Any bytes as what the kernel sends: the first says what is asked, then come
 * datagrams, each after two bytes of length, whose sequence numbers count from
 * the request's, so that they are mostly believed.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t left;
};

static int feed_open(void *ctx, int protocol, int *ret_sock, struct wgq_err *e)
{
	(void)ctx;
	(void)protocol;
	(void)e;
	*ret_sock = 3;
	return 0;
}

static ssize_t feed_send(void *ctx, int sock, const void *buf, size_t len)
{
	(void)ctx;
	(void)sock;
	(void)buf;
	return (ssize_t)len;
}

static ssize_t feed_recv(void *ctx, int sock, void *buf, size_t len)
{
	struct input *in = ctx;
	size_t n;

	(void)sock;
	if (in->left < 2)
		return -EAGAIN;
	n = in->p[0] | (size_t)in->p[1] << 8;
	in->p += 2;
	in->left -= 2;
	if (n > in->left)
		n = in->left;
	if (n > len)
		abort();
	memcpy(buf, in->p, n);
	in->p += n;
	in->left -= n;
	return n ? (ssize_t)n : -ENOBUFS;
}

static void feed_close(void *ctx, int sock)
{
	(void)ctx;
	(void)sock;
}

static const struct nl_ops feed = { feed_open, feed_send, feed_recv,
				    feed_close };

static int see(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	unsigned int *sum = ctx;
	const uint8_t *p = (const uint8_t *)nlh;

	(void)e;
	for (uint32_t i = 0; i < nlh->nlmsg_len; i++)
		*sum += p[i];
	return *sum % 64 == 63;
}

static int see_reply(void *ctx, size_t index, const struct nlmsghdr *nlh,
		     struct wgq_err *e)
{
	if (index >= 3)
		abort();
	return see(ctx, nlh, e) * -EINVAL;
}

static int see_refusal(void *ctx, size_t index, const struct wgq_err *why)
{
	unsigned int *sum = ctx;

	if (index >= 3 || !why->code)
		abort();
	return *sum % 2 ? 0 : why->code;
}

static int ask_batch(struct nl *nl, struct nlmsg *m, unsigned int *sum,
		     struct wgq_err *e)
{
	const struct nl_batch_ops ops = { .refused = see_refusal,
					  .reply = see_reply };
	cleanup(nl_batch_done) struct nl_batch b;
	int ret = 0;

	nl_batch_begin(&b, nl, &ops, sum);
	for (int i = 0; i < 3 && ret == 0; i++)
		ret = nl_batch_add(&b, m, e);
	return nl_batch_flush(&b, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct addr dst = { .family = AF_INET, .plen = 8, .b = { 10 } };
	struct input in = { data, size };
	cleanup(nl_done) struct nl nl = { .sock = -1 };
	struct wgq_err e = { 0 };
	unsigned int sum = 0;
	NLMSG(m, RTNL_MSG_SIZE);
	int ret;

	if (!size)
		return 0;
	in.p++;
	in.left--;
	nl_init(&nl, NETLINK_ROUTE, &feed, &in);
	rtnl_build_route_add(&m, &dst, 3, 51820);
	if (data[0] % 4 == 0)
		ret = nl_talk(&nl, &m, see, &sum, &e);
	else if (data[0] % 4 == 1)
		ret = nl_dump(&nl, &m, see, NULL, &sum, &e);
	else
		ret = ask_batch(&nl, &m, &sum, &e);
	if (ret < 0 && ret != -EINVAL && !e.code)
		abort();
	if (ret == 0 && in.left == size - 1)
		abort();
	return 0;
}
