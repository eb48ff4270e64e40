#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Firewalls that cannot be satisfied, and hosts that allow nothing: one clear
# line each, and nothing changed.

load ../lib/net
load ../lib/tunnel
load ../lib/firewalls

setup() { tunnel_hosts; }
teardown() { net_reset; }

# server_with LINE...: the server's conf with these lines in [Interface].
server_with() {
	server_conf
	printf '%s\n' "$@" | sed -i '/^ListenPort/r /dev/stdin' \
		"$CONFS/srv.conf"
	snapshot server "$BATS_TEST_TMPDIR/before"
}

# refused TEXT COMMAND...: on the server, with that text and no trace left.
refused() {
	local text=$1
	shift
	status=0
	output=$(in_ns server "$@" 2>&1) || status=$?
	[ "$status" -ne 0 ]
	[[ $output = *"$text"* ]] || { echo "$output" >&2; return 1; }
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a hook names a chain that does not exist" {
	fw_reject_nft
	server_with 'PostUp = iptables -I INPUT -p tcp --dport 9 -j DROP; iptables -A NOWHERE -i %i -j ACCEPT'
	refused 'No chain/target/match by that name' "$WGQ" up srv
	[ "$status" -eq 1 ]
}

@test "a hook's target is for another table" {
	server_with 'PostUp = iptables -A FORWARD -i %i -j MASQUERADE'
	refused 'MASQUERADE' "$WGQ" up srv
	[ "$status" -ne 0 ]
}

@test "without CAP_NET_ADMIN" {
	fw_reject_nft
	server_with '#wgq Forward = yes'
	refused 'CAP_NET_ADMIN' setpriv --bounding-set -net_admin \
		--inh-caps -net_admin "$WGQ" up srv
}

@test "a read-only /proc/sys with the right values is no error" {
	fw_reject_nft
	forwarding server
	server_with '#wgq Forward = yes'
	in_ns server unshare -m sh -c 'mount --bind /proc/sys /proc/sys &&
		mount -o remount,ro,bind /proc/sys && exec "$0" up srv' "$WGQ"
	in_ns server iptables-nft -C FORWARD -i srv -m comment \
		--comment wgq:srv -j ACCEPT
}

@test "a read-only /proc/sys with a wrong value is said first" {
	fw_reject_nft
	server_with '#wgq Forward = yes'
	refused 'net.ipv4.ip_forward' unshare -m sh -c \
		'mount --bind /proc/sys /proc/sys &&
		mount -o remount,ro,bind /proc/sys && exec "$0" up srv' "$WGQ"
	[[ $output != *'[#]'* ]]
}

# A table that belongs to a process, as firewalld's does from 2.0 on.
@test "a table with an owner: up says whose rule refuses, and goes on" {
	cat >"$BATS_TEST_TMPDIR/owned" <<-'EOF'
	add table inet owned { flags owner; }
	add chain inet owned forward { type filter hook forward priority 10; policy drop; }
	EOF
	mkfifo "$BATS_TEST_TMPDIR/hold"
	in_ns server sh -c "{ cat '$BATS_TEST_TMPDIR/owned'
		cat '$BATS_TEST_TMPDIR/hold'; } | nft -i" >/dev/null 2>&1 3>&- &
	exec 5>"$BATS_TEST_TMPDIR/hold"
	wait_for 5 in_ns server nft list table inet owned >/dev/null 2>&1 ||
		skip "this nft makes no table with an owner"
	server_with '#wgq Forward = yes'
	run in_ns server "$WGQ" up srv
	exec 5>&-
	[ "$status" -eq 0 ]
	[[ $output = *'[!]'*'owned'* ]]
}

@test "somebody else changes the rules all the time" {
	fw_reject_nft
	forwarding server
	server_with '#wgq Forward = yes'
	in_ns server sh -c 'while :; do nft add table ip busy
		nft delete table ip busy; sleep 0.05; done' >/dev/null 2>&1 3>&- &
	run in_ns server "$WGQ" up srv
	[ "$status" -eq 0 ]
	[ "$(in_ns server iptables-nft -S FORWARD |
		grep -c -- '-i srv -m comment --comment "*wgq:srv"* -j ACCEPT')" \
		-eq 1 ]
}
