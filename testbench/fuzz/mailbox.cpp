/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two VFs may do to the firmware: any bytes as descriptors of their admin queues, as
 * messages, and as values of their registers, with resets between. Some messages have a
 * right opcode or length or VSI, so that they get somewhere.
 */
#include "pf-firmware/pasid_format.h"
#include "pf-firmware/vlan_format.h"
#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/nic_world.hpp"

namespace
{
constexpr uint32_t kBufferAt = 2 << 20; /* in a guest's memory, behind what its driver uses */

class Mailbox : public NicWorld
{
public:
	explicit Mailbox(FuzzInput &input) : in(input)
	{
	}

	void run()
	{
		for (AvfDriver &each : guest)
			each.admin_queues();
		if (in.take(1) & 1)
			for (AvfDriver &each : guest) {
				each.version();
				each.resources();
			}
		for (unsigned steps = 0; !in.empty() && steps < 200; steps++)
			step();
		judge();
	}

private:
	/* Any place, mostly in the guest's own memory. */
	uint64_t place(uint32_t who)
	{
		uint64_t bits = in.take(1);

		if (bits < 8)
			return in.take(8);
		return region(who) + (bits & 1 ? kBufferAt : in.take(3) % kRegion);
	}

	void any_register(uint32_t who)
	{
		uint32_t offset = (uint32_t)in.take(2) & 0xfffc;

		if (in.take(1) & 1)
			host.write(who, offset, (uint32_t)in.take(4));
		else
			host.read(who, offset);
	}

	void queue_register(uint32_t who)
	{
		static const uint32_t regs[] = {
			VF_ARQBAH1,   VF_ATQH1,     VF_ATQLEN1,      VF_ARQBAL1,
			VF_ARQT1,     VF_ARQH1,     VF_ATQBAH1,      VF_ATQBAL1,
			VF_ARQLEN1,   VF_ATQT1,     VFINT_DYN_CTL01, VFGEN_RSTAT,
			VFQF_HENA(0), VFQF_HKEY(3), VFQF_HLUT(1),    QTX_TAIL1(0),
		};
		uint64_t bits = in.take(1);
		uint32_t value = (uint32_t)in.take(2);

		if (bits & 16)
			value |= (uint32_t)AQ_LEN_ENABLE;
		if (bits & 32)
			value = (uint32_t)place(who);
		host.write(who, regs[bits % 16], value);
	}

	void descriptor(uint32_t who)
	{
		AvfDriver &driver = guest[who];
		uint64_t words[4];

		for (uint64_t &word : words)
			word = in.take(8);
		submit(driver, words);
	}

	void submit(AvfDriver &driver, const void *desc)
	{
		host.memory.write(driver.atq + driver.atq_tail * AQ_DESC_BYTES, desc,
				  AQ_DESC_BYTES);
		driver.atq_tail = (driver.atq_tail + 1) % AvfDriver::kAq;
		host.write(driver.vf, VF_ATQT1, driver.atq_tail);
	}

	void message(uint32_t who)
	{
		struct aq_desc desc = {};
		uint64_t bits = in.take(2), at = region(who) + kBufferAt;
		uint32_t len = (uint32_t)(bits & 1 ? in.take(2) : in.take(1));
		Bytes body(in.take(1));

		for (uint8_t &each : body)
			each = (uint8_t)in.take(1);
		/* Most messages begin with the VSI. */
		if (bits & 2 && body.size() >= 2)
			le16_put(body.data(), guest[who].vsi);
		if (bits & 4)
			len = (uint32_t)body.size();
		desc.opcode =
			bits & 8 && in.take(1) < 32 ? (uint16_t)in.take(2) : AQC_SEND_MSG_TO_PF;
		desc.flags =
			(uint16_t)(bits & 16 ? in.take(2) : AQ_FLAG_SI | AQ_FLAG_BUF | AQ_FLAG_RD);
		desc.datalen = (uint16_t)len;
		desc.cookie_high = (uint32_t)(bits & 32 ? in.take(4) : in.take(1) % 60);
		if (bits & 64)
			at = place(who);
		desc.addr_low = (uint32_t)at;
		desc.addr_high = (uint32_t)(at >> 32);
		host.memory.write(region(who) + kBufferAt, body.data(), body.size());
		submit(guest[who], &desc);
	}

	/* Of a right length, about the guest's own VSI, with any content. */
	void well_formed(uint32_t who)
	{
		static const struct {
			uint32_t opcode;
			size_t base, item, count_at; /* an item's bytes; 0: no list */
		} forms[] = {
			{VIRTCHNL_OP_CONFIG_IRQ_MAP, 2, sizeof(struct virtchnl_vector_map), 0},
			{VIRTCHNL_OP_ADD_ETH_ADDR, 4, sizeof(struct virtchnl_ether_addr), 2},
			{VIRTCHNL_OP_DEL_ETH_ADDR, 4, sizeof(struct virtchnl_ether_addr), 2},
			{VIRTCHNL_OP_CONFIG_VSI_QUEUES, 8, sizeof(struct virtchnl_queue_pair_info),
			 2},
			{VIRTCHNL_OP_CONFIG_RSS_KEY, 4, 1, 2},
			{VIRTCHNL_OP_CONFIG_RSS_LUT, 4, 1, 2},
			{VIRTCHNL_OP_ADD_VLAN_V2, 8, sizeof(struct virtchnl_vlan_filter), 2},
			{VIRTCHNL_OP_DEL_VLAN_V2, 8, sizeof(struct virtchnl_vlan_filter), 2},
			{VIRTCHNL_OP_ADD_VLAN, 4, 2, 2},
			{VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, 4, 0, 0},
			{VIRTCHNL_OP_GET_STATS, 12, 0, 0},
			{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2, 16, 0, 0},
			{VIRTCHNL_OP_SET_RSS_HASHCFG, 8, 0, 0},
			{VIRTCHNL_OP_REQUEST_QUEUES, 2, 0, 0},
			{VIRTCHNL_OP_VERSION, 8, 0, 0},
			{VIRTCHNL_OP_GET_VF_RESOURCES, 4, 0, 0},
		};
		uint64_t bits = in.take(1);
		const auto &form = forms[bits & 15];
		size_t count = bits & 16 ? in.take(1) : 1 + (bits >> 5 & 3);
		bool any = bits & 128;

		if (form.item == 1) /* the two tables of RSS: just so long, or a little more */
			count = bits & 16 ? count
				: form.opcode == VIRTCHNL_OP_CONFIG_RSS_KEY
					? VIRTCHNL_RSS_KEY_BYTES + (bits >> 5 & 2)
					: VIRTCHNL_RSS_LUT_ENTRIES + (bits >> 5 & 2);

		Bytes body(form.base + count * form.item);

		/* Fields are small numbers, or any. */
		for (size_t i = 0; i < body.size(); i++)
			body[i] = (uint8_t)(any               ? in.take(1)
					    : i % 2 || i > 40 ? 0
							      : in.take(1) & 3);
		if (form.opcode == VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2)
			le16_put(&body[8], guest[who].vsi);
		else if (form.base >= 4 && form.opcode != VIRTCHNL_OP_SET_RSS_HASHCFG)
			le16_put(body.data(), guest[who].vsi);
		if (form.item)
			le16_put(&body[form.count_at], (uint16_t)count);
		if (form.opcode == VIRTCHNL_OP_CONFIG_IRQ_MAP)
			for (size_t i = 0; i < count; i++)
				le16_put(&body[2 + i * form.item], guest[who].vsi);
		guest[who].send(form.opcode, body.data(), (uint32_t)body.size());
	}

	/* Queues over any memory, with places for messages that lie anywhere. */
	void configure_queues(uint32_t who)
	{
		struct virtchnl_vsi_queue_config_info config = {};
		uint64_t bits = in.take(1);

		config.vsi_id = guest[who].vsi;
		config.num_queue_pairs = (uint16_t)(bits & 1 ? in.take(2) : 1);
		config.qpair[0].txq.vsi_id = config.qpair[0].rxq.vsi_id = config.vsi_id;
		config.qpair[0].txq.queue_id = config.qpair[0].rxq.queue_id =
			(uint16_t)(bits & 64 ? in.take(1) : 0);
		config.qpair[0].txq.ring_len = (uint16_t)(bits & 2 ? in.take(2) : 64);
		config.qpair[0].rxq.ring_len = (uint32_t)(bits & 4 ? in.take(4) : 64);
		config.qpair[0].txq.dma_ring_addr = place(who) & (bits & 8 ? ~0ull : ~127ull);
		config.qpair[0].rxq.dma_ring_addr = place(who) & (bits & 8 ? ~0ull : ~127ull);
		config.qpair[0].rxq.databuffer_size = (uint32_t)(bits & 16 ? in.take(4) : 2048);
		config.qpair[0].rxq.max_pkt_size = (uint32_t)(bits & 32 ? in.take(4) : 1518);
		config.qpair[0].rxq.rxdid = RXDID_LEGACY;
		guest[who].send(VIRTCHNL_OP_CONFIG_VSI_QUEUES, &config, sizeof(config));
		if (bits & 128)
			tag(who);
	}

	/* An address space for a queue pair; some of the numbers cannot be. */
	void tag(uint32_t who)
	{
		struct virtchnl_queue_pasid_list tags = {
			guest[who].vsi,
			1,
			{{(uint16_t)(in.take(1) & 3), (uint16_t)(in.take(1) & 3),
			  (uint32_t)in.take(2) & 0x1ff}}};

		guest[who].send(VIRTCHNL_OP_QUEUE_PASID, &tags, sizeof(tags));
	}

	void enable(uint32_t who)
	{
		struct virtchnl_queue_select select = {guest[who].vsi, 0, (uint32_t)in.take(1),
						       (uint32_t)in.take(1)};

		guest[who].send(in.take(1) & 3 ? VIRTCHNL_OP_ENABLE_QUEUES
					       : VIRTCHNL_OP_DISABLE_QUEUES,
				&select, sizeof(select));
		host.write(who, QTX_TAIL1(0), (uint32_t)in.take(2));
		host.write(who, QRX_TAIL1(0), (uint32_t)in.take(2));
	}

	void reset(uint32_t who)
	{
		uint64_t bits = in.take(1);

		switch (bits & 3) {
		case 0:
			host.flr(who);
			if (bits & 4)
				run_for(3 * PS_PER_MS);
			break;
		case 1:
			guest[who].send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
			break;
		case 2:
			host.config_write(who, 4, bits & 4 ? 4 : 0, 2);
			break;
		default:
			host.config_write(who, 4, 4, 2);
			run_for(100 * PS_PER_US);
			if (host.read(who, VFGEN_RSTAT) == VFR_VFACTIVE)
				guest[who].admin_queues();
		}
	}

	void step()
	{
		uint64_t bits = in.take(1);
		uint32_t who = bits >> 7 & 1;

		switch (bits & 15) {
		case 0:
			any_register(who);
			break;
		case 1:
		case 2:
			queue_register(who);
			break;
		case 3:
		case 4:
			descriptor(who);
			break;
		case 5:
			configure_queues(who);
			break;
		case 6:
			enable(who);
			break;
		case 7:
			reset(who);
			break;
		case 8:
			host.memory.write64(region(who) + in.take(3) % (kRegion - 8), in.take(8));
			break;
		case 9:
		case 11:
			well_formed(who);
			break;
		case 10:
			run_for(in.take(1) * PS_PER_US / 8);
			break;
		default:
			message(who);
		}
	}

	FuzzInput &in;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_world<Mailbox>(data, size);
}
