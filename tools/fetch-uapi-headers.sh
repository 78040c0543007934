#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpack the kernel's uAPI headers into DIR/include, from the newest linux-libc-dev package that
# this machine's Debian mirror offers in any suite.
#
#   tools/fetch-uapi-headers.sh DIR
#
# apt does the work (mirror, signatures, hashes) with lists of its own under DIR, so the machine's
# configuration stays as it is and no root is needed.
set -eu
dir=$1
rm -rf "$dir"
mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/unpacked" "$dir/include"
dir=$(cd "$dir" && pwd)

# The mirror is where the machine's own main archive comes from.
. /etc/os-release
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
	awk -v own="$VERSION_CODENAME" '
		$1 == own || $1 ~ /^(old)*stable$/ { if ($2 == "main") { print $3; exit } }')
[ -n "$mirror" ] || { echo "uapi-headers: apt knows no Debian mirror" >&2; exit 1; }

# Suites by code name: a mirror may serve an alias (stable, testing) from an older day.
for suite in bookworm bookworm-backports trixie trixie-backports forky forky-backports sid; do
	echo "deb $mirror $suite main"
done >"$dir/sources.list"

own_apt() {
	tool=$1
	shift
	"$tool" -qq -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir" \
		-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}

# A mirror need not carry every suite; what it carries is enough.
own_apt apt-get update >"$dir/update.log" 2>&1 || :
version=$(own_apt apt-cache madison linux-libc-dev | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' |
	while read -r candidate; do
		if [ -z "${best:-}" ] || dpkg --compare-versions "$candidate" gt "$best"; then
			best=$candidate
			echo "$best"
		fi
	done | tail -n 1)
[ -n "$version" ] || { cat "$dir/update.log" >&2; exit 1; }

(cd "$dir" && own_apt apt-get download "linux-libc-dev=$version")
dpkg-deb -x "$dir"/linux-libc-dev_*.deb "$dir/unpacked"
root=$dir/unpacked/usr/include
cp -rL "$root/linux" "$root/asm-generic" "$root/$(cc -print-multiarch)/asm" "$dir/include/"
rm -rf "$dir/lists" "$dir/archives" "$dir/unpacked" "$dir"/*.deb "$dir"/*.bin
echo "$version" >"$dir/version"
echo "uapi-headers: linux-libc-dev $version"
