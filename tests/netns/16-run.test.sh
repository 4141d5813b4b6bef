#!/bin/bash
# nsfence run: a command that is fenced before it starts, or not run. And what goes
# with it: birth, inherited fences, --descendants, and what namespaces are called.
. "$(dirname "$0")/lib.sh"
only_on 6.12

ino_of_pid() { stat -L -c %i "/proc/$1/ns/net"; }
of_inode() { nsfence ls --all -j | jq -c --argjson i "$1" ".[] | select(.inode == \$i) | $2"; }
is_fenced() { of_inode "$1" .policy | grep -q '"'; }
# The processes below PID, PID too, that are called NAME.
below() { # PID NAME
	local pid
	[ "$(cat "/proc/$1/comm" 2>/dev/null)" != "$2" ] || echo "$1"
	for pid in $(cat "/proc/$1/task/"*/children 2>/dev/null); do below "$pid" "$2"; done
}
netns_below() { # PID NAME: their namespaces
	local pid
	for pid in $(below "$1" "$2"); do ino_of_pid "$pid"; done
}

runs() { [ -n "$(below "$1" "$2")" ]; }
gone() { [ ! -e "/proc/$1" ]; }
no_fences() { [ "$(count attachments)" = 0 ]; }
called() { pgrep -fx "$1" >/dev/null; }

# --- not fenced: not run ------------------------------------------------------------

run_fails "no module: the command is not run" 3 'not loaded' nsfence run drop -- touch "$TMP/ran"
run_fails "no module: so it is with a name" 3 'not loaded' nsfence run drop --name box -- touch "$TMP/ran"
is "no module: no name is left" "$(ls /run/netns 2>/dev/null)" ""

# --- older than the module: for --descendants below ---------------------------------

netns_add old stranger
start_ready family in_ns old bash -c '
	unshare -n sleep 610 &
	unshare -Urn sleep 620 &
	unshare -n bash -c "unshare -n sleep 630; :" &
	nsenter --net=/run/netns/stranger sleep 640 &
	(setsid unshare -Ur bash -c "(unshare -n sleep 650 &); exec sleep 660" &)
	sleep 1; echo up; wait'
family=$READY_PID
start_ready other unshare -n bash -c 'sleep 670 & echo up; wait'
other=$READY_PID
orphan=$(pgrep -fx 'sleep 650')
load

# --- how it ends ----------------------------------------------------------------------

run_ok "true" nsfence run drop -- true
code() { "$@" >"$TMP/code.out" 2>&1; echo $?; }
is "the exit code is the command's" "$(code nsfence run drop -- sh -c 'exit 37')" 37
is "128 + 15 of SIGTERM" "$(code nsfence run drop -- sh -c 'kill -TERM $$')" 143
is "128 + 9 of SIGKILL" "$(code nsfence run drop -- sh -c 'kill -KILL $$')" 137
is "127: not found" "$(code nsfence run drop -- nosuch-command)" 127
like "and a message" "$(cat "$TMP/code.out")" '^nsfence: nosuch-command: No such file'
is "126: cannot be run" "$(code nsfence run drop -- /etc/passwd)" 126
is "standard input and output are the command's" "$(echo hello | nsfence run drop -- cat)" hello
is "-v and -j are on standard error" "$(nsfence run drop -vj -- echo x 2>/dev/null)" x
like "with inode and instance" "$(nsfence run drop -j -- true 2>&1)" '^\{"inode":[0-9]+,"instance":[0-9]+\}$'
is "its arguments are its own" "$(nsfence run drop -- printf '%s.' -v --name x -- y)" "-v.--name.x.--.y."

start_ready signals nsfence run drop -- bash -c 'trap "exit 42" USR1; echo up; while :; do sleep 0.05; done'
kill -USR1 "$READY_PID"
wait "$READY_PID"
is "a signal is passed on" $? 42
start_ready killed nsfence run drop --name box -- bash -c 'echo up; exec sleep 680'
killed=$READY_PID
wait_until 10 runs "$killed" sleep
victim=$(below "$killed" sleep)
kill -9 "$killed"
wait "$killed" 2>/dev/null
wait_ok "it ends with nsfence, by SIGKILL even" 10 gone "$victim"
ip netns del box
wait_ok "no fence is left of all these" 30 no_fences

# --- what is around it -----------------------------------------------------------------

start_box() { # ARGUMENT...
	start_ready box nsfence run "$@" bash -c 'echo up; exec sleep 600'
	box=$READY_PID
	wait_until 10 runs "$box" sleep
	inside=$(below "$box" sleep)
}
stop_box() {
	kill "$box"
	wait "$box"
}

start_box drop --name box --
is "--name: the name is its namespace's" "$(inode_of box)" "$(ino_of_pid "$inside")"
fence box
is "it is fenced" "${F[policy]:-} ${F[mode]:-} ${F[source]:-}" "drop enforce run bash"
is "by hand, and inherited by what is made inside" "${F[flags]:-}" "manual,inherit,born"
is "loopback is up, and exempt" "$(probe box ping,127.0.0.1 "$ANSWER")" ok
run_fails "the name is taken" 1 'there is a namespace "box" in /run/netns already' \
	nsfence run drop --name box -- touch "$TMP/ran"
in_ns box ip link add d0 type dummy
in_ns box ip addr add 10.9.9.1/24 dev d0
in_ns box ip link set d0 up
is "what is sent is dropped" "$(probe box ping,10.9.9.2)" EPERM
start_ready monitor stdbuf -oL nsfence monitor --lifecycle -v
monitor=$READY_PID
start_ready child nsenter -t "$inside" -n unshare -n bash -c 'echo up; exec sleep 600'
child=$(ino_of_pid "$READY_PID")
wait_ok "monitor tells of the child, by its process and parent" 10 grep -E \
	" attached +inode=$child netns=[a-z]+\[$READY_PID\] policy=drop .* inherited parent=$(inode_of box) source=run bash" "$TMP/monitor.out"
stop_job "$monitor"
is "made inside: the same fence, inherited" "$(of_inode "$child" '[.policy, .parent, (.flags | join(","))]')" \
	"[\"drop\",$(inode_of box),\"manual,inherit,born,inherited\"]"
like "made inside: ls says whose child it is" "$(nsfence ls)" "$child .*run bash \(child of box\)"
like "a namespace without a name is called by a process" "$(nsfence ls)" "sleep\[$READY_PID\] +$child"
is "in JSON, too" "$(of_inode "$child" '[.names, .label]')" "[[],\"sleep[$READY_PID]\"]"
mkdir -p /run/docker/netns
touch /run/docker/netns/5f0c
mount --bind "/proc/$READY_PID/ns/net" /run/docker/netns/5f0c
like "or by its path" "$(nsfence ls)" "/run/docker/netns/5f0c +$child"
umount /run/docker/netns/5f0c
stop_job "$READY_PID"
stop_box
is "SIGTERM has ended it" $? 143
is "the name is gone with it" "$(ls /run/netns)" "old
stranger"
wait_ok "and the fence" 30 no_fences

# In the very moment in which the command starts: it makes its own device first.
first='ip link add d0 type dummy && ip addr add 10.9.9.1/24 dev d0 && ip link set d0 up
netprobe -t 100 ping,10.9.9.2 udp,10.9.9.2,7; sleep 0.2; echo up; exec sleep 600'
start_ready first nsfence run drop --name first -- sh -c "$first"
wait_until 10 grep -q '^up' "$TMP/first.out"
fence first
cmp_num "its first packets are dropped" "${C[output.drop]:-0}" -ge 2
is "none passed" "${C[output.accept]:-0}" 0
stop_job "$READY_PID"

is "--strict: loopback is fenced" "$(nsfence run drop --strict -- netprobe -t "$QUIET" ping,127.0.0.1)" "ping,127.0.0.1 EPERM"
is "accept: it passes" "$(nsfence run accept -- netprobe -t "$ANSWER" ping,127.0.0.1)" "ping,127.0.0.1 ok"

start_box drop --no-inherit --
start_ready child nsenter -t "$inside" -n unshare -n bash -c 'echo up; exec sleep 600'
is "--no-inherit: what is made inside has none" "$(of_inode "$(ino_of_pid "$READY_PID")" .policy)" null
stop_job "$READY_PID"
stop_box

# --- in a user namespace -----------------------------------------------------------------

is "--user: root inside" "$(nsfence run drop --user -- id -u)" 0
unlike "--user: a user namespace of its own" "$(nsfence run drop --user -- readlink /proc/self/ns/user)" \
	"^$(readlink /proc/self/ns/user)$"
run_ok "--user: it rules its namespace" nsfence run drop --user -- ip link add d0 type dummy
is "--user: and not its fence" "$(nsfence run drop --user --strict -- sh -c \
	'nft flush ruleset; ip link set lo down; ip link set lo up; netprobe -t 300 ping,127.0.0.1')" "ping,127.0.0.1 EPERM"
run_fails "--user: the family is not there" 3 . nsfence run drop --user -- nsfence ls

# --- policies ------------------------------------------------------------------------------

cat >"$TMP/sandbox.nft" <<'END'
table inet sandbox {
	chain out {
		type filter hook output priority 0; policy accept;
		ip daddr 127.0.0.3 counter drop
	}
}
END
is "a file" "$(nsfence run "$TMP/sandbox.nft" -- netprobe -t "$ANSWER" ping,127.0.0.3 ping,127.0.0.2 | paste -sd' ')" \
	"ping,127.0.0.3 EPERM ping,127.0.0.2 ok"
is "it is in the module now, by its name" "$(nsfence run sandbox -- netprobe -t "$QUIET" ping,127.0.0.3)" "ping,127.0.0.3 EPERM"
wait_ok "and can be taken away when the last fence has gone" 30 nsfence policy del sandbox
mkdir -p /etc/nsfence/policies
cp "$TMP/sandbox.nft" /etc/nsfence/policies/box-16.nft
is "a name of policies/, which the module has not" "$(nsfence run box-16 -- netprobe -t "$QUIET" ping,127.0.0.3)" "ping,127.0.0.3 EPERM"
wait_ok "it is there then, and can be taken away when the last fence has gone" 30 nsfence policy del box-16
sed -i s/127.0.0.3/127.0.0.300/ /etc/nsfence/policies/box-16.nft
run_fails "one with a mistake" 1 'box-16.nft:4:.*Error' nsfence run box-16 -- touch "$TMP/ran"
rm /etc/nsfence/policies/box-16.nft
run_fails "a policy that nobody knows" 1 'no such policy "nosuch"' nsfence run nosuch --name box -- touch "$TMP/ran"
run_ok "a policy that can be used" nsfence policy set "$TMP/sandbox.nft"
run_fails "a fence that the module refuses" 1 . nsfence run sandbox --strict --name box -- touch "$TMP/ran"
run_ok "and it never was in use" nsfence policy del sandbox
is "none of these left a name" "$(ls /run/netns)" "old
stranger"
run_fails "and none has run" 1 '^$' test -e "$TMP/ran"

# --- birth ---------------------------------------------------------------------------------

is "birth: nothing, at first" "$(nsfence birth -j | jq -c '[.policy, .refused]')" '["none",0]'
run_ok "birth: drop" nsfence birth drop --mode audit
like "birth: shown" "$(nsfence birth)" 'drop +audit +input,forward,output +- +[0-9]+ +0 +yes'
start_ready born unshare -n bash -c 'echo up; exec sleep 600'
born=$(ino_of_pid "$READY_PID")
is "birth: what is born has it" "$(of_inode "$born" '[.policy, .mode, .source, (.flags | join(","))]')" \
	'["drop","audit","birth","inherit,born,birth"]'
start_box reject --name box --
fence box
is "birth: run's fence takes its place" "${F[policy]:-} ${F[mode]:-} ${F[flags]:-}" "reject enforce manual,inherit,born"
stop_box
run_ok "birth: none" nsfence birth none
is "birth: what has it keeps it" "$(of_inode "$born" .policy)" '"drop"'
run_ok "birth: it comes off by hand" nsfence detach --inode "$born"
stop_job "$READY_PID"
start_ready born unshare -n bash -c 'echo up; exec sleep 600'
is "birth: the next has none" "$(of_inode "$(ino_of_pid "$READY_PID")" .policy)" null
stop_job "$READY_PID"
run_fails "birth: a policy that nobody knows" 4 'nosuch' nsfence birth nosuch

# --- descendants -----------------------------------------------------------------------------

# One of the family, which left no process that leads to it, but a user namespace.
is "the orphan is a child of the initial namespace's" \
	"$(ino_of_pid "$(awk '{ print $4 }' "/proc/$orphan/stat")")" "$(ino_of_pid 1)"
mapfile -t kin < <(netns_below "$family" sleep | grep -vx -e "$(inode_of old)" -e "$(inode_of stranger)")
kin+=("$(ino_of_pid "$orphan")")
is "made before the module was loaded: 4, with the orphan" "$(printf '%s\n' "${kin[@]}" | sort -u | wc -l)" 4
wait_ok "what was fenced until now is gone" 30 no_fences
out=$(nsfence attach old drop --descendants -v)
is "attach --descendants" $? 0
diag "$out"
for i in "${kin[@]}"; do
	is "fenced, and inherited further on: $i" "$(of_inode "$i" '[.policy, (.flags | contains(["inherit"]))]')" '["drop",true]'
done
is "the one that was entered, not made, is not" "$(of_inode "$(inode_of stranger)" .policy)" null
is "nor is a stranger's" "$(of_inode "$(ino_of_pid "$other")" .policy)" null
is "with the one of the shell between, and old itself, there are no more" "$(nsfence ls -j | jq length)" 6
run_ok "again, in place of it" nsfence attach old reject --descendants --replace
is "all are replaced" "$(nsfence ls -j | jq -c 'map(.policy) | unique')" '["reject"]'
run_fails "fenced differently, and no --replace" 1 'fenced already' nsfence attach old drop --descendants
is "detach --descendants" "$(nsfence detach old --descendants -j | jq '.descendants | length')" 5
is "none is left" "$(nsfence ls -j | jq length)" 0
run_fails "nothing to take off" 4 'not fenced|no fence' nsfence detach old --descendants

run_ok "one has another fence" nsfence attach --inode "${kin[0]}" accept
run_fails "that is told" 1 'fenced with accept already' nsfence attach old drop --descendants
is "and left alone" "$(of_inode "${kin[0]}" .policy)" '"accept"'
is "the others are fenced" "$(nsfence ls -j | jq '[.[] | select(.policy == "drop")] | length')" 5
run_ok "detach --descendants" nsfence detach old --descendants
is "it is not taken off, for it is not the same" "$(nsfence ls -j | jq -c 'map(.policy)')" '["accept"]'
run_ok "detach" nsfence detach --all
stop_job "$family"
kill "$orphan"
pkill -fx 'sleep 6[0-9]0'
stop_job "$other"

# Born while it was loaded: the module knows, whatever became of the parents.
netns_add young
in_ns young bash -c '(setsid unshare -n bash -c "(unshare -n sleep 700 &); exec sleep 710" &)'
wait_until 10 called 'sleep 700'
wait_until 10 called 'sleep 710'
young=("$(ino_of_pid "$(pgrep -fx 'sleep 700')")" "$(ino_of_pid "$(pgrep -fx 'sleep 710')")")
is "the module knows the parents" "$(of_inode "${young[0]}" .parent) $(of_inode "${young[1]}" .parent)" "${young[1]} $(inode_of young)"
pkill -fx 'sleep 710'
parent_is() { [ "$(of_inode "$1" .parent)" = "$2" ]; }
wait_ok "a parent dies: the child is its parent's" 30 parent_is "${young[0]}" "$(inode_of young)"
run_ok "attach --descendants" nsfence attach young drop --descendants
is "it is found" "$(of_inode "${young[0]}" .policy)" '"drop"'
like "and known as an orphan" "$(of_inode "${young[0]}" .flags)" '"orphan"'
pkill -fx 'sleep 700'

# While one inside makes more and more of them, children of children, too.
run_ok "detach" nsfence detach young
start_ready maker in_ns young bash -c '
	echo up
	for i in {1..60}; do
		unshare -n bash -c "sleep 0.02; unshare -n sleep 720; :" &
		sleep 0.01
	done
	sleep 2; wait'
run_ok "while they are made" nsfence attach young drop --descendants
there_are() { [ "$(nsfence ls --all -j | jq length)" -ge "$1" ]; }
wait_ok "all 120 are there" 60 there_are 124
is "each of them is fenced" "$(nsfence ls --all -j | jq -c --argjson y "$(inode_of young)" \
	'[.[] | select(.parent and .policy == null)] | length')" 0
pkill -fx 'sleep 720'
stop_job "$READY_PID"

finish
