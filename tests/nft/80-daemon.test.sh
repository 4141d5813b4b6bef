#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsfenced with the nft backend, from one end to the other.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

NSFENCED=${NSFENCED:-$TOP/build/nsfenced} NSFENCE=${NSFENCE:-$TOP/build/nsfence}
export STATE_DIRECTORY=$TMP/state
mkdir -p "$TMP/state" /run/nsfence
conf=$TMP/conf
mkdir -p "$conf/policies" "$conf/netns.d"

start() {
	"$NSFENCED" -c "$conf" 2>>"$TMP/log" &
	DAEMON=$!
	wait_until 10 "$NSFENCE" status
	wait_until 10 eval '"$NSFENCE" status | grep -q "^fences"' ||
		{ not_ok "nsfenced starts" "$(tail "$TMP/log")"; finish; }
}
stop_hard() { kill -9 "$DAEMON"; wait "$DAEMON" 2>/dev/null; }
state() { "$NSFENCE" status -j | jq -r --arg n "$1" '.namespaces[] | select(.netns == $n) | .state'; }
state_is() { [ "$(state "$1")" = "$2" ]; }
has() { table "$1" | grep -Eq "$2"; }
cut_off() { ! pings "$1"; }

new a 1
new web1 2
new free 3
cat >"$conf/nsfence.conf" <<-END
	[nsfenced]
	backend = nft
	[netns a]
	policy = drop
	[netns web*]
	policy = web
	[netns later]
	policy = drop
END
cat >"$conf/policies/web.nft" <<-END
	table inet web {
		chain input {
			type filter hook input priority filter; policy drop;
			icmp type echo-request accept
		}
	}
END
start
wait_ok "a is fenced" 10 state_is a enforcing
wait_ok "web1 is fenced" 10 state_is web1 enforcing
run_fails "with drop" "100% packet loss" pings 10.77.1.2
run_ok "with its policy" pings 10.77.2.2
run_fails "that drops the rest (SYNs get no answer)" "" timeout 2 bash -c 'exec 3<>/dev/tcp/10.77.2.2/80 2>/dev/null || exit 0'
is "who is not configured is free" "$(in_ns free nft list ruleset)" ""
out=$("$NSFENCE" status)
like "status says which backend" "$out" "backend +nft"
like "and what it does not give" "$out" "birth"
like "where a fence is from is in the table" "$(table a)" "drop nsfence.conf:4"

new later 4
wait_ok "a namespace that comes later is fenced" 10 state_is later enforcing
run_fails "at once" "100% packet loss" pings 10.77.4.2
run_ok "wait says so" "$NSFENCE" wait later --timeout 10s

ruleset() { for n in a web1 later; do in_ns "$n" nft -a list ruleset; done | grep -v '^table\|flags\|counter'; }
before=$(ruleset)
stop_hard
run_fails "kill -9 unfences nothing" "100% packet loss" pings 10.77.1.2
is "what is there, stays" "$(ruleset)" "$before"
start
wait_ok "the next daemon finds all as it should be" 10 state_is web1 enforcing
is "and changes nothing" "$(ruleset)" "$before"

stop_hard
in_ns a nft flush ruleset
in_ns web1 nft insert rule inet nsfence input accept
start
wait_ok "what was removed meanwhile is back" 10 has a "hook input"
wait_ok "what was changed is as it was" 10 eval '! table web1 | grep -Eq "^		accept"'
in_ns a nft delete table inet nsfence 2>/dev/null
run_fails "it is still fenced" "100% packet loss" pings 10.77.1.2

sed -i 's/echo-request accept/echo-request drop/' "$conf/policies/web.nft"
sed -i '/^\[netns later\]/,$d' "$conf/nsfence.conf"
run_ok "a reload" "$NSFENCE" reload
wait_ok "changes a policy" 10 cut_off 10.77.2.2
wait_ok "and takes off what is configured no more" 10 pings 10.77.4.2
is "without a trace" "$(in_ns later nft list ruleset)" ""
run_ok "plan sees no difference then" "$NSFENCE" plan

ip netns del web1
wait_ok "a namespace that is deleted dies" 10 eval '! ip link show v-web1'

printf '[nsfenced]\nbackend = nft\nbirth = drop\n[netns a]\npolicy = drop\n' >"$conf/nsfence.conf"
"$NSFENCE" reload >/dev/null 2>&1
wait_ok "birth is said to be impossible" 10 grep -q "birth, which nftables cannot give" "$TMP/log"
run_fails "and a stays fenced" "100% packet loss" pings 10.77.1.2
kill "$DAEMON"
wait "$DAEMON"
is "it stops when it is told to" $? 0
run_fails "and fences stay" "100% packet loss" pings 10.77.1.2

# auto, where there is no module.
sed -i 's/^backend = nft/backend = auto/; /^birth/d' "$conf/nsfence.conf"
if [ -e /sys/module/nsfence ]; then
	skip "backend = auto takes nft" "the module is loaded"
else
	start
	wait_ok "backend = auto takes nft" 10 eval '"$NSFENCE" status | grep -Eq "backend +nft"'
	wait_ok "with the fences that are there" 10 state_is a enforcing
	kill "$DAEMON"
	wait "$DAEMON"
fi
[ "$TAP_FAILED" = 0 ] || tail -n 40 "$TMP/log" | sed 's/^/# /'
finish
