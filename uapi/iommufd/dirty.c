// SPDX-License-Identifier: Apache-2.0
/* Dirty tracking of an HWPT: what devices have written, read out of its table. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/iommufd/iommufd_internal.h"

/* The dirty pages of [iova, iova + len), a bit for 1 << shift bytes. */
struct dirty_bitmap {
	uint64_t iova, len;
	uint32_t shift;
	uint64_t *word;
	uint64_t words;
};

static int bitmap_init(struct dirty_bitmap *bitmap, uint64_t iova, uint64_t len, uint32_t shift)
{
	bitmap->iova = iova;
	bitmap->len = len;
	bitmap->shift = shift;
	bitmap->words = (((len - 1) >> shift) + 64) / 64;
	bitmap->word = calloc(bitmap->words, sizeof(*bitmap->word));
	return bitmap->word ? 0 : -ENOMEM;
}

static void bitmap_set(void *ctx, uint64_t iova, uint64_t len)
{
	struct dirty_bitmap *bitmap = ctx;
	uint64_t bit = (iova - bitmap->iova) >> bitmap->shift;
	uint64_t last = (iova + len - 1 - bitmap->iova) >> bitmap->shift;

	while (bit <= last) {
		uint64_t end = MIN(bit | 63, last);

		bitmap->word[bit / 64] |= BITS(end % 64, bit % 64);
		bit = end + 1;
	}
}

static void ignore(void *ctx, uint64_t iova, uint64_t len)
{
	(void)ctx;
	(void)iova;
	(void)len;
}

/* Set bits in the caller's bitmap, which keeps what it has. Its being unreachable goes unsaid. */
static void or_user(const struct uapi_task *task, uint64_t user, const uint8_t *from, uint64_t len)
{
	uint8_t chunk[512];

	for (uint64_t at = 0; at < len; at += sizeof(chunk)) {
		size_t n = MIN(sizeof(chunk), len - at);
		uint8_t any = 0;

		for (size_t i = 0; i < n; i++)
			any |= from[at + i];
		if (!any)
			continue;
		if (user_copy_from(task, chunk, user + at, n))
			return;
		for (size_t i = 0; i < n; i++)
			chunk[i] |= from[at + i];
		if (user_copy_to(task, user + at, chunk, n))
			return;
	}
}

/* The bitmap as the caller wants it: with smaller pages than ours, each bit becomes many. */
static void give_bitmap(const struct uapi_task *task, const struct dirty_bitmap *bitmap,
			uint32_t shift, uint64_t user)
{
	uint64_t bits = ((bitmap->len - 1) >> bitmap->shift) + 1;
	uint32_t spread = bitmap->shift - shift;
	uint8_t ones[512];

	if (!spread) {
		or_user(task, user, (const uint8_t *)bitmap->word, (bits + 7) / 8);
		return;
	}
	/* A page of ours is at least 8 bits of theirs, or part of one byte. */
	for (uint64_t bit = 0; bit < bits; bit++) {
		uint64_t first = bit << spread, count = UINT64_C(1) << spread;

		if (!(bitmap->word[bit / 64] >> bit % 64 & 1))
			continue;
		memset(ones, count >= 8 ? 0xff : (int)(BITS(count - 1, 0) << first % 8),
		       sizeof(ones));
		or_user(task, user + first / 8, ones, (count + 7) / 8);
	}
}

static int check_range(const struct io_pagetable *iopt,
		       const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	uint64_t last = cmd->iova + (cmd->length - 1);
	uint64_t page_mask = cmd->page_size - 1;

	if (!cmd->length)
		return -EINVAL;
	if (last < cmd->iova)
		return -EOVERFLOW;
	if ((cmd->iova | (last + 1)) & (iopt->alignment - 1))
		return -EINVAL;
	if (!cmd->page_size || ((cmd->iova | (last + 1)) & page_mask))
		return -EINVAL;
	return 0;
}

/* As far as the range is mapped without a hole: what lies behind one is not looked at. */
static int read_dirty(const struct uapi_task *task, struct iommufd_hwpt *hwpt,
		      const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	const struct sim_part *part = &hwpt->ioas->iopt.kernel->env.part;
	bool no_clear = cmd->flags & IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR;
	uint32_t shift = (uint32_t)__builtin_ctzll(cmd->page_size);
	uint64_t len = iopt_contiguous(&hwpt->ioas->iopt, cmd->iova, cmd->iova + (cmd->length - 1));
	struct dirty_bitmap bitmap;
	uint64_t begin_ps;
	int rc;

	if (!len)
		return 0;
	if (bitmap_init(&bitmap, cmd->iova, len, MAX(shift, 12u)))
		return -ENOMEM;
	rc = smmu_domain_read_dirty(hwpt->domain, task->self, cmd->iova, len, no_clear, bitmap_set,
				    &bitmap, &begin_ps);
	if (!rc) {
		give_bitmap(task, &bitmap, shift, cmd->data);
		trace_emit_data(part, TRACE_DIRTY_READ, bitmap.word,
				(uint32_t)(bitmap.words * sizeof(*bitmap.word)),
				(const uint64_t[TRACE_ARGS]){
					smmu_domain_id(hwpt->domain), cmd->iova, len,
					UINT64_C(1) << bitmap.shift, begin_ps, !no_clear});
	}
	free(bitmap.word);
	return 0;
}

int iommufd_hwpt_get_dirty_bitmap(struct ioctl_call *call)
{
	const struct iommu_hwpt_get_dirty_bitmap *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_hwpt *hwpt;
	struct io_pagetable *iopt;
	int rc;

	if ((cmd->flags & ~IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR) || cmd->__reserved)
		return -EOPNOTSUPP;
	hwpt = iommufd_object_get(ctx, cmd->hwpt_id, IOMMUFD_HWPT);
	if (!hwpt)
		return -ENOENT;
	iopt = &hwpt->ioas->iopt;
	rc = check_range(iopt, cmd);
	if (!rc) {
		down_read(call->task.self, &iopt->iova);
		rc = hwpt->dirty_tracking ? read_dirty(&call->task, hwpt, cmd) : -EOPNOTSUPP;
		up_read(&iopt->iova);
	}
	iommufd_object_put(ctx, &hwpt->object);
	return rc;
}

/* Tracking starts from a clean table. */
static int set_tracking(struct iommufd_hwpt *hwpt, struct actor *self, bool enable)
{
	const struct io_pagetable *iopt = &hwpt->ioas->iopt;
	uint64_t begin_ps;
	int rc = 0;

	for (uint32_t i = 0; enable && i < iopt->areas && !rc; i++) {
		const struct iopt_area *area = iopt->area[i];

		if (area->pages)
			rc = smmu_domain_read_dirty(hwpt->domain, self, area->iova,
						    area->last - area->iova + 1, false, ignore,
						    NULL, &begin_ps);
	}
	if (!rc)
		rc = smmu_domain_set_dirty_tracking(hwpt->domain, self, enable);
	if (!rc)
		trace_emit(&iopt->kernel->env.part, TRACE_DIRTY_TRACKING,
			   smmu_domain_id(hwpt->domain), enable);
	return rc;
}

int iommufd_hwpt_set_dirty_tracking(struct ioctl_call *call)
{
	const struct iommu_hwpt_set_dirty_tracking *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_hwpt *hwpt;
	int rc = -EOPNOTSUPP;

	/* As in the kernel, the reserved word is not looked at. */
	if (cmd->flags & ~IOMMU_HWPT_DIRTY_TRACKING_ENABLE)
		return -EOPNOTSUPP;
	hwpt = iommufd_object_get(ctx, cmd->hwpt_id, IOMMUFD_HWPT);
	if (!hwpt)
		return -ENOENT;
	if (hwpt->dirty_tracking) {
		struct io_pagetable *iopt = &hwpt->ioas->iopt;

		down_read(call->task.self, &iopt->iova);
		rc = set_tracking(hwpt, call->task.self,
				  cmd->flags & IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
		up_read(&iopt->iova);
	}
	iommufd_object_put(ctx, &hwpt->object);
	return rc;
}
