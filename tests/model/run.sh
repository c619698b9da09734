#!/bin/sh
# run.sh - check the models: the true ones hold in every state, and each one
# with a step left out is found to fail (else the model proves nothing).
#
# usage: run.sh MODEL...	(default: rcu death)
set -u

dir=${top_srcdir:-.}/tests/model
cc=${CC:-cc}
limit=60	# seconds for one search; they take a few
case ${SKEP_LONG:-} in 1) limit=1800 ;; esac

command -v spin >/dev/null 2>&1 || {
	echo "spin is missing: install the Debian package spin" >&2
	exit 1
}
work=$(mktemp -d "${TMPDIR:-/tmp}/skep-model.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
dir=$(cd "$dir" && pwd) || exit 1
failed=0

# search MODEL holds|fails [-DVARIANT...]
search() {
	model=$1 want=$2
	shift 2
	name="$model $want $*"
	rm -rf "$work/run" && mkdir "$work/run" && cd "$work/run" || exit 1
	if ! spin "$@" -a "$dir/$model.pml" >out 2>&1 ||
	    ! $cc -w -O1 -DSAFETY -DVECTORSZ=2048 -DCOLLAPSE -o pan pan.c \
	    >>out 2>&1; then
		echo "FAIL $name: cannot build the search"
		cat out
		failed=1
		return
	fi
	start=$(date +%s)
	timeout "$limit" ./pan -m200000 -w22 >out 2>&1
	took=$(($(date +%s) - start))
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out)
	got=unknown
	if grep -q '^State-vector.*errors: 0$' out &&
	    ! grep -q 'max search depth too small' out &&
	    ! grep -q 'Search not completed' out; then
		got=holds
	elif grep -Eq 'assertion violated|invalid end state' out; then
		got=fails
	fi
	if [ "$got" = "$want" ]; then
		echo "ok   $name ($states states, $took s)"
	else
		echo "FAIL $name: $got"
		tail -20 out
		failed=1
	fi
}

rcu() {
	search rcu holds
	search rcu fails -DNO_MEMBARRIER
	search rcu fails -DBARRIER_LATE
	search rcu fails -DSTAMP_EARLY
	search rcu fails -DSCAN_EARLY
	search rcu fails -DNO_STORE
	search rcu fails -DSAFE_LATE
	search rcu holds -DFENCE
	search rcu fails -DFENCE -DNO_READER_FENCE
	search rcu fails -DFENCE -DNO_MEMBARRIER
	[ "${SKEP_LONG:-}" != 1 ] || search rcu holds -DNR=2 -DROUNDS=1
}

death() {
	search death holds
	search death fails -DREAP_WITHOUT_PROOF
	search death fails -DLOOK_ONLY
	search death fails -DNOTE_LATE
	search death fails -DERASE_EARLY
	search death fails -DFREE_FIRST
	search death fails -DNO_REPAIR
	search death fails -DBYTE_EARLY
}

[ $# -gt 0 ] || set -- rcu death
for m; do
	case $m in
	rcu | death) "$m" ;;
	*)
		echo "run.sh: no model $m" >&2
		exit 2
		;;
	esac
done
exit $failed
