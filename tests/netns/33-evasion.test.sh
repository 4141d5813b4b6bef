#!/bin/bash
# Root inside tries to get around the fence: by its own rules, routes, queues and
# raw packets. First comes what the fence stops, then, as "known limit", what it
# does not claim to stop (README, "Not claimed"): when one of those checks fails,
# a hole was closed, and the check is to be turned round.
#
# Each evasion is shown to be one: without the fence's verdict it gets through.
. "$(dirname "$0")/lib.sh"
only_on 5.10 7.x
topology
load
# A SYN that a may not answer is not answered again later, while we count.
for ns in a r b; do in_ns $ns sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_synack_retries'; done
modprobe -a -q tun nfnetlink_queue nft_queue nft_chain_nat nft_ct nft_flow_offload 2>/dev/null

# What of a's comes in at r, from whatever address: datagrams by port (v4 and v6),
# segment-routed packets, resets, ICMP errors and neighbour solicitations.
ports="1001 1002 1003 1004 1005 1006 1009"
watch="add table inet w; add chain inet w in { type filter hook prerouting priority -300; };"
for port in $ports; do
	for family in ipv4 ipv6; do
		watch+="add counter inet w ${family}_$port; add rule inet w in iifname va meta nfproto $family udp dport $port counter name ${family}_$port;"
	done
done
watch+="add counter inet w seg6; add rule inet w in iifname va ip6 nexthdr 43 counter name seg6;"
for family in ipv4 ipv6; do
	watch+="add counter inet w rst_$family; add rule inet w in iifname va meta nfproto $family tcp flags & rst == rst counter name rst_$family;"
done
watch+="add counter inet w icmp_ipv4; add rule inet w in iifname va icmp type destination-unreachable counter name icmp_ipv4;
add counter inet w icmp_ipv6; add rule inet w in iifname va icmpv6 type destination-unreachable counter name icmp_ipv6;
add counter inet w ns; add rule inet w in iifname va ip6 daddr $B6 icmpv6 type nd-neighbor-solicit counter name ns;"
in_ns r nft "$watch" || bail "r watches what a sends"

seen() { # COUNTER...: "1 0"
	local name all got=""
	all=$(in_ns r nft list counters table inet w | awk '$1 == "counter" { n = $2 } $1 == "packets" { print n, $2 }')
	for name; do got+=$(sed -n "s/^$name //p" <<<"$all")" "; done
	echo "${got% }"
}
arrived() { seen "ipv4_$1" "ipv6_$1"; }

# A number of a's fence, 0 when it is not counted yet.
counted() { # HOOK.VERDICT
	fence "${2:-a}"
	echo "${C[$1]:-0}"
}
at_postrouting() { # [NETNS]: all that was counted there
	local key sum=0
	fence "${1:-a}"
	for key in "${!C[@]}"; do [[ $key != postrouting.* ]] || sum=$((sum + C[$key])); done
	echo "$sum"
}

udp() { # ADDRESS PORT: one datagram of a's
	netprobe -n a -t 100 "udpsend,$1,$2" >/dev/null
}

a_nft() { in_ns a nft "$@"; }

known() { diag "known limit, not claimed (README): $*"; }

# --- postrouting looks again ------------------------------------------------------

# Sends one datagram in each family: through without a fence and with an audit,
# not through and counted with the others.
evasion() { # DESCRIPTION COUNTERS ADDRESS4 ADDRESS6 PORT [POLICY...]
	local desc=$1 counters=$2 to4=$3 to6=$4 port=$5 policy before once twice want
	shift 5
	[ $# -gt 0 ] || set -- drop
	shot() {
		[ -z "$to4" ] || udp "$to4" "$port"
		[ -z "$to6" ] || udp "$to6" "$port"
		# shellcheck disable=SC2086
		seen $counters
	}
	want=0
	[ -z "$to4" ] || want=$((want + 1))
	[ -z "$to6" ] || want=$((want + 1))
	once=$(shot)
	twice=${once//1/2}
	unlike "$desc: without a fence it gets out" " $once " ' 0 '
	run_ok "$desc: audit" nsfence attach a drop --mode audit
	is "$desc: audit: it gets out" "$(shot)" "$twice"
	fence a
	is "$desc: audit: output took it for loopback" "${C[output.audit]:-0} ${C[output.exempt]:-0}" "0 $want"
	for policy; do
		run_ok "$desc: $policy" nsfence attach a "$policy" --replace
		before=$(counted postrouting.drop)
		is "$desc: $policy: it does not get out" "$(shot)" "$twice"
		fence a
		is "$desc: $policy: it is dropped in postrouting" "$((${C[postrouting.drop]:-0} - before))" "$want"
		is "$desc: $policy: output took it for loopback" "${C[output.drop]:-0} ${C[output.reject]:-0}" "0 0"
	done
	before=${C[postrouting.drop]:-0}
	traffic "$desc: a reaches itself all the same" a $A4 $A6 ok
	is "$desc: which is no matter of postrouting" "$(counted postrouting.drop)" "$before"
	if [ $# -gt 1 ]; then
		run_ok "$desc: strict" nsfence attach a drop --strict --replace
		is "$desc: strict: it does not get out" "$(shot)" "$twice"
		is "$desc: strict: output sees to it" "$(counted postrouting.drop) $(counted output.drop)" "$before $want"
	fi
	run_ok "$desc: detach" nsfence detach a
}

a_nft "add table ip e; add chain ip e o { type nat hook output priority -100; };
	add rule ip e o ip daddr $A4 udp dport 9 dnat to $RA4:1001;
	add table ip6 e; add chain ip6 e o { type nat hook output priority -100; };
	add rule ip6 e o ip6 daddr $A6 udp dport 9 dnat to [$RA6]:1001;" || bail "nat in a"
evasion "own address, rewritten" "ipv4_1001 ipv6_1001" $A4 $A6 9 drop reject
a_nft "delete table ip e; delete table ip6 e"

# r is here, unless the packet is marked.
lo_routes() { # add|del
	ip -n a -4 -b - <<-END && ip -n a -6 -b - <<-END6 || not_ok "lo's routes: $1"
		rule $1 fwmark 1 lookup 100
		route $1 $RA4 dev vr table 100
		route $1 local $RA4 dev lo table main src $A4
	END
		rule $1 fwmark 1 lookup 100
		route $1 $RA6 dev vr table 100
		route $1 local $RA6 dev lo table main
	END6
}
marks() { # PORT PRIORITY
	a_nft "add table ip e; add chain ip e o { type route hook output priority $2; };
		add rule ip e o udp dport $1 meta mark set 1;
		add table ip6 e; add chain ip6 e o { type route hook output priority $2; };
		add rule ip6 e o udp dport $1 meta mark set 1;" || bail "marks in a"
}
lo_routes add
marks 1002 0
evasion "loopback route, marked" "ipv4_1002 ipv6_1002" $RA4 $RA6 1002
a_nft "delete table ip e; delete table ip6 e"
marks 1003 2147483647
evasion "marked by a chain that is behind ours" "ipv4_1003 ipv6_1003" $RA4 $RA6 1003

# A policy of one's own says itself what passes, and where. What lo is accepted for in
# output alone leaves in the same way; a chain where packets leave stops it
# (nsfence-policy(5), and sandbox.nft and build.nft of conf/policies have one).
mkdir "$TMP/p"
cat >"$TMP/p/early.nft" <<-END
	table inet x {
		chain out { type filter hook output priority 0; policy drop; oifname "lo" accept; }
	}
END
cat >"$TMP/p/late.nft" <<-END
	include "early.nft"
	table inet x {
		chain late { type filter hook postrouting priority 2147483647; policy drop; oifname "lo" accept; }
	}
END
once=$(udp $RA4 1003; udp $RA6 1003; arrived 1003)
run_ok "marked: a policy that accepts lo in output" nsfence attach a "$TMP/p/early.nft"
udp $B4 1003
udp $RA4 1003
udp $RA6 1003
twice=$(arrived 1003)
is "known limit: marked, it gets out" "$twice" "$((${once% *} + 1)) $((${once#* } + 1))"
known "a policy that accepts lo in output only: rules behind it send such packets elsewhere"
run_ok "marked: with a chain in postrouting" nsfence attach a "$TMP/p/late.nft" --replace
udp $RA4 1003
udp $RA6 1003
is "marked: with a chain in postrouting it does not get out" "$(arrived 1003)" "$twice"
fence a
is "marked: it is dropped there" "${C[postrouting.drop]:-0}" 2
traffic "marked: a reaches itself all the same" a $A4 $A6 ok
run_ok "marked: detach" nsfence detach a
a_nft "delete table ip e; delete table ip6 e"
# A copy is made here, and yet came by a device.
copies() { # FAMILY GATEWAY
	a_nft "add table $1 e; add chain $1 e i { type filter hook prerouting priority 0; };
		add rule $1 e i iif lo udp dport 1006 meta mark set 2 dup to $2;
		add chain $1 e o { type route hook output priority 0; };
		add rule $1 e o meta mark 2 meta mark set 1;" 2>"$TMP/copies"
}
if copies ip $RA4 && copies ip6 $RA6; then
	copied() { udp $RA4 1006; udp $RA6 1006; arrived 1006; }
	is "a copy of what came by lo, marked: without a fence it gets out" "$(copied)" "1 1"
	run_ok "a copy of what came by lo: audit" nsfence attach a drop --mode audit
	is "a copy of what came by lo: audit: it gets out" "$(copied)" "2 2"
	run_ok "a copy of what came by lo: drop" nsfence attach a drop --replace
	is "a copy of what came by lo: drop: it does not get out" "$(copied)" "2 2"
	fence a
	is "a copy of what came by lo: drop: it is counted on its way" \
		"$((${C[output.drop]:-0} + ${C[postrouting.drop]:-0}))" 2
	run_ok "detach" nsfence detach a
else
	skip "a copy of what came by lo, marked" "$(head -n 1 "$TMP/copies")"
fi
a_nft "delete table ip e; delete table ip6 e" 2>/dev/null
lo_routes del

in_ns a sh -c 'for f in /proc/sys/net/ipv6/conf/*/seg6_enabled; do echo 1 >$f; done' 2>/dev/null
if ip -n a route add 10.9.9.9/32 encap seg6 mode encap segs $B6 dev lo src $A4 2>/dev/null; then
	evasion "IPv4 by a segment route over lo" seg6 10.9.9.9 "" 9
	ip -n a route del 10.9.9.9/32
	if ip -n a -6 route add local fd99::1/128 encap seg6 mode encap segs $B6 dev lo 2>/dev/null; then
		before=$(seen seg6)
		udp fd99::1 9
		if [ "$(seen seg6)" = "$before" ]; then
			skip "IPv6 by a segment route over lo" "it does not get out of this kernel"
		else
			in_ns r nft reset counters table inet w >/dev/null
			evasion "IPv6 by a segment route over lo" seg6 "" fd99::1 9
		fi
		ip -n a -6 route del local fd99::1/128
	else
		skip "IPv6 by a segment route over lo" "this kernel refuses the route"
	fi
else
	skip "segment routes over lo" "this kernel has none"
fi
in_ns r nft reset counters table inet w >/dev/null

# --- what postrouting lets alone ----------------------------------------------------

for policy in drop reject; do
	run_ok "ordinary, $policy" nsfence attach a $policy --replace
	netprobe -n a -t "$QUIET" "ping,$B4" "tcp,$B4,7" "udp,$B4,7" "ping,$B6" "tcp,$B6,7" "udp,$B6,7" >/dev/null
	netprobe -n r -t "$QUIET" "ping,$A4" "tcp,$A4,7" "udp,$A4,7" "ping,$A6" "tcp,$A6,7" "udp,$A6,7" >/dev/null
	traffic "ordinary, $policy: a reaches itself" a $A4 $A6 ok
	traffic "ordinary, $policy: also by lo's address" a 127.0.0.1 ::1 ok
	is "ordinary, $policy: nothing is counted in postrouting" "$(at_postrouting)" 0
done
run_ok "accept" nsfence attach a accept --replace
traffic "ordinary, accept: a reaches b" a $B4 $B6 ok
is "ordinary, accept: nothing is counted in postrouting" "$(at_postrouting)" 0
run_ok "detach" nsfence detach a

run_ok "a router, fenced on output alone" nsfence attach r drop --hooks output --forward-accept
traffic "forwarded: a reaches b" a $B4 $B6 ok
traffic "forwarded: b reaches a" b $A4 $A6 ok
in_ns a ping -qc 1 -W 10 -s 3000 $B4 >/dev/null && in_ns a ping -qc 1 -W 10 -s 3000 $B6 >/dev/null
is "forwarded: also in fragments" $? 0
traffic "forwarded: r itself is fenced" r $A4 $A6 EPERM ETIMEDOUT EPERM EPERM ETIMEDOUT EPERM
is "forwarded: nothing is counted in postrouting" "$(at_postrouting r)" 0
run_ok "detach" nsfence detach r

# --- neighbour discovery ---------------------------------------------------------------

ns() { in_ns a rawpkt ns $A6 "$1"; }
is "NS to a host behind the router: without a fence it gets there" "$(ns $B6) $(seen ns)" "sent 1"
run_ok "attach drop" nsfence attach a drop
is "NS to a host behind the router: it is dropped" "$(ns $B6) $(seen ns)" "EPERM 1"
is "NS to a host behind the router: in output" "$(counted output.drop) $(counted output.exempt)" "1 0"
is "NS to the router: exempt" "$(ns $RA6) $(counted output.exempt)" "sent 1"
is "NS to a link-local address: exempt" "$(in_ns a rawpkt ns $A6 fe80::1%vr 2>/dev/null || ns ff02::1) $(counted output.exempt)" "sent 2"
ip -n a addr add fd07:1::12/64 dev vr nodad
ip -n r neigh del fd07:1::12 dev va 2>/dev/null
is "r's ping to a is dropped" "$(probe r ping,fd07:1::12)" ETIMEDOUT
like "but its neighbour was discovered" "$(ip -n r neigh show fd07:1::12 dev va)" "lladdr 02:00:00:00:01:02"
is "neighbours are no matter of postrouting" "$(at_postrouting)" 0
ip -n a addr del fd07:1::12/64 dev vr
run_ok "detach" nsfence detach a

# --- replies to what nobody sent ----------------------------------------------------------

spoofed4=10.7.1.77 spoofed6=fd07:1::77
replies="rst_ipv4 rst_ipv6 icmp_ipv4 icmp_ipv6"
none="0 0 0 0"
in_ns r nft reset counters table inet w >/dev/null
in_ns a sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'

# The replies would go to b, through r.
in_ns a rawpkt rst $spoofed4 $B4 >/dev/null
in_ns a rawpkt rst $spoofed6 $B6 >/dev/null
# shellcheck disable=SC2086
is "spoofed: without a fence, a reset of a's making is seen" "$(seen $replies)" "1 1 0 0"
in_ns r nft reset counters table inet w >/dev/null
run_ok "attach reject" nsfence attach a reject
is "spoofed, sent: the segments are refused" \
	"$(in_ns a rawpkt ack $B4 $spoofed4) $(in_ns a rawpkt ack $B6 $spoofed6)" "ECONNREFUSED ECONNREFUSED"
is "spoofed, sent: and counted" "$(($(counted output.reject) >= 2))" 1
# shellcheck disable=SC2086
is "spoofed, sent: no reset leaves" "$(seen $replies)" "$none"

if in_ns a ip tuntap add mode tun t0 2>/dev/null; then
	ip -n a -b - <<-END
		link set t0 up
		addr add 10.9.0.1/24 dev t0
		addr add fd09::1/64 dev t0 nodad
	END
	forwarding a
	in_ns a sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
	tun() { in_ns a rawpkt -t "$1" -i t0 "$2" "$3" "$4"; }
	for hook in input forward; do
		if [ $hook = input ]; then to4=$A4 to6=$A6; else to4=$U4 to6=$U6; fi
		before=$(counted $hook.reject)
		is "TUN, $hook: whoever is behind it has its answers" \
			"$(tun "$ANSWER" ack 10.9.0.2 $to4) $(tun "$ANSWER" ack fd09::2 $to6) $(tun "$ANSWER" udp 10.9.0.2 $to4) $(tun "$ANSWER" udp fd09::2 $to6)" \
			"reset reset unreachable unreachable"
		is "TUN, $hook: four are rejected" "$(($(counted $hook.reject) - before))" 4
		# shellcheck disable=SC2086
		is "TUN, $hook: none leaves by the veth" "$(seen $replies)" "$none"
		is "TUN, $hook: for one with b's address there is none" \
			"$(tun "$QUIET" ack $B4 $to4) $(tun "$QUIET" ack $B6 $to6) $(tun "$QUIET" udp $B4 $to4) $(tun "$QUIET" udp $B6 $to6)" \
			"nothing nothing nothing nothing"
		is "TUN, $hook: four more are rejected" "$(($(counted $hook.reject) - before))" 8
		# shellcheck disable=SC2086
		is "TUN, $hook: and none leaves by the veth" "$(seen $replies)" "$none"
	done
	ip -n a link del t0
	in_ns a sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
else
	skip "TUN" "this kernel has no TUN devices"
fi
traffic "those who ask by the veth are told by the veth" b $A4 $A6 \
	EHOSTUNREACH:3/13 ECONNREFUSED EHOSTUNREACH:3/13 EACCES:1/1 ECONNREFUSED EACCES:1/1
# shellcheck disable=SC2086
is "and seen by r" "$(seen $replies)" "1 1 2 2"
is "which is no matter of postrouting" "$(at_postrouting)" 0
run_ok "detach" nsfence detach a

# --- no room for a hook --------------------------------------------------------------------

# As many as there is room for: the kernel's own (conntrack) take some.
crowd() {
	local i n
	for ((n = 1024; n > 1000; n--)); do
		{
			echo "add table ip6 crowd"
			for ((i = 0; i < n; i++)); do
				echo "add chain ip6 crowd c$i { type filter hook output priority 0; }"
			done
		} | a_nft -f - 2>"$TMP/crowd" && return
	done
	return 1
}
before=$(counts)
if crowd; then
	ok "crowd: as many hooks on a's output as there can be"
	run_fails "crowd: the fence is refused, with the reason" 1 "too many netfilter hooks" nsfence attach a drop
	is "crowd: nothing is left in the module" "$(counts)" "$before"
	no_nft_hooks "crowd: nor in a" a
	traffic "crowd: a is as it was" a $RA4 $RA6 ok
	run_ok "crowd: the other hooks can be fenced" nsfence attach a drop --hooks input
	hooks=$(nft_hooks a)
	run_fails "crowd: that fence cannot be had with output" 1 "too many netfilter hooks" nsfence attach a drop --replace
	fence a
	like "crowd: it is as it was" "${F[hooks]}" '^input(,forward)?$'
	is "crowd: its hooks, too" "$(nft_hooks a)" "$hooks"
	traffic "crowd: it fences input alone" a $RA4 $RA6 ETIMEDOUT
	is "crowd: output is not judged" "$(counted output.drop) $(at_postrouting)" "0 0"
	# An update of a policy is for all its fences, or for none.
	p=$TMP/crowded.nft
	has_crowded() { nsfence policy ls -j | jq -r '.[] | select(.policy == "crowded") | "\(.generation) \(.attachments)"'; }
	input='chain i { type filter hook input priority 5; policy accept; %s drop; }'
	# shellcheck disable=SC2059 # a format
	printf "table inet t { $input\n}\n" "udp dport 9" >"$p"
	run_ok "crowd: a policy on input" nsfence policy set "$p"
	run_ok "crowd: a can have it" nsfence attach a crowded --replace
	run_ok "crowd: and b" nsfence attach b crowded
	# shellcheck disable=SC2059
	printf "table inet t { $input\n}\n" "udp dport 10" >"$p"
	run_ok "crowd: it can have other rules" nsfence policy set "$p"
	echo 'table inet t { chain o { type filter hook output priority 5; policy accept; }
	}' >"$p"
	run_fails "crowd: but no other chain, for a's sake" 1 "too many netfilter hooks" nsfence policy set "$p"
	is "crowd: both have the one before" "$(has_crowded)" "2 2"
	like "crowd: the kernel's log says who" "$(dmesg | tail -n 5)" "policy crowded: the namespace with inode $(inode_of a) cannot"
	run_ok "crowd: without a" nsfence detach a
	run_ok "crowd: it can be set" nsfence policy set "$p"
	is "crowd: and b has it" "$(has_crowded)" "3 1"
	nsfence detach b && run_ok "crowd: the policy is deleted" nsfence policy del crowded
	run_ok "crowd: a's fence on input" nsfence attach a drop --hooks input
	run_ok "crowd: gone" a_nft delete table ip6 crowd
	run_ok "crowd gone: the fence can be had" nsfence attach a drop --replace
	traffic "crowd gone: it fences" a $RA4 $RA6 EPERM ETIMEDOUT EPERM EPERM ETIMEDOUT EPERM
	run_ok "detach" nsfence detach a
else
	skip "1024 hooks" "$(head -n 1 "$TMP/crowd")"
fi

# --- known limits ------------------------------------------------------------------------------


in_ns r nft reset counters table inet w >/dev/null
queue=0
answerer() { # VERDICT: for queue 0 of a
	start_ready "nfanswer$queue" nfanswer -n a 0 "$1"
	queue=$((queue + 1)) ANSWERER=$READY_PID
}
queue_at() { # TABLE HOOK PRIORITY PORT
	a_nft "add table inet $1; add chain inet $1 c { type filter hook $2 priority $3; };
		add rule inet $1 c udp dport $4 queue num 0;"
}
sent_both() { # PORT
	udp $RA4 "$1"
	udp $RA6 "$1"
}
sum_is() { # NUMBER HOOK.VERDICT
	[ "$(counted "$2")" = "$1" ]
}
# How many packets the queue has had, when none of them waits.
answered() { in_ns a awk '$3 == 0 { print $8 }' /proc/net/netfilter/nfnetlink_queue; }
answered_all() { [ "$(answered)" = "$1" ]; }
came() { # PORT WANT
	[ "$(arrived "$1")" = "$2" ]
}

answerer 1
if queue_at q output 0 1004 2>"$TMP/queue"; then
	run_ok "a queue in output" nsfence attach a drop
	sent_both 1004
	wait_ok "queue, accepted: our hook in output is next" 5 sum_is 2 output.drop
	stop_job "$ANSWERER"
	answerer 5
	sent_both 1004
	wait_ok "queue, stopped: no more output hooks, but postrouting" 5 sum_is 2 postrouting.drop
	is "queue, stopped: output has not seen it" "$(counted output.drop)" 2
	is "queue, stopped: it does not get out" "$(arrived 1004)" "0 0"

	queue_at q2 postrouting 0 1004
	sent_both 1004
	if wait_until 5 came 1004 "1 1"; then
		ok "known limit: stopped in output and in postrouting, it gets out"
		known "a queue in postrouting, too, that answers NF_STOP"
	else
		not_ok "known limit: stopped in output and in postrouting, it gets out" "arrived: $(arrived 1004)"
	fi
	is "known limit: and is not counted" "$(counted output.drop) $(counted postrouting.drop)" "2 2"
	a_nft "delete table inet q; delete table inet q2"
	sent_both 1004
	is "without the queues it is as ever" "$(counted output.drop) $(arrived 1004)" "4 1 1"

	start_ready count udpflood count -n a -t 60000 1005
	counter=$READY_PID
	udp_in() { netprobe -n r -t 100 "udpsend,$A4,1005" "udpsend,$A6,1005" >/dev/null; }
	before=$(counted input.drop)
	udp_in
	wait_ok "a datagram to a is dropped" 5 sum_is $((before + 2)) input.drop
	queue_at q input -2147483648 1005
	packets=$(answered)
	udp_in
	wait_ok "both are queued and answered" 5 answered_all $((packets + 2))
	stop_job "$counter"
	if [ "$(tail -n 1 "$TMP/count.out")" = received=2 ]; then
		ok "known limit: one that a queue before ours stops is delivered"
		known "a queue in input, at the first priority, made after the fence, that answers NF_STOP"
	else
		not_ok "known limit: one that a queue before ours stops is delivered" "$(cat "$TMP/count.out")"
	fi
	is "known limit: and is not counted" "$(counted input.drop)" "$((before + 2))"
	a_nft "delete table inet q"
	nsfence detach a
else
	skip "queues" "$(head -n 1 "$TMP/queue")"
fi
stop_job "$ANSWERER"

# Hop limit 255, and a route without a gateway that leads to the gateway.
in_ns r nft reset counters table inet w >/dev/null
ip -n a -6 route add $B6/128 dev vr
ip -n a neigh replace $B6 lladdr 02:00:00:00:01:01 dev vr nud permanent
run_ok "attach drop" nsfence attach a drop
ONLINK=$(ns $B6)
if [ "$ONLINK $(seen ns)" = "sent 1" ]; then
	ok "known limit: an NS to a far host, by a route that calls it a neighbour, gets out"
	known "an on-link route and a static neighbour entry for a host behind the router"
else
	not_ok "known limit: an NS to a far host, by a route that calls it a neighbour, gets out" "$ONLINK $(seen ns)"
fi
run_ok "detach" nsfence detach a
ip -n a neigh del $B6 dev vr
ip -n a -6 route del $B6/128 dev vr

# One exchange a time, by the same two ports: the same connection.
talk() { # PORT [SECONDS]
	echo hi | in_ns a socat -t "${2:-1}" - "UDP4:$B4:7,sourceport=$1" 2>/dev/null
}
if in_ns r nft "add table inet ft; add flowtable inet ft f { hook ingress priority 0; devices = { va, vb }; };
	add chain inet ft fw { type filter hook forward priority 0; };
	add counter inet ft hits; add rule inet ft fw udp dport 7 counter name hits;
	add rule inet ft fw meta l4proto udp ct state established flow add @f;" 2>"$TMP/flow"; then
	slow() { in_ns r nft list counter inet ft hits | awk '$1 == "packets" { print $2 }'; }
	offloaded() { # talks until r's forward hook sees no more of it
		local n
		n=$(slow)
		[ "$(talk 5555 0.3)" = hi ] && [ "$(slow)" = "$n" ]
	}
	if wait_until 8 offloaded; then
		run_ok "a flow that passes by the hooks; then a fence around the router" nsfence attach r drop
		is "flowtable: another connection does not get through" "$(talk 5556 0.4)" ""
		cmp_num "flowtable: it is dropped in forward" "$(counted forward.drop r)" -ge 1
		before=$(counted forward.drop r)
		got=$(talk 5555)
		if [ "$got" = hi ]; then
			ok "known limit: a flow that was offloaded before the fence passes"
			known "flowtables in a router: packets of a flow that is in one meet no IP hook"
		else
			not_ok "known limit: a flow that was offloaded before the fence passes" "got \"$got\""
		fi
		is "known limit: and is not counted" "$(counted forward.drop r)" "$before"
		run_ok "flowtable: gone" in_ns r nft delete table inet ft
		is "flowtable gone: nor does this connection get through" "$(talk 5555 0.4)" ""
		nsfence detach r
	else
		skip "flowtable" "no flow gets into it here"
	fi
	in_ns r nft delete table inet ft 2>/dev/null
else
	skip "flowtable" "$(head -n 1 "$TMP/flow")"
fi

finish
