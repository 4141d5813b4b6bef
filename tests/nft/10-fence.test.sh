#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fences go up, change and come off; what is refused, and what is said of them.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

new a 1
backend
ask dump
is "nothing is fenced at first" "$(grep -v initial <<<"$out")" ""
ask_ok "a built-in policy" attach /run/netns/a drop
run_fails "nothing comes in" "100% packet loss" pings 10.77.1.2
run_fails "nothing goes out" "100% packet loss|not permitted" pings_out a 10.77.1.1
run_ok "loopback does" in_ns a ping -c 1 -W 1 127.0.0.1
ask show /run/netns/a
like "counters are read back" "$out" "input drop [1-9]"
like "what is exempt, too" "$out" "input exempt [1-9]"
like "and where the fence is from" "$out" "^drop enforce flags 0x0 source by hand"
like "the table says so itself" "$(table a)" 'comment "nsfence 1 .* drop by hand"'
ask dump
like "it is listed" "$out" "$(inode a) drop enforce"

ask_fails "a second one is refused" "^error 17: .*fenced already" attach /run/netns/a accept
ask_ok "a replacement" attach /run/netns/a accept replace
run_ok "it is in force at once" pings 10.77.1.2
ask show /run/netns/a
like "accept counts" "$out" "input accept [1-9]"

cat >"$TMP/web.nft" <<-END
	define ports = { 7, 80 }
	table ip anything {
		chain input {
			type filter hook input priority filter; policy drop;
			icmp type echo-request counter accept
			tcp dport \$ports accept
		}
	}
END
ask_ok "a policy of a file" policy web "$TMP/web.nft"
ask_ok "a fence with it" attach /run/netns/a web replace
run_ok "its rules are in force" pings 10.77.1.2
run_ok "table ip lets IPv6 pass" ping -c 1 -W 1 fd77:1::2
like "forward is fenced, though the file has no such chain" "$(table a)" \
	"chain nsfence.forward \{[^}]*hook forward[^}]*policy drop;[^}]*counter packets 0 bytes 0 drop"
like "names are resolved" "$(table a)" "elements = \{ 7, 80 \}"
sed -i 's/echo-request counter accept/echo-request counter drop/' "$TMP/web.nft"
ask_ok "a new version of the policy" policy web "$TMP/web.nft"
like "changes the fence that has it" "$out" "generation 2 fences 1"
run_fails "at once" "100% packet loss" pings 10.77.1.2
ask_fails "a policy that is used stays" "^error 16: policy web is used by 1 fence$" forget web

ask_ok "mode audit" attach /run/netns/a web audit replace
run_ok "drops nothing" pings 10.77.1.2
like "and counts what it would have dropped" "$(table a)" \
	"counter packets [1-9][0-9]* bytes [1-9][0-9]* accept comment \"nsfence:audit\""

ask_fails "an unknown policy" "^error 2: no such policy" attach /run/netns/a nosuch replace
ask_fails "postrouting cannot reject" "^error 22: .*input, forward and output only" \
	attach /run/netns/a reject postrouting replace
ask_fails "the daemon's own namespace" "^error 1: this is the initial" attach "$OUTER" drop
ask_fails "birth" "^error 95: birth = drop: only the module" birth drop
ask_ok "birth = none is nothing" birth none
printf 'table inet t {\n chain nsfence.x {\n }\n chain i { type filter hook input priority 0; jump nsfence.x\n }\n}\n' \
	>"$TMP/ours.nft"
ask_fails "a chain with a name of ours" "begin with \"nsfence" policy ours "$TMP/ours.nft"
run_ok "nothing of it changed the fence" pings 10.77.1.2

ask_ok "it comes off" detach /run/netns/a
is "without a trace" "$(in_ns a nft list ruleset)" ""
ask_fails "there is none to take off" "^error 2: .*has no fence" detach /run/netns/a
ask_ok "a policy that nobody uses goes" forget web
ask limits
like "what it cannot give is said" "$out" "birth.*while the daemon|while the daemon.*birth"
finish
