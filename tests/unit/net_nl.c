// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lib_netlink.h"
#include "net/nl.h"
#include "net/rtnl.h"

#define LIVE_BATCH 2000

static void test_nlmsg_bytes(void **state)
{
	const struct rtmsg rtm = { .rtm_family = AF_INET, .rtm_dst_len = 8 };
	NLMSG(m, 256);
	size_t nest;

	(void)state;
	nlmsg_begin(&m, RTM_GETROUTE, NLM_F_ACK, &rtm, sizeof(rtm));
	nlmsg_put_u8(&m, 1, 0x11);
	nlmsg_put_u16(&m, 2, 0x2222);
	nlmsg_put_be32(&m, 3, 0x01020304);
	nest = nlmsg_nest(&m, 4 | NLA_F_NESTED);
	nlmsg_put_str(&m, 5, "ab");
	nlmsg_put(&m, 6, "xy", 2);
	nlmsg_nest_end(&m, nest);
	assert_false(m.full);
	assert_messages(m.buf, nlmsg_hdr(&m)->nlmsg_len,
			"48000000"
			"1a000500"
			"00000000"
			"00000000"
			"020800000000000000000000"
			"05000100"
			"11000000"
			"06000200"
			"22220000"
			"08000300"
			"01020304"
			"14000480"
			"07000500"
			"61620000"
			"06000600"
			"78790000");
}

static void test_nlmsg_full_is_sticky(void **state)
{
	const struct rtgenmsg gen = {};
	NLMSG(m, NLMSG_HDRLEN + 4 + 8);

	(void)state;
	nlmsg_begin(&m, RTM_GETROUTE, 0, &gen, sizeof(gen));
	nlmsg_put_u32(&m, 1, 1);
	assert_false(m.full);
	nlmsg_put_u8(&m, 2, 1);
	assert_true(m.full);
	assert_int_equal(nlmsg_hdr(&m)->nlmsg_len, NLMSG_HDRLEN + 4 + 8);
	nlmsg_nest_end(&m, nlmsg_nest(&m, 3));
	assert_true(m.full);
	/* A header that does not fit either. */
	m.size = NLMSG_HDRLEN + 3;
	nlmsg_begin(&m, RTM_GETROUTE, 0, &gen, sizeof(gen));
	assert_true(m.full);
	m.size = NLMSG_HDRLEN + 4;
	nlmsg_begin(&m, RTM_GETROUTE, 0, &gen, sizeof(gen));
	assert_false(m.full);
}

static void test_nlmsg_rollback(void **state)
{
	const struct rtgenmsg gen = {};
	NLMSG(m, 64);
	size_t mark;

	(void)state;
	nlmsg_begin(&m, RTM_GETROUTE, 0, &gen, sizeof(gen));
	mark = nlmsg_mark(&m);
	nlmsg_put(&m, 1, m_buf, sizeof(m_buf));
	assert_true(m.full);
	nlmsg_rollback(&m, mark);
	assert_false(m.full);
	assert_int_equal(nlmsg_hdr(&m)->nlmsg_len, mark);
	/* What was lost before the mark is not made good by it. */
	nlmsg_put(&m, 1, m_buf, sizeof(m_buf));
	mark = nlmsg_mark(&m);
	nlmsg_rollback(&m, mark);
	assert_true(m.full);
}

static void test_nlmsg_nest_of_64k(void **state)
{
	const struct rtgenmsg gen = {};
	static const uint8_t data[32000];
	static _Alignas(4) uint8_t buf[80000];
	struct nlmsg m = { .buf = buf, .size = sizeof(buf) };
	size_t nest;

	(void)state;
	nlmsg_begin(&m, RTM_GETROUTE, 0, &gen, sizeof(gen));
	nest = nlmsg_nest(&m, 1);
	nlmsg_put(&m, 1, data, sizeof(data));
	nlmsg_put(&m, 1, data, sizeof(data));
	nlmsg_put(&m, 1, data, 65535 - 4 - 2 * 32004 - 4);
	nlmsg_nest_end(&m, nest);
	assert_true(m.full);
	nlmsg_begin(&m, RTM_GETROUTE, 0, &gen, sizeof(gen));
	nest = nlmsg_nest(&m, 1);
	nlmsg_put(&m, 1, data, sizeof(data));
	nlmsg_put(&m, 1, data, sizeof(data));
	nlmsg_put(&m, 1, data, 65532 - 4 - 2 * 32004 - 4);
	nlmsg_nest_end(&m, nest);
	assert_false(m.full);
	/* One attribute alone may be no longer either. */
	nlmsg_begin(&m, RTM_GETROUTE, 0, &gen, sizeof(gen));
	nlmsg_put(&m, 1, buf, 65532);
	assert_true(m.full);
}

/* What a test's callbacks saw. */
struct seen {
	int replies, restarts, refusals;
	size_t index[64];
	int code[64];
	char text[128];
	int fail_at, stop_at;
	bool go_on;
};

static int see_reply(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct seen *s = ctx;

	assert_int_equal(nlh->nlmsg_type, RTM_NEWROUTE);
	s->replies++;
	if (s->replies == s->fail_at)
		return err_set(e, -EBADMSG, "reply");
	return s->replies == s->stop_at;
}

static void see_restart(void *ctx)
{
	struct seen *s = ctx;

	s->restarts++;
	s->replies = 0;
}

static int talk(struct fake_nl *f, struct seen *s, struct wgq_err *e)
{
	const struct addr dst = { .family = AF_INET, .plen = 16 };
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl nl;
	int ret;

	nl_init(&nl, NETLINK_ROUTE, &fake_nl_ops, f);
	assert_int_equal(f->opens, 0);
	rtnl_build_route_add(&m, &dst, 3, 51820);
	ret = nl_talk(&nl, &m, see_reply, s, e);
	nl_done(&nl);
	assert_int_equal(f->open, 0);
	fake_nl_done(f);
	return ret;
}

static void acks(struct fake_nl *f, const struct nlmsghdr *req)
{
	const struct rtmsg rtm = {};
	struct nlmsghdr other = *req;

	assert_int_equal(req->nlmsg_flags & (NLM_F_ACK | NLM_F_REQUEST),
			 NLM_F_ACK | NLM_F_REQUEST);
	/* What belongs to another request must be passed over. */
	other.nlmsg_seq--;
	fake_nl_ack(f, &other, -EPERM, "stale", 0);
	fake_nl_reply(f, &other, RTM_NEWADDR, 0, &rtm, sizeof(rtm));
	fake_nl_reply(f, req, NLMSG_NOOP, 0, NULL, 0);
	fake_nl_reply(f, req, RTM_NEWROUTE, 0, &rtm, sizeof(rtm));
	fake_nl_ack(f, req, 0, NULL, 0);
}

static void test_talk(void **state)
{
	struct fake_nl f = { .handle = acks, .eintr = 3 };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(talk(&f, &s, &e), 0);
	assert_int_equal(s.replies, 1);
	assert_int_equal(f.sends, 1);
	assert_int_equal(e.code, 0);
}

static void test_talk_reply_fails(void **state)
{
	struct fake_nl f = { .handle = acks };
	struct seen s = { .fail_at = 1 };
	struct wgq_err e = {};

	(void)state;
	assert_int_equal(talk(&f, &s, &e), -EBADMSG);
	assert_string_equal(e.msg, "reply");
}

static void refuses(struct fake_nl *f, const struct nlmsghdr *req)
{
	fake_nl_ack(f, req, -EINVAL, f->ctx, NLMSG_HDRLEN + 12);
}

static void test_talk_refused(void **state)
{
	struct fake_nl f = { .handle = refuses,
			     .ctx = (void *)(uintptr_t) "Invalid prefix" };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(talk(&f, &s, &e), -EINVAL);
	assert_string_equal(e.msg,
			    "Invalid prefix (RTA_DST): Invalid argument");
	assert_int_equal(e.code, -EINVAL);
	f = (struct fake_nl){ .handle = refuses };
	e = (struct wgq_err){};
	assert_int_equal(talk(&f, &s, &e), -EINVAL);
	assert_string_equal(e.msg, "RTA_DST: Invalid argument");
}

static void refuses_plainly(struct fake_nl *f, const struct nlmsghdr *req)
{
	fake_nl_ack(f, req, -EEXIST, NULL, 0);
}

static void test_talk_refused_plainly(void **state)
{
	struct fake_nl f = { .handle = refuses_plainly };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(talk(&f, &s, &e), -EEXIST);
	assert_string_equal(e.msg, "File exists");
}

/* Kernels before 4.3 send the whole request back, the text behind it. */
static void refuses_at_length(struct fake_nl *f, const struct nlmsghdr *req)
{
	struct nlmsgerr err = { .error = -EBUSY };
	struct nlattr attr = { .nla_len = 4 + 6,
			       .nla_type = NLMSGERR_ATTR_MSG };
	uint8_t payload[256] = {};
	size_t len = sizeof(err.error);

	memcpy(payload, &err, sizeof(err));
	memcpy(payload + len, req, req->nlmsg_len);
	len += NLMSG_ALIGN(req->nlmsg_len);
	memcpy(payload + len, &attr, sizeof(attr));
	memcpy(payload + len + 4, "later", 6);
	fake_nl_reply(f, req, NLMSG_ERROR, 0x200, payload, len + 12);
}

static void test_talk_uncapped(void **state)
{
	struct fake_nl f = { .handle = refuses_at_length };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(talk(&f, &s, &e), -EBUSY);
	assert_string_equal(e.msg, "later: Device or resource busy");
}

static void says_nothing(struct fake_nl *f, const struct nlmsghdr *req)
{
	(void)req;
	if (f->ctx)
		fake_nl_fail(f, -ENOBUFS);
}

static void test_talk_transport_failures(void **state)
{
	struct fake_nl f = { .handle = says_nothing };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(talk(&f, &s, &e), -ETIMEDOUT);
	f = (struct fake_nl){ .handle = says_nothing, .ctx = &s };
	e = (struct wgq_err){};
	assert_int_equal(talk(&f, &s, &e), -ENOBUFS);
	f = (struct fake_nl){ .handle = acks, .send_error = -EMSGSIZE };
	e = (struct wgq_err){};
	assert_int_equal(talk(&f, &s, &e), -EMSGSIZE);
	assert_string_equal(e.msg, "netlink send: Message too long");
	f = (struct fake_nl){ .open_error = -EPROTONOSUPPORT };
	e = (struct wgq_err){};
	assert_int_equal(talk(&f, &s, &e), -EPROTONOSUPPORT);
	assert_string_equal(e.msg, "open");
}

static void test_talk_refuses_full(void **state)
{
	struct fake_nl f = { .handle = acks };
	struct wgq_err e = {};
	struct nl nl;
	NLMSG(m, 20);

	(void)state;
	nl_init(&nl, NETLINK_ROUTE, &fake_nl_ops, &f);
	rtnl_build_link_get(&m, "wg0");
	assert_true(m.full);
	assert_int_equal(nl_talk(&nl, &m, NULL, NULL, &e), -EMSGSIZE);
	assert_int_equal(f.opens, 0);
	nl_done(&nl);
}

/* A datagram cut anywhere is refused and never read beyond its end. */
static void sends_cut(struct fake_nl *f, const struct nlmsghdr *req)
{
	fake_nl_ack(f, req, -EINVAL, "some words", NLMSG_HDRLEN + 12);
	f->len[f->n - 1] = *(size_t *)f->ctx;
}

static void test_talk_truncated(void **state)
{
	struct wgq_err e = {};
	struct seen s = {};
	struct fake_nl f;
	size_t whole = 16 + 20 + 16 + 8;

	(void)state;
	for (size_t n = 1; n < whole; n++) {
		f = (struct fake_nl){ .handle = sends_cut, .ctx = &n };
		e = (struct wgq_err){};
		assert_int_equal(talk(&f, &s, &e), -EBADMSG);
	}
	f = (struct fake_nl){ .handle = sends_cut, .ctx = &whole };
	e = (struct wgq_err){};
	assert_int_equal(talk(&f, &s, &e), -EINVAL);
}

/* A length that is negative where it is taken for signed. */
static void sends_huge(struct fake_nl *f, const struct nlmsghdr *req)
{
	struct nlmsghdr nlh = { .nlmsg_len = 0xffffffea };

	(void)req;
	fake_nl_push(f, &nlh, sizeof(nlh));
}

static void test_talk_huge_length(void **state)
{
	struct fake_nl f = { .handle = sends_huge };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(talk(&f, &s, &e), -EBADMSG);
}

static void refuses_wildly(struct fake_nl *f, const struct nlmsghdr *req)
{
	fake_nl_ack(f, req, *(int *)f->ctx, NULL, 0);
}

static void test_talk_wild_errno(void **state)
{
	const int wild[] = { 1, -4096, INT_MIN, INT_MAX };
	struct seen s = {};
	struct wgq_err e;
	struct fake_nl f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		f = (struct fake_nl){ .handle = refuses_wildly,
				      .ctx = (void *)&wild[i] };
		e = (struct wgq_err){};
		assert_int_equal(talk(&f, &s, &e), -EBADMSG);
	}
}

static int dump(struct fake_nl *f, struct seen *s, struct wgq_err *e)
{
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl nl;
	int ret;

	nl_init(&nl, NETLINK_ROUTE, &fake_nl_ops, f);
	rtnl_build_route_dump(&m, AF_INET, 254, 3);
	ret = nl_dump(&nl, &m, see_reply, see_restart, s, e);
	nl_done(&nl);
	assert_int_equal(f->open, 0);
	fake_nl_done(f);
	return ret;
}

static void lists_three(struct fake_nl *f, const struct nlmsghdr *req)
{
	struct nlmsghdr other = *req;
	const struct rtmsg rtm = {};

	assert_int_equal(req->nlmsg_flags & NLM_F_DUMP, NLM_F_DUMP);
	/* The rest of a list that was given up on. */
	other.nlmsg_seq--;
	fake_nl_reply(f, &other, RTM_NEWROUTE, NLM_F_MULTI, &rtm, sizeof(rtm));
	fake_nl_end(f, &other, 0, -EIO);
	for (int i = 0; i < 3; i++)
		fake_nl_reply(f, req, RTM_NEWROUTE, NLM_F_MULTI, &rtm,
			      sizeof(rtm));
	fake_nl_end(f, req, 0, f->ctx ? *(int *)f->ctx : 0);
}

static void test_dump(void **state)
{
	struct fake_nl f = { .handle = lists_three };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(dump(&f, &s, &e), 0);
	assert_int_equal(s.replies, 3);
	assert_int_equal(f.opens, 1);
}

static void test_dump_ends_with_error(void **state)
{
	int code = -EOPNOTSUPP;
	struct fake_nl f = { .handle = lists_three, .ctx = &code };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(dump(&f, &s, &e), -EOPNOTSUPP);
	assert_string_equal(e.msg, "Operation not supported");
	code = -ENOENT;
	f = (struct fake_nl){ .handle = lists_three, .ctx = &code };
	e = (struct wgq_err){};
	assert_int_equal(dump(&f, &s, &e), 0);
	code = INT_MIN;
	f = (struct fake_nl){ .handle = lists_three, .ctx = &code };
	assert_int_equal(dump(&f, &s, &e), -EBADMSG);
	e = (struct wgq_err){};
	code = 44; /* some kernels leave a length there */
	f = (struct fake_nl){ .handle = lists_three, .ctx = &code };
	assert_int_equal(dump(&f, &s, &e), 0);
	assert_int_equal(e.code, 0);
}

static void no_such_table(struct fake_nl *f, const struct nlmsghdr *req)
{
	fake_nl_ack(f, req, -ENOENT, "ipv4: FIB table does not exist", 0);
}

static void test_dump_of_no_table(void **state)
{
	struct fake_nl f = { .handle = no_such_table };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(dump(&f, &s, &e), 0);
	assert_int_equal(s.replies, 0);
	assert_int_equal(e.code, 0);
}

static void test_dump_stops_early(void **state)
{
	struct fake_nl f = { .handle = lists_three };
	const struct rtmsg rtm = {};
	struct seen s = { .stop_at = 2 };
	struct wgq_err e = {};
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl nl;

	(void)state;
	(void)rtm;
	nl_init(&nl, NETLINK_ROUTE, &fake_nl_ops, &f);
	rtnl_build_route_dump(&m, AF_INET, 254, 3);
	assert_int_equal(nl_dump(&nl, &m, see_reply, NULL, &s, &e), 1);
	assert_int_equal(s.replies, 2);
	assert_int_equal(f.open, 0);
	/* The socket is as good as new. */
	s = (struct seen){};
	assert_int_equal(nl_dump(&nl, &m, see_reply, NULL, &s, &e), 0);
	assert_int_equal(s.replies, 3);
	assert_int_equal(f.opens, 2);
	nl_done(&nl);
	fake_nl_done(&f);
}

static void test_dump_reply_fails(void **state)
{
	struct fake_nl f = { .handle = lists_three };
	struct seen s = { .fail_at = 2 };
	struct wgq_err e = {};

	(void)state;
	assert_int_equal(dump(&f, &s, &e), -EBADMSG);
}

/* Torn the first *ctx times. */
static void changes(struct fake_nl *f, const struct nlmsghdr *req)
{
	const struct rtmsg rtm = {};
	int *times = f->ctx;

	for (int i = 0; i < 2; i++)
		fake_nl_reply(f, req, RTM_NEWROUTE, NLM_F_MULTI, &rtm,
			      sizeof(rtm));
	fake_nl_end(f, req, *times > 0 ? NLM_F_DUMP_INTR : 0, 0);
	--*times;
}

static void test_dump_torn(void **state)
{
	int times = 3;
	struct fake_nl f = { .handle = changes, .ctx = &times };
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	assert_int_equal(dump(&f, &s, &e), 0);
	assert_int_equal(s.restarts, 3);
	assert_int_equal(s.replies, 2);
	times = 1000;
	f = (struct fake_nl){ .handle = changes, .ctx = &times };
	s = (struct seen){};
	assert_int_equal(dump(&f, &s, &e), -EINTR);
	assert_int_equal(f.sends, 10);
}

static int see_refusal(void *ctx, size_t index, const struct wgq_err *why)
{
	struct seen *s = ctx;

	s->index[s->refusals] = index;
	s->code[s->refusals] = why->code;
	strncpy(s->text, why->msg, sizeof(s->text) - 1);
	s->refusals++;
	return s->go_on ? 0 : why->code;
}

static int see_answer(void *ctx, size_t index, const struct nlmsghdr *nlh,
		      struct wgq_err *e)
{
	struct seen *s = ctx;

	assert_int_equal(nlh->nlmsg_type, RTM_NEWROUTE);
	if (s->replies < 64)
		s->index[s->replies] = index;
	s->replies++;
	if (s->replies == s->fail_at)
		return err_set(e, -EBADMSG, "answer");
	return 0;
}

static const struct nl_batch_ops see_ops = { .refused = see_refusal,
					     .reply = see_answer };
static const struct nl_batch_ops ask_ops = { .refused = see_refusal,
					     .reply = see_answer,
					     .questions = true };

/* Refuses ifindexes above 100 and answers 50. */
static void judges(struct fake_nl *f, const struct nlmsghdr *req)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(req);
	const struct rtmsg rtm = {};

	if (ifi->ifi_index == 50)
		fake_nl_reply(f, req, RTM_NEWROUTE, 0, &rtm, sizeof(rtm));
	if (ifi->ifi_index > 100)
		fake_nl_ack(f, req, -ENODEV, "gone", 0);
	else if (req->nlmsg_flags & NLM_F_ACK)
		fake_nl_ack(f, req, 0, NULL, 0);
}

struct batch_result {
	int add, flush;
	size_t done;
};

/* @n messages, of which those @bad (ended by -1) are refused. */
static struct batch_result batch(struct fake_nl *f, struct seen *s, int n,
				 const int *bad, const struct nl_batch_ops *ops,
				 struct wgq_err *e)
{
	struct batch_result r = {};
	struct nl_batch b;
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl nl;

	nl_init(&nl, NETLINK_ROUTE, &fake_nl_ops, f);
	nl_batch_begin(&b, &nl, ops, s);
	for (int i = 0; i < n; i++) {
		rtnl_build_link_del(&m, i == *bad ? 101 : 7);
		nlmsg_hdr(&m)->nlmsg_flags &= ~NLM_F_ACK;
		if (i == *bad)
			bad++;
		r.add = nl_batch_add(&b, &m, e);
		if (r.add < 0)
			break;
	}
	r.flush = nl_batch_flush(&b, e);
	r.done = b.done;
	nl_batch_done(&b);
	nl_done(&nl);
	assert_int_equal(f->open, 0);
	fake_nl_done(f);
	return r;
}

static void test_batch(void **state)
{
	struct fake_nl f = { .handle = judges };
	const int none[] = { -1 };
	struct batch_result r;
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	r = batch(&f, &s, 1000, none, &see_ops, &e);
	assert_int_equal(r.flush, 0);
	assert_int_equal(r.done, 1000);
	assert_int_equal(f.msgs, 1000);
	assert_int_equal(f.sends, 4); /* 3 of 256 and the rest */
	assert_int_equal(s.refusals, 0);
}

static void test_batch_stops(void **state)
{
	const int bad[] = { 3, 10, 255, 256, -1 };
	struct fake_nl f = { .handle = judges };
	struct batch_result r;
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	r = batch(&f, &s, 1000, bad, &see_ops, &e);
	assert_int_equal(r.add, -ENODEV);
	assert_int_equal(r.flush, -ENODEV);
	assert_int_equal(r.done, 256);
	assert_int_equal(f.sends, 1);
	assert_int_equal(s.refusals, 3);
	assert_int_equal(s.index[0], 3);
	assert_int_equal(s.index[1], 10);
	assert_int_equal(s.index[2], 255);
	assert_int_equal(s.code[2], -ENODEV);
	assert_string_equal(s.text, "gone: No such device");
	assert_string_equal(e.msg, "gone: No such device");
	/* Without a callback likewise. */
	f = (struct fake_nl){ .handle = judges };
	e = (struct wgq_err){};
	r = batch(&f, &s, 1000, bad, &(struct nl_batch_ops){}, &e);
	assert_int_equal(r.flush, -ENODEV);
	assert_string_equal(e.msg, "gone: No such device");
}

static void test_batch_goes_on(void **state)
{
	const int bad[] = { 3, 255, 256, 999, -1 };
	struct fake_nl f = { .handle = judges };
	struct seen s = { .go_on = true };
	struct batch_result r;
	struct wgq_err e = {};

	(void)state;
	r = batch(&f, &s, 1000, bad, &see_ops, &e);
	assert_int_equal(r.flush, 0);
	assert_int_equal(r.done, 1000);
	assert_int_equal(s.refusals, 4);
	assert_int_equal(s.index[2], 256);
	assert_int_equal(s.index[3], 999);
	assert_int_equal(e.code, 0);
}

static void test_batch_answers(void **state)
{
	struct fake_nl f = { .handle = judges };
	struct wgq_err e = {};
	struct nl_batch b;
	struct seen s = {};
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl nl;

	(void)state;
	nl_init(&nl, NETLINK_ROUTE, &fake_nl_ops, &f);
	nl_batch_begin(&b, &nl, &see_ops, &s);
	for (int i = 0; i < 300; i++) {
		rtnl_build_link_get_index(&m, i % 100 == 50 ? 50 : 7);
		assert_int_equal(nl_batch_add(&b, &m, &e), 0);
	}
	assert_int_equal(nl_batch_flush(&b, &e), 0);
	assert_int_equal(s.replies, 3);
	assert_int_equal(s.index[0], 50);
	assert_int_equal(s.index[1], 150);
	assert_int_equal(s.index[2], 250);
	nl_batch_done(&b);
	nl_done(&nl);
	fake_nl_done(&f);
}

static void test_batch_loses_answers(void **state)
{
	struct fake_nl f = { .handle = says_nothing, .ctx = &f };
	const int none[] = { -1 };
	struct batch_result r;
	struct wgq_err e = {};
	struct seen s = {};

	(void)state;
	r = batch(&f, &s, 10, none, &see_ops, &e);
	assert_int_equal(r.flush, -ENOBUFS);
	assert_int_equal(r.done, 0);
}

/* Three messages of NETLINK_NETFILTER's kind. */
static int transact(struct fake_nl *f, struct wgq_err *e)
{
	const char *text = "1400000010000100000000000000000000000000"
			   "1400000000000000000000000000000000000000"
			   "1400000006000000000000000000000000000000"
			   "1400000011000100000000000000000000000000";
	struct nl nl;
	uint8_t *buf;
	size_t len;
	int ret;

	buf = hex(text, &len);
	nl_init(&nl, NETLINK_NETFILTER, &fake_nl_ops, f);
	ret = nl_transact(&nl, buf, len, e);
	nl_done(&nl);
	fake_nl_done(f);
	free(buf);
	return ret;
}

static void commits(struct fake_nl *f, const struct nlmsghdr *req)
{
	assert_int_equal(!!(req->nlmsg_flags & NLM_F_ACK), f->msgs == 3);
	assert_int_equal(req->nlmsg_seq, f->msgs);
	if (f->msgs == 3)
		fake_nl_ack(f, req, 0, NULL, 0);
}

static void refuses_whole(struct fake_nl *f, const struct nlmsghdr *req)
{
	if (f->msgs == 1)
		fake_nl_ack(f, req, -EOPNOTSUPP, NULL, 0);
}

static void refuses_second(struct fake_nl *f, const struct nlmsghdr *req)
{
	if (f->msgs == 2)
		fake_nl_ack(f, req, -EEXIST, NULL, 0);
	if (f->msgs == 3)
		fake_nl_ack(f, req, -ENOENT, NULL, 0);
}

static void test_transact(void **state)
{
	struct fake_nl f = { .handle = commits };
	struct wgq_err e = {};
	struct nl nl;

	(void)state;
	assert_int_equal(transact(&f, &e), 0);
	f = (struct fake_nl){ .handle = refuses_whole };
	assert_int_equal(transact(&f, &e), -EOPNOTSUPP);
	f = (struct fake_nl){ .handle = refuses_second };
	e = (struct wgq_err){};
	assert_int_equal(transact(&f, &e), -EEXIST);
	assert_string_equal(e.msg, "File exists");
	nl_init(&nl, NETLINK_NETFILTER, &fake_nl_ops, &f);
	assert_int_equal(nl_transact(&nl, NULL, 0, &e), -EINVAL);
}

/* Answers all but every seventh, which it refuses. */
static void answers(struct fake_nl *f, const struct nlmsghdr *req)
{
	const struct rtmsg rtm = {};

	assert_false(req->nlmsg_flags & NLM_F_ACK);
	if (f->msgs % 7 == 0)
		fake_nl_ack(f, req, -ENETUNREACH, NULL, 0);
	else
		fake_nl_reply(f, req, RTM_NEWROUTE, 0, &rtm, sizeof(rtm));
}

/* Questions are over with the last one's answer, or its refusal. */
static void test_batch_questions(void **state)
{
	const int none[] = { -1 };
	const int sizes[] = { 1, 6, 7, 8, 60 };
	struct batch_result r;
	struct wgq_err e = {};
	struct fake_nl f;
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		f = (struct fake_nl){ .handle = answers };
		s = (struct seen){ .go_on = true };
		r = batch(&f, &s, sizes[i], none, &ask_ops, &e);
		assert_int_equal(r.flush, 0);
		assert_int_equal(f.msgs, sizes[i]);
		assert_int_equal(s.refusals, sizes[i] / 7);
		assert_int_equal(s.replies, sizes[i] - sizes[i] / 7);
		assert_int_equal(f.opens, 1);
	}
}

static void tick(int sig)
{
	(void)sig;
}

/* Against the real kernel, with signals coming in all the while. */
static void test_live_batch(void **state)
{
	const struct sigaction sa = { .sa_handler = tick };
	struct itimerval timer = { { 0, 500 }, { 0, 500 } };
	struct seen s = { .go_on = true };
	struct wgq_err e = {};
	struct nl_batch b;
	NLMSG(m, RTNL_MSG_SIZE);
	struct nl nl;

	(void)state;
	if (!own_netns()) {
		print_message("net_nl: needs root: live test skipped\n");
		skip();
	}
	nl_init(&nl, NETLINK_ROUTE, &nl_kernel_ops, NULL);
	nl_batch_begin(&b, &nl, &(struct nl_batch_ops){}, &s);
	rtnl_build_link_del(&m, 4711);
	assert_int_equal(nl_batch_add(&b, &m, &e), 0);
	assert_int_equal(nl_batch_flush(&b, &e), -ENODEV);
	assert_string_equal(e.msg, "No such device");
	nl_batch_done(&b);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	e = (struct wgq_err){};
	nl_batch_begin(
		&b, &nl,
		&(struct nl_batch_ops){ .reply = NULL, .refused = see_refusal },
		&s);
	/* All refused: what they leave must fit the receive buffer. */
	for (int i = 0; i < 40; i++) {
		rtnl_build_link_del(&m, 4711);
		assert_int_equal(nl_batch_add(&b, &m, &e), 0);
	}
	assert_int_equal(nl_batch_flush(&b, &e), 0);
	assert_int_equal(s.refusals, 40);
	timer = (struct itimerval){};
	setitimer(ITIMER_REAL, &timer, NULL);
	nl_batch_done(&b);
	nl_done(&nl);
}

static int count_refusal(void *ctx, size_t index, const struct wgq_err *why)
{
	size_t *n = ctx;

	assert_int_equal(index, *n);
	assert_int_equal(why->code, -EINVAL);
	++*n;
	return 0;
}

static int count_answer(void *ctx, size_t index, const struct nlmsghdr *nlh,
			struct wgq_err *e)
{
	struct rtnl_route r;
	size_t *n = ctx;

	(void)e;
	assert_true(rtnl_read_route(nlh, &r));
	assert_int_equal(index, *n);
	++*n;
	return 0;
}

static void test_live_batch_of_many(void **state)
{
	const struct nl_batch_ops ops = { .refused = count_refusal,
					  .reply = count_answer };
	const struct nl_batch_ops questions = { .refused = count_refusal,
						.reply = count_answer,
						.questions = true };
	struct addr bad = { .family = AF_INET, .plen = 8, .b = { 10, 1 } };
	struct addr host = { .family = AF_INET, .plen = 32, .b = { 127 } };
	struct wgq_err e = {};
	struct nl_batch b;
	NLMSG(m, RTNL_MSG_SIZE);
	size_t n = 0;
	struct nl nl;

	(void)state;
	if (!own_netns()) {
		print_message("net_nl: needs root: live test skipped\n");
		skip();
	}
	nl_init(&nl, NETLINK_ROUTE, &nl_kernel_ops, NULL);
	rtnl_build_link_up(&m, 1, 65536);
	assert_int_equal(nl_talk(&nl, &m, NULL, NULL, &e), 0);
	nl_batch_begin(&b, &nl, &ops, &n);
	rtnl_build_route_add(&m, &bad, 1, 254);
	nlmsg_hdr(&m)->nlmsg_flags &= ~NLM_F_ACK;
	for (int i = 0; i < LIVE_BATCH; i++)
		assert_int_equal(nl_batch_add(&b, &m, &e), 0);
	assert_int_equal(nl_batch_flush(&b, &e), 0);
	assert_int_equal(n, LIVE_BATCH);
	nl_batch_done(&b);
	n = 0;
	nl_batch_begin(&b, &nl, &questions, &n);
	for (int i = 0; i < LIVE_BATCH; i++) {
		host.b[2] = (uint8_t)(i >> 8);
		host.b[3] = (uint8_t)i;
		rtnl_build_route_get(&m, &host);
		assert_int_equal(nl_batch_add(&b, &m, &e), 0);
	}
	assert_int_equal(nl_batch_flush(&b, &e), 0);
	assert_int_equal(n, LIVE_BATCH);
	nl_batch_done(&b);
	/* The kernel's own words, and the attribute it means. */
	e = (struct wgq_err){};
	rtnl_build_route_add(&m, &bad, 1, 254);
	assert_int_equal(nl_talk(&nl, &m, NULL, NULL, &e), -EINVAL);
	assert_string_equal(e.msg, "Invalid prefix for given prefix length: "
				   "Invalid argument");
	nl_done(&nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nlmsg_bytes),
		cmocka_unit_test(test_nlmsg_full_is_sticky),
		cmocka_unit_test(test_nlmsg_rollback),
		cmocka_unit_test(test_nlmsg_nest_of_64k),
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_talk_reply_fails),
		cmocka_unit_test(test_talk_refused),
		cmocka_unit_test(test_talk_refused_plainly),
		cmocka_unit_test(test_talk_uncapped),
		cmocka_unit_test(test_talk_transport_failures),
		cmocka_unit_test(test_talk_refuses_full),
		cmocka_unit_test(test_talk_truncated),
		cmocka_unit_test(test_talk_huge_length),
		cmocka_unit_test(test_talk_wild_errno),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_dump_ends_with_error),
		cmocka_unit_test(test_dump_of_no_table),
		cmocka_unit_test(test_dump_stops_early),
		cmocka_unit_test(test_dump_reply_fails),
		cmocka_unit_test(test_dump_torn),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_batch_stops),
		cmocka_unit_test(test_batch_questions),
		cmocka_unit_test(test_batch_goes_on),
		cmocka_unit_test(test_batch_answers),
		cmocka_unit_test(test_batch_loses_answers),
		cmocka_unit_test(test_transact),
		cmocka_unit_test(test_live_batch),
		cmocka_unit_test(test_live_batch_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
