/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_PACKET_H
#define VFSIM_MODEL_NIC_PACKET_H

/*
 * A frame inside the network: a reference-counted snapshot of the bytes that
 * the sender's DMA read, so a driver may reuse its buffer after write-back and
 * no block copies it. Packets come from a pool that is allocated once; who
 * holds a reference gives it back with packet_put.
 */

#include "base/calendar.h"
#include "base/sim.h"
#include "model/nic/frame_format.h"

#ifdef __cplusplus
extern "C" {
#endif

struct packet_pool;

struct packet {
	uint32_t len_bytes;
	uint32_t references;
	uint32_t source_vf; /* NIC_NO_VF from the wire */
	/* A flow director (which is outside of this model) has chosen the receiving VF's queue. */
	bool steered;
	uint32_t rx_queue;
	uint8_t class_index; /* of the queue that it came from (class_format.h) */
	bool stamped;        /* it has come over a wire at wire_ps, by the clock of the NIC there */
	uint64_t wire_ps;
	/* For the wire and for the switch that hold it: a packet is at most once in each. */
	struct event wire_event;
	struct event switch_event;
	void *wire_owner;
	void *switch_owner;
	bool switch_only; /* the copy that a switch has on its way is the only one */
	struct packet_pool *pool;
	struct packet *next_free;
	struct packet *next_segment; /* for who holds a packet cut into several */
	uint8_t data[FRAME_MAX_BYTES];
};

#define NIC_NO_VF UINT32_MAX

/* One end of whatever carries frames. `frame` takes over a reference to a packet that arrives now.
 */
struct frame_port {
	void *ctx;
	void (*frame)(void *ctx, struct packet *packet);
};

/* NULL without memory. A pool outlives its packets: destroy it when the run is over. */
struct packet_pool *packet_pool_create(uint32_t packets);
void packet_pool_destroy(struct packet_pool *pool);

/* Packets that someone holds: for the leak check at the end of a run. */
uint32_t packet_pool_in_use(const struct packet_pool *pool);

/*
 * A packet with one reference, NULL when all are in use: then `wake` of the
 * pool's owner runs once when one comes back.
 */
struct packet *packet_get(struct packet_pool *pool);
/* Are so many free? If not, `wake` runs once when one comes back. */
bool packet_pool_has(struct packet_pool *pool, uint32_t packets);
void packet_pool_on_free(struct packet_pool *pool, void (*wake)(void *ctx), void *ctx);

static inline struct packet *packet_ref(struct packet *packet)
{
	packet->references++;
	return packet;
}

void packet_put(struct packet *packet);

/* Say in the trace that `part` gave the packet up. The reference stays the caller's. */
void packet_trace_abandoned(const struct sim_part *part, const struct packet *packet);
/* Say in the trace that `part` keeps the packet back: later ones may overtake it. */
void packet_trace_held(const struct sim_part *part, const struct packet *packet);
/* Say in the trace that `part` lost the packet, and why. The reference stays the caller's. */
void packet_trace_drop(const struct sim_part *part, const struct packet *packet,
		       enum packet_drop cause);

#ifdef __cplusplus
}
#endif
#endif
