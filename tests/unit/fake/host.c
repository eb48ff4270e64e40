// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "private.h"
#include "sys/file.h"
#include "sys/sysctl.h"

/* The functions of struct host take no context: the host that is running. */
static struct fake_host *current;

static void put_file(const struct fake_host *h, const char *name, mode_t mode,
		     const char *text, size_t len)
{
	char path[PATH_MAX], *slash;
	cleanup(close_fd) int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", h->root, name);
	for (slash = strchr(path + strlen(h->root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			fake_die("cannot make a directory");
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		fake_die("cannot write a file");
}

static int refuse(struct wgq_err *e, int code, const char *what)
{
	return err_sys(e, code, "%s", what);
}

/* What is no message comes alone. */
static int host_begin(struct fake_host *h, const char *what)
{
	h->f.c->datagrams++;
	return fake_begin(&h->f, what, true);
}

static int host_exec(const struct exec *x, int *ret_status, struct wgq_err *e)
{
	struct fake_host *h = current;
	const char *const *arg;
	int ret;

	if (x->stop && *x->stop)
		return refuse(e, -EINTR, x->argv[0]);
	ret = host_begin(h, "exec");
	if (ret && ret != -EBUSY)
		return refuse(e, ret, x->argv[0]);
	/* A program that starts and fails, for a change. */
	*ret_status = ret ? 7 : h->exec_status;
	if (ret)
		return 0;
	for (arg = x->argv; *arg; arg++)
		buf_addf(&h->ran, "%s%s", arg == x->argv ? "" : " ", *arg);
	buf_addc(&h->ran, '\n');
	if (h->on_exec)
		h->on_exec(h, x);
	fake_end(&h->f);
	return 0;
}

static int host_sysctl_write(const char *root, const char *name,
			     const char *value, struct wgq_err *e)
{
	int ret = host_begin(current, "sysctl");

	if (ret)
		return refuse(e, ret, name);
	ret = sysctl_write(root, name, value, e);
	fake_end(&current->f);
	return ret;
}

static int host_dns_add(const struct dns *dns, const char *ifname,
			const struct dns_servers *servers, struct wgq_err *e)
{
	int ret = host_begin(current, "dns add");

	if (ret)
		return refuse(e, ret, "dns");
	ret = dns_add(dns, ifname, servers, e);
	fake_end(&current->f);
	return ret;
}

static int host_dns_del(const struct dns *dns, const char *ifname,
			struct wgq_err *e)
{
	int ret = host_begin(current, "dns del");

	if (ret)
		return refuse(e, ret, "dns");
	ret = dns_del(dns, ifname, e);
	fake_end(&current->f);
	return ret;
}

static bool may_admin(void)
{
	return true;
}

static void put_files(struct fake_host *h, bool no_ipv6)
{
	const struct {
		const char *name, *text;
		mode_t mode;
	} files[] = {
		{ "etc/resolv.conf", "nameserver 192.0.2.53\n", 0644 },
		{ "etc/iproute2/rt_tables", "200\tvpn\n", 0644 },
		{ "etc/wireguard/README", "", 0600 },
		{ "proc/sys/kernel/random/boot_id", "0b00-1d\n", 0444 },
		{ "proc/sys/net/ipv4/conf/all/src_valid_mark", "0\n", 0644 },
		{ "proc/sys/net/ipv4/conf/all/send_redirects", "1\n", 0644 },
		{ "proc/sys/net/ipv4/conf/all/forwarding", "0\n", 0644 },
		{ "proc/sys/net/ipv6/conf/all/disable_ipv6",
		  no_ipv6 ? "1\n" : "0\n", 0644 },
		{ "proc/sys/net/ipv6/conf/default/disable_ipv6",
		  no_ipv6 ? "1\n" : "0\n", 0644 },
		{ "proc/sys/net/ipv4/ip_forward", "1\n", 0644 },
		{ "proc/sys/net/ipv6/conf/all/forwarding", "1\n", 0644 },
		{ "bin/bash", "", 0755 },
		{ "bin/ip", "", 0755 },
		{ "bin/wireguard-go", "", 0755 },
		{ "run/wireguard/README", "", 0644 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		put_file(h, files[i].name, files[i].mode, files[i].text,
			 strlen(files[i].text));
}

static void bring_other_up(struct fake_host *h)
{
	static const char conf[] =
		"[Interface]\n"
		"PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
		"Address = 10.77.0.2/24, fd00:77::2/64\n"
		"DNS = 10.77.0.1\n"
		"[Peer]\n"
		"PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
		"Endpoint = 198.51.100.7:51820\n"
		"AllowedIPs = 0.0.0.0/0, ::/0\n";
	cleanup(fake_result_done) struct fake_result r = { 0 };

	fake_host_conf(h, "wg1", conf, strlen(conf));
	fake_host_run(h, FAKE_UP, "wg1", NULL, &r);
	if (r.ret) {
		fprintf(stderr, "wg1: %s\n", r.e.msg);
		fake_die("the other tunnel does not come up");
	}
}

static void put_low_rules(struct fake_host *h)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		struct fake_rule r = { .family = i ? AF_INET6 : AF_INET,
				       .action = 1,
				       .priority = 1,
				       .table = 99,
				       .suppress = -1,
				       .iif = "eth9" };

		fake_rule_add(&h->f, &r);
	}
}

static void put_stray_rule(struct fake_host *h)
{
	const struct fake_rule r = {
		.family = AF_INET, .action = 1, .priority = 32000, .table = 254
	};

	fake_rule_add(&h->f, &r);
}

static void set_scene(struct fake_host *h, enum fake_scene scene)
{
	fake_link_add(&h->f, "eth0", "", 1500);
	fake_addr_add(&h->f, "eth0", "192.0.2.10/24");
	fake_route_add(&h->f, "eth0", "0.0.0.0/0", 254);
	if (!h->f.s->no_ipv6) {
		fake_addr_add(&h->f, "eth0", "2001:db8::10/64");
		fake_route_add(&h->f, "eth0", "::/0", 254);
	}
	switch (scene) {
	case SCENE_OTHER:
		bring_other_up(h);
		break;
	case SCENE_LOW_RULES:
		put_low_rules(h);
		break;
	case SCENE_STRAY_RULE:
		put_stray_rule(h);
		break;
	case SCENE_USERSPACE:
		h->f.s->has_wireguard = false;
		fake_uapi_start(h);
		break;
	case SCENE_PLAIN:
	case SCENE_NO_IPV6:
	case FAKE_SCENES:
		break;
	}
}

/* Memory, where there is some: the files are synced thousands of times. */
static void make_root(struct fake_host *h)
{
	snprintf(h->root, sizeof(h->root), "/dev/shm/wgq-XXXXXX");
	if (mkdtemp(h->root))
		return;
	snprintf(h->root, sizeof(h->root), "/tmp/wgq-XXXXXX");
	if (!mkdtemp(h->root))
		fake_die("cannot make a directory");
}

static void on_wireguard_go(struct fake_host *h, const struct exec *x)
{
	if (!strcmp(x->argv[0], "wireguard-go"))
		fake_uapi_make(h, x->argv[1]);
}

void fake_host_init(struct fake_host *h, enum fake_scene scene)
{
	memset(h, 0, sizeof(*h));
	fake_init(&h->f);
	make_root(h);
	snprintf(h->f.root, sizeof(h->f.root), "%s", h->root);
	snprintf(h->run, sizeof(h->run), "%s/run/wgq", h->root);
	snprintf(h->uapi, sizeof(h->uapi), "%s/run/wireguard", h->root);
	snprintf(h->proc_net, sizeof(h->proc_net), "%s/proc/net", h->root);
	snprintf(h->path_env, sizeof(h->path_env), "PATH=%s/bin", h->root);
	h->env[0] = h->path_env;
	h->on_exec = on_wireguard_go;
	h->host = (struct host){
		.nl = &fake_ops,
		.nl_ctx = &h->f,
		.root = h->root,
		.run = h->run,
		.uapi = h->uapi,
		/* Without a list of legacy tables none is ever asked for. */
		.xtables = &xtables_kernel_ops,
		.proc_net = h->proc_net,
		.exec = host_exec,
		.sysctl_write = host_sysctl_write,
		.dns_add = host_dns_add,
		.dns_del = host_dns_del,
		.may_admin = may_admin,
	};
	h->f.s->no_ipv6 = scene == SCENE_NO_IPV6;
	put_files(h, h->f.s->no_ipv6);
	set_scene(h, scene);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void fake_host_done(struct fake_host *h)
{
	fake_uapi_end(h);
	nftw(h->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	fake_done(&h->f);
	buf_done(&h->ran);
}

void fake_host_conf(struct fake_host *h, const char *name, const char *text,
		    size_t len)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "etc/wireguard/%s.conf", name);
	put_file(h, path, 0600, text, len);
}

static void on_message(void *ctx, const char *text, size_t len)
{
	struct fake_result *r = ctx;

	buf_add(&r->said, text, len);
	current->f.c->trace = r->said.len;
}

void fake_host_run(struct fake_host *h, enum fake_verb verb, const char *name,
		   const struct fake_plan *plan, struct fake_result *ret)
{
	const struct wgq_opts o = {
		.program = "wgq",
		.target = name,
		.env = h->env,
		.stop = &h->f.c->stop,
		.message = on_message,
		.ctx = ret,
	};

	*ret = (struct fake_result){ 0 };
	current = h;
	fake_arm(&h->f, plan);
	buf_reset(&h->ran);
	buf_adds(&h->ran, "");
	buf_adds(&ret->said, "");
	ret->ret = verb == FAKE_UP ? apply_up(&o, &h->host, &ret->e)
				   : apply_down(&o, &h->host, &ret->e);
	ret->n = h->f.c->n;
}

bool fake_host_kill(struct fake_host *h, enum fake_verb verb, const char *name,
		    const struct fake_plan *plan)
{
	struct fake_result r;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fake_die("cannot fork");
	if (!pid) {
		fake_host_run(h, verb, name, plan, &r);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		fake_die("cannot wait");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

void fake_result_done(struct fake_result *r)
{
	buf_done(&r->said);
}

static void dump_file(const char *path, const char *name, struct buf *out)
{
	cleanup(buf_done) struct buf text = { 0 };
	struct wgq_err e = { 0 };
	size_t i;

	if (file_read(path, FILE_READ_MAX, &text, &e))
		buf_addf(&text, "unreadable: %s", e.msg);
	for (i = 0; i < text.len; i++) {
		if (!i || text.p[i - 1] == '\n')
			buf_addf(out, "file %s | ", name);
		buf_addc(out, text.p[i]);
	}
	if (text.len && text.p[text.len - 1] != '\n')
		buf_addc(out, '\n');
}

static void dump_tree(const char *dir, const char *prefix, bool run,
		      struct buf *out)
{
	char path[PATH_MAX], name[PATH_MAX], target[PATH_MAX];
	struct dirent **list;
	struct stat st;
	ssize_t len;
	int i, n;

	n = scandir(dir, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		snprintf(name, sizeof(name), "%s/%s", prefix, list[i]->d_name);
		if (!strcmp(list[i]->d_name, ".") ||
		    !strcmp(list[i]->d_name, "..") ||
		    (!run && !strcmp(name, "/run/wgq")) || lstat(path, &st)) {
			free(list[i]);
			continue;
		}
		buf_addf(out, "file %s mode %o\n", name, st.st_mode);
		if (S_ISDIR(st.st_mode))
			dump_tree(path, name, run, out);
		len = S_ISLNK(st.st_mode)
			      ? readlink(path, target, sizeof(target) - 1)
			      : 0;
		if (len > 0)
			buf_addf(out, "file %s -> %.*s\n", name, (int)len,
				 target);
		/* What the record of name servers says differs by how it came
		 * about; what it is for is tested by taking wg1 down. */
		if (S_ISREG(st.st_mode) && strncmp(name, "/run/wgq/dns-", 13))
			dump_file(path, name, out);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

void fake_host_dump(const struct fake_host *h, bool run, struct buf *out)
{
	fake_dump(&h->f, out);
	dump_tree(h->root, "", run, out);
}
