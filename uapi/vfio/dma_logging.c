// SPDX-License-Identifier: Apache-2.0
/* VFIO_DEVICE_FEATURE_DMA_LOGGING_*: what a program asks of a device's own log. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/dirty_bitmap.h"
#include "uapi/vfio/vfio_internal.h"

#define KERNEL_PAGE 4096u
/* As many as fit into one of the kernel's pages. */
#define RANGES_MAX (KERNEL_PAGE / sizeof(struct vfio_device_feature_dma_logging_range))

/* The kernel's IS_ALIGNED(): `size` is taken as it comes, a power of two or not. */
static bool is_aligned(uint64_t value, uint64_t size)
{
	return !(value & (size - 1));
}

/* As an interval tree sees it: an empty range ends before it begins. */
static bool overlaps(const struct vf_log_range *a, const struct vf_log_range *b)
{
	return a->iova <= b->iova + b->len - 1 && b->iova <= a->iova + a->len - 1;
}

/* Check `next` against the first `count` of `range` and put it in its place. */
static int insert(struct vf_log_range *range, uint32_t count, struct vf_log_range next)
{
	uint32_t at = count;

	for (uint32_t i = 0; i < count; i++)
		if (overlaps(&range[i], &next))
			return -EINVAL;
	for (; at && range[at - 1].iova > next.iova; at--)
		range[at] = range[at - 1];
	range[at] = next;
	return 0;
}

static int fetch_ranges(const struct feature_call *feature,
			const struct vfio_device_feature_dma_logging_control *control,
			struct vf_log_range *range)
{
	for (uint32_t i = 0; i < control->num_ranges; i++) {
		struct vfio_device_feature_dma_logging_range next;
		uint64_t end;
		int rc;

		if (user_copy_from(&feature->call->task, &next, control->ranges + i * sizeof(next),
				   sizeof(next)))
			return -EFAULT;
		if (!is_aligned(next.iova, control->page_size) ||
		    !is_aligned(next.length, control->page_size))
			return -EINVAL;
		if (__builtin_add_overflow(next.iova, next.length, &end))
			return -EOVERFLOW;
		rc = insert(range, i, (struct vf_log_range){next.iova, next.length});
		if (rc)
			return rc;
	}
	return 0;
}

int vfio_dma_logging_start(const struct feature_call *feature)
{
	const struct vfio_log_ops *ops = feature->device->log_ops;
	struct actor *self = feature->call->task.self;
	struct vfio_device_feature_dma_logging_control control;
	struct vf_log_range range[RANGES_MAX];
	uint64_t page_size;
	int rc;

	if (user_copy_from(&feature->call->task, &control, feature->payload, sizeof(control)))
		return -EFAULT;
	if (!control.num_ranges)
		return -EINVAL;
	if (control.num_ranges > RANGES_MAX)
		return -E2BIG;
	rc = fetch_ranges(feature, &control, range);
	page_size = control.page_size;
	if (!rc)
		rc = ops->start(feature->device, self, range, control.num_ranges, &page_size);
	if (rc)
		return rc;
	control.page_size = page_size;
	if (!user_copy_to(&feature->call->task, feature->payload, &control, sizeof(control)))
		return 0;
	ops->stop(feature->device, self);
	return -EFAULT;
}

int vfio_dma_logging_stop(const struct feature_call *feature)
{
	return feature->device->log_ops->stop(feature->device, feature->call->task.self);
}

/* What the device reports; the bitmap's memory is taken at the first dirty page. */
struct report {
	struct dirty_bitmap bitmap;
	bool no_memory;
};

static void on_dirty(void *ctx, uint64_t iova, uint64_t len)
{
	struct report *report = ctx;
	struct dirty_bitmap *bitmap = &report->bitmap;

	if (!bitmap->word && dirty_bitmap_init(bitmap, bitmap->iova, bitmap->len, bitmap->shift))
		report->no_memory = true;
	else
		dirty_bitmap_set(bitmap, iova, len);
}

static int give_report(const struct feature_call *feature, struct report *report,
		       const struct vfio_device_feature_dma_logging_report *cmd, uint64_t begin_ps)
{
	const struct dirty_bitmap *bitmap = &report->bitmap;

	if (report->no_memory)
		return -ENOMEM;
	if (bitmap->word)
		dirty_bitmap_give(bitmap, &feature->call->task, bitmap->shift, cmd->bitmap);
	trace_emit_data(&feature->device->kernel->env.part, TRACE_DMA_LOG_REPORT, bitmap->word,
			(uint32_t)(bitmap->words * sizeof(*bitmap->word)),
			(const uint64_t[TRACE_ARGS]){feature->device->cfg.stream_id, cmd->iova,
						     cmd->length, cmd->page_size, begin_ps});
	return 0;
}

int vfio_dma_logging_report(const struct feature_call *feature)
{
	struct vfio_device *device = feature->device;
	struct vfio_device_feature_dma_logging_report cmd;
	uint64_t begin_ps = sim_now(device->kernel->env.part.sim), end;
	struct report report = {0};
	int rc;

	if (user_copy_from(&feature->call->task, &cmd, feature->payload, sizeof(cmd)))
		return -EFAULT;
	if (cmd.page_size < KERNEL_PAGE || !is_aligned(cmd.page_size, cmd.page_size))
		return -EINVAL;
	if (__builtin_add_overflow(cmd.iova, cmd.length, &end))
		return -EOVERFLOW;
	report.bitmap.iova = cmd.iova;
	report.bitmap.len = cmd.length;
	report.bitmap.shift = (uint32_t)__builtin_ctzll(cmd.page_size);
	rc = device->log_ops->read(device, feature->call->task.self, cmd.iova, cmd.length, on_dirty,
				   &report);
	if (!rc)
		rc = give_report(feature, &report, &cmd, begin_ps);
	free(report.bitmap.word);
	return rc;
}
