#!/bin/bash
# A thousand namespaces, fences on half of them: nothing is left behind, neither
# in the module's counts nor in the kernel's memory or log.
. "$(dirname "$0")/lib.sh"
only_on 5.10 7.x debug
n=${NSF_SCALE:-1000} why=
[ -z "$DEBUG" ] || { n=60 why=" (debug kernel: not 1000)"; }
netns_add a
load
run_ok "a fence beside them" nsfence attach a drop
fence a
instance=${F[instance]}
start=$(counts)

# Objects in use, by slab cache: those of namespaces, and those that the module
# allocates from (accounted ones, from 5.14 on in caches of their own).
slabs() { awk '/^net_namespace |^kmalloc-cg-(64|96|128|192|256|512|1k) / { print $1, $2 }' /proc/slabinfo; }
round() { mknetns -f -k 25 "$n"; }
settled() { wait_until 120 counts_are "$start"; }

is "$n namespaces, half of them fenced$why" "$(round)" "made=$n fenced=$((n / 2))"
settled
is "all gone: as many namespaces and fences as before" "$(counts)" "$start"
slabs >"$TMP/slabs1"
log_mark
mark=$MARK
is "$n more$why" "$(round)" "made=$n fenced=$((n / 2))"
settled
is "all gone again" "$(counts)" "$start"
fence a
is "the fence beside them is as it was" "${F[policy]:-} ${F[instance]:-}" "drop $instance"
is "the module has logged nothing" "$(log_since "$mark" | grep -i nsfence | grep -v nsf-test)" ""

# The second thousand needs no more memory than the first left in use. What is
# lost with each fence would show $((n / 2)) times and more; SLUB counts whole
# slabs, so a part of that is noise.
if [ -r /proc/slabinfo ] && [ -s "$TMP/slabs1" ]; then
	grown() { slabs | join - "$TMP/slabs1" | awk -v max="$((n * 2 / 5))" '$2 - $3 > max'; }
	if wait_until 20 eval '[ -z "$(grown)" ]'; then
		ok "slabs: no cache has grown by as many objects as there were fences"
	else
		not_ok "slabs: no cache has grown by as many objects as there were fences" "$(grown)"
	fi
	diag "slabs, second and first: $(slabs | join - "$TMP/slabs1" | paste -sd, -)"
else
	skip "slabs" "no /proc/slabinfo"
fi
# The kernel's figure of per-CPU memory tells nothing here: on 6.1 it grows by
# megabytes, and most where nothing is fenced. What is lost of that, kmemleak finds
# on the debug kernel.

# With the list being read all the time, names coming and going as well.
(while :; do nsfence ls --all -j || exit 1; done >"$TMP/lists") &
lists=$!
JOBS+=("$lists")
is "$((n / 4)) more while the list is read$why" "$(mknetns -f -k 10 $((n / 4)))" "made=$((n / 4)) fenced=$((n / 8))"
is "the reader never failed" "$(kill -0 $lists && echo lives)" lives
stop_job "$lists"
is "each list had the fence beside them, once" \
	"$(jq -s -c --argjson i "$instance" 'map(map(select(.instance == $i)) | length) | unique' <(sed '/]$/!d' "$TMP/lists"))" "[1]"
settled
is "all gone" "$(counts)" "$start"
run_ok "detach" nsfence detach a

finish
