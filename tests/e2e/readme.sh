#!/bin/sh
# The plugin in README.md: its text compiles without a warning, has at most 40
# lines, and does what it says when an ordinary user types the commands below
# it.  Only what must be is another here: ports that are free, programs and
# headers that are not installed, and a cache that fits any machine.
set -eu
src=$(cd "${top_srcdir:-.}" && pwd)
build=$(cd "${top_builddir:-.}" && pwd)
[ -x "$build/skepd" ] || { echo "skip: skepd is not built"; exit 77; }
dir=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT
good=0 bad=0

expect() {
	what=$1
	shift
	if "$@"; then good=$((good + 1)); else
		echo "FAIL: $what"
		bad=$((bad + 1))
	fi
}

# The block that is fenced with LANGUAGE and has TEXT in it.
block() {
	awk -v language="$1" -v text="$2" '
	$0 == "```" && in_it {
		if (index(all, text))
			printf "%s", all
		in_it = 0
	}
	in_it { all = all $0 "\n" }
	$0 == "```" language { in_it = 1; all = "" }' "$src/README.md"
}

# What an installation would have.
mkdir "$dir/bin" "$dir/include" "$dir/here"
cp "$build/skepd" "$build/skep-worker" "$build/skep-keeper" \
    "$build/skep-mend" "$build/skepctl" "$dir/bin"
cp -R "$src/include/skep" "$dir/include"
sed "s|^includedir=.*|includedir=$dir/include|" \
    "$build/include/skep/skep.pc" >"$dir/skep.pc"

block c 'skep_plugin' >"$dir/here/visits.c"
block conf 'plugin visits' >"$dir/here/visits.conf"
block sh 'skepd -c' >"$dir/commands"
sed -i 's/"127\.0\.0\.1:[0-9]*"/"127.0.0.1:0"/' "$dir/here/visits.conf"
sed '/^skepd /q' "$dir/commands" >"$dir/first"
sed '1,/^skepd /d' "$dir/commands" >"$dir/then"

lines=$(wc -l <"$dir/here/visits.c")
expect "the plugin has 10 to 40 lines, not $lines" \
    [ "$lines" -ge 10 -a "$lines" -le 40 ]
# shellcheck disable=SC2086
expect 'it has no warnings' ${CC:-cc} -std=c11 -pedantic -Wall -Wextra \
    -Werror -shared -fPIC -I"$dir/include" -o "$dir/strict.so" \
    "$dir/here/visits.c"
expect 'the commands come in two parts' [ -s "$dir/first" -a -s "$dir/then" ]

# What runs a command as that user, in his directory.
set -- env -C "$dir/here" HOME="$dir" PATH="$dir/bin:$PATH" \
    PKG_CONFIG_PATH="$dir" SKEP_SKEPD_LIBEXEC_DIR="$dir/bin" \
    SKEP_CACHE_SIZE=16MiB
if [ "$(id -u)" = 0 ]; then
	chown -R 65534:65534 "$dir"
	set -- setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
fi

# Each becomes the next, up to skepd: so it is our child.
sed -i 's/^skepd /exec skepd /' "$dir/first"
"$@" sh -e "$dir/first" >"$dir/log" 2>&1 &
pid=$!
tries=0
until grep -q 'group ready' "$dir/log"; do
	tries=$((tries + 1))
	if [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then
		cat "$dir/log"
		echo "FAIL: it does not start"
		exit 1
	fi
	sleep 0.1
done
port=$(sed -n 's/.*listening address=127.0.0.1:\([0-9]*\) option=group.*/\1/p' \
    "$dir/log")
sed -i "s/127\.0\.0\.1:[0-9]*/127.0.0.1:$port/" "$dir/then"
for i in 1 2 3; do
	"$@" sh -e "$dir/then" >"$dir/out" 2>&1 ||
	    { cat "$dir/out"; expect 'the commands end well' false; }
	expect "visit $i is counted" grep -q "^visit $i\$" "$dir/out"
done
expect 'status shows the workers' grep -q 'web\.2' "$dir/out"

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
expect 'TERM ends it in order' [ "$status" = 0 ]
echo "$good passed, $bad failed, 0 skipped"
[ "$bad" = 0 ]
