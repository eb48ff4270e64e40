#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding beside the rules that distributions and clouds ship, which end in
# a REJECT that nothing appended gets past, and beside a policy of nf_tables.

bats_require_minimum_version 1.5.0
load ../lib/net
load ../lib/tunnel
load ../lib/managers

setup() { managers_setup; }
teardown() { managers_teardown; }

# /etc/sysconfig/iptables and ip6tables of RHEL and its kin.
rhel() { # nft|legacy
	in_ns server "iptables-$1-restore" <<-'EOF'
	*filter
	:INPUT ACCEPT [0:0]
	:FORWARD ACCEPT [0:0]
	:OUTPUT ACCEPT [0:0]
	-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
	-A INPUT -p icmp -j ACCEPT
	-A INPUT -i lo -j ACCEPT
	-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
	-A INPUT -j REJECT --reject-with icmp-host-prohibited
	-A FORWARD -d 10.20.0.66 -j DROP
	-A FORWARD -j REJECT --reject-with icmp-host-prohibited
	COMMIT
	EOF
	in_ns server "ip6tables-$1-restore" <<-'EOF'
	*filter
	:INPUT ACCEPT [0:0]
	:FORWARD ACCEPT [0:0]
	:OUTPUT ACCEPT [0:0]
	-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
	-A INPUT -p ipv6-icmp -j ACCEPT
	-A INPUT -i lo -j ACCEPT
	-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
	-A INPUT -d fe80::/64 -p udp -m udp --dport 546 -m state --state NEW -j ACCEPT
	-A INPUT -j REJECT --reject-with icmp6-adm-prohibited
	-A FORWARD -d fd00:20::66 -j DROP
	-A FORWARD -j REJECT --reject-with icmp6-adm-prohibited
	COMMIT
	EOF
}

# /etc/iptables/rules.v4 of Oracle's images of Ubuntu; nothing for IPv6.
oracle() {
	in_ns server iptables-nft-restore <<-'EOF'
	*filter
	:INPUT ACCEPT [0:0]
	:FORWARD ACCEPT [0:0]
	:OUTPUT ACCEPT [463:49013]
	:InstanceServices - [0:0]
	-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
	-A INPUT -p icmp -j ACCEPT
	-A INPUT -i lo -j ACCEPT
	-A INPUT -p udp --sport 123 -j ACCEPT
	-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
	-A INPUT -j REJECT --reject-with icmp-host-prohibited
	-A FORWARD -d 10.20.0.66 -j DROP
	-A FORWARD -j REJECT --reject-with icmp-host-prohibited
	-A OUTPUT -d 169.254.0.0/16 -j InstanceServices
	-A InstanceServices -d 169.254.169.254/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 80 -m comment --comment "See the Oracle-Provided Images section in the Oracle Cloud Infrastructure documentation for security impact of modifying or removing this rule" -j ACCEPT
	-A InstanceServices -d 169.254.0.0/16 -p tcp -m tcp -m comment --comment "See the Oracle-Provided Images section in the Oracle Cloud Infrastructure documentation for security impact of modifying or removing this rule" -j REJECT --reject-with tcp-reset
	COMMIT
	EOF
}

# /etc/nftables.conf as it is often written.
inet() {
	in_ns server nft -f - <<-'EOF'
	flush ruleset
	table inet filter {
		chain input {
			type filter hook input priority 0; policy drop;
			iif lo accept
			ct state established,related accept
			ip protocol icmp accept
			ip6 nexthdr ipv6-icmp accept
			tcp dport 22 accept
		}
		chain forward {
			type filter hook forward priority 0; policy drop;
			ip daddr 10.20.0.66 drop
			ip6 daddr fd00:20::66 drop
		}
		chain output {
			type filter hook output priority 0; policy accept;
		}
	}
	EOF
}

# beside FAMILIES LINE...: those that the rules are for.
beside() {
	local families=$1

	shift
	ruleset "$BATS_TEST_TMPDIR/before"
	tunnel_up "$@"
	reaches_all
	cannot_tcp laptop 10.20.0.66 80
	[ "$families" = 4 ] || cannot_tcp laptop fd00:20::66 80
	stranger_is_refused "$families"
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/after"
	same_ruleset "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	tunnel_up '#wgq OpenPort = any'
	cannot_tcp laptop 10.20.0.2 80
	[ "$families" = 4 ] || reaches_nothing
}

@test "RHEL's rules" {
	rhel nft
	beside "4 6" "${DIRECTIVES[@]}"
}

@test "RHEL's rules, by hooks" {
	rhel nft
	beside "4 6" "${HOOKS[@]}"
}

@test "RHEL's rules in legacy tables" {
	rhel legacy
	beside "4 6" "${DIRECTIVES[@]}"
}

@test "Oracle's rules" {
	oracle
	beside 4 "${DIRECTIVES[@]}"
}

@test "Oracle's rules, by hooks" {
	oracle
	beside 4 "${HOOKS[@]}"
}

@test "an inet table with policy drop" {
	inet
	beside "4 6" "${DIRECTIVES[@]}"
}

@test "an inet table with policy drop, by hooks" {
	inet
	beside "4 6" "${HOOKS[@]}"
}
