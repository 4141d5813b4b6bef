#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The built-in policies: what they let pass, and how they refuse the rest.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

new a 1
new b 2
in_ns a sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
backend

tcp() { # HOST: connects to a port where nobody listens
	timeout 3 bash -c "exec 3<>/dev/tcp/$1/9" 2>&1
}
tcp_in() { in_ns a timeout 3 bash -c "exec 3<>/dev/tcp/$1/9" 2>&1; }
flush_neighbours() { ip -6 neigh flush dev v-a; in_ns a ip -6 neigh flush dev eth0; }

ask_ok "drop, input alone" attach /run/netns/a drop input
run_fails "input is dropped" "100% packet loss" pings 10.77.1.2
flush_neighbours
ping -c 1 -W 1 fd77:1::2 >/dev/null
like "neighbour discovery is answered all the same" "$(ip -6 neigh show fd77:1::2)" "lladdr"
run_fails "IPv6 is dropped" "100% packet loss" ping -c 1 -W 1 fd77:1::2
like "and forward is fenced with it" "$(table a)" "chain forward"

ask_ok "drop everywhere" attach /run/netns/a drop replace
in_ns a ping -c 1 -W 1 fd77:1::1 >/dev/null 2>&1
# It asks whether somebody else has that address.
in_ns a ip addr add fd77:1::77/64 dev eth0
asked() { ask show /run/netns/a && [[ $out =~ output\ exempt\ [1-9] ]]; }
wait_ok "neighbour discovery goes out, too" 5 asked
like "what is none does not" "$out" "output drop [1-9]"
run_ok "IPv6 on loopback" in_ns a ping -c 1 -W 1 ::1

# Another device that is called lo, and one that says that it is a loopback.
in_ns a ip link set lo down
in_ns a ip link set lo name was-lo
in_ns a ip link set eth0 down
in_ns a ip link set eth0 name lo
in_ns a ip link set lo up
in_ns a ip link set was-lo up
in_ns a ip route add default via 10.77.1.1 2>/dev/null
run_fails "a device that is called lo is no loopback" "100% packet loss" pings 10.77.1.2
in_ns a ip link set lo down
in_ns a ip link set lo name eth0
in_ns a ip link set was-lo name lo 2>/dev/null
in_ns a ip link set eth0 up
in_ns a ip link set lo up
in_ns a ip addr replace fd77:1::2/64 dev eth0 nodad
in_ns a ip route replace default via 10.77.1.1

# What output lets out for lo, and the namespace sends elsewhere.
in_ns a nft -f - <<-END
	table ip evil {
		chain out {
			type route hook output priority 2147483647;
			oif "lo" ip daddr 127.0.0.2 ip daddr set 10.77.1.1 meta mark set 1
		}
	}
END
in_ns a sysctl -qw net.ipv4.conf.all.route_localnet=1
in_ns a ping -c 2 -W 1 127.0.0.2 >/dev/null 2>&1
ask show /run/netns/a
like "what left as loopback and goes elsewhere is stopped in postrouting" "$out" \
	"postrouting drop [1-9]"
in_ns a nft delete table ip evil

ask_ok "strict" attach /run/netns/a drop strict replace
run_fails "fences loopback" "100% packet loss|not permitted" in_ns a ping -c 1 -W 1 127.0.0.1
unlike "nothing is exempt" "$(table a)" "exempt"

ask_ok "reject" attach /run/netns/a reject replace
like "a connection out is refused at once" "$(tcp_in 10.77.1.1)" "refused"
udp() {
	in_ns a python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.77.1.1", 9))
for i in range(3):
    s.send(b"x")
    time.sleep(0.1)' 2>&1
}
like "what is sent is refused, and not only lost" "$(udp)" "No route to host|refused|denied|not permitted"
ask show /run/netns/a
like "rejected packets are counted" "$out" "output reject [1-9]"

ask_ok "reject on input alone" attach /run/netns/a reject input,forward replace
like "a connection in is refused" "$(tcp 10.77.1.2)" "refused"

ask_ok "audit" attach /run/netns/a audit replace
run_ok "lets everything in" pings 10.77.1.2
ask show /run/netns/a
like "and counts it" "$out" "input audit [1-9]"
ask_ok "drop in mode audit" attach /run/netns/a drop audit replace
run_ok "drops nothing" pings 10.77.1.2

# Through a, from here to b's addresses: forward.
ip route add 10.99.0.0/24 via 10.77.1.2
in_ns a ip route add 10.99.0.0/24 via 10.77.1.1
ask_ok "a fence that gives forward up" attach /run/netns/a drop forward-accept replace
unlike "has no chain there" "$(table a)" "hook forward"
ask_ok "all others have one" attach /run/netns/a accept replace
like "even accept, that counts" "$(table a)" "hook forward"
ask_ok "drop, forwarding" attach /run/netns/a drop output replace
ping -c 1 -W 1 10.99.0.5 >/dev/null 2>&1
ask show /run/netns/a
like "what is forwarded is dropped" "$out" "forward drop [1-9]"
finish
