// SPDX-License-Identifier: GPL-2.0-or-later
#include "fw/ruleset.h"

#include <string.h>

#include "base/cleanup.h"

/* Names end in "*" where only their beginning counts. */
struct manager_name {
	const char *name;
	enum fw_manager manager;
};

static const struct manager_name table_names[] = {
	{ "wgq-*", FW_BY_WGQ },
	{ "docker-bridges", FW_BY_DOCKER },
	{ "firewalld*", FW_BY_FIREWALLD },
	{ "libvirt_network", FW_BY_LIBVIRT },
	{ "netavark", FW_BY_NETAVARK },
	{ "kube-*", FW_BY_KUBE },
	{ "flannel-*", FW_BY_KUBE },
	{ "calico*", FW_BY_KUBE },
	{ "incus", FW_BY_INCUS },
	{ "lxd", FW_BY_INCUS },
	{ "f2b-*", FW_BY_FAIL2BAN },
};

/*
 * firewalld's iptables backend names chains after zones and policies, with what
 * they do in front: only its own fixed names and beginnings are listed.
 */
static const struct manager_name chain_names[] = {
	{ "DOCKER", FW_BY_DOCKER },
	{ "DOCKER-*", FW_BY_DOCKER },
	{ "DOCKER_*", FW_BY_DOCKER },
	{ "ufw-*", FW_BY_UFW },
	{ "ufw6-*", FW_BY_UFW },
	{ "INPUT_ZONES*", FW_BY_FIREWALLD },
	{ "INPUT_POLICIES*", FW_BY_FIREWALLD },
	{ "INPUT_direct", FW_BY_FIREWALLD },
	{ "FORWARD_ZONES*", FW_BY_FIREWALLD },
	{ "FORWARD_POLICIES*", FW_BY_FIREWALLD },
	{ "FORWARD_IN_ZONES*", FW_BY_FIREWALLD },
	{ "FORWARD_OUT_ZONES*", FW_BY_FIREWALLD },
	{ "FORWARD_direct", FW_BY_FIREWALLD },
	{ "OUTPUT_POLICIES*", FW_BY_FIREWALLD },
	{ "OUTPUT_direct", FW_BY_FIREWALLD },
	{ "PREROUTING_ZONES*", FW_BY_FIREWALLD },
	{ "PREROUTING_POLICIES*", FW_BY_FIREWALLD },
	{ "PREROUTING_direct", FW_BY_FIREWALLD },
	{ "POSTROUTING_ZONES*", FW_BY_FIREWALLD },
	{ "POSTROUTING_POLICIES*", FW_BY_FIREWALLD },
	{ "POSTROUTING_direct", FW_BY_FIREWALLD },
	{ "RFC3964_IPv4", FW_BY_FIREWALLD },
	{ "IN_*", FW_BY_FIREWALLD },
	{ "FWD_*", FW_BY_FIREWALLD },
	{ "FWDI_*", FW_BY_FIREWALLD },
	{ "FWDO_*", FW_BY_FIREWALLD },
	{ "PRE_*", FW_BY_FIREWALLD },
	{ "POST_*", FW_BY_FIREWALLD },
	{ "LIBVIRT_*", FW_BY_LIBVIRT },
	{ "NETAVARK*", FW_BY_NETAVARK },
	{ "KUBE-*", FW_BY_KUBE },
	{ "FLANNEL-*", FW_BY_KUBE },
	{ "CNI-*", FW_BY_KUBE },
	{ "cali-*", FW_BY_KUBE },
	{ "CILIUM_*", FW_BY_KUBE },
	{ "ts-*", FW_BY_TAILSCALE },
	{ "f2b-*", FW_BY_FAIL2BAN },
};

static enum fw_manager look_up(const struct manager_name *v, size_t n,
			       const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t len = strlen(v[i].name);

		if (v[i].name[len - 1] == '*'
			    ? !strncmp(v[i].name, name, len - 1)
			    : !strcmp(v[i].name, name))
			return v[i].manager;
	}
	return FW_BY_NOBODY;
}

enum fw_manager fw_manager_of(const struct fw_chain *c)
{
	enum fw_manager m =
		look_up(table_names, ARRAY_SIZE(table_names), c->table->name);

	if (m != FW_BY_NOBODY)
		return m;
	return look_up(chain_names, ARRAY_SIZE(chain_names), c->name);
}

const char *fw_manager_name(enum fw_manager m)
{
	switch (m) {
	case FW_BY_NOBODY:
		return "";
	case FW_BY_WGQ:
		return "wgq";
	case FW_BY_DOCKER:
		return "Docker";
	case FW_BY_UFW:
		return "ufw";
	case FW_BY_FIREWALLD:
		return "firewalld";
	case FW_BY_LIBVIRT:
		return "libvirt";
	case FW_BY_NETAVARK:
		return "Podman";
	case FW_BY_KUBE:
		return "Kubernetes";
	case FW_BY_INCUS:
		return "Incus";
	case FW_BY_TAILSCALE:
		return "Tailscale";
	case FW_BY_FAIL2BAN:
		return "fail2ban";
	}
	return "";
}
