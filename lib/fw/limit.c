// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/limit.h"

#include "base/cleanup.h"

#define STEPS 10000ull /* of 0.1 ms in a second */

const struct fw_limit_unit fw_limit_units[4] = {
	{ 86400, "day" },
	{ 3600, "hour" },
	{ 60, "min" },
	{ 1, "sec" },
};

bool fw_limit_fit(const struct fw_limit *l, uint64_t *ret_rate,
		  size_t *ret_unit)
{
	uint64_t period, steps;
	size_t i;

	if (!l->rate || l->unit > UINT64_MAX / STEPS)
		return false;
	period = l->unit * STEPS / l->rate;
	if (!period)
		return false;
	for (i = 1; i < ARRAY_SIZE(fw_limit_units); i++) {
		steps = fw_limit_units[i].seconds * STEPS;
		if (period > steps || steps / period < steps % period)
			break;
	}
	*ret_unit = i - 1;
	*ret_rate = fw_limit_units[i - 1].seconds * STEPS / period;
	return true;
}
