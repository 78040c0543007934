// SPDX-License-Identifier: Apache-2.0
/* A VFIO device's life: bound at start-up, given to a program at the first open, taken back. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/type1/type1.h"
#include "uapi/vfio/container.h"
#include "uapi/vfio/vfio_internal.h"

int vfio_get_info(struct ioctl_call *call)
{
	struct vfio_device_info *cmd = (void *)call->cmd;
	const struct vfio_device *device = vfio_device_of(call);

	*cmd = (struct vfio_device_info){
		.argsz = call->user_size,
		.flags =
			VFIO_DEVICE_FLAGS_PCI | (device->reset_works ? VFIO_DEVICE_FLAGS_RESET : 0),
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};
	return ioctl_respond(call);
}

int vfio_device_enable(struct vfio_device *device, struct actor *self)
{
	int rc;

	/* Nothing of what its last user did shall be left in it. */
	device->reset_works = vfio_reset_function(device, self) == 0;
	device->irq_type = VFIO_IRQ_NONE;
	device->low_power = false;
	device->precopy_info_v2 = false;
	rc = vfio_config_init(device, self);
	if (!rc && device->mig_ops)
		device->mig_ops->open(device);
	return rc;
}

void vfio_device_disable(struct vfio_device *device, struct actor *self)
{
	uint32_t command;

	if (device->mig_ops)
		device->mig_ops->close(device, self);
	if (device->log_ops)
		device->log_ops->stop(device, self);
	/* Stop its DMA before anything that it could reach goes away. */
	command = vfio_pci_read(device, self, PCI_COMMAND, 2);
	if (command & PCI_COMMAND_MASTER)
		vfio_pci_write(device, self, PCI_COMMAND, 2,
			       command & ~(uint32_t)PCI_COMMAND_MASTER);
	vfio_irqs_disable(device, self);
	if (device->reset_works)
		vfio_reset_function(device, self);
}

int vfio_device_msi_iova(struct vfio_device *device, struct actor *self, uint64_t *iova)
{
	if (device->idev)
		return iommufd_device_msi_iova(device->idev, self, iova);
	return type1_msi_iova(vfio_group_type1(&device->group), self, iova);
}

static struct vfio_device *device_new(struct uapi_kernel *kernel,
				      const struct uapi_vfio_device_cfg *cfg)
{
	struct vfio_device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->kernel = kernel;
	device->cfg = *cfg;
	device->irq_type = VFIO_IRQ_NONE;
	return device;
}

static int device_init(struct vfio_device *device, struct actor *self)
{
	int rc = pci_probe(device, self);

	if (rc)
		return rc;
	device->vector = calloc(MAX(device->vectors, 1u), sizeof(*device->vector));
	if (!device->vector)
		return -ENOMEM;
	if (device->cfg.services.ops) {
		nic_logging_init(device);
		rc = nic_variant_init(device);
		if (rc)
			return rc;
	}
	return smmu_driver_attach_blocked(device->kernel->env.smmu, self, device->cfg.stream_id);
}

void vfio_device_destroy(struct vfio_device *device)
{
	if (device->mig_ops)
		device->mig_ops->destroy(device);
	free(device->vector);
	free(device);
}

int uapi_kernel_add_vfio_device(struct uapi_kernel *kernel, struct actor *self,
				const struct uapi_vfio_device_cfg *cfg)
{
	struct vfio_device **link = &kernel->devices;
	struct vfio_device *device;
	int rc;

	for (; *link; link = &(*link)->next) {
		if ((*link)->cfg.number == cfg->number || (*link)->cfg.group == cfg->group)
			return -EEXIST;
	}
	device = device_new(kernel, cfg);
	if (!device)
		return -ENOMEM;
	rc = device_init(device, self);
	if (rc) {
		vfio_device_destroy(device);
		return rc;
	}
	*link = device;
	return 0;
}
