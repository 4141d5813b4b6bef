#!/bin/bash
# A malformed message of every kind is refused, with a message where the module
# or its attribute policy refuses, and changes nothing. The cases: tools/rawgenl.c.
. "$(dirname "$0")/lib.sh"
netns_add a b
load
run_ok "another fence, to see that nothing happens to it" nsfence attach b drop
state() { nsfence ls --all -j | jq -S -c '[.[] | del(.counters)]'; }
before=$(state)

n=0
while read -r verdict name errno message; do
	n=$((n + 1))
	case $verdict in
	good) ok "$name: $errno${message:+ ($message)}" ;;
	*) not_ok "$name" "errno $errno, message \"$message\"" ;;
	esac
done < <(rawgenl malformed /run/netns/a /run/netns/b 2>&1)
cmp_num "all cases were tried" "$n" -ge 75
is "nothing has changed" "$(state)" "$before"

# The same through the tool: the module's words reach the user.
run_fails "nsfence: a stale instance and the rest are exit code 1, with the reason" 1 "no such policy|nosuch" nsfence attach a nosuch
finish
