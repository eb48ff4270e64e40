# SPDX-License-Identifier: GPL-2.0-or-later
#
# An exception that would let anything through is a mistake in the list.
BEGIN { FS = "\t" }
/^#/ || /^$/ { next }
NF != 5 || $5 == "" { bad("needs five fields, the last being the reason") }
NF == 5 && ("" ~ $4 || "-x" ~ $4 || "+x" ~ $4) { bad("matches any line") }
END { exit failed }

function bad(why)
{
	printf "%s:%d: %s\n", FILENAME, FNR, why >"/dev/stderr"
	failed = 1
}
