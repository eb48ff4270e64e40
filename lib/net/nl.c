// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/nl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/nft_names.h"
#include "net/rtnl.h"

#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#define NLM_F_ACK_TLVS 0x200
#endif

/* A datagram of more bytes than this may bring more answers than the default
 * receive buffer holds, or not fit the default send buffer.
 */
#define SMALL_DATAGRAM 4096
#define SOCKET_BUFFER (1024 * 1024)

/* An answer takes up to 1 KiB of the receive buffer, and no request that is
 * answered has less than 64 bytes. */
#define ANSWER_RATIO 16
#define DUMP_TRIES 10
#define BATCH_FIRST 512
#define MAX_ERRNO 4095

/* The kernel answers before send() returns: this only ends a hang. */
#define RECV_TIMEOUT_MS 10000

static void raise_buffer(int sock, int force, int plain, size_t need)
{
	int size = SOCKET_BUFFER;

	/* The kernel doubles it, which must not overflow there. */
	if (need > SOCKET_BUFFER)
		size = need < INT_MAX / 4 ? (int)need : INT_MAX / 4;
	if (setsockopt(sock, SOL_SOCKET, force, &size, sizeof(size)) < 0)
		setsockopt(sock, SOL_SOCKET, plain, &size, sizeof(size));
}

static int kernel_open(void *ctx, int protocol, int *ret_sock,
		       struct wgq_err *e)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK };
	cleanup(close_fd) int sock = -1;
	const int on = 1;

	(void)ctx;
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (sock < 0)
		return err_sys(e, -errno, "netlink");
	/* Old kernels refuse what they do not know, and do without. */
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		setsockopt(sock, SOL_NETLINK, options[i], &on, sizeof(on));
	if (protocol == NETLINK_ROUTE)
		setsockopt(sock, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on,
			   sizeof(on));
	*ret_sock = take_fd(&sock);
	return 0;
}

static ssize_t kernel_send(void *ctx, int sock, const void *buf, size_t len)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	ssize_t n;

	(void)ctx;
	if (len > SMALL_DATAGRAM) {
		raise_buffer(sock, SO_RCVBUFFORCE, SO_RCVBUF,
			     len * ANSWER_RATIO);
		raise_buffer(sock, SO_SNDBUFFORCE, SO_SNDBUF, len);
	}
	n = sendto(sock, buf, len, 0, (const struct sockaddr *)&to, sizeof(to));
	return n < 0 ? -errno : n;
}

/* Another process may send to our port: only port 0 is the kernel. */
static ssize_t kernel_recv(void *ctx, int sock, void *buf, size_t len)
{
	struct sockaddr_nl from = {};
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { .msg_name = &from,
			      .msg_iov = &iov,
			      .msg_iovlen = 1 };
	struct pollfd ready = { .fd = sock, .events = POLLIN };
	ssize_t n;

	(void)ctx;
	do {
		msg.msg_namelen = sizeof(from);
		n = recvmsg(sock, &msg, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN &&
		    poll(&ready, 1, RECV_TIMEOUT_MS) > 0)
			n = recvmsg(sock, &msg, MSG_DONTWAIT);
		if (n < 0)
			return -errno;
	} while (msg.msg_namelen != sizeof(from) || from.nl_pid != 0);
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}

static void kernel_close(void *ctx, int sock)
{
	(void)ctx;
	close(sock);
}

const struct nl_ops nl_kernel_ops = {
	.open = kernel_open,
	.send = kernel_send,
	.recv = kernel_recv,
	.close = kernel_close,
};

void nl_init(struct nl *nl, int protocol, const struct nl_ops *ops, void *ctx)
{
	*nl = (struct nl){
		.ops = ops,
		.ctx = ctx,
		.protocol = protocol,
		.sock = -1,
	};
	if (protocol == NETLINK_ROUTE)
		nl->names = rtnl_attr_names;
	if (protocol == NETLINK_NETFILTER)
		nl->names = nft_attr_names;
}

static void hang_up(struct nl *nl)
{
	if (nl->sock >= 0)
		nl->ops->close(nl->ctx, nl->sock);
	nl->sock = -1;
}

void nl_done(struct nl *nl)
{
	hang_up(nl);
	if (nl->rx)
		explicit_bzero(nl->rx, nl->rx_used);
	free(nl->rx);
	nl->rx = NULL;
}

static int ready(struct nl *nl, struct wgq_err *e)
{
	if (!nl->rx)
		nl->rx = malloc(NL_RX_SIZE);
	if (!nl->rx)
		return err_sys(e, -ENOMEM, "netlink");
	if (nl->sock >= 0)
		return 0;
	return nl->ops->open(nl->ctx, nl->protocol, &nl->sock, e);
}

static int transmit(struct nl *nl, const void *buf, size_t len,
		    struct wgq_err *e)
{
	ssize_t n;

	do
		n = nl->ops->send(nl->ctx, nl->sock, buf, len);
	while (n == -EINTR);
	if (n == (ssize_t)len)
		return 0;
	hang_up(nl);
	return err_sys(e, n < 0 ? (int)n : -EIO, "netlink send");
}

static int receive(struct nl *nl, size_t *ret_len, struct wgq_err *e)
{
	ssize_t n;

	do
		n = nl->ops->recv(nl->ctx, nl->sock, nl->rx, NL_RX_SIZE);
	while (n == -EINTR);
	if (n > 0) {
		*ret_len = n;
		if ((size_t)n > nl->rx_used)
			nl->rx_used = n;
		return 0;
	}
	hang_up(nl);
	if (n == -EAGAIN || n == 0)
		return err_sys(e, -ETIMEDOUT, "netlink");
	if (n == -ENOBUFS)
		return err_set(e, -ENOBUFS,
			       "netlink: answers of the kernel were lost");
	return err_sys(e, (int)n, "netlink receive");
}

static int malformed(struct nl *nl, struct wgq_err *e)
{
	hang_up(nl);
	return err_set(e, -EBADMSG, "netlink: malformed answer of the kernel");
}

/* libmnl's own check takes a length above 2 GiB for a negative number. */
static bool is_whole(const struct nlmsghdr *nlh, size_t left)
{
	return left >= NLMSG_HDRLEN && nlh->nlmsg_len >= NLMSG_HDRLEN &&
	       nlh->nlmsg_len <= left;
}

static const struct nlmsghdr *next(const struct nlmsghdr *nlh, size_t *left)
{
	size_t step = NLMSG_ALIGN((size_t)nlh->nlmsg_len);

	if (step > *left)
		step = *left;
	*left -= step;
	return (const void *)((const char *)nlh + step);
}

/* The outermost attribute of @req that holds the byte at @offset. */
static const char *attr_name(const struct nl_attr_names *names,
			     const struct nlmsghdr *req, uint32_t offset)
{
	const struct nlattr *attr;
	size_t begin;

	while (names && names->names && names->type != req->nlmsg_type)
		names++;
	if (!names || !names->names)
		return NULL;
	nlmsg_for_each(attr, req, names->hdr) {
		begin = (const char *)attr - (const char *)req;
		if (offset < begin || offset >= begin + attr->nla_len)
			continue;
		if (mnl_attr_get_type(attr) >= names->n)
			return NULL;
		return names->names[mnl_attr_get_type(attr)];
	}
	return NULL;
}

/* An ack or a refusal with an errno that the kernel can mean. */
static bool is_verdict(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

	return mnl_nlmsg_get_payload_len(nlh) >= sizeof(*err) &&
	       err->error <= 0 && err->error >= -MAX_ERRNO;
}

/* The kernel's own words behind an error message's fixed part. */
struct extack {
	const char *text;
	uint32_t offset;
};

static void read_extack(const struct nlmsghdr *nlh, struct extack *x)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*err), len = mnl_nlmsg_get_payload_len(nlh);
	const struct nlattr *attr;
	const void *tlvs;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) &&
	    err->msg.nlmsg_len > NLMSG_HDRLEN)
		skip += MNL_ALIGN((size_t)err->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (skip >= len)
		return;
	tlvs = (const char *)err + skip;
	mnl_attr_for_each_payload(tlvs, len - skip) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			x->text = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			x->offset = mnl_attr_get_u32(attr);
	}
}

static void explain(const struct nl *nl, const struct nlmsghdr *nlh,
		    const struct nlmsghdr *req, struct wgq_err *e)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	struct extack x = {};
	const char *name;

	read_extack(nlh, &x);
	name = x.offset ? attr_name(nl->names, req, x.offset) : NULL;
	if (x.text && name)
		err_sys(e, err->error, "%s (%s)", x.text, name);
	else if (x.text || name)
		err_sys(e, err->error, "%s", x.text ? x.text : name);
	else
		err_set(e, err->error, "%s", strerror(-err->error));
}

/**
 * struct exchange - requests that were sent and what became of them
 * @nl:		socket
 * @req:	the datagram
 * @first:	sequence number of its first message
 * @n:		number of its messages
 * @last:	index of the message whose ack comes last
 * @whole:	a refusal of message 0 is one of the datagram
 * @ask:	each message has one answer, which is enough: no ack is asked
 * for
 * @ops:	callbacks
 * @ctx:	their first argument
 * @result:	first failure of a callback, with the error filled
 * @failed:	index of the message that @result is of
 * @over:	the last ack has come
 */
struct exchange {
	struct nl *nl;
	const struct nlmsghdr *req;
	uint32_t first;
	size_t n, last;
	bool whole, ask;
	const struct nl_batch_ops *ops;
	void *ctx;
	int result;
	size_t failed;
	bool over;
};

static const struct nlmsghdr *nth(const struct nlmsghdr *req, size_t index)
{
	while (index--)
		req = (const void *)((const char *)req +
				     NLMSG_ALIGN(req->nlmsg_len));
	return req;
}

static void judge(struct exchange *x, const struct nlmsghdr *nlh, size_t index,
		  struct wgq_err *e)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	struct wgq_err why = {};
	int ret;

	x->over = index == x->last || (x->whole && index == 0 && err->error);
	if (!err->error)
		return;
	explain(x->nl, nlh, nth(x->req, index), &why);
	ret = x->ops->refused ? x->ops->refused(x->ctx, index, &why) : why.code;
	if (!ret || x->result)
		return;
	err_set(e, ret, "%s", why.msg);
	x->result = ret;
	x->failed = index;
}

/* All of a datagram is looked at, even if a callback fails: the rest of the
 * acks must not be left behind. */
static int digest(struct exchange *x, size_t len, struct wgq_err *e)
{
	const struct nlmsghdr *nlh = (const void *)x->nl->rx;
	size_t index, left = len;
	int ret;

	for (; is_whole(nlh, left); nlh = next(nlh, &left)) {
		index = nlh->nlmsg_seq - x->first;
		if (index >= x->n)
			continue;
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			if (!is_verdict(nlh))
				return malformed(x->nl, e);
			judge(x, nlh, index, e);
			continue;
		}
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE || !x->ops->reply)
			continue;
		ret = x->ops->reply(x->ctx, index, nlh, e);
		if (ret < 0 && !x->result)
			x->result = ret;
		x->over |= x->ask && index == x->last;
	}
	return left > 0 ? malformed(x->nl, e) : 0;
}

/* Number the messages of a datagram, send it, wait for the last ack. */
static int exchange(struct exchange *x, void *buf, size_t len,
		    struct wgq_err *e)
{
	struct nlmsghdr *nlh = buf;
	size_t got = 0;
	int ret;

	ret = ready(x->nl, e);
	if (ret < 0)
		return ret;
	x->req = buf;
	x->first = x->nl->seq + 1;
	for (size_t i = 0; i < x->n; i++) {
		nlh->nlmsg_seq = ++x->nl->seq;
		if (i == x->last && !x->ask)
			nlh->nlmsg_flags |= NLM_F_ACK;
		nlh = (void *)((char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len));
	}
	ret = transmit(x->nl, buf, len, e);
	while (ret == 0 && !x->over) {
		ret = receive(x->nl, &got, e);
		if (ret == 0)
			ret = digest(x, got, e);
	}
	return ret;
}

static int refuse_full(struct wgq_err *e)
{
	return err_set(e, -EMSGSIZE, "netlink: message too long");
}

struct talk {
	nl_reply *reply;
	void *ctx;
};

static int talk_reply(void *ctx, size_t index, const struct nlmsghdr *nlh,
		      struct wgq_err *e)
{
	struct talk *t = ctx;

	(void)index;
	return t->reply ? t->reply(t->ctx, nlh, e) : 0;
}

int nl_talk(struct nl *nl, struct nlmsg *m, nl_reply *reply, void *ctx,
	    struct wgq_err *e)
{
	static const struct nl_batch_ops ops = { .reply = talk_reply };
	struct talk talk = { .reply = reply, .ctx = ctx };
	struct exchange x = {
		.nl = nl,
		.n = 1,
		.ask = reply != NULL,
		.ops = &ops,
		.ctx = &talk,
	};
	int ret;

	if (m->full)
		return refuse_full(e);
	ret = exchange(&x, m->buf, nlmsg_hdr(m)->nlmsg_len, e);
	return ret < 0 ? ret : x.result;
}

int nl_transact_at(struct nl *nl, void *buf, size_t len, size_t *ret_failed,
		   struct wgq_err *e)
{
	static const struct nl_batch_ops ops = {};
	struct exchange x = { .nl = nl, .whole = true, .ops = &ops };
	struct nlmsghdr *nlh = buf;
	size_t left = len;
	int ret;

	for (; is_whole(nlh, left); nlh = (void *)next(nlh, &left)) {
		nlh->nlmsg_flags &= ~NLM_F_ACK;
		x.n++;
	}
	if (left != 0 || x.n < 3)
		return err_set(e, -EINVAL, "netlink: empty transaction");
	x.last = x.n - 2;
	ret = exchange(&x, buf, len, e);
	if (ret < 0)
		return ret;
	if (x.result < 0)
		*ret_failed = x.failed;
	return x.result;
}

int nl_transact(struct nl *nl, void *buf, size_t len, struct wgq_err *e)
{
	size_t failed;

	return nl_transact_at(nl, buf, len, &failed, e);
}

/**
 * struct dump - a list on its way in
 * @torn:	it changed while it was read
 * @ended:	@reply has seen enough
 * @over:	the end of the list has come
 */
struct dump {
	struct nl *nl;
	const struct nlmsghdr *req;
	nl_reply *reply;
	void *ctx;
	bool torn, ended, over;
};

static int dump_end(struct dump *d, const struct nlmsghdr *nlh,
		    struct wgq_err *e)
{
	bool is_error = nlh->nlmsg_type == NLMSG_ERROR;
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	int code = 0;

	if (is_error && !is_verdict(nlh))
		return malformed(d->nl, e);
	if (len >= sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(nlh), sizeof(code));
	if (is_error && code == 0)
		return 0;
	if (code < -MAX_ERRNO)
		return malformed(d->nl, e);
	d->over = true;
	if (code >= 0 || code == -ENOENT)
		return 0;
	if (code == -EINTR) {
		d->torn = true;
		return 0;
	}
	if (is_error)
		explain(d->nl, nlh, d->req, e);
	return err_set(e, code, "%s", strerror(-code));
}

static int dump_digest(struct dump *d, size_t len, struct wgq_err *e)
{
	const struct nlmsghdr *nlh = (const void *)d->nl->rx;
	size_t left = len;
	int ret;

	for (; is_whole(nlh, left); nlh = next(nlh, &left)) {
		if (nlh->nlmsg_seq != d->nl->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR &&
		    nlh->nlmsg_type != NLMSG_ERROR) {
			d->torn = true;
			return 0;
		}
		if (nlh->nlmsg_type == NLMSG_ERROR ||
		    nlh->nlmsg_type == NLMSG_DONE) {
			ret = dump_end(d, nlh, e);
			if (ret < 0 || d->over)
				return ret;
			continue;
		}
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		ret = d->reply(d->ctx, nlh, e);
		d->ended = ret > 0;
		if (ret != 0)
			return ret;
	}
	return left > 0 ? malformed(d->nl, e) : 0;
}

static int dump_once(struct dump *d, struct nlmsghdr *req, struct wgq_err *e)
{
	size_t got = 0;
	int ret;

	ret = ready(d->nl, e);
	if (ret < 0)
		return ret;
	d->torn = d->ended = d->over = false;
	d->req = req;
	req->nlmsg_flags |= NLM_F_DUMP;
	req->nlmsg_seq = ++d->nl->seq;
	ret = transmit(d->nl, req, req->nlmsg_len, e);
	while (ret == 0 && !d->over && !d->torn) {
		ret = receive(d->nl, &got, e);
		if (ret == 0)
			ret = dump_digest(d, got, e);
	}
	/* The kernel keeps an unfinished dump until the socket is closed. */
	if (!d->over)
		hang_up(d->nl);
	return ret;
}

int nl_dump(struct nl *nl, struct nlmsg *m, nl_reply *reply,
	    nl_restart *restart, void *ctx, struct wgq_err *e)
{
	struct dump d = { .nl = nl, .reply = reply, .ctx = ctx };
	int ret;

	if (m->full)
		return refuse_full(e);
	for (int i = 0; i < DUMP_TRIES; i++) {
		if (i > 0 && restart)
			restart(ctx);
		ret = dump_once(&d, nlmsg_hdr(m), e);
		if (ret != 0 || !d.torn)
			return ret;
	}
	return err_set(e, -EINTR, "netlink: the list keeps changing");
}

void nl_batch_begin(struct nl_batch *b, struct nl *nl,
		    const struct nl_batch_ops *ops, void *ctx)
{
	*b = (struct nl_batch){ .nl = nl, .ops = ops, .ctx = ctx };
}

void nl_batch_done(struct nl_batch *b)
{
	if (b->buf)
		explicit_bzero(b->buf, b->used);
	free(b->buf);
	b->buf = NULL;
	b->size = b->len = b->n = 0;
}

/* Callbacks of a datagram count from 0, those of a batch go on counting. */
static int batch_refused(void *ctx, size_t index, const struct wgq_err *why)
{
	struct nl_batch *b = ctx;

	if (!b->ops->refused)
		return why->code;
	return b->ops->refused(b->ctx, b->base + index, why);
}

static int batch_reply(void *ctx, size_t index, const struct nlmsghdr *nlh,
		       struct wgq_err *e)
{
	struct nl_batch *b = ctx;

	if (!b->ops->reply)
		return 0;
	return b->ops->reply(b->ctx, b->base + index, nlh, e);
}

int nl_batch_flush(struct nl_batch *b, struct wgq_err *e)
{
	static const struct nl_batch_ops ops = { .refused = batch_refused,
						 .reply = batch_reply };
	struct exchange x = {
		.nl = b->nl,
		.n = b->n,
		.ask = b->ops->questions,
		.ops = &ops,
		.ctx = b,
	};
	int ret;

	if (b->result < 0 || b->n == 0)
		return b->result;
	x.last = b->n - 1;
	ret = exchange(&x, b->buf, b->len, e);
	if (ret == 0) {
		b->done += b->n;
		ret = x.result;
	}
	b->base += b->n;
	b->len = b->n = 0;
	b->result = ret;
	return ret;
}

/* From small to NL_BATCH_BYTES: most batches are of a few messages. */
static bool batch_room(struct nl_batch *b, size_t more)
{
	size_t size = b->size ? b->size : BATCH_FIRST;
	uint8_t *buf;

	while (size - b->len < more)
		size *= 2;
	if (b->buf && size == b->size)
		return true;
	buf = malloc(size);
	if (!buf)
		return false;
	if (b->buf) {
		memcpy(buf, b->buf, b->len);
		explicit_bzero(b->buf, b->used);
		free(b->buf);
	}
	b->buf = buf;
	b->size = size;
	return true;
}

int nl_batch_add(struct nl_batch *b, const struct nlmsg *m, struct wgq_err *e)
{
	size_t len;

	if (b->result < 0)
		return b->result;
	len = m->full ? SIZE_MAX : NLMSG_ALIGN(nlmsg_hdr(m)->nlmsg_len);
	if (len > NL_BATCH_BYTES)
		return b->result = refuse_full(e);
	if (b->len + len > NL_BATCH_BYTES || b->n == NL_BATCH_MSGS)
		if (nl_batch_flush(b, e) < 0)
			return b->result;
	if (!batch_room(b, len))
		return b->result = err_sys(e, -ENOMEM, "netlink");
	memcpy(b->buf + b->len, m->buf, nlmsg_hdr(m)->nlmsg_len);
	b->len += len;
	if (b->len > b->used)
		b->used = b->len;
	b->n++;
	return 0;
}
