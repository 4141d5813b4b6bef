# shellcheck shell=bash
# lib-image.sh: the guest's file system. It is sourced by scripts/vm after
# lib.sh.
#
# Owns CACHE/images and what is in the guest. An image is several cpio archives,
# one after the other, as the kernel reads them; none is compressed, because an
# emulated processor inflates slower than it copies:
#
#   base      the host's programs with their libraries, busybox for the rest;
#             cached until the host's packages or this file change
#   modules   the kernel's own modules that tests need; cached per release
#   overlay   nsfence: module, daemon, tool, configuration, tests
#   run       what this one run executes

IMAGE_SELF=$NSF_TOP/scripts/lib-image.sh

# Programs without which tests cannot run, and those that are welcome.
IMAGE_NEEDED=(bash ip tc nft ping socat nc unshare nsenter setpriv capsh strace
	timeout stdbuf jq sysctl tcpdump mount umount modprobe insmod rmmod depmod
	modinfo lsmod ss dmesg stty setsid flock)
IMAGE_WELCOME=(conntrack bridge findmnt mountpoint lsns prlimit taskset getopt kill
	logger script ps pgrep pkill pidof getent ldd
	ls cp mv rm ln mkdir rmdir mkfifo mknod stat date sleep sort uniq head tail cat
	cut tr wc od seq comm join paste tee env id nproc readlink realpath mktemp dd
	df du touch chmod chown expr printf basename dirname md5sum sha256sum uname
	true false test tac shuf split truncate base64 nohup sync yes nice numfmt
	grep sed awk mawk diff cmp find xargs dbus-daemon)

# Programs that are not in anybody's PATH: systemd, to run our units for real.
IMAGE_SYSTEMD=(/lib/systemd/systemd /lib/systemd/systemd-executor /bin/systemctl /bin/systemd-notify)

# Directories and modules of the kernel's package that go into the guest, with
# everything that they depend on.
IMAGE_MODULES='^kernel/(net/(netfilter|ipv4|ipv6|bridge|sched|8021q|802|llc|packet|unix|xdp|sctp|netlink|openvswitch)/|drivers/net/(veth|dummy|ifb|macvlan|macvtap|vrf|tun|tap|nlmon|netkit|geneve|ipvlan/.*|vxlan/.*|bonding/.*)\.ko|crypto/crc32c|arch/x86/crypto/crc32c)'

image_dir() {
	cache_dir images
}

# put_file ROOT FILE: copies FILE of the host. /bin and /lib are
# links to /usr in the guest, so every path is taken below /usr.
put_file() {
	local root=$1 file=$2 dest=$2

	case $dest in
	/usr/*) ;;
	/bin/* | /sbin/* | /lib/* | /lib64/*) dest=/usr$dest ;;
	esac
	if [ ! -e "$root$dest" ]; then
		mkdir -p "$root${dest%/*}"
		cp -L "$file" "$root$dest"
	fi
}

# libraries FILE...: the paths of all that they load. A script or a static
# program loads nothing, which ldd reports as a failure.
libraries() {
	ldd "$@" 2> /dev/null | sed -nE 's/^[^:]*[[:space:]](\/[^ ]+) \(0x.*/\1/p' | sort -u || true
}

# pack DIR FILE: DIR as a cpio archive of root's files.
pack() {
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio -0 -o -H newc -R 0:0 --quiet) > "$2.new.$$"
	mv "$2.new.$$" "$2"
}

# base_build ROOT fills ROOT with everything that does not change from run to run.
base_build() {
	local root=$1 name file programs=() dir

	mkdir -p "$root"/{usr/{bin,sbin,lib,lib64,share},etc,dev,proc,sys,run,tmp,root,nsfence,newroot,var}
	for dir in bin sbin lib lib64; do
		ln -s "usr/$dir" "$root/$dir"
	done
	ln -s /run "$root/var/run"
	chmod 1777 "$root/tmp"

	for name in "${IMAGE_NEEDED[@]}" "${IMAGE_WELCOME[@]}"; do
		file=$(PATH=$PATH:/usr/sbin:/sbin type -P "$name") || {
			case " ${IMAGE_NEEDED[*]} " in
			*" $name "*) die "$name is not installed, and the guest needs it; run scripts/setup vm" ;;
			esac
			continue
		}
		programs+=("$file")
		put_file "$root" "$file"
	done
	for file in "${IMAGE_SYSTEMD[@]}"; do
		if [ -e "$file" ]; then
			programs+=("$file")
			put_file "$root" "$file"
		fi
	done
	for file in /usr/libexec/coreutils/libstdbuf.so /usr/lib/x86_64-linux-gnu/libgcc_s.so.1 \
		/usr/lib/x86_64-linux-gnu/coreutils/libstdbuf.so /lib/x86_64-linux-gnu/libgcc_s.so.1 \
		/lib/terminfo/*/{linux,vt100,vt220,xterm,xterm-256color,screen,dumb}; do
		if [ -e "$file" ]; then
			put_file "$root" "$file"
		fi
	done
	while read -r file; do
		put_file "$root" "$file"
	done < <(libraries "${programs[@]}")
	for dir in /etc/iproute2 /usr/share/iproute2 /usr/share/nftables /usr/lib/tc; do
		if [ -d "$dir" ]; then
			mkdir -p "$root${dir%/*}"
			cp -rL "$dir" "$root$dir"
		fi
	done

	# The names of services and protocols, as nft asks the C library for them.
	for file in /etc/services /etc/protocols; do
		if [ -e "$file" ]; then
			cp -L "$file" "$root$file"
		fi
	done

	cp "$(type -P busybox)" "$root/usr/bin/busybox"
	while read -r name; do
		if [ ! -e "$root/usr/bin/$name" ] && [ ! -e "$root/usr/sbin/$name" ]; then
			ln -s busybox "$root/usr/bin/$name"
		fi
	done < <(busybox --list)
	[ -e "$root/usr/bin/sh" ] || ln -s bash "$root/usr/bin/sh"

	cat > "$root/etc/passwd" <<- 'END'
	root:x:0:0:root:/root:/bin/bash
	tcpdump:x:100:100::/:/bin/false
	nobody:x:65534:65534:nobody:/:/bin/false
	END
	cat > "$root/etc/group" <<- 'END'
	root:x:0:
	tty:x:5:
	tcpdump:x:100:
	nogroup:x:65534:
	END
	echo 'hosts: files' > "$root/etc/nsswitch.conf"
	printf '127.0.0.1 localhost\n::1 localhost\n' > "$root/etc/hosts"
	for file in protocols services; do
		if [ -e "/etc/$file" ]; then
			cp -L "/etc/$file" "$root/etc/$file"
		else
			: > "$root/etc/$file"
		fi
	done
}

# base_cpio prints the cached archive's path, made first if need be.
base_cpio() {
	local key out

	need vm busybox cpio ldd
	# The package database changes with every package; programs from elsewhere
	# are covered by their own times.
	key=$({
		sha256sum "$IMAGE_SELF"
		stat -c '%Y %s' /var/lib/dpkg/status 2> /dev/null || true
		for name in "${IMAGE_NEEDED[@]}" busybox; do
			stat -Lc '%n %Y %s' "$(PATH=$PATH:/usr/sbin:/sbin type -P "$name" || echo /)"
		done
	} | hash_of)
	out=$(image_dir)/base-$key.cpio
	if [ ! -f "$out" ]; then
		(
			take_lock "$(image_dir)/lock"
			[ ! -f "$out" ] || exit 0
			stage=$(mktemp -d "$(image_dir)/stage.XXXXXX")
			trap 'rm -rf "$stage"' EXIT
			phase "guest: programs" base_build "$stage" >&2
			pack "$stage" "$out"
			find "$(image_dir)" -name 'base-*.cpio' -mmin +1440 ! -name "${out##*/}" -delete
		)
	fi
	printf '%s\n' "$out"
}

# modules_build KERNELDIR RELEASE ROOT
modules_build() {
	local from=$1/modules release=$2 to=$3/usr/lib/modules/$2 file

	mkdir -p "$to"
	ln -s usr/lib "$3/lib"
	for file in modules.order modules.builtin modules.builtin.modinfo; do
		if [ -e "$from/$file" ]; then
			cp "$from/$file" "$to/"
		fi
	done
	if [ -e "$from/modules.dep" ]; then
		# Each line of modules.dep is a module and everything it needs.
		awk -v want="$IMAGE_MODULES" '$1 ~ want { gsub(/:/, ""); print }' "$from/modules.dep" |
			tr ' ' '\n' | sed '/^$/d' | sort -u |
			while read -r file; do
				mkdir -p "$to/${file%/*}"
				case $file in
				*.xz) xz -dc "$from/$file" > "$to/${file%.xz}" ;;
				*.zst) zstd -qdc "$from/$file" > "$to/${file%.zst}" ;;
				*.gz) gzip -dc "$from/$file" > "$to/${file%.gz}" ;;
				*) cp "$from/$file" "$to/$file" ;;
				esac
			done
	fi
	depmod -b "$3" "$release"
}

# modules_tree KERNELDIR RELEASE prints the cached directory.
modules_tree() {
	local out

	out=$(image_dir)/modules-$2-$({ (cd -P "$1" && pwd); cat "$IMAGE_SELF"; } | hash_of)
	if [ ! -d "$out" ]; then
		(
			take_lock "$(image_dir)/lock"
			[ ! -d "$out" ] || exit 0
			stage=$(mktemp -d "$(image_dir)/stage.XXXXXX")
			trap 'rm -rf "$stage"' EXIT
			phase "guest: modules of $2" modules_build "$1" "$2" "$stage/tree" >&2
			pack "$stage/tree" "$stage/tree.cpio"
			mv "$stage/tree.cpio" "$out.cpio"
			mv -T "$stage/tree" "$out"
			find "$(image_dir)" -mindepth 1 -maxdepth 1 -name 'modules-*' -mtime +7 \
				! -name "${out##*/}*" -exec rm -rf {} +
		)
	fi
	printf '%s\n' "$out"
}

# overlay_build NAME RELEASE TREE ROOT FAULTS EXTRA...: nsfence as it is now. TREE is the
# modules' directory; EXTRA are further .ko files.
overlay_build() {
	local name=$1 release=$2 tree=$3 root=$4 faults=$5 file programs=() built=$NSF_TOP/build stage updates

	shift 5
	updates=$root/usr/lib/modules/$release/updates
	mkdir -p "$root"/{usr/sbin,etc/nsfence,nsfence/{bin,tests}} "$updates"
	cp "$NSF_TOP/tests/vm/init" "$root/init"
	chmod 755 "$root/init"
	for file in nsfence nsfenced; do
		if [ -f "$built/$file" ]; then
			cp "$built/$file" "$root/usr/sbin/"
			programs+=("$built/$file")
		fi
	done
	if [ -d "$NSF_TOP/conf" ]; then
		cp -rL "$NSF_TOP/conf/." "$root/etc/nsfence/"
	fi
	for file in "$NSF_TOP"/systemd/*.service.in; do
		mkdir -p "$root/usr/lib/systemd/system"
		sed -e 's,@SBINDIR@,/usr/sbin,g' -e 's,@SYSCONFDIR@,/etc,g' "$file" \
			> "$root/usr/lib/systemd/system/$(basename "$file" .in)"
	done
	# 47-upgrade does what is written there.
	cp "$NSF_TOP/daemon/man/nsfenced.8" "$root/nsfence/"
	tar -C "$NSF_TOP/tests" -c --exclude='*.o' --exclude='*.ko' . | tar -C "$root/nsfence/tests" -x
	if [ -d "$built/tests" ]; then
		tar -C "$built/tests" -c --exclude='*.o' --exclude='*.d' . | tar -C "$root/nsfence/bin" -x
		mapfile -t -O ${#programs[@]} programs < <(find "$built/tests" -type f -perm -u+x ! -name '*.o')
	fi
	if [ ${#programs[@]} -gt 0 ]; then
		while read -r file; do
			put_file "$root" "$file"
		done < <(libraries "${programs[@]}")
	fi

	if [ -f "$built/kernels/$name/nsfence-faults.ko" ]; then
		cp "$built/kernels/$name/nsfence-faults.ko" "$root/nsfence/"
	fi
	if [ -n "$faults" ]; then
		[ -f "$root/nsfence/nsfence-faults.ko" ] ||
			die "there is no build/kernels/$name/nsfence-faults.ko; run scripts/kernels module $name --faults"
		cp "$root/nsfence/nsfence-faults.ko" "$updates/nsfence.ko"
	elif [ -f "$built/kernels/$name/nsfence.ko" ]; then
		cp "$built/kernels/$name/nsfence.ko" "$updates/"
	fi
	for file; do
		cp "$file" "$updates/"
	done
	# modprobe reads binary indexes, which only depmod writes: over a tree of
	# links to the cached modules, of which just the indexes go into the overlay.
	stage=$root.depmod
	mkdir -p "$stage"
	cp -al "$tree/." "$stage/" 2> /dev/null || { rm -rf "$stage"; cp -a "$tree" "$stage"; }
	rm -f "$stage/lib/modules/$release"/modules.{dep,alias,symbols,softdep,devname,weakdep}*
	cp -r "$updates" "$stage/lib/modules/$release/"
	depmod -b "$stage" "$release"
	cp "$stage/lib/modules/$release"/modules.* "${updates%/*}/"
	rm -rf "$stage"
}

# image_build NAME KERNELDIR FAULTS OUT RUNDIR EXTRA...: the whole image; RUNDIR
# appears as /nsfence/.run.
image_build() {
	local name=$1 kernel=$2 faults=$3 out=$4 run=$5 release base tree stage

	shift 5
	release=$(< "$kernel/release")
	base=$(base_cpio)
	tree=$(modules_tree "$kernel" "$release")
	stage=$(mktemp -d "$(build_dir vm)/stage.XXXXXX")
	(
		trap 'rm -rf "$stage"' EXIT
		overlay_build "$name" "$release" "$tree" "$stage/root" "$faults" "$@"
		mkdir -p "$stage/root/nsfence/.run"
		cp "$run"/* "$stage/root/nsfence/.run/"
		pack "$stage/root" "$stage/overlay.cpio"
		cat "$base" "$tree.cpio" "$stage/overlay.cpio" > "$out"
	)
}
