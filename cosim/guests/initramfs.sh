#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pack what a guest has: busybox, ethtool, modules, our programs and scenarios, and an init that runs one
# of the latter.
#
#   cosim/guests/initramfs.sh DIR ARCH KERNEL OUT [WITH...]
#
# DIR: of cosim/setup.sh; KERNEL: a folder in it; WITH: dpdk, what else a scenario wants
set -eu
dir=$1
arch=$2
kernel=$dir/$3
out=$(realpath "$4")
shift 4
here=$(cd "$(dirname "$0")" && pwd)

case $arch in
x86_64) cc=gcc ;;
arm64) cc=aarch64-linux-gnu-gcc ;;
*) echo "initramfs: no guest is $arch" >&2; exit 2 ;;
esac
# What init and the scenarios load by name.
modules="iavf vfio-pci vfio_iommu_type1 pci-pf-stub igb igbvf e1000e 8021q arm_smmuv3_pmu vfsim_vfio_pci"

tree=$(mktemp -d)
headers=$(mktemp -d)
trap 'rm -rf "$tree" "$headers"' EXIT
mkdir -p "$tree/bin" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/tmp" "$tree/lib" "$tree/usr/lib"

userland=$dir/userland-$arch
cp "$userland/usr/bin/busybox" "$userland/usr/sbin/ethtool" "$tree/bin/"
# The loader is where the program says; the libraries where the loader looks.
find "$userland/usr" \( -name 'ld-linux*.so.*' -o -name libc.so.6 -o -name libm.so.6 -o -name libmnl.so.0 \) \
	-exec cp -L {} "$tree/usr/lib/" \;
cp -P "$tree"/usr/lib/ld-linux* "$tree/lib/"
ln -s lib "$tree/lib64"

version=$(cat "$kernel/version")
PATH=$PATH:/sbin:/usr/sbin
for module in $modules; do
	# A kernel may have it built in.
	modprobe -d "$kernel" -S "$version" --show-depends "$module" 2>/dev/null || :
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
	into=$tree/lib/modules/$version/$(basename "${file%.xz}")
	mkdir -p "${into%/*}"
	case $file in
	*.xz) xz -dc "$file" >"$into" ;;
	*) cp "$file" "$into" ;;
	esac
done
mkdir -p "$tree/lib/modules/$version"
depmod -b "$tree" "$version" 2>/dev/null

# Of the kernel's newest headers not asm/, which is of the machine that builds: the compiler has the guest's.
uapi=$(realpath "$dir/../uapi-headers/include")
ln -s "$uapi/linux" "$uapi/asm-generic" "$headers/"
for program in "$here"/programs/*.c; do
	[ -e "$program" ] || continue
	"$cc" -std=gnu11 -O2 -Wall -Wextra -Werror -ffunction-sections -Wl,--gc-sections -static -s -I "$here/../.." \
		-I "$headers" -o "$tree/bin/$(basename "$program" .c)" "$program" "$here"/programs/avf/*.c
done
install -m 755 "$here/init" "$tree/init"
cp "$here/lib.sh" "$tree/lib.sh"
cp -r "$here/scenarios" "$tree/scenarios"
for with; do
	cp -r "$dir/$with-$arch/." "$tree/"
done

# Not compressed: a guest without KVM is slower at that than QEMU at loading it.
(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$out"
