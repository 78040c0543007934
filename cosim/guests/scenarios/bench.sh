# SPDX-License-Identifier: Apache-2.0
# Figures, of whichever driver's functions: register reads, link up, ping, bulk TCP.
#
# serve: two-vfs.yaml

# before a driver has them: VFGEN_RSTAT of an AVF, STATUS of an igb
case $driver in
iavf) ids=0x8086:0x1889:0x8800 ;;
igb) ids=0x8086:0x10c9:0x8 ;;
esac
for one in /sys/bus/pci/devices/*; do
	[ "$(cat "$one/vendor"):$(cat "$one/device")" = "${ids%:*}" ] || continue
	mmio=$(mmio_read "${one##*/}" "${ids##*:}" 2000) && break
done
check mmio [ -n "${mmio:-}" ]
figure mmio-read "$mmio" ns

check bind two_ends
echo "COSIM linked"
long_rings() {
	for end in a b; do
		at $end ethtool -G n0 rx 4096 tx 4096 || return 1
	done
	up_to 20 carrier a && up_to 20 carrier b
}
check rings long_rings
if [ "${mtu:-1500}" != 1500 ]; then
	at a ip link set n0 mtu "$mtu" && at b ip link set n0 mtu "$mtu"
	up_to 20 carrier a && up_to 20 carrier b
fi
check ping reaches a 10.0.0.2
at a ping -A -c 1000 -q 10.0.0.2 >/tmp/ping
check ping-1000 grep -q ' 0% packet loss' /tmp/ping
figure ping "$(sed -n 's|.*= [0-9.]*/\([0-9.]*\)/.*|\1|p' /tmp/ping)" ms

# From memory that is there into nothing: what is measured is the network's. Three times each, taking turns;
# the figure is the median.
mib=${mib:-256}
bulk() { # FROM TO ADDRESS: microseconds
	at "$2" nc -l -p 5000 -e dd of=/dev/null bs=65536 2>/dev/null &
	bulk_pid=$!
	up_to 5 listens "$2" || return 1
	bulk_us=$(now_us)
	at "$1" nc "$3" 5000 -e dd if=/dev/zero bs=65536 count=$((mib * 16)) 2>/dev/null
	wait $bulk_pid
	echo $(($(now_us) - bulk_us))
}
# The ends' processes: nothing is copied.
# shellcheck disable=SC2154
zero_copy() {
	tcp_bulk "$end_a" "$end_b" 10.0.0.2 "$mib"
}
rate() { # NAME MICROSECONDS...
	rate_name=$1
	shift
	rate_us=$(printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p")
	figure "$rate_name" $((mib * 1048576 / rate_us)) MB/s
}
received() { # MIB, by what b's driver has counted in its queues: rx-0.bytes of iavf, rx_queue_0_bytes of igb
	[ "$(at b ethtool -S n0 | awk '/rx(-|_queue_)[0-9]+[._]bytes:/ { sum += $2 } END { printf "%d", sum / 1048576 }')" \
		-ge "$1" ]
}
copied='' zero=''
for _ in 1 2 3; do
	copied="$copied $(bulk a b 10.0.0.2)"
	zero="$zero $(zero_copy)"
done
check bulk received $((6 * mib))
# shellcheck disable=SC2086
rate bulk-tcp $copied
# shellcheck disable=SC2086
rate zero-copy-tcp $zero
# For scale, the same without a device.
rate loopback "$(bulk a a 127.0.0.1)"
