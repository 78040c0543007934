/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtchnl's two kinds of VLAN messages. The first knows 802.1Q tags only; it is answered
 * as Linux's i40e does. The second asks first what there is; here that is one tag of
 * EtherType 0x8100, which the messages call the inner one where there is no outer
 * (Linux virtchnl.h; ice_virtchnl.c for what is refused).
 */
#include "model/nic/vlan_tag_format.h"
#include "pf-firmware/vlan_format.h"
#include "virtchnl/virtchnl_internal.h"

#define TOGGLED                                                                                    \
	(VIRTCHNL_VLAN_ETHERTYPE_8100 | VIRTCHNL_VLAN_TOGGLE | VIRTCHNL_VLAN_TAG_LOCATION_L2TAG1)

static int32_t set_offloads(const struct vc_command *command, uint64_t which, uint64_t on)
{
	struct vf_operation operation = {.kind = VF_VLAN_OFFLOAD};

	operation.offload = (struct vf_vlan_offload){(uint32_t)which, (uint32_t)on};
	return vc_do(command, &operation);
}

/* Tags of descriptors are inserted also in the second kind: iavf asks for it once, and not again
 * when it agrees on this after a reset. */
int32_t vc_vlan_agreed(const struct vc_command *command)
{
	bool first = command->vf->agreed.caps & VIRTCHNL_VF_OFFLOAD_VLAN;

	return set_offloads(command, VF_VLAN_STRIP | VF_VLAN_INSERT,
			    VF_VLAN_INSERT | (first ? VF_VLAN_STRIP : 0));
}

/* ---- filters: of both kinds, by the n-th element's ID ---- */

struct vlan_list {
	uint32_t count;
	/* An ID; VLAN_IDS: the element is not acceptable. */
	uint32_t (*id)(const uint8_t *element);
	const uint8_t *element;
	uint32_t element_bytes;
};

static uint32_t id_of(const struct vlan_list *list, uint32_t n)
{
	return list->id(list->element + (size_t)n * list->element_bytes);
}

static bool list_is_ok(const struct vc_command *command, const struct vlan_list *list)
{
	if (!vc_names_vsi(command))
		return false;
	for (uint32_t i = 0; i < list->count; i++)
		if (id_of(list, i) >= VLAN_IDS)
			return false;
	return true;
}

static int32_t change_vlans(const struct vc_command *command, const struct vlan_list *list,
			    uint32_t kind)
{
	if (!list_is_ok(command, list))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < list->count; i++) {
		struct vf_operation operation = {.kind = kind};
		uint16_t result;

		operation.vlan = id_of(list, i);
		result = vc_operate(command, &operation);
		if (result == AQ_RC_ENOSPC)
			return VIRTCHNL_STATUS_ERR_PARAM;
		if (result)
			return vc_status(result);
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

/* ---- the first kind ---- */

static uint32_t plain_id(const uint8_t *element)
{
	return le16_get(element);
}

static struct vlan_list plain_list(const struct vc_command *command)
{
	return (struct vlan_list){.count = le16_get(command->data + 2),
				  .id = plain_id,
				  .element = command->data + 4,
				  .element_bytes = 2};
}

int32_t vc_add_vlan(struct vc_command *command)
{
	struct vlan_list list = plain_list(command);

	return change_vlans(command, &list, VF_VLAN_ADD);
}

int32_t vc_del_vlan(struct vc_command *command)
{
	struct vlan_list list = plain_list(command);

	return change_vlans(command, &list, VF_VLAN_DEL);
}

static int32_t set_strip(const struct vc_command *command, bool strip)
{
	return set_offloads(command, VF_VLAN_STRIP, strip ? VF_VLAN_STRIP : 0);
}

int32_t vc_enable_strip(struct vc_command *command)
{
	return set_strip(command, true);
}

int32_t vc_disable_strip(struct vc_command *command)
{
	return set_strip(command, false);
}

/* ---- the second kind ---- */

int32_t vc_vlan_v2_caps(struct vc_command *command)
{
	struct virtchnl_vlan_caps caps = {
		.filtering = {.support = {.inner = VIRTCHNL_VLAN_ETHERTYPE_8100},
			      .ethertype_init = VIRTCHNL_VLAN_ETHERTYPE_8100,
			      .max_filters = NIC_VLANS_PER_VF},
		.offloads = {.stripping = {.inner = TOGGLED},
			     .insertion = {.inner = TOGGLED},
			     .ethertype_init = VIRTCHNL_VLAN_ETHERTYPE_8100,
			     .ethertype_match = VIRTCHNL_ETHERTYPE_STRIPPING_MATCHES_INSERTION},
	};

	memcpy(command->answer, &caps, sizeof(caps));
	command->answer_len = sizeof(caps);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* An ID alone, without a priority or a mask: neither was offered. */
static uint32_t filter_id(const uint8_t *element)
{
	struct virtchnl_vlan_filter filter;
	bool outer;

	memcpy(&filter, element, sizeof(filter));
	outer = filter.outer.tci || filter.outer.tci_mask || filter.outer.tpid;
	if (outer || filter.inner.tci_mask || filter.inner.tpid != VLAN_ETHERTYPE)
		return VLAN_IDS;
	return filter.inner.tci;
}

static struct vlan_list filter_list(const struct vc_command *command)
{
	return (struct vlan_list){.count = le16_get(command->data + 2),
				  .id = filter_id,
				  .element = command->data + 8,
				  .element_bytes = sizeof(struct virtchnl_vlan_filter)};
}

int32_t vc_add_vlan_v2(struct vc_command *command)
{
	struct vlan_list list = filter_list(command);

	return change_vlans(command, &list, VF_VLAN_ADD);
}

int32_t vc_del_vlan_v2(struct vc_command *command)
{
	struct vlan_list list = filter_list(command);

	return change_vlans(command, &list, VF_VLAN_DEL);
}

/* Set one of the offloads for what was offered. */
static int32_t set_offload(const struct vc_command *command, uint64_t which, bool value)
{
	struct virtchnl_vlan_setting setting;

	memcpy(&setting, command->data, sizeof(setting));
	if (!vc_vsi_ok(command, setting.vport_id) || setting.outer_ethertype ||
	    setting.inner_ethertype != VIRTCHNL_VLAN_ETHERTYPE_8100)
		return VIRTCHNL_STATUS_ERR_PARAM;
	return set_offloads(command, which, value ? which : 0);
}

int32_t vc_enable_strip_v2(struct vc_command *command)
{
	return set_offload(command, VF_VLAN_STRIP, true);
}

int32_t vc_disable_strip_v2(struct vc_command *command)
{
	return set_offload(command, VF_VLAN_STRIP, false);
}

int32_t vc_enable_insert_v2(struct vc_command *command)
{
	return set_offload(command, VF_VLAN_INSERT, true);
}

int32_t vc_disable_insert_v2(struct vc_command *command)
{
	return set_offload(command, VF_VLAN_INSERT, false);
}
