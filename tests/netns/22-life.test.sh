#!/bin/bash
# State for every namespace there is and will be; it goes when they go. The
# module stays as long as one fence is up.
. "$(dirname "$0")/lib.sh"
topology
living() { # as lsns would count: names, and the initial one
	echo $(($(find /run/netns -type f | wc -l) + 1))
}

load
is "load: state for every namespace there is" "$(count namespaces)" "$(living)"
is "load: none of them born under us" "$(nsfence ls --all -j | jq '[.[] | select(.flags | index("born"))] | length')" 0
is "load: all are listed" "$(nsfence ls --all -j | jq length)" "$(living)"
is "load: the initial one is called so" "$(nsfence ls --all -j | jq -c '[.[] | select(.flags | index("initial"))] | [length, .[0].inode]')" \
	"[1,$(stat -L -c %i /proc/1/ns/net)]"

start_ready monitor stdbuf -oL nsfence monitor -j -v
monitor=$READY_PID
netns_add late
is "birth: one more" "$(count namespaces)" "$(living)"
is "birth: it is known as born" "$(nsfence ls --all -j | jq -c --argjson i "$(inode_of late)" '.[] | select(.inode == $i) | .flags')" '["born"]'
late=$(inode_of late)
run_ok "birth: it can be fenced" nsfence attach late drop
is "birth: and is" "$(probe late ping,127.0.0.2 "$ANSWER")" ok
instance=$(nsfence ls -j | jq --argjson i "$late" '.[] | select(.inode == $i) | .instance')
run_fails "fenced: it does not unload" 1 "in use" unload
netns_del late
wait_ok "death: its fence and its state are gone" 60 counts_are "$BASE"
is "death: no fence is listed" "$(nsfence ls -j)" '[]'
for event in born attached died; do
	wait_ok "monitor: $event" 30 grep -q "\"$event\".*$late\|$late.*\"$event\"" "$TMP/monitor.out"
done
is "monitor: the dead one's last word has its instance" \
	"$(jq -c --argjson i "$late" 'select(.event == "died" and .inode == $i) | .instance' "$TMP/monitor.out")" "$instance"
run_ok "attach" nsfence attach a drop
run_ok "replace" nsfence attach a reject --replace
run_ok "detach" nsfence detach a
wait_ok "monitor: detached" 30 grep -q '"detached"' "$TMP/monitor.out"
is "monitor: attached, replaced, detached, in this order" \
	"$(jq -r --argjson i "$(inode_of a)" 'select(.inode == $i) | .event + " " + .policy' "$TMP/monitor.out" | paste -sd, -)" \
	"attached drop,attached reject,detached reject"
stop_job "$monitor"

run_ok "no fence: it unloads, with namespaces alive" unload
load
is "loaded again: state for all" "$(count namespaces)" "$(living)"
run_ok "fence two" nsfence attach a drop
run_ok "fence two" nsfence attach b drop
run_fails "two fences: busy" 1 "in use" unload
run_ok "one less" nsfence detach a
run_fails "one fence: busy" 1 "in use" unload
echo_off b
netns_del b
wait_ok "the last one dies with its namespace" 60 eval '[ "$(count attachments)" = 0 ]'
run_ok "no fence: it unloads" unload
load
for n in a r u; do run_ok "fence $n" nsfence attach $n drop; done
is "detach --all" "$(nsfence detach --all -j | jq .count)" 3
traffic "detached: a reaches u" a $U4 $U6 ok
no_nft_hooks "detached: no hook" a r u

finish
