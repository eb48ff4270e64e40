# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Managers of firewalls as a Debian suite has them, running on host "server"
# in a root of their own (tests/managers/make-root): the host's network, their
# own files and processes.
#
# Beside server and laptop (tunnel.bash) there are
#
#   lan       10.20.0.2  fd00:20::2  by the server's cable lan0; also .66
#   second    another server, by cable sec0, with 10.9.0.3  fd00:9::3 in the
#             tunnel
#   stranger  198.51.100.2  2001:db8:5::2  by cable str0
#
# lan and second answer on TCP port 80, the laptop's cable on 81.

MANAGERS_SUITE=${MANAGERS_SUITE:-bookworm}
MANAGERS_ROOT=$(realpath "${MANAGERS:-build/managers}")/$MANAGERS_SUITE
MACHINE=$BATS_TEST_DIRNAME/machine

managers_setup() {
	tunnel_hosts
	host_add lan second stranger
	link server:lan0 lan:eth0 "10.20.0.1/24 fd00:20::1/64" \
		"10.20.0.2/24 fd00:20::2/64"
	default_via lan 10.20.0.1 fd00:20::1
	in_ns lan ip address add 10.20.0.66/24 dev eth0
	in_ns lan ip address add fd00:20::66/64 dev eth0 nodad
	link server:sec0 second:eth0 203.0.113.1/24 203.0.113.2/24
	link server:str0 stranger:eth0 "198.51.100.1/24 2001:db8:5::1/64" \
		"198.51.100.2/24 2001:db8:5::2/64"
	default_via stranger 198.51.100.1 2001:db8:5::1
	forwarding server
	wg genkey >"$BATS_TEST_TMPDIR/second.key"
	wg pubkey <"$BATS_TEST_TMPDIR/second.key" >"$BATS_TEST_TMPDIR/second.pub"
	laptop_conf "10.9.0.0/24, fd00:9::/64, 10.20.0.0/24, fd00:20::/64"
	conf "$CONFS/sec.conf" <<-EOF
	[Interface]
	PrivateKey = $(key second)
	Address = 10.9.0.3/24, fd00:9::3/64

	[Peer]
	PublicKey = $(pub server)
	Endpoint = 203.0.113.1:51820
	AllowedIPs = 10.9.0.0/24, fd00:9::/64
	EOF
	local address
	for address in 10.20.0.2 fd00:20::2 10.20.0.66 fd00:20::66; do
		tcp_serve lan "$address" 80
	done
	tcp_serve laptop 192.0.2.2 81
}

managers_teardown() {
	machine_down
	net_reset
}

# server_with LINE...: the server's conf with these lines in [Interface].
server_with() {
	server_conf
	printf '%s\n' '' '[Peer]' "PublicKey = $(pub second)" \
		'AllowedIPs = 10.9.0.3/32, fd00:9::3/128' >>"$CONFS/srv.conf"
	printf '%s\n' "$@" | sed -i '/^ListenPort/r /dev/stdin' \
		"$CONFS/srv.conf"
}

# shellcheck disable=SC2034
DIRECTIVES=('#wgq Forward = yes' '#wgq OpenPort = any')
# As people write it: at the end on one host, at a position on the next.
# shellcheck disable=SC2034
HOOKS=('#wgq OpenPort = any'
	'PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o %i -j MASQUERADE'
	'PostUp = ip6tables -I FORWARD 2 -i %i -j ACCEPT; ip6tables -t nat -A POSTROUTING -o %i -j MASQUERADE'
	'PostDown = iptables -D FORWARD -i %i -j ACCEPT; iptables -t nat -D POSTROUTING -o %i -j MASQUERADE'
	'PostDown = ip6tables -D FORWARD -i %i -j ACCEPT; ip6tables -t nat -D POSTROUTING -o %i -j MASQUERADE')

# quietly COMMAND...: what it says only counts when it fails.
quietly() {
	local text

	text=$("$@" 2>&1) && return
	echo "$text" >&2
	return 1
}

# tunnel_up LINE...: all three, with these lines in the server's conf.  What up
# says is in $said.  A new server knows no session of before, which its peers
# would be slow to believe: they come up after it.
tunnel_up() {
	server_with "$@"
	said=$(in_ns server "$WGQ" up srv 2>&1) || {
		echo "$said" >&2
		return 1
	}
	quietly in_ns laptop "$WGQ" up wg0
	quietly in_ns second "$WGQ" up sec
	wait_for 20 in_ns second ping -c 1 -W 1 10.9.0.1
}

tunnel_down() {
	quietly in_ns second "$WGQ" down sec
	quietly in_ns laptop "$WGQ" down wg0
	quietly in_ns server "$WGQ" down srv
}

# The laptop gets to the hosts behind the server and to the second server.
reaches_all() {
	local address

	tcp_serve second 10.9.0.3 80
	tcp_serve second fd00:9::3 80
	for address in 10.20.0.2 fd00:20::2 10.9.0.3 fd00:9::3; do
		can_ping laptop "$address"
		can_tcp laptop "$address" 80
	done
}

reaches_nothing() {
	cannot_tcp laptop 10.20.0.2 80
	cannot_tcp laptop fd00:20::2 80
	cannot_tcp laptop 10.9.0.3 80
	cannot_tcp laptop fd00:9::3 80
}

# stranger_is_refused [4|6]...: neither past the server nor into the tunnel.
stranger_is_refused() {
	local family

	for family in "${@:-4 6}"; do
		case $family in
		*4*) cannot_tcp stranger 10.20.0.2 80
			cannot_tcp stranger 192.0.2.2 81 ;;&
		*6*) cannot_tcp stranger fd00:20::2 80 ;;
		esac
	done
}

# ruleset FILE: the server's whole ruleset, without counters.
ruleset() {
	in_ns server bash -c "$(declare -f _snap_legacy)
		set -eu -o pipefail
		nft -s list ruleset
		_snap_legacy iptables ip_tables_names
		_snap_legacy ip6tables ip6_tables_names" >"$1"
}

same_ruleset() { diff -U 1 "$1" "$2" >&2; }

# machine_up nft|legacy: the host's root, whose iptables has this backend.
machine_up() {
	local pidfile=$BATS_TEST_TMPDIR/machine

	rm -f "$pidfile"
	ip netns exec server "$MACHINE" "$MANAGERS_ROOT" "$pidfile" \
		</dev/null >"$BATS_TEST_TMPDIR/machine.log" 2>&1 3>&- &
	wait_for 20 test -s "$pidfile" || {
		cat "$BATS_TEST_TMPDIR/machine.log" >&2
		return 1
	}
	MACHINE_PID=$(cat "$pidfile")
	iptables_is "$1"
}

# iptables_is nft|legacy: what the machine's programs use from now on.
iptables_is() {
	# shellcheck disable=SC2016
	on sh -c 'for p in iptables ip6tables; do for w in "" -save -restore
		do ln -sf "/usr/sbin/$p-$1$w" "/etc/alternatives/$p$w"; done
		done' sh "$1"
}

machine_down() {
	if [ -n "${MACHINE_PID-}" ]; then
		kill -9 "$MACHINE_PID" 2>/dev/null || :
	fi
	MACHINE_PID=
}

# on COMMAND...: in the machine.
on() {
	nsenter -t "$MACHINE_PID" -m -p -C -u -n -r -w env -i HOME=/root \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"
}

# on_start NAME COMMAND...: it stays; what it says is in a file of its name.
on_start() {
	local name=$1

	shift
	on "$@" </dev/null >>"$BATS_TEST_TMPDIR/$name.log" 2>&1 3>&- &
}

# ready NAME COMMAND...: wait until it succeeds, or show what NAME said.
ready() {
	local name=$1

	shift
	wait_for 60 "$@" || {
		tail -n 20 "$BATS_TEST_TMPDIR/$name.log" >&2
		return 1
	}
}

# docker_start [OPTION]...: dockerd, ready to use.
docker_start() {
	on_start dockerd dockerd --iptables=true --storage-driver=vfs \
		--exec-opt native.cgroupdriver=cgroupfs "$@"
	ready dockerd on docker version
}

_gone() { ! on pgrep -x "$1"; }

docker_stop() {
	on pkill -TERM -x dockerd
	wait_for 60 _gone dockerd
	on rm -f /run/docker.pid
}

_web_answers() { _tcp_once laptop 192.0.2.1 "$1"; }

# docker_web NAME PORT: a container that answers on the host's PORT.
docker_web() {
	on docker image inspect web >/dev/null 2>&1 ||
		on docker import /image.tar web >/dev/null
	on docker run -d --name "$1" -p "$2:80" --restart always web \
		/bin/busybox httpd -f -p 80 -h /www >/dev/null
	wait_for 20 _web_answers "$2"
}

# A container's own way out, which is masqueraded.
docker_gets_out() {
	on docker exec "$1" /bin/busybox sh -c \
		'printf "GET /index.html HTTP/1.0\r\n\r\n" |
		nc -w 5 192.0.2.2 81' | grep -q wgq-served
}

# The bus; it grumbles about users of packages that are not there.
dbus_start() {
	on mkdir -p /run/dbus
	on dbus-daemon --system --fork --nopidfile 2>/dev/null 3>&-
}
