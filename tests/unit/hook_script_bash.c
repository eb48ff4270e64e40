// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "hook/hook.h"
#include "hook/script.h"
#include "lib_hooks.h"
#include "lib_tmp.h"

/*
 * The evaluator against bash.  Each line that hook_script_parse() understands
 * is carried out twice, in two roots that hold bash and this very program under
 * the name of every command there is: by bash with the rules of wg-quick's
 * shell, and by hook_script_run().  This program, when it is run as one of
 * those commands, is a recorder: it notes its words, the environment and what
 * it reads, and prints and fails as it is told to.  For the evaluator the same
 * recorder is called as a function.
 *
 * A line runs with every command succeeding, with each of them failing in
 * turn, and with commands printing this and that.  Compared are the commands
 * in their order, status, stdout, stderr and the files left behind.
 */
#define RECORDER "WGQ_TEST_RECORDER"
#define FAILING "WGQ_TEST_FAIL"
#define PRINTS "WGQ_TEST_PRINTS"

#define HARNESS                                                                \
	"set -e -o pipefail\nshopt -s extglob\n"                               \
	"PROGRAM=wg-quick INTERFACE=wg0 CONFIG_FILE=/etc/wireguard/wg0.conf\n" \
	"ADDRESSES=( 10.0.0.1/24 fd00::1 ) DNS=( ) DNS_SEARCH=( )\n"           \
	"MTU= TABLE= SAVE_CONFIG=0\n"                                          \
	"PRE_UP=( ) POST_UP=( \"$@\" ) PRE_DOWN=( ) POST_DOWN=( )\n"           \
	"go() {\n\tlocal hook\n\tfor hook in \"$1\"; do\n"                     \
	"\t\thook=\"${hook//%i/$INTERFACE}\"\n"                                \
	"\t\t(eval \"$hook\")\n\tdone\n}\ngo \"$@\"\n"

/* Bytes of the record beyond which a line is taken for endless. */
#define RECORD_MAX 12000
#define OUTCOME_MAX 65536
#define KEY_MAX 4096

/* struct outcome - what a run of a line came to; shared with the sandbox */
struct outcome {
	int status;
	bool killed;
	char log[OUTCOME_MAX], out[OUTCOME_MAX], err[OUTCOME_MAX];
	char files[OUTCOME_MAX];
};

/* struct figures - what the whole test came to; likewise */
struct figures {
	int lines, understood, runs, calls, killed, differ;
	struct outcome real, ours;
};

/* struct sandbox - where lines run */
struct sandbox {
	const char *dir;
	struct figures *f;
	char prefix[64];
};

/* struct run - one run of a line */
struct run {
	const char *line;
	const char *failing; /* key of the command that fails, or "" */
	const char *prints;  /* "0", "1", "2": what commands print */
	const char *prefix;  /* what bash's messages begin with */
};

static const char *const roots[] = { "real", "ours" };

static const char *const base_env[] = {
	"PATH=/bin",	     "LC_ALL=C", "HOME=/root",
	"GIVEN=given value", "MTU=9",	 NULL,
};

/* The recorder */

static void add_escaped(struct buf *b, const char *s, size_t len)
{
	for (; len--; s++) {
		if (*s == '\n')
			buf_adds(b, "\\n");
		else if (!*s)
			buf_adds(b, "\\0");
		else
			buf_addc(b, *s);
	}
}

static void add_key(struct buf *b, const char *const *argv)
{
	buf_adds(b, "");
	for (; *argv; argv++) {
		add_escaped(b, *argv, strlen(*argv));
		buf_addc(b, '\037');
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_noise(const char *var)
{
	static const char *const noise[] = {
		"_=",	      "SHLVL=",	   "PWD=",    "OLDPWD=",
		RECORDER "=", FAILING "=", PRINTS "="
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(noise); i++)
		if (!strncmp(var, noise[i], strlen(noise[i])))
			return true;
	return false;
}

static void add_env(struct buf *b, const char *const *env)
{
	const char *sorted[256];
	size_t n = 0, i;

	for (; *env && n < ARRAY_SIZE(sorted); env++)
		if (!is_noise(*env))
			sorted[n++] = *env;
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (i = 0; i < n; i++) {
		buf_addc(b, '|');
		add_escaped(b, sorted[i], strlen(sorted[i]));
	}
}

/* struct record - a call of a recorded command */
struct record {
	const char *const *argv, *const *env;
	const char *in;
	size_t in_len;
	const char *failing, *prints;
	struct buf out, err;
};

/* Numbers do not count, as that of a line of bash's may be among the words. */
static unsigned int hash(const char *s)
{
	unsigned int h = 5381;

	for (; *s; s++)
		if (*s < '0' || *s > '9')
			h = h * 33 + (unsigned char)*s;
	return h;
}

static int record_log(const struct buf *b)
{
	struct stat st;
	int fd = open("/log", O_WRONLY | O_APPEND);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, b->p, b->len);
	if (fstat(fd, &st) || n < 0)
		return -1;
	close(fd);
	return st.st_size > RECORD_MAX ? -1 : 0;
}

/* Returns the status, or -1 when the line is endless. */
static int record(struct record *r)
{
	cleanup(buf_done) struct buf key = {}, line = {};
	const char *name = strrchr(r->argv[0], '/');

	name = name ? name + 1 : r->argv[0];
	add_key(&key, r->argv);
	buf_adds(&line, key.p);
	add_env(&line, r->env);
	buf_addf(&line, " <");
	add_escaped(&line, r->in, r->in_len);
	buf_addf(&line, ">\n");
	if (record_log(&line))
		return -1;
	buf_addf(&r->err, "e:%s\n", name);
	if (*r->prints == '0')
		buf_addf(&r->out, "o:%s %u  w*\nline2\n\n", name,
			 hash(key.p) % 100);
	else if (*r->prints == '1')
		buf_addf(&r->out, "%u\n", hash(key.p) % 4);
	return strcmp(key.p, r->failing) ? 0 : 3 + (int)(hash(key.p) % 5);
}

static void read_all(int fd, struct buf *b)
{
	char chunk[4096];
	struct stat st;
	ssize_t n;

	buf_adds(b, "");
	if (fstat(fd, &st) || S_ISCHR(st.st_mode))
		return;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(b, chunk, (size_t)n);
}

static void put(int fd, const struct buf *b)
{
	if (b->len && write(fd, b->p, b->len) < 0)
		return;
}

static int recorder_main(char **argv, char **env)
{
	struct record r = { .argv = (const char *const *)argv,
			    .env = (const char *const *)env,
			    .failing = getenv(FAILING),
			    .prints = getenv(PRINTS) };
	struct buf in = {};
	int status;

	signal(SIGPIPE, SIG_IGN);
	read_all(0, &in);
	r.in = in.p;
	r.in_len = in.len;
	status = record(&r);
	if (status < 0)
		kill(-1, SIGKILL);
	put(1, &r.out);
	put(2, &r.err);
	return status;
}

/* How the evaluator touches the world here */

static bool starts(const char *var, const char *name, size_t len)
{
	return !strncmp(var, name, len) && var[len] == '=';
}

static const char **merged(const char *const *env, const char *const *changes,
			   struct arena *a)
{
	const char **v = arena_array(a, 300, sizeof(*v));
	const char *const *c;
	size_t n = 0, i, len;

	for (; *env; env++)
		v[n++] = *env;
	for (c = changes; *c; c++) {
		len = strcspn(*c, "=");
		for (i = 0; i < n && !starts(v[i], *c, len); i++)
			;
		if ((*c)[len] && i == n && n < 299)
			v[n++] = *c;
		else if ((*c)[len])
			v[i] = *c;
		else if (i < n)
			v[i] = v[--n];
		v[n] = NULL;
	}
	return v;
}

/* Status of a command that cannot be run, and what is said of it. */
static int missing(const char *prefix, const char *name, struct buf *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (!strchr(name, '/')) {
		snprintf(path, sizeof(path), "/bin/%s", name);
		if (*name && !access(path, X_OK) && !stat(path, &st) &&
		    S_ISREG(st.st_mode))
			return 0;
		buf_addf(err, "%s%s: command not found\n", prefix, name);
		return 127;
	}
	if (stat(name, &st)) {
		buf_addf(err, "%s%s: %s\n", prefix, name, strerror(errno));
		return errno == ENOENT ? 127 : 126;
	}
	if (S_ISDIR(st.st_mode)) {
		buf_addf(err, "%s%s: Is a directory\n", prefix, name);
		return 126;
	}
	if (!access(name, X_OK))
		return 0;
	buf_addf(err, "%s%s: Permission denied\n", prefix, name);
	return 126;
}

static void give(const struct hook_stream *s, const struct buf *b,
		 struct buf *pipe)
{
	switch (s->kind) {
	case HOOK_FD:
		put(s->fd, b);
		break;
	case HOOK_TEXT:
		buf_add(s->out, b->p, b->len);
		break;
	case HOOK_PIPE:
		buf_add(pipe, b->p, b->len);
		break;
	}
}

static int run_one(const struct run *run, const struct hook_call *c,
		   struct buf *pipe, int *status)
{
	struct record r = { .argv = c->argv,
			    .failing = run->failing,
			    .prints = run->prints };
	struct buf in = {}, piped = *pipe;
	struct arena a = {};
	int ret = 0;

	*pipe = (struct buf){};
	*status = missing(run->prefix, c->argv[0], &r.err);
	r.env = merged(base_env, c->env, &a);
	if (c->io[0].kind == HOOK_FD)
		read_all(c->io[0].fd, &in);
	else if (c->io[0].kind == HOOK_TEXT)
		buf_add(&in, c->io[0].text, c->io[0].len);
	else
		buf_add(&in, piped.p, piped.len);
	r.in = in.p ? in.p : "";
	r.in_len = in.len;
	if (!*status) {
		*status = record(&r);
		ret = *status < 0 ? -EINTR : 0;
	}
	give(&c->io[1], &r.out, pipe);
	give(&c->io[2], &r.err, pipe);
	buf_done(&r.out);
	buf_done(&r.err);
	buf_done(&in);
	buf_done(&piped);
	arena_done(&a);
	return ret;
}

static int op_run(void *ctx, const struct hook_call *calls, size_t n,
		  int *statuses, struct wgq_err *e)
{
	struct buf pipe = {};
	size_t i;
	int ret = 0;

	(void)e;
	for (i = 0; i < n && !ret; i++)
		ret = run_one(ctx, &calls[i], &pipe, &statuses[i]);
	buf_done(&pipe);
	return ret;
}

static int op_open(void *ctx, const char *path, int flags, int *ret_fd)
{
	int fd = open(path, flags, 0666);

	(void)ctx;
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static void op_close(void *ctx, int fd)
{
	(void)ctx;
	close(fd);
}

static int op_write(void *ctx, int fd, const void *data, size_t len)
{
	(void)ctx;
	return write(fd, data, len) < 0 ? -errno : 0;
}

static bool op_test(void *ctx, char test, const char *path)
{
	struct stat st;

	(void)ctx;
	if (test == 'L' || test == 'h')
		return !lstat(path, &st) && S_ISLNK(st.st_mode);
	if (stat(path, &st))
		return false;
	switch (test) {
	case 'a':
	case 'e':
		return true;
	case 'd':
		return S_ISDIR(st.st_mode);
	case 'f':
		return S_ISREG(st.st_mode);
	case 'b':
		return S_ISBLK(st.st_mode);
	case 'c':
		return S_ISCHR(st.st_mode);
	case 'p':
		return S_ISFIFO(st.st_mode);
	case 'S':
		return S_ISSOCK(st.st_mode);
	case 's':
		return st.st_size > 0;
	case 'g':
		return st.st_mode & S_ISGID;
	case 'u':
		return st.st_mode & S_ISUID;
	case 'k':
		return st.st_mode & S_ISVTX;
	case 'r':
		return !access(path, R_OK);
	case 'w':
		return !access(path, W_OK);
	default:
		return !access(path, X_OK);
	}
}

static int op_glob(void *ctx, const char *pattern, struct arena *a,
		   const char *const **ret_paths, size_t *ret_n)
{
	const char **v;
	glob_t g;
	size_t i;

	(void)ctx;
	*ret_n = 0;
	if (glob(pattern, 0, NULL, &g))
		return 0;
	v = arena_array(a, g.gl_pathc, sizeof(*v));
	assert_non_null(v);
	for (i = 0; i < g.gl_pathc; i++)
		v[i] = arena_strndup(a, g.gl_pathv[i], strlen(g.gl_pathv[i]));
	*ret_paths = v;
	*ret_n = g.gl_pathc;
	globfree(&g);
	return 0;
}

static const char *op_home(void *ctx, const char *user, struct arena *a)
{
	(void)ctx;
	(void)a;
	/* Who has no entry has the root for a home. */
	if (!*user)
		return "/";
	return strcmp(user, "someone") ? NULL : "/users/someone";
}

/* Rounds of a loop that runs no command: bash is killed by the alarm. */
static int op_poll(void *ctx)
{
	static int rounds;

	(void)ctx;
	return ++rounds > 10000 ? -EINTR : 0;
}

static const struct hook_ops ops = {
	.run = op_run,
	.open = op_open,
	.close = op_close,
	.write = op_write,
	.test = op_test,
	.glob = op_glob,
	.home = op_home,
	.poll = op_poll,
};

static void exec_ours(const struct run *run)
{
	static struct conf_value address[] = { { "10.0.0.1/24", 1 },
					       { "fd00::1", 1 } };
	struct conf_value hooks[] = { { run->line, 1 }, { "second %i", 1 } };
	struct conf conf = { .ifname = "wg0",
			     .path = "/etc/wireguard/wg0.conf",
			     .address = { address, 2, 2 } };
	struct hook_world w = { .env = base_env, .prefix = run->prefix };
	const struct hook_script *script;
	struct wgq_err e = {};
	struct arena a = {};
	struct hook hook;
	const char *why;
	int status = 0;

	conf.hooks[CONF_POST_UP] = (struct conf_list){ hooks, 2, 2 };
	if (hook_parse(run->line, "wg0", &a, &hook) ||
	    hook_script_parse(hook.text, &a, &script, &why) || !script ||
	    hook_world_init(&w, &conf, CONF_POST_UP, "wg-quick", hook.text, &a))
		_exit(98);
	if (hook_script_run(script, &w, &ops, (void *)run, &status, &e))
		raise(SIGKILL);
	_exit(status);
}

static void exec_bash(const struct run *run)
{
	const char *argv[] = { "/shell",  "-c",	       HARNESS, "wg-quick",
			       run->line, "second %i", NULL };
	const char *env[16];
	char failing[KEY_MAX + 32], prints[32];
	size_t n = 0;

	snprintf(failing, sizeof(failing), FAILING "=%s", run->failing);
	snprintf(prints, sizeof(prints), PRINTS "=%s", run->prints);
	for (; base_env[n]; n++)
		env[n] = base_env[n];
	env[n++] = RECORDER "=1";
	env[n++] = failing;
	env[n++] = prints;
	env[n] = NULL;
	execve(argv[0], (char *const *)(uintptr_t)argv,
	       (char *const *)(uintptr_t)env);
	_exit(99);
}

/* The sandbox */

static const char recorder_path[] = "recorder";

static void make_root(const char *root)
{
	char path[PATH_MAX], self[PATH_MAX], shell[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	/* Hooks run bash too: theirs is a recorder, as all that they run. */
	hooks_copy_program(root, "/bin/bash");
	assert_int_equal(rename(tmp_path(path, root, "bin/bash"),
				tmp_path(shell, root, "shell")),
			 0);
	hooks_copy_program(root, self);
	tmp_path(path, root, self);
	assert_int_equal(rename(path, tmp_path(self, root, recorder_path)), 0);
	tmp_write(root, "log", 0666, "");
	tmp_write(root, "tmp/x", 0644, "x\n");
	tmp_write(root, "users/someone/x", 0644, "");
	tmp_write(root, "etc/passwd", 0644,
		  "root:x:0:0::/root:/bin/sh\n"
		  "someone:x:1000:1000::/users/someone:/bin/sh\n");
	tmp_write(root, "dev/x", 0644, "");
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(chmod(tmp_path(path, root, "tmp"), 0777), 0);
	assert_int_equal(mknod(tmp_path(path, root, "dev/null"), S_IFCHR | 0666,
			       makedev(1, 3)),
			 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(mknod(tmp_path(path, root, "dev/full"), S_IFCHR | 0666,
			       makedev(1, 7)),
			 0);
	assert_int_equal(chmod(path, 0666), 0);
}

/* A recorder, or for a redirection a directory that may be written to. */
static void add_file(const char *word, bool redirected, void *ctx)
{
	const char *root = ctx;
	char path[2 * PATH_MAX], from[PATH_MAX], *slash;

	/* What is so called is not to be there. */
	if (!strncmp(word, "nosuch", 6) || !strncmp(word, "/no/", 4))
		return;
	if (redirected && *word != '/')
		return;
	snprintf(path, sizeof(path), "%s%s%s", root,
		 *word == '/' ? "" : "/bin/", word);
	for (slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!mkdir(path, 0777))
			chmod(path, 0777);
		*slash = '/';
	}
	/* Taken names, directories and too long ones fail: no matter. */
	if (!redirected && link(tmp_path(from, root, recorder_path), path))
		return;
}

static volatile sig_atomic_t killed;

static void timed_out(int sig)
{
	(void)sig;
	killed = 1;
	kill(-1, SIGKILL);
}

static void enter_root(const char *root)
{
	char path[PATH_MAX];
	int in = open("/dev/null", O_RDONLY);
	int out = open(tmp_path(path, root, "out"),
		       O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0666);
	int err = open(tmp_path(path, root, "err"),
		       O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0666);

	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (chroot(root) || chdir("/tmp") || setgid(65534) || setuid(65534))
		_exit(97);
}

/* struct leftovers - files that a line left, and where they are */
struct leftovers {
	const char *root;
	char *to, *end;
};

/* Whatever belongs to nobody was written by the line. */
static void collect_file(const char *word, bool redirected, void *ctx)
{
	struct leftovers *l = ctx;
	char name[PATH_MAX], path[PATH_MAX], text[8192] = "";
	struct stat st;

	(void)redirected;
	snprintf(name, sizeof(name), "%s%s", *word == '/' ? "" : "tmp/", word);
	if (lstat(tmp_path(path, l->root, name), &st) || st.st_uid != 65534 ||
	    !S_ISREG(st.st_mode))
		return;
	tmp_read(l->root, name, text, sizeof(text));
	unlink(path);
	l->to += snprintf(l->to, (size_t)(l->end - l->to), "%s: %s\n", word,
			  text);
	if (l->to > l->end)
		l->to = l->end;
}

/* In the sandbox, as its init: all that a line leaves behind ends with it. */
static void run_line(const char *root, const struct run *run, bool ours,
		     struct outcome *o)
{
	struct leftovers l = { .root = root,
			       .to = o->files,
			       .end = o->files + sizeof(o->files) - 1 };
	char path[PATH_MAX];
	pid_t pid, child;
	int status;

	*o->files = '\0';
	if (truncate(tmp_path(path, root, "log"), 0))
		_exit(1);
	child = fork();
	if (!child) {
		enter_root(root);
		if (ours)
			exec_ours(run);
		exec_bash(run);
	}
	killed = 0;
	alarm(3);
	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == child)
			o->status = status;
	alarm(0);
	o->killed = killed || WIFSIGNALED(o->status);
	if (!tmp_read(root, "log", o->log, sizeof(o->log)) ||
	    !tmp_read(root, "out", o->out, sizeof(o->out)) ||
	    !tmp_read(root, "err", o->err, sizeof(o->err)))
		_exit(1);
	hooks_each_word(run->line, collect_file, &l);
}

/*
 * Within $(...) bash counts lines of the text that it makes of the commands.
 * In a message they are all alike here.
 */
static void forget_lines(char *text, const char *prefix)
{
	size_t len = strcspn(prefix, "0123456789");
	char *p = text, *to;

	while (prefix[len] && (p = strstr(p, "line "))) {
		p += 5;
		to = p + strspn(p, "0123456789");
		if (to > p && !strncmp(to, ": ", 2) &&
		    (size_t)(p - text) >= len && !strncmp(p - len, prefix, len))
			memmove(p, to, strlen(to) + 1);
	}
}

/* Members of a pipeline record and print in any order. */
static void sort_lines(char *text)
{
	static char copy[OUTCOME_MAX];
	char *lines[4096], *p, *save;
	size_t n = 0, i;

	memcpy(copy, text, OUTCOME_MAX);
	for (p = strtok_r(copy, "\n", &save); p && n < 4096;
	     p = strtok_r(NULL, "\n", &save))
		lines[n++] = p;
	qsort(lines, n, sizeof(*lines), by_text);
	for (*text = '\0', i = 0; i < n; i++) {
		text = stpcpy(text, lines[i]);
		text = stpcpy(text, "\n");
	}
}

/* Nor do they end all of what they print with a newline. */
static void sort_bytes(char *text)
{
	unsigned int count[256] = { 0 }, i;
	const char *p;

	for (p = text; *p; p++)
		count[(unsigned char)*p]++;
	for (i = 1; i < 256; i++)
		while (count[i]--)
			*text++ = (char)i;
}

static bool same(struct figures *f, const char *line, const char *prefix)
{
	struct outcome *const both[] = { &f->real, &f->ours };
	size_t i;

	for (i = 0; i < 2; i++) {
		forget_lines(both[i]->log, prefix);
		forget_lines(both[i]->out, prefix);
		forget_lines(both[i]->err, prefix);
		forget_lines(both[i]->files, prefix);
		if (!strchr(line, '|'))
			continue;
		sort_lines(both[i]->log);
		sort_bytes(both[i]->out);
		sort_bytes(both[i]->err);
		sort_bytes(both[i]->files);
	}
	return f->real.status == f->ours.status &&
	       !strcmp(f->real.log, f->ours.log) &&
	       !strcmp(f->real.out, f->ours.out) &&
	       !strcmp(f->real.err, f->ours.err) &&
	       !strcmp(f->real.files, f->ours.files);
}

static void show(const char *who, const struct outcome *o)
{
	print_message(" %s: %#x\n%.900s -- stdout:\n%.600s -- stderr:\n%.600s"
		      " -- files: %.600s\n",
		      who, o->status, o->log, o->out, o->err, o->files);
}

static void compare(struct sandbox *s, const struct run *run)
{
	struct figures *f = s->f;
	char root[PATH_MAX];
	const char *p;

	run_line(tmp_path(root, s->dir, roots[0]), run, false, &f->real);
	run_line(tmp_path(root, s->dir, roots[1]), run, true, &f->ours);
	f->runs++;
	for (p = f->real.log; (p = strchr(p, '\n')); p++)
		f->calls++;
	/* How far an endless loop came is chance. */
	if (f->real.killed && f->ours.killed) {
		f->killed++;
		return;
	}
	if (same(f, run->line, run->prefix))
		return;
	if (f->differ++ > 40)
		return;
	print_message("differs (prints %s, fails %s): %s\n", run->prints,
		      run->failing, run->line);
	show("bash", &f->real);
	show("ours", &f->ours);
}

/* The k-th different command of a record; false where there are fewer. */
static bool kth_key(const char *log, size_t k, char key[KEY_MAX])
{
	char seen[32][KEY_MAX];
	size_t n = 0, i, len;
	const char *end;

	for (; *log && n < 32; log = end + 1) {
		end = strchr(log, '\n');
		if (!end)
			return false;
		/* The key ends with the last separator of the words. */
		for (len = (size_t)(end - log); len && log[len - 1] != '\037';)
			len--;
		if (len >= KEY_MAX)
			continue;
		memcpy(seen[n], log, len);
		seen[n][len] = '\0';
		for (i = 0; i < n && strcmp(seen[i], seen[n]); i++)
			;
		if (i < n)
			continue;
		if (n++ == k) {
			strcpy(key, seen[k]);
			return true;
		}
	}
	return false;
}

static bool understood(const char *line)
{
	const struct hook_script *script = NULL;
	struct arena a = {};
	struct hook hook;
	const char *why;
	bool ret;

	if (hook_parse(line, "wg0", &a, &hook) ||
	    hook_script_parse(hook.text, &a, &script, &why))
		_exit(1);
	ret = script != NULL;
	arena_done(&a);
	return ret;
}

static void compare_line(struct sandbox *s, const char *line, bool thorough)
{
	struct run run = {
		.line = line, .failing = "", .prints = "0", .prefix = s->prefix
	};
	static char log[OUTCOME_MAX], key[KEY_MAX];
	size_t k;

	s->f->lines++;
	if (!understood(line))
		return;
	s->f->understood++;
	compare(s, &run);
	memcpy(log, s->f->ours.log, sizeof(log));
	run.failing = key;
	for (k = 0; kth_key(log, k, key) && (thorough || !k); k++)
		compare(s, &run);
	if (!strpbrk(line, "$`") || !thorough)
		return;
	run.failing = "";
	for (k = 1; k < 3; k++) {
		run.prints = k == 1 ? "1" : "2";
		compare(s, &run);
	}
}

/* Random lines */

/* struct gen - a line in the making */
struct gen {
	struct buf b;
	uint64_t seed;
	int depth;
};

static unsigned int dice(struct gen *g, unsigned int n)
{
	g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(g->seed >> 33) % n;
}

static void say(struct gen *g, const char *s)
{
	buf_adds(&g->b, s);
}

static void pick(struct gen *g, const char *const *v, size_t n)
{
	say(g, v[dice(g, (unsigned int)n)]);
}

#define PICK(g, ...)                                            \
	do {                                                    \
		static const char *const v[] = { __VA_ARGS__ }; \
		pick(g, v, ARRAY_SIZE(v));                      \
	} while (0)

static void gen_list(struct gen *g);
static void gen_word(struct gen *g);

static void gen_variable(struct gen *g)
{
	PICK(g, "x", "y", "INTERFACE", "GIVEN", "MTU", "u", "CONFIG_FILE");
}

static void gen_arith(struct gen *g)
{
	say(g, "$((");
	PICK(g, "1+2", " n * 2 ", "7/2", "n-1", "(1+2)*3", "n?1:2", "1<2", "!n",
	     "-3%2", "2**3", "$n+1", "0x1f", "${u:-4} - 1", "8>>1|1", "1&&0||1",
	     "~n", "n==17&&u", "n ^ 5 & 6", "- -n", "010");
	say(g, "))");
}

static void gen_substitution(struct gen *g)
{
	if (g->depth > 2 || !dice(g, 3)) {
		PICK(g, "$(r1)", "`r2 a`", "$(r1 | r2)", "$(false)", "$()",
		     "$(echo a b; echo c)", "$(exit 3)", "$(echo '*')",
		     "$(echo; echo 'x  y '; echo)", "`echo \\`r1\\``");
		return;
	}
	say(g, "$(");
	gen_list(g);
	say(g, ")");
}

static void gen_parameter(struct gen *g)
{
	say(g, "$");
	if (dice(g, 2)) {
		gen_variable(g);
		return;
	}
	say(g, "{");
	gen_variable(g);
	PICK(g, "", "", ":-d e", "-d", ":=z", ":+alt 'a b'", "+\"$x\"", "#*/",
	     "##*/", "%/*", "%%/*", "%0", ":-$(r1)", "#?", "%[0-9]",
	     "##*[!0-9]", ":-", "+");
	say(g, "}");
}

static void gen_piece(struct gen *g)
{
	switch (dice(g, 16)) {
	case 0:
		PICK(g, "'a b'", "''", "'$x'", "'\\'", "'~'", "'*'");
		break;
	case 1:
		say(g, "\"");
		PICK(g, "", "a ", "\\\"", "\\a", "'", "~", "*", "{a,b}");
		if (dice(g, 2))
			gen_parameter(g);
		else
			gen_substitution(g);
		PICK(g, "", " b", "\\\\", "#");
		say(g, "\"");
		break;
	case 2:
	case 3:
		gen_parameter(g);
		break;
	case 4:
		gen_substitution(g);
		break;
	case 5:
		gen_arith(g);
		break;
	case 6:
		PICK(g, "{a,b}", "{1..3}", "{a,{b,c}d}", "{x,}", "{a}", "{}",
		     "{3..1}", "{a..c}", "{01..3}", "{a,b", "a,b}", "{,}",
		     "{'a,b',c}", "{1..5..2}", "{~,x}", "{\"$x\",${y}}");
		break;
	case 7:
		PICK(g, "$?", "$#", "$1", "$2", "$3", "\"$@\"", "$*", "\"$*\"",
		     "$0", "${2}", "$@", "a\"$@\"b", "${#x}", "\"${x:-a b}\"",
		     "\"${u:-'}\"", "${u:-'a  b'c  d}", "\"\"", "$");
		break;
	case 8:
		PICK(g, "\\ ", "\\\\", "\\a", "\\$", "\\;", "\\*", "#", "!",
		     "=", "%", "@", "^", ":", "-", "+", "\\~", "]", "\\\"",
		     ",");
		break;
	case 9:
		PICK(g, "*", "?", "[ab]", "x*", "[!x]", "*/x", "[", "a]", "~",
		     "~/", "~someone/x", "~nobody.x", "a=~", "a=b:~/x", "a:~");
		break;
	default:
		PICK(g, "a", "b", "0", "1", "17", "foo", "x.y/z", "-n", "-e",
		     "a=b", "wg0", "\xc3\xa9", "~x", "if", "10.0.0.1/24");
	}
}

static void gen_word(struct gen *g)
{
	gen_piece(g);
	while (!dice(g, 4))
		gen_piece(g);
}

static void gen_redirection(struct gen *g)
{
	PICK(g, " >>f1", " 2>>f2", " 2>/dev/null", " >/dev/null 2>&1", " 2>&1",
	     " >&2", " &>>f3", " <x", " </dev/null", " <<<'a b'", " <<<$x",
	     " >/no/such", " </no/such", " 1>&2", " > \"$x\"", " >$x",
	     " <<<\"$(r1)\"", " 0<f1", " 2>>$y.z", " >>f{1,}", " >NEW",
	     " 2>&1 >NEW", " >NEW 2>&1", " &>NEW", " >&NEW", " 2>NEW",
	     " >|NEW");
}

/* What is written to from its beginning is each a file of its own. */
static void name_new_files(struct gen *g)
{
	unsigned int n = 0;
	char *p = g->b.p;

	while ((p = strstr(p, "NEW"))) {
		p[0] = 'p';
		p[1] = (char)('a' + n / 26 % 26);
		p[2] = (char)('a' + n++ % 26);
	}
}

static void gen_redirections(struct gen *g)
{
	while (!dice(g, 5))
		gen_redirection(g);
}

static void gen_test(struct gen *g)
{
	bool bracket = dice(g, 2);
	unsigned int n = dice(g, 5);

	say(g, bracket ? "[ " : "test ");
	if (!dice(g, 4))
		say(g, "! ");
	if (n < 2) {
		PICK(g, "-z ", "-n ", "-e ", "-d ", "-f ", "-x ", "", "-s ");
		gen_word(g);
	} else if (n < 4) {
		PICK(g, "\"$x\"", "$x", "1", "a", "$y", "\"$(r1)\"");
		PICK(g, " = ", " != ", " -eq ", " -gt ", " -le ",
		     " == ", " -a ", " -o ", " -lt ", " -ne ");
		gen_word(g);
	} else {
		PICK(g, "1 -eq 1 -a 2 -gt 1", "", "a = a -o b = c", "( a = b )",
		     "-n a -a -z b", "1 -lt", "( a", "a b c d e", "! ! a",
		     "-f f1 -a -n \"$x\"", "( a )", "( -n a )", "a -a ! b");
	}
	if (bracket)
		PICK(g, " ]", " ]", " ]", " ]", " ]", " ]", " ]", "");
}

static void gen_printf(struct gen *g)
{
	say(g, "printf ");
	PICK(g, "'%s\\n' ", "\"%s|%s\\n\" ", "'%d %x\\n' ", "'a%%b\\n'",
	     "'%5s|%-5s|\\n' ", "%s ", "'%05d|%-4d|%+d\\n' ",
	     "'\\101\\x42\\t' ", "-- '%s' ", "'%.2s|%c\\n' ", "'%u %o\\n' ",
	     "'%5.3d|%.0d\\n' ", "'%i' ", "'%#x %#o %X\\n' ", "'% d\\n' ");
	while (dice(g, 3)) {
		say(g, " ");
		gen_word(g);
	}
}

static void gen_builtin(struct gen *g)
{
	switch (dice(g, 10)) {
	case 0:
	case 1:
		gen_test(g);
		break;
	case 2:
		gen_printf(g);
		break;
	case 3:
		PICK(g, "export x", "export x=1", "export y=$x z='a b'",
		     "export u=$(r1)", "unset x", "unset x GIVEN", "shift",
		     "shift 2", "set +e", "set -e", "set +o pipefail",
		     "export w=~/x:~", "unset MTU", "export MTU");
		break;
	case 4:
		PICK(g, "true", "false", ":", "true a b", "exit", "exit 3",
		     "return 4", "exit $?", "exit 256", "false");
		break;
	case 5:
		say(g, "echo -e 'a\\tb\\0101\\x41\\c' c");
		break;
	default:
		say(g, "echo");
		while (dice(g, 4)) {
			say(g, " ");
			gen_word(g);
		}
	}
}

static void gen_program(struct gen *g)
{
	PICK(g, "r1", "r2", "r3", "r1", "/bin/r2", "./nosuch", "nosuch", "/tmp",
	     "r\\1", "'r2'", "\"$(echo /bin/r1)\"", "~/r");
	while (dice(g, 3)) {
		say(g, " ");
		gen_word(g);
	}
}

static void gen_assignment(struct gen *g)
{
	PICK(g, "x", "y", "MTU", "GIVEN", "v");
	PICK(g, "=", "=", "=", "+=");
	if (dice(g, 5))
		gen_word(g);
}

static void gen_simple(struct gen *g)
{
	unsigned int kind = dice(g, 10);

	if (!dice(g, 12)) {
		gen_redirection(g);
		say(g, " ");
	}
	if (kind < 2) {
		gen_assignment(g);
		while (!dice(g, 3)) {
			say(g, " ");
			gen_assignment(g);
		}
	} else {
		while (!dice(g, 6)) {
			gen_assignment(g);
			say(g, " ");
		}
		if (kind < 5)
			gen_builtin(g);
		else
			gen_program(g);
	}
	gen_redirections(g);
}

static void gen_loop(struct gen *g)
{
	switch (dice(g, 3)) {
	case 0:
		say(g, "for x in ");
		gen_word(g);
		PICK(g, " b c", "", " $y");
		break;
	case 1:
		PICK(g, "for v", "for v in \"$@\"", "for y in");
		break;
	default:
		PICK(g, "while r1", "until r2", "while [ \"$x\" != aaa ]",
		     "until ! r1", "while false", "until true");
		say(g, "; do x=${x}a; [ ${#x} -lt 6 ] || break; ");
		gen_list(g);
		say(g, "; done");
		return;
	}
	say(g, "; do ");
	gen_list(g);
	PICK(g, "", "", "; break", "; [ $y ] || continue; r3");
	say(g, "; done");
}

static void gen_if(struct gen *g)
{
	say(g, "if ");
	gen_list(g);
	say(g, "; then ");
	gen_list(g);
	if (!dice(g, 3)) {
		say(g, "; elif ");
		gen_list(g);
		say(g, "; then ");
		gen_list(g);
	}
	if (dice(g, 2)) {
		say(g, "; else ");
		gen_list(g);
	}
	say(g, "; fi");
}

static void gen_compound(struct gen *g)
{
	switch (dice(g, 4)) {
	case 0:
		say(g, "{ ");
		gen_list(g);
		say(g, "; }");
		break;
	case 1:
		say(g, "(");
		gen_list(g);
		say(g, ")");
		break;
	case 2:
		gen_if(g);
		break;
	default:
		gen_loop(g);
	}
	gen_redirections(g);
}

static void gen_command(struct gen *g)
{
	g->depth++;
	if (g->depth < 5 && !dice(g, 4))
		gen_compound(g);
	else
		gen_simple(g);
	g->depth--;
}

/*
 * Who reads from a pipe really does: else the one before may be killed by
 * SIGPIPE, or not.
 */
static void gen_pipeline(struct gen *g)
{
	if (!dice(g, 8))
		say(g, "! ");
	gen_command(g);
	while (!dice(g, 6)) {
		PICK(g, " | ", "|", " |& ");
		PICK(g, "", "", "", "y=1 ");
		PICK(g, "r1", "r2 ", "r3 ");
		if (dice(g, 2)) {
			say(g, " ");
			PICK(g, "a", "\"$x\"", "\"$y\"", "'b c'", "${u:-d}",
			     "$?", "$((1+2))", "{a,b}");
		}
		PICK(g, "", "", "", " 2>&1", " >/dev/null", " 2>/dev/null",
		     " &>/dev/null", " >&2");
	}
}

static void gen_and_or(struct gen *g)
{
	gen_pipeline(g);
	while (!dice(g, 4)) {
		PICK(g, " && ", " || ", "&&", "||");
		gen_pipeline(g);
	}
}

static void gen_list(struct gen *g)
{
	g->depth++;
	gen_and_or(g);
	while (!dice(g, 3)) {
		PICK(g, "; ", ";");
		gen_and_or(g);
	}
	g->depth--;
}

static void random_lines(struct sandbox *s)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	struct gen g = { .seed = seed ? strtoull(seed, NULL, 0) : 1 };
	long n = rounds ? strtol(rounds, NULL, 0) : 1500;

	while (n-- > 0) {
		buf_reset(&g.b);
		g.depth = 0;
		say(&g, "x=\"a  b\" y=17 n=17; ");
		gen_list(&g);
		name_new_files(&g);
		if (g.b.len < 1000)
			compare_line(s, g.b.p, false);
	}
	buf_done(&g.b);
}

/* The tests */

#define OWN_LINES "tests/data/hook-lines"

static FILE *open_own(void)
{
	return fopen(OWN_LINES, "r");
}

/* A line of ours, which begins with no `#`. */
static const char *next_own(FILE *f, char line[HOOKS_LINE_MAX])
{
	do {
		if (!fgets(line, HOOKS_LINE_MAX, f))
			return NULL;
		line[strcspn(line, "\n")] = '\0';
	} while (*line == '#');
	return line;
}

static void prepare(const char *dir)
{
	char root[PATH_MAX], line[HOOKS_LINE_MAX];
	FILE *f = hooks_open(), *own = open_own();
	const char *hook;
	size_t r;

	for (r = 0; r < ARRAY_SIZE(roots); r++) {
		tmp_path(root, dir, roots[r]);
		assert_int_equal(mkdir(root, 0755), 0);
		make_root(root);
		hooks_each_word("r1 r2 r3", add_file, root);
		while (f && (hook = hooks_next(f, line)))
			hooks_each_word(hook, add_file, root);
		while ((hook = next_own(own, line)))
			hooks_each_word(hook, add_file, root);
		if (f)
			rewind(f);
		rewind(own);
	}
	if (f)
		fclose(f);
	fclose(own);
}

static void corpus_lines(struct sandbox *s)
{
	char line[HOOKS_LINE_MAX];
	FILE *f = hooks_open();
	const char *hook;

	while (f && (hook = hooks_next(f, line)))
		compare_line(s, hook, true);
	if (f)
		fclose(f);
}

static void own_lines(struct sandbox *s)
{
	char line[HOOKS_LINE_MAX];
	FILE *f = open_own();
	const char *hook;

	while ((hook = next_own(f, line)))
		compare_line(s, hook, true);
	fclose(f);
}

/* Messages begin with the name of bash's source and a line of it. */
static void learn_prefix(struct sandbox *s)
{
	const struct run run = { "/no/such", "", "0", "" };
	char root[PATH_MAX], *end;

	run_line(tmp_path(root, s->dir, roots[0]), &run, false, &s->f->real);
	end = strstr(s->f->real.err, "/no/such");
	if (end && (size_t)(end - s->f->real.err) < sizeof(s->prefix))
		memcpy(s->prefix, s->f->real.err,
		       (size_t)(end - s->f->real.err));
}

static int isolate(struct sandbox *s, void (*lines)(struct sandbox *s))
{
	const struct sigaction sa = { .sa_handler = timed_out };
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		    CLONE_NEWUTS))
		return 77;
	pid = fork();
	if (!pid) {
		sigaction(SIGALRM, &sa, NULL);
		learn_prefix(s);
		lines(s);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void differential(void (*lines)(struct sandbox *s), int least)
{
	struct figures *f;
	struct sandbox s;
	char dir[64];
	int status;
	pid_t pid;

	if (geteuid() || !hooks_have("/bin/bash")) {
		print_message("SKIPPED: the sandbox needs root and bash\n");
		skip();
	}
	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(f != MAP_FAILED);
	tmp_make(dir);
	assert_int_equal(chmod(dir, 0755), 0);
	s = (struct sandbox){ .dir = dir, .f = f };
	prepare(dir);
	pid = fork();
	if (!pid)
		_exit(isolate(&s, lines));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	tmp_remove(dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: no namespace to be had\n");
		skip();
	}
	assert_int_equal(status, 0);
	print_message("%d lines: %d understood; %d runs, %d commands, "
		      "%d endless, %d differ\n",
		      f->lines, f->understood, f->runs, f->calls, f->killed,
		      f->differ);
	assert_true(f->understood * 100 >= f->lines * least);
	assert_in_range(f->killed, 0, f->runs / 20);
	assert_int_equal(f->differ, 0);
	munmap(f, sizeof(*f));
}

static void test_own(void **state)
{
	(void)state;
	differential(own_lines, 95);
}

static void test_corpus(void **state)
{
	FILE *f = hooks_open();

	(void)state;
	if (!f) {
		print_message("SKIPPED: no corpus of hooks in WGQ_SHARED\n");
		skip();
	}
	fclose(f);
	differential(corpus_lines, 95);
}

static void test_random(void **state)
{
	(void)state;
	differential(random_lines, 50);
}

int main(int argc, char **argv, char **env)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_random),
	};

	(void)argc;
	if (getenv(RECORDER))
		return recorder_main(argv, env);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
