// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's <linux/if.h> gives way to it only if it comes first. */
#include <net/if.h>

#include "lib_place.h"

#include <fnmatch.h>
#include <glob.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#include "fw/nft_read.h"
#include "fw/xt.h"

/*
 * Rulesets that real managers laid.  For each the table says where the accept
 * for the tunnel's traffic and the one for its replies go.
 */

static void read_file(const char *path, struct buf *ret)
{
	cleanup(close_file) FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	buf_reset(ret);
	while (f && (n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(ret, part, n);
}

static void load_nft(const char *dir, struct fw_ruleset *rs)
{
	cleanup(buf_done) struct buf dump = {};
	char path[PATH_MAX];
	struct wgq_err e = {};
	struct nlmsghdr *nlh;
	int left;

	snprintf(path, sizeof(path), "%s/nfnetlink-dump.bin", dir);
	read_file(path, &dump);
	left = (int)dump.len;
	for (nlh = (struct nlmsghdr *)dump.p; mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nft_read(rs, nlh, &e))
			fail_msg("%s: %s", dir, e.msg);
	}
	assert_int_equal(nft_read_end(rs), 0);
}

static void load_legacy(const char *path, struct fw_ruleset *rs)
{
	cleanup(buf_done) struct buf info = {}, entries = {};
	const struct ipt_getinfo *i;
	struct xt_blob blob = {};
	char file[PATH_MAX];
	struct wgq_err e = {};

	read_file(path, &info);
	assert_int_equal(info.len, sizeof(*i));
	i = (const struct ipt_getinfo *)info.p;
	snprintf(file, sizeof(file), "%.*sentries.bin",
		 (int)(strlen(path) - strlen("getinfo.bin")), path);
	read_file(file, &entries);
	blob.valid_hooks = i->valid_hooks;
	memcpy(blob.hook_entry, i->hook_entry, sizeof(blob.hook_entry));
	memcpy(blob.underflow, i->underflow, sizeof(blob.underflow));
	blob.num_entries = i->num_entries;
	blob.size = i->size;
	blob.entries = (const uint8_t *)entries.p;
	if (xt_read(rs,
		    strstr(path, "legacy-ip6t-") ? NFPROTO_IPV6 : NFPROTO_IPV4,
		    i->name, &blob, &e))
		fail_msg("%s: %s", path, e.msg);
}

static void load(const char *dir, struct fw_ruleset *rs)
{
	char pattern[PATH_MAX];
	glob_t g = {};
	size_t i;

	load_nft(dir, rs);
	snprintf(pattern, sizeof(pattern), "%s/legacy-*getinfo.bin", dir);
	if (!glob(pattern, 0, NULL, &g)) {
		for (i = 0; i < g.gl_pathc; i++)
			load_legacy(g.gl_pathv[i], rs);
	}
	globfree(&g);
}

static const char *shared(void)
{
	const char *s = getenv("WGQ_SHARED");

	return s ? s : "../shared";
}

/* "ip DOCKER-USER 1i 2o, ip6 FORWARD 4i": in by the tunnel, out by it */
static void sum_up(const struct fw_edits *es, struct buf *out)
{
	size_t i, j;

	buf_adds(out, "");
	for (i = 0; i < es->n; i++) {
		const struct fw_edit *ed = &es->v[i];
		cleanup(buf_done) struct buf chain = {};
		bool in;

		buf_addf(&chain, "%s%s %s",
			 ed->family == NFPROTO_IPV4   ? "ip"
			 : ed->family == NFPROTO_IPV6 ? "ip6"
						      : "inet",
			 ed->backend == FW_LEGACY ? "-legacy" : "",
			 ed->chain ? ed->chain : "");
		if (!strncmp(ed->table, "wgq-", 4) ||
		    (out->p && strstr(out->p, chain.p)))
			continue;
		buf_addf(out, "%s%s", out->len ? ", " : "", chain.p);
		for (j = i; j < es->n; j++) {
			const struct fw_edit *e2 = &es->v[j];

			if (e2->kind != FW_E_RULE_ADD ||
			    !strncmp(e2->table, "wgq-", 4) ||
			    e2->family != ed->family ||
			    e2->backend != ed->backend || !e2->chain ||
			    strcmp(e2->chain, ed->chain) != 0)
				continue;
			in = e2->rule->match[0].kind == FW_M_IIF;
			buf_addf(out, " %zu%c", e2->at + 1, in ? 'i' : 'o');
		}
	}
}

/*
 * struct expected - what is to come of the fixtures of a kind
 * @pattern:	their names; the first row that fits counts
 * @places:	where accepts go, in the order of the edits
 * @note:	part of a note; NULL: whatever is refused has its accept
 */
struct expected {
	const char *pattern, *places, *note;
};

#define FIREWALLD "firewall-cmd --zone=trusted --add-interface=wg0"
#define CONTAINERS "containers' own addresses stay closed"

static const struct expected table[] = {
	{ "blog-forward-reject-legacy",
	  "ip6-legacy FORWARD 1i 2o, ip-legacy FORWARD 1i 2o", NULL },
	{ "blog-forward-reject-nft", "ip FORWARD 1i 2o, ip6 FORWARD 1i 2o",
	  NULL },
	{ "rhel-*-legacy", "ip6-legacy FORWARD 1i 2o, ip-legacy FORWARD 1i 2o",
	  NULL },
	{ "rhel-*-nft", "ip FORWARD 1i 2o, ip6 FORWARD 1i 2o", NULL },
	{ "combo-*-docker-firewalld", "", FIREWALLD },
	{ "combo-trixie-docker-ufw", "ip DOCKER-USER 1i, ip6 FORWARD 4i",
	  NULL },
	{ "docker29-iptables-ipfwd1-[12]*", "", NULL },
	{ "docker29-iptables-ipfwd1-3published", "", CONTAINERS },
	{ "docker29-iptables-1fresh", "ip DOCKER-USER 1i 2o", NULL },
	{ "docker29-iptables-2usernet",
	  "ip DOCKER-USER 1i 2o, ip6 DOCKER-USER 1i 2o", NULL },
	{ "docker29-iptables-3published",
	  "ip DOCKER-USER 1i 2o, ip6 DOCKER-USER 1i 2o", CONTAINERS },
	{ "docker-*-ipfwd1-*", "", NULL },
	{ "docker-bookworm-nft-v6net-*",
	  "ip DOCKER-USER 1i 2o, ip6 FORWARD 6i 7o", NULL },
	{ "docker-trixie-nft-v6net-*",
	  "ip DOCKER-USER 1i 2o, ip6 DOCKER-USER 1i 2o", NULL },
	{ "docker-*-legacy-*", "ip-legacy DOCKER-USER 1i 2o", NULL },
	{ "docker-*-nft-*", "ip DOCKER-USER 1i 2o", NULL },
	{ "firewalld-bookworm-iptablesbackend-legacy",
	  "ip6-legacy FORWARD 6i, ip-legacy FORWARD 5i", NULL },
	{ "firewalld-bookworm-iptablesbackend-nft",
	  "ip FORWARD 5i, ip6 FORWARD 6i", NULL },
	{ "firewalld-bullseye-iptablesbackend-nft",
	  "ip FORWARD 9i, ip6 FORWARD 10i", NULL },
	{ "firewalld-*-[124]*", "", FIREWALLD },
	/* Its dump has no sets, so that replies seem to be refused. */
	{ "firewalld-*-3wg0trusted", "", "refuses replies to wg0" },
	{ "nft-hostfw-inet-drop", "inet forward 1i 2o", NULL },
	/* Rules of the table's makers let wg0 through already, on IPv4. */
	{ "ufw-*-legacy-3rejectrouted", "ip6-legacy FORWARD 4i", NULL },
	{ "ufw-*-nft-3rejectrouted", "ip6 FORWARD 4i", NULL },
	{ "ufw-*-legacy-*", "ip6-legacy FORWARD 4i, ip-legacy FORWARD 4i",
	  NULL },
	{ "ufw-*-nft-*", "ip FORWARD 4i, ip6 FORWARD 4i", NULL },
	{ "k3s-*", "", NULL },
	{ "libvirt-*", "", NULL },
	{ "lxd-*", "", NULL },
	{ "netavark-*", "", NULL },
	{ "tailscale-*", "", NULL },
	{ "fail2ban-*", "", NULL },
};

static const struct expected *find_expected(const char *name, bool *used)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (fnmatch(table[i].pattern, name, 0))
			continue;
		used[i] = true;
		return &table[i];
	}
	fail_msg("nothing is known of %s", name);
	return NULL;
}

static void check_places(const char *name, const struct fw_ruleset *rs,
			 const struct expected *want)
{
	cleanup(buf_done) struct buf got = {}, notes = {};
	struct place_want w = forward_want();
	struct place_notes ns = {};
	struct fw_edits es = {};
	struct wgq_err e = {};
	size_t i;

	assert_int_equal(place_directives(rs, &w, &es, &ns, &e), 0);
	sum_up(&es, &got);
	for (i = 0; i < ns.n; i++)
		buf_addf(&notes, "%s\n", ns.v[i]);
	if (strcmp(got.p ? got.p : "", want->places))
		fail_msg("%s: %s, not %s", name, got.p, want->places);
	if (want->note && (!notes.p || !strstr(notes.p, want->note)))
		fail_msg("%s: no note of %s: %s", name, want->note, notes.p);
	if (!want->note && notes.p &&
	    (strstr(notes.p, "no rule of ours") ||
	     strstr(notes.p, "stay closed")))
		fail_msg("%s: %s", name, notes.p);
	fw_edits_done(&es);
	place_notes_done(&ns);
}

static void check_fixture(const char *dir, bool *used)
{
	cleanup(buf_done) struct buf text = {}, notes = {};
	const char *name = strrchr(dir, '/') + 1;
	const struct expected *want = find_expected(name, used);
	struct place_want w = forward_want();
	struct fw_ruleset rs = {};

	load(dir, &rs);
	check_places(name, &rs, want);
	w.masquerade = true;
	w.open_port = true;
	w.port = 51821;
	check_placement(&rs, &w,
			!want->note || strcmp(want->note, CONTAINERS) == 0,
			&text, &notes);
	fw_ruleset_done(&rs);
}

static void every_fixture(void **state)
{
	bool used[ARRAY_SIZE(table)] = {};
	char pattern[PATH_MAX];
	glob_t g = {};
	size_t i;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/firewalls/*/how.md", shared());
	if (glob(pattern, 0, NULL, &g)) {
		print_message("SKIPPED: no fixtures, set WGQ_SHARED\n");
		skip();
	}
	for (i = 0; i < g.gl_pathc; i++) {
		*strrchr(g.gl_pathv[i], '/') = '\0';
		if (!strstr(g.gl_pathv[i], "/encodings"))
			check_fixture(g.gl_pathv[i], used);
	}
	print_message("%zu fixtures\n", g.gl_pathc);
	globfree(&g);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (!used[i])
			fail_msg("%s fits no fixture", table[i].pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fixture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
