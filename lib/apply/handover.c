// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/run.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static void close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* "<netns>-<interface>.journal" of our namespace, not our own */
static bool other_interface(const struct run *r, const char *file,
			    char ifname[IF_NAMESIZE])
{
	size_t prefix = strlen(r->netns), len;
	const char *dot = strrchr(file, '.');

	if (!dot || strcmp(dot, ".journal") ||
	    strncmp(file, r->netns, prefix) || file[prefix] != '-')
		return false;
	len = (size_t)(dot - file) - prefix - 1;
	if (!len || len >= IF_NAMESIZE)
		return false;
	memcpy(ifname, file + prefix + 1, len);
	ifname[len] = '\0';
	return strcmp(ifname, r->conf.ifname) != 0;
}

static bool give(const struct run *r, struct journal *j,
		 const struct plan_memory *left)
{
	struct wgq_err e = { 0 };
	char proc[PATH_MAX];
	int ret;

	snprintf(proc, sizeof(proc), "%s/proc", r->host->root);
	ret = journal_read(j, proc, &e);
	if (ret || j->state != JOURNAL_IS_UP)
		return false;
	if (left->src_valid_mark >= 0 && j->memory.src_valid_mark < 0)
		ret = journal_note(j, &e, "src_valid_mark %d",
				   left->src_valid_mark);
	if (!ret && left->send_redirects >= 0 && j->memory.send_redirects < 0)
		ret = journal_note(j, &e, "send_redirects %d",
				   left->send_redirects);
	return !ret;
}

void run_hand_over(struct run *r)
{
	struct plan_memory left = r->journal.memory;
	cleanup(close_directory) DIR *d = NULL;
	char ifname[IF_NAMESIZE], path[PATH_MAX];
	struct wgq_err e = { 0 };
	struct journal j;
	struct lock lock;
	struct dirent *entry;
	bool given = false;

	if (left.src_valid_mark == run_sysctl(r, SYSCTL_SRC_VALID_MARK))
		left.src_valid_mark = -1;
	if (left.send_redirects == run_sysctl(r, SYSCTL_SEND_REDIRECTS))
		left.send_redirects = -1;
	if (left.src_valid_mark < 0 && left.send_redirects < 0)
		return;
	d = opendir(r->host->run);
	while (d && !given && (entry = readdir(d))) {
		if (!other_interface(r, entry->d_name, ifname))
			continue;
		lock = LOCK_NONE;
		if (run_take_lock(r, ifname, false, &lock, &e))
			continue;
		snprintf(path, sizeof(path), "%s/%s", r->host->run,
			 entry->d_name);
		journal_init(&j, path);
		given = give(r, &j, &left);
		journal_done(&j);
		arena_done(&j.arena);
		lock_drop(&lock);
	}
}
