# build.sh - packages and the build in the checkout, for quickstart.sh and
# test.sh, which source it with $top set to the checkout.
#
#   need_packages PACKAGE...    install what is missing (says which)
#   build_tree [FLAG...]        make the checkout's programs in place, with
#                               configure FLAGs; does nothing when all is new
#   as_owner COMMAND [ARG...]   run as the owner of the checkout: what root
#                               makes there, its owner could not make again

build_packages='autoconf automake libtool pkg-config make libc6-dev
	libevent-dev libconfuse-dev libjansson-dev liblmdb-dev libxxhash-dev'

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$@"
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		die "installing packages needs root or sudo: $*"
	fi
}

as_owner() {
	owner=$(stat -c %u "$top")
	if [ "$(id -u)" != 0 ] || [ "$owner" = 0 ]; then
		"$@"
		return
	fi
	home=$(getent passwd "$owner" | cut -d: -f6)
	setpriv --reuid "$owner" --regid "$(stat -c %g "$top")" \
	    --clear-groups env HOME="${home:-/tmp}" "$@"
}

has_package() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

need_packages() {
	missing=
	command -v dpkg-query >/dev/null 2>&1 || return 0 # not Debian: configure will say
	for p in "$@"; do
		has_package "$p" || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	say "installing$missing"
	# The variable goes through env, because sudo clears the environment.
	# The first try needs no fresh package lists; most machines have them.
	# shellcheck disable=SC2086
	install_packages $missing ||
	    { as_root apt-get update -qq >&2 && install_packages $missing; } ||
	    die "could not install$missing"
}

install_packages() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends "$@" >/dev/null
}

# The compiler of CC may be a command with arguments ("ccache gcc").
compiler_package() {
	case " ${CC:-gcc}" in
	*[\ /]clang*) echo clang ;;
	*) echo gcc ;;
	esac
}

jobs_at_once() {
	n=$(nproc 2>/dev/null || echo 2)
	[ "$n" -le 8 ] || n=8
	echo "$n"
}

# What the tree was configured for: another compiler, another place or other
# flags mean that nothing in it can be used.  --enable-werror is kept when it
# is there: it changes no object.
build_stamp() {
	printf 'top=%s\ncc=%s\n' "$top" "${CC:-gcc}"
}

is_configured() {
	[ -x "$top/config.status" ] && [ -f "$top/Makefile" ] &&
	    [ -f "$top/build-aux/.stamp" ] &&
	    [ "$(build_stamp)" = "$(cat "$top/build-aux/.stamp")" ] || return 1
	for f in "$@"; do
		"$top/config.status" --config | grep -q -e "$f" || return 1
	done
}

build_tree() (
	cd "$top"
	log=build-aux/quiet.log
	as_owner mkdir -p build-aux
	as_owner touch "$log"
	if [ ! -x configure ]; then
		say "making configure"
		as_owner autoreconf -fi >"$log" 2>&1 ||
		    { tail -n 20 "$log" >&2; die "autoreconf failed"; }
	fi
	if ! is_configured "$@"; then
		say "configuring for ${CC:-gcc}"
		# A tree made elsewhere has absolute paths in its rules.
		[ ! -f Makefile ] || as_owner make distclean >/dev/null 2>&1 ||
		    rm -f Makefile config.status
		as_owner ./configure CC="${CC:-gcc}" "$@" >"$log" 2>&1 ||
		    { tail -n 20 "$log" >&2; die "configure failed"; }
		build_stamp | as_owner tee build-aux/.stamp >/dev/null
	fi
	# make itself finds out whether anything is to be done.
	[ -x skepd ] || say "building (a minute or two, the first time)"
	as_owner make -j"$(jobs_at_once)" all >"$log" 2>&1 ||
	    { grep -nE 'error|warning|\*\*\*' "$log" | head -n 40 >&2
	      die "the build failed: see $top/$log"; }
)
