// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/firewall.h"

#include <errno.h>
#include <linux/netfilter.h>

#include "base/cleanup.h"
#include "net/nft.h"

static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

static int lock(struct firewall *fw, struct wgq_err *e)
{
	int ret;

	if (fw->locked || !fw->lock)
		return 0;
	ret = fw->lock->take(fw->lock->ctx, e);
	if (ret == 0)
		fw->locked = true;
	return ret;
}

void firewall_unlock(struct firewall *fw)
{
	if (fw->locked)
		fw->lock->drop(fw->lock->ctx);
	fw->locked = false;
}

/* Where there are legacy tables the lock comes first: while it is waited for,
 * nf_tables may change. */
int firewall_read(struct firewall *fw, struct fw_ruleset *rs, struct wgq_err *e)
{
	bool present[ARRAY_SIZE(families)] = {};
	struct fw_ruleset got = {};
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families) && ret == 0; i++)
		ret = xtables_present(fw->xt, families[i], &present[i], e);
	if (ret == 0 && (present[0] || present[1]))
		ret = lock(fw, e);
	if (ret == 0)
		ret = nft_dump(fw->nft, &got, e);
	for (i = 0; i < ARRAY_SIZE(families) && ret == 0; i++)
		if (present[i])
			ret = xtables_dump(fw->xt, families[i], &got, e);
	if (ret < 0)
		fw_ruleset_done(&got);
	else
		*rs = got;
	return ret;
}

static bool has_legacy(const struct fw_edits *es)
{
	for (size_t i = 0; i < es->n; i++)
		if (es->v[i].backend == FW_LEGACY)
			return true;
	return false;
}

int firewall_commit(struct firewall *fw, const struct fw_ruleset *rs,
		    const struct fw_edits *es, struct wgq_err *e)
{
	cleanup(xtables_undo_done) struct xtables_undo undo = {};
	struct wgq_err why = {}, left = {};
	int ret = has_legacy(es) ? lock(fw, e) : 0;

	if (ret == 0)
		ret = xtables_commit(fw->xt, rs, es, &undo, e);
	if (ret < 0)
		return ret;
	ret = nft_commit(fw->nft, rs, es, &why);
	if (ret == 0)
		return 0;
	if (xtables_revert(fw->xt, &undo, &left) < 0)
		return err_set(e, -EIO, "%s; %s", why.msg, left.msg);
	return err_set(e, ret, "%s", why.msg);
}
