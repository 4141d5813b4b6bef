#!/bin/bash
# A namespace is born with its fence, or not at all: inherited from its parent, or by
# the policy of births. Each sends a packet as soon as it is there; what comes out of
# its TUN device has passed. Who is whose parent. What the deadman does.
. "$(dirname "$0")/lib.sh"
only_on 5.10 7.x debug
modprobe tun
chmod 666 /dev/net/tun	# as udev does
[ ! -e /proc/sys/kernel/unprivileged_userns_clone ] || echo 1 >/proc/sys/kernel/unprivileged_userns_clone

# hold: seconds of the deadman's; what has to be done meanwhile must fit.
many=200 few=10 hold=4
[ -z "$DEBUG" ] || many=15 few=3 hold=20
[ -z "${NSF_LONG:-}" ] || many=10000

all_passed() { echo "born=$1 blocked=0 passed=$1 refused=0 failed=0"; }
all_blocked() { echo "born=$1 blocked=$1 passed=0 refused=0 failed=0"; }

# The line of NAME in `births ls`, without its inode and instance.
of() { births ls | sed -nE "s/^$(inode_of "$1") (.*) instance=.*/\1/p"; }
instance_of() { births ls | sed -nE "s/^$(inode_of "$1") .* instance=//p"; }
# birth KEY: one value of birth-get.
birth() {
	local all
	all=" $(births get) "
	all=${all#* "$1"=}
	echo "${all%% *}"
}
fence_of() { births attach "/run/netns/$1" "$2" "$3"; }

keep_static_keys
netns_add p
load
p=$(inode_of p)
init=$(stat -L -c %i /proc/1/ns/net)

# --- the control: what is born without a fence sends --------------------------------------
is "control: born of a namespace without a fence, all pass" "$(births send -n p $few)" "$(all_passed $few)"
is "control: so do those of a user namespace's root" "$(births send -n p -u $few)" "$(all_passed $few)"
is "control: nothing was born with a fence" "$(birth births) $(birth policy) $(birth decided)" "0 none 0"
is "a fence that does not inherit" "$(fence_of p drop manual)" ok
is "it does not: all pass" "$(births send -n p $few)" "$(all_passed $few)"
is "they are born without" "$(birth births)" 0

# --- inherited -----------------------------------------------------------------------------
is "a fence that inherits" "$(fence_of p drop manual,inherit,replace)" ok
is "unshare: of $many, not one first packet passes" "$(births send -n p $many)" "$(all_blocked $many)"
is "unshare with a user namespace: of $many, not one" "$(births send -n p -u $many)" "$(all_blocked $many)"
is "clone: of $few, not one" "$(births send -n p -w clone $few)" "$(all_blocked $few)"
is "clone3: of $few, not one" "$(births send -n p -w clone3 $few)" "$(all_blocked $few)"
is "clone3 with a user namespace: of $few, not one" "$(births send -n p -u -w clone3 $few)" "$(all_blocked $few)"
is "four at a time: of $((4 * few)), not one" "$(births send -n p -j 4 $((4 * few)))" "$(all_blocked $((4 * few)))"
is "counted: as many births" "$(birth births)" "$((2 * many + 7 * few))"
is "none was refused" "$(birth refused)" 0
is "born of the host: they pass" "$(births send $few)" "$(all_passed $few)"

in_ns p ip netns add c
in_ns c ip netns add g
is "a child: same policy, source and flags, and inherited" "$(of c)" \
	"parent=$p flags=manual,inherit,born,inherited policy=drop source="
is "a grandchild too" "$(of g)" "parent=$(inode_of c) flags=manual,inherit,born,inherited policy=drop source="
unlike "its fence is one of its own" "$(instance_of c)" "^$(instance_of p)$"
if have_nft_hooks; then is "as many hooks as the parent's" "$(nft_hooks g)" "$(nft_hooks p)"; fi
is "taken off the parent" "$(nsfence detach p >/dev/null && of p)" "parent=0 flags= policy=- source=-"
like "the child keeps its own" "$(of c)" "policy=drop"
is "and hands it on" "$(births send -n c $few)" "$(all_blocked $few)"
is "what is born of the parent passes" "$(births send -n p $few)" "$(all_passed $few)"
is "replaced as what it is: it stays so" "$(fence_of c reject inherit,inherited,replace >/dev/null && of c)" \
	"parent=$p flags=inherit,born,inherited policy=reject source="
is "inherited, and birth" "$(fence_of c drop inherited,birth,replace)" "EINVAL both flags inherited and birth: say one of them"
is "replaced by hand: inherited no more" "$(fence_of c audit replace >/dev/null && of c)" \
	"parent=$p flags=born policy=audit source="
is "and does not inherit" "$(births send -n c $few)" "$(all_passed $few)"

# --- parents ----------------------------------------------------------------------------------
in_ns g ip netns add h
in_ns c ip netns add s
g=$(inode_of g) c=$(inode_of c)
like "parent: the namespace of the task that made it" "$(of h)" "^parent=$g "
netns_del g
wait_ok "g is dead" 60 dead "$g"
like "its child is its parent's now, and an orphan" "$(of h)" "^parent=$c flags=.*,orphan "
unlike "its sibling is none" "$(of s)" orphan
netns_del c
wait_ok "c is dead" 60 dead "$c"
is "both are p's now" "$(births ls | grep -c " parent=$p ")" 2
netns_del p
wait_ok "p is dead" 60 dead "$p"
like "its parent is not known, as it was there before us" "$(of h) $(of s)" "^parent=0 .*parent=0 "
netns_del h s
netns_add q
like "born of the host: the initial namespace is its parent" "$(of q)" "^parent=$init "
q=$(inode_of q)
in_ns q ip netns add r
netns_del q
wait_ok "q is dead" 60 dead "$q"
like "its child is the initial namespace's" "$(of r)" "^parent=$init "
netns_del r
nsfence detach --all >/dev/null

# --- the policy of births ------------------------------------------------------------------------
is "birth-set" "$(births set drop)" ok
like "it is told" "$(births get)" "^policy=drop mode=0 hooks=0xe flags= decided=1 wait=0 release=0 "
is "born of the host: of $few, not one passes" "$(births send $few)" "$(all_blocked $few)"
is "born with a user namespace: of $few, not one" "$(births send -u $few)" "$(all_blocked $few)"
netns_add q
is "such a fence: birth, and it inherits" "$(of q)" "parent=$init flags=inherit,born,birth policy=drop source=birth"
in_ns q ip netns add r
is "born of it: inherited" "$(of r)" "parent=$(inode_of q) flags=inherit,born,inherited policy=drop source=birth"
is "a fence that does not inherit gives way to it" "$(fence_of q accept replace >/dev/null && births send -n q $few)" "$(all_blocked $few)"
is "one that inherits does not" "$(fence_of q accept inherit,replace >/dev/null && births send -n q $few)" "$(all_passed $few)"
run_fails "birth alone: the module does not unload" 1 "in use" unload
is "strict, audit, output alone" "$(births set drop strict 1 8)" ok
like "it is told so" "$(births get)" "^policy=drop mode=1 hooks=0x8 flags=strict "
netns_add w
like "and done so" "$(nsfence ls -j | jq -c --argjson i "$(inode_of w)" '.[] | select(.inode == $i) | [.mode, .hooks, (.flags | index("strict") != null)]')" \
	'\["audit",\["output"\],true\]'
is "none: births are free again" "$(births set none >/dev/null && births send $few)" "$(all_passed $few)"
like "those that were born before keep theirs" "$(of r)" "policy=drop"
nsfence detach --all >/dev/null
run_ok "none, and no fence: it unloads" unloads
netns_del q r w
load

# --- a policy of a file ---------------------------------------------------------------------------
mkdir "$TMP/p"
policy() { # TABLE'S CONTENT
	printf 'table inet x {\n%s\n}\n' "$1" >"$TMP/p/quar.nft"
	nsfence policy set "$TMP/p/quar.nft"
}
run_ok "a policy with conntrack, counters, limits" policy \
	'chain o { type filter hook output priority 0; policy drop; ct state established counter accept; limit rate 1/second tcp dport 7 accept; }'
is "birth-set of no policy" "$(births set nosuch)" "ENOENT no such policy (built in are: accept, drop, reject, audit)"
is "nothing is changed by it" "$(birth policy) $(birth decided)" "none 0"
is "birth-set" "$(births set quar)" ok
is "born with it: of $few, not one passes" "$(births send $few)" "$(all_blocked $few)"
is "strict is not for it" "$(births set quar strict)" "EINVAL flag strict is a built-in policy's; this one says itself what passes"
no_fence() { [ "$(count attachments)" = 0 ]; }
wait_ok "those that were born are gone" 60 no_fence
run_fails "it cannot be deleted" 1 "born with this policy" nsfence policy del quar
netns_add q
like "the fence" "$(of q)" "flags=inherit,born,birth policy=quar"
run_ok "a new version" policy 'chain o { type filter hook output priority 0; policy accept; counter; }'
is "births follow it" "$(births send $few)" "$(all_passed $few)"
in_ns q ip netns add r
run_ok "one more" policy 'chain o { type filter hook output priority 0; policy drop; counter; }
	chain p { type filter hook postrouting priority 5; policy drop; }'
is "so do fences that were inherited" "$(births send -n r $few)" "$(all_blocked $few)"
if have_nft_hooks; then is "all have the same hooks" "$(nft_hooks r)" "$(nft_hooks q)"; fi
q_and_r() { [ "$(count attachments)" = 2 ]; }
wait_ok "those that were born in r are gone" 60 q_and_r
is "detach --all" "$(nsfence detach --all -j | jq .count)" 2
is "sets births to none, too" "$(birth policy) $(birth decided)" "none 1"
run_ok "and the policy can be deleted" nsfence policy del quar
netns_del q r

# --- refusals ---------------------------------------------------------------------------------------
while IFS='|' read -r what answer; do
	is "refused: $what" "$(births raw "$what")" "$answer"
done <<'END'
nothing|EINVAL attribute policy is missing
none-with-mode|EINVAL policy none has no mode, hooks or flags
none-with-flags|EINVAL policy none has no mode, hooks or flags
none-with-hooks|EINVAL policy none has no mode, hooks or flags
mode|EINVAL mode must be enforce or audit
hooks|EINVAL hooks must be some of prerouting, input, forward, output, postrouting
no-hooks|EINVAL hooks must be some of prerouting, input, forward, output, postrouting
END
for what in inode long get-with-policy; do like "refused: $what" "$(births raw $what)" '^(EINVAL|ERANGE) .'; done
is "refused: manual" "$(births set drop manual)" "EINVAL a flag that this command does not take"
is "refused: reject on prerouting" "$(births set reject "" 0 1)" \
	"EINVAL policy reject works on hooks input, forward and output only"
is "refused: forward, and forward-accept" "$(births set drop forward-accept)" \
	"EINVAL both hook forward and flag forward-accept: say one of them"
is "after all of them" "$(birth policy)" none
cp "$TMP/p/quar.nft" "$TMP/p/none.nft"
run_fails "a policy cannot be called none" 1 "none" nsfence policy set "$TMP/p/none.nft"

# --- events -------------------------------------------------------------------------------------------
start_ready monitor stdbuf -oL nsfence monitor -j -v
monitor=$READY_PID
births set drop >/dev/null
netns_add q
q=$(inode_of q)
netns_del q
wait_ok "events: died" 30 eval "jq -e 'select(.event == \"died\" and .inode == $q)' '$TMP/monitor.out' | grep -q ."
is "events: born without a fence, attached, died with it" \
	"$(jq -r --argjson i "$q" 'select(.inode == $i) | .event + " " + (.policy // "-")' "$TMP/monitor.out" | paste -sd, -)" \
	"born -,attached drop,died drop"
stop_job "$monitor"
births set none >/dev/null
unloads

# --- the initial namespace -----------------------------------------------------------------------------
load allow_init_net=1
is "inherit is not for the initial namespace" "$(births attach /proc/1/ns/net audit inherit)" \
	"EINVAL the initial namespace neither inherits nor is born: what is born of it is birth-set's"
is "without it, it can be fenced" "$(births attach /proc/1/ns/net audit manual)" ok
is "and nothing is born with a fence" "$(births send $few)" "$(all_passed $few)"
nsfence detach --all >/dev/null
unloads

# --- parameters, and the deadman ----------------------------------------------------------------------
log_mark
run_ok "birth=drop" modprobe nsfence birth=drop birth_wait=600
like "it waits for a decision" "$(births get)" '^policy=drop .* decided=0 wait=(600|59[0-9]|5[0-9][0-9]) release=0 '
is "from the load on, of $few not one passes" "$(births send $few)" "$(all_blocked $few)"
run_fails "it holds the module" 1 "in use" unload
is "a decision" "$(births set none)" ok
like "ends the waiting" "$(births get)" '^policy=none .* decided=1 wait=0 '
run_ok "and lets the module go" unloads

held() { # the deadman's line, once it is there
	log_since "$MARK" | grep -E "nsfence: birth=.*nobody has decided"
}

log_mark
run_ok "birth_wait=$hold" modprobe nsfence birth=drop birth_wait=$hold
netns_add q
in_ns q ip netns add r
wait_ok "the deadman says who is held" 30 held
like "how many, and what to do" "$(held)" "birth=drop: nobody has decided within $hold seconds.*: 2 namespaces are held.*nsfence birth none"
like "they stay so" "$(of q) $(of r)" "policy=drop.*policy=drop"
like "and so does birth" "$(births get)" '^policy=drop .* decided=0 wait=0 release=0 '
is "a decision afterwards" "$(births set none)" ok
nsfence detach --all >/dev/null
netns_del q r
unloads

log_mark
run_ok "birth_release=1" modprobe nsfence birth=drop birth_wait=$hold birth_release=1
netns_add q
in_ns q ip netns add r
netns_add w
fence_of w drop manual,replace >/dev/null
like "release is told" "$(births get)" ' wait=[1-9][0-9]* release=1 '
wait_ok "the deadman says who is let go" 30 held
like "how many" "$(held)" "birth=drop: nobody has decided within $hold seconds.*: birth is none now, 2 namespaces are let go"
is "they are: those of birth, and what they were the parents of" "$(of q) $(of r)" \
	"parent=$init flags=born policy=- source=- parent=$(inode_of q) flags=born policy=- source=-"
like "a fence that somebody put up stays" "$(of w)" "flags=manual,born policy=drop"
is "and births are free" "$(births send $few) $(birth decided)" "$(all_passed $few) 0"
nsfence detach --all >/dev/null
netns_del q r w
run_ok "it unloads" unloads

log_mark
run_ok "a decision in time" modprobe nsfence birth=drop birth_wait=$hold birth_release=1
is "for another policy" "$(births set reject)" ok
netns_add q
sleep $((hold + 1))
is "no deadman comes" "$(held)" ""
like "and nobody is let go" "$(of q)" "policy=reject"
nsfence detach --all >/dev/null
netns_del q
unloads

run_ok "birth_wait=0" modprobe nsfence birth=audit birth_wait=0
like "there is no deadman" "$(births get)" '^policy=audit .* decided=0 wait=0 '
is "audit lets pass" "$(births send $few)" "$(all_passed $few)"
is "detach --all is a decision" "$(nsfence detach --all >/dev/null; birth policy)" none
unloads

refused() { # REGEX PARAMETER...
	local log=$1
	shift
	log_mark
	run_fails "refused: $*" 1 "Invalid argument" modprobe nsfence "$@"
	like "refused: $*: the log says why" "$(log_since "$MARK" | grep nsfence:)" "$log"
	loaded && not_ok "refused: $*: not loaded" && unload
}
refused 'birth=web: must be none, drop, reject, accept or audit' birth=web
refused 'birth=: must be none' birth=
refused 'birth_wait=604801: at most 604800' birth=drop birth_wait=604801
refused 'birth_release=1, birth_wait=0' birth=drop birth_wait=0 birth_release=1
refused 'birth_wait' birth=drop birth_wait=soon
log_mark
run_fails "a load that fails later" 1 "No such device" modprobe nsfence birth=drop inode=4242
is "leaves no fence and no deadman" "$(loaded || held)" ""
load
finish
