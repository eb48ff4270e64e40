// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/filter_private.h"

bool filter_has(const struct filtering *f, char name)
{
	return f->opt & (uint64_t)1 << (name & 0x3f);
}

bool filter_line(struct filter_text *t, struct filter_text *ret_line)
{
	const char *end;

	if (!t->len)
		return false;
	end = memchr(t->s, '\n', t->len);
	ret_line->s = t->s;
	ret_line->len = end ? (size_t)(end - t->s) : t->len;
	t->s += ret_line->len + !!end;
	t->len -= ret_line->len + !!end;
	return true;
}

static void print_line(struct filtering *f, struct filter_text line)
{
	buf_add(f->out, line.s, line.len);
	buf_addc(f->out, '\n');
}

long filter_number(const char *s, size_t len)
{
	long n = 0;
	size_t i;

	if (!len || len > 9)
		return -1;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n;
}

const struct regex *filter_regex(struct filtering *f, const char *s, size_t len,
				 unsigned int flags, unsigned int *ret_groups)
{
	const struct regex *re;

	if (regex_compile(s, len, flags, f->a, &re, ret_groups)) {
		f->fatal = -ENOMEM;
		return NULL;
	}
	return re;
}

bool filter_find_re(struct filtering *f, const struct regex *re,
		    struct filter_text t, size_t from,
		    struct regex_match m[REGEX_GROUPS])
{
	int ret = regex_find(re, t.s, t.len, from, m);

	if (ret < 0)
		f->fatal = ret;
	return ret > 0;
}

bool filter_files(struct filtering *f)
{
	f->n_file = f->argc - f->arg;
	if (f->n_file)
		memcpy(f->file, f->argv + f->arg, f->n_file * sizeof(*f->file));
	return true;
}

static void cat_run(struct filtering *f, const char *file, struct filter_text t)
{
	(void)file;
	buf_add(f->out, t.s, t.len);
}

static bool grep_option(struct filtering *f, char name, const char *value)
{
	if (name == 'e') {
		if (f->text)
			return false;
		f->text = value;
		return true;
	}
	f->n = filter_number(value, strlen(value));
	return f->n > 0;
}

static bool grep_operands(struct filtering *f)
{
	unsigned int flags = filter_has(f, 'F')	  ? REGEX_FIXED
			     : filter_has(f, 'E') ? REGEX_EXTENDED
						  : 0;

	if (!f->text && f->arg < f->argc)
		f->text = f->argv[f->arg++];
	/* Lines of a pattern are alternatives; -E and -F exclude each other. */
	if (!f->text || strchr(f->text, '\n') ||
	    (filter_has(f, 'F') && filter_has(f, 'E')))
		return false;
	flags |= filter_has(f, 'i') ? REGEX_ICASE : 0;
	flags |= filter_has(f, 'w') ? REGEX_WORD : 0;
	flags |= filter_has(f, 'x') ? REGEX_LINE : 0;
	f->re = filter_regex(f, f->text, strlen(f->text), flags, NULL);
	f->status = 1;
	return f->re && filter_files(f) &&
	       (f->n_file < 2 || filter_has(f, 'h'));
}

static void grep_only(struct filtering *f, struct filter_text line)
{
	struct regex_match m[REGEX_GROUPS];
	size_t from = 0;

	while (from <= line.len && filter_find_re(f, f->re, line, from, m)) {
		from = m[0].end + (m[0].end == m[0].start);
		if (m[0].end > m[0].start)
			print_line(f, (struct filter_text){
					      line.s + m[0].start,
					      m[0].end - m[0].start });
	}
}

static void grep_run(struct filtering *f, const char *file,
		     struct filter_text t)
{
	bool quiet = filter_has(f, 'q'), count = filter_has(f, 'c');
	bool binary = t.len && memchr(t.s, '\0', t.len);
	struct regex_match m[REGEX_GROUPS];
	struct filter_text line;
	size_t n = 0;

	while (!f->fatal && filter_line(&t, &line)) {
		if (filter_find_re(f, f->re, line, 0, m) == filter_has(f, 'v'))
			continue;
		n++;
		if (quiet) {
			f->done = true;
			break;
		}
		if (binary && !count) {
			buf_addf(f->err, "grep: %s: binary file matches\n",
				 strcmp(file, "-") ? file : "(standard input)");
			break;
		}
		if (!count && filter_has(f, 'o') && !filter_has(f, 'v'))
			grep_only(f, line);
		else if (!count && !filter_has(f, 'o'))
			print_line(f, line);
		if (f->n && n == (size_t)f->n)
			break;
	}
	if (count && !quiet)
		buf_addf(f->out, "%zu\n", n);
	if (n && (f->status == 1 || quiet))
		f->status = 0;
}

static bool sed_option(struct filtering *f, char name, const char *value)
{
	(void)name;
	if (f->text)
		return false;
	f->text = value;
	return true;
}

static bool sed_operands(struct filtering *f)
{
	if (!f->text && f->arg < f->argc)
		f->text = f->argv[f->arg++];
	return f->text && filter_sed_parse(f, f->text) && filter_files(f);
}

static bool awk_option(struct filtering *f, char name, const char *value)
{
	(void)name;
	/* A longer one is an expression; some bytes mean another one. */
	if (!*value || value[1] || strchr("\\t", *value))
		return false;
	f->text = value;
	return true;
}

static bool awk_operands(struct filtering *f)
{
	size_t i;

	if (f->arg == f->argc || !filter_awk_parse(f))
		return false;
	/* "name=value" sets a variable. */
	for (i = f->arg; i < f->argc; i++)
		if (strchr(f->argv[i], '='))
			return false;
	return filter_files(f);
}

/* "2", "-3", "2-", "1,3-4"; @f->text is the list. */
static bool in_list(const char *list, long n, bool *ret_bad)
{
	const char *end, *dash;
	long low, high;
	bool in = false;

	for (;; list = end + 1) {
		end = strchrnul(list, ',');
		dash = memchr(list, '-', (size_t)(end - list));
		low = filter_number(list, (size_t)((dash ? dash : end) - list));
		high = dash ? filter_number(dash + 1, (size_t)(end - dash - 1))
			    : low;
		if (dash == list)
			low = 1;
		if (dash && dash + 1 == end)
			high = dash == list ? -1 : n < low ? low : n;
		if (low < 1 || high < low)
			*ret_bad = true;
		in |= n >= low && n <= high;
		if (!*end)
			return in;
	}
}

static bool cut_option(struct filtering *f, char name, const char *value)
{
	bool bad = false;

	if (name == 'd') {
		f->text2 = value;
		return *value && !value[1];
	}
	if (f->text)
		return false;
	f->text = value;
	in_list(value, 1, &bad);
	return !bad;
}

static bool cut_operands(struct filtering *f)
{
	return f->text && (filter_has(f, 'f') || !filter_has(f, 's')) &&
	       (filter_has(f, 'f') || !f->text2) && filter_files(f);
}

static void cut_fields(struct filtering *f, struct filter_text line)
{
	char sep = f->text2 ? *f->text2 : '\t';
	const char *p = line.s, *stop = line.s + line.len, *end;
	bool any = false, bad = false;
	long n;

	if (!memchr(p, sep, line.len)) {
		if (!filter_has(f, 's'))
			print_line(f, line);
		return;
	}
	for (n = 1; p <= stop; n++, p = end + 1) {
		end = memchr(p, sep, (size_t)(stop - p));
		if (!end)
			end = stop;
		if (!in_list(f->text, n, &bad))
			continue;
		if (any)
			buf_addc(f->out, sep);
		buf_add(f->out, p, (size_t)(end - p));
		any = true;
	}
	buf_addc(f->out, '\n');
}

static void cut_run(struct filtering *f, const char *file, struct filter_text t)
{
	struct filter_text line;
	bool bad = false;
	size_t i;

	(void)file;
	while (filter_line(&t, &line)) {
		if (filter_has(f, 'f')) {
			cut_fields(f, line);
			continue;
		}
		for (i = 0; i < line.len; i++)
			if (in_list(f->text, (long)i + 1, &bad))
				buf_addc(f->out, line.s[i]);
		buf_addc(f->out, '\n');
	}
}

static bool end_option(struct filtering *f, char name, const char *value)
{
	bool tail = f->f->name[0] == 't';
	bool sign = *value == '-' || (tail && *value == '+');

	(void)name;
	f->from_end = *value == (tail ? '+' : '-');
	f->n = filter_number(value + sign, strlen(value + sign));
	return f->n >= 0 && !f->text;
}

/* "-5" in place of "-n 5" is the first word, where it is one. */
static bool end_operands(struct filtering *f)
{
	if (!filter_has(f, 'n') && !filter_has(f, 'c')) {
		if (f->text)
			f->n = filter_number(f->text, strlen(f->text));
		else
			f->n = 10;
	}
	return f->n >= 0 && !(filter_has(f, 'n') && filter_has(f, 'c')) &&
	       filter_files(f) && (f->n_file < 2 || filter_has(f, 'q'));
}

static size_t skip_lines(struct filter_text t, size_t n)
{
	struct filter_text rest = t, line;

	while (n-- && filter_line(&rest, &line))
		;
	return t.len - rest.len;
}

static void end_run(struct filtering *f, const char *file, struct filter_text t)
{
	bool tail = f->f->name[0] == 't', bytes = filter_has(f, 'c');
	size_t n = (size_t)f->n, all = t.len, cut;
	struct filter_text rest = t, line;

	(void)file;
	for (all = 0; !bytes && filter_line(&rest, &line); all++)
		;
	if (bytes)
		all = t.len;
	/* How many lines or bytes come before the cut. */
	if (tail)
		cut = f->from_end ? (n ? n - 1 : 0) : all > n ? all - n : 0;
	else
		cut = !f->from_end ? n : all > n ? all - n : 0;
	if (cut > all)
		cut = all;
	cut = bytes ? cut : skip_lines(t, cut);
	if (tail)
		buf_add(f->out, t.s + cut, t.len - cut);
	else
		buf_add(f->out, t.s, cut);
}

/* The bytes of a set in order: ranges, \n and the like, a few classes. */
static bool tr_set(const char *s, struct buf *ret)
{
	static const char *const classes[] = { "[:space:]", "[:blank:]",
					       "[:digit:]" };
	static const char *const bytes[] = { "\t\n\v\f\r ", "\t ",
					     "0123456789" };
	size_t i;

	while (*s) {
		unsigned char low, high;

		for (i = 0; i < ARRAY_SIZE(classes); i++)
			if (!strncmp(s, classes[i], 9))
				break;
		if (i < ARRAY_SIZE(classes)) {
			buf_adds(ret, bytes[i]);
			s += 9;
			continue;
		}
		if (*s == '[' && s[1] && (strchr(":=", s[1]) || (s[2] == '*')))
			return false;
		low = (unsigned char)*s++;
		if (low == '\\') {
			if (!*s || !strchr("nt\\", *s))
				return false;
			low = *s == 'n' ? '\n' : *s == 't' ? '\t' : '\\';
			s++;
		}
		high = low;
		if (*s == '-' && s[1]) {
			high = (unsigned char)s[1];
			s += 2;
		}
		if (high < low || high == '\\')
			return false;
		for (i = low; i <= high; i++)
			buf_addc(ret, (char)i);
	}
	return ret->len;
}

static bool tr_operands(struct filtering *f)
{
	cleanup(buf_done) struct buf from = { 0 }, to = { 0 };
	size_t n = f->argc - f->arg;
	bool del = filter_has(f, 'd'), squeeze = filter_has(f, 's');

	if ((del && squeeze) || n != (del || (squeeze && n == 1) ? 1 : 2) ||
	    !tr_set(f->argv[f->arg], &from))
		return false;
	f->text = f->argv[f->arg];
	if (n == 1)
		return true;
	f->text2 = f->argv[f->arg + 1];
	return !filter_has(f, 'c') && tr_set(f->text2, &to) &&
	       (to.len == from.len || to.len == 1);
}

static void tr_run(struct filtering *f, const char *file, struct filter_text t)
{
	cleanup(buf_done) struct buf from = { 0 }, to = { 0 };
	bool in[256] = { false }, last[256] = { false };
	unsigned char map[256], c;
	int before = -1;
	size_t i;

	(void)file;
	tr_set(f->text, &from);
	if (f->text2)
		tr_set(f->text2, &to);
	for (i = 0; i < 256; i++)
		map[i] = (unsigned char)i;
	for (i = 0; i < from.len; i++) {
		c = (unsigned char)from.p[i];
		in[c] = true;
		if (to.len)
			map[c] = (unsigned char)
					 to.p[i < to.len ? i : to.len - 1];
	}
	for (i = 0; i < 256; i++) {
		in[i] = in[i] != filter_has(f, 'c');
		last[i] = in[i];
	}
	for (i = 0; i < to.len; i++) {
		if (!i)
			memset(last, 0, sizeof(last));
		last[(unsigned char)to.p[i]] = true;
	}
	for (i = 0; i < t.len; i++) {
		c = (unsigned char)t.s[i];
		if (filter_has(f, 'd') && in[c])
			continue;
		c = map[c];
		if (filter_has(f, 's') && last[c] && c == before)
			continue;
		before = c;
		buf_addc(f->out, (char)c);
	}
	if (from.failed || to.failed)
		f->fatal = -ENOMEM;
}

/* Decimals without an exponent; libc's strtod() costs more than all of this. */
size_t filter_decimal(struct filter_text t, double *ret)
{
	double scale = 0, n = 0;
	bool minus = t.len && *t.s == '-';
	size_t i;

	for (i = minus; i < t.len; i++) {
		if (t.s[i] == '.' && scale < 1) {
			scale = 1;
		} else if (t.s[i] >= '0' && t.s[i] <= '9') {
			n = n * 10 + (t.s[i] - '0');
			scale *= 10;
		} else {
			break;
		}
	}
	n /= scale > 1 ? scale : 1;
	*ret = minus ? -n : n;
	return i;
}

/* The number at the begin of a line, as sort -n compares it. */
static double leading_number(struct filter_text t)
{
	double n;

	while (t.len && (*t.s == ' ' || *t.s == '\t')) {
		t.s++;
		t.len--;
	}
	filter_decimal(t, &n);
	return n;
}

static int compare_bytes(struct filter_text a, struct filter_text b)
{
	int order = memcmp(a.s, b.s, a.len < b.len ? a.len : b.len);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare(const struct filtering *f, struct filter_text a,
		   struct filter_text b, bool key)
{
	double x, y;
	int order = 0;

	if (filter_has(f, 'n')) {
		x = leading_number(a);
		y = leading_number(b);
		order = (x > y) - (x < y);
		if (key || order)
			return filter_has(f, 'r') ? -order : order;
	}
	order = compare_bytes(a, b);
	return filter_has(f, 'r') ? -order : order;
}

static int compare_lines(const void *a, const void *b, void *f)
{
	return compare(f, *(const struct filter_text *)a,
		       *(const struct filter_text *)b, filter_has(f, 'u'));
}

static void sort_run(struct filtering *f, const char *file,
		     struct filter_text t)
{
	struct filter_text rest = t, *line;
	size_t n = 0, i;

	(void)file;
	for (; filter_line(&rest, &(struct filter_text){ 0 }); n++)
		;
	line = arena_array(f->a, n + 1, sizeof(*line));
	if (!line) {
		f->fatal = -ENOMEM;
		return;
	}
	for (i = 0; filter_line(&t, &line[i]); i++)
		;
	qsort_r(line, n, sizeof(*line), compare_lines, f);
	for (i = 0; i < n; i++)
		if (!i || !filter_has(f, 'u') ||
		    compare(f, line[i - 1], line[i], true))
			print_line(f, line[i]);
}

static bool one_file(struct filtering *f)
{
	return filter_files(f) && f->n_file < 2 &&
	       (f->f->name[0] != 'u' ||
		!(filter_has(f, 'd') && filter_has(f, 'u')));
}

static void uniq_run(struct filtering *f, const char *file,
		     struct filter_text t)
{
	struct filter_text line, next;
	bool more = filter_line(&t, &line);
	size_t n;

	(void)file;
	while (more) {
		n = 1;
		while ((more = filter_line(&t, &next)) &&
		       !compare_bytes(line, next))
			n++;
		if (n == 1 ? !filter_has(f, 'd') : !filter_has(f, 'u')) {
			if (filter_has(f, 'c'))
				buf_addf(f->out, "%7zu ", n);
			print_line(f, line);
		}
		line = next;
	}
}

static bool wc_operands(struct filtering *f)
{
	return filter_has(f, 'l') + filter_has(f, 'w') + filter_has(f, 'c') ==
		       1 &&
	       one_file(f);
}

static void wc_run(struct filtering *f, const char *file, struct filter_text t)
{
	size_t i, n[3] = { 0, 0, t.len };
	bool in = false, blank;

	for (i = 0; i < t.len; i++) {
		blank = t.s[i] == ' ' || (t.s[i] >= '\t' && t.s[i] <= '\r');
		n[0] += t.s[i] == '\n';
		n[1] += !blank && !in;
		in = !blank;
	}
	buf_addf(f->out, "%zu",
		 n[filter_has(f, 'l')	? 0
		   : filter_has(f, 'w') ? 1
					: 2]);
	if (f->n_file)
		buf_addf(f->out, " %s", file);
	buf_addc(f->out, '\n');
}

static const struct filter filters[] = {
	{ "cat", "u", "cat: %s: %s\n", 1, false, false, NULL, filter_files,
	  cat_run },
	{ "grep", "EFce:him:oqsvwx", "grep: %s: %s\n", 2, false, false,
	  grep_option, grep_operands, grep_run },
	{ "sed", "Ee:nr", "sed: can't read %s: %s\n", 2, false, true,
	  sed_option, sed_operands, filter_sed_run },
	{ "awk", "F:", "awk: cannot open %s (%s)\n", 2, true, true, awk_option,
	  awk_operands, filter_awk_run },
	{ "mawk", "F:", "mawk: cannot open %s (%s)\n", 2, true, true,
	  awk_option, awk_operands, filter_awk_run },
	{ "gawk", "F:", "gawk: cannot open %s (%s)\n", 2, true, true,
	  awk_option, awk_operands, filter_awk_run },
	{ "cut", "b:c:d:f:s", "cut: %s: %s\n", 1, false, false, cut_option,
	  cut_operands, cut_run },
	{ "head", "c:n:q", "head: cannot open '%s' for reading: %s\n", 1, false,
	  false, end_option, end_operands, end_run },
	{ "tail", "c:n:q", "tail: cannot open '%s' for reading: %s\n", 1, false,
	  false, end_option, end_operands, end_run },
	{ "tr", "cds", "", 1, false, false, NULL, tr_operands, tr_run },
	{ "sort", "nru", "sort: cannot read: %s: %s\n", 2, true, true, NULL,
	  filter_files, sort_run },
	{ "uniq", "cdu", "uniq: %s: %s\n", 1, false, false, NULL, one_file,
	  uniq_run },
	{ "wc", "clw", "wc: %s: %s\n", 1, false, false, NULL, wc_operands,
	  wc_run },
};

const struct filter *filter_find(const char *name)
{
	const char *base = strrchr(name, '/');
	size_t i;

	for (i = 0; i < ARRAY_SIZE(filters); i++)
		if (!strcmp(base ? base + 1 : name, filters[i].name))
			return &filters[i];
	return NULL;
}

/* The options of a word, and the value of its last one. */
static bool take_options(struct filtering *f, const char *word)
{
	const char *known, *value;

	for (word++; *word; word++) {
		known = *word == ':' ? NULL : strchr(f->f->options, *word);
		if (!known)
			return false;
		f->opt |= (uint64_t)1 << (*word & 0x3f);
		if (known[1] != ':')
			continue;
		value = word[1]		   ? word + 1
			: f->arg < f->argc ? f->argv[f->arg++]
					   : NULL;
		return value && f->f->option(f, *word, value);
	}
	return true;
}

static bool parse(struct filtering *f)
{
	const char *word;

	f->arg = 1;
	f->file = arena_array(f->a, f->argc, sizeof(*f->file));
	if (!f->file) {
		f->fatal = -ENOMEM;
		return false;
	}
	if (f->argc > 1 && f->f->option == end_option && f->argv[1][0] == '-' &&
	    filter_number(f->argv[1] + 1, strlen(f->argv[1] + 1)) >= 0)
		f->text = f->argv[f->arg++] + 1;
	/* No option behind an operand: which programs take it differs. */
	while (f->arg < f->argc) {
		word = f->argv[f->arg];
		if (word[0] != '-' || !word[1])
			break;
		f->arg++;
		if (!strcmp(word, "--"))
			break;
		if (!take_options(f, word))
			return false;
	}
	for (size_t i = f->arg; i < f->argc; i++)
		if (f->argv[i][0] == '-' && f->argv[i][1])
			return false;
	return f->f->operands(f) && !f->fatal;
}

bool filter_takes(const struct filter *f, const char *const *argv, size_t argc)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct filtering r = { .f = f, .argv = argv, .argc = argc, .a = &a };

	return parse(&r);
}

/* Returns -ENOMEM, -EINTR or 0, whatever could not be read. */
static int read_one(struct filtering *f, const struct filter_io *io,
		    const char *file, struct buf *text)
{
	int ret = io->read(io->ctx, file, text);

	if (!ret || ret == -ENOMEM || ret == -EINTR)
		return ret;
	f->status = f->f->status;
	f->done = f->f->fatal;
	if (!(f->f->name[0] == 'g' && filter_has(f, 's'))) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_addf(f->err, f->f->missing, file, strerror(-ret));
#pragma GCC diagnostic pop
	}
	return 1;
}

static void run_on(struct filtering *f, const char *file,
		   const struct buf *text)
{
	f->f->run(f, file,
		  (struct filter_text){ text->p ? text->p : "", text->len });
}

int filter_run(const struct filter *f, const char *const *argv, size_t argc,
	       const struct filter_io *io, int *ret_status)
{
	cleanup(arena_done) struct arena a = { 0 };
	cleanup(buf_done) struct buf text = { 0 };
	struct filtering r = { .f = f,
			       .argv = argv,
			       .argc = argc,
			       .a = &a,
			       .out = io->out,
			       .err = io->err };
	size_t i;
	int ret = 0;

	if (!parse(&r))
		return r.fatal ? r.fatal : -EINVAL;
	for (i = 0; i < (r.n_file ? r.n_file : 1) && !r.done; i++) {
		const char *file = r.n_file ? r.file[i] : "-";

		if (!f->whole)
			buf_reset(&text);
		else if (text.len && text.p[text.len - 1] != '\n')
			buf_addc(&text, '\n');
		ret = read_one(&r, io, file, &text);
		if (ret < 0)
			return ret;
		if (!ret && !f->whole)
			run_on(&r, file, &text);
	}
	if (f->whole && !r.done)
		run_on(&r, "-", &text);
	*ret_status = r.status;
	return text.failed ? -ENOMEM : r.fatal;
}
