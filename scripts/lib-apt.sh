# shellcheck shell=bash
# lib-apt.sh: an apt of our own, for kernels of other Debian releases than the
# host's. It is sourced by scripts/kernels after lib.sh.
#
# Owns CACHE/apt: sources, lists, cache and state. The host's /etc/apt is read,
# for the address of the archive and for proxies, and never written. Everything
# downloaded passes apt's own verification against Debian's keyring.

# The suites that hold the kernels of the matrix.
APT_SUITES=(bookworm bookworm-updates bookworm-backports bullseye trixie trixie-backports sid)
APT_SECURITY_SUITES=(bookworm-security bullseye-security)
APT_FRESH_MINUTES=720

apt_dir() {
	cache_dir apt
}

# host_sources: the host's enabled binary sources, "URI SUITE" a line, from both
# formats.
host_sources() {
	local etc=/etc/apt

	cat "$etc/sources.list" "$etc"/sources.list.d/*.list 2> /dev/null |
		sed -nE 's/#.*//; s/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+)[[:space:]]+([^[:space:]]+).*/\2 \3/p'
	# Paragraphs of fields; a line that starts with a blank continues a field.
	cat "$etc"/sources.list.d/*.sources 2> /dev/null | awk '
		function flush(  i, j, n, m, u, s) {
			if (types ~ /(^| )deb( |$)/ && tolower(enabled) !~ /^ *(no|false|off|0)/) {
				n = split(uris, u)
				m = split(suites, s)
				for (i = 1; i <= n; i++)
					for (j = 1; j <= m; j++)
						print u[i], s[j]
			}
			types = uris = suites = enabled = field = ""
		}
		/^#/ { next }
		/^[[:space:]]*$/ { flush(); next }
		/^[^[:space:]]+:/ {
			field = tolower($0); sub(/:.*/, "", field)
			sub(/^[^:]*:[[:space:]]*/, "")
			if (field == "types") types = ""
		}
		field == "types" { types = types " " $0 }
		field == "uris" { uris = uris " " $0 }
		field == "suites" { suites = suites " " $0 }
		field == "enabled" { enabled = $0 }
		END { flush() }' || true
}

# The archive that debootstrap knows by itself: for hosts that are not Debian.
public_uri() {
	local program

	program=$(command -v debootstrap) || program=
	grep -ohE 'https?://[^"[:space:]]+/debian/?' /usr/share/debootstrap/scripts/sid \
		${program:+"$program"} 2> /dev/null | sed -n 1p || true
}

# archive_uri, security_uri: of NSFENCE_MIRROR, else of the host's own sources
# when these are Debian's, else the public ones. The script ends where there is none.
archive_uri() {
	local uri=${NSFENCE_MIRROR:-}

	[ -n "$uri" ] || uri=$(host_sources | awk '
		$1 ~ /\/debian\/?$/ && $2 !~ /security/ && $1 ~ /^(https?|file|ftp):/ && !n++ { print $1 }')
	[ -n "$uri" ] || uri=$(public_uri)
	[ -n "$uri" ] ||
		die "this machine's apt sources name no Debian archive, nor does debootstrap; name one: NSFENCE_MIRROR=URI"
	printf '%s\n' "${uri%/}"
}

security_uri() {
	local uri=${NSFENCE_MIRROR_SECURITY:-}

	[ -n "$uri" ] || [ -n "${NSFENCE_MIRROR:-}" ] || uri=$(host_sources | awk '
		$1 ~ /debian-security\/?$/ && $1 ~ /^(https?|file|ftp):/ && !n++ { print $1 }')
	if [ -z "$uri" ]; then
		uri=$(archive_uri) || exit 1
		uri=$uri-security
	fi
	printf '%s\n' "${uri%/}"
}

# Debian's keys, as the package debian-archive-keyring installs them.
keyring() {
	local file

	for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		if [ -r "$file" ]; then
			printf '%s\n' "$file"
			return
		fi
	done
	die "Debian's archive keys are not installed, so nothing can be verified; run scripts/setup vm"
}

# apt_prepare writes the private configuration; cheap, done before every use.
apt_prepare() {
	local dir suite key archive security new

	# Called in conditions too, where errexit sleeps: hence the "or exit".
	dir=$(apt_dir) || exit 1
	key=$(keyring) || exit 1
	new=$dir/new.$BASHPID
	archive=$(archive_uri) || exit 1
	security=$(security_uri) || exit 1
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/etc/parts"
	: >> "$dir/status"
	{
		for suite in "${APT_SUITES[@]}"; do
			echo "deb [arch=amd64 signed-by=$key] $archive $suite main"
		done
		for suite in "${APT_SECURITY_SUITES[@]}"; do
			echo "deb [arch=amd64 signed-by=$key] $security $suite main"
		done
	} > "$new"
	mv "$new" "$dir/sources.list" || exit 1
	# Read after the host's configuration: that one's proxies hold, its hooks
	# (which would clean the host's cache) do not.
	cat > "$new" <<- END
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear DPkg::Post-Invoke;
	#clear APT::Default-Release;
	APT::Architecture "amd64";
	APT::Architectures { "amd64"; };
	APT::Sandbox::User "root";
	APT::Update::Error-Mode "any";
	APT::Get::AllowUnauthenticated "false";
	Acquire::Languages "none";
	Acquire::Retries "3";
	Acquire::http::Timeout "30";
	Acquire::https::Timeout "30";
	Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
	Dir::State "$dir";
	Dir::State::status "$dir/status";
	Dir::State::lists "$dir/lists";
	Dir::State::extended_states "$dir/extended_states";
	Dir::Cache "$dir";
	Dir::Cache::archives "$dir/archives";
	Dir::Cache::pkgcache "$dir/pkgcache.bin";
	Dir::Cache::srcpkgcache "$dir/srcpkgcache.bin";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "$dir/etc/parts";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "$dir/etc/parts";
	END
	mv "$new" "$dir/apt.conf" || exit 1
}

# private_apt_get COMMAND...: its messages only when it fails. Exit code apt's.
private_apt_get() {
	local dir out rc=0

	dir=$(apt_dir)
	# Without this file apt would work on the host's own state.
	[ -r "$dir/apt.conf" ] || die "$dir/apt.conf is not there; remove $dir and try again"
	out=$(apt-get -q -y -c "$dir/apt.conf" "$@" 2>&1 < /dev/null) || rc=$?
	if [ $rc != 0 ]; then
		grep -E '^(E|W):' <<< "$out" | sort -u | head -n 5 | hide_hosts >&2 || true
	fi
	return $rc
}

private_apt_cache() {
	local dir

	dir=$(apt_dir)
	[ -r "$dir/apt.conf" ] || die "$dir/apt.conf is not there; remove $dir and try again"
	apt-cache -c "$dir/apt.conf" "$@"
}

# private_debootstrap ARG... SUITE DIR
private_debootstrap() {
	local out

	out=$(debootstrap --keyring="$(keyring)" "$@" "$(archive_uri)" 2>&1 < /dev/null) || {
		tail -n 15 <<< "$out" | hide_hosts >&2
		die "debootstrap failed; its last lines are above"
	}
}

# The stamp says of which archive the lists are: another one's are not ours.
lists_stamp() {
	echo "$(apt_dir)/updated"
}

lists_key() {
	{ archive_uri; security_uri; echo "${APT_SUITES[*]} ${APT_SECURITY_SUITES[*]}"; } | hash_of
}

lists_fresh() {
	local stamp

	stamp=$(lists_stamp)
	[ -n "$(find "$stamp" -mmin "-$APT_FRESH_MINUTES" 2> /dev/null)" ] &&
		[ "$(< "$stamp")" = "$(lists_key)" ]
}

# lists_update reads the archive's lists unless they are fresh; fails when one
# could not be read (the others are there all the same).
lists_update() {
	local dir

	dir=$(apt_dir)
	(
		take_lock "$dir/lock"
		! lists_fresh || exit 0
		start=$EPOCHREALTIME
		rm -f "$(lists_stamp)"
		apt_prepare
		private_apt_get update || exit 1
		lists_key > "$(lists_stamp)"
		log "read the archive's lists of packages: $(seconds_since "$start") s"
	)
}

# private_download VERSIONED-PACKAGE... into the present directory. Packages roll:
# when one is gone, lists read anew may know where it is.
private_download() {
	private_apt_get download "$@" && return
	log "reading the archive's lists again, since a package could not be downloaded"
	rm -f "$(lists_stamp)"
	lists_update && private_apt_get download "$@"
}
