// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hook/hook.h"

/* The words of a plain command, each followed by `|`. */
static void check_exec(const char *text, const char *want)
{
	struct arena a = {};
	struct buf b = {};
	struct hook h;
	size_t i;

	assert_int_equal(hook_parse(text, "wg0", &a, &h), 0);
	if (h.kind != HOOK_EXEC)
		fail_msg("`%s' is not taken for a plain command", text);
	for (i = 0; i < h.argc; i++)
		buf_addf(&b, "%s|", h.argv[i]);
	assert_null(h.argv[h.argc]);
	assert_string_equal(b.p, want);
	buf_done(&b);
	arena_done(&a);
}

static void check_kind(const char *text, enum hook_kind kind)
{
	struct arena a = {};
	struct hook h;

	assert_int_equal(hook_parse(text, "wg0", &a, &h), 0);
	if (h.kind != kind)
		fail_msg("`%s' is of kind %d, not %d", text, h.kind, kind);
	assert_null(h.argv);
	arena_done(&a);
}

static void check_text(const char *text, const char *want)
{
	struct arena a = {};
	struct hook h;

	assert_int_equal(hook_parse(text, "wg0", &a, &h), 0);
	assert_string_equal(h.text, want);
	arena_done(&a);
}

/* HOOK-1 */
static void test_percent_i(void **state)
{
	(void)state;
	check_text("ip link show %i", "ip link show wg0");
	check_text("%i%i %%i %I %", "wg0wg0 %wg0 %I %");
	check_text("echo '%i' \"v%i\" x.%i.y", "echo 'wg0' \"vwg0\" x.wg0.y");
	check_text("", "");
	check_exec("iptables -i %i -o %%i", "iptables|-i|wg0|-o|%wg0|");
}

static void test_plain(void **state)
{
	(void)state;
	check_exec("iptables -A FORWARD -i wg0 -j ACCEPT",
		   "iptables|-A|FORWARD|-i|wg0|-j|ACCEPT|");
	check_exec(" \t/etc/wireguard/up.sh \t a  b ",
		   "/etc/wireguard/up.sh|a|b|");
	check_exec("./x.sh", "./x.sh|");
	check_exec("iptables ! -i eth0 !", "iptables|!|-i|eth0|!|");
	check_exec("sysctl -w net.ipv4.ip_forward=1",
		   "sysctl|-w|net.ipv4.ip_forward=1|");
	check_exec("tc qdisc add dev wg0 root tbf rate 1mbit,2 a:b a@b a+b 5%",
		   "tc|qdisc|add|dev|wg0|root|tbf|rate|1mbit,2|a:b|a@b|a+b|"
		   "5%|");
	check_exec("7z x", "7z|x|");
}

static void test_quotes(void **state)
{
	(void)state;
	check_exec("nft add rule 'ip nat $x {a;b} \\ \"q\" # `'",
		   "nft|add|rule|ip nat $x {a;b} \\ \"q\" # `|");
	check_exec("logger \"a  'b' * ~ ; & | < > ( ) { } [ ] # ? = %i\"",
		   "logger|a  'b' * ~ ; & | < > ( ) { } [ ] # ? = wg0|");
	check_exec("x a'b'\"c\"d '' \"\" e", "x|abcd|||e|");
	check_exec("'ip' \"link\"", "ip|link|");
	check_exec("x '\xc3\xa9 \xff'", "x|\xc3\xa9 \xff|");
	check_exec("x 'a\tb'", "x|a\tb|");
	check_exec("x '!' \"-\" '!'y", "x|!|-|!y|");
}

static void test_ends(void **state)
{
	(void)state;
	check_exec("ip link;", "ip|link|");
	check_exec("ip link ; ", "ip|link|");
	check_exec("ip link # a ; b 'c", "ip|link|");
	check_exec("ip link; # a", "ip|link|");
	check_exec("ip link;#a", "ip|link|");
	check_kind("ip link#a", HOOK_SHELL);
	check_kind("ip link;;", HOOK_SHELL);
	check_kind("ip link; ;", HOOK_SHELL);
	check_kind("ip link; x", HOOK_SHELL);
	check_kind(";", HOOK_SHELL);
	check_kind("; ip", HOOK_SHELL);
	check_kind("# a\nip", HOOK_SHELL);
	check_kind("", HOOK_EMPTY);
	check_kind(" \t ", HOOK_EMPTY);
	check_kind("# note", HOOK_EMPTY);
	check_kind("#!/bin/sh", HOOK_EMPTY);
}

static void test_shell(void **state)
{
	static const char *const lines[] = {
		"a && b",	"a || b",
		"a | b",	"a & b",
		"a &",		"a; b",
		"(a)",		"{ a; }",
		"a > b",	"a 2>/dev/null",
		"a < b",	"a >> b",
		"a $x",		"a ${x}",
		"a $(b)",	"a `b`",
		"a \"$x\"",	"a \"`b`\"",
		"a \"\\\"\"",	"a \\b",
		"a \\",		"a \"!x\"",
		"a *",		"a ?",
		"a [x]",	"a {x,y}",
		"a {}",		"a ~",
		"a ~.",		"a x~",
		"a=b c",	"a+=b",
		"a[0]=b",	"A=1",
		"'A=1' x",	"a !b",
		"! a",		"!",
		"a b!",		"a 'b",
		"a \"b",	"a $'b'",
		"a b\rc",	"a \r",
		"a \xc3\xa9",	"a b#c",
		"a 'x\x01y'",	"a \"x\x7fy\"",
		"a ^b",		"a\vb",
		"-x",		"%1",
		"+x",		"@x",
		",x",		":",
		": x",		"'' x",
		"=x",		"if true; then a; fi",
		"if x",		"'if' x",
		"time a",	"for x",
		"[ a ]",	"[[ a ]]",
		"echo a",	"printf a",
		"true",		"false",
		"cd /",		"exit 1",
		"exec a",	"eval a",
		". a",		"source a",
		"kill 1",	"test a",
		"trap a",	"export A",
		"set -e",	"ulimit a",
		"cmd ip link",	"die x",
		"get_fwmark x", "cmd_up",
		"set_dns",	"coproc a",
		"function a",	"select a",
		"wait",		"let x",
		"a\nb",		"a !(b)",
		"a +(b)",	"a 'b'(c)",
		"a b(c",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		check_kind(lines[i], HOOK_SHELL);
}

/* Of the printable bytes, which may stand in a word, and which may start it. */
static void test_every_byte(void **state)
{
	static const char in_word[] = "%+,-./0123456789:=@"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				      "abcdefghijklmnopqrstuvwxyz";
	static const char starts[] = "./0123456789"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				     "abcdefghijklmnopqrstuvwxyz";
	char text[] = "x yaz", want[] = "x|yaz|", first[] = "azz";
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		if (strchr(" \t\"'", c))
			continue;
		text[3] = want[3] = (char)c;
		if (strchr(in_word, c))
			check_exec(text, want);
		else
			check_kind(text, HOOK_SHELL);
		first[0] = (char)c;
		if (strchr(starts, c))
			check_exec(first,
				   (char[]){ (char)c, 'z', 'z', '|', '\0' });
		else
			check_kind(first, c == '#' ? HOOK_EMPTY : HOOK_SHELL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percent_i),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
