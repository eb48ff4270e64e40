# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts for bats files that run in the test VM (tests/vm/bats): a host is a
# network namespace, cables are veth pairs.  Files are not per host: all hosts
# see the machine's one /etc and /run.
#
#   load ../lib/net
#   setup() { net_reset; host_add a b; link a b 10.0.0.1/24 10.0.0.2/24; }
#   teardown() { net_reset; }
#
# The name "vm" stands for the machine's own namespace.

# net_reset: every host gone, with what runs on it.
net_reset() {
	local name pid

	for name in $(ip netns list | cut -d ' ' -f 1); do
		for pid in $(ip netns pids "$name"); do
			kill -9 "$pid" 2>/dev/null || :
		done
		ip netns delete "$name"
	done
}

# in_ns HOST COMMAND...: run it there.
in_ns() {
	local host=$1

	shift
	if [ "$host" = vm ]; then
		"$@"
	else
		ip netns exec "$host" "$@"
	fi
}

# host_add HOST...: new hosts with nothing but lo.  Addresses are usable at
# once (no duplicate address detection), and no host asks for routers.
host_add() {
	local host

	for host; do
		ip netns add "$host" || return
		# shellcheck disable=SC2016
		in_ns "$host" sh -c 'ip link set lo up
			cd /proc/sys/net/ipv6/conf || exit
			for conf in all default lo; do
				echo 0 >$conf/accept_dad
				echo 0 >$conf/router_solicitations
			done' || return
	done
}

# mac_of TEXT: the same address whenever it is asked for the same text, so
# that two runs can be compared.
mac_of() {
	local sum

	sum=$(printf '%s' "$1" | cksum)
	printf '02:00:%02x:%02x:%02x:%02x\n' \
		$((${sum%% *} >> 24 & 255)) $((${sum%% *} >> 16 & 255)) \
		$((${sum%% *} >> 8 & 255)) $((${sum%% *} & 255))
}

# _end HOST IF ADDRESS...: one end of a cable, up and with its addresses.
_end() {
	local host=$1 dev=$2 address

	shift 2
	for address; do
		case $address in
		*:*) ip -n "$host" address add "$address" dev "$dev" nodad ;;
		*) ip -n "$host" address add "$address" dev "$dev" ;;
		esac || return
	done
	ip -n "$host" link set dev "$dev" up
}

_has_link_local() {
	[ -n "$(ip -n "$1" -6 -o address show dev "$2" scope link)" ]
}

# link A[:IF] B[:IF] "ADDRESS/N..." "ADDRESS/N...": a cable between two hosts,
# ready to use.  An interface has the other host's name unless IF is given.
link() {
	local a=${1%:*} b=${2%:*} at_a=${1#*:} at_b=${2#*:}

	[ "$at_a" != "$1" ] || at_a=$b
	[ "$at_b" != "$2" ] || at_b=$a
	ip -n "$a" link add name "$at_a" address "$(mac_of "$a $at_a")" \
		type veth peer name "$at_b" address "$(mac_of "$b $at_b")" \
		netns "$b" || return
	# Lists of addresses are meant to be split.
	# shellcheck disable=SC2086
	_end "$a" "$at_a" ${3-} && _end "$b" "$at_b" ${4-} || return
	# The kernel adds these when the carrier comes, some time later.
	wait_for 10 _has_link_local "$a" "$at_a" &&
		wait_for 10 _has_link_local "$b" "$at_b"
}

# default_via HOST ADDRESS...: the way to everywhere, of either family.
default_via() {
	local host=$1 address

	shift
	for address; do
		ip -n "$host" route add default via "$address" || return
	done
}

# forwarding HOST: let it forward both families.
forwarding() {
	in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward &&
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

# wait_for SECONDS COMMAND...: until it succeeds, or complain.
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -gt "$end" ]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.1
	done
}

# can_ping HOST ADDRESS: some packet comes back.  The first may be lost while
# a handshake is under way on a slow machine.
can_ping() {
	in_ns "$1" ping -n -q -i 0.2 -c 1 -w 10 "$2" >/dev/null && return
	echo "$1 cannot ping $2" >&2
	return 1
}

# cannot_ping HOST ADDRESS: none of several comes back.
cannot_ping() {
	in_ns "$1" ping -n -q -i 0.2 -c 5 -W 1 -w 3 "$2" >/dev/null || return 0
	echo "$1 can ping $2" >&2
	return 1
}

# tcp_serve HOST ADDRESS PORT: answer on TCP there until net_reset.  bats
# waits for whoever holds its descriptor 3.
tcp_serve() {
	local dir=$BATS_TEST_TMPDIR/www address=$2

	mkdir -p "$dir" && echo wgq-served >"$dir/index.html"
	case $address in
	*:*) address="[$address]" ;;
	esac
	in_ns "$1" busybox httpd -f -p "$address:$3" -h "$dir" \
		>/dev/null 2>&1 3>&- &
	wait_for 10 _tcp_once "$1" "$2" "$3"
}

_tcp_once() {
	# shellcheck disable=SC2016
	in_ns "$1" timeout "${4:-2}" bash -c 'exec 4<>"/dev/tcp/$1/$2" &&
		printf "GET /index.html HTTP/1.0\r\n\r\n" >&4 &&
		grep -q wgq-served <&4' bash "$2" "$3" 2>/dev/null
}

# can_tcp HOST ADDRESS PORT: what tcp_serve has there arrives.
can_tcp() {
	_tcp_once "$1" "$2" "$3" 10 && return
	echo "$1 gets nothing from $2 port $3" >&2
	return 1
}

# cannot_tcp HOST ADDRESS PORT
cannot_tcp() {
	_tcp_once "$1" "$2" "$3" 2 || return 0
	echo "$1 reaches $2 port $3" >&2
	return 1
}

# What follows up to snapshot() runs in the host's namespace, in a bash of its
# own that has just these functions.

# An interface's number and its peer's, the clock of an address: these differ
# between two equal states.  ip joins the lines of one interface by "\".
_snap_links() {
	ip -d -o link show |
		sed -E 's/^[0-9]+: //; s/@if[0-9]+:/:/; s/ link-netnsid [0-9]+//' |
		sort | awk -F '[\\\\] *' '{
			print $1
			split($1, name, ":")
			for (i = 2; i <= NF; i++)
				print name[1] ": " $i
		}'
}

_snap_addresses() {
	ip -o address show | sed -E 's/^[0-9]+: //; s/\\ +/ /; s/ tentative//
		s/(valid|preferred)_lft [0-9]+sec/\1_lft some/g; s/ +/ /g' | sort
}

_snap_routes() {
	ip "$1" -d route show table all |
		sed -E 's/ expires -?[0-9]+sec//; s/ +$//' | sort
}

_snap_neighbours() {
	{ ip neigh show nud permanent; ip neigh show proxy; } | sort
}

# Legacy tables come into being when somebody looks at them, so look only
# where they are.
_snap_legacy() {
	local table

	[ -e "/proc/net/$2" ] || return 0
	sort "/proc/net/$2" | while read -r table; do
		"$1-legacy-save" -t "$table" |
			sed -E '/^#/d; s/ ?\[[0-9]+:[0-9]+\] ?//'
	done
}

_snap_wireguard() {
	local name names

	names=$(wg show interfaces | tr ' ' '\n' | sort)
	for name in $names; do
		echo "# $name"
		wg showconf "$name"
	done
}

# Those of connection tracking come and go with a module; reading a few fails
# or gives a new value each time.
_snap_sysctls() {
	set +o pipefail
	{ cd /proc/sys/net && grep -rs '' .; } | sed -E '
		s,^\./,,
		\,^netfilter/nf_(conntrack|flowtable),d
		\,^netfilter/nf_hooks_lwtunnel,d
		\,^nf_conntrack,d
		\,(^|/)(flush|stable_secret|tcp_fastopen_key):,d
		s,:, = ,' | sort
	set -o pipefail
}

_snap_files() {
	local path
	local -a paths=()

	for path in /etc/resolv.conf /etc/wireguard /run/wgq /run/wireguard \
		/run/resolvconf; do
		if [ -e "$path" ] || [ -L "$path" ]; then
			paths+=("$path")
		fi
	done
	[ "${#paths[@]}" -gt 0 ] || return 0
	find "${paths[@]}" -printf '%p %y %m %u:%g %l\n' \
		-type f -exec sha256sum {} + | sed 's/ *$//' | sort
	if [ -r /etc/resolv.conf ]; then
		sed 's/^/resolv.conf: /' /etc/resolv.conf
	fi
}

_snap_all() {
	echo '== links'; _snap_links
	echo '== addresses'; _snap_addresses
	echo '== routes, IPv4'; _snap_routes -4
	echo '== routes, IPv6'; _snap_routes -6
	echo '== rules, IPv4'; ip -4 rule show
	echo '== rules, IPv6'; ip -6 rule show
	echo '== neighbours'; _snap_neighbours
	echo '== nf_tables'; nft -s list ruleset
	echo '== iptables, legacy'; _snap_legacy iptables ip_tables_names
	echo '== ip6tables, legacy'; _snap_legacy ip6tables ip6_tables_names
	echo '== WireGuard'; _snap_wireguard
	echo '== files'; _snap_files
	echo '== sysctls'; _snap_sysctls
}

# snapshot HOST FILE: all of the host's network state as text: links, addresses,
# routes of every table, rules, fixed neighbours, nf_tables, legacy iptables,
# WireGuard (keys too), the files of name servers and of ours, sysctls.  Left
# out: counters, numbers that the kernel hands out, learnt neighbours.  It fails
# where any part of that cannot be read.
snapshot() {
	in_ns "$1" bash -c "$(declare -f _snap_links _snap_addresses \
		_snap_routes _snap_neighbours _snap_legacy _snap_wireguard \
		_snap_sysctls _snap_files _snap_all)
		set -eu -o pipefail
		_snap_all" >"$2"
}

# assert_same_snapshot A B: or show how they differ.
assert_same_snapshot() {
	diff -U 0 --show-function-line='^== ' "$1" "$2" >&2
}
