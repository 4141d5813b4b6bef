#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsfenced with the nft backend while packets come: it is killed at any moment, started
# again, loads other policies, and namespaces come and go. What every configuration
# drops never passes, what all accept always does; and no descriptor is left behind.
. "$(dirname "$0")/lib.sh"

NSFENCED=${NSFENCED:-$TOP/build/nsfenced} NSFENCE=${NSFENCE:-$TOP/build/nsfence}
UDPFLOOD=${UDPFLOOD:-$TOP/build/tests/udpflood}
[ -x "$UDPFLOOD" ] || { skip "packets come" "no build/tests/udpflood (make testers)"; finish; }
kills=25
[ -z "${NSF_LONG:-}" ] || kills=300
export STATE_DIRECTORY=$TMP/state
mkdir -p "$TMP/state" /run/nsfence
conf=$TMP/conf
mkdir -p "$conf/policies"
seed=${NSF_SEED:-$((EPOCHSECONDS % 32768))}
RANDOM=$seed
echo "# NSF_SEED=$seed"

policy() { # PORTS that are dropped
	cat >"$TMP/web.new" <<-END
		table inet web {
			chain in { type filter hook input priority filter; policy accept; udp dport { $1 } counter drop; }
		}
	END
	mv "$TMP/web.new" "$conf/policies/web.nft"
}
configuration() { # POLICY-OF-b
	printf '%s\n' '[nsfenced]' 'backend = nft' '[netns a]' 'policy = web' '[netns b]' "policy = $1" \
		'[netns c*]' 'policy = drop' >"$TMP/conf.new"
	mv "$TMP/conf.new" "$conf/nsfence.conf"
}
launch() {
	"$NSFENCED" -c "$conf" 2>>"$TMP/log" &
	DAEMON=$!
}
looked() { "$NSFENCE" status | grep -q '^fences.*configured namespaces'; }
start() {
	launch
	wait_until 60 looked || { not_ok "nsfenced starts" "$(tail "$TMP/log")"; finish; }
}
killed() {
	kill -9 "$DAEMON" 2>/dev/null
	wait "$DAEMON" 2>/dev/null
}
snooze() { sleep "0.$(printf %03d $((RANDOM % $1)))"; } # less than that many ms
files() { find "/proc/$DAEMON/fd" -mindepth 1 2>/dev/null | wc -l; }
clean_all() {
	# shellcheck disable=SC2046 # numbers
	kill -9 $(jobs -p)
	wait
	clean
} 2>/dev/null
trap clean_all EXIT

new a 1
new b 2
for ns in a b; do
	in_ns $ns nft -f - <<-'END' || finish
		table inet watch {
			chain before {
				type filter hook prerouting priority -500;
				udp dport 9 counter; udp dport 10 counter
			}
			chain after {
				type filter hook input priority 500;
				udp dport 9 counter; udp dport 10 counter
			}
		}
	END
done
watch() { # NETNS before|after PORT: packets
	in_ns "$1" nft list chain inet watch "$2" | sed -n "s/.*udp dport $3 counter packets \\([0-9]*\\).*/\\1/p"
}
for to in "10.77.1.2 9" "10.77.1.2 10" "10.77.2.2 9"; do
	# shellcheck disable=SC2086 # an address and a port
	nice -n 10 "$UDPFLOOD" send -t 3600000 -p 3000 $to >/dev/null &
done
above() { [ "$(watch "$1" "$2" "$3")" -gt "$4" ]; }
flow() { # DESCRIPTION
	local bad="" ns port
	while read -r ns port; do
		wait_until 20 above "$ns" before "$port" $(($(watch "$ns" before "$port") + 20)) || bad+=" $ns:$port"
	done <<<$'a 9\na 10\nb 9'
	is "$1: packets come" "$bad" ""
	is "$1: none passed" "$(($(watch a after 9) - zero_a)) $(($(watch b after 9) - zero_b))" "0 0"
}
passes() { above "$1" after 9 "$(watch "$1" after 9)"; }
wait_ok "control: without a fence they pass" 20 passes a
wait_ok "control: so they do in b" 20 passes b

# --- fenced ----------------------------------------------------------------------------
policy 9
configuration drop
start
run_ok "a is fenced" "$NSFENCE" wait a --timeout 20
run_ok "b is fenced" "$NSFENCE" wait b --timeout 20
zero_a=$(watch a after 9) zero_b=$(watch b after 9)
flow "fenced"

# --- killed ------------------------------------------------------------------------------
# Before it has read anything, while it looks around, while it loads, and at rest.
wrong="" loading=0
one_kill() { # NUMBER WAY
	case $2 in
	0) looked || launch; snooze 60 ;;
	1) policy "9, $((11 + $1))"
		"$NSFENCE" reload >/dev/null 2>&1 &
		snooze 50 ;;
	2) configuration "$([ $((RANDOM % 2)) = 0 ] && echo web || echo drop)"
		kill -HUP "$DAEMON"
		snooze 50 ;;
	3) ip netns add "c$1"
		snooze 60
		ip netns del "c$1" ;;
	esac
	killed
	[ "$2" != 1 ] || wait $! || loading=$((loading + 1))
	start
	"$NSFENCE" status >"$TMP/said" && "$NSFENCE" plan >>"$TMP/said" || wrong+="; $1: $(cat "$TMP/said")"
}
for ((i = 0; i < kills; i++)); do
	one_kill "$i" $((i % 4))
done
# Loading takes a few milliseconds; they have to be met once.
for (( ; loading == 0 && i < kills + 100; i++)); do
	one_kill "$i" 1
done
is "killed $i times: the next one has all as configured" "$wrong" ""
flow "killed $i times"
if [ "$loading" -gt 0 ]; then ok "control: it was killed while it was loading"; else
	not_ok "control: it was killed while it was loading" "never"
fi
like "the last policy is in force" "$(table a)" "dport (\{[^}]*9|@)"

# --- namespaces come and go -------------------------------------------------------------------
before=$(files)
wrong=""
for i in 1 2 3 4 5 6; do
	ip netns add "c$i"
	"$NSFENCE" wait "c$i" --timeout 20 >/dev/null || wrong+=" c$i"
	[[ "$(table "c$i" 2>&1)" == *"policy drop"* ]] || wrong+=" c$i: $(table "c$i" 2>&1)"
done
is "each one that appears is fenced" "$wrong" ""
if [ "$(files)" -gt "$before" ]; then ok "control: they cost descriptors"; else
	not_ok "control: they cost descriptors" "$before before, $(files) now"
fi
for i in 1 2 3 4 5 6; do ip netns del "c$i"; done
wait_ok "which are let go when they are gone" 60 eval '[ "$(files)" -le "$before" ]'

# --- without the daemon -------------------------------------------------------------------------
killed
flow "nobody there"
in_ns a nft flush ruleset inet >/dev/null 2>&1
in_ns a nft delete table inet nsfence 2>/dev/null
in_ns a nft -f - <<-'END'
	table inet watch {
		chain before { type filter hook prerouting priority -500; udp dport 9 counter; udp dport 10 counter; }
		chain after { type filter hook input priority 500; udp dport 9 counter; udp dport 10 counter; }
	}
END
wait_ok "control: root inside can open it then" 20 passes a
start
run_ok "it is put right by the next one" "$NSFENCE" wait a --timeout 20
zero_a=$(watch a after 9)
flow "put right"

# --- the end --------------------------------------------------------------------------------------
# A packet may be between the two counters, or come between the two looks.
came=$(watch a before 10) passed=$(watch a after 10)
if [ "$passed" -ge $((came - 8)) ]; then ok "what the policies accept was never dropped"; else
	not_ok "what the policies accept was never dropped" "$passed of $came"
fi
printf '[nsfenced]\nbackend = nft\n[netns b]\npolicy = none\n' >"$conf/nsfence.conf"
run_ok "nothing is to be fenced any more" "$NSFENCE" reload
is "no table of ours is left" "$(for ns in a b; do in_ns $ns nft list tables; done | sort -u)" "table inet watch"
wait_ok "and packets pass" 20 passes a
kill "$DAEMON"
wait "$DAEMON"
is "it stops when it is told to" $? 0
[ "$TAP_FAILED" = 0 ] || tail -n 40 "$TMP/log" | sed 's/^/# /'
finish
