// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf.h"

/*
 * Any bytes as a conf: both layers, every printer, the prediction, and what
 * must hold of their results.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

/**
 * struct seen - what the findings of a run have in common
 * @errors:	number of errors
 * @lines:	lines of the file
 */
struct seen {
	unsigned int errors, lines;
};

static void check_finding(void *ctx, const struct conf_finding *f)
{
	struct seen *seen = ctx;
	const char *p;

	must(f->line >= 1 && f->line <= seen->lines);
	must(f->text[0]);
	for (p = f->text; *p; p++)
		must(*p >= 0x20 && *p <= 0x7e);
	must(p - f->text < 512);
	if (f->severity == CONF_ERROR) {
		must(f->status == 1 || f->status == 2 || f->status == 255);
		seen->errors++;
	}
}

static unsigned int count_lines(const uint8_t *data, size_t size)
{
	unsigned int n = 1;
	size_t i;

	for (i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

static void check_live(const struct wg_device *asked,
		       const struct wg_device *live)
{
	const struct wg_peer *p;
	struct addr masked;
	size_t i, j;

	must(live->n_peers <= asked->n_peers);
	for (i = 0; i < live->n_peers; i++) {
		p = &live->peers[i];
		for (j = 0; j < p->n_allowed_ips; j++) {
			masked = addr_masked(&p->allowed_ips[j].addr);
			must(addr_eq(&masked, &p->allowed_ips[j].addr));
			must(!p->allowed_ips[j].remove);
		}
	}
}

/* What is printed of a device reads back as that device. */
static void check_reads_back(const struct wg_device *live)
{
	cleanup(buf_done) struct buf one = { 0 }, two = { 0 };
	cleanup(conf_done) struct conf conf = { .name = "x" };
	cleanup(arena_done) struct arena a = { 0 };
	struct wg_device again;

	conf_print_device(live, &one);
	must(!conf_parse(&conf, one.p, one.len, NULL, NULL));
	must(!conf_parse_device(&conf, NULL, NULL));
	must(!conf_predict_device(&conf.device, &a, &again));
	conf_print_device(&again, &two);
	must(one.len == two.len && !memcmp(one.p, two.p, one.len));
}

/* strip of what strip printed is the same but for its last LF. */
static void check_strip(const struct conf *conf)
{
	cleanup(buf_done) struct buf one = { 0 }, two = { 0 };
	cleanup(conf_done) struct conf again = { .name = "x" };

	conf_print_strip(conf, &one);
	must(!conf_parse(&again, one.p, one.len, NULL, NULL));
	conf_print_strip(&again, &two);
	must(two.len == one.len + 1 && !memcmp(one.p, two.p, one.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(conf_done) struct conf conf = { .name = "wg0.conf" };
	cleanup(arena_done) struct arena a = { 0 };
	struct seen seen = { .lines = count_lines(data, size) };
	struct wg_device live;
	size_t i;
	int ret;

	ret = conf_parse(&conf, (const char *)data, size, check_finding, &seen);
	must(!ret == !seen.errors);
	check_strip(&conf);
	seen.errors = 0;
	ret = conf_parse_device(&conf, check_finding, &seen);
	must(!ret == !seen.errors);
	for (i = 0; i < conf.n_passthrough; i++)
		must(conf.passthrough_line[i] <= seen.lines);
	must(!conf_predict_device(&conf.device, &a, &live));
	check_live(&conf.device, &live);
	if (!ret)
		check_reads_back(&live);
	return 0;
}
