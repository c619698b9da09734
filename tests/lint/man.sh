#!/bin/sh
# The man pages are there and lint clean.  Cross-references to pages of ours
# must exist; those to other systems' pages are not looked up.
set -eu
src=${top_srcdir:-.}
command -v mandoc >/dev/null ||
    { echo "no mandoc: install the Debian package mandoc"; exit 1; }
out=$(mandoc -T lint -W style "$src"/doc/man/*.[1-8] 2>&1 |
    grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' || :)
[ -z "$out" ] || { echo "$out"; exit 1; }
bad=0
for page in "$src"/doc/man/*.[1-8]; do
	for x in $(sed -n 's/^\.Xr \(skep[a-z.-]*\) \([0-9]\).*/\1.\2/p' "$page"); do
		[ -e "$src/doc/man/$x" ] ||
		    { echo "${page##*/}: refers to $x, which is not there"; bad=1; }
	done
done
exit $bad
