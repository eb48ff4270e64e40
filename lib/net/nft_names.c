// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/nft_names.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"

static const char *const table_names[] = {
	[NFTA_TABLE_NAME] = "table",
	[NFTA_TABLE_FLAGS] = "flags",
};

static const char *const chain_names[] = {
	[NFTA_CHAIN_TABLE] = "table",	[NFTA_CHAIN_HANDLE] = "handle",
	[NFTA_CHAIN_NAME] = "chain",	[NFTA_CHAIN_HOOK] = "hook",
	[NFTA_CHAIN_POLICY] = "policy", [NFTA_CHAIN_TYPE] = "type",
};

static const char *const rule_names[] = {
	[NFTA_RULE_TABLE] = "table",	   [NFTA_RULE_CHAIN] = "chain",
	[NFTA_RULE_HANDLE] = "handle",	   [NFTA_RULE_EXPRESSIONS] = "rule",
	[NFTA_RULE_POSITION] = "position",
};

#define NAMES(t, v)                                              \
	{                                                        \
		.type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_##t, \
		.hdr = sizeof(struct nfgenmsg), .names = (v),    \
		.n = ARRAY_SIZE(v),                              \
	}

const struct nl_attr_names nft_attr_names[] = {
	NAMES(NEWTABLE, table_names),
	NAMES(DELTABLE, table_names),
	NAMES(NEWCHAIN, chain_names),
	NAMES(DELCHAIN, chain_names),
	NAMES(NEWRULE, rule_names),
	NAMES(DELRULE, rule_names),
	{},
};
