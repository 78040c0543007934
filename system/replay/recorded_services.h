/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_RECORDED_SERVICES_H
#define VFSIM_SYSTEM_REPLAY_RECORDED_SERVICES_H

/*
 * What the kernel's variant driver asks of the PF, answered for a recorded
 * device: sizes and abilities as recorded, state as the device has it.
 */

#include "model/nic/recorded.h"
#include "system/replay/presented.h"
#include "uapi/vfio/vf_services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A stream being saved: one part while running, one when stopped. */
struct recorded_stream {
	uint8_t *part;
	size_t size;
	size_t given;
	bool precopy_done;
	bool final_done;
};

struct recorded_vf_state {
	const struct presented_device *presented;
	struct recorded_stream stream;
};

struct recorded_services {
	struct recorded_device *device;
	struct recorded_vf_state *vf; /* one for each VF of the host */
	uint32_t vfs;
};

struct vf_services recorded_services(struct recorded_services *services);
/* Forget the streams; `vf` is the caller's. */
void recorded_services_fini(struct recorded_services *services);

#ifdef __cplusplus
}
#endif
#endif
