/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_PAUSE_H
#define VFSIM_MODEL_NIC_PAUSE_H

/*
 * Pause between the port and its neighbour on the wire (IEEE 802.3, annexes 31B and 31D), as the
 * port's classes have it (class_format.h). What the neighbour asks for holds up the queues
 * of the priorities' classes, whatever their frames' destinations, and what these had begun
 * for the wire (port_out.h).
 *
 * The neighbour is paused while frames of its wait, more than RX_PAUSE of them before one
 * receive queue: because its descriptors are on their way, or its writes are held up. A queue
 * without descriptors pauses nobody, its frames are lost: a VF's driver could stop the port
 * otherwise.
 */

#include "base/calendar.h"
#include "model/nic/class_format.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nic;
struct nic_queue;
struct packet;

struct pause {
	struct nic *nic;
	uint64_t until_ps[NIC_PRIORITIES]; /* the neighbour's wish */
	uint32_t full[NIC_CLASSES];        /* receive queues with too many frames of the class */
	uint8_t told;       /* priorities that the neighbour is to pause, a bit each */
	struct event again; /* for what was said holds for a time only */
};

void pause_init(struct pause *pause, struct nic *nic);
/* The link is gone or come: nobody has asked for anything. */
void pause_reset(struct pause *pause);

/* Obeys a MAC control frame. False: it is none of those that this port obeys. */
bool pause_hear(struct pause *pause, const struct packet *packet);

/* The queue has taken a frame; it has given frames away. */
void pause_queue_took(struct nic_queue *queue, const struct packet *packet);
void pause_queue_gave(struct nic_queue *queue);
/* What it had too many of is no class's any more. */
void pause_queue_forget(struct nic_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
