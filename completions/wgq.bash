# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for wgq(8)
# shellcheck shell=bash

# WireGuard interfaces, of the kernel and of userspace implementations.
_wgq_interfaces() {
	local f line

	for f in /sys/class/net/*/uevent; do
		[[ -r $f ]] || continue
		while IFS= read -r line; do
			[[ $line == DEVTYPE=wireguard ]] || continue
			f=${f%/uevent}
			echo "${f##*/}"
			break
		done <"$f"
	done 2>/dev/null
	for f in /var/run/wireguard/*.sock; do
		[[ -S $f ]] || continue
		f=${f##*/}
		echo "${f%.sock}"
	done
}

_wgq_confs() {
	local f

	for f in /etc/wireguard/*.conf; do
		[[ -e $f ]] || continue
		f=${f##*/}
		echo "${f%.conf}"
	done
}

# Take those of the lines on stdin that begin with what was typed.  Not by
# compgen -W, which would expand what is in them.
_wgq_take() {
	local word

	while IFS= read -r word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

_wgq_files() {
	local f

	while IFS= read -r f; do
		[[ -d $f ]] || COMPREPLY+=("$f")
	done < <(compgen -f -X '!*.conf' -- "$cur")
	while IFS= read -r f; do
		COMPREPLY+=("$f")
	done < <(compgen -d -- "$cur")
	compopt -o filenames
}

_wgq() {
	local cur=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_wgq_take <<<$'up\ndown\nsave\nstrip\n--help\n--version'
		return
	fi
	((COMP_CWORD == 2)) || return
	case ${COMP_WORDS[1]} in
	up | down | save | strip) ;;
	*) return ;;
	esac
	case ${COMP_WORDS[1]}:$cur in
	*:-*)
		_wgq_take <<<--help
		;;
	*:*/*)
		_wgq_files
		;;
	up:* | strip:*)
		_wgq_take < <(_wgq_confs)
		_wgq_files
		;;
	*)
		_wgq_take < <(_wgq_interfaces)
		;;
	esac
}

complete -F _wgq wgq
