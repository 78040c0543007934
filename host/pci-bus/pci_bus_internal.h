/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_PCI_BUS_INTERNAL_H
#define VFSIM_HOST_PCI_BUS_INTERNAL_H

#include "host/pci-bus/pci_bus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* pci_bus.c: the functions of the device whose function 0 is `first`. */
int pci_device_scan(struct pci_bus *bus, struct actor *self, uint16_t first);
/* Move on to where a window may begin or end; 0 when the root port's is full. */
uint64_t pci_window_align(struct pci_bus *bus, uint64_t align_bytes);

/* bridge.c: number the buses behind a switch's port, scan them and open its windows. */
int pci_bridge_scan(struct pci_bus *bus, struct actor *self, uint16_t rid);

#ifdef __cplusplus
}
#endif
#endif
