#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Get what co-simulation runs with and the tree does not hold: QEMU, and per architecture of a guest a
# stock kernel with modules, busybox and ethtool. All of it Debian's, unpacked, never installed.
#
#   cosim/setup.sh DIR          each step once: DIR holds a stamp for each
#
#   DIR/root                    QEMU with its libraries and firmware: cosim/guests/qemu.sh starts it
#   DIR/kernel-ARCH             vmlinuz, version, lib/modules/VERSION with its modules.dep
#   DIR/kernel-arm64-16k        the same with pages of 16 KiB, if there is one of that kind
#   DIR/userland-ARCH           busybox, ethtool and the libraries of the latter
#   DIR/dpdk-ARCH               DPDK's testpmd with what it loads, as it lies in a guest
#
# COSIM_KERNEL=6.12 takes another kernel than the newest there is: the newest 6.12 of any of the suites.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
. tools/own-apt.sh

suite=trixie
newest=trixie-backports
oldest=bookworm
this="$(cksum <cosim/setup.sh) ${COSIM_KERNEL:-}"

# once STEP COMMAND...: unless this script has done it, for the same kernel
once() {
	step=$dir/stamps/$1
	shift
	[ "$(cat "$step" 2>/dev/null)" = "$this" ] && return
	"$@"
	mkdir -p "$dir/stamps"
	echo "$this" >"$step"
}

# fetch DIR FROM PACKAGE...: packages, and what they depend on, unpacked into DIR
fetch() {
	into=$1
	from=$2
	shift 2
	rm -rf "$into" "$own_apt_dir"/archives/*.deb
	own_apt apt-get install -y --download-only --no-install-recommends -t "$from" "$@" >/dev/null
	unpack "$into"
}

unpack() {
	mkdir -p "$1"
	for deb in "$own_apt_dir"/archives/*.deb; do
		dpkg-deb -x "$deb" "$1"
	done
	rm -f "$own_apt_dir"/archives/*.deb
}

lists() {
	own_apt_begin "$dir/apt-$1" "$1" "$suite" "$newest" ${COSIM_KERNEL:+"$oldest"}
}

get_qemu() {
	lists amd64
	fetch "$dir/root" "$newest" qemu-system-x86 qemu-system-arm
	echo "cosim: $(cosim/guests/qemu.sh "$dir" x86_64 --version | head -n 1)"
}

# newest_kernel KIND FLAVOUR: the package's name
newest_kernel() {
	own_apt apt-cache search --names-only \
		"^linux-$1-${COSIM_KERNEL:-[0-9]+}([.][0-9]+)*([+-][a-z]*[0-9]+)*-$2\$" |
		sed 's/ .*//' | sort -V | tail -n 1
}

# get_kernel NAME ARCH FLAVOUR. Its dependencies are what installs a kernel; modules.dep is made by that, too. Kernels
# before 7 come as one package, the image with its modules.
get_kernel() {
	lists "$2"
	package=$(newest_kernel binary "$3")
	[ -n "$package" ] || package=$(newest_kernel image "$3")
	[ -n "$package" ] || { echo "cosim: the mirror has no kernel for $3" >&2; exit 1; }
	version=${package#linux-*-}
	into=$dir/kernel-$1
	rm -rf "$into"
	mkdir -p "$into/lib/modules"
	# shellcheck disable=SC2046
	(cd "$own_apt_dir/archives" && own_apt apt-get download "$package" \
		$(case $package in linux-binary-*) echo "linux-modules-$version" ;; esac))
	unpack "$into/unpacked"
	find "$into/unpacked" -path "*/lib/modules/$version" -exec mv {} "$into/lib/modules/" \; -prune
	find "$into" \( -name vmlinuz -o -name "vmlinuz-$version" \) -exec mv {} "$into/vmlinuz" \; -quit
	rm -rf "$into/unpacked"
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$into" "$version" 2>/dev/null
	echo "$version" >"$into/version"
	echo "cosim: Linux $version"
}

# Kernels before 6.12 have none, and the matrix then goes without.
get_kernel_of_16k() {
	lists arm64
	rm -rf "$dir/kernel-arm64-16k"
	if [ -n "$(newest_kernel binary arm64-16k)$(newest_kernel image arm64-16k)" ]; then
		get_kernel arm64-16k arm64 arm64-16k
	else
		echo "cosim: no Linux ${COSIM_KERNEL:-} with pages of 16 KiB"
	fi
}

get_userland() {
	lists "$2"
	fetch "$dir/userland-$1" "$suite" busybox-static ethtool
	find "$dir/userland-$1/usr/share" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
}

# libraries FILE...: the names that they are linked with
libraries() {
	readelf -d "$@" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u
}

# testpmd is in a package of development tools; of what that depends on, the libraries.
get_dpdk() {
	lists "$2"
	all=$dir/dpdk-unpacked
	# shellcheck disable=SC2046
	fetch "$all" "$suite" $(own_apt apt-cache depends --no-recommends --no-suggests dpdk-dev |
		sed -n 's/.*Depends: \(lib[a-z].*\)/\1/p' | grep -vx libdpdk-dev) librte-mempool-ring25
	(cd "$own_apt_dir/archives" && own_apt apt-get download -t "$suite" dpdk-dev)
	unpack "$all"
	into=$dir/dpdk-$1
	rm -rf "$into"
	mkdir -p "$into/bin" "$into/usr/lib/dpdk"
	cp "$all/usr/bin/dpdk-testpmd" "$into/bin/"
	# Of a folder of drivers it loads what ends like this.
	find "$all" -name 'librte_mempool_ring.so.*' -exec cp -L {} "$into/usr/lib/dpdk/librte_mempool_ring.so" \; -quit
	find "$all" -name libgcc_s.so.1 -exec cp -L {} "$into/usr/lib/" \; -quit
	missing=$(libraries "$into"/bin/* "$into"/usr/lib/dpdk/*)
	while [ -n "$missing" ]; do
		for library in $missing; do
			find "$all" -name "$library" -exec cp -L {} "$into/usr/lib/" \; -quit
			[ -e "$into/usr/lib/$library" ] || { echo "cosim: DPDK lacks $library" >&2; exit 1; }
		done
		missing=$(libraries "$into"/usr/lib/*.so* | while read -r library; do
			[ -e "$into/usr/lib/$library" ] || echo "$library"
		done)
	done
	rm -rf "$all"
}

once qemu get_qemu
for pair in x86_64:amd64 arm64:arm64; do
	once "kernel-${pair%:*}" get_kernel "${pair%:*}" "${pair#*:}" "${pair#*:}"
	once "userland-${pair%:*}" get_userland "${pair%:*}" "${pair#*:}"
	once "dpdk-${pair%:*}" get_dpdk "${pair%:*}" "${pair#*:}"
done
once kernel-arm64-16k get_kernel_of_16k
rm -rf "$dir"/apt-*
