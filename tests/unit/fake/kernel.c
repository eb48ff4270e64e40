// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "private.h"

#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#define NLM_F_ACK_TLVS 0x200
#endif

/* Entries of a list in one datagram: few, so that readers meet several. */
#define ENTRIES 2

void fake_die(const char *why)
{
	fprintf(stderr, "fake kernel: %s\n", why);
	abort();
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fake_die("no memory");
	return p;
}

void fake_init(struct fake *f)
{
	static const struct {
		uint8_t family;
		uint32_t priority, table;
	} rules[] = {
		{ AF_INET, 0, 255 },	  { AF_INET, 32766, 254 },
		{ AF_INET, 32767, 253 },  { AF_INET6, 0, 255 },
		{ AF_INET6, 32766, 254 },
	};
	size_t i;

	memset(f, 0, sizeof(*f));
	f->s = share(sizeof(*f->s));
	f->c = share(sizeof(*f->c));
	f->s->next_index = 2;
	f->s->nft.next_handle = f->s->nft.generation = 1;
	f->s->has_wireguard = f->s->has_nft = true;
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		fake_rule_add(f, &(struct fake_rule){
					 .family = rules[i].family,
					 .action = 1,
					 .priority = rules[i].priority,
					 .table = rules[i].table,
					 .suppress = -1,
				 });
}

static void close_socks(struct fake *f)
{
	size_t i;

	for (i = 0; i < FAKE_SOCKS; i++) {
		buf_done(&f->socks[i].queue);
		f->socks[i] = (struct fake_sock){ 0 };
	}
	buf_done(&f->out);
	f->out_entries = 0;
}

void fake_done(struct fake *f)
{
	close_socks(f);
	munmap(f->s, sizeof(*f->s));
	munmap(f->c, sizeof(*f->c));
}

void fake_arm(struct fake *f, const struct fake_plan *plan)
{
	struct fake_control *c = f->c;

	close_socks(f);
	c->plan = plan ? *plan : (struct fake_plan){ 0 };
	c->n = c->datagrams = 0;
	c->trace = 0;
	c->stop = 0;
	c->pid = getpid();
}

int fake_begin(struct fake *f, const char *what, bool change)
{
	struct fake_control *c = f->c;
	struct fake_request *r;
	size_t i;

	c->n++;
	if (c->n >= FAKE_LOG)
		fake_die("too many requests");
	if (c->n >= c->plan.meddle[0] && c->n <= c->plan.meddle[1])
		fake_nft_meddle(f);
	r = &c->log[c->n];
	*r = (struct fake_request){ .change = change,
				    .datagram = c->datagrams,
				    .trace = c->trace };
	snprintf(r->what, sizeof(r->what), "%s", what);
	if (c->plan.kill == FAKE_KILL_BEFORE && c->plan.kill_at == c->n) {
		kill(c->pid, SIGKILL);
		return FAKE_KILLED;
	}
	for (i = 0; i < FAKE_FAULTS; i++)
		if (c->plan.fail[i] == c->n)
			return c->plan.error[i];
	return 0;
}

void fake_end(struct fake *f)
{
	struct fake_control *c = f->c;

	if (c->plan.kill == FAKE_KILL_AFTER && c->plan.kill_at == c->n)
		kill(c->pid, SIGKILL);
	if (c->plan.stop_after == c->n)
		c->stop = SIGTERM;
}

int fake_refuse(struct fake *f, int code, const char *text)
{
	f->text = text;
	return code;
}

int fake_parse(const void *at, size_t len, const struct nlattr **tb,
	       const uint16_t *allowed)
{
	const struct nlattr *attr = at;
	int left = (int)len;
	uint16_t type;
	size_t i;

	memset(tb, 0, FAKE_ATTRS * sizeof(*tb));
	for (; mnl_attr_ok(attr, left); attr = mnl_attr_next(attr)) {
		type = mnl_attr_get_type(attr);
		for (i = 0; allowed[i] && allowed[i] != type; i++)
			;
		if (!allowed[i] || type >= FAKE_ATTRS)
			return -EINVAL;
		tb[type] = attr;
		left -= (int)MNL_ALIGN(attr->nla_len);
	}
	return left > 0 ? -EINVAL : 0;
}

int fake_parse_msg(const struct nlmsghdr *nlh, size_t hdr,
		   const struct nlattr **tb, const uint16_t *allowed)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	if (len < MNL_ALIGN(hdr))
		return -EINVAL;
	return fake_parse(mnl_nlmsg_get_payload_offset(nlh, hdr),
			  len - MNL_ALIGN(hdr), tb, allowed);
}

/* A datagram in a queue is its length and its bytes. */
static void flush_out(struct fake *f, struct fake_sock *sock)
{
	uint32_t len = (uint32_t)f->out.len;

	if (len) {
		buf_add(&sock->queue, &len, sizeof(len));
		buf_add(&sock->queue, f->out.p, f->out.len);
	}
	buf_reset(&f->out);
	f->out_entries = 0;
}

struct nlmsghdr *fake_reply(const struct nlmsghdr *req, char *buf,
			    uint16_t type, const void *hdr, size_t len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = req->nlmsg_seq;
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), hdr, len);
	return nlh;
}

static struct fake_sock *busy_sock(struct fake *f)
{
	size_t i;

	for (i = 0; i < FAKE_SOCKS; i++)
		if (f->socks[i].open && f->socks[i].at == SIZE_MAX)
			return &f->socks[i];
	fake_die("a reply without a request");
}

void fake_reply_end(struct fake *f, struct nlmsghdr *nlh, bool multi)
{
	if (multi)
		nlh->nlmsg_flags |= NLM_F_MULTI;
	buf_add(&f->out, nlh, nlh->nlmsg_len);
	if (multi && ++f->out_entries == ENTRIES)
		flush_out(f, busy_sock(f));
}

int fake_dump_end(struct fake *f, const struct nlmsghdr *req)
{
	char buf[64];
	const int zero = 0;
	struct nlmsghdr *nlh;

	nlh = fake_reply(req, buf, NLMSG_DONE, &zero, sizeof(zero));
	fake_reply_end(f, nlh, true);
	return FAKE_DUMPED;
}

static void ack(struct fake *f, const struct nlmsghdr *req, int code)
{
	const struct nlmsgerr err = { .error = code, .msg = *req };
	struct nlmsghdr *nlh;
	char buf[512];

	nlh = fake_reply(req, buf, NLMSG_ERROR, &err, sizeof(err));
	nlh->nlmsg_flags |= NLM_F_CAPPED;
	if (code && f->text) {
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, f->text);
	}
	f->text = NULL;
	fake_reply_end(f, nlh, false);
}

struct request_name {
	int protocol;
	uint16_t type;
	const char *name;
	bool change;
};

static const struct request_name request_names[] = {
	{ NETLINK_ROUTE, 16, "NEWLINK", true },
	{ NETLINK_ROUTE, 17, "DELLINK", true },
	{ NETLINK_ROUTE, 18, "GETLINK", false },
	{ NETLINK_ROUTE, 20, "NEWADDR", true },
	{ NETLINK_ROUTE, 22, "GETADDR", false },
	{ NETLINK_ROUTE, 24, "NEWROUTE", true },
	{ NETLINK_ROUTE, 26, "GETROUTE", false },
	{ NETLINK_ROUTE, 32, "NEWRULE", true },
	{ NETLINK_ROUTE, 33, "DELRULE", true },
	{ NETLINK_ROUTE, 34, "GETRULE", false },
	{ NETLINK_GENERIC, 16, "GETFAMILY", false },
	{ NETLINK_GENERIC, FAKE_WG_FAMILY, "WIREGUARD", true },
	{ NETLINK_NETFILTER, 0xa01, "GETTABLE", false },
	{ NETLINK_NETFILTER, 0xa04, "GETCHAIN", false },
	{ NETLINK_NETFILTER, 0xa07, "GETRULE", false },
	{ NETLINK_NETFILTER, 0xa0a, "GETSET", false },
	{ NETLINK_NETFILTER, 0xa0d, "GETSETELEM", false },
	{ NETLINK_NETFILTER, 0xa10, "GETGEN", false },
};

static int begin(struct fake *f, int protocol, const struct nlmsghdr *nlh)
{
	const struct request_name *r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(request_names); i++) {
		r = &request_names[i];
		if (r->protocol == protocol && r->type == nlh->nlmsg_type)
			return fake_begin(f, r->name,
					  r->change && !fake_is_dump(nlh));
	}
	return fake_begin(f, "unknown", true);
}

static int request(struct fake *f, int protocol, const struct nlmsghdr *nlh)
{
	switch (protocol) {
	case NETLINK_ROUTE:
		return fake_route_request(f, nlh);
	case NETLINK_GENERIC:
		return fake_genl_request(f, nlh);
	case NETLINK_NETFILTER:
		return fake_nft_request(f, nlh);
	}
	return -EOPNOTSUPP;
}

/* As netlink_rcv_skb(): each message by itself, refusals always answered. */
static void serve_messages(struct fake *f, int protocol,
			   const struct nlmsghdr *nlh, int left)
{
	int ret;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		f->text = NULL;
		ret = begin(f, protocol, nlh);
		if (!ret && nlh->nlmsg_flags & NLM_F_REQUEST) {
			ret = request(f, protocol, nlh);
			fake_end(f);
		}
		if (ret < 0 || (!ret && nlh->nlmsg_flags & NLM_F_ACK))
			ack(f, nlh, ret < 0 ? ret : 0);
	}
	if (left > 0)
		fake_die("bytes behind the last message");
}

static bool is_batch(int protocol, const struct nlmsghdr *nlh)
{
	return protocol == NETLINK_NETFILTER && nlh->nlmsg_type == 16;
}

static void commit(struct fake *f, const struct fake_nft *nft)
{
	uint32_t generation = f->s->nft.generation;

	f->s->nft = *nft;
	f->s->nft.generation = generation + 1;
}

/*
 * As nfnetlink_rcv_batch(): messages are gone through to the end, whatever is
 * refused; ENOMEM ends it in the name of the first message, and so does a
 * commit that fails.  Answers come behind all of it.
 */
static void serve_batch(struct fake *f, const struct nlmsghdr *first, int left)
{
	struct fake_nft *nft = malloc(sizeof(*nft));
	const struct nlmsghdr *nlh = first;
	bool failed = false, ended = false;
	int ret = 0;

	if (!nft)
		fake_die("no memory");
	for (; mnl_nlmsg_ok(nlh, left) && !ended;
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		f->text = NULL;
		ended = nlh->nlmsg_type == 17;
		ret = fake_begin(f, ended ? "BATCH_END" : "BATCH", true);
		if (ended && failed)
			ret = 0;
		else if (!ret && ended)
			commit(f, nft);
		else if (nlh == first)
			*nft = f->s->nft;
		if (!ret && nlh == first)
			ret = fake_nft_begin(nlh, nft);
		else if (!ret && !ended)
			ret = fake_nft_message(f, nlh, nft);
		if (!ret || ret > 0)
			fake_end(f);
		if (ret == -ENOMEM || (ret && (ended || nlh == first))) {
			buf_reset(&f->out);
			ack(f, first, ret);
			break;
		}
		failed |= ret < 0;
		if (ret || (nlh->nlmsg_flags & NLM_F_ACK && !ended))
			ack(f, nlh, ret);
	}
	if (!ended && ret != -ENOMEM && nlh != first && left == 0)
		fake_die("a batch without an end");
	free(nft);
}

static int fake_open(void *ctx, int protocol, int *ret_sock, struct wgq_err *e)
{
	struct fake *f = ctx;
	int i;

	if (protocol == NETLINK_NETFILTER && !f->s->has_nft)
		return err_sys(e, -EPROTONOSUPPORT, "netlink");
	for (i = 0; i < FAKE_SOCKS && f->socks[i].open; i++)
		;
	if (i == FAKE_SOCKS)
		fake_die("too many sockets");
	f->socks[i] = (struct fake_sock){ .open = true, .protocol = protocol };
	*ret_sock = i;
	return 0;
}

static struct fake_sock *sock_of(struct fake *f, int sock)
{
	if (sock < 0 || sock >= FAKE_SOCKS || !f->socks[sock].open)
		fake_die("no such socket");
	return &f->socks[sock];
}

static ssize_t fake_send(void *ctx, int sock, const void *buf, size_t len)
{
	struct fake *f = ctx;
	struct fake_sock *s = sock_of(f, sock);
	size_t at = s->at;

	f->c->datagrams++;
	if (len < sizeof(struct nlmsghdr))
		fake_die("a datagram without a message");
	s->at = SIZE_MAX;
	if (is_batch(s->protocol, buf))
		serve_batch(f, buf, (int)len);
	else
		serve_messages(f, s->protocol, buf, (int)len);
	s->at = at;
	flush_out(f, s);
	return (ssize_t)len;
}

static ssize_t fake_recv(void *ctx, int sock, void *buf, size_t len)
{
	struct fake_sock *s = sock_of(ctx, sock);
	uint32_t n;

	if (s->at == s->queue.len)
		return -EAGAIN;
	memcpy(&n, s->queue.p + s->at, sizeof(n));
	s->at += sizeof(n);
	if (n > len)
		fake_die("a datagram that does not fit");
	memcpy(buf, s->queue.p + s->at, n);
	s->at += n;
	return n;
}

static void fake_close(void *ctx, int sock)
{
	struct fake_sock *s = sock_of(ctx, sock);

	buf_done(&s->queue);
	*s = (struct fake_sock){ 0 };
}

const struct nl_ops fake_ops = {
	.open = fake_open,
	.send = fake_send,
	.recv = fake_recv,
	.close = fake_close,
};

void fake_sysctl(const struct fake *f, const char *name, const char *value)
{
	char path[PATH_MAX + 256];
	cleanup(close_fd) int fd = -1;

	if (!*f->root)
		return;
	snprintf(path, sizeof(path), "%s/proc/sys/%s", f->root, name);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd >= 0 && write(fd, value, strlen(value)) < 0)
		fake_die("cannot write a sysctl");
}

void fake_sysctl_link(const struct fake *f, const char *link, bool there)
{
	char dir[PATH_MAX + 256], path[PATH_MAX + 300];
	cleanup(close_fd) int fd = -1;

	if (!*f->root)
		return;
	snprintf(dir, sizeof(dir), "%s/proc/sys/net/ipv6/conf/%s", f->root,
		 link);
	snprintf(path, sizeof(path), "%s/disable_ipv6", dir);
	if (!there) {
		unlink(path);
		rmdir(dir);
		return;
	}
	if (mkdir(dir, 0755))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, f->s->no_ipv6 ? "1\n" : "0\n", 2) != 2)
		fake_die("cannot make a sysctl");
}

const char *fake_link_name(const struct fake *f, int index)
{
	size_t i;

	for (i = 0; i < f->s->n_links; i++)
		if (f->s->links[i].index == index)
			return f->s->links[i].name;
	return "-";
}

static void dump_links(const struct fake *f, struct buf *out)
{
	const struct fake_link *l;
	size_t i;

	for (i = 0; i < f->s->n_links; i++) {
		l = &f->s->links[i];
		buf_addf(out, "link %s alt %s kind %s flags %#x mtu %u\n",
			 l->name, l->alt, l->kind, l->flags, l->mtu);
	}
}

static void dump_addrs(const struct fake *f, struct buf *out)
{
	const struct fake_addr *a;
	char text[ADDR_STRLEN];
	size_t i, place = 0;

	for (i = 0; i < f->s->n_addrs; i++) {
		a = &f->s->addrs[i];
		place = i && a[-1].link == a->link ? place + 1 : 0;
		buf_addf(out, "addr %s %02zu %s scope %u%s\n",
			 fake_link_name(f, a->link), place,
			 addr_print(&a->addr, text), a->scope,
			 a->secondary ? " secondary" : "");
	}
}

static void dump_routes(const struct fake *f, struct buf *out)
{
	const struct fake_route *r;
	char text[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < f->s->n_routes; i++) {
		r = &f->s->routes[i];
		buf_addf(out,
			 "route table %u %s dev %s metric %u mtu %u type %u "
			 "scope %u proto %u\n",
			 r->table, addr_print(&r->dst, text),
			 fake_link_name(f, r->link), r->metric, r->mtu, r->type,
			 r->scope, r->protocol);
	}
}

static void dump_rules(const struct fake *f, struct buf *out)
{
	const struct fake_rule *r;
	size_t i;

	for (i = 0; i < f->s->n_rules; i++) {
		r = &f->s->rules[i];
		buf_addf(out,
			 "rule %02zu inet%s %u: %smark %#x/%#x action %u "
			 "table %u suppress %d iif %s\n",
			 i, r->family == AF_INET6 ? "6" : "", r->priority,
			 r->invert ? "not " : "", r->mark, r->mask, r->action,
			 r->table, r->suppress, r->iif);
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_lines(struct buf *text, struct buf *out)
{
	char *lines[2048], *rest = text->p, *line;
	size_t n = 0, i;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (n == ARRAY_SIZE(lines))
			fake_die("too many lines");
		if (*line)
			lines[n++] = line;
	}
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (i = 0; i < n; i++)
		buf_addf(out, "%s\n", lines[i]);
}

void fake_dump(const struct fake *f, struct buf *out)
{
	cleanup(buf_done) struct buf text = { 0 };

	dump_links(f, &text);
	dump_addrs(f, &text);
	dump_routes(f, &text);
	dump_rules(f, &text);
	fake_wg_dump(f, &text);
	fake_nft_dump(f, &text);
	sort_lines(&text, out);
}
