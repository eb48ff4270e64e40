#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `up` and `down`: packets decide whether the tunnel works, whole snapshots
# whether anything is left.

load ../lib/net
load ../lib/tunnel

setup() { tunnel_hosts; }
teardown() { net_reset; }

@test "a plain tunnel carries packets and leaves nothing behind" {
	tunnel_server
	laptop_conf "10.9.0.0/24, fd00:9::/64, 10.10.0.0/16"
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	in_ns laptop "$WGQ" up wg0
	can_ping laptop 10.9.0.1
	can_ping laptop fd00:9::1
	[ "$(in_ns laptop ip -4 route show 10.10.0.0/16)" = \
		"10.10.0.0/16 dev wg0 scope link " ]
	in_ns laptop "$WGQ" down wg0
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a full tunnel takes everything but its own packets" {
	tunnel_server
	in_ns server ip address add 198.51.100.7/32 dev lo
	in_ns server ip address add 2001:db8:7::7/128 dev lo
	laptop_conf "0.0.0.0/0, ::/0"
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	in_ns laptop "$WGQ" up wg0
	[[ $(in_ns laptop ip route get 198.51.100.7) = *"dev wg0 "* ]]
	can_ping laptop 198.51.100.7
	can_ping laptop 2001:db8:7::7
	# The neighbour on the cable is still reached directly.
	[[ $(in_ns laptop ip route get 192.0.2.1) = *"dev eth0 "* ]]
	in_ns laptop "$WGQ" down wg0
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "nobody on the cable reaches the tunnel's address" {
	tunnel_server
	laptop_conf "0.0.0.0/0"
	in_ns laptop "$WGQ" up wg0
	in_ns server "$WGQ" down srv
	in_ns server ip route add 10.9.0.2/32 via 192.0.2.2
	cannot_ping server 10.9.0.2
	in_ns laptop "$WGQ" down wg0
	in_ns laptop ip address add 10.9.0.2/32 dev lo
	can_ping server 10.9.0.2
}

@test "two full tunnels: down of one leaves the other's rules alone" {
	laptop_conf "0.0.0.0/0, ::/0"
	sed 's/10\.9\.0\.2/10.8.0.2/; s/fd00:9/fd00:8/' "$CONFS/wg0.conf" |
		conf "$CONFS/wg1.conf"
	in_ns laptop "$WGQ" up wg0
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	in_ns laptop "$WGQ" up wg1
	in_ns laptop "$WGQ" down wg1
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	# And in the order in which they came up.
	in_ns laptop "$WGQ" up wg1
	in_ns laptop "$WGQ" down wg0
	[ "$(in_ns laptop ip rule | grep -c 'suppress_prefixlength 0')" -eq 1 ]
	[ "$(in_ns laptop ip rule | grep -c 'not from all fwmark')" -eq 1 ]
	[[ $(in_ns laptop ip route get 198.51.100.7) = *"dev wg1 "* ]]
	in_ns laptop "$WGQ" down wg1
	[ "$(in_ns laptop ip rule | wc -l)" -eq 3 ]
}

@test "a hook that fails undoes everything, with the hook's status" {
	laptop_conf "0.0.0.0/0, ::/0" "DNS = 10.9.0.1" "PostUp = exit 5"
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	run in_ns laptop "$WGQ" up wg0
	[ "$status" -eq 5 ]
	[[ $output = *"wg0.conf:5: "* ]]
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "an interface of the name, of whatever kind, is left alone" {
	laptop_conf "10.9.0.0/24"
	in_ns laptop ip link add wg0 type dummy
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	run in_ns laptop "$WGQ" up wg0
	[ "$status" -eq 1 ]
	[ "$output" = "wgq: \`wg0' already exists" ]
	run in_ns laptop "$WGQ" down wg0
	[ "$status" -eq 1 ]
	[ "$output" = "wgq: \`wg0' is not a WireGuard interface" ]
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "an alternative name counts as taken" {
	laptop_conf "10.9.0.0/24"
	in_ns laptop ip link property add dev eth0 altname wg0
	run in_ns laptop "$WGQ" up wg0
	[ "$status" -eq 1 ]
	[ "$output" = "wgq: \`wg0' already exists" ]
}

@test "the MTU follows the smallest path, locked or not" {
	laptop_conf "10.9.0.0/24"
	in_ns laptop ip route add 192.0.2.1/32 dev eth0 mtu lock 1300
	in_ns laptop "$WGQ" up wg0
	[[ $(in_ns laptop ip link show wg0) = *"mtu 1220 "* ]]
}

@test "IPv6 switched off does not keep IPv4 down" {
	tunnel_server
	laptop_conf "0.0.0.0/0, ::/0"
	in_ns laptop sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	run in_ns laptop "$WGQ" up wg0
	[ "$status" -eq 0 ]
	[[ $output = *"leaving out fd00:9::2/64"* ]]
	can_ping laptop 10.9.0.1
	in_ns laptop "$WGQ" down wg0
}

@test "two at once: one comes up, the other says that it exists" {
	laptop_conf "0.0.0.0/0, ::/0" "PostUp = sleep 0.3"
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	local i codes=""
	for i in 1 2 3 4; do
		in_ns laptop "$WGQ" up wg0 2>"$BATS_TEST_TMPDIR/err$i" 3>&- &
	done
	for i in 1 2 3 4; do
		if wait -n; then codes+=0; else codes+=1; fi
	done
	[ "$(tr -d 1 <<<"$codes")" = 0 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/err? | grep -c 'already exists')" -eq 3 ]
	in_ns laptop "$WGQ" down wg0
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "two full tunnels at once get tables of their own" {
	laptop_conf "0.0.0.0/0, ::/0"
	local i
	for i in 1 2 3 4; do
		sed "s/10\.9\.0\.2/10.$i.0.2/; s/fd00:9/fd00:$i/" \
			"$CONFS/wg0.conf" | conf "$CONFS/wg$i.conf"
	done
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	for i in 1 2 3 4; do
		in_ns laptop "$WGQ" up "wg$i" 2>/dev/null 3>&- &
	done
	wait
	[ "$(in_ns laptop ip rule | grep -c 'not from all fwmark')" -eq 4 ]
	[ "$(in_ns laptop ip rule | awk '/not from all/ { print $NF }' |
		sort -u | wc -l)" -eq 4 ]
	for i in 3 1 4 2; do in_ns laptop "$WGQ" down "wg$i"; done
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "the trace can be pasted into a shell" {
	laptop_conf "0.0.0.0/0, ::/0, 10.10.0.0/16" "MTU = 1400"
	in_ns laptop "$WGQ" up wg0 2>"$BATS_TEST_TMPDIR/trace"
	snapshot laptop "$BATS_TEST_TMPDIR/by-wgq"
	in_ns laptop "$WGQ" down wg0
	sed -n 's/^\[#\] //p' "$BATS_TEST_TMPDIR/trace" |
		sed "s,wgq strip,$WGQ strip," >"$BATS_TEST_TMPDIR/paste"
	in_ns laptop bash -e "$BATS_TEST_TMPDIR/paste"
	snapshot laptop "$BATS_TEST_TMPDIR/by-hand"
	# But for what only wgq knows, and the port, which is random.
	sed -i '/\/run\/wgq/d; /[Ll]isten.*[Pp]ort/d' \
		"$BATS_TEST_TMPDIR/by-wgq" "$BATS_TEST_TMPDIR/by-hand"
	assert_same_snapshot "$BATS_TEST_TMPDIR/by-wgq" "$BATS_TEST_TMPDIR/by-hand"
}
