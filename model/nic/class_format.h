/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_CLASS_FORMAT_H
#define VFSIM_MODEL_NIC_CLASS_FORMAT_H

/*
 * Traffic classes of the port (IEEE 802.1Q, 8.6.6 and 8.6.8): which of the eight priorities
 * belong together, how classes share the port, and which of them may be paused. A transmit
 * queue is of one class, a received frame of that of its tag's priority, without a tag of
 * priority 0's. Virtchnl engines are told of them (virtchnl/operation_format.h), so there is no
 * padding that has no name.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NIC_CLASSES    8u
#define NIC_PRIORITIES 8u

enum nic_pause {
	NIC_PAUSE_NONE,
	NIC_PAUSE_LINK,     /* the whole link: PAUSE (IEEE 802.3, annex 31B) */
	NIC_PAUSE_PRIORITY, /* PFC (annex 31D): those of `lossless` */
};

struct nic_classes {
	uint8_t count;    /* 1 to NIC_CLASSES */
	uint8_t pause;    /* enum nic_pause, told and obeyed */
	uint8_t lossless; /* a bit for each priority; none without NIC_PAUSE_PRIORITY */
	uint8_t pad[5];
	uint8_t of_priority[NIC_PRIORITIES]; /* its class */
	/* Percent of the port (Enhanced Transmission Selection, 8.6.8.3), 100 in all; 0: strict
	 * priority, before all that share, the higher of two such classes first. */
	uint8_t share[NIC_CLASSES];
};

/* The port at first: one class of all priorities. */
static inline struct nic_classes nic_classes_default(void)
{
	struct nic_classes classes;

	memset(&classes, 0, sizeof(classes));
	classes.count = 1;
	return classes;
}

/* Can a port have these? */
static inline bool nic_classes_valid(const struct nic_classes *classes)
{
	uint32_t shares = 0, members = 0;

	if (!classes->count || classes->count > NIC_CLASSES ||
	    classes->pause > NIC_PAUSE_PRIORITY ||
	    (classes->pause == NIC_PAUSE_PRIORITY) != !!classes->lossless)
		return false;
	for (uint32_t priority = 0; priority < NIC_PRIORITIES; priority++) {
		if (classes->of_priority[priority] >= classes->count)
			return false;
		members |= 1u << classes->of_priority[priority];
	}
	for (uint32_t i = 0; i < NIC_CLASSES; i++) {
		if (i >= classes->count && classes->share[i])
			return false;
		shares += classes->share[i];
	}
	return members == (1u << classes->count) - 1 && (!shares || shares == 100);
}

/* The priorities of a class, a bit each. */
static inline uint8_t nic_classes_priorities(const struct nic_classes *classes, uint32_t of)
{
	uint8_t map = 0;

	for (uint32_t priority = 0; priority < NIC_PRIORITIES; priority++)
		if (classes->of_priority[priority] == of)
			map |= (uint8_t)(1u << priority);
	return map;
}

#endif
