# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # what tests use
#
# lib.sh: what every tests/nft/*.test.sh sources first. tests/nft/run has put the test
# into a network and a mount namespace of its own: /run/netns is empty there, and
# nothing here touches the machine's.
#
#	new NAME [A]	a namespace /run/netns/NAME, lo up; with a number A, a device eth0:
#	      here  v-NAME  10.77.A.1, fd77:A::1 --- 10.77.A.2, fd77:A::2  eth0  NAME
#	in_ns NAME COMMAND...
#	backend [-s]	starts nftfence (tools/), kept running; -s: tables without an owner
#	ask COMMAND...	a command for it; leaves its answer's lines in $out, 0 where "ok"
#	killed		kill -9 for it
#
# Then checks, in TAP, and `finish`.

set -u
export LC_ALL=C

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NFTFENCE=${NFTFENCE:-$TOP/build/nft/nftfence}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/nsf-nft.XXXXXX")
TAP_N=0 TAP_FAILED=0 BACKEND="" out=""
OUTER=/proc/$$/ns/net
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 OUTER NFTFENCE

ok() {
	TAP_N=$((TAP_N + 1))
	printf 'ok %d - %s\n' "$TAP_N" "$1"
}

not_ok() { # DESCRIPTION WHY
	local i at=""
	TAP_N=$((TAP_N + 1)) TAP_FAILED=$((TAP_FAILED + 1))
	printf 'not ok %d - %s\n' "$TAP_N" "$1"
	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		[ "${BASH_SOURCE[i]##*/}" = lib.sh ] && continue
		at=${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}
		break
	done
	printf '%s\nat %s\n' "${2:-}" "$at" | sed 's/^/# /'
	return 1
}

is() { # DESCRIPTION GOT WANT
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:  $2
want: $3"; fi
}

like() { # DESCRIPTION GOT EXTENDED-REGEX
	if [[ $2 =~ $3 ]]; then ok "$1"; else not_ok "$1" "got:  $2
want: $3"; fi
}

unlike() { # DESCRIPTION GOT EXTENDED-REGEX
	if [[ $2 =~ $3 ]]; then not_ok "$1" "got:      $2
want not: $3"; else ok "$1"; fi
}

# Success of a command is what is wanted; or its failure.
run_ok() { # DESCRIPTION COMMAND...
	local desc=$1 got rc=0
	shift
	got=$("$@" 2>&1) || rc=$?
	if [ "$rc" = 0 ]; then ok "$desc"; else not_ok "$desc" "exit code $rc of: $*
$got"; fi
}

run_fails() { # DESCRIPTION REGEX COMMAND...
	local desc=$1 regex=$2 got rc=0
	shift 2
	got=$("$@" 2>&1) || rc=$?
	if [ "$rc" != 0 ] && [[ $got =~ $regex ]]; then ok "$desc"; else
		not_ok "$desc" "exit code $rc, output: $got
want: $regex"
	fi
}

skip() { # DESCRIPTION REASON
	TAP_N=$((TAP_N + 1))
	printf 'ok %d - %s # SKIP %s\n' "$TAP_N" "$1" "$2"
}

wait_until() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -le "$end" ] || return 1
		sleep 0.05
	done
}

wait_ok() { # DESCRIPTION SECONDS COMMAND...
	local desc=$1
	shift
	if wait_until "$@"; then ok "$desc"; else not_ok "$desc" "not within the limit: $*"; fi
}

finish() {
	stop_backend
	echo "1..$TAP_N"
	exit "$((TAP_FAILED > 0))"
}

# ---- namespaces ----------------------------------------------------------------

new() { # NAME [A]
	ip netns add "$1" || exit 2
	in_ns "$1" ip link set lo up
	[ $# -gt 1 ] || return 0
	ip link add "v-$1" type veth peer name eth0 netns "$1"
	ip addr add "10.77.$2.1/24" dev "v-$1"
	ip addr add "fd77:$2::1/64" dev "v-$1" nodad
	ip link set "v-$1" up
	in_ns "$1" ip addr add "10.77.$2.2/24" dev eth0
	in_ns "$1" ip addr add "fd77:$2::2/64" dev eth0 nodad
	in_ns "$1" ip link set eth0 up
	in_ns "$1" ip route add default via "10.77.$2.1"
	wait_until 5 ping -c 1 -W 1 "10.77.$2.2"
}

in_ns() { # NAME COMMAND...
	nsenter --net="/run/netns/$1" -- "${@:2}"
}

inode() { stat -Lc %i "/run/netns/$1"; }
table() { in_ns "$1" nft list table inet nsfence; }
pings() { ping -c 1 -W 1 "$1"; }
pings_out() { in_ns "$1" ping -c 1 -W 1 "$2"; }

# ---- the backend -----------------------------------------------------------------

backend() {
	rm -f "$TMP/in" "$TMP/out"
	mkfifo "$TMP/in" "$TMP/out"
	"$NFTFENCE" "$@" <"$TMP/in" >"$TMP/out" 2>>"$TMP/err" 7>&- 8<&- &
	BACKEND=$!
	exec 5>"$TMP/in" 6<"$TMP/out"
}

# Lines up to "ok" or "error".
answer() {
	local line
	out=""
	while IFS= read -r -t 60 line <&6; do
		case $line in
		ok) return 0 ;;
		'error '*) out+=$line; return 1 ;;
		*) out+=$line$'\n' ;;
		esac
	done
	out+="nothing more"
	# shellcheck disable=SC2016 # for eval
	if wait_until 1 eval '! kill -0 "$BACKEND"'; then
		wait "$BACKEND"
		out+=", it has ended: exit code $?"
	fi
	out+="
$(tail -n 30 "$TMP/err")"
	return 2
}

ask() {
	begin "$@"
	answer
}

ask_ok() { # DESCRIPTION COMMAND...
	if ask "${@:2}"; then ok "$1"; else not_ok "$1" "$out"; fi
}

ask_fails() { # DESCRIPTION REGEX COMMAND...
	if ! ask "${@:3}" && [[ $out =~ $2 ]]; then ok "$1"; else not_ok "$1" "got:  $out
want: $2"; fi
}

# Begins to take events, which goes on while the test does something else; `answer` later.
# Where it has died, SIGPIPE ends no more than the subshell, and answer() says why.
begin() { (echo "$*" >&5) 2>/dev/null; }

stop_backend() {
	local rc=0
	[ -n "$BACKEND" ] || return 0
	exec 5>&-
	cat <&6 >/dev/null
	exec 6<&-
	wait "$BACKEND" || rc=$?
	BACKEND=""
	# Of sanitizers, too.
	[ "$rc" = 0 ] || not_ok "the backend ends well" "exit code $rc
$(tail -n 30 "$TMP/err")"
}

killed() {
	kill -9 "$BACKEND"
	wait "$BACKEND" 2>/dev/null
	BACKEND=""
	exec 5>&- 6<&-
}

clean() {
	[ -z "$BACKEND" ] || kill -9 "$BACKEND" 2>/dev/null
	[ -n "${NSF_KEEP:-}" ] || rm -rf "$TMP"
}
trap clean EXIT
