#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands that ask nsfenced: without one, they say so (exit code 3); with one
# that is played here, they show what it says and end with its code.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"

# What comes first runs outside; the rest, with a /run of its own, is this file again.
tests=${NSF_CLI_INSIDE:-0}

# usage WHAT REGEX ARGS...
usage() {
	local what=$1 regex=$2
	shift 2
	run "$@"
	want_rc 2
	want_no_out
	want_err "^nsfence: .*$regex.*\(see nsfence [a-z]+ --help\)$"
	is "$what"
}

mistakes() {
	local c t

	for c in status plan apply reload confirm; do
		usage "$c with an argument" 'unexpected argument "web1"' "$c" web1
	done
	usage 'wait without anything' 'which namespace\? \(NAME, --path, --pid or --inode\)' wait
	usage 'wait for two' 'one namespace only' wait web1 --inode 5
	usage 'wait with too much' 'unexpected argument "web2"' wait web1 web2
	usage 'wait for no inode' 'not an inode number' wait --inode 0
	usage 'wait for no process' 'not a process id' wait --pid x
	usage 'wait for an empty path' 'path is empty' wait --path ''
	for t in '' 0 s 0s -1 1.5s 5x '5 s' 1d 25h 86401 99999999999999999999m; do
		usage "apply --confirm \"$t\"" "--confirm: \"$t\" is not a time \(30s, 5m, 1h" apply --confirm "$t"
	done
	run wait a/b
	want_rc 1
	want_no_out
	want_err '"a/b" is not a name of a namespace'
	is 'wait for what cannot be a name'
	for t in '' 0 5x 577h; do
		usage "wait --timeout \"$t\"" "--timeout: \"$t\" is not a time" wait web1 --timeout "$t"
	done
}

# --- with a /run of our own -------------------------------------------------------
if [ -z "${NSF_CLI_INSIDE:-}" ]; then
	mistakes
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
		skip 'the commands with and without a daemon' 'needs root, for a /run of its own'
		finish
	fi
	# shellcheck disable=SC2016 # $0 is for the inner shell
	NSF_CLI_INSIDE=$tests unshare -m bash -c 'mount -t tmpfs test /run && exec bash "$0"' "$0" ||
		any_failed=1
	exit "$any_failed"
fi

for args in status 'status -j' plan 'plan -j' apply 'apply --confirm 30s' reload confirm 'wait web1' \
	'wait --inode 5 --timeout 1' "wait --pid $$" 'wait --path /run/x'; do
	# shellcheck disable=SC2086 # words are wanted
	run $args
	want_rc 3
	want_no_out
	want_err '^nsfence: nsfenced is not running \(nobody answers at /run/nsfence/control\)$'
	is "nsfence $args without a daemon"
done

mkdir /run/nsfence
cat >"$tmp/daemon.py" <<'END'
# Answers each request with the lines of a file, and notes what was asked.
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("/run/nsfence/control")
s.listen(5)
while True:
    c, _ = s.accept()
    asked = c.makefile().readline()
    open(sys.argv[1] + "/asked", "w").write(asked)
    c.sendall(open(sys.argv[1] + "/answer", "rb").read())
    c.close()
END
python3 "$tmp/daemon.py" "$tmp" &
daemon=$!
trap 'kill $daemon; rm -rf "$tmp"' EXIT
for _ in {1..100}; do [ ! -S /run/nsfence/control ] || break; sleep 0.05; done

# asks JSON ARGS...: with the answer from standard input.
asks() {
	local want=$1
	shift
	cat >"$tmp/answer"
	rm -f "$tmp/asked"
	run "$@"
	[ "$(cat "$tmp/asked" 2>/dev/null)" = "$want" ] ||
		complain "$want was expected, asked was: $(cat "$tmp/asked" 2>/dev/null)"
}

status='{"status":{"netns":"web1","inode":4026532631,"state":"enforcing","policy":"web","age":205,"source":"nsfence.conf:6","reason":"","names":"web1"}}
{"status":{"netns":"db\u001b1","inode":0,"state":"pending","policy":"-","age":90061,"source":"nsfence.conf:9","reason":"no such name","names":""}}'
first='"backend":"nft","limits":["no safety","no sharing"],"configuration":{"path":"/etc/nsfence","loaded":0,"failed":null,"unconfirmed-until":null,"gone-back":false},"birth":"none","birth-problem":null,"fences":"1 of 2"'
asks '{"cmd":"status"}' status <<<"$status"$'\n'"{$first,\"done\":true,\"exit\":0}"
want_rc 0
want_no_err
want_out '^backend +nft$'
want_out '^limits +no safety$'
want_out '^ +no sharing$'
want_out '^configuration +/etc/nsfence, loaded 1970-01-0'
want_out '^birth +none$'
want_out '^fences +1 of 2$'
want_out '^NETNS +INODE +STATE +POLICY +AGE +SOURCE +REASON$'
want_out '^web1 +4026532631 +enforcing +web +3m25s +nsfence.conf:6 +-$'
want_out '^db\\x1b1 +- +pending +- +1d1h +nsfence.conf:9 +no such name$'
is 'status'

asks '{"cmd":"status"}' status -j <<<"$status"$'\n'"{$first,\"done\":true,\"exit\":1}"
want_rc 1
python3 - "$tmp/out" <<'END' || complain 'the JSON has another form'
import json, sys
s = json.load(open(sys.argv[1]))
assert s["backend"] == "nft" and s["configuration"]["loaded"] == 0
assert [n["netns"] for n in s["namespaces"]] == ["web1", "db\x1b1"]
assert "exit" not in s and "done" not in s
END
is 'status -j'

# The daemon knows no name of it; a process in it says more than the number.
unshare -n sleep 30 &
sleeper=$!
until ino=$(stat -L -c %i "/proc/$sleeper/ns/net") && [ "$ino" != "$(stat -L -c %i /proc/self/ns/net)" ] &&
	[ "$(cat "/proc/$sleeper/comm")" = sleep ]; do sleep 0.05; done
asks '{"cmd":"status"}' status <<<'{"status":{"netns":"inode '"$ino"'","inode":'"$ino"',"state":"enforcing"}}
{"status":{"netns":"inode 5","inode":5,"state":"failed"}}
{"done":true,"exit":0}'
want_out "^sleep\[$sleeper\] +$ino +enforcing"
want_out '^inode 5 +5 +failed'
is 'status of a namespace without a name'
kill "$sleeper"

sed 's/"failed":null,"unconfirmed-until":null,"gone-back":false/"failed":"nsfence.conf:2:1: Error: x","unconfirmed-until":86400,"gone-back":true/; s/"backend":"nft"/"backend":null/' \
	<<<"{$first,\"done\":true,\"exit\":1}" >"$tmp/failed"
asks '{"cmd":"status"}' status <"$tmp/failed"
want_rc 1
want_out '^backend +not reachable$'
want_out '^ +FAILED: the files are not what is in force: nsfence.conf:2:1: Error: x$'
want_out '^ +FAILED: .* and not confirmed$'
want_out '^ +unconfirmed: goes back at 1970-01-0[0-9 :-]+ without nsfence confirm$'
grep -q NETNS "$tmp/out" && complain 'a table of nothing'
is 'status where not all is well'

plan='{"change":{"do":"attach","name":"web1","inode":5,"policy":"web","source":"nsfence.conf:6","detail":""}}
{"change":{"do":"take-over","name":"u","inode":6,"policy":"drop","source":"nsfence.conf:9","detail":"accept, manual"}}
{"change":{"do":"policy-delete","name":"old","inode":0,"policy":"","source":"","detail":""}}'
asks '{"cmd":"plan"}' plan <<<"$plan"$'\n''{"changes":3,"done":true,"exit":5}'
want_rc 5
want_no_err
want_out '^\+ attach +web1 \(inode 5\): web, nsfence.conf:6$'
want_out '^! take over +u \(inode 6\): drop, nsfence.conf:9 \(accept, manual\)$'
want_out '^- policy +old$'
is 'plan with a difference'

asks '{"cmd":"plan"}' plan -j <<<"$plan"$'\n''{"changes":3,"done":true,"exit":5}'
want_rc 5
want_out '^\{"differs":true,"changes":\[\{"do":"attach","name":"web1",'
is 'plan -j'

asks '{"cmd":"plan"}' plan <<<'{"changes":0,"done":true,"exit":0}'
want_rc 0
want_no_out
is 'plan without one'

asks '{"cmd":"plan"}' plan <<'END'
{"line":"nsfence.conf:2:10: Error: no"}
{"line":"          ^^^\u001b[0m"}
{"error":"the configuration has errors","exit":1}
END
want_rc 1
want_no_out
want_err '^nsfence.conf:2:10: Error: no$'
want_err '^          \^\^\^\\x1b\[0m$'
want_err '^nsfence: the configuration has errors$'
is 'plan with errors'

asks '{"cmd":"apply","confirm":0}' apply <<<'{"fences":"2 of 2","unconfirmed-until":null,"done":true,"exit":0}'
want_rc 0
want_no_out
want_no_err
is 'apply'
asks '{"cmd":"apply","confirm":0}' apply -v <<<'{"fences":"2 of 2","unconfirmed-until":null,"done":true,"exit":0}'
want_out '^2 of 2$'
is 'apply -v'
for t in 30s:30 5m:300 1h:3600 45:45 24h:86400; do
	asks "{\"cmd\":\"apply\",\"confirm\":${t#*:}}" apply --confirm "${t%:*}" <<<'{"fences":"","unconfirmed-until":86400,"done":true,"exit":0}'
	want_rc 0
	want_out '^unconfirmed: goes back at 1970-01-0[0-9 :-]+ without nsfence confirm$'
	is "apply --confirm ${t%:*}"
done
asks '{"cmd":"apply","confirm":0}' apply <<'END'
{"failed":{"netns":"web1","inode":5,"state":"failed","reason":"no memory"}}
{"fences":"degraded","unconfirmed-until":null,"done":true,"exit":1}
END
want_rc 1
want_no_out
want_err '^nsfence: web1: failed: no memory$'
is 'apply of what fails'
asks '{"cmd":"apply","confirm":0}' apply -j <<'END'
{"failed":{"netns":"web1","inode":5,"state":"failed","reason":"no memory"}}
{"fences":"degraded","unconfirmed-until":null,"done":true,"exit":1}
END
want_rc 1
want_out '^\{"fences":"degraded","unconfirmed-until":null,"failed":\[\{"netns":"web1",.*\}\]\}$'
is 'apply -j of what fails'
asks '{"cmd":"reload"}' reload <<<'{"fences":"degraded: no module","unconfirmed-until":null,"done":true,"exit":1}'
want_rc 1
want_err '^nsfence: degraded: no module$'
is 'reload where it is no namespace that fails'
asks '{"cmd":"confirm"}' confirm <<<'{"error":"nothing waits to be confirmed","exit":1}'
want_rc 1
want_err '^nsfence: nothing waits to be confirmed$'
is 'confirm without need'
asks '{"cmd":"confirm"}' confirm -v <<<'{"done":true,"exit":0}'
want_rc 0
want_out '^confirmed$'
is 'confirm'

fine='{"status":{"netns":"web1","state":"enforcing","policy":"web"},"done":true,"exit":0}'
asks '{"cmd":"wait","kind":"netns","name":"web1","timeout":0}' wait web1 <<<"$fine"
want_rc 0
want_no_out
is 'wait'
asks '{"cmd":"wait","kind":"netns","name":"web1","timeout":120}' wait --timeout 2m web1 -v <<<"$fine"
want_rc 0
want_out '^web1: enforcing, web$'
is 'wait -v'
asks '{"cmd":"wait","kind":"inode","name":"5","timeout":0}' wait --inode 5 -j <<<"$fine"
want_out '^\{"netns":"web1","state":"enforcing","policy":"web"\}$'
is 'wait -j'
asks "{\"cmd\":\"wait\",\"kind\":\"pid\",\"name\":\"$$\",\"timeout\":0}" wait --pid $$ <<<"$fine"
is 'wait --pid'
asks "{\"cmd\":\"wait\",\"kind\":\"path\",\"name\":\"$PWD/x\",\"timeout\":0}" wait --path x <<<"$fine"
is 'wait --path, from here'
mkdir /run/real
ln -s real /run/link
ln -s nowhere /run/real/last
while read -r t want; do
	asks "{\"cmd\":\"wait\",\"kind\":\"path\",\"name\":\"$want\",\"timeout\":0}" wait --path "$t" <<<"$fine"
	is "wait --path $t"
done <<'END'
/run/link/x /run/real/x
/run//real/./x /run/real/x
/run/link/../real/x /run/real/x
/run/link/last /run/real/last
/run/none/../x /run/none/../x
/x /x
END
asks '{"cmd":"wait","kind":"netns","name":"nosuch","timeout":0}' wait nosuch <<<'{"error":"nosuch: no section","exit":4}'
want_rc 4
want_err '^nsfence: nosuch: no section$'
is 'wait for what nobody claims'
asks '{"cmd":"wait","kind":"netns","name":"web1","timeout":0}' wait web1 </dev/null
want_rc 3
want_no_out
want_err '^nsfence: nsfenced went away before it had answered$'
is 'wait, while the daemon goes'
run wait $'a\xff'
want_rc 1
want_err 'is not UTF-8: try --inode$'
is 'wait for a name that cannot be sent'

run status
chmod 700 /run/nsfence
if command -v setpriv >/dev/null; then
	err=$(setpriv --reuid 65534 --clear-groups "$(readlink -f "$NSFENCE")" status 2>&1) && complain 'it ends with 0'
	out='' ran='nsfence status as somebody else'
	want_err '/run/nsfence/control: only root may ask nsfenced$'
	is 'somebody else is told'
else
	skip 'somebody else is told' 'no setpriv'
fi
finish
