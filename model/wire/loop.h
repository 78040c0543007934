/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_LOOP_H
#define VFSIM_MODEL_WIRE_LOOP_H

/*
 * A loopback plug: each frame goes back as it came, after a delay, with its two
 * addresses exchanged if that is asked for (else a NIC that has no promiscuous
 * VF drops it: its destination was not inside when it left).
 */

#include "model/wire/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

struct loop_cfg {
	uint64_t delay_ps; /* in simulations without latencies, too */
	bool swap_macs;
	uint32_t packets; /* that it holds at once; what is beyond is lost as no-buffer */
};

/* NULL without memory. */
struct wire_backend *loop_create(const struct sim_part *part, const struct loop_cfg *cfg);

#ifdef __cplusplus
}
#endif
#endif
