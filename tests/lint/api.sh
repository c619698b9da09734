#!/bin/sh
# Every call that the public headers declare is there for plugins, and nothing
# else of skep-worker is.
set -eu
src=${top_srcdir:-.} build=${top_builddir:-.}
bin=$build/skep-worker
[ -x "$bin" ] || { echo "skip: $bin is not built"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Declarations as the preprocessor leaves them, without inline functions.
for h in "$src"/include/skep/*.h; do
	${CC:-cc} -E -P -I"$src/include" "$h"
done | tr '\n' ' ' | sed 's/static inline [^{]*{[^}]*}//g; s/[;{}]/\n/g' |
    sed -n '/typedef/d; s/.*[ *]\(skep_[a-z0-9_]*\) *(.*/\1/p' | sort -u >"$tmp/declared"
nm -D --defined-only "$bin" | awk '$2 ~ /[TtWw]/ { print $3 }' |
    sort -u >"$tmp/exported"

rc=0
# A sanitizer's own symbols begin with an underscore.
if grep -v -e '^skep_' -e '^_' "$tmp/exported"; then
	echo "skep-worker exports what is not its plugin interface"
	rc=1
fi
if comm -23 "$tmp/declared" "$tmp/exported" | grep .; then
	echo "declared in include/skep and not exported"
	rc=1
fi
if comm -13 "$tmp/declared" "$tmp/exported" | grep .; then
	echo "exported and not declared in include/skep"
	rc=1
fi
n=$(wc -l <"$tmp/declared")
[ "$n" -ge 50 ] || { echo "only $n declarations found: is this script right?"; rc=1; }
exit $rc
