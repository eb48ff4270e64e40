// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/private.h"

/*
 * DOC: who owns a prefix
 *
 * The kernel keeps one owner for each prefix: whoever listed it last.  Each
 * allowed IP of the conf is a claim; sorted by prefix and place in the file,
 * the claims of a prefix are played through in a row.  A block that replaces
 * the allowed IPs of a peer ends that peer's claims from before it: since only
 * the last claim of a row can survive, comparing its place with the start of
 * the peer's last such block is enough.
 */

static int cmp_block(const void *x, const void *y, void *ctx)
{
	const unsigned int *i = x, *j = y;
	const struct wg_peer *p = ctx;
	int d = memcmp(p[*i].public_key, p[*j].public_key, KEY_LEN);

	return d ? d : (*i > *j) - (*i < *j);
}

static int cmp_claim(const void *x, const void *y)
{
	const struct conf_claim *a = x, *b = y;
	int d = conf_cmp_host(&a->net, &b->net);

	if (!d)
		d = (a->net.plen > b->net.plen) - (a->net.plen < b->net.plen);
	return d ? d : (a->seq > b->seq) - (a->seq < b->seq);
}

static int find_blocks(const struct wg_device *dev, struct conf_claims *c)
{
	cleanup(free_ptr) unsigned int *order = NULL;
	const struct wg_peer *p = dev->peers;
	size_t i, run = 0, n = dev->n_peers;

	order = calloc(n + 1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		order[i] = (unsigned int)i;
	qsort_r(order, n, sizeof(*order), cmp_block, (void *)p);
	for (i = 0; i < n; i++) {
		if (memcmp(p[order[run]].public_key, p[order[i]].public_key,
			   KEY_LEN) != 0)
			run = i;
		c->first[order[i]] = order[run];
	}
	return 0;
}

static void fill_claims(const struct wg_device *dev, struct conf_claims *c)
{
	const struct wg_allowed_ip *ip;
	unsigned int i, seq = 0;
	size_t j;

	for (i = 0; i < dev->n_peers; i++) {
		c->start[i] = seq;
		for (j = 0; j < dev->peers[i].n_allowed_ips; j++, seq++) {
			ip = &dev->peers[i].allowed_ips[j];
			c->v[seq] = (struct conf_claim){
				.net = addr_masked(&ip->addr),
				.remove = ip->remove,
				.peer = c->first[i],
				.block = i,
				.seq = seq,
			};
		}
	}
}

int conf_claims(const struct wg_device *dev, struct conf_claims *ret)
{
	size_t i, n = dev->n_peers;

	*ret = (struct conf_claims){ 0 };
	for (i = 0; i < n; i++)
		ret->n += dev->peers[i].n_allowed_ips;
	ret->v = calloc(ret->n + 1, sizeof(*ret->v));
	ret->first = calloc(n + 1, sizeof(*ret->first));
	ret->start = calloc(n + 1, sizeof(*ret->start));
	if (!ret->v || !ret->first || !ret->start || find_blocks(dev, ret))
		return -ENOMEM;
	fill_claims(dev, ret);
	qsort(ret->v, ret->n, sizeof(*ret->v), cmp_claim);
	return 0;
}

void conf_claims_done(struct conf_claims *c)
{
	free(c->v);
	free(c->first);
	free(c->start);
	*c = (struct conf_claims){ 0 };
}

static bool same_net(const struct conf_claim *a, const struct conf_claim *b)
{
	return addr_eq(&a->net, &b->net);
}

static void warn_blocks(struct conf_sink *sink, const struct conf_claims *c)
{
	struct wg_device *dev = &sink->conf->device;
	const struct wg_peer *p;
	size_t i;

	for (i = 0; i < dev->n_peers; i++) {
		p = &dev->peers[i];
		if (c->first[i] != i)
			conf_warn(sink, p->line,
				  "this peer has the public key of the peer in "
				  "line %u%s",
				  dev->peers[c->first[i]].line,
				  p->replace_allowed_ips
					  ? ", whose allowed IPs it replaces"
					  : "");
	}
}

/* Say to each peer but the last of a prefix that it loses it. */
static void warn_net(struct conf_sink *sink, const struct conf_claim *v,
		     size_t n)
{
	const struct wg_peer *peers = sink->conf->device.peers;
	const struct conf_claim *last = &v[n - 1];
	char text[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < n - 1; i++) {
		if (v[i].peer == last->peer || v[i].remove || last->remove)
			continue;
		if (v[i].block == v[i + 1].block)
			continue;
		conf_warn(sink, peers[v[i].block].allowed_line,
			  "AllowedIP %s goes to the peer in line %u, which "
			  "lists it too",
			  addr_print(&v[i].net, text), peers[last->block].line);
	}
}

void conf_check_peers(struct conf_sink *sink)
{
	cleanup(conf_claims_done) struct conf_claims c = { 0 };
	size_t i, run = 0;

	if (conf_claims(&sink->conf->device, &c)) {
		sink->no_memory = true;
		return;
	}
	warn_blocks(sink, &c);
	for (i = 1; i <= c.n; i++) {
		if (i < c.n && same_net(&c.v[run], &c.v[i]))
			continue;
		warn_net(sink, &c.v[run], i - run);
		run = i;
	}
}

/* The claim that is left of a prefix's, or NULL. */
static const struct conf_claim *survivor(const struct conf_claim *v, size_t n,
					 const unsigned int *cleared,
					 const bool *dropped)
{
	const struct conf_claim *owner = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (dropped[v[i].peer])
			continue;
		if (!v[i].remove)
			owner = &v[i];
		else if (owner && owner->peer == v[i].peer)
			owner = NULL;
	}
	if (owner && owner->seq < cleared[owner->peer])
		owner = NULL;
	return owner;
}

static int cmp_owner(const void *x, const void *y)
{
	const struct conf_claim *a = x, *b = y;

	if (a->peer != b->peer)
		return a->peer < b->peer ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

/* Keep what survives at the front of @c, by peer and place. */
static void keep_survivors(struct conf_claims *c, const unsigned int *cleared,
			   const bool *dropped)
{
	const struct conf_claim *owner;
	size_t i, run = 0, n = 0;

	for (i = 1; i <= c->n; i++) {
		if (i < c->n && same_net(&c->v[run], &c->v[i]))
			continue;
		owner = survivor(&c->v[run], i - run, cleared, dropped);
		run = i;
		if (owner)
			c->v[n++] = *owner;
	}
	c->n = n;
	qsort(c->v, n, sizeof(*c->v), cmp_owner);
}

/* What a block says of the peer over what was said of it before. */
static void merge_block(struct wg_peer *to, const struct wg_peer *from)
{
	memcpy(to->public_key, from->public_key, KEY_LEN);
	if (from->has_preshared_key) {
		memcpy(to->preshared_key, from->preshared_key, KEY_LEN);
		to->has_preshared_key = !key_is_zero(to->preshared_key);
	}
	if (from->host || from->endpoint.sa.sa_family != AF_UNSPEC) {
		to->host = from->host;
		to->port = from->port;
		to->endpoint = from->endpoint;
		to->endpoint_line = from->endpoint_line;
	}
	if (from->has_keepalive) {
		to->keepalive = from->keepalive;
		to->has_keepalive = from->keepalive != 0;
	}
	if (!to->line)
		to->line = from->line;
	if (from->allowed_line)
		to->allowed_line = from->allowed_line;
}

/* Give the live peers their allowed IPs; @live maps a first block to one. */
static void deal_out(const struct conf_claims *c, struct wg_peer *peers,
		     const unsigned int *live, struct wg_allowed_ip *ips)
{
	struct wg_peer *p;
	size_t i;

	for (i = 0; i < c->n; i++) {
		p = &peers[live[c->v[i].peer]];
		ips[i].addr = c->v[i].net;
		if (!p->n_allowed_ips)
			p->allowed_ips = &ips[i];
		p->n_allowed_ips++;
	}
}

/* @live: for each first block the index of the peer that it becomes. */
static int build_live(const struct wg_device *asked, struct conf_claims *c,
		      unsigned int *live, const bool *dropped, struct arena *a,
		      struct wg_device *ret)
{
	struct wg_allowed_ip *ips;
	size_t i, n = 0;

	for (i = 0; i < asked->n_peers; i++)
		if (c->first[i] == i && !dropped[i])
			live[i] = (unsigned int)n++;
	ret->peers = arena_array(a, n, sizeof(*ret->peers));
	ips = arena_array(a, c->n, sizeof(*ips));
	if (!ret->peers || !ips)
		return -ENOMEM;
	ret->n_peers = n;
	for (i = 0; i < asked->n_peers; i++)
		if (!dropped[c->first[i]])
			merge_block(&ret->peers[live[c->first[i]]],
				    &asked->peers[i]);
	deal_out(c, ret->peers, live, ips);
	return 0;
}

/* The kernel keeps a private key clamped, and one of zeros not at all. */
static void settle_private_key(struct wg_device *dev)
{
	if (!dev->has_private_key || key_is_zero(dev->private_key)) {
		dev->has_private_key = false;
		return;
	}
	dev->private_key[0] &= 248;
	dev->private_key[31] = (uint8_t)((dev->private_key[31] & 127) | 64);
}

static void drop_own(const struct wg_device *asked, bool *dropped)
{
	size_t i;

	for (i = 0; asked->has_public_key && i < asked->n_peers; i++)
		dropped[i] = !memcmp(asked->peers[i].public_key,
				     asked->public_key, KEY_LEN);
}

int conf_predict_device(const struct wg_device *asked, struct arena *a,
			struct wg_device *ret_live)
{
	cleanup(conf_claims_done) struct conf_claims c = { 0 };
	cleanup(free_ptr) unsigned int *scratch = NULL;
	cleanup(free_ptr) bool *dropped = NULL;
	size_t i, n = asked->n_peers;
	struct wg_device dev = *asked;
	int ret;

	scratch = calloc(2 * n + 1, sizeof(*scratch));
	dropped = calloc(n + 1, sizeof(*dropped));
	if (!scratch || !dropped || conf_claims(asked, &c))
		return -ENOMEM;
	settle_private_key(&dev);
	drop_own(asked, dropped);
	for (i = 0; i < n; i++)
		if (asked->peers[i].replace_allowed_ips)
			scratch[c.first[i]] = c.start[i];
	keep_survivors(&c, scratch, dropped);
	ret = build_live(asked, &c, scratch + n, dropped, a, &dev);
	if (!ret)
		*ret_live = dev;
	explicit_bzero(dev.private_key, KEY_LEN);
	return ret;
}
