/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_NET_NFT_NAMES_H
#define WGQ_NET_NFT_NAMES_H

#include "net/nl.h"

/** nft_attr_names - for struct nl's @names: attributes of nf_tables */
extern const struct nl_attr_names nft_attr_names[];

#endif
