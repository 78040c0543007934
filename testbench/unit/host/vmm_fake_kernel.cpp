/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/host/vmm_fake_kernel.hpp"

#include "base/bits.h"

#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include <cerrno>
#include <cstring>

namespace
{
enum { FdDevice = 10, FdIommu = 11, FdMemory = 12, FdData = 13, FdEvent = 20 };
constexpr uint64_t RamVa = 0x7f0000000000;

struct Name {
	unsigned long request;
	const char *name;
};
const Name names[] = {
	{IOMMU_IOAS_CHANGE_PROCESS, "IOMMU_IOAS_CHANGE_PROCESS"},
	{IOMMU_IOAS_ALLOC, "IOMMU_IOAS_ALLOC"},
	{IOMMU_GET_HW_INFO, "IOMMU_GET_HW_INFO"},
	{IOMMU_HWPT_ALLOC, "IOMMU_HWPT_ALLOC"},
	{IOMMU_IOAS_IOVA_RANGES, "IOMMU_IOAS_IOVA_RANGES"},
	{IOMMU_IOAS_MAP_FILE, "IOMMU_IOAS_MAP_FILE"},
	{IOMMU_IOAS_MAP, "IOMMU_IOAS_MAP"},
	{IOMMU_DESTROY, "IOMMU_DESTROY"},
	{VFIO_DEVICE_DETACH_IOMMUFD_PT, "VFIO_DEVICE_DETACH_IOMMUFD_PT"},
	{IOMMU_HWPT_SET_DIRTY_TRACKING, "IOMMU_HWPT_SET_DIRTY_TRACKING"},
	{IOMMU_HWPT_GET_DIRTY_BITMAP, "IOMMU_HWPT_GET_DIRTY_BITMAP"},
	{VFIO_DEVICE_BIND_IOMMUFD, "VFIO_DEVICE_BIND_IOMMUFD"},
	{VFIO_DEVICE_ATTACH_IOMMUFD_PT, "VFIO_DEVICE_ATTACH_IOMMUFD_PT"},
	{VFIO_DEVICE_GET_INFO, "VFIO_DEVICE_GET_INFO"},
	{VFIO_DEVICE_GET_REGION_INFO, "VFIO_DEVICE_GET_REGION_INFO"},
	{VFIO_DEVICE_GET_IRQ_INFO, "VFIO_DEVICE_GET_IRQ_INFO"},
	{VFIO_DEVICE_SET_IRQS, "VFIO_DEVICE_SET_IRQS"},
	{VFIO_DEVICE_RESET, "VFIO_DEVICE_RESET"},
	{VFIO_MIG_GET_PRECOPY_INFO, "VFIO_MIG_GET_PRECOPY_INFO"},
};

const char *const states[] = {"ERROR",    "STOP",        "RUNNING",  "STOP_COPY",
			      "RESUMING", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P"};

/* Log, spend time, and say whether this one is to fail. */
int begin(struct uapi_process *process, struct actor *self, const std::string &name)
{
	struct uapi_kernel *k = process->kernel;

	k->calls.push_back(name);
	if (k->on_call)
		k->on_call(name);
	actor_sleep(self, PS_PER_US);
	return ++k->call_count == k->fail_at ? -EIO : 0;
}

int get_info(struct uapi_kernel *k, unsigned long request, void *argument)
{
	auto *region = (struct vfio_region_info *)argument;
	auto *irq = (struct vfio_irq_info *)argument;

	if (request == VFIO_DEVICE_GET_INFO) {
		((struct vfio_device_info *)argument)->flags =
			VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	} else if (request == VFIO_DEVICE_GET_REGION_INFO) {
		region->offset = (uint64_t)region->index << 40;
		region->flags = 3;
		region->size = region->index == VFIO_PCI_CONFIG_REGION_INDEX ? 4096 : 65536;
	} else {
		irq->flags = 1 | (k->no_resize ? VFIO_IRQ_INFO_NORESIZE : 0);
		irq->count = 5;
	}
	return 0;
}

int iommu_call(struct uapi_process *p, unsigned long request, void *argument)
{
	struct uapi_kernel *k = p->kernel;
	auto *ranges = (struct iommu_ioas_iova_ranges *)argument;
	auto *get = (struct iommu_hwpt_get_dirty_bitmap *)argument;

	switch (request) {
	case IOMMU_GET_HW_INFO:
		((struct iommu_hw_info *)argument)->out_capabilities = IOMMU_HW_CAP_DIRTY_TRACKING;
		((struct iommu_hw_info *)argument)->out_max_pasid_log2 = k->pasid_bits;
		return 0;
	case IOMMU_IOAS_ALLOC:
		((struct iommu_ioas_alloc *)argument)->out_ioas_id = ++k->objects;
		return 0;
	case IOMMU_HWPT_ALLOC: {
		auto *alloc = (struct iommu_hwpt_alloc *)argument;

		alloc->out_hwpt_id = ++k->objects;
		k->arguments.push_back(
			"table " + std::to_string(k->objects) + " over " +
			std::to_string(alloc->pt_id) +
			(alloc->flags & IOMMU_HWPT_ALLOC_PASID ? " for PASIDs" : ""));
		return 0;
	}
	case IOMMU_IOAS_MAP: {
		auto *map = (struct iommu_ioas_map *)argument;

		k->arguments.push_back("map into " + std::to_string(map->ioas_id) + " at " +
				       std::to_string(map->iova) + " " +
				       std::to_string(map->length) + " from " +
				       std::to_string(map->user_va - RamVa));
		return 0;
	}
	case IOMMU_DESTROY:
		k->arguments.push_back("destroy " +
				       std::to_string(((struct iommu_destroy *)argument)->id));
		return 0;
	case IOMMU_IOAS_IOVA_RANGES:
		ranges->num_iovas = 2;
		if (!ranges->allowed_iovas)
			return -EMSGSIZE;
		((struct iommu_iova_range *)ranges->allowed_iovas)[0] = {0, 0x7ffffff};
		((struct iommu_iova_range *)ranges->allowed_iovas)[1] = {0x8100000,
									 (1ull << 48) - 1};
		return 0;
	case IOMMU_IOAS_MAP_FILE:
		p->iova = ((struct iommu_ioas_map_file *)argument)->iova;
		return 0;
	case IOMMU_HWPT_SET_DIRTY_TRACKING:
		k->dirty_tracking = ((struct iommu_hwpt_set_dirty_tracking *)argument)->flags;
		k->dirty.clear();
		return 0;
	case IOMMU_HWPT_GET_DIRTY_BITMAP:
		for (uint64_t page : k->dirty) {
			uint64_t bit = page - get->iova / 4096;
			((uint64_t *)get->data)[bit / 64] |= 1ull << bit % 64;
		}
		k->dirty.clear();
		return 0;
	}
	return 0;
}

/* The arcs that matter here; that any other is refused is the real kernel's test. */
int set_state(struct uapi_kernel *k, struct vfio_device_feature_mig_state *mig)
{
	uint32_t to = mig->device_state;

	mig->data_fd = -1;
	if (to == VFIO_DEVICE_STATE_ERROR)
		return -EINVAL;
	if (k->state == VFIO_DEVICE_STATE_RESUMING && to != VFIO_DEVICE_STATE_RESUMING &&
	    k->loaded != k->stream)
		return -EINVAL;
	if (to == VFIO_DEVICE_STATE_RESUMING) {
		k->loaded.clear();
		mig->data_fd = FdData;
		k->open_files++;
	}
	if (to == VFIO_DEVICE_STATE_PRE_COPY ||
	    (to == VFIO_DEVICE_STATE_STOP_COPY && k->state != VFIO_DEVICE_STATE_PRE_COPY_P2P &&
	     k->state != VFIO_DEVICE_STATE_PRE_COPY)) {
		k->saved = 0;
		mig->data_fd = FdData;
		k->open_files++;
	}
	k->state = to;
	return 0;
}

int logging_call(struct uapi_kernel *k, struct vfio_device_feature *f)
{
	auto *report = (struct vfio_device_feature_dma_logging_report *)f->data;
	uint32_t index = f->flags & VFIO_DEVICE_FEATURE_MASK;

	if (!k->logs)
		return -ENOTTY;
	if (f->flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (index == VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT) {
		for (uint64_t page : k->logged) {
			uint64_t bit = page - report->iova / 4096;
			((uint64_t *)report->bitmap)[bit / 64] |= 1ull << bit % 64;
		}
	}
	k->logging = index != VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP;
	k->logged.clear();
	return 0;
}

int feature_call(struct uapi_kernel *k, struct vfio_device_feature *f)
{
	switch (f->flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_MIGRATION:
		if (!k->migration_flags)
			return -ENOTTY;
		std::memcpy(f->data, &k->migration_flags, 8);
		return 0;
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		return set_state(k, (struct vfio_device_feature_mig_state *)f->data);
	case VFIO_DEVICE_FEATURE_MIG_DATA_SIZE:
		*(uint64_t *)f->data = k->stream.size();
		return 0;
	case VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2:
		return 0;
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
		return logging_call(k, f);
	}
	return -ENOTTY;
}

std::string feature_name(const struct vfio_device_feature *f)
{
	uint32_t index = f->flags & VFIO_DEVICE_FEATURE_MASK;
	const uint32_t state = *(const uint32_t *)f->data;

	switch (index) {
	case VFIO_DEVICE_FEATURE_MIGRATION:
		return "MIGRATION";
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		return std::string("MIG_DEVICE_STATE ") + states[state];
	case VFIO_DEVICE_FEATURE_MIG_DATA_SIZE:
		return "MIG_DATA_SIZE";
	case VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2:
		return "MIG_PRECOPY_INFOv2";
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
		return "DMA_LOGGING_STOP";
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
		return "DMA_LOGGING_REPORT";
	}
	return "DMA_LOGGING_START";
}

std::string call_name(unsigned long request, void *argument)
{
	if (request == VFIO_DEVICE_FEATURE)
		return "VFIO_DEVICE_FEATURE " +
		       feature_name((struct vfio_device_feature *)argument);
	for (const Name &n : names)
		if (n.request == request)
			return n.name;
	return "?";
}

int set_irqs(struct uapi_kernel *k, const struct vfio_irq_set *set)
{
	const int *fd = (const int *)set->data;

	if (set->index != VFIO_PCI_MSIX_IRQ_INDEX)
		return 0;
	if (!set->count)
		k->vectors.clear();
	for (uint32_t i = 0; i < set->count; i++)
		k->vectors[set->start + i] = fd[i];
	return 0;
}
} // namespace

std::vector<struct uapi_process *> fake_processes;

uapi_kernel::uapi_kernel(TestHost *h) : host(h)
{
	config[0] = 0x86;
	config[1] = 0x80;
	config[PCI_CAPABILITY_LIST] = 0x70;
	config[0x70] = PCI_CAP_ID_MSIX;
	config[0x72] = 4; /* five vectors */
}

void uapi_kernel::dma_write(struct uapi_process *process, uint64_t iova, uint32_t value)
{
	uint64_t page = (iova - process->iova) / 4096;
	uint64_t last = process->ram_bytes / 4096 - 1;

	dram_write(host->dram, process->frames_pa + (last - page) * 4096 + iova % 4096, &value, 4);
	dirty.insert(iova / 4096);
	logged.insert(iova / 4096);
}

void uapi_kernel::signal(uint32_t vector)
{
	auto fd = vectors.find(vector);
	if (fd == vectors.end() || fd->second < 0)
		return;
	auto handler = eventfds.at(fd->second);
	handler.first(handler.second, sim_now(host->part.sim));
}

extern "C" {
const struct uapi_user_ops uapi_user_ops_direct = {nullptr, nullptr};

struct uapi_process *uapi_process_create(struct uapi_kernel *kernel, const char *,
					 const struct uapi_user_ops *, void *)
{
	auto *p = new struct uapi_process();
	p->kernel = kernel;
	fake_processes.push_back(p);
	return p;
}

void uapi_process_exit(struct uapi_process *p, struct actor *)
{
	p->kernel->calls.push_back("exit");
	p->kernel->open_files = 0;
	if (p->frames_pa)
		frames_free(p->kernel->host->frames, p->frames_pa, p->ram_bytes / 4096);
	p->exited = true;
}

int uapi_access(struct uapi_process *p, struct actor *self, const char *, int)
{
	return begin(p, self, "access");
}

int uapi_open(struct uapi_process *p, struct actor *self, const char *path, int)
{
	int ret = begin(p, self, "open");
	if (ret)
		return ret;
	p->kernel->open_files++;
	return std::string(path) == "/dev/iommu" ? FdIommu : FdDevice;
}

int uapi_fstat(struct uapi_process *p, struct actor *self, int, struct uapi_stat *)
{
	return begin(p, self, "fstat");
}

int uapi_close(struct uapi_process *p, struct actor *self, int)
{
	begin(p, self, "close");
	p->kernel->open_files--;
	return 0;
}

int uapi_ioctl(struct uapi_process *p, struct actor *self, int, unsigned long request,
	       void *argument)
{
	struct uapi_kernel *k = p->kernel;
	int ret = begin(p, self, call_name(request, argument));

	if (ret)
		return ret;
	switch (request) {
	case VFIO_DEVICE_FEATURE:
		return feature_call(k, (struct vfio_device_feature *)argument);
	case VFIO_DEVICE_GET_INFO:
	case VFIO_DEVICE_GET_REGION_INFO:
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_info(k, request, argument);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(k, (struct vfio_irq_set *)argument);
	case VFIO_DEVICE_RESET:
		k->state = VFIO_DEVICE_STATE_RUNNING;
		return 0;
	case VFIO_MIG_GET_PRECOPY_INFO:
		((struct vfio_precopy_info *)argument)->initial_bytes = 0;
		return 0;
	}
	return iommu_call(p, request, argument);
}

ssize_t uapi_read(struct uapi_process *p, struct actor *self, int, void *data, size_t len)
{
	struct uapi_kernel *k = p->kernel;
	int ret = begin(p, self, "read");
	bool precopy = k->state == VFIO_DEVICE_STATE_PRE_COPY;
	size_t end = precopy ? k->precopy_bytes : k->stream.size();
	size_t n = MIN(len, end - MIN(k->saved, end));

	if (ret)
		return ret;
	std::memcpy(data, k->stream.data() + k->saved, n);
	k->saved += n;
	return n || !precopy ? (ssize_t)n : -ENOMSG;
}

ssize_t uapi_write(struct uapi_process *p, struct actor *self, int, const void *data, size_t len)
{
	struct uapi_kernel *k = p->kernel;
	int ret = begin(p, self, "write");

	if (ret)
		return ret;
	k->loaded.insert(k->loaded.end(), (const uint8_t *)data, (const uint8_t *)data + len);
	return (ssize_t)len;
}

ssize_t uapi_pread(struct uapi_process *p, struct actor *self, int, void *data, size_t len,
		   uint64_t offset)
{
	struct uapi_kernel *k = p->kernel;
	int ret = begin(p, self, "pread");

	if (ret)
		return ret;
	if (offset >> 40 == VFIO_PCI_CONFIG_REGION_INDEX)
		std::memcpy(data, k->config + (offset & 0xfff), len);
	else
		std::memcpy(data, &k->bar0[offset], MIN(len, 4u));
	return (ssize_t)len;
}

ssize_t uapi_pwrite(struct uapi_process *p, struct actor *self, int, const void *data, size_t len,
		    uint64_t offset)
{
	struct uapi_kernel *k = p->kernel;
	int ret = begin(p, self, "pwrite");

	if (ret)
		return ret;
	if (offset >> 40 != VFIO_PCI_CONFIG_REGION_INDEX)
		std::memcpy(&k->bar0[offset], data, MIN(len, 4u));
	else if ((offset & 0xfff) == PCI_COMMAND)
		std::memcpy(k->config + (offset & 0xfff), data, len);
	return (ssize_t)len;
}

int uapi_memfd_create(struct uapi_process *p, const char *, uint64_t size_bytes)
{
	p->ram_bytes = size_bytes;
	return FdMemory;
}

int uapi_eventfd(struct uapi_process *p, void (*signalled)(void *arg, uint64_t now), void *arg)
{
	int fd = FdEvent + (int)p->kernel->eventfds.size();
	p->kernel->eventfds[fd] = {signalled, arg};
	return fd;
}

int uapi_mmap(struct uapi_process *p, struct actor *, uint64_t length, int, uint64_t, uint64_t *va)
{
	p->frames_pa = frames_alloc(p->kernel->host->frames, length / 4096, 4096);
	*va = RamVa;
	return p->frames_pa ? 0 : -ENOMEM;
}

uint64_t uapi_translate(struct uapi_process *, uint64_t va)
{
	return va;
}

/* Backwards, as scattered pages come: no two neighbours are contiguous. */
int uapi_memory_run(struct uapi_process *p, uint64_t va, struct uapi_run *run)
{
	uint64_t page = (va - RamVa) / 4096;
	uint64_t pages = p->ram_bytes / 4096;

	*run = {p->frames_pa + (pages - 1 - page) * 4096, -4096, pages - page};
	return 0;
}
}
