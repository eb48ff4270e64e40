/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_CMD_PRIVATE_H
#define WGQ_FW_NFT_CMD_PRIVATE_H

#include "fw/nft_cmd.h"
#include "fw/nft_emit.h"

/**
 * struct nft_tok - a token
 * @kind:	'w' word, 'q' quoted string, 'n' end of a line, '=' for "==",
 *		'!' for "!=", 0 end of all, else the character itself
 * @s:		text of a word or string
 */
struct nft_tok {
	char kind;
	const char *s;
};

/**
 * struct nft_parser - a text that is being parsed
 * @a:		owns what comes of it
 * @tok:	token at hand
 * @cs:		statements so far
 * @c:		statement at hand
 * @why:	what nft says of a mistake; NULL with @bad = not known here
 * @bad:	the text is not understood
 * @w:		its rule, as it is written
 * @family:	network protocol that its matches ask for so far, 0 = either
 * @l4:		transport protocol, likewise
 */
struct nft_parser {
	struct arena *a;
	const struct nft_tok *tok;
	struct nft_cmds *cs;
	struct nft_cmd *c;
	const char *why;
	bool bad;
	struct nft_writer w;
	uint8_t family, l4;
};

/** nft_tok_is() - take the token at hand if it is of this kind */
bool nft_tok_is(struct nft_parser *p, char kind);

/** nft_words_are() - take words, separated by one space in @words, or none */
bool nft_words_are(struct nft_parser *p, const char *words);

/** nft_word() - take a word; "" and p->bad where there is none */
const char *nft_word(struct nft_parser *p);

/** nft_name() - likewise one that nft takes for a name, or a quoted one */
const char *nft_name(struct nft_parser *p, size_t max);

/** nft_number() - a decimal or hexadecimal number up to @max, all of @s */
bool nft_number(const char *s, uint64_t max, uint64_t *ret);

/** nft_symbol() - the value of @word in "name=1 name=2 "; -1 = not there */
int nft_symbol(const char *list, const char *word);

/** nft_rule_parse() - parse matches and statements to the end of the line */
void nft_rule_parse(struct nft_parser *p);

#endif
