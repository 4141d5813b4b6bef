#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every example of nsfence-policy(5), and every policy of conf/policies: nsfence
# accepts it, and so does nft, where namespaces may be made. What they do is
# asked of explain: the manual's word against the compiler's.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
top=$(realpath "$(dirname "$0")/../..")
manual=$top/daemon/man/nsfence-policy.5

# Each example into a file of its own, KIND-LINE.nft; rules get a chain around them.
awk -v dir="$tmp" '
	/^\.\\" check: / { kind = $3; next }
	/^\.nf$/ && kind {
		file = dir "/" kind "-" NR ".nft"
		if (kind != "file")
			print "table inet example {" >file
		if (kind == "rules")
			print "chain forward {\ntype filter hook forward priority 0; policy drop;" >file
		on = 1
		next
	}
	/^\.fi$/ && on {
		if (kind == "rules")
			print "}" >file
		if (kind != "file")
			print "}" >file
		close(file)
		on = 0
		kind = ""
	}
	on {
		sub(/^\\&/, "")
		gsub(/\\-/, "-")
		gsub(/\\\(aq/, "\047")
		gsub(/\\\(ha/, "^")
		gsub(/\\\(ti/, "~")
		gsub(/\\e/, "\\")
		print >file
	}' "$manual"

marks=$(grep -c '^\.\\" check: ' "$manual")
files=$(find "$tmp" -name '*-*.nft' | wc -l)
ran='(examples of the manual)' rc=0 out='' err=''
[ "$marks" -ge 8 ] && [ "$marks" = "$files" ] || complain "$marks examples are marked, $files were found"
is "nsfence-policy(5) has $marks examples"

oracle=
unshare -rn nft --version >/dev/null 2>&1 && oracle=yes

# accepted WHAT FILE
accepted() {
	run check "$2"
	want_rc 0
	want_out ': valid: [1-9][0-9]* records'
	grep -q 'Error:' <<<"$err" && complain 'there is an error'
	is "check accepts $1"
	if [ -n "$oracle" ]; then
		ran="nft -c -f $2" rc=0 out=''
		err=$(unshare -rn nft -c -f "$2" 2>&1) || { rc=$?; complain 'nft refuses it'; }
		is "nft accepts $1"
	else
		skip "nft accepts $1" 'no namespace can be made here'
	fi
}

for file in "$tmp"/*-*.nft; do
	name=$(basename "$file" .nft)
	accepted "the example at line ${name#*-} of nsfence-policy(5)" "$file"
done

# Line by line: which of the rules it is that fails.
for file in "$tmp"/rules-*.nft; do
	name=$(basename "$file" .nft)

	while IFS= read -r rule; do
		printf 'table inet one {\nchain forward {\ntype filter hook forward priority 0; policy drop;\n%s\n}\n}\n' \
			"$rule" >"$tmp/one.nft"
		run check "$tmp/one.nft"
		[ "$rc" = 0 ] || complain "alone: $rule"
	done < <(sed '1,3d' "$file" | sed '$d' | sed '$d')
	is "each rule of the example at line ${name#*-} stands alone"
done

for file in "$top"/conf/policies/*.nft; do
	accepted "conf/policies/$(basename "$file")" "$file"
	head -n 1 "$file" | grep -q '^# [a-z]' || complain 'it begins without a word on what it is for'
	[ "$(grep -c '#' "$file")" -ge 5 ] || complain 'it is not explained'
	is "conf/policies/$(basename "$file") is explained"
done

# What the manual says is not supported: refused, and named, at its place.
# refused WHAT PLACE FILE
refused() {
	run check "$3"
	want_rc 1
	want_no_out
	want_err "^[^ ]*/one\.nft:$2: Error: .*$1"
	is "refused and named: $1${4:+ ($4)}"
}

while IFS='|' read -r named rule; do
	printf 'table inet one {\nset s {\ntype ipv4_addr\n}\nchain input {\ntype filter hook input priority 0; policy drop;\n%s\n}\n}\n' \
		"$rule" >"$tmp/one.nft"
	refused "$named" '7:[0-9]+-[0-9]+' "$tmp/one.nft" "$rule"
done <<'END'
queue|queue num 1
dup|dup to 10.0.0.1
fwd|fwd to lo
dnat|dnat to 10.0.0.1
snat|snat to 10.0.0.1
masquerade|masquerade
redirect|redirect
tproxy|tproxy to :80
synproxy|synproxy mss 1460
notrack|notrack
quota|quota 10 mbytes
meter|meter m { ip saddr limit rate 5/second }
add|add @s { ip saddr }
update|update @s { ip saddr }
fib|fib saddr type local accept
rt|rt classid 1
socket|socket transparent 1
osf|osf name "Linux"
numgen|numgen random mod 2 == 0
jhash|jhash ip saddr mod 2 == 0
raw payload|@th,0,16 80
ether saddr|ether saddr 00:11:22:33:44:55
vlan id|vlan id 5
tcp window|tcp window 5
options of the tcp header|tcp option maxseg size 5
udp length|udp length 8
ip id|ip id 5
ip version|ip version 4
ip6 flowlabel|ip6 flowlabel 1
icmp id|icmp id 5
icmpv6 mtu|icmpv6 mtu 1280
exthdr hbh|exthdr hbh exists
frag frag-off|frag frag-off 5
ah spi|ah spi 5
meta skuid|meta skuid 0
meta time|meta time "2020-01-01"
ct status|ct status assured
ct helper|ct helper "ftp"
ct zone|ct zone 1
group|log group 1
snaplen|log snaplen 10
flags of log|log flags all
queue-threshold|log queue-threshold 5
localhost|ip saddr localhost
eth0|iif "eth0"
timeout|tcp dport { 80 timeout 5s }
named counters|counter name "x"
named limits|limit name "x"
END

while IFS='|' read -r named place text; do
	printf '%b' "$text" >"$tmp/one.nft"
	refused "$named" "$place" "$tmp/one.nft"
done <<'END'
flush|1:[0-9]+-[0-9]+|flush ruleset\ntable inet t {\nchain c {\ntype filter hook input priority 0\n}\n}\n
add|1:[0-9]+-[0-9]+|add table inet t\ntable inet t {\nchain c {\ntype filter hook input priority 0\n}\n}\n
delete|2:[0-9]+-[0-9]+|table inet t\ndelete table inet t\ntable inet t {\nchain c {\ntype filter hook input priority 0\n}\n}\n
second table|6:[0-9]+-[0-9]+|table inet t {\nchain c {\ntype filter hook input priority 0\n}\n}\ntable ip u {\n}\n
bridge|1:[0-9]+-[0-9]+|table bridge t {\nchain c {\ntype filter hook input priority 0\n}\n}\n
arp|1:[0-9]+-[0-9]+|table arp t {\nchain c {\ntype filter hook input priority 0\n}\n}\n
netdev|1:[0-9]+-[0-9]+|table netdev t {\nchain c {\ntype filter hook ingress device lo priority 0\n}\n}\n
nat|3:[0-9]+-[0-9]+|table inet t {\nchain c {\ntype nat hook output priority 0\n}\n}\n
route|3:[0-9]+-[0-9]+|table inet t {\nchain c {\ntype route hook output priority 0\n}\n}\n
ingress|3:[0-9]+-[0-9]+|table inet t {\nchain c {\ntype filter hook ingress priority 0\n}\n}\n
egress|3:[0-9]+-[0-9]+|table inet t {\nchain c {\ntype filter hook egress priority 0\n}\n}\n
flowtable|2:[0-9]+-[0-9]+|table inet t {\nflowtable f {\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
named counter|2:[0-9]+-[0-9]+|table inet t {\ncounter x {\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
named limit|2:[0-9]+-[0-9]+|table inet t {\nlimit x {\nrate 1/second\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
named quota|2:[0-9]+-[0-9]+|table inet t {\nquota x {\nover 1 mbytes\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
ct helper|2:[0-9]+-[0-9]+|table inet t {\nct helper x {\ntype "ftp" protocol tcp;\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
verdict|3:[0-9]+-[0-9]+|table inet t {\nmap x {\ntype ipv4_addr : inet_service\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
dynamic|4:[0-9]+-[0-9]+|table inet t {\nset x {\ntype ipv4_addr\nflags dynamic\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
timeout|4:[0-9]+-[0-9]+|table inet t {\nset x {\ntype ipv4_addr\ntimeout 5s\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
size|4:[0-9]+-[0-9]+|table inet t {\nset x {\ntype ipv4_addr\nsize 5\n}\nchain c {\ntype filter hook input priority 0\n}\n}\n
leads back|7:[0-9]+-[0-9]+|table inet t {\nchain c {\ntype filter hook input priority 0\njump d\n}\nchain d {\njump d\n}\n}\n
END

# verdict WANTED POLICY ARGS...
verdict() {
	local wanted=$1 policy=$2
	shift 2
	run explain --policy "$top/conf/policies/$policy.nft" "$@"
	want_rc 0
	want_out "^$wanted "
	is "$policy: $wanted $*"
}

# The example of nsfence(8), to the letter.
cd "$top/conf/policies" || exit 1
NSFENCE=$(cd "$OLDPWD" && realpath "$(command -v "$NSFENCE")")
run explain --policy web.nft --hook input --iif eth0 saddr=203.0.113.9 proto=tcp dport=443 flags=syn
want_rc 0
grep -Fqx -- "$out" "$top/daemon/man/nsfence.8" || complain 'nsfence(8) has another line'
grep -Fqx '      saddr=203.0.113.9 proto=tcp dport=443 flags=syn' "$top/daemon/man/nsfence.8" ||
	complain 'nsfence(8) asks something else'
is 'the example of nsfence(8)'

verdict accept web --hook input --iif eth0 saddr=203.0.113.9 daddr=10.0.0.1 proto=tcp sport=4000 dport=443 flags=syn
verdict drop web --hook input --iif eth0 saddr=192.0.2.9 daddr=10.0.0.1 proto=tcp sport=4000 dport=443 flags=syn
verdict accept web --hook input --iif lo saddr=127.0.0.1 daddr=127.0.0.1 proto=tcp dport=9999
verdict drop web --hook input --iif eth0 saddr=203.0.113.9 daddr=10.0.0.1 proto=tcp dport=22 flags=syn
verdict accept web --hook input --iif eth0 saddr=10.0.0.7 daddr=10.0.0.1 proto=tcp dport=22 flags=syn
verdict accept web --hook input --iif eth0 saddr=fd00:10::7 daddr=fd00:10::1 proto=tcp dport=22 flags=syn
verdict drop web --hook input --iif eth0 --ct invalid saddr=203.0.113.9 proto=tcp dport=443 flags=ack
verdict accept web --hook input --iif eth0 saddr=fe80::1 daddr=ff02::1 proto=icmpv6 type=nd-neighbor-solicit ttl=255
verdict drop web --hook input --iif eth0 saddr=fe80::1 daddr=ff02::1 proto=icmpv6 type=nd-neighbor-solicit ttl=64
verdict accept web --hook output --oif eth0 daddr=10.0.1.5 proto=tcp dport=5432 flags=syn
verdict reject web --hook output --oif eth0 daddr=203.0.113.9 proto=tcp dport=443 flags=syn
verdict accept web --hook output --oif eth0 --ct established daddr=203.0.113.9 proto=tcp sport=443 flags=ack
verdict drop web --hook forward --iif tun0 --oif eth0 daddr=203.0.113.9 proto=tcp dport=443 flags=syn

verdict accept db --hook input --iif eth0 saddr=10.0.1.77 proto=tcp dport=5432 flags=syn
verdict drop db --hook input --iif eth0 saddr=10.0.1.77 proto=tcp dport=9187 flags=syn
verdict accept db --hook input --iif eth0 saddr=10.0.9.20 proto=tcp dport=9187 flags=syn
verdict accept db --hook input --iif eth0 --ct related saddr=10.7.7.7 proto=icmp type=destination-unreachable
verdict drop db --hook input --iif eth0 --ct invalid saddr=10.0.1.77 proto=tcp dport=5432 flags=ack
verdict reject db --hook output --oif eth0 daddr=10.0.1.77 proto=tcp dport=5432 flags=syn

verdict accept sandbox --hook output --oif eth0 daddr=10.200.0.53 proto=udp dport=53 length=60
verdict reject sandbox --hook output --oif eth0 daddr=10.200.0.53 proto=udp dport=53 length=600
verdict accept sandbox --hook output --oif eth0 daddr=10.200.0.80 proto=tcp dport=3128 flags=syn
verdict reject sandbox --hook output --oif eth0 daddr=10.200.0.81 proto=tcp dport=3128 flags=syn
verdict reject sandbox --hook output --oif eth0 daddr=2001:db8::9 proto=udp dport=53
verdict drop sandbox --hook input --iif eth0 saddr=10.200.0.80 proto=tcp dport=22 flags=syn
verdict drop sandbox --hook forward --iif tun0 --oif eth0 daddr=10.200.0.80 proto=tcp dport=3128 flags=syn

verdict accept build --hook output --oif eth0 daddr=203.0.113.9 proto=tcp dport=443 flags=syn
verdict reject build --hook output --oif eth0 daddr=169.254.169.254 proto=tcp dport=80 flags=syn
verdict reject build --hook output --oif eth0 daddr=10.9.9.9 proto=tcp dport=443 flags=syn
verdict accept build --hook output --oif eth0 daddr=10.0.7.10 proto=tcp dport=80 flags=syn
verdict reject build --hook output --oif eth0 daddr=10.0.7.10 proto=tcp dport=443 flags=syn
verdict reject build --hook output --oif eth0 daddr=fd00::9 proto=tcp dport=443 flags=syn
verdict accept build --hook output --oif eth0 daddr=2001:db8::9 proto=tcp dport=443 flags=syn
verdict drop build --hook input --iif eth0 saddr=10.0.7.10 proto=tcp dport=22 flags=syn

verdict drop deny-all --hook input --iif lo saddr=127.0.0.1 daddr=127.0.0.1 proto=tcp dport=80 flags=syn
verdict drop deny-all --hook output --oif eth0 --ct established proto=tcp dport=80 flags=ack
verdict drop deny-all --hook forward --iif eth0 --oif eth1 proto=udp dport=53
finish
