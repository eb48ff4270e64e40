// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/proto.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

/* Where a protocol has several names the first is shown. */
static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", 6 },	       { "sctp", 132 },
	{ "udp", 17 },	       { "udplite", 136 },
	{ "icmp", 1 },	       { "ipv6-icmp", 58 },
	{ "icmpv6", 58 },      { "esp", 50 },
	{ "ah", 51 },	       { "mobility-header", 135 },
	{ "ipv6-mh", 135 },    { "mh", 135 },
	{ "all", 0 },	       { "ip", 0 },
	{ "igmp", 2 },	       { "ggp", 3 },
	{ "ipencap", 4 },      { "st", 5 },
	{ "egp", 8 },	       { "igp", 9 },
	{ "pup", 12 },	       { "hmp", 20 },
	{ "xns-idp", 22 },     { "rdp", 27 },
	{ "iso-tp4", 29 },     { "dccp", 33 },
	{ "xtp", 36 },	       { "ddp", 37 },
	{ "idpr-cmtp", 38 },   { "ipv6", 41 },
	{ "ipv6-route", 43 },  { "ipv6-frag", 44 },
	{ "idrp", 45 },	       { "rsvp", 46 },
	{ "gre", 47 },	       { "skip", 57 },
	{ "ipv6-nonxt", 59 },  { "ipv6-opts", 60 },
	{ "rspf", 73 },	       { "vmtp", 81 },
	{ "eigrp", 88 },       { "ospf", 89 },
	{ "ax.25", 93 },       { "ipip", 94 },
	{ "etherip", 97 },     { "encap", 98 },
	{ "pim", 103 },	       { "ipcomp", 108 },
	{ "vrrp", 112 },       { "l2tp", 115 },
	{ "isis", 124 },       { "fc", 133 },
	{ "mpls-in-ip", 137 }, { "manet", 138 },
	{ "hip", 139 },	       { "shim6", 140 },
	{ "wesp", 141 },       { "rohc", 142 },
	{ "ethernet", 143 },
};

const char *fw_protocol_name(uint8_t number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return NULL;
}

int fw_protocol_number(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0)
			return protocols[i].number;
	return -1;
}
