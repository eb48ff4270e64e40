/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_FW_LIMIT_H
#define WGQ_FW_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/rule.h"

/**
 * struct fw_limit_unit - a unit that iptables has for rates
 * @seconds:	how long it is
 * @name:	what iptables calls it
 */
struct fw_limit_unit {
	uint32_t seconds;
	const char *name;
};

/* From a day to a second. */
extern const struct fw_limit_unit fw_limit_units[4];

/**
 * fw_limit_fit() - the rate and unit that iptables shows and writes for a limit
 * @l:		limit in packets
 * @ret_rate:	receives packets per unit
 * @ret_unit:	receives the index of the unit
 *
 * iptables counts the time between two packets in steps of 0.1 ms and takes the
 * longest unit whose rate loses little of that (1.8.9).
 *
 * Return: false for a rate that is none.
 */
bool fw_limit_fit(const struct fw_limit *l, uint64_t *ret_rate,
		  size_t *ret_unit);

#endif
