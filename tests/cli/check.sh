#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsfence check: exit codes, messages where people and programs expect them, and
# all of them in one run. What is an error is the business of tests/golden.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
NSFENCE=$(realpath "$(command -v "$NSFENCE")")
cd "$tmp" || exit 1

cat >good.nft <<'END'
table inet good {
	set hosts {
		type ipv4_addr
		elements = { 10.0.0.1, 10.0.0.3, 10.0.0.5 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ct state established,related accept
		ip saddr @hosts accept
	}
}
END
cat >bad.nft <<'END'
table inet bad {
	chain input {
		type filter hook input priority 0; policy accept;
  ip saddr 10.0.0.300 accept
		tcp dport 70000 accept
	}
}
END
cat >warned.nft <<'END'
table ip warned {
	chain input {
		type filter hook input priority 0; policy accept;
		tcp dport 80 accept
	}
}
END

run check good.nft
want_rc 0
want_no_err
want_out '^good.nft: valid: 4 records, 1 sets, 3 elements, [0-9]+ bytes$'
[ "$(wc -l <out)" = 1 ] || complain 'not one line'
is 'a valid policy'

run check bad.nft
want_rc 1
want_no_out
grep -Fqx 'bad.nft:4:12-21: Error: "10.0.0.300" is not an IPv4 address' err || complain 'the first line of the message'
grep -Fqx '  ip saddr 10.0.0.300 accept' err || complain 'the source line'
grep -Fqx '           ^^^^^^^^^^' err || complain 'the caret'
want_err '^bad\.nft:5:13-17: Error: '
is 'the message of DESIGN.md, and the second error in the same run'

run check warned.nft
want_rc 0
want_err '^warned\.nft:1:.*Warning: .*IPv6'
want_out '^warned.nft: valid: '
is 'a warning is no error'

run check good.nft bad.nft good.nft
want_rc 1
[ "$(grep -c '^good.nft: valid' out)" = 2 ] || complain 'both others are valid'
want_err '^bad\.nft:4'
is 'several files'

run check nosuch.nft
want_rc 4
want_no_out
want_err 'nosuch\.nft.*No such file'
is 'a file that is not there'

run check nosuch.nft bad.nft
want_rc 1
want_err 'nosuch\.nft'
want_err '^bad\.nft:4'
is 'a file that is wrong weighs more than one that is not there'

run check nosuch.nft good.nft
want_rc 4
is 'a valid file does not excuse one that is not there'

run check .
want_rc 1
want_err '^\.(:|: Error: )'
is 'a directory'

mkfifo fifo.nft
run check fifo.nft
want_rc 1
want_err 'fifo\.nft'
is 'a FIFO does not make it wait'

: >empty.nft
run check empty.nft
want_rc 1
want_err '^empty\.nft.*Error: '
is 'an empty file'

run check -j good.nft bad.nft warned.nft
want_rc 1
want_no_err
python3 - out <<'END' || complain 'the JSON has another form'
import json, sys
d = json.load(open(sys.argv[1]))
assert all(list(x) == ["file", "line", "col", "end", "level", "message"] for x in d), d
assert {"file": "bad.nft", "line": 4, "col": 12, "end": 21, "level": "error",
        "message": '"10.0.0.300" is not an IPv4 address'} in d, d
assert [x["line"] for x in d if x["file"] == "bad.nft"] == [4, 5], d
assert {x["level"] for x in d if x["file"] == "warned.nft"} == {"warning"}, d
assert not [x for x in d if x["file"] == "good.nft"], d
END
[ "$(wc -l <out)" = 1 ] || complain 'not one line'
is 'check -j'

run check -j good.nft
want_rc 0
want_out '^\[\]$'
is 'check -j of a valid policy'

run -p check bad.nft
want_rc 1
python3 -m json.tool out >/dev/null || complain 'this is no JSON'
[ "$(wc -l <out)" -gt 5 ] || complain 'it is not indented'
is 'check -p'

printf 'table inet x {\n\tchain c {\n\t\tip saddr \033[31mred accept\n\t}\n}\n' >escape.nft
run check escape.nft
want_rc 1
grep -q $'\033' err && complain 'a control character reached the terminal'
is 'control characters of a policy do not reach the terminal'

run check
want_rc 2
want_err '^nsfence: check: which policy\? .*\(see nsfence check --help\)$'
is 'check without a file'
run check --frob good.nft
want_rc 2
is 'check with an unknown option'

# No privilege, no namespace, no module: as nobody, where that can be tried.
if command -v setpriv >/dev/null && [ "$(id -u)" = 0 ]; then
	chmod 755 . && chmod 644 good.nft
	if setpriv --reuid=65534 --regid=65534 --clear-groups "$NSFENCE" version >/dev/null 2>&1; then
		out=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$NSFENCE" check good.nft 2>&1) ||
			complain 'it fails without privilege'
		want_out ': valid: '
		is 'check needs no privilege'
	else
		skip 'check needs no privilege' 'nobody cannot run the program here'
	fi
else
	skip 'check needs no privilege' 'not root, or no setpriv'
fi
finish
