# SPDX-License-Identifier: Apache-2.0
# A guest that starts anew each time it has seen that the two ends talk. Whoever started it counts.
#
# serve: two-vfs.yaml

check bind two_ends
check ping reaches a 10.0.0.2
the_kernel_is_well
reboot -f
