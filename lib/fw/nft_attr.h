/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_ATTR_H
#define WGQ_FW_NFT_ATTR_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* More than any nf_tables object that is read has attributes. */
#define NFT_ATTRS 20

/**
 * struct nft_attrs - the attributes of a message, a nest or an expression
 * @tb:		attributes by type, NULL = absent; types that are too high are
 *		passed over
 * @bad:	lengths did not add up, or a value was shorter than its type:
 *		sticky
 */
struct nft_attrs {
	const struct nlattr *tb[NFT_ATTRS];
	bool bad;
};

/** nft_attrs_read() - index @len bytes of attributes */
void nft_attrs_read(struct nft_attrs *at, const void *p, size_t len);

/** nft_attrs_nest() - index what is inside of an attribute, NULL = nothing */
void nft_attrs_nest(struct nft_attrs *at, const struct nlattr *nest);

/** nft_attr_u32() - a number in network order; 0 where it is absent */
uint32_t nft_attr_u32(struct nft_attrs *at, unsigned int type);

/** nft_attr_u64() - a number in network order; 0 where it is absent */
uint64_t nft_attr_u64(struct nft_attrs *at, unsigned int type);

/** nft_attr_str() - a text that ends with a NUL; NULL where it is absent */
const char *nft_attr_str(struct nft_attrs *at, unsigned int type);

/**
 * nft_attr_data() - the bytes of a value (NFTA_DATA_VALUE within @type)
 * @ret_len:	receives their number, 0 where there are none
 */
const uint8_t *nft_attr_data(struct nft_attrs *at, unsigned int type,
			     size_t *ret_len);

/* Writing: attributes go to the end of a buffer, whatever its length. */

/** nft_put_attr() - append an attribute */
void nft_put_attr(struct buf *b, unsigned int type, const void *data,
		  size_t len);

/** nft_put_u32() - append a number, given in host order */
void nft_put_u32(struct buf *b, unsigned int type, uint32_t v);

/** nft_put_u64() - append a number, given in host order */
void nft_put_u64(struct buf *b, unsigned int type, uint64_t v);

/** nft_put_str() - append a text with its NUL */
void nft_put_str(struct buf *b, unsigned int type, const char *s);

/** nft_nest() - begin a nest; Return: its place, for nft_nest_end() */
size_t nft_nest(struct buf *b, unsigned int type);

/** nft_nest_end() - end a nest; more than 64 KiB make @b fail */
void nft_nest_end(struct buf *b, size_t nest);

#endif
