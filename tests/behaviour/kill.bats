#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A run that dies, or is refused a message, at every netlink send: after one
# `down` the host is as it was.  strace does it to the real binary from outside.

load ../lib/net
load ../lib/tunnel

setup() {
	tunnel_hosts
	laptop_conf "0.0.0.0/0, ::/0, 10.10.0.0/16" "DNS = 10.9.0.1"
	snapshot laptop "$BATS_TEST_TMPDIR/before"
}
teardown() { net_reset; }

inject() { # WHAT N VERB
	in_ns laptop strace -qq -o /dev/null -e trace=sendto,sendmsg \
		-e "inject=sendto,sendmsg:$1:when=$2" "$WGQ" "$3" wg0
}

sends() { # VERB: how many there are
	in_ns laptop strace -qq -o "$BATS_TEST_TMPDIR/sends" \
		-e trace=sendto,sendmsg "$WGQ" "$1" wg0 2>/dev/null
	grep -c '^send' "$BATS_TEST_TMPDIR/sends"
}

as_before() {
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR"/{before,after}
}

@test "SIGKILL at every send of up" {
	local n i
	n=$(sends up)
	in_ns laptop "$WGQ" down wg0
	[ "$n" -ge 10 ]
	for ((i = 1; i <= n; i++)); do
		run inject signal=KILL "$i" up
		[ "$status" -eq 137 ]
		run in_ns laptop "$WGQ" down wg0
		echo "# killed at send $i of $n, down gave $status" >&2
		as_before
	done
}

@test "SIGKILL at every send of up, then up again" {
	local n i
	n=$(sends up)
	in_ns laptop "$WGQ" down wg0
	for ((i = 1; i <= n; i++)); do
		run inject signal=KILL "$i" up
		[ "$status" -eq 137 ]
		in_ns laptop "$WGQ" up wg0
		in_ns laptop "$WGQ" down wg0
		as_before
	done
}

@test "SIGKILL at every send of down" {
	local n i
	in_ns laptop "$WGQ" up wg0
	n=$(sends down)
	[ "$n" -ge 5 ]
	for ((i = 1; i <= n; i++)); do
		in_ns laptop "$WGQ" up wg0
		run inject signal=KILL "$i" down
		[ "$status" -eq 137 ]
		run in_ns laptop "$WGQ" down wg0
		echo "# killed at send $i of $n, down gave $status" >&2
		as_before
	done
}

@test "a refused message at every send of up" {
	local n i
	n=$(sends up)
	in_ns laptop "$WGQ" down wg0
	for ((i = 1; i <= n; i++)); do
		run inject error=ENOBUFS "$i" up
		[ "$status" -ne 0 ]
		[[ $output = *"No buffer space available"* ]]
		as_before
	done
}

@test "SIGTERM, SIGINT and SIGHUP undo, and end the run by that signal" {
	local signal number
	laptop_conf "0.0.0.0/0, ::/0" "DNS = 10.9.0.1" "PostUp = sleep 60"
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	for signal in TERM:143 INT:130 HUP:129; do
		number=${signal#*:}
		# A background job of a script ignores SIGINT: env gives it back.
		in_ns laptop env --default-signal=INT "$WGQ" up wg0 \
			2>"$BATS_TEST_TMPDIR/err" 3>&- &
		wait_for 10 grep -q 'sleep 60' "$BATS_TEST_TMPDIR/err"
		pkill -"${signal%:*}" -x wgq
		status=0
		wait $! || status=$?
		[ "$status" -eq "$number" ]
		as_before
	done
}
