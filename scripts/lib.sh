# shellcheck shell=bash
# lib.sh: what the shell scripts of this folder share. It is sourced, never run.
#
# Owns: the words of messages, the place of the cache, locks, and the timing of
# phases. Everything printed here goes to standard error, so that standard
# output stays free for what a script answers.
#
# Provides NSF_TOP (top of the repository) and the functions below.

NSF_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # read by the scripts that source this file
NSF_SELF=${0##*/}

# log TEXT...: one line for the reader.
log() {
	printf '%s: %s\n' "$NSF_SELF" "$*" >&2
}

# die TEXT... ends the script with 1: say what, where, and what to do.
die() {
	log "error: $*"
	exit 1
}

# usage_die TEXT... ends it with 2: the command line was wrong.
usage_die() {
	log "$*; see $NSF_SELF --help"
	exit 2
}

# help_text prints the comment at the top of the running script.
help_text() {
	awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

# cache_dir [PART]: the directory for what can be fetched or built again.
cache_dir() {
	local dir=${NSFENCE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nsfence}

	dir+=${1:+/$1}
	mkdir -p "$dir" || die "cannot make the cache $dir; point NSFENCE_CACHE at a directory you can write"
	(cd "$dir" && pwd)
}

# build_dir [PART]: the directory for what is built from this tree.
build_dir() {
	local dir=$NSF_TOP/build${1:+/$1}

	mkdir -p "$dir" || die "cannot make $dir"
	printf '%s\n' "$dir"
}

# take_lock FILE: held until this (sub)shell and its children end. Call it
# inside ( ... ) to let go early.
take_lock() {
	local fd

	exec {fd}> "$1" || die "cannot open the lock $1"
	flock -n "$fd" && return
	log "waiting for another run that holds $1"
	flock "$fd"
}

# as_root WHAT: dies unless root; WHAT is what needs it.
as_root() {
	[ "$(id -u)" = 0 ] || die "$1 needs root; run it again with sudo"
}

# need GROUP COMMAND...: dies when a command is missing; GROUP is the group of
# scripts/setup that brings it.
need() {
	local group=$1 cmd

	shift
	for cmd; do
		command -v "$cmd" > /dev/null ||
			die "$cmd is not installed; run scripts/setup $group"
	done
}

# phase NAME COMMAND [ARG...] runs COMMAND and logs how long it took. Not for
# use in a condition: errexit must stay in force inside.
phase() {
	local name=$1 start=$EPOCHREALTIME

	shift
	"$@"
	log "$name: $(seconds_since "$start") s"
}

# seconds_since EPOCHREALTIME, with one decimal.
seconds_since() {
	awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

# hash_of: a short name for what comes on standard input.
hash_of() {
	sha256sum | cut -c1-16
}

# hide_hosts: a filter for apt's messages. Which machine serves the packages is
# the host's affair, and has no place in logs that are kept.
hide_hosts() {
	local names

	names=$(grep -rhoE '(https?|ftp)://[^/ "]+' /etc/apt 2> /dev/null |
		sed -E 's#.*//##; s#.*@##; s#:[0-9]*$##' | sort -u | sed 's/[.]/[.]/g' | paste -sd'|')
	sed -uE "s#(https?|ftp)://[^/ ]+#ARCHIVE#g; s#(${names:-no host})#ARCHIVE#g
		s#onnect to [^ ]+( \([^)]*\))?#onnect to ARCHIVE#g; s#(resolv(e|ing)) '[^']*'#\1 ARCHIVE#g"
}
