#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What all other tests here rely on: the machine has the real kernel parts, the
# helpers of tests/lib/net.bash tell the truth, a snapshot sees what it should.

bats_require_minimum_version 1.5.0
load ../lib/net

setup() {
	net_reset
	host_add a b
	link a:eth0 b:eth0 "192.0.2.1/24 2001:db8::1/64" \
		"192.0.2.2/24 2001:db8::2/64"
}

teardown() { net_reset; }

# tunnel HOST ADDRESS PEER PEER-ADDRESS PEER-ENDPOINT: wg0, by wg and ip.
tunnel() {
	ip -n "$1" link add dev wg0 type wireguard
	in_ns "$1" wg set wg0 listen-port 51820 \
		private-key "$BATS_TEST_TMPDIR/$1.key" \
		peer "$(cat "$BATS_TEST_TMPDIR/$3.pub")" \
		allowed-ips "$4" endpoint "$5:51820"
	ip -n "$1" address add "$2" dev wg0
	ip -n "$1" link set wg0 up
}

tunnels() {
	local host

	umask 077
	for host in a b; do
		wg genkey >"$BATS_TEST_TMPDIR/$host.key"
		wg pubkey <"$BATS_TEST_TMPDIR/$host.key" \
			>"$BATS_TEST_TMPDIR/$host.pub"
	done
	tunnel a 10.9.0.1/24 b 10.9.0.2/32 192.0.2.2
	tunnel b 10.9.0.2/24 a 10.9.0.1/32 192.0.2.1
}

# sees TEXT...: what changed since the snapshot "before" has these in it, as
# the beginnings of new lines; "was: TEXT" stands for an old line.
sees() {
	local text sign

	snapshot a "$BATS_TEST_TMPDIR/after"
	run diff -U 0 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	echo "$output"
	[ "$status" -eq 1 ]
	for text; do
		sign=+
		if [ "${text#was: }" != "$text" ]; then
			sign=-
			text=${text#was: }
		fi
		echo "looking for $sign$text"
		[[ $'\n'$output = *$'\n'"$sign$text"* ]]
	done
}

@test "root, a clean host, and a kernel of the distribution" {
	[ "$(id -u)" -eq 0 ]
	[ "$(uname -n)" = vm ]
	[ -e "/lib/modules/$(uname -r)/modules.dep" ]
	[ -z "$(ls -A /etc/wireguard)" ]
	[ "$(stat -c %a /etc/wireguard)" = 700 ]
	for dir in /tmp /run /root /etc /var/tmp /dev/shm; do
		touch "$dir/wgq-selftest"
		rm "$dir/wgq-selftest"
	done
	[ -c /dev/net/tun ] || modprobe tun
	[ -e /sys/fs/cgroup/cgroup.controllers ]
	[ "$(cat /proc/sys/kernel/random/entropy_avail)" -ge 256 ]
	# Only lo: nothing here reaches a network.
	[ "$(ls /sys/class/net)" = lo ]
}

@test "a link carries packets of both families" {
	can_ping a 192.0.2.2
	can_ping b 2001:db8::1
	cannot_ping a 192.0.2.3
	run ! can_ping a 192.0.2.3
	run ! cannot_ping a 192.0.2.2
}

@test "TCP arrives where something listens, and only there" {
	tcp_serve b 192.0.2.2 8080
	tcp_serve b 2001:db8::2 8080
	can_tcp a 192.0.2.2 8080
	can_tcp a 2001:db8::2 8080
	cannot_tcp a 192.0.2.2 8081
	run ! can_tcp a 192.0.2.2 8081
	run ! cannot_tcp a 192.0.2.2 8080
}

@test "a third host is reached by default routes and forwarding" {
	host_add c
	link b c "198.51.100.1/24 2001:db8:1::1/64" \
		"198.51.100.2/24 2001:db8:1::2/64"
	default_via a 192.0.2.2 2001:db8::2
	default_via c 198.51.100.1 2001:db8:1::1
	cannot_ping a 198.51.100.2
	forwarding b
	can_ping a 198.51.100.2
	can_ping a 2001:db8:1::2
}

@test "the kernel's WireGuard carries packets, encrypted" {
	tunnels
	can_ping a 10.9.0.2
	[ "$(in_ns a wg show wg0 latest-handshakes | cut -f 2)" -gt 0 ]
	# Without the peer's key there is no way through.
	in_ns b wg set wg0 peer "$(cat "$BATS_TEST_TMPDIR/a.pub")" remove
	cannot_ping a 10.9.0.2
}

@test "nf_tables refuses packets" {
	in_ns b nft -f - <<-END
	table inet t {
		chain in {
			type filter hook input priority 0; policy accept;
			icmp type echo-request counter drop
		}
	}
	END
	cannot_ping a 192.0.2.2
	can_ping a 2001:db8::2
	in_ns b nft flush ruleset
	can_ping a 192.0.2.2
}

@test "iptables refuses packets, by either backend" {
	for program in iptables-nft iptables-legacy; do
		in_ns b "$program" -A INPUT -p icmp -j DROP
		cannot_ping a 192.0.2.2
		in_ns b "$program" -D INPUT -p icmp -j DROP
		can_ping a 192.0.2.2
	done
}

@test "two snapshots of one state are the same" {
	tunnels
	in_ns a nft add table inet t
	in_ns a iptables-legacy -A INPUT -p icmp -j ACCEPT
	can_ping a 10.9.0.2
	snapshot a "$BATS_TEST_TMPDIR/1"
	can_ping a 10.9.0.2
	can_ping a 192.0.2.2
	snapshot a "$BATS_TEST_TMPDIR/2"
	assert_same_snapshot "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
	# None of its parts is empty that should not be.
	for part in links addresses 'routes, IPv4' 'routes, IPv6' \
		'rules, IPv4' 'rules, IPv6' nf_tables 'iptables, legacy' \
		WireGuard files sysctls; do
		grep -A 1 "^== $part\$" "$BATS_TEST_TMPDIR/1" | sed -n 2p |
			grep -qv '^=='
	done
	[ "$(sed '1,/^== sysctls/d' "$BATS_TEST_TMPDIR/1" | wc -l)" -gt 400 ]
}

@test "the same host, built again, has the same snapshot" {
	tunnels
	snapshot a "$BATS_TEST_TMPDIR/1"
	net_reset
	host_add a b
	link a:eth0 b:eth0 "192.0.2.1/24 2001:db8::1/64" \
		"192.0.2.2/24 2001:db8::2/64"
	tunnel a 10.9.0.1/24 b 10.9.0.2/32 192.0.2.2
	snapshot a "$BATS_TEST_TMPDIR/2"
	assert_same_snapshot "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
}

@test "a snapshot sees links, addresses, routes, rules and neighbours" {
	snapshot a "$BATS_TEST_TMPDIR/before"
	ip -n a link set eth0 mtu 1400
	ip -n a address add 192.0.2.9/32 dev eth0
	ip -n a route add 10.1.0.0/16 via 192.0.2.2 table 51820
	ip -n a -6 route add fd00:1::/64 via 2001:db8::2 dev eth0 table 77
	ip -n a rule add not fwmark 51820 table 51820
	ip -n a -6 rule add table main suppress_prefixlength 0
	ip -n a neigh add 192.0.2.7 lladdr 02:00:00:00:00:01 dev eth0
	sees "eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400" \
		"was: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500" \
		"eth0 inet 192.0.2.9/32" \
		"unicast 10.1.0.0/16 via 192.0.2.2 dev eth0 table 51820" \
		"unicast fd00:1::/64 via 2001:db8::2 dev eth0 table 77" \
		"32765:	not from all fwmark 0xca6c lookup 51820" \
		"32765:	from all lookup main suppress_prefixlength 0" \
		"192.0.2.7 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT" \
		"ipv6/conf/eth0/mtu = 1400"
}

@test "a snapshot sees firewalls of either backend" {
	snapshot a "$BATS_TEST_TMPDIR/before"
	in_ns a nft add table ip wg-quick-wg0
	in_ns a iptables-nft -A FORWARD -i wg0 -j ACCEPT
	in_ns a iptables-legacy -A FORWARD -i wg0 -j ACCEPT
	in_ns a ip6tables-legacy -t mangle -A FORWARD -i wg1 -j ACCEPT
	sees "table ip wg-quick-wg0 {" "table ip filter {" "*filter" \
		"-A FORWARD -i wg0 -j ACCEPT" "*mangle" \
		"-A FORWARD -i wg1 -j ACCEPT"
	cp "$BATS_TEST_TMPDIR/after" "$BATS_TEST_TMPDIR/before"
	in_ns a iptables-legacy -D FORWARD -i wg0 -j ACCEPT
	sees "was: -A FORWARD -i wg0 -j ACCEPT"
}

@test "a snapshot sees WireGuard, sysctls and files" {
	tunnels
	snapshot a "$BATS_TEST_TMPDIR/before"
	in_ns a wg set wg0 fwmark 51820
	in_ns a sysctl -q net.ipv4.conf.all.src_valid_mark=1
	in_ns a sysctl -q net.ipv4.ip_forward=1
	echo x >/etc/wireguard/wg0.conf
	mkdir -p /run/wgq
	echo y >/run/wgq/wg0
	echo nameserver 192.0.2.1 >>/etc/resolv.conf
	sees "FwMark = 0xca6c" "ipv4/conf/all/src_valid_mark = 1" \
		"was: ipv4/ip_forward = 0" "ipv4/ip_forward = 1" \
		"/etc/wireguard/wg0.conf f 600 root:root" "/run/wgq/wg0 f" \
		"resolv.conf: nameserver 192.0.2.1"
	cp "$BATS_TEST_TMPDIR/after" "$BATS_TEST_TMPDIR/before"
	chmod 640 /etc/wireguard/wg0.conf
	echo z >/run/wgq/wg0
	ln -sf /run/nowhere /etc/resolv.conf
	sees "/etc/wireguard/wg0.conf f 640 root:root" \
		"$(echo z | sha256sum | cut -d ' ' -f 1)" \
		"was: resolv.conf: nameserver 192.0.2.1" \
		"/etc/resolv.conf l 777 root:root /run/nowhere"
	rm -r /etc/wireguard/wg0.conf /run/wgq
}

@test "a snapshot fails where it cannot read a part" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	for program in ip nft wg; do
		ln -s /bin/false "$BATS_TEST_TMPDIR/bin/$program"
		run env PATH="$BATS_TEST_TMPDIR/bin:$PATH" bash -c \
			'. "$0/../lib/net.bash"; snapshot vm /dev/null' \
			"$BATS_TEST_DIRNAME"
		[ "$status" -ne 0 ]
		rm "$BATS_TEST_TMPDIR/bin/$program"
	done
}

@test "nothing of a host is left after net_reset" {
	in_ns a sleep 1000 3>&- &
	wait_for 10 sh -c 'ip netns pids a | grep -q .'
	pid=$(ip netns pids a)
	kill -0 "$pid"
	net_reset
	[ -z "$(ip netns list)" ]
	run ! kill -0 "$pid"
	[ "$(ls /sys/class/net)" = lo ]
}
