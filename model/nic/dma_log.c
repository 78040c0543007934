/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/dma_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dma_log_init(struct dma_log *log, uint64_t bytes)
{
	*log = (struct dma_log){.capacity = bytes / 8 * 64};
	if (bytes)
		log->word = calloc(bytes / 8, 8);
	return bytes && !log->word ? -ENOMEM : 0;
}

void dma_log_fini(struct dma_log *log)
{
	free(log->word);
	log->word = NULL;
}

static bool ranges_possible(const struct dma_log_range *range, uint32_t ranges)
{
	for (uint32_t i = 0; i < ranges; i++) {
		uint64_t last = range[i].iova + (range[i].len - 1);

		if (!range[i].len || last < range[i].iova ||
		    (i && range[i].iova <= range[i - 1].iova + (range[i - 1].len - 1)))
			return false;
	}
	return ranges && ranges <= DMA_LOG_RANGES;
}

/* Lay out the ranges' bits with pages of 1 << shift; ranges that share a page become one span.
 * Returns the bits that it takes. */
static uint64_t lay_out(struct dma_log *log, const struct dma_log_range *range, uint32_t ranges,
			uint32_t shift)
{
	uint64_t bits = 0;

	log->spans = 0;
	for (uint32_t i = 0; i < ranges; i++) {
		uint64_t first = range[i].iova >> shift;
		uint64_t last = (range[i].iova + (range[i].len - 1)) >> shift;
		struct dma_log_span *before = log->spans ? &log->span[log->spans - 1] : NULL;

		if (before && first <= before->first_page + before->pages) {
			bits += last + 1 - (before->first_page + before->pages);
			before->pages = last + 1 - before->first_page;
			continue;
		}
		log->span[log->spans++] = (struct dma_log_span){first, last + 1 - first, bits};
		bits += last + 1 - first;
	}
	return bits;
}

int dma_log_start(struct dma_log *log, const struct dma_log_range *range, uint32_t ranges,
		  uint32_t *page_shift)
{
	uint32_t shift = MIN(MAX(*page_shift, DMA_LOG_SHIFT_MIN), DMA_LOG_SHIFT_MAX);
	uint64_t bits;

	if (log->on)
		return -EEXIST;
	if (!ranges_possible(range, ranges))
		return -EINVAL;
	bits = lay_out(log, range, ranges, shift);
	while (bits > log->capacity && shift < DMA_LOG_SHIFT_MAX)
		bits = lay_out(log, range, ranges, ++shift);
	if (bits > log->capacity)
		return -ERANGE;
	memset(log->word, 0, (bits + 63) / 64 * 8);
	log->page_shift = *page_shift = shift;
	log->on = true;
	return 0;
}

void dma_log_stop(struct dma_log *log)
{
	log->on = false;
}

/* Number of the first span that ends behind `page`. */
static uint32_t span_at(const struct dma_log *log, uint64_t page)
{
	uint32_t low = 0, high = log->spans;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (log->span[middle].first_page + log->span[middle].pages > page)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The part of a span within [first, last]: its bits. False: none is. */
static bool bits_within(const struct dma_log_span *span, uint64_t first, uint64_t last,
			uint64_t *first_bit, uint64_t *last_bit)
{
	uint64_t from = MAX(first, span->first_page);
	uint64_t to = MIN(last, span->first_page + span->pages - 1);

	*first_bit = span->first_bit + (from - span->first_page);
	*last_bit = span->first_bit + (to - span->first_page);
	return from <= to;
}

void dma_log_mark(struct dma_log *log, uint64_t iova, uint64_t len)
{
	uint64_t first = iova >> log->page_shift, last = (iova + len - 1) >> log->page_shift;
	uint64_t bit, last_bit;

	if (!log->on)
		return;
	for (uint32_t i = span_at(log, first);
	     i < log->spans && bits_within(&log->span[i], first, last, &bit, &last_bit); i++)
		for (; bit <= last_bit; bit++)
			log->word[bit / 64] |= BIT(bit % 64);
}

bool dma_log_has(const struct dma_log *log, uint64_t iova)
{
	uint64_t page = iova >> log->page_shift, bit, last_bit;
	uint32_t i = span_at(log, page);

	return log->on && i < log->spans &&
	       bits_within(&log->span[i], page, page, &bit, &last_bit) &&
	       log->word[bit / 64] >> bit % 64 & 1;
}

/* Move the bits first to last, whose first is bit `to` of the bitmap. */
static void take_bits(struct dma_log *log, uint64_t first, uint64_t last, uint64_t to,
		      uint8_t *bitmap)
{
	for (uint64_t w = first / 64; w <= last / 64; w++) {
		uint64_t low = w == first / 64 ? first % 64 : 0;
		uint64_t high = w == last / 64 ? last % 64 : 63;
		uint64_t taken = log->word[w] & BITS(high, low);

		log->word[w] &= ~taken;
		for (; taken; taken &= taken - 1) {
			uint64_t at = to + (w * 64 + (uint64_t)__builtin_ctzll(taken) - first);

			bitmap[at / 8] |= (uint8_t)BIT(at % 8);
		}
	}
}

bool dma_log_spans(const struct dma_log *log, uint64_t first_page, uint64_t pages)
{
	const struct dma_log_span *end;

	if (!log->on || !pages || first_page + pages < first_page)
		return false;
	end = &log->span[log->spans - 1];
	return first_page >= log->span[0].first_page &&
	       first_page + pages <= end->first_page + end->pages;
}

int dma_log_take(struct dma_log *log, uint64_t first_page, uint64_t pages, uint8_t *bitmap)
{
	uint64_t last_page = first_page + pages - 1, bit, last_bit;

	if (!log->on)
		return -ENOENT;
	if (!dma_log_spans(log, first_page, pages))
		return -EINVAL;
	for (uint32_t i = span_at(log, first_page);
	     i < log->spans && bits_within(&log->span[i], first_page, last_page, &bit, &last_bit);
	     i++)
		take_bits(log, bit, last_bit, MAX(first_page, log->span[i].first_page) - first_page,
			  bitmap);
	return 0;
}
