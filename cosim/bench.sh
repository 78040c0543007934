#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our VF beside QEMU's igb: the same guest kernel, machine and commands, one after the other.
#
#   cosim/bench.sh BUILD [ARCH]
#
# MIB=256 is how much TCP carries. MTU 1500.
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

printf '%-8s%6s%12s%14s%14s%18s\n' device CPUs 'TCP MB/s' 'ping us' 'MMIO read ns' 'start to link s'
for smp in 1 2; do
	for with in igb vfsim; do
		cosim/guest "$arch" bench --with $with --smp $smp --build "$build" --set mib="${MIB:-256}" --timeout 180 \
			2>/dev/null | stamped 2>/dev/null | awk -v with=$with -v smp=$smp '
			$3 == "figure" { figure[$4] = $5 }
			$3 == "FAIL" { bad = 1; print with ", " $0 >"/dev/stderr" }
			$3 == "start" { start = $1 }
			$3 == "linked" { link = ($1 - start) / 1e6 }
			END {
				printf "%-8s%6d%12s%14.0f%14s%18.2f\n", with, smp, figure["bulk-tcp"],
					figure["ping"] * 1000, figure["mmio-read"], link
				exit bad || !link || !figure["bulk-tcp"]
			}' || status=1
	done
done
exit $status
