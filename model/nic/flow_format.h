/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_FLOW_FORMAT_H
#define VFSIM_MODEL_NIC_FLOW_FORMAT_H

/* A rule of the flow director, as the hardware has it. */

#include <stdint.h>

#define FLOW_RULES_PER_VF 32u

/* A pattern's octets: of the Ethernet header (without a VLAN tag), of IP, of ports. */
#define FLOW_ETH_AT    0u
#define FLOW_IP_AT     14u
#define FLOW_L4_AT     54u
#define FLOW_KEY_BYTES 58u

enum flow_fate {
	FLOW_PASS,   /* as if there were no rule: RSS */
	FLOW_QUEUE,  /* to `queue` */
	FLOW_REGION, /* to one of 1 << `region_log2` queues from `queue` on, by the RSS hash */
	FLOW_DROP,
	FLOW_FATES,
};

struct flow_rule {
	uint32_t id; /* within the VF, given by nic_flow_add */
	uint32_t mark;
	uint16_t queue;
	uint8_t fate; /* enum flow_fate */
	uint8_t region_log2;
	uint8_t marks;   /* 1: the descriptor of a frame that matches tells `mark` */
	uint8_t version; /* of IP: 4 or 6; 0: any frame */
	uint8_t proto;   /* TCP, UDP or SCTP, not a fragment; 0: any */
	uint8_t pad;
	/* Octets that are compared; `value` is zero where `mask` is. */
	uint8_t value[FLOW_KEY_BYTES], mask[FLOW_KEY_BYTES];
};

#endif
