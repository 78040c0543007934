/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_VFIO_VF_SERVICES_H
#define VFSIM_UAPI_VFIO_VF_SERVICES_H

/*
 * What a VFIO variant driver asks of the driver that owns the PF: the VF-state
 * service of the device's firmware. host/pf-driver implements it over the PF's
 * admin queue; a recorded device implements it with what was recorded.
 *
 * All calls wait on `self`. Negative errno: -EIO when the device refused,
 * -ENOTTY where a service is absent.
 */

#include <sys/types.h>

#include "base/actor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Memory that a device logs its writes to. */
struct vf_log_range {
	uint64_t iova, len;
};

struct vf_services_ops {
	/* VFIO_MIGRATION_STOP_COPY | _P2P | _PRE_COPY that the device offers; 0 = none. */
	uint64_t (*migration_flags)(void *ctx, uint32_t vf);

	/* Stop starting DMA to peers (P2P quiescent), or go on. */
	int (*set_p2p)(void *ctx, struct actor *self, uint32_t vf, bool running);
	/* Stop: no DMA, no interrupt, no state change after this returns; or run again. */
	int (*suspend)(void *ctx, struct actor *self, uint32_t vf);
	int (*resume)(void *ctx, struct actor *self, uint32_t vf);

	/*
	 * Bytes of a stream in pre-copy (what can be sent while running, may be
	 * 0) and in stop-copy (upper bound, for MIG_DATA_SIZE).
	 */
	int (*state_size)(void *ctx, struct actor *self, uint32_t vf, uint64_t *precopy_bytes,
			  uint64_t *stop_copy_bytes);
	/* A new stream begins with the next save: forget how far the last one got. May be NULL. */
	void (*save_begin)(void *ctx, uint32_t vf);
	/*
	 * Write the stream's next part into `data` (host memory, capacity
	 * `size`), return its length; 0 = no more for now. `precopy`: only what
	 * can be sent while running. Called until it returns 0.
	 */
	ssize_t (*save)(void *ctx, struct actor *self, uint32_t vf, bool precopy, void *data,
			size_t size);
	/* Load the whole stream of a stopped VF. -EINVAL: refused (version, cut, altered,
	 * misplaced). */
	int (*load)(void *ctx, struct actor *self, uint32_t vf, const void *data, size_t size);

	/*
	 * DMA logging: the device notes which pages the VF's own writes hit,
	 * whatever their PASID; a reset of the function leaves the log alone. NULL or
	 * false: it has none, and the other three are not called.
	 */
	bool (*logs_dma)(void *ctx, uint32_t vf);
	/*
	 * Log writes to `range`, ascending and disjoint; a write that has not landed
	 * when this returns is logged. *page_size: what is wanted in, what the device
	 * does out. -EINVAL: no such range; -EOPNOTSUPP: more than it can log.
	 */
	int (*log_start)(void *ctx, struct actor *self, uint32_t vf,
			 const struct vf_log_range *range, uint32_t ranges, uint64_t *page_size);
	int (*log_stop)(void *ctx, struct actor *self, uint32_t vf);
	/*
	 * Take the log of [iova, iova + len): found(arg, ...) for each stretch that
	 * was written, ascending and within what was asked for. A write that it tells
	 * has landed when this returns; one that it does not, and that lands later, is
	 * told the next time. -EINVAL: empty, or outside of what is logged.
	 */
	int (*log_read)(void *ctx, struct actor *self, uint32_t vf, uint64_t iova, uint64_t len,
			void (*found)(void *arg, uint64_t iova, uint64_t len), void *arg);
};

struct vf_services {
	void *ctx;
	const struct vf_services_ops *ops;
};

#ifdef __cplusplus
}
#endif
#endif
