#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What wg-quick brought up wgq takes down, and the reverse.

load ../lib/net
load ../lib/tunnel

setup() {
	tunnel_hosts
	tunnel_server
	laptop_conf "0.0.0.0/0, ::/0, 10.10.0.0/16"
}
teardown() { net_reset; }

# The sysctls that wg-quick leaves changed (contract DN-8).
without_left_sysctls() {
	sed -i '/src_valid_mark/d; /all.send_redirects/d' "$@"
}

@test "up by wg-quick, down by wgq" {
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	in_ns laptop wg-quick up wg0
	can_ping laptop 10.9.0.1
	in_ns laptop "$WGQ" down wg0
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	without_left_sysctls "$BATS_TEST_TMPDIR"/{before,after}
	assert_same_snapshot "$BATS_TEST_TMPDIR"/{before,after}
}

@test "up by wgq, down by wg-quick" {
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	in_ns laptop "$WGQ" up wg0
	in_ns laptop wg-quick down wg0
	# Only wgq's own journal is left, which its next run clears away.
	in_ns laptop "$WGQ" up wg0
	can_ping laptop 10.9.0.1
	in_ns laptop "$WGQ" down wg0
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR"/{before,after}
}

@test "up by wg-quick with iptables alone, down by wgq" {
	local bin=$BATS_TEST_TMPDIR/bin tool
	mkdir "$bin"
	for tool in bash wg ip sysctl readlink stat sort cat iptables \
		ip6tables iptables-save ip6tables-save iptables-restore \
		ip6tables-restore; do
		ln -s "$(command -v "$tool")" "$bin/$tool"
	done
	cp "$(command -v wg-quick)" "$bin/wg-quick"
	in_ns laptop iptables -t raw -A PREROUTING -j ACCEPT
	in_ns laptop ip6tables -t mangle -A POSTROUTING -j ACCEPT
	in_ns laptop iptables -t mangle -S >/dev/null
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	in_ns laptop env PATH="$bin" wg-quick up wg0
	in_ns laptop iptables-save | grep -q 'wg-quick(8) rule for wg0'
	in_ns laptop "$WGQ" down wg0
	! in_ns laptop iptables-save | grep 'wg-quick(8)' || false
	! in_ns laptop ip6tables-save | grep 'wg-quick(8)' || false
	in_ns laptop iptables -t raw -C PREROUTING -j ACCEPT
	in_ns laptop ip6tables -t mangle -C POSTROUTING -j ACCEPT
}

@test "called as wg-quick, it is wg-quick" {
	ln -s "$WGQ" "$BATS_TEST_TMPDIR/wg-quick"
	local quick=$BATS_TEST_TMPDIR/wg-quick
	run in_ns laptop "$quick" up nosuch
	[ "$status" -eq 1 ]
	[ "$output" = "wg-quick: \`/etc/wireguard/nosuch.conf' does not exist" ]
	run "$quick"
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = "Usage: wg-quick [ up | down | save | strip ] [ CONFIG_FILE | INTERFACE ]" ]
	run "$quick" --help
	[ "$status" -eq 0 ]
	run "$quick" up --help
	[ "$status" -eq 1 ]
	[ "$output" = "wg-quick: \`/etc/wireguard/--help.conf' does not exist" ]
	run in_ns laptop "$quick" up wg0
	[ "$status" -eq 0 ]
	[[ $output = *"[#] wg addconf wg0 /dev/fd/63"* ]]
	in_ns laptop "$quick" down wg0
}
