// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/step.h"

#include <linux/netfilter.h>
#include <string.h>

struct step *plan_add(struct plan *p, enum step_kind kind, unsigned int line)
{
	struct step *s;

	s = arena_grow(&p->arena, &p->steps, p->n, &p->cap, sizeof(*s));
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->line = line;
	p->n++;
	return s;
}

void plan_done(struct plan *p)
{
	arena_done(&p->arena);
	*p = (struct plan){ 0 };
}

static char family_digit(uint8_t family)
{
	return family == AF_INET6 ? '6' : '4';
}

/* nft's word for a family of nf_tables. */
static const char *family_nft(uint8_t family)
{
	static const char *const words[NFPROTO_NUMPROTO] = {
		[NFPROTO_INET] = "inet",     [NFPROTO_IPV4] = "ip",
		[NFPROTO_ARP] = "arp",	     [NFPROTO_NETDEV] = "netdev",
		[NFPROTO_BRIDGE] = "bridge", [NFPROTO_IPV6] = "ip6",
	};

	return words[family] ? words[family] : "unknown";
}

static void print_rule(const struct step_rule *r, bool add, struct buf *out)
{
	buf_addf(out, "ip -%c rule %s", family_digit(r->family),
		 add ? "add" : "delete");
	switch (r->what) {
	case RULE_MARK:
		buf_addf(out, " not fwmark %u table %u", r->mark, r->mark);
		break;
	case RULE_SUPPRESS:
		buf_adds(out, " table main suppress_prefixlength 0");
		break;
	case RULE_TABLE:
		buf_addf(out, " table %u", r->mark);
		break;
	}
	if (!add || !r->natural)
		buf_addf(out, " priority %u", r->priority);
}

static void print_spoof_add(const struct step_spoof *sp,
			    const struct step_names *names, struct buf *out)
{
	const char *nft = family_nft(sp->family);
	char text[ADDR_STRLEN];
	size_t i;

	if (names->as_wg_quick) {
		buf_adds(out, "nft -f /dev/fd/63");
		return;
	}
	buf_addf(out, "nft 'table %s wg-quick-%s {", nft, names->ifname);
	buf_adds(out, " chain preraw { type filter hook prerouting"
		      " priority -300;");
	for (i = 0; i < sp->n_addresses; i++)
		buf_addf(out,
			 " iifname != \"%s\" %s daddr %s"
			 " fib saddr type != local drop;",
			 names->ifname, nft,
			 addr_print_host(&sp->addresses[i], text));
	buf_addf(out,
		 " }; chain premangle { type filter hook prerouting"
		 " priority -150; meta l4proto udp meta mark set ct mark;"
		 " }; chain postmangle { type filter hook postrouting"
		 " priority -150; meta l4proto udp mark %u"
		 " ct mark set mark; }; }'",
		 sp->mark);
}

static void print_hook(const char *text, const char *ifname, struct buf *out)
{
	const char *p;

	while ((p = strstr(text, "%i"))) {
		buf_add(out, text, (size_t)(p - text));
		buf_adds(out, ifname);
		text = p + 2;
	}
	buf_adds(out, text);
}

static void print_route(const struct step_route *r, const char *ifname,
			struct buf *out)
{
	char text[ADDR_STRLEN];

	buf_addf(out, "ip -%c route add %s dev %s", family_digit(r->dst.family),
		 addr_print(&r->dst, text), ifname);
	if (r->name)
		buf_addf(out, " table %s", r->name);
}

void step_print(const struct step *s, const struct step_names *names,
		struct buf *out)
{
	const char *ifname = names->ifname;
	char text[ADDR_STRLEN];

	switch (s->kind) {
	case STEP_LINK_ADD:
		buf_addf(out, "ip link add dev %s type wireguard", ifname);
		break;
	case STEP_USERSPACE:
		buf_addf(out, "%s %s", s->program, ifname);
		break;
	case STEP_HOOK:
		print_hook(s->hook.text, ifname, out);
		break;
	case STEP_WG_CONF:
		if (names->as_wg_quick)
			buf_addf(out, "wg addconf %s /dev/fd/63", ifname);
		else
			buf_addf(out, "wg addconf %s <(wgq strip %s)", ifname,
				 names->conf);
		break;
	case STEP_ADDR_ADD:
		buf_addf(out, "ip -%c address add %s dev %s",
			 family_digit(s->addr.family),
			 addr_print(&s->addr, text), ifname);
		break;
	case STEP_LINK_UP:
		buf_addf(out, "ip link set mtu %d up dev %s", s->link_up.mtu,
			 ifname);
		break;
	case STEP_DNS_ADD:
		buf_adds(out, names->dns_add);
		break;
	case STEP_WG_FWMARK:
		buf_addf(out, "wg set %s fwmark %u", ifname, s->mark);
		break;
	case STEP_RULE_ADD:
		print_rule(&s->rule, true, out);
		break;
	case STEP_RULE_DEL:
		print_rule(&s->rule, false, out);
		break;
	case STEP_ROUTE_ADD:
		print_route(&s->route, ifname, out);
		break;
	case STEP_SYSCTL:
		buf_addf(out, "sysctl -q %s=%d", s->sysctl.key,
			 s->sysctl.value);
		break;
	case STEP_SPOOF_ADD:
		print_spoof_add(&s->spoof, names, out);
		break;
	case STEP_SPOOF_DEL:
		buf_addf(out, "nft delete table %s wg-quick-%s",
			 family_nft(s->spoof.family), ifname);
		break;
	case STEP_XT_DEL:
		buf_addf(out, "%stables-restore -n",
			 s->spoof.family == AF_INET6 ? "ip6" : "ip");
		break;
	case STEP_FIREWALL:
		buf_addf(out, "firewall rules of %s", ifname);
		break;
	case STEP_FIREWALL_DEL:
		buf_addf(out, "removal of the firewall rules of %s", ifname);
		break;
	case STEP_LINK_DEL:
		buf_addf(out, "ip link delete dev %s", ifname);
		break;
	case STEP_DNS_DEL:
		buf_adds(out, names->dns_del);
		break;
	}
}

bool step_inverse(const struct step *s, struct step *ret_inverse)
{
	struct step inv = *s;

	switch (s->kind) {
	case STEP_LINK_ADD:
	case STEP_USERSPACE:
		inv.kind = STEP_LINK_DEL;
		break;
	case STEP_RULE_ADD:
		inv.kind = STEP_RULE_DEL;
		break;
	case STEP_SPOOF_ADD:
		inv.kind = STEP_SPOOF_DEL;
		break;
	case STEP_DNS_ADD:
		inv.kind = STEP_DNS_DEL;
		break;
	case STEP_FIREWALL:
		inv.kind = STEP_FIREWALL_DEL;
		break;
	case STEP_SYSCTL:
		if (s->sysctl.old < 0)
			return false;
		inv.sysctl.value = s->sysctl.old;
		inv.sysctl.old = -1;
		break;
	case STEP_LINK_UP:
		if (s->link_up.send_redirects < 0)
			return false;
		inv.kind = STEP_SYSCTL;
		inv.sysctl = (struct step_sysctl){
			.key = SYSCTL_SEND_REDIRECTS,
			.value = s->link_up.send_redirects,
			.old = -1,
		};
		break;
	case STEP_HOOK:
	case STEP_WG_CONF:
	case STEP_ADDR_ADD:
	case STEP_WG_FWMARK:
	case STEP_ROUTE_ADD:
	case STEP_RULE_DEL:
	case STEP_SPOOF_DEL:
	case STEP_XT_DEL:
	case STEP_FIREWALL_DEL:
	case STEP_LINK_DEL:
	case STEP_DNS_DEL:
		return false;
	}
	*ret_inverse = inv;
	return true;
}
