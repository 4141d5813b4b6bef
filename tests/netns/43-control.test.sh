#!/bin/bash
# The daemon's control socket on the real module: status, plan, apply, reload; what
# is not confirmed is gone back on, also by a daemon that was killed; fences by hand
# that were taken over come back; wait ends with the pass that did it.
. "$(dirname "$0")/lib.sh"
only_on 6.12
topology
load
conf=$TMP/conf
mkdir -p "$conf/policies"
export STATE_DIRECTORY=$TMP/state

policy() { # RULE...
	printf '%s\n' 'table inet fence {' \
		'	chain in {' \
		'		type filter hook input priority filter; policy drop;' \
		'		iif lo accept' \
		'		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept' \
		"$@" '	}' '}' >"$conf/policies/web.nft"
}
# The state of one namespace, or section, as `nsfence status` tells it.
state() { nsfence status -j | jq -r --arg n "$1" '.namespaces[] | select(.netns == $n) | .state'; }
state_is() { [ "$(state "$1")" = "$2" ]; }
config_says() { nsfence status -j | jq -e "(.configuration | $1)"; }
answers() { nsfence status -j; [ $? != 3 ]; }
start() {
	daemon_start "$conf"
	wait_until 30 answers || bail "nsfenced answers" "$(tail -n 20 "$TMP/nsfenced.log")"
	wait_until 30 eval 'nsfence status | grep -q "^fences.*configured namespaces"' ||
		bail "nsfenced has looked at all" "$(tail -n 20 "$TMP/nsfenced.log")"
}
everything() { nsfence ls --all -j | jq -S -c '[.[] | {inode, instance, policy, mode, hooks, source, flags}]'; nsfence policy ls -j; }
policy_of() { fence "$1"; echo "${F[policy]:-none} ${F[source]:-}"; }
fenced_as() { [ "$(policy_of "$1")" = "$2" ]; }

# --- status -----------------------------------------------------------------------
run_fails "no daemon: so it is said" 3 'nsfenced is not running' nsfence status
cat >"$conf/nsfence.conf" <<-END
	[netns a]
	policy = drop
	[netns later]
	policy = reject
	[netns u]
	policy = drop
	mode = audit
END
run_ok "by hand: a fence on b" nsfence attach b accept
start
out=$(nsfence status)
is "status: ends with 0" $? 0
like "status: the backend" "$out" $'(^|\n)backend +module'
like "status: the configuration" "$out" "configuration +$conf, loaded 20"
like "status: what is fenced" "$out" "fences +2 of 3 configured namespaces fenced, 1 not there"
like "status: a" "$out" "a +$(inode_of a) +enforcing +drop +[0-9]+s +nsfence.conf:2 "
like "status: u" "$out" "u +$(inode_of u) +audit +drop "
like "status: what is not there" "$out" "later +- +pending .* nsfence.conf:4 +[a-z]"
is "status: the socket is root's" "$(stat -c '%a %U' /run/nsfence/control)" "600 root"
is "status: is the same as JSON" \
	"$(nsfence status -j | jq -c '[.backend, (.namespaces | map(.netns + " " + .state) | sort | map(select(test("^(a|u|later) "))))]')" \
	'["module",["a enforcing","later pending","u audit"]]'

# --- plan ---------------------------------------------------------------------------
run_ok "plan: no difference" nsfence plan
is "plan: and nothing to say" "$(nsfence plan)" ""
policy '		tcp dport 7 counter accept'
cat >"$conf/nsfence.conf" <<-END
	[netns a]
	policy = web
	[netns b]
	policy = drop
	[netns r]
	policy = accept
END
before=$(everything)
out=$(nsfence plan)
is "plan: a difference is 5" $? 5
like "plan: a would get another fence" "$out" $'(^|\n)~ replace +a \(inode [0-9]+\): web, nsfence.conf:2'
like "plan: b's would be taken over" "$out" $'(^|\n)! take over +b \(inode [0-9]+\): drop, nsfence.conf:4'
like "plan: r would get one" "$out" $'(^|\n)\+ attach +r \(inode [0-9]+\): accept, nsfence.conf:6'
like "plan: u would lose its own" "$out" $'(^|\n)- detach +u \(inode [0-9]+\)'
like "plan: a policy would be loaded" "$out" $'(^|\n)\+ policy +web'
is "plan: five lines" "$(wc -l <<<"$out")" 5
is "plan: as JSON" "$(nsfence plan -j | jq -c '[.differs, (.changes | map(.do) | sort)]')" \
	'[true,["attach","detach","policy-set","replace","take-over"]]'
is "plan: nothing has changed" "$(everything)" "$before"
is "plan: nor what is in force" "$(state later)" pending
printf '[netns a]\npolicy = web\n[netns b]\npolicy = nosuch\n' >"$conf/nsfence.conf"
policy '		tcp dport 70000 counter accept'
out=$(nsfence plan 2>&1)
is "plan: errors are 1" $? 1
like "plan: errors: one" "$out" "$conf/nsfence.conf:4:10: Error: no policy"
like "plan: errors: and the other" "$out" "policies/web.nft:6:13-17: Error:"
like "plan: errors: with carets" "$out" $'\n +\^+'
run_fails "apply: errors, too" 1 'nsfence.conf:4:10: Error.*the configuration is not applied' nsfence apply
run_fails "reload: errors, too" 1 'nsfence.conf:4:10: Error.*the configuration is not loaded' nsfence reload
is "errors: nothing has changed" "$(everything)" "$before"
run_fails "errors: status says so, and ends with 1" 1 'FAILED: the files are not what is in force: .*nsfence.conf:4:10' nsfence status

# --- reload, apply -----------------------------------------------------------------
policy '		tcp dport 7 counter accept'
printf '[netns a]\npolicy = web\n[netns b]\npolicy = drop\n' >"$conf/nsfence.conf"
run_ok "reload" nsfence reload
is "reload: a is as configured when it ends" "$(policy_of a)" "web nsfence.conf:2"
is "reload: b's fence by hand stays" "$(policy_of b)" "accept manual"
is "reload: and status says so" "$(state b)" manual
run_ok "reload: u's is gone" unfenced u
run_ok "apply" nsfence apply
is "apply: b's fence by hand is taken over when it ends" "$(policy_of b)" "drop nsfence.conf:4"
traffic "apply: b is fenced" r $B4 $B6 ETIMEDOUT
run_ok "apply: and no difference is left" nsfence plan
run_fails "confirm: nothing to be confirmed" 1 'nothing waits to be confirmed' nsfence confirm

# --- confirm -------------------------------------------------------------------------
run_ok "by hand: a fence on u" nsfence attach u accept --hooks input --mode audit --source 'put by hand'
printf '[netns a]\npolicy = reject\n[netns u]\npolicy = drop\n' >"$conf/nsfence.conf"
run_ok "apply --confirm" nsfence apply --confirm 60s
is "on trial: a" "$(policy_of a)" "reject nsfence.conf:2"
is "on trial: u, taken over" "$(policy_of u)" "drop nsfence.conf:4"
run_ok "on trial: b is free" unfenced b
run_ok "on trial: status says until when" config_says '."unconfirmed-until" > now'
run_fails "on trial: no second apply" 1 'waits to be confirmed until' nsfence apply
run_fails "on trial: no reload" 1 'waits to be confirmed until' nsfence reload
: >"$TMP/nsfenced.log"
kill -HUP "$DAEMON"
wait_ok "on trial: nor by SIGHUP" 20 grep -q 'not reloaded: .* waits to be confirmed' "$TMP/nsfenced.log"
is "on trial: a still is" "$(policy_of a)" "reject nsfence.conf:2"
run_ok "confirm" nsfence confirm
run_ok "confirmed: status says nothing of it" config_says '."unconfirmed-until" == null and (."gone-back" | not)'
run_fails "confirmed: once is enough" 1 'nothing waits' nsfence confirm
daemon_stop KILL
start
is "confirmed: it is so after kill -9, too" "$(policy_of a)" "reject nsfence.conf:2"
is "confirmed: and u" "$(policy_of u)" "drop nsfence.conf:4"

# --- not confirmed ---------------------------------------------------------------------
nsfence detach u >/dev/null
printf '[netns a]\npolicy = web\n' >"$conf/nsfence.conf"
run_ok "the good one" nsfence apply
run_ok "by hand: a fence on u" nsfence attach u accept --hooks input --mode audit --source 'put by hand'
hand() { nsfence ls -j | jq -c --argjson i "$(inode_of "$1")" '.[] | select(.inode == $i) | {policy, mode, hooks, source, flags}'; }
was=$(hand u)
printf '[netns a]\npolicy = drop\n[netns u]\npolicy = drop\n[netns b]\npolicy = reject\n' >"$conf/nsfence.conf"
run_ok "apply --confirm 3s" nsfence apply --confirm 3s
is "on trial: a" "$(policy_of a)" "drop nsfence.conf:2"
is "on trial: u" "$(policy_of u)" "drop nsfence.conf:4"
wait_ok "not confirmed: a goes back, with its policy" 30 fenced_as a "web nsfence.conf:2"
wait_ok "not confirmed: b is free again" 30 unfenced b
is "not confirmed: u has the fence by hand" "$(hand u)" "$was"
traffic "not confirmed: a as before" r $A4 $A6 ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok ETIMEDOUT
run_fails "not confirmed: status says so" 1 'FAILED: the files are not what is in force: they were applied, and not confirmed' nsfence status
run_fails "not confirmed: too late" 1 'nothing waits to be confirmed: it was too late' nsfence confirm
like "not confirmed: the files are as they were" "$(cat "$conf/nsfence.conf")" 'policy = reject'
daemon_stop TERM
start
is "not confirmed: the next start does not load them either" "$(policy_of a)" "web nsfence.conf:2"
run_ok "not confirmed: and says so" config_says '."gone-back"'
run_ok "not confirmed: a reload is another word" nsfence reload
is "not confirmed: which loads them" "$(policy_of a)" "drop nsfence.conf:2"
is "not confirmed: but for u, by hand" "$(hand u)" "$was"

# --- killed -------------------------------------------------------------------------------
printf '[netns a]\npolicy = web\n' >"$conf/nsfence.conf"
run_ok "the good one" nsfence apply
printf '[netns a]\npolicy = drop\n[netns u]\npolicy = drop\n[netns b]\npolicy = reject\n' >"$conf/nsfence.conf"
run_ok "apply --confirm 1h" nsfence apply --confirm 1h
is "on trial: u" "$(policy_of u)" "drop nsfence.conf:4"
daemon_stop KILL
is "killed: nothing has changed" "$(policy_of a)" "drop nsfence.conf:2"
start
wait_ok "killed: the next one goes back" 30 fenced_as a "web nsfence.conf:2"
run_ok "killed: b is free again" unfenced b
is "killed: u has the fence by hand" "$(hand u)" "$was"
run_ok "killed: and it says so" config_says '."gone-back"'
printf '[netns a]\npolicy = drop\n' >"$conf/nsfence.conf"
daemon_stop TERM
start
is "killed: files that were changed since are another wish" "$(policy_of a)" "drop nsfence.conf:2"
run_ok "killed: and all is well" nsfence status
nsfence detach u >/dev/null

# --- wait ------------------------------------------------------------------------------------
printf '[netns a]\npolicy = drop\n[netns w*]\npolicy = drop\n[netns free]\npolicy = none\n' >"$conf/nsfence.conf"
run_ok "the one for wait" nsfence apply
run_ok "wait: for what is fenced" nsfence wait a --timeout 10
run_ok "wait: by its inode" nsfence wait --inode "$(inode_of a)" --timeout 10
run_ok "wait: by a path" nsfence wait --path /run/netns/a --timeout 10
run_ok "wait: by a process" nsfence wait --pid "${ECHO_PID[a]}" --timeout 10
run_fails "wait: what no section claims" 4 'no section' nsfence wait u --timeout 10
run_fails "wait: nor would, were it there" 4 'no section' nsfence wait nosuch --timeout 10
run_fails "wait: what does not come" 1 'not fenced as configured after 1 s' nsfence wait w-never --timeout 1
# As ExecStartPre= would: each one as soon as it has its name, while many wait.
for i in {1..20}; do
	nsfence wait "w$i" --timeout 60 >"$TMP/wait$i" 2>&1 &
	waits[i]=$!
done
late=0 ended=0
for i in {1..20}; do
	ip netns add "w$i"
	nsfence wait "w$i" --timeout 60 && fenced "w$i" || late=$((late + 1))
done
is "wait: when it returns the fence is there" "$late" 0
for i in {1..20}; do wait "${waits[i]}" && ended=$((ended + 1)); done
is "wait: all who waited before get their answer" "$ended" 20
wait_stale() {
	local i bad=0
	for i in {1..20}; do
		ip netns del w1
		ip netns add w1
		nsfence wait w1 --timeout 60 && fenced w1 || bad=$((bad + 1))
	done
	echo "$bad"
}
is "wait: is not answered with what the name was before" "$(wait_stale)" 0
ip netns add free
run_ok "wait: what is to be without a fence" nsfence wait free --timeout 10
run_fails "wait: by hand, and left alone" 1 'manual' \
	bash -c 'nsfence detach free >/dev/null 2>&1; nsfence attach w1 accept --replace >/dev/null; nsfence wait w1 --timeout 10'
nsfence wait w-never >"$TMP/gone" 2>&1 &
pid=$!
sleep 0.3
kill -9 $pid
nsfence wait w-never >"$TMP/killed" 2>&1 &
pid=$!
sleep 0.3
daemon_stop KILL
wait $pid
is "wait: the daemon is killed: 3" $? 3
like "wait: and so it is said" "$(cat "$TMP/killed")" 'nsfenced went away before it had answered'
start
nsfence wait w-never >"$TMP/stopped" 2>&1 &
pid=$!
sleep 0.3
daemon_stop TERM
wait $pid
is "wait: the daemon stops: 3" $? 3
like "wait: and so it is said" "$(cat "$TMP/stopped")" 'nsfenced was stopped'

# --- pending, and then not; ages ---------------------------------------------------------------
printf '[netns later]\npolicy = drop\n' >"$conf/nsfence.conf"
start
wait_ok "age: it grows" 20 eval '[ "$(nsfence status -j | jq ".namespaces[] | select(.netns == \"later\") | .age")" -ge 2 ]'
touch /run/netns/later
wait_ok "reason: a file is no namespace" 20 eval 'nsfence status -j | jq -e ".namespaces[] | select(.netns == \"later\") | .reason | test(\"mount\")"'
rm /run/netns/later
ip netns add later
run_ok "wait: then it is there" nsfence wait later --timeout 20
is "state: enforcing" "$(state later)" enforcing
cmp_num "age: begins anew" "$(nsfence status -j | jq '.namespaces[] | select(.netns == "later") | .age')" -le 1

# --- strangers -----------------------------------------------------------------------------------
run_ok "strangers: a hundred come and go" strangers /run/nsfence/control 100
run_ok "strangers: and the daemon answers" nsfence status
ip netns del later
ip netns add later
run_ok "strangers: and fences" nsfence wait later --timeout 20
daemon_stop TERM
run_ok "the socket is gone with the daemon" test ! -e /run/nsfence/control
finish
