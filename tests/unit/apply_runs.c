// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: runs that the fault sweep does not think of
 *
 * Confs that are edited while the interface is up, tunnels beside each other,
 * two runs at once, hooks, and the words that a failure is told in.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fake/host.h"
#include "lib_tmp.h"
#include "sys/netns.h"

#define INTERFACE                                                     \
	"[Interface]\n"                                               \
	"PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n" \
	"Address = 10.9.0.2/24\n"
#define PEER       \
	"[Peer]\n" \
	"PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
#define FULL PEER "AllowedIPs = 0.0.0.0/0\n"
#define SPLIT PEER "AllowedIPs = 10.10.0.0/16\n"

struct scene {
	struct fake_host h;
	struct fake_result r;
	struct buf start;
};

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	fake_host_init(&s->h, SCENE_PLAIN);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	fake_result_done(&s->r);
	fake_host_done(&s->h);
	buf_done(&s->start);
	free(s);
	return 0;
}

static void conf(struct scene *s, const char *name, const char *text)
{
	fake_host_conf(&s->h, name, text, strlen(text));
}

/* Remember the host as it is now, but for confs. */
static void mark_start(struct scene *s)
{
	buf_reset(&s->start);
	fake_dump(&s->h.f, &s->start);
}

static void run_plan(struct scene *s, enum fake_verb verb, const char *name,
		     const struct fake_plan *p)
{
	fake_result_done(&s->r);
	fake_host_run(&s->h, verb, name, p, &s->r);
}

static void up(struct scene *s, const char *name)
{
	run_plan(s, FAKE_UP, name, NULL);
	assert_string_equal(s->r.e.msg, "");
	assert_int_equal(s->r.ret, 0);
}

static void down(struct scene *s, const char *name)
{
	run_plan(s, FAKE_DOWN, name, NULL);
	assert_string_equal(s->r.e.msg, "");
	assert_int_equal(s->r.ret, 0);
}

static void assert_kernel_at_start(const struct scene *s)
{
	cleanup(buf_done) struct buf now = { 0 };

	fake_dump(&s->h.f, &now);
	assert_string_equal(now.p, s->start.p);
}

static void assert_file(const struct scene *s, const char *name,
			const char *want)
{
	char text[4096];

	assert_non_null(tmp_read(s->h.root, name, text, sizeof(text)));
	assert_string_equal(text, want);
}

#define RESOLV "etc/resolv.conf", "nameserver 192.0.2.53\n"
#define SRC_VALID_MARK "proc/sys/net/ipv4/conf/all/src_valid_mark"
#define SEND_REDIRECTS "proc/sys/net/ipv4/conf/all/send_redirects"

static void assert_host_at_start(const struct scene *s)
{
	assert_kernel_at_start(s);
	assert_file(s, RESOLV);
	assert_file(s, SRC_VALID_MARK, "0\n");
	assert_file(s, SEND_REDIRECTS, "1\n");
	assert_int_equal(access(s->h.run, F_OK), -1);
}

static void journal_path(struct scene *s, char path[PATH_MAX])
{
	char id[NETNS_ID_LEN], name[NETNS_ID_LEN + 32];
	struct wgq_err e = { 0 };

	assert_int_equal(netns_id(-1, "/proc", id, &e), 0);
	snprintf(name, sizeof(name), "run/wgq/%s-wg0.journal", id);
	tmp_path(path, s->h.root, name);
}

static void kill_up_at(struct scene *s, const char *what, unsigned int nth,
		       enum fake_kill kill)
{
	struct fake_plan p = { .kill = kill };
	unsigned int i;

	up(s, "wg0");
	for (i = 1; i <= s->r.n && nth; i++)
		if (!strcmp(s->h.f.c->log[i].what, what) && !--nth)
			p.kill_at = i;
	assert_int_equal(nth, 0);
	down(s, "wg0");
	assert_true(fake_host_kill(&s->h, FAKE_UP, "wg0", &p));
}

/* DN-5 leaks what the conf says nothing of any more; the journal knows. */
static void test_edited_while_up(void **state)
{
	struct scene *s = *state;

	mark_start(s);
	conf(s, "wg0", INTERFACE "DNS = 10.9.0.1\n" FULL);
	up(s, "wg0");
	conf(s, "wg0", INTERFACE "Table = off\n" SPLIT);
	down(s, "wg0");
	assert_host_at_start(s);
}

static void test_edited_after_a_kill(void **state)
{
	struct scene *s = *state;

	mark_start(s);
	conf(s, "wg0", INTERFACE "DNS = 10.9.0.1\n" FULL);
	kill_up_at(s, "BATCH_END", 1, FAKE_KILL_AFTER);
	conf(s, "wg0", INTERFACE SPLIT);
	down(s, "wg0");
	assert_host_at_start(s);
}

/* Nothing of the run that was killed is remembered past its clearing. */
static void test_up_after_a_kill_forgets(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX], text[1024];

	mark_start(s);
	conf(s, "wg0", INTERFACE "DNS = 10.9.0.1\n" FULL);
	kill_up_at(s, "BATCH_END", 1, FAKE_KILL_AFTER);
	conf(s, "wg0", INTERFACE SPLIT);
	up(s, "wg0");
	assert_non_null(strstr(s->r.said.p, "clearing away what an earlier "
					    "run left of `wg0'"));
	assert_file(s, RESOLV);
	journal_path(s, path);
	assert_non_null(tmp_read("", path, text, sizeof(text)));
	assert_null(strstr(text, "mark"));
	assert_null(strstr(text, "suppress"));
	assert_null(strstr(text, "dns"));
	down(s, "wg0");
	assert_host_at_start(s);
}

/* What another program brought up: no journal, so no sysctls either. */
static void test_down_without_journal(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];

	mark_start(s);
	conf(s, "wg0", INTERFACE FULL);
	up(s, "wg0");
	journal_path(s, path);
	assert_int_equal(unlink(path), 0);
	down(s, "wg0");
	assert_kernel_at_start(s);
	assert_file(s, SRC_VALID_MARK, "1\n");
	assert_file(s, SEND_REDIRECTS, "0\n");
	assert_int_equal(access(s->h.run, F_OK), -1);
}

/* Whichever goes first: the last one puts back what the first one found. */
static void test_two_tunnels_in_any_order(void **state)
{
	static const char *const orders[][2] = { { "wg0", "wg1" },
						 { "wg1", "wg0" } };
	struct scene *s = *state;
	size_t i;

	conf(s, "wg0", INTERFACE FULL);
	conf(s, "wg1", INTERFACE FULL);
	mark_start(s);
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		up(s, "wg0");
		assert_file(s, SRC_VALID_MARK, "1\n");
		assert_file(s, SEND_REDIRECTS, "0\n");
		up(s, "wg1");
		assert_non_null(strstr(s->r.said.p, "fwmark 51821"));
		down(s, orders[i][0]);
		/* The other one still needs them. */
		assert_file(s, SRC_VALID_MARK, "1\n");
		assert_file(s, SEND_REDIRECTS, "0\n");
		down(s, orders[i][1]);
		assert_host_at_start(s);
	}
}

/* A number that is free again is taken again. */
static void test_free_mark(void **state)
{
	struct scene *s = *state;

	conf(s, "wg0", INTERFACE FULL);
	conf(s, "wg1", INTERFACE FULL);
	mark_start(s);
	up(s, "wg0");
	up(s, "wg1");
	down(s, "wg0");
	up(s, "wg0");
	assert_non_null(strstr(s->r.said.p, "fwmark 51820"));
	down(s, "wg1");
	down(s, "wg0");
	assert_host_at_start(s);
}

static void assert_rules_of(const struct scene *s, uint32_t mark,
			    uint32_t mark_at, uint32_t suppress_at)
{
	cleanup(buf_done) struct buf now = { 0 };
	char line[128];

	fake_dump(&s->h.f, &now);
	snprintf(line, sizeof(line),
		 "inet %u: not mark %#x/0xffffffff action 1 table %u ", mark_at,
		 mark, mark);
	assert_non_null(strstr(now.p, line));
	snprintf(line, sizeof(line),
		 "inet %u: mark 0/0 action 1 table 254 suppress 0 ",
		 suppress_at);
	assert_non_null(strstr(now.p, line));
}

/* Rules of a tunnel that came later stand above ours, and are like ours. */
static void test_each_keeps_its_rules(void **state)
{
	struct scene *s = *state;

	conf(s, "wg0", INTERFACE FULL);
	conf(s, "wg1", INTERFACE FULL);
	up(s, "wg0");
	up(s, "wg1");
	assert_rules_of(s, 51820, 32765, 32764);
	assert_rules_of(s, 51821, 32763, 32762);
	down(s, "wg0");
	assert_rules_of(s, 51821, 32763, 32762);
	up(s, "wg0");
	assert_rules_of(s, 51820, 32761, 32760);
	down(s, "wg1");
	assert_rules_of(s, 51820, 32761, 32760);
}

/* A mark rule replaced by one that looks up the same table. */
static void replace_mark_rule(struct fake_host *h, const struct exec *x)
{
	struct fake_rule *r = h->f.s->rules;

	(void)x;
	while (!r->invert || r->table != 51820)
		r++;
	r->invert = false;
	r->mark = 0xffff;
}

/* RR-2: what a hook has look up the tunnel's table goes with it, and so does
 * the suppress rule, whether or not a journal knows it; the other tunnel keeps
 * its own.
 */
static void test_hook_replaces_the_mark_rule(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];
	int i;

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0", INTERFACE "PostUp = a\n" FULL);
	conf(s, "wg1", INTERFACE FULL);
	for (i = 0; i < 4; i++) {
		mark_start(s);
		s->h.on_exec = replace_mark_rule;
		up(s, "wg0");
		s->h.on_exec = NULL;
		if (i & 1) {
			journal_path(s, path);
			assert_int_equal(unlink(path), 0);
		}
		if (i & 2)
			up(s, "wg1");
		down(s, "wg0");
		if (i & 2) {
			assert_rules_of(s, 51821, 32763, 32762);
			down(s, "wg1");
		}
		assert_kernel_at_start(s);
	}
}

/* A name that is taken, by whatever, is left as it is. */
static void test_exists_already(void **state)
{
	struct scene *s = *state;

	fake_link_add(&s->h.f, "wg0", "dummy", 1500);
	conf(s, "wg0", INTERFACE FULL);
	mark_start(s);
	run_plan(s, FAKE_UP, "wg0", NULL);
	assert_int_equal(s->r.ret, -EEXIST);
	assert_string_equal(s->r.e.msg, "`wg0' already exists");
	assert_host_at_start(s);
	run_plan(s, FAKE_DOWN, "wg0", NULL);
	assert_int_equal(s->r.ret, -ENODEV);
	assert_string_equal(s->r.e.msg, "`wg0' is not a WireGuard interface");
	assert_host_at_start(s);
}

static void test_altname_exists_already(void **state)
{
	struct scene *s = *state;

	strcpy(fake_link_find(&s->h.f, "eth0")->alt, "wg0");
	conf(s, "wg0", INTERFACE FULL);
	mark_start(s);
	run_plan(s, FAKE_UP, "wg0", NULL);
	assert_int_equal(s->r.ret, -EEXIST);
	assert_host_at_start(s);
}

static void assert_no_interface(struct scene *s)
{
	run_plan(s, FAKE_DOWN, "wg0", NULL);
	assert_int_equal(s->r.ret, -ENODEV);
	assert_string_equal(s->r.e.msg, "`wg0' is not a WireGuard interface");
	assert_host_at_start(s);
}

/* Not by a run of ours: all is cleaned up, and then it is DN-1's error. */
static void test_deleted_while_up(void **state)
{
	struct scene *s = *state;

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0",
	     INTERFACE "DNS = 10.9.0.1\nPreDown = a 1\nPostDown = a 2\n" FULL);
	mark_start(s);
	up(s, "wg0");
	fake_link_del(&s->h.f, "wg0");
	assert_no_interface(s);
	assert_non_null(
		strstr(s->r.said.p, "`wg0' is gone: cleaning up what it left"));
	assert_string_equal(s->h.ran.p, "a 2\n");
	/* That it once was ours is forgotten. */
	assert_no_interface(s);
	assert_string_equal(s->h.ran.p, "");
}

static void delete_wg0(struct fake_host *h, const struct exec *x)
{
	(void)x;
	fake_link_del(&h->f, "wg0");
	h->on_exec = NULL;
}

static void replace_wg0(struct fake_host *h, const struct exec *x)
{
	delete_wg0(h, x);
	fake_link_add(&h->f, "wg0", "dummy", 1500);
}

static void test_deleted_by_pre_down(void **state)
{
	static const char text[] = INTERFACE
		"SaveConfig = true\nPreDown = a 1\nPostDown = a 2\n" FULL;
	struct scene *s = *state;

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0", text);
	mark_start(s);
	up(s, "wg0");
	s->h.on_exec = delete_wg0;
	assert_no_interface(s);
	assert_string_equal(s->h.ran.p, "a 1\na 2\n");
	assert_file(s, "etc/wireguard/wg0.conf", text);
	/* What the hook put there instead stays. */
	fake_link_add(&s->h.f, "wg0", "dummy", 1500);
	mark_start(s);
	fake_link_del(&s->h.f, "wg0");
	up(s, "wg0");
	s->h.on_exec = replace_wg0;
	assert_no_interface(s);
}

/* A link of the name that is not the one the killed run made stays. */
static void test_stranger_after_a_kill(void **state)
{
	struct scene *s = *state;

	conf(s, "wg0", INTERFACE FULL);
	kill_up_at(s, "WIREGUARD", 1, FAKE_KILL_AFTER);
	fake_link_del(&s->h.f, "wg0");
	fake_link_add(&s->h.f, "wg0", "wireguard", 1420)->flags |= IFF_UP;
	mark_start(s);
	run_plan(s, FAKE_UP, "wg0", NULL);
	assert_int_equal(s->r.ret, -EEXIST);
	assert_host_at_start(s);
}

/* A number that a killed run chose, and another tunnel by now, is that one's.
 */
static void test_mark_of_another_tunnel(void **state)
{
	struct scene *s = *state;

	conf(s, "wg0", INTERFACE FULL);
	conf(s, "wg1", INTERFACE FULL);
	kill_up_at(s, "BATCH_END", 1, FAKE_KILL_AFTER);
	fake_link_del(&s->h.f, "wg0");
	up(s, "wg1");
	assert_non_null(strstr(s->r.said.p, "fwmark 51820"));
	assert_rules_of(s, 51820, 32763, 32762);
	down(s, "wg0");
	assert_rules_of(s, 51820, 32763, 32762);
	assert_file(s, SRC_VALID_MARK, "1\n");
}

static void wait_in_hook(struct fake_host *h, const struct exec *x)
{
	char c;

	(void)x;
	assert_int_equal(write(h->pipes[1], "x", 1), 1);
	assert_int_equal(read(h->pipes[2], &c, 1), 1);
}

/* The second of two runs at once gives up at once: hooks may take long. */
static void test_two_at_once(void **state)
{
	struct scene *s = *state;
	struct fake_result r;
	int status;
	pid_t pid;
	char c;

	conf(s, "wg0", INTERFACE "PreUp = sleep 100\n" FULL);
	tmp_write(s->h.root, "bin/sleep", 0755, "");
	mark_start(s);
	assert_int_equal(pipe(&s->h.pipes[0]), 0);
	assert_int_equal(pipe(&s->h.pipes[2]), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		s->h.on_exec = wait_in_hook;
		fake_host_run(&s->h, FAKE_UP, "wg0", NULL, &r);
		_exit(r.ret ? 1 : 0);
	}
	assert_int_equal(read(s->h.pipes[0], &c, 1), 1);
	run_plan(s, FAKE_UP, "wg0", NULL);
	assert_int_equal(s->r.ret, -EEXIST);
	assert_string_equal(s->r.e.msg, "`wg0' already exists");
	assert_int_equal(write(s->h.pipes[3], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	down(s, "wg0");
	assert_host_at_start(s);
}

static void test_hooks(void **state)
{
	struct scene *s = *state;
	static const char *const programs[] = { "bin/a", "bin/b", "bin/c",
						"bin/d" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs); i++)
		tmp_write(s->h.root, programs[i], 0755, "");
	conf(s, "wg0",
	     INTERFACE "PreUp = a %i 1\nPreUp = a 2\nPostUp = b %i\n"
		       "PreDown = c\nPostDown = d \"x y\"\n" SPLIT);
	mark_start(s);
	up(s, "wg0");
	assert_string_equal(s->h.ran.p, "a wg0 1\na 2\nb wg0\n");
	down(s, "wg0");
	assert_string_equal(s->h.ran.p, "c\nd x y\n");
	assert_host_at_start(s);
}

/* Hooks that had begun get their counterparts, others do not. */
static void test_hooks_after_a_kill(void **state)
{
	struct scene *s = *state;
	struct fake_plan p = { .kill = FAKE_KILL_BEFORE };
	unsigned int i;

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0",
	     INTERFACE "PostUp = a up\nPreDown = a before\n"
		       "PostDown = a after\n" SPLIT);
	mark_start(s);
	up(s, "wg0");
	for (i = 1; i <= s->r.n; i++)
		if (!strcmp(s->h.f.c->log[i].what, "NEWLINK"))
			p.kill_at = i;
	down(s, "wg0");
	assert_true(fake_host_kill(&s->h, FAKE_UP, "wg0", &p));
	down(s, "wg0");
	assert_string_equal(s->h.ran.p, "");
	assert_host_at_start(s);
	kill_up_at(s, "exec", 1, FAKE_KILL_BEFORE);
	down(s, "wg0");
	assert_string_equal(s->h.ran.p, "a before\na after\n");
	assert_host_at_start(s);
}

/* PostDown hooks that a killed `down` had finished are not run again. */
static void test_post_down_after_a_kill(void **state)
{
	struct fake_plan p = { .kill = FAKE_KILL_BEFORE };
	struct scene *s = *state;

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0",
	     INTERFACE "PreDown = a 0\nPostDown = a 1\nPostDown = a 2\n" SPLIT);
	mark_start(s);
	up(s, "wg0");
	down(s, "wg0");
	assert_string_equal(s->h.ran.p, "a 0\na 1\na 2\n");
	p.kill_at = s->r.n;
	up(s, "wg0");
	assert_true(fake_host_kill(&s->h, FAKE_DOWN, "wg0", &p));
	down(s, "wg0");
	assert_string_equal(s->h.ran.p, "a 2\n");
	assert_host_at_start(s);
}

/* DN-3 */
static void test_pre_down_fails(void **state)
{
	struct scene *s = *state;

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0", INTERFACE "PreDown = a\n" SPLIT);
	up(s, "wg0");
	mark_start(s);
	s->h.exec_status = 5;
	run_plan(s, FAKE_DOWN, "wg0", NULL);
	assert_int_not_equal(s->r.ret, 0);
	assert_int_equal(s->r.e.status, 5);
	assert_non_null(strstr(s->r.e.msg, "wg0.conf:4: a: exit status 5"));
	assert_kernel_at_start(s);
}

static void test_post_down_fails(void **state)
{
	struct scene *s = *state;

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0", INTERFACE "PostDown = a\n" SPLIT);
	mark_start(s);
	up(s, "wg0");
	s->h.exec_status = 5;
	run_plan(s, FAKE_DOWN, "wg0", NULL);
	assert_int_not_equal(s->r.ret, 0);
	assert_int_equal(s->r.e.status, 5);
	assert_host_at_start(s);
}

static unsigned int find_request(const struct scene *s, const char *what,
				 unsigned int nth)
{
	unsigned int i;

	for (i = 1; i <= s->r.n; i++)
		if (!strcmp(s->h.f.c->log[i].what, what) && !--nth)
			return i;
	fail_msg("no request %s", what);
	return 0;
}

/* First the cause, then how many steps stay and what to do about it. */
static void test_undo_fails_text(void **state)
{
	struct scene *s = *state;
	struct fake_plan p = { 0 };
	char want[PATH_MAX];

	tmp_write(s->h.root, "bin/a", 0755, "");
	conf(s, "wg0", INTERFACE "PostUp = a\n" FULL);
	mark_start(s);
	up(s, "wg0");
	p.fail[0] = find_request(s, "exec", 1);
	p.error[0] = -EBUSY;
	down(s, "wg0");
	run_plan(s, FAKE_UP, "wg0", &p);
	snprintf(want, sizeof(want),
		 "%s/etc/wireguard/wg0.conf:4: a: exit status 7", s->h.root);
	assert_string_equal(s->r.e.msg, want);
	assert_int_equal(s->r.e.status, 7);
	assert_non_null(strstr(s->r.said.p, "what the PostUp hooks did is not "
					    "undone"));
	assert_host_at_start(s);

	p.fail[1] = find_request(s, "DELRULE", 1);
	p.error[1] = -EPERM;
	p.fail[2] = find_request(s, "DELLINK", 1);
	p.error[2] = -ENOMEM;
	run_plan(s, FAKE_UP, "wg0", &p);
	snprintf(want, sizeof(want),
		 "%s/etc/wireguard/wg0.conf:4: a: exit status 7; "
		 "2 steps could not be undone: `wgq down wg0' tries again",
		 s->h.root);
	assert_string_equal(s->r.e.msg, want);
	assert_int_equal(s->r.e.status, 7);
	assert_non_null(strstr(s->r.said.p,
			       "[!] ip -4 rule delete table main "
			       "suppress_prefixlength 0 priority 32764: "
			       "Operation not permitted\n"));
	assert_non_null(strstr(s->r.said.p, "[!] ip link delete dev wg0: "
					    "Cannot allocate memory\n"));
	down(s, "wg0");
	assert_host_at_start(s);
}

/* Every step is told of before it is done, each with its own line. */
static void test_trace(void **state)
{
	struct scene *s = *state;
	char want[4096];

	conf(s, "wg0", INTERFACE "DNS = 10.9.0.1\nMTU = 1400\n" SPLIT);
	up(s, "wg0");
	snprintf(want, sizeof(want),
		 "[#] ip link add dev wg0 type wireguard\n"
		 "[#] wg addconf wg0 <(wgq strip %s/etc/wireguard/wg0.conf)\n"
		 "[#] ip -4 address add 10.9.0.2/24 dev wg0\n"
		 "[#] ip link set mtu 1400 up dev wg0\n"
		 "[#] printf '%%s\\n' 'nameserver 10.9.0.1' > "
		 "%s/etc/resolv.conf\n"
		 "[#] ip -4 route add 10.10.0.0/16 dev wg0\n",
		 s->h.root, s->h.root);
	assert_string_equal(s->r.said.p, want);
}

/* KEYS-3: the kernel drops the peer, so no route may lead to it. */
static void test_own_key_among_peers(void **state)
{
	struct scene *s = *state;

	mark_start(s);
	conf(s, "wg0",
	     INTERFACE
	     "[Peer]\n"
	     "PublicKey = HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=\n"
	     "AllowedIPs = 10.20.0.0/16\n" SPLIT);
	up(s, "wg0");
	assert_non_null(strstr(s->r.said.p,
			       "wg0.conf:4: this peer has the interface's own "
			       "key and is left out\n"));
	assert_null(strstr(s->r.said.p, "10.20.0.0/16"));
	assert_non_null(strstr(s->r.said.p, "route add 10.10.0.0/16"));
	down(s, "wg0");
	assert_host_at_start(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_edited_while_up),
		TEST(test_edited_after_a_kill),
		TEST(test_up_after_a_kill_forgets),
		TEST(test_down_without_journal),
		TEST(test_two_tunnels_in_any_order),
		TEST(test_free_mark),
		TEST(test_each_keeps_its_rules),
		TEST(test_hook_replaces_the_mark_rule),
		TEST(test_exists_already),
		TEST(test_altname_exists_already),
		TEST(test_deleted_while_up),
		TEST(test_deleted_by_pre_down),
		TEST(test_stranger_after_a_kill),
		TEST(test_mark_of_another_tunnel),
		TEST(test_two_at_once),
		TEST(test_hooks),
		TEST(test_hooks_after_a_kill),
		TEST(test_post_down_after_a_kill),
		TEST(test_pre_down_fails),
		TEST(test_post_down_fails),
		TEST(test_undo_fails_text),
		TEST(test_trace),
		TEST(test_own_key_among_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
