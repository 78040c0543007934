// SPDX-License-Identifier: Apache-2.0
/* Interrupts of a device, delivered by eventfd (vfio_pci_intrs.c of Linux). */
#include <errno.h>
#include <stdlib.h>

#include "uapi/vfio/vfio_internal.h"

/* One SET_IRQS after the checks that all kinds share. */
struct irq_request {
	struct uapi_task task;
	uint32_t flags, index, start, count;
	const uint8_t *data;
};

uint32_t vfio_irq_count(const struct vfio_device *device, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return device->vectors;
	case VFIO_PCI_ERR_IRQ_INDEX:
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0; /* neither an interrupt wire nor MSI */
	}
}

int vfio_get_irq_info(struct ioctl_call *call)
{
	struct vfio_irq_info *info = (void *)call->cmd;
	const struct vfio_device *device = vfio_device_of(call);

	if (info->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = vfio_irq_count(device, info->index);
	if (info->index == VFIO_PCI_INTX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (info->index != VFIO_PCI_MSIX_IRQ_INDEX || device->cfg.no_dynamic_msix)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	return ioctl_respond_len(call, call->row->min);
}

static int32_t request_fd(const struct irq_request *request, uint32_t i)
{
	int32_t fd;

	memcpy(&fd, request->data + i * sizeof(fd), sizeof(fd));
	return fd;
}

static uint64_t now_of(const struct irq_request *request)
{
	return sim_now(actor_sim(request->task.self));
}

/* Let go of a vector's eventfd; the vector keeps its message. */
static void vector_clear(struct vfio_device *device, struct actor *self, uint32_t vector)
{
	struct vfio_vector *v = &device->vector[vector];
	struct uapi_file *trigger = v->trigger;
	uint16_t command;

	if (!trigger)
		return;
	command = pci_memory_lock_and_enable(device, self);
	msix_free(device, self, vector);
	pci_memory_unlock_and_restore(device, self, command);
	v->trigger = NULL;
	file_put(trigger, self);
}

static int vector_set(struct vfio_device *device, const struct uapi_task *task, uint32_t vector,
		      int32_t fd)
{
	struct vfio_vector *v = &device->vector[vector];
	struct uapi_file *trigger;
	uint16_t command;
	int rc;

	vector_clear(device, task->self, vector);
	if (fd < 0)
		return 0;
	/* A vector beyond those that were enabled: grow, where the hardware's owner can. */
	if (!v->allocated && device->cfg.no_dynamic_msix)
		return -EINVAL;
	command = pci_memory_lock_and_enable(device, task->self);
	rc = msix_allocate(device, task->self, vector);
	pci_memory_unlock_and_restore(device, task->self, command);
	if (rc)
		return rc;
	rc = eventfd_get(task->process, fd, &trigger);
	if (rc)
		return rc;
	v->trigger = trigger;
	command = pci_memory_lock_and_enable(device, task->self);
	rc = msix_request(device, task->self, vector);
	pci_memory_unlock_and_restore(device, task->self, command);
	if (rc) {
		v->trigger = NULL;
		file_put(trigger, task->self);
	}
	return rc;
}

static int set_block(struct vfio_device *device, const struct irq_request *request)
{
	int rc = 0;
	uint32_t done = 0;

	for (; done < request->count && !rc; done++)
		rc = vector_set(device, &request->task, request->start + done,
				request_fd(request, done));
	/* All or nothing, the vectors that were set before included. */
	while (rc && done--)
		vector_clear(device, request->task.self, request->start + done);
	return rc;
}

static void msix_off(struct vfio_device *device, struct actor *self)
{
	uint16_t command;

	for (uint32_t i = 0; i < device->vectors; i++)
		vector_clear(device, self, i);
	command = pci_memory_lock_and_enable(device, self);
	msix_disable(device, self);
	pci_memory_unlock_and_restore(device, self, command);
	device->irq_type = VFIO_IRQ_NONE;
}

static int msix_on(struct vfio_device *device, const struct irq_request *request)
{
	uint16_t command = pci_memory_lock_and_enable(device, request->task.self);
	int rc = msix_enable(device, request->task.self, request->start + request->count);

	pci_memory_unlock_and_restore(device, request->task.self, command);
	if (rc)
		return rc;
	device->irq_type = VFIO_PCI_MSIX_IRQ_INDEX;
	rc = set_block(device, request);
	if (rc)
		msix_off(device, request->task.self);
	return rc;
}

static int msix_trigger(struct vfio_device *device, const struct irq_request *request)
{
	bool enabled = device->irq_type == request->index;

	if (enabled && !request->count && (request->flags & VFIO_IRQ_SET_DATA_NONE)) {
		msix_off(device, request->task.self);
		return 0;
	}
	if (!enabled && device->irq_type != VFIO_IRQ_NONE)
		return -EINVAL;
	if (request->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return enabled ? set_block(device, request) : msix_on(device, request);
	if (!enabled)
		return -EINVAL;
	/* Loop back: signal as the device would. */
	for (uint32_t i = 0; i < request->count; i++) {
		struct uapi_file *trigger = device->vector[request->start + i].trigger;

		if (trigger && ((request->flags & VFIO_IRQ_SET_DATA_NONE) || request->data[i]))
			eventfd_signal(trigger, now_of(request));
	}
	return 0;
}

static void replace_trigger(struct uapi_file **trigger, struct uapi_file *eventfd,
			    struct actor *self)
{
	struct uapi_file *old = *trigger;

	*trigger = eventfd;
	if (old)
		file_put(old, self);
}

/* An interrupt of the kernel's making: error or request to release. */
static int single_trigger(struct uapi_file **trigger, const struct irq_request *request)
{
	struct uapi_file *eventfd = NULL;
	int rc;

	if (request->flags & VFIO_IRQ_SET_DATA_NONE) {
		if (!*trigger)
			return -EINVAL;
		if (request->count)
			eventfd_signal(*trigger, now_of(request));
		else
			replace_trigger(trigger, NULL, request->task.self);
		return 0;
	}
	if (!request->count)
		return -EINVAL;
	if (request->flags & VFIO_IRQ_SET_DATA_BOOL) {
		if (request->data[0] && *trigger)
			eventfd_signal(*trigger, now_of(request));
		return 0;
	}
	if (request_fd(request, 0) < -1)
		return -EINVAL;
	if (request_fd(request, 0) >= 0) {
		rc = eventfd_get(request->task.process, request_fd(request, 0), &eventfd);
		if (rc)
			return rc;
	}
	replace_trigger(trigger, eventfd, request->task.self);
	return 0;
}

static int set_irqs(struct vfio_device *device, const struct irq_request *request)
{
	uint32_t action = request->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	/* Only INTx can be masked, and no function of ours has it. */
	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;
	switch (request->index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return msix_trigger(device, request);
	case VFIO_PCI_ERR_IRQ_INDEX:
		return single_trigger(&device->err_trigger, request);
	case VFIO_PCI_REQ_IRQ_INDEX:
		return single_trigger(&device->req_trigger, request);
	default:
		return -EINVAL;
	}
}

/* Bytes of data for each interrupt; negative: not one kind of data. */
static int data_width(uint32_t flags)
{
	switch (flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		return sizeof(uint8_t);
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return sizeof(int32_t);
	default:
		return -EINVAL;
	}
}

static int check(const struct vfio_device *device, const struct vfio_irq_set *cmd, size_t *data_len)
{
	const size_t header = OFFSET_END(struct vfio_irq_set, count);
	uint64_t max = vfio_irq_count(device, cmd->index);
	int width;

	if (cmd->argsz < header || cmd->index >= VFIO_PCI_NUM_IRQS ||
	    cmd->count >= UINT32_MAX - cmd->start ||
	    (cmd->flags & ~(uint32_t)(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK)))
		return -EINVAL;
	if (cmd->start >= max || cmd->start + cmd->count > max)
		return -EINVAL;
	width = data_width(cmd->flags);
	if (width < 0)
		return width;
	*data_len = (size_t)cmd->count * (size_t)width;
	return cmd->argsz - header < *data_len ? -EINVAL : 0;
}

int vfio_set_irqs(struct ioctl_call *call)
{
	const struct vfio_irq_set *cmd = (const void *)call->cmd;
	struct vfio_device *device = vfio_device_of(call);
	struct irq_request request = {call->task, cmd->flags, cmd->index,
				      cmd->start, cmd->count, NULL};
	uint8_t *data;
	size_t len;
	int rc = check(device, cmd, &len);

	if (rc)
		return rc;
	data = malloc(MAX(len, 1u));
	if (!data)
		return -ENOMEM;
	rc = user_copy_from(&call->task, data, call->user + call->row->min, len);
	if (!rc) {
		request.data = data;
		sim_mutex_lock(call->task.self, &device->igate);
		rc = set_irqs(device, &request);
		sim_mutex_unlock(call->task.self, &device->igate);
	}
	free(data);
	return rc;
}

void vfio_irqs_disable(struct vfio_device *device, struct actor *self)
{
	sim_mutex_lock(self, &device->igate);
	if (device->irq_type == VFIO_PCI_MSIX_IRQ_INDEX)
		msix_off(device, self);
	replace_trigger(&device->err_trigger, NULL, self);
	replace_trigger(&device->req_trigger, NULL, self);
	sim_mutex_unlock(self, &device->igate);
}
