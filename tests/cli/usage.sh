#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is wrong on the command line is named, leads to --help, and is exit code 2.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"

# usage WHAT REGEX ARGS...
usage() {
	local what=$1 regex=$2
	shift 2
	run "$@"
	want_rc 2
	want_no_out
	want_err "^nsfence: .*$regex"
	want_err '\(see nsfence( [a-z]+)? --help\)$'
	[ "$(wc -l <"$tmp/err")" = 1 ] || complain 'more than one line of errors'
	is "$what"
}

usage 'an unknown command' 'unknown command "frobnicate"; there are ls, attach' frobnicate
usage 'an empty command' 'unknown command ""' ''
usage 'an unknown option before the command' 'option --frob' --frob ls
usage 'an unknown short option' 'unknown option -x' -x
usage 'an unknown option of a command' 'ls: .*option --frob' ls --frob
usage 'an unknown short option of a command, in a cluster' 'unknown option -x' ls -jx
usage 'an unknown short option in a cluster, behind a long one' 'unknown option -x' ls --all -xj
usage 'a value for an option that has a short form' '--json takes no value' ls --all --json=yes
usage 'an option with a value it does not take' '--all takes no value' ls --all=yes
usage 'ls with an argument' 'unexpected argument "web1"' ls web1
usage 'version with an argument' 'unexpected argument' version now
usage 'doctor with an argument' 'unexpected argument' doctor now
usage 'monitor with an argument' 'unexpected argument' monitor now

usage 'attach without anything' 'which namespace' attach
usage 'attach without a policy' 'which policy' attach web1
usage 'attach by inode without a policy' 'which policy' attach --inode 5
usage 'attach with too much' 'unexpected argument "more"' attach web1 drop more
usage 'attach with two namespaces' 'one namespace only' attach --inode 5 --pid 3 drop
usage 'an empty policy' 'name has 0 bytes' attach web1 ''
usage 'a policy with a name that is too long' '64 bytes, 1 to 63' attach web1 "$(printf 'p%.0s' {1..64})"
usage 'a mode that does not exist' '"learn" is not a mode \(enforce, audit\)' attach web1 drop --mode learn
usage 'a mode that is missing' '--mode needs a value' attach web1 drop --mode
usage 'a hook that does not exist' 'unknown hook "ingress" \(accepted: .*input' attach web1 drop --hooks input,ingress
usage 'an empty list of hooks' 'unknown hook ""' attach web1 drop --hooks ''
usage 'a source that is too long' '128 bytes, at most 127' attach web1 drop --source "$(printf 's%.0s' {1..128})"
usage 'an empty path' 'path is empty' attach --path '' drop
usage '--configured with another option' 'no other option' attach --configured web1 --strict
usage '--configured with a policy' 'unexpected argument' attach --configured web1 drop
usage '--configured without a name' 'takes a NAME' attach --configured --inode 5
usage '--config without --configured' 'for --configured only' attach web1 drop --config /etc

for n in 0 -1 +1 1x x '' ' 1' '1 ' 0x10 1.5 4294967296 99999999999999999999999; do
	usage "inode \"$n\"" 'not an inode number' attach --inode="$n" drop
done
for n in 0 -1 1x '' 2147483648; do
	usage "process \"$n\"" 'not a process id' detach --pid="$n"
done
for n in 0 x 4294967296; do
	usage "monitor --count $n" 'not a number of events' monitor --count "$n"
done

usage 'policy without anything' 'what\? \(ls, set FILE, del NAME\)' policy
usage 'policy with an unknown word' '"frob" is none of ls, set, del' policy frob
usage 'policy ls with an argument' 'unexpected argument "web"' policy ls web
usage 'policy set without a file' 'set: which FILE' policy set
usage 'policy del without a name' 'del: which policy' policy del
usage 'policy del with two names' 'unexpected argument "b"' policy del a b
usage 'stats of a policy and a namespace' 'no namespace besides it' stats web1 --policy web
usage 'stats of a built-in policy' 'drop is built in' stats --policy drop
usage 'stats of a policy without a name' '--policy needs a value' stats --policy

usage 'detach without anything' 'which namespace' detach
usage 'detach with two names' 'one namespace only' detach web1 web2
usage 'detach --all with a name' '--all takes no namespace' detach --all web1
usage 'detach --all with --descendants' 'no --descendants' detach --all --descendants
usage 'detach --configured with --descendants' 'made by hand' detach --configured web1 --descendants
usage '--descendants with --configured' 'no other option' attach --configured web1 --descendants
usage '--inherit with --configured' 'no other option' attach --configured web1 --inherit

usage 'run without anything' 'run: which policy\?' run
usage 'run without a command' 'which command\?' run drop
usage 'run with nothing after --' 'which command\?' run drop --
usage 'run without --' '"true": the command comes after --' run drop true
usage 'run with an option of the command before --' 'unknown option -c' run drop -c true
usage 'run without a policy' 'run: which policy\?' run -- true
usage 'run with an empty policy' 'name has 0 bytes' run '' -- true
usage 'run with a mode that does not exist' '"learn" is not a mode' run drop --mode learn -- true
for n in '' . .. a/b "$(printf 'n%.0s' {1..256})"; do
	usage "run with the name \"${n:0:8}\"" '--name: ".*" is (not a|too long for a) name of a namespace' run drop --name "$n" -- true
done
usage 'birth with two policies' 'unexpected argument "reject"' birth drop reject
usage 'birth with an option and no policy' "are a POLICY's" birth --strict
usage 'birth none with an option' "are a POLICY's" birth none --mode audit
usage 'birth with a source, which is always birth' 'unknown or ambiguous option --source' birth drop --source x
usage 'detach --all with an inode' '--all takes no namespace' detach --inode 5 --all
usage 'stats of a bad inode' 'not an inode number' stats web1 --inode x
finish
