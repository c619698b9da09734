#!/bin/sh
# The README's command: what --once shows, that a taken port is named, and that
# nothing is left after TERM.  It must not build: the tree is being tested.
set -eu
top=$(cd "${top_srcdir:-.}" && pwd)
[ "$top" = "$(cd "${top_builddir:-.}" && pwd)" ] ||
    { echo "skip: this is not a build in the checkout"; exit 77; }
command -v curl >/dev/null ||
    { echo "no curl: install the Debian package curl"; exit 1; }
tmp=$(mktemp -d)
pid='' second=''
finish() {
	for p in $pid $second; do
		kill -KILL "$p" 2>/dev/null || :
	done
	rm -rf "$tmp"
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

# Both the services' user, who owns the checkout, and we have to get in.
mkdir "$tmp/run"
chmod 755 "$tmp"
[ "$(id -u)" != 0 ] || chown "$(stat -c %u "$top")" "$tmp/run"
export XDG_RUNTIME_DIR="$tmp/run"
qs() {
	sh "$top/contrib/quickstart.sh" --no-build "$@"
}

# wait_ready PID LOG: until it serves
wait_ready() {
	tries=0
	until grep -q 'group ready' "$2"; do
		tries=$((tries + 1))
		if [ "$tries" -gt 300 ] || ! kill -0 "$1" 2>/dev/null; then
			cat "$2"
			echo "FAIL: it does not start"
			exit 1
		fi
		sleep 0.1
	done
}

# --once
status=0
qs --once >"$tmp/out" 2>"$tmp/err" || status=$?
[ "$status" = 0 ] || cat "$tmp/err"
expect '--once exits 0' [ "$status" = 0 ]
expect 'it shows a quote' grep -q \
    '"symbol":"AAPL","date":"2017-12-29".*"close":169.23' "$tmp/out"
expect 'it shows a cached answer' grep -q '^X-Cache: HIT' "$tmp/out"
expect 'it is ready' grep -q '"ready":true' "$tmp/out"
expect 'it shows the status' grep -q 'web.1' "$tmp/out"
expect 'it cleans up' [ -z "$(ls "$tmp/run")" ]

# What cannot be
status=0
qs nosuch >"$tmp/out" 2>&1 || status=$?
expect 'an unknown plugin is usage' [ "$status" = 2 ]
expect 'it is named' grep -q '"nosuch"' "$tmp/out"
status=0
qs --port 99999999 >"$tmp/out" 2>&1 || status=$?
expect 'a port that is none is usage' [ "$status" = 2 ]

status=0
qs --port 99999 >"$tmp/out" 2>&1 || status=$?
expect 'so is one too high' [ "$status" = 2 ]
expect 'it is named before anything else' \
    [ "$(cat "$tmp/out")" = 'quickstart.sh: 99999 is no port' ]

# TERM as soon as there is something to clean up.
mkdir "$tmp/bin"
cat >"$tmp/bin/mkdir" <<SHIM
#!/bin/sh
$(command -v mkdir) "\$@" && kill -TERM \$PPID
SHIM
chmod +x "$tmp/bin/mkdir"
status=0
PATH=$tmp/bin:$PATH qs --once >"$tmp/out" 2>&1 || status=$?
expect 'TERM ends it at any time' [ "$status" = 143 ]
expect 'and it cleans up' [ -z "$(ls "$tmp/run")" ]

# In the foreground; exec keeps the pid.
(exec sh "$top/contrib/quickstart.sh" --no-build --port 0 --admin-port 0) \
    >"$tmp/out" 2>"$tmp/err" &
pid=$!
wait_ready "$pid" "$tmp/err"
port=$(sed -n 's/.*listening address=127.0.0.1:\([0-9]*\) option=group.*/\1/p' \
    "$tmp/err")
expect 'it says what to try' grep -q \
    "curl 'http://127.0.0.1:$port/v1/quotes/AAPL'" "$tmp/out"
expect 'what it says is so' curl -fsS -o "$tmp/page" --retry 9 \
    --retry-delay 1 --retry-connrefused --max-time 10 \
    "$(sed -n "s|.*curl '\(http://[^ ]*/readyz\)'|\1|p" "$tmp/out")"
status=0
qs --port "$port" --admin-port 0 >"$tmp/out" 2>&1 || status=$?
expect 'a taken port is an error' [ "$status" = 1 ]
expect 'it names the port' grep -q "port $port is taken" "$tmp/out"
expect 'and the option' grep -q -e '--port N' "$tmp/out"
status=0
qs --admin-port "$port" --port 0 >"$tmp/out" 2>&1 || status=$?
expect 'the same for the admin port' grep -q -e '--admin-port N' "$tmp/out"

# A second one, with other ports.
(exec sh "$top/contrib/quickstart.sh" --no-build --port 0 --admin-port 0) \
    >"$tmp/out2" 2>"$tmp/err2" &
second=$!
wait_ready "$second" "$tmp/err2"
kill -TERM "$second"
status=0
wait "$second" || status=$?
second=
expect 'a second one runs beside it' [ "$status" = 0 ]

children=$(ps -o pid= --ppid "$pid" | tr '\n' ' ')
before=$(date +%s)
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
expect 'TERM ends it in order' [ "$status" = 0 ]
expect 'within 10 seconds' [ $(($(date +%s) - before)) -le 10 ]
for child in $children; do
	expect "process $child has ended" [ ! -d "/proc/$child" ]
done
pid=
echo "$good passed, $bad failed, 0 skipped"
[ "$bad" = 0 ]
