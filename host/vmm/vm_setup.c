/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The calls that put a VM's device in place, in the order of QEMU's vfio-pci
 * (traces/recorded/qemu-precopy-iommufd-iavf-source.jsonl, lines 1 to 57, and
 * qemu-precopy-type1-source.jsonl, lines 1 to 50). Each step is a row; the first that
 * fails ends it.
 */

#include "host/vmm/vm_internal.h"

#include <errno.h>
#include <stdlib.h>

int vm_ioctl(struct vm *vm, struct actor *self, int fd, unsigned long request, void *arg)
{
	int ret = uapi_ioctl(vm->process, self, fd, request, arg);

	return ret < 0 ? ret : 0;
}

static int open_memory(struct vm *vm, struct actor *self)
{
	vm->memfd = uapi_memfd_create(vm->process, "guest-ram", vm->cfg.ram_bytes);
	if (vm->memfd < 0)
		return vm->memfd;
	return uapi_mmap(vm->process, self, vm->cfg.ram_bytes, vm->memfd, 0, &vm->ram_va);
}

static int get_device_info(struct vm *vm, struct actor *self)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	int ret = vm_ioctl(vm, self, vm->device, VFIO_DEVICE_GET_INFO, &info);

	if (ret)
		return ret;
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return -ENODEV;
	return vm->interface->device_known ? vm->interface->device_known(vm, self) : 0;
}

/* A region with capabilities says how much room they need: ask again. */
static int get_region(struct vm *vm, struct actor *self, uint32_t index)
{
	uint64_t buffer[64] = {0};
	struct vfio_region_info *info = (struct vfio_region_info *)buffer;
	int ret;

	info->argsz = sizeof(*info);
	info->index = index;
	ret = vm_ioctl(vm, self, vm->device, VFIO_DEVICE_GET_REGION_INFO, info);
	if (!ret && info->argsz > sizeof(*info) && info->argsz <= sizeof(buffer))
		ret = vm_ioctl(vm, self, vm->device, VFIO_DEVICE_GET_REGION_INFO, info);
	vm->region[index] = (struct vm_region){
		.size_bytes = info->size, .offset = info->offset, .flags = info->flags};
	return ret;
}

static int get_regions(struct vm *vm, struct actor *self)
{
	int ret = 0;

	for (uint32_t i = VFIO_PCI_BAR0_REGION_INDEX; !ret && i <= VFIO_PCI_BAR5_REGION_INDEX; i++)
		ret = get_region(vm, self, i);
	return ret ? ret : get_region(vm, self, VFIO_PCI_CONFIG_REGION_INDEX);
}

static int get_irq_info(struct vm *vm, struct actor *self, uint32_t index,
			struct vfio_irq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return vm_ioctl(vm, self, vm->device, VFIO_DEVICE_GET_IRQ_INFO, info);
}

static uint32_t config_word(const uint8_t *config, uint32_t at)
{
	return at + 2 <= VM_CONFIG_BYTES ? le16_get(config + at) : 0;
}

static int read_config(struct vm *vm, struct actor *self)
{
	uint64_t at = vm->region[VFIO_PCI_CONFIG_REGION_INDEX].offset;
	uint8_t config[VM_CONFIG_BYTES];
	uint32_t cap;
	ssize_t got = uapi_pread(vm->process, self, vm->device, config, sizeof(config), at);

	if (got < 256)
		return got < 0 ? (int)got : -EIO;
	cap = config[PCI_CAPABILITY_LIST];
	for (uint32_t hops = 0; cap >= 0x40 && hops < 48; hops++) {
		uint32_t head = config_word(config, cap);

		if ((head & 0xff) == PCI_CAP_ID_MSIX)
			break;
		cap = head >> 8 & 0xfc;
	}
	if (cap < 0x40)
		return -ENODEV;
	vm->msix_cap = cap;
	vm->msix_vectors = (config_word(config, cap + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1;
	return vm->msix_vectors <= GUEST_VECTORS ? 0 : -E2BIG;
}

static int get_config(struct vm *vm, struct actor *self)
{
	struct vfio_irq_info info;
	int ret = get_irq_info(vm, self, VFIO_PCI_ERR_IRQ_INDEX, &info);

	if (!ret)
		ret = read_config(vm, self);
	if (!ret)
		ret = get_irq_info(vm, self, VFIO_PCI_MSIX_IRQ_INDEX, &info);
	vm->msix_resizable = !(info.flags & VFIO_IRQ_INFO_NORESIZE);
	for (uint32_t v = 0; v < GUEST_VECTORS; v++) {
		vm->vector[v] = (struct vm_vector){.vm = vm, .number = v, .eventfd = -1};
		vm->vector[v].entry[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
	}
	return ret;
}

/* vfio_migration_init: a device without the feature runs, but does not migrate. */
static int get_migration(struct vm *vm, struct actor *self)
{
	struct vfio_device_feature_migration migration = {0};
	int ret = vm_feature(vm, self, VFIO_DEVICE_FEATURE_MIGRATION, VFIO_DEVICE_FEATURE_GET,
			     &migration, sizeof(migration));

	if (ret == -ENOTTY)
		return 0;
	if (ret)
		return ret;
	vm->migration_flags = migration.flags;
	if (migration.flags & VFIO_MIGRATION_PRE_COPY)
		vm_feature(vm, self, VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2,
			   VFIO_DEVICE_FEATURE_SET, NULL, 0);
	/* Only asked whether it is there: a migration says what is relied on. */
	vm_feature(vm, self, VFIO_DEVICE_FEATURE_DMA_LOGGING_START, VFIO_DEVICE_FEATURE_PROBE, NULL,
		   0);
	return 0;
}

static int arm_eventfd(struct vm *vm, struct actor *self, uint32_t index, int *eventfd)
{
	*eventfd = uapi_eventfd(vm->process, NULL, NULL);
	if (*eventfd < 0)
		return *eventfd;
	return vm_set_irqs(vm, self, index, 0, 1, eventfd);
}

static int arm_error_irqs(struct vm *vm, struct actor *self)
{
	struct vfio_irq_info info;
	int ret = arm_eventfd(vm, self, VFIO_PCI_ERR_IRQ_INDEX, &vm->error_eventfd);

	if (!ret)
		ret = get_irq_info(vm, self, VFIO_PCI_REQ_IRQ_INDEX, &info);
	return ret ? ret : arm_eventfd(vm, self, VFIO_PCI_REQ_IRQ_INDEX, &vm->request_eventfd);
}

static int config_pwrite(struct vm *vm, struct actor *self, uint32_t at, uint32_t len_bytes,
			 uint32_t value)
{
	ssize_t ret = uapi_pwrite(vm->process, self, vm->device, &value, len_bytes,
				  vm->region[VFIO_PCI_CONFIG_REGION_INDEX].offset + at);

	return ret < 0 ? (int)ret : 0;
}

/* vfio_pci_pre_reset, VFIO_DEVICE_RESET, vfio_pci_post_reset */
static int reset_device(struct vm *vm, struct actor *self)
{
	uint16_t command = 0;
	ssize_t got = uapi_pread(vm->process, self, vm->device, &command, sizeof(command),
				 vm->region[VFIO_PCI_CONFIG_REGION_INDEX].offset + PCI_COMMAND);
	int ret;

	if (got < 0)
		return (int)got;
	command &= (uint16_t) ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	ret = config_pwrite(vm, self, PCI_COMMAND, 2, command);
	if (!ret)
		ret = vm_ioctl(vm, self, vm->device, VFIO_DEVICE_RESET, NULL);
	for (uint32_t bar = 0; !ret && bar < 6; bar++)
		ret = config_pwrite(vm, self, PCI_BASE_ADDRESS_0 + 4 * bar, 4, 0);
	return ret;
}

static int map_bar0(struct vm *vm, struct actor *self)
{
	struct vm_region *bar = &vm->region[VFIO_PCI_BAR0_REGION_INDEX];
	uint64_t va = 0;
	int ret;

	if (!vm->cfg.map_bar0)
		return 0;
	if (!(bar->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -ENXIO;
	ret = uapi_mmap(vm->process, self, bar->size_bytes, vm->device, bar->offset, &va);
	if (!ret)
		bar->mapped_pa = uapi_translate(vm->process, va);
	return ret;
}

static const struct vm_step memory_steps[] = {
	{"guest memory", open_memory},
};

static const struct vm_step device_steps[] = {
	{"device information", get_device_info},
	{"regions", get_regions},
	{"configuration space", get_config},
	{"migration features", get_migration},
	{"error and request interrupts", arm_error_irqs},
	{"reset", reset_device},
	{"map BAR 0", map_bar0},
};

static int take_steps(struct vm *vm, struct actor *self, const struct vm_step *step, uint32_t steps)
{
	for (uint32_t i = 0; i < steps; i++) {
		int ret = step[i].step(vm, self);

		if (ret < 0) {
			sim_log(&vm->env.part, LOG_ERROR, "%s: %s: error %d", vm->name,
				step[i].what, ret);
			return ret;
		}
	}
	return 0;
}

int vm_open_all(struct vm *vm, struct actor *self)
{
	int ret = take_steps(vm, self, memory_steps, ARRAY_LEN(memory_steps));

	vm->interface = vm->cfg.group_path ? &vm_by_container : &vm_by_iommufd;
	if (!ret)
		ret = take_steps(vm, self, vm->interface->step, vm->interface->steps);
	return ret ? ret : take_steps(vm, self, device_steps, ARRAY_LEN(device_steps));
}
