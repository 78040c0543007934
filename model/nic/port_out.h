/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_PORT_OUT_H
#define VFSIM_MODEL_NIC_PORT_OUT_H

/*
 * What leaves by the port. Frames of a class that is paused (tx_schedule.h) wait there, in their
 * order: those whose packets had been begun before the pause.
 */

#include "base/calendar.h"
#include "model/nic/class_format.h"
#include "model/nic/packet.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nic;

struct port_out {
	struct nic *nic;
	struct port_line {
		struct packet *first, *last; /* by next_segment */
	} line[NIC_CLASSES];
	struct event timer;
};

void port_out_init(struct port_out *port, struct nic *nic);
/* Takes over the reference. */
void port_out(struct nic *nic, struct packet *packet);
/* A MAC control frame, which nothing holds up. Takes over the reference. */
void port_out_control(struct nic *nic, struct packet *packet);
/* A class was paused, or is not any more; the link is gone, or classes are others. */
void port_out_changed(struct port_out *port);

#ifdef __cplusplus
}
#endif
#endif
