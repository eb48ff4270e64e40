// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long does nft_dump() take beside a bare dump?
 *
 *	fwdump [RUNS]
 *
 * In a network namespace of its own, so as root, with 10, 1000 and 30000 rules
 * in a chain of table ip filter.  The bare loop sends the same requests through
 * libmnl and looks at nothing but the end of each list.  Each run opens its
 * socket and releases all it took; medians are printed.
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cleanup.h"
#include "net/nft.h"

#define RX_SIZE (64 * 1024)
#define MAX_RUNS 1000

/* Time of the processor, in user and kernel mode: nothing here waits, and so
 * what else the machine does does not count. */
static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int end_of_list(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return MNL_CB_OK;
}

static void ask(struct mnl_socket *nl, uint8_t type, bool list, char *rx)
{
	char req[64];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req);
	struct nfgenmsg *nfg;
	ssize_t n;
	int ret = MNL_CB_OK;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | (list ? NLM_F_DUMP : 0);
	nlh->nlmsg_seq = type;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = NFPROTO_UNSPEC;
	nfg->version = NFNETLINK_V0;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		die("send");
	do {
		n = mnl_socket_recvfrom(nl, rx, RX_SIZE);
		if (n > 0)
			ret = mnl_cb_run(rx, (size_t)n, type,
					 mnl_socket_get_portid(nl), end_of_list,
					 NULL);
		if (n <= 0 || ret < MNL_CB_STOP)
			die("dump");
	} while (list && ret > MNL_CB_STOP);
}

static void bare(void)
{
	static const uint8_t lists[] = { NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN,
					 NFT_MSG_GETSET, NFT_MSG_GETRULE };
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
	char *rx = malloc(RX_SIZE);

	if (!nl || !rx || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("socket");
	ask(nl, NFT_MSG_GETGEN, false, rx);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		ask(nl, lists[i], true, rx);
	ask(nl, NFT_MSG_GETGEN, false, rx);
	mnl_socket_close(nl);
	free(rx);
}

static void ours(size_t want)
{
	cleanup(fw_ruleset_done) struct fw_ruleset rs = {};
	cleanup(nl_done) struct nl nl;
	const struct fw_chain *c;
	struct wgq_err e = {};

	nl_init(&nl, NETLINK_NETFILTER, &nl_kernel_ops, NULL);
	if (nft_dump(&nl, &rs, &e)) {
		fprintf(stderr, "fwdump: %s\n", e.msg);
		exit(1);
	}
	c = rs.n_table ? fw_chain_find(rs.table[0], "FORWARD") : NULL;
	if (!c || c->n_rule != want) {
		fprintf(stderr, "fwdump: not all rules were read\n");
		exit(1);
	}
}

/* Rules as hosts have them by the thousand: a list of banned addresses. */
static void fill(size_t n)
{
	FILE *p = popen("iptables-nft-restore", "w");

	if (!p)
		die("iptables-nft-restore");
	fprintf(p, "*filter\n:INPUT ACCEPT\n:FORWARD DROP\n:OUTPUT ACCEPT\n");
	for (size_t i = 0; i < n; i++)
		fprintf(p,
			"-A FORWARD -i eth%zu -s 10.%zu.%zu.%zu/32 -p tcp "
			"--dport %zu -m conntrack --ctstate NEW -m comment "
			"--comment \"ban %zu\" -j %s\n",
			i % 8, i >> 16 & 255, i >> 8 & 255, i & 255,
			i % 65535 + 1, i, i % 2 ? "DROP" : "REJECT");
	fprintf(p, "COMMIT\n");
	if (pclose(p))
		die("iptables-nft-restore");
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median_ms(int64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return (double)v[n / 2] / 1e6;
}

static void measure(size_t rules, size_t runs)
{
	static int64_t base[MAX_RUNS], mine[MAX_RUNS];
	double b, m;
	int64_t t;

	/* The first ones warm up. */
	for (size_t i = 0; i < runs + 2; i++) {
		t = now_ns();
		bare();
		base[i < 2 ? 0 : i - 2] = now_ns() - t;
		t = now_ns();
		ours(rules);
		mine[i < 2 ? 0 : i - 2] = now_ns() - t;
	}
	b = median_ms(base, runs);
	m = median_ms(mine, runs);
	printf("%6zu rules: bare %8.3f ms, nft_dump %8.3f ms, ratio %.2f\n",
	       rules, b, m, m / b);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 10, 1000, 30000 };
	size_t runs = argc > 1 ? (size_t)atoi(argv[1]) : 21;
	struct rusage ru;

	if (runs < 1 || runs > MAX_RUNS)
		runs = 21;
	if (unshare(CLONE_NEWNET))
		die("unshare");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(sizes[i]);
		/* A run takes seconds then: the kernel goes through the chain
		 * from its head for each datagram. */
		measure(sizes[i], sizes[i] > 10000 ? runs / 4 + 1 : runs);
	}
	getrusage(RUSAGE_SELF, &ru);
	printf("peak memory: %ld KiB\n", ru.ru_maxrss);
	return 0;
}
