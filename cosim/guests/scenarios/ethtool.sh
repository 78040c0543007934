# SPDX-License-Identifier: Apache-2.0
# What ethtool changes of a function, and that the two ends talk with it: rings, interrupt moderation, rules that choose
# a queue, what is hashed and how, no offloads at all; another address, and IPv6.
#
# serve: two-vfs.yaml
# As many CPUs as queue pairs are asked for: iavf offers no more.
# smp: 4

mib=${mib:-4}

talks() {
	up_to 20 carrier a && up_to 20 carrier b && reaches a 10.0.0.2 && transfer a b 10.0.0.2 "$mib"
}

check bind two_ends
check talks talks

rings() {
	for entries in 64 4096 512; do
		at a ethtool -G n0 rx $entries tx $entries && at b ethtool -G n0 rx $entries tx $entries &&
			at a ethtool -g n0 | grep -q "^RX:.*$entries" && talks || return 1
	done
}
check rings rings

moderation() {
	at b ethtool -C n0 adaptive-rx off adaptive-tx off rx-usecs 100 tx-usecs 200 &&
		at b ethtool -c n0 | grep -q '^rx-usecs:.*100' && talks &&
		at b ethtool -C n0 adaptive-rx on adaptive-tx on && talks
}
check moderation moderation

four_queues() {
	for end in a b; do
		at $end ethtool -L n0 combined 4 || return 1
	done
	talks
}
check four-queues four_queues

received_by() { # QUEUE: packets of b
	at b ethtool -S n0 | sed -n "s/^ *rx-$1.packets: //p"
}

# TCP of the transfer's port goes to queue 2, for as long as the rule is there.
steered() {
	at b ethtool -K n0 ntuple on
	rule=$(at b ethtool -N n0 flow-type tcp4 src-ip 10.0.0.1 dst-ip 10.0.0.2 dst-port 5000 action 2 |
		sed -n 's/^Added rule with ID //p')
	at b ethtool -N n0 flow-type udp4 dst-port 7 action -1 && at b ethtool -N n0 flow-type tcp6 dst-port 80 action 1 || return 1
	before=$(received_by 2)
	talks && [ $(($(received_by 2) - before)) -ge $((mib * 300)) ] || return 1
	at b ethtool -N n0 delete "$rule" && talks
}
check steered steered

hashed() {
	at b ethtool -N n0 rx-flow-hash tcp4 sd && at b ethtool -n n0 rx-flow-hash tcp4 | grep -q 'IP SA' &&
		at b ethtool -X n0 hkey "$(yes 6d | head -n 52 | tr '\n' ':' | sed 's/:$//')" && talks &&
		at b ethtool -N n0 rx-flow-hash tcp4 sdfn && at b ethtool -X n0 default && talks
}
check hashed hashed

offloads_off_and_on() {
	for state in off on; do
		for feature in sg tso gso gro rx tx rxvlan txvlan rxhash; do
			at a ethtool -K n0 $feature $state
			at b ethtool -K n0 $feature $state
		done
		talks || return 1
	done
}
check offloads offloads_off_and_on

another_address() {
	at a ip link set n0 address 02:11:22:33:44:55 && at b ip neigh flush dev n0
	talks
}
check another-address another_address

version_6() {
	at a ip -6 addr add fd00::1/64 dev n0 && at b ip -6 addr add fd00::2/64 dev n0 && up_to 10 at a ping -6 -c 1 fd00::2 &&
		transfer a b fd00::2 "$mib"
}
check ipv6 version_6
