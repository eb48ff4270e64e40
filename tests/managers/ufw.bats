#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding beside the real ufw, alone and with Docker.

bats_require_minimum_version 1.5.0
load ../lib/net
load ../lib/tunnel
load ../lib/managers

setup() { managers_setup; }
teardown() { managers_teardown; }

# ufw_up: all that comes in or through is refused, but SSH and port 8081; an
# address behind the server is refused before that.
ufw_up() {
	on sh -c 'sed -i "/^COMMIT/i -A ufw-before-forward -d 10.20.0.66 -j DROP" \
			/etc/ufw/before.rules
		sed -i "/^COMMIT/i -A ufw6-before-forward -d fd00:20::66 -j DROP" \
			/etc/ufw/before6.rules'
	on ufw allow 22/tcp >/dev/null
	on ufw allow 8081/tcp >/dev/null
	on ufw --force enable >/dev/null
	[[ $(on ufw status verbose) = *'deny (incoming)'*'deny (routed)'* ]]
}

ufw_works() {
	can_tcp stranger 198.51.100.1 8081
	cannot_tcp stranger 198.51.100.1 8082
	[[ $(on ufw status) = *'8081/tcp'*ALLOW* ]]
}

holds() {
	reaches_all
	cannot_tcp laptop 10.20.0.66 80
	# The hook says position 2, which takes effect there and so stands: it
	# is before the chain that drops this.
	[ "$1" = literal ] || cannot_tcp laptop fd00:20::66 80
	stranger_is_refused
	ufw_works
}

serve() {
	tcp_serve server 198.51.100.1 8081
	tcp_serve server 198.51.100.1 8082
}

# beside literal|effective LINE...
beside() {
	local how=$1

	shift
	tunnel_up '#wgq OpenPort = any'
	reaches_nothing
	tunnel_down
	# It changes the order of chains.
	on ufw reload >/dev/null
	ruleset "$BATS_TEST_TMPDIR/before"
	tunnel_up "$@"
	holds "$how"
	on ufw reload >/dev/null
	holds "$how"
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/after"
	same_ruleset "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "ufw on iptables-nft" {
	serve
	machine_up nft
	ufw_up
	beside effective "${DIRECTIVES[@]}"
}

@test "ufw on iptables-nft, by hooks" {
	serve
	machine_up nft
	ufw_up
	beside literal "${HOOKS[@]}"
}

@test "ufw on iptables-legacy" {
	serve
	machine_up legacy
	ufw_up
	beside effective "${DIRECTIVES[@]}"
}

@test "ufw that rejects routed packets" {
	serve
	machine_up nft
	ufw_up
	on ufw default reject routed >/dev/null
	beside effective "${DIRECTIVES[@]}"
}

# Both refuse by one policy, and neither takes the other's rules away.
@test "Docker and ufw, one backend" {
	serve
	machine_up nft
	ufw_up
	in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	docker_start
	docker_web web 8080
	beside effective "${DIRECTIVES[@]}"
	tunnel_up "${DIRECTIVES[@]}"
	docker_stop
	docker_start
	wait_for 60 _web_answers 8080
	holds effective
	can_tcp stranger 192.0.2.1 8080
	docker_gets_out web
}

# Each needs an accept of its own.  What Docker publishes is refused by ufw
# here, with us or without.
@test "Docker in legacy tables, ufw in nf_tables" {
	serve
	machine_up nft
	ufw_up
	iptables_is legacy
	in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	docker_start
	iptables_is nft
	beside effective "${DIRECTIVES[@]}"
	tunnel_up "${DIRECTIVES[@]}"
	iptables_is legacy
	docker_stop
	docker_start
	iptables_is nft
	holds effective
}
