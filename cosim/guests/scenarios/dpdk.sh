# SPDX-License-Identifier: Apache-2.0
# DPDK's poll-mode driver has a VF, by vfio-pci, and answers the pings of the kernel's iavf on the other, but while a rule
# drops them; its port is stopped, given another MTU and started; another address; rules of the flow director and of
# RSS, promiscuous modes, VLANs; what it counted; then iavf has the VF back.
#
#   simd=64|128   what DPDK may use (default 64: none, for its NEON path takes a packet in several buffers apart)
#
# The firmware is slow, for the driver loses an answer that comes between its look at the queue and its
# write of CLEARPBA; a guest without KVM takes milliseconds for that.
#
# serve: two-vfs.yaml --engine=native --set=timing.firmware.command=20ms
# with: dpdk
# smp: 2
# cpu of x86_64: Nehalem

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

# Of a ping without an answer a second is over, and it is tried again; not when there is nobody to answer.
answers() { # [ADDRESS]
	up_to 4 answers_or_ended "${1:-10.0.0.2}" && running || show_log
}

answers_or_ended() { # ADDRESS
	! running || at a ping -c 1 -W 1 "$1"
}

running() {
	kill -0 $testpmd_pid 2>/dev/null
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

another_address() { # NUMBER: from 3 to 9
	say mac_addr add 0 "02:aa:bb:cc:dd:0$1"
	at a arp -s "10.0.0.$1" "02:aa:bb:cc:dd:0$1" && answers "10.0.0.$1"
}

# A rule of the flow director, and what the kernel's end hears of it: nothing, while it drops. Then counting begins, with no
# packet under way: once another address answers, what was said before it is done.
drops() {
	say flow create 0 ingress pattern eth / ipv4 src is 10.0.0.1 / end actions drop / end
	up_to 20 is_deaf || return 1
	say flow destroy 0 rule 0
	answers && say clear port stats 0 && another_address 4
}

is_deaf() {
	! at a ping -c 1 -W 1 10.0.0.2
}

# Other rules, of other kinds: all are taken, and packets come through.
rules() {
	say flow create 0 ingress pattern eth / ipv4 / udp dst is 7777 / end actions queue index 1 / mark id 5 / end
	say flow create 0 ingress pattern eth / ipv6 dst is fe80::1 / tcp src is 80 / end actions rss queues 0 1 end / end
	say flow create 0 ingress pattern eth / ipv4 proto is 1 / end actions passthru / mark id 9 / end
	say flow create 0 ingress pattern eth / ipv4 / udp / end actions rss types ipv4-udp l3-src-only end key_len 0 queues end / end
	say flow create 0 ingress pattern eth / ipv6 / tcp / end actions rss func symmetric_toeplitz types ipv6-tcp end key_len 0 queues end / end
	say flow list 0
	say flow flush 0
	answers
}

settings() {
	say set promisc 0 on
	say set promisc 0 off
	say set allmulti 0 on
	say mcast_addr add 0 01:00:5e:00:00:05
	say port config 0 rss reta '(0,1)(1,0)(2,1)'
	say port config all rss ip
	say vlan set filter on 0
	say rx_vlan add 7 0
	say rx_vlan rm 7 0
	say vlan set strip on 0
	say vlan set strip off 0
	answers
}

ended() {
	say show port stats 0
	say stop
	say quit
	wait $testpmd_pid && grep -q '^Bye' $log || show_log
}

# Each rule that was asked for is there, and nothing was refused.
taken() {
	[ "$(grep -c '^Flow rule #[0-9]* created' $log)" = 6 ] && ! grep -iE 'Caught|Return failure' $log || show_log
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
check drops drops
check ping pings 100 56
check ping-1400 pings 100 1400
check restarted restarted
[ "$simd" != 64 ] || check ping-8900 pings 20 8900
check another-address another_address 3
check rules rules
check settings settings
check ended ended
check taken taken
check counts counts 200
check back-to-iavf back_to_iavf
check silent the_smmu_is_silent
