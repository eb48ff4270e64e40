/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_NFT_CMD_H
#define WGQ_FW_NFT_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fw/ruleset.h"

/**
 * DOC: nft's commands
 *
 * The text of an nft command is one or more statements, which the kernel takes
 * as one transaction.  Here each becomes a struct nft_cmd, its rule the very
 * expressions that nft 1.0.6 would send; what another version would send means
 * the same.  What has no words here is said to be unknown, all of the command,
 * so that the caller can execute the real program instead.
 */

/** enum nft_verb - what a statement does */
enum nft_verb {
	NFT_DO_ADD,
	NFT_DO_CREATE, /* add what must not be there yet */
	NFT_DO_INSERT,
	NFT_DO_DELETE,
	NFT_DO_DESTROY, /* delete what need not be there */
	NFT_DO_FLUSH,
};

/** enum nft_object - to what */
enum nft_object {
	NFT_A_TABLE,
	NFT_A_CHAIN,
	NFT_A_RULE,
	NFT_A_RULESET,
};

/** enum nft_place - where a rule goes, or which one is meant */
enum nft_place {
	NFT_AT_END, /* at the beginning, where it is inserted */
	NFT_AT_HANDLE,
	NFT_AT_INDEX,
	NFT_AT_TAG, /* see nft_cmd.tag */
};

/**
 * struct nft_ifref - an interface that a rule knows by its index
 * @name:	its name
 * @at:		where in the expressions the four bytes of the index are
 */
struct nft_ifref {
	const char *name;
	size_t at;
};

/**
 * struct nft_anon - an anonymous set
 * @type:	number that nft has for the type of its key
 * @len:	bytes of a key
 * @host:	a key is a number in host order
 * @interval:	elements are where ranges begin and where they have ended
 * @elem:	keys of @len bytes, each followed by a byte: 1 = end of a range
 * @n:		their number
 */
struct nft_anon {
	uint32_t type, len;
	bool host, interval;
	uint8_t *elem;
	size_t n;
};

/**
 * struct nft_cmd - a statement
 * @verb:	what it does
 * @object:	to what
 * @family:	NFPROTO_, 0 with a ruleset of all families
 * @table:	table
 * @chain:	chain
 * @base:	the chain hooks in; @type, @hook and @priority are valid
 * @has_policy:	@policy is valid
 * @policy:	FW_S_ACCEPT or FW_S_DROP
 * @place:	where the rule goes, or which one
 * @number:	handle, index or tag
 * @expr:	expressions of the rule, attributes one after the other
 * @len:	their bytes
 * @comment:	comment of the rule, NULL = none
 * @tag:	number that the rule carries unseen, to be found again; 0 = none
 * @gentle:	only what is empty is deleted, and what is not there is fine
 * @ifref:	interfaces whose index is to be filled in
 * @anon:	anonymous sets that the rule looks up
 * @first_set:	number of the first one within the transaction
 */
struct nft_cmd {
	enum nft_verb verb;
	enum nft_object object;
	uint8_t family;
	const char *table, *chain;
	bool base, has_policy;
	const char *type;
	enum fw_hook hook;
	int32_t priority;
	enum fw_stmt_kind policy;
	enum nft_place place;
	uint64_t number;
	uint8_t *expr;
	size_t len;
	const char *comment;
	uint64_t tag;
	bool gentle;
	struct nft_ifref *ifref;
	size_t n_ifref, cap_ifref;
	struct nft_anon *anon;
	size_t n_anon, cap_anon;
	uint32_t first_set;
};

/**
 * struct nft_cmds - a command
 * @v:		its statements
 * @n:		their number
 * @n_set:	anonymous sets of all of them
 */
struct nft_cmds {
	struct nft_cmd *v;
	size_t n, cap;
	uint32_t n_set;
};

/** enum nft_result - what came of a text */
enum nft_result {
	NFT_CMD_OK,
	NFT_CMD_FAILS,	 /* nft would refuse it, with the text that is given */
	NFT_CMD_UNKNOWN, /* not known here: execute the real program */
};

/**
 * nft_cmd_parse() - parse the words of a command
 * @argv:	words after the program's name
 * @argc:	their number
 * @a:		owns the result
 * @ret:	receives the statements
 * @ret_text:	receives the words as nft sees them, without options
 * @ret_why:	with NFT_CMD_FAILS receives what nft says first
 *
 * Beside nft's own grammar there are three forms that only undo uses: "delete
 * rule ... wgq TAG", "delete table|chain ... wgq" (when empty) and "add|insert
 * rule ... wgq HEX [TAG]" with the expressions themselves.
 *
 * Return: a result; pure.  When memory is out it is NFT_CMD_UNKNOWN.
 */
enum nft_result nft_cmd_parse(const char *const *argv, size_t argc,
			      struct arena *a, struct nft_cmds *ret,
			      const char **ret_text, const char **ret_why);

/**
 * nft_cmd_build() - make the transaction of a command
 * @cs:		command, interfaces filled in, places given by handle
 * @generation:	that of the ruleset it was held against
 * @out:	receives the messages
 */
void nft_cmd_build(const struct nft_cmds *cs, uint32_t generation,
		   struct buf *out);

#endif
