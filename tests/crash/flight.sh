#!/bin/sh
# A kill at every point of the ways of flights; more seeds in check-long.
rounds=1
[ -z "${SKEP_LONG:-}" ] || rounds=10
exec "${top_builddir:-.}/crash_flight" $rounds 1
