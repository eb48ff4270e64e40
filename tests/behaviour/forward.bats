#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding from the tunnel, beside firewalls that refuse it.  Packets decide:
# the laptop reaches a host behind the server, its replies come back, and nobody
# else gets any further than before.

load ../lib/net
load ../lib/tunnel
load ../lib/firewalls

# The host behind the server.  It knows the way back to the tunnel.
setup() {
	tunnel_hosts
	host_add lan
	link server:lan0 lan:eth0 "10.20.0.1/24 fd00:20::1/64" \
		"10.20.0.2/24 fd00:20::2/64"
	default_via lan 10.20.0.1 fd00:20::1
	in_ns lan ip address add 10.20.0.66/24 dev eth0
	in_ns lan ip address add fd00:20::66/64 dev eth0 nodad
	laptop_conf "10.9.0.0/24, fd00:9::/64, 10.20.0.0/24, fd00:20::/64"
}
teardown() { net_reset; }

# server_with LINE...: the server's conf with these lines in [Interface].
server_with() {
	server_conf
	printf '%s\n' "$@" | sed -i '/^ListenPort/r /dev/stdin' \
		"$CONFS/srv.conf"
}

reaches_lan() {
	can_ping laptop 10.20.0.2
	can_ping laptop fd00:20::2
	can_tcp laptop 10.20.0.2 80
	can_tcp laptop fd00:20::2 80
}

reaches_nothing() {
	cannot_tcp laptop 10.20.0.2 80
	cannot_tcp laptop fd00:20::2 80
}

# A host on the server's cable, past the tunnel.
stranger_is_refused() {
	host_add stranger
	link server:str0 stranger:eth0 "198.51.100.1/24 2001:db8:5::1/64" \
		"198.51.100.2/24 2001:db8:5::2/64"
	default_via stranger 198.51.100.1 2001:db8:5::1
	cannot_tcp stranger 10.20.0.2 80
	cannot_tcp stranger fd00:20::2 80
}

# All rules of the server, of both engines.
firewall() {
	in_ns server nft -s list ruleset
	in_ns server iptables-legacy-save | sed '/^#/d; s/\[[0-9:]*\]//'
	in_ns server ip6tables-legacy-save | sed '/^#/d; s/\[[0-9:]*\]//'
}

save_and_restore() {
	in_ns server sh -c 'iptables-nft-save | iptables-nft-restore
		ip6tables-nft-save | ip6tables-nft-restore'
}

serve_lan() {
	tcp_serve lan 10.20.0.2 80
	tcp_serve lan fd00:20::2 80
	tcp_serve lan 10.20.0.66 80
}

# beside FIREWALL: all that holds beside each of them.
beside() {
	serve_lan
	forwarding server
	fw_"$1"
	in_ns laptop "$WGQ" up wg0
	server_conf
	in_ns server "$WGQ" up srv
	reaches_nothing
	in_ns server "$WGQ" down srv
	# A new server knows no session of before, which the laptop is slow to
	# believe; and both keep their journals in one directory.
	in_ns laptop "$WGQ" down wg0
	server_with '#wgq Forward = yes'
	snapshot server "$BATS_TEST_TMPDIR/before"
	in_ns server "$WGQ" up srv
	in_ns laptop "$WGQ" up wg0
	reaches_lan
	case $1 in
	reject* | inet_policy) cannot_tcp laptop 10.20.0.66 80 ;;
	esac
	stranger_is_refused
	ip netns delete stranger
	in_ns laptop "$WGQ" down wg0
	in_ns server "$WGQ" down srv
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "beside a final REJECT" { beside reject_nft; }
@test "beside a final REJECT in legacy tables" { beside reject_legacy; }
@test "beside a policy DROP" { beside policy_nft; }
@test "beside a policy DROP in legacy tables" { beside policy_legacy; }
@test "beside a refusal in three rules" { beside protocols_nft; }
@test "beside an inet table with policy drop" { beside inet_policy; }
@test "beside an inet table that goes to its refusal" { beside inet_goto; }
@test "beside Docker 20's chains" { beside docker_20; }
@test "beside Docker 28's chains" { beside docker_28; }
@test "beside ufw that rejects routed packets" { beside ufw_reject; }
@test "beside Docker in legacy tables, a policy in nf_tables" { beside mixed; }

@test "forwarding is turned on, stays on after down, and goes back when up fails" {
	serve_lan
	server_with '#wgq Forward = yes'
	in_ns server "$WGQ" up srv
	in_ns laptop "$WGQ" up wg0
	[ "$(in_ns server cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	[ "$(in_ns server cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
	reaches_lan
	in_ns laptop "$WGQ" down wg0
	run in_ns server "$WGQ" down srv
	[ "$status" -eq 0 ]
	[[ $output = *'net.ipv4.ip_forward stays as it is; it was 0 before'* ]]
	[ "$(in_ns server cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward
		echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
		echo 1 >/proc/sys/net/ipv6/conf/lan0/forwarding'
	fw_reject_nft
	server_with '#wgq Forward = yes' 'PostUp = exit 3'
	snapshot server "$BATS_TEST_TMPDIR/before"
	run in_ns server "$WGQ" up srv
	[ "$status" -eq 3 ]
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "an uplink that lives by router advertisements keeps them" {
	in_ns server sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_ra'
	in_ns server ip -6 route add default via fe80::1 dev eth0 proto ra
	others=$(in_ns server cat /proc/sys/net/ipv6/conf/lan0/accept_ra)
	server_with '#wgq Forward = yes'
	in_ns server "$WGQ" up srv
	[ "$(in_ns server cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 2 ]
	[ "$(in_ns server cat /proc/sys/net/ipv6/conf/lan0/accept_ra)" = \
		"$others" ]
	[ "$(in_ns server cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
}

@test "a killed up is taken back by down, rules, forwarding and all" {
	fw_reject_nft
	fw_policy_legacy
	server_with '#wgq Forward = yes' '#wgq Masquerade = lan0' \
		'PostUp = iptables -A INPUT -p tcp --dport 9999 -j DROP' \
		'PostUp = kill -9 $PPID'
	snapshot server "$BATS_TEST_TMPDIR/before"
	run in_ns server "$WGQ" up srv
	[ "$status" -eq 137 ]
	in_ns server nft list table inet wgq-srv
	run in_ns server "$WGQ" down srv
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "down finds the rules without a word of the conf and without the journal" {
	fw_reject_nft
	fw_reject_legacy
	forwarding server
	server_conf
	firewall >"$BATS_TEST_TMPDIR/before"
	in_ns server "$WGQ" up --forward --masquerade srv
	in_ns server nft list table inet wgq-srv
	rm -rf /run/wgq
	in_ns server "$WGQ" down srv
	firewall >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a save and restore by iptables turns the mark into a match: found too" {
	fw_reject_nft
	forwarding server
	server_with '#wgq Forward = yes'
	save_and_restore
	snapshot server "$BATS_TEST_TMPDIR/before"
	in_ns server "$WGQ" up srv
	save_and_restore
	in_ns server "$WGQ" down srv
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "masquerading: a host that knows no way back is reached" {
	in_ns lan ip route del default
	in_ns lan ip -6 route del default
	serve_lan
	in_ns laptop "$WGQ" up wg0
	server_with '#wgq Forward = lan0' '#wgq Masquerade = lan0'
	in_ns server "$WGQ" up srv
	reaches_lan
	in_ns server "$WGQ" down srv
	[ "$(in_ns server nft list tables)" = "" ]
}

@test "a hook's accept behind the REJECT takes effect, and -D finds it" {
	serve_lan
	fw_reject_nft
	forwarding server
	server_with \
		'PostUp = iptables -A FORWARD -i %i -j ACCEPT; ip6tables -A FORWARD -i %i -j ACCEPT' \
		'PostDown = iptables -D FORWARD -i %i -j ACCEPT; ip6tables -D FORWARD -i %i -j ACCEPT'
	snapshot server "$BATS_TEST_TMPDIR/before"
	run in_ns server "$WGQ" up srv
	[ "$status" -eq 0 ]
	[[ $output = *'[!]'* ]]
	in_ns laptop "$WGQ" up wg0
	reaches_lan
	cannot_tcp laptop 10.20.0.66 80
	in_ns server iptables-nft -C FORWARD -i srv -j ACCEPT
	stranger_is_refused
	ip netns delete stranger
	in_ns laptop "$WGQ" down wg0
	in_ns server "$WGQ" down srv
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "to the letter: --literal leaves the hook's rule dead" {
	serve_lan
	fw_reject_nft
	forwarding server
	in_ns laptop "$WGQ" up wg0
	server_with 'PostUp = iptables -A FORWARD -i %i -j ACCEPT'
	in_ns server "$WGQ" up --literal srv
	reaches_nothing
	[ "$(in_ns server iptables-nft -S FORWARD | tail -n 1)" = \
		"-A FORWARD -i srv -j ACCEPT" ]
}

@test "a hook alone turns forwarding on, and its rules go when up fails" {
	snapshot server "$BATS_TEST_TMPDIR/before"
	server_with 'PostUp = iptables -I FORWARD 2 -i %i -j ACCEPT' \
		'PostUp = iptables -t nat -A POSTROUTING -o lan0 -j MASQUERADE'
	in_ns server "$WGQ" up srv
	[ "$(in_ns server cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	in_ns server iptables-nft -C FORWARD -i srv -j ACCEPT
	in_ns server "$WGQ" down srv
	in_ns server nft flush ruleset
	in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	server_with 'PostUp = iptables -I FORWARD -i %i -j ACCEPT' \
		'PostUp = iptables -t nat -A POSTROUTING -o lan0 -j MASQUERADE' \
		'PostUp = false'
	run in_ns server "$WGQ" up srv
	[ "$status" -eq 1 ]
	rm "$CONFS/srv.conf"
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "OpenPort: peers come in past INPUT's REJECT, others do not" {
	server_conf
	fw_reject_nft
	in_ns server iptables-nft -D INPUT -p udp --dport 51820 -j ACCEPT
	in_ns server ip6tables-nft -D INPUT -p udp --dport 51820 -j ACCEPT
	in_ns laptop "$WGQ" up wg0
	in_ns server "$WGQ" up srv
	cannot_ping laptop 10.9.0.1
	in_ns server "$WGQ" down srv
	server_with '#wgq OpenPort = any'
	in_ns server "$WGQ" up srv
	can_ping laptop 10.9.0.1
	in_ns server "$WGQ" down srv
	server_with '#wgq OpenPort = peers'
	sed -i '/^AllowedIPs/i Endpoint = 192.0.2.2:1' "$CONFS/srv.conf"
	in_ns laptop "$WGQ" down wg0
	in_ns server "$WGQ" up srv
	in_ns laptop "$WGQ" up wg0
	can_ping laptop 10.9.0.1
	[[ $(in_ns server iptables-nft -S INPUT) = \
		*'-s 192.0.2.2/32 -p udp -m udp --dport 51820 '*'-j ACCEPT'* ]]
}

@test "explain says which rule refuses" {
	fw_reject_nft
	server_conf
	in_ns server "$WGQ" up srv
	run in_ns server "$WGQ" explain srv
	[ "$status" -eq 0 ]
	[[ $output = *FORWARD*'-j REJECT'* ]]
	[[ $output = *'net.ipv4.ip_forward is 0'* ]]
	in_ns server "$WGQ" explain --json --in srv --out lan0 |
		python3 -c 'import json, sys; a = json.load(sys.stdin)
assert a[0]["result"]["outcome"] == "refused", a'
}

@test "mistakes: one clear line, nothing changed" {
	snapshot server "$BATS_TEST_TMPDIR/before"
	server_with '#wgq Forwrd = yes'
	run in_ns server "$WGQ" up srv
	[ "$status" -eq 1 ]
	[[ $output = *'srv.conf:5: there is no directive #wgq Forwrd: did you mean Forward?'* ]]
	server_conf
	run in_ns server "$WGQ" up --forward=a/b srv
	[ "$status" -eq 1 ]
	[[ $output = *"neither yes nor no nor an interface"* ]]
	sed -i '/^ListenPort/d' "$CONFS/srv.conf"
	run in_ns server "$WGQ" up --open-port any srv
	[ "$status" -eq 1 ]
	[[ $output = *'OpenPort wants a ListenPort'* ]]
	rm "$CONFS/srv.conf"
	snapshot server "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}
