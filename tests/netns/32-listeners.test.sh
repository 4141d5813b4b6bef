#!/bin/bash
# Who hears what: link events stay in their namespace, and the family's
# multicast reaches no listener of another one.
. "$(dirname "$0")/lib.sh"
topology --no-echo
load
ids=$(rawgenl ids)
group=${ids##*group=} group=${group%% *}

# Something happens: fences come and go, namespaces too, links elsewhere.
commotion() {
	local i
	for i in 1 2 3; do
		nsfence attach b drop >/dev/null
		nsfence attach r reject >/dev/null
		ip netns add "n$i"
		nsfence attach "n$i" drop >/dev/null
		ip -n "n$i" link add other type veth peer name rehto
		nsfence attach b audit --replace >/dev/null
		nsfence detach b >/dev/null
		nsfence detach r >/dev/null
		ip netns del "n$i"
	done
	ip -n b link add other type veth peer name rehto
}

heard() { sed 1d "$TMP/$1.out" | grep -v '^end$'; }

start_ready link-a nlisten -n a link
start_ready link-init nlisten link
start_ready genl-init nlisten genl "$group"
start_ready genl-u nlisten -n u genl "$group"
start_ready genl-a nlisten -n a genl "$group"
start_ready genl-none unshare -n nlisten genl "$group"
start_ready genl-userns unshare -Urn nlisten -a genl "$group"
nobroadcast="setpriv --bounding-set=-net_broadcast,-sys_admin --inh-caps=-net_broadcast,-sys_admin"
# It must be in the namespace before it loses the right to enter one.
# shellcheck disable=SC2086
start_ready genl-nobroadcast nsenter --net=/run/netns/u $nobroadcast nlisten -a genl "$group"
# A link between u and the initial namespace gives both ids for each other,
# which LISTEN_ALL_NSID asks for.
ip link add uplink type veth peer name down netns u
touch /run/netns/initial
mount --bind /proc/1/ns/net /run/netns/initial
ip -n u netns set initial 7
start_ready genl-all nlisten -n u -a genl "$group"
start_ready link-all nlisten -n u -a link

commotion
wait_ok "control: the initial namespace heard the module" 30 eval '[ "$(heard genl-init | grep -c "^genl ")" -ge 20 ]'
ip -n a link add mine type veth peer name enim
wait_ok "control: a heard of its own link" 30 grep -q "link NEWLINK mine" "$TMP/link-a.out"
wait_ok "control: the initial namespace heard of its own" 30 grep -q "uplink" "$TMP/link-init.out"
# What was sent before a's own event has arrived by now: one queue, in order.
is "a heard of no other link" "$(heard link-a | grep -vE " (mine|enim)$")" ""
is "the initial namespace heard of no other link" "$(heard link-init | grep -vE ' (uplink|control|lortnoc)$')" ""

silent() { # DESCRIPTION JOB
	local first
	first=$(head -n 1 "$TMP/$2.out")
	case $first in
	refused*) ok "$1: may not even join (${first#refused })" ;;
	*) is "$1: joined by number, and hears nothing" "$(heard "$2" | grep '^genl')" "" ;;
	esac
}
silent "root in u" genl-u
silent "root in a" genl-a
silent "root in a namespace of his own" genl-none
silent "root of a user namespace, asking for all namespaces" genl-userns
silent "root in u without CAP_NET_BROADCAST, asking for all namespaces" genl-nobroadcast
# All capabilities in the initial user namespace, an id for the initial namespace,
# NETLINK_LISTEN_ALL_NSID: the kernel lets such a socket hear other namespaces.
ip link add control type veth peer name lortnoc
wait_ok "control: such a socket in u hears links of the initial namespace" 30 grep -q "NEWLINK control" "$TMP/link-all.out"
if grep -qw __ksymtab_netlink_broadcast_filtered /proc/kallsyms; then
	silent "root in u with every capability, asking for all namespaces" genl-all
else
	skip "root in u with every capability, asking for all namespaces" \
		"this kernel has no filtered broadcast: he heard $(heard genl-all | grep -c '^genl') messages"
fi

finish
