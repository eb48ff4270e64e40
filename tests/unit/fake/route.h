/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_FAKE_ROUTE_H
#define WGQ_TESTS_FAKE_ROUTE_H

#include "private.h"

/** fake_prefix() - "address/plen" as data */
struct addr fake_prefix(const char *text);

/** fake_put_route() - insert in the order of the kernel's lists */
void fake_put_route(struct fake *f, const struct fake_route *r);

int fake_new_route(struct fake *f, const struct nlmsghdr *nlh);
int fake_get_route(struct fake *f, const struct nlmsghdr *nlh);
int fake_new_rule(struct fake *f, const struct nlmsghdr *nlh);
int fake_del_rule(struct fake *f, const struct nlmsghdr *nlh);
int fake_get_rule(struct fake *f, const struct nlmsghdr *nlh);

#endif
