// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "apply/native.h"
#include "apply/run.h"
#include "base/cleanup.h"
#include "net/uapi_socket.h"
#include "net/wg.h"
#include "sys/resolve.h"

/** struct word - a word of `wg set`, the key it stands for in a conf */
static const struct word {
	const char *name, *key;
	bool peer, file;
} words[] = {
	{ "listen-port", "ListenPort", false, false },
	{ "fwmark", "FwMark", false, false },
	{ "private-key", "PrivateKey", false, true },
	{ "peer", "[Peer]\nPublicKey", false, false },
	{ "endpoint", "Endpoint", true, false },
	{ "persistent-keepalive", "PersistentKeepalive", true, false },
	{ "allowed-ips", "AllowedIPs", true, false },
	{ "preshared-key", "PresharedKey", true, true },
};

static const char *const fields[] = {
	"private-key",
	"listen-port",
	"fwmark",
	"peers",
	"endpoints",
	"allowed-ips",
	"transfer",
	"preshared-keys",
	"public-key",
	"latest-handshakes",
	"persistent-keepalive",
};

static const struct word *word_find(const char *name, bool peer)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i].name) &&
		    (words[i].peer == peer || !strcmp(name, "peer")))
			return &words[i];
	return NULL;
}

static bool set_takes(const char *const *argv, size_t argc)
{
	bool peer = false;
	size_t i;

	if (argc < 5 || argc % 2 == 0)
		return false;
	for (i = 3; i < argc; i += 2) {
		if (!word_find(argv[i], peer) ||
		    argv[i + 1][strcspn(argv[i + 1], " \t\n#")])
			return false;
		/* wg takes signs and the empty list otherwise, here. */
		if (!strcmp(argv[i], "allowed-ips") &&
		    (!*argv[i + 1] || strpbrk(argv[i + 1], "+-")))
			return false;
		peer |= !strcmp(argv[i], "peer");
	}
	return true;
}

static bool takes(const char *const *argv, size_t argc, const char **why)
{
	size_t i;

	if (argc == 4 && !strcmp(argv[1], "show") &&
	    strcmp(argv[2], "all") != 0 && strcmp(argv[2], "interfaces") != 0)
		for (i = 0; i < ARRAY_SIZE(fields); i++)
			if (!strcmp(argv[3], fields[i]))
				return true;
	if (argc == 4 &&
	    (!strcmp(argv[1], "addconf") || !strcmp(argv[1], "setconf")))
		return true;
	if (argc > 1 && !strcmp(argv[1], "set") && set_takes(argv, argc))
		return true;
	if (why)
		*why = "wg has words here that only the program knows";
	return false;
}

/* Find the interface; a negative errno is the reason in wg's words. */
static int open_device(struct kernel *k, struct wgq_err *e)
{
	struct snap_link link = { 0 };
	bool has = false;
	int ret;

	ret = kernel_link(k, &link, e);
	if (ret)
		return ret;
	if (kernel_use(k, &link) && k->userspace)
		return 0;
	ret = kernel_has_wireguard(k, &has, e);
	if (ret)
		return ret;
	return !has				? -EPROTONOSUPPORT
	       : !link.exists			? -ENODEV
	       : strcmp(link.kind, "wireguard") ? -EOPNOTSUPP
						: 0;
}

static void print_key(const uint8_t key[KEY_LEN], bool has, struct buf *out)
{
	char text[KEY_BASE64_LEN];

	key_print_base64(text, key);
	buf_adds(out, has && !key_is_zero(key) ? text : "(none)");
	explicit_bzero(text, sizeof(text));
}

static void print_peer(const char *field, const struct wg_peer *p,
		       struct buf *out)
{
	char text[ENDPOINT_STRLEN];
	size_t i;

	print_key(p->public_key, true, out);
	if (strcmp(field, "peers") != 0)
		buf_addc(out, '\t');
	if (!strcmp(field, "endpoints"))
		buf_adds(out, p->endpoint.sa.sa_family
				      ? endpoint_print(&p->endpoint, text)
				      : "(none)");
	else if (!strcmp(field, "transfer"))
		buf_addf(out, "%llu\t%llu", (unsigned long long)p->rx_bytes,
			 (unsigned long long)p->tx_bytes);
	else if (!strcmp(field, "latest-handshakes"))
		buf_addf(out, "%lld", (long long)p->last_handshake);
	else if (!strcmp(field, "preshared-keys"))
		print_key(p->preshared_key, p->has_preshared_key, out);
	else if (!strcmp(field, "persistent-keepalive") && p->keepalive)
		buf_addf(out, "%u", p->keepalive);
	else if (!strcmp(field, "persistent-keepalive"))
		buf_adds(out, "off");
	else if (!strcmp(field, "allowed-ips") && !p->n_allowed_ips)
		buf_adds(out, "(none)");
	for (i = 0; !strcmp(field, "allowed-ips") && i < p->n_allowed_ips; i++)
		buf_addf(out, "%s%s", i ? " " : "",
			 addr_print(&p->allowed_ips[i].addr, text));
	buf_addc(out, '\n');
}

static void print_field(const char *field, const struct wg_device *d,
			struct buf *out)
{
	size_t i;

	if (!strcmp(field, "fwmark") && d->fwmark)
		buf_addf(out, "0x%x\n", d->fwmark);
	else if (!strcmp(field, "fwmark"))
		buf_adds(out, "off\n");
	else if (!strcmp(field, "listen-port"))
		buf_addf(out, "%u\n", d->listen_port);
	else if (!strcmp(field, "private-key") ||
		 !strcmp(field, "public-key")) {
		if (field[1] == 'r')
			print_key(d->private_key, d->has_private_key, out);
		else
			print_key(d->public_key, d->has_public_key, out);
		buf_addc(out, '\n');
	} else {
		for (i = 0; i < d->n_peers; i++)
			print_peer(field, &d->peers[i], out);
	}
}

static int show(const struct native_call *c, struct kernel *k,
		struct wgq_err *e)
{
	cleanup(arena_done) struct arena a = { 0 };
	struct wg_device d = { 0 };
	int ret = open_device(k, e);

	if (!ret)
		ret = kernel_device(k, &a, &d, e);
	if (!ret && k->userspace && !strcmp(c->argv[3], "public-key"))
		return err_set(e, -EOPNOTSUPP,
			       "wg show %s public-key: not told by userspace",
			       c->argv[2]);
	if (!ret)
		print_field(c->argv[3], &d, c->out);
	explicit_bzero(&d, sizeof(d));
	return ret;
}

static void first_finding(void *ctx, const struct conf_finding *f)
{
	const struct native_call *c = ctx;

	buf_addf(c->err, "%s%s\n",
		 f->severity == CONF_WARNING ? "Warning: " : "", f->text);
}

static int set_text(const struct native_call *c, struct buf *out)
{
	const struct word *w;
	size_t i;
	int ret;

	buf_adds(out, "[Interface]\n");
	for (i = 3; i < c->argc; i += 2) {
		cleanup(buf_done) struct buf key = { 0 };

		w = word_find(c->argv[i], true);
		if (!w)
			w = word_find(c->argv[i], false);
		buf_addf(out, "%s=", w->key);
		if (!w->file) {
			buf_addf(out, "%s\n", c->argv[i + 1]);
			continue;
		}
		ret = native_read(c, c->argv[i + 1], &key);
		if (ret == -ENOMEM || ret == -EINTR)
			return ret;
		if (ret && ret != -EISDIR) {
			buf_addf(c->err, "fopen: %s\n", strerror(-ret));
			return 1;
		}
		while (key.len && strchr(" \t\n\r\v\f", key.p[key.len - 1]))
			key.len--;
		if (ret || (key.len && key.len != KEY_BASE64_LEN - 1)) {
			buf_adds(c->err, "Invalid length key in key file\n");
			return 1;
		}
		/* An empty file is a key of zeros: none. */
		buf_add(out,
			key.len ? key.p
				: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
				  "AAAAAAA=",
			KEY_BASE64_LEN - 1);
		buf_addc(out, '\n');
	}
	return 0;
}

static int file_text(const struct native_call *c, struct buf *out)
{
	int ret = native_read(c, c->argv[3], out);

	if (ret == -ENOMEM || ret == -EINTR || !ret)
		return ret;
	buf_addf(c->err, "fopen: %s\n", strerror(-ret));
	return 1;
}

/* Read the text as wg does; 1 where it has said what is wrong. */
static int parse_text(const struct native_call *c, struct conf *conf,
		      struct wgq_err *e)
{
	struct resolve_opts o = { .retries = RESOLVE_RETRIES,
				  .stop = c->r->o->stop };
	struct buf *text = &conf->passthrough;
	struct wgq_err why = { 0 };
	size_t i;
	int ret;

	if (text->len && text->p[text->len - 1] != '\n')
		buf_addc(text, '\n');
	for (i = 0; i < text->len; i++)
		conf->n_passthrough += text->p[i] == '\n';
	conf->passthrough_line =
		arena_array(&conf->arena, conf->n_passthrough + 1,
			    sizeof(*conf->passthrough_line));
	if (text->failed || !conf->passthrough_line)
		return err_sys(e, -ENOMEM, "wg");
	ret = conf_parse_device(conf, first_finding, (void *)c);
	if (ret == -EINVAL) {
		if (strcmp(c->argv[1], "set") != 0)
			buf_adds(c->err, "Configuration parsing error\n");
		return 1;
	}
	if (!ret)
		ret = resolve_listen_port(&conf->device, &o, &why);
	if (!ret)
		ret = resolve_endpoints(conf->device.peers,
					conf->device.n_peers, &o, &why);
	if (ret == -ENOMEM || ret == -EINTR)
		return err_sys(e, ret, "wg");
	if (ret)
		buf_addf(c->err, "%s\n", why.msg);
	return ret ? 1 : 0;
}

static int change(const struct native_call *c, struct kernel *k,
		  struct conf *conf, struct wgq_err *e)
{
	struct wg_device *d = &conf->device;
	bool whole = !strcmp(c->argv[1], "setconf");
	enum wg_mode mode = whole ? WG_REPLACE : WG_ADD;
	int ret = open_device(k, e);

	if (ret)
		return ret;
	/* What a whole conf does not mention is reset. */
	d->has_private_key |= whole;
	d->has_listen_port |= whole;
	d->has_fwmark |= whole;
	memcpy(d->name, c->argv[2], strnlen(c->argv[2], sizeof(d->name) - 1));
	return k->userspace
		       ? uapi_set_device(k->uapi, d, mode, e)
		       : wg_set_device(&k->generic, k->wg_family, d, mode, e);
}

static int modify(const struct native_call *c, struct kernel *k,
		  struct wgq_err *e, int *ret_said)
{
	struct conf conf = { .name = "wg" };
	int ret;

	ret = !strcmp(c->argv[1], "set") ? set_text(c, &conf.passthrough)
					 : file_text(c, &conf.passthrough);
	if (!ret)
		ret = parse_text(c, &conf, e);
	*ret_said = ret;
	if (!ret)
		ret = change(c, k, &conf, e);
	conf_done(&conf);
	return ret;
}

static int run(const struct native_call *c, int *ret_status, struct wgq_err *e)
{
	bool shows = !strcmp(c->argv[1], "show");
	struct wgq_err why = { 0 };
	struct kernel k = { 0 };
	int ret, said = 0;

	kernel_init(&k, c->r->host->nl, c->r->host->nl_ctx, c->argv[2],
		    c->r->host->uapi);
	ret = shows ? show(c, &k, &why) : modify(c, &k, &why, &said);
	kernel_done(&k);
	*ret_status = ret ? 1 : 0;
	if (ret == -ENOMEM || ret == -EINTR ||
	    (shows && why.code == -EOPNOTSUPP && strstr(why.msg, "told")))
		return err_sys(e, ret, "wg");
	if (ret && !said)
		buf_addf(c->err, "Unable to %s interface: %s\n",
			 shows ? "access" : "modify", strerror(-ret));
	return 0;
}

const struct native native_wg = { .takes = takes, .run = run };
