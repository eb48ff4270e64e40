#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding beside the real dockerd.  It finds forwarding off, so that it turns
# IPv4's on itself and gives FORWARD the policy DROP; IPv6 it leaves alone, and
# the admin has set a policy.

bats_require_minimum_version 1.5.0
load ../lib/net
load ../lib/tunnel
load ../lib/managers

setup() {
	managers_setup
	in_ns server sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
}
teardown() { managers_teardown; }

# docker_up BACKEND: with a container and an admin's drop.
docker_up() {
	machine_up "$1"
	docker_start
	docker_web web 8080
	on iptables -I DOCKER-USER -d 10.20.0.66 -j DROP
	on ip6tables -A FORWARD -d fd00:20::66 -j DROP
	on ip6tables -P FORWARD DROP
	[[ $(on iptables -S FORWARD) = *'-P FORWARD DROP'* ]]
}

docker_works() {
	can_tcp laptop 192.0.2.1 8080
	can_tcp stranger 192.0.2.1 8080
	docker_gets_out web
}

holds() {
	reaches_all
	cannot_tcp laptop 10.20.0.66 80
	cannot_tcp laptop fd00:20::66 80
	stranger_is_refused
	docker_works
}

# beside BACKEND LINE...
beside() {
	local backend=$1

	shift
	docker_up "$backend"
	tunnel_up '#wgq OpenPort = any'
	reaches_nothing
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/before"
	tunnel_up "$@"
	holds
	can_tcp laptop 10.9.0.1 8080
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/after"
	same_ruleset "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

# restarted LINE...: dockerd goes and comes with its containers while we are up.
restarted() {
	docker_up nft
	tunnel_up "$@"
	docker_stop
	docker_start
	wait_for 60 _web_answers 8080
	holds
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/after"
	run ! grep -e wgq -e srv "$BATS_TEST_TMPDIR/after"
	docker_stop
	docker_start
	wait_for 60 _web_answers 8080
	ruleset "$BATS_TEST_TMPDIR/again"
	same_ruleset "$BATS_TEST_TMPDIR/after" "$BATS_TEST_TMPDIR/again"
}

@test "Docker on iptables-nft" { beside nft "${DIRECTIVES[@]}"; }
@test "Docker on iptables-nft, by hooks" { beside nft "${HOOKS[@]}"; }
@test "Docker on iptables-legacy" { beside legacy "${DIRECTIVES[@]}"; }
@test "Docker on iptables-legacy, by hooks" { beside legacy "${HOOKS[@]}"; }
@test "dockerd is restarted" { restarted "${DIRECTIVES[@]}"; }
@test "dockerd is restarted, by hooks" { restarted "${HOOKS[@]}"; }
