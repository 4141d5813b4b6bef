#!/bin/bash
# A policy changes under load, in many namespaces at once. Whatever both versions
# drop never passes, whatever both accept is never dropped, and after the answer
# only the new version is seen: with the same slots; with a hook more; with
# another priority; with two chains on one hook of which now one, now the other
# drops; and where the one of the new version takes away the mark by which that of
# the old one drops.
. "$(dirname "$0")/lib.sh"
others=200 flips=20 stream=1200
[ -z "${NSF_LONG:-}" ] || { flips=1000; stream=3600; }
[ -z "$DEBUG" ] || { others=20; flips=6; }
[ -z "$DEBUG" ] || [ -z "${NSF_LONG:-}" ] || flips=100
topology --no-echo
load
mkdir "$TMP/p"

# version NAME CHAIN...: each CHAIN is "HOOK PRIORITY RULE"
version() {
	local name=$1 chain hook prio rule n=0
	shift
	mkdir "$TMP/p/$name"
	{
		echo "table inet swap {"
		for chain; do
			read -r hook prio rule <<<"$chain"
			n=$((n + 1))
			printf '\tchain c%d {\n\t\ttype filter hook %s priority %s; policy accept;\n' $n "$hook" "$prio"
			printf '\t\t%s\n\t}\n' "$rule"
		done
		echo '	chain forw { type filter hook forward priority 0; policy accept; }'
		echo "}"
	} >"$TMP/p/$name/swap.nft"
}
# Port 9 is dropped by every version, somewhere; 10 by none; 11 by the odd ones.
both=9 none=10 one=11
version same-1 "input 0 udp dport { $both, $one } counter drop"
version same-2 "input 0 udp dport $both counter drop"
version hook-1 "input 0 udp dport { $both, $one } counter drop"
version hook-2 "prerouting -300 udp dport $both counter drop" "output 0 udp dport $both drop"
version prio-1 "input -10 udp dport { $both, $one } drop"
version prio-2 "input 10 udp dport $both drop"
version pair-1 "input -10 udp dport { $both, $one } drop" "input 10 udp dport 99 drop"
version pair-2 "input -10 udp dport 99 drop" "input 10 udp dport $both drop"
version mark-1 "input -10 udp dport $both meta mark set 7" "input 10 meta mark 7 drop"
version mark-2 "input -10 udp dport { $both, $one } drop" "input 10 meta mark set 0"

hold_many $others
mapfile -t inodes < <(nsfence ls --all -j | jq -r --argjson named "[$(inode_of a),$(inode_of b),$(inode_of r),$(inode_of u),$(inode_of keeper 2>/dev/null || echo 0)]" \
	'.[] | select((.flags | index("initial") | not) and (.inode as $i | $named | index($i) | not)) | .inode')
cmp_num "there are namespaces to spare" "${#inodes[@]}" -ge "$others"
run_ok "the policy" nsfence policy set "$TMP/p/same-2/swap.nft"
bad=
for i in "${inodes[@]}"; do nsfence attach --inode "$i" swap >/dev/null || bad="$bad $i"; done
is "they are fenced with it" "$bad" ""
run_ok "and a" nsfence attach a swap

# A stream to each port. Rules in a itself count what comes before any chain of
# ours and what passes after all of them.
# Between the chains at -10 and 10 a packet takes its time: there a change meets it.
slow=$(for ((i = 0; i < 1000; i++)); do echo "meta length 65535"; done)
in_ns a nft -f - <<-END || bail "a counts"
	table inet watch {
		chain before {
			type filter hook prerouting priority -500;
			udp dport $both counter; udp dport $none counter; udp dport $one counter
		}
		chain between {
			type filter hook input priority 0;
			$slow
		}
		chain after {
			type filter hook input priority 500;
			udp dport $both counter; udp dport $none counter; udp dport $one counter
		}
	}
END
watch() { # before|after PORT: packets
	in_ns a nft list chain inet watch "$1" | sed -n "s/.*udp dport $2 counter packets \\([0-9]*\\).*/\\1/p"
}
pids=()
for port in $both $none $one; do
	nice -n 10 udpflood send -n r -t ${stream}000 $A4 $port >"$TMP/send$port.out" &
	pids+=($!)
	JOBS+=($!)
done
rx() { in_ns a awk '$1 == "vr:" { print $3 }' /proc/net/dev; }
arrived() { [ "$(rx)" -gt "$1" ]; }
more() { wait_until 60 arrived $(($(rx) + $1)); }
more 300 || bail "the streams run"

for kind in same hook prio pair mark; do
	[ -p "$TMP/go-$kind" ] || mkfifo "$TMP/go-$kind"
	exec {go}<>"$TMP/go-$kind"
	rawpolicy flip swap $flips "$TMP/p/$kind-1/swap.nft" "$TMP/p/$kind-2/swap.nft" <"$TMP/go-$kind" >"$TMP/flip-$kind.out" 2>&1 &
	pid=$!
	wait_until 30 grep -q ready "$TMP/flip-$kind.out" || bail "rawpolicy is ready" "$(cat "$TMP/flip-$kind.out")"
	before=$(rx)
	echo >&"$go"
	wait $pid
	exec {go}>&-
	is "$kind: $((2 * flips)) changes" "$(grep -o 'flips=.*' "$TMP/flip-$kind.out")" "flips=$((2 * flips))"
	cmp_num "$kind: the streams went on" "$(($(rx) - before))" -ge 50
	is "$kind: all the fences have it" "$(nsfence policy ls -j | jq '.[] | select(.policy == "swap") | .attachments')" $((others + 1))
done

# After the answer only the new one: pair-1 drops port 11, pair-2 does not.
slipped=0 stuck=0
for ((i = 0; i < 6; i++)); do
	nsfence policy set "$TMP/p/pair-$((i % 2 + 1))/swap.nft" >/dev/null || bail "set"
	before=$(watch after $one)
	more 200
	got=$(($(watch after $one) - before))
	if [ $((i % 2)) = 0 ]; then slipped=$((slipped + got)); elif [ "$got" = 0 ]; then stuck=$((stuck + 1)); fi
done
is "after the answer: the old version is not seen any more" "$slipped $stuck" "0 0"

for pid in "${pids[@]}"; do stop_job "$pid"; done
cmp_num "control: packets came to port $both" "$(watch before $both)" -ge 100
is "what both versions drop never passed" "$(watch after $both)" 0
is "what both accept was never dropped" "$(watch after $none)" "$(watch before $none)"
cmp_num "what only one drops passed at times" "$(watch after $one)" -gt 0
cmp_num "and was dropped at times" "$(watch after $one)" -lt "$(watch before $one)"
nsfence detach --all >/dev/null
run_ok "the policy is deleted" nsfence policy del swap
let_go
finish
