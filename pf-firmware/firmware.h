/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_FIRMWARE_H
#define VFSIM_PF_FIRMWARE_FIRMWARE_H

/*
 * The NIC's firmware: answers virtchnl messages of VFs and admin commands of
 * the PF's driver, one after the other, each for its time. It meets the VFs in
 * the mailboxes and registers of model/nic/firmware_block.h and nowhere else.
 */

#include "model/nic/class_format.h"
#include "model/nic/nic.h"

#ifdef __cplusplus
extern "C" {
#endif

struct firmware;

struct firmware_cfg {
	uint64_t command_ps;   /* a virtchnl message or PF command, unless its row says more */
	uint64_t state_ps;     /* a part of a VF's state saved or loaded */
	uint64_t reset_ps;     /* from a drained reset to VFGEN_RSTAT = VFACTIVE */
	uint64_t watchdog_ps;  /* from a hang to the restart */
	uint32_t capabilities; /* VIRTCHNL_VF_OFFLOAD_* that it may offer; 0: all it has */
	uint16_t first_vsi;    /* the VSI's ID of VF 0; VF n has n more */
	/*
	 * Queue pairs: of all VFs together, and what each begins with and is sure to have.
	 * 0: as many as the hardware has. A pool that is too small for the latter is as large.
	 */
	uint32_t queue_pairs, vf_queue_pairs;
	bool tell_link; /* LINK_CHANGE follows GET_VF_RESOURCES and ENABLE_QUEUES */
	/* Of the port, as if agreed on with its neighbour (DCBX); count 0: as it is at first. */
	struct nic_classes classes;
	bool forward; /* virtchnl messages go to the PF's driver, which answers them */
};

/* Bound to its NIC. A VF without a MAC of the PF driver has 02:56:46:host:vf. NULL without memory,
 * or for classes that a port cannot have. */
struct firmware *firmware_create(const struct firmware_cfg *cfg, struct nic *nic);
void firmware_destroy(struct firmware *firmware);

/* What a PF command is called, "VF_SUSPEND"; NULL for one that is unknown. */
const char *firmware_pf_command_name(uint32_t opcode);

/*
 * The PF has something to tell VF `vf` unasked: the body of a virtchnl EVENT, at most
 * MAILBOX_REPLY_BYTES. It waits in the VF's mailbox like an answer.
 */
void firmware_post_event(struct firmware *firmware, uint32_t vf, const void *event,
			 uint32_t len_bytes);

/*
 * A VFR of the firmware's own: VF `vf` is told RESET_IMPENDING, if it has room for that, and reset.
 * Nothing happens to one that is not there, or in reset.
 */
void firmware_reset_vf(struct firmware *firmware, uint32_t vf);

/*
 * From now on the firmware does nothing, until its watchdog restarts it: then the PF's command
 * that was under way ends with AQ_RC_EIO, and each VF is reset as by firmware_reset_vf().
 */
void firmware_hang(struct firmware *firmware);

#ifdef __cplusplus
}
#endif
#endif
