// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "hook/hook.h"
#include "lib_hooks.h"
#include "lib_tmp.h"

static struct conf_value address[] = { { "10.0.0.1/24", 2 }, { "fd00::1", 3 } };
static struct conf_value dns[] = { { "1.1.1.1", 4 } };
static struct conf_value search[] = { { "it's", 4 }, { "$b", 4 } };
static struct conf_value post_up[] = {
	{ "first 'one' %i", 5 },
	{ "second\\ \"$x\" `y`", 6 },
};

static struct conf example(void)
{
	struct conf c = {
		.name = "wg0.conf",
		.path = "/etc/wireguard/o'dd.conf",
		.ifname = "wg0",
		.address = { address, 2, 2 },
		.dns = { dns, 1, 1 },
		.dns_search = { search, 2, 2 },
		.mtu = { "1400", 7 },
		.save_config = true,
	};

	c.hooks[CONF_POST_UP] = (struct conf_list){ post_up, 2, 2 };
	return c;
}

/* Runs a hook by a shell of this host and returns its exit status. */
static int run(const char *path, enum hook_shell shell, const char *text,
	       char *out, size_t size)
{
	struct conf conf = example();
	const char *const *argv;
	struct arena a = {};
	struct buf script = {};
	struct hook hook;
	size_t len = 0;
	int p[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(hook_parse(text, "wg0", &a, &hook), 0);
	hook_shell_script(&hook, &conf, CONF_POST_UP, "wg-quick", shell,
			  &script);
	argv = hook_shell_argv(path, script.p, &conf, CONF_POST_UP, "wg-quick",
			       &a);
	assert_non_null(argv);
	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (!pid) {
		dup2(p[1], 1);
		dup2(p[1], 2);
		execv(path, (char *const *)(uintptr_t)argv);
		_exit(99);
	}
	close(p[1]);
	while ((n = read(p[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	buf_done(&script);
	arena_done(&a);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check(const char *path, enum hook_shell shell, const char *text,
		  int want_status, const char *want)
{
	char out[4096];

	assert_int_equal(run(path, shell, text, out, sizeof(out)), want_status);
	assert_string_equal(out, want);
}

/* What holds in bash and in sh alike. */
static void check_both(const char *path, enum hook_shell shell)
{
	check(path, shell,
	      "echo \"$INTERFACE|$CONFIG_FILE|$MTU|$TABLE|"
	      "$SAVE_CONFIG|$PROGRAM|$0\"",
	      0, "wg0|/etc/wireguard/o'dd.conf|1400||1|wg-quick|wg-quick\n");
	check(path, shell, "echo \"$#|$1|$2\"", 0,
	      "2|first 'one' %i|second\\ \"$x\" `y`\n");
	check(path, shell, "echo it\\'s '%i'; echo \"$hook\"", 0,
	      "it's wg0\necho it\\'s 'wg0'; echo \"$hook\"\n");
	check(path, shell, "false; echo no", 1, "");
	check(path, shell, "false || echo yes", 0, "yes\n");
	check(path, shell, "exit 7", 7, "");
	check(path, shell, "sh -c 'exit 9'; echo no", 9, "");
	check(path, shell, "X=$(exit 5); echo no", 5, "");
	check(path, shell, "echo \"${WG_CONFIG-unset}\"", 0, "unset\n");
	check(path, shell, "cmd echo a b", 0, "[#] echo a b\na b\n");
	check(path, shell, "die a b; echo no", 1, "wg-quick: a b\n");
	check(path, shell,
	      "wg() { echo \"$*\" >&2; echo 0xca6c; }; get_fwmark m; "
	      "echo $m \"$1\"",
	      0, "show wg0 fwmark\n51820 first 'one' %i\n");
	check(path, shell, "wg() { echo off; }; get_fwmark m || echo none", 0,
	      "none\n");
	check(path, shell, "return 3; echo no", 3, "");
	check(path, shell, "x=1; cd /; exit 0", 0, "");
	check(path, shell, "trap 'echo bye' EXIT; echo hi", 0, "hi\nbye\n");
}

static void test_bash(void **state)
{
	const char *const b = "/bin/bash";
	char out[4096];

	(void)state;
	if (!hooks_have(b))
		skip();
	check_both(b, HOOK_BASH);
	check(b, HOOK_BASH,
	      "echo \"${#ADDRESSES[@]}|${ADDRESSES[1]}|${DNS[*]}|"
	      "${#DNS_SEARCH[@]}|${DNS_SEARCH[*]}|${#PRE_UP[@]}|"
	      "${POST_UP[1]}|${#PRE_DOWN[@]}${#POST_DOWN[@]}\"",
	      0, "2|fd00::1|1.1.1.1|2|it's $b|0|second\\ \"$x\" `y`|00\n");
	check(b, HOOK_BASH, "false | true; echo no", 1, "");
	check(b, HOOK_BASH, "shopt -q extglob && [[ ab == +(a|b) ]] && echo y",
	      0, "y\n");
	check(b, HOOK_BASH, "shopt -q nocasematch || echo off", 0, "off\n");
	check(b, HOOK_BASH, "read -r x < <(echo sub); echo $x $BASH_SUBSHELL",
	      0, "sub 1\n");
	check(b, HOOK_BASH, "local x=1; echo $x", 0, "1\n");
	assert_int_equal(run(b, HOOK_BASH, "echo 'a", out, sizeof(out)), 2);
	assert_non_null(strstr(out, "unexpected EOF while looking for"));
}

static void test_sh(void **state)
{
	char out[4096];

	(void)state;
	if (!hooks_have("/bin/sh"))
		skip();
	check_both("/bin/sh", HOOK_SH);
	assert_int_equal(run("/bin/sh", HOOK_SH, "echo 'a", out, sizeof(out)),
			 2);
}

/*
 * The differential test.  Each line is carried out twice, in two roots that
 * hold nothing but bash and a recorder under the name of every command there
 * is: once as wg-quick's shell would, once by hook_parse() and, for a plain
 * command, with no shell at all.  What was called with which words and the exit
 * status have to be the same.
 */
#define HARNESS                                                                \
	"set -e -o pipefail\nshopt -s extglob\n"                               \
	"PROGRAM=wg-quick INTERFACE=wg0 CONFIG_FILE=/etc/wireguard/wg0.conf\n" \
	"ADDRESSES=( ) DNS=( ) DNS_SEARCH=( ) MTU= TABLE= SAVE_CONFIG=0\n"     \
	"PRE_UP=( ) POST_UP=( \"$@\" ) PRE_DOWN=( ) POST_DOWN=( )\n"           \
	"go() {\n\tlocal hook\n\tfor hook in \"$@\"; do\n"                     \
	"\t\thook=\"${hook//%i/$INTERFACE}\"\n"                                \
	"\t\t(eval \"$hook\")\n\tdone\n}\ngo \"$@\"\n"

#define RECORDER                                         \
	"#!/bin/bash\n"                                  \
	"printf -v s '%s\\037' \"$0\" \"$@\"\n"          \
	"printf '%s\\n' \"${s//$'\\n'/\\\\n}\" >>/log\n" \
	"while read -r _; do :; done\n"                  \
	"[ $((${#s} % 7)) -ne 0 ] || exit 3\n"

#define OUTCOME_MAX 65536

/* struct outcome - what a run of a line came to; shared with the sandbox */
struct outcome {
	int status;
	bool killed;
	enum hook_kind kind;
	char log[OUTCOME_MAX];
};

/* struct figures - what the whole test came to; likewise */
struct figures {
	int lines, exec, shell, empty, differ, calls, killed;
	struct outcome real, ours;
};

static const char *const roots[] = { "real", "ours" };

static void make_root(const char *root)
{
	char path[PATH_MAX];

	tmp_write(root, "log", 0666, "");
	tmp_write(root, "recorder", 0755, RECORDER);
	tmp_write(root, "tmp/x", 0644, "");
	tmp_write(root, "dev/x", 0644, "");
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(chmod(tmp_path(path, root, "tmp"), 0777), 0);
	assert_int_equal(mknod(tmp_path(path, root, "dev/null"), S_IFCHR | 0666,
			       makedev(1, 3)),
			 0);
	assert_int_equal(chmod(path, 0666), 0);
	hooks_copy_program(root, "/bin/bash");
}

/* A recorder for whatever in a line could be the name of a command. */
static void add_command(const char *word, bool redirected, void *ctx)
{
	const char *root = ctx;
	char path[2 * PATH_MAX], *slash;

	(void)redirected;
	snprintf(path, sizeof(path), "%s%s%s", root,
		 *word == '/' ? "" : "/bin/", word);
	for (slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	/* Taken names, directories and too long ones fail: no matter. */
	if (link(tmp_path((char[PATH_MAX]){ 0 }, root, "recorder"), path))
		return;
}

static void exec_plain(char *const *argv, char *const *envp)
{
	execvpe(argv[0], argv, envp);
	_exit(errno == ENOENT ? 127 : 126);
}

static void exec_hook(const char *line, const struct hook *hook, bool ours)
{
	char path[] = "PATH=/bin", locale[] = "LC_ALL=C";
	char *const envp[] = { path, locale, NULL };
	struct conf_value value = { line, 1 };
	struct conf conf = { .ifname = "wg0",
			     .path = "/etc/wireguard/wg0.conf" };
	const char *argv[] = { "/bin/bash", "-c", HARNESS,
			       "wg-quick",  line, NULL };
	struct arena a = {};
	struct buf script = {};

	setenv("PATH", "/bin", 1);
	conf.hooks[CONF_POST_UP] = (struct conf_list){ &value, 1, 1 };
	if (!ours)
		execve(argv[0], (char *const *)(uintptr_t)argv, envp);
	switch (hook->kind) {
	case HOOK_EMPTY:
		_exit(0);
	case HOOK_EXEC:
		exec_plain((char *const *)(uintptr_t)hook->argv, envp);
		break;
	case HOOK_SHELL:
		hook_shell_script(hook, &conf, CONF_POST_UP, "wg-quick",
				  HOOK_BASH, &script);
		execve("/bin/bash",
		       (char *const *)(uintptr_t)hook_shell_argv(
			       "/bin/bash", script.p, &conf, CONF_POST_UP,
			       "wg-quick", &a),
		       envp);
	}
	_exit(98);
}

static volatile sig_atomic_t killed;

static void timed_out(int sig)
{
	(void)sig;
	killed = 1;
	kill(-1, SIGKILL);
}

/* In the sandbox, as its init: all that a line leaves behind ends with it. */
static void run_line(const char *root, const char *line, bool ours,
		     struct outcome *o)
{
	char path[PATH_MAX];
	struct arena a = {};
	struct hook hook;
	int status, fd;
	pid_t pid, child;

	if (hook_parse(line, "wg0", &a, &hook))
		_exit(1);
	o->kind = hook.kind;
	if (truncate(tmp_path(path, root, "log"), 0))
		_exit(1);
	child = fork();
	if (!child) {
		fd = open("/dev/null", O_RDWR);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		if (chroot(root) || chdir("/tmp") || setgid(65534) ||
		    setuid(65534))
			_exit(97);
		exec_hook(line, &hook, ours);
	}
	killed = 0;
	alarm(3);
	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == child)
			o->status = status;
	alarm(0);
	o->killed = killed;
	if (!tmp_read(root, "log", o->log, sizeof(o->log)))
		_exit(1);
	arena_done(&a);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Members of a pipeline and background jobs record in any order. */
static void sort_lines(char *log)
{
	static char copy[OUTCOME_MAX];
	char *lines[1024], *p, *save;
	size_t n = 0, i;

	memcpy(copy, log, OUTCOME_MAX);
	for (p = strtok_r(copy, "\n", &save); p && n < 1024;
	     p = strtok_r(NULL, "\n", &save))
		lines[n++] = p;
	qsort(lines, n, sizeof(*lines), by_text);
	for (*log = '\0', i = 0; i < n; i++) {
		log = stpcpy(log, lines[i]);
		log = stpcpy(log, "\n");
	}
}

static bool same(struct figures *f, const char *line)
{
	if (f->real.status != f->ours.status)
		return false;
	if (strpbrk(line, "|&") || strstr(line, "<(") || strstr(line, ">(")) {
		sort_lines(f->real.log);
		sort_lines(f->ours.log);
	}
	return !strcmp(f->real.log, f->ours.log);
}

static void compare_line(const char *dir, const char *line, struct figures *f)
{
	char root[PATH_MAX];
	const char *p;

	run_line(tmp_path(root, dir, roots[0]), line, false, &f->real);
	run_line(tmp_path(root, dir, roots[1]), line, true, &f->ours);
	f->lines++;
	f->exec += f->ours.kind == HOOK_EXEC;
	f->shell += f->ours.kind == HOOK_SHELL;
	f->empty += f->ours.kind == HOOK_EMPTY;
	for (p = f->real.log; (p = strchr(p, '\n')); p++)
		f->calls++;
	/* How far an endless loop came is chance. */
	if (f->real.killed && f->ours.killed) {
		f->killed++;
		return;
	}
	if (same(f, line))
		return;
	f->differ++;
	print_message("differs: %s\n  wg-quick: %#x\n%s  ours: %#x\n%s", line,
		      f->real.status, f->real.log, f->ours.status, f->ours.log);
}

static const char *const own_lines[] = {
	"a",
	"a b  c",
	"a 'b c' \"d e\"",
	"a;",
	"a # b",
	"# a",
	"",
	"a#b",
	"a !",
	"a ! b",
	"! a",
	"a %i '%i' \"%i\" %%i x%iy",
	"a ''",
	"'a' b",
	"\"a\" \"\"",
	"nosuch.command",
	"./nosuch",
	"/no/such",
	"/tmp",
	"a; b",
	"a && b || c",
	"a | b | c",
	"false | a; b",
	"a $(b) `c`",
	"a > x; b <x",
	"x=1 a $x",
	"x=$(false); a",
	"a $x \"$x\" '$x'",
	"if a; then b; fi",
	"for i in 1 2 3; do a $i; done",
	"a {b,c}",
	"a * ?",
	"a ~",
	"a \\; b",
	"a \\",
	"a 'b",
	"a \"b",
	"(a; exit 5)",
	"exit 6",
	"return 7",
	"cd /; a",
	"a $#",
	"a \"$@\"",
	"a $INTERFACE ${CONFIG_FILE##*/} \"${POST_UP[@]}\"",
	"a <(b)",
	"set +e; false; a",
	"trap 'a' EXIT; b",
	"a\tb",
	"a; ; b",
	"a;; b",
	"a &",
	"a & wait",
	"[ 1 = 1 ] && a",
	"[[ ab == +(a|b) ]] && a",
	"a 'x\ty'",
	"echo a",
	"true",
	"false",
	"type a",
	"a +(b)",
	"a b=c",
	"a=b",
	"a+=b c",
	"a -- -x --y=z",
	"a 'it'\"'\"'s'",
	"$INTERFACE",
	"eval a b",
	"command a b",
	"exec a b",
	"a 2>&1",
	"a >/dev/null 2>&1",
	"a 10>/dev/null",
	"b a:b,c/d@e%%f+g=h",
	"a \xc3\xa9 '\xc3\xa9'",
	"local x=5; a $x",
	"a \"b\"c'd'e",
	"a ~x ~/y z=~",
	"a x=~/y",
	"a ^b",
	"a [b] [!c]",
	"a $'b\\n' $\"c\"",
	"time a",
	"coproc a",
	"a; # b; c",
	"a #",
	"a ;#",
	"1a 2b",
	"a 1 2 3;  ",
	"A_B.c-d+e x",
	"umask 077; a",
};

static void prepare(const char *dir)
{
	char root[PATH_MAX], line[HOOKS_LINE_MAX];
	FILE *f = hooks_open();
	const char *hook;
	size_t r, i;

	for (r = 0; r < ARRAY_SIZE(roots); r++) {
		tmp_path(root, dir, roots[r]);
		assert_int_equal(mkdir(root, 0755), 0);
		make_root(root);
		for (i = 0; i < ARRAY_SIZE(own_lines); i++)
			hooks_each_word(own_lines[i], add_command, root);
		if (f)
			rewind(f);
		while ((hook = hooks_next(f, line)))
			hooks_each_word(hook, add_command, root);
	}
	if (f)
		fclose(f);
}

static int sandbox(const char *dir, struct figures *f)
{
	const struct sigaction sa = { .sa_handler = timed_out };
	FILE *corpus = hooks_open();
	char line[HOOKS_LINE_MAX];
	const char *hook;
	size_t i;

	sigaction(SIGALRM, &sa, NULL);
	for (i = 0; i < ARRAY_SIZE(own_lines); i++)
		compare_line(dir, own_lines[i], f);
	while ((hook = hooks_next(corpus, line)))
		compare_line(dir, hook, f);
	if (corpus)
		fclose(corpus);
	return 0;
}

static int isolate(const char *dir, struct figures *f)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		    CLONE_NEWUTS))
		return 77;
	pid = fork();
	if (!pid)
		_exit(sandbox(dir, f));
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void test_differential(void **state)
{
	struct figures *f;
	char dir[64];
	FILE *corpus;
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() || !hooks_have("/bin/bash")) {
		print_message("SKIPPED: the sandbox needs root and bash\n");
		skip();
	}
	corpus = hooks_open();
	if (corpus)
		fclose(corpus);
	else
		print_message("SKIPPED: no corpus of hooks in WGQ_SHARED\n");
	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(f != MAP_FAILED);
	tmp_make(dir);
	assert_int_equal(chmod(dir, 0755), 0);
	prepare(dir);
	pid = fork();
	if (!pid)
		_exit(isolate(dir, f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	tmp_remove(dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: no namespace to be had\n");
		skip();
	}
	assert_int_equal(status, 0);
	print_message("%d lines: %d executed, %d by bash, %d empty; "
		      "%d commands recorded, %d lines endless, %d differ\n",
		      f->lines, f->exec, f->shell, f->empty, f->calls,
		      f->killed, f->differ);
	assert_in_range(f->killed, 0, 5);
	assert_true(f->exec > 15);
	assert_true(f->calls > 50);
	assert_int_equal(f->differ, 0);
	munmap(f, sizeof(*f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bash),
		cmocka_unit_test(test_sh),
		cmocka_unit_test(test_differential),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
