// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/run.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "sys/file.h"

/* Name servers as the DNS manager holds them, one a line. */
static int live_dns(struct run *r, struct arena *a, struct conf_live *live,
		    struct wgq_err *e)
{
	cleanup(buf_done) struct buf text = { 0 };
	const char **v = NULL, **slot;
	size_t cap = 0, len;
	const char *p, *end;
	int ret;

	ret = run_dns(r, e);
	if (!ret)
		ret = dns_list(r->dns, r->conf.ifname, &text, e);
	if (ret)
		return ret;
	for (p = text.p; p && *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, '\n');
		len = (size_t)(end - p);
		slot = arena_grow(a, &v, live->n_dns, &cap, sizeof(*v));
		if (!slot)
			return err_sys(e, -ENOMEM, "save");
		*slot = arena_strndup(a, p, len);
		if (!*slot)
			return err_sys(e, -ENOMEM, "save");
		live->n_dns++;
	}
	live->dns = v;
	return 0;
}

int run_save(struct run *r, struct wgq_err *e)
{
	cleanup(arena_done) struct arena a = { 0 };
	cleanup(buf_done) struct buf text = { 0 };
	struct conf_live live = { 0 };
	struct wg_device device;
	struct snap_link link;
	struct addr *addresses;
	int ret;

	run_say(r, "[#]", "wg showconf %s", r->conf.ifname);
	ret = kernel_link(&r->kernel, &link, e);
	if (!ret)
		ret = kernel_device(&r->kernel, &a, &device, e);
	if (!ret)
		ret = kernel_addresses(&r->kernel, &a, &addresses,
				       &live.n_addresses, e);
	if (!ret)
		ret = live_dns(r, &a, &live, e);
	if (!ret) {
		live.addresses = addresses;
		live.mtu = link.mtu;
		live.device = &device;
		conf_print_save(&r->conf, &live, &text);
		ret = text.failed ? err_sys(e, -ENOMEM, "save")
				  : file_write(r->conf.path, FILE_FOLLOW, 0600,
					       text.p, text.len, e);
	}
	explicit_bzero(&device, sizeof(device));
	return ret;
}

/* A hook of the interface itself may save: its `up' or `down' holds the lock
 * and waits for the hook, so that nothing changes underneath.
 */
static int lock_unless_hook(struct run *r, struct wgq_err *e)
{
	struct wgq_err why = { 0 };
	int ret = run_lock(r, true, &why);

	if (!ret || ret == -EDEADLK)
		return 0;
	return err_set(e, ret, "%s", why.msg);
}

int wgq_save(const struct wgq_opts *o, struct wgq_err *e)
{
	struct snap_link link;
	struct run r = { 0 };
	int ret;

	ret = run_load(&r, o, &host_real, e);
	if (!ret)
		ret = lock_unless_hook(&r, e);
	if (!ret)
		ret = kernel_link(&r.kernel, &link, e);
	if (!ret && (!link.exists || !kernel_use(&r.kernel, &link)))
		ret = err_set(e, -ENODEV, "`%s' is not a WireGuard interface",
			      r.conf.ifname);
	if (!ret)
		ret = run_save(&r, e);
	run_done(&r);
	return ret;
}

int wgq_strip(const struct wgq_opts *o, struct buf *out, struct wgq_err *e)
{
	struct run r = { 0 };
	int ret;

	ret = run_load(&r, o, &host_real, e);
	if (!ret) {
		conf_print_strip(&r.conf, out);
		if (out->failed)
			ret = err_sys(e, -ENOMEM, "strip");
	}
	run_done(&r);
	return ret;
}
