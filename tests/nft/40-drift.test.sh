#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where tables cannot have an owner (-s): what root inside changes is noticed at once,
# and put right; he cannot wear the daemon out.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

new a 1
new b 2
cat >"$TMP/web.nft" <<-END
	table inet web {
		set no { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 198.51.100.1 }; }
		set no2 { type ipv4_addr; elements = { 192.0.2.1 }; }
		chain input {
			type filter hook input priority filter; policy drop;
			ip saddr @no drop
			ip saddr @no2 drop
			ct state established accept
			tcp dport { 80, 443 } counter accept
		}
	}
END
backend -s
ask policy web "$TMP/web.nft"
ask_ok "a fence" attach /run/netns/a web
ask_ok "another" attach /run/netns/b drop
want=$(table a)
unlike "has no owner" "$want" "flags owner"
ask limits
like "and that is said" "$out" "no persistent tables .Linux 6.9"
is_fenced() { table "$1" | grep -q "hook input"; }
is_right() { [ "$(table a | grep -v comment)" = "$(grep -v comment <<<"$want")" ]; }

begin run 60000
while IFS= read -r evil; do
	eval "in_ns a nft $evil" || not_ok "he can: $evil"
	wait_ok "put right: nft $evil" 3 is_right
	# So long is his next deed the first one again.
done <<'END'
flush ruleset
delete table inet nsfence
flush chain inet nsfence input
insert rule inet nsfence input accept
delete element inet nsfence no "{ 192.0.2.0/24 }"
add element inet nsfence no "{ 203.0.113.0/24 }"
add table inet nsfence "{ flags dormant; }"
add chain inet nsfence input "{ policy accept; }"
END
# What nft would not do.
run_ok "he can give an element of a set a limit" in_ns a "$TOP/tests/nft/tools/limit-element.py" nsfence no2 192.0.2.1
wait_ok "put right: an element that matches nothing" 3 is_right
# Much more than is read of it: the rest of the dump must not be in the way.
{
	echo 'table inet nsfence { chain big {'
	for ((i = 1; i <= 20000; i++)); do echo "udp dport $i counter accept"; done
	printf '}\nchain input {\naccept\n}\n}\n'
} >"$TMP/big.nft"
run_ok "he can make it very long" in_ns a nft -f "$TMP/big.nft"
wait_ok "put right: it is as short as it was" 10 is_right
killed
run_fails "the fence stays when the daemon is killed" "100% packet loss" pings 10.77.1.2

backend -s
ask policy web "$TMP/web.nft"
ask dump
like "and is known to the next" "$out" "$(inode a) web"

# Changes that are no news: of other tables, and of the fence by ourselves.
begin run 1500
for i in 1 2 3 4 5; do
	in_ns a nft add table inet "mine$i"
	in_ns a nft add chain inet "mine$i" c
done
answer
unlike "his own tables are his" "$out" "event"
ask attach /run/netns/a web replace
ask run 500
unlike "our own changes are no drift" "$out" "event"

# A storm from inside.
(
	end=$((SECONDS + 6))
	while [ "$SECONDS" -lt "$end" ]; do in_ns a nft flush ruleset; done
) 2>/dev/null &
storm=$!
read -r ticks_before < <(awk '{ print $14 + $15 + $16 + $17 }' "/proc/$BACKEND/stat")
begin run 6000
sleep 1
in_ns b nft flush ruleset
wait_ok "others are put right meanwhile" 3 is_fenced b
answer
read -r ticks_after < <(awk '{ print $14 + $15 + $16 + $17 }' "/proc/$BACKEND/stat")
wait "$storm"
events=$(grep -c "event attached $(inode a)" <<<"$out")
if [ "$events" -ge 2 ] && [ "$events" -le 60 ]; then
	ok "a storm of changes is answered now and then"
else
	not_ok "a storm of changes is answered now and then" "$events times in 6 s"
fi
used=$((ticks_after - ticks_before))
if [ "$used" -le $(($(getconf CLK_TCK) * 3)) ]; then ok "and does not wear the daemon out"; else
	not_ok "and does not wear the daemon out" "$used ticks in 6 s"
fi
begin run 4000
wait_ok "the last word is ours" 4 is_right
answer
# A daemon that cannot look goes on, but not all the time.
begin run 5000
prlimit --pid "$BACKEND" --nofile=3:4096
in_ns a nft flush ruleset
sleep 3
prlimit --pid "$BACKEND" --nofile=4096:4096
wait_ok "what could not be looked at is put right later" 4 is_right
answer
events=$(grep -c "event detached" <<<"$out")
if [ "$events" -ge 1 ] && [ "$events" -le 15 ]; then ok "and was tried now and then"; else
	not_ok "and was tried now and then" "$events times in 3 s"
fi
is "it was logged, but not each time" \
	"$(($(grep -c 'put there again' "$TMP/err") <= 20))" 1
finish
