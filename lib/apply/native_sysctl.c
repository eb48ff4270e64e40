// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "apply/hook.h"
#include "apply/native.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "sys/file.h"
#include "sys/sysctl.h"

/** struct options - those of sysctl that hooks use */
struct options {
	bool write, quiet, values, ignore;
};

/** struct setting - a word taken apart: "key", or "key=value" */
struct setting {
	char key[SYSCTL_PATH_MAX];
	const char *value;
	char text[SYSCTL_VALUE_MAX];
};

static bool parse_option(const char *s, struct options *o)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {
		{ "--write", 'w' },
		{ "--quiet", 'q' },
		{ "--values", 'n' },
		{ "--ignore", 'e' },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(s, names[i].name))
			s = (const char[]){ '-', names[i].c, '\0' };
	for (s++; *s; s++) {
		o->write |= *s == 'w';
		o->quiet |= *s == 'q';
		o->values |= *s == 'n';
		o->ignore |= *s == 'e';
		if (!strchr("wqne", *s))
			return false;
	}
	return true;
}

static size_t trim(const char **s, size_t len)
{
	while (len && strchr(" \t\r\n\v\f", **s)) {
		++*s;
		len--;
	}
	while (len && strchr(" \t\r\n\v\f", (*s)[len - 1]))
		len--;
	return len;
}

/* With the key as a path: in that form every name can be written. */
static bool parse_setting(const char *word, struct setting *ret)
{
	const char *eq = strchr(word, '='), *key = word, *value = eq;
	size_t len = trim(&key, eq ? (size_t)(eq - word) : strlen(word));
	char name[SYSCTL_PATH_MAX];
	struct wgq_err e = { 0 };

	if (len >= sizeof(name) || !len || memchr(key, '*', len) ||
	    memchr(key, '?', len) || memchr(key, '[', len) ||
	    memchr(key, '\\', len))
		return false;
	memcpy(name, key, len);
	name[len] = '\0';
	if (sysctl_path("", name, ret->key, &e))
		return false;
	ret->value = NULL;
	if (!value)
		return true;
	value++;
	len = trim(&value, strlen(value));
	if (len >= sizeof(ret->text) - 1)
		return false;
	memcpy(ret->text, value, len);
	ret->text[len] = '\0';
	ret->value = ret->text;
	return true;
}

static bool parse(const char *const *argv, size_t argc, struct options *o,
		  size_t *ret_words)
{
	struct setting s;
	bool all = false;
	size_t i;

	for (i = 1; i < argc; i++) {
		if (!all && !strcmp(argv[i], "--")) {
			all = true;
		} else if (!all && argv[i][0] == '-' && argv[i][1]) {
			if (!parse_option(argv[i], o))
				return false;
		} else if (!parse_setting(argv[i], &s)) {
			return false;
		} else {
			++*ret_words;
		}
	}
	return *ret_words;
}

static bool takes(const char *const *argv, size_t argc, const char **why)
{
	struct options o = { 0 };
	size_t words = 0;

	if (parse(argv, argc, &o, &words))
		return true;
	if (why)
		*why = "sysctl has options here that only the program knows";
	return false;
}

/* "/net/ipv4/conf/eth0.1/x" to "net.ipv4.conf.eth0/1.x" */
static void print_key(const char *key, struct buf *out)
{
	for (key++; *key; key++)
		buf_addc(out, *key == '/' ? '.' : *key == '.' ? '/' : *key);
}

static void print_value(const struct options *o, const char *key,
			const char *value, size_t len, struct buf *out)
{
	if (!o->values) {
		print_key(key, out);
		buf_adds(out, " = ");
	}
	buf_add(out, value, len);
	buf_addc(out, '\n');
}

int run_remember_sysctl(struct run *r, const char *key, const char *value,
			struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };
	char old[SYSCTL_VALUE_MAX];
	struct wgq_err unknown = { 0 };
	const char *p;

	if (r->undoing || sysctl_read(r->sysctls, key, old, &unknown) ||
	    strchr(old, '\n') || (value && !strcmp(old, value)))
		return 0;
	buf_addf(&text, "sysctl -qw '%s=", key);
	for (p = old; *p; p++)
		if (*p == '\'')
			buf_adds(&text, "'\\''");
		else
			buf_addc(&text, *p);
	buf_addc(&text, '\'');
	if (text.failed)
		return err_sys(e, -ENOMEM, "journal");
	r->journal.n_undo_before = r->journal.n_undo;
	return run_remember_text(r, &text, e);
}

/* What only a look at the file can tell; it comes before the write. */
static bool may_set(const struct native_call *c, const struct options *o,
		    const struct setting *s, int *ret_status)
{
	char path[SYSCTL_PATH_MAX];
	struct wgq_err e = { 0 };
	struct stat st;

	if (sysctl_path(c->r->sysctls, s->key + 1, path, &e) ||
	    stat(path, &st)) {
		if (!o->ignore) {
			buf_addf(c->err,
				 "sysctl: cannot stat " SYSCTL_ROOT "%s: %s\n",
				 s->key, strerror(e.code ? -e.code : errno));
			*ret_status = 1;
		}
		return false;
	}
	if (!S_ISDIR(st.st_mode) && (st.st_mode & S_IWUSR))
		return true;
	/* procps passes it over, and says so with what errno happens to be. */
	buf_adds(c->err, "sysctl: setting key \"");
	print_key(s->key, c->err);
	buf_adds(c->err, "\": Invalid argument\n");
	return false;
}

static int set(const struct native_call *c, const struct options *o,
	       const struct setting *s, int *ret_status, struct wgq_err *e)
{
	struct wgq_err why = { 0 };
	int ret, code;

	if (!may_set(c, o, s, ret_status))
		return 0;
	ret = run_remember_sysctl(c->r, s->key + 1, s->value, e);
	if (ret)
		return ret;
	code = c->r->host->sysctl_write(c->r->sysctls, s->key + 1, s->value,
					&why);
	if (!code) {
		if (!o->quiet)
			print_value(o, s->key, s->value, strlen(s->value),
				    c->out);
		return 0;
	}
	*ret_status = 1;
	if (code == -EACCES || code == -EPERM || code == -EROFS)
		buf_adds(c->err, "sysctl: permission denied on key \"");
	else
		buf_adds(c->err, "sysctl: setting key \"");
	print_key(s->key, c->err);
	if (code == -EACCES || code == -EPERM || code == -EROFS)
		buf_adds(c->err, "\"\n");
	else
		buf_addf(c->err, "\": %s\n", strerror(-code));
	return 0;
}

static int get(const struct native_call *c, const struct options *o,
	       const struct setting *s, int *ret_status, struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };
	struct wgq_err why = { 0 };
	char path[PATH_MAX];
	struct stat st;
	char *p, *end;

	snprintf(path, sizeof(path), "%s%s", c->r->sysctls, s->key);
	if (stat(path, &st)) {
		if (o->ignore)
			return 0;
		buf_addf(c->err, "sysctl: cannot stat " SYSCTL_ROOT "%s: %s\n",
			 s->key, strerror(errno));
		++*ret_status;
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return err_set(e, -EOPNOTSUPP, "%s: is a directory", s->key);
	if (!(st.st_mode & S_IRUSR))
		return 0;
	if (file_read(path, FILE_READ_MAX, &text, &why)) {
		buf_adds(c->err, "sysctl: reading key \"");
		print_key(s->key, c->err);
		buf_addf(c->err, "\": %s\n", strerror(-why.code));
		*ret_status += why.code != -EINVAL;
		return 0;
	}
	for (p = text.p; p && p < text.p + text.len; p = end + 1) {
		end = strchrnul(p, '\n');
		print_value(o, s->key, p, (size_t)(end - p), c->out);
	}
	return 0;
}

/* What is read is read at once, what is set is set after it. */
static int run(const struct native_call *c, int *ret_status, struct wgq_err *e)
{
	struct options o = { 0 };
	size_t i, words = 0;
	struct setting s;
	bool all, sets;
	int ret = 0, pass, status = 0;

	*ret_status = 0;
	parse(c->argv, c->argc, &o, &words);
	for (pass = 0; pass < 2; pass++) {
		all = false;
		for (i = 1; i < c->argc && !ret; i++) {
			if (!all && c->argv[i][0] == '-' && c->argv[i][1]) {
				all = !strcmp(c->argv[i], "--");
				continue;
			}
			parse_setting(c->argv[i], &s);
			sets = o.write || s.value;
			if (sets && !s.value && !pass) {
				buf_adds(c->err, "sysctl: command line(0): "
						 "invalid syntax, "
						 "continuing...\n");
				status = 1;
			} else if (sets && s.value && pass) {
				ret = set(c, &o, &s, &status, e);
			} else if (!sets && !pass) {
				ret = get(c, &o, &s, ret_status, e);
			}
		}
	}
	*ret_status += status;
	return ret;
}

const struct native native_sysctl = { .takes = takes, .run = run };
