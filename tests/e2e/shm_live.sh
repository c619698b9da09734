#!/bin/sh
# The example program beside a live skepd: it attaches to the daemon's region
# by its path, reads a key that was stored through skepctl, and is not given a
# place to write, for those are the daemon's.
set -eu
build=$(cd "${top_builddir:-.}" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/skep-live.XXXXXX")
region=/dev/shm/${dir##*/}
bad=0
fail() { echo "FAIL $*"; bad=1; }

mkdir "$dir/lib"
for p in skep-worker skep-keeper skep-mend; do
	ln -s "$build/$p" "$dir/lib/$p"
done
user=
[ "$(id -u)" -ne 0 ] || user=root
cat >"$dir/skepd.conf" <<END
skepd {
	user = "$user"
	run_dir = "$dir/run"
	libexec_dir = "$dir/lib"
}
region { path = "$region" }
cache { size = 8MiB }
admin { listen = {"127.0.0.1:0"} }
group web {
	plugin = {"item"}
	listen = {"127.0.0.1:0"}
	start = 1
	min = 1
	max = 1
}
plugin item { file = "$build/.libs/plugin_item.so" }
END
setsid "$build/skepd" -c "$dir/skepd.conf" >"$dir/log" 2>&1 </dev/null &
pid=$!
finish() {
	kill -TERM $pid 2>/dev/null || true
	wait $pid || bad=1
	[ $bad -eq 0 ] || cat "$dir/log"
	rm -rf "$dir"
	exit $bad
}
trap 'bad=1; finish' HUP INT TERM
ctl() { "$build/skepctl" -c "$dir/skepd.conf" "$@"; }

n=0
until ctl cache set greeting 'hello from skepd' >/dev/null 2>&1; do
	n=$((n + 1))
	if [ $n -ge 200 ] || ! kill -0 $pid 2>/dev/null; then
		fail "skepd is not up"
		finish
	fi
	sleep 0.05
done
[ "$("$build/shm_example" get "$region" greeting)" = 'hello from skepd' ] ||
    fail "the key is not there"
"$build/shm_example" set "$region" x y 2>"$dir/err" &&
    fail "an outsider was given a place"
grep -q 'not permitted' "$dir/err" || fail "refused with $(cat "$dir/err")"
"$build/shm_example" stats "$region" | grep -q '^items=1 taken=[2-9]' ||
    fail "stats: $("$build/shm_example" stats "$region")"
finish
