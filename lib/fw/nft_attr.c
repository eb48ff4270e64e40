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
