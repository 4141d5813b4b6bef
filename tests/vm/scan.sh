#!/bin/bash
# scan.sh: does scripts/console-splats know a kernel in trouble from a sane one?
# Feeds single console lines to `scripts/vm scan`. Needs no machine. Prints TAP.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
line=$(mktemp)
trap 'rm -f "$line"' EXIT
count=0
failed=0

# expect 0|1 TEXT: what scan must answer for a console that shows TEXT.
expect() {
	local want=$1 got=0

	# As it arrives: time stamp before, carriage return after.
	printf '[    0.000000] Linux version\r\n[   12.345678] %s\r\n' "$2" > "$line"
	"$top/scripts/vm" scan "$line" > /dev/null || got=$?
	count=$((count + 1))
	if [ "$got" = "$want" ]; then
		echo "ok $count - $([ "$want" = 1 ] && echo trouble || echo sane): $2"
	else
		echo "not ok $count - $([ "$want" = 1 ] && echo trouble || echo sane): $2"
		failed=$((failed + 1))
	fi
}

echo "TAP version 13"
while read -r text; do
	expect 1 "$text"
done << 'END'
WARNING: CPU: 0 PID: 167 at net/core/dev.c:181 some_function+0x15/0x20
WARNING: net/core/dev.c:181 at some_function+0x15/0x20, CPU#0: modprobe/167
[    T1] WARNING: suspicious RCU usage
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: inconsistent lock state
WARNING: lock held when returning to user space!
[ BUG: Invalid wait context ]
BUG: kernel NULL pointer dereference, address: 0000000000000010
BUG: sleeping function called from invalid context at include/linux/sched/mm.h:337
BUG: scheduling while atomic: modprobe/142/0x00000002
BUG: KASAN: slab-use-after-free in plant_uaf+0x10/0x20 [planted]
BUG: unable to handle page fault for address: ffffffffc0000000
BUG: soft lockup - CPU#0 stuck for 22s! [modprobe:142]
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [modprobe:142]
Oops: 0002 [#1] PREEMPT SMP KASAN
Oops: general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1]
general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1] SMP
kernel BUG at net/core/skbuff.c:113!
Kernel panic - not syncing: Fatal exception in interrupt
KASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]
UBSAN: array-index-out-of-bounds in net/core/dev.c:12:3
ODEBUG: free active (active state 0) object: 0000000000000000 object type: timer_list hint: tick
ODEBUG: Out of memory. ODEBUG disabled
kmemleak: 16 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
INFO: task modprobe:142 blocked for more than 120 seconds.
INFO: rcu_preempt detected stalls on CPUs/tasks: { 1-... } (detected by 0, t=15002 jiffies)
rcu: INFO: rcu_preempt self-detected stall on CPU
unregister_netdevice: waiting for lo to become free. Usage count = 2
refcount_t: underflow; use-after-free.
list_del corruption, ffff88800a0b0000->next is LIST_POISON1
BUG kmalloc-64 (Tainted: G           O      ): Object already free
BUG: MAX_LOCKDEP_ENTRIES too low!
END
while read -r text; do
	expect 0 "$text"
done << 'END'
planted: loading out-of-tree module taints kernel.
module verification failed: signature and/or required key missing - tainting kernel
RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!
Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!
kmemleak: Kernel memory leak detector initialized (mem pool available: 38765)
kmemleak: Automatic memory scanning thread started
KernelAddressSanitizer initialized (generic)
Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
RCU lockdep checking is enabled.
nf_conntrack version 0.5.0 (8192 buckets, 32768 max)
reboot: Power down
Running RCU self tests
ACPI BIOS Warning (bug): Incorrect checksum in table
FAULT_INJECTION: forcing a failure.
END
echo "1..$count"
[ $failed = 0 ]
