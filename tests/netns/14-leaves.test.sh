#!/bin/bash
# What of the module needs a kernel, but no packet on a wire: leaves.ko (tests/vm/leaves).
. "$(dirname "$0")/lib.sh"

if ! modinfo leaves >/dev/null 2>&1; then
	skip "leaves.ko" "it is not in this machine (tests/vm/leaves)"
	finish
fi
load
loaded=no
! modprobe leaves || loaded=yes
is "every check of leaves.ko holds" "$loaded" yes
while read -r line; do
	case $line in
	"ok - "*) ok "${line#ok - }" ;;
	"not ok - "*) not_ok "${line#not ok - }" ;;
	esac
done < <(log_since "$START" | sed -n 's/^.*leaves: //p')
cmp_num "it made its checks" "$(log_since "$START" | grep -c 'leaves: ok - ')" -ge 30
modprobe -r leaves
finish
