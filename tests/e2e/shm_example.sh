#!/bin/sh
# The library by itself: only skep_shm_* is exported, the header compiles alone
# as C and C++, a program outside of the tree's include paths shares a cache
# with others, and what a killed one left is repaired by the next.
set -eu
src=${top_srcdir:-.} build=${top_builddir:-.}
ex=$build/shm_example
dir=$(mktemp -d /dev/shm/skep-example.XXXXXX)
bad=0
fail() { echo "FAIL $*"; bad=1; }

lib=$build/shm/.libs/libskep-shm.so
other=$(nm -D --defined-only "$lib" | awk '{ print $3 }' |
    grep -v '^skep_shm_' || true)
[ -z "$other" ] || fail "exported besides skep_shm_*: $other"
[ "$(nm -D --defined-only "$lib" | grep -c ' skep_shm_')" -ge 13 ] ||
    fail "the library exports too little"

mkfifo "$dir/in"
"$ex" create "$dir/region" 4 <"$dir/in" >"$dir/out" &
pid=$!
exec 3>"$dir/in"
trap 'exec 3>&-; wait $pid || true; rm -rf "$dir"' EXIT
n=0
until grep -q ready "$dir/out"; do
	n=$((n + 1))
	[ $n -lt 200 ] || { echo "no region"; exit 1; }
	sleep 0.05
done

"$ex" set "$dir/region" greeting 'hello there' || fail set
[ "$("$ex" get "$dir/region" greeting)" = 'hello there' ] || fail get
rc=0
"$ex" get "$dir/region" nothing || rc=$?
[ $rc -eq 3 ] || fail "absent is $rc"
# Killed with a place taken; its value stays, the next writer repairs.
rc=0
"$ex" die "$dir/region" last words 2>/dev/null || rc=$?
[ $rc -eq 137 ] || fail "die ended with $rc"
[ "$("$ex" get "$dir/region" last)" = words ] || fail "lost with its writer"
[ "$("$ex" stats "$dir/region")" = 'items=2 taken=1' ] || fail "stats 1"
"$ex" set "$dir/region" third one || fail "set after a death"
[ "$("$ex" stats "$dir/region")" = 'items=3 taken=0' ] ||
    fail "not repaired: $("$ex" stats "$dir/region")"
echo "no region" >"$dir/text"
rc=0
"$ex" get "$dir/text" x 2>"$dir/err" || rc=$?
[ $rc -eq 1 ] && grep -q 'not a skep region' "$dir/err" || fail "any file"
exit $bad
