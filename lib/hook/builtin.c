// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hook/eval.h"

bool builtin_number(const char *s, long long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(s, &end, 10);
	if (errno || end == s)
		return false;
	return !end[strspn(end, " \t\n")];
}

/* echo -e: the value of an escape, from behind the backslash; -1 for `\c`. */
static int octal(const char **s, int digits)
{
	int v = 0;

	while (digits-- && **s >= '0' && **s <= '7')
		v = v * 8 + *(*s)++ - '0';
	return v & 255;
}

static int hex(const char **s)
{
	int v = 0, digits = 2, c;

	while (digits-- && isxdigit((unsigned char)**s)) {
		c = tolower((unsigned char)*(*s)++);
		v = v * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return v;
}

/* Escapes of one letter, each followed by what it stands for. */
static const char letters[] = "a\ab\be\033E\033f\fn\nr\rt\tv\v\\\\";

/* \u and \U: what is no ASCII stays as it is written, as LC_ALL is C. */
static bool unicode(const char **s, struct buf *out)
{
	size_t digits = strspn(*s + !!**s, "0123456789abcdefABCDEF");
	size_t most = **s == 'u' ? 4 : 8;
	char hex[9];
	unsigned long v;

	if ((**s != 'u' && **s != 'U') || !digits)
		return false;
	if (digits > most)
		digits = most;
	memcpy(hex, *s + 1, digits);
	hex[digits] = '\0';
	v = strtoul(hex, NULL, 16);
	if (v < 0x80)
		buf_addc(out, (char)v);
	else
		buf_addf(out, v < 0x10000 ? "\\u%04lX" : "\\U%08lX", v);
	*s += 1 + digits;
	return true;
}

/* From behind the backslash; false at `\c`. */
static bool escape(const char **s, struct buf *out)
{
	const char *l;

	for (l = letters; *l && *l != **s; l += 2)
		;
	if (**s && *l) {
		++*s;
		buf_addc(out, l[1]);
	} else if (**s == '0') {
		++*s;
		buf_addc(out, (char)octal(s, 3));
	} else if (**s == 'x' && isxdigit((unsigned char)(*s)[1])) {
		++*s;
		buf_addc(out, (char)hex(s));
	} else if (unicode(s, out)) {
		return true;
	} else if (**s == 'c') {
		return false;
	} else {
		buf_addc(out, '\\');
	}
	return true;
}

static bool add_escaped(struct buf *out, const char *s)
{
	while (*s) {
		if (*s != '\\') {
			buf_addc(out, *s++);
			continue;
		}
		s++;
		if (!escape(&s, out))
			return false;
	}
	return true;
}

static int print(struct eval *ev, const struct io *io, const char *name,
		 const struct buf *out)
{
	int err = eval_write(ev, &io->s[1], out);

	if (!err)
		return 0;
	eval_say(ev, io, "%s: write error: %s", name, strerror(-err));
	return 1;
}

static int echo(struct eval *ev, const char *const *argv, const struct io *io)
{
	cleanup(buf_done) struct buf out = {};
	bool newline = true, escapes = false;
	size_t n;

	for (argv++; *argv && **argv == '-' && (*argv)[1]; argv++) {
		n = 1 + strspn(*argv + 1, "neE");
		if ((*argv)[n])
			break;
		newline &= !strchr(*argv, 'n');
		for (n = 1; (*argv)[n]; n++)
			if ((*argv)[n] != 'n')
				escapes = (*argv)[n] == 'e';
	}
	for (; *argv; argv++) {
		if (!escapes)
			buf_adds(&out, *argv);
		else if (!add_escaped(&out, *argv))
			return print(ev, io, "echo", &out);
		if (argv[1])
			buf_addc(&out, ' ');
	}
	if (newline)
		buf_addc(&out, '\n');
	return print(ev, io, "echo", &out);
}

/* struct directive - %[flags][width][.precision]conversion */
struct directive {
	bool left, zero, plus, blank, alternate;
	size_t width;
	long precision; /* -1: none */
	char conversion;
};

static const char *read_directive(const char *s, struct directive *d)
{
	char *end;

	*d = (struct directive){ .precision = -1 };
	for (;; s++) {
		if (*s == '-')
			d->left = true;
		else if (*s == '0')
			d->zero = true;
		else if (*s == '+')
			d->plus = true;
		else if (*s == ' ')
			d->blank = true;
		else if (*s == '#')
			d->alternate = true;
		else
			break;
	}
	d->width = strtoul(s, &end, 10);
	s = end;
	if (*s == '.') {
		d->precision = strtol(s + 1, &end, 10);
		s = end;
	}
	d->conversion = *s;
	return s + 1;
}

static void pad(struct buf *out, char c, size_t have, size_t want)
{
	for (; have < want; have++)
		buf_addc(out, c);
}

static void add_string(struct buf *out, const struct directive *d,
		       const char *s, size_t len)
{
	if (d->precision >= 0 && (size_t)d->precision < len)
		len = (size_t)d->precision;
	if (!d->left)
		pad(out, ' ', len, d->width);
	buf_add(out, s, len);
	if (d->left)
		pad(out, ' ', len, d->width);
}

static void digits(char text[32], const struct directive *d, long long v)
{
	bool is_signed = d->conversion == 'd' || d->conversion == 'i';
	unsigned long long u = (unsigned long long)v;

	if (is_signed && v < 0)
		u = -u;
	if (d->conversion == 'x')
		snprintf(text, 32, "%llx", u);
	else if (d->conversion == 'X')
		snprintf(text, 32, "%llX", u);
	else if (d->conversion == 'o')
		snprintf(text, 32, "%llo", u);
	else
		snprintf(text, 32, "%llu", u);
}

static const char *sign(const struct directive *d, long long v)
{
	if (d->conversion == 'd' || d->conversion == 'i')
		return v < 0 ? "-" : d->plus ? "+" : d->blank ? " " : "";
	if (!d->alternate || !v)
		return "";
	return d->conversion == 'x' ? "0x" : d->conversion == 'X' ? "0X" : "";
}

static void add_integer(struct buf *out, const struct directive *d, long long v)
{
	const char *before = sign(d, v);
	char text[32];
	size_t n, min = 1, all;

	digits(text, d, v);
	n = strlen(text);
	if (d->precision >= 0)
		min = (size_t)d->precision;
	else if (d->zero && !d->left && d->width > strlen(before))
		min = d->width - strlen(before);
	if (!v && !d->precision)
		n = 0;
	if (d->conversion == 'o' && d->alternate && n >= min && *text != '0')
		min = n + 1;
	all = strlen(before) + (n > min ? n : min);
	if (!d->left)
		pad(out, ' ', all, d->width);
	buf_adds(out, before);
	pad(out, '0', n, min);
	buf_add(out, text, n);
	if (d->left)
		pad(out, ' ', all, d->width);
}

/* Lines go out as soon as they are complete: before a complaint, that is. */
static void flush_lines(struct eval *ev, const struct io *io, struct buf *out)
{
	struct buf lines = *out;
	char *end = out->p ? memrchr(out->p, '\n', out->len) : NULL;

	if (!end)
		return;
	lines.len = (size_t)(end + 1 - out->p);
	(void)eval_write(ev, &io->s[1], &lines);
	out->len -= lines.len;
	memmove(out->p, end + 1, out->len + 1);
}

/* An argument as a number; what is none counts as far as it is one. */
static long long integer(struct eval *ev, const char *s, const struct io *io,
			 struct buf *out, int *status)
{
	long long v;
	char *end;

	if (*s == '\'' || *s == '"')
		return (unsigned char)s[1];
	errno = 0;
	v = strtoll(s, &end, 0);
	if (*end || errno)
		flush_lines(ev, io, out);
	if (*end) {
		eval_say(ev, io, "printf: %s: invalid number", s);
		*status = 1;
	} else if (errno) {
		eval_say(ev, io, "printf: warning: %s: %s", s, strerror(errno));
	}
	return v;
}

/* Escapes of a format: as letters, or up to three octal digits. */
static const char *format_escape(const char *s, struct buf *out)
{
	if (*s >= '0' && *s <= '7') {
		buf_addc(out, (char)octal(&s, 3));
	} else if (*s == '"' || *s == '\'' || *s == '?') {
		buf_addc(out, *s++);
	} else {
		/* Those that are not known were refused when it was parsed. */
		(void)escape(&s, out);
	}
	return s;
}

/* The format once; how many arguments it took. */
static size_t format_once(struct eval *ev, const char *s,
			  const char *const *args, const struct io *io,
			  struct buf *out, int *status)
{
	const char *const *arg = args;
	const char *value;
	struct directive d;

	while (*s) {
		if (*s == '\\') {
			s = format_escape(s + 1, out);
			continue;
		}
		if (*s != '%' || s[1] == '%') {
			s += *s == '%';
			buf_addc(out, *s++);
			continue;
		}
		s = read_directive(s + 1, &d);
		value = *arg ? *arg++ : NULL;
		if (d.conversion == 's')
			add_string(out, &d, value ? value : "",
				   value ? strlen(value) : 0);
		else if (d.conversion == 'c')
			add_string(out, &d, value ? value : "", 1);
		else
			add_integer(out, &d,
				    value ? integer(ev, value, io, out, status)
					  : 0);
	}
	return (size_t)(arg - args);
}

int builtin_printf(struct eval *ev, const char *const *argv,
		   const struct io *io)
{
	cleanup(buf_done) struct buf out = {};
	const char *format;
	int status = 0, ret;
	size_t took;

	if (*argv && !strcmp(*argv, "--"))
		argv++;
	format = *argv++;
	do {
		took = format_once(ev, format, argv, io, &out, &status);
		argv += took;
	} while (took && *argv && !ev->fatal);
	ret = print(ev, io, "printf", &out);
	return ret ? ret : status;
}

static int leave(struct eval *ev, const char *const *argv, const struct io *io)
{
	long long v = ev->status;

	if (argv[1] && argv[2]) {
		eval_say(ev, io, "%s: too many arguments", argv[0]);
		return 1;
	}
	ev->leaving = true;
	if (!argv[1] || builtin_number(argv[1], &v))
		return (int)(v & 255);
	eval_say(ev, io, "%s: %s: numeric argument required", argv[0], argv[1]);
	return 2;
}

static int shift(struct eval *ev, const char *const *argv)
{
	size_t n = argv[1] ? strtoul(argv[1], NULL, 10) : 1;

	if (n > ev->sh.n_args)
		return 1;
	ev->sh.args += n;
	ev->sh.n_args -= n;
	return 0;
}

/* Words of set were checked when it was parsed. */
static void set(struct eval *ev, const char *const *argv)
{
	const char *name;
	bool on;

	for (argv++; *argv; argv++) {
		on = **argv == '-';
		name = (*argv)[1] == 'o' ? *++argv : "errexit";
		if (!strcmp(name, "errexit"))
			ev->sh.errexit = on;
		else
			ev->sh.pipefail = on;
	}
}

static int break_loops(struct eval *ev, const char *const *argv, bool again)
{
	ev->breaks = argv[1] ? (unsigned int)(argv[1][0] - '0') : 1;
	ev->again = again;
	return 0;
}

int builtin_run(struct eval *ev, const struct node *n, const char *const *argv,
		const struct io *io)
{
	size_t argc = 0;

	while (argv[argc])
		argc++;
	switch (n->builtin) {
	case BUILTIN_NONE:
	case BUILTIN_TRUE:
	case BUILTIN_EXPORT:
		return 0;
	case BUILTIN_FALSE:
		return 1;
	case BUILTIN_ECHO:
		return echo(ev, argv, io);
	case BUILTIN_PRINTF:
		return builtin_printf(ev, argv + 1, io);
	case BUILTIN_TEST:
		return builtin_test(ev, argv, argc, io);
	case BUILTIN_BRACKET:
		if (!strcmp(argv[argc - 1], "]") && argc > 1)
			return builtin_test(ev, argv, argc - 1, io);
		eval_say(ev, io, "[: missing `]'");
		return 2;
	case BUILTIN_EXIT:
		return leave(ev, argv, io);
	case BUILTIN_UNSET:
		for (argv++; *argv; argv++)
			var_unset(ev, *argv);
		return 0;
	case BUILTIN_SET:
		set(ev, argv);
		return 0;
	case BUILTIN_SHIFT:
		return shift(ev, argv);
	case BUILTIN_BREAK:
		return break_loops(ev, argv, false);
	case BUILTIN_CONTINUE:
		return break_loops(ev, argv, true);
	}
	return 0;
}
