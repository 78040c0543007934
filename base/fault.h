/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_FAULT_H
#define VFSIM_BASE_FAULT_H

/*
 * Planted faults: deliberate defects in a model, each there to prove that an
 * oracle check can fail. The oracle does not know of them. A model asks at the
 * one place where its defect would sit:
 *
 *	if (fault_fires(&sim->faults, FAULT_DIRTY_UPDATE_SKIPPED))
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fault_id {
	FAULT_DIRTY_UPDATE_SKIPPED,
	FAULT_PAGE_LOST_IN_STREAM,
	FAULT_DMA_AFTER_INVALIDATION,
	FAULT_PACKET_DUPLICATED,
	FAULT_MSIX_BEFORE_DATA,
	FAULT_REGISTER_NOT_RESTORED,
	FAULT_MAILBOX_ANSWERED_TWICE,
	FAULT_COMMANDS_SWAPPED,
	FAULT_DMA_TAG_KEPT,
	FAULT_DEVICE_LOG_SKIPPED,
	FAULT_TLB_TAG_IGNORED,
	FAULT_PAGE_REQUEST_ANSWERED_TWICE,
	FAULT_FRAME_NOT_COUNTED,
	FAULT_COUNT,
};

/* One row of the catalogue (`vfsim describe faults`). */
struct fault_info {
	const char *name;  /* as --plant takes it: "dirty-update-skipped" */
	const char *check; /* the oracle check that must catch it */
	const char *what;
};

extern const struct fault_info fault_catalogue[FAULT_COUNT];

struct fault_plan {
	uint32_t armed;             /* bit per fault_id */
	uint32_t left[FAULT_COUNT]; /* how often it still fires */
	uint32_t fired[FAULT_COUNT];
};

/* Arm a fault by name to fire `times` times; 0 disarms it. -ENOENT for an unknown name. */
int fault_plant(struct fault_plan *plan, const char *name, uint32_t times);

/* Is it armed with shots left? For a model that must prepare before it fires. */
static inline bool fault_armed(const struct fault_plan *plan, enum fault_id id)
{
	return __builtin_expect((plan->armed >> id & 1) != 0, 0);
}

/* Take one shot of an armed fault: true when the model shall misbehave now. */
bool fault_fires(struct fault_plan *plan, enum fault_id id);

#ifdef __cplusplus
}
#endif
#endif
