// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/uapi/wireguard.h"
#include "curve.h"
#include "private.h"

/* A GET's messages are cut this short so that readers meet continued peers. */
#define PEERS_PER_MESSAGE 2
#define IPS_PER_MESSAGE 3

/* What nests has to say so: the kernel checks them strictly. */
static int parse_nest(const struct nlattr *nest, const struct nlattr **tb,
		      const uint16_t *allowed)
{
	if (!(nest->nla_type & NLA_F_NESTED))
		return -EINVAL;
	return fake_parse(mnl_attr_get_payload(nest),
			  mnl_attr_get_payload_len(nest), tb, allowed);
}

static bool has_len(const struct nlattr *attr, size_t len)
{
	return !attr || mnl_attr_get_payload_len(attr) == len;
}

struct fake_peer *fake_wg_find(struct fake *f, int link, const uint8_t *key)
{
	size_t i;

	for (i = 0; i < f->s->n_peers; i++)
		if (f->s->peers[i].link == link &&
		    !memcmp(f->s->peers[i].key, key, KEY_LEN))
			return &f->s->peers[i];
	return NULL;
}

void fake_wg_drop_allowed(struct fake *f, int link, const uint8_t *key)
{
	FAKE_REMOVE_IF(f->s->allowed, f->s->n_allowed, a,
		       a->link == link &&
			       (!key || !memcmp(a->key, key, KEY_LEN)));
}

void fake_wg_drop(struct fake *f, int link, const uint8_t *key)
{
	fake_wg_drop_allowed(f, link, key);
	FAKE_REMOVE_IF(f->s->peers, f->s->n_peers, p,
		       p->link == link &&
			       (!key || !memcmp(p->key, key, KEY_LEN)));
}

void fake_wg_link_gone(struct fake *f, int link)
{
	fake_wg_drop(f, link, NULL);
}

static bool port_in_use(const struct fake *f, uint16_t port, int but)
{
	const struct fake_link *l;
	size_t i;

	for (i = 0; i < f->s->n_links; i++) {
		l = &f->s->links[i];
		if (l->index != but && l->flags & IFF_UP && l->port == port &&
		    port)
			return true;
	}
	return false;
}

/* A port of the kernel's choice hangs on the name, so that runs compare. */
int fake_wg_link_up(struct fake *f, struct fake_link *l)
{
	uint16_t port = l->port;
	size_t i;

	if (port_in_use(f, port, l->index))
		return -EADDRINUSE;
	if (port)
		return 0;
	port = 40000;
	for (i = 0; l->name[i]; i++)
		port = (uint16_t)(port + l->name[i] * (i + 1));
	while (port_in_use(f, port, l->index))
		port++;
	l->port = port;
	return 0;
}

void fake_wg_allow(struct fake *f, const struct fake_peer *peer,
		   const struct addr *a, bool remove)
{
	struct fake_allowed ip = { .link = peer->link, .addr = addr_masked(a) };

	memcpy(ip.key, peer->key, KEY_LEN);
	/* The last to name a prefix owns it, at the end of its list. */
	FAKE_REMOVE_IF(f->s->allowed, f->s->n_allowed, v,
		       v->link == ip.link && addr_eq(&v->addr, &ip.addr) &&
			       (!remove || !memcmp(v->key, ip.key, KEY_LEN)));
	if (remove)
		return;
	if (f->s->n_allowed == FAKE_ALLOWED)
		fake_die("too many allowed IPs");
	f->s->allowed[f->s->n_allowed++] = ip;
}

static int set_allowed_ip(struct fake *f, const struct fake_peer *peer,
			  const struct nlattr *nest)
{
	static const uint16_t allowed[] = { WGALLOWEDIP_A_FAMILY,
					    WGALLOWEDIP_A_IPADDR,
					    WGALLOWEDIP_A_CIDR_MASK,
					    WGALLOWEDIP_A_FLAGS, 0 };
	const struct nlattr *tb[FAKE_ATTRS];
	struct addr a = { 0 };
	uint32_t flags = 0;

	if (parse_nest(nest, tb, allowed) || !tb[WGALLOWEDIP_A_FAMILY] ||
	    !tb[WGALLOWEDIP_A_IPADDR] || !tb[WGALLOWEDIP_A_CIDR_MASK])
		return -EINVAL;
	if (tb[WGALLOWEDIP_A_FLAGS])
		flags = mnl_attr_get_u32(tb[WGALLOWEDIP_A_FLAGS]);
	a.family = (uint8_t)mnl_attr_get_u16(tb[WGALLOWEDIP_A_FAMILY]);
	a.plen = mnl_attr_get_u8(tb[WGALLOWEDIP_A_CIDR_MASK]);
	if ((a.family != AF_INET && a.family != AF_INET6) ||
	    a.plen > addr_bits(a.family) ||
	    !has_len(tb[WGALLOWEDIP_A_IPADDR], addr_bytes(a.family)))
		return -EINVAL;
	memcpy(a.b, mnl_attr_get_payload(tb[WGALLOWEDIP_A_IPADDR]),
	       addr_bytes(a.family));
	fake_wg_allow(f, peer, &a, flags & WGALLOWEDIP_F_REMOVE_ME);
	return 0;
}

static int set_endpoint(struct fake_peer *peer, const struct nlattr *attr)
{
	const struct sockaddr *sa = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len == sizeof(peer->endpoint.v4) && sa->sa_family == AF_INET)
		memcpy(&peer->endpoint, sa, len);
	else if (len == sizeof(peer->endpoint.v6) && sa->sa_family == AF_INET6)
		memcpy(&peer->endpoint, sa, len);
	return 0;
}

static int set_allowed_ips(struct fake *f, const struct fake_peer *peer,
			   const struct nlattr *nest)
{
	const struct nlattr *attr;
	int ret;

	if (!(nest->nla_type & NLA_F_NESTED))
		return -EINVAL;
	mnl_attr_for_each_nested(attr, nest) {
		ret = set_allowed_ip(f, peer, attr);
		if (ret)
			return ret;
	}
	return 0;
}

static struct fake_peer *add_peer(struct fake *f, int link, const uint8_t *key)
{
	struct fake_peer *p = &f->s->peers[f->s->n_peers];

	if (f->s->n_peers == FAKE_PEERS)
		fake_die("too many peers");
	*p = (struct fake_peer){ .link = link };
	memcpy(p->key, key, KEY_LEN);
	f->s->n_peers++;
	return p;
}

static bool is_own_key(const struct fake_link *l, const uint8_t *key)
{
	uint8_t pub[KEY_LEN];

	if (!l->has_key)
		return false;
	key_public(pub, l->private_key);
	return !memcmp(pub, key, KEY_LEN);
}

struct fake_peer *fake_wg_peer(struct fake *f, const struct fake_link *l,
			       const uint8_t *key)
{
	struct fake_peer *p = fake_wg_find(f, l->index, key);

	if (is_own_key(l, key))
		return NULL;
	return p ? p : add_peer(f, l->index, key);
}

static int set_peer_values(struct fake *f, struct fake_peer *p, uint32_t flags,
			   const struct nlattr **tb)
{
	int ret;

	if (tb[WGPEER_A_PRESHARED_KEY])
		memcpy(p->psk, mnl_attr_get_payload(tb[WGPEER_A_PRESHARED_KEY]),
		       KEY_LEN);
	if (tb[WGPEER_A_ENDPOINT])
		set_endpoint(p, tb[WGPEER_A_ENDPOINT]);
	if (flags & WGPEER_F_REPLACE_ALLOWEDIPS)
		fake_wg_drop_allowed(f, p->link, p->key);
	if (tb[WGPEER_A_ALLOWEDIPS]) {
		ret = set_allowed_ips(f, p, tb[WGPEER_A_ALLOWEDIPS]);
		if (ret)
			return ret;
	}
	if (tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL])
		p->keepalive = mnl_attr_get_u16(
			tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	return 0;
}

static int set_peer(struct fake *f, const struct fake_link *l,
		    const struct nlattr *nest)
{
	static const uint16_t allowed[] = {
		WGPEER_A_PUBLIC_KEY,
		WGPEER_A_PRESHARED_KEY,
		WGPEER_A_FLAGS,
		WGPEER_A_ENDPOINT,
		WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
		WGPEER_A_ALLOWEDIPS,
		WGPEER_A_PROTOCOL_VERSION,
		0
	};
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_peer *p;
	const uint8_t *key;
	uint32_t flags = 0;

	if (parse_nest(nest, tb, allowed) || !tb[WGPEER_A_PUBLIC_KEY] ||
	    !has_len(tb[WGPEER_A_PUBLIC_KEY], KEY_LEN) ||
	    !has_len(tb[WGPEER_A_PRESHARED_KEY], KEY_LEN) ||
	    !has_len(tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL], 2))
		return -EINVAL;
	if (tb[WGPEER_A_FLAGS])
		flags = mnl_attr_get_u32(tb[WGPEER_A_FLAGS]);
	if (flags & ~7u)
		return -EOPNOTSUPP;
	key = mnl_attr_get_payload(tb[WGPEER_A_PUBLIC_KEY]);
	p = fake_wg_find(f, l->index, key);
	if (flags & WGPEER_F_REMOVE_ME) {
		if (p)
			fake_wg_drop(f, l->index, key);
		return 0;
	}
	if (!p && flags & WGPEER_F_UPDATE_ONLY)
		return 0;
	p = fake_wg_peer(f, l, key);
	return p ? set_peer_values(f, p, flags, tb) : 0;
}

void fake_wg_set_key(struct fake *f, struct fake_link *l, const uint8_t *key)
{
	uint8_t pub[KEY_LEN];

	memcpy(l->private_key, key, KEY_LEN);
	l->has_key = !key_is_zero(l->private_key);
	l->private_key[0] &= 248;
	l->private_key[31] = (l->private_key[31] & 127) | 64;
	key_public(pub, l->private_key);
	fake_wg_drop(f, l->index, pub);
}

/* set_device(): nothing of it is taken back when a later part is refused. */
static int set_device(struct fake *f, struct fake_link *l,
		      const struct nlattr **tb)
{
	const struct nlattr *attr;
	int ret = 0;

	if (tb[WGDEVICE_A_FWMARK])
		l->fwmark = mnl_attr_get_u32(tb[WGDEVICE_A_FWMARK]);
	if (tb[WGDEVICE_A_LISTEN_PORT]) {
		if (l->flags & IFF_UP &&
		    port_in_use(f, mnl_attr_get_u16(tb[WGDEVICE_A_LISTEN_PORT]),
				l->index))
			return -EADDRINUSE;
		l->port = mnl_attr_get_u16(tb[WGDEVICE_A_LISTEN_PORT]);
	}
	if (tb[WGDEVICE_A_FLAGS])
		fake_wg_drop(f, l->index, NULL);
	if (tb[WGDEVICE_A_PRIVATE_KEY])
		fake_wg_set_key(
			f, l, mnl_attr_get_payload(tb[WGDEVICE_A_PRIVATE_KEY]));
	if (!tb[WGDEVICE_A_PEERS])
		return 0;
	if (!(tb[WGDEVICE_A_PEERS]->nla_type & NLA_F_NESTED))
		return -EINVAL;
	mnl_attr_for_each_nested(attr, tb[WGDEVICE_A_PEERS]) {
		ret = set_peer(f, l, attr);
		if (ret)
			break;
	}
	return ret;
}

static int find_device(struct fake *f, const struct nlattr **tb,
		       struct fake_link **ret_link)
{
	struct fake_link *l;

	if (!tb[WGDEVICE_A_IFNAME] == !tb[WGDEVICE_A_IFINDEX])
		return -EBADR;
	if (tb[WGDEVICE_A_IFNAME])
		l = fake_link_find(f, mnl_attr_get_str(tb[WGDEVICE_A_IFNAME]));
	else
		l = fake_link_by_index(
			f, (int)mnl_attr_get_u32(tb[WGDEVICE_A_IFINDEX]));
	if (!l)
		return -ENODEV;
	if (strcmp(l->kind, "wireguard"))
		return -EOPNOTSUPP;
	*ret_link = l;
	return 0;
}

static int set_request(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = {
		WGDEVICE_A_IFINDEX,	WGDEVICE_A_IFNAME,
		WGDEVICE_A_PRIVATE_KEY, WGDEVICE_A_FLAGS,
		WGDEVICE_A_LISTEN_PORT, WGDEVICE_A_FWMARK,
		WGDEVICE_A_PEERS,	0
	};
	const struct nlattr *tb[FAKE_ATTRS];
	struct fake_link *l;
	int ret;

	if (fake_parse_msg(nlh, GENL_HDRLEN, tb, allowed) ||
	    !has_len(tb[WGDEVICE_A_PRIVATE_KEY], KEY_LEN) ||
	    !has_len(tb[WGDEVICE_A_LISTEN_PORT], 2) ||
	    !has_len(tb[WGDEVICE_A_FWMARK], 4))
		return -EINVAL;
	ret = find_device(f, tb, &l);
	if (!ret && tb[WGDEVICE_A_FLAGS] &&
	    mnl_attr_get_u32(tb[WGDEVICE_A_FLAGS]) & ~1u)
		return -EOPNOTSUPP;
	return ret ? ret : set_device(f, l, tb);
}

static void put_device(struct nlmsghdr *nlh, const struct fake_link *l)
{
	uint8_t pub[KEY_LEN];

	mnl_attr_put_u16(nlh, WGDEVICE_A_LISTEN_PORT, l->port);
	mnl_attr_put_u32(nlh, WGDEVICE_A_FWMARK, l->fwmark);
	mnl_attr_put_u32(nlh, WGDEVICE_A_IFINDEX, (uint32_t)l->index);
	mnl_attr_put_strz(nlh, WGDEVICE_A_IFNAME, l->name);
	if (!l->has_key)
		return;
	key_public(pub, l->private_key);
	mnl_attr_put(nlh, WGDEVICE_A_PRIVATE_KEY, KEY_LEN, l->private_key);
	mnl_attr_put(nlh, WGDEVICE_A_PUBLIC_KEY, KEY_LEN, pub);
}

static void put_peer_values(struct nlmsghdr *nlh, const struct fake_peer *p)
{
	mnl_attr_put(nlh, WGPEER_A_PRESHARED_KEY, KEY_LEN, p->psk);
	mnl_attr_put_u16(nlh, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
			 p->keepalive);
	if (p->endpoint.sa.sa_family == AF_INET)
		mnl_attr_put(nlh, WGPEER_A_ENDPOINT, sizeof(p->endpoint.v4),
			     &p->endpoint.v4);
	if (p->endpoint.sa.sa_family == AF_INET6)
		mnl_attr_put(nlh, WGPEER_A_ENDPOINT, sizeof(p->endpoint.v6),
			     &p->endpoint.v6);
}

static void put_allowed_ip(struct nlmsghdr *nlh, const struct addr *a)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, 0);

	mnl_attr_put_u8(nlh, WGALLOWEDIP_A_CIDR_MASK, a->plen);
	mnl_attr_put_u16(nlh, WGALLOWEDIP_A_FAMILY, a->family);
	mnl_attr_put(nlh, WGALLOWEDIP_A_IPADDR, addr_bytes(a->family), a->b);
	mnl_attr_nest_end(nlh, nest);
}

/* Puts allowed IPs from *@at on; returns whether all that are left fitted. */
static bool put_peer(const struct fake *f, struct nlmsghdr *nlh,
		     const struct fake_peer *p, size_t *at)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, 0), *list;
	const struct fake_allowed *a;
	size_t n = 0;

	mnl_attr_put(nlh, WGPEER_A_PUBLIC_KEY, KEY_LEN, p->key);
	if (*at == 0)
		put_peer_values(nlh, p);
	list = mnl_attr_nest_start(nlh, WGPEER_A_ALLOWEDIPS);
	for (; *at < f->s->n_allowed; ++*at) {
		a = &f->s->allowed[*at];
		if (a->link != p->link || memcmp(a->key, p->key, KEY_LEN))
			continue;
		if (n++ == IPS_PER_MESSAGE)
			break;
		put_allowed_ip(nlh, &a->addr);
	}
	mnl_attr_nest_end(nlh, list);
	mnl_attr_nest_end(nlh, nest);
	return *at == f->s->n_allowed;
}

static size_t next_peer(const struct fake *f, int link, size_t i)
{
	while (i < f->s->n_peers && f->s->peers[i].link != link)
		i++;
	return i;
}

static int get_request(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { WGDEVICE_A_IFINDEX,
					    WGDEVICE_A_IFNAME, 0 };
	const struct genlmsghdr genl = { .cmd = WG_CMD_GET_DEVICE,
					 .version = 1 };
	const struct nlattr *tb[FAKE_ATTRS];
	size_t peer, n, at = 0;
	struct nlmsghdr *reply;
	struct fake_link *l;
	struct nlattr *list;
	bool first = true;
	char buf[4096];
	int ret;

	if (!fake_is_dump(nlh))
		return -EOPNOTSUPP;
	if (fake_parse_msg(nlh, GENL_HDRLEN, tb, allowed))
		return -EINVAL;
	ret = find_device(f, tb, &l);
	if (ret)
		return ret;
	for (peer = next_peer(f, l->index, 0); first || peer < f->s->n_peers;
	     first = false) {
		reply = fake_reply(nlh, buf, FAKE_WG_FAMILY, &genl,
				   sizeof(genl));
		if (first)
			put_device(reply, l);
		list = mnl_attr_nest_start(reply, WGDEVICE_A_PEERS);
		for (n = 0; n < PEERS_PER_MESSAGE && peer < f->s->n_peers;
		     n++) {
			if (!put_peer(f, reply, &f->s->peers[peer], &at))
				break;
			peer = next_peer(f, l->index, peer + 1);
			at = 0;
		}
		mnl_attr_nest_end(reply, list);
		fake_reply_end(f, reply, true);
	}
	return fake_dump_end(f, nlh);
}

static int get_family(struct fake *f, const struct nlmsghdr *nlh)
{
	static const uint16_t allowed[] = { CTRL_ATTR_FAMILY_NAME, 0 };
	const struct genlmsghdr genl = { .cmd = CTRL_CMD_NEWFAMILY,
					 .version = 2 };
	const struct nlattr *tb[FAKE_ATTRS];
	struct nlmsghdr *reply;
	char buf[256];

	if (fake_parse_msg(nlh, GENL_HDRLEN, tb, allowed) ||
	    !tb[CTRL_ATTR_FAMILY_NAME])
		return -EINVAL;
	if (!f->s->has_wireguard ||
	    strcmp(mnl_attr_get_str(tb[CTRL_ATTR_FAMILY_NAME]), "wireguard"))
		return -ENOENT;
	reply = fake_reply(nlh, buf, GENL_ID_CTRL, &genl, sizeof(genl));
	mnl_attr_put_strz(reply, CTRL_ATTR_FAMILY_NAME, "wireguard");
	mnl_attr_put_u16(reply, CTRL_ATTR_FAMILY_ID, FAKE_WG_FAMILY);
	fake_reply_end(f, reply, false);
	return 0;
}

int fake_genl_request(struct fake *f, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return -EINVAL;
	if (nlh->nlmsg_type == GENL_ID_CTRL && genl->cmd == CTRL_CMD_GETFAMILY)
		return get_family(f, nlh);
	if (nlh->nlmsg_type != FAKE_WG_FAMILY || !f->s->has_wireguard)
		return -ENOENT;
	if (genl->version != 1)
		fake_die("another version of WireGuard's family");
	switch (genl->cmd) {
	case WG_CMD_GET_DEVICE:
		return get_request(f, nlh);
	case WG_CMD_SET_DEVICE:
		return set_request(f, nlh);
	}
	return -EOPNOTSUPP;
}

static void dump_device(const struct fake_link *l, struct buf *out)
{
	char key[KEY_BASE64_LEN] = "none";

	if (l->has_key)
		key_print_base64(key, l->private_key);
	buf_addf(out, "wg %s key %s port %u fwmark %#x\n", l->name, key,
		 l->port, l->fwmark);
}

void fake_wg_dump(const struct fake *f, struct buf *out)
{
	char key[KEY_BASE64_LEN], psk[KEY_BASE64_LEN], text[ENDPOINT_STRLEN];
	const struct fake_allowed *a;
	const struct fake_peer *p;
	size_t i;

	for (i = 0; i < f->s->n_links; i++)
		if (*f->s->links[i].kind)
			dump_device(&f->s->links[i], out);
	for (i = 0; i < f->s->n_peers; i++) {
		p = &f->s->peers[i];
		key_print_base64(key, p->key);
		key_print_base64(psk, p->psk);
		buf_addf(out, "wg %s peer %s psk %s endpoint %s keepalive %u\n",
			 fake_link_name(f, p->link), key, psk,
			 p->endpoint.sa.sa_family
				 ? endpoint_print(&p->endpoint, text)
				 : "none",
			 p->keepalive);
	}
	for (i = 0; i < f->s->n_allowed; i++) {
		a = &f->s->allowed[i];
		key_print_base64(key, a->key);
		buf_addf(out, "wg %s peer %s allowed %s\n",
			 fake_link_name(f, a->link), key,
			 addr_print(&a->addr, text));
	}
}
