/* SPDX-License-Identifier: Apache-2.0 */

/* The migration uAPI of a VM's device (linux/vfio.h). */

#include "host/vmm/vm_internal.h"

#include <errno.h>

int vm_feature(struct vm *vm, struct actor *self, uint32_t feature, uint32_t op, void *data,
	       uint32_t data_bytes)
{
	uint64_t buffer[8] = {0};
	struct vfio_device_feature *head = (struct vfio_device_feature *)buffer;
	int ret;

	sim_assert(&vm->env.part, sizeof(*head) + data_bytes <= sizeof(buffer));
	head->argsz = (uint32_t)sizeof(*head) + data_bytes;
	head->flags = feature | op;
	if (data_bytes)
		memcpy(head->data, data, data_bytes);
	ret = uapi_ioctl(vm->process, self, vm->device, VFIO_DEVICE_FEATURE, buffer);
	if (data_bytes)
		memcpy(data, head->data, data_bytes);
	return ret < 0 ? ret : 0;
}

static int ask_state(struct vm *vm, struct actor *self, uint32_t state, int *data_fd)
{
	struct vfio_device_feature_mig_state mig = {state, 0};
	int ret = vm_feature(vm, self, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			     VFIO_DEVICE_FEATURE_SET, &mig, sizeof(mig));

	if (data_fd)
		*data_fd = ret ? -1 : mig.data_fd;
	return ret;
}

int vm_set_device_state(struct vm *vm, struct actor *self, uint32_t state, uint32_t recover,
			int *data_fd)
{
	int ret = ask_state(vm, self, state, data_fd);

	if (!ret)
		return 0;
	sim_log(&vm->env.part, LOG_WARNING, "%s: device state %u refused: %d", vm->name, state,
		ret);
	if (recover != VFIO_DEVICE_STATE_ERROR && !ask_state(vm, self, recover, NULL))
		return ret;
	if (uapi_ioctl(vm->process, self, vm->device, VFIO_DEVICE_RESET, NULL))
		sim_log(&vm->env.part, LOG_ERROR, "%s: device cannot be reset", vm->name);
	return ret;
}
