// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs commands of iptables twice, by the real programs and by ours, each on a
 * host (a network namespace) of its own, and compares exit statuses, the first
 * lines on stderr and what iptables-save shows afterwards.
 *
 *	ipt [-m] [-x] nft|legacy FILE...
 *
 * With -m ours works on a ruleset in memory and prints that; with -x every
 * other command of ours is the real program's, so that each has to understand
 * what the other wrote.
 *
 * A line of a FILE is a case: commands separated by ";", with quotes as in a
 * shell.  Lines that ask for more of a shell are passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fw/ipt.h"
#include "net/firewall.h"

#define MAX_WORDS 128
#define MAX_COMMANDS 64
#define MAX_TEXT 65536

struct command {
	char *w[MAX_WORDS + 1];
	size_t n;
};

struct test_case {
	char text[8192];
	struct command v[MAX_COMMANDS];
	size_t n;
};

/* struct outcome - what a host saw; shared with the child that was the host */
struct outcome {
	int status[MAX_COMMANDS];
	bool unknown[MAX_COMMANDS];
	char line[MAX_COMMANDS][256];
	char saved[MAX_TEXT];
};

static bool in_memory, mixed;
static enum fw_backend backend;
static const char *lock_file;

/* Take @s apart; false: a shell is asked for, or another program. */
static bool split(const char *s, struct test_case *tc)
{
	char *out = tc->text, quote = 0;
	struct command *c = &tc->v[0];
	bool word = false;

	tc->n = 0;
	memset(tc->v, 0, sizeof(tc->v));
	for (;; s++) {
		if (quote && *s) {
			if (*s == quote)
				quote = 0;
			else if (quote == '"' && strchr("$`\\", *s))
				return false;
			else
				*out++ = *s;
			continue;
		}
		if (*s && !strchr(" \t;#", *s)) {
			if (strchr("$`|&<>(){}*?~\\", *s) || c->n == MAX_WORDS)
				return false;
			if (!word)
				c->w[c->n++] = out;
			word = true;
			if (*s == '"' || *s == '\'')
				quote = *s;
			else
				*out++ = *s;
			continue;
		}
		if (quote)
			return false;
		if (word)
			*out++ = '\0';
		word = false;
		if (*s == ' ' || *s == '\t')
			continue;
		if (c->n) {
			uint8_t family;
			enum fw_backend b;
			bool fixed;

			if (!ipt_names(c->w[0], &family, &b, &fixed) || fixed ||
			    tc->n == MAX_COMMANDS - 1)
				return false;
			c = &tc->v[++tc->n];
		}
		if (!*s || *s == '#')
			return tc->n;
	}
}

static bool is_v6(const struct command *c)
{
	return strstr(c->w[0], "ip6tables");
}

static void program(const struct command *c, const char *end, char *ret)
{
	sprintf(ret, "ip%stables-%s%s", is_v6(c) ? "6" : "",
		backend == FW_NFT ? "nft" : "legacy", end);
}

/* Run a program and read what it writes to @fd; Return: exit status. */
static int run(char *const *argv, int fd, char *out, size_t size)
{
	int pipes[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(pipes) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		dup2(pipes[1], fd);
		close(pipes[0]);
		setenv("XTABLES_LOCKFILE", lock_file, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipes[1]);
	while (len + 1 < size &&
	       (n = read(pipes[0], out + len, size - len - 1)) > 0)
		len += n;
	out[len] = '\0';
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void real(const struct command *c, struct outcome *o, size_t i)
{
	char *argv[MAX_WORDS + 1], name[64];

	program(c, "", name);
	memcpy(argv, c->w, sizeof(argv));
	argv[0] = name;
	o->status[i] = run(argv, 2, o->line[i], sizeof(o->line[i]));
	o->line[i][strcspn(o->line[i], "\n")] = '\0';
}

/* The lines of iptables-save without comments and counters. */
static void tidy(char *text, bool v6, char *out)
{
	char table[64] = "", *line;

	out += strlen(out);
	for (; (line = strsep(&text, "\n"));) {
		char *counters = strstr(line, " [");

		if (*line == '*')
			snprintf(table, sizeof(table), "%s", line + 1);
		if (*line != ':' && *line != '-')
			continue;
		if (*line == ':' && counters)
			*counters = '\0';
		/* These are shown of any table that was looked at. */
		if (*line == ':' && strstr(line, " ACCEPT"))
			continue;
		out += sprintf(out, "%d %s %s\n", v6 ? 6 : 4, table, line);
	}
}

static void save(struct outcome *o)
{
	static char text[MAX_TEXT];
	char name[64], *argv[] = { name, NULL };
	int v6;

	for (v6 = 0; v6 < 2; v6++) {
		sprintf(name, "ip%stables-%s-save", v6 ? "6" : "",
			backend == FW_NFT ? "nft" : "legacy");
		run(argv, 1, text, sizeof(text));
		tidy(text, v6, o->saved);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct fw_chain *x = *(struct fw_chain *const *)a;
	const struct fw_chain *y = *(struct fw_chain *const *)b;

	if (x->base != y->base)
		return x->base ? -1 : 1;
	if (x->base)
		return x->hook < y->hook ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* A table as iptables-save would show it, tidied. */
static void print_table(const struct fw_table *t, struct buf *b)
{
	int v = t->family == NFPROTO_IPV6 ? 6 : 4;
	size_t i, j;

	qsort(t->chain, t->n_chain, sizeof(*t->chain), by_name);
	for (i = 0; i < t->n_chain; i++) {
		const struct fw_chain *c = t->chain[i];
		const char *policy = !c->base		      ? "-"
				     : c->policy == FW_S_DROP ? "DROP"
							      : "ACCEPT";

		if (*policy != 'A')
			buf_addf(b, "%d %s :%s %s\n", v, t->name, c->name,
				 policy);
	}
	for (i = 0; i < t->n_chain; i++)
		for (j = 0; j < t->chain[i]->n_rule; j++) {
			buf_addf(b, "%d %s -A %s ", v, t->name,
				 t->chain[i]->name);
			fw_rule_print(t->chain[i]->rule[j], t->family, b);
			while (b->p[b->len - 1] == ' ')
				b->len--;
			buf_addc(b, '\n');
		}
}

static void print_ruleset(const struct fw_ruleset *rs, struct outcome *o)
{
	static const char *const names[] = { "mangle", "security", "raw",
					     "filter", "nat" };
	const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	cleanup(buf_done) struct buf b = {};
	const struct fw_table *t;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		for (j = 0; j < ARRAY_SIZE(names); j++) {
			t = fw_table_find(rs, backend, families[i], names[j]);
			if (t)
				print_table(t, &b);
		}
	snprintf(o->saved, sizeof(o->saved), "%.*s", (int)b.len,
		 b.p ? b.p : "");
}

static void told(struct outcome *o, size_t i, int status, const char *text)
{
	o->status[i] = status;
	snprintf(o->line[i], sizeof(o->line[i]), "%s", text ? text : "");
	o->line[i][strcspn(o->line[i], "\n")] = '\0';
}

static void carry_out(struct firewall *fw, struct fw_ruleset *rs,
		      const struct fw_edits *es, struct outcome *o, size_t i)
{
	struct wgq_err e = {};
	size_t j;

	told(o, i, 0, "");
	if (in_memory) {
		for (j = 0; j < es->n; j++)
			if (fw_edit_apply(rs, &es->v[j], &e) < 0)
				told(o, i, 200, e.msg);
		return;
	}
	if (firewall_commit(fw, rs, es, &e) < 0)
		told(o, i, 201, e.msg);
}

static void ours(const struct command *c, struct firewall *fw,
		 struct fw_ruleset *rs, struct outcome *o, size_t i)
{
	uint8_t family = is_v6(c) ? NFPROTO_IPV6 : NFPROTO_IPV4;
	cleanup(arena_done) struct arena a = {};
	cleanup(fw_edits_done) struct fw_edits es = {};
	struct ipt_failure why = {};
	struct ipt_command cmd;
	enum ipt_result r;
	struct wgq_err e = {};

	r = ipt_parse(family, backend, (const char *const *)&c->w[1], c->n - 1,
		      &a, &cmd, &why);
	if (!in_memory && firewall_read(fw, rs, &e) < 0) {
		told(o, i, 202, e.msg);
		return;
	}
	if (r == IPT_OK)
		r = ipt_plan(&cmd, rs, &es, &a, &why);
	switch (r) {
	case IPT_OK:
		carry_out(fw, rs, &es, o, i);
		break;
	case IPT_FAILS:
		told(o, i, why.status, why.text);
		break;
	case IPT_UNKNOWN:
		if (!in_memory)
			real(c, o, i);
		told(o, i, 0, why.text);
		o->unknown[i] = true;
		break;
	case IPT_NO_MEMORY:
		told(o, i, 203, "no memory");
		break;
	}
	if (!in_memory)
		fw_ruleset_done(rs);
}

static void our_host(const struct test_case *tc, struct outcome *o)
{
	struct fw_ruleset rs = {};
	struct xtables xt;
	struct nl nl;
	struct firewall fw = { .nft = &nl, .xt = &xt };
	size_t i;

	nl_init(&nl, NETLINK_NETFILTER, &nl_kernel_ops, NULL);
	xtables_init(&xt, &xtables_kernel_ops, NULL, "/proc/self/net");
	for (i = 0; i < tc->n; i++)
		if (mixed && tc->n > 1 && i % 2 == 0)
			real(&tc->v[i], o, i);
		else
			ours(&tc->v[i], &fw, &rs, o, i);
	if (in_memory)
		print_ruleset(&rs, o);
	else
		save(o);
}

static void real_host(const struct test_case *tc, struct outcome *o)
{
	size_t i;

	for (i = 0; i < tc->n; i++)
		real(&tc->v[i], o, i);
	save(o);
}

static void on_host(void (*f)(const struct test_case *, struct outcome *),
		    const struct test_case *tc, struct outcome *o)
{
	pid_t pid;
	int status;

	memset(o, 0, sizeof(*o));
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			abort();
		f(tc, o);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status != 0)
		o->status[0] = 204;
}

/* Which is the first command that came out differently; n = the tables did. */
static size_t difference(const struct test_case *tc, const struct outcome *a,
			 const struct outcome *b)
{
	size_t i;

	for (i = 0; i < tc->n; i++)
		if (!b->unknown[i] && (a->status[i] != b->status[i] ||
				       strcmp(a->line[i], b->line[i]) != 0))
			return i;
	return strcmp(a->saved, b->saved) == 0 ? tc->n + 1 : tc->n;
}

int main(int argc, char **argv)
{
	size_t same = 0, differ = 0, unknown = 0, passed_over = 0;
	struct outcome *o = mmap(NULL, 2 * sizeof(*o), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char line[8192], name[] = "/tmp/ipt-lock-XXXXXX";
	static struct test_case tc;
	int opt, fd;

	while ((opt = getopt(argc, argv, "mx")) != -1) {
		in_memory |= opt == 'm';
		mixed |= opt == 'x';
	}
	if (argc - optind < 2 || o == MAP_FAILED)
		return 2;
	backend = strcmp(argv[optind], "nft") == 0 ? FW_NFT : FW_LEGACY;
	fd = mkstemp(name);
	close(fd);
	lock_file = name;
	for (int i = optind + 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");

		while (f && fgets(line, sizeof(line), f)) {
			bool some = false;
			size_t d, j;

			line[strcspn(line, "\r\n")] = '\0';
			if (!split(line, &tc)) {
				passed_over += *line && *line != '#';
				continue;
			}
			on_host(our_host, &tc, &o[1]);
			for (j = 0; j < tc.n; j++)
				if (o[1].unknown[j]) {
					printf("unknown\t%s\t%s\n",
					       o[1].line[j], line);
					some = true;
				}
			unknown += some;
			if (some && in_memory)
				continue;
			on_host(real_host, &tc, &o[0]);
			d = difference(&tc, &o[0], &o[1]);
			same += d > tc.n && !some;
			differ += d <= tc.n;
			if (d > tc.n)
				continue;
			printf("differ\t%s\n", line);
			if (d < tc.n)
				printf("  command %zu\n  real %d %s\n  ours %d "
				       "%s\n",
				       d + 1, o[0].status[d], o[0].line[d],
				       o[1].status[d], o[1].line[d]);
			else
				printf("  real:\n%s  ours:\n%s", o[0].saved,
				       o[1].saved);
		}
		if (f)
			fclose(f);
	}
	unlink(name);
	printf("%s: %zu same, %zu differ, %zu unknown, %zu need a shell\n",
	       argv[optind], same, differ, unknown, passed_over);
	return differ != 0;
}
