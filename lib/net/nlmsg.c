// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "net/nl.h"

void nlmsg_begin(struct nlmsg *m, uint16_t type, uint16_t flags,
		 const void *hdr, size_t len)
{
	struct nlmsghdr *nlh;

	m->full = m->size < MNL_NLMSG_HDRLEN + MNL_ALIGN(len);
	if (m->full)
		return;
	nlh = mnl_nlmsg_put_header(m->buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), hdr, len);
}

void nlmsg_put(struct nlmsg *m, uint16_t type, const void *data, size_t len)
{
	if (m->full)
		return;
	if (len > UINT16_MAX - MNL_ATTR_HDRLEN ||
	    !mnl_attr_put_check(nlmsg_hdr(m), m->size, type, len, data))
		m->full = true;
}

void nlmsg_put_u8(struct nlmsg *m, uint16_t type, uint8_t v)
{
	nlmsg_put(m, type, &v, sizeof(v));
}

void nlmsg_put_u16(struct nlmsg *m, uint16_t type, uint16_t v)
{
	nlmsg_put(m, type, &v, sizeof(v));
}

void nlmsg_put_u32(struct nlmsg *m, uint16_t type, uint32_t v)
{
	nlmsg_put(m, type, &v, sizeof(v));
}

void nlmsg_put_be32(struct nlmsg *m, uint16_t type, uint32_t v)
{
	nlmsg_put_u32(m, type, htonl(v));
}

void nlmsg_put_str(struct nlmsg *m, uint16_t type, const char *s)
{
	nlmsg_put(m, type, s, strlen(s) + 1);
}

size_t nlmsg_mark(const struct nlmsg *m)
{
	return m->full ? SIZE_MAX : nlmsg_hdr(m)->nlmsg_len;
}

void nlmsg_rollback(struct nlmsg *m, size_t mark)
{
	if (mark == SIZE_MAX)
		return;
	nlmsg_hdr(m)->nlmsg_len = mark;
	m->full = false;
}

size_t nlmsg_nest(struct nlmsg *m, uint16_t type)
{
	size_t nest = nlmsg_mark(m);

	nlmsg_put(m, type, NULL, 0);
	return nest;
}

void nlmsg_nest_end(struct nlmsg *m, size_t nest)
{
	struct nlmsghdr *nlh;
	struct nlattr *attr;
	size_t len;

	if (m->full)
		return;
	nlh = nlmsg_hdr(m);
	len = nlh->nlmsg_len - nest;
	attr = (struct nlattr *)((char *)nlh + nest);
	if (len > UINT16_MAX)
		m->full = true;
	else
		attr->nla_len = len;
}

void nlmsg_nest_cancel(struct nlmsg *m, size_t nest)
{
	nlmsg_rollback(m, nest);
}
