#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The units under a real systemd, in the sandbox that they ask for: ready only
# after the first pass, reload, a deleted namespace is not kept alive by the
# sandbox's mount namespace, stop and kill leave the fences, nsfence@NAME and the
# conflict with the daemon.
#
# systemd is process 1 of a PID namespace with a mount namespace that is a slave
# of the machine's, as a container manager would run it; the network namespace
# and the user namespace are the initial ones.
. "$(dirname "$0")/lib.sh"
only_on 7.x

if [ ! -x /lib/systemd/systemd ] || ! command -v systemctl >/dev/null; then
	skip "the units under systemd" "systemd is not in this machine"
	finish
fi

load
mkdir -p /run/systemd/system /var/log /var/lib /var/tmp /run/lock
[ -e /etc/os-release ] || : >/etc/os-release
for t in basic sysinit network-pre shutdown multi-user umount final local-fs rescue emergency; do
	printf '[Unit]\nDescription=%s\n' "$t" >"/run/systemd/system/$t.target"
done
printf '[Unit]\nDescription=nothing\nAllowIsolate=yes\n' >/run/systemd/system/idle.target

start_systemd() {
	env -i container=other PATH="$PATH" unshare --pid --fork --mount --propagation slave bash -c '
		mount -t proc proc /proc
		exec /lib/systemd/systemd --system --unit=idle.target --log-target=console \
			--log-level=notice --show-status=0' </dev/null >"$TMP/systemd.log" 2>&1 &
	UNSHARE=$!
	JOBS+=("$UNSHARE")
}
# The only child of unshare is process 1 of the new namespace.
pid1() { cat "/proc/$UNSHARE/task/$UNSHARE/children" 2>/dev/null; }
in_systemd() { nsenter --pid --mount --target "$(pid1 | tr -d ' ')" -- "$@"; }
sctl() { in_systemd systemctl --no-pager "$@"; }
systemd_is_up() { sctl list-units; }
show() { sctl show --value -p "$2" "$1"; }
shows() { [[ $(show "$1" "$2") =~ $3 ]]; }

conf=/etc/nsfence
cp -r "$conf" "$TMP/conf.kept"
configure() { printf '%s\n' "$@" >"$conf/nsfence.conf"; }

start_systemd
wait_ok "systemd is up" 30 systemd_is_up

# --- the daemon ---------------------------------------------------------------------
netns_add web1 web2
configure '[netns web1]' 'policy = drop' '[netns web2]' 'policy = reject'
run_ok "nsfenced.service starts" sctl start nsfenced.service
# No waiting here: READY=1 is not sent before.
run_ok "when start returns, the first namespace is fenced" fenced web1
run_ok "and the second" fenced web2
like "its status line counts them" "$(show nsfenced.service StatusText)" '2 of 2 configured namespaces fenced'
daemon=$(show nsfenced.service MainPID)
cmp_num "it has a main process" "${daemon:-0}" -gt 1
in_daemon() { in_systemd nsenter --mount --target "$daemon" -- "$@"; }
unlike "the sandbox has a mount namespace of its own" \
	"$(in_systemd readlink "/proc/$daemon/ns/mnt")" "^$(in_systemd readlink /proc/1/ns/mnt | sed 's/[][]/\\&/g')\$"
like "and no other capabilities than it needs" \
	"$(in_systemd grep CapEff "/proc/$daemon/status")" '0000000000281000$'

inode=$(inode_of web2)
netns_del web2
wait_ok "a deleted namespace dies: the sandbox does not keep it" 60 dead "$inode"
run_ok "positive control: the other is still mounted in the sandbox" \
	in_daemon test -e /run/netns/web1
netns_add web2
wait_ok "made again, it is fenced again, from within the sandbox" 30 fenced web2

# --- reload -------------------------------------------------------------------------
configure '[netns web1]' 'policy = dorp'
run_fails "reload with an error fails" 1 '' sctl reload nsfenced.service
wait_ok "the status says FAILED" 30 shows nsfenced.service StatusText FAILED
is "and the service is up" "$(show nsfenced.service ActiveState)" active
fence web1
is "nothing has changed" "${F[policy]:-}" drop
configure '[netns web1]' 'policy = audit'
run_ok "reload without one" sctl reload nsfenced.service
fence_policy_is() { fence "$1" && [ "${F[policy]:-}" = "$2" ]; }
wait_ok "is applied" 30 fence_policy_is web1 audit
wait_ok "and what is configured no more is taken off" 30 unfenced web2
wait_ok "the status is good again" 30 shows nsfenced.service StatusText '^1 of 1'
configure '[netns web1]' 'policy = web'
run_ok "reload with a policy's file" sctl reload nsfenced.service
wait_ok "is applied: the sandbox lets an image through" 30 fence_policy_is web1 web

# --- killed, stopped ------------------------------------------------------------------
fence web1
instance=${F[instance]:-0}
in_systemd kill -9 "$daemon"
run_ok "killed: still fenced" fenced web1
back() { shows nsfenced.service ActiveState '^active$' && [ "$(show nsfenced.service MainPID)" != "$daemon" ]; }
wait_ok "systemd starts it again" 30 back
fence web1
is "which changes nothing" "${F[instance]:-}" "$instance"
run_ok "it stops" sctl stop nsfenced.service
run_ok "stopped: still fenced" fenced web1

# --- a configuration with errors -------------------------------------------------------
configure '[netns web1]' 'policy = dorp'
run_fails "a bad configuration: it does not start" 1 'failed' sctl start nsfenced.service
run_ok "and the fence stands" fenced web1
is "it may be tried as often as it takes" "$(show nsfenced.service StartLimitIntervalUSec)" 0
configure '[netns web1]' 'policy = reject'
wait_ok "mended, it comes up by itself" 60 shows nsfenced.service ActiveState '^active$'
run_ok "and does what is configured" fence_policy_is web1 reject

# --- nsfence asks -----------------------------------------------------------------------
run_ok "nsfence status, from outside of the sandbox" nsfence status
configure '[netns web1]' 'policy = reject' '[netns web3]' 'policy = drop'
run_ok "nsfence reload" nsfence reload
cat >/run/systemd/system/waits.service <<-END
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStartPre=+$(command -v nsfence) wait web3 --timeout 60s
	ExecStart=/bin/true
END
run_ok "a unit that waits for a fence" sctl start --no-block waits.service
wait_ok "is waiting" 20 shows waits.service ActiveState '^activating$'
netns_add web3
wait_ok "and starts when the fence is there" 30 shows waits.service ActiveState '^active$'
run_ok "which it is" fenced web3
daemon=$(show nsfenced.service MainPID)
configure '[netns web1]' 'policy = audit'
run_ok "nsfence apply --confirm: the state directory is writable" nsfence apply --confirm 1h
run_ok "what was applied is in force" fence_policy_is web1 audit
wait_ok "the status line says until when" 20 shows nsfenced.service StatusText '^unconfirmed: goes back at '
is "the state is root's alone" "$(stat -c '%a' /var/lib/nsfence/good)" 700
in_systemd kill -9 "$daemon"
wait_ok "killed: systemd starts it again" 30 back
run_ok "and it has gone back" fence_policy_is web1 reject
wait_ok "which the status line says" 20 shows nsfenced.service StatusText '^FAILED: what was applied was not confirmed'
configure '[netns web1]' 'policy = reject'
run_ok "nsfence reload" nsfence reload
wait_ok "all is well" 20 shows nsfenced.service StatusText '^1 of 1'
sctl stop waits.service
netns_del web3
sctl stop nsfenced.service
sctl reset-failed nsfenced.service

# --- nsfence@NAME ---------------------------------------------------------------------
nsfence detach --all >/dev/null
configure '[netns web1]' 'policy = drop' '[netns web2]' 'policy = sandbox'
run_ok "nsfence@web2.service starts" sctl start nsfence@web2.service
fence web2
is "web2 is fenced as configured, its policy set" "${F[policy]:-} ${F[flags]:-}" "sandbox inherit,born"
run_ok "web1 is not" unfenced web1
run_ok "it stops" sctl stop nsfence@web2.service
run_ok "and web2 is fenced no more" unfenced web2
netns_add web-3
configure '[netns web1]' 'policy = drop' '[netns web2]' 'policy = accept' '[netns web-3]' 'policy = drop'
run_ok "a name with a dash" sctl start nsfence@web-3.service
run_ok "is that name" fenced web-3
run_ok "also for the stop" sctl stop nsfence@web-3.service
run_ok "which takes its fence off" unfenced web-3
run_fails "a name that is not there: it fails" 1 'failed' sctl start nsfence@nosuch.service
run_ok "nsfence@web2.service once more" sctl start nsfence@web2.service
run_ok "the daemon starts" sctl start nsfenced.service
wait_ok "nsfence@web2.service gives way" 30 shows nsfence@web2.service ActiveState '^inactive$'
wait_ok "web2 is fenced by the daemon" 30 fenced web2
sctl stop nsfenced.service

# --- [unit] ---------------------------------------------------------------------------
# Where its main process is, as systemd says over the message bus.
units() {
	cat >/run/dbus.conf <<-END
		<busconfig><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><allow own="*"/><allow eavesdrop="true"/>
		<allow send_destination="*" eavesdrop="true"/></policy></busconfig>
	END
	cat >/run/systemd/system/dbus.socket <<-END
		[Unit]
		DefaultDependencies=no
		[Socket]
		ListenStream=/run/dbus/system_bus_socket
	END
	cat >/run/systemd/system/dbus.service <<-END
		[Unit]
		DefaultDependencies=no
		Requires=dbus.socket
		[Service]
		ExecStart=$(command -v dbus-daemon) --config-file=/run/dbus.conf --address=systemd: --nofork --nopidfile
	END
	printf '[Service]\nPrivateNetwork=yes\nExecStart=/bin/sleep 1000\n' >/run/systemd/system/private.service
	printf '[Service]\nNetworkNamespacePath=/run/netns/web1\nExecStart=/bin/sleep 1000\n' >/run/systemd/system/inside.service
	configure '[unit private]' 'policy = drop' '[unit inside.service]' 'policy = reject' '[unit nosuch]' 'policy = drop'
	sctl daemon-reload
	run_ok "a message bus" sctl start dbus.socket dbus.service
	run_ok "units in namespaces" sctl start private.service inside.service
	run_ok "the daemon" sctl start nsfenced.service

	local pid ino
	main_pid() { show "$1" MainPID; }
	ns_of() { in_systemd stat -L -c %i "/proc/$1/ns/net"; }
	main_fenced() { nsfence ls -j | jq -e --argjson i "$(ns_of "$(main_pid "$1")")" --arg p "$2" 'any(.[]; .inode == $i and .policy == $p)'; }
	unit_state() { nsfence status -j | jq -r --arg n "$1" '.namespaces[] | select(.netns == $n) | .state'; }
	unit_state_is() { [ "$(unit_state "$1")" = "$2" ]; }
	wait_ok "PrivateNetwork=yes: its main process is fenced" 30 main_fenced private.service drop
	wait_ok "NetworkNamespacePath=: too" 30 fence_policy_is web1 reject
	is "a unit that is not there is waited for" "$(unit_state nosuch.service)" pending
	pid=$(main_pid private.service)
	run_ok "the unit is started anew" sctl restart private.service
	unlike "control: with another main process" "$(main_pid private.service)" "^$pid\$"
	wait_ok "which is fenced" 30 main_fenced private.service drop
	run_ok "the other one is started anew, too" sctl restart inside.service
	wait_ok "and has its fence" 30 fence_policy_is web1 reject

	pid=$(main_pid private.service)
	sctl stop private.service
	wait_ok "stopped: it is waited for" 30 unit_state_is private.service pending
	run_ok "its number is given to a process in another namespace" in_systemd reuse pid "$pid" sleep 1000
	ino=$(ns_of "$pid")
	cmp_num "control: that is there" "${ino:-0}" -gt 0
	nsfence reload >/dev/null
	is "and not fenced" "$(nsfence ls -j | jq --argjson i "$ino" '[.[] | select(.inode == $i)] | length')" 0
	in_systemd kill -9 "$pid"
	run_ok "it starts again" sctl start private.service
	wait_ok "and is fenced" 30 main_fenced private.service drop
	sctl stop inside.service
	wait_ok "stopped: the namespace that it leaves behind has no fence" 30 unfenced web1

	in_systemd kill -9 "$(main_pid dbus.service)"
	run_ok "the bus dies: the fence stays" main_fenced private.service drop
	sctl restart dbus.socket dbus.service
	run_ok "another bus, another process" sctl restart private.service
	wait_ok "that is heard of" 60 main_fenced private.service drop
	sctl stop private.service nsfenced.service dbus.service dbus.socket
}
if command -v dbus-daemon >/dev/null; then
	units
else
	skip "[unit]" "there is no dbus-daemon in this machine"
fi

kill -9 "$(pid1 | tr -d ' ')" 2>/dev/null
wait "$UNSHARE" 2>/dev/null
rm -rf "$conf" && cp -r "$TMP/conf.kept" "$conf"
finish
