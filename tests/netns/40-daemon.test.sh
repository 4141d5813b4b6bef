#!/bin/bash
# nsfenced: fences what is configured, when it appears and when it comes back;
# leaves alone what is not its own; its death changes nothing, nor its return;
# and it keeps no dead namespace alive.
. "$(dirname "$0")/lib.sh"
only_on 5.10 7.x
topology
load
conf=$TMP/conf
mkdir -p "$conf/nsfence.conf.d"
cat >"$conf/nsfence.conf" <<-END
	[nsfenced]
	backend = module

	[netns a]
	policy = drop

	[netns later]
	policy = reject
END
cat >"$conf/nsfence.conf.d/10-more.conf" <<-END
	[netns gone]
	policy = drop
	mode   = audit
	hooks  = input,output
END
instances() { nsfence ls -j | jq -S -c '[.[] | {inode, instance, policy, mode, source}]'; }
# Silence is no condition to wait for; what follows an event is: a name that the
# daemon must see, fenced when it has seen everything before.
# Messages that the kernel could not queue for the daemon.
drops() { awk -v pid="$DAEMON" '$3 == pid { n += $9 } END { print n + 0 }' /proc/net/netlink; }
settled=0
daemon_settled() {
	settled=$((settled + 1))
	ip netns add "settle$settled" && wait_until 30 grep_fence "settle$settled" ||
		not_ok "the daemon is awake" "$(tail -n 20 "$TMP/nsfenced.log")"
	ip netns del "settle$settled"
}
grep_fence() { nsfence ls -j | grep -q "\"$1\""; }
for i in {1..12}; do printf '[netns settle%d]\npolicy = drop\n' "$i"; done >"$conf/nsfence.conf.d/90-settle.conf"

# --- at start ---------------------------------------------------------------------
daemon_start "$conf"
wait_ok "start: a is fenced" 30 fenced a
fence a
is "start: as configured" "${F[policy]:-} ${F[mode]:-} ${F[flags]:-}" "drop enforce inherit"
like "start: and says where" "${F[source]:-}" '^nsfence.conf:[0-9]+$'
traffic "start: nobody reaches a" r $A4 $A6 ETIMEDOUT
traffic "start: b is untouched" r $B4 $B6 ok
is "start: nothing else is fenced" "$(count attachments)" 1

# --- names that come, go, and come back ---------------------------------------------
netns_add later
wait_ok "a name that appears later is fenced" 30 fenced later
fence later
is "as configured" "${F[policy]:-}" reject
netns_add gone
wait_ok "so is one of nsfence.conf.d" 30 fenced gone
fence gone
is "with its mode and hooks" "${F[policy]:-} ${F[mode]:-} ${F[hooks]:-}" "drop audit input,output"
like "and its own file" "${F[source]:-}" '^nsfence.conf.d/10-more.conf:[0-9]+$'
first=${F[instance]:-0}
inode=$(inode_of gone)
netns_del gone
wait_ok "deleted: the daemon does not keep it alive" 60 dead "$inode"
netns_add gone
wait_ok "made again under the same name: fenced again" 30 fenced gone
fence gone
cmp_num "by a new fence" "${F[instance]:-0}" -gt "$first"
for ((i = 0; i < (DEBUG ? 3 : 8); i++)); do
	ip netns del gone
	ip netns add gone
done
wait_ok "deleted and made several times at once: the last is fenced" 30 fenced gone
daemon_settled
is "and no other" "$(nsfence ls -j | jq '[.[] | select(.names | index("gone"))] | length')" 1
exec 7</run/netns/a
is "control: one that is held through its file is seen" "$(namespaces_held $$)" 1
exec 7<&-
is "the daemon holds no namespace open" "$(namespaces_held "$DAEMON")" 0

# --- what is not its own ----------------------------------------------------------------
run_ok "manual: a fence by hand on u" nsfence attach u drop
run_ok "manual: and one on b" nsfence attach b accept
fence u
manual=${F[instance]}
printf '[netns u]\npolicy = accept\n' >"$conf/nsfence.conf.d/20-u.conf"
kill -HUP "$DAEMON"
daemon_settled
fence u
is "manual: left alone, even where the configuration has another wish" "${F[policy]} ${F[instance]}" "drop $manual"
fence b
is "manual: and where it has none" "${F[policy]}" accept
nsfence detach b >/dev/null
nsfence detach u >/dev/null
wait_ok "manual: taken off by hand, the configuration has its way" 30 eval 'fence u; [ "${F[policy]:-}" = accept ]'

# --- reload ----------------------------------------------------------------------------------
printf '[netns u]\npolicy = reject\n' >"$conf/nsfence.conf.d/20-u.conf"
kill -HUP "$DAEMON"
wait_ok "reload: a changed policy" 30 eval 'fence u; [ "${F[policy]:-}" = reject ]' ||
	diag "$(tail -n 12 "$TMP/nsfenced.log"; nsfence ls)"
rm "$conf/nsfence.conf.d/20-u.conf"
kill -HUP "$DAEMON"
wait_ok "reload: a section that is gone takes its fence with it" 30 unfenced u
before=$(instances)
printf '[netns a]\npolicy = dorp\n[netns b]\npolicy = drop\nhooks = inptu\n' >"$conf/nsfence.conf.d/99-bad.conf"
: >"$TMP/nsfenced.log"
kill -HUP "$DAEMON"
wait_ok "errors: reported, with file and line" 30 grep -q '99-bad.conf:2' "$TMP/nsfenced.log"
wait_ok "errors: all of them" 30 grep -q '99-bad.conf:5' "$TMP/nsfenced.log"
daemon_settled
is "errors: nothing has changed" "$(instances)" "$before"
unlike "errors: b is not fenced" "$(nsfence ls)" '(^|[[:space:]])b[[:space:]]'
is "errors: the daemon lives" "$(kill -0 "$DAEMON" && echo yes)" yes
rm "$conf/nsfence.conf.d/99-bad.conf"
printf '[netns b]\npolicy = drop\n' >"$conf/nsfence.conf.d/20-b.conf"
kill -HUP "$DAEMON"
wait_ok "errors: mended, the next reload counts" 30 fenced b
run_fails "errors: at a start they end it" 1 'nsfence.conf:1' bash -c "mkdir -p $TMP/bad; echo nonsense >$TMP/bad/nsfence.conf; exec nsfenced -c $TMP/bad"

# --- taken off behind its back; lost messages ------------------------------------------------------
nsfence detach a >/dev/null
wait_ok "a fence taken off by hand is put back" 30 fenced a
kill -STOP "$DAEMON"
for _ in {1..40}; do
	rawgenl churn /run/netns/u 1000
	[ "$(drops)" = 0 ] || break
done
cmp_num "events lost: the daemon, stopped, has missed some" "$(drops)" -gt 0
nsfence detach u >/dev/null
nsfence detach a >/dev/null
nsfence detach b >/dev/null
ip netns add "settle11"
kill -CONT "$DAEMON"
wait_ok "events lost: a is fenced again" 60 fenced a
wait_ok "events lost: b is fenced again" 60 fenced b
wait_ok "events lost: a new name is fenced" 60 fenced settle11
is "events lost: the daemon lives" "$(kill -0 "$DAEMON" && echo yes)" yes
like "events lost: and says so" "$(cat "$TMP/nsfenced.log")" "[Ll]ost|dropped|missed|overrun|ENOBUFS|resync"

# --- death and return ------------------------------------------------------------------------------------
daemon_settled
before=$(instances)
daemon_stop KILL
traffic "killed with -9: a is still fenced" r $A4 $A6 ETIMEDOUT
is "killed with -9: nothing has changed" "$(instances)" "$before"
start_ready monitor stdbuf -oL nsfence monitor -j -v
monitor=$READY_PID
daemon_start "$conf"
daemon_settled
is "restarted: the same fences, the same instances" "$(instances)" "$before"
is "restarted: not one was attached or detached meanwhile" \
	"$(jq -r 'select(.event == "attached" or .event == "detached") | .names[]' "$TMP/monitor.out" | grep -v settle)" ""
stop_job "$monitor"
daemon_stop TERM
is "stopped: the fences stay" "$(instances)" "$before"
ip netns del later
netns_add later
is "not running: a new namespace is not fenced" "$(fenced later && echo fenced)" ""
daemon_start "$conf"
wait_ok "started: it is" 30 fenced later
daemon_stop TERM

# --- in a sandbox, as systemd makes it ---------------------------------------------------------------------
daemon_start "$conf" unshare -m --propagation slave
daemon_settled
inodes=("$(inode_of later)" "$(inode_of gone)")
netns_del later gone
wait_ok "sandbox: deleted namespaces are gone" 60 dead "${inodes[@]}"
netns_add later
wait_ok "sandbox: a name that appears is fenced" 30 fenced later
echo_off a
netns_del a
netns_add a
wait_ok "sandbox: one made again, too" 30 fenced a
daemon_settled
is "sandbox: it holds no namespace open" "$(namespaces_held "$DAEMON")" 0
daemon_stop TERM

finish
