/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_FRAME_FORMAT_H
#define VFSIM_MODEL_NIC_FRAME_FORMAT_H

/*
 * The frames that the simulator's stimulus sends: Ethernet (14 bytes), IPv4
 * (20), UDP (8) or TCP (20), then a tag that names the packet. The NIC carries any frame;
 * it looks at the tag only to say in the trace which packet it lost.
 */

#include "base/bits.h"
#include "model/nic/vlan.h"

#define FRAME_ETH_BYTES      14u
#define FRAME_FCS_BYTES      4u /* behind it on the wire, in no buffer */
#define FRAME_IPV4_BYTES     20u
#define FRAME_UDP_BYTES      8u
#define FRAME_TCP_BYTES      20u
#define FRAME_TAG_OFFSET     (FRAME_ETH_BYTES + FRAME_IPV4_BYTES + FRAME_UDP_BYTES)
#define FRAME_TAG_BYTES      16u /* le32 magic, le32 flow, le64 number */
#define FRAME_PAYLOAD_OFFSET (FRAME_TAG_OFFSET + FRAME_TAG_BYTES)

#define FRAME_ETHERTYPE_OFFSET      12u
#define FRAME_ETHERTYPE_IPV4        0x0800u /* big-endian on the wire */
#define FRAME_ETHERTYPE_MAC_CONTROL 0x8808u
#define FRAME_IPV4_PROTO_OFFSET     (FRAME_ETH_BYTES + 9u)
#define FRAME_PROTO_UDP             17u
#define FRAME_PROTO_TCP             6u

#define FRAME_TAG_MAGIC 0x5646534du
#define FRAME_NO_FLOW   UINT64_MAX

#define FRAME_MIN_BYTES 17u   /* what the NIC transmits; it pads to 60 on the wire */
#define FRAME_MAX_BYTES 9728u /* without FCS */

/* FCS, preamble with start delimiter, inter-packet gap (IEEE 802.3, 3.1.1 and 4.4.2). */
#define WIRE_OVERHEAD_BYTES 24u

/* Why a NIC lost a packet: `cause` of PACKET_DROPPED. */
enum packet_drop {
	PACKET_DROP_NO_BUFFER,      /* the Rx queue had no descriptor, or a buffer too small */
	PACKET_DROP_NO_FILTER,      /* no VF and no wire wants its destination */
	PACKET_DROP_VF_STOPPED,     /* the VF is suspended: a migration's downtime */
	PACKET_DROP_QUEUE_DISABLED, /* the VF's receive queue is not enabled */
	PACKET_DROP_SIZE,           /* runt or oversize */
	PACKET_DROP_WIRE,           /* the wire's configured loss */
	PACKET_DROP_DMA_ERROR,      /* a descriptor's or buffer's DMA was refused */
	PACKET_DROP_RESET,          /* reset of the function while the packet was inside */
	PACKET_DROP_SPOOF,          /* not from an address or a VLAN of the VF that sent it */
	PACKET_DROP_LINK_DOWN,      /* the port had no link */
	PACKET_DROP_FLOW_RULE,      /* a rule of the VF's flow director */
	PACKET_DROP_MAC_CONTROL,    /* of one port to its neighbour (802.3, 31): never a VF's */
	PACKET_DROP_COUNT,
};

/* Names of the causes, as result files spell them. */
static inline const char *packet_drop_name(uint64_t cause)
{
	static const char *const name[PACKET_DROP_COUNT] = {
		"no-buffer", "no-filter", "vf-stopped", "queue-disabled",
		"size",      "wire",      "dma-error",  "reset",
		"spoof",     "link-down", "flow-rule",  "mac-control",
	};

	return cause < PACKET_DROP_COUNT ? name[cause] : "unknown";
}

/* Where the tag of an IPv4 frame without a VLAN tag is; 0: it has none. */
static inline uint32_t frame_tag_offset(const uint8_t *frame)
{
	if (frame[FRAME_IPV4_PROTO_OFFSET] == FRAME_PROTO_UDP)
		return FRAME_TAG_OFFSET;
	if (frame[FRAME_IPV4_PROTO_OFFSET] == FRAME_PROTO_TCP)
		return FRAME_ETH_BYTES + FRAME_IPV4_BYTES + FRAME_TCP_BYTES;
	return 0;
}

/* The tag of a frame: true and flow and number if it has one, else false and FRAME_NO_FLOW. */
static inline bool frame_tag_get(const void *frame, uint32_t len_bytes, uint64_t *flow,
				 uint64_t *number)
{
	const uint8_t *b = (const uint8_t *)frame;
	uint32_t at;

	*flow = FRAME_NO_FLOW;
	*number = 0;
	/* Behind a VLAN tag all but the addresses comes later. */
	if (vlan_is_tagged(b, len_bytes)) {
		b += VLAN_BYTES;
		len_bytes -= VLAN_BYTES;
	}
	if (len_bytes < FRAME_PAYLOAD_OFFSET || b[FRAME_ETHERTYPE_OFFSET] != 0x08 ||
	    b[FRAME_ETHERTYPE_OFFSET + 1] != 0x00)
		return false;
	at = frame_tag_offset(b);
	if (!at || len_bytes < at + FRAME_TAG_BYTES || le32_get(b + at) != FRAME_TAG_MAGIC)
		return false;
	*flow = le32_get(b + at + 4);
	*number = le64_get(b + at + 8);
	return true;
}

/* The tag's FRAME_TAG_BYTES bytes. */
static inline void frame_tag_write(uint8_t *at, uint32_t flow, uint64_t number)
{
	le32_put(at, FRAME_TAG_MAGIC);
	le32_put(at + 4, flow);
	le64_put(at + 8, number);
}

/* Write the tag into a UDP frame of at least FRAME_PAYLOAD_OFFSET bytes. */
static inline void frame_tag_put(void *frame, uint32_t flow, uint64_t number)
{
	frame_tag_write((uint8_t *)frame + FRAME_TAG_OFFSET, flow, number);
}

#endif
