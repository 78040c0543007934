/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <string.h>

#include "base/bits.h"
#include "traces/show_internal.h"

#define BIT_OF(prefix, name)                                                                       \
	{                                                                                          \
		prefix##name, prefix##name, #name                                                  \
	}
#define END                                                                                        \
	{                                                                                          \
		0, 0, NULL                                                                         \
	}

static const struct show_bits open_flags[] = {
	{O_ACCMODE, O_RDWR, "O_RDWR"},
	{O_ACCMODE, O_WRONLY, "O_WRONLY"},
	{O_CLOEXEC, O_CLOEXEC, "O_CLOEXEC"},
	{O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK"},
	END,
};

static const struct show_bits ioas_map[] = {
	BIT_OF(IOMMU_IOAS_MAP_, FIXED_IOVA),
	BIT_OF(IOMMU_IOAS_MAP_, WRITEABLE),
	BIT_OF(IOMMU_IOAS_MAP_, READABLE),
	END,
};

static const struct show_bits hwpt_alloc[] = {
	BIT_OF(IOMMU_HWPT_ALLOC_, NEST_PARENT),
	BIT_OF(IOMMU_HWPT_ALLOC_, DIRTY_TRACKING),
	BIT_OF(IOMMU_HWPT_, FAULT_ID_VALID),
	BIT_OF(IOMMU_HWPT_ALLOC_, PASID),
	END,
};

static const struct show_bits dirty_tracking[] = {
	{IOMMU_HWPT_DIRTY_TRACKING_ENABLE, IOMMU_HWPT_DIRTY_TRACKING_ENABLE, "ENABLE"},
	END,
};

static const struct show_bits dirty_bitmap[] = {
	{IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR, IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR, "NO_CLEAR"},
	END,
};

static const struct show_bits hw_capabilities[] = {
	BIT_OF(IOMMU_HW_CAP_, DIRTY_TRACKING),
	BIT_OF(IOMMU_HW_CAP_, PCI_PASID_EXEC),
	BIT_OF(IOMMU_HW_CAP_, PCI_PASID_PRIV),
	BIT_OF(IOMMU_HW_CAP_, PCI_ATS_NOT_SUPPORTED),
	END,
};

static const struct show_bits device_flags[] = {
	BIT_OF(VFIO_DEVICE_FLAGS_, RESET),
	BIT_OF(VFIO_DEVICE_FLAGS_, PCI),
	BIT_OF(VFIO_DEVICE_FLAGS_, CAPS),
	END,
};

static const struct show_bits region_flags[] = {
	BIT_OF(VFIO_REGION_INFO_FLAG_, READ),
	BIT_OF(VFIO_REGION_INFO_FLAG_, WRITE),
	BIT_OF(VFIO_REGION_INFO_FLAG_, MMAP),
	BIT_OF(VFIO_REGION_INFO_FLAG_, CAPS),
	END,
};

static const struct show_bits irq_flags[] = {
	BIT_OF(VFIO_IRQ_INFO_, EVENTFD),
	BIT_OF(VFIO_IRQ_INFO_, MASKABLE),
	BIT_OF(VFIO_IRQ_INFO_, AUTOMASKED),
	BIT_OF(VFIO_IRQ_INFO_, NORESIZE),
	END,
};

static const struct show_bits irq_set_flags[] = {
	BIT_OF(VFIO_IRQ_SET_, DATA_NONE),
	BIT_OF(VFIO_IRQ_SET_, DATA_BOOL),
	BIT_OF(VFIO_IRQ_SET_, DATA_EVENTFD),
	BIT_OF(VFIO_IRQ_SET_, ACTION_MASK),
	BIT_OF(VFIO_IRQ_SET_, ACTION_UNMASK),
	BIT_OF(VFIO_IRQ_SET_, ACTION_TRIGGER),
	END,
};

/* The only feature whose payload has flags. */
static const struct show_bits migration_flags[] = {
	BIT_OF(VFIO_MIGRATION_, STOP_COPY),
	BIT_OF(VFIO_MIGRATION_, P2P),
	BIT_OF(VFIO_MIGRATION_, PRE_COPY),
	END,
};

static const struct show_bits group_flags[] = {
	BIT_OF(VFIO_GROUP_FLAGS_, VIABLE),
	BIT_OF(VFIO_GROUP_FLAGS_, CONTAINER_SET),
	END,
};

static const struct show_bits dma_map_flags[] = {
	BIT_OF(VFIO_DMA_MAP_FLAG_, READ),
	BIT_OF(VFIO_DMA_MAP_FLAG_, WRITE),
	BIT_OF(VFIO_DMA_MAP_FLAG_, VADDR),
	END,
};

static const struct show_bits dma_unmap_flags[] = {
	{VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
	 "GET_DIRTY_BITMAP"},
	BIT_OF(VFIO_DMA_UNMAP_FLAG_, ALL),
	BIT_OF(VFIO_DMA_UNMAP_FLAG_, VADDR),
	END,
};

static const struct show_bits iommu_info_flags[] = {
	BIT_OF(VFIO_IOMMU_INFO_, PGSIZES),
	BIT_OF(VFIO_IOMMU_INFO_, CAPS),
	END,
};

static const struct {
	const char *call;
	const char *member;
	const struct show_bits *bits;
} bit_rows[] = {
	{"open", "flags", open_flags},
	{"IOMMU_IOAS_MAP", "flags", ioas_map},
	{"IOMMU_IOAS_MAP_FILE", "flags", ioas_map},
	{"IOMMU_IOAS_COPY", "flags", ioas_map},
	{"IOMMU_HWPT_ALLOC", "flags", hwpt_alloc},
	{"IOMMU_HWPT_SET_DIRTY_TRACKING", "flags", dirty_tracking},
	{"IOMMU_HWPT_GET_DIRTY_BITMAP", "flags", dirty_bitmap},
	{"IOMMU_GET_HW_INFO", "out_capabilities", hw_capabilities},
	{"VFIO_DEVICE_GET_INFO", "flags", device_flags},
	{"VFIO_DEVICE_GET_REGION_INFO", "flags", region_flags},
	{"VFIO_DEVICE_GET_IRQ_INFO", "flags", irq_flags},
	{"VFIO_DEVICE_SET_IRQS", "flags", irq_set_flags},
	{"VFIO_DEVICE_FEATURE", "flags", migration_flags},
	{"VFIO_GROUP_GET_STATUS", "flags", group_flags},
	{"VFIO_IOMMU_MAP_DMA", "flags", dma_map_flags},
	{"VFIO_IOMMU_UNMAP_DMA", "flags", dma_unmap_flags},
	{"VFIO_IOMMU_GET_INFO", "flags", iommu_info_flags},
};

static const char *const regions[] = {"bar0", "bar1", "bar2",   "bar3", "bar4",
				      "bar5", "rom",  "config", "vga"};
static const char *const irqs[] = {"INTX", "MSI", "MSIX", "ERR", "REQ"};
static const char *const extensions[] = {
	[VFIO_TYPE1_IOMMU] = "TYPE1",   [VFIO_TYPE1v2_IOMMU] = "TYPE1v2",
	[VFIO_DMA_CC_IOMMU] = "DMA_CC", [VFIO_NOIOMMU_IOMMU] = "NOIOMMU",
	[VFIO_UNMAP_ALL] = "UNMAP_ALL", [VFIO_UPDATE_VADDR] = "UPDATE_VADDR",
};
static const char *const hw_types[] = {"none", "INTEL_VTD", "ARM_SMMUV3"};

#define NAMES(table)                                                                               \
	{                                                                                          \
		table, ARRAY_LEN(table)                                                            \
	}

static const struct {
	const char *call;
	const char *member;
	struct show_names names;
} name_rows[] = {
	{"VFIO_DEVICE_GET_REGION_INFO", "index", NAMES(regions)},
	{"VFIO_DEVICE_GET_IRQ_INFO", "index", NAMES(irqs)},
	{"VFIO_DEVICE_SET_IRQS", "index", NAMES(irqs)},
	{"VFIO_CHECK_EXTENSION", "extension", NAMES(extensions)},
	{"VFIO_SET_IOMMU", "type", NAMES(extensions)},
	{"IOMMU_GET_HW_INFO", "out_data_type", NAMES(hw_types)},
};

const struct show_bits *show_bits_of(const char *call, const struct trace_token *key)
{
	for (size_t i = 0; key && i < ARRAY_LEN(bit_rows); i++)
		if (!strcmp(bit_rows[i].call, call) && trace_token_is(key, bit_rows[i].member))
			return bit_rows[i].bits;
	return NULL;
}

const struct show_names *show_names_of(const char *call, const struct trace_token *key)
{
	for (size_t i = 0; key && i < ARRAY_LEN(name_rows); i++)
		if (!strcmp(name_rows[i].call, call) && trace_token_is(key, name_rows[i].member))
			return &name_rows[i].names;
	return NULL;
}

bool show_zero_is_silent(const struct trace_token *key)
{
	static const char *const silent[] = {
		"flags",    "pasid",        "data_type",      "data_len",
		"fault_id", "in_data_type", "token_uuid_ptr", "data_fd",
		"mode",     "cap_offset",   "object_id",      "out_max_pasid_log2",
	};

	for (size_t i = 0; i < ARRAY_LEN(silent); i++)
		if (trace_token_is(key, silent[i]))
			return true;
	return false;
}
