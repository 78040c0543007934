# SPDX-License-Identifier: Apache-2.0
# DPDK's poll-mode driver has a VF, by vfio-pci, and answers the pings of the kernel's iavf on the other; its port
# is stopped, given another MTU and started; another address; what it counted; then iavf has the VF back.
#
#   simd=64|128   what DPDK may use (default 64: none, for its NEON path takes a packet in several buffers apart)
#
# The firmware is slow, for the driver loses an answer that comes between its look at the queue and its
# write of CLEARPBA; a guest without KVM takes milliseconds for that.
#
# serve: two-vfs.yaml --engine=native --set=timing.firmware.command=5ms
# with: dpdk
# smp: 2

simd=${simd:-64}
log=/tmp/testpmd.log

# It writes to a file in blocks: what it says is looked at when it has ended.
start_testpmd() { # ADDRESS
	mkdir -p /var/run
	mkfifo /tmp/commands
	exec 3<>/tmp/commands
	# Its two lcores share a CPU, or the kernel's end would have none.
	dpdk-testpmd --no-huge -m 64 --iova-mode=va -d /usr/lib/dpdk --lcores '(0,1)@1' --no-telemetry \
		--force-max-simd-bitwidth="$simd" -a "$1" -- -i --forward-mode=icmpecho --total-num-mbufs=4096 --rxq=2 --txq=2 \
		--enable-scatter --tx-offloads=0x8000 <&3 >$log 2>&1 &
	testpmd_pid=$!
	say start
	sleep 1
	answers
}

say() { # COMMAND...
	echo "$*" >&3
}

answers() { # [ADDRESS]
	up_to 40 at a ping -c 1 -W 1 "${1:-10.0.0.2}" || show_log
}

show_log() {
	tail -n 60 $log
	return 1
}

pings() { # COUNT SIZE
	at a ping -A -q -w 30 -c "$1" -s "$2" 10.0.0.2 >/tmp/ping && grep -q ' 0% packet loss' /tmp/ping ||
		{ cat /tmp/ping; show_log; }
}

restarted() {
	say stop
	say port stop 0
	say port config mtu 0 9000
	say port start 0
	say start
	at a ip link set n0 mtu 9000 && up_to 20 carrier a && answers
}

another_address() {
	say mac_addr add 0 02:aa:bb:cc:dd:01
	at a arp -s 10.0.0.3 02:aa:bb:cc:dd:01 && answers 10.0.0.3
}

ended() {
	say show port stats 0
	say stop
	say quit
	wait $testpmd_pid && grep -q '^Bye' $log || show_log
}

counted() { # NAME
	sed -n '/NIC statistics/,/Throughput/p' $log | tr -s ' ' '\n' | grep -A 1 "^$1:" | tail -n 1
}

# As much went as came, in packets and in bytes: it answers all that it is sent (and takes the CRCs off).
counts() { # AT LEAST
	[ "$(counted RX-packets)" -ge "$1" ] && [ "$(counted RX-packets)" = "$(counted TX-packets)" ] &&
		[ "$(counted RX-bytes)" = "$(counted TX-bytes)" ] && [ "$(counted RX-errors)$(counted TX-errors)" = 00 ] || show_log
}

back_to_iavf() {
	take_over "$function" iavf && new_end b && give b "$function" && addressed b 2 && up_to 20 carrier b &&
		at a ip neigh flush dev n0 && reaches a 10.0.0.2
}

check vfio vfio_function
# shellcheck disable=SC2046
set -- $(functions iavf)
new_end a
check kernel-end give a "$1"
addressed a 1
check start start_testpmd "$function"
check ping pings 100 56
check ping-1400 pings 100 1400
check restarted restarted
[ "$simd" != 64 ] || check ping-8900 pings 20 8900
check another-address another_address
check ended ended
check counts counts 200
check back-to-iavf back_to_iavf
check silent the_smmu_is_silent
