// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/nft_attr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

void nft_attrs_read(struct nft_attrs *at, const void *p, size_t len)
{
	const struct nlattr *a = p;
	size_t step;

	memset(at, 0, sizeof(*at));
	while (len >= sizeof(*a)) {
		if (a->nla_len < sizeof(*a) || a->nla_len > len) {
			at->bad = true;
			return;
		}
		if (mnl_attr_get_type(a) < NFT_ATTRS)
			at->tb[mnl_attr_get_type(a)] = a;
		/* The last one need not be padded. */
		step = MNL_ALIGN(a->nla_len);
		if (step > len)
			step = len;
		len -= step;
		a = (const void *)((const char *)a + step);
	}
	at->bad = len != 0;
}

void nft_attrs_nest(struct nft_attrs *at, const struct nlattr *nest)
{
	if (nest)
		nft_attrs_read(at, mnl_attr_get_payload(nest),
			       mnl_attr_get_payload_len(nest));
	else
		memset(at, 0, sizeof(*at));
}

uint32_t nft_attr_u32(struct nft_attrs *at, unsigned int type)
{
	const struct nlattr *a = at->tb[type];

	if (!a)
		return 0;
	if (mnl_attr_get_payload_len(a) < sizeof(uint32_t)) {
		at->bad = true;
		return 0;
	}
	return ntohl(mnl_attr_get_u32(a));
}

uint64_t nft_attr_u64(struct nft_attrs *at, unsigned int type)
{
	const struct nlattr *a = at->tb[type];

	if (!a)
		return 0;
	if (mnl_attr_get_payload_len(a) < sizeof(uint64_t)) {
		at->bad = true;
		return 0;
	}
	return be64toh(mnl_attr_get_u64(a));
}

const char *nft_attr_str(struct nft_attrs *at, unsigned int type)
{
	const struct nlattr *a = at->tb[type];

	if (!a)
		return NULL;
	if (!memchr(mnl_attr_get_payload(a), 0, mnl_attr_get_payload_len(a))) {
		at->bad = true;
		return NULL;
	}
	return mnl_attr_get_str(a);
}

const uint8_t *nft_attr_data(struct nft_attrs *at, unsigned int type,
			     size_t *ret_len)
{
	struct nft_attrs data;
	const struct nlattr *v;

	*ret_len = 0;
	nft_attrs_nest(&data, at->tb[type]);
	at->bad |= data.bad;
	v = data.tb[NFTA_DATA_VALUE];
	if (data.bad || !v)
		return NULL;
	*ret_len = mnl_attr_get_payload_len(v);
	return mnl_attr_get_payload(v);
}

static void put_header(struct buf *b, unsigned int type, size_t len)
{
	struct nlattr a = { .nla_type = (uint16_t)type,
			    .nla_len = (uint16_t)(sizeof(a) + len) };

	buf_add(b, &a, sizeof(a));
}

void nft_put_attr(struct buf *b, unsigned int type, const void *data,
		  size_t len)
{
	static const char pad[MNL_ALIGNTO];

	if (len > UINT16_MAX - sizeof(struct nlattr)) {
		b->failed = true;
		return;
	}
	put_header(b, type, len);
	buf_add(b, data, len);
	buf_add(b, pad, MNL_ALIGN(len) - len);
}

void nft_put_u32(struct buf *b, unsigned int type, uint32_t v)
{
	v = htonl(v);
	nft_put_attr(b, type, &v, sizeof(v));
}

void nft_put_u64(struct buf *b, unsigned int type, uint64_t v)
{
	v = htobe64(v);
	nft_put_attr(b, type, &v, sizeof(v));
}

void nft_put_str(struct buf *b, unsigned int type, const char *s)
{
	nft_put_attr(b, type, s, strlen(s) + 1);
}

size_t nft_nest(struct buf *b, unsigned int type)
{
	size_t nest = b->len;

	put_header(b, type | NLA_F_NESTED, 0);
	return nest;
}

void nft_nest_end(struct buf *b, size_t nest)
{
	uint16_t len = (uint16_t)(b->len - nest);

	if (b->failed)
		return;
	if (b->len - nest > UINT16_MAX) {
		b->failed = true;
		return;
	}
	memcpy(b->p + nest, &len, sizeof(len));
}
