// SPDX-License-Identifier: Apache-2.0
/* Function-level reset, with what the kernel saves before and restores after it. */
#include <errno.h>

#include "uapi/vfio/vfio_internal.h"

#define PENDING_TRIES 4
#define PENDING_PS    (100 * PS_PER_MS)
#define READY_TRIES   16
#define READY_PS      PS_PER_MS

/* Registers that a reset clears and software set, beside MSI-X. */
struct saved_state {
	uint16_t command, devctl, devctl2;
	uint8_t cache_line, latency, interrupt_line;
	uint32_t bar[UAPI_DEVICE_BARS];
};

static void save(const struct vfio_device *device, struct actor *self, struct saved_state *state)
{
	state->command = (uint16_t)vfio_pci_read(device, self, PCI_COMMAND, 2);
	state->cache_line = (uint8_t)vfio_pci_read(device, self, PCI_CACHE_LINE_SIZE, 1);
	state->latency = (uint8_t)vfio_pci_read(device, self, PCI_LATENCY_TIMER, 1);
	state->interrupt_line = (uint8_t)vfio_pci_read(device, self, PCI_INTERRUPT_LINE, 1);
	for (uint32_t i = 0; i < UAPI_DEVICE_BARS; i++)
		state->bar[i] = vfio_pci_read(device, self, PCI_BASE_ADDRESS_0 + 4 * i, 4);
	state->devctl = (uint16_t)vfio_pci_read(device, self, device->pcie_cap + PCI_EXP_DEVCTL, 2);
	state->devctl2 =
		(uint16_t)vfio_pci_read(device, self, device->pcie_cap + PCI_EXP_DEVCTL2, 2);
}

static void restore(struct vfio_device *device, struct actor *self, const struct saved_state *state)
{
	vfio_pci_write(device, self, device->pcie_cap + PCI_EXP_DEVCTL, 2, state->devctl);
	vfio_pci_write(device, self, device->pcie_cap + PCI_EXP_DEVCTL2, 2, state->devctl2);
	for (uint32_t i = 0; !device->cfg.is_vf && i < UAPI_DEVICE_BARS; i++)
		vfio_pci_write(device, self, PCI_BASE_ADDRESS_0 + 4 * i, 4, state->bar[i]);
	vfio_pci_write(device, self, PCI_CACHE_LINE_SIZE, 1, state->cache_line);
	vfio_pci_write(device, self, PCI_LATENCY_TIMER, 1, state->latency);
	vfio_pci_write(device, self, PCI_INTERRUPT_LINE, 1, state->interrupt_line);
	vfio_pci_write(device, self, PCI_COMMAND, 2, state->command);
	msix_restore(device, self);
}

/* Requests of the function that wait for their completion would be lost (PCIe 6.6.2). */
static void wait_for_pending(const struct vfio_device *device, struct actor *self)
{
	for (int i = 0; i < PENDING_TRIES; i++) {
		if (!(vfio_pci_read(device, self, device->pcie_cap + PCI_EXP_DEVSTA, 2) &
		      PCI_EXP_DEVSTA_TRPND))
			return;
		actor_sleep(self, PENDING_PS);
	}
}

/* Until it answers again: -ENOTTY, as pci_dev_wait() has it, when it does not. */
static int wait_until_ready(const struct vfio_device *device, struct actor *self)
{
	uint64_t wait_ps = READY_PS;

	for (int i = 0; i < READY_TRIES; i++, wait_ps *= 2) {
		if (vfio_pci_read(device, self, PCI_COMMAND, 4) != UINT32_MAX)
			return 0;
		actor_sleep(self, wait_ps);
	}
	return -ENOTTY;
}

int vfio_reset_function(struct vfio_device *device, struct actor *self)
{
	struct saved_state state;
	uint32_t devcap;
	int rc;

	if (!device->pcie_cap)
		return -ENOTTY;
	devcap = vfio_pci_read(device, self, device->pcie_cap + PCI_EXP_DEVCAP, 4);
	if (!(devcap & PCI_EXP_DEVCAP_FLR))
		return -ENOTTY;
	smmu_driver_reset_begins(device->kernel->env.smmu, self, device->cfg.stream_id);
	sim_mutex_lock(self, &device->config);
	save(device, self, &state);
	if (!device->kernel->cfg.reset_at_once) {
		vfio_pci_write(device, self, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
		wait_for_pending(device, self);
	}
	vfio_pci_write(device, self, device->pcie_cap + PCI_EXP_DEVCTL, 2,
		       state.devctl | PCI_EXP_DEVCTL_BCR_FLR);
	actor_sleep(self, device->kernel->cfg.reset_wait_ps);
	rc = wait_until_ready(device, self);
	restore(device, self, &state);
	sim_mutex_unlock(self, &device->config);
	smmu_driver_reset_ended(device->kernel->env.smmu, self, device->cfg.stream_id);
	if (device->mig_ops)
		device->mig_ops->reset_done(device, self);
	return rc;
}

int vfio_device_reset(struct ioctl_call *call)
{
	struct vfio_device *device = vfio_device_of(call);
	int rc;

	if (!device->reset_works)
		return -EINVAL;
	down_write(call->task.self, &device->memory);
	rc = vfio_reset_function(device, call->task.self);
	up_write(&device->memory);
	return rc;
}
