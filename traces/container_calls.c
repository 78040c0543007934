/* SPDX-License-Identifier: Apache-2.0 */
/* The calls on a group and on a container with a type1 driver. */
#include <linux/vfio.h>

#include "traces/codec_internal.h"

/* Arguments that no header has a structure for. */
struct descriptor {
	int32_t fd;
};
struct value {
	uint64_t number;
};
#define DEVICE_NAME_MAX 256u

static const struct trace_field group_status[] = {
	FIELD(vfio_group_status, argsz, IN, NUMBER),
	FIELD(vfio_group_status, flags, OUT, NUMBER),
};

static const struct trace_field container_fd[] = {
	FIELD_AS("container_fd", descriptor, fd, IN, FD, true),
};

static const struct trace_field extension[] = {
	FIELD_AS("extension", value, number, IN, NUMBER, false),
};

static const struct trace_field iommu_type[] = {
	FIELD_AS("type", value, number, IN, NUMBER, false),
};

static const struct trace_field iommu_info[] = {
	FIELD(vfio_iommu_type1_info, argsz, INOUT, NUMBER),
	FIELD(vfio_iommu_type1_info, flags, OUT, NUMBER),
	FIELD(vfio_iommu_type1_info, iova_pgsizes, OUT, NUMBER),
	FIELD(vfio_iommu_type1_info, cap_offset, OUT, NUMBER),
};

static const struct trace_field dma_map[] = {
	FIELD(vfio_iommu_type1_dma_map, argsz, IN, NUMBER),
	FIELD(vfio_iommu_type1_dma_map, flags, IN, NUMBER),
	FIELD(vfio_iommu_type1_dma_map, vaddr, IN, ADDRESS),
	FIELD(vfio_iommu_type1_dma_map, iova, IN, NUMBER),
	FIELD(vfio_iommu_type1_dma_map, size, IN, NUMBER),
};

static const struct trace_field dma_unmap[] = {
	FIELD(vfio_iommu_type1_dma_unmap, argsz, IN, NUMBER),
	FIELD(vfio_iommu_type1_dma_unmap, flags, IN, NUMBER),
	FIELD(vfio_iommu_type1_dma_unmap, iova, IN, NUMBER),
	FIELD(vfio_iommu_type1_dma_unmap, size, INOUT, NUMBER),
};

static const struct trace_field dirty_pages[] = {
	FIELD(vfio_iommu_type1_dirty_bitmap, argsz, IN, NUMBER),
	FIELD(vfio_iommu_type1_dirty_bitmap, flags, IN, NUMBER),
};

#define FORMED(request, size, field, codec, form)                                                  \
	{                                                                                          \
#request, request, size, field, ARRAY_LEN(field), codec, form                      \
	}

const struct trace_call trace_group_calls[] = {
	CALL(VFIO_GROUP_GET_STATUS, vfio_group_status, group_status, NULL),
	FORMED(VFIO_GROUP_SET_CONTAINER, sizeof(struct descriptor), container_fd, NULL,
	       TRACE_PLAIN),
	BARE(VFIO_GROUP_UNSET_CONTAINER),
	{"VFIO_GROUP_GET_DEVICE_FD", VFIO_GROUP_GET_DEVICE_FD, DEVICE_NAME_MAX, NULL, 0,
	 &trace_codec_device_name, TRACE_PLAIN},
};
const uint32_t trace_group_call_count = ARRAY_LEN(trace_group_calls);

const struct trace_call trace_container_calls[] = {
	BARE(VFIO_GET_API_VERSION),
	FORMED(VFIO_CHECK_EXTENSION, sizeof(struct value), extension, NULL, TRACE_VALUE),
	FORMED(VFIO_SET_IOMMU, sizeof(struct value), iommu_type, NULL, TRACE_VALUE),
	CALL(VFIO_IOMMU_GET_INFO, vfio_iommu_type1_info, iommu_info, &trace_codec_type1_info),
	CALL(VFIO_IOMMU_MAP_DMA, vfio_iommu_type1_dma_map, dma_map, NULL),
	CALL(VFIO_IOMMU_UNMAP_DMA, vfio_iommu_type1_dma_unmap, dma_unmap, &trace_codec_type1_unmap),
	CALL(VFIO_IOMMU_DIRTY_PAGES, vfio_iommu_type1_dirty_bitmap, dirty_pages,
	     &trace_codec_type1_dirty),
};
const uint32_t trace_container_call_count = ARRAY_LEN(trace_container_calls);
