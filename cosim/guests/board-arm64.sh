#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The arm64 board that has our SMMU: QEMU's virt, whose device tree tells of an SMMUv3 and its performance
# counters where functions on a bus of which it does not tell have their BARs, and whose kernel is started by a
# shim that places those. docs/cosim-guests.md.
#
#   cosim/guests/board-arm64.sh DIR KERNEL OUT CPUS wires|messages [--sriov]     makes OUT/board.dtb and OUT/Image
set -eu -o pipefail
dir=$1 kernel=$1/$2/vmlinuz out=$3 cpus=$4 interrupts=$5
shift 5
here=$(cd "$(dirname "$0")" && pwd)

# The same -M, -cpu, -smp and -m as the guest's: QEMU describes what it would run.
"$here/qemu.sh" "$dir" arm64 -M "virt,gic-version=3,msi=gicv2m,dumpdtb=$out/virt.dtb" -cpu cortex-a57 \
	-smp "$cpus" -m 1G -nodefaults -nic none -display none >"$out/dumpdtb.log" 2>&1
dtc -q -I dtb -O dts "$out/virt.dtb" >"$out/virt.dts"

case $interrupts in
wires | messages) ;;
*) echo "board-arm64: an SMMU interrupts by wires or messages, not by $interrupts" >&2; exit 1 ;;
esac
# 128 KiB of registers at 3e000000 and the counters' 4 KiB behind them, the 32-bit window's end cut off for them;
# wired interrupts SPI 3 and 4, INTA and INTB of that bus, by level, or messages to GICv2m.
awk -v interrupts="$interrupts" '
	function tells(line, name) {
		if (interrupts == "messages") {
			print "\t\tmsi-parent = <&v2m>;"
			return
		}
		print "\t\tinterrupts = <0x00 " line " 0x04>;"
		if (name)
			print "\t\tinterrupt-names = \"" name "\";"
	}
	/^\t\tv2m@/ { edits += sub(/v2m@/, "v2m: v2m@") }
	/^\tpcie@10000000 {/ { in_pcie = 1 }
	in_pcie && /bus-range =/ {
		print "\t\tbus-range = <0x00 0x7f>;"
		print "\t\tiommu-map = <0x00 &smmu 0x00 0x8000>;"
		print "\t\tats-supported;"
		edits++
		next
	}
	in_pcie && /ranges =/ { edits += sub(/0x2eff0000/, "0x2e000000") }
	/^\t};/ { in_pcie = 0 }
	/^};/ {
		print "\n\tsmmu: smmu@3e000000 {"
		print "\t\tcompatible = \"arm,smmu-v3\";"
		print "\t\treg = <0x00 0x3e000000 0x00 0x20000>;"
		tells("0x03", "combined")
		print "\t\tdma-coherent;"
		print "\t\t#iommu-cells = <0x01>;"
		print "\t};"
		print "\n\tpmu@3e020000 {"
		print "\t\tcompatible = \"arm,smmu-v3-pmcg\";"
		print "\t\treg = <0x00 0x3e020000 0x00 0x1000>;"
		tells("0x04")
		print "\t};"
		edits++
	}
	{ print }
	END {
		if (edits != 4) {
			print "board-arm64: QEMU describes its board in a way that is not known here" >"/dev/stderr"
			exit 1
		}
	}' "$out/virt.dts" >"$out/board.dts"
# Compiled anew it has the size it needs; the 1 MiB that QEMU dumps boots to nothing.
dtc -q -I dts -O dtb -o "$out/board.dtb" "$out/board.dts"

field() { # OFFSET: 64 bits of the kernel's header
	od -An -t u8 -j "$1" -N 8 "$kernel" | tr -d ' '
}
[ "$(od -An -c -j 56 -N 3 "$kernel" | tr -d ' ')" = ARM ] ||
	{ echo "board-arm64: $kernel is no Image" >&2; exit 1; }
aperture=
case " $* " in
*' --sriov '*) aperture=-DAPERTURE ;;
esac
aarch64-linux-gnu-gcc -c $aperture -DIMAGE_BYTES=$((0x200000 + $(field 16))) -DIMAGE_FLAGS="$(field 24)" \
	-o "$out/shim.o" "$here/boards/shim.S"
aarch64-linux-gnu-objcopy -O binary -j .text "$out/shim.o" "$out/Image"
truncate -s 2M "$out/Image"
cat "$kernel" >>"$out/Image"
