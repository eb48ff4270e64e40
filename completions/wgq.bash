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

# Interfaces of any kind.
_wgq_links() {
	local f

	for f in /sys/class/net/*/uevent; do
		[[ -e $f ]] || continue
		f=${f%/uevent}
		echo "${f##*/}"
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

# The options of a verb, those with a value ending in "=".
_wgq_options() {
	case $1 in
	up)
		printf '%s\n' --forward --forward= --masquerade --masquerade= \
			--open-port= --hooks= --literal
		;;
	down) echo --hooks= ;;
	hooks) printf '%s\n' --json --tsv ;;
	explain)
		printf '%s\n' --in= --out= --src= --dst= --proto= --port= \
			--reply --local --json
		;;
	esac
	echo --help
}

# Take those of the lines on stdin that begin with what was typed.  Not by
# compgen -W, which would expand what is in them.
_wgq_take() {
	local word

	while IFS= read -r word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

# What option $2 of the verb can have as its value, of which $1 is there already.
_wgq_values() {
	local word start=''

	case $2 in
	--forward | --masquerade)
		# One interface, or one more behind a comma.
		[[ $1 != *,* ]] || start=${1%,*},
		while IFS= read -r word; do
			[[ ,$start == *,"$word",* ]] || echo "$start$word"
		done < <(_wgq_links)
		;;
	--open-port) printf '%s\n' peers any ;;
	--hooks)
		printf '%s\n' all none
		[[ $verb != up ]] || echo native
		;;
	--in | --out) _wgq_links ;;
	--proto) printf '%s\n' tcp udp icmp ;;
	esac
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

_wgq_target() {
	case $1:$cur in
	*:*/*)
		_wgq_files
		;;
	up:* | strip:* | hooks:* | explain:*)
		_wgq_take < <(_wgq_confs)
		_wgq_files
		;;
	*)
		_wgq_take < <(_wgq_interfaces)
		;;
	esac
}

# What was typed up to the cursor, in $words: bash takes "--in=eth0" for three.
_wgq_words() {
	local i word

	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ ${#words[@]} -gt 0 && ${words[-1]} == --* ]] &&
			[[ $word == = || ${words[-1]} == *= ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
}

# Does an option of the verb, as it was typed, have its value in the next word?
_wgq_wants_value() {
	[[ $'\n'$options$'\n' == *$'\n'"$1="$'\n'* &&
		$'\n'$options$'\n' != *$'\n'"$1"$'\n'* ]]
}

_wgq_after_verb() {
	local verb=${words[0]} option='' target='' word options

	options=$(_wgq_options "$verb")
	for word in "${words[@]:1:${#words[@]}-2}"; do
		if [[ $option ]]; then
			option=
		elif [[ $word != -* || ! $options ]]; then
			target=$word
		elif [[ $word == -- ]]; then
			options=
		elif _wgq_wants_value "$word"; then
			option=$word
		fi
	done
	if [[ $option ]]; then
		_wgq_take < <(_wgq_values "$cur" "$option")
	elif [[ $options && $cur == --*=* ]]; then
		option=${cur%%=*}
		[[ $'\n'$options == *$'\n'"$option="* ]] || return
		while IFS= read -r word; do
			_wgq_take <<<"$option=$word"
		done < <(_wgq_values "${cur#*=}" "$option")
	elif [[ $options && $cur == -* ]]; then
		_wgq_take <<<"$options"
	elif [[ ! $target ]]; then
		_wgq_target "$verb"
	fi
}

_wgq() {
	local cur typed=${COMP_WORDS[COMP_CWORD]} i
	local -a words=()

	COMPREPLY=()
	_wgq_words
	cur=${words[-1]}
	if ((${#words[@]} == 1)); then
		_wgq_take < <(printf '%s\n' up down save strip hooks explain \
			--help --version)
		return
	fi
	case ${words[0]} in
	up | down | save | strip | hooks | explain) _wgq_after_verb ;;
	esac
	# Only what follows the last "=" is replaced where that parts words.
	[[ $typed != = ]] || typed=
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=${COMPREPLY[i]:${#cur}-${#typed}}
	done
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] ||
		compopt -o nospace
}

complete -F _wgq wgq
