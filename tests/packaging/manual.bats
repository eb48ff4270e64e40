#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Help, manual and completions say the same as the table of verbs in cmd/, the
# table of keys in lib/conf/ and the variables that lib/ asks for.  WGQ names
# the binary; it is build/wgq otherwise.
#
# shellcheck disable=SC2016 # backquotes are Markdown's

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

# subsection PAGE NAME: the same of a subsection.
subsection() {
	awk -v want=".Ss $2" '/^\.S[hs]/ { on = $0 == want } on' "man/$1"
}

# Long options of --help and of a manual page.
long_options() {
	grep -oE -- '--[a-z]+(-[a-z]+)*' | LC_ALL=C sort -u
}

# "--option<TAB>summary" a line, as `VERB --help` has them, the option with its
# value.
options() {
	"$wgq" "$1" --help | sed -nE 's/^  (--[^ ]+) +(.*)$/\1\t\2/p'
}

# The same without values.
option_summaries() {
	options "$1" | sed -E 's/^([-a-z]+)[^\t]*/\1/' | LC_ALL=C sort
}

# What a manual page has in the tags of a list, as it is read.
tags() {
	mandoc -T ascii -O width=200 "man/$1" | col -b |
		sed -nE 's/^ +(-[^ ]*(, -[^ ]*)*)( .*)?$/\1/p'
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

@test "help: an option takes what it says" {
	local verb line n=0
	while IFS=$'\t' read -r verb _; do
		while read -r line; do
			line=${line%%$'\t'*}
			case $line in
			*[*) ;; # with or without
			*=*)
				run "$wgq" "$verb" "${line%%=*}"
				[[ $output == *"a value is missing after"* ]]
				;;
			*)
				run "$wgq" "$verb" "$line=x"
				[[ $output == *"there is no value to"* ]]
				;;
			esac
			n=$((n + 1))
		done < <(options "$verb")
	done < <(verbs)
	[ "$n" -gt 10 ]
}

@test "manual: it has the verbs of --help, in both places" {
	same "$(section wgq.8 SYNOPSIS | sed -n 's/^\.Cm //p' |
		LC_ALL=C sort -u)" "$(verb_names)"
	same "$(section wgq.8 DESCRIPTION | sed -n 's/^\.It Cm //p' |
		LC_ALL=C sort)" "$(verb_names)"
}

@test "manual: it has the options of --help" {
	same "$(subsection wgq.8 'Options of all verbs' |
		sed -n 's/^\.It Fl \(-[a-z]*\).*/-\1/p' |
		long_options)" "$("$wgq" --help | long_options)"
}

# Both ways: in the synopsis of the verb, and in the list of its options.
@test "manual: it has the options of each verb, and no others" {
	local verb n=0
	while IFS=$'\t' read -r verb _; do
		synopsis=$(section wgq.8 SYNOPSIS | awk -v want=".Cm $verb" '
			/^\.Nm/ { on = 0 } $0 == want { on = 1 } on' |
			sed -nE 's/^\.(Op )?Fl (-[-a-z]*).*/-\2/p')
		same "$(long_options <<<"$synopsis")" \
			"$({ options "$verb"; echo --help; } | cut -f 1 |
				long_options)"
		listed=$(subsection wgq.8 "Options of $verb" |
			sed -n 's/^\.It Fl \(-[-a-z]*\).*/-\1/p' |
			long_options)
		wanted=$(options "$verb" | cut -f 1 | long_options)
		[ "$listed" = "$wanted" ]
		n=$((n + $(wc -w <<<"$wanted")))
	done < <(verbs)
	[ "$n" -gt 10 ]
	# No list of options is of a verb that is not there.
	same "$(sed -n 's/^\.Ss Options of //p' man/wgq.8 | grep -v ^all |
		LC_ALL=C sort)" "$(while IFS=$'\t' read -r verb _; do
			[ -z "$(options "$verb")" ] || echo "$verb"
		done < <(verbs) | LC_ALL=C sort)"
}

@test "manual: it shows the options as --help does, with their values" {
	local verb option
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	tags wgq.8 >"$BATS_TEST_TMPDIR/tags"
	cat "$BATS_TEST_TMPDIR/tags"
	while IFS=$'\t' read -r verb _; do
		while IFS=$'\t' read -r option _; do
			echo "wanted: $option"
			grep -qxF -- "$option" "$BATS_TEST_TMPDIR/tags"
		done < <(options "$verb")
	done < <(verbs)
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
		sed '/^#wgq/d; s/ *Ns = .*//; s/ , /\n/g' | LC_ALL=C sort)" \
		"$keys"
}

@test "manual: it has every directive with its values, and no other" {
	local words
	same "$(sed -n 's/^\.It Ic #wgq \([A-Za-z]*\).*/\1/p' man/wgq.conf.5 |
		LC_ALL=C sort)" "$(grep -oE '\] = "[A-Za-z]+"' \
		lib/conf/directive.c | sed 's/.*"\(.*\)"/\1/' | LC_ALL=C sort)"
	words=$(grep -oE 'text_is\(value, "[a-z]+"' lib/conf/directive.c |
		sed 's/.*"\(.*\)"/\1/' | LC_ALL=C sort -u)
	same "$(subsection wgq.conf.5 Directives |
		sed -n 's/^\.It Cm //p' | LC_ALL=C sort -u)" "$words"
}

@test "manual: it names the commands that are carried out within" {
	same "$(subsection wgq.conf.5 Hooks |
		sed -n '/carries out itself/,/^\.Pp/s/^\.Li \(\\&\)*\([^ ]*\).*/\2/p' |
		LC_ALL=C sort)" "$(grep -oE '\{ "[^"]+", BUILTIN_' \
		lib/hook/names.c | cut -d '"' -f 2 | LC_ALL=C sort)"
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

# bash_offers WORD...: what bash offers for the last word.
bash_offers() {
	bash --norc -c '. completions/wgq.bash
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_wgq
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

@test "completions: bash has verbs and options of --help" {
	local verb offers
	offers=$(bash_offers wgq '')
	same "$(grep -v ^- <<<"$offers" | LC_ALL=C sort)" "$(verb_names)"
	same "$(long_options <<<"$offers")" "$("$wgq" --help | long_options)"
	while IFS=$'\t' read -r verb _; do
		same "$(bash_offers wgq "$verb" -- | sed -E 's/=$/=VALUE/' |
			LC_ALL=C sort)" \
			"$({ options "$verb" | cut -f 1; echo --help; } |
				sed -E 's/^([^[]*)\[=.*/\1\n\1=VALUE/
					s/=.*/=VALUE/' | LC_ALL=C sort)"
	done < <(verbs)
}

@test "completions: zsh has verbs, summaries and options of --help" {
	local verb
	same "$(sed -nE "s/^\t\t'([a-z]+:[^:]*)'\$/\1/p" completions/_wgq |
		tr : '\t' | LC_ALL=C sort)" "$(verbs | LC_ALL=C sort)"
	same "$(sed -nE "s/^\t\t'(--[a-z]+):.*'\$/\1/p" completions/_wgq |
		LC_ALL=C sort)" "$("$wgq" --help | long_options)"
	while IFS=$'\t' read -r verb _; do
		[ "$(awk -v want="$verb)" '
			/^\t[a-z |]+\)$/ { on = $1 == want } on' \
			completions/_wgq |
			sed -nE "s/^\t\t\t'(\(1\))?(--[-a-z]+[a-z])=?-?\[([^]]*)\].*'\$/\2\t\3/p" |
			sed "s/\\\\:/:/g; s/'\"'\"'/'/g" | LC_ALL=C sort)" = \
			"$(option_summaries "$verb")" ]
	done < <(verbs)
}

@test "completions: fish has verbs, summaries and options of --help" {
	local verb
	same "$(sed -nE "s/.*__wgq_first -a ([a-z]+) -d '(.*)'/\1\t\2/p" \
		completions/wgq.fish | LC_ALL=C sort)" \
		"$(verbs | LC_ALL=C sort)"
	same "$(sed -nE 's/^complete .*__wgq_first.* -l ([a-z]+) .*/--\1/p' \
		completions/wgq.fish | LC_ALL=C sort)" \
		"$("$wgq" --help | long_options)"
	while IFS=$'\t' read -r verb _; do
		[ "$(sed -nE "s/^complete -c wgq -n '__wgq_verb $verb' -l ([-a-z]+) .*-d '(.*)'\$/--\1\t\2/p" \
			completions/wgq.fish | sed "s/\\\\'/'/g" | LC_ALL=C sort)" = \
			"$(option_summaries "$verb")" ]
	done < <(verbs)
	same "$(sed -nE "s/.*'__wgq_first; or __wgq_verb (.*)' .*-l help .*/\1/p" \
		completions/wgq.fish | tr ' ' '\n' | LC_ALL=C sort)" \
		"$(verb_names)"
}

@test "README: functions and files that it names are there" {
	local name n=0
	while read -r name; do
		echo "$name"
		grep -rqE "\b$name\(" lib cmd
		n=$((n + 1))
	done < <(grep -ohE '`[a-z_]+\(\)`' README.md lib/README.md |
		tr -d '`()' | sort -u)
	[ "$n" -gt 20 ]
	while read -r name; do
		echo "$name"
		[ -e "lib/$name" ] || [ -e "$name" ]
		n=$((n + 1))
	done < <(grep -ohE '`[a-z]+/[A-Za-z_/]+\.[a-z0-9]+`' lib/README.md |
		tr -d '`' | sed 's/native_NAME/native_iptables/' | sort -u)
	[ "$n" -gt 30 ]
}

@test "README: it has the verbs" {
	same "$(sed -nE 's/^\| `wgq ([a-z]+) wg0`.*/\1/p' README.md |
		LC_ALL=C sort)" "$(verb_names)"
}
