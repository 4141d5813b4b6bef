#!/bin/bash
# Which hooks are fenced: those of --hooks, and forward always, unless it is
# given up by name.
. "$(dirname "$0")/lib.sh"
topology
load
silent="ETIMEDOUT"

traffic "no fence: a reaches b through r" a $B4 $B6 ok

run_ok "input only, around a" nsfence attach a drop --hooks input
traffic "input: what a sends goes, the answers do not come" a $RA4 $RA6 $silent
traffic "input: nobody reaches a" r $A4 $A6 $silent
fence a
is "input: the output hook is not ours" "${C[output.drop]:-0}${C[output.accept]:-0}" 00
cmp_num "input: dropped there" "${C[input.drop]:-0}" -ge 12
like "input: as it was asked for" "${F[hooks]}" "^input(,forward)?$"

run_ok "output only, around a" nsfence attach a drop --hooks output --replace
fence a
before=${C[input.drop]}
traffic "output: a may not send" a $RA4 $RA6 EPERM $silent EPERM EPERM $silent EPERM
traffic "output: nobody is answered by a" r $A4 $A6 $silent
fence a
is "output: the input hook is ours no more" "${C[input.drop]:-0}" "$before"
cmp_num "output: dropped there" "${C[output.drop]:-0}" -ge 6

run_ok "prerouting only, around a" nsfence attach a drop --hooks prerouting --replace
fence a
before=${C[output.drop]}
traffic "prerouting: what a sends goes, the answers do not come" a $RA4 $RA6 $silent
fence a
cmp_num "prerouting: dropped there" "${C[prerouting.drop]:-0}" -ge 6
is "prerouting: the output hook is ours no more" "${C[output.drop]:-0}" "$before"
run_ok "postrouting only, around a" nsfence attach a drop --hooks postrouting --replace
traffic "postrouting: nobody is answered by a" r $A4 $A6 $silent
fence a
cmp_num "postrouting: dropped there" "${C[postrouting.drop]:-0}" -ge 4
run_ok "detach" nsfence detach a

run_fails "reject where it cannot be is refused" 1 "input, forward and output" nsfence attach a reject --hooks prerouting
run_fails "forward, and forward-accept: refused" 1 "forward" nsfence attach a drop --hooks input,forward --forward-accept
traffic "refused: a is as it was" a $RA4 $RA6 ok

# Connections that a could not answer are forgotten, or they are answered now.
echo_off a
echo_on a
run_ok "a router, fenced on input and output" nsfence attach r drop --hooks input,output
traffic "forward is fenced all the same: a does not reach b" a $B4 $B6 $silent
traffic "nor b a" b $A4 $A6 $silent
fence r
cmp_num "forward: dropped there" "${C[forward.drop]:-0}" -ge 12
is "forward: neither came in" "${C[input.drop]:-0}" 0
run_ok "the router, with forward given up" nsfence attach r drop --hooks input,output --forward-accept --replace
traffic "forward-accept: a reaches b" a $B4 $B6 ok
traffic "forward-accept: r itself is fenced" a $RA4 $RA6 $silent
fence r
like "forward-accept: the flag is shown" "${F[flags]}" forward-accept
run_ok "the router, by default" nsfence attach r drop --replace
traffic "default: a does not reach b" a $B4 $B6 $silent
run_ok "the router, rejecting" nsfence attach r reject --replace
traffic "reject on forward: a is told" a $B4 $B6 \
	EHOSTUNREACH:3/13 ECONNREFUSED EHOSTUNREACH:3/13 EACCES:1/1 ECONNREFUSED EACCES:1/1
run_ok "the router, auditing" nsfence attach r audit --replace
traffic "audit on forward: a reaches b" a $B4 $B6 ok
fence r
cmp_num "audit on forward: counted" "${C[forward.audit]:-0}" -ge 12
run_ok "detach" nsfence detach r
traffic "detached: a reaches b" a $B4 $B6 ok

finish
