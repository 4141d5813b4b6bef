#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Not one packet passes while a fence is replaced, by whatever that stops it as well.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

new a 1
rounds=60
[ -z "${NSF_LONG:-}" ] || rounds=1000
base='type filter hook input priority filter; policy'
printf 'table inet p {\n chain input {\n %s drop\n tcp dport 81 accept\n }\n}\n' "$base" >"$TMP/p1.nft"
printf 'table inet p {\n chain input {\n %s accept\n ip protocol udp drop\n }\n}\n' "$base" >"$TMP/p2.nft"
printf 'table inet p {\n chain input {\n %s drop\n meta l4proto udp goto end\n }\n chain end {\n tcp dport 5 accept\n }\n}\n' \
	"$base" >"$TMP/p3.nft"
backend
for n in 1 2 3; do ask_ok "policy $n" policy "p$n" "$TMP/p$n.nft"; done
ask_ok "a fence" attach /run/netns/a p1

# What passes is counted behind the fence, by another table.
in_ns a nft -f - <<-END
	table inet behind {
		chain input {
			type filter hook input priority 1000; policy accept;
			meta l4proto udp counter
		}
	}
END
passed() { in_ns a nft list table inet behind | sed -n 's/.*counter packets \([0-9]*\).*/\1/p'; }
python3 - <<-'END' &
	import socket, time
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	end = time.time() + 600
	while time.time() < end:
	    for i in range(200):
	        try:
	            s.sendto(b"x", ("10.77.1.2", 9))
	        except OSError:
	            pass
END
flood=$!
sleep 0.5
failed=0
for ((i = 0; i < rounds; i++)); do
	ask attach /run/netns/a "p$((i % 3 + 1))" replace || failed=$((failed + 1))
done
is "$rounds replacements under a flood" "$failed" 0
is "not one packet passed" "$(passed)" 0
for ((i = 0; i < rounds / 3; i++)); do
	sed -i "4s/.*/ tcp dport $((100 + i)) accept/" "$TMP/p1.nft"
	ask attach /run/netns/a p1 replace
	ask policy p1 "$TMP/p1.nft"
	ask attach /run/netns/a drop replace
done
is "nor while a policy was replaced, or gave way to a built-in" "$(passed)" 0
ask detach /run/netns/a
wait_ok "the control: without a fence they do" 5 eval '[ "$(passed)" -gt 0 ]'
kill "$flood"
finish
