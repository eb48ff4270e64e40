// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: golden plans
 *
 * Every tests/golden/NAME.conf is planned on the host that NAME.snap tells of,
 * and what comes out is compared with NAME.plan: the steps of `up` with the
 * conf lines they are from, their inverses in the order of an undo, and the
 * steps of `down`.  `make golden` writes the .plan files anew, for review.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "plan/plan.h"

#define GOLDEN_DIR "tests/golden"
#define MAX_RULES 16

struct scene {
	struct snap_host host;
	unsigned int path_mtu[8];
	struct snap_down down;
	struct snap_rule rules[MAX_RULES];
	struct snap_table routed[4];
	struct plan_memory memory;
	char userspace[64];
	char tables[256];
};

static void slurp(const char *path, struct buf *out)
{
	cleanup(close_file) FILE *f = fopen(path, "re");
	char block[4096];
	size_t n;

	if (!f)
		return;
	while ((n = fread(block, 1, sizeof(block), f)))
		buf_add(out, block, n);
}

static void read_rule(struct scene *s, char *text)
{
	struct snap_rule *r = &s->rules[s->down.n_rules++];
	char *word = strtok(text, " ");

	*r = (struct snap_rule){ .suppress = -1, .plain = true };
	r->family = atoi(word) == 6 ? AF_INET6 : AF_INET;
	r->priority = (uint32_t)strtoul(strtok(NULL, " "), NULL, 10);
	while ((word = strtok(NULL, " "))) {
		if (!strcmp(word, "not"))
			r->invert = true;
		else if (!strcmp(word, "foreign"))
			r->plain = false;
		else if (!strcmp(word, "mark"))
			r->mark = (uint32_t)atoi(strtok(NULL, " "));
		else if (!strcmp(word, "table"))
			r->table = (uint32_t)atoi(strtok(NULL, " "));
		else if (!strcmp(word, "suppress"))
			r->suppress = atoi(strtok(NULL, " "));
		else
			fail_msg("rule: %s?", word);
	}
}

static void read_prefs(struct scene *s, const char *value)
{
	unsigned int family, a, b;
	struct snap_prefs p = { 0 };
	int n = sscanf(value, "%u %u %u", &family, &a, &b);

	p.n = n > 0 ? (unsigned int)n - 1 : 0;
	p.pref[0] = n > 1 ? a : 0;
	p.pref[1] = n > 2 ? b : 0;
	s->host.prefs[family == 6 ? SNAP_V6 : SNAP_V4] = p;
}

/* "51820 4 ours": who IPv4's default route of the table leaves by. */
static void read_table(struct scene *s, const char *value)
{
	struct snap_table *t = s->routed;
	unsigned int number, family;
	enum snap_family f;
	char who[8];

	assert_int_equal(sscanf(value, "%u %u %7s", &number, &family, who), 3);
	while (t->number && t->number != number)
		t++;
	if (!t->number)
		s->down.n_tables++;
	assert_true(s->down.n_tables < ARRAY_SIZE(s->routed));
	t->number = number;
	f = family == 6 ? SNAP_V6 : SNAP_V4;
	t->ours[f] |= !strcmp(who, "ours");
	t->others[f] |= !strcmp(who, "others");
}

static unsigned int read_nft_family(const char *value)
{
	if (!strcmp(value, "inet"))
		return NFPROTO_INET;
	return atoi(value) == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

static bool read_down_fact(struct scene *s, const char *key, char *value)
{
	struct snap_down *d = &s->down;
	enum snap_family f = atoi(value) == 6 ? SNAP_V6 : SNAP_V4;

	if (!strcmp(key, "link"))
		d->link = (struct snap_link){ .exists = true, .index = 7 };
	else if (!strcmp(key, "fwmark"))
		d->fwmark = (uint32_t)atoi(value);
	else if (!strcmp(key, "default_allowed"))
		d->default_allowed[f] = true;
	else if (!strcmp(key, "rule"))
		read_rule(s, value);
	else if (!strcmp(key, "table"))
		read_table(s, value);
	else if (!strcmp(key, "mark_foreign"))
		d->mark_foreign = true;
	else if (!strcmp(key, "spoof"))
		d->spoof_tables |= 1U << read_nft_family(value);
	else if (!strcmp(key, "spoof_iptables"))
		d->spoof_iptables[f] = true;
	else if (!strcmp(key, "other_wireguard"))
		d->other_wireguard = true;
	else if (!strcmp(key, "now_src_valid_mark"))
		d->src_valid_mark = atoi(value);
	else if (!strcmp(key, "now_send_redirects"))
		d->send_redirects = atoi(value);
	else if (!strcmp(key, "memory_mark"))
		s->memory.mark = (uint32_t)atoi(value);
	else if (!strcmp(key, "memory_dns"))
		s->memory.dns = true;
	else if (!strcmp(key, "memory_src_valid_mark"))
		s->memory.src_valid_mark = atoi(value);
	else if (!strcmp(key, "memory_send_redirects"))
		s->memory.send_redirects = atoi(value);
	else
		return false;
	return true;
}

static void read_fact(struct scene *s, const char *key, char *value)
{
	if (!strcmp(key, "path_mtu"))
		s->path_mtu[s->host.n_path_mtu++] = (unsigned int)atoi(value);
	else if (!strcmp(key, "default_mtu"))
		s->host.default_mtu = (unsigned int)atoi(value);
	else if (!strcmp(key, "free_table"))
		s->host.free_table = (uint32_t)atoi(value);
	else if (!strcmp(key, "prefs"))
		read_prefs(s, value);
	else if (!strcmp(key, "ipv6_off"))
		s->host.ipv6_off = true;
	else if (!strcmp(key, "src_valid_mark"))
		s->host.src_valid_mark = atoi(value);
	else if (!strcmp(key, "forward"))
		s->host.forward[atoi(value) == 6 ? SNAP_V6 : SNAP_V4] = true;
	else if (!strcmp(key, "send_redirects"))
		s->host.send_redirects = atoi(value);
	else if (!strcmp(key, "userspace"))
		snprintf(s->userspace, sizeof(s->userspace), "%s", value);
	else if (!strcmp(key, "table_name"))
		snprintf(s->tables, sizeof(s->tables), "%s\n", value);
	else if (!read_down_fact(s, key, value))
		fail_msg("snapshot: %s?", key);
}

static void read_scene(const char *path, struct scene *s)
{
	cleanup(buf_done) struct buf text = { 0 };
	char *line, *rest, *value;

	*s = (struct scene){ 0 };
	s->host.path_mtu = s->path_mtu;
	s->host.default_mtu = 1500;
	s->host.free_table = 51820;
	s->host.send_redirects = 1;
	s->host.prefs[SNAP_V4] = (struct snap_prefs){ 2, { 0, 32766 } };
	s->host.prefs[SNAP_V6] = (struct snap_prefs){ 2, { 0, 32766 } };
	s->down.rules = s->rules;
	s->down.tables = s->routed;
	s->down.src_valid_mark = s->down.send_redirects = -1;
	s->memory.src_valid_mark = s->memory.send_redirects = -1;
	slurp(path, &text);
	rest = text.p;
	while (rest && (line = strsep(&rest, "\n"))) {
		value = strchr(line, ' ');
		if (value)
			*value++ = '\0';
		if (*line && *line != '#')
			read_fact(s, line, value ? value : line + strlen(line));
	}
}

static void print_steps(const char *title, const struct step *v, size_t n,
			const struct step_names *names, struct buf *out)
{
	size_t i;

	buf_addf(out, "%s:\n", title);
	for (i = 0; i < n; i++) {
		buf_addc(out, '\t');
		step_print(&v[i], names, out);
		if (v[i].line)
			buf_addf(out, "\t# line %u", v[i].line);
		if (v[i].kind == STEP_RULE_ADD)
			buf_addf(out, "\t# priority %u", v[i].rule.priority);
		if (v[i].kind == STEP_ROUTE_ADD)
			buf_addf(out, "\t# table %u", v[i].route.table);
		buf_addc(out, '\n');
	}
}

static void print_undo(const struct plan *p, const struct step_names *names,
		       struct buf *out)
{
	struct plan undo = { 0 };
	struct step inverse;
	size_t i;

	for (i = p->n; i-- > 0;)
		if (step_inverse(&p->steps[i], &inverse))
			*plan_add(&undo, inverse.kind, 0) = inverse;
	print_steps("undo", undo.steps, undo.n, names, out);
	plan_done(&undo);
}

static void on_finding(void *ctx, const struct conf_finding *f)
{
	buf_addf(ctx, "%s line %u status %d: %s\n",
		 f->severity == CONF_ERROR ? "error" : "warning", f->line,
		 f->status, f->text);
}

static int plan_up(struct conf *conf, const struct scene *s, struct plan *p,
		   struct wgq_err *e)
{
	struct plan_table table = plan_table(conf, s->tables);
	struct arena a = { 0 };
	struct snap_iface iface;
	int ret;

	ret = plan_create(conf, *s->userspace ? s->userspace : NULL, p);
	if (!ret)
		ret = plan_setup(conf, &s->host, p);
	if (!ret)
		ret = plan_link_up(conf, &s->host, p);
	if (!ret)
		ret = plan_predict(conf, &s->host, plan_mtu(conf, &s->host), &a,
				   &iface);
	if (!ret)
		ret = plan_routes(conf, &table, &iface, &s->host, p, e);
	arena_done(&a);
	return ret;
}

static void plan_scene(const char *name, struct conf *conf,
		       const struct scene *s, struct buf *out)
{
	struct step_names names = {
		.ifname = "wg0",
		.conf = name,
		.dns_add = "dns add",
		.dns_del = "dns del",
	};
	struct plan up = { 0 }, down = { 0 };
	struct wgq_err e = { 0 };
	int ret;

	ret = conf_parse_device(conf, on_finding, out);
	if (!ret)
		ret = plan_up(conf, s, &up, &e);
	if (e.code)
		buf_addf(out, "refused, status %d: %s\n", e.status, e.msg);
	if (!ret) {
		print_steps("up", up.steps, up.n, &names, out);
		print_undo(&up, &names, out);
	}
	assert_int_equal(plan_hooks(conf, CONF_PRE_DOWN, &down), 0);
	assert_int_equal(plan_down(conf, &s->down, &s->memory, &down), 0);
	assert_int_equal(plan_hooks(conf, CONF_POST_DOWN, &down), 0);
	print_steps("down", down.steps, down.n, &names, out);
	plan_done(&up);
	plan_done(&down);
}

static void check_golden(const char *stem)
{
	cleanup(buf_done) struct buf text = { 0 };
	cleanup(buf_done) struct buf got = { 0 };
	cleanup(buf_done) struct buf want = { 0 };
	char path[PATH_MAX], name[300];
	struct conf conf = { .ifname = "wg0" };
	struct scene scene;
	FILE *f;

	snprintf(name, sizeof(name), "%s.conf", stem);
	conf.name = conf.path = name;
	snprintf(path, sizeof(path), GOLDEN_DIR "/%s", name);
	slurp(path, &text);
	snprintf(path, sizeof(path), GOLDEN_DIR "/%s.snap", stem);
	read_scene(path, &scene);
	buf_adds(&got, "");
	if (!conf_parse(&conf, text.p ? text.p : "", text.len, on_finding,
			&got))
		plan_scene(name, &conf, &scene, &got);
	snprintf(path, sizeof(path), GOLDEN_DIR "/%s.plan", stem);
	if (getenv("UPDATE")) {
		f = fopen(path, "we");
		assert_non_null(f);
		fwrite(got.p, 1, got.len, f);
		fclose(f);
	}
	slurp(path, &want);
	if (!want.p || strcmp(got.p, want.p))
		fail_msg("%s differs; got:\n%s", path, got.p);
	conf_done(&conf);
}

static void test_golden_plans(void **state)
{
	struct dirent **list;
	int i, n, found = 0;
	char *dot;

	(void)state;
	n = scandir(GOLDEN_DIR, &list, NULL, alphasort);
	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		dot = strrchr(list[i]->d_name, '.');
		if (dot && !strcmp(dot, ".conf")) {
			*dot = '\0';
			check_golden(list[i]->d_name);
			found++;
		}
		free(list[i]);
	}
	free(list);
	assert_true(found >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
