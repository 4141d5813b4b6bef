#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While the daemon lives, nobody else changes the table; kill -9 unfences nothing; the
# next daemon changes nothing that is right, and puts right what is not.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

new a 1
new plain 2
cat >"$TMP/web.nft" <<-END
	table inet web {
		set no { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.9 }; }
		chain input {
			type filter hook input priority filter; policy drop;
			ip saddr @no drop
			tcp dport vmap { 22 : jump more, 80-90 : accept }
			ip saddr . tcp dport { 10.0.0.0/8 . 443, 11.0.0.1-11.0.0.9 . 1-1000 } accept
			counter limit rate 5/second log prefix "in: "
		}
		chain more {
			counter accept
		}
	}
END

backend
ask limits
if [[ $out != *"while the daemon is not running"* ]]; then
	skip "owner and persist" "this kernel has no persistent tables"
	finish
fi
ask_ok "a policy" policy web "$TMP/web.nft" || finish
ask_ok "a fence" attach /run/netns/a web
held=$(table a)
like "has an owner" "$held" "flags owner"
in_ns a nft flush ruleset
is "flush ruleset leaves it" "$(table a)" "$held"
run_fails "delete table is refused" "not permitted" in_ns a nft delete table inet nsfence
run_fails "flush chain is refused" "not permitted" in_ns a nft flush chain inet nsfence input
run_fails "a rule is refused" "not permitted" in_ns a nft insert rule inet nsfence input accept
run_fails "an element is refused" "not permitted" in_ns a nft delete element inet nsfence no '{ 192.0.2.0/24 }'
run_fails "dormant is refused" "not permitted" in_ns a nft add table inet nsfence '{ flags dormant; }'
run_fails "a user namespace's root is refused, too" "not permitted" \
	in_ns a unshare -r nft delete table inet nsfence
run_ok "he may have tables of his own" in_ns a nft add table inet mine

ask dump
instance=$(awk -v i="$(inode a)" '$1 == i { print $4 }' <<<"$out")
nsenter --net=/run/netns/a -- nft monitor >"$TMP/monitor" 2>&1 &
monitor=$!
sleep 0.5
killed
run_fails "kill -9 unfences nothing" "100% packet loss" pings 10.77.1.2
like "the table is there, and nobody's" "$(table a)" "hook input"
unlike "its owner is gone" "$(table a)" "flags owner"

backend
ask_ok "the next daemon, and its policy" policy web "$TMP/web.nft"
ask dump
like "finds the fence as it was" "$out" "$(inode a) web enforce $instance"
in_ns a nft add table inet control
wait_ok "what changes is heard" 5 grep -q control "$TMP/monitor"
kill $monitor
is "and changed nothing but the owner" "$(grep -v '^#' "$TMP/monitor")" \
	"add table inet nsfence
add table inet control"
run_fails "it is its own again" "not permitted" in_ns a nft delete table inet nsfence

# Whatever root inside does while no daemon is there.
n=0
while IFS= read -r evil; do
	n=$((n + 1))
	killed
	# shellcheck disable=SC2034 # handle: eval below
	case $evil in
	*'$handle'*) handle=$(in_ns a nft -a list chain inet nsfence input | sed -n 's/.*@no drop # handle //p') ;;
	esac
	eval "in_ns a nft $evil" || not_ok "he can: $evil"
	backend
	ask policy web "$TMP/web.nft"
	ask dump
	like "put right by the next daemon: nft $evil" "$out" "$(inode a) web enforce"
	is "    it is what it was" "$(table a | grep -v comment)" "$(grep -v comment <<<"$held")"
done <<'END'
flush chain inet nsfence input
insert rule inet nsfence input accept
delete rule inet nsfence input handle $handle
delete element inet nsfence no "{ 192.0.2.0/24 }"
add element inet nsfence no "{ 203.0.113.0/24 }"
add rule inet nsfence more accept
add chain inet nsfence input "{ policy accept; }"
END

# The same, where the policy comes later than the fence is found.
killed
in_ns a nft insert rule inet nsfence input accept
backend
ask dump
ask policy web "$TMP/web.nft"
is "put right when its policy is known" "$(table a | grep -v comment)" "$(grep -v comment <<<"$held")"

# What he does to be in the way: tables of our name, that he owns.
killed
in_ns a nft delete table inet nsfence
mkfifo "$TMP/nft"
nsenter --net=/run/netns/a -- nft -i <"$TMP/nft" >/dev/null 2>&1 &
squatter=$!
exec 7>"$TMP/nft"
echo 'add table inet nsfence { flags owner; }' >&7
wait_until 5 table a
backend
ask policy web "$TMP/web.nft"
ask dump
unlike "a table that he owns is not taken for ours" "$out" "$(inode a) web"
ask_ok "a fence is made beside it" attach /run/netns/a web
like "under another name" "$(in_ns a nft list table inet nsfence1)" "policy drop"
run_fails "and holds" "100% packet loss" pings 10.77.1.2
ask_ok "it comes off there" detach /run/netns/a
run_fails "and is gone" "No such file" in_ns a nft list table inet nsfence1
kill -9 "$squatter"
wait "$squatter" 2>/dev/null

# And one that only says that it is ours.
in_ns a nft -f - <<-END
	table inet nsfence {
		comment "nsfence 1 0 0 0 1 0 drop lie"
		chain input { type filter hook input priority 0; policy accept; }
	}
END
killed
backend
ask dump
like "a table that only says that it is a fence is made one" "$out" "$(inode a) drop"
run_fails "that holds" "100% packet loss" pings 10.77.1.2
ask dump
unlike "who never was fenced is not" "$out" "$(inode plain) "

# By hand is no excuse, nor is what would confuse us.
for lie in "0 0 2 1 0 drop lie" "0 0 0 ffffffffffffffff 0 drop lie" "0 0 100 1 0 drop lie" "9 0 0 1 0 drop lie"; do
	killed
	in_ns a nft flush ruleset
	in_ns a nft add table inet nsfence "{ comment \"nsfence 1 $lie\"; }"
	backend
	ask dump
	unlike "a table that says \"$lie\" is no fence" "$out" "$(inode a) "
	ask_ok "and gives way" attach /run/netns/a drop
	run_fails "to one" "100% packet loss" pings 10.77.1.2
done
# All our names, and more.
ask detach /run/netns/a
killed
nsenter --net=/run/netns/a -- nft -i <"$TMP/nft" >/dev/null 2>&1 &
squatter=$!
exec 7>"$TMP/nft"
for i in "" 1 2 3 4 5 6 7 8 9; do echo "add table inet nsfence$i { flags owner; }" >&7; done
wait_until 5 in_ns a nft list table inet nsfence9
backend
ask_ok "who takes all names does not keep a fence off" attach /run/netns/a drop
run_fails "it holds" "100% packet loss" pings 10.77.1.2
kill -9 "$squatter"
wait "$squatter" 2>/dev/null
ask detach /run/netns/a

# More than anybody reads, of which some say that they are ours.
killed
for ((i = 1000; i < 1100; i++)); do
	echo "add table inet nsfence$i$([ "$i" -lt 1080 ] || echo ' { comment "nsfence 1 0 0 0 1 0 drop lie"; }')"
done | in_ns a nft -f -
backend
ask_ok "nor does who makes a hundred" attach /run/netns/a drop
run_fails "it holds, too" "100% packet loss" pings 10.77.1.2
ask_ok "and can be replaced" attach /run/netns/a accept replace
run_ok "by another" pings 10.77.1.2
killed
backend
ask dump
like "and is found again" "$out" "$(inode a) accept"
ask_ok "and comes off" detach /run/netns/a
in_ns a nft flush ruleset

# Policies that changed while no daemon was there.
ask attach /run/netns/a accept
ask policy web "$TMP/web.nft"
ask attach /run/netns/a web replace
killed
sed -i 's/policy drop/policy accept/' "$TMP/web.nft"
backend
ask policy web "$TMP/web.nft"
ask dump
run_ok "a policy that changed meanwhile is put there at once" pings 10.77.1.2
finish
