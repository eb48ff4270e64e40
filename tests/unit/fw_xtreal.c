// SPDX-License-Identifier: GPL-2.0-or-later
#include <net/if.h>
#include <netinet/in.h>

#include "fw/xt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fw/xt_entry.h"
#include "fw/xt_scan.h"
#include "lib_tmp.h"

/*
 * Tables that iptables-legacy left behind: as files, of many hosts, and from
 * the real program in a network namespace of the test's own.
 */

#define V4 NFPROTO_IPV4
#define V6 NFPROTO_IPV6

/* A table as it came out of the kernel. */
struct image {
	uint8_t family;
	char name[XT_TABLE_MAXNAMELEN];
	struct xt_blob blob;
	struct buf bytes;
};

static void image_done(struct image *i)
{
	buf_done(&i->bytes);
}

static void take_info(struct image *i, const struct ipt_getinfo *info)
{
	memcpy(i->name, info->name, sizeof(i->name));
	i->blob.valid_hooks = info->valid_hooks;
	memcpy(i->blob.hook_entry, info->hook_entry, sizeof(info->hook_entry));
	memcpy(i->blob.underflow, info->underflow, sizeof(info->underflow));
	i->blob.num_entries = info->num_entries;
	i->blob.size = info->size;
}

static void read_file(const char *path, struct buf *ret)
{
	cleanup(close_file) FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	buf_reset(ret);
	if (!f)
		return;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(ret, part, n);
}

/* @path is that of a getinfo.bin, the entries are next to it. */
static void image_of_file(const char *path, struct image *ret)
{
	cleanup(buf_done) struct buf info = {};
	char entries[PATH_MAX];
	size_t len = strlen(path) - strlen("getinfo.bin");

	*ret = (struct image){};
	ret->family = strstr(path, "legacy-ip6t-") ? V6 : V4;
	read_file(path, &info);
	assert_int_equal(info.len, sizeof(struct ipt_getinfo));
	take_info(ret, (const struct ipt_getinfo *)info.p);
	snprintf(entries, sizeof(entries), "%.*sentries.bin", (int)len, path);
	read_file(entries, &ret->bytes);
	assert_int_equal(ret->bytes.len, ret->blob.size);
	ret->blob.entries = (const uint8_t *)ret->bytes.p;
}

static void read_image(const struct image *i, struct fw_ruleset *rs)
{
	struct wgq_err e = {};

	if (xt_read(rs, i->family, i->name, &i->blob, &e))
		fail_msg("%s: %s", i->name, e.msg);
}

static void assert_same_blob(const char *what, const struct xt_blob *a,
			     const struct xt_blob *b)
{
	uint32_t at = 0;

	assert_int_equal(a->num_entries, b->num_entries);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->valid_hooks, b->valid_hooks);
	assert_memory_equal(a->hook_entry, b->hook_entry,
			    sizeof(a->hook_entry));
	assert_memory_equal(a->underflow, b->underflow, sizeof(a->underflow));
	while (at < a->size && a->entries[at] == b->entries[at])
		at++;
	if (at < a->size)
		fail_msg("%s: byte %u is %02x, not %02x", what, at,
			 a->entries[at], b->entries[at]);
}

/* Read it and build it again without an edit. */
static void must_stay(const struct image *i)
{
	struct fw_ruleset rs = {};
	struct fw_edits none = {};
	struct xt_replace r = {};
	struct wgq_err e = {};
	uint32_t k;

	read_image(i, &rs);
	assert_int_equal(xt_build(&rs, i->family, i->name, &none, &r, &e), 0);
	assert_same_blob(i->name, &r.blob, &i->blob);
	assert_int_equal(r.old_entries, i->blob.num_entries);
	for (k = 0; k < r.blob.num_entries; k++)
		assert_int_equal(r.counter_from[k], k);
	xt_replace_done(&r);
	fw_ruleset_done(&rs);
}

static const char *fixtures(void)
{
	const char *shared = getenv("WGQ_SHARED");

	return shared ? shared : "../shared";
}

static bool find_fixtures(glob_t *g)
{
	char pattern[PATH_MAX];

	snprintf(pattern, sizeof(pattern), "%s/firewalls/*/legacy-*getinfo.bin",
		 fixtures());
	if (!glob(pattern, 0, NULL, g))
		return true;
	print_message("SKIPPED: no tables in %s/firewalls\n", fixtures());
	return false;
}

static void tables_of_hosts_stay_as_they_are(void **state)
{
	glob_t g;
	size_t i;

	(void)state;
	if (!find_fixtures(&g))
		skip();
	for (i = 0; i < g.gl_pathc; i++) {
		cleanup(image_done) struct image im;

		image_of_file(g.gl_pathv[i], &im);
		must_stay(&im);
	}
	print_message("%zu tables\n", g.gl_pathc);
	assert_true(g.gl_pathc > 50);
	globfree(&g);
}

/* As iptables-save has it, without counters. */
static void print_table(const struct fw_table *t, struct buf *out)
{
	size_t i, k;

	for (i = 0; i < t->n_chain; i++)
		buf_addf(out, ":%s %s\n", t->chain[i]->name,
			 !t->chain[i]->base		    ? "-"
			 : t->chain[i]->policy == FW_S_DROP ? "DROP"
							    : "ACCEPT");
	for (i = 0; i < t->n_chain; i++)
		for (k = 0; k < t->chain[i]->n_rule; k++) {
			buf_addf(out, "-A %s ", t->chain[i]->name);
			fw_rule_print(t->chain[i]->rule[k], t->family, out);
			if (out->p[out->len - 1] == ' ')
				out->len--;
			buf_addc(out, '\n');
		}
}

/* The part of a save file that is about one table, without counters. */
static void save_of(const char *save, const char *table, struct buf *out)
{
	char star[64];
	const char *p, *end;
	size_t len;

	snprintf(star, sizeof(star), "*%s\n", table);
	p = strstr(save, star);
	if (!p)
		return;
	for (p = strchr(p, '\n') + 1; *p && strncmp(p, "COMMIT", 6); p = end) {
		end = strchrnul(p, '\n');
		len = (size_t)(end - p);
		end += *end == '\n';
		if (*p == ':')
			len = (size_t)((char *)memchr(p, '[', len) - p) - 1;
		buf_add(out, p, len);
		buf_addc(out, '\n');
	}
}

/*
 * Extensions that are shown in brackets: seldom seen, or what they mean is not
 * in their bytes.
 */
static const char *const bracketed[] = {
	"[-m bpf]",	   "[-m connbytes]", "[-m cpu]",      "[-m devgroup]",
	"[-m ecn]",	   "[-m esp]",	     "[-m frag]",     "[-m hashlimit]",
	"[-m ipv6header]", "[-m quota]",     "[-m set]",      "[-m tcp]",
	"[-m time]",	   "[-m u32]",	     "[-j CONNMARK]", "[-j CT]",
};

static bool may_differ(const char *got)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bracketed); i++)
		if (strstr(got, bracketed[i]))
			return true;
	return false;
}

static const char *next_line(const char **p)
{
	const char *line = *p;

	*p = strchrnul(line, '\n');
	*p += **p == '\n';
	return strndup(line, (size_t)(*p - line));
}

/* Number of lines that differ though they should not. */
static unsigned int compare(const char *where, const char *got,
			    const char *want, unsigned int *lines)
{
	unsigned int bad = 0;

	while (*got || *want) {
		cleanup(free_ptr) const char *g = next_line(&got);
		cleanup(free_ptr) const char *w = next_line(&want);

		++*lines;
		if (!strcmp(g, w) || may_differ(g))
			continue;
		bad++;
		print_message("%s:\n  got  %s  want %s", where, g, w);
	}
	return bad;
}

static unsigned int compare_with_save(const char *path, const char *save,
				      unsigned int *lines)
{
	cleanup(buf_done) struct buf got = {}, want = {};
	cleanup(image_done) struct image im;
	struct fw_ruleset rs = {};
	unsigned int bad;

	image_of_file(path, &im);
	read_image(&im, &rs);
	print_table(rs.table[0], &got);
	save_of(save, im.name, &want);
	assert_true(want.len > 0);
	bad = compare(path, got.p, want.p, lines);
	fw_ruleset_done(&rs);
	return bad;
}

static void tables_of_hosts_print_as_saved(void **state)
{
	unsigned int bad = 0, lines = 0;
	glob_t g;
	size_t i;

	(void)state;
	if (!find_fixtures(&g))
		skip();
	for (i = 0; i < g.gl_pathc; i++) {
		const char *path = g.gl_pathv[i];
		cleanup(buf_done) struct buf save = {};
		char name[PATH_MAX];

		snprintf(name, sizeof(name), "%.*s/%s-legacy-save.txt",
			 (int)(strrchr(path, '/') - path), path,
			 strstr(path, "ip6t-") ? "ip6tables" : "iptables");
		read_file(name, &save);
		if (save.len)
			bad += compare_with_save(path, save.p, &lines);
	}
	print_message("%u lines, %u differ\n", lines, bad);
	assert_true(lines > 500);
	assert_int_equal(bad, 0);
	globfree(&g);
}

/* Below: the real program. */

static const char *program(uint8_t family)
{
	return family == V6 ? "ip6tables-legacy" : "iptables-legacy";
}

static int level(uint8_t family)
{
	return family == V6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

static bool fresh_namespace(const char *dir)
{
	char lock[PATH_MAX];

	if (system("iptables-legacy -V >/dev/null 2>&1")) {
		print_message("SKIPPED: no iptables-legacy here\n");
		return false;
	}
	if (unshare(CLONE_NEWNET)) {
		print_message("SKIPPED: no network namespace: %s\n",
			      strerror(errno));
		return false;
	}
	setenv("XTABLES_LOCKFILE", tmp_path(lock, dir, "lock"), 1);
	return true;
}

/* A socket of this namespace; -1: the kernel has no such tables. */
static int xt_socket(uint8_t family)
{
	return socket(family == V6 ? AF_INET6 : AF_INET,
		      SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

static bool image_of_kernel(uint8_t family, const char *table,
			    struct image *ret)
{
	cleanup(close_fd) int fd = xt_socket(family);
	struct ipt_getinfo info = {};
	struct ipt_get_entries ask = {};
	socklen_t len = sizeof(info);

	*ret = (struct image){ .family = family };
	strcpy(info.name, table);
	if (fd < 0 ||
	    getsockopt(fd, level(family), IPT_SO_GET_INFO, &info, &len))
		return false;
	take_info(ret, &info);
	strcpy(ask.name, table);
	ask.size = info.size;
	buf_add(&ret->bytes, &ask, sizeof(ask));
	while (ret->bytes.len < sizeof(ask) + info.size)
		buf_addc(&ret->bytes, 0);
	len = (socklen_t)ret->bytes.len;
	assert_int_equal(getsockopt(fd, level(family), IPT_SO_GET_ENTRIES,
				    ret->bytes.p, &len),
			 0);
	ret->blob.entries = (const uint8_t *)ret->bytes.p + sizeof(ask);
	return true;
}

static int commit(uint8_t family, const char *table, const struct xt_blob *b,
		  uint32_t old)
{
	cleanup(close_fd) int fd = xt_socket(family);
	cleanup(buf_done) struct buf out = {};
	cleanup(free_ptr) struct xt_counters *c = calloc(old, sizeof(*c));
	struct ipt_replace r = { .valid_hooks = b->valid_hooks,
				 .num_entries = b->num_entries,
				 .size = b->size,
				 .num_counters = old,
				 .counters = c };

	strcpy(r.name, table);
	memcpy(r.hook_entry, b->hook_entry, sizeof(r.hook_entry));
	memcpy(r.underflow, b->underflow, sizeof(r.underflow));
	buf_add(&out, &r, sizeof(r));
	buf_add(&out, b->entries, b->size);
	return setsockopt(fd, level(family), IPT_SO_SET_REPLACE, out.p,
			  (socklen_t)out.len)
		       ? -errno
		       : 0;
}

static int run(uint8_t family, const char *table, const char *args)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "%s -t %s %s 2>/dev/null", program(family),
		 table, args);
	return system(cmd);
}

/* Where an entry has what the kernel notes for itself, counters behind it. */
static size_t notes_at(uint8_t family)
{
	return family == V6 ? offsetof(struct ip6t_entry, comefrom)
			    : offsetof(struct ipt_entry, comefrom);
}

static size_t notes_end(uint8_t family)
{
	return xt_entry_counters_at(family) + sizeof(struct xt_counters);
}

/* Counters, and what the kernel notes for itself, are of no account. */
static void forget_notes(struct image *i)
{
	struct xt_scan s;
	struct arena a = {};
	struct wgq_err e = {};
	size_t at = notes_at(i->family), end = notes_end(i->family);
	uint32_t k;

	assert_int_equal(xt_scan(&a, i->family, &i->blob, &s, &e), 0);
	for (k = 0; k < s.n_entry; k++)
		memset((uint8_t *)(uintptr_t)s.entry[k].p + at, 0, end - at);
	arena_done(&a);
}

static void image_of_replace(const struct image *like,
			     const struct xt_replace *r, struct image *ret)
{
	*ret = (struct image){ .family = like->family, .blob = r->blob };
	memcpy(ret->name, like->name, sizeof(ret->name));
	buf_add(&ret->bytes, r->blob.entries, r->blob.size);
	ret->blob.entries = (const uint8_t *)ret->bytes.p;
}

/* Run each line of a file in the form of iptables-save; number refused. */
static unsigned int run_lines(uint8_t family, const char *text)
{
	unsigned int refused = 0;
	char table[32] = "";

	while (*text) {
		cleanup(free_ptr) const char *line = next_line(&text);

		((char *)(uintptr_t)line)[strcspn(line, "\n")] = 0;
		if (*line == '*') {
			snprintf(table, sizeof(table), "%s", line + 1);
		} else if (run(family, table, line)) {
			print_message("not here: %s\n", line);
			refused++;
		}
	}
	return refused;
}

static void save_of_kernel(uint8_t family, const char *dir, struct buf *ret)
{
	char path[PATH_MAX], cmd[PATH_MAX + 64];

	snprintf(cmd, sizeof(cmd), "%s-save > %s", program(family),
		 tmp_path(path, dir, "save"));
	assert_int_equal(system(cmd), 0);
	read_file(path, ret);
}

/* The entry of a rule that was read, made anew, has the same bytes. */
static unsigned int build_again(const struct image *im, const struct fw_rule *r)
{
	size_t notes = notes_at(im->family), end = notes_end(im->family);
	const uint8_t *was = im->blob.entries + r->handle;
	cleanup(buf_done) struct buf now = {}, text = {};
	struct arena a = {};
	size_t at = 0;
	int err;

	err = xt_entry_build(&a, im->family, r, &now);
	arena_done(&a);
	while (!err && at < now.len &&
	       ((uint8_t)now.p[at] == was[at] || (at >= notes && at < end) ||
		(!r->n_stmt && at >= now.len - 8)))
		at++;
	if (!err && at == now.len)
		return 0;
	fw_rule_print(r, im->family, &text);
	print_message("%s: %d, differs at %zu of %zu\n", text.p, err, at,
		      now.len);
	return 1;
}

static unsigned int build_all_again(const struct image *im,
				    const struct fw_table *t, unsigned int *n)
{
	unsigned int bad = 0;
	size_t i, k;

	for (i = 0; i < t->n_chain; i++)
		for (k = 0; k < t->chain[i]->n_rule; k++, ++*n)
			bad += build_again(im, t->chain[i]->rule[k]);
	return bad;
}

static void try_extensions(uint8_t family, const char *file, const char *dir)
{
	static const char *const tables[] = { "filter", "nat", "mangle",
					      "raw" };
	cleanup(buf_done) struct buf text = {}, save = {};
	unsigned int bad = 0, lines = 0, n = 0;
	size_t i;

	read_file(file, &text);
	assert_true(text.len > 0);
	run_lines(family, text.p);
	save_of_kernel(family, dir, &save);
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		cleanup(buf_done) struct buf got = {}, want = {};
		cleanup(image_done) struct image im = {};
		struct fw_ruleset rs = {};

		save_of(save.p, tables[i], &want);
		if (!want.len)
			continue;
		assert_true(image_of_kernel(family, tables[i], &im));
		read_image(&im, &rs);
		print_table(rs.table[0], &got);
		bad += compare(tables[i], got.p, want.p, &lines);
		bad += build_all_again(&im, rs.table[0], &n);
		must_stay(&im);
		fw_ruleset_done(&rs);
	}
	print_message("%u rules, %u wrong\n", n, bad);
	assert_true(n > 10);
	assert_int_equal(bad, 0);
}

static void extensions_print_and_build(void **state)
{
	char dir[64];

	(void)state;
	tmp_make(dir);
	if (!fresh_namespace(dir)) {
		tmp_remove(dir);
		skip();
	}
	try_extensions(V4, "tests/data/xt-extensions.v4", dir);
	try_extensions(V6, "tests/data/xt-extensions.v6", dir);
	tmp_remove(dir);
}

/*
 * What is tried: table, what is there before, and the commands that count, in
 * which rules are named by number.
 */
#define BASE "-A FORWARD -i a -j ACCEPT; -A FORWARD -o b -j DROP"
#define CHAINS                                                         \
	"-N m; -N c; -A m -j RETURN; -A FORWARD -j m; -A INPUT -j c; " \
	"-A c -g m; -A FORWARD -p tcp; -A m -p udp"

static const char *const tries[] = {
	"filter |  | -P FORWARD DROP",
	"filter |  | -P INPUT DROP; -P INPUT ACCEPT",
	"filter |  | -A FORWARD -i wg0 -j ACCEPT",
	"filter |  | -A FORWARD",
	"filter |  | -A INPUT -i wg0 -j ACCEPT; -I INPUT -i x+",
	"filter | " BASE " | -I FORWARD -i wg+ -j ACCEPT",
	"filter | " BASE " | -I FORWARD 2 ! -i wg+ -j DROP",
	"filter | " BASE " | -I FORWARD 3 -j RETURN",
	"filter | " BASE " | -D FORWARD 1",
	"filter | " BASE " | -D FORWARD 2",
	"filter | " BASE " | -R FORWARD 2 -p udp -j ACCEPT",
	"filter | " BASE " | -R FORWARD 1 -p tcp",
	"filter | " BASE " | -F FORWARD",
	"filter | " BASE " | -Z FORWARD",
	"filter |  | -N a",
	"filter | -N m | -N a; -N z; -N n",
	"filter | -N m | -N DOCKER-USER; -N m-1; -N M; -N _",
	"filter | -N a | -X a",
	"filter | -N a; -N b | -X a; -N a",
	"filter |  | -N a-name-of-28-letters-and-yet",
	"filter | " CHAINS " | -E m a",
	"filter | " CHAINS " | -E c z; -E z b",
	"filter | " CHAINS " | -A m -j ACCEPT",
	"filter | " CHAINS " | -I m -p tcp; -A c",
	"filter | " CHAINS " | -I INPUT -j m",
	"filter | " CHAINS " | -I FORWARD 2 -g c",
	"filter | " CHAINS " | -A OUTPUT ! -p tcp -g m; -D FORWARD 1",
	"filter | " CHAINS " | -F m",
	"filter | " CHAINS " | -F c; -D INPUT 1; -X c",
	"filter | " CHAINS " | -R FORWARD 1 -j c",
	"filter | " CHAINS " | -N d; -A d -j m; -A c -j d; -I d -j ACCEPT",
	"filter | " CHAINS " | -N d; -A d -j d",
	"filter | " CHAINS " | -Z m; -P OUTPUT DROP",
	"filter | " CHAINS "; " BASE " | -A FORWARD -o wg0 -m conntrack "
	"--ctstate RELATED,ESTABLISHED -j ACCEPT; -I FORWARD 3 -i wg0 "
	"-m comment --comment wgq:wg0 -j ACCEPT",
	"filter | " BASE " | -A FORWARD -m state ! --state NEW -j ACCEPT",
	"filter | " BASE " | -I FORWARD -p tcp --dport 22 -j ACCEPT",
	"filter | " BASE " | -I FORWARD -p udp ! --sport 5:9 --dport "
	"53 -j ACCEPT",
	"filter | " BASE " | -I FORWARD -p tcp --tcp-flags SYN,RST SYN "
	"--dport 80 -j REJECT --reject-with tcp-reset",
	"filter | " BASE " | -A FORWARD -j REJECT",
	"filter | " BASE " | -A FORWARD -j LOG --log-prefix 'a b' "
	"--log-level 7",
	"filter | " BASE " | -A FORWARD -m limit --limit 3/min "
	"--limit-burst 10 -j ACCEPT",
	"filter | " BASE " | -A FORWARD -p tcp -m multiport ! --dports "
	"80,443,8000:8100 -j ACCEPT",
	"filter | " BASE " | -A FORWARD -m mark ! --mark 0xca6c/0xffff "
	"-j ACCEPT",
	"filter | " BASE " | -A FORWARD -m connmark --mark 1 -j ACCEPT",
	"filter | " BASE " | -A FORWARD -m addrtype ! --src-type LOCAL "
	"--dst-type MULTICAST -j ACCEPT",
	"filter | " BASE " | -A FORWARD -i wg0 -o eth+ -p sctp -j ACCEPT",
	"filter | " BASE " | -A FORWARD -i abcdefghijklmno -o abcdefghijklmn+",
	"filter | " BASE " | -A FORWARD -i + -j ACCEPT",
	"filter | " BASE " | -A FORWARD -m policy --dir in --pol ipsec "
	"-j ACCEPT",
	"filter | " BASE " | -A FORWARD -m hashlimit --hashlimit-name "
	"x --hashlimit-upto 5/s -j ACCEPT",
	"nat |  | -A POSTROUTING -o eth0 -j MASQUERADE",
	"nat | -N DOCKER | -A POSTROUTING ! -o wg0 -p tcp -j "
	"MASQUERADE --to-ports 1000-2000 --random",
	"nat |  | -A PREROUTING -p tcp --dport 80 -j REDIRECT "
	"--to-ports 8080; -I OUTPUT -p udp -j REDIRECT",
	"mangle |  | -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j "
	"TCPMSS --clamp-mss-to-pmtu; -A FORWARD -p tcp --syn -j TCPMSS "
	"--set-mss 1380",
	"mangle |  | -A PREROUTING -i wg0 -j MARK --set-mark 5; -A "
	"PREROUTING -j MARK --set-xmark 5/7; -A PREROUTING -j MARK "
	"--and-mark 5",
	"mangle |  | -A PREROUTING -j CONNMARK --restore-mark; -A "
	"POSTROUTING -j CONNMARK --save-mark --mask 3; -A PREROUTING "
	"-j CONNMARK --set-mark 9",
	"raw |  | -A PREROUTING ! -i wg0 -m addrtype ! --src-type LOCAL "
	"-j DROP; -A OUTPUT -j CT --notrack",
	"security |  | -A FORWARD -i wg0 -j ACCEPT",
};

static const char *const tries4[] = {
	"filter | " BASE " | -A FORWARD -p all -j ACCEPT",
	"filter | " BASE " | -A FORWARD -s 10.0.0.1/24 ! -d 192.0.2.7 "
	"-j ACCEPT; -I FORWARD -s 10.0.0.0/255.0.255.0",
	"filter | " BASE " | -I FORWARD -p icmp --icmp-type 8 -j "
	"ACCEPT; -I FORWARD -p icmp ! --icmp-type 3/4",
	"filter | " BASE " | -I FORWARD ! -f -j ACCEPT; -I FORWARD -f",
	"filter | " BASE " | -A FORWARD -j REJECT --reject-with "
	"icmp-host-prohibited",
	"nat |  | -A PREROUTING -p tcp --dport 80 -j DNAT "
	"--to-destination 10.0.0.2-10.0.0.3:80-90; -A POSTROUTING -j "
	"SNAT --to-source 10.0.0.2",
};

static const char *const tries6[] = {
	"filter | " BASE " | -A FORWARD -s fd00::1/64 ! -d fd00::7 -j ACCEPT",
	"filter | " BASE " | -I FORWARD -p icmpv6 --icmpv6-type 135 -j ACCEPT",
	"filter | " BASE " | -A FORWARD -j REJECT --reject-with "
	"icmp6-adm-prohibited",
	"nat |  | -A PREROUTING -p tcp --dport 80 -j DNAT "
	"--to-destination [fd00::2]:8080; -A POSTROUTING -j SNAT "
	"--to-source fd00::2",
};

/* Cut @s at the next @sep and step over it; the part before it. */
static char *cut(char **s, const char *sep)
{
	char *part = *s, *end = strstr(part, sep);

	*s = end ? end + strlen(sep) : part + strlen(part);
	if (end)
		*end = 0;
	return part;
}

/* The rule that a command made, read from what the program left. */
static struct fw_rule *rule_of(const struct fw_ruleset *rs,
			       const struct fw_edit *ed)
{
	const struct fw_chain *c = fw_chain_find(rs->table[0], ed->chain);
	size_t at;

	assert_non_null(c);
	assert_true(c->n_rule > 0);
	at = ed->append ? c->n_rule - 1 : ed->at;
	assert_true(at < c->n_rule);
	return c->rule[at];
}

/* The command as an edit; @rs keeps the rule.  Takes @cmd apart. */
static void edit_of(uint8_t family, const char *table, char *cmd,
		    struct fw_ruleset *rs, struct fw_edits *es)
{
	static const char letters[] = "AIDRFZNXEP";
	static const enum fw_edit_kind kinds[] = {
		FW_E_RULE_ADD,	   FW_E_RULE_ADD,    FW_E_RULE_DEL,
		FW_E_RULE_REPLACE, FW_E_CHAIN_FLUSH, FW_E_CHAIN_ZERO,
		FW_E_CHAIN_ADD,	   FW_E_CHAIN_DEL,   FW_E_CHAIN_RENAME,
		FW_E_POLICY,
	};
	char letter = cut(&cmd, " ")[1], *chain = cut(&cmd, " ");
	const char *more = cut(&cmd, " ");
	struct fw_edit *ed;
	cleanup(image_done) struct image im = {};

	ed = fw_edit_add(es, kinds[strchr(letters, letter) - letters],
			 FW_LEGACY, family, table, chain);
	assert_non_null(ed);
	assert_true(image_of_kernel(family, table, &im));
	read_image(&im, rs);
	ed->append = letter == 'A';
	if (*more >= '1' && *more <= '9')
		ed->at = strtoul(more, NULL, 10) - 1;
	ed->new_name = more;
	ed->policy = *more == 'D' ? FW_S_DROP : FW_S_ACCEPT;
	if (ed->kind == FW_E_RULE_ADD || ed->kind == FW_E_RULE_REPLACE)
		ed->rule = rule_of(rs, ed);
}

/* The kernel takes @ours over @theirs, and hands the same out again. */
static void commit_and_look(struct image *ours, const struct image *theirs)
{
	cleanup(image_done) struct image now;

	assert_int_equal(commit(ours->family, ours->name, &ours->blob,
				theirs->blob.num_entries),
			 0);
	assert_true(image_of_kernel(ours->family, ours->name, &now));
	forget_notes(&now);
	assert_same_blob("committed", &now.blob, &theirs->blob);
}

static void try_one(uint8_t family, const char *what)
{
	cleanup(image_done) struct image first, last, ours;
	struct fw_ruleset before = {}, after[5] = {};
	struct fw_edits es = {};
	struct xt_replace r = {};
	struct wgq_err e = {};
	cleanup(free_ptr) char *text = strdup(what);
	char *p = text, *table = cut(&p, " | "), *setup = cut(&p, " | ");
	size_t i;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	while (*setup)
		assert_int_equal(run(family, table, cut(&setup, "; ")), 0);
	assert_true(image_of_kernel(family, table, &first));
	read_image(&first, &before);
	for (i = 0; i < ARRAY_SIZE(after) && *p; i++) {
		char *cmd = cut(&p, "; ");

		if (run(family, table, cmd))
			fail_msg("%s fails", cmd);
		edit_of(family, table, cmd, &after[i], &es);
	}
	assert_true(es.n > 0);
	assert_true(image_of_kernel(family, table, &last));
	if (xt_build(&before, family, table, &es, &r, &e))
		fail_msg("%s: %s", what, e.msg);
	image_of_replace(&last, &r, &ours);
	forget_notes(&ours);
	forget_notes(&last);
	assert_same_blob(what, &ours.blob, &last.blob);
	commit_and_look(&ours, &last);
	xt_replace_done(&r);
	fw_edits_done(&es);
	fw_ruleset_done(&before);
	for (i = 0; i < ARRAY_SIZE(after); i++)
		fw_ruleset_done(&after[i]);
}

static void edits_are_what_iptables_does(void **state)
{
	char dir[64];
	size_t i;

	(void)state;
	tmp_make(dir);
	if (!fresh_namespace(dir)) {
		tmp_remove(dir);
		skip();
	}
	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		try_one(V4, tries[i]);
		try_one(V6, tries[i]);
	}
	for (i = 0; i < ARRAY_SIZE(tries4); i++)
		try_one(V4, tries4[i]);
	for (i = 0; i < ARRAY_SIZE(tries6); i++)
		try_one(V6, tries6[i]);
	print_message("%zu sequences\n", 2 * ARRAY_SIZE(tries) +
						 ARRAY_SIZE(tries4) +
						 ARRAY_SIZE(tries6));
	tmp_remove(dir);
}

/* A circle is refused by the kernel where it is by us, and taken likewise. */
static void circles_are_the_kernels(void **state)
{
	static const char *const before =
		"-N a\n-N b\n-A a -j b\n-A INPUT -p tcp -j a\n";
	static const struct {
		const char *then, *loop;
	} cases[] = {
		{ "", "-A b -j a" },
		{ "", "-A b -g a" },
		{ "", "-A b -p udp -j b" },
		{ "-A b -j ACCEPT\n", "-A b -j a" },
		{ "-A b -p tcp -j ACCEPT\n", "-A b -j a" },
		{ "-A b -j DROP\n", "-A b -j b" },
		{ "-D INPUT 1\n", "-A b -j a" },
		{ "-D INPUT 1\n-A OUTPUT -j b\n", "-A b -j a" },
	};
	char dir[64];
	size_t i;

	(void)state;
	tmp_make(dir);
	if (!fresh_namespace(dir)) {
		tmp_remove(dir);
		skip();
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup(image_done) struct image im;
		struct fw_ruleset rs = {};
		struct fw_edits es = {};
		struct xt_replace r = {};
		struct wgq_err e = {};
		char text[256];
		struct fw_edit *ed;
		bool refused;
		int err;

		assert_int_equal(unshare(CLONE_NEWNET), 0);
		snprintf(text, sizeof(text), "*filter\n%s%s", before,
			 cases[i].then);
		assert_int_equal(run_lines(V4, text), 0);
		assert_true(image_of_kernel(V4, "filter", &im));
		read_image(&im, &rs);
		ed = fw_edit_add(&es, FW_E_RULE_ADD, FW_LEGACY, V4, "filter",
				 "b");
		ed->append = true;
		ed->rule = arena_alloc(&es.arena, sizeof(*ed->rule));
		fw_stmt_add(&es.arena, ed->rule, FW_S_JUMP)->chain =
			strrchr(cases[i].loop, ' ') + 1;
		err = xt_build(&rs, V4, "filter", &es, &r, &e);
		refused = run(V4, "filter", cases[i].loop) != 0;
		if (err != (refused ? -ELOOP : 0))
			fail_msg("%s: %d", cases[i].loop, err);
		xt_replace_done(&r);
		fw_edits_done(&es);
		fw_ruleset_done(&rs);
	}
	tmp_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_hosts_stay_as_they_are),
		cmocka_unit_test(tables_of_hosts_print_as_saved),
		cmocka_unit_test(extensions_print_and_build),
		cmocka_unit_test(edits_are_what_iptables_does),
		cmocka_unit_test(circles_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
