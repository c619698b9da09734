#!/bin/sh
# bench_cli - what skep-bench promises on its command line.
set -u

bench=${top_builddir:-.}/skep-bench
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
good=0 bad=0

# check NAME CONDITION...
check() {
	name=$1
	shift
	if "$@"; then
		good=$((good + 1))
	else
		bad=$((bad + 1))
		echo "FAIL: $name"
		sed 's/^/  out: /' "$tmp/out" | head -n 5
		sed 's/^/  err: /' "$tmp/err" | head -n 5
	fi
}

# run ARG...: leaves $status, out and err
run() {
	status=0
	"$bench" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
}

says() { grep -q -e "$2" "$tmp/$1"; }
is_empty() { ! [ -s "$tmp/$1" ]; }

run list
check 'list ends well' [ $status = 0 ]
for c in cache fiber http spawn; do
	check "list names $c" says out "^$c "
done

run --version
check 'it tells its version' says out '^skep-bench [0-9]'
check 'and ends well' [ $status = 0 ]

run nosuch
check 'an unknown case is a usage error' [ $status = 2 ]
check 'it is named' says err nosuch
run
check 'no case is a usage error' [ $status = 2 ]
run --rounds 8 fiber
check 'fewer than nine rounds are refused' [ $status = 2 ]

run --json --rounds 9 --iterations 3 --save "$tmp/saved" --gate fiber
check 'a case ends well' [ $status = 0 ]
for f in bench case value unit runs min max against ratio aim met; do
	check "a row has $f" says out "^ *\"$f\": "
done
check 'the array is all there is' \
    [ "$(head -n 1 "$tmp/out")$(tail -n 1 "$tmp/out")" = '[]' ]
check 'the aim stands as in the table' says out '"aim": "<=30"'
check 'nine rounds were made' says out '"runs": 9'

run --rounds 9 --iterations 3 --compare "$tmp/saved" fiber
check 'saved results can be compared with' says out '(ratio) a fiber switch'
run --rounds 9 --iterations 3 --compare /nonexistent fiber
check 'results that are not there are an error' [ $status = 1 ]
check 'before anything is measured' is_empty out
run --rounds 9 --iterations 3 --save /nonexistent/saved fiber
check 'rows that cannot be saved are an error' [ $status = 1 ]
check 'which names the file' says err '^skep-bench: /nonexistent/saved: No such'
check 'and comes before anything is measured' is_empty out
run --rounds 9 --iterations 3 --save "$tmp" fiber
check 'a directory is none to save in' says err 'Is a directory'
check 'and nothing is left of the attempt' [ -z "$(ls "$tmp".* 2>/dev/null)" ]

# In the time that this case needs to fill its table it is ended.
run --json --timeout 1 cache
check 'a case that takes too long fails' [ $status = 1 ]
check 'and says so' says err 'too long'
check 'and leaves no half array' is_empty out

# A peer that is missing, where we may hide it.
nginx=$(command -v nginx || echo /usr/sbin/nginx)
if [ -x "$nginx" ] && unshare -m true 2>/dev/null; then
	status=0
	unshare -m sh -c 'mount --bind /dev/null "$1" && exec "$2" --json http' \
	    sh "$nginx" "$bench" >"$tmp/out" 2>"$tmp/err" || status=$?
	check 'a missing peer is an error' [ $status = 1 ]
	check 'its package is named' says err 'Debian package nginx-light'
	check 'no row stands without it' is_empty out
fi

echo "$good passed, $bad failed, 0 skipped"
[ $bad = 0 ]
