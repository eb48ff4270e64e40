// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

/*
 * A fuzz target without a fuzzer: feeds it every file that is named, and every
 * file of every folder that is named, so that any compiler can replay what was
 * kept.  A target that finds something aborts.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void close_folder(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int replay_file(const char *path)
{
	cleanup(close_file) FILE *f = fopen(path, "rb");
	cleanup(buf_done) struct buf b = { 0 };
	char block[4096];
	size_t n;

	if (!f) {
		perror(path);
		return -1;
	}
	while ((n = fread(block, 1, sizeof(block), f)))
		buf_add(&b, block, n);
	if (ferror(f) || b.failed) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	/* Printed before, so that the one that aborts is the last one. */
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput((const uint8_t *)(b.p ? b.p : ""), b.len);
	return 0;
}

static int replay_folder(DIR *d, const char *path)
{
	struct dirent *e;

	while ((e = readdir(d))) {
		cleanup(buf_done) struct buf name = { 0 };

		if (e->d_name[0] == '.')
			continue;
		buf_addf(&name, "%s/%s", path, e->d_name);
		if (name.failed || replay_file(name.p))
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int i, bad = 0;

	for (i = 1; i < argc; i++) {
		cleanup(close_folder) DIR *d = opendir(argv[i]);

		bad |= d ? replay_folder(d, argv[i]) : replay_file(argv[i]);
	}
	return bad || argc < 2;
}
