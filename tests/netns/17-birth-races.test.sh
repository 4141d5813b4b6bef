#!/bin/bash
# Births in the midst of changes: of the policy that they inherit, of the parent's fence,
# of what births are set to, of everything. Whatever is changed, all that is in force at
# any time drops the packet; so none passes.
. "$(dirname "$0")/lib.sh"
only_on 6.12 debug
modprobe tun
chmod 666 /dev/net/tun
seconds=6
[ -z "$DEBUG" ] || seconds=8
[ -z "${NSF_LONG:-}" ] || seconds=80
keep_static_keys
netns_add p x
load
mkdir "$TMP/p"

# births_while DESCRIPTION SEND-OPTIONS...: none passes; at least some are born.
none_passes() {
	local desc=$1 out born
	shift
	out=$(births send -s $seconds -j 3 "$@")
	like "$desc: none passes, none is refused" "$out" "^born=([0-9]+) blocked=([0-9]+) passed=0 refused=0 failed=0$"
	born=${out#born=}
	cmp_num "$desc: there were births" "${born%% *}" -ge 5
	is "$desc: all were blocked" "$(sed -E 's/.*blocked=([0-9]+).*/\1/' <<<"$out")" "${born%% *}"
}

background() { # COMMAND...: until `halt`
	rm -f "$TMP/halt"
	(while [ ! -e "$TMP/halt" ]; do "$@" >/dev/null 2>>"$TMP/bg.err" || echo "$*" >>"$TMP/bg.err"; done) &
	BG=$!
	JOBS+=("$BG")
}
halt() {
	: >"$TMP/halt"
	wait "$BG"
	is "$1: what was changed meanwhile" "$(head -n 3 "$TMP/bg.err")" ""
	: >"$TMP/bg.err"
}
: >"$TMP/bg.err"

# --- a policy, from one version to the next -------------------------------------------------
cat >"$TMP/one.nft" <<-'END'
	table inet x {
		chain o { type filter hook output priority 0; policy drop; counter; }
	}
END
{
	echo 'table inet x { chain o { type filter hook output priority 0; policy drop; ct state invalid counter drop'
	for ((i = 1; i <= 300; i++)); do echo "tcp dport $i counter limit rate $i/second drop"; done
	cat <<-'END'
		}
		chain q { type filter hook postrouting priority 7; policy drop; counter; }
		chain f { type filter hook forward priority 7; policy drop; counter; }
		}
	END
} >"$TMP/two.nft"
versions() {
	cp "$TMP/$1.nft" "$TMP/p/pol.nft" && nsfence policy set "$TMP/p/pol.nft" 2>"$TMP/set.err" ||
		{ cat "$TMP/set.err" >&2; return 1; }
}
run_ok "the policy" versions one
is "p's fence inherits it" "$(births attach /run/netns/p pol inherit)" ok
both() { versions two && versions one; }
background both
none_passes "a policy changes" -n p
none_passes "a policy changes, births nested" -n p -u
halt "a policy changes"
generation=$(nsfence policy ls -j | jq '.[0].generation')
cmp_num "it changed many times" "$generation" -ge 6

# --- the fence of the parent ------------------------------------------------------------------
fences() {
	births attach /run/netns/p drop inherit,replace &&
		births attach /run/netns/p pol inherit,replace &&
		births attach /run/netns/p pol inherit,replace,manual &&
		births attach /run/netns/p reject inherit,replace
}
none_passes_rejected() { # reject answers by an error of its own, which is no EPERM
	local desc=$1 out
	shift
	out=$(births send -s $seconds -j 3 "$@")
	like "$desc: none passes, none is refused" "$out" "^born=[0-9]+ blocked=[0-9]+ passed=0 refused=0 failed=0$"
}
background fences
none_passes_rejected "the parent's fence is replaced" -n p
halt "the parent's fence is replaced"

# --- between inheritance and births: one of both holds -------------------------------------------
is "births: drop" "$(births set drop)" ok
onoff() {
	births attach /run/netns/p pol inherit,replace && nsfence detach p &&
		births attach /run/netns/p accept "" && births attach /run/netns/p drop inherit,replace
}
background onoff
none_passes "fences come and go" -n p
halt "fences come and go"

# --- births are set, and everything is taken off ---------------------------------------------------
policies() { births set drop && births set pol && births set drop strict; }
background policies
none_passes "births are set anew" -n x
halt "births are set anew"

everything() {
	births attach /run/netns/p pol inherit,replace && births set pol && nsfence detach --all &&
		births set none && versions two && births attach /run/netns/x drop inherit,replace &&
		versions one
}
background everything
out=$(births send -s $seconds -j 3 -n p)
like "everything at once: whoever is born is born" "$out" "refused=0 failed=0$"
halt "everything at once"
nsfence detach --all >/dev/null
run_ok "the policy can go" nsfence policy del pol

# --- whose memory: the creating task's --------------------------------------------------------------
if [ -d /sys/fs/cgroup ] && echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
	mkdir "/sys/fs/cgroup/births"
	charged() { # what 20 namespaces cost it, in KiB
		mkfifo "$TMP/go"
		(
			echo "$BASHPID" >/sys/fs/cgroup/births/cgroup.procs
			exec mknetns -k 20 -w 20 <"$TMP/go" >"$TMP/charged"
		) &
		exec 9>"$TMP/go"
		wait_until 60 grep -q ready "$TMP/charged" || diag "$(cat "$TMP/charged")"
		awk '/^(slab|percpu) /{ n += $2 } END { print int(n / 1024) }' /sys/fs/cgroup/births/memory.stat
		exec 9>&-
		wait $!
		rm -f "$TMP/go" "$TMP/charged"
	}
	versions two >/dev/null
	free=$(charged)
	births set pol >/dev/null
	fenced=$(charged)
	diag "20 namespaces: $free KiB without a fence, $fenced KiB with one"
	cmp_num "the fence's memory is the creating task's cgroup's" "$((fenced - free))" -ge 400
	births set none >/dev/null
	# At its limit: no namespace, or the task is killed; but none without a fence, and
	# nobody else has to wait for its memory.
	is "births: a policy" "$(births set pol)" ok
	is "until here, the kernel has warned of nothing" "$(log_since "$START" | grep -E "$TROUBLE")" ""
	log_mark
	START=$MARK
	echo $((3 << 20)) >/sys/fs/cgroup/births/memory.max
	rm -f "$TMP/halt"
	(
		echo "$BASHPID" >/sys/fs/cgroup/births/cgroup.procs
		while [ ! -e "$TMP/halt" ]; do mknetns -k 300 300 >>"$TMP/limit.out" 2>&1; done
	) &
	limited=$!
	JOBS+=("$limited")
	is "beside one at its limit: others are born as ever" "$(births send $((2 * seconds)))" \
		"born=$((2 * seconds)) blocked=$((2 * seconds)) passed=0 refused=0 failed=0"
	wait_ok "at its limit: it is refused memory, or killed" 60 eval \
		'grep -q ENOMEM "$TMP/limit.out" || grep -q "oom_kill [1-9]" /sys/fs/cgroup/births/memory.events'
	is "none is there without a fence" "$(births ls | grep -c ' flags=born policy=- ')" 0
	diag "$(sort "$TMP/limit.out" 2>/dev/null | uniq -c | head -n 5; tr '\n' ' ' </sys/fs/cgroup/births/memory.events)"
	: >"$TMP/halt"
	echo max >/sys/fs/cgroup/births/memory.max
	wait "$limited"
	# Who is killed for want of memory has a call trace in the log, and that is all.
	is "the kernel has warned of nothing but that" \
		"$(log_since "$START" | grep -E "$TROUBLE" | grep -v 'Call Trace')" ""
	log_mark
	START=$MARK
	births set none >/dev/null
	rmdir /sys/fs/cgroup/births || diag "the cgroup stays"
else
	skip "whose memory" "this machine has no memory cgroups"
fi
nsfence detach --all >/dev/null

# --- the module comes and goes -----------------------------------------------------------------------
unloads
again() {
	modprobe nsfence birth=drop && births send 1 | grep -q "blocked=1 " &&
		nsfence detach --all && unloads
}
background again
out=$(births send -s $seconds -j 2)
like "loads and unloads: whoever is born is born" "$out" "^born=[0-9]+ blocked=[1-9][0-9]* passed=[0-9]+ refused=0 failed=0$"
halt "loads and unloads"
loaded || load
finish
