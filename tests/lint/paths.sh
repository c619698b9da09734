#!/bin/sh
# The programs look for their configuration where the unit of systemd says.
set -eu
build=${top_builddir:-.}
unit=$build/contrib/systemd/skepd.service
[ -x "$build/skepd" ] && [ -x "$build/skepctl" ] && [ -e "$unit" ] ||
    { echo "skip: skepd, skepctl or its unit is not built"; exit 77; }
bad=0
file=$(sed -n 's/^ExecStart=.* -c \([^ ]*\).*/\1/p' "$unit")
case $file in
/*/skep/skepd.conf) ;;
*) echo "$unit: starts with the configuration '$file'"; bad=1 ;;
esac
for line in ExecStartPre ExecReload; do
	grep -q "^$line=.* -c $file\( \|\$\)" "$unit" ||
	    { echo "$unit: $line has not -c $file"; bad=1; }
done
for program in skepd skepctl; do
	"$build/$program" --help | grep -q -F "($file)" ||
	    { echo "$program does not look for $file"; bad=1; }
done
exit $bad
