#!/bin/bash
# What passes a built-in policy: loopback, and neighbour discovery. Not when strict.
. "$(dirname "$0")/lib.sh"
topology
load

# Addresses whose neighbours are not static, so that they must be discovered.
ip -n a addr add fd07:1::12/64 dev vr nodad
ip -n a addr add 10.7.1.12/24 dev vr
ip -n a addr add fd07:1::22/64 dev vr nodad
neighbour() { ip -n r neigh show "$1" dev va; }

run_ok "attach drop" nsfence attach a drop
traffic "drop: a reaches itself over loopback" a 127.0.0.1 ::1 ok
traffic "drop: and by its other addresses, which is loopback, too" a $A4 $A6 ok
fence a
cmp_num "drop: that is counted as exempt" "${C[input.exempt]:-0}" -ge 12
is "drop: r's ping to a is dropped" "$(probe r ping,fd07:1::12)" ETIMEDOUT
like "drop: but its neighbour was discovered" "$(neighbour fd07:1::12)" "lladdr 02:00:00:00:01:02"
is "drop: so is IPv4's, which is no IP" "$(probe r ping,10.7.1.12) $(neighbour 10.7.1.12 | grep -c 'lladdr 02:00:00:00:01:02')" "ETIMEDOUT 1"

run_ok "strict" nsfence attach a drop --strict --replace
traffic "strict: a does not reach itself" a 127.0.0.1 ::1 EPERM ETIMEDOUT EPERM EPERM ETIMEDOUT EPERM
is "strict: r's ping to a is dropped" "$(probe r ping,fd07:1::22)" ETIMEDOUT
unlike "strict: and its neighbour is not discovered" "$(neighbour fd07:1::22)" lladdr
fence a
like "strict: the flag is shown" "${F[flags]}" strict
exempt=${C[input.exempt]:-0}
probe r ping,fd07:1::22 >/dev/null
fence a
is "strict: nothing more is exempt" "${C[input.exempt]:-0}" "$exempt"

run_ok "not strict again" nsfence attach a drop --replace
ip -n r neigh flush dev va nud failed 2>/dev/null
ip -n r neigh del fd07:1::22 dev va 2>/dev/null
probe r ping,fd07:1::22 >/dev/null
like "not strict: the same neighbour is discovered" "$(neighbour fd07:1::22)" "lladdr 02:00:00:00:01:02"

run_ok "strict audit" nsfence attach a audit --strict --replace
traffic "strict audit: a reaches itself" a 127.0.0.1 ::1 ok
fence a
cmp_num "strict audit: counted as what drop would stop" "${C[output.audit]:-0}" -ge 6

finish
