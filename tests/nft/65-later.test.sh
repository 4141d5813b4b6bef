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
is_shut() { ! pings "10.77.$1.2"; }
are_shut() { is_shut 1 && is_shut 2; }
are_open() { pings 10.77.1.2 && pings 10.77.2.2; }
# What root inside does while nobody looks.
no_rules() { # NAME
	in_ns "$1" nft "flush table inet nsfence; $(in_ns "$1" nft list table inet nsfence |
		sed -n 's/.*chain \([a-z]*\) .*/chain inet nsfence \1 { policy accept; };/p')"
}

cat >"$TMP/web.nft" <<-END
	table inet web { chain input { type filter hook input priority filter; policy drop; }; }
END
new a 1
new b 2
backend -s
ask policy web "$TMP/web.nft"
ask_ok "a fence" attach /run/netns/a drop
ask_ok "another, of a policy of our own" attach /run/netns/b web
run_ok "they drop" are_shut
killed
run_ok "root inside takes the rules away" no_rules a
run_ok "in both" no_rules b
run_ok "and they are reached" are_open

backend -s
ask_ok "the next one starts" policies
most 0
run_fails "there are no more namespaces" "No space" unshare --net true
ask_ok "it looks for fences" dump
like "finds one" "$out" "^$(inode a) drop |"$'\n'"$(inode a) drop "
like "and the other" "$out" "^$(inode b) web |"$'\n'"$(inode b) web "
ask_fails "whose policy cannot be had yet" "No space" policy web "$TMP/web.nft"
doubts() { grep -c "cannot be compared yet" "$TMP/err"; }
is "it cannot tell whether the one is right" "$(doubts)" 1
begin run 13000
most 1000
wait_ok "when it can: it is put right" 12 is_shut 1
answer
like "which is logged" "$(<"$TMP/err")" "put right: it was not as it should be"
is "the doubt was logged once" "$(doubts)" 1
run_ok "the other is not, until then" pings 10.77.2.2
ask_ok "when its policy comes" policy web "$TMP/web.nft"
run_ok "so is the other" is_shut 2
finish
