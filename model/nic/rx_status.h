/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_RX_STATUS_H
#define VFSIM_MODEL_NIC_RX_STATUS_H

/*
 * What a receive descriptor tells of a frame's headers: its packet type, by the numbers
 * of the X710's and AVF's table, and whether its sums are right.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rx_ptype {
	RX_PTYPE_L2 = 1,
	RX_PTYPE_ARP = 11,
	RX_PTYPE_IPV4_FRAGMENT = 22,
	RX_PTYPE_IPV4 = 23,
	RX_PTYPE_IPV4_UDP = 24,
	RX_PTYPE_IPV4_TCP = 26,
	RX_PTYPE_IPV4_SCTP = 27,
	RX_PTYPE_IPV4_ICMP = 28,
	RX_PTYPE_IPV6_FRAGMENT = 88,
	RX_PTYPE_IPV6 = 89,
	RX_PTYPE_IPV6_UDP = 90,
	RX_PTYPE_IPV6_TCP = 92,
	RX_PTYPE_IPV6_SCTP = 93,
	RX_PTYPE_IPV6_ICMP = 94,
};

struct rx_status {
	enum rx_ptype ptype;
	bool checked; /* it is an IP packet: the sums that it has were looked at */
	bool ip_error;
	bool l4_error;
};

struct rx_status rx_status_get(const uint8_t *frame, uint32_t len_bytes);

#ifdef __cplusplus
}
#endif
#endif
