#!/bin/bash
# nft is the oracle: a policy of tests/oracle/cases loaded with nft in one
# namespace, the same file as a fence around another, the same packets into both;
# what observers see before and after each chain must be the same. And nft's
# verdicts on this kernel against the compiler and the classifier in user space.
#
# Generated policies, too, two of them long, which the module judges by their index.
# All cases with NSF_LONG; else every 24th, and on each kernel others of them. The
# debug kernel takes a sixth.
. "$(dirname "$0")/lib.sh"
only_on 5.10 6.1 6.12 7.x
cd ../oracle || bail "there is tests/oracle"
keep_static_keys
modprobe tun
modprobe -q nfnetlink_log
load

stride=24 count=60 policies=2
[ -z "${NSF_LONG:-}" ] || stride=1 count=100 policies=200
[ -z "$DEBUG" ] || stride=$((stride * 6)) count=20 policies=$(((policies + 1) / 2))
offset=$((0x$(uname -r | md5sum | cut -c1-6)))
cases=() i=0
for f in "$PWD"/cases/*.nft; do
	[ $(((i++ + offset) % stride)) != 0 ] || cases+=("$f")
done
diag "${#cases[@]} of $i cases, $count generated packets each"

# Forward is always fenced; a ruleset that has no such chain leaves it open.
cat >"$TMP/fence" <<'END'
#!/bin/sh
open=
grep -q 'hook forward' "$ORACLE_CASE" || open=--forward-accept
policy=$ORACLE_CASE
if [ -n "$ORACLE_CHANGE" ]; then
	policy=$(dirname "$0")/changed.nft
	sed "$ORACLE_CHANGE" "$ORACLE_CASE" >"$policy"
fi
exec nsenter --net=/proc/1/ns/net -- nsfence attach $open --pid "$ORACLE_PID" "$policy"
END
chmod +x "$TMP/fence"

run_oracle() { # OPTION... CASE...
	oracle -c "$PWD/common.packets" -s "${NSF_SEED:-1}" -n "$count" "$@" 2>&1
}

name_of() { # LINE
	local name=${1#* - }
	echo "${name%% # SKIP*}"
}

# The tool's lines become ours.
report() { # WHAT
	local line why=""
	while IFS= read -r line; do
		case $line in
		*'# SKIP this kernel'*) skip "$1: $(name_of "$line")" "${line#*# SKIP }" ;;
		*'# SKIP'*) not_ok "$1: ${line#* - }" "$why" ;;	# here everything is allowed
		"ok "*) ok "$1: ${line#* - }" ;;
		"not ok "*) not_ok "$1: ${line#* - }" "$why" ;;
		'# '*) why+="${line#\# }"$'\n' ;;
		esac
		[[ $line = '# '* ]] || why=""
	done
}

report "a fence and nft" < <(run_oracle -j "$(nproc)" -f "$TMP/fence" "${cases[@]}")
report "nft and the classifier" < <(run_oracle -j "$(nproc)" "${cases[@]}")

# Of those that are left over the longest two: long enough for an index.
./generate policydiff "${NSF_SEED:-1}" $((policies + 16)) "$TMP"
mapfile -t generated < <(cd "$TMP" && ls -S generated-*.nft | head -2)
for ((i = 0; i < policies; i++)); do
	[[ " ${generated[*]} " = *" generated-$i.nft "* ]] || generated+=("generated-$i.nft")
done
diag "the longest: $(wc -l <"$TMP/${generated[0]}") lines"
generated=("${generated[@]/#/$TMP/}")
report "generated" < <(run_oracle -g -j "$(nproc)" -f "$TMP/fence" "${generated[@]}")

# The control: a fence with another policy must not pass for the same.
out=$(ORACLE_CHANGE='s/10.9.0.9/10.9.0.10/' run_oracle -f "$TMP/fence" "$PWD"/cases/*-ip-saddr.nft)
like "control: a changed address is noticed" "$out" "not ok 1 .*" ||
	diag "$out"
like "control: as differences" "$out" "# [0-9]+ differences"

no_fence() { [ "$(count attachments)" = 0 ]; }
wait_ok "the fences went with their namespaces" 120 no_fence
for policy in $(nsfence policy ls -j | jq -r '.[].policy'); do
	nsfence policy del "$policy" || not_ok "policy $policy goes"
done
is "no policy is left" "$(nsfence policy ls -j | jq length)" 0
finish
