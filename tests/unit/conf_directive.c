// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

#define I "[Interface]\n"

static void show_interfaces(struct buf *b, const char *name,
			    const struct conf_interfaces *l)
{
	size_t i;

	if (!l->on)
		return;
	buf_addf(b, "%u %s", l->line, name);
	for (i = 0; i < l->n; i++)
		buf_addf(b, " %s", l->v[i]);
	buf_addc(b, '\n');
}

static void show(struct buf *b, const struct conf *c)
{
	static const char *const open[] = { "no", "peers", "any" };
	const struct conf_directives *d = &c->directives;

	show_interfaces(b, "Forward", &d->forward);
	show_interfaces(b, "Masquerade", &d->masquerade);
	if (d->open_port != CONF_OPEN_NO)
		buf_addf(b, "%u OpenPort %s\n", d->open_line,
			 open[d->open_port]);
}

/* What a conf asks for, or what is wrong with it. */
static const struct {
	const char *what, *in, *out;
} cases[] = {
	{ "none", I, "" },
	{ "all interfaces", I "#wgq Forward = yes\n", "2 Forward\n" },
	{ "no", I "#wgq Forward = no\n", "" },
	{ "case does not matter", I "#wgq forward=YES\n", "2 Forward\n" },
	{ "a comment behind it",
	  I "#wgq Forward = yes   # accept, and turn forwarding on\n",
	  "2 Forward\n" },
	{ "a list", I "#wgq Forward = eth0, br-lan\n",
	  "2 Forward eth0 br-lan\n" },
	{ "lists add up, a name counts once",
	  I "#wgq Forward = eth0 eth1\n#wgq Forward = eth1,eth2\n",
	  "3 Forward eth0 eth1 eth2\n" },
	{ "a later yes means all",
	  I "#wgq Forward = eth0\n#wgq Forward = yes\n", "3 Forward\n" },
	{ "a later no means none",
	  I "#wgq Masquerade = eth0\n#wgq Masquerade = no\n", "" },
	{ "masquerade", I "\t#wgq\tMasquerade = eth0\r\n",
	  "2 Masquerade eth0\n" },
	{ "peers", I "#wgq OpenPort = peers\n", "2 OpenPort peers\n" },
	{ "any", I "#wgq OpenPort = any\n", "2 OpenPort any\n" },
	{ "longer words are comments", I "#wgqForward = yes\n#wgqs x\n", "" },
	{ "blanks after the # are a comment", I "# wgq Forward = yes\n", "" },
	{ "behind a value it is a comment", I "MTU = 1420 #wgq Forward = yes\n",
	  "" },
	{ "a misspelt key", I "#wgq Forwad = yes\n",
	  "E2/1 there is no directive #wgq Forwad: did you mean "
	  "Forward?\n" },
	{ "an unknown key", I "#wgq Colour = blue\n",
	  "E2/1 there is no directive #wgq Colour: there are Forward, "
	  "Masquerade and OpenPort\n" },
	{ "no value", I "#wgq Forward\n",
	  "E2/1 a directive is `#wgq KEY = VALUE', with the keys Forward, "
	  "Masquerade and OpenPort\n" },
	{ "an empty value", I "#wgq Forward =\n",
	  "E2/1 #wgq Forward: `' is neither yes nor no nor an "
	  "interface\n" },
	{ "a name too long", I "#wgq Masquerade = eth0, abcdefghijklmnop\n",
	  "E2/1 #wgq Masquerade: `abcdefghijklmnop' is neither yes nor no "
	  "nor an interface\n2 Masquerade eth0\n" },
	{ "a wrong word", I "#wgq OpenPort = yes\n",
	  "E2/1 #wgq OpenPort: `yes' is neither peers nor any nor no\n" },
	{ "another section",
	  I "[Peer]\nPublicKey = " PUB_A "\n#wgq Forward = yes\n",
	  "E4/1 a #wgq directive belongs in [Interface]\n" },
	{ "before any section", "#wgq Forward = yes\n" I,
	  "E1/1 a #wgq directive belongs in [Interface]\n" },
	{ "a key is not shown", I "#wgq Forward = " PUB_A "\n",
	  "E2/1 #wgq Forward: `(hidden)' is neither yes nor no nor an "
	  "interface\n" },
};

static void check_cases(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	struct loaded l;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		load(&l, cases[i].in);
		buf_reset(&b);
		buf_adds(&b, l.findings.p);
		show(&b, &l.conf);
		if (strcmp(b.p, cases[i].out) != 0)
			fail_msg("%s: got \"%s\"", cases[i].what, b.p);
		assert_int_equal(l.device,
				 cases[i].out[0] == 'E' ? -EINVAL : 0);
		unload(&l);
	}
}

/* wg-quick passes comments through, and so do we, directives or not. */
static void strip_keeps_them(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	struct loaded l;

	(void)state;
	load(&l, I "#wgq Forward = yes\nMTU = 1420\n");
	conf_print_strip(&l.conf, &b);
	assert_string_equal(b.p, I "#wgq Forward = yes\n\n");
	unload(&l);
}

static void save_keeps_them(void **state)
{
	cleanup(buf_done) struct buf b = { 0 };
	struct wg_device dev = { 0 };
	struct conf_live live = { .device = &dev };
	struct loaded l;

	(void)state;
	load(&l, I "#wgq Forward = eth0 # why\nPostUp = true\n");
	conf_print_save(&l.conf, &live, &b);
	assert_string_equal(b.p,
			    I "PostUp = true\n#wgq Forward = eth0 # why\n");
	unload(&l);
}

/* down, strip and save go on with a conf whose directives are wrong. */
static void the_first_layer_takes_anything(void **state)
{
	struct loaded l;

	(void)state;
	load(&l, I "#wgq Nonsense\n");
	assert_int_equal(l.quick, 0);
	assert_int_equal(l.device, -EINVAL);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_cases),
		cmocka_unit_test(strip_keeps_them),
		cmocka_unit_test(save_keeps_them),
		cmocka_unit_test(the_first_layer_takes_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
