// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host.h"
#include "private.h"
#include "route.h"

/* struct session - a request that is being carried out */
struct session {
	struct fake *f;
	struct fake_link *l;
	struct fake_peer *peer;
	bool skip; /* lines of a peer that is the interface */
};

static void set_endpoint(struct fake_peer *p, char *text)
{
	char *colon = strrchr(text, ':');

	if (!colon)
		fake_die("an endpoint without a port");
	*colon = '\0';
	memset(&p->endpoint, 0, sizeof(p->endpoint));
	if (*text == '[') {
		colon[-1] = '\0';
		p->endpoint.v6.sin6_family = AF_INET6;
		p->endpoint.v6.sin6_port = htons((uint16_t)atoi(colon + 1));
		if (inet_pton(AF_INET6, text + 1, &p->endpoint.v6.sin6_addr) !=
		    1)
			fake_die("an endpoint without an address");
		return;
	}
	p->endpoint.v4.sin_family = AF_INET;
	p->endpoint.v4.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, text, &p->endpoint.v4.sin_addr) != 1)
		fake_die("an endpoint without an address");
}

static int set_peer_line(struct session *s, const char *key, char *value)
{
	struct addr a;

	if (!strcmp(key, "preshared_key")) {
		if (!key_parse_hex(s->peer->psk, value, strlen(value)))
			return -EINVAL;
	} else if (!strcmp(key, "endpoint")) {
		set_endpoint(s->peer, value);
	} else if (!strcmp(key, "persistent_keepalive_interval")) {
		s->peer->keepalive = (uint16_t)atoi(value);
	} else if (!strcmp(key, "replace_allowed_ips")) {
		fake_wg_drop_allowed(s->f, s->l->index, s->peer->key);
	} else if (!strcmp(key, "allowed_ip")) {
		a = fake_prefix(value + (*value == '-'));
		fake_wg_allow(s->f, s->peer, &a, *value == '-');
	} else {
		return -EINVAL;
	}
	return 0;
}

static int set_line(struct session *s, const char *key, char *value)
{
	uint8_t k[KEY_LEN];

	if (!strcmp(key, "private_key")) {
		if (!key_parse_hex(k, value, strlen(value)))
			return -EINVAL;
		fake_wg_set_key(s->f, s->l, k);
	} else if (!strcmp(key, "listen_port")) {
		s->l->port = (uint16_t)atoi(value);
	} else if (!strcmp(key, "fwmark")) {
		s->l->fwmark = (uint32_t)strtoul(value, NULL, 10);
	} else if (!strcmp(key, "replace_peers")) {
		fake_wg_drop(s->f, s->l->index, NULL);
	} else if (!strcmp(key, "public_key")) {
		if (!key_parse_hex(k, value, strlen(value)))
			return -EINVAL;
		s->peer = fake_wg_peer(s->f, s->l, k);
		s->skip = !s->peer;
	} else if (s->peer) {
		return set_peer_line(s, key, value);
	} else if (!s->skip) {
		return -EINVAL;
	}
	return 0;
}

static int set(struct session *s, char *text)
{
	char *line, *value;
	int ret = 0;

	while (!ret && (line = strsep(&text, "\n")) && *line) {
		value = strchr(line, '=');
		if (!value)
			return -EPROTO;
		*value++ = '\0';
		ret = set_line(s, line, value);
	}
	return ret;
}

static void put_key(struct buf *out, const char *name, const uint8_t *key)
{
	char hex[KEY_HEX_LEN];

	key_print_hex(hex, key);
	buf_addf(out, "%s=%s\n", name, hex);
}

static void get(const struct session *s, struct buf *out)
{
	char text[ENDPOINT_STRLEN];
	const struct fake_allowed *a;
	const struct fake_peer *p;
	size_t i, j;

	if (s->l->has_key)
		put_key(out, "private_key", s->l->private_key);
	buf_addf(out, "listen_port=%u\n", s->l->port);
	if (s->l->fwmark)
		buf_addf(out, "fwmark=%u\n", s->l->fwmark);
	for (i = 0; i < s->f->s->n_peers; i++) {
		p = &s->f->s->peers[i];
		if (p->link != s->l->index)
			continue;
		put_key(out, "public_key", p->key);
		put_key(out, "preshared_key", p->psk);
		buf_adds(out, "protocol_version=1\n");
		if (p->endpoint.sa.sa_family)
			buf_addf(out, "endpoint=%s\n",
				 endpoint_print(&p->endpoint, text));
		buf_addf(out, "persistent_keepalive_interval=%u\n",
			 p->keepalive);
		for (j = 0; j < s->f->s->n_allowed; j++) {
			a = &s->f->s->allowed[j];
			if (a->link == p->link &&
			    !memcmp(a->key, p->key, KEY_LEN))
				buf_addf(out, "allowed_ip=%s\n",
					 addr_print(&a->addr, text));
		}
	}
}

static int answer(struct fake_host *h, char *request, struct buf *out)
{
	bool is_set = !strncmp(request, "set=1\n", 6);
	struct session s = { .f = &h->f, .l = fake_link_find(&h->f, "wg0") };
	int ret;

	h->f.c->datagrams++;
	ret = fake_begin(&h->f, is_set ? "UAPI set" : "UAPI get", is_set);
	if (ret == FAKE_KILLED)
		return ret;
	if (!ret && !s.l)
		ret = -ENODEV;
	if (!ret && is_set)
		ret = set(&s, request + 6);
	else if (!ret)
		get(&s, out);
	buf_addf(out, "errno=%d\n\n", -ret);
	fake_end(&h->f);
	return 0;
}

/* Connections that ask nothing only look whether somebody is there. */
static void serve_one(struct fake_host *h, int sock)
{
	cleanup(buf_done) struct buf in = { 0 };
	cleanup(buf_done) struct buf out = { 0 };
	char chunk[4096];
	ssize_t n;

	do {
		n = recv(sock, chunk, sizeof(chunk), 0);
		if (n > 0)
			buf_add(&in, chunk, (size_t)n);
	} while (n > 0 && !strstr(in.p, "\n\n"));
	if (n > 0 && !answer(h, in.p, &out))
		send(sock, out.p, out.len, MSG_NOSIGNAL);
}

static void *serve(void *ctx)
{
	struct fake_host *h = ctx;
	int sock;

	for (;;) {
		sock = accept4(h->uapi_sock, NULL, NULL, SOCK_CLOEXEC);
		if (sock < 0)
			return NULL;
		serve_one(h, sock);
		close(sock);
	}
}

void fake_uapi_start(struct fake_host *h)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(h->uapi_path, sizeof(h->uapi_path), "%s.sock", h->root);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", h->uapi_path);
	h->uapi_sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (h->uapi_sock < 0 ||
	    bind(h->uapi_sock, (struct sockaddr *)&un, sizeof(un)) ||
	    listen(h->uapi_sock, 16) ||
	    pthread_create(&h->uapi_thread, NULL, serve, h))
		fake_die("cannot serve a socket");
}

/* The socket's second name leads to the thread, whichever process gives it. */
void fake_uapi_make(struct fake_host *h, const char *name)
{
	char path[PATH_MAX + 64];

	if (strcmp(name, "wg0") || fake_link_find(&h->f, name))
		fake_die("wireguard-go for another interface");
	fake_link_add(&h->f, name, "tun", 1420);
	snprintf(path, sizeof(path), "%s/%s.sock", h->uapi, name);
	unlink(path);
	if (link(h->uapi_path, path))
		fake_die("cannot link a socket");
}

void fake_uapi_end(struct fake_host *h)
{
	if (!h->uapi_sock)
		return;
	shutdown(h->uapi_sock, SHUT_RDWR);
	pthread_join(h->uapi_thread, NULL);
	close(h->uapi_sock);
	unlink(h->uapi_path);
	h->uapi_sock = 0;
}
