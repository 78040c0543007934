/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <string.h>

#include "base/bits.h"
#include "traces/codec_internal.h"

static const struct trace_field change_process[] = {
	FIELD(iommu_ioas_change_process, size, IN, NUMBER),
};

static const struct trace_field destroy[] = {
	FIELD(iommu_destroy, size, IN, NUMBER),
	FIELD(iommu_destroy, id, IN, ID),
};

static const struct trace_field ioas_alloc[] = {
	FIELD(iommu_ioas_alloc, size, IN, NUMBER),
	FIELD(iommu_ioas_alloc, flags, IN, NUMBER),
	FIELD(iommu_ioas_alloc, out_ioas_id, OUT, ID),
};

static const struct trace_field ioas_iova_ranges[] = {
	FIELD(iommu_ioas_iova_ranges, size, IN, NUMBER),
	FIELD(iommu_ioas_iova_ranges, ioas_id, IN, ID),
	FIELD(iommu_ioas_iova_ranges, num_iovas, INOUT, NUMBER),
	FIELD(iommu_ioas_iova_ranges, out_iova_alignment, OUT, NUMBER),
};

static const struct trace_field ioas_allow_iovas[] = {
	FIELD(iommu_ioas_allow_iovas, size, IN, NUMBER),
	FIELD(iommu_ioas_allow_iovas, ioas_id, IN, ID),
	FIELD(iommu_ioas_allow_iovas, num_iovas, IN, NUMBER),
};

static const struct trace_field ioas_map[] = {
	FIELD(iommu_ioas_map, size, IN, NUMBER),   FIELD(iommu_ioas_map, flags, IN, NUMBER),
	FIELD(iommu_ioas_map, ioas_id, IN, ID),    FIELD(iommu_ioas_map, user_va, IN, ADDRESS),
	FIELD(iommu_ioas_map, length, IN, NUMBER), FIELD(iommu_ioas_map, iova, INOUT, NUMBER),
};

static const struct trace_field ioas_map_file[] = {
	FIELD(iommu_ioas_map_file, size, IN, NUMBER),
	FIELD(iommu_ioas_map_file, flags, IN, NUMBER),
	FIELD(iommu_ioas_map_file, ioas_id, IN, ID),
	SIGNED(iommu_ioas_map_file, fd, IN, FD),
	FIELD(iommu_ioas_map_file, start, IN, NUMBER),
	FIELD(iommu_ioas_map_file, length, IN, NUMBER),
	FIELD(iommu_ioas_map_file, iova, INOUT, NUMBER),
};

static const struct trace_field ioas_copy[] = {
	FIELD(iommu_ioas_copy, size, IN, NUMBER),
	FIELD(iommu_ioas_copy, flags, IN, NUMBER),
	FIELD(iommu_ioas_copy, dst_ioas_id, IN, ID),
	FIELD(iommu_ioas_copy, src_ioas_id, IN, ID),
	FIELD(iommu_ioas_copy, length, IN, NUMBER),
	FIELD(iommu_ioas_copy, dst_iova, INOUT, NUMBER),
	FIELD(iommu_ioas_copy, src_iova, IN, NUMBER),
};

static const struct trace_field ioas_unmap[] = {
	FIELD(iommu_ioas_unmap, size, IN, NUMBER),
	FIELD(iommu_ioas_unmap, ioas_id, IN, ID),
	FIELD(iommu_ioas_unmap, iova, IN, NUMBER),
	FIELD(iommu_ioas_unmap, length, INOUT, NUMBER),
};

static const struct trace_field option[] = {
	FIELD(iommu_option, size, IN, NUMBER),     FIELD(iommu_option, option_id, IN, NUMBER),
	FIELD(iommu_option, op, IN, NUMBER),       FIELD(iommu_option, object_id, IN, ID),
	FIELD(iommu_option, val64, INOUT, NUMBER),
};

static const struct trace_field hwpt_alloc[] = {
	FIELD(iommu_hwpt_alloc, size, IN, NUMBER),
	FIELD(iommu_hwpt_alloc, flags, IN, NUMBER),
	FIELD(iommu_hwpt_alloc, dev_id, IN, ID),
	FIELD(iommu_hwpt_alloc, pt_id, IN, ID),
	FIELD(iommu_hwpt_alloc, data_type, IN, NUMBER),
	FIELD(iommu_hwpt_alloc, data_len, IN, NUMBER),
	FIELD(iommu_hwpt_alloc, fault_id, IN, ID),
	FIELD(iommu_hwpt_alloc, out_hwpt_id, OUT, ID),
};

static const struct trace_field get_hw_info[] = {
	FIELD(iommu_hw_info, size, IN, NUMBER),
	FIELD(iommu_hw_info, flags, IN, NUMBER),
	FIELD(iommu_hw_info, dev_id, IN, ID),
	FIELD(iommu_hw_info, data_len, INOUT, NUMBER),
	FIELD(iommu_hw_info, in_data_type, IN, NUMBER),
	FIELD(iommu_hw_info, out_data_type, OUT, NUMBER),
	FIELD(iommu_hw_info, out_max_pasid_log2, OUT, NUMBER),
	FIELD(iommu_hw_info, out_capabilities, OUT, NUMBER),
};

static const struct trace_field set_dirty_tracking[] = {
	FIELD(iommu_hwpt_set_dirty_tracking, size, IN, NUMBER),
	FIELD(iommu_hwpt_set_dirty_tracking, flags, IN, NUMBER),
	FIELD(iommu_hwpt_set_dirty_tracking, hwpt_id, IN, ID),
};

static const struct trace_field get_dirty_bitmap[] = {
	FIELD(iommu_hwpt_get_dirty_bitmap, size, IN, NUMBER),
	FIELD(iommu_hwpt_get_dirty_bitmap, hwpt_id, IN, ID),
	FIELD(iommu_hwpt_get_dirty_bitmap, flags, IN, NUMBER),
	FIELD(iommu_hwpt_get_dirty_bitmap, iova, IN, NUMBER),
	FIELD(iommu_hwpt_get_dirty_bitmap, length, IN, NUMBER),
	FIELD(iommu_hwpt_get_dirty_bitmap, page_size, IN, NUMBER),
};

static const struct trace_field bind_iommufd[] = {
	FIELD(vfio_device_bind_iommufd, argsz, IN, NUMBER),
	FIELD(vfio_device_bind_iommufd, flags, IN, NUMBER),
	SIGNED(vfio_device_bind_iommufd, iommufd, IN, FD),
	FIELD(vfio_device_bind_iommufd, token_uuid_ptr, IN, ADDRESS),
	FIELD(vfio_device_bind_iommufd, out_devid, OUT, ID),
};

static const struct trace_field attach_pt[] = {
	FIELD(vfio_device_attach_iommufd_pt, argsz, IN, NUMBER),
	FIELD(vfio_device_attach_iommufd_pt, flags, IN, NUMBER),
	FIELD(vfio_device_attach_iommufd_pt, pt_id, INOUT, ID),
	FIELD(vfio_device_attach_iommufd_pt, pasid, IN, NUMBER),
};

static const struct trace_field detach_pt[] = {
	FIELD(vfio_device_detach_iommufd_pt, argsz, IN, NUMBER),
	FIELD(vfio_device_detach_iommufd_pt, flags, IN, NUMBER),
	FIELD(vfio_device_detach_iommufd_pt, pasid, IN, NUMBER),
};

static const struct trace_field device_info[] = {
	FIELD(vfio_device_info, argsz, INOUT, NUMBER),
	FIELD(vfio_device_info, flags, OUT, NUMBER),
	FIELD(vfio_device_info, num_regions, OUT, NUMBER),
	FIELD(vfio_device_info, num_irqs, OUT, NUMBER),
	FIELD(vfio_device_info, cap_offset, OUT, NUMBER),
};

static const struct trace_field region_info[] = {
	FIELD(vfio_region_info, argsz, INOUT, NUMBER),
	FIELD(vfio_region_info, index, IN, NUMBER),
	FIELD(vfio_region_info, flags, OUT, NUMBER),
	FIELD(vfio_region_info, cap_offset, OUT, NUMBER),
	FIELD(vfio_region_info, size, OUT, NUMBER),
	FIELD(vfio_region_info, offset, OUT, NUMBER),
};

static const struct trace_field irq_info[] = {
	FIELD(vfio_irq_info, argsz, INOUT, NUMBER),
	FIELD(vfio_irq_info, index, IN, NUMBER),
	FIELD(vfio_irq_info, flags, OUT, NUMBER),
	FIELD(vfio_irq_info, count, OUT, NUMBER),
};

static const struct trace_field irq_set[] = {
	FIELD(vfio_irq_set, argsz, IN, NUMBER), FIELD(vfio_irq_set, flags, IN, NUMBER),
	FIELD(vfio_irq_set, index, IN, NUMBER), FIELD(vfio_irq_set, start, IN, NUMBER),
	FIELD(vfio_irq_set, count, IN, NUMBER),
};

static const struct trace_field device_feature[] = {
	FIELD(vfio_device_feature, argsz, IN, NUMBER),
	FIELD(vfio_device_feature, flags, IN, NUMBER),
};

static const struct trace_field precopy_info[] = {
	FIELD(vfio_precopy_info, argsz, IN, NUMBER),
	FIELD(vfio_precopy_info, flags, INOUT, NUMBER),
	FIELD(vfio_precopy_info, initial_bytes, OUT, NUMBER),
	FIELD(vfio_precopy_info, dirty_bytes, OUT, NUMBER),
};

static const struct trace_call calls[] = {
	CALL(IOMMU_DESTROY, iommu_destroy, destroy, NULL),
	CALL(IOMMU_IOAS_ALLOC, iommu_ioas_alloc, ioas_alloc, NULL),
	CALL(IOMMU_IOAS_ALLOW_IOVAS, iommu_ioas_allow_iovas, ioas_allow_iovas,
	     &trace_codec_allow_iovas),
	CALL(IOMMU_IOAS_COPY, iommu_ioas_copy, ioas_copy, NULL),
	CALL(IOMMU_IOAS_IOVA_RANGES, iommu_ioas_iova_ranges, ioas_iova_ranges,
	     &trace_codec_iova_ranges),
	CALL(IOMMU_IOAS_MAP, iommu_ioas_map, ioas_map, NULL),
	CALL(IOMMU_IOAS_MAP_FILE, iommu_ioas_map_file, ioas_map_file, NULL),
	CALL(IOMMU_IOAS_UNMAP, iommu_ioas_unmap, ioas_unmap, NULL),
	CALL(IOMMU_IOAS_CHANGE_PROCESS, iommu_ioas_change_process, change_process, NULL),
	CALL(IOMMU_OPTION, iommu_option, option, NULL),
	CALL(IOMMU_HWPT_ALLOC, iommu_hwpt_alloc, hwpt_alloc, NULL),
	CALL(IOMMU_GET_HW_INFO, iommu_hw_info, get_hw_info, &trace_codec_hw_info),
	CALL(IOMMU_HWPT_SET_DIRTY_TRACKING, iommu_hwpt_set_dirty_tracking, set_dirty_tracking,
	     NULL),
	CALL(IOMMU_HWPT_GET_DIRTY_BITMAP, iommu_hwpt_get_dirty_bitmap, get_dirty_bitmap,
	     &trace_codec_dirty_bitmap),
	CALL(VFIO_DEVICE_BIND_IOMMUFD, vfio_device_bind_iommufd, bind_iommufd, NULL),
	CALL(VFIO_DEVICE_ATTACH_IOMMUFD_PT, vfio_device_attach_iommufd_pt, attach_pt, NULL),
	CALL(VFIO_DEVICE_DETACH_IOMMUFD_PT, vfio_device_detach_iommufd_pt, detach_pt, NULL),
	CALL(VFIO_DEVICE_GET_INFO, vfio_device_info, device_info, NULL),
	CALL(VFIO_DEVICE_GET_REGION_INFO, vfio_region_info, region_info, NULL),
	CALL(VFIO_DEVICE_GET_IRQ_INFO, vfio_irq_info, irq_info, NULL),
	CALL(VFIO_DEVICE_SET_IRQS, vfio_irq_set, irq_set, &trace_codec_irq_set),
	BARE(VFIO_DEVICE_RESET),
	CALL(VFIO_DEVICE_FEATURE, vfio_device_feature, device_feature, &trace_codec_feature),
	CALL(VFIO_MIG_GET_PRECOPY_INFO, vfio_precopy_info, precopy_info, NULL),
};
static const uint32_t call_count = ARRAY_LEN(calls);

static const struct trace_field feature_migration[] = {
	FIELD(vfio_device_feature_migration, flags, OUT, NUMBER),
};

static const struct trace_field feature_mig_state[] = {
	FIELD(vfio_device_feature_mig_state, device_state, INOUT, STATE),
	SIGNED(vfio_device_feature_mig_state, data_fd, INOUT, FD),
};

static const struct trace_field feature_mig_data_size[] = {
	FIELD(vfio_device_feature_mig_data_size, stop_copy_length, OUT, NUMBER),
};

static const struct trace_field feature_logging_start[] = {
	FIELD(vfio_device_feature_dma_logging_control, page_size, INOUT, NUMBER),
	FIELD(vfio_device_feature_dma_logging_control, num_ranges, IN, NUMBER),
};

static const struct trace_field feature_logging_report[] = {
	FIELD(vfio_device_feature_dma_logging_report, iova, IN, NUMBER),
	FIELD(vfio_device_feature_dma_logging_report, length, IN, NUMBER),
	FIELD(vfio_device_feature_dma_logging_report, page_size, IN, NUMBER),
};

#define FEATURE_WITH(name, type, field, asks, codec)                                               \
	{                                                                                          \
#name, VFIO_DEVICE_FEATURE_##name, sizeof(struct type), field, ARRAY_LEN(field),   \
			asks, codec                                                                \
	}
#define FEATURE(name, type, field) FEATURE_WITH(name, type, field, false, NULL)
#define FEATURE_BARE(name)                                                                         \
	{                                                                                          \
#name, VFIO_DEVICE_FEATURE_##name, 0, NULL, 0, false, NULL                         \
	}

static const struct trace_feature features[] = {
	FEATURE(MIGRATION, vfio_device_feature_migration, feature_migration),
	FEATURE(MIG_DEVICE_STATE, vfio_device_feature_mig_state, feature_mig_state),
	FEATURE(MIG_DATA_SIZE, vfio_device_feature_mig_data_size, feature_mig_data_size),
	FEATURE_WITH(DMA_LOGGING_START, vfio_device_feature_dma_logging_control,
		     feature_logging_start, false, &trace_codec_logging_start),
	FEATURE_WITH(DMA_LOGGING_REPORT, vfio_device_feature_dma_logging_report,
		     feature_logging_report, true, &trace_codec_logging_report),
	/* Known by name; no payload of theirs is told or compared. */
	FEATURE_BARE(MIG_PRECOPY_INFOv2),
	FEATURE_BARE(DMA_LOGGING_STOP),
	FEATURE_BARE(PCI_VF_TOKEN),
	FEATURE_BARE(LOW_POWER_ENTRY),
	FEATURE_BARE(LOW_POWER_ENTRY_WITH_WAKEUP),
	FEATURE_BARE(LOW_POWER_EXIT),
	FEATURE_BARE(BUS_MASTER),
	FEATURE_BARE(DMA_BUF),
	FEATURE_BARE(ZPCI_ERROR),
};

/* Which calls are done on which kind of file; a name is in one of them only. */
static const struct call_table {
	const char *file; /* NULL: every other */
	const struct trace_call *call;
	const uint32_t *count;
} tables[] = {
	{"group", trace_group_calls, &trace_group_call_count},
	{"container", trace_container_calls, &trace_container_call_count},
	{NULL, calls, &call_count},
};

const struct trace_call *trace_call_by_name(const char *name)
{
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (uint32_t i = 0; i < *tables[t].count; i++)
			if (!strcmp(tables[t].call[i].name, name))
				return &tables[t].call[i];
	return NULL;
}

const struct trace_call *trace_call_by_request(const char *file, unsigned long request)
{
	const char *prefix = strcmp(file, "iommufd") ? "VFIO_" : "IOMMU_";
	const struct call_table *table = tables;

	while (table->file && strcmp(table->file, file))
		table++;
	for (uint32_t i = 0; i < *table->count; i++)
		if (table->call[i].request == request &&
		    !strncmp(table->call[i].name, prefix, strlen(prefix)))
			return &table->call[i];
	return NULL;
}

const struct trace_feature *trace_feature_by_index(uint32_t index)
{
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		if (features[i].index == index)
			return &features[i];
	return NULL;
}
