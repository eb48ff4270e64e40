// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs commands of nft twice, by the real program and by ours, each on a host
 * (a network namespace) of its own, and compares exit statuses, the first lines
 * on stderr and what "nft list ruleset" shows afterwards.  Then ours takes all
 * of it back, which has to leave what was there before.
 *
 *	nft [-d] [-u] SETUP FILE...
 *
 * SETUP is a file of nft's that both hosts begin with; with -d they have an
 * interface wg0.  With -u the taking back is compared, too.
 *
 * A line of a FILE is a case: commands separated by ";", with quotes as in a
 * shell.  Lines that ask for more of a shell are passed over.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/hook.h"
#include "apply/native.h"
#include "apply/run.h"
#include "base/cleanup.h"

#define MAX_WORDS 128
#define MAX_COMMANDS 32
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
	char before[MAX_TEXT], saved[MAX_TEXT], undone[MAX_TEXT];
};

static bool with_wg0, with_undo;
static const char *setup_file;

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
			else if (*s == '@')
				*out++ = '\n';
			else
				*out++ = *s;
			continue;
		}
		if (*s && !strchr(" \t;", *s)) {
			if (strchr("$`|&<>()*?~\\", *s) || c->n == MAX_WORDS)
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
			if (strcmp(c->w[0], "nft") != 0 ||
			    tc->n == MAX_COMMANDS - 1)
				return false;
			c = &tc->v[++tc->n];
		}
		if (!*s)
			return tc->n;
	}
}

/* Run a program and read what it writes to @fd; Return: exit status. */
static int run(char *const *argv, int fd, char *out, size_t size)
{
	char rest[512];
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
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipes[1]);
	while (len + 1 < size &&
	       (n = read(pipes[0], out + len, size - len - 1)) > 0)
		len += n;
	out[len] = '\0';
	/* A program whose words nobody takes would die of it. */
	while (read(pipes[0], rest, sizeof(rest)) > 0)
		;
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void list(char *out)
{
	static char *argv[] = { "nft", "list", "ruleset", NULL };

	run(argv, 1, out, MAX_TEXT);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What comes back comes back last: the order of tables is another one. */
static bool is_same(const char *a, const char *b)
{
	static char copy[2][MAX_TEXT], *line[2][8192], *p;
	size_t n[2], i, j;

	for (i = 0; i < 2; i++) {
		strcpy(copy[i], i ? b : a);
		p = copy[i];
		for (n[i] = 0; (line[i][n[i]] = strsep(&p, "\n")); n[i]++)
			;
		qsort(line[i], n[i], sizeof(*line[i]), by_text);
	}
	for (j = 0; n[0] == n[1] && j < n[0]; j++)
		if (strcmp(line[0][j], line[1][j]) != 0)
			return false;
	return n[0] == n[1];
}

static void real(const struct command *c, struct outcome *o, size_t i)
{
	o->status[i] = run(c->w, 2, o->line[i], sizeof(o->line[i]));
	o->line[i][strcspn(o->line[i], "\n")] = '\0';
}

static void ours(struct run *r, const struct command *c, struct outcome *o,
		 size_t i)
{
	const struct native *native = native_find(c->w[0]);
	cleanup(buf_done) struct buf out = {}, err = {};
	struct native_call call = { .r = r,
				    .argv = (const char *const *)c->w,
				    .argc = c->n,
				    .out = &out,
				    .err = &err };
	struct wgq_err e = {};

	if (!native->takes(call.argv, call.argc, NULL)) {
		real(c, o, i);
		o->unknown[i] = true;
		return;
	}
	if (native->run(&call, &o->status[i], &e)) {
		o->status[i] = 200;
		buf_adds(&err, e.msg);
	}
	snprintf(o->line[i], sizeof(o->line[i]), "%.*s",
		 (int)strcspn(err.p ? err.p : "", "\n"), err.p ? err.p : "");
}

static void say(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
}

static void our_host(const struct test_case *tc, struct outcome *o)
{
	static const char *const env[] = { NULL };
	struct wgq_opts opts = { .program = "test",
				 .env = env,
				 .message = say };
	struct wgq_err e = {};
	struct run r = {};
	size_t i;

	if (run_init(&r, &opts, &host_real, &e) < 0)
		abort();
	r.env = env;
	r.search_path = getenv("PATH");
	for (i = 0; i < tc->n; i++)
		ours(&r, &tc->v[i], o, i);
	list(o->saved);
	for (i = 0; getenv("SHOW_UNDO") && i < r.journal.n_undo; i++)
		fprintf(stderr, "  undo %s\n", r.journal.undo[i]);
	if (run_undo_edits(&r, &e))
		fprintf(stderr, "undo: %s\n", e.msg);
	list(o->undone);
}

static void real_host(const struct test_case *tc, struct outcome *o)
{
	size_t i;

	for (i = 0; i < tc->n; i++)
		real(&tc->v[i], o, i);
	list(o->saved);
}

static void on_host(void (*f)(const struct test_case *, struct outcome *),
		    const struct test_case *tc, struct outcome *o)
{
	char *const setup[] = { "nft", "-f", (char *)setup_file, NULL };
	char *const link[] = { "ip",   "link",	 "add", "wg0",
			       "type", "bridge", NULL };
	char none[256];
	pid_t pid;
	int status;

	memset(o, 0, sizeof(*o));
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 ||
		    (with_wg0 && run(link, 2, none, sizeof(none))) ||
		    run(setup, 2, none, sizeof(none)))
			abort();
		list(o->before);
		f(tc, o);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status != 0)
		errx(2, "a host could not be set up");
}

/* Which is the first command that came out differently; n = the rules did. */
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

static void tell(const char *line, size_t d, const struct test_case *tc,
		 const struct outcome *o)
{
	printf("differ\t%s\n", line);
	if (d < tc->n)
		printf("  command %zu\n  real %d %s\n  ours %d %s\n", d + 1,
		       o[0].status[d], o[0].line[d], o[1].status[d],
		       o[1].line[d]);
	else
		printf("  real:\n%s  ours:\n%s", o[0].saved, o[1].saved);
}

int main(int argc, char **argv)
{
	size_t same = 0, differ = 0, unknown = 0, passed_over = 0, left = 0;
	struct outcome *o = mmap(NULL, 2 * sizeof(*o), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static struct test_case tc;
	char line[8192];
	int opt;

	while ((opt = getopt(argc, argv, "du")) != -1) {
		with_wg0 |= opt == 'd';
		with_undo |= opt == 'u';
	}
	if (argc - optind < 2 || o == MAP_FAILED)
		return 2;
	setup_file = argv[optind];
	for (int i = optind + 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");

		while (f && fgets(line, sizeof(line), f)) {
			size_t d, j;
			bool some = false;

			line[strcspn(line, "\r\n")] = '\0';
			if (*line == '#' || !split(line, &tc)) {
				passed_over += *line && *line != '#';
				continue;
			}
			on_host(our_host, &tc, &o[1]);
			on_host(real_host, &tc, &o[0]);
			for (j = 0; j < tc.n; j++)
				some |= o[1].unknown[j];
			if (some)
				printf("unknown\t%s\n", line);
			unknown += some;
			d = difference(&tc, &o[0], &o[1]);
			same += d > tc.n && !some;
			differ += d <= tc.n;
			if (d <= tc.n)
				tell(line, d, &tc, o);
			if (!with_undo || some ||
			    is_same(o[1].undone, o[1].before))
				continue;
			left++;
			printf("not taken back\t%s\n  before:\n%s  after:\n%s",
			       line, o[1].before, o[1].undone);
		}
		if (f)
			fclose(f);
	}
	printf("%zu same, %zu differ, %zu unknown, %zu not taken back, "
	       "%zu need a shell\n",
	       same, differ, unknown, left, passed_over);
	return differ || left;
}
