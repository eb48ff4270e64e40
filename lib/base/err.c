// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct wgq_err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e->code)
		return code;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return code;
}

int err_sys(struct wgq_err *e, int code, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	if (e->code)
		return code;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", strerror(-code));
	return code;
}

/* What does not fit is lost from the end: the context is what tells where. */
static void prepend(struct wgq_err *e, const char *ctx)
{
	size_t len = strlen(ctx) + 2, room = sizeof(e->msg) - len;
	size_t old = strlen(e->msg);

	if (old >= room)
		old = room - 1;
	memmove(e->msg + len, e->msg, old);
	e->msg[len + old] = '\0';
	memcpy(e->msg, ctx, len - 2);
	memcpy(e->msg + len - 2, ": ", 2);
}

int err_ctx(struct wgq_err *e, const char *fmt, ...)
{
	char ctx[256];
	va_list ap;

	if (!e->code)
		return 0;
	va_start(ap, fmt);
	vsnprintf(ctx, sizeof(ctx), fmt, ap);
	va_end(ap);
	prepend(e, ctx);
	return e->code;
}

int err_at(struct wgq_err *e, const char *file, unsigned int line)
{
	if (!line)
		return err_ctx(e, "%s", file);
	return err_ctx(e, "%s:%u", file, line);
}

int err_status(struct wgq_err *e, int status)
{
	e->status = status;
	return e->code;
}
