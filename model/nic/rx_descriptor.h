/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_RX_DESCRIPTOR_H
#define VFSIM_MODEL_NIC_RX_DESCRIPTOR_H

/*
 * How a receive queue tells its driver of a packet: the formats that descriptors are
 * written back in, by RXDID (AVF specification, receive descriptors; Linux iavf_type.h and
 * ice_lan_tx_rx.h).
 */

#include "model/nic/rx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What there is to tell of one buffer. */
struct rx_report {
	uint32_t len_bytes; /* in this buffer */
	uint32_t cast;      /* 0 unicast, 1 multicast, 2 broadcast */
	bool tagged;        /* vlan_tci was stripped */
	uint32_t vlan_tci;
	bool hashed; /* rss_hash has chosen the queue */
	uint32_t rss_hash;
	bool marked; /* by a rule of the flow director, with `mark` */
	uint32_t mark;
	bool last; /* of the packet; what follows is told with this one alone */
	struct rx_status status;
	bool stamped; /* it has come at time_ps */
	uint64_t time_ps;
};

struct rx_format {
	uint32_t desc_bytes;
	/* The descriptor's words, desc_bytes of them; the others are left alone. */
	void (*write)(const struct rx_report *report, uint64_t *word);
};

/* NULL: there is no such format. */
const struct rx_format *rx_format_of(uint32_t rxdid);

#ifdef __cplusplus
}
#endif
#endif
