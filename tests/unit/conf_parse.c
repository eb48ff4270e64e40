// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

/*
 * Each case shows a conf as one text: what wg-quick's layer took out of it,
 * then a line of dashes and what is left for wg.
 */
static void show_list(struct buf *b, const char *name,
		      const struct conf_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		buf_addf(b, "%u %s<%s>\n", l->v[i].line, name, l->v[i].s);
}

static void show(struct buf *b, const struct conf *c)
{
	unsigned int i;

	show_list(b, "Address", &c->address);
	show_list(b, "DNS", &c->dns);
	show_list(b, "Search", &c->dns_search);
	if (c->mtu.s)
		buf_addf(b, "%u MTU<%s>\n", c->mtu.line, c->mtu.s);
	if (c->table.s)
		buf_addf(b, "%u Table<%s>\n", c->table.line, c->table.s);
	for (i = 0; i < CONF_PHASES; i++)
		show_list(b, conf_phase_name((enum conf_phase)i), &c->hooks[i]);
	if (c->save_config)
		buf_adds(b, "SaveConfig\n");
	buf_adds(b, "---\n");
	buf_add(b, c->passthrough.p, c->passthrough.len);
}

#define I "[Interface]\n"

static const struct {
	const char *clause, *in, *out;
} cases[] = {
	{ "LINE-1 a last line without LF counts", I "MTU=1",
	  "2 MTU<1>\n---\n" I },
	{ "LINE-1 a blank last line without LF does not", I "\t ", "---\n" I },
	{ "LINE-1 a blank line with LF does", I "\t \n", "---\n" I "\n" },
	{ "LINE-1 empty", "", "---\n" },
	{ "LINE-3 space and tab come off, inner ones stay",
	  " \t[Peer] \t\n\t a  \t b \n", "---\n[Peer]\na  \t b\n" },
	{ "LINE-3 CR, VT and FF at the ends stay", "\va\f\r\n",
	  "---\n\va\f\r\n" },
	{ "LINE-4 backslash is literal", I "PostUp = a \\\nb\n",
	  "2 PostUp<a \\>\n---\n" I "b\n" },
	{ "LINE-4 bytes of any value", "\x01\x7f\xff\x80\n",
	  "---\n\x01\x7f\xff\x80\n" },
	{ "LINE-5 nothing protects #", I "Table = 'a#b'\n",
	  "2 Table<'a>\n---\n" I },
	{ "LINE-6 no = makes the line the value", I "Address\n",
	  "2 Address<Address>\n---\n" I },
	{ "LINE-6 the first = counts", I "Table = a = b\n",
	  "2 Table<a = b>\n---\n" I },
	{ "LINE-6 all C blanks are trimmed",
	  I "\f\vTable\r = \v\f\r x y \r\f\n", "2 Table<x y>\n---\n" I },
	{ "LINE-7 hooks keep #", I "PostUp = echo '#' # x\n",
	  "2 PostUp<echo '#' # x>\n---\n" I },
	{ "LINE-7 # before =", I "PostUp # = foo\n", "2 PostUp<foo>\n---\n" I },
	{ "LINE-7 # in the key", I "PostUp#x=bar\n", "2 PostUp<bar>\n---\n" I },
	{ "LINE-7 only a comment", I "PostUp =  # note\n",
	  "2 PostUp<# note>\n---\n" I },
	{ "LINE-7 no = at all", I "PreUp\nPreUp # x\n",
	  "2 PreUp<PreUp>\n3 PreUp<PreUp # x>\n---\n" I },
	{ "LINE-8 CRLF", "[Interface]\r\nMTU = 1400\r\nPreUp = a\r\nx\r\n",
	  "2 MTU<1400>\n3 PreUp<a>\n---\n[Interface]\r\nx\r\n" },
	{ "LINE-9 BOM hides the section", "\xef\xbb\xbf" I "MTU=1\n",
	  "---\n\xef\xbb\xbf" I "MTU=1\n" },
	{ "LINE-9 U+00A0 is no blank", I "MTU\xc2\xa0=1\n",
	  "---\n" I "MTU\xc2\xa0=1\n" },
	{ "LINE-10 ; is no comment", I "; MTU=1\n", "---\n" I "; MTU=1\n" },
	{ "SEC-1 case does not matter", "[iNTERFACE]\nmtu=1\n",
	  "2 MTU<1>\n---\n[iNTERFACE]\n" },
	{ "SEC-1 inner blanks do", "[ Interface ]\nMTU=1\n",
	  "---\n[ Interface ]\nMTU=1\n" },
	{ "SEC-1 any [ clears", I "[x\nMTU=1\n", "---\n" I "[x\nMTU=1\n" },
	{ "SEC-2 [Interface]=x sets", "[Interface]=x\nMTU=1\n",
	  "2 MTU<1>\n---\n[Interface]=x\n" },
	{ "SEC-2 junk behind it clears", I "[Interface] junk\nMTU=1\n",
	  "---\n" I "[Interface] junk\nMTU=1\n" },
	{ "SEC-3 comment behind it", "[Interface] # c\nMTU=1\n",
	  "2 MTU<1>\n---\n[Interface] # c\n" },
	{ "SEC-3 sections add up", I "PreUp=a\n[Peer]\n" I "PreUp=b\n",
	  "2 PreUp<a>\n5 PreUp<b>\n---\n" I "[Peer]\n" I },
	{ "SEC-4 headers pass", " [Foo] \n", "---\n[Foo]\n" },
	{ "SEC-5 known keys elsewhere pass", "MTU=1\n[Peer]\nDNS = 1\n",
	  "---\nMTU=1\n[Peer]\nDNS = 1\n" },
	{ "KEY keys are exact", I "Save Config=true\nPost Up=x\nMTUs=1\n",
	  "---\n" I "Save Config=true\nPost Up=x\nMTUs=1\n" },
	{ "KEY last MTU and Table win, even empty",
	  I "MTU=1\nTable=5\nMTU=2\nTable=\n", "4 MTU<2>\n5 Table<>\n---\n" I },
	{ "KEY an empty hook is kept", I "PreDown =\n",
	  "2 PreDown<>\n---\n" I },
	{ "KEY every hook, in file order",
	  I "PostDown=d\nPreDown=c\nPostUp=b\nPreUp=a\npostup=e\n",
	  "5 PreUp<a>\n4 PostUp<b>\n6 PostUp<e>\n3 PreDown<c>\n"
	  "2 PostDown<d>\n---\n" I },
	{ "KEY SaveConfig, last wins, any case",
	  I "SaveConfig=false\nsaveconfig = TRUE\n", "SaveConfig\n---\n" I },
	{ "KEY SaveConfig off again", I "SaveConfig=true\nSaveConfig=False\n",
	  "---\n" I },
	{ "KEY-1 off is not folded", I "Table = OFF\n",
	  "2 Table<OFF>\n---\n" I },
	{ "KEY-2 comments and blank lines stay",
	  "# c\n\n" I "MTU=1 # x\n#MTU=2\n",
	  "4 MTU<1>\n---\n# c\n\n" I "#MTU=2\n" },
	{ "KEY-3 wg's keys pass", I "FwMark = 1\nListenPort=2\nPrivateKey=x\n",
	  "---\n" I "FwMark = 1\nListenPort=2\nPrivateKey=x\n" },
	{ "KEY-5 commas, blanks, tabs",
	  I "Address = 10.0.0.1/24 ,10.0.0.2/24\t, fd00::1\n",
	  "2 Address<10.0.0.1/24>\n2 Address<10.0.0.2/24>\n"
	  "2 Address<fd00::1>\n---\n" I },
	{ "KEY-5 ; does not separate", I "Address = a b;c\n",
	  "2 Address<a>\n2 Address<b;c>\n---\n" I },
	{ "KEY-6 no globs", I "Address = * /etc/*\n",
	  "2 Address<*>\n2 Address</etc/*>\n---\n" I },
	{ "KEY-7 order is kept", I "Address = fd00::1\nAddress = 10.0.0.1\n",
	  "2 Address<fd00::1>\n3 Address<10.0.0.1>\n---\n" I },
	{ "DNS-1 servers", I "DNS = 1.1.1.1, 1.2.3.4.5 ... a:b [::1]:53\n",
	  "2 DNS<1.1.1.1>\n2 DNS<1.2.3.4.5>\n2 DNS<...>\n2 DNS<a:b>\n"
	  "2 DNS<[::1]:53>\n---\n" I },
	{ "DNS-1 search domains", I "DNS = example.com foo.1,1.1.1.1@53\n",
	  "2 Search<example.com>\n2 Search<foo.1>\n2 Search<1.1.1.1@53>\n"
	  "---\n" I },
	{ "DNS-2 comment", I "DNS=1.1.1.1#x\n", "2 DNS<1.1.1.1>\n---\n" I },
	{ "DNS empty", I "DNS =\nAddress = , ,\n", "---\n" I },
};

static void check_cases(void **state)
{
	struct conf c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup(buf_done) struct buf b = { 0 };

		c = (struct conf){ .name = "x" };
		if (conf_parse(&c, cases[i].in, strlen(cases[i].in), NULL,
			       NULL))
			fail_msg("%s: refused", cases[i].clause);
		show(&b, &c);
		conf_done(&c);
		if (strcmp(b.p, cases[i].out) != 0)
			fail_msg("%s: got\n%s\nnot\n%s", cases[i].clause, b.p,
				 cases[i].out);
	}
}

static void line_2_drops_nuls(void **state)
{
	static const char text[] = "[Inter\0face]\nAdd\0ress = 1.1.1.1\0/24\n"
				   "\0\0\nx\0";
	struct conf c = { .name = "x" };

	(void)state;
	assert_int_equal(conf_parse(&c, text, sizeof(text), NULL, NULL), 0);
	assert_int_equal(c.address.n, 1);
	assert_string_equal(c.address.v[0].s, "1.1.1.1/24");
	assert_string_equal(c.passthrough.p, "[Interface]\n\nx\n");
	conf_done(&c);
}

static void line_2_nothing_but_nuls(void **state)
{
	struct conf c = { .name = "x" };

	(void)state;
	assert_int_equal(conf_parse(&c, "\0\0\0", 3, NULL, NULL), 0);
	assert_int_equal(c.passthrough.len, 0);
	assert_int_equal(conf_parse_device(&c, NULL, NULL), 0);
	conf_done(&c);
}

static void passthrough_knows_its_lines(void **state)
{
	struct conf c = { .name = "x" };
	static const char text[] = "a\n[Interface]\nMTU=1\nb\n\nMTU=2\n[Peer]";
	static const unsigned int lines[] = { 1, 2, 4, 5, 7 };
	size_t i;

	(void)state;
	assert_int_equal(conf_parse(&c, text, strlen(text), NULL, NULL), 0);
	assert_int_equal(c.n_passthrough, ARRAY_SIZE(lines));
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(c.passthrough_line[i], lines[i]);
	conf_done(&c);
}

static void save_config_must_be_a_bool(void **state)
{
	struct loaded l;

	(void)state;
	load(&l, I "SaveConfig\nSaveConfig = yes\nSaveConfig=\n"
		   "SaveConfig = " KEY_A "\n");
	assert_int_equal(l.quick, -EINVAL);
	assert_string_equal(l.findings.p,
			    "E2/1 `SaveConfig' is neither true nor false\n"
			    "E3/1 `yes' is neither true nor false\n"
			    "E4/1 `' is neither true nor false\n"
			    "E5/1 `(hidden)' is neither true nor false\n");
	unload(&l);
}

static void phases_have_names(void **state)
{
	(void)state;
	assert_string_equal(conf_phase_name(CONF_PRE_UP), "PreUp");
	assert_string_equal(conf_phase_name(CONF_POST_UP), "PostUp");
	assert_string_equal(conf_phase_name(CONF_PRE_DOWN), "PreDown");
	assert_string_equal(conf_phase_name(CONF_POST_DOWN), "PostDown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_cases),
		cmocka_unit_test(line_2_drops_nuls),
		cmocka_unit_test(line_2_nothing_but_nuls),
		cmocka_unit_test(passthrough_knows_its_lines),
		cmocka_unit_test(save_config_must_be_a_bool),
		cmocka_unit_test(phases_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
