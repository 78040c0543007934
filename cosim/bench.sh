#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our VF beside QEMU's igb: the same guest kernel, machine and commands, one after the other.
#
#   cosim/bench.sh BUILD [ARCH]
#
# MIB=256 is how much TCP carries, three times, of which the median counts.
# With one CPU in the guest vfsim polls on the other of the host's.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit
build=$1
arch=${2:-x86_64}
status=0

# Lines of the guest's with the time at which they came, in microseconds.
stamped() {
	while IFS= read -r line; do
		case $line in
		COSIM*) echo "${EPOCHREALTIME/[.,]/} $line" ;;
		guest:*) echo "$line" >&2 ;;
		esac
	done
}

# measure CPUS MTU DEVICE
measure() {
	local options=()
	[ "$1$3" != 1vfsim ] || options=(--serve --busy-poll)
	cosim/guest "$arch" bench --with "$3" --smp "$1" --build "$build" --set mib="${MIB:-256}" --set mtu="$2" --timeout 180 \
		"${options[@]}" 2>/dev/null | stamped 2>/dev/null | awk -v with="$3" -v smp="$1" -v mtu="$2" '
		$3 == "figure" { figure[$4] = $5 }
		$3 == "FAIL" { bad = 1; print with ", " $0 >"/dev/stderr" }
		$3 == "start" { start = $1 }
		$3 == "linked" { link = ($1 - start) / 1e6 }
		END {
			printf "%-8s%6d%6d%10s%11s%10s%9.0f%14s%17.2f\n", with, smp, mtu, figure["bulk-tcp"],
				figure["zero-copy-tcp"], figure["loopback"], figure["ping"] * 1000,
				figure["mmio-read"], link
			exit bad || !link || !figure["bulk-tcp"] || !figure["zero-copy-tcp"]
		}'
}

echo 'TCP in MB/s: from /dev/zero to /dev/null, without copies, and of the guest to itself'
printf '%-8s%6s%6s%10s%11s%10s%9s%14s%17s\n' device CPUs MTU TCP zero-copy loopback 'ping us' 'MMIO read ns' \
	'start to link s'
for smp in 1 2; do
	for mtu in 1500 9000; do
		for with in igb vfsim; do
			measure $smp $mtu $with || status=1
		done
	done
done
exit $status
