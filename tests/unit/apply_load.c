// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fake/host.h"
#include "lib_tmp.h"
#include "sys/netns.h"

#define KEY "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"

/* A host whose cwd is a directory of its own, and one run on it. */
struct scene {
	struct fake_host h;
	char cwd[PATH_MAX], old[PATH_MAX];
	struct wgq_opts o;
	struct run r;
	struct wgq_err e;
	struct buf said;
};

static void on_message(void *ctx, const char *text, size_t len)
{
	struct scene *s = ctx;

	buf_add(&s->said, text, len);
}

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	fake_host_init(&s->h, SCENE_PLAIN);
	assert_non_null(getcwd(s->old, sizeof(s->old)));
	tmp_write(s->h.root, "home/README", 0644, "");
	assert_int_equal(chdir(tmp_path(s->cwd, s->h.root, "home")), 0);
	s->o = (struct wgq_opts){
		.program = "wgq",
		.env = s->h.env,
		.message = on_message,
		.ctx = s,
	};
	buf_adds(&s->said, "");
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	run_done(&s->r);
	buf_done(&s->said);
	assert_int_equal(chdir(s->old), 0);
	fake_host_done(&s->h);
	free(s);
	return 0;
}

/* Loads anew; what the run before has said is forgotten. */
static int load(struct scene *s, const char *target)
{
	if (s->r.host)
		run_done(&s->r);
	memset(&s->r, 0, sizeof(s->r));
	s->e = (struct wgq_err){ 0 };
	buf_reset(&s->said);
	s->o.target = target;
	return run_load(&s->r, &s->o, &s->h.host, &s->e);
}

static void conf(struct scene *s, const char *name, const char *text)
{
	tmp_write(s->h.root, name, 0600, text);
}

static void assert_missing(const struct scene *s, int ret, const char *path)
{
	char want[PATH_MAX + 128];

	snprintf(want, sizeof(want), "`%s' does not exist", path);
	assert_string_equal(s->e.msg, want);
	assert_int_equal(ret, -ENOENT);
	assert_int_equal(s->e.code, -ENOENT);
}

/* PATH-1 */
static void test_name(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];

	conf(s, "etc/wireguard/wg0.conf", "[Interface]\n" KEY);
	conf(s, "etc/wireguard/a_=+.-b.conf", "[Interface]\n" KEY);
	assert_int_equal(load(s, "wg0"), 0);
	assert_string_equal(s->r.conf.ifname, "wg0");
	tmp_path(path, s->h.root, "etc/wireguard/wg0.conf");
	assert_string_equal(s->r.conf.name, path);
	assert_string_equal(s->r.conf.path, path);
	assert_string_equal(s->said.p, "");
	assert_int_equal(load(s, "a_=+.-b"), 0);
	assert_string_equal(s->r.conf.ifname, "a_=+.-b");
}

/* PATH-2 */
static void test_bare_file_name(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];
	int ret;

	tmp_path(path, s->h.root, "etc/wireguard/wg0.conf.conf");
	ret = load(s, "wg0.conf");
	assert_missing(s, ret, path);
	conf(s, "home/wg0.conf", "[Interface]\n" KEY);
	s->o.as_wg_quick = true;
	ret = load(s, "wg0.conf");
	assert_missing(s, ret, path);
	assert_int_equal(load(s, "./wg0.conf"), 0);
	s->o.as_wg_quick = false;
	assert_int_equal(load(s, "./wg0.conf"), 0);
	/* The file that is there is what was meant. */
	assert_int_equal(load(s, "wg0.conf"), 0);
	assert_string_equal(s->r.conf.ifname, "wg0");
	assert_string_equal(s->r.conf.name, "wg0.conf");
	/* Unless there is the one that wg-quick would take. */
	conf(s, "etc/wireguard/wg0.conf.conf", "[Interface]\n" KEY);
	assert_int_equal(load(s, "wg0.conf"), 0);
	assert_string_equal(s->r.conf.ifname, "wg0.conf");
	assert_string_equal(s->r.conf.name, path);
	/* Of 20 characters it is no name, for either. */
	conf(s, "home/averylongname12.conf", "[Interface]\n" KEY);
	assert_int_equal(load(s, "averylongname12.conf"), 0);
	assert_string_equal(s->r.conf.ifname, "averylongname12");
}

/* PATH-3 and PATH-5 */
static void test_missing(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];
	int ret;

	ret = load(s, "wg9");
	tmp_path(path, s->h.root, "etc/wireguard/wg9.conf");
	assert_missing(s, ret, path);
	ret = load(s, "");
	assert_missing(s, ret, "");
	ret = load(s, "/no/such/file.txt");
	assert_missing(s, ret, "/no/such/file.txt");
	/* A link that leads nowhere does not exist. */
	assert_int_equal(symlink("nowhere", "gone.conf"), 0);
	ret = load(s, "./gone.conf");
	assert_missing(s, ret, "./gone.conf");
}

/* PATH-4 */
static void test_bad_names(void **state)
{
	static const char *const bad[] = {
		"./wg0.CONF",  "./averylongname123.conf",
		"./wg0.txt",   "./.conf",
		"./wg 0.conf", "./wg:0.conf",
		"./wg0",
	};
	struct scene *s = *state;
	char path[PATH_MAX];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(path, sizeof(path), "home/%s", bad[i]);
		conf(s, path, "[Interface]\n" KEY);
		ret = load(s, bad[i]);
		assert_int_equal(ret, -EINVAL);
		assert_string_equal(s->e.msg,
				    "The config file must be a valid interface "
				    "name, followed by .conf");
	}
	conf(s, "home/..conf", "[Interface]\n" KEY);
	assert_int_equal(load(s, "./..conf"), 0);
	assert_string_equal(s->r.conf.ifname, ".");
}

/* PATH-6 */
static void test_symlink(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX], real[PATH_MAX];

	conf(s, "home/real/target.txt", "[Interface]\nMTU = 1400\n" KEY);
	assert_int_equal(symlink("real/target.txt", "lk0.conf"), 0);
	assert_int_equal(load(s, "./lk0.conf"), 0);
	assert_string_equal(s->r.conf.ifname, "lk0");
	assert_string_equal(s->r.conf.name, "./lk0.conf");
	assert_non_null(realpath(
		tmp_path(path, s->h.root, "home/real/target.txt"), real));
	assert_string_equal(s->r.conf.path, real);
	assert_string_equal(s->r.conf.mtu.s, "1400");
}

/* PATH-7 */
static void test_directory(void **state)
{
	struct scene *s = *state;

	assert_int_equal(mkdir("d0.conf", 0700), 0);
	assert_int_equal(load(s, "./d0.conf"), 0);
	assert_string_equal(s->r.conf.ifname, "d0");
	assert_non_null(strstr(s->said.p, "Warning: "));
	assert_non_null(strstr(s->said.p, strerror(EISDIR)));
	assert_int_equal(s->r.conf.n_passthrough, 0);
}

/* PERM-1 and PERM-2 */
static void test_world_access(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX], want[PATH_MAX + 64];

	tmp_write(s->h.root, "home/wg0.conf", 0644, "[Interface]\n" KEY);
	assert_int_equal(load(s, "./wg0.conf"), 0);
	assert_non_null(realpath("wg0.conf", path));
	snprintf(want, sizeof(want), "Warning: `%s' is world accessible\n",
		 path);
	assert_string_equal(s->said.p, want);
	assert_int_equal(chmod("wg0.conf", 0640), 0);
	assert_int_equal(load(s, "./wg0.conf"), 0);
	assert_string_equal(s->said.p, "");
}

/* One mistake is one line, the error. */
static void test_one_finding(void **state)
{
	struct scene *s = *state;

	conf(s, "home/wg0.conf", "[Interface]\n" KEY "Address = 10.9.0.2/33\n");
	assert_int_equal(load(s, "./wg0.conf"), 0);
	assert_int_equal(run_parse_device(&s->r, &s->e), -EINVAL);
	assert_string_equal(s->said.p, "");
	assert_ptr_equal(strstr(s->e.msg, "./wg0.conf:3: "), s->e.msg);
	assert_non_null(strstr(s->e.msg, "10.9.0.2/33"));
	assert_null(strchr(s->e.msg, '\n'));
	assert_int_equal(s->e.status, 1);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* Several are told all, in the order of the file, and then counted. */
static void test_several_findings(void **state)
{
	struct scene *s = *state;
	const char *a, *b, *c;

	conf(s, "home/wg0.conf",
	     "[Interface]\n"
	     "Address = 10.9.0.2/33\n" KEY "MTU = many\n"
	     "Adress = 10.9.0.2/24\n"
	     "[Peer]\n"
	     "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
	     "AllowedIPs = 10.0.0.1/8\n");
	assert_int_equal(load(s, "./wg0.conf"), 0);
	assert_int_equal(run_parse_device(&s->r, &s->e), -EINVAL);
	a = strstr(s->said.p, "wgq: ./wg0.conf:2: ");
	b = strstr(s->said.p, "wgq: ./wg0.conf:4: ");
	c = strstr(s->said.p, "wgq: ./wg0.conf:5: ");
	assert_true(a && b && c && a < b && b < c);
	assert_non_null(strstr(s->said.p, "Warning: ./wg0.conf:8: "));
	assert_int_equal(count(s->said.p, "\n"), 4);
	assert_string_equal(s->e.msg,
			    "./wg0.conf: 3 mistakes, nothing was changed");
	/* wg-quick would have met wg's mistake first, with status 1. */
	assert_int_equal(s->e.status, 1);
}

static void test_warning_alone(void **state)
{
	struct scene *s = *state;

	conf(s, "home/wg0.conf",
	     "[Interface]\n" KEY "[Peer]\n"
	     "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
	     "AllowedIPs = 10.0.0.1/8\n");
	assert_int_equal(load(s, "./wg0.conf"), 0);
	assert_int_equal(run_parse_device(&s->r, &s->e), 0);
	assert_int_equal(s->e.code, 0);
	assert_int_equal(count(s->said.p, "\n"), 1);
	assert_non_null(strstr(s->said.p, "Warning: ./wg0.conf:5: "));
}

/* The first layer has but one mistake to make, for every verb. */
static void test_save_config(void **state)
{
	struct scene *s = *state;

	conf(s, "home/wg0.conf", "[Interface]\nSaveConfig = maybe\n" KEY);
	assert_int_equal(load(s, "./wg0.conf"), -EINVAL);
	assert_string_equal(s->e.msg, "./wg0.conf:2: `maybe' is neither true "
				      "nor false");
	assert_int_equal(s->e.status, 1);
}

static void path_of_lock(struct scene *s, const char *suffix,
			 char path[PATH_MAX])
{
	char id[NETNS_ID_LEN], name[NETNS_ID_LEN + 32];

	assert_int_equal(netns_id(-1, "/proc", id, &s->e), 0);
	snprintf(name, sizeof(name), "run/wgq/%s-wg0.%s", id, suffix);
	tmp_path(path, s->h.root, name);
}

/* Lock and journal carry the namespace, as /run is shared by all. */
static void test_scoped_names(void **state)
{
	char lock[PATH_MAX], journal[PATH_MAX];
	struct scene *s = *state;

	conf(s, "etc/wireguard/wg0.conf", "[Interface]\n" KEY);
	assert_int_equal(load(s, "wg0"), 0);
	assert_int_equal(run_lock(&s->r, false, &s->e), 0);
	path_of_lock(s, "lock", lock);
	path_of_lock(s, "journal", journal);
	assert_int_equal(access(lock, F_OK), 0);
	assert_string_equal(s->r.journal.path, journal);
	assert_int_equal(tmp_count(s->h.run), 1);
	lock_drop(&s->r.lock);
	assert_int_equal(access(s->h.run, F_OK), -1);
}

static void test_lock_is_held(void **state)
{
	struct scene *s = *state;
	struct lock other = LOCK_NONE;
	struct wgq_err e = { 0 };
	volatile sig_atomic_t stop = SIGTERM;

	conf(s, "etc/wireguard/wg0.conf", "[Interface]\n" KEY);
	assert_int_equal(load(s, "wg0"), 0);
	assert_int_equal(run_take_lock(&s->r, "wg0", false, &other, &e), 0);
	assert_int_equal(run_lock(&s->r, false, &s->e), -EBUSY);
	assert_true(s->e.msg[0]);
	/* A lock of another name does not mind. */
	assert_int_equal(
		run_take_lock(&s->r, RUN_TABLE_LOCK, false, &s->r.lock, &e), 0);
	lock_drop(&s->r.lock);
	/* Waiting ends with a signal; it was said what is waited for. */
	s->o.stop = &stop;
	s->e = (struct wgq_err){ 0 };
	assert_int_equal(run_lock(&s->r, true, &s->e), -EINTR);
	assert_non_null(strstr(s->said.p, "[!] waiting for process "));
	lock_drop(&other);
}

/* Only a file that nobody holds is litter. */
static void test_tidy_lock(void **state)
{
	struct lock other = LOCK_NONE;
	struct scene *s = *state;
	char path[PATH_MAX];
	struct wgq_err e = { 0 };
	FILE *f;

	conf(s, "etc/wireguard/wg0.conf", "[Interface]\n" KEY);
	assert_int_equal(load(s, "wg0"), 0);
	run_tidy_lock(&s->r, "wg0");
	assert_int_equal(access(s->h.run, F_OK), -1);
	assert_int_equal(run_take_lock(&s->r, "wg0", false, &other, &e), 0);
	path_of_lock(s, "lock", path);
	run_tidy_lock(&s->r, "wg0");
	assert_int_equal(access(path, F_OK), 0);
	lock_drop(&other);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(mkdir(s->h.run, 0700), 0);
	f = fopen(path, "we");
	assert_non_null(f);
	fclose(f);
	run_tidy_lock(&s->r, "wg0");
	assert_int_equal(access(s->h.run, F_OK), -1);
}

/* A bare container may have no /run: that is said, and goes on. */
static void test_no_run_directory(void **state)
{
	struct scene *s = *state;

	conf(s, "etc/wireguard/wg0.conf", "[Interface]\n" KEY);
	s->h.host.run = "/no/such/run/wgq";
	assert_int_equal(load(s, "wg0"), 0);
	assert_int_equal(run_lock(&s->r, true, &s->e), 0);
	assert_int_equal(s->e.code, 0);
	assert_non_null(strstr(s->said.p, "without a journal"));
	assert_string_equal(s->r.journal.path, "");
}

static void test_path_of_hooks(void **state)
{
	char self[PATH_MAX], want[PATH_MAX * 2];
	struct scene *s = *state;

	conf(s, "etc/wireguard/wg0.conf", "[Interface]\n" KEY);
	tmp_path(self, s->h.root, "opt/bin/wgq");
	s->o.self = self;
	assert_int_equal(load(s, "wg0"), 0);
	assert_int_equal(run_environment(&s->r), 0);
	snprintf(want, sizeof(want), "%s/opt/bin:%s/bin", s->h.root, s->h.root);
	assert_string_equal(s->r.search_path, want);
	assert_string_equal(exec_getenv(s->r.env, "LC_ALL"), "C");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_name),
		TEST(test_bare_file_name),
		TEST(test_missing),
		TEST(test_bad_names),
		TEST(test_symlink),
		TEST(test_directory),
		TEST(test_world_access),
		TEST(test_one_finding),
		TEST(test_several_findings),
		TEST(test_warning_alone),
		TEST(test_save_config),
		TEST(test_scoped_names),
		TEST(test_lock_is_held),
		TEST(test_tidy_lock),
		TEST(test_no_run_directory),
		TEST(test_path_of_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
