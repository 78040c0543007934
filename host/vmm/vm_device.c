/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a guest reaches of its device: BAR 0 directly or by a trap, configuration
 * space and the MSI-X table always by a trap. The table belongs to the VMM: a
 * vector is armed when the guest first unmasks it.
 */

#include "host/vmm/vm_internal.h"

#include <errno.h>

#define TABLE_BAR   3u
#define VIOMMU_IOVA (UINT64_C(1) << 45)
#define ENTRY_WORDS (PCI_MSIX_ENTRY_SIZE / 4)

int vm_set_irqs(struct vm *vm, struct actor *self, uint32_t index, uint32_t start, uint32_t count,
		const int *eventfds)
{
	uint32_t buffer[sizeof(struct vfio_irq_set) / 4 + GUEST_VECTORS] = {0};
	struct vfio_irq_set *set = (struct vfio_irq_set *)buffer;
	uint32_t data_bytes = eventfds ? count * (uint32_t)sizeof(int) : 0;
	int ret;

	set->argsz = (uint32_t)sizeof(*set) + data_bytes;
	set->flags = VFIO_IRQ_SET_ACTION_TRIGGER |
		     (eventfds ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE);
	set->index = index;
	set->start = start;
	set->count = count;
	if (data_bytes)
		memcpy(set->data, eventfds, data_bytes);
	ret = uapi_ioctl(vm->process, self, vm->device, VFIO_DEVICE_SET_IRQS, set);
	return ret < 0 ? ret : 0;
}

static bool vector_masked(const struct vm_vector *vector)
{
	const struct vm *vm = vector->vm;

	return !vm->msix_enabled || vm->msix_masked ||
	       (vector->entry[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

/* The eventfd of a vector: what KVM's irqfd does, or what waits for the unmask. */
static void on_signal(void *arg, uint64_t now)
{
	struct vm_vector *vector = arg;

	vector->pending = vector_masked(vector) || !vector->vm->guest;
	if (!vector->pending)
		guest_interrupt(vector->vm->guest, vector->number, now);
}

/* Interrupts that came before there was a guest to take them. */
void vm_deliver_pending(struct vm *vm)
{
	for (uint32_t v = 0; v < vm->msix_vectors; v++)
		if (vm->vector[v].pending)
			on_signal(&vm->vector[v], sim_now(vm->env.part.sim));
}

/* vfio_msix_vector_do_use */
static void use_vector(struct vm *vm, struct actor *self, struct vm_vector *vector)
{
	int ret;

	if (vector->eventfd < 0)
		vector->eventfd = uapi_eventfd(vm->process, on_signal, vector);
	ret = vector->eventfd < 0 ? vector->eventfd
				  : vm_set_irqs(vm, self, VFIO_PCI_MSIX_IRQ_INDEX, vector->number,
						1, &vector->eventfd);
	if (ret)
		sim_log(&vm->env.part, LOG_ERROR, "%s: vector %u cannot be armed: %d", vm->name,
			vector->number, ret);
	if (vector->pending)
		on_signal(vector, sim_now(vm->env.part.sim));
}

static void use_unmasked_vectors(struct vm *vm, struct actor *self)
{
	for (uint32_t v = 0; v < vm->msix_vectors; v++)
		if (!vector_masked(&vm->vector[v]))
			use_vector(vm, self, &vm->vector[v]);
}

/*
 * vfio_msix_enable: MSI-X goes on with a vector that has no eventfd; where the
 * number of vectors is fixed from then on, with all of them.
 */
static void enable_msix(struct vm *vm, struct actor *self)
{
	int none[GUEST_VECTORS];
	uint32_t count = vm->msix_resizable ? 1 : vm->msix_vectors;
	int ret;

	for (uint32_t v = 0; v < GUEST_VECTORS; v++)
		none[v] = -1;
	ret = vm_set_irqs(vm, self, VFIO_PCI_MSIX_IRQ_INDEX, 0, count, none);
	if (ret)
		sim_log(&vm->env.part, LOG_ERROR, "%s: MSI-X cannot be enabled: %d", vm->name, ret);
}

static void write_msix_control(struct vm *vm, struct actor *self, uint32_t control)
{
	bool enable = control & PCI_MSIX_FLAGS_ENABLE;
	bool was_masked = vm->msix_masked || !vm->msix_enabled;

	if (enable && !vm->msix_enabled)
		enable_msix(vm, self);
	if (!enable && vm->msix_enabled)
		vm_set_irqs(vm, self, VFIO_PCI_MSIX_IRQ_INDEX, 0, 0, NULL);
	vm->msix_enabled = enable;
	vm->msix_masked = control & PCI_MSIX_FLAGS_MASKALL;
	if (enable && was_masked && !vm->msix_masked)
		use_unmasked_vectors(vm, self);
}

static uint32_t table_read(const struct vm *vm, uint64_t offset)
{
	uint64_t v = offset / PCI_MSIX_ENTRY_SIZE;

	return v < vm->msix_vectors ? vm->vector[v].entry[offset / 4 % ENTRY_WORDS] : 0;
}

static void table_write(struct vm *vm, struct actor *self, uint64_t offset, uint32_t value)
{
	uint64_t v = offset / PCI_MSIX_ENTRY_SIZE;
	struct vm_vector *vector;
	bool was_masked;

	if (v >= vm->msix_vectors)
		return;
	vector = &vm->vector[v];
	was_masked = vector_masked(vector);
	vector->entry[offset / 4 % ENTRY_WORDS] = value;
	if (was_masked && !vector_masked(vector))
		use_vector(vm, self, vector);
}

static uint64_t mmio_read(void *ctx, struct actor *self, uint32_t bar, uint64_t offset,
			  uint32_t len_bytes)
{
	struct vm *vm = ctx;
	const struct vm_region *region = &vm->region[bar];
	uint64_t value = 0;

	if (region->mapped_pa)
		return vm->env.cpu.ops->mmio_read(vm->env.cpu.ctx, self, region->mapped_pa + offset,
						  len_bytes);
	vm_spend(vm, self, vm->cfg.exit_ps);
	if (bar == TABLE_BAR)
		return table_read(vm, offset);
	if (uapi_pread(vm->process, self, vm->device, &value, len_bytes, region->offset + offset) !=
	    (ssize_t)len_bytes)
		return UINT64_MAX;
	return value;
}

static void mmio_write(void *ctx, struct actor *self, uint32_t bar, uint64_t offset,
		       uint32_t len_bytes, uint64_t value)
{
	struct vm *vm = ctx;
	const struct vm_region *region = &vm->region[bar];

	if (region->mapped_pa) {
		vm->env.cpu.ops->mmio_write(vm->env.cpu.ctx, self, region->mapped_pa + offset,
					    len_bytes, value);
		return;
	}
	vm_spend(vm, self, vm->cfg.exit_ps);
	if (bar == TABLE_BAR)
		table_write(vm, self, offset, (uint32_t)value);
	else if (uapi_pwrite(vm->process, self, vm->device, &value, len_bytes,
			     region->offset + offset) != (ssize_t)len_bytes)
		sim_log(&vm->env.part, LOG_WARNING, "%s: write to BAR %u + 0x%llx lost", vm->name,
			bar, (unsigned long long)offset);
}

static uint64_t config_at(const struct vm *vm, uint32_t offset)
{
	return vm->region[VFIO_PCI_CONFIG_REGION_INDEX].offset + offset;
}

/* The MSI-X control word is the guest's, not the device's. */
static uint32_t config_read(void *ctx, struct actor *self, uint32_t offset, uint32_t len_bytes)
{
	struct vm *vm = ctx;
	uint32_t value = 0;

	vm_spend(vm, self, vm->cfg.exit_ps);
	if (uapi_pread(vm->process, self, vm->device, &value, len_bytes, config_at(vm, offset)) !=
	    (ssize_t)len_bytes)
		return UINT32_MAX;
	if (offset == vm->msix_cap + PCI_MSIX_FLAGS && len_bytes == 2) {
		value &= PCI_MSIX_FLAGS_QSIZE;
		value |= vm->msix_enabled ? PCI_MSIX_FLAGS_ENABLE : 0;
		value |= vm->msix_masked ? PCI_MSIX_FLAGS_MASKALL : 0;
	}
	return value;
}

/* vfio_pci_write_config: everything goes to VFIO, which keeps what is not the user's. */
static void config_write(void *ctx, struct actor *self, uint32_t offset, uint32_t len_bytes,
			 uint32_t value)
{
	struct vm *vm = ctx;

	vm_spend(vm, self, vm->cfg.exit_ps);
	if (uapi_pwrite(vm->process, self, vm->device, &value, len_bytes, config_at(vm, offset)) <
	    0)
		sim_log(&vm->env.part, LOG_WARNING, "%s: write to config 0x%x lost", vm->name,
			offset);
	if (offset == vm->msix_cap + PCI_MSIX_FLAGS)
		write_msix_control(vm, self, value);
}

/* The virtual IOMMU gives each page its address in a window above all guest memory. */
static int dma_map(void *ctx, struct actor *self, uint64_t gpa, uint64_t len_bytes, uint64_t *iova)
{
	struct vm *vm = ctx;

	vm_spend(vm, self, vm->cfg.exit_ps);
	*iova = VIOMMU_IOVA + gpa;
	return vm_map(vm, self, *iova, gpa, len_bytes);
}

static int dma_unmap(void *ctx, struct actor *self, uint64_t iova, uint64_t len_bytes)
{
	struct vm *vm = ctx;

	vm_spend(vm, self, vm->cfg.exit_ps);
	return vm_unmap(vm, self, iova, len_bytes);
}

const struct guest_machine_ops vm_machine_ops = {
	.memory_read = vm_memory_read,
	.memory_write = vm_memory_write,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write,
	.config_read = config_read,
	.config_write = config_write,
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
	.space_map = vm_space_map,
	.space_drop = vm_space_drop,
	.memory_peek = vm_memory_peek,
	.memory_place = vm_memory_place,
};

void vm_device_save(struct vm *vm, struct actor *self, struct vm_device_image *image)
{
	memset(image, 0, sizeof(*image));
	uapi_pread(vm->process, self, vm->device, &image->command, 2, config_at(vm, PCI_COMMAND));
	image->msix_control = (vm->msix_enabled ? PCI_MSIX_FLAGS_ENABLE : 0) |
			      (vm->msix_masked ? PCI_MSIX_FLAGS_MASKALL : 0);
	image->vectors = vm->msix_vectors;
	for (uint32_t v = 0; v < vm->msix_vectors; v++) {
		memcpy(image->entry[v], vm->vector[v].entry, sizeof(image->entry[v]));
		image->pending[v] = vm->vector[v].pending;
	}
}

/* All vectors in use by one call, as a VMM does on the destination. */
static int arm_loaded_vectors(struct vm *vm, struct actor *self)
{
	int fds[GUEST_VECTORS];
	uint32_t count = 0;

	for (uint32_t v = 0; v < vm->msix_vectors; v++) {
		struct vm_vector *vector = &vm->vector[v];

		fds[v] = -1;
		if (vector_masked(vector))
			continue;
		vector->eventfd = uapi_eventfd(vm->process, on_signal, vector);
		if (vector->eventfd < 0)
			return vector->eventfd;
		fds[v] = vector->eventfd;
		count = v + 1;
	}
	return count ? vm_set_irqs(vm, self, VFIO_PCI_MSIX_IRQ_INDEX, 0, count, fds) : 0;
}

int vm_device_load(struct vm *vm, struct actor *self, const struct vm_device_image *image)
{
	ssize_t ret;

	if (image->vectors != vm->msix_vectors)
		return -EINVAL;
	for (uint32_t v = 0; v < vm->msix_vectors; v++) {
		memcpy(vm->vector[v].entry, image->entry[v], sizeof(image->entry[v]));
		vm->vector[v].pending = image->pending[v];
	}
	ret = uapi_pwrite(vm->process, self, vm->device, &image->command, 2,
			  config_at(vm, PCI_COMMAND));
	if (ret < 0)
		return (int)ret;
	vm->msix_enabled = image->msix_control & PCI_MSIX_FLAGS_ENABLE;
	vm->msix_masked = image->msix_control & PCI_MSIX_FLAGS_MASKALL;
	if (!vm->msix_enabled)
		return 0;
	enable_msix(vm, self);
	return arm_loaded_vectors(vm, self);
}
