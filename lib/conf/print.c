// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "conf/private.h"

void conf_print_strip(const struct conf *conf, struct buf *out)
{
	buf_add(out, conf->passthrough.p, conf->passthrough.len);
	buf_addc(out, '\n');
}

static void print_key(struct buf *out, const char *name,
		      const uint8_t key[KEY_LEN])
{
	char text[KEY_BASE64_LEN];

	key_print_base64(text, key);
	buf_adds(out, name);
	buf_adds(out, " = ");
	buf_adds(out, text);
	buf_addc(out, '\n');
	explicit_bzero(text, sizeof(text));
}

static void print_interface(const struct wg_device *dev, struct buf *out)
{
	if (dev->listen_port)
		buf_addf(out, "ListenPort = %u\n", dev->listen_port);
	if (dev->fwmark)
		buf_addf(out, "FwMark = 0x%x\n", dev->fwmark);
	if (dev->has_private_key)
		print_key(out, "PrivateKey", dev->private_key);
	buf_addc(out, '\n');
}

static void print_allowed_ips(const struct wg_peer *peer, struct buf *out)
{
	char text[ADDR_STRLEN];
	size_t i;

	if (!peer->n_allowed_ips)
		return;
	for (i = 0; i < peer->n_allowed_ips; i++) {
		buf_adds(out, i ? ", " : "AllowedIPs = ");
		buf_adds(out, addr_print(&peer->allowed_ips[i].addr, text));
	}
	buf_addc(out, '\n');
}

static void print_peer(const struct wg_peer *peer, struct buf *out)
{
	char text[ENDPOINT_STRLEN];

	buf_adds(out, "[Peer]\n");
	print_key(out, "PublicKey", peer->public_key);
	if (peer->has_preshared_key && !key_is_zero(peer->preshared_key))
		print_key(out, "PresharedKey", peer->preshared_key);
	print_allowed_ips(peer, out);
	if (peer->endpoint.sa.sa_family != AF_UNSPEC)
		buf_addf(out, "Endpoint = %s\n",
			 endpoint_print(&peer->endpoint, text));
	if (peer->keepalive)
		buf_addf(out, "PersistentKeepalive = %u\n", peer->keepalive);
}

/* All that `wg showconf` prints after its first line. */
static void print_rest(const struct wg_device *dev, struct buf *out)
{
	size_t i;

	print_interface(dev, out);
	for (i = 0; i < dev->n_peers; i++) {
		if (i)
			buf_addc(out, '\n');
		print_peer(&dev->peers[i], out);
	}
}

void conf_print_device(const struct wg_device *dev, struct buf *out)
{
	buf_adds(out, "[Interface]\n");
	print_rest(dev, out);
}

/* A server that wg-quick's save would take from the DNS manager (SV-2). */
static bool is_server(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_=+:%.-")];
}

static void print_live(const struct conf *conf, const struct conf_live *live,
		       struct buf *out)
{
	char text[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < live->n_addresses; i++)
		buf_addf(out, "Address = %s\n",
			 addr_print(&live->addresses[i], text));
	for (i = 0; i < live->n_dns; i++)
		if (is_server(live->dns[i]))
			buf_addf(out, "DNS = %s\n", live->dns[i]);
	if (conf->mtu.s && conf->mtu.s[0])
		buf_addf(out, "MTU = %u\n", live->mtu);
}

static void print_kept(const struct conf *conf, struct buf *out)
{
	static const enum conf_phase order[CONF_PHASES] = {
		CONF_PRE_UP, CONF_POST_UP, CONF_PRE_DOWN, CONF_POST_DOWN
	};
	const struct conf_list *hooks, *directives = &conf->directives.lines;
	unsigned int i;
	size_t j;

	if (conf->table.s && conf->table.s[0])
		buf_addf(out, "Table = %s\n", conf->table.s);
	if (conf->save_config)
		buf_adds(out, "SaveConfig = true\n");
	for (i = 0; i < CONF_PHASES; i++) {
		hooks = &conf->hooks[order[i]];
		for (j = 0; j < hooks->n; j++)
			buf_addf(out, "%s = %s\n", conf_phase_name(order[i]),
				 hooks->v[j].s);
	}
	for (j = 0; j < directives->n; j++)
		buf_addf(out, "#wgq %s\n", directives->v[j].s);
}

void conf_print_save(const struct conf *conf, const struct conf_live *live,
		     struct buf *out)
{
	size_t start = out->len;

	buf_adds(out, "[Interface]\n");
	print_live(conf, live, out);
	print_kept(conf, out);
	print_rest(live->device, out);
	if (out->failed)
		return;
	while (out->len > start && out->p[out->len - 1] == '\n')
		out->len--;
	out->p[out->len] = '\0';
	buf_addc(out, '\n');
}
