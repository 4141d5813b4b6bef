#!/bin/bash
# Policies as objects: one image for any number of fences, counters that survive
# an update, conntrack only where it is asked for, refusals that change nothing.
. "$(dirname "$0")/lib.sh"
only_on 6.12 debug
topology
load
mkdir "$TMP/p"
web() { # EXTRA-RULE...: policy `web`, version by version
	printf '%s\n' 'table inet fence {' \
		'	chain in {' \
		'		type filter hook input priority filter; policy drop;' \
		'		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept' \
		'		tcp dport 7 counter accept' \
		"$@" \
		'	}' '	chain forw { type filter hook forward priority 0; policy drop; }' '}' \
		>"$TMP/p/web.nft"
}
packets() { # TEXT [NAME]: packets that the rule counted, in all fences of web or in NAME's
	local what=(--policy web)
	[ $# = 1 ] || what=("$2")
	nsfence stats "${what[@]}" -j | jq --arg t "$1" '[.. | objects | select(.text? == $t) | .packets] | add // "none"'
}
info() { nsfence policy ls -j | jq -r --arg n "$1" --arg k "$2" '.[] | select(.policy == $n) | .[$k]'; }
ct_hooks() { # NETNS: is conntrack on there?
	in_ns "$1" nft list hooks 2>/dev/null | grep -c conntrack
}

# --- set, attach, judge ---------------------------------------------------------------
web
run_ok "a policy is set" nsfence policy set "$TMP/p/web.nft"
is "its first generation" "$(info web generation)" 1
is "no fence has it" "$(info web attachments)" 0
hash=$(info web hash)
run_ok "the same again" nsfence policy set "$TMP/p/web.nft"
is "changes nothing" "$(info web generation) $(info web hash)" "1 $hash"
run_ok "a is fenced with it" nsfence attach a web
run_ok "and b" nsfence attach b web
fence a
is "its name is shown" "${F[policy]}" web
is "its hooks are the policy's" "${F[hooks]}" input,forward
is "two fences have it" "$(info web attachments)" 2
traffic "TCP to port 7 passes, nothing else" r $A4 $A6 ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok ETIMEDOUT
traffic "u is untouched" r $U4 $U6 ok
run_fails "a fenced policy is not deleted" 1 '[Ff]ences use' nsfence policy del web
run_fails "rmmod says busy" 1 'in use|Busy|busy' rmmod nsfence
fence a
cmp_num "what it dropped is counted by hook" "${C[input.drop]:-0}" -gt 0

# --- counters ------------------------------------------------------------------------
a=$(packets 'tcp dport 7 counter accept' a)
cmp_num "the rule's counter has counted in a" "$a" -gt 0
is "and not in b, where nothing came" "$(packets 'tcp dport 7 counter accept' b)" 0
traffic "TCP to b" r $B4 $B6 ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok ETIMEDOUT
is "summed over its fences" "$(packets 'tcp dport 7 counter accept')" \
	"$(($(packets 'tcp dport 7 counter accept' a) + $(packets 'tcp dport 7 counter accept' b)))"
like "with file and line" "$(nsfence stats --policy web -j)" 'web.nft'
instance=${F[instance]}
web '		udp dport 7 counter accept' '		meta l4proto icmp counter accept'
run_ok "a new version" nsfence policy set "$TMP/p/web.nft"
is "is the second generation" "$(info web generation)" 2
is "a rule that did not change keeps what it counted" "$(packets 'tcp dport 7 counter accept' a)" "$a"
is "a new one begins at nothing" "$(packets 'udp dport 7 counter accept' a)" 0
fence a
is "the fences are the same" "${F[instance]}" "$instance"
traffic "UDP and ping pass now" r $A4 $A6 ok ok ok ETIMEDOUT ok ok
cmp_num "and are counted" "$(packets 'udp dport 7 counter accept' a)" -gt 0
web '		udp dport 9 counter accept'
run_ok "a version that lacks them" nsfence policy set "$TMP/p/web.nft"
traffic "they do not pass any more" r $A4 $A6 ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok ETIMEDOUT
is "a rule at a place that another had begins at nothing" "$(packets 'udp dport 9 counter accept' a)" 0
web '		udp dport 7 counter accept' '		meta l4proto icmp counter accept'
run_ok "and back" nsfence policy set "$TMP/p/web.nft"
is "a rule that was away begins at nothing" "$(packets 'udp dport 7 counter accept' a)" 0

# --- replacing, and by built-in policies ---------------------------------------------------
run_ok "a built-in policy in its place" nsfence attach a drop --replace
traffic "and nothing passes" r $A4 $A6 ETIMEDOUT
run_ok "and the policy again" nsfence attach a web --replace
traffic "TCP, UDP and ping pass" r $A4 $A6 ok ok ok ETIMEDOUT ok ok
is "its counters are those of a new fence" "$(packets 'udp dport 9 counter accept' a)" "\"none\""
run_ok "in audit" nsfence attach a web --replace --mode audit
traffic "everything passes" r $A4 $A6 ok
fence a
cmp_num "and what would be dropped is counted" "${C[input.audit]:-0}" -gt 0
run_ok "enforced again" nsfence attach a web --replace
nsfence detach b >/dev/null
run_fails "hooks are not for such a policy" 1 'hooks' nsfence attach b web --hooks input
run_fails "nor is strict" 1 'strict' nsfence attach b web --strict
run_fails "a policy that is not there" 1 'no such policy' nsfence attach b nosuch
is "b is not fenced" "$(fenced b && echo fenced)" ""

# --- conntrack ---------------------------------------------------------------------------
if have_nft_hooks && [ -z "$DEBUG" ]; then
	is "no rule asks for conntrack: it is off in a" "$(ct_hooks a)" 0
else
	skip "no rule asks for conntrack: it is off in a" "nft cannot list hooks here"
fi
cat >"$TMP/p/out.nft" <<-'END'
	table inet fence {
		chain in {
			type filter hook input priority filter; policy drop;
			ct state established,related counter accept
			icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
			ct state invalid drop
		}
		chain out {
			type filter hook output priority filter; policy accept;
		}
	}
END
run_ok "a policy that asks for conntrack" nsfence attach b "$TMP/p/out.nft"
traffic "b reaches r: its replies are established" b 10.7.2.1 fd07:2::1 ok
traffic "r does not reach b" r $B4 $B6 ETIMEDOUT
if have_nft_hooks && [ -z "$DEBUG" ]; then
	cmp_num "conntrack is on in b" "$(ct_hooks b)" -gt 0
	is "and only there" "$(ct_hooks a) $(ct_hooks u)" "0 0"
else
	skip "conntrack is on in b" "nft cannot list hooks here"
	skip "and only there" "nft cannot list hooks here"
fi
run_ok "off with the fence" nsfence detach b
if have_nft_hooks && [ -z "$DEBUG" ]; then
	is "off with the fence: no hook of it in b" "$(ct_hooks b)" 0
else
	skip "off with the fence: no hook of it in b" "nft cannot list hooks here"
fi
run_ok "a policy that no fence uses is deleted" nsfence policy del out
run_fails "and is gone" 4 'out' nsfence policy del out

# --- what is no policy, no image ------------------------------------------------------------
printf 'table inet x { chain c { type filter hook input priority 0; tcp dport 70000 drop; } }\n' >"$TMP/p/bad.nft"
run_fails "an error in the file: nothing is set" 1 'bad.nft:1:[0-9]+-[0-9]+: Error' nsfence policy set "$TMP/p/bad.nft"
is "a name that is built in" "$(cp "$TMP/p/web.nft" "$TMP/p/drop.nft"; nsfence policy set "$TMP/p/drop.nft" >/dev/null 2>&1; echo $?)" 1
before=$(nsfence policy ls -j)
while IFS=$'\t' read -r what result; do
	is "image: $what" "$result" refused
done < <(rawpolicy refused web "$TMP/p/web.nft" 2>&1)
is "after all that, the policies are what they were" "$(nsfence policy ls -j)" "$before"
traffic "and a's fence, too" r $A4 $A6 ok ok ok ETIMEDOUT ok ok

nsfence detach --all >/dev/null
run_ok "unloading takes the policies away" unload
load
is "none is left" "$(nsfence policy ls -j | jq length)" 0

finish
