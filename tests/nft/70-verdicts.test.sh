#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The oracle's cases and packets (tests/oracle): the fence that the nft backend makes of a
# file, and the file as `nft -f` loads it, must give the same verdicts.
# shellcheck source=tests/nft/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$TOP/tests/oracle" || exit 2
oracle=$TOP/build/oracle/oracle
count=40 policies=12
[ -z "${NSF_LONG:-}" ] || count=400 policies=500
"$oracle" -N cases/001-*.nft >/dev/null 2>&1 ||
	{ skip "verdicts" "no TAP devices for us"; finish; }

# Forward is always fenced; a ruleset that has no such chain leaves it open.
cat >"$TMP/fence" <<'END'
#!/bin/bash
policy=$ORACLE_CASE open=
grep -q 'hook forward' "$ORACLE_CASE" || open=forward-accept
if [ -n "${ORACLE_CHANGE:-}" ]; then
	policy=$(dirname "$0")/changed.nft
	sed "$ORACLE_CHANGE" "$ORACLE_CASE" >"$policy"
fi
out=$(printf 'policy case %s\nattach /proc/%s/ns/net case %s %s\n' "$policy" "$ORACLE_PID" $open ${ORACLE_MODE:-} |
	nsenter --net="$OUTER" "$NFTFENCE" 2>&1)
[ "$(grep -c '^ok$' <<<"$out")" = 2 ] || { echo "$out"; exit 1; }
END
chmod +x "$TMP/fence"

judge() { # OPTION... CASE...
	"$oracle" -c "$PWD/common.packets" -s "${NSF_SEED:-1}" -n "$count" -f "$TMP/fence" "$@" 2>&1
}

report() { # WHAT OPTION... CASE...
	local what=$1 line why="" name
	shift
	while IFS= read -r line; do
		name=${line#* - }
		case $line in
		'ok '*'# SKIP'*) skip "$what: ${name%% # SKIP*}" "${line#*# SKIP }" ;;
		'ok '*) ok "$what: $name" ;;
		'not ok '*) not_ok "$what: $name" "$why" ;;
		'# '*) why+="${line#\# }"$'\n' ;;
		esac
		[[ $line = '# '* ]] || why=""
	done < <(judge "${@}")
}

report "cases" -j 4 "$PWD"/cases/*.nft
./generate "$TOP/build/policy/diff" "${NSF_SEED:-1}" "$policies" "$TMP" >/dev/null
report "generated" -g -j 4 "$TMP"/generated-*.nft

# The controls: another policy, and one that drops nothing, must not pass for the same.
out=$(ORACLE_CHANGE='s/10.9.0.9/10.9.0.10/' judge "$PWD"/cases/001-*.nft)
like "control: a changed address is noticed" "$out" "not ok 1 "
out=$(ORACLE_MODE=audit judge "$PWD"/cases/001-*.nft)
like "control: audit is noticed" "$out" "not ok 1 "
finish
