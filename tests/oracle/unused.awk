# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names exceptions that no case needed in a full run.  In `excepted` files the
# first field is the number of the exception's line.
FNR == NR {
	if ($0 !~ /^#/ && $0 != "")
		line[FNR] = $0
	next
}
{ used[$1] = 1 }
END {
	for (n in line) {
		if (!(n in used)) {
			split(line[n], field, "\t")
			printf "exceptions.tsv:%d: not needed: %s %s\n", n,
				field[1], field[4]
		}
	}
}
