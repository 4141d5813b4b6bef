#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fence keeps no namespace alive for longer than some seconds. What tells is the other
# end of a veth, which goes with the namespace.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

new a 1
new b 2
new c 3
is_gone() { ! ip link show "$1"; }
backend
for n in a b c; do ask_ok "$n is fenced" attach "/run/netns/$n" drop; done
nsenter --net=/run/netns/b sleep 300 &
inside=$!
exec 8</run/netns/c
ino_c=$(inode c)
begin run 60000
ip netns del a
ip netns del b
ip netns del c
wait_ok "a namespace without name and process is let go" 8 is_gone v-a
is "one with a process is not" "$(ip -br link show v-b | wc -l)" 1
run_fails "and stays fenced" "100% packet loss" pings 10.77.2.2
kill "$inside"
wait "$inside" 2>/dev/null
wait_ok "until the process ends" 8 is_gone v-b

# Somebody has a descriptor: it lives, and its table is there, though not owned any more.
sleep 3
is "one that a descriptor keeps lives on" "$(ip -br link show v-c | wc -l)" 1
run_fails "and is fenced all the same" "100% packet loss" pings 10.77.3.2
killed
backend
nsenter --net="/proc/$$/fd/8" sleep 300 &
inside=$!
wait_until 5 eval '[ "$(stat -Lc %i /proc/$inside/ns/net)" = "$ino_c" ]'
ask dump
like "it is found again when a process is in it" "$out" "$ino_c drop"
run_fails "and owned again" "not permitted" \
	nsenter -t "$inside" --net -- nft delete table inet nsfence
begin run 60000
exec 8<&-
kill "$inside"
wait "$inside" 2>/dev/null
wait_ok "the last one goes, too" 8 is_gone v-c
killed

# The same inode number, another namespace.
backend
new d 4
ask attach /run/netns/d drop
ino=$(inode d)
begin run 6000
ip netns del d
wait_until 8 is_gone v-d
answer
like "a death is told" "$out" "event died $ino drop"
for ((i = 0; i < 40; i++)); do
	ip netns add "e$i"
	[ "$(inode "e$i")" = "$ino" ] && break
done
if [ "$(inode "e$i" 2>/dev/null)" = "$ino" ]; then
	ask dump
	unlike "who gets its number does not get its fence" "$out" "^$ino "
else
	skip "who gets its number does not get its fence" "the number was not given again"
fi
finish
