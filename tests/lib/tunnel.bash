# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two hosts with a cable between them, and confs for a tunnel over it.
#
#   server  192.0.2.1  2001:db8::1   tunnel 10.9.0.1  fd00:9::1
#   laptop  192.0.2.2  2001:db8::2   tunnel 10.9.0.2  fd00:9::2
#
# Their cable is called eth0 on both.

WGQ=$(realpath "${WGQ:-build/wgq}")
CONFS=/etc/wireguard

tunnel_keys() {
	local host
	for host in server laptop; do
		wg genkey >"$BATS_TEST_TMPDIR/$host.key"
		wg pubkey <"$BATS_TEST_TMPDIR/$host.key" \
			>"$BATS_TEST_TMPDIR/$host.pub"
	done
}

key() { cat "$BATS_TEST_TMPDIR/$1.key"; }
pub() { cat "$BATS_TEST_TMPDIR/$1.pub"; }

tunnel_hosts() {
	umask 077
	net_reset
	rm -rf /run/wgq
	mkdir -p "$CONFS"
	rm -f "$CONFS"/*
	tunnel_keys
	host_add server laptop
	link server:eth0 laptop:eth0 "192.0.2.1/24 2001:db8::1/64" \
		"192.0.2.2/24 2001:db8::2/64"
	default_via laptop 192.0.2.1 2001:db8::1
}

# conf FILE: a conf from standard input, readable by root alone.
conf() { (umask 077; cat >"$1"); }

server_conf() {
	conf "$CONFS/srv.conf" <<-EOF
	[Interface]
	PrivateKey = $(key server)
	Address = 10.9.0.1/24, fd00:9::1/64
	ListenPort = 51820

	[Peer]
	PublicKey = $(pub laptop)
	AllowedIPs = 10.9.0.2/32, fd00:9::2/128
	EOF
}

# laptop_conf ALLOWED [LINE]...: more lines for the [Interface] section.
laptop_conf() {
	local allowed=$1
	shift
	{
		echo "[Interface]"
		echo "PrivateKey = $(key laptop)"
		echo "Address = 10.9.0.2/24, fd00:9::2/64"
		[ $# -eq 0 ] || printf '%s\n' "$@"
		echo
		echo "[Peer]"
		echo "PublicKey = $(pub server)"
		echo "Endpoint = 192.0.2.1:51820"
		echo "AllowedIPs = $allowed"
	} | conf "$CONFS/wg0.conf"
}

tunnel_server() {
	server_conf
	in_ns server "$WGQ" up srv
}
