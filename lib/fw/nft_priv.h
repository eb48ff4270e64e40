/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_PRIV_H
#define WGQ_FW_NFT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/nft_attr.h"
#include "fw/ruleset.h"

/**
 * DOC: how a rule of nf_tables is read
 *
 * A rule is a small program on sixteen registers of four bytes.  It is run on
 * where values come from in place of the values: a load says what a register
 * holds, a bitwise under which mask, and when a comparison or lookup uses it
 * the condition can be named.  What cannot be named is kept with the bytes of
 * all expressions from the load to the use.
 */

#define NFT_SLOTS 16	 /* registers of four bytes */
#define NFT_VALUE_MAX 16 /* bytes of a value that are followed */

/** enum nft_source - where a value comes from */
enum nft_source {
	NFT_FROM_NOWHERE, /* nothing was loaded */
	NFT_FROM_META,	  /* key = NFT_META_ */
	NFT_FROM_PAYLOAD, /* key = NFT_PAYLOAD_, off */
	NFT_FROM_CT,	  /* key = NFT_CT_ */
	NFT_FROM_FIB,	  /* key = NFT_FIB_RESULT_, flags */
	NFT_FROM_RT,	  /* key = NFT_RT_ */
	NFT_FROM_DATA,	  /* a constant */
	NFT_FROM_OTHER,	  /* something that has no words here */
};

/**
 * struct nft_val - what a register holds
 * @from:	where it comes from
 * @key:	what of that
 * @flags:	NFTA_FIB_F_
 * @off:	offset in a header
 * @len:	bytes
 * @masked:	@mask or @xor are not neutral
 * @mask:	(value & @mask) ^ @xor is in the register
 * @xor:	see @mask
 * @data:	a constant's bytes
 * @name:	expression that loaded it
 * @first:	that expression
 * @last:	the last one that worked on it
 * @match:	number (from 1) of the match that a comparison of it made
 * @used:	something looked at it
 */
struct nft_val {
	enum nft_source from;
	uint32_t key, flags, off, len;
	bool masked;
	uint8_t mask[NFT_VALUE_MAX], xor[NFT_VALUE_MAX];
	const uint8_t *data;
	const char *name;
	const struct nlattr *first, *last;
	size_t match;
	bool used;
};

/* Fields that a set's key knows nothing of; they follow enum fw_field. */
enum {
	NFT_F_NONE = -1,
	NFT_F_ETHER = FW_F_OTHER + 1, /* protocol number of the link layer */
	NFT_F_VERSION,		      /* first four bits of the IP header */
	NFT_F_FRAGMENT,		      /* offset of an IPv4 fragment */
	NFT_F_TCP_FLAGS,
	NFT_F_ICMP_TYPE,
	NFT_F_ICMP_CODE,
	NFT_F_FIB_TYPE, /* kind of address */
};

/**
 * struct nft_reader - a rule that is being read
 * @a:		owns what the rule gets
 * @t:		table that it is in
 * @r:		rule
 * @elem:	expression at hand
 * @name:	its name
 * @err:	first failure, 0 = none
 * @reg:	registers; a value stands where it begins
 */
struct nft_reader {
	struct arena *a;
	const struct fw_table *t;
	struct fw_rule *r;
	const struct nlattr *elem;
	const char *name;
	int err;
	struct nft_val reg[NFT_SLOTS];
};

/**
 * struct nft_piece - a field within a value
 * @field:	enum fw_field or NFT_F_
 * @pos:	where it begins
 * @len:	its bytes, fewer than the field has for a prefix of an address
 */
struct nft_piece {
	int field;
	unsigned int pos, len;
};

#define NFT_PIECES 4

/** nft_pieces() - which fields are in the first @len bytes?  0 = unknown */
size_t nft_pieces(const struct nft_reader *rd, const struct nft_val *v,
		  size_t len, struct nft_piece out[NFT_PIECES]);

/** nft_slot() - slot of a register; -1 for the verdict and what is none */
int nft_slot(uint32_t reg);

/** nft_get() - the value that begins at a register, marked as used, or NULL */
struct nft_val *nft_get(struct nft_reader *rd, uint32_t reg);

/** nft_put() - begin a new value; NULL with rd->err for a register that isn't
 */
struct nft_val *nft_put(struct nft_reader *rd, uint32_t reg, uint32_t len,
			enum nft_source from);

/** nft_match() - append a match; NULL with rd->err when memory is out */
struct fw_match *nft_match(struct nft_reader *rd, enum fw_match_kind kind);

/** nft_stmt() - append a statement; NULL with rd->err when memory is out */
struct fw_stmt *nft_stmt(struct nft_reader *rd, enum fw_stmt_kind kind);

/** nft_keep() - keep expressions from @v's load to this as an FW_M_EXPR */
void nft_keep(struct nft_reader *rd, const struct nft_val *v);

/** nft_keep_stmt() - likewise as a statement; @v NULL = this one alone */
void nft_keep_stmt(struct nft_reader *rd, enum fw_stmt_kind kind,
		   const struct nft_val *v);

/** nft_read_cmp() - read a comparison */
void nft_read_cmp(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_range() - read a comparison with a range */
void nft_read_range(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_lookup() - read a lookup in a set, or in a map of verdicts or data
 */
void nft_read_lookup(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_meta_set() - read meta that sets something: a mark */
void nft_read_meta_set(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_ct_set() - read ct that sets something: a mark */
void nft_read_ct_set(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_exthdr_set() - read a header option that is set: the MSS */
void nft_read_exthdr_set(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_nat() - read snat or dnat */
void nft_read_nat(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_masq() - read masquerade */
void nft_read_masq(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_redir() - read redirect */
void nft_read_redir(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_reject() - read a refusal with an answer */
void nft_read_reject(struct nft_reader *rd, struct nft_attrs *at);

/** nft_read_log() - read a log entry */
void nft_read_log(struct nft_reader *rd, struct nft_attrs *at);

#endif
