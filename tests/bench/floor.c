// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peers.h"

/**
 * DOC: how it works
 *
 * floor N does what the kernel must be asked to do to bring up a tunnel of N
 * peers, and nothing else: it reads no file, looks at nothing, decides
 * nothing.  Every message is made from constants right before it is sent.  No
 * tool that ends with the same kernel state can be faster by much, so this is
 * what `up` is measured against.
 *
 * The messages are those of the contract, packed as full as the kernel takes
 * them: new link; SET_DEVICE of about 60 KiB each; one address; a route lookup
 * an endpoint, pipelined; MTU and up in one; a route a peer, pipelined, with
 * only the last acknowledged (the kernel reports errors of the others too).
 */

/* The link gets an index of our choice, so that it need not be looked up. */
#define INDEX 4242
/* A PEERS attribute has a 16 bit length; half a KiB of room for one peer. */
#define SET_SIZE (60 * 1024)
#define BATCH_SIZE (60 * 1024)
/* Answers wait in the socket: as many lookups as surely fit. */
#define LOOKUPS 512
#define RECEIVE_BUFFER (16 << 20)

struct sender {
	int fd;
	uint32_t seq;
	size_t len;
	char buf[BATCH_SIZE + 4096] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static struct sender rtnl, genl;

static void die(const char *what, int err)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(err));
	exit(1);
}

static void sender_open(struct sender *s, int protocol)
{
	int size = RECEIVE_BUFFER;

	s->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (s->fd < 0)
		die("socket", errno);
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)) != 0)
		die("SO_RCVBUFFORCE", errno);
}

/* Begins a message at the end of the buffer, its header of @size zeroed. */
static struct nlmsghdr *begin(struct sender *s, uint16_t type, uint16_t flags,
			      size_t size)
{
	struct nlmsghdr *n = (struct nlmsghdr *)(s->buf + s->len);

	memset(n, 0, NLMSG_SPACE(size));
	n->nlmsg_len = NLMSG_SPACE(size);
	n->nlmsg_type = type;
	n->nlmsg_flags = NLM_F_REQUEST | flags;
	n->nlmsg_seq = ++s->seq;
	return n;
}

static struct nlattr *put(struct nlmsghdr *n, uint16_t type, const void *data,
			  size_t len)
{
	struct nlattr *a =
		(struct nlattr *)((char *)n + NLMSG_ALIGN(n->nlmsg_len));
	size_t pad = NLA_ALIGN(len) - len;

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	memset((char *)a + a->nla_len, 0, pad);
	n->nlmsg_len = NLMSG_ALIGN(n->nlmsg_len) + NLA_HDRLEN + NLA_ALIGN(len);
	return a;
}

static struct nlattr *nest(struct nlmsghdr *n, uint16_t type)
{
	return put(n, type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(struct nlmsghdr *n, struct nlattr *a)
{
	a->nla_len = (char *)n + n->nlmsg_len - (char *)a;
}

static void end(struct sender *s, const struct nlmsghdr *n)
{
	s->len += NLMSG_ALIGN(n->nlmsg_len);
}

static void flush(struct sender *s)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent = sendto(s->fd, s->buf, s->len, 0,
			      (struct sockaddr *)&kernel, sizeof(kernel));

	if (sent != (ssize_t)s->len)
		die("send", sent < 0 ? errno : EMSGSIZE);
	s->len = 0;
}

/* Reads until the message with number @seq was answered. */
static void drain(struct sender *s, uint32_t seq, const char *what)
{
	static char buf[64 * 1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *n;
	const struct nlmsgerr *e;
	ssize_t len;

	for (;;) {
		len = recv(s->fd, buf, sizeof(buf), 0);
		if (len < 0)
			die(what, errno);
		for (n = (const void *)buf; NLMSG_OK(n, len);
		     n = NLMSG_NEXT(n, len)) {
			e = NLMSG_DATA(n);
			if (n->nlmsg_type == NLMSG_ERROR && e->error != 0)
				die(what, -e->error);
			if (n->nlmsg_seq == seq)
				return;
		}
	}
}

static void add_link(void)
{
	struct nlmsghdr *n =
		begin(&rtnl, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		      sizeof(struct ifinfomsg));
	struct ifinfomsg *m = NLMSG_DATA(n);
	struct nlattr *info;

	m->ifi_index = INDEX;
	put(n, IFLA_IFNAME, BENCH_IFNAME, sizeof(BENCH_IFNAME));
	info = nest(n, IFLA_LINKINFO);
	put(n, IFLA_INFO_KIND, "wireguard", strlen("wireguard"));
	nest_end(n, info);
	end(&rtnl, n);
	flush(&rtnl);
	drain(&rtnl, rtnl.seq, "add the link");
}

static uint16_t wireguard_family(void)
{
	struct nlmsghdr *n =
		begin(&genl, GENL_ID_CTRL, 0, sizeof(struct genlmsghdr));
	struct genlmsghdr *g = NLMSG_DATA(n);
	char buf[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlattr *a;
	const char *stop;
	ssize_t len;

	g->cmd = CTRL_CMD_GETFAMILY;
	g->version = 1;
	put(n, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME, sizeof(WG_GENL_NAME));
	end(&genl, n);
	flush(&genl);
	len = recv(genl.fd, buf, sizeof(buf), 0);
	if (len < 0)
		die("find the family", errno);
	n = (struct nlmsghdr *)buf;
	if (n->nlmsg_type == NLMSG_ERROR)
		die("find the family",
		    -((struct nlmsgerr *)NLMSG_DATA(n))->error);
	stop = buf + len;
	for (a = (void *)(buf + NLMSG_SPACE(sizeof(*g)));
	     (const char *)a + NLA_HDRLEN <= stop && a->nla_len >= NLA_HDRLEN;
	     a = (void *)((char *)a + NLA_ALIGN(a->nla_len))) {
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(const uint16_t *)((char *)a + NLA_HDRLEN);
	}
	die("find the family", ENOENT);
	return 0;
}

static void put_peer(struct nlmsghdr *m, uint32_t n)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(BENCH_PORT),
		.sin_addr.s_addr = htonl(bench_endpoint(n)),
	};
	struct nlattr *peer = nest(m, 0), *list, *item;
	uint32_t flags = WGPEER_F_REPLACE_ALLOWEDIPS;
	uint32_t ip = htonl(bench_route(n));
	uint16_t family = AF_INET;
	uint8_t key[32], bits = 32;

	bench_key(n, key);
	put(m, WGPEER_A_PUBLIC_KEY, key, sizeof(key));
	put(m, WGPEER_A_ENDPOINT, &to, sizeof(to));
	put(m, WGPEER_A_FLAGS, &flags, sizeof(flags));
	list = nest(m, WGPEER_A_ALLOWEDIPS);
	item = nest(m, 0);
	put(m, WGALLOWEDIP_A_FAMILY, &family, sizeof(family));
	put(m, WGALLOWEDIP_A_IPADDR, &ip, sizeof(ip));
	put(m, WGALLOWEDIP_A_CIDR_MASK, &bits, sizeof(bits));
	nest_end(m, item);
	nest_end(m, list);
	nest_end(m, peer);
}

static void set_device(uint16_t family, uint32_t peers)
{
	uint16_t port = BENCH_PORT;
	struct genlmsghdr *g;
	struct nlmsghdr *m;
	struct nlattr *list;
	uint32_t n = 1;
	uint8_t key[32];

	while (n <= peers) {
		m = begin(&genl, family, NLM_F_ACK, sizeof(*g));
		g = NLMSG_DATA(m);
		g->cmd = WG_CMD_SET_DEVICE;
		g->version = WG_GENL_VERSION;
		put(m, WGDEVICE_A_IFNAME, BENCH_IFNAME, sizeof(BENCH_IFNAME));
		if (n == 1) {
			bench_key(0, key);
			put(m, WGDEVICE_A_PRIVATE_KEY, key, sizeof(key));
			put(m, WGDEVICE_A_LISTEN_PORT, &port, sizeof(port));
		}
		list = nest(m, WGDEVICE_A_PEERS);
		for (; n <= peers && m->nlmsg_len < SET_SIZE; n++)
			put_peer(m, n);
		nest_end(m, list);
		end(&genl, m);
		flush(&genl);
		drain(&genl, genl.seq, "set the device");
	}
}

static void add_address(void)
{
	struct nlmsghdr *n =
		begin(&rtnl, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		      sizeof(struct ifaddrmsg));
	struct ifaddrmsg *m = NLMSG_DATA(n);
	uint32_t ip = htonl(BENCH_ADDRESS);

	m->ifa_family = AF_INET;
	m->ifa_prefixlen = 32;
	m->ifa_index = INDEX;
	put(n, IFA_LOCAL, &ip, sizeof(ip));
	put(n, IFA_ADDRESS, &ip, sizeof(ip));
	end(&rtnl, n);
	flush(&rtnl);
	drain(&rtnl, rtnl.seq, "add the address");
}

static void look_up(uint32_t peers)
{
	struct nlmsghdr *m;
	struct rtmsg *r;
	uint32_t n, ip;

	for (n = 1; n <= peers; n++) {
		m = begin(&rtnl, RTM_GETROUTE, 0, sizeof(*r));
		r = NLMSG_DATA(m);
		r->rtm_family = AF_INET;
		r->rtm_dst_len = 32;
		r->rtm_flags = RTM_F_LOOKUP_TABLE;
		ip = htonl(bench_endpoint(n));
		put(m, RTA_DST, &ip, sizeof(ip));
		end(&rtnl, m);
		if (n % LOOKUPS == 0 || n == peers) {
			flush(&rtnl);
			drain(&rtnl, rtnl.seq, "look up an endpoint");
		}
	}
}

static void set_up(void)
{
	struct nlmsghdr *n =
		begin(&rtnl, RTM_NEWLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	struct ifinfomsg *m = NLMSG_DATA(n);
	uint32_t mtu = BENCH_MTU;

	m->ifi_index = INDEX;
	m->ifi_flags = m->ifi_change = IFF_UP;
	put(n, IFLA_MTU, &mtu, sizeof(mtu));
	end(&rtnl, n);
	flush(&rtnl);
	drain(&rtnl, rtnl.seq, "set the link up");
}

static void add_routes(uint32_t peers)
{
	uint32_t n, ip, oif = INDEX;
	struct nlmsghdr *m;
	struct rtmsg *r;

	for (n = 1; n <= peers; n++) {
		m = begin(&rtnl, RTM_NEWROUTE,
			  NLM_F_CREATE | NLM_F_EXCL |
				  (n == peers ? NLM_F_ACK : 0),
			  sizeof(*r));
		r = NLMSG_DATA(m);
		r->rtm_family = AF_INET;
		r->rtm_dst_len = 32;
		r->rtm_table = RT_TABLE_MAIN;
		r->rtm_protocol = RTPROT_BOOT;
		r->rtm_scope = RT_SCOPE_LINK;
		r->rtm_type = RTN_UNICAST;
		ip = htonl(bench_route(n));
		put(m, RTA_DST, &ip, sizeof(ip));
		put(m, RTA_OIF, &oif, sizeof(oif));
		end(&rtnl, m);
		if (rtnl.len >= BATCH_SIZE || n == peers)
			flush(&rtnl);
	}
	drain(&rtnl, rtnl.seq, "add a route");
}

int main(int argc, char **argv)
{
	uint32_t peers = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

	if (peers < 1 || peers > BENCH_MAX_PEERS) {
		fprintf(stderr, "usage: floor N (N <= %d)\n", BENCH_MAX_PEERS);
		return 2;
	}
	sender_open(&rtnl, NETLINK_ROUTE);
	sender_open(&genl, NETLINK_GENERIC);
	add_link();
	set_device(wireguard_family(), peers);
	add_address();
	look_up(peers);
	set_up();
	add_routes(peers);
	return 0;
}
