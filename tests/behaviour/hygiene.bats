#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a run does not do: fork, leak descriptors or keys.

load ../lib/net
load ../lib/tunnel

setup() { tunnel_hosts; }
teardown() { net_reset; }

@test "up and down start no process" {
	laptop_conf "0.0.0.0/0, ::/0, 10.10.0.0/16" "DNS = 10.9.0.1"
	local verb
	for verb in up down; do
		in_ns laptop strace -f -qq -o "$BATS_TEST_TMPDIR/trace" \
			-e trace=process "$WGQ" "$verb" wg0
		[ "$(grep -c execve "$BATS_TEST_TMPDIR/trace")" -eq 1 ]
		! grep -E 'clone|fork' "$BATS_TEST_TMPDIR/trace" || false
	done
}

@test "every descriptor is closed on exec" {
	laptop_conf "0.0.0.0/0, ::/0"
	in_ns laptop strace -qq -o "$BATS_TEST_TMPDIR/trace" \
		-e trace=%desc,socket,memfd_create "$WGQ" up wg0
	! grep -E '^(open|openat|socket|pipe2?|memfd_create|accept4?|dup3?)\(' \
		"$BATS_TEST_TMPDIR/trace" | grep -v CLOEXEC |
		grep -v '= -1' || false
	grep -q '^socket' "$BATS_TEST_TMPDIR/trace"
}

@test "hooks get three descriptors, default signals and no key" {
	laptop_conf "10.9.0.0/24" \
		"PostUp = ls -l /proc/self/fd > $BATS_TEST_TMPDIR/fds" \
		"PostUp = grep Sig /proc/self/status > $BATS_TEST_TMPDIR/signals" \
		"PostUp = env; set; cat /proc/\$\$/cmdline /proc/\$PPID/cmdline /proc/\$PPID/environ | tr '\\0' '\\n'"
	run in_ns laptop "$WGQ" up wg0 </dev/null
	[ "$status" -eq 0 ]
	[[ $output != *"$(key laptop)"* ]]
	[[ $output = *"LC_ALL=C"* ]]
	# 0, 1, 2, and the one that lists them or is redirected.
	[ "$(grep -c -- '->' "$BATS_TEST_TMPDIR/fds")" -le 4 ]
	! grep -E 'socket|wireguard|wgq' "$BATS_TEST_TMPDIR/fds" || false
	grep -q '^SigBlk:.0*$' "$BATS_TEST_TMPDIR/signals"
	grep -q '^SigIgn:.0*$' "$BATS_TEST_TMPDIR/signals"
}

@test "no core dump holds a key" {
	laptop_conf "10.9.0.0/24" "PostUp = sleep 30"
	in_ns laptop "$WGQ" up wg0 3>&- 2>/dev/null &
	wait_for 10 pgrep -x sleep
	local pid
	pid=$(pgrep -x wgq)
	# Not dumpable: its files in /proc are root's, as core(5) describes.
	grep -q 'Dumpable\|CoreDumping' "/proc/$pid/status"
	echo "$BATS_TEST_TMPDIR/core" >/proc/sys/kernel/core_pattern
	kill -QUIT "$pid"
	wait || true
	[ ! -e "$BATS_TEST_TMPDIR/core" ]
	pkill -x sleep || true
	in_ns laptop "$WGQ" down wg0
}

@test "a conf that the world can read gets a warning" {
	laptop_conf "10.9.0.0/24"
	chmod 755 "$CONFS"
	chmod 644 "$CONFS/wg0.conf"
	run in_ns laptop "$WGQ" strip wg0
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Warning: \`$CONFS/wg0.conf' is world accessible" ]
	chmod 711 "$CONFS"
	run in_ns laptop "$WGQ" strip wg0
	[ "${lines[0]}" = "[Interface]" ]
	chmod 700 "$CONFS"
}

@test "save is atomic and keeps mode, owner and the link to the conf" {
	laptop_conf "10.9.0.0/24" "SaveConfig = true" \
		"PostUp = true && true"
	mkdir "$BATS_TEST_TMPDIR/real"
	mv "$CONFS/wg0.conf" "$BATS_TEST_TMPDIR/real/conf"
	ln -s "$BATS_TEST_TMPDIR/real/conf" "$CONFS/wg0.conf"
	chown 12:34 "$BATS_TEST_TMPDIR/real/conf"
	chmod 640 "$BATS_TEST_TMPDIR/real/conf"
	in_ns laptop "$WGQ" up wg0
	in_ns laptop ip address add 10.9.0.77/32 dev wg0
	in_ns laptop "$WGQ" down wg0
	[ -L "$CONFS/wg0.conf" ]
	[ "$(stat -c %u:%g:%a "$BATS_TEST_TMPDIR/real/conf")" = 12:34:640 ]
	grep -q '^Address = 10.9.0.77/32$' "$CONFS/wg0.conf"
	grep -q '^PostUp = true && true$' "$CONFS/wg0.conf"
	[ "$(ls "$BATS_TEST_TMPDIR/real")" = conf ]
}
