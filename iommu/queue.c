/* SPDX-License-Identifier: Apache-2.0 */
/* Circular queues in memory, IHI 0070 section 3.5.1. */
#include "iommu/smmu_internal.h"

struct queue_view smmu_queue_view(const struct smmu *smmu, enum smmu_row base, uint32_t entry_bytes,
				  uint32_t max_log2)
{
	uint64_t value = smmu_reg(smmu, base);
	uint32_t log2 = (uint32_t)MIN(field_get(Q_BASE_LOG2SIZE, value), max_log2);
	struct queue_view queue = {.entries = 1u << log2, .entry_bytes = entry_bytes};
	uint64_t bytes = (uint64_t)queue.entries * entry_bytes;

	queue.base = align_down(value & Q_BASE_ADDR & smmu->oas_mask, MAX(bytes, 32));
	return queue;
}

/* Index and wrap bit of `index`; bits above do not count. */
static uint64_t significant(const struct queue_view *queue, uint64_t index)
{
	return index & (2 * (uint64_t)queue->entries - 1);
}

bool smmu_queue_empty(const struct queue_view *queue, uint64_t prod, uint64_t cons)
{
	return significant(queue, prod ^ cons) == 0;
}

bool smmu_queue_full(const struct queue_view *queue, uint64_t prod, uint64_t cons)
{
	return significant(queue, prod ^ cons) == queue->entries;
}

uint64_t smmu_queue_next(const struct queue_view *queue, uint64_t index)
{
	return significant(queue, index + 1);
}

uint64_t smmu_queue_address(const struct queue_view *queue, uint64_t index)
{
	return queue->base + (index & (queue->entries - 1)) * queue->entry_bytes;
}
