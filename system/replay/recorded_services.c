/* SPDX-License-Identifier: Apache-2.0 */
#include "system/replay/recorded_services.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

#define LOG_PART_PAGES UINT64_C(4096)

static struct recorded_vf_state *state_of(void *ctx, uint32_t vf)
{
	struct recorded_services *services = ctx;

	return &services->vf[vf];
}

static uint64_t migration_flags(void *ctx, uint32_t vf)
{
	const struct presented_device *presented = state_of(ctx, vf)->presented;

	return presented ? presented->migration_flags : 0;
}

/* The device moves only when the recording says so: there is nothing to stop. */
static int set_p2p(void *ctx, struct actor *self, uint32_t vf, bool running)
{
	return 0;
}

static int suspend_resume(void *ctx, struct actor *self, uint32_t vf)
{
	return 0;
}

static int state_size(void *ctx, struct actor *self, uint32_t vf, uint64_t *precopy_bytes,
		      uint64_t *stop_copy_bytes)
{
	const struct presented_device *presented = state_of(ctx, vf)->presented;

	*precopy_bytes = presented->precopy_bytes;
	*stop_copy_bytes = presented->stop_copy_bytes;
	return 0;
}

static void drop_part(struct recorded_stream *stream)
{
	free(stream->part);
	stream->part = NULL;
	stream->size = 0;
	stream->given = 0;
}

static void save_begin(void *ctx, uint32_t vf)
{
	struct recorded_stream *stream = &state_of(ctx, vf)->stream;

	drop_part(stream);
	stream->precopy_done = false;
	stream->final_done = false;
}

/* Make the next part, if there is one. */
static int next_part(struct recorded_services *services, uint32_t vf, bool precopy)
{
	struct recorded_vf_state *state = &services->vf[vf];
	struct recorded_stream *stream = &state->stream;
	bool *done = precopy ? &stream->precopy_done : &stream->final_done;
	uint64_t size = precopy ? state->presented->precopy_bytes : state->presented->final_bytes;

	drop_part(stream);
	if (*done || !size)
		return 0;
	*done = true;
	stream->part = malloc(size);
	if (!stream->part)
		return -ENOMEM;
	stream->size = size;
	recorded_device_save(services->device, vf, stream->part, size);
	return 0;
}

static ssize_t save(void *ctx, struct actor *self, uint32_t vf, bool precopy, void *data,
		    size_t size)
{
	struct recorded_stream *stream = &state_of(ctx, vf)->stream;
	size_t len;
	int err;

	if (stream->given == stream->size) {
		err = next_part(ctx, vf, precopy);
		if (err)
			return err;
	}
	len = MIN(size, stream->size - stream->given);
	if (len)
		memcpy(data, stream->part + stream->given, len);
	stream->given += len;
	return (ssize_t)len;
}

static int load(void *ctx, struct actor *self, uint32_t vf, const void *data, size_t size)
{
	const struct recorded_services *services = ctx;

	return recorded_device_load(services->device, vf, data, size);
}

static struct dma_log *log_of(void *ctx, uint32_t vf)
{
	struct recorded_services *services = ctx;

	return recorded_device_log(services->device, vf);
}

static bool logs_dma(void *ctx, uint32_t vf)
{
	const struct presented_device *presented = state_of(ctx, vf)->presented;

	return presented && presented->dma_logging;
}

static uint32_t shift_of(uint64_t page_size)
{
	return page_size ? 63 - (uint32_t)__builtin_clzll(page_size) : 0;
}

/* With the page size that the recorded device chose, where the recording says it. */
static int log_start(void *ctx, struct actor *self, uint32_t vf, const struct vf_log_range *range,
		     uint32_t ranges, uint64_t *page_size)
{
	uint64_t chosen = state_of(ctx, vf)->presented->log_page_size;
	uint32_t shift = shift_of(chosen ? chosen : *page_size);
	struct dma_log_range device_range[DMA_LOG_RANGES];
	int err;

	if (ranges > DMA_LOG_RANGES)
		return -EINVAL;
	for (uint32_t i = 0; i < ranges; i++)
		device_range[i] = (struct dma_log_range){range[i].iova, range[i].len};
	err = dma_log_start(log_of(ctx, vf), device_range, ranges, &shift);
	if (!err)
		*page_size = BIT(shift);
	return err == -ERANGE ? -EOPNOTSUPP : err;
}

static int log_stop(void *ctx, struct actor *self, uint32_t vf)
{
	dma_log_stop(log_of(ctx, vf));
	return 0;
}

/* Nothing of the device is in flight between two lines: what it wrote has landed. */
static int log_read(void *ctx, struct actor *self, uint32_t vf, uint64_t iova, uint64_t len,
		    void (*found)(void *arg, uint64_t iova, uint64_t len), void *arg)
{
	struct dma_log *log = log_of(ctx, vf);
	uint64_t first = iova >> log->page_shift, page = BIT(log->page_shift);
	uint64_t pages = len ? ((iova + (len - 1)) >> log->page_shift) + 1 - first : 0;
	uint8_t bits[LOG_PART_PAGES / 8];
	int err = dma_log_spans(log, first, pages) ? 0 : -EINVAL;

	for (uint64_t at = 0; !err && at < pages; at += LOG_PART_PAGES) {
		uint64_t part = MIN(pages - at, LOG_PART_PAGES);

		memset(bits, 0, sizeof(bits));
		err = dma_log_take(log, first + at, part, bits);
		for (uint64_t i = 0; !err && i < part; i++) {
			uint64_t start = MAX((first + at + i) * page, iova);
			uint64_t end = MIN((first + at + i + 1) * page, iova + len);

			if (bits[i / 8] >> i % 8 & 1)
				found(arg, start, end - start);
		}
	}
	return err;
}

static const struct vf_services_ops ops = {
	.migration_flags = migration_flags,
	.set_p2p = set_p2p,
	.suspend = suspend_resume,
	.resume = suspend_resume,
	.state_size = state_size,
	.save_begin = save_begin,
	.save = save,
	.load = load,
	.logs_dma = logs_dma,
	.log_start = log_start,
	.log_stop = log_stop,
	.log_read = log_read,
};

struct vf_services recorded_services(struct recorded_services *services)
{
	return (struct vf_services){.ctx = services, .ops = &ops};
}

void recorded_services_fini(struct recorded_services *services)
{
	for (uint32_t vf = 0; vf < services->vfs; vf++)
		drop_part(&services->vf[vf].stream);
}
