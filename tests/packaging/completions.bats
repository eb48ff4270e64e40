#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The completions, each in its own shell.  They run as they are, but for the
# absolute paths in them, which are put below a directory of the test.
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell, as it should be
# shellcheck disable=SC2016 # text that is to be taken as it stands

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root"/etc/wireguard "$root"/var/run/wireguard \
		"$root"/sys/class/net/{wg0,wg1,eth0} "$BATS_TEST_TMPDIR/comp" \
		"$BATS_TEST_TMPDIR/cwd/wgdir"
	printf 'DEVTYPE=wireguard\nINTERFACE=wg0\n' \
		>"$root/sys/class/net/wg0/uevent"
	printf 'INTERFACE=wg1\nDEVTYPE=wireguard\n' \
		>"$root/sys/class/net/wg1/uevent"
	printf 'INTERFACE=eth0\nIFINDEX=2\n' >"$root/sys/class/net/eth0/uevent"
	touch "$root"/etc/wireguard/{wg0,home,other}.conf \
		"$root/etc/wireguard/notes.txt" "$root/var/run/wireguard/no.sock"
	make_socket "$root/var/run/wireguard/wgtun.sock"
	cd "$BATS_TEST_TMPDIR/cwd" || exit
	touch wghere.conf 'wg two.conf' wgdir/deep.conf wgdir/deep.txt wg.txt
	for f in wgq.bash _wgq wgq.fish; do
		sed "s|/etc/wireguard|$root&|g; s|/sys/class|$root&|g
			s|/var/run|$root&|g" "$top/completions/$f" \
			>"$BATS_TEST_TMPDIR/comp/$f"
	done
}

# A socket that is left behind by a process is one all the same.
make_socket() {
	perl -MIO::Socket::UNIX -e \
		'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die' \
		"$1"
}

need() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

# bash_words WORD...: what bash offers for the last word, sorted, one a line.
bash_words() {
	bash --norc -c '
		. "$1/wgq.bash" || exit
		shift
		[ "$(complete -p wgq)" = "complete -F _wgq wgq" ] || exit
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_wgq
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"
	' bash "$BATS_TEST_TMPDIR/comp" "$@" | LC_ALL=C sort
}

# The same of fish, without its descriptions.
fish_words() {
	local line last=${*: -1}
	line="${*:1:$#-1} $last"
	HOME=$BATS_TEST_TMPDIR fish --no-config -c '
		source $argv[1]/wgq.fish
		complete -C $argv[2]
	' "$BATS_TEST_TMPDIR/comp" "$line" | cut -f 1 | LC_ALL=C sort
}

# The same of zsh, which completes on a terminal only.
zsh_words() {
	local last=${*: -1}
	HITS=$BATS_TEST_TMPDIR/hits COMP=$BATS_TEST_TMPDIR/comp \
		LINE="${*:1:$#-1} $last" zsh -f \
		"$BATS_TEST_DIRNAME/zsh-complete" >&2 || return
	LC_ALL=C sort -u "$BATS_TEST_TMPDIR/hits"
}

# same WANTED WORD...: $shell offers just this; "~" is a blank in a name.
same() {
	local want got
	want=$(tr -s ' \t' '\n' <<<"$1" | tr '~' ' ' | LC_ALL=C sort)
	shift
	got=$("${shell}_words" "$@")
	echo "$shell: $*: <$got>, wanted <$want>"
	[ "$got" = "$want" ]
}

# What all three shells agree in, but for what they offer first, how they name a
# directory and a file in it, and what they offer where nothing can follow but
# options.
common() {
	local first=$1 dir=$2 deep=$3 rest=${4-}
	same "$first" wgq ''
	same 'save strip' wgq s
	same explain wgq e
	same --version wgq --v
	same '--help --version' wgq --
	same 'other' wgq up o
	same 'home' wgq strip h
	same "wg0 wghere.conf wg~two.conf $dir" wgq up w
	same "wg0 wghere.conf wg~two.conf $dir" wgq strip w
	same "wg0 wghere.conf wg~two.conf $dir" wgq hooks w
	same "wg0 wghere.conf wg~two.conf $dir" wgq explain w
	same 'wg0 wg1 wgtun' wgq down ''
	same 'wg0 wg1 wgtun' wgq save w
	same "$deep" wgq up wgdir/
	same "$deep" wgq down wgdir/
	same --help wgq save --h
	same "$rest" wgq strip wg0 ''
	same 'wg0 wg1 wgtun' wgq down -- ''
	same '' wgq down -- --h
	same '' wgq nothing ''
}

# Options, of up and of explain as a shell names them, and values that follow in
# a word of their own.
options() {
	local up=$1 explain=$2 opt
	same "$up" wgq up --
	same "$up" wgq up wg0 --
	same "$explain" wgq explain --
	same --help wgq save --
	same '--help --json --tsv' wgq hooks --
	same 'all native none' wgq up --hooks ''
	same 'all none' wgq down --hooks ''
	same 'wg0 wg1 wgtun' wgq down --hooks none ''
	for opt in --in --out; do
		same 'eth0 wg0 wg1' wgq explain $opt ''
		same 'wg0 wg1' wgq explain --reply $opt w
	done
	same 'icmp tcp udp' wgq explain --proto ''
	same '' wgq explain --port ''
	same 'any peers' wgq up --open-port ''
	same 'other' wgq up --open-port any o
	same 'other' wgq up --literal --forward o
	same 'other' wgq explain --in wg0 --src 192.0.2.1 --reply o
	same '' wgq explain --in wg0 other o
}

# values [AGAIN] [KEPT]: values in one word with their option.  A shell offers
# them with the option AGAIN or without, and with what is there of a list or not.
values() {
	local opt again='' list=eth0,
	for opt in --in --out; do
		[ -z "$1" ] || again=$opt=
		same "${again}eth0 ${again}wg0 ${again}wg1" wgq explain $opt=
		same "${again}wg0 ${again}wg1" wgq explain wg0 $opt=w
	done
	for opt in --forward --masquerade; do
		[ -z "$1" ] || again=$opt=
		[ -n "$2" ] || list=
		same "${again}eth0 ${again}wg0 ${again}wg1" wgq up $opt=
		same "${again}eth0" wgq up --literal $opt=e
		same "$again${list}wg0 $again${list}wg1" wgq up $opt=eth0,
		same "$again${list}wg1" wgq up $opt=eth0,wg1
	done
	[ -z "$1" ] || again=--open-port=
	same "${again}any ${again}peers" wgq up --open-port=
	same "${again}any" wgq up --open-port=a
	[ -z "$1" ] || again=--proto=
	same "${again}tcp" wgq explain --proto=t
	same '' wgq explain --forward=
	same '' wgq down --in=
}

@test "bash: verbs, names, files" {
	shell=bash
	common 'up down save strip hooks explain --help --version' \
		wgdir wgdir/deep.conf
	options '--forward --forward= --masquerade --masquerade= --open-port=
		--hooks= --literal --help' '--in= --out= --src= --dst= --proto= --port=
		--reply --local --json --help'
	values again kept
}

@test "bash: names are not expanded" {
	touch "$root/etc/wireguard/\$(touch gone).conf"
	run bash_words wgq up '$'
	[ "$output" = '$(touch gone)' ]
	[ ! -e gone ]
}

@test "bash: a line is completed as it is typed" {
	need script
	cat >rc <<-END
		. '$BATS_TEST_TMPDIR/comp/wgq.bash'
		wgq() { printf '<%s>' "\$@"; echo; }
		PS1=
	END
	{
		printf 'wgq str\two\t\nwgq up wg\\ t\t\nwgq up wgd\tdee\t\n'
		printf 'wgq up --fo\t=e\t oth\t\nwgq up --op\tp\t oth\t\n'
		printf 'wgq up --masquerade=eth0,wg1,\t oth\t\nexit\n'
	} |
		TERM=dumb script -qec 'bash --noprofile --rcfile rc -i' \
			/dev/null | tr -d '\r' >out
	cat out
	grep -qxF '<up><wg two.conf>' out
	grep -qxF '<up><wgdir/deep.conf>' out
	grep -qxF '<up><--forward=eth0><other>' out
	grep -qxF '<up><--open-port=peers><other>' out
	grep -qxF '<up><--masquerade=eth0,wg1,wg0><other>' out
}

@test "zsh: verbs, names, files" {
	need zsh
	shell=zsh
	common 'up down save strip hooks explain' wgdir deep.conf --help
	options '--forward --masquerade --open-port --hooks --literal --help' \
		'--in --out --src --dst --proto --port --reply --local --json
		--help'
	values
}

@test "fish: verbs, names, files" {
	need fish
	shell=fish
	common 'up down save strip hooks explain' wgdir/ wgdir/deep.conf
	options '--forward --forward= --masquerade --masquerade= --open-port
		--hooks --literal --help' '--in --out --src --dst --proto --port
		--reply --local --json --help'
	values again kept
}

@test "a directory without confs and interfaces gives nothing" {
	rm -r "${root:?}"/{etc,sys,var}
	cd wgdir
	rm deep.conf
	local shell
	for shell in bash zsh fish; do
		command -v $shell >/dev/null || continue
		same '' wgq up ''
		same '' wgq down ''
	done
}
