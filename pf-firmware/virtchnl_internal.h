/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_VIRTCHNL_INTERNAL_H
#define VFSIM_PF_FIRMWARE_VIRTCHNL_INTERNAL_H

/* What the handlers of virtchnl commands share. Each returns a VIRTCHNL_STATUS_*. */

#include "pf-firmware/firmware_internal.h"

/* A command under way: its message, and the answer that its handler fills. */
struct vc_command {
	struct fw_vf *vf;
	const struct mailbox_message *message;
	const uint8_t *data;
	uint32_t len_bytes;
	uint8_t answer[MAILBOX_REPLY_BYTES];
	uint32_t answer_len;
};

/* Instead of a status: the answer comes later, or not at all. */
#define VC_LATER  1
#define VC_SILENT 2

/* virtchnl.c */

/* The message was taken: its descriptor is written back. */
void vc_ack(struct fw_vf *vf, const struct mailbox_message *message);
/*
 * The request is taken, which its descriptor says; then the VF is reset. The
 * version that was agreed on outlives it: drivers ask for it once.
 */
int32_t vc_reset(struct vc_command *command);
/* The VF's one VSI. IDs are relative to the VF, as far as the VF can tell. */
uint16_t vc_vsi_id(const struct fw_vf *vf);
/* Does the 16-bit `id` name the VF's one VSI? */
bool vc_vsi_ok(const struct vc_command *command, uint32_t id);

/* virtchnl_resources.c */
int32_t vc_request_queues(struct vc_command *command);

/* virtchnl_fdir.c */
int32_t vc_add_fdir(struct vc_command *command);
int32_t vc_del_fdir(struct vc_command *command);

/* virtchnl_rss.c */
int32_t vc_add_rss(struct vc_command *command);
int32_t vc_del_rss(struct vc_command *command);

/* virtchnl_qos.c */
int32_t vc_qos_caps(struct vc_command *command);
int32_t vc_queue_bw(struct vc_command *command);
int32_t vc_quanta(struct vc_command *command);

/* virtchnl_vlan.c */
int32_t vc_add_vlan(struct vc_command *command);
int32_t vc_del_vlan(struct vc_command *command);
int32_t vc_enable_strip(struct vc_command *command);
int32_t vc_disable_strip(struct vc_command *command);
int32_t vc_vlan_v2_caps(struct vc_command *command);
int32_t vc_add_vlan_v2(struct vc_command *command);
int32_t vc_del_vlan_v2(struct vc_command *command);
int32_t vc_enable_strip_v2(struct vc_command *command);
int32_t vc_disable_strip_v2(struct vc_command *command);
int32_t vc_enable_insert_v2(struct vc_command *command);
int32_t vc_disable_insert_v2(struct vc_command *command);
/* What VLAN offloads are after the VF's capabilities were agreed on. */
void vc_vlan_agreed(struct fw_vf *vf);

#endif
