/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_FLOW_DIRECTOR_H
#define VFSIM_MODEL_NIC_FLOW_DIRECTOR_H

/*
 * The flow director: rules of a VF that look at the headers of what it receives and say,
 * in front of RSS, what becomes of a frame. The oldest rule that matches decides.
 */

#include <stdbool.h>

#include "model/nic/flow_format.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nic;

/* Sets the rule's id. -EEXIST: one with this pattern is there; -ENOSPC: no room. */
int nic_flow_add(struct nic *nic, uint32_t vf, struct flow_rule *rule);
/* -ENOENT: there is none. */
int nic_flow_del(struct nic *nic, uint32_t vf, uint32_t id);
void nic_flow_clear(struct nic *nic, uint32_t vf);
/* The n-th rule by age; false beyond the last. */
bool nic_flow_get(const struct nic *nic, uint32_t vf, uint32_t n, struct flow_rule *rule);
/* Put a rule of a loaded state, id and all, behind the others. */
void nic_flow_put(struct nic *nic, uint32_t vf, const struct flow_rule *rule);

#ifdef __cplusplus
}
#endif
#endif
