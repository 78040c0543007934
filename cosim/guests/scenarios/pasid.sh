# SPDX-License-Identifier: Apache-2.0
# iommufd of a stock arm-smmu-v3 on our SMMU gives a PASID of a VF a domain of its own. A VF has its PF's
# PASID capability, so the guest has the PF.
#
# serve: sriov.yaml --sriov --set=smmu.ssid_bits=4 --set=nic.pasid_bits=4
# kernel: kernel-iommufd

one_vf() {
	echo 1 >"/sys/bus/pci/devices/$pf/sriov_numvfs" && up_to 20 iavf_has_it
}
iavf_has_it() {
	function=$(functions iavf) && [ -n "$function" ]
}

# PCI Express base, PASID: of the second word, the upper half is the control register, enable its bit 0.
pf_has_pasids_on() {
	at=$(extended_capability "$pf" 0x001b) && [ $(($(config_word "$pf" $((at + 4))) >> 16 & 1)) = 1 ]
}

# says STEP ANSWER: the program, of the kernel
says() {
	grep -x "$1: $2" /tmp/pasid
}

check pf has_a_pf
check pci-pf-stub stub
check vf one_vf
check enabled pf_has_pasids_on
check cdev has_cdev "$function"
iommufd_avf "$cdev" pasid >/tmp/pasid 2>&1 || cat /tmp/pasid
check width says PASIDs '4 bits'
for step in attach replace detach; do
	check $step says $step yes
done
check dma [ "$(grep -c '^version 1[.]1, ' /tmp/pasid)" = 2 ]
check silent the_smmu_is_silent
