/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_TX_SCHEDULE_H
#define VFSIM_MODEL_NIC_TX_SCHEDULE_H

/*
 * When a VF's next packet may leave its queue. A VF with a maximum rate sends no
 * faster than that. As soon as any VF has a minimum rate the port takes packets one
 * after the other at its own rate, whether they go to the wire or to a VF, and of
 * the VFs that wait those go first which are behind their minimum, then all in turn.
 * VFs' rates count a frame's bytes as they are in memory: no FCS, preamble, inserted tag.
 */

#include "base/calendar.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nic;
struct nic_vf;

/* A rate: the time at which the next byte is due. */
struct tx_rate {
	uint64_t ps_per_byte_x1000; /* 0: no limit */
	uint64_t free_ps;
};

struct tx_schedule {
	struct nic *nic;
	struct tx_rate port;
	uint32_t guaranteed;   /* VFs with a minimum */
	uint32_t turn;         /* the VF that was served last, those aside that were behind */
	uint64_t waiting[4];   /* VFs with a packet that could not leave */
	struct nic_vf *served; /* whose queues are being run; NULL: nobody's */
	struct event timer;
};

void tx_schedule_init(struct tx_schedule *schedule, struct nic *nic);

/* May a packet of the VF leave now? If not, the VF's queues are run again when it may. */
bool tx_schedule_admits(struct nic_vf *vf);
/* It has, as `frames` frames of `len_bytes` together. */
void tx_schedule_sent(struct nic_vf *vf, uint64_t len_bytes, uint32_t frames);

#ifdef __cplusplus
}
#endif
#endif
