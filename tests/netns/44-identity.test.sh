#!/bin/bash
# A number, or a name, that has another owner now: inodes, names and PIDs are given
# again, at every step of a command and of a pass of the daemon, behind a stopped
# daemon's back and between two of them. Nobody but who was meant is fenced, or
# unfenced; and each time it is shown that the number was given again.
. "$(dirname "$0")/lib.sh"
only_on 5.10 6.12	# without cookies, and with
keep_static_keys
load
conf=$TMP/conf hook=$TMP/hook.sh
mkdir -p "$conf"
export STATE_DIRECTORY=$TMP/state TMP
cookies=1
[ "$(kernel_name)" != 5.10 ] || cookies=

# --- numbers ----------------------------------------------------------------------
# What hooks use, too: they are scripts that begin with this.
cat >"$TMP/lib" <<'END'
inode_of() { stat -L -c %i "/run/netns/$1"; }
# The number of OLD, which is deleted, goes to a namespace called NEW.
replace() { # OLD NEW
	local inode
	inode=$(inode_of "$1")
	ip netns del "$1"
	reuse inode "$inode" "/run/netns/$2" && echo "$inode" >>"$TMP/reused"
}
# The same where the process that is stopped may hold the namespace open: then the
# number does not come free, and NEW is just another one.
replace_unless_held() { # OLD NEW
	if find -L "/proc/$STOPPED/fd" -maxdepth 1 -inum "$(inode_of "$1")" | grep -q .; then
		ip netns del "$1"
		ip netns add "$2"
	else
		replace "$1" "$2"
	fi
}
# Process PID is killed, and another one, in another namespace, gets the number.
replace_pid() { # PID
	kill -9 "$1"
	reuse pid "$1" sleep 600 && echo "$1" >>"$TMP/reused"
}
END
. "$TMP/lib"
hook() { printf '%s\n' '. "$TMP/lib"' "$@" >"$hook"; }

reset() { : >"$TMP/reused"; }
reused() { wc -l <"$TMP/reused"; }
the_fence() { fence "$1"; echo "${F[policy]:-none} ${F[instance]:-}"; }
ns_of() { stat -L -c %i "/proc/$1/ns/net"; }	# of a process, whose namespace has no name
inode_fenced() { nsfence ls -j | jq -e --argjson i "$1" 'any(.[]; .inode == $i)' >/dev/null; }
inode_unfenced() { ! inode_fenced "$1"; }
# A process in a namespace of its own: $pid, and whoever gets the number after it.
start_process() {
	unshare -n sleep 600 &
	pid=$!
	disown
	wait_until 10 eval '[ "$(ns_of $pid)" != "$(ns_of $$)" ] && [ "$(cat /proc/$pid/comm)" = sleep ]'
}

# --- between the steps of a command --------------------------------------------------
at_step() { # WHAT
	echo "before step $(grep -A1 '^hook' "$TMP/steps" | tail -n 1): $1"
	cat "$TMP/out" "$TMP/hook.out"
}
# Runs SETUP, COMMAND with the hook before its Nth step, and VERIFY, which prints
# what is wrong: for each step; in `make check` for the first and the last.
at_each_step() { # DESCRIPTION SETUP VERIFY COMMAND...
	local desc=$1 setup=$2 verify=$3 n all wrong='' one done=0
	shift 3
	$setup >/dev/null
	between 0 "$TMP/steps" : "${@//PID/$pid}" >/dev/null 2>&1
	tear_down
	all=$(cut -d' ' -f1 "$TMP/steps")
	[ -n "${NSF_LONG:-}" ] || all=$(sed -n '1p;$p' <<<"$all")
	reset
	for n in $all; do
		$setup >/dev/null
		between "$n" "$TMP/steps" "bash $hook >$TMP/hook.out 2>&1" "${@//PID/$pid}" >"$TMP/out" 2>&1
		grep -q '^hook' "$TMP/steps" && done=$((done + 1))
		one=$($verify 2>&1)
		[ -z "$one" ] || wrong+=$(at_step "$one")
		tear_down
	done
	is "$desc: at none of $done steps" "$wrong" ""
	cmp_num "$desc: there were steps" "$done" -gt 1
	cmp_num "$desc: control: the number had another owner" "$(reused)" -gt 0
}
pid=0 DETACH=4	# NSFENCE_CMD_DETACH
tear_down() {
	netns_del a b
	[ $pid = 0 ] || kill -9 "$pid" 2>/dev/null
	pid=0
	return 0
}
trap 'tear_down; at_exit' EXIT
add_a() { ip netns add a; }
add_a_fenced() { ip netns add a && nsfence attach a drop; }
no_b() { unfenced b || echo "b is fenced"; }
keeps_b() { [ "$(the_fence b)" = "accept $(cat "$TMP/b")" ] || echo "b's fence is not what it was"; }
fence_b='nsfence attach b accept -j | jq .instance >"$TMP/b"'

hook 'replace_unless_held a b'
at_each_step "attach NAME: the number's next owner is not fenced" add_a no_b nsfence attach a drop
hook 'replace_unless_held a b' "$fence_b"
at_each_step "detach NAME: the number's next owner stays fenced" add_a_fenced keeps_b nsfence detach a

# By process: who has the number when the command looks, and nobody else.
new_process() { start_process && was=$(ns_of "$pid"); }
not_the_next() {
	local now
	now=$(ns_of "$pid")
	sed '/^hook/q' "$TMP/steps" | grep -q ns/net || return 0	# the next one was meant
	inode_unfenced "$now" || echo "inode $now is fenced, $was was meant"
}
hook 'replace_pid "$pid"'
export pid
at_each_step "attach --pid: the number's next owner is not fenced" new_process not_the_next nsfence attach --pid PID drop

# By inode: who has the number when the command asks for it first; it has to be
# another one that has it when the last message is sent.
at_last_step() { # DESCRIPTION SETUP VERIFY COMMAND...
	local desc=$1 setup=$2 verify=$3 n
	shift 3
	$setup >/dev/null
	between 0 "$TMP/steps" : "${@//INODE/$(inode_of a)}" >/dev/null 2>&1
	tear_down
	n=$(wc -l <"$TMP/steps")
	reset
	$setup >/dev/null
	between "$n" "$TMP/steps" "bash $hook >$TMP/hook.out 2>&1" "${@//INODE/$(inode_of a)}" >"$TMP/out" 2>&1
	is "$desc" "$($verify)" ""
	is "$desc: control: the number has another owner" "$(grep -c '^hook 0' "$TMP/steps") $(reused)" "1 1"
	tear_down
}
hook 'replace a b'
if [ -n "$cookies" ]; then
	at_last_step "attach --inode: the number's next owner is not fenced" add_a no_b nsfence attach --inode INODE drop
else
	skip "attach --inode: the number's next owner is not fenced" "this kernel's namespaces have no cookies"
fi
hook 'replace a b' "$fence_b"
at_last_step "detach --inode: the number's next owner stays fenced" add_a_fenced keeps_b nsfence detach --inode INODE

# --- between the steps of a pass -------------------------------------------------------
configure() { printf '%s\n' "$@" '[netns nobody]' 'policy = drop' >"$conf/nsfence.conf"; }
reload() { timeout 60 nsfence reload >"$TMP/out" 2>&1; }
start() {
	daemon_start "$conf"
	wait_until 30 nsfence status || bail "nsfenced answers" "$(tail -n 20 "$TMP/nsfenced.log")"
	reload
}
# The daemon loads what is configured, with the hook before its Nth step.
reload_with_hook() { # N
	start_ready between between -p "$DAEMON" "$1" "$TMP/steps" "bash $hook >$TMP/hook.out 2>&1"
	reload
	grep -q '^hook' "$TMP/steps" || kill -9 "$READY_PID"
	wait "$READY_PID" 2>/dev/null
}
# The numbers of the steps of a reload after SETUP that are a message, or an opening; in
# `make check` of the last that REGEX matches, and the one after it.
steps_of_pass() { # REGEX SETUP
	local all
	$2
	reload_with_hook 0
	all=$(grep -E '^[0-9]+ (send|open|pidfd) ' "$TMP/steps")
	[ -n "${NSF_LONG:-}" ] || all=$(awk -v re="$1" '{ a[NR] = $0 } $0 ~ re { at = NR }
		END { print a[at]; print a[at + 1] }' <<<"$all")
	steps=$(cut -d' ' -f1 <<<"$all")
	reset
}
# SETUP, and a reload with the hook before each of these steps. They are numbered, and
# fewer where the daemon has looked at the new namespace before it was traced: then again.
at_each_step_of_pass() { # DESCRIPTION REGEX SETUP VERIFY
	local desc=$1 regex=$2 setup=$3 verify=$4 n try steps wrong='' one done=0
	for try in 1 2 3 4 5; do
		[ "$done" -lt 2 ] || break
		[ "$try" = 1 ] || forget
		steps_of_pass "$regex" "$setup"
		for n in $steps; do
			forget
			$setup
			reload_with_hook "$n"
			grep -q '^hook' "$TMP/steps" || continue
			done=$((done + 1))
			one=$($verify 2>&1)
			[ -z "$one" ] || wrong+=$(at_step "$one"; tail -n 5 "$TMP/nsfenced.log")
		done
	done
	forget
	is "$desc: at none of $done steps" "$wrong" ""
	cmp_num "$desc: there were steps" "$done" -gt 1
	cmp_num "$desc: control: the number had another owner" "$(reused)" -gt 0
}
forget() {
	configure
	reload
	tear_down
}

configure
start
a_wanted() {
	ip netns add a
	configure '[netns a]' 'policy = drop'
}
hook 'replace_unless_held a b'
at_each_step_of_pass "[netns]: the number's next owner is not fenced" 'open /run/netns/a$' a_wanted no_b
a_unwanted() {
	configure '[netns a]' 'policy = drop'
	ip netns add a
	reload
	configure
}
hook 'replace_unless_held a b' "$fence_b"
at_each_step_of_pass "[netns] taken out: the number's next owner stays fenced" "send cmd=$DETACH\$" a_unwanted keeps_b
process_wanted() {
	start_process && was=$(ns_of "$pid")
	configure "[pid $pid]" 'policy = drop'
}
# Before the first look at it the number means the next one.
not_the_next_process() {
	sed '/^hook/q' "$TMP/steps" | grep -q "/proc/$pid/" || return 0
	inode_unfenced "$(ns_of "$pid")" || echo "the process that has the number now is fenced"
}
hook 'replace_pid "$pid"'
at_each_step_of_pass "[pid]: the number's next owner is not fenced" 'open /proc/[0-9]+/ns/net' process_wanted not_the_next_process

# --- the same name and number again ----------------------------------------------------
# A daemon that sees only what is there afterwards: the name and the number of before.
configure '[netns a]' 'policy = drop'
ip netns add a
run_ok "again: a is fenced" reload
before=$(the_fence a)
kill -STOP "$DAEMON"
reset
replace a a
is "again: control: the same name, and the same number" "$(reused) $(inode_of a)" "1 $(cat "$TMP/reused")"
is "again: which has no fence" "$(the_fence a)" "none "
kill -CONT "$DAEMON"
wait_ok "again: it gets one" 30 fenced a
unlike "again: of its own" "$(the_fence a)" "^$before\$"
forget

# --- sections that are bound ------------------------------------------------------------
# Each with who has the number: how it comes, and how another one gets it.
state() { # KIND: of its section, as long as it has no namespace
	nsfence status -j | jq -r --arg n "${1/pid/process} $number" '.namespaces[] | select(.netns == $n) | .state'
}
bound() { # KIND
	local kind=$1
	owner="$kind: whoever has the number now"
	"new_$kind"
	configure "[$kind $number]" 'policy = drop'
	run_ok "$kind: loaded" reload
	run_ok "$kind: who has the number is fenced" inode_fenced "$(inode)"
	like "$kind: bound, on record" "$(cat "$STATE_DIRECTORY/bindings")" "(^|"$'\n'")$kind $number (start|cookie|instance) "

	kill -STOP "$DAEMON"
	"next_$kind"
	kill -CONT "$DAEMON"
	run_ok "$kind: another has it: loaded" reload
	run_ok "$owner is not fenced" inode_unfenced "$(inode)"
	is "$kind: ended" "$(state "$kind")" ended
	daemon_stop KILL
	start
	run_ok "$owner is not fenced after kill -9" inode_unfenced "$(inode)"
	is "$kind: still ended" "$(state "$kind")" ended
	configure
	reload
	configure "[$kind $number]" 'policy = drop'
	reload
	run_ok "$kind: control: written anew, it is" inode_fenced "$(inode)"

	daemon_stop TERM
	"next_$kind"
	start
	run_ok "$owner is not fenced after a restart" inode_unfenced "$(inode)"
	is "$kind: ended between two daemons" "$(state "$kind")" ended
	configure
	reload
	configure "[$kind $number]" 'policy = drop'
	reload
	run_ok "$kind: control: written anew, it is" inode_fenced "$(inode)"

	# As after a boot in which everything has got the same numbers.
	daemon_stop TERM
	nsfence detach --inode "$(inode)"
	cp "$STATE_DIRECTORY/bindings" "$TMP/bindings"
	sed -i 's/^boot ........-/boot 01234567-/' "$STATE_DIRECTORY/bindings"
	start
	run_ok "$owner is not fenced after a boot" inode_unfenced "$(inode)"
	is "$kind: ended with the boot" "$(state "$kind")" ended
	daemon_stop TERM
	head -n 2 "$TMP/bindings" >"$STATE_DIRECTORY/bindings"
	start
	run_ok "$owner is not fenced where the record is damaged" inode_unfenced "$(inode)"
	daemon_stop TERM
	cp "$TMP/bindings" "$STATE_DIRECTORY/bindings"
	start
	if [ "$kind" = pid ] || [ -n "$cookies" ]; then
		run_ok "$kind: control: with the record as it was, it is" inode_fenced "$(inode)"
	else	# the instance on record is gone with its fence
		run_ok "$owner is not fenced where nothing tells who it is" inode_unfenced "$(inode)"
	fi
	forget
}

start_time() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
new_pid() { start_process && number=$pid; }
inode() { ns_of "$pid"; }
next_pid() {
	local was
	was=$(start_time "$pid")
	reset
	replace_pid "$pid"
	is "pid: control: process $pid is another one" "$(reused) $(($(start_time "$pid") > was))" "1 1"
}
bound pid

new_inode() { ip netns add a && number=$(inode_of a); }
inode() { echo "$number"; }
next_inode() {
	reset
	replace a a
	is "inode: control: it is given again" "$(reused) $(inode_of a)" "1 $number"
}
bound inode

daemon_stop TERM
finish
