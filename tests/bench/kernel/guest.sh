# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# guest.sh: sets up contenders, each in a namespace of its own, and has them measured.
# The plan that tests/bench/hook writes sources it, in a machine that is the bench's to
# spoil, with BUNDLE set: the directory of programs, sets and packets.
#
#   clock                      prints what a tick is
#   scenario NAME FAMILY HOOK  begins one: none of the namespaces of the last is left
#   place NAME JUDGED KIND [FILE]
#                              one more namespace; KIND:
#                                loop      none at all, the loop alone
#                                none      nothing is hooked there
#                                accept    nsfence's built-in policy
#                                nsfence, nft, iptables, bpf  with rules of FILE
#                              JUDGED: "=", its verdicts must be the others'; or ":"
#   run NAME ARG...            hookdrive of the places there are
#   fenced, unfenced           the module is loaded, gone
#
# On standard output: lines `run SCENARIO NAME` with hookdrive's lines of JSON behind
# them, `note SCENARIO PLACE TEXT` for a place that could not be made, `failed SCENARIO
# NAME TEXT` where nothing was timed.

set -u
PATH=$BUNDLE/bin:$PATH:/usr/sbin:/sbin
export LC_ALL=C LD_LIBRARY_PATH=$BUNDLE/lib
[ ! -d "$BUNDLE/xtables" ] || export XTABLES_LIBDIR=$BUNDLE/xtables
SCENARIO='' FAMILY=4 HOOK=input PLACES=() SPACES=() POLICIES=() PIDS=()

fenced() {
	modprobe nsfence || { echo "guest: no module nsfence" >&2; exit 1; }
}

unfenced() {
	rmmod nsfence
}

# space NAME: a namespace with a device that is not loopback, which policies exempt.
space() {
	ip netns add "$1" && SPACES+=("$1") && ip -n "$1" link add eth0 type dummy &&
		ip -n "$1" link set eth0 up && ip -n "$1" link set lo up
}

clear_all() {
	local it

	for it in "${PIDS[@]}"; do
		kill "$it"
	done
	for it in "${SPACES[@]}"; do
		! lsmod_has nsfence || nsfence detach "$it" > /dev/null 2>&1
		ip netns del "$it"
	done
	for it in "${POLICIES[@]}"; do
		nsfence policy del "$it" > /dev/null
	done
	PLACES=() SPACES=() POLICIES=() PIDS=()
}

lsmod_has() {
	grep -q "^$1 " /proc/modules
}

scenario() {
	clear_all
	SCENARIO=$1 FAMILY=$2 HOOK=$3
	echo "guest: $*" >&2
}

# occupy NAME KIND FILE: what is to be measured goes into the namespace.
occupy() {
	local name=$1 kind=$2 file=${3:+$BUNDLE/sets/$3} six=() program=iptables stem pid

	case $kind in
	none) ;;
	accept) nsfence attach "$name" accept --hooks "$HOOK" ;;
	nsfence)
		nsfence attach "$name" "$file" || return
		stem=${file##*/}
		POLICIES+=("${stem%.nft}")
		;;
	nft) ip netns exec "$name" nft -f "$file" ;;
	iptables)
		[ "$FAMILY" = 4 ] || program=ip6tables
		command -v xtables-legacy-multi > /dev/null || { echo "not installed"; return 1; }
		ip netns exec "$name" xtables-legacy-multi "$program-restore" < "$file"
		;;
	bpf)
		[ "$FAMILY" = 4 ] || six=(-6)
		case $file in *-drop-*) six+=(--drop) ;; esac
		pid=$(ip netns exec "$name" hookbpf "${six[@]}" --hook "$HOOK" ${file:+"$file"}) &&
			PIDS+=("$pid")
		;;
	esac
}

place() {
	local name=$1 judged=$2 kind=$3 file=${4:-} netns=hb$((${#SPACES[@]} + 1)) text

	if [ "$kind" = loop ]; then
		PLACES+=("$name$judged-")
		return
	fi
	space "$netns"
	if occupy "$netns" "$kind" "$file" > "$TMP/said" 2>&1; then
		PLACES+=("$name$judged$netns")
	else
		text=$(tr '\n' ' ' < "$TMP/said")
		printf 'note %s %s %.300s\n' "$SCENARIO" "$name" "${text:-failed}"
	fi
}

run() {
	local name=$1

	shift
	echo "run $SCENARIO $name"
	hookdrive --hook "$HOOK" "$@" "${PLACES[@]}" 2> "$TMP/said" ||
		echo "failed $SCENARIO $name $(tr '\n' ' ' < "$TMP/said")"
}

clock() {
	echo "run clock clock"
	hookdrive --clock
	echo "kernel $(uname -r)"
	echo "nft $(nft --version)"
	case $(uname -r) in
	*uml) echo "pipapo scalar" ;;
	*) echo "pipapo $(grep -m1 -ow avx2 /proc/cpuinfo || echo scalar)" ;;
	esac
}

TMP=$(mktemp -d)
mkdir -p /run/netns
modprobe hookbench || { echo "guest: no module hookbench" >&2; exit 1; }
trap 'clear_all; rmmod hookbench; rm -rf "$TMP"' EXIT
