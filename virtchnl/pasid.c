/* SPDX-License-Identifier: Apache-2.0 */
/* Queue pairs in address spaces of their own (pf-firmware/pasid_format.h). */
#include "pf-firmware/pasid_format.h"
#include "virtchnl/virtchnl_internal.h"

bool vc_granted(const struct virtchnl_vf *vf, uint32_t opcode)
{
	return !(opcode & VIRTCHNL_OP_OWN) || vf->may_tag;
}

static struct virtchnl_queue_pasid element(const struct vc_command *command, uint32_t n)
{
	struct virtchnl_queue_pasid tag;

	memcpy(&tag, command->data + 4 + n * sizeof(tag), sizeof(tag));
	return tag;
}

static bool element_ok(const struct virtchnl_vf *vf, const struct vf_queues *there,
		       const struct virtchnl_queue_pasid *tag)
{
	if (tag->queue_id >= vf->queue_pairs || there->busy >> tag->queue_id & 1)
		return false;
	if (!tag->flags)
		return !tag->pasid;
	return tag->flags == VIRTCHNL_QUEUE_PASID_VALID && !(tag->pasid >> there->pasid_bits);
}

int32_t vc_queue_pasid(struct vc_command *command)
{
	uint32_t count = le16_get(command->data + 2);
	struct vf_operation look = {.kind = VF_QUEUES_LOOK};
	int32_t status = vc_do(command, &look);
	struct virtchnl_queue_pasid tag;

	if (status)
		return status;
	if (!look.queues.pasid_bits)
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	if (!vc_names_vsi(command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < count; i++) {
		tag = element(command, i);
		if (!element_ok(command->vf, &look.queues, &tag))
			return VIRTCHNL_STATUS_ERR_PARAM;
	}
	for (uint32_t i = 0; !status && i < count; i++) {
		struct vf_operation set = {.kind = VF_QUEUE_TAG};

		tag = element(command, i);
		set.tag = (struct vf_queue_tag){tag.queue_id,
						tag.flags & VIRTCHNL_QUEUE_PASID_VALID, tag.pasid};
		status = vc_do(command, &set);
	}
	return status;
}
