#!/bin/sh
# Processes that miss the same keys, killed and stopped: 3 s, 60 s in check-long.
seconds=3
[ -z "${SKEP_LONG:-}" ] || seconds=60
exec "${top_builddir:-.}/stress_flight" $seconds 1
