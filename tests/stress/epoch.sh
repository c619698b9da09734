#!/bin/sh
# epoch.sh - the torture of shm/epoch in both modes, and the proof that it
# would notice: with writers that do not wait, readers must see it.
set -eu
stress=${top_builddir:-.}/stress_epoch
"$stress" "$@"
"$stress" --fence --seconds 2
"$stress" --break --seconds 1
