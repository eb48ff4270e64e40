// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static void report(struct conf_sink *sink, struct conf_finding f,
		   const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* Texts are bounded, since quotes and hints are. */
static void report(struct conf_sink *sink, struct conf_finding f,
		   const char *fmt, va_list ap)
{
	char text[512];

	if (!sink->report)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	f.text = arena_printf(&sink->conf->arena, "%s", text);
	if (f.text)
		sink->report(sink->ctx, &f);
	else
		sink->no_memory = true;
}

void conf_error(struct conf_sink *sink, unsigned int line, int status,
		const char *fmt, ...)
{
	struct conf_finding f = { .severity = CONF_ERROR,
				  .line = line,
				  .status = status };
	va_list ap;

	sink->failed = true;
	va_start(ap, fmt);
	report(sink, f, fmt, ap);
	va_end(ap);
}

void conf_warn(struct conf_sink *sink, unsigned int line, const char *fmt, ...)
{
	struct conf_finding f = { .severity = CONF_WARNING, .line = line };
	va_list ap;

	va_start(ap, fmt);
	report(sink, f, fmt, ap);
	va_end(ap);
}

int conf_result(const struct conf_sink *sink)
{
	if (sink->no_memory)
		return -ENOMEM;
	return sink->failed ? -EINVAL : 0;
}
