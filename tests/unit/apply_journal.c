// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "apply/journal.h"
#include "base/cleanup.h"
#include "lib_tmp.h"

#define NAME "c1-wg0.journal"

struct scene {
	char dir[64], proc[PATH_MAX], path[PATH_MAX];
	struct journal j;
	struct wgq_err e;
};

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	tmp_make(s->dir);
	tmp_path(s->proc, s->dir, "proc");
	tmp_path(s->path, s->dir, NAME);
	tmp_write(s->dir, "proc/sys/kernel/random/boot_id", 0444, "one\n");
	journal_init(&s->j, s->path);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	journal_done(&s->j);
	tmp_remove(s->dir);
	free(s);
	return 0;
}

static void fill(struct journal *j)
{
	j->state = JOURNAL_UP;
	j->index = 4294967295u;
	j->userspace = true;
	j->hooks[CONF_PRE_UP] = true;
	j->memory = (struct plan_memory){
		.src_valid_mark = 0,
		.send_redirects = 2,
		.mark = 4294967295u,
		.has_suppress = { true, true },
		.suppress = { 0, 4294967295u },
		.dns = true,
	};
}

static void assert_same(const struct journal *a, const struct journal *b)
{
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->userspace, b->userspace);
	assert_memory_equal(a->hooks, b->hooks, sizeof(a->hooks));
	assert_int_equal(a->post_down, b->post_down);
	assert_int_equal(a->memory.src_valid_mark, b->memory.src_valid_mark);
	assert_int_equal(a->memory.send_redirects, b->memory.send_redirects);
	assert_int_equal(a->memory.mark, b->memory.mark);
	assert_memory_equal(a->memory.has_suppress, b->memory.has_suppress,
			    sizeof(a->memory.has_suppress));
	assert_memory_equal(a->memory.suppress, b->memory.suppress,
			    sizeof(a->memory.suppress));
	assert_int_equal(a->memory.dns, b->memory.dns);
}

/* Read the file at the scene's path into @j. */
static int read_again(struct scene *s, struct journal *j)
{
	journal_init(j, s->path);
	s->e = (struct wgq_err){ 0 };
	return journal_read(j, s->proc, &s->e);
}

static void test_round_trip(void **state)
{
	struct scene *s = *state;
	struct journal j;
	struct stat st;

	fill(&s->j);
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(read_again(s, &j), 0);
	assert_same(&j, &s->j);
	journal_done(&j);
}

/* What is left alone is -1 and not 0, which would be put back. */
static void test_defaults(void **state)
{
	struct scene *s = *state;
	struct journal empty, j;

	journal_init(&empty, s->path);
	assert_int_equal(empty.memory.src_valid_mark, -1);
	assert_int_equal(empty.memory.send_redirects, -1);
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_NONE);
	assert_same(&j, &empty);
	s->j.state = JOURNAL_DOWN;
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	assert_int_equal(read_again(s, &j), 0);
	assert_same(&j, &s->j);
	journal_done(&j);
}

static void test_notes(void **state)
{
	struct scene *s = *state;
	struct journal j;

	s->j.state = JOURNAL_UP;
	/* Without a journal there is nothing to add to. */
	assert_int_equal(journal_note(&s->j, &s->e, "index 9"), 0);
	assert_int_equal(access(s->path, F_OK), -1);
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	assert_int_equal(journal_note(&s->j, &s->e, "index %u", 7u), 0);
	assert_int_equal(journal_note(&s->j, &s->e, "hooks PostUp"), 0);
	assert_int_equal(journal_note(&s->j, &s->e, "post_down 2"), 0);
	assert_int_equal(journal_note(&s->j, &s->e, "state is-up"), 0);
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_IS_UP);
	assert_int_equal(j.index, 7);
	assert_true(j.hooks[CONF_POST_UP]);
	assert_false(j.hooks[CONF_PRE_UP]);
	assert_int_equal(j.post_down, 2);
	/* What was read can be added to. */
	assert_int_equal(journal_note(&j, &s->e, "state down"), 0);
	journal_done(&j);
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_DOWN);
	journal_done(&j);
}

static void test_another_boot(void **state)
{
	struct scene *s = *state;
	struct journal j;

	tmp_write(s->dir, NAME, 0600, "state up\nboot one\nindex 3\n");
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_UP);
	journal_done(&j);
	tmp_write(s->dir, "proc/sys/kernel/random/boot_id", 0644, "two\n");
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_NONE);
	assert_int_equal(j.index, 0);
	assert_int_equal(j.memory.src_valid_mark, -1);
	assert_string_equal(j.path, s->path);
	assert_int_equal(access(s->path, F_OK), -1);
	journal_done(&j);
}

/* Is the boot named in a journal that is written into @dir? */
static bool names_boot(struct scene *s, const char *dir)
{
	char path[PATH_MAX], text[1024];

	journal_init(&s->j, tmp_path(path, dir, NAME));
	s->j.state = JOURNAL_UP;
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	journal_done(&s->j);
	assert_non_null(tmp_read(dir, NAME, text, sizeof(text)));
	return strstr(text, "boot one\n") != NULL;
}

/* Only where the file can be there after a boot. */
static void test_boot_is_named(void **state)
{
	char memory[] = "/dev/shm/wgq-test-XXXXXX";
	struct scene *s = *state;
	struct statfs st;
	bool named;

	assert_int_equal(statfs(s->dir, &st), 0);
	assert_int_equal(names_boot(s, s->dir), st.f_type != TMPFS_MAGIC);
	if (statfs("/dev/shm", &st) || st.f_type != TMPFS_MAGIC ||
	    !mkdtemp(memory)) {
		print_message("apply_journal: no /dev/shm: skipped\n");
		skip();
	}
	named = names_boot(s, memory);
	tmp_remove(memory);
	assert_false(named);
}

/* A kill between making the file and writing it: nothing had changed. */
static void test_killed_before_writing(void **state)
{
	struct scene *s = *state;
	struct journal j;

	tmp_write(s->dir, NAME, 0600, "");
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_NONE);
	assert_int_equal(j.fd, -1);
	assert_int_equal(access(s->path, F_OK), -1);
	j.state = JOURNAL_UP;
	assert_int_equal(journal_write(&j, s->proc, &s->e), 0);
	journal_done(&j);
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_UP);
	journal_done(&j);
}

/* An initramfs may not have /proc yet: what is there counts then. */
static void test_no_boot_id(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];
	struct journal j;

	fill(&s->j);
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	unlink(tmp_path(path, s->dir, "proc/sys/kernel/random/boot_id"));
	assert_int_equal(read_again(s, &j), 0);
	assert_same(&j, &s->j);
	journal_done(&j);
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	tmp_write(s->dir, "proc/sys/kernel/random/boot_id", 0444, "one\n");
	assert_int_equal(read_again(s, &j), 0);
	assert_same(&j, &s->j);
	journal_done(&j);
}

/* At every length it reads as the lines that are there as a whole. */
static void test_every_truncation(void **state)
{
	struct scene *s = *state;
	char text[1024], part[1024];
	struct journal j;
	size_t len;

	fill(&s->j);
	s->j.index = 123456;
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	assert_non_null(tmp_read(s->dir, NAME, text, sizeof(text)));
	for (len = 0; len <= strlen(text); len++) {
		snprintf(part, sizeof(part), "%.*s", (int)len, text);
		tmp_write(s->dir, NAME, 0600, part);
		assert_int_equal(read_again(s, &j), 0);
		assert_int_equal(j.state, strstr(part, "state up\n")
						  ? JOURNAL_UP
						  : JOURNAL_NONE);
		assert_int_equal(j.index,
				 strstr(part, "index 123456\n") ? 123456 : 0);
		assert_int_equal(j.memory.send_redirects,
				 strstr(part, "send_redirects 2\n") ? 2 : -1);
		journal_done(&j);
	}
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"state\n",
		"state \n",
		"state bogus\nstate none \n",
		" state up\n",
		"STATE up\n",
		"future thing 1\nhooks\nhooks Nothing\n",
		"index 99999999999999999999999999\n",
		"index -1\npost_down -1\nmark -1\nsuppress4 x\n",
		"userspace yes\ndns yes\n",
		"src_valid_mark 99999999999999999999\n",
		"\x01\x02\xff\xfe state up\n",
	};
	struct scene *s = *state;
	struct journal j;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		tmp_write(s->dir, NAME, 0600, texts[i]);
		assert_int_equal(read_again(s, &j), 0);
		assert_int_equal(j.state, JOURNAL_NONE);
		assert_false(j.userspace);
		assert_false(j.memory.dns);
		journal_done(&j);
	}
}

static void test_unknown_keys_and_repeats(void **state)
{
	struct scene *s = *state;
	struct journal j;

	tmp_write(s->dir, NAME, 0600,
		  "state up\nfuture 1 2 3\nboot one\nindex 4\nindex 5\n"
		  "hooks PreUp\nhooks NoSuch\nstate is-up\n");
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_IS_UP);
	assert_int_equal(j.index, 5);
	assert_true(j.hooks[CONF_PRE_UP]);
	journal_done(&j);
}

static void test_long_lines(void **state)
{
	struct scene *s = *state;
	cleanup(buf_done) struct buf text = { 0 };
	struct journal j;
	size_t i;

	buf_adds(&text, "boot ");
	for (i = 0; i < 1000; i++)
		buf_adds(&text, "x");
	buf_adds(&text, "\nstate up\n");
	tmp_write(s->dir, NAME, 0600, text.p);
	assert_int_equal(read_again(s, &j), 0);
	/* Whatever boot that was, it is not this one. */
	assert_int_equal(j.state, JOURNAL_NONE);
	journal_done(&j);
	buf_reset(&text);
	for (i = 0; i < 70000; i++)
		buf_adds(&text, "y");
	tmp_write(s->dir, NAME, 0600, text.p);
	assert_int_equal(read_again(s, &j), -EFBIG);
	assert_true(s->e.msg[0]);
	journal_done(&j);
}

static void test_no_path(void **state)
{
	struct scene *s = *state;
	struct journal j;

	journal_init(&j, "");
	fill(&j);
	assert_int_equal(journal_write(&j, s->proc, &s->e), 0);
	assert_int_equal(journal_note(&j, &s->e, "state is-up"), 0);
	journal_init(&j, "");
	assert_int_equal(journal_read(&j, s->proc, &s->e), 0);
	assert_int_equal(j.state, JOURNAL_NONE);
	journal_remove(&j);
	journal_done(&j);
}

static void test_remove(void **state)
{
	struct scene *s = *state;

	fill(&s->j);
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	journal_remove(&s->j);
	assert_int_equal(access(s->path, F_OK), -1);
	assert_int_equal(s->j.state, JOURNAL_NONE);
	assert_int_equal(s->j.index, 0);
	assert_string_equal(s->j.path, s->path);
	/* proc is all that is left. */
	assert_int_equal(tmp_count(s->dir), 1);
	/* And there is nothing to add to any more. */
	assert_int_equal(journal_note(&s->j, &s->e, "state is-up"), 0);
	assert_int_equal(access(s->path, F_OK), -1);
}

static void test_write_replaces(void **state)
{
	struct scene *s = *state;
	struct journal j;

	fill(&s->j);
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	assert_int_equal(journal_note(&s->j, &s->e, "post_down 5"), 0);
	s->j.state = JOURNAL_DOWN;
	s->j.memory.dns = false;
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), 0);
	assert_int_equal(journal_note(&s->j, &s->e, "hooks PostDown"), 0);
	assert_int_equal(read_again(s, &j), 0);
	assert_int_equal(j.state, JOURNAL_DOWN);
	assert_int_equal(j.post_down, 0);
	assert_false(j.memory.dns);
	assert_true(j.hooks[CONF_POST_DOWN]);
	journal_done(&j);
	/* Nothing but the journal and proc. */
	assert_int_equal(tmp_count(s->dir), 2);
}

static void test_cannot_write(void **state)
{
	struct scene *s = *state;
	char path[PATH_MAX];

	journal_init(&s->j, tmp_path(path, s->dir, "no-such-dir/x.journal"));
	fill(&s->j);
	assert_int_equal(journal_write(&s->j, s->proc, &s->e), -ENOENT);
	assert_non_null(strstr(s->e.msg, "journal"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),	  TEST(test_defaults),
		TEST(test_notes),	  TEST(test_another_boot),
		TEST(test_boot_is_named), TEST(test_killed_before_writing),
		TEST(test_no_boot_id),	  TEST(test_every_truncation),
		TEST(test_hostile),	  TEST(test_unknown_keys_and_repeats),
		TEST(test_long_lines),	  TEST(test_no_path),
		TEST(test_remove),	  TEST(test_write_replaces),
		TEST(test_cannot_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
