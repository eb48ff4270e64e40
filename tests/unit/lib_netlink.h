/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_LIB_NETLINK_H
#define WGQ_TESTS_LIB_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/nl.h"

/** FAKE_NL_MAX - datagrams that may wait to be received */
#define FAKE_NL_MAX 1024

/**
 * struct fake_nl - a kernel whose answers a test decides
 * @handle:	called for each message that is sent, to queue its answers
 * @ctx:	for the test
 * @rx:		datagrams that wait, in order
 * @len:	their lengths, or -errno for recv() to fail with
 * @head:	next to be received
 * @n:		end of those that wait
 * @opens:	sockets opened
 * @open:	sockets open now
 * @sends:	datagrams sent
 * @msgs:	messages sent
 * @eintr:	fail this many calls of recv() with -EINTR first
 * @open_error:	-errno for open() to fail with
 * @send_error:	-errno for send() to fail with
 */
struct fake_nl {
	void (*handle)(struct fake_nl *f, const struct nlmsghdr *req);
	void *ctx;
	uint8_t *rx[FAKE_NL_MAX];
	ssize_t len[FAKE_NL_MAX];
	size_t head, n;
	int opens, open, sends, msgs, eintr;
	int open_error, send_error;
};

/** fake_nl_ops - for nl_init(), with a struct fake_nl as context */
extern const struct nl_ops fake_nl_ops;

/** fake_nl_done() - drop what waits */
void fake_nl_done(struct fake_nl *f);

/** fake_nl_push() - queue a datagram */
void fake_nl_push(struct fake_nl *f, const void *data, size_t len);

/** fake_nl_fail() - queue a failure of recv() */
void fake_nl_fail(struct fake_nl *f, int error);

/** fake_nl_reply() - queue one message that answers @req */
void fake_nl_reply(struct fake_nl *f, const struct nlmsghdr *req, uint16_t type,
		   uint16_t flags, const void *payload, size_t len);

/**
 * fake_nl_ack() - queue an ack, or a refusal
 * @error:	-errno, 0 for an ack
 * @text:	the kernel's words, NULL for none
 * @offset:	offset of the attribute to blame, 0 for none
 */
void fake_nl_ack(struct fake_nl *f, const struct nlmsghdr *req, int error,
		 const char *text, uint32_t offset);

/** fake_nl_end() - queue the end of a dump with its error code */
void fake_nl_end(struct fake_nl *f, const struct nlmsghdr *req, uint16_t flags,
		 int error);

/**
 * hex() - bytes of hexadecimal text
 * @ret_len:	receives their number
 *
 * Return: malloc()ed bytes, at an address aligned for a message.
 */
uint8_t *hex(const char *text, size_t *ret_len);

/**
 * assert_messages() - fail unless @got is @want in hexadecimal
 *
 * Sequence numbers are taken for equal.
 */
void assert_messages(const void *got, size_t len, const char *want);

/**
 * each_truncation() - call @read with the message cut to every length
 * @message:	one netlink message
 * @len:	its length
 *
 * Each cut is in memory of exactly its size, so that a sanitizer or valgrind
 * sees any read beyond it.  Its nlmsg_len is that of the cut.
 */
void each_truncation(const void *message, size_t len,
		     void (*read)(void *ctx, const struct nlmsghdr *nlh),
		     void *ctx);

/** own_netns() - enter a network namespace of our own; false without root */
bool own_netns(void);

#endif
