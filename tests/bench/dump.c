// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The floor of looking at a ruleset: one dump of nf_tables' rules by a bare
 * loop, which looks at nothing but the end of the list.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	static char buf[64 * 1024];
	struct {
		struct nlmsghdr nlh;
		struct nfgenmsg nfg;
	} req = {
		.nlh = {
			.nlmsg_len = sizeof(req),
			.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 |
				      NFT_MSG_GETRULE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.nfg = { .version = NFNETLINK_V0 },
	};
	const struct nlmsghdr *nlh;
	unsigned long rules = 0;
	ssize_t n;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0 || send(fd, &req, sizeof(req), 0) != sizeof(req))
		return 1;
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (nlh = (const void *)buf; NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n)) {
			if (nlh->nlmsg_type == NLMSG_DONE) {
				printf("%lu\n", rules);
				return 0;
			}
			rules++;
		}
	return 1;
}
