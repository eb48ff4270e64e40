#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Help, manual and completions say the same as the table of verbs in cmd/, the
# table of keys in lib/conf/ and the variables that lib/ asks for.  WGQ names
# the binary; it is build/wgq otherwise.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	wgq=$(realpath "${WGQ:-$top/build/wgq}")
	cd "$top" || exit
}

# "verb<TAB>summary" a line, as --help has them.
verbs() {
	"$wgq" --help | sed -nE 's/^  ([a-z]+) +(.*)$/\1\t\2/p'
}

verb_names() {
	verbs | cut -f 1 | LC_ALL=C sort
}

# same A B: two texts are the same; both are shown when they are not.
same() {
	echo "<$1>, wanted <$2>"
	[ -n "$2" ]
	[ "$1" = "$2" ]
}

# section PAGE NAME: the lines of a section of a manual page.
section() {
	awk -v want=".Sh $2" '/^\.Sh/ { on = $0 == want } on' "man/$1"
}

# Long options of --help and of a manual page.
long_options() {
	grep -oE -- '--[a-z]+' | LC_ALL=C sort -u
}

@test "help: every verb tells of itself" {
	local verb summary n=0
	while IFS=$'\t' read -r verb summary; do
		run "$wgq" "$verb" --help
		echo "$output"
		[ "$status" -eq 0 ]
		[[ ${lines[0]} == "Usage: wgq $verb "* ]]
		[[ $output == *"$summary"* ]]
		run bash -c '"$1" "$2" -h 2>&1 >/dev/null' - "$wgq" "$verb"
		[ -z "$output" ]
		n=$((n + 1))
	done < <(verbs)
	[ "$n" -gt 3 ]
}

@test "help: what is no verb is refused" {
	run "$wgq" frobnicate wg0
	[ "$status" -eq 1 ]
	[[ $output == *"\`frobnicate'"* ]]
	run "$wgq" up --frobnicate
	[ "$status" -eq 1 ]
	[[ $output == *"\`--frobnicate'"* ]]
	run "$wgq"
	[ "$status" -eq 1 ]
}

@test "help: goes to stdout, wg-quick's to stderr" {
	ln -s "$wgq" "$BATS_TEST_TMPDIR/wg-quick"
	[ "$("$wgq" --help 2>&1 >/dev/null)" = "" ]
	[ "$("$BATS_TEST_TMPDIR/wg-quick" --help 2>/dev/null)" = "" ]
	run "$BATS_TEST_TMPDIR/wg-quick" --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'Usage: wg-quick [ up | down | save | strip ]'* ]]
	run "$BATS_TEST_TMPDIR/wg-quick" --version
	[ "$status" -eq 1 ]
}

@test "manual: it has the verbs of --help, in both places" {
	same "$(section wgq.8 SYNOPSIS | sed -n 's/^\.Cm //p' |
		LC_ALL=C sort)" "$(verb_names)"
	same "$(section wgq.8 DESCRIPTION | sed -n 's/^\.It Cm //p' |
		LC_ALL=C sort)" "$(verb_names)"
}

@test "manual: it has the options of --help" {
	same "$(section wgq.8 DESCRIPTION | sed -n 's/^\.It Fl \(-[a-z]*\).*/-\1/p' |
		long_options)" "$("$wgq" --help | long_options)"
}

@test "manual: it has every variable that is asked for" {
	local asked
	asked=$(grep -rhoE 'getenv\([^"]*"[A-Z_]+"' lib cmd |
		sed 's/.*"\(.*\)"/\1/' | LC_ALL=C sort -u)
	same "$(section wgq.8 ENVIRONMENT | sed -n 's/^\.It Ev //p' |
		LC_ALL=C sort)" "$asked"
}

@test "manual: it has every key of a conf, and no other" {
	local keys
	keys=$(grep -oE '(QUICK|IFACE|PEER)\("[A-Za-z]+"' lib/conf/keys.c |
		sed 's/.*"\(.*\)"/\1/' | LC_ALL=C sort)
	same "$(sed -n 's/^\.It Ic //p' man/wgq.conf.5 | grep ' = ' |
		sed 's/ *Ns = .*//; s/ , /\n/g' | LC_ALL=C sort)" "$keys"
}

@test "manual: mandoc has nothing to say" {
	local page
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	for page in man/*; do
		run mandoc -T lint "$page"
		# Whether other manuals are installed is not the page's fault.
		echo "$output" | grep -vE 'referenced manual not found|mandoc.db' |
			grep . && return 1
	done
	[ "$page" != 'man/*' ]
}

@test "manual: the pages that wgq's name are there" {
	local page
	grep -hE '^\.Xr wgq' man/* >"$BATS_TEST_TMPDIR/xr"
	while read -r _ page n _; do
		[ -e "man/$page.$n" ]
	done <"$BATS_TEST_TMPDIR/xr"
}

@test "completions: bash has verbs and options of --help" {
	run bash --norc -c '. completions/wgq.bash
		COMP_WORDS=(wgq "") COMP_CWORD=1
		_wgq
		printf "%s\n" "${COMPREPLY[@]}"'
	same "$(grep -v ^- <<<"$output" | LC_ALL=C sort)" "$(verb_names)"
	same "$(long_options <<<"$output")" "$("$wgq" --help | long_options)"
}

@test "completions: zsh has verbs, summaries and options of --help" {
	same "$(sed -nE "s/^\t\t'([a-z]+:.*)'\$/\1/p" completions/_wgq |
		tr : '\t' | LC_ALL=C sort)" "$(verbs | LC_ALL=C sort)"
	same "$(long_options <completions/_wgq)" \
		"$("$wgq" --help | long_options)"
}

@test "completions: fish has verbs, summaries and options of --help" {
	same "$(sed -nE "s/.*__wgq_first -a ([a-z]+) -d '(.*)'/\1\t\2/p" \
		completions/wgq.fish | LC_ALL=C sort)" \
		"$(verbs | LC_ALL=C sort)"
	same "$(sed -nE 's/^complete .* -l ([a-z]+) .*/--\1/p' \
		completions/wgq.fish | LC_ALL=C sort)" \
		"$("$wgq" --help | long_options)"
}
