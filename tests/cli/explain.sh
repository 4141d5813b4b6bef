#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsfence explain: from a policy and a packet to a line. What a rule means is the
# business of tests/policy and tests/oracle; here it is the command's.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
top=$(realpath "$(dirname "$0")/../..")
NSFENCE=$(realpath "$(command -v "$NSFENCE")")
cd "$tmp" || exit 1

# The rule of DESIGN.md's example on its line.
cat >web.nft <<'END'
# a web server

define web = { 80, 443 }

table inet web {
	chain early {
		type filter hook input priority -10; policy accept;
		ip saddr 192.0.2.66 drop
		ip ttl 1 accept
		meta mark set 0x7
	}

	chain input {
		type filter hook input priority filter; policy drop;

		iifname "lo" accept
		ct state established,related accept
		tcp dport $web ct state new counter accept
		tcp dport 113 reject with tcp reset
		udp dport 53 limit rate 2/second burst 3 packets counter accept
		meta mark 0x7 tcp dport 7 accept
		ct direction reply udp dport 9 accept
		ct mark 0x5 udp dport 10 accept
		icmp type echo-request accept
		ip frag-off & 0x1fff != 0 accept
		tcp flags == syn tcp dport 1-6 accept
		meta pkttype multicast udp dport 11 accept
		jump more
	}

	chain more {
		ip6 dscp ef meta length 100 accept
	}

	chain output {
		type filter hook output priority filter; policy drop;
		oifname "eth*" accept
		meta mark 0x11 reject
	}
}
END

base=(explain --policy web.nft)

run "${base[@]}" -j --hook input --iif eth0 --ct new saddr=8.8.8.8 daddr=10.0.0.1 proto=tcp \
	sport=4000 dport=443 flags=syn
want_rc 0
want_no_err
[ "$out" = '{"verdict":"accept","policy":"web","rule":"tcp dport { 80, 443 } ct state new counter accept","file":"web.nft","line":18}' ] ||
	complain 'it is not the line of DESIGN.md'
is 'the example of DESIGN.md'

run "${base[@]}" --hook input --iif eth0 proto=tcp dport=443
want_rc 0
[ "$out" = 'accept web.nft:18: tcp dport { 80, 443 } ct state new counter accept' ] || complain 'another line'
is 'the same as text'

# answer WANTED ARGS...: WANTED is how the line begins.
answer() {
	local wanted=$1
	shift
	run "${base[@]}" "$@"
	want_rc 0
	want_no_err
	[ "${out:0:${#wanted}}" = "$wanted" ] || complain "\"$wanted\" was expected"
	[ "$(wc -l <out)" = 1 ] || complain 'not one line'
	is "$wanted: $*"
}

answer 'drop web.nft:13: policy drop' --hook input proto=tcp dport=8
answer 'drop web.nft:8: ' --hook input saddr=192.0.2.66 proto=tcp dport=80
answer 'drop web.nft:13: policy drop' --hook input ttl=1 proto=tcp dport=8
answer 'accept web.nft:16: ' --hook input --iif lo proto=tcp dport=8
answer 'accept web.nft:17: ' --hook input --ct established proto=tcp dport=8
answer 'accept web.nft:17: ' --hook input --ct related proto=tcp dport=8
answer 'drop web.nft:13: ' --hook input --ct invalid proto=tcp dport=80
answer 'drop web.nft:13: ' --hook input --ct untracked proto=tcp dport=80
answer 'reject web.nft:19: ' --hook input proto=tcp dport=113
answer 'accept web.nft:20: ' --hook input proto=udp dport=domain
answer 'accept web.nft:21: ' --hook input proto=tcp dport=7
answer 'drop web.nft:13: ' --hook input --mark 0x7 ttl=1 proto=tcp dport=8
answer 'accept web.nft:21: ' --hook input --mark 7 ttl=1 proto=tcp dport=7
answer 'accept web.nft:22: ' --hook input --ct-direction reply proto=udp dport=9
answer 'drop web.nft:13: ' --hook input --ct-direction original proto=udp dport=9
answer 'accept web.nft:23: ' --hook input --ct-mark 0x5 proto=udp dport=10
answer 'drop web.nft:13: ' --hook input --ct-mark 0x5 --ct invalid proto=udp dport=10
answer 'accept web.nft:24: ' --hook input proto=icmp
answer 'accept web.nft:24: ' --hook input type=echo-request
answer 'drop web.nft:13: ' --hook input proto=icmp type=3 code=port-unreachable
answer 'accept web.nft:25: ' --hook input proto=tcp dport=443 frag=185
answer 'accept web.nft:18: ' --hook input proto=tcp dport=443 frag=more
answer 'accept web.nft:26: ' --hook input dport=5 proto=tcp flags=syn
answer 'drop web.nft:13: ' --hook input dport=5 proto=tcp flags=syn,ack
answer 'drop web.nft:13: ' --hook input dport=5 proto=tcp
answer 'accept web.nft:27: ' --hook input daddr=224.0.0.5 proto=udp dport=11
answer 'drop web.nft:13: ' --hook input daddr=224.0.0.5 pkttype=host proto=udp dport=11
answer 'accept web.nft:32: ' --hook input saddr=fd00::1 dscp=ef length=100
answer 'drop web.nft:13: ' --hook input saddr=fd00::1 dscp=ef length=101
answer 'accept web.nft:37: ' --hook output --oif eth7 proto=udp
answer 'drop web.nft:35: policy drop' --hook output --oif wlan0 proto=udp
answer 'reject web.nft:38: ' --hook output --mark 17 proto=udp
answer 'accept (the policy has no chain' --hook prerouting proto=udp
answer 'accept (the policy has no chain' --hook postrouting proto=udp
answer 'drop (the policy has no forward chain' --hook forward --iif tun0 --oif eth0 proto=udp

run "${base[@]}" -j --hook forward proto=udp
[ "$out" = '{"verdict":"drop","policy":"web","rule":null,"file":null,"line":null}' ] || complain 'another object'
is 'no chain, as JSON'

run "${base[@]}" -j --hook input proto=tcp dport=8
[ "$out" = '{"verdict":"drop","policy":"web","rule":"policy drop","file":"web.nft","line":13}' ] || complain 'another object'
is 'a chain'\''s policy, as JSON'

run "${base[@]}" -v --hook input proto=tcp dport=80
want_rc 0
want_out '^accept web.nft:18: '
want_out '^  chain early priority -10: accept by web.nft:6: policy accept$'
want_out '^  chain input priority 0: accept by web.nft:18: '
is 'explain -v shows every chain'

run "${base[@]}" --hook output --iif eth0 --oif eth1 proto=udp
want_rc 0
want_out '^accept web.nft:37'
want_err '^nsfence: explain: --iif is ignored: packets in output have no such device$'
is 'a device that a hook has not got'

# ---- captures -----------------------------------------------------------------

# pcap FILE LINKTYPE [NSEC:HEX[:LENGTH]]...: nanoseconds, the frame, its true length.
pcap() {
	python3 - "$@" <<'END'
import struct, sys
out, link = open(sys.argv[1], "wb"), int(sys.argv[2])
out.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, link))
for p in sys.argv[3:]:
    ns, data, *length = p.split(":")
    ns, data = int(ns), bytes.fromhex(data)
    out.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(data),
                          int(length[0]) if length else len(data)))
    out.write(data)
END
}

mac=0200000000010200000000020800
vlan=02000000000102000000000281000005
syn=450000280001000040060000080808080a0000010fa001bb00000000000000005002200000000000
dns=4500001c0001000040110000080808080a0000011000003500080000
pcap eth.pcap 1 "0:${mac}${syn}" "0:${vlan}0800${syn}000000000000" \
	"0:ffffffffffff02000000000208060001080006040001" \
	"0:${mac}${dns}" "0:${mac}${dns}" "0:${mac}${dns}" "0:${mac}${dns}" "600000000:${mac}${dns}" \
	"700000000:${mac}${syn:0:40}:54" "700000000:${mac}${syn:0:24}:54" \
	"700000000:${mac}46${syn:2}" "700000000:${mac}55${syn:2}" "700000000:0102"

run "${base[@]}" --hook input --iif eth0 --pcap eth.pcap
want_rc 0
want_no_err
cat >wanted <<'END'
1 accept web.nft:18:
2 accept web.nft:18:
3 accept (not IP:
4 accept web.nft:20:
5 accept web.nft:20:
6 accept web.nft:20:
7 drop web.nft:13:
8 accept web.nft:20:
9 drop web.nft:13:
10 drop web.nft:13:
11 drop web.nft:13:
12 drop (no
13 accept (not IP:
END
cut -d' ' -f1-3 out | sed 's/ (not$/ (not IP:/' >got
diff wanted got >differs || { complain "other verdicts"; failed+=$(sed 's/^/# /' differs)$'\n'; }
grep -q '^10 .*(the capture holds less than its header)$' out || complain 'a packet cut in its header is noted'
grep -q '^12 drop (no valid IPv4 header: ' out || complain 'a broken header comes to no hook'
is 'a capture of Ethernet: VLAN, padding, ARP, a limit in the capture'\''s time, cut packets'

run "${base[@]}" -j --hook input --iif eth0 --pcap eth.pcap
want_rc 0
python3 - out <<'END' || complain 'the JSON has another form'
import json, sys
d = [json.loads(line) for line in open(sys.argv[1])]
assert len(d) == 13, len(d)
assert all(list(x)[:5] == ["verdict", "policy", "rule", "file", "line"] for x in d), d
assert d[0] == {"verdict": "accept", "policy": "web", "file": "web.nft", "line": 18,
                "rule": "tcp dport { 80, 443 } ct state new counter accept"}, d[0]
assert d[2]["rule"] is None and "not IP" in d[2]["note"], d[2]
assert d[11]["verdict"] == "drop" and d[11]["rule"] is None and "IPv4" in d[11]["note"], d[11]
assert [x["verdict"] for x in d[3:8]] == ["accept", "accept", "accept", "drop", "accept"], d
END
is 'a capture as JSON, an object a line'

run "${base[@]}" -v --hook input --iif eth0 --pcap eth.pcap
want_out '^counter: 2 packets, 80 bytes: web.nft:18: '
want_out '^counter: 4 packets, 112 bytes: web.nft:20: '
is 'explain -v --pcap counts'

run "${base[@]}" --verify --hook input --iif eth0 --pcap eth.pcap
want_rc 0
[ "$(grep -c '^[0-9]' <<<"$out")" = 13 ] || complain 'not 13 lines of packets'
want_out '^verified: '
is 'explain --verify says that the index is right'

run "${base[@]}" -j --verify --hook input --iif eth0 --pcap eth.pcap
want_rc 0
[ "$(grep -c '"verified":true}$' <<<"$out")" = 13 ] || complain 'not 13 packets verified'
is 'explain --verify as JSON'

pcap raw.pcap 101 "0:${syn}" "0:6000000000081140fd000000000000000000000000000001fd0000000000000000000000000000020001003500080000"
pcap sll.pcap 113 "0:00000001000602000000000100000800${syn}" "0:00030001000602000000000100000806aabb"
pcap sll2.pcap 276 "0:0800000000000003000100060200000000010000${syn}"
pcap null.pcap 0 "0:02000000${syn}"
for link in raw sll sll2 null; do
	run "${base[@]}" --hook input --iif eth0 --pcap "$link.pcap"
	want_rc 0
	want_out '^1 accept web.nft:18: '
	case $link in
	raw) want_out '^2 accept web.nft:20: ' ;;
	sll) want_out '^2 accept \(not IP' ;;
	esac
	is "a capture of link type $link"
done

"$NSFENCE" "${base[@]}" --hook input --iif eth0 --pcap - <raw.pcap >out 2>err
rc=$? out=$(cat out) err=$(cat err) ran='explain --pcap -'
want_rc 0
want_out '^1 accept web.nft:18: '
is 'a capture from standard input'

pcap none.pcap 1
run "${base[@]}" --hook input --pcap none.pcap
want_rc 0
want_no_out
is 'a capture without a packet'

head -c $((24 + 16 + 30)) eth.pcap >cut.pcap
run "${base[@]}" --hook input --pcap cut.pcap
want_rc 1
want_err '^nsfence: cut\.pcap: packet 1: '
is 'a capture file that ends too early'

run "${base[@]}" --hook input --pcap web.nft
want_rc 1
want_err '^nsfence: web\.nft: not a capture: '
is 'a file that is no capture'

run "${base[@]}" --hook input --pcap nosuch.pcap
want_rc 4
want_err '^nsfence: nosuch\.pcap: cannot open it: No such file'
is 'a capture that is not there'

pcap wlan.pcap 105 "0:00"
run "${base[@]}" --hook input --pcap wlan.pcap
want_rc 1
want_err 'link type 105 \(IEEE802_11\) is not known \(accepted: EN10MB'
is 'a link type that is not known'

# ---- what is wrong --------------------------------------------------------------

run explain --policy nosuch.nft --hook input proto=udp
want_rc 4
want_no_out
want_err 'nosuch\.nft'
is 'a policy that is not there'

printf 'table inet x {\n\tchain c {\n\t\tip saddr 10.0.0.300 drop\n\t}\n}\n' >bad.nft
run explain -j --policy bad.nft --hook input proto=udp
want_rc 1
want_no_out
want_err '^bad\.nft:3:12-21: Error: "10\.0\.0\.300"'
is 'a policy that is wrong'

# usage REGEX ARGS...
usage() {
	local regex=$1
	shift
	run "$@"
	want_rc 2
	want_no_out
	want_err "^nsfence: explain: $regex"
	want_err '\(see nsfence explain --help\)$'
	[ "$(wc -l <err)" = 1 ] || complain 'more than one line of errors'
	is "$*: $regex"
}

usage 'which policy\?' explain --hook input proto=udp
usage '--policy: "drop" is built in and has no rules' explain --policy drop --hook input ttl=1
usage 'which hook\?' explain --policy web.nft proto=udp
usage 'which packet\?' "${base[@]}" --hook input
usage '--pcap and KEY=VALUE exclude each other' "${base[@]}" --hook input --pcap eth.pcap ttl=1
usage '--hook: "ingress" is not a hook \(prerouting, input' "${base[@]}" --hook ingress ttl=1
usage '--ct: "New" is not a state \(new, established' "${base[@]}" --hook input --ct New ttl=1
usage '--ct: "new,established" is not a state' "${base[@]}" --hook input --ct new,established ttl=1
usage '--ct-direction: "back" is not' "${base[@]}" --hook input --ct-direction back ttl=1
usage '--mark: "-1" is not a mark' "${base[@]}" --hook input --mark -1 ttl=1
usage '--mark: "4294967296" is not a mark' "${base[@]}" --hook input --mark 4294967296 ttl=1
usage '--mark: "0x1ffffffff" is not a mark' "${base[@]}" --hook input --mark 0x1ffffffff ttl=1
usage '--mark: "0x" is not a mark' "${base[@]}" --hook input --mark 0x ttl=1
usage '--ct-mark: "" is not a mark' "${base[@]}" --hook input --ct-mark '' ttl=1
usage '--iif: "" is not a device' "${base[@]}" --hook input --iif '' ttl=1
usage '--iif: "abcdefghijklmnop" is not a device' "${base[@]}" --hook input --iif abcdefghijklmnop ttl=1
usage '--oif: "a/b" is not a device' "${base[@]}" --hook output --oif a/b ttl=1
usage 'option --policy needs a value' explain --policy
usage '"now" is not KEY=VALUE' "${base[@]}" --hook input now
usage 'unknown key "source" in "source=1"' "${base[@]}" --hook input source=1
usage 'dport=65536: not a port' "${base[@]}" --hook input proto=tcp dport=65536
usage 'flags=sin: not a list of fin, syn' "${base[@]}" --hook input flags=sin
usage 'daddr=::1: saddr and daddr must be of one family' "${base[@]}" --hook input saddr=1.1.1.1 daddr=::1
usage 'ttl=300: not 0 to 255' explain --policy nosuch.nft --hook input ttl=300
# What the README and nsfence(8) show is what comes of the web.nft that is installed.
shows() { # ANSWER ARGUMENTS...
	local answer=$1
	shift
	run "$@"
	want_rc 0
	want_no_err
	[ "$out" = "$answer" ] || complain "this was promised: $answer"
}

cp "$top/conf/policies/web.nft" .
# shellcheck disable=SC2046 # words
{
	shows "$(sed -n '/^    \$ nsfence explain .*=/{n;s/^ *//p}' "$top/README.md")" \
		$(sed -n 's/^    \$ nsfence \(explain .*=.*\)/\1/p' "$top/README.md")
	is 'the answer in the README'
	shows "$(sed -n '/^    \$ nsfence explain .*=/{n;s/^ *//p}' "$top/README.md")" \
		$(sed -n 's/^# *nsfence \(explain .*=.*\)/\1/p' web.nft)
	is 'the answer to what web.nft itself proposes'
	shows "$(sed -n '/^\$ nsfence explain /,/^\.fi/{/^accept/p}' "$top/daemon/man/nsfence.8")" \
		$(sed 's/\\-/-/g' "$top/daemon/man/nsfence.8" |
			sed -n '/^\$ nsfence explain /,/^accept/{s/^\$ nsfence//;/^accept/d;s/\\e$//;p}')
	is 'the answer in nsfence(8)'
}
finish
