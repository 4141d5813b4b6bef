#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsfenced is killed with -9 at any moment, again and again: while it starts, looks
# around, loads another configuration, has one on trial, and rests; namespaces come and
# go, and packets come, all the while. What every configuration drops never passes where
# there is a fence, and the next daemon has the kernel as it is configured.
. "$(dirname "$0")/lib.sh"
only_on 6.1
kills=25 burst=1 # so many starts in a row that do not get to their end
[ -z "${NSF_LONG:-}" ] || { kills=1000; burst=12; }
[ -z "$DEBUG" ] || [ -n "${NSF_LONG:-}" ] || kills=12
seed=${NSF_SEED:-$((EPOCHSECONDS % 32768))}
RANDOM=$seed
diag "NSF_SEED=$seed"
topology --no-echo
netns_add p free
load
conf=$TMP/conf
mkdir -p "$conf/policies"
export STATE_DIRECTORY=$TMP/state
start_ready inside-p nsenter --net=/run/netns/p -- sh -c 'echo ready; exec sleep 36000'
P=$READY_PID

# Configurations 0 to 3: all drop port 9 in a, b and p.
ports=("9, 11" 9 9 "9, 11") of_b=(drop drop web reject) of_u=("" audit "" enforce)
configure() { # NUMBER
	cat >"$TMP/new" <<-END
		table inet web {
			chain in { type filter hook input priority filter; policy accept; udp dport { ${ports[$1]} } counter drop; }
		}
	END
	mv "$TMP/new" "$conf/policies/web.nft"
	{
		printf '%s\n' '[netns a]' 'policy = web' '[netns b]' "policy = ${of_b[$1]}" \
			"[pid $P]" 'policy = web' '[netns c*]' 'policy = drop'
		[ -z "${of_u[$1]}" ] || printf '%s\n' '[netns u]' 'policy = drop' "mode = ${of_u[$1]}"
	} >"$TMP/new"
	mv "$TMP/new" "$conf/nsfence.conf"
}
policy_hash() { nsfence policy ls -j | jq -r '.[] | select(.policy == "web") | .hash'; }
declare -A hashes=()
wanted() { # NUMBER
	local u=""
	[ -z "${of_u[$1]}" ] || u=" u=drop,${of_u[$1]}"
	echo "a=web,enforce b=${of_b[$1]},enforce p=web,enforce$u ${hashes[${ports[$1]}]}"
}
# Of the module, without asking the daemon.
actual() {
	echo "$(nsfence ls -j | jq -r '[.[] | select(.names[0] // "" | test("^[abpu]$")) |
		.names[0] + "=" + .policy + "," + .mode] | sort | join(" ")') $(policy_hash)"
}
looked() { nsfence status | grep -q '^fences.*configured namespaces'; }
start() {
	daemon_start "$conf"
	wait_until 30 looked || bail "nsfenced has looked at all" "$(tail -n 20 "$TMP/nsfenced.log")"
}
killed=0
murder() {
	daemon_stop KILL
	killed=$((killed + 1))
}
snooze() { # less than that many ms
	local ms=$((RANDOM % $1))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

# --- packets come ------------------------------------------------------------------------
for ns in a b; do
	in_ns $ns nft -f - <<-'END' || bail "$ns counts"
		table inet watch {
			chain before { type filter hook prerouting priority -500; udp dport 9 counter; }
			chain after { type filter hook input priority 500; udp dport 9 counter; }
		}
	END
done
watch() { # NETNS before|after: packets
	in_ns "$1" nft list chain inet watch "$2" | sed -n 's/.*udp dport 9 counter packets \([0-9]*\).*/\1/p'
}
above() { [ "$(watch "$1" "$2")" -gt "$3" ]; }
for to in $A4 $B4; do
	nice -n 10 udpflood send -n r -t 36000000 -p 5000 "$to" 9 >/dev/null &
	JOBS+=($!)
done
wait_ok "control: without a fence they pass in a" 30 above a after 20
wait_ok "control: and in b" 30 above b after 20

begin=${EPOCHREALTIME/./}
configure 0
start
takes=$(((${EPOCHREALTIME/./} - begin) / 1000 + 50))
diag "to start takes $takes ms"
hashes["9, 11"]=$(policy_hash)
configure 1
run_ok "another configuration" nsfence reload
hashes[9]=$(policy_hash)
now=1
is "is in force" "$(actual)" "$(wanted 1)"
unlike "control: the two versions of the policy differ" "${hashes[9]}" "^${hashes["9, 11"]}\$"
first_a=$(watch a after) first_b=$(watch b after) came_a=$(watch a before) came_b=$(watch b before)
start_ready monitor stdbuf -oL nsfence monitor --lifecycle -j -v
MONITOR=$READY_PID

# --- namespaces come and go ------------------------------------------------------------------
send_inside() { # NETNS: how many packets went out
	local before after
	before=$(in_ns "$1" awk '$1 == "d0:" { print $11 }' /proc/net/dev)
	in_ns "$1" udpflood send -t 30 -p 2000 10.9.0.2 9 >/dev/null
	after=$(in_ns "$1" awk '$1 == "d0:" { print $11 }' /proc/net/dev)
	echo $((after - before))
}
furnish() { # NETNS
	in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	ip -n "$1" -b - <<-'END'
		link add d0 type veth peer name d1
		addr add 10.9.0.1/24 dev d0
		link set d0 up
		link set d1 up
		neigh replace 10.9.0.2 lladdr 02:00:00:00:09:02 dev d0 nud permanent
	END
}
furnish free
cmp_num "control: from a namespace without a fence packets go out" "$(send_inside free)" -gt 0
churn() {
	local k=0 lives=0 leaks=0 n
	while [ ! -e "$TMP/stop" ]; do
		n=c$((k % 5)) k=$((k + 1))
		ip netns add $n && furnish $n
		if wait_until 10 fenced $n; then
			lives=$((lives + 1))
			[ "$(send_inside $n)" = 0 ] || leaks=$((leaks + 1))
		fi
		ip netns del $n
		echo "$k $lives $leaks" >"$TMP/churn.new"
		mv "$TMP/churn.new" "$TMP/churn"
	done
}
churn >/dev/null 2>"$TMP/churn.err" &
CHURN=$!
JOBS+=("$CHURN")

# --- and it is killed --------------------------------------------------------------------------
declare -A stages=()
trials=0
# How long it is let work, at most, in ms: less where the last kill came too late to meet
# it at work, more where it met it, so that many do on a machine of any speed.
starts=$takes loads=$((takes / 2))
too_late() { # starts|loads
	local -n most=$1
	most=$((most * 2 / 3 + 2))
}
in_time() { # starts|loads
	local -n most=$1
	[ $most -ge $takes ] || most=$((most * 3 / 2 + 2))
}
hit() { stages[$1]=$((${stages[$1]:-0} + 1)); }
wrong=""
note() { wrong+="
round $round: $1"; }
# It says that all is well, and so it is; and what files say is what is in force.
# (A namespace that has come just now is a difference, too, for a moment.)
sound() { nsfence status >"$TMP/said" 2>&1 && nsfence plan >>"$TMP/said" 2>&1; }
agrees() {
	[ "$(actual)" = "$(wanted $now)" ] || note "there is $(actual), wanted: $(wanted $now)"
	wait_until 10 sound || note "$(cat "$TMP/said")"
}
gone_back() { nsfence status -j | jq -e '.configuration."gone-back"' >/dev/null; }

for ((round = 0; killed < kills; round++)); do
	next=$((RANDOM % 4))
	case $((round % 5)) in
	0) # while it starts, with much or little to do
		murder
		hit "at rest"
		[ $((RANDOM % 2)) = 0 ] || { now=$next; configure $now; }
		for ((i = 0; i < burst; i++)); do
			lines=$(wc -l <"$TMP/nsfenced.log")
			daemon_start "$conf"
			snooze $starts
			murder
			said=$(tail -n +$((lines + 1)) "$TMP/nsfenced.log")
			case $said in
			*"configured namespaces fenced"*) hit "started" && too_late starts ;;
			?*) hit "looking around" && in_time starts ;;
			*) hit "before a word" && in_time starts ;;
			esac
		done
		;;
	1 | 3) # while it loads
		now=$next
		configure $now
		nsfence reload >"$TMP/asked" 2>&1 &
		asked=$!
		snooze $loads
		murder
		if wait $asked; then hit "loaded" && too_late loads; else hit "loading" && in_time loads; fi
		;;
	2) # while it loads, and nobody asks
		now=$next
		configure $now
		kill -HUP "$DAEMON"
		snooze $loads
		murder
		hit "after SIGHUP"
		;;
	4) # while a configuration is on trial, or is about to be
		while [ "$next" = "$now" ]; do next=$((RANDOM % 4)); done
		configure $next
		nsfence apply --confirm 1h >"$TMP/asked" 2>&1 &
		asked=$!
		trials=$((trials + 1))
		[ $((trials % 2)) = 0 ] || wait $asked
		snooze $((takes / 2))
		murder
		wait $asked
		asked=$?
		start
		if gone_back; then
			[ "$(actual)" = "$(wanted $now)" ] || note "gone back, and there is $(actual), wanted: $(wanted $now)"
			configure $now
			nsfence reload >"$TMP/said" 2>&1 || note "reload: $(cat "$TMP/said")"
			hit "on trial"
		else
			[ $asked != 0 ] || note "it was on trial, and is kept"
			now=$next
			hit "before the trial"
		fi
		agrees
		continue
		;;
	esac
	start
	agrees
done
touch "$TMP/stop"
is "killed $killed times: the next one has all as configured" "$wrong" ""
diag "$(for s in "${!stages[@]}"; do echo "$s: ${stages[$s]}"; done | sort)"
cmp_num "control: it was killed at different stages" "${#stages[@]}" -ge 4
in_the_midst=$((${stages["before a word"]:-0} + ${stages["looking around"]:-0} + ${stages["loading"]:-0}))
cmp_num "control: and in the midst of something" $in_the_midst -gt 0
cmp_num "control: a configuration was on trial" "${stages["on trial"]:-0}" -gt 0

# --- the sum ---------------------------------------------------------------------------------------
wait $CHURN
read -r made fenced leaks <"$TMP/churn"
diag "namespaces that came and went: $made, fenced: $fenced"
cmp_num "namespaces came, and were fenced" "$fenced" -gt $((killed / 10))
is "and let nothing out then" "$leaks" 0
cmp_num "control: packets came to a" "$(($(watch a before) - came_a))" -ge 200
cmp_num "control: packets came to b" "$(($(watch b before) - came_b))" -ge 200
is "not one passed" "$(($(watch a after) - first_a)) $(($(watch b after) - first_b))" "0 0"
stop_job "$MONITOR"
is "no fence of a, b and p was ever taken off" "$(grep '"detached"' "$TMP/monitor.out" | jq -r '.names[]?' | grep -x '[abp]')" ""
cmp_num "control: and that is heard of others" "$(grep -c '"attached"' "$TMP/monitor.out")" -gt 0

# What the process was bound to, it still is; and when it is gone it has ended, for the next ones too.
stop_job "$P"
murder
start
is "the process is gone: its section has ended" \
	"$(nsfence status -j | jq -r --arg n "process $P" '.namespaces[] | select(.netns == $n) | .state')" ended
printf '[netns a]\npolicy = none\n' >"$conf/nsfence.conf"
run_ok "opened" nsfence reload
wait_ok "control: then packets pass" 30 above a after "$(watch a after)"
daemon_stop TERM
finish
