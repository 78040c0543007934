/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_VF_COMPARE_H
#define VFSIM_SYSTEM_VF_COMPARE_H

/*
 * Two VFs, field by field, as their hardware holds them: for the oracle at a
 * switchover. It looks at the blocks, not at the stream that carried the state.
 */

#include <stddef.h>

#include "model/nic/nic.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vf_place {
	struct nic *nic;
	uint32_t vf;
};

/* True for equal; else `text` says what differs first. Both VFs are stopped. */
bool vf_compare(const struct vf_place *a, const struct vf_place *b, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
