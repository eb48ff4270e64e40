#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding beside the real firewalld.  Its nftables backend makes its table
# anew at any reload, and from version 2 on owns it: there is no place for a
# rule of ours, and up has to say who can help.

bats_require_minimum_version 1.5.0
load ../lib/net
load ../lib/tunnel
load ../lib/managers

setup() { managers_setup; }
teardown() { managers_teardown; }

# firewalld_up BACKEND: zone public, which refuses to forward, but for port
# 8081 that it forwards to a host behind.
firewalld_up() {
	on sed -i "s/^FirewallBackend=.*/FirewallBackend=$1/" \
		/etc/firewalld/firewalld.conf
	dbus_start
	on_start firewalld firewalld --nofork --nopid
	ready firewalld on firewall-cmd --state
	on firewall-cmd -q --add-port=51820/udp
	on firewall-cmd -q --permanent --add-port=51820/udp
	on firewall-cmd -q --runtime-to-permanent
}

firewalld_works() {
	[ "$(on firewall-cmd --state 2>&1)" = running ]
	cannot_tcp stranger 198.51.100.1 8082
	stranger_is_refused
}

@test "firewalld on nftables: up says who can help, and that helps" {
	tcp_serve server 198.51.100.1 8082
	machine_up nft
	firewalld_up nftables
	ruleset "$BATS_TEST_TMPDIR/before"
	tunnel_up '#wgq Forward = yes'
	reaches_nothing
	# shellcheck disable=SC2154 # tunnel_up says it
	[[ $said = *'[!] inet firewalld filter_F'*' refuses traffic from srv'* ]]
	[[ $said = *'no rule of ours can change that'* ]]
	command=$(sed -n 's/.*: \(firewall-cmd --zone=[^;]*\);.*/\1/p' \
		<<<"$said" | head -n 1)
	# Words are meant to be split.
	# shellcheck disable=SC2086
	on $command
	reaches_all
	firewalld_works
	tunnel_down
	on firewall-cmd -q --reload
	ruleset "$BATS_TEST_TMPDIR/after"
	same_ruleset "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

# What its reload takes away, up brings again.
beside_iptables() {
	tcp_serve server 198.51.100.1 8082
	machine_up "$1"
	firewalld_up iptables
	on "ip6tables-$1" -I FORWARD -d fd00:20::66 -j DROP
	on "iptables-$1" -I FORWARD -d 10.20.0.66 -j DROP
	tunnel_up '#wgq OpenPort = any'
	reaches_nothing
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/before"
	tunnel_up "${DIRECTIVES[@]}"
	reaches_all
	cannot_tcp laptop 10.20.0.66 80
	cannot_tcp laptop fd00:20::66 80
	firewalld_works
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/after"
	same_ruleset "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	tunnel_up "${DIRECTIVES[@]}"
	on firewall-cmd -q --reload
	tunnel_down
	tunnel_up "${DIRECTIVES[@]}"
	reaches_all
}

@test "firewalld on iptables-nft" { beside_iptables nft; }
@test "firewalld on iptables-legacy" { beside_iptables legacy; }
