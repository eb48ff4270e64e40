// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply/run.h"
#include "base/cleanup.h"
#include "fw/explain.h"
#include "plan/forward.h"

/**
 * struct asking - one run of explain
 * @r:		run
 * @rs:		ruleset
 * @out:	receives the answer
 * @n:		flows told so far
 */
struct asking {
	struct run r;
	struct fw_ruleset rs;
	struct buf *out;
	size_t n;
};

static int tell(struct asking *k, const struct fw_flow *f, const char *title,
		struct wgq_err *e)
{
	struct buf *out = k->out;
	bool off = f->hook == FW_FORWARD &&
		   run_sysctl(&k->r, f->family == AF_INET6
					     ? SYSCTL_IPV6_FORWARD
					     : SYSCTL_IPV4_FORWARD) == 0;
	int ret;

	if (k->r.o->json) {
		buf_adds(out, k->n++ ? ",\n" : "[\n");
		buf_addf(out,
			 "{\"flow\": \"%s\", \"family\": \"%s\", "
			 "\"forwarding\": %s, \"result\": ",
			 title, f->family == AF_INET6 ? "ip6" : "ip",
			 off ? "false" : "true");
		ret = fw_explain_json(&k->rs, f, out);
		buf_adds(out, "}");
	} else {
		if (k->n++)
			buf_addc(out, '\n');
		buf_addf(out, "%s, %s:\n", title,
			 f->family == AF_INET6 ? "IPv6" : "IPv4");
		if (off)
			buf_addf(out,
				 "  the kernel forwards nothing: %s is 0\n",
				 f->family == AF_INET6 ? SYSCTL_IPV6_FORWARD
						       : SYSCTL_IPV4_FORWARD);
		ret = fw_explain(&k->rs, f, out);
	}
	return ret ? err_sys(e, ret, "explain") : 0;
}

/* Prefixes of one family that peers may send from. */
static int sources(struct asking *k, const struct wg_device *dev,
		   uint8_t family, struct fw_flow *f)
{
	const struct wg_peer *peer;
	struct addr *v;
	size_t i, j, n = 0;

	for (i = 0; i < dev->n_peers; i++)
		n += dev->peers[i].n_allowed_ips;
	v = arena_array(&k->r.arena, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	f->src = v;
	f->n_src = 0;
	for (i = 0; i < dev->n_peers; i++) {
		peer = &dev->peers[i];
		for (j = 0; j < peer->n_allowed_ips; j++)
			if (peer->allowed_ips[j].addr.family == family)
				v[f->n_src++] =
					addr_masked(&peer->allowed_ips[j].addr);
	}
	return 0;
}

#define ANY_PORT                     \
	{                            \
		.lo = 0, .hi = 65535 \
	}

static int tell_family(struct asking *k, const struct wg_device *dev,
		       uint8_t family, struct wgq_err *e)
{
	const char *name = dev->name;
	struct fw_flow from = {
		.family = family,
		.hook = FW_FORWARD,
		.in = { .name = name },
		.out = { .not = name },
		.l4proto = -1,
		.sport = ANY_PORT,
		.dport = ANY_PORT,
		.ctstate = FW_CT_NEW,
		.syn = true,
	};
	struct fw_flow back = {
		.family = family,
		.hook = FW_FORWARD,
		.in = { .not = name },
		.out = { .name = name },
		.l4proto = -1,
		.sport = ANY_PORT,
		.dport = ANY_PORT,
		.ctstate = FW_CT_ESTABLISHED,
	};
	struct fw_flow outer = {
		.family = family,
		.hook = FW_INPUT,
		.in = { .not = name },
		.l4proto = IPPROTO_UDP,
		.sport = ANY_PORT,
		.dport = { dev->listen_port, dev->listen_port },
		.ctstate = FW_CT_NEW,
	};
	char title[64];
	int ret;

	if (sources(k, dev, family, &from))
		return err_sys(e, -ENOMEM, "explain");
	back.dst = from.src;
	back.n_dst = from.n_src;
	snprintf(title, sizeof(title), "new connections from %s", name);
	ret = from.n_src ? tell(k, &from, title, e) : 0;
	snprintf(title, sizeof(title), "replies to %s", name);
	if (!ret && from.n_src)
		ret = tell(k, &back, title, e);
	snprintf(title, sizeof(title), "peers of %s, to UDP port %u", name,
		 dev->listen_port);
	if (!ret && dev->listen_port)
		ret = tell(k, &outer, title, e);
	return ret;
}

static int tell_device(struct asking *k, const struct wg_device *dev,
		       struct wgq_err *e)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < SNAP_FAMILIES && !ret; i++)
		ret = tell_family(k, dev, SNAP_AF[i], e);
	return ret;
}

static int tell_link(struct asking *k, const char *ifname, bool *ret_is,
		     struct wgq_err *e)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct kernel *kernel = &k->r.kernel;
	struct wg_device dev;
	struct snap_link link;
	int ret;

	kernel->ifname = ifname;
	*ret_is = false;
	ret = kernel_link(kernel, &link, e);
	if (ret || !link.exists || !kernel_use(kernel, &link))
		return ret;
	*ret_is = true;
	ret = kernel_device(kernel, &a, &dev, e);
	return ret ? ret : tell_device(k, &dev, e);
}

/* A tunnel that is not up yet is told of as its conf has it. */
static int tell_target(struct asking *k, struct wgq_err *e)
{
	struct run *r = &k->r;
	bool is;
	int ret;

	ret = tell_link(k, r->conf.ifname, &is, e);
	if (ret || is)
		return ret;
	ret = run_parse_device(r, e);
	return ret ? ret : tell_device(k, &r->conf.device, e);
}

static int tell_all(struct asking *k, struct wgq_err *e)
{
	struct run *r = &k->r;
	const char *const *names;
	size_t i, n = 0;
	bool is;
	int ret;

	ret = kernel_wireguard_links(&r->kernel, &r->arena, &names, &n, e);
	for (i = 0; i < n && !ret; i++)
		ret = tell_link(k, names[i], &is, e);
	if (!ret && !n)
		ret = err_set(e, -ENODEV,
			      "there is no WireGuard interface: name one that "
			      "has a conf, or a flow by --in and --out");
	return ret;
}

static int parse_addr(const char *option, const char *text, struct addr *ret,
		      struct wgq_err *e)
{
	if (conf_parse_address(text, ret))
		return 0;
	return err_set(e, -EINVAL, "--%s: `%s' is not an address", option,
		       text);
}

static int parse_number(const char *option, const char *text, unsigned int max,
			unsigned int *ret, struct wgq_err *e)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > max)
		return err_set(e, -EINVAL,
			       "--%s: `%s' is not a number up to %u", option,
			       text, max);
	*ret = (unsigned int)n;
	return 0;
}

static int parse_proto(const char *text, struct fw_flow *f, struct wgq_err *e)
{
	unsigned int n;
	int ret;

	if (!strcmp(text, "tcp")) {
		f->l4proto = IPPROTO_TCP;
	} else if (!strcmp(text, "udp")) {
		f->l4proto = IPPROTO_UDP;
	} else if (!strcmp(text, "icmp")) {
		f->l4proto =
			f->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	} else {
		ret = parse_number("proto", text, 255, &n, e);
		if (ret)
			return ret;
		f->l4proto = (int)n;
	}
	return 0;
}

static int tell_asked(struct asking *k, uint8_t family, struct wgq_err *e)
{
	const struct wgq_flow *q = &k->r.o->explain;
	struct fw_flow f = {
		.family = family,
		.hook = q->local ? FW_INPUT : FW_FORWARD,
		.in = { .name = q->in },
		.out = { .name = q->out },
		.l4proto = -1,
		.sport = ANY_PORT,
		.dport = ANY_PORT,
		.ctstate = q->reply ? FW_CT_ESTABLISHED : FW_CT_NEW,
		.syn = !q->reply,
	};
	struct addr src, dst;
	unsigned int port;
	char title[128];
	int ret = 0;

	if (q->src)
		ret = parse_addr("src", q->src, &src, e);
	if (!ret && q->dst)
		ret = parse_addr("dst", q->dst, &dst, e);
	if (!ret && q->proto)
		ret = parse_proto(q->proto, &f, e);
	if (!ret && q->port)
		ret = parse_number("port", q->port, 65535, &port, e);
	if (ret)
		return ret;
	if ((q->src && src.family != family) ||
	    (q->dst && dst.family != family))
		return 0;
	f.src = &src;
	f.n_src = q->src != NULL;
	f.dst = &dst;
	f.n_dst = q->dst != NULL;
	if (q->port)
		f.dport = (struct fw_range){ (uint16_t)port, (uint16_t)port };
	snprintf(title, sizeof(title), "%s in by %s%s%s",
		 q->reply ? "replies" : "new connections",
		 q->in ? q->in : "any interface",
		 q->local ? " to this host" : ", out by ",
		 q->local ? ""
		 : q->out ? q->out
			  : "any interface");
	return tell(k, &f, title, e);
}

static bool asks_for_flow(const struct wgq_flow *q)
{
	return q->in || q->out || q->src || q->dst || q->proto || q->port ||
	       q->reply || q->local;
}

static int begin(struct asking *k, const struct wgq_opts *o,
		 const struct host *host, struct wgq_err *e)
{
	struct run *r = &k->r;

	if (o->target && !asks_for_flow(&o->explain))
		return run_load(r, o, host, e);
	return run_init(r, o, host, e);
}

static int answer(struct asking *k, struct wgq_err *e)
{
	const struct wgq_opts *o = k->r.o;
	size_t i;
	int ret;

	ret = firewall_read(&k->r.firewall.access, &k->rs, e);
	firewall_unlock(&k->r.firewall.access);
	if (ret)
		return ret;
	if (asks_for_flow(&o->explain)) {
		for (i = 0; i < SNAP_FAMILIES && !ret; i++)
			ret = tell_asked(k, SNAP_AF[i], e);
	} else {
		ret = o->target ? tell_target(k, e) : tell_all(k, e);
	}
	if (!ret && o->json)
		buf_adds(k->out, k->n ? "\n]\n" : "[]\n");
	return ret;
}

int apply_explain(const struct wgq_opts *o, const struct host *host,
		  struct buf *out, struct wgq_err *e)
{
	struct asking k = { .out = out };
	int ret;

	ret = begin(&k, o, host, e);
	if (!ret)
		ret = answer(&k, e);
	if (!ret && out->failed)
		ret = err_sys(e, -ENOMEM, "explain");
	fw_ruleset_done(&k.rs);
	run_done(&k.r);
	return ret;
}

int wgq_explain(const struct wgq_opts *o, struct buf *out, struct wgq_err *e)
{
	return apply_explain(o, &host_real, out, e);
}
