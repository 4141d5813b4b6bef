#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names in a /run/netns of our own, in a mount namespace: no root is needed
# where user namespaces may be made.
set -uo pipefail
# shellcheck source=tests/cli/lib
. "$(dirname "$0")/lib"
need_no_module

if [ "${NSF_INSIDE:-}" != yes ]; then
	if ! unshare -Urm true 2>/dev/null; then
		echo '1..0 # SKIP no user namespace can be made here'
		exit 0
	fi
	# Its own path first: /run is about to be covered.
	NSFENCE=$(realpath "$(command -v "$NSFENCE")") NSF_INSIDE=yes \
		unshare -Urm bash "$(realpath "$0")"
	exit
fi

mount -t tmpfs none /run && mkdir /run/netns || exit 1

run attach web1 drop
want_rc 4
want_err '\(there are none\)'
is 'an empty /run/netns'

touch /run/netns/web1
run attach web1 drop
want_rc 4
want_err '/run/netns/web1 is not \(yet\) a mount of a network namespace'
is 'the plain file that ip netns add makes first'

run attach nosuch drop
want_rc 4
want_err '\(there are none\)'
is 'a plain file is not listed as a namespace'

mount --bind /proc/self/ns/net /run/netns/web1
touch /run/netns/db1
mount --bind /proc/self/ns/net /run/netns/db1
run attach nosuch drop
want_rc 4
want_err '^nsfence: no namespace "nosuch" in /run/netns \(there are: db1, web1\)$'
is 'the message of DESIGN.md'

run attach web1 drop
want_rc 3
want_err 'the module is not loaded'
is 'a mounted name is found'

mkfifo /run/netns/fifo
run attach fifo drop
want_rc 4
want_err 'not \(yet\) a mount'
is 'a FIFO among the names does not make it wait'

touch /run/netns/mnt
mount --bind /proc/self/ns/uts /run/netns/mnt
run attach mnt drop
want_rc 1
want_err 'another kind \(UTS\)'
is 'a namespace of another kind among the names'

rm -f /run/netns/fifo
run doctor
want_out '^(ok  |warn)  names: .*/run/netns'
is 'doctor counts the names'
finish
