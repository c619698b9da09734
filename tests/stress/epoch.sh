#!/bin/sh
# epoch.sh - the torture of shm/epoch in both modes, and the litmus of its
# barrier; and the proof that they would notice: with writers that do not wait,
# and with a stamp without its barrier, they must see it.
set -eu
stress=${top_builddir:-.}/stress_epoch
"$stress" "$@"
"$stress" --fence --seconds 2
"$stress" --break --seconds 1

litmus=${top_builddir:-.}/litmus_epoch
one() {
	rc=0
	"$litmus" "$@" || rc=$?
	[ $rc -eq 0 ] || [ $rc -eq 77 ] || exit 1
}
one
one --fence
one --no-barrier --rounds 10000000
