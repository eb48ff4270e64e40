// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/dns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "sys/dns_file.h"
#include "sys/file.h"

#define SMALL_FILE ((size_t)1 << 20)
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/*
 * struct dns_ops - what a manager does; contracts as in dns.h.  An edited file
 * needs no @del: dns_del() always restores it.
 */
struct dns_ops {
	void (*print_add)(const struct dns *dns, const char *ifname,
			  const struct dns_servers *s, struct buf *out);
	void (*print_del)(const struct dns *dns, const char *ifname,
			  struct buf *out);
	int (*add)(const struct dns *dns, const char *ifname,
		   const struct dns_servers *s, struct wgq_err *e);
	int (*del)(const struct dns *dns, const char *ifname,
		   struct wgq_err *e);
	int (*list)(const struct dns *dns, const char *ifname, struct buf *ret,
		    struct wgq_err *e);
};

/* What resolvconf gets on stdin, and resolv.conf as its content (UP-18). */
static void print_lines(const struct dns_servers *s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s->n_server; i++)
		buf_addf(out, "nameserver %s\n", s->server[i]);
	for (i = 0; i < s->n_search; i++)
		buf_addf(out, "%s %s", i ? "" : "search", s->search[i]);
	if (s->n_search)
		buf_addc(out, '\n');
}

/* The values of nameserver lines, of the characters that wg-quick allows. */
static void take_servers(const char *text, size_t size, struct buf *ret)
{
	const char *end = text + size;
	const char *p, *value;
	size_t len;

	for (p = text; p < end; p += len + 1) {
		len = strcspn(p, "\n");
		value = p + strlen("nameserver ");
		if (len <= strlen("nameserver ") ||
		    strncmp(p, "nameserver ", strlen("nameserver ")) ||
		    strspn(value, ALNUM "_=+:%.-") != (size_t)(p + len - value))
			continue;
		buf_add(ret, value, (size_t)(p + len - value));
		buf_addc(ret, '\n');
	}
}

static int run_resolvconf(const struct dns *dns, const char *const *argv,
			  const struct buf *in, struct buf *out, bool quiet,
			  int *ret_status, struct wgq_err *e)
{
	const struct exec x = {
		.path = dns->program,
		.argv = argv,
		.envp = dns->env->envp,
		.input = in ? in->p : NULL,
		.input_len = in ? in->len : 0,
		.output = out,
		.output_max = SMALL_FILE,
		.quiet = quiet,
		.stop = dns->env->stop,
	};

	return exec_run(&x, ret_status, e);
}

static int failed(const char *const *argv, int status, struct wgq_err *e)
{
	err_set(e, -EPROTO, "%s %s %s: exit status %d", argv[0], argv[1],
		argv[2], status);
	err_status(e, status);
	return -EPROTO;
}

static void name_of(const struct dns *dns, const char *ifname, char out[96])
{
	snprintf(out, 96, "%s%s", dns->prefix, ifname);
}

static void resolvconf_print_add(const struct dns *dns, const char *ifname,
				 const struct dns_servers *s, struct buf *out)
{
	(void)s;
	buf_addf(out, "resolvconf -a %s%s -m 0 -x", dns->prefix, ifname);
}

static void resolvconf_print_del(const struct dns *dns, const char *ifname,
				 struct buf *out)
{
	buf_addf(out, "resolvconf -d %s%s -f", dns->prefix, ifname);
}

static int resolvconf_add(const struct dns *dns, const char *ifname,
			  const struct dns_servers *s, struct wgq_err *e)
{
	cleanup(buf_done) struct buf in = {};
	char name[96];
	const char *const argv[] = { "resolvconf", "-a", name, "-m",
				     "0",	   "-x", NULL };
	int err, status;

	name_of(dns, ifname, name);
	print_lines(s, &in);
	if (in.failed)
		return err_sys(e, -ENOMEM, "resolvconf");
	err = run_resolvconf(dns, argv, &in, NULL, false, &status, e);
	if (err)
		return err;
	return status ? failed(argv, status, e) : 0;
}

static int resolvconf_del(const struct dns *dns, const char *ifname,
			  struct wgq_err *e)
{
	char name[96];
	const char *const argv[] = { "resolvconf", "-d", name, "-f", NULL };
	int err, status;

	name_of(dns, ifname, name);
	err = run_resolvconf(dns, argv, NULL, NULL, false, &status, e);
	if (err)
		return err;
	return status ? failed(argv, status, e) : 0;
}

static int resolvconf_list(const struct dns *dns, const char *ifname,
			   struct buf *ret, struct wgq_err *e)
{
	cleanup(buf_done) struct buf out = {};
	struct wgq_err ignored = {};
	char name[96], path[PATH_MAX];
	const char *const argv[] = { "resolvconf", "-l", name, NULL };
	int err, status;

	name_of(dns, ifname, name);
	err = run_resolvconf(dns, argv, NULL, &out, true, &status, &ignored);
	if (err == -EINTR || err == -ENOMEM)
		return err_set(e, err, "%s", ignored.msg);
	if (err || status) {
		buf_reset(&out);
		snprintf(path, sizeof(path),
			 "%s/etc/resolvconf/run/interface/%s", dns->env->root,
			 name);
		if (file_read(path, SMALL_FILE, &out, &ignored))
			return 0;
	}
	if (out.p)
		take_servers(out.p, out.len, ret);
	return ret->failed ? err_sys(e, -ENOMEM, "resolvconf") : 0;
}

/* A line that a shell would write the same content by, but for the comment. */
static void edit_print_add(const struct dns *dns, const char *ifname,
			   const struct dns_servers *s, struct buf *out)
{
	size_t i;

	(void)ifname;
	buf_adds(out, "printf '%s\\n'");
	for (i = 0; i < s->n_server; i++)
		buf_addf(out, " 'nameserver %s'", s->server[i]);
	for (i = 0; i < s->n_search; i++)
		buf_addf(out, i ? " %s" : " 'search %s", s->search[i]);
	buf_addf(out, "%s > %s/etc/resolv.conf", s->n_search ? "'" : "",
		 dns->env->root);
}

static void edit_print_del(const struct dns *dns, const char *ifname,
			   struct buf *out)
{
	buf_addf(out, ": restore %s/etc/resolv.conf after %s", dns->env->root,
		 ifname);
}

static int edit_add(const struct dns *dns, const char *ifname,
		    const struct dns_servers *s, struct wgq_err *e)
{
	cleanup(buf_done) struct buf lines = {};

	print_lines(s, &lines);
	if (lines.failed)
		return err_sys(e, -ENOMEM, "resolv.conf");
	return dns_file_add(dns->env, ifname, &lines, e);
}

static int edit_list(const struct dns *dns, const char *ifname, struct buf *ret,
		     struct wgq_err *e)
{
	cleanup(buf_done) struct buf lines = {};
	int err = dns_file_lines(dns->env, ifname, &lines, e);

	if (err)
		return err;
	if (lines.p)
		take_servers(lines.p, lines.len, ret);
	return lines.failed || ret->failed ? err_sys(e, -ENOMEM, "resolv.conf")
					   : 0;
}

static const struct dns_ops resolvconf_ops = {
	.print_add = resolvconf_print_add,
	.print_del = resolvconf_print_del,
	.add = resolvconf_add,
	.del = resolvconf_del,
	.list = resolvconf_list,
};

static const struct dns_ops edit_ops = {
	.print_add = edit_print_add,
	.print_del = edit_print_del,
	.add = edit_add,
	.list = edit_list,
};

/*
 * The stem of the first line that is a stem and a star (UP-19).  Blanks around
 * do not count; a last line without LF does not either.
 */
static void find_prefix(const char *text, char prefix[64])
{
	size_t len, stem;

	for (; strchr(text, '\n'); text += len + 1) {
		len = strcspn(text, "\n");
		while (len && strchr(" \t", *text)) {
			text++;
			len--;
		}
		stem = strspn(text, ALNUM "-");
		if (!stem || stem > 62 || text[stem] != '*' ||
		    stem + 1 + strspn(text + stem + 1, " \t") != len)
			continue;
		snprintf(prefix, 64, "%.*s.", (int)stem, text);
		return;
	}
}

/* Only Debian's own resolvconf orders interfaces; the others are symlinks. */
static void choose_prefix(struct dns *dns)
{
	cleanup(buf_done) struct buf text = {};
	struct wgq_err ignored = {};
	char path[PATH_MAX];
	struct stat st;

	if (lstat(dns->program, &st) || S_ISLNK(st.st_mode))
		return;
	snprintf(path, sizeof(path), "%s/etc/resolvconf/interface-order",
		 dns->env->root);
	if (stat(path, &st) || !S_ISREG(st.st_mode) ||
	    file_read(path, SMALL_FILE, &text, &ignored) || !text.p)
		return;
	find_prefix(text.p, dns->prefix);
}

int dns_choose(const struct dns_env *env, struct dns *ret_dns,
	       struct wgq_err *e)
{
	struct dns dns = { .ops = &resolvconf_ops, .env = env };
	struct wgq_err missing = {};
	int err;

	err = exec_find(env->path, "resolvconf", dns.program, &missing);
	if (err == -ENOENT) {
		dns.ops = &edit_ops;
		dns.program[0] = '\0';
	} else if (err) {
		err_set(e, err, "%s", missing.msg);
		return err_status(e, missing.status);
	} else {
		choose_prefix(&dns);
	}
	*ret_dns = dns;
	return 0;
}

bool dns_edits_file(const struct dns *dns)
{
	return dns->ops == &edit_ops;
}

void dns_print_add(const struct dns *dns, const char *ifname,
		   const struct dns_servers *servers, struct buf *out)
{
	dns->ops->print_add(dns, ifname, servers, out);
}

void dns_print_del(const struct dns *dns, const char *ifname, struct buf *out)
{
	dns->ops->print_del(dns, ifname, out);
}

int dns_add(const struct dns *dns, const char *ifname,
	    const struct dns_servers *servers, struct wgq_err *e)
{
	return dns->ops->add(dns, ifname, servers, e);
}

int dns_del(const struct dns *dns, const char *ifname, struct wgq_err *e)
{
	int err = dns_file_del(dns->env, ifname, e);
	int other = dns->ops->del ? dns->ops->del(dns, ifname, e) : 0;

	return err ? err : other;
}

int dns_list(const struct dns *dns, const char *ifname, struct buf *ret,
	     struct wgq_err *e)
{
	return dns->ops->list(dns, ifname, ret, e);
}
