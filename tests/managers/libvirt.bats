#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding beside the default network that the real libvirtd lays.  It says
# nothing of other interfaces, and refuses what is new to its guests: that is a
# narrower refusal, which stays.

bats_require_minimum_version 1.5.0
load ../lib/net
load ../lib/tunnel
load ../lib/managers

setup() { managers_setup; }
teardown() { managers_teardown; }

# libvirtd is one daemon here, not one of the many that newer clients look for.
virsh() {
	on virsh -q -c 'network+unix:///system?mode=legacy' "$@"
}

libvirtd_start() {
	on_start libvirtd libvirtd
	ready libvirtd virsh net-list
}

# The default network as its package defines it, and a host on its bridge in
# the place of a guest.
libvirt_up() {
	dbus_start
	# The other drivers look for hardware.
	# shellcheck disable=SC2016
	on sh -c 'cd /usr/lib/x86_64-linux-gnu/libvirt/connection-driver &&
		for f in *; do case $f in *_network.so) ;; *) rm "$f" ;; esac
		done'
	libvirtd_start
	on sh -c 'cat >/root/default.xml' <<-'EOF'
	<network>
	  <name>default</name>
	  <forward mode='nat'/>
	  <bridge name='virbr0' stp='off' delay='0'/>
	  <ip address='192.168.122.1' netmask='255.255.255.0'>
	    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
	  </ip>
	</network>
	EOF
	virsh net-define /root/default.xml
	virsh net-start default
	host_add guest
	link server:vnet0 guest:eth0 "" "192.168.122.2/24"
	ip -n server link set vnet0 master virbr0
	ip -n guest route add default via 192.168.122.1
	tcp_serve guest 192.168.122.2 80
}

libvirt_works() {
	in_ns guest bash -c 'exec 4<>/dev/tcp/192.0.2.2/81'
	cannot_tcp laptop 192.168.122.2 80
	cannot_tcp stranger 192.168.122.2 80
}

# beside BACKEND: of iptables; the admin gave FORWARD a policy.
beside() {
	laptop_conf "10.9.0.0/24, fd00:9::/64, 10.20.0.0/24, fd00:20::/64, \
		192.168.122.0/24"
	machine_up "$1"
	libvirt_up
	on iptables -P FORWARD DROP
	on ip6tables -P FORWARD DROP
	tunnel_up '#wgq OpenPort = any'
	reaches_nothing
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/before"
	tunnel_up "${DIRECTIVES[@]}"
	reaches_all
	stranger_is_refused
	libvirt_works
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/after"
	same_ruleset "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	tunnel_up "${DIRECTIVES[@]}"
	on pkill -TERM -x libvirtd
	wait_for 60 _gone libvirtd
	libvirtd_start
	reaches_all
	stranger_is_refused
	libvirt_works
	tunnel_down
	ruleset "$BATS_TEST_TMPDIR/after"
	run ! grep -e wgq -e srv "$BATS_TEST_TMPDIR/after"
}

@test "libvirt on iptables-nft" { beside nft; }
@test "libvirt on iptables-legacy" { beside legacy; }
