#!/bin/bash
# What fails half-way leaves nothing: the k-th namespace's state at load and at
# birth, and the k-th step of an attach; with the build that can be told to fail.
. "$(dirname "$0")/lib.sh"
only_on 5.10 7.x debug
topology
a=$(inode_of a) b=$(inode_of b)
memory="Cannot allocate memory"
set_fault() { echo "$2" >"/sys/module/nsfence/parameters/$1"; }
left() { cat "/sys/module/nsfence/parameters/$1"; }

if [ ! -e "$(faults_ko)" ]; then
	skip "failures" "there is no $(faults_ko)"
	finish
fi

# --- at load: every namespace there is -------------------------------------------
k=1 bad=
while :; do
	if load_faults "fail_init=$k" "inode=$a"; then break; fi
	grep -q "$memory" "$TMP/load.err" || bad="k=$k: $(cat "$TMP/load.err")"
	[ ! -d /sys/module/nsfence ] || bad="k=$k: loaded"
	[ "$(probe r "ping,$A4" "$ANSWER")" = ok ] || bad="k=$k: no ping to a"
	[ $k -lt 50 ] || break
	k=$((k + 1))
done
is "load: the k-th namespace fails, for every k: not loaded, ENOMEM, traffic passes" "$bad" ""
is "load: as many k as there are namespaces" "$((k - 1))" "$(count namespaces)"
is "load: after the last, the load succeeds and fences" "$(probe r "ping,$A4")" ETIMEDOUT
is "load: the countdown stands at one" "$(left fail_init)" 1
set_fault fail_init 0
if have_nft_hooks; then cmp_num "load: the hooks are there" "$(nft_hooks a)" -ge 6; fi
nsfence detach --all >/dev/null
run_ok "load: it unloads" unload
no_nft_hooks "load: no hook is left" a r b u

# --- at load: every step of two attaches --------------------------------------------
k=1 bad=
while :; do
	if load_faults "fail_attach=$k" "inode=$a,$b"; then break; fi
	grep -q "$memory" "$TMP/load.err" || bad="k=$k: $(cat "$TMP/load.err")"
	[ ! -d /sys/module/nsfence ] || bad="k=$k: loaded"
	[ "$(probe r "ping,$A4" "$ANSWER")" = ok ] || bad="k=$k: no ping to a"
	[ "$(probe r "ping,$B4" "$ANSWER")" = ok ] || bad="k=$k: no ping to b"
	[ $k -lt 50 ] || break
	k=$((k + 1))
done
is "inode=: the k-th step fails, for every k: not loaded, ENOMEM, traffic passes" "$bad" ""
cmp_num "inode=: there are as many steps as an attach has, twice" "$k" -ge 13
is "inode=: after the last, both are fenced" "$(count attachments)" 2
set_fault fail_attach 0
run_fails "inode=: and it does not unload" 1 "in use" unload
nsfence detach --all >/dev/null
run_ok "inode=: until they are detached" unload
no_nft_hooks "inode=: no hook is left" a r b u

# --- at birth ---------------------------------------------------------------------------
load_faults || bail "the module loads" "$(cat "$TMP/load.err")"
base_counts
bad=
for k in 1 2 3 5; do
	set_fault fail_init $k
	for ((i = 1; i < k; i++)); do
		ip netns add "n$i" 2>/dev/null || bad="k=$k: namespace $i failed"
	done
	out=$(ip netns add fails 2>&1) && bad="k=$k: the k-th was made"
	grep -q "$memory" <<<"$out" || bad="k=$k: $out"
	ip netns add after 2>/dev/null || bad="k=$k: the next failed"
	ip netns del after
	for ((i = 1; i < k; i++)); do ip netns del "n$i"; done
	ip netns del fails 2>/dev/null
done
is "birth: the k-th namespace is not made, for several k: ENOMEM; the others are" "$bad" ""
wait_ok "birth: their state is gone" 60 counts_are "$BASE"

# --- an attach ----------------------------------------------------------------------------
k=1 bad=
while :; do
	set_fault fail_attach $k
	out=$(nsfence attach a drop 2>&1) && break
	[[ $out == *[Mm]emory* ]] || bad="k=$k: $out"
	counts_are "$BASE" || bad="k=$k: $(counts)"
	[ "$(probe r "ping,$A4" "$ANSWER")" = ok ] || bad="k=$k: no ping to a"
	[ $k -lt 30 ] || break
	k=$((k + 1))
done
is "attach: the k-th step fails, for every k: said so, and nothing was changed" "$bad" ""
cmp_num "attach: it has more than memory for one" "$k" -ge 7
is "attach: after the last, a is fenced" "$(probe r "ping,$A4")" ETIMEDOUT
set_fault fail_attach 0
nsfence detach a >/dev/null
no_nft_hooks "attach: no hook is left" a r b u

# --- a replacement: the old fence stays ------------------------------------------------------
run_ok "replace: a fence on input" nsfence attach a drop --hooks input --source first
fence a
was="${F[policy]} ${F[hooks]} ${F[source]} ${F[instance]}"
hooks=$(nft_hooks a)
k=1 bad=
while :; do
	set_fault fail_attach $k
	out=$(nsfence attach a accept --replace --source second 2>&1) && break
	[[ $out == *[Mm]emory* ]] || bad="k=$k: $out"
	fence a
	[ "${F[policy]} ${F[hooks]} ${F[source]} ${F[instance]}" = "$was" ] || bad="k=$k: ${F[*]}"
	[ -n "$DEBUG" ] || [ "$(nft_hooks a)" = "$hooks" ] || bad="k=$k: $(nft_hooks a) hooks, there were $hooks"
	[ "$(probe r "ping,$A4")" = ETIMEDOUT ] || bad="k=$k: a ping passed"
	[ $k -lt 30 ] || break
	k=$((k + 1))
done
is "replace: the k-th step fails, for every k: the old fence stands as it was" "$bad" ""
cmp_num "replace: it has steps that fail" "$k" -ge 5
is "replace: after the last, the new one" "$(probe r "ping,$A4" "$ANSWER")" ok
set_fault fail_attach 0

finish
