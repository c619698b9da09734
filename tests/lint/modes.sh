#!/bin/sh
# A script of the suite that is not executable cannot run.
set -eu
cd "${top_srcdir:-.}"
bad=0 n=0
for f in tests/*/*.sh contrib/*.sh .ci/run; do
	[ -e "$f" ] || continue
	n=$((n + 1))
	case $(head -c 2 "$f") in
	'#!') [ -x "$f" ] || { echo "$f: begins with #! and is not executable"; bad=1; } ;;
	esac
done
[ $n -gt 5 ] || { echo "looked at $n files only: wrong directory?"; exit 1; }
exit $bad
