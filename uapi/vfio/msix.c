// SPDX-License-Identifier: Apache-2.0
/*
 * MSI-X as the kernel's PCI core programs it: messages in the function's table,
 * by MMIO, whose address is the doorbell as the device's IOVA space shows it.
 */
#include <errno.h>

#include "uapi/vfio/vfio_internal.h"

static uint64_t entry_pa(const struct vfio_device *device, uint32_t vector)
{
	return device->cfg.bar[device->msix_bar].pa + device->msix_offset +
	       (uint64_t)vector * PCI_MSIX_ENTRY_SIZE;
}

static void entry_write(struct vfio_device *device, struct actor *self, uint32_t vector,
			uint32_t offset, uint32_t value)
{
	const struct cpu_port *cpu = &device->kernel->env.cpu;

	cpu->ops->mmio_write(cpu->ctx, self, entry_pa(device, vector) + offset, 4, value);
}

static void entry_mask(struct vfio_device *device, struct actor *self, uint32_t vector, bool masked)
{
	entry_write(device, self, vector, PCI_MSIX_ENTRY_VECTOR_CTRL,
		    masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0);
}

/* The message is only changed while the entry is masked (PCIe 6.1.4). */
static void entry_message(struct vfio_device *device, struct actor *self, uint32_t vector)
{
	const struct vfio_vector *v = &device->vector[vector];

	entry_write(device, self, vector, PCI_MSIX_ENTRY_LOWER_ADDR, (uint32_t)v->address);
	entry_write(device, self, vector, PCI_MSIX_ENTRY_UPPER_ADDR, (uint32_t)(v->address >> 32));
	entry_write(device, self, vector, PCI_MSIX_ENTRY_DATA, v->event_id);
}

static void control(struct vfio_device *device, struct actor *self, uint32_t clear, uint32_t set)
{
	uint32_t at = device->msix_cap + PCI_MSIX_FLAGS;

	vfio_pci_write(device, self, at, 2, (vfio_pci_read(device, self, at, 2) & ~clear) | set);
}

int msix_allocate(struct vfio_device *device, struct actor *self, uint32_t vector)
{
	struct vfio_vector *v = &device->vector[vector];
	int rc;

	if (v->allocated)
		return 0;
	rc = vfio_device_msi_iova(device, self, &v->address);
	if (rc)
		return rc;
	v->device = device;
	v->event_id = vector; /* an ITS numbers a device's events from 0 */
	v->allocated = true;
	entry_message(device, self, vector);
	return 0;
}

int msix_enable(struct vfio_device *device, struct actor *self, uint32_t vectors)
{
	int rc = 0;

	if (vectors > device->vectors)
		return -ENOSPC;
	/* Enabled and masked as a whole until each entry is masked by itself. */
	control(device, self, 0, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	for (uint32_t i = 0; i < device->vectors; i++)
		entry_mask(device, self, i, true);
	for (uint32_t i = 0; i < vectors && !rc; i++)
		rc = msix_allocate(device, self, i);
	if (rc) {
		msix_disable(device, self);
		return rc;
	}
	control(device, self, PCI_MSIX_FLAGS_MASKALL, 0);
	return 0;
}

void msix_disable(struct vfio_device *device, struct actor *self)
{
	for (uint32_t i = 0; i < device->vectors; i++) {
		if (device->vector[i].allocated)
			entry_mask(device, self, i, true);
		device->vector[i].allocated = false;
	}
	control(device, self, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 0);
}

static void vector_fired(void *arg, uint64_t now)
{
	const struct vfio_vector *v = arg;

	if (v->trigger)
		eventfd_signal(v->trigger, now);
}

int msix_request(struct vfio_device *device, struct actor *self, uint32_t vector)
{
	const struct cpu_port *cpu = &device->kernel->env.cpu;
	struct vfio_vector *v = &device->vector[vector];
	int rc = cpu->ops->msi_register(cpu->ctx, device->cfg.stream_id, v->event_id, vector_fired,
					v);

	if (rc)
		return rc;
	/* Who had the device before may have changed the entry behind the kernel's back. */
	entry_message(device, self, vector);
	entry_mask(device, self, vector, false);
	return 0;
}

void msix_free(struct vfio_device *device, struct actor *self, uint32_t vector)
{
	const struct cpu_port *cpu = &device->kernel->env.cpu;

	entry_mask(device, self, vector, true);
	/* The read brings the posted mask to the device before nobody listens any more. */
	cpu->ops->mmio_read(cpu->ctx, self, entry_pa(device, vector) + PCI_MSIX_ENTRY_VECTOR_CTRL,
			    4);
	cpu->ops->msi_register(cpu->ctx, device->cfg.stream_id, device->vector[vector].event_id,
			       NULL, NULL);
}

void msix_restore(struct vfio_device *device, struct actor *self)
{
	if (device->irq_type != VFIO_PCI_MSIX_IRQ_INDEX)
		return;
	control(device, self, 0, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	for (uint32_t i = 0; i < device->vectors; i++) {
		entry_mask(device, self, i, true);
		if (!device->vector[i].allocated)
			continue;
		entry_message(device, self, i);
		entry_mask(device, self, i, !device->vector[i].trigger);
	}
	control(device, self, PCI_MSIX_FLAGS_MASKALL, 0);
}
