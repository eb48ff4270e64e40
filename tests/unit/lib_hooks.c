// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_hooks.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

FILE *hooks_open(void)
{
	const char *shared = getenv("WGQ_SHARED");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/corpus/hooks.tsv",
		 shared ? shared : "../shared");
	return fopen(path, "r");
}

const char *hooks_next(FILE *f, char line[HOOKS_LINE_MAX])
{
	char *p, *save;

	/* The third field, and not that of the heading. */
	do {
		if (!f || !fgets(line, HOOKS_LINE_MAX, f))
			return NULL;
		p = strtok_r(line, "\t", &save);
		p = p ? strtok_r(NULL, "\t", &save) : NULL;
		p = p ? strtok_r(NULL, "\t", &save) : NULL;
	} while (!p || !strcmp(p, "hook"));
	return p;
}

static void copy_into(const char *root, const char *file)
{
	char cmd[2 * PATH_MAX];

	snprintf(cmd, sizeof(cmd), "cp -L --parents '%s' '%s'", file, root);
	assert_int_equal(system(cmd), 0);
}

void hooks_copy_program(const char *root, const char *program)
{
	char line[PATH_MAX], *path;
	FILE *f;

	copy_into(root, program);
	snprintf(line, sizeof(line), "ldd '%s'", program);
	f = popen(line, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		path = strchr(line, '/');
		if (!path)
			continue;
		path[strcspn(path, " \n")] = '\0';
		copy_into(root, path);
	}
	pclose(f);
}

bool hooks_have(const char *path)
{
	if (!access(path, X_OK))
		return true;
	print_message("SKIPPED: there is no %s\n", path);
	return false;
}

void hooks_each_word(const char *line,
		     void (*f)(const char *word, bool redirected, void *ctx),
		     void *ctx)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.+-/";
	bool redirected = false;
	char word[256];
	size_t len;

	for (; *line; line += len) {
		len = strspn(line, name);
		if (!len) {
			if (strchr("<>", *line))
				redirected = true;
			else if (!strchr(" &|", *line))
				redirected = false;
			len = 1;
			continue;
		}
		if (len < sizeof(word) && line[len - 1] != '/') {
			memcpy(word, line, len);
			word[len] = '\0';
			if (!strstr(word, "..") &&
			    (*word == '/' || !strchr(word, '/')))
				f(word, redirected, ctx);
		}
		redirected = false;
	}
}
