// SPDX-License-Identifier: Apache-2.0
#include "testbench/support/virtchnl_messages.hpp"

#include <cstring>

#include "base/bits.h"
#include "model/nic/rss_types_format.h"
#include "pf-firmware/fdir_format.h"
#include "pf-firmware/mailbox_format.h"
#include "pf-firmware/ptp_format.h"
#include "pf-firmware/qos_format.h"
#include "pf-firmware/refused_format.h"
#include "pf-firmware/rss_format.h"
#include "pf-firmware/vlan_format.h"

namespace
{
using Bytes = std::vector<uint8_t>;

struct Maker {
	struct rng *rng;
	uint16_t vsi;
	uint64_t memory;

	uint32_t below(uint64_t bound) const
	{
		return (uint32_t)rng_below(rng, bound);
	}
	bool one_in(uint64_t n) const
	{
		return !rng_below(rng, n);
	}
};

template <typename T>
Bytes bytes_of(const T &message)
{
	const uint8_t *from = (const uint8_t *)&message;

	return Bytes(from, from + sizeof(message));
}

/* le16 VSI, le16 count, `pad` bytes, and the items. */
Bytes list(const Maker &maker, uint32_t count, size_t pad, const Bytes &items)
{
	Bytes message(4 + pad);

	le16_put(&message[0], maker.vsi);
	le16_put(&message[2], (uint16_t)count);
	message.insert(message.end(), items.begin(), items.end());
	return message;
}

Bytes any(const Maker &maker, size_t len)
{
	Bytes bytes(len);

	for (uint8_t &each : bytes)
		each = (uint8_t)maker.below(256);
	return bytes;
}

Bytes version(const Maker &maker)
{
	return bytes_of(virtchnl_version_info{1, maker.below(3)});
}

Bytes resources(const Maker &maker)
{
	Bytes caps(4);

	le32_put(caps.data(), maker.one_in(3) ? (uint32_t)rng_next(maker.rng) : UINT32_MAX);
	return caps;
}

Bytes queues(const Maker &maker)
{
	uint32_t count = 1 + maker.below(3);
	Bytes items;

	for (uint32_t i = 0; i < count; i++) {
		struct virtchnl_queue_pair_info pair = {};

		pair.txq.vsi_id = pair.rxq.vsi_id = maker.vsi;
		pair.txq.queue_id = pair.rxq.queue_id = (uint16_t)i;
		pair.txq.ring_len = (uint16_t)(8 * (1 + maker.below(8)));
		pair.rxq.ring_len = 32 * (1 + maker.below(4));
		pair.txq.dma_ring_addr = maker.memory + 4096 * maker.below(8);
		pair.rxq.dma_ring_addr = maker.memory + 4096 * (8 + maker.below(8));
		pair.rxq.databuffer_size = 2048;
		pair.rxq.max_pkt_size = 1522;
		pair.rxq.rxdid = (uint8_t)(1 + maker.below(2));
		pair.rxq.flags = (uint8_t)maker.below(3);
		Bytes one = bytes_of(pair);
		items.insert(items.end(), one.begin(), one.end());
	}
	return list(maker, count, 4, items);
}

Bytes select(const Maker &maker)
{
	return bytes_of(virtchnl_queue_select{maker.vsi, 0, maker.below(8), maker.below(8)});
}

Bytes irq_map(const Maker &maker)
{
	struct virtchnl_vector_map map[2] = {
		{maker.vsi, 1, (uint16_t)maker.below(4), (uint16_t)maker.below(4), 0, 1},
		{maker.vsi, 0, 0, 0, 0, 0}};
	Bytes message(2), items = bytes_of(map);

	le16_put(&message[0], 2);
	message.insert(message.end(), items.begin(), items.end());
	return message;
}

/* Few addresses, so that some are there already. */
Bytes addresses(const Maker &maker)
{
	uint32_t count = 1 + maker.below(maker.one_in(4) ? 12 : 3);
	Bytes items;

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t one[8] = {(uint8_t)(maker.one_in(4) ? 1 : 2), 0x56, 0, 0, 0,
					(uint8_t)maker.below(24),           1};

		items.insert(items.end(), one, one + sizeof(one));
	}
	return list(maker, count, 0, items);
}

Bytes promiscuous(const Maker &maker)
{
	return bytes_of(virtchnl_promisc_info{maker.vsi, (uint16_t)maker.below(4)});
}

Bytes key(const Maker &maker)
{
	return list(maker, VIRTCHNL_RSS_KEY_BYTES, 0, any(maker, VIRTCHNL_RSS_KEY_BYTES));
}

Bytes table(const Maker &maker)
{
	Bytes entries(VIRTCHNL_RSS_LUT_ENTRIES);

	for (uint8_t &each : entries)
		each = (uint8_t)maker.below(3);
	return list(maker, VIRTCHNL_RSS_LUT_ENTRIES, 0, entries);
}

Bytes hashcfg(const Maker &maker)
{
	Bytes types(8);

	le64_put(types.data(), RSS_ALL & (maker.one_in(2) ? rng_next(maker.rng) : UINT64_MAX));
	return types;
}

Bytes hash_function(const Maker &maker)
{
	return bytes_of(virtchnl_rss_hfunc{maker.vsi, (uint16_t)maker.below(4), 0});
}

Bytes vlans(const Maker &maker)
{
	uint32_t count = 1 + maker.below(maker.one_in(4) ? 70 : 3);
	Bytes items(2 * count);

	for (uint32_t i = 0; i < count; i++)
		le16_put(&items[2 * i], (uint16_t)maker.below(200));
	return list(maker, count, 0, items);
}

Bytes vlan_filters(const Maker &maker)
{
	uint32_t count = 1 + maker.below(3);
	Bytes items;

	for (uint32_t i = 0; i < count; i++) {
		struct virtchnl_vlan_filter filter = {};

		filter.inner.tci = (uint16_t)maker.below(200);
		filter.inner.tpid = 0x8100;
		Bytes one = bytes_of(filter);
		items.insert(items.end(), one.begin(), one.end());
	}
	return list(maker, count, 4, items);
}

Bytes vlan_setting(const Maker &maker)
{
	struct virtchnl_vlan_setting setting = {};

	setting.inner_ethertype = VIRTCHNL_VLAN_ETHERTYPE_8100;
	setting.vport_id = maker.vsi;
	return bytes_of(setting);
}

Bytes rule(const Maker &maker)
{
	struct virtchnl_fdir_add add = {};

	add.vsi_id = maker.vsi;
	add.validate_only = maker.one_in(6);
	add.proto_hdrs.count = 1;
	add.proto_hdrs.proto_hdr[0].type = VIRTCHNL_PROTO_HDR_IPV4;
	add.proto_hdrs.proto_hdr[0].field_selector = 1u << PROTO_FIELD_DST;
	add.proto_hdrs.proto_hdr[0].buffer[19] = (uint8_t)maker.below(40);
	add.action_count = 1;
	add.actions[0].type = (int32_t)maker.below(6);
	add.actions[0].act_conf.queue.index = (uint16_t)maker.below(3);
	return bytes_of(add);
}

Bytes rule_number(const Maker &maker)
{
	return bytes_of(virtchnl_fdir_del{maker.vsi, 0, maker.below(12), 0});
}

Bytes rss_rule(const Maker &maker)
{
	struct virtchnl_rss_cfg cfg = {};

	cfg.proto_hdrs.count = 1 + maker.below(2);
	cfg.proto_hdrs.proto_hdr[0].type = (int32_t)(4 + maker.below(2));
	cfg.proto_hdrs.proto_hdr[0].field_selector = maker.below(4);
	cfg.proto_hdrs.proto_hdr[1].type = (int32_t)(6 + maker.below(3));
	cfg.proto_hdrs.proto_hdr[1].field_selector = maker.below(4);
	cfg.rss_algorithm = maker.one_in(2) ? 0 : 2;
	return bytes_of(cfg);
}

Bytes tc_map(const Maker &maker)
{
	struct virtchnl_queue_tc_mapping map = {};

	map.vsi_id = maker.vsi;
	map.num_tc = 1;
	map.num_queue_pairs = map.tc[0].req.queue_count = (uint16_t)(1 + maker.below(3));
	return bytes_of(map);
}

Bytes bandwidth(const Maker &maker)
{
	struct virtchnl_queue_bw bw = {};

	bw.queue_id = (uint16_t)maker.below(3);
	bw.shaper.peak = maker.below(30000000);
	return list(maker, 1, 0, bytes_of(bw));
}

Bytes quanta(const Maker &maker)
{
	return bytes_of(virtchnl_quanta_cfg{
		1024, 0, {VIRTCHNL_QUEUE_TYPE_TX, (uint16_t)maker.below(3), 1}});
}

Bytes clock(const Maker &maker)
{
	struct virtchnl_ptp_caps caps = {};

	caps.caps = maker.below(8);
	return bytes_of(caps);
}

Bytes pairs(const Maker &maker)
{
	Bytes wanted(2);

	le16_put(wanted.data(), (uint16_t)maker.below(6));
	return wanted;
}

Bytes nothing(const Maker &)
{
	return {};
}

const struct {
	uint32_t opcode;
	Bytes (*make)(const Maker &maker);
} forms[] = {
	{VIRTCHNL_OP_VERSION, version},
	{VIRTCHNL_OP_GET_VF_RESOURCES, resources},
	{VIRTCHNL_OP_GET_VF_RESOURCES, resources},
	{VIRTCHNL_OP_CONFIG_VSI_QUEUES, queues},
	{VIRTCHNL_OP_ENABLE_QUEUES, select},
	{VIRTCHNL_OP_DISABLE_QUEUES, select},
	{VIRTCHNL_OP_CONFIG_IRQ_MAP, irq_map},
	{VIRTCHNL_OP_ADD_ETH_ADDR, addresses},
	{VIRTCHNL_OP_DEL_ETH_ADDR, addresses},
	{VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, promiscuous},
	{VIRTCHNL_OP_GET_STATS, select},
	{VIRTCHNL_OP_CONFIG_RSS_KEY, key},
	{VIRTCHNL_OP_CONFIG_RSS_LUT, table},
	{VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS, nothing},
	{VIRTCHNL_OP_SET_RSS_HASHCFG, hashcfg},
	{VIRTCHNL_OP_CONFIG_RSS_HFUNC, hash_function},
	{VIRTCHNL_OP_ADD_VLAN, vlans},
	{VIRTCHNL_OP_DEL_VLAN, vlans},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING, nothing},
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING, nothing},
	{VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, nothing},
	{VIRTCHNL_OP_ADD_VLAN_V2, vlan_filters},
	{VIRTCHNL_OP_DEL_VLAN_V2, vlan_filters},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2, vlan_setting},
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2, vlan_setting},
	{VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2, vlan_setting},
	{VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2, vlan_setting},
	{VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, nothing},
	{VIRTCHNL_OP_ADD_FDIR_FILTER, rule},
	{VIRTCHNL_OP_DEL_FDIR_FILTER, rule_number},
	{VIRTCHNL_OP_ADD_RSS_CFG, rss_rule},
	{VIRTCHNL_OP_DEL_RSS_CFG, rss_rule},
	{VIRTCHNL_OP_GET_QOS_CAPS, nothing},
	{VIRTCHNL_OP_CONFIG_QUEUE_TC_MAP, tc_map},
	{VIRTCHNL_OP_CONFIG_QUEUE_BW, bandwidth},
	{VIRTCHNL_OP_CONFIG_QUANTA, quanta},
	{VIRTCHNL_OP_1588_PTP_GET_CAPS, clock},
	{VIRTCHNL_OP_REQUEST_QUEUES, pairs},
	{VIRTCHNL_OP_RESET_VF, nothing},
	{VIRTCHNL_OP_EVENT, nothing},
};

/* One thing that is wrong. */
void spoil(const Maker &maker, VirtchnlMessage &message)
{
	Bytes &data = message.data;

	switch (maker.below(5)) {
	case 0:
		if (!data.empty())
			data[maker.below(data.size())] ^= (uint8_t)(1u << maker.below(8));
		break;
	case 1:
		data.resize(maker.below(data.size() + 1));
		break;
	case 2:
		data.resize(data.size() + 1 + maker.below(maker.one_in(4) ? 4096 : 16));
		break;
	case 3:
		message.opcode = maker.below(VIRTCHNL_OP_LAST + 10);
		/* The one answer that is another at each time. */
		if (message.opcode == VIRTCHNL_OP_1588_PTP_GET_TIME)
			message.opcode = VIRTCHNL_OP_1588_PTP_GET_CAPS;
		break;
	default:
		data = any(maker, maker.below(80));
	}
	if (data.size() > AQ_BUFFER_BYTES)
		data.resize(AQ_BUFFER_BYTES);
}
} // namespace

VirtchnlMessage virtchnl_random_message(struct rng *rng, uint16_t vsi, uint64_t memory)
{
	const Maker maker = {rng, vsi, memory};
	const auto &form = forms[maker.below(ARRAY_LEN(forms))];
	VirtchnlMessage message;

	message.opcode = form.opcode;
	message.data = form.make(maker);
	if (maker.one_in(5))
		spoil(maker, message);
	return message;
}
