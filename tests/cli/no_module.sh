#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Without the module: each command says so (exit code 3), after what is wrong
# with its arguments; version and doctor work.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
need_no_module

absent() {
	run "$@"
	want_rc 3
	want_no_out
	want_err '^nsfence: the module is not loaded \(modprobe nsfence\), or this is not the initial network namespace$'
	is "nsfence $* without the module"
}

absent
absent -j
absent ls
absent ls --all -j
absent -v ls
absent stats
absent stats --inode 5
absent monitor --count 1
absent attach --inode 5 drop
absent attach --path /proc/self/ns/net drop
absent attach --pid $$ drop
absent detach --inode 5
absent detach --all
absent policy ls
absent policy ls -j
absent policy del web
absent stats --policy web
absent monitor --packets --count 1
absent birth
absent birth -j
absent birth drop
absent birth none
absent attach --inode 5 drop --descendants
absent detach --inode 5 --descendants
absent run drop -- touch "$tmp/ran"
absent run drop --user --no-inherit -- touch "$tmp/ran"
absent run --name "nsf-cli-$$" drop -- touch "$tmp/ran"
[ ! -e "$tmp/ran" ] || complain 'the command was run, and nothing is fenced'
[ ! -e "/run/netns/nsf-cli-$$" ] || complain 'the name is left'
is 'nothing runs that cannot be fenced'

cat >"$tmp/web.nft" <<'END'
table inet web {
	chain input {
		type filter hook input priority 0; policy drop;
		iif lo accept
		ct state established,related accept
		tcp dport 22 counter accept
	}
}
END
absent policy set "$tmp/web.nft"
absent attach --inode 5 "$tmp/web.nft"
absent birth "$tmp/web.nft"
absent run "$tmp/web.nft" -- true

# A mistake is told with and without a module, in the compiler's words.
sed 's/22/2222222/' "$tmp/web.nft" >"$tmp/bad.nft"
for words in 'policy set' 'attach --inode 5' birth; do
	# shellcheck disable=SC2086 # words
	run $words "$tmp/bad.nft"
	want_rc 1
	want_no_out
	want_err "^$tmp/bad.nft:6:13-19: Error: "
	want_err '^			tcp dport 2222222 counter accept$|^		tcp dport 2222222 counter accept$'
	want_err '^		          \^{7}$'
	is "$words of a file with a mistake"
done

cp "$tmp/web.nft" "$tmp/drop.nft"
for words in 'policy set' 'attach --inode 5'; do
	# shellcheck disable=SC2086 # words
	run $words "$tmp/drop.nft"
	want_rc 1
	want_err '"drop", which the file.s name would give to the policy, is that of a built-in policy'
	is "$words of a file that is named as a built-in policy"
	# shellcheck disable=SC2086 # words
	run $words "$tmp/nosuch.nft"
	want_rc 4
	want_err 'nosuch.nft: .*No such file'
	is "$words of a file that is not there"
done

# The configuration's policies, by the daemon and for nsfence@NAME.service.
mkdir -p "$tmp/etc/policies" "$tmp/etc/netns.d"
cp "$tmp/web.nft" "$tmp/etc/policies/"
cp "$tmp/bad.nft" "$tmp/etc/netns.d/own.nft"
printf '[netns a]\npolicy = web\n[netns b]\npolicy = wbe\n' >"$tmp/etc/nsfence.conf"
NSFENCE=$NSFENCED run --check --config "$tmp/etc"
want_rc 1
want_no_out
want_err "^$tmp/etc/nsfence.conf:4:10: Error: no policy \"wbe\", for there is no file policies/wbe.nft"
want_err '^netns.d/own.nft:6:13-19: Error: '
is 'nsfenced --check tells the errors of the configuration and of its policies'

cp "$tmp/web.nft" "$tmp/etc/netns.d/own.nft"
printf '[netns a]\npolicy = web\n' >"$tmp/etc/nsfence.conf"
NSFENCE=$NSFENCED run --check --config "$tmp/etc"
want_rc 0
want_no_out
want_no_err
is 'and nothing where all is well'

run attach nosuch drop
want_rc 4
want_err '^nsfence: no namespace "nosuch" in /run/netns \(there (are: .*|are none)\)$'
is 'a name that does not exist is told before the module is asked'

run stats nosuch
want_rc 4
want_err '^nsfence: no namespace "nosuch" in /run/netns'
is 'so it is by stats'

run attach . drop
want_rc 1
want_err '"\." is not a name of a namespace'
is 'what is not a name is refused'

run attach ../etc drop
want_rc 1
want_err 'is not a name of a namespace'
is 'a path is not a name'

run attach --path /nonexistent drop
want_rc 4
want_err 'cannot open "/nonexistent": No such file'
is 'a path that does not exist'

run attach --path /etc/passwd drop
want_rc 4
want_err '/etc/passwd is not \(yet\) a mount of a network namespace'
is 'a path that is no namespace'

run attach --path /proc/self/ns/mnt drop
want_rc 1
want_err 'namespace of another kind \(mount\)'
is 'a namespace of another kind'

mkfifo "$tmp/fifo"
run attach --path "$tmp/fifo" drop
want_rc 4
want_err 'is not \(yet\) a mount'
is 'a FIFO does not make it wait'

run attach --pid 2147483647 drop
want_rc 4
want_err 'no process 2147483647'
is 'a process that does not exist'

run detach --configured nosuch
want_rc 0
want_no_err
is 'the stop of nsfence@nosuch.service is done when there is nothing'

printf '[netns web1]\npolicy = drop\n' >"$tmp/nsfence.conf"
run attach --configured nosuch --config "$tmp"
want_rc 4
want_err "no section \[netns nosuch\] in $tmp"
is '--configured: a name without a section'

run attach --configured web1 --config "$tmp"
case $rc in 3 | 4) ;; *) complain 'exit code 3 or 4 was expected' ;; esac
is '--configured: a name with a section gets as far as the namespace'

printf '[netns web*]\nexcept = web2\npolicy = drop\n' >"$tmp/nsfence.conf"
run attach --configured web1 --config "$tmp"
case $rc in 3 | 4) ;; *) complain 'exit code 3 or 4 was expected' ;; esac
want_err 'namespace "web1"|not loaded'
is '--configured: a glob that matches'

run attach --configured web2 --config "$tmp"
want_rc 4
want_err 'no section \[netns web2\].*none that matches'
is '--configured: a name that the glob excepts'

printf '[netns web*]\npolicy = none\n' >"$tmp/nsfence.conf"
run attach --configured web1 --config "$tmp"
want_rc 1
want_err 'web1: nsfence.conf:2 says policy = none'
is '--configured: a name that is to have no fence'

printf '[netns web1]\npolicy = nosuch\nmode = what\n' >"$tmp/nsfence.conf"
run attach --configured web1 --config "$tmp"
want_rc 1
want_err 'nsfence.conf:2.*Error'
want_err 'nsfence.conf:3.*Error'
is '--configured: all errors of the configuration'

run version
want_rc 0
want_no_err
want_out '^nsfence +[0-9]+\.[0-9]+'
want_out '^module +- \(not loaded\)$'
is 'nsfence version'

run doctor
want_rc 3
want_no_err
want_out '^fail  module: nsfence is not loaded$'
want_out '^      -> modprobe nsfence'
grep -vE '^((ok  |warn|fail)  [a-z-]+: .+|      -> .+)$' "$tmp/out" && complain 'a line of another form'
is 'nsfence doctor'

for args in 'version -j' '-j version' 'version --pretty' '-p doctor'; do
	# shellcheck disable=SC2086 # words are wanted
	run $args
	python3 -m json.tool "$tmp/out" >/dev/null 2>&1 || complain 'this is no JSON'
	is "nsfence $args is JSON"
done

run doctor -j
python3 - "$tmp/out" <<'END' || complain 'the JSON has another form'
import json, sys
checks = json.load(open(sys.argv[1]))
assert len(checks) > 10
for c in checks:
    assert c["level"] in ("ok", "warn", "fail") and c["check"] and c["found"], c
    assert c["level"] == "ok" or c["todo"], c
assert [c["level"] for c in checks if c["check"] == "module"] == ["fail"]
END
is 'the JSON of nsfence doctor'

if [ -w /dev/full ]; then
	for args in version doctor --help 'ls --help' '-j version'; do
		# shellcheck disable=SC2086 # words are wanted
		err=$("$NSFENCE" $args 2>&1 >/dev/full) && complain 'it ends with 0'
		out='' ran="nsfence $args >/dev/full"
		want_err 'cannot write to standard output: No space left'
		is "nsfence $args to a full disk"
	done
fi

run version >&-
is 'standard output that is closed does no harm'
finish
