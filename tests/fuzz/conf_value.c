// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf.h"

/* Any bytes as an address, a table, a path and a name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

static void check_address(const char *s)
{
	char text[ADDR_STRLEN];
	struct addr a, b;

	if (!conf_parse_address(s, &a))
		return;
	must(a.plen <= addr_bits(a.family));
	must(conf_parse_address(addr_print(&a, text), &b));
	must(addr_eq(&a, &b));
}

static void check_path(const char *s)
{
	char name[IF_NAMESIZE];

	if (conf_parse_path(s, name))
		must(conf_is_name(name));
	if (conf_is_name(s))
		must(strlen(s) < IF_NAMESIZE && !strchr(s, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(free_ptr) char *s = malloc(size + 1);
	unsigned int table;
	char *names;

	must(s);
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	check_address(s);
	check_path(s);
	/* The first line is the table, the rest are the names. */
	names = strchr(s, '\n');
	if (names)
		*names++ = '\0';
	conf_parse_table(s, names, &table);
	return 0;
}
