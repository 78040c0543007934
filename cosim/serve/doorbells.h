/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_DOORBELLS_H
#define VFSIM_COSIM_DOORBELLS_H

/*
 * The registers that a VF's driver writes for each packet, in memory that its client maps: a
 * write is a store then, no message, and is found by looking. Queue tails, and the throttling
 * and control of vectors; pages of a VF's BAR 0 that hold nothing else.
 *
 * What has been found is marked in a bit that is reserved in all of them, so that the same
 * value written again is found, too. Of two writes of one register between two looks, the
 * last is found; of two registers, not which was first: vectors, then Rx tails, then Tx
 * tails. A read has the last write and the mark.
 */

#include "cosim/vfio-user/server.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DOORBELLS_MARK (UINT32_C(1) << 28)

/* All zero: none. */
struct doorbells {
	uint32_t *memory; /* NULL: there are none */
	int fd;           /* of it */
	uint32_t *offset; /* in BAR 0, of each register */
	uint32_t count;
};

/* Of `queues` pairs, and `vectors` beside vector 0. A host with larger pages than the
 * registers' has none. 0 or a negative errno. */
int doorbells_init(struct doorbells *doorbells, uint32_t queues, uint32_t vectors);
void doorbells_fini(struct doorbells *doorbells);
/* What a client may map of BAR 0. */
void doorbells_offer(const struct doorbells *doorbells, struct vfu_region_cfg *bar);
/* `ring` each register that has been written since the last look. */
void doorbells_look(struct doorbells *doorbells,
		    void (*ring)(void *ctx, uint32_t offset, uint32_t value), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
