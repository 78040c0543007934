// SPDX-License-Identifier: Apache-2.0
/* DMA logging of the NIC's VFs, as a vendor's variant driver does it: by the firmware. */
#include <errno.h>

#include "uapi/vfio/vfio_internal.h"

static const struct vf_services *services(const struct vfio_device *device)
{
	return &device->cfg.services;
}

static void tell(const struct vfio_device *device, enum trace_logging state)
{
	trace_emit(&device->kernel->env.part, TRACE_DMA_LOGGING, device->cfg.stream_id, state);
}

static int start_locked(struct vfio_device *device, struct actor *self,
			const struct vf_log_range *range, uint32_t ranges, uint64_t *page_size)
{
	int rc;

	if (device->logging)
		return -EINVAL;
	tell(device, TRACE_LOGGING_STARTS);
	rc = services(device)->ops->log_start(services(device)->ctx, self, device->cfg.vf, range,
					      ranges, page_size);
	device->logging = !rc;
	tell(device, rc ? TRACE_LOGGING_OFF : TRACE_LOGGING_ON);
	return rc;
}

static int nic_log_start(struct vfio_device *device, struct actor *self,
			 const struct vf_log_range *range, uint32_t ranges, uint64_t *page_size)
{
	int rc;

	sim_mutex_lock(self, &device->log);
	rc = start_locked(device, self, range, ranges, page_size);
	sim_mutex_unlock(self, &device->log);
	return rc;
}

static int nic_log_stop(struct vfio_device *device, struct actor *self)
{
	sim_mutex_lock(self, &device->log);
	/* What the firmware says to it does not matter: nobody asks for the log any more. */
	if (device->logging) {
		tell(device, TRACE_LOGGING_OFF);
		services(device)->ops->log_stop(services(device)->ctx, self, device->cfg.vf);
	}
	device->logging = false;
	sim_mutex_unlock(self, &device->log);
	return 0;
}

static int nic_log_read(struct vfio_device *device, struct actor *self, uint64_t iova, uint64_t len,
			void (*found)(void *arg, uint64_t iova, uint64_t len), void *arg)
{
	int rc = -EINVAL;

	sim_mutex_lock(self, &device->log);
	if (device->logging)
		rc = services(device)->ops->log_read(services(device)->ctx, self, device->cfg.vf,
						     iova, len, found, arg);
	sim_mutex_unlock(self, &device->log);
	return rc;
}

static const struct vfio_log_ops nic_log_ops = {
	.start = nic_log_start,
	.stop = nic_log_stop,
	.read = nic_log_read,
};

void nic_logging_init(struct vfio_device *device)
{
	const struct vf_services_ops *ops = services(device)->ops;

	if (ops->logs_dma && ops->logs_dma(services(device)->ctx, device->cfg.vf))
		device->log_ops = &nic_log_ops;
}
