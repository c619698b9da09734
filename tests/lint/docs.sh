#!/bin/sh
# The tables in the man pages and the sample configuration say what the code
# does (make docs), and the sample is a configuration that skepctl accepts.
set -eu
src=${top_srcdir:-.} build=${top_builddir:-.}
"$build/gendoc" --check "$src/doc/man/skepctl.1" "$src/doc/man/skepd.8" \
    "$src/doc/man/skepd.conf.5" "$src/doc/skepd.conf.sample"
SKEP_SKEPD_PLUGIN_DIR=$build/.libs "$build/skepctl" check \
    "$src/doc/skepd.conf.sample" >/dev/null
