# SPDX-License-Identifier: Apache-2.0
# A program of user space has a function do what it may not, and the kernel tells of it as the SMMU does: stream,
# kind of access, address. Then more often than the event queue holds.
#
# serve: two-vfs.yaml

check vfio-pci vfio_function
check no-fault the_smmu_is_silent
# The console is for verdicts.
dmesg -n 1

# event NAME IOVA WORD...: an event of that name, of our function, at that address, and what kind of access it was
event() {
	dmesg | grep -q 'arm-smmu-v3.* event: [CF]_' || { raw_event "$1" "$2"; return; }
	dmesg | grep "event: $1 client: $function sid: $stream .*iova: $2 " || { dmesg | tail -n 5; return 1; }
	shift 2
	last=$(dmesg | grep 'arm-smmu-v3.*"' | tail -n 1)
	for word; do
		case $last in
		*"$word"*) ;;
		*) echo "not '$word' in: $last"; return 1 ;;
		esac
	done
}

# raw_event NAME IOVA: older kernels, such as 6.12, print the record's words, the first and third of which are these
raw_event() {
	case $1 in
	F_TRANSLATION) number=10 ;;
	F_PERMISSION) number=13 ;;
	esac
	dmesg | tail -n 5 | tee /tmp/record
	grep -q "0x0000000${stream#0x}000000$number\$" /tmp/record && grep -q "0x00000000${2#0x}\$" /tmp/record
}
stream=$(stream_of "$function")

vfio_avf "$group" "$function" unmapped 0x7f001000
check F_TRANSLATION event F_TRANSLATION 0x7f001000 'data read' 'Input address'
# A page of any size begins there.
vfio_avf "$group" "$function" read-only 0x7e010000
check F_PERMISSION event F_PERMISSION 0x7e010000 'data write' 'Input address'

told() {
	case $smmu_irq in
	wires) grep -q 'GICv3 .*arm-smmu-v3' /proc/interrupts ;;
	messages) grep -q 'pMSI.*arm-smmu-v3-evtq' /proc/interrupts ;;
	*) return 1 ;;
	esac
}
check "told-by-$smmu_irq" told

overflow() {
	dmesg -c >/dev/null
	vfio_avf "$group" "$function" storm 0x7d003000 3000 && up_to 10 overflowed
}
overflowed() {
	dmesg | grep -q 'EVTQ overflow'
}
check overflow overflow
sleep 1
dmesg -c >/dev/null
# The kernel tells ten events in five seconds.
sleep 5
vfio_avf "$group" "$function" unmapped 0x7c004000
check after-overflow event F_TRANSLATION 0x7c004000 'data read'
check dma-after-overflow vfio_avf "$group" "$function" version

returned() {
	take_over "$function" iavf && two_ends && reaches a 10.0.0.2
}
check back-to-iavf returned
