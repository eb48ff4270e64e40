// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "sys/file.h"

#define JOURNAL_MAX 65536
#define JOURNAL_LINE_MAX 2048
#define BOOT_ID_LEN 64

static const char *const STATE_NAME[] = {
	[JOURNAL_NONE] = "none",
	[JOURNAL_UP] = "up",
	[JOURNAL_IS_UP] = "is-up",
	[JOURNAL_DOWN] = "down",
};

void journal_init(struct journal *j, const char *path)
{
	*j = (struct journal){ .fd = -1,
			       .memory = { .src_valid_mark = -1,
					   .send_redirects = -1 } };
	snprintf(j->path, sizeof(j->path), "%s", path);
}

/* "" where /proc cannot tell, as early in an initramfs. */
static void boot_id(const char *proc, char ret[BOOT_ID_LEN])
{
	cleanup(buf_done) struct buf text = { 0 };
	struct wgq_err e = { 0 };
	char path[PATH_MAX];

	ret[0] = '\0';
	snprintf(path, sizeof(path), "%s/sys/kernel/random/boot_id", proc);
	if (file_read(path, BOOT_ID_LEN - 1, &text, &e) || !text.len)
		return;
	text.p[strcspn(text.p, "\n")] = '\0';
	snprintf(ret, BOOT_ID_LEN, "%s", text.p);
}

static void set_state(struct journal *j, const char *value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(STATE_NAME); i++)
		if (!strcmp(value, STATE_NAME[i]))
			j->state = (enum journal_state)i;
}

static void set_hooks(struct journal *j, const char *value)
{
	size_t i;

	for (i = 0; i < CONF_PHASES; i++)
		if (!strcmp(value, conf_phase_name((enum conf_phase)i)))
			j->hooks[i] = true;
}

static void set_suppress(struct plan_memory *memory, enum snap_family f,
			 const char *value)
{
	memory->has_suppress[f] = true;
	memory->suppress[f] = (uint32_t)strtoul(value, NULL, 10);
}

int journal_remember_sysctl(struct journal *j, const char *key, int old)
{
	struct plan_memory *m = &j->memory;
	struct plan_sysctl *s = arena_grow(&j->arena, &m->sysctl, m->n_sysctl,
					   &j->cap_sysctl, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->old = old;
	s->key = arena_strndup(&j->arena, key, strlen(key));
	if (!s->key)
		return -ENOMEM;
	m->n_sysctl++;
	return 0;
}

int journal_remember_undo(struct journal *j, const char *command)
{
	const char **slot = arena_grow(&j->arena, &j->undo, j->n_undo,
				       &j->cap_undo, sizeof(*slot));

	if (slot)
		*slot = arena_strndup(&j->arena, command, strlen(command));
	if (!slot || !*slot)
		return -ENOMEM;
	j->n_undo++;
	return 0;
}

int journal_remember_made(struct journal *j, uint8_t family, const char *table,
			  const char *chain)
{
	struct journal_made *m;
	size_t i;

	for (i = 0; i < j->n_made; i++)
		if (j->made[i].family == family &&
		    !strcmp(j->made[i].table, table) &&
		    !strcmp(j->made[i].chain, chain))
			return 0;
	m = arena_grow(&j->arena, &j->made, j->n_made, &j->cap_made,
		       sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->family = family;
	m->table = arena_strndup(&j->arena, table, strlen(table));
	m->chain = arena_strndup(&j->arena, chain, strlen(chain));
	if (!m->table || !m->chain)
		return -ENOMEM;
	j->n_made++;
	return 0;
}

/* "FAMILY TABLE CHAIN", the last one empty for the table itself */
static int set_made(struct journal *j, char *value)
{
	char *table = strchr(value, ' '), *chain;

	if (!table)
		return 0;
	*table++ = '\0';
	chain = strchr(table, ' ');
	if (!chain)
		return 0;
	*chain++ = '\0';
	return journal_remember_made(j, (uint8_t)strtoul(value, NULL, 10),
				     table, chain);
}

/* "KEY OLD" */
static int set_sysctl(struct journal *j, char *value)
{
	char *old = strchr(value, ' ');

	if (!old)
		return 0;
	*old++ = '\0';
	return journal_remember_sysctl(j, value, (int)strtol(old, NULL, 10));
}

static int parse_line(struct journal *j, char *line, char boot[BOOT_ID_LEN])
{
	char *value = strchr(line, ' ');

	if (!value)
		return 0;
	*value++ = '\0';
	if (!strcmp(line, "state"))
		set_state(j, value);
	else if (!strcmp(line, "boot"))
		snprintf(boot, BOOT_ID_LEN, "%s", value);
	else if (!strcmp(line, "index"))
		j->index = (unsigned int)strtoul(value, NULL, 10);
	else if (!strcmp(line, "userspace"))
		j->userspace = *value == '1';
	else if (!strcmp(line, "hooks"))
		set_hooks(j, value);
	else if (!strcmp(line, "post_down"))
		j->post_down = (unsigned int)strtoul(value, NULL, 10);
	else if (!strcmp(line, "mark"))
		j->memory.mark = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(line, "suppress4"))
		set_suppress(&j->memory, SNAP_V4, value);
	else if (!strcmp(line, "suppress6"))
		set_suppress(&j->memory, SNAP_V6, value);
	else if (!strcmp(line, "dns"))
		j->memory.dns = *value == '1';
	else if (!strcmp(line, "src_valid_mark"))
		j->memory.src_valid_mark = (int)strtol(value, NULL, 10);
	else if (!strcmp(line, "send_redirects"))
		j->memory.send_redirects = (int)strtol(value, NULL, 10);
	else if (!strcmp(line, "firewall"))
		j->memory.firewall = *value == '1';
	else if (!strcmp(line, "sysctl"))
		return set_sysctl(j, value);
	else if (!strcmp(line, "undo"))
		return journal_remember_undo(j, value);
	else if (!strcmp(line, "made"))
		return set_made(j, value);
	return 0;
}

int journal_read(struct journal *j, const char *proc, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };
	char boot[BOOT_ID_LEN] = "", now[BOOT_ID_LEN] = "";
	struct wgq_err read_err = { 0 };
	char *line, *rest;
	int ret;

	if (!j->path[0])
		return 0;
	ret = file_read(j->path, JOURNAL_MAX, &text, &read_err);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return err_set(e, ret, "%s", read_err.msg);
	if (!text.len) {
		/* Made by a run that was killed before its first change. */
		journal_remove(j);
		return 0;
	}
	j->fd = open(j->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (j->fd < 0)
		return err_sys(e, -errno, "journal: %s", j->path);
	rest = text.p;
	/* A last line without its end is a write that did not come through. */
	while ((line = strsep(&rest, "\n")) && rest)
		if (parse_line(j, line, boot))
			return err_sys(e, -ENOMEM, "journal: %s", j->path);
	if (boot[0])
		boot_id(proc, now);
	if (boot[0] && now[0] && strcmp(boot, now))
		journal_remove(j);
	return 0;
}

/* Memory does not outlive the kernel: no need to say whose time it is from. */
static bool outlives_boot(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) ||
	       (st.f_type != TMPFS_MAGIC && st.f_type != RAMFS_MAGIC);
}

static int print(const struct journal *j, const char *boot, struct buf *text)
{
	size_t i;

	buf_addf(text, "state %s\n", STATE_NAME[j->state]);
	if (boot[0])
		buf_addf(text, "boot %s\n", boot);
	if (j->index)
		buf_addf(text, "index %u\n", j->index);
	if (j->userspace)
		buf_adds(text, "userspace 1\n");
	for (i = 0; i < CONF_PHASES; i++)
		if (j->hooks[i])
			buf_addf(text, "hooks %s\n",
				 conf_phase_name((enum conf_phase)i));
	if (j->memory.mark)
		buf_addf(text, "mark %u\n", j->memory.mark);
	for (i = 0; i < SNAP_FAMILIES; i++)
		if (j->memory.has_suppress[i])
			buf_addf(text, "suppress%c %u\n",
				 SNAP_AF[i] == AF_INET6 ? '6' : '4',
				 j->memory.suppress[i]);
	if (j->memory.dns)
		buf_adds(text, "dns 1\n");
	if (j->memory.src_valid_mark >= 0)
		buf_addf(text, "src_valid_mark %d\n", j->memory.src_valid_mark);
	if (j->memory.send_redirects >= 0)
		buf_addf(text, "send_redirects %d\n", j->memory.send_redirects);
	if (j->memory.firewall)
		buf_adds(text, "firewall 1\n");
	for (i = 0; i < j->memory.n_sysctl; i++)
		buf_addf(text, "sysctl %s %d\n", j->memory.sysctl[i].key,
			 j->memory.sysctl[i].old);
	for (i = 0; i < j->n_undo; i++)
		buf_addf(text, "undo %s\n", j->undo[i]);
	for (i = 0; i < j->n_made; i++)
		buf_addf(text, "made %u %s %s\n", j->made[i].family,
			 j->made[i].table, j->made[i].chain);
	return text->failed ? -ENOMEM : 0;
}

/* One write, which a kill cuts short at a page's end at most. */
static int write_text(const struct journal *j, int fd, const char *proc)
{
	cleanup(buf_done) struct buf text = { 0 };
	char boot[BOOT_ID_LEN] = "";
	ssize_t n;

	if (outlives_boot(fd))
		boot_id(proc, boot);
	if (print(j, boot, &text))
		return -ENOMEM;
	n = write(fd, text.p, text.len);
	if (n == (ssize_t)text.len)
		return 0;
	return n < 0 ? -errno : -ENOSPC;
}

static int create(const char *path, int how)
{
	return open(path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			    how,
		    0600);
}

/*
 * A journal that is there already is replaced by renaming.  The directory is
 * ours alone and the lock is held, so the name needs no secret; nothing is
 * synced, since what the journal speaks of is gone after a reboot anyhow.
 */
int journal_write(struct journal *j, const char *proc, struct wgq_err *e)
{
	cleanup(close_fd) int fd = -1;
	char next[JOURNAL_PATH_LEN + 8];
	const char *path = j->path;
	int ret;

	if (!j->path[0])
		return 0;
	fd = create(path, O_EXCL);
	if (fd < 0 && errno == EEXIST) {
		snprintf(next, sizeof(next), "%s.new", j->path);
		path = next;
		fd = create(path, O_TRUNC);
	}
	if (fd < 0)
		return err_sys(e, -errno, "journal: %s", path);
	ret = write_text(j, fd, proc);
	if (!ret && path == next && rename(path, j->path))
		ret = -errno;
	if (ret) {
		unlink(path);
		return err_sys(e, ret, "journal: %s", j->path);
	}
	close_fd(&j->fd);
	j->fd = take_fd(&fd);
	return 0;
}

int journal_note(const struct journal *j, struct wgq_err *e, const char *fmt,
		 ...)
{
	char line[JOURNAL_LINE_MAX];
	va_list ap;
	int n;

	if (j->fd < 0)
		return 0;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) - 1)
		return err_set(e, -E2BIG, "journal: a line is too long");
	line[n++] = '\n';
	errno = ENOSPC;
	if (write(j->fd, line, (size_t)n) != n)
		return err_sys(e, -errno, "journal: %s", j->path);
	return 0;
}

void journal_done(struct journal *j)
{
	close_fd(&j->fd);
	j->fd = -1;
}

void journal_remove(struct journal *j)
{
	char path[JOURNAL_PATH_LEN];

	if (j->path[0])
		unlink(j->path);
	journal_done(j);
	memcpy(path, j->path, sizeof(path));
	arena_done(&j->arena);
	journal_init(j, path);
}
