#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --help goes to standard output and ends with 0; the manual says no less.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
manual=$(dirname "$0")/../../daemon/man/nsfence.8

for option in --help -h; do
	run "$option"
	want_rc 0
	want_no_err
	want_out '^Usage: nsfence '
	want_out '^Exit codes: 0 done'
	is "nsfence $option"
done

commands=$("$NSFENCE" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 7 ] || complain 'fewer than 7 commands'
is 'help lists the commands'

for c in $commands; do
	for option in --help -h; do
		run "$c" "$option"
		want_rc 0
		want_no_err
		want_out "^Usage: nsfence $c"
		want_out '-h, --help'
		want_out '-j, --json'
		is "nsfence $c $option"
	done
	run -j "$c" --help
	want_rc 0
	want_out "^Usage: nsfence $c"
	is "nsfence -j $c --help"

	# Every option that --help shows, in the command's section or the common one.
	run "$c" --help
	sections=$(sed 's/\\-/-/g' "$manual" |
		awk -v c="$c" '/^\.S[SH]/ { on = $0 ~ "^\\.SS \"?" c "( |$)" || $0 == ".SH OPTIONS" || $0 == ".SH TARGETS" } on')
	grep -Eq "^\.SS \"?$c" <<<"$sections" || complain "nsfence(8) has no section on $c"
	while IFS= read -r option; do
		grep -q -- "$option" <<<"$sections" || complain "nsfence(8) says nothing about $c $option"
	done < <(grep -oE '(^|[ ,[|])--[a-z-]+' <<<"$out" | grep -oE -- '--[a-z-]+' | sort -u)
	is "the manual describes $c and its options"

	too_wide=$(awk 'length > 80' <<<"$out")
	[ -z "$too_wide" ] || complain 'a line is wider than 80 columns'
	is "the help of $c fits a terminal"
done

run --version
want_rc 0
want_out '^nsfence [0-9]+\.[0-9]+'
is 'nsfence --version'
finish
