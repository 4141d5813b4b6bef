#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fence of a daemon before is found while rulesets cannot be compiled, for there can be
# no more namespaces: it is put right as soon as they can. In a user namespace, whose
# limits are ours.
if [ -z "${NSF_OWN_USER:-}" ]; then
	own=(unshare --user --map-root-user --net --mount --propagation private)
	if ! "${own[@]}" sh -c 'echo 1000 >/proc/sys/user/max_net_namespaces' 2>/dev/null; then
		echo "ok 1 - a fence is judged later # SKIP no user namespace with limits of its own"
		echo "1..1"
		exit 0
	fi
	NSF_OWN_USER=1 exec "${own[@]}" bash -c \
		'mount -t tmpfs nsf-run /run && mkdir /run/netns && ip link set lo up && exec bash "$0"' "$0"
fi
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

most() { echo "$1" >/proc/sys/user/max_net_namespaces; }
is_shut() { ! pings 10.77.1.2; }

new a 1
backend -s
ask_ok "a fence" attach /run/netns/a drop
run_ok "it drops" is_shut
killed
run_ok "nobody looks: root inside takes the rules away" \
	in_ns a nft "flush table inet nsfence; $(in_ns a nft list table inet nsfence |
		sed -n 's/.*chain \([a-z]*\) .*/chain inet nsfence \1 { policy accept; };/p')"
run_ok "and is reached" pings 10.77.1.2

backend -s
ask_ok "the next one starts" policies
most 0
run_fails "there are no more namespaces" "No space" unshare --net true
ask_ok "it looks for fences" dump
like "finds this one" "$out" "^$(inode a) drop "
like "and cannot tell whether it is right" "$(<"$TMP/err")" "cannot be compared yet"
begin run 13000
most 1000
wait_ok "when it can: it is put right" 12 is_shut
answer
like "which is logged" "$(<"$TMP/err")" "put right: it was not as it should be"
is "the doubt was logged once" "$(grep -c "cannot be compared yet" "$TMP/err")" 1
finish
