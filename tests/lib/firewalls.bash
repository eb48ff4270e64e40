# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Firewalls that refuse forwarding, laid on host "server" as their managers lay
# them, by the real programs.  fw_NAME lays one; FIREWALLS lists them.

FIREWALLS="reject_nft reject_legacy policy_nft policy_legacy protocols_nft
	inet_policy inet_goto docker_20 docker_28 ufw_reject mixed"

_both() { # COMMAND...: for IPv4 and IPv6; %s is the program
	in_ns server iptables-"$@"
	in_ns server ip6tables-"$@"
}

_reject() { # nft|legacy
	_both "$1" -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
	_both "$1" -A INPUT -i lo -j ACCEPT
	_both "$1" -A INPUT -p udp --dport 51820 -j ACCEPT
	in_ns server iptables-"$1" -A INPUT -p icmp -j ACCEPT
	in_ns server ip6tables-"$1" -A INPUT -p ipv6-icmp -j ACCEPT
	in_ns server iptables-"$1" -A INPUT -j REJECT \
		--reject-with icmp-host-prohibited
	in_ns server ip6tables-"$1" -A INPUT -j REJECT \
		--reject-with icmp6-adm-prohibited
	_both "$1" -A FORWARD -m conntrack --ctstate INVALID -j DROP
	in_ns server iptables-"$1" -A FORWARD -d 10.20.0.66 -j DROP
	in_ns server ip6tables-"$1" -A FORWARD -d fd00:20::66 -j DROP
	in_ns server iptables-"$1" -A FORWARD -j REJECT \
		--reject-with icmp-host-prohibited
	in_ns server ip6tables-"$1" -A FORWARD -j REJECT \
		--reject-with icmp6-adm-prohibited
}

fw_reject_nft() { _reject nft; }
fw_reject_legacy() { _reject legacy; }

_policy() {
	_both "$1" -P FORWARD DROP
}

fw_policy_nft() { _policy nft; }
fw_policy_legacy() { _policy legacy; }

# Each protocol its own way of saying no: one catch-all in three rules.
fw_protocols_nft() {
	_both nft -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED \
		-j ACCEPT
	_both nft -A FORWARD -p tcp -j REJECT --reject-with tcp-reset
	_both nft -A FORWARD -p udp -j REJECT
	_both nft -A FORWARD -j DROP
}

fw_inet_policy() {
	in_ns server nft -f - <<-'EOF'
	table inet hostfw {
		chain input {
			type filter hook input priority filter; policy drop;
			ct state established,related accept
			iifname "lo" accept
			meta l4proto { icmp, ipv6-icmp } accept
			udp dport 51820 accept
		}
		chain forward {
			type filter hook forward priority filter; policy drop;
			ct state vmap { established : accept, related : accept, invalid : drop }
			ip daddr 10.20.0.66 drop
			ip6 daddr fd00:20::66 drop
			iifname "eth9" oifname "eth8" accept
		}
	}
	EOF
}

fw_inet_goto() {
	in_ns server nft -f - <<-'EOF'
	table inet hostfw {
		set inside { type ifname; elements = { "lan0", "lan1" } }
		chain refuse { meta l4proto tcp reject with tcp reset; reject with icmpx type admin-prohibited; }
		chain forward {
			type filter hook forward priority 5; policy accept;
			ct state invalid drop
			iifname @inside accept
			goto refuse
		}
	}
	EOF
}

fw_docker_20() {
	in_ns server iptables-nft-restore <<-'EOF'
	*filter
	:INPUT ACCEPT [0:0]
	:FORWARD DROP [0:0]
	:OUTPUT ACCEPT [0:0]
	:DOCKER - [0:0]
	:DOCKER-ISOLATION-STAGE-1 - [0:0]
	:DOCKER-ISOLATION-STAGE-2 - [0:0]
	:DOCKER-USER - [0:0]
	-A FORWARD -j DOCKER-USER
	-A FORWARD -j DOCKER-ISOLATION-STAGE-1
	-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	-A FORWARD -o docker0 -j DOCKER
	-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
	-A FORWARD -i docker0 -o docker0 -j ACCEPT
	-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
	-A DOCKER-ISOLATION-STAGE-1 -j RETURN
	-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
	-A DOCKER-ISOLATION-STAGE-2 -j RETURN
	-A DOCKER-USER -d 10.20.0.66 -j DROP
	-A DOCKER-USER -j RETURN
	COMMIT
	EOF
	in_ns server ip6tables-nft -P FORWARD DROP
}

fw_docker_28() {
	local p
	for p in iptables ip6tables; do
		in_ns server "$p"-nft-restore <<-'EOF'
		*filter
		:INPUT ACCEPT [0:0]
		:FORWARD DROP [0:0]
		:OUTPUT ACCEPT [0:0]
		:DOCKER - [0:0]
		:DOCKER-BRIDGE - [0:0]
		:DOCKER-CT - [0:0]
		:DOCKER-FORWARD - [0:0]
		:DOCKER-ISOLATION-STAGE-1 - [0:0]
		:DOCKER-ISOLATION-STAGE-2 - [0:0]
		:DOCKER-USER - [0:0]
		-A FORWARD -j DOCKER-USER
		-A FORWARD -j DOCKER-FORWARD
		-A DOCKER ! -i docker0 -o docker0 -j DROP
		-A DOCKER-BRIDGE -o docker0 -j DOCKER
		-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A DOCKER-FORWARD -j DOCKER-CT
		-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
		-A DOCKER-FORWARD -j DOCKER-BRIDGE
		-A DOCKER-FORWARD -i docker0 -j ACCEPT
		COMMIT
		EOF
	done
}

# "reject routed": the refusal is in a chain that is jumped to.
fw_ufw_reject() {
	local p
	for p in iptables ip6tables; do
		in_ns server "$p"-nft-restore <<-'EOF'
		*filter
		:INPUT ACCEPT [0:0]
		:FORWARD ACCEPT [0:0]
		:OUTPUT ACCEPT [0:0]
		:ufw-before-forward - [0:0]
		:ufw-after-forward - [0:0]
		:ufw-reject-forward - [0:0]
		-A FORWARD -j ufw-before-forward
		-A FORWARD -j ufw-after-forward
		-A FORWARD -j ufw-reject-forward
		-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A ufw-reject-forward -j REJECT
		COMMIT
		EOF
	done
}

# Docker in legacy tables, a policy in nf_tables: both have to let it through.
fw_mixed() {
	_policy nft
	in_ns server iptables-legacy-restore <<-'EOF'
	*filter
	:INPUT ACCEPT [0:0]
	:FORWARD DROP [0:0]
	:OUTPUT ACCEPT [0:0]
	:DOCKER-USER - [0:0]
	-A FORWARD -j DOCKER-USER
	-A DOCKER-USER -j RETURN
	COMMIT
	EOF
}
