#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A new build of the module while packets come: what nsfenced(8) says under UPGRADING
# THE MODULE, command by command as it stands there. What the policies drop never
# passes, what they accept always does, also in a namespace that has inherited its
# fence; then the same with a daemon that is killed at each stage of it.
. "$(dirname "$0")/lib.sh"
only_on 6.12
kills=3
[ -z "${NSF_LONG:-}" ] || kills=40
topology --no-echo
load
conf=$TMP/conf
mkdir -p "$conf/policies" "$conf/nsfence.conf.d"
export STATE_DIRECTORY=$TMP/state
updates=/lib/modules/$(uname -r)/updates
cp "$updates/nsfence.ko" "$TMP/as-it-was.ko"
cat >"$conf/policies/web.nft" <<-'END'
	table inet web {
		chain in { type filter hook input priority filter; policy accept; udp dport 9 counter drop; }
		chain out { type filter hook output priority filter; policy accept; udp dport 9 counter drop; }
	}
END
cat >"$conf/nsfence.conf" <<-'END'
	[netns a]
	policy = web
	[netns b]
	policy = drop
	[netns w*]
	policy = drop
END
: >"$conf/nsfence.conf.d/50-more.conf"

answered() { nsfence status >/dev/null 2>&1; [ $? != 3 ]; }
looked() { nsfence status | grep -q '^fences.*configured namespaces'; }
start() {
	daemon_start "$conf"
	wait_until 30 answered && wait_until 30 looked ||
		bail "nsfenced has looked at all" "$(tail -n 20 "$TMP/nsfenced.log")"
}
backend_is() { [ "$(nsfence status -j | jq -r .backend)" = "$1" ]; }
# What the module holds, and what nftables does: names, in order.
in_module() { nsfence ls -j | jq -r '.[] | .names[0] // .label' | sort | paste -sd' '; }
inside() { # a|b|child|w... COMMAND...
	local ns=$1
	shift
	if [ "$ns" = child ]; then nsenter -t "$CHILD" --net -- "$@"; else in_ns "$ns" "$@"; fi
}
tables() { inside "$1" nft list tables | paste -sd' '; }
in_nft() {
	local ns all=
	for ns; do [[ "$(tables "$ns")" != *"inet nsfence"* ]] || all+=" $ns"; done
	echo "${all# }"
}

# --- before ---------------------------------------------------------------------------
start
is "the module fences" "$(in_module)" "a b"
# A child of a: no name, in no section; r reaches it by a link of its own.
start_ready child nsenter --net=/run/netns/a -- unshare -n sh -c 'echo ready; exec sleep 3600'
CHILD=$READY_PID
inode=$(stat -L -c %i "/proc/$CHILD/ns/net")
is "the child has inherited" "$(nsfence ls -j | jq -r --argjson i "$inode" '.[] | select(.inode == $i) |
	.policy + " " + ([.flags[] | select(. == "inherited")] | join(""))')" "web inherited"
# shellcheck disable=SC2154 # of lib.sh
inside child sh -c "$quiet_sysctls; ip link set lo up"
ip link add vc netns r address 02:00:00:00:04:01 type veth peer name vr netns "$CHILD" address 02:00:00:00:04:02
ip -n r -b - <<-'END'
	addr add 10.7.4.1/24 dev vc
	link set vc up
	neigh replace 10.7.4.2 lladdr 02:00:00:00:04:02 dev vc nud permanent
END
inside child ip -b - <<-'END'
	addr add 10.7.4.2/24 dev vr
	link set vr up
	neigh replace 10.7.4.1 lladdr 02:00:00:00:04:01 dev vr nud permanent
END
C4=10.7.4.2 RC4=10.7.4.1

# Counters of ours in each: before any chain of a fence, and after all of them.
for ns in a b child; do
	inside $ns nft -f - <<-'END' || bail "$ns counts"
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
in_ns r nft -f - <<-END || bail "r counts"
	table inet watch {
		chain before {
			type filter hook prerouting priority -500;
			ip saddr { $A4, $B4, $C4 } udp dport 9 counter
		}
	}
END
watch() { # NETNS before|after PORT: packets
	inside "$1" nft list chain inet watch "$2" | sed -n "s/.*udp dport $3 counter packets \\([0-9]*\\).*/\\1/p"
}
# Not by way of inside(): what is in the background must be the sender itself, to be killed.
flood() { # FROM ADDRESS PORT
	local ns=/run/netns/$1
	[ "$1" != child ] || ns=/proc/$CHILD/ns/net
	nsenter --net="$ns" -- nice -n 10 udpflood send -t 3600000 -p 3000 "$2" "$3" >/dev/null &
	JOBS+=($!)
}
flood r $A4 9
flood r $A4 10
flood r $B4 9
flood r $C4 9
flood r $C4 10
flood a $RA4 9
flood b $RB4 9
flood child $RC4 9
arrived() { [ "$(watch "$1" before "$2")" -gt "$3" ]; }
all_flow() { # DESCRIPTION
	local s ns port bad=
	for s in "a 9" "a 10" "b 9" "child 9" "child 10"; do
		read -r ns port <<<"$s"
		wait_until 30 arrived "$ns" "$port" $(($(watch "$ns" before "$port") + 20)) || bad="$bad, $s"
	done
	is "$1: packets come" "$bad" ""
}
watched() { # NETNS PORT: "BEFORE AFTER"
	echo "$(watch "$1" before "$2") $(watch "$1" after "$2")"
}
nothing_passed() { # DESCRIPTION
	is "$1: not one packet passed that is to be dropped" \
		"a $(watch a after 9) b $(watch b after 9) child $(watch child after 9) out $(watch r before 9)" \
		"a 0 b 0 child 0 out 0"
}
all_flow "the module's"
nothing_passed "the module's"

# --- the manual's commands ----------------------------------------------------------------
# One command a line, lines that go on joined; conf stands for /etc/nsfence.
mapfile -t commands < <(awk '
		/^\.\\" check: upgrade/ { marked = 1 }
		/^\.nf$/ && marked { on = 1; next }
		/^\.fi$/ { on = marked = 0 }
		on' /nsfence/nsfenced.8 |
	sed -e 's/\\-/-/g' -e 's/\\f[A-Z]//g' -e 's/\\e/\\/g' -e 's/ *([0-9])$//' -e "s,/etc/nsfence,$conf,g" |
	sed -e :a -e '/\\$/N; s/\\\n *//; ta' -e 's/^# //')
is "the manual has seven commands" "${#commands[@]}" 7
diag "$(printf '%s\n' "${commands[@]}")"
typed() { # NUMBER PATTERN: that it is the one that the test believes
	like "command $(($1 + 1)): ${commands[$1]}" "${commands[$1]}" "$2"
	out=$(eval "${commands[$1]}" 2>&1)
	rc=$?
	is "command $(($1 + 1)) ends with 0" "$rc" 0 || diag "$out"
}
typed 0 'backend = nft.*zz-upgrade'
typed 1 'nsfence reload && nsfence status'
like "nft holds" "$out" 'backend +nft'
like "but for the child, and that is said" "$out" "$inode .*held by the module only"
is "tables" "$(in_nft a b child)" "a b"
typed 2 'nsfence ls'
like "what the module holds still is the child" "$out" "$inode.*child of a"
unlike "and not a or b" "$out" $'nsfence.conf:[0-9]+(\n|$)'
nothing_passed "handed over"
printf '[pid %s]\npolicy = web\n' "$CHILD" >"$conf/nsfence.conf.d/50-more.conf"
typed 1 'nsfence reload && nsfence status'
unlike "a section for the child: nft holds it, too" "$out" "held by the module"
is "tables" "$(in_nft a b child)" "a b child"
is "the module holds nothing" "$(in_module)" ""
all_flow "nft's"
nothing_passed "nft's"
typed 3 'nsfence detach --all'
faults_ko >/dev/null
cp "$(faults_ko)" "$updates/nsfence.ko"
typed 4 'rmmod nsfence && modprobe nsfence'
run_ok "the module is another build" test -e /sys/module/nsfence/parameters/fail_attach -o -d /sys/kernel/debug/nsfence
netns_add w1
wait_ok "meanwhile a namespace is made: it is fenced when it is seen" 30 eval '[ "$(in_nft w1)" = w1 ]'
all_flow "between two modules"
nothing_passed "between two modules"
typed 5 'rm .*zz-upgrade'
typed 6 'nsfence reload && nsfence status'
like "the module fences again" "$out" 'backend +module'
is "all of them" "$(nsfence ls -j | jq length)" 4
is "no table of ours is left" "$(in_nft a b child w1)" ""
is "those of others are" "$(tables a)" "table inet watch"
fence a
is "a is fenced as before" "${F[policy]} ${F[source]}" "web nsfence.conf:2"
run_ok "no difference is left" nsfence plan
all_flow "the new module's"
nothing_passed "the new module's"

# --- with a daemon that is killed -------------------------------------------------------------
# switch nft|module: the configuration says so, and the daemon is killed while it does it.
switch() {
	if [ "$1" = nft ]; then
		printf '[nsfenced]\nbackend = nft\n' >"$conf/nsfence.conf.d/zz-upgrade.conf"
	else
		rm -f "$conf/nsfence.conf.d/zz-upgrade.conf"
	fi
	nsfence reload >"$TMP/reload" 2>&1 &
	sleep "0.$(printf %03d $((RANDOM % 300)))"
	daemon_stop KILL
	wait $! && completed=$((completed + 1))
	start
}
seed=${NSF_SEED:-$((EPOCHSECONDS % 32768))}
RANDOM=$seed
diag "NSF_SEED=$seed"
completed=0 bad=
for ((i = 0; i < kills; i++)); do
	switch nft
	wait_until 30 eval '[ "$(in_nft a b child w1),$(in_module)" = "a b child w1," ]' ||
		bad="$bad; $i: nft has $(in_nft a b child w1), the module $(in_module)"
	nsfence status >"$TMP/status" && nsfence plan >"$TMP/plan" || bad="$bad; $i: $(cat "$TMP/status" "$TMP/plan")"
	[ -z "${NSF_TRACE:-}" ] || diag "$i: $SECONDS s"
	[ $((i % 2)) = 0 ] || unloads || bad="$bad; $i: not unloaded"
	[ $((i % 2)) = 0 ] || modprobe nsfence
	switch module
	wait_until 30 eval '[ "$(in_nft a b child w1),$(nsfence ls -j | jq length)" = ",4" ]' ||
		bad="$bad; $i: nft has $(in_nft a b child w1), the module $(in_module)"
	nsfence status >"$TMP/status" && nsfence plan >"$TMP/plan" || bad="$bad; $i: $(cat "$TMP/status" "$TMP/plan")"
done
is "killed $((2 * kills)) times while it hands over: the next one brings it to its end" "$bad" ""
cmp_num "control: some of these reloads did not come to an end" "$completed" -lt $((2 * kills))
all_flow "killed"
nothing_passed "killed"

# --- the sum -------------------------------------------------------------------------------------
pass=
for ns in a child; do
	read -r came passed <<<"$(watched $ns 10)"
	# A packet may be between the two counters now, or have come between the two looks.
	[ "$passed" -ge "$came" ] || [ $((came - passed)) -le 1 ] || pass="$pass $ns: $passed of $came"
done
is "what the policy accepts was never dropped" "$pass" ""
printf '[netns a]\npolicy = none\n' >"$conf/nsfence.conf"
: >"$conf/nsfence.conf.d/50-more.conf"
run_ok "opened" nsfence reload
open() { [ "$(watch a after 9)" -gt 0 ] && [ "$(watch b after 9)" -gt 0 ] && [ "$(watch r before 9)" -gt 0 ]; }
wait_ok "control: without a fence these packets pass" 30 open
daemon_stop TERM
cp "$TMP/as-it-was.ko" "$updates/nsfence.ko"
stop_job "$CHILD"
finish
