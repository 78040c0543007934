/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_PASID_FORMAT_H
#define VFSIM_PF_FIRMWARE_PASID_FORMAT_H

/*
 * A virtchnl operation of this device's own: queue pairs in address spaces of their own. The
 * AVF specification knows no PASID; opcodes from VIRTCHNL_OP_OWN on are used by nobody else. A
 * VF to which the PF's driver has not granted it (VF_POLICY_PASID) is answered as for any
 * unknown opcode. Little-endian and naturally aligned.
 */

#include "base/bits.h"

#define VIRTCHNL_OP_OWN 0x80000000u

/*
 * From its enabling on a pair's DMA, of both rings, bears the PASID: descriptors, data, what
 * is written back. Interrupts and the admin queue bear none. The tag holds until the queue is
 * disabled or the VF reset; CONFIG_VSI_QUEUES leaves it alone. All entries or none are done.
 *
 * NOT_SUPPORTED: not granted, or the device's PASID capability is not there or not enabled.
 * ERR_PARAM: not the VF's VSI or a queue of its own; a queue that is enabled or not yet
 * drained; an unknown flag; a PASID that is wider than the capability's, or without its flag.
 */
#define VIRTCHNL_OP_QUEUE_PASID (VIRTCHNL_OP_OWN | 1)

#define VIRTCHNL_QUEUE_PASID_VALID BIT(0) /* without it: the function's own address space */

struct virtchnl_queue_pasid {
	uint16_t queue_id;
	uint16_t flags;
	uint32_t pasid;
};

struct virtchnl_queue_pasid_list {
	uint16_t vsi_id;
	uint16_t num_elements;
	struct virtchnl_queue_pasid list[1]; /* num_elements of them */
};

#endif
