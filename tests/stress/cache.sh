#!/bin/sh
# Many processes on one cache, with a checker: 2 s, 60 s in check-long.
seconds=2
[ -z "${SKEP_LONG:-}" ] || seconds=60
exec "${top_builddir:-.}/stress_cache" $seconds 1
