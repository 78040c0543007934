# SPDX-License-Identifier: Apache-2.0
# The SMMU's performance counters by the kernel's arm_smmuv3_pmu: what each stream does adds up, and a counter that
# overflows interrupts.
#
# serve: two-vfs.yaml --set=smmu.counters32=yes

has_pmu() {
	modprobe arm_smmuv3_pmu || return 1
	pmu=$(cd /sys/bus/event_source/devices && echo smmuv3_pmcg_*)
	[ -e "/sys/bus/event_source/devices/$pmu/events/transaction" ]
}
check pmu has_pmu
check bind two_ends

stream_a=$(stream_of "$function_a")
stream_b=$(stream_of "$function_b")

# count MILLISECONDS EVENT...: while the two ends talk
count() {
	perf_count "$pmu" "$@" >/tmp/counts &
	count_pid=$!
	reaches a 10.0.0.2 1400 && wait $count_pid
}

# All, of one stream and of the other, of a span of 256 that has both, of nobody, and what translation cost.
streams() {
	count 1500 transaction "transaction:$stream_a" "transaction:$stream_b" transaction:0x7f:span transaction:0x7 \
		tlb_miss config_cache_miss trans_table_walk_access || return 1
	# shellcheck disable=SC2046
	set -- $(cat /tmp/counts)
	echo "all $1: $stream_a $2, $stream_b $3, span $4, nobody's $5; misses $6, of configuration $7, reads $8"
	[ "$2" -gt 0 ] && [ "$3" -gt 0 ] && [ "$1" = $(($2 + $3)) ] && [ "$4" = "$1" ] && [ "$5" = 0 ] &&
		[ "$6" -le "$1" ] && [ "$7" -le "$1" ] && [ "$8" -ge "$6" ]
}
check streams streams
sed -n 1p /tmp/check.log

interrupts() {
	awk '/smmuv3-pmu/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) sum += $i } END { print sum + 0 }' /proc/interrupts
}

# Counters of 32 bits, which Linux begins in their middle, overflow after each 2.1 s.
overflows() {
	before=$(interrupts)
	perf_count "$pmu" 10000 cycles >/tmp/counts || return 1
	read -r cycles </tmp/counts
	echo "$cycles cycles in 10 s, $(($(interrupts) - before)) interrupts"
	[ "$cycles" -gt 4294967296 ] && [ $(($(interrupts) - before)) -ge 2 ]
}
check overflows overflows
sed -n 1p /tmp/check.log
