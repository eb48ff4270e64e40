/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_SYS_TABLES_H
#define WGQ_SYS_TABLES_H

#include "base/buf.h"
#include "base/err.h"

/**
 * tables_read() - the names of routing tables, as text (contract TBL-1)
 * @root:	prefix of /etc and /usr, "" but in tests
 * @ret:	the content of the files is appended, each ended by an LF, those
 *		that win over others last; conf_parse_table() reads it
 * @e:		filled on failure
 *
 * iproute2 up to 6.4 knows /etc/iproute2 alone; later ones take rt_tables from
 * there or, where it is missing, from /usr/share/iproute2 (/usr/lib/iproute2
 * in some distributions), then rt_tables.d of both, a file of the one in /etc
 * hiding the file of the same name in the other.  Files that are not there
 * or cannot be read are passed over, as iproute2 does.
 *
 * Return: 0 or -ENOMEM.
 */
int tables_read(const char *root, struct buf *ret, struct wgq_err *e)
	__attribute__((warn_unused_result));

#endif
