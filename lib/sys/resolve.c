// SPDX-License-Identifier: GPL-2.0-or-later
#include "sys/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "sys/services.h"
#include "sys/stop.h"

#define DELAY_FIRST_US 1000000
#define DELAY_MAX_US 20000000

/* enum outcome - what became of a name, in getaddrinfo()'s terms */
enum outcome {
	OUT_ASK, /* not asked yet */
	OUT_DONE,
	OUT_NONAME,
	OUT_NODATA,
	OUT_FAIL,
	OUT_AGAIN,
	OUT_MEMORY
};

/* struct name - a name that has to be asked for */
struct name {
	const char *host;
	const struct wg_peer *first; /* of those that share it */
	enum outcome outcome;
	union sockaddr_inet addr; /* port unset */
	struct run *run;
};

/* struct run - one call of resolve_endpoints() */
struct run {
	const struct resolve_opts *o;
	struct wg_peer *peers;
	size_t n;
	struct arena arena;
	struct name **of_peer; /* NULL for a numeric endpoint */
	struct name *names;
	size_t n_names;
	ares_channel channel;
	struct pollfd *fds;
	size_t n_fds, cap_fds;
	size_t pending;
	bool no_memory;
};

static const char *const outcome_text[] = {
	[OUT_ASK] = "Not asked",
	[OUT_DONE] = "Success",
	[OUT_NONAME] = "Name or service not known",
	[OUT_NODATA] = "No address associated with hostname",
	[OUT_FAIL] = "Non-recoverable failure in name resolution",
	[OUT_AGAIN] = "Temporary failure in name resolution",
	[OUT_MEMORY] = "Memory allocation failure",
};

static const int outcome_errno[] = {
	[OUT_ASK] = -EAGAIN,	[OUT_DONE] = 0,	      [OUT_NONAME] = -ENOENT,
	[OUT_NODATA] = -ENOENT, [OUT_FAIL] = -EPROTO, [OUT_AGAIN] = -EAGAIN,
	[OUT_MEMORY] = -ENOMEM,
};

int resolve_parse_retries(const char *s, int *ret_retries, struct wgq_err *e)
{
	int retries = 0;
	const char *p;

	if (!s) {
		*ret_retries = RESOLVE_RETRIES;
		return 0;
	}
	if (!strcmp(s, "infinity")) {
		*ret_retries = RESOLVE_FOREVER;
		return 0;
	}
	for (p = s; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(retries, 10, &retries) ||
		    __builtin_add_overflow(retries, *p - '0', &retries))
			break;
	if (*p)
		return err_set(e, -EINVAL,
			       "Unable to parse "
			       "WG_ENDPOINT_RESOLUTION_RETRIES: `%s'",
			       s);
	*ret_retries = retries;
	return 0;
}

/* An interface's name counts for link-local addresses alone (RFC 4007). */
static bool parse_zone(const char *s, const struct in6_addr *addr,
		       uint32_t *ret_zone)
{
	unsigned long long value;
	char *end;

	if (IN6_IS_ADDR_LINKLOCAL(addr) || IN6_IS_ADDR_MC_LINKLOCAL(addr)) {
		*ret_zone = ifname_index(s);
		if (*ret_zone)
			return true;
	}
	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	value = strtoull(s, &end, 10);
	*ret_zone = (uint32_t)value;
	return !errno && !*end && value <= UINT32_MAX;
}

static int numeric_v6(const char *host, struct sockaddr_in6 *ret)
{
	const char *percent = strchr(host, '%');
	size_t len = percent ? (size_t)(percent - host) : strlen(host);
	char text[INET6_ADDRSTRLEN];

	if (len >= sizeof(text))
		return -ENOENT;
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, &ret->sin6_addr) != 1)
		return -ENOENT;
	if (percent &&
	    !parse_zone(percent + 1, &ret->sin6_addr, &ret->sin6_scope_id))
		return -EINVAL;
	ret->sin6_family = AF_INET6;
	return 0;
}

int resolve_numeric(const char *host, uint16_t port,
		    union sockaddr_inet *ret_ep)
{
	union sockaddr_inet ep = {};
	int err;

	/* inet_aton() stops at white space, which no address holds. */
	if (!strpbrk(host, " \t\n\v\f\r") && inet_aton(host, &ep.v4.sin_addr)) {
		ep.v4.sin_family = AF_INET;
		ep.v4.sin_port = htons(port);
		*ret_ep = ep;
		return 0;
	}
	ep = (union sockaddr_inet){};
	err = numeric_v6(host, &ep.v6);
	if (err)
		return err;
	ep.v6.sin6_port = htons(port);
	*ret_ep = ep;
	return 0;
}

/* With the Endpoint as it is likely to have been written. */
static void print_failure(struct buf *b, const char *text,
			  const struct wg_peer *p)
{
	buf_addf(b, strchr(p->host, ':') ? "%s: `[%s]:%s'" : "%s: `%s:%s'",
		 text, p->host, p->port);
}

static void report(const struct resolve_opts *o, enum conf_severity severity,
		   unsigned int line, const char *text)
{
	const struct conf_finding finding = {
		.severity = severity,
		.line = line,
		.status = 1,
		.text = text,
	};

	if (o->report && text)
		o->report(o->ctx, &finding);
}

/* The first failure goes to @e, the others to the callback. */
static void fail(struct run *r, const struct wg_peer *p, int err,
		 const char *text, struct wgq_err *e)
{
	cleanup(buf_done) struct buf b = {};

	print_failure(&b, text, p);
	if (e->code) {
		report(r->o, CONF_ERROR, p->endpoint_line, b.p);
		return;
	}
	err_set(e, err, "%s", b.p ? b.p : text);
	if (r->o->file)
		err_at(e, r->o->file, p->endpoint_line);
}

static void warn_wrapped(const struct resolve_opts *o, unsigned int line,
			 const char *text, uint16_t port)
{
	cleanup(buf_done) struct buf b = {};

	buf_addf(&b, "Warning: port `%s' is above 65535 and means %u", text,
		 port);
	report(o, CONF_WARNING, line, b.p);
}

static const char *services_file(const struct resolve_opts *o)
{
	return o->services ? o->services : SERVICES_FILE;
}

static void parse_peer(struct run *r, struct wg_peer *p, uint16_t *port,
		       bool *is_name, struct wgq_err *e)
{
	struct wgq_err bad = {};
	bool wrapped;
	int err;

	*is_name = false;
	err = services_parse_port(services_file(r->o), p->port, port, &wrapped,
				  &bad);
	if (err) {
		fail(r, p, err, "Servname not supported for ai_socktype", e);
		return;
	}
	if (wrapped)
		warn_wrapped(r->o, p->endpoint_line, p->port, *port);
	err = resolve_numeric(p->host, *port, &p->endpoint);
	if (err == -EINVAL || !*p->host)
		fail(r, p, -ENOENT, outcome_text[OUT_NONAME], e);
	else if (err == -ENOENT)
		*is_name = true;
}

static int by_host(const void *a, const void *b)
{
	const struct wg_peer *const *x = a, *const *y = b;
	int order = strcmp((*x)->host, (*y)->host);

	if (order)
		return order;
	return *x < *y ? -1 : *x > *y;
}

/* Every host once, however many peers share it. */
static void take_names(struct run *r, struct wg_peer **sorted, size_t n)
{
	size_t i;

	if (n)
		qsort(sorted, n, sizeof(*sorted), by_host);
	for (i = 0; i < n; i++) {
		if (!i || strcmp(sorted[i]->host, sorted[i - 1]->host))
			r->names[r->n_names++] = (struct name){
				.host = sorted[i]->host,
				.first = sorted[i],
				.run = r,
			};
		r->of_peer[sorted[i] - r->peers] = &r->names[r->n_names - 1];
	}
}

static int parse_peers(struct run *r, uint16_t *ports, struct wgq_err *e)
{
	struct wg_peer **sorted = arena_array(&r->arena, r->n, sizeof(*sorted));
	size_t i, n = 0;
	bool is_name;

	r->names = arena_array(&r->arena, r->n, sizeof(*r->names));
	r->of_peer = arena_array(&r->arena, r->n, sizeof(*r->of_peer));
	if (!sorted || !r->names || !r->of_peer)
		return err_sys(e, -ENOMEM, "endpoints");
	for (i = 0; i < r->n; i++) {
		if (!r->peers[i].host)
			continue;
		parse_peer(r, &r->peers[i], &ports[i], &is_name, e);
		if (is_name)
			sorted[n++] = &r->peers[i];
	}
	if (e->code)
		return e->code;
	take_names(r, sorted, n);
	return 0;
}

static void sock_state(void *data, ares_socket_t fd, int readable, int writable)
{
	short events =
		(short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
	struct run *r = data;
	struct pollfd *slot;
	size_t i;

	for (i = 0; i < r->n_fds && r->fds[i].fd != fd; i++)
		;
	if (i < r->n_fds && events) {
		r->fds[i].events = events;
	} else if (i < r->n_fds) {
		r->fds[i] = r->fds[--r->n_fds];
	} else if (events) {
		slot = arena_grow(&r->arena, &r->fds, r->n_fds, &r->cap_fds,
				  sizeof(*slot));
		if (!slot) {
			r->no_memory = true;
			return;
		}
		*slot = (struct pollfd){ .fd = fd, .events = events };
		r->n_fds++;
	}
}

static int channel_open(struct run *r, struct wgq_err *e)
{
	const struct resolve_opts *o = r->o;
	struct ares_options opt = {
		.timeout = o->timeout_ms ? o->timeout_ms : RESOLVE_TIMEOUT_MS,
		.tries = o->tries ? o->tries : RESOLVE_TRIES,
		.sock_state_cb = sock_state,
		.sock_state_cb_data = r,
	};
	int status;

	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status)
		return err_set(e, -EIO, "c-ares: %s", ares_strerror(status));
	status = ares_init_options(&r->channel, &opt,
				   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
					   ARES_OPT_SOCK_STATE_CB);
	if (status) {
		r->channel = NULL;
		ares_library_cleanup();
		return err_set(e, status == ARES_ENOMEM ? -ENOMEM : -EIO,
			       "c-ares: %s", ares_strerror(status));
	}
	if (!o->servers)
		return 0;
	status = ares_set_servers_ports_csv(r->channel, o->servers);
	if (status)
		return err_set(e, -EINVAL, "%s: %s", o->servers,
			       ares_strerror(status));
	return 0;
}

static void channel_close(struct run *r)
{
	if (!r->channel)
		return;
	ares_destroy(r->channel);
	r->channel = NULL;
	ares_library_cleanup();
}

static enum outcome outcome_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return OUT_DONE;
	case ARES_ENOTFOUND:
	case ARES_ENONAME:
	case ARES_EBADNAME:
		return OUT_NONAME;
	case ARES_ENODATA:
		return OUT_NODATA;
	case ARES_ENOMEM:
		return OUT_MEMORY;
	case ARES_EFORMERR:
	case ARES_EBADRESP:
	case ARES_EBADQUERY:
		return OUT_FAIL;
	default:
		return OUT_AGAIN;
	}
}

static void answered(void *arg, int status, int timeouts,
		     struct ares_addrinfo *res)
{
	struct ares_addrinfo_node *node;
	struct name *name = arg;

	(void)timeouts;
	name->run->pending--;
	name->outcome = outcome_of(status);
	if (name->outcome == OUT_DONE) {
		name->outcome = OUT_NODATA;
		for (node = res->nodes; node; node = node->ai_next) {
			if (node->ai_addrlen > sizeof(name->addr))
				continue;
			memcpy(&name->addr, node->ai_addr, node->ai_addrlen);
			name->outcome = OUT_DONE;
			break;
		}
	}
	if (res)
		ares_freeaddrinfo(res);
}

static void ask(struct run *r)
{
	const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
	};
	size_t i;

	for (i = 0; i < r->n_names; i++) {
		if (r->names[i].outcome == OUT_DONE)
			continue;
		r->pending++;
		ares_getaddrinfo(r->channel, r->names[i].host, NULL, &hints,
				 answered, &r->names[i]);
	}
}

/* The callback changes the array, so look from the start after each one. */
static void process(struct run *r)
{
	short revents;
	size_t i = 0;
	int fd;

	while (i < r->n_fds) {
		fd = r->fds[i].fd;
		revents = r->fds[i].revents;
		r->fds[i].revents = 0;
		i = revents ? 0 : i + 1;
		if (revents)
			ares_process_fd(
				r->channel,
				revents & ~POLLOUT ? fd : ARES_SOCKET_BAD,
				revents & POLLOUT ? fd : ARES_SOCKET_BAD);
	}
}

static int wait_answers(struct run *r)
{
	struct timeval tv, *left;
	int ms, n;

	while (r->pending) {
		left = ares_timeout(r->channel, NULL, &tv);
		ms = left ? (int)(left->tv_sec * 1000 + left->tv_usec / 1000) +
				     1
			  : -1;
		n = stop_poll(r->fds, r->n_fds, ms, r->o->stop);
		if (n < 0)
			return n;
		if (r->no_memory)
			return -ENOMEM;
		if (n)
			process(r);
		ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	}
	return 0;
}

/* -EAGAIN: some have to be asked again; another -errno: one never will do */
static int verdict(const struct run *r)
{
	int ret = 0, err;
	size_t i;

	for (i = 0; i < r->n_names; i++) {
		err = outcome_errno[r->names[i].outcome];
		if (err && err != -EAGAIN)
			return err;
		if (err)
			ret = err;
	}
	return ret;
}

static int pause_us(const struct run *r, int64_t us)
{
	int64_t now = stop_now_ms(), end = now + us / 1000;
	int n;

	for (; now < end; now = stop_now_ms()) {
		n = stop_poll(NULL, 0, (int)(end - now), r->o->stop);
		if (n < 0)
			return n;
	}
	return 0;
}

static void notify_retry(struct run *r, int64_t delay)
{
	cleanup(buf_done) struct buf b = {};
	const struct name *name;
	size_t i;

	for (i = 0; r->o->notify && i < r->n; i++) {
		name = r->of_peer[i];
		if (!name || name->outcome != OUT_AGAIN ||
		    name->first != &r->peers[i])
			continue;
		buf_reset(&b);
		print_failure(&b, outcome_text[OUT_AGAIN], name->first);
		buf_addf(&b, ". Trying again in %.2f seconds...",
			 (double)delay / 1e6);
		if (b.p)
			r->o->notify(r->o->ctx, b.p);
	}
}

/* Rounds of questions, until nothing is left that asking again could mend. */
static int ask_rounds(struct run *r)
{
	int64_t delay = r->o->first_delay_ms ? r->o->first_delay_ms * 1000
					     : DELAY_FIRST_US;
	int err, left = r->o->retries;

	for (;;) {
		ask(r);
		err = wait_answers(r);
		if (err)
			return err;
		err = verdict(r);
		if (err != -EAGAIN || !left)
			return err;
		if (left > 0)
			left--;
		notify_retry(r, delay);
		err = pause_us(r, delay);
		if (err)
			return err;
		delay = delay * 6 / 5;
		if (delay > DELAY_MAX_US)
			delay = DELAY_MAX_US;
	}
}

static void set_endpoints(struct run *r, const uint16_t *ports)
{
	union sockaddr_inet *ep;
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (!r->of_peer[i] || r->of_peer[i]->outcome != OUT_DONE)
			continue;
		ep = &r->peers[i].endpoint;
		*ep = r->of_peer[i]->addr;
		if (ep->sa.sa_family == AF_INET)
			ep->v4.sin_port = htons(ports[i]);
		else
			ep->v6.sin6_port = htons(ports[i]);
	}
}

static int fail_names(struct run *r, struct wgq_err *e)
{
	enum outcome outcome;
	size_t i;

	for (i = 0; i < r->n; i++) {
		outcome = r->of_peer[i] ? r->of_peer[i]->outcome : OUT_DONE;
		if (outcome != OUT_DONE)
			fail(r, &r->peers[i], outcome_errno[outcome],
			     outcome_text[outcome], e);
	}
	return e->code;
}

static int resolve_names(struct run *r, const uint16_t *ports,
			 struct wgq_err *e)
{
	int err = channel_open(r, e);

	if (!err)
		err = ask_rounds(r);
	channel_close(r);
	if (e->code)
		return e->code;
	set_endpoints(r, ports);
	if (err == -EINTR) {
		err_sys(e, err, "endpoints");
		return err_status(e, 128 + *r->o->stop);
	}
	if (err == -ENOMEM)
		return err_sys(e, err, "endpoints");
	return err ? fail_names(r, e) : 0;
}

int resolve_endpoints(struct wg_peer *peers, size_t n,
		      const struct resolve_opts *o, struct wgq_err *e)
{
	struct run r = { .o = o, .peers = peers, .n = n };
	uint16_t *ports = arena_array(&r.arena, n, sizeof(*ports));
	int err;

	if (!ports)
		err = err_sys(e, -ENOMEM, "endpoints");
	else
		err = parse_peers(&r, ports, e);
	if (!err && r.n_names)
		err = resolve_names(&r, ports, e);
	arena_done(&r.arena);
	return err;
}

int resolve_listen_port(struct wg_device *dev, const struct resolve_opts *o,
			struct wgq_err *e)
{
	bool wrapped;
	int err;

	if (!dev->listen_port_name)
		return 0;
	err = services_parse_port(services_file(o), dev->listen_port_name,
				  &dev->listen_port, &wrapped, e);
	if (err && o->file)
		err_at(e, o->file, dev->listen_port_line);
	if (!err && wrapped)
		warn_wrapped(o, dev->listen_port_line, dev->listen_port_name,
			     dev->listen_port);
	return err;
}
