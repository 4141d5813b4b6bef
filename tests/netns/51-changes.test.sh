#!/bin/bash
# Changes under traffic and side by side: after the answer every packet meets
# the new fence; while one replaces the other none slips through.
. "$(dirname "$0")/lib.sh"
only_on 6.1 6.12 debug
topology --no-echo
load

# Packets that went past the input hook into a's sockets: Ip InDelivers.
delivered() { in_ns a awk '/^Ip:/ && $2 ~ /^[0-9]/ { print $10 }' /proc/net/snmp; }
arriving() { [ "$(rx)" -gt "$1" ]; }
rx() { in_ns a awk '$1 == "vr:" { print $3 }' /proc/net/dev; }
# Waits until N more packets have come to a's device.
more() { wait_until 30 arriving $(($(rx) + $1)); }

# As nice as can be: on one processor it takes what the others leave.
start_ready count udpflood count -n a -t 600000 9
nice -n 19 udpflood send -n r -t 600000 $A4 9 >"$TMP/send.out" &
flood=$!
JOBS+=("$flood")
more 100 || bail "the flood runs"

d=$(delivered)
more 100
cmp_num "no fence: the flood is delivered" "$(($(delivered) - d))" -ge 100

rounds=8 slipped=0 stuck=0
[ -z "$DEBUG" ] || rounds=3
for ((i = 0; i < rounds; i++)); do
	nsfence attach a drop >/dev/null || bail "attach"
	d=$(delivered)
	more 50
	slipped=$((slipped + $(delivered) - d))
	nsfence detach a >/dev/null || bail "detach"
	d=$(delivered)
	more 50
	[ "$(delivered)" -gt "$d" ] || stuck=$((stuck + 1))
done
is "attach under a flood, $rounds times: not one packet after the answer" "$slipped" 0
is "detach under a flood, $rounds times: packets pass after it" "$stuck" 0

nsfence attach a drop >/dev/null
d=$(delivered) rx0=$(rx)
for ((i = 0; i < rounds; i++)); do
	for how in "reject" "drop --hooks input" "reject --hooks input,output" "drop --strict" "drop"; do
		# shellcheck disable=SC2086
		nsfence attach a $how --replace >/dev/null || bail "replace by $how"
	done
done
more 50
is "replace under a flood, $((rounds * 5)) times: not one packet slips through" "$(($(delivered) - d))" 0
cmp_num "while the flood came" "$(($(rx) - rx0))" -ge 100
fence a
cmp_num "both have counted: drop" "${C[input.drop]:-0}" -gt 0
cmp_num "both have counted: reject" "${C[input.reject]:-0}" -gt 0
nsfence attach a accept --replace >/dev/null
d=$(delivered)
more 100
cmp_num "replaced by accept: it is delivered" "$(($(delivered) - d))" -ge 100
kill "$flood"
wait "$flood" 2>/dev/null
nsfence detach --all >/dev/null

# --- side by side ------------------------------------------------------------------
times=25
[ -z "$DEBUG" ] || times=5
storm() { # NUMBER
	local i rc ns policies=(drop reject accept audit) names=(a b u)
	for ((i = 0; i < times; i++)); do
		ns=${names[(i + $1) % 3]}
		case $(((i + $1) % 4)) in
		0) nsfence attach $ns "${policies[i % 4]}" ;;
		1 | 2) nsfence attach $ns "${policies[i % 4]}" --replace ;;
		3) nsfence detach $ns ;;
		esac >>"$TMP/storm$1" 2>&1
		rc=$?
		# Fenced already, or not fenced: the others were faster.
		case $rc in 0 | 1 | 4) ;; *) echo "exit code $rc" ;; esac
	done >"$TMP/storm$1.bad"
}
pids=()
for i in 1 2 3 4; do
	storm $i &
	pids+=($!)
done
(while :; do rawgenl counts >/dev/null || exit 1; done) &
JOBS+=($!)
reader=$!
mknetns -f -k 5 $((times * 2)) >"$TMP/mk"
wait "${pids[@]}"
is "storm of 4 x $times changes: no other answer than done, exists, is not there" "$(cat "$TMP"/storm?.bad)" ""
unlike "storm: and no other reason" "$(grep -hvE 'fenced already|not fenced' "$TMP"/storm? | grep '^nsfence:')" .
is "storm: namespaces came and went beside it" "$(cat "$TMP/mk")" "made=$((times * 2)) fenced=$times"
stop_job "$reader"
run_ok "storm: detach --all" nsfence detach --all
wait_ok "storm: nothing is left" 60 counts_are "$BASE"
no_nft_hooks "storm: no hook is left" a b u

# --- loading and unloading while namespaces come and go ------------------------------
run_ok "unload" unload
loads=6
[ -z "$DEBUG" ] || loads=2
(while :; do mknetns -k 3 10 || exit 1; done >/dev/null) &
JOBS+=($!)
births=$!
bad=
for ((i = 0; i < loads; i++)); do
	modprobe nsfence "inode=$(inode_of a)" || bad+="load "
	nsfence detach a >/dev/null || bad+="detach "
	unload || bad+="unload "
done
is "loaded and unloaded $loads times while namespaces are born and die" "$bad" ""
is "and those never failed" "$(kill -0 $births && echo lives)" lives
stop_job "$births"

# Fenced from load on: the flood is not delivered from the moment modprobe is back.
nice -n 19 udpflood send -n r -t 600000 $A4 9 >"$TMP/send.out" &
JOBS+=($!)
more 50
d=$(delivered)
more 50
cmp_num "not loaded: the flood is delivered" "$(($(delivered) - d))" -gt 0
modprobe nsfence "inode=$(inode_of a)"
d=$(delivered)
more 50
is "loaded with inode=: not one packet after modprobe" "$(($(delivered) - d))" 0

finish
