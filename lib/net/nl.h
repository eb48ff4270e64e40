/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_NL_H
#define WGQ_NET_NL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/**
 * DOC: how this room talks to the kernel
 *
 * struct nl is a socket of one protocol, struct nlmsg a message in the
 * caller's memory.  Builders (rtnl.h, wg.h, spoof.h) only fill messages,
 * readers only take them apart; nl_talk(), nl_dump(), struct nl_batch and
 * nl_transact() alone send anything, through struct nl_ops.
 *
 * Netlink loses answers when the receive buffer overflows, mixes answers to
 * requests that were given up on into later ones, and cuts a list short when
 * the list changes.  So an answer counts only with its request's sequence
 * number, every change is acknowledged, an overflow is an error, and a torn
 * list is read again.  A socket on which anything went wrong is closed: what
 * it may still hold is of no use, and the next request opens another.
 */

/**
 * struct nl_ops - what a netlink socket can do
 * @open:	open a socket of a NETLINK_ protocol; -errno with @e filled
 * @send:	send one datagram; bytes sent or -errno
 * @recv:	receive one datagram; its bytes or -errno, -EMSGSIZE where it
 *		did not fit, -EAGAIN where the kernel has nothing to say
 * @close:	close a socket
 *
 * The seam at which tests put a kernel of their own.  Each takes the context
 * that was given to nl_init() first.
 */
struct nl_ops {
	int (*open)(void *ctx, int protocol, int *ret_sock, struct wgq_err *e);
	ssize_t (*send)(void *ctx, int sock, const void *buf, size_t len);
	ssize_t (*recv)(void *ctx, int sock, void *buf, size_t len);
	void (*close)(void *ctx, int sock);
};

/** nl_kernel_ops - the real kernel; its context is unused */
extern const struct nl_ops nl_kernel_ops;

/** NL_RX_SIZE - the largest datagram that is received, in bytes */
#define NL_RX_SIZE (64 * 1024)

/**
 * struct nl_attr_names - names of a message's outermost attributes
 * @type:	nlmsg_type that the names are for
 * @hdr:	length of the fixed header before the attributes, in bytes
 * @names:	by attribute type, NULL for one that has no name
 * @n:		number of names
 */
struct nl_attr_names {
	uint16_t type;
	size_t hdr;
	const char *const *names;
	size_t n;
};

/**
 * struct nl - a netlink socket of one protocol
 * @ops:	what it does its work by
 * @ctx:	context of @ops
 * @protocol:	NETLINK_ROUTE, NETLINK_GENERIC or NETLINK_NETFILTER
 * @sock:	-1 until the first use
 * @seq:	sequence number of the latest request
 * @rx:		receive buffer of NL_RX_SIZE bytes, NULL until the first use
 * @rx_used:	most bytes that were ever in it: what there is to wipe
 * @names:	attribute names for errors, the last entry without names; NULL
 *		for none
 *
 * Opened by the first use, so that a run that needs no firewall never asks
 * for one.  Callbacks must not use the socket that they are called from.
 */
struct nl {
	const struct nl_ops *ops;
	void *ctx;
	int protocol;
	int sock;
	uint32_t seq;
	uint8_t *rx;
	size_t rx_used;
	const struct nl_attr_names *names;
};

/** nl_init() - set up a socket; nothing is opened yet */
void nl_init(struct nl *nl, int protocol, const struct nl_ops *ops, void *ctx);

/** nl_done() - close, wipe what was received, release; for cleanup() too */
void nl_done(struct nl *nl);

/**
 * struct nlmsg - a message under construction
 * @buf:	caller's memory, aligned to 4 bytes
 * @size:	its size in bytes
 * @full:	something did not fit, or a nest outgrew its 16-bit length:
 *		sticky, so that a caller checks once at the end, and nl_talk()
 *		refuses the message
 */
struct nlmsg {
	void *buf;
	size_t size;
	bool full;
};

/** NLMSG() - declare a message @m with a buffer of @bytes of its own */
#define NLMSG(m, bytes)                                   \
	_Alignas(struct nlmsghdr) uint8_t m##_buf[bytes]; \
	struct nlmsg m = { .buf = m##_buf, .size = (bytes) }

/** nlmsg_hdr() - the header of a message that was begun and is not full */
static inline struct nlmsghdr *nlmsg_hdr(const struct nlmsg *m)
{
	return m->buf;
}

/**
 * nlmsg_begin() - begin a message, dropping what the buffer held
 * @m:		message
 * @type:	nlmsg_type
 * @flags:	NLM_F_ flags; NLM_F_REQUEST is added
 * @hdr:	fixed header of the family
 * @len:	its length in bytes
 *
 * A buffer that is too small even for this leaves @m->full set, and the
 * buffer is then not to be looked at.
 */
void nlmsg_begin(struct nlmsg *m, uint16_t type, uint16_t flags,
		 const void *hdr, size_t len);

/** nlmsg_put() - append an attribute of @len bytes */
void nlmsg_put(struct nlmsg *m, uint16_t type, const void *data, size_t len);

/** nlmsg_put_u8() - append an attribute of one byte */
void nlmsg_put_u8(struct nlmsg *m, uint16_t type, uint8_t v);

/** nlmsg_put_u16() - append a number in host byte order */
void nlmsg_put_u16(struct nlmsg *m, uint16_t type, uint16_t v);

/** nlmsg_put_u32() - append a number in host byte order */
void nlmsg_put_u32(struct nlmsg *m, uint16_t type, uint32_t v);

/** nlmsg_put_be32() - a number in host order, sent in network order */
void nlmsg_put_be32(struct nlmsg *m, uint16_t type, uint32_t v);
/** nlmsg_put_str() - a string with its NUL */
void nlmsg_put_str(struct nlmsg *m, uint16_t type, const char *s);

/**
 * nlmsg_nest() - open a nested attribute
 * @type:	attribute type, with NLA_F_NESTED where the kernel wants it
 */
size_t nlmsg_nest(struct nlmsg *m, uint16_t type);

/**
 * nlmsg_nest_end() - close a nested attribute
 * @nest:	what nlmsg_nest() returned
 *
 * A nest of more than 65535 bytes sets @m->full.
 */
void nlmsg_nest_end(struct nlmsg *m, size_t nest);

/** nlmsg_nest_cancel() - drop a nested attribute and what is in it */
void nlmsg_nest_cancel(struct nlmsg *m, size_t nest);

/** nlmsg_mark() - remember where the message ends now */
size_t nlmsg_mark(const struct nlmsg *m);

/**
 * nlmsg_rollback() - drop what was put since nlmsg_mark()
 *
 * What made the message full since then is forgotten too; a message that was
 * full already when it was marked stays so.
 */
void nlmsg_rollback(struct nlmsg *m, size_t mark);

/**
 * nlmsg_for_each() - walk the attributes of a received message
 * @attr:	const struct nlattr *
 * @nlh:	message
 * @hdr:	length of the fixed header before them
 *
 * Unlike libmnl's own loop it never reads past nlmsg_len, even if that is no
 * multiple of 4.
 */
#define nlmsg_for_each(attr, nlh, hdr)                                         \
	for ((attr) = mnl_nlmsg_get_payload_offset((nlh), (hdr)); mnl_attr_ok( \
		     (attr), (int)((const char *)(nlh) + (nlh)->nlmsg_len -    \
				   (const char *)(attr)));                     \
	     (attr) = mnl_attr_next(attr))

/**
 * nl_reply - receives one message of a reply
 *
 * Its attributes may be any bytes: only the header has been checked.
 *
 * Return: 0 to go on, above 0 to stop a dump early, -errno with @e filled to
 * fail.
 */
typedef int nl_reply(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e);

/** nl_restart - forget what an interrupted dump has delivered so far */
typedef void nl_restart(void *ctx);

/**
 * nl_talk() - send a request and wait for its answer, or for its ack
 * @nl:		socket
 * @m:		message; the sequence number is filled in, and NLM_F_ACK where
 *		no answer is expected
 * @reply:	receives the message that answers it, NULL for none expected
 * @ctx:	first argument of @reply
 * @e:		filled on failure with the kernel's own words where it has any
 *
 * A signal does not end the wait: the answer is ready when send() returns,
 * and an unread ack would leave the caller unsure of what was done.
 *
 * Return: 0, the kernel's refusal, -EMSGSIZE for a full message, -ENOBUFS
 * when answers were lost, -ETIMEDOUT when there was none, @reply's failure.
 */
int nl_talk(struct nl *nl, struct nlmsg *m, nl_reply *reply, void *ctx,
	    struct wgq_err *e) __attribute__((warn_unused_result));

/**
 * nl_dump() - ask for a list
 * @nl:		socket
 * @m:		message; NLM_F_DUMP and the sequence number are filled in
 * @reply:	receives the entries; a return above 0 ends the dump at once, at
 *		no cost for the rest of the list
 * @restart:	called before the dump is begun again because the list changed
 *		meanwhile; NULL where @reply keeps nothing that is in the way
 * @ctx:	first argument of @reply and @restart
 * @e:		filled on failure
 *
 * A list that changes while it is read (NLM_F_DUMP_INTR) is read again, ten
 * times at most.  ENOENT is an empty list: so the kernel answers for a routing
 * table that does not exist.
 *
 * Return: 0, above 0 where @reply ended it, -EINTR when the list never stood
 * still, else as nl_talk().
 */
int nl_dump(struct nl *nl, struct nlmsg *m, nl_reply *reply,
	    nl_restart *restart, void *ctx, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * struct nl_batch_ops - what becomes of the messages of a batch
 * @refused:	the kernel refused message @index, counted from 0 as added;
 *		@why holds the errno and the kernel's words.  Return 0 to go on
 *		regardless or -errno (for instance @why->code) to end the batch.
 *		NULL ends it at the first refusal with the error of that.
 * @reply:	message @index was answered with @nlh.  Return 0 or -errno with
 *		@e filled.  NULL drops answers.
 * @questions:	every message is a question with one answer: no ack is needed
 */
struct nl_batch_ops {
	int (*refused)(void *ctx, size_t index, const struct wgq_err *why);
	int (*reply)(void *ctx, size_t index, const struct nlmsghdr *nlh,
		     struct wgq_err *e);
	bool questions;
};

/** NL_BATCH_BYTES, NL_BATCH_MSGS - bounds of one datagram of a batch */
#define NL_BATCH_BYTES (32 * 1024)
#define NL_BATCH_MSGS 256

/**
 * struct nl_batch - many requests, few system calls
 * @nl:		socket
 * @ops:	callbacks
 * @ctx:	their first argument
 * @buf:	datagram being filled
 * @size:	bytes allocated for it
 * @len:	its length
 * @used:	most bytes that were ever in @buf: what there is to wipe
 * @n:		messages in it
 * @base:	index of its first message
 * @done:	messages that the kernel has processed, refused ones included
 * @result:	first failure, sticky
 *
 * The kernel refuses each message by itself and, in order, before the ack of
 * the last: so only the last of a datagram asks for an ack.  A datagram is
 * bounded so that its answers fit the receive buffer even if all are
 * refused.  When a message is refused the kernel has still gone through the
 * rest of its datagram; nothing after that datagram is sent.  The caller thus
 * knows: of the first @done messages all are done but those that @refused was
 * told of.
 */
struct nl_batch {
	struct nl *nl;
	const struct nl_batch_ops *ops;
	void *ctx;
	uint8_t *buf;
	size_t size;
	size_t len;
	size_t used;
	size_t n;
	size_t base;
	size_t done;
	int result;
};

/** nl_batch_begin() - begin a batch; nl_batch_done() is due in any case */
void nl_batch_begin(struct nl_batch *b, struct nl *nl,
		    const struct nl_batch_ops *ops, void *ctx);

/**
 * nl_batch_add() - append a copy of a message, sending what is due
 * @b:		batch
 * @m:		message of at most NL_BATCH_BYTES
 * @e:		filled on failure
 *
 * Return: 0 or the batch's failure, which may be that of earlier messages.
 */
int nl_batch_add(struct nl_batch *b, const struct nlmsg *m, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * nl_batch_flush() - send the rest and wait for the answers
 *
 * Return: 0 or the batch's failure.
 */
int nl_batch_flush(struct nl_batch *b, struct wgq_err *e)
	__attribute__((warn_unused_result));

/** nl_batch_done() - wipe and release; unsent messages are dropped */
void nl_batch_done(struct nl_batch *b);

/**
 * nl_transact() - send one nf_tables batch and wait for the verdict
 * @nl:		socket of NETLINK_NETFILTER
 * @buf:	messages from BATCH_BEGIN to BATCH_END; their sequence numbers
 *		are filled in and NLM_F_ACK is set on the last but one alone
 * @len:	bytes
 * @e:		filled on failure
 *
 * All or nothing.  The kernel answers for the batch as a whole in the name of
 * its first message, and before any ack: an ack of the last rule without a
 * refusal before it means that the batch was committed.
 *
 * Return: 0 or the first refusal.
 */
int nl_transact(struct nl *nl, void *buf, size_t len, struct wgq_err *e)
	__attribute__((warn_unused_result));

/**
 * nl_transact_at() - nl_transact() that tells which message was refused
 * @ret_failed:	receives the index of the first message that was refused, 0
 *		for the whole; untouched where the failure is not the kernel's
 *		refusal
 *
 * Return: as nl_transact().
 */
int nl_transact_at(struct nl *nl, void *buf, size_t len, size_t *ret_failed,
		   struct wgq_err *e) __attribute__((warn_unused_result));

#endif
