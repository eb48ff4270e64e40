# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hosts file with every endpoint name of the confs, but for a few that must
# not resolve: those below .invalid, and what people leave in as a placeholder.
BEGIN {
	print "127.0.0.1 localhost"
	print "::1 localhost ip6-localhost"
}
{
	sub(/#.*/, "")
	gsub(/[ \t\r]/, "")
	if (tolower($0) !~ /^endpoint=[^=]*:/)
		next
	sub(/^[^=]*=/, "")
	sub(/:[^:]*$/, "")
	host = tolower($0)
	if (host in seen || host == "localhost" || host ~ /[^a-z0-9.-]/ ||
	    host !~ /[g-z]/ || host ~ /\.(invalid|tld|name)$/)
		next
	seen[host] = 1
	n++
	if (n % 7)
		printf "198.51.100.%d %s\n", n % 250 + 1, host
	else
		printf "2001:db8:5::%d %s\n", n, host
}
