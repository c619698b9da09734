#!/bin/sh
# Who may include whom.  A quoted include is looked up by its file name: it must
# exist once in a directory that the including one may see.
set -eu
cd "${top_srcdir:-.}"

# sees DIR: the directories whose headers files in DIR may include.
sees() {
	case $1 in
	shm) echo shm ;;
	src/base) echo src/base ;;
	src/ipc) echo src/ipc src/base ;;
	src/*) echo "$1 src/ipc src/base shm" ;;
	workers/*) echo "$1" ;;
	include/skep) ;;
	*) return 1 ;;
	esac
}

bad=0 n=0
for dir in shm src/base src/ipc src/master src/worker src/keeper src/mend \
    src/ctl src/bench workers/*/ include/skep; do
	dir=${dir%/}
	for f in "$dir"/*.c "$dir"/*.h; do
		[ -e "$f" ] || continue
		n=$((n + 1))
		for inc in $(sed -n 's/^#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$f"); do
			[ "$inc" = config.h ] && continue
			ok=no
			for d in $(sees "$dir"); do
				[ -e "$d/$inc" ] && ok=yes
			done
			if [ $ok = no ]; then
				echo "$f: may not include \"$inc\""
				bad=1
			fi
		done
		case $dir in
		src/worker | src/bench | workers/* | include/skep) ;;
		*)
			if grep -n '^#[[:space:]]*include[[:space:]]*<skep/' "$f"; then
				echo "$f: only workers and plugins see <skep/...>"
				bad=1
			fi ;;
		esac
		case $dir in
		shm)
			if grep -nE '^#[[:space:]]*include[[:space:]]*<(event2?/|event|jansson|lmdb|confuse|urcu)' "$f"; then
				echo "$f: shm/ includes libc and xxhash.h only"
				bad=1
			fi ;;
		esac
	done
done
[ "$n" -gt 20 ] || { echo "looked at $n files only: wrong directory?"; exit 1; }
exit $bad
