/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_EMIT_H
#define WGQ_FW_NFT_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fw/rule.h"

/**
 * struct nft_writer - a rule that is being written
 * @a:		for what is needed while it is
 * @out:	receives expressions
 * @r:		rule
 * @family:	family of the table
 */
struct nft_writer {
	struct arena *a;
	struct buf *out;
	const struct fw_rule *r;
	uint8_t family;
};

/** nft_expr() - begin an expression; Return: for nft_expr_end() */
size_t nft_expr(struct nft_writer *w, const char *name);

/** nft_expr_end() - end it */
void nft_expr_end(struct nft_writer *w, size_t expr);

/** nft_load() - "meta", "ct" or "rt": load @key into the first register */
void nft_load(struct nft_writer *w, const char *name, uint32_t key);

/** nft_load_payload() - load bytes of a header into the first register */
void nft_load_payload(struct nft_writer *w, uint32_t base, uint32_t off,
		      uint32_t len);

/** nft_mask() - (register & @mask) ^ @flip; @flip NULL = zeros */
void nft_mask(struct nft_writer *w, const void *mask, const void *flip,
	      size_t len);

/** nft_cmp() - compare the register; NFT_CMP_EQ, or NFT_CMP_NEQ if @invert */
void nft_cmp(struct nft_writer *w, bool invert, const void *data, size_t len);

/** nft_constant() - put a constant into register @reg */
void nft_constant(struct nft_writer *w, uint32_t reg, const void *data,
		  size_t len);

/** nft_xt() - "match" or "target"; @len is a multiple of eight */
void nft_xt(struct nft_writer *w, const char *expr, const struct fw_raw *x);

/** nft_limit() - a rate, as it is given */
void nft_limit(struct nft_writer *w, const struct fw_match *m, uint64_t rate,
	       uint64_t unit);

/** nft_addr() - source or destination address */
void nft_addr(struct nft_writer *w, const struct fw_match *m);

/** nft_port() - source or destination port, one or a range */
void nft_port(struct nft_writer *w, const struct fw_match *m);

/** nft_tcp_flags() - flags of TCP */
void nft_tcp_flags(struct nft_writer *w, const struct fw_match *m);

/** nft_mark() - mark of the packet or the connection */
void nft_mark(struct nft_writer *w, const struct fw_match *m);

/** nft_byte() - one byte of "meta": a protocol */
void nft_byte(struct nft_writer *w, uint32_t key, const struct fw_match *m);

/** nft_raw() - expressions as they were read */
void nft_raw(struct nft_writer *w, const struct fw_raw *raw);

/** nft_xt_match() - by xt; @ret_n receives how many matches it stands for */
int nft_xt_match(struct nft_writer *w, size_t at, size_t *ret_n);

/** nft_xt_target() - by xt; Return: 0, -EOPNOTSUPP or -ENOMEM */
int nft_xt_target(struct nft_writer *w, const struct fw_stmt *s);

/** nft_verdict() - write a verdict; false: the statement is none */
bool nft_verdict(struct nft_writer *w, const struct fw_stmt *s);

/**
 * nft_native() - write a rule as nft does, without xt where that can be
 *
 * Return: 0, -EOPNOTSUPP or -ENOMEM.
 */
int nft_native(struct nft_writer *w);

/**
 * nft_iptables() - write a rule as iptables-nft 1.8.9 does
 *
 * Return: 0, -EOPNOTSUPP or -ENOMEM.
 */
int nft_iptables(struct nft_writer *w);

#endif
