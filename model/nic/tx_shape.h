/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_TX_SHAPE_H
#define VFSIM_MODEL_NIC_TX_SHAPE_H

/*
 * A packet as its transmit descriptors describe it, and whether they keep the rules
 * that a driver has to keep. Who breaks one is malicious (enum mdd_event); a packet
 * that only this model cannot hold is lost.
 */

#include "model/nic/nic_internal.h"

struct tx_shape {
	uint32_t descs;   /* with those before the data; 0: EOP is not here yet */
	uint32_t buffers; /* of them, with data */
	uint32_t len_bytes;
	uint32_t segments;
	uint64_t context0, context1;
	bool context;
	struct flow_program program;
	enum mdd_event mdd;
	bool lost; /* more segments than there are packets, or no room for its tag */
	struct tx_offload offload;
};

/* The packet that begins with the queue's oldest cached descriptor. */
struct tx_shape tx_shape_look(const struct nic_queue *queue);

/* Bytes of payload in a segment; all of a packet that is not cut. */
static inline uint32_t tx_shape_segment_bytes(const struct tx_shape *shape)
{
	return shape->offload.segment ? shape->offload.mss : shape->len_bytes;
}

#endif
