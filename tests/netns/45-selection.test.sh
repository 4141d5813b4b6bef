#!/bin/bash
# Which section counts, on real namespaces: globs, exceptions, paths, several names,
# ties, links, processes, numbers, none, netns.d; births, claimed and not, and what
# was inherited; what people are told. `nsfence reload` answers when all is done.
. "$(dirname "$0")/lib.sh"
only_on 6.1 7.x
load
conf=$TMP/conf
mkdir -p "$conf/nsfence.conf.d" "$conf/netns.d" "$conf/policies"
export STATE_DIRECTORY=$TMP/state
keep_static_keys
docker=/run/docker/netns
cleanup_mounts() { umount "$docker"/* /run/netns/alias; rm -rf "$docker" /run/netns/{alias,link,file}; } 2>/dev/null

# What is fenced, and what status says, as of the last look; by inode, and by label.
declare -A FENCE BIRTH TOLD
look() {
	local ino policy source flags label state reason names
	FENCE=() BIRTH=() TOLD=()
	while IFS=$'\x1f' read -r ino policy source flags; do
		FENCE[$ino]="$policy ${source#nsfence.conf}"
		BIRTH[$ino]="$policy $source $flags"
	done < <(nsfence ls -j | jq -r '.[] |
		[.inode, .policy, .source, (.flags - ["born", "inherit"] | join(","))] | join("\u001f")')
	while IFS=$'\x1f' read -r label ino state reason names; do
		TOLD[$label.state]=$state TOLD[$ino.state]=$state
		TOLD[$label.reason]=$reason TOLD[$ino.reason]=$reason
		TOLD[$ino.names]=$names TOLD[$ino.label]=$label
	done < <(nsfence status -j | jq -r '.namespaces[] |
		[.netns, .inode, .state, .reason, .names] | join("\u001f")')
}
configure() { # LINE...: in force when it returns, and looked at
	printf '%s\n' "$@" >"$conf/nsfence.conf"
	reload
}
reload() {
	nsfence reload >"$TMP/reload" 2>&1
	# 1 is also the answer where sections are in conflict.
	[ $? -le 1 ] && ! grep -q 'is not loaded' "$TMP/reload" ||
		not_ok "reload" "$(cat "$TMP/reload" "$conf/nsfence.conf")"
	look
}
waited() { # DESCRIPTION WHO
	run_ok "$1" nsfence wait "${@:2}" --timeout 20
	look
}
# Of a name, or an inode's number, or a path: its policy, and the line that says so.
number() { if [[ $1 = [0-9]* ]]; then echo "$1"; elif [[ $1 = /* ]]; then stat -c %i "$1"; else inode_of "$1"; fi; }
has() { echo "${FENCE[$(number "$1")]:-none}"; }
birth_of() { echo "${BIRTH[$(number "$1")]:-none}"; }
# Of a label, or an inode's number: one field of its status.
told() { echo "${TOLD[$1.$2]:-}"; }
told_of() { told "$(number "$1")" "$2"; }
fences() { count attachments; }
ns_of() { stat -L -c %i "/proc/$1/ns/net"; }
has_is() { look; [ "$(has "$1")" = "$2" ]; }

for ns in web-1 web-2 web-1-test db u; do ip netns add $ns; done
printf '[netns nobody]\npolicy = drop\n' >"$conf/nsfence.conf"
daemon_start "$conf"
wait_until 30 nsfence status || bail "nsfenced answers" "$(cat "$TMP/nsfenced.log")"

# --- globs --------------------------------------------------------------------------
configure '[netns *]' 'policy = audit' 'except = db*, keeper' \
	'[netns web-*]' 'policy = drop' \
	'[netns web-*-test]' 'policy = reject' \
	'[netns web-1]' 'policy = accept'
is "globs: of three that match the one with the most literal characters" "$(has web-1-test)" "reject :7"
is "globs: of two" "$(has web-2)" "drop :5"
is "globs: a name beats them all" "$(has web-1)" "accept :9"
is "globs: the widest has the rest" "$(has u)" "audit :2"
is "globs: but not what it excepts" "$(has db)" none
ip netns add web-7-test
waited "globs: a name that comes" web-7-test
is "globs: gets its own" "$(has web-7-test)" "reject :7"
mkdir /run/netns/sub 2>/dev/null
touch /run/netns/.hid && mount --bind /run/netns/db /run/netns/.hid
reload
is "globs: * does not match a dot" "$(has db)" "none"
umount /run/netns/.hid
rm -r /run/netns/.hid /run/netns/sub
ip netns del web-7-test
configure '[netns web-*]' 'policy = drop' 'except = web-1-*, web-2' '[netns web-1*]' 'policy = audit' 'except = web-1'
is "except: the next best has it" "$(has web-1) $(has web-1-test)" "drop :2 audit :5"
is "except: or nobody" "$(has web-2)" none

# --- ties ---------------------------------------------------------------------------
: >"$TMP/nsfenced.log"
printf '[netns web-[0-9]*]\npolicy = reject\n' >"$conf/nsfence.conf.d/10-x.conf"
configure '[netns web-*]' 'policy = drop' 'except = web-1-test'
is "tie: what comes first is applied" "$(has web-2)" "drop :2"
is "tie: it is a conflict" "$(told web-2 state)" conflict
like "tie: status names both lines" "$(told web-2 reason)" 'nsfence.conf:2 and nsfence.conf.d/10-x.conf:2'
wait_ok "tie: the log names both lines, and whom they claim" 10 grep -Eq \
	"nsfence.conf:2 and nsfence.conf.d/10-x.conf:2 claim web-2 \(inode $(inode_of web-2)\)" "$TMP/nsfenced.log"
nsfence status >/dev/null
is "tie: status ends with 1" $? 1
is "tie: what only one claims has its fence" "$(has web-1-test) $(told web-1-test state)" "reject .d/10-x.conf:2 enforcing"
run_fails "tie: wait does not wait for a wonder" 1 'as specific' nsfence wait web-2 --timeout 20
printf '[netns web-[0-9]*]\npolicy = drop\n' >"$conf/nsfence.conf.d/10-x.conf"
reload
is "tie: is none" "$(has web-2) $(told web-2 state)" "drop :2 enforcing"
run_ok "tie: and status ends with 0" nsfence status
rm "$conf/nsfence.conf.d/10-x.conf"

# --- several names --------------------------------------------------------------------
touch /run/netns/alias
mount --bind /run/netns/web-2 /run/netns/alias
configure '[netns web-*]' 'policy = drop' '[netns al*]' 'policy = audit' '[netns alias]' 'policy = accept'
is "two names: the exact one decides" "$(has web-2)" "accept :6"
is "two names: one fence each, three namespaces" "$(fences)" 3
is "two names: both are told" "$(told_of web-2 names)" "alias, web-2"
configure '[netns al*]' 'policy = audit' '[netns web-*]' 'policy = drop'
is "two names: of two globs the longer, whatever the name" "$(has alias)" "drop :4"
: >"$TMP/nsfenced.log"
configure '[netns alias]' 'policy = audit' '[netns web-2]' 'policy = drop'
is "two names: a tie of their sections" "$(has web-2) $(told_of web-2 state)" "audit :2 conflict"
like "two names: the reason" "$(told_of web-2 reason)" 'nsfence.conf:2 and nsfence.conf:4'
wait_ok "two names: the log says that they are one" 10 grep -Eq 'web-2 .*nsfence.conf:4.* and alias .*nsfence.conf:2.* one namespace' "$TMP/nsfenced.log"
umount /run/netns/alias
rm /run/netns/alias
wait_ok "two names: one is gone, the other's section decides" 20 has_is web-2 "drop :4"
waited "two names: that is all" web-2

# --- paths, links -----------------------------------------------------------------------
mkdir -p "$docker"
docker_add() { # NAME: as docker would, without a name in /run/netns
	ip netns add docker-tmp
	touch "$docker/$1"
	mount --bind /run/netns/docker-tmp "$docker/$1"
	ip netns del docker-tmp
}
docker_add 4f2a
touch "$docker/default"
mount --bind /proc/1/ns/net "$docker/default"
c=$(stat -c %i "$docker/4f2a")
configure "[path $docker/*]" 'policy = reject' "except = $docker/x*" '[netns *]' 'policy = audit' 'except = keeper'
is "path: what is mounted there" "$(has "$c")" "reject :2"
is "path: and called by it" "$(nsfence ls -j | jq -r --argjson i "$c" '.[] | select(.inode == $i) | .paths[]')" "$docker/4f2a"
is "path: status too" "$(told_of "$c" label) $(told_of "$c" state)" "$docker/4f2a enforcing"
is "path: a glob passes the initial namespace over" \
	"$(told "$docker/default" state) $(nsfence ls -j | jq '[.[] | select(.flags | index("initial"))] | length')" "exempt 0"
docker_add 77
docker_add x1
waited "path: one that comes" --path "$docker/77"
is "path: has its fence" "$(has "$docker/77")" "reject :2"
is "path: what is excepted has none" "$(has "$docker/x1")" none
touch /run/netns/db4f && mount --bind "$docker/4f2a" /run/netns/db4f
reload
is "path: the section with more literal characters still" "$(has "$c")" "reject :2"
is "path: both are told, the name first" "$(told_of "$c" names)" "db4f, $docker/4f2a"
umount /run/netns/db4f
rm /run/netns/db4f
configure "[path /run/netns/db]" 'policy = drop' "[path /var/run/docker/netns/77]" 'policy = audit' \
	"[path /run/docker/netns/none]" 'policy = drop' '[path /run/docker/netns/default]' 'policy = drop'
is "path: of a name is the name's" "$(has db)" "drop :2"
is "path: /var/run is /run" "$(has "$docker/77")" "audit :4"
is "path: that is not there" "$(told "$docker/none" state)" pending
is "path: to the initial namespace: refused" "$(told "$docker/default" state)" failed
like "path: and says why" "$(told "$docker/default" reason)" 'initial network namespace'
ln -s /run/netns/u /run/netns/link
touch /run/netns/file
configure '[netns link]' 'policy = drop' '[netns file]' 'policy = drop' "[path $docker/link]" 'policy = drop'
ln -s "$docker/4f2a" "$docker/link"
reload
is "links: are not followed" "$(has u) $(has "$c")" "none none"
is "links: but said to be there" "$(told link state) $(told "$docker/link" state)" "pending pending"
like "links: as such" "$(told link reason)$(told "$docker/link" reason)" 'symbolic link.*symbolic link'
like "links: a file is none" "$(told file state) $(told file reason)" '^pending .*no namespace is mounted'
rm /run/netns/link /run/netns/file "$docker/link"
umount "$docker"/*
rm -r "$docker"

# --- processes, numbers -------------------------------------------------------------------
start_ready lonely unshare -n bash -c 'echo up; exec sleep 600'
lonely=$READY_PID
lone=$(ns_of "$lonely")
configure "[pid $lonely]" 'policy = drop' "[inode $(inode_of u)]" 'policy = audit' '[pid 4000000]' 'policy = drop' '[inode 4294967295]' 'policy = drop'
is "pid: the process's namespace" "$(has "$lone")" "drop :2"
is "inode: the namespace with this number" "$(has u)" "audit :4"
is "pid: that is nobody's has ended" "$(told 'process 4000000' state)" ended
is "inode: that is nobody's has ended" "$(told 'inode 4294967295' state)" ended
like "pid: ls has a name for it" "$(nsfence ls)" "sleep\[$lonely\] +$lone +drop"
configure "[pid $lonely]" 'policy = drop' '[netns u]' 'policy = audit' "[inode $(inode_of u)]" 'policy = audit'
is "inode: a name besides, the same wish" "$(has u) $(told_of u state)" "audit :4 audit"
configure '[netns u*]' 'policy = audit' "[inode $(inode_of u)]" 'policy = drop' "[pid $lonely]" 'policy = audit' "[inode $lone]" 'policy = audit'
is "inode: beats a glob" "$(has u)" "drop :4"
is "pid: changed" "$(has "$lone")" "audit :6"
configure '[netns nobody]' 'policy = drop'
is "inode: the section is gone" "$(has u)" none

# --- none, netns.d ------------------------------------------------------------------------
printf 'table inet x {\n\tchain i { type filter hook input priority 0; policy drop; }\n}\n' |
	tee "$conf/netns.d/web-2.nft" >"$conf/policies/quar.nft"
configure '[netns web-*]' 'policy = drop' '[netns web-1]' 'policy = none' '[netns web-1-test]' 'policy = none' '[netns gone]' 'policy = none'
is "none: no fence" "$(has web-1) $(told web-1 state)" "none exempt"
is "none: where there was one" "$(has web-1-test)" none
is "netns.d: beats the glob" "$(has web-2)" "netns:web-2 netns.d/web-2.nft"
run_ok "none: a fence by hand" nsfence attach web-1 accept
look
reload
is "none: stays" "$(has web-1) $(told web-1 state)" "accept manual manual"
run_ok "none: apply" nsfence apply
look
is "none: takes it off" "$(has web-1) $(told web-1 state)" "none exempt"
run_ok "none: what is not there is no failure" nsfence status
rm "$conf/netns.d/web-2.nft"

# --- by hand -------------------------------------------------------------------------------
configure '[netns nobody]' 'policy = drop'
run_ok "by hand: a fence" nsfence attach u accept
look
configure '[netns *]' 'policy = drop' 'except = keeper'
is "by hand: left alone" "$(has u) $(told u state)" "accept manual manual"
is "by hand: the others are not" "$(has db)" "drop :2"
nsfence plan >"$TMP/plan"
is "by hand: plan: a difference" $? 5
like "by hand: plan says which" "$(cat "$TMP/plan")" '^! take over +u '
run_ok "by hand: apply" nsfence apply
look
is "by hand: takes it over" "$(has u) $(told u state)" "drop :2 enforcing"
configure '[netns nobody]' 'policy = drop'

# --- births -----------------------------------------------------------------------------------
configure '[nsfenced]' 'birth = drop' '[netns web-*]' 'policy = reject' '[netns free-*]' 'policy = none'
like "birth: status" "$(nsfence status)" $'(^|\n)birth +drop'
ip netns add q
look
is "birth: a fence from its first moment" "$(birth_of q)" "drop birth birth"
ip netns add web-8
waited "birth: claimed" web-8
is "birth: a section's fence takes its place" "$(birth_of web-8)" "reject nsfence.conf:4 "
ip netns add free-1
waited "birth: claimed by none" free-1
is "birth: let go" "$(has free-1) $(told free-1 state)" "none exempt"
reload
is "birth: who is nobody's stays" "$(birth_of q)" "drop birth birth"
like "birth: status tells of it" "$(told_of q state) $(told_of q reason)" '^enforcing .*born with it'
is "birth: what was there before has nothing of it" "$(has u)" none
in_ns q ip netns add q2
look
is "birth: a child inherits it" "$(birth_of q2)" "drop birth inherited"
configure '[nsfenced]' 'birth = quar' '[netns q2]' 'policy = audit'
is "birth: another policy, for who has it" "$(birth_of q)" "quar birth birth"
is "birth: a child that is claimed" "$(birth_of q2)" "audit nsfence.conf:4 "
configure '[nsfenced]' 'birth = quar'
is "birth: its section is gone, and so is its fence" "$(birth_of q2)" none
in_ns q ip netns add q3
configure '[nsfenced]' 'birth = none' '[netns nobody]' 'policy = drop'
is "birth: none lets go" "$(birth_of q)" none
is "birth: also children" "$(birth_of q3)" none
ip netns add q4
look
is "birth: and new ones are free" "$(birth_of q4)" none
run_ok "birth: nothing is left to do" nsfence plan
ip netns del q4
netns_del q q2 q3 web-8 free-1

# --- inherited ----------------------------------------------------------------------------------
configure '[netns u]' 'policy = drop' '[netns own]' 'policy = audit'
in_ns u ip netns add kid
in_ns kid ip netns add kidskid
in_ns u ip netns add own
look
is "inherited: a copy" "$(birth_of kid)" "drop nsfence.conf:2 inherited"
waited "inherited: claimed" own
is "inherited: has its own section's" "$(birth_of own)" "audit nsfence.conf:4 "
like "inherited: status says from whom" "$(told_of kid reason)" 'inherited from u'
like "inherited: ls too" "$(nsfence ls)" 'kid .*\(child of u\)'
configure '[netns u]' 'policy = reject' 'strict = yes' '[netns own]' 'policy = audit'
is "inherited: follows its parent" "$(birth_of kid)" "reject nsfence.conf:2 strict,inherited"
is "inherited: so do its own" "$(birth_of kidskid)" "reject nsfence.conf:2 strict,inherited"
is "inherited: not who is claimed" "$(birth_of own)" "audit nsfence.conf:4 "
configure '[netns u]' 'policy = drop' '[netns kid]' 'policy = none'
is "inherited: let go by its own section" "$(birth_of kid)" none
is "inherited: which also decides for its own" "$(birth_of kidskid)" none
ip netns del kid
ip netns del kidskid
in_ns u ip netns add kid
configure '[netns u]' 'policy = drop' 'inherit = no'
is "inherited: a parent that does not hand on" "$(birth_of kid)" none
configure '[netns u]' 'policy = drop'
is "inherited: is not made up for" "$(birth_of kid)" none
ip netns del kid
in_ns u ip netns add kid
u=$(inode_of u)
ip netns del u
wait_ok "inherited: the parent dies" 60 dead "$u"
reload
is "inherited: the child's stays" "$(birth_of kid)" "drop nsfence.conf:2 inherited,orphan"
configure '[netns kid]' 'policy = none'
is "inherited: until a section says otherwise" "$(birth_of kid)" none
ip netns del kid

# --- what people are told -------------------------------------------------------------------------
configure '[nsfenced]' 'birth = drop' '[netns db]' 'policy = drop'
start_ready monitor stdbuf -oL nsfence monitor -j -v
monitor=$READY_PID
start_ready lonely2 unshare -n bash -c 'echo up; exec sleep 600'
pid=$READY_PID
ino=$(ns_of "$pid")
reload
is "names: ls: nobody's namespace by its oldest process" \
	"$(nsfence ls -j | jq -r --argjson i "$ino" '.[] | select(.inode == $i) | .label')" "sleep[$pid]"
like "names: status too" "$(nsfence status | grep " $ino ")" "^sleep\[$pid\] +$ino +enforcing"
nsfence detach --pid "$pid" 2>/dev/null
wait_ok "names: monitor too" 20 grep -q "sleep\[$pid\]" "$TMP/monitor.out"
nsfence detach db
wait_ok "names: monitor: a name" 20 eval "jq -e 'select(.event == \"attached\" and .label == \"db\")' '$TMP/monitor.out' | grep -q ."
stop_job "$monitor"
daemon_stop TERM
cleanup_mounts
finish
