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
if [ "${mtu:-1500}" != 1500 ]; then
	at a ip link set n0 mtu "$mtu" && at b ip link set n0 mtu "$mtu"
	up_to 20 carrier a && up_to 20 carrier b
fi
check ping reaches a 10.0.0.2
at a ping -A -c 1000 -q 10.0.0.2 >/tmp/ping
check ping-1000 grep -q ' 0% packet loss' /tmp/ping
figure ping "$(sed -n 's|.*= [0-9.]*/\([0-9.]*\)/.*|\1|p' /tmp/ping)" ms

# From memory that is there into nothing: what is measured is the network's.
mib=${mib:-256}
bulk() {
	at b nc -l -p 5000 -e dd of=/dev/null bs=65536 2>/dev/null &
	bulk_pid=$!
	up_to 5 listens b || return 1
	bulk_us=$(now_us)
	at a nc 10.0.0.2 5000 -e dd if=/dev/zero bs=65536 count=$((mib * 16)) 2>/dev/null
	wait $bulk_pid
	bulk_us=$(($(now_us) - bulk_us))
}
received() { # by b's own count of bytes, which a VF asks its PF for every two seconds
	[ "$(at b cat /proc/net/dev | awk '$1 == "n0:" { print $2 }')" -gt $((mib * 1048576)) ]
}
bulk
check bulk up_to 5 received
figure bulk-tcp $((mib * 1048576 / bulk_us)) MB/s
