#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tests/vm/run, tests/vm/bats and tests/tap-summary from the outside.  Needs no
# root: run with `bats`, not in the machine.

bats_require_minimum_version 1.5.0

setup() {
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	run=$here/run
	summary=$here/../tap-summary
	export WGQ_VM_ACCEL=${WGQ_VM_ACCEL-}
	cd "$BATS_TEST_TMPDIR" || return
}

# totals TAP-LINE...: only the last line, and the status, of a summary.
totals() {
	run "$summary" -q <<<"$(printf '%s\n' "$@")"
	output=${lines[-1]}
}

@test "tap-summary counts what passed, failed and was skipped" {
	totals 1..4 'ok 1 a' 'not ok 2 b' 'ok 3 # skip no c' 'ok 4 # SKIP d'
	[ "$output" = "1 passed, 1 failed, 2 skipped" ]
	[ "$status" -eq 1 ]
	totals 1..1 'ok 1 # skipper is no skip'
	[ "$output" = "1 passed, 0 failed, 0 skipped" ]
	[ "$status" -eq 0 ]
	totals 1..1 'ok 1 # skip all'
	[ "$output" = "0 passed, 0 failed, 1 skipped" ]
	[ "$status" -eq 1 ]
}

@test "tap-summary misses tests that were planned" {
	totals 1..3 'ok 1'
	[ "$output" = "1 passed, 2 failed, 0 skipped" ]
	totals 'ok 1' 'ok 2'
	[ "$output" = "2 passed, 1 failed, 0 skipped" ]
	totals 1..1 'ok 1' 'ok 2'
	[ "$output" = "2 passed, 1 failed, 0 skipped" ]
	totals 1..0
	[ "$output" = "0 passed, 1 failed, 0 skipped" ]
	totals '1..0 # skip no kernel'
	[ "$output" = "0 passed, 0 failed, 1 skipped" ]
	totals 1..1 'ok 1' 'Bail out! no more'
	[ "$output" = "1 passed, 1 failed, 0 skipped" ]
}

@test "tap-summary adds up suites and summaries" {
	totals 1..2 'ok 1' 1..1 'ok 1'
	[ "$output" = "2 passed, 1 failed, 0 skipped" ]
	totals 'ok 1' 1..1 'ok 1' 1..1
	[ "$output" = "2 passed, 0 failed, 0 skipped" ]
	totals '# suite a' '# suite b' 1..1 'ok 1' '7 passed, 7 failed, 7 skipped'
	[ "$output" = "1 passed, 1 failed, 0 skipped" ]
	[[ ${lines[0]} = "# a: no plan"* ]]
}

@test "tap-summary passes on what it reads, at once" {
	mkfifo in
	"$summary" <in >out 3>&- &
	exec 5>in
	echo 1..1 >&5
	for _ in {1..100}; do
		[ "$(cat out)" != 1..1 ] || break
		sleep 0.1
	done
	[ "$(cat out)" = 1..1 ]
	echo 'ok 1' >&5
	exec 5>&-
	wait $!
	[ "$(tail -n 1 out)" = "1 passed, 0 failed, 0 skipped" ]
}

@test "arguments, environment, directory and streams arrive" {
	# shellcheck disable=SC2016
	"$run" -e 'A=it'\''s $HOME' -e B -- sh -c \
		'printf "%s|" "$A" "$B" "$PWD" "$@"; echo err >&2; exit 7' \
		sh 'a b' '' "q'\"" $'two\nlines\n' >out 2>err || status=$?
	[ "${status-0}" -eq 7 ]
	[ "$(cat out; echo .)" = \
		"it's \$HOME||$PWD|a b||q'\"|"$'two\nlines\n|.' ]
	[ "$(cat err)" = err ]
}

@test "root inside, and nothing of this machine is touched" {
	# shellcheck disable=SC2016
	run "$run" -- sh -c 'id -u; echo x >lost && cat lost &&
		echo x >/etc/passwd && rm -rf /usr/share/doc; dmesg | tail -n 1 |
		grep -q . && echo log'
	[ "$output" = $'0\nx\nlog' ]
	[ ! -e lost ]
	grep -q ^root: /etc/passwd
	[ -d /usr/share/doc ]
}

@test "the directory may be one that the machine has anew" {
	cd /tmp || return
	echo '@test "x" { [ "$A" = "q'\''r s" ]; }' >"wgq-self.$$.bats"
	run "$here/bats" -e "A=q'r s" "wgq-self.$$.bats"
	rm "wgq-self.$$.bats"
	[ "${lines[-1]}" = "1 passed, 0 failed, 0 skipped" ]
}

@test "--out keeps what is written to it" {
	run "$run" --out keep -- sh -c 'umask 022; echo kept >keep/file &&
		mkdir keep/dir && seq 1 100000 >keep/dir/big && rm keep/old ||
		exit 9'
	[ "$status" -eq 9 ]
	touch keep/old
	run "$run" --out keep -- rm keep/old
	[ "$status" -eq 0 ]
	[ ! -e keep/old ]
	[ "$(cat keep/file)" = kept ]
	cmp keep/dir/big <(seq 1 100000)
	[ "$(stat -c %u keep/file)" -eq "$(id -u)" ]
}

@test "no output is lost, with a slow reader and much of it" {
	"$run" -- sh -c 'seq 1 200000; head -c 2000000 /dev/zero >&2' 2>err |
		{ sleep 15; cat >out; }
	cmp out <(seq 1 200000)
	[ "$(stat -c %s err)" -eq 2000000 ]
}

@test "output comes while the command runs" {
	"$run" -- sh -c 'echo first; sleep 8; echo second' >out 3>&- &
	until grep -q first out; do
		sleep 0.1
	done
	run ! grep -q second out
	wait $!
	grep -q second out
}

@test "what a command leaves running does not hold the machine" {
	# shellcheck disable=SC2016
	run --separate-stderr "$run" --timeout 100 -- sh -c \
		'sleep 1000 & echo a >/dev/stdout; echo b >/dev/stderr; kill -SEGV $$'
	[ "$status" -eq 139 ]
	[ "$output" = a ]
	# shellcheck disable=SC2154
	[ "$stderr" = b ]
}

@test "a command that is not there" {
	run -127 "$run" -- no-such-command
	[[ $output = *no-such-command* ]]
}

@test "the time runs out" {
	run "$run" --timeout 12 -- sh -c 'echo started; exec sleep 1000'
	[ "$status" -eq 124 ]
	[[ $output = *"the time of 12 s is up"* ]]
	[[ $output = *"kernel's log"* ]]
}

@test "a panic is told, with the kernel's last words" {
	run "$run" -- sh -c 'echo started; echo c >/proc/sysrq-trigger; sleep 50'
	[ "$status" -eq 125 ]
	[[ $output = *started* ]]
	[[ $output = *"the machine died while it ran"* ]]
	[[ $output = *"sysrq triggered crash"* ]]
}

@test "qemu's own complaint is told" {
	run "$run" --mem 99999999 -- true
	[ "$status" -eq 125 ]
	[[ $output = *"qemu failed"* ]]
}

@test "wrong options are refused before anything starts" {
	for wrong in "--mem 1x -- true" "--timeout -- true" "--kernel" "--what" \
		"-e 1=2 -- true" "true" "--" "--shell"; do
		# shellcheck disable=SC2086
		run "$run" $wrong </dev/null
		echo "$wrong: $status $output"
		[ "$status" -eq 125 ]
		[ -n "$output" ]
	done
	run "$here/fetch-kernel" bookworm
	[ "$status" -eq 1 ]
}

@test "another architecture is refused with a reason" {
	mkdir bin
	printf '#!/bin/sh\necho riscv64\n' >bin/dpkg
	chmod +x bin/dpkg
	PATH=$PWD/bin:$PATH run "$here/fetch-kernel" bookworm "$PWD/vm"
	[ "$status" -eq 1 ]
	[[ $output = *"amd64"*"riscv64"* ]]
}

# A qemu that says which way it was asked to run and runs nothing; with KVM
# it does as $1 says for "-cpu host", and works with any other model.
fake_qemu() {
	local kernel=${WGQ_VM_DIR:-$here/../../build/vm}/kernel/bookworm

	[ -e "$kernel/initrd" ] || "$run" -- true
	mkdir -p vm/kernel/bookworm bin
	cp -a "$kernel/release" "$kernel/initrd" vm/kernel/bookworm
	touch vm/kernel/bookworm/initrd
	export WGQ_VM_DIR=$PWD/vm FAKE_LOG=$PWD/log FAKE_HOST=$1
	unset WGQ_VM_ACCEL
	# shellcheck disable=SC2016
	echo '#!/bin/sh
	accel=tcg
	for word; do
		case $word in
		host*) accel=$word ;;
		file,id=ctl,*) ctl=${word##*path=} ;;
		esac
	done
	echo "$accel" >>"$FAKE_LOG"
	if [ "$accel" = host ]; then
		case $FAKE_HOST in
		abort) echo "Assertion failed" >&2; exit 134 ;;
		hang) exec sleep 1000 ;;
		esac
	fi
	echo "exit 0" >"$ctl"' >bin/qemu-system-x86_64
	chmod +x bin/qemu-system-x86_64
	PATH=$PWD/bin:$PATH
}

@test "KVM is used where a machine starts with it, and tried once" {
	fake_qemu work
	run "$run" -- true
	[ "$status" -eq 0 ]
	[ "$(tr '\n' ' ' <log)" = "host host " ]
	run "$run" -- true
	[ "$(tr '\n' ' ' <log)" = "host host host " ]
	WGQ_VM_ACCEL=tcg run "$run" -- true
	[ "$(tail -n 1 log)" = tcg ]
}

@test "a processor that KVM does not know in full is cut down" {
	fake_qemu abort
	run "$run" -- true
	[ "$(tr '\n' ' ' <log)" = \
		"host host,-arch-capabilities host,-arch-capabilities " ]
}

@test "where KVM hangs, the machine is emulated" {
	fake_qemu hang
	run "$run" -- true
	[ "$status" -eq 0 ]
	run "$run" -- true
	[ "$(tr '\n' ' ' <log)" = "host tcg tcg " ]
	WGQ_VM_ACCEL=kvm run "$run" -- true
	[ "$status" -eq 125 ]
	[[ $output = *"KVM does not run"* ]]
}

@test "bats in the machine: results, deaths and broken files are counted" {
	printf '@test "good" { true; }\n@test "bad" { false; }\n' >a.bats
	echo '@test "not now" { skip "a reason"; }' >>a.bats
	printf '@test "lives" { true; }\n@test "dies" {\n' >b.bats
	printf 'echo c >/proc/sysrq-trigger; sleep 9; }\n' >>b.bats
	echo '@test "broken" { true; ' >c.bats
	run "$here/bats" --timeout 200 a.bats b.bats c.bats
	[ "$status" -eq 1 ]
	[[ $output = *"# suite a.bats on bookworm"*"# suite c.bats on"* ]]
	[[ $output = *"ok 3 not now # skip a reason"* ]]
	[[ $output = *"Bail out!"* ]]
	[[ ${lines[-1]} =~ ^2\ passed,\ ([0-9]+)\ failed,\ 1\ skipped$ ]]
	[ "${BASH_REMATCH[1]}" -ge 4 ]
	run "$here/bats" -f good a.bats
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "1 passed, 0 failed, 0 skipped" ]
}
