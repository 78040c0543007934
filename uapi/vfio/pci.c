// SPDX-License-Identifier: Apache-2.0
/* The function behind a VFIO device: configuration space over the bus. */
#include <errno.h>

#include "uapi/vfio/vfio_internal.h"

#define PCI_NOTHING UINT32_MAX /* what a read of no function gives */

uint32_t vfio_pci_read(const struct vfio_device *device, struct actor *self, uint32_t offset,
		       uint32_t len)
{
	const struct cpu_port *cpu = &device->kernel->env.cpu;

	return (uint32_t)cpu->ops->mmio_read(cpu->ctx, self, device->cfg.config_pa + offset, len);
}

void vfio_pci_write(const struct vfio_device *device, struct actor *self, uint32_t offset,
		    uint32_t len, uint32_t value)
{
	const struct cpu_port *cpu = &device->kernel->env.cpu;

	cpu->ops->mmio_write(cpu->ctx, self, device->cfg.config_pa + offset, len, value);
}

uint16_t vfio_pci_capability(const struct vfio_device *device, struct actor *self, uint8_t id)
{
	uint32_t status = vfio_pci_read(device, self, PCI_STATUS, 2);
	uint8_t at;

	if (!(status & PCI_STATUS_CAP_LIST))
		return 0;
	at = (uint8_t)vfio_pci_read(device, self, PCI_CAPABILITY_LIST, 1) & ~3u;
	/* A list longer than the space is a loop. */
	for (uint32_t i = 0; at >= PCI_STD_HEADER_SIZEOF && i < 48; i++) {
		uint32_t header = vfio_pci_read(device, self, at, 2);

		if ((header & 0xff) == id)
			return at;
		at = (uint8_t)(header >> 8) & ~3u;
	}
	return 0;
}

static void probe_msix(struct vfio_device *device, struct actor *self)
{
	uint32_t table;

	device->msix_bar = UAPI_DEVICE_BARS; /* none */
	device->msix_cap = vfio_pci_capability(device, self, PCI_CAP_ID_MSIX);
	if (!device->msix_cap)
		return;
	device->vectors = (vfio_pci_read(device, self, device->msix_cap + PCI_MSIX_FLAGS, 2) &
			   PCI_MSIX_FLAGS_QSIZE) +
			  1;
	table = vfio_pci_read(device, self, device->msix_cap + PCI_MSIX_TABLE, 4);
	device->msix_bar = table & PCI_MSIX_TABLE_BIR;
	device->msix_offset = table & PCI_MSIX_TABLE_OFFSET;
	device->msix_bytes = device->vectors * PCI_MSIX_ENTRY_SIZE;
}

int pci_probe(struct vfio_device *device, struct actor *self)
{
	/* A VF has no IDs of its own there; that it answers shows in its command register. */
	if (vfio_pci_read(device, self, PCI_COMMAND, 4) == PCI_NOTHING)
		return -ENODEV;
	device->pcie_cap = vfio_pci_capability(device, self, PCI_CAP_ID_EXP);
	device->msi_cap = vfio_pci_capability(device, self, PCI_CAP_ID_MSI);
	probe_msix(device, self);
	return 0;
}

uint16_t pci_memory_lock_and_enable(struct vfio_device *device, struct actor *self)
{
	uint16_t command;

	down_write(self, &device->memory);
	command = (uint16_t)vfio_pci_read(device, self, PCI_COMMAND, 2);
	/* A VF's memory is decoded by its PF's VF MSE bit. */
	if (!device->cfg.is_vf && !(command & PCI_COMMAND_MEMORY))
		vfio_pci_write(device, self, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY);
	return command;
}

void pci_memory_unlock_and_restore(struct vfio_device *device, struct actor *self, uint16_t command)
{
	if (!device->cfg.is_vf && !(command & PCI_COMMAND_MEMORY))
		vfio_pci_write(device, self, PCI_COMMAND, 2, command);
	up_write(&device->memory);
}
