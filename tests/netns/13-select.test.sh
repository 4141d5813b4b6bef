#!/bin/bash
# How a namespace is selected: by name, inode, process and path; always the one
# that was meant, and never one that is gone.
. "$(dirname "$0")/lib.sh"
only_on 5.10 6.1 6.12 7.x
topology
load

pid=${ECHO_PID[a]}
a=$(inode_of a)
is "the inode of /proc/PID/ns/net is that of /run/netns/NAME" "$(stat -L -c %i "/proc/$pid/ns/net")" "$a"
is "and that of the link's text" "$(readlink "/proc/$pid/ns/net")" "net:[$a]"

by() { # WORD SELECTOR...
	local how=$1
	shift
	run_ok "$how: attach" nsfence attach "$@" drop
	is "$how: the ping is dropped" "$(probe r ping,$A4)" ETIMEDOUT
	is "$how: u is untouched" "$(probe u ping,$B4 "$ANSWER")" ok
	fence a
	is "$how: shown under this inode, by hand" "${F[inode]:-} ${F[policy]:-} ${F[flags]:-}" "$a drop manual"
	run_ok "$how: detach" nsfence detach "$@"
	is "$how: the ping passes" "$(probe r ping,$A4 "$ANSWER")" ok
}
by name a
by inode --inode "$a"
by process --pid "$pid"
by path --path "/proc/$pid/ns/net"
by path2 --path /run/netns/a

# A namespace that has no name.
start_ready nameless unshare -n bash -c 'echo up; exec sleep 600'
nameless=$READY_PID
ino=$(stat -L -c %i "/proc/$nameless/ns/net")
run_ok "no name: attach by process" nsfence attach --pid "$nameless" drop --source "the test"
is "no name: listed" "$(nsfence ls -j | jq -c --argjson i "$ino" '.[] | select(.inode == $i) | [.names, .source]')" '[[],"the test"]'
is "no name: its own loopback passes, but nothing else is there" \
	"$(nsenter -t "$nameless" -n ip link set lo up; nsenter -t "$nameless" -n netprobe -t "$ANSWER" ping,127.0.0.1)" "ping,127.0.0.1 ok"
stop_job "$nameless"
wait_ok "no name: the fence goes with the process" 60 bash -c "! nsfence ls -j | grep -q $ino"

# One namespace with two names is one fence.
touch /run/netns/alias
mount --bind /run/netns/a /run/netns/alias
run_ok "two names: attach by one" nsfence attach alias drop
is "two names: both are shown" "$(nsfence ls -j | jq -c '.[].names | sort')" '["a","alias"]'
run_fails "two names: the other is fenced already" 1 "fenced already" nsfence attach a drop
run_ok "two names: detach by the other" nsfence detach a
umount /run/netns/alias
rm /run/netns/alias

run_fails "no such name" 4 'nosuch' nsfence attach nosuch drop
run_fails "no such inode" 4 . nsfence attach --inode 1 drop
run_fails "no such process" 4 . nsfence attach --pid 4000000 drop
run_fails "a path that is no namespace" 4 "not .*namespace" nsfence attach --path /etc/passwd drop
run_fails "a namespace of another kind" 1 . nsfence attach --path /proc/self/ns/uts drop
touch /run/netns/plain
run_fails "a name that is no mount (ip netns add is under way)" 4 "not .*namespace" nsfence attach plain drop
rm -f /run/netns/plain
run_fails "no such policy" 1 'no such policy "nosuch" .*drop, reject' nsfence attach a nosuch
run_fails "detach where there is none" 4 . nsfence detach a
run_fails "the initial namespace" 1 'allow_init_net' nsfence attach --pid 1 drop
is "none of these fenced anything" "$(nsfence ls -j | jq length)" 0

# Its number may be used again; its fence is not.
run_ok "attach" nsfence attach a drop
old=$(inode_of a)
fence a
instance=${F[instance]}
echo_off a
ip netns del a
no_fences() { [ "$(count attachments)" = 0 ]; }
wait_ok "the dead one's fence is gone" 60 no_fences
reused=
for i in {1..40}; do
	netns_add "n$i"
	[ "$(inode_of "n$i")" != "$old" ] || { reused="n$i"; break; }
done
if [ -n "$reused" ]; then
	ok "the inode number came back"
	ip link add v0 netns r type veth peer name v0 netns "$reused"
	ip -n r addr add 10.9.0.1/24 dev v0 && ip -n r link set v0 up
	ip -n "$reused" addr add 10.9.0.2/24 dev v0 && ip -n "$reused" link set v0 up
	is "and is not fenced: pings pass" "$(probe r ping,10.9.0.2 "$ANSWER")" ok
	run_ok "fencing the new one" nsfence attach --inode "$old" drop
	fence "$reused"
	cmp_num "its instance is a new one" "${F[instance]}" -gt "$instance"
else
	skip "the inode number came back" "not within 40 namespaces"
fi

finish
