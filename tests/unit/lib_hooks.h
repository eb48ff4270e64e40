/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_LIB_HOOKS_H
#define WGQ_TESTS_LIB_HOOKS_H

#include <stdbool.h>
#include <stdio.h>

/** HOOKS_LINE_MAX - longest line of a corpus, and one more */
#define HOOKS_LINE_MAX 16384

/** hooks_open() - the corpus of hook lines in WGQ_SHARED, NULL without one */
FILE *hooks_open(void);

/** hooks_next() - the next hook of the corpus; NULL at its end */
const char *hooks_next(FILE *f, char line[HOOKS_LINE_MAX]);

/** hooks_copy_program() - a program and its libraries, into a root */
void hooks_copy_program(const char *root, const char *program);

/** hooks_have() - is there such a program? Says so where there is none */
bool hooks_have(const char *path);

/** hooks_each_word() - call for what in a line could be the name of a file */
void hooks_each_word(const char *line,
		     void (*f)(const char *word, bool redirected, void *ctx),
		     void *ctx);

#endif
