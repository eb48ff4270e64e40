// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

/*
 * Wherever a key is put and however it is spoilt, no finding may hold as much
 * as PART characters of it in a row.
 */
#define PART 8

static const char key_text[] = KEY_A;

static bool leaks(const char *findings, const char *key)
{
	char part[PART + 1] = "";
	size_t i;

	for (i = 0; i + PART <= strlen(key); i++) {
		memcpy(part, key + i, PART);
		if (strstr(findings, part))
			return true;
	}
	return false;
}

static void check(const char *text, const char *key)
{
	struct loaded l;

	load(&l, text);
	if (l.device != -EINVAL && l.quick != -EINVAL)
		fail_msg("accepted: %s", text);
	if (leaks(l.findings.p, key))
		fail_msg("of\n%s\nsays\n%s", text, l.findings.p);
	unload(&l);
}

/* %s is the key; each is refused in one section or another. */
static const char *const forms[] = {
	"PrivateKey=%s",
	"PrivateKey = %s=",
	"PresharedKey=A%s",
	"PublicKey=%s%1$s",
	"Private-Key = %s",
	"Private_Key=%s",
	"PrivateKey: %s",
	"PrivateKey %s",
	"PrivateKey\t%s",
	"PrivteKey=%s",
	"privatekye=%s",
	"PrivKey=%s",
	"Private=%s",
	"PSK=%s",
	"Psk: %s",
	"Secret=%s",
	"Preshared=%s",
	"Key=%s",
	"key:%s",
	"Kez=%s",
	"x=%s",
	"%s",
	"=%s",
	": %s",
	"a b c %s",
	"%s=foo",
	"%s%1$s",
	"Foo=%s # c",
	"\"PrivateKey\"=\"%s\"",
	"'PrivateKey'='%s'",
	"PrivateKey==%s",
	"[%s]",
	"[Interface]%s",
	"[Peer] PublicKey = %s",
	"; PrivateKey = %s",
	"// %s",
	"-----BEGIN %s",
	"<%s>",
	"PrivateKey\xc2\xa0=\xc2\xa0%s",
	"Foo=a,%s",
	"Foo=a;%s;b",
	"Endpoint=%s",
	"Endpoint=[%s",
	"Endpoint=%s:",
	"Endpoint=%s::5",
	"AllowedIPs=%s",
	"AllowedIPs=10.0.0.1,%s",
	"AllowedIPs=10.0.0.1/%s",
	"AllowedIPs=%s/32",
	"AllowedIPs=10.0.0.1,+%s",
	"PersistentKeepalive=%s",
	"ListenPort=1 %s\nFoo",
	"FwMark=%s",
	"FwMark=0x%s",
	"Address=%s",
	"Address%s",
	"Addres=%s",
	"MTU=%s",
	"SaveConfig=%s",
	"DNS%s",
	"PostUp%s",
	"AllowedIPs%s",
	"Endpoint %s",
};

static void in_every_form(const char *key, const char *whole)
{
	char line[400], text[600];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof(line), forms[i], key);
#pragma GCC diagnostic pop
		snprintf(text, sizeof(text), "Foo\n%s\n", line);
		check(text, whole);
		snprintf(text, sizeof(text), "[Interface]\nFoo\n%s\n", line);
		check(text, whole);
		snprintf(text, sizeof(text), "[Peer]\nFoo\n%s\n", line);
		check(text, whole);
		snprintf(text, sizeof(text), "[Interface]\r\n%s\r\nFoo", line);
		check(text, whole);
	}
}

static void a_whole_key(void **state)
{
	(void)state;
	in_every_form(key_text, key_text);
}

static void a_cut_key(void **state)
{
	char cut[64];
	size_t len;

	(void)state;
	for (len = 20; len < strlen(key_text); len++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)len, key_text);
		in_every_form(cut, key_text);
		in_every_form(key_text + strlen(key_text) - len, key_text);
	}
}

/* Blanks vanish before wg looks; the rest are what editors leave behind. */
static void a_broken_key(void **state)
{
	static const char *const breaks[] = {
		" ",	"\t",	"\r", "\v",	  "\\",
		"\"",	"'",	"`",  "\xc2\xa0", "\xe2\x80\x8b",
		"\x01", "\x7f", "-",  "_",	  "=",
	};
	char text[120];
	size_t i;
	int at;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(breaks); i++)
		for (at = 1; at < 44; at += 3) {
			snprintf(text, sizeof(text), "%.*s%s%s", at, key_text,
				 breaks[i], key_text + at);
			in_every_form(text, key_text);
		}
}

static void a_key_without_capitals(void **state)
{
	static const char key[] =
		"abcdefghij0123456789klmnopqrstuvwxyz/+abcde=";

	(void)state;
	in_every_form(key, key);
}

static void a_hexadecimal_key(void **state)
{
	static const char key[] = "c809f3e5317e9575c9b5ed78b638b7ce530dabe85d"
				  "dab614220241801ddf0669";
	static const char colons[] =
		"c8:09:f3:e5:31:7e:95:75:c9:b5:ed:78:b6:38:b7:ce:"
		"53:0d:ab:e8:5d:da:b6:14:22:02:41:80:1d:df:06:69";

	(void)state;
	in_every_form(key, key);
	in_every_form(colons, colons);
}

static void an_endless_line(void **state)
{
	static char text[1 << 20];
	struct loaded l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 18 == 17 ? '.' : key_text[i % 43];
	load(&l, text);
	assert_int_equal(l.device, -EINVAL);
	assert_true(l.findings.len < 400);
	unload(&l);
}

static void what_is_no_key_is_shown(void **state)
{
	static const struct {
		const char *in, *shown;
	} cases[] = {
		{ "Adress=10.0.0.1/24", "`Adress=10.0.0.1/24'" },
		{ "AllowedIPs=fd00:1111:2222:3333:4444:5555:6666:7777/129",
		  "`fd00:1111:2222:3333:4444:5555:6666:7777/129'" },
		{ "Endpoint=averyveryverylonglabel.of.a.host.example.net",
		  "`averyveryverylonglabel.of.a.host.example.net'" },
		{ "Foo=\033[31mred\a", "`Foo=\\x1b[31mred\\x07'" },
		{ "Foo=\xc3\xa9", "`Foo=\\xc3\\xa9'" },
		{ "Foo=iptables-A", "`Foo=iptables-A'" },
		{ "PrivateKey=", "`PrivateKey='" },
		{ "Keepalive=25s", "`Keepalive=25s'" },
	};
	char text[200];
	struct loaded l;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text),
			 "[Peer]\nPublicKey=" PUB_A "\n%s\n", cases[i].in);
		load(&l, text);
		if (!strstr(l.findings.p, cases[i].shown))
			fail_msg("%s: %s", cases[i].in, l.findings.p);
		unload(&l);
	}
}

static void long_text_is_cut(void **state)
{
	struct loaded l;
	char text[1000];
	size_t i;

	(void)state;
	strcpy(text, "[Peer]\nPublicKey=" PUB_A "\nEndpoint=");
	for (i = 0; i < 100; i++)
		strcat(text, "abc.");
	load(&l, text);
	assert_non_null(strstr(l.findings.p, "abc.abc"));
	assert_non_null(strstr(l.findings.p, "...'"));
	assert_true(l.findings.len < 300);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_key),
		cmocka_unit_test(a_cut_key),
		cmocka_unit_test(a_broken_key),
		cmocka_unit_test(a_key_without_capitals),
		cmocka_unit_test(a_hexadecimal_key),
		cmocka_unit_test(an_endless_line),
		cmocka_unit_test(what_is_no_key_is_shown),
		cmocka_unit_test(long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
