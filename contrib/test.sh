#!/bin/sh
# test.sh - install what the tests need, build with warnings as errors, run the
# whole suite.  The last line is "N passed, N failed, N skipped", counted in
# single tests; the exit status is 0 only when none failed.
#
# A test that lacks something this script could have installed has failed.
# Only what the kernel does not offer may be skipped; such a test says
# "skip: kernel: WHAT" and is listed by name.
#
#   CC=clang contrib/test.sh     another compiler
#   contrib/test.sh --long       also the suites that take minutes
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/contrib/build.sh"

target=check
case ${1:-} in
'') ;;
--long) target=check-long ;;
*) echo "usage: test.sh [--long]" >&2; exit 2 ;;
esac

test_packages='check g++ curl sqlite3 spin mandoc prometheus nginx-light procps'

# shellcheck disable=SC2086
need_packages $build_packages "$(compiler_package)" $test_packages
build_tree --enable-werror

cd "$top"
say "building the tests"
make -j"$(jobs_at_once)" check TESTS= >build-aux/quiet.log 2>&1 ||
    { tail -n 40 build-aux/quiet.log >&2; die "the tests do not build"; }

say "running the suite"
find . -name '*.trs' -exec rm -f {} +
status=0
make "$target" || status=$?
# What root has made in another's checkout, its owner could not make again.
[ "$(id -u)" != 0 ] || [ "$(stat -c %u .)" = 0 ] ||
    find . -user root -exec chown -h "$(stat -c %u:%g .)" {} +

# A Check program counts its own tests; a script may end with the same line as
# this one; anything else is one test with the harness's verdict.
find . -name '*.trs' | sort | while read -r trs; do
	name=${trs#./}
	name=${name%.trs}
	awk -v name="$name" '
	FILENAME ~ /\.trs$/ {
		if ($1 == ":test-result:")
			verdict = $2
		next
	}
	/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
		gsub(",", "")
		bad += $5 + $7
		good += $3 - $5 - $7
		counted = 1
	}
	/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
		good += $1
		bad += $3
		skip += $5
		counted = 1
	}
	/^skip: / { why = $0 }
	END {
		if (verdict == "SKIP") {
			good = bad = skip = 0
			if (why ~ /^skip: kernel: /)
				skip = 1
			else {
				bad = 1
				print "unskippable: " name ": " why \
				    > "/dev/stderr"
			}
		} else if (verdict == "PASS" || verdict == "XFAIL") {
			if (!counted)
				good = 1
		} else if (!bad)
			bad = 1	# it died, or failed without a count
		if (bad)
			print "failed: " name > "/dev/stderr"
		if (skip)
			print "skipped: " name ": " why > "/dev/stderr"
		print good + 0, bad + 0, skip + 0
	}' "$trs" "${trs%.trs}.log"
done >build-aux/counts

awk -v status="$status" '
	{ good += $1; bad += $2; skip += $3 }
	END {
		# The harness may fail where no test did: that is a failure too.
		if (status != 0 && bad == 0)
			bad = 1
		if (good + bad + skip == 0)
			bad = 1
		printf "%d passed, %d failed, %d skipped\n", good, bad, skip
		exit bad != 0
	}' build-aux/counts
