/* SPDX-License-Identifier: Apache-2.0 */
/* The device's own log of what a VF writes (AQC_VF_LOG_*). */
#include <errno.h>
#include <string.h>

#include "host/pf-driver/pf_driver_internal.h"

bool pf_logs_dma(void *ctx, uint32_t vf)
{
	const struct pf_driver *d = ctx;

	return (d->features & PF_FEATURE_DMA_LOG) && vf < d->cfg.num_vfs;
}

/* What VFIO is told of a refusal. */
static int log_error(int ret)
{
	if (ret == -ERANGE)
		return -EOPNOTSUPP;
	return !ret || ret == -EINVAL || ret == -ETIMEDOUT ? ret : -EIO;
}

int pf_log_start(void *ctx, struct actor *self, uint32_t vf, const struct vf_log_range *range,
		 uint32_t ranges, uint64_t *page_size)
{
	struct pf_driver *d = ctx;
	uint32_t wanted = *page_size ? 63 - (uint32_t)__builtin_clzll(*page_size) : 0;
	struct aq_desc desc = pf_make_command(AQC_VF_LOG_START, vf, wanted);
	struct vf_log *log = &d->vf[vf].log;
	const struct vf_log_range *last = &range[ranges - 1];
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB | AQ_FLAG_RD;
	desc.datalen = (uint16_t)(ranges * sizeof(struct pf_log_range));
	sim_mutex_lock(self, &d->lock);
	for (uint32_t i = 0; i < ranges; i++) {
		struct pf_log_range entry = {range[i].iova, range[i].len};

		d->env.cpu.ops->memory_write(d->env.cpu.ctx, d->buffer_pa + i * sizeof(entry),
					     &entry, sizeof(entry));
	}
	ret = pf_command_locked(d, self, &desc);
	sim_mutex_unlock(self, &d->lock);
	if (ret)
		return log_error(ret);
	*page_size = BIT(desc.param1);
	*log = (struct vf_log){desc.param1, range[0].iova >> desc.param1,
			       (last->iova + (last->len - 1)) >> desc.param1};
	return 0;
}

int pf_log_stop(void *ctx, struct actor *self, uint32_t vf)
{
	return pf_service(ctx, self, AQC_VF_LOG_STOP, vf, 0);
}

/* A read of a VF's log, and who is told. */
struct log_read {
	uint64_t iova, last; /* bytes asked for */
	uint32_t shift;
	void (*found)(void *arg, uint64_t iova, uint64_t len);
	void *arg;
};

/* Tell the dirty ones among `pages` pages from `first` on, whose bits are in the buffer. */
static void tell_pages(struct pf_driver *d, const struct log_read *read, uint64_t first,
		       uint64_t pages)
{
	uint64_t word[64];

	for (uint64_t at = 0; at < pages; at += sizeof(word) * 8) {
		memset(word, 0, sizeof(word));
		d->env.cpu.ops->memory_read(d->env.cpu.ctx, d->buffer_pa + at / 8, word,
					    MIN(sizeof(word), (pages - at + 7) / 8));
		for (uint32_t w = 0; w < ARRAY_LEN(word); w++) {
			for (; word[w]; word[w] &= word[w] - 1) {
				uint64_t page =
					first + at + w * 64 + (uint64_t)__builtin_ctzll(word[w]);
				uint64_t start = MAX(page << read->shift, read->iova);
				uint64_t last = MIN((page << read->shift) + (BIT(read->shift) - 1),
						    read->last);

				read->found(read->arg, start, last - start + 1);
			}
		}
	}
}

static int read_part(struct pf_driver *d, struct actor *self, uint32_t vf,
		     const struct log_read *read, uint64_t first, uint64_t pages)
{
	struct aq_desc desc = pf_make_command(AQC_VF_LOG_READ, vf, (uint32_t)pages);
	uint64_t iova = first << read->shift;
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB;
	desc.datalen = (uint16_t)((pages + 7) / 8);
	desc.cookie_high = (uint32_t)(iova >> 32);
	desc.cookie_low = (uint32_t)iova;
	sim_mutex_lock(self, &d->lock);
	ret = pf_command_locked(d, self, &desc);
	if (!ret)
		tell_pages(d, read, first, pages);
	sim_mutex_unlock(self, &d->lock);
	return log_error(ret);
}

int pf_log_read(void *ctx, struct actor *self, uint32_t vf, uint64_t iova, uint64_t len,
		void (*found)(void *arg, uint64_t iova, uint64_t len), void *arg)
{
	struct pf_driver *d = ctx;
	const struct vf_log *log = &d->vf[vf].log;
	struct log_read read = {iova, iova + (len - 1), log->shift, found, arg};
	uint64_t page = iova >> log->shift, last = read.last >> log->shift;
	int ret = 0;

	/* All of it or nothing: what was taken before a refusal would be lost. */
	if (!len || read.last < iova || page < log->first_page || last > log->last_page)
		return -EINVAL;
	while (!ret && page <= last) {
		uint64_t part = MIN(last - page + 1, STATE_PART_BYTES * UINT64_C(8));

		ret = read_part(d, self, vf, &read, page, part);
		page += part;
	}
	return ret;
}
