#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make install` puts where, and that `make uninstall` takes it away.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	dest=$BATS_TEST_TMPDIR/dest
	# What an outer make passes on is not for this one; B is, if it is set.
	unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX BINDIR MANDIR \
		BASHCOMPDIR ZSHCOMPDIR FISHCOMPDIR
}

run_make() {
	make -s -C "$top" ${B:+B="$B"} DESTDIR="$dest" "$@" >&2
}

# "mode path" of all that is not a directory, below $dest.
installed() {
	(cd "$dest" && find . ! -type d -printf '%m %P\n' | LC_ALL=C sort -k 2)
}

# The list, with the one directory for zsh that distributions differ in.
wanted() {
	cat <<-END
		755 $1/bin/wgq
		644 $1/share/bash-completion/completions/wgq
		644 $1/share/fish/vendor_completions.d/wgq.fish
		644 $1/share/man/man5/wgq.conf.5
		644 $1/share/man/man8/wgq.8
		644 $1/share/zsh/$2/_wgq
	END
}

is_installed() {
	local zsh=vendor-completions
	[ ! -e "$dest/$1/share/zsh/site-functions" ] || zsh=site-functions
	diff <(wanted "$1" $zsh) <(installed)
}

@test "install: the files, and nothing else" {
	run_make install
	is_installed usr
}

@test "install: a strict umask does not get into the modes" {
	umask 077
	run_make install
	is_installed usr
	[ -z "$(find "$dest/usr" -type d ! -perm 755)" ]
}

@test "install: PREFIX" {
	run_make PREFIX=/opt/wgq install
	is_installed opt/wgq
}

@test "install: the binary runs, is static, and says its version" {
	run_make install
	run "$dest/usr/bin/wgq" --version
	[ "$status" -eq 0 ]
	[ "$output" = "wgq $(sed -n 's/^VERSION := //p' "$top/Makefile")" ]
	run readelf -lWd "$dest/usr/bin/wgq"
	[[ $output != *INTERP* ]]
	[[ $output != *NEEDED* ]]
}

@test "install: man and the shells find what is there" {
	run_make install
	run man -M "$dest/usr/share/man" -w wgq wgq.conf
	[ "$status" -eq 0 ]
	run bash --norc -c '. "$1" && complete -p wgq' - \
		"$dest/usr/share/bash-completion/completions/wgq"
	[ "$output" = "complete -F _wgq wgq" ]
}

@test "install: once more changes nothing" {
	run_make install
	run_make install
	is_installed usr
}

@test "uninstall: nothing is left, and nothing else goes" {
	mkdir -p "$dest/usr/bin"
	echo other >"$dest/usr/bin/other"
	run_make install
	run_make uninstall
	[ "$(installed)" = "$(stat -c %a "$dest/usr/bin/other") usr/bin/other" ]
	run_make PREFIX=/opt/wgq install
	run_make PREFIX=/opt/wgq uninstall
	[ "$(installed | wc -l)" -eq 1 ]
}

@test "uninstall: of what is not there is no failure" {
	mkdir -p "$dest"
	run_make uninstall
	[ -z "$(installed)" ]
}
