#!/bin/sh
# A kill at every point of the cache's write paths; more seeds in check-long.
rounds=1
[ -z "${SKEP_LONG:-}" ] || rounds=10
exec "${top_builddir:-.}/crash_cache" $rounds 1
