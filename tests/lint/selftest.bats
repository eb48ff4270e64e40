#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the lint scripts are for, they have to find: each test plants one
# violation in a small tree.  bats tests/lint/selftest.bats
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell, as it should be

setup() {
	lint=$BATS_TEST_DIRNAME
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree"/cmd "$tree"/lib/{base,net,sys,apply} "$tree"/tests/unit
	cp "$lint/../../.clang-format" "$tree"
	printf '%s\n' '# SPDX-License-Identifier: GPL-2.0-or-later' \
		'ROOMS := base conf fw hook plan net sys apply' >"$tree/Makefile"
	header lib/wgq.h '#include "base/err.h"'
	header lib/base/err.h 'struct err;'
	header lib/net/nl.h '#include "base/err.h"'
	header lib/sys/file.h '#include "base/err.h"'
	source_file lib/apply/up.c '#include "net/nl.h"' '#include "sys/file.h"' \
		'#include "wgq.h"'
	source_file cmd/main.c '#include "wgq.h"'
	source_file tests/unit/net_nl.c '#include "net/nl.h"'
}

# header PATH LINE...: a header of ours with these lines.
header() {
	local path=$tree/$1
	shift
	printf '%s\n' '/* SPDX-License-Identifier: GPL-2.0-or-later */' \
		'#ifndef H' '#define H' '' "$@" '' '#endif' >"$path"
}

source_file() {
	local path=$tree/$1
	shift
	printf '%s\n' '// SPDX-License-Identifier: GPL-2.0-or-later' "$@" >"$path"
}

# refuses SCRIPT TEXT: it fails and its only line starts with TEXT.
refuses() {
	run "$lint/$1" "$tree"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ ${lines[0]} == "$2"* ]]
}

@test "rooms: a tree in order passes" {
	run "$lint/rooms" "$tree"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "rooms: an earlier room may not include a later one" {
	header lib/base/err.h '#include "net/nl.h"'
	refuses rooms 'lib/base/err.h:5: base may not include net/nl.h'
}

@test "rooms: net and sys are apart, both ways" {
	header lib/sys/file.h '#include "net/nl.h"'
	refuses rooms 'lib/sys/file.h:5: sys may not include net/nl.h'
	header lib/sys/file.h
	header lib/net/nl.h '#include "sys/file.h"'
	refuses rooms 'lib/net/nl.h:5: net may not include sys/file.h'
}

@test "rooms: cmd/ sees wgq.h and base/ alone" {
	source_file cmd/main.c '#include "base/err.h"' '#include "net/nl.h"'
	refuses rooms 'cmd/main.c:3: cmd/ may include wgq.h'
}

@test "rooms: no way round by a relative path" {
	source_file cmd/main.c '#include "../lib/net/nl.h"'
	refuses rooms 'cmd/main.c:2: no .. in an include'
	source_file cmd/main.c
	source_file lib/sys/file.c '#include "sys/file.h"' \
		'#include "../lib/net/nl.h"'
	refuses rooms 'lib/sys/file.c:3: no .. in an include'
	rm "$tree/lib/sys/file.c"
	source_file tests/unit/base_err.c '#include "../../lib/net/nl.h"'
	refuses rooms 'tests/unit/base_err.c:2: no .. in an include'
}

@test "rooms: wgq.h belongs to apply" {
	header lib/net/nl.h '#include "wgq.h"'
	refuses rooms 'lib/net/nl.h:5: net may not include wgq.h'
	header lib/net/nl.h
	header lib/wgq.h '#include "net/nl.h"'
	refuses rooms 'lib/wgq.h:5: base may not include net/nl.h'
}

@test "rooms: the own header comes first" {
	source_file lib/net/nl.c '#include <errno.h>' '#include "net/nl.h"'
	refuses rooms 'lib/net/nl.c:2: its own header "net/nl.h"'
}

@test "rooms: private.h stays in its room" {
	header lib/net/private.h
	source_file lib/apply/up.c '#include "net/private.h"'
	refuses rooms 'lib/apply/up.c:2: net/private.h is private to net'
}

@test "rooms: a header has to be there, and a room in the list" {
	source_file lib/apply/up.c '#include "net/nothing.h"'
	refuses rooms 'lib/apply/up.c:2: there is no lib/net/nothing.h'
	mkdir "$tree/lib/attic"
	rm "$tree/lib/apply/up.c"
	source_file lib/attic/up.c
	refuses rooms 'lib/attic/up.c:1: no room is called "attic"'
}

@test "rooms: a unit test is named after the last room it uses" {
	source_file tests/unit/base_err.c '#include "net/nl.h"'
	refuses rooms 'tests/unit/base_err.c:2: base may not include net/nl.h'
	rm "$tree/tests/unit/base_err.c"
	source_file tests/unit/nothing_err.c
	refuses rooms 'tests/unit/nothing_err.c:1: no room is called "nothing"'
	rm "$tree/tests/unit/nothing_err.c"
	source_file tests/unit/lib_fake.c '#include "sys/file.h"' \
		'#include "net/nl.h"'
	mkdir "$tree/tests/unit/fake"
	source_file tests/unit/fake/host.c '#include "net/nl.h"' \
		'#include "host.h"'
	header tests/unit/fake/host.h
	source_file tests/unit/net_nl.c '#include "fake/host.h"'
	run "$lint/rooms" "$tree"
	echo "$output"
	[ "$status" -eq 0 ]
}

# A tree whose only fault is to come.
clean_style() {
	rm "$tree/lib/apply/up.c" "$tree/lib/sys/file.h"
	run "$lint/style" "$tree"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "style: clang-format" {
	clean_style
	source_file lib/net/nl.c 'int a  = 1;'
	refuses style 'lib/net/nl.c:2: clang-format -i would change 1 places'
}

@test "style: clang-format has to be there" {
	clean_style
	CLANG_FORMAT=no-such-program refuses style 'no-such-program: not found'
}

@test "style: words that belong in an issue" {
	clean_style
	echo "# TO""DO: later" >>"$tree/Makefile"
	refuses style 'Makefile:3:# '
}

@test "style: paths of one machine" {
	clean_style
	echo "a = /wo""rk/main" >>"$tree/Makefile"
	refuses style 'Makefile:3:'
}

@test "style: hosts that are not public" {
	clean_style
	echo "a = https://www.gnu.org/licenses" >>"$tree/Makefile"
	echo "b = http:""//mirror.internal:8080/debian" >>"$tree/Makefile"
	refuses style 'Makefile:4:'
}

@test "style: trailing blanks" {
	clean_style
	printf 'a = b \n' >>"$tree/Makefile"
	refuses style 'Makefile:3:'
}

@test "style: the licence line of each kind of file" {
	clean_style
	echo 'int a;' >"$tree/cmd/a.c"
	refuses style 'cmd/a.c:1: want "// SPDX'
	rm "$tree/cmd/a.c"
	printf '#!/bin/sh\nexit 0\n' >"$tree/tests/a"
	refuses style 'tests/a:2: want "# SPDX'
}

@test "style: 80 columns, tabs counted, strings let go" {
	local x
	clean_style
	x=$(printf 'x%.0s' {1..74})
	printf '/* SPDX-License-Identifier: GPL-2.0-or-later */\n' \
		>"$tree/lib/net/a.h"
	printf '#define F(a) \\\n\t"%s"\n' "$x" >>"$tree/lib/net/a.h"
	run "$lint/style" "$tree"
	[ "$status" -eq 0 ]
	printf '/* %s. */\n' "$x" >>"$tree/lib/net/a.h"
	CLANG_FORMAT=true refuses style 'lib/net/a.h:4: 81 columns'
}

@test "style: a function of more than 100 lines, a warning beyond 70" {
	local i
	clean_style
	{
		echo 'int f(void)'
		echo '{'
		for ((i = 0; i < 96; i++)); do echo '	f();'; done
		echo '	return 0;'
		echo '}'
	} >"$BATS_TEST_TMPDIR/f"
	source_file lib/net/a.c "$(cat "$BATS_TEST_TMPDIR/f")"
	run "$lint/style" "$tree"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "lib/net/a.c:2: warning: f() has 100 lines" ]
	sed -i 's/^	return 0;/	f();\n&/' "$tree/lib/net/a.c"
	refuses style 'lib/net/a.c:2: f() has 101 lines'
}

@test "style: kernel-doc for each prototype, or for the first of a group" {
	clean_style
	header lib/net/a.h '/** f() - do */' 'int f(void);' 'int g(void);'
	run "$lint/style" "$tree"
	echo "$output"
	[ "$status" -eq 0 ]
	header lib/net/a.h '/** f() - do */' 'int f(void);' '' 'int g(void);'
	refuses style 'lib/net/a.h:8: g() has no kernel-doc'
	header lib/net/a.h '/** f() - do */' 'int g(void);'
	refuses style 'lib/net/a.h:6: g() is not what the comment'
	header lib/net/a.h '/**' ' * f() - do' ' *' ' * Much more.' ' */' \
		'int f(void);'
	refuses style 'lib/net/a.h:10: the comment of f() has no Return:'
}
