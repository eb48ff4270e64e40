// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_netlink.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void drop_queue(struct fake_nl *f)
{
	while (f->head < f->n)
		free(f->rx[f->head++]);
	f->head = f->n = 0;
}

static int fake_open(void *ctx, int protocol, int *ret_sock, struct wgq_err *e)
{
	struct fake_nl *f = ctx;

	(void)protocol;
	f->opens++;
	if (f->open_error) {
		snprintf(e->msg, sizeof(e->msg), "open");
		return e->code = f->open_error;
	}
	f->open++;
	*ret_sock = f->opens;
	return 0;
}

static ssize_t fake_send(void *ctx, int sock, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	struct fake_nl *f = ctx;
	size_t left = len;

	assert_int_equal(sock, f->opens);
	if (f->send_error)
		return f->send_error;
	f->sends++;
	while (left >= NLMSG_HDRLEN) {
		assert_in_range(nlh->nlmsg_len, NLMSG_HDRLEN, left);
		f->msgs++;
		f->handle(f, nlh);
		if (NLMSG_ALIGN(nlh->nlmsg_len) >= left)
			break;
		left -= NLMSG_ALIGN(nlh->nlmsg_len);
		nlh = (const void *)((const char *)nlh +
				     NLMSG_ALIGN(nlh->nlmsg_len));
	}
	return (ssize_t)len;
}

static ssize_t fake_recv(void *ctx, int sock, void *buf, size_t len)
{
	struct fake_nl *f = ctx;
	ssize_t n;

	assert_int_equal(sock, f->opens);
	if (f->eintr > 0) {
		f->eintr--;
		return -EINTR;
	}
	if (f->head == f->n)
		return -EAGAIN;
	n = f->len[f->head];
	if (n > 0) {
		assert_in_range(n, 1, len);
		memcpy(buf, f->rx[f->head], n);
	}
	free(f->rx[f->head++]);
	return n;
}

static void fake_close(void *ctx, int sock)
{
	struct fake_nl *f = ctx;

	assert_int_equal(sock, f->opens);
	f->open--;
	drop_queue(f);
}

const struct nl_ops fake_nl_ops = {
	.open = fake_open,
	.send = fake_send,
	.recv = fake_recv,
	.close = fake_close,
};

void fake_nl_done(struct fake_nl *f)
{
	drop_queue(f);
}

void fake_nl_push(struct fake_nl *f, const void *data, size_t len)
{
	assert_true(f->n < FAKE_NL_MAX);
	f->rx[f->n] = malloc(len ? len : 1);
	assert_non_null(f->rx[f->n]);
	memcpy(f->rx[f->n], data, len);
	f->len[f->n++] = (ssize_t)len;
}

void fake_nl_fail(struct fake_nl *f, int error)
{
	assert_true(f->n < FAKE_NL_MAX);
	f->rx[f->n] = NULL;
	f->len[f->n++] = error;
}

void fake_nl_reply(struct fake_nl *f, const struct nlmsghdr *req, uint16_t type,
		   uint16_t flags, const void *payload, size_t len)
{
	struct nlmsghdr *nlh = calloc(1, NLMSG_HDRLEN + NLMSG_ALIGN(len));

	assert_non_null(nlh);
	nlh->nlmsg_len = NLMSG_HDRLEN + len;
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = req->nlmsg_seq;
	nlh->nlmsg_pid = 4711;
	if (len)
		memcpy(nlh + 1, payload, len);
	fake_nl_push(f, nlh, nlh->nlmsg_len);
	free(nlh);
}

static size_t put_tlv(uint8_t *p, uint16_t type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_len = NLA_HDRLEN + len, .nla_type = type };

	memcpy(p, &attr, sizeof(attr));
	memcpy(p + NLA_HDRLEN, data, len);
	return NLA_ALIGN(NLA_HDRLEN + len);
}

void fake_nl_ack(struct fake_nl *f, const struct nlmsghdr *req, int error,
		 const char *text, uint32_t offset)
{
	struct nlmsgerr err = { .error = error, .msg = *req };
	uint8_t payload[512] = {};
	size_t len = sizeof(err);
	uint16_t flags = 0x100; /* NLM_F_CAPPED */

	memcpy(payload, &err, sizeof(err));
	if (text)
		len += put_tlv(payload + len, NLMSGERR_ATTR_MSG, text,
			       strlen(text) + 1);
	if (offset)
		len += put_tlv(payload + len, NLMSGERR_ATTR_OFFS, &offset,
			       sizeof(offset));
	if (len > sizeof(err))
		flags |= 0x200; /* NLM_F_ACK_TLVS */
	fake_nl_reply(f, req, NLMSG_ERROR, flags, payload, len);
}

void fake_nl_end(struct fake_nl *f, const struct nlmsghdr *req, uint16_t flags,
		 int error)
{
	fake_nl_reply(f, req, NLMSG_DONE, NLM_F_MULTI | flags, &error,
		      sizeof(error));
}

uint8_t *hex(const char *text, size_t *ret_len)
{
	size_t n = strlen(text) / 2;
	uint8_t *out = malloc(n + 1);
	unsigned int v;

	assert_non_null(out);
	assert_int_equal(strlen(text) % 2, 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	*ret_len = n;
	return out;
}

static void clear_seq(void *buf, size_t len)
{
	struct nlmsghdr *nlh = buf;

	while (len >= NLMSG_HDRLEN && nlh->nlmsg_len >= NLMSG_HDRLEN) {
		nlh->nlmsg_seq = 0;
		if (NLMSG_ALIGN(nlh->nlmsg_len) >= len)
			return;
		len -= NLMSG_ALIGN(nlh->nlmsg_len);
		nlh = (void *)((char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len));
	}
}

static void print_bytes(const char *what, const uint8_t *p, size_t len)
{
	printf("%s ", what);
	for (size_t i = 0; i < len; i++)
		printf("%02x", p[i]);
	printf("\n");
}

void assert_messages(const void *got, size_t len, const char *want)
{
	uint8_t *expected, *copy = malloc(len + 1);
	size_t n;

	assert_non_null(copy);
	expected = hex(want, &n);
	memcpy(copy, got, len);
	clear_seq(copy, len);
	clear_seq(expected, n);
	if (len != n || memcmp(copy, expected, n) != 0) {
		print_bytes("want", expected, n);
		print_bytes("got ", copy, len);
		fail_msg("messages differ");
	}
	free(copy);
	free(expected);
}

void each_truncation(const void *message, size_t len,
		     void (*read)(void *ctx, const struct nlmsghdr *nlh),
		     void *ctx)
{
	struct nlmsghdr *nlh;

	for (size_t n = NLMSG_HDRLEN; n <= len; n++) {
		nlh = malloc(n);
		assert_non_null(nlh);
		memcpy(nlh, message, n);
		nlh->nlmsg_len = n;
		read(ctx, nlh);
		free(nlh);
	}
}

bool own_netns(void)
{
	return unshare(CLONE_NEWNET) == 0;
}
