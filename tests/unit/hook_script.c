// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "hook/script.h"

/* Why a line is not understood; NULL where it is. */
static const char *refusal(const char *text, struct arena *a)
{
	const struct hook_script *script;
	const char *why;

	assert_int_equal(hook_script_parse(text, a, &script, &why), 0);
	assert_true(!script == !!why);
	return why;
}

static void check_refused(const char *text, const char *want)
{
	struct arena a = {};
	const char *why = refusal(text, &a);

	if (!why)
		fail_msg("`%s' is understood", text);
	assert_string_equal(why, want);
	arena_done(&a);
}

static const char *const refused[][2] = {
	{ "a &", "runs in the background" },
	{ "a & wait", "runs in the background" },
	{ "[[ a = b ]]", "uses `[['" },
	{ "case a in a) b;; esac", "uses `case'" },
	{ "time a", "uses `time'" },
	{ "coproc a", "uses `coproc'" },
	{ "function f { a; }", "uses `function'" },
	{ "f() { a; }", "defines a function" },
	{ "((1+1))", "uses (( ))" },
	{ "source f", "uses the builtin source" },
	{ ". f", "uses the builtin ." },
	{ "cd /; a", "uses the builtin cd" },
	{ "read x", "uses the builtin read" },
	{ "eval a", "uses the builtin eval" },
	{ "trap a EXIT", "uses the builtin trap" },
	{ "die x", "calls wg-quick's function die" },
	{ "cmd ip link", "calls wg-quick's function cmd" },
	{ "a <(b)", "uses a process substitution" },
	{ "a >(b)", "uses a process substitution" },
	{ "a < <(b)", "uses a process substitution" },
	{ "a <<E\nb\nE", "uses a here-document" },
	{ "a 3>f", "uses descriptors above 2" },
	{ "a <>f", "opens a file for both ways" },
	{ "a >&-", "copies or closes a descriptor" },
	{ "a >/dev/tcp/b/1", "redirects to a special file" },
	{ "a >/dev/stderr", "redirects to a special file" },
	{ "a 2>&0", "mixes input and output" },
	{ "a+=(b)", "sets an array" },
	{ "a=(b)", "sets an array" },
	{ "a ${x[0]}", "uses an odd ${...}" },
	{ "a ${!x}", "uses an odd ${...}" },
	{ "a ${x/y/z}", "uses an odd ${...}" },
	{ "a ${x:1}", "uses an odd ${...}" },
	{ "a ${x:?y}", "uses an odd ${...}" },
	{ "a $$", "uses $$, $!, $- or $[" },
	{ "a $RANDOM", "uses the shell's own variable RANDOM" },
	{ "a $PWD", "uses the shell's own variable PWD" },
	{ "a $((RANDOM%2))", "does odd arithmetic" },
	{ "a $((x=1))", "does odd arithmetic" },
	{ "a $((x++))", "does odd arithmetic" },
	{ "PATH=/x a", "sets PATH" },
	{ "IFS=,; a", "uses the shell's own variable IFS" },
	{ "LC_ALL=x; a", "sets LC_ALL" },
	{ "a $'x'", "uses $'...' or $\"...\"" },
	{ "a @(b|c)", "uses an extended pattern" },
	{ "!(a)", "uses an extended pattern" },
	{ "a [[:alpha:]]", "uses a class of characters" },
	{ "$x a", "computes the name of a command" },
	{ "$(a)b", "computes the name of a command" },
	{ "a | (b; c)", "pipes into a group or loop" },
	{ "a | b $(c)", "runs a command for the reader of a pipe" },
	{ "a | x=1", "pipes to or from no command" },
	{ "a $(<f)", "uses $(<file)" },
	{ "break", "breaks out of no loop" },
	{ "while a; do (break); done", "breaks out of no loop" },
	{ "set -x", "uses an odd set" },
	{ "set", "uses an odd set" },
	{ "export", "lists what is exported" },
	{ "export $x", "exports what is no plain name" },
	{ "unset -f x", "uses an odd unset" },
	{ "printf \"$x\"", "uses an odd printf" },
	{ "printf '%q' x", "uses an odd printf" },
	{ "printf -v x y", "uses an odd printf" },
	{ "[ a -nt b ]", "uses an odd test" },
	{ "exit a", "gives an odd number to a builtin" },
	{ "a {1..100000}", "expands braces to too much" },
	{ "a $x{b,c}", "mixes braces and variables" },
	{ "a \001", "holds a control character" },
	{ "x=1 unset y", "sets a variable for a builtin" },
	{ "a {b}c,d}", "has odd braces" },
	{ "a x=~{b,c}", "mixes braces and tildes" },
	{ "(! { a; })", "inverts all of a subshell" },
	{ "! { a; } >f", "inverts a group with a redirection" },
	{ "a $x$", "has a lone dollar" },
	{ "for i in 1; do a; done <<<b", "feeds a text to a group or loop" },
	{ ">$(a)", "redirects no command to what a command says" },
	{ "a=1 b=$(c) d", "sets several variables for a command" },
	{ "a $((1;2))", "does odd arithmetic" },
	{ "a ~+", "uses ~+, ~- or ~1" },
	{ "a 'b", "syntax error: ' is not closed" },
	{ "a \"b", "syntax error: \" is not closed" },
	{ "a `b", "syntax error: ` is not closed" },
	{ "a $(b", "syntax error: $( is not closed" },
	{ "a ${b:-c", "syntax error: ${ is not closed" },
	{ "a && ", "syntax error: the end is missing" },
	{ "(a", "syntax error: the end is missing" },
	{ "if a; then b", "syntax error: the end is missing" },
	{ "; a", "syntax error near `;'" },
	{ "a;; b", "syntax error near `;'" },
	{ "a )", "syntax error near `)'" },
	{ "a; }", "syntax error near `}'" },
	{ "a; fi", "syntax error near `fi'" },
	{ "if a; fi", "syntax error near `fi'" },
	{ "a | | b", "syntax error near `|'" },
	{ "a | ! b", "syntax error near `!'" },
	{ "nft add chain ip t c {type nat; policy accept;};",
	  "syntax error near `};'" },
	{ "{ a; } b", "syntax error near `b'" },
};

static void test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		check_refused(refused[i][0], refused[i][1]);
}

/* Whatever a refused line holds before what is not understood. */
static void test_refused_whole(void **state)
{
	struct arena a = {};

	(void)state;
	assert_non_null(refusal("a; b && c; for x in 1; do [[ x ]]; done", &a));
	assert_non_null(refusal("a\nb\nc )", &a));
	arena_done(&a);
}

/* Deep nesting ends in a refusal, not in a full stack. */
static void test_deep(void **state)
{
	static const char *const openings[] = { "(",	"$(",	 "{ ",	 "! (",
						"`",	"${x:-", "$((",	 "if ",
						"\"$(", "a {b,", "elif " };
	struct buf b = {};
	struct arena a = {};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(openings); i++) {
		buf_reset(&b);
		for (k = 0; k < 20000; k++)
			buf_adds(&b, openings[i]);
		refusal(b.p, &a);
	}
	buf_reset(&b);
	buf_adds(&b, "if a; then b");
	for (k = 0; k < 20000; k++)
		buf_adds(&b, "; elif a; then b");
	buf_adds(&b, "; fi");
	assert_string_equal(refusal(b.p, &a), "is nested too deeply");
	buf_reset(&b);
	for (k = 0; k < 20000; k++)
		buf_adds(&b, "a && b | c; ");
	assert_null(refusal(b.p, &a));
	buf_done(&b);
	arena_done(&a);
}

/* How the walker sees a line: name or `?`, words or `?`, and flags. */
static int note(void *ctx, const struct hook_command *c)
{
	struct buf *b = ctx;
	size_t i;

	for (i = 0; i < c->n; i++)
		buf_addf(b, "%s%s", i ? " " : "",
			 c->words[i] ? c->words[i] : "?");
	assert_ptr_equal(c->name, c->words[0]);
	buf_addf(b, "%s%s%s|", c->builtin ? "/b" : "",
		 c->conditional ? "/c" : "", c->forgiven ? "/f" : "");
	return 0;
}

static void check_walk(const char *text, const char *want)
{
	const struct hook_script *script;
	struct arena a = {};
	struct buf b = {};
	const char *why;

	buf_adds(&b, "");
	assert_int_equal(hook_script_parse(text, &a, &script, &why), 0);
	if (!script)
		fail_msg("`%s' %s", text, why);
	assert_int_equal(hook_script_commands(script, note, &b), 0);
	assert_string_equal(b.p, want);
	buf_done(&b);
	arena_done(&a);
}

static void test_walk(void **state)
{
	(void)state;
	check_walk("", "");
	check_walk("x=1 # a", "");
	check_walk("a 'b c' \"d\" e\\ f", "a b c d e f|");
	check_walk("a $x \"$y\" z", "a ? ? z|");
	check_walk("x=1 a {b,c}", "a b c|");
	check_walk("a; b && c || d; e", "a|b/f|c/c/f|d/c|e|");
	check_walk("a 2>/dev/null || true", "a/f|true/b/c|");
	check_walk("! a; b", "a/f|b|");
	check_walk("a | b", "a|b|");
	check_walk("(a; b) && { c; }", "a/f|b/f|c/c|");
	check_walk("if a; then b; elif c; then d; else e; fi; f",
		   "a/f|b/c|c/c/f|d/c|e/c|f|");
	check_walk("while a; do b; done", "a/f|b/c|");
	check_walk("for i in $(a); do b $i; done", "a/f|b ?/c|");
	check_walk("x=$(a | b); c \"$(d)\" >$(e)", "a/f|b/f|e/f|d/f|c ?|");
	check_walk("a ${x:-$(b)} $((1+$(c)))", "b/f|c/f|a ? ?|");
	check_walk("~/a b; $(c)/d", "? b|c/f|?|");
	check_walk("[ -f x ] && echo y", "[ -f x ]/b/f|echo y/b/c|");
	check_walk("export x=$(a)", "a/f|export/b|");
}

static int stop(void *ctx, const struct hook_command *c)
{
	int *left = ctx;

	(void)c;
	return --*left ? 0 : -ECANCELED;
}

static void test_walk_stops(void **state)
{
	const struct hook_script *script;
	struct arena a = {};
	const char *why;
	int left = 2;

	(void)state;
	assert_int_equal(hook_script_parse("a; $(b)/c && d", &a, &script, &why),
			 0);
	assert_int_equal(hook_script_commands(script, stop, &left), -ECANCELED);
	assert_int_equal(left, 0);
	arena_done(&a);
}

/* A world that notes what happens in it. */
struct world {
	struct buf log;	   /* calls, writes, files */
	const char *fails; /* name of the command that has status 5 */
	int end_after;	   /* the call that gives -EINTR; 0 for none */
	int open;
	const char *exported; /* a variable of the environment */
};

static void note_stream(struct buf *b, char sign, const struct hook_stream *s,
			int usual)
{
	switch (s->kind) {
	case HOOK_FD:
		if (s->fd != usual)
			buf_addf(b, " %c%d", sign, s->fd);
		break;
	case HOOK_TEXT:
		if (sign == '<')
			buf_addf(b, " <'%.*s'", (int)s->len, s->text);
		else
			buf_addf(b, " %ctext", sign);
		break;
	case HOOK_PIPE:
		buf_addf(b, " %cpipe", sign);
		break;
	}
}

static int op_run(void *ctx, const struct hook_call *calls, size_t n,
		  int *statuses, struct wgq_err *e)
{
	struct world *w = ctx;
	const char *const *v;
	size_t i;

	if (w->end_after && !--w->end_after)
		return err_set(e, -EINTR, "interrupted");
	for (i = 0; i < n; i++) {
		for (v = calls[i].env; *v; v++)
			buf_addf(&w->log, "%s ", *v);
		for (v = calls[i].argv; *v; v++)
			buf_addf(&w->log, "%s%s", v == calls[i].argv ? "" : " ",
				 *v);
		note_stream(&w->log, '<', &calls[i].io[0], 0);
		note_stream(&w->log, '>', &calls[i].io[1], 1);
		note_stream(&w->log, '!', &calls[i].io[2], 2);
		buf_adds(&w->log, i + 1 < n ? " + " : "|");
		if (calls[i].io[1].kind == HOOK_TEXT)
			buf_addf(calls[i].io[1].out, "<%s>\n",
				 calls[i].argv[0]);
		statuses[i] =
			w->fails && !strcmp(w->fails, calls[i].argv[0]) ? 5 : 0;
	}
	return 0;
}

static int op_open(void *ctx, const char *path, int flags, int *ret_fd)
{
	struct world *w = ctx;

	(void)flags;
	if (!strcmp(path, "/no"))
		return -ENOENT;
	*ret_fd = 10 + w->open++;
	buf_addf(&w->log, "open %s %d|", path, *ret_fd);
	return 0;
}

static void op_close(void *ctx, int fd)
{
	struct world *w = ctx;

	w->open--;
	buf_addf(&w->log, "close %d|", fd);
}

static int op_write(void *ctx, int fd, const void *data, size_t len)
{
	struct world *w = ctx;

	buf_addf(&w->log, "%d:%.*s|", fd, (int)len, (const char *)data);
	return 0;
}

static bool op_test(void *ctx, char test, const char *path)
{
	(void)ctx;
	return test == 'f' && !strcmp(path, "file");
}

static int op_glob(void *ctx, const char *pattern, struct arena *a,
		   const char *const **ret_paths, size_t *ret_n)
{
	static const char *const files[] = { "f1", "f2" };

	(void)ctx;
	(void)a;
	*ret_paths = files;
	*ret_n = strcmp(pattern, "f*") ? 0 : 2;
	return 0;
}

static const char *op_home(void *ctx, const char *user, struct arena *a)
{
	(void)ctx;
	(void)a;
	return strcmp(user, "bob") ? NULL : "/bob";
}

static int op_poll(void *ctx)
{
	struct world *w = ctx;

	return w->log.len > 200 ? -EINTR : 0;
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

static struct conf_value post_up[] = { { "one %i", 1 }, { "two", 2 } };
static struct conf_value address[] = { { "10.0.0.1/24", 1 }, { "fd00::1", 1 } };

/* Runs a line in a world; 0 or what ended it. */
static int run(struct world *w, const char *text, int *status,
	       struct wgq_err *e)
{
	const char *const env[] = { "HOME=/root", w->exported, NULL };
	struct conf conf = { .ifname = "wg0",
			     .path = "/etc/wireguard/wg0.conf",
			     .address = { address, 2, 2 } };
	struct hook_world world = { .env = env, .prefix = "wgq: " };
	const struct hook_script *script;
	struct arena a = {};
	const char *why;
	int ret;

	conf.hooks[CONF_POST_UP] = (struct conf_list){ post_up, 2, 2 };
	buf_adds(&w->log, "");
	assert_int_equal(hook_script_parse(text, &a, &script, &why), 0);
	if (!script)
		fail_msg("`%s' %s", text, why);
	assert_int_equal(
		hook_world_init(&world, &conf, CONF_POST_UP, "wgq", text, &a),
		0);
	ret = hook_script_run(script, &world, &ops, w, status, e);
	assert_int_equal(w->open, 0);
	arena_done(&a);
	return ret;
}

static void check_run(const char *text, const char *fails, int want_status,
		      const char *want)
{
	struct world w = { .fails = fails };
	struct wgq_err e = { 0 };
	int status = -1;

	assert_int_equal(run(&w, text, &status, &e), 0);
	assert_string_equal(w.log.p, want);
	assert_int_equal(status, want_status);
	buf_done(&w.log);
}

static void test_lists(void **state)
{
	(void)state;
	check_run("", NULL, 0, "");
	check_run("a; b; c", NULL, 0, "a|b|c|");
	check_run("a; b; c", "b", 5, "a|b|");
	check_run("a && b; c", "a", 0, "a|c|");
	check_run("a || b; c", "a", 0, "a|b|c|");
	check_run("! a; b", "a", 0, "a|b|");
	check_run("a\n\nb # c\nd", NULL, 0, "a|b|d|");
	check_run("a \\\n b", NULL, 0, "a b|");
	check_run("for i in 1 2\ndo\na $i\ndone", NULL, 0, "a 1|a 2|");
	check_run("exit 7; a", NULL, 7, "");
	check_run("(a; exit 3); b", NULL, 3, "a|");
	check_run("x=$(a; b); c $x", "a", 0, "a >text|b >text|c <a> <b>|");
}

static void test_pipelines(void **state)
{
	(void)state;
	check_run("a | b | c", NULL, 0, "a >pipe + b <pipe >pipe + c <pipe|");
	check_run("a | b; c", "a", 5, "a >pipe + b <pipe|");
	check_run("echo x | a | b", NULL, 0, "a <'x\n' >pipe + b <pipe|");
	check_run("(a; b) | c", NULL, 0, "a >text|b >text|c <'<a>\n<b>\n'|");
	check_run("a 2>&1 | b", NULL, 0, "a >pipe !pipe + b <pipe|");
	check_run("a |& b", NULL, 0, "a >pipe !pipe + b <pipe|");
	check_run("a | b >/f", NULL, 0,
		  "open /f 10|a >pipe + b <pipe >10|close 10|");
	check_run("a | b </no | c", NULL, 1,
		  "2:wgq: /no: No such file or directory\n|a >text|c <''|");
	check_run("x=$(a | b)", NULL, 0, "a >pipe + b <pipe >text|");
}

/* More members than are run at once */
static void test_long_pipeline(void **state)
{
	struct world w = { 0 };
	struct wgq_err e = { 0 };
	struct buf b = {};
	int status = -1, i;

	(void)state;
	for (i = 0; i < 40; i++)
		buf_addf(&b, "%sr", i ? "|" : "");
	assert_int_equal(run(&w, b.p, &status, &e), 0);
	assert_int_equal(status, 0);
	assert_non_null(strstr(w.log.p, "r <pipe >text|r <'<r>\n' >pipe + r"));
	buf_done(&w.log);
	buf_done(&b);
}

static void test_redirections(void **state)
{
	(void)state;
	check_run("a >f 2>&1", NULL, 0, "open f 10|a >10 !10|close 10|");
	check_run("a 2>&1 >f", NULL, 0, "open f 10|a >10 !1|close 10|");
	check_run("a <<<'x y'", NULL, 0, "a <'x y\n'|");
	check_run("a >/no; b", NULL, 1,
		  "2:wgq: /no: No such file or directory\n|");
	check_run("{ a; b; } >f <g", NULL, 0,
		  "open f 10|open g 11|a <11 >10|b <11 >10|close 11|"
		  "close 10|");
	check_run("echo a >f", NULL, 0, "open f 10|10:a\n|close 10|");
	check_run("a >f* || b", NULL, 0, "2:wgq: f*: ambiguous redirect\n|b|");
}

static void test_world(void **state)
{
	(void)state;
	check_run("a $INTERFACE $CONFIG_FILE $PROGRAM $SAVE_CONFIG $ADDRESSES",
		  NULL, 0, "a wg0 /etc/wireguard/wg0.conf wgq 0 10.0.0.1/24|");
	check_run("a \"${DNS-unset}\" \"$MTU$TABLE\" $0 $# \"$1\" $3 $POST_UP",
		  NULL, 0, "a unset  wgq 2 one %i one %i|");
	check_run("b \"$hook\"", NULL, 0, "b b \"$hook\"|");
	check_run("shift; a \"$@\"", NULL, 0, "a two|");
	check_run("a ~ ~bob/x ~eve f* g*", NULL, 0,
		  "a /root /bob/x ~eve f1 f2 g*|");
	check_run("[ -f file ] && [ ! -f f ] && a", NULL, 0, "a|");
}

static void test_environment(void **state)
{
	struct world w = { .exported = "TABLE=5" };
	struct wgq_err e = { 0 };
	int status = -1;

	(void)state;
	check_run("x=1 a; b", NULL, 0, "x=1 a|b|");
	check_run("export x=1; a; x=2 b; c", NULL, 0, "x=1 a|x=2 b|x=1 c|");
	check_run("HOME=/x; a; unset HOME; b", NULL, 0, "HOME=/x a|HOME b|");
	check_run("(export x=1; a); b", NULL, 0, "x=1 a|b|");
	/* A variable of wg-quick's that was exported to it stays so. */
	assert_int_equal(run(&w, "a; TABLE=7; b", &status, &e), 0);
	assert_string_equal(w.log.p, "TABLE= a|TABLE=7 b|");
	buf_done(&w.log);
}

static void test_ends(void **state)
{
	struct world w = { .end_after = 2 }, endless = { 0 };
	struct wgq_err e = { 0 };
	int status = -1;

	(void)state;
	assert_int_equal(run(&w, "(a >f; x=$(b || c) d) || e; f", &status, &e),
			 -EINTR);
	assert_string_equal(w.log.p, "open f 10|a >10|close 10|");
	assert_int_equal(status, -1);
	assert_string_equal(e.msg, "interrupted");
	buf_done(&w.log);
	e.code = 0;
	assert_int_equal(run(&endless, "while :; do echo; done", &status, &e),
			 -EINTR);
	assert_int_equal(e.code, -EINTR);
	buf_done(&endless.log);
}

static void test_match(void **state)
{
	(void)state;
	assert_true(hook_match("", ""));
	assert_true(hook_match("*", ""));
	assert_true(hook_match("a*b*c", "aXbXbc"));
	assert_true(hook_match("a?c", "abc"));
	assert_true(hook_match("[a-c][!a-c][^x]", "bzz"));
	assert_true(hook_match("[]a]", "]"));
	assert_true(hook_match("[a-]", "-"));
	assert_true(hook_match("a\\*", "a*"));
	assert_true(hook_match("[a", "[a"));
	assert_true(hook_match("\\", "\\"));
	assert_false(hook_match("a", "b"));
	assert_false(hook_match("a", "ab"));
	assert_false(hook_match("a\\*", "ab"));
	assert_false(hook_match("[!a]", "a"));
	assert_false(hook_match("a*b", "abc"));
	assert_false(hook_match("?", ""));
	assert_false(hook_match("", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_whole),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_stops),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_pipelines),
		cmocka_unit_test(test_long_pipeline),
		cmocka_unit_test(test_redirections),
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
