// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: the fault sweep
 *
 * Each golden conf is brought up and down on a fake host, once without a fault
 * and then once for each request that this takes: the request is refused, the
 * request and one of its undo are refused, a signal comes after it, the process
 * is killed right before or right after it.  Each time the host has to be what
 * it was before, down to the files, or to get there by the next `down`.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/key.h"
#include "fake/host.h"
#include "sys/file.h"

#define GOLDEN_DIR "tests/golden"
#define MAX_SECRETS 32
#define MAX_SHOWN 12

static const int ERRORS[] = { -EPERM, -ENOMEM, -EBUSY };

/**
 * struct sweep - one conf on one host
 * @label:	both, for messages
 * @h:		the host
 * @saved:	the host before
 * @start:	the same as text
 * @is_up:	the host when the interface is up, as text, without lock and
 *		journal
 * @n_up:	requests of an `up` without a fault, @n_down of a `down`
 * @n_steps_down: steps that a `down` without a fault tells of
 * @refused:	`up` refuses the conf whatever happens
 * @secrets:	texts that no message may hold
 */
struct sweep {
	char label[128];
	struct fake_host h;
	struct fake_saved saved;
	struct buf start, is_up;
	unsigned int n_up, n_down, n_steps_down;
	bool refused;
	char secrets[MAX_SECRETS][KEY_HEX_LEN];
	size_t n_secrets;
};

/* What all sweeps together came to. */
struct tally {
	unsigned int sweeps, injections, failures;
};

static struct tally tally;

static const char *kill_name(enum fake_kill kill)
{
	return kill == FAKE_KILL_BEFORE	 ? "killed before"
	       : kill == FAKE_KILL_AFTER ? "killed after"
					 : "";
}

static void describe(const struct sweep *s, const struct fake_plan *p)
{
	const struct fake_request *log = s->h.f.c->log;

	print_message("%s:", s->label);
	if (!p) {
		print_message(" no fault:");
		return;
	}
	if (p->fail[0])
		print_message(" request %u (%s) refused with %s", p->fail[0],
			      log[p->fail[0]].what, strerror(-p->error[0]));
	if (p->fail[1])
		print_message(", then %u (%s)", p->fail[1],
			      log[p->fail[1]].what);
	if (p->stop_after)
		print_message(" signal after %u (%s)", p->stop_after,
			      log[p->stop_after].what);
	if (p->kill_at)
		print_message(" %s %u", kill_name(p->kill), p->kill_at);
	print_message(": ");
}

__attribute__((format(printf, 3, 4))) static void
wrong(const struct sweep *s, const struct fake_plan *p, const char *fmt, ...)
{
	char text[8192];
	va_list ap;

	if (tally.failures++ >= MAX_SHOWN)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	describe(s, p);
	print_message("%s\n", text);
}

static bool has_line(const char *text, const char *line, size_t len)
{
	const char *p;

	for (p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : "")
		if (!strncmp(p, line, len) && (p[len] == '\n' || !p[len]))
			return true;
	return false;
}

static void show_missing(const char *sign, const char *from, const char *in)
{
	const char *p = from;
	size_t len;

	for (; *p; p += len + (p[len] == '\n')) {
		len = strcspn(p, "\n");
		if (!has_line(in, p, len))
			print_message("    %s %.*s\n", sign, (int)len, p);
	}
}

static bool same(const struct sweep *s, const struct fake_plan *p,
		 const struct buf *want, bool run, const char *when)
{
	cleanup(buf_done) struct buf now = { 0 };

	fake_host_dump(&s->h, run, &now);
	if (!strcmp(now.p, want->p))
		return true;
	wrong(s, p, "%s: the host differs", when);
	if (tally.failures <= MAX_SHOWN) {
		show_missing("-", want->p, now.p);
		show_missing("+", now.p, want->p);
	}
	return false;
}

static bool at_start(const struct sweep *s, const struct fake_plan *p,
		     const char *when)
{
	return same(s, p, &s->start, true, when);
}

static bool is_up(const struct sweep *s, const struct fake_plan *p,
		  const char *when)
{
	return same(s, p, &s->is_up, false, when);
}

static bool has_journal(const struct sweep *s)
{
	cleanup(buf_done) struct buf now = { 0 };

	fake_host_dump(&s->h, true, &now);
	return strstr(now.p, "-wg0.journal mode");
}

static void check_secrets(const struct sweep *s, const struct fake_plan *p,
			  const struct fake_result *r)
{
	size_t i;

	for (i = 0; i < s->n_secrets; i++)
		if (strstr(r->e.msg, s->secrets[i]) ||
		    strstr(r->said.p, s->secrets[i]))
			wrong(s, p, "a key is shown");
}

/* Does the error name a step that was traced? Long ones are cut in it. */
static bool names_step(const struct fake_result *r)
{
	const char *p = r->said.p;
	char step[70];
	size_t len;

	for (; (p = strstr(p, "[#] ")); p += len) {
		p += 4;
		len = strcspn(p, "\n");
		snprintf(step, sizeof(step), "%.*s", (int)len, p);
		if (strstr(r->e.msg, step))
			return true;
	}
	return false;
}

static unsigned int count_steps(const struct fake_result *r)
{
	const char *p = r->said.p;
	unsigned int n = 0;

	for (; (p = strstr(p, "[#] ")); p++)
		n++;
	return n;
}

static void check_error(const struct sweep *s, const struct fake_plan *p,
			const struct fake_result *r)
{
	const struct fake_request *req = &s->h.f.c->log[p->fail[0]];

	if (!r->e.msg[0] || r->ret != r->e.code)
		wrong(s, p, "returns %d with error %d `%s'", r->ret, r->e.code,
		      r->e.msg);
	else if (req->change && !names_step(r))
		wrong(s, p, "the step is not named: %s", r->e.msg);
}

/* Runs a verb and counts it when something goes wrong in it. */
static void run(struct sweep *s, enum fake_verb verb, const struct fake_plan *p,
		struct fake_result *ret)
{
	fake_host_run(&s->h, verb, "wg0", p, ret);
	check_secrets(s, p, ret);
	if (p)
		tally.injections++;
}

/* `down`, which has to succeed, or may find nothing where @or_nothing. */
static void take_down(struct sweep *s, const struct fake_plan *p,
		      bool or_nothing)
{
	cleanup(fake_result_done) struct fake_result r = { 0 };

	run(s, FAKE_DOWN, NULL, &r);
	if (r.ret && !(or_nothing && r.ret == -ENODEV))
		wrong(s, p, "down after it fails: %s", r.e.msg);
	if (!at_start(s, p, "after down"))
		fake_host_restore(&s->h, &s->saved);
}

static void check_ended(struct sweep *s, const struct fake_plan *p,
			const char *when)
{
	if (!at_start(s, p, when))
		fake_host_restore(&s->h, &s->saved);
}

/* The only refusal that an `up` may pass over: an endpoint without a route. */
static bool may_ignore(const struct sweep *s, unsigned int request)
{
	return !strcmp(s->h.f.c->log[request].what, "GETROUTE");
}

static void sweep_refusals(struct sweep *s)
{
	struct fake_plan p = { 0 };
	struct fake_result r;

	for (p.fail[0] = 1; p.fail[0] <= s->n_up; p.fail[0]++) {
		p.error[0] = ERRORS[p.fail[0] % ARRAY_SIZE(ERRORS)];
		run(s, FAKE_UP, &p, &r);
		if (r.ret || s->refused) {
			check_error(s, &p, &r);
			check_ended(s, &p, "after up");
		} else if (!may_ignore(s, p.fail[0])) {
			wrong(s, &p, "up succeeds");
			take_down(s, &p, false);
		} else {
			is_up(s, &p, "after up that ignores it");
			take_down(s, &p, false);
		}
		fake_result_done(&r);
	}
}

static void check_double(struct sweep *s, const struct fake_plan *p,
			 const struct fake_result *first,
			 const struct fake_result *r)
{
	static const char one[] = "; 1 step could not be undone";
	const struct fake_request *log = s->h.f.c->log;
	bool undo = log[p->fail[1]].datagram != log[p->fail[0]].datagram;
	size_t len = strlen(first->e.msg);

	if (r->ret != first->ret || strncmp(r->e.msg, first->e.msg, len)) {
		wrong(s, p, "%d `%s' is not the first cause, %d `%s'", r->ret,
		      r->e.msg, first->ret, first->e.msg);
		check_ended(s, p, "after up");
	} else if (!strncmp(r->e.msg + len, one, strlen(one))) {
		if (!undo)
			wrong(s, p, "nothing failed in undoing: %s", r->e.msg);
		if (count_steps(r) != count_steps(first))
			wrong(s, p, "the rest is not undone");
		if (!has_journal(s))
			wrong(s, p, "the journal is gone");
		take_down(s, p, false);
	} else {
		if (undo || r->e.msg[len])
			wrong(s, p, "a wrong count: %s", r->e.msg);
		check_ended(s, p, "after up");
	}
}

/* Of a transaction the kernel may tell a later refusal alone. */
static bool in_one_batch(const struct fake *f, unsigned int a, unsigned int b)
{
	return f->c->log[a].datagram == f->c->log[b].datagram &&
	       !strncmp(f->c->log[a].what, "BATCH", 5);
}

static void sweep_double_refusals(struct sweep *s)
{
	struct fake_plan one = { 0 }, two;
	struct fake_result first, r;
	unsigned int k;

	for (one.fail[0] = 1; one.fail[0] <= s->n_up; one.fail[0]++) {
		one.error[0] = ERRORS[one.fail[0] % ARRAY_SIZE(ERRORS)];
		run(s, FAKE_UP, &one, &first);
		if (!first.ret)
			take_down(s, &one, false);
		else
			check_ended(s, &one, "after up");
		for (k = one.fail[0] + 1; first.ret && k <= first.n; k++) {
			if (in_one_batch(&s->h.f, one.fail[0], k))
				continue;
			two = one;
			two.fail[1] = k;
			two.error[1] = ERRORS[k % ARRAY_SIZE(ERRORS)];
			run(s, FAKE_UP, &two, &r);
			check_double(s, &two, &first, &r);
			fake_result_done(&r);
		}
		fake_result_done(&first);
	}
}

/* Was anything begun after the request? If not, it was too late to stop. */
static bool changes_after(const struct fake *f, unsigned int request)
{
	const struct fake_request *log = f->c->log;
	unsigned int i;

	for (i = request + 1; i <= f->c->n; i++)
		if (log[i].change && log[i].datagram != log[request].datagram)
			return true;
	return false;
}

static void sweep_signals(struct sweep *s)
{
	struct fake_plan p = { 0 };
	struct fake_result r;

	for (p.stop_after = 1; p.stop_after <= s->n_up; p.stop_after++) {
		run(s, FAKE_UP, &p, &r);
		if (s->refused) {
			check_ended(s, &p, "after up");
		} else if (!r.ret) {
			if (changes_after(&s->h.f, p.stop_after))
				wrong(s, &p, "up succeeds");
			is_up(s, &p, "after up");
			s->h.f.c->stop = 0;
			take_down(s, &p, false);
		} else {
			if (r.ret != -EINTR || r.e.code != -EINTR)
				wrong(s, &p, "%d `%s'", r.ret, r.e.msg);
			check_ended(s, &p, "after up");
		}
		fake_result_done(&r);
	}
}

static void kill_and_down(struct sweep *s, enum fake_verb verb,
			  const struct fake_plan *p)
{
	if (verb == FAKE_DOWN) {
		struct fake_result r;

		run(s, FAKE_UP, NULL, &r);
		fake_result_done(&r);
	}
	tally.injections++;
	if (!fake_host_kill(&s->h, verb, "wg0", p))
		wrong(s, p, "not killed");
	take_down(s, p, !has_journal(s));
}

static void kill_and_up(struct sweep *s, enum fake_verb verb,
			const struct fake_plan *p)
{
	struct fake_result r;

	if (verb == FAKE_DOWN) {
		run(s, FAKE_UP, NULL, &r);
		fake_result_done(&r);
	}
	tally.injections++;
	if (!fake_host_kill(&s->h, verb, "wg0", p))
		wrong(s, p, "not killed");
	run(s, FAKE_UP, NULL, &r);
	/* A `down` that was killed before it began has left a tunnel. */
	if (r.ret && !s->refused && !(verb == FAKE_DOWN && r.ret == -EEXIST))
		wrong(s, p, "up after it fails: %s", r.e.msg);
	if (s->refused) {
		check_ended(s, p, "after up");
	} else {
		is_up(s, p, "after another up");
		take_down(s, p, false);
	}
	fake_result_done(&r);
}

static void sweep_kills(struct sweep *s, enum fake_verb verb)
{
	unsigned int n = verb == FAKE_UP ? s->n_up : s->n_down;
	struct fake_plan p = { 0 };

	for (p.kill_at = 1; p.kill_at <= n; p.kill_at++) {
		for (p.kill = FAKE_KILL_BEFORE; p.kill <= FAKE_KILL_AFTER;
		     p.kill++) {
			kill_and_down(s, verb, &p);
			kill_and_up(s, verb, &p);
		}
	}
}

static void sweep_down_refusals(struct sweep *s)
{
	struct fake_plan p = { 0 };
	struct fake_result r;

	for (p.fail[0] = 1; p.fail[0] <= s->n_down; p.fail[0]++) {
		p.error[0] = ERRORS[p.fail[0] % ARRAY_SIZE(ERRORS)];
		run(s, FAKE_UP, NULL, &r);
		fake_result_done(&r);
		run(s, FAKE_DOWN, &p, &r);
		if (r.ret) {
			check_error(s, &p, &r);
			if (s->h.f.c->log[p.fail[0]].change &&
			    count_steps(&r) != s->n_steps_down)
				wrong(s, &p, "the rest is not taken down");
			take_down(s, &p, !has_journal(s));
		} else {
			wrong(s, &p, "down succeeds");
			check_ended(s, &p, "after down");
		}
		fake_result_done(&r);
	}
}

static void check_kernel(struct sweep *s, struct buf *kernel)
{
	cleanup(buf_done) struct buf now = { 0 };

	if (!kernel->len) {
		fake_dump(&s->h.f, kernel);
		return;
	}
	fake_dump(&s->h.f, &now);
	if (!strcmp(now.p, kernel->p))
		return;
	wrong(s, NULL, "not what up makes of it in one go");
	show_missing("-", kernel->p, now.p);
	show_missing("+", now.p, kernel->p);
}

static void no_fault(struct sweep *s, struct buf *kernel)
{
	struct fake_result r;

	run(s, FAKE_UP, NULL, &r);
	s->n_up = r.n;
	s->refused = r.ret;
	if (s->refused != !strncmp(s->label, "table-bad.conf", 14))
		wrong(s, NULL, "up: %s", r.e.msg);
	fake_host_dump(&s->h, false, &s->is_up);
	check_kernel(s, kernel);
	if (r.ret) {
		check_ended(s, NULL, "after up");
		fake_result_done(&r);
		return;
	}
	fake_result_done(&r);
	run(s, FAKE_DOWN, NULL, &r);
	s->n_down = r.n;
	s->n_steps_down = count_steps(&r);
	if (r.ret)
		wrong(s, NULL, "down: %s", r.e.msg);
	check_ended(s, NULL, "after down");
	fake_result_done(&r);
}

/* Every key of the conf, as it may be written. */
static void find_secrets(struct sweep *s, const char *conf)
{
	uint8_t key[KEY_LEN];
	const char *p = conf;

	while ((p = strstr(p, "Key = "))) {
		p += strlen("Key = ");
		assert_true(key_parse_base64(key, p, KEY_BASE64_LEN - 1));
		assert_true(s->n_secrets + 2 <= MAX_SECRETS);
		key_print_base64(s->secrets[s->n_secrets++], key);
		key_print_hex(s->secrets[s->n_secrets++], key);
	}
	assert_true(s->n_secrets > 0);
}

/* The other tunnel can still be taken down, and leaves nothing behind. */
static void take_other_down(struct sweep *s)
{
	cleanup(fake_result_done) struct fake_result r = { 0 };
	cleanup(buf_done) struct buf now = { 0 };

	fake_host_run(&s->h, FAKE_DOWN, "wg1", NULL, &r);
	if (r.ret)
		wrong(s, NULL, "down wg1: %s", r.e.msg);
	fake_host_dump(&s->h, true, &now);
	if (strstr(now.p, "wg1 ") || strstr(now.p, "/run/wgq") ||
	    strstr(now.p, "suppress 0") ||
	    !strstr(now.p, "resolv.conf | nameserver 192.0.2.53\n") ||
	    !strstr(now.p, "src_valid_mark | 0\n") ||
	    !strstr(now.p, "send_redirects | 1\n"))
		wrong(s, NULL, "wg1 is down, but left:\n%s", now.p);
}

/**
 * sweep_conf() - sweep one conf on one host
 * @kernel:	where it is empty receives the kernel's state when the interface
 *		is up; else that has to be the same
 */
static void sweep_conf(const char *label, enum fake_scene scene,
		       const struct buf *conf, struct buf *kernel)
{
	struct sweep *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	snprintf(s->label, sizeof(s->label), "%s on host %d", label,
		 (int)scene);
	fake_host_init(&s->h, scene);
	fake_host_conf(&s->h, "wg0", conf->p, conf->len);
	find_secrets(s, conf->p);
	fake_host_save(&s->h, &s->saved);
	fake_host_dump(&s->h, true, &s->start);
	no_fault(s, kernel);
	sweep_refusals(s);
	sweep_double_refusals(s);
	sweep_signals(s);
	sweep_kills(s, FAKE_UP);
	if (!s->refused) {
		sweep_down_refusals(s);
		sweep_kills(s, FAKE_DOWN);
	}
	if (scene == SCENE_OTHER)
		take_other_down(s);
	tally.sweeps++;
	fake_saved_done(&s->saved);
	fake_host_done(&s->h);
	buf_done(&s->start);
	buf_done(&s->is_up);
	free(s);
}

/* Scenes that a conf is tried in besides the first two. */
static const struct {
	const char *conf;
	enum fake_scene scene;
} more_scenes[] = {
	{ "full.conf", SCENE_NO_IPV6 },
	{ "full.conf", SCENE_LOW_RULES },
	{ "full.conf", SCENE_STRAY_RULE },
	{ "full.conf", SCENE_USERSPACE },
	{ "mtu-small.conf", SCENE_USERSPACE },
	{ "plain.conf", SCENE_NO_IPV6 },
	{ "plain.conf", SCENE_USERSPACE },
	{ "prefs-low.conf", SCENE_LOW_RULES },
};

/*
 * After a PreUp hook everything is read back before it is planned, where it is
 * predicted otherwise: both have to come to the same.
 */
static void sweep_staged(const char *name, const struct buf *conf,
			 struct buf *kernel)
{
	static const char interface[] = "[Interface]\n";
	cleanup(buf_done) struct buf staged = { 0 };
	char label[128];

	assert_int_equal(strncmp(conf->p, interface, strlen(interface)), 0);
	buf_addf(&staged, "%sPreUp = true\n%s", interface,
		 conf->p + strlen(interface));
	snprintf(label, sizeof(label), "%s with PreUp", name);
	sweep_conf(label, SCENE_PLAIN, &staged, kernel);
}

/* Golden plans of the same conf on different hosts are one to this test. */
static bool seen_before(const struct buf *conf)
{
	static uint64_t seen[64];
	static size_t n;
	uint64_t hash = 14695981039346656037u;
	size_t i;

	for (i = 0; i < conf->len; i++)
		hash = (hash ^ (uint8_t)conf->p[i]) * 1099511628211u;
	for (i = 0; i < n; i++)
		if (seen[i] == hash)
			return true;
	assert_true(n < ARRAY_SIZE(seen));
	seen[n++] = hash;
	return false;
}

static void sweep_file(const char *name)
{
	cleanup(buf_done) struct buf conf = { 0 };
	cleanup(buf_done) struct buf plain = { 0 };
	cleanup(buf_done) struct buf other = { 0 };
	struct wgq_err e = { 0 };
	char path[PATH_MAX];
	size_t i;

	snprintf(path, sizeof(path), GOLDEN_DIR "/%s", name);
	assert_int_equal(file_read(path, FILE_READ_MAX, &conf, &e), 0);
	if (seen_before(&conf))
		return;
	sweep_conf(name, SCENE_PLAIN, &conf, &plain);
	sweep_staged(name, &conf, &plain);
	sweep_conf(name, SCENE_OTHER, &conf, &other);
	for (i = 0; i < ARRAY_SIZE(more_scenes); i++) {
		buf_reset(&other);
		if (!strcmp(more_scenes[i].conf, name))
			sweep_conf(name, more_scenes[i].scene, &conf, &other);
	}
}

/* Firewalls are not the fake kernel's strength: the test machine tries these.
 */
static bool is_for_machine(const char *name)
{
	return !strcmp(name, "forward.conf");
}

static int is_conf(const struct dirent *d)
{
	const char *only = getenv("ONLY");
	const char *dot = strrchr(d->d_name, '.');

	return dot && !strcmp(dot, ".conf") && !is_for_machine(d->d_name) &&
	       (!only || strstr(only, d->d_name));
}

/* ONLY=NAME.conf in the environment sweeps that conf alone. */
static void test_every_fault(void **state)
{
	struct dirent **list;
	int i, n;

	(void)state;
	n = scandir(GOLDEN_DIR, &list, is_conf, alphasort);
	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		sweep_file(list[i]->d_name);
		free(list[i]);
	}
	free(list);
	print_message("%u injections in %u sweeps, %u failures\n",
		      tally.injections, tally.sweeps, tally.failures);
	assert_int_equal(tally.failures, 0);
	assert_true(tally.injections > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
