# SPDX-License-Identifier: Apache-2.0
# The device's clock (PTP): the kernel has one for each function, it goes, and received packets are stamped by it.
#
# serve: two-vfs.yaml --wire respond

check bind two_ends
check ping reaches a 10.0.0.9
if ! grep -q ' iavf_ptp_' /proc/kallsyms; then
	echo "  the iavf of Linux $(uname -r) knows no clock"
	return
fi

clock_of() { # FUNCTION
	clock=/dev/$(basename "$(echo "/sys/bus/pci/devices/$1/ptp/"ptp*)")
	[ -c "$clock" ]
}
check clock-a clock_of "$function_a"
clock_a=$clock
check clock-b clock_of "$function_b"

check stamps at a ptp_udp "$clock_a" n0 10.0.0.9 "${times:-20}"

# The clock outlives a reset of its function.
flr_and_back() {
	flr "$function_a" && talk
}
check reset flr_and_back
check stamps-after-reset at a ptp_udp "$clock_a" n0 10.0.0.9 "${times:-20}"
