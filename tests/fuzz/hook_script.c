// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/script.h"

/*
 * The text is parsed, and what is understood is walked through and evaluated
 * in a world that is made up: commands print and fail as their words have it,
 * and after some the evaluation is ended.  What the evaluator promises to
 * those who carry out its calls has to hold.
 */
struct world {
	int left;  /* calls until it ends */
	int files; /* that are open */
};

static unsigned int hash(const char *s)
{
	unsigned int h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

static void check_call(const struct hook_call *c, size_t i, size_t n)
{
	size_t k;

	if (!c->argc || c->argv[c->argc] || !c->env)
		abort();
	for (k = 0; k < c->argc; k++)
		if (!c->argv[k])
			abort();
	if (c->io[0].kind == HOOK_PIPE && !i)
		abort();
	if (c->io[1].kind == HOOK_PIPE && i + 1 == n)
		abort();
	for (k = 0; k < 3; k++)
		if (c->io[k].kind == HOOK_FD && c->io[k].fd < 0)
			abort();
	if (c->io[0].kind == HOOK_TEXT && !c->io[0].text)
		abort();
}

static void print(const struct hook_call *c)
{
	unsigned int h = hash(c->argv[c->argc - 1]);

	if (c->io[1].kind != HOOK_TEXT)
		return;
	if (h % 3)
		buf_addf(c->io[1].out, "%s * %u\n\n", c->argv[c->argc - 1],
			 h % 7);
	else
		buf_addc(c->io[1].out, (char)h);
	/* What feeds itself is not to grow for ever. */
	if (c->io[1].out->len > 4096)
		buf_reset(c->io[1].out);
}

static int op_run(void *ctx, const struct hook_call *calls, size_t n,
		  int *statuses, struct wgq_err *e)
{
	struct world *w = ctx;
	size_t i;

	if (!n)
		abort();
	for (i = 0; i < n; i++) {
		check_call(&calls[i], i, n);
		print(&calls[i]);
		statuses[i] = (int)(hash(calls[i].argv[0]) % 3);
	}
	return --w->left ? 0 : err_set(e, -EINTR, "enough");
}

static int op_open(void *ctx, const char *path, int flags, int *ret_fd)
{
	struct world *w = ctx;

	(void)flags;
	if (hash(path) % 5 == 0)
		return -ENOENT;
	w->files++;
	*ret_fd = 3 + (int)(hash(path) % 100);
	return 0;
}

static void op_close(void *ctx, int fd)
{
	struct world *w = ctx;

	if (fd < 3 || --w->files < 0)
		abort();
}

static int op_write(void *ctx, int fd, const void *data, size_t len)
{
	struct world *w = ctx;

	if (fd < 0 || !data || !len || (fd > 2 && !w->files))
		abort();
	return fd % 7 == 6 ? -ENOSPC : 0;
}

static bool op_test(void *ctx, char test, const char *path)
{
	(void)ctx;
	if (!strchr("abcdefghkprsuwxLS", test))
		abort();
	return hash(path) % 2;
}

static int op_glob(void *ctx, const char *pattern, struct arena *a,
		   const char *const **ret_paths, size_t *ret_n)
{
	static const char *const files[] = { "a", "b c" };

	(void)ctx;
	(void)a;
	*ret_paths = files;
	*ret_n = hook_match(pattern, files[0]) ? 2 : 0;
	return 0;
}

static const char *op_home(void *ctx, const char *user, struct arena *a)
{
	(void)ctx;
	(void)a;
	return hash(user) % 2 ? "/home" : NULL;
}

static int op_poll(void *ctx)
{
	struct world *w = ctx;

	return --w->left > 0 ? 0 : -EINTR;
}

static const struct hook_ops ops = {
	.run = op_run,
	.open = op_open,
	.close = op_close,
	.write = op_write,
	.test = op_test,
	.glob = op_glob,
	.home = op_home,
	.poll = op_poll,
};

static int seen(void *ctx, const struct hook_command *c)
{
	size_t *n = ctx;

	if (!c->n || c->name != c->words[0])
		abort();
	++*n;
	return 0;
}

static void evaluate(const struct hook_script *script)
{
	static const char *const env[] = { "HOME=/root", "x=a  b", "PATH=/bin",
					   NULL };
	static const char *const args[] = { "one", "t w o", "" };
	static const struct hook_var vars[] = { { "INTERFACE", "wg0" },
						{ "x", "*" } };
	const struct hook_world w = {
		.env = env,
		.vars = vars,
		.n_vars = 2,
		.args = args,
		.n_args = 3,
		.self = "wgq",
		.prefix = "wgq: ",
	};
	struct world world = { .left = 200 };
	struct wgq_err e = { 0 };
	int status = -1, err;

	err = hook_script_run(script, &w, &ops, &world, &status, &e);
	if (world.files)
		abort();
	if (err ? err != -EINTR || !e.code : status < 0 || status > 255)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hook_script *script;
	struct arena a = {};
	const char *why, *text;
	size_t n = 0;

	text = arena_strndup(&a, (const char *)data, size);
	if (!text || hook_script_parse(text, &a, &script, &why))
		abort();
	if (!script == !why)
		abort();
	if (script && hook_script_commands(script, seen, &n))
		abort();
	if (script)
		evaluate(script);
	arena_done(&a);
	return 0;
}
