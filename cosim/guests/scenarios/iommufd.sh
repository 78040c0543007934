# SPDX-License-Identifier: Apache-2.0
# iommufd of a stock arm-smmu-v3 on our SMMU: a domain that tracks dirty pages reports what a VF's DMA wrote,
# in rounds, pages that move and pages that stay.
#
#   lost=no|yes   are pages expected to be lost? (docs/findings.md)
#
# serve: two-vfs.yaml
# kernel: kernel-iommufd

rounds=${rounds:-50}
lost=${lost:-no}

cdev_function() {
	up_to 20 two_functions || return 1
	has_cdev "$(functions iavf | head -n 1)"
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

none_missing() {
	[ "$missing" = 0 ]
}
none_more() {
	[ "$more" = 0 ]
}

# The first round finds nothing cached.
lost_but_the_first() {
	[ "$reported" = 3 ]
}

check cdev cdev_function
check moving tracked moving
check moving-none-more none_more
[ "$lost" = yes ] || check moving-none-missing none_missing
check still tracked still
check still-none-more none_more
case $lost in
no) check still-none-missing none_missing ;;
yes) check still-lost lost_but_the_first ;;
esac
check silent the_smmu_is_silent
