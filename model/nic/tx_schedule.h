/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_TX_SCHEDULE_H
#define VFSIM_MODEL_NIC_TX_SCHEDULE_H

/*
 * When a VF's next packet may leave its queue. A VF with a maximum rate sends no
 * faster than that. As soon as any VF has a minimum rate the port takes packets one
 * after the other at its own rate, whether they go to the wire or to a VF, and of
 * the VFs that wait those go first which are behind their minimum, then all in turn.
 * The port's rate counts what a frame costs on a wire, VFs' rates as tx_rate.h says.
 */

#include "model/nic/nic.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nic_vf;

struct tx_schedule {
	struct nic *nic;
	uint64_t port_free_ps; /* when the port can take the next packet */
	uint32_t guaranteed;   /* VFs with a minimum */
	uint32_t turn;         /* the VF that was served last, those aside that were behind */
	uint64_t waiting[NIC_MAX_VFS / 64]; /* VFs with a packet that could not leave */
	struct nic_vf *served;              /* whose queues are being run; NULL: nobody's */
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
