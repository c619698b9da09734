#!/bin/sh
# Every public header compiles alone, as C11 and as C++17, without a warning;
# every other header compiles alone as the C that the project uses.
set -eu
src=${top_srcdir:-.} build=${top_builddir:-.}
cc=${CC:-cc}
case $cc in
*clang*) cxx=clang++ ;;
*) cxx=g++ ;;
esac
command -v $cxx >/dev/null || { echo "no $cxx: install the Debian package g++ (or clang)"; exit 1; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
warn="-Wall -Wextra -Wpedantic -Werror"

for h in "$src"/include/skep/*.h "$src"/shm/skep-shm.h; do
	case $h in
	*/skep-shm.h) name=skep-shm.h ;;
	*) name=skep/${h##*/} ;;
	esac
	printf '#include <%s>\n#include <%s>\nint lint_%s;\n' "$name" "$name" x >"$tmp/a.c"
	cp "$tmp/a.c" "$tmp/a.cc"
	$cc -std=c11 $warn -I"$src/include" -I"$src/shm" -c "$tmp/a.c" -o "$tmp/a.o" || { echo "$name: not C11 alone"; bad=1; }
	$cxx -std=c++17 $warn -I"$src/include" -I"$src/shm" -c "$tmp/a.cc" -o "$tmp/a.o" || { echo "$name: not C++17 alone"; bad=1; }
done

# The names of the build's own directories, as in Makefile.am.
for h in "$src"/shm/*.h "$src"/src/*/*.h; do
	[ -e "$h" ] || continue
	d=${h%/*}
	case $h in
	*_int.h) continue ;;
	esac
	set -- -I"$build" -I"$d" -I"$src/shm" -I"$src/src/base" \
	    -I"$src/src/ipc" -I"$src/include"
	printf '#include "%s"\nint lint_x;\n' "${h##*/}" >"$tmp/a.c"
	$cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror "$@" -c "$tmp/a.c" -o "$tmp/a.o" ||
	    { echo "${h#"$src"/}: does not compile alone"; bad=1; }
done
exit $bad
