#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bad input and bad hosts: one clear line, a status, an untouched host.

load ../lib/net
load ../lib/tunnel

setup() {
	tunnel_hosts
	snapshot laptop "$BATS_TEST_TMPDIR/before"
}
teardown() { net_reset; }

untouched() {
	snapshot laptop "$BATS_TEST_TMPDIR/after"
	assert_same_snapshot "$BATS_TEST_TMPDIR"/{before,after}
}

# refused STATUS TEXT: `up wg0` ends with STATUS, its last line holds TEXT.
refused() {
	run in_ns laptop "$WGQ" up wg0
	echo "$output"
	[ "$status" -eq "$1" ]
	[[ ${lines[-1]} = *"$2"* ]]
	rm -f "$CONFS/wg0.conf"
	untouched
}

@test "a key one character short" {
	laptop_conf "10.9.0.0/24"
	sed -i 's/^PublicKey = ./PublicKey = /' "$CONFS/wg0.conf"
	refused 1 "wg0.conf:6: Key is not the correct length or format: \`PublicKey=(hidden)': 43 characters, one too short"
}

@test "no message ever holds a private key" {
	local secret
	secret=$(key laptop)
	laptop_conf "10.9.0.0/24"
	sed -i "s,^PublicKey.*,PrivateKey = $secret," "$CONFS/wg0.conf"
	run in_ns laptop "$WGQ" up wg0
	[ "$status" -eq 1 ]
	[[ $output != *"${secret:0:43}"* ]]
	printf '[Interface]\nPrivateKey = %sx\nPrivatKey = %s\n%s\n' \
		"$secret" "$secret" "$secret" | conf "$CONFS/wg0.conf"
	run in_ns laptop "$WGQ" up wg0
	[ "$status" -eq 1 ]
	[[ $output != *"${secret:0:43}"* ]]
}

@test "an address twice" {
	laptop_conf "10.9.0.0/24" "Address = 10.9.0.2/24"
	refused 2 "wg0.conf:4: File exists: 10.9.0.2/24 was listed before, in line 3"
}

@test "an endpoint name that does not resolve" {
	laptop_conf "10.9.0.0/24"
	sed -i 's/^Endpoint.*/Endpoint = nosuch.invalid:51820/' "$CONFS/wg0.conf"
	export WG_ENDPOINT_RESOLUTION_RETRIES=0
	refused 1 "nosuch.invalid:51820'"
}

@test "a route that exists already, by another interface" {
	in_ns laptop ip route add 10.10.0.0/16 dev eth0 scope link
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	laptop_conf "10.11.0.0/16, 10.10.0.0/16"
	refused 2 "wg0.conf:8: ip -4 route add 10.10.0.0/16 dev wg0: File exists"
}

@test "a listen port that is taken" {
	tunnel_server
	in_ns laptop "$WGQ" up srv
	snapshot laptop "$BATS_TEST_TMPDIR/before"
	laptop_conf "10.10.0.0/16" "ListenPort = 51820"
	refused 2 "Address already in use"
}

@test "NUL bytes, CRLF and no final newline are no obstacle" {
	printf '[Interf\0ace]\r\nPrivateKey = %s\r\nAdd\0ress = 10.9.0.2/24\r\nMTU = 1400' \
		"$(key laptop)" | conf "$CONFS/wg0.conf"
	in_ns laptop "$WGQ" up wg0
	[[ $(in_ns laptop ip -br address show wg0) = *"10.9.0.2/24"* ]]
	in_ns laptop "$WGQ" down wg0
	rm -f "$CONFS/wg0.conf"
	untouched
}

@test "a line of one megabyte" {
	{
		echo "[Interface]"
		head -c 1000000 /dev/zero | tr '\0' x
	} | conf "$CONFS/wg0.conf"
	refused 1 "wg0.conf:2: Line unrecognized"
	[ "${#output}" -lt 1000 ]
}

@test "a hundred thousand peers" {
	{
		printf '[Interface]\nPrivateKey = %s\n' "$(key laptop)"
		awk 'BEGIN { for (i = 0; i < 100000; i++)
			printf "[Peer]\nPublicKey = %s%05dAAAA=\n", \
				"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", i }'
		echo "oops"
	} | conf "$CONFS/wg0.conf"
	refused 1 "wg0.conf:200003: Line unrecognized"
}

@test "no permission" {
	laptop_conf "10.9.0.0/24"
	chmod 644 "$CONFS/wg0.conf"
	chmod 755 "$CONFS"
	run in_ns laptop setpriv --reuid 65534 --clear-groups \
		--inh-caps=-all "$WGQ" up wg0
	echo "$output"
	[ "$status" -eq 1 ]
	[[ ${lines[-1]} = *"root or CAP_NET_ADMIN"* ]]
	rm -f "$CONFS/wg0.conf"
	chmod 700 "$CONFS"
	untouched
}

@test "CAP_NET_ADMIN is enough" {
	laptop_conf "10.10.0.0/16"
	chmod 755 "$CONFS"
	chown 65534 "$CONFS/wg0.conf"
	mkdir -p /run/wgq
	chown 65534 /run/wgq
	chmod 700 /run/wgq
	in_ns laptop setpriv --reuid 65534 --clear-groups \
		--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
		"$WGQ" up wg0
	in_ns laptop setpriv --reuid 65534 --clear-groups \
		--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
		"$WGQ" down wg0
	chmod 700 "$CONFS"
	rm -rf /run/wgq "$CONFS/wg0.conf"
	untouched
}

@test "a full /run" {
	laptop_conf "10.9.0.0/24"
	in_ns laptop unshare -m sh -c '
		mount -t tmpfs -o size=16k tmpfs /run &&
		head -c 16384 /dev/zero >/run/fill
		exec "$@"' sh "$WGQ" up wg0 >"$BATS_TEST_TMPDIR/out" 2>&1 && false
	cat "$BATS_TEST_TMPDIR/out"
	grep -q "/run/wgq.*No space left on device" "$BATS_TEST_TMPDIR/out"
	rm -f "$CONFS/wg0.conf"
	untouched
}

@test "a read-only /run: it comes up, and says what it does without" {
	laptop_conf "10.9.0.0/24"
	run in_ns laptop unshare -m sh -c '
		mount -t tmpfs -o ro tmpfs /run && exec "$@"' sh "$WGQ" up wg0
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output = *"without a journal"* ]]
	in_ns laptop "$WGQ" down wg0
	# What the kernel changed, and no journal could remember.
	in_ns laptop sysctl -qw net.ipv4.conf.all.send_redirects=1
	rm -f "$CONFS/wg0.conf"
	untouched
}

@test "no WireGuard in the kernel, and nothing to take its place" {
	laptop_conf "10.9.0.0/24"
	# strace makes the kernel answer as one without the module would.
	run in_ns laptop env PATH=/nonexistent "$(command -v unshare)" -m \
		"$(command -v sh)" -c 'exec "$@"' sh \
		"$(command -v strace)" -qq -o /dev/null -e trace=sendto \
		-e inject=sendto:retval=0:when=1 "$WGQ" up wg0
	[ "$status" -ne 0 ]
}

@test "/proc/sys read-only: right values are enough, wrong ones fail clean" {
	laptop_conf "0.0.0.0/0"
	local ro='mount -o bind,ro /proc/sys /proc/sys && exec "$@"'
	in_ns laptop sysctl -qw net.ipv4.conf.all.src_valid_mark=1
	in_ns laptop unshare -m sh -c "$ro" sh "$WGQ" up wg0
	in_ns laptop "$WGQ" down wg0
	in_ns laptop sysctl -qw net.ipv4.conf.all.src_valid_mark=0
	in_ns laptop sysctl -qw net.ipv4.conf.all.send_redirects=1
	run in_ns laptop unshare -m sh -c "$ro" sh "$WGQ" up wg0
	echo "$output"
	[ "$status" -eq 1 ]
	[[ ${lines[-1]} = *"src_valid_mark"*"Read-only file system"* ]]
	rm -f "$CONFS/wg0.conf"
	untouched
}
