# SPDX-License-Identifier: Apache-2.0
# The firmware resets both VFs while a ping runs, again and again: the driver is told, and comes back by itself.
#
# serve: two-vfs.yaml

times=${times:-5}

indications() {
	dmesg | grep -c 'Reset indication received from the PF'
}

both_told() { # BEFORE
	[ "$(indications)" -ge $(($1 + 2)) ]
}

# Whoever started the guest has vfsim do it.
vfr() {
	before=$(indications)
	echo "COSIM host vfr" >/dev/console
	up_to 10 both_told "$before" || { dmesg | tail -n 20; return 1; }
}

check bind two_ends
check ping reaches a 10.0.0.2
at a sh -c 'while :; do ping -i 0.01 10.0.0.2; usleep 100000; done' >/dev/null 2>&1 &
check "vfr-$times" repeated vfr
check tcp transfer a b 10.0.0.2 "${mib:-16}"
