/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFSIM_VARIANT_H
#define VFSIM_VARIANT_H

/* vfio-pci for VFs of vfsim's NIC, with migration. */
#include <linux/pci.h>

extern struct pci_driver vfsim_vfio_pci_driver;

#endif
