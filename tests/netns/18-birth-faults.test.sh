#!/bin/bash
# A birth that fails at any step leaves nothing, and makes no namespace: with the
# build that can be told to fail, and with nfnetlink_queue loaded after us, which hears
# of every hook that is taken out. Also a failure after us, in the same creation.
. "$(dirname "$0")/lib.sh"
only_on 5.10 7.x debug
modprobe tun
chmod 666 /dev/net/tun
set_fault() { echo "$2" >"/sys/module/nsfence/parameters/$1"; }
if [ ! -e "$(faults_ko)" ]; then
	skip "failures" "there is no $(faults_ko)"
	finish
fi
keep_static_keys
modprobe -r nfnetlink_queue 2>/dev/null
load_faults || bail "the module loads" "$(cat "$TMP/load.err")"
modprobe nfnetlink_queue || diag "no nfnetlink_queue"
netns_add p
p=$(inode_of p)
n=$(($(find /run/netns -type f | wc -l) + 1))	# and the initial one
one_more="namespaces=$n attachments=0"
wait_until 60 counts_are "$one_more" || bail "what was there before us is gone" "$(counts)"
refused_now() { births get | sed 's/.*refused=//'; }
birth_now() { births get | sed 's/.*births=\([0-9]*\).*/\1/'; }

# every_step DESCRIPTION AT-LEAST COUNTS SEND...: the K-th step fails, for every K.
every_step() {
	local desc=$1 least=$2 want=$3 k=1 bad="" out before
	shift 3
	before=$(refused_now)
	while :; do
		set_fault fail_attach $k
		out=$("$@")
		[ "$out" = "born=0 blocked=0 passed=0 refused=1 failed=0 ENOMEM" ] || break
		counts_are "$want" || bad="$bad k=$k: $(counts)"
		[ $k -lt 60 ] || break
		k=$((k + 1))
	done
	set_fault fail_attach 0
	is "$desc: the k-th step fails, for every k: ENOMEM, and nothing is left" "$bad" ""
	is "$desc: after the last it is born, and fenced" "$out" "born=1 blocked=1 passed=0 refused=0 failed=0"
	cmp_num "$desc: the steps of a fence" "$((k - 1))" -ge "$least"
	is "$desc: each was counted" "$(($(refused_now) - before))" "$((k - 1))"
	wait_ok "$desc: the one that was born is gone" 60 counts_are "$want"
}

births set drop >/dev/null
every_step "birth-set" 15 "$one_more" births send 1
every_step "birth-set, with a user namespace" 15 "$one_more" births send -u 1
births set none >/dev/null

births attach /run/netns/p drop inherit >/dev/null
every_step "inherited" 15 "namespaces=$n attachments=1" births send -n p 1
nsfence detach p >/dev/null

mkdir "$TMP/p"
cat >"$TMP/p/quar.nft" <<-'END'
	table inet x {
		chain i { type filter hook input priority 0; policy drop; ct state established counter accept; limit rate 5/second accept; }
		chain o { type filter hook output priority 0; policy drop; ct state established counter accept; }
		chain late { type filter hook postrouting priority 300; policy accept; counter; }
	}
END
nsfence policy set "$TMP/p/quar.nft" 2>/dev/null
births attach /run/netns/p quar inherit >/dev/null
every_step "a policy with states and conntrack" 20 "namespaces=$n attachments=1" births send -n p 1
is "its users: the parent alone" "$(nsfence policy ls -j | jq '.[0].attachments')" 1

# --- after us -----------------------------------------------------------------------------------
before=$(refused_now) born=$(birth_now) bad=
start_ready monitor stdbuf -oL nsfence monitor -j -v
for k in 1 2 3; do
	set_fault fail_late $k
	out=$(births send -n p $k)
	[ "$out" = "born=$((k - 1)) blocked=$((k - 1)) passed=0 refused=1 failed=0 ENOMEM" ] || bad="$bad k=$k: $out"
done
is "a later subsystem fails: no namespace" "$bad" ""
wait_ok "its fence is gone, its state too" 60 counts_are "namespaces=$n attachments=1"
is "we had it born, and refused nothing" "$(($(birth_now) - born)) $(refused_now)" "6 $before"
events() { jq -r 'select(.event != "packet").event' "$TMP/monitor.out" | sort | uniq -c | tr -s ' \n' ' '; }
wait_ok "events: as many died as were born, and each had been attached" 30 \
	eval '[ "$(events)" = " 6 attached 6 born 6 died " ]' || diag "$(events)"
stop_job "$READY_PID"
set_fault fail_init 1
is "our own state fails: no namespace" "$(births send -n p 1)" "born=0 blocked=0 passed=0 refused=1 failed=0 ENOMEM"

# --- requests ---------------------------------------------------------------------------------------
nsfence detach --all >/dev/null
wait_ok "all are gone" 60 counts_are "$one_more"
run_ok "the policy goes" nsfence policy del quar

# One that is half made when its parent is fenced: past our .init, and not listed yet.
set_fault slow_late 3000
nsenter --net=/run/netns/p -- unshare -n sleep 730 &
half=$!
JOBS+=("$half")
begun() { [ "$(cat /sys/module/nsfence/parameters/slow_late)" = 0 ]; }
wait_ok "a namespace is being made" 30 begun
run_ok "attach --descendants" nsfence attach p drop --descendants
wait_ok "the namespace is made" 30 pgrep -fx 'sleep 730'
like "it is fenced" "$(births ls | grep " parent=$p ")" "policy=drop"
stop_job "$half"
nsfence detach --all >/dev/null

netns_del p
wait_ok "p is dead" 60 dead "$p"
run_ok "it unloads" unloads

# --- at load -------------------------------------------------------------------------------------------
for fault in fail_init fail_late; do
	if load_faults birth=drop $fault=1; then
		not_ok "a load with birth=drop fails by $fault"
	else
		like "a load with birth=drop fails by $fault" "$(cat "$TMP/load.err")" "Cannot allocate memory"
	fi
	is "$fault: nothing is left" "$(loaded && echo loaded; births send 1)" "born=1 blocked=0 passed=1 refused=0 failed=0"
done
load_faults || bail "the module loads" "$(cat "$TMP/load.err")"
finish
