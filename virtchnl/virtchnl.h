/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VIRTCHNL_VIRTCHNL_H
#define VFSIM_VIRTCHNL_VIRTCHNL_H

/*
 * virtchnl: what a VF's driver asks of its PF, checked, done and answered. The engine
 * keeps nothing: it is given a message and what is known of its VF, and reaches the hardware
 * by a struct virtchnl_device alone. So it runs in the NIC's firmware, where operations are
 * done at once, and in a PF driver, where each is a command that the calling actor waits for
 * (docs/nic.md, Mailbox).
 */

#include "virtchnl/operation_format.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Instead of an AQ_RC_*: VF_QUEUES_DISABLE is under way, and who does it will answer. */
#define VF_OPERATION_LATER UINT16_MAX

/* The device end of one VF. */
struct virtchnl_device {
	void *ctx;
	/*
	 * Do it: AQ_RC_*. AQ_RC_ENOENT, AQ_RC_EFLUSHED: the VF is gone, or was reset since
	 * its message came: nobody waits for an answer. What is refused for a cause that the
	 * operation does not name is the PF's trouble, and is answered so.
	 */
	uint16_t (*operate)(void *ctx, struct vf_operation *operation);
	/*
	 * The message is done, this is its answer: `len_bytes`, of which `data` has
	 * MAILBOX_REPLY_BYTES and, of a longer one, the last MAILBOX_END_BYTES at their end.
	 */
	void (*answer)(void *ctx, uint32_t opcode, int32_t status, const void *data,
		       uint32_t len_bytes);
	/* Something that the VF has not asked for. */
	void (*event)(void *ctx, const struct virtchnl_pf_event *event);
};

/* Work on one message of `vf`, whose `agreed` is what it was and becomes what it is. */
void virtchnl_handle(const struct virtchnl_device *device, struct virtchnl_vf *vf, uint32_t opcode,
		     const void *data, uint32_t len_bytes);

/* LINK_CHANGE, as the port has it, to a VF that knows its resources. */
void virtchnl_tell_link(const struct virtchnl_device *device, const struct virtchnl_vf *vf);

/* RESET_IMPENDING: a reset that the VF has not asked for follows at once. */
void virtchnl_tell_reset(const struct virtchnl_device *device);

/* What a message is called, "RESET_VF"; NULL for one that is unknown. */
const char *virtchnl_name(uint32_t opcode);

#ifdef __cplusplus
}
#endif
#endif
