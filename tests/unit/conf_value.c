// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

/*
 * What is here of addresses, tables and MTUs was tried with `ip` of iproute2
 * 6.1 on a TUN device.
 */
static void path_1_names(void **state)
{
	static const struct {
		const char *s;
		bool is;
	} cases[] = {
		{ "wg0", true },
		{ "wg0.conf", true },
		{ "a_=+.-Z9", true },
		{ "--help", true },
		{ "123456789012345", true },
		{ "1234567890123456", false },
		{ "", false },
		{ "./wg0.conf", false },
		{ "wg@0", false },
		{ "wg:0", false },
		{ "wg 0", false },
		{ "wg0\n", false },
		{ "w\xc3\xa9", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (conf_is_name(cases[i].s) != cases[i].is)
			fail_msg("PATH-1: %s", cases[i].s);
}

static void path_4_paths(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{ "/etc/wireguard/wg0.conf", "wg0" },
		{ "wg0.conf", "wg0" },
		{ "./wg0.conf.conf", "wg0.conf" },
		{ "..conf", "." },
		{ "./...conf", ".." },
		{ "-x.conf", "-x" },
		{ "a b/wg0.conf", "wg0" },
		{ "averylongname12.conf", "averylongname12" },
		{ "averylongname123.conf", NULL },
		{ "wg0.CONF", NULL },
		{ "/etc/passwd", NULL },
		{ ".conf", NULL },
		{ "x/.conf", NULL },
		{ "wg@0.conf", NULL },
		{ "wg0.conf/", NULL },
		{ "wg0.conf\n", NULL },
		{ "", NULL },
		{ "conf", NULL },
	};
	char name[IF_NAMESIZE];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(name, "unset");
		if (conf_parse_path(cases[i].path, name) != !!cases[i].name)
			fail_msg("PATH-4: %s", cases[i].path);
		assert_string_equal(name,
				    cases[i].name ? cases[i].name : "unset");
	}
}

static const struct {
	const char *s, *out;
} addresses[] = {
	{ "10.0.0.1/24", "10.0.0.1/24" },
	{ "10.0.0.1", "10.0.0.1/32" },
	{ "fd00::1", "fd00::1/128" },
	{ "10.1", "10.1.0.0/32" },
	{ "10", "10.0.0.0/32" },
	{ "10.1.2", "10.1.2.0/32" },
	{ "010.0.0.1", "8.0.0.1/32" },
	{ "0x0a.1", "10.1.0.0/32" },
	{ "0x10.0.0.1", "16.0.0.1/32" },
	{ "+1.2.3.4", "1.2.3.4/32" },
	{ "1.-0.2.3", "1.0.2.3/32" },
	{ "1.-18446744073709551361.1.1", "1.255.1.1/32" },
	{ "0.0.0.0/0", "0.0.0.0/0" },
	{ "default", "0.0.0.0/0" },
	{ "255.255.255.255", "255.255.255.255/32" },
	{ "10.0.0.1/255.255.255.0", "10.0.0.1/24" },
	{ "10.0.0.1/255.255.255.255", "10.0.0.1/32" },
	{ "10.0.0.1/128.0", "10.0.0.1/1" },
	{ "1.2.3.4/255.255", "1.2.3.4/16" },
	{ "1.2.3.4/0.0.0.0", "1.2.3.4/0" },
	{ "1.2.3.4/+8", "1.2.3.4/8" },
	{ "1.2.3.4/+0x10", "1.2.3.4/16" },
	{ "1.2.3.4/0x18", "1.2.3.4/24" },
	{ "1.2.3.4/030", "1.2.3.4/24" },
	{ "1.2.3.4/-0", "1.2.3.4/0" },
	{ "1.2.3.4/-18446744073709551592", "1.2.3.4/24" },
	{ "1.2.3.4/default", "1.2.3.4/0" },
	{ "1.2.3.4/any", "1.2.3.4/0" },
	{ "::ffff:1.2.3.4", "::ffff:1.2.3.4/128" },
	{ "::1.2.3.4/96", "::1.2.3.4/96" },
	{ "fd00::01/64", "fd00::1/64" },
	{ "fd00::1/0x40", "fd00::1/64" },
	{ "fd00::1/064", "fd00::1/52" },
	{ "fd00::1/255.255.0.0", "fd00::1/16" },
	{ "::/0", "::/0" },
	{ "10.9.0.2/33", NULL },
	{ "1.2.3.4/64", NULL },
	{ "1.2.3.4/255", NULL },
	{ "1.2.3.4/256", NULL },
	{ "1.2.3.4/4294967304", NULL },
	{ "1.2.3.4/18446744073709551640", NULL },
	{ "1.2.3.4/08", NULL },
	{ "1.2.3.4/8/9", NULL },
	{ "1.2.3.4/", NULL },
	{ "10.0.0.1/255.0.255.0", NULL },
	{ "10.0.0.1/0xffffff00", NULL },
	{ "fd00::1/129", NULL },
	{ "fd00::1/", NULL },
	{ "fd00::1%lo", NULL },
	{ "fd00:1", NULL },
	{ "1::2::3", NULL },
	{ ":", NULL },
	{ "any", NULL },
	{ "all", NULL },
	{ "default/8", NULL },
	{ "08.1.1.1", NULL },
	{ "-1.2.3.4", NULL },
	{ "1..2", NULL },
	{ "1.2.3.", NULL },
	{ ".1", NULL },
	{ "1.2.3.4.5", NULL },
	{ "256.1.1.1", NULL },
	{ "4294967297.1", NULL },
	{ "1.18446744073709551361.1.1", NULL },
	{ "1.2.3.4x", NULL },
	{ "1.2.3.4\r", NULL },
	{ "/24", NULL },
	{ "", NULL },
	{ "nodad", NULL },
	{ "-x", NULL },
};

static void addr_1_addresses(void **state)
{
	struct addr a, unset = { .family = AF_INET, .plen = 7 };
	char out[ADDR_STRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		a = unset;
		if (conf_parse_address(addresses[i].s, &a) !=
		    !!addresses[i].out)
			fail_msg("ADDR-1: %s", addresses[i].s);
		if (addresses[i].out)
			assert_string_equal(addr_print(&a, out),
					    addresses[i].out);
		else
			assert_memory_equal(&a, &unset, sizeof(a));
	}
}

static const struct {
	const char *text, *names;
	bool ok;
	unsigned int table;
} tables[] = {
	{ "main", NULL, true, 254 },
	{ "default", "", true, 253 },
	{ "local", "", true, 255 },
	{ "unspec", "", true, 0 },
	{ "MAIN", "", false, 0 },
	{ "0", "", true, 0 },
	{ "0x10", "", true, 16 },
	{ "010", "", true, 8 },
	{ "+5", "", true, 5 },
	{ "4294967295", "", true, 4294967295U },
	{ "4294967296", "", false, 0 },
	{ "18446744073709551615", "", false, 0 },
	{ "18446744073709551617", "", false, 0 },
	{ "-1", "", false, 0 },
	{ "-4294967295", "", false, 0 },
	{ "7x", "", false, 0 },
	{ "0x", "", false, 0 },
	{ "", "", false, 0 },
	{ "nosuch", "100 foo\n", false, 0 },
	{ "foo", "100 foo\n", true, 100 },
	{ "foo", "100 foo", true, 100 },
	{ "hexa", "0x65 hexa\n", true, 101 },
	{ "bar", "102bar\n", true, 102 },
	{ "sp", " \t103 sp # c\n", true, 103 },
	{ "two", "104 two words\n", true, 104 },
	{ "x", "10\tx\r\n", true, 10 },
	{ "oct", "010 oct\n", true, 10 },
	{ "d", "# 1 d\n  #1 d\n", false, 0 },
	{ "a#b", "10 a#b\n", true, 10 },
	{ "a", "10 a#b\n", false, 0 },
	{ "#d", "12 #d\n", true, 12 },
	{ "X10", "0X10 foo\n", true, 0 },
	{ "neg", "-5 neg\n", false, 0 },
	{ "big", "4294967295 big\n", false, 0 },
	{ "huge", "99999999999 huge\n", true, 1215752191 },
	{ "t13", "12\n13 t13\n", true, 13 },
	{ "a", "bad\n10 a\n", true, 10 },
	{ "a", "20 a\n10 a\n", true, 10 },
	{ "a", "10 a\n20 a\n", true, 10 },
	{ "a", "266 a\n10 a\n", true, 10 },
	{ "a", "10 a\n266 a\n", true, 266 },
	{ "100", "200 100\n", true, 200 },
	{ "main", "100 main\n", true, 100 },
	{ "main", "300 main\n", true, 300 },
	{ "main", "510 main\n", true, 510 },
	{ "main", "255 main\n", true, 254 },
	{ "unspec", "5 unspec\n", true, 5 },
};

static void tbl_1_tables(void **state)
{
	unsigned int table;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		table = 77;
		if (conf_parse_table(tables[i].text, tables[i].names, &table) !=
		    tables[i].ok)
			fail_msg("TBL-1: %s in %s", tables[i].text,
				 tables[i].names);
		if (table != (tables[i].ok ? tables[i].table : 77))
			fail_msg("TBL-1: %s in %s is %u", tables[i].text,
				 tables[i].names, table);
	}
}

static const struct {
	const char *text, *finding;
	int value;
} mtus[] = {
	{ "1400", "", 1400 },
	{ "+1400", "", 1400 },
	{ "0x500", "", 1280 },
	{ "0X5dc", "", 1500 },
	{ "01400", "W2/0 MTU 01400 is octal and taken as 768\n", 768 },
	{ "0", "", 0 },
	{ "", "", 0 },
	{ "2147483647", "", 2147483647 },
	{ "-5", "E2/2 mtu less than device minimum: -5\n", -5 },
	{ "10x", "E2/255 argument \"10x\" is wrong: Invalid \"mtu\" value\n",
	  0 },
	{ "14 00",
	  "E2/255 argument \"14 00\" is wrong: Invalid \"mtu\" value\n", 0 },
	{ "08", "E2/255 argument \"08\" is wrong: Invalid \"mtu\" value\n", 0 },
	{ "0x", "E2/255 argument \"0x\" is wrong: Invalid \"mtu\" value\n", 0 },
	{ "2147483648",
	  "E2/255 argument \"2147483648\" is wrong: Invalid \"mtu\" value\n",
	  0 },
	{ "-2147483649",
	  "E2/255 argument \"-2147483649\" is wrong: Invalid \"mtu\" value\n",
	  0 },
	{ "99999999999999999999",
	  "E2/255 argument \"99999999999999999999\" is wrong: "
	  "Invalid \"mtu\" value\n",
	  0 },
};

static void mtu_1_numbers(void **state)
{
	struct loaded l;
	char text[100];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mtus); i++) {
		snprintf(text, sizeof(text), "[Interface]\nMTU = %s\n",
			 mtus[i].text);
		load(&l, text);
		assert_string_equal(l.findings.p, mtus[i].finding);
		assert_int_equal(l.device,
				 mtus[i].finding[0] == 'E' ? -EINVAL : 0);
		assert_int_equal(l.conf.mtu_value, mtus[i].value);
		unload(&l);
	}
	load(&l, "[Interface]\nMTU\n");
	assert_string_equal(l.findings.p, "E2/255 argument \"MTU\" is wrong: "
					  "Invalid \"mtu\" value\n");
	unload(&l);
}

static void addr_3_and_4_findings(void **state)
{
	struct loaded l;

	(void)state;
	load(&l, "[Interface]\n"
		 "Address = 10.0.0.1/24, 10.9.0.2/33 fd00::1/129\n"
		 "Address = 10.0.0.1/24\n"
		 "Address = 10.0.0.1/255.255.255.0, 10.0.0.1/32, 10.0.0.2/24\n"
		 "Address = fd00::1/64, fd00::1/128, ::, ff02::1\n"
		 "Address = 10.1, 1.2.3.4/030, 0.0.0.0, 0.0.0.0\n"
		 "Address = " KEY_A "\n");
	assert_int_equal(l.device, -EINVAL);
	assert_string_equal(
		l.findings.p,
		"E2/1 inet prefix is expected rather than \"10.9.0.2/33\"\n"
		"E2/1 inet6 prefix is expected rather than \"fd00::1/129\"\n"
		"E3/2 File exists: 10.0.0.1/24 was listed before, in line 2\n"
		"E4/2 File exists: 10.0.0.1/255.255.255.0 was listed before, "
		"in line 2\n"
		"W4/0 10.0.0.1/32 is an address of line 2 with another prefix "
		"length\n"
		"E5/2 File exists: fd00::1/128 was listed before, in line 5\n"
		"E5/2 ipv6: Invalid address: ::\n"
		"E5/2 ipv6: Cannot assign a multicast address: ff02::1\n"
		"W6/0 Address 10.1 is taken as 10.1.0.0/32\n"
		"W6/0 Address 1.2.3.4/030 is taken as 1.2.3.4/24\n"
		"E7/1 inet prefix is expected rather than \"(hidden)\"\n");
	unload(&l);
}

static void addresses_are_filled(void **state)
{
	char out[ADDR_STRLEN];
	struct loaded l;

	(void)state;
	load(&l, "[Interface]\nAddress = fd00::5/64, 10.0.0.1\n");
	assert_int_equal(l.device, 0);
	assert_string_equal(l.findings.p, "");
	assert_string_equal(addr_print(&l.conf.addresses[0], out),
			    "fd00::5/64");
	assert_string_equal(addr_print(&l.conf.addresses[1], out),
			    "10.0.0.1/32");
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_1_names),
		cmocka_unit_test(path_4_paths),
		cmocka_unit_test(addr_1_addresses),
		cmocka_unit_test(tbl_1_tables),
		cmocka_unit_test(mtu_1_numbers),
		cmocka_unit_test(addr_3_and_4_findings),
		cmocka_unit_test(addresses_are_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
