/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_PLAN_FORWARD_H
#define WGQ_PLAN_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "plan/snapshot.h"
#include "plan/step.h"

/**
 * DOC: IP forwarding
 *
 * A tunnel that forwards needs net.ipv4.ip_forward, and for IPv6
 * net.ipv6.conf.all.forwarding, which is more than a switch: it sets the value
 * of every interface, and makes the kernel ignore router advertisements where
 * accept_ra is 1 (ipv6_accept_ra() of Linux 2.6.37 to 6.18), so that a host
 * which lives by them loses its default route minutes later.  Those interfaces
 * get accept_ra 2 first, which means: also while forwarding.
 */

#define SYSCTL_IPV4_FORWARD "net.ipv4.ip_forward"
#define SYSCTL_IPV6_FORWARD "net.ipv6.conf.all.forwarding"

/**
 * plan_families() - which families does the tunnel have?
 * @conf:	conf, its addresses parsed
 * @device:	its allowed IPs
 * @ret:	by index of the family: an address or an allowed IP is of it
 */
void plan_families(const struct conf *conf, const struct wg_device *device,
		   bool ret[SNAP_FAMILIES]);

/**
 * plan_forward() - plan the sysctls that forwarding needs
 * @families:	for which to turn it on
 * @snap:	values now; what is right already is not written
 * @p:		plan to append to
 *
 * Each step knows its old value, in an order in which an undo is right, too.
 *
 * Return: 0 or -ENOMEM.
 */
int plan_forward(const bool families[SNAP_FAMILIES],
		 const struct snap_forward *snap, struct plan *p)
	__attribute__((warn_unused_result));

#endif
