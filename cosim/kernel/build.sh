#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build a small arm64 kernel with iommufd, which Debian's has not, from the newest linux-source package.
#
#   cosim/kernel/build.sh DIR [config]     DIR: of cosim/setup.sh; makes DIR/kernel-iommufd, once
#
# With `config` it ends when the configuration is made. cosim/guest --kernel kernel-iommufd runs it, with our
# module (cosim/kernel/vfsim), which is built anew when it changes; DIR/linux keeps the tree for that.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
. tools/own-apt.sh

fragment=$PWD/cosim/kernel/arm64.config
into=$dir/kernel-iommufd
this=$(cksum <"$fragment")

get_source() {
	own_apt_begin "$dir/apt-source" "$(dpkg --print-architecture)" trixie trixie-backports
	package=$(own_apt apt-cache search --names-only '^linux-source-[0-9.]*$' | sed 's/ .*//' | sort -V | tail -n 1)
	[ -n "$package" ] || { echo "kernel: the mirror has no linux-source" >&2; exit 1; }
	(cd "$own_apt_dir/archives" && own_apt apt-get download "$package" -t trixie-backports)
	rm -rf "$dir/linux"
	mkdir "$dir/linux"
	dpkg-deb --fsys-tarfile "$own_apt_dir"/archives/linux-source-*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | tar -xJ -C "$dir/linux" --strip-components 1
	rm -rf "$own_apt_dir"
	: >"$dir/linux/.unpacked"
}

kernel_make() {
	nice -n 5 make -s -C "$dir/linux" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- "$@"
}

# A symbol that is not there, or whose conditions do not hold, vanishes without a word.
configure() {
	kernel_make KCONFIG_ALLCONFIG="$fragment" allnoconfig
	lost=$(grep '^CONFIG_' "$fragment" | grep -vxF -f "$dir/linux/.config" || :)
	[ -z "$lost" ] || { echo "kernel: not to be had:" "$lost" >&2; exit 1; }
	! grep -q '^CONFIG_IOMMUFD_TEST=y' "$dir/linux/.config" || { echo "kernel: IOMMUFD_TEST is on" >&2; exit 1; }
}

build_kernel() {
	[ -e "$dir/linux/.unpacked" ] || get_source
	configure
	kernel_make -j"$(nproc)" Image modules
	rm -rf "$into"
	mkdir -p "$into"
	cp "$dir/linux/arch/arm64/boot/Image" "$into/vmlinuz"
	kernel_make kernelrelease >"$into/version"
	kernel_make INSTALL_MOD_PATH="$into" DEPMOD=true modules_install
	echo "$this" >"$into/stamp"
	echo "kernel: $(cat "$into/version")"
}

# The kernel's build writes beside the sources, so they are copied.
build_module() {
	module=$(cat "$into/stamp" cosim/kernel/vfsim/* | cksum)
	[ "$(cat "$into/module" 2>/dev/null)" != "$module" ] || return 0
	copy=$dir/linux-module
	rm -rf "$copy"
	mkdir -p "$copy/cosim/kernel"
	cp -r cosim/kernel/vfsim "$copy/cosim/kernel/"
	kernel_make M="$copy/cosim/kernel/vfsim" modules
	kernel_make M="$copy/cosim/kernel/vfsim" INSTALL_MOD_PATH="$into" DEPMOD=true modules_install
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$into" "$(cat "$into/version")"
	echo "$module" >"$into/module"
}

if [ "${2:-}" = config ]; then
	[ -e "$dir/linux/.unpacked" ] || get_source
	configure
	exit
fi
[ "$(cat "$into/stamp" 2>/dev/null)" = "$this" ] || build_kernel
build_module
