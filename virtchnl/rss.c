/* SPDX-License-Identifier: Apache-2.0 */
/* How received packets are spread over queues: key, table, types and function. */
#include "pf-firmware/rss_format.h"
#include "virtchnl/virtchnl_internal.h"

#define HASHCFG_OFFERED RSS_ALL

static int32_t vc_rss(struct vc_command *command, uint8_t *table, uint32_t len)
{
	if (!vc_names_vsi(command) || le16_get(command->data + 2) != len)
		return VIRTCHNL_STATUS_ERR_PARAM;
	memcpy(table, command->data + 4, len);
	return vc_agree(command);
}

int32_t vc_rss_key(struct vc_command *command)
{
	return vc_rss(command, command->vf->agreed.rss_key, VIRTCHNL_RSS_KEY_BYTES);
}

int32_t vc_rss_lut(struct vc_command *command)
{
	return vc_rss(command, command->vf->agreed.rss_lut, VIRTCHNL_RSS_LUT_ENTRIES);
}

int32_t vc_hashcfg_caps(struct vc_command *command)
{
	le64_put(command->answer, HASHCFG_OFFERED);
	command->answer_len = 8;
	return VIRTCHNL_STATUS_SUCCESS;
}

int32_t vc_hashcfg(struct vc_command *command)
{
	struct virtchnl_agreed *agreed = &command->vf->agreed;
	uint64_t wanted = le64_get(command->data);

	if (wanted & ~HASHCFG_OFFERED)
		return VIRTCHNL_STATUS_ERR_PARAM;
	agreed->hashcfg = wanted;
	memset(agreed->rss_rule, 0, sizeof(agreed->rss_rule));
	return vc_agree(command);
}

/* Addresses and ports as they are, or what is the same for both directions of a flow. */
int32_t vc_hfunc(struct vc_command *command)
{
	struct virtchnl_rss_hfunc hfunc;

	memcpy(&hfunc, command->data, sizeof(hfunc));
	if (!vc_names_vsi(command) ||
	    (hfunc.rss_algorithm != VIRTCHNL_RSS_ALG_TOEPLITZ_ASYMMETRIC &&
	     hfunc.rss_algorithm != VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC))
		return VIRTCHNL_STATUS_ERR_PARAM;
	command->vf->agreed.rss_symmetric =
		hfunc.rss_algorithm == VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC;
	return vc_agree(command);
}
