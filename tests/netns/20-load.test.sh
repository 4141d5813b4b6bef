#!/bin/bash
# The module's parameters: fences from load on, and loads that are refused.
. "$(dirname "$0")/lib.sh"
topology
a=$(inode_of a) b=$(inode_of b)

loads() { # DESCRIPTION PARAMETER...
	local desc=$1
	shift
	log_mark
	run_ok "$desc: loads" modprobe nsfence "$@"
}

gone() { # DESCRIPTION
	nsfence detach --all >/dev/null
	run_ok "$1: all detached, it unloads" unload
}

loads "no parameter"
is "no parameter: nothing is fenced" "$(count attachments)" 0
gone "no parameter"

loads "inode=" "inode=$a"
traffic "inode=: a is fenced, by drop" r $A4 $A6 ETIMEDOUT
traffic "inode=: b is not" r $B4 $B6 ok
traffic "inode=: u is not" u $RU4 $RU6 ok
fence a
is "inode=: policy and mode" "${F[policy]} ${F[mode]}" "drop enforce"
is "inode=: hooks" "${F[hooks]}" "input,forward,output"
like "inode=: by hand, so that a daemon leaves it alone" "${F[flags]}" manual
is "inode=: the parameter is root's to read, nobody's to write" "$(stat -c %a /sys/module/nsfence/parameters/inode)" 400
run_fails "inode=: fenced, it does not unload" 1 "in use" unload
traffic "inode=: still fenced" r $A4 $A6 ETIMEDOUT
gone "inode="
traffic "unloaded: a is reached" r $A4 $A6 ok

loads "two inodes, reject" "inode=$a,$b" verdict=reject
traffic "two inodes: a rejects" r $A4 $A6 \
	EHOSTUNREACH:3/13 ECONNREFUSED EHOSTUNREACH:3/13 EACCES:1/1 ECONNREFUSED EACCES:1/1
traffic "two inodes: so does b" r $B4 $B6 \
	EHOSTUNREACH:3/13 ECONNREFUSED EHOSTUNREACH:3/13 EACCES:1/1 ECONNREFUSED EACCES:1/1
is "two inodes: two fences" "$(count attachments)" 2
gone "two inodes"

loads "verdict=audit hooks=input" "inode=$a" verdict=audit hooks=input
traffic "audit: passes" r $A4 $A6 ok
fence a
cmp_num "audit: counted on input" "${C[input.audit]:-0}" -ge 6
is "audit: not on output" "${C[output.audit]:-0}" 0
gone "audit"

loads "strict" "inode=$a" strict=1
is "strict: loopback is fenced" "$(probe a ping,127.0.0.1)" EPERM
gone "strict"
loads "not strict" "inode=$a"
is "not strict: loopback is not" "$(probe a ping,127.0.0.1 "$ANSWER")" ok
gone "not strict"

loads "forward_accept" "inode=$(inode_of r)" hooks=input,output forward_accept=1
traffic "forward_accept: a reaches b through the fenced router" a $B4 $B6 ok
gone "forward_accept"
loads "forward" "inode=$(inode_of r)" hooks=input,output
traffic "forward: without it, not" a $B4 $B6 ETIMEDOUT
gone "forward"

refused() { # DESCRIPTION MODPROBE-MESSAGE LOG-REGEX PARAMETER...
	local desc=$1 message=$2 log=$3
	shift 3
	log_mark
	run_fails "$desc: refused" 1 "$message" modprobe nsfence "$@"
	like "$desc: the log says why" "$(log_since "$MARK" | grep nsfence:)" "$log"
	loaded && not_ok "$desc: not loaded" && unload
}
missing="No such device or address" invalid="Invalid argument" denied="Operation not permitted"

refused "unknown inode" "$missing" "inode=4242: no living" inode=4242
like "unknown inode: the living are listed: a" "$(log_since "$MARK")" "living: inode $a"
like "unknown inode: and the initial one" "$(log_since "$MARK")" "living: inode [0-9]+ .initial."
is "unknown inode: all of them" "$(log_since "$MARK" | grep -c 'living: inode')" "$(($(ls /run/netns | wc -l) + 1))"
refused "one of three unknown" "$missing" "inode=4242" "inode=$a,4242,$b"
traffic "one of three unknown: none is fenced" r $A4 $A6 ok
hold_many 40
refused "unknown inode among 45 namespaces" "$missing" "inode=4242: no living" inode=4242
is "unknown inode among 45: 32 are listed" "$(log_since "$MARK" | grep -c 'living: inode')" 32
like "unknown inode among 45: the rest is counted" "$(log_since "$MARK")" "and 1[0-9] more"
let_go

init=$(stat -L -c %i /proc/1/ns/net)
refused "the initial namespace" "$denied" "inode=$init: .*initial" "inode=$init"
refused "unknown verdict" "$invalid" "verdict=perhaps: must be" "inode=$a" verdict=perhaps
refused "unknown hook" "$invalid" "hooks=inptu: must be" "inode=$a" hooks=inptu
refused "no hook" "$invalid" "hooks=: must be" "inode=$a" hooks=
refused "a hook twice" "$invalid" "hooks=input,input" "inode=$a" hooks=input,input
refused "reject where it cannot be" "$invalid" "reject" "inode=$a" verdict=reject hooks=prerouting
refused "inode 0" "$invalid" "inode=0" inode=0
refused "an inode twice" "$invalid" "inode=$a: .*twice" "inode=$a,$a"
refused "inode that is no number" "$invalid" "nsfence: .*inode" inode=web1
refused "forward, and forward_accept" "$invalid" "forward_accept" "inode=$a" forward_accept=1
traffic "refused: nothing was fenced" r $A4 $A6 ok

loads "allow_init_net" "inode=$init" allow_init_net=1 verdict=audit
is "allow_init_net: the initial namespace is fenced" "$(nsfence ls -j | jq -r '.[].policy')" audit
netprobe -t "$ANSWER" ping,127.0.0.1 >"$TMP/ping"
is "allow_init_net: and audit lets it talk" "$(cat "$TMP/ping")" "ping,127.0.0.1 ok"
like "allow_init_net: it is called the initial one" "$(nsfence ls -j | jq -c '.[].flags')" initial
gone "allow_init_net"

finish
