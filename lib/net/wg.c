// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/wg.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/uapi/wireguard.h"

/* What a device, a peer and an allowed IP take with all that they can have. */
#define DEVICE_ROOM 160
#define PEER_ROOM 160
#define ALLOWED_IP_ROOM 48

static void begin_genl(struct nlmsg *m, uint16_t family, uint16_t flags,
		       uint8_t cmd)
{
	const struct genlmsghdr genl = { .cmd = cmd,
					 .version = WG_GENL_VERSION };

	nlmsg_begin(m, family, flags, &genl, sizeof(genl));
}

static int read_family(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	const struct nlattr *attr;
	uint16_t *family = ctx;

	(void)e;
	if (nlh->nlmsg_type != GENL_ID_CTRL)
		return 0;
	nlmsg_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			*family = mnl_attr_get_u16(attr);
	return 0;
}

int wg_family(struct nl *nl, uint16_t *ret_family, struct wgq_err *e)
{
	struct wgq_err why = {};
	uint16_t family = 0;
	NLMSG(m, 64);
	int ret;

	begin_genl(&m, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	nlmsg_put_str(&m, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	ret = nl_talk(nl, &m, read_family, &family, &why);
	if (ret == -ENOENT || (ret == 0 && !family))
		return err_set(e, -EPROTONOSUPPORT,
			       "the kernel has no WireGuard: %s",
			       strerror(EPROTONOSUPPORT));
	if (ret < 0)
		return err_set(e, ret, "%s", why.msg);
	*ret_family = family;
	return 0;
}

void wg_set_begin(struct wg_set *s, uint16_t family,
		  const struct wg_device *dev, enum wg_mode mode)
{
	*s = (struct wg_set){
		.dev = dev, .family = family, .mode = mode, .first = true
	};
}

static void put_device(struct nlmsg *m, const struct wg_set *s)
{
	const struct wg_device *dev = s->dev;

	if (dev->has_private_key)
		nlmsg_put(m, WGDEVICE_A_PRIVATE_KEY, dev->private_key, KEY_LEN);
	if (dev->has_listen_port)
		nlmsg_put_u16(m, WGDEVICE_A_LISTEN_PORT, dev->listen_port);
	if (dev->has_fwmark)
		nlmsg_put_u32(m, WGDEVICE_A_FWMARK, dev->fwmark);
	if (s->mode == WG_REPLACE)
		nlmsg_put_u32(m, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
}

static bool put_allowed_ip(struct nlmsg *m, const struct wg_allowed_ip *ip)
{
	size_t nest = nlmsg_nest(m, NLA_F_NESTED);

	nlmsg_put_u16(m, WGALLOWEDIP_A_FAMILY, ip->addr.family);
	nlmsg_put(m, WGALLOWEDIP_A_IPADDR, ip->addr.b,
		  addr_bytes(ip->addr.family));
	nlmsg_put_u8(m, WGALLOWEDIP_A_CIDR_MASK, ip->addr.plen);
	if (ip->remove)
		nlmsg_put_u32(m, WGALLOWEDIP_A_FLAGS, WGALLOWEDIP_F_REMOVE_ME);
	nlmsg_nest_end(m, nest);
	if (!m->full)
		return true;
	nlmsg_nest_cancel(m, nest);
	return false;
}

static void put_peer_settings(struct nlmsg *m, const struct wg_peer *peer)
{
	const union sockaddr_inet *ep = &peer->endpoint;

	if (peer->has_preshared_key)
		nlmsg_put(m, WGPEER_A_PRESHARED_KEY, peer->preshared_key,
			  KEY_LEN);
	if (ep->sa.sa_family == AF_INET)
		nlmsg_put(m, WGPEER_A_ENDPOINT, &ep->v4, sizeof(ep->v4));
	if (ep->sa.sa_family == AF_INET6)
		nlmsg_put(m, WGPEER_A_ENDPOINT, &ep->v6, sizeof(ep->v6));
	if (peer->has_keepalive)
		nlmsg_put_u16(m, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
			      peer->keepalive);
	if (peer->replace_allowed_ips)
		nlmsg_put_u32(m, WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS);
}

/**
 * put_peer() - put the next peer, or what is left of it
 *
 * Return: whether all of it fitted.  If not, either nothing of it was put or
 * it is to be continued.
 */
static bool put_peer(struct wg_set *s, struct nlmsg *m)
{
	const struct wg_peer *peer = &s->dev->peers[s->peer];
	size_t nest = nlmsg_nest(m, NLA_F_NESTED), list = SIZE_MAX;

	nlmsg_put(m, WGPEER_A_PUBLIC_KEY, peer->public_key, KEY_LEN);
	if (!s->continued)
		put_peer_settings(m, peer);
	if (peer->n_allowed_ips)
		list = nlmsg_nest(m, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
	if (m->full) {
		nlmsg_nest_cancel(m, nest);
		return false;
	}
	while (s->allowed < peer->n_allowed_ips &&
	       put_allowed_ip(m, &peer->allowed_ips[s->allowed]))
		s->allowed++;
	if (peer->n_allowed_ips)
		nlmsg_nest_end(m, list);
	nlmsg_nest_end(m, nest);
	s->continued = s->allowed < peer->n_allowed_ips;
	if (s->continued)
		return false;
	s->peer++;
	s->allowed = 0;
	return true;
}

static void put_peers(struct wg_set *s, struct nlmsg *m)
{
	size_t nest = nlmsg_nest(m, WGDEVICE_A_PEERS | NLA_F_NESTED);
	struct wg_set before = *s;

	while (s->peer < s->dev->n_peers && put_peer(s, m))
		;
	nlmsg_nest_end(m, nest);
	/* A message that moves nothing would be followed by its like. */
	if (s->peer == before.peer && s->allowed == before.allowed &&
	    s->continued == before.continued)
		m->full = true;
}

bool wg_set_next(struct wg_set *s, struct nlmsg *m)
{
	if (!s->first && s->peer == s->dev->n_peers)
		return false;
	begin_genl(m, s->family, NLM_F_ACK, WG_CMD_SET_DEVICE);
	nlmsg_put_str(m, WGDEVICE_A_IFNAME, s->dev->name);
	if (s->first)
		put_device(m, s);
	s->first = false;
	if (s->peer < s->dev->n_peers)
		put_peers(s, m);
	return true;
}

/* What the first message can need at most; the others are no longer. */
static size_t message_size(const struct wg_device *dev)
{
	size_t i, size = DEVICE_ROOM;

	for (i = 0; i < dev->n_peers && size < WG_MSG_SIZE; i++)
		size += PEER_ROOM +
			dev->peers[i].n_allowed_ips * ALLOWED_IP_ROOM;
	return size < WG_MSG_SIZE ? size : WG_MSG_SIZE;
}

int wg_set_device(struct nl *nl, uint16_t family, const struct wg_device *dev,
		  enum wg_mode mode, struct wgq_err *e)
{
	const size_t size = message_size(dev);
	cleanup(free_ptr) uint8_t *buf = malloc(size);
	struct nlmsg m = { .buf = buf, .size = size };
	struct wg_set s;
	size_t used = 0;
	int ret = 0;

	if (!buf)
		return err_sys(e, -ENOMEM, "WireGuard");
	wg_set_begin(&s, family, dev, mode);
	while (ret == 0 && wg_set_next(&s, &m)) {
		if (m.full)
			used = size;
		else if (nlmsg_hdr(&m)->nlmsg_len > used)
			used = nlmsg_hdr(&m)->nlmsg_len;
		ret = nl_talk(nl, &m, NULL, NULL, e);
	}
	explicit_bzero(buf, used);
	return ret;
}

void wg_build_fwmark(struct nlmsg *m, uint16_t family, const char *ifname,
		     uint32_t mark)
{
	begin_genl(m, family, NLM_F_ACK, WG_CMD_SET_DEVICE);
	nlmsg_put_str(m, WGDEVICE_A_IFNAME, ifname);
	nlmsg_put_u32(m, WGDEVICE_A_FWMARK, mark);
}

void wg_build_get(struct nlmsg *m, uint16_t family, const char *ifname)
{
	begin_genl(m, family, NLM_F_ACK | NLM_F_DUMP, WG_CMD_GET_DEVICE);
	nlmsg_put_str(m, WGDEVICE_A_IFNAME, ifname);
}

void wg_reader_begin(struct wg_reader *r, struct arena *arena,
		     struct wg_device *dev)
{
	*r = (struct wg_reader){ .arena = arena, .dev = dev };
	memset(dev, 0, sizeof(*dev));
}

static bool get(const struct nlattr *attr, void *v, size_t len)
{
	if (mnl_attr_get_payload_len(attr) != len)
		return false;
	memcpy(v, mnl_attr_get_payload(attr), len);
	return true;
}

static bool read_allowed_ip(const struct nlattr *nest, struct addr *a)
{
	const struct nlattr *attr, *ip = NULL;
	uint16_t family = AF_UNSPEC;
	bool has_plen = false;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case WGALLOWEDIP_A_FAMILY:
			get(attr, &family, sizeof(family));
			break;
		case WGALLOWEDIP_A_IPADDR:
			ip = attr;
			break;
		case WGALLOWEDIP_A_CIDR_MASK:
			has_plen = get(attr, &a->plen, sizeof(a->plen));
			break;
		}
	}
	if ((family != AF_INET && family != AF_INET6) || !ip || !has_plen)
		return false;
	a->family = (uint8_t)family;
	return a->plen <= addr_bits(a->family) &&
	       get(ip, a->b, addr_bytes(a->family));
}

static int read_allowed_ips(struct wg_reader *r, struct wg_peer *peer,
			    const struct nlattr *nest)
{
	struct wg_allowed_ip *ip;
	const struct nlattr *attr;
	struct addr a;

	mnl_attr_for_each_nested(attr, nest) {
		a = (struct addr){};
		if (!read_allowed_ip(attr, &a))
			return -EBADMSG;
		ip = arena_grow(r->arena, &peer->allowed_ips,
				peer->n_allowed_ips, &r->cap_allowed,
				sizeof(*ip));
		if (!ip)
			return -ENOMEM;
		ip->addr = a;
		peer->n_allowed_ips++;
	}
	return 0;
}

static void read_endpoint(const struct nlattr *attr, union sockaddr_inet *ep)
{
	if (get(attr, &ep->v4, sizeof(ep->v4)) && ep->sa.sa_family == AF_INET)
		return;
	if (get(attr, &ep->v6, sizeof(ep->v6)) && ep->sa.sa_family == AF_INET6)
		return;
	memset(ep, 0, sizeof(*ep));
}

static void read_peer_setting(const struct nlattr *attr, struct wg_peer *peer)
{
	int64_t time[2] = {};

	switch (mnl_attr_get_type(attr)) {
	case WGPEER_A_PRESHARED_KEY:
		peer->has_preshared_key =
			get(attr, peer->preshared_key, KEY_LEN) &&
			!key_is_zero(peer->preshared_key);
		break;
	case WGPEER_A_ENDPOINT:
		read_endpoint(attr, &peer->endpoint);
		break;
	case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
		get(attr, &peer->keepalive, sizeof(peer->keepalive));
		peer->has_keepalive = peer->keepalive != 0;
		break;
	case WGPEER_A_LAST_HANDSHAKE_TIME:
		get(attr, time, sizeof(time));
		peer->last_handshake = time[0];
		break;
	case WGPEER_A_RX_BYTES:
		get(attr, &peer->rx_bytes, sizeof(peer->rx_bytes));
		break;
	case WGPEER_A_TX_BYTES:
		get(attr, &peer->tx_bytes, sizeof(peer->tx_bytes));
		break;
	}
}

static struct wg_peer *add_peer(struct wg_reader *r, const uint8_t *key)
{
	struct wg_peer *peer;

	peer = arena_grow(r->arena, &r->dev->peers, r->dev->n_peers,
			  &r->cap_peers, sizeof(*peer));
	if (!peer)
		return NULL;
	memcpy(peer->public_key, key, KEY_LEN);
	r->dev->n_peers++;
	r->cap_allowed = 0;
	return peer;
}

static int read_peer(struct wg_reader *r, const struct nlattr *nest)
{
	const struct nlattr *attr;
	struct wg_peer *peer = NULL;
	bool has_key = false, continued;
	uint8_t key[KEY_LEN];
	int ret = 0;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == WGPEER_A_PUBLIC_KEY)
			has_key = get(attr, key, KEY_LEN);
	if (!has_key)
		return -EBADMSG;
	if (r->dev->n_peers)
		peer = &r->dev->peers[r->dev->n_peers - 1];
	continued = peer && memcmp(peer->public_key, key, KEY_LEN) == 0;
	if (!continued)
		peer = add_peer(r, key);
	if (!peer)
		return -ENOMEM;
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == WGPEER_A_ALLOWEDIPS)
			ret = read_allowed_ips(r, peer, attr);
		else if (!continued)
			read_peer_setting(attr, peer);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int read_peers(struct wg_reader *r, const struct nlattr *nest)
{
	const struct nlattr *attr;
	int ret;

	mnl_attr_for_each_nested(attr, nest) {
		ret = read_peer(r, attr);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int read_device_attr(struct wg_reader *r, const struct nlattr *attr)
{
	struct wg_device *dev = r->dev;
	size_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case WGDEVICE_A_IFNAME:
		len = strnlen(mnl_attr_get_payload(attr), len);
		if (len >= sizeof(dev->name))
			return -EBADMSG;
		memset(dev->name, 0, sizeof(dev->name));
		memcpy(dev->name, mnl_attr_get_payload(attr), len);
		break;
	case WGDEVICE_A_PRIVATE_KEY:
		dev->has_private_key = get(attr, dev->private_key, KEY_LEN) &&
				       !key_is_zero(dev->private_key);
		break;
	case WGDEVICE_A_PUBLIC_KEY:
		dev->has_public_key = get(attr, dev->public_key, KEY_LEN);
		break;
	case WGDEVICE_A_LISTEN_PORT:
		get(attr, &dev->listen_port, sizeof(dev->listen_port));
		dev->has_listen_port = dev->listen_port != 0;
		break;
	case WGDEVICE_A_FWMARK:
		get(attr, &dev->fwmark, sizeof(dev->fwmark));
		dev->has_fwmark = dev->fwmark != 0;
		break;
	case WGDEVICE_A_PEERS:
		return read_peers(r, attr);
	}
	return 0;
}

int wg_read(struct wg_reader *r, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	int ret;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN ||
	    genl->cmd != WG_CMD_GET_DEVICE)
		return -EBADMSG;
	nlmsg_for_each(attr, nlh, GENL_HDRLEN) {
		ret = read_device_attr(r, attr);
		if (ret < 0)
			return ret;
	}
	return 0;
}

struct get {
	uint16_t family;
	bool stop;
	struct wg_reader reader;
};

static int get_reply(void *ctx, const struct nlmsghdr *nlh, struct wgq_err *e)
{
	struct get *g = ctx;
	int ret;

	if (nlh->nlmsg_type != g->family)
		return 0;
	ret = wg_read(&g->reader, nlh);
	if (ret < 0)
		return err_sys(e, ret, "WireGuard");
	return g->stop;
}

static void get_restart(void *ctx)
{
	struct get *g = ctx;

	wg_reader_begin(&g->reader, g->reader.arena, g->reader.dev);
}

static int get_device(struct nl *nl, const char *ifname, struct get *g,
		      struct wgq_err *e)
{
	NLMSG(m, 64);
	int ret;

	wg_build_get(&m, g->family, ifname);
	ret = nl_dump(nl, &m, get_reply, get_restart, g, e);
	return ret > 0 ? 0 : ret;
}

int wg_get_device(struct nl *nl, uint16_t family, const char *ifname,
		  struct arena *arena, struct wg_device *ret_dev,
		  struct wgq_err *e)
{
	struct get g = { .family = family };
	struct wg_device dev;
	int ret;

	wg_reader_begin(&g.reader, arena, &dev);
	ret = get_device(nl, ifname, &g, e);
	if (ret == 0)
		*ret_dev = dev;
	explicit_bzero(&dev, sizeof(dev));
	return ret;
}

int wg_get_fwmark(struct nl *nl, uint16_t family, const char *ifname,
		  uint32_t *ret_mark, struct wgq_err *e)
{
	struct get g = { .family = family, .stop = true };
	struct arena arena = {};
	struct wg_device dev;
	int ret;

	wg_reader_begin(&g.reader, &arena, &dev);
	ret = get_device(nl, ifname, &g, e);
	if (ret == 0)
		*ret_mark = dev.fwmark;
	explicit_bzero(&dev, sizeof(dev));
	arena_done(&arena);
	return ret;
}

int wg_get_public_key(struct nl *nl, uint16_t family, const char *ifname,
		      uint8_t ret_key[KEY_LEN], bool *ret_has,
		      struct wgq_err *e)
{
	struct get g = { .family = family, .stop = true };
	struct arena arena = {};
	struct wg_device dev;
	int ret;

	wg_reader_begin(&g.reader, &arena, &dev);
	ret = get_device(nl, ifname, &g, e);
	if (ret == 0) {
		memcpy(ret_key, dev.public_key, KEY_LEN);
		*ret_has = dev.has_public_key;
	}
	explicit_bzero(&dev, sizeof(dev));
	arena_done(&arena);
	return ret;
}
