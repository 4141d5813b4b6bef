#!/bin/bash
# A fenced router is deleted under a flood, with 200 other namespaces dying
# beside it: not one packet passes, up to its last. The same without a fence
# passes many, and with nftables inside it, some may: nftables' hooks go before
# the devices do.
. "$(dirname "$0")/lib.sh"
others=${NSF_SCALE:-200}
[ -z "$DEBUG" ] || others=25
load

# A flood from a to b through r, r deleted in its midst; prints how many arrived.
flood() { # FENCE-COMMAND...
	local pid_count pid_send died
	topology --no-echo
	"$@" >/dev/null || bail "prepare: $*"
	inode=$(inode_of r)
	before=$(count namespaces)
	start_ready count udpflood count -n b -t 120000 9
	pid_count=$READY_PID
	hold_many "$others" -o /run/netns/r
	udpflood send -n a -t 120000 $B4 9 >"$TMP/send.out" &
	pid_send=$!
	JOBS+=("$pid_send")
	if [ "$1" = true ]; then
		wait_until 20 flood_arrives || diag "the flood does not arrive"
	else
		wait_until 20 flood_runs
	fi
	ip netns del r		# mknetns still holds it
	let_go
	wait_until 60 counts_are "namespaces=$((before - 1)) attachments=0"
	died=$?
	stop_job "$pid_send"
	stop_job "$pid_count"
	received=$(sed -n 's/received=//p' "$TMP/count.out")
	sent=$(sed -n 's/sent=\([0-9]*\).*/\1/p' "$TMP/send.out")
	netns_del a b u keeper
	wait_until 60 counts_are "$BASE"
	return $died
}

rx() { ip -n "$1" -s -j link show "$2" | jq '.[0].stats64.rx.packets'; }
flood_runs() { [ "$(rx r va)" -gt 500 ]; }
flood_arrives() { [ "$(rx b vr)" -gt 500 ]; }

flood true
is "no fence: the router died" "$?" 0
cmp_num "no fence: the flood passes ($received of $sent)" "$received" -gt 100

start_ready monitor stdbuf -oL nsfence monitor -j -v
monitor=$READY_PID
flood nsfence attach r drop
is "drop: the router died, with $others others" "$?" 0
is "drop: not one packet passed (of $sent)" "$received" 0
dropped() {
	jq --argjson i "$inode" 'select(.event == "died" and .inode == $i) | .counters[] |
		select(.hook == "forward" and .verdict == "drop") | .packets' "$TMP/monitor.out"
}
wait_ok "drop: its death is told" 30 eval '[ -n "$(dropped)" ]'
cmp_num "drop: with its counter" "$(dropped)" -ge 500
stop_job "$monitor"

[ -z "$DEBUG" ] || finish		# once is slow enough there

flood nsfence attach r reject
is "reject: the router died" "$?" 0
is "reject: not one packet passed (of $sent)" "$received" 0

in_r_nft() { in_ns r nft 'add table inet t; add chain inet t f { type filter hook forward priority 0; policy drop; }'; }
flood in_r_nft
diag "for comparison, nftables in the router: $received packets of $sent passed as it died"

finish
