/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VIRTCHNL_VIRTCHNL_INTERNAL_H
#define VFSIM_VIRTCHNL_VIRTCHNL_INTERNAL_H

/* What the handlers of virtchnl commands share. Each returns a VIRTCHNL_STATUS_*. */

#include <string.h>

#include "virtchnl/virtchnl.h"

/* A command under way: its message, and the answer that its handler fills. */
struct vc_command {
	const struct virtchnl_device *device;
	struct virtchnl_vf *vf;
	const uint8_t *data;
	uint32_t len_bytes;
	uint8_t answer[MAILBOX_REPLY_BYTES];
	uint32_t answer_len;
};

/* Instead of a status: the answer comes later, or not at all. */
#define VC_LATER  1
#define VC_SILENT 2

/* virtchnl.c */

uint16_t vc_operate(const struct vc_command *command, struct vf_operation *operation);
/* The status for what an operation came to, unless its cause is a reason of its own. */
int32_t vc_status(uint16_t result);
/* Do it: its status. */
int32_t vc_do(const struct vc_command *command, struct vf_operation *operation);
/* command->vf->agreed holds from now on. */
int32_t vc_agree(const struct vc_command *command);
/* Does the 16-bit `id` name the VF's one VSI? IDs are relative to the VF, as far as it can tell. */
bool vc_vsi_ok(const struct vc_command *command, uint32_t id);
/* Most messages begin with it. */
bool vc_names_vsi(const struct vc_command *command);
/* The request is taken, which its descriptor says; then the VF is reset. */
int32_t vc_reset(struct vc_command *command);

/* queues.c */
int32_t vc_rxdids(struct vc_command *command);
int32_t vc_config_queues(struct vc_command *command);
int32_t vc_enable_queues(struct vc_command *command);
int32_t vc_disable_queues(struct vc_command *command);
int32_t vc_irq_map(struct vc_command *command);
int32_t vc_request_queues(struct vc_command *command);

/* pasid.c */
int32_t vc_queue_pasid(struct vc_command *command);
/* Is the opcode a standard one, or one that the PF's driver has granted the VF? */
bool vc_granted(const struct virtchnl_vf *vf, uint32_t opcode);

/* ptp.c */
int32_t vc_ptp_caps(struct vc_command *command);
int32_t vc_ptp_time(struct vc_command *command);
/* Do frames that the queue receives have times in their descriptors? */
bool vc_stamps(const struct virtchnl_vf *vf, const struct virtchnl_rxq_info *info);

/* filters.c */
int32_t vc_add_addr(struct vc_command *command);
int32_t vc_del_addr(struct vc_command *command);
int32_t vc_promisc(struct vc_command *command);

/* fdir.c */
int32_t vc_add_fdir(struct vc_command *command);
int32_t vc_del_fdir(struct vc_command *command);

/* rss.c */
int32_t vc_rss_key(struct vc_command *command);
int32_t vc_rss_lut(struct vc_command *command);
int32_t vc_hashcfg_caps(struct vc_command *command);
int32_t vc_hashcfg(struct vc_command *command);
int32_t vc_hfunc(struct vc_command *command);

/* rss_rules.c */
int32_t vc_add_rss(struct vc_command *command);
int32_t vc_del_rss(struct vc_command *command);

/* qos.c */
int32_t vc_qos_caps(struct vc_command *command);
int32_t vc_tc_map(struct vc_command *command);
int32_t vc_queue_bw(struct vc_command *command);
int32_t vc_quanta(struct vc_command *command);

/* vlan.c */
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
/* VLAN offloads as they are after the VF's capabilities were agreed on. */
int32_t vc_vlan_agreed(const struct vc_command *command);

#endif
