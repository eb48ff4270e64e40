/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_FAKE_PRIVATE_H
#define WGQ_TESTS_FAKE_PRIVATE_H

#include <libmnl/libmnl.h>
#include <string.h>

#include "kernel.h"

/** FAKE_DUMPED - the request was answered by a list, which needs no ack */
#define FAKE_DUMPED 1

/** FAKE_NAME_MAX - highest attribute type that any request may use, plus 1 */
#define FAKE_ATTRS 64

/** FAKE_REMOVE_IF() - remove the elements @it of @v[@n] that meet @cond */
#define FAKE_REMOVE_IF(v, n, it, cond)                     \
	do {                                               \
		size_t kept_ = 0;                          \
		for (size_t i_ = 0; i_ < (n); i_++) {      \
			__typeof__(&(v)[0]) it = &(v)[i_]; \
			if (!(cond))                       \
				(v)[kept_++] = (v)[i_];    \
		}                                          \
		(n) = kept_;                               \
	} while (0)

/** fake_die() - the test asked for more than the fake kernel can do */
_Noreturn void fake_die(const char *why);

/**
 * fake_parse() - sort attributes by type
 * @at:		first byte
 * @len:	bytes
 * @tb:		FAKE_ATTRS pointers, NULL for what is not there
 * @allowed:	types that may occur, 0 at the end
 *
 * Return: 0 or -EINVAL for another type or for attributes that do not add up.
 */
int fake_parse(const void *at, size_t len, const struct nlattr **tb,
	       const uint16_t *allowed);

/** fake_parse_msg() - the same for a message with a fixed header of @hdr */
int fake_parse_msg(const struct nlmsghdr *nlh, size_t hdr,
		   const struct nlattr **tb, const uint16_t *allowed);

/** fake_refuse() - the error, with the kernel's words for it */
int fake_refuse(struct fake *f, int code, const char *text);

/** fake_reply() - begin a message that answers @req; put attributes to it */
struct nlmsghdr *fake_reply(const struct nlmsghdr *req, char *buf,
			    uint16_t type, const void *hdr, size_t len);

/** fake_reply_end() - queue it; entries of a list are spread over datagrams */
void fake_reply_end(struct fake *f, struct nlmsghdr *nlh, bool multi);

/** fake_dump_end() - queue the end of a list */
int fake_dump_end(struct fake *f, const struct nlmsghdr *req);

/** fake_sysctl() - what the kernel itself does to a sysctl, "net/..." */
void fake_sysctl(const struct fake *f, const char *name, const char *value);

/** fake_sysctl_links() - the sysctls of a link come and go with it */
void fake_sysctl_link(const struct fake *f, const char *link, bool there);

static inline bool fake_is_dump(const struct nlmsghdr *nlh)
{
	return (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

struct fake_link *fake_link_by_index(struct fake *f, int index);

/** fake_route_request() - one message of NETLINK_ROUTE */
int fake_route_request(struct fake *f, const struct nlmsghdr *nlh);

/** fake_genl_request() - one message of NETLINK_GENERIC */
int fake_genl_request(struct fake *f, const struct nlmsghdr *nlh);

/** fake_nft_request() - one message of NETLINK_NETFILTER that is a list */
int fake_nft_request(struct fake *f, const struct nlmsghdr *nlh);

/** fake_nft_message() - one message of a batch, on the state to be committed */
int fake_nft_message(struct fake *f, const struct nlmsghdr *nlh,
		     struct fake_nft *nft);

/**
 * fake_nft_begin() - the first message of a batch
 *
 * Return: 0, or -ERESTART where the generation that it names is over.
 */
int fake_nft_begin(const struct nlmsghdr *nlh, const struct fake_nft *nft);

/** fake_nft_meddle() - somebody else commits something */
void fake_nft_meddle(struct fake *f);

/** fake_wg_link_gone() - a link is gone, and its device with it */
void fake_wg_link_gone(struct fake *f, int link);

/** fake_wg_link_up() - the device's socket is bound; 0 or -EADDRINUSE */
int fake_wg_link_up(struct fake *f, struct fake_link *link);

/** fake_wg_set_key() - set a device's private key, and drop it as a peer */
void fake_wg_set_key(struct fake *f, struct fake_link *l, const uint8_t *key);

/** fake_wg_find(), fake_wg_peer() - find a peer; the latter adds it unless it
 * is the interface itself
 */
struct fake_peer *fake_wg_find(struct fake *f, int link, const uint8_t *key);
struct fake_peer *fake_wg_peer(struct fake *f, const struct fake_link *l,
			       const uint8_t *key);

/** fake_wg_drop() - drop a peer, or all where @key is NULL */
void fake_wg_drop(struct fake *f, int link, const uint8_t *key);

/** fake_wg_drop_allowed() - drop the allowed IPs of a peer */
void fake_wg_drop_allowed(struct fake *f, int link, const uint8_t *key);

/** fake_wg_allow() - give a prefix to a peer, or take it */
void fake_wg_allow(struct fake *f, const struct fake_peer *peer,
		   const struct addr *a, bool remove);

/** fake_wg_dump(), fake_nft_dump() - their part of fake_dump() */
void fake_wg_dump(const struct fake *f, struct buf *out);
void fake_nft_dump(const struct fake *f, struct buf *out);

/** fake_link_name() - name of a link by its index, "-" for none */
const char *fake_link_name(const struct fake *f, int index);

#endif
