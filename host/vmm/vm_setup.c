/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The calls that put a VM's device in place, in the order of QEMU's vfio-pci
 * over cdev and iommufd (traces/recorded/qemu-precopy-iommufd-iavf-source.jsonl,
 * lines 1 to 57). Each step is a row; the first that fails ends it.
 */

#include "host/vmm/vm_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdlib.h>

static int ioctl_of(struct vm *vm, struct actor *self, int fd, unsigned long request, void *arg)
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

static int open_files(struct vm *vm, struct actor *self)
{
	struct iommu_ioas_change_process change = {.size = sizeof(change)};
	struct uapi_stat stat;
	int ret = uapi_access(vm->process, self, "/dev/iommu", F_OK);

	if (ret)
		return ret;
	vm->device = uapi_open(vm->process, self, vm->cfg.device_path, O_RDWR | O_CLOEXEC);
	if (vm->device < 0)
		return vm->device;
	ret = uapi_fstat(vm->process, self, vm->device, &stat);
	if (ret)
		return ret;
	vm->iommufd = uapi_open(vm->process, self, "/dev/iommu", O_RDWR | O_CLOEXEC);
	if (vm->iommufd < 0)
		return vm->iommufd;
	/* Only asked whether it is there: a kernel without it answers ENOTTY. */
	ioctl_of(vm, self, vm->iommufd, IOMMU_IOAS_CHANGE_PROCESS, &change);
	return 0;
}

static int bind_device(struct vm *vm, struct actor *self)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = vm->iommufd};
	int ret = ioctl_of(vm, self, vm->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);

	vm->dev_id = bind.out_devid;
	return ret;
}

static int alloc_ioas(struct vm *vm, struct actor *self)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	int ret = ioctl_of(vm, self, vm->iommufd, IOMMU_IOAS_ALLOC, &alloc);

	vm->ioas_id = alloc.out_ioas_id;
	return ret;
}

static int get_hw_info(struct vm *vm, struct actor *self)
{
	uint64_t data[5];
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = vm->dev_id,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)data,
	};
	int ret = ioctl_of(vm, self, vm->iommufd, IOMMU_GET_HW_INFO, &info);

	if (ret)
		return ret;
	vm->tracks_dirty = info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING;
	return 0;
}

static int alloc_hwpt(struct vm *vm, struct actor *self)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = vm->tracks_dirty ? IOMMU_HWPT_ALLOC_DIRTY_TRACKING : 0,
		.dev_id = vm->dev_id,
		.pt_id = vm->ioas_id,
	};
	int ret = ioctl_of(vm, self, vm->iommufd, IOMMU_HWPT_ALLOC, &alloc);

	vm->hwpt_id = alloc.out_hwpt_id;
	return ret;
}

static int attach(struct vm *vm, struct actor *self)
{
	struct vfio_device_attach_iommufd_pt pt = {.argsz = sizeof(pt), .pt_id = vm->hwpt_id};

	return ioctl_of(vm, self, vm->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &pt);
}

/* Guest RAM must lie in what the IOAS allows: the MSI window is not part of it. */
static int check_iova_ranges(struct vm *vm, struct actor *self)
{
	uint64_t last = vm->cfg.ram_base + vm->cfg.ram_bytes - 1;
	struct iommu_iova_range range[16];
	struct iommu_ioas_iova_ranges get = {.size = sizeof(get), .ioas_id = vm->ioas_id};
	int ret = ioctl_of(vm, self, vm->iommufd, IOMMU_IOAS_IOVA_RANGES, &get);

	if (ret && ret != -EMSGSIZE)
		return ret;
	if (get.num_iovas > ARRAY_LEN(range))
		return -E2BIG;
	get.allowed_iovas = (uintptr_t)range;
	ret = ioctl_of(vm, self, vm->iommufd, IOMMU_IOAS_IOVA_RANGES, &get);
	for (uint32_t i = 0; !ret && i < get.num_iovas; i++)
		if (range[i].start <= vm->cfg.ram_base && last <= range[i].last)
			return 0;
	return ret ? ret : -ERANGE;
}

static int map_memory(struct vm *vm, struct actor *self)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.ioas_id = vm->ioas_id,
		.fd = vm->memfd,
		.length = vm->cfg.ram_bytes,
		.iova = vm->cfg.ram_base,
	};
	int ret = ioctl_of(vm, self, vm->iommufd, IOMMU_IOAS_MAP_FILE, &map);

	return ret ? ret : vm_memory_init(vm);
}

static int get_device_info(struct vm *vm, struct actor *self)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	int ret = ioctl_of(vm, self, vm->device, VFIO_DEVICE_GET_INFO, &info);

	if (ret)
		return ret;
	return info.flags & VFIO_DEVICE_FLAGS_PCI ? get_hw_info(vm, self) : -ENODEV;
}

/* A region with capabilities says how much room they need: ask again. */
static int get_region(struct vm *vm, struct actor *self, uint32_t index)
{
	uint64_t buffer[64] = {0};
	struct vfio_region_info *info = (struct vfio_region_info *)buffer;
	int ret;

	info->argsz = sizeof(*info);
	info->index = index;
	ret = ioctl_of(vm, self, vm->device, VFIO_DEVICE_GET_REGION_INFO, info);
	if (!ret && info->argsz > sizeof(*info) && info->argsz <= sizeof(buffer))
		ret = ioctl_of(vm, self, vm->device, VFIO_DEVICE_GET_REGION_INFO, info);
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
	return ioctl_of(vm, self, vm->device, VFIO_DEVICE_GET_IRQ_INFO, info);
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
		ret = ioctl_of(vm, self, vm->device, VFIO_DEVICE_RESET, NULL);
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

static const struct {
	const char *what;
	int (*step)(struct vm *vm, struct actor *self);
} steps[] = {
	{"guest memory", open_memory},
	{"device and iommufd files", open_files},
	{"bind", bind_device},
	{"I/O address space", alloc_ioas},
	{"hardware information", get_hw_info},
	{"I/O page table", alloc_hwpt},
	{"attach", attach},
	{"IOVA ranges", check_iova_ranges},
	{"map guest memory", map_memory},
	{"device information", get_device_info},
	{"regions", get_regions},
	{"configuration space", get_config},
	{"migration features", get_migration},
	{"error and request interrupts", arm_error_irqs},
	{"reset", reset_device},
	{"map BAR 0", map_bar0},
};

int vm_open_all(struct vm *vm, struct actor *self)
{
	for (uint32_t i = 0; i < ARRAY_LEN(steps); i++) {
		int ret = steps[i].step(vm, self);

		if (ret < 0) {
			sim_log(&vm->env.part, LOG_ERROR, "%s: %s: error %d", vm->name,
				steps[i].what, ret);
			return ret;
		}
	}
	return 0;
}
