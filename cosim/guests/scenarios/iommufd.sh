# SPDX-License-Identifier: Apache-2.0
# iommufd of a stock arm-smmu-v3 on our SMMU: a domain that tracks dirty pages reports what a VF's DMA wrote,
# in rounds, pages that move and pages that stay; and what becomes of a PASID.
#
#   lost=no|yes   are pages expected to be lost? (docs/findings.md)
#
# serve: two-vfs.yaml
# kernel: kernel-iommufd

rounds=${rounds:-50}
lost=${lost:-no}

cdev_function() {
	up_to 20 two_functions || return 1
	function=$(functions iavf | head -n 1)
	take_over "$function" vfio-pci || return 1
	cdev=/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$function/vfio-dev")
	[ -e "$cdev" ]
}

# tracked moving|still: how many of three pages a round were reported, as the figures say
tracked() {
	iommufd_avf "$cdev" dirty "$rounds" "$1" >/tmp/dirty || return 1
	read -r reported missing more <<-END
		$(sed -n 's/^dirty: \([0-9]*\) reported, \([0-9]*\) missing, \([0-9]*\) more$/\1 \2 \3/p' /tmp/dirty)
	END
	figure "$1-reported" "$reported" pages
	figure "$1-missing" "$missing" pages
	figure "$1-more" "$more" pages
	[ "$((reported + missing))" = $((3 * rounds)) ]
} >/dev/console

all_reported() {
	[ "$missing$more" = 00 ]
}

# The first round finds nothing cached.
lost_but_the_first() {
	[ "$reported" = 3 ] && [ "$more" = 0 ]
}

check cdev cdev_function
check moving tracked moving
[ "$lost" = yes ] || check moving-all all_reported
check still tracked still
case $lost in
no) check still-all all_reported ;;
yes) check still-lost lost_but_the_first ;;
esac
pasid=$(iommufd_avf "$cdev" pasid)
check pasid [ -n "$pasid" ]
echo "COSIM figure $pasid"
check silent the_smmu_is_silent
