// SPDX-License-Identifier: GPL-2.0-or-later
#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fw/explain.h"
#include "fw/nft_read.h"
#include "fw/place.h"

/*
 * Any bytes as a dump of nf_tables: whatever ruleset comes of it is walked and
 * explained, and what is placed in it is effective and can be taken back.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(what)               \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

static size_t marked(const struct fw_ruleset *rs)
{
	struct fw_edits es = {};
	size_t n;

	must(!place_clean(rs, "wg0", &es));
	n = es.n;
	fw_edits_done(&es);
	return n;
}

static void explain(const struct fw_ruleset *rs, enum fw_hook hook)
{
	cleanup(buf_done) struct buf text = {}, json = {};
	struct fw_flow f = { .family = 2,
			     .hook = hook,
			     .in.name = "wg0",
			     .l4proto = -1,
			     .ctstate = FW_CT_NEW,
			     .syn = true };
	int err = fw_explain(rs, &f, &text);

	must(fw_explain_json(rs, &f, &json) == err);
	must(!err || err == -40);
}

static bool apply(struct fw_ruleset *rs, const struct fw_edits *es)
{
	struct wgq_err e = {};
	size_t i;

	for (i = 0; i < es->n; i++) {
		if (fw_edit_apply(rs, &es->v[i], &e))
			return false;
	}
	return true;
}

static void place(struct fw_ruleset *rs)
{
	struct place_want w = { .ifname = "wg0",
				.v4 = true,
				.v6 = true,
				.forward = true,
				.masquerade = true,
				.open_port = true,
				.port = 51820 };
	struct fw_edits es = {}, again = {}, clean = {};
	struct place_notes ns = {};
	struct wgq_err e = {};

	if (!place_directives(rs, &w, &es, &ns, &e) && apply(rs, &es)) {
		must(!place_directives(rs, &w, &again, &ns, &e));
		must(!again.n);
		must(!place_clean(rs, "wg0", &clean));
		must(apply(rs, &clean));
		must(!marked(rs));
	}
	fw_edits_done(&es);
	fw_edits_done(&again);
	fw_edits_done(&clean);
	place_notes_done(&ns);
}

/* The first message of what is left, whole; libmnl trusts lengths too far. */
static bool is_whole(const struct nlmsghdr *nlh, int left)
{
	return left >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	       nlh->nlmsg_len <= (unsigned int)left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(free_ptr) uint8_t *copy = malloc(size + 1);
	struct fw_ruleset rs = {};
	struct wgq_err e = {};
	struct nlmsghdr *nlh;
	int left = (int)size, hook;

	memcpy(copy, data, size);
	for (nlh = (struct nlmsghdr *)copy; is_whole(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nft_read(&rs, nlh, &e))
			break;
	}
	if (!nft_read_end(&rs)) {
		for (hook = FW_PREROUTING; hook <= FW_POSTROUTING; hook++)
			explain(&rs, (enum fw_hook)hook);
		place(&rs);
	}
	fw_ruleset_done(&rs);
	return 0;
}
