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
	grep -Eq "^\.B \"?nsfence $c( |\"|$)" <(sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p' "$manual") ||
		complain "the synopsis of nsfence(8) has no $c"
	is "the manual describes $c and its options"

	# And the other way: what the section defines as an option, --help shows.
	while IFS= read -r option; do
		grep -q -- "$option" <<<"$out" || complain "nsfence(8) has $c $option, which --help does not"
	done < <(awk -v c="$c" '
		/^\.S[SH]/ { on = $0 ~ "^\\.SS \"?" c "( |$)" }
		/^\.T[PQ]$/ { head = 1; next }
		head && on { print }
		{ head = 0 }' "$manual" | sed 's/\\-/-/g' | grep -oE -- '--[a-z][a-z-]*' | sort -u)
	is "the manual has no option of $c that is not there"

	too_wide=$(awk 'length > 80' <<<"$out")
	[ -z "$too_wide" ] || complain 'a line is wider than 80 columns'
	is "the help of $c fits a terminal"
done

ran='nsfence(8)' rc=0 out='' err=''
described=$(sed -n '/^\.SH COMMANDS/,/^\.SH POLICIES/s/^\.SS "\{0,1\}\([a-z]*\).*/\1/p' "$manual")
for c in $described; do
	grep -qx "$c" <<<"$commands" || complain "it describes $c, which is no command"
done
run --help
for code in $(sed -n '/^\.SH "EXIT STATUS"/,/^\.SH FILES/s/^\.B \([0-9]\)$/\1/p' "$manual"); do
	want_out "(^|[ ,])$code [a-z]"
done
is 'the manual has no command and no exit code that is not there'

run --version
want_rc 0
want_out '^nsfence [0-9]+\.[0-9]+'
is 'nsfence --version'
finish
