#!/bin/sh
# bench.sh - install the peers that the cases need, build, run the cases.
#
#	sh contrib/bench.sh http fiber		a table for people
#	sh contrib/bench.sh --json http		an array of rows, and nothing else
#	sh contrib/bench.sh			all cases
#
# Options are passed to skep-bench(1).
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/contrib/build.sh"

# The Debian packages of a case's peers.
peers_of() {
	case $1 in
	http) echo nginx-light ;;
	esac
}

cases=
packages=
value=
for a in "$@"; do
	if [ -n "$value" ]; then
		value=
		continue
	fi
	case $a in
	--save | --compare | --rounds | --warmup | --iterations | --timeout)
		value=yes ;;
	-*) ;;
	*)
		cases="$cases $a"
		packages="$packages $(peers_of "$a")" ;;
	esac
done
[ -n "$cases" ] || packages=nginx-light

# shellcheck disable=SC2086
need_packages $build_packages "$(compiler_package)" $packages
build_tree

if [ -z "$cases" ]; then
	# shellcheck disable=SC2046
	set -- "$@" $("$top/skep-bench" list | awk '{ print $1 }')
fi
exec "$top/skep-bench" "$@"
