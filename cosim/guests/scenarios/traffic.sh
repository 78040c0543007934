# SPDX-License-Identifier: Apache-2.0
# Two functions talk: addresses, ping, TCP, MTU 9000, VLAN, queues, and what ethtool tells.
#
# serve: two-vfs.yaml
# As many CPUs as queue pairs are asked for: iavf offers no more.
# smp: 4

mib=${mib:-4}

check bind two_ends
[ "${ats:-}" != on ] || check ats ats_is_on "$function_a"
check ping reaches a 10.0.0.2
check ping-back reaches b 10.0.0.1
check tcp transfer a b 10.0.0.2 "$mib"
check tcp-back transfer b a 10.0.0.1 "$mib"

queues() { # NUMBER: both ends have so many pairs, and talk
	for end in a b; do
		[ "$(combined $end)" = "$1" ] || at $end ethtool -L n0 combined "$1" || return 1
	done
	up_to 20 carrier a && up_to 20 carrier b && [ "$(combined a)" = "$1" ] && reaches a 10.0.0.2 &&
		transfer a b 10.0.0.2 "$mib"
}

combined() { # END
	at "$1" ethtool -l n0 | sed -n '/^Current/,$s/^Combined:[^0-9]*//p'
}

# A device that offers less is not what is asked for.
for number in 1 2 4; do
	check "queues-$number" queues "$number"
done

jumbo() {
	at a ip link set n0 mtu 9000 && at b ip link set n0 mtu 9000 && up_to 20 carrier a && up_to 20 carrier b &&
		reaches a 10.0.0.2 8900 && transfer a b 10.0.0.2 "$mib"
}
check mtu-9000 jumbo

vlan() {
	modprobe 8021q
	for end in a b; do
		at $end ip link add link n0 name n0.7 type vlan id 7 || return 1
		[ $end = a ] && number=1 || number=2
		at $end ip addr add 10.0.7.$number/24 dev n0.7
		at $end ip link set n0.7 up
	done
	reaches a 10.0.7.2 && transfer a b 10.0.7.2 "$mib"
}
check vlan vlan

counted() { # packets are in the statistics, by each queue or as a whole
	at a ethtool -S n0 | awk -F: '/packets/ { sum += $2 } END { exit !(sum > 1000) }'
}
check ethtool-S counted

hashed() { # the indirection table is read, written and read back
	at a ethtool -x n0 || return 1
	at a ethtool -X n0 equal 1 && at a ethtool -x n0 | awk '/^ +[0-9]+:/ { for (i = 2; i <= NF; i++) if ($i) bad = 1
		rows++ } END { exit bad || !rows }' && reaches a 10.0.0.2
}
check ethtool-X hashed

offloads() { # without segmentation and checksums of the device it works, too
	at a ethtool -K n0 tso off tx off && at a ethtool -k n0 | grep -q '^tcp-segmentation-offload: off' &&
		transfer a b 10.0.0.2 "$mib" && at a ethtool -K n0 tx on tso on && transfer a b 10.0.0.2 "$mib"
}
check ethtool-K offloads
