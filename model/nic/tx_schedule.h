/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_TX_SCHEDULE_H
#define VFSIM_MODEL_NIC_TX_SCHEDULE_H

/*
 * When a queue's next packet may leave. A VF with a maximum rate sends no faster than
 * that, a class that is paused not at all. As soon as any VF has a minimum rate, or the port
 * several classes or a pause, the port takes packets one after the other at its own rate,
 * whether they go to the wire or to a VF. Of the queues that wait, first comes the class
 * (class_format.h): strict ones from the highest down, then that which is furthest
 * behind its share. In a class those VFs go first which are behind their minimum,
 * then all in turn. The port's rate and shares count what a frame costs on a wire, VFs' rates
 * as tx_rate.h says.
 */

#include "model/nic/class_format.h"
#include "model/nic/nic.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nic_queue;
struct nic_vf;

struct tx_class {
	uint64_t share_ps; /* when its last packet ends by its share, as share_now_ps counts */
	uint64_t pause_ps; /* it sends nothing before */
	uint32_t turn;     /* the VF that was served last, those aside that were behind */
	uint64_t waiting[NIC_MAX_VFS / 64]; /* VFs with a packet that could not leave */
};

struct tx_schedule {
	struct nic *nic;
	struct nic_classes classes;
	struct tx_class class_of[NIC_CLASSES];
	uint64_t port_free_ps; /* when the port can take the next packet */
	uint64_t share_now_ps; /* when the last packet of those that share has begun by its share */
	uint32_t guaranteed;   /* VFs with a minimum */
	bool serving;          /* the queue that is being run has its turn */
	struct event timer;
};

void tx_schedule_init(struct tx_schedule *schedule, struct nic *nic);

/* May a packet leave the queue now? If not, the queue is run again when it may. */
bool tx_schedule_admits(struct nic_queue *queue);
/* It has, as `frames` frames of `len_bytes` together. */
void tx_schedule_sent(struct nic_queue *queue, uint64_t len_bytes, uint32_t frames);

/* The class begins no packet before `until_ps`; what has passed ends a pause. */
void tx_schedule_pause(struct tx_schedule *schedule, uint32_t class_index, uint64_t until_ps);

#ifdef __cplusplus
}
#endif
#endif
