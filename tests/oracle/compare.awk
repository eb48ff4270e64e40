# SPDX-License-Identifier: GPL-2.0-or-later
#
# compare.awk -v name=CASE -v dir=DIR -v exceptions=FILE CONF EXCEPTIONS RAW...
#
# Reads the sandbox's records of one case, removes what no two runs have in
# common, and compares: each phase of b with the same phase of a, and the end
# of the cross uses (ab, ba) with the state after `down` of a.  Where the order
# of lines means something (rules, addresses, an nft ruleset, text) it counts.
#
# Writes DIR/different, DIR/excepted and DIR/stderr, and one summary line to
# stdout.  Exit status: 0 same, 3 every difference is a listed exception,
# 1 different.
function glob(s)
{
	gsub(/[.+(){}^$|\\]/, "\\\\&", s)
	gsub(/\*/, ".*", s)
	gsub(/\?/, ".", s)
	return "^" s "$"
}

function put(section, line)
{
	key = who SUBSEP phase SUBSEP section
	if (!(key in count))
		sections[phase, section] = 1
	item[key, ++count[key]] = line
}

# A random port is one that the conf does not name, in the ephemeral range.
function port(p)
{
	return p >= 32768 && p <= 60999 && !(p in number) ? "random" : p
}

function listen(line)
{
	if (line ~ /^ListenPort = [0-9]+$/)
		line = "ListenPort = " port(substr(line, 14) + 0)
	return line
}

function sorted(list,	part, n, i, j, t)
{
	n = split(list, part, ",")
	for (i = 2; i <= n; i++) {
		t = part[i]
		for (j = i - 1; j > 0 && part[j] > t; j--)
			part[j + 1] = part[j]
		part[j + 1] = t
	}
	list = part[1]
	for (i = 2; i <= n; i++)
		list = list "," part[i]
	return list
}

function network(line)
{
	sub(/ +$/, "", line)
	if (line ~ /^[0-9]+:\t/) {
		put("rule" family, line)
		return
	}
	if (line !~ /^[0-9]+: /) {
		sub(/ linkdown/, "", line)
		put("route" family, line)
		return
	}
	sub(/^[0-9]+: /, "", line)
	if (line ~ /^[^ ]+ +inet6? /) {
		put("addr" family, line)
		return
	}
	# Carrier events reach the link's state a moment later.
	gsub(/,(LOWER_UP|NO-CARRIER|M-DOWN)/, "", line)
	sub(/<NO-CARRIER,/, "<", line)
	sub(/ state [A-Z]+/, "", line)
	if (line ~ / tun type tun /)
		userspace = 1
	sub(/@if[0-9]+:/, "@if:", line)
	put("link", line)
}

function device(line,	f, n)
{
	n = split(line, f, "\t")
	if (n == 5)
		put("wg", f[1] " private " f[2] " public " f[3] " port " \
			port(f[4]) " fwmark " f[5])
	else if (n == 9)
		put("wg", f[1] " peer " f[2] " psk " f[3] " endpoint " f[4] \
			" allowed " sorted(f[5]) " keepalive " f[9])
	else
		put("wg", line)
}

function text(line,	path, at)
{
	at = index(line, ":")
	path = substr(line, 1, at - 1)
	line = substr(line, at + 1)
	if (path ~ /^\/proc\/sys\/net\//) {
		path = substr(path, 11)
		if (path !~ /conntrack_count$|fastopen_key$/)
			put("sysctl", path " = " line)
	} else if (path ~ /^\/run\/oracle\/[^\/]*$/) {
		path = substr(path, 13)
		if (path == "log")
			put(line ~ /^resolvconf / ? "resolvconf" : "stub", line)
		else if (path == "out")
			put("stdout", listen(line))
		else if (path == "err")
			put("stderr", line)
	} else if (path !~ /^\/run\/(wgq|wireguard|resolvconf|oracle\/bin)\//) {
		sub(/^\/mnt/, "", path)
		put("file " path, listen(line))
	}
}

function stat(line,	f)
{
	split(line, f, " ")
	if (f[1] ~ /^\/run\/(wgq|wireguard|resolvconf)(\/|$)/ ||
	    f[1] ~ /^\/run\/oracle/ && f[1] !~ /^\/run\/oracle\/(out$|copy)/ ||
	    f[1] == "/mnt" || f[1] == "/run")
		return
	sub(/^\/mnt/, "", line)
	# A directory has no size, and a random port has no fixed one.
	if (f[2] == "d")
		sub(/ [0-9]+ *$/, "", line)
	if (f[1] == "/run/oracle/out" && phase != "strip")
		return
	put("stat", line)
}

function read_exception(	f)
{
	if ($0 ~ /^#/ || $0 == "")
		return
	split($0, f, "\t")
	if (name !~ glob(f[1]))
		return
	x++
	x_line[x] = FNR
	x_failed[x] = sub(/!$/, "", f[2])
	x_phase[x] = glob(f[2])
	x_what[x] = glob(f[3])
	x_text[x] = f[4]
	x_why[x] = f[5]
}

function report(ph, section, line,	i, what)
{
	what = section
	sub(/ .*/, "", what)
	if (what == "stderr") {
		print ph ": " line >(dir "/stderr")
		messages++
		return
	}
	for (i = 1; i <= x; i++) {
		if (ph ~ x_phase[i] && what ~ x_what[i] &&
		    line ~ x_text[i] &&
		    !(x_failed[i] && item["a", ph, "status", 1] == "0")) {
			excepted++
			print x_line[i] "\t" ph " " section ": " line "\t" \
				x_why[i] >(dir "/excepted")
			return
		}
	}
	different++
	if (different == 1)
		first = ph " " section ": " line
	print ph " " section ": " line >(dir "/different")
}

# @a and @b are keys without the section: one phase of one run each.
function compare(a, b, ph, section,	i, n, m, in_a, in_b, line, moved)
{
	a = a SUBSEP section
	b = b SUBSEP section
	n = count[a]
	m = count[b]
	moved = n != m
	for (i = 1; i <= n || i <= m; i++) {
		if (item[a, i] != item[b, i])
			moved = 1
	}
	if (!moved)
		return
	for (i = 1; i <= n; i++)
		in_a[item[a, i]]++
	for (i = 1; i <= m; i++)
		in_b[item[b, i]]++
	moved = 1
	for (i = 1; i <= n; i++) {
		line = item[a, i]
		if (in_b[line]-- <= 0) {
			report(ph, section, "-" line)
			moved = 0
		}
	}
	for (i = 1; i <= m; i++) {
		line = item[b, i]
		if (in_a[line]-- <= 0) {
			report(ph, section, "+" line)
			moved = 0
		}
	}
	# A userspace WireGuard lists its peers in any order.
	if (moved && section ~ /^(rule|addr|nft|resolvconf|stub|stdout|file)/ &&
	    !(userspace && section ~ /^(stdout|file)/))
		report(ph, section, "~ the order of lines differs")
}

# The conf: the numbers that it names.
FILENAME == conf {
	while (match($0, /[0-9]+/)) {
		number[substr($0, RSTART, RLENGTH) + 0] = 1
		$0 = substr($0, RSTART + RLENGTH)
	}
	next
}

FILENAME == exceptions { read_exception(); next }

FNR == 1 {
	who = FILENAME
	sub(/.*\//, "", who)
	sub(/\.raw$/, "", who)
	ran[who] = 1
}

/^@@ / {
	phase = $2
	part = $3
	family = part == "net6" ? 6 : 4
	if (!((who, phase) in has)) {
		has[who, phase] = 1
		order[who, ++phases[who]] = phase
	}
	next
}

part ~ /^net/ { network($0); next }
part == "wg" { device($0); next }
part == "nft" && $0 == "" { next }
part == "text" { text($0); next }
part == "stat" { stat($0); next }
{ put(part, $0) }

END {
	for (i = 1; i <= phases["a"]; i++) {
		ph = order["a", i]
		all[++n_all] = ph
		seen[ph] = 1
	}
	for (i = 1; i <= phases["b"]; i++) {
		ph = order["b", i]
		if (!(ph in seen))
			all[++n_all] = ph
	}
	n_list = split("status stdout link addr4 addr6 route4 route6 rule4 " \
		"rule6 nft wg sysctl resolvconf stub stat left stderr", list, " ")
	for (i = 1; i <= n_all; i++) {
		ph = all[i]
		if (!(("a", ph) in has) || !(("b", ph) in has)) {
			report(ph, "status", (("a", ph) in has ? "-" : "+") \
				"this phase was reached")
			continue
		}
		both("a" SUBSEP ph, "b" SUBSEP ph, ph, ph)
		if (ph == "harness")
			report(ph, "status", "-the sandbox itself failed")
	}
	if ("ab" in ran)
		cross("ab")
	if ("ba" in ran)
		cross("ba")
	if (phases["a"] < 2)
		report("harness", "status", "-nothing was recorded")
	if (different)
		printf "%d lines differ; ", different
	if (excepted)
		printf "%d lines excepted; ", excepted
	if (messages)
		printf "stderr differs"
	print ""
	exit different ? 1 : excepted ? 3 : 0
}

function both(a, b, ph, sec_phase,	i, k, f)
{
	for (i = 1; i <= n_list; i++)
		compare(a, b, ph, list[i])
	for (k in sections) {
		split(k, f, SUBSEP)
		if ((f[1] == sec_phase || f[1] == "cross") &&
		    f[2] ~ /^file / && !((ph, f[2]) in done)) {
			done[ph, f[2]] = 1
			compare(a, b, ph, f[2])
		}
	}
}

# The two ends of a cross use are one phase later than a's: what the first
# tool asked of the stand-ins does not count.
function cross(w,	ph)
{
	ph = "cross-" w
	if (!((w, "cross") in has))
		report(ph, "status", "-this phase was reached")
	else
		both("a" SUBSEP "down", w SUBSEP "cross", ph, "down")
	if ((w, "harness") in has)
		report(ph, "status", "-the sandbox itself failed")
}
