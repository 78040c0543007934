/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_LEVELS_H
#define VFSIM_SYSTEM_LEVELS_H

/*
 * What a machine's parts hold at an instant: descriptors of queues, TLPs and
 * bytes of links, DMA tags, walks. One table for all who show levels over time:
 * the timeline samples them, the systemc engine writes them as waveforms.
 *
 * The link has no credits: its receivers take what arrives. What limits DMA is
 * the NIC's tags, the SMMU's transactions and the transmitters' bytes.
 */

#include "system/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct level {
	char name[64];          /* "source.vf0.tx0.posted" */
	const struct host *who; /* NULL: the wire's */
	const struct machine *machine;
	uint32_t vf, queue;
	bool rx;
	uint8_t bits; /* of a signal that holds it */
	uint64_t (*read)(const struct level *level);
};

struct levels {
	struct level *level;
	uint32_t count;
	uint64_t step_ps; /* who shows them looks so often at most; 0: at each instant */
};

/* -ENOMEM. `machine` is borrowed. */
int levels_init(struct levels *levels, const struct machine *machine, uint64_t step_ps);
void levels_fini(struct levels *levels);

static inline uint64_t level_read(const struct level *level)
{
	return level->read(level);
}

/* The name without its host's. */
const char *level_local_name(const struct level *level);

#ifdef __cplusplus
}
#endif
#endif
