/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_IPT_EXT_H
#define WGQ_FW_IPT_EXT_H

#include "fw/ipt_private.h"

#define BIT(n) (1U << (n))

/* Numbers of options, an extension each. */
enum { O_SPORT, O_DPORT, O_SYN, O_FLAGS, O_TCP_OPTION };
enum { O_CTSTATE, O_CTSTATUS, O_CTOTHER };
enum { O_SPORTS, O_DPORTS, O_PORTS };
enum { O_SRC_TYPE, O_DST_TYPE, O_LIMIT_IN, O_LIMIT_OUT };
enum { O_LIMIT, O_BURST };
enum { O_TO, O_RANDOM, O_FULLY, O_PERSISTENT };
enum { O_SET_MSS, O_CLAMP };
enum {
	O_SET_XMARK,
	O_SET_MARK,
	O_AND,
	O_OR,
	O_XOR,
	O_SAVE,
	O_RESTORE,
	O_SHIFT,
	O_SHIFT2,
	O_CTMASK,
	O_NFMASK,
	O_MASK,
};
/* The first five are numbered as bits of the log's flags. */
enum {
	O_LOG_SEQ,
	O_LOG_TCP,
	O_LOG_IP,
	O_LOG_UID,
	O_LOG_MAC = 5,
	O_LOG_LEVEL,
	O_LOG_PREFIX
};

#define MARK_OPS                                                       \
	(BIT(O_SET_XMARK) | BIT(O_SET_MARK) | BIT(O_AND) | BIT(O_OR) | \
	 BIT(O_XOR) | BIT(O_SAVE) | BIT(O_RESTORE))

/** struct ipt_value - what the argument of an option says */
struct ipt_value {
	uint32_t number, mask;
	struct fw_range ports;
};

/** ipt_match_option() - take option @o of a match, whose argument is read */
bool ipt_match_option(struct ipt_parser *p, struct ipt_use *u,
		      const struct ipt_opt *o, bool invert,
		      const struct ipt_value *v);

/** ipt_tcp_option() - the same for tcp, which reads arguments by itself */
bool ipt_tcp_option(struct ipt_parser *p, struct ipt_use *u,
		    const struct ipt_opt *o, bool invert);

/** ipt_target_option() - the same for targets */
bool ipt_target_option(struct ipt_parser *p, struct ipt_use *u,
		       const struct ipt_opt *o, const struct ipt_value *v);

/** ipt_log_defaults() - have a LOG as it is without options; false: memory */
bool ipt_log_defaults(struct ipt_parser *p, struct ipt_use *u);

#endif
