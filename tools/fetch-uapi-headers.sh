#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpack the kernel's uAPI headers into DIR/include, from the newest linux-libc-dev package that
# this machine's Debian mirror offers in any suite.
#
#   tools/fetch-uapi-headers.sh DIR
#
set -eu
dir=$1
rm -rf "$dir"
mkdir -p "$dir/unpacked" "$dir/include"
dir=$(cd "$dir" && pwd)
. "$(dirname "$0")/own-apt.sh"

# Suites by code name: a mirror may serve an alias (stable, testing) from an older day.
own_apt_begin "$dir" "$(dpkg --print-architecture)" bookworm bookworm-backports trixie trixie-backports \
	forky forky-backports sid
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
rm -rf "$dir/lists" "$dir/archives" "$dir/unpacked" "$dir/status" "$dir"/*.deb "$dir"/*.bin
echo "$version" >"$dir/version"
echo "uapi-headers: linux-libc-dev $version"
