# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # what tests use
#
# lib.sh: what every tests/netns/*.test.sh sources first. Runs as root in a
# virtual machine whose kernel, namespaces and module are the tests' to spoil.
#
#     a --------------- r --------------- b        r forwards between its links
#   10.7.1.2    10.7.1.1 | 10.7.2.1    10.7.2.2
#   fd07:1::2  fd07:1::1 | fd07:2::1  fd07:2::2
#                        | 10.7.3.1  fd07:3::1
#                        |
#                        u 10.7.3.2  fd07:3::2     never selected: the control
#
# Links are veth; every address is nodad, every neighbour is static (so that
# what is counted is what the tests send), unless a test says otherwise. An
# echo server (TCP, UDP) on port 7 in a, b, r and u.
#
# A test file calls the checks below, and `finish` at its end. Whatever happens,
# the trap takes away its namespaces, processes and fences, and the file's last
# checks are that the kernel is no more tainted and has warned of nothing, and
# that the module has as many namespaces and fences as at first.

set -u
export LC_ALL=C

A4=10.7.1.2 A6=fd07:1::2 RA4=10.7.1.1 RA6=fd07:1::1
B4=10.7.2.2 B6=fd07:2::2 RB4=10.7.2.1 RB6=fd07:2::1
U4=10.7.3.2 U6=fd07:3::2 RU4=10.7.3.1 RU6=fd07:3::1
export A4 A6 RA4 RA6 B4 B6 RB4 RB6 U4 U6 RU4 RU6

# How long silence must last to be believed, and an answer may take, in ms. The
# debug kernel is ten times slower. Silence is never the only evidence: the
# fence's counters are the other.
QUIET=${NSF_QUIET:-400} ANSWER=${NSF_ANSWER:-8000}
DEBUG=${NSF_DEBUG:-}	# empty, or 1
[ -z "$DEBUG" ] || QUIET=${NSF_QUIET:-800}

NAME=$(basename "$0" .test.sh)
TMP=$(mktemp -d "${TMPDIR:-/tmp}/nsf-$NAME.XXXXXX")
TAP_N=0 TAP_FAILED=0 FINISHED="" JOBS=() BASE="" MARK=""

# --- TAP ------------------------------------------------------------------------

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

ok() {
	TAP_N=$((TAP_N + 1))
	printf 'ok %d - %s\n' "$TAP_N" "$1"
}

not_ok() {
	TAP_N=$((TAP_N + 1)) TAP_FAILED=$((TAP_FAILED + 1))
	printf 'not ok %d - %s\n' "$TAP_N" "$1"
	shift
	[ $# = 0 ] || diag "$*"
	diag "at $(caller_line)"
	return 1
}

# The line of the test file that asked, however deep the helpers are.
caller_line() {
	local i
	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		[ "${BASH_SOURCE[i]##*/}" = lib.sh ] && continue
		printf '%s:%s' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i - 1]}"
		return
	done
}

skip() { # DESCRIPTION REASON
	TAP_N=$((TAP_N + 1))
	printf 'ok %d - %s # SKIP %s\n' "$TAP_N" "$1" "$2"
}

bail() {
	not_ok "$1" "${2:-}"
	exit 1
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

cmp_num() { # DESCRIPTION GOT OPERATOR WANT, as in test(1): -eq -gt ...
	if [ -n "$2" ] && test "$2" "$3" "$4"; then ok "$1"; else not_ok "$1" "got $2, want $3 $4"; fi
}

run_ok() { # DESCRIPTION COMMAND...
	local desc=$1 out rc
	shift
	out=$("$@" 2>&1) && { ok "$desc"; return 0; }
	rc=$?
	not_ok "$desc" "exit code $rc of: $*
$out"
}

# The exit code, and a pattern that stdout and stderr together must match.
run_fails() { # DESCRIPTION CODE REGEX COMMAND...
	local desc=$1 code=$2 regex=$3 out rc
	shift 3
	out=$("$@" 2>&1)
	rc=$?
	if [ "$rc" = "$code" ] && [[ $out =~ $regex ]]; then ok "$desc"; else
		not_ok "$desc" "exit code $rc, want $code, of: $*
output: $out
want:   $regex"
	fi
}

# Polls COMMAND until it succeeds; the only wait there is.
wait_until() { # SECONDS COMMAND...
	local end=$((SECONDS + $1 * (${DEBUG:+4} + 1)))
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

# --- the kernel -------------------------------------------------------------------

# Its name in scripts/kernels.
kernel_name() {
	local release
	release=$(uname -r)
	case $release in
	*nsfdebug) echo debug ;;
	7.*) echo 7.x ;;
	*) cut -d. -f1,2 <<<"$release" ;;
	esac
}

# For a test that depends little on the kernel: `make check` runs it on these
# only, `make check-long` and whoever names it alone on all.
only_on() { # KERNEL...
	[ -z "${NSF_LONG:-}" ] && [ -n "${NSF_ALL:-}" ] || return 0
	[[ " $* " != *" $(kernel_name) "* ]] || return 0
	skip "$NAME" "in make check it runs on $* only"
	finish
}

# Taint without "out of tree" and "unsigned", which every module here brings.
taint() { echo $(($(cat /proc/sys/kernel/tainted) & ~(1 << 12 | 1 << 13))); }

# A place in the log; log_since prints what came after it.
log_mark() {
	MARK="nsf-test $NAME $$.$RANDOM"
	echo "$MARK" >/dev/kmsg
}
log_since() { dmesg | sed "1,/$1/d"; }

TROUBLE='WARNING:|BUG:|Oops|general protection|Call Trace|INFO: (rcu|task|possible|suspicious)|possible recursive|circular locking|suspicious RCU|refcount_t|unreferenced object|waiting for .* to become free'

# --- namespaces and traffic ---------------------------------------------------------

in_ns() { # NETNS COMMAND...
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}

inode_of() { stat -L -c %i "/run/netns/$1"; }

# By its descriptors: the link of one that was opened through a bind mount is that file's.
namespaces_held() { # PID: how many
	local fd nsfs n=0
	nsfs=$(stat -L -c %d /proc/self/ns/net)
	for fd in "/proc/$1/fd"/*; do
		[ "$(stat -L -c %d "$fd" 2>/dev/null)" != "$nsfs" ] || n=$((n + 1))
	done
	echo $n
}

# Starts COMMAND in the background, waits for its first line of output.
# Its process id is $READY_PID, its output (after that line) is in $TMP/NAME.out.
start_ready() { # NAME COMMAND...
	local name=$1
	shift
	: >"$TMP/$name.out"
	"$@" >"$TMP/$name.out" 2>"$TMP/$name.err" &
	READY_PID=$!
	JOBS+=("$READY_PID")
	wait_until 10 grep -q . "$TMP/$name.out" "$TMP/$name.err" ||
		bail "$name starts" "$(cat "$TMP/$name.out" "$TMP/$name.err")"
}

stop_job() { # PID
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# No chatter that would be counted, and every ICMP error is sent: with the masks
# empty, errors do not ask the bucket of all namespaces either. That is empty once
# the machine is up, and while one processor fills it, another's first is lost.
quiet_sysctls='cd /proc/sys/net || exit 1
echo 0 >ipv6/conf/default/accept_ra
echo 0 >ipv6/conf/default/accept_dad
echo 0 >ipv6/conf/default/router_solicitations
echo 0 >ipv4/icmp_ratelimit
echo 0 >ipv4/icmp_ratemask
echo 0 >ipv6/icmp/ratelimit
echo >ipv6/icmp/ratemask'

netns_add() { # NAME...
	local ns
	for ns; do
		ip netns add "$ns" || bail "namespace $ns is made"
		in_ns "$ns" sh -c "$quiet_sysctls"
		ip -n "$ns" link set lo up
	done
}

netns_del() {
	local ns
	for ns; do ip netns del "$ns" 2>/dev/null; done
}

# veth X-Y between namespaces X and Y, subnet number N: X has .2, Y has .1.
link_up() { # X Y N
	ip link add "v$2" netns "$1" address "02:00:00:00:0$3:02" type veth \
		peer name "v$1" netns "$2" address "02:00:00:00:0$3:01" || return
	ip -n "$1" -b - <<-END
		addr add 10.7.$3.2/24 dev v$2
		addr add fd07:$3::2/64 dev v$2 nodad
		link set v$2 up
		neigh replace 10.7.$3.1 lladdr 02:00:00:00:0$3:01 dev v$2 nud permanent
		neigh replace fd07:$3::1 lladdr 02:00:00:00:0$3:01 dev v$2 nud permanent
		route add default via 10.7.$3.1
		route add default via fd07:$3::1
	END
	ip -n "$2" -b - <<-END
		addr add 10.7.$3.1/24 dev v$1
		addr add fd07:$3::1/64 dev v$1 nodad
		link set v$1 up
		neigh replace 10.7.$3.2 lladdr 02:00:00:00:0$3:02 dev v$1 nud permanent
		neigh replace fd07:$3::2 lladdr 02:00:00:00:0$3:02 dev v$1 nud permanent
	END
}

forwarding() { # NETNS
	in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

# COUNT nameless namespaces (and -o PATH, too), all alive until let_go.
hold_many() { # COUNT [OPTION...]
	local count=$1
	shift
	[ -e "$TMP/go" ] || mkfifo "$TMP/go"
	exec {GO}<>"$TMP/go"
	start_ready many bash -c "exec mknetns -k $count $* -w $count <$TMP/go"
	MANY=$READY_PID
}

let_go() {
	echo >&"$GO"
	wait "$MANY"
	exec {GO}>&-
}

declare -A ECHO_PID=()

echo_on() { # NETNS...
	local ns
	for ns; do
		start_ready "echo-$ns" netecho -n "$ns" 7
		ECHO_PID[$ns]=$READY_PID
	done
}

# A namespace dies only when nobody is in it.
echo_off() {
	local ns
	for ns; do
		[ -z "${ECHO_PID[$ns]:-}" ] || stop_job "${ECHO_PID[$ns]}"
		unset "ECHO_PID[$ns]"
	done
}

# Emulated processors (QEMU, more than one) do not survive that the kernel patches
# its code while another of them runs there: "Oops: int3". Netfilter patches when
# the first hook of a kind comes and the last one goes; with these there is neither.
keep_static_keys() {
	local hook rules="add table inet keep;"
	[ "$(nproc)" -gt 1 ] || return 0
	ip netns add keeper || bail "namespace keeper is made"
	for hook in prerouting input forward output postrouting; do
		rules+="add chain inet keep $hook { type filter hook $hook priority 0; };"
	done
	in_ns keeper nft "$rules" || bail "nft in the keeper"
}

topology() { # [--no-echo]
	keep_static_keys
	netns_add a r b u
	forwarding r
	link_up a r 1 && link_up b r 2 && link_up u r 3 || bail "the links are made"
	[ "${1:-}" = --no-echo ] || echo_on a r b u
}

topology_gone() {
	echo_off "${!ECHO_PID[@]}"
	netns_del a r b u
}

# All six kinds of traffic from NETNS to an echo server, at once; one result for
# all, or six: ping, tcp, udp over IPv4, then over IPv6. One line of TAP. Only
# silence beside errors of NETNS's own, which come at once, is given little time.
traffic() { # DESCRIPTION NETNS ADDRESS4 ADDRESS6 RESULT [5 RESULTS]
	local desc=$1 ns=$2 t4=$3 t6=$4 limit=$ANSWER got want
	shift 4
	local want6=("$@")
	[ $# = 6 ] || want6=("$1" "$1" "$1" "$1" "$1" "$1")
	[[ " $* " != *" ETIMEDOUT "* || " $* " == *" ok "* || " $* " == *:* ]] || limit=$QUIET
	got=$(netprobe -n "$ns" -t "$limit" "ping,$t4" "tcp,$t4,7" "udp,$t4,7" \
		"ping,$t6" "tcp,$t6,7" "udp,$t6,7" 2>&1)
	want="ping,$t4 ${want6[0]}
tcp,$t4,7 ${want6[1]}
udp,$t4,7 ${want6[2]}
ping,$t6 ${want6[3]}
tcp,$t6,7 ${want6[4]}
udp,$t6,7 ${want6[5]}"
	is "$desc" "$got" "$want"
}

# One probe's result: probe a udp,10.7.1.1,7 [MS]
probe() {
	local got
	got=$(netprobe -n "$1" -t "${3:-$QUIET}" "$2" 2>&1)
	echo "${got#* }"
}

# --- the module ---------------------------------------------------------------------

loaded() { [ -d /sys/module/nsfence ]; }

# Loads the module; BASE is what it counts then.
load() { # [PARAMETER...]
	log_mark
	modprobe nsfence "$@" 2>"$TMP/load.err" || bail "modprobe nsfence $*" "$(cat "$TMP/load.err")
$(log_since "$MARK")"
	base_counts
}

load_faults() { # [PARAMETER...]
	log_mark
	insmod "$(faults_ko)" "$@" 2>"$TMP/load.err"
}

# What the module needs must be there before insmod, which loads no dependencies.
faults_ko() {
	modprobe -a nf_reject_ipv4 nf_reject_ipv6 nf_conntrack >/dev/null 2>&1
	echo "${NSF_FAULTS_KO:-/nsfence/nsfence-faults.ko}"
}

unload() { rmmod nsfence; }
# A fence holds the module until its namespace is gone, and those die in their time.
unloads() { wait_until 30 unload; }

base_counts() { BASE=$(rawgenl counts); }

counts() { rawgenl counts; }

counts_are() { [ "$(rawgenl counts)" = "$1" ]; }

# No namespace has one of these inodes any more. A count would not do: others
# that the test deleted before may still be dying.
dead() { # INODE...
	nsfence ls --all -j | jq -e 'map(.inode) as $living | $ARGS.positional - ($ARGS.positional - $living) == []' \
		--jsonargs "$@"
}

count() { # namespaces|attachments
	local c
	c=$(rawgenl counts)
	c=${c##*"$1"=}
	echo "${c%% *}"
}

# The fence of NAME as `nsfence ls` has it: F[policy], F[source] ..., and its
# counters, C[input.drop] packets and B[input.drop] bytes; F is empty when
# there is no fence.
declare -A F C B
fence() { # NAME
	local kind key value bytes ino
	ino=$(inode_of "$1")
	F=() C=() B=()
	while IFS=$'\t' read -r kind key value bytes; do
		case $kind in
		F) F[$key]=$value ;;
		C) C[$key]=$value B[$key]=$bytes ;;
		esac
	done < <(nsfence ls -j | jq -r --argjson i "$ino" '.[] | select(.inode == $i) |
		({policy, mode, source, instance, inode, hooks: (.hooks | join(",")),
		  flags: (.flags | join(","))} | to_entries[] | ["F", .key, .value]),
		(.counters[] | ["C", .hook + "." + .verdict, .packets, .bytes]) | @tsv')
}

fenced() { nsfence ls -j | jq -e --argjson i "$(inode_of "$1")" 'any(.[]; .inode == $i)' >/dev/null; }
unfenced() { ! fenced "$1"; }

# Hooks of the module in NETNS, as `nft list hooks` shows them there; "?" where
# the kernel cannot say (5.10) or nft cannot ask.
nft_hooks() { # NETNS
	local out
	have_nft_hooks || { echo '?'; return; }
	out=$(in_ns "$1" nft list hooks 2>/dev/null)
	grep -c '\[nsfence\]' <<<"$out"
}

have_nft_hooks() {
	modprobe -q nfnetlink_hook 2>/dev/null
	[ -d /sys/module/nfnetlink_hook ] || grep -qs nfnetlink_hook "/lib/modules/$(uname -r)/modules.builtin"
}

no_nft_hooks() { # DESCRIPTION NETNS...
	local desc=$1 ns n total=0
	shift
	have_nft_hooks || { skip "$desc" "this kernel cannot list hooks"; return; }
	for ns; do
		n=$(nft_hooks "$ns")
		total=$((total + n))
	done
	is "$desc" "$total" 0
}

# --- the daemon -----------------------------------------------------------------------

daemon_start() { # DIRECTORY [WRAPPER...]
	local dir=$1
	shift
	"$@" nsfenced -c "$dir" >>"$TMP/nsfenced.log" 2>&1 &
	DAEMON=$!
	JOBS+=("$DAEMON")
}

daemon_stop() { # SIGNAL
	kill "-${1:-TERM}" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	return 0
}

# --- the end ------------------------------------------------------------------------------

cleanup() {
	local ns pid
	for pid in "${JOBS[@]}"; do
		kill -CONT "$pid"
		kill -9 "$pid"
		wait "$pid"
	done 2>/dev/null
	loaded && nsfence detach --all >/dev/null 2>&1
	for ns in /run/netns/*; do [ -e "$ns" ] && ip netns del "${ns##*/}"; done 2>/dev/null
	return 0
}

finish() {
	cleanup
	if loaded; then
		wait_ok "$NAME: in the module, nothing but the initial namespace is left" 60 counts_are "namespaces=1 attachments=0" ||
			diag "there are: $(counts)"
		run_ok "$NAME: the module unloads" unload
	fi
	is "$NAME: the kernel is as untainted as before" "$(taint)" "$TAINT"
	is "$NAME: the kernel has warned of nothing" "$(log_since "$START" | grep -E "$TROUBLE")" ""
	FINISHED=1
	exit $((TAP_FAILED > 0))
}

at_exit() {
	[ -n "$FINISHED" ] || {
		not_ok "$NAME: runs to its end" "it ended early"
		diag "$(dmesg | tail -n 15)"
		cleanup
		loaded && unload 2>/dev/null
	}
	rm -rf "$TMP"
	echo "1..$TAP_N"
	exit $((TAP_FAILED > 0))
}

trap at_exit EXIT
trap 'exit 1' INT TERM HUP
TAINT=$(taint)
log_mark
START=$MARK
