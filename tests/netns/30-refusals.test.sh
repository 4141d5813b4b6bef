#!/bin/bash
# Who may not: unprivileged callers, callers in namespaces, root of a container
# with and without a user namespace. Neither command nor group, whatever the tool.
. "$(dirname "$0")/lib.sh"
topology
load
run_ok "the fence that nobody may touch" nsfence attach a drop
target=$(inode_of a) free=$(inode_of b)
fence a
instance=${F[instance]}
ids=$(rawgenl ids)
family=${ids#family=} family=${family%% *} packets=${ids##*packets=}
group=${ids##*group=} group=${group%% *}
commands="version-get netns-get netns-dump attach detach policy-set policy-get policy-dump policy-del rule-dump birth-set birth-get detach-all"

intact() { # DESCRIPTION
	fence a
	is "$1: the fence stands as it was, and no other" "${F[policy]:-} ${F[instance]:-} $(count attachments)" "drop $instance 1"
}

# All commands, sent by the family's raw number, must be refused with ERRNO.
refused() { # DESCRIPTION ERRNO-REGEX COMMAND-PREFIX...
	local desc=$1 errno=$2 cmd got rest ino n
	shift 2
	for ino in "$target" "$free"; do
		n=0
		while read -r cmd got rest; do
			[[ " $commands " == *" $cmd "* ]] && n=$((n + 1))
			like "$desc: $cmd is refused ($([ "$ino" = "$target" ] && echo fenced || echo free))" "$got" "^($errno)$"
		done < <("$@" rawgenl try -f "$family" "$ino" 2>&1)
		[ $n = 13 ] || not_ok "$desc: all commands were tried"
	done
	intact "$desc"
}

# Positive control: the same tool, by root in the initial namespace.
out=$(rawgenl try "$free")
for cmd in version-get netns-get netns-dump attach detach birth-set birth-get; do
	like "root here: $cmd" "$(grep "^$cmd " <<<"$out")" "^$cmd ok"
done
like "root here: policy-set is judged by what it brings" "$(grep "^policy-set " <<<"$out")" "^policy-set EINVAL image"
like "root here: policy-dump" "$(grep "^policy-dump " <<<"$out")" "^policy-dump ok"
for cmd in policy-get policy-del rule-dump; do
	like "root here: $cmd" "$(grep "^$cmd " <<<"$out")" "^$cmd ENOENT no policy"
done
like "root here: detach-all" "$(grep "^detach-all " <<<"$out")" "^detach-all ok"
run_ok "the fence again" nsfence attach a drop
fence a
instance=${F[instance]}
start_ready listener nlisten -t 2000 genl
is "root here: may listen" "$(head -n1 "$TMP/listener.out")" ready
stop_job "$READY_PID"

nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
# shellcheck disable=SC2086
{
refused "nobody" EPERM $nobody
is "nobody: may not listen" "$($nobody nlisten -t 100 genl "$group")" "refused EPERM"
is "nobody: nor to packets" "$($nobody nlisten -t 100 genl "$packets")" "refused EPERM"
}
# shellcheck disable=SC2086
out=$($nobody nsfence ls 2>&1)
is "nobody: nsfence ls fails" "$?" 1
like "nobody: and says what is needed" "$out" "CAP_NET_ADMIN"

refused "root without CAP_NET_ADMIN" EPERM setpriv --bounding-set=-net_admin --inh-caps=-net_admin
is "root without CAP_NET_ADMIN: may not listen" \
	"$(setpriv --bounding-set=-net_admin --inh-caps=-net_admin nlisten -t 100 genl "$group")" "refused EPERM"

# In another namespace with every capability: the container without a user namespace.
refused "root in u" "ENOENT|EPERM" nsenter --net=/run/netns/u
is "root in u: the family is not there" "$(in_ns u rawgenl ids)" "none ENOENT"
refused "root in a, which is fenced" "ENOENT|EPERM" nsenter --net=/run/netns/a
run_fails "root in a: nsfence detach --all" 3 . nsenter --net=/run/netns/a nsfence detach --all
run_fails "root in a: nsfence ls" 3 . nsenter --net=/run/netns/a nsfence ls
intact "root in a"
refused "root in a namespace of his own" "ENOENT|EPERM" unshare -n
refused "nobody in u" "ENOENT|EPERM" nsenter --net=/run/netns/u -- setpriv --reuid 65534 --regid 65534 --clear-groups

# User namespaces: all capabilities, but not here.
if unshare -U true 2>/dev/null; then
	refused "root of a user namespace, in the initial network" EPERM unshare -Ur
	is "root of a user namespace: may not listen" "$(unshare -Ur nlisten -t 100 genl "$group")" "refused EPERM"
	is "root of a user namespace: nor to packets" "$(unshare -Ur nlisten -t 100 genl "$packets")" "refused EPERM"
	refused "root of a user namespace, in a network of his own" "ENOENT|EPERM" unshare -Urn
	refused "nobody, root of his user namespace" EPERM setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Ur
	refused "nobody, with a network of his own" "ENOENT|EPERM" setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn
else
	skip "root of a user namespace" "this kernel lets nobody make one"
fi

# What root in the fenced namespace can do to netfilter does nothing to the fence.
in_ns a nft flush ruleset
in_ns a nft 'add table inet t; add chain inet t i { type filter hook input priority -2147483648; policy accept; }; add chain inet t o { type filter hook output priority 2147483647; policy accept; }; add rule inet t i accept; add rule inet t o accept'
is "root in a: has his own rules at the outermost priorities" "$?" 0
traffic "root in a: is fenced all the same, in" r $A4 $A6 ETIMEDOUT
traffic "and out" a $RA4 $RA6 EPERM ETIMEDOUT EPERM EPERM ETIMEDOUT EPERM
in_ns a nft flush ruleset
traffic "root in a: flushed, still fenced" r $A4 $A6 ETIMEDOUT
run_fails "root in a: cannot unload it" 1 "in use" nsenter --net=/run/netns/a rmmod nsfence
intact "root in a"

finish
