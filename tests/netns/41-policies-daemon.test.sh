#!/bin/bash
# nsfenced and policy files: what it does at a start, when a namespace comes late,
# when a file changes or has a mistake, what it leaves alone, and what its own
# death changes. 42-configured has attach by file, and single policies.
. "$(dirname "$0")/lib.sh"
only_on 6.12
topology
netns_add q
link_up q r 4 || bail "q's link is made"
load
conf=$TMP/conf
mkdir -p "$conf/policies" "$conf/netns.d"
status_socket=$TMP/notify

policy() { # FILE RULE...
	local file=$1
	shift
	printf '%s\n' 'table inet fence {' \
		'	chain in {' \
		'		type filter hook input priority filter; policy drop;' \
		'		iif lo accept' \
		'		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept' \
		"$@" '	}' '}' >"$conf/$file.nft"
}
info() { nsfence policy ls -j | jq -r --arg n "$1" --arg k "$2" '.[] | select(.policy == $n) | .[$k]'; }
# All that the module has: policies, and fences with their instances.
state() {
	nsfence policy ls -j | jq -S -c 'sort_by(.policy)[] | [.policy, .generation, .hash, .attachments]'
	nsfence ls -j | jq -S -c 'sort_by(.instance)[] | [.inode, .instance, .policy, .mode, .source]'
}
policies() { nsfence policy ls -j | jq -r '[.[] | .policy] | sort | join(" ")'; }
has_policy() { [[ " $(policies) " == *" $1 "* ]]; }
has_no_policy() { ! has_policy "$1"; }
packets() { # TEXT NETNS
	nsfence stats "$2" -j | jq --arg t "$1" '[.. | objects | select(.text? == $t) | .packets] | add // "none"'
}
# Of ping, tcp and udp (port 7), from r and over both versions of IP, KINDS pass and
# the others do not. As lib.sh's traffic, which would wait for the silent ones as long
# as for an answer.
only() { # DESCRIPTION ADDRESS4 ADDRESS6 KINDS
	local kind to got port want="" pass=() quiet=()
	for kind in ping tcp udp; do
		port=,7
		[ $kind != ping ] || port=
		for to in "$2" "$3"; do
			case " $4 " in
			*" $kind "*) pass+=("$kind,$to$port") ;;
			*) quiet+=("$kind,$to$port") ;;
			esac
		done
	done
	[ ${#pass[@]} = 0 ] || want=$(printf '%s ok\n' "${pass[@]}")
	want+=$(printf '\n%s ETIMEDOUT' "${quiet[@]}")
	got=$([ ${#pass[@]} = 0 ] || netprobe -n r -t "$ANSWER" "${pass[@]}" 2>&1
		netprobe -n r -t "$QUIET" "${quiet[@]}" 2>&1)
	is "$1" "$got" "${want#$'\n'}"
}
fence_source() { echo "${F[source]:-none}"; }
start() { daemon_start "$conf" env NOTIFY_SOCKET="$status_socket"; }
reload() { # WORDS: and wait for what the log says then
	: >"$TMP/nsfenced.log"
	: >"$TMP/notified"
	kill -HUP "$DAEMON"
	wait_until 30 grep -q "$1" "$TMP/nsfenced.log" ||
		not_ok "reload: \"$1\"" "$(tail -n 20 "$TMP/nsfenced.log")"
}
status() { tr '\n' ' ' <"$TMP/notified" | sed 's/.*STATUS=//'; }
status_says() { status | grep -q "$1"; }
fence_is() { # NAME POLICY
	fence "$1"
	[ "${F[policy]:-}" = "$2" ]
}

socat -u "UNIX-RECV:$status_socket" "OPEN:$TMP/notified,creat,append" &
JOBS+=("$!")
wait_until 10 test -S "$status_socket" || bail "a socket for the status"

# --- at start ---------------------------------------------------------------------
common() { # PORT...
	printf 'define common = { %s }\n' "$(sed 's/ /, /g' <<<"$*")" >"$conf/policies/common.inc"
}
web() { # RULE...
	policy policies/web '		tcp dport $common counter accept' "$@"
	sed -i '1i include "./common.inc"' "$conf/policies/web.nft"
}
common 7
web
policy policies/other '		meta l4proto icmp counter accept'
policy netns.d/b '		udp dport 7 counter accept'
policy netns.d/own '		udp dport 9 counter accept'
cat >"$conf/nsfence.conf" <<-END
	[nsfenced]
	backend = module
	[netns a]
	policy = web
	[netns q]
	policy = other
	[netns u]
	policy = web
	mode = audit
	[netns later]
	policy = web
END
start
wait_until 30 grep -q READY=1 "$TMP/notified" || bail "start: ready" "$(cat "$TMP/nsfenced.log")"
ok "start: ready"
is "start: what the sections and files say, and nothing more" \
	"$(nsfence ls -j | jq -r '[.[] | .names[0] + " " + .policy + " " + .mode + " " + .source] | sort | join("; ")')" \
	"a web enforce nsfence.conf:4; b netns:b enforce netns.d/b.nft; q other enforce nsfence.conf:6; u web audit nsfence.conf:8"
is "start: policies of files, also of a namespace that is not there yet" "$(policies)" "netns:b netns:own other web"
is "start: each set once" "$(nsfence policy ls -j | jq -c '[.[] | .generation] | unique')" "[1]"
is "start: one policy for two fences" "$(info web attachments)" 2
wait_ok "start: the status counts them" 30 status_says "4 of 6 configured namespaces fenced, 2 not there"
only "start: a: TCP to port 7" $A4 $A6 tcp
only "start: b: UDP to port 7" $B4 $B6 udp
traffic "start: u: everything, in audit" r $U4 $U6 ok
fence u
cmp_num "start: u: and what would have been dropped is counted" "${C[input.audit]:-0}" -ge 4
is "start: q: ping, and no other" "$(probe r ping,10.7.4.2 "$ANSWER") $(probe r udp,10.7.4.2,7)" "ok ETIMEDOUT"

# --- names that come --------------------------------------------------------------------
netns_add later own
wait_ok "later: a name that appears has its fence" 30 fence_is later web
is "later: and its line" "$(fence_source)" nsfence.conf:11
wait_ok "later: one with a file of its own, too" 30 fence_is own netns:own
is "later: and its file" "$(fence_source)" netns.d/own.nft
is "later: the policies are the same" "$(info web generation) $(info netns:own generation)" "1 1"
is "later: with one fence more" "$(info web attachments) $(info netns:own attachments)" "3 1"

# --- a change ----------------------------------------------------------------------------
rule='tcp dport 7 counter accept'
before=$(packets "$rule" a)
cmp_num "change: the rule has counted" "$before" -gt 0
instances() { nsfence ls -j | jq -c '[.[] | [.names[0], .instance, .policy]] | sort'; }
fences=$(instances)
web '		udp dport 7 counter accept'
reload 'configuration loaded'
is "change: one new version, in all fences of the policy" "$(info web generation) $(info web attachments)" "2 3"
is "change: of that policy alone" "$(info other generation) $(info netns:b generation) $(info netns:own generation)" "1 1 1"
is "change: the fences are the same" "$(instances)" "$fences"
is "change: a rule that is as it was keeps what it counted" "$(packets "$rule" a)" "$before"
is "change: the new one begins at nothing" "$(packets 'udp dport 7 counter accept' a)" 0
is "change: the log says it once" "$(grep -c 'policy web: replaced from policies/web.nft, in 3 fences' "$TMP/nsfenced.log")" 1
only "change: a: UDP, too" $A4 $A6 "tcp udp"
cmp_num "change: and it counts on" "$(packets "$rule" a)" -gt "$before"
common 7 8
reload 'configuration loaded'
is "change: of an included file, too" "$(info web generation)" 3
reload 'configuration loaded'
is "change: none, and none is made" "$(info web generation)" 3

# --- a mistake ----------------------------------------------------------------------------
before=$(state)
policy policies/web '		tcp dport 7 drop'
policy netns.d/b '		udp dport 7 counter accept' '		tcp dport 70000 accept'
printf '[netns a]\npolicy = drop\n[netns later]\npolicy = reject\n' >"$conf/nsfence.conf"
reload 'configuration not loaded'
is "mistake: the log has its place" "$(grep -o 'netns.d/b.nft:[0-9]*:[0-9-]*: Error' "$TMP/nsfenced.log")" \
	'netns.d/b.nft:7:13-17: Error'
is "mistake: nothing changes, neither there nor anywhere" "$(state)" "$before"
wait_ok "mistake: the status says FAILED, and where" 30 status_says '^FAILED: configuration not loaded (netns.d/b.nft:7:13-17: .*the old one stays in force; 6 of 6'
only "mistake: a: as before" $A4 $A6 "tcp udp"
netns_del later
netns_add later
wait_ok "mistake: a name that comes back has what was in force" 30 fence_is later web
policy netns.d/b '		udp dport 7 counter accept'
reload 'configuration loaded'
wait_ok "mended: a is as the file says now" 30 fence_is a drop
fence later
is "mended: and so is the other" "${F[policy]}" reject
wait_ok "mended: and the status is well" 30 status_says '^4 of 4 configured namespaces fenced'
is "mended: what nobody needs is gone" "$(policies)" "netns:b netns:own"
traffic "mended: u is not fenced" r $U4 $U6 ok

# --- a section and a file; a file that is not there ------------------------------------------------
before=$(state)
printf '[netns b]\npolicy = drop\n[netns a]\npolicy = nosuch\n' >"$conf/nsfence.conf"
reload 'configuration not loaded'
like "two policies for one namespace: both are named" "$(cat "$TMP/nsfenced.log")" 'nsfence.conf:2:[^
]*netns.d/b.nft'
like "a policy that has no file is named" "$(cat "$TMP/nsfenced.log")" 'nsfence.conf:4:[^
]*nosuch'
is "and nothing changes" "$(state)" "$before"
run_fails "at a start the same ends it" 1 'nsfence.conf:2' timeout 20 nsfenced -c "$conf"
printf '[netns a]\npolicy = web\n[netns u]\npolicy = other\n[netns q]\npolicy = other\n' >"$conf/nsfence.conf"
web
reload 'configuration loaded'
is "mended once more" "$(policies)" "netns:b netns:own other web"

# --- by hand --------------------------------------------------------------------------------------
nsfence detach u >/dev/null
wait_ok "hand: taken off, put back" 30 fence_is u other
mkdir "$TMP/hand"
sed 's/counter accept/accept/' "$conf/policies/other.nft" >"$TMP/hand/mine.nft"
run_ok "hand: a fence with a policy that no file has" nsfence attach later "$TMP/hand/mine.nft" --replace
run_ok "hand: and one in place of the daemon's" nsfence attach u mine --replace
before=$(state)
reload 'configuration loaded'
is "hand: both are left alone" "$(state)" "$before"
wait_ok "hand: the status counts one" 30 status_says '1 fenced by hand'
generation=$(info web generation) hash=$(info web hash)
sed 's/counter accept/drop/' "$conf/policies/web.nft" | sed '1d; s/\$common/7/' >"$TMP/hand/web.nft"
run_ok "hand: another version of a policy of the daemon's" nsfence policy set "$TMP/hand/web.nft"
is "hand: is in force" "$(info web generation)" $((generation + 1))
only "hand: and drops" $A4 $A6 ""
reload 'configuration loaded'
is "hand: the next pass puts the file's back" "$(info web generation) $(info web hash)" "$((generation + 2)) $hash"
only "hand: a: TCP to port 7" $A4 $A6 tcp
kill -STOP "$DAEMON"	# else the fence is back before the policy can be deleted
run_ok "hand: a fence is taken off" nsfence detach own
run_ok "hand: and its policy deleted" nsfence policy del netns:own
kill -CONT "$DAEMON"
wait_ok "hand: both come back" 30 fence_is own netns:own
# One that a fence by hand uses is not the daemon's to take away, until it is free.
run_ok "hand: a fence with a policy of the daemon's" nsfence attach later other --replace
printf '[netns a]\npolicy = web\n' >"$conf/nsfence.conf"
reload 'configuration loaded'
wait_ok "hand: q is not fenced any more" 30 unfenced q
is "hand: the policy stays while that fence does" "$(info other attachments)" 1
nsfence detach later >/dev/null
wait_ok "hand: and goes with it" 90 has_no_policy other
is "hand: what came by hand stays" "$(info mine attachments)" 1

# --- death and return ---------------------------------------------------------------------------------
before=$(state)
daemon_stop KILL
is "killed with -9: nothing has changed" "$(state)" "$before"
only "killed with -9: a: TCP to port 7" $A4 $A6 tcp
counted=$(packets "$rule" a)
start_ready monitor stdbuf -oL nsfence monitor -j -v --lifecycle
monitor=$READY_PID
: >"$TMP/notified"
start
wait_ok "restarted: ready" 30 grep -q READY=1 "$TMP/notified"
is "restarted: the same policies in the same generations, the same fences" "$(state)" "$before"
is "restarted: the counters count on" "$(packets "$rule" a)" "$counted"
is "restarted: not one was attached or detached meanwhile" \
	"$(jq -r 'select(.event == "attached" or .event == "detached") | .names[]' "$TMP/monitor.out")" ""
stop_job "$monitor"
daemon_stop KILL
web '		udp dport 7 counter accept'
generation=$(info web generation)
: >"$TMP/notified"
start
wait_ok "restarted after a change: ready" 30 grep -q READY=1 "$TMP/notified"
is "restarted after a change: it is in force" "$(info web generation)" $((generation + 1))
is "restarted after a change: and the counters stay" "$(packets "$rule" a)" "$counted"
is "it holds no namespace open" "$(namespaces_held "$DAEMON")" 0

# While it compiles it is in the configuration's directory: the policies' includes
# are looked up there. A policy that takes a while, so that it is met there.
daemon_stop KILL
policy netns.d/own "		ip saddr { $(seq -f '10.9.%.0f.1' -s ', ' 0 255), $(seq -f '10.%.0f.0.0/24' -s ', ' 10 255) } accept" \
	"$(for i in {1..2000}; do echo "		udp dport $i ip daddr 10.8.0.$((i % 256)) counter accept"; done)"
: >"$TMP/nsfenced.log"
start
compiles() { [[ $(readlink "/proc/$DAEMON/cwd") == "$conf"* ]]; }
wait_ok "a reload within a start: it is reading" 10 compiles
kill -HUP "$DAEMON"
wait_ok "a reload within a start: done once the start is" 60 grep -q 'configuration loaded: 3 of 3' "$TMP/nsfenced.log" ||
	diag "$(tail -n 5 "$TMP/nsfenced.log")"
before=$(state)
daemon_stop TERM
is "stopped: policies and fences stay" "$(state)" "$before"

finish
