#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boot the guests of every row, one after the other, and print a table. The last line counts the runs.
#
#   cosim/matrix.sh BUILD [long]       logs in BUILD/cosim/runs
#
# ONLY=REGEX runs those whose row and name match, such as ONLY='^3 '.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit
build=$1
times=5
[ "${2:-}" != long ] || times=100
runs=$build/cosim/runs
failed=0 passed=0

printf '%-4s%-44s%-9s%s\n' row what verdict seconds

# tell ROW WHAT VERDICT SECONDS
tell() {
	printf '%-4s%-44s%-9s%s\n' "$@"
	case $3 in
	pass) passed=$((passed + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
}

wanted() {
	[[ "$1 $2" =~ ${ONLY:-} ]]
}

# row ROW WHAT ARCH SCENARIO [OPTION...]: of cosim/guest
row() {
	local row=$1 what=$2 verdict=pass log
	wanted "$row" "$what" || return 0
	shift 2
	log=$runs/$row-${what//[ \/]/-}
	rm -rf "$log"
	mkdir -p "$log"
	SECONDS=0
	cosim/guest "$@" --build "$build" --out "$log" >"$log/all.log" 2>&1 </dev/null || verdict=FAIL
	tell "$row" "$what" $verdict $SECONDS
	[ $verdict = pass ] || grep -E '^(COSIM FAIL|guest: )' "$log/all.log" | sed 's/^/      /'
}

[ $times = 5 ] && patience=240 || patience=1800
ats=(--set ats=on --serve --set=nic.ats=yes --serve --set=smmu.ats=yes)
# QEMU's own, in front of our functions; interrupts are not remapped.
vtd=(--qemu '-device intel-iommu,intremap=off,caching-mode=on' --append intel_iommu=on)

row 1 'x86-64 traffic' x86_64 traffic --timeout $patience
row 1 'x86-64 traffic, intel-iommu' x86_64 traffic "${vtd[@]}" --timeout $patience
row 1 'x86-64 ethtool: rings, rules, hashes' x86_64 ethtool --timeout 240
row 1 'x86-64 traffic, shared doorbells' x86_64 traffic --serve --busy-poll --timeout $patience
row 1 'x86-64 clock, packets stamped by it' x86_64 clock
row 2 "x86-64 down, bind, FLR, $times each" x86_64 lifecycle --set times=$times --timeout $patience
row 2 "x86-64 reboot, $times times" x86_64 reboot --boots $times --timeout $patience
row 2 "x86-64 VFR from the firmware, $times times" x86_64 vfr --set times=$times --timeout $patience
row 3 'x86-64 vfio-pci, intel-iommu' x86_64 vfio "${vtd[@]}"
row 3 'arm64 vfio-pci in the guest' arm64 vfio
row 3 'x86-64 DPDK beside iavf, intel-iommu' x86_64 dpdk "${vtd[@]}"
row 3 'arm64 DPDK beside iavf' arm64 dpdk
row 3 'arm64 DPDK by NEON beside iavf' arm64 dpdk --set simd=128
row 4 'arm64 traffic, strict' arm64 traffic --append iommu.strict=1 --timeout $patience
row 4 'arm64 traffic, lazy, 2 CPUs' arm64 traffic --smp 2 --append iommu.strict=0 --timeout $patience
row 4 'arm64 traffic, ATS, 2 CPUs' arm64 traffic --smp 2 "${ats[@]}" --timeout $patience
[ ! -d "$build/cosim/kernel-arm64-16k" ] ||
	row 4 'arm64 traffic, pages of 16 KiB' arm64 traffic --kernel kernel-arm64-16k --cpu max,pauth-impdef=on \
		--serve '--set=smmu.granules=[4KiB, 16KiB]' --timeout $patience
row 4 'arm64 performance counters of the SMMU' arm64 counters
row 5 'arm64 sriov_numvfs' arm64 sriov --set times=$((times / 2)) --timeout $patience
row 6 'arm64 faults, event queue overflow' arm64 faults
row 6 'arm64 faults, told by messages' arm64 faults --smmu-irq messages
if [ $times != 5 ]; then
	# A quarter of an hour, once.
	tools/setup.sh tools/packages-kernel.txt && cosim/kernel/build.sh "$build/cosim" || exit 1
	row 7 'arm64 iommufd, dirty pages' arm64 iommufd
	row 7 'arm64 iommufd, dirty lines in the TLB' arm64 iommufd --set lost=yes --serve --set=smmu.cache_dirty=yes
	row 7 'arm64 iommufd, ATS' arm64 iommufd --set lost=yes "${ats[@]:2}"
	row 7 'arm64 iommufd, a PASID' arm64 pasid
	row 7 'arm64 variant driver, a VF moves' arm64 migrate
fi

echo
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
