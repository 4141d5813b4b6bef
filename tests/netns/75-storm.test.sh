#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Everything at once: policies change, are deleted and come again, fences go up, are
# replaced and go, namespaces are born, fenced and die, counters are read, packets
# flow. What is asserted is that the module survives it and ends up consistent.
. "$(dirname "$0")/lib.sh"
only_on debug 6.12
seconds=20
[ -z "${NSF_LONG:-}" ] || seconds=900
topology --no-echo
load
mkdir -p "$TMP/p/1" "$TMP/p/2" "$TMP/p/3"
cat >"$TMP/p/1/storm.nft" <<-'END'
	table inet x {
		set s { type ipv4_addr; flags interval; elements = { 10.7.0.0/16 } }
		chain sub { ip saddr @s counter; limit rate 5/second counter; }
		chain i { type filter hook input priority 0; policy accept; ct state invalid counter drop; jump sub; udp dport 9 log prefix "nine" counter reject; }
		chain i2 { type filter hook input priority 20; policy accept; udp dport 11 counter drop; }
		chain o { type filter hook output priority 0; policy accept; meta mark set 7; counter; }
	}
END
cat >"$TMP/p/2/storm.nft" <<-'END'
	table inet x {
		chain p { type filter hook prerouting priority -300; policy accept; udp dport 9 counter drop; }
		chain i2 { type filter hook input priority 20; policy accept; udp dport 11 counter drop; limit rate over 3/second counter; }
		chain f { type filter hook forward priority 0; policy drop; counter; }
	}
END
cat >"$TMP/p/3/storm.nft" <<-'END'
	table ip x {
		chain i { type filter hook input priority 0; policy drop; udp dport { 9, 10 } ct state new counter ct mark set 5 accept; udp dport 11 counter reject with icmp port-unreachable; }
		chain o { type filter hook output priority 100; policy accept; tcp flags syn counter reject with tcp reset; }
		chain q { type filter hook postrouting priority 100; policy accept; counter; }
	}
END
cp "$TMP/p/1/storm.nft" "$TMP/p/other.nft"
run_ok "a policy" nsfence policy set "$TMP/p/1/storm.nft"
run_ok "another one" nsfence policy set "$TMP/p/other.nft"
run_ok "a has it" nsfence attach a storm
run_ok "b has it" nsfence attach b storm --mode audit

loop() { # NAME COMMAND...: until $TMP/stop is there; counts what went well and badly
	local name=$1 good=0 bad=0
	shift
	while [ ! -e "$TMP/stop" ]; do
		if "$@" >/dev/null 2>>"$TMP/$name.err"; then good=$((good + 1)); else bad=$((bad + 1)); fi
	done
	echo "$name $good $bad" >"$TMP/$name.sum"
}
life() {
	local n=$1
	ip netns add "$n"
	nsfence attach "$n" storm && ip -n "$n" link set lo up &&
		ip netns exec "$n" ping -c 1 -W 1 127.0.0.1
	ip netns del "$n"
}
change() { nsfence policy set "$TMP/p/$((RANDOM % 3 + 1))/storm.nft"; }
swap() {
	nsfence attach a "$(shuf -n 1 -e drop reject storm other audit)" --replace
	nsfence attach b "$(shuf -n 1 -e drop storm other)" --replace
	[ $((RANDOM % 4)) != 0 ] || nsfence detach b
}
read_all() { nsfence stats; nsfence ls --all -j; nsfence policy ls -j; }
remove() {
	nsfence policy set "$TMP/p/other.nft"
	nsfence policy del other
}
stream() { ip netns exec r ping -f -c 200 -W 1 10.7.1.2; }
for port in 9 10 11; do
	udpflood send -n r -t 1200000 $A4 $port >"$TMP/send$port.out" &
	JOBS+=($!)
done
nsfence monitor -j >"$TMP/monitor" 2>&1 &
JOBS+=($!)
pids=()
for what in "l1 life s1" "l2 life s2" "l3 life s3" "change change" "swap swap" "read read_all" "remove remove" "stream stream"; do
	# shellcheck disable=SC2086 # a name and a command
	loop $what &
	pids+=($!)
	JOBS+=($!)
done
sleep $seconds
touch "$TMP/stop"
wait "${pids[@]}"
diag "$(cat "$TMP"/*.sum)"
diag "$(sort "$TMP"/*.err | sed 's/s[123]//' | uniq -c | sort -rn | head -n 30)"
for name in l1 l2 l3; do
	is "$name: every life went well" "$(awk '{ print ($2 > 0) " " $3 }' "$TMP/$name.sum")" "1 0"
done
is "changes: all went well" "$(awk '{ print ($2 > 0) " " $3 }' "$TMP/change.sum")" "1 0"
for job in "${JOBS[@]}"; do stop_job "$job"; done 2>/dev/null
nsfence detach --all >/dev/null
run_ok "the policy is deleted" nsfence policy del storm
nsfence policy del other 2>/dev/null
is "nothing is left" "$(nsfence policy ls -j)" "[]"
finish
