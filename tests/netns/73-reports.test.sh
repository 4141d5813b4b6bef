#!/bin/bash
# Reports of packets: what `nsfence monitor` tells of logs, drops, rejects and
# audits, packet by packet; how many a flood makes; and who hears them.
. "$(dirname "$0")/lib.sh"
only_on 7.x
topology --no-echo
netns_add mark
load
ids=$(rawgenl ids)
packets=${ids##*packets=} packets=${packets%% *}
cmp_num "the module has a group for packets" "$packets" -gt 0

# --- what is read -----------------------------------------------------------------------

# Two monitors hear everything, one speaks JSON. A fence on `mark` comes in the
# same queue as the packets: once it shows, all before it have been shown.
FROM_JSON=0 FROM_TEXT=0
marked() { # COUNT
	[ "$(grep -c '"attached".*"mark"' "$TMP/json.out")" = "$1" ] &&
		[ "$(grep -c ' attached .*netns=mark ' "$TMP/text.out")" = "$1" ]
}
settle() { # also in a subshell
	nsfence attach mark accept --replace >/dev/null || echo "the mark is not set"
	echo >>"$TMP/marks"
	wait_until 30 marked "$(wc -l <"$TMP/marks")" || echo "the monitors are asleep"
}
listen() {
	start_ready json nsfence monitor -v -j
	JSON=$READY_PID
	start_ready text nsfence monitor -v
	TEXT=$READY_PID
	: >"$TMP/marks"
	from_here
}
deaf() {
	stop_job "$JSON"
	stop_job "$TEXT"
}
# Forgets what was shown so far.
from_here() {
	settle
	FROM_JSON=$(wc -l <"$TMP/json.out") FROM_TEXT=$(wc -l <"$TMP/text.out")
}
events() { tail -n "+$((FROM_JSON + 1))" "$TMP/json.out"; }
# NETNS POLICY REPORT HOOK VERDICT FAMILY PROTOCOL SADDR DADDR SPORT>DPORT IIF>OIF
# LENGTH PREFIX LEVEL CHAIN LINE of each packet since then, sorted.
rows() {
	settle
	events | jq -r 'select(.event == "packet") | .packet as $p | [(.names | join(",")), .policy,
		$p.report, $p.hook, $p.verdict, $p.family, $p.protocol, $p.saddr, $p.daddr,
		"\($p.sport // "-")>\($p.dport // "-")", "\($p.iif // "-")>\($p.oif // "-")", $p.length,
		$p.prefix // "-", $p.level // "-", .rule.chain // "-", .rule.line // "-"] | join(" ")' | sort
}
# The same packets as lines, without their time.
lines() { tail -n "+$((FROM_TEXT + 1))" "$TMP/text.out" | sed -n 's/^[^ ]* packet /packet /p' | sort; }
these() { printf '%s\n' "$@" | sort; }
line_of() { grep -nF "$1" "$TMP/p/rules.nft" | cut -d: -f1; }

# --- rules ------------------------------------------------------------------------------

mkdir "$TMP/p"
cat >"$TMP/p/rules.nft" <<-'END'
	table inet fence {
		chain before {
			type filter hook prerouting priority raw; policy accept;
			ip frag-off & 0x1fff != 0 drop
			exthdr frag exists drop
		}
		chain in {
			type filter hook input priority filter; policy drop;
			icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
			iif lo accept
			udp dport 22136 log prefix "x" level info
			udp dport 22136 counter drop
			tcp flags & rst == rst accept
			tcp dport 22136 reject with tcp reset
			icmp type echo-request log prefix "ping: it's \ 100%"
			icmpv6 type echo-request log accept
		}
		chain out {
			type filter hook output priority filter; policy accept;
			udp dport 22136 reject
		}
	}
END
log=$(line_of 'prefix "x"') drop=$(line_of 'counter drop') reset=$(line_of 'tcp reset')
ping=$(line_of 'ping: ') ping6=$(line_of 'log accept') out=$(line_of 'udp dport 22136 reject')
frag=$(line_of 'frag-off') frag6=$(line_of 'exthdr')
run_ok "a policy that logs" nsfence policy set "$TMP/p/rules.nft"
run_ok "a is fenced with it" nsfence attach a rules
fence a
instance=${F[instance]} inode=${F[inode]}
listen

# What an output hook stops is told to the sender as EPERM.
send() { # NETNS KIND SOURCE DESTINATION
	local got
	got=$(rawpkt -n "$@" 2>&1)
	[[ $got =~ ^(sent|EPERM)$ ]] || not_ok "a packet is sent: $*" "$got"
}
for kind in udp ack rst; do
	send r $kind $RA4 $A4
	send r $kind $RA6 $A6
done
is "reports: of UDP (logged and dropped) and TCP (rejected), of each version of IP; none of what passes" "$(rows)" "$(these \
	"a rules log input accept 2 17 $RA4 $A4 4660>22136 vr>- 32 x 6 in $log" \
	"a rules log input accept 10 17 $RA6 $A6 4660>22136 vr>- 52 x 6 in $log" \
	"a rules drop input drop 2 17 $RA4 $A4 4660>22136 vr>- 32 - - in $drop" \
	"a rules drop input drop 10 17 $RA6 $A6 4660>22136 vr>- 52 - - in $drop" \
	"a rules drop input reject 2 6 $RA4 $A4 4660>22136 vr>- 40 - - in $reset" \
	"a rules drop input reject 10 6 $RA6 $A6 4660>22136 vr>- 60 - - in $reset")"
who="packet   inode=$inode netns=a policy=rules instance=$instance"
at="chain=\"in\" at=$TMP/p/rules.nft"
is "as lines" "$(lines)" "$(these \
	"$who report=log hook=input verdict=accept saddr=$RA4 daddr=$A4 protocol=udp sport=4660 dport=22136 iif=vr length=32 level=6 prefix=\"x\" $at:$log rule=\"udp dport 22136 log prefix \\\"x\\\" level info\"" \
	"$who report=log hook=input verdict=accept saddr=$RA6 daddr=$A6 protocol=udp sport=4660 dport=22136 iif=vr length=52 level=6 prefix=\"x\" $at:$log rule=\"udp dport 22136 log prefix \\\"x\\\" level info\"" \
	"$who report=drop hook=input verdict=drop saddr=$RA4 daddr=$A4 protocol=udp sport=4660 dport=22136 iif=vr length=32 $at:$drop rule=\"udp dport 22136 counter drop\"" \
	"$who report=drop hook=input verdict=drop saddr=$RA6 daddr=$A6 protocol=udp sport=4660 dport=22136 iif=vr length=52 $at:$drop rule=\"udp dport 22136 counter drop\"" \
	"$who report=drop hook=input verdict=reject saddr=$RA4 daddr=$A4 protocol=tcp sport=4660 dport=22136 iif=vr length=40 $at:$reset rule=\"tcp dport 22136 reject with tcp reset\"" \
	"$who report=drop hook=input verdict=reject saddr=$RA6 daddr=$A6 protocol=tcp sport=4660 dport=22136 iif=vr length=60 $at:$reset rule=\"tcp dport 22136 reject with tcp reset\"")"
is "as objects: the namespace's number and the fence's, the file and the rule" \
	"$(events | jq -c 'select(.event == "packet" and .packet.report == "log" and .packet.family == 2) |
		[.inode, .instance, .rule.file, .rule.text, (.time | length > 20)]')" \
	"[$inode,$instance,\"$TMP/p/rules.nft\",\"udp dport 22136 log prefix \\\"x\\\" level info\",true]"
fence a
is "and the fence has counted as many" "${C[input.drop]:-0} ${C[input.reject]:-0}" "2 2"

# --- a chain's policy, ICMP, the way out, fragments ------------------------------------------

from_here
in_ns r netprobe -t "$QUIET" "ping,$A4" >/dev/null
is "ping: a log with a strange prefix, then a drop by the chain's policy, which is no rule" "$(rows)" "$(these \
	"a rules log input accept 2 1 $RA4 $A4 ->- vr>- 28 ping: it's \\ 100% 4 in $ping" \
	"a rules drop input drop 2 1 $RA4 $A4 ->- vr>- 28 - - in -")"
is "ping: the line of the drop has the chain, and no rule" "$(lines | grep report=drop)" \
	"$who report=drop hook=input verdict=drop saddr=$RA4 daddr=$A4 protocol=icmp iif=vr length=28 chain=\"in\""
like "ping: a backslash is told as two" "$(lines)" "prefix=\"ping: it's "'\\\\'" 100%\" "
from_here
is "ping of IPv6 passes" "$(probe r "ping,$A6" "$ANSWER")" ok
is "and is logged, with no prefix" "$(rows)" "a rules log input accept 10 58 $RA6 $A6 ->- vr>- 48 - 4 in $ping6"
from_here
send a udp $A4 $RA4
send a udp $A6 $RA6
is "on the way out, too: rejected, and the error that tells so is not reported" "$(rows)" "$(these \
	"a rules drop output reject 2 17 $A4 $RA4 4660>22136 ->vr 32 - - out $out" \
	"a rules drop output reject 10 17 $A6 $RA6 4660>22136 ->vr 52 - - out $out")"
from_here
big() { head -c 3000 /dev/zero | in_ns r socat -u -b 4000 - "$1,sourceport=4660"; }
big "UDP4:$A4:22136"
is "fragments: those without a header have no ports" "$(rows)" "$(these \
	"a rules drop prerouting drop 2 17 $RA4 $A4 ->- vr>- 1500 - - before $frag" \
	"a rules drop prerouting drop 2 17 $RA4 $A4 ->- vr>- 68 - - before $frag")"
from_here
big "UDP6:[$A6]:22136"
is "fragments of IPv6: the first has ports" "$(rows)" "$(these \
	"a rules drop prerouting drop 10 17 $RA6 $A6 4660>22136 vr>- 1496 - - before $frag6" \
	"a rules drop prerouting drop 10 17 $RA6 $A6 ->- vr>- 1496 - - before $frag6" \
	"a rules drop prerouting drop 10 17 $RA6 $A6 ->- vr>- 160 - - before $frag6")"

# --- forward; built-in policies ---------------------------------------------------------------

printf 'table inet t { chain in { type filter hook input priority 0; policy accept; }; }\n' >"$TMP/p/router.nft"
run_ok "r is fenced with a policy that has no forward chain" nsfence attach r "$TMP/p/router.nft"
from_here
send u udp $U4 $B4
send u ack $U6 $B6
is "forward: what the fence drops there, which no chain says" "$(rows)" "$(these \
	"r router drop forward drop 2 17 $U4 $B4 4660>22136 vu>vb 32 - - - -" \
	"r router drop forward drop 10 6 $U6 $B6 4660>22136 vu>vb 60 - - - -")"
unlike "forward: nor has its line" "$(lines)" 'chain=|rule=|at='
run_ok "r in mode audit" nsfence attach r router --mode audit --replace
from_here
send u udp $U4 $B4
is "forward: audited, and so is the error that answers" "$(rows)" "$(these \
	"r router audit forward audit 2 17 $U4 $B4 4660>22136 vu>vb 32 - - - -" \
	"r router audit forward audit 2 1 $B4 $U4 ->- vb>vu 60 - - - -")"
nsfence detach r >/dev/null

builtin() { # DESCRIPTION POLICY ROW...
	local desc=$1 policy=$2
	shift 2
	nsfence attach b "$policy" --replace >/dev/null || not_ok "b: $policy"
	from_here
	send r udp $RB4 $B4
	send r ack $RB6 $B6
	send b udp $B4 $RB4
	is "$desc" "$(rows)" "$(these "$@")"
}
builtin "drop: by no rule, in no chain" drop \
	"b drop drop input drop 2 17 $RB4 $B4 4660>22136 vr>- 32 - - - -" \
	"b drop drop input drop 10 6 $RB6 $B6 4660>22136 vr>- 60 - - - -" \
	"b drop drop output drop 2 17 $B4 $RB4 4660>22136 ->vr 32 - - - -"
is "drop: as a line" "$(lines | grep 'hook=output' | sed 's/instance=[0-9]* //')" \
	"packet   inode=$(inode_of b) netns=b policy=drop report=drop hook=output verdict=drop saddr=$B4 daddr=$RB4 protocol=udp sport=4660 dport=22136 oif=vr length=32"
builtin "reject: the packet, and not the answer" reject \
	"b reject drop input reject 2 17 $RB4 $B4 4660>22136 vr>- 32 - - - -" \
	"b reject drop input reject 10 6 $RB6 $B6 4660>22136 vr>- 60 - - - -" \
	"b reject drop output reject 2 17 $B4 $RB4 4660>22136 ->vr 32 - - - -"
nsfence attach b audit --replace >/dev/null
from_here
send r udp $RB4 $B4
# The port is closed, and b may say so.
is "audit: what comes, and the error that answers it" "$(rows | sed "s/^b [a-z]* //")" "$(these \
	"audit input audit 2 17 $RB4 $B4 4660>22136 vr>- 32 - - - -" \
	"audit output audit 2 1 $B4 $RB4 ->- ->vr 60 - - - -")"
builtin "accept: nothing" accept
is "accept: no row, no line" "$(rows)$(lines)" ""

# --- mode audit of a policy ----------------------------------------------------------------------

run_ok "u in mode audit" nsfence attach u rules --mode audit
echo_on u
from_here
send r udp $RU4 $U4
send r ack $RU6 $U6
is "audit: everything is evaluated, the logs are told, and what would be stopped" "$(rows | grep -v ' output ')" "$(these \
	"u rules log input accept 2 17 $RU4 $U4 4660>22136 vr>- 32 x 6 in $log" \
	"u rules audit input audit 2 17 $RU4 $U4 4660>22136 vr>- 32 - - in $drop" \
	"u rules audit input audit 10 6 $RU6 $U6 4660>22136 vr>- 60 - - in $reset")"
from_here
traffic "audit: everything passes" r $U4 $U6 ok
settle
events >"$TMP/audit"
fence u
is "audit: as many are told as were counted" \
	"$(jq -n '[inputs | select(.event == "packet" and .packet.report == "audit" and .packet.hook == "input")] | length + 2' "$TMP/audit")" \
	"${C[input.audit]:-none}"
is "audit: none was stopped" "${C[input.drop]:-0} ${C[input.reject]:-0}" "0 0"
is "audit: by what is reported, too" "$(jq -c 'select(.event == "packet" and .packet.report == "drop")' "$TMP/audit")" ""
is "audit: the rule's counter has counted" \
	"$(nsfence stats u -j | jq '[.. | objects | select(.text? == "udp dport 22136 counter drop") | .packets] | add')" 1
echo_off
nsfence detach u >/dev/null

# --- nobody listens ---------------------------------------------------------------------------------

flood_a() { udpflood send -n r -t "$1" $A4 9 >/dev/null; }
fence_drops() {
	fence a
	echo "${C[input.drop]:-0}"
}
lost_of() { jq -n 'last(inputs | select(.event == "packet") | .packet.lost) // "none"' "$TMP/json.out"; }
from_here
send r udp $RA4 $A4
settle
lost=$(lost_of)
deaf
before=$(fence_drops)
flood_a 1500
cmp_num "nobody listens: a flood is dropped" $(($(fence_drops) - before)) -gt 1000
listen
send r udp $RA4 $A4
is "nobody listens: nothing is reported afterwards but the next packet" "$(rows)" "$(these \
	"a rules log input accept 2 17 $RA4 $A4 4660>22136 vr>- 32 x 6 in $log" \
	"a rules drop input drop 2 17 $RA4 $A4 4660>22136 vr>- 32 - - in $drop")"
is "nobody listens: and nothing counts as lost" "$(lost_of)" "$lost"

# --- a flood --------------------------------------------------------------------------------------------

sleep 1.1	# until the burst is whole again
from_here
send r udp $RA4 $A4
now_ms() { echo $(($(date +%s%N) / 1000000)); }
before=$(fence_drops) begin=$(now_ms)
flood_a 3000
took=$(($(now_ms) - begin))
flooded=$(($(fence_drops) - before))
sleep 0.1	# so that there is room for one more
send r udp $RA4 $A4
settle
events >"$TMP/flood"
told=$(jq -n '[inputs | select(.event == "packet" and .packet.dport == 9)] | length' "$TMP/flood")
lost=$(jq -n '[inputs | select(.event == "packet") | .packet.lost] | last - first' "$TMP/flood")
said=$(jq -n '[inputs | select(.event == "lost") | .lost // "events"] | if any(. == "events") then "events" else add end' "$TMP/flood")
diag "flood: $flooded packets in $took ms, $told told, $lost lost, monitor says $said"
if [ "$flooded" -le $((2000 + took * 11 / 10)) ]; then
	for what in "no more than the limit is told" "the rest is counted" "and monitor says how many"; do
		skip "flood: $what" "this machine makes no flood: $flooded packets in $took ms"
	done
else
	# A burst of 1000, then 1000 a second; the time is a bit longer than the flood.
	cmp_num "flood: no more than the limit is told" "$told" -le $((1000 + took * 101 / 100))
	cmp_num "flood: nor much less" "$told" -ge 1000
	is "flood: the rest is counted" "$lost" $((flooded - told))
	is "flood: and monitor says how many" "$said" "$lost"
	like "flood: in words, too" "$(tail -n "+$((FROM_TEXT + 1))" "$TMP/text.out" | grep ' lost ')" \
		'^[^ ]+ lost     reports of [0-9]+ packets? were lost: '
fi

# --- a namespace that dies; a fence that is taken off -------------------------------------------------------

netns_add dying
link_up dying r 4
run_ok "a namespace that is to die" nsfence attach dying rules
inode=$(inode_of dying)
from_here
udpflood send -n r -t 20000 10.7.4.2 9 >/dev/null &
flood=$!
JOBS+=("$flood")
heard_of() { events | grep -q "\"inode\":$inode,.*\"report\":\"drop\""; }
wait_ok "dies: its packets are told" 20 heard_of
netns_del dying
wait_ok "dies: within a flood that is reported" 30 dead "$inode"
stop_job "$flood"
settle
events | jq -c --argjson i "$inode" 'select(.inode == $i) | .event' >"$TMP/dying"
is "dies: after its death nothing is told of it" "$(tail -n 1 "$TMP/dying")" '"died"'
is "dies: and it died once" "$(grep -c died "$TMP/dying")" 1

sleep 1.1
from_here
send r udp $RA4 $A4
settle
is "detach: reports come until then" "$(events | jq -c 'select(.event == "packet") | .packet.report' | sort | xargs)" "drop log"
nsfence detach a >/dev/null
from_here
send r udp $RA4 $A4
send r ack $RA6 $A6
is "detach: and not afterwards" "$(rows)$(lines)" ""
run_ok "a is fenced again" nsfence attach a rules
is "what monitor printed is JSON, each line with time and event" \
	"$(jq -n '[inputs | select((.time | not) or (.event | not))] | length' "$TMP/json.out")" 0
is "and it complained of nothing" "$(cat "$TMP/json.err" "$TMP/text.err")" "listening
listening"

# --- who hears ---------------------------------------------------------------------------------------------------

start_ready genl-init nlisten genl "$packets"
start_ready genl-u nlisten -n u genl "$packets"
start_ready genl-a nlisten -n a genl "$packets"
start_ready genl-none unshare -n nlisten genl "$packets"
start_ready genl-userns unshare -Urn nlisten -a genl "$packets"
start_ready genl-weak setpriv --bounding-set=-net_admin --inh-caps=-net_admin nlisten genl "$packets"
nobroadcast="setpriv --bounding-set=-net_broadcast,-sys_admin --inh-caps=-net_broadcast,-sys_admin"
# shellcheck disable=SC2086
start_ready genl-nobroadcast nsenter --net=/run/netns/u $nobroadcast nlisten -a genl "$packets"
# u has an id for the initial namespace, which LISTEN_ALL_NSID asks for: 32-listeners.
ip link add uplink type veth peer name down netns u
touch /run/netns/initial
mount --bind /proc/1/ns/net /run/netns/initial
ip -n u netns set initial 7
start_ready genl-all nlisten -n u -a genl "$packets"

heard() { sed 1d "$TMP/$1.out" | grep -c '^genl '; }
from_here
for _ in 1 2 3 4 5; do
	send r udp $RA4 $A4
	send a udp $A6 $RA6
done
enough() { [ "$(heard genl-init)" -ge 15 ]; }
wait_ok "control: the initial namespace hears each of them" 30 enough
is "control: as many as monitor" "$(rows | wc -l)" 15
silent() { # DESCRIPTION JOB
	local first
	first=$(head -n 1 "$TMP/$2.out")
	case $first in
	refused*) ok "$1: may not even join (${first#refused })" ;;
	*) is "$1: joined by number, and hears nothing" "$(heard "$2")" 0 ;;
	esac
}
is "without CAP_NET_ADMIN, even in the initial namespace: may not join" "$(head -n 1 "$TMP/genl-weak.out")" "refused EPERM"
silent "root in u" genl-u
silent "root in a, whose packets they are" genl-a
silent "root in a namespace of his own" genl-none
silent "root of a user namespace, asking for all namespaces" genl-userns
silent "root in u without CAP_NET_BROADCAST, asking for all namespaces" genl-nobroadcast
if grep -qw __ksymtab_netlink_broadcast_filtered /proc/kallsyms; then
	silent "root in u with every capability, asking for all namespaces" genl-all
else
	skip "root in u with every capability, asking for all namespaces" \
		"this kernel has no filtered broadcast: he heard $(heard genl-all) messages"
fi
run_fails "root in u: monitor finds no module" 3 '.' in_ns u nsfence monitor --packets --count 1

finish
