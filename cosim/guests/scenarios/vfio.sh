# SPDX-License-Identifier: Apache-2.0
# vfio-pci has a function, and a program of user space drives it: it maps, DMA comes and goes, MSI-X arrives
# on an eventfd, a reset resets. Then iavf has it again.
#
# serve: two-vfs.yaml

check vfio-pci vfio_function
check dma-msix-reset vfio_avf "$group" "$function" version
check no-fault the_smmu_is_silent
check dma-again vfio_avf "$group" "$function" version

returned() {
	take_over "$function" iavf && two_ends && reaches a 10.0.0.2
}
check back-to-iavf returned
