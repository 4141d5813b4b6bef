#!/bin/bash
# Policies of the configuration: in the module before their fences, a change
# reaches them all, a mistake changes nothing, what nobody needs any more goes.
# And packets as `nsfence monitor` tells them.
. "$(dirname "$0")/lib.sh"
only_on 6.1
topology
load
conf=$TMP/conf
mkdir -p "$conf/policies" "$conf/netns.d"
policy() { # FILE RULE...
	local file=$1
	shift
	printf '%s\n' 'table inet fence {' \
		'	chain in {' \
		'		type filter hook input priority filter; policy drop;' \
		'		iif lo accept' \
		'		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept' \
		"$@" '	}' '}' >"$conf/$file.nft"
}
info() { nsfence policy ls -j | jq -r --arg n "$1" --arg k "$2" '.[] | select(.policy == $n) | .[$k]'; }
there() { nsfence policy ls -j | jq -e --arg n "$1" 'any(.policy == $n)'; }
not_there() { ! there "$1"; }
generation_is() { [ "$(info "$1" generation)" = "$2" ]; }
seen() { jq -e "select($1)" "$TMP/monitor.out" | grep -q .; }
reload() { # WORDS: reload, and wait for what the log says then
	: >"$TMP/nsfenced.log"
	kill -HUP "$DAEMON"
	wait_until 30 grep -q "$1" "$TMP/nsfenced.log" ||
		not_ok "reload: \"$1\"" "$(tail -n 20 "$TMP/nsfenced.log")"
}

# --- at start ---------------------------------------------------------------------
policy policies/web '		tcp dport 7 counter accept'
policy netns.d/b '		udp dport 7 counter accept' '		log prefix "b says: "'
printf '[netns a]\npolicy = web\n[netns u]\npolicy = web\nmode = audit\n' >"$conf/nsfence.conf"
daemon_start "$conf"
wait_ok "a is fenced" 30 fenced a
wait_ok "b by its own file" 30 fenced b
wait_ok "u" 30 fenced u
fence a
is "a: with its policy and that one's hooks" "${F[policy]} ${F[mode]} ${F[hooks]}" "web enforce input"
is "a: and the line that says so" "${F[source]}" "nsfence.conf:2"
instance=${F[instance]}
fence b
is "b: the policy is its own" "${F[policy]} ${F[source]}" "netns:b netns.d/b.nft"
fence u
is "u: the same policy in audit" "${F[policy]} ${F[mode]}" "web audit"
is "one policy has two fences" "$(info web attachments) $(info netns:b attachments)" "2 1"
traffic "a: TCP to port 7 passes, nothing else" r $A4 $A6 ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok ETIMEDOUT

# --- packets ------------------------------------------------------------------------
start_ready monitor nsfence monitor -v -j
traffic "b: UDP passes, nothing else" r $B4 $B6 ETIMEDOUT ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok
wait_ok "monitor: a packet that was logged, with its rule" 20 seen \
	'.event == "packet" and .policy == "netns:b" and .packet.report == "log" and .rule.file == "netns.d/b.nft"
	 and .rule.line == 7 and .packet.prefix == "b says: " and .names == ["b"]'
wait_ok "monitor: and dropped, by the chain's policy" 20 seen \
	'.packet.report == "drop" and .packet.verdict == "drop" and .packet.hook == "input" and .packet.protocol == 6
	 and .packet.dport == 7 and .packet.daddr == "'$B4'" and .rule.chain == "in" and .rule.text == null'
wait_ok "monitor: of IPv6, too" 20 seen '.packet.family == 10 and .packet.daddr == "'$B6'" and .packet.iif != null'
traffic "u: everything passes" r $U4 $U6 ok
wait_ok "monitor: what would have been dropped there" 20 seen \
	'.packet.report == "audit" and .packet.verdict == "audit" and .names == ["u"] and .policy == "web"'
is "monitor: every line is an object with time and event" \
	"$(jq -e 'select((.time | not) or (.event | not))' "$TMP/monitor.out" | wc -l)" 0
stop_job "$READY_PID"
start_ready lines nsfence monitor --packets -v
traffic "b: again" r $B4 $B6 ETIMEDOUT ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok
wait_ok "monitor: as lines" 20 grep -Eq \
	'packet +inode=[0-9]+ netns=b policy=netns:b .* report=log hook=input verdict=accept saddr=[0-9a-f.:]+ daddr=[0-9a-f.:]+ protocol=tcp .* prefix="b says: " chain="in" at=netns.d/b.nft:7 rule="log ' \
	"$TMP/lines.out" || diag "$(tail -n 5 "$TMP/lines.out")"
stop_job "$READY_PID"
like "stats: the rules that count" "$(nsfence stats b)" 'netns.d/b.nft:6 +udp dport 7 counter accept'
cmp_num "stats: and what they counted" \
	"$(nsfence stats b -j | jq '.[0].rules[0].packets')" -gt 0

# --- a change -------------------------------------------------------------------------
policy policies/web '		udp dport 7 counter accept'
reload 'configuration loaded'
is "a change is a new generation, in all fences" "$(info web generation) $(info web attachments)" "2 2"
fence a
is "the fence is the same" "${F[instance]}" "$instance"
traffic "UDP passes, nothing else" r $A4 $A6 ETIMEDOUT ETIMEDOUT ok ETIMEDOUT ETIMEDOUT ok
reload 'configuration loaded'
is "no change is none" "$(info web generation)" 2

# --- a mistake ---------------------------------------------------------------------------
policy policies/web '		tcp dport 2222222 accept'
policy netns.d/b '		udp dprt 7 accept'
reload 'configuration not loaded'
for place in 'policies/web.nft:6:13-19: Error' 'netns.d/b.nft:6:3-10: Error'; do
	run_ok "a mistake is told: $place" grep -q "$place" "$TMP/nsfenced.log"
done
is "and changes nothing" "$(info web generation) $(info netns:b generation)" "2 1"
fence a
is "and the fence stands" "${F[instance]}" "$instance"

# --- another hand; what is not needed ----------------------------------------------------
policy policies/web '		tcp dport 7 counter accept'
policy netns.d/b '		udp dport 7 counter accept'
reload 'configuration loaded'
is "mended: both are new" "$(info web generation) $(info netns:b generation)" "3 2"
hash=$(info web hash)
mkdir "$TMP/hand"
sed 's/dport 7/dport 8/' "$conf/policies/web.nft" >"$TMP/hand/web.nft"
cp "$TMP/hand/web.nft" "$TMP/hand/mine.nft"
run_ok "set by hand" nsfence policy set "$TMP/hand/web.nft"
ip netns add kick
wait_ok "is set back" 90 generation_is web 5
is "to what the file says" "$(info web hash)" "$hash"
run_ok "and another that is nobody's" nsfence policy set "$TMP/hand/mine.nft"
rm "$conf/netns.d/b.nft"
printf '[netns a]\npolicy = drop\n[netns u]\npolicy = drop\nmode = audit\n' >"$conf/nsfence.conf"
reload 'configuration loaded'
wait_ok "what no section needs goes" 30 not_there web
wait_ok "so does a namespace's own" 30 not_there netns:b
run_ok "what was put there by hand stays" there mine
wait_ok "b is not fenced any more" 30 unfenced b
fence a
is "a has a built-in policy" "${F[policy]}" drop
run_ok "deleted by hand" nsfence policy del mine
run_fails "which is not there any more" 4 'mine: no policy has this name' nsfence policy del mine

# --- attach by file, and by the configuration ------------------------------------------------
daemon_stop TERM
ip netns del kick
nsfence detach --all >/dev/null
policy policies/web '		tcp dport 7 counter accept'
run_ok "attach: a file" nsfence attach a "$conf/policies/web.nft"
fence a
is "attach: by its name, by hand" "${F[policy]} ${F[source]} ${F[flags]}" "web manual manual"
policy policies/web '		udp dport 7 counter accept'
run_fails "attach: of a fenced one nothing changes" 1 'fenced already' nsfence attach a "$conf/policies/web.nft"
is "attach: nor does the policy" "$(info web generation)" 1
run_ok "attach: unless it is to replace" nsfence attach a "$conf/policies/web.nft" --replace
is "attach: which sets it, too" "$(info web generation)" 2
nsfence detach a >/dev/null
printf '[netns a]\npolicy = web\n' >"$conf/nsfence.conf"
policy policies/web '		tcp dport 7 counter accept'
run_ok "attach: as configured" nsfence attach --configured a --config "$conf"
fence a
is "attach: with the file as it is now" "${F[policy]} ${F[source]} $(info web generation)" "web nsfence.conf:2 3"
before=${F[instance]}
run_ok "attach: once more" nsfence attach --configured a --config "$conf"
fence a
is "attach: changes nothing" "${F[instance]} $(info web generation)" "$before 3"
nsfence detach --all >/dev/null
run_ok "the policy is deleted" nsfence policy del web
finish
