# SPDX-License-Identifier: Apache-2.0
# What becomes of a function and its driver again and again: down and up, unbound and bound, reset by FLR.
# After each the two ends talk.
#
# serve: two-vfs.yaml

times=${times:-5}

check bind two_ends
check ping reaches a 10.0.0.2

down_and_up() {
	at a ip link set n0 down && at a ip link set n0 up
}

unbind_and_bind() {
	echo "$function_a" >"/sys/bus/pci/drivers/$driver/unbind" &&
		echo "$function_a" >"/sys/bus/pci/drivers/$driver/bind" && give a "$function_a" && addressed a 1
}

check "down-up-$times" repeated down_and_up
check "bind-$times" repeated unbind_and_bind
check "flr-$times" repeated flr "$function_a"
check tcp transfer a b 10.0.0.2 "${mib:-16}"
