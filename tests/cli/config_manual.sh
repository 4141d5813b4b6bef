#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsfence.conf(5) against the parser: its keys and sections are those that are
# accepted, its examples load, its numbers are right. The same of the commented
# nsfence.conf, and of the module's parameters and the upgrade in the manuals.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
top=$(realpath "$(dirname "$0")/../..")
man=$top/daemon/man
manual=$man/nsfence.conf.5

command -v "$NSFENCED" >/dev/null || {
	echo "1..0 # SKIP no $NSFENCED (make tools)"
	exit 0
}

# checked FILE|DIR: nsfenced --check of it; leaves $rc, $out and $err
checked() {
	rc=0
	timeout 30 "$NSFENCED" --check -c "$1" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
	ran="nsfenced --check ($1)"
}

words() { tr -c 'a-z_\n-' '\n' | sed '/^$/d' | sort -u; }
# The escapes that these pages use, as the reader sees them.
plain() {
	sed -e '/^\.\\"/d' -e 's/^\\&//' -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\f[A-Z]//g' -e 's/\\e/\\/g'
}
# section NAME: of the manual, from its .SH to the next
section() { awk -v s=".SH $1" '/^\.SH/ { on = $0 == s || $0 == ".SH \"" substr(s, 5) "\"" } on' "${2:-$manual}"; }

# same WHAT LIST1 LIST2, of lines
same() {
	local only
	only=$(comm -23 <(sort -u <<<"$2") <(sort -u <<<"$3"))
	[ -z "$only" ] || complain "$1: only in the first: $(tr '\n' ' ' <<<"$only")"
	only=$(comm -13 <(sort -u <<<"$2") <(sort -u <<<"$3"))
	[ -z "$only" ] || complain "$1: only in the second: $(tr '\n' ' ' <<<"$only")"
}

# ---- keys -----------------------------------------------------------------------
ran='(keys)' rc=0 out='' err=''

# keys_of HEADER: what the parser says that it accepts there
keys_of() {
	printf '%s\nno-such-key = 1\n' "$1" >"$tmp/keys.conf"
	checked "$tmp/keys.conf"
	sed -n 's/.*unknown key "no-such-key".*accepted: \([^(]*\).*/\1/p' <<<"$err" | words
}
# What begins a definition: .BR key " = " value
documented() { section "$1" | sed -n 's/^\.BR \([a-z]*\) " = " .*/\1/p'; }

accepted=$(keys_of '[nsfenced]')
[ "$(wc -l <<<"$accepted")" -ge 2 ] || complain 'the parser names fewer than 2 keys of [nsfenced]'
same 'keys of [nsfenced]: parser, manual' "$accepted" "$(documented '[nsfenced]')"
is 'nsfence.conf(5) has every key of [nsfenced], and no other'

accepted=$(keys_of '[netns web*]')
[ "$(wc -l <<<"$accepted")" -ge 7 ] || complain 'the parser names fewer than 7 keys of a section'
same 'keys of sections: parser, manual' "$accepted" "$(documented SECTIONS)"
is 'nsfence.conf(5) has every key of a section, and no other'

# The words that a key takes stand in its definition.
for key in backend mode forward inherit strict hooks policy; do
	header='[netns web1]'
	[ "$key" != backend ] || header='[nsfenced]'
	printf '%s\n%s = no/such\n' "$header" "$key" >"$tmp/words.conf"
	checked "$tmp/words.conf"
	list=$(sed -n "s/.*\"no\/such\" is not a value of $key; accepted: //p" <<<"$err" |
		sed 's/, or the NAME.*//; s/ (.*//' | words)
	[ -n "$list" ] || complain "no list of accepted words of $key"
	text=$(awk -v key="$key" '/^\.TP$/ { on = 0 } $0 ~ "^\\.BR " key " \" = \"" { on = 1 } on' "$manual")
	for word in $list; do
		grep -qw -- "$word" <<<"$text" || complain "the manual says nothing about $key = $word"
	done
done
is 'nsfence.conf(5) has every word of the keys that take words'

# ---- sections --------------------------------------------------------------------

printf '[no-such-section]\n' >"$tmp/sections.conf"
checked "$tmp/sections.conf"
accepted=$(sed -n 's/.*unknown section .*accepted: //p' <<<"$err" | grep -oE '\[[a-z]+' | tr -d '[' | sort -u)
[ "$(wc -l <<<"$accepted")" -ge 6 ] || complain 'the parser names fewer than 6 sections'
in_manual=$({ echo nsfenced; section SECTIONS | grep -A 1 '^\.TP$' | plain | grep -oE '\[[a-z]+ ' | tr -d '[ '; })
same 'sections: parser, manual' "$accepted" "$in_manual"
is 'nsfence.conf(5) has every kind of section, and no other'

# The worked example: literal characters of the absolute path, counted here.
rows=0
while IFS=$'\t' read -r header literals claims; do
	rows=$((rows + 1))
	path=${header#\[* }
	path=${path%\]}
	case $header in '[netns '*) path=/run/netns/$path ;; esac
	case $path in
	*[*?[]*)
		bare=$(sed 's/\[[^]]*\]//g; s/[*?]//g' <<<"$path")
		[ "$literals" = "${#bare}" ] || complain "$header has ${#bare} literal characters, not $literals"
		;;
	*) [ "$literals" = exact ] || complain "$header is exact" ;;
	esac
	for one in ${claims//,/ }; do
		case $claims in 'all in '*) break ;; esac
		case $one in /*) ;; *) one=/run/netns/$one ;; esac
		# As fnmatch(3) with FNM_PATHNAME: part by part.
		IFS=/ read -ra glob <<<"$path"
		IFS=/ read -ra name <<<"$one"
		[ ${#glob[@]} = ${#name[@]} ] || complain "$header does not match $one"
		for i in "${!glob[@]}"; do
			# shellcheck disable=SC2053 # a glob
			[[ ${name[i]:-} == ${glob[i]} ]] || complain "$header does not match $one"
		done
	done
	printf '%s\npolicy = drop\n' "$header" >>"$tmp/rows.conf"
done < <(awk '/^section\t/ { on = 1; next } /^\.TE/ { on = 0 } on' <(plain <"$manual"))
[ "$rows" -ge 5 ] || complain "only $rows rows were found"
checked "$tmp/rows.conf"
want_rc 0
is "the $rows worked examples of specificity"

# ---- examples ---------------------------------------------------------------------

# Each into a directory of its own, with the policies that come with nsfence.
awk -v dir="$tmp" '
	/^\.\\" check: config/ { marked = 1; next }
	/^\.nf$/ && marked { n++; file = dir "/example-" n ".conf"; on = 1; marked = 0; next }
	/^\.fi$/ { on = 0 }
	on { print >file }' "$manual"
marks=$(grep -c '^\.\\" check: config' "$manual")
ran='(examples of nsfence.conf(5))' rc=0 out='' err=''
[ "$marks" -ge 2 ] || complain "only $marks examples are marked"
for ((i = 1; i <= marks; i++)); do
	mkdir -p "$tmp/etc-$i"
	ln -s "$top/conf/policies" "$tmp/etc-$i/policies"
	plain <"$tmp/example-$i.conf" >"$tmp/etc-$i/nsfence.conf"
	checked "$tmp/etc-$i"
	want_rc 0
	want_no_err
done
is "the $marks examples of nsfence.conf(5) load"

# conf/nsfence.conf: as it is, and with all that is commented out in force.
sed -nE 's/^#(\[[a-z]+.*\]|[a-z_]+ *= .*)$/\1/p; /^\[/p' "$top/conf/nsfence.conf" >"$tmp/keys"
mkdir -p "$tmp/all"
ln -s "$top/conf/policies" "$tmp/all/policies"
sed -E 's/^#(\[[a-z]+.*\]|[a-z_]+ *= .*)$/\1/' "$top/conf/nsfence.conf" >"$tmp/all/nsfence.conf"
checked "$tmp/all"
want_rc 0
want_no_err
same 'keys: parser, nsfence.conf' "$(keys_of '[nsfenced]'; keys_of '[netns web*]')" \
	"$(sed -n 's/^\([a-z_]*\) *=.*/\1/p' "$tmp/keys")"
same 'sections: parser, nsfence.conf' "$accepted" "$(sed -n 's/^\[\([a-z]*\).*/\1/p' "$tmp/keys")"
is 'the nsfence.conf that is installed has every section and key, and they are valid'

for conf in "$top"/conf/examples/*.conf; do
	checked "$conf"
	want_rc 0
	head -n 1 "$conf" | grep -q '^# [A-Z]' || complain 'it begins without a word on what it is for'
	is "conf/examples/$(basename "$conf") is valid and explained"
done

# ---- the module's parameters ---------------------------------------------------------

ran='module parameters' rc=0 out='' err=''
params=$(cat "$top"/module/main.c "$top"/module/birth*.c 2>/dev/null |
	sed -nE 's/^module_param(_array|_named|_cb)?\(([a-z_]+),.*/\2/p')
[ "$(wc -l <<<"$params")" -ge 6 ] || complain 'fewer than 6 parameters were found'
same 'module parameters: code, nsfence(8)' "$params" \
	"$(section 'MODULE PARAMETERS' "$man/nsfence.8" | plain | sed -nE 's/^\.(BI|B) ([a-z_]+)=.*/\2/p')"
same 'birth parameters: code, nsfence.conf(5)' "$(grep '^birth' <<<"$params")" \
	"$(section BOOT | plain | sed -nE 's/^\.(BI|B) ([a-z_]+)=.*/\2/p')"
is 'the manuals have every parameter of the module, and no other'

# What the deadman says, word for word.
says=$(sed -n 's/.*pr_err("\(birth=%s: nobody has decided.* are held.*\)\\n".*/\1/p' "$top/module/birth.c" 2>/dev/null |
	sed 's/%s/drop/; s/%u/120/; s/%u/3/')
shown=$(awk '/check: deadman/ { on = 1; next } /^\.fi/ { on = 0 } on' "$manual" | plain | paste -sd' ')
[ -n "$says" ] || complain 'the message was not found in module/birth.c'
[ "nsfence: $says" = "$shown" ] || complain "the module says: $says; the manual: $shown"
is 'nsfence.conf(5) quotes the deadman'

# ---- nsfence(8) ----------------------------------------------------------------------

ran='JSON' rc=0 out='' err=''
# nowait is a request's, and no answer has it.
flags=$(sed -nE 's/^\t\{ GENL_F_[A-Z_]+, "([a-z-]+)" \},$/\1/p' "$top/daemon/cmd_netns.c" | grep -vx nowait)
[ "$(wc -l <<<"$flags")" -ge 6 ] || complain 'fewer than 6 flags were found'
same 'flags: code, nsfence(8)' "$flags" "$(plain <"$man/nsfence.8" |
	sed -n '/^flags  *array of: /,/^[^ ]/{s/^flags  *array of: //;/^parent/q;p}' | words)"
is 'nsfence(8) has every flag that is printed, and no other'
states=$(sed -n '/sync_state_name/,/^}/p' "$top/daemon/sync_status.c" |
	grep -oE '\[SYNC_[A-Z]+\] = "[a-z]+"' | sed 's/.*"\(.*\)"/\1/')
[ "$(wc -l <<<"$states")" -ge 9 ] || complain 'fewer than 9 states were found'
same 'states: code, nsfence(8)' "$states" "$(awk '/^\.SS status/ { on = 1 } /^\.RE/ { on = 0 }
	on && head && /^\.I / { print $2 } { head = /^\.TP/ }' "$man/nsfence.8")"
is 'nsfence(8) has every state that nsfence status shows, and no other'

# ---- nsfenced(8) ------------------------------------------------------------------

# The upgrade: what it writes is valid, what it calls exists.
awk '/^\.\\" check: upgrade/ { marked = 1 } /^\.nf$/ && marked { on = 1; next } /^\.fi$/ { on = marked = 0 } on' \
	"$man/nsfenced.8" | plain | sed 's/ *([0-9])$//' >"$tmp/upgrade"
ran='(the upgrade of nsfenced(8))' rc=0 out='' err=''
text=$(sed -n "s/^# printf '\(.*\)'.*/\1/p" "$tmp/upgrade")
mkdir -p "$tmp/upgrading/nsfence.conf.d"
cp "$top/conf/nsfence.conf" "$tmp/upgrading/"
# shellcheck disable=SC2059 # the format is what is tested
printf "$text" >"$tmp/upgrading/nsfence.conf.d/zz-upgrade.conf"
grep -q '^backend = nft$' "$tmp/upgrading/nsfence.conf.d/zz-upgrade.conf" || complain 'it does not set the backend'
checked "$tmp/upgrading"
want_rc 0
want_no_err
[ "$(grep -c 'nsfence [a-z]' "$tmp/upgrade")" -ge 4 ] || complain 'fewer than 4 calls were found'
while read -r command option; do
	run "$command" --help
	want_rc 0
	[ -z "$option" ] || want_out "^.*$option"
done < <(grep -oE 'nsfence [a-z]+( --[a-z-]+)?' "$tmp/upgrade" | sed 's/^nsfence //' |
	grep -vx nsfence | sort -u | grep -v '^nsfence$')
is 'what nsfenced(8) says about upgrading can be typed'

# The requests of the control socket.
ran='(requests of nsfenced(8))' rc=0 out='' err=''
in_code=$(sed -nE 's/^\t\[CONTROL_([A-Z]+)\] = .*"([a-z]+)".*/\2/p' "$top/daemon/control_parse.c" | sort -u)
if [ -n "$in_code" ]; then
	in_manual=$(section 'CONTROL SOCKET' "$man/nsfenced.8" | grep -oE '"(cmd|kind)":"[a-z|]+"' |
		sed 's/.*:"//; s/"$//' | tr '|' '\n')
	same 'requests: code, manual' "$in_code" "$in_manual"
	is 'nsfenced(8) has every request of the control socket, and no other'
fi
finish
