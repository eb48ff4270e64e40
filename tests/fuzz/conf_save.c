// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf.h"

/*
 * Any bytes as a conf that is saved: what `save` writes must parse, and a
 * second save of it must write the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

/* Save @conf as if what it says were live, as far as it makes sense. */
static void save(struct conf *conf, struct buf *out)
{
	cleanup(arena_done) struct arena a = { 0 };
	cleanup(free_ptr) const char **dns = NULL;
	struct wg_device device = { 0 };
	struct conf_live live = { .device = &device };
	size_t i;

	dns = calloc(conf->dns.n + 1, sizeof(*dns));
	must(dns);
	for (i = 0; i < conf->dns.n; i++)
		dns[i] = conf->dns.v[i].s;
	live.dns = dns;
	live.n_dns = conf->dns.n;
	live.mtu = 1420;
	if (!conf_parse_device(conf, NULL, NULL)) {
		must(!conf_predict_device(&conf->device, &a, &device));
		live.addresses = conf->addresses;
		live.n_addresses = conf->address.n;
	}
	conf_print_save(conf, &live, out);
	must(!out->failed);
}

static void must_be_same(const struct conf_list *a, const struct conf_list *b)
{
	size_t i;

	must(a->n == b->n);
	for (i = 0; i < a->n; i++)
		must(!strcmp(a->v[i].s, b->v[i].s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(conf_done) struct conf conf = { .name = "x" };
	cleanup(conf_done) struct conf again = { .name = "x" };
	cleanup(buf_done) struct buf one = { 0 }, two = { 0 };
	unsigned int i;

	if (conf_parse(&conf, (const char *)data, size, NULL, NULL))
		return 0;
	save(&conf, &one);
	must(one.len >= 12 && !memcmp(one.p, "[Interface]\n", 12));
	must(one.p[one.len - 1] == '\n' && one.p[one.len - 2] != '\n');
	must(!conf_parse(&again, one.p, one.len, NULL, NULL));
	for (i = 0; i < CONF_PHASES; i++)
		must_be_same(&conf.hooks[i], &again.hooks[i]);
	must(conf.save_config == again.save_config);
	save(&again, &two);
	must(one.len == two.len && !memcmp(one.p, two.p, one.len));
	return 0;
}
