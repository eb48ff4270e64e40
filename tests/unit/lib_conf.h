/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_LIB_CONF_H
#define WGQ_TESTS_LIB_CONF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "conf/conf.h"

#define KEY_A "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
#define PUB_A "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="
#define KEY_B "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define KEY_C "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define PEER(key) "[Peer]\nPublicKey = " key "\n"

/** struct loaded - a conf read through, its findings one a line */
struct loaded {
	struct conf conf;
	struct buf findings;
	int quick, device;
};

static inline void load_report(void *ctx, const struct conf_finding *f)
{
	struct loaded *l = ctx;

	buf_addf(&l->findings, "%c%u/%d %s\n",
		 f->severity == CONF_ERROR ? 'E' : 'W', f->line, f->status,
		 f->text);
}

/* Findings read "E<line>/<status> <text>" or "W<line>/0 <text>". */
static inline void load_n(struct loaded *l, const char *text, size_t len)
{
	memset(l, 0, sizeof(*l));
	l->conf.name = "wg0.conf";
	strcpy(l->conf.ifname, "wg0");
	l->quick = conf_parse(&l->conf, text, len, load_report, l);
	l->device = conf_parse_device(&l->conf, load_report, l);
	if (!l->findings.p)
		buf_adds(&l->findings, "");
}

static inline void load(struct loaded *l, const char *text)
{
	load_n(l, text, strlen(text));
}

static inline void unload(struct loaded *l)
{
	conf_done(&l->conf);
	buf_done(&l->findings);
}

#endif
