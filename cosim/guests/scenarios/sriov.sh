# SPDX-License-Identifier: Apache-2.0
# The guest has the PF, with a driver that knows nothing of it, and turns VFs on and off.
#
# serve: sriov.yaml --sriov

modprobe pci-pf-stub
check pf has_a_pf
check pci-pf-stub stub

vfs() {
	functions iavf | wc -l
}

on() {
	echo 4 >"/sys/bus/pci/devices/$pf/sriov_numvfs" && up_to 20 four
}
four() {
	[ "$(vfs)" = 4 ]
}
off() {
	echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs" && [ "$(vfs)" = 0 ]
}

own_groups() { # none has two of them
	for one in $(functions iavf); do
		readlink "/sys/bus/pci/devices/$one/iommu_group"
	done | sort | uniq -c | awk '$1 != 1 { bad = 1 } END { exit bad || NR != 4 }'
}

# The first is an end, and each of the others talks to it.
all_talk() {
	number=0
	# shellcheck disable=SC2046
	for one in $(functions iavf); do
		number=$((number + 1))
		new_end "v$number"
		give "v$number" "$one" && addressed "v$number" $number && up_to 20 carrier "v$number" || return 1
	done
	for number in 2 3 4; do
		reaches v1 10.0.0.$number && transfer v1 v$number 10.0.0.$number "${mib:-2}" || return 1
	done
}

modprobe iavf
i=0
while [ $i -lt "${times:-2}" ]; do
	i=$((i + 1))
	check "on-$i" on
	check "groups-$i" own_groups
	check "traffic-$i" all_talk
	kill $end_v1 $end_v2 $end_v3 $end_v4
	sleep 1
	check "off-$i" off
done
