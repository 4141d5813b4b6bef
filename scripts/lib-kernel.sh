# shellcheck shell=bash
# lib-kernel.sh: what scripts/kernels and scripts/uml share: kernels built here
# of Debian's sources, and modules compiled for a kernel. Sourced after lib.sh
# and lib-apt.sh.
#
# The script that sources it defines JOBS and
#   current NAME                      the kernel's directory; empty: there is none
#   kbuild NAME WORK LOG MAKEARG...   compiles the module in WORK
#
# Owns: build/kernels/NAME.

# ---- kernels in the cache -----------------------------------------------------

# current_in BASE: the directory that is in use there, empty when there is none.
current_in() {
	if [ -f "$1/current/release" ]; then
		(cd -P "$1/current" && pwd)
	fi
}

# publish_in DIR BASE: DIR becomes current; the one before stays for runs that
# still read it, older ones go.
publish_in() {
	local base=$2 old

	old=$(current_in "$base")
	ln -sfn "${1##*/}" "$base/.current.$$"
	mv -T "$base/.current.$$" "$base/current"
	find "$base" -mindepth 1 -maxdepth 1 -type d -mmin +60 \
		! -path "$1" ! -path "${old:-$1}" -exec rm -rf {} +
}

# ---- building a kernel --------------------------------------------------------

# unpack_source LINE VERSION DIR: the sources of a kernel, as Debian has them.
unpack_source() {
	local line=$1 version=$2 dir=$3

	mkdir -p "$dir" "$dir.deb"
	(cd "$dir.deb" && private_download "linux-source-$line=$version") ||
		die "apt could not download linux-source-$line $version; look at its messages above"
	dpkg-deb --fsys-tarfile "$dir.deb"/*.deb |
		tar -xO "./usr/src/linux-source-$line.tar.xz" |
		tar -xJ --strip-components=1 -C "$dir"
	rm -r "$dir.deb"
}

# configure_source WHO SRC FRAGMENT LOG MAKEARG...
configure_source() {
	local who=$1 src=$2 fragment=$3 log=$4

	shift 4
	make -s -C "$src" "$@" KCONFIG_ALLCONFIG="$fragment" allnoconfig > "$log" 2>&1 ||
		die "Kconfig refused $fragment; see $log"
	config_agrees "$who" "$fragment" "$src/.config" ||
		die "the $who kernel would lack the options named above; mend $fragment (a dependency is missing, or this kernel names it otherwise)"
}

# compile_source WHO SRC LOG MAKEARG...
compile_source() {
	local who=$1 src=$2 log=$3

	shift 3
	log "$who: compiling with $JOBS jobs; the log is $log"
	if ! make -s -C "$src" -j"$JOBS" "$@" >> "$log" 2>&1; then
		tail -n 20 "$log" >&2
		cp "$log" "$(build_dir kernels)/$who-kernel.log"
		die "the $who kernel does not compile; the whole log is build/kernels/$who-kernel.log"
	fi
}

# config_agrees WHO FRAGMENT CONFIG: every line of the fragment must have survived
# Kconfig.
config_agrees() {
	local who=$1 fragment=$2 config=$3 line bad=0

	while read -r line; do
		case $line in
		'# CONFIG_'*' is not set')
			if grep -q "^$(cut -d' ' -f2 <<< "$line")=" "$config"; then
				log "$who: wanted \"$line\", Kconfig says $(grep "^$(cut -d' ' -f2 <<< "$line")=" "$config")"
				bad=1
			fi
			;;
		CONFIG_*)
			if ! grep -qxF -- "$line" "$config"; then
				log "$who: wanted $line, Kconfig says $(grep -E "\b${line%%=*}\b" "$config" || echo 'no such option can be set')"
				bad=1
			fi
			;;
		esac
	done < "$fragment"
	return $bad
}

# prune_tree TREE ARCH...: of a built tree, what external modules need: no sources,
# no objects.
prune_tree() {
	(
		cd "$1" || exit
		shift
		others=()
		for arch; do
			others+=(! -name "$arch")
		done
		find . -mindepth 1 -maxdepth 1 ! -name include ! -name scripts ! -name tools \
			! -name arch ! -name Makefile ! -name Kbuild ! -name Module.symvers \
			! -name .config ! -name System.map -exec rm -rf {} +
		find arch -mindepth 1 -maxdepth 1 "${others[@]}" ! -name Kconfig -exec rm -rf {} +
		find tools -mindepth 1 -maxdepth 1 ! -name objtool ! -name bpf -exec rm -rf {} +
		find arch tools scripts \( -name '*.o' -o -name '*.a' -o -name '*.cmd' \) -delete
		find arch \( -name '*.c' -o -name '*.S' \) -delete
	)
}

# fetch_built WHO BASE LINE CONFIG BUILD: a kernel of LINE's source with CONFIG in
# BASE/current, built by "BUILD DIR VERSION" unless that is there already.
fetch_built() {
	local who=$1 base=$2 line=$3 config=$4 build=$5 have version key new

	mkdir -p "$base"
	take_lock "$base/lock"
	have=$(current_in "$base")
	if ! lists_fresh && ! lists_update && [ -n "$have" ]; then
		log "$who: the archive cannot be reached; going on with $(< "$have/release") from the cache"
		return
	fi
	version=$(private_apt_cache show --no-all-versions "linux-source-$line" |
		sed -n 's/^Version: //p' | sort -V | tail -n 1)
	if [ -z "$version" ]; then
		[ -n "$have" ] || die "no linux-source-$line in the archive; set NSFENCE_MIRROR to a complete Debian archive"
		log "$who: the source is not in the archive any more; going on with $(< "$have/release") from the cache"
		return
	fi
	key=$({ echo "$version"; gcc --version | sed -n 1p; cat "$config"; } | hash_of)
	if [ -f "$base/$key/release" ]; then
		log "$who: $(< "$base/$key/release"), $key (cached)"
	else
		need vm gcc make flex bison bc
		new=$base/.new.$$
		# shellcheck disable=SC2064 # the name as it is now
		trap "rm -rf '$new'" EXIT
		log "$who: building a kernel from linux-source-$line $version; this takes about ten minutes, once"
		phase "$who: built" "$build" "$new" "$version"
		mv -T "$new" "$base/$key"
	fi
	publish_in "$base/$key" "$base"
}

# ---- compiling modules --------------------------------------------------------

# own_warnings LOG WORK SRC: warnings that are about the module, not about the
# kernel's headers, with the names of the files in SRC.
own_warnings() {
	# Since 6.13 make runs in the module's directory, so names may be relative.
	grep -E "^($2/|\./)?[^/ :][^ :]*:([0-9]+:)* (warning|error):|^WARNING: modpost:|: warning: objtool:" "$1" |
		sed -E "s#^($2/|\./)?([^/ :][^ :]*:[0-9]+:)#$3/\2#" || true
}

# inputs NAME SRC FLAGS: everything that the result depends on.
inputs_hash() {
	{
		basename "$(current "$1")"
		echo "$3"
		cd "$2" && find . -type f ! -name '*.o' ! -name '*.ko' ! -name '*.cmd' ! -name '.*' -print0 |
			sort -z | xargs -0r sha256sum
	} | hash_of
}

# compile NAME SRC WORK OUT FLAGS...: SRC copied to WORK, compiled there, each
# X.ko to OUT/X$SUFFIX.ko.
compile() {
	local name=$1 src=$2 work=$3 out=$4 suffix=$5 log warnings ko target

	shift 5
	log=$work.log
	rm -rf "$work"
	mkdir -p "$work" "$out"
	rsync -aL --exclude='*.o' --exclude='*.ko' --exclude='*.cmd' --exclude='*.mod' --exclude='*.mod.c' \
		--exclude='Module.symvers' --exclude='modules.order' "$src/" "$work/"
	if ! kbuild "$name" "$work" "$log" W=1 "$@"; then
		grep -E 'error|Error|ERROR|not found|No such' "$log" | sed "s#$work/#$src/#" | head -n 40 >&2 || true
		die "$src does not compile for $name; the whole log is $log"
	fi
	warnings=$(own_warnings "$log" "$work" "$src")
	if [ -n "$warnings" ]; then
		printf '%s\n' "$warnings" >&2
		die "$src compiles for $name with the warnings above, and none are allowed; the whole log is $log"
	fi
	for ko in "$work"/*.ko; do
		[ -e "$ko" ] || die "$src made no .ko for $name; does its Kbuild name one in obj-m? The log is $log"
		target=$out/$(basename "$ko" .ko)$suffix.ko
		cp "$ko" "$target.$$"
		mv "$target.$$" "$target"
	done
}

# module_args: parses [--faults] [--dir SRC --out OUT] into the caller's variables.
module_args() {
	src=$NSF_TOP/module out='' suffix='' flags=() work=''
	while [ $# -gt 0 ]; do
		case $1 in
		--faults) suffix=-faults flags=(NSF_FAULTS=1) ;;
		--dir) src=$(cd "${2:?--dir needs a directory}" && pwd); shift ;;
		--out) mkdir -p "${2:?--out needs a directory}"; out=$(cd "$2" && pwd); shift ;;
		*) usage_die "\"$1\" is not an option of module" ;;
		esac
		shift
	done
	if [ -n "$out" ]; then
		work=$out/work$suffix
	else
		[ "$src" = "$NSF_TOP/module" ] || usage_die "--dir needs --out too"
		out=$(build_dir "kernels/$name")
		work=$out/module$suffix
	fi
	[ -f "$src/Kbuild" ] || [ -f "$src/Makefile" ] || die "$src has no Kbuild, so there is no module to compile"
	stamp=$out/.stamp$suffix
}

is_fresh() {
	[ -e "$stamp" ] && [ "$(< "$stamp")" = "$(inputs_hash "$name" "$src" "${flags[*]}")" ]
}

module() {
	local name=$1 src out suffix flags work stamp hash

	shift
	need module rsync make
	module_args "$@"
	take_lock "$out/.lock$suffix"
	hash=$(inputs_hash "$name" "$src" "${flags[*]}")
	if is_fresh; then
		return
	fi
	rm -f "$stamp"
	phase "module for $name$suffix" compile "$name" "$src" "$work" "$out" "$suffix" "${flags[@]}"
	printf '%s\n' "$hash" > "$stamp"
}

fresh() {
	local name=$1 src out suffix flags work stamp

	shift
	module_args "$@"
	is_fresh
}
