/* SPDX-License-Identifier: Apache-2.0 */
/* A VF's DMA log, as the firmware drives it. The engine fills it (dma.c). */
#include "base/trace.h"
#include "model/nic/nic_internal.h"

int nic_log_start(struct nic *nic, uint32_t vf, const struct dma_log_range *range, uint32_t ranges,
		  uint32_t *page_shift)
{
	nic->vf[vf].dma.unlogged = 0;
	return dma_log_start(&nic->vf[vf].log, range, ranges, page_shift);
}

void nic_log_stop(struct nic *nic, uint32_t vf)
{
	dma_log_stop(&nic->vf[vf].log);
}

int nic_log_take(struct nic *nic, uint32_t vf, uint64_t iova, uint32_t pages, uint8_t *bitmap)
{
	struct dma_log *log = &nic->vf[vf].log;
	struct dma_function *dma = &nic->vf[vf].dma;
	uint64_t first = iova >> log->page_shift;
	int err = dma_log_take(log, first, pages, bitmap);

	if (err)
		return err;
	if (dma->unlogged && ((dma->unlogged - 1) >> log->page_shift) - first < pages)
		dma->unlogged = 0;
	trace_emit(&nic->env.part, TRACE_DMA_LOG_TAKEN, pcie_function_rid(dma->pcie),
		   first << log->page_shift, (uint64_t)pages << log->page_shift);
	return 0;
}

bool nic_vf_fence(struct nic *nic, uint32_t vf)
{
	return dma_fence(&nic->dma, &nic->vf[vf].dma);
}
