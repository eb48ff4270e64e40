#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hooks in the process: what runs, with no shell and no program, and what is
# taken back.

load ../lib/net
load ../lib/tunnel

setup() {
	tunnel_hosts
	laptop_conf "10.9.0.0/24"
}
teardown() { net_reset; }

hook() { printf '%s\n' "$@" | sed -i '/^Address/r /dev/stdin' "$CONFS/wg0.conf"; }

# The programs that an `up` or `down` executed, one a line.
executed() {
	strace -f -qq -e trace=execve,fork,vfork,clone,clone3 \
		-o "$BATS_TEST_TMPDIR/trace" ip netns exec laptop "$WGQ" "$@"
	grep -vE 'execve\("[^"]*/(ip|wgq)"' "$BATS_TEST_TMPDIR/trace" |
		grep -E 'execve|clone|fork' || true
}

@test "a hook that is iptables alone starts no process" {
	hook 'PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE' \
		'PostDown = iptables -D FORWARD -i %i -j ACCEPT; iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE'
	[ "$(executed up wg0)" = "" ]
	in_ns laptop iptables-nft -C FORWARD -i wg0 -j ACCEPT
	in_ns laptop iptables-nft -t nat -C POSTROUTING -o eth0 -j MASQUERADE
	[ "$(executed down wg0)" = "" ]
	[ "$(in_ns laptop nft list ruleset)" = "" ]
}

@test "hooks run in order, and the first failure ends up" {
	hook "PostUp = echo one >>$BATS_TEST_TMPDIR/log; false; echo two >>$BATS_TEST_TMPDIR/log" \
		"PostUp = echo three >>$BATS_TEST_TMPDIR/log"
	run in_ns laptop "$WGQ" up wg0
	[ "$status" -eq 1 ]
	[ "$(cat "$BATS_TEST_TMPDIR/log")" = one ]
	run in_ns laptop ip link show dev wg0
	[ "$status" -ne 0 ]
}

@test "a program that is missing is said before anything has changed" {
	hook 'PostUp = no-such-program %i'
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	status=0
	output=$(in_ns laptop "$WGQ" up wg0 2>&1) || status=$?
	[ "$status" -eq 127 ]
	[[ $output = *'wg0.conf:4: PostUp: no-such-program: command not found'* ]]
	[[ $output != *'[#]'* ]]
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "--hooks=native refuses the rest, --hooks=none skips all" {
	hook "PostUp = touch $BATS_TEST_TMPDIR/ran"
	run in_ns laptop "$WGQ" up --hooks=native wg0
	[ "$status" -eq 1 ]
	[[ $output = *'wg0.conf:4: PostUp is not native: executes touch'* ]]
	in_ns laptop "$WGQ" up --hooks=none wg0
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	in_ns laptop "$WGQ" down wg0
	run in_ns laptop "$WGQ" up --hooks=some wg0
	[ "$status" -eq 1 ]
	[[ $output = *"neither all nor native nor none"* ]]
}

@test "what is truly shell goes to the shell" {
	hook "PostUp = [[ -n \$INTERFACE ]] && echo \"\${INTERFACE^^}\" >$BATS_TEST_TMPDIR/said"
	in_ns laptop "$WGQ" up wg0
	[ "$(cat "$BATS_TEST_TMPDIR/said")" = WG0 ]
}

@test "pipelines of programs and of ours" {
	hook "PostUp = printf 'a\\nb\\n' | grep b | tr b c >$BATS_TEST_TMPDIR/said" \
		"PostUp = x=\$(uname -s); echo \"\$x %i\" >>$BATS_TEST_TMPDIR/said"
	in_ns laptop "$WGQ" up wg0
	[ "$(cat "$BATS_TEST_TMPDIR/said")" = "c
Linux wg0" ]
}

@test "wgq hooks tells how each will run" {
	hook 'PostUp = iptables -F; true' 'PreDown = systemctl stop x' \
		'PostDown = source /etc/x'
	run "$WGQ" hooks wg0
	[ "$status" -eq 0 ]
	[[ $output = *'wg0.conf:4: PostUp: native'* ]]
	[[ $output = *'PreDown: exec: executes systemctl'* ]]
	[[ $output = *'PostDown: shell: uses the builtin source'* ]]
	"$WGQ" hooks --json wg0 | python3 -c 'import json, sys
assert [h["way"] for h in json.load(sys.stdin)] == ["native", "exec", "shell"]'
}
