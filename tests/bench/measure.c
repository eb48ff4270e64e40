// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/**
 * DOC: how it works
 *
 * measure DIR RUNS STRICT SIZE... takes turns between `wgq up`, the floor and,
 * up to 100 peers, the real wg-quick, and compares them pair by pair: a ratio
 * is the median of the ratios of neighbours, so that what slows the machine
 * for a while slows both.  DIR holds wgq, floor, wg-quick and SIZE/wg0.conf.
 *
 * Only the process is timed, from right before posix_spawn() to the return of
 * wait4().  Each run has a network namespace and a /run of its own.  Deleting
 * a link with many peers takes the kernel longer than adding it, so no
 * namespace is given up before the end.  The program is static and small: the
 * peak memory that wait4() tells counts what the child was before its exec.
 */

#define MAX_RUNS 101
#define SLOW_UP_TO 100

/* Promises: at most this many times the floor, at least this many times
 * faster than wg-quick, at most this much memory. */
#define FLOOR_FACTOR 1.5
static const struct {
	unsigned int peers;
	double quick;
	long rss_kib;
} promises[] = {
	{ 1, 40, 4096 },
	{ 100, 300, 0 },
	{ 10000, 0, 32768 },
};

enum tool { WGQ, FLOOR, QUICK, TOOLS };

struct sample {
	double wall, cpu; /* ms */
	long rss;	  /* KiB */
};

static const char *const names[] = { "wgq", "floor", "wg-quick" };
static struct sample samples[TOOLS][MAX_RUNS];
static const char *dir;
static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					   "HOME=/root", NULL };
static unsigned int missed;

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int shell(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void new_host(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
		die("unshare");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		die("make / private");
	if (mount("bench", "/run", "tmpfs", 0, "mode=755") != 0)
		die("mount /run");
	/* Kept open until the end, and never used. */
	if (open("/proc/self/ns/net", O_RDONLY) < 0)
		die("/proc/self/ns/net");
	if (shell("ip -batch - <<'END'\n"
		  "link set lo up\n"
		  "link add eth0 type veth peer name eth0p\n"
		  "link set eth0p up\n"
		  "link set eth0 up\n"
		  "address add 192.0.2.2/24 dev eth0\n"
		  "route add default via 192.0.2.1\n"
		  "END\n") != 0) {
		fprintf(stderr, "bench: cannot set up a host\n");
		exit(2);
	}
}

static double ms(const struct timespec *a, const struct timespec *b)
{
	return (b->tv_sec - a->tv_sec) * 1e3 + (b->tv_nsec - a->tv_nsec) / 1e6;
}

static double cpu_ms(const struct rusage *r)
{
	return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1e3 +
	       (r->ru_utime.tv_usec + r->ru_stime.tv_usec) / 1e3;
}

/* Messages go to a file that is shown when the tool fails. */
static struct sample spawn(const char *const argv[])
{
	posix_spawn_file_actions_t files;
	struct timespec begin, end;
	struct sample s;
	struct rusage use;
	int status, err;
	pid_t pid;

	/* posix_spawn() takes char *const * and changes nothing. */
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/run/bench.err",
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	err = posix_spawn(&pid, argv[0], &files, NULL, (char *const *)argv,
			  (char *const *)environment);
	if (err) {
		errno = err;
		die(argv[0]);
	}
	if (wait4(pid, &status, 0, &use) != pid)
		die("wait4");
	clock_gettime(CLOCK_MONOTONIC, &end);
	posix_spawn_file_actions_destroy(&files);
	if (status != 0) {
		fprintf(stderr, "bench: %s failed:\n", argv[0]);
		shell("tail -n 5 /run/bench.err >&2");
		exit(2);
	}
	s.wall = ms(&begin, &end);
	s.cpu = cpu_ms(&use);
	s.rss = use.ru_maxrss;
	return s;
}

/* What was measured must be the whole work. */
static void check_result(enum tool t, unsigned int peers)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "[ $(wg show wg0 peers | wc -l) = %u ] &&"
		 "[ $(ip -4 route show dev wg0 | wc -l) = %u ] &&"
		 "[ $(cat /sys/class/net/wg0/mtu 2>/dev/null ||"
		 " ip link show wg0 | sed -n 's/.*mtu \\([0-9]*\\).*/\\1/p')"
		 " = 1420 ]",
		 peers, peers);
	if (shell(command) != 0) {
		fprintf(stderr, "bench: %s did not bring up %u peers\n",
			names[t], peers);
		exit(2);
	}
}

static void run(enum tool t, unsigned int peers, unsigned int i)
{
	char program[4096], conf[4096], number[16];
	const char *const up[] = { program, "up", conf, NULL };
	const char *const floor[] = { program, number, NULL };

	snprintf(program, sizeof(program), "%s/%s", dir, names[t]);
	snprintf(conf, sizeof(conf), "%s/%u/wg0.conf", dir, peers);
	snprintf(number, sizeof(number), "%u", peers);
	new_host();
	samples[t][i] = spawn(t == FLOOR ? floor : up);
	if (i == 0)
		check_result(t, peers);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double ratio(enum tool a, enum tool b, unsigned int runs)
{
	double v[MAX_RUNS];
	unsigned int i;

	for (i = 0; i < runs; i++)
		v[i] = samples[a][i].wall / samples[b][i].wall;
	return median(v, runs);
}

static void print_row(enum tool t, unsigned int peers, unsigned int runs)
{
	double wall[MAX_RUNS], cpu[MAX_RUNS];
	unsigned int i;
	long rss = 0;

	for (i = 0; i < runs; i++) {
		wall[i] = samples[t][i].wall;
		cpu[i] = samples[t][i].cpu;
		if (samples[t][i].rss > rss)
			rss = samples[t][i].rss;
	}
	printf("%6u  %-8s", peers, names[t]);
	printf("  %9.2f", median(wall, runs));
	printf("  %9.2f  %9.2f  %9.2f  %7ld\n", wall[0], wall[runs - 1],
	       median(cpu, runs), rss);
}

static void promise(bool kept, const char *what, double value, double limit)
{
	printf("%-7s %s: %.2f (limit %.2f)\n", kept ? "ok" : "MISSED", what,
	       value, limit);
	missed += !kept;
}

static long peak_rss(unsigned int runs)
{
	unsigned int i;
	long rss = 0;

	for (i = 0; i < runs; i++) {
		if (samples[WGQ][i].rss > rss)
			rss = samples[WGQ][i].rss;
	}
	return rss;
}

static void judge(unsigned int peers, unsigned int runs)
{
	double to_floor = ratio(WGQ, FLOOR, runs);
	char what[64];
	unsigned int i;

	snprintf(what, sizeof(what), "%u peers, wgq/floor", peers);
	promise(to_floor <= FLOOR_FACTOR, what, to_floor, FLOOR_FACTOR);
	for (i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
		double quick = promises[i].quick, value;
		long rss = promises[i].rss_kib;

		if (promises[i].peers != peers)
			continue;
		if (quick > 0) {
			value = ratio(QUICK, WGQ, runs);
			snprintf(what, sizeof(what), "%u peers, wg-quick/wgq",
				 peers);
			promise(value >= quick, what, value, quick);
		}
		if (rss > 0) {
			value = peak_rss(runs);
			snprintf(what, sizeof(what), "%u peers, wgq's KiB",
				 peers);
			promise(value <= rss, what, value, rss);
		}
	}
}

/* Counts in strace's own words; the first execve is strace's. */
static void check_forks(void)
{
	char command[8192];
	FILE *f;
	int n;

	new_host();
	snprintf(
		command, sizeof(command),
		"strace -f -qq -o /run/bench.trace -e trace=fork,vfork,clone,"
		"clone3,execve,execveat %s/wgq up %s/1/wg0.conf"
		" 2>/run/bench.err || { tail -n 3 /run/bench.err >&2; exit 1;"
		" }; grep -cE '(fork|clone3?|execve(at)?)\\(' /run/bench.trace",
		dir, dir);
	f = popen(command, "r");
	if (!f)
		die("strace");
	if (fscanf(f, "%d", &n) != 1)
		n = -1;
	if (pclose(f) != 0 || n < 1) {
		printf("%-7s %s\n", "MISSED", "forks and execs: not counted");
		missed++;
		return;
	}
	promise(n == 1, "1 peer, wgq's forks and execs", n - 1, 0);
}

static void measure(unsigned int peers, unsigned int runs)
{
	unsigned int i;

	for (i = 0; i < runs; i++) {
		run(WGQ, peers, i);
		run(FLOOR, peers, i);
		if (peers <= SLOW_UP_TO)
			run(QUICK, peers, i);
	}
	print_row(WGQ, peers, runs);
	print_row(FLOOR, peers, runs);
	if (peers <= SLOW_UP_TO)
		print_row(QUICK, peers, runs);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned int runs = argc > 4 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned int peers;
	int i;

	if (runs < 1 || runs > MAX_RUNS) {
		fprintf(stderr, "usage: measure DIR RUNS STRICT SIZE...\n");
		return 2;
	}
	dir = argv[1];
	printf("%6s  %-8s  %9s  %9s  %9s  %9s  %7s\n", "peers", "tool",
	       "median ms", "min", "max", "cpu ms", "KiB");
	for (i = 4; i < argc; i++) {
		peers = strtoul(argv[i], NULL, 10);
		measure(peers, runs);
		judge(peers, runs);
	}
	check_forks();
	return missed && strcmp(argv[3], "strict") == 0;
}
