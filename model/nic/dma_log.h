/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_DMA_LOG_H
#define VFSIM_MODEL_NIC_DMA_LOG_H

/*
 * A function's log of the pages that its own DMA writes hit: a bit a page, in
 * memory of the device that is there from the start. Larger ranges are logged
 * with larger pages until their bits fit.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DMA_LOG_RANGES    256u
#define DMA_LOG_SHIFT_MIN 12u
#define DMA_LOG_SHIFT_MAX 30u

struct dma_log_range {
	uint64_t iova, len;
};

/* Neighbouring pages that are logged, and where their bits begin. */
struct dma_log_span {
	uint64_t first_page, pages, first_bit;
};

struct dma_log {
	uint64_t *word;
	uint64_t capacity; /* bits */
	bool on;
	uint32_t page_shift;
	uint32_t spans;
	struct dma_log_span span[DMA_LOG_RANGES];
};

/* Off, with `bytes` of memory (0: it can never be started). -ENOMEM. */
int dma_log_init(struct dma_log *log, uint64_t bytes);
void dma_log_fini(struct dma_log *log);

/*
 * Log writes to `range`, ascending and disjoint, from here on. *page_shift: the
 * page size wanted in, the one used out. -EEXIST: it is on; -EINVAL: no such
 * ranges; -ERANGE: more than its memory holds with the largest pages.
 */
int dma_log_start(struct dma_log *log, const struct dma_log_range *range, uint32_t ranges,
		  uint32_t *page_shift);
void dma_log_stop(struct dma_log *log);

/* [iova, iova + len), len > 0, is written. Without effect while off, and outside of the ranges. */
void dma_log_mark(struct dma_log *log, uint64_t iova, uint64_t len);

/* Is the page of `iova` marked? */
bool dma_log_has(const struct dma_log *log, uint64_t iova);

/* Is [first_page, first_page + pages) between the first page that is logged and the last? */
bool dma_log_spans(const struct dma_log *log, uint64_t first_page, uint64_t pages);

/*
 * Take the bits of `pages` pages from `first_page` on (in units of 1 <<
 * page_shift): set in `bitmap`, which has a bit for each and is clean, and clear
 * here. Pages between ranges are never dirty. -ENOENT: off; -EINVAL: not
 * dma_log_spans.
 */
int dma_log_take(struct dma_log *log, uint64_t first_page, uint64_t pages, uint8_t *bitmap);

#ifdef __cplusplus
}
#endif
#endif
