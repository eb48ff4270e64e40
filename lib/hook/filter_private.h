/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_HOOK_FILTER_PRIVATE_H
#define WGQ_HOOK_FILTER_PRIVATE_H

#include <stdint.h>

#include "hook/filter.h"
#include "hook/regex.h"

struct awk;
struct sed;

/** struct filter_text - bytes, not ended by a NUL */
struct filter_text {
	const char *s;
	size_t len;
};

/**
 * struct filtering - a filter with its words
 * @f:		filter
 * @argv:	words
 * @argc:	their number
 * @arg:	next word to look at
 * @opt:	options that were given, a bit for each letter: see has()
 * @n:		number of an option
 * @from_end:	it counts from the other end
 * @text:	text of an option or an operand
 * @text2:	likewise
 * @file:	files, "-" is standard input
 * @n_file:	their number
 * @re:		pattern
 * @awk:	program of awk
 * @sed:	script of sed
 * @a:		owns all of it
 * @out:	receives standard output
 * @err:	receives standard error
 * @done:	nothing more is read
 * @status:	exit status
 * @fatal:	-ENOMEM, while something failed
 */
struct filtering {
	const struct filter *f;
	const char *const *argv;
	size_t argc, arg;
	uint64_t opt;
	long n;
	bool from_end;
	const char *text, *text2;
	const char **file;
	size_t n_file;
	const struct regex *re;
	struct awk *awk;
	struct sed *sed;
	struct arena *a;
	struct buf *out, *err;
	bool done;
	int status;
	int fatal;
};

/**
 * struct filter - a text tool
 * @name:	its name
 * @options:	letters of its options, ':' behind those with a value; the
 *		options that repeat or mean a sign are parse()'s
 * @missing:	message for a file that cannot be read: name, reason
 * @status:	status then
 * @fatal:	it ends there
 * @whole:	files are one text
 * @option:	take an option with a value; NULL where there is none
 * @operands:	take the words from @arg on; leaves files
 * @run:	work on a file's bytes
 */
struct filter {
	const char *name, *options, *missing;
	unsigned char status;
	bool fatal, whole;
	bool (*option)(struct filtering *f, char name, const char *value);
	bool (*operands)(struct filtering *f);
	void (*run)(struct filtering *f, const char *file,
		    struct filter_text t);
};

/** filter_has() - was the option given? */
bool filter_has(const struct filtering *f, char name);

/** filter_files() - the words that are left are files */
bool filter_files(struct filtering *f);

/** filter_line() - take the next line, without its newline, off a text */
bool filter_line(struct filter_text *t, struct filter_text *ret_line);

/** filter_number() - digits alone; -1 where they are not */
long filter_number(const char *s, size_t len);

/** filter_decimal() - read "-1.5"; Return: bytes that are part of it */
size_t filter_decimal(struct filter_text t, double *ret);

/** filter_regex() - compile into @f's arena; NULL where not understood */
const struct regex *filter_regex(struct filtering *f, const char *s, size_t len,
				 unsigned int flags, unsigned int *ret_groups);

/** filter_find_re() - regex_find(), memory running out ends the filter */
bool filter_find_re(struct filtering *f, const struct regex *re,
		    struct filter_text t, size_t from,
		    struct regex_match m[REGEX_GROUPS]);

/** filter_awk_parse() - the program is the word at @arg, which moves on */
bool filter_awk_parse(struct filtering *f);

/** filter_awk_run() - run it over a file */
void filter_awk_run(struct filtering *f, const char *file,
		    struct filter_text t);

/** filter_sed_parse() - read a script */
bool filter_sed_parse(struct filtering *f, const char *script);

/** filter_sed_run() - run it over a file */
void filter_sed_run(struct filtering *f, const char *file,
		    struct filter_text t);

#endif
