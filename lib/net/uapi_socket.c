// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/uapi_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A hundred thousand peers take an implementation seconds; none hangs us. */
#define TIMEOUT_SEC 60

static void print_key(struct buf *out, const char *name, const uint8_t *key)
{
	char hex[KEY_HEX_LEN];

	key_print_hex(hex, key);
	buf_addf(out, "%s=%s\n", name, hex);
	explicit_bzero(hex, sizeof(hex));
}

static void print_peer(const struct wg_peer *peer, struct buf *out)
{
	char ep[ENDPOINT_STRLEN], ip[ADDR_STRLEN];

	print_key(out, "public_key", peer->public_key);
	if (peer->has_preshared_key)
		print_key(out, "preshared_key", peer->preshared_key);
	if (peer->endpoint.sa.sa_family == AF_INET ||
	    peer->endpoint.sa.sa_family == AF_INET6)
		buf_addf(out, "endpoint=%s\n",
			 endpoint_print(&peer->endpoint, ep));
	if (peer->has_keepalive)
		buf_addf(out, "persistent_keepalive_interval=%u\n",
			 peer->keepalive);
	if (peer->replace_allowed_ips)
		buf_adds(out, "replace_allowed_ips=true\n");
	for (size_t i = 0; i < peer->n_allowed_ips; i++)
		buf_addf(out, "allowed_ip=%s%s\n",
			 peer->allowed_ips[i].remove ? "-" : "",
			 addr_print(&peer->allowed_ips[i].addr, ip));
}

void uapi_print_set(const struct wg_device *dev, enum wg_mode mode,
		    struct buf *out)
{
	buf_adds(out, "set=1\n");
	if (dev->has_private_key)
		print_key(out, "private_key", dev->private_key);
	if (dev->has_listen_port)
		buf_addf(out, "listen_port=%u\n", dev->listen_port);
	if (dev->has_fwmark)
		buf_addf(out, "fwmark=%u\n", dev->fwmark);
	if (mode == WG_REPLACE)
		buf_adds(out, "replace_peers=true\n");
	for (size_t i = 0; i < dev->n_peers; i++)
		print_peer(&dev->peers[i], out);
	buf_addc(out, '\n');
}

/**
 * struct line - a "key=value" line of a reply, neither ended by a NUL
 */
struct line {
	const char *key, *value;
	size_t key_len, len;
};

/**
 * struct reply - a reply on its way in
 * @arena:	owns what @dev points to
 * @dev:	device so far, NULL where none is expected
 * @cap_peers:	capacity of its array of peers
 * @cap_allowed: capacity of the last peer's array of allowed IPs
 * @has_errno:	the errno line has come
 * @code:	its absolute value
 */
struct reply {
	struct arena *arena;
	struct wg_device *dev;
	size_t cap_peers, cap_allowed;
	bool has_errno;
	int code;
};

static bool key_is(const struct line *l, const char *key)
{
	return l->key_len == strlen(key) &&
	       memcmp(l->key, key, l->key_len) == 0;
}

static bool parse_number(const char *s, size_t len, uint64_t max,
			 uint64_t *ret_v)
{
	uint64_t v = 0, digit;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		digit = s[i] - '0';
		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret_v = v;
	return true;
}

/* A NUL-terminated copy in @out, for functions that want one. */
static bool copy(const char *s, size_t len, char *out, size_t size)
{
	if (len >= size || memchr(s, '\0', len))
		return false;
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

static bool parse_addr(const char *s, size_t len, struct addr *a)
{
	const char *slash = memchr(s, '/', len);
	char text[INET6_ADDRSTRLEN];
	size_t host = slash ? (size_t)(slash - s) : len;
	uint64_t plen;

	if (!copy(s, host, text, sizeof(text)))
		return false;
	a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a->family, text, a->b) != 1)
		return false;
	a->plen = addr_bits(a->family);
	if (!slash)
		return true;
	if (!parse_number(slash + 1, len - host - 1, a->plen, &plen))
		return false;
	a->plen = plen;
	return true;
}

static bool parse_v6(char *host, union sockaddr_inet *ep)
{
	char *zone = strchr(host, '%');
	uint64_t id;

	if (zone) {
		*zone++ = '\0';
		if (!parse_number(zone, strlen(zone), UINT32_MAX, &id))
			id = ifname_index(zone);
		ep->v6.sin6_scope_id = (uint32_t)id;
	}
	ep->v6.sin6_family = AF_INET6;
	return inet_pton(AF_INET6, host, &ep->v6.sin6_addr) == 1;
}

/* "1.2.3.4:5" or "[v6%zone]:5" */
static bool parse_endpoint(const char *s, size_t len, union sockaddr_inet *ep)
{
	const char *colon = memrchr(s, ':', len);
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE];
	uint64_t port;
	size_t n;

	if (!colon ||
	    !parse_number(colon + 1, s + len - colon - 1, UINT16_MAX, &port))
		return false;
	n = colon - s;
	if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
		ep->v6.sin6_port = htons((uint16_t)port);
		return copy(s + 1, n - 2, host, sizeof(host)) &&
		       parse_v6(host, ep);
	}
	ep->v4.sin_family = AF_INET;
	ep->v4.sin_port = htons((uint16_t)port);
	return copy(s, n, host, sizeof(host)) &&
	       inet_pton(AF_INET, host, &ep->v4.sin_addr) == 1;
}

static int begin_peer(struct reply *r, const struct line *l)
{
	struct wg_peer *peer;

	peer = arena_grow(r->arena, &r->dev->peers, r->dev->n_peers,
			  &r->cap_peers, sizeof(*peer));
	if (!peer)
		return -ENOMEM;
	r->dev->n_peers++;
	r->cap_allowed = 0;
	return key_parse_hex(peer->public_key, l->value, l->len) ? 0 : -EPROTO;
}

static int add_allowed_ip(struct reply *r, struct wg_peer *peer,
			  const struct line *l)
{
	struct wg_allowed_ip *ip;

	ip = arena_grow(r->arena, &peer->allowed_ips, peer->n_allowed_ips,
			&r->cap_allowed, sizeof(*ip));
	if (!ip)
		return -ENOMEM;
	peer->n_allowed_ips++;
	return parse_addr(l->value, l->len, &ip->addr) ? 0 : -EPROTO;
}

static int read_device_line(struct wg_device *dev, const struct line *l)
{
	uint64_t v;

	if (key_is(l, "private_key")) {
		if (!key_parse_hex(dev->private_key, l->value, l->len))
			return -EPROTO;
		dev->has_private_key = !key_is_zero(dev->private_key);
	} else if (key_is(l, "listen_port")) {
		if (!parse_number(l->value, l->len, UINT16_MAX, &v))
			return -EPROTO;
		dev->listen_port = (uint16_t)v;
		dev->has_listen_port = v != 0;
	} else if (key_is(l, "fwmark")) {
		if (!parse_number(l->value, l->len, UINT32_MAX, &v))
			return -EPROTO;
		dev->fwmark = (uint32_t)v;
		dev->has_fwmark = v != 0;
	}
	return 0;
}

static int read_peer_number(struct wg_peer *peer, const struct line *l)
{
	uint64_t v;

	if (key_is(l, "persistent_keepalive_interval")) {
		if (!parse_number(l->value, l->len, UINT16_MAX, &v))
			return -EPROTO;
		peer->keepalive = (uint16_t)v;
		peer->has_keepalive = v != 0;
	} else if (key_is(l, "last_handshake_time_sec")) {
		if (!parse_number(l->value, l->len, INT64_MAX, &v))
			return -EPROTO;
		peer->last_handshake = (int64_t)v;
	} else if (key_is(l, "rx_bytes")) {
		if (!parse_number(l->value, l->len, UINT64_MAX, &v))
			return -EPROTO;
		peer->rx_bytes = v;
	} else if (key_is(l, "tx_bytes")) {
		if (!parse_number(l->value, l->len, UINT64_MAX, &v))
			return -EPROTO;
		peer->tx_bytes = v;
	}
	return 0;
}

static int read_peer_line(struct reply *r, const struct line *l)
{
	struct wg_peer *peer = &r->dev->peers[r->dev->n_peers - 1];

	if (key_is(l, "preshared_key")) {
		if (!key_parse_hex(peer->preshared_key, l->value, l->len))
			return -EPROTO;
		peer->has_preshared_key = !key_is_zero(peer->preshared_key);
		return 0;
	}
	if (key_is(l, "endpoint"))
		return parse_endpoint(l->value, l->len, &peer->endpoint)
			       ? 0
			       : -EPROTO;
	if (key_is(l, "allowed_ip"))
		return add_allowed_ip(r, peer, l);
	return read_peer_number(peer, l);
}

/* U-5: implementations differ in the sign. */
static int read_errno(struct reply *r, const struct line *l)
{
	bool minus = l->len && l->value[0] == '-';
	uint64_t v;

	if (!parse_number(l->value + minus, l->len - minus, INT_MAX, &v))
		return -EPROTO;
	r->code = (int)v;
	r->has_errno = true;
	return 0;
}

static int read_line(struct reply *r, const struct line *l)
{
	if (key_is(l, "errno"))
		return read_errno(r, l);
	if (!r->dev)
		return 0;
	if (key_is(l, "public_key"))
		return begin_peer(r, l);
	if (r->dev->n_peers)
		return read_peer_line(r, l);
	return read_device_line(r->dev, l);
}

int uapi_read(const char *text, size_t len, struct arena *arena,
	      struct wg_device *ret_dev)
{
	struct wg_device dev = {};
	struct reply r = { .arena = arena, .dev = ret_dev ? &dev : NULL };
	const char *end = text + len, *p = text, *lf, *eq;
	struct line l;
	int ret = 0;

	for (; ret == 0 && !r.has_errno && p < end; p = lf + 1) {
		lf = memchr(p, '\n', end - p);
		if (!lf || lf == p)
			break;
		eq = memchr(p, '=', lf - p);
		if (!eq) {
			ret = -EPROTO;
			break;
		}
		l = (struct line){ .key = p,
				   .key_len = eq - p,
				   .value = eq + 1,
				   .len = lf - eq - 1 };
		ret = read_line(&r, &l);
	}
	if (ret == 0)
		ret = r.has_errno ? -r.code : -EPROTO;
	if (ret == 0 && ret_dev)
		*ret_dev = dev;
	explicit_bzero(&dev, sizeof(dev));
	return ret;
}

static bool make_path(const char *dir, const char *ifname,
		      struct sockaddr_un *sun)
{
	int n;

	sun->sun_family = AF_UNIX;
	if (!ifname[0] || strchr(ifname, '/'))
		return false;
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s.sock", dir,
		     ifname);
	return n > 0 && (size_t)n < sizeof(sun->sun_path);
}

/* Return: a connected socket or -errno. */
static int dial(const struct sockaddr_un *sun)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
	cleanup(close_fd) int sock = -1;
	int ret;

	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	do
		ret = connect(sock, (const struct sockaddr *)sun, sizeof(*sun));
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : take_fd(&sock);
}

bool uapi_exists(const char *dir, const char *ifname)
{
	struct sockaddr_un sun;
	struct stat st;
	int sock;

	if (!make_path(dir, ifname, &sun) || stat(sun.sun_path, &st) < 0 ||
	    !S_ISSOCK(st.st_mode))
		return false;
	sock = dial(&sun);
	if (sock == -ECONNREFUSED)
		unlink(sun.sun_path);
	if (sock >= 0)
		close(sock);
	return sock != -ECONNREFUSED;
}

static int send_all(int sock, const struct buf *request)
{
	size_t done = 0;
	ssize_t n;

	while (done < request->len) {
		n = send(sock, request->p + done, request->len - done,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		done += n;
	}
	return 0;
}

/* A reply ends with an empty line, or with the connection. */
static bool is_whole(const struct buf *reply)
{
	return reply->len >= 2 &&
	       memcmp(reply->p + reply->len - 2, "\n\n", 2) == 0;
}

static int recv_reply(int sock, struct buf *reply)
{
	char chunk[16384];
	ssize_t n = 1;

	while (n != 0 && !is_whole(reply)) {
		n = recv(sock, chunk, sizeof(chunk), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		buf_add(reply, chunk, n);
		if (reply->failed)
			break;
	}
	if (n < 0)
		n = errno == EAGAIN ? -ETIMEDOUT : -errno;
	explicit_bzero(chunk, sizeof(chunk));
	if (reply->failed)
		return -ENOMEM;
	return n < 0 ? (int)n : 0;
}

static int converse(const char *dir, const char *ifname,
		    const struct buf *request, struct buf *reply)
{
	cleanup(close_fd) int sock = -1;
	struct sockaddr_un sun;
	int ret;

	if (request->failed)
		return -ENOMEM;
	if (!make_path(dir, ifname, &sun))
		return -ENAMETOOLONG;
	sock = dial(&sun);
	if (sock < 0)
		return sock;
	ret = send_all(sock, request);
	return ret < 0 ? ret : recv_reply(sock, reply);
}

static int ask(const char *dir, const char *ifname, const struct buf *request,
	       struct arena *arena, struct wg_device *ret_dev,
	       struct wgq_err *e)
{
	cleanup(buf_done) struct buf reply = {};
	int ret;

	ret = converse(dir, ifname, request, &reply);
	if (ret == 0)
		ret = uapi_read(reply.p ? reply.p : "", reply.len, arena,
				ret_dev);
	if (ret < 0)
		return err_set(e, ret, "%s", strerror(-ret));
	return 0;
}

int uapi_set_device(const char *dir, const struct wg_device *dev,
		    enum wg_mode mode, struct wgq_err *e)
{
	cleanup(buf_done) struct buf request = {};

	uapi_print_set(dev, mode, &request);
	return ask(dir, dev->name, &request, NULL, NULL, e);
}

int uapi_set_fwmark(const char *dir, const char *ifname, uint32_t mark,
		    struct wgq_err *e)
{
	cleanup(buf_done) struct buf request = {};

	buf_addf(&request, "set=1\nfwmark=%u\n\n", mark);
	return ask(dir, ifname, &request, NULL, NULL, e);
}

int uapi_get_device(const char *dir, const char *ifname, struct arena *arena,
		    struct wg_device *ret_dev, struct wgq_err *e)
{
	cleanup(buf_done) struct buf request = {};
	int ret;

	buf_adds(&request, "get=1\n\n");
	ret = ask(dir, ifname, &request, arena, ret_dev, e);
	if (ret == 0)
		snprintf(ret_dev->name, sizeof(ret_dev->name), "%s", ifname);
	return ret;
}
