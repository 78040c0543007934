/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_STATE_FORMAT_H
#define VFSIM_PF_FIRMWARE_STATE_FORMAT_H

/*
 * The stream that carries a VF's state from one device to another. To host
 * software it is opaque bytes, in parts of any size. Little-endian:
 *
 *	header	le32 magic, le16 version, le16 bytes of the header, le64 bytes of the stream
 *	record	le32 type, le32 bytes of its body, body
 *	...
 *	record	STATE_END: le32 CRC-32C of all bytes before its body, le32 zero
 *
 * Of each type but STATE_PADDING there is exactly one record, STATE_DEVICE
 * first: it may be sent while the VF runs. Padding has any length and content
 * and may stand anywhere before the end.
 */

#define STATE_MAGIC        0x53534656u /* "VFSS" */
#define STATE_VERSION      6u
#define STATE_HEADER_BYTES 16u
#define STATE_RECORD_BYTES 8u

/* The word in STATE_QUEUES that says whether a queue is on, and in which address space. */
#define STATE_QUEUE_ENABLED BIT(0)
#define STATE_QUEUE_TAGGED  BIT(1)
#define STATE_QUEUE_STAMPS  BIT(2)       /* of an Rx queue: received frames' times are told */
#define STATE_QUEUE_CLASS   BITS(6, 4)   /* of a Tx queue */
#define STATE_QUEUE_PASID   BITS(31, 12) /* 0 without the tag */

enum state_record {
	STATE_DEVICE = 1, /* what kind of device and which resources */
	STATE_REGISTERS,  /* the register file in BAR0 */
	STATE_QUEUES,     /* queue contexts */
	STATE_VECTORS,    /* interrupt vectors: DYN_CTL, throttling, causes that wait */
	STATE_FILTERS,    /* MAC filters, promiscuous modes */
	STATE_VIRTCHNL,   /* what driver and firmware have agreed on */
	STATE_STATS,      /* counters */
	STATE_MESSAGES,   /* messages that wait for the admin receive queue */
	STATE_VLANS,      /* VLANs that are received, offloads of tags */
	STATE_RESOURCES,  /* queue pairs that it has */
	STATE_FLOWS,      /* rules of the flow director */
	STATE_PADDING,
	STATE_END,
};

#endif
