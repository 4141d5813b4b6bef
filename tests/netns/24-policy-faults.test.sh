#!/bin/bash
# Setting and attaching a policy fails at each of its steps, and nothing is
# changed: the old version is in force in every fence.
. "$(dirname "$0")/lib.sh"
only_on 5.10 7.x debug
topology
set_fault() { echo "$2" >"/sys/module/nsfence/parameters/$1"; }
if [ ! -e "$(faults_ko)" ]; then
	skip "failures" "there is no $(faults_ko)"
	finish
fi
load_faults || bail "the module loads" "$(cat "$TMP/load.err")"
# On the debug kernel every third step, so that it does not take for ever.
every=${DEBUG:+3}
every=${every:-1}

# --- a policy, and a new version of it in two fences -----------------------------------------------
mkdir "$TMP/p"
cat >"$TMP/p/web.nft" <<-'END'
	table inet x {
		chain in { type filter hook input priority 0; policy drop; tcp dport 7 counter accept; }
	}
END
run_ok "set" nsfence policy set "$TMP/p/web.nft"
for ns in a b; do
	k=1 bad=
	while :; do
		set_fault fail_attach $k
		out=$(nsfence attach $ns web 2>&1) && break
		[[ $out == *[Mm]emory* ]] || bad="k=$k: $out"
		[ "$(probe r "ping,$([ $ns = a ] && echo $A4 || echo $B4)" "$ANSWER")" = ok ] || bad="k=$k: no ping to $ns"
		[ $k -lt 40 ] || break
		k=$((k + every))
	done
	is "attaching to $ns fails at the k-th step, for every k: nothing is changed" "$bad" ""
	cmp_num "that has more steps than a built-in's" "$k" -ge 9
done
cat >"$TMP/p/web.nft" <<-'END'
	table inet x {
		chain in { type filter hook input priority 0; policy drop; tcp dport 7 counter accept; udp dport 7 counter limit rate 100/second accept; }
		chain early { type filter hook prerouting priority -5; ct state invalid counter drop; }
		chain forw { type filter hook forward priority 0; policy accept; counter; }
	}
END
before=$(nsfence policy ls -j)
hooks="$(nft_hooks a) $(nft_hooks b)"
k=1 bad=
while :; do
	set_fault fail_attach $k
	out=$(nsfence policy set "$TMP/p/web.nft" 2>&1) && break
	[[ $out == *[Mm]emory* ]] || bad="k=$k: $out"
	[ "$(nsfence policy ls -j)" = "$before" ] || bad="k=$k: $(nsfence policy ls)"
	[ -n "$DEBUG" ] || [ "$(nft_hooks a) $(nft_hooks b)" = "$hooks" ] || bad="k=$k: $(nft_hooks a) $(nft_hooks b) hooks, there were $hooks"
	[ "$(probe r "ping,$A4") $(probe r "tcp,$B4,7" "$ANSWER")" = "ETIMEDOUT ok" ] || bad="k=$k: other traffic"
	[ $k -lt 60 ] || break
	k=$((k + every))
done
set_fault fail_attach 0
is "a new version fails at the k-th step, for every k: the old one is in force everywhere" "$bad" ""
cmp_num "that has steps in each fence" "$k" -ge 15
is "then it is set" "$(nsfence policy ls -j | jq '.[0].generation')" 2
is "and judges" "$(probe r "ping,$A4") $(probe r "udp,$A4,7" "$ANSWER") $(probe r "udp,$B4,7" "$ANSWER")" "ETIMEDOUT ok ok"
nsfence detach --all >/dev/null
no_nft_hooks "no hook is left" a r b u

finish
