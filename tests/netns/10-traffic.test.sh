#!/bin/bash
# The built-in policies on real traffic, in both directions and families; the
# hooks, counters and effects only in the namespace that was selected.
. "$(dirname "$0")/lib.sh"
topology
load

traffic "no fence: a reaches r" a $RA4 $RA6 ok
traffic "no fence: r reaches a" r $A4 $A6 ok
traffic "no fence: u reaches b through r" u $B4 $B6 ok
no_nft_hooks "loaded, and no fence: no hook anywhere" a r b u

pings="ping,$A4 ping,$A4 ping,$A4 ping,$A6 ping,$A6 ping,$A6"	# 28 and 48 bytes each

run_ok "attach drop" nsfence attach a drop
traffic "drop: a reaches nobody; the sender is told" a $RA4 $RA6 EPERM ETIMEDOUT EPERM EPERM ETIMEDOUT EPERM
traffic "drop: a does not reach b through r" a $B4 $B6 EPERM ETIMEDOUT EPERM EPERM ETIMEDOUT EPERM
fence a
cmp_num "drop: the output counter" "${C[output.drop]:-0}" -ge 12
in0=${C[input.drop]:-0} bytes0=${B[input.drop]:-0}
is "drop: nothing came in by then" "$in0 $bytes0" "0 0"
traffic "drop: nobody reaches a" r $A4 $A6 ETIMEDOUT
fence a
in0=${C[input.drop]} bytes0=${B[input.drop]}
cmp_num "drop: the input counter" "$in0" -ge 6
out0=${C[output.drop]}
# shellcheck disable=SC2086
netprobe -n r -t "$QUIET" $pings >/dev/null
# A SYN that an earlier probe left behind is not sent again: its socket is gone.
fence a
is "drop: six pings are six packets, 228 bytes, more" "$((${C[input.drop]} - in0)) $((${B[input.drop]} - bytes0))" "6 228"
is "drop: no packet came with another verdict" "${C[input.accept]:-0} ${C[input.reject]:-0} ${C[input.audit]:-0} ${C[forward.drop]:-0}" "0 0 0 0"
cmp_num "drop: what is dropped is not answered" "$((${C[output.drop]} - out0))" -le 2
traffic "drop around a: u still reaches r" u $RU4 $RU6 ok
traffic "drop around a: u still reaches b through r" u $B4 $B6 ok
traffic "drop around a: b still reaches u" b $U4 $U6 ok
if have_nft_hooks; then
	cmp_num "drop: the hooks are in a: three at least, in two families" "$(nft_hooks a)" -ge 6
fi
no_nft_hooks "drop around a: no hook in r, b and u" r b u
run_ok "detach" nsfence detach a
traffic "detached: a reaches r" a $RA4 $RA6 ok
traffic "detached: r reaches a" r $A4 $A6 ok
no_nft_hooks "detached: no hook in a" a

run_ok "attach reject" nsfence attach a reject
traffic "reject: the sender in a is told" a $RA4 $RA6 EPERM ECONNREFUSED EPERM EPERM ECONNREFUSED EPERM
traffic "reject: the sender outside is told: reset, administratively prohibited" r $A4 $A6 \
	EHOSTUNREACH:3/13 ECONNREFUSED EHOSTUNREACH:3/13 EACCES:1/1 ECONNREFUSED EACCES:1/1
traffic "reject: so is one behind a router" b $A4 $A6 \
	EHOSTUNREACH:3/13 ECONNREFUSED EHOSTUNREACH:3/13 EACCES:1/1 ECONNREFUSED EACCES:1/1
fence a
is "reject: the input counter: three of each, in two families" "${C[input.reject]:-0}" 12
cmp_num "reject: the output counter" "${C[output.reject]:-0}" -ge 6
is "reject: our own replies pass, counted" "${C[output.exempt]:-0}" 12
is "reject: nothing is called a drop" "${C[input.drop]:-0}" 0
traffic "reject around a: u still reaches b" u $B4 $B6 ok

run_ok "reject gives way to accept" nsfence attach a accept --replace
traffic "accept: a reaches b" a $B4 $B6 ok
traffic "accept: b reaches a" b $A4 $A6 ok
fence a
in0=${C[input.accept]:-0} bytes0=${B[input.accept]:-0}
# shellcheck disable=SC2086
netprobe -n r -t "$ANSWER" $pings >/dev/null
fence a
is "accept: six pings are six packets more" "$((${C[input.accept]} - in0)) $((${B[input.accept]} - bytes0))" "6 228"
is "accept: no drop, no more rejects" "${C[input.drop]:-0} ${C[input.reject]:-0}" "0 12"
run_ok "detach" nsfence detach a

run_ok "attach audit" nsfence attach a audit
traffic "audit: a reaches b" a $B4 $B6 ok
traffic "audit: b reaches a" b $A4 $A6 ok
fence a
in0=${C[input.audit]:-0} bytes0=${B[input.audit]:-0} out0=${C[output.audit]:-0}
# shellcheck disable=SC2086
netprobe -n r -t "$ANSWER" $pings >/dev/null
fence a
is "audit: six pings are six packets that drop would have stopped" \
	"$((${C[input.audit]} - in0)) $((${B[input.audit]} - bytes0))" "6 228"
cmp_num "audit: and so are the six answers" "$((${C[output.audit]} - out0))" -ge 6
is "audit: nothing was stopped" "${C[input.drop]:-0} ${C[output.drop]:-0} ${C[input.reject]:-0}" "0 0 0"
run_ok "detach" nsfence detach a

run_ok "attach drop in audit mode" nsfence attach a drop --mode audit
traffic "mode audit: a reaches b" a $B4 $B6 ok
traffic "mode audit: b reaches a" b $A4 $A6 ok
fence a
is "mode audit: as it was asked for" "${F[policy]} ${F[mode]}" "drop audit"
cmp_num "mode audit: counted" "${C[input.audit]:-0}" -ge 12
is "mode audit: nothing was stopped" "${C[input.drop]:-0} ${C[output.drop]:-0}" "0 0"
run_ok "audit gives way to enforce" nsfence attach a drop --replace
traffic "enforced: nobody reaches a" b $A4 $A6 ETIMEDOUT

finish
