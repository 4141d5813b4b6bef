#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nft's word on the golden files of the check stage: what we accept it accepts,
# our normal form too, and the normal form means the same to it; what it refuses
# we refuse. nft runs in a network namespace of its own, with -c.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
golden=tests/golden

if ! command -v nft >/dev/null; then
	skip 'nft reads the golden policies' 'no nft here'
	finish
fi
if ! unshare -rn nft -c -f /dev/null 2>"$tmp/why"; then
	skip 'nft reads the golden policies' "no namespace for nft: $(head -1 "$tmp/why")"
	finish
fi
# The words are of 1.0.6; an older nft lacks some, and says nothing about us.
version=$(nft --version | sed -n 's/.* v\([0-9.]*\).*/\1/p')
if [ "$(printf '%s\n' 1.0.6 "$version" | sort -V | head -1)" != 1.0.6 ]; then
	skip 'nft reads the golden policies' "nft $version is older than 1.0.6"
	finish
fi

# files WHAT FILE...: nft takes each.
files() {
	local what=$1 ran="nft -c -f" rc=0 out='' err
	shift
	[ $# -gt 0 ] || complain 'there is no such file'
	# shellcheck disable=SC2016 # expands inside
	err=$(unshare -rn bash -c 'for f; do nft -c -f "$f" 2>&1 | head -3; done' - "$@")
	[ -z "$err" ] || complain 'nft refuses some'
	is "$what"
}

files 'nft accepts what is accepted' "$golden"/policy-normal/*.nft
files 'nft accepts the normal forms' "$golden"/policy-normal/*.out
files 'nft accepts what is warned of' "$golden"/policy-check/warn-*.nft

# bytecode FILE: the rules as nft would give them to the kernel.
# shellcheck disable=SC2016
bytecode='nft --debug=netlink -c -f "$1" | grep "^  \[\|^$"'

# Those in which no rule is written otherwise (as a range instead of <).
for name in concatenations depth icmp interfaces marks-set meta named-sets reject table-ip \
	table-ip6 web; do
	ran="nft --debug=netlink of $name" rc=0 out='' err=''
	unshare -rn bash -c "$bytecode" - "$golden/policy-normal/$name.nft" >"$tmp/a" 2>&1
	unshare -rn bash -c "$bytecode" - "$golden/policy-normal/$name.out" >"$tmp/b" 2>&1
	[ -s "$tmp/a" ] || complain 'nft printed no rules'
	err=$(diff "$tmp/a" "$tmp/b") || complain 'the normal form is another policy to nft'
	is "to nft the normal form of $name is the same policy"
done

# Rule by rule: the head of a file, which has the sets, and one bad rule.
head=$(sed '/type filter hook/q' "$golden/policy-check/bad-matches.nft")
mkdir "$tmp/one"
n=0
while IFS= read -r rule; do
	case $rule in '#'* | '') continue ;; esac
	n=$((n + 1))
	printf '%s\n\t\t%s\n\t}\n}\n' "$head" "$rule" >"$tmp/one/$n.nft"
done <"$golden/policy-check/refused-by-nft.rules"
ran='nft -c -f' rc=0 out='' err=''
[ "$n" -gt 100 ] || complain "only $n rules"
# The control: with a good rule the same file passes, here and there.
printf '%s\n\t\ttcp dport 80 accept\n\t}\n}\n' "$head" >"$tmp/good.nft"
# shellcheck disable=SC2016
err=$(unshare -rn bash -c 'nft -c -f "$1"/../good.nft
	for f in "$1"/*.nft; do nft -c -f "$f" >/dev/null 2>&1 && sed -n "s/^\t\t/nft accepts: /p" "$f"; done' \
	- "$tmp/one" 2>&1)
[ -z "$err" ] || complain 'nft does not refuse all'
run check "$tmp/good.nft"
want_rc 0
for f in "$tmp"/one/*.nft; do
	run check "$f"
	[ "$rc" = 1 ] || complain "not refused: $(tail -3 "$f" | head -1)"
done
is "what nft refuses is refused ($n rules)"

finish
