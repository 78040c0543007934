# SPDX-License-Identifier: Apache-2.0
# What scenarios are made of. A verdict is a line of the console: COSIM ok|FAIL NAME DETAIL; a figure is
# COSIM figure NAME VALUE UNIT.

checks=0
driver=${driver:-iavf}

verdict() { # ok|FAIL NAME DETAIL...
	checks=$((checks + 1))
	echo "COSIM $*"
}

figure() { # NAME VALUE UNIT
	echo "COSIM figure $*"
}

# check NAME COMMAND...: that it succeeds. What it says is shown if not.
check() {
	check_name=$1
	shift
	if "$@" >/tmp/check.log 2>&1; then
		verdict ok "$check_name"
	else
		verdict FAIL "$check_name" "$*"
		sed 's/^/  /' /tmp/check.log
		return 1
	fi
}

# up_to SECONDS COMMAND...: until it succeeds, asked ten times a second
up_to() {
	tries=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 100000
	done
}

now_us() {
	read -r now _ </proc/uptime
	echo "$((${now%.*} * 1000000 + 1${now#*.} * 10000 - 1000000))"
}

# A warning or worse fails a scenario that went well otherwise.
the_kernel_is_well() {
	if dmesg | grep -E 'BUG:|WARNING:|Oops|Call [Tt]race|blocked for more|NETDEV WATCHDOG|Unable to handle' >/tmp/bad; then
		verdict FAIL kernel "$(head -n 1 /tmp/bad)"
		dmesg | tail -n 60
	else
		verdict ok kernel
	fi
}

# ---- devices ----

# Sets `pf` to the first function that can have VFs.
has_a_pf() {
	pf=$(cd /sys/bus/pci/devices && for one in *; do [ -e "$one/sriov_numvfs" ] && echo "$one"; done | head -n 1)
	[ -n "$pf" ]
}

# pci-pf-stub has `pf`: a driver that knows nothing but how to turn VFs on.
stub() {
	id=$(sed 's/0x//' "/sys/bus/pci/devices/$pf/vendor" "/sys/bus/pci/devices/$pf/device" | tr '\n' ' ')
	echo "$id" >/sys/bus/pci/drivers/pci-pf-stub/new_id
	up_to 5 [ -e "/sys/bus/pci/drivers/pci-pf-stub/$pf" ]
}

# functions DRIVER: addresses of those that it has
functions() {
	for function in "/sys/bus/pci/drivers/$1"/*:*; do
		[ -e "$function" ] && basename "$function"
	done
}

# take_over ADDRESS DRIVER
take_over() {
	modprobe "$2"
	echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
	[ ! -e "/sys/bus/pci/devices/$1/driver" ] || echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
	echo "$1" >"/sys/bus/pci/drivers/$2/bind"
}

two_functions_by() { # SECONDS
	up_to "$1" two_functions
}

has_netdev() { # ADDRESS
	ls "/sys/bus/pci/devices/$1/net/"* >/dev/null 2>&1
}

netdev() { # ADDRESS
	ls "/sys/bus/pci/devices/$1/net"
}

# ---- two ends, each in a network namespace of its own, so that traffic is the device's and not loopback's ----

new_end() { # NAME
	unshare -n sleep 1000000 &
	eval "end_$1=$!"
	usleep 100000
	at "$1" ip link set lo up
}

at() { # NAME COMMAND...: in that namespace
	eval "at_end=\$end_$1"
	shift
	nsenter -t "$at_end" -n "$@"
}

# give NAME ADDRESS: that function's network device, called n0 from now on
give() {
	up_to 20 has_netdev "$2" || return 1
	give_device=$(netdev "$2")
	eval "give_end=\$end_$1"
	ip link set "$give_device" netns "$give_end" || return 1
	at "$1" ip link set "$give_device" name n0
}

addressed() { # NAME NUMBER: 10.0.0.NUMBER, and the link up
	at "$1" ip addr add "10.0.0.$2/24" dev "${3:-n0}" && at "$1" ip link set "${3:-n0}" up
}

carrier() { # NAME [DEVICE]
	at "$1" ip link show "${2:-n0}" | grep -q LOWER_UP
}

# two_ends: the first two functions of $driver are ends a and b, up, with 10.0.0.1 and 10.0.0.2
two_ends() {
	modprobe "$driver"
	up_to 20 two_functions || return 1
	# shellcheck disable=SC2046
	set -- $(functions "$driver")
	function_a=$1
	function_b=$2
	new_end a
	new_end b
	give a "$function_a" && give b "$function_b" && addressed a 1 && addressed b 2 &&
		up_to 20 carrier a && up_to 20 carrier b
}

two_functions() {
	[ "$(functions "$driver" | wc -l)" -ge 2 ]
}

reaches() { # NAME ADDRESS [SIZE]: three of three pings
	at "$1" ping -c 3 -i 0.2 -W 5 -s "${3:-56}" "$2" >/tmp/ping 2>&1
	grep -q ' 0% packet loss' /tmp/ping || { cat /tmp/ping; return 1; }
}

# transfer FROM TO ADDRESS MIB: over TCP, the same bytes at the end
transfer() {
	[ -e /tmp/bytes ] || head -c 1048576 /dev/urandom >/tmp/bytes
	send "$1" "$2" "$3" "$4" 'md5sum >/tmp/received' && [ "$(many "$4" | md5sum)" = "$(cat /tmp/received)" ]
}

# send FROM TO ADDRESS MIB COMMAND: what that command reads, at TO; $send_us is how long it took
send() {
	at "$2" nc -l -p 5000 -e sh -c "$5" &
	send_pid=$!
	up_to 5 listens "$2" || { kill $send_pid; return 1; }
	send_us=$(now_us)
	many "$4" | at "$1" timeout 60 nc "$3" 5000 || { kill $send_pid; return 1; }
	wait $send_pid
	send_us=$(($(now_us) - send_us))
}

listens() { # NAME: at port 5000 = 0x1388
	at "$1" cat /proc/net/tcp /proc/net/tcp6 | grep -q ':1388 .* 0A '
}

many() { # MIB
	many_left=$1
	while [ "$many_left" -gt 0 ]; do
		cat /tmp/bytes
		many_left=$((many_left - 1))
	done
}

# ---- again and again ----

# repeated COMMAND: $times times, and after each the two ends talk
repeated() {
	repeated_at=0
	while [ $repeated_at -lt "$times" ]; do
		repeated_at=$((repeated_at + 1))
		"$@" && talk && continue
		echo "at the $repeated_at. of $times"
		return 1
	done
}

# flr FUNCTION: by sysfs
flr() {
	grep -q flr "/sys/bus/pci/devices/$1/reset_method" && echo flr >"/sys/bus/pci/devices/$1/reset_method" &&
		echo 1 >"/sys/bus/pci/devices/$1/reset"
}

# A driver notices a reset behind its back by looking now and then, and till then the link seems up.
talk() {
	up_to 20 carrier a && up_to 20 carrier b && up_to 3 at a ping -c 1 -W 1 10.0.0.2
}

# ---- user space ----

# vfio_function: vfio-pci has the first function of iavf's, from now on $function in $group
vfio_function() {
	modprobe iavf
	up_to 20 two_functions || return 1
	function=$(functions iavf | head -n 1)
	# A message of GICv2m tells of no sender.
	modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
	take_over "$function" vfio-pci || return 1
	group=$(basename "$(readlink "/sys/bus/pci/devices/$function/iommu_group")")
	[ -e "/dev/vfio/$group" ]
}

# has_cdev ADDRESS [DRIVER]: vfio-pci has it, or that one, and `cdev` is how iommufd's users reach it
has_cdev() {
	take_over "$1" "${2:-vfio-pci}" || return 1
	cdev=/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$1/vfio-dev")
	[ -e "$cdev" ]
}

# stream_of FUNCTION: bus, device and function, which iommu-map leaves as they are
stream_of() {
	echo "$1" | sed 's/.*:\(..\):\(..\)\.\(.\)/0x\1 0x\2 \3/' |
		while read -r bus device number; do printf '0x%x' $((bus << 8 | device << 3 | number)); done
}

the_smmu_is_silent() {
	! dmesg | grep 'arm-smmu-v3.*event'
}

# ---- configuration space ----

config_word() { # ADDRESS OFFSET: 32 bits
	hexdump -s "$2" -n 4 -e '1/4 "%u"' "/sys/bus/pci/devices/$1/config"
}

# extended_capability ADDRESS ID: its offset
extended_capability() {
	capability_at=256
	while [ $capability_at -ge 256 ]; do
		capability_word=$(config_word "$1" $capability_at)
		[ $((capability_word & 0xffff)) = $(($2)) ] && echo $capability_at && return
		capability_at=$((capability_word >> 20 & 0xffc))
	done
	return 1
}

# PCI Express base, ATS: the control register is the upper half of the second word, enable its bit 15.
ats_is_on() { # ADDRESS
	ats=$(extended_capability "$1" 0x000f) && [ $(($(config_word "$1" $((ats + 4))) >> 31 & 1)) = 1 ]
}
