#!/bin/sh
# quickstart.sh - from a checkout to a running service in one command.
#
#	contrib/quickstart.sh [NAME] [--port N] [--admin-port N] [--once]
#	    [--no-build]
#
# Installs the Debian packages that the build needs where they are missing,
# builds in the checkout, and becomes skepd with workers/NAME/NAME.conf (market
# when left out).  Those with a --port of their own run beside each other; 0 is
# one that is free.  Ctrl-C ends it.
#
# --once starts it on free ports, makes the example requests, shows their
# answers and the status, and stops.  --no-build takes what is built already.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/contrib/build.sh"

usage() {
	echo "usage: quickstart.sh [NAME] [--port N] [--admin-port N] [--once]" \
	    "[--no-build]"
	printf 'NAME is one of:'
	for conf in "$top"/workers/*/*.conf; do
		printf ' %s' "$(basename "$conf" .conf)"
	done
	echo
}

name=market once=0 build=1 port='' admin_port=''
while [ $# -gt 0 ]; do
	case $1 in
	--once) once=1 ;;
	--no-build) build=0 ;;
	--port | --admin-port)
		case ${2:-} in
		'' | *[!0-9]* | ??????*) usage >&2; exit 2 ;;
		esac
		[ "$2" -le 65535 ] || { say "$2 is no port"; exit 2; }
		if [ "$1" = --port ]; then port=$2; else admin_port=$2; fi
		shift ;;
	--help) usage; exit 0 ;;
	-* | */*) usage >&2; exit 2 ;;
	*) name=$1 ;;
	esac
	shift
done
here=$top/workers/$name
conf=$here/$name.conf
[ -f "$conf" ] || { say "there is no plugin \"$name\""; usage >&2; exit 2; }

# What the file says of the addresses: "web 127.0.0.1 8080", "admin ...".
listeners() {
	awk '
	/^[ \t]*#/ { next }
	$1 == "group" { section = $2 }
	$1 == "admin" { section = "admin" }
	$1 == "listen" && match($0, /"[^"]*"/) {
		address = substr($0, RSTART + 1, RLENGTH - 2)
		n = match(address, /:[0-9]+$/)
		print section, substr(address, 1, n - 1), \
		    substr(address, n + 1)
	}' "$conf"
}

# Whether something listens on a port; the kernel's table has it in hex.
is_taken() {
	awk -v hex="$(printf ':%04X' "$1")" '
		$4 == "0A" && substr($2, length($2) - 4) == hex { found = 1 }
		END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# For port 0: URLs and the runtime directory want the number before skepd runs.
# $1: a port that will be taken, too.
free_port() {
	try=$((20000 + $$ % 10000))
	while [ "$try" = "$1" ] || is_taken "$try"; do
		try=$((try + 1))
	done
	echo "$try"
}

free_or_die() {
	! is_taken "$1" || die "port $1 is taken: choose another with $2 N"
}

# The services' user: who owns the checkout, so that root does not serve.
user=$(id -u)
[ "$user" != 0 ] || user=$(stat -c %u "$top")

# A directory nobody else can have prepared for us.
own_dir() {
	[ -d "$1" ] || mkdir -m 700 "$1" || die "cannot make $1"
	[ "$(id -u)" != 0 ] || chown "$user" "$1"
	[ ! -L "$1" ] && [ "$(stat -c %u "$1")" = "$user" ] ||
	    die "$1 belongs to somebody else"
}

# XDG_RUNTIME_DIR may be that of another user, after su or sudo.
base=${XDG_RUNTIME_DIR:-/nowhere}
if [ ! -d "$base" ] || [ "$(stat -c %u "$base")" != "$user" ]; then
	base=/tmp
	[ "$(id -u)" != 0 ] || [ ! -d /run ] || base=/run
fi

if [ "$build" = 1 ]; then
	# shellcheck disable=SC2086
	need_packages $build_packages "$(compiler_package)"
	[ "$once" = 0 ] || need_packages curl
	build_tree
fi

pid=
finish() {
	if [ -n "$pid" ]; then
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	fi
	rm -rf "$run"
}
if [ "$once" = 1 ]; then
	# Only a name: what is made later, the traps find.
	run=$(mktemp -u "$base/skep-once.XXXXXX")
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	port=${port:-0} admin_port=${admin_port:-0}
else
	[ "$port" != 0 ] || port=$(free_port "$admin_port")
	[ "$admin_port" != 0 ] || admin_port=$(free_port "$port")
	# All use one state, which the service can share; each runs apart.
	run=$base/skep-$user-$name
fi
run_dir=$run/run${port:+-$port}
set -- -c "$conf" -o "skepd.run_dir=$run_dir" -o "skepd.state_dir=$run/state" \
    -o "skepd.plugin_dir=$top/.libs" -o "skepd.libexec_dir=$top"
[ "$(id -u)" != 0 ] || set -- "$@" -o "skepd.user=$(stat -c %U "$top")"
[ ! -d "$here/data" ] || set -- "$@" -o "plugin.$name.data=$here/data"
while read -r section host number; do
	case $section in
	admin)
		[ -z "$admin_port" ] || number=$admin_port
		free_or_die "$number" --admin-port
		set -- "$@" -o "admin.listen=$host:$number" ;;
	*)
		[ -z "$port" ] || number=$port
		free_or_die "$number" --port
		set -- "$@" -o "group.$section.listen=$host:$number"
		url=$host:$number ;;
	esac
	[ "$section" != admin ] || admin=$host:$number
done <<LISTENERS
$(listeners)
LISTENERS

own_dir "$run"
own_dir "$run_dir"
own_dir "$run/state"

# The examples: "GET PATH" or "POST PATH BODY" a line.
curl_line() {
	case $1 in
	GET) echo "curl 'http://$url$2'" ;;
	POST) echo "curl 'http://$url$2' -d '$3'" ;;
	esac
}

if [ "$once" = 0 ]; then
	echo "starting $name on $url; once it says that it is ready, try:"
	while read -r method path body; do
		echo "  $(curl_line "$method" "$path" "$body")"
	done <"$here/examples"
	echo "  curl 'http://$admin/readyz'"
	echo "  '$top/skepctl' -s '$run_dir/control.sock' status"
	echo "Ctrl-C stops it."
	exec "$top/skepd" "$@"
fi

# --once: the log goes to a file, which also tells the ports.
log=$run/log
"$top/skepd" "$@" >"$log" 2>&1 &
pid=$!

fail() {
	cat "$log" >&2
	die "$@"
}

tries=0
until grep -q 'group ready' "$log"; do
	kill -0 "$pid" 2>/dev/null || fail "skepd ended"
	tries=$((tries + 1))
	[ "$tries" -le 300 ] || fail "not ready after 30 seconds"
	sleep 0.1
done

bound() {
	sed -n "s/.*listening address=\"*\([^ \"]*\)\"* .*option=\"*$1.*/\1/p" \
	    "$log" | tail -n 1
}
url=$(bound group)
admin=$(bound admin)
# The keeper hears from the master that all is ready, a moment later.
ask() {
	curl -sS --fail-with-body --max-time 10 "$@" </dev/null ||
	    fail "that failed"
	echo
}
tries=0
until curl -fsS -o /dev/null --max-time 10 "http://$admin/readyz" \
    2>/dev/null; do
	tries=$((tries + 1))
	[ "$tries" -le 100 ] || fail "not ready after 10 seconds"
	sleep 0.1
done
while read -r method path body; do
	echo "\$ $(curl_line "$method" "$path" "$body")"
	case $method in
	GET) ask "http://$url$path" ;;
	POST) ask "http://$url$path" -d "$body" ;;
	esac
done <"$here/examples"
read -r method path body <"$here/examples"
echo "\$ curl -i 'http://$url$path'"
ask -i "http://$url$path"
echo "\$ curl 'http://$admin/readyz'"
ask "http://$admin/readyz"
echo "\$ skepctl status"
"$top/skepctl" -s "$run_dir/control.sock" status || fail "that failed"

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
[ "$status" = 0 ] || fail "skepd ended with $status"
