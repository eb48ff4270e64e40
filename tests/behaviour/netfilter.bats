#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reading and changing the ruleset of this kernel: the unit tests that try a
# real one, which must not be skipped here.

load ../lib/net

setup() {
	modprobe -a nf_tables nft_compat ip_tables iptable_filter
	WGQ=$(realpath "${WGQ:-build/wgq}")
	UNIT=$(dirname "$WGQ")/unit
	net_reset
}
teardown() { net_reset; }

live() {
	run "$UNIT/$1"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"[       OK ] test_live"* ]]
	[[ $output != *SKIPPED* ]]
}

@test "nf_tables: a rule comes and goes, 10000 at once, beside a writer" {
	live net_nft
}

@test "legacy: a rule comes and goes, bytes and counters stay" {
	live net_xtables
}

@test "reading the ruleset brings no legacy table to life" {
	host_add a
	in_ns a iptables-nft -P FORWARD DROP
	conf=$BATS_TEST_TMPDIR/wg0.conf
	(umask 077 && printf '%s\n' '[Interface]' "PrivateKey = $(wg genkey)" \
		'Address = 10.9.0.1/24' '#wgq Forward = yes' >"$conf")
	in_ns a "$WGQ" up "$conf"
	in_ns a iptables-nft -S FORWARD | grep -q wgq:wg0
	[ -z "$(in_ns a cat /proc/net/ip_tables_names)" ]
	in_ns a "$WGQ" down "$conf"
	[ -z "$(in_ns a cat /proc/net/ip_tables_names)" ]
	[ "$(in_ns a iptables-nft -S FORWARD 2>&1)" = "-P FORWARD DROP" ]
}
