# SPDX-License-Identifier: Apache-2.0
# A variant driver of ours gives the guest's vfio_pci_core migration over our VFs (cosim/kernel/vfsim): the
# state of one goes to another by the kernel's own arcs, and that one goes on.
#
# serve: sriov.yaml --sriov
# kernel: kernel-iommufd

two_vfs() {
	modprobe vfsim_vfio_pci && has_a_pf && [ -e "/sys/bus/pci/drivers/vfsim-pf/$pf" ] || return 1
	echo 2 >"/sys/bus/pci/devices/$pf/sriov_numvfs" && up_to 20 two_functions
}

both() {
	# shellcheck disable=SC2046
	set -- $(functions iavf)
	has_cdev "$1" vfsim-vfio-pci && from=$cdev && has_cdev "$2" vfsim-vfio-pci && to=$cdev
}

check vfs two_vfs
check variant-driver both
i=0
while [ $i -lt "${times:-3}" ]; do
	i=$((i + 1))
	check "moved-$i" iommufd_migrate "$from" "$to"
	check "back-$i" iommufd_migrate "$to" "$from"
done
iommufd_migrate "$from" "$to" | sed -n 's/^saved: \([0-9]*\) bytes, \([0-9]*\) .*/state \1 bytes\nstate-of-pre-copy \2 bytes/p' |
	while read -r name value unit; do figure "$name" "$value" "$unit"; done
check silent the_smmu_is_silent
