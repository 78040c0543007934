/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_CLASSES_H
#define VFSIM_SYSTEM_CONFIG_CLASSES_H

/* Traffic classes as a machine states them, and as its NICs have them. */

#include "model/nic/class_format.h"
#include "model/nic/vlan_tag_format.h"
#include "system/config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Valid (nic_classes_valid) where the rules hold (rules_classes.c). */
struct nic_classes config_classes(const struct nic_config *nic);

/* What a stream's tag says: VLAN ID and priority; 0: it has none. */
static inline uint16_t traffic_tci(const struct traffic_config *traffic)
{
	return (uint16_t)(traffic->vlan | traffic->priority << VLAN_PRIORITY_SHIFT);
}

#ifdef __cplusplus
}
#endif
#endif
